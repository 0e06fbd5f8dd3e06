//! Mish: x tanh(softplus(x)). The hyperbolic tangent of a logarithm is a quotient of polynomials of e = e^x, and
//! 1 - tanh(softplus(x)) is 1 / d, with d = 1 + e + e^2 / 2.
//!
//! Limit: the execution ports, with some 45 operations and a division.

use crate::activation::{Formula, activation};
use crate::math::exp::{Constants, Reduced, excess, reduce};
use crate::math::logistic::lower;
use crate::math::rounding::{fma_emulated, reciprocal};
use crate::simd::Lanes;

activation! {
    /// The Mish function: x times the hyperbolic tangent of the softplus of x.
    Mish names ["mish"];
    formula "x tanh(ln(1 + exp(x)))", "w (1 + x + w (3/2 + x + w (1 + w / 4))) / d^2, w = exp(x), d = 1 + w + w^2 / 2",
        "w (2 (1 + w) d + x (1 + w - 3/2 w^2 - w^3)) / d^3";
    source "D. Misra, arXiv:1908.08681";
    example [-1.0] = [-0.3034014613741089, 0.05921675587739495];
    limits [[-0.0, f64::INFINITY], [0.0, 1.0], [0.0, 0.0]];
    roots [&[], &[-1.192_431_214_515_495_2], &[-2.256_376_396_360_793, 1.490_571_179_485_428_5]];
    range [-0.308_843_413_017_250_4, f64::INFINITY], monotone false, Neither;
    f32 [2.0, 4.25, 5.0], floor [0.0, 0.35, 1.1]; f64 [2.0, 4.0, 4.0], floor [0.0, 0.35, 1.2];
    in_f64 [true; 3];
    in (self, x)
    f {
        // x - x / d above 0; below it -|x| e (1 + e / 2) / d, where e = 2^n (1 + t) makes the numerator 2^n (1 + rest).
        let p = Parts::of(x);
        let a = x.abs().at_most(x.splat(L::Real::EXP_CUTOFF));
        let f = a * p.inverse;
        let low = f.mul_add(p.error, p.inverse.mul_error(a, f));
        let below = fma_emulated(p.excess + 1.0, p.e * 0.5, p.excess);
        let rest = x.select_negative(below, x.splat(0.0));
        let scale = x.select_negative(p.lifted, x.splat(1.0 / lower::<L>()));
        let tail = (f + fma_emulated(rest, f, low.mul_add(rest, low))) * scale;
        tail.mul_add(x.splat(-lower::<L>()), x.at_least(x.splat(-0.0)))
    }
    df {
        // Below 0 the first term is 1 + x, exact near the root; above 0, df is 1 + (x e (1 + e) / d - 1) / d.
        let p = Parts::of(x);
        let z = x.at_least(x.splat(-L::Real::EXP_CUTOFF)).at_most(x.splat(L::Real::EXP_M1_CUTOFF));
        let next = z + 1.0;
        let k = p.e.mul_add(p.e.mul_add(x.splat(0.25), x.splat(1.0)), next + 0.5);
        let below = fma_emulated(p.e, k, next) * p.inverse;
        let above = (z * p.e * (p.e + 1.0)).mul_add(p.inverse, x.splat(-1.0));
        let f = x.select_negative(below, above) * p.inverse;
        let rest = (p.error + p.error).mul_add(p.excess + 1.0, p.excess);
        let rest = x.select_negative(rest, p.error);
        let scale = x.select_negative(p.lifted, x.splat(1.0 / lower::<L>()));
        (fma_emulated(f, rest, f) * scale).mul_add(x.splat(lower::<L>()), x.select_negative(x.splat(-0.0), x.splat(1.0)))
    }
    d2f {
        // In terms of s = e below 0 and s = 2 / e above, so that nothing overflows; d is 1 + s + s^2 / 2 for both.
        // Collected by powers of s, the large terms are one sum, exact near the roots.
        let end = x.splat(L::Real::EXP_CUTOFF);
        let x = x.at_least(-end).at_most(end * 0.5);
        let Reduced { power: lifted, r, .. } = reduce(-x.abs(), L::Real::LIFT);
        let t = excess(r);
        let power = lifted * lower::<L>();
        let v = t.mul_add(power, power);
        let s = x.select_negative(v, v + v);
        // The error term of s enters d^3 almost three times; it is removed together with the errors of the quotient.
        let low = t.mul_add(power, power - v);
        let low = x.select_negative(low, low + low);
        let (q, error) = inverse(s);
        let error = error - low * (q * s + q);
        let cubic = x.mul_add(either(x, -1.0, 0.25), either(x, 1.0, 0.5));
        let square = x.mul_add(either(x, -1.5, 0.5), either(x, 3.0, 2.0));
        let line = x.mul_add(either(x, 1.0, -1.5), either(x, 4.0, 3.0));
        let steep = (cubic * 3.0).mul_add(s, square + square).mul_add(s, line);
        let base = low.mul_add(steep, x.mul_add(either(x, 1.0, -2.0), x.splat(2.0)));
        let bend = fma_emulated(s, cubic.mul_add(s, square).mul_add(s, line), base);
        let f = bend * q * (q * q);
        let rest = x.select_negative(t, t.mul_add(t, t + t));
        let rest = (error * 3.0).mul_add(rest + 1.0, rest);
        fma_emulated(f, rest, f) * x.select_negative(lifted, lifted * (power * 4.0)) * lower::<L>()
    }
}

/// `negative` where the sign of x is minus, else `positive`.
#[inline(always)]
fn either<L: Lanes>(x: L, negative: f64, positive: f64) -> L {
    x.select_negative(x.splat(negative), x.splat(positive))
}

/// The parts of a function of e = e^x.
#[derive(Clone, Copy)]
struct Parts<L> {
    e: L,
    /// 2^(n + LIFT), where e = 2^n (1 + excess).
    lifted: L,
    /// e / 2^n - 1.
    excess: L,
    /// 1 / d = 1 / (1 + e + e^2 / 2).
    inverse: L,
    /// The error term of `inverse`, relative to it.
    error: L,
}

impl<L: Lanes> Parts<L> {
    #[inline(always)]
    fn of(x: L) -> Self {
        let z = x.at_least(x.splat(-L::Real::EXP_CUTOFF)).at_most(x.splat(L::Real::EXP_M1_CUTOFF));
        let Reduced { power: lifted, r, .. } = reduce(z, L::Real::LIFT);
        let excess = excess(r);
        let e = excess.mul_add(lifted, lifted) * lower::<L>();
        let (inverse, error) = inverse(e);
        Parts { e, lifted, excess, inverse, error }
    }
}

/// 1 / (1 + e + e^2 / 2), and its error term, relative to it.
#[inline(always)]
fn inverse<L: Lanes>(e: L) -> (L, L) {
    let one = e.splat(1.0);
    let square = e * (e * 0.5);
    let sum = e + one;
    let d = sum + square;
    // The rounding errors of the sums: that of e + 1 is exact whichever is larger, because 1 has one bit; that of d is
    // exact where e is below 2.
    let lost = (square - (d - sum)) + (e - (sum - one));
    let lost = e.mul_error(e * 0.5, square) + lost;
    reciprocal(d, lost)
}
