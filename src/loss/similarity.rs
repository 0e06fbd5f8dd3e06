//! Losses of how near rows are to each other: of angles, and of distances.
//!
//! Products and squares are summed in f64, by a tree that depends on the length alone. Rows whose squares f64 cannot hold
//! are brought near 1 first, by a power of two; of rows with infinite entries those alone are left, as 1 and -1: the
//! direction that such a row tends to.

use super::cross_entropy::check_weights;
use super::rows::{BLOCK, blocks, held, sum, widen, write};
use crate::activation::{COPIED, Rows, one, same_length};
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::facts::BadParameter;
use crate::simd::{Isa, Kernel, Lanes, Real, Token, dispatch};
use crate::slice::{Dst, Map, Src, Workspace};
use crate::sum::PairwiseSum;

/// The text of a loss of N rows that belong together, with what they should be: 1, -1, or nothing.
pub(crate) trait Text<const N: usize>: Copy {
    /// The loss, and its gradient in every row, times `scale`.
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: Together<'_, R, N>, target: f64) -> f64;

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
pub(crate) struct Together<'a, R, const N: usize> {
    inputs: [Src<'a, R>; N],
    gradients: [Option<Dst<'a, R>>; N],
    len: usize,
    scale: f64,
}

impl<R: Real, const N: usize> Together<'_, R, N> {
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
    text: F,
    all: Together<'a, R, N>,
    target: Option<Src<'a, R>>,
    rows: usize,
    layout: Rows,
    losses: Option<Dst<'a, R>>,
}

impl<F: Text<N>, R: Real, const N: usize> Kernel for EachRow<'_, F, R, N> {
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
            let loss = self.text.row(token, Together { inputs, gradients, ..all }, target);
            if let Some(losses) = self.losses {
                losses.write(row, loss);
            }
            tree.push(held::<R>(loss));
        }
        tree.sum()
    }
}

/// Checks the lengths, and runs: the sum of the losses, and the number of rows.
#[track_caller]
fn run<F: Text<N>, T: Element, const N: usize>(
    text: F,
    names: [&str; N],
    inputs: [&[T]; N],
    target: Option<&[T]>,
    rows: Rows,
    losses: Option<&mut [T]>,
    (scale, gradients): (T, [Option<&mut [T]>; N]),
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
    let all = Together {
        inputs: inputs.map(Src::new),
        gradients: gradients.map(|gradient| gradient.map(Dst::new)),
        len: rows.row_len(),
        scale: scale.wide(),
    };
    let (target, losses) = (target.map(Src::new), losses.map(Dst::new));
    (F::run::<T>(EachRow { text, all, target, rows: count, layout: rows, losses }), count)
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
            pub fn each<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows, losses: &mut [T]) {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                run(*self, names, inputs, target, rows, Some(losses), (T::one(), [const { None }; $n]));
            }

            /// The sum of the losses; 0 for no rows.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other.
            #[track_caller]
            pub fn sum<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> T {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                T::of(run(*self, names, inputs, target, rows, None, (T::one(), [const { None }; $n])).0)
            }

            /// The sum of the losses by the number of rows; NaN for no rows.
            ///
            /// # Panics
            /// If the lengths of slices do not fit each other.
            #[track_caller]
            pub fn mean<T: Element>(&self, $($input: &[T],)+ $($target: &[T],)? rows: Rows) -> T {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                let (sum, count) = run(*self, names, inputs, target, rows, None, (T::one(), [const { None }; $n]));
                T::of(sum / count as f64)
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
                scale: T,
                gradients: [Option<&mut [T]>; $n],
            ) -> T {
                let target = [$(Some($target),)? None][0];
                let (names, inputs) = ([$(stringify!($input)),+], [$($input),+]);
                T::of(run(*self, names, inputs, target, rows, None, (scale, gradients)).0)
            }
        }
    };
}

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

/// The cosine of two rows: writes the gradients of what has the slope `slope` in it.
#[inline(always)]
fn cosine<R: Real, I: Isa>(token: Token<I>, rows: Together<'_, R, 2>, loss: impl Fn(f64) -> [f64; 2]) -> f64 {
    let [a, b] = rows.inputs.map(|x| Vector { x, less: None, len: rows.len });
    let (length_a, length_b) = (a.length(token), b.length(token));
    let (of_a, of_b) = (length_a.inverse_of_scaled(), length_b.inverse_of_scaled());
    let cosine = a.dot(token, length_a.by, b, length_b.by) * of_a * of_b;
    // Rounding must not lead out of the range; NaN stays.
    let cosine = if cosine.abs() > 1.0 { cosine.signum() } else { cosine };
    let [loss, slope] = loss(cosine);
    if rows.gradients.iter().all(Option::is_none) {
        return loss;
    }
    // A row of zeros has no angle.
    if of_a * of_b == 0.0 || slope == 0.0 {
        rows.fill(0.0);
        return loss;
    }
    let (mut x, mut y) = ([0.0; BLOCK], [0.0; BLOCK]);
    let sides = [(a, b, length_a, length_b, rows.gradients[0]), (b, a, length_b, length_a, rows.gradients[1])];
    for (from, to, length, to_length, gradient) in sides {
        let Some(gradient) = gradient else { continue };
        for (start, n) in blocks(rows.len) {
            from.load(token, start, length.by, &mut x[..n]);
            to.load(token, start, to_length.by, &mut y[..n]);
            for i in 0..n {
                let turn = y[i] * to_length.inverse_of_scaled() - cosine * (x[i] * length.inverse_of_scaled());
                x[i] = slope * (turn * length.inverse());
            }
            token.call_outlined(Write { gradient, start, scale: rows.scale, entries: &x[..n] });
        }
    }
    loss
}

/// Minus the cosine of the angle between prediction and target, both rows: -1 for the same direction, 1 for the opposite.
/// The sign is that of Keras, so that less is better.
///
/// - loss: `-cos`, `cos = <p, t> / (|p| |t|)`; a row of zeros has a cosine of 0
/// - gradient in the prediction: `-(t / |t| - cos p / |p|) / |p|`, and in the target likewise; 0 at a row of zeros
/// - domain: any numbers. A row with infinite entries has the direction of those alone, and a gradient of 0. NaN makes
///   the loss and the gradients NaN.
/// - unit: none
/// - worst error: of a loss 2^-24 in f32, (8 + len / 128) 2^-53 in f64; of a gradient that much by |p|
/// - source: G. Salton, A. Wong, C. S. Yang, A Vector Space Model for Automatic Indexing, 1975
///
/// ```
/// use slopes::{activation::Rows, loss::CosineSimilarity};
/// let (prediction, target) = ([3.0_f32, 4.0, 0.0, 0.0], [4.0, 3.0, 1.0, 0.0]);
/// let mut losses = [1.0; 2];
/// CosineSimilarity.each(&prediction, &target, Rows::contiguous(2), &mut losses);
/// assert_eq!(losses, [-0.96, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CosineSimilarity;

impl Text<2> for CosineSimilarity {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::cosine_similarity(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: Together<'_, R, 2>, _: f64) -> f64 {
        cosine(token, rows, |cosine| [0.0 - cosine, -1.0])
    }
}

methods!(CosineSimilarity of 2: prediction, target);

/// What the angle of two rows costs that should have the same direction (target 1), or should not (target -1).
///
/// - loss: `1 - cos` at a target of 1, `max(0, cos - margin)` at -1, NaN at any other
/// - gradient: minus that of the cosine, or that of the cosine where the loss is positive; 0 at a row of zeros
/// - the cosine, its gradient, domain, unit, worst error: as [`CosineSimilarity`], whose cosine has the other sign
/// - source: PyTorch's `CosineEmbeddingLoss`, without the 1e-12 that it adds to squared lengths
///
/// ```
/// use slopes::{activation::Rows, loss::CosineEmbedding};
/// let (prediction, other) = ([3.0_f32, 4.0, 3.0, 4.0], [4.0, 3.0, 4.0, 3.0]);
/// let mut losses = [0.0; 2];
/// CosineEmbedding { margin: 0.5 }.each(&prediction, &other, &[1.0, -1.0], Rows::contiguous(2), &mut losses);
/// assert!((losses[0] - 0.04).abs() < 1e-7 && (losses[1] - 0.46).abs() < 1e-7);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CosineEmbedding {
    /// Up to this cosine, rows are different enough: from -1 to 1, usually 0.
    pub margin: f64,
}

impl CosineEmbedding {
    /// With the parameter checked. The field is public, and what is written there is not.
    ///
    /// # Errors
    /// If `margin` is not from -1 to 1.
    ///
    /// ```
    /// assert!(slopes::loss::CosineEmbedding::new(2.0).is_err());
    /// ```
    pub fn new(margin: f64) -> Result<Self, BadParameter> {
        if !(-1.0..=1.0).contains(&margin) {
            return Err(BadParameter { parameter: "margin", value: margin, wanted: "must be from -1 to 1" });
        }
        Ok(CosineEmbedding { margin })
    }
}

impl Text<2> for CosineEmbedding {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::cosine_embedding(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: Together<'_, R, 2>, target: f64) -> f64 {
        let margin = held::<R>(self.margin);
        cosine(token, rows, |cosine| match target {
            1.0 => [1.0 - cosine, -1.0],
            -1.0 if cosine <= margin => [0.0, 0.0],
            -1.0 => [cosine - margin, 1.0],
            _ => [f64::NAN; 2],
        })
    }
}

methods!(CosineEmbedding of 2: prediction, other; target);

/// What the distance of two rows costs that should be near each other (target 1), or far from each other (target -1).
///
/// - loss: `d^2 / 2` at a target of 1, `max(0, margin - d)^2 / 2` at -1, NaN at any other; `d = |prediction - other|`
/// - gradient in the prediction: `prediction - other`, or `-max(0, margin - d) (prediction - other) / d`, 0 where d is 0;
///   in the other minus that
/// - domain: any numbers. Equal infinities have no difference: NaN, as of NaN.
/// - unit: that of the rows, squared
/// - worst error: 1 ulp in f32, or 2^-24 of margin^2; in f64 (8 + len / 64) ulp, or 2^-50 of margin^2
/// - source: R. Hadsell, S. Chopra, Y. LeCun, Dimensionality Reduction by Learning an Invariant Mapping, 2006
///
/// ```
/// use slopes::{activation::Rows, loss::Contrastive};
/// let (prediction, other) = ([3.0_f32, 4.0, 0.0, 0.5], [0.0, 0.0, 0.0, 0.0]);
/// let mut losses = [0.0; 2];
/// Contrastive::default().each(&prediction, &other, &[1.0, -1.0], Rows::contiguous(2), &mut losses);
/// assert_eq!(losses, [12.5, 0.125]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Contrastive {
    /// From this distance on, rows are far enough from each other.
    pub margin: f64,
}

impl Default for Contrastive {
    fn default() -> Self {
        Contrastive { margin: 1.0 }
    }
}

impl Contrastive {
    /// With the parameter checked. The field is public, and what is written there is not.
    ///
    /// # Errors
    /// If `margin` is negative or not finite.
    ///
    /// ```
    /// assert!(slopes::loss::Contrastive::new(f64::INFINITY).is_err());
    /// ```
    pub fn new(margin: f64) -> Result<Self, BadParameter> {
        check_weights("margin", Some(&[margin]))?;
        Ok(Contrastive { margin })
    }
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

impl Text<2> for Contrastive {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 2>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::contrastive(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: Together<'_, R, 2>, target: f64) -> f64 {
        let [x, y] = rows.inputs;
        let vector = Vector { x, less: Some((y, 0.0)), len: rows.len };
        let length = vector.length(token);
        let (d, margin) = (length.value(), held::<R>(self.margin));
        let slope = match target {
            1.0 => d,
            -1.0 if d >= margin => 0.0,
            -1.0 => d - margin,
            _ => f64::NAN,
        };
        if slope == 0.0 {
            rows.fill(0.0);
            return 0.0;
        }
        let [of_x, of_y] = rows.gradients;
        write_directions(token, of_x, rows.scale, [(vector, length, slope)]);
        write_directions(token, of_y, rows.scale, [(vector, length, -slope)]);
        0.5 * slope * slope
    }
}

methods!(Contrastive of 2: prediction, other; target);

/// What it costs that the prediction, the anchor, is not by a margin nearer to the positive row than to the negative one.
///
/// - loss: `max(0, margin + d(prediction, positive) - d(prediction, negative))`, `d(x, y) = |x - y + eps|`, eps added to
///   every entry
/// - gradient, where the loss is positive, else 0: with the directions `u = (prediction - positive + eps) / d` and
///   `v = (prediction - negative + eps) / d`, 0 where d is 0: `u - v` in the prediction, `-u` in the positive row, `v` in
///   the negative one
/// - domain: any numbers. Equal infinities have no difference, nor have two infinite distances: NaN, as of NaN.
/// - unit: that of the rows
/// - worst error: 2^-24 of the largest of margin and distances in f32, (8 + len / 64) 2^-53 of it in f64
/// - source: V. Balntas et al., Learning Local Feature Descriptors with Triplets, 2016; eps as in PyTorch's
///   `TripletMarginLoss`
///
/// ```
/// use slopes::{activation::Rows, loss::Triplet};
/// let (anchor, positive, negative, rows) = ([0.0_f64, 0.0], [3.0, 4.0], [0.0, 5.5], Rows::contiguous(2));
/// let triplet = Triplet { margin: 1.0, eps: 0.0 };
/// let mut gradient = [0.0; 2];
/// let loss = triplet.sum_with_gradients(
///     &anchor, &positive, &negative, rows, 1.0, [Some(&mut gradient), None, None],
/// );
/// assert_eq!(loss, 0.5);
/// assert!((gradient[0] + 0.6).abs() < 1e-15 && (gradient[1] - 0.2).abs() < 1e-15);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Triplet {
    /// How much nearer the positive row should be.
    pub margin: f64,
    /// What is added to every entry of a difference: it keeps distances from being 0.
    pub eps: f64,
}

impl Default for Triplet {
    fn default() -> Self {
        Triplet { margin: 1.0, eps: 1e-6 }
    }
}

impl Triplet {
    /// With every parameter checked. The fields are public, and what is written there is not.
    ///
    /// # Errors
    /// If a parameter is negative or not finite.
    ///
    /// ```
    /// assert!(slopes::loss::Triplet::new(-1.0, 0.0).is_err());
    /// ```
    pub fn new(margin: f64, eps: f64) -> Result<Self, BadParameter> {
        check_weights("margin", Some(&[margin]))?;
        check_weights("eps", Some(&[eps]))?;
        Ok(Triplet { margin, eps })
    }
}

impl Text<3> for Triplet {
    fn run<T: Element>(kernel: EachRow<'_, Self, T::Real, 3>) -> f64 {
        <T::Kernels as SimilarityKernels<T>>::triplet(kernel)
    }
    #[inline(always)]
    fn row<R: Real, I: Isa>(self, token: Token<I>, rows: Together<'_, R, 3>, _: f64) -> f64 {
        let [margin, eps] = [self.margin, self.eps].map(held::<R>);
        let [x, positive, negative] = rows.inputs;
        let [near, far] = [positive, negative].map(|y| Vector { x, less: Some((y, eps)), len: rows.len });
        let (length, length_far) = (near.length(token), far.length(token));
        let loss = margin + length.value() - length_far.value();
        if loss <= 0.0 {
            rows.fill(0.0);
            return 0.0;
        }
        let [of_x, of_positive, of_negative] = rows.gradients;
        write_directions(token, of_x, rows.scale, [(near, length, 1.0), (far, length_far, -1.0)]);
        write_directions(token, of_positive, rows.scale, [(near, length, -1.0)]);
        write_directions(token, of_negative, rows.scale, [(far, length_far, 1.0)]);
        loss
    }
}

methods!(Triplet of 3: prediction, positive, negative);
