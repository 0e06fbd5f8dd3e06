//! The kernel of cross-entropy and focal loss from logits: `sum_i q_i (1 - p_i)^gamma (-ln p_i)`, p the softmax of the
//! logits, q the weighted target.
//!
//! A row is shifted by its maximum m, as in softmax, so that -ln p_i = (m - z_i) + ln sum_j exp(z_j - m) is a sum of
//! two numbers that are not negative: nothing cancels, and nothing overflows before the loss does. 1 - p_i is computed
//! from the other exponentials, never from p_i, which may round to 1; with it, -ln p of the largest logit is
//! ln(1 + others).

mod columns;
mod in_f32;

use super::driver::{
    BLOCK, Bound, Columns, RowKernel, RowTarget, Sample, blocks, position, rounded_to, sum, weigh, widen, write,
};
use crate::loss::row::in_f32::Sample as Sample32;
use crate::math::FloatMath;
use crate::math::logistic::parabola_above;
use crate::math::pair::HiLo;
use crate::row::exponentials::{Exponentials, Logarithm, Row, one, scale};
use crate::row::maximum::{Kind, kind};
use crate::row::tile::DEPTH;
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};
use crate::sum::PairwiseSum;
use num_traits::Float;

/// The kernel of both losses.
#[derive(Clone, Copy)]
pub(crate) struct FromLogits<'a> {
    pub(super) weights: Option<&'a [f64]>,
    pub(super) smoothing: f64,
    pub(super) gamma: f64,
    /// The weight of the z-loss; 0 if gamma is not.
    pub(super) z_loss: f64,
}

/// The map ln(1 + x).
#[derive(Clone, Copy)]
struct Logarithm1p;

impl Map<1, 1> for Logarithm1p {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln_1p()]
    }
}

/// The map x^gamma, x from 0 to 1.
#[derive(Clone, Copy)]
struct Power {
    gamma: f64,
}

impl Map<1, 1> for Power {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [(x.ln() * self.gamma).exp()]
    }
}

/// The largest gamma whose powers are products.
const LARGEST_INTEGER: f64 = 64.0;

/// The factors that (1 - p)^gamma gives to the loss -ln p and to the a of its gradient, and the b of its second
/// derivative.
///
/// With u = 1 - p and l = -ln p, all are products and sums of u^gamma, p l / u and p / u, and p l / u is from 0 to 1.
#[inline(always)]
fn focal_factors<I: Isa>(token: Token<I>, gamma: f64, p: f64, u: f64, l: f64) -> [f64; 3] {
    if gamma == 0.0 {
        return [1.0, 1.0, 0.0];
    }
    if u == 0.0 {
        return [0.0; 3];
    }
    let power = if gamma <= LARGEST_INTEGER && gamma == f64::from(gamma as i32) {
        Float::powi(u, gamma as i32)
    } else {
        one(token, Power { gamma }, u)
    };
    let part = if p == 0.0 { 0.0 } else { p * (l / u) };
    // b times u^2 is 0 long before this bound counts; b itself must not be infinite.
    let ratio = p / u.max(1e-140);
    [power, power * (1.0 + gamma * part), gamma * power * (part - (2.0 + (gamma - 1.0) * part) * ratio)]
}

/// The softmax of a row, whose maximum may be infinite.
#[derive(Clone, Copy)]
enum Shares {
    /// For a finite maximum: `others` is the sum of exponentials without the largest, which is 1, and `rest` the
    /// logarithm of the whole sum.
    Finite { row: Row, sum: f64, rest: f64, others: f64 },
    /// For an infinite maximum: 1 / count for each of the `count` entries of +inf, else 0; `rest` is ln(count).
    Infinite { count: f64, rest: f64 },
}

/// The length of the only block of a short row: the blocks of longer ones would take longer to initialise than such a
/// row takes.
const SHORT: usize = 16;

/// p, 1 - p and -ln p of a block of a row.
struct Block<const N: usize> {
    p: [f64; N],
    u: [f64; N],
    l: [f64; N],
}

/// True if the sum of the other exponentials, the difference of the sum and the largest one, has lost bits that count:
/// its error is some 2^-52.
#[inline(always)]
fn is_lost<R: Real>(sum: f64, others: f64) -> bool {
    sum < 2.0 && others < 512.0 * f64::EPSILON / R::epsilon().into_f64()
}

impl Shares {
    #[inline(always)]
    fn of<R: Real, I: Isa>(token: Token<I>, z: Src<R>, len: usize, kind: Kind, row: Row) -> Self {
        if kind != Kind::Finite {
            let count = (0..len).filter(|&i| z.read(i) == f64::INFINITY).count() as f64;
            return Shares::Infinite { count, rest: one(token, Logarithm, count) };
        }
        let exponentials = Exponentials::new(token, row, z, None, len);
        let sum = exponentials.sum;
        let mut others = sum - 1.0;
        if is_lost::<R>(sum, others) {
            others = exponentials.sum_without(token, position(z, row.m), len);
        }
        let rest = one(token, Logarithm1p, others);
        Shares::Finite { row, sum, rest, others }
    }

    /// -ln p of the entries from `start` on.
    #[inline(always)]
    fn neg_log_probs<R: Real>(self, z: Src<R>, start: usize, l: &mut [f64]) {
        widen(z, start, l);
        match self {
            Shares::Finite { row, rest, .. } => l.iter_mut().for_each(|l| *l = (row.m - *l) + rest),
            Shares::Infinite { rest, .. } => {
                l.iter_mut().for_each(|l| *l = if *l == f64::INFINITY { rest } else { f64::INFINITY });
            }
        }
    }

    /// The logarithm of the sum of the exponentials of the row.
    #[inline(always)]
    fn log_sum_exp(self) -> f64 {
        match self {
            Shares::Finite { row, rest, .. } => row.m + rest,
            // Of logits that are all -inf, there is no +inf.
            Shares::Infinite { rest, .. } if rest < 0.0 => f64::NEG_INFINITY,
            Shares::Infinite { .. } => f64::INFINITY,
        }
    }

    /// p and 1 - p of the entries from `start` on.
    #[inline(always)]
    fn shares<R: Real, I: Isa, const N: usize>(
        self,
        token: Token<I>,
        z: Src<R>,
        start: usize,
        p: &mut [f64],
        u: &mut [f64],
    ) {
        match self {
            Shares::Finite { row, sum, others, .. } => {
                let mut exponentials = [R::zero(); N];
                let exponentials = &mut exponentials[..p.len()];
                row.exponentials(token, z.part(start, p.len()), Dst::new(exponentials));
                let inverse = 1.0 / sum;
                for ((p, u), e) in p.iter_mut().zip(u).zip(exponentials) {
                    let e = e.into_f64();
                    // In a sum below 2, only one exponential is 1, that of the maximum.
                    let without = if e == 1.0 && sum < 2.0 { others } else { sum - e };
                    (*p, *u) = (e * inverse, without * inverse);
                }
            }
            Shares::Infinite { count, .. } => {
                widen(z, start, p);
                for (p, u) in p.iter_mut().zip(u) {
                    (*p, *u) = if *p == f64::INFINITY { (1.0 / count, 1.0 - 1.0 / count) } else { (0.0, 1.0) };
                }
            }
        }
    }
}

/// The terms of the entries of a block: of the loss, of A, and of the sum of b, which are 0 unless the loss is `focal`.
struct Terms<const N: usize> {
    loss: [f64; N],
    a: [f64; N],
    b: [f64; N],
    focal: bool,
    /// 2 c and L of the z-loss.
    z: [f64; 2],
}

/// p times a factor, and 0 where p is 0, whatever the factor.
#[inline(always)]
fn times(p: f64, factor: f64) -> f64 {
    if p == 0.0 { 0.0 } else { p * factor }
}

/// The map of p / (1 - p) into (2 p - 1) / (2 ln(p / (1 - p))).
#[derive(Clone, Copy)]
struct Parabola;

impl Map<1, 1> for Parabola {
    #[inline(always)]
    fn apply<L: Lanes>(self, [odds]: [L; 1]) -> [L; 1] {
        [parabola_above(odds.ln())]
    }
}

/// The Hessian bound of L^2 / 2, L the logarithm of the sum of exponentials.
///
/// Its second derivative in z_i is p (1 - p) L + p^2, and L is r + softplus(z_i - r), r that of the others. With
/// p = sigmoid(z_i - r), that is p (1 - p) r, at most max(r, 0) / 4, and p (1 - p) softplus(z_i - r) + p^2, which is at
/// most 1.0454 (at z_i - r = 3.1), for any z_i. The magnitude at this z_i is at most abs(L) / 4 + 1, and the matrix of
/// second derivatives, L (diag(p) - p p^T) + p p^T, has no eigenvalue above max(L, 1): half of it is no more than this.
#[inline(always)]
fn z_bound(log_sum: f64) -> f64 {
    1.05 + 0.5 * log_sum.abs()
}

/// The Hessian bound of the cross-entropy for each p and u = 1 - p. Neither is taken for less than the smallest normal
/// number of R, the type of the exponentials: where they underflow, the bound is neither 0 nor below that of the true p.
#[inline(always)]
fn parabolas<R: Real, I: Isa>(token: Token<I>, p: &[f64], u: &[f64], out: &mut [f64]) {
    let least = R::min_positive_value().into_f64();
    for ((odds, p), u) in out.iter_mut().zip(p).zip(u) {
        *odds = if p.is_nan() { f64::NAN } else { p.max(least) / u.max(least) };
    }
    let out = Dst::new(out);
    token.map(Parabola, [out.src()], [out]);
}

impl<const N: usize> Terms<N> {
    /// Writes the derivatives of the n entries from `start` on, from the totals of the row.
    #[inline(always)]
    fn write_derivatives<R: Real, I: Isa>(
        &mut self,
        token: Token<I>,
        block: &Block<N>,
        [_, all_a, all_b, spread]: [f64; 4],
        sample: Sample<'_, R>,
        start: usize,
        n: usize,
    ) {
        let (Block { p, u, .. }, Terms { loss: out, a, b, focal, z: [twice_c, log_sum] }) = (block, self);
        let (of_all, of_square) = (all_a + all_a * (*twice_c * *log_sum), all_a * *twice_c);
        if let Some(hessian) = sample.hessian {
            match sample.bound {
                Some(bound) if !*focal => {
                    parabolas::<R, I>(token, &p[..n], &u[..n], &mut out[..n]);
                    let of_z = of_square * z_bound(*log_sum);
                    out[..n].iter_mut().for_each(|y| *y = bound.of(*y * all_a + of_z));
                }
                bound => {
                    for i in 0..n {
                        let of_z = p[i] * p[i] * (all_b - b[i] - of_square) + u[i] * u[i] * b[i];
                        let second = times(p[i] * u[i], of_all) - of_z;
                        let first = times(p[i], of_all) - a[i];
                        // The magnitudes beside the diagonal are u_j (resp. p_i) times those of b_j.
                        let part = b[i].abs() * u[i];
                        out[i] = match bound {
                            None => second,
                            Some(Bound::Diagonal) => second.abs().max(first.abs()),
                            Some(Bound::Matrix) => {
                                2.0 * (p[i] * u[i] * all_a + p[i] * (spread - part) + u[i] * part).max(first.abs())
                            }
                        };
                    }
                }
            }
            write(hessian, start, sample.scale, &out[..n]);
        }
        if let Some(gradient) = sample.gradient {
            for i in 0..n {
                out[i] = times(p[i], of_all) - a[i];
            }
            write(gradient, start, sample.scale, &out[..n]);
        }
    }
}

impl FromLogits<'_> {
    /// Computes the terms of the n entries from `start` on. Returns if an entry has y != 0, and if one has q != 0.
    #[inline(always)]
    fn terms<R: Real, I: Isa, const N: usize>(
        self,
        token: Token<I>,
        sample: Sample<'_, R>,
        start: usize,
        block: &Block<N>,
        terms: &mut Terms<N>,
        n: usize,
    ) -> [bool; 2] {
        let Terms { loss, a: q, b, .. } = terms;
        sample.probabilities(start, &mut q[..n]);
        let any_y = q[..n].iter().any(|y| *y != 0.0);
        let smoothing = rounded_to::<R>(self.smoothing);
        if smoothing != 0.0 {
            let (kept, spread) = (1.0 - smoothing, smoothing / sample.len as f64);
            q[..n].iter_mut().for_each(|q| *q = *q * kept + spread);
        }
        weigh::<R>(self.weights, start, &mut q[..n]);
        let any_q = q[..n].iter().any(|q| *q != 0.0);
        for i in 0..n {
            loss[i] = if q[i] == 0.0 { 0.0 } else { q[i] * block.l[i] };
        }
        let gamma = rounded_to::<R>(self.gamma);
        if gamma != 0.0 {
            b[..n].fill(0.0);
            for i in 0..n {
                if q[i] == 0.0 {
                    continue;
                }
                let [of_loss, of_a, of_b] = focal_factors(token, gamma, block.p[i], block.u[i], block.l[i]);
                (loss[i], q[i], b[i]) = (loss[i] * of_loss, q[i] * of_a, q[i] * of_b);
            }
        }
        [any_y, any_q]
    }

    /// Any target of any row, in two passes: sums, then derivatives. They are a loop, so that their long body is
    /// inlined once.
    #[inline(always)]
    fn general<R: Real, I: Isa, const N: usize>(
        self,
        token: Token<I>,
        sample: Sample<'_, R>,
        shares: Shares,
    ) -> Option<f64> {
        let (z, len, focal) = (sample.prediction, sample.len, rounded_to::<R>(self.gamma) != 0.0);
        let mut block = Block { p: [0.0; N], u: [0.0; N], l: [0.0; N] };
        // Where c is 0, so is c L L, even if L is infinite.
        let c = rounded_to::<R>(self.z_loss);
        let log_sum = if c == 0.0 { 0.0 } else { shares.log_sum_exp() };
        let mut terms = Terms { loss: [0.0; N], a: [0.0; N], b: [0.0; N], focal, z: [2.0 * c, log_sum] };
        let mut trees = [const { PairwiseSum::new() }; 4];
        let (mut any, mut totals) = ([false; 2], [0.0; 4]);
        let passes = if sample.gradient.is_none() && sample.hessian.is_none() { 1 } else { 2 };
        for second in [false, true].into_iter().take(passes) {
            for (start, n) in blocks::<N>(len) {
                // What the first pass has made of the only block is still there.
                let kept = second && len <= N;
                if !second || focal && !kept {
                    shares.neg_log_probs(z, start, &mut block.l[..n]);
                }
                if second && !focal || focal && !kept {
                    shares.shares::<R, I, N>(token, z, start, &mut block.p[..n], &mut block.u[..n]);
                }
                if !kept {
                    let [any_y, any_q] = self.terms(token, sample, start, &block, &mut terms, n);
                    any = [any[0] | any_y, any[1] | any_q];
                }
                if second {
                    terms.write_derivatives(token, &block, totals, sample, start, n);
                    continue;
                }
                let mut spread = [0.0; N];
                if sample.bound == Some(Bound::Matrix) && focal {
                    (0..n).for_each(|i| spread[i] = terms.b[i].abs() * block.u[i]);
                }
                let parts = [&terms.loss, &terms.a, &terms.b, &spread];
                for (tree, part) in trees.iter_mut().zip(parts).take(if focal { 4 } else { 2 }) {
                    tree.push(sum(token, &part[..n]));
                }
            }
            if any != [true; 2] {
                return None;
            }
            totals = trees.each_ref().map(PairwiseSum::sum);
        }
        let [loss, all_a, ..] = totals;
        Some(loss + all_a * (c * log_sum * log_sum))
    }

    /// The loss and gradient of a label, in a row with a finite maximum. The exponentials are stored in the memory of
    /// the gradient.
    #[inline(always)]
    fn of_label<R: Real, I: Isa>(
        self,
        token: Token<I>,
        sample: Sample<'_, R>,
        row: Row,
        label: usize,
        weight: f64,
    ) -> f64 {
        let (z, len) = (sample.prediction, sample.len);
        let distance = row.m - z.read(label);
        let largest = distance == 0.0;
        let exponentials = Exponentials::new(token, row, z, sample.gradient, len);
        let (sum, e) = (exponentials.sum, exponentials.read(token, label));
        let mut others = sum - e;
        if largest && is_lost::<R>(sum, others) {
            others = exponentials.sum_without(token, label, len);
        }
        // The largest exponential is 1, and the difference of the sum and 1 is exact.
        let l = distance + token.map_one(Logarithm1p, if largest { others } else { sum - 1.0 });
        let [of_loss, of_a, _] = focal_factors(token, rounded_to::<R>(self.gamma), e / sum, others / sum, l);
        if let Some(gradient) = sample.gradient {
            let a = sample.scale * (weight * of_a);
            token.map(exponentials.shares(a), [exponentials.from], [gradient]);
            gradient.write(label, -a * (others / sum));
        }
        weight * l * of_loss
    }
}

impl FromLogits<'_> {
    /// True if the target of a label is that label alone.
    #[inline(always)]
    fn is_by_label<R: Real>(self) -> bool {
        rounded_to::<R>(self.smoothing) == 0.0 && self.z_loss == 0.0
    }

    /// Calls [`general`](FromLogits::general).
    #[inline(always)]
    fn outlined<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>, kind: Kind, row: Row) -> Option<f64> {
        if sample.len <= SHORT {
            token.call_outlined(General::<R, SHORT> { kernel: self, sample, kind, row })
        } else {
            token.call_outlined(General::<R, BLOCK> { kernel: self, sample, kind, row })
        }
    }
}

/// The kernel of [`FromLogits::general`], outlined.
struct General<'a, R, const N: usize> {
    kernel: FromLogits<'a>,
    sample: Sample<'a, R>,
    kind: Kind,
    row: Row,
}

impl<R: Real, const N: usize> Kernel for General<'_, R, N> {
    type Output = Option<f64>;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Option<f64> {
        let Self { kernel, sample, kind, row } = self;
        kernel.general::<R, I, N>(token, sample, Shares::of(token, sample.prediction, sample.len, kind, row))
    }
}

impl RowKernel for FromLogits<'_> {
    #[inline(always)]
    fn columns_up_to<R: Real>(self) -> usize {
        if self.is_by_label::<R>() { DEPTH } else { 0 }
    }

    #[inline(always)]
    fn columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        self.label_columns(token, columns)
    }

    /// Focal losses of soft targets are rare, and go one by one.
    #[inline(always)]
    fn soft_columns_up_to<R: Real>(self, _: bool) -> usize {
        if rounded_to::<R>(self.gamma) == 0.0 { DEPTH } else { 0 }
    }

    #[inline(always)]
    fn soft_columns<R: Real, I: Isa>(
        self,
        token: Token<I>,
        columns: &mut Columns<'_, R>,
        target: Src<R>,
        exponentials: Dst<R>,
    ) -> bool {
        self.probability_columns(token, columns, target, exponentials)
    }

    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let (z, len) = (sample.prediction, sample.len);
        let by_label = match sample.target {
            RowTarget::Label(label) if self.is_by_label::<R>() => {
                let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[label]));
                if weight == 0.0 {
                    return None;
                }
                Some((label, weight))
            }
            _ => None,
        };
        let scale = scale::<R, I>(1.0);
        let (kind, m) = kind(token, scale, z, len);
        let row = Row::new::<R, I>(token, scale, m);
        let (Some((label, weight)), Kind::Finite) = (by_label, kind) else {
            return self.outlined(token, sample, kind, row);
        };
        // The Hessian alone: the loss and its gradient are computed by `of_label`.
        if sample.hessian.is_some() {
            self.outlined(token, Sample { gradient: None, ..sample }, kind, row);
        }
        Some(self.of_label(token, sample, row, label, weight))
    }

    #[inline(always)]
    fn in_f32<I: Isa>(self, token: Token<I>, sample: Sample32<'_, I::F32>) -> Option<HiLo<I::F32>> {
        self.row_in_f32(token, sample)
    }
}
