//! Losses of rows: by their laws, and on bad input.

use crate::common::{Number, all_bits, at_every_level, bits, fix_level, narrow, panic_message};
use slopes::activation::Rows;
use slopes::loss::{RowLoss, SoftmaxCrossEntropy, TargetError, Targets};

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
            let onehot: Vec<T> = (0..x.len()).map(|i| T::of(f64::from(u8::from(i == *label)))).collect();
            let labels = [*label as u32];
            for target in [Targets::Labels(&labels), Targets::Probabilities(&onehot)] {
                let mut got = x.clone();
                let sum =
                    SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, T::one(), &mut got).unwrap();
                let place = format!("{logits:?}, {target:?} {} at {level:?}: {sum}, {got:?}", T::NAME);
                let close = |a: T, b: f64| {
                    (a.is_nan() && b.is_nan()) || a.wide() == b || (a.wide() - b).abs() <= 4.0 * T::unit()
                };
                assert!(close(sum, *loss), "the loss of {place}");
                assert!(got.iter().zip(gradient).all(|(a, b)| close(*a, *b)), "the gradient of {place}");
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

fn row_losses_have_one_value<T: Number>() {
    let mut random = crate::common::Random(9);
    at_every_level(|level| {
        for (count, len) in [(1, 1), (3, 10), (7, 33), (40, 5), (1100, 3)] {
            let x: Vec<T> = (0..count * len).map(|_| random.uniform(-9.0..=9.0)).collect();
            let y: Vec<T> = (0..count * len).map(|_| random.uniform(0.0..=1.0)).collect();
            let labels: Vec<u32> = (0..count).map(|i| (i * 7 % len) as u32).collect();
            let (rows, scale) = (Rows::contiguous(len), T::of(0.25));
            for target in [Targets::Labels(&labels), Targets::Probabilities(&y)] {
                let place = format!("{count} rows of {len} {} at {level:?}", T::NAME);
                let mut losses = vec![T::zero(); count];
                SoftmaxCrossEntropy::default().each(&x, target, rows, &mut losses).unwrap();
                let (mut alone, mut together) = (x.clone(), x.clone());
                SoftmaxCrossEntropy::default().gradient(&x, target, rows, scale, &mut alone).unwrap();
                let sum = SoftmaxCrossEntropy::default().sum(&x, target, rows).unwrap();
                let with_gradient =
                    SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, scale, &mut together).unwrap();
                assert_eq!(all_bits(&alone), all_bits(&together), "{place}");
                assert_eq!(bits(sum), bits(with_gradient), "{place}");
                // The sum of so many losses, in f64, and its rounding.
                let exact: f64 = losses.iter().map(|loss| loss.wide()).sum();
                let tolerance = exact * (T::unit() * 1.001 + 1100.0 * f64::EPSILON);
                assert!((sum.wide() - exact).abs() <= tolerance, "{place}: {sum}, {exact}");
                let mean = SoftmaxCrossEntropy::default().mean(&x, target, rows).unwrap().wide();
                assert!((mean - exact / count as f64).abs() <= tolerance / count as f64, "{place}: {mean}");
            }
        }
    });
}

#[test]
fn row_losses_have_one_value_in_both_types() {
    row_losses_have_one_value::<f32>();
    row_losses_have_one_value::<f64>();
}

#[test]
fn labels_out_of_range_are_refused() {
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(3);
    let _fixed = fix_level();
    for (labels, row, label) in [([0, 1, 3, 9], 2, 3), ([u32::MAX, 0, 0, 0], 0, u32::MAX), ([2, 2, 2, 5], 3, 5)] {
        let target = Targets::Labels(&labels);
        let expected = TargetError { row, label, classes: 3 };
        let (mut losses, mut gradient) = ([7.0; 4], [7.0; 12]);
        assert_eq!(SoftmaxCrossEntropy::default().each(&x, target, rows, &mut losses), Err(expected));
        assert_eq!(SoftmaxCrossEntropy::default().sum(&x, target, rows), Err(expected));
        assert_eq!(SoftmaxCrossEntropy::default().mean(&x, target, rows), Err(expected));
        assert_eq!(SoftmaxCrossEntropy::default().gradient(&x, target, rows, 1.0, &mut gradient), Err(expected));
        assert_eq!(
            SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, 1.0, &mut gradient),
            Err(expected)
        );
        assert!(losses == [7.0; 4] && gradient == [7.0; 12], "nothing is written");
        let message = expected.to_string();
        let parts = [row.to_string(), label.to_string(), "3".to_owned()];
        assert!(parts.iter().all(|part| message.contains(part)), "{message}");
    }
}

#[test]
fn targets_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(4);
    let (mut ten, mut twelve, mut three) = ([7.0; 10], [7.0; 12], [7.0; 3]);
    let labels = [0; 3];
    let (right, wrong) = (Targets::Labels(&labels), Targets::Labels(&labels[..2]));
    let probabilities = Targets::Probabilities(&x[..10]);
    let f = SoftmaxCrossEntropy::default();
    let calls = [
        (panic_message(|| f.each(&x, right, rows, &mut ten)), [3, 10]),
        (panic_message(|| f.each(&x, wrong, rows, &mut three)), [3, 2]),
        (panic_message(|| f.sum(&x, wrong, rows)), [3, 2]),
        (panic_message(|| f.mean(&x, probabilities, rows)), [12, 10]),
        (panic_message(|| f.sum(&x[..10], right, rows)), [10, 4]),
        (panic_message(|| f.gradient(&x, right, rows, 1.0, &mut ten)), [12, 10]),
        (panic_message(|| f.gradient(&x, wrong, rows, 1.0, &mut twelve)), [3, 2]),
        (panic_message(|| f.sum_with_gradient(&x, right, rows, 1.0, &mut ten)), [12, 10]),
        (panic_message(|| f.sum_with_gradient(&x, probabilities, rows, 1.0, &mut twelve)), [12, 10]),
    ];
    for (message, lengths) in calls {
        assert!(lengths.iter().all(|len| message.contains(&len.to_string())), "{message}");
    }
    assert!(ten == [7.0; 10] && twelve == [7.0; 12] && three == [7.0; 3], "nothing is written");
}
