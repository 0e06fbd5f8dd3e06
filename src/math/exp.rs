//! The exponential function, and the pieces of it that other functions use.
//!
//! Method: x = n ln 2 + r with |r| <= ln 2 / 2, and e^r - 1 = r + r^2 P(r). The whole number n comes from adding and
//! subtracting 1.5 * 2^m + bias + offset. The low bits of the sum, moved to the exponent, are 2^(n + offset): no
//! conversion to integers, and the same rounding in every register.
//!
//! e^r is kept as its excess t = e^r - 1, never as the sum 1 + t. So the next operation of a function (add 2^-n,
//! subtract 1, multiply) rounds once, where the sum would already have rounded.
//!
//! Accuracy of r: where multiplication and addition fuse, ln 2 is split into the nearest float and the rest. The first
//! step is exact (it cancels at least the leading bit, and n has few bits); the second rounds at 2^-25 of |n| * 2^-26.
//! Where they do not fuse, the first part is so short that n times it is exact.

use crate::element::Element as _;
use crate::simd::{Lanes, Real, without_f64};

use super::log::split;
use super::pair::HiLo;
use super::polynomial::{polynomial, polynomial_in_pairs};
use super::rounding::fast_two_sum;

/// The constants of the exponential for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// ln 2 in two parts: the nearest number, and the rest.
    const LN_2: [Self; 2];
    /// ln 2 in two parts: the first, times any exponent, is exact.
    const LN_2_SHORT: [Self; 2];
    /// The coefficients of P in e^r - 1 = r + r^2 P(r).
    const EXCESS: &'static [Self];
    /// The coefficients of (2^r - 1 - r ln 2) / r^2, |r| <= 1/2, with ln 2 rounded; where a type has them.
    const EXCESS_OF_OCTAVES: Option<&'static [Self]>;
    /// The coefficients of (e^x - 1 - x) / x^2 for x from 0 to 27/16.
    const BEND: &'static [Self];
    /// A bound below which e^x rounds to 0.
    const EXP_UNDERFLOW: f64;
    /// A bound above which e^x overflows.
    const EXP_OVERFLOW: f64;
    /// The greatest |x| for which the short formula of e^x has the bits of the one for any x.
    const EXP_SHORT: f64;
    /// An a beyond which a e^-a and a^2 e^-a round to 0.
    const EXP_CUTOFF: f64;
    /// An a above `EXP_CUTOFF` whose e^-a is computed as exactly 0, because 2^(n + LIFT) has a biased exponent of 0: the
    /// cutoff of tails that are multiplied by a parameter, which may be large.
    const EXP_VANISHING: f64;
    /// An a beyond which e^(-a^2 / 2), a times it and a^2 times it round to 0: sqrt(2 `EXP_CUTOFF`), rounded down.
    const GAUSSIAN_CUTOFF: f64;
    /// sqrt(2 `EXP_VANISHING`), rounded down.
    const GAUSSIAN_VANISHING: f64;
    /// An a beyond which a z'^2 e^-z rounds to 0, z = sqrt(8 / pi) (a + 0.044715 a^3); at this a, z is below
    /// `EXP_CUTOFF`.
    const GELU_TANH_CUTOFF: f64;
    /// An x beyond which e^-x is below half an ulp of 1.
    const EXP_M1_CUTOFF: f64;
    /// The exponent of the factor 2^LIFT that tails are computed with, so that only their last operation rounds into
    /// the subnormals: 2^(n + LIFT) is normal for every n down to -`EXP_CUTOFF` / ln 2.
    const LIFT: i32;
}

impl Constants for f32 {
    const LN_2: [f32; 2] = [f32::from_bits(0x3f31_7218), f32::from_bits(0xb102_e308)];
    // 0x1.62e4p-1 fits in 16 bits, and n in 8; then ln 2 minus that.
    const LN_2_SHORT: [f32; 2] = [6.931_457_5e-1, 1.428_606_8e-6];
    // fpminimax(exp(x), [|2,3,4,5,6|], [|SG...|], [-0.34665;0.34665], relative, 1+x): 2^-28.2.
    const EXCESS: &'static [f32] = &[
        f32::from_bits(0x3eff_fffd),
        f32::from_bits(0x3e2a_aa49),
        f32::from_bits(0x3d2a_ad13),
        f32::from_bits(0x3c09_1cc2),
        f32::from_bits(0x3ab4_a660),
    ];
    // fpminimax(2^x-1, [|2,3,4,5,6|], [|SG...|], [-0.501;0.501], absolute, single(log(2))*x): 2^-27.9 of 2^x.
    const EXCESS_OF_OCTAVES: Option<&'static [f32]> = Some(&[
        f32::from_bits(0x3e75_fdf0),
        f32::from_bits(0x3d63_57ba),
        f32::from_bits(0x3c1d_951f),
        f32::from_bits(0x3aaf_8683),
        f32::from_bits(0x3922_1800),
    ]);
    // fpminimax((exp(x)-1-x)/x^2, 7, [|SG...|], [1b-20;1.6875], relative): 2^-28.9.
    const BEND: &'static [f32] = &[
        f32::from_bits(0x3f00_0000),
        f32::from_bits(0x3e2a_aaae),
        f32::from_bits(0x3d2a_a9e2),
        f32::from_bits(0x3c08_9890),
        f32::from_bits(0x3ab4_d61c),
        f32::from_bits(0x395c_5e73),
        f32::from_bits(0x378c_a8af),
        f32::from_bits(0x36b6_79d9),
    ];
    const EXP_UNDERFLOW: f64 = -104.0;
    const EXP_OVERFLOW: f64 = 89.0;
    const EXP_SHORT: f64 = 69.0;
    const EXP_CUTOFF: f64 = 114.0;
    const EXP_VANISHING: f64 = 115.75;
    const GAUSSIAN_CUTOFF: f64 = 15.0;
    const GAUSSIAN_VANISHING: f64 = 15.21;
    const GELU_TANH_CUTOFF: f64 = 11.04;
    const EXP_M1_CUTOFF: f64 = 18.0;
    const LIFT: i32 = 40;
}

impl Constants for f64 {
    const LN_2: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fefa_39ef), f64::from_bits(0x3c7a_bc9e_3b39_803f)];
    // 0x1.62e42fee00000p-1 fits in 32 bits, and n in 12; then ln 2 minus that.
    const LN_2_SHORT: [f64; 2] = [f64::from_bits(0x3fe6_2e42_fee0_0000), f64::from_bits(0x3dea_39ef_3579_3c76)];
    // fpminimax(exp(x), [|2,...,12|], [|D...|], [-0.34665;0.34665], relative, 1+x): below 2^-58.
    const EXCESS: &'static [f64] = &[
        f64::from_bits(0x3fe0_0000_0000_0000),
        f64::from_bits(0x3fc5_5555_5555_555c),
        f64::from_bits(0x3fa5_5555_5555_5544),
        f64::from_bits(0x3f81_1111_1110_ea04),
        f64::from_bits(0x3f56_c16c_16c1_e5c1),
        f64::from_bits(0x3f2a_01a0_1b43_f64e),
        f64::from_bits(0x3efa_01a0_17d4_7a3b),
        f64::from_bits(0x3ec7_1dde_e821_740c),
        f64::from_bits(0x3e92_7e53_39e0_7266),
        f64::from_bits(0x3e5a_f6e6_43b6_a520),
        f64::from_bits(0x3e21_eed1_552e_50f8),
    ];
    const EXCESS_OF_OCTAVES: Option<&'static [f64]> = None;
    // As above with 13, [|D...|]: 2^-58.9.
    const BEND: &'static [f64] = &[
        f64::from_bits(0x3fe0_0000_0000_0000),
        f64::from_bits(0x3fc5_5555_5555_555a),
        f64::from_bits(0x3fa5_5555_5555_51c8),
        f64::from_bits(0x3f81_1111_1112_00d4),
        f64::from_bits(0x3f56_c16c_1682_205e),
        f64::from_bits(0x3f2a_01a0_23d0_6cbf),
        f64::from_bits(0x3efa_019f_2121_30b3),
        f64::from_bits(0x3ec7_1df4_3bea_eeb4),
        f64::from_bits(0x3e92_7d8c_1152_1095),
        f64::from_bits(0x3e5a_f2dd_cdd1_a23f),
        f64::from_bits(0x3e21_a6bc_6d4d_3c24),
        f64::from_bits(0x3de8_4145_4ef5_ced6),
        f64::from_bits(0x3d9c_df1b_23b7_5758),
        f64::from_bits(0x3d7c_3236_21b1_a96c),
    ];
    const EXP_UNDERFLOW: f64 = -746.0;
    const EXP_OVERFLOW: f64 = 710.0;
    const EXP_SHORT: f64 = 670.0;
    const EXP_CUTOFF: f64 = 760.0;
    const EXP_VANISHING: f64 = 778.4;
    const GAUSSIAN_CUTOFF: f64 = 38.9;
    const GAUSSIAN_VANISHING: f64 = 39.45;
    const GELU_TANH_CUTOFF: f64 = 21.65;
    const EXP_M1_CUTOFF: f64 = 40.0;
    const LIFT: i32 = 100;
}

/// The power of two 2^n.
#[inline(always)]
pub(crate) const fn power_of_two(n: i32) -> f64 {
    f64::from_bits(((1023 + n) as u64) << 52)
}

/// The reduced argument: x = n ln 2 + r.
#[derive(Clone, Copy)]
pub(crate) struct Reduced<L> {
    /// 2^(n + lift).
    pub(crate) power: L,
    pub(crate) n: L,
    pub(crate) r: L,
}

/// The reduction of x = n ln 2 + r; with `HALVES`, of 2 x = n ln 2 + 2 r, so that |r| <= ln 2 / 4.
#[inline(always)]
fn split_off_powers<L: Lanes, const HALVES: bool>(x: L, lift: i32) -> Reduced<L> {
    let (per_octave, half) = if HALVES { (2.0, 0.5) } else { (1.0, 1.0) };
    let (power, n) = nearest_power(x, x.splat(core::f64::consts::LOG2_E * per_octave), lift);
    let [high, low] = if L::FUSED { L::Real::LN_2 } else { L::Real::LN_2_SHORT };
    let (high, low) = (x.fill(high) * x.splat(-half), x.fill(low) * x.splat(-half));
    let r = n.mul_add(low, n.mul_add(high, x));
    Reduced { power, n, r }
}

/// 2^(n + lift), and the whole number n that is nearest to x times `per_octave`.
#[inline(always)]
pub(crate) fn nearest_power<L: Lanes>(x: L, per_octave: L, lift: i32) -> (L, L) {
    let magic = x.power_magic() + x.fill(L::Real::from_i32(lift));
    let j = x.mul_add(per_octave, magic);
    (j.to_power(), j - magic)
}

/// The reduction x = n ln 2 + r, for |x| up to `EXP_CUTOFF`.
#[inline(always)]
pub(crate) fn reduce<L: Lanes>(x: L, lift: i32) -> Reduced<L> {
    split_off_powers::<L, false>(x, lift)
}

/// 2^(n + lift) and e^r - 1 for the reduction x + low = n ln 2 + r, |x| up to `EXP_CUTOFF`: r rounds once.
#[inline(always)]
pub(crate) fn power_and_excess<L: Lanes>(x: L, low: L, lift: i32) -> (L, L) {
    let (power, n) = nearest_power(x, x.splat(core::f64::consts::LOG2_E), lift);
    let [ln_2, rest] = if L::FUSED { L::Real::LN_2 } else { L::Real::LN_2_SHORT };
    // The first product and sum are exact.
    let r = n.mul_add(-x.fill(ln_2), x) + n.mul_add(-x.fill(rest), low);
    (power, polynomial_in_pairs(r, L::Real::EXCESS).mul_add(r * r, r))
}

/// The reduction 2 x = n ln 2 + 2 r, for |x| up to `EXP_CUTOFF` / 2.
#[inline(always)]
pub(crate) fn reduce_double<L: Lanes>(x: L, lift: i32) -> Reduced<L> {
    split_off_powers::<L, true>(x, lift)
}

/// e^r - 1 - r for |r| <= ln 2 / 2.
#[inline(always)]
pub(crate) fn bend<L: Lanes>(r: L) -> L {
    polynomial(r, L::Real::EXCESS) * (r * r)
}

/// e^r - 1 for |r| <= ln 2 / 2.
#[inline(always)]
pub(crate) fn excess<L: Lanes>(r: L) -> L {
    excess_parts(r).0
}

/// [`excess`] and what its last operation lost.
#[inline(always)]
pub(crate) fn excess_parts<L: Lanes>(r: L) -> (L, L) {
    let (p, square) = (polynomial(r, L::Real::EXCESS), r * r);
    let e = p.mul_add(square, r);
    (e, p.mul_add(square, r - e))
}

/// e^x. Worst, 1.01 ulp in f32, where the reduced argument is near -ln 2 / 2: half an ulp for the sum 1 + t, and the
/// rounding of t.
///
/// Limit: the count of operations, 12 where no |x| is above `EXP_SHORT`. A power of two of any exponent takes 9 more.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(x: L) -> L {
    // 2^n is normal. Where products and sums do not fuse, its product with the excess e^r - 1, of p bits, may round into the
    // subnormals; as n >= p - 124 (in f64, p - 1020), only where the excess is below 2^-(p + 1), so that the sum is 2^n
    // with it and without.
    if const { L::COUNT > 1 } && !L::any(x.splat(L::Real::EXP_SHORT).lt(x.abs())) {
        let Reduced { power, r, .. } = reduce(x, 0);
        return excess(r).mul_add(power, power);
    }
    exp_parts(x).0
}

/// e^x rounded, and most of its error term.
#[inline(always)]
pub(crate) fn exp_parts<L: Lanes>(x: L) -> (L, L) {
    let x = x.at_least(x.splat(L::Real::EXP_UNDERFLOW)).at_most(x.splat(L::Real::EXP_OVERFLOW));
    let Reduced { n, r, .. } = reduce(x, 0);
    let (e, low) = fast_two_sum(x.splat(1.0), excess(r));
    (e.ldexp(n), low.ldexp(n))
}

/// y e^(x + low) for y >= 0 and `low` small beside 1. No factor overflows or underflows before the product does: of y =
/// m 2^k, m is multiplied with e^r, and k is added to n.
#[inline(always)]
pub(crate) fn exp_times<L: Lanes>(x: L, low: Option<L>, y: L) -> L {
    exp_times_parts(x, low, y).0
}

/// The exponent of the factor 2^-LOWERED of terms that may overflow where their sum does not.
pub(crate) const LOWERED: i32 = 20;

/// The number above which a product with another number, such as a logarithm, may overflow.
#[inline(always)]
pub(crate) fn largest_factor<L: Lanes>() -> f64 {
    L::Real::MAX.into_f64() * power_of_two(-LOWERED)
}

/// Whether e^x or a product with y may overflow, though their difference does not.
#[inline(always)]
pub(crate) fn may_overflow<L: Lanes>(x: L, y: L) -> L::Mask {
    let end = 0.9 * L::Real::EXP_OVERFLOW;
    x.splat(end).le(x.at_least(y * (end / largest_factor::<L>())))
}

/// e^x 2^-`LOWERED`, rounded, and most of its error term. For x below 0, that of 0; infinite where e^x
/// is above x times the largest number.
#[inline(always)]
pub(crate) fn exp_lowered<L: Lanes>(x: L) -> (L, L) {
    let end = x.splat(L::Real::EXP_OVERFLOW + 8.0);
    let Reduced { n, r, .. } = reduce(x.at_least(x.splat(0.0)).at_most(end), 0);
    let (e, low) = fast_two_sum(x.splat(1.0), excess(r));
    let n = n - f64::from(LOWERED);
    (x.splat(f64::INFINITY).select(end.le(x), e.ldexp(n)), low.ldexp(n))
}

/// y e^(x + low) rounded, and most of its error term.
#[inline(always)]
pub(crate) fn exp_times_parts<L: Lanes>(x: L, low: Option<L>, y: L) -> (L, L) {
    exp_times_scaled(x, low, y, None)
}

/// factor y e^(x + low) rounded, and most of its error term, for a normal and positive factor, 1 by default.
#[inline(always)]
pub(crate) fn exp_times_scaled<L: Lanes>(x: L, low: Option<L>, y: L, factor: Option<L>) -> (L, L) {
    let end = x.splat(2.0 * L::Real::EXP_CUTOFF);
    let a = x.at_least(-end).at_most(end);
    let Reduced { n, r, .. } = reduce(a, 0);
    let r = if let Some(low) = low { r + low } else { r };
    let (m, k) = split(y);
    let (m, k) = match factor {
        Some(factor) => {
            let (factor_m, factor_k) = factor.frexp();
            (m * factor_m, k + factor_k)
        }
        None => (m, k),
    };
    let lowest = x.splat(-2.0 * L::Real::BIAS.into_f64());
    let n = (n + k).at_least(lowest).at_most(-lowest);
    let excess = excess(r);
    let product = excess.mul_add(m, m);
    let error = excess.mul_add(m, m - product).ldexp(n);
    // 0 and infinity are returned as they are: they have no m.
    let (zero, largest) = (x.splat(0.0), x.fill(L::Real::MAX));
    let product = product.ldexp(n).select(zero.lt(y), y).select(y.le(largest), y);
    (product.select(x.equals(x), x), error.select(zero.lt(product), zero).select(product.le(largest), zero))
}

/// The exponent k of a normal, positive number 2^k m, m in [1, 2).
#[inline(always)]
fn exponent(x: f64) -> i32 {
    (x.to_bits() >> 52) as i32 - 1023
}

/// e^x - 1 = 2 (2^(n-1) t + (2^(n-1) - 1/2)). Half of it is computed first, because 2^n overflows before the result
/// does. Worst, where products and sums fuse, near 17 (36 in f64): there 2^(n-1) - 1/2 begins to round.
#[inline(always)]
pub(crate) fn exp_m1<L: Lanes>(x: L) -> L {
    let low = x.splat(-L::Real::EXP_M1_CUTOFF);
    let a = x.at_least(low).at_most(x.splat(L::Real::EXP_OVERFLOW));
    let Reduced { power, r, .. } = reduce(a, -1);
    let half = power.mul_add(excess(r), power - 0.5);
    // Where halving would round, e^x - 1 rounds to x.
    x.select(x.abs().lt(x.splat(power_of_two(-60))), half + half)
}

/// The exponent k, from 0 to 80, of a large factor m 2^k of a tail. It belongs to the tail's power of two: a tail that
/// is 0 without the factor may be far from 0 with it.
#[inline(always)]
fn octaves(factor: f64) -> i32 {
    exponent(factor.abs()).clamp(0, 80)
}

/// An a beyond which factor e^-a is 0: `EXP_VANISHING`, for a factor of 1.
#[inline(always)]
pub(crate) fn vanishing<R: Real>(factor: HiLo<R>) -> R {
    let rise = octaves(factor.high.into_f64());
    if const { without_f64::<R>() } {
        let rise = R::from_i32(rise);
        return R::from_f64_rounded(R::EXP_VANISHING) + rise * R::from_f64_rounded(core::f64::consts::LN_2);
    }
    R::from_f64_rounded(vanishing_in_f64(factor))
}

#[inline(always)]
fn vanishing_in_f64<R: Real>(factor: HiLo<R>) -> f64 {
    R::EXP_VANISHING + f64::from(octaves(factor.high.into_f64())) * core::f64::consts::LN_2
}

/// An a beyond which sigma a has factor e^(-a^2 / 2) = 0, times sigma: by the tangent of the square root, somewhat beyond
/// sqrt(2 [`vanishing`]).
#[inline(always)]
pub(crate) fn gaussian_vanishing<R: Real>(factor: HiLo<R>, sigma: f64) -> R {
    let end = R::GAUSSIAN_VANISHING;
    if const { without_f64::<R>() } {
        let rise = vanishing(factor) - R::from_f64_rounded(R::EXP_VANISHING);
        return (R::from_f64_rounded(end) + rise / R::from_f64_rounded(end)) * R::from_f64_rounded(sigma);
    }
    R::from_f64_rounded((end + (vanishing_in_f64(factor) - R::EXP_VANISHING) / end) * sigma)
}

/// factor e^(x + low) 2^LIFT for x from -[`vanishing`] to 0, where `low` is the error term of x. Multiplying by 2^-LIFT
/// then rounds once into the subnormals. The factor times a power of two is exact, so the product costs no rounding.
#[inline(always)]
pub(crate) fn exp_lifted<L: Lanes>(x: L, low: Option<L>, factor: HiLo<L::Real>) -> L {
    let k = octaves(factor.high.into_f64());
    let Reduced { power, r, .. } = reduce(x, L::Real::LIFT + k);
    let r = if let Some(low) = low { r + low } else { r };
    let (high, low) = (x.fill(factor.high) * power_of_two(-k), x.fill(factor.low) * power_of_two(-k));
    let (high, low) = (power * high, power * low);
    excess(r).mul_add(high, low) + high
}

/// (2^n, t) for x from -`EXP_M1_CUTOFF` to 0, where e^x = 2^n (1 + t).
#[inline(always)]
pub(crate) fn exp_parts_of_negative<L: Lanes>(x: L) -> (L, L) {
    let Reduced { power, r, .. } = reduce(x, 0);
    (power, excess(r))
}

/// e^x - 1 for x from -`EXP_M1_CUTOFF` to 0, rounded, and its error term: 2^n - 1 and the product 2^n t are exact.
/// Monotone, because each step is.
#[inline(always)]
pub(crate) fn exp_m1_of_negative<L: Lanes>(x: L) -> (L, L) {
    let (power, t) = exp_parts_of_negative(x);
    let (whole, part) = (power - 1.0, power * t);
    let sum = whole + part;
    (sum, part - (sum - whole))
}
