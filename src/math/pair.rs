//! Double-double constants: numbers that are the same for every x, to twice the precision of a register.

use super::rounding::{div_remainder, fast_two_sum, two_sum};
use crate::simd::{Lanes, Real, without_f64};

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

    /// True if the low part is 0.
    #[inline(always)]
    pub(crate) fn is_exact(self) -> bool {
        self.low == R::zero()
    }

    /// The sum a + b of numbers that the type holds.
    #[inline(always)]
    pub(crate) fn sum(a: f64, b: f64) -> Self {
        if const { without_f64::<R>() } {
            return Self::sum_in_f32(R::from_f64_rounded(a), R::from_f64_rounded(b));
        }
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

    /// The product a b of parameters that the type holds.
    #[inline(always)]
    pub(crate) fn product(a: f64, b: f64) -> Self {
        if const { without_f64::<R>() } {
            return Self::product_in_f32(R::from_f64_rounded(a), R::from_f64_rounded(b));
        }
        HiLo::<f64>::exact(a).by(b).to()
    }

    /// The quotient n / (a + b), likewise.
    #[inline(always)]
    pub(crate) fn quotient_by_sum(n: f64, a: f64, b: f64) -> Self {
        if const { without_f64::<R>() } {
            return Self::exact(n).quotient_in_f32(Self::sum(a, b));
        }
        Self::quotient(n, a + b)
    }

    /// The quotient n / a^2, likewise.
    #[inline(always)]
    pub(crate) fn quotient_by_square(n: f64, a: f64) -> Self {
        if const { without_f64::<R>() } {
            return Self::new(n, 0.0).quotient_in_f32(Self::product(a, a));
        }
        Self::quotient(n, a * a)
    }

    /// The product with log2(e).
    #[inline(always)]
    pub(crate) fn times_log2_e(self) -> Self {
        const LOG2_E: f64 = core::f64::consts::LOG2_E;
        if const { without_f64::<R>() } {
            let HiLo { high, low } = HiLo::<R>::new(LOG2_E, 0.0);
            let product = Self::product_in_f32(self.high, high);
            return Self::sum_in_f32(product.high, product.low + (self.high * low + self.low * high));
        }
        let [high, low] = self.into_f64();
        Self::new((high + low) * LOG2_E, 0.0)
    }

    #[inline]
    fn sum_in_f32(a: R, b: R) -> Self {
        let high = a + b;
        let part = high - a;
        HiLo { high, low: (a - (high - part)) + (b - part) }
    }

    #[inline]
    fn product_in_f32(a: R, b: R) -> Self {
        let high = a * b;
        HiLo { high, low: mul_error(a, b, high) }
    }

    #[inline]
    fn quotient_in_f32(self, d: Self) -> Self {
        let high = self.high / d.high;
        let product = high * d.high;
        let rest = (self.high - product) - mul_error(high, d.high, product);
        HiLo { high, low: (rest + (self.low - high * d.low)) / d.high }
    }

    /// The quotient n / a of a constant and a parameter that the type holds, by f32 where there is no more.
    #[inline(always)]
    pub(crate) fn per(n: f64, a: f64) -> Self {
        if const { without_f64::<R>() } {
            return Self::new(n, 0.0).quotient_in_f32(Self::exact(a));
        }
        Self::quotient(n, a)
    }

    /// The inverse square 1 / a^2.
    #[inline(always)]
    pub(crate) fn inverse_square(a: f64) -> Self {
        if const { without_f64::<R>() } {
            let a = R::from_f64_rounded(a);
            return Self::exact(1.0).quotient_in_f32(Self::product_in_f32(a, a));
        }
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

/// Numbers in registers, which need no f64.
impl<L: Lanes> HiLo<L> {
    /// 0, as the first part of a sum.
    #[inline(always)]
    pub(crate) fn none(x: L) -> Self {
        HiLo { high: x.splat(0.0), low: x.splat(0.0) }
    }

    /// The number plus x, as two parts that may overlap: the errors of n steps add up to n 2^-48 of the sum of the
    /// magnitudes.
    #[inline(always)]
    pub(crate) fn plus(self, x: L) -> Self {
        let (high, lost) = two_sum(self.high, x);
        HiLo { high, low: self.low + lost }
    }

    /// The same number, as one that is rounded, and what it lacks.
    #[inline(always)]
    pub(crate) fn parted(self) -> Self {
        let (high, low) = fast_two_sum(self.high, self.low);
        HiLo { high, low }
    }

    /// The quotient n / self, for a finite number of two parts that do not overlap.
    #[inline(always)]
    pub(crate) fn under(self, n: L) -> Self {
        let high = n / self.high;
        HiLo { high, low: (div_remainder(n, high, self.high) - high * self.low) / self.high }
    }

    /// The quotient self / n.
    #[inline(always)]
    pub(crate) fn over(self, n: L) -> Self {
        let high = self.high / n;
        HiLo { high, low: (div_remainder(self.high, high, n) + self.low) / n }
    }

    /// The product with x.
    #[inline(always)]
    pub(crate) fn multiplied(self, x: L) -> Self {
        let high = self.high * x;
        HiLo { high, low: x.mul_error(self.high, high) + self.low * x }.parted()
    }
}

/// The error term a b - p of p, which is a b rounded (Dekker 1971).
#[inline(always)]
fn mul_error<R: Real>(a: R, b: R, p: R) -> R {
    let ((ah, al), (bh, bl)) = (halves(a), halves(b));
    al * bl + (al * bh + (ah * bl + (ah * bh - p)))
}

#[inline(always)]
fn halves<R: Real>(x: R) -> (R, R) {
    let c = x * R::SPLITTER;
    let high = c - (c - x);
    (high, x - high)
}
