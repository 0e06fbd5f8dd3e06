//! Sine and cosine of arguments of any size.
//!
//! Method: x = k pi / 2 + r with |r| <= pi / 4. k is rounded by adding and subtracting 1.5 * 2^m; the two lowest bits
//! of the sum select sin r or cos r, and the sign.
//!
//! r = x - n pi / 2, by parts of pi / 2. Where multiplication and addition fuse, the first step is exact for any n: it
//! cancels the leading bits of x and ends no lower than the first part does. Where they do not, the parts are so short
//! that n times each but the last is exact. The later steps are exact or round relative to what is left. No f32 within
//! `NEAR` is nearer to a multiple of pi / 4 than 2^-29 (f64: 2^-62), and the error of the parts is less than half an
//! ulp of that.
//!
//! Beyond `NEAR`, lane by lane: the fraction of x / 2 pi, to 128 bits, from the 192 bits of 1 / 2 pi that matter there
//! (M. Payne, R. Hanek, Radian Reduction for Trigonometric Functions, 1983). Whole turns drop out of the wrapping
//! product. No f64 is nearer to a multiple of pi / 4 than 2^-62, so 62 bits of r are correct.
//!
//! Limit: the execution ports.

use crate::simd::{Lanes, Real, without_f64};

use super::exp::power_of_two;
use super::polynomial::polynomial;

/// The constants of sine and cosine for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// pi / 2 in three parts, each the nearest number to what is left.
    const PI_2_PARTS: &'static [Self];
    /// pi / 2 in four parts: for x within `NEAR_SHORT`, 2 n times each of the first three is exact.
    const QUARTER_SHORT: &'static [Self];
    /// The largest |x| that is reduced by `PI_2_PARTS`.
    const NEAR: f64;
    /// The largest |x| that is reduced by `QUARTER_SHORT`.
    const NEAR_SHORT: f64;
    /// The coefficients of P in sin r = r + r^3 P(r^2), for |r| <= pi / 4 plus what the rounding of k adds.
    const SIN: &'static [Self];
    /// The coefficients of P in cos r = 1 - r^2 / 2 + r^4 P(r^2).
    const COS: &'static [Self];
    /// The coefficients of P in sin^2 r = z + z^2 P(z), z = r^2.
    const SIN_SQUARED: &'static [Self];
}

impl Constants for f32 {
    const PI_2_PARTS: &'static [f32] =
        &[f32::from_bits(0x3fc9_0fdb), f32::from_bits(0xb33b_bd2e), f32::from_bits(0xa6f7_2ced)];
    // 13 bits each, down to 2^-12, 2^-25, 2^-38, and the rest.
    const QUARTER_SHORT: &'static [f32] = &[
        f32::from_bits(0x3fc9_1000),
        f32::from_bits(0xb695_0000),
        f32::from_bits(0xb26e_f000),
        f32::from_bits(0xab97_3dcb),
    ];
    // k is off by 2^-25 of itself before it is rounded, so |r| exceeds pi / 4 by less than 0.004.
    const NEAR: f64 = 131_072.0;
    const NEAR_SHORT: f64 = 1024.0;
    // fpminimax(sin(x), [|3,5,7|], [|SG...|], [1b-30;0.79], relative, x): 2^-27.8.
    const SIN: &'static [f32] =
        &[f32::from_bits(0xbe2a_aaa2), f32::from_bits(0x3c08_836b), f32::from_bits(0xb94c_9231)];
    // fpminimax(cos(x), [|4,6,8|], [|SG...|], [1b-10;0.79], relative, 1-x^2/2): 2^-32.9.
    const COS: &'static [f32] =
        &[f32::from_bits(0x3d2a_aaa5), f32::from_bits(0xbab6_060f), f32::from_bits(0x37cc_f19a)];
    // fpminimax(sin(sqrt(x))^2, [|2,3,4,5|], [|SG...|], [1b-40;0.6242], relative, x): 2^-29.8.
    const SIN_SQUARED: &'static [f32] = &[
        f32::from_bits(0xbeaa_aaa9),
        f32::from_bits(0x3d36_0a9c),
        f32::from_bits(0xbb4f_d342),
        f32::from_bits(0x390d_2b04),
    ];
}

impl Constants for f64 {
    const PI_2_PARTS: &'static [f64] = &[
        f64::from_bits(0x3ff9_21fb_5444_2d18),
        f64::from_bits(0x3c91_a626_3314_5c07),
        f64::from_bits(0xb91f_1976_b7ed_8fbc),
    ];
    // 28 bits each, down to 2^-27, 2^-55, 2^-83, and the rest.
    const QUARTER_SHORT: &'static [f64] = &[
        f64::from_bits(0x3ff9_21fb_5400_0000),
        f64::from_bits(0x3e11_0b46_1000_0000),
        f64::from_bits(0x3c5a_6263_3000_0000),
        f64::from_bits(0x3a94_5c06_e0e6_8948),
    ];
    const NEAR: f64 = 1_073_741_824.0;
    const NEAR_SHORT: f64 = 16_777_216.0;
    // The same with [|3,...,13|], [|D...|], [1b-60;0.7855]: 2^-57.9.
    const SIN: &'static [f64] = &[
        f64::from_bits(0xbfc5_5555_5555_5548),
        f64::from_bits(0x3f81_1111_1110_f75d),
        f64::from_bits(0xbf2a_01a0_19bf_222e),
        f64::from_bits(0x3ec7_1de3_55f0_5599),
        f64::from_bits(0xbe5a_e5e5_471f_5500),
        f64::from_bits(0x3de5_d8e3_511c_da5f),
    ];
    // The same with [|4,...,14|], [|D...|], [1b-20;0.7855]: 2^-63.9.
    const COS: &'static [f64] = &[
        f64::from_bits(0x3fa5_5555_5555_554b),
        f64::from_bits(0xbf56_c16c_16c1_5016),
        f64::from_bits(0x3efa_01a0_19c8_f3ee),
        f64::from_bits(0xbe92_7e4f_7f19_d4b2),
        f64::from_bits(0x3e21_ee9d_bd0d_86a6),
        f64::from_bits(0xbda8_fa68_1e38_5241),
    ];
    // The same with [|2,...,9|], [|D...|], [1b-80;0.617]: 2^-62.4.
    const SIN_SQUARED: &'static [f64] = &[
        f64::from_bits(0xbfd5_5555_5555_5555),
        f64::from_bits(0x3fa6_c16c_16c1_6bb7),
        f64::from_bits(0xbf6a_01a0_1a01_4f10),
        f64::from_bits(0x3f22_7e4f_b755_7954),
        f64::from_bits(0xbed1_eed8_de71_8e76),
        f64::from_bits(0x3e79_396a_2fcd_5bf5),
        f64::from_bits(0xbe1a_e43e_df14_c8a2),
        f64::from_bits(0x3db5_ca88_bb7e_a669),
    ];
}

/// The reduced argument: x, or with `EIGHTH` x + pi / 4, is k pi / 2 + r + low.
#[derive(Clone, Copy)]
pub(crate) struct Reduced<L> {
    /// r, rounded relative to its own size.
    pub(crate) r: L,
    /// The error term of r; may be 0 without `EXACT`.
    pub(crate) low: L,
    /// k modulo 4, as 0, 2, -0 or -2.
    pub(crate) quadrant: L,
}

impl<L: Lanes> Reduced<L> {
    /// The lanes in which k is even.
    #[inline(always)]
    pub(crate) fn even(self) -> L::Mask {
        self.quadrant.equals(self.quadrant.splat(0.0))
    }
}

/// The reduction of x + `rest`. `EIGHTH` adds pi / 4, `EXACT` asks for the error term.
#[inline(always)]
pub(crate) fn reduce<L: Lanes, const EIGHTH: bool, const EXACT: bool>(x: L, rest: Option<L>) -> Reduced<L> {
    let per_quarter = x.splat(core::f64::consts::FRAC_2_PI);
    let magic = x.round_magic();
    let (mut j, n) = if EIGHTH {
        let j = x.mul_add(per_quarter, x.splat(0.5)) + magic;
        (j, j - magic - 0.5)
    } else {
        let j = x.mul_add(per_quarter, magic);
        (j, j - magic)
    };
    let (parts, near) =
        if L::FUSED { (L::Real::PI_2_PARTS, L::Real::NEAR) } else { (L::Real::QUARTER_SHORT, L::Real::NEAR_SHORT) };
    let last = parts.len() - 1;
    let zero = x.splat(0.0);
    let (mut r, mut low) = (x, zero);
    let mut i = 0;
    while i < last {
        let part = -x.fill(parts[i]);
        let next = n.mul_add(part, r);
        low = low + n.mul_add(part, r - next);
        r = next;
        i += 1;
    }
    // n times a part is exact at least for n = 1/2 and 1. For others, a fused product has too many bits for a
    // difference to give its error. But r is longer than x for these two n alone, and only there do functions need the
    // error.
    let lost = if L::FUSED { low.select(x.abs().lt(x.splat(1.5625)), zero) } else { low };
    let part = -x.fill(parts[last]);
    if EXACT || !L::FUSED {
        low = n.mul_add(part, lost);
        if let Some(rest) = rest {
            low = low + rest;
        }
        let sum = r + low;
        (r, low) = (sum, low - (sum - r));
    } else {
        r = n.mul_add(part, r);
        if let Some(rest) = rest {
            r = r + rest;
        }
        low = zero;
    }

    let far = x.splat(near).lt(x.abs());
    if L::any(far) {
        let [far_r, far_j] = x.map_lanes(rest.unwrap_or(zero), reduce_far::<L::Real, EIGHTH>);
        r = far_r.select(far, r);
        low = zero.select(far, low);
        j = (far_j + magic).select(far, j);
    }
    Reduced { r, low, quadrant: j.to_quadrant() }
}

/// sin r and cos r, for |r| <= pi / 4.
#[inline(always)]
pub(crate) fn sin_cos_reduced<L: Lanes>(r: L) -> (L, L) {
    let z = r * r;
    let sin = polynomial(z, L::Real::SIN).mul_add(z * r, r);
    let cos = polynomial(z, L::Real::COS).mul_add(z * z, z.mul_add(z.splat(-0.5), z.splat(1.0)));
    (sin, cos)
}

/// sin^2 (r + low), |r| <= pi / 4, as a sum whose second term is at most a fifth of the first. The derivative of sin^2
/// r in z = r^2 is sin(2 r) / 2 r, nearly 1 - 0.6 z: accurate enough for the error term of z.
#[inline(always)]
pub(crate) fn sin_squared_reduced<L: Lanes>(r: L, low: L) -> (L, L) {
    let z = r * r;
    let error = (r + r).mul_add(low, r.mul_error(r, z));
    let derivative = z.mul_add(z.splat(-0.6), z.splat(1.0));
    (z, polynomial(z, L::Real::SIN_SQUARED).mul_add(z * z, derivative * error))
}

/// sin x and cos x. The magnitude of x is reduced, so that one is odd and the other even to the bit, and -0 keeps its
/// sign.
#[inline(always)]
pub(crate) fn sin_cos<L: Lanes>(x: L) -> (L, L) {
    let reduced = reduce::<L, false, false>(x.abs(), None);
    let (sin, cos) = sin_cos_reduced(reduced.r);
    let (even, quadrant) = (reduced.even(), reduced.quadrant);
    (sin.select(even, cos).xor_sign(quadrant).xor_sign(x), cos.select(even, -sin).xor_sign(quadrant))
}

/// The reduction of x + rest of any size, by Payne and Hanek: r, and k modulo 4.
#[cold]
#[inline(never)]
fn reduce_far<R: Real, const EIGHTH: bool>(x: R, rest: R) -> [R; 2] {
    if !x.is_finite() {
        return [R::nan(); 2];
    }
    let turns = turns(x.into_f64()).wrapping_add(turns(rest.into_f64()));
    let turns = if EIGHTH { turns.wrapping_add(1 << 125) } else { turns };
    let k = turns.wrapping_add(1 << 125) >> 126;
    [radians(turns.wrapping_sub(k << 126) as i128), R::from_i32(k as i32)]
}

/// 1 / 2 pi in words of 64 bits: two zeros, then the words from 2^-1 on. mpmath, floor(2^1216 / (2 pi)) at 3000 bits.
const TURNS_PER_RADIAN: [u64; 21] = [
    0,
    0,
    0x28be_60db_9391_054a,
    0x7f09_d5f4_7d4d_3770,
    0x36d8_a566_4f10_e410,
    0x7f94_58ea_f7ae_f158,
    0x6dc9_1b8e_9093_74b8,
    0x0192_4bba_8274_6487,
    0x3f87_7ac7_2c4a_69cf,
    0xba20_8d7d_4bae_d121,
    0x3a67_1c09_ad17_df90,
    0x4e64_758e_60d4_ce7d,
    0x2721_17e2_ef7e_4a0e,
    0xc7fe_25ff_f781_6603,
    0xfbcb_c462_d682_9b47,
    0xdb4d_9fb3_c9f2_c26d,
    0xd3d1_8fd9_a797_fa8b,
    0x5d49_eeb1_faf9_7c5e,
    0xcf41_ce7d_e294_a4ba,
    0x9afe_d7ec_47e3_5742,
    0x1580_cc11_bf1e_daea,
];

/// The fraction of x / 2 pi in units of 2^-128, for finite x: 0 if |x| is below 2^-75.
fn turns(x: f64) -> u128 {
    let bits = x.to_bits();
    // x = m 2^e.
    let m = (bits & ((1 << 52) - 1)) | 1 << 52;
    let e = (bits >> 52 & 0x7ff) as i32 - 1075;
    if e < -128 {
        return 0;
    }
    // Three words of the bits of 1 / 2 pi from 2^(-1 - e) on: the bits before them count whole turns.
    let first = (e + 128) as usize;
    let word = |i: usize| {
        let pair =
            u128::from(TURNS_PER_RADIAN[first / 64 + i]) << 64 | u128::from(TURNS_PER_RADIAN[first / 64 + i + 1]);
        (pair << (first % 64) >> 64) as u64
    };
    let product = |i: usize| u128::from(word(i)) * u128::from(m);
    let turns = (product(0) << 64).wrapping_add(product(1)).wrapping_add(product(2) >> 64);
    if x.is_sign_negative() { turns.wrapping_neg() } else { turns }
}

/// The radians of a number of turns, given in units of 2^-128: 62 bits of it, rounded once.
fn radians<R: Real>(turns: i128) -> R {
    /// floor(2 pi 2^61).
    const RADIANS_PER_TURN: u64 = 0xc90f_daa2_2168_c234;
    let magnitude = turns.unsigned_abs();
    if magnitude == 0 {
        return R::zero();
    }
    let zeros = magnitude.leading_zeros();
    let leading = (magnitude << zeros >> 64) as u64;
    let product = u128::from(leading) * u128::from(RADIANS_PER_TURN);
    let (units, unit) = ((product >> 64) as u64, power_of_two(-61 - zeros as i32));
    let radians = if const { without_f64::<R>() } {
        R::from_u64(units) * R::from_f64_rounded(unit)
    } else {
        R::from_f64_rounded(units as f64 * unit)
    };
    if turns < 0 { -radians } else { radians }
}
