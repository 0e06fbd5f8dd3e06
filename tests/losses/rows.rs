//! Losses of rows: by their laws.

use crate::cases::{RowCase, row_cases};
use crate::common::outputs::CLASSES;
use crate::common::rows::row_and_target;
use crate::common::{H, Number, all_bits, at_every_level, beside, bits, fix_level, narrow, proptest_config, tolerance};
use crate::row_accuracy::{cross_entropy, focal};
use proptest::prelude::*;
use slopes::Element;
use slopes::activation::Rows;
use slopes::loss::{NegativeLogLikelihood, RowLoss, SoftmaxCrossEntropy, Targets};

/// Cross-entropy of entries that are not finite.
fn cross_entropy_of_special_rows<T: Number>() {
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    let half = std::f64::consts::LN_2;
    // (logits, label, loss, gradient)
    let cases = [
        (vec![0.0, 0.0, -inf], 0, half, vec![-0.5, 0.5, 0.0]),
        (vec![5.0, -inf, -inf], 0, 0.0, vec![0.0; 3]),
        (vec![0.0, -inf], 1, inf, vec![1.0, -1.0]),
        (vec![inf, 0.0, 1.0], 0, 0.0, vec![0.0; 3]),
        (vec![inf, 0.0, inf], 2, half, vec![0.5, 0.0, -0.5]),
        (vec![inf, 0.0], 1, inf, vec![1.0, -1.0]),
        (vec![nan, 0.0], 1, nan, vec![nan; 2]),
        (vec![3e38, -3e38], 0, 0.0, vec![0.0; 2]),
        (vec![7.0], 0, 0.0, vec![0.0]),
    ];
    at_every_level(|level| {
        for (logits, label, loss, gradient) in &cases {
            let (x, rows): (Vec<T>, _) = (narrow(logits), Rows::contiguous(logits.len()));
            let onehot: Vec<T> = (0..x.len()).map(|i| T::from_f64_rounded(f64::from(u8::from(i == *label)))).collect();
            let labels = [*label as u32];
            for target in [Targets::labels(&labels), Targets::Probabilities(&onehot)] {
                let mut got = x.clone();
                let sum = SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, 1.0, &mut got).unwrap();
                let place = format!("{logits:?}, {target:?} {} at {level:?}: {sum}, {got:?}", T::NAME);
                let close = |a: f64, b: f64| (a.is_nan() && b.is_nan()) || a == b || (a - b).abs() <= 4.0 * T::unit();
                assert!(close(sum, *loss), "the loss of {place}");
                assert!(got.iter().zip(gradient).all(|(a, b)| close(a.into_f64(), *b)), "the gradient of {place}");
                let masked =
                    got.iter().zip(&x).zip(&onehot).filter(|((_, x), y)| **x == T::neg_infinity() && y.is_zero());
                assert!(
                    masked.into_iter().all(|((gradient, _), _)| gradient.is_zero()),
                    "the masked gradient of {place}"
                );
            }
        }
    });
}

#[test]
fn cross_entropy_of_special_rows_in_both_types() {
    cross_entropy_of_special_rows::<f32>();
    cross_entropy_of_special_rows::<f64>();
}

/// The rows of a case: predictions, labels, soft targets. Every fifth entry wants nothing.
pub fn samples<T: Number>(case: &RowCase<T>, count: usize, seed: u64) -> (Vec<T>, Vec<u32>, Vec<T>) {
    let mut random = crate::common::Random(seed);
    let numbers = count * CLASSES;
    let range = if case.of_probabilities { 0.01..=1.0 } else { -9.0..=9.0 };
    let x = (0..numbers).map(|_| random.uniform(range.clone())).collect();
    let labels = (0..count).map(|i| (i * 7 % CLASSES) as u32).collect();
    let y = (0..numbers).map(|i| if i % 5 == 2 { T::zero() } else { random.uniform(0.0..=1.0) }).collect();
    (x, labels, y)
}

/// The targets that a case takes.
pub fn targets<'a, T: Number>(case: &RowCase<T>, labels: &'a [u32], y: &'a [T]) -> Vec<Targets<'a, T>> {
    let mut targets = vec![Targets::labels(labels), Targets::Probabilities(y)];
    targets.truncate(if case.labels_alone { 1 } else { 2 });
    targets
}

/// Whatever the method, losses and gradients have the same bits.
fn row_losses_have_one_value<T: Number>() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for (case, count) in row_cases::<T>().iter().flat_map(|case| [0, 1, 3, 300].map(|count| (case, count))) {
            let (x, labels, y) = samples(case, count, 9);
            let (loss, scale) = (case.loss, 0.25);
            for target in targets(case, &labels, &y) {
                let place = format!("{count} rows of {} {} at {level:?}", case.name, T::NAME);
                let mut losses = vec![T::nan(); count];
                loss.forward(&x, target, rows, &mut losses).unwrap();
                let outputs = || vec![T::nan(); x.len()];
                let (mut alone, mut together, mut beside, mut hessian) = (outputs(), outputs(), outputs(), outputs());
                loss.gradient(&x, target, rows, scale, &mut alone).unwrap();
                let sum = loss.sum(&x, target, rows).unwrap();
                let with_gradient = loss.sum_with_gradient(&x, target, rows, scale, &mut together).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&together), "{place}");
                assert_eq!(bits(sum), bits(with_gradient), "{place}");
                loss.gradient_with_hessian(&x, target, rows, scale, &mut beside, &mut hessian).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&beside), "with the Hessian: {place}");
                let mut bound = outputs();
                loss.gradient_with_hessian_bound(&x, target, rows, scale, &mut beside, &mut bound).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&beside), "with a bound: {place}");
                // Of rows that are ignored, or whose class has no weight, the bound is 0.
                let weightless = ["weighted_cross_entropy", "weighted_focal", "negative_log_likelihood"];
                let silent = |row: usize| {
                    let label = matches!(target, Targets::Labels(_)).then_some(labels[row]);
                    label.is_some_and(|label| {
                        case.ignore_label == Some(label) || label % 16 == 3 && weightless.contains(&case.name)
                    })
                };
                // A few ulp of both, and what the sums of a row round.
                let slack = T::from_f64_rounded(1.0 - 16.0 * T::unit());
                for (i, (bound, second)) in bound.iter().zip(&hessian).enumerate() {
                    let right = if silent(i / CLASSES) {
                        *bound == T::zero()
                    } else {
                        // In halves, a bound may round to 0.
                        let least = if size_of::<T>() == 2 { T::zero() } else { T::min_positive_value() };
                        *bound >= least && *bound >= second.abs() * slack
                    };
                    assert!(right, "the bound of number {i}, {bound:?} beside {second:?}: {place}");
                }
                let mut in_place = x.clone();
                let with_gradient = loss.sum_with_gradient_in_place(&mut in_place, target, rows, scale).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&in_place), "in place: {place}");
                assert_eq!(bits(sum), bits(with_gradient), "in place: {place}");

                // The sum of so many losses, in f64, and its rounding; of halves, losses are rounded and the sum is not.
                let exact: f64 = losses.iter().map(|loss| loss.into_f64()).sum();
                let magnitude: f64 = losses.iter().map(|loss| loss.into_f64().abs()).sum();
                let tolerance = magnitude * (2.0 * T::unit() + 300.0 * f64::EPSILON);
                assert!((sum - exact).abs() <= tolerance, "{place}: {sum}, {exact}");
                let denominator = loss.total_weight(target, rows).unwrap();
                let counting = match target {
                    Targets::Labels(_) => labels.iter().filter(|&&label| case.ignore_label != Some(label)).count(),
                    Targets::Probabilities(_) => count,
                };
                let mean = loss.mean(&x, target, rows).unwrap();
                let by_row = loss.mean_unweighted(&x, target, rows).unwrap();
                let mut of_mean = outputs();
                let with_gradient = loss.mean_with_gradient(&x, target, rows, &mut of_mean).unwrap();
                assert_eq!(bits(mean), bits(with_gradient), "{place}");
                if count == 0 {
                    assert!(mean.is_nan() && by_row.is_nan() && sum == 0.0, "{place}");
                    continue;
                }
                assert!((mean * denominator - exact).abs() <= 2.0 * tolerance, "{place}: {mean}");
                assert!((by_row * counting as f64 - exact).abs() <= 2.0 * tolerance, "{place}: {by_row}");
                // Both are rounded, and the scales of f32 are f32.
                let least = 4.0 * T::min_positive_value().into_f64();
                for (of_mean, of_sum) in of_mean.iter().zip(&alone) {
                    let of_sum = of_sum.into_f64() / 0.25 / denominator;
                    let close = (of_mean.into_f64() - of_sum).abs() <= 8.0 * T::unit() * of_sum.abs() + least;
                    assert!(close, "{place}: {of_mean}, {of_sum}");
                }
            }
        }
    });
}

#[test]
fn row_losses_have_one_value_in_every_type() {
    row_losses_have_one_value::<f32>();
    row_losses_have_one_value::<f64>();
    row_losses_have_one_value::<half::f16>();
    row_losses_have_one_value::<half::bf16>();
}

/// Rows that lie apart have the bits of rows that do not. Kernels copy adjacent rows together, in blocks that end with
/// their matrix, of so many columns.
fn rows_along_an_axis_are_rows<T: Number>(inner: usize) {
    let (apart, together) = (Rows::along(&[2, CLASSES, inner], 1), Rows::contiguous(CLASSES));
    // The place of entry i of row r.
    let place = |r: usize, i: usize| (r / inner * CLASSES + i) * inner + r % inner;
    let spread = |x: &[T]| {
        let mut y = x.to_vec();
        (0..x.len()).for_each(|k| y[place(k / CLASSES, k % CLASSES)] = x[k]);
        y
    };
    at_every_level(|level| {
        for case in row_cases::<T>() {
            let (x, labels, y) = samples(&case, 2 * inner, 15);
            let (x_apart, y_apart) = (spread(&x), spread(&y));
            for (target, target_apart) in targets(&case, &labels, &y).into_iter().zip(targets(&case, &labels, &y_apart))
            {
                let run = |x: &[T], target, rows| {
                    let (mut losses, mut gradient, mut hessian) = (vec![T::nan(); 2 * inner], x.to_vec(), x.to_vec());
                    case.loss.forward(x, target, rows, &mut losses).unwrap();
                    case.loss.gradient_with_hessian(x, target, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                    let mut in_place = x.to_vec();
                    let sum = case.loss.sum_with_gradient_in_place(&mut in_place, target, rows, 1.0).unwrap();
                    losses.push(T::from_f64_rounded(sum));
                    (losses, gradient, hessian, in_place)
                };
                let (losses, gradient, hessian, in_place) = run(&x, target, together);
                let got = run(&x_apart, target_apart, apart);
                let label = format!("{} {} of {inner} columns at {level:?}", case.name, T::NAME);
                assert_eq!(all_bits(&got.0), all_bits(&losses), "losses of {label}");
                assert_eq!(all_bits(&got.1), all_bits(&spread(&gradient)), "gradient of {label}");
                assert_eq!(all_bits(&got.2), all_bits(&spread(&hessian)), "Hessian of {label}");
                assert_eq!(all_bits(&got.3), all_bits(&spread(&in_place)), "in place, {label}");
            }
        }
    });
}

#[test]
fn rows_along_an_axis_are_rows_in_both_types() {
    for inner in [3, 9, 20, 40] {
        rows_along_an_axis_are_rows::<f32>(inner);
        rows_along_an_axis_are_rows::<f64>(inner);
    }
}

/// Rows that do not count, among rows that do: whatever they hold, the others have the bits that they have without them.
fn ignored_rows_change_nothing<T: Number>() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for case in row_cases::<T>() {
            // The label that is ignored, and that of the class whose weight is 0.
            let weightless = ["weighted_cross_entropy", "weighted_focal", "negative_log_likelihood"];
            let silent = case.ignore_label.into_iter().chain(weightless.contains(&case.name).then_some(3));
            for (silent, count) in silent.flat_map(|silent| [(silent, 2), (silent, 41)]) {
                let place = format!("{} without {silent} {} at {level:?}", case.name, T::NAME);
                let (mut x, mut labels, _) = samples(&case, count, 10);
                let counts = |row: usize| row.is_multiple_of(3);
                for row in 0..count {
                    let entries = &mut x[row * CLASSES..][..CLASSES];
                    if counts(row) {
                        labels[row] = (row % 3) as u32 + 1;
                    } else {
                        labels[row] = silent;
                        let anything = [T::nan(), T::infinity(), T::neg_infinity(), T::max_value()][row % 4];
                        entries.iter_mut().step_by(row % 2 + 1).for_each(|x| *x = anything);
                    }
                }
                let kept: Vec<usize> = (0..count).filter(|&row| counts(row)).collect();
                let few: Vec<T> = kept.iter().flat_map(|row| x[row * CLASSES..][..CLASSES].to_vec()).collect();
                let few_labels: Vec<u32> = kept.iter().map(|&row| labels[row]).collect();
                let (many, few_target) = (Targets::labels(&labels), Targets::labels(&few_labels));
                let f = case.loss;

                assert_eq!(f.sum(&x, many, rows).map(bits), f.sum(&few, few_target, rows).map(bits), "{place}");
                assert_eq!(
                    f.total_weight(many, rows),
                    f.total_weight(few_target, rows).map(|d| {
                        // A weight of 0 leaves the denominator of a mean by weight, and counts in a mean by row.
                        if case.name == "weighted_focal" { count as f64 } else { d }
                    }),
                    "{place}"
                );
                if case.ignore_label == Some(silent) {
                    assert_eq!(f.mean(&x, many, rows).map(bits), f.mean(&few, few_target, rows).map(bits), "{place}");
                    let by_row = [f.mean_unweighted(&x, many, rows), f.mean_unweighted(&few, few_target, rows)];
                    assert_eq!(by_row[0].map(bits), by_row[1].map(bits), "{place}");
                }
                let (mut losses, mut few_losses) = (vec![T::nan(); count], vec![T::nan(); kept.len()]);
                f.forward(&x, many, rows, &mut losses).unwrap();
                f.forward(&few, few_target, rows, &mut few_losses).unwrap();
                let (mut gradient, mut few_gradient) = (vec![T::nan(); x.len()], vec![T::nan(); few.len()]);
                let (mut hessian, mut few_hessian) = (gradient.clone(), few_gradient.clone());
                f.gradient_with_hessian(&x, many, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                f.gradient_with_hessian(&few, few_target, rows, 1.0, &mut few_gradient, &mut few_hessian).unwrap();
                let zeros = [T::zero(); CLASSES];
                for (row, loss) in losses.iter().enumerate() {
                    let part = row * CLASSES..(row + 1) * CLASSES;
                    let kept = kept.iter().position(|&kept| kept == row).map(|i| i * CLASSES..(i + 1) * CLASSES);
                    let expected = kept.map_or([&zeros, &zeros], |part| {
                        [&few_gradient[part.clone()], &few_hessian[part]].map(|x| x.try_into().unwrap())
                    });
                    assert_eq!(all_bits(&gradient[part.clone()]), all_bits(expected[0]), "row {row} of {place}");
                    assert_eq!(all_bits(&hessian[part]), all_bits(expected[1]), "row {row} of {place}");
                    assert!(counts(row) || loss.is_zero(), "row {row} of {place}");
                }
                let of_kept: Vec<T> = kept.iter().map(|&row| losses[row]).collect();
                assert_eq!(all_bits(&of_kept), all_bits(&few_losses), "{place}");

                // Nothing that counts.
                let nothing = vec![silent; count];
                let target = Targets::labels(&nothing);
                gradient.fill(T::nan());
                let mean = f.mean_with_gradient(&x, target, rows, &mut gradient).unwrap();
                assert!(mean.is_nan() || case.name == "weighted_focal", "{place}: {mean}");
                assert_eq!(f.sum(&x, target, rows), Ok(0.0), "{place}");
                assert!(gradient.iter().all(|x| x.is_zero()), "{place}");
            }
        }
    });
}

#[test]
fn ignored_rows_change_nothing_in_every_type() {
    ignored_rows_change_nothing::<f32>();
    ignored_rows_change_nothing::<f64>();
    ignored_rows_change_nothing::<half::f16>();
}

/// Where nothing is wanted, a loss of entries that do not see each other does not look.
#[test]
fn entries_that_are_not_wanted_change_nothing() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for case in row_cases::<f64>() {
            if !["categorical_cross_entropy", "negative_log_likelihood"].contains(&case.name) {
                continue;
            }
            let (x, _, y) = samples(&case, 5, 11);
            for anything in [0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0] {
                let masked: Vec<f64> = x.iter().zip(&y).map(|(x, y)| if *y == 0.0 { anything } else { *x }).collect();
                let target = Targets::Probabilities(&y);
                let mut gradients = [vec![1.0; x.len()], vec![1.0; x.len()]];
                let [plain, with_mask] = &mut gradients;
                let sum = case.loss.sum_with_gradient(&x, target, rows, 1.0, plain).unwrap();
                let of_masked = case.loss.sum_with_gradient(&masked, target, rows, 1.0, with_mask).unwrap();
                assert_eq!(bits(sum), bits(of_masked), "{} with {anything} at {level:?}", case.name);
                assert_eq!(all_bits(plain), all_bits(with_mask), "{} with {anything} at {level:?}", case.name);
                assert!(with_mask.iter().zip(&y).all(|(g, y)| *y != 0.0 || *g == 0.0));
            }
        }
    });
}

/// gamma = 0 is cross-entropy, to the bit.
fn focal_of_no_gamma_is_cross_entropy<T: Number>() {
    let (inf, rows) = (T::infinity(), Rows::contiguous(CLASSES));
    let weights: Vec<f64> = (0..CLASSES).map(|i| i as f64 / 8.0).collect();
    at_every_level(|level| {
        for weights in [None, Some(&weights[..])] {
            let focal = focal(0.0, weights);
            let plain = cross_entropy(weights, 0.0);
            let case = &row_cases::<T>()[0];
            let (mut x, labels, y) = samples(case, 40, 12);
            for (i, special) in [inf, -inf, T::nan(), T::max_value(), -T::max_value()].into_iter().enumerate() {
                x[i * 3 * CLASSES + i] = special;
            }
            for target in targets(case, &labels, &y) {
                let outputs = [&focal as &dyn RowLoss<T>, &plain].map(|loss| {
                    let (mut losses, mut gradient, mut hessian) = (vec![T::zero(); 40], x.clone(), x.clone());
                    loss.forward(&x, target, rows, &mut losses).unwrap();
                    loss.gradient_with_hessian(&x, target, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                    all_bits(&[losses, gradient, hessian].concat())
                });
                assert_eq!(outputs[0], outputs[1], "{} at {level:?}", T::NAME);
            }
        }
    });
}

#[test]
fn focal_of_no_gamma_is_cross_entropy_in_both_types() {
    focal_of_no_gamma_is_cross_entropy::<f32>();
    focal_of_no_gamma_is_cross_entropy::<f64>();
}

/// Logits of any size: no loss is NaN, gradients stay where they belong, and a row that is right costs nothing.
fn logits_may_be_extreme<T: Number>() {
    let (inf, largest) = (f64::INFINITY, T::max_value().into_f64());
    at_every_level(|level| {
        for case in
            row_cases::<T>().iter().filter(|case| !case.of_probabilities && case.name != "negative_log_likelihood")
        {
            for extreme in [inf, largest, 1e4] {
                for (label, row) in (0..12).map(|i| (i % 4, i / 4)) {
                    let mut x = vec![T::from_f64_rounded([-extreme, 0.0, extreme][row]); CLASSES];
                    x[1] = T::from_f64_rounded(extreme);
                    x[2] = T::from_f64_rounded(-extreme);
                    x[3] = T::from_f64_rounded(1.0);
                    let (labels, mut gradient, mut hessian) = ([label as u32], x.clone(), x.clone());
                    let (target, rows) = (Targets::labels(&labels), Rows::contiguous(CLASSES));
                    let loss = case.loss.sum(&x, target, rows).unwrap();
                    case.loss.gradient_with_hessian(&x, target, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                    let place =
                        format!("{} of {x:?}, {label} {} at {level:?}: {loss}, {gradient:?}", case.name, T::NAME);
                    assert!(loss >= 0.0, "{place}");
                    // The gradients of margins and of a z-loss have other bounds.
                    let others = ["multi_margin", "squared_multi_margin", "categorical_hinge", "z_cross_entropy"];
                    let free = others.contains(&case.name);
                    let bounded = |x: &T| free || x.abs() <= T::from_f64_rounded(2.0);
                    assert!(gradient.iter().all(|x| !x.is_nan() && bounded(x)), "{place}");
                    assert!(hessian.iter().all(|x| !x.is_nan()), "{place}: {hessian:?}");
                    let sum: f64 = gradient.iter().map(|x| x.into_f64()).filter(|x| x.is_finite()).sum();
                    let finite = gradient.iter().all(|x| x.is_finite());
                    // A shift of all logits changes nothing, unless all of them have no share.
                    let shares = x.iter().any(|x| *x > T::neg_infinity());
                    assert!(!finite || !shares || free || sum.abs() <= 64.0 * T::unit(), "{place}: {sum}");
                }
            }
        }
    });
}

#[test]
fn logits_may_be_extreme_in_both_types() {
    logits_may_be_extreme::<f32>();
    logits_may_be_extreme::<f64>();
}

/// Long rows that are neither contiguous nor of the type of the computation are copied to rows that are, in blocks.
fn long_rows_apart_are_rows<T: Element>() {
    let (len, inner) = (600, 3);
    let (apart, together) = (Rows::along(&[len, inner], 0), Rows::contiguous(len));
    let spread = |x: &[T]| (0..x.len()).map(|i| x[i % inner * len + i / inner]).collect::<Vec<T>>();
    let mut random = crate::common::Random(19);
    let x: Vec<T> = (0..len * inner).map(|_| random.uniform(-4.0..=4.0)).collect();
    let shares: Vec<T> = (0..len * inner).map(|_| random.uniform(0.0..=1.0)).collect();
    let (labels, spread_shares) = ([7, 299, 599], spread(&shares));
    at_every_level(|level| {
        for case in row_cases::<T>() {
            // There are as many classes as weights of them.
            if case.name.contains("weighted") || ["z_cross_entropy", "negative_log_likelihood"].contains(&case.name) {
                continue;
            }
            let x = if case.of_probabilities { &shares } else { &x };
            for soft in [false, true].into_iter().take(if case.labels_alone { 1 } else { 2 }) {
                let run = |x: &[T], shares, rows| {
                    let target = if soft { Targets::Probabilities(shares) } else { Targets::labels(&labels) };
                    let (mut losses, mut gradient) = (vec![T::nan(); inner], x.to_vec());
                    case.loss.forward(x, target, rows, &mut losses).unwrap();
                    case.loss.gradient(x, target, rows, 1.0, &mut gradient).unwrap();
                    (losses, gradient)
                };
                let (wanted, got) = (run(x, &shares, together), run(&spread(x), &spread_shares, apart));
                let place = format!("{} at {level:?}, soft: {soft}", case.name);
                assert_eq!(all_bits(&got.0), all_bits(&wanted.0), "losses of {place}");
                assert_eq!(all_bits(&got.1), all_bits(&spread(&wanted.1)), "gradient of {place}");
            }
        }
    });
}

#[test]
fn long_rows_apart_are_rows_in_every_type() {
    long_rows_apart_are_rows::<f32>();
    long_rows_apart_are_rows::<f64>();
    long_rows_apart_are_rows::<half::f16>();
    long_rows_apart_are_rows::<half::bf16>();
}

/// The weights of classes are rounded to the type of the computation in the divisor of a mean as they are in the losses:
/// the mean of equal losses is the loss.
fn means_divide_by_rounded_weights<T: Number>() {
    let (weights, labels, rows) = ([0.1, 0.3, 0.7], [0, 1, 2, 1], Rows::contiguous(3));
    let (x, target) = ([-T::one(); 12], Targets::labels(&labels));
    let weighing = NegativeLogLikelihood::new().with_class_weights(&weights).unwrap();
    let cross_entropy = SoftmaxCrossEntropy::new().with_class_weights(&weights).unwrap();
    at_every_level(|level| {
        assert_eq!(weighing.mean(&x, target, rows), Ok(1.0), "{} at {level:?}", T::NAME);
        let of_samples = weighing.weighted(&[1.0, 0.5, 2.0, 0.0]);
        assert_eq!(of_samples.mean(&x, target, rows), Ok(1.0), "{} at {level:?}", T::NAME);
        assert_eq!(cross_entropy.total_weight(target, rows), weighing.total_weight(target, rows));
    });
}

#[test]
fn means_divide_by_rounded_weights_in_every_type() {
    means_divide_by_rounded_weights::<f32>();
    means_divide_by_rounded_weights::<f64>();
    means_divide_by_rounded_weights::<half::f16>();
    means_divide_by_rounded_weights::<half::bf16>();
}

/// Whether a step of an entry may lead over a kink of a margin.
fn is_near_kink(case: &RowCase<f64>, x: &[f64], label: usize) -> bool {
    let margins: &[f64] = match case.name {
        "multi_margin" => &[1.0],
        "squared_multi_margin" => &[0.5],
        "categorical_hinge" => &[1.0],
        _ => return false,
    };
    let wrong = || x.iter().enumerate().filter(|(i, _)| *i != label).map(|(_, x)| *x);
    let best = wrong().fold(f64::NEG_INFINITY, f64::max);
    let second = wrong().filter(|x| *x < best).fold(f64::NEG_INFINITY, f64::max);
    wrong().any(|wrong| (margins[0] + wrong - x[label]).abs() < 4.0 * H) || best - second < 4.0 * H
}

proptest! {
    #![proptest_config(proptest_config(200))]

    #[test]
    fn derivatives_of_row_losses_are_finite_differences(seed: u64, choice in 0..CLASSES) {
        let _fixed = fix_level();
        let rows = Rows::contiguous(CLASSES);
        for case in row_cases::<f64>() {
            let (mut x, _, y) = samples(&case, 1, seed);
            if case.of_probabilities {
                // Within the domain on both sides, and third derivatives below 2e4.
                x.iter_mut().for_each(|x| *x = 0.05 + 0.9 * *x);
            }
            let labels = [(seed % 36) as u32];
            if is_near_kink(&case, &x, labels[0] as usize) {
                continue;
            }
            for i in [choice, labels[0] as usize] {
                let (above, below, width) = beside(&x, i);
                for target in targets(&case, &labels, &y) {
                    let at = |x: &[f64]| {
                        let (mut gradient, mut hessian) = (x.to_vec(), x.to_vec());
                        case.loss.gradient_with_hessian(x, target, rows, 1.0, &mut gradient, &mut hessian).unwrap();
                        [case.loss.sum(x, target, rows).unwrap(), gradient[i], hessian[i]]
                    };
                    let (above, here, below) = (at(&above), at(&x), at(&below));
                    for order in [1, 2] {
                        let difference = (above[order - 1] - below[order - 1]) / width;
                        // Sums of 37 terms, each off by some units of itself; third and fourth derivatives, times H^2 / 6.
                        let allowed = tolerance(64.0 * f64::EPSILON * (1.0 + here[order - 1].abs())) + 1e6 * H * H / 6.0;
                        let close = (here[order] - difference).abs() <= allowed;
                        prop_assert!(close, "{} {order} {target:?}: {}, {difference}", case.name, here[order]);
                    }
                }
            }
        }
    }

    #[test]
    fn gradients_of_cross_entropy_are_finite_differences((x, y) in row_and_target(), choice: prop::sample::Index) {
        let _fixed = fix_level();
        let (i, rows) = (choice.index(x.len()), Rows::contiguous(x.len()));
        let labels = [(i / 2) as u32];
        let total: f64 = y.iter().sum();
        let (above, below, width) = beside(&x, i);
        for (target, weight) in [(Targets::labels(&labels), 1.0), (Targets::Probabilities(&y), total)] {
            let loss = |x: &[f64]| SoftmaxCrossEntropy::default().sum(x, target, rows).unwrap();
            let mut gradient = vec![0.0; x.len()];
            SoftmaxCrossEntropy::default().gradient(&x, target, rows, 1.0, &mut gradient).unwrap();
            let difference = (loss(&above) - loss(&below)) / width;
            // Losses reach 40 + ln 24 for each unit of target.
            let allowed = tolerance(8.0 * f64::EPSILON * 64.0) * (1.0 + weight);
            prop_assert!((gradient[i] - difference).abs() <= allowed, "{x:?} {target:?}: {}, {difference}", gradient[i]);
        }
    }
}
