//! Periodic activations, the sine and Snake: unlike saturating functions, they can extrapolate a periodic signal.

use num_traits::Float;

use crate::Spec;
use crate::activation::{Formula, activation};
use crate::convert::equal;
use crate::math::rounding::reciprocal;
use crate::math::sin::{reduce, sin_cos, sin_cos_reduced, sin_squared_reduced};
use crate::simd::{Lanes, Real};

activation! {
    /// The sine of x in radians, as accurate for large x as for small: sin(1e30) as sin(1).
    ///
    /// NaN at infinities, where it has no limit.
    Sine names ["sine", "sin"];
    formula "sin(x)", "cos(x)", "-sin(x)";
    source "arXiv:2006.09661 (SIREN, which uses sin(30 x): scale x first)";
    example [1.0] = [0.8414709848078965, 0.5403023058681398];
    limits [[f64::NAN, f64::NAN], [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]];
    range [-1.0, 1.0], monotone false, Odd;
    f32 [1.75, 1.75, 1.75]; f64 [2.0, 2.5, 2.0];
}

impl Formula for Sine {
    const SPEC: &'static Spec = Self::SPEC;
    const IN_F64: [bool; 3] = Self::IN_F64;
    #[inline(always)]
    fn f<L: Lanes>(self, x: L) -> L {
        sin_cos(x).0
    }
    #[inline(always)]
    fn df<L: Lanes>(self, x: L) -> L {
        sin_cos(x).1
    }
    #[inline(always)]
    fn d2f<L: Lanes>(self, x: L) -> L {
        -sin_cos(x).0
    }
    #[inline(always)]
    fn f_and_df<L: Lanes>(self, x: L) -> (L, L) {
        sin_cos(x)
    }
    fn exact_gain(self) -> Option<f64> {
        // E sin(z)^2 = (1 - e^-2) / 2.
        Some(Float::sqrt(-0.5 * Float::exp_m1(-2.0)).recip())
    }
}

activation! {
    /// The Snake function: x plus a periodic term, the squared sine of a x divided by a.
    ///
    /// At infinities the value is infinite, and the derivatives, which have no limit, are NaN. Where a x overflows, the
    /// derivatives are their means, 1 and 0. The function increases, but its derivative is 0 once in each period, where rounding may lower the
    /// value by an ulp. The error bounds of the derivatives near their roots are those of a = 1.
    Snake {
        /// The angular frequency a; the periodic term is at most 1 / a. From 1e-15 to 1e15, 1 by default.
        a = 1.0, |a| (1e-15..=1e15).contains(&a) => "must be from 1e-15 to 1e15";
    }
    names ["snake"];
    formula "x + sin(a x)^2 / a", "1 + sin(2 a x)", "2 a cos(2 a x)";
    source "arXiv:2006.08195";
    example [1.0] = [1.7080734182735713, 1.9092974268256817];
    limits [[f64::NEG_INFINITY, f64::INFINITY], [f64::NAN, f64::NAN], [f64::NAN, f64::NAN]];
    range [f64::NEG_INFINITY, f64::INFINITY], monotone false, Neither;
    f32 [1.75, 2.5, 3.5]; f64 [2.0, 2.5, 3.5];
}

/// The formula from methods of x, the product a x and its error term. The default a = 1 has its own implementation.
macro_rules! snake {
    ($($method:ident = $of_product:ident $(or $mean:literal)?),+) => {
        impl Formula for Snake {
            const SPEC: &'static Spec = Self::SPEC;
    const IN_F64: [bool; 3] = Self::IN_F64;
            $(#[inline(always)]
            fn $method<L: Lanes>(self, x: L) -> L {
                if equal(self.a, 1.0) {
                    return self.$of_product(x, x, None);
                }
                let a = x.splat(self.a);
                let product = x * a;
                let y = self.$of_product(x, product, Some(x.mul_error(a, product)));
                $(
                    // NaN for an infinite x.
                    let mean = x - x + $mean;
                    let y = y.select(product.abs().le(x.fill(L::Real::MAX)), mean);
                )?
                y
            })+

            fn exact_gain(self) -> Option<f64> {
                // E f(z)^2 = 1 + (3 - 4 (1 + u) + (1 + u)^4) / (8 a^2), u = e^(-2 a^2) - 1, in which the 3, the 4 and the 1 cancel.
                let u = Float::exp_m1(-2.0 * self.a * self.a);
                let periodic = u / self.a;
                Some(Float::sqrt(1.0 + periodic * periodic * (6.0 + u * (4.0 + u)) / 8.0).recip())
            }
        }
    };
}
snake! { f = value_of, df = derivative_of or 1.0, d2f = second_derivative_of or 0.0 }

impl Snake {
    /// With a x = k pi / 2 + r, sin^2 is sin^2 r for even k and 1 - sin^2 r for odd k. Around a x = -1, where x cancels
    /// two thirds of the periodic term, k is -1, and x + 1 / a is exact. The error term of 1 / a goes into the small
    /// terms.
    #[inline(always)]
    fn value_of<L: Lanes>(self, x: L, product: L, rest: Option<L>) -> L {
        let (zero, one) = (x.splat(0.0), x.splat(1.0));
        let reduced = reduce::<L, false, true>(product, rest);
        let even = reduced.even();
        let (square, small) = sin_squared_reduced(reduced.r, reduced.low);
        let y = if rest.is_none() {
            let wave = square + small;
            (x + wave).select(even, (x + one) - wave)
        } else {
            let (inverse, err) = reciprocal(x.splat(self.a), zero);
            let base = zero.select(even, one);
            let square = square.select(even, -square);
            let small = (base + square).mul_add(err, small.select(even, -small));
            base.mul_add(inverse, x) + square.mul_add(inverse, small * inverse)
        };
        // Beyond that, the periodic term is less than a quarter ulp of x.
        y.select(product.abs().lt(x.fill(L::Real::ROUND_MAGIC) * 4.0), x).copysign(x)
    }

    /// 2 sin^2(a x + pi / 4), which does not cancel where the derivative touches 0.
    #[inline(always)]
    fn derivative_of<L: Lanes>(self, _: L, product: L, rest: Option<L>) -> L {
        let reduced = reduce::<L, true, true>(product, rest);
        let (square, small) = sin_squared_reduced(reduced.r, reduced.low);
        let half = square + small;
        let half = half.select(reduced.even(), half.splat(1.0) - half);
        half + half
    }

    /// 2 a cos(2 a x) = 2 a sin(2 (a x + pi / 4)).
    #[inline(always)]
    fn second_derivative_of<L: Lanes>(self, x: L, product: L, rest: Option<L>) -> L {
        let reduced = reduce::<L, true, true>(product, rest);
        let (sin, cos) = sin_cos_reduced(reduced.r);
        let half = sin * cos;
        half.select(reduced.even(), -half) * (x.splat(self.a) * 4.0)
    }
}
