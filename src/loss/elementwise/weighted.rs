//! Losses with a weight for each sample.
//!
//! Computed a block at a time: the losses of the block by the kernel of the loss, then their products with the weights.
//! So a weighted loss has the bits of the loss, times the weight, and no kernels of its own; a block is a leaf of the
//! sum's tree.

use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::exact_sum::ExactSum;
use crate::loss::{Loss, exact_sum_of};
#[cfg(feature = "rayon")]
use crate::parallel::Part;
use crate::simd::{Lanes, Real, block_on_stack, without_f64};
use crate::slice::{self, Dst, Map, Src};
use crate::spec::Spec;
use crate::sum::{BLOCK, PairwiseSum};

/// A loss with a weight for each sample; the method `weighted` of a loss makes it.
///
/// A sample with a weight of 0 is ignored: its loss and its gradient are 0 whatever it holds, NaN included, and no
/// other output depends on it. A weight may be negative; NaN gives NaN.
///
/// ```
/// use slopes::loss::{Loss, Mse};
///
/// let (prediction, target, weights) = ([1.0_f32, f32::NAN, 4.0], [0.0; 3], [1.0, 0.0, 3.0]);
/// let loss = Mse.weighted(&weights);
/// assert_eq!(loss.sum(&prediction, &target), 49.0);
/// assert_eq!(loss.mean(&prediction, &target), 49.0 / 4.0);
/// let mut gradient = [0.0; 3];
/// loss.gradient(&prediction, &target, 1.0, &mut gradient);
/// assert_eq!(gradient, [2.0, 0.0, 24.0]);
/// ```
///
/// # Panics
/// Methods panic if slices differ in length, the weights among them, before anything is written.
#[derive(Clone, Copy, Debug)]
pub struct Weighted<'a, F> {
    loss: F,
    weights: &'a [f64],
}

/// weight * x; 0 where the weight is 0.
#[derive(Clone, Copy)]
struct Weigh;
impl Map<2, 1> for Weigh {
    #[inline(always)]
    fn apply<L: Lanes>(self, [weight, x]: [L; 2]) -> [L; 1] {
        let zero = x.splat(0.0);
        [zero.select(weight.equals(zero), weight * x)]
    }
}

/// The outputs to compute: the sum, and those that have a place in memory.
#[allow(missing_debug_implementations, reason = "users never have one")]
pub struct Places<'a, T> {
    pub(crate) sum: bool,
    pub(crate) losses: Option<&'a mut [T]>,
    /// The scale, and the memory of the gradient.
    pub(crate) gradient: Option<(f64, &'a mut [T])>,
    /// The memory of the Hessian bound; only together with a gradient.
    pub(crate) hessian: Option<&'a mut [T]>,
}

impl<T> Places<'_, T> {
    pub(crate) const NONE: Self = Places { sum: false, losses: None, gradient: None, hessian: None };
}

/// The length of the blocks where there is no f64, and so little memory.
pub(super) const SHORT_BLOCK: usize = block_on_stack(BLOCK);

/// The sum of blocks: a tree of their sums; where there is no f64, exact.
pub(super) struct BlockSum {
    tree: PairwiseSum,
    exact: ExactSum<f32>,
}

impl BlockSum {
    pub(super) const fn new() -> Self {
        BlockSum { tree: PairwiseSum::new(), exact: ExactSum::new() }
    }

    /// Adds a block.
    pub(super) fn add<R: Real>(&mut self, block: &[R]) {
        if const { without_f64::<R>() } {
            slice::add_exactly(&mut self.exact, Src::new(block).of_f32());
        } else {
            self.tree.push(slice::sum(block));
        }
    }

    pub(super) fn sum<R: Real>(&self) -> f64 {
        if const { without_f64::<R>() } { self.exact.value() } else { self.tree.sum() }
    }
}

/// A block of each slice, in the type of the computation.
struct Blocks<R, const N: usize> {
    prediction: [R; N],
    target: [R; N],
    weights: [R; N],
}

impl<R: Real, const N: usize> Blocks<R, N> {
    fn new() -> Self {
        let zeros = [R::zero(); N];
        Blocks { prediction: zeros, target: zeros, weights: zeros }
    }

    /// Loads the block that begins at `done`, and returns its length.
    fn load<T: Element<Real = R>>(&mut self, [prediction, target]: [&[T]; 2], weights: &[f64], done: usize) -> usize {
        let n = N.min(weights.len() - done);
        slice::convert(&prediction[done..done + n], &mut self.prediction[..n]);
        slice::convert(&target[done..done + n], &mut self.target[..n]);
        round(&weights[done..done + n], &mut self.weights[..n]);
        n
    }
}

/// Rounds weights to the type of the computation.
fn round<R: Real>(weights: &[f64], to: &mut [R]) {
    for (to, weight) in to.iter_mut().zip(weights) {
        *to = R::from_f64_rounded(*weight);
    }
}

/// Multiplies the numbers of a block by their weights.
fn weigh<R: Element>(weights: &[R], numbers: &mut [R]) {
    let numbers = Dst::new(numbers);
    slice::map(Weigh, [Src::new(weights), numbers.src()], [numbers]);
}

impl<'a, F> Weighted<'a, F> {
    /// The loss with these weights; of unsized losses too, as of `dyn Loss<f32>`.
    ///
    /// ```
    /// use slopes::loss::{self, Loss, Weighted};
    /// let loss = Weighted::new(loss::by_name::<f32>("mae")?, &[2.0, 1.0]);
    /// assert_eq!(loss.sum(&[1.0, 1.0], &[0.0, 0.0]), 3.0);
    /// # Ok::<(), slopes::UnknownNameError>(())
    /// ```
    #[must_use]
    pub const fn new(loss: F, weights: &'a [f64]) -> Self {
        Weighted { loss, weights }
    }

    fn lengths<T>(&self, prediction: &[T], target: &[T]) -> [(&'static str, usize); 3] {
        [("prediction", prediction.len()), ("target", target.len()), ("weights", self.weights.len())]
    }
}

impl<F> Weighted<'_, F> {
    /// Computes the outputs, and returns the sum, or 0 if `places` does not ask for it.
    fn run<T: Element>(&self, prediction: &[T], target: &[T], places: Places<T>) -> f64
    where
        F: Loss<T::Real>,
    {
        let loss = Methods {
            each: &|p, t, losses| self.loss.forward_slice(p, t, losses),
            gradient: &|p, t, scale, gradient, hessian| match hessian {
                Some(hessian) => self.loss.gradient_with_hessian_bound(p, t, scale, gradient, hessian),
                None => self.loss.gradient(p, t, scale, gradient),
            },
        };
        <T::Kernels as WeightedKernels<T>>::run(loss, [prediction, target], self.weights, places)
    }
}

impl<F: Loss<T> + Loss<T::Real>, T: Element> Loss<T> for Weighted<'_, F> {
    fn spec(&self) -> &'static Spec {
        Loss::<T>::spec(&self.loss)
    }
    fn forward(&self, prediction: T, target: T) -> T {
        self.loss.forward(prediction, target)
    }
    fn derivative(&self, prediction: T, target: T) -> T {
        self.loss.derivative(prediction, target)
    }
    fn second_derivative(&self, prediction: T, target: T) -> T {
        self.loss.second_derivative(prediction, target)
    }
    fn hessian_bound(&self, prediction: T, target: T) -> T {
        self.loss.hessian_bound(prediction, target)
    }
    #[track_caller]
    fn forward_slice(&self, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t, w] = self.lengths(prediction, target);
        same_length("forward_slice", [p, t, w, ("losses", losses.len())]);
        self.run(prediction, target, Places { losses: Some(losses), ..Places::NONE });
    }
    #[track_caller]
    fn sum(&self, prediction: &[T], target: &[T]) -> f64 {
        same_length("sum", self.lengths(prediction, target));
        self.run(prediction, target, Places { sum: true, ..Places::NONE })
    }
    #[track_caller]
    fn exact_sum(&self, prediction: &[T], target: &[T]) -> ExactSum<T::Real> {
        same_length("exact_sum", self.lengths(prediction, target));
        exact_sum_of(prediction.len(), |part, losses| {
            let weighted = Weighted { loss: &self.loss, weights: &self.weights[part.clone()] };
            weighted.forward_slice(&prediction[part.clone()], &target[part], losses);
        })
    }
    /// The sum of the weights.
    fn total_weight(&self, _: usize) -> f64 {
        if const { without_f64::<T::Real>() } {
            let mut sum = ExactSum::new();
            sum.add_slice(self.weights);
            return sum.value();
        }
        slice_sum(self.weights)
    }
    #[track_caller]
    fn gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) {
        let [p, t, w] = self.lengths(prediction, target);
        same_length("gradient", [p, t, w, ("gradient", gradient.len())]);
        self.run(prediction, target, Places { gradient: Some((scale, gradient)), ..Places::NONE });
    }
    #[track_caller]
    fn sum_with_gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> f64 {
        let [p, t, w] = self.lengths(prediction, target);
        same_length("sum_with_gradient", [p, t, w, ("gradient", gradient.len())]);
        self.run(prediction, target, Places { gradient: Some((scale, gradient)), sum: true, ..Places::NONE })
    }
    #[track_caller]
    fn gradient_with_hessian_bound(
        &self,
        prediction: &[T],
        target: &[T],
        scale: f64,
        gradient: &mut [T],
        hessian: &mut [T],
    ) {
        let [p, t, w] = self.lengths(prediction, target);
        let written = [("gradient", gradient.len()), ("hessian", hessian.len())];
        same_length("gradient_with_hessian_bound", [p, t, w, written[0], written[1]]);
        let (gradient, hessian) = (Some((scale, gradient)), Some(hessian));
        self.run(prediction, target, Places { gradient, hessian, ..Places::NONE });
    }
    #[cfg(feature = "rayon")]
    #[track_caller]
    fn compute_part(&self, part: Part, [prediction, target]: [&[T]; 2], places: Places<'_, T>) -> f64 {
        same_length("Parallel", [("prediction", part.of), ("weights", self.weights.len())]);
        let weights = &self.weights[part.start..][..prediction.len()];
        Weighted { loss: &self.loss, weights }.run(prediction, target, places)
    }
    /// The initial score of the loss with these weights.
    ///
    /// # Panics
    /// If `weights` are given: the loss already has weights.
    #[track_caller]
    fn initial_score(&self, targets: &[T], weights: Option<&[f64]>) -> Option<f64> {
        assert!(weights.is_none(), "the loss already has weights");
        Loss::<T>::initial_score(&self.loss, targets, Some(self.weights))
    }
}

/// The sum of weights.
fn slice_sum(weights: &[f64]) -> f64 {
    <f64 as WeightedKernels<f64>>::sum(weights)
}

concrete! {
    trait WeightedKernels;
    fn run(loss: Methods<'_, T>, inputs: [&[T]; 2], weights: &[f64], places: Places<'_, T>) -> f64 {
        if const { without_f64::<RealOf<T>>() } {
            run::<_, SHORT_BLOCK>(loss, inputs, weights, places)
        } else {
            run::<_, BLOCK>(loss, inputs, weights, places)
        }
    }
    fn sum(numbers: &[T]) -> f64 { slice::sum(numbers) }
}

/// The methods of a loss that its weighted form calls. Behind pointers, so that the caller is compiled once per type
/// and not once per loss.
pub(crate) struct Methods<'a, T: Element> {
    each: ForwardSlice<'a, T::Real>,
    gradient: &'a GradientOf<'a, T::Real>,
}

/// Writes the gradient of predictions and targets times a scale, and the Hessian bound if it has a place.
type GradientOf<'a, R> = dyn Fn(&[R], &[R], f64, &mut [R], Option<&mut [R]>) + 'a;

/// Computes the outputs, and returns the sum, block by block of prediction, target and weights.
fn run<T: Element, const N: usize>(loss: Methods<T>, inputs: [&[T]; 2], weights: &[f64], mut places: Places<T>) -> f64 {
    let mut blocks = Blocks::<_, N>::new();
    let (mut first, mut second) = ([T::Real::default(); N], [T::Real::default(); N]);
    let mut sum = BlockSum::new();
    for done in (0..weights.len()).step_by(N) {
        let n = blocks.load(inputs, weights, done);
        let (p, t, w) = (&blocks.prediction[..n], &blocks.target[..n], &blocks.weights[..n]);
        let (first, second, part) = (&mut first[..n], &mut second[..n], done..done + n);
        if places.sum || places.losses.is_some() {
            (loss.each)(p, t, first);
            weigh(w, first);
            if places.sum {
                sum.add(first);
            }
            if let Some(losses) = &mut places.losses {
                slice::convert(first, &mut losses[part.clone()]);
            }
        }
        let Some((scale, gradient)) = &mut places.gradient else { continue };
        let scale = *scale;
        if let Some(hessian) = &mut places.hessian {
            (loss.gradient)(p, t, scale, first, Some(second));
            weigh(w, second);
            slice::convert(second, &mut hessian[part.clone()]);
        } else {
            (loss.gradient)(p, t, scale, first, None);
        }
        weigh(w, first);
        slice::convert(first, &mut gradient[part]);
    }
    sum.sum::<T::Real>()
}

/// Writes the losses of predictions and targets, or their derivatives. Behind a pointer, so that the searches below are
/// compiled once per type and not once per loss.
type ForwardSlice<'a, R> = &'a dyn Fn(&[R], &[R], &mut [R]);

/// The mean of the targets, or their weighted mean; NaN if a target with a weight is out of the loss's domain. The
/// test: at a prediction of 1/2 the loss is finite for every target of the domain, and NaN for any other.
#[track_caller]
pub(crate) fn mean_target<T: Element>(each: ForwardSlice<T::Real>, targets: &[T], weights: Option<&[f64]>) -> f64 {
    if let Some(weights) = weights {
        same_length("initial_score", [("targets", targets.len()), ("weights", weights.len())]);
    }
    if const { without_f64::<T::Real>() } {
        mean_target_by::<_, SHORT_BLOCK>(each, targets, weights)
    } else {
        mean_target_by::<_, BLOCK>(each, targets, weights)
    }
}

fn mean_target_by<T: Element, const N: usize>(
    each: ForwardSlice<T::Real>,
    targets: &[T],
    weights: Option<&[f64]>,
) -> f64 {
    let half = [T::Real::from_f64_rounded(0.5); N];
    let mut made = [T::Real::default(); N];
    let (mut weighted_targets, mut all_weights, mut wrong) = (BlockSum::new(), BlockSum::new(), false);
    in_blocks::<_, N>(targets, weights, |target, weight| {
        let made = &mut made[..target.len()];
        each(&half[..target.len()], target, made);
        weigh(weight, made);
        let mut of_block = BlockSum::new();
        of_block.add(made);
        wrong |= of_block.sum::<T::Real>().is_nan();
        weigh(weight, target);
        weighted_targets.add(target);
        all_weights.add(weight);
    });
    if wrong { f64::NAN } else { weighted_targets.sum::<T::Real>() / all_weights.sum::<T::Real>() }
}

/// The constant prediction with the least sum of losses, of a loss with one minimum: where the derivative of the sum
/// changes its sign, or the middle of where it is 0.
pub(crate) fn minimum<T: Element>(derivatives: ForwardSlice<T::Real>, targets: &[T], weights: Option<&[f64]>) -> f64 {
    let counts = |i: usize| weights.is_none_or(|weights| weights[i] != 0.0);
    let counted = || targets.iter().enumerate().filter(|(i, _)| counts(*i)).map(|(_, target)| target.into_f64());
    let (least, largest) = (counted().fold(f64::INFINITY, f64::min), counted().fold(f64::NEG_INFINITY, f64::max));
    let derivative = |x| derivative_of_sum(derivatives, x, targets, weights);
    let [last, first] = bisect::<T::Real>(least, largest, |x| derivative(x) < 0.0);
    if derivative(first) != 0.0 {
        // The derivative at a kink counts as 0: where that of the sum jumps across 0 at a target, the target is the
        // minimum.
        return if counted().any(|target| target == last) { last } else { first };
    }
    let [last, _] = bisect::<T::Real>(first, largest, |x| derivative(x) <= 0.0);
    first * 0.5 + last * 0.5
}

/// The last number from `low` on where `is_below` holds, and the first where it does not; `high` if it holds for all
/// before it. Both are `low` if it does not hold there.
fn bisect<R: Real>(mut low: f64, mut high: f64, is_below: impl Fn(f64) -> bool) -> [f64; 2] {
    if !is_below(low) {
        return [low; 2];
    }
    loop {
        let middle = R::from_f64_rounded(low * 0.5 + high * 0.5).into_f64();
        if !(low < middle && middle < high) {
            return [low, high];
        }
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// The derivative of the sum of the losses at the constant prediction x.
fn derivative_of_sum<T: Element>(
    derivatives: ForwardSlice<T::Real>,
    x: f64,
    targets: &[T],
    weights: Option<&[f64]>,
) -> f64 {
    if const { without_f64::<T::Real>() } {
        derivative_of_sum_by::<_, SHORT_BLOCK>(derivatives, x, targets, weights)
    } else {
        derivative_of_sum_by::<_, BLOCK>(derivatives, x, targets, weights)
    }
}

fn derivative_of_sum_by<T: Element, const N: usize>(
    derivatives: ForwardSlice<T::Real>,
    x: f64,
    targets: &[T],
    weights: Option<&[f64]>,
) -> f64 {
    let prediction = [T::Real::from_f64_rounded(x); N];
    let (mut made, mut sum) = ([T::Real::default(); N], BlockSum::new());
    in_blocks::<_, N>(targets, weights, |target, weight| {
        let made = &mut made[..target.len()];
        derivatives(&prediction[..target.len()], target, made);
        weigh(weight, made);
        sum.add(made);
    });
    sum.sum::<T::Real>()
}

/// Calls `block` with the targets and their weights, 1 if there are none, a block at a time.
fn in_blocks<T: Element, const N: usize>(
    targets: &[T],
    weights: Option<&[f64]>,
    mut block: impl FnMut(&mut [T::Real], &[T::Real]),
) {
    let (mut target, mut weight) = ([T::Real::default(); N], [T::Real::from_f64_rounded(1.0); N]);
    for done in (0..targets.len()).step_by(N) {
        let n = N.min(targets.len() - done);
        slice::convert(&targets[done..done + n], &mut target[..n]);
        if let Some(weights) = weights {
            round(&weights[done..done + n], &mut weight[..n]);
        }
        block(&mut target[..n], &weight[..n]);
    }
}
