//! Bounded functions made of e^-a, a = |x|.
//!
//! With -a = n ln 2 - r, s = 2^n and e^r = 1 + t: the tail of the logistic function is s / (1 + (t + s)), which keeps
//! its relative accuracy down into the subnormals. Slopes are made from the tail, never from the value: 1 - value would
//! be 0 from 17 on.

use super::{Formula, activation};
use crate::facts::Facts;
use crate::lanes::Lanes;
use crate::math::Functions;
use crate::math::exp::{Constants, Reduced, excess, power_of_two, reduce, reduce_double};

/// The pieces of 1 / (1 + e^a), a >= 0.
#[derive(Clone, Copy)]
pub(crate) struct Tail<L> {
    /// 2^n, where e^a 2^n is in [1/sqrt(2), sqrt(2)].
    pub(crate) power: L,
    /// 2^n times 2^LIFT: normal where 2^n is not.
    pub(crate) lifted: L,
    /// e^a 2^n - 1.
    pub(crate) excess: L,
}

/// What undoes the lift.
#[inline(always)]
pub(crate) fn lower<L: Lanes>() -> f64 {
    power_of_two(-L::Real::LIFT)
}

impl<L: Lanes> Tail<L> {
    /// For a in [0, `TAIL_END`]; `low` is what a lacks.
    #[inline(always)]
    pub(crate) fn new(a: L, low: Option<L>) -> Self {
        let Reduced { power: lifted, r, .. } = reduce(-a, L::Real::LIFT);
        let r = if let Some(low) = low { low - r } else { -r };
        Tail { power: lifted * lower::<L>(), lifted, excess: excess(r) }
    }

    /// For x of either sign.
    #[inline(always)]
    pub(crate) fn at(x: L) -> Self {
        Self::new(x.abs().at_most(x.splat(L::Real::TAIL_END)), None)
    }

    /// For 2 x, without forming it.
    #[inline(always)]
    fn at_double(x: L) -> Self {
        let a = x.abs().at_most(x.splat(L::Real::TAIL_END / 2.0));
        let Reduced { power: lifted, r, .. } = reduce_double(-a, L::Real::LIFT);
        Tail { power: lifted * lower::<L>(), lifted, excess: excess(r * -2.0) }
    }

    /// The denominator of the tail: 1 + (t + s). The small terms meet first, so that s is not lost where it is small.
    #[inline(always)]
    pub(crate) fn denominator(self) -> L {
        self.excess + self.power + 1.0
    }

    /// One over the denominator, corrected for what its last sum lost: for functions that use it more than once.
    #[inline(always)]
    pub(crate) fn reciprocal(self) -> L {
        let small = self.excess + self.power;
        let sum = small + 1.0;
        let lost = small - (sum - 1.0);
        let d = self.power.splat(1.0) / sum;
        (-d).mul_add(d * lost, d)
    }

    /// 1 - 2 t, t the tail, from the reciprocal of the denominator: (e^a 2^n - 2^n) / denominator, which keeps its
    /// relative accuracy at a = 0.
    #[inline(always)]
    pub(crate) fn difference(self, reciprocal: L) -> L {
        (self.power.splat(1.0) - self.power + self.excess) * reciprocal
    }
}

/// 1 / (1 + e^-(x + low)) = 2^n / (2^n + e^-r), x = n ln 2 + r. No magnitude, no choice: 2^n underflows where the
/// function does. Worst just below 0, where the denominator's last two sums both round at the top of their binade.
#[inline(always)]
pub(crate) fn logistic<L: Lanes>(x: L, low: Option<L>) -> L {
    let x = x.at_least(x.splat(-L::Real::TAIL_END)).at_most(x.splat(L::Real::ONE_SATURATES));
    let Reduced { power, r, .. } = reduce(x, L::Real::LIFT);
    let r = if let Some(low) = low { -low - r } else { -r };
    let power = power * lower::<L>();
    power / (power + excess(r) + 1.0)
}

activation! {
    /// The logistic function: the probability whose log-odds are x.
    Sigmoid
    names ["sigmoid", "logistic", "expit"];
    formula "s(x) = 1 / (1 + exp(-x))", "s(x) s(-x)", "s(x) s(-x) (s(-x) - s(x))";
    source "P.-F. Verhulst, 1845";
    limits [[0.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    joints [];
    range [0.0, 1.0], monotone true, None;
    f32 [2.0, 3.0, 4.0];
    f64 [2.0, 4.0, 8.0];
}

impl Formula for Sigmoid {
    fn facts(&self) -> &'static Facts {
        Self::FACTS
    }

    #[inline(always)]
    fn value<L: Lanes>(self, x: L) -> L {
        logistic(x, None)
    }

    #[inline(always)]
    fn slope<L: Lanes>(self, x: L) -> L {
        let tail = Tail::at(x);
        let t = tail.power / tail.denominator();
        (-t).mul_add(t, t)
    }

    #[inline(always)]
    fn curvature<L: Lanes>(self, x: L) -> L {
        bell_slope(Tail::at(x), 1.0).flip_sign(x)
    }
}

activation! {
    /// The hyperbolic tangent.
    Tanh
    names ["tanh"];
    formula "tanh(x)", "1 - tanh(x)^2", "-2 tanh(x) (1 - tanh(x)^2)";
    source "definition";
    limits [[-1.0, 1.0], [0.0, 0.0], [0.0, 0.0]];
    joints [];
    range [-1.0, 1.0], monotone true, Odd;
    f32 [2.0, 3.0, 4.0];
    f64 [2.0, 4.0, 8.0];
}

impl Formula for Tanh {
    fn facts(&self) -> &'static Facts {
        Self::FACTS
    }

    #[inline(always)]
    fn value<L: Lanes>(self, x: L) -> L {
        x.tanh()
    }

    /// 4 s(2 x) s(-2 x).
    #[inline(always)]
    fn slope<L: Lanes>(self, x: L) -> L {
        let tail = Tail::at_double(x);
        let t = tail.lifted * (4.0 * lower::<L>()) / tail.denominator();
        (-t).mul_add(t * 0.25, t)
    }

    /// 8 s''(2 x).
    #[inline(always)]
    fn curvature<L: Lanes>(self, x: L) -> L {
        bell_slope(Tail::at_double(x), 8.0).flip_sign(x)
    }
}

/// -scale t (1 - t) (1 - 2 t), t the tail. 2^n enters last, so that subnormal results are rounded once.
#[inline(always)]
fn bell_slope<L: Lanes>(tail: Tail<L>, scale: f64) -> L {
    let d = tail.reciprocal();
    let t = tail.power * d;
    let rest = tail.difference(d) * (-t).mul_add(d, d);
    rest * tail.lifted * (-scale * lower::<L>())
}
