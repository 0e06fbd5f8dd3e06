//! Losses of rows that hold probabilities of classes, or their logarithms: sums over entries that do not see each other.

use super::driver::{BLOCK, RowFormula, RowKernel, RowTarget, Sample, blocks, rounded_to, sum, weigh, widen, write};
use crate::row::exponentials::{Logarithm, ln};
use crate::simd::{Isa, Real, Token};
use crate::slice::{Dst, Src};
use crate::sum::PairwiseSum;

crate::check::options! {
    /// The cross-entropy between the target and the prediction, which holds probabilities. From logits,
    /// [`SoftmaxCrossEntropy`](super::SoftmaxCrossEntropy) is exact where a softmax of its own has rounded.
    ///
    /// - loss: `-sum_i y_i ln(z_i + eps)`, y the target's probabilities, or 1 at the label
    /// - gradient: `-y_i / (z_i + eps)`
    /// - curvature: `y_i / (z_i + eps)^2`; the matrix of second derivatives has no other entries
    /// - mean: the sum by the number of rows
    /// - domain: probabilities, from 0 to 1; others make the row NaN. Where z + eps is 0, the loss is infinite, never clamped.
    /// - unit: nats
    /// - worst error: 1 ulp in f32; in f64 4 ulp, and 2^-53 for each unit of the target where eps is not 0
    /// - source: I. J. Good, Rational Decisions, 1952
    ///
    /// An entry with a target of 0 is not looked at: it adds exactly 0, to the gradient too, even where z is 0.
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
        /// What is added to every probability, usually 0. It makes losses finite, and wrong.
        eps: f64 = 0.0, with_eps(f64 as value), non_negative;
    }
}

impl RowFormula for CategoricalCrossEntropy {
    type Kernel = Entries<'static>;

    fn kernel(&self) -> Entries<'static> {
        Entries { weights: None, kind: Kind::Probabilities { eps: self.eps } }
    }
    fn initial_score(&self, share: f64, _: usize) -> Option<f64> {
        (self.eps == 0.0).then_some(share)
    }
}

crate::check::options! {
    /// The negative log-likelihood of the target, the prediction holding logarithms of probabilities.
    ///
    /// - loss: `-sum_i q_i z_i`; of a label, `-w_label z_label`
    /// - gradient: `-q_i`
    /// - curvature: 0
    /// - what is wanted: `q_i = w_i y_i`, y the target's probabilities, or 1 at the label
    /// - mean: of labels, the sum by the sum of the labels' weights; of probabilities, by the number of rows
    /// - domain: any number; logarithms of densities may be positive
    /// - unit: that of the prediction, nats
    /// - worst error: 1 ulp of the sum of magnitudes; of a label without weights, exact
    /// - source: R. A. Fisher, 1912
    ///
    /// An entry with q = 0 is not looked at: it adds exactly 0, even where z is -inf. A row whose label is `ignored`, or whose
    /// q are all 0, changes no bit of a sum.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{NegativeLogLikelihood, RowLoss, Targets};
    /// let (z, rows) = ([-0.5_f32, f32::NEG_INFINITY, -3.0, -0.25], Rows::contiguous(2));
    /// assert_eq!(NegativeLogLikelihood::default().mean(&z, Targets::labels(&[0, 1]), rows), Ok(0.375));
    /// ```
    NegativeLogLikelihood<'a> {
        /// A weight for each class, none for 1. They are not negative.
        class_weights: Option<&'a [f64]> = None, with_class_weights(&'a [f64] as Some), all_non_negative;
        /// The label of rows that do not count; it need not name a class. Probabilities are never ignored.
        ignore_label: Option<i64> = None, with_ignore_label(i64 as Some);
    }
}

impl<'a> RowFormula for NegativeLogLikelihood<'a> {
    type Kernel = Entries<'a>;
    const MEAN_BY_WEIGHT: bool = true;

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

/// What the entries are.
#[derive(Clone, Copy)]
enum Kind {
    Probabilities { eps: f64 },
    Logarithms,
}

/// The text of both.
#[derive(Clone, Copy)]
pub(crate) struct Entries<'a> {
    weights: Option<&'a [f64]>,
    kind: Kind,
}

/// A probability that logarithms are softmax_mean of. What is no probability becomes NaN.
#[inline(always)]
fn lifted<R: Real>(z: f64, eps: f64) -> f64 {
    if (0.0..=1.0).contains(&z) { z + rounded_to::<R>(eps) } else { f64::NAN }
}

impl RowKernel for Entries<'_> {
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        if let RowTarget::Label(label) = sample.target {
            let weight = self.weights.map_or(1.0, |weights| rounded_to::<R>(weights[label]));
            if weight == 0.0 {
                return None;
            }
            let z = sample.prediction.read(label);
            let [loss, slope, curvature] = match self.kind {
                Kind::Logarithms => [0.0 - z, -1.0, 0.0],
                Kind::Probabilities { eps } => {
                    let z = lifted::<R>(z, eps);
                    [0.0 - ln(token, z), -1.0 / z, 1.0 / (z * z)]
                }
            };
            sample.fill(0.0, 0.0);
            for (target, value) in [(sample.gradient, slope), (sample.hessian, curvature)] {
                if let Some(target) = target {
                    target.write(label, sample.scale * (weight * value));
                }
            }
            return Some(weight * loss);
        }

        let (mut z, mut q, mut loss) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let (mut slope, mut curvature) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (mut tree, mut wanted) = (PairwiseSum::new(), false);
        for (start, n) in blocks(sample.len) {
            let (z, q, loss) = (&mut z[..n], &mut q[..n], &mut loss[..n]);
            widen(sample.prediction, start, z);
            sample.probabilities(start, q);
            weigh::<R>(self.weights, start, q);
            wanted |= q.iter().any(|q| *q != 0.0);
            match self.kind {
                Kind::Logarithms => {
                    loss.copy_from_slice(z);
                    slope[..n].copy_from_slice(q);
                }
                Kind::Probabilities { eps } => {
                    z.iter_mut().for_each(|z| *z = lifted::<R>(*z, eps));
                    token.map(Logarithm, [Src::new(z)], [Dst::new(loss)]);
                    for i in 0..n {
                        slope[i] = if q[i] == 0.0 { 0.0 } else { q[i] / z[i] };
                        curvature[i] = if q[i] == 0.0 { 0.0 } else { slope[i] / z[i] };
                    }
                }
            }
            for i in 0..n {
                loss[i] = if q[i] == 0.0 { 0.0 } else { 0.0 - q[i] * loss[i] };
                slope[i] = 0.0 - slope[i];
            }
            if let Some(target) = sample.hessian {
                write(target, start, sample.scale, &curvature[..n]);
            }
            if let Some(target) = sample.gradient {
                write(target, start, sample.scale, &slope[..n]);
            }
            tree.push(sum(token, loss));
        }
        wanted.then(|| tree.sum())
    }
}
