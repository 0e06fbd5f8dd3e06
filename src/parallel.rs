//! Slices, rows and losses on several threads.

use core::ops::Range;
use std::vec;
use std::vec::Vec;

use rayon::prelude::*;

use crate::activation::{Activation, GatedUnit, GluLayout, RowActivation};
use crate::check::same_length;
use crate::element::Element;
use crate::error::TargetError;
use crate::exact_sum::ExactSum;
use crate::loss::row::driver::{Batch, BatchTotals, Scale};
use crate::loss::{Loss, Places, RowLoss, Targets, exact_sum_of, lengths};
use crate::row::Rows;
use crate::spec::Spec;
use crate::sum::PairwiseSum;

/// A function or a loss that works on several threads, those of the current pool of rayon (feature `rayon`).
///
/// `Parallel(f)` implements those of the traits [`Activation`], [`RowActivation`], [`GatedUnit`], [`Loss`] and [`RowLoss`]
/// that `f` implements. All results, sums included, have the bits of `f`, for any number of threads: a sum is cut at nodes of its
/// tree.
///
/// ```
/// use slopes::Parallel;
/// use slopes::activation::{Activation, Gelu};
/// use slopes::loss::{Loss, Mse};
///
/// let x: Vec<f32> = (0..1 << 17).map(|i| i as f32 / 65536.0 - 1.0).collect();
/// let (mut y, mut gradient) = (vec![0.0; x.len()], vec![0.0; x.len()]);
/// Parallel(Gelu).forward_slice(&x, &mut y);
/// let mean = Parallel(Mse).mean_with_gradient(&y, &x, &mut gradient);
///
/// assert!(x.iter().zip(&y).all(|(x, y)| Gelu.forward(*x) == *y));
/// assert_eq!(mean.to_bits(), Mse.mean(&y, &x).to_bits());
/// ```
///
/// - Slices of fewer than 2^17 numbers are computed by the calling thread, and so are single numbers and initial scores:
///   waking another thread takes some 13 microseconds, as long as [`Gelu`](crate::activation::Gelu) of 2^14 numbers or
///   [`Relu`](crate::activation::Relu) of 2^17.
/// - Functions of rows are cut between rows; rows along another axis between blocks of `row_len() * stride()` numbers. So
///   an array that is one block, such as the columns of one matrix, is computed by one thread.
/// - Packed gates and ups are cut between rows, so a slice that is one row is computed by one thread.
/// - Functions that compute little (ReLU, MSE) are limited by memory, which threads share.
/// - Sample weights are part of the loss: `Parallel(Mse.weighted(&weights))`, `Parallel(loss.weighted(&weights))` for
///   rows. A function that is chosen at run time is a reference: `Parallel(by_name::<f32>("gelu")?)`.
/// - For a thread pool of your own, call `pool.install(|| ..)`.
/// - An [`Activation`] or [`Loss`] of your own is called with parts of the slices. The sum of a loss has the bits of the
///   serial one unless you write `sum` yourself.
///
/// # Panics
/// As the methods of `f`, before anything is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Parallel<F>(
    /// The function or loss.
    pub F,
);

/// The least length of a slice that several threads compute.
const LEAST: usize = 1 << 17;

/// The least length of a piece.
const LEAST_PIECE: usize = 1 << 14;

/// The length of the pieces of a slice of `numbers`, a power of two and at least a block of a sum; `None` if one thread
/// should compute it. Pieces are several for each thread, so that one that is late has fewer of them.
fn piece(numbers: usize) -> Option<usize> {
    let threads = rayon::current_num_threads();
    (threads > 1 && numbers >= LEAST).then(|| {
        let most = (numbers / (4 * threads)).max(LEAST_PIECE);
        (most / 2 + 1).next_power_of_two()
    })
}

/// The number of blocks, of `block` numbers each, in the pieces of a slice of `numbers`.
fn blocks(numbers: usize, block: usize) -> Option<usize> {
    piece(numbers).map(|piece| (piece / block).max(1)).filter(|blocks| *blocks < numbers / block)
}

/// The sum of the sums of pieces, which are nodes of its tree but for the last.
fn sum_of_nodes(sums: &[f64]) -> f64 {
    let mut tree = PairwiseSum::new();
    sums.iter().for_each(|sum| tree.push(*sum));
    tree.sum()
}

/// Methods over slices whose inputs come first.
macro_rules! maps {
    ($($method:ident($($input:ident),*; $first:ident $(, $output:ident)?);)+) => {
        $(
            #[track_caller]
            fn $method(&self, $($input: &[T],)* $first: &mut [T] $(, $output: &mut [T])?) {
                same_length(stringify!($method), [
                    $((stringify!($input), $input.len()),)*
                    (stringify!($first), $first.len())
                    $(, (stringify!($output), $output.len()))?
                ]);
                let Some(n) = piece($first.len()) else {
                    return self.0.$method($($input,)* $first $(, $output)?);
                };
                ($($input.par_chunks(n),)* $first.par_chunks_mut(n), $($output.par_chunks_mut(n),)?)
                    .into_par_iter()
                    .for_each(|($($input,)* $first, $($output,)?)| self.0.$method($($input,)* $first $(, $output)?));
            }
        )+
    };
}

impl<F: Activation<T>, T: Element> Activation<T> for Parallel<F> {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }
    fn exact_gain(&self) -> Option<f64> {
        self.0.exact_gain()
    }
    fn forward(&self, x: T) -> T {
        self.0.forward(x)
    }
    fn derivative(&self, x: T) -> T {
        self.0.derivative(x)
    }
    fn second_derivative(&self, x: T) -> T {
        self.0.second_derivative(x)
    }
    maps! {
        forward_slice(x; y);
        forward_in_place(; x);
        derivative_slice(x; d);
        second_derivative_slice(x; d);
        backward_slice(x, dy; dx);
        backward_in_place(x; dy);
        forward_with_derivative(x; y, d);
    }
}

impl<F: RowActivation<T>, T: Element> RowActivation<T> for Parallel<F> {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }
    #[track_caller]
    fn forward(&self, x: &[T], rows: Rows, y: &mut [T]) {
        rows.count_of("forward", [("x", x.len()), ("y", y.len())]);
        let Some(n) = row_piece(x.len(), rows) else { return self.0.forward(x, rows, y) };
        x.par_chunks(n).zip(y.par_chunks_mut(n)).for_each(|(x, y)| self.0.forward(x, rows, y));
    }
    #[track_caller]
    fn forward_in_place(&self, x: &mut [T], rows: Rows) {
        rows.count(x.len());
        let Some(n) = row_piece(x.len(), rows) else { return self.0.forward_in_place(x, rows) };
        x.par_chunks_mut(n).for_each(|x| self.0.forward_in_place(x, rows));
    }
    #[track_caller]
    fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
        rows.count_of("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
        let Some(n) = row_piece(x.len(), rows) else { return self.0.backward(x, dy, rows, dx) };
        let pieces = (x.par_chunks(n), dy.par_chunks(n), dx.par_chunks_mut(n));
        pieces.into_par_iter().for_each(|(x, dy, dx)| self.0.backward(x, dy, rows, dx));
    }
    #[track_caller]
    fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
        rows.count_of("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
        let Some(n) = row_piece(y.len(), rows) else { return self.0.backward_from_output(y, dy, rows, dx) };
        let pieces = (y.par_chunks(n), dy.par_chunks(n), dx.par_chunks_mut(n));
        pieces.into_par_iter().for_each(|(y, dy, dx)| self.0.backward_from_output(y, dy, rows, dx));
    }
}

/// The number of pairs in the pieces of a slice of packed gates and ups.
fn pairs_in_piece(numbers: usize, layout: GluLayout) -> Option<usize> {
    let row = layout.halves().map_or(2, |(row, _)| row);
    blocks(numbers, row.max(1)).map(|blocks| blocks * row / 2)
}

impl<F: GatedUnit<T>, T: Element> GatedUnit<T> for Parallel<F> {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }
    fn forward(&self, gate: T, up: T) -> T {
        self.0.forward(gate, up)
    }
    fn derivatives(&self, gate: T, up: T) -> [T; 2] {
        self.0.derivatives(gate, up)
    }
    maps! {
        forward_slice(gate, up; y);
        backward_slice(gate, up, dy; d_gate, d_up);
    }
    #[track_caller]
    fn forward_in_place(&self, gate: &mut [T], up: &[T]) {
        same_length("forward_in_place", [("gate", gate.len()), ("up", up.len())]);
        let Some(n) = piece(gate.len()) else { return self.0.forward_in_place(gate, up) };
        gate.par_chunks_mut(n).zip(up.par_chunks(n)).for_each(|(gate, up)| self.0.forward_in_place(gate, up));
    }
    #[track_caller]
    fn backward_in_place(&self, gate: &mut [T], up: &mut [T], dy: &[T]) {
        same_length("backward_in_place", [("gate", gate.len()), ("up", up.len()), ("dy", dy.len())]);
        let Some(n) = piece(gate.len()) else { return self.0.backward_in_place(gate, up, dy) };
        let pieces = (gate.par_chunks_mut(n), up.par_chunks_mut(n), dy.par_chunks(n));
        pieces.into_par_iter().for_each(|(gate, up, dy)| self.0.backward_in_place(gate, up, dy));
    }
    #[track_caller]
    fn forward_packed(&self, x: &[T], layout: GluLayout, y: &mut [T]) {
        layout.check("forward_packed", x.len(), [("y", y.len())]);
        let Some(n) = pairs_in_piece(x.len(), layout) else { return self.0.forward_packed(x, layout, y) };
        x.par_chunks(2 * n).zip(y.par_chunks_mut(n)).for_each(|(x, y)| self.0.forward_packed(x, layout, y));
    }
    #[track_caller]
    fn backward_packed(&self, x: &[T], layout: GluLayout, dy: &[T], dx: &mut [T]) {
        same_length("backward_packed", [("x", x.len()), ("dx", dx.len())]);
        layout.check("backward_packed", x.len(), [("dy", dy.len())]);
        let Some(n) = pairs_in_piece(x.len(), layout) else { return self.0.backward_packed(x, layout, dy, dx) };
        let pieces = (x.par_chunks(2 * n), dy.par_chunks(n), dx.par_chunks_mut(2 * n));
        pieces.into_par_iter().for_each(|(x, dy, dx)| self.0.backward_packed(x, layout, dy, dx));
    }
    #[track_caller]
    fn backward_packed_in_place(&self, x: &mut [T], layout: GluLayout, dy: &[T]) {
        layout.check("backward_packed_in_place", x.len(), [("dy", dy.len())]);
        let Some(n) = pairs_in_piece(x.len(), layout) else { return self.0.backward_packed_in_place(x, layout, dy) };
        let pieces = x.par_chunks_mut(2 * n).zip(dy.par_chunks(n));
        pieces.for_each(|(x, dy)| self.0.backward_packed_in_place(x, layout, dy));
    }
}

/// The length of pieces of whole rows.
fn row_piece(numbers: usize, rows: Rows) -> Option<usize> {
    let block = rows.row_len().saturating_mul(rows.stride());
    blocks(numbers, block.max(1)).map(|blocks| blocks * block)
}

/// The samples of a part of two slices: the index of the first, and the number of all.
#[allow(missing_debug_implementations, reason = "users never have one")]
pub struct Part {
    pub(crate) start: usize,
    pub(crate) of: usize,
}

/// Computes the outputs that have places, by the methods of a loss; returns the sum, if it is one of them.
#[track_caller]
pub(crate) fn compute_all<F: Loss<T> + ?Sized, T: Element>(
    loss: &F,
    [prediction, target]: [&[T]; 2],
    places: Places<'_, T>,
) -> f64 {
    match places {
        Places { losses: Some(losses), .. } => loss.forward_slice(prediction, target, losses),
        Places { gradient: Some((scale, gradient)), hessian: Some(hessian), .. } => {
            loss.gradient_with_hessian_bound(prediction, target, scale, gradient, hessian);
        }
        Places { gradient: Some((scale, gradient)), sum: true, .. } => {
            return loss.sum_with_gradient(prediction, target, scale, gradient);
        }
        Places { gradient: Some((scale, gradient)), .. } => loss.gradient(prediction, target, scale, gradient),
        _ => return loss.sum(prediction, target),
    }
    0.0
}

impl<F> Parallel<F> {
    /// Computes the outputs that have places, and returns the sum.
    #[track_caller]
    fn run<T: Element>(&self, [prediction, target]: [&[T]; 2], mut places: Places<'_, T>) -> f64
    where
        F: Loss<T>,
    {
        let of = prediction.len();
        let Some(n) = piece(of) else {
            return self.0.compute_part(Part { start: 0, of }, [prediction, target], places);
        };
        let (mut pieces, mut start) = (Vec::new(), 0);
        for (prediction, target) in prediction.chunks(n).zip(target.chunks(n)) {
            let n = prediction.len();
            let part = Part { start, of };
            start += n;
            let piece = Places {
                sum: places.sum,
                losses: take(&mut places.losses, n),
                gradient: places.gradient.as_mut().and_then(|(scale, place)| Some((*scale, place.split_off_mut(..n)?))),
                hessian: take(&mut places.hessian, n),
            };
            pieces.push((part, [prediction, target], piece));
        }
        let sums: Vec<f64> =
            pieces.into_par_iter().map(|(part, samples, places)| self.0.compute_part(part, samples, places)).collect();
        sum_of_nodes(&sums)
    }
}

/// Takes the first `n` numbers of a slice, if there is one.
fn take<'a, T>(slice: &mut Option<&'a mut [T]>, n: usize) -> Option<&'a mut [T]> {
    slice.as_mut().and_then(|slice| slice.split_off_mut(..n))
}

impl<F: Loss<T>, T: Element> Loss<T> for Parallel<F> {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }
    fn forward(&self, prediction: T, target: T) -> T {
        self.0.forward(prediction, target)
    }
    fn derivative(&self, prediction: T, target: T) -> T {
        self.0.derivative(prediction, target)
    }
    fn second_derivative(&self, prediction: T, target: T) -> T {
        self.0.second_derivative(prediction, target)
    }
    fn hessian_bound(&self, prediction: T, target: T) -> T {
        self.0.hessian_bound(prediction, target)
    }
    #[track_caller]
    fn forward_slice(&self, prediction: &[T], target: &[T], losses: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("forward_slice", [p, t, ("losses", losses.len())]);
        self.run([prediction, target], Places { losses: Some(losses), ..Places::NONE });
    }
    #[track_caller]
    fn sum(&self, prediction: &[T], target: &[T]) -> f64 {
        same_length("sum", lengths(prediction, target));
        self.run([prediction, target], Places { sum: true, ..Places::NONE })
    }
    fn total_weight(&self, samples: usize) -> f64 {
        self.0.total_weight(samples)
    }
    #[track_caller]
    fn exact_sum(&self, prediction: &[T], target: &[T]) -> ExactSum<T::Real> {
        same_length("exact_sum", lengths(prediction, target));
        let of = prediction.len();
        let Some(piece) = piece(of) else { return self.0.exact_sum(prediction, target) };
        let sum_of_piece = |start: usize| {
            exact_sum_of(piece.min(of - start), |part, losses| {
                let (start, end) = (start + part.start, start + part.end);
                let samples = [&prediction[start..end], &target[start..end]];
                self.0.compute_part(Part { start, of }, samples, Places { losses: Some(losses), ..Places::NONE });
            })
        };
        let pieces = (0..of.div_ceil(piece)).into_par_iter().map(|i| sum_of_piece(i * piece));
        pieces.reduce(ExactSum::new, |mut sum, other| {
            sum.merge(&other);
            sum
        })
    }
    #[track_caller]
    fn gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) {
        let [p, t] = lengths(prediction, target);
        same_length("gradient", [p, t, ("gradient", gradient.len())]);
        self.run([prediction, target], Places { gradient: Some((scale, gradient)), ..Places::NONE });
    }
    #[track_caller]
    fn sum_with_gradient(&self, prediction: &[T], target: &[T], scale: f64, gradient: &mut [T]) -> f64 {
        let [p, t] = lengths(prediction, target);
        same_length("sum_with_gradient", [p, t, ("gradient", gradient.len())]);
        self.run([prediction, target], Places { sum: true, gradient: Some((scale, gradient)), ..Places::NONE })
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
        let [p, t] = lengths(prediction, target);
        let written = [("gradient", gradient.len()), ("hessian", hessian.len())];
        same_length("gradient_with_hessian_bound", [p, t, written[0], written[1]]);
        let (gradient, hessian) = (Some((scale, gradient)), Some(hessian));
        self.run([prediction, target], Places { gradient, hessian, ..Places::NONE });
    }
    #[track_caller]
    fn initial_score(&self, targets: &[T], weights: Option<&[f64]>) -> Option<f64> {
        self.0.initial_score(targets, weights)
    }
    fn compute_part(&self, part: Part, samples: [&[T]; 2], places: Places<'_, T>) -> f64 {
        self.0.compute_part(part, samples, places)
    }
}

/// Some rows of a target.
fn part_of<T>(target: Targets<'_, T>, rows: Range<usize>, len: usize) -> Targets<'_, T> {
    match target {
        Targets::Labels(labels) => Targets::Labels(labels.part(rows)),
        Targets::Probabilities(y) => Targets::Probabilities(&y[rows.start * len..rows.end * len]),
    }
}

/// The sum of the terms of rows, which is made by threads too.
fn sum_of_terms(terms: &[f64]) -> f64 {
    if terms.len() < LEAST {
        return sum_of_nodes(terms);
    }
    let nodes: Vec<f64> = terms.par_chunks(LEAST_PIECE).map(sum_of_nodes).collect();
    sum_of_nodes(&nodes)
}

impl<F: RowLoss<T>, T: Element> RowLoss<T> for Parallel<F> {
    fn spec(&self) -> &'static Spec {
        self.0.spec()
    }

    /// The terms of the sum are stored, one for each row, and summed at the end: which rows are terms, and so where the
    /// sum may be cut, is known only then.
    #[track_caller]
    fn compute(&self, mut batch: Batch<'_, T>) -> Result<BatchTotals, TargetError> {
        let (rows, len) = (batch.rows, batch.rows.row_len());
        let numbers = batch.prediction.len().unwrap_or(0);
        let Some(piece) = row_piece(numbers, rows).filter(|_| batch.part.is_none()) else {
            return self.0.compute(batch);
        };
        // All checks come first.
        batch.check_targets();
        let totals = self.0.compute(Batch {
            sample_weights: batch.sample_weights,
            scale: batch.scale,
            ..Batch::of_targets(batch.target, rows)
        })?;
        batch.check_lengths(numbers / len);

        let scale = Scale::By(batch.scale.of::<T::Real>(totals.weight, totals.counted));
        let mut terms = vec![0.0; numbers / len];
        let mut pieces = Vec::new();
        let (mut row, mut rest) = (0, terms.as_mut_slice());
        while !rest.is_empty() {
            let count = (piece / len).min(rest.len());
            let (part, n) = (row..row + count, count * len);
            row += count;
            pieces.push(Batch {
                prediction: batch.prediction.take(n),
                target: part_of(batch.target, part.clone(), len),
                rows,
                sample_weights: batch.sample_weights.map(|weights| &weights[part.clone()]),
                scale,
                losses: take(&mut batch.losses, count),
                gradient: take(&mut batch.gradient, n),
                hessian: take(&mut batch.hessian, n),
                bound: batch.bound,
                part: Some(part),
                terms: rest.split_off_mut(..count),
            });
        }
        let made: Vec<(usize, usize)> = pieces
            .into_par_iter()
            .map(|piece| {
                let start = piece.part.as_ref().map_or(0, |part| part.start);
                self.0.compute(piece).map(|totals| (start, totals.terms))
            })
            .collect::<Result<_, _>>()?;

        // The terms without gaps, where rows are ignored.
        let mut count = 0;
        for (start, made) in made {
            if start > count {
                terms.copy_within(start..start + made, count);
            }
            count += made;
        }
        Ok(BatchTotals { sum: sum_of_terms(&terms[..count]), terms: count, ..totals })
    }

    #[track_caller]
    fn scores(&self, targets: Batch<'_, T>, scores: &mut [T]) -> Result<bool, TargetError> {
        self.0.scores(targets, scores)
    }
}
