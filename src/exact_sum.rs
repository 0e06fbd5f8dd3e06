//! Exact sums: nothing is rounded but the result, so the order of the terms does not matter.
//!
//! Every f32 is a whole multiple of 2^-149 below 2^128, every f64 one of 2^-1074 below 2^1024. So a whole number of 320 or
//! 2176 bits holds the sum of 2^42 of them and more, whatever cancels or overflows on the way, and an addition is a shift
//! and two or three additions of words.

use core::fmt::{self, Debug};

use crate::compiled::concrete;
use crate::element::Element;
use crate::math::pair::HiLo;
use crate::simd::{Isa, Real, Token};
use crate::slice::{self, Src};

/// The exact sum of numbers of f32 or f64: it does not depend on the order of the terms.
///
/// A floating-point sum depends on the order, by its roundings, and where terms cancel or overflow on the way. This sum is
/// a whole number of a fixed size; adding and merging are additions of whole numbers, and [`value`](ExactSum::value)
/// rounds once. So the sum over batches, threads and machines has the same bits whatever their number and order.
///
/// ```
/// use slopes::ExactSum;
/// use slopes::loss::{Huber, Loss};
///
/// let loss = Huber::new(1.5)?;
/// let (prediction, target) = ([1.0_f32, -7.5, 1e8, 0.1], [0.5_f32, 2.0, -3.0, 0.2]);
/// let all = loss.exact_sum(&prediction, &target);
///
/// // By two workers, of which the second is first.
/// let mut sum = loss.exact_sum(&prediction[3..], &target[3..]);
/// sum.merge(&loss.exact_sum(&prediction[..3], &target[..3]));
/// assert_eq!(sum, all);
///
/// let mut sum = ExactSum::new();
/// sum.add_slice(&[1e30_f32, 1.0, -1e30, 1e-30]);
/// assert_eq!(sum.value(), 1.0);
/// sum.add(-1.0_f32);
/// assert_eq!(sum.value(), f64::from(1e-30_f32));
/// # Ok::<(), slopes::ParameterError>(())
/// ```
///
/// There is room for 2^42 terms of f32 of any size, or 2^77 of f64. The half types are added as f32. Infinities and NaN
/// are remembered: the value is infinite if all infinite terms have one sign, else NaN. The value of no terms is 0; -0 is
/// never a value.
///
/// A sum of f32 is 44 bytes, one of f64 276. Two are equal if they are the sums of numbers with the same exact sum.
#[derive(Clone, Copy)]
pub struct ExactSum<R: Real> {
    /// The bits of what was added and is not finite. Then the sum of the finite terms, in units of the least positive
    /// number, in two's complement, the lowest word first.
    words: R::Words,
}

/// The bits of terms that are not finite.
const INFINITY: u32 = 1;
const MINUS_INFINITY: u32 = 2;
const NAN: u32 = 4;

/// A type whose numbers are summed exactly.
pub trait Summable: Copy {
    /// The words of a sum.
    type Words: AsRef<[u32]> + AsMut<[u32]> + Copy + Send + Sync + 'static;
    /// The words of the sum of nothing.
    const NOTHING: Self::Words;
    /// The exponent of the least positive number.
    const LEAST: i32;

    fn parts(self) -> Parts;
}

/// A number in whole parts.
#[allow(missing_debug_implementations, reason = "users never have one")]
pub struct Parts {
    negative: bool,
    significand: u64,
    /// The exponent of the significand, above that of the least positive number. `None` if the number is infinite, of
    /// significand 0, or NaN.
    shift: Option<u32>,
}

macro_rules! summable {
    ($Real:ident, $words:literal) => {
        impl Summable for $Real {
            type Words = [u32; $words];
            const NOTHING: Self::Words = [0; $words];
            const LEAST: i32 = $Real::MIN_EXP - $Real::MANTISSA_DIGITS as i32;

            #[inline(always)]
            fn parts(self) -> Parts {
                const STORED: u32 = $Real::MANTISSA_DIGITS - 1;
                const LAST_EXPONENT: u32 = 2 * $Real::MAX_EXP as u32 - 1;
                let bits = self.to_bits();
                let (fraction, exponent) = (bits & ((1 << STORED) - 1), (bits >> STORED) as u32 & LAST_EXPONENT);
                // Subnormal numbers have the exponent of the least normal ones.
                let (significand, shift) = match exponent {
                    0 => (fraction, Some(0)),
                    LAST_EXPONENT => (fraction, None),
                    _ => (fraction | 1 << STORED, Some(exponent - 1)),
                };
                Parts { negative: self.is_sign_negative(), significand: significand.into(), shift }
            }
        }
    };
}
summable!(f32, 11);
summable!(f64, 69);

impl<R: Real> ExactSum<R> {
    /// The sum of nothing.
    #[must_use]
    pub const fn new() -> Self {
        ExactSum { words: R::NOTHING }
    }

    /// Adds a number.
    #[inline]
    pub fn add<T: Element<Real = R>>(&mut self, x: T) {
        self.add_real(x.into_real());
    }

    #[inline(never)]
    fn add_real(&mut self, x: R) {
        let Parts { negative, significand, shift } = x.parts();
        match shift {
            Some(shift) => self.add_parts(negative, significand, shift),
            None if significand != 0 => self.words.as_mut()[0] |= NAN,
            None => self.words.as_mut()[0] |= if negative { MINUS_INFINITY } else { INFINITY },
        }
    }

    /// Adds a number that is not a number of this type, but a whole multiple of its least one. Shared by all kernels.
    #[inline(never)]
    pub(crate) fn add_multiple(&mut self, x: f64) {
        let Parts { negative, significand, shift } = x.parts();
        let Some(shift) = shift else { unreachable!("a multiple is finite") };
        match shift.checked_add_signed(f64::LEAST - R::LEAST) {
            Some(shift) => self.add_parts(negative, significand, shift),
            // What is shifted out is 0.
            None => {
                let down = (R::LEAST - f64::LEAST) as u32 - shift;
                self.add_parts(negative, significand.checked_shr(down).unwrap_or(0), 0);
            }
        }
    }

    /// Adds `significand` 2^`shift` units, or subtracts it.
    #[inline(always)]
    fn add_parts(&mut self, negative: bool, significand: u64, shift: u32) {
        let low = (significand & 0xffff_ffff) << (shift % 32);
        let high = (significand >> 32) << (shift % 32) | low >> 32;
        let parts = [low as u32, high as u32, (high >> 32) as u32];
        // A negative number is added as its complement: every word is inverted, and 1 is added.
        let flip = if negative { u32::MAX } else { 0 };
        let mut carry = negative;
        let first = 1 + (shift / 32) as usize;
        for (i, word) in self.words.as_mut().iter_mut().skip(first).enumerate() {
            // From there on nothing changes: 0 is added, or all ones and a carry.
            if i >= parts.len() && carry == negative {
                break;
            }
            let part = parts.get(i).copied().unwrap_or(0);
            (*word, carry) = add_with_carry(*word, part ^ flip, carry);
        }
    }

    /// Adds the numbers of a slice: by the SIMD instructions of the CPU, several times faster than one by one.
    ///
    /// ```
    /// use slopes::ExactSum;
    /// let mut sum = ExactSum::new();
    /// sum.add_slice(&[0.1_f64; 10]);
    /// // Rounded once. The roundings of nine additions give 0.9999999999999999.
    /// assert_eq!(sum.value(), 1.0);
    /// ```
    #[inline]
    pub fn add_slice<T: Element<Real = R>>(&mut self, numbers: &[T]) {
        <T::Kernels as ExactSumKernels<T>>::add_slice(self, numbers);
    }

    /// Adds the terms of another sum.
    pub fn merge(&mut self, other: &Self) {
        let (words, others) = (self.words.as_mut(), other.words.as_ref());
        words[0] |= others[0];
        let mut carry = false;
        for (word, other) in words.iter_mut().zip(others).skip(1) {
            (*word, carry) = add_with_carry(*word, *other, carry);
        }
    }

    /// The sum, rounded once to f64: to nearest, ties to even; infinite beyond the largest number.
    #[must_use]
    pub fn value(&self) -> f64 {
        match self.special() {
            None => {
                let (negative, magnitude) = self.rounded::<{ f64::MANTISSA_DIGITS }, { f64::MAX_EXP }>();
                f64::from_bits(magnitude | u64::from(negative) << 63)
            }
            Some(special) => special.into_f64(),
        }
    }

    /// What the sum consists of, for storage or another process: 11 words, or 69 for f64. The lowest three bits of the
    /// first say that +inf, -inf or NaN was added. The others are the sum of the finite terms in units of the least
    /// positive number, 2^-149 or 2^-1074, in two's complement, the lowest word first.
    ///
    /// ```
    /// use slopes::ExactSum;
    /// let mut sum = ExactSum::<f32>::new();
    /// sum.add(3.0 * f32::from_bits(1));
    /// assert_eq!(sum.words(), [0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    /// assert_eq!(ExactSum::from_words(sum.words()), Some(sum));
    /// ```
    #[must_use]
    pub fn words(&self) -> &[u32] {
        self.words.as_ref()
    }

    /// The sum that consists of these [`words`](Self::words); `None` if their number is another, or the first has other
    /// bits.
    #[must_use]
    pub fn from_words(words: &[u32]) -> Option<Self> {
        let mut sum = Self::new();
        if words.len() != sum.words().len() || words[0] > (INFINITY | MINUS_INFINITY | NAN) {
            return None;
        }
        sum.words.as_mut().copy_from_slice(words);
        Some(sum)
    }

    /// The value if a term was not finite.
    fn special(&self) -> Option<R> {
        match self.words.as_ref()[0] {
            0 => None,
            INFINITY => Some(R::infinity()),
            MINUS_INFINITY => Some(R::neg_infinity()),
            _ => Some(R::nan()),
        }
    }

    /// The sign of the sum of the finite terms, and the bits of its magnitude in a format with significands of `DIGITS`
    /// bits, rounded to nearest, ties to even.
    fn rounded<const DIGITS: u32, const MAX_EXP: i32>(&self) -> (bool, u64) {
        let mut words = self.words;
        let words = &mut words.as_mut()[1..];
        let negative = words.last().is_some_and(|word| word >> 31 == 1);
        if negative {
            let mut carry = true;
            for word in &mut *words {
                (*word, carry) = add_with_carry(!*word, 0, carry);
            }
        }
        let Some(top) = words.iter().rposition(|word| *word != 0) else { return (false, 0) };
        // The first 64 bits from the leading one on, and whether there are others behind them.
        let word = |below: usize| u64::from(top.checked_sub(below).map_or(0, |i| words[i]));
        let up = words[top].leading_zeros();
        let (leading, behind) = ((word(0) << 32 | word(1)) << up | word(2) << up >> 32, (word(2) << up) as u32);
        let inexact = behind != 0 || words.iter().take(top.saturating_sub(2)).any(|word| *word != 0);
        // The place of the leading bit among all of them, and the digits that are kept: below DIGITS there are no others.
        let place = 32 * top as u32 + 31 - up;
        let kept = DIGITS.min(place + 1);
        let (significand, rest) = (leading >> (64 - kept), leading << kept);
        let half = 1 << 63;
        let significand = significand + u64::from(rest > half || rest == half && (inexact || significand & 1 == 1));
        let exponent = place as i32 + R::LEAST;
        let magnitude = if exponent >= MAX_EXP {
            ((2 * MAX_EXP - 1) as u64) << (DIGITS - 1)
        } else if exponent < 2 - MAX_EXP {
            // A subnormal number, or the least normal one.
            significand
        } else {
            // The bit above the fraction adds 1 to the exponent, and a carry by rounding 1 more, perhaps to infinity.
            (((exponent + MAX_EXP - 2) as u64) << (DIGITS - 1)) + (significand << (DIGITS - kept))
        };
        (negative, magnitude)
    }
}

/// The sum of two words and a carry, and the carry into the next word.
#[inline(always)]
fn add_with_carry(word: u32, other: u32, carry: bool) -> (u32, bool) {
    let (sum, over) = word.overflowing_add(other);
    let (sum, over_again) = sum.overflowing_add(carry.into());
    (sum, over | over_again)
}

impl ExactSum<f32> {
    /// Adds a number of two parts.
    #[inline(always)]
    pub(crate) fn add_pair<I: Isa>(&mut self, token: Token<I>, HiLo { high, low }: HiLo<I::F32>) {
        self.add(token.number(high));
        self.add(token.number(low));
    }

    /// The sum as two f32, the second what the first lacks, rounded; or as an infinity or NaN.
    pub(crate) fn pair(&self) -> HiLo<f32> {
        if let Some(special) = self.special() {
            return HiLo { high: special, low: 0.0 };
        }
        let high = self.nearest();
        let mut rest = *self;
        rest.add(-high);
        // An infinite high part has no low one.
        HiLo { high, low: if high.is_finite() { rest.nearest() } else { 0.0 } }
    }

    /// The sum of the finite terms, rounded to f32.
    fn nearest(&self) -> f32 {
        let (negative, magnitude) = self.rounded::<{ f32::MANTISSA_DIGITS }, { f32::MAX_EXP }>();
        f32::from_bits(magnitude as u32 | u32::from(negative) << 31)
    }
}

impl<R: Real> Default for ExactSum<R> {
    fn default() -> Self {
        Self::new()
    }
}

impl<R: Real> PartialEq for ExactSum<R> {
    fn eq(&self, other: &Self) -> bool {
        self.words() == other.words()
    }
}

impl<R: Real> Eq for ExactSum<R> {}

/// Writes the value.
impl<R: Real> Debug for ExactSum<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExactSum").field(&self.value()).finish()
    }
}

concrete! {
    /// The compiled methods of [`ExactSum`].
    trait ExactSumKernels;
    fn add_slice(sum: &mut ExactSum<<T as Element>::Real>, numbers: &[T]) {
        slice::add_exactly(sum, Src::new(numbers));
    }
}

#[cfg(test)]
mod tests {
    use super::ExactSum;

    fn sum(terms: &[f32]) -> ExactSum<f32> {
        let mut sum = ExactSum::new();
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
            assert_eq!(sum(&[x]).value().to_bits(), (f64::from(x) + 0.0).to_bits());
            assert_eq!(sum(&[x]).pair().high.to_bits(), (x + 0.0).to_bits());
            // f64 rounds the sum of two f32 once, too.
            for y in [before, -x, x.next_up(), x * -0.75] {
                let expected = f64::from(x) + f64::from(y);
                let got = sum(&[x, y]);
                assert_eq!(got.value().to_bits(), (expected + 0.0).to_bits(), "{x:e} + {y:e}");
                assert_eq!(got.pair().high.to_bits(), (x + y + 0.0).to_bits(), "{x:e} + {y:e}");
            }
            before = x;
        }
    }

    /// Nothing is lost, whatever the order and however much cancels or overflows.
    #[test]
    fn sums_are_exact() {
        let big = f32::MAX;
        assert_eq!(sum(&[big, big, big, 1.0, -big, -big, -big]).value(), 1.0);
        assert_eq!(sum(&[big; 1000]).value(), 1000.0 * f64::from(big));
        assert_eq!(sum(&[big, big]).pair().high, f32::INFINITY);
        let least = f32::from_bits(1);
        assert_eq!(sum(&[big, least, -big]).value(), f64::from(least));
        let pair = sum(&[1.0, 1e-10, -3e-20]).pair();
        assert_eq!((pair.high, pair.low), (1.0, 1e-10));
        assert!(sum(&[f32::INFINITY, f32::NEG_INFINITY]).value().is_nan());
        assert_eq!(sum(&[1.0, f32::INFINITY]).value(), f64::INFINITY);
        assert_eq!(sum(&[]).value().to_bits(), 0);
        let terms: Vec<f32> = numbers().take(1000).collect();
        let mut all = sum(&terms);
        terms.iter().for_each(|x| all.add(-x));
        assert_eq!(all.value(), 0.0);
    }

    extern crate std;
    use std::vec::Vec;
}
