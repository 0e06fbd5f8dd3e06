//! Swish, and the parts that it shares with other functions x s(z), a gate s(z) being the logistic function of z: the
//! linear side max(0, x) minus a tail that keeps its own relative accuracy.

use crate::activation::activation;
use crate::convert::{equal, is_negative};
use crate::math::exp::Constants;
use crate::math::logistic::{Tail, lower};
use crate::math::pair::HiLo;
use crate::math::rounding::{fma_emulated, two_sum};
use crate::simd::{Lanes, Real};

/// The argument z of the gate, an odd and increasing function of x, as its magnitude.
#[derive(Clone, Copy)]
pub(crate) struct Scaled<L> {
    /// |z|, at most `EXP_CUTOFF`, or `EXP_VANISHING` for a beta.
    pub(crate) magnitude: L,
    /// The error term of the magnitude; `None` where z is x. (e^z would turn the rounding of z into |z| / 2 ulp.)
    pub(crate) low: Option<L>,
    /// |x|, clamped where z is.
    pub(crate) a: L,
    /// |z| / (a ln 2) as the sum of two numbers; `None` where z is x.
    pub(super) octaves: Option<[L; 2]>,
}

impl<L: Lanes> Scaled<L> {
    /// z = x.
    #[inline(always)]
    pub(crate) fn unscaled(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::EXP_CUTOFF));
        Scaled { magnitude: a, low: None, a, octaves: None }
    }

    /// z = beta x.
    #[inline(always)]
    pub(crate) fn new(x: L, beta: f64) -> Self {
        Self::by(x, HiLo::exact(beta.abs()), L::Real::EXP_VANISHING)
    }

    /// z = beta x, for a positive double-double beta, and |z| of at most `end`.
    #[inline(always)]
    pub(super) fn by(x: L, beta: HiLo<L::Real>, end: f64) -> Self {
        let high = x.fill(beta.high);
        let end = (x.splat(end) / high).at_most(x.fill(L::Real::MAX));
        let a = x.abs().at_most(end);
        let magnitude = a * high;
        let low = a.mul_add(x.fill(beta.low), a.mul_error(high, magnitude));
        let octaves = beta.times_log2_e();
        Scaled { magnitude, low: Some(low), a, octaves: Some([x.fill(octaves.high), x.fill(octaves.low)]) }
    }

    /// z = beta x, as [`unscaled`](Self::unscaled) where beta is 1.
    #[inline(always)]
    pub(crate) fn of(x: L, beta: f64) -> Self {
        if equal(beta, 1.0) { Self::unscaled(x) } else { Self::new(x, beta) }
    }

    /// The logistic tail 1 / (1 + e^|z|).
    #[inline(always)]
    pub(crate) fn tail(self) -> Tail<L> {
        match (self.octaves, L::Real::EXCESS_OF_OCTAVES) {
            (Some(octaves), Some(coefficients)) if L::FUSED => Tail::of_octaves(self.a, octaves, coefficients),
            _ => Tail::new(self.magnitude, self.low),
        }
    }

    /// x s(z) = max(0, x) - |x| t, or x s(-z) = min(0, x) + |x| t if `mirrored` is negative, t the tail.
    #[inline(always)]
    pub(super) fn gated(self, x: L, mirrored: f64) -> L {
        let tail = self.tail();
        // x is clamped at 0, which has the sign that the limit of the other side has at infinity.
        let linear = if is_negative(mirrored) { x.at_most(x.splat(0.0)) } else { x.at_least(x.splat(-0.0)) };
        let scale = x.splat(-lower::<L>()).xor_sign(x.splat(mirrored));
        // The product with a power of two is exact.
        (self.a * tail.lifted / tail.denominator()).mul_add(scale, linear)
    }

    /// The derivative of `gated`, from t, the tail times 2^LIFT, corrected, and v = 2^-LIFT (c (1 - t) - 1), c = |x| z': -t v
    /// on the side of the tail, 1 + t v on the linear side.
    ///
    /// Limit: 28 operations and a division, where the value takes 19: t is used twice, and v is small near the root, so
    /// that t has to be corrected (4 operations).
    #[inline(always)]
    pub(super) fn gated_derivative(x: L, mirrored: f64, t: L, v: L) -> L {
        let side = x.xor_sign(x.splat(mirrored));
        // Adding -0 keeps the sign of a tail that underflows.
        let linear = side.select_negative(x.splat(-0.0), x.splat(1.0));
        v.xor_sign(side).mul_add(t, linear)
    }

    /// The derivative of `gated` for z = beta x, where c is |z|. |z| - 1 is exact from 1/2 on; the error term of |z| is
    /// added to the smaller c t first.
    #[inline(always)]
    pub(super) fn derivative_of_multiple(self, x: L, mirrored: f64) -> L {
        let t = self.tail().corrected();
        let scale = lower::<L>();
        let small = self.magnitude * -(scale * scale);
        let large = self.magnitude.mul_add(x.splat(scale), x.splat(-scale));
        let v = match self.low {
            Some(low) => small.mul_add(t, low * scale) + large,
            None => small.mul_add(t, large),
        };
        Self::gated_derivative(x, mirrored, t, v)
    }

    /// The second derivative of `gated` for z = beta x: beta t (1 - t) (2 - |z| (1 - 2 t)), t the tail.
    #[inline(always)]
    pub(super) fn gated_second_derivative(self, beta: HiLo<L::Real>) -> L {
        let (t, bell) = self.tail().bell();
        let (one, two) = (t.splat(1.0), t.splat(2.0));
        // 1 - 2 t may lose its relative accuracy near 0, where its factor |z| is small too.
        let difference = t.mul_add(-two, one);
        let product = self.magnitude * difference;
        let lost = self.magnitude.mul_error(difference, product);
        let lost = if let Some(low) = self.low { low.mul_add(difference, lost) } else { lost };
        let (sum, err) = two_sum(two, -product);
        let bell = beta.times(bell);
        let small = err - lost;
        let lifted = fma_emulated(sum, bell, bell * small);
        // Where the tail vanishes, the sum of two zeros has no sign of its own.
        let lifted = if self.low.is_some() { lifted.copysign(sum + small) } else { lifted };
        lifted * lower::<L>()
    }
}

/// The formula of a function with a parameter `beta` from methods of x and of the scaled argument. The default beta = 1
/// has an implementation of its own, without the error term of the product.
macro_rules! scaled {
    ($Name:ident: $($method:ident = $of_scaled:ident),+) => {
        impl $crate::activation::Formula for $Name {
            const SPEC: &'static $crate::Spec = $Name::SPEC;
            const IN_F64: [bool; 3] = $Name::IN_F64;
            $(#[inline(always)]
            fn $method<L: $crate::Lanes>(self, x: L) -> L {
                if $crate::convert::equal(self.beta, 1.0) {
                    self.$of_scaled(x, $crate::activation::elementwise::swish::Scaled::unscaled(x))
                } else {
                    self.$of_scaled(x, $crate::activation::elementwise::swish::Scaled::new(x, self.beta))
                }
            })+
        }
    };
}
pub(crate) use scaled;

activation! {
    /// The sigmoid linear unit (SiLU), or swish: x times the logistic function of beta x.
    ///
    /// beta = 1 makes it the SiLU. A negative beta reflects the graph through the origin: f(x; -beta) = -f(-x; beta).
    Swish {
        /// The sharpness beta of the gate: from 1e-15 to 1e15 in magnitude, 1 by default.
        beta ("alpha") = 1.0, |b| (1e-15..=1e15).contains(&b.abs()) => "must be from 1e-15 to 1e15 in magnitude";
    }
    names ["swish", "silu", "sil"];
    formula "x s(beta x), s(z) = 1 / (1 + exp(-z))", "s(z) + z s(z) s(-z), z = beta x",
        "beta s(z) s(-z) (2 + z (s(-z) - s(z)))";
    source "arXiv:1710.05941";
    example [-1.0] = [-0.2689414213699951, 0.07232948812851327];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-1.278_464_542_761_074], &[-2.399_357_280_515_468, 2.399_357_280_515_468]];
    range [-0.278_464_542_761_073_8, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 3.0, 4.0], floor [0.0, 0.3, 0.35]; f64 [2.0, 3.0, 4.0], floor [0.0, 0.3, 0.35];
    in_f64 [false, true, true];
}

impl Swish {
    /// The sigmoid linear unit (SiLU): beta = 1.
    pub const SILU: Self = Self::DEFAULT;

    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.gated(x, self.beta)
    }

    #[inline(always)]
    fn derivative_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        z.derivative_of_multiple(x, self.beta)
    }

    #[inline(always)]
    fn second_derivative_of<L: Lanes>(self, x: L, z: Scaled<L>) -> L {
        let _ = x;
        z.gated_second_derivative(HiLo::exact(self.beta))
    }
}

scaled! { Swish: f = value_of, df = derivative_of, d2f = second_derivative_of }
