//! Piecewise linear functions: exact, or rounded once by their one multiplication.
//!
//! Limit: memory, or the one store a cycle in the first cache.
//!
//! A piece is chosen by a comparison that NaN fails into the piece that passes it on, never by a hardware minimum.

use super::{Formula, activation};
use crate::lanes::Lanes;

/// `constant` in every lane, and NaN where x is NaN.
#[inline(always)]
pub(super) fn constant<L: Lanes>(x: L, constant: f64) -> L {
    x.splat(constant).select(x.equals(x), x)
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
    value { x }
    slope { constant(x, 1.0) }
    curvature { constant(x, 0.0) }
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
    value { x * self.slope }
    slope { constant(x, self.slope) }
    curvature { constant(x, 0.0) }
}

activation! {
    /// The unit step, 1 at 0. Its slope is 0 everywhere, at the jump too: nothing is learnt through it.
    BinaryStep names ["binary_step", "heaviside", "step"];
    formula "1 if x >= 0, else 0", "0", "0";
    source "O. Heaviside";
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    joints [0.0];
    range [0.0, 1.0], monotone true, None;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    value {
        let zero = x.splat(0.0);
        let one_or_nan = x.splat(1.0).select(zero.le(x), x);
        zero.select(x.lt(zero), one_or_nan)
    }
    slope { constant(x, 0.0) }
    curvature { constant(x, 0.0) }
}

activation! {
    /// The rectifier. The slope at 0 is 0, the slope of the left side.
    Relu names ["relu", "rectifier"];
    formula "max(0, x)", "1 if x > 0, else 0", "0";
    source "V. Nair, G. Hinton, Rectified Linear Units Improve Restricted Boltzmann Machines, 2010";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    joints [0.0];
    range [0.0, f64::INFINITY], monotone true, None;
    f32 [0.0, 0.0, 0.0]; f64 [0.0, 0.0, 0.0];
    in (self, x)
    value { x.at_least(x.splat(0.0)) }
    slope {
        let zero = x.splat(0.0);
        zero.select(x.le(zero), constant(x, 1.0))
    }
    curvature { constant(x, 0.0) }
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
    joints [0.0];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone true, None;
    f32 [0.5, 0.0, 0.0]; f64 [0.5, 0.0, 0.0];
    in (self, x)
    value { x.select_negative(x * self.slope, x) }
    slope { x.splat(self.slope).select(x.le(x.splat(0.0)), constant(x, 1.0)) }
    curvature { constant(x, 0.0) }
}
