//! The logistic function, by its tail 1 / (1 + e^|x|).
//!
//! With a = |x|, -a = n ln 2 - r, s = 2^n and e^r = 1 + t, the tail 1 / (1 + e^a) is s / (1 + (t + s)). It keeps its
//! relative accuracy down into the subnormals, and falls wherever the sum in its denominator rises. So the tail is
//! monotone because every step to it is, and so is 1 - tail. Derivatives are made from the tail, never from the value:
//! 1 - value would be 0 from 17 on.
//!
//! Limit: 19 operations and a division. On two 512-bit ports (Intel) that is 11 cycles a register, and the divider is
//! busy for 9 of them: no form without the division is faster, nor would a shorter polynomial help much.

use crate::simd::Lanes;

use super::exp::{Constants, Reduced, excess, excess_parts, nearest_power, power_of_two, reduce, reduce_double};
use super::polynomial::polynomial;
use super::rounding::div_remainder;

/// The tail 1 / (1 + e^a), a >= 0, in parts.
#[derive(Clone, Copy)]
pub(crate) struct Tail<L> {
    /// 2^n, where e^a 2^n is in [1/sqrt(2), sqrt(2)].
    pub(crate) power: L,
    /// 2^n times 2^LIFT, which is normal where 2^n is not.
    pub(crate) lifted: L,
    /// e^a 2^n - 1.
    pub(crate) excess: L,
}

/// The factor 2^-LIFT, which undoes the lift.
#[inline(always)]
pub(crate) fn lower<L: Lanes>() -> f64 {
    power_of_two(-L::Real::LIFT)
}

impl<L: Lanes> Tail<L> {
    /// The tail at a in [0, `EXP_CUTOFF`]; `low` is the error term of a.
    #[inline(always)]
    pub(crate) fn new(a: L, low: Option<L>) -> Self {
        Self::parts(a, low).0
    }

    /// [`new`](Tail::new), and the error term of `excess`.
    #[inline(always)]
    fn parts(a: L, low: Option<L>) -> (Self, L) {
        let Reduced { power: lifted, r, .. } = reduce(-a, L::Real::LIFT);
        let r = if let Some(low) = low { low - r } else { -r };
        let (excess, lost) = excess_parts(r);
        (Tail { power: lifted * lower::<L>(), lifted, excess }, lost)
    }

    /// The tail at z = ln 2 a (high + low), a >= 0, where products and sums fuse and the type has the `coefficients` of
    /// [`EXCESS_OF_OCTAVES`](Constants::EXCESS_OF_OCTAVES). a high + n rounds once, so z needs no error term of its own,
    /// and a multiple of x costs one operation more than x: the product r ln 2.
    #[inline(always)]
    pub(crate) fn of_octaves(a: L, [high, low]: [L; 2], coefficients: &'static [L::Real]) -> Self {
        let (lifted, n) = nearest_power(-a, high, L::Real::LIFT);
        let r = a.mul_add(low, a.mul_add(high, n));
        let excess = r.mul_add(r.fill(L::Real::LN_2[0]), polynomial(r, coefficients) * (r * r));
        Tail { power: lifted * lower::<L>(), lifted, excess }
    }

    /// The tail at |x|, x of either sign.
    #[inline(always)]
    pub(crate) fn at(x: L) -> Self {
        Self::parts_at(x).0
    }

    /// [`at`](Tail::at), and the error term of `excess`.
    #[inline(always)]
    pub(crate) fn parts_at(x: L) -> (Self, L) {
        Self::parts(x.abs().at_most(x.splat(L::Real::EXP_CUTOFF)), None)
    }

    /// The tail at 2 |x|, without forming 2 x.
    #[inline(always)]
    pub(crate) fn at_double(x: L) -> Self {
        Self::new_double(x.abs(), None)
    }

    /// The tail at 2 a, a >= 0; `low` is the error term of a.
    #[inline(always)]
    pub(crate) fn new_double(a: L, low: Option<L>) -> Self {
        let a = a.at_most(a.splat(L::Real::EXP_CUTOFF / 2.0));
        let Reduced { power: lifted, r, .. } = reduce_double(-a, L::Real::LIFT);
        let r = if let Some(low) = low { low - r } else { -r };
        Tail { power: lifted * lower::<L>(), lifted, excess: excess(r * 2.0) }
    }

    /// The denominator of the tail, 1 + (t + s). The small terms are added first, so that s is not lost where it is
    /// small. s is lowered as it is added: one operation where products and sums fuse.
    #[inline(always)]
    pub(crate) fn denominator(self) -> L {
        self.lifted.mul_add(self.lifted.splat(lower::<L>()), self.excess) + 1.0
    }

    /// The value of the tail. Worst just beside 0, where both sums of the denominator round at the top of their binade.
    #[inline(always)]
    pub(crate) fn value(self) -> L {
        self.power / self.denominator()
    }

    /// The value of the tail times 2^LIFT, which keeps its relative accuracy where the value is subnormal.
    #[inline(always)]
    pub(crate) fn lifted_value(self) -> L {
        self.lifted / self.denominator()
    }

    /// The logistic function of an x with this tail. Near 1, only the last operation rounds noticeably.
    #[inline(always)]
    pub(crate) fn logistic(self, x: L) -> L {
        let tail = self.value();
        x.select_negative(tail, tail.splat(1.0) - tail)
    }

    /// The reciprocal d of the denominator, and its relative error term: 1 - d (1 + s + t), term by term, because the
    /// sums of the denominator have rounded. 1 - d is exact from d = 1/2 on, and 1 - d - d s is nearly d t, so the rest
    /// is small.
    #[inline(always)]
    pub(crate) fn reciprocal_and_error(self) -> (L, L) {
        let one = self.lifted.splat(1.0);
        let d = one / self.denominator();
        let most = (self.lifted * d).mul_add(d.splat(-lower::<L>()), one - d);
        (d, div_remainder(most, d, self.excess))
    }

    /// The reciprocal of the denominator, corrected: for functions that use it more than once.
    #[inline(always)]
    pub(crate) fn reciprocal(self) -> L {
        let (d, error) = self.reciprocal_and_error();
        d.mul_add(error, d)
    }

    /// The tail times 2^LIFT, corrected: only its last operation rounds.
    #[inline(always)]
    pub(crate) fn corrected(self) -> L {
        let (d, error) = self.reciprocal_and_error();
        let t = self.lifted * d;
        t.mul_add(error, t)
    }

    /// `factor` times the numerator of 1 - 2 t = (e^a 2^n - 2^n) / denominator, t the tail: it keeps its relative
    /// accuracy at a = 0.
    #[inline(always)]
    pub(crate) fn difference(self, factor: L) -> L {
        (self.power.splat(1.0) - self.power + self.excess) * factor
    }

    /// (1 - 2 t) / a for the tail t at a or at 2 a, with its limit at a = 0.
    #[inline(always)]
    pub(crate) fn difference_over(self, a: L, at_zero: f64) -> L {
        // A quarter of a, because the product with the denominator, below 4, may overflow.
        let y = self.difference(a.splat(0.25) / (self.denominator() * (a * 0.25)));
        a.splat(at_zero).select(a.le(a.splat(power_of_two(-60))), y)
    }

    /// The tail t, and t (1 - t) 2^LIFT. The relative error of the reciprocal enters the product (1 - 2 t) / (1 - t)
    /// times, nearly 1 - t - t^2; the last step corrects it.
    #[inline(always)]
    pub(crate) fn bell(self) -> (L, L) {
        let (d, error) = self.reciprocal_and_error();
        let t = self.power * d;
        let product = (-t).mul_add(d, d) * self.lifted;
        let rest = (-t).mul_add(t, t.splat(1.0) - t) * error;
        (t.mul_add(error, t), product.mul_add(rest, product))
    }
}

/// tanh(x / 2) / (2 x): the least second derivative of a parabola that touches ln(1 + e^x) at x and -x, and lies above it
/// everywhere else (T. Jaakkola, M. Jordan, Bayesian Parameter Estimation via Variational Methods, 2000).
#[inline(always)]
pub(crate) fn parabola_above<L: Lanes>(x: L) -> L {
    Tail::at(x).difference_over(x.abs(), 0.5) * 0.5
}
