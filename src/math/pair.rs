//! Numbers of two parts, to twice the precision of a register: constants, which are the same for every x, and what takes the
//! place of f64 where there is none.

use core::ops::{Add, Div, Mul, Neg, Sub};

use super::rounding::{div_remainder, fast_two_sum, two_sum};
use crate::convert::parts;
use crate::simd::{Isa, Lanes, Real, Token, without_f64};

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

/// Arithmetic in place of f64 where there is none: in one lane, with errors below 2^-45 of what is added, multiplied or
/// divided. The first part of a result is the result rounded. One that is not finite is that of the first parts alone, and
/// so is one whose second part underflows or whose error term overflows.
impl<L: Lanes> HiLo<L> {
    #[inline(always)]
    pub(crate) fn of(x: L) -> Self {
        HiLo { high: x, low: x.splat(0.0) }
    }

    #[inline(always)]
    pub(crate) fn is_zero(self) -> bool {
        L::any(self.high.equals(self.high.splat(0.0)))
    }

    #[inline(always)]
    pub(crate) fn abs(self) -> Self {
        if L::any(self.high.lt(self.high.splat(0.0))) { -self } else { self }
    }

    /// The product, and 0 if this is 0, whatever the factor.
    #[inline(always)]
    pub(crate) fn times_any(self, factor: Self) -> Self {
        if self.is_zero() { self } else { self * factor }
    }

    /// The larger of two numbers; NaN if this one is NaN.
    #[inline(always)]
    pub(crate) fn max(self, other: Self) -> Self {
        if L::any(self.high.lt(other.high)) { other } else { self }
    }

    /// high + low, where low is small beside high.
    #[inline(always)]
    pub(crate) fn normal(high: L, low: L) -> Self {
        let (zero, most) = (high.splat(0.0), high.fill(L::Real::MAX));
        let (sum, lost) = fast_two_sum(high, low.select(low.abs().le(most), zero));
        HiLo { high: sum, low: lost.select(lost.abs().le(most), zero) }
    }

    #[inline(always)]
    fn plus_here(self, other: Self) -> Self {
        let (high, low) = two_sum(self.high, other.high);
        Self::normal(high, low + (self.low + other.low))
    }

    #[inline(always)]
    fn times_here(self, other: Self) -> Self {
        let high = self.high * other.high;
        let low = self.high.mul_error(other.high, high);
        Self::normal(high, low + (self.high * other.low + self.low * other.high))
    }

    #[inline(always)]
    fn over_here(self, other: Self) -> Self {
        let high = self.high / other.high;
        let rest = div_remainder(self.high, high, other.high);
        Self::normal(high, (rest + (self.low - high * other.low)) / other.high)
    }
}

/// A parameter, weight or scale of callers, as a number in one lane.
#[inline(always)]
pub(crate) fn double<I: Isa>(token: Token<I>, value: f64) -> HiLo<I::F32> {
    let [high, low] = parts(value).map(|part| token.lane(part));
    HiLo { high, low }
}

/// Implements an operation, as a function of its own: on microcontrollers each of its steps may be a call.
macro_rules! operation {
    ($Operation:ident $operation:ident $here:ident $outlined:ident) => {
        impl<L: Lanes> $Operation for HiLo<L> {
            type Output = Self;
            #[inline(always)]
            fn $operation(self, other: Self) -> Self {
                $outlined(self, other)
            }
        }

        #[inline(never)]
        fn $outlined<L: Lanes>(a: HiLo<L>, b: HiLo<L>) -> HiLo<L> {
            a.$here(b)
        }
    };
}
operation!(Add add plus_here sum_outlined);
operation!(Mul mul times_here product_outlined);
operation!(Div div over_here quotient_outlined);

impl<L: Lanes> Neg for HiLo<L> {
    type Output = Self;
    #[inline(always)]
    fn neg(self) -> Self {
        HiLo { high: -self.high, low: -self.low }
    }
}

impl<L: Lanes> Sub for HiLo<L> {
    type Output = Self;
    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self + -other
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

#[cfg(test)]
mod tests {
    use super::HiLo;
    use crate::simd::{Isa, Kernel, Token, dispatch_scalar};

    struct Arithmetic;

    impl Kernel for Arithmetic {
        type Output = ();
        #[inline(always)]
        fn run<I: Isa>(self, token: Token<I>) {
            let mut state = 1_u64;
            // Numbers from 2^-20 to 2^20, in two parts that do not overlap.
            let mut number = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let high = (1.0 + (state >> 41) as f32 / (1 << 23) as f32) * f32::powi(2.0, (state >> 33) as i32 % 20);
                let low = high * f32::EPSILON * (0.5 - (state >> 8 & 0xff_ffff) as f32 / (1 << 24) as f32);
                let sign = if state >> 40 & 1 == 0 { 1.0 } else { -1.0 };
                let sum = high + low;
                [sign * sum, sign * (low - (sum - high))]
            };
            for _ in 0..200_000 {
                let parts = [number(), number()];
                let [a, b] = parts.map(|[high, low]| HiLo { high: token.lane(high), low: token.lane(low) });
                let [x, y] = parts.map(|[high, low]| f64::from(high) + f64::from(low));
                // f64 rounds these at 2^-53. A sum's error is relative to its terms.
                for (got, exact, scale) in [
                    (a + b, x + y, x.abs() + y.abs()),
                    (a - b, x - y, x.abs() + y.abs()),
                    (a * b, x * y, x * y),
                    (a / b, x / y, x / y),
                ] {
                    let [high, low] = [got.high, got.low].map(|part| token.number(part));
                    assert!(
                        (f64::from(high) - exact + f64::from(low)).abs() <= scale.abs() * f64::powi(0.5, 45),
                        "{x:e} {y:e}"
                    );
                    assert_eq!(high, high + low, "{x:e} {y:e}");
                }
            }
            let of = |x: f32| HiLo::of(token.lane(x));
            let all = |x: HiLo<I::F32>| [x.high, x.low].map(|part| token.number(part));
            let (infinity, most) = (f32::INFINITY, f32::MAX);
            assert_eq!(all(of(infinity) + of(1.0)), [infinity, 0.0]);
            assert_eq!(all(of(most) + of(most)), [infinity, 0.0]);
            assert_eq!(all(of(most) * of(2.0)), [infinity, 0.0]);
            assert_eq!(all(of(2.0) * of(infinity)), [infinity, 0.0]);
            assert_eq!(all(of(1.0) / of(0.0)), [infinity, 0.0]);
            assert_eq!(all(of(1.0) / of(infinity)), [0.0, 0.0]);
            for nan in [of(infinity) - of(infinity), of(0.0) * of(infinity), of(0.0) / of(0.0), of(f32::NAN) + of(1.0)]
            {
                assert!(token.number(nan.high).is_nan());
            }
        }
    }

    #[test]
    fn pairs_have_45_bits() {
        dispatch_scalar(Arithmetic);
    }
}
