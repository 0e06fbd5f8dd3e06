//! Masks of softmax, softmin and log-softmax.

use crate::common::{Random, all_bits, at_every_level, fix_level, panic_message};
use crate::softmax::row_numbers;
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{LogSoftmax, Mask, RowActivation, Rows, Softmax, Softmin};

fn masks_select<T: Element>() {
    let mut random = Random(23);
    let (inf, nan) = (T::infinity(), T::nan());
    at_every_level(|level| {
        for (shape, axis) in [(vec![6, 5], 1), (vec![4, 40], 1), (vec![2, 700], 1), (vec![5, 9], 0), (vec![2, 3, 4], 1)]
        {
            let (count, rows): (usize, _) = (shape.iter().product(), Rows::along(&shape, axis));
            let x: Vec<T> = row_numbers(&mut random, 2 * count, false);
            let keep: Vec<bool> = (0..count).map(|_| random.uniform::<f64>(0.0..=1.0) < 0.6).collect();
            // A second array, to which the same mask belongs.
            let kept = |i: usize| keep[i % count];
            let hidden: Vec<T> = (0..2 * count).map(|i| if kept(i) { x[i] } else { -inf }).collect();
            let garbage: Vec<T> = (0..2 * count).map(|i| if kept(i) { x[i] } else { [nan, inf][i % 2] }).collect();
            let add: Vec<T> = (0..count).map(|i| if kept(i) { T::zero() } else { -inf }).collect();
            let place = format!("{shape:?} {axis} at {level:?}");
            let (mut wanted, mut got, mut dx) = (x.clone(), x.clone(), x.clone());
            for mask in [Mask::Boolean(&keep), Mask::Additive(&add)] {
                Softmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                Softmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                assert_eq!(all_bits(&got), all_bits(&wanted), "softmax of {place}");
                // What is masked passes nothing on, whatever comes back there.
                let dy: Vec<T> = (0..2 * count).map(|i| if kept(i) { T::one() } else { nan }).collect();
                Softmax::DEFAULT.backward_from_output(&got, &dy, rows, &mut dx);
                assert!((0..2 * count).all(|i| if kept(i) { dx[i].is_finite() } else { dx[i].is_zero() }), "{place}");
                LogSoftmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                LogSoftmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                assert_eq!(all_bits(&got), all_bits(&wanted), "log_softmax of {place}");
                Softmin::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                Softmin::DEFAULT.forward(
                    &(0..2 * count).map(|i| if kept(i) { x[i] } else { inf }).collect::<Vec<T>>(),
                    rows,
                    &mut wanted,
                );
                assert_eq!(all_bits(&got), all_bits(&wanted), "softmin of {place}");
            }
        }
        // Row r of each matrix of 3 sees r + 1 entries, or r + 2 of them.
        for offset in [0, 1, 2, 9] {
            let (len, rows) = (4, Rows::contiguous(4));
            let x: Vec<T> = row_numbers(&mut random, 6 * len, false);
            let seen = |i: usize| i % len < i / len % 3 + offset;
            let hidden: Vec<T> = (0..x.len()).map(|i| if seen(i) { x[i] } else { -inf }).collect();
            let garbage: Vec<T> = (0..x.len()).map(|i| if seen(i) { x[i] } else { nan }).collect();
            let (mut wanted, mut got) = (x.clone(), x.clone());
            for f in [0, 1] {
                let mask = Mask::Causal { queries: 3, offset };
                if f == 0 {
                    Softmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                    Softmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                } else {
                    LogSoftmax::DEFAULT.forward(&hidden, rows, &mut wanted);
                    LogSoftmax::DEFAULT.forward_masked(&garbage, mask, rows, &mut got);
                }
                assert_eq!(all_bits(&got), all_bits(&wanted), "{offset} at {level:?}");
            }
        }
    });
}

#[test]
fn masks_select_in_all_types() {
    masks_select::<f32>();
    masks_select::<f64>();
    masks_select::<f16>();
    masks_select::<bf16>();
}

/// An additive mask is added to x / t, as attention adds a bias to its scaled scores, not to x.
fn masks_are_added_after_the_temperature<T: Element>() {
    // x / 2 plus the mask is 1 everywhere.
    let of = |numbers: [f64; 4]| numbers.map(T::from_f64_rounded);
    let by_rows = (Rows::contiguous(2), of([0.0, 4.0, 0.0, 4.0]), of([1.0, -1.0, 1.0, -1.0]));
    let by_columns = (Rows::along(&[2, 2], 0), of([0.0, 0.0, 4.0, 4.0]), of([1.0, 1.0, -1.0, -1.0]));
    at_every_level(|level| {
        for (rows, x, add) in [by_rows, by_columns] {
            let mut y = [T::nan(); 4];
            let mask = Mask::Additive(&add);
            Softmax::new().with_temperature(2.0).unwrap().forward_masked(&x, mask, rows, &mut y);
            assert!(y == of([0.5; 4]), "{level:?}: {y:?}");
            LogSoftmax::new().with_temperature(2.0).unwrap().forward_masked(&x, mask, rows, &mut y);
            assert!(y == of([0.5_f64.ln(); 4]), "{level:?}: {y:?}");
            Softmin::new().with_temperature(2.0).unwrap().forward_masked(&x.map(|x| -x), mask, rows, &mut y);
            assert!(y == of([0.5; 4]), "{level:?}: {y:?}");
        }
    });
}

#[test]
fn masks_are_added_after_the_temperature_in_all_types() {
    masks_are_added_after_the_temperature::<f32>();
    masks_are_added_after_the_temperature::<f64>();
    masks_are_added_after_the_temperature::<f16>();
    masks_are_added_after_the_temperature::<bf16>();
}

/// Beside an infinite entry, the others have a log-softmax of -inf, whose gradient is 0, from the input and the output.
#[test]
fn log_softmax_beside_infinities_has_no_gradient() {
    let (inf, dy) = (f64::INFINITY, [1.0, 2.0, 4.0]);
    at_every_level(|level| {
        for (x, dx) in [([inf, 1.0, -inf], [-6.0, 0.0, 0.0]), ([inf, inf, 0.5], [-2.5, -1.5, 0.0])] {
            let (mut got, mut y, mut in_columns) = ([7.0; 3], [7.0; 3], [7.0; 6]);
            LogSoftmax::DEFAULT.backward(&x, &dy, Rows::contiguous(3), &mut got);
            assert_eq!(got, dx, "{x:?} at {level:?}");
            LogSoftmax::DEFAULT.forward(&x, Rows::contiguous(3), &mut y);
            LogSoftmax::DEFAULT.backward_from_output(&y, &dy, Rows::contiguous(3), &mut got);
            assert!(got.iter().zip(dx).all(|(got, dx)| (got - dx).abs() < 1e-15), "{y:?} at {level:?}: {got:?}");
            let twice = |row: [f64; 3]| -> Vec<f64> { row.into_iter().flat_map(|x| [x, x]).collect() };
            LogSoftmax::DEFAULT.backward(&twice(x), &twice(dy), Rows::along(&[3, 2], 0), &mut in_columns);
            assert_eq!(in_columns[..], twice(dx), "{x:?} at {level:?}");
        }
    });
}

#[test]
fn masks_that_do_not_fit_are_refused() {
    let _fixed = fix_level();
    let (x, rows, mut y) = ([0.5_f32; 12], Rows::contiguous(4), [7.0; 12]);
    let keep = [true; 12];
    let messages = [
        (panic_message(|| Softmax::DEFAULT.forward_masked(&x, Mask::Boolean(&keep[..8]), rows, &mut y)), "length 12"),
        (panic_message(|| Softmax::DEFAULT.forward_masked(&x, Mask::Boolean(&keep[..6]), rows, &mut y)), "length 6"),
        (panic_message(|| Softmax::DEFAULT.forward_masked(&x, Mask::Additive(&x[..5]), rows, &mut y)), "length 5"),
        (panic_message(|| Softmax::DEFAULT.forward_masked(&x, Mask::Additive(&[]), rows, &mut y)), "mask length 0"),
        (
            panic_message(|| Softmax::DEFAULT.forward_masked(&x, Mask::Causal { queries: 0, offset: 1 }, rows, &mut y)),
            "1 query",
        ),
        (
            panic_message(|| {
                _ = Rows::along(&[3, 4], 2);
            }),
            "axis 2",
        ),
    ];
    for (message, part) in messages {
        assert!(message.contains(part), "{message}");
    }
    assert_eq!(y, [7.0; 12], "nothing is written");
}
