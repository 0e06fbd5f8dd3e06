//! Rows of probabilities that are all 0: they are ignored.

use crate::cases::{RowCase, row_cases};
use crate::common::{Number, Random, all_bits, at_every_level};
use half::{bf16, f16};
use slopes::Element;
use slopes::Rows;
use slopes::loss::{
    CategoricalCrossEntropy, NegativeLogLikelihood, RowLoss, SoftmaxCrossEntropy, Targets, Tversky, WeightedRows,
};

const CLASSES: usize = crate::common::outputs::CLASSES;

/// Rows of zeros among others: the others have the bits that they have without them, in sums, means and derivatives, and
/// the zeros have a loss, derivatives and bounds of 0, whatever the predictions are.
fn rows_of_zeros_change_nothing<T: Element>() {
    let rows = Rows::contiguous(CLASSES);
    let mut random = Random(19);
    at_every_level(|level| {
        for RowCase { name, loss, of_probabilities, labels_alone, .. } in row_cases::<T>() {
            // The overlap of nothing is one of its values.
            if labels_alone || ["dice", "tversky"].contains(&name) {
                continue;
            }
            let low = if of_probabilities { 0.125 } else { -4.0 };
            let mut numbers = |n: usize, low: f64| -> Vec<T> { (0..n).map(|_| random.uniform(low..=1.0)).collect() };
            let count = 7;
            let (mut x, mut y) = (numbers(count * CLASSES, low), numbers(count * CLASSES, 0.0));
            let zero = |row: usize| row % 3 == 1;
            for row in (0..count).filter(|row| zero(*row)) {
                y[row * CLASSES..][..CLASSES].fill(T::zero());
                let anything = [T::nan(), T::infinity(), T::neg_infinity(), T::max_value()][row % 4];
                x[row * CLASSES + row..][..3].fill(anything);
            }
            let kept = |numbers: &[T]| -> Vec<T> {
                (0..count)
                    .filter(|row| !zero(*row))
                    .flat_map(|row| numbers[row * CLASSES..][..CLASSES].to_vec())
                    .collect()
            };
            let (few, few_y) = (kept(&x), kept(&y));
            let run = |x: &[T], y: &[T]| {
                let target = Targets::Probabilities(y);
                let mut of_mean = x.to_vec();
                let mut out = [(); 4].map(|()| x.to_vec());
                let mut losses = vec![T::nan(); x.len() / CLASSES];
                loss.forward(x, target, rows, &mut losses).unwrap();
                let [gradient, hessian, bound, matrix] = &mut out;
                loss.gradient_with_hessian(x, target, rows, 1.0, gradient, hessian).unwrap();
                loss.gradient_with_hessian_bound(x, target, rows, 1.0, gradient, bound).unwrap();
                loss.gradient_with_matrix_bound(x, target, rows, 1.0, gradient, matrix).unwrap();
                let numbers = [
                    loss.sum(x, target, rows).unwrap(),
                    loss.mean_with_gradient(x, target, rows, &mut of_mean).unwrap(),
                    loss.mean_unweighted(x, target, rows).unwrap(),
                    loss.total_weight(target, rows).unwrap(),
                ];
                let [a, b, c, d] = out;
                (numbers, losses, [a, b, c, d, of_mean])
            };
            let ((numbers, losses, all), (few_numbers, _, few_all)) = (run(&x, &y), run(&few, &few_y));
            let place = format!("{name} at {level:?}");
            assert_eq!(
                numbers.map(f64::to_bits),
                few_numbers.map(f64::to_bits),
                "{place}: {numbers:?}, {few_numbers:?}"
            );
            assert_eq!(numbers[3], 5.0, "{place}");
            for (all, few) in all.iter().zip(&few_all) {
                assert_eq!(all_bits(&kept(all)), all_bits(few), "{place}");
            }
            for row in (0..count).filter(|row| zero(*row)) {
                assert!(losses[row].is_zero(), "{place}");
                assert!(all.iter().all(|all| all[row * CLASSES..][..CLASSES].iter().all(|x| x.is_zero())), "{place}");
            }
        }
    });
}

#[test]
fn rows_of_zeros_change_nothing_in_every_type() {
    rows_of_zeros_change_nothing::<f32>();
    rows_of_zeros_change_nothing::<f64>();
    rows_of_zeros_change_nothing::<f16>();
    rows_of_zeros_change_nothing::<bf16>();
}

/// Zeros in rows that are not contiguous, long rows whose only probability is the last, and losses that count zeros.
#[test]
fn other_rows_of_zeros() {
    at_every_level(|_| {
        let loss = SoftmaxCrossEntropy::new().with_label_smoothing(0.5).unwrap();
        // Columns: of zeros, and not.
        let y = [0.0, 1.0, 0.0, 0.0_f64];
        let mean = loss.mean(&[f64::NAN, 1.0, 2.0, 1.0], Targets::Probabilities(&y), Rows::along(&[2, 2], 0)).unwrap();
        assert!((mean - 2_f64.ln()).abs() < f64::EPSILON, "{mean}");
        for at in [0, 500, 999] {
            let (mut y, rows) = ([0.0_f32; 1000], Rows::contiguous(1000));
            y[at] = 1.0;
            let target = Targets::Probabilities(&y);
            let mean = loss.mean(&[0.0; 1000], target, rows).unwrap();
            assert!((mean - 1000_f64.ln()).abs() < 1e-6, "{at}: {mean}");
            assert_eq!(NegativeLogLikelihood::new().mean(&[-2.0; 1000], target, rows), Ok(2.0), "{at}");
            let mean = CategoricalCrossEntropy::new().mean(&[0.25; 1000], target, rows).unwrap();
            assert!((mean - 4_f64.ln()).abs() < 1e-6, "{at}: {mean}");
        }
        let target = Targets::Probabilities(&[0.0_f64; 4]);
        assert!(loss.mean(&[0.0; 4], target, Rows::contiguous(2)).unwrap().is_nan(), "no rows");
        let mean = Tversky::new().with_smooth(1.0).unwrap().mean(&[0.5; 4], target, Rows::contiguous(2)).unwrap();
        assert!((mean - 1.0 / 3.0).abs() < 1e-15, "{mean}");
    });
}

/// A z-loss where logits are infinite, or all that matters is masked: infinite losses, but no NaN.
fn z_losses_of_infinities<T: Number>() {
    let (inf, rows) = (T::infinity(), Rows::contiguous(2));
    let loss = SoftmaxCrossEntropy::new().with_z_loss(1.0).unwrap();
    at_every_level(|_| {
        for x in [[inf, T::zero()], [inf, inf], [-inf, -inf], [-inf, T::one()], [T::max_value(), -T::max_value()]] {
            for target in [Targets::labels(&[0]), Targets::Probabilities(&[T::zero(), T::one()])] {
                let mut out = [x; 5];
                let [gradient, hessian, bound, matrix, losses] = &mut out;
                loss.forward(&x, target, rows, &mut losses[..1]).unwrap();
                loss.gradient_with_matrix_bound(&x, target, rows, 1.0, gradient, matrix).unwrap();
                loss.gradient_with_hessian_bound(&x, target, rows, 1.0, gradient, bound).unwrap();
                loss.gradient_with_hessian(&x, target, rows, 1.0, gradient, hessian).unwrap();
                assert!(out.iter().flatten().all(|y| !y.is_nan()), "{x:?}, {target:?}: {out:?}");
            }
        }
        let y = loss.sum(&[T::zero(), -inf], Targets::labels(&[0]), rows).unwrap();
        assert_eq!(y, 0.0, "L is 0");
    });
}

#[test]
fn z_losses_of_infinities_in_both_types() {
    z_losses_of_infinities::<f32>();
    z_losses_of_infinities::<f64>();
}

/// Likelihoods of labels go side by side in rows of up to 31 classes: with the bits of each row alone, whatever is ignored.
fn short_rows_of_likelihoods_are_rows_alone<T: Number>() {
    const CLASSES: usize = 10;
    const COUNT: usize = 41;
    let rows = Rows::contiguous(CLASSES);
    let class_weights: Vec<f64> = (0..CLASSES).map(|class| 0.25 * (class % 5) as f64).collect();
    let logarithms = NegativeLogLikelihood::new().with_ignore_label(7).with_class_weights(&class_weights).unwrap();
    let probabilities = CategoricalCrossEntropy::new().with_eps(0.125).unwrap();
    let losses: [&dyn RowLoss<T>; 3] = [&logarithms, &probabilities, &CategoricalCrossEntropy::new()];
    let mut random = Random(22);
    let mut x: Vec<T> = (0..CLASSES * COUNT).map(|_| random.uniform(0.01..=1.0)).collect();
    let specials = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0, 2.0].map(T::from_f64_rounded);
    x.iter_mut().step_by(3).zip(specials.into_iter().cycle()).for_each(|(x, special)| *x = special);
    let labels: Vec<u8> = (0..COUNT).map(|row| (row * 3 % CLASSES) as u8).collect();
    let weights: Vec<f64> = (0..COUNT).map(|row| [1.0, 0.5, 0.0, 2.0][row % 4]).collect();
    at_every_level(|level| {
        for (which, loss) in losses.iter().enumerate() {
            let run = |rows_of: std::ops::Range<usize>| {
                let (labels, weights) = (&labels[rows_of.clone()], &weights[rows_of.clone()]);
                let x = &x[rows_of.start * CLASSES..rows_of.end * CLASSES];
                let (loss, target) = (WeightedRows::new(*loss, weights), Targets::labels(labels));
                let (mut losses, mut gradient) = (vec![T::nan(); labels.len()], x.to_vec());
                loss.forward(x, target, rows, &mut losses).unwrap();
                loss.gradient(x, target, rows, 1.0, &mut gradient).unwrap();
                (losses, gradient)
            };
            let (losses, gradient) = run(0..COUNT);
            for row in 0..COUNT {
                let alone = run(row..row + 1);
                let place = format!("loss {which}, row {row} with label {} at {level:?}", labels[row]);
                assert_eq!(all_bits(&losses[row..=row]), all_bits(&alone.0), "{place}");
                assert_eq!(all_bits(&gradient[row * CLASSES..][..CLASSES]), all_bits(&alone.1), "{place}");
                let silent = which == 0 && [0, 5, 7].contains(&labels[row]) || weights[row] == 0.0;
                assert!(!silent || losses[row].is_zero() && alone.1.iter().all(|x| x.is_zero()), "{place}");
            }
        }
    });
}

#[test]
fn short_rows_of_likelihoods_are_rows_alone_in_both_types() {
    short_rows_of_likelihoods_are_rows_alone::<f32>();
    short_rows_of_likelihoods_are_rows_alone::<f64>();
}
