//! Piecewise linear functions: exact, or rounded once by their one multiplication.
//!
//! Limit: memory, or the one store a cycle in the first cache.
//!
//! A piece is chosen by a comparison that NaN fails into the piece that passes it on, never by a hardware minimum.

use crate::activation::{Formula, activation};
use crate::simd::Lanes;

/// `constant` in every lane, and NaN where x is NaN.
#[inline(always)]
pub(crate) fn constant<L: Lanes>(x: L, constant: f64) -> L {
    x.splat(constant).select(x.equals(x), x)
}

/// `inside` where low < x < high, else 0; NaN stays NaN.
#[inline(always)]
pub(crate) fn between<L: Lanes>(x: L, low: f64, high: f64, inside: f64) -> L {
    let zero = x.splat(0.0);
    zero.select(x.le(x.splat(low)), zero.select(x.splat(high).le(x), constant(x, inside)))
}

activation! {
    /// x itself: a layer without an activation.
    Identity names ["identity", "linear", "none"];
    formula "x", "1", "0";
    source "definition";
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x }
    df { constant(x, 1.0) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// A multiple of x.
    Linear {
        /// The factor c.
        slope ("c") = 1.0, |c| c.is_finite() => "must be finite";
    }
    names ["scaled_linear"];
    formula "c x", "c", "0";
    source "definition";
    limits [[f64::NEG_INFINITY, f64::INFINITY], [1.0, 1.0], [0.0, 0.0]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Odd;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { x * self.slope }
    df { constant(x, self.slope) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The unit step, 1 at 0. Its slope is 0 everywhere, at the jump too: nothing is learnt through it.
    BinaryStep names ["binary_step", "heaviside", "step"];
    formula "1 if x >= 0, else 0", "0", "0";
    source "O. Heaviside";
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, 1.0], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f {
        let zero = x.splat(0.0);
        let one_or_nan = x.splat(1.0).select(zero.le(x), x);
        zero.select(x.lt(zero), one_or_nan)
    }
    df { constant(x, 0.0) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// The rectifier. The slope at 0 is 0, the slope of the left side.
    Relu names ["relu", "rectifier"];
    formula "max(0, x)", "1 if x > 0, else 0", "0";
    source "V. Nair, G. Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x.at_least(x.splat(0.0)) }
    df {
        let zero = x.splat(0.0);
        zero.select(x.le(zero), constant(x, 1.0))
    }
    d2f { constant(x, 0.0) }
}

/// x, times `slope` where its sign is minus.
#[inline(always)]
pub(crate) fn leaky<L: Lanes>(x: L, slope: L) -> L {
    x.select_negative(x * slope, x)
}

/// The slope of [`leaky`]: at 0 that of the left side.
#[inline(always)]
pub(crate) fn leaky_slope<L: Lanes>(x: L, slope: L) -> L {
    slope.select(x.le(x.splat(0.0)), constant(x, 1.0))
}

activation! {
    /// A rectifier that lets a part of the negative side through. The slope at 0 is that of the left side.
    LeakyRelu {
        /// The slope a of the negative side.
        slope ("negative_slope", "alpha", "a") = 0.01, |a| a.is_finite() => "must be finite";
    }
    names ["leaky_relu", "lrelu"];
    formula "x if x > 0, else a x", "1 if x > 0, else a", "0";
    source "A. Maas, A. Hannun, A. Ng, Rectifier Nonlinearities Improve Neural Network Acoustic Models, 2013";
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.01, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { leaky(x, x.splat(self.slope)) }
    df { leaky_slope(x, x.splat(self.slope)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// [`LeakyRelu`] whose slope is learned: see [`Learnable`](super::Learnable), and
    /// [`PReluChannels`](super::PReluChannels) for a slope per channel. The slope at 0 is that of the left side.
    PRelu {
        /// The slope a of the negative side.
        slope ("negative_slope", "alpha", "a") = 0.25, |a| a.is_finite() => "must be finite";
    }
    names ["prelu", "parametric_relu"];
    formula "x if x > 0, else a x", "1 if x > 0, else a", "0";
    source "K. He et al., Delving Deep into Rectifiers, arXiv:1502.01852";
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.25, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { leaky(x, x.splat(self.slope)) }
    df { leaky_slope(x, x.splat(self.slope)) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// [`LeakyRelu`] whose slope is drawn anew for each number in training, between two bounds: see
    /// [`RRelu::training`]. As an activation it is what evaluation uses, the mean of the bounds. The slope at 0 is that of
    /// the left side.
    RRelu {
        /// The smallest slope.
        lower = 0.125, |lower| lower.is_finite() => "must be finite";
        /// The largest slope.
        upper = 0.333_333_333_333_333_3_f64, |upper| upper.is_finite() => "must be finite";
    } also upper, |this| this.lower <= this.upper => "must not be below lower";
    names ["rrelu", "randomized_relu"];
    formula "x if x > 0, else (lower + upper) / 2 x", "1 if x > 0, else (lower + upper) / 2", "0";
    source "B. Xu et al., Empirical Evaluation of Rectified Activations in Convolutional Network, arXiv:1505.00853";
    limits [[f64::NEG_INFINITY, f64::INFINITY], [0.229_166_666_666_666_66, 1.0], [0.0, 0.0]];
    kinks [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [1.5, 1.0, 0.0];
    in (self, x)
    f { leaky(x, self.mean(x)) }
    df { leaky_slope(x, self.mean(x)) }
    d2f { constant(x, 0.0) }
}

impl RRelu {
    /// Halved before they are added, so that no two slopes overflow.
    #[inline(always)]
    fn mean<L: Lanes>(self, x: L) -> L {
        let Self { lower, upper } = self.rounded_to::<L::Real>();
        x.splat(lower * 0.5 + upper * 0.5)
    }
}

activation! {
    /// The rectifier, cut at 6. The slope is 0 at 0 and at 6.
    Relu6 names ["relu6"];
    formula "min(max(0, x), 6)", "1 if 0 < x < 6, else 0", "0";
    source "A. Krizhevsky, Convolutional Deep Belief Networks on CIFAR-10, 2010";
    limits [[0.0, 6.0], [0.0, 0.0], [0.0, 0.0]];
    kinks [0.0, 6.0];
    range [0.0, 6.0], monotone true, Neither;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    f { x.at_least(x.splat(0.0)).at_most(x.splat(6.0)) }
    df { between(x, 0.0, 6.0, 1.0) }
    d2f { constant(x, 0.0) }
}

activation! {
    /// x above a threshold, a constant up to it. The slope at the threshold is 0.
    Threshold {
        /// The last x that is replaced.
        theta ("threshold", "alpha") = 1.0, |theta| !theta.is_nan() => "must be a number";
        /// What it is replaced by.
        value ("default_value") = 0.0, |value| !value.is_nan() => "must be a number";
    }
    names ["threshold", "thresholded_relu"];
    formula "x if x > theta, else value", "1 if x > theta, else 0", "0";
    source "K. Konda et al., Zero-bias Autoencoders and the Benefits of Co-adapting Features, arXiv:1402.3337";
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
    /// The rectifier, squared. The curvature at 0 is 0.
    Relu2 names ["relu2", "squared_relu", "relu_squared"];
    formula "max(0, x)^2", "2 max(0, x)", "2 if x > 0, else 0";
    source "D. So et al., Primer, arXiv:2109.08668";
    limits [[0.0, f64::INFINITY], [0.0, f64::INFINITY], [0.0, 2.0]];
    range [0.0, f64::INFINITY], monotone true, Neither;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    f { x.at_least(x.splat(0.0)) * x.at_least(x.splat(0.0)) }
    df { x.at_least(x.splat(0.0)) * 2.0 }
    d2f { x.splat(0.0).select(x.le(x.splat(0.0)), constant(x, 2.0)) }
}
