//! LogSumExp: against log-softmax.

use crate::common::{Random, at_every_level};
use crate::softmax::{places, row_numbers};
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{LogSoftmax, LogSumExp, RowActivation, Rows, Softmax};

fn log_sum_exp_is_that_of_log_softmax<T: Element>(unit: f64) {
    let mut random = Random(27);
    at_every_level(|level| {
        for (shape, axis) in [(vec![5, 7], 1), (vec![3, 1500], 1), (vec![9, 4, 3], 1), (vec![30, 9], 0)] {
            let rows = Rows::along(&shape, axis);
            let x: Vec<T> = row_numbers(&mut random, shape.iter().product(), false);
            let count = x.len() / rows.row_len();
            let dy: Vec<T> = (0..count).map(|i| T::from_f64_rounded(i as f64 - 1.5)).collect();
            let (mut y, mut dx, mut share, mut log) = (vec![T::zero(); count], x.clone(), x.clone(), x.clone());
            LogSumExp.forward(&x, rows, &mut y);
            LogSumExp.backward(&x, &dy, rows, &mut dx);
            Softmax::DEFAULT.forward(&x, rows, &mut share);
            LogSoftmax::DEFAULT.forward(&x, rows, &mut log);
            for (row, places) in places(&shape, axis).iter().enumerate() {
                for &i in places {
                    // Both logarithms are within 2 ulp, or 1 unit of the largest magnitude, which is at most 64.
                    let difference = x[i].into_f64() - log[i].into_f64() - y[row].into_f64();
                    assert!(difference.abs() <= 2.0 * 4.0 * unit * 64.0, "{shape:?} at {level:?}: {difference}");
                    // The shares are within 2 ulp, and their product is rounded: 4 + 1 units; the gradient has 4.
                    let (gradient, wanted) = (dx[i].into_f64(), share[i].into_f64() * dy[row].into_f64());
                    let allowed = 9.0 * unit * wanted.abs() + T::min_positive_value().into_f64();
                    assert!((gradient - wanted).abs() <= allowed, "{shape:?} at {level:?}: {gradient}, {wanted}");
                }
            }
        }
        let (inf, nan) = (T::infinity(), T::nan());
        let x = [inf, T::one(), -inf, -inf, nan, inf, T::one(), -inf];
        let mut y = [T::zero(); 4];
        LogSumExp.forward(&x, Rows::contiguous(2), &mut y);
        assert!(y[0] == inf && y[1] == -inf && y[2].is_nan() && y[3] == T::one(), "{y:?}");

        // Infinities share the gradient; a row of -inf has none; NaN comes through.
        let x = [inf, T::one(), inf, inf, -inf, -inf, inf, T::one()];
        let dy = [T::from_f64_rounded(2.0), T::from_f64_rounded(-3.0), T::from_f64_rounded(5.0), nan];
        let mut dx = x;
        LogSumExp.backward(&x, &dy, Rows::contiguous(2), &mut dx);
        let wanted = [2.0, 0.0, -1.5, -1.5, 0.0, 0.0, f64::NAN, f64::NAN];
        let same =
            dx.iter().zip(wanted).all(|(dx, wanted)| dx.into_f64() == wanted || (dx.is_nan() && wanted.is_nan()));
        assert!(same, "{dx:?} at {level:?}");
    });
}

#[test]
fn log_sum_exp_is_that_of_log_softmax_in_all_types() {
    log_sum_exp_is_that_of_log_softmax::<f32>(f64::from(f32::EPSILON) / 2.0);
    log_sum_exp_is_that_of_log_softmax::<f64>(f64::EPSILON / 2.0);
    log_sum_exp_is_that_of_log_softmax::<f16>(f16::EPSILON.to_f64() / 2.0);
    log_sum_exp_is_that_of_log_softmax::<bf16>(bf16::EPSILON.to_f64() / 2.0);
}
