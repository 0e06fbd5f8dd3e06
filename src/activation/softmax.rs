//! Softmax and its kin: the shares of one that the exponentials of a row have, and the logarithm of their sum.
//!
//! Exponentials are made as `math/softmax.rs` says and summed in f64, and the reciprocal of the sum is used to twice the
//! precision of f32, so that an output has the error of its exponential and of one rounding (in f64, of the
//! reciprocal's too).

use super::rows::{RowActivation, Rows};
use super::same_length;
use crate::dispatch::{self, BLOCK, Kernel, Map, Pass, Source, Target, WIDEST};
use crate::element::{Element, Lane};
use crate::facts::BadParameter;
use crate::lanes::{Isa, Lanes, Real};
use crate::math::Functions;
use crate::math::pair::Pair;
use crate::math::softmax::{Scale, Shift, exponential};
use crate::sum::{STRANDS, Tree, pairwise};

/// What the softmax of a row is that holds -inf alone: nothing to choose from.
///
/// ```
/// use slopes::activation::{EmptyRow, RowActivation, Rows, Softmax};
/// let mut x = [f32::NEG_INFINITY; 4];
/// Softmax { empty_row: EmptyRow::Uniform, ..Softmax::USUAL }.forward_in_place(&mut x, Rows::contiguous(4));
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

/// Which entries of a row are there. A mask selects: what it hides is as if x were -inf there, whatever x is.
///
/// The mask of many rows may be shorter than x, and is then used again and again: one mask for all heads of an attention.
///
/// ```
/// use slopes::activation::{Mask, Rows, Softmax};
/// let (x, rows) = ([0.0_f32, f32::NAN, 0.0], Rows::contiguous(3));
/// let mut y = [0.0; 3];
/// Softmax::USUAL.forward_masked(&x, Mask::Keep(&[true, false, true]), rows, &mut y);
/// assert_eq!(y, [0.5, 0.0, 0.5]);
///
/// // Row r sees the entries up to r.
/// let mut y = [0.0; 4];
/// Softmax::USUAL.forward_masked(&[1.0_f32; 4], Mask::Causal { queries: 2, offset: 1 }, Rows::contiguous(2), &mut y);
/// assert_eq!(y, [1.0, 0.0, 0.5, 0.5]);
/// ```
#[derive(Clone, Copy, Debug)]
pub enum Mask<'a, T> {
    /// Where it is true.
    Keep(&'a [bool]),
    /// Everywhere but where it is -inf; elsewhere it is added, and the sum is rounded to the type.
    Add(&'a [T]),
    /// The first `r % queries + offset` entries of row r.
    Causal {
        /// How many rows a matrix has: the count begins again with each.
        queries: usize,
        /// How many entries the first row of a matrix sees: usually 1.
        offset: usize,
    },
}

/// Declares a function of rows that has a temperature.
macro_rules! tempered {
    ($(#[$doc:meta])* $Name:ident: $which:expr, $sign:expr) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            /// What x is divided by: the higher, the more even the shares.
            pub temperature: f64,
            /// What a row becomes that has nothing to choose from.
            pub empty_row: EmptyRow,
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::USUAL
            }
        }

        impl $Name {
            /// With a temperature of 1, and zeros where there is nothing to choose from.
            pub const USUAL: Self = Self { temperature: 1.0, empty_row: EmptyRow::Zero };

            /// With the temperature checked. The fields are public, and what is written there is not.
            ///
            /// # Errors
            /// If `temperature` is not between 1e-30 and 1e30.
            #[doc = concat!(
                "\n```\nuse slopes::activation::", stringify!($Name), ";\n",
                "assert!(", stringify!($Name), "::new(0.0).is_err());\n```",
            )]
            pub fn new(temperature: f64) -> Result<Self, BadParameter> {
                check_temperature(temperature)?;
                Ok(Self { temperature, ..Self::USUAL })
            }

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
                let (x, y) = (Source::new(x), Target::new(y));
                dispatch::wide(Forward { which: $which, setting: self.setting(), x, mask: Some(mask), y, rows, first: 0, end: count, plain: false });
            }

            fn setting(&self) -> Setting {
                Setting { temperature: self.temperature * $sign, empty: self.empty_row }
            }
        }

        impl<T: Element> RowActivation<T> for $Name {
            #[track_caller]
            fn forward(&self, x: &[T], rows: Rows, y: &mut [T]) {
                same_length("forward", [("x", x.len()), ("y", y.len())]);
                let (count, x, y) = (rows.count(x.len()), Source::new(x), Target::new(y));
                dispatch::wide(Forward { which: $which, setting: self.setting(), x, mask: None, y, rows, first: 0, end: count, plain: false });
            }
            #[track_caller]
            fn forward_in_place(&self, x: &mut [T], rows: Rows) {
                let (count, y) = (rows.count(x.len()), Target::new(x));
                let x = y.source();
                dispatch::wide(Forward { which: $which, setting: self.setting(), x, mask: None, y, rows, first: 0, end: count, plain: false });
            }
            #[track_caller]
            fn backward(&self, x: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                same_length("backward", [("x", x.len()), ("dy", dy.len()), ("dx", dx.len())]);
                let (count, from, dy, dx) = (rows.count(x.len()), Source::new(x), Source::new(dy), Target::new(dx));
                let setting = self.setting();
                dispatch::wide(Backward { which: $which, setting, output: false, from, dy, dx, rows, count });
            }
            #[track_caller]
            fn backward_from_output(&self, y: &[T], dy: &[T], rows: Rows, dx: &mut [T]) {
                same_length("backward_from_output", [("y", y.len()), ("dy", dy.len()), ("dx", dx.len())]);
                let (count, from, dy, dx) = (rows.count(y.len()), Source::new(y), Source::new(dy), Target::new(dx));
                let setting = self.setting();
                dispatch::wide(Backward { which: $which, setting, output: true, from, dy, dx, rows, count });
            }
        }
    };
}

/// Whether a temperature is one.
pub(crate) fn check_temperature(temperature: f64) -> Result<(), BadParameter> {
    if (1e-30..=1e30).contains(&temperature) {
        return Ok(());
    }
    Err(BadParameter { parameter: "temperature", value: temperature, wanted: "must be between 1e-30 and 1e30" })
}

/// Panics unless a mask fits rows of x.
#[track_caller]
fn check_mask<T>(mask: Mask<'_, T>, x: usize, rows: Rows) {
    let len = match mask {
        Mask::Keep(keep) => keep.len(),
        Mask::Add(add) => add.len(),
        Mask::Causal { queries, .. } => return assert!(queries > 0, "a causal mask of no queries"),
    };
    rows.count(len);
    assert!(x == 0 || (len > 0 && x.is_multiple_of(len)), "x of {x} numbers is no multiple of a mask of {len}");
}

tempered! {
    /// Shares of one: exp(x_i / t) over the sum of the row's exponentials, t the temperature.
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
    /// Softmax::USUAL.forward(&x, Rows::contiguous(3), &mut y);
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
    /// Softmin::USUAL.forward_in_place(&mut x, Rows::contiguous(3));
    /// assert_eq!(x, [0.5, 0.0, 0.5]);
    /// ```
    Softmin: Which::Softmax, -1.0
}

tempered! {
    /// The logarithm of [`Softmax`]: x_i / t less the logarithm of the sum of the row's exponentials.
    ///
    /// Entries of -inf give -inf, and a gradient of 0; a cotangent there counts as in the limit. A row with nothing to
    /// choose from gives the logarithm of what [`Softmax`] makes of it. Worst error of an output: 2 ulp, or 2^-24 (f64:
    /// 2^-53) of the largest magnitude in the row.
    ///
    /// Source: as [`Softmax`].
    ///
    /// ```
    /// use slopes::activation::{LogSoftmax, RowActivation, Rows};
    /// let mut x = [0.0_f64, 0.0];
    /// LogSoftmax::USUAL.forward_in_place(&mut x, Rows::contiguous(2));
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
    /// Softmax::USUAL.jacobian(&[0.0_f64, 0.0], &mut jacobian);
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
        let Some(last) = jacobian.len().checked_sub(n) else { return };
        // The shares wait in the last row, which is made last: entry j of it is read before it is written.
        self.forward(x, Rows::contiguous(n), &mut jacobian[last..]);
        let inverse = 1.0 / T::of(self.temperature).wide();
        for i in 0..n {
            let y = jacobian[last + i].wide();
            let others: f64 = (last..last + n).filter(|&j| j != last + i).map(|j| jacobian[j].wide()).sum();
            let rest = if y > 0.5 { others } else { 1.0 - y };
            for j in 0..n {
                let other = jacobian[last + j].wide();
                let factor = if i == j { rest } else { -other };
                jacobian[i * n + j] = T::of(y * factor * inverse);
            }
        }
    }
}

/// What the functions of a call are made with.
#[derive(Clone, Copy)]
struct Setting {
    /// Negative for the shares of -x.
    temperature: f64,
    empty: EmptyRow,
}

/// The scale of a temperature, in the lanes of an instruction set.
#[inline(always)]
pub(crate) fn scale<T: Element, I: Isa>(temperature: f64) -> Scale {
    Scale::new::<T::Real>(temperature, <Lane<T, I> as Lanes>::FUSED)
}

/// The exponentials of a row.
#[derive(Clone, Copy)]
pub(crate) struct Exponential {
    scale: Scale,
    shift: Shift<f64>,
}

impl Map<1, 1> for Exponential {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [exponential(x, self.scale, self.shift.fill(x))]
    }
}

/// An ordinary row: its scale and its largest number, times the sign.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    map: Exponential,
    pub(crate) m: f64,
}

impl Row {
    #[inline(always)]
    pub(crate) fn new<T: Element>(scale: Scale, m: f64) -> Self {
        Row { map: Exponential { scale, shift: scale.shift::<T::Real>(m) }, m }
    }

    /// The sum of the exponentials.
    #[inline(always)]
    pub(crate) fn sum<T: Element, I: Isa>(self, pass: Pass<I>, x: Source<T>, len: usize) -> f64 {
        pass.sum_of(self.map, [x], len)
    }

    /// The exponential of one number of the row.
    #[inline(always)]
    pub(crate) fn one<T: Element, I: Isa>(self, pass: Pass<I>, x: T) -> f64 {
        let mut y = [<T::Real as Default>::default()];
        pass.map(self.map, [Source::new(&[<T::Real as Element>::of(x.wide())])], [Target::new(&mut y)]);
        Element::wide(y[0])
    }
}

/// The sum of the exponentials of a row, and where they are found again.
///
/// A row of the type that is computed in keeps them. Other rows would round them: there they are computed again, so
/// that what is made of them is rounded once.
#[derive(Clone, Copy)]
pub(crate) struct Exponentials<'a, T> {
    pub(crate) row: Row,
    pub(crate) sum: f64,
    pub(crate) from: Source<'a, T>,
}

impl<'a, T: Element> Exponentials<'a, T> {
    /// Of the row x; kept in y, if at all. `x` may be `y`.
    #[inline(always)]
    pub(crate) fn new<I: Isa>(pass: Pass<I>, row: Row, x: Source<'a, T>, y: Target<'a, T>, len: usize) -> Self {
        let sum = pass.map_and_sum_at(row.map, [x], y.unrounded(), [], len);
        Exponentials { row, sum, from: if T::ROUNDS { x } else { y.source() } }
    }

    /// The map of `from` into the shares of `total`.
    #[inline(always)]
    pub(crate) fn shares(self, total: f64) -> Share {
        Share::new::<T>(self.row, Pair::quotient(total, self.sum))
    }
}

/// An exponential, or what it is computed of, times the share of 1.
#[derive(Clone, Copy)]
pub(crate) struct Share {
    again: Option<Exponential>,
    scale: [f64; 2],
}

impl Share {
    #[inline(always)]
    fn new<T: Element>(row: Row, scale: Pair<T::Real>) -> Self {
        Share { again: T::ROUNDS.then_some(row.map), scale: scale.wide() }
    }

    /// Of numbers that are shares already, times a factor.
    #[inline(always)]
    fn made<T: Element>(factor: Pair<T::Real>) -> Self {
        Share { again: None, scale: factor.wide() }
    }

    #[inline(always)]
    pub(crate) fn of<L: Lanes>(self, x: L) -> L {
        let y = match self.again {
            Some(map) => {
                let [y] = map.apply([x]);
                y
            }
            None => x,
        };
        scaled(y, y.splat(self.scale[0]), y.splat(self.scale[1]))
    }
}

/// y times a pair.
#[inline(always)]
fn scaled<L: Lanes>(y: L, high: L, low: L) -> L {
    y.mul_add(high, y * low)
}

impl Map<1, 1> for Share {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [self.of(x)]
    }
}

/// sign x / t less a pair.
#[derive(Clone, Copy)]
struct Less {
    inverse: f64,
    from: [f64; 2],
}

impl Less {
    #[inline(always)]
    fn new<T: Element>(scale: Scale, m: f64, rest: f64) -> Self {
        Less { inverse: scale.inverse[0] * scale.sign, from: Self::total::<T::Real>(scale, m, rest).wide() }
    }

    /// m / t + rest, t being what x is divided by: of a reciprocal that was rounded.
    #[inline(always)]
    fn total<R: Real>(scale: Scale, m: f64, rest: f64) -> Pair<R> {
        // Of a narrower type the product is exact.
        if size_of::<R>() < size_of::<f64>() {
            return Pair::sum(m * scale.inverse[0], rest);
        }
        Pair::<f64>::exact(m).by(scale.inverse[0]).plus(rest).to()
    }
}

impl Map<1, 1> for Less {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [less(x, self.inverse, x.splat(self.from[0]), x.splat(self.from[1]))]
    }
}

#[inline(always)]
fn less<L: Lanes>(x: L, inverse: f64, high: L, low: L) -> L {
    x.mul_add(x.splat(inverse), -high) - low
}

/// y dy, and 0 where y is 0: what has no share, such as what is masked, passes nothing on.
#[derive(Clone, Copy)]
struct Product(Share);

impl Map<2, 1> for Product {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        let y = self.0.of(from);
        [nothing(y, y * dy)]
    }
}

/// `other`, or 0 where y is 0.
#[inline(always)]
fn nothing<L: Lanes>(y: L, other: L) -> L {
    let zero = y.splat(0.0);
    zero.select(y.equals(zero), other)
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
struct SoftmaxGradient {
    share: Share,
    s: [f64; 2],
}

impl Map<2, 1> for SoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [from, dy]: [L; 2]) -> [L; 1] {
        let y = self.share.of(from);
        [nothing(y, y * (dy - self.s[0] - self.s[1]))]
    }
}

/// factor (dy - s y), and 0 where x is sign (-inf), unless the row is NaN.
#[derive(Clone, Copy)]
struct LogSoftmaxGradient {
    share: Share,
    s: [f64; 2],
    factor: [f64; 2],
    hidden: f64,
}

impl LogSoftmaxGradient {
    #[inline(always)]
    fn of<L: Lanes>(self, x: L, y: L, dy: L) -> L {
        let part = scaled(y, y.splat(self.s[0]), y.splat(self.s[1]));
        let difference = dy - part;
        let gradient = scaled(difference, y.splat(self.factor[0]), y.splat(self.factor[1]));
        let hidden = x.equals(x.splat(self.hidden));
        x.splat(0.0).select(y.equals(y), y).select(hidden, gradient)
    }
}

impl Map<3, 1> for LogSoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, from, dy]: [L; 3]) -> [L; 1] {
        [self.of(x, self.share.of(from), dy)]
    }
}

/// The same from the output, whose exponential is the share.
#[derive(Clone, Copy)]
struct FromLogarithm(LogSoftmaxGradient);

impl Map<2, 1> for FromLogarithm {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy]: [L; 2]) -> [L; 1] {
        [self.0.of(y, y.exp(), dy)]
    }
}

/// ln x of one number.
#[derive(Clone, Copy)]
struct Logarithm;

impl Map<1, 1> for Logarithm {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [x.ln()]
    }
}

/// ln x in the lanes of a pass, for the bits of its family.
#[inline(always)]
pub(crate) fn ln<I: Isa>(pass: Pass<I>, x: f64) -> f64 {
    let mut y = [0.0];
    pass.map(Logarithm, [Source::new(&[x])], [Target::new(&mut y)]);
    y[0]
}

/// What a row is, beside its numbers, which are taken times the sign.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    /// An ordinary one, or NaN.
    Finite,
    /// With +inf among its numbers, NaN aside.
    Infinite,
    /// Of -inf alone, NaN aside.
    Empty,
}

/// The kind of a row, and its largest number; NaN if one is and the largest is not finite.
#[inline(always)]
pub(crate) fn kind<T: Element, I: Isa>(pass: Pass<I>, scale: Scale, x: Source<T>, len: usize) -> (Kind, f64) {
    let m = Real::wide(pass.max(x, <T::Real as Real>::of(scale.sign)));
    if m.is_finite() { (Kind::Finite, m) } else { special(x, m, len) }
}

#[cold]
#[inline(never)]
fn special<T: Element>(x: Source<T>, m: f64, len: usize) -> (Kind, f64) {
    if (0..len).any(|i| x.read(i).is_nan()) {
        return (Kind::Finite, f64::NAN);
    }
    (if m > 0.0 { Kind::Infinite } else { Kind::Empty }, m)
}

/// The shares of a row that is not ordinary.
#[cold]
#[inline(never)]
fn special_shares<T: Element>(kind: Kind, sign: f64, x: Source<T>, y: Target<T>, len: usize, empty: EmptyRow) {
    if kind == Kind::Infinite {
        let infinite = |i: usize| x.read(i).wide() == f64::INFINITY * sign;
        let share = T::of(1.0 / (0..len).filter(|&i| infinite(i)).count() as f64);
        return (0..len).for_each(|i| y.write(i, if infinite(i) { share } else { T::zero() }));
    }
    let share = match empty {
        EmptyRow::Zero => T::zero(),
        EmptyRow::Nan => T::nan(),
        EmptyRow::Uniform => T::of(1.0 / len as f64),
    };
    (0..len).for_each(|i| y.write(i, share));
}

/// Which function of a row.
#[derive(Clone, Copy, PartialEq)]
enum Which {
    Softmax,
    LogSoftmax,
}

#[derive(Clone, Copy)]
struct Forward<'a, T> {
    which: Which,
    setting: Setting,
    x: Source<'a, T>,
    mask: Option<Mask<'a, T>>,
    y: Target<'a, T>,
    rows: Rows,
    first: usize,
    end: usize,
    /// Whether rows are to be done in the way that does any.
    plain: bool,
}

/// Rows go through their steps together, so many at a time: those of one row wait for each other.
const TOGETHER: usize = 32;

/// But no more than fit into the first cache, in numbers.
const CACHED: usize = 2048;

/// Rows that are so short that what is done once a row counts.
const SHORT: usize = 1024;

/// Strided rows that lie side by side are done side by side, so many at a time.
const TILE: usize = 128;

/// But fewer than these one by one.
const SIDE_BY_SIDE: usize = 8;

impl<T: Element> Kernel for Forward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) {
        let scale = scale::<T, I>(self.setting.temperature);
        let (len, stride) = (self.rows.row_len(), self.rows.stride());
        let together = (CACHED / len.max(1)).clamp(1, TOGETHER);
        let unrounded = self.x.unrounded().zip(self.y.unrounded());
        match unrounded.filter(|_| self.mask.is_none() && !self.plain) {
            Some((x, y)) if stride == 1 && len <= SHORT => {
                let mut exponentials = [<T::Real as num_traits::Zero>::zero(); CACHED];
                let exponentials = Target::new(&mut exponentials);
                let mut first = self.first;
                while first < self.end {
                    let n = together.min(self.end - first);
                    let (x, y) = (x.part(first * len, n * len), y.part(first * len, n * len));
                    if !short_rows(pass, (scale, self.which), (n, len), x, exponentials, y) {
                        self.plainly(first, n);
                    }
                    first += n;
                }
            }
            Some((x, y)) if stride >= SIDE_BY_SIDE => {
                let (mut sums, mut block) = (Sums::new(), [<T::Real as num_traits::Zero>::zero(); TILE]);
                let mut first = self.first;
                while first < self.end {
                    let n = TILE.min(stride - first % stride).min(self.end - first);
                    let columns = Columns { first: self.rows.start(first), n, len, stride };
                    if !columns.forward(pass, (scale, self.which), x, &mut sums, Target::new(&mut block[..n]), y) {
                        self.plainly(first, n);
                    }
                    first += n;
                }
            }
            _ => {
                let mut first = self.first;
                while first < self.end {
                    let n = together.min(self.end - first);
                    self.some_rows(pass, scale, first, n);
                    first += n;
                }
            }
        }
    }
}

impl<'a, T: Element> Forward<'a, T> {
    /// Rows among which is one that is not finite.
    #[cold]
    #[inline(never)]
    fn plainly(&self, first: usize, n: usize) {
        dispatch::wide(Forward { first, end: first + n, plain: true, ..*self });
    }

    #[inline(always)]
    fn some_rows<I: Isa>(&self, pass: Pass<I>, scale: Scale, first: usize, n: usize) {
        let len = self.rows.row_len();
        let log = self.which == Which::LogSoftmax;
        let (mut kinds, mut largest, mut sums) = ([Kind::Empty; TOGETHER], [0.0; TOGETHER], [1.0; TOGETHER]);
        let mut seen = [len; TOGETHER];
        // What the mask leaves is found in y.
        let source = if self.mask.is_some() { self.y.source() } else { self.x };
        for k in 0..n {
            if let Some(mask) = self.mask {
                seen[k] = self.mask_row(pass, mask, scale.sign, first + k);
            }
            (kinds[k], largest[k]) = kind(pass, scale, self.rows.of(source, first + k).part(0, seen[k]), seen[k]);
        }
        for k in 0..n {
            if kinds[k] == Kind::Finite {
                let (x, y) = (self.rows.of(source, first + k), self.rows.of_target(self.y, first + k));
                let (x, y) = (x.part(0, seen[k]), y.part(0, seen[k]));
                let place = if log { None } else { y.unrounded() };
                let row = Row::new::<T>(scale, largest[k]);
                sums[k] = pass.map_and_sum_at(row.map, [x], place, [], seen[k]);
            }
        }
        for k in 0..n {
            let (x, y) = (self.rows.of(source, first + k).part(0, seen[k]), self.rows.of_target(self.y, first + k));
            let visible = y.part(0, seen[k]);
            let row = Row::new::<T>(scale, largest[k]);
            match kinds[k] {
                Kind::Finite if log => {
                    let rest = ln(pass, sums[k]);
                    pass.map(Less::new::<T>(scale, row.m, rest), [x], [visible]);
                }
                Kind::Finite => {
                    let from = if T::ROUNDS { x } else { visible.source() };
                    pass.map(Share::new::<T>(row, Pair::quotient(1.0, sums[k])), [from], [visible]);
                }
                kind => {
                    special_shares(kind, scale.sign, x, visible, seen[k], self.setting.empty);
                    if log {
                        (0..seen[k]).for_each(|i| visible.write(i, T::of(ln(pass, visible.read(i).wide()))));
                    }
                }
            }
            let hidden = if log { T::neg_infinity() } else { T::zero() };
            (seen[k]..len).for_each(|i| y.write(i, hidden));
        }
    }

    /// Writes what the mask leaves of a row into y, and says how many of its entries are looked at.
    #[inline(always)]
    fn mask_row<I: Isa>(&self, pass: Pass<I>, mask: Mask<'a, T>, sign: f64, row: usize) -> usize {
        let (len, stride, start) = (self.rows.row_len(), self.rows.stride(), self.rows.start(row));
        let (x, y) = (self.rows.of(self.x, row), self.rows.of_target(self.y, row));
        match mask {
            Mask::Add(add) => {
                let add = Source::new(add).every(start % add.len(), stride, len);
                pass.map(Masked(sign), [x, add], [y]);
                len
            }
            Mask::Keep(keep) => {
                let keep = Source::new(keep).every(start % keep.len(), stride, len);
                let mut block = [T::zero(); MASKED];
                let mut done = 0;
                while done < len {
                    let n = MASKED.min(len - done);
                    let keep = keep.part(done, n);
                    for (i, add) in block[..n].iter_mut().enumerate() {
                        *add = if keep.read(i) { T::zero() } else { T::neg_infinity() };
                    }
                    pass.map(Masked(sign), [x.part(done, n), Source::new(&block[..n])], [y.part(done, n)]);
                    done += n;
                }
                len
            }
            Mask::Causal { queries, offset } => {
                let seen = (row % queries).saturating_add(offset).min(len);
                pass.map(Masked(sign), [x.part(0, seen), Source::repeat(&[T::zero(); WIDEST])], [y.part(0, seen)]);
                seen
            }
        }
    }
}

/// How much of a mask of truth values is made into numbers at a time.
const MASKED: usize = 256;

/// x and what is added to it, or what hides it.
#[derive(Clone, Copy)]
struct Masked(f64);

impl Map<2, 1> for Masked {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, add]: [L; 2]) -> [L; 1] {
        let hidden = add.equals(add.splat(f64::NEG_INFINITY));
        [(add * self.0).select(hidden, x + add)]
    }
}

/// The shifts of rows whose steps are done side by side, as numbers. What is done once a row is done in loops of a fixed
/// length, which become loops over registers.
struct Shifts<R, const N: usize>([[R; N]; 5]);

impl<R: Real + Element<Real = R>, const N: usize> Shifts<R, N> {
    /// Of the largest numbers, times the sign; nothing if one is not finite.
    #[inline(always)]
    fn new(scale: Scale, largest: &[f64; N]) -> Option<Self> {
        let mut shifts = [[R::zero(); N]; 5];
        let mut finite = true;
        for k in 0..N {
            finite &= largest[k].abs() < f64::INFINITY;
            let Shift { minus, floor, octaves, rest, bias } = scale.shift::<R>(largest[k]);
            shifts[0][k] = <R as Real>::of(minus);
            shifts[1][k] = <R as Real>::of(floor);
            shifts[2][k] = <R as Real>::of(octaves);
            shifts[3][k] = <R as Real>::of(rest);
            shifts[4][k] = <R as Real>::of(bias);
        }
        finite.then_some(Shifts(shifts))
    }

    /// The shift of one row.
    #[inline(always)]
    fn of(&self, k: usize) -> Shift<f64> {
        let Self([minus, floor, octaves, rest, bias]) = self;
        Shift {
            minus: Real::wide(minus[k]),
            floor: Real::wide(floor[k]),
            octaves: Real::wide(octaves[k]),
            rest: Real::wide(rest[k]),
            bias: Real::wide(bias[k]),
        }
    }

    /// The shifts of the first `n` rows, to be read beside their numbers.
    #[inline(always)]
    fn sources(&self, n: usize) -> [Source<'_, R>; 5] {
        let Self([minus, floor, octaves, rest, bias]) = self;
        [minus, floor, octaves, rest, bias].map(|part| Source::new(&part[..n]))
    }
}

/// A pair for each row.
struct Pairs<R, const N: usize> {
    high: [R; N],
    low: [R; N],
}

impl<R: Real, const N: usize> Pairs<R, N> {
    #[inline(always)]
    fn new() -> Self {
        Pairs { high: [R::zero(); N], low: [R::zero(); N] }
    }

    /// total / sum of each.
    #[inline(always)]
    fn quotients(total: f64, sums: &[f64; N]) -> Self {
        let mut pairs = Self::new();
        for k in 0..N {
            pairs.set(k, Pair::quotient(total, sums[k]));
        }
        pairs
    }

    #[inline(always)]
    fn set(&mut self, k: usize, pair: Pair<R>) {
        (self.high[k], self.low[k]) = (pair.high, pair.low);
    }

    #[inline(always)]
    fn of(&self, k: usize) -> [f64; 2] {
        [self.high[k].wide(), self.low[k].wide()]
    }

    /// The pairs of the first `n` rows, to be read beside their numbers.
    #[inline(always)]
    fn sources(&self, n: usize) -> [Source<'_, R>; 2] {
        [Source::new(&self.high[..n]), Source::new(&self.low[..n])]
    }
}

/// What the numbers of rows are lessened by, from the largest of each and the sums of their exponentials.
#[inline(always)]
fn logarithms<R: Real, I: Isa, const N: usize>(
    pass: Pass<I>,
    scale: Scale,
    largest: &[f64; N],
    mut sums: [f64; N],
) -> Pairs<R, N> {
    let target = Target::new(&mut sums);
    pass.map(Logarithm, [target.source()], [target]);
    let mut pairs = Pairs::new();
    for k in 0..N {
        pairs.set(k, Less::total::<R>(scale, largest[k], sums[k]));
    }
    pairs
}

/// Short rows that lie one behind the other, step by step: in a row, each step waits for the one before. Whether it has
/// been done: with a row that is not finite it has not, and nothing is written.
///
/// Limit: the instructions, of which half are those of the exponential.
#[inline(always)]
fn short_rows<R: Real + Element<Real = R>, I: Isa>(
    pass: Pass<I>,
    (scale, which): (Scale, Which),
    (n, len): (usize, usize),
    x: Source<R>,
    exponentials: Target<R>,
    y: Target<R>,
) -> bool {
    let mut largest = [0.0; TOGETHER];
    let mut k = 0;
    while k < n {
        largest[k] = Real::wide(pass.max(x.every(k * len, 1, len), <R as Real>::of(scale.sign)));
        k += 1;
    }
    let Some(shifts) = Shifts::<R, TOGETHER>::new(scale, &largest) else { return false };
    let mut sums = [1.0; TOGETHER];
    let mut k = 0;
    while k < n {
        let (map, e) = (Exponential { scale, shift: shifts.of(k) }, exponentials.every(k * len, 1, len));
        pass.map_short(map, x.every(k * len, 1, len), e);
        k += 1;
    }
    k = 0;
    while k < n {
        sums[k] = pass.sum_block(exponentials.source().every(k * len, 1, len));
        k += 1;
    }
    k = 0;
    if which == Which::Softmax {
        let shares = Pairs::<R, TOGETHER>::quotients(1.0, &sums);
        while k < n {
            let share = Share { again: None, scale: shares.of(k) };
            pass.map_short(share, exponentials.source().every(k * len, 1, len), y.every(k * len, 1, len));
            k += 1;
        }
        return true;
    }
    let less = logarithms::<R, I, TOGETHER>(pass, scale, &largest, sums);
    let inverse = scale.inverse[0] * scale.sign;
    while k < n {
        let less = Less { inverse, from: less.of(k) };
        pass.map_short(less, x.every(k * len, 1, len), y.every(k * len, 1, len));
        k += 1;
    }
    true
}

/// Rows that are side by side: number i of all of them is a slice, and so their steps are those of slices.
#[derive(Clone, Copy)]
struct Columns {
    /// Where the first number of the first one is.
    first: usize,
    n: usize,
    len: usize,
    stride: usize,
}

impl Columns {
    /// Number i of all.
    #[inline(always)]
    fn of<T>(self, numbers: Source<T>, i: usize) -> Source<T> {
        numbers.every(self.first + i * self.stride, 1, self.n)
    }

    #[inline(always)]
    fn of_target<T: Copy>(self, numbers: Target<T>, i: usize) -> Target<T> {
        numbers.every(self.first + i * self.stride, 1, self.n)
    }

    /// The largest numbers, times the sign.
    #[inline(always)]
    fn largest<R: Real + Element<Real = R>, I: Isa>(self, pass: Pass<I>, scale: Scale, x: Source<R>) -> [f64; TILE] {
        let mut tops = [R::neg_infinity(); TILE];
        let target = Target::new(&mut tops[..self.n]);
        for i in 0..self.len {
            pass.walk(Larger(scale.sign), [self.of(x, i), target.source()], [], [target], self.n, false);
        }
        let mut largest = [0.0; TILE];
        for (largest, top) in largest[..self.n].iter_mut().zip(tops) {
            *largest = Real::wide(top);
        }
        largest
    }

    /// As [`short_rows`].
    ///
    /// Limit: memory, which is passed over three times, in lines that lie apart.
    #[inline(always)]
    fn forward<R: Real + Element<Real = R>, I: Isa>(
        self,
        pass: Pass<I>,
        (scale, which): (Scale, Which),
        x: Source<R>,
        sums: &mut Sums,
        block: Target<R>,
        y: Target<R>,
    ) -> bool {
        let largest = self.largest(pass, scale, x);
        let Some(shifts) = Shifts::<R, TILE>::new(scale, &largest) else { return false };
        let softmax = which == Which::Softmax;
        let [minus, floor, octaves, rest, bias] = shifts.sources(self.n);
        for i in 0..self.len {
            let e = if softmax { self.of_target(y, i) } else { block };
            pass.walk(Side(scale), [self.of(x, i), minus, floor, octaves, rest, bias], [], [e], self.n, false);
            sums.add(pass, e.source());
        }
        if softmax {
            let shares = Pairs::<R, TILE>::quotients(1.0, &sums.take());
            let [high, low] = shares.sources(self.n);
            for i in 0..self.len {
                let y = self.of_target(y, i);
                pass.walk(Scaled, [y.source(), high, low], [], [y], self.n, false);
            }
            return true;
        }
        let less = logarithms::<R, I, TILE>(pass, scale, &largest, sums.take());
        let ([high, low], inverse) = (less.sources(self.n), scale.inverse[0] * scale.sign);
        for i in 0..self.len {
            pass.walk(Lessened(inverse), [self.of(x, i), high, low], [], [self.of_target(y, i)], self.n, false);
        }
        true
    }
}

/// The larger of x, times a sign, and the largest so far.
#[derive(Clone, Copy)]
struct Larger(f64);

impl Map<2, 1> for Larger {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, top]: [L; 2]) -> [L; 1] {
        [top.at_least(x * self.0)]
    }
}

/// The exponentials of a number each from rows of their own: the shifts come as numbers too.
#[derive(Clone, Copy)]
struct Side(Scale);

impl Map<6, 1> for Side {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, minus, floor, octaves, rest, bias]: [L; 6]) -> [L; 1] {
        [exponential(x, self.0, Shift { minus, floor, octaves, rest, bias })]
    }
}

/// As [`Share`].
#[derive(Clone, Copy)]
struct Scaled;

impl Map<3, 1> for Scaled {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, high, low]: [L; 3]) -> [L; 1] {
        [scaled(y, high, low)]
    }
}

/// As [`Less`].
#[derive(Clone, Copy)]
struct Lessened(f64);

impl Map<3, 1> for Lessened {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, high, low]: [L; 3]) -> [L; 1] {
        [less(x, self.0, high, low)]
    }
}

/// Sums of rows side by side, strand by strand, as that of one row is made: the same bits.
struct Sums {
    /// 0 where nothing has been added.
    strands: [[f64; TILE]; STRANDS],
    tree: Tree<[f64; TILE], 24>,
    count: usize,
}

impl Sums {
    #[inline(always)]
    fn new() -> Self {
        Sums { strands: [[0.0; TILE]; STRANDS], tree: Tree::new(), count: 0 }
    }

    /// The next number of each row.
    #[inline(always)]
    fn add<R: Real, I: Isa>(&mut self, pass: Pass<I>, numbers: Source<R>) {
        pass.add(numbers, &mut self.strands[self.count % STRANDS]);
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            self.tree.push(*pairwise(&mut self.strands));
            self.strands = [[0.0; TILE]; STRANDS];
        }
    }

    /// The sums, from which on others begin.
    #[inline(always)]
    fn take(&mut self) -> [f64; TILE] {
        let used = self.count.min(STRANDS);
        let rest = *pairwise(&mut self.strands);
        self.strands[..used].fill([0.0; TILE]);
        let last = !self.count.is_multiple_of(BLOCK);
        let one = self.count < BLOCK;
        self.count = 0;
        if one {
            return rest;
        }
        if last {
            self.tree.push(rest);
        }
        let sums = self.tree.sum();
        self.tree = Tree::new();
        sums
    }
}

struct Backward<'a, T> {
    which: Which,
    setting: Setting,
    /// Whether `from` came out of the function.
    output: bool,
    from: Source<'a, T>,
    dy: Source<'a, T>,
    dx: Target<'a, T>,
    rows: Rows,
    count: usize,
}

impl<T: Element> Kernel for Backward<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) {
        let scale = scale::<T, I>(self.setting.temperature);
        let mut row = 0;
        while row < self.count {
            self.row(pass, scale, row);
            row += 1;
        }
    }
}

impl<T: Element> Backward<'_, T> {
    #[inline(always)]
    fn row<I: Isa>(&self, pass: Pass<I>, scale: Scale, row: usize) {
        let (len, log) = (self.rows.row_len(), self.which == Which::LogSoftmax);
        let (from, dy) = (self.rows.of(self.from, row), self.rows.of(self.dy, row));
        let dx = self.rows.of_target(self.dx, row);
        // sign / t, as the type holds it.
        let factor = Pair::<T::Real>::new(scale.inverse[0] * scale.sign, scale.inverse[1] * scale.sign);
        let whole = Pair::exact(1.0);
        if log {
            let s = Pair::<T::Real>::new(pass.sum_of(Itself, [dy], len), 0.0);
            let gradient = |share| LogSoftmaxGradient {
                share,
                s: s.wide(),
                factor: factor.wide(),
                hidden: f64::NEG_INFINITY * scale.sign,
            };
            if self.output {
                let gradient = gradient(Share::made::<T>(whole));
                return pass.map(
                    FromLogarithm(LogSoftmaxGradient { hidden: f64::NEG_INFINITY, ..gradient }),
                    [from, dy],
                    [dx],
                );
            }
            let (share, shared) = self.shares(pass, scale, from, dx, len, whole);
            return pass.map(gradient(share), [from, shared, dy], [dx]);
        }
        let (share, from) = if self.output {
            (Share::made::<T>(factor), from)
        } else {
            self.shares(pass, scale, from, dx, len, factor)
        };
        // The shares come with the factor, and so does their product with dy.
        let s = Pair::<T::Real>::quotient(pass.sum_of(Product(share), [from, dy], len), scale.inverse[0] * scale.sign);
        pass.map(SoftmaxGradient { share, s: s.wide() }, [from, dy], [dx]);
    }

    /// What makes the shares of a row, times a factor, and of which numbers: of x, or of what y holds from now on.
    #[inline(always)]
    fn shares<'b, I: Isa>(
        &self,
        pass: Pass<I>,
        scale: Scale,
        x: Source<'b, T>,
        y: Target<'b, T>,
        len: usize,
        factor: Pair<T::Real>,
    ) -> (Share, Source<'b, T>) {
        match kind(pass, scale, x, len) {
            (Kind::Finite, m) => {
                let exponentials = Exponentials::new(pass, Row::new::<T>(scale, m), x, y, len);
                (exponentials.shares(factor.wide()[0]), exponentials.from)
            }
            (kind, _) => {
                special_shares(kind, scale.sign, x, y, len, self.setting.empty);
                (Share::made::<T>(factor), y.source())
            }
        }
    }
}
