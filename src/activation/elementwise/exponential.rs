//! FloatMath made of one exponential: a straight line and a tail, or a bell.
//!
//! Limit: the ports; an exponential is 14 operations, and no function here divides by what depends on x.

use crate::activation::{Formula, activation};
use crate::math::FloatMath;
use crate::math::exp::{Constants, bend, exp_lifted, exp_m1_of_negative, power_of_two};
use crate::math::logistic::lower;
use crate::math::pair::HiLo;
use crate::math::rounding::{div_remainder, fma_emulated};
use crate::simd::{Lanes, Real};

activation! {
    /// The exponential function.
    Exp names ["exp", "exponential"];
    formula "exp(x)", "exp(x)", "exp(x)";
    source "definition";
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.0, 1.0, 1.0];
    in (self, x)
    f { x.exp() }
    df { x.exp() }
    d2f { x.exp() }
}

/// The negative side of a function that is linear on the other: x / alpha, cut at 0 and where e^x - 1 or e^x ends.
#[derive(Clone, Copy)]
pub(crate) struct Side<L> {
    pub(crate) z: L,
    /// What z lacks; nothing where alpha is 1.
    pub(crate) low: Option<L>,
}

impl<L: Lanes> Side<L> {
    #[inline(always)]
    fn of(x: L, end: f64) -> Self {
        Side { z: x.at_most(x.splat(0.0)).at_least(x.splat(-end)), low: None }
    }

    /// x / alpha to twice the precision: e^z would turn the rounding of z into |z| / 2 ulp.
    #[inline(always)]
    fn scaled(x: L, end: f64, alpha: f64) -> Self {
        let alpha = x.splat(alpha);
        let x = x.at_most(x.splat(0.0)).at_least((alpha * -end).at_least(x.fill(-L::Real::MAX)));
        let z = x / alpha;
        Side { z, low: Some(div_remainder(x, z, alpha) / alpha) }
    }

    /// factor (e^z - 1): one rounding, and what the exponential's own sum lacks is in it.
    #[inline(always)]
    fn exp_m1(self, factor: HiLo<L::Real>) -> L {
        let (sum, lacks) = exp_m1_of_negative(self.z);
        let lacks = if let Some(low) = self.low { low.mul_add(sum + 1.0, lacks) } else { lacks };
        let high = sum.fill(factor.high);
        // Never positive: where the product underflows, its zero keeps the sign.
        -fma_emulated(high, sum, lacks.mul_add(high, sum * sum.fill(factor.low))).abs()
    }

    /// factor e^z.
    #[inline(always)]
    fn exp(self, factor: HiLo<L::Real>) -> L {
        exp_lifted(self.z, self.low, factor) * lower::<L>()
    }
}

activation! {
    /// A rectifier that bends to -alpha. The slope at 0 is alpha, that of the left side.
    Elu {
        /// How far it goes down.
        alpha ("a") = 1.0, |alpha| (0.0..=1e15).contains(&alpha) => "must be between 0 and 1e15";
    }
    names ["elu"];
    formula "x if x > 0, else alpha (exp(x) - 1)", "1 if x > 0, else alpha exp(x)", "0 if x > 0, else alpha exp(x)";
    source "D.-A. Clevert et al., arXiv:1511.07289";
    limits [[-1.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [-1.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.25, 1.0, 1.0];
    in (self, x)
    f {
        let negative = Side::of(x, L::Real::EXP_M1_CUTOFF).exp_m1(HiLo::exact(self.alpha));
        x.select(x.splat(0.0).le(x), negative)
    }
    df { x.splat(1.0).select(x.splat(0.0).lt(x), Side::of(x, L::Real::EXP_CUTOFF).exp(HiLo::exact(self.alpha))) }
    d2f { x.splat(0.0).select(x.splat(0.0).lt(x), Side::of(x, L::Real::EXP_CUTOFF).exp(HiLo::exact(self.alpha))) }
}

activation! {
    /// A rectifier that bends to -alpha with a continuous slope: the slope at 0 is 1, and only the curvature jumps there,
    /// from 1 / alpha to 0.
    Celu {
        /// How far it goes down, and how slowly.
        alpha ("a") = 1.0, |alpha| (1e-15..=1e15).contains(&alpha) => "must be between 1e-15 and 1e15";
    }
    names ["celu"];
    formula "x if x > 0, else alpha (exp(x / alpha) - 1)", "1 if x > 0, else exp(x / alpha)",
        "0 if x > 0, else exp(x / alpha) / alpha";
    source "J. Barron, Continuously Differentiable Exponential Linear Units, arXiv:1704.07483";
    limits [[-1.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [-1.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.25, 1.0, 1.0];
    in (self, x)
    f {
        // Where x / alpha would be too small to divide exactly, the function is x.
        let negative = self.side(x, L::Real::EXP_M1_CUTOFF).exp_m1(HiLo::exact(self.alpha));
        x.select(x.splat(-power_of_two(-60) * self.alpha).lt(x), negative)
    }
    df { x.splat(1.0).select(x.splat(0.0).lt(x), self.side(x, L::Real::EXP_CUTOFF).exp(HiLo::exact(1.0))) }
    d2f {
        let inverse = HiLo::quotient(1.0, self.rounded_to::<L::Real>().alpha);
        x.splat(0.0).select(x.splat(0.0).lt(x), self.side(x, L::Real::EXP_CUTOFF).exp(inverse))
    }
}

impl Celu {
    #[inline(always)]
    pub(crate) fn side<L: Lanes>(self, x: L, end: f64) -> Side<L> {
        if self.alpha == 1.0 { Side::of(x, end) } else { Side::scaled(x, end, self.alpha) }
    }
}

/// lambda and alpha of the self-normalising network, as its authors print them, in two parts.
pub(crate) const LAMBDA: HiLo<f64> = HiLo { high: 1.050_700_987_355_480_5, low: 3.987_484_766_715_414_4e-17 };
pub(crate) const LAMBDA_ALPHA: HiLo<f64> = HiLo { high: 1.758_099_340_847_376_8, low: 1.415_351_938_008_45e-17 };

activation! {
    /// A rectifier whose fixed point keeps mean 0 and variance 1 from layer to layer: lambda = 1.0507009873554805,
    /// alpha = 1.6732632423543772. The slope at 0 is lambda alpha, that of the left side.
    Selu names ["selu"];
    formula "lambda x if x > 0, else lambda alpha (exp(x) - 1)", "lambda if x > 0, else lambda alpha exp(x)",
        "0 if x > 0, else lambda alpha exp(x)";
    source "G. Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515";
    limits [[-1.758_099_340_847_376_8, f64::INFINITY], [0.0, 1.050_700_987_355_480_5], [0.0, 0.0]];
    kinks [0.0];
    range [-1.758_099_340_847_376_8, f64::INFINITY], monotone true, Neither;
    f32 [2.0, 1.5, 1.5]; f64 [2.0, 1.5, 1.5];
    in (self, x)
    f {
        let negative = Side::of(x, L::Real::EXP_M1_CUTOFF).exp_m1(LAMBDA_ALPHA.to());
        // What the constant lacks may not meet infinity with the other sign.
        let lambda = LAMBDA.to::<L::Real>();
        let lacks = x.at_most(x.fill(L::Real::MAX)) * x.fill(lambda.low);
        x.mul_add(x.fill(lambda.high), lacks).select(x.splat(0.0).le(x), negative)
    }
    df { x.splat(LAMBDA.high).select(x.splat(0.0).lt(x), Side::of(x, L::Real::EXP_CUTOFF).exp(LAMBDA_ALPHA.to())) }
    d2f { x.splat(0.0).select(x.splat(0.0).lt(x), Side::of(x, L::Real::EXP_CUTOFF).exp(LAMBDA_ALPHA.to())) }
}

activation! {
    /// A rectifier whose slope grows: the integral of an exponential below 0 and of a line above. The curvature at 0 is
    /// that of the left side.
    XIelu {
        /// The growth of the slope above 0.
        alpha_p ("alpha_p_init") = 0.8, |alpha| alpha >= 0.0 && alpha.is_finite() => "must be finite and not negative";
        /// The depth of the slope below 0.
        alpha_n ("alpha_n_init") = 0.8, |alpha| alpha >= 0.0 && alpha.is_finite() => "must be finite and not negative";
        /// The slope at 0.
        beta = 0.5, |beta| beta.is_finite() => "must be finite";
    }
    names ["xielu"];
    formula "alpha_p x^2 + beta x if x > 0, else alpha_n (exp(x) - 1 - x) + beta x",
        "2 alpha_p x + beta if x > 0, else alpha_n (exp(x) - 1) + beta", "2 alpha_p if x > 0, else alpha_n exp(x)";
    source "A. Huang, I. Schlag, Deriving Activation FloatMath Using Integration, arXiv:2411.13010";
    limits [[f64::INFINITY, f64::INFINITY], [0.5 - 0.8, f64::INFINITY], [0.0, 1.6]];
    roots [&[-2.432_484_276_931_448], &[-0.980_829_253_011_726_1], &[]];
    range [-0.205_751_224_096_482_1, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.5, 1.2], floor [0.25, 0.25, 0.0]; f64 [2.0, 2.5, 1.25], floor [0.25, 0.25, 0.0];
    in (self, x)
    f {
        let z = Side::of(x, L::Real::EXP_M1_CUTOFF).z;
        let (alpha, beta) = (x.splat(self.alpha_n), x.splat(self.beta));
        let (sum, low) = exp_m1_of_negative(z);
        // Near 0, e^x - 1 - x is small beside the linear term, and has its own series.
        let near = -(-x).mul_add(beta, -(alpha * bend(z)));
        // Far from it both are large, and cancel: e^x - 1 is not large, and the rest is one product.
        let held = self.rounded_to::<L::Real>();
        let linear = HiLo::<L::Real>::sum(held.beta, -held.alpha_n);
        let tail = sum * alpha;
        let lacks = low.mul_add(alpha, x.mul_add(x.fill(linear.low), sum.mul_error(alpha, tail)));
        let far = fma_emulated(x, x.fill(linear.high), tail) + lacks;
        // At -inf the line is all there is, unless its slope is 0.
        let lowest = x.fill(-L::Real::MAX);
        let far = (tail - lowest * x.fill(linear.high) * lowest).select(x.lt(lowest), far);
        let negative = far.select(x.lt(x.splat(-0.3465)), near);
        (x.mul_add(x.splat(self.alpha_p), x.splat(self.beta)) * x).select(x.splat(0.0).le(x), negative)
    }
    df {
        let (sum, low) = exp_m1_of_negative(Side::of(x, L::Real::EXP_M1_CUTOFF).z);
        let alpha = x.splat(self.alpha_n);
        let negative = fma_emulated(sum, alpha, x.splat(self.beta)) + low * alpha;
        x.mul_add(x.splat(self.alpha_p * 2.0), x.splat(self.beta)).select(x.splat(0.0).lt(x), negative)
    }
    d2f {
        let positive = x.splat(self.alpha_p * 2.0);
        positive.select(x.splat(0.0).lt(x), Side::of(x, L::Real::EXP_CUTOFF).exp(HiLo::exact(self.alpha_n)))
    }
}
