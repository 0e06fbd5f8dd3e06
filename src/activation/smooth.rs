//! Smooth relatives of the rectifier: the linear side plus a tail that is computed to relative accuracy, in one fused
//! step, so that neither cancels the other.

use super::activation;
use super::gated::{Scaled, scaled};
use crate::lanes::Lanes;
use crate::math::log::{LN_1P_EXP_BEND, ln_1p_exp};
use crate::math::logistic::lower;

activation! {
    /// A smooth rectifier: the integral of the logistic function. Exact everywhere, with no threshold beyond which it
    /// turns linear.
    Softplus {
        /// How sharp the bend is.
        beta = 1.0, |b| b > 0.0 && b.is_finite() => "must be positive and finite";
    }
    names ["softplus", "log1pexp"];
    formula "ln(1 + exp(beta x)) / beta", "s(beta x), s(z) = 1 / (1 + exp(-z))", "beta s(beta x) s(-beta x)";
    source "C. Dugas et al., Incorporating Second-Order Functional Knowledge for Better Option Pricing, 2000";
    limits [[0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    joints [];
    range [0.0, f64::INFINITY], monotone true, None;
    f32 [2.0, 2.0, 1.75]; f64 [2.0, 2.0, 1.75];
}

impl Softplus {
    /// ln(1 + e^z) / beta, and beyond the bend x + ln(1 + e^-z) / beta. 1 / beta is rounded; what it lacks goes into the
    /// small terms.
    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let signed = z.magnitude.copysign(x);
        let linear = x.splat(LN_1P_EXP_BEND).lt(signed);
        let argument = (-signed).select(linear, signed);
        let base = x.select(linear, x.splat(0.0));
        let Some(low) = z.low else {
            return ln_1p_exp(argument, None, None).mul_add(x.splat(lower::<L>()), base);
        };
        let beta = x.splat(self.beta);
        let inverse = x.splat(1.0) / beta;
        let product = beta * inverse;
        let lacks = x.splat(1.0) - product - beta.product_error(inverse, product);
        let tail = ln_1p_exp(argument, Some(low.flip_sign(argument)), Some(lacks));
        tail.mul_add(inverse * lower::<L>(), base)
    }

    #[inline(always)]
    fn slope_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.tail().logistic(x)
    }

    #[inline(always)]
    fn curvature_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let tail = z.tail();
        let d = tail.reciprocal();
        (-(tail.power * d)).mul_add(d, d) * tail.lifted * (x.splat(self.beta) * lower::<L>())
    }
}

scaled! { Softplus: value = value_of, slope = slope_of, curvature = curvature_of }
