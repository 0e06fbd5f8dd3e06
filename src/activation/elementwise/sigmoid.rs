//! Sigmoids: the logistic function, and the softsign, which needs no exponential.

use crate::activation::{Formula, activation};
use crate::math::exp::power_of_two;
use crate::math::logistic::{Tail, lower};
use crate::math::rounding::{fma_emulated, reciprocal, two_sum};
use crate::simd::Lanes;

activation! {
    /// The logistic function, or sigmoid: the probability whose log-odds are x.
    ///
    /// Its derivative is at most 1/4, at 0: in a chain of sigmoids, each layer takes three quarters of the gradient and more,
    /// unless weights make up for it.
    ///
    /// ```
    /// use slopes::activation::{Activation, Sigmoid};
    /// assert_eq!((Sigmoid.forward(0.0_f64), Sigmoid.derivative(0.0_f64)), (0.5, 0.25));
    /// assert!(Sigmoid.derivative(-4.0_f64) < 0.018);
    /// ```
    Sigmoid names ["sigmoid", "logistic", "expit"];
    formula "s(x) = 1 / (1 + exp(-x))", "s(x) s(-x)", "s(x) s(-x) (s(-x) - s(x))";
    source "P.-F. Verhulst, 1845";
    example [1.0] = [0.7310585786300049, 0.19661193324148185];
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [0.0, 1.0], monotone true, Neither;
    f32 [2.0, 2.25, 4.0]; f64 [2.0, 2.25, 4.0];
    in (self, x)
    f { Tail::at(x).logistic(x) }
    df {
        let t = Tail::at(x).value();
        (-t).mul_add(t, t)
    }
    d2f { bell_derivative(Tail::at(x), 1.0).xor_sign(x) }
}

activation! {
    /// The softsign function: x / (1 + |x|), a sigmoid that approaches -1 and 1 as slowly as 1 / x.
    ///
    /// The second derivative at 0 is that of the side of the zero's sign: -2 at +0, 2 at -0.
    Softsign names ["softsign"];
    formula "x / (1 + abs(x))", "1 / (1 + abs(x))^2", "-2 / (1 + x)^3 if x >= 0, else 2 / (1 - x)^3";
    source "J. Bergstra et al., Quadratic Polynomials Learn Better Image Features, 2009";
    example [1.0] = [0.5, 0.25];
    limits [[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    range [-1.0, 1.0], monotone true, Odd;
    f32 [1.4, 2.0, 2.0]; f64 [1.5, 2.0, 2.5];
    in_f64 [true; 3];
    in (self, x)
    f {
        // Monotone: between 1/2 and 1 the quotient q increases, because the steps of its numerator are relatively
        // larger than those of its denominator; below 1/2 its decreases are too small to change a - a q; above 1 it is
        // 1 - 1 / (1 + a), which increases.
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

/// 1 / (1 + |x|), and its error term, relative to it: for functions that use a power of it.
#[inline(always)]
fn reciprocal_of_sum<L: Lanes>(x: L) -> (L, L) {
    let (a, one) = (x.abs(), x.splat(1.0));
    let (sum, lost) = two_sum(a, one);
    let (d, error) = reciprocal(sum, lost);
    // Where the sum is infinite, or too large for the error term to be computed, no correction is needed.
    (d, error.select(a.lt(a.splat(power_of_two(60))), a.splat(0.0)))
}

/// -scale t (1 - t) (1 - 2 t), t the tail. 2^n enters lifted, so that only the last product rounds into the subnormals.
/// The error of the reciprocal d enters d^2 (1 - t) about 2 (1 - t) times, and is removed from the product in one step.
#[inline(always)]
pub(crate) fn bell_derivative<L: Lanes>(tail: Tail<L>, scale: f64) -> L {
    lifted_bell_derivative(tail) * (-scale * lower::<L>())
}

/// t (1 - t) (1 - 2 t) 2^LIFT.
#[inline(always)]
pub(crate) fn lifted_bell_derivative<L: Lanes>(tail: Tail<L>) -> L {
    let (d, error) = tail.reciprocal_and_error();
    let t = tail.power * d;
    let product = tail.difference(tail.lifted) * d * (-t).mul_add(d, d);
    product.mul_add((t.splat(1.0) - t) * error * 2.0, product)
}
