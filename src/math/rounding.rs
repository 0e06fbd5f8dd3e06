//! What roundings lose, taken back in the next step.

use crate::lanes::Lanes;

/// a + b as the rounded sum and what it lacks; Knuth.
#[inline(always)]
pub(crate) fn two_sum<L: Lanes>(a: L, b: L) -> (L, L) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// 1 / (b + low), as 1 / b and what that lacks, relative to it: the error of the division, and `low`.
#[inline(always)]
pub(crate) fn reciprocal<L: Lanes>(b: L, low: L) -> (L, L) {
    let one = b.splat(1.0);
    let inverse = one / b;
    let product = inverse * b;
    (inverse, (one - product) - b.product_error(inverse, product) - inverse * low)
}

/// a b + c, to nearly the accuracy of a fused operation where there is none: the steps whose rounding would break the
/// monotonicity, or a budget.
#[inline(always)]
pub(crate) fn nearly_fused<L: Lanes>(a: L, b: L, c: L) -> L {
    if L::FUSED {
        return a.mul_add(b, c);
    }
    let product = a * b;
    let (sum, lost) = two_sum(product, c);
    sum + (lost + a.product_error(b, product))
}
