//! Masks of softmax: which entries of a row take part.

use crate::element::Element;
use crate::math::shifted_exp::Scale;
use crate::row::Rows;
use crate::row::exponentials::scale;
use crate::simd::{Isa, Kernel, Lanes, MAX_LANES, Real, Token};
use crate::slice::{Dst, Map, Src};

/// The entries of a row that take part. A masked entry counts as -inf, whatever x is there, NaN included.
///
/// A mask has up to three parts: a band around the diagonal (causal, or a sliding window), truth values, and numbers
/// that are added. An entry takes part where no part masks it. [`Mask::new`] masks nothing; a method adds a part, and
/// replaces one of the same kind. The row of an entry is counted as in [`Rows`].
///
/// ```
/// use slopes::activation::{Mask, Repeat, Rows, Softmax};
/// let (x, rows) = ([0.0_f32, f32::NAN, 0.0], Rows::contiguous(3));
/// let mut y = [0.0; 3];
/// let keep = [true, false, true];
/// Softmax::DEFAULT.forward_masked(&x, Mask::new().with_boolean(&keep, Repeat::Whole), rows, &mut y);
/// assert_eq!(y, [0.5, 0.0, 0.5]);
///
/// // A causal mask: row r sees the entries 0 to r.
/// let mut y = [0.0; 4];
/// Softmax::DEFAULT.forward_masked(&[1.0_f32; 4], Mask::new().with_causal(2), Rows::contiguous(2), &mut y);
/// assert_eq!(y, [1.0, 0.0, 0.5, 0.5]);
/// ```
///
/// # Panics
/// Methods that take a mask panic, before anything is written, if a band has 0 queries, if the length of truth values
/// or added numbers is not a multiple of the row length (times inner), or if x does not hold all repetitions of them
/// a whole number of times.
#[doc(alias = "attn_mask")]
#[doc(alias = "key_padding_mask")]
#[derive(Clone, Copy, Debug)]
pub struct Mask<'a, T> {
    band: Option<Band>,
    first: Option<isize>,
    boolean: Option<(&'a [bool], Repeat)>,
    additive: Option<(&'a [T], Repeat)>,
}

/// How a mask with fewer rows than x is used for the rows of x. The mask itself is used again from its beginning when
/// all of it has been used.
///
/// For scores of shape (batch, heads, queries, keys), whose rows are along the last axis:
///
/// | shape of the mask | |
/// |---|---|
/// | (queries, keys), (heads, queries, keys), or that of the scores | `Whole` |
/// | (batch, keys): padding | `Row { times: heads * queries }` |
/// | (heads, keys) | `Row { times: queries }` |
/// | (batch, 1, queries, keys) | `Matrix { rows: queries, times: heads }` |
///
/// Where rows are not contiguous (inner > 1), a row stands here for the inner rows that lie together.
///
/// ```
/// use slopes::activation::{Mask, Repeat, Rows, Softmax};
/// // Two samples of two queries each; the last key of the second sample is padding.
/// let padding = [true, true, true, false];
/// let mask = Mask::new().with_boolean(&padding, Repeat::Row { times: 2 });
/// let mut x = [0.0_f64; 8];
/// Softmax::DEFAULT.forward_masked_in_place(&mut x, mask, Rows::contiguous(2));
/// assert_eq!(x, [0.5, 0.5, 0.5, 0.5, 1.0, 0.0, 1.0, 0.0]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// Row r of x has row `r % n` of the mask, n the number of its rows.
    Whole,
    /// Each row of the mask serves consecutive rows of x: row r has row `r / times % n`.
    Row {
        /// The number of consecutive rows, at least 1.
        times: usize,
    },
    /// Each matrix of the mask serves consecutive matrices of x: row r of matrix m has row r of matrix
    /// `m / times % n`, n the number of matrices of the mask.
    Matrix {
        /// The number of rows of a matrix, at least 1.
        rows: usize,
        /// The number of consecutive matrices, at least 1.
        times: usize,
    },
}

/// A band of each matrix of `queries` rows.
#[derive(Clone, Copy, Debug)]
struct Band {
    queries: usize,
    before: usize,
    after: usize,
}

impl<T> Default for Mask<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T> Mask<'a, T> {
    /// The mask that masks nothing.
    #[must_use]
    pub const fn new() -> Self {
        Mask { band: None, first: None, boolean: None, additive: None }
    }

    /// The causal mask of attention: each query sees the keys up to its own position. `queries`, at least 1, is the
    /// number of rows of a matrix: row r is query `r % queries`.
    ///
    /// The last query is at the position of the last key (alignment at the lower right): query q sees the first
    /// `keys - queries + q + 1` keys. So a matrix with n keys of a cache before those of the queries needs no other
    /// number, and with more queries than keys the first queries see nothing. For another alignment, see
    /// [`with_first_position`](Mask::with_first_position).
    #[must_use]
    pub const fn with_causal(self, queries: usize) -> Self {
        self.with_window(queries, usize::MAX, 0)
    }

    /// A window around the position of each query, which sees that position, `before` keys before it and `after` keys
    /// after it. For the causal sliding window of the last w keys, `before` is w - 1 and `after` is 0. It replaces a
    /// causal mask, whose `queries` and alignment it has.
    ///
    /// ```
    /// use slopes::activation::{Mask, Rows, Softmax};
    /// let mut x = [0.0_f32; 9];
    /// Softmax::DEFAULT.forward_masked_in_place(&mut x, Mask::new().with_window(3, 1, 0), Rows::contiguous(3));
    /// assert_eq!(x, [1.0, 0.0, 0.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.5]);
    /// ```
    #[must_use]
    #[doc(alias = "sliding_window")]
    pub const fn with_window(mut self, queries: usize, before: usize, after: usize) -> Self {
        self.band = Some(Band { queries, before, after });
        self
    }

    /// Sets the position among the keys of the first query of each matrix, `keys - queries` by default. It is 0 for
    /// alignment at the upper left, and n for a cache whose memory holds n keys before the first query, and unused
    /// ones at its end.
    ///
    /// ```
    /// use slopes::activation::{Mask, Rows, Softmax};
    /// // One query, at the second of 4 keys.
    /// let mut x = [0.0_f32; 4];
    /// let mask = Mask::new().with_causal(1).with_first_position(1);
    /// Softmax::DEFAULT.forward_masked_in_place(&mut x, mask, Rows::contiguous(4));
    /// assert_eq!(x, [0.5, 0.5, 0.0, 0.0]);
    /// ```
    #[must_use]
    pub const fn with_first_position(mut self, position: isize) -> Self {
        self.first = Some(position);
        self
    }

    /// Truth values in the layout of x: true for the entries that take part.
    #[must_use]
    pub const fn with_boolean(mut self, keep: &'a [bool], repeat: Repeat) -> Self {
        self.boolean = Some((keep, repeat));
        self
    }

    /// Numbers in the layout of x that are added to x / t (for [`Softmin`](crate::activation::Softmin) to -x / t), t the
    /// temperature, as attention adds a bias to its scaled scores; the sums are rounded to the element type. An entry is
    /// masked where its number is -inf.
    #[must_use]
    pub const fn with_additive(mut self, add: &'a [T], repeat: Repeat) -> Self {
        self.additive = Some((add, repeat));
        self
    }
}

impl<'a, T: Element> Mask<'a, T> {
    /// The mask for `numbers` numbers x, or `None` if it masks nothing.
    ///
    /// # Panics
    /// If it does not fit.
    #[track_caller]
    pub(super) fn hidden(self, numbers: usize, rows: Rows) -> Option<Hidden<'a, T::Real>> {
        let Mask { band, first, boolean, additive } = self;
        if let Some(band) = band {
            assert!(band.queries > 0, "a causal mask needs at least 1 query, not 0");
        }
        let keep = boolean.map(|(keep, repeat)| (keep, Repeated::new(repeat, keep.len(), numbers, rows)));
        let add = additive.map(|(add, repeat)| (Src::new(add), Repeated::new(repeat, add.len(), numbers, rows)));
        let any = band.is_some() || keep.is_some() || add.is_some();
        any.then_some(Hidden { band, first, keep, add })
    }
}

/// The rows of a mask for the rows of x: a checked [`Repeat`].
#[derive(Clone, Copy)]
struct Repeated {
    /// The number of rows of the mask, counted as in [`Repeat`], as are those below.
    all: usize,
    /// The number of rows of a matrix.
    rows: usize,
    /// The number of rows of x that a matrix serves.
    served: usize,
}

impl Repeated {
    #[track_caller]
    fn new(repeat: Repeat, len: usize, numbers: usize, layout: Rows) -> Self {
        let all = layout.count(len) / layout.stride().max(1);
        let (rows, times) = match repeat {
            Repeat::Whole => (all.max(1), 1),
            Repeat::Row { times } => (1, times),
            Repeat::Matrix { rows, times } => (rows, times),
        };
        assert!(
            rows > 0 && times > 0 && all.is_multiple_of(rows),
            "a mask of {all} rows has no matrices of {rows} rows that are repeated {times} times",
        );
        let fits = numbers == 0 || len.checked_mul(times).is_some_and(|all| all > 0 && numbers.is_multiple_of(all));
        match times {
            1 => assert!(fits, "length {numbers} of x is not a multiple of the mask length {len}"),
            _ => assert!(fits, "length {numbers} of x is not a multiple of the mask length {len} times {times}"),
        }
        Repeated { all, rows, served: rows.saturating_mul(times) }
    }

    /// The index of the first number of the mask for a row of x.
    #[inline(always)]
    fn start(self, layout: Rows, row: usize) -> usize {
        let (outer, inner) = (row / layout.stride(), row % layout.stride());
        let outer = (outer / self.served * self.rows + outer % self.rows) % self.all;
        outer * layout.stride() * layout.row_len() + inner
    }
}

/// A [`Mask`] of any element type that masks something, and fits x.
#[derive(Clone, Copy)]
pub(crate) struct Hidden<'a, R> {
    band: Option<Band>,
    first: Option<isize>,
    keep: Option<(&'a [bool], Repeated)>,
    add: Option<(Src<'a, R>, Repeated)>,
}

impl<R: Real> Hidden<'_, R> {
    /// True if the masked x has been multiplied by the sign and divided by the temperature.
    #[inline(always)]
    pub(super) fn is_scaled(self) -> bool {
        self.add.is_some()
    }

    /// The first entry of a row in its band, and the number of entries there.
    #[inline(always)]
    fn span(self, row: usize, len: usize) -> (usize, usize) {
        let Some(Band { queries, before, after }) = self.band else { return (0, len) };
        let first = self.first.unwrap_or(len.cast_signed().saturating_sub_unsigned(queries));
        let position = first.saturating_add_unsigned(row % queries);
        let within = |entry: isize| usize::try_from(entry).unwrap_or(0).min(len);
        let start = within(position.saturating_sub_unsigned(before));
        let end = within(position.saturating_add_unsigned(after).saturating_add(1));
        (start, end.saturating_sub(start))
    }

    /// Writes the masked row of x to y, and returns the first entry that is written and their number; the others are
    /// masked. `x` may be `y`.
    #[inline(always)]
    pub(super) fn row<I: Isa>(
        self,
        token: Token<I>,
        scale: Scale,
        rows: Rows,
        row: usize,
        x: Src<R>,
        y: Dst<R>,
    ) -> (usize, usize) {
        let len = rows.row_len();
        let (start, n) = self.span(row, len);
        let (mut x, y) = (rows.of(x, row).part(start, n), rows.of_target(y, row).part(start, n));
        let mut sign = scale.sign;
        if let Some((add, repeated)) = self.add {
            let add = add.strided(repeated.start(rows, row), rows.stride(), len).part(start, n);
            match scale.factor() {
                [1.0, 0.0] => token.map(Masked(1.0), [x, add], [y]),
                [factor, _] => token.map(ScaledAndMasked(factor), [x, add], [y]),
            }
            (x, sign) = (y.src(), 1.0);
        }
        let Some((keep, repeated)) = self.keep else {
            if self.add.is_none() {
                token.map(Masked(sign), [x, Src::repeat(&[R::zero(); MAX_LANES])], [y]);
            }
            return (start, n);
        };
        let first = repeated.start(rows, row) + start * rows.stride();
        let mut block = [R::zero(); MASKED];
        let mut done = 0;
        while done < n {
            let part = MASKED.min(n - done);
            for (i, add) in block[..part].iter_mut().enumerate() {
                *add = if keep[first + (done + i) * rows.stride()] { R::zero() } else { R::neg_infinity() };
            }
            token.map(Masked(sign), [x.part(done, part), Src::new(&block[..part])], [y.part(done, part)]);
            done += part;
        }
        (start, n)
    }
}

/// The kernel that writes the masked rows of x to y, which may be its memory: -inf, after the sign, where they are masked.
pub(crate) struct Hide<'a, R> {
    pub(super) mask: Hidden<'a, R>,
    pub(super) temperature: f64,
    pub(super) x: Src<'a, R>,
    pub(super) y: Dst<'a, R>,
    pub(super) rows: Rows,
    pub(super) end: usize,
}

impl<R: Real> Kernel for &Hide<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let scale = scale::<R, I>(self.temperature);
        let sign = if self.mask.is_scaled() { 1.0 } else { scale.sign };
        for row in 0..self.end {
            let (start, n) = self.mask.row(token, scale, self.rows, row, self.x, self.y);
            let y = self.rows.of_target(self.y, row);
            (0..start).chain(start + n..y.len()).for_each(|i| y.write(i, sign * f64::NEG_INFINITY));
        }
    }
}

/// The number of truth values that are converted to numbers at a time.
const MASKED: usize = 256;

/// x + mask, or -inf times the sign where the mask is -inf.
#[derive(Clone, Copy)]
struct Masked(f64);

impl Map<2, 1> for Masked {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, add]: [L; 2]) -> [L; 1] {
        let hidden = add.equals(add.splat(f64::NEG_INFINITY));
        [(add * self.0).select(hidden, x + add)]
    }
}

/// x times a factor, plus the mask; -inf where the mask is -inf.
#[derive(Clone, Copy)]
struct ScaledAndMasked(f64);

impl Map<2, 1> for ScaledAndMasked {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, add]: [L; 2]) -> [L; 1] {
        let hidden = add.equals(add.splat(f64::NEG_INFINITY));
        [add.select(hidden, x * self.0 + add)]
    }
}
