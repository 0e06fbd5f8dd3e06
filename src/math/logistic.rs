//! The logistic function by its tail.
//!
//! With a = |x|, -a = n ln 2 - r, s = 2^n and e^r = 1 + t: the tail 1 / (1 + e^a) is s / (1 + (t + s)), which keeps its
//! relative accuracy down into the subnormals, and falls wherever the sum in its denominator rises: the tail is monotone
//! because every step to it is, and so is 1 - tail. Slopes are made from the tail, never from the value: 1 - value would
//! be 0 from 17 on.
//!
//! Limit: 19 operations and a division. On two 512-bit ports (Intel) that is 11 cycles a register, 9 of which the divider
//! is busy: no form without the division is faster, nor would a shorter polynomial be by much.

use crate::simd::Lanes;

use super::exp::{Constants, Reduced, excess, power_of_two, reduce, reduce_double};
use super::rounding::div_remainder;

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
    /// For a in [0, `EXP_CUTOFF`]; `low` is what a lacks.
    #[inline(always)]
    pub(crate) fn new(a: L, low: Option<L>) -> Self {
        let Reduced { power: lifted, r, .. } = reduce(-a, L::Real::LIFT);
        let r = if let Some(low) = low { low - r } else { -r };
        Tail { power: lifted * lower::<L>(), lifted, excess: excess(r) }
    }

    /// For x of either sign.
    #[inline(always)]
    pub(crate) fn at(x: L) -> Self {
        Self::new(x.abs().at_most(x.splat(L::Real::EXP_CUTOFF)), None)
    }

    /// For 2 x, without forming it.
    #[inline(always)]
    pub(crate) fn at_double(x: L) -> Self {
        Self::new_double(x.abs(), None)
    }

    /// For 2 a, a >= 0; `low` is what a lacks.
    #[inline(always)]
    pub(crate) fn new_double(a: L, low: Option<L>) -> Self {
        let a = a.at_most(a.splat(L::Real::EXP_CUTOFF / 2.0));
        let Reduced { power: lifted, r, .. } = reduce_double(-a, L::Real::LIFT);
        let r = if let Some(low) = low { low - r } else { -r };
        Tail { power: lifted * lower::<L>(), lifted, excess: excess(r * 2.0) }
    }

    /// The denominator of the tail: 1 + (t + s). The small terms meet first, so that s is not lost where it is small; s is
    /// lowered as it is added, which is one operation where products and sums fuse.
    #[inline(always)]
    pub(crate) fn denominator(self) -> L {
        self.lifted.mul_add(self.lifted.splat(lower::<L>()), self.excess) + 1.0
    }

    /// The tail. Worst just beside 0, where both sums of the denominator round at the top of their binade.
    #[inline(always)]
    pub(crate) fn value(self) -> L {
        self.power / self.denominator()
    }

    /// The logistic function of an x with this tail: no operation but the last rounds on the side of 1.
    #[inline(always)]
    pub(crate) fn logistic(self, x: L) -> L {
        let tail = self.value();
        x.select_negative(tail, tail.splat(1.0) - tail)
    }

    /// One over the denominator, d, and what that lacks, relative to it: 1 - d (1 + s + t), term by term, for the sums of
    /// the denominator have rounded. 1 - d is exact from d = 1/2 on, and 1 - d - d s is nearly d t: the rest is small.
    #[inline(always)]
    pub(crate) fn reciprocal_and_error(self) -> (L, L) {
        let one = self.lifted.splat(1.0);
        let d = one / self.denominator();
        let most = (self.lifted * d).mul_add(d.splat(-lower::<L>()), one - d);
        (d, div_remainder(most, d, self.excess))
    }

    /// One over the denominator, corrected: for functions that use it more than once.
    #[inline(always)]
    pub(crate) fn reciprocal(self) -> L {
        let (d, error) = self.reciprocal_and_error();
        d.mul_add(error, d)
    }

    /// The tail times 2^LIFT, corrected: its last operation alone rounds.
    #[inline(always)]
    pub(crate) fn corrected(self) -> L {
        let (d, error) = self.reciprocal_and_error();
        let t = self.lifted * d;
        t.mul_add(error, t)
    }

    /// 1 - 2 t, t the tail, is (e^a 2^n - 2^n) / denominator, which keeps its relative accuracy at a = 0: `factor` times
    /// that without the denominator.
    #[inline(always)]
    pub(crate) fn difference(self, factor: L) -> L {
        (self.power.splat(1.0) - self.power + self.excess) * factor
    }

    /// The tail, and t (1 - t) 2^LIFT. The error of the reciprocal enters that (1 - 2 t) / (1 - t) times, nearly
    /// 1 - t - t^2, and is softmax_mean out in the last step.
    #[inline(always)]
    pub(crate) fn bell(self) -> (L, L) {
        let (d, error) = self.reciprocal_and_error();
        let t = self.power * d;
        let product = (-t).mul_add(d, d) * self.lifted;
        let rest = (-t).mul_add(t, t.splat(1.0) - t) * error;
        (t.mul_add(error, t), product.mul_add(rest, product))
    }
}
