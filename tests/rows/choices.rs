//! Sparsemax, hardmax and Gumbel-softmax.

use crate::common::{Exact, Random, all_bits, at_every_level, narrow};
use crate::softmax::row_numbers;
use half::{bf16, f16};
use slopes::Element;
use slopes::activation::{GumbelSoftmax, Hardmax, RowActivation, Rows, Softmax, Sparsemax};

pub fn functions<T: Element>() -> [(&'static str, Box<dyn RowActivation<T>>); 2] {
    [("sparsemax", Box::new(Sparsemax)), ("hardmax", Box::new(Hardmax))]
}

/// The nearest point of the simplex, by sorting (M. Held, P. Wolfe, H. Crowder, 1974).
fn projection(x: &[f64]) -> Vec<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    // Shifted, so that large numbers leave room for the 1.
    let (top, mut sum, mut tau) = (sorted[0], 0.0, 0.0);
    for (k, x) in sorted.iter().enumerate() {
        sum += x - top;
        let threshold = (sum - 1.0) / (k + 1) as f64;
        if x - top > threshold {
            tau = threshold;
        }
    }
    x.iter().map(|x| (x - top - tau).max(0.0)).collect()
}

#[test]
fn sparsemax_is_the_projection() {
    let mut random = Random(28);
    at_every_level(|level| {
        for len in (1..40).chain([100, 257, 3000]) {
            for (spread, offset) in [(0.1, 0.0), (2.0, 0.0), (0.001, 5.0), (1.0, 1e6), (20.0, -3.0)] {
                let x: Vec<f32> = (0..len).map(|_| offset as f32 + random.uniform::<f32>(-spread..=spread)).collect();
                let wide: Vec<f64> = x.iter().map(|x| f64::from(*x)).collect();
                let (rows, mut y) = (Rows::contiguous(len), x.clone());
                Sparsemax.forward(&x, rows, &mut y);
                for ((x, y), exact) in x.iter().zip(&y).zip(projection(&wide)) {
                    // Both sums are off by some 3000 units of f64, of numbers up to 1.
                    let distance = Exact::from(exact).distance(*y);
                    assert!(
                        distance.is_within(1.0, 6000.0 * f64::EPSILON),
                        "{y} for {x} of {len} at {level:?}: {exact}"
                    );
                }
                let mut y = wide.clone();
                Sparsemax.forward_in_place(&mut y, rows);
                for (y, exact) in y.iter().zip(projection(&wide)) {
                    assert!((y - exact).abs() <= 6000.0 * f64::EPSILON, "{y} of {len} at {level:?}: {exact}");
                }
                // Of a projection on a face, the derivative is that of the projection on its plane.
                let dy: Vec<f64> = row_numbers(&mut random, len, false);
                let (mut dx, mut dx_of_y) = (wide.clone(), wide.clone());
                Sparsemax.backward(&wide, &dy, rows, &mut dx);
                Sparsemax.backward_from_output(&y, &dy, rows, &mut dx_of_y);
                let chosen: Vec<usize> = (0..len).filter(|&i| y[i] > 0.0).collect();
                let mean = chosen.iter().map(|&i| dy[i]).sum::<f64>() / chosen.len() as f64;
                for i in 0..len {
                    let wanted = if y[i] > 0.0 { dy[i] - mean } else { 0.0 };
                    assert!(
                        (dx[i] - wanted).abs() <= 6000.0 * f64::EPSILON * 20.0 && dx[i] == dx_of_y[i],
                        "{i} of {len}"
                    );
                }
            }
        }
    });
}

fn choices_follow_the_contract<T: Element>() {
    let (inf, nan, one) = (f64::INFINITY, f64::NAN, 1.0);
    // (row, sparsemax, hardmax)
    let cases = [
        (vec![0.5, 0.5, -9.0], vec![0.5, 0.5, 0.0], vec![one, 0.0, 0.0]),
        (vec![-inf, 2.0, 0.0], vec![0.0, 1.0, 0.0], vec![0.0, one, 0.0]),
        (vec![inf, 2.0, inf], vec![0.5, 0.0, 0.5], vec![one, 0.0, 0.0]),
        (vec![-inf, -inf], vec![0.0, 0.0], vec![0.0, 0.0]),
        (vec![nan, 1.0, 0.0], vec![nan; 3], vec![nan; 3]),
        (vec![nan, inf], vec![nan; 2], vec![nan; 2]),
        (vec![nan], vec![nan], vec![nan]),
        (vec![3e4, -3e4], vec![1.0, 0.0], vec![one, 0.0]),
        (vec![-7.0], vec![1.0], vec![one]),
        (vec![-0.0, 0.0], vec![0.5, 0.5], vec![one, 0.0]),
    ];
    at_every_level(|level| {
        for (row, sparse, hard) in &cases {
            let (x, rows): (Vec<T>, _) = (narrow(row), Rows::contiguous(row.len()));
            let mut y = x.clone();
            Sparsemax.forward(&x, rows, &mut y);
            assert_eq!(all_bits(&y), all_bits(&narrow::<T>(sparse)), "sparsemax of {row:?} at {level:?}");
            Hardmax.forward(&x, rows, &mut y);
            assert_eq!(all_bits(&y), all_bits(&narrow::<T>(hard)), "hardmax of {row:?} at {level:?}");
            let dy = vec![T::one(); x.len()];
            Hardmax.backward(&x, &dy, rows, &mut y);
            assert!(y.iter().all(|dx| dx.is_zero()));
            // The columns of a matrix of two equal rows are what rows of two equal numbers are.
            let (twice, columns) = (x.repeat(2), Rows::along(&[2, x.len()], 0));
            let mut y = twice.clone();
            Hardmax.forward(&twice, columns, &mut y);
            let first = |x: &T| {
                if x.is_nan() {
                    T::nan()
                } else if *x == T::neg_infinity() {
                    T::zero()
                } else {
                    T::one()
                }
            };
            assert_eq!(
                all_bits(&y[..x.len()]),
                all_bits(&x.iter().map(first).collect::<Vec<T>>()),
                "{row:?} at {level:?}"
            );
        }
    });
}

#[test]
fn choices_follow_the_contract_in_all_types() {
    choices_follow_the_contract::<f32>();
    choices_follow_the_contract::<f64>();
    choices_follow_the_contract::<f16>();
    choices_follow_the_contract::<bf16>();
}

/// Classes are drawn with the probabilities of the softmax.
#[test]
fn gumbel_draws_the_softmax() {
    const DRAWS: usize = 20_000;
    let x = [0.5_f32, -1.0, f32::NEG_INFINITY, 2.0, 0.0];
    let mut shares = x;
    Softmax::DEFAULT.forward_in_place(&mut shares, Rows::contiguous(5));
    at_every_level(|level| {
        let all = x.repeat(DRAWS);
        let (rows, mut y) = (Rows::contiguous(5), all.clone());
        let gumbel = GumbelSoftmax::new(11).with_hard(true);
        gumbel.forward(&all, rows, &mut y, 0);
        for (class, share) in shares.iter().enumerate() {
            let drawn: f32 = y.iter().skip(class).step_by(5).sum();
            let (expected, count) = (f64::from(*share) * DRAWS as f64, f64::from(drawn));
            // Five standard deviations: once in 1.7 million draws of the seed.
            let deviation = (expected * (1.0 - f64::from(*share))).sqrt();
            assert!((count - expected).abs() <= 5.0 * deviation, "{class} at {level:?}: {count}, not {expected}");
        }
        // The hard output is the largest of the soft one; chunks and places change no bit.
        let (soft, mut z, mut chunk) = (gumbel.with_hard(false), all.clone(), vec![0.0; 50]);
        soft.forward(&all, rows, &mut z, 0);
        for (hard, soft) in y.chunks(5).zip(z.chunks(5)) {
            let largest = soft.iter().copied().fold(0.0, f32::max);
            assert!((0..5).all(|i| (hard[i] == 1.0) <= (soft[i] == largest)), "{hard:?}, {soft:?}");
        }
        for first in [100, 1000] {
            let part = first..first + 50;
            soft.forward(&all[part.clone()], rows, &mut chunk, first as u64);
            assert_eq!(all_bits(&chunk), all_bits(&z[part]));
        }
        let other = GumbelSoftmax::new(12);
        other.forward(&all[100..150], rows, &mut chunk, 100);
        assert_ne!(all_bits(&chunk), all_bits(&z[100..150]));
        // The way back is that of the softmax of what was drawn.
        let dy: Vec<f32> = (0..50).map(|i| (i % 7) as f32 - 3.0).collect();
        let (mut dx, mut wanted) = (vec![0.0; 50], vec![0.0; 50]);
        gumbel.backward(&all[100..150], &dy, rows, &mut dx, 100);
        Softmax::DEFAULT.backward_from_output(&z[100..150], &dy, rows, &mut wanted);
        assert_eq!(all_bits(&dx), all_bits(&wanted));
    });
    assert!(GumbelSoftmax::new(1).with_temperature(0.0).is_err());
}
