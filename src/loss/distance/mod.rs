//! Losses of how near rows are to each other: of angles, and of distances.
//!
//! Products and squares are summed in f64, by a tree that depends on the length alone. Rows whose squares f64 cannot hold
//! are brought near 1 first, by a power of two; of rows with infinite entries those alone are left, as 1 and -1: the
//! direction that such a row tends to.

pub(crate) mod contrastive;
pub(crate) mod cosine;
pub(crate) mod triplet;

use contrastive::Contrastive;
use cosine::{CosineEmbedding, CosineSimilarity};
use triplet::Triplet;

use super::row::driver::{BLOCK, blocks, rounded_to, sum, widen, write};
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::row::exponentials::one;
use crate::row::{COPIED, Rows};
use crate::simd::{Isa, Kernel, Lanes, Real, Token, dispatch};
use crate::slice::{Dst, Map, Src, Workspace};
use crate::sum::PairwiseSum;

/// The text of a loss of N rows that belong together, with what they should be: 1, -1, or nothing.
pub(crate) trait RowGroupKernel<const N: usize>: Copy {
    /// The loss, and its gradient in every row, times `scale`.
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, N>, target: f64) -> f64;

    /// The sum of all rows, by the compiled kernel.
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, N>) -> f64;
}

concrete! {
    trait SimilarityKernels;
    fn cosine_similarity(kernel: EachRow<'_, CosineSimilarity, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn cosine_embedding(kernel: EachRow<'_, CosineEmbedding, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn contrastive(kernel: EachRow<'_, Contrastive, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn triplet(kernel: EachRow<'_, Triplet, RealOf<T>, 3>) -> f64 { dispatch(kernel) }
}

/// N rows that belong together, and where the gradients in them go, times `scale`.
#[derive(Clone, Copy)]
pub(crate) struct RowGroup<'a, R, const N: usize> {
    inputs: [Src<'a, R>; N],
    gradients: [Option<Dst<'a, R>>; N],
    len: usize,
    scale: f64,
}

impl<R: Real, const N: usize> RowGroup<'_, R, N> {
    /// Writes gradients that are the same for every entry.
    #[inline(always)]
    fn fill(self, gradient: f64) {
        for target in self.gradients.into_iter().flatten() {
            (0..self.len).for_each(|i| target.write(i, gradient));
        }
    }
}

/// The rows of a loss, with what is wanted of them.
pub(crate) struct EachRow<'a, F, R, const N: usize> {
    kernel: F,
    all: RowGroup<'a, R, N>,
    target: Option<Src<'a, R>>,
    rows: usize,
    layout: Rows,
    losses: Option<Dst<'a, R>>,
}

impl<F: RowGroupKernel<N>, R: Real, const N: usize> Kernel for EachRow<'_, F, R, N> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let (all, layout, mut tree) = (self.all, self.layout, PairwiseSum::new());
        let mut rooms = [const { Workspace::<R, COPIED>::new() }; N];
        let rooms = rooms.each_mut().map(|room| room.zeros(layout.copied(all.inputs[0])));
        for row in 0..self.rows {
            let mut inputs = all.inputs.map(|input| layout.of(input, row));
            for k in 0..N {
                inputs[k] = token.plain(inputs[k], rooms[k]);
            }
            let gradients = all.gradients.map(|gradient| gradient.map(|gradient| layout.of_target(gradient, row)));
            let target = self.target.map_or(1.0, |target| target.read(row));
            let loss = self.kernel.row(token, RowGroup { inputs, gradients, ..all }, target);
            if let Some(losses) = self.losses {
                losses.write(row, loss);
            }
            tree.push(rounded_to::<R>(loss));
        }
        tree.sum()
    }
}

/// Checks the lengths, and runs: the sum of the losses, and the number of rows.
#[track_caller]
fn run<F: RowGroupKernel<N>, T: Element, const N: usize>(
    kernel: F,
    names: [&str; N],
    inputs: [&[T]; N],
    target: Option<&[T]>,
    rows: Rows,
    losses: Option<&mut [T]>,
    (scale, gradients): (f64, [Option<&mut [T]>; N]),
) -> (f64, usize) {
    let numbers = inputs[0].len();
    for (name, input) in names.iter().zip(&inputs) {
        same_length("inputs", [(names[0], numbers), (name, input.len())]);
    }
    for gradient in gradients.iter().flatten() {
        same_length("gradients", [(names[0], numbers), ("gradient", gradient.len())]);
    }
    let count = rows.count(numbers);
    for (name, len) in [("target", target.map(<[T]>::len)), ("losses", losses.as_ref().map(|losses| losses.len()))] {
        same_length(name, [("rows", count), (name, len.unwrap_or(count))]);
    }
    let all = RowGroup {
        inputs: inputs.map(Src::new),
        gradients: gradients.map(|gradient| gradient.map(Dst::new)),
        len: rows.row_len(),
        scale,
    };
    let (target, losses) = (target.map(Src::new), losses.map(Dst::new));
    (F::run::<T>(EachRow { kernel, all, target, rows: count, layout: rows, losses }), count)
}

/// The methods of a loss of rows that belong together.
macro_rules! methods {
    ($Name:ident of $n:literal: $($input:ident),+ $(; $target:ident)?) => {
        impl $Name {
            /// The loss of each row.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other, before anything is written.
            #[track_caller]
            pub fn forward<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows, losses: &mut [T]) {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, Some(losses), (1.0, [const { None }; $n]));
            }

            /// The sum of the losses; 0 for no rows.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other.
            #[track_caller]
            pub fn sum<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> f64 {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, None, (1.0, [const { None }; $n])).0
            }

            /// The sum of the losses by the number of rows; NaN for no rows.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other.
            #[track_caller]
            pub fn mean<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> f64 {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                let (sum, count) = run(*self, names, inputs, target, rows, None, (1.0, [const { None }; $n]));
                sum / count as f64
            }

            /// The sum of the losses, and in one pass its gradients times `scale`, in as many of the inputs as are wanted,
            /// in their order.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other, before anything is written.
            #[track_caller]
            pub fn sum_with_gradients<T: Element>(
                &self,
                $($input: &[T],)+
                $($target: &[T],)?
                rows: Rows,
                scale: f64,
                gradients: [Option<&mut [T]>; $n],
            ) -> f64 {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, None, (scale, gradients)).0
            }
        }
    };
}
use methods;

/// The square root.
#[derive(Clone, Copy)]
struct Root;

impl Map<1, 1> for Root {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.sqrt()]
    }
}

/// A vector: a row, or the difference of two with `eps` added to each entry.
#[derive(Clone, Copy)]
struct Vector<'a, R> {
    x: Src<'a, R>,
    less: Option<(Src<'a, R>, f64)>,
    len: usize,
}

/// A length, as the length of the vector times `by`, a power of two. `by` is 0 for a vector with infinite entries: then
/// those alone are left of it, as 1 and -1.
#[derive(Clone, Copy)]
struct Length {
    scaled: f64,
    by: f64,
}

impl Length {
    #[inline(always)]
    fn value(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { self.scaled / self.by }
    }

    /// 1 / length; 0 of 0.
    #[inline(always)]
    fn inverse(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { self.by / self.scaled }
    }

    /// 1 / length of the vector that is scaled; 0 of 0.
    #[inline(always)]
    fn inverse_of_scaled(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { 1.0 / self.scaled }
    }
}

/// Entries of a vector from `start` on, times `by`.
struct Entries<'a, R> {
    vector: Vector<'a, R>,
    start: usize,
    by: f64,
    entries: &'a mut [f64],
}

impl<R: Real> Kernel for Entries<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        self.vector.entries(self.start, self.by, self.entries);
    }
}

/// Entries of a gradient from `start` on, times `scale`.
struct Write<'a, R> {
    gradient: Dst<'a, R>,
    start: usize,
    scale: f64,
    entries: &'a [f64],
}

impl<R: Real> Kernel for Write<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        write(self.gradient, self.start, self.scale, self.entries);
    }
}

impl<R: Real> Vector<'_, R> {
    /// Entries from `start` on, times `by`: a function of its own.
    #[inline(always)]
    fn load<I: Isa>(self, token: Token<I>, start: usize, by: f64, entries: &mut [f64]) {
        token.call_outlined(Entries { vector: self, start, by, entries });
    }

    /// The same, as a part of the kernel.
    #[inline(always)]
    fn entries(self, start: usize, by: f64, entries: &mut [f64]) {
        widen(self.x, start, entries);
        if let Some((y, eps)) = self.less {
            let y = y.part(start, entries.len());
            for (i, entry) in entries.iter_mut().enumerate() {
                *entry = *entry - y.read(i) + eps;
            }
        }
        if by == 0.0 {
            entries.iter_mut().for_each(|x| *x = if x.is_infinite() { x.signum() } else { *x * 0.0 });
        } else if by != 1.0 {
            entries.iter_mut().for_each(|x| *x *= by);
        }
    }

    /// The sum of products with another vector, which may be this one; both times what they are scaled by.
    #[inline(always)]
    fn dot<I: Isa>(self, token: Token<I>, by: f64, other: Self, other_by: f64) -> f64 {
        token.call_outlined(Dot { vectors: [self, other], by: [by, other_by] })
    }

    #[inline(always)]
    fn length<I: Isa>(self, token: Token<I>) -> Length {
        token.call_outlined(LengthOf(self))
    }

    /// The same, as a part of the kernel.
    #[inline(always)]
    fn length_here<I: Isa>(self, token: Token<I>) -> Length {
        // Squares of f64 lose bits or overflow outside of these; those of f32 do not, infinities aside.
        const SAFE: core::ops::Range<f64> = 1e-260..1e300;
        let mut by = 1.0;
        let mut square = self.dot(token, by, self, by);
        if !SAFE.contains(&square) {
            let (mut block, mut largest) = ([0.0; BLOCK], 0.0_f64);
            for (start, n) in blocks(self.len) {
                self.load(token, start, 1.0, &mut block[..n]);
                largest = block[..n].iter().fold(largest, |largest, x| largest.max(x.abs()));
            }
            if largest > 0.0 {
                by = power_near_inverse(largest);
                square = self.dot(token, by, self, by);
            }
        }
        Length { scaled: one(token, Root, square), by }
    }
}

/// The length of a vector.
struct LengthOf<'a, R>(Vector<'a, R>);

impl<R: Real> Kernel for LengthOf<'_, R> {
    type Output = Length;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Length {
        self.0.length_here(token)
    }
}

/// The sum of the products of two vectors' entries.
struct Dot<'a, R> {
    vectors: [Vector<'a, R>; 2],
    by: [f64; 2],
}

impl<R: Real> Kernel for Dot<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        let (mut x, mut y, mut tree) = ([0.0; BLOCK], [0.0; BLOCK], PairwiseSum::new());
        let ([a, b], [by, other_by]) = (self.vectors, self.by);
        for (start, n) in blocks(a.len) {
            a.load(token, start, by, &mut x[..n]);
            b.load(token, start, other_by, &mut y[..n]);
            for i in 0..n {
                x[i] *= y[i];
            }
            tree.push(sum(token, &x[..n]));
        }
        tree.sum()
    }
}

/// A power of two by which x, which is positive, comes near 1; 0 of infinity.
#[inline(always)]
fn power_near_inverse(x: f64) -> f64 {
    if x == f64::INFINITY {
        return 0.0;
    }
    const LARGEST: u64 = 2045;
    f64::from_bits((2046 - (x.to_bits() >> 52).min(LARGEST)) << 52)
}

/// Writes the gradient times `scale` of vectors in the direction of each, weighted: a function of its own.
struct Directions<'a, R, const N: usize> {
    gradient: Dst<'a, R>,
    scale: f64,
    parts: [(Vector<'a, R>, Length, f64); N],
}

impl<R: Real, const N: usize> Kernel for Directions<'_, R, N> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let (mut out, mut x) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (start, n) in blocks(self.parts[0].0.len) {
            out[..n].fill(0.0);
            for (vector, length, weight) in self.parts {
                let factor = length.inverse_of_scaled() * weight;
                vector.load(token, start, length.by, &mut x[..n]);
                for i in 0..n {
                    out[i] += factor * x[i];
                }
            }
            write(self.gradient, start, self.scale, &out[..n]);
        }
    }
}

/// Writes such a gradient, if it is wanted.
#[inline(always)]
fn write_directions<R: Real, I: Isa, const N: usize>(
    token: Token<I>,
    gradient: Option<Dst<R>>,
    scale: f64,
    parts: [(Vector<R>, Length, f64); N],
) {
    if let Some(gradient) = gradient {
        token.call_outlined(Directions { gradient, scale, parts });
    }
}
