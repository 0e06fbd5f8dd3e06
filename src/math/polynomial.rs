//! Polynomials by Horner's rule: one fused operation per degree, and the smallest rounding error of the common schemes.
//! Where a function waits for them, in pairs.

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

/// The same polynomial as one in x^2, whose coefficients are c0 + c1 x, c2 + c3 x, ...: one operation more, and half the
/// time until the result is there. A processor has the registers for some two rounds of a long kernel at once, so that
/// the time of a round is a part of the kernel's time.
#[inline(always)]
pub(crate) fn polynomial_in_pairs<L: Lanes>(x: L, coefficients: &'static [L::Real]) -> L {
    let square = x * x;
    let mut i = (coefficients.len() - 1) & !1;
    let mut sum = x.fill(coefficients[i]);
    if i + 1 < coefficients.len() {
        sum = x.fill(coefficients[i + 1]).mul_add(x, sum);
    }
    while i > 0 {
        i -= 2;
        let pair = x.fill(coefficients[i + 1]).mul_add(x, x.fill(coefficients[i]));
        sum = sum.mul_add(square, pair);
    }
    sum
}
