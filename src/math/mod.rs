//! Elementary functions over lanes.
//!
//! Each file gives the method, the interval and worst case of its polynomials, and the sollya command that made them.

pub(crate) mod exp;
pub(crate) mod log;
pub(crate) mod logistic;
pub(crate) mod normal;
pub(crate) mod pair;
pub(crate) mod polynomial;
pub(crate) mod rounding;
pub(crate) mod shifted_exp;
pub(crate) mod sin;
pub(crate) mod tanh;

use crate::simd::Lanes;

/// The constants of a type.
#[doc(hidden)]
pub trait Constants: exp::Constants + log::Constants + normal::Constants + sin::Constants + tanh::Constants {}
impl<T: exp::Constants + log::Constants + normal::Constants + sin::Constants + tanh::Constants> Constants for T {}

/// Elementary functions of a register, for formulas.
///
/// ```
/// use slopes::{FloatMath, Lanes};
///
/// /// The hyperbolic sine, relative to its own size near 0.
/// fn sinh<L: Lanes>(x: L) -> L {
///     let e = x.exp_m1();
///     (e + e / (e + 1.0)) * 0.5
/// }
/// ```
///
/// Their worst errors over all f32, in ulp: `exp` 0.9, `exp_m1` 1.5, `ln` 1.0, `ln_1p` 1.1, `sin` 2.0,
/// `cos` 2.5.
pub trait FloatMath: Lanes {
    /// e^x. Underflows gradually; 0 at -inf.
    #[inline(always)]
    fn exp(self) -> Self {
        exp::exp(self)
    }

    /// e^x - 1, relative to its own size near 0; the sign of zero is kept.
    #[inline(always)]
    fn exp_m1(self) -> Self {
        exp::exp_m1(self)
    }

    /// The sine of x in radians, of any size, relative to its own size; the sign of zero is kept; NaN at infinities.
    #[inline(always)]
    fn sin(self) -> Self {
        sin::sin_cos(self).0
    }

    /// The cosine of x in radians, of any size, relative to its own size; NaN at infinities.
    #[inline(always)]
    fn cos(self) -> Self {
        sin::sin_cos(self).1
    }

    /// The hyperbolic tangent; the sign of zero is kept.
    #[inline(always)]
    fn tanh(self) -> Self {
        tanh::tanh(self)
    }

    /// The natural logarithm: -inf at 0, NaN below.
    #[inline(always)]
    fn ln(self) -> Self {
        log::ln(self)
    }

    /// ln(1 + x), relative to its own size near 0: -inf at -1, NaN below; the sign of zero is kept.
    #[inline(always)]
    fn ln_1p(self) -> Self {
        log::ln_1p(self)
    }
}
impl<L: Lanes> FloatMath for L {}
