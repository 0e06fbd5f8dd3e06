//! Gradients of log-softmax where the sum of dy is beyond the largest number.

use crate::common::{Number, Random, at_every_level, bits};
use slopes::activation::{LogSoftmax, RowActivation, Rows};

/// The gradient is linear in dy: it is that of dy / 2^100 times 2^100, to the bit.
fn sums_may_overflow<T: Number>() {
    let mut random = Random(41);
    let shapes: [&[usize]; 8] =
        [&[40, 3, 1], &[1, 10, 1], &[33, 10, 1], &[5, 200, 1], &[2, 2000, 1], &[3, 7, 5], &[2, 100, 70], &[1, 5, 100]];
    let (lower, raise) = (T::from_f64_rounded(2_f64.powi(-100)), T::from_f64_rounded(2_f64.powi(100)));
    at_every_level(|level| {
        for shape in shapes {
            let rows = Rows::along(shape, 1);
            let count: usize = shape.iter().product();
            // Entries of which most have a share of 0 in f32, and of f64 some.
            let x: Vec<T> = (0..count).map(|_| random.uniform(-900.0..=0.0)).collect();
            let largest = T::max_value();
            let dy: Vec<T> = (0..count).map(|_| largest * random.uniform(0.6..=1.0)).collect();
            let lowered: Vec<T> = dy.iter().map(|dy| *dy * lower).collect();
            let (mut y, mut got, mut expected) = (x.clone(), x.clone(), x.clone());
            LogSoftmax::DEFAULT.forward(&x, rows, &mut y);
            for from_output in [false, true] {
                let (f, from) = (LogSoftmax::DEFAULT, if from_output { &y } else { &x });
                let backward = if from_output { RowActivation::backward_from_output } else { RowActivation::backward };
                backward(&f, from, &dy, rows, &mut got);
                backward(&f, from, &lowered, rows, &mut expected);
                for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    let expected = *expected * raise;
                    assert!(
                        bits(*got) == bits(expected) && !got.is_nan(),
                        "{i} of {shape:?} of {}, from the output: {from_output}, at {level:?}: {got:e}, not {expected:e}",
                        T::NAME
                    );
                }
                assert!(got.iter().any(|dx| dx.is_finite()));
            }
        }
    });
}

#[test]
fn sums_may_overflow_in_both_types() {
    sums_may_overflow::<f32>();
    sums_may_overflow::<f64>();
}
