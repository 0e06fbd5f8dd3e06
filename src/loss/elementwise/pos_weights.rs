//! Binary cross-entropy of several labels, with a weight of the positive samples of each class.
//!
//! Computed a block at a time: the weights of the block's numbers are laid out beside its predictions and targets. A
//! block is a leaf of the sum's tree.

use super::likelihood::{BinaryCrossEntropyWithLogits, Logits};
use super::weighted::{BlockSum, Places, SHORT_BLOCK};
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::error::ParameterError;
use crate::row::Rows;
use crate::simd::{Lanes, Real, widens, without_f64};
use crate::slice::{self, Dst, Map, Src};
use crate::sum::BLOCK;

/// Binary cross-entropy with logits of several labels, where each class has a `pos_weight` of its own: rare classes can
/// count more.
///
/// A row has a logit and a target for each class, which do not exclude one another. The loss of a number is that of
/// [`BinaryCrossEntropyWithLogits`](crate::loss::BinaryCrossEntropyWithLogits) with the weight of its class, and so are
/// the domain and the error bounds.
///
#[cfg_attr(doc, doc = include_str!("../../../doc/plots/row/multi_label_cross_entropy.html"))]
///
/// - value: `(1 - y) ln(1 + exp(z)) + w y ln(1 + exp(-z))`, z the prediction, y the target, w the weight of the class
/// - gradient: `(1 - y) s(z) - w y s(-z), s(z) = 1 / (1 + exp(-z))`
/// - Hessian bound: `(1 - y + w y) tanh(z / 2) / (2 z)`
/// - mean: the sum divided by the number of numbers, as in PyTorch's `BCEWithLogitsLoss`
/// - source: that of [`BinaryCrossEntropyWithLogits`](crate::loss::BinaryCrossEntropyWithLogits)
///
/// `rows` is the layout of the classes: `Rows::contiguous(classes)` for an array of shape (samples, classes).
///
/// ```
/// use slopes::Rows;
/// use slopes::loss::MultiLabelCrossEntropy;
///
/// // Two samples of three classes.
/// let prediction = [0.0_f64, 0.0, 0.0, 0.0, 0.0, 0.0];
/// let target = [1.0, 0.0, 0.0, 0.0, 1.0, 1.0];
/// let loss = MultiLabelCrossEntropy::new(&[1.0, 3.0, 5.0])?;
/// let rows = Rows::contiguous(3);
/// let mean = loss.mean(&prediction, &target, rows);
/// assert!((mean - 2.0_f64.ln() * (1.0 + 1.0 + 1.0 + 1.0 + 3.0 + 5.0) / 6.0).abs() < 1e-15);
///
/// let mut gradient = [0.0; 6];
/// loss.gradient(&prediction, &target, rows, 1.0, &mut gradient);
/// assert_eq!(gradient, [-0.5, 0.5, 0.5, 0.5, -1.5, -2.5]);
/// # Ok::<(), slopes::ParameterError>(())
/// ```
///
/// # Panics
/// Methods panic if slices differ in length, if there is not a weight for each class, or if a length is no number of
/// whole rows, before anything is written.
#[derive(Clone, Copy, Debug, PartialEq)]
#[doc(alias = "pos_weight")]
#[doc(alias = "BCEWithLogitsLoss")]
pub struct MultiLabelCrossEntropy<'a> {
    pos_weights: &'a [f64],
}

impl<'a> MultiLabelCrossEntropy<'a> {
    /// The loss with these weights of the positive samples, one for each class.
    ///
    /// # Errors
    /// If a weight is not from 1e-4 to 1e4.
    pub fn new(pos_weights: &'a [f64]) -> Result<Self, ParameterError> {
        for &weight in pos_weights {
            crate::loss::BinaryCrossEntropyWithLogits::new(weight)?;
        }
        Ok(MultiLabelCrossEntropy { pos_weights })
    }

    /// The weights of the positive samples, one for each class.
    #[must_use]
    pub const fn pos_weights(&self) -> &'a [f64] {
        self.pos_weights
    }

    /// The loss of each number: `losses[i]` is that of `prediction[i]`.
    #[track_caller]
    pub fn forward_slice<T: Element>(&self, prediction: &[T], target: &[T], rows: Rows, losses: &mut [T]) {
        let [p, t] = self.lengths(prediction, target, rows);
        same_length("forward_slice", [p, t, ("losses", losses.len())]);
        self.run(prediction, target, rows, Places { losses: Some(losses), ..Places::NONE });
    }

    /// The sum of the losses; 0 for no numbers.
    #[must_use]
    #[track_caller]
    pub fn sum<T: Element>(&self, prediction: &[T], target: &[T], rows: Rows) -> f64 {
        same_length("sum", self.lengths(prediction, target, rows));
        self.run(prediction, target, rows, Places { sum: true, ..Places::NONE })
    }

    /// The mean of the losses: their sum divided by the number of numbers; NaN for none.
    #[must_use]
    #[track_caller]
    pub fn mean<T: Element>(&self, prediction: &[T], target: &[T], rows: Rows) -> f64 {
        same_length("mean", self.lengths(prediction, target, rows));
        self.run(prediction, target, rows, Places { sum: true, ..Places::NONE }) / prediction.len() as f64
    }

    /// The gradient in the predictions times `scale`: 1 for that of the sum, 1 / numbers for that of the mean.
    #[track_caller]
    pub fn gradient<T: Element>(&self, prediction: &[T], target: &[T], rows: Rows, scale: f64, gradient: &mut [T]) {
        let [p, t] = self.lengths(prediction, target, rows);
        same_length("gradient", [p, t, ("gradient", gradient.len())]);
        self.run(prediction, target, rows, Places { gradient: Some((scale, gradient)), ..Places::NONE });
    }

    /// The sum of the losses, and the [`gradient`](Self::gradient) times `scale`.
    #[track_caller]
    pub fn sum_with_gradient<T: Element>(
        &self,
        prediction: &[T],
        target: &[T],
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
    ) -> f64 {
        let [p, t] = self.lengths(prediction, target, rows);
        same_length("sum_with_gradient", [p, t, ("gradient", gradient.len())]);
        let places = Places { sum: true, gradient: Some((scale, gradient)), ..Places::NONE };
        self.run(prediction, target, rows, places)
    }

    /// The [`gradient`](Self::gradient), and a positive bound on the second derivatives, both times `scale`.
    #[track_caller]
    pub fn gradient_with_hessian_bound<T: Element>(
        &self,
        prediction: &[T],
        target: &[T],
        rows: Rows,
        scale: f64,
        gradient: &mut [T],
        hessian: &mut [T],
    ) {
        let [p, t] = self.lengths(prediction, target, rows);
        let written = [("gradient", gradient.len()), ("hessian", hessian.len())];
        same_length("gradient_with_hessian_bound", [p, t, written[0], written[1]]);
        let places = Places { gradient: Some((scale, gradient)), hessian: Some(hessian), ..Places::NONE };
        self.run(prediction, target, rows, places);
    }

    /// The names and lengths of the inputs, once the weights and the rows have been checked.
    #[track_caller]
    fn lengths<T>(&self, prediction: &[T], target: &[T], rows: Rows) -> [(&'static str, usize); 2] {
        same_length("pos_weights", [("pos_weights", self.pos_weights.len()), ("classes", rows.row_len())]);
        rows.count(prediction.len());
        [("prediction", prediction.len()), ("target", target.len())]
    }

    fn run<T: Element>(&self, prediction: &[T], target: &[T], rows: Rows, places: Places<'_, T>) -> f64 {
        <T::Kernels as PosWeightKernels<T>>::run(self.pos_weights, rows, [prediction, target], places)
    }
}

concrete! {
    trait PosWeightKernels;
    fn run(pos_weights: &[f64], rows: Rows, inputs: [&[T]; 2], places: Places<'_, T>) -> f64 {
        if const { without_f64::<RealOf<T>>() } {
            run::<_, SHORT_BLOCK>(pos_weights, rows, inputs, places)
        } else {
            run::<_, BLOCK>(pos_weights, rows, inputs, places)
        }
    }
}

/// The functions of logits, in f64 as those of the loss without weights of classes.
macro_rules! in_f64 {
    ($($function:ident: $order:literal),*) => { $(
        #[inline(always)]
        fn $function<L: Lanes>(z: L, y: L, weight: L) -> L {
            if const { BinaryCrossEntropyWithLogits::IN_F64[$order] && widens::<L>() } {
                L::narrow(Logits::new(z.widen(), y.widen(), Some(weight.widen())).$function())
            } else {
                Logits::new(z, y, Some(weight)).$function()
            }
        }
    )* };
}
in_f64! { loss: 0, derivative: 1, bound: 2 }

#[derive(Clone, Copy)]
struct Value;
impl Map<3, 1> for Value {
    #[inline(always)]
    fn apply<L: Lanes>(self, [z, y, weight]: [L; 3]) -> [L; 1] {
        [loss(z, y, weight)]
    }
}

/// With its scale.
#[derive(Clone, Copy)]
struct Gradient(f64);
impl Map<3, 1> for Gradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [z, y, weight]: [L; 3]) -> [L; 1] {
        [z.splat(self.0) * derivative(z, y, weight)]
    }
}

/// With the scale of both.
#[derive(Clone, Copy)]
struct GradientAndHessianBound(f64);
impl Map<3, 2> for GradientAndHessianBound {
    #[inline(always)]
    fn apply<L: Lanes>(self, [z, y, weight]: [L; 3]) -> [L; 2] {
        let scale = z.splat(self.0);
        [scale * derivative(z, y, weight), scale * bound(z, y, weight)]
    }
}

/// The weights of numbers in the order of an array: each class has `inner` numbers in turn.
struct Weights<'a> {
    of_classes: &'a [f64],
    inner: usize,
    class: usize,
    /// How many numbers of the class have been passed.
    passed: usize,
}

impl Weights<'_> {
    /// Writes the weights of the next numbers.
    fn next<R: Real>(&mut self, mut weights: &mut [R]) {
        while !weights.is_empty() {
            let n = (self.inner - self.passed).min(weights.len());
            let (now, later) = weights.split_at_mut(n);
            now.fill(R::from_f64_rounded(self.of_classes[self.class]));
            weights = later;
            self.passed += n;
            if self.passed == self.inner {
                (self.passed, self.class) = (0, (self.class + 1) % self.of_classes.len());
            }
        }
    }
}

/// Computes the outputs, and returns the sum, or 0 if `places` does not ask for it.
fn run<T: Element, const N: usize>(
    pos_weights: &[f64],
    rows: Rows,
    inputs: [&[T]; 2],
    mut places: Places<'_, T>,
) -> f64 {
    let mut next = Weights { of_classes: pos_weights, inner: rows.stride(), class: 0, passed: 0 };
    let zeros = [T::Real::default(); N];
    let [mut z, mut y, mut weights, mut first, mut second] = [zeros; 5];
    let mut sum = BlockSum::new();
    let len = inputs[0].len();
    for done in (0..len).step_by(N) {
        let part = done..(done + N).min(len);
        let n = part.len();
        slice::convert(&inputs[0][part.clone()], &mut z[..n]);
        slice::convert(&inputs[1][part.clone()], &mut y[..n]);
        next.next(&mut weights[..n]);
        let sources = [Src::new(&z[..n]), Src::new(&y[..n]), Src::new(&weights[..n])];
        let (first, second) = (&mut first[..n], &mut second[..n]);
        if places.sum || places.losses.is_some() {
            slice::map(Value, sources, [Dst::new(first)]);
            if places.sum {
                sum.add(first);
            }
            if let Some(losses) = &mut places.losses {
                slice::convert(first, &mut losses[part.clone()]);
            }
        }
        let Some((scale, gradient)) = &mut places.gradient else { continue };
        if let Some(hessian) = &mut places.hessian {
            slice::map(GradientAndHessianBound(*scale), sources, [Dst::new(first), Dst::new(second)]);
            slice::convert(second, &mut hessian[part.clone()]);
        } else {
            slice::map(Gradient(*scale), sources, [Dst::new(first)]);
        }
        slice::convert(first, &mut gradient[part]);
    }
    sum.sum::<T::Real>()
}
