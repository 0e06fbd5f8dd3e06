//! Losses whose sample is a row: what a user calls, and the loop over the rows.
//!
//! A [`RowFormula`] says what a loss is and which rows count; its [`RowKernel`] computes one row. From the two, every method
//! of [`RowLoss`] follows, through one kernel. Losses of rows are made in f64, in blocks and by strands, and rounded
//! once: an order that depends on the length alone, so that they have the same bits in registers of any width.

pub(crate) mod categorical;
pub(crate) mod cross_entropy;
pub(crate) mod margin;
pub(crate) mod overlap;

use crate::check::same_length;
use crate::compiled::Here;
use crate::element::Element;
use crate::error::TargetError;
use crate::loss::{
    CategoricalCrossEntropy, CategoricalFocal, CategoricalHinge, Dice, MultiMargin, NegativeLogLikelihood,
    SoftmaxCrossEntropy, Tversky,
};
use crate::row::{COPIED, Rows};
use crate::simd::{Isa, Kernel, Lanes, MAX_LANES, Real, Token, dispatch};
use crate::slice::{self, Dst, Map, Src, Workspace};
use crate::sum::PairwiseSum;

/// What a row should have been.
///
/// ```
/// use slopes::{activation::Rows, loss::{RowLoss, SoftmaxCrossEntropy, Targets}};
/// let (loss, logits, rows) = (SoftmaxCrossEntropy::default(), [0.0_f64, 0.0], Rows::contiguous(2));
/// let by_label = loss.sum(&logits, Targets::Labels(&[1]), rows)?;
/// let by_probability = loss.sum(&logits, Targets::Probabilities(&[0.25, 0.75]), rows)?;
/// assert_eq!(by_label, by_probability);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Targets<'a, T> {
    /// The index of the right class, one a row.
    Labels(&'a [u32]),
    /// The probability of every class, as many as predictions. They need not sum to 1; a row with a negative one, or with
    /// NaN, has a loss of NaN.
    Probabilities(&'a [T]),
}

/// A loss of rows: of each row, summed, averaged, with its gradient in the prediction and the curvature along each entry.
///
/// ```
/// use slopes::activation::Rows;
/// use slopes::loss::{RowLoss, SoftmaxCrossEntropy, Targets};
///
/// let loss = SoftmaxCrossEntropy { ignore_label: Some(9), ..Default::default() };
/// let (logits, target, rows) = ([2.0_f64, 0.0, f64::NAN, 7.0], Targets::Labels(&[0, 9]), Rows::contiguous(2));
/// let mut gradient = [1.0; 4];
/// let mean = loss.mean_with_gradient(&logits, target, rows, &mut gradient)?;
/// assert!((mean - 0.126928).abs() < 1e-6);
/// assert_eq!(gradient[2..], [0.0; 2]);
/// # Ok::<(), slopes::loss::TargetError>(())
/// ```
///
/// Sums accumulate in f64, by a tree that depends on the number of rows alone. Which rows count, and what the mean
/// divides by, each loss says on its page; a row that does not count changes no bit, and may hold anything.
///
/// # Errors
/// If a label names no class; nothing is written then.
///
/// # Panics
/// If the lengths of slices do not fit each other, or if a loss that takes labels alone is given probabilities; before
/// anything is written.
pub trait RowLoss<T: Element>: Send + Sync {
    /// The loss of each row.
    fn forward(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        losses: &mut [T],
    ) -> Result<(), TargetError>;

    /// The sum of the losses; 0 for no rows.
    fn sum(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;

    /// What [`mean`](RowLoss::mean) divides by: the number of rows that count, or, of labels, the sum of their weights.
    fn total_weight(&self, target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError>;

    /// The sum of the losses by the [`total_weight`](RowLoss::total_weight); NaN for no rows.
    fn mean(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;

    /// The sum of the losses by the number of rows that count, whatever their weights; NaN for no rows.
    fn mean_unweighted(&self, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;

    /// gradient = scale * derivative in the prediction.
    fn gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<(), TargetError>;

    /// The sum of the losses, and the gradient, in one pass.
    fn sum_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<T, TargetError>;

    /// As [`sum_with_gradient`](RowLoss::sum_with_gradient), with the gradient in the place of the prediction.
    fn sum_with_gradient_in_place(
        &self,
        prediction: &mut [T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
    ) -> Result<T, TargetError>;

    /// The mean, and its gradient, in one pass. The gradient of the mean of nothing is 0.
    fn mean_with_gradient(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        gradient: &mut [T],
    ) -> Result<T, TargetError>;

    /// gradient = scale * derivative and curvature = scale * second derivative along each entry: the diagonal of the
    /// row's matrix of second derivatives. It may be 0 or negative where the page of the loss does not say otherwise.
    fn gradient_with_hessian(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
        curvature: &mut [T],
    ) -> Result<(), TargetError>;

    /// As [`gradient_with_hessian`](RowLoss::gradient_with_hessian), with a positive stand-in for the curvature: its
    /// magnitude, or that of `scale` where it is 0. For methods that divide by it, as boosting does.
    ///
    /// ```
    /// use slopes::activation::Rows;
    /// use slopes::loss::{MultiMargin, RowLoss, Targets};
    ///
    /// let (mut gradient, mut bound) = ([0.0; 2], [0.0; 2]);
    /// let (loss, target, rows) = (MultiMargin::default(), Targets::Labels(&[0]), Rows::contiguous(2));
    /// loss.gradient_with_hessian_bound(&[0.5_f64, 1.0], target, rows, 1.0, &mut gradient, &mut bound)?;
    /// assert_eq!(bound, [1.0; 2]);
    /// # Ok::<(), slopes::loss::TargetError>(())
    /// ```
    fn gradient_with_hessian_bound(
        &self,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
        bound: &mut [T],
    ) -> Result<(), TargetError>;
}

/// The magnitude of a curvature, or of the scale where it is 0.
#[derive(Clone, Copy)]
struct Bound;
impl Map<2, 1> for Bound {
    #[inline(always)]
    fn apply<L: Lanes>(self, [curvature, scale]: [L; 2]) -> [L; 1] {
        [scale.select(curvature.equals(curvature.splat(0.0)), curvature).abs()]
    }
}

/// What one row should have been.
#[derive(Clone, Copy)]
pub(crate) enum RowTarget<'a, R> {
    Label(usize),
    Probabilities(Src<'a, R>),
}

/// One row, and where its derivatives go, times `scale`. The gradient may be the memory of the prediction.
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a, R> {
    pub(crate) prediction: Src<'a, R>,
    pub(crate) target: RowTarget<'a, R>,
    pub(crate) len: usize,
    pub(crate) scale: f64,
    pub(crate) gradient: Option<Dst<'a, R>>,
    pub(crate) curvature: Option<Dst<'a, R>>,
}

/// How many numbers of a row are on the way at a time.
pub(crate) const BLOCK: usize = 128;

/// The beginnings of a row's blocks, each with its length.
pub(crate) fn blocks(len: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..len).step_by(BLOCK).map(move |start| (start, BLOCK.min(len - start)))
}

/// The sum of a block.
#[inline(always)]
pub(crate) fn sum<I: Isa>(token: Token<I>, block: &[f64]) -> f64 {
    token.sum(Src::new(block))
}

/// Numbers of a row from `start` on, in f64.
#[inline(always)]
pub(crate) fn widen<R: Real>(row: Src<R>, start: usize, block: &mut [f64]) {
    let row = row.part(start, block.len());
    for (i, wide) in block.iter_mut().enumerate() {
        *wide = row.read(i);
    }
}

/// Writes numbers times `scale` to a row from `start` on.
#[inline(always)]
pub(crate) fn write<R: Real>(row: Dst<R>, start: usize, scale: f64, block: &[f64]) {
    let row = row.part(start, block.len());
    for (i, wide) in block.iter().enumerate() {
        row.write(i, scale * wide);
    }
}

impl<R: Real> Sample<'_, R> {
    /// Writes derivatives that are the same for every entry.
    #[inline(always)]
    pub(crate) fn fill(self, gradient: f64, curvature: f64) {
        for (target, value) in [(self.gradient, gradient), (self.curvature, curvature)] {
            if let Some(target) = target {
                (0..self.len).for_each(|i| target.write(i, value));
            }
        }
    }

    /// The target from `start` on as probabilities. What is no probability, being negative, becomes NaN.
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
                    *y = if *y >= 0.0 { *y } else { f64::NAN };
                }
            }
        }
    }
}

/// A parameter as a type holds it, in f64.
#[inline(always)]
pub(crate) fn rounded_to<R: Real>(parameter: f64) -> f64 {
    R::from_f64_rounded(parameter).into_f64()
}

/// Weights of classes from `start` on, as a type holds them, times a block.
#[inline(always)]
pub(crate) fn weigh<R: Real>(weights: Option<&[f64]>, start: usize, block: &mut [f64]) {
    let Some(weights) = weights else { return };
    for (y, weight) in block.iter_mut().zip(&weights[start..]) {
        *y *= rounded_to::<R>(*weight);
    }
}

/// The text of a loss: what it makes of one row.
pub(crate) trait RowKernel: Copy {
    /// The loss of the row in f64, and its derivatives; nothing if the row has no say.
    fn row<R: Real, I: Isa>(self, token: Token<I>, sample: Sample<'_, R>) -> Option<f64>;
}

/// A loss of rows: its kernel, and which rows count.
pub(crate) trait RowFormula: Send + Sync {
    type Kernel: RowKernel;

    /// Whether targets may be labels alone.
    const LABELS_ALONE: bool = false;

    fn kernel(&self) -> Self::Kernel;

    /// Weights, one for each class.
    fn class_weights(&self) -> Option<&[f64]> {
        None
    }

    /// The label of rows that do not count.
    fn ignore_label(&self) -> Option<u32> {
        None
    }

    /// Whether the mean divides by the weights of the labels.
    const MEAN_BY_WEIGHT: bool = false;
}

/// The methods of [`RowLoss`], for the macros of `compiled.rs`.
macro_rules! row_loss_methods {
    ($then:path: $context:tt) => {
        $then! { $context
            forward(prediction: &[T], target: Targets<'_, T>, rows: Rows, losses: &mut [T]) -> Result<(), TargetError>;
            sum(prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;
            total_weight(target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError>;
            mean(prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;
            mean_unweighted(prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError>;
            gradient(
                prediction: &[T],
                target: Targets<'_, T>,
                rows: Rows,
                scale: T,
                gradient: &mut [T]
            ) -> Result<(), TargetError>;
            sum_with_gradient(
                prediction: &[T],
                target: Targets<'_, T>,
                rows: Rows,
                scale: T,
                gradient: &mut [T]
            ) -> Result<T, TargetError>;
            sum_with_gradient_in_place(
                prediction: &mut [T],
                target: Targets<'_, T>,
                rows: Rows,
                scale: T
            ) -> Result<T, TargetError>;
            mean_with_gradient(
                prediction: &[T],
                target: Targets<'_, T>,
                rows: Rows,
                gradient: &mut [T]
            ) -> Result<T, TargetError>;
            gradient_with_hessian(
                prediction: &[T],
                target: Targets<'_, T>,
                rows: Rows,
                scale: T,
                gradient: &mut [T],
                curvature: &mut [T]
            ) -> Result<(), TargetError>;
            gradient_with_hessian_bound(
                prediction: &[T],
                target: Targets<'_, T>,
                rows: Rows,
                scale: T,
                gradient: &mut [T],
                bound: &mut [T]
            ) -> Result<(), TargetError>;
        }
    };
}

row_loss_methods! { crate::compiled::declare_compute: {
    /// Who computes the methods of [`RowLoss`]: an element.
    pub(crate) ComputeRows
} }

/// The losses of rows: [`RowLoss`] for each, and its compiled kernels.
macro_rules! row_losses {
    ($($Name:ident $(<$lifetime:lifetime>)?),+ $(,)?) => {
        $(
            row_loss_methods! { crate::compiled::compile: { [$($lifetime)?] ComputeRows of $Name $(<$lifetime>)? } }
            row_loss_methods! { crate::__implement: {
                [$($lifetime,)?] loss RowLoss ComputeRows, T::Kernels, $Name $(<$lifetime>)?, {}
            } }
        )+

        /// The compiled kernels of the losses of rows.
        pub(crate) trait RowLosses<T>: $($(for<$lifetime>)? ComputeRows<$Name $(<$lifetime>)?, T> +)+ {}
        crate::compiled::for_each_element! { crate::compiled::implement_all: @of RowLosses }
    };
}
row_losses! {
    SoftmaxCrossEntropy<'a>, CategoricalFocal<'a>, CategoricalCrossEntropy, NegativeLogLikelihood<'a>, MultiMargin,
    CategoricalHinge, Dice, Tversky,
}

/// [`Targets`], whatever the type of the numbers.
#[derive(Clone, Copy)]
enum RowTargets<'a, R> {
    Labels(&'a [u32]),
    Probabilities(Src<'a, R>),
}

/// The rows of a loss, with what is wanted of them.
struct EachRow<'a, F, R> {
    kernel: F,
    ignore_label: Option<u32>,
    prediction: Src<'a, R>,
    target: RowTargets<'a, R>,
    rows: usize,
    layout: Rows,
    scale: f64,
    losses: Option<Dst<'a, R>>,
    gradient: Option<Dst<'a, R>>,
    curvature: Option<Dst<'a, R>>,
}

impl<'a, F: RowKernel, R: Real> EachRow<'a, F, R> {
    /// A row, unless it is ignored.
    #[inline(always)]
    fn sample(&self, row: usize) -> (Sample<'a, R>, bool) {
        let Self { layout, .. } = self;
        let (target, ignored) = match self.target {
            RowTargets::Labels(labels) => {
                (RowTarget::Label(labels[row] as usize), self.ignore_label == Some(labels[row]))
            }
            RowTargets::Probabilities(y) => (RowTarget::Probabilities(layout.of(y, row)), false),
        };
        let sample = Sample {
            prediction: layout.of(self.prediction, row),
            target,
            len: layout.row_len(),
            scale: self.scale,
            gradient: self.gradient.map(|gradient| layout.of_target(gradient, row)),
            curvature: self.curvature.map(|curvature| layout.of_target(curvature, row)),
        };
        (sample, ignored)
    }
}

impl<F: RowKernel, R: Real> Kernel for EachRow<'_, F, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let mut tree = PairwiseSum::new();
        // What is written is not copied: it is rounded once, from f64.
        let mut rooms = [Workspace::<R, COPIED>::new(), Workspace::<R, COPIED>::new()];
        let [room, target_room] = rooms.each_mut().map(|room| room.zeros(self.layout.copied(self.prediction)));
        for row in 0..self.rows {
            let (mut sample, ignored) = self.sample(row);
            let loss = if ignored {
                None
            } else {
                sample.prediction = token.plain(sample.prediction, room);
                if let RowTarget::Probabilities(y) = &mut sample.target {
                    *y = token.plain(*y, target_room);
                }
                self.kernel.row(token, sample)
            };
            if let Some(loss) = loss {
                // As sums of other losses: of what is computed, in the type that it is computed in.
                tree.push(rounded_to::<R>(loss));
            } else {
                sample.fill(0.0, 0.0);
            }
            if let Some(losses) = self.losses {
                losses.write(row, loss.unwrap_or(0.0));
            }
        }
        tree.sum()
    }
}

/// Checks a target, and counts its rows.
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
        Targets::Labels(labels) => {
            let wrong = |&label: &u32| label as usize >= classes && loss.ignore_label() != Some(label);
            match labels.iter().position(wrong) {
                Some(row) => Err(TargetError { row, label: labels[row], classes }),
                None => Ok(labels.len()),
            }
        }
    }
}

/// What the mean divides by, and the number of rows that count, of a target that is checked.
fn denominators<F: RowFormula, T: Element>(loss: &F, target: Targets<'_, T>, count: usize) -> [f64; 2] {
    let Targets::Labels(labels) = target else { return [count as f64; 2] };
    let weights = if F::MEAN_BY_WEIGHT { loss.class_weights() } else { None };
    let counting = || labels.iter().filter(|&&label| loss.ignore_label() != Some(label));
    let counted = counting().count() as f64;
    let Some(weights) = weights else { return [counted; 2] };
    let mut tree = PairwiseSum::new();
    counting().for_each(|&label| tree.push(rounded_to::<T::Real>(weights[label as usize])));
    [tree.sum(), counted]
}

/// The kernel of a loss, without outputs, once everything that goes in is checked.
#[track_caller]
fn kernel<'a, F: RowFormula, T: Element>(
    loss: &F,
    prediction: Src<'a, T::Real>,
    numbers: usize,
    target: Targets<'a, T>,
    rows: Rows,
) -> Result<EachRow<'a, F::Kernel, T::Real>, TargetError> {
    let count = rows.count(numbers);
    let views = match target {
        Targets::Labels(labels) => {
            same_length("target", [("rows of prediction", count), ("labels", labels.len())]);
            RowTargets::Labels(labels)
        }
        Targets::Probabilities(y) => {
            same_length("target", [("prediction", numbers), ("target", y.len())]);
            RowTargets::Probabilities(Src::new(y))
        }
    };
    check(loss, target, rows)?;
    Ok(EachRow {
        kernel: loss.kernel(),
        ignore_label: loss.ignore_label(),
        prediction,
        target: views,
        rows: count,
        layout: rows,
        scale: 1.0,
        losses: None,
        gradient: None,
        curvature: None,
    })
}

impl<F: RowFormula, T: Element> ComputeRows<F, T> for Here {
    #[track_caller]
    fn forward(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        losses: &mut [T],
    ) -> Result<(), TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        same_length("forward", [("rows of prediction", kernel.rows), ("losses", losses.len())]);
        dispatch(EachRow { losses: Some(Dst::new(losses)), ..kernel });
        Ok(())
    }

    #[track_caller]
    fn sum(f: &F, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        Ok(T::from_f64_rounded(dispatch(kernel)))
    }

    #[track_caller]
    fn total_weight(f: &F, target: Targets<'_, T>, rows: Rows) -> Result<f64, TargetError> {
        let count = check(f, target, rows)?;
        Ok(denominators::<F, T>(f, target, count)[0])
    }

    #[track_caller]
    fn mean(f: &F, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        let [denominator, _] = denominators::<F, T>(f, target, kernel.rows);
        Ok(T::from_f64_rounded(dispatch(kernel) / denominator))
    }

    #[track_caller]
    fn mean_unweighted(f: &F, prediction: &[T], target: Targets<'_, T>, rows: Rows) -> Result<T, TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        let [_, counted] = denominators::<F, T>(f, target, kernel.rows);
        Ok(T::from_f64_rounded(dispatch(kernel) / counted))
    }

    #[track_caller]
    fn gradient(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<(), TargetError> {
        <Self as ComputeRows<F, T>>::sum_with_gradient(f, prediction, target, rows, scale, gradient).map(|_| ())
    }

    #[track_caller]
    fn sum_with_gradient(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
    ) -> Result<T, TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        same_length("gradient", [("prediction", prediction.len()), ("gradient", gradient.len())]);
        let gradient = Some(Dst::new(gradient));
        Ok(T::from_f64_rounded(dispatch(EachRow { scale: scale.into_f64(), gradient, ..kernel })))
    }

    #[track_caller]
    fn sum_with_gradient_in_place(
        f: &F,
        prediction: &mut [T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
    ) -> Result<T, TargetError> {
        let numbers = prediction.len();
        let gradient = Dst::new(prediction);
        let kernel = kernel::<F, T>(f, gradient.src(), numbers, target, rows)?;
        Ok(T::from_f64_rounded(dispatch(EachRow { scale: scale.into_f64(), gradient: Some(gradient), ..kernel })))
    }

    #[track_caller]
    fn mean_with_gradient(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        gradient: &mut [T],
    ) -> Result<T, TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        same_length("gradient", [("prediction", prediction.len()), ("gradient", gradient.len())]);
        let [denominator, _] = denominators::<F, T>(f, target, kernel.rows);
        let gradient = Some(Dst::new(gradient));
        Ok(T::from_f64_rounded(dispatch(EachRow { scale: 1.0 / denominator, gradient, ..kernel }) / denominator))
    }

    #[track_caller]
    fn gradient_with_hessian(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
        curvature: &mut [T],
    ) -> Result<(), TargetError> {
        let kernel = kernel::<F, T>(f, Src::new(prediction), prediction.len(), target, rows)?;
        let [p, g] = [("prediction", prediction.len()), ("gradient", gradient.len())];
        same_length("gradient_with_hessian", [p, g, ("curvature", curvature.len())]);
        let (gradient, curvature) = (Some(Dst::new(gradient)), Some(Dst::new(curvature)));
        dispatch(EachRow { scale: scale.into_f64(), gradient, curvature, ..kernel });
        Ok(())
    }

    #[track_caller]
    fn gradient_with_hessian_bound(
        f: &F,
        prediction: &[T],
        target: Targets<'_, T>,
        rows: Rows,
        scale: T,
        gradient: &mut [T],
        bound: &mut [T],
    ) -> Result<(), TargetError> {
        <Self as ComputeRows<F, T>>::gradient_with_hessian(f, prediction, target, rows, scale, gradient, bound)?;
        let (scale, bound) = ([scale; MAX_LANES], Dst::new(bound));
        slice::map(Bound, [bound.src(), Src::repeat(&scale)], [bound]);
        Ok(())
    }
}
