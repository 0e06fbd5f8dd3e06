//! Losses of the residual r = prediction - target.

use super::{PairFormula, loss};

loss! {
    /// The squared error. Its mean is the mean squared error.
    Mse names ["mse", "mean_squared_error", "squared_error", "l2"];
    formula "(prediction - target)^2", "2 (prediction - target)", "2";
    source "A.-M. Legendre, 1805";
    limits [[f64::INFINITY, f64::INFINITY], [f64::NEG_INFINITY, f64::INFINITY], [2.0, 2.0]];
    range [0.0, f64::INFINITY], monotone false, Even;
    f32 [2.0, 1.0, 0.0]; f64 [2.0, 1.0, 0.0];
    in (self, prediction, target)
    value {
        let r = prediction - target;
        r * r
    }
    slope { (prediction - target) * 2.0 }
    curvature {
        let r = prediction - target;
        r.splat(2.0).select(r.equals(r), r)
    }
}
