//! Distance losses: of the angles (cosine) and the Euclidean distances (contrastive, triplet) between rows.
//!
//! Element i of row r is at `r * len + i` of a slice if rows are contiguous; along an axis, row r = o * inner + j has
//! it at `(o * len + i) * inner + j`.
//!
//! Products and squares are summed in f64, by a tree that depends on the length alone. Rows whose squares f64 cannot
//! hold are first brought near 1 by a power of two. Of a row with infinite entries only those are kept, as 1 and -1:
//! the direction that such a row tends to.

#[macro_use]
pub(crate) mod contrastive;
#[macro_use]
pub(crate) mod cosine;
#[macro_use]
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

/// The kernel of a loss of N rows that belong together. Their target is 1 or -1, and 1 for a loss without targets.
pub(crate) trait RowGroupKernel<const N: usize>: Copy {
    /// The loss of one group of rows; writes its gradient in every row, times `scale`.
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: RowGroup<'_, R, N>, target: f64) -> f64;

    /// The sum of the losses of all groups, by the compiled kernel.
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, N>) -> f64;
}

concrete! {
    trait SimilarityKernels;
    fn cosine_similarity(kernel: EachRow<'_, CosineSimilarity, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn cosine_embedding(kernel: EachRow<'_, CosineEmbedding, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn contrastive(kernel: EachRow<'_, Contrastive, RealOf<T>, 2>) -> f64 { dispatch(kernel) }
    fn triplet(kernel: EachRow<'_, Triplet, RealOf<T>, 3>) -> f64 { dispatch(kernel) }
}

/// N rows that belong together, and the memory of the gradients in them, times `scale`.
#[derive(Clone, Copy)]
pub(crate) struct RowGroup<'a, R, const N: usize> {
    inputs: [Src<'a, R>; N],
    gradients: [Option<Dst<'a, R>>; N],
    len: usize,
    scale: f64,
}

impl<R: Real, const N: usize> RowGroup<'_, R, N> {
    /// Writes gradients with the same number in every entry.
    #[inline(always)]
    fn fill(self, gradient: f64) {
        for target in self.gradients.into_iter().flatten() {
            (0..self.len).for_each(|i| target.write(i, gradient));
        }
    }
}

/// All rows of a loss, their targets, and the memory of the losses.
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

/// Checks the lengths, and runs the kernel. Returns the sum of the losses and the number of rows.
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

/// The public methods of a loss of rows that belong together.
macro_rules! methods {
    ($Name:ident of $n:literal: $($input:ident),+ $(; $target:ident)?) => {
        impl $Name {
            /// The loss of each row: `losses[r]` is that of row r of the inputs.
            ///
            /// # Panics
            /// If the slices do not match in length, or are no whole number of rows, before anything is written.
            #[track_caller]
            pub fn forward<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows, losses: &mut [T]) {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, Some(losses), (1.0, [const { None }; $n]));
            }

            /// The sum of the losses; 0 for no rows.
            ///
            /// # Panics
            /// If the slices do not match in length, or are no whole number of rows.
            #[track_caller]
            pub fn sum<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> f64 {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, None, (1.0, [const { None }; $n])).0
            }

            /// The mean of the losses: their sum divided by the number of rows; NaN for no rows.
            ///
            /// # Panics
            /// If the slices do not match in length, or are no whole number of rows.
            #[track_caller]
            pub fn mean<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> f64 {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                let (sum, count) = run(*self, names, inputs, target, rows, None, (1.0, [const { None }; $n]));
                sum / count as f64
            }

            /// The sum of the losses, and in one pass the gradients times `scale`: one for each input, in their order,
            /// or `None` if it is not needed.
            ///
            /// # Panics
            /// If the slices do not match in length, or are no whole number of rows, before anything is written.
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

/// The square root, as a map.
#[derive(Clone, Copy)]
struct Root;

impl Map<1, 1> for Root {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.sqrt()]
    }
}

/// A vector: a row x, or the difference of x and another row, with eps added to each entry.
#[derive(Clone, Copy)]
struct Vector<'a, R> {
    x: Src<'a, R>,
    /// The other row, and eps.
    less: Option<(Src<'a, R>, f64)>,
    len: usize,
}

/// The length of a vector, as that of the vector times `by`, a power of two. `by` is 0 for a vector with infinite
/// entries: only those are kept of it, as 1 and -1.
#[derive(Clone, Copy)]
struct Length {
    scaled: f64,
    by: f64,
}

impl Length {
    /// The length.
    #[inline(always)]
    fn value(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { self.scaled / self.by }
    }

    /// 1 / length; 0 for a length of 0.
    #[inline(always)]
    fn inverse(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { self.by / self.scaled }
    }

    /// 1 / the length of the scaled vector; 0 for a length of 0.
    #[inline(always)]
    fn inverse_of_scaled(self) -> f64 {
        if self.scaled == 0.0 { 0.0 } else { 1.0 / self.scaled }
    }
}

/// The kernel that loads entries of a vector from `start` on, times `by`.
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

/// The kernel that writes entries of a gradient from `start` on, times `scale`.
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
    /// Loads entries from `start` on, times `by`, in a function of its own.
    #[inline(always)]
    fn load<I: Isa>(self, token: Token<I>, start: usize, by: f64, entries: &mut [f64]) {
        token.call_outlined(Entries { vector: self, start, by, entries });
    }

    /// Loads entries from `start` on, times `by`, inlined into the kernel.
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

    /// The dot product with another vector, which may be this one; each is multiplied by its factor.
    #[inline(always)]
    fn dot<I: Isa>(self, token: Token<I>, by: f64, other: Self, other_by: f64) -> f64 {
        token.call_outlined(Dot { vectors: [self, other], by: [by, other_by] })
    }

    /// The length, in a function of its own.
    #[inline(always)]
    fn length<I: Isa>(self, token: Token<I>) -> Length {
        token.call_outlined(LengthOf(self))
    }

    /// The length, inlined into the kernel.
    #[inline(always)]
    fn length_here<I: Isa>(self, token: Token<I>) -> Length {
        // Sums of squares lose bits or overflow in f64 outside of this range; those of f32 do not, infinities aside.
        const SAFE: core::ops::Range<f64> = 1e-260..1e300;
        let mut by = 1.0;
        let mut square = self.dot(token, by, self, by);
        if !SAFE.contains(&square) {
            let (mut block, mut largest) = ([0.0; BLOCK], 0.0_f64);
            for (start, n) in blocks::<BLOCK>(self.len) {
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

/// The kernel of the length of a vector.
struct LengthOf<'a, R>(Vector<'a, R>);

impl<R: Real> Kernel for LengthOf<'_, R> {
    type Output = Length;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> Length {
        self.0.length_here(token)
    }
}

/// The kernel of the dot product of two vectors, each multiplied by its factor.
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
        for (start, n) in blocks::<BLOCK>(a.len) {
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

/// A power of two that brings x, which is positive, near 1; 0 for infinity.
#[inline(always)]
fn power_near_inverse(x: f64) -> f64 {
    if x == f64::INFINITY {
        return 0.0;
    }
    const LARGEST: u64 = 2045;
    f64::from_bits((2046 - (x.to_bits() >> 52).min(LARGEST)) << 52)
}

/// The kernel that writes a gradient times `scale`: the sum of the unit vectors of `parts`, each times its weight.
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
        for (start, n) in blocks::<BLOCK>(self.parts[0].0.len) {
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

/// Writes a gradient by [`Directions`], if it has a place.
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
