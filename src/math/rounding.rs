//! What roundings lose, softmax_mean back in the next step.

use crate::simd::Lanes;

use super::exp::power_of_two;

/// a + b as the rounded sum and what it lacks; Knuth.
#[inline(always)]
pub(crate) fn two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// The same where |a| >= |b|, or a = 0; Dekker.
#[inline(always)]
pub(crate) fn fast_two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    (sum, b - (sum - a))
}

/// n - quotient d: what a quotient that was rounded leaves over; or a root, which is its own divisor.
#[inline(always)]
pub(crate) fn div_remainder<L: Lanes>(n: L, quotient: L, d: L) -> L {
    if L::FUSED {
        return (-quotient).mul_add(d, n);
    }
    let product = quotient * d;
    (n - product) - quotient.mul_error(d, product)
}

/// 1 / (b + low), as 1 / b and what that lacks, relative to it: the error of the division, and `low`.
#[inline(always)]
pub(crate) fn reciprocal<L: Lanes>(b: L, low: L) -> (L, L) {
    let one = b.splat(1.0);
    let inverse = one / b;
    let product = inverse * b;
    (inverse, (one - product) - b.mul_error(inverse, product) - inverse * low)
}

/// a b + c, to nearly the accuracy of a fused operation where there is none: the steps whose rounding would break the
/// monotonicity, or a budget.
#[inline(always)]
pub(crate) fn fma_emulated<L: Lanes>(a: L, b: L, c: L) -> L {
    if L::FUSED {
        return a.mul_add(b, c);
    }
    let product = a * b;
    let (sum, lost) = two_sum(product, c);
    sum + (lost + a.mul_error(b, product))
}

/// y / (b + low)^2, for y and b of 0 or more: rounded about once.
#[inline(always)]
pub(crate) fn div_square<L: Lanes>(y: L, b: L, low: L) -> L {
    // Lifted where the reciprocal might overflow.
    let up = b.splat(power_of_two(64)).select(b.lt(b.splat(power_of_two(-64))), b.splat(1.0));
    let (y, b, low) = (y * up, b * up, low * up);
    let (inverse, error) = reciprocal(b, low);
    let quotient = y * inverse;
    let lacks = y.mul_error(inverse, quotient) + quotient * (error + error);
    let corrected = fma_emulated(quotient, inverse, lacks * inverse);
    corrected.select(corrected.equals(corrected), quotient * inverse) * up
}
