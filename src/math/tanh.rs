//! The hyperbolic tangent.
//!
//! Method: 2 a = 2 r - n ln 2 with a = |x|, |r| <= ln 2 / 4, w = 2^n, T = tanh r; the addition theorem gives
//! tanh a = ((1 - w) + (1 + w) T) / ((1 + w) + (1 - w) T). 1 - w and 1 + w are exact up to saturation, and for n = 0 the
//! quotient is T itself.

use crate::lanes::Lanes;

use super::exp::{Reduced, reduce_double};
use super::polynomial::polynomial;

/// Constants of the hyperbolic tangent for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// tanh r = r + r^3 P(r^2), |r| <= 0.1734.
    const TANH: &'static [Self];
    /// tanh rounds to 1 from here on.
    const TANH_SATURATES: f64;
}

impl Constants for f32 {
    // fpminimax(tanh(x), [|3,5,7|], [|SG...|], [1b-30;0.1734], relative, x).
    const TANH: &'static [f32] =
        &[f32::from_bits(0xbeaa_aaa7), f32::from_bits(0x3e08_82d1), f32::from_bits(0xbd57_f0bc)];
    const TANH_SATURATES: f64 = 9.25;
}

impl Constants for f64 {
    // The same with [|3,...,15|], [|D...|].
    const TANH: &'static [f64] = &[
        f64::from_bits(0xbfd5_5555_5555_5555),
        f64::from_bits(0x3fc1_1111_1111_0e24),
        f64::from_bits(0xbfab_a1ba_1b92_db46),
        f64::from_bits(0x3f96_64f4_772e_702d),
        f64::from_bits(0xbf82_26d9_32d8_abcb),
        f64::from_bits(0x3f6d_66ab_2f43_c2aa),
        f64::from_bits(0xbf56_c0c0_ae4f_3a45),
    ];
    const TANH_SATURATES: f64 = 19.25;
}

#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let a = x.abs().at_most(x.splat(L::Real::TANH_SATURATES));
    let Reduced { power: w, r, .. } = reduce_double(-a, 0);
    let r = -r;
    let square = r * r;
    let t = polynomial(square, L::Real::TANH).mul_add(square * r, r);
    let (minus, plus) = (x.splat(1.0) - w, w + 1.0);
    let denominator = minus.mul_add(t, plus);
    let y = plus.mul_add(t, minus) / denominator;
    // The denominator's rounding, an ulp of the result where that is near 1, taken back. (It is near 1 there too.)
    let lost = minus.mul_add(t, plus - denominator);
    (-y).mul_add(lost, y).copysign(x)
}
