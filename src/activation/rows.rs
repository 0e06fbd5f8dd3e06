//! Functions whose sample is a row: softmax and its logarithm.
//!
//! Every row is shifted by its maximum m, so that the largest exponential is 1. The shift is done to twice the
//! precision: the exponential would turn the rounding of x - m into |x - m| / 2 ulp. Exponentials are summed in f64,
//! and the reciprocal of the sum is used to twice the precision of f32, so that an output has the error of its
//! exponential and of one rounding (in f64, of the reciprocal's too).

use super::same_length;
use crate::dispatch::{self, Kernel, Map, Pass, Source, Target};
use crate::element::Element;
use crate::lanes::{Isa, Lanes, Real};
use crate::math::Functions;
use crate::math::exp::{Constants, Reduced, excess, reduce};
use crate::math::pair::Pair;
use crate::math::rounding::two_sum;

/// How the samples of a slice are laid out.
///
/// ```
/// use slopes::activation::{RowActivation, Rows, Softmax};
/// let x = [0.0, 0.0, 1.0, 1.0_f32];
/// let mut y = [0.0; 4];
/// Softmax::default().forward(&x, Rows::contiguous(2), &mut y);
/// assert_eq!(y, [0.5; 4]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rows {
    len: usize,
}

impl Rows {
    /// Rows of `len` numbers, one behind the other.
    ///
    /// ```
    /// assert_eq!(slopes::activation::Rows::contiguous(10).row_len(), 10);
    /// ```
    pub const fn contiguous(len: usize) -> Self {
        Rows { len }
    }

    /// The length of a row.
    pub const fn row_len(self) -> usize {
        self.len
    }

    /// How many rows `numbers` numbers are.
    ///
    /// # Panics
    /// If they are no whole number of rows.
    #[track_caller]
    pub(crate) fn count(self, numbers: usize) -> usize {
        if numbers == 0 {
            return 0;
        }
        let whole = self.len > 0 && numbers.is_multiple_of(self.len);
        assert!(whole, "{numbers} numbers are no whole number of rows of {}", self.len);
        numbers / self.len
    }
}

/// What the softmax of a row is that holds -inf alone: nothing to choose from.
///
/// ```
/// use slopes::activation::{EmptyRow, RowActivation, Rows, Softmax};
/// let mut x = [f32::NEG_INFINITY; 4];
/// Softmax { empty_row: EmptyRow::Uniform }.forward_in_place(&mut x, Rows::contiguous(4));
/// assert_eq!(x, [0.25; 4]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyRow {
    /// 0 everywhere.
    #[default]
    Zero,
    /// NaN everywhere, as the formula says.
    Nan,
    /// The same share for every entry.
    Uniform,
}

/// A function of rows.
///
/// ```
/// use slopes::activation::{LogSoftmax, RowActivation, Rows};
/// let (x, rows) = ([0.0_f64, 0.0], Rows::contiguous(2));
/// let mut dx = [0.0; 2];
/// LogSoftmax::default().backward(&x, &[1.0, 0.0], rows, &mut dx);
/// assert_eq!(dx, [0.5, -0.5]);
/// ```
///
/// # Panics
/// If slices differ in length, or are no whole number of rows, before anything is written.
pub trait RowActivation<T: Element>: Send + Sync {
    /// y = f(x), row by row.
    fn forward(&self, x: &[T], rows: Rows, y: &mut [T]);

    /// x = f(x), row by row.
    fn forward_in_place(&self, x: &mut [T], rows: Rows);

    /// The vector-Jacobian product, row by row: dx_i = sum_j dy_j df_j/dx_i, x being what went into the function.
    fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]);
}

/// Shares of one: exp(x_i) over the sum of the row's exponentials.
///
/// Entries of -inf get exactly 0, and a gradient of 0; entries of +inf share the mass; any NaN makes the row NaN.
/// Worst error of an output: 2 ulp. An empty row gives nothing.
///
/// Source: J. Bridle, Probabilistic Interpretation of Feedforward Classification Network Outputs, 1990.
///
/// ```
/// use slopes::activation::{RowActivation, Rows, Softmax};
/// let x = [0.0_f64, f64::NEG_INFINITY, 0.0];
/// let mut y = [0.0; 3];
/// Softmax::default().forward(&x, Rows::contiguous(3), &mut y);
/// assert_eq!(y, [0.5, 0.0, 0.5]);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Softmax {
    /// What a row of -inf alone becomes.
    pub empty_row: EmptyRow,
}

/// The logarithm of [`Softmax`]: x_i less the logarithm of the sum of the row's exponentials.
///
/// Entries of -inf give -inf, and a gradient of 0. Worst error of an output: 2 ulp, or 2^-24 (f64: 2^-53) of the
/// largest magnitude in the row.
///
/// Source: as [`Softmax`].
///
/// ```
/// use slopes::activation::{LogSoftmax, RowActivation, Rows};
/// let mut x = [0.0_f64, 0.0];
/// LogSoftmax::default().forward_in_place(&mut x, Rows::contiguous(2));
/// assert!((x[0] - 0.5_f64.ln()).abs() < 1e-16);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogSoftmax {
    /// What a row of -inf alone becomes: the logarithm of what [`Softmax`] makes of it.
    pub empty_row: EmptyRow,
}

/// exp(x - m).
#[derive(Clone, Copy)]
pub(crate) struct Shifted<R>(pub(crate) R);

impl<R: Real> Map<1, 1> for Shifted<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        let (difference, low) = two_sum(x, x.splat(-self.0.wide()));
        // Of -inf, `low` is NaN: it becomes 1, and the exponential of the lowest difference is 0 all the same.
        let low = x.splat(1.0).at_most(low);
        let difference = difference.at_least(x.splat(L::Real::EXP_UNDERFLOW - 10.0));
        let Reduced { n, r, .. } = reduce(difference, 0);
        [(excess(r + low) + 1.0).scale(n)]
    }
}

/// The sum of the exponentials of a row, and where they are found again.
///
/// A row of the type that is computed in keeps them. Other rows would round them: there they are computed again, so
/// that what is made of them is rounded once.
#[derive(Clone, Copy)]
pub(crate) struct Exponentials<'a, T: Element> {
    pub(crate) sum: f64,
    pub(crate) from: Source<'a, T>,
    again: Option<Shifted<T::Real>>,
}

impl<'a, T: Element> Exponentials<'a, T> {
    /// Of the row x with the maximum m; kept in y, if at all. `x` may be `y`.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(pass: Pass<I>, x: Source<'a, T>, m: T, y: Target<'a, T>, len: usize) -> Self {
        let shifted = Shifted(real(m));
        if T::ROUNDS {
            return Exponentials { sum: pass.sum_of(shifted, [x], len), from: x, again: Some(shifted) };
        }
        Exponentials { sum: pass.map_and_sum(Twice(shifted), [x], [y], len), from: y.source(), again: None }
    }

    /// Of the row x with the maximum m; not kept.
    #[inline(always)]
    pub(crate) fn unkept<I: Isa>(pass: Pass<I>, x: Source<'a, T>, m: T, len: usize) -> Self {
        let shifted = Shifted(real(m));
        Exponentials { sum: pass.sum_of(shifted, [x], len), from: x, again: Some(shifted) }
    }

    /// The map of `from` into themselves.
    #[inline(always)]
    pub(crate) fn themselves(self) -> Share<T::Real> {
        Share { again: self.again, scale: Pair::exact(1.0) }
    }

    /// The sum of all but one of them, to its own precision: beside 1, the sum has lost what is below 2^-53.
    #[inline(always)]
    pub(crate) fn sum_without<I: Isa>(self, pass: Pass<I>, index: usize, len: usize) -> f64 {
        let rest = len - index - 1;
        pass.sum_of(self.themselves(), [self.from.part(0, index)], index)
            + pass.sum_of(self.themselves(), [self.from.part(index + 1, rest)], rest)
    }

    /// One of them.
    #[inline(always)]
    pub(crate) fn read<I: Isa>(self, pass: Pass<I>, index: usize) -> f64 {
        match self.again {
            Some(shifted) => pass.sum_of(shifted, [self.from.part(index, 1)], 1),
            None => self.from.read(index).wide(),
        }
    }

    /// The map of `from` into the shares of `total`.
    #[inline(always)]
    pub(crate) fn shares(self, total: f64) -> Share<T::Real> {
        Share { again: self.again, scale: Pair::quotient(total, self.sum) }
    }
}

/// y and y again, to be summed and kept.
#[derive(Clone, Copy)]
struct Twice<M>(M);

impl<M: Map<1, 1>> Map<1, 2> for Twice<M> {
    #[inline(always)]
    fn apply<L: Lanes>(self, x: [L; 1]) -> [L; 2] {
        let [y] = self.0.apply(x);
        [y, y]
    }
}

/// An exponential, or what it is computed of, times the share of 1.
#[derive(Clone, Copy)]
pub(crate) struct Share<R> {
    again: Option<Shifted<R>>,
    scale: Pair<R>,
}

impl<R: Real> Share<R> {
    #[inline(always)]
    pub(crate) fn of<L: Lanes>(self, x: L) -> L {
        let y = match self.again {
            Some(shifted) => {
                let [y] = shifted.apply([x]);
                y
            }
            None => x,
        };
        y.mul_add(y.splat(self.scale.high.wide()), y * self.scale.low.wide())
    }
}

impl<R: Real> Map<1, 1> for Share<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.of(x)]
    }
}

/// x less a pair.
#[derive(Clone, Copy)]
struct Less<R>(Pair<R>);

impl<R: Real> Map<1, 1> for Less<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x - self.0.high.wide() - self.0.low.wide()]
    }
}

/// y dy.
#[derive(Clone, Copy)]
struct Product<R>(Share<R>);

impl<R: Real> Map<2, 1> for Product<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [self.0.of(from) * dy]
    }
}

/// x itself, to be summed.
#[derive(Clone, Copy)]
pub(crate) struct Itself;

impl Map<1, 1> for Itself {
    #[inline(always)]
    fn apply<L: Lanes>(self, x: [L; 1]) -> [L; 1] {
        x
    }
}

/// y (dy - s).
#[derive(Clone, Copy)]
struct SoftmaxGradient<R> {
    share: Share<R>,
    s: Pair<R>,
}

impl<R: Real> Map<2, 1> for SoftmaxGradient<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        [self.share.of(from) * (dy - self.s.high.wide() - self.s.low.wide())]
    }
}

/// dy - s y, and 0 where x is -inf, unless the row is NaN.
#[derive(Clone, Copy)]
struct LogSoftmaxGradient<R> {
    share: Share<R>,
    s: Pair<R>,
}

impl<R: Real> Map<3, 1> for LogSoftmaxGradient<R> {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, from, dy]: [L; 3]) -> [L; 1] {
        let y = self.share.of(from);
        let part = y.mul_add(y.splat(self.s.high.wide()), y * self.s.low.wide());
        let chosen = x.equals(x.splat(f64::NEG_INFINITY));
        [x.splat(0.0).select(y.equals(y), y).select(chosen, dy - part)]
    }
}

/// ln x.
#[derive(Clone, Copy)]
pub(crate) struct Logarithm;

impl Map<1, 1> for Logarithm {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln()]
    }
}

/// What a row is, beside its numbers.
#[derive(Clone, Copy)]
pub(crate) enum Kind<T> {
    /// An ordinary one, with its maximum.
    Finite(T),
    /// With +inf among its numbers, and that many of them. They may be NaN too, then the sum is.
    Infinite,
    /// Of -inf alone, NaN aside.
    Empty,
}

/// The kind of a row. A row of NaN alone, or of NaN and -inf, is ordinary: all of it becomes NaN.
#[inline(always)]
pub(crate) fn kind<T: Element, I: Isa>(pass: Pass<I>, x: Source<T>, len: usize) -> Kind<T> {
    let m = pass.max(x);
    if m.is_finite() {
        return Kind::Finite(m);
    }
    if (0..len).any(|i| x.read(i).is_nan()) {
        return Kind::Finite(T::nan());
    }
    if m > T::zero() { Kind::Infinite } else { Kind::Empty }
}

/// ln x in the lanes of a pass, for the bits of its family.
#[inline(always)]
pub(crate) fn ln<I: Isa>(pass: Pass<I>, x: f64) -> f64 {
    let mut y = [0.0];
    pass.map(Logarithm, [Source::new(&[x])], [Target::new(&mut y)]);
    y[0]
}

/// What makes the softmax of one row, and of which numbers: of x, or of what y holds from now on. `x` may be `y`.
#[inline(always)]
fn softmax_row<'a, T: Element, I: Isa>(
    pass: Pass<I>,
    x: Source<'a, T>,
    y: Target<'a, T>,
    len: usize,
    empty: EmptyRow,
) -> (Share<T::Real>, Source<'a, T>) {
    match kind(pass, x, len) {
        Kind::Finite(m) => {
            let exponentials = Exponentials::new(pass, x, m, y, len);
            return (exponentials.shares(1.0), exponentials.from);
        }
        Kind::Infinite => {
            let share = T::of(1.0 / (0..len).filter(|&i| x.read(i) == T::infinity()).count() as f64);
            (0..len).for_each(|i| y.write(i, if x.read(i) == T::infinity() { share } else { T::zero() }));
        }
        Kind::Empty => {
            let share = match empty {
                EmptyRow::Zero => T::zero(),
                EmptyRow::Nan => T::nan(),
                EmptyRow::Uniform => T::of(1.0 / len as f64),
            };
            (0..len).for_each(|i| y.write(i, share));
        }
    }
    (Share { again: None, scale: Pair::new(1.0, 0.0) }, y.source())
}

/// A number in the type that it is computed in.
#[inline(always)]
pub(crate) fn real<T: Element>(x: T) -> T::Real {
    <T::Real as Real>::of(x.wide())
}

/// The logarithm of a row's sum of exponentials, as the maximum and the rest.
#[inline(always)]
pub(crate) fn log_sum_exp<T: Element, I: Isa>(pass: Pass<I>, x: Source<T>, m: T, len: usize) -> f64 {
    ln(pass, pass.sum_of(Shifted(real(m)), [x], len))
}

#[inline(always)]
fn log_softmax_row<T: Element, I: Isa>(pass: Pass<I>, x: Source<T>, y: Target<T>, len: usize, empty: EmptyRow) {
    match kind(pass, x, len) {
        Kind::Finite(m) => {
            let rest = log_sum_exp(pass, x, m, len);
            pass.map(Less(Pair::<T::Real>::sum(m.wide(), rest)), [x], [y]);
        }
        Kind::Infinite | Kind::Empty => {
            softmax_row(pass, x, y, len, empty);
            (0..len).for_each(|i| y.write(i, T::of(ln(pass, y.read(i).wide()))));
        }
    }
}

/// Which function of a row.
#[derive(Clone, Copy)]
enum Which {
    Softmax(EmptyRow),
    LogSoftmax(EmptyRow),
}

struct Forward<'a, T> {
    which: Which,
    x: Source<'a, T>,
    y: Target<'a, T>,
    rows: usize,
    len: usize,
}

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) {
        let len = self.len;
        for row in 0..self.rows {
            let (x, y) = (self.x.part(row * len, len), self.y.part(row * len, len));
            match self.which {
                Which::Softmax(empty) => {
                    let (share, from) = softmax_row(pass, x, y, len, empty);
                    pass.map(share, [from], [y]);
                }
                Which::LogSoftmax(empty) => log_softmax_row(pass, x, y, len, empty),
            }
        }
    }
}

struct Backward<'a, T> {
    which: Which,
    x: Source<'a, T>,
    dy: Source<'a, T>,
    dx: Target<'a, T>,
    rows: usize,
    len: usize,
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) {
        let len = self.len;
        for row in 0..self.rows {
            let (x, dy) = (self.x.part(row * len, len), self.dy.part(row * len, len));
            let dx = self.dx.part(row * len, len);
            match self.which {
                Which::Softmax(empty) => {
                    let (share, from) = softmax_row(pass, x, dx, len, empty);
                    let s = Pair::sum(pass.sum_of(Product(share), [from, dy], len), 0.0);
                    pass.map(SoftmaxGradient { share, s }, [from, dy], [dx]);
                }
                Which::LogSoftmax(empty) => {
                    let (share, from) = softmax_row(pass, x, dx, len, empty);
                    let s = Pair::sum(pass.sum_of(Itself, [dy], len), 0.0);
                    pass.map(LogSoftmaxGradient { share, s }, [x, from, dy], [dx]);
                }
            }
        }
    }
}

macro_rules! row_activation {
    ($Name:ident) => {
        impl<T: Element> RowActivation<T> for $Name {
            #[track_caller]
            fn forward(&self, x: &[T], rows: Rows, y: &mut [T]) {
                same_length("forward", [("x", x.len()), ("y", y.len())]);
                let (count, len) = (rows.count(x.len()), rows.len);
                let (x, y) = (Source::new(x), Target::new(y));
                dispatch::wide(Forward { which: Which::$Name(self.empty_row), x, y, rows: count, len });
            }
            #[track_caller]
            fn forward_in_place(&self, x: &mut [T], rows: Rows) {
                let (count, len) = (rows.count(x.len()), rows.len);
                let y = Target::new(x);
                dispatch::wide(Forward { which: Which::$Name(self.empty_row), x: y.source(), y, rows: count, len });
            }
            #[track_caller]
            fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                same_length("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
                let (count, len) = (rows.count(x.len()), rows.len);
                let (x, dy, dx) = (Source::new(x), Source::new(dy), Target::new(dx));
                dispatch::wide(Backward { which: Which::$Name(self.empty_row), x, dy, dx, rows: count, len });
            }
        }
    };
}
row_activation!(Softmax);
row_activation!(LogSoftmax);
