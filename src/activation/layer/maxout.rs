//! Maxout: the largest of several pieces, a convex function when the pieces are linear and learned.
//!
//! [`Maxout`] compares numbers and computes nothing. [`MaxoutLayer`] computes dot products in f64, in an order that
//! depends on the shape alone and without FMA, so that they have the same bits on every machine.

use crate::check::same_length;
use crate::compiled::concrete;
use crate::declare::{Parameters, Values};
use crate::element::Element;
use crate::error::ParameterError;
use crate::simd::{Isa, Kernel, Token, block_on_stack, dispatch};
use crate::sum::sum_of_pairs;

crate::function::function! {
    /// Maxout activation: the maximum of each group of `pieces` consecutive numbers.
    names ["maxout"];
    "value": "max(x_1, ..., x_k)", f32 0.0, f64 0.0;
    "gradient": "dx_i = dy if x_i is the first of the largest, else 0", f32 0.0, f64 0.0;
    source "I. Goodfellow et al., Maxout Networks, arXiv:1302.4389";
    range [f64::NEG_INFINITY, f64::INFINITY];

    ///
    /// Group i is `x[i * pieces]` to `x[i * pieces + pieces - 1]`; y, dy and the indices have one number for each
    /// group.
    ///
    /// Zeros are equal whatever their signs, and the first is taken. NaN is larger than any number: the first NaN of a
    /// group is its value, and receives its gradient.
    ///
    /// ```
    /// use slopes::activation::Maxout;
    /// let (maxout, x) = (Maxout { pieces: 3 }, [1.0_f32, 4.0, 4.0, -1.0, -2.0, -3.0]);
    /// let (mut y, mut indices, mut dx) = ([0.0; 2], [0; 2], [0.0; 6]);
    /// maxout.forward_with_indices(&x, &mut y, &mut indices);
    /// assert_eq!((y, indices), ([4.0, -1.0], [1, 0]));
    ///
    /// // The backward pass needs the indices only, not x.
    /// maxout.backward_from_indices(&indices, &[10.0, 20.0], &mut dx);
    /// assert_eq!(dx, [0.0, 10.0, 0.0, 20.0, 0.0, 0.0]);
    /// ```
    ///
    /// The function is written as text and parsed:
    ///
    /// ```
    /// use slopes::activation::Maxout;
    /// let maxout: Maxout = "maxout(pieces=3)".parse()?;
    /// assert_eq!((maxout.pieces, maxout.to_string().as_str()), (3, "maxout(pieces=3)"));
    /// # Ok::<(), slopes::ParseError>(())
    /// ```
    ///
    /// # Panics
    /// Methods panic if the length of x or dx is not a multiple of `pieces`, if another slice does not have one number
    /// for each group, or if an index is out of range, before anything is written; the message names the lengths.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Maxout {
        /// The length of a group: positive; 2 by default.
        pub pieces: usize,
    }
    parameters { pieces = 2.0; }
}

crate::any::text!(Maxout);

impl Parameters for Maxout {
    fn values(&self) -> Values {
        [self.pieces as f64, 0.0, 0.0, 0.0]
    }
    fn with_values(self, [value, ..]: Values) -> Result<Self, ParameterError> {
        let pieces = value as usize;
        if pieces == 0 || pieces as f64 != value {
            return Err(ParameterError { parameter: "pieces", value, requirement: "must be a positive integer" });
        }
        Ok(Maxout { pieces })
    }
}

impl Maxout {
    /// Groups of two.
    pub const DEFAULT: Self = Maxout { pieces: 2 };

    /// The maximum y of each group.
    #[track_caller]
    pub fn forward<T: Element>(&self, x: &[T], y: &mut [T]) {
        self.check("forward", ("x", x.len()), [("y", y.len())]);
        <T::Kernels as MaxoutKernels<T>>::forward(Forward { pieces: self.pieces, x, y, indices: None });
    }

    /// The maximum y of each group, and its index in the group, from 0.
    #[track_caller]
    pub fn forward_with_indices<T: Element>(&self, x: &[T], y: &mut [T], indices: &mut [u32]) {
        self.check("forward_with_indices", ("x", x.len()), [("y", y.len()), ("indices", indices.len())]);
        <T::Kernels as MaxoutKernels<T>>::forward(Forward { pieces: self.pieces, x, y, indices: Some(indices) });
    }

    /// The gradient dx: dy at the maximum of each group, 0 elsewhere.
    #[track_caller]
    pub fn backward<T: Element>(&self, x: &[T], dy: &[T], dx: &mut [T]) {
        same_length("backward", [("x", x.len()), ("dx", dx.len())]);
        self.check("backward", ("x", x.len()), [("dy", dy.len())]);
        <T::Kernels as MaxoutKernels<T>>::backward(Backward { pieces: self.pieces, x, dy, dx });
    }

    /// The gradient dx, from the indices of [`forward_with_indices`](Maxout::forward_with_indices) instead of x.
    #[track_caller]
    pub fn backward_from_indices<T: Element>(&self, indices: &[u32], dy: &[T], dx: &mut [T]) {
        let lengths = [("dy", dy.len()), ("indices", indices.len())];
        self.check("backward_from_indices", ("dx", dx.len()), lengths);
        check_choices("backward_from_indices", indices, self.pieces);
        <T::Kernels as MaxoutKernels<T>>::scatter(self.pieces, indices, dy, dx);
    }

    /// Panics unless `numbers` is a whole number of groups, and `others` have one number for each.
    #[track_caller]
    fn check<const N: usize>(&self, method: &str, (name, numbers): (&str, usize), others: [(&str, usize); N]) {
        let pieces = self.pieces;
        let whole = numbers == 0 || pieces > 0 && numbers.is_multiple_of(pieces);
        assert!(whole, "{method}: length {numbers} of {name} is not a multiple of the group length {pieces}");
        let groups = numbers.checked_div(pieces).unwrap_or(0);
        for (name, len) in others {
            assert!(len == groups, "{method}: length {len} of {name} is not the number of groups {groups}");
        }
    }
}

/// Panics unless each index is below `pieces`.
#[track_caller]
fn check_choices(method: &str, indices: &[u32], pieces: usize) {
    for (place, &choice) in indices.iter().enumerate() {
        assert!((choice as usize) < pieces, "{method}: index {choice} at {place} is out of range for {pieces} pieces");
    }
}

/// The number of groups, or of sums, that are processed at a time.
const BLOCK: usize = block_on_stack(256);

/// True if `x` replaces `best`: if it is larger, or the first NaN.
#[inline(always)]
fn is_better<T: Element>(x: T, best: T) -> bool {
    (x > best) | (x.is_nan() & !best.is_nan())
}

/// The maxima of at most a block of groups, and their indices: computed piece by piece, so that each lane has a group.
#[inline(always)]
fn choose<T: Element>(pieces: usize, x: &[T], best: &mut [T], indices: &mut [u32]) {
    for (best, group) in best.iter_mut().zip(x.chunks_exact(pieces)) {
        *best = group[0];
    }
    indices.fill(0);
    for piece in 1..pieces {
        for ((best, choice), group) in best.iter_mut().zip(indices.iter_mut()).zip(x.chunks_exact(pieces)) {
            let better = is_better(group[piece], *best);
            *best = if better { group[piece] } else { *best };
            *choice = if better { piece as u32 } else { *choice };
        }
    }
}

/// Sets dx to dy at the indices, and to 0 elsewhere.
#[inline(always)]
fn scatter<T: Element>(pieces: usize, indices: &[u32], dy: &[T], dx: &mut [T]) {
    dx.fill(T::zero());
    for ((group, dy), choice) in dx.chunks_exact_mut(pieces.max(1)).zip(dy).zip(indices) {
        group[*choice as usize] = *dy;
    }
}

concrete! {
    trait MaxoutKernels;
    fn forward(kernel: Forward<'_, T>) { dispatch(kernel) }
    fn backward(kernel: Backward<'_, T>) { dispatch(kernel) }
    fn scatter(pieces: usize, indices: &[u32], dy: &[T], dx: &mut [T]) { scatter(pieces, indices, dy, dx) }
    fn layer_forward(kernel: LayerForward<'_, T>) { dispatch(kernel) }
    fn layer_backward(kernel: LayerBackward<'_, T>) { dispatch(kernel) }
    fn layer_parameters(kernel: LayerParameters<'_, T>) { dispatch(kernel) }
}

pub(crate) struct Forward<'a, T> {
    pieces: usize,
    x: &'a [T],
    y: &'a mut [T],
    indices: Option<&'a mut [u32]>,
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(mut self, _: Token<I>) {
        let mut block = [0; BLOCK];
        for (i, y) in self.y.chunks_mut(BLOCK).enumerate() {
            let (start, n) = (i * BLOCK, y.len());
            let indices = match &mut self.indices {
                Some(indices) => &mut indices[start..start + n],
                None => &mut block[..n],
            };
            choose(self.pieces, &self.x[start * self.pieces..(start + n) * self.pieces], y, indices);
        }
    }
}

pub(crate) struct Backward<'a, T> {
    pieces: usize,
    x: &'a [T],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let (mut best, mut indices) = ([T::zero(); BLOCK], [0; BLOCK]);
        for (i, dy) in self.dy.chunks(BLOCK).enumerate() {
            let (start, n) = (i * BLOCK, dy.len());
            let place = start * self.pieces..(start + n) * self.pieces;
            choose(self.pieces, &self.x[place.clone()], &mut best[..n], &mut indices[..n]);
            scatter(self.pieces, &indices[..n], dy, &mut self.dx[place]);
        }
    }
}

/// A maxout layer with weights and biases: output j of a sample x is the maximum of its pieces `w_ji . x + b_ji`.
///
#[cfg_attr(doc, doc = include_str!("../../../doc/plots/row/maxout_layer.html"))]
///
/// - value: `y_j = max_i (w_ji * x + b_ji)`
/// - gradient in x: `sum_j dy_j w_ji`, i the first of the largest pieces of unit j
/// - gradient in w_ji: `sum_s dy_sj x_s`, over the samples whose piece of unit j is i
/// - gradient in b_ji: `sum_s dy_sj`, over the same samples
/// - source: I. Goodfellow et al., Maxout Networks, arXiv:1302.4389
///
/// All arrays are row-major, s being the sample, j the unit, i the piece and k the input:
///
/// - x and dx: samples x inputs, `x[s * inputs + k]`
/// - y, dy and the indices: samples x units, `y[s * units + j]`
/// - weights: units x pieces x inputs, `w_ji[k] = weights[(j * pieces + i) * inputs + k]`
/// - biases: units x pieces, `b_ji = biases[j * pieces + i]`
///
/// With one input and two pieces, weights of (1, 0) and biases of 0 make a ReLU, weights of (1, a) a leaky one.
///
/// Pieces are computed and compared in f64. Worst error of y in f32: 0.5 ulp, plus in all types (inputs / 16 + 20)
/// 2^-53 of the sum of the magnitudes `|w x|` and `|b|`, inputs up to 1024. Gradients are summed in f64 too, in order,
/// and rounded once. A piece that is NaN is larger than any number.
///
/// ```
/// use slopes::activation::MaxoutLayer;
/// // One unit of two pieces of one input: |x|.
/// let layer = MaxoutLayer::new(&[1.0_f32, -1.0], &[0.0, 0.0], 2);
/// let (x, dy) = ([-3.0, 2.0], [1.0, 10.0]);
/// let (mut y, mut indices, mut dx) = ([0.0; 2], [0; 2], [0.0; 2]);
/// layer.forward(&x, &mut y, &mut indices);
/// assert_eq!((y, indices), ([3.0, 2.0], [1, 0]));
/// layer.backward(&indices, &dy, &mut dx);
/// assert_eq!(dx, [-1.0, 10.0]);
///
/// let (mut d_weights, mut d_biases) = ([0.0; 2], [0.0; 2]);
/// layer.backward_parameters(&x, &indices, &dy, &mut d_weights, &mut d_biases);
/// assert_eq!((d_weights, d_biases), ([20.0, -3.0], [10.0, 1.0]));
/// ```
///
/// # Panics
/// Methods panic if the lengths of slices do not match, or if an index is out of range, before anything is written; the
/// message names the lengths.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MaxoutLayer<'a, T> {
    weights: &'a [T],
    biases: &'a [T],
    pieces: usize,
    inputs: usize,
}

impl<'a, T: Element> MaxoutLayer<'a, T> {
    /// A layer of `biases.len() / pieces` units and `weights.len() / biases.len()` inputs.
    ///
    /// # Panics
    /// If the number of biases is not a positive multiple of `pieces`, or the number of weights not a multiple of that
    /// of biases.
    #[track_caller]
    pub fn new(weights: &'a [T], biases: &'a [T], pieces: usize) -> Self {
        let (w, b) = (weights.len(), biases.len());
        let whole = pieces > 0 && b > 0 && b.is_multiple_of(pieces);
        assert!(whole, "length {b} of biases is not a positive multiple of the number of pieces {pieces}");
        assert!(w.is_multiple_of(b), "length {w} of weights is not a multiple of the length {b} of biases");
        MaxoutLayer { weights, biases, pieces, inputs: w / b }
    }

    /// The outputs y, and the index of the largest piece of each.
    #[track_caller]
    pub fn forward(&self, x: &[T], y: &mut [T], indices: &mut [u32]) {
        same_length("forward", [("y", y.len()), ("indices", indices.len())]);
        self.check("forward", ("x", x.len()), ("y", y.len()));
        <T::Kernels as MaxoutKernels<T>>::layer_forward(LayerForward { layer: *self, x, y, indices });
    }

    /// The gradient dx in x, from the indices of [`forward`](MaxoutLayer::forward).
    #[track_caller]
    pub fn backward(&self, indices: &[u32], dy: &[T], dx: &mut [T]) {
        same_length("backward", [("indices", indices.len()), ("dy", dy.len())]);
        self.check("backward", ("dx", dx.len()), ("dy", dy.len()));
        check_choices("backward", indices, self.pieces);
        <T::Kernels as MaxoutKernels<T>>::layer_backward(LayerBackward { layer: *self, indices, dy, dx });
    }

    /// The gradients in the weights and in the biases, summed over the samples, from the indices of
    /// [`forward`](MaxoutLayer::forward).
    #[track_caller]
    pub fn backward_parameters(&self, x: &[T], indices: &[u32], dy: &[T], d_weights: &mut [T], d_biases: &mut [T]) {
        const METHOD: &str = "backward_parameters";
        same_length(METHOD, [("indices", indices.len()), ("dy", dy.len())]);
        same_length(METHOD, [("weights", self.weights.len()), ("d_weights", d_weights.len())]);
        same_length(METHOD, [("biases", self.biases.len()), ("d_biases", d_biases.len())]);
        self.check(METHOD, ("x", x.len()), ("dy", dy.len()));
        check_choices(METHOD, indices, self.pieces);
        <T::Kernels as MaxoutKernels<T>>::layer_parameters(LayerParameters {
            layer: *self,
            x,
            indices,
            dy,
            d_weights,
            d_biases,
        });
    }

    /// Panics unless x and y have rows for the same number of samples.
    #[track_caller]
    fn check(&self, method: &str, (x_name, x): (&str, usize), (y_name, y): (&str, usize)) {
        let (units, inputs) = (self.units(), self.inputs);
        let fits = y.is_multiple_of(units) && x == y / units * inputs;
        assert!(
            fits,
            "{method}: length {x} of {x_name} does not match length {y} of {y_name}: {inputs} inputs, {units} units",
        );
    }

    #[inline(always)]
    fn units(&self) -> usize {
        self.biases.len() / self.pieces
    }

    /// The weights of a piece of a unit.
    #[inline(always)]
    fn row(&self, unit: usize, piece: usize) -> &'a [T] {
        &self.weights[(unit * self.pieces + piece) * self.inputs..][..self.inputs]
    }
}

pub(crate) struct LayerForward<'a, T> {
    layer: MaxoutLayer<'a, T>,
    x: &'a [T],
    y: &'a mut [T],
    indices: &'a mut [u32],
}

impl<T: Element> Kernel for LayerForward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let (layer, units) = (self.layer, self.layer.units());
        for (place, (y, choice)) in self.y.iter_mut().zip(self.indices).enumerate() {
            let (sample, unit) = (place / units, place % units);
            let x = &self.x[sample * layer.inputs..][..layer.inputs];
            let mut best = 0.0;
            for piece in 0..layer.pieces {
                let bias = layer.biases[unit * layer.pieces + piece].into_f64();
                let z = sum_of_pairs(layer.row(unit, piece), x, |w, x| w * x) + bias;
                if piece == 0 || is_better(z, best) {
                    (best, *choice) = (z, piece as u32);
                }
            }
            *y = T::from_f64_rounded(best);
        }
    }
}

/// Adds weight * row to the sums.
#[inline(always)]
fn accumulate<T: Element>(sums: &mut [f64], weight: f64, row: &[T]) {
    for (sum, x) in sums.iter_mut().zip(row) {
        *sum += weight * x.into_f64();
    }
}

/// Writes the rounded sums to `to`.
#[inline(always)]
fn round<T: Element>(sums: &[f64], to: &mut [T]) {
    for (to, sum) in to.iter_mut().zip(sums) {
        *to = T::from_f64_rounded(*sum);
    }
}

pub(crate) struct LayerBackward<'a, T> {
    layer: MaxoutLayer<'a, T>,
    indices: &'a [u32],
    dy: &'a [T],
    dx: &'a mut [T],
}

impl<T: Element> Kernel for LayerBackward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let (layer, units) = (self.layer, self.layer.units());
        for (sample, dx) in self.dx.chunks_exact_mut(layer.inputs.max(1)).enumerate() {
            for (block, dx) in dx.chunks_mut(BLOCK).enumerate() {
                let mut sums = [0.0; BLOCK];
                for unit in 0..units {
                    let place = sample * units + unit;
                    let row = layer.row(unit, self.indices[place] as usize);
                    accumulate(&mut sums, self.dy[place].into_f64(), &row[block * BLOCK..][..dx.len()]);
                }
                round(&sums, dx);
            }
        }
    }
}

pub(crate) struct LayerParameters<'a, T> {
    layer: MaxoutLayer<'a, T>,
    x: &'a [T],
    indices: &'a [u32],
    dy: &'a [T],
    d_weights: &'a mut [T],
    d_biases: &'a mut [T],
}

impl<T: Element> Kernel for LayerParameters<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let MaxoutLayer { pieces, inputs, .. } = self.layer;
        let units = self.layer.units();
        for (row, d_bias) in self.d_biases.iter_mut().enumerate() {
            let (unit, piece) = (row / pieces, row % pieces);
            // The places in `indices` and `dy` of the samples whose maximum is this piece.
            let chosen = (unit..self.dy.len()).step_by(units).filter(|place| self.indices[*place] as usize == piece);
            let mut sum = 0.0;
            for place in chosen.clone() {
                sum += self.dy[place].into_f64();
            }
            *d_bias = T::from_f64_rounded(sum);
            for (block, d_weights) in self.d_weights[row * inputs..][..inputs].chunks_mut(BLOCK).enumerate() {
                let mut sums = [0.0; BLOCK];
                for place in chosen.clone() {
                    let x = &self.x[place / units * inputs + block * BLOCK..][..d_weights.len()];
                    accumulate(&mut sums, self.dy[place].into_f64(), x);
                }
                round(&sums, d_weights);
            }
        }
    }
}
