//! Columns: short rows side by side, one in each lane, and the transposition that brings them there.
//!
//! A tile holds entry i of column k at `i * WIDTH + k`. What a register does to one column it does to its neighbours,
//! so that nothing is added up or compared across lanes.

use super::map::{Map, load_at};
use super::view::{Dst, Src};
use crate::simd::{Isa, Kernel, Lanes, Real, Register, Token};
use crate::sum::ACCUMULATORS;

/// The number of columns of a tile: enough for one register of f32 at every level, few enough for the first cache.
pub(crate) const WIDTH: usize = 32;

impl<I: Isa> Token<I> {
    /// True if columns are worth their transposition: with one lane, they are not.
    pub(crate) const HAS_COLUMNS: bool = <I::F32 as Lanes>::COUNT > 1;

    /// Maps the entries of the first `width` columns (or a few more) of tiles. The first `TILES` inputs are tiles, the
    /// others have one number for each column.
    ///
    /// # Panics
    /// If a tile is not plain or has another length than the output, or if another input has not `WIDTH` numbers.
    #[inline(always)]
    pub(crate) fn map_columns<R: Real, M: Map<IN, 1>, const IN: usize, const TILES: usize>(
        self,
        map: M,
        inputs: [Src<R>; IN],
        to: Dst<R>,
        width: usize,
    ) {
        let (count, from) = (<R::Lanes<I> as Lanes>::COUNT, check::<R, IN, TILES>(&inputs, to.len(), width));
        assert!(to.is_plain());
        let mut column = 0_usize;
        while column < width {
            // SAFETY: a register from `column` on is within a row of a tile, whose WIDTH is a multiple of every
            // register's lanes; the loops stay within the tiles. The token proves the instructions.
            unsafe {
                let mut x = load_at::<R, R::Lanes<I>, IN>(&from, column);
                let mut at = column;
                while at < to.len() {
                    let mut k = 0;
                    while k < TILES {
                        x[k] = R::Lanes::<I>::load(from[k].wrapping_add(at));
                        k += 1;
                    }
                    let [y] = map.apply(x);
                    y.store(to.to.wrapping_add(at));
                    at = at.wrapping_add(WIDTH);
                }
            }
            column = column.wrapping_add(count);
        }
    }

    /// Folds the entries of the first `width` columns (or a few more) of tiles into one number for each: the last input
    /// of the map is the number so far, at first that of `to`. The first `TILES` inputs are tiles, the others have one
    /// number for each column.
    ///
    /// # Panics
    /// As [`map_columns`](Token::map_columns); all tiles have `len` entries.
    #[inline(always)]
    pub(crate) fn fold_columns<R: Real, M: Map<IN, 1>, const IN: usize, const TILES: usize>(
        self,
        map: M,
        inputs: [Src<R>; IN],
        width: usize,
        folded: Dst<R>,
    ) {
        let len = inputs[0].len();
        let (count, from) = (<R::Lanes<I> as Lanes>::COUNT, check::<R, IN, TILES>(&inputs, len, width));
        assert!(folded.is_plain() && folded.len() == WIDTH);
        let mut column = 0_usize;
        while column < width {
            // SAFETY: as `map_columns`.
            unsafe {
                let mut x = load_at::<R, R::Lanes<I>, IN>(&from, column);
                let mut at = column;
                while at < len {
                    let mut k = 0;
                    while k < TILES {
                        x[k] = R::Lanes::<I>::load(from[k].wrapping_add(at));
                        k += 1;
                    }
                    [x[IN - 1]] = map.apply(x);
                    at = at.wrapping_add(WIDTH);
                }
                x[IN - 1].store(folded.to.wrapping_add(column));
            }
            column = column.wrapping_add(count);
        }
    }

    /// The sums of the first `width` columns (or a few more) of a tile: those that
    /// [`sum_block`](Token::sum_block) gives for each column alone, bit for bit.
    #[inline(always)]
    pub(crate) fn sum_columns<R: Real>(self, tile: Src<R>, width: usize, sums: &mut [f64; WIDTH]) {
        self.call_outlined(SumColumns { tile, width, sums });
    }

    /// Copies the rows of a matrix, which are `from_row` apart, to rows that are `to_row` apart.
    ///
    /// # Panics
    /// As [`transpose`](Token::transpose).
    #[inline(always)]
    pub(crate) fn copy_rows<R: Real>(
        self,
        (rows, columns): (usize, usize),
        (from, from_row): (Src<R>, usize),
        (to, to_row): (Dst<R>, usize),
    ) {
        self.call_outlined(CopyRows(Transpose { rows, columns, from, from_row, to, to_row }));
    }

    /// Copies a matrix to its transpose: `to[column * to_row + row] = from[row * from_row + column]`.
    ///
    /// # Panics
    /// If a view is not plain, or too short.
    #[inline(always)]
    pub(crate) fn transpose<R: Real>(
        self,
        (rows, columns): (usize, usize),
        (from, from_row): (Src<R>, usize),
        (to, to_row): (Dst<R>, usize),
    ) {
        self.call_outlined(Transpose { rows, columns, from, from_row, to, to_row });
    }
}

/// Checks the inputs of a loop over columns, and returns where they begin.
#[inline(always)]
fn check<R: Real, const IN: usize, const TILES: usize>(
    inputs: &[Src<R>; IN],
    len: usize,
    width: usize,
) -> [*const R; IN] {
    assert!(width <= WIDTH && len.is_multiple_of(WIDTH));
    let mut from = [core::ptr::null(); IN];
    let mut k = 0;
    while k < IN {
        assert!(inputs[k].is_plain() && inputs[k].len() == if k < TILES { len } else { WIDTH });
        from[k] = inputs[k].from;
        k += 1;
    }
    from
}

/// The kernel of [`Token::sum_columns`].
struct SumColumns<'a, R> {
    tile: Src<'a, R>,
    width: usize,
    sums: &'a mut [f64; WIDTH],
}

impl<R: Real> Kernel for SumColumns<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let (count, Self { tile, width, sums }) = (<I::F64 as Lanes>::COUNT, self);
        assert!(tile.is_plain() && width <= WIDTH && tile.len.is_multiple_of(WIDTH));
        *sums = [0.0; WIDTH];
        let mut column = 0_usize;
        while column < width {
            // SAFETY: as `map_columns`.
            unsafe {
                let zero = I::F64::load(sums.as_ptr().wrapping_add(column));
                let mut accumulators = [zero; ACCUMULATORS];
                let mut at = column;
                while at < tile.len {
                    let mut i = 0;
                    while i < ACCUMULATORS {
                        if at < tile.len {
                            accumulators[i] = accumulators[i] + R::load_wide::<I>(tile.from.wrapping_add(at));
                        }
                        at = at.wrapping_add(WIDTH);
                        i += 1;
                    }
                }
                // Accumulators without a number are 0, and are left out.
                let mut live = ACCUMULATORS.min(tile.len / WIDTH);
                let mut half = ACCUMULATORS / 2;
                while half > 0 {
                    let mut i = 0;
                    while i < half {
                        if half + i < live {
                            accumulators[i] = accumulators[i] + accumulators[half + i];
                        }
                        i += 1;
                    }
                    live = live.min(half);
                    half /= 2;
                }
                accumulators[0].store(sums.as_mut_ptr().wrapping_add(column));
            }
            column = column.wrapping_add(count);
        }
    }
}

/// The kernel of [`Token::transpose`].
struct Transpose<'a, R> {
    rows: usize,
    columns: usize,
    from: Src<'a, R>,
    from_row: usize,
    to: Dst<'a, R>,
    to_row: usize,
}

/// The rows and columns of a block that is transposed in registers.
const SIDE: usize = 4;

/// The f32 numbers of a cache line: as many strided rows are transposed together.
pub(crate) const LINE: usize = 16;

impl<R: Real> Kernel for Transpose<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Self { rows, columns, from, from_row, to, to_row } = self;
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(from.is_plain() && !from.repeats && to.is_plain());
        assert!(columns <= from_row && (rows - 1) * from_row + columns <= from.len);
        assert!(rows <= to_row && (columns - 1) * to_row + rows <= to.len);
        let (from, to) = (from.from, to.to);
        // SAFETY: the views have all numbers of both matrices, as just checked, and blocks do not pass their ends: the
        // last ones overlap those before them.
        unsafe {
            if rows < SIDE || columns < SIDE {
                let mut column = 0;
                while column < columns {
                    let mut row = 0;
                    while row < rows {
                        *to.wrapping_add(column * to_row + row) = *from.wrapping_add(row * from_row + column);
                        row = row.wrapping_add(1);
                    }
                    column = column.wrapping_add(1);
                }
                return;
            }
            // The short way is the inner loop, so that what is written to a cache line is written at a time.
            let by_rows = columns <= rows;
            let (outer_end, inner_end) = if by_rows { (rows, columns) } else { (columns, rows) };
            let (from_step, to_step) = if by_rows { (1, to_row) } else { (from_row, 1) };
            let mut outer = 0_usize;
            loop {
                let (from, to) = if by_rows {
                    (from.wrapping_add(outer.wrapping_mul(from_row)), to.wrapping_add(outer))
                } else {
                    (from.wrapping_add(outer), to.wrapping_add(outer.wrapping_mul(to_row)))
                };
                if !by_rows && inner_end == LINE {
                    // Whole lines, one after the other: where lines are a multiple of 4 KiB apart, the first cache has
                    // room for few of them.
                    let mut lines = [[R::zero(); LINE]; SIDE];
                    let mut k = 0_usize;
                    while k < LINE {
                        let block = from.wrapping_add(k.wrapping_mul(from_row));
                        R::transpose(block, from_row, lines.as_mut_ptr().cast::<R>().wrapping_add(k), LINE);
                        k = k.wrapping_add(SIDE);
                    }
                    k = 0;
                    while k < SIDE {
                        to.wrapping_add(k.wrapping_mul(to_row)).cast::<[R; LINE]>().write(lines[k]);
                        k = k.wrapping_add(1);
                    }
                } else {
                    let mut inner = 0_usize;
                    loop {
                        let block = from.wrapping_add(inner.wrapping_mul(from_step));
                        R::transpose(block, from_row, to.wrapping_add(inner.wrapping_mul(to_step)), to_row);
                        inner = inner.wrapping_add(SIDE);
                        if inner >= inner_end {
                            break;
                        }
                        inner = inner.min(inner_end.wrapping_sub(SIDE));
                    }
                }
                outer = outer.wrapping_add(SIDE);
                if outer >= outer_end {
                    break;
                }
                outer = outer.min(outer_end.wrapping_sub(SIDE));
            }
        }
    }
}

/// The kernel of [`Token::copy_rows`]: the fields are those of a transposition, but `to_row` is the distance of rows.
struct CopyRows<'a, R>(Transpose<'a, R>);

impl<R: Real> Kernel for CopyRows<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Self(Transpose { rows, columns, from, from_row, to, to_row }) = self;
        if rows == 0 || columns == 0 {
            return;
        }
        assert!(from.is_plain() && !from.repeats && to.is_plain());
        assert!(columns <= from_row && (rows - 1) * from_row + columns <= from.len);
        assert!(columns <= to_row && (rows - 1) * to_row + columns <= to.len);
        let count = <R::Lanes<I> as Lanes>::COUNT;
        let mut row = 0_usize;
        while row < rows {
            let (from, to) = (from.from.wrapping_add(row * from_row), to.to.wrapping_add(row * to_row));
            let mut column = 0_usize;
            // SAFETY: the views have all numbers of both matrices, as just checked, and the loops stay within a row.
            // The token proves the instructions.
            unsafe {
                while columns.wrapping_sub(column) >= count {
                    R::Lanes::<I>::load(from.wrapping_add(column)).store(to.wrapping_add(column));
                    column = column.wrapping_add(count);
                }
                while column < columns {
                    *to.wrapping_add(column) = *from.wrapping_add(column);
                    column = column.wrapping_add(1);
                }
            }
            row = row.wrapping_add(1);
        }
    }
}
