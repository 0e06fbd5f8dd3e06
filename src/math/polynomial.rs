//! Polynomials by Horner's rule: one fused operation per degree, and the smallest rounding error of the common schemes.

use crate::simd::Lanes;

/// The polynomial c0 + c1 x + c2 x^2 + ...
#[inline(always)]
pub(crate) fn polynomial<L: Lanes>(x: L, coefficients: &'static [L::Real]) -> L {
    // A loop, not a fold: a closure would be compiled without the registers' instructions.
    let mut i = coefficients.len() - 1;
    let mut sum = x.fill(coefficients[i]);
    while i > 0 {
        i -= 1;
        sum = sum.mul_add(x, x.fill(coefficients[i]));
    }
    sum
}
