//! Softmax, softmin and log-softmax, with a temperature and masks.
//!
//! Exponentials are those of `math/shifted_exp.rs`. Their sum is in f64, and its reciprocal has twice the precision of
//! f32, so that an output has the errors of its exponential and of one rounding (in f64 also that of the reciprocal).
//! On machines without f64 the sum is two f32: `in_f32.rs`, with all that a microcontroller needs.

mod batched;
mod contiguous;
pub(super) mod gradient;
mod in_f32;
pub(crate) mod mask;
mod short;
mod side_by_side;
#[macro_use]
pub(crate) mod sink;

use super::{RowActivation, RowFormula};
use crate::compiled::concrete;
use crate::element::{Element, RealOf};
use crate::row::{FullyMasked, Rows};
use crate::simd::{Real, dispatch, dispatch_scalar, without_f64};
use crate::slice::{self, Dst, Src, Workspace};
use contiguous::{Backward, Forward};
use mask::{Hidden, Hide, Mask};
use short::{CACHED, SHORT};

/// Declares a function of rows with a temperature.
macro_rules! tempered {
    ({ $($specification:tt)* } $Name:ident: $which:expr, $sign:expr) => {
        crate::function::function! {
            $($specification)*
            $Name {
                /// The temperature t that x is divided by, before a mask is added; from 1e-15 to 1e15, 1 by default. The
                /// higher it is, the more even are the outputs.
                temperature ("t", "tau") = 1.0, with_temperature, temperature;
                /// The output of a row whose entries are all -inf or masked; [`FullyMasked::Zero`] by default. In a
                /// text: `zero`, `nan` or `uniform`.
                fully_masked: masked = FullyMasked::Zero, with_fully_masked;
            }
        }

        impl $Name {
            /// The values y = f(x) of each row, with a mask. The backward pass is
            /// [`backward_from_output`](RowActivation::backward_from_output), which needs no mask.
            ///
            /// # Panics
            /// If the lengths of x and y differ, if the length of x is not a multiple of the row length (times inner),
            /// or if a part of the mask does not fit x, as [`Mask`] requires, before anything is written.
            #[track_caller]
            pub fn forward_masked<T: Element>(&self, x: &[T], mask: Mask<'_, T>, rows: Rows, y: &mut [T]) {
                let count = rows.count_of("forward_masked", [("x", x.len()), ("y", y.len())]);
                let mask = mask.hidden(x.len(), rows);
                self.setting().forward(Src::new(x), mask, Dst::new(y), rows, count);
            }

            /// The values of each row with a mask, in place: x = f(x). See
            #[doc = concat!("[`forward_masked`](", stringify!($Name), "::forward_masked).")]
            #[track_caller]
            pub fn forward_masked_in_place<T: Element>(&self, x: &mut [T], mask: Mask<'_, T>, rows: Rows) {
                let (count, mask) = (rows.count(x.len()), mask.hidden(x.len(), rows));
                let y = Dst::new(x);
                self.setting().forward(y.src(), mask, y, rows, count);
            }

            fn setting(&self) -> Setting {
                let temperature = self.temperature.copysign($sign);
                Setting { which: $which, temperature, fully_masked: self.fully_masked }
            }
        }

        impl RowFormula for $Name {
            fn forward<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, count: usize) {
                self.setting().forward(x, None, y, rows, count);
            }
            fn backward<R: Real>(self, output: bool, from: Src<R>, dy: Src<R>, dx: Dst<R>, rows: Rows, count: usize) {
                self.setting().backward(output, from, dy, dx, rows, count);
            }
        }
    };
}

tempered! {
    {
        /// Softmax: the exponentials of a row, divided by their sum; t is the temperature.
        names ["softmax"];
        "value": "y_i = exp(x_i / t) / sum_j exp(x_j / t)", f32 2.0, f64 2.0;
        "gradient": "dx_i = y_i (dy_i - sum_j y_j dy_j) / t", f32 2.0 or 17.0, f64 2.0 or 17.0,
            of "y_i (abs(dy_i - c) + sum_j y_j abs(dy_j - c))";
        source "J. Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990";
        range [0.0, 1.0];

        ///
        /// The bounds are those of a temperature that is a power of two. Another one adds half an ulp to that of the
        /// value, and so does a value near the least normal number. In the bound of the gradient, c is the dy of the
        /// entry whose y is above 1/2, or 0 without one: gradients keep their relative accuracy where one entry has
        /// nearly all of its row.
        ///
        /// Entries of -inf give exactly 0, and have a gradient of 0; n entries of +inf give 1 / n each; any NaN makes
        /// the row NaN. Rows of length 0 have no output.
        ///
        /// ```
        /// use slopes::activation::{RowActivation, Rows, Softmax};
        /// let x = [0.0_f64, f64::NEG_INFINITY, 0.0];
        /// let mut y = [0.0; 3];
        /// Softmax::DEFAULT.forward(&x, Rows::contiguous(3), &mut y);
        /// assert_eq!(y, [0.5, 0.0, 0.5]);
        /// ```
        ///
        /// The largest number takes nearly all; of two numbers, softmax is the [`Sigmoid`](crate::activation::Sigmoid) of
        /// their difference:
        ///
        /// ```
        /// use slopes::activation::{Activation, RowActivation, Rows, Sigmoid, Softmax};
        /// let mut y = [-4.0_f64, 5.0, 2.0, -8.0];
        /// Softmax::DEFAULT.forward_in_place(&mut y, Rows::contiguous(4));
        /// assert_eq!(y.map(|y| (y * 1e4).round()), [1.0, 9525.0, 474.0, 0.0]);
        ///
        /// let mut y = [2.0_f64, -1.0];
        /// Softmax::DEFAULT.forward_in_place(&mut y, Rows::contiguous(2));
        /// assert!((y[0] - Sigmoid.forward(3.0)).abs() < 1e-15);
        /// ```
    }
    Softmax: Which::Softmax, 1.0
}

tempered! {
    {
        /// Softmin: the softmax of -x; t is the temperature. Options and special numbers are those of [`Softmax`].
        names ["softmin"];
        "value": "y_i = exp(-x_i / t) / sum_j exp(-x_j / t)", f32 2.0, f64 2.0;
        "gradient": "dx_i = -y_i (dy_i - sum_j y_j dy_j) / t", f32 2.0 or 17.0, f64 2.0 or 17.0,
            of "y_i (abs(dy_i - c) + sum_j y_j abs(dy_j - c))";
        source "that of Softmax";
        range [0.0, 1.0];

        /// ```
        /// use slopes::activation::{RowActivation, Rows, Softmin};
        /// let mut x = [3.0_f64, f64::INFINITY, 3.0];
        /// Softmin::DEFAULT.forward_in_place(&mut x, Rows::contiguous(3));
        /// assert_eq!(x, [0.5, 0.0, 0.5]);
        /// ```
    }
    Softmin: Which::Softmax, -1.0
}

tempered! {
    {
        /// Log-softmax: the logarithm of [`Softmax`]; t is the temperature.
        names ["log_softmax"];
        "value": "y_i = x_i / t - ln sum_j exp(x_j / t)", f32 2.0 or 1.0, f64 2.0 or 1.0, of "max_j abs(x_j)";
        "gradient": "dx_i = (dy_i - exp(y_i) sum_j dy_j) / t", f32 1.0 or 6.0, f64 1.0 or 6.0,
            of "exp(y_i) abs(sum_j dy_j) + abs(dx_i) / 6";
        source "that of Softmax";
        range [f64::NEG_INFINITY, 0.0];

        ///
        /// The bounds are those of a temperature that is a power of two; another one doubles that of the value.
        ///
        /// Entries of -inf give -inf, and have a gradient of 0; their dy_j belong to the sum all the same, as in the
        /// limit. Rows that are fully masked give the logarithm of [`FullyMasked`]. Never positive.
        ///
        /// ```
        /// use slopes::activation::{LogSoftmax, RowActivation, Rows};
        /// let mut x = [0.0_f64, 0.0];
        /// LogSoftmax::DEFAULT.forward_in_place(&mut x, Rows::contiguous(2));
        /// assert!((x[0] - 0.5_f64.ln()).abs() < 1e-16);
        /// ```
    }
    LogSoftmax: Which::LogSoftmax, 1.0
}

impl Softmax {
    /// The Jacobian matrix of one row x of length n: `jacobian[i * n + j]` = dy_i / dx_j = y_i (d_ij - y_j) / t, with
    /// d_ij = 1 if i = j, else 0. It is symmetric. For products with it, call [`backward`](RowActivation::backward),
    /// which is O(n).
    ///
    /// Largest error of an entry: 7 ulp. On the diagonal, 1 - y_i is the sum of the other outputs where y_i is large.
    ///
    /// ```
    /// use slopes::activation::Softmax;
    /// let mut jacobian = [0.0; 4];
    /// Softmax::DEFAULT.jacobian(&[0.0_f64, 0.0], &mut jacobian);
    /// assert_eq!(jacobian, [0.25, -0.25, -0.25, 0.25]);
    /// ```
    ///
    /// # Panics
    /// If the length of `jacobian` is not n * n.
    #[track_caller]
    pub fn jacobian<T: Element>(&self, x: &[T], jacobian: &mut [T]) {
        let n = x.len();
        let fits = n.checked_mul(n) == Some(jacobian.len());
        assert!(fits, "jacobian: a row of length {n} needs {n} * {n} entries, not {}", jacobian.len());
        <T::Kernels as SoftmaxKernels<T>>::jacobian(self, x, jacobian);
    }
}

/// The Jacobian matrix of a row, n * n entries.
fn jacobian_of_row<T: Element>(softmax: &Softmax, x: &[T], jacobian: &mut [T]) {
    let n = x.len();
    let Some(last) = jacobian.len().checked_sub(n) else { return };
    // The outputs are stored in the last row of the matrix, which is computed last: its entry j is read before it is
    // written.
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

/// The gradient dx, in the memory of the output of a softmax.
pub(crate) fn softmax_backward_in_place<T: Element>(softmax: Softmax, dy: &[T], rows: Rows, dx: &mut [T]) {
    let (count, dx) = (rows.count(dx.len()), Dst::new(dx));
    softmax.setting().backward(true, dx.src(), Src::new(dy), dx, rows, count);
}

concrete! {
    trait SoftmaxKernels;
    fn forward(kernel: &Forward<'_, RealOf<T>>) { forward(kernel) }
    fn backward(kernel: &Backward<'_, RealOf<T>>) { backward(kernel) }
    fn jacobian(softmax: &Softmax, x: &[T], jacobian: &mut [T]) { jacobian_of_row(softmax, x, jacobian) }
    fn hide(kernel: &Hide<'_, RealOf<T>>) { dispatch(kernel) }
    fn in_f32(kernel: &in_f32::Forward<'_, false>) { dispatch_scalar(kernel) }
    fn log_in_f32(kernel: &in_f32::Forward<'_, true>) { dispatch_scalar(kernel) }
    fn backward_in_f32(kernel: &in_f32::Backward<'_>) { dispatch_scalar(kernel) }
}

/// The function of a call, and its options.
#[derive(Clone, Copy)]
pub(crate) struct Setting {
    which: Which,
    /// The temperature, negative for the softmax of -x.
    temperature: f64,
    fully_masked: FullyMasked,
}

impl Setting {
    /// The outputs of the first `end` rows.
    #[inline(always)]
    fn forward<R: Real>(self, x: Src<R>, mask: Option<Hidden<'_, R>>, y: Dst<R>, rows: Rows, end: usize) {
        if const { without_f64::<R>() } {
            if let Some(mask) = mask {
                // The masked x is written to y, where an additive mask is added to x times sign / t.
                <R::Kernels as SoftmaxKernels<R>>::hide(&Hide { mask, temperature: self.temperature, x, y, rows, end });
                let temperature = if mask.is_scaled() { 1.0 } else { self.temperature };
                return Setting { temperature, ..self }.forward_unmasked(y.src(), y, rows, end);
            }
            return self.forward_unmasked(x, y, rows, end);
        }
        let kernel = Forward { setting: self, x, mask, y, rows, first: 0, end, general: false };
        <R::Kernels as SoftmaxKernels<R>>::forward(&kernel);
    }

    /// As [`forward`](Self::forward) without a mask, in f32 without f64.
    #[inline(always)]
    fn forward_unmasked<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, end: usize) {
        let (x, y) = (x.of_f32(), y.of_f32());
        match self.which {
            Which::LogSoftmax => {
                <R::Kernels as SoftmaxKernels<R>>::log_in_f32(&in_f32::Forward { setting: self, x, y, rows, end })
            }
            _ => <R::Kernels as SoftmaxKernels<R>>::in_f32(&in_f32::Forward { setting: self, x, y, rows, end }),
        }
    }

    /// The gradients of the first `end` rows; `output` is true if `from` is the output of the function, false if x.
    fn backward<R: Real>(self, output: bool, from: Src<R>, dy: Src<R>, dx: Dst<R>, rows: Rows, end: usize) {
        if const { without_f64::<R>() } {
            let (from, dy, dx) = (from.of_f32(), dy.of_f32(), dx.of_f32());
            let kernel = in_f32::Backward { setting: self, output, from, dy, dx, rows, end };
            return <R::Kernels as SoftmaxKernels<R>>::backward_in_f32(&kernel);
        }
        let kernel = Backward { setting: self, output, from, dy, dx, rows, first: 0, end, general: false };
        <R::Kernels as SoftmaxKernels<R>>::backward(&kernel);
    }
}

/// Runs the kernel, or widens the rows first.
fn forward<R: Real>(kernel: &Forward<'_, R>) {
    if kernel.mask.is_none() && is_widened(kernel.y, kernel.rows) { forward_widened(kernel) } else { dispatch(kernel) }
}

#[inline(never)]
fn forward_widened<R: Real>(kernel: &Forward<'_, R>) {
    let Forward { setting, x, y, rows, end, .. } = *kernel;
    let mut room = Workspace::<R, CACHED>::new();
    let room = room.zeros(widened_part(0, end, rows).1);
    let mut first = 0;
    while first < end {
        let (start, len) = widened_part(first, end, rows);
        let (count, room) = (len / rows.row_len(), room.part(0, len));
        slice::copy(x.part(start, len), room);
        setting.forward(room.src(), None, room, rows, count);
        slice::copy(room.src(), y.part(start, len));
        first += count;
    }
}

/// Runs the kernel, or widens the rows first.
fn backward<R: Real>(kernel: &Backward<'_, R>) {
    if is_widened(kernel.dx, kernel.rows) { backward_widened(kernel) } else { dispatch(kernel) }
}

#[inline(never)]
fn backward_widened<R: Real>(kernel: &Backward<'_, R>) {
    let Backward { setting, output, from: x, dy: all_dy, dx, rows, end, .. } = *kernel;
    let mut rooms = [const { Workspace::<R, CACHED>::new() }; 3];
    let rooms = rooms.each_mut().map(|room| room.zeros(widened_part(0, end, rows).1));
    let mut first = 0;
    while first < end {
        let (start, len) = widened_part(first, end, rows);
        let (count, [from, dy, made]) = (len / rows.row_len(), rooms.map(|room| room.part(0, len)));
        slice::copy(x.part(start, len), from);
        slice::copy(all_dy.part(start, len), dy);
        setting.backward(output, from.src(), dy.src(), made, rows, count);
        slice::copy(made.src(), dx.part(start, len));
        first += count;
    }
}

/// True if rows are widened to f32 before they reach the kernel: contiguous short rows of a format that rounds. For
/// rows of up to [`SHORT`] entries, the results of the kernel in f32 round to the same numbers as its results in f64.
fn is_widened<R: Real>(numbers: Dst<R>, rows: Rows) -> bool {
    numbers.rounds() && rows.stride() == 1 && (1..=SHORT).contains(&rows.row_len())
}

/// The range of the next rows that are widened together: the index of their first number, and their length.
fn widened_part(first: usize, end: usize, rows: Rows) -> (usize, usize) {
    let len = rows.row_len();
    (first * len, (CACHED / len).min(end - first) * len)
}

/// The function of a row.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Which {
    Softmax,
    LogSoftmax,
    /// The softmax beside a sink, from its output.
    SinkSoftmax,
}
