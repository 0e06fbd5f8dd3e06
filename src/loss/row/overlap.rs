//! Overlap losses (Dice, Tversky) from true positives TP, false positives FP and false negatives FN.

use super::driver::{BLOCK, Bound, RowFormula, RowKernel, Sample, blocks, rounded_to, sum, widen, write};
use super::in_f32;
use crate::convert::{half, narrowed};
use crate::math::exp::power_of_two;
use crate::math::pair::HiLo;
use crate::simd::{Isa, Real, Token};
use crate::sum::PairwiseSum;

crate::function::function! {
    /// Tversky loss for segmentation: 1 minus the Tversky index of predicted probabilities and targets.
    ///
    /// p is the prediction, y the target: `TP = sum p y`, `FP = sum p (1 - y)`, `FN = sum (1 - p) y`,
    /// `D = TP + alpha FP + beta FN + smooth`.
    names ["tversky", "tversky_loss"];
    "value": "(alpha FP + beta FN) / D; 0 if D is 0", f32 1.0, f64 4.0;
    "gradient": "((TP + smooth) (alpha (1 - y_i) - beta y_i) - y_i (alpha FP + beta FN)) / D^2",
        f32 1.0 or 1.0, f64 4.0 or 8.0, of "1 / D";
    "second derivative": "-2 gradient_i (alpha (1 - y_i) + (1 - beta) y_i) / D",
        f32 1.0 or 1.0, f64 4.0 or 8.0, of "1 / D^2";
    source "S. Salehi, D. Erdogmus, A. Gholipour, arXiv:1706.05721";
    range [0.0, 1.0];

    /// - target: probabilities, one for each entry, which need not sum to 1; a label is one-hot
    /// - second derivative: it may be negative
    /// - Hessian bound: the larger of the magnitudes of the second derivative and of the gradient
    /// - mean: the sum divided by the number of rows
    /// - domain: probabilities, from 0 to 1, in both; others make the row NaN
    /// - unit: none
    /// - bounds: for rows of up to 1024 entries
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{RowLoss, Targets, Tversky};
    /// let (p, y) = ([1.0_f32, 1.0, 0.0, 0.0], [1.0, 0.0, 1.0, 0.0]);
    /// // A false negative costs three times as much as a false positive.
    /// let loss = Tversky::new().with_alpha(0.25)?.with_beta(0.75)?;
    /// assert_eq!(loss.sum(&p, Targets::Probabilities(&y), Rows::contiguous(4)), Ok(0.5));
    /// # Ok::<(), slopes::ParameterError>(())
    /// ```
    Tversky {
        /// The weight alpha of false positives, finite and not negative; 1/2 by default.
        alpha = 0.5, with_alpha, non_negative;
        /// The weight beta of false negatives, finite and not negative; 1/2 by default.
        beta = 0.5, with_beta, non_negative;
        /// The number that is added to numerator and denominator of the index, finite and not negative; 0 by default. A
        /// positive one gives rows with empty targets a gradient.
        smooth ("smoothing") = 0.0, with_smooth, non_negative;
    }
}

impl RowFormula for Tversky {
    type Kernel = Tversky;

    fn kernel(&self) -> Tversky {
        *self
    }
}

crate::function::function! {
    /// Dice loss for segmentation: 1 minus the Dice coefficient of predicted probabilities and targets. It is
    /// [`Tversky`] with alpha = beta = 1/2 and half the `smooth`.
    ///
    /// p is the prediction, y the target: `TP = sum p y`, `D = sum p + sum y + smooth`.
    names ["dice", "dice_loss"];
    "value": "1 - (2 TP + smooth) / D; 0 if D is 0", f32 1.0, f64 4.0;
    "gradient": "(2 TP + smooth) / D^2 - 2 y_i / D", f32 1.0 or 2.0, f64 4.0 or 16.0, of "1 / D";
    "second derivative": "-2 gradient_i / D", f32 1.0 or 4.0, f64 4.0 or 32.0, of "1 / D^2";
    source "L. R. Dice, 1945; as a loss, F. Milletari, N. Navab, S.-A. Ahmadi, arXiv:1606.04797";
    range [0.0, 1.0];

    ///
    /// Target, mean, domain and unit are those of [`Tversky`]. Milletari et al. square the terms of the denominator, as
    /// this does not.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{Dice, RowLoss, Targets};
    /// let (p, y) = ([0.5_f32, 0.5, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0]);
    /// assert_eq!(Dice::default().sum(&p, Targets::Probabilities(&y), Rows::contiguous(4)), Ok(0.5));
    /// ```
    Dice {
        /// The number that is added to numerator and denominator, finite and not negative; 0 by default. A positive one
        /// gives rows with empty targets a gradient.
        smooth ("smoothing") = 0.0, with_smooth, non_negative;
    }
}

impl RowFormula for Dice {
    type Kernel = Tversky;

    fn kernel(&self) -> Tversky {
        Tversky { alpha: 0.5, beta: 0.5, smooth: half(self.smooth) }
    }
}

/// p and y of the entries from `start` on; NaN for numbers that are not probabilities.
#[inline(always)]
fn probabilities<R: Real>(sample: Sample<'_, R>, start: usize, p: &mut [f64], y: &mut [f64]) {
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
        for (start, n) in blocks::<BLOCK>(sample.len) {
            probabilities(sample, start, &mut p[..n], &mut y[..n]);
            for (which, tree) in trees.iter_mut().enumerate() {
                for i in 0..n {
                    part[i] = [p[i] * y[i], p[i] * (1.0 - y[i]), (1.0 - p[i]) * y[i]][which];
                }
                tree.push(sum(token, &part[..n]));
            }
        }
        let [true_positive, false_positive, false_negative] = trees.map(|tree| tree.sum());
        let (overlap, error) = (true_positive + smooth, alpha * false_positive + beta * false_negative);
        let d = overlap + error;
        if d == 0.0 {
            sample.fill(0.0, 0.0);
            return Some(0.0);
        }
        if sample.gradient.is_none() {
            return Some(error / d);
        }
        // The gradient g of an entry, and s, with which the second derivative in entries i and j is
        // -(g_i s_j + g_j s_i) / D.
        let parts = |y: f64| {
            let d_error = alpha * (1.0 - y) - beta * y;
            ((overlap / d * d_error - error / d * y) / d, d_error + y)
        };
        let (mut derivative, mut all_g, mut all_s) = ([0.0; BLOCK], 0.0, 0.0);
        if sample.bound == Some(Bound::Matrix) {
            for (start, n) in blocks::<BLOCK>(sample.len) {
                probabilities(sample, start, &mut p[..n], &mut y[..n]);
                for (g, s) in y[..n].iter().map(|y| parts(*y)) {
                    (all_g, all_s) = (all_g + g.abs(), all_s + s.abs());
                }
            }
        }
        for (start, n) in blocks::<BLOCK>(sample.len) {
            probabilities(sample, start, &mut p[..n], &mut y[..n]);
            for i in 0..n {
                let (g, s) = parts(y[i]);
                derivative[i] = g;
                let second = -2.0 * g * s / d;
                part[i] = match sample.bound {
                    None => second,
                    Some(Bound::Diagonal) => second.abs().max(g.abs()),
                    Some(Bound::Matrix) => ((g.abs() * all_s + s.abs() * all_g) / d).max(g.abs()),
                };
            }
            if let Some(hessian) = sample.hessian {
                write(hessian, start, sample.scale, &part[..n]);
            }
            if let Some(gradient) = sample.gradient {
                write(gradient, start, sample.scale, &derivative[..n]);
            }
        }
        Some(error / d)
    }

    #[inline(always)]
    fn in_f32<I: Isa>(self, token: Token<I>, sample: in_f32::Sample<'_, I::F32>) -> Option<HiLo<I::F32>> {
        let number = |x: f32| HiLo::of(token.lane(x));
        let parameters = [self.alpha, self.beta, self.smooth].map(narrowed);
        // Loss and gradient are the same for all numbers times a constant: small where a sum might overflow.
        let unit = if parameters.iter().any(|x| *x > power_of_two(60) as f32) { power_of_two(-64) as f32 } else { 1.0 };
        let [alpha, beta, smooth] = parameters.map(|x| number(x * unit));
        let (none, one, unit) = (number(0.0), number(1.0), number(unit));
        let probability = |x: f32| number(if (0.0..=1.0).contains(&x) { x } else { f32::NAN });
        let target = |i: usize| probability(sample.probability(i));
        let [mut overlap, mut false_positive, mut false_negative] = [none; 3];
        for i in 0..sample.len() {
            let (p, y) = (probability(sample.prediction.get(i)), target(i));
            overlap = overlap + p * y;
            false_positive = false_positive + p * (one - y);
            false_negative = false_negative + (one - p) * y;
        }
        let error = alpha * false_positive + beta * false_negative;
        overlap = overlap * unit + smooth;
        let d = overlap + error;
        if d.is_zero() {
            sample.fill(0.0, 0.0);
            return Some(none);
        }
        let loss = error / d;
        // g and s, as above.
        let parts = |y: HiLo<I::F32>| {
            let d_error = alpha * (one - y) - beta * y;
            ((overlap / d * d_error - loss * y * unit) / d, d_error + y * unit)
        };
        let (mut all_g, mut all_s) = (none, none);
        if sample.bound == Some(Bound::Matrix) {
            for i in 0..sample.len() {
                let (g, s) = parts(target(i));
                (all_g, all_s) = (all_g + g.abs(), all_s + s.abs());
            }
        }
        for i in 0..sample.len() {
            let (g, s) = parts(target(i));
            let mut second = s.times_any(-(g + g)) / d;
            if let Some(bound) = sample.bound {
                let both = (g.abs() * all_s + s.abs().times_any(all_g)) / d;
                second = if bound == Bound::Matrix { both } else { second.abs() }.max(g.abs());
            }
            sample.write(token, i, g, second);
        }
        Some(loss)
    }
}
