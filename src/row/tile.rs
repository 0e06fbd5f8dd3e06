//! Short rows side by side: blocks of rows that are brought into the columns of a tile, and back.

use super::Rows;
use crate::simd::{Isa, Lanes, Real, Token};
use crate::slice::{Convert, Dst, Src, WIDTH, Workspace};

/// The greatest length of rows that go side by side: those of losses, with the most work for each row.
pub(crate) const DEPTH: usize = 128;

/// The greatest length of rows of activations that go side by side. Longer ones fill registers of their own.
pub(crate) const SHORT: usize = 31;

/// Memory for a tile.
pub(crate) type Room<R> = Workspace<R, { WIDTH * DEPTH }>;

/// A block of adjacent rows that go side by side.
#[derive(Clone, Copy)]
pub(crate) struct Block {
    rows: Rows,
    first: usize,
    /// The number of rows, from 1 to [`WIDTH`].
    pub(crate) count: usize,
}

/// True if rows of up to `most` numbers go side by side. A few rows that do not fill a register are faster one after
/// the other.
#[inline(always)]
pub(crate) fn are_side_by_side<R: Real, I: Isa>(_: Token<I>, rows: Rows, most: usize, count: usize) -> bool {
    Token::<I>::HAS_COLUMNS && (1..=most).contains(&rows.row_len()) && 2 * count > <R::Lanes<I> as Lanes>::COUNT
}

impl Block {
    /// The next block of the rows `first` to `end - 1`.
    #[inline(always)]
    pub(crate) fn next(rows: Rows, first: usize, end: usize) -> Self {
        // Beyond that stride, the entries of adjacent rows are copied together.
        let most = if rows.stride() < ADJACENT { WIDTH } else { WIDTH.min(rows.stride() - first % rows.stride()) };
        Block { rows, first, count: most.min(end - first) }
    }

    /// Copies the rows of an input to a tile.
    #[inline(always)]
    pub(crate) fn gather<R: Real, I: Isa>(self, token: Token<I>, numbers: Src<R>, tile: Dst<R>) {
        let Self { rows, first, count } = self;
        let len = rows.row_len();
        if rows.stride() == 1
            && let Some(numbers) = numbers.as_plain()
        {
            return token.transpose((count, len), (numbers.part(first * len, count * len), len), (tile, WIDTH));
        }
        if rows.stride() < ADJACENT {
            for k in 0..count {
                let to = tile.strided(k, WIDTH, len);
                token.call_outlined(Convert { from: rows.of(numbers, first + k), to });
            }
            return;
        }
        let (start, stride) = (rows.start(first), rows.stride());
        if let Some(numbers) = numbers.as_plain() {
            let numbers = numbers.part(start, (len - 1) * stride + count);
            return token.copy_rows((len, count), (numbers, stride), (tile, WIDTH));
        }
        for i in 0..len {
            let from = numbers.strided(start + i * stride, 1, count);
            token.call_outlined(Convert { from, to: tile.part(i * WIDTH, count) });
        }
    }

    /// Copies the rows of a tile to an output.
    #[inline(always)]
    pub(crate) fn scatter<R: Real, I: Isa>(self, token: Token<I>, tile: Src<R>, numbers: Dst<R>) {
        let Self { rows, first, count } = self;
        let len = rows.row_len();
        if rows.stride() == 1 && numbers.is_plain() {
            return token.transpose((len, count), (tile, WIDTH), (numbers.part(first * len, count * len), len));
        }
        if rows.stride() < ADJACENT {
            for k in 0..count {
                let from = tile.strided(k, WIDTH, len);
                token.call_outlined(Convert { from, to: rows.of_target(numbers, first + k) });
            }
            return;
        }
        let (start, stride) = (rows.start(first), rows.stride());
        if numbers.is_plain() {
            let numbers = numbers.part(start, (len - 1) * stride + count);
            return token.copy_rows((len, count), (tile, WIDTH), (numbers, stride));
        }
        for i in 0..len {
            let to = numbers.strided(start + i * stride, 1, count);
            token.call_outlined(Convert { from: tile.part(i * WIDTH, count), to });
        }
    }
}

/// The least stride for which the entries of adjacent rows are copied together.
const ADJACENT: usize = 8;
