//! Losses of how little two rows of probabilities overlap: what is hit, TP, beside what is predicted in vain, FP, and what
//! is missed, FN.

use super::driver::{BLOCK, RowFormula, RowKernel, Sample, blocks, rounded_to, sum, widen, write};
use crate::simd::{Isa, Real, Token};
use crate::sum::PairwiseSum;

crate::check::options! {
    /// The Tversky loss: of a row of probabilities, the part that does not overlap with the target.
    ///
    /// - loss: `(alpha FP + beta FN) / D`, `D = TP + alpha FP + beta FN + smooth`; 0 if D is 0, where neither row has anything
    /// - of p, the prediction, and y, the target: `TP = sum p y`, `FP = sum p (1 - y)`, `FN = sum (1 - p) y`
    /// - gradient: `((TP + smooth) (alpha (1 - y_i) - beta y_i) - y_i (alpha FP + beta FN)) / D^2`
    /// - curvature: `-2 gradient_i (alpha (1 - y_i) + (1 - beta) y_i) / D`; it may be negative
    /// - target: probabilities, one for each entry, which need not sum to 1; a label is a row of 0 with one 1
    /// - mean: the sum by the number of rows
    /// - domain: probabilities, from 0 to 1, in both; others make the row NaN
    /// - unit: none, the loss is from 0 to 1
    /// - worst error of a loss: 1 ulp in f32, 4 ulp in f64 (rows of up to 1024). Of a gradient, a difference: 1 ulp in f32; in
    ///   f64 4 ulp, or 2^-50 by D; of a curvature likewise, by D^2
    /// - source: S. Salehi, D. Erdogmus, A. Gholipour, arXiv:1706.05721
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{RowLoss, Targets, Tversky};
    /// let (p, y) = ([1.0_f32, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]);
    /// // A miss costs three times what a false alarm does.
    /// let loss = Tversky::new(0.25, 0.75, 0.0)?;
    /// assert_eq!(loss.sum(&p, Targets::Probabilities(&y), Rows::contiguous(4)), Ok(0.5));
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    Tversky {
        /// The weight of what is predicted in vain.
        alpha: f64 = 0.5, with_alpha(f64 as value), non_negative;
        /// The weight of what is missed.
        beta: f64 = 0.5, with_beta(f64 as value), non_negative;
        /// What is added to numerator and denominator of the overlap, usually 0. It gives empty targets a gradient.
        smooth: f64 = 0.0, with_smooth(f64 as value), non_negative;
    }
}

impl RowFormula for Tversky {
    type Kernel = Tversky;

    fn kernel(&self) -> Tversky {
        *self
    }
}

crate::check::options! {
    /// The Dice loss: 1 less twice the overlap of prediction and target by the sum of both. [`Tversky`] at 1/2 and 1/2.
    ///
    /// - loss: `1 - (2 TP + smooth) / (sum p + sum y + smooth)`; 0 if that is 0 / 0
    /// - gradient, curvature, target, mean, domain, unit, worst error: as [`Tversky`]
    /// - source: L. R. Dice, 1945; as a loss, F. Milletari, N. Navab, S.-A. Ahmadi, arXiv:1606.04797, who square the terms of
    ///   the denominator, as this does not
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{Dice, RowLoss, Targets};
    /// let (p, y) = ([0.5_f32, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(Dice::default().sum(&p, Targets::Probabilities(&y), Rows::contiguous(4)), Ok(0.5));
    /// ```
    Dice {
        /// What is added to numerator and denominator, usually 0. It gives empty targets a gradient.
        smooth: f64 = 0.0, with_smooth(f64 as value), non_negative;
    }
}

impl RowFormula for Dice {
    type Kernel = Tversky;

    fn kernel(&self) -> Tversky {
        Tversky { alpha: 0.5, beta: 0.5, smooth: 0.5 * self.smooth }
    }
}

/// p and y from `start` on. What is no probability becomes NaN.
#[inline(always)]
fn pairs<R: Real>(sample: Sample<'_, R>, start: usize, p: &mut [f64], y: &mut [f64]) {
    widen(sample.prediction, start, p);
    sample.probabilities(start, y);
    for x in p.iter_mut().chain(y) {
        *x = if (0.0..=1.0).contains(x) { *x } else { f64::NAN };
    }
}

impl RowKernel for Tversky {
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64> {
        let [alpha, beta, smooth] = [self.alpha, self.beta, self.smooth].map(rounded_to::<R>);
        let (mut p, mut y, mut part) = ([0.0; BLOCK], [0.0; BLOCK], [0.0; BLOCK]);
        let mut trees = [PairwiseSum::new(), PairwiseSum::new(), PairwiseSum::new()];
        for (start, n) in blocks(sample.len) {
            pairs(sample, start, &mut p[..n], &mut y[..n]);
            for (which, tree) in trees.iter_mut().enumerate() {
                for i in 0..n {
                    part[i] = [p[i] * y[i], p[i] * (1.0 - y[i]), (1.0 - p[i]) * y[i]][which];
                }
                tree.push(sum(token, &part[..n]));
            }
        }
        let [hit, vain, missed] = trees.map(|tree| tree.sum());
        let (kept, lost) = (hit + smooth, alpha * vain + beta * missed);
        let whole = kept + lost;
        if whole == 0.0 {
            sample.fill(0.0, 0.0);
            return Some(0.0);
        }
        if sample.gradient.is_none() {
            return Some(lost / whole);
        }
        let mut slope = [0.0; BLOCK];
        for (start, n) in blocks(sample.len) {
            pairs(sample, start, &mut p[..n], &mut y[..n]);
            for i in 0..n {
                let (against, toward) = (alpha * (1.0 - y[i]) - beta * y[i], y[i]);
                slope[i] = (kept / whole * against - lost / whole * toward) / whole;
                part[i] = -2.0 * slope[i] * (against + toward) / whole;
            }
            if let Some(curvature) = sample.hessian {
                write(curvature, start, sample.scale, &part[..n]);
            }
            if let Some(gradient) = sample.gradient {
                write(gradient, start, sample.scale, &slope[..n]);
            }
        }
        Some(lost / whole)
    }
}
