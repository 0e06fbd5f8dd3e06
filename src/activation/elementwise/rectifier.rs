//! Rectifiers (ReLU and its relatives), steps and lines: exact, or rounded once by their one multiplication.
//!
//! Limit: memory bandwidth, or one store a cycle in the L1 cache.
//!
//! A piece is chosen by a comparison that is false for NaN, so that NaN falls into the piece that passes it on; never
//! by a minimum that drops NaN.

use core::f64::consts::SQRT_2;

use num_traits::Float;

use crate::activation::{Formula, activation};
use crate::simd::{Lanes, Real, without_f64};

/// `constant` in every lane, but NaN where x is NaN.
#[inline(always)]
pub(crate) fn constant<L: Lanes>(x: L, constant: f64) -> L {
    x.splat(constant).select(x.equals(x), x)
}

/// `inside` where low < x < high, else 0; NaN where x is NaN.
#[inline(always)]
pub(crate) fn between<L: Lanes>(x: L, low: f64, high: f64, inside: L) -> L {
    let zero = x.splat(0.0);
    zero.select(x.le(x.splat(low)), zero.select(x.splat(high).le(x), inside.select(x.equals(x), x)))
}

activation! {
    /// The identity, or linear activation: x itself, for a layer without an activation.
    Identity names ["identity", "linear", "none"];
    formula "x", "1", "0";
    source "definition";
    example [2.0] = [2.0, 1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x), exact_gain |_| 1.0;
    f { x }
    df { constant(x, 1.0) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The scaled identity: x times a constant c.
    Linear {
        /// The factor c: finite, 1 by default.
        slope ("c") = 1.0, |c| c.is_finite() => "must be finite";
    }
    names ["scaled_linear"];
    formula "c x", "c", "0";
    source "definition";
    example [2.0] = [2.0, 1.0];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x), exact_gain |this| this.slope.abs().recip();
    f {
        let end = finite_end(x.splat(self.slope));
        x.at_least(-end).at_most(end) * self.slope
    }
    df { constant(x, self.slope) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The binary step, or Heaviside function: 0 below 0, 1 from 0 on.
    ///
    /// The derivative is 0 everywhere, at the jump too, so that no gradient passes through it.
    BinaryStep names ["binary_step", "heaviside", "step"];
    formula "1 if x >= 0, else 0", "0", "0";
    source "O. Heaviside";
    example [0.0] = [1.0, 0.0];
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, 1.0], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x), exact_gain |_| SQRT_2;
    f {
        let zero = x.splat(0.0);
        let one_or_nan = x.splat(1.0).select(zero.le(x), x);
        zero.select(x.lt(zero), one_or_nan)
    }
    df { constant(x, 0.0) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The rectified linear unit (ReLU).
    ///
    /// The derivative at 0 is 0, that of the left side.
    Relu names ["relu", "rectifier"];
    formula "max(0, x)", "1 if x > 0, else 0", "0";
    source "V. Nair, G. Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010";
    example [2.0] = [2.0, 1.0];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x), cuts_at (f64::INFINITY), exact_gain |_| SQRT_2;
    f { x.at_least(x.splat(0.0)) }
    df {
        let zero = x.splat(0.0);
        zero.select(x.le(zero), constant(x, 1.0))
    }
    d2f { constant(x, 0.0) }
}

/// The largest |x| that is multiplied by a slope: infinite, but finite for a slope of 0, whose product with it is 0, not
/// NaN.
#[inline(always)]
pub(crate) fn finite_end<L: Lanes>(slope: L) -> L {
    slope.fill(L::Real::MAX).select(slope.equals(slope.splat(0.0)), slope.splat(f64::INFINITY))
}

/// x times `slope` where the sign of x is minus, else x.
#[inline(always)]
pub(crate) fn leaky<L: Lanes>(x: L, slope: L) -> L {
    x.select_negative(x.at_least(-finite_end(slope)) * slope, x)
}

/// The gain of [`leaky`]: E f(z)^2 = (1 + a^2) / 2.
pub(crate) fn leaky_gain(slope: f64) -> f64 {
    SQRT_2 / Float::hypot(1.0, slope)
}

/// The derivative of [`leaky`]; at 0, that of the left side.
#[inline(always)]
pub(crate) fn leaky_derivative<L: Lanes>(x: L, slope: L) -> L {
    slope.select(x.le(x.splat(0.0)), constant(x, 1.0))
}

activation! {
    /// The leaky rectified linear unit (leaky ReLU): x above 0, a x below.
    ///
    /// The derivative at 0 is a, that of the left side.
    LeakyRelu {
        /// The slope a of the negative side: finite, 0.01 by default.
        slope ("negative_slope", "alpha", "a") = 0.01, |a| a.is_finite() => "must be finite";
    }
    names ["leaky_relu", "lrelu"];
    formula "x if x > 0, else a x", "1 if x > 0, else a", "0";
    source "A. Maas, A. Hannun, A. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013";
    example [-1.0] = [-0.01, 0.01];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.01, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x), exact_gain |this| leaky_gain(this.slope);
    f { leaky(x, x.splat(self.slope)) }
    df { leaky_derivative(x, x.splat(self.slope)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The parametric rectified linear unit (PReLU): a leaky ReLU whose slope a is learned.
    ///
    /// [`Learnable`](crate::activation::Learnable) has the gradient in the slope, and
    /// [`PReluChannels`](crate::activation::PReluChannels) a slope per channel. The derivative at 0 is a, that of the
    /// left side.
    PRelu {
        /// The slope a of the negative side: finite, 0.25 by default.
        slope ("negative_slope", "alpha", "a", "init") = 0.25, |a| a.is_finite() => "must be finite";
    }
    names ["prelu", "parametric_relu"];
    formula "x if x > 0, else a x", "1 if x > 0, else a", "0";
    source "K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852";
    example [-1.0] = [-0.25, 0.25];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.25, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x), exact_gain |this| leaky_gain(this.slope);
    f { leaky(x, x.splat(self.slope)) }
    df { leaky_derivative(x, x.splat(self.slope)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The randomized leaky rectified linear unit (RReLU), as evaluated: the slope is the mean of its two bounds.
    ///
    /// In training, the slope is drawn anew for each number, uniformly between the bounds: see [`RRelu::training`]. The
    /// derivative at 0 is the slope, that of the left side.
    RRelu {
        /// The smallest slope of the negative side: from -1e15 to 1e15, 1/8 by default.
        lower = 0.125, |lower| (-1e15..=1e15).contains(&lower) => "must be from -1e15 to 1e15";
        /// The largest slope of the negative side: from -1e15 to 1e15, not below `lower`, 1/3 by default.
        upper = 1.0 / 3.0, |upper| (-1e15..=1e15).contains(&upper) => "must be from -1e15 to 1e15";
    } also upper, |this| this.lower <= this.upper => "must not be below lower";
    names ["rrelu", "randomized_relu"];
    formula "x if x > 0, else (lower + upper) / 2 x", "1 if x > 0, else (lower + upper) / 2", "0";
    source "B. Xu et al., Empirical Evaluation of Rectified Activations in Convolutional Network, arXiv:1505.00853";
    example [-1.0] = [-0.22916666666666666, 0.22916666666666666];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.229_166_666_666_666_66, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [1.5, 1.0, 0.0];
    in (self, x), exact_gain |this| leaky_gain((this.lower + this.upper) * 0.5);
    f { leaky(x, self.mean(x)) }
    df { leaky_derivative(x, self.mean(x)) }
    d2f { constant(x, 0.0) }
}

impl RRelu {
    /// The mean of the bounds.
    #[inline(always)]
    fn mean<L: Lanes>(self, x: L) -> L {
        let Self { lower, upper } = self.rounded_to::<L::Real>();
        if const { without_f64::<L::Real>() } {
            return x.splat(lower) * 0.5 + x.splat(upper) * 0.5;
        }
        x.splat((lower + upper) * 0.5)
    }
}

activation! {
    /// The rectified linear unit capped at 6 (ReLU6).
    ///
    /// The derivative at 0 and at 6 is 0.
    Relu6 names ["relu6"];
    formula "min(max(0, x), 6)", "1 if 0 < x < 6, else 0", "0";
    source "A. Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010";
    example [7.0] = [6.0, 0.0];
    limits [[0.0, 6.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [0.0, 6.0];
    range [0.0, 6.0], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x), cuts_at (6.0)
    f { x.at_least(x.splat(0.0)).at_most(x.splat(6.0)) }
    df { between(x, 0.0, 6.0, x.splat(1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The threshold function, or thresholded ReLU: x above theta, a constant up to it.
    ///
    /// The derivative at theta is 0.
    Threshold {
        /// The threshold theta, the largest x that is replaced: a number, may be infinite, 1 by default.
        theta ("threshold", "alpha") = 1.0, |theta| !theta.is_nan() => "must be a number";
        /// The value where x is not above theta: a number, may be infinite, 0 by default.
        value ("default_value") = 0.0, |value| !value.is_nan() => "must be a number";
    }
    names ["threshold", "thresholded_relu"];
    formula "x if x > theta, else value", "1 if x > theta, else 0", "0";
    source "K. Konda et al., Zero-bias Autoencoders and the Benefits of Co-adapting Features, arXiv:1402.3337";
    example [1.5] = [1.5, 1.0];
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [1.0];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x.splat(self.value).select(x.le(x.splat(self.theta)), x) }
    df { x.splat(0.0).select(x.le(x.splat(self.theta)), constant(x, 1.0)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The squared rectified linear unit (squared ReLU).
    ///
    /// The second derivative at 0 is 0, that of the left side.
    Relu2 names ["relu2", "squared_relu", "relu_squared"];
    formula "max(0, x)^2", "2 max(0, x)", "2 if x > 0, else 0";
    source "D. So et al., Primer, arXiv:2109.08668";
    example [3.0] = [9.0, 6.0];
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, 2.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x), exact_gain |_| Float::sqrt(2.0 / 3.0);
    f { x.at_least(x.splat(0.0)) * x.at_least(x.splat(0.0)) }
    df { x.at_least(x.splat(0.0)) * 2.0 }
    d2f { x.splat(0.0).select(x.le(x.splat(0.0)), constant(x, 2.0)) }
}
