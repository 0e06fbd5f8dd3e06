//! Batches of rows against their rows, and gradients of saturated rows.

use super::softmax::{functions, row_numbers};
use crate::common::{Random, all_bits, at_every_level};
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{RowActivation, Rows, Softmax};

/// A row has the same bits alone and in a batch, which goes side by side or in groups, whatever the count of rows.
fn batches_are_their_rows<T: Element>() {
    let mut random = Random(31);
    at_every_level(|level| {
        for (len, (name, f)) in
            (1..=40).chain([64, 100]).flat_map(|len| functions::<T>().into_iter().map(move |f| (len, f)))
        {
            for count in [2, 5, 16, 31, 33] {
                let x: Vec<T> = row_numbers(&mut random, len * count, true);
                let dy: Vec<T> = row_numbers(&mut random, len * count, false);
                let rows = Rows::contiguous(len);
                let (mut y, mut from_x, mut from_y) = (x.clone(), x.clone(), x.clone());
                f.forward(&x, rows, &mut y);
                f.backward(&x, &dy, rows, &mut from_x);
                f.backward_from_output(&y, &dy, rows, &mut from_y);
                for at in (0..count).map(|row| row * len..(row + 1) * len) {
                    let (x, dy) = (&x[at.clone()], &dy[at.clone()]);
                    let mut one = x.to_vec();
                    f.forward(x, rows, &mut one);
                    let place =
                        format!("{name} of {count} rows of {len}, {} at {level:?}", core::any::type_name::<T>());
                    assert_eq!(all_bits(&one), all_bits(&y[at.clone()]), "{place}");
                    let output = one.clone();
                    f.backward(x, dy, rows, &mut one);
                    assert_eq!(all_bits(&one), all_bits(&from_x[at.clone()]), "the gradient of {place}");
                    f.backward_from_output(&output, dy, rows, &mut one);
                    assert_eq!(all_bits(&one), all_bits(&from_y[at]), "the gradient from the output of {place}");
                }
            }
        }
    });
}

#[test]
fn batches_are_their_rows_in_all_types() {
    batches_are_their_rows::<f32>();
    batches_are_their_rows::<f64>();
    batches_are_their_rows::<f16>();
    batches_are_their_rows::<bf16>();
}

/// Two entries whose gradients are opposite, one of them nearly 1: y1 y2 (dy1 - dy2), by mpmath with 50 digits.
#[test]
fn gradients_of_saturated_rows_are_relatively_accurate() {
    at_every_level(|level| {
        for (z, exact) in [
            (12.0_f64, 6.144_136_851_333_175e-6),
            (30.0, 9.357_622_968_838_423e-14),
            (80.0, 1.804_851_387_845_415_2e-35),
        ] {
            let (x, dy) = ([z, 0.0], [3.0, 2.0]);
            let (mut y, mut dx) = ([0.0; 2], [0.0; 2]);
            Softmax::DEFAULT.forward(&x, Rows::contiguous(2), &mut y);
            let check = |dx: [f64; 2]| {
                // 17 units of 2^-53, of y (d + <y, d>), which is at most twice the gradient.
                assert!((dx[0] / exact - 1.0).abs() <= 4e-15, "{dx:?} at {level:?}");
                assert!((dx[1] / exact + 1.0).abs() <= 4e-15, "{dx:?} at {level:?}");
            };
            Softmax::DEFAULT.backward(&x, &dy, Rows::contiguous(2), &mut dx);
            check(dx);
            Softmax::DEFAULT.backward_from_output(&y, &dy, Rows::contiguous(2), &mut dx);
            check(dx);
        }
        // The difference of two numbers may overflow, and what is infinite is not subtracted.
        let mut dx = [0.0_f32; 2];
        Softmax::DEFAULT.backward(&[20.0, 0.0], &[f32::MAX, f32::MIN], Rows::contiguous(2), &mut dx);
        assert!(dx[0] > 0.0 && dx[1] == -dx[0] && dx[0].is_finite(), "{dx:?} at {level:?}");
    });
}
