//! Losses of the softmax of a row of logits: `sum_i q_i (1 - p_i)^gamma (-ln p_i)`, p the softmax, q what is wanted.
//!
//! A row is shifted by its maximum m, as in softmax, so that -ln p_i = (m - z_i) + ln sum_j exp(z_j - m) is a sum of two
//! numbers that are not negative: nothing cancels, and nothing overflows before the loss does. 1 - p_i is made of the
//! other exponentials, never of p_i, which may round to 1; with it, -ln p of the largest logit is ln(1 + others).

use super::driver::{BLOCK, RowFormula, RowKernel, RowTarget, Sample, blocks, rounded_to, sum, weigh, widen, write};
use crate::math::FloatMath;
use crate::row::exponentials::{Exponentials, Logarithm, Row, ln, one, scale};
use crate::row::maximum::{Kind, kind};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};
use crate::sum::PairwiseSum;
use num_traits::Float;

crate::check::options! {
    /// The cross-entropy between the target and the softmax p of the prediction, which holds logits.
    ///
    /// - loss: `-sum_i q_i ln p_i`; of a label, `-w_label ln p_label`
    /// - gradient: `Q p_i - q_i`, Q the sum of q
    /// - curvature: `Q p_i (1 - p_i)`, never negative. LanesHiLo that bounds the whole matrix of second derivatives, which is what
    ///   boosting by one tree a class wants: pass 2 as a part of its scale.
    /// - what is wanted: `q_i = w_i ((1 - smoothing) y_i + smoothing / classes)`, y the target's probabilities, or 1 at the label
    /// - mean: of labels, the sum by the sum of the labels' weights; of probabilities, by the number of rows
    /// - domain: any logits. A logit of -inf has p = 0, and those of +inf share p = 1; a loss is 0 or infinite there, never
    ///   NaN. A row of -inf alone has p = 0 everywhere. NaN among the logits makes the row NaN.
    /// - unit: nats
    /// - worst error of a loss: 2 ulp in f32, 4 ulp in f64, or 2^-24 (2^-53) of the largest logit's magnitude. Of an entry of
    ///   a gradient: 3 ulp, or 2^-22 (f64: 2^-50) of `scale` times Q; of a curvature 4 ulp, or twice that
    /// - source: J. Bridle, 1990; smoothing: C. Szegedy et al., arXiv:1512.00567
    ///
    /// An entry with q = 0 adds exactly 0, even where its logit is -inf. A row whose label is `ignored`, or whose q are all 0,
    /// has a loss and a gradient of 0, may hold anything, and changes no bit of a sum.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
    ///
    /// let logits = [2.0_f32, 0.0, 0.0, 3.0];
    /// let mut gradient = [0.0; 4];
    /// let loss = SoftmaxCrossEntropy::default().sum_with_gradient(
    ///     &logits, Targets::labels(&[0, 1]), Rows::contiguous(2), 1.0, &mut gradient,
    /// )?;
    /// assert!((loss - 0.175515).abs() < 1e-6);
    /// assert!(gradient[0] < 0.0 && gradient[3] < 0.0);
    ///
    /// // The second class counts three times, and the second row not at all.
    /// let loss = SoftmaxCrossEntropy { class_weights: Some(&[1.0, 3.0]), ignore_label: Some(7), label_smoothing: 0.1 };
    /// let mean = loss.mean(&logits, Targets::labels(&[1, 7]), Rows::contiguous(2))?;
    /// assert!((mean - 2.022697).abs() < 1e-6);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    SoftmaxCrossEntropy<'a> {
        /// A weight for each class, none for 1. They are not negative.
        class_weights: Option<&'a [f64]> = None, with_class_weights(&'a [f64] as Some), all_non_negative;
        /// The label of rows that do not count; it need not name a class. Probabilities are never ignored.
        ignore_label: Option<i64> = None, with_ignore_label(i64 as Some);
        /// What part of a target is spread over all classes, from 0 to 1.
        label_smoothing: f64 = 0.0, with_label_smoothing(f64 as value), from_0_to_1;
    }
}

impl<'a> RowFormula for SoftmaxCrossEntropy<'a> {
    type Kernel = FromLogits<'a>;
    const MEAN_BY_WEIGHT: bool = true;

    fn kernel(&self) -> FromLogits<'a> {
        FromLogits { weights: self.class_weights, smoothing: self.label_smoothing, gamma: 0.0 }
    }
    fn class_weights(&self) -> Option<&[f64]> {
        self.class_weights
    }
    fn ignore_label(&self) -> Option<i64> {
        self.ignore_label
    }
    fn initial_score(&self, share: f64, classes: usize) -> Option<f64> {
        let smoothing = self.label_smoothing;
        // Smoothing adds to each class what its weight makes of it, and so changes the shares of weighted classes.
        let known = smoothing == 0.0 || self.class_weights.is_none();
        known.then(|| Float::ln(share * (1.0 - smoothing) + smoothing / classes as f64))
    }
}

crate::check::options! {
    /// The focal loss: cross-entropy from logits, in which what is nearly right counts for little.
    ///
    /// - loss: `-sum_i q_i (1 - p_i)^gamma ln p_i`; of a label, `-alpha_label (1 - p_label)^gamma ln p_label`
    /// - gradient: `A p_i - a_i`, `a_i = q_i ((1 - p_i)^gamma - gamma p_i (1 - p_i)^(gamma - 1) ln p_i)`, A the sum of a
    /// - curvature: `A p_i (1 - p_i) - sum_j b_j (p_i - [i = j])^2`, `b_j = p_j da_j/dp_j`; it may be negative
    /// - what is wanted: `q_i = alpha_i y_i`, p the softmax of the prediction, y the target's probabilities, or 1 at the label
    /// - mean: the sum by the number of rows
    /// - domain, unit, rows that do not count: as [`SoftmaxCrossEntropy`], which gamma = 0 equals to the bit
    /// - worst error: as there, and of a loss gamma ulp more; a gamma that is no whole number up to 64 adds
    ///   gamma |ln(1 - p)| ulp in f64
    /// - source: T.-Y. Lin et al., arXiv:1708.02002
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{CategoricalFocal, RowLoss, Targets};
    /// let (logits, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
    /// let loss = CategoricalFocal::default().sum(&logits, Targets::labels(&[1]), rows)?;
    /// assert_eq!(loss, 0.25 * 2.0_f64.ln());
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    CategoricalFocal<'a> {
        /// How steeply the weight falls as p grows.
        gamma: f64 = 2.0, with_gamma(f64 as value), non_negative;
        /// A weight for each class, none for 1. They are not negative.
        alpha: Option<&'a [f64]> = None, with_alpha(&'a [f64] as Some), all_non_negative;
    }
}

impl<'a> RowFormula for CategoricalFocal<'a> {
    type Kernel = FromLogits<'a>;

    fn kernel(&self) -> FromLogits<'a> {
        FromLogits { weights: self.alpha, smoothing: 0.0, gamma: self.gamma }
    }
    fn class_weights(&self) -> Option<&[f64]> {
        self.alpha
    }
}

/// The text of both.
#[derive(Clone, Copy)]
pub(crate) struct FromLogits<'a> {
    weights: Option<&'a [f64]>,
    smoothing: f64,
    gamma: f64,
}

/// ln(1 + x).
#[derive(Clone, Copy)]
struct Logarithm1p;

impl Map<1, 1> for Logarithm1p {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln_1p()]
    }
}

/// x^gamma, x from 0 to 1.
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

/// What (1 - p)^gamma makes of the loss -ln p: factors of the loss and of its gradient, and b of the curvature.
///
/// With u = 1 - p and l = -ln p, all are made of u^gamma, p l / u and p / u, and p l / u stays between 0 and 1.
#[inline(always)]
fn focal_factors<I: Isa>(token: Token<I>, gamma: f64, p: f64, u: f64, l: f64) -> [f64; 3] {
    if gamma == 0.0 {
        return [1.0, 1.0, 0.0];
    }
    if u == 0.0 {
        return [0.0; 3];
    }
    const LARGEST_WHOLE: f64 = 64.0;
    let power = if gamma <= LARGEST_WHOLE && gamma == f64::from(gamma as i32) {
        Float::powi(u, gamma as i32)
    } else {
        one(token, Power { gamma }, u)
    };
    let part = if p == 0.0 { 0.0 } else { p * (l / u) };
    [power, power * (1.0 + gamma * part), gamma * power * (part - (2.0 + (gamma - 1.0) * part) * (p / u))]
}

/// The softmax of a row, with a finite maximum m or without.
#[derive(Clone, Copy)]
enum Shares {
    /// `rest` is the logarithm of the sum of exponentials; `others`, where the sum is below 2, that sum less its largest.
    Finite { row: Row, sum: f64, rest: f64, others: f64 },
    /// Whole parts of 1, of so many entries that are +inf, or none; the rest has nothing.
    Whole { count: f64, rest: f64 },
}

/// p, 1 - p and -ln p of a block of a row.
struct Block {
    p: [f64; BLOCK],
    u: [f64; BLOCK],
    l: [f64; BLOCK],
}

impl Shares {
    #[inline(always)]
    fn of<R: Real, I: Isa>(token: Token<I>, z: Src<R>, len: usize, kind: Kind, row: Row) -> Self {
        if kind != Kind::Finite {
            let count = (0..len).filter(|&i| z.read(i) == f64::INFINITY).count() as f64;
            return Shares::Whole { count, rest: one(token, Logarithm, count) };
        }
        let exponentials = Exponentials::new(token, row, z, None, len);
        let sum = exponentials.sum;
        if sum >= 2.0 || sum.is_nan() {
            return Shares::Finite { row, sum, rest: one(token, Logarithm, sum), others: sum };
        }
        // One exponential is 1, that of the maximum.
        let others = match (0..len).find(|&i| z.read(i) == row.m) {
            Some(largest) => exponentials.sum_without(token, largest, len),
            None => 0.0,
        };
        let rest = one(token, Logarithm1p, others);
        Shares::Finite { row, sum, rest, others }
    }

    /// -ln p of the entries from `start` on.
    #[inline(always)]
    fn neg_log_probs<R: Real>(self, z: Src<R>, start: usize, l: &mut [f64]) {
        widen(z, start, l);
        match self {
            Shares::Finite { row, rest, .. } => l.iter_mut().for_each(|l| *l = (row.m - *l) + rest),
            Shares::Whole { rest, .. } => {
                l.iter_mut().for_each(|l| *l = if *l == f64::INFINITY { rest } else { f64::INFINITY });
            }
        }
    }

    /// p and 1 - p of the entries from `start` on.
    #[inline(always)]
    fn shares<R: Real, I: Isa>(self, token: Token<I>, z: Src<R>, start: usize, p: &mut [f64], u: &mut [f64]) {
        match self {
            Shares::Finite { row, sum, others, .. } => {
                let mut exponentials = [R::from_f64_rounded(0.0); BLOCK];
                let exponentials = &mut exponentials[..p.len()];
                row.exponentials(token, z.part(start, p.len()), Dst::new(exponentials));
                let inverse = 1.0 / sum;
                for ((p, u), e) in p.iter_mut().zip(u).zip(exponentials) {
                    let e = e.into_f64();
                    // Below 2, the sum has room for one exponential of 1.
                    let without = if e == 1.0 && sum < 2.0 { others } else { sum - e };
                    (*p, *u) = (e * inverse, without * inverse);
                }
            }
            Shares::Whole { count, .. } => {
                widen(z, start, p);
                for (p, u) in p.iter_mut().zip(u) {
                    (*p, *u) = if *p == f64::INFINITY { (1.0 / count, 1.0 - 1.0 / count) } else { (0.0, 1.0) };
                }
            }
        }
    }
}

/// What entries of a block are terms: their parts of the loss, of A, and of the sum of b.
struct Terms {
    loss: [f64; BLOCK],
    a: [f64; BLOCK],
    b: [f64; BLOCK],
}

impl Terms {
    /// Writes the derivatives of the entries from `start` on, n of them, by the row's totals.
    #[inline(always)]
    fn derive<R: Real>(
        &mut self,
        block: &Block,
        [_, all_a, all_b]: [f64; 3],
        sample: Sample<'_, R>,
        start: usize,
        n: usize,
    ) {
        let (Block { p, u, .. }, Terms { loss: out, a, b }) = (block, self);
        if let Some(curvature) = sample.hessian {
            for i in 0..n {
                out[i] = p[i] * u[i] * all_a - (p[i] * p[i] * (all_b - b[i]) + u[i] * u[i] * b[i]);
            }
            write(curvature, start, sample.scale, &out[..n]);
        }
        if let Some(gradient) = sample.gradient {
            for i in 0..n {
                out[i] = all_a * p[i] - a[i];
            }
            write(gradient, start, sample.scale, &out[..n]);
        }
    }
}

impl FromLogits<'_> {
    /// The worths of the entries from `start` on, n of them; whether any is wanted.
    #[inline(always)]
    fn terms<R: Real, I: Isa>(
        self,
        token: Token<I>,
        sample: Sample<'_, R>,
        start: usize,
        block: &Block,
        terms: &mut Terms,
        n: usize,
    ) -> bool {
        let Terms { loss, a: q, b } = terms;
        sample.probabilities(start, &mut q[..n]);
        let smoothing = rounded_to::<R>(self.smoothing);
        if smoothing != 0.0 {
            let (kept, spread) = (1.0 - smoothing, smoothing / sample.len as f64);
            q[..n].iter_mut().for_each(|q| *q = *q * kept + spread);
        }
        weigh::<R>(self.weights, start, &mut q[..n]);
        let wanted = q[..n].iter().any(|q| *q != 0.0);
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
        wanted
    }

    /// Any target of any row, in two passes: sums, then derivatives. They share their text: it is long.
    #[inline(always)]
    fn general<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>, shares: Shares) -> Option<f64> {
        let (z, len, focal) = (sample.prediction, sample.len, rounded_to::<R>(self.gamma) != 0.0);
        let mut block = Block { p: [0.0; BLOCK], u: [0.0; BLOCK], l: [0.0; BLOCK] };
        let mut terms = Terms { loss: [0.0; BLOCK], a: [0.0; BLOCK], b: [0.0; BLOCK] };
        let mut trees = [PairwiseSum::new(), PairwiseSum::new(), PairwiseSum::new()];
        let (mut wanted, mut totals) = (false, [0.0; 3]);
        let passes = if sample.gradient.is_none() && sample.hessian.is_none() { 1 } else { 2 };
        for derive in [false, true].into_iter().take(passes) {
            for (start, n) in blocks(len) {
                if focal || !derive {
                    shares.neg_log_probs(z, start, &mut block.l[..n]);
                }
                if focal || derive {
                    shares.shares(token, z, start, &mut block.p[..n], &mut block.u[..n]);
                }
                wanted |= self.terms(token, sample, start, &block, &mut terms, n);
                if derive {
                    terms.derive(&block, totals, sample, start, n);
                    continue;
                }
                let parts = [&terms.loss, &terms.a, &terms.b];
                for (tree, part) in trees.iter_mut().zip(parts).take(if focal { 3 } else { 2 }) {
                    tree.push(sum(token, &part[..n]));
                }
            }
            if !wanted {
                return None;
            }
            totals = trees.each_ref().map(PairwiseSum::sum);
        }
        let [loss, ..] = totals;
        Some(loss)
    }

    /// A label's loss and gradient, in a row with the finite maximum m: exponentials are kept in the gradient's place.
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
        // The difference is off by some 2^-52 of 1: too much for the others' own precision, unless they are that large.
        let enough = 512.0 * f64::EPSILON / R::epsilon().into_f64();
        if largest && sum < 2.0 && others < enough {
            others = exponentials.sum_without(token, label, len);
        }
        let l = if largest { token.map_one(Logarithm1p, others) } else { distance + ln(token, sum) };
        let [of_loss, of_a, _] = focal_factors(token, rounded_to::<R>(self.gamma), e / sum, others / sum, l);
        if let Some(gradient) = sample.gradient {
            let a = sample.scale * (weight * of_a);
            token.map(exponentials.shares(a), [exponentials.from], [gradient]);
            gradient.write(label, -a * (others / sum));
        }
        weight * l * of_loss
    }
}

/// A row that needs more than the loss of a label and its gradient.
struct General<'a, R> {
    kernel: FromLogits<'a>,
    sample: Sample<'a, R>,
    kind: Kind,
    row: Row,
}

impl<R: Real> Kernel for General<'_, R> {
    type Output = Option<f64>;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Option<f64> {
        let Self { kernel, sample, kind, row } = self;
        kernel.general(token, sample, Shares::of(token, sample.prediction, sample.len, kind, row))
    }
}

impl RowKernel for FromLogits<'_> {
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let (z, len) = (sample.prediction, sample.len);
        let by_label = match sample.target {
            RowTarget::Label(label) if rounded_to::<R>(self.smoothing) == 0.0 => {
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
        let row = Row::new::<R>(scale, m);
        let (Some((label, weight)), Kind::Finite) = (by_label, kind) else {
            return token.call_outlined(General { kernel: self, sample, kind, row });
        };
        // The curvature alone: the loss and its gradient are those of the label.
        if sample.hessian.is_some() {
            token.call_outlined(General { kernel: self, sample: Sample { gradient: None, ..sample }, kind, row });
        }
        Some(self.of_label(token, sample, row, label, weight))
    }
}
