//! Polynomials by Horner's rule: one fused operation a degree, and the smallest rounding error of the usual orders.

use crate::lanes::Lanes;

/// c0 + c1 x + c2 x^2 + ...
#[inline(always)]
pub(crate) fn polynomial<L: Lanes>(x: L, coefficients: &'static [L::Real]) -> L {
    let (&last, rest) = coefficients.split_last().expect("a polynomial has a coefficient");
    rest.iter().rev().fold(x.fill(last), |sum, &c| sum.mul_add(x, x.fill(c)))
}
