//! Losses of the residual r = prediction - target.

use super::{PairFormula, loss};
use crate::facts::Facts;
use crate::lanes::Lanes;

loss! {
    /// The squared error. Its mean is the mean squared error.
    Mse
    names ["mse", "mean_squared_error", "squared_error", "l2"];
    formula "(prediction - target)^2", "2 (prediction - target)", "2";
    source "A.-M. Legendre, 1805";
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY], [2.0, 2.0]];
    joints [];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.0, 0.0];
    f64 [2.0, 1.0, 0.0];
}

impl PairFormula for Mse {
    fn facts(&self) -> &'static Facts {
        Self::FACTS
    }
    #[inline(always)]
    fn value<L: Lanes>(self, prediction: L, target: L) -> L {
        let r = prediction - target;
        r * r
    }
    #[inline(always)]
    fn slope<L: Lanes>(self, prediction: L, target: L) -> L {
        (prediction - target) * 2.0
    }
    #[inline(always)]
    fn curvature<L: Lanes>(self, prediction: L, target: L) -> L {
        let r = prediction - target;
        r.splat(2.0).select(r.equals(r), r)
    }
}
