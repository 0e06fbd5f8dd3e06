//! Random slopes: their distribution, and that they depend on the seed and the place alone.

use crate::common::{Number, Random, at_every_level, bits, fix_level, panic_message, specials};
use slopes::activation::{Activation, RRelu};

const COUNT: usize = 1_000_000;
const SEEDS: [u64; 8] = [0, 1, 2, 3, 0x9e37_79b9_7f4a_7c15, 1 << 32, u64::MAX, 12345];

/// The slopes of the first numbers, as the kernel draws them, brought to [0, 1].
fn draws<T: Number>(seed: u64, first: u64) -> Vec<f64> {
    let mut slopes = vec![-T::one(); COUNT];
    RRelu::DEFAULT.training(seed).forward_in_place(&mut slopes, first);
    let [lower, upper] =
        [RRelu::DEFAULT.lower, RRelu::DEFAULT.upper].map(|bound| T::from_f64_rounded(bound).into_f64());
    slopes.iter().map(|y| (-y.into_f64() - lower) / (upper - lower)).collect()
}

/// Sums of so many products of independent numbers of variance 1 are within 5 standard deviations of 0 but for 1 in
/// 1.7 million, and the tests below look at some 200 of them.
#[track_caller]
fn uncorrelated(a: &[f64], b: &[f64], what: &str) {
    let products = a.iter().zip(b).map(|(a, b)| (a - 0.5) * (b - 0.5) * 12.0);
    let n = a.len().min(b.len()) as f64;
    let r = products.sum::<f64>() / n;
    assert!(r.abs() < 5.0 / n.sqrt(), "{what}: {r}");
}

fn draws_are_uniform<T: Number>() {
    let _fixed = fix_level();
    for seed in SEEDS {
        let mut u = draws::<T>(seed, 0);
        for lag in 1..=16 {
            uncorrelated(&u[lag..], &u, &format!("lag {lag} of seed {seed}"));
        }
        u.sort_by(f64::total_cmp);
        // Kolmogorov and Smirnov: D sqrt(n) exceeds 2.69 in 2 exp(-2 * 2.69^2) = 1 of a million samples.
        let steps = u.iter().enumerate().map(|(i, u)| {
            let (below, above) = (i as f64 / COUNT as f64, (i + 1) as f64 / COUNT as f64);
            (u - below).max(above - u)
        });
        let d = steps.fold(0.0, f64::max) * (COUNT as f64).sqrt();
        assert!(d < 2.69, "seed {seed} {}: {d}", T::NAME);
    }
}

#[test]
fn draws_are_uniform_in_f32() {
    draws_are_uniform::<f32>();
}

#[test]
fn draws_are_uniform_in_f64() {
    draws_are_uniform::<f64>();
}

#[test]
fn seeds_are_uncorrelated() {
    let _fixed = fix_level();
    let all = SEEDS.map(|seed| draws::<f64>(seed, 0));
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all[..i].iter().enumerate() {
            uncorrelated(a, b, &format!("seeds {} and {}", SEEDS[i], SEEDS[j]));
            uncorrelated(&a[1..], b, &format!("seeds {} and {}, one apart", SEEDS[i], SEEDS[j]));
            uncorrelated(a, &b[1..], &format!("seeds {} and {}, one apart", SEEDS[j], SEEDS[i]));
        }
    }
}

/// The oracle is the generator that the hash is the step of: SplitMix64, seeded by its own first number.
fn slopes_are_those_of_split_mix<T: Number>() {
    let (lower, upper) = (T::from_f64_rounded(0.125).into_f64(), T::from_f64_rounded(1.0 / 3.0).into_f64());
    at_every_level(|_| {
        for seed in SEEDS {
            let key = Random(seed).next();
            for index in [0, 1, 2, 1000, u64::MAX, 1 << 40] {
                let state = key.wrapping_add(index.wrapping_sub(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
                let u = (Random(state).next() >> 12) as f64 / (1u64 << 52) as f64;
                let slope = RRelu::DEFAULT.training(seed).slope_at::<T>(index);
                assert_eq!(
                    bits(slope),
                    bits(T::from_f64_rounded(lower + (upper - lower) * u)),
                    "seed {seed}, index {index}"
                );
            }
        }
    });
}

#[test]
fn slopes_are_those_of_split_mix_in_all_types() {
    slopes_are_those_of_split_mix::<f32>();
    slopes_are_those_of_split_mix::<f64>();
    slopes_are_those_of_split_mix::<half::f16>();
}

fn slopes_depend_on_the_place_alone<T: Number>() {
    const LEN: usize = 3000;
    const FIRST: u64 = u64::MAX - 1000;
    let mut random = Random(5);
    let mut x: Vec<T> = (0..LEN).map(|_| random.uniform(-1.0..=1.0)).collect();
    x.splice(..14, specials());
    let dy: Vec<T> = (0..LEN).map(|_| random.uniform(-1.0..=1.0)).collect();
    let training = RRelu::new(-0.5, 2.0).unwrap().training(77);
    let slope = |i: usize| training.slope_at::<T>(FIRST.wrapping_add(i as u64));
    at_every_level(|level| {
        // In one piece, and in pieces of random lengths.
        for longest in [LEN, 700, 9] {
            let (mut y, mut dx) = (vec![T::zero(); LEN], vec![T::zero(); LEN]);
            let (mut y_in_place, mut dx_in_place) = (x.clone(), dy.clone());
            let mut start = 0;
            while start < LEN {
                let end = LEN.min(start + if longest == LEN { LEN } else { 1 + random.next() as usize % longest });
                let (part, first) = (start..end, FIRST.wrapping_add(start as u64));
                training.forward_slice(&x[part.clone()], &mut y[part.clone()], first);
                training.backward_slice(&x[part.clone()], &dy[part.clone()], &mut dx[part.clone()], first);
                training.forward_in_place(&mut y_in_place[part.clone()], first);
                training.backward_in_place(&x[part.clone()], &mut dx_in_place[part], first);
                start = end;
            }
            for i in 0..LEN {
                let negative = x[i].is_sign_negative() && !x[i].is_nan();
                let value = if negative { x[i] * slope(i) } else { x[i] };
                // The slope at 0 is that of the left side.
                let derivative = if x[i] > T::zero() {
                    T::one()
                } else if x[i].is_nan() {
                    x[i]
                } else {
                    slope(i)
                };
                let place = format!("{} {} at {i}, {level:?}, pieces up to {longest}", x[i], T::NAME);
                assert_eq!(bits(y[i]), bits(value), "{place}");
                assert_eq!(bits(dx[i]), bits(dy[i] * derivative), "{place}");
                assert_eq!((bits(y_in_place[i]), bits(dx_in_place[i])), (bits(y[i]), bits(dx[i])), "{place}");
            }
        }
    });
}

#[test]
fn slopes_depend_on_the_place_alone_in_all_types() {
    slopes_depend_on_the_place_alone::<f32>();
    slopes_depend_on_the_place_alone::<f64>();
    slopes_depend_on_the_place_alone::<half::bf16>();
}

#[test]
fn slopes_are_between_the_bounds() {
    let _fixed = fix_level();
    for (lower, upper) in
        [(0.125, 1.0 / 3.0), (0.3, 0.3), (-0.1, 0.7), (1.0, 1.0_f64.next_up()), (0.1, 0.1_f64.next_up())]
    {
        let training = RRelu::new(lower, upper).unwrap().training(4);
        for index in 0..10_000 {
            let slope = training.slope_at::<f64>(index);
            assert!((lower..=upper).contains(&slope), "{lower} {upper}: {slope}");
            let slope = training.slope_at::<f32>(index);
            assert!((lower as f32..=upper as f32).contains(&slope), "{lower} {upper}: {slope}");
        }
    }
}

#[test]
fn evaluation_is_the_mean() {
    let _fixed = fix_level();
    let mean = RRelu::DEFAULT.derivative(-1.0_f64);
    assert_eq!(mean, (0.125 + 1.0 / 3.0) / 2.0);
    assert_eq!(RRelu::DEFAULT.forward(-3.0_f64), -3.0 * mean);
    assert_eq!(RRelu::new(-1e15, 1e15).unwrap().derivative(-1.0_f64), 0.0);
    let drawn = draws::<f64>(6, 0).iter().sum::<f64>() / COUNT as f64;
    // The standard deviation of a uniform number is 1 / sqrt(12).
    assert!((drawn - 0.5).abs() < 5.0 / (12.0 * COUNT as f64).sqrt(), "{drawn}");
}

#[test]
fn bad_bounds_are_refused() {
    let error = |lower, upper| RRelu::new(lower, upper).unwrap_err();
    assert_eq!(error(f64::NAN, 0.5).parameter, "lower");
    assert_eq!(error(0.1, f64::INFINITY).parameter, "upper");
    // The width of the distribution is finite.
    assert_eq!((error(-1e308, 1e308).parameter, error(0.0, 1e16).parameter), ("lower", "upper"));
    let message = error(0.5, 0.25).to_string();
    assert!(message.contains("0.25") && message.contains("upper"), "{message}");
    assert!(RRelu::new(0.5, 0.5).is_ok());
    let message = panic_message(|| RRelu::DEFAULT.training(0).forward_slice(&[0.0_f32; 2], &mut [0.0; 3], 0));
    assert!(message.contains("x has 2, y has 3"), "{message}");
    let message = panic_message(|| RRelu::DEFAULT.training(0).backward_in_place(&[0.0_f32; 2], &mut [0.0; 3], 0));
    assert!(message.contains("x has 2, dy has 3"), "{message}");
}
