//! Double-double constants: numbers that are the same for every x, to twice the precision of a register.

use crate::simd::{Lanes, Real};

/// A number as the unevaluated sum of two numbers of a type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HiLo<R> {
    pub(crate) high: R,
    pub(crate) low: R,
}

impl<R: Real> HiLo<R> {
    /// high + low, where low is small beside high.
    #[inline(always)]
    pub(crate) fn new(high: f64, low: f64) -> Self {
        let rounded = R::from_f64_rounded(high);
        let rest = (high - rounded.into_f64()) + low;
        HiLo { high: rounded, low: R::from_f64_rounded(if rest.is_finite() { rest } else { 0.0 }) }
    }

    /// A number of the type, with 0 as its low part.
    #[inline(always)]
    pub(crate) fn exact(value: f64) -> Self {
        HiLo { high: R::from_f64_rounded(value), low: R::from_f64_rounded(0.0) }
    }

    /// The sum a + b.
    #[inline(always)]
    pub(crate) fn sum(a: f64, b: f64) -> Self {
        let high = a + b;
        let part = high - a;
        Self::new(high, (a - (high - part)) + (b - part))
    }

    /// The quotient a / b.
    #[inline(always)]
    pub(crate) fn quotient(a: f64, b: f64) -> Self {
        let high = a / b;
        // The f64 quotient is precise enough for a narrower type. A row waits for this: what is compared is at hand
        // before the difference is.
        if size_of::<R>() < size_of::<f64>() {
            let rounded = R::from_f64_rounded(high);
            let rest = high - rounded.into_f64();
            return HiLo { high: rounded, low: R::from_f64_rounded(if rounded.is_finite() { rest } else { 0.0 }) };
        }
        let product = high * b;
        Self::new(high, ((a - product) - mul_error(high, b, product)) / b)
    }

    /// The inverse square 1 / a^2.
    #[inline(always)]
    pub(crate) fn inverse_square(a: f64) -> Self {
        let square = a * a;
        let lost = mul_error(a, a, square);
        let high = 1.0 / square;
        let product = high * square;
        Self::new(high, ((1.0 - product) - mul_error(high, square, product) - high * lost) / square)
    }

    /// The two parts, high and low.
    #[inline(always)]
    pub(crate) fn into_f64(self) -> [f64; 2] {
        [self.high.into_f64(), self.low.into_f64()]
    }

    /// The product with x: but for a hundredth of an ulp, rounded once where products and sums fuse, else twice.
    #[inline(always)]
    pub(crate) fn times<L: Lanes<Real = R>>(self, x: L) -> L {
        x.mul_add(x.fill(self.high), x * x.fill(self.low))
    }
}

impl HiLo<f64> {
    /// The product with a.
    #[inline(always)]
    pub(crate) fn by(self, a: f64) -> Self {
        let high = self.high * a;
        Self::new(high, mul_error(self.high, a, high) + self.low * a)
    }

    /// The same number in another type.
    #[inline(always)]
    pub(crate) fn to<R: Real>(self) -> HiLo<R> {
        HiLo::new(self.high, self.low)
    }

    /// The same number, in [1, 2), in another type, with a low part that is not negative.
    #[inline(always)]
    pub(crate) fn rounded_down<R: Real>(self) -> HiLo<R> {
        let nearest = self.to::<R>();
        if nearest.low.into_f64() >= 0.0 {
            return nearest;
        }
        let high = (nearest.high - R::epsilon()).into_f64();
        HiLo { high: R::from_f64_rounded(high), low: R::from_f64_rounded((self.high - high) + self.low) }
    }

    /// The same number in another type, its high part with six bits less than the type has.
    #[inline(always)]
    pub(crate) fn shortened<R: Real>(self) -> HiLo<R> {
        // 2^6 + 1, or 2^(6 + 53 - 24) + 1 (Dekker's splitting).
        let c = self.high * if size_of::<R>() < size_of::<f64>() { 34_359_738_369.0 } else { 65.0 };
        let high = c - (c - self.high);
        HiLo { high: R::from_f64_rounded(high), low: R::from_f64_rounded((self.high - high) + self.low) }
    }

    #[inline(always)]
    pub(crate) fn twice(self) -> Self {
        HiLo { high: self.high * 2.0, low: self.low * 2.0 }
    }
}

/// The error term a b - p of p, which is a b rounded (Dekker 1971).
#[inline(always)]
fn mul_error(a: f64, b: f64, p: f64) -> f64 {
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    al * bl + (al * bh + (ah * bl + (ah * bh - p)))
}

#[inline(always)]
fn halves(x: f64) -> (f64, f64) {
    let c = x * f64::SPLITTER;
    let high = c - (c - x);
    (high, x - high)
}
