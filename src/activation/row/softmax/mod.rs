//! Softmax and its kin: the shares of one that the exponentials of a row have, and the logarithm of their sum.
//!
//! Exponentials are made as `math/softmax.rs` says and summed in f64, and the reciprocal of the sum is used to twice the
//! precision of f32, so that an output has the error of its exponential and of one rounding (in f64, of the
//! reciprocal's too).

mod batched;
mod contiguous;
mod gradient;

use super::RowActivation;
use crate::check::same_length;
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::row::{FullyMasked, Rows};
use crate::simd::{Real, dispatch};
use crate::slice::{self, Dst, Src, Workspace};
use batched::{CACHED, SHORT};
use contiguous::{Backward, Forward};

/// Which entries of a row are there. A mask selects: what it hides is as if x were -inf there, whatever x is.
///
/// The mask of many rows may be shorter than x, and is then used again and again: one mask for all heads of an attention.
///
/// ```
/// use slopes::activation::{Mask, Rows, Softmax};
/// let (x, rows) = ([0.0_f32, f32::NAN, 0.0], Rows::contiguous(3));
/// let mut y = [0.0; 3];
/// Softmax::DEFAULT.forward_masked(&x, Mask::Boolean(&[true, false, true]), rows, &mut y);
/// assert_eq!(y, [0.5, 0.0, 0.5]);
///
/// // Row r sees the entries up to r.
/// let mut y = [0.0; 4];
/// Softmax::DEFAULT.forward_masked(&[1.0_f32; 4], Mask::Causal { queries: 2, offset: 1 }, Rows::contiguous(2), &mut y);
/// assert_eq!(y, [1.0, 0.0, 0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a, T> {
    /// Where it is true.
    Boolean(&'a [bool]),
    /// Everywhere but where it is -inf; elsewhere it is added, and the sum is rounded to the type.
    Additive(&'a [T]),
    /// The first `r % queries + offset` entries of row r.
    Causal {
        /// How many rows a matrix has: the count begins again with each.
        queries: usize,
        /// How many entries the first row of a matrix sees: usually 1.
        offset: usize,
    },
}

/// A [`Mask`], whatever the type of its numbers.
#[derive(Clone, Copy)]
pub(crate) enum Hidden<'a, R> {
    Boolean(&'a [bool]),
    Additive(Src<'a, R>),
    Causal { queries: usize, offset: usize },
}

impl<'a, T: Element> Mask<'a, T> {
    fn hidden(self) -> Hidden<'a, T::Real> {
        match self {
            Mask::Boolean(keep) => Hidden::Boolean(keep),
            Mask::Additive(add) => Hidden::Additive(Src::new(add)),
            Mask::Causal { queries, offset } => Hidden::Causal { queries, offset },
        }
    }
}

/// Declares a function of rows that has a temperature.
macro_rules! tempered {
    ($(#[$doc:meta])* $Name:ident: $which:expr, $sign:expr) => {
        crate::check::options! {
            $(#[$doc])*
            $Name {
                /// What x is divided by: the higher, the more even the outputs. From 1e-30 to 1e30, 1 by default.
                temperature: f64 = 1.0, with_temperature(f64 as value), temperature;
                /// The output of a row whose entries are all -inf or masked: zeros by default.
                fully_masked: FullyMasked = FullyMasked::Zero, with_fully_masked(FullyMasked as value);
            }
        }

        impl $Name {
            /// The default: a temperature of 1, and zeros for rows that are fully masked.
            pub const DEFAULT: Self = Self::new();

            /// y = f(x), row by row, of what the mask leaves of x. The way back is
            /// [`backward_from_output`](RowActivation::backward_from_output), which needs no mask.
            ///
            /// # Panics
            /// If x and y differ in length, or if x or the mask is no whole number of rows, or x no multiple of the mask,
            /// before anything is written.
            #[track_caller]
            pub fn forward_masked<T: Element>(&self, x: &[T], mask: Mask<'_, T>, rows: Rows, y: &mut [T]) {
                same_length("forward_masked", [("x", x.len()), ("y", y.len())]);
                let count = rows.count(x.len());
                check_mask(mask, x.len(), rows);
                self.setting().forward(Src::new(x), Some(mask.hidden()), Dst::new(y), rows, count);
            }

            fn setting(&self) -> Setting {
                Setting { which: $which, temperature: self.temperature.copysign($sign), empty: self.fully_masked }
            }
        }

        impl<T: Element> RowActivation<T> for $Name {
            #[track_caller]
            fn forward(&self, x: &[T], rows: Rows, y: &mut [T]) {
                same_length("forward", [("x", x.len()), ("y", y.len())]);
                self.setting().forward(Src::new(x), None, Dst::new(y), rows, rows.count(x.len()));
            }
            #[track_caller]
            fn forward_in_place(&self, x: &mut [T], rows: Rows) {
                let (count, y) = (rows.count(x.len()), Dst::new(x));
                self.setting().forward(y.src(), None, y, rows, count);
            }
            #[track_caller]
            fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                same_length("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
                self.setting().backward(false, Src::new(x), Src::new(dy), Dst::new(dx), rows, rows.count(x.len()));
            }
            #[track_caller]
            fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                same_length("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
                self.setting().backward(true, Src::new(y), Src::new(dy), Dst::new(dx), rows, rows.count(y.len()));
            }
        }
    };
}

/// Panics unless a mask fits rows of x.
#[track_caller]
fn check_mask<T>(mask: Mask<'_, T>, x: usize, rows: Rows) {
    let len = match mask {
        Mask::Boolean(keep) => keep.len(),
        Mask::Additive(add) => add.len(),
        Mask::Causal { queries, .. } => return assert!(queries > 0, "a causal mask of no queries"),
    };
    rows.count(len);
    assert!(x == 0 || (len > 0 && x.is_multiple_of(len)), "x of {x} numbers is no multiple of a mask of {len}");
}

tempered! {
    /// Shares of one: exp(x_i / t) over the sum of the row's exponentials, t the temperature.
    ///
    /// Entries of -inf get exactly 0, and a gradient of 0; entries of +inf share the mass; any NaN makes the row NaN.
    /// Worst error of an output: 2 ulp; 2.5 with a temperature that is no power of two, and beside the least normal number.
    /// An empty row gives nothing.
    ///
    /// Source: J. Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990.
    ///
    /// ```
    /// use slopes::activation::{RowActivation, Rows, Softmax};
    /// let x = [0.0_f64, f64::NEG_INFINITY, 0.0];
    /// let mut y = [0.0; 3];
    /// Softmax::DEFAULT.forward(&x, Rows::contiguous(3), &mut y);
    /// assert_eq!(y, [0.5, 0.0, 0.5]);
    /// ```
    Softmax: Which::Softmax, 1.0
}

tempered! {
    /// [`Softmax`] of -x: the least number has the largest share.
    ///
    /// ```
    /// use slopes::activation::{RowActivation, Rows, Softmin};
    /// let mut x = [3.0_f64, f64::INFINITY, 3.0];
    /// Softmin::DEFAULT.forward_in_place(&mut x, Rows::contiguous(3));
    /// assert_eq!(x, [0.5, 0.0, 0.5]);
    /// ```
    Softmin: Which::Softmax, -1.0
}

tempered! {
    /// The logarithm of [`Softmax`]: x_i / t less the logarithm of the sum of the row's exponentials.
    ///
    /// Entries of -inf give -inf, and a gradient of 0; a cotangent there counts as in the limit. A row with nothing to
    /// choose from gives the logarithm of what [`Softmax`] makes of it. Worst error of an output: 2 ulp, or 2^-24 (f64:
    /// 2^-53) of the largest magnitude in the row; twice that with a temperature that is no power of two.
    ///
    /// Source: as [`Softmax`].
    ///
    /// ```
    /// use slopes::activation::{LogSoftmax, RowActivation, Rows};
    /// let mut x = [0.0_f64, 0.0];
    /// LogSoftmax::DEFAULT.forward_in_place(&mut x, Rows::contiguous(2));
    /// assert!((x[0] - 0.5_f64.ln()).abs() < 1e-16);
    /// ```
    LogSoftmax: Which::LogSoftmax, 1.0
}

impl Softmax {
    /// The derivative of every share of one row in every entry: `jacobian[i * n + j]` is dy_i / dx_j = y_i (d_ij - y_j) / t,
    /// n the length of the row. Symmetric. To multiply by it, take [`backward`](RowActivation::backward), which
    /// is O(n).
    ///
    /// Worst error of an entry: 7 ulp. On the diagonal, 1 - y_i is the sum of the other shares where y_i is large.
    ///
    /// ```
    /// use slopes::activation::Softmax;
    /// let mut jacobian = [0.0; 4];
    /// Softmax::DEFAULT.jacobian(&[0.0_f64, 0.0], &mut jacobian);
    /// assert_eq!(jacobian, [0.25, -0.25, -0.25, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If the Jacobian is not as long as the row's length squared.
    #[track_caller]
    pub fn jacobian<T: Element>(&self, x: &[T], jacobian: &mut [T]) {
        let n = x.len();
        let right = n.checked_mul(n) == Some(jacobian.len());
        assert!(right, "jacobian: a row of {n} needs {n} * {n} numbers, not {}", jacobian.len());
        <T::Kernels as SoftmaxKernels<T>>::jacobian(self, x, jacobian);
    }
}

/// The Jacobian of a row, n * n numbers.
fn jacobian_of_row<T: Element>(softmax: &Softmax, x: &[T], jacobian: &mut [T]) {
    let n = x.len();
    let Some(last) = jacobian.len().checked_sub(n) else { return };
    // The shares wait in the last row, which is made last: entry j of it is read before it is written.
    softmax.forward(x, Rows::contiguous(n), &mut jacobian[last..]);
    let inverse = 1.0 / T::from_f64_rounded(softmax.temperature).into_f64();
    for i in 0..n {
        let y = jacobian[last + i].into_f64();
        let others: f64 = (last..last + n).filter(|&j| j != last + i).map(|j| jacobian[j].into_f64()).sum();
        let rest = if y > 0.5 { others } else { 1.0 - y };
        for j in 0..n {
            let other = jacobian[last + j].into_f64();
            let factor = if i == j { rest } else { -other };
            jacobian[i * n + j] = T::from_f64_rounded(y * factor * inverse);
        }
    }
}

/// dx, from the output of a softmax in its place.
pub(crate) fn softmax_backward_in_place<T: Element>(softmax: Softmax, dy: &[T], rows: Rows, dx: &mut [T]) {
    let (count, dx) = (rows.count(dx.len()), Dst::new(dx));
    softmax.setting().backward(true, dx.src(), Src::new(dy), dx, rows, count);
}

concrete! {
    trait SoftmaxKernels;
    fn forward(kernel: &Forward<'_, RealOf<T>>) { dispatch(kernel) }
    fn backward(kernel: &Backward<'_, RealOf<T>>) { dispatch(kernel) }
    fn jacobian(softmax: &Softmax, x: &[T], jacobian: &mut [T]) { jacobian_of_row(softmax, x, jacobian) }
}

/// What the functions of a call are made with.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    which: Which,
    /// Negative for the shares of -x.
    temperature: f64,
    empty: FullyMasked,
}

impl Setting {
    /// The first `end` rows.
    fn forward<R: Real>(self, x: Src<R>, mask: Option<Hidden<'_, R>>, y: Dst<R>, rows: Rows, end: usize) {
        if mask.is_none() && is_widened(y, rows) {
            return self.forward_widened(x, y, rows, end);
        }
        let kernel = Forward { setting: self, x, mask, y, rows, first: 0, end, plain: false };
        <R::Kernels as SoftmaxKernels<R>>::forward(&kernel);
    }

    #[inline(never)]
    fn forward_widened<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, end: usize) {
        let mut room = Workspace::<R, CACHED>::new();
        let room = room.zeros(widened_part(0, end, rows).1);
        let mut first = 0;
        while first < end {
            let (start, len) = widened_part(first, end, rows);
            let (count, room) = (len / rows.row_len(), room.part(0, len));
            slice::copy(x.part(start, len), room);
            self.forward(room.src(), None, room, rows, count);
            slice::copy(room.src(), y.part(start, len));
            first += count;
        }
    }

    /// The same, `output` saying whether `from` came out of the function.
    fn backward<R: Real>(self, output: bool, from: Src<R>, dy: Src<R>, dx: Dst<R>, rows: Rows, end: usize) {
        if is_widened(dx, rows) {
            return self.backward_widened(output, [from, dy], dx, rows, end);
        }
        let kernel = Backward { setting: self, output, from, dy, dx, rows, first: 0, end, plain: false };
        <R::Kernels as SoftmaxKernels<R>>::backward(&kernel);
    }

    #[inline(never)]
    fn backward_widened<R: Real>(self, output: bool, inputs: [Src<R>; 2], dx: Dst<R>, rows: Rows, end: usize) {
        let mut rooms = [const { Workspace::<R, CACHED>::new() }; 3];
        let rooms = rooms.each_mut().map(|room| room.zeros(widened_part(0, end, rows).1));
        let mut first = 0;
        while first < end {
            let (start, len) = widened_part(first, end, rows);
            let (count, [from, dy, made]) = (len / rows.row_len(), rooms.map(|room| room.part(0, len)));
            slice::copy(inputs[0].part(start, len), from);
            slice::copy(inputs[1].part(start, len), dy);
            self.backward(output, from.src(), dy.src(), made, rows, count);
            slice::copy(made.src(), dx.part(start, len));
            first += count;
        }
    }
}

/// Whether rows are widened before they reach the kernel: short ones of a format that rounds. What it makes of them in f32
/// is rounded to the same number as what it would make in f64, of shares and logarithms of up to [`SHORT`] entries too.
fn is_widened<R: Real>(numbers: Dst<R>, rows: Rows) -> bool {
    numbers.rounds() && rows.stride() == 1 && (1..=SHORT).contains(&rows.row_len())
}

/// Where the numbers of the next rows begin, and how many of them are widened at a time.
fn widened_part(first: usize, end: usize, rows: Rows) -> (usize, usize) {
    let len = rows.row_len();
    (first * len, (CACHED / len).min(end - first) * len)
}

/// Which function of a row.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Which {
    Softmax,
    LogSoftmax,
}
