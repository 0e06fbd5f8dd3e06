//! Sparsemax, the projection of a row to the probability simplex, and hardmax, the one-hot vector of its maximum.

use super::softmax::gradient::{LOWER, RAISE};
use super::{RowFormula, sparsemax_in_f32 as in_f32};
use crate::compiled::concrete;
use crate::element::RealOf;
use crate::math::pair::HiLo;
use crate::row::exponentials::scale;
use crate::row::maximum::{Kind, Special, kind};
use crate::row::{COPIED, FullyMasked, Rows};
use crate::simd::{Isa, Kernel, Lanes, Real, Token, dispatch, dispatch_scalar, without_f64};
use crate::slice::{Convert, Dst, Map, Src, Workspace};

crate::function::function! {
    /// Sparsemax: the Euclidean projection of a row to the probability simplex.
    names ["sparsemax"];
    "value": "y_i = max(0, x_i - tau), tau such that sum_j y_j = 1", f32 1.0 or 0.0, f64 0.0 or 0.5, of "len";
    "gradient": "dx_i = dy_i - m if y_i != 0, else 0; m the mean of dy_j over y_j != 0", f32 0.0 or 1.0, f64 0.0 or 1.0,
        of "len max_j abs(dy_j)";
    source "A. Martins, R. Astudillo, From Softmax to Sparsemax, arXiv:1602.02068";
    range [0.0, 1.0];

    ///
    /// Entries of -inf give 0; n entries of +inf give 1 / n each; any NaN makes the row NaN; a row whose entries are
    /// all -inf gives zeros.
    ///
    /// tau is computed to the precision of f64 without sorting, by Newton's method, which is exact after finitely many
    /// steps (C. Michelot, 1986): usually 3 to 6 passes over the row.
    ///
    /// ```
    /// use slopes::activation::{RowActivation, Rows, Sparsemax};
    /// let mut x = [1.0_f32, 0.5, -1.0];
    /// Sparsemax.forward_in_place(&mut x, Rows::contiguous(3));
    /// assert_eq!(x, [0.75, 0.25, 0.0]);
    /// ```
    Sparsemax;
}

crate::function::function! {
    /// Hardmax: the one-hot vector of each row's maximum.
    names ["hardmax"];
    "value": "y_i = 1 if x_i is the first of the largest, else 0", f32 0.0, f64 0.0;
    "gradient": "0", f32 0.0, f64 0.0;
    source "ONNX, Hardmax";
    range [0.0, 1.0];

    ///
    /// Any NaN makes the row NaN; a row whose entries are all -inf gives zeros.
    ///
    /// ```
    /// use slopes::activation::{Hardmax, RowActivation, Rows};
    /// let mut x = [1.0_f32, 3.0, 3.0];
    /// Hardmax.forward_in_place(&mut x, Rows::contiguous(3));
    /// assert_eq!(x, [0.0, 1.0, 0.0]);
    /// ```
    Hardmax;
}

/// The threshold tau = c + t, t being a double-double number.
#[derive(Clone, Copy)]
struct Threshold {
    c: f64,
    t: [f64; 2],
}

impl Threshold {
    /// x - tau.
    #[inline(always)]
    fn above<L: Lanes>(self, x: L) -> L {
        ((x - self.c) - self.t[0]) - self.t[1]
    }
}

/// x - c for entries above the threshold and for NaN, which so reaches the whole row; 0 for the others.
#[derive(Clone, Copy)]
struct Part(Threshold);
impl Map<1, 1> for Part {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        let zero = x.splat(0.0);
        [zero.select(self.0.above(x).le(zero), x - self.0.c)]
    }
}

/// 1 for each entry above the threshold.
#[derive(Clone, Copy)]
struct Count(Threshold);
impl Map<1, 1> for Count {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        let zero = x.splat(0.0);
        [x.splat(1.0).select(zero.lt(self.0.above(x)), zero)]
    }
}

/// max(0, x - tau), which may round to more than 1.
#[derive(Clone, Copy)]
struct Above(Threshold);
impl Map<1, 1> for Above {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.0.above(x).at_least(x.splat(0.0)).at_most(x.splat(1.0))]
    }
}

/// dy where y is not 0, else 0.
#[derive(Clone, Copy)]
struct Support;
impl Map<2, 1> for Support {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        let zero = y.splat(0.0);
        [zero.select(y.equals(zero), dy)]
    }
}

/// The same, lowered.
#[derive(Clone, Copy)]
struct LoweredSupport;
impl Map<2, 1> for LoweredSupport {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        Support.apply([y, dy * LOWER])
    }
}

/// 1 where y is not 0, else 0.
#[derive(Clone, Copy)]
struct Ones;
impl Map<1, 1> for Ones {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y]: [L; 1]) -> [L; 1] {
        let zero = y.splat(0.0);
        [zero.select(y.equals(zero), y.splat(1.0))]
    }
}

/// dy - s where y is not 0, else 0; NaN where y is NaN.
#[derive(Clone, Copy)]
struct Gradient([f64; 2]);
impl Map<2, 1> for Gradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        let zero = y.splat(0.0);
        let gradient = zero.select(y.equals(zero), dy - self.0[0] - self.0[1]);
        [gradient.select(y.equals(y), y)]
    }
}

#[inline(always)]
fn sparsemax_row<R: Real, I: Isa>(token: Token<I>, x: Src<R>, y: Dst<R>, len: usize) {
    let (kind, m) = kind(token, scale::<R, I>(1.0), x, len);
    if kind != Kind::Finite {
        let special = Special::new(kind, 1.0, x, len);
        return special.write(y, special.share(FullyMasked::Zero), 0.0);
    }
    // Entries with a share are above m - 1, so x - c is exact: c is 0, or x is within a factor of 2 of c.
    let c = if m.abs() < 2.0 { 0.0 } else { m };
    let mut threshold = Threshold { c, t: HiLo::<R>::sum(m - c, -1.0).into_f64() };
    let mut count = f64::INFINITY;
    loop {
        let fewer = token.sum_of(Count(threshold), [x], len);
        if !(fewer < count && fewer > 0.0) {
            break;
        }
        count = fewer;
        let sum = token.sum_of(Part(threshold), [x], len);
        threshold.t = HiLo::<R>::quotient(sum - 1.0, count).into_f64();
    }
    token.map(Above(threshold), [x], [y]);
}

#[inline(always)]
fn hardmax_row<R: Real, I: Isa>(token: Token<I>, x: Src<R>, y: Dst<R>, len: usize) {
    let (kind, m) = kind(token, scale::<R, I>(1.0), x, len);
    let nan = (0..len).any(|i| x.read(i).is_nan());
    let first = (0..len).find(|&i| kind != Kind::Masked && x.read(i) == m);
    (0..len).for_each(|i| y.write(i, if nan { f64::NAN } else { 0.0 }));
    if let (Some(first), false) = (first, nan) {
        y.write(first, 1.0);
    }
}

/// The gradient of [`Sparsemax`] from its output.
#[inline(always)]
fn gradient_row<R: Real, I: Isa>(token: Token<I>, y: Src<R>, dy: Src<R>, dx: Dst<R>, len: usize) {
    let (sum, count) = (token.sum_of(Support, [y, dy], len), token.sum_of(Ones, [y], len));
    let mut mean = HiLo::<R>::quotient(sum, count).into_f64();
    if !sum.is_finite() {
        // The sum may overflow where the mean does not.
        let sum = token.sum_of(LoweredSupport, [y, dy], len);
        mean = HiLo::<R>::quotient(sum, count).into_f64().map(|part| part * RAISE);
    }
    token.map(Gradient(mean), [y, dy], [dx]);
}

concrete! {
    trait SparsemaxKernels;
    fn forward(kernel: Forward<'_, RealOf<T>>) { dispatch(kernel) }
    fn backward(kernel: Backward<'_, RealOf<T>>) { dispatch(kernel) }
    fn forward_in_f32(kernel: in_f32::Forward<'_>) { dispatch_scalar(kernel) }
    fn backward_in_f32(kernel: in_f32::Backward<'_>) { dispatch_scalar(kernel) }
}

/// The function of a call.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Which {
    Sparsemax,
    Hardmax,
}

pub(crate) struct Forward<'a, R> {
    which: Which,
    x: Src<'a, R>,
    y: Dst<'a, R>,
    rows: Rows,
    count: usize,
}

impl<R: Real> Kernel for Forward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let len = self.rows.row_len();
        let mut room = Workspace::<R, COPIED>::new();
        let room = room.zeros(self.rows.copied(self.x));
        for i in 0..self.count {
            let (x, y) = (self.rows.of(self.x, i), self.rows.of_target(self.y, i));
            let (x, made) = (token.plain(x, room), if room.len() == 0 { y } else { room });
            match self.which {
                Which::Sparsemax => sparsemax_row(token, x, made, len),
                Which::Hardmax => hardmax_row(token, x, made, len),
            }
            if room.len() > 0 {
                token.call_outlined(Convert { from: made.src(), to: y });
            }
        }
    }
}

pub(crate) struct Backward<'a, R> {
    /// True if `from` is x, of which y is computed first; else `from` is y.
    from_input: bool,
    from: Src<'a, R>,
    dy: Src<'a, R>,
    dx: Dst<'a, R>,
    rows: Rows,
    count: usize,
}

impl<R: Real> Kernel for Backward<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let len = self.rows.row_len();
        let mut rooms = [Workspace::<R, COPIED>::new(), Workspace::<R, COPIED>::new()];
        let [room, dy_room] = rooms.each_mut().map(|room| room.zeros(self.rows.copied(self.from)));
        for i in 0..self.count {
            let (from, dx) = (self.rows.of(self.from, i), self.rows.of_target(self.dx, i));
            let (mut from, dy) = (token.plain(from, room), token.plain(self.rows.of(self.dy, i), dy_room));
            let made = if room.len() == 0 { dx } else { room };
            if self.from_input {
                sparsemax_row(token, from, made, len);
                from = made.src();
            }
            gradient_row(token, from, dy, made, len);
            if room.len() > 0 {
                token.call_outlined(Convert { from: made.src(), to: dx });
            }
        }
    }
}

fn forward<R: Real>(which: Which, x: Src<R>, y: Dst<R>, rows: Rows, count: usize) {
    if const { without_f64::<R>() } {
        let kernel = in_f32::Forward { which, x: x.of_f32(), y: y.of_f32(), rows, count };
        return <R::Kernels as SparsemaxKernels<R>>::forward_in_f32(kernel);
    }
    <R::Kernels as SparsemaxKernels<R>>::forward(Forward { which, x, y, rows, count });
}

impl RowFormula for Sparsemax {
    fn forward<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, count: usize) {
        forward(Which::Sparsemax, x, y, rows, count);
    }
    fn backward<R: Real>(self, output: bool, from: Src<R>, dy: Src<R>, dx: Dst<R>, rows: Rows, count: usize) {
        if const { without_f64::<R>() } {
            let (from, dy, dx) = (from.of_f32(), dy.of_f32(), dx.of_f32());
            let kernel = in_f32::Backward { from_input: !output, from, dy, dx, rows, count };
            return <R::Kernels as SparsemaxKernels<R>>::backward_in_f32(kernel);
        }
        let kernel = Backward { from_input: !output, from, dy, dx, rows, count };
        <R::Kernels as SparsemaxKernels<R>>::backward(kernel);
    }
}

impl RowFormula for Hardmax {
    fn forward<R: Real>(self, x: Src<R>, y: Dst<R>, rows: Rows, count: usize) {
        forward(Which::Hardmax, x, y, rows, count);
    }
    fn backward<R: Real>(self, _: bool, _: Src<R>, _: Src<R>, dx: Dst<R>, _: Rows, _: usize) {
        (0..dx.len()).for_each(|i| dx.write(i, 0.0));
    }
}
