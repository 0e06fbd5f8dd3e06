//! The hyperbolic tangent.
//!
//! Method in f32, where products and sums fuse: |x| = c + h, c the center of the nearest of eight pieces, and
//! tanh(c + h) = tanh c + t / (cosh^2 c + t sinh c cosh c), t = tanh h by an odd polynomial. The first piece has the center
//! 0, so the value there is t. The centers are floats whose three constants are floats too, but for a hundredth of an ulp
//! (S. Gal, 1986).
//!
//! Monotone there: for h < 0 each step is; for h > 0 the denominator rises with t, in smaller steps than t where it is
//! rounded, which depends on the first center beside 0 and was tested for all f32. Worst, 1.39 ulp, at the beginning of the
//! second piece, where the quotient is half of the value.
//!
//! Limit there: 18 operations, 4 of them permutations of a register of 8 lanes, and a division. It takes as long as the
//! logistic function does, and no part dominates.
//!
//! Method elsewhere: up to 9/16 an odd polynomial, where each step to the next float moves the value by more than its
//! error. Beyond, 1 - 2 t, with t the logistic tail of 2 |x|: the tail is at most a quarter there, so its error counts
//! half, and the value is monotone because the tail is. (Quotients of two sums that both move, such as (e^2a - 1) /
//! (e^2a + 1), are cheaper, but fall wherever the rounding of the denominator overtakes the numerator.)

use crate::simd::Lanes;

use super::exp;
use super::log::ln_1p_exp;
use super::logistic::{Tail, lower};
use super::polynomial::polynomial;
use super::rounding::fma_emulated;

/// The constants of the hyperbolic tangent for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// The coefficients of P in tanh a = a + a^3 P(a^2), 0 <= a <= 9/16.
    const TANH: &'static [Self];
    /// The pieces of the hyperbolic tangent, where a type has them.
    const TANH_PIECES: Option<&'static Pieces<Self>>;
    /// The coefficients of (x - tanh x) / x^3 in powers of x^2, 0 <= x <= 13/16.
    const TANH_SHRINK: &'static [Self];
    /// The coefficients of ln(cosh x) / x^2 in powers of x^2, 0 <= x <= 1.
    const LN_COSH: &'static [Self];
}

/// The pieces that the hyperbolic tangent is computed in: piece i has the numbers from (i - 1/2) w to (i + 1/2) w.
#[derive(Debug)]
#[doc(hidden)]
pub struct Pieces<R: 'static> {
    /// The width w of a piece.
    width: f64,
    /// A number in the last piece whose hyperbolic tangent rounds to 1.
    end: f64,
    /// The centers c, and tanh c, cosh^2 c and sinh c cosh c.
    center: [R; 8],
    tanh: [R; 8],
    cosh_square: [R; 8],
    sinh_cosh: [R; 8],
    /// The coefficients of P in tanh h = h + h^3 P(h^2) for |h| up to the largest distance to a center.
    polynomial: [R; 5],
}

/// Numbers from their bits.
const fn from_bits<const N: usize>(bits: [u32; N]) -> [f32; N] {
    let mut numbers = [0.0; N];
    let mut i = 0;
    while i < N {
        numbers[i] = f32::from_bits(bits[i]);
        i += 1;
    }
    numbers
}

#[rustfmt::skip]
const PIECES: Pieces<f32> = Pieces {
    width: 1.218,
    end: 9.0115,
    center: from_bits([
        0x0000_0000, 0x3f96_f3cc, 0x401b_fdfd, 0x4069_d187, 0x409b_fbab, 0x40c2_e614, 0x40e9_ee19, 0x410a_a123,
    ]),
    tanh: from_bits([
        0x0000_0000, 0x3f53_c5b5, 0x3f7c_1e98, 0x3f7f_a81e, 0x3f7f_f85a, 0x3f7f_ff54, 0x3f7f_fff1, 0x3f7f_ffff,
    ]),
    cosh_square: from_bits([
        0x3f80_0000, 0x404a_bc6e, 0x4204_f31b, 0x43ba_8e1f, 0x4585_e431, 0x473e_82d0, 0x4908_888d, 0x4b00_0000,
    ]),
    sinh_cosh: from_bits([
        0x0000_0000, 0x4027_b5e1, 0x4202_ef32, 0x43ba_4e14, 0x4585_e031, 0x473e_8250, 0x4908_8885, 0x4aff_ffff,
    ]),
    // fpminimax(tanh(x), [|3,5,7,9,11|], [|SG...|], [1b-30;0.6125], relative, x): 2^-28.0.
    polynomial: from_bits([0xbeaa_aa9c, 0x3e08_8431, 0xbd5c_34b8, 0x3ca9_b263, 0xbbbd_eae6]),
};

impl Constants for f32 {
    const TANH_PIECES: Option<&'static Pieces<f32>> = Some(&PIECES);
    // fpminimax(tanh(x), [|3,5,7,9,11|], [|SG...|], [1b-30;0.5625], relative, x): 2^-29.4.
    const TANH: &'static [f32] = &[
        f32::from_bits(0xbeaa_aaa4),
        f32::from_bits(0x3e08_8632),
        f32::from_bits(0xbd5c_83ad),
        f32::from_bits(0x3cac_1130),
        f32::from_bits(0xbbca_5fa2),
    ];
    // fpminimax((sqrt(x)-tanh(sqrt(x)))/(x*sqrt(x)), [|0,...,6|], [|SG...|], [1b-60;0.6602], relative): 2^-25.0.
    const TANH_SHRINK: &'static [f32] = &[
        f32::from_bits(0x3eaa_aaab),
        f32::from_bits(0xbe08_8898),
        f32::from_bits(0x3d5d_0d5e),
        f32::from_bits(0xbcb2_ecb0),
        f32::from_bits(0x3c0e_2452),
        f32::from_bits(0xbb47_b366),
        f32::from_bits(0x3a2c_f5bf),
    ];
    // fpminimax(log(cosh(sqrt(x)))/x, [|0,...,7|], [|SG...|], [1b-60;1], relative): 2^-30.3.
    const LN_COSH: &'static [f32] = &[
        f32::from_bits(0x3f00_0000),
        f32::from_bits(0xbdaa_aaa7),
        f32::from_bits(0x3cb6_09f7),
        f32::from_bits(0xbbdc_dcdf),
        f32::from_bits(0x3b0d_b4f8),
        f32::from_bits(0xba32_7274),
        f32::from_bits(0x3939_b146),
        f32::from_bits(0xb7d8_ece4),
    ];
}

impl Constants for f64 {
    const TANH_PIECES: Option<&'static Pieces<f64>> = None;
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
    // The same with [|0,...,14|], [|D...|]: 2^-54.0.
    const TANH_SHRINK: &'static [f64] = &[
        f64::from_bits(0x3fd5_5555_5555_5555),
        f64::from_bits(0xbfc1_1111_1111_1081),
        f64::from_bits(0x3fab_a1ba_1ba1_28eb),
        f64::from_bits(0xbf96_64f4_8809_adca),
        f64::from_bits(0x3f82_26e3_5141_249a),
        f64::from_bits(0xbf6d_6d3c_423e_9f59),
        f64::from_bits(0x3f57_da2a_77c6_8202),
        f64::from_bits(0xbf43_5507_2adc_73c3),
        f64::from_bits(0x3f2f_5099_2413_2722),
        f64::from_bits(0xbf19_3fe9_5405_1477),
        f64::from_bits(0x3f03_f532_9c79_d284),
        f64::from_bits(0xbeed_92a6_c400_5dcd),
        f64::from_bits(0x3ed2_ae1d_8710_93d0),
        f64::from_bits(0xbeb1_051f_440e_c0a2),
        f64::from_bits(0x3e7f_df89_d6b2_606d),
    ];
    // The same with [|0,...,15|], [|D...|]: 2^-60.1.
    const LN_COSH: &'static [f64] = &[
        f64::from_bits(0x3fe0_0000_0000_0000),
        f64::from_bits(0xbfb5_5555_5555_554c),
        f64::from_bits(0x3f96_c16c_16c1_5ce8),
        f64::from_bits(0xbf7b_a1ba_1b99_058c),
        f64::from_bits(0x3f61_ea5d_3877_d2c3),
        f64::from_bits(0xbf48_33d9_8f34_9b42),
        f64::from_bits(0x3f30_d0b1_f1d4_5eeb),
        f64::from_bits(0xbf17_d9f5_1c0e_d87c),
        f64::from_bits(0x3f01_2db9_1bed_0785),
        f64::from_bits(0xbee8_ff8c_3b4d_112e),
        f64::from_bits(0x3ed2_2d03_17c1_bdbb),
        f64::from_bits(0xbeb9_acc8_27eb_ae9e),
        f64::from_bits(0x3ea0_93cb_e478_d0c8),
        f64::from_bits(0xbe81_a4d3_3b59_91de),
        f64::from_bits(0x3e5a_4cb8_5903_f18c),
        f64::from_bits(0xbe23_cee6_1c31_c2de),
    ];
}

/// The end of the polynomial's interval.
pub(crate) const SMALL: f64 = 0.5625;

/// tanh a - a, for 0 <= a <= `SMALL`.
#[inline(always)]
pub(crate) fn excess<L: Lanes>(a: L) -> L {
    let square = a * a;
    polynomial(square, L::Real::TANH) * (square * a)
}

#[inline(always)]
pub(crate) fn tanh<L: Lanes>(x: L) -> L {
    let a = x.abs();
    let y = match L::Real::TANH_PIECES {
        Some(pieces) if L::FUSED => tanh_by_pieces(a, pieces),
        _ => tanh_by_tail(a),
    };
    y.xor_sign(x)
}

/// tanh a, a >= 0.
#[inline(always)]
fn tanh_by_pieces<L: Lanes>(a: L, pieces: &'static Pieces<L::Real>) -> L {
    let a = a.at_most(a.splat(pieces.end));
    let piece = a.mul_add(a.splat(1.0 / pieces.width), a.round_magic());
    // Exact.
    let h = a - piece.look_up(&pieces.center);
    let square = h * h;
    let t = polynomial(square, &pieces.polynomial).mul_add(square * h, h);
    let denominator = t.mul_add(piece.look_up(&pieces.sinh_cosh), piece.look_up(&pieces.cosh_square));
    piece.look_up(&pieces.tanh) + t / denominator
}

/// tanh a, a >= 0, from the logistic tail of 2 a.
#[inline(always)]
pub(crate) fn tanh_by_tail<L: Lanes>(a: L) -> L {
    let square = a * a;
    let small = polynomial(square, L::Real::TANH).mul_add(square * a, a);
    let large = Tail::at_double(a).value().mul_add(a.splat(-2.0), a.splat(1.0));
    small.select(a.lt(a.splat(SMALL)), large)
}

/// The derivative 1 - tanh(x)^2, from the tail of 2 |x|.
#[inline(always)]
pub(crate) fn derivative<L: Lanes>(tail: Tail<L>) -> L {
    let t = tail.lifted * (4.0 * lower::<L>()) / tail.denominator();
    (-t).mul_add(t * 0.25, t)
}

/// ln(cosh x), with `more` (tiny) added before the last rounding.
#[inline(always)]
pub(crate) fn ln_cosh<L: Lanes>(x: L, more: Option<L>) -> L {
    let a = x.abs();
    let square = a * a;
    let ratio = polynomial(square, <L::Real as Constants>::LN_COSH);
    // a - ln 2 + ln(1 + e^(-2 a)): the first difference is exact up to 2 ln 2.
    let tail =
        ln_1p_exp((a * -2.0).at_least(a.splat(-<L::Real as exp::Constants>::EXP_CUTOFF)), None, None) * lower::<L>();
    let [high, low] = <L::Real as exp::Constants>::LN_2;
    let (difference, tail) = (a - a.fill(high), tail - a.fill(low));
    let (small, large) = match more {
        Some(more) => (fma_emulated(ratio, square, more), difference + (tail + more)),
        None => (ratio * square, difference + tail),
    };
    small.select(a.lt(a.splat(1.0)), large)
}
