//! The losses of rows of f32 without f64, a row at a time in one lane: for microcontrollers.
//!
//! What is f64 elsewhere is two f32 here, of 48 bits together; the sum of the losses is exact.

use super::driver::{Bound, RowKernel, RowTarget};
use super::each_row::EachRow;
use crate::convert::{equal, narrowed, widened};
use crate::exact_sum::ExactSum;
use crate::loss::LEAST_BOUND;
use crate::math::pair::{HiLo, double};
use crate::simd::{Isa, Kernel, Lanes, Real, Token, dispatch_scalar};
use crate::slice::{Dst, Src};

/// One row, and the outputs of its derivatives, as [`driver::Sample`](super::driver::Sample).
#[derive(Clone, Copy)]
pub(crate) struct Sample<'a, L> {
    pub(crate) prediction: Src<'a, f32>,
    pub(crate) target: RowTarget<'a, f32>,
    pub(crate) scale: HiLo<L>,
    pub(crate) gradient: Option<Dst<'a, f32>>,
    pub(crate) hessian: Option<Dst<'a, f32>>,
    pub(crate) bound: Option<Bound>,
}

impl<L: Lanes<Real = f32>> Sample<'_, L> {
    /// The number of entries.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.prediction.len()
    }

    /// Entry i of the target as a probability; a label is one-hot. A negative number becomes NaN.
    #[inline(always)]
    pub(crate) fn probability(&self, i: usize) -> f32 {
        match self.target {
            RowTarget::Label(label) => f32::from(u8::from(i == label)),
            RowTarget::Probabilities(y) if y.get(i) >= 0.0 => y.get(i),
            RowTarget::Probabilities(_) => f32::NAN,
        }
    }

    /// Writes derivatives that are the same for every entry; the scale is not applied.
    #[inline(always)]
    pub(crate) fn fill(&self, gradient: f32, hessian: f32) {
        for (output, value) in [(self.gradient, gradient), (self.hessian, hessian)] {
            let Some(output) = output else { continue };
            (0..output.len()).for_each(|i| output.set(i, value));
        }
    }

    /// Writes the gradient in entry i, if it has a place; the scale is not applied.
    #[inline(always)]
    pub(crate) fn set_gradient(&self, i: usize, value: f32) {
        if let Some(gradient) = self.gradient {
            gradient.set(i, value);
        }
    }

    /// Writes the derivatives in entry i, times the scale.
    #[inline(always)]
    pub(crate) fn write<I: Isa<F32 = L>>(&self, token: Token<I>, i: usize, gradient: HiLo<L>, hessian: HiLo<L>) {
        for (output, value) in [(self.gradient, gradient), (self.hessian, hessian)] {
            if let Some(output) = output {
                output.set(i, token.number((self.scale * value).high));
            }
        }
    }
}

/// The weight of a class.
#[inline(always)]
pub(crate) fn weight<I: Isa>(token: Token<I>, weights: Option<&[f64]>, class: usize) -> HiLo<I::F32> {
    HiLo::of(token.lane(weights.map_or(1.0, |weights| narrowed(weights[class]))))
}

/// Adds the weight of a row, times that of its class, which is an f32, if there is one.
#[inline(always)]
pub(super) fn add_weight(sum: &mut ExactSum<f64>, weight: f64, of_class: Option<f64>) {
    match of_class {
        Some(of_class) => dispatch_scalar(AddWeight { sum, weight, of_class }),
        None => sum.add(weight),
    }
}

/// The kernel of [`add_weight`].
struct AddWeight<'a> {
    sum: &'a mut ExactSum<f64>,
    weight: f64,
    of_class: f64,
}

impl Kernel for AddWeight<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let HiLo { high, low } = double(token, self.weight) * double(token, self.of_class);
        [high, low].into_iter().for_each(|part| self.sum.add(widened(token.number(part))));
    }
}

/// The kernel of a batch.
pub(super) struct OneByOne<'a, F, R>(pub(super) EachRow<'a, F, R>);

impl<F: RowKernel, R: Real> Kernel for OneByOne<'_, F, R> {
    type Output = (f64, usize);
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> (f64, usize) {
        let OneByOne(mut call) = self;
        let (mut sum, mut count, mut terms) = (ExactSum::<f32>::new(), 0, call.terms.take());
        let (layout, scale) = (call.layout, double(token, call.scale));
        for row in 0..call.rows {
            let (label, weight) = call.label(row);
            let numbers = call.numbers().row(layout, row);
            let weighted = double(token, weight);
            let sample = Sample {
                prediction: numbers.prediction.of_f32(),
                target: numbers.target.map_or(RowTarget::Label(label), |y| RowTarget::Probabilities(y.of_f32())),
                scale: scale * weighted,
                gradient: numbers.gradient.map(Dst::of_f32),
                hessian: numbers.hessian.map(Dst::of_f32),
                bound: call.bound,
            };
            let loss = if equal(weight, 0.0) { None } else { call.kernel.in_f32(token, sample) };
            if let Some(loss) = loss {
                // As elsewhere, the loss is rounded, and its product with the weight is not.
                let term = HiLo::of(loss.high) * weighted;
                match &mut terms {
                    Some(terms) => {
                        let mut of_row = ExactSum::new();
                        of_row.add_pair(token, term);
                        terms[count] = of_row.value();
                    }
                    None => sum.add_pair(token, term),
                }
                count += 1;
                if let Some(bound) = sample.hessian.filter(|_| call.bound.is_some()) {
                    make_positive(bound);
                }
            } else {
                sample.fill(0.0, 0.0);
            }
            if let Some(losses) = call.losses {
                losses.of_f32().set(row, loss.map_or(0.0, |loss| token.number((loss * weighted).high)));
            }
        }
        (sum.value(), count)
    }
}

/// Replaces what is below the least bound by that. NaN stays NaN.
#[inline(never)]
fn make_positive(bound: Dst<f32>) {
    for i in 0..bound.len() {
        if bound.src().get(i) < LEAST_BOUND as f32 {
            bound.set(i, LEAST_BOUND as f32);
        }
    }
}
