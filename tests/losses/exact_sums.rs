//! Exact sums, of numbers and of losses.

use crate::cases::{all, samples};
use crate::common::{Number, Random, at_every_level, bits, cases, fix_level, ldexp, specials};
use slopes::loss::{Loss, Weighted};
use slopes::{Element, ExactSum, Real};

/// The sum of the numbers, one by one.
fn one_by_one<R: Real>(numbers: &[R]) -> ExactSum<R> {
    let mut sum = ExactSum::new();
    numbers.iter().for_each(|x| sum.add(*x));
    sum
}

fn of_slice<T: Element>(numbers: &[T]) -> ExactSum<T::Real> {
    let mut sum = ExactSum::new();
    sum.add_slice(numbers);
    sum
}

/// Sums of numbers whose exponents are near are whole numbers of 128 bits, which the language rounds to f64 once.
fn sums_are_those_of_whole_numbers<R: Real + Number>() {
    let mut random = Random(31);
    let digits = R::BITS + 1;
    for _ in 0..cases(3000) {
        let least = R::MIN_EXPONENT - R::BITS;
        // Numbers of all digits, times 2 to 0..40, times 2^at: none is above the largest.
        let at = least + (random.next() % (R::MAX_EXPONENT - digits - 40 - least) as u64) as i32;
        let mut whole = 0_i128;
        let numbers: Vec<R> = (0..1 + random.next() % 50)
            .map(|_| {
                let significand = (random.next() >> (64 - digits)) as i64 * if random.next() & 1 == 0 { 1 } else { -1 };
                let up = random.next() % 40;
                whole += i128::from(significand) << up;
                R::from_f64_rounded(ldexp(significand as f64, up as i32 + at))
            })
            .collect();
        // Subnormal results have no digits to round.
        let expected = ldexp(whole as f64, at);
        let got = one_by_one(&numbers).value();
        assert_eq!(got.to_bits(), (expected + 0.0).to_bits(), "{numbers:?}: {got:e}, not {expected:e}");
    }
}

#[test]
fn sums_are_those_of_whole_numbers_in_both_types() {
    sums_are_those_of_whole_numbers::<f32>();
    sums_are_those_of_whole_numbers::<f64>();
}

/// Ties of the rounding to f64, and what decides them far below.
#[test]
fn ties_are_decided_by_all_digits() {
    let (one, ulp) = (1.0, f64::EPSILON);
    for far in [2_f64.powi(-60), 2_f64.powi(-1000), f64::from_bits(1)] {
        for (terms, expected) in [
            (vec![one, ulp / 2.0], one),
            (vec![one, ulp / 2.0, far], one + ulp),
            (vec![one, ulp / 2.0, -far], one),
            (vec![one + ulp, ulp / 2.0], one + 2.0 * ulp),
            (vec![one + ulp, ulp / 2.0, -far], one + ulp),
            (vec![-one, -ulp / 2.0, -far], -one - ulp),
            (vec![f64::MAX, f64::MAX, -f64::MAX, far], f64::MAX),
            // Half of the last place above the largest number, which would be rounded up, less something.
            (vec![f64::MAX, 2_f64.powi(970)], f64::INFINITY),
            (vec![f64::MAX, 2_f64.powi(970), -far], f64::MAX),
            (vec![-f64::MAX, -f64::MAX], f64::NEG_INFINITY),
            (vec![far, -far], 0.0),
        ] {
            let got = one_by_one(&terms).value();
            assert_eq!(got.to_bits(), expected.to_bits(), "{terms:?}: {got:e}, not {expected:e}");
        }
    }
}

/// A slice adds what its numbers add, whatever their magnitudes, the length and the place in memory.
fn slices_agree_with_numbers<T: Number>() {
    let mut random = Random(32);
    let wide: Vec<T> = (0..5000).map(|_| random.magnitude()).collect();
    let near: Vec<T> = (0..5000).map(|_| random.uniform(-1.0..=1.0)).collect();
    let largest: Vec<T> = (0..5000).map(|i| if i % 2 == 0 { T::max_value() } else { random.magnitude() }).collect();
    let least: Vec<T> =
        (0..5000).map(|i| random.uniform::<T>(-64.0..=64.0).round() * specials::<T>()[4 + i % 2]).collect();
    assert!(least.iter().any(|x| *x != T::zero()) && least.iter().all(|x| !x.is_normal()));
    let squares: Vec<T> = near.iter().map(|x| *x * *x).collect();
    at_every_level(|level| {
        for numbers in [&wide, &near, &largest, &least, &squares] {
            for len in (0..70).chain([127, 1000, 1023, 1024, 1025, 1031, 2048, 4999]) {
                let part = &numbers[len % 19 % (numbers.len() - len)..][..len];
                let real: Vec<T::Real> = part.iter().map(|x| T::Real::from_f64_rounded(x.into_f64())).collect();
                let (got, expected) = (of_slice(part), one_by_one(&real));
                assert!(got == expected, "{len} of {} at {level:?}: {got:?}, not {expected:?}", T::NAME);
            }
        }
        // One number that is not finite, anywhere.
        for special in [T::infinity(), T::neg_infinity(), T::nan()] {
            for len in [1, 7, 8, 31, 33, 1024] {
                for i in (0..len).step_by(1 + len / 40) {
                    let mut numbers = near[..len].to_vec();
                    numbers[i] = special;
                    let (got, special) = (of_slice(&numbers).value(), special.into_f64());
                    assert!(bits(got) == bits(special) || got.is_nan() && special.is_nan(), "{got} for {special}");
                }
            }
        }
    });
}

#[test]
fn slices_agree_with_numbers_in_every_type() {
    slices_agree_with_numbers::<f32>();
    slices_agree_with_numbers::<f64>();
    #[cfg(feature = "half")]
    slices_agree_with_numbers::<half::f16>();
    #[cfg(feature = "half")]
    slices_agree_with_numbers::<half::bf16>();
}

/// Any order and any parts; what is subtracted again leaves the rest.
fn order_does_not_matter<R: Real + Number>() {
    let mut random = Random(33);
    for len in [2, 100, 3000] {
        let mut numbers: Vec<R> = (0..len).map(|_| random.magnitude()).collect();
        let sum = of_slice(&numbers);
        for i in (1..len).rev() {
            numbers.swap(i, (random.next() % (i as u64 + 1)) as usize);
        }
        let cut = (random.next() % len as u64) as usize;
        let mut parts = of_slice(&numbers[cut..]);
        parts.merge(&one_by_one(&numbers[..cut]));
        assert!(parts == sum && ExactSum::from_words(parts.words()) == Some(sum));
        numbers[cut..].iter().for_each(|x| parts.add(-*x));
        assert!(parts == of_slice(&numbers[..cut]));
        numbers[..cut].iter().for_each(|x| parts.add(-*x));
        assert!(parts == ExactSum::new());
    }
    let mut infinite = one_by_one(&[R::infinity()]);
    infinite.merge(&one_by_one(&[R::one()]));
    assert_eq!(infinite.value(), f64::INFINITY);
    infinite.merge(&one_by_one(&[R::neg_infinity()]));
    assert!(infinite.value().is_nan());
    let words = infinite.words().to_vec();
    assert!(ExactSum::<R>::from_words(&words[1..]).is_none() && ExactSum::<R>::from_words(&[8; 11]).is_none());
}

#[test]
fn order_does_not_matter_in_both_types() {
    order_does_not_matter::<f32>();
    order_does_not_matter::<f64>();
}

/// The same bits in every rounding mode.
#[cfg(target_arch = "x86_64")]
#[test]
fn rounding_modes_do_not_matter() {
    fn check<R: Real + Number>() {
        let mut random = Random(34);
        let wide: Vec<R> = (0..3000).map(|_| random.magnitude()).collect();
        let near: Vec<R> = (0..3000).map(|_| random.uniform(-1.0..=1.0)).collect();
        crate::common::environment::agrees_in_rounding_modes(|| [&wide, &near].map(|x| of_slice(x).value().to_bits()));
    }
    check::<f32>();
    check::<f64>();
}

/// The exact sum of losses is that of the numbers that `forward_slice` writes.
fn losses_are_summed_exactly<T: Real + Number>() {
    let _fixed = fix_level();
    let mut random = Random(35);
    for loss in all::<T>() {
        let count = 2500;
        let prediction: Vec<T> = (0..count).map(|_| random.uniform(-9.0..=9.0)).collect();
        let shares: Vec<T> = (0..count).map(|_| random.uniform(0.0..=1.0)).collect();
        let (prediction, target) = samples(loss.spec(), &prediction, &shares);
        let weights: Vec<f64> = (0..count).map(|i| (i % 7) as f64).collect();
        let name = loss.spec().name();
        let mut losses = vec![T::zero(); count];
        loss.forward_slice(&prediction, &target, &mut losses);
        let sum = loss.exact_sum(&prediction, &target);
        assert!(sum == of_slice(&losses), "{name}: {sum:?}");
        // Through a pointer to a pointer.
        let by_pointer = Loss::<T>::exact_sum(&&loss, &prediction[1000..], &target[1000..]);
        let mut parts = loss.exact_sum(&prediction[..1000], &target[..1000]);
        parts.merge(&by_pointer);
        assert!(parts == sum, "{name} in parts: {parts:?}, not {sum:?}");
        let weighted = Weighted::new(loss, &weights);
        Loss::<T>::forward_slice(&weighted, &prediction, &target, &mut losses);
        let sum = Loss::<T>::exact_sum(&weighted, &prediction, &target);
        assert!(sum == of_slice(&losses), "{name} with weights: {sum:?}");
        let by_pointer: &dyn Loss<T> = &weighted;
        assert!(by_pointer.exact_sum(&prediction, &target) == sum, "{name} with weights, by a pointer");
    }
}

#[test]
fn losses_are_summed_exactly_in_both_types() {
    losses_are_summed_exactly::<f32>();
    losses_are_summed_exactly::<f64>();
}
