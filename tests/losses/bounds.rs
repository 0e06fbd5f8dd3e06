//! Bounds on second derivatives: what Newton's method needs of them.

use crate::cases::{RowCase, row_cases, sample};
use crate::common::fix_level;
use crate::common::outputs::CLASSES;
use crate::common::{Number, Random, at_every_level};
use slopes::loss::{
    self, BinaryCrossEntropyWithLogits, Expectile, Focal, Huber, Loss, MultiMargin, PseudoHuber, RowLoss, SmoothL1,
    SoftmaxCrossEntropy, Targets, Tversky, Tweedie,
};
use slopes::{Level, Rows};

/// What the rounding of a loss, of its derivative and of a bound may add to a comparison: each has an error of a few
/// ulp, the sums of a row some 40 terms.
const ROUNDING: f64 = 256.0 * f64::EPSILON;

const WEIGHTED_LOGITS: BinaryCrossEntropyWithLogits = BinaryCrossEntropyWithLogits { pos_weight: 3.0 };
const HUBER: Huber = Huber { delta: 0.25 };
const SMOOTH_L1: SmoothL1 = SmoothL1 { beta: 0.25 };
const PSEUDO_HUBER: PseudoHuber = PseudoHuber { delta: 0.25 };
const EXPECTILE: Expectile = Expectile { tau: 0.9 };

fn by_name(name: &str) -> &'static dyn Loss<f64> {
    loss::by_name(name).unwrap()
}

/// Losses whose bound is the second derivative of a parabola that touches the loss and lies above it everywhere.
fn under_a_parabola<T: Number>() -> Vec<&'static dyn Loss<T>> {
    let names = [
        "mse",
        "half_squared",
        "huber",
        "smooth_l1",
        "pseudo_huber",
        "log_cosh",
        "expectile",
        "binary_cross_entropy_with_logits",
        "soft_margin",
        "squared_hinge",
        "modified_huber",
    ];
    let mut losses: Vec<_> = names.into_iter().map(|name| loss::by_name(name).unwrap()).collect();
    losses.extend([&WEIGHTED_LOGITS as &dyn Loss<T>, &HUBER, &SMOOTH_L1, &PSEUDO_HUBER, &EXPECTILE]);
    losses
}

/// The parabola through a value with a derivative and a second derivative, after a step; and the sum of the magnitudes of its
/// parts, each of which has an error of some ulp.
fn parabola([value, derivative, bound]: [f64; 3], step: f64) -> (f64, f64) {
    let parts = [value, derivative * step, 0.5 * bound * step * step];
    (parts.iter().sum(), parts.iter().map(|part| part.abs()).sum())
}

/// The loss at a number, the parabola there that touches it at p, and what their roundings may add.
fn beside_a_parabola<T: Number>(loss: &dyn Loss<T>, p: T, t: T, other: T) -> [f64; 3] {
    let at_p = [loss.forward(p, t), loss.derivative(p, t), loss.hessian_bound(p, t)].map(T::into_f64);
    let (above, size) = parabola(at_p, other.into_f64() - p.into_f64());
    [loss.forward(other, t).into_f64(), above, 16.0 * T::unit() * size]
}

fn a_parabola_lies_above_the_loss<T: Number>() {
    let mut random = Random(5);
    for loss in under_a_parabola::<T>() {
        let name = loss.spec().name();
        for _ in 0..20_000 {
            let size = 10_f64.powf(random.uniform(-6.0..=3.0));
            let (x, other): (T, T) = (random.uniform(-size..=size), random.uniform(-1e3..=1e3));
            let (p, t) = sample(loss.spec(), x, random.uniform(0.0..=1.0));
            let [value, parabola, rounding] = beside_a_parabola(loss, p, t, other);
            assert!(value <= parabola + rounding, "{name} from {p} to {other}, {t} {}: {value}, {parabola}", T::NAME);
        }
    }
}

#[test]
fn a_parabola_with_the_bound_lies_above_the_loss_in_both_types() {
    let _fixed = fix_level();
    a_parabola_lies_above_the_loss::<f32>();
    a_parabola_lies_above_the_loss::<f64>();
}

/// A focal loss lies below the parabola on the side of its minimum, which is at infinity, with the sign of the label.
fn a_parabola_lies_above_the_focal_loss_on_the_way_down<T: Number>() {
    let mut random = Random(29);
    for gamma in [0.25, 0.5, 1.0, 2.0, 5.0, 20.0, 100.0] {
        let loss = Focal::new(gamma, None).unwrap();
        for i in 0..20_000 {
            let target = f64::from(i % 2);
            let size = 10_f64.powf(random.uniform(-3.0..=2.5));
            let p: T = random.uniform(-size..=size);
            let step = 10_f64.powf(random.uniform(-4.0..=3.0)) * (2.0 * target - 1.0);
            let other = T::from_f64_rounded(p.into_f64() + step);
            let [value, parabola, rounding] = beside_a_parabola(&loss, p, T::from_f64_rounded(target), other);
            let place = format!("gamma {gamma}, from {p} to {other}, {target} {}", T::NAME);
            assert!(value <= parabola + rounding, "{place}: {value}, {parabola}");
        }
    }
}

#[test]
fn a_parabola_with_the_bound_lies_above_the_focal_loss_on_the_way_down_in_both_types() {
    let _fixed = fix_level();
    a_parabola_lies_above_the_focal_loss_on_the_way_down::<f32>();
    a_parabola_lies_above_the_focal_loss_on_the_way_down::<f64>();
}

/// A loss with a minimum, the targets of a leaf, and the smallest and the largest start.
type Leaf = (&'static dyn Loss<f64>, Vec<f64>, [f64; 2]);

/// Losses with a minimum.
fn with_a_minimum() -> Vec<Leaf> {
    const FOCAL: [Focal; 3] =
        [Focal { gamma: 0.5, alpha: None }, Focal { gamma: 2.0, alpha: Some(0.25) }, Focal { gamma: 5.0, alpha: None }];
    const TWEEDIE: Tweedie = Tweedie { power: 1.9 };
    let any = [-1e3, 1e3];
    // Beyond, an exponential overflows.
    let exponential = [-700.0, 700.0];
    let (residuals, labels, classes) = ([-3.0, 0.5, 0.75, 40.0], [-1.0, 1.0, 1.0], [0.0, 1.0, 1.0]);
    let counts = [0.0, 1.0, 3.0, 8.0];
    let mut cases: Vec<Leaf> = Vec::new();
    for loss in under_a_parabola::<f64>() {
        let targets = match loss.spec().name() {
            "binary_cross_entropy_with_logits" => classes.to_vec(),
            "soft_margin" | "squared_hinge" | "modified_huber" => labels.to_vec(),
            _ => residuals.to_vec(),
        };
        cases.push((loss, targets, any));
    }
    cases.extend(FOCAL.iter().map(|loss| (loss as &'static dyn Loss<f64>, classes.to_vec(), any)));
    cases.push((by_name("exponential"), labels.to_vec(), exponential));
    cases.push((by_name("poisson_nll"), counts.to_vec(), exponential));
    cases.push((by_name("gamma"), counts[1..].to_vec(), exponential));
    cases.push((by_name("tweedie"), counts.to_vec(), exponential));
    cases.push((&TWEEDIE, counts.to_vec(), exponential));
    cases.push((by_name("msle"), counts.to_vec(), [-0.999, 1e3]));
    cases.push((by_name("poisson_nll_of_rate"), counts.to_vec(), [1e-3, 1e3]));
    cases.push((by_name("binary_cross_entropy"), vec![0.0, 1.0, 0.3], [1e-9, 1.0 - 1e-9]));
    cases
}

/// Newton's method with gradient / bound, as in a leaf of a tree, from starts in [-1e3, 1e3] wherever the derivative is
/// finite: each step lowers the loss or moves by rounding errors, and the method arrives.
#[test]
fn newtons_method_with_the_bound_converges_from_everywhere() {
    let _fixed = fix_level();
    for (loss, targets, [low, high]) in with_a_minimum() {
        let name = loss.spec().name();
        let totals = |x: f64| {
            let prediction = vec![x; targets.len()];
            let (mut gradient, mut bound) = (prediction.clone(), prediction.clone());
            loss.gradient_with_hessian_bound(&prediction, &targets, 1.0, &mut gradient, &mut bound);
            let magnitude: f64 = gradient.iter().map(|g| g.abs()).sum();
            let sums = [loss.sum(&prediction, &targets), gradient.iter().sum(), bound.iter().sum()];
            (sums, magnitude)
        };
        for i in 0..=64 {
            let start = low + (high - low) * f64::from(i) / 64.0;
            let (mut x, mut arrived) = (start, false);
            for _ in 0..20_000 {
                let ([value, gradient, bound], magnitude) = totals(x);
                // Where the sum of the gradients is a rounding error, or a step is.
                let step = gradient / bound;
                if gradient.abs() <= ROUNDING * magnitude || step.abs() <= ROUNDING * x.abs() {
                    arrived = true;
                    break;
                }
                let ([next, ..], _) = totals(x - step);
                assert!(
                    next <= value + ROUNDING * value.abs().max(1.0),
                    "{name} from {start}: {value} at {x}, {next} at {}",
                    x - step
                );
                x -= step;
            }
            assert!(arrived, "{name} from {start}: at {x} after 20000 steps");
        }
    }
}

/// The bound of an entry whose share is p is about 1 / (2 |ln p|), down to the smallest normal p of the type.
fn of_shares<T: Number>(level: Level) {
    let least_log = T::min_positive_value().into_f64().ln().abs();
    for z in [20.0, 80.0, 100.0, 300.0, 700.0, 800.0, 1000.0] {
        let x = [T::zero(), T::from_f64_rounded(z), T::zero()];
        let (mut gradient, mut bound) = (x, x);
        SoftmaxCrossEntropy::new()
            .gradient_with_hessian_bound(&x, Targets::labels(&[0]), Rows::contiguous(3), 1.0, &mut gradient, &mut bound)
            .unwrap();
        let expected = 0.5 / least_log.min(z);
        let right = |y: &T| (y.into_f64() / expected - 1.0).abs() < 0.05;
        assert!(bound.iter().all(right), "{z}: {bound:?} {} at {level:?}", T::NAME);
    }
}

/// The bound is never 0 for a sample that counts, whatever its size, and has no jump where a derivative underflows.
#[test]
fn bounds_are_positive_and_move_slowly() {
    at_every_level(|level| {
        for loss in under_a_parabola::<f64>() {
            let mut before: Option<f64> = None;
            for x in (0..=4096).map(|i| f64::from(i) / 4.0) {
                let (p, t) = sample(loss.spec(), x, 0.9);
                let bound = loss.hessian_bound(p, t);
                assert!((1e-4..=8.0).contains(&bound), "{} at {p}, {level:?}: {bound}", loss.spec().name());
                let slow = before.is_none_or(|before| x < 2.0 || (0.75..=1.25).contains(&(bound / before)));
                assert!(slow, "{} at {p}, {level:?}: {bound} after {before:?}", loss.spec().name());
                before = Some(bound);
            }
        }
        of_shares::<f32>(level);
        of_shares::<f64>(level);
    });
}

/// Predictions of a row, a label, and target probabilities.
fn row_of(case: &RowCase<f64>, random: &mut Random) -> (Vec<f64>, [u32; 1], Vec<f64>) {
    let size: f64 = random.uniform(0.5..=12.0);
    let of = if case.of_probabilities { 0.1..=0.9 } else { -size..=size };
    let x = (0..CLASSES).map(|_| random.uniform(of.clone())).collect();
    let y = (0..CLASSES).map(|i| if i % 5 == 2 { 0.0 } else { random.uniform(0.0..=1.0) }).collect();
    // Classes that have a weight, and are not ignored.
    (x, [[0, 1, 7, 20, 34][random.uniform::<f64>(0.0..=4.99) as usize]], y)
}

/// In each direction, the second difference of a loss of a row is at most that of the bound of its matrix; in that of
/// one entry, that of the bound of its diagonal.
#[test]
fn bounds_of_rows_are_above_second_differences() {
    let _fixed = fix_level();
    let mut random = Random(17);
    let rows = Rows::contiguous(CLASSES);
    const H: f64 = 1e-3;
    // The error of a second difference: that of three values, and the fourth derivative times h^2, of at most some 100
    // times the second.
    let tolerance =
        |value: f64, second: f64| 8.0 * ROUNDING * (value.abs() + 1.0) / (H * H) + 1e-3 * (second.abs() + 1.0);
    for case in row_cases::<f64>() {
        if case.name.ends_with("hinge") || case.name == "multi_margin" {
            continue;
        }
        for _ in 0..40 {
            let (x, labels, y) = row_of(&case, &mut random);
            let targets = [Targets::labels(&labels), Targets::Probabilities(&y)];
            for target in targets.into_iter().take(if case.labels_alone { 1 } else { 2 }) {
                let [diagonal, matrix] = bounds(case.loss, &x, target, rows);
                let value = |along: &[f64], h: f64| {
                    let moved: Vec<f64> = x.iter().zip(along).map(|(x, v)| x + h * v).collect();
                    case.loss.sum(&moved, target, rows).unwrap()
                };
                let second = |along: &[f64]| (value(along, H) - 2.0 * value(along, 0.0) + value(along, -H)) / (H * H);
                for i in 0..CLASSES {
                    let mut along = vec![0.0; CLASSES];
                    along[i] = 1.0;
                    let d = second(&along);
                    let slack = tolerance(value(&along, 0.0), d);
                    assert!(d <= diagonal[i] + slack, "{}, entry {i}: {d}, {}", case.name, diagonal[i]);
                    assert!(diagonal[i] > 0.0 && matrix[i] > 0.0, "{}, entry {i}", case.name);
                }
                for _ in 0..8 {
                    let along: Vec<f64> = (0..CLASSES).map(|_| random.uniform(-1.0..=1.0)).collect();
                    let bound: f64 = along.iter().zip(&matrix).map(|(v, b)| b * v * v).sum();
                    let d = second(&along);
                    assert!(d <= bound + tolerance(value(&along, 0.0), d), "{}: {d}, {bound}", case.name);
                }
            }
        }
    }
}

/// The bounds of the diagonal, and of the whole matrix.
fn bounds<T: Number>(loss: &dyn RowLoss<T>, x: &[T], target: Targets<'_, T>, rows: Rows) -> [Vec<T>; 2] {
    let [mut gradient, mut diagonal, mut matrix] = [(); 3].map(|()| vec![T::nan(); x.len()]);
    loss.gradient_with_hessian_bound(x, target, rows, 1.0, &mut gradient, &mut diagonal).unwrap();
    loss.gradient_with_matrix_bound(x, target, rows, 1.0, &mut gradient, &mut matrix).unwrap();
    [diagonal, matrix]
}

/// The bounds of rows in f32 are those in f64. A bound need not be exact to the last bits, but a term or a factor that were
/// missing would be more than a ten-thousandth of it.
#[test]
fn bounds_of_rows_in_f32_are_those_in_f64() {
    const COUNT: usize = 40;
    at_every_level(|level| {
        for (case, wide_case) in row_cases::<f32>().iter().zip(row_cases::<f64>()) {
            let (x, labels, y) = crate::rows::samples(case, COUNT, 31);
            let [wide_x, wide_y] = [&x, &y].map(|x| x.iter().map(|x| f64::from(*x)).collect::<Vec<f64>>());
            let wide_targets = crate::rows::targets(&wide_case, &labels, &wide_y);
            for (target, wide_target) in crate::rows::targets(case, &labels, &y).into_iter().zip(wide_targets) {
                let got = bounds(case.loss, &x, target, Rows::contiguous(CLASSES)).concat();
                let expected = bounds(wide_case.loss, &wide_x, wide_target, Rows::contiguous(CLASSES)).concat();
                for (i, (got, expected)) in got.into_iter().zip(expected).enumerate() {
                    let difference = (f64::from(got) - expected).abs();
                    assert!(difference <= 1e-4 * expected, "{} at {level:?}, {i}: {got:e} {expected:e}", case.name);
                }
            }
        }
    });
}

/// Overlaps whose parameters are as large as numbers of f32 may be, and as small: derivatives and bounds in f32 are those in
/// f64. A tolerance as above.
#[test]
fn overlaps_with_extreme_parameters_are_those_in_f64() {
    fn derivatives<T: Number>(loss: &Tversky, p: &[f64], y: &[f64]) -> [Vec<f64>; 4] {
        let [p, y] = [p, y].map(|x| x.iter().map(|x| T::from_f64_rounded(*x)).collect::<Vec<T>>());
        let (target, rows) = (Targets::Probabilities(&y), Rows::contiguous(p.len()));
        let [mut gradient, mut second] = [(); 2].map(|()| vec![T::nan(); p.len()]);
        loss.gradient_with_hessian(&p, target, rows, 1.0, &mut gradient, &mut second).unwrap();
        let [diagonal, matrix] = bounds(loss, &p, target, rows);
        [gradient, second, diagonal, matrix].map(|numbers| numbers.into_iter().map(T::into_f64).collect())
    }
    let large = f64::powi(2.0, 61);
    at_every_level(|level| {
        for [alpha, beta, smooth] in [
            [0.0, large, 0.0],
            [large, 0.0, 0.0],
            [large, large, 1.0],
            [0.5, 0.5, large],
            // The second entry has no part in D, and the gradient of the first is infinite in f32.
            [0.0, 1e-40, 0.0],
        ] {
            let mut loss = Tversky::new();
            (loss.alpha, loss.beta, loss.smooth) = (alpha, beta, smooth);
            for (p, y) in [([0.0, 0.5], [1.0, 0.0]), ([0.5, 0.25], [1.0, 1.0]), ([0.75, 0.125], [0.5, 0.0])] {
                let [got, expected] = [derivatives::<f32>(&loss, &p, &y), derivatives::<f64>(&loss, &p, &y)];
                for (got, expected) in got.concat().into_iter().zip(expected.concat()) {
                    let right = got == f64::from(expected as f32)
                        || (got - expected).abs() <= 1e-4 * expected.abs() + f64::from(f32::MIN_POSITIVE);
                    assert!(right, "{loss:?} of {p:?}, {y:?} at {level:?}: {got:e} {expected:e}");
                }
            }
        }
    });
}

/// The cross-entropy of a row as a function of one logit lies below a parabola with the bound.
fn a_parabola_lies_above_the_cross_entropy_of_a_row<T: Number>() {
    let mut random = Random(23);
    let rows = Rows::contiguous(4);
    for n in 0..60_000 {
        let loss = SoftmaxCrossEntropy::new().with_z_loss([0.0, 1e-4, 1.0][n % 3]).unwrap();
        let size = 10_f64.powf(random.uniform(-3.0..=2.5));
        let mut z: [T; 4] = [0; 4].map(|_| T::from_f64_rounded(random.uniform(-size..=size)));
        let labels = [random.uniform::<f64>(0.0..=3.99) as u32];
        let (target, mut gradient, mut bound) = (Targets::labels(&labels), z, z);
        loss.gradient_with_hessian_bound(&z, target, rows, 1.0, &mut gradient, &mut bound).unwrap();
        let before = loss.sum(&z, target, rows).unwrap();
        let (i, other) =
            (random.uniform::<f64>(0.0..=3.99) as usize, T::from_f64_rounded(random.uniform(-size..=size)));
        let step = other.into_f64() - z[i].into_f64();
        z[i] = other;
        let after = loss.sum(&z, target, rows).unwrap();
        let (above, parts) = parabola([before, gradient[i].into_f64(), bound[i].into_f64()], step);
        // The errors of two losses, a gradient and a bound.
        let error = 16.0 * T::unit() * (parts + size);
        assert!(after <= above + error, "{loss:?}, {z:?}, entry {i}: {after}, {above}");
    }
}

#[test]
fn a_parabola_with_the_bound_lies_above_the_cross_entropy_of_a_row_in_both_types() {
    let _fixed = fix_level();
    a_parabola_lies_above_the_cross_entropy_of_a_row::<f32>();
    a_parabola_lies_above_the_cross_entropy_of_a_row::<f64>();
}

/// The bounds of a multi-class margin are those of all hinges.
#[test]
fn bounds_of_margins_are_those_of_the_page() {
    let (x, rows, target) = ([0.0_f64, 9.0, 0.0, -9.0], Rows::contiguous(4), Targets::labels(&[1_u8]));
    at_every_level(|level| {
        for (squared, diagonal, matrix) in [(false, 0.25, 0.25), (true, 0.5, 1.0)] {
            let loss = MultiMargin::new().with_squared(squared);
            let (mut gradient, mut bound) = (x, x);
            loss.gradient_with_hessian_bound(&x, target, rows, 1.0, &mut gradient, &mut bound).unwrap();
            assert_eq!(bound, [diagonal, 3.0 * diagonal, diagonal, diagonal], "{squared} at {level:?}");
            loss.gradient_with_matrix_bound(&x, target, rows, 1.0, &mut gradient, &mut bound).unwrap();
            assert_eq!(bound, [matrix, 3.0 * matrix, matrix, matrix], "{squared} at {level:?}");
        }
    });
}

/// B - H of two entries has no negative eigenvalue, B the bound and H the second derivatives -(g_i s_j + g_j s_i) / D of an
/// overlap, with the gradient g: where g_i is almost 0, the bound of that entry is that of its mixed derivatives.
#[test]
fn bounds_of_overlaps_are_above_mixed_derivatives() {
    let _fixed = fix_level();
    let mut random = Random(24);
    for n in 0..3000 {
        let len = 2 + n % 4;
        let [p, y]: [Vec<f64>; 2] = [(); 2].map(|()| (0..len).map(|_| random.uniform(0.0..=1.0)).collect());
        let [alpha, beta] = [[0.5, 0.5], [0.25, 0.75], [1.0, 0.0]][n % 3];
        let loss = Tversky::new().with_alpha(alpha).unwrap().with_beta(beta).unwrap();
        let (mut g, mut bound) = (p.clone(), p.clone());
        let (target, rows) = (Targets::Probabilities(&y), Rows::contiguous(len));
        loss.gradient_with_matrix_bound(&p, target, rows, 1.0, &mut g, &mut bound).unwrap();
        let of = |term: fn(f64, f64) -> f64| p.iter().zip(&y).map(|(p, y)| term(*p, *y)).sum::<f64>();
        let d = of(|p, y| p * y) + alpha * of(|p, y| p * (1.0 - y)) + beta * of(|p, y| (1.0 - p) * y);
        let s: Vec<f64> = y.iter().map(|y| alpha * (1.0 - y) + (1.0 - beta) * y).collect();
        let h = |i: usize, j: usize| -(g[i] * s[j] + g[j] * s[i]) / d;
        for (i, j) in (0..len).flat_map(|i| (0..i).map(move |j| (i, j))) {
            let [of_i, of_j] = [i, j].map(|i| bound[i] - h(i, i));
            let place = format!("{p:?}, {y:?}, {alpha}, {beta}, {i}, {j}: {bound:?}");
            assert!(of_i >= 0.0 && of_j >= 0.0 && of_i * of_j >= h(i, j).powi(2) * (1.0 - 1e-9), "{place}");
        }
    }
}
