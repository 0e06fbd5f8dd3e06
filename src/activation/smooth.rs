//! Smooth relatives of the rectifier: the linear side plus a tail that is computed to relative accuracy, in one fused
//! step, so that neither cancels the other.

use super::gated::Scaled;
use super::sigmoids::{logistic, lower};
use super::{Formula, activation};
use crate::facts::Facts;
use crate::lanes::Lanes;
use crate::math::exp::{Constants, Reduced, excess, reduce};
use crate::math::log;

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
    f32 [2.0, 3.0, 4.0];
    f64 [2.0, 4.0, 8.0];
}

/// ln(1 + e^-(a + low)) / 2^n, 2^n lifted, and the bend's own factor `correction` (relative, tiny).
#[inline(always)]
pub(crate) fn ln_1p_exp_tail<L: Lanes>(a: L, low: Option<L>, correction: Option<L>) -> (L, L) {
    let Reduced { power: lifted, r, .. } = reduce(-a, L::Real::LIFT);
    let r = if let Some(low) = low { r - low } else { r };
    let t = excess(r);
    let whole = t + 1.0;
    let middle = t.splat(log::LN_1P_UNIT_MIDDLE);
    let rest = log::ln_1p_unit(whole * (lifted * lower::<L>()));
    let rest = t.mul_add(middle, whole * rest);
    let rest = if let Some(c) = correction { rest + c } else { rest };
    (rest + middle, lifted)
}

impl Formula for Softplus {
    fn facts(&self) -> &'static Facts {
        Self::FACTS
    }

    /// max(x, 0) + ln(1 + e^-a) / beta. 1 / beta is rounded; what it lacks goes into the small terms.
    #[inline(always)]
    fn value<L: Lanes>(self, x: L) -> L {
        let beta = x.splat(self.beta);
        let inverse = x.splat(1.0) / beta;
        let product = beta * inverse;
        let lacks = x.splat(1.0) - product - beta.product_error(inverse, product);
        let z = Scaled::new(x, self.beta);
        let (tail, lifted) = ln_1p_exp_tail(z.magnitude, Some(z.low), Some(lacks * log::LN_1P_UNIT_MIDDLE));
        (tail * lifted).mul_add(inverse * lower::<L>(), x.at_least(x.splat(0.0)))
    }

    #[inline(always)]
    fn slope<L: Lanes>(self, x: L) -> L {
        let z = Scaled::new(x, self.beta);
        logistic(z.magnitude.copysign(x), Some(z.low.flip_sign(x)))
    }

    #[inline(always)]
    fn curvature<L: Lanes>(self, x: L) -> L {
        let tail = Scaled::new(x, self.beta).tail();
        let d = tail.reciprocal();
        (-(tail.power * d)).mul_add(d, d) * tail.lifted * (x.splat(self.beta) * lower::<L>())
    }
}
