//! x times something between 0 and 1: the linear side, less or plus a tail with its own relative accuracy.

use super::activation;
use crate::lanes::{Lanes, Real};
use crate::math::exp::Constants;
use crate::math::logistic::{Tail, lower};

/// |beta x|.
#[derive(Clone, Copy)]
pub(super) struct Scaled<L> {
    /// |beta x|, at most `TAIL_END`.
    pub(super) magnitude: L,
    /// What the magnitude lacks; nothing where beta is 1.
    pub(super) low: Option<L>,
    /// |x|, at most `TAIL_END` / |beta|.
    pub(super) a: L,
}

impl<L: Lanes> Scaled<L> {
    /// For beta = 1.
    #[inline(always)]
    pub(super) fn unscaled(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::TAIL_END));
        Scaled { magnitude: a, low: None, a }
    }

    /// To twice the precision: e^z would turn the rounding of z into |z| / 2 ulp.
    #[inline(always)]
    pub(super) fn new(x: L, beta: f64) -> Self {
        let beta = x.splat(beta).abs();
        let end = (x.splat(L::Real::TAIL_END) / beta).at_most(x.fill(L::Real::LARGEST));
        let a = x.abs().at_most(end);
        let magnitude = a * beta;
        Scaled { magnitude, low: Some(a.product_error(beta, magnitude)), a }
    }

    #[inline(always)]
    pub(super) fn tail(self) -> Tail<L> {
        Tail::new(self.magnitude, self.low)
    }
}

/// The formula of a function with a parameter `beta` from its methods of x and of the scaled argument. The usual beta of
/// 1 is worth a text of its own, without the second half of the product.
macro_rules! scaled {
    ($Name:ident: $($method:ident = $of_scaled:ident),+) => {
        impl $crate::activation::Formula for $Name {
            fn facts(&self) -> &'static $crate::Facts {
                Self::FACTS
            }
            $(#[inline(always)]
            fn $method<L: $crate::Lanes>(self, x: L) -> L {
                if self.beta == 1.0 {
                    self.$of_scaled(x, $crate::activation::gated::Scaled::unscaled(x))
                } else {
                    self.$of_scaled(x, $crate::activation::gated::Scaled::new(x, self.beta))
                }
            })+
        }
    };
}
pub(super) use scaled;

activation! {
    /// x times the logistic function of beta x.
    Swish {
        /// How sharp the gate is; a negative one mirrors the function.
        beta = 1.0, |b| b.is_finite() && b.abs() >= 1e-20 => "must be finite, and at least 1e-20 in magnitude";
    }
    names ["swish", "silu", "sil"];
    formula "x s(beta x), s(z) = 1 / (1 + exp(-z))", "s + z s s(-z), z = beta x", "beta s s(-z) (2 + z (s(-z) - s))";
    source "arXiv:1710.05941";
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    joints [];
    roots [&[], &[-1.278_464_542_761_074], &[-2.399_357_280_515_468, 2.399_357_280_515_468]];
    range [-0.278_464_542_761_073_8, f64::INFINITY], monotone false, None;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.25, 0.35]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.25, 0.35];
}

impl Swish {
    /// The sigmoid linear unit: beta = 1.
    pub const SILU: Self = Self::USUAL;

    /// x - a tail on the side that is linear, a tail on the other.
    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let tail = z.tail();
        // The side is cut at 0 with the sign that the other side's zero has at infinity.
        let (lowest, highest) = if self.beta < 0.0 { (f64::NEG_INFINITY, 0.0) } else { (-0.0, f64::INFINITY) };
        let linear = x.at_least(x.splat(lowest)).at_most(x.splat(highest));
        let scale = x.splat(-lower::<L>()).flip_sign(x.splat(self.beta));
        (z.a / tail.denominator() * tail.lifted).mul_add(scale, linear)
    }

    /// With t the tail and u = a t + 1 on the rising side, a t + 1 - a on the other: u - u t, u t.
    #[inline(always)]
    fn slope_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let side = x.flip_sign(x.splat(self.beta));
        let tail = z.tail();
        let d = tail.reciprocal();
        let zero = x.splat(0.0);
        let cut = side.select_negative(z.magnitude, zero);
        let u = z.magnitude.mul_add(tail.power * d, x.splat(1.0) - cut);
        let product = u * d * tail.lifted;
        // -0 keeps the sign of a tail that underflows.
        let linear = side.select_negative(-zero, u);
        product.flip_sign(-side).mul_add(x.splat(lower::<L>()), linear)
    }

    /// beta t (1 - t) (2 - a (1 - 2 t)): 1 - 2 t may lose its relative accuracy at 0, where a takes it down.
    #[inline(always)]
    fn curvature_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let tail = z.tail();
        let d = tail.reciprocal();
        let t = tail.power * d;
        let difference = t.mul_add(x.splat(-2.0), x.splat(1.0));
        let bent = z.magnitude * difference;
        let bend = (x.splat(2.0) - bent) - z.magnitude.product_error(difference, bent);
        (-t).mul_add(d, d) * bend * tail.lifted * (x.splat(self.beta) * lower::<L>())
    }
}

scaled! { Swish: value = value_of, slope = slope_of, curvature = curvature_of }
