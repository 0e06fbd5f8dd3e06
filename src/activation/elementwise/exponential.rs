//! Exponential activations: exp, and rectifiers with an exponential negative side (ELU, CELU, SELU, xIELU).
//!
//! Limit: the execution ports; an exponential takes 14 operations, and nothing here divides by an expression in x.

use core::f64::consts::{E, FRAC_1_SQRT_2};

use num_traits::Float;

use super::rectifier::finite_end;
use crate::activation::{Formula, activation};
use crate::convert::equal;
use crate::math::FloatMath;
use crate::math::exp::{
    Constants, bend, exp_lifted, exp_m1_of_negative, exp_parts_of_negative, power_of_two, vanishing,
};
use crate::math::logistic::lower;
use crate::math::pair::HiLo;
use crate::math::rounding::{div_remainder, fma_emulated};
use crate::simd::{Lanes, Real};

activation! {
    /// The exponential function: e to the power of x.
    Exp names ["exp", "exponential"];
    formula "exp(x)", "exp(x)", "exp(x)";
    source "definition";
    example [1.0] = [2.718281828459045, 2.718281828459045];
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, f64::INFINITY]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.0, 1.0, 1.0];
    in (self, x), exact_gain |_| E.recip();
    f { x.exp() }
    df { x.exp() }
    d2f { x.exp() }
}

/// The exponent z = x / alpha of the negative side, clamped to [-end, 0]: beyond `end`, e^z - 1 is -1 or e^z is 0.
#[derive(Clone, Copy)]
pub(crate) struct Side<L> {
    pub(crate) z: L,
    /// The error term of z; `None` where alpha is 1.
    pub(crate) low: Option<L>,
}

impl<L: Lanes> Side<L> {
    #[inline(always)]
    fn of(x: L, end: L) -> Self {
        Side { z: x.at_most(x.splat(0.0)).at_least(-end), low: None }
    }

    /// z = x, not clamped at 0: for results that are replaced where x is positive.
    #[inline(always)]
    fn of_negative(x: L, end: f64) -> Self {
        Side { z: x.at_least(x.splat(-end)), low: None }
    }

    /// x / alpha to twice the precision: e^z would turn the rounding of z into |z| / 2 ulp.
    #[inline(always)]
    fn scaled(x: L, end: L, alpha: f64) -> Self {
        let alpha = x.splat(alpha);
        let x = x.at_most(x.splat(0.0)).at_least((-(alpha * end)).at_least(x.fill(-L::Real::MAX)));
        let z = x / alpha;
        Side { z, low: Some(div_remainder(x, z, alpha) / alpha) }
    }

    /// factor (e^z - 1) = factor (2^n - 1) + factor 2^n t, where only t has rounded: the second term is smaller than the
    /// first, or the only one, and each sum rounds once.
    ///
    /// Limit: 18 operations for ELU, 22 for SELU, whose factors have low parts on both sides.
    #[inline(always)]
    fn exp_m1(self, factor: HiLo<L::Real>) -> L {
        let (power, t) = exp_parts_of_negative(self.z);
        let t = if let Some(low) = self.low { low.mul_add(t + 1.0, t) } else { t };
        let (whole, high) = (power - 1.0, t.fill(factor.high));
        let small = if factor.is_exact() {
            power * high * t
        } else {
            // e^z - 1 is near z, or -1: near enough beside the low part.
            fma_emulated(power * high, t, self.z.at_least(t.splat(-1.0)) * t.fill(factor.low))
        };
        // Never positive: -abs gives an underflowed product the sign of the negative side.
        -fma_emulated(whole, high, small).abs()
    }

    /// factor e^x, with its tail, for x of at most 0.
    #[inline(always)]
    fn tail(x: L, factor: HiLo<L::Real>) -> L {
        Side { z: x.at_least(x.fill(-vanishing(factor))), low: None }.exp(factor)
    }

    /// factor e^z.
    #[inline(always)]
    fn exp(self, factor: HiLo<L::Real>) -> L {
        exp_lifted(self.z, self.low, factor) * lower::<L>()
    }
}

activation! {
    /// The exponential linear unit (ELU): x above 0, alpha (exp(x) - 1) below, which tends to -alpha.
    ///
    /// The derivative and the second derivative at 0 are alpha, those of the left side.
    Elu {
        /// The limit of the negative side is -alpha: from 0 to 1e15, 1 by default.
        alpha ("a") = 1.0, |alpha| (0.0..=1e15).contains(&alpha) => "must be from 0 to 1e15";
    }
    names ["elu"];
    formula "x if x > 0, else alpha (exp(x) - 1)", "1 if x > 0, else alpha exp(x)", "0 if x > 0, else alpha exp(x)";
    source "D.-A. Clevert et al., arXiv:1511.07289";
    example [-1.0] = [-0.6321205588285577, 0.36787944117144233];
    limits [[-1.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [-1.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.25, 1.0, 1.0];
    in (self, x), exact_gain |this| elu_gain(this.alpha);
    f {
        let negative = Side::of_negative(x, L::Real::EXP_M1_CUTOFF).exp_m1(HiLo::exact(self.alpha));
        x.select_negative(negative, x)
    }
    df { x.splat(1.0).select(x.splat(0.0).lt(x), Side::tail(x, HiLo::exact(self.alpha))) }
    d2f { x.splat(0.0).select(x.splat(0.0).lt(x), Side::tail(x, HiLo::exact(self.alpha))) }
}

/// The gain of ELU. E f(z)^2 = 1/2 + alpha^2 (e^2 P(-2) - 2 sqrt(e) P(-1) + 1/2), P being the normal distribution function.
fn elu_gain(alpha: f64) -> f64 {
    /// The square root of the factor of alpha^2, by mpmath.
    const DEPTH: f64 = 0.380_716_978_204_182_4;
    Float::hypot(FRAC_1_SQRT_2, DEPTH * alpha).recip()
}

activation! {
    /// The continuously differentiable exponential linear unit (CELU): x above 0, alpha (exp(x / alpha) - 1) below.
    ///
    /// The derivative is continuous and 1 at 0; the second derivative at 0 is 1 / alpha, that of the left side.
    Celu {
        /// The limit of the negative side is -alpha, and its scale in x is alpha: from 1e-15 to 1e15, 1 by default.
        alpha ("a") = 1.0, |alpha| (1e-15..=1e15).contains(&alpha) => "must be from 1e-15 to 1e15";
    }
    names ["celu"];
    formula "x if x > 0, else alpha (exp(x / alpha) - 1)", "1 if x > 0, else exp(x / alpha)",
        "0 if x > 0, else exp(x / alpha) / alpha";
    source "J. Barron, Continuously Differentiable Exponential Linear Units, arXiv:1704.07483";
    example [-1.0] = [-0.6321205588285577, 0.36787944117144233];
    limits [[-1.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [-1.0, f64::INFINITY], monotone true, Neither;
    f32 [1.1, 1.1, 1.1]; f64 [1.25, 1.0, 1.0];
    in (self, x)
    f {
        // Where x / alpha is so small that the remainder of the division may underflow, the function is x.
        let negative = self.side(x, x.splat(L::Real::EXP_M1_CUTOFF)).exp_m1(HiLo::exact(self.alpha));
        x.select((x.splat(self.alpha) * -power_of_two(-60)).lt(x), negative)
    }
    df { x.splat(1.0).select(x.splat(0.0).lt(x), self.side(x, x.splat(L::Real::EXP_VANISHING)).exp(HiLo::exact(1.0))) }
    d2f {
        let inverse = HiLo::per(1.0, self.rounded_to::<L::Real>().alpha);
        x.splat(0.0).select(x.splat(0.0).lt(x), self.side(x, x.fill(vanishing(inverse))).exp(inverse))
    }
}

impl Celu {
    #[inline(always)]
    pub(crate) fn side<L: Lanes>(self, x: L, end: L) -> Side<L> {
        if equal(self.alpha, 1.0) { Side::of(x, end) } else { Side::scaled(x, end, self.alpha) }
    }
}

/// gamma and gamma alpha of self-normalizing networks, from their authors' decimals, as double-double numbers.
const GAMMA: HiLo<f64> = HiLo { high: 1.050_700_987_355_480_5, low: 3.987_484_766_715_414_4e-17 };
const GAMMA_ALPHA: HiLo<f64> = HiLo { high: 1.758_099_340_847_376_8, low: 1.415_351_938_008_45e-17 };

activation! {
    /// The scaled exponential linear unit (SELU) of self-normalizing networks: [`Elu`] times gamma, which their authors
    /// call lambda.
    ///
    /// The default parameters keep mean 0 and variance 1 from layer to layer; they stand for all the decimals that the
    /// authors give, in every type. The derivative and the second derivative at 0 are gamma alpha, those of the left
    /// side.
    Selu {
        /// The limit of the negative side is -gamma alpha: from 0 to 1e10, 1.6732632423543772 by default.
        alpha = 1.673_263_242_354_377_2, |alpha| (0.0..=1e10).contains(&alpha) => "must be from 0 to 1e10";
        /// The factor gamma of both sides: from 1e-10 to 1e10, 1.0507009873554805 by default.
        gamma ("lambda", "scale") = 1.050_700_987_355_480_5, |gamma| (1e-10..=1e10).contains(&gamma) => "must be from 1e-10 to 1e10";
    }
    names ["selu"];
    formula "gamma x if x > 0, else gamma alpha (exp(x) - 1)", "gamma if x > 0, else gamma alpha exp(x)",
        "0 if x > 0, else gamma alpha exp(x)";
    source "G. Klambauer et al., Self-Normalizing Neural Networks, arXiv:1706.02515";
    example [-1.0] = [-1.1113307378125628, 0.6467686030348141];
    limits [[-1.758_099_340_847_376_8, f64::INFINITY], [0.0, 1.050_700_987_355_480_5], [0.0, 0.0]];
    kinks [0.0];
    range [-1.758_099_340_847_376_8, f64::INFINITY], monotone true, Neither;
    f32 [1.75, 1.5, 1.5]; f64 [2.0, 1.5, 1.5];
    in_f64 [true, false, false];
    in (self, x), exact_gain |this| elu_gain(this.alpha) / this.gamma.abs();
    f {
        let negative = Side::of_negative(x, L::Real::EXP_M1_CUTOFF).exp_m1(self.depth());
        // The low part of gamma is positive, or 0 and left out: its product with an infinite x has the sign of x.
        let gamma = if self.is_default() { GAMMA.rounded_down() } else { self.factor::<L::Real>() };
        let (high, low) = (x.fill(gamma.high), x.fill(gamma.low));
        let positive = if gamma.is_exact() { x * high } else { x.mul_add(high, x * low) };
        x.select_negative(negative, positive)
    }
    df { x.fill(self.factor::<L::Real>().high).select(x.splat(0.0).lt(x), Side::tail(x, self.depth())) }
    d2f { x.splat(0.0).select(x.splat(0.0).lt(x), Side::tail(x, self.depth())) }
}

impl Selu {
    #[inline(always)]
    fn is_default(self) -> bool {
        equal(self.alpha, Self::DEFAULT.alpha) && equal(self.gamma, Self::DEFAULT.gamma)
    }

    /// gamma.
    #[inline(always)]
    pub(crate) fn factor<R: Real>(self) -> HiLo<R> {
        if self.is_default() { GAMMA.to() } else { HiLo::exact(self.gamma) }
    }

    /// gamma alpha.
    #[inline(always)]
    pub(crate) fn depth<R: Real>(self) -> HiLo<R> {
        if self.is_default() {
            return GAMMA_ALPHA.to();
        }
        let Selu { alpha, gamma } = self.rounded_to::<R>();
        HiLo::product(gamma, alpha)
    }
}

activation! {
    /// The expanded integral of the exponential linear unit (xIELU): a parabola above 0, the integral of an ELU below.
    ///
    /// The derivative at 0 is beta; the second derivative at 0 is alpha_n, that of the left side.
    XIelu {
        /// Half the second derivative above 0: from 1e-15 to 1e15, 0.8 by default.
        alpha_p ("alpha_p_init") = 0.8, |alpha| (1e-15..=1e15).contains(&alpha) => "must be from 1e-15 to 1e15";
        /// The fall of the derivative below 0, whose limit is beta - alpha_n: from 1e-15 to 1e15, 0.8 by default.
        alpha_n ("alpha_n_init") = 0.8, |alpha| (1e-15..=1e15).contains(&alpha) => "must be from 1e-15 to 1e15";
        /// The derivative at 0: from -1e15 to 1e15, 0.5 by default.
        beta = 0.5, |beta| (-1e15..=1e15).contains(&beta) => "must be from -1e15 to 1e15";
    }
    names ["xielu"];
    formula "alpha_p x^2 + beta x if x > 0, else alpha_n (exp(x) - 1 - x) + beta x",
        "2 alpha_p x + beta if x > 0, else alpha_n (exp(x) - 1) + beta", "2 alpha_p if x > 0, else alpha_n exp(x)";
    source "A. Huang, I. Schlag, Deriving Activation Functions Using Integration, arXiv:2411.13010";
    example [-1.0] = [-0.20569644706284615, -0.005696447062846143];
    limits [[f64::INFINITY, f64::INFINITY], [0.5 - 0.8, f64::INFINITY], [0.0, 1.6]];
    roots [&[-2.432_484_276_931_448], &[-0.980_829_253_011_726_1], &[]];
    range [-0.205_751_224_096_482_1, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 2.5, 1.2], floor [0.25, 0.25, 0.0]; f64 [2.0, 2.5, 1.25], floor [0.25, 0.25, 0.0];
    in_f64 [true, true, false];
    in (self, x)
    f {
        let z = Side::of_negative(x, L::Real::EXP_M1_CUTOFF).z;
        let (alpha, beta) = (x.splat(self.alpha_n), x.splat(self.beta));
        let (sum, low) = exp_m1_of_negative(z);
        // Near 0, e^x - 1 - x is small beside the linear term, and is computed by its own series.
        let near = -(-x).mul_add(beta, -(alpha * bend(z)));
        // Far from 0, alpha x and beta x are large and may cancel: the sum is alpha (e^x - 1) plus (beta - alpha) x.
        let held = self.rounded_to::<L::Real>();
        let linear = HiLo::<L::Real>::sum(held.beta, -held.alpha_n);
        let tail = sum * alpha;
        let err = low.mul_add(alpha, x.mul_add(x.fill(linear.low), sum.mul_error(alpha, tail)));
        let far = fma_emulated(x, x.fill(linear.high), tail) + err;
        // Where the linear term overflows it decides alone; it is 0 at -inf too if beta = alpha_n.
        let largest = x.fill(L::Real::MAX);
        let slope = x.fill(linear.high);
        let line = x.at_least(-finite_end(slope)) * slope;
        let far = far.select(line.abs().le(largest), line);
        let far = (line + tail).select(x.lt(-largest), far);
        let negative = far.select(x.lt(x.splat(-0.3465)), near);
        (x.mul_add(x.splat(self.alpha_p), x.splat(self.beta)) * x).select(x.splat(0.0).le(x), negative)
    }
    df {
        let (sum, low) = exp_m1_of_negative(Side::of_negative(x, L::Real::EXP_M1_CUTOFF).z);
        let alpha = x.splat(self.alpha_n);
        let mut negative = fma_emulated(sum, alpha, x.splat(self.beta)) + low * alpha;
        // Beyond the cutoff e^x matters only if beta and alpha_n cancel.
        let beyond = x.lt(x.splat(-L::Real::EXP_M1_CUTOFF));
        if L::any(beyond) {
            let held = self.rounded_to::<L::Real>();
            let limit = HiLo::<L::Real>::sum(held.beta, -held.alpha_n);
            let tail = Side::tail(x, HiLo::exact(self.alpha_n));
            negative = ((tail + x.fill(limit.low)) + x.fill(limit.high)).select(beyond, negative);
        }
        x.mul_add(x.splat(self.alpha_p) * 2.0, x.splat(self.beta)).select(x.splat(0.0).lt(x), negative)
    }
    d2f {
        let positive = x.splat(self.alpha_p) * 2.0;
        positive.select(x.splat(0.0).lt(x), Side::tail(x, HiLo::exact(self.alpha_n)))
    }
}
