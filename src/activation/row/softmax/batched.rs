//! Rows whose steps are done side by side: short ones, of which each would wait for its own steps, and strided ones, whose
//! numbers with the same index lie one behind the other.
//!
//! The bits are those of one row alone: exponentials have the same kernel, and sums the same strands.

use super::Which;
use super::gradient::{
    FromInput, FromOutput, Less, LogSoftmaxGradient, Product, SoftmaxGradient, less, product, softmax_gradient,
    softmax_mean,
};
use crate::math::FloatMath;
use crate::math::pair::HiLo;
use crate::math::shifted_exp::{Scale, Shift, exponential};
use crate::row::exponentials::{Exponential, Logarithm, Share, scaled};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};
use crate::sum::{ACCUMULATORS, BLOCK, PairwiseSumOf, pairwise};

/// Rows go through their steps together, so many at a time: those of one row wait for each other.
pub(super) const TOGETHER: usize = 32;

/// But no more than fit into the first cache, in numbers.
pub(super) const CACHED: usize = 2048;

/// How many rows of a length go through their steps together.
#[inline(always)]
pub(super) fn together(len: usize) -> usize {
    (CACHED / len.max(1)).clamp(1, TOGETHER)
}

/// Rows that are so short that what is done once a row counts.
pub(super) const SHORT: usize = 1024;

/// Strided rows that lie side by side are done side by side, so many at a time.
pub(super) const TILE: usize = 64;

/// But fewer than these one by one.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// The shifts of rows whose steps are done side by side, as numbers. What is done once a row is done in loops of a fixed
/// length, which become loops over registers.
pub(super) struct Shifts<R, const N: usize>(pub(super) [[R; N]; 5]);

impl<R: Real, const N: usize> Shifts<R, N> {
    /// Of the largest numbers, times the sign; nothing if one is not finite.
    #[inline(always)]
    pub(super) fn new(scale: Scale, largest: &[f64; N]) -> Option<Self> {
        let mut shifts = [[R::zero(); N]; 5];
        let mut finite = true;
        for k in 0..N {
            finite &= largest[k].abs() < f64::INFINITY;
            let Shift { minus, floor, octaves, rest, bias } = scale.shift::<R>(largest[k]);
            shifts[0][k] = R::from_f64_rounded(minus);
            shifts[1][k] = R::from_f64_rounded(floor);
            shifts[2][k] = R::from_f64_rounded(octaves);
            shifts[3][k] = R::from_f64_rounded(rest);
            shifts[4][k] = R::from_f64_rounded(bias);
        }
        finite.then_some(Shifts(shifts))
    }

    /// The shift of one row.
    #[inline(always)]
    pub(super) fn of(&self, k: usize) -> Shift<f64> {
        let Self([minus, floor, octaves, rest, bias]) = self;
        Shift {
            minus: minus[k].into_f64(),
            floor: floor[k].into_f64(),
            octaves: octaves[k].into_f64(),
            rest: rest[k].into_f64(),
            bias: bias[k].into_f64(),
        }
    }

    /// The shifts of the first `n` rows, to be read beside their numbers.
    #[inline(always)]
    pub(super) fn sources(&self, n: usize) -> [Src<'_, R>; 5] {
        let Self([minus, floor, octaves, rest, bias]) = self;
        [minus, floor, octaves, rest, bias].map(|part| Src::new(&part[..n]))
    }
}

/// A pair for each row.
pub(super) struct Pairs<R, const N: usize> {
    pub(super) high: [R; N],
    pub(super) low: [R; N],
}

impl<R: Real, const N: usize> Pairs<R, N> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Pairs { high: [R::zero(); N], low: [R::zero(); N] }
    }

    /// total / sum of each.
    #[inline(always)]
    pub(super) fn quotients(total: f64, sums: &[f64; N]) -> Self {
        let mut pairs = Self::new();
        for (k, sum) in sums.iter().enumerate() {
            pairs.set(k, HiLo::quotient(total, *sum));
        }
        pairs
    }

    #[inline(always)]
    pub(super) fn set(&mut self, k: usize, pair: HiLo<R>) {
        (self.high[k], self.low[k]) = (pair.high, pair.low);
    }

    #[inline(always)]
    pub(super) fn of(&self, k: usize) -> [f64; 2] {
        [self.high[k].into_f64(), self.low[k].into_f64()]
    }

    /// The pairs of the first `n` rows, to be read beside their numbers.
    #[inline(always)]
    pub(super) fn sources(&self, n: usize) -> [Src<'_, R>; 2] {
        [Src::new(&self.high[..n]), Src::new(&self.low[..n])]
    }
}

/// What the numbers of rows are lessened by, from the largest of each and the sums of their exponentials.
#[inline(always)]
pub(super) fn logarithms<R: Real, I: Isa, const N: usize>(
    token: Token<I>,
    scale: Scale,
    largest: &[f64; N],
    mut sums: [f64; N],
) -> Pairs<R, N> {
    let target = Dst::new(&mut sums);
    token.map(Logarithm, [target.src()], [target]);
    let mut pairs = Pairs::new();
    for k in 0..N {
        pairs.set(k, Less::total::<R>(scale, largest[k], sums[k]));
    }
    pairs
}

/// The exponentials of short rows that lie one behind the other; the largest number of each, times the sign, and the sum
/// of its exponentials. Nothing if a row is not finite; nothing is written then.
#[inline(always)]
fn short_exponentials<R: Real, I: Isa>(
    token: Token<I>,
    scale: Scale,
    (n, len): (usize, usize),
    x: Src<R>,
    exponentials: Dst<R>,
) -> Option<[[f64; TOGETHER]; 2]> {
    let (mut largest, mut sums) = ([0.0; TOGETHER], [1.0; TOGETHER]);
    let mut k = 0;
    while k < n {
        largest[k] = token.max(x.strided(k * len, 1, len), R::from_f64_rounded(scale.sign)).into_f64();
        k += 1;
    }
    let shifts = Shifts::<R, TOGETHER>::new(scale, &largest)?;
    k = 0;
    while k < n {
        let (map, e) = (Exponential::new(scale, shifts.of(k)), exponentials.strided(k * len, 1, len));
        match map.usual() {
            Some(map) => token.map_short(map, [x.strided(k * len, 1, len)], e),
            None => token.map_short(map, [x.strided(k * len, 1, len)], e),
        }
        k += 1;
    }
    k = 0;
    while k < n {
        sums[k] = token.sum_block(exponentials.src().strided(k * len, 1, len));
        k += 1;
    }
    Some([largest, sums])
}

/// Short rows that lie one behind the other, step by step: in a row, each step waits for the one before. Whether it has
/// been done: with a row that is not finite it has not, and nothing is written.
///
/// Limit: the instructions, of which half are those of the exponential.
#[inline(always)]
pub(super) fn short_rows<R: Real, I: Isa>(
    token: Token<I>,
    (scale, which): (Scale, Which),
    (n, len): (usize, usize),
    x: Src<R>,
    exponentials: Dst<R>,
    y: Dst<R>,
) -> bool {
    let Some([largest, sums]) = short_exponentials(token, scale, (n, len), x, exponentials) else { return false };
    let mut k = 0;
    if which == Which::Softmax {
        let shares = Pairs::<R, TOGETHER>::quotients(1.0, &sums);
        while k < n {
            let share = Share { again: None, scale: shares.of(k) };
            token.map_short(share, [exponentials.src().strided(k * len, 1, len)], y.strided(k * len, 1, len));
            k += 1;
        }
        return true;
    }
    let less = logarithms::<R, I, TOGETHER>(token, scale, &largest, sums);
    let inverse = scale.factor()[0];
    while k < n {
        let less = Less { inverse, from: less.of(k) };
        token.map_short(less, [x.strided(k * len, 1, len)], y.strided(k * len, 1, len));
        k += 1;
    }
    true
}

/// The way back through such rows, as that of `RowBatch`: `from` is what came out of the function, if `output` says so.
#[inline(always)]
pub(super) fn short_rows_backward<R: Real, I: Isa>(
    token: Token<I>,
    (scale, which, output): (Scale, Which, bool),
    (n, len): (usize, usize),
    [from, dy]: [Src<R>; 2],
    [exponentials, products]: [Dst<R>; 2],
    dx: Dst<R>,
) -> bool {
    let (log, factor) = (which == Which::LogSoftmax, scale.factor());
    let (shared, sums) = if output {
        (from, [1.0; TOGETHER])
    } else {
        match short_exponentials(token, scale, (n, len), from, exponentials) {
            Some([_, sums]) => (exponentials.src(), sums),
            None => return false,
        }
    };
    let shares = Pairs::<R, TOGETHER>::quotients(if log { 1.0 } else { factor[0] }, &sums);
    let share = |k: usize| Share { again: None, scale: shares.of(k) };
    let mut s = Pairs::<R, TOGETHER>::new();
    let mut k = 0;
    if !log {
        while k < n {
            let inputs = [shared.strided(k * len, 1, len), dy.strided(k * len, 1, len)];
            token.map_short(Product(share(k)), inputs, products.strided(k * len, 1, len));
            k += 1;
        }
    }
    let summed = if log { dy } else { products.src() };
    k = 0;
    while k < n {
        let sum = token.sum_block(summed.strided(k * len, 1, len));
        s.set(k, softmax_mean(log, sum, scale));
        k += 1;
    }
    let gradient = LogSoftmaxGradient::new(scale, output);
    k = 0;
    while k < n {
        let (from, shared) = (from.strided(k * len, 1, len), shared.strided(k * len, 1, len));
        let dy = dy.strided(k * len, 1, len);
        let (dx, s) = (dx.strided(k * len, 1, len), s.of(k));
        match (log, output) {
            (false, _) => token.map_short(SoftmaxGradient { share: share(k), s }, [shared, dy], dx),
            (true, true) => token.map_short(FromOutput { gradient, s }, [from, dy], dx),
            (true, false) => token.map_short(FromInput { gradient, share: share(k), s }, [from, shared, dy], dx),
        }
        k += 1;
    }
    true
}

/// Rows that are side by side: number i of all of them is a slice, and so their steps are those of slices.
#[derive(Clone, Copy)]
pub(super) struct RowBatch {
    /// Where the first number of the first one is.
    pub(super) first: usize,
    pub(super) n: usize,
    pub(super) len: usize,
    pub(super) stride: usize,
}

impl RowBatch {
    /// Number i of all.
    #[inline(always)]
    pub(super) fn of<R: Real>(self, numbers: Src<R>, i: usize) -> Src<R> {
        numbers.strided(self.first + i * self.stride, 1, self.n)
    }

    #[inline(always)]
    pub(super) fn of_target<R: Real>(self, numbers: Dst<R>, i: usize) -> Dst<R> {
        numbers.strided(self.first + i * self.stride, 1, self.n)
    }

    /// The largest numbers, times the sign.
    #[inline(always)]
    pub(super) fn largest<R: Real, I: Isa>(self, token: Token<I>, scale: Scale, x: Src<R>) -> [f64; TILE] {
        let mut tops = [R::neg_infinity(); TILE];
        let target = Dst::new(&mut tops[..self.n]);
        // From the end, so that what comes next finds in the caches what was read last; and so at every turn.
        for i in (0..self.len).rev() {
            token.map_short(BatchedMax(scale.sign), [self.of(x, i), target.src()], target);
        }
        let mut largest = [0.0; TILE];
        for (largest, top) in largest[..self.n].iter_mut().zip(tops) {
            *largest = top.into_f64();
        }
        largest
    }

    /// The exponentials of x, in y if they are to be kept, and what is needed for their logarithms or shares: the largest
    /// numbers and the sums. Nothing if one is not finite; nothing is written then.
    #[inline(always)]
    pub(super) fn exponentials<R: Real, I: Isa>(
        self,
        token: Token<I>,
        scale: Scale,
        x: Src<R>,
        room: &mut Room<R>,
        y: Option<Dst<R>>,
    ) -> Option<[[f64; TILE]; 2]> {
        let largest = self.largest(token, scale, x);
        let shifts = Shifts::<R, TILE>::new(scale, &largest)?;
        let [minus, floor, octaves, rest, bias] = shifts.sources(self.n);
        for i in 0..self.len {
            let e = match y {
                Some(y) => self.of_target(y, i),
                None => Dst::new(&mut room.block[..self.n]),
            };
            token.map_short(Side(scale), [self.of(x, i), minus, floor, octaves, rest, bias], e);
            room.sums.add(token, e.src());
        }
        Some([largest, room.sums.take(token)])
    }

    /// As [`short_rows`].
    ///
    /// Limit: memory, which is passed over three times, in lines that lie apart.
    #[inline(always)]
    pub(super) fn forward<R: Real, I: Isa>(
        self,
        token: Token<I>,
        (scale, which): (Scale, Which),
        x: Src<R>,
        room: &mut Room<R>,
        y: Dst<R>,
    ) -> bool {
        let softmax = which == Which::Softmax;
        let Some([largest, sums]) = self.exponentials(token, scale, x, room, softmax.then_some(y)) else {
            return false;
        };
        if softmax {
            let shares = Pairs::<R, TILE>::quotients(1.0, &sums);
            let [high, low] = shares.sources(self.n);
            for i in (0..self.len).rev() {
                let y = self.of_target(y, i);
                token.map_short(Scaled, [y.src(), high, low], y);
            }
            return true;
        }
        let less = logarithms::<R, I, TILE>(token, scale, &largest, sums);
        let ([high, low], inverse) = (less.sources(self.n), scale.factor()[0]);
        for i in (0..self.len).rev() {
            let inputs = [self.of(x, i), high, low];
            token.map_short(BatchedSubtract(inverse), inputs, self.of_target(y, i));
        }
        true
    }

    /// As [`Backward::row`].
    #[inline(always)]
    pub(super) fn backward<R: Real, I: Isa>(
        self,
        token: Token<I>,
        (scale, which, output): (Scale, Which, bool),
        [from, dy]: [Src<R>; 2],
        room: &mut Room<R>,
        dx: Dst<R>,
    ) -> bool {
        let (log, factor) = (which == Which::LogSoftmax, scale.factor());
        // The numbers whose shares are known, and what makes them shares; of a softmax, with the factor.
        let (shared, total) = if output {
            (from, [1.0; TILE])
        } else {
            match self.exponentials(token, scale, from, room, Some(dx)) {
                Some([_, sums]) => (dx.src(), sums),
                None => return false,
            }
        };
        let shares = Pairs::<R, TILE>::quotients(if log { 1.0 } else { factor[0] }, &total);
        let [high, low] = shares.sources(self.n);
        for i in 0..self.len {
            if log {
                room.sums.add(token, self.of(dy, i));
            } else {
                let products = Dst::new(&mut room.block[..self.n]);
                let inputs = [self.of(shared, i), high, low, self.of(dy, i)];
                token.map_short(BatchedProduct, inputs, products);
                room.sums.add(token, products.src());
            }
        }
        let mut s = Pairs::<R, TILE>::new();
        for (k, sum) in room.sums.take(token).into_iter().enumerate() {
            s.set(k, softmax_mean(log, sum, scale));
        }
        let [s0, s1] = s.sources(self.n);
        let gradient = LogSoftmaxGradient::new(scale, output);
        for i in 0..self.len {
            let (from, shared, dy, dx) = (self.of(from, i), self.of(shared, i), self.of(dy, i), self.of_target(dx, i));
            match (log, output) {
                (false, _) => token.map_short(BatchedSoftmaxGradient, [shared, high, low, dy, s0, s1], dx),
                (true, true) => token.map_short(BatchedFromOutput(gradient), [from, dy, s0, s1], dx),
                (true, false) => {
                    token.map_short(BatchedFromInput(gradient), [from, shared, high, low, dy, s0, s1], dx);
                }
            }
        }
        true
    }
}

/// What rows that are side by side need beside their numbers.
pub(super) struct Room<R> {
    pub(super) sums: Sums,
    pub(super) block: [R; TILE],
}

impl<R: Real> Room<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Room { sums: Sums::new(), block: [R::zero(); TILE] }
    }
}

/// As [`Product`].
#[derive(Clone, Copy)]
pub(super) struct BatchedProduct;

impl Map<4, 1> for BatchedProduct {
    #[inline(always)]
    fn apply<L: Lanes>(self, [e, high, low, dy]: [L; 4]) -> [L; 1] {
        [product(scaled(e, high, low), dy)]
    }
}

/// As [`SoftmaxGradient`].
#[derive(Clone, Copy)]
pub(super) struct BatchedSoftmaxGradient;

impl Map<6, 1> for BatchedSoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [e, high, low, dy, s0, s1]: [L; 6]) -> [L; 1] {
        [softmax_gradient(scaled(e, high, low), dy, [s0, s1])]
    }
}

/// As [`FromInput`].
#[derive(Clone, Copy)]
pub(super) struct BatchedFromInput(pub(super) LogSoftmaxGradient);

impl Map<7, 1> for BatchedFromInput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, e, high, low, dy, s0, s1]: [L; 7]) -> [L; 1] {
        [self.0.of(x, scaled(e, high, low), dy, [s0, s1])]
    }
}

/// As [`FromOutput`].
#[derive(Clone, Copy)]
pub(super) struct BatchedFromOutput(pub(super) LogSoftmaxGradient);

impl Map<4, 1> for BatchedFromOutput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy, s0, s1]: [L; 4]) -> [L; 1] {
        [self.0.of(y, y.exp(), dy, [s0, s1])]
    }
}

/// The larger of x, times a sign, and the largest so far.
#[derive(Clone, Copy)]
pub(super) struct BatchedMax(pub(super) f64);

impl Map<2, 1> for BatchedMax {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, top]: [L; 2]) -> [L; 1] {
        [top.at_least(x * self.0)]
    }
}

/// The exponentials of a number each from rows of their own: the shifts come as numbers too.
#[derive(Clone, Copy)]
pub(super) struct Side(pub(super) Scale);

impl Map<6, 1> for Side {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, minus, floor, octaves, rest, bias]: [L; 6]) -> [L; 1] {
        [exponential::<L, false>(x, self.0, Shift { minus, floor, octaves, rest, bias })]
    }
}

/// As [`Share`].
#[derive(Clone, Copy)]
pub(super) struct Scaled;

impl Map<3, 1> for Scaled {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, high, low]: [L; 3]) -> [L; 1] {
        [scaled(y, high, low)]
    }
}

/// As [`Less`].
#[derive(Clone, Copy)]
pub(super) struct BatchedSubtract(pub(super) f64);

impl Map<3, 1> for BatchedSubtract {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, high, low]: [L; 3]) -> [L; 1] {
        [less(x, self.0, high, low)]
    }
}

/// Sums of rows side by side, strand by strand, as that of one row is made: the same bits.
pub(super) struct Sums {
    /// 0 where nothing has been added.
    pub(super) strands: [[f64; TILE]; ACCUMULATORS],
    pub(super) tree: PairwiseSumOf<[f64; TILE], 24>,
    pub(super) count: usize,
}

impl Sums {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Sums { strands: [[0.0; TILE]; ACCUMULATORS], tree: PairwiseSumOf::new(), count: 0 }
    }

    /// The next number of each row.
    #[inline(always)]
    pub(super) fn add<R: Real, I: Isa>(&mut self, token: Token<I>, numbers: Src<R>) {
        token.add(numbers, &mut self.strands[self.count % ACCUMULATORS]);
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            token.call_outlined(EndBlock(self));
        }
    }

    /// The sums, from which on others begin.
    #[inline(always)]
    pub(super) fn take<I: Isa>(&mut self, token: Token<I>) -> [f64; TILE] {
        token.call_outlined(Take(self))
    }
}

/// The sums of the strands. A function of its own, as the next two are: they are long, and the same whatever type the
/// numbers are of and whatever they are summed for.
struct OfStrands<'a>(&'a mut [[f64; TILE]; ACCUMULATORS]);

impl Kernel for OfStrands<'_> {
    type Output = [f64; TILE];
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) -> [f64; TILE] {
        *pairwise(self.0)
    }
}

/// Puts the sums of a block into the tree.
struct EndBlock<'a>(&'a mut Sums);

impl Kernel for EndBlock<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Sums { strands, tree, .. } = self.0;
        tree.push(token.call_outlined(OfStrands(strands)));
        *strands = [[0.0; TILE]; ACCUMULATORS];
    }
}

/// The sums, which are forgotten.
struct Take<'a>(&'a mut Sums);

impl Kernel for Take<'_> {
    type Output = [f64; TILE];
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> [f64; TILE] {
        let Sums { strands, tree, count } = self.0;
        let rest = token.call_outlined(OfStrands(strands));
        strands[..ACCUMULATORS.min(*count)].fill([0.0; TILE]);
        let count = core::mem::take(count);
        if count < BLOCK {
            return rest;
        }
        if !count.is_multiple_of(BLOCK) {
            tree.push(rest);
        }
        let sums = tree.sum();
        *tree = PairwiseSumOf::new();
        sums
    }
}
