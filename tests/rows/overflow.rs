//! Gradients of log-softmax and sparsemax where the sum of dy is beyond the largest number.

use crate::common::{Number, Random, at_every_level, bits};
use slopes::activation::{LogSoftmax, RowActivation, Rows, Sparsemax};

/// The gradient is linear in dy: it is that of dy / 2^100 times 2^100, to the bit.
fn sums_may_overflow<T: Number>() {
    let mut random = Random(41);
    let shapes: [&[usize]; 8] =
        [&[40, 3, 1], &[1, 10, 1], &[33, 10, 1], &[5, 200, 1], &[2, 2000, 1], &[3, 7, 5], &[2, 100, 70], &[1, 5, 100]];
    let (lower, raise) = (T::from_f64_rounded(2_f64.powi(-100)), T::from_f64_rounded(2_f64.powi(100)));
    let functions: [(&dyn RowActivation<T>, f64); 2] = [
        // Most entries have a share of 0 in f32, and some in f64.
        (&LogSoftmax::DEFAULT, 900.0),
        // All entries of short rows are in the support.
        (&Sparsemax, 0.05),
    ];
    at_every_level(|level| {
        for (shape, (f, width)) in shapes.into_iter().flat_map(|shape| functions.map(|f| (shape, f))) {
            let rows = Rows::along(shape, 1);
            let count: usize = shape.iter().product();
            let x: Vec<T> = (0..count).map(|_| random.uniform(-width..=0.0)).collect();
            let largest = T::max_value();
            let dy: Vec<T> = (0..count).map(|_| largest * random.uniform(0.6..=1.0)).collect();
            let lowered: Vec<T> = dy.iter().map(|dy| *dy * lower).collect();
            let (mut y, mut got, mut expected) = (x.clone(), x.clone(), x.clone());
            f.forward(&x, rows, &mut y);
            for from_output in [false, true] {
                if from_output {
                    f.backward_from_output(&y, &dy, rows, &mut got);
                    f.backward_from_output(&y, &lowered, rows, &mut expected);
                } else {
                    f.backward(&x, &dy, rows, &mut got);
                    f.backward(&x, &lowered, rows, &mut expected);
                }
                for (i, (got, expected)) in got.iter().zip(&expected).enumerate() {
                    let expected = *expected * raise;
                    assert!(
                        bits(*got) == bits(expected) && !got.is_nan(),
                        "{} {}: {i} of {shape:?}, from the output: {from_output}, {level:?}: {got}, not {expected}",
                        f.spec().name(),
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
