//! The natural logarithm of x and of 1 + x.
//!
//! Method: x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1 (exact), s = f / (2 + f); then
//! ln(1 + f) = 2 s + s R(s^2) = f - s (f - R), where the correction is at most a fifth of f.

use crate::lanes::{Lanes, Real};

use super::exp;
use super::polynomial::polynomial;

/// Constants of the logarithm for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// R(z) / z, so that ln((1 + s) / (1 - s)) = 2 s + s R(s^2), |s| <= 0.1716.
    const RATIO: &'static [Self];
    /// ln(1 + e) / e - 0.84375 around e = 1/2, on [0, 1].
    const LN_1P_UNIT: &'static [Self];
    /// The smallest normal number.
    const SMALLEST_NORMAL: f64;
}

impl Constants for f32 {
    // fpminimax(log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2, [|1,2,3|], [|SG...|], [1b-40;0.17158^2], relative): 2^-21.7
    // of R, which is at most 2^-6.6 of the result.
    const RATIO: &'static [f32] =
        &[f32::from_bits(0x3f2a_aaae), f32::from_bits(0x3ecc_bdd1), f32::from_bits(0x3e97_7ac6)];
    // fpminimax(log1p(x+0.5)/(x+0.5)-0.84375, [|0,...,9|], [|SG...|], [-0.5+2^-20;0.5], absolute).
    const LN_1P_UNIT: &'static [f32] = &[
        f32::from_bits(0xbd06_6e09),
        f32::from_bits(0xbe93_b9d4),
        f32::from_bits(0x3e07_caad),
        f32::from_bits(0xbd8a_9f55),
        f32::from_bits(0x3d16_0dd9),
        f32::from_bits(0xbca8_9f4f),
        f32::from_bits(0x3c3d_c456),
        f32::from_bits(0xbbda_e46f),
        f32::from_bits(0x3bab_c5d2),
        f32::from_bits(0xbb5c_9637),
    ];
    const SMALLEST_NORMAL: f64 = f32::MIN_POSITIVE as f64;
}

impl Constants for f64 {
    // As above with [|1,...,7|], [|D...|]: 2^-51 of R.
    const RATIO: &'static [f64] = &[
        f64::from_bits(0x3fe5_5555_5555_5558),
        f64::from_bits(0x3fd9_9999_9999_531d),
        f64::from_bits(0x3fd2_4924_92de_f90c),
        f64::from_bits(0x3fcc_71c6_2e56_b49e),
        f64::from_bits(0x3fc7_462b_4fea_c96b),
        f64::from_bits(0x3fc3_9fe5_042f_592d),
        f64::from_bits(0x3fc2_b593_69f9_348c),
    ];
    // As above with [|0,...,21|], [|D...|]: 2^-58.5.
    const LN_1P_UNIT: &'static [f64] = &[
        f64::from_bits(0xbfa0_cdc1_3406_7b41),
        f64::from_bits(0xbfd2_773a_5da9_0bdb),
        f64::from_bits(0x3fc0_f95b_3dc0_a120),
        f64::from_bits(0xbfb1_540a_fd54_aebc),
        f64::from_bits(0x3fa2_bec9_fba5_369d),
        f64::from_bits(0xbf95_0abf_6ccc_61ec),
        f64::from_bits(0x3f88_3c50_b0d8_0465),
        f64::from_bits(0xbf7c_72c6_2e05_e17f),
        f64::from_bits(0x3f70_f119_1ec6_c353),
        f64::from_bits(0xbf64_69c8_dd81_abb5),
        f64::from_bits(0x3f58_d3fa_5248_005e),
        f64::from_bits(0xbf4e_6f0a_6fad_fde4),
        f64::from_bits(0x3f42_c732_7df6_c2ba),
        f64::from_bits(0xbf37_4db6_ae0d_69fb),
        f64::from_bits(0x3f2c_fa7b_6926_a288),
        f64::from_bits(0xbf22_1b2f_01f6_ca22),
        f64::from_bits(0x3f17_832c_f622_161d),
        f64::from_bits(0xbf0e_1afe_5990_1a21),
        f64::from_bits(0x3efc_ee41_8cf4_3a84),
        f64::from_bits(0xbef0_bac5_0f34_9e3e),
        f64::from_bits(0x3efa_358d_0a95_c05a),
        f64::from_bits(0xbef1_eac2_b64e_141d),
    ];
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
}

/// k ln 2 + ln(1 + f).
#[inline(always)]
fn assemble<L: Lanes>(k: L, f: L) -> L {
    let s = f / (f + 2.0);
    let z = s * s;
    let ratio = polynomial(z, L::Real::RATIO) * z;
    let [high, low] = <L::Real as exp::Constants>::LN_2_SHORT;
    let correction = (-s).mul_add(f - ratio, k * f.fill(low));
    k * f.fill(high) + (f + correction)
}

/// ln x. Worst near 1/sqrt(2) and sqrt(2), where k ln 2 and ln m cancel the most.
#[inline(always)]
pub(crate) fn ln<L: Lanes>(x: L) -> L {
    let normal = x.splat(L::Real::SMALLEST_NORMAL);
    let small = x.lt(normal);
    let lifted = (x * exp::power_of_two(64)).select(small, x);
    let (m, k) = lifted.split();
    let k = (k - 64.0).select(small, k);
    let y = assemble(k, m - 1.0);
    let zero = x.splat(0.0);
    let y = x.splat(f64::NEG_INFINITY).select(x.equals(zero), y);
    let y = x.splat(f64::NAN).select(x.lt(zero), y);
    // inf and NaN are their own logarithms.
    y.select(x.le(x.fill(L::Real::LARGEST)), x)
}

/// ln(1 + x): with u = 1 + x rounded and c its error, ln u + c / u, where c is added to the reduced f = m - 1 instead:
/// exact where k = 0, and small beside k ln 2 elsewhere.
#[inline(always)]
pub(crate) fn ln_1p<L: Lanes>(x: L) -> L {
    let one = x.splat(1.0);
    let u = x + one;
    let (large, small) = (x.at_least(one), x.at_most(one));
    let c = small - (u - large);
    let (m, k) = u.split();
    let down = (x.fill(L::Real::WHOLE) + x.fill(L::Real::BIAS) - k).to_power();
    let y = assemble(k, (m - one) + c * down).copysign(x);
    let y = x.splat(f64::NEG_INFINITY).select(x.equals(-one), y);
    let y = x.splat(f64::NAN).select(x.lt(-one), y);
    y.select(x.le(x.fill(L::Real::LARGEST)), x)
}

/// ln(1 + e) / e on [0, 1], less its middle 0.84375, which the caller adds: the small rest rounds at a quarter of the
/// whole.
pub(crate) const LN_1P_UNIT_MIDDLE: f64 = 0.84375;

/// See [`LN_1P_UNIT_MIDDLE`].
#[inline(always)]
pub(crate) fn ln_1p_unit<L: Lanes>(e: L) -> L {
    polynomial(e - 0.5, L::Real::LN_1P_UNIT)
}
