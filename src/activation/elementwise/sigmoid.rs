//! Bounded functions made of the logistic tail.

use crate::activation::{Formula, activation};
use crate::math::exp::power_of_two;
use crate::math::logistic::{Tail, lower};
use crate::math::rounding::{fma_emulated, reciprocal, two_sum};
use crate::simd::Lanes;

activation! {
    /// The logistic function: the probability whose log-odds are x.
    Sigmoid names ["sigmoid", "logistic", "expit"];
    formula "s(x) = 1 / (1 + exp(-x))", "s(x) s(-x)", "s(x) s(-x) (s(-x) - s(x))";
    source "P.-F. Verhulst, 1845";
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone true, Neither;
    f32 [2.0, 2.25, 4.0]; f64 [2.0, 2.25, 4.0];
    in (self, x)
    f { Tail::at(x).logistic(x) }
    df {
        let t = Tail::at(x).value();
        (-t).mul_add(t, t)
    }
    d2f { bell_slope(Tail::at(x), 1.0).xor_sign(x) }
}

activation! {
    /// A sigmoid that approaches its ends as slowly as 1 / x. The curvature at 0 is that of the side of the zero's sign.
    Softsign names ["softsign"];
    formula "x / (1 + abs(x))", "1 / (1 + abs(x))^2", "-2 sign(x) / (1 + abs(x))^3";
    source "J. Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009";
    limits [[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [-1.0, 1.0], monotone true, Odd;
    f32 [1.4, 2.0, 2.0]; f64 [1.5, 2.0, 2.5];
    in (self, x)
    f {
        // Between 1/2 and 1 the quotient q rises, because the numerator's steps are relatively the larger; below, its
        // falls are too small to show in a - a q, and beyond, 1 - 1 / (1 + a) rises.
        let a = x.abs();
        let one = a.splat(1.0);
        let q = one.select(one.lt(a), a) / (a + one);
        let small = fma_emulated(-a, q, a);
        let large = (one - q).select(one.lt(a), q);
        small.select(a.lt(a.splat(0.5)), large).copysign(x)
    }
    df {
        let (d, error) = reciprocal_of_sum(x);
        (d * d).mul_add(error + error, d * d)
    }
    d2f {
        let (d, error) = reciprocal_of_sum(x);
        let cube = d * d * (d + d);
        cube.mul_add(error * 3.0, cube).copysign(-x)
    }
}

/// 1 / (1 + |x|), and what it lacks, relative to it: for functions that multiply it by itself.
#[inline(always)]
fn reciprocal_of_sum<L: Lanes>(x: L) -> (L, L) {
    let (a, one) = (x.abs(), x.splat(1.0));
    let (sum, lost) = two_sum(a, one);
    let (d, error) = reciprocal(sum, lost);
    // Where the sum is infinite or its parts too large to split, there is nothing left to correct.
    (d, error.select(a.lt(a.splat(power_of_two(60))), a.splat(0.0)))
}

/// -scale t (1 - t) (1 - 2 t), t the tail. 2^n enters lifted, so that the last product alone rounds into the subnormals.
/// The error of the reciprocal d enters d^2 (1 - t) about 2 (1 - t) times, and is softmax_mean out of the product in one step.
#[inline(always)]
pub(crate) fn bell_slope<L: Lanes>(tail: Tail<L>, scale: f64) -> L {
    let (d, error) = tail.reciprocal_and_error();
    let t = tail.power * d;
    let product = tail.difference(tail.lifted) * d * (-t).mul_add(d, d);
    let product = product.mul_add((t.splat(1.0) - t) * error * 2.0, product);
    product * (-scale * lower::<L>())
}
