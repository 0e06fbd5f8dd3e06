//! Cross-entropy from probabilities, and negative log-likelihood from log-probabilities: sums over independent entries.

use super::driver::{
    BLOCK, ColumnSums, Columns, RowFormula, RowKernel, RowTarget, Sample, blocks, probability, rounded_to, sum, weigh,
    widen, write,
};
use super::in_f32::{self, weight};
use crate::convert::narrowed;
use crate::math::log::ln_of_pair;
use crate::math::pair::HiLo;
use crate::row::exponentials::{Logarithm, ln};
use crate::row::tile::{DEPTH, SHORT};
use crate::simd::{Isa, Real, Token};
use crate::slice::{Dst, Src, WIDTH};
use crate::sum::PairwiseSum;

crate::function::function! {
    /// Cross-entropy between targets and predicted probabilities. For logits, use
    /// [`SoftmaxCrossEntropy`](super::SoftmaxCrossEntropy): it is accurate where a separate softmax rounds to 0 or 1.
    ///
    /// z is the prediction, y the probabilities of the target, or 1 at the label and 0 elsewhere.
    names ["categorical_cross_entropy", "sparse_categorical_cross_entropy"];
    "value": "-sum_i y_i ln(z_i + eps)", f32 1.0, f64 4.0 or 1.0, of "sum_i y_i where eps is not 0";
    "gradient": "-y_i / (z_i + eps)", f32 1.0, f64 4.0;
    "second derivative": "y_i / (z_i + eps)^2", f32 1.0, f64 4.0;
    source "I. J. Good, Rational Decisions, 1952";
    range [0.0, f64::INFINITY];

    /// - second derivative: the matrix of second derivatives is diagonal
    /// - mean: the sum divided by the number of rows, without those whose target is 0 for every class
    /// - domain: probabilities, from 0 to 1; others make the row NaN. Where z + eps is 0, the loss is infinite, never
    ///   clamped.
    /// - unit: nats
    ///
    /// An entry with a target of 0 adds exactly 0 to the loss, and has a gradient of 0, even where z is 0. A row of such
    /// entries is ignored. Keras divides predictions by their sum and clips them to 1e-7, as this loss does not.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{CategoricalCrossEntropy, RowLoss, Targets};
    /// let (z, y) = ([0.5_f64, 0.5, 0.0], [0.5, 0.5, 0.0]);
    /// let loss = CategoricalCrossEntropy::default().sum(&z, Targets::Probabilities(&y), Rows::contiguous(3))?;
    /// assert!((loss - 2.0_f64.ln()).abs() < 1e-15);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    CategoricalCrossEntropy {
        /// The number eps that is added to every probability, finite and not negative; 0 by default. A positive eps
        /// makes losses finite, at the cost of a bias.
        eps ("epsilon") = 0.0, with_eps, non_negative;
    }
}

impl RowFormula for CategoricalCrossEntropy {
    type Kernel = Entries<'static>;
    const IGNORES_ZEROS: bool = true;

    fn kernel(&self) -> Entries<'static> {
        Entries { weights: None, kind: Kind::Probabilities { eps: self.eps } }
    }
    fn initial_score(&self, share: f64, _: usize) -> Option<f64> {
        (self.eps == 0.0).then_some(share)
    }
}

crate::function::function! {
    /// Negative log-likelihood of targets under predicted log-probabilities, as from log-softmax.
    ///
    /// z is the prediction; `q_i = w_i y_i`, w the class weights, y the probabilities of the target, or 1 at the label
    /// and 0 elsewhere.
    names ["negative_log_likelihood", "nll", "nll_loss"];
    "value": "-sum_i q_i z_i", f32 0.0 or 2.0, f64 0.0 or 2.0, of "sum_i abs(q_i z_i)";
    "gradient": "-q_i", f32 1.0, f64 1.0;
    "second derivative": "0", f32 0.0, f64 0.0;
    source "R. A. Fisher, 1912";
    range [f64::NEG_INFINITY, f64::INFINITY];

    /// - value: exact for a label without weights
    /// - Hessian bound: that of the magnitude of the gradient
    /// - mean: for labels, the sum divided by the sum of the labels' class weights; for probabilities, by the number of
    ///   rows whose probabilities are not all 0
    /// - domain: any number; logarithms of densities may be positive
    /// - unit: that of the prediction, nats
    ///
    /// An entry with q = 0 adds exactly 0, even where z is -inf. A row whose label is `ignore_label`, or whose
    /// probabilities are all 0, is ignored; one whose q are all 0 has no effect on a sum.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{NegativeLogLikelihood, RowLoss, Targets};
    /// let (z, rows) = ([-0.5_f32, f32::NEG_INFINITY, -3.0, -0.25], Rows::contiguous(2));
    /// assert_eq!(NegativeLogLikelihood::default().mean(&z, Targets::labels(&[0, 1]), rows), Ok(0.375));
    /// ```
    NegativeLogLikelihood<'a> weighing class_weights ("w"), with_class_weights {
        /// The label of rows that are ignored, which need not be in the range of classes; `None` by default. Rows with
        /// probabilities are ignored where all are 0.
        ignore_label ("ignore_index"): label = None, with_ignore_label;
    }
}

impl<'a> RowFormula for NegativeLogLikelihood<'a> {
    type Kernel = Entries<'a>;
    const MEAN_BY_WEIGHT: bool = true;
    const IGNORES_ZEROS: bool = true;

    fn kernel(&self) -> Entries<'a> {
        Entries { weights: self.class_weights, kind: Kind::Logarithms }
    }
    fn class_weights(&self) -> Option<&[f64]> {
        self.class_weights
    }
    fn ignore_label(&self) -> Option<i64> {
        self.ignore_label
    }
}

/// The meaning of the entries of a prediction.
#[derive(Clone, Copy)]
enum Kind {
    Probabilities { eps: f64 },
    Logarithms,
}

/// The kernel of both losses.
#[derive(Clone, Copy)]
pub(crate) struct Entries<'a> {
    weights: Option<&'a [f64]>,
    kind: Kind,
}

/// z + eps, or NaN if z is not a probability.
#[inline(always)]
fn plus_eps<R: Real>(z: f64, eps: f64) -> f64 {
    if (0.0..=1.0).contains(&z) { z + rounded_to::<R>(eps) } else { f64::NAN }
}

impl RowKernel for Entries<'_> {
    /// A label needs one entry of its row alone: longer rows are faster without a copy.
    #[inline(always)]
    fn columns_up_to<R: Real>(self) -> usize {
        SHORT
    }

    #[inline(always)]
    fn columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        let (tile, count) = (columns.tile, columns.count);
        let (mut z, mut weights, mut derivatives) = ([1.0; WIDTH], [1.0; WIDTH], [-1.0; WIDTH]);
        for k in 0..count {
            let label = columns.labels[k];
            z[k] = tile.src().read(label * WIDTH + k);
            weights[k] = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[label]));
            columns.ignored[k] |= weights[k] == 0.0;
        }
        if let Kind::Probabilities { eps } = self.kind {
            for k in 0..WIDTH {
                z[k] = plus_eps::<R>(z[k], eps);
                derivatives[k] = -1.0 / z[k];
            }
            let place = Dst::new(&mut z[..]);
            token.map(Logarithm, [place.src()], [place]);
        }
        for k in 0..WIDTH {
            columns.losses[k] = weights[k] * (0.0 - z[k]);
            columns.of_labels[k] = columns.scales[k] * (weights[k] * derivatives[k]);
        }
        if columns.gradient {
            tile.fill(0.0);
        }
        true
    }

    #[inline(always)]
    fn soft_columns_up_to<R: Real>(self, labels: bool) -> usize {
        if labels { 0 } else { DEPTH }
    }

    /// Limit: the logarithms in f64.
    #[inline(always)]
    fn soft_columns<R: Real, I: Isa>(
        self,
        token: Token<I>,
        columns: &mut Columns<'_, R>,
        target: Src<R>,
        _: Dst<R>,
    ) -> bool {
        let (tile, len) = (columns.tile, columns.tile.len() / WIDTH);
        let (mut z, mut q, mut l) = ([0.0; WIDTH], [0.0; WIDTH], [0.0; WIDTH]);
        let (mut losses, mut all_q) = (ColumnSums::new(), [0.0; WIDTH]);
        for i in 0..len {
            let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[i]));
            target.part(i * WIDTH, WIDTH).read_all(&mut q);
            tile.src().part(i * WIDTH, WIDTH).read_all(&mut z);
            for k in 0..WIDTH {
                q[k] = probability(q[k]) * weight;
                all_q[k] += q[k];
            }
            match self.kind {
                Kind::Logarithms => l = z,
                Kind::Probabilities { eps } => {
                    for z in &mut z {
                        *z = plus_eps::<R>(*z, eps);
                    }
                    token.map(Logarithm, [Src::new(&z)], [Dst::new(&mut l)]);
                }
            }
            let losses = losses.accumulators(i);
            for k in 0..WIDTH {
                losses[k] += if q[k] == 0.0 { 0.0 } else { 0.0 - q[k] * l[k] };
            }
            if columns.gradient {
                let by_z = matches!(self.kind, Kind::Probabilities { .. });
                for k in 0..WIDTH {
                    let derivative = if !by_z || q[k] == 0.0 { q[k] } else { q[k] / z[k] };
                    z[k] = columns.scales[k] * (0.0 - derivative);
                }
                tile.part(i * WIDTH, WIDTH).write_all(1.0, &z);
            }
        }
        columns.losses = losses.sums(token, len);
        // The terms are not negative, or NaN.
        for (ignored, q) in columns.ignored.iter_mut().zip(&all_q) {
            *ignored |= *q == 0.0;
        }
        true
    }

    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        if let RowTarget::Label(label) = sample.target {
            let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[label]));
            if weight == 0.0 {
                return None;
            }
            let z = sample.prediction.read(label);
            let [loss, derivative, second] = match self.kind {
                Kind::Logarithms => [0.0 - z, -1.0, if sample.bound.is_some() { 1.0 } else { 0.0 }],
                Kind::Probabilities { eps } => {
                    let z = plus_eps::<R>(z, eps);
                    [0.0 - ln(token, z), -1.0 / z, 1.0 / (z * z)]
                }
            };
            sample.fill(0.0, 0.0);
            for (output, value) in [(sample.gradient, derivative), (sample.hessian, second)] {
                if let Some(output) = output {
                    output.write(label, sample.scale * (weight * value));
                }
            }
            return Some(weight * loss);
        }

        let (mut z, mut q, mut loss) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (mut derivative, mut second) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (mut tree, mut any) = (PairwiseSum::new(), false);
        for (start, n) in blocks::<BLOCK>(sample.len) {
            let (z, q, loss) = (&mut z[..n], &mut q[..n], &mut loss[..n]);
            widen(sample.prediction, start, z);
            sample.probabilities(start, q);
            weigh::<R>(self.weights, start, q);
            any |= q.iter().any(|q| *q != 0.0);
            match self.kind {
                Kind::Logarithms => {
                    loss.copy_from_slice(z);
                    derivative[..n].copy_from_slice(q);
                    if sample.bound.is_some() {
                        second[..n].copy_from_slice(q);
                    }
                }
                Kind::Probabilities { eps } => {
                    z.iter_mut().for_each(|z| *z = plus_eps::<R>(*z, eps));
                    token.map(Logarithm, [Src::new(z)], [Dst::new(loss)]);
                    for i in 0..n {
                        derivative[i] = if q[i] == 0.0 { 0.0 } else { q[i] / z[i] };
                        second[i] = if q[i] == 0.0 { 0.0 } else { derivative[i] / z[i] };
                    }
                }
            }
            for i in 0..n {
                loss[i] = if q[i] == 0.0 { 0.0 } else { 0.0 - q[i] * loss[i] };
                derivative[i] = 0.0 - derivative[i];
            }
            if let Some(hessian) = sample.hessian {
                write(hessian, start, sample.scale, &second[..n]);
            }
            if let Some(gradient) = sample.gradient {
                write(gradient, start, sample.scale, &derivative[..n]);
            }
            tree.push(sum(token, loss));
        }
        any.then(|| tree.sum())
    }

    #[inline(always)]
    fn in_f32<I: Isa>(self, token: Token<I>, sample: in_f32::Sample<'_, I::F32>) -> Option<HiLo<I::F32>> {
        let none = HiLo::none(token.lane(0.0));
        let (mut loss, mut any) = (none, false);
        for i in 0..sample.len() {
            let q = HiLo::of(token.lane(sample.probability(i))) * weight(token, self.weights, i);
            if q.is_zero() {
                sample.write(token, i, none, none);
                continue;
            }
            any = true;
            let z = sample.prediction.get(i);
            let [l, derivative, second] = match self.kind {
                Kind::Logarithms => [HiLo::of(token.lane(z)), q, if sample.bound.is_some() { q } else { none }],
                Kind::Probabilities { eps } => {
                    let z = if (0.0..=1.0).contains(&z) { z } else { f32::NAN };
                    let z = HiLo::of(token.lane(z)) + HiLo::of(token.lane(narrowed(eps)));
                    [ln_of_pair(z), q / z, q / z / z]
                }
            };
            loss = loss - l * q;
            sample.write(token, i, none - derivative, second);
        }
        any.then_some(loss)
    }
}
