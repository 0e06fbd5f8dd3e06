//! Losses of how far the right class's score is above the others'. They take labels alone.

use super::driver::{BLOCK, RowFormula, RowKernel, RowTarget, Sample, blocks, rounded_to, sum, widen, write};
use crate::simd::{Isa, Real, Token};
use crate::sum::PairwiseSum;

crate::check::options! {
    /// How much every wrong class's score comes too near to the right one's, or its square, averaged over the classes.
    ///
    /// - loss: `sum_i h_i^p / classes` over the wrong classes, `h_i = max(0, margin + z_i - z_label)`, p = 2 if `squared`, else 1
    /// - gradient: `p h_i^(p - 1) / classes` at a wrong class with h > 0, 0 where h = 0; at the label minus the sum of those
    /// - curvature: 0; squared, `2 / classes` at a wrong class with h > 0, and at the label the sum of those: never negative
    /// - mean: the sum by the number of rows
    /// - domain: any scores. Equal infinities are the margin apart; NaN among the scores makes the row NaN.
    /// - unit: that of the prediction, or its square
    /// - worst error: 1 ulp in f32; in f64 2^-52 of the largest magnitude among the scores for each term, p h^(p - 1) times
    /// - source: J. Weston, C. Watkins, Support Vector Machines for Multi-Class Pattern Recognition, 1999
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{MultiMargin, RowLoss, Targets};
    /// let (z, rows) = ([2.0_f32, 1.5, 0.0, 0.0], Rows::contiguous(4));
    /// assert_eq!(MultiMargin::default().sum(&z, Targets::labels(&[0]), rows), Ok(0.125));
    /// ```
    MultiMargin {
        /// How far apart the scores should be.
        margin: f64 = 1.0, with_margin(f64 as value), non_negative;
        /// Whether each h is squared: p = 2 in place of p = 1.
        squared: bool = false, with_squared(bool as value);
    }
}

impl RowFormula for MultiMargin {
    type Kernel = MultiMargin;
    const LABELS_ALONE: bool = true;

    fn kernel(&self) -> MultiMargin {
        *self
    }
}

/// How far a wrong score is beyond `margin` below the right one: 0 if it is not, NaN of NaN.
#[inline(always)]
fn excess(margin: f64, wrong: f64, right: f64) -> f64 {
    // Equal infinities have no difference.
    let h = margin + if wrong == right { 0.0 } else { wrong - right };
    if h <= 0.0 { 0.0 } else { h }
}

impl MultiMargin {
    /// h from `start` on.
    #[inline(always)]
    fn excesses<R: Real>(self, sample: Sample<'_, R>, label: usize, right: f64, start: usize, h: &mut [f64]) {
        widen(sample.prediction, start, h);
        let margin = rounded_to::<R>(self.margin);
        h.iter_mut().for_each(|h| *h = excess(margin, *h, right));
        if let Some(h) = label.checked_sub(start).and_then(|i| h.get_mut(i)) {
            *h = if right.is_nan() { right } else { 0.0 };
        }
    }

    /// Loss, slope and curvature of h, times the number of classes.
    #[inline(always)]
    fn of(self, h: f64) -> [f64; 3] {
        match (self.squared, h == 0.0) {
            (_, true) => [0.0; 3],
            (true, _) => [h * h, 2.0 * h, 2.0],
            (false, _) => [h, 1.0, 0.0],
        }
    }
}

impl RowKernel for MultiMargin {
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let RowTarget::Label(label) = sample.target else { return Some(f64::NAN) };
        let (right, classes) = (sample.prediction.read(label), sample.len as f64);
        let (mut h, mut part) = ([0.0; BLOCK], [0.0; BLOCK]);
        let mut trees = [PairwiseSum::new(), PairwiseSum::new(), PairwiseSum::new()];
        for (start, n) in blocks(sample.len) {
            self.excesses(sample, label, right, start, &mut h[..n]);
            for (order, tree) in trees.iter_mut().enumerate() {
                for i in 0..n {
                    part[i] = self.of(h[i])[order];
                }
                tree.push(sum(token, &part[..n]));
            }
        }
        let [loss, slope, curvature] = trees.map(|tree| tree.sum() / classes);
        if loss.is_nan() {
            sample.fill(f64::NAN, f64::NAN);
            return Some(loss);
        }
        // Of the curvature first: the gradient may be the memory of the prediction.
        let targets = [(2, sample.hessian, curvature), (1, sample.gradient, -slope)];
        for (order, target, of_label) in targets {
            let Some(target) = target else { continue };
            for (start, n) in blocks(sample.len) {
                self.excesses(sample, label, right, start, &mut h[..n]);
                for i in 0..n {
                    part[i] = self.of(h[i])[order] / classes;
                }
                write(target, start, sample.scale, &part[..n]);
            }
            target.write(label, sample.scale * of_label);
        }
        Some(loss)
    }
}

/// How much the best wrong class's score comes too near to the right one's.
///
/// - loss: `max(0, 1 + max_wrong z - z_label)`
/// - gradient: where the loss is positive 1 at the best wrong class (the first of equal ones) and -1 at the label, else 0
/// - curvature: 0
/// - mean: the sum by the number of rows
/// - domain: any scores. Equal infinities are 1 apart; NaN among the scores makes the row NaN. A single class costs nothing.
/// - unit: that of the prediction
/// - worst error: 1 ulp in f32; in f64 2^-52 of the larger magnitude of the two scores
/// - source: K. Crammer, Y. Singer, On the Algorithmic Implementation of Multiclass Kernel-based Vector Machines, 2001
///
/// Keras takes the best of 0 and the wrong scores; the two agree where some wrong score is not negative.
///
/// ```
/// use slopes::activation::Rows;
/// use slopes::loss::{CategoricalHinge, RowLoss, Targets};
/// let (z, rows) = ([2.0_f32, 1.5, 0.0], Rows::contiguous(3));
/// assert_eq!(CategoricalHinge.sum(&z, Targets::labels(&[0]), rows), Ok(0.5));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CategoricalHinge;

impl RowFormula for CategoricalHinge {
    type Kernel = CategoricalHinge;
    const LABELS_ALONE: bool = true;

    fn kernel(&self) -> CategoricalHinge {
        CategoricalHinge
    }
}

impl RowKernel for CategoricalHinge {
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, _: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let RowTarget::Label(label) = sample.target else { return Some(f64::NAN) };
        let right = sample.prediction.read(label);
        let (mut best, mut nan) = (None, right.is_nan());
        for i in (0..sample.len).filter(|&i| i != label) {
            let z = sample.prediction.read(i);
            nan |= z.is_nan();
            if best.is_none_or(|(_, most)| z > most) {
                best = Some((i, z));
            }
        }
        if nan {
            sample.fill(f64::NAN, f64::NAN);
            return Some(f64::NAN);
        }
        sample.fill(0.0, 0.0);
        let Some((best, wrong)) = best else { return Some(0.0) };
        let loss = excess(1.0, wrong, right);
        if let Some(gradient) = sample.gradient
            && loss > 0.0
        {
            gradient.write(best, sample.scale);
            gradient.write(label, -sample.scale);
        }
        Some(loss)
    }
}
