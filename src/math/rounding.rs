//! Error terms of rounded operations, to be added back in a later step.

use crate::simd::{Lanes, Real};

use super::exp::power_of_two;

/// a + b rounded, and its error term (Knuth).
#[inline(always)]
pub(crate) fn two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// a + b rounded, and its error term, for |a| >= |b| or a = 0 (Dekker).
#[inline(always)]
pub(crate) fn fast_two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// The remainder n - quotient d of a rounded quotient; of a rounded square root with the root as quotient and as d.
#[inline(always)]
pub(crate) fn div_remainder<L: Lanes>(n: L, quotient: L, d: L) -> L {
    if L::FUSED {
        return (-quotient).mul_add(d, n);
    }
    let product = quotient * d;
    (n - product) - quotient.mul_error(d, product)
}

/// 1 / b rounded, and its relative error term as an approximation of 1 / (b + low): of the division, and of `low`.
#[inline(always)]
pub(crate) fn reciprocal<L: Lanes>(b: L, low: L) -> (L, L) {
    let one = b.splat(1.0);
    let inverse = one / b;
    let product = inverse * b;
    (inverse, (one - product) - b.mul_error(inverse, product) - inverse * low)
}

/// a b + c, nearly as accurate as a fused operation where there is none: for steps whose rounding would break
/// monotonicity or exceed an error bound.
#[inline(always)]
pub(crate) fn fma_emulated<L: Lanes>(a: L, b: L, c: L) -> L {
    if L::FUSED {
        return a.mul_add(b, c);
    }
    let product = a * b;
    let (sum, lost) = two_sum(product, c);
    sum + (lost + a.mul_error(b, product))
}

/// y / (b + low)^2 for y, b >= 0, rounded about once, unless y / b is subnormal: then that is rounded as such a number.
#[inline(always)]
pub(crate) fn div_square<L: Lanes>(y: L, b: L, low: L) -> L {
    // Scaled up where the reciprocal might overflow.
    let up = b.splat(power_of_two(64)).select(b.lt(b.splat(power_of_two(-64))), b.splat(1.0));
    let (y, b, low) = (y * up, b * up, low * up);
    let (inverse, error) = reciprocal(b, low);
    let quotient = y * inverse;
    let lost = y.mul_error(inverse, quotient) + quotient * (error + error);
    let plain = quotient * inverse;
    let corrected = fma_emulated(quotient, inverse, lost * inverse);
    // Where a step to an error term overflows, that is infinite, of either sign, or NaN.
    corrected.select(corrected.abs().le(y.fill(L::Real::MAX)), plain) * up
}
