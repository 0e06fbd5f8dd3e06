//! The driver of the losses of rows: checks a batch, and runs the kernel of a loss over its rows.
//!
//! A [`RowFormula`] has the options of a loss; its [`RowKernel`] computes one row. Losses of rows are computed in f64,
//! in blocks and by interleaved accumulators, an order that depends on the length alone, so that the bits are the same
//! for registers of any width; and rounded to the type of the computation. On machines without f64, f32 is computed by
//! `in_f32.rs`.

use core::ops::Range;

use super::each_row::{EachRow, RowTargets};
use super::in_f32;
use super::targets::Targets;
use crate::check::same_length;
use crate::convert::{equal, of_count};
use crate::element::Element;
use crate::error::TargetError;
use crate::exact_sum::ExactSum;
use crate::loss::total::inverse;
use crate::math::pair::HiLo;
use crate::row::Rows;
use crate::simd::{Isa, Real, Token, dispatch, dispatch_scalar, without_f64};
use crate::slice::{Dst, Src, WIDTH};
use crate::sum::{ACCUMULATORS, PairwiseSum};

/// The target of one row.
#[derive(Clone, Copy)]
pub(crate) enum RowTarget<'a, R> {
    Label(usize),
    Probabilities(Src<'a, R>),
}

/// One row, and the outputs of its derivatives, which are multiplied by `scale`. The gradient may be the memory of the
/// prediction.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a, R> {
    pub(crate) prediction: Src<'a, R>,
    pub(crate) target: RowTarget<'a, R>,
    pub(crate) len: usize,
    pub(crate) scale: f64,
    pub(crate) gradient: Option<Dst<'a, R>>,
    /// The diagonal of the second derivatives, or a bound.
    pub(crate) hessian: Option<Dst<'a, R>>,
    pub(crate) bound: Option<Bound>,
}

/// The bound that is written in place of the second derivatives. It is not negative; the driver makes it positive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Of the diagonal.
    Diagonal,
    /// Of the whole matrix.
    Matrix,
}

impl Bound {
    /// A bound by Gershgorin's circles: of the diagonal alone, or with the magnitudes beside it, whose sum is no larger.
    #[inline(always)]
    pub(crate) fn of(self, diagonal: f64) -> f64 {
        match self {
            Bound::Diagonal => diagonal,
            Bound::Matrix => 2.0 * diagonal,
        }
    }
}

/// The number of entries of a row that are computed at a time.
pub(crate) const BLOCK: usize = 128;

/// The blocks of up to `N` entries of a row: the index of the first entry, and the length.
pub(crate) fn blocks<const N: usize>(len: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..len).step_by(N).map(move |start| (start, N.min(len - start)))
}

/// The sum of a block.
#[inline(always)]
pub(crate) fn sum<I: Isa>(token: Token<I>, block: &[f64]) -> f64 {
    token.sum(Src::new(block))
}

/// Converts the entries of a row from `start` on to f64.
#[inline(always)]
pub(crate) fn widen<R: Real>(row: Src<R>, start: usize, block: &mut [f64]) {
    row.part(start, block.len()).read_all(block);
}

/// Writes a block times `scale` to a row from `start` on.
#[inline(always)]
pub(crate) fn write<R: Real>(row: Dst<R>, start: usize, scale: f64, block: &[f64]) {
    row.part(start, block.len()).write_all(scale, block);
}

impl<R: Real> Sample<'_, R> {
    /// Writes derivatives that are the same for every entry; the scale is not applied.
    #[inline(always)]
    pub(crate) fn fill(self, gradient: f64, hessian: f64) {
        for (output, value) in [(self.gradient, gradient), (self.hessian, hessian)] {
            if let Some(output) = output {
                output.fill(value);
            }
        }
    }

    /// The target from `start` on as probabilities; a label is one-hot. Negative numbers become NaN.
    #[inline(always)]
    pub(crate) fn probabilities(self, start: usize, block: &mut [f64]) {
        match self.target {
            RowTarget::Label(label) => {
                block.fill(0.0);
                if let Some(y) = label.checked_sub(start).and_then(|i| block.get_mut(i)) {
                    *y = 1.0;
                }
            }
            RowTarget::Probabilities(y) => {
                widen(y, start, block);
                for y in block {
                    *y = probability(*y);
                }
            }
        }
    }
}

/// An entry of a target as a probability: NaN, if it is negative.
#[inline(always)]
pub(crate) fn probability(y: f64) -> f64 {
    if y >= 0.0 { y } else { f64::NAN }
}

/// A parameter rounded to a type, in f64.
#[inline(always)]
pub(crate) fn rounded_to<R: Real>(parameter: f64) -> f64 {
    R::from_f64_rounded(parameter).into_f64()
}

/// Multiplies a block by the class weights from `start` on, rounded to a type.
#[inline(always)]
pub(crate) fn weigh<R: Real>(weights: Option<&[f64]>, start: usize, block: &mut [f64]) {
    let Some(weights) = weights else { return };
    for (y, weight) in block.iter_mut().zip(&weights[start..]) {
        *y *= rounded_to::<R>(*weight);
    }
}

/// The kernel of a loss, which computes one row.
pub(crate) trait RowKernel: Copy {
    /// The loss of the row in f64; writes its derivatives. `None` if the row is ignored.
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64>;

    /// As [`row`](RowKernel::row), for f32 on machines without f64.
    fn in_f32<I: Isa>(self, token: Token<I>, sample: in_f32::Sample<'_, I::F32>) -> Option<HiLo<I::F32>>;

    /// The length of the longest rows for [`columns`](RowKernel::columns); 0 if that is not there for these options.
    #[inline(always)]
    fn columns_up_to<R: Real>(self) -> usize {
        0
    }

    /// The losses of rows with labels, side by side in a tile that the gradients replace; the bits are those of
    /// [`row`](RowKernel::row). Returns false if some row needs that; nothing but the tile is written then.
    #[inline(always)]
    fn columns<R: Real, I: Isa>(self, token: Token<I>, columns: &mut Columns<'_, R>) -> bool {
        let _ = (token, columns);
        false
    }

    /// The length of the longest rows for [`soft_columns`](RowKernel::soft_columns); 0 if that is not there for these
    /// options, or for these targets: labels or probabilities.
    #[inline(always)]
    fn soft_columns_up_to<R: Real>(self, labels: bool) -> usize {
        let _ = labels;
        0
    }

    /// As [`columns`](RowKernel::columns), for any target: a tile of probabilities; those of a label are one-hot. The
    /// gradients at the labels are written to the tile too. `spare` is a tile for any use.
    #[inline(always)]
    fn soft_columns<R: Real, I: Isa>(
        self,
        token: Token<I>,
        columns: &mut Columns<'_, R>,
        target: Src<R>,
        spare: Dst<R>,
    ) -> bool {
        let _ = (token, columns, target, spare);
        false
    }
}

/// Rows side by side.
pub(crate) struct Columns<'a, R> {
    /// The predictions.
    pub(crate) tile: Dst<'a, R>,
    pub(crate) count: usize,
    pub(crate) labels: [usize; WIDTH],
    /// The factor of the derivatives of each row; unused where the row is ignored.
    pub(crate) scales: [f64; WIDTH],
    /// True if gradients are wanted.
    pub(crate) gradient: bool,
    /// The losses, to be written.
    pub(crate) losses: [f64; WIDTH],
    /// The gradients at the labels, if the targets are labels: to be written here, not to the tile.
    pub(crate) of_labels: [f64; WIDTH],
    /// True for rows that are ignored; their gradients are written by the driver.
    pub(crate) ignored: [bool; WIDTH],
}

/// The sums of columns in f64, with the accumulators of the sum of one row: the same bits.
pub(crate) struct ColumnSums([[f64; WIDTH]; ACCUMULATORS]);

impl ColumnSums {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        ColumnSums([[0.0; WIDTH]; ACCUMULATORS])
    }

    /// The accumulators of entry i of each column, to which it is to be added.
    #[inline(always)]
    pub(crate) fn accumulators(&mut self, i: usize) -> &mut [f64; WIDTH] {
        &mut self.0[i % ACCUMULATORS]
    }

    /// The sums of `len` entries, at most a block.
    #[inline(always)]
    pub(crate) fn sums<I: Isa>(&self, token: Token<I>, len: usize) -> [f64; WIDTH] {
        let mut sums = [0.0; WIDTH];
        // Each accumulator is an entry of a tile.
        let tile = self.0[..len.min(ACCUMULATORS)].as_flattened();
        token.sum_columns(Src::new(tile), WIDTH, &mut sums);
        sums
    }
}

/// The index of the first entry of a row that is m.
#[inline(always)]
pub(crate) fn position<R: Real>(row: Src<R>, m: f64) -> usize {
    let mut i = 0;
    while i + 1 < row.len() && row.read(i) != m {
        i += 1;
    }
    i
}

/// A loss of rows: its kernel and its options.
pub(crate) trait RowFormula: Send + Sync {
    type Kernel: RowKernel;

    /// True if targets must be labels.
    const LABELS_ALONE: bool = false;

    /// True if the mean divides by the class weights of the labels.
    const MEAN_BY_WEIGHT: bool = false;

    /// True if a row whose probabilities are all 0 is ignored: the kernel returns `None` for it, and a mean does not count
    /// it.
    const IGNORES_ZEROS: bool = false;

    /// The kernel, with the options of the loss.
    fn kernel(&self) -> Self::Kernel;

    /// The weight of each class, if not all are 1.
    fn class_weights(&self) -> Option<&[f64]> {
        None
    }

    /// The label of rows that are ignored.
    fn ignore_label(&self) -> Option<i64> {
        None
    }

    /// The constant prediction with the least mean loss of a class with this share of the weighted targets, if it
    /// depends on the share alone.
    fn initial_score(&self, share: f64, classes: usize) -> Option<f64> {
        let _ = (share, classes);
        None
    }
}

/// The factor of the derivatives.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scale {
    By(f64),
    /// 1 / total weight.
    Mean,
    /// 1 / number of rows that are not ignored.
    MeanUnweighted,
}

impl Scale {
    /// The factor, given the total weight and the number of rows that are not ignored.
    pub(crate) fn of<R: Real>(self, weight: f64, counted: f64) -> f64 {
        let divisor = match self {
            Scale::By(scale) => return scale,
            Scale::Mean => weight,
            Scale::MeanUnweighted => counted,
        };
        inverse::<R>(divisor)
    }
}

/// A batch of rows, and its outputs.
#[allow(missing_debug_implementations, reason = "users never have one")]
pub struct Batch<'a, T: Element> {
    pub(crate) prediction: Prediction<'a, T>,
    pub(crate) target: Targets<'a, T>,
    pub(crate) rows: Rows,
    pub(crate) sample_weights: Option<&'a [f64]>,
    pub(crate) scale: Scale,
    pub(crate) losses: Option<&'a mut [T]>,
    pub(crate) gradient: Option<&'a mut [T]>,
    pub(crate) hessian: Option<&'a mut [T]>,
    /// The bound that is written in place of the Hessian, if any.
    pub(crate) bound: Option<Bound>,
    /// The rows of a larger batch that these are, if they are a part of one.
    pub(crate) part: Option<Range<usize>>,
    /// The output of the terms of the sum, one for each row that is not ignored.
    pub(crate) terms: Option<&'a mut [f64]>,
}

/// The predictions of a batch.
pub(crate) enum Prediction<'a, T> {
    /// None, for what depends on the targets alone.
    Missing,
    Of(&'a [T]),
    /// The gradient replaces them.
    Replaced(&'a mut [T]),
}

impl<'a, T> Prediction<'a, T> {
    pub(crate) fn len(&self) -> Option<usize> {
        match self {
            Prediction::Missing => None,
            Prediction::Of(x) => Some(x.len()),
            Prediction::Replaced(x) => Some(x.len()),
        }
    }

    /// Takes the first `n` numbers, if there are predictions.
    #[cfg(feature = "rayon")]
    pub(crate) fn take(&mut self, n: usize) -> Self {
        match self {
            Prediction::Of(x) => x.split_off(..n).map(Prediction::Of),
            Prediction::Replaced(x) => x.split_off_mut(..n).map(Prediction::Replaced),
            Prediction::Missing => None,
        }
        .unwrap_or(Prediction::Missing)
    }
}

impl<'a, T: Element> Batch<'a, T> {
    /// Targets without predictions, for the total of their weights.
    pub(crate) fn of_targets(target: Targets<'a, T>, rows: Rows) -> Self {
        Batch {
            prediction: Prediction::Missing,
            target,
            rows,
            sample_weights: None,
            scale: Scale::Mean,
            losses: None,
            gradient: None,
            hessian: None,
            bound: None,
            part: None,
            terms: None,
        }
    }

    /// Predictions and targets.
    pub(crate) fn new(prediction: &'a [T], target: Targets<'a, T>, rows: Rows) -> Self {
        let prediction = Prediction::Of(prediction);
        Batch { prediction, scale: Scale::By(1.0), ..Self::of_targets(target, rows) }
    }

    /// With `scale` times the gradient, and times the second derivatives or their bound.
    pub(crate) fn with_hessian(
        self,
        scale: f64,
        gradient: &'a mut [T],
        hessian: &'a mut [T],
        bound: Option<Bound>,
    ) -> Self {
        let (gradient, hessian) = (Some(gradient), Some(hessian));
        Batch { scale: Scale::By(scale), gradient, hessian, bound, ..self }
    }

    /// Checks the number of targets.
    #[track_caller]
    pub(crate) fn check_targets(&self) {
        let numbers = self.prediction.len();
        match (self.target, numbers) {
            (Targets::Labels(labels), Some(numbers)) => {
                same_length("target", [("rows of prediction", self.rows.count(numbers)), ("labels", labels.len())]);
            }
            (Targets::Labels(_), None) => {}
            (Targets::Probabilities(y), _) => {
                same_length("target", [("prediction", numbers.unwrap_or(y.len())), ("target", y.len())]);
            }
        }
    }

    /// Checks the lengths of what is not a target, for so many rows.
    #[track_caller]
    pub(crate) fn check_lengths(&self, count: usize) {
        let (losses, weights) =
            (self.losses.as_ref().map(|losses| losses.len()), self.sample_weights.map(<[f64]>::len));
        for (name, len) in [("losses", losses), ("weights", weights)] {
            same_length(name, [("rows", count), (name, len.unwrap_or(count))]);
        }
        for (name, derivatives) in [("gradient", &self.gradient), ("hessian", &self.hessian)] {
            if let (Some(derivatives), Some(numbers)) = (derivatives, self.prediction.len()) {
                same_length(name, [("prediction", numbers), (name, derivatives.len())]);
            }
        }
    }
}

/// The sums over a batch.
#[derive(Clone, Copy, Debug, Default)]
pub struct BatchTotals {
    pub(crate) sum: f64,
    /// The divisor of the mean; NaN for [`Scale::By`].
    pub(crate) weight: f64,
    /// The number of rows that are not ignored; NaN for [`Scale::By`].
    pub(crate) counted: f64,
    /// The number of terms of the sum.
    #[cfg_attr(not(feature = "rayon"), allow(dead_code, reason = "parts of a batch are put together by it"))]
    pub(crate) terms: usize,
}

/// Checks a target, and returns the number of its rows.
#[track_caller]
fn check<F: RowFormula, T: Element>(loss: &F, target: Targets<'_, T>, rows: Rows) -> Result<usize, TargetError> {
    let classes = rows.row_len();
    if let Some(weights) = loss.class_weights() {
        same_length("class_weights", [("class_weights", weights.len()), ("classes", classes)]);
    }
    match target {
        Targets::Probabilities(y) => {
            assert!(!F::LABELS_ALONE, "the loss takes labels, not probabilities");
            Ok(rows.count(y.len()))
        }
        Targets::Labels(labels) if labels.all_below(classes) => Ok(labels.len()),
        Targets::Labels(labels) => {
            let is_wrong =
                |&row: &usize| labels.class(row, classes).is_none() && !labels.is_ignored(row, loss.ignore_label());
            match (0..labels.len()).find(is_wrong) {
                Some(row) => Err(TargetError { row, label: labels.get(row), classes }),
                None => Ok(labels.len()),
            }
        }
    }
}

/// The divisor of the mean of checked targets, and the number of rows that are not ignored.
fn weigh_targets<F: RowFormula, T: Element>(loss: &F, batch: &Batch<'_, T>, count: usize) -> [f64; 2] {
    let labels = match batch.target {
        Targets::Labels(labels) => Some(labels),
        Targets::Probabilities(_) => None,
    };
    let class_weights = if F::MEAN_BY_WEIGHT { loss.class_weights() } else { None };
    let sample_weight = |row: usize| batch.sample_weights.map_or(1.0, |weights| weights[row]);
    let is_zero = |row: usize| match batch.target {
        Targets::Probabilities(y) if F::IGNORES_ZEROS => {
            let (start, stride) = (batch.rows.start(row), batch.rows.stride());
            (0..batch.rows.row_len()).all(|i| y[start + i * stride].is_zero())
        }
        _ => false,
    };
    // A sum of ones is exact.
    let ones = batch.sample_weights.is_none() && class_weights.is_none();
    let all_count = match labels {
        Some(_) => loss.ignore_label().is_none(),
        None => !F::IGNORES_ZEROS,
    };
    if ones && all_count {
        return [of_count(count); 2];
    }
    let (mut tree, mut exact, mut counted) = (PairwiseSum::new(), ExactSum::<f64>::new(), 0);
    for row in 0..count {
        let weight = sample_weight(row);
        let ignored = labels.is_some_and(|labels| labels.is_ignored(row, loss.ignore_label()));
        if equal(weight, 0.0) || ignored || is_zero(row) {
            continue;
        }
        counted += 1;
        let class = labels.and_then(|labels| labels.class(row, batch.rows.row_len()));
        let class_weight = class_weights.zip(class).map(|(weights, class)| rounded_to::<T::Real>(weights[class]));
        if const { without_f64::<T::Real>() } {
            in_f32::add_weight(&mut exact, weight, class_weight);
        } else {
            tree.push(class_weight.map_or(weight, |class_weight| class_weight * weight));
        }
    }
    [if const { without_f64::<T::Real>() } { exact.value() } else { tree.sum() }, of_count(counted)]
}

/// Writes the initial score of each class, from its share of the weighted targets. Returns false if the loss has no
/// initial scores.
fn write_initial_scores<F: RowFormula, T: Element>(
    loss: &F,
    batch: &Batch<'_, T>,
    count: usize,
    scores: &mut [T],
) -> bool {
    if loss.initial_score(0.5, 2).is_none() {
        return false;
    }
    let classes = scores.len();
    let of_class = |class: usize| {
        let class_weight = loss.class_weights().map_or(1.0, |weights| weights[class]);
        let mut tree = PairwiseSum::new();
        for row in 0..count {
            let target = match batch.target {
                Targets::Labels(labels) if labels.is_ignored(row, loss.ignore_label()) => 0.0,
                Targets::Labels(labels) => f64::from(u8::from(labels.class(row, classes) == Some(class))),
                Targets::Probabilities(y) => y[batch.rows.start(row) + class * batch.rows.stride()].into_f64(),
            };
            let weight = batch.sample_weights.map_or(1.0, |weights| weights[row]) * class_weight;
            tree.push(if weight == 0.0 || target == 0.0 { 0.0 } else { weight * target });
        }
        tree.sum()
    };
    let mut all = PairwiseSum::new();
    (0..classes).for_each(|class| all.push(of_class(class)));
    let all = all.sum();
    for (class, score) in scores.iter_mut().enumerate() {
        let value = loss.initial_score(of_class(class) / all, classes);
        *score = T::from_f64_rounded(value.unwrap_or(f64::NAN));
    }
    true
}

/// Checks the targets of a batch, and writes the initial score of each class. Returns false if the loss has none.
#[track_caller]
pub(crate) fn initial_scores<F: RowFormula, T: Element>(
    loss: &F,
    targets: Batch<'_, T>,
    scores: &mut [T],
) -> Result<bool, TargetError> {
    let count = check(loss, targets.target, targets.rows)?;
    targets.check_lengths(count);
    same_length("scores", [("classes", targets.rows.row_len()), ("scores", scores.len())]);
    Ok(write_initial_scores(loss, &targets, count, scores))
}

/// Checks a batch, and computes its outputs.
#[track_caller]
pub(crate) fn compute<F: RowFormula, T: Element>(loss: &F, batch: Batch<'_, T>) -> Result<BatchTotals, TargetError> {
    let rows = batch.rows;
    batch.check_targets();
    let count = check(loss, batch.target, rows)?;
    batch.check_lengths(count);
    let [weight, counted] = match batch.scale {
        Scale::By(_) => [f64::NAN; 2],
        _ => weigh_targets(loss, &batch, count),
    };
    let scale = batch.scale.of::<T::Real>(weight, counted);
    let (prediction, gradient) = match batch.prediction {
        Prediction::Missing => return Ok(BatchTotals { weight, counted, ..BatchTotals::default() }),
        Prediction::Of(x) => (Src::new(x), batch.gradient.map(Dst::new)),
        Prediction::Replaced(x) => {
            let gradient = Dst::new(x);
            (gradient.src(), Some(gradient))
        }
    };
    let kernel = EachRow {
        kernel: loss.kernel(),
        ignore_label: loss.ignore_label(),
        prediction,
        target: match batch.target {
            Targets::Labels(labels) => RowTargets::Labels(labels),
            Targets::Probabilities(y) => RowTargets::Probabilities(Src::new(y)),
        },
        sample_weights: batch.sample_weights,
        rows: count,
        layout: rows,
        scale,
        losses: batch.losses.map(Dst::new),
        gradient,
        hessian: batch.hessian.map(Dst::new),
        bound: batch.bound,
        terms: batch.terms,
    };
    let (sum, terms) =
        if const { without_f64::<T::Real>() } { dispatch_scalar(in_f32::OneByOne(kernel)) } else { dispatch(kernel) };
    Ok(BatchTotals { sum, weight, counted, terms })
}
