//! Negative log-likelihoods of one number.

use super::{PairFormula, loss};
use crate::lanes::Lanes;
use crate::math::exp::Constants;
use crate::math::log::ln_1p_exp;
use crate::math::logistic::{Tail, lower};

loss! {
    /// The cross-entropy between the target probability of the class 1 and the logistic function of the prediction, a
    /// logit. Targets are 0, 1, or anything between. Never clamped: finite up to the largest logit; at an infinite
    /// logit 0 or infinite.
    BinaryCrossEntropyWithLogits names ["binary_cross_entropy_with_logits", "bce_with_logits", "sigmoid_cross_entropy", "logistic_loss"];
    formula "ln(1 + exp(z)) - y z", "s(z) - y, s(z) = 1 / (1 + exp(-z))", "s(z) s(-z)";
    source "D. R. Cox, The Regression Analysis of Binary Sequences, 1958";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    range [0.0, f64::INFINITY], monotone true, None;
    f32 [2.0, 2.0, 2.0], floor [0.0, 1.0, 0.0]; f64 [2.0, 2.0, 2.0], floor [0.0, 1.0, 0.0];
    in (self, z, y)
    value {
        let a = z.abs();
        let tail = ln_1p_exp(-a.at_most(a.splat(L::Real::TAIL_END)), None, None);
        let against = against(z, y);
        // A target of exactly 0 meets an infinite logit with 0.
        let zero = a.splat(0.0);
        let linear = zero.select(against.equals(zero), a * against);
        tail.mul_add(a.splat(lower::<L>()), linear)
    }
    slope {
        let t = Tail::at(z).value();
        (t - against(z, y)).flip_sign(-z)
    }
    curvature {
        let t = Tail::at(z).value();
        let bell = (-t).mul_add(t, t);
        bell.select(y.equals(y), y)
    }
}

/// |z| and the target of the other class than the one that the sign of z favours: s(z) is 1 - t or t with the tail t,
/// and the loss is that target times |z|, plus ln(1 + e^-|z|). No term cancels another.
#[inline(always)]
fn against<L: Lanes>(z: L, y: L) -> L {
    z.select_negative(y, y.splat(1.0) - y)
}
