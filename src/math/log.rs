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
    /// ln(1 + e) / e - 1 around e = 45/64, on [0, 1.5489].
    const LN_1P_RATIO: &'static [Self];
    /// The smallest normal number.
    const SMALLEST_NORMAL: f64;
}

impl Constants for f32 {
    // fpminimax(log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2, [|1,2,3|], [|SG...|], [1b-40;0.17158^2], relative): 2^-21.7
    // of R, which is at most 2^-6.6 of the result.
    const RATIO: &'static [f32] =
        &[f32::from_bits(0x3f2a_aaae), f32::from_bits(0x3ecc_bdd1), f32::from_bits(0x3e97_7ac6)];
    // fpminimax(log1p(x+m)/(x+m)-1, [|0,...,11|], [|SG...|], [-m+2^-20;1.5489-m], absolute), m = 45/64: 2^-27.6. The
    // middle is chosen so that the first coefficient stays below a quarter, where its rounding halves.
    const LN_1P_RATIO: &'static [f32] = &[
        f32::from_bits(0xbe78_8abc),
        f32::from_bits(0xbe77_c411),
        f32::from_bits(0x3dca_acc5),
        f32::from_bits(0xbd37_6c80),
        f32::from_bits(0x3caf_8701),
        f32::from_bits(0xbc2e_6442),
        f32::from_bits(0x3bb2_8136),
        f32::from_bits(0xbb34_1de7),
        f32::from_bits(0x3aac_ac44),
        f32::from_bits(0xba5d_69fc),
        f32::from_bits(0x3a2f_65f7),
        f32::from_bits(0xb987_8518),
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
    // As above with [|0,...,25|], [|D...|]: 2^-57.5.
    const LN_1P_RATIO: &'static [f64] = &[
        f64::from_bits(0xbfcf_1157_81d6_79cd),
        f64::from_bits(0xbfce_f881_d2b1_881b),
        f64::from_bits(0x3fb9_5595_a1df_5890),
        f64::from_bits(0xbfa6_edbd_aa0d_32c6),
        f64::from_bits(0x3f95_f227_4c04_b113),
        f64::from_bits(0xbf85_c54e_19b8_2bbc),
        f64::from_bits(0x3f76_2485_511c_dca7),
        f64::from_bits(0xbf66_f09d_facb_479a),
        f64::from_bits(0x3f58_1b03_de53_917f),
        f64::from_bits(0xbf49_9e15_cea7_c3e5),
        f64::from_bits(0x3f3b_79b0_fdec_6494),
        f64::from_bits(0xbf2d_b18b_a00d_f74a),
        f64::from_bits(0x3f20_25fe_8b59_6845),
        f64::from_bits(0xbf11_a874_085a_a71b),
        f64::from_bits(0x3f03_68cd_146f_cb22),
        f64::from_bits(0xbef5_7952_4b0a_fa9d),
        f64::from_bits(0x3ee7_bd9b_a661_d57b),
        f64::from_bits(0xbed9_be2f_7dc6_41c9),
        f64::from_bits(0x3ecc_d277_ca57_4f02),
        f64::from_bits(0xbec2_8980_d7b7_44f6),
        f64::from_bits(0x3eb5_54ca_d88d_4443),
        f64::from_bits(0xbe97_e4c9_a8d6_9e2c),
        f64::from_bits(0x3e78_efd4_efc2_0fa1),
        f64::from_bits(0xbe94_af51_8acb_0e33),
        f64::from_bits(0x3e93_6dd0_565d_2696),
        f64::from_bits(0xbe76_3074_fcdf_0299),
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

/// Up to here ln(1 + e^z) may be taken directly; from here on it must be z + ln(1 + e^-z), whose second term is then
/// below a half, so that its rounding is finer than a step of z.
pub(crate) const LN_1P_EXP_BEND: f64 = 0.4375;

/// ln(1 + e^(z + low)) 2^LIFT, with a relative `correction` (tiny), for z from -`TAIL_END` to `LN_1P_EXP_BEND`.
///
/// e^z is rounded to e, and ln(1 + e) = e + e Q(e). That costs a quarter ulp against keeping the excess apart, but makes
/// the function monotone: each step to e is, and a step of e moves e + e Q(e) by more than the error of Q.
#[inline(always)]
pub(crate) fn ln_1p_exp<L: Lanes>(z: L, low: Option<L>, correction: Option<L>) -> L {
    let exp::Reduced { power, r, .. } = exp::reduce(z, <L::Real as exp::Constants>::LIFT);
    let r = if let Some(low) = low { r + low } else { r };
    let lifted = (exp::excess(r) + 1.0) * power;
    let ratio = polynomial(lifted * super::logistic::lower::<L>() - 45.0 / 64.0, L::Real::LN_1P_RATIO);
    let ratio = if let Some(correction) = correction { ratio + correction } else { ratio };
    lifted.mul_add(ratio, lifted)
}
