//! x times something between 0 and 1: the linear side, less or plus a tail with its own relative accuracy.

use super::{Formula, activation};
use crate::math::exp::Constants;
use crate::math::logistic::{Tail, lower};
use crate::math::pair::Pair;
use crate::math::rounding::{nearly_fused, two_sum};
use crate::simd::{Lanes, Real};

/// The gate's argument z, odd in x and rising: its magnitude.
#[derive(Clone, Copy)]
pub(super) struct Scaled<L> {
    /// |z|, at most `TAIL_END`.
    pub(super) magnitude: L,
    /// What the magnitude lacks; nothing where z is x. (e^z would turn the rounding of z into |z| / 2 ulp.)
    pub(super) low: Option<L>,
    /// |x|, cut where z is.
    pub(super) a: L,
}

impl<L: Lanes> Scaled<L> {
    /// z = x.
    #[inline(always)]
    pub(super) fn unscaled(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::TAIL_END));
        Scaled { magnitude: a, low: None, a }
    }

    /// z = beta x.
    #[inline(always)]
    pub(super) fn new(x: L, beta: f64) -> Self {
        Self::by(x, Pair::exact(beta.abs()))
    }

    /// z = beta x, with a positive beta.
    #[inline(always)]
    fn by(x: L, beta: Pair<L::Real>) -> Self {
        let high = x.fill(beta.high);
        let end = (x.splat(L::Real::TAIL_END) / high).at_most(x.fill(L::Real::LARGEST));
        let a = x.abs().at_most(end);
        let magnitude = a * high;
        Scaled { magnitude, low: Some(a.mul_add(x.fill(beta.low), a.product_error(high, magnitude))), a }
    }

    /// The one that beta needs.
    #[inline(always)]
    pub(super) fn of(x: L, beta: f64) -> Self {
        if beta == 1.0 { Self::unscaled(x) } else { Self::new(x, beta) }
    }

    #[inline(always)]
    pub(super) fn tail(self) -> Tail<L> {
        Tail::new(self.magnitude, self.low)
    }

    /// x s(z), or x s(-z) if `mirrored` is negative: x - a tail on the side that is linear, a tail on the other.
    #[inline(always)]
    fn gated(self, x: L, mirrored: f64) -> L {
        let tail = self.tail();
        // The side is cut at 0 with the sign that the other side's zero has at infinity.
        let (lowest, highest) = if mirrored < 0.0 { (f64::NEG_INFINITY, 0.0) } else { (-0.0, f64::INFINITY) };
        let linear = x.at_least(x.splat(lowest)).at_most(x.splat(highest));
        let scale = x.splat(-lower::<L>()).flip_sign(x.splat(mirrored));
        (self.a / tail.denominator() * tail.lifted).mul_add(scale, linear)
    }

    /// The slope of that, from t, the tail times 2^LIFT, corrected, and u = 1 - c (1 - t), c = |x| z': t u on the side of
    /// the tail, 1 less that on the other.
    ///
    /// Limit: 32 operations and a division, 20 cycles a register on two 512-bit ports, where the value takes 13: t is used
    /// twice, and beside the root u is small, so that t has to be corrected (5 operations).
    #[inline(always)]
    fn gated_slope(x: L, mirrored: f64, t: L, u: L) -> L {
        let side = x.flip_sign(x.splat(mirrored));
        // -0 keeps the sign of a tail that underflows.
        let linear = side.select_negative(x.splat(-0.0), x.splat(1.0));
        (u * t).flip_sign(-side).mul_add(x.splat(lower::<L>()), linear)
    }

    /// The same where z = beta x, so that c is z. 1 - z is exact from z = 1/2 on; what z lacks meets c t first.
    #[inline(always)]
    fn slope_of_multiple(self, x: L, mirrored: f64) -> L {
        let t = self.tail().corrected();
        let (c, rest) = (self.magnitude * lower::<L>(), x.splat(1.0) - self.magnitude);
        let u = match self.low {
            Some(low) => c.mul_add(t, -low) + rest,
            None => c.mul_add(t, rest),
        };
        Self::gated_slope(x, mirrored, t, u)
    }

    /// The curvature where z = beta x: beta t (1 - t) (2 - z (1 - 2 t)).
    #[inline(always)]
    fn gated_curvature(self, beta: Pair<L::Real>) -> L {
        let (t, bell) = self.tail().bell();
        let (one, two) = (t.splat(1.0), t.splat(2.0));
        // 1 - 2 t may lose its relative accuracy at 0, where z takes it down.
        let difference = t.mul_add(-two, one);
        let product = self.magnitude * difference;
        let lost = self.magnitude.product_error(difference, product);
        let lost = if let Some(low) = self.low { low.mul_add(difference, lost) } else { lost };
        let (sum, lacks) = two_sum(two, -product);
        let bell = beta.times(bell);
        nearly_fused(sum, bell, bell * (lacks - lost)) * lower::<L>()
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
        beta ("alpha") = 1.0, |b| b.is_finite() && b.abs() >= 1e-20 => "must be finite, and at least 1e-20 in magnitude";
    }
    names ["swish", "silu", "sil"];
    formula "x s(beta x), s(z) = 1 / (1 + exp(-z))", "s + z s s(-z), z = beta x", "beta s s(-z) (2 + z (s(-z) - s))";
    source "arXiv:1710.05941";
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-1.278_464_542_761_074], &[-2.399_357_280_515_468, 2.399_357_280_515_468]];
    range [-0.278_464_542_761_073_8, f64::INFINITY], monotone false, None;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.3, 0.35]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.3, 0.35];
}

impl Swish {
    /// The sigmoid linear unit: beta = 1.
    pub const SILU: Self = Self::USUAL;

    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.gated(x, self.beta)
    }

    #[inline(always)]
    fn slope_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.slope_of_multiple(x, self.beta)
    }

    #[inline(always)]
    fn curvature_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let _ = x;
        z.gated_curvature(Pair::exact(self.beta))
    }
}

scaled! { Swish: value = value_of, slope = slope_of, curvature = curvature_of }

activation! {
    /// Swish with beta = 1.702: a rough approximation of `Gelu`, with networks trained for it.
    QuickGelu names ["quick_gelu"];
    formula "x s(1.702 x), s(z) = 1 / (1 + exp(-z))", "s + z s s(-z), z = 1.702 x", "1.702 s s(-z) (2 + z (s(-z) - s))";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.751_154_255_441_289], &[-1.409_728_131_912_730_7, 1.409_728_131_912_730_7]];
    range [-0.163_610_189_636_353_6, f64::INFINITY], monotone false, None;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.5, 0.75]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.5, 0.75];
    in (self, x)
    value { Scaled::by(x, Pair::new(1.702, 0.0)).gated(x, 1.0) }
    slope { Scaled::by(x, Pair::new(1.702, 0.0)).slope_of_multiple(x, 1.0) }
    curvature { Scaled::by(x, Pair::new(1.702, 0.0)).gated_curvature(Pair::new(1.702, 0.0)) }
}

/// z = A x + B x^3, A = sqrt(8 / pi), B = 0.044715 A.
const A: Pair<f64> = Pair { high: 1.595_769_121_605_730_8, low: -9.969_308_809_110_92e-17 };
const B: Pair<f64> = Pair { high: 0.071_354_816_272_600_25, low: -4.121_857_721_743_182_5e-18 };
const THRICE_B: Pair<f64> = Pair { high: 0.214_064_448_817_800_73, low: 1.512_214_642_584_908_4e-18 };

activation! {
    /// `Gelu` with the normal distribution approximated by a hyperbolic tangent: for networks trained with it.
    GeluTanh names [
        "gelu_tanh", "gelu_new", "gelu_fast", "gelu_accurate", "gelu_pytorch_tanh", "gelu_python_tanh",
    ];
    formula "x s(z), z = sqrt(8 / pi) (x + 0.044715 x^3), s(z) = 1 / (1 + exp(-z))", "s + x z' s s(-z)",
        "s s(-z) (2 z' + x z'' - x z'^2 (s - s(-z)))";
    source "D. Hendrycks, K. Gimpel, arXiv:1606.08415";
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-0.752_461_422_071_016_3], &[-1.418_504_008_790_828_4, 1.418_504_008_790_828_4]];
    range [-0.170_040_750_571_254_06, f64::INFINITY], monotone false, None;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.6, 0.5]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.6, 0.5];
    in (self, x)
    value { Cubic::of(x).z.gated(x, 1.0) }
    slope {
        // c = |z| + 2 |x| (B x^2); u = 1 - |z| - (c - |z| - c t), so that only large terms round.
        let Cubic { z, low, bend, .. } = Cubic::of(x);
        let (t, twice) = (z.tail().corrected(), z.a + z.a);
        let c = twice.mul_add(bend.high, z.magnitude) * lower::<L>();
        let small = nearly_fused(-c, t, twice.mul_add(bend.low, low));
        let u = x.splat(1.0) - z.magnitude - nearly_fused(twice, bend.high, small);
        Scaled::gated_slope(x, 1.0, t, u)
    }
    curvature {
        // t (1 - t) (2 z' + a z'' - a z'^2 (1 - 2 t)).
        let Cubic { z, square, .. } = Cubic::of(x);
        let [Twice { high: k, low }, _] = square.line(A, THRICE_B);
        let c = z.a * k;
        let (t, bell) = z.tail().bell();
        let difference = t.mul_add(x.splat(-2.0), x.splat(1.0));
        let v = k * difference;
        let product = c * v;
        // What the product of three lacks: each rounding, times the others.
        let lost = c.product_error(v, product)
            + (c * k.product_error(difference, v) + v * (z.a.product_error(k, c) + (z.a + z.a) * low));
        let [rise, _] = square.line(A.twice(), THRICE_B.twice().twice());
        let (sum, lacks) = two_sum(rise.high, -product);
        nearly_fused(sum, bell, bell * (lacks + (rise.low - lost))) * lower::<L>()
    }
}

/// The argument of `GeluTanh`.
#[derive(Clone, Copy)]
struct Cubic<L> {
    z: Scaled<L>,
    /// What the magnitude of z lacks.
    low: L,
    /// x^2, and B times that.
    square: Twice<L>,
    bend: Twice<L>,
}

/// A number of a lane to twice its precision.
#[derive(Clone, Copy)]
struct Twice<L> {
    high: L,
    low: L,
}

impl<L: Lanes> Twice<L> {
    /// a + b times this number, to twice the precision, and the second term alone.
    #[inline(always)]
    fn line(self, a: Pair<f64>, b: Pair<f64>) -> [Self; 2] {
        let (a, b) = (a.to::<L::Real>(), b.to::<L::Real>());
        let (a_high, b_high) = (self.high.fill(a.high), self.high.fill(b.high));
        let product = self.high * b_high;
        let lost = self.high.product_error(b_high, product);
        let low = self.high.mul_add(self.high.fill(b.low), self.low.mul_add(b_high, lost));
        let (sum, lost) = two_sum(a_high, product);
        [Twice { high: sum, low: lost + (low + self.high.fill(a.low)) }, Twice { high: product, low }]
    }
}

impl<L: Lanes> Cubic<L> {
    #[inline(always)]
    fn of(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::CUBIC_END));
        let high = a * a;
        let square = Twice { high, low: a.product_error(a, high) };
        let [k, bend] = square.line(A, B);
        let magnitude = a * k.high;
        let low = a.mul_add(k.low, a.product_error(k.high, magnitude));
        Cubic { z: Scaled { magnitude, low: Some(low), a }, low, square, bend }
    }
}
