//! f16 and bf16: computed in f32, and rounded once.

use half::{bf16, f16};

use crate::common::halves::{Half, f64s, logits, wrong};
use crate::common::{Number, Random, at_every_level, bits, none};
use slopes::activation::{LogSoftmax, RowActivation, Rows, Softmax};

/// A name, the function in two types, and a bound.
type Rowwise<'a, T> = (&'a str, &'a dyn RowActivation<T>, &'a dyn RowActivation<f64>, f64);

/// Against f64 over the widened numbers. Shares are computed in f32 to 2 ulp, whatever the row.
fn rows_round_once<T: Half>() {
    let mut random = Random(7);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for len in [1, 2, 7, 37, 300] {
            let (count, rows) = (len * (600 / len), Rows::contiguous(len));
            let x = logits::<T>(&mut random, count);
            let dy: Vec<T> = (0..count).map(|_| random.uniform(-2.0..=2.0)).collect();
            let (wide, wide_dy) = (f64s(&x), f64s(&dy));
            let (mut y, mut exact) = (vec![T::zero(); count], vec![0.0; count]);

            let kinds: [Rowwise<T>; 2] = [
                ("softmax", &Softmax::default(), &Softmax::default(), 0.0),
                // Documented: 2^-24 of the largest magnitude in the row, which is below 32.
                ("log_softmax", &LogSoftmax::default(), &LogSoftmax::default(), 32.0 * f32::unit()),
            ];
            for (name, f, oracle, floor) in kinds {
                let label = format!("{name} of {len} {level:?}");
                f.forward(&x, rows, &mut y);
                oracle.forward(&wide, rows, &mut exact);
                failures.extend(wrong(&label, &y, &exact, |_| floor));
                let mut in_place = x.clone();
                f.forward_in_place(&mut in_place, rows);
                assert!(in_place.iter().zip(&y).all(|(a, b)| bits(*a) == bits(*b)), "{label} in place");

                f.backward(&x, &dy, rows, &mut y);
                oracle.backward(&wide, &wide_dy, rows, &mut exact);
                // Differences of f32: dy is up to 2, the sum that is taken from it up to 2 (or, of a logarithm, the
                // row's), each off by some 2^-23 of itself.
                let largest = if name == "softmax" { 4.0 } else { 2.0 * len as f64 };
                failures.extend(wrong(&format!("{label} backward"), &y, &exact, |_| 4.0 * largest * f32::unit()));
            }
        }
    });
    none(&failures);
}

#[test]
fn rows_round_once_in_both_types() {
    rows_round_once::<f16>();
    rows_round_once::<bf16>();
}

/// The share of many infinities is rounded once, its logarithm and its gradient, too.
fn infinite_rows_round_once<T: Half>() {
    let mut random = Random(9);
    let mut failures = Vec::new();
    at_every_level(|level| {
        for count in 1..100 {
            let (len, rows) = (count + 1, Rows::contiguous(count + 1));
            let x: Vec<T> = (0..len).map(|i| if i == count / 2 { T::one() } else { T::infinity() }).collect();
            let dy: Vec<T> = x.iter().map(|_| random.uniform(-2.0..=2.0)).collect();
            let mut y = x.clone();
            let exact = |share: f64, none: f64| -> Vec<f64> {
                x.iter().map(|x| if x.is_infinite() { share } else { none }).collect()
            };
            let label = |what: &str| format!("{what} of {count} infinities {level:?}");
            let share = 1.0 / count as f64;
            Softmax::default().forward(&x, rows, &mut y);
            failures.extend(wrong(&label("softmax"), &y, &exact(share, 0.0), |_| 0.0));
            LogSoftmax::default().forward(&x, rows, &mut y);
            failures.extend(wrong(&label("log_softmax"), &y, &exact(share.ln(), f64::NEG_INFINITY), |_| 0.0));

            // Differences, as in `rows_round_once`.
            let taken: f64 =
                x.iter().zip(&dy).map(|(x, dy)| if x.is_infinite() { share * dy.into_f64() } else { 0.0 }).sum();
            let exact: Vec<f64> =
                exact(share, 0.0).iter().zip(&dy).map(|(y, dy)| y * (dy.into_f64() - taken)).collect();
            Softmax::default().backward(&x, &dy, rows, &mut y);
            failures.extend(wrong(&label("the gradient"), &y, &exact, |_| 16.0 * f32::unit()));
        }
    });
    none(&failures);
}

#[test]
fn infinite_rows_round_once_in_both_types() {
    infinite_rows_round_once::<f16>();
    infinite_rows_round_once::<bf16>();
}

/// A sum in f16 would stop at 2048, where 1 is half an ulp; one of rounded shares would be off by their rounding.
#[test]
fn softmax_of_a_million_sums_to_one() {
    at_every_level(|level| {
        let mut x = vec![f16::from_f32(-3.0); 1 << 20];
        Softmax::default().forward_in_place(&mut x, Rows::contiguous(1 << 20));
        let sum: f64 = x.iter().map(|x| x.to_f64()).sum();
        assert!((sum - 1.0).abs() < 1e-3, "{sum} at {level:?}");
    });
}
