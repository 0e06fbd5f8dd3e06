//! The hyperbolic tangent.
//!
//! Method: up to 9/16 an odd polynomial, where each step to the next float moves the value by more than its error; from
//! there on 1 - 2 t, with t the logistic tail of 2 |x|: the tail is at most a quarter there, so its error counts half, and
//! the value is monotone because the tail is. (Quotients of two sums that both move, such as
//! (e^2a - 1) / (e^2a + 1), are cheaper, but fall wherever the denominator's rounding overtakes the numerator.)
//!
//! Limit: 28 operations and a division, 15 cycles a register on two 512-bit ports: the ports, not the divider.

use crate::lanes::Lanes;

use super::logistic::Tail;
use super::polynomial::polynomial;

/// Constants of the hyperbolic tangent for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// tanh a = a + a^3 P(a^2), 0 <= a <= 9/16.
    const TANH: &'static [Self];
}

impl Constants for f32 {
    // fpminimax(tanh(x), [|3,5,7,9,11|], [|SG...|], [1b-30;0.5625], relative, x): 2^-29.4.
    const TANH: &'static [f32] = &[
        f32::from_bits(0xbeaa_aaa4),
        f32::from_bits(0x3e08_8632),
        f32::from_bits(0xbd5c_83ad),
        f32::from_bits(0x3cac_1130),
        f32::from_bits(0xbbca_5fa2),
    ];
}

impl Constants for f64 {
    // The same with [|3,...,23|], [|D...|]: 2^-59.8.
    const TANH: &'static [f64] = &[
        f64::from_bits(0xbfd5_5555_5555_554b),
        f64::from_bits(0x3fc1_1111_1111_0268),
        f64::from_bits(0xbfab_a1ba_1b93_28e8),
        f64::from_bits(0x3f96_64f4_848b_e627),
        f64::from_bits(0xbf82_26e2_cf24_e8b5),
        f64::from_bits(0x3f6d_6d24_56e2_4304),
        f64::from_bits(0xbf57_d8b7_e03a_37b1),
        f64::from_bits(0x3f43_4600_0c7e_f1b8),
        f64::from_bits(0xbf2e_8048_a155_4aa7),
        f64::from_bits(0x3f15_962f_4696_8033),
        f64::from_bits(0xbef3_d05a_f557_da5f),
    ];
}

#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let a = x.abs();
    let square = a * a;
    let small = polynomial(square, L::Real::TANH).mul_add(square * a, a);
    let large = Tail::at_double(x).value().mul_add(a.splat(-2.0), a.splat(1.0));
    small.select(a.lt(a.splat(0.5625)), large).copysign(x)
}
