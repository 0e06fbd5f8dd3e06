//! The Gaussian error linear unit (GELU), and its two approximations.
//!
//! A value is max(0, x) minus a tail that keeps its own relative accuracy.

use core::f64::consts::{FRAC_1_PI, SQRT_2};

use num_traits::Float;

use super::swish::Scaled;
use crate::activation::{Formula, activation};
use crate::math::exp::Constants;
use crate::math::logistic::lower;
use crate::math::normal::{Bell, DENSITY, tail_less_slope, tail_times_a};
use crate::math::pair::HiLo;
use crate::math::rounding::{fma_emulated, two_sum};
use crate::simd::Lanes;

activation! {
    /// The Gaussian error linear unit (GELU): x times the normal distribution function of x.
    ///
    /// Computed by the complementary error function, so that the negative tail keeps its relative accuracy.
    Gelu names ["gelu", "gelu_erf", "gelu_python"];
    formula "x P(x), P(x) = erfc(-x / sqrt(2)) / 2", "P(x) + x p(x), p(x) = exp(-x^2 / 2) / sqrt(2 pi)", "p(x) (2 - x^2)";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    example [-1.0] = [-0.15865525393145705, -0.0833154705876863];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.751_791_524_693_564_5], &[-SQRT_2, SQRT_2]];
    range [-0.169_971_207_479_903_66, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.25, 3.25], floor [0.0, 0.25, 0.25]; f64 [2.0, 2.25, 3.25], floor [0.0, 0.25, 0.25];
    in_f64 [true; 3];
    // E f(z)^2 = 1/3 + 1 / (2 sqrt(3) pi), by E z g(z) = E g'(z).
    in (self, x), exact_gain |_| Float::sqrt(1.0 / 3.0 + 0.5 * FRAC_1_PI / Float::sqrt(3.0)).recip();
    f {
        // max(0, x) minus a tail that is even in x, in one rounding.
        let a = x.abs().at_most(x.splat(L::Real::GAUSSIAN_CUTOFF));
        tail_times_a(a).mul_add(x.splat(-0.5 * lower::<L>()), x.at_least(x.splat(-0.0)))
    }
    df {
        let a = x.abs().at_most(x.splat(L::Real::GAUSSIAN_CUTOFF));
        let (zero, one) = (x.splat(0.0), x.splat(1.0));
        tail_less_slope(a).xor_sign(-x).mul_add(x.splat(0.5 * lower::<L>()), x.select_negative(-zero, one))
    }
    d2f {
        let a = x.abs().at_most(x.splat(L::Real::GAUSSIAN_CUTOFF));
        let square = a * a;
        let (bend, lost) = two_sum(x.splat(2.0), -square);
        let density = DENSITY.to::<L::Real>().times(Bell::new(a, None).value());
        fma_emulated(bend, density, density * (lost - a.mul_error(a, square))) * lower::<L>()
    }
}

activation! {
    /// The sigmoid approximation of GELU (quick GELU): x times the logistic function of 1.702 x.
    ///
    /// A rough approximation of [`Gelu`], for networks trained with it, such as CLIP.
    QuickGelu names ["quick_gelu"];
    formula "x s(1.702 x), s(z) = 1 / (1 + exp(-z))", "s(z) + z s(z) s(-z), z = 1.702 x",
        "1.702 s(z) s(-z) (2 + z (s(-z) - s(z)))";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    example [-1.0] = [-0.1542042340671787, -0.06777960655633405];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.751_154_255_441_289], &[-1.409_728_131_912_730_7, 1.409_728_131_912_730_7]];
    range [-0.163_610_189_636_353_6, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.5, 0.75]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.5, 0.75];
    in_f64 [true; 3];
    in (self, x)
    f { Scaled::by(x, HiLo::new(1.702, 0.0), L::Real::EXP_CUTOFF).gated(x, 1.0) }
    df { Scaled::by(x, HiLo::new(1.702, 0.0), L::Real::EXP_CUTOFF).derivative_of_multiple(x, 1.0) }
    d2f { Scaled::by(x, HiLo::new(1.702, 0.0), L::Real::EXP_CUTOFF).gated_second_derivative(HiLo::new(1.702, 0.0)) }
}

/// z = A x + B x^3, A = sqrt(8 / pi), B = 0.044715 A.
const A: HiLo<f64> = HiLo { high: 1.595_769_121_605_730_8, low: -9.969_308_809_110_92e-17 };
const B: HiLo<f64> = HiLo { high: 0.071_354_816_272_600_25, low: -4.121_857_721_743_182_5e-18 };
/// A and B, times log2 e.
const A_OCTAVES: HiLo<f64> = HiLo { high: 2.302_208_198_144_324_8, low: 1.313_282_604_076_971_2e-16 };
const B_OCTAVES: HiLo<f64> = HiLo { high: 0.102_943_239_580_023_5, low: -5.978_177_400_718_744e-18 };
const THRICE_B: HiLo<f64> = HiLo { high: 0.214_064_448_817_800_73, low: 1.512_214_642_584_908_4e-18 };

activation! {
    /// The tanh approximation of GELU: the normal distribution function approximated by a hyperbolic tangent.
    ///
    /// For networks trained with it, such as GPT-2; [`Gelu`] is the exact form.
    GeluTanh names [
        "gelu_tanh", "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh",
    ];
    formula "x s(z), z = sqrt(8 / pi) (x + 0.044715 x^3), s(z) = 1 / (1 + exp(-z))",
        "s(z) + x z' s(z) s(-z), z' = sqrt(8 / pi) (1 + 0.134145 x^2)",
        "s(z) s(-z) (2 z' + x z'' - x z'^2 (s(z) - s(-z))), z'' = sqrt(8 / pi) 0.26829 x";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    example [-1.0] = [-0.1588080093917233, -0.08296408384578255];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.752_461_422_071_016_3], &[-1.418_504_008_790_828_4, 1.418_504_008_790_828_4]];
    range [-0.170_040_750_571_254_06, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.6, 0.5]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.6, 0.5];
    in_f64 [true; 3];
    in (self, x)
    f { Cubic::of(x).z.gated(x, 1.0) }
    df {
        // c = |x| z', t the tail; v = (c - 1) - c t, so that only large terms round. Limit: 47 operations and a division,
        // where the value takes 28: z' to twice the precision (6), the corrected tail (4), and v (8).
        let Cubic { z, square } = Cubic::of(x);
        let LanesHiLo { high: k, low } = square.line(A, THRICE_B);
        let t = z.tail().corrected();
        let scale = lower::<L>();
        let a = z.a * scale;
        let small = (z.a * -(scale * scale) * (k + low)).mul_add(t, a * low);
        let v = fma_emulated(a, k, x.splat(-scale)) + small;
        Scaled::gated_derivative(x, 1.0, t, v)
    }
    d2f {
        // t (1 - t) (2 z' + a z'' - a z'^2 (1 - 2 t)).
        let Cubic { z, square } = Cubic::of(x);
        let LanesHiLo { high: k, low } = square.line(A, THRICE_B);
        let c = z.a * k;
        let (t, bell) = z.tail().bell();
        let difference = t.mul_add(x.splat(-2.0), x.splat(1.0));
        let v = k * difference;
        let product = c * v;
        // The error term of the product k c (1 - 2 t): each rounding, times the other factors.
        let lost = c.mul_error(v, product)
            + (c * k.mul_error(difference, v) + v * (z.a.mul_error(k, c) + (z.a + z.a) * low));
        let rise = square.line(A.twice(), THRICE_B.twice().twice());
        let (sum, err) = two_sum(rise.high, -product);
        fma_emulated(sum, bell, bell * (err + (rise.low - lost))) * lower::<L>()
    }
}

/// The argument z of `GeluTanh`.
#[derive(Clone, Copy)]
struct Cubic<L> {
    z: Scaled<L>,
    /// x^2.
    square: LanesHiLo<L>,
}

/// A double-double number in each lane.
#[derive(Clone, Copy)]
struct LanesHiLo<L> {
    high: L,
    low: L,
}

impl<L: Lanes> LanesHiLo<L> {
    /// a + b times this number, b > 0, to twice the precision; at most 64 times the power of two below a.
    #[inline(always)]
    fn line(self, a: HiLo<f64>, b: HiLo<f64>) -> Self {
        let b = b.to::<L::Real>();
        let (b_high, b_low) = (self.high.fill(b.high), self.high.fill(b.low));
        if L::FUSED {
            // The first part of a has so few bits that its difference to the sum is exact.
            let a = a.shortened::<L::Real>();
            let (a_high, a_low) = (self.high.fill(a.high), self.high.fill(a.low));
            let sum = self.high.mul_add(b_high, a_high);
            let low = self.low.mul_add(b_high, self.high.mul_add(b_low, a_low));
            return LanesHiLo { high: sum, low: self.high.mul_add(b_high, a_high - sum) + low };
        }
        let a = a.to::<L::Real>();
        let (a_high, a_low) = (self.high.fill(a.high), self.high.fill(a.low));
        let product = self.high * b_high;
        let lost = self.high.mul_error(b_high, product);
        let low = self.high.mul_add(b_low, self.low.mul_add(b_high, lost));
        let (sum, lost) = two_sum(a_high, product);
        LanesHiLo { high: sum, low: lost + (low + a_low) }
    }
}

impl<L: Lanes> Cubic<L> {
    /// Limit: z to twice the precision takes 10 operations, in all 28 and a division; their count decides.
    #[inline(always)]
    fn of(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::GELU_TANH_CUTOFF));
        let high = a * a;
        let square = LanesHiLo { high, low: a.mul_error(a, high) };
        let k = square.line(A, B);
        let magnitude = a * k.high;
        let low = a.mul_add(k.low, a.mul_error(k.high, magnitude));
        let octaves = square.line(A_OCTAVES, B_OCTAVES);
        let z = Scaled { magnitude, low: Some(low), a, octaves: Some([octaves.high, octaves.low]) };
        Cubic { z, square }
    }
}
