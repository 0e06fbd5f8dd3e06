//! Initial scores of losses of pairs and of rows.

use crate::cases::samples;
use crate::common::{Random, fix_level};
use slopes::Rows;
use slopes::loss::{
    self, BinaryCrossEntropyWithLogits, CategoricalCrossEntropy, CategoricalFocal, Loss, Mae, Mape, Mse,
    NegativeLogLikelihood, Pinball, RowLoss, SoftmaxCrossEntropy, Targets, Weighted, WeightedRows,
};

/// No other constant has a smaller weighted mean loss.
#[test]
fn initial_scores_are_minima() {
    let _fixed = fix_level();
    let mut random = Random(12);
    let x: Vec<f64> = (0..1500).map(|_| random.uniform(-3.0..=3.0)).collect();
    let shares: Vec<f64> = (0..1500).map(|_| random.uniform(0.0..=0.9)).collect();
    let weights: Vec<f64> = (0..1500).map(|i| f64::from(i % 3)).collect();
    let mut with_formula = Vec::new();
    let pos_weight = BinaryCrossEntropyWithLogits { pos_weight: 3.0 };
    for loss in crate::cases::all::<f64>().iter().copied().chain([&pos_weight as &dyn Loss<f64>]) {
        let name = loss.spec().name();
        let (_, mut target) = samples(loss.spec(), &x, &shares);
        for weights in [None, Some(&weights[..])] {
            let Some(score) = loss.initial_score(&target, weights) else { continue };
            with_formula.push(name);
            let ones = vec![1.0; 1500];
            let weighted = Weighted::new(loss, weights.unwrap_or(&ones));
            let derivative = |score: f64| {
                let mut gradient = vec![0.0; 1500];
                weighted.gradient(&vec![score; 1500], &target, 1.0, &mut gradient);
                gradient.iter().sum::<f64>()
            };
            // The derivative of the sum passes through 0 within a millionth.
            let (below, above) = (derivative(score - 1e-6), derivative(score + 1e-6));
            // Between two kinks, a loss may be level.
            let level = !loss.spec().kinks.is_empty() && (below, above) == (0.0, 0.0);
            assert!(level || below < 0.0 && above > 0.0, "{name}: {score}, {below}, {above}");
            let in_f32: Vec<f32> = target.iter().map(|t| *t as f32).collect();
            let other = loss::by_name::<f32>(name).unwrap().initial_score(&in_f32, None);
            assert!(weights.is_some() || loss.spec().defaults == [1.0] || (other.unwrap() - score).abs() < 1e-6);
        }
        target[1] = f64::NAN;
        assert!(loss.initial_score(&target, None).is_none_or(f64::is_nan), "{name}");
        target[1] = -7.0;
        let outside = loss.forward(0.5, -7.0).is_nan();
        assert!(loss.initial_score(&target, None).is_none_or(|score| score.is_nan() == outside), "{name}");
        target[0] = f64::NAN;
        // Weights 0, 1, 2, ...: the first is ignored.
        target[1] = 1.0;
        assert!(loss.initial_score(&target, Some(&weights)).is_none_or(|score| !score.is_nan()), "{name}");
    }
    let expected = [
        "mse",
        "half_squared",
        "mae",
        "mape",
        "msle",
        "huber",
        "smooth_l1",
        "pseudo_huber",
        "log_cosh",
        "pinball",
        "expectile",
        "squared_hinge",
        "soft_margin",
        "modified_huber",
        "exponential",
        "binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "poisson_nll",
        "poisson_nll_of_rate",
        "gamma",
        "tweedie",
    ];
    if crate::common::all_are_selected() {
        let lost: Vec<_> = expected.iter().filter(|name| !with_formula.contains(name)).collect();
        assert!(lost.is_empty(), "no initial scores of {lost:?}");
    }
    assert_eq!(Mse.initial_score(&[1.0_f32, 2.0], Some(&[3.0, 1.0])), Some(1.25));
    assert!(Mse.initial_score(&[] as &[f32], None).unwrap().is_nan());
    assert!(Mae.initial_score(&[] as &[f32], None).unwrap().is_nan());
    // Medians and quantiles; of an even number, the middle of the two in the middle.
    assert_eq!(Mae.initial_score(&[5.0_f32, -1.0, 2.0], None), Some(2.0));
    assert_eq!(Mae.initial_score(&[4.0_f64, 8.0, 1.0, 2.0], None), Some(3.0));
    assert_eq!(Mae.initial_score(&[1.0_f32, 2.0, 4.0], Some(&[1.0, 1.0, 3.0])), Some(4.0));
    assert_eq!(Mae.initial_score(&[-3.0_f32; 5], None), Some(-3.0));
    assert_eq!(Pinball { tau: 0.8 }.initial_score(&[1.0_f64, 2.0, 3.0, 4.0], None), Some(4.0));
    // 100 / target weighs: 1 + 1/2 against 1/4.
    assert_eq!(Mape::DEFAULT.initial_score(&[1.0_f32, 2.0, 4.0], None), Some(1.0));
    assert_eq!(Loss::<f64>::initial_score(&BinaryCrossEntropyWithLogits::DEFAULT, &[1.0], None), Some(f64::INFINITY));
}

/// The search for a minimum begins at the targets that count, and halves its range without an overflow.
#[test]
fn initial_scores_of_extreme_targets() {
    let (inf, ignoring) = (f64::INFINITY, [1.0, 1.0, 1.0, 0.0]);
    assert_eq!(Mae.initial_score(&[1.0, 2.0, 4.0, inf], Some(&ignoring)), Some(2.0));
    assert_eq!(Mae.initial_score(&[1.0, 2.0, 4.0, -inf], Some(&ignoring)), Some(2.0));
    assert_eq!(Mae.initial_score(&[1.2e308, 1.4e308, 1.7e308], None), Some(1.4e308));
    assert_eq!(Mae.initial_score(&[1e38_f32, 2e38, 3e38], None), Some(f64::from(2e38_f32)));
    // The middle of the two in the middle, of which each may be off by a rounding.
    let middle = Mae.initial_score(&[1.2e308, 1.4e308, 1.6e308, 1.7e308], None).unwrap();
    assert!((middle - 1.5e308).abs() <= 1.5e308 * f64::EPSILON, "{middle}");
}

/// At the initial scores of the classes, the derivatives of the weighted sum of the losses are 0; of probabilities, whose sum
/// is fixed, they are equal.
#[test]
fn initial_scores_of_classes_are_minima() {
    const CLASSES: usize = 5;
    const COUNT: usize = 1100;
    let _fixed = fix_level();
    let mut random = Random(20);
    let labels: Vec<u8> = (0..COUNT).map(|row| (row * row % 7 % CLASSES) as u8).collect();
    let sample_weights: Vec<f64> = (0..COUNT).map(|row| f64::from((row % 3) as u8)).collect();
    let class_weights = [0.5, 2.0, 1.0, 0.25, 3.0];
    let (plain, ignoring) = (SoftmaxCrossEntropy::new(), SoftmaxCrossEntropy::new().with_ignore_label(1));
    let smooth = plain.with_label_smoothing(0.25).unwrap();
    let weighing = ignoring.with_class_weights(&class_weights).unwrap();
    let likelihood = CategoricalCrossEntropy::new();
    let losses: [&dyn RowLoss<f64>; 5] = [&plain, &smooth, &ignoring, &weighing, &likelihood];
    for (which, loss) in losses.into_iter().enumerate() {
        for (soft, weights) in [false, true].into_iter().flat_map(|soft| [(soft, None), (soft, Some(&sample_weights))])
        {
            for (rows, row_step, step) in
                [(Rows::contiguous(CLASSES), CLASSES, 1), (Rows::along(&[CLASSES, COUNT], 0), 1, COUNT)]
            {
                let place = |row: usize, class: usize| row * row_step + class * step;
                let mut y = vec![0.0; CLASSES * COUNT];
                // Every tenth row is ignored.
                for row in (0..COUNT).filter(|row| row % 10 != 4) {
                    let shares = [(); CLASSES].map(|()| random.uniform::<f64>(0.0..=1.0));
                    (0..CLASSES).for_each(|class| y[place(row, class)] = shares[class] / shares.iter().sum::<f64>());
                }
                let target = if soft { Targets::Probabilities(&y) } else { Targets::labels(&labels) };
                let weighted = weights.map(|weights| WeightedRows::new(loss, weights));
                let loss = weighted.as_ref().map_or(loss, |weighted| weighted as &dyn RowLoss<f64>);
                let mut scores = [7.0; CLASSES];
                assert_eq!(loss.initial_scores(target, rows, &mut scores), Ok(true));
                let mut x = y.clone();
                for (row, class) in (0..COUNT).flat_map(|row| (0..CLASSES).map(move |class| (row, class))) {
                    x[place(row, class)] = scores[class];
                }
                loss.sum_with_gradient_in_place(&mut x, target, rows, 1.0 / COUNT as f64).unwrap();
                let of_class = |class: usize| (0..COUNT).map(|row| x[place(row, class)]).sum::<f64>();
                let of_all = if which == 4 { of_class(0) } else { 0.0 };
                // A class of no sample has a probability of 0, at the end of its range.
                let classes = || (0..CLASSES).filter(|class| scores[*class] != 0.0);
                // The roundings of sums of some 1000 numbers.
                let zero = classes().all(|class| (of_class(class) - of_all).abs() < 1000.0 * f64::EPSILON);
                assert!(zero, "loss {which}, {soft}, {weights:?}: {scores:?}, {:?}", [0, 1, 2, 3, 4].map(of_class));
            }
        }
    }

    // Losses without such scores write nothing.
    let smooth_weighing = smooth.with_class_weights(&class_weights).unwrap();
    let with_eps = likelihood.with_eps(0.125).unwrap();
    let losses: [&dyn RowLoss<f64>; 4] =
        [&smooth_weighing, &with_eps, &CategoricalFocal::new(), &NegativeLogLikelihood::new()];
    for loss in losses {
        let mut scores = [7.0; CLASSES];
        let found = loss.initial_scores(Targets::labels(&labels), Rows::contiguous(CLASSES), &mut scores);
        assert_eq!((found, scores), (Ok(false), [7.0; CLASSES]), "{}", loss.spec().name());
    }
}
