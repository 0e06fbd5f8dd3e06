//! Elementwise losses: of a number and its target, each written as a formula over registers.

#[macro_use]
pub(crate) mod likelihood;
#[macro_use]
pub(crate) mod margin;
pub(crate) mod pos_weights;
#[macro_use]
pub(crate) mod rates;
#[macro_use]
pub(crate) mod regression;
#[macro_use]
pub(crate) mod three_inputs;
pub(crate) mod weighted;

use crate::math::exp::power_of_two;
use crate::simd::Lanes;

/// The least Hessian bound, 2^-100: a bound is a divisor. Far above the smallest number of f32, because a bound is
/// multiplied by a scale.
pub(crate) const LEAST_BOUND: f64 = power_of_two(-100);

/// x, or the least bound where x is less. NaN stays NaN.
#[inline(always)]
pub(crate) fn positive_bound<L: Lanes>(x: L) -> L {
    x.at_least(x.splat(LEAST_BOUND))
}
