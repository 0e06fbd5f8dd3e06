//! The natural logarithms of x and of 1 + x.
//!
//! Method: x = 2^k m with m in [sqrt(1/2), sqrt(2)), f = m - 1 (exact), s = f / (2 + f). Then ln(1 + f) = 2 s + s
//! R(s^2) = f - s (f - R), where the correction is at most a fifth of f.

use crate::simd::{Lanes, Real};

use super::exp;
use super::pair::HiLo;
use super::polynomial::polynomial;
use super::rounding::{div_remainder, fast_two_sum, fma_emulated, two_sum};

/// The constants of the logarithm for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// The coefficients of R(z) / z in ln((1 + s) / (1 - s)) = 2 s + s R(s^2), |s| <= 0.1716.
    const RATIO: &'static [Self];
    /// The coefficients of Q(z) / z in ln((1 + s/2) / (1 - s/2)) = s + s Q(s^2), |s| <= 0.4034.
    const QUOTIENT: &'static [Self];
    /// The coefficients of ln(1 + e) / e - 1 in powers of e - 23/32, for e in [0, 1.6492].
    const LN_1P_RATIO: &'static [Self];
    /// The smallest normal number.
    const SMALLEST_NORMAL: f64;
}

impl Constants for f32 {
    // fpminimax(log((1+sqrt(x))/(1-sqrt(x)))/sqrt(x)-2, [|1,2,3|], [|SG...|], [1b-40;0.17158^2], relative): 2^-21.7
    // of R, which is at most 2^-6.6 of the result.
    const RATIO: &'static [f32] =
        &[f32::from_bits(0x3f2a_aaae), f32::from_bits(0x3ecc_bdd1), f32::from_bits(0x3e97_7ac6)];
    // fpminimax(log((1+sqrt(x)/2)/(1-sqrt(x)/2))/sqrt(x)-1, [|1,2,3|], [|SG...|], [1b-40;0.4034^2], relative): 2^-20.3 of
    // Q, which is at most 2^-6.1 of the result.
    const QUOTIENT: &'static [f32] =
        &[f32::from_bits(0x3daa_aab3), f32::from_bits(0x3c4c_b03c), f32::from_bits(0x3b19_81b7)];
    // fpminimax(log1p(x+m)/(x+m)-1, [|0,...,11|], [|SG...|], [-m+2^-20;1.6492-m], absolute), m = 23/32: 2^-26.7. This m
    // keeps the first coefficient below a quarter, where its rounding error halves.
    const LN_1P_RATIO: &'static [f32] = &[
        f32::from_bits(0xbe7c_6382),
        f32::from_bits(0xbe74_a1e4),
        f32::from_bits(0x3dc6_705e),
        f32::from_bits(0xbd32_0997),
        f32::from_bits(0x3ca8_e646),
        f32::from_bits(0xbc26_7a8b),
        f32::from_bits(0x3ba8_6ae9),
        f32::from_bits(0xbb26_313f),
        f32::from_bits(0x3aa2_c238),
        f32::from_bits(0xba5b_fffe),
        f32::from_bits(0x3a1c_6359),
        f32::from_bits(0xb94e_9a39),
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
    // As above with [|1,...,8|], [|D...|]: 2^-54 of Q.
    const QUOTIENT: &'static [f64] = &[
        f64::from_bits(0x3fb5_5555_5555_5555),
        f64::from_bits(0x3f89_9999_9999_a066),
        f64::from_bits(0x3f62_4924_923c_06e7),
        f64::from_bits(0x3f3c_71c7_3027_061d),
        f64::from_bits(0x3f17_45ca_234b_90e5),
        f64::from_bits(0x3ef3_b2b4_f650_224b),
        f64::from_bits(0x3ed0_e6ff_2ead_21e6),
        f64::from_bits(0x3eb1_76ff_aea6_8783),
    ];
    // As above with [|0,...,26|], [|D...|]: 2^-57.9.
    const LN_1P_RATIO: &'static [f64] = &[
        f64::from_bits(0xbfcf_8c70_4897_2d02),
        f64::from_bits(0xbfce_943b_e986_4ea2),
        f64::from_bits(0x3fb8_ce0b_2a70_6e1e),
        f64::from_bits(0xbfa6_4185_9e95_6b2d),
        f64::from_bits(0x3f95_1d8a_1efd_f678),
        f64::from_bits(0xbf84_c2f5_64e6_4301),
        f64::from_bits(0x3f74_eda6_a229_c365),
        f64::from_bits(0xbf65_7cf1_f7be_5d91),
        f64::from_bits(0x3f56_60a2_9a8e_bc3e),
        f64::from_bits(0xbf47_9140_cf82_9ce7),
        f64::from_bits(0x3f39_0c8b_4e15_723d),
        f64::from_bits(0xbf2a_d3c1_2da3_0cc7),
        f64::from_bits(0x3f1c_ea9d_8bcb_b177),
        f64::from_bits(0xbf0f_5631_d663_7659),
        f64::from_bits(0x3f01_0f97_4bfe_9834),
        f64::from_bits(0xbef2_ae94_9596_a625),
        f64::from_bits(0x3ee4_8a0b_bec5_3195),
        f64::from_bits(0xbed6_596f_7635_6824),
        f64::from_bits(0x3ec8_3262_088f_b53c),
        f64::from_bits(0xbebc_9180_e6ce_0957),
        f64::from_bits(0x3eb1_e8a8_e8a5_0074),
        f64::from_bits(0xbea0_6c0e_07a9_2857),
        f64::from_bits(0x3e7e_0f2f_8fbe_947d),
        f64::from_bits(0xbe7c_488d_121f_0509),
        f64::from_bits(0x3e87_e8f7_4cbb_0e8b),
        f64::from_bits(0xbe7e_3b08_0f9f_e120),
        f64::from_bits(0x3e5a_a0c0_8dcb_a3e4),
    ];
    const SMALLEST_NORMAL: f64 = f64::MIN_POSITIVE;
}

/// The terms of k ln 2 + ln(1 + f) other than f: an exact multiple of the high part of ln 2, and the rest, at most a
/// fifth of the result.
#[inline(always)]
fn terms<L: Lanes>(k: L, f: L) -> (L, L) {
    let s = f / (f + 2.0);
    let z = s * s;
    let ratio = polynomial(z, L::Real::RATIO) * z;
    let [high, low] = <L::Real as exp::Constants>::LN_2_SHORT;
    (k * f.fill(high), (-s).mul_add(f - ratio, k * f.fill(low)))
}

/// k ln 2 + ln(1 + f).
#[inline(always)]
fn assemble<L: Lanes>(k: L, f: L) -> L {
    let (octaves, correction) = terms(k, f);
    octaves + (f + correction)
}

/// k ln 2 + ln(1 + f) rounded, and its error term.
#[inline(always)]
fn assemble_parts<L: Lanes>(k: L, f: L) -> (L, L) {
    let (octaves, correction) = terms(k, f);
    let (sum, low) = fast_two_sum(octaves, f);
    let (sum, lower) = fast_two_sum(sum, correction);
    (sum, low + lower)
}

/// The decomposition x = 2^k m as (m, k), m in [sqrt(1/2), sqrt(2)), for x > 0, subnormal numbers too.
#[inline(always)]
pub(crate) fn split<L: Lanes>(x: L) -> (L, L) {
    let small = x.lt(x.splat(L::Real::SMALLEST_NORMAL));
    let (m, k) = (x * exp::power_of_two(64)).select(small, x).frexp();
    (m, (k - 64.0).select(small, k))
}

/// y for positive finite x, else the value of ln x at 0, below 0, at infinity or NaN.
#[inline(always)]
fn unless_special<L: Lanes>(x: L, y: L) -> L {
    let zero = x.splat(0.0);
    let y = x.splat(f64::NEG_INFINITY).select(x.equals(zero), y);
    let y = x.splat(f64::NAN).select(x.lt(zero), y);
    // inf and NaN are returned as they are.
    y.select(x.le(x.fill(L::Real::MAX)), x)
}

/// ln x. Worst near 1/sqrt(2) and sqrt(2), where k ln 2 and ln m cancel the most.
#[inline(always)]
pub(crate) fn ln<L: Lanes>(x: L) -> L {
    let (m, k) = split(x);
    unless_special(x, assemble(k, m - 1.0))
}

/// ln x rounded, and its error term.
#[inline(always)]
pub(crate) fn ln_parts<L: Lanes>(x: L) -> (L, L) {
    let (m, k) = split(x);
    let (y, low) = assemble_parts(k, m - 1.0);
    let zero = x.splat(0.0);
    (unless_special(x, y), zero.select(x.equals(zero), low.select(x.le(x.fill(L::Real::MAX)), zero)))
}

/// ln x, of two parts: that of the first, and the quotient of the second and it.
#[inline(never)]
pub(crate) fn ln_of_pair<L: Lanes>(x: HiLo<L>) -> HiLo<L> {
    let (high, low) = ln_parts(x.high);
    HiLo::normal(high, low + x.low / x.high)
}

/// The reduction of 1 + x = 2^k (1 + f), x >= -1: k, m - 1, and a small term to add to m - 1.
///
/// With u = 1 + x rounded and c its error, ln(1 + x) is ln u + c / u. Here c 2^-k is added to the reduced f = m - 1
/// instead: exact where k = 0, and small beside k ln 2 elsewhere.
#[inline(always)]
fn reduce_1p<L: Lanes>(x: L) -> (L, L, L) {
    let (u, c) = add_one(x);
    let (m, k) = u.frexp();
    (k, m - 1.0, c * down::<L>(k))
}

/// 1 + x rounded, and its error term, for x >= -1.
#[inline(always)]
fn add_one<L: Lanes>(x: L) -> (L, L) {
    let one = x.splat(1.0);
    let u = x + one;
    let (large, small) = (x.at_least(one), x.at_most(one));
    (u, small - (u - large))
}

/// 2^-k. From 2^(bias - 1) on, the error term of a sum of 1 is negligible beside it, whatever it is divided by.
#[inline(always)]
fn down<L: Lanes>(k: L) -> L {
    (k.power_magic() - k.at_most(k.fill(L::Real::BIAS) - 1.0)).to_power()
}

/// ln(1 + x). Worst just above sqrt(2) - 1, 1.54 ulp in f32: there k ln 2 and ln m cancel the most.
#[inline(always)]
pub(crate) fn ln_1p<L: Lanes>(x: L) -> L {
    let (k, f, more) = reduce_1p(x);
    let minus_one = x.splat(-1.0);
    let y = assemble(k, f + more).copysign(x);
    let y = x.splat(f64::NEG_INFINITY).select(x.equals(minus_one), y);
    let y = x.splat(f64::NAN).select(x.lt(minus_one), y);
    y.select(x.le(x.fill(L::Real::MAX)), x)
}

/// A positive number (m + low) 2^k, m from `split`, in parts.
#[derive(Clone, Copy)]
pub(crate) struct Part<L> {
    pub(crate) m: L,
    /// The error term of m; `None` for a number without one.
    pub(crate) low: Option<L>,
    pub(crate) k: L,
}

impl<L: Lanes> Part<L> {
    /// Of a positive number.
    #[inline(always)]
    pub(crate) fn of(x: L) -> Self {
        let (m, k) = split(x);
        Part { m, low: None, k }
    }

    /// Of 1 + x, x > -1.
    #[inline(always)]
    pub(crate) fn of_1p(x: L) -> Self {
        let (u, low) = add_one(x);
        let (m, k) = u.frexp();
        Part { m, low: Some(low * down::<L>(k)), k }
    }
}

/// ln(n / d) rounded, and its error term.
///
/// Of the two significands, that of d is doubled or halved where they differ by more than about sqrt(2). With the
/// difference r of both and their mean a, the logarithm is k ln 2 + 2 artanh(r / 2a) = k ln 2 + s + s Q(s^2), s = r / a.
/// Nothing cancels: r is exact, but for error terms, and |k ln 2| is far above |s| unless k is 0. So all that rounds
/// noticeably is s, and its error term is added.
///
/// Limit: the execution ports, with some 40 operations and a division; the two significands and exponents take a fifth of
/// them.
#[inline(always)]
pub(crate) fn ln_of_quotient<L: Lanes>(n: Part<L>, d: Part<L>) -> (L, L) {
    // From 1.4 times the difference on, whichever the significands are, their quotient is within 3/2 of 1 as it is, or of
    // 2 or 1/2.
    let magic = n.m.power_magic();
    let step = (n.m - d.m).mul_add(n.m.splat(1.4), magic);
    let power = step.to_power();
    let k = n.k - d.k + (step - magic);
    let other = d.m * power;
    let r = n.m - other;
    let (r, lows) = match (n.low, d.low) {
        (Some(n_low), Some(d_low)) => {
            // Near a quotient of 1 the error terms may nearly cancel r.
            let d_low = d_low * power;
            let (r, first) = fast_two_sum(r, -d_low);
            let (r, second) = two_sum(r, n_low);
            (r, Some((first + second, d_low)))
        }
        _ => (r, None),
    };
    let (mean, mean_low) = fast_two_sum(other, r * 0.5);
    let inverse = r.splat(1.0) / mean;
    let s = r * inverse;
    let rest = if let Some((r_low, d_low)) = lows {
        div_remainder(r, s, mean) + (r_low - s * (mean_low + d_low))
    } else {
        div_remainder(r, s, mean) - s * mean_low
    };
    let z = s * s;
    let [high, low] = <L::Real as exp::Constants>::LN_2_SHORT;
    let correction = (polynomial(z, L::Real::QUOTIENT) * z).mul_add(s, rest.mul_add(inverse, k * k.fill(low)));
    let (sum, lost) = fast_two_sum(k * k.fill(high), s);
    fast_two_sum(sum, lost + correction)
}

/// ln x for x = 0, infinity or NaN.
#[inline(always)]
pub(crate) fn ln_of_end<L: Lanes>(x: L) -> L {
    x.splat(f64::NEG_INFINITY).select(x.equals(x.splat(0.0)), x)
}

/// The boundary of the two forms of ln(1 + e^z). Up to here it may be computed directly. Beyond, it must be z + ln(1 +
/// e^-z), whose second term then moves in steps no larger than those of z.
pub(crate) const LN_1P_EXP_BEND: f64 = 0.5;

/// ln(1 + e^(z + low)) 2^LIFT for z from -`EXP_CUTOFF` to `LN_1P_EXP_BEND`, with a relative `correction` (tiny).
///
/// e^z is rounded to e, and ln(1 + e) = e + e Q(e). That costs a quarter ulp against keeping the excess apart, but
/// makes the function monotone: each step to e is, and a step of e moves e + e Q(e) by more than the error of Q. Limit:
/// the execution ports, with some 30 operations and no division.
#[inline(always)]
pub(crate) fn ln_1p_exp<L: Lanes>(z: L, low: Option<L>, correction: Option<L>) -> L {
    let exp::Reduced { power, r, .. } = exp::reduce(z, <L::Real as exp::Constants>::LIFT);
    let r = if let Some(low) = low { r + low } else { r };
    let lifted = (exp::excess(r) + 1.0) * power;
    let ratio = ln_1p_ratio(lifted * super::logistic::lower::<L>());
    let ratio = if let Some(correction) = correction { ratio + correction } else { ratio };
    fma_emulated(lifted, ratio, lifted)
}

/// ln(1 + e) / e - 1 for e from 0 to e^`LN_1P_EXP_BEND`.
#[inline(always)]
pub(crate) fn ln_1p_ratio<L: Lanes>(e: L) -> L {
    let f = e - 23.0 / 32.0;
    fma_emulated(polynomial(f, &L::Real::LN_1P_RATIO[1..]), f, f.fill(L::Real::LN_1P_RATIO[0]))
}
