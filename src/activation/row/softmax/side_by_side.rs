//! Softmax and log-softmax of short rows, side by side in the lanes of registers.
//!
//! A row of ten fills no register, and each of its steps waits for the one before. In a tile, a register holds one entry
//! of as many rows as it has lanes. The bits are those of one row alone: exponentials have the same formula, and sums
//! the same accumulators.

use super::Which;
use super::batched::{
    BatchedFromInput, BatchedFromOutput, BatchedPick, BatchedProduct, BatchedSoftmaxGradient, BatchedSubtract,
};
use super::contiguous::{Backward, Forward};
use super::gradient::{LogSoftmaxGradient, half_of, overflows, softmax_mean, threshold, total};
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Logarithm, scale};
use crate::row::side_by_side::{BatchedShare, HiLos, exponentials};
use crate::row::tile::{Block, Room};
use crate::simd::{Isa, Kernel, Real, Token};
use crate::slice::{Dst, Src, WIDTH};

/// The kernel of a call whose rows go side by side.
pub(super) struct SideBySide<C>(pub(super) C);

impl<R: Real> Kernel for SideBySide<&Forward<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        forward(token, self.0, scale::<R, I>(self.0.setting.temperature));
    }
}

impl<R: Real> Kernel for SideBySide<&Backward<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        backward(token, self.0, scale::<R, I>(self.0.setting.temperature));
    }
}

/// The outputs of short rows.
#[inline(always)]
fn forward<R: Real, I: Isa>(token: Token<I>, call: &Forward<'_, R>, scale: Scale) {
    let Forward { setting, x, y, rows, mut first, end, .. } = *call;
    let mut rooms = [const { Room::new() }; 2];
    let [tile, second] = rooms.each_mut();
    let log = setting.which == Which::LogSoftmax;
    let tile = tile.zeros(rows.row_len() * WIDTH);
    let exponentials = if log { second.zeros(rows.row_len() * WIDTH) } else { tile };
    while first < end {
        let block = Block::next(rows, first, end);
        block.gather(token, x, tile);
        if outputs(token, (scale, log), block.count, tile, exponentials) {
            block.scatter(token, tile.src(), y);
        } else {
            call.run_general(first, block.count);
        }
        first += block.count;
    }
}

/// The outputs of the columns, in place. Returns false if a maximum is not finite.
///
/// Limit: the instructions, of which half are those of the exponential.
#[inline(always)]
fn outputs<R: Real, I: Isa>(
    token: Token<I>,
    (scale, log): (Scale, bool),
    count: usize,
    tile: Dst<R>,
    place: Dst<R>,
) -> bool {
    let Some([largest, mut sums]) = exponentials(token, scale, count, tile.src(), place) else { return false };
    if !log {
        let shares = HiLos::<R, WIDTH>::quotients(1.0, &sums);
        let [high, low] = shares.sources(WIDTH);
        token.map_columns::<_, _, 3, 1>(BatchedShare, [tile.src(), high, low], tile, count);
        return true;
    }
    let logarithms = Dst::new(&mut sums[..]);
    token.map(Logarithm, [logarithms.src()], [logarithms]);
    let mut numbers = [[R::zero(); WIDTH]; 2];
    for k in 0..WIDTH {
        numbers[0][k] = R::from_f64_rounded(largest[k]);
        numbers[1][k] = R::from_f64_rounded(sums[k]);
    }
    let [m, rest] = &numbers;
    let inputs = [tile.src(), Src::new(m), Src::new(rest)];
    token.map_columns::<_, _, 3, 1>(BatchedSubtract(scale.factor()[0]), inputs, tile, count);
    true
}

/// The gradients of short rows.
#[inline(always)]
fn backward<R: Real, I: Isa>(token: Token<I>, call: &Backward<'_, R>, scale: Scale) {
    let Backward { setting, output, from, dy, dx, rows, mut first, end, .. } = *call;
    let mut rooms = [const { Room::new() }; 3];
    let [tile, second, third] = rooms.each_mut();
    let len = rows.row_len() * WIDTH;
    let (tile, products) = (tile.zeros(len), third.zeros(len));
    let dy_tile = second.zeros(len);
    while first < end {
        let block = Block::next(rows, first, end);
        block.gather(token, from, tile);
        block.gather(token, dy, dy_tile);
        if gradients(token, (scale, setting.which, output), block.count, [tile, dy_tile, products]) {
            block.scatter(token, dy_tile.src(), dx);
        } else {
            call.run_general(first, block.count);
        }
        first += block.count;
    }
}

/// The gradients of the columns, in place of dy; `from` is the output of the function if `output`, else x. Returns false
/// if a maximum or a sum of dy is not finite.
///
/// Limit: from the output, the transpositions; from x, the exponential.
#[inline(always)]
fn gradients<R: Real, I: Isa>(
    token: Token<I>,
    (scale, which, output): (Scale, Which, bool),
    count: usize,
    [from, dy, products]: [Dst<R>; 3],
) -> bool {
    let log = which == Which::LogSoftmax;
    // The outputs or the exponentials, and their sums. The log-softmax needs x afterwards.
    let (shared, sums) = if output {
        (from, [1.0; WIDTH])
    } else {
        let place = if log { products } else { from };
        match exponentials(token, scale, count, from.src(), place) {
            Some([_, sums]) => (place, sums),
            None => return false,
        }
    };
    let shares = HiLos::<R, WIDTH>::quotients(total(log, scale), &sums);
    let [high, low] = shares.sources(WIDTH);
    let mut half = [R::zero(); WIDTH];
    let mut s = HiLos::<R, WIDTH>::new();
    let mut totals = [0.0; WIDTH];
    if log {
        token.sum_columns(dy.src(), count, &mut totals);
    } else {
        let (mut least, mut picked) = ([R::zero(); WIDTH], [R::neg_infinity(); WIDTH]);
        for k in 0..WIDTH {
            least[k] = threshold(which, output, sums[k]);
        }
        let place = Dst::new(&mut picked);
        let inputs = [shared.src(), dy.src(), Src::new(&least), place.src()];
        token.fold_columns::<_, _, 4, 2>(BatchedPick, inputs, count, place);
        for k in 0..WIDTH {
            half[k] = half_of(picked[k]);
        }
        let inputs = [shared.src(), dy.src(), high, low, Src::new(&half)];
        token.map_columns::<_, _, 5, 2>(BatchedProduct, inputs, products, count);
        token.sum_columns(products.src(), count, &mut totals);
    }
    for (k, sum) in totals.into_iter().enumerate() {
        s.set(k, softmax_mean(log, sum, scale));
    }
    if log && overflows(&s.high) {
        return false;
    }
    let [s0, s1] = s.sources(WIDTH);
    let gradient = LogSoftmaxGradient::new(scale, output);
    match (log, output) {
        (false, _) => {
            let inputs = [shared.src(), dy.src(), high, low, Src::new(&half), s0, s1];
            token.map_columns::<_, _, 7, 2>(BatchedSoftmaxGradient, inputs, dy, count);
        }
        (true, true) => {
            token.map_columns::<_, _, 4, 2>(BatchedFromOutput(gradient), [from.src(), dy.src(), s0, s1], dy, count);
        }
        (true, false) => {
            let inputs = [from.src(), shared.src(), dy.src(), high, low, s0, s1];
            token.map_columns::<_, _, 7, 3>(BatchedFromInput(gradient), inputs, dy, count);
        }
    }
    true
}
