//! Exact sums of f32, for machines without f64.
//!
//! Every f32 is a whole multiple of 2^-149 below 2^128. So a whole number of 320 bits holds the sum of up to 2^42 of them
//! exactly, whatever cancels or overflows on the way, and an addition is a shift and two or three additions of words. The
//! result is rounded once, to whatever precision is asked for.

use crate::convert::widened;
use crate::math::pair::HiLo;

const WORDS: usize = 10;

/// The sum so far.
#[derive(Clone, Copy)]
pub(crate) struct ExactSum {
    /// The sum of the finite terms times 2^149, in two's complement, the lowest word first.
    words: [u32; WORDS],
    /// The sum of the terms that are infinite or NaN; else 0.
    special: f32,
}

impl ExactSum {
    pub(crate) const ZERO: Self = ExactSum { words: [0; WORDS], special: 0.0 };

    /// Adds a number.
    #[inline(never)]
    pub(crate) fn add(&mut self, x: f32) {
        let bits = x.to_bits();
        let (exponent, fraction) = (bits >> 23 & 255, bits & 0x7f_ffff);
        if exponent == 255 {
            self.special += x;
            return;
        }
        // Subnormal numbers have the exponent of the least normal ones.
        let significand = if exponent == 0 { fraction } else { fraction | 0x80_0000 };
        let shift = exponent.saturating_sub(1);
        let parts = u64::from(significand) << (shift % 32);
        let first = (shift / 32) as usize;
        // A negative number is added as its complement: every word is inverted, and 1 is added.
        let flip = if bits >> 31 == 1 { u32::MAX } else { 0 };
        let mut carry = flip & 1;
        for (i, word) in self.words.iter_mut().enumerate() {
            let part = match i.wrapping_sub(first) {
                0 => parts as u32,
                1 => (parts >> 32) as u32,
                _ => 0,
            };
            let (sum, over) = word.overflowing_add(part ^ flip);
            let (sum, over_again) = sum.overflowing_add(carry);
            (*word, carry) = (sum, u32::from(over | over_again));
        }
    }

    /// The sum rounded to f32, or infinite.
    fn rounded(&self) -> f32 {
        let (negative, significand, exponent) = self.parts::<24>();
        // The significand has a bit above the fraction if the number is normal, which adds 1 to the exponent; and from
        // 2^24 on the exponent is one more.
        let bits = (exponent << 23).saturating_add(significand as u32).min(f32::INFINITY.to_bits());
        f32::from_bits(bits | u32::from(negative) << 31)
    }

    /// The sum as two f32, the second what the first lacks, rounded; or as an infinity or NaN.
    pub(crate) fn pair(&self) -> HiLo<f32> {
        if self.special != 0.0 {
            return HiLo { high: self.special, low: 0.0 };
        }
        let high = self.rounded();
        let mut rest = *self;
        rest.add(-high);
        // An infinite high part has no low one.
        HiLo { high, low: if rest.special == 0.0 { rest.rounded() } else { 0.0 } }
    }

    /// The sum rounded to f64.
    pub(crate) fn into_f64(self) -> f64 {
        if self.special != 0.0 {
            return widened(self.special);
        }
        let (negative, significand, exponent) = self.parts::<53>();
        if significand == 0 {
            return 0.0;
        }
        // A subnormal number of f32 is a normal one of f64: shifted so that its first bit is the one above the fraction.
        let up = significand.leading_zeros().saturating_sub(11);
        // Exponent 0 is that of 2^-149 times a whole number of 53 bits.
        let biased = u64::from(exponent + 1023 + 52 - 149) - u64::from(up);
        let bits = ((biased - 1) << 52) + (significand << up);
        f64::from_bits(bits | u64::from(negative) << 63)
    }

    /// The sign, and the magnitude as `significand` 2^`exponent`, in units of 2^-149: the first `BITS` bits of the sum,
    /// rounded to nearest, ties to even, perhaps up to 2^`BITS`. The exponent is 0 if there are no more bits than that.
    fn parts<const BITS: usize>(&self) -> (bool, u64, u32) {
        let negative = self.words[WORDS - 1] >> 31 == 1;
        let mut words = self.words;
        if negative {
            let mut carry = 1;
            for word in &mut words {
                let (inverse, over) = (!*word).overflowing_add(carry);
                (*word, carry) = (inverse, u32::from(over));
            }
        }
        let bit = |i: usize| words[i / 32] >> (i % 32) & 1 == 1;
        let Some(last) = (0..32 * WORDS).rev().find(|i| bit(*i)) else { return (false, 0, 0) };
        let first = (last + 1).saturating_sub(BITS);
        let mut significand = 0_u64;
        for i in (first..=last).rev() {
            significand = significand << 1 | u64::from(bit(i));
        }
        if first > 0 && bit(first - 1) && (significand & 1 == 1 || (0..first - 1).any(bit)) {
            significand += 1;
        }
        (negative, significand, first as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::ExactSum;

    fn sum(terms: &[f32]) -> ExactSum {
        let mut sum = ExactSum::ZERO;
        terms.iter().for_each(|x| sum.add(*x));
        sum
    }

    /// Numbers of every magnitude and sign, from the bits of a linear congruential generator.
    fn numbers() -> impl Iterator<Item = f32> {
        let mut state = 1_u64;
        core::iter::repeat_with(move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            f32::from_bits((state >> 32) as u32)
        })
        .filter(|x| x.is_finite())
    }

    /// One number is itself; the sum of two, in f64, is exact if their exponents are near, and always what f64 rounds.
    #[test]
    fn sums_of_two_are_those_of_f64() {
        let mut before = 0.0_f32;
        for x in numbers().take(100_000) {
            assert_eq!(sum(&[x]).into_f64().to_bits(), (f64::from(x) + 0.0).to_bits());
            assert_eq!(sum(&[x]).pair().high.to_bits(), (x + 0.0).to_bits());
            // f64 rounds the sum of two f32 once, too.
            for y in [before, -x, x.next_up(), x * -0.75] {
                let expected = f64::from(x) + f64::from(y);
                let got = sum(&[x, y]);
                assert_eq!(got.into_f64().to_bits(), (expected + 0.0).to_bits(), "{x:e} + {y:e}");
                assert_eq!(got.pair().high.to_bits(), (x + y + 0.0).to_bits(), "{x:e} + {y:e}");
            }
            before = x;
        }
    }

    /// Nothing is lost, whatever the order and however much cancels or overflows.
    #[test]
    fn sums_are_exact() {
        let big = f32::MAX;
        assert_eq!(sum(&[big, big, big, 1.0, -big, -big, -big]).into_f64(), 1.0);
        assert_eq!(sum(&[big; 1000]).into_f64(), 1000.0 * f64::from(big));
        assert_eq!(sum(&[big, big]).pair().high, f32::INFINITY);
        let least = f32::from_bits(1);
        assert_eq!(sum(&[big, least, -big]).into_f64(), f64::from(least));
        let pair = sum(&[1.0, 1e-10, -3e-20]).pair();
        assert_eq!((pair.high, pair.low), (1.0, 1e-10));
        assert!(sum(&[f32::INFINITY, f32::NEG_INFINITY]).into_f64().is_nan());
        assert_eq!(sum(&[1.0, f32::INFINITY]).into_f64(), f64::INFINITY);
        assert_eq!(sum(&[]).into_f64().to_bits(), 0);
        let terms: Vec<f32> = numbers().take(1000).collect();
        let mut all = sum(&terms);
        terms.iter().for_each(|x| all.add(-x));
        assert_eq!(all.into_f64(), 0.0);
    }

    extern crate std;
    use std::vec::Vec;
}
