//! Cross-entropy and focal loss from logits without f64, in one lane: the formulas of the module above, an entry at a time.

use super::{FromLogits, LARGEST_INTEGER};
use crate::convert::narrowed;
use crate::loss::row::driver::Bound;
use crate::loss::row::in_f32::{Sample, weight};
use crate::math::FloatMath;
use crate::math::log::ln_of_pair;
use crate::math::logistic::parabola_above;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::scaled;
use crate::row::in_f32::{Row, count, largest};
use crate::simd::{Isa, Lanes, Token};

/// The softmax of a row, as [`super::Shares`].
#[derive(Clone, Copy)]
enum Shares<'a, L> {
    /// `top` is the index of the maximum, `sum` is 1 + `others`, and `inverse` is 1 / sum.
    Finite {
        row: Row<'a, L>,
        m: L,
        top: usize,
        others: HiLo<L>,
        sum: HiLo<L>,
        inverse: HiLo<L>,
        rest: HiLo<L>,
    },
    Infinite {
        count: L,
        rest: HiLo<L>,
    },
}

/// The terms of an entry: of the loss, of A and of the sum of b.
#[derive(Clone, Copy)]
struct Terms<L> {
    loss: HiLo<L>,
    a: HiLo<L>,
    b: HiLo<L>,
}

/// Of a row, the exponential of entry i.
#[inline(never)]
fn exponential<I: Isa>(token: Token<I>, row: &Row<'_, I::F32>, i: usize) -> I::F32 {
    row.exponential(token, i)
}

impl<'a, L: Lanes<Real = f32>> Shares<'a, L> {
    #[inline(always)]
    fn of<I: Isa<F32 = L>>(token: Token<I>, sample: &Sample<'a, L>) -> Self {
        let (z, one) = (sample.prediction, HiLo::of(token.lane(1.0)));
        let m = largest(z, 1.0);
        if m.is_infinite() {
            let count = token.lane(if m > 0.0 { count(z, 1.0, m) } else { 0.0 });
            return Shares::Infinite { count, rest: ln_of_pair(HiLo::of(count)) };
        }
        let row = Row::new(z, Scale::in_f32(one.high, 1.0), token.lane(m));
        let top = (0..z.len()).find(|i| z.get(*i) == m).unwrap_or(0);
        let mut others = HiLo::none(one.high);
        for i in (0..z.len()).filter(|i| *i != top) {
            others = others.plus(exponential(token, &row, i));
        }
        // NaN among the logits makes m NaN, and with it all of them.
        let others = others.parted();
        let sum = others + one;
        Shares::Finite { row, m: token.lane(m), top, others, sum, inverse: one / sum, rest: ln_of_pair(sum) }
    }

    /// What an exponential is multiplied by to be the share of its entry.
    #[inline(always)]
    fn inverse(&self) -> HiLo<L> {
        match self {
            Shares::Finite { inverse, .. } => *inverse,
            Shares::Infinite { rest, .. } => HiLo::none(rest.high),
        }
    }

    /// The logarithm of the sum of the exponentials of the row.
    #[inline(always)]
    fn log_sum_exp(&self) -> HiLo<L> {
        match self {
            Shares::Finite { m, rest, .. } => HiLo::of(*m) + *rest,
            // Of logits that are all -inf, there is no +inf.
            Shares::Infinite { count, .. } if L::any(count.equals(count.splat(0.0))) => {
                HiLo::of(count.splat(f64::NEG_INFINITY))
            }
            Shares::Infinite { count, .. } => HiLo::of(count.splat(f64::INFINITY)),
        }
    }

    /// -ln p of entry i.
    #[inline(always)]
    fn neg_log_prob<I: Isa<F32 = L>>(&self, token: Token<I>, sample: &Sample<'a, L>, i: usize) -> HiLo<L> {
        let z = sample.prediction.get(i);
        match self {
            Shares::Finite { m, rest, .. } => (HiLo::of(*m) - HiLo::of(token.lane(z))) + *rest,
            Shares::Infinite { rest, .. } if z == f32::INFINITY => *rest,
            Shares::Infinite { .. } => HiLo::of(token.lane(f32::INFINITY)),
        }
    }

    /// p of entry i.
    #[inline(never)]
    fn share<I: Isa<F32 = L>>(&self, token: Token<I>, sample: &Sample<'a, L>, i: usize) -> HiLo<L> {
        match self {
            Shares::Finite { row, inverse, .. } => *inverse * HiLo::of(exponential(token, row, i)),
            Shares::Infinite { count, .. } if sample.prediction.get(i) == f32::INFINITY => {
                HiLo::of(token.lane(1.0)) / HiLo::of(*count)
            }
            Shares::Infinite { .. } => HiLo::none(token.lane(0.0)),
        }
    }

    /// 1 - p of entry i.
    #[inline(never)]
    fn other_shares<I: Isa<F32 = L>>(&self, token: Token<I>, sample: &Sample<'a, L>, i: usize) -> HiLo<L> {
        match self {
            // The sum less any other exponential is at least 1, and does not cancel.
            Shares::Finite { top, others, inverse, .. } if i == *top => *others * *inverse,
            Shares::Finite { row, sum, inverse, .. } => (*sum - HiLo::of(exponential(token, row, i))) * *inverse,
            Shares::Infinite { .. } => HiLo::of(token.lane(1.0)) - self.share(token, sample, i),
        }
    }
}

/// As [`focal_factors`](super::focal_factors).
#[inline(never)]
fn focal_factors<L: Lanes<Real = f32>>(gamma: L, whole: Option<u32>, [p, u, l]: [HiLo<L>; 3]) -> [HiLo<L>; 3] {
    let [zero, one] = [0.0, 1.0].map(|x| HiLo::of(gamma.splat(x)));
    if u.is_zero() {
        return [zero; 3];
    }
    let power = match whole {
        Some(mut exponent) => {
            let (mut power, mut square) = (one, u);
            while exponent > 0 {
                if exponent & 1 == 1 {
                    power = power * square;
                }
                square = square * square;
                exponent >>= 1;
            }
            power
        }
        None => {
            let exponent = ln_of_pair(u) * HiLo::of(gamma);
            let power = exponent.high.exp();
            HiLo::normal(power, power * exponent.low)
        }
    };
    let part = if p.is_zero() { zero } else { p * (l / u) };
    // b times u^2 is 0 long before this bound counts; b itself must not be infinite.
    let ratio = p / u.max(HiLo::of(gamma.splat(1e-30)));
    let gamma = HiLo::of(gamma);
    let of_ratio = one + one + (gamma - one) * part;
    [power, power * (one + gamma * part), gamma * power * (part - of_ratio * ratio)]
}

impl FromLogits<'_> {
    /// The terms of an entry; `None` for q = 0, where they are 0. Notes if it has y != 0, and if q != 0.
    #[inline(never)]
    fn terms_in_f32<'a, I: Isa>(
        self,
        token: Token<I>,
        sample: &Sample<'a, I::F32>,
        shares: &Shares<'a, I::F32>,
        i: usize,
        any: &mut [bool; 2],
    ) -> Option<Terms<I::F32>> {
        let y = sample.probability(i);
        any[0] |= y != 0.0;
        let mut q = HiLo::of(token.lane(y));
        let smoothing = narrowed(self.smoothing);
        if y == 0.0 && smoothing == 0.0 {
            return None;
        }
        if smoothing != 0.0 {
            let s = HiLo::of(token.lane(smoothing));
            let spread = s / HiLo::of(token.lane(sample.len() as f32));
            q = q * (HiLo::of(token.lane(1.0)) - s) + spread;
        }
        q = q * weight(token, self.weights, i);
        if q.is_zero() {
            return None;
        }
        any[1] = true;
        let l = shares.neg_log_prob(token, sample, i);
        let terms = Terms { loss: l * q, a: q, b: HiLo::none(q.high) };
        let gamma = narrowed(self.gamma);
        if gamma == 0.0 {
            return Some(terms);
        }
        let whole = (gamma <= LARGEST_INTEGER as f32).then_some(gamma as u32).filter(|n| *n as f32 == gamma);
        let (p, u) = (shares.share(token, sample, i), shares.other_shares(token, sample, i));
        let [of_loss, of_a, of_b] = focal_factors(token.lane(gamma), whole, [p, u, l]);
        Some(Terms { loss: terms.loss * of_loss, a: q * of_a, b: q * of_b })
    }

    /// The loss of a row, and its derivatives: two passes, as [`general`](FromLogits::general).
    #[inline(always)]
    pub(super) fn row_in_f32<I: Isa>(self, token: Token<I>, sample: Sample<'_, I::F32>) -> Option<HiLo<I::F32>> {
        let shares = Shares::of(token, &sample);
        let (focal, zero) = (narrowed(self.gamma) != 0.0, HiLo::none(token.lane(0.0)));
        let none = Terms { loss: zero, a: zero, b: zero };
        // Where c is 0, so is c L L, even if L is infinite.
        let c = HiLo::of(token.lane(narrowed(self.z_loss)));
        let log_sum = if c.is_zero() { zero } else { shares.log_sum_exp() };
        let (mut any, mut all, mut spread) = ([false; 2], none, zero);
        for i in 0..sample.len() {
            let Some(terms) = self.terms_in_f32(token, &sample, &shares, i, &mut any) else { continue };
            all = Terms { loss: all.loss + terms.loss, a: all.a + terms.a, b: all.b + terms.b };
            if focal && sample.bound == Some(Bound::Matrix) {
                spread = spread + terms.b.abs() * shares.other_shares(token, &sample, i);
            }
        }
        if any != [true; 2] {
            return None;
        }
        let c_log_sum = c * log_sum;
        let loss = all.loss + all.a * (c_log_sum * log_sum);
        if sample.gradient.is_none() && sample.hessian.is_none() {
            return Some(loss);
        }
        let of_square = all.a * (c + c);
        // The whole may overflow, and its product with p not.
        let half = HiLo::of(token.lane(0.5));
        let half_of_all = all.a * half + all.a * c_log_sum;
        let factor = (shares.inverse() + shares.inverse()) * half_of_all * sample.scale;
        for i in 0..sample.len() {
            let terms = self.terms_in_f32(token, &sample, &shares, i, &mut any);
            if let (None, None, Shares::Finite { row, .. }) = (&terms, sample.hessian, &shares) {
                // p A alone.
                let e = exponential(token, row, i);
                let gradient = if HiLo::of(e).is_zero() { e } else { scaled(e, factor.high, factor.low) };
                sample.set_gradient(i, token.number(gradient));
                continue;
            }
            let (p, u) = (shares.share(token, &sample, i), shares.other_shares(token, &sample, i));
            let Terms { a, b, .. } = terms.unwrap_or(none);
            // p A - a, where p near 1 and an a that is nearly all of A would cancel.
            let first = (p + p).times_any(half_of_all - a * half) - a * u;
            let second = match sample.bound {
                _ if sample.hessian.is_none() => zero,
                Some(bound) if !focal => {
                    let each = parabola(p, u) * all.a + of_square * z_bound(log_sum);
                    if bound == Bound::Matrix { each + each } else { each }
                }
                bound => {
                    let of_z = p * p * (all.b - b - of_square) + u * u * b;
                    let second = (p * u + p * u).times_any(half_of_all) - of_z;
                    let part = b.abs() * u;
                    match bound {
                        None => second,
                        Some(Bound::Diagonal) => second.abs().max(first.abs()),
                        Some(Bound::Matrix) => {
                            let half = p * u * all.a + p * (spread - part) + u * part;
                            let half = half.max(first.abs());
                            half + half
                        }
                    }
                }
            };
            sample.write(token, i, first, second);
        }
        Some(loss)
    }
}

/// As [`parabolas`](super::parabolas), of one p and u.
#[inline(never)]
fn parabola<L: Lanes<Real = f32>>(p: HiLo<L>, u: HiLo<L>) -> HiLo<L> {
    let least = HiLo::of(p.high.fill(f32::MIN_POSITIVE));
    HiLo::of(parabola_above((p.max(least).high / u.max(least).high).ln()))
}

/// As [`z_bound`](super::z_bound).
#[inline(always)]
fn z_bound<L: Lanes>(log_sum: HiLo<L>) -> HiLo<L> {
    let [least, half] = [1.05, 0.5].map(|x| HiLo::of(log_sum.high.splat(x)));
    least + half * log_sum.abs()
}
