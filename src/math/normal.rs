//! The tail of the normal distribution, relative to its density.
//!
//! Method: with u = 1 / (a + c), the ratio sqrt(2 pi) Q(a) / phi(a) = e^(a^2/2) erfc(a / sqrt 2) sqrt(pi / 2) of the
//! tail to the density is u times a smooth function of k = 1 - 2 c u, which runs from -1 at a = 0 to almost 1: a
//! polynomial. One factor corrects the rounding of u, because the ratio changes somewhat faster than u. The
//! exponential's argument a^2 / 2 is a sum of two numbers, because its rounding would become a^2 / 4 ulp.

use crate::simd::Lanes;

use super::exp::{self, Reduced, reduce};
use super::pair::HiLo;
use super::polynomial::polynomial;
use super::rounding::{fma_emulated, reciprocal, two_sum};

/// The constants of the normal distribution for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// The coefficients of erfc(a / sqrt 2) e^(a^2/2) / u - 1 in powers of k.
    const TAIL: &'static [Self];
    /// The offset c, of few bits, in u = 1 / (a + c) and k = 1 - 2 c u.
    const OFFSET: f64;
    /// The relative change of the tail-to-density ratio per relative change of u, about the same for every a.
    const SENSITIVITY: f64;
    /// The coefficients of (erfc(a / sqrt 2) e^(a^2/2) - 2 a / sqrt(2 pi)) / (r - a) - 1 in powers of k, with c = 2 and
    /// r the root of the numerator.
    const TAIL_LESS_SLOPE: &'static [Self];
}

impl Constants for f32 {
    // With c = 3/2, u = (1-x)/(2*c), a = 1/u-c: fpminimax(erfc(a/sqrt(2))*exp(a^2/2)/u-1, [|0,...,11|], [|SG...|],
    // [-1;1-2*c/(13.3+c)], absolute): 2^-27. With c = 2, one degree less suffices, but the error of the value is 2.1
    // ulp.
    const TAIL: &'static [f32] = &[
        f32::from_bits(0x3e70_5101),
        f32::from_bits(0xbec7_c828),
        f32::from_bits(0xbdeb_8090),
        f32::from_bits(0x3d12_9b83),
        f32::from_bits(0x3d10_8668),
        f32::from_bits(0x3c02_b513),
        f32::from_bits(0xbb9f_ef2f),
        f32::from_bits(0xbbb1_c809),
        f32::from_bits(0xbb07_6962),
        f32::from_bits(0x3a04_f8fc),
        f32::from_bits(0x3a71_e52a),
        f32::from_bits(0x399c_fe04),
    ];
    const OFFSET: f64 = 1.5;
    const SENSITIVITY: f64 = 1.25;
    // With c = 2: fpminimax(2*(erfc(a/sqrt(2))/2*exp(a^2/2)-a/sqrt(2*pi))/(r-a)-1, [|0,...,9|], [|SG...|],
    // [-1;1-2*c/(15.2+c)], absolute): 2^-25.9.
    const TAIL_LESS_SLOPE: &'static [f32] = &[
        f32::from_bits(0x3c15_113f),
        f32::from_bits(0xbe8c_ac66),
        f32::from_bits(0x3d73_03fa),
        f32::from_bits(0x3c28_fb04),
        f32::from_bits(0xbb99_5d3e),
        f32::from_bits(0xbb07_571f),
        f32::from_bits(0x3953_ec9c),
        f32::from_bits(0x39cc_bc9b),
        f32::from_bits(0x38a0_d93d),
        f32::from_bits(0xb782_3288),
    ];
}

impl Constants for f64 {
    // The same with c = 2, [|0,...,28|], [|D...|], up to a = 39.2: 2^-55.8.
    const TAIL: &'static [f64] = &[
        f64::from_bits(0x3fd6_1177_2b4a_953a),
        f64::from_bits(0xbfe5_35ba_fa73_c584),
        f64::from_bits(0x3fad_7d0e_2393_ec1e),
        f64::from_bits(0x3fb2_ccbf_bf0c_645b),
        f64::from_bits(0xbf4e_c687_0bba_33e6),
        f64::from_bits(0xbf8b_8b93_7f7a_cc53),
        f64::from_bits(0xbf6f_f79b_9db8_74fb),
        f64::from_bits(0x3f59_ba0c_6239_ce64),
        f64::from_bits(0x3f5b_1b0c_35e1_8c01),
        f64::from_bits(0x3f3b_217e_514f_8c30),
        f64::from_bits(0xbf2e_53ff_68a1_4195),
        f64::from_bits(0xbf30_d982_9c60_a56f),
        f64::from_bits(0xbf18_25d4_bcf0_e091),
        f64::from_bits(0x3ef4_4f73_5c8c_fa0c),
        f64::from_bits(0x3f06_c71e_ec82_80b9),
        f64::from_bits(0x3efa_5815_6788_3f8c),
        f64::from_bits(0x3ed0_839d_403d_fd22),
        f64::from_bits(0xbed7_ca0c_2602_878f),
        f64::from_bits(0xbed7_c396_7f3b_2d70),
        f64::from_bits(0xbec7_2274_e6ad_bce9),
        f64::from_bits(0xbea8_55c3_f6b2_ca1c),
        f64::from_bits(0x3ea5_4c65_7126_5708),
        f64::from_bits(0x3eb8_3365_fc2c_5a2b),
        f64::from_bits(0x3eac_aac0_2703_647b),
        f64::from_bits(0xbe93_2d5b_ca0f_5fa9),
        f64::from_bits(0xbea0_95df_2edb_8bd1),
        f64::from_bits(0xbe76_0f8e_65a5_b5c8),
        f64::from_bits(0x3e76_a7f2_f3dc_4ada),
        f64::from_bits(0x3e5f_d04b_0577_ed20),
    ];
    const OFFSET: f64 = 2.0;
    const SENSITIVITY: f64 = 1.4;
    // The same with [|0,...,25|]: 2^-54.7.
    const TAIL_LESS_SLOPE: &'static [f64] = &[
        f64::from_bits(0x3f82_a228_8a38_c299),
        f64::from_bits(0xbfd1_958d_5f2d_f0a7),
        f64::from_bits(0x3fae_6072_b48b_0fa2),
        f64::from_bits(0x3f85_2111_1b56_9df6),
        f64::from_bits(0xbf73_265b_4122_e71d),
        f64::from_bits(0xbf61_1207_2783_3a34),
        f64::from_bits(0x3f27_0fac_5253_c46b),
        f64::from_bits(0x3f3c_11bb_32b0_1c3f),
        f64::from_bits(0x3f21_b11b_d74c_4c47),
        f64::from_bits(0xbf00_ebff_c3c7_6209),
        f64::from_bits(0xbf09_2e0a_b47c_d5f6),
        f64::from_bits(0xbef3_1dad_9977_fd4a),
        f64::from_bits(0x3ec0_d0ad_f204_00d7),
        f64::from_bits(0x3eda_797a_3191_8bcc),
        f64::from_bits(0x3ecd_d98b_0fff_8d19),
        f64::from_bits(0x3ea3_8b2c_ac5a_d63f),
        f64::from_bits(0xbea5_a527_de4c_6faf),
        f64::from_bits(0xbea8_1861_672a_9c8b),
        f64::from_bits(0xbe9b_55a9_1614_e124),
        f64::from_bits(0xbe52_4116_f1ef_6393),
        f64::from_bits(0x3e8a_8601_ae4f_48ac),
        f64::from_bits(0x3e80_1926_cc52_832e),
        f64::from_bits(0xbe51_b8a1_6eb5_ac89),
        f64::from_bits(0xbe61_bb24_0ec9_10f0),
        f64::from_bits(0xbe32_d996_45bf_1888),
        f64::from_bits(0x3e1e_0546_7d02_3853),
    ];
}

/// The Gaussian e^(-a^2 / 2) = 2^n (1 + t), in parts.
#[derive(Clone, Copy)]
pub(crate) struct Bell<L> {
    /// 2^(n + LIFT).
    lifted: L,
    /// t.
    excess: L,
}

impl<L: Lanes> Bell<L> {
    /// The Gaussian of a in [0, `GAUSSIAN_CUTOFF`]; `low` is the error term of a.
    #[inline(always)]
    pub(crate) fn new(a: L, low: Option<L>) -> Self {
        let square = a * a;
        let lost = a.mul_error(a, square);
        let lost = if let Some(low) = low { (a + a).mul_add(low, lost) } else { lost };
        let Reduced { power, r, .. } = reduce(square * -0.5, <L::Real as exp::Constants>::LIFT);
        Bell { lifted: power, excess: exp::excess(lost.mul_add(a.splat(-0.5), r)) }
    }

    /// e^(-a^2 / 2) 2^LIFT.
    #[inline(always)]
    pub(crate) fn value(self) -> L {
        self.excess.mul_add(self.lifted, self.lifted)
    }

    /// The product of the Gaussian, f + `low` and 1 + `ratio`, times 2^LIFT. Everything but f is one smaller term.
    #[inline(always)]
    fn times(self, f: L, low: L, ratio: L) -> L {
        let rest = fma_emulated(self.excess + 1.0, ratio, self.excess);
        (f + fma_emulated(rest, f, low.mul_add(rest, low))) * self.lifted
    }
}

/// u = 1 / (a + offset), its relative error term, and k.
#[inline(always)]
fn argument<L: Lanes>(a: L, low: Option<L>, offset: f64) -> (L, L, L) {
    let sum = a + offset;
    // The error term of the sum; exact whichever summand is larger, because the offset has few bits.
    let lost = a - (sum - offset);
    let lost = if let Some(low) = low { lost + low } else { lost };
    let (u, error) = reciprocal(sum, lost);
    (u, error, u.mul_add(a.splat(-2.0 * offset), a.splat(1.0)))
}

/// 1 / sqrt(2 pi), in two parts.
pub(crate) const DENSITY: HiLo<f64> = HiLo { high: 0.398_942_280_401_432_7, low: -2.492_327_202_277_73e-17 };

/// 2^(LIFT + 1) a Q(a), Q the tail of the normal distribution. Limit: the execution ports, with some 50 operations and
/// a division.
#[inline(always)]
pub(crate) fn tail_times_a<L: Lanes>(a: L) -> L {
    let (u, error, k) = argument(a, None, <L::Real as Constants>::OFFSET);
    let ratio = polynomial(k, <L::Real as Constants>::TAIL);
    let f = a * u;
    let low = (f * <L::Real as Constants>::SENSITIVITY).mul_add(error, u.mul_error(a, f));
    Bell::new(a, None).times(f, low, ratio)
}

/// 2^(LIFT + 1) Q(a), Q the tail of the normal distribution; `low` is the error term of a.
#[inline(always)]
pub(crate) fn tail<L: Lanes>(a: L, low: L) -> L {
    let (u, error, k) = argument(a, Some(low), <L::Real as Constants>::OFFSET);
    let ratio = polynomial(k, <L::Real as Constants>::TAIL);
    Bell::new(a, Some(low)).times(u, u * <L::Real as Constants>::SENSITIVITY * error, ratio)
}

/// The root of Q(a) = a phi(a), in two parts.
const ROOT: HiLo<f64> = HiLo { high: 0.751_791_524_693_564_5, low: -1.495_675_917_700_988_6e-17 };

/// 2^(LIFT + 1) (Q(a) - a phi(a)), with relative accuracy beside the root: a factor is the distance to it.
#[inline(always)]
pub(crate) fn tail_less_slope<L: Lanes>(a: L) -> L {
    let root = ROOT.to::<L::Real>();
    let (f, lost) = two_sum(a.fill(root.high), -a);
    let low = lost + a.fill(root.low);
    let (_, _, k) = argument(a, None, 2.0);
    let ratio = polynomial(k, <L::Real as Constants>::TAIL_LESS_SLOPE);
    Bell::new(a, None).times(f, low, ratio)
}
