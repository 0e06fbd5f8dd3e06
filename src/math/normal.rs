//! The tail of the normal distribution, relative to its density.
//!
//! Method: the ratio sqrt(2 pi) Q(a) / phi(a) = e^(a^2/2) erfc(a / sqrt 2) sqrt(pi / 2) of the tail to the density is
//! 1 / (a + c) times a smooth function of f = a / (a + c), which runs from 0 at a = 0 to almost 1: a polynomial. The
//! remainder of the division, and the error term of its divisor, are corrected by what they change. The exponential's
//! argument a^2 / 2 is a sum of two numbers, because its rounding would become a^2 / 4 ulp.

use crate::simd::Lanes;

use super::exp;
use super::pair::HiLo;
use super::polynomial::polynomial_in_pairs;
use super::rounding::{div_remainder, fma_emulated, reciprocal, two_sum};

/// The constants of the normal distribution for a type.
#[doc(hidden)]
pub trait Constants: Sized + 'static {
    /// The coefficients of erfc(a / sqrt 2) e^(a^2/2) (a + c) - 1 in powers of f - `CENTER`.
    const TAIL: &'static [Self];
    /// The offset c, of few bits, in f = a / (a + c).
    const OFFSET: f64;
    /// The centre of the polynomial.
    const CENTER: f64;
    /// The relative change of the tail-to-density ratio per relative change of a + c, about the same for every a.
    const SENSITIVITY: f64;
    /// The root of the change of a times that ratio per change of a - f (a + c), at a = 0; it falls about as 1 - f.
    const SLOPE: f64;
    /// The coefficients of (erfc(a / sqrt 2) e^(a^2/2) - 2 a / sqrt(2 pi)) / (r - a) - 1 in powers of k = 1 - 4 / (a + 2),
    /// r the root of the numerator.
    const TAIL_LESS_SLOPE: &'static [Self];
}

impl Constants for f32 {
    // With c = 27/16, a = c*(x+7/16)/(1-7/16-x), g = erfc(a/sqrt(2))*exp(a^2/2)*(a+c), d = [-7/16+1b-30;9/16-c/(13.3+c)]:
    // fpminimax(g-1, 10, [|SG...|], d, absolute, floating, 0, remez(1, 10, d, 1/g)-1): 2^-25.9 of g. Of all c, about this
    // one gives a polynomial of degree 10 the smallest error.
    const TAIL: &'static [f32] = &[
        f32::from_bits(0x3eb0_396a),
        f32::from_bits(0xbf77_9860),
        f32::from_bits(0xbea3_2e49),
        f32::from_bits(0x3ec6_b2ea),
        f32::from_bits(0x3eda_a1e4),
        f32::from_bits(0x3d25_a434),
        f32::from_bits(0xbea7_d9c8),
        f32::from_bits(0xbecc_f548),
        f32::from_bits(0xbdca_aefd),
        f32::from_bits(0x3eb0_808a),
        f32::from_bits(0x3ead_fd7c),
    ];
    const OFFSET: f64 = 27.0 / 16.0;
    const CENTER: f64 = 7.0 / 16.0;
    const SENSITIVITY: f64 = 1.35;
    const SLOPE: f64 = 1.02;
    // With a = 4/(1-x)-2: fpminimax(2*(erfc(a/sqrt(2))/2*exp(a^2/2)-a/sqrt(2*pi))/(r-a)-1, [|0,...,9|], [|SG...|],
    // [-1;1-4/17.2], absolute): 2^-25.9.
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
    // The same with c = 2 and the centre 1/2, [|0,...,28|], [|D...|], up to a = 39.2: 2^-55.8.
    const TAIL: &'static [f64] = &[
        f64::from_bits(0x3fd6_1177_2b4a_953a),
        f64::from_bits(0xbff5_35ba_fa73_c584),
        f64::from_bits(0x3fcd_7d0e_2393_ec1e),
        f64::from_bits(0x3fe2_ccbf_bf0c_645b),
        f64::from_bits(0xbf8e_c687_0bba_33e6),
        f64::from_bits(0xbfdb_8b93_7f7a_cc53),
        f64::from_bits(0xbfcf_f79b_9db8_74fb),
        f64::from_bits(0x3fc9_ba0c_6239_ce64),
        f64::from_bits(0x3fdb_1b0c_35e1_8c01),
        f64::from_bits(0x3fcb_217e_514f_8c30),
        f64::from_bits(0xbfce_53ff_68a1_4195),
        f64::from_bits(0xbfe0_d982_9c60_a56f),
        f64::from_bits(0xbfd8_25d4_bcf0_e091),
        f64::from_bits(0x3fc4_4f73_5c8c_fa0c),
        f64::from_bits(0x3fe6_c71e_ec82_80b9),
        f64::from_bits(0x3fea_5815_6788_3f8c),
        f64::from_bits(0x3fd0_839d_403d_fd22),
        f64::from_bits(0xbfe7_ca0c_2602_878f),
        f64::from_bits(0xbff7_c396_7f3b_2d70),
        f64::from_bits(0xbff7_2274_e6ad_bce9),
        f64::from_bits(0xbfe8_55c3_f6b2_ca1c),
        f64::from_bits(0x3ff5_4c65_7126_5708),
        f64::from_bits(0x4018_3365_fc2c_5a2b),
        f64::from_bits(0x401c_aac0_2703_647b),
        f64::from_bits(0xc013_2d5b_ca0f_5fa9),
        f64::from_bits(0xc030_95df_2edb_8bd1),
        f64::from_bits(0xc016_0f8e_65a5_b5c8),
        f64::from_bits(0x4026_a7f2_f3dc_4ada),
        f64::from_bits(0x401f_d04b_0577_ed20),
    ];
    const OFFSET: f64 = 2.0;
    const CENTER: f64 = 0.5;
    const SENSITIVITY: f64 = 1.4;
    const SLOPE: f64 = 0.93;
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

/// -a^2 / 2 and its error term; `low` is the error term of a.
#[inline(always)]
pub(crate) fn exponent<L: Lanes>(a: L, low: Option<L>) -> (L, L) {
    let half = a * -0.5;
    let exponent = half * a;
    let lost = half.mul_error(a, exponent);
    (exponent, if let Some(low) = low { (-a).mul_add(low, lost) } else { lost })
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
        let (exponent, lost) = exponent(a, low);
        let (lifted, excess) = exp::power_and_excess(exponent, lost, <L::Real as exp::Constants>::LIFT);
        Bell { lifted, excess }
    }

    /// e^(-a^2 / 2) 2^LIFT.
    #[inline(always)]
    pub(crate) fn value(self) -> L {
        self.excess.mul_add(self.lifted, self.lifted)
    }

    /// The product of the Gaussian, f and 1 + `ratio`, times 2^LIFT; `low` is the error term of f (1 + `ratio`). Everything
    /// but f is one smaller term.
    #[inline(always)]
    fn times(self, f: L, low: L, ratio: L) -> L {
        let rest = fma_emulated(self.excess, ratio + 1.0, ratio);
        let (f, low) = (f * self.lifted, low * self.lifted);
        f + fma_emulated(rest, f, low.mul_add(self.excess, low))
    }
}

/// 1 / sqrt(2 pi), in two parts.
pub(crate) const DENSITY: HiLo<f64> = HiLo { high: 0.398_942_280_401_432_7, low: -2.492_327_202_277_73e-17 };

/// 2^(LIFT + 1) a Q(a), Q the tail of the normal distribution. Limit: the execution ports, with some 50 operations, and
/// where constants take registers the time until the polynomial is there; the division takes none.
#[inline(always)]
pub(crate) fn tail_times_a<L: Lanes>(a: L) -> L {
    let bell = Bell::new(a, None);
    let offset = a.splat(<L::Real as Constants>::OFFSET);
    let sum = a + offset;
    let f = a / sum;
    // The error term of the sum; exact whichever summand is larger, because the offset has few bits.
    let lost = (offset - sum) + a;
    let remainder = (-f).mul_add(lost, div_remainder(a, f, sum));
    let slope = a.splat(<L::Real as Constants>::SLOPE);
    let slope = (-f).mul_add(slope, slope);
    let ratio = polynomial_in_pairs(f - <L::Real as Constants>::CENTER, <L::Real as Constants>::TAIL);
    bell.times(f, remainder * (slope * slope), ratio)
}

/// 2^(LIFT + 1) Q(a), Q the tail of the normal distribution; `low` is the error term of a.
#[inline(always)]
pub(crate) fn tail<L: Lanes>(a: L, low: L) -> L {
    let bell = Bell::new(a, Some(low));
    let offset = <L::Real as Constants>::OFFSET;
    let sum = a + offset;
    let lost = a - (sum - offset);
    let (u, error) = reciprocal(sum, lost + low);
    let f_less_center = u.mul_add(a.splat(-offset), a.splat(1.0 - <L::Real as Constants>::CENTER));
    let ratio = polynomial_in_pairs(f_less_center, <L::Real as Constants>::TAIL);
    let low = u * <L::Real as Constants>::SENSITIVITY * error;
    bell.times(u, low.mul_add(ratio, low), ratio)
}

/// The root of Q(a) = a phi(a), in two parts.
const ROOT: HiLo<f64> = HiLo { high: 0.751_791_524_693_564_5, low: -1.495_675_917_700_988_6e-17 };

/// 2^(LIFT + 1) (Q(a) - a phi(a)), with relative accuracy beside the root: a factor is the distance to it.
#[inline(always)]
pub(crate) fn tail_less_slope<L: Lanes>(a: L) -> L {
    let bell = Bell::new(a, None);
    let root = ROOT.to::<L::Real>();
    let (f, lost) = two_sum(a.fill(root.high), -a);
    let low = lost + a.fill(root.low);
    let k = (a.splat(1.0) / (a + 2.0)).mul_add(a.splat(-4.0), a.splat(1.0));
    let ratio = polynomial_in_pairs(k, <L::Real as Constants>::TAIL_LESS_SLOPE);
    bell.times(f, low.mul_add(ratio, low), ratio)
}
