//! Losses of rows on bad input (NaN, numbers that are no probabilities, labels out of range, lengths that differ) and on rare
//! input (ties, a single class, empty targets, large parameters).

use crate::cases::row_cases;
use crate::common::outputs::CLASSES;
use crate::common::{Number, all_bits, at_every_level, bits, fix_level, panic_message};
use crate::rows::{samples, targets};
use slopes::activation::Rows;
use slopes::loss::{CategoricalHinge, Dice, MultiMargin, RowLoss, SoftmaxCrossEntropy, TargetError, Targets, Tversky};

/// A row with NaN in any place is NaN, and no other; alone and beside others it is the same.
fn nan_stays_in_its_row<T: Number>() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for (case, count) in row_cases::<T>().iter().flat_map(|case| [(case, 3), (case, 40)]) {
            let (x, labels, y) = samples(case, count, 13);
            let counts = |row: &usize| labels[*row] != 3 && case.ignore_label != Some(labels[*row]);
            let wrong = (count / 3..count).find(counts).unwrap();
            let entries = wrong * CLASSES..(wrong + 1) * CLASSES;
            let likelihood = ["negative_log_likelihood", "categorical_cross_entropy"].contains(&case.name);
            let (few_labels, few_y) = (&labels[wrong..=wrong], &y[entries.clone()]);
            for at in 0..CLASSES {
                let mut x = x.clone();
                x[wrong * CLASSES + at] = T::nan();
                let run = |x: &[T], target| {
                    let mut losses = vec![T::zero(); x.len() / CLASSES];
                    let [mut gradient, mut bound, mut matrix] = [(); 3].map(|()| x.to_vec());
                    case.loss.forward(x, target, rows, &mut losses).unwrap();
                    case.loss.gradient_with_hessian_bound(x, target, rows, 1.0, &mut gradient, &mut bound).unwrap();
                    case.loss.gradient_with_matrix_bound(x, target, rows, 1.0, &mut gradient, &mut matrix).unwrap();
                    // Which may be computed side by side.
                    case.loss.gradient(x, target, rows, 1.0, &mut gradient).unwrap();
                    (losses, gradient, bound, matrix)
                };
                let alone = targets(case, few_labels, few_y).into_iter().map(|target| run(&x[entries.clone()], target));
                for (target, alone) in targets(case, &labels, &y).into_iter().zip(alone) {
                    let (losses, gradient, bound, matrix) = run(&x, target);
                    let place = format!("{} of {count} rows, NaN at {at} at {level:?}, {target:?}", case.name);
                    assert_eq!(bits(losses[wrong]), bits(alone.0[0]), "{place}");
                    assert_eq!(all_bits(&gradient[entries.clone()]), all_bits(&alone.1), "{place}");
                    // A likelihood does not depend on classes whose probability in the target is 0, nor its gradient, if
                    // it is of logarithms, on any.
                    let [loss, derivatives, diagonal, whole] = [
                        &losses[wrong..=wrong],
                        &gradient[entries.clone()],
                        &bound[entries.clone()],
                        &matrix[entries.clone()],
                    ]
                    .map(|numbers| numbers.iter().any(|x| x.is_nan()));
                    let read = matches!(target, Targets::Labels(_)) && at == labels[wrong] as usize;
                    assert!(loss || likelihood && !read, "{place}");
                    assert_eq!(derivatives, loss && case.name != "negative_log_likelihood", "{place}");
                    assert_eq!([diagonal, whole], [derivatives; 2], "{place}");
                    let others = |row: usize| row != wrong;
                    assert!((0..count).filter(|row| others(*row)).all(|row| !losses[row].is_nan()), "{place}");
                    assert!((0..x.len()).filter(|i| others(i / CLASSES)).all(|i| !gradient[i].is_nan()), "{place}");
                }
            }
        }
    });
}

#[test]
fn nan_stays_in_its_row_in_every_type() {
    nan_stays_in_its_row::<f32>();
    nan_stays_in_its_row::<f64>();
    nan_stays_in_its_row::<half::bf16>();
}

/// What is no probability makes its row NaN.
#[test]
fn wrong_probabilities_are_nan() {
    let rows = Rows::contiguous(CLASSES);
    at_every_level(|level| {
        for case in row_cases::<f32>() {
            let (mut x, labels, mut y) = samples(&case, 3, 13);
            if case.of_probabilities {
                for wrong in [-0.125, 1.125] {
                    x[CLASSES + labels[1] as usize] = wrong;
                    let sum = case.loss.sum(&x, Targets::labels(&labels), rows).unwrap();
                    assert!(sum.is_nan(), "{} at {level:?}", case.name);
                }
            }
            if !case.labels_alone {
                let (x, ..) = samples(&case, 3, 14);
                y[4] = -0.125;
                let sum = case.loss.sum(&x, Targets::Probabilities(&y), rows).unwrap();
                assert!(sum.is_nan(), "{} at {level:?}", case.name);
            }
        }
    });
}

#[test]
fn nothing_has_no_mean() {
    at_every_level(|_| {
        for rows in [Rows::contiguous(0), Rows::contiguous(3)] {
            let target = Targets::labels(&[0_u32; 0]);
            assert_eq!(SoftmaxCrossEntropy::default().sum(&[0.0_f32; 0], target, rows), Ok(0.0));
            assert!(SoftmaxCrossEntropy::default().mean(&[0.0_f32; 0], target, rows).unwrap().is_nan());
        }
    });
}

#[test]
fn labels_out_of_range_are_refused() {
    let x = [0.5_f32; 12];
    let rows = Rows::contiguous(3);
    let _fixed = fix_level();
    for (labels, row, label) in [([0, 1, 3, 9], 2, 3), ([u32::MAX, 0, 0, 0], 0, u32::MAX), ([2, 2, 2, 5], 3, 5)] {
        let target = Targets::labels(&labels);
        let is_told = |error: TargetError| (error.row, error.label, error.classes) == (row, i128::from(label), 3);
        let (mut losses, mut gradient) = ([7.0; 4], [7.0; 12]);
        assert!(SoftmaxCrossEntropy::default().forward(&x, target, rows, &mut losses).is_err_and(is_told));
        assert!(SoftmaxCrossEntropy::default().sum(&x, target, rows).is_err_and(is_told));
        assert!(SoftmaxCrossEntropy::default().mean(&x, target, rows).is_err_and(is_told));
        assert!(SoftmaxCrossEntropy::default().gradient(&x, target, rows, 1.0, &mut gradient).is_err_and(is_told));
        assert!(
            SoftmaxCrossEntropy::default().sum_with_gradient(&x, target, rows, 1.0, &mut gradient).is_err_and(is_told)
        );
        assert!(losses == [7.0; 4] && gradient == [7.0; 12], "nothing is written");
        let message = SoftmaxCrossEntropy::new().sum(&x, target, rows).unwrap_err().to_string();
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
    let (right, wrong) = (Targets::labels(&labels), Targets::labels(&labels[..2]));
    let probabilities = Targets::Probabilities(&x[..10]);
    let f = SoftmaxCrossEntropy::default();
    let calls = [
        (panic_message(|| f.forward(&x, right, rows, &mut ten)), [3, 10]),
        (panic_message(|| f.forward(&x, wrong, rows, &mut three)), [3, 2]),
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

/// The loss and the gradient of one row.
fn of_row<T: Number>(loss: &dyn RowLoss<T>, x: &[f64], target: Targets<'_, T>) -> (f64, Vec<f64>) {
    let x: Vec<T> = x.iter().map(|x| T::from_f64_rounded(*x)).collect();
    let mut gradient = vec![T::nan(); x.len()];
    let sum = loss.sum_with_gradient(&x, target, Rows::contiguous(x.len()), 1.0, &mut gradient).unwrap();
    (sum, gradient.into_iter().map(T::into_f64).collect())
}

/// What the pages say of ties, of a single class, of empty targets and of large parameters.
fn single_rows_are_those_of_the_pages<T: Number>() {
    at_every_level(|level| {
        // The first of equal scores.
        let hinge = of_row::<T>(&CategoricalHinge, &[0.5, 2.0, 2.0, 1.0], Targets::labels(&[0]));
        assert_eq!(hinge, (2.5, vec![-1.0, 1.0, 0.0, 0.0]), "{level:?}");
        let alone = of_row::<T>(&MultiMargin::default(), &[f64::NAN], Targets::labels(&[0]));
        assert!(alone.0.is_nan() && alone.1[0].is_nan(), "{level:?}");
        let zeros = [T::zero(); 3];
        for loss in [&Dice::default() as &dyn RowLoss<T>, &Tversky::default()] {
            assert_eq!(of_row(loss, &[0.0; 3], Targets::Probabilities(&zeros)), (0.0, vec![0.0; 3]), "{level:?}");
        }
        // TP = FN = 2, and D is beta FN but for 2^-100 and less: the loss rounds to 1, and its gradient is -1 / beta.
        let (large, ones) = (f64::powi(2.0, 127), [T::one(); 4]);
        let tversky = Tversky::new().with_beta(large).unwrap();
        let (loss, gradient) = of_row::<T>(&tversky, &[0.5; 4], Targets::Probabilities(&ones));
        assert!(loss == 1.0 && gradient.iter().all(|g| g.abs() < 1e-37), "{level:?}: {loss} {gradient:?}");
        // A share that underflows has no gradient, even if the derivative of the z-loss overflows.
        let weights = [f64::from(f32::MAX); 2];
        let loss = SoftmaxCrossEntropy::new().with_z_loss(1.0).unwrap().with_class_weights(&weights).unwrap();
        let (_, gradient) = of_row::<T>(&loss, &[2.0, -1000.0], Targets::labels(&[0]));
        assert_eq!(gradient[1], 0.0, "{level:?}: {gradient:?}");
    });
}

#[test]
fn single_rows_are_those_of_the_pages_in_both_types() {
    single_rows_are_those_of_the_pages::<f32>();
    single_rows_are_those_of_the_pages::<f64>();
}
