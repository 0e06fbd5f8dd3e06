//! Softmax and log-softmax of strided rows in batches: their entries with the same index are contiguous.
//!
//! The bits are those of one row alone: exponentials have the same formula, and sums the same accumulators.

use super::Which;
use super::gradient::{
    LogSoftmaxGradient, half_of, overflows, pick, product, softmax_gradient, softmax_mean, subtract, threshold, total,
};
use crate::math::FloatMath;
use crate::math::shifted_exp::Scale;
use crate::row::exponentials::{Logarithm, scaled};
use crate::row::side_by_side::{BatchedExponential, BatchedMax, BatchedShare, HiLos, Shifts};
use crate::simd::{Isa, Kernel, Lanes, Real, Token};
use crate::slice::{Dst, Map, Src};
use crate::sum::{ACCUMULATORS, BLOCK, PairwiseSumOf, pairwise};

/// The largest number of adjacent strided rows in a batch.
pub(super) const TILE: usize = 64;

/// The least stride for which strided rows are computed in batches.
pub(super) const BATCHED_STRIDE: usize = 8;

/// A batch of n adjacent strided rows. The entries with the same index i are contiguous, so that each step is a map of
/// slices.
#[derive(Clone, Copy)]
pub(super) struct RowBatch {
    /// The index of the first entry of the first row.
    pub(super) first: usize,
    pub(super) n: usize,
    pub(super) len: usize,
    pub(super) stride: usize,
}

impl RowBatch {
    /// Entry i of all rows, of an input.
    #[inline(always)]
    pub(super) fn of<R: Real>(self, numbers: Src<R>, i: usize) -> Src<R> {
        numbers.strided(self.first + i * self.stride, 1, self.n)
    }

    /// Entry i of all rows, of an output.
    #[inline(always)]
    pub(super) fn of_target<R: Real>(self, numbers: Dst<R>, i: usize) -> Dst<R> {
        numbers.strided(self.first + i * self.stride, 1, self.n)
    }

    /// The maxima of the rows, after the sign.
    #[inline(always)]
    pub(super) fn largest<R: Real, I: Isa>(self, token: Token<I>, scale: Scale, x: Src<R>) -> [R; TILE] {
        let mut tops = [R::neg_infinity(); TILE];
        let maxima = Dst::new(&mut tops[..self.n]);
        // From the end, so that the next pass, from the beginning, finds the last entries read in the caches. The
        // passes alternate in direction for the same reason.
        for i in (0..self.len).rev() {
            token.map_short(BatchedMax(scale.sign), [self.of(x, i), maxima.src()], maxima);
        }
        tops[self.n..].fill(R::zero());
        tops
    }

    /// Computes the exponentials of x, stored in y if there is one; returns the maxima of the rows and the sums of
    /// their exponentials. `None` if a maximum is not finite; nothing is written then.
    #[inline(always)]
    pub(super) fn exponentials<R: Real, I: Isa>(
        self,
        token: Token<I>,
        scale: Scale,
        x: Src<R>,
        workspace: &mut BatchWorkspace<R>,
        y: Option<Dst<R>>,
    ) -> Option<([R; TILE], [f64; TILE])> {
        let largest = self.largest(token, scale, x);
        let shifts = Shifts::<R, TILE>::new(token, scale, &largest)?;
        let [minus, floor, octaves, rest, bias] = shifts.sources(self.n);
        for i in 0..self.len {
            let e = match y {
                Some(y) => self.of_target(y, i),
                None => Dst::new(&mut workspace.block[..self.n]),
            };
            token.map_short(BatchedExponential::<false>(scale), [self.of(x, i), minus, floor, octaves, rest, bias], e);
            workspace.sums.add(token, e.src());
        }
        Some((largest, workspace.sums.take(token)))
    }

    /// The outputs of the rows, as those of contiguous rows.
    ///
    /// Limit: memory, which is passed over three times, in lines that are not adjacent.
    #[inline(always)]
    pub(super) fn forward<R: Real, I: Isa>(
        self,
        token: Token<I>,
        (scale, which): (Scale, Which),
        x: Src<R>,
        workspace: &mut BatchWorkspace<R>,
        y: Dst<R>,
    ) -> bool {
        let softmax = which == Which::Softmax;
        let Some((largest, mut sums)) = self.exponentials(token, scale, x, workspace, softmax.then_some(y)) else {
            return false;
        };
        if softmax {
            let shares = HiLos::<R, TILE>::quotients(1.0, &sums);
            let [high, low] = shares.sources(self.n);
            for i in (0..self.len).rev() {
                let y = self.of_target(y, i);
                token.map_short(BatchedShare, [y.src(), high, low], y);
            }
            return true;
        }
        let logarithms = Dst::new(&mut sums[..]);
        token.map(Logarithm, [logarithms.src()], [logarithms]);
        let sums = sums.map(R::from_f64_rounded);
        let (m, rest) = (Src::new(&largest[..self.n]), Src::new(&sums[..self.n]));
        let inverse = scale.factor()[0];
        for i in (0..self.len).rev() {
            let inputs = [self.of(x, i), m, rest];
            token.map_short(BatchedSubtract(inverse), inputs, self.of_target(y, i));
        }
        true
    }

    /// The gradients of the rows, as those of contiguous rows.
    #[inline(always)]
    fn backward<R: Real, I: Isa>(
        self,
        token: Token<I>,
        (scale, which, output): (Scale, Which, bool),
        [from, dy]: [Src<R>; 2],
        workspace: &mut BatchWorkspace<R>,
        dx: Dst<R>,
    ) -> bool {
        let log = which == Which::LogSoftmax;
        // The outputs or the exponentials, and their sums.
        let (shared, sums) = if output {
            (from, [1.0; TILE])
        } else {
            match self.exponentials(token, scale, from, workspace, Some(dx)) {
                Some((_, sums)) => (dx.src(), sums),
                None => return false,
            }
        };
        let shares = HiLos::<R, TILE>::quotients(total(log, scale), &sums);
        let [high, low] = shares.sources(self.n);
        let (mut least, mut picked) = ([R::zero(); TILE], [R::neg_infinity(); TILE]);
        let mut half = [R::zero(); TILE];
        // Without an exponential of 1 alone, no entry has more than half.
        let mut picks = !log && (output || sums[..self.n].iter().any(|sum| *sum < 2.0));
        for k in 0..self.n {
            least[k] = threshold(which, output, sums[k]);
        }
        let totals = loop {
            let (least, minus) = (Src::new(&least[..self.n]), Src::new(&half[..self.n]));
            let largest = Dst::new(&mut picked[..self.n]);
            for i in 0..self.len {
                if log {
                    workspace.sums.add(token, self.of(dy, i));
                    continue;
                }
                let (e, dy) = (self.of(shared, i), self.of(dy, i));
                let products = Dst::new(&mut workspace.block[..self.n]);
                token.map_short(BatchedProduct, [e, dy, high, low, minus], products);
                workspace.sums.add(token, products.src());
                if picks {
                    token.map_short(BatchedPick, [e, dy, least, largest.src()], largest);
                }
            }
            let totals = workspace.sums.take(token);
            if !picks {
                break totals;
            }
            picks = false;
            let mut found = false;
            for k in 0..self.n {
                half[k] = half_of(picked[k]);
                found |= half[k] != R::zero();
            }
            // Once more, relative to the dy of the entries with more than half of their row.
            if !found {
                break totals;
            }
        };
        let mut s = HiLos::<R, TILE>::new();
        for (k, sum) in totals.into_iter().enumerate() {
            s.set(k, softmax_mean(log, sum, scale));
        }
        if log && overflows(&s.high[..self.n]) {
            return false;
        }
        let half = Src::new(&half[..self.n]);
        let [s0, s1] = s.sources(self.n);
        let gradient = LogSoftmaxGradient::new(scale, output);
        for i in 0..self.len {
            let (from, shared, dy, dx) = (self.of(from, i), self.of(shared, i), self.of(dy, i), self.of_target(dx, i));
            match (log, output) {
                (false, _) => token.map_short(BatchedSoftmaxGradient, [shared, dy, high, low, half, s0, s1], dx),
                (true, true) => token.map_short(BatchedFromOutput(gradient), [from, dy, s0, s1], dx),
                (true, false) => {
                    token.map_short(BatchedFromInput(gradient), [from, shared, dy, high, low, s0, s1], dx);
                }
            }
        }
        true
    }
}

/// The kernel for the gradients of a batch, a function of its own: the kernel of all rows is long without it.
pub(super) struct BatchGradient<'a, 'b, R> {
    pub(super) columns: RowBatch,
    pub(super) setting: (Scale, Which, bool),
    pub(super) inputs: [Src<'a, R>; 2],
    pub(super) workspace: &'b mut BatchWorkspace<R>,
    pub(super) dx: Dst<'a, R>,
}

impl<R: Real> Kernel for BatchGradient<'_, '_, R> {
    type Output = bool;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> bool {
        self.columns.backward(token, self.setting, self.inputs, self.workspace, self.dx)
    }
}

/// The memory of a batch: its sums, and one block of numbers.
pub(super) struct BatchWorkspace<R> {
    pub(super) sums: Sums,
    pub(super) block: [R; TILE],
}

impl<R: Real> BatchWorkspace<R> {
    #[inline(always)]
    pub(super) fn new() -> Self {
        BatchWorkspace { sums: Sums::new(), block: [R::zero(); TILE] }
    }
}

/// As `Product`, for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedProduct;

impl Map<5, 1> for BatchedProduct {
    #[inline(always)]
    fn apply<L: Lanes>(self, [e, dy, high, low, half]: [L; 5]) -> [L; 1] {
        [product(scaled(e, high, low), dy, half)]
    }
}

/// As [`pick`], for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedPick;

impl Map<4, 1> for BatchedPick {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy, threshold, largest]: [L; 4]) -> [L; 1] {
        [pick(y, dy, threshold, largest)]
    }
}

/// As `SoftmaxGradient`, for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedSoftmaxGradient;

impl Map<7, 1> for BatchedSoftmaxGradient {
    #[inline(always)]
    fn apply<L: Lanes>(self, [e, dy, high, low, half, s0, s1]: [L; 7]) -> [L; 1] {
        [softmax_gradient(scaled(e, high, low), dy, half, [s0, s1])]
    }
}

/// As `FromInput`, for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedFromInput(pub(super) LogSoftmaxGradient);

impl Map<7, 1> for BatchedFromInput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, e, dy, high, low, s0, s1]: [L; 7]) -> [L; 1] {
        [self.0.of(x, scaled(e, high, low), dy, [s0, s1])]
    }
}

/// As `FromOutput`, for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedFromOutput(pub(super) LogSoftmaxGradient);

impl Map<4, 1> for BatchedFromOutput {
    #[inline(always)]
    fn apply<L: Lanes>(self, [y, dy, s0, s1]: [L; 4]) -> [L; 1] {
        [self.0.of(y, y.exp(), dy, [s0, s1])]
    }
}

/// As `Subtract`, for a batch.
#[derive(Clone, Copy)]
pub(super) struct BatchedSubtract(pub(super) f64);

impl Map<3, 1> for BatchedSubtract {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x, m, rest]: [L; 3]) -> [L; 1] {
        [subtract(x, x.splat(self.0), m, rest)]
    }
}

/// The sums of the rows of a batch, with the accumulators of the sum of one row: the same bits.
pub(super) struct Sums {
    /// 0 where nothing has been added yet.
    pub(super) accumulators: [[f64; TILE]; ACCUMULATORS],
    pub(super) tree: PairwiseSumOf<[f64; TILE], 24>,
    pub(super) count: usize,
}

impl Sums {
    #[inline(always)]
    pub(super) fn new() -> Self {
        Sums { accumulators: [[0.0; TILE]; ACCUMULATORS], tree: PairwiseSumOf::new(), count: 0 }
    }

    /// Adds the next number of each row.
    #[inline(always)]
    pub(super) fn add<R: Real, I: Isa>(&mut self, token: Token<I>, numbers: Src<R>) {
        token.add(numbers, &mut self.accumulators[self.count % ACCUMULATORS]);
        self.count += 1;
        if self.count.is_multiple_of(BLOCK) {
            token.call_outlined(EndBlock(self));
        }
    }

    /// Returns the sums, and begins new ones.
    #[inline(always)]
    pub(super) fn take<I: Isa>(&mut self, token: Token<I>) -> [f64; TILE] {
        token.call_outlined(Take(self))
    }
}

/// The sums of the accumulators. An outlined function, as are the next two: they are long, and the same for every
/// element type and every use of the sums.
struct SumOfAccumulators<'a>(&'a mut [[f64; TILE]; ACCUMULATORS]);

impl Kernel for SumOfAccumulators<'_> {
    type Output = [f64; TILE];
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) -> [f64; TILE] {
        *pairwise(self.0)
    }
}

/// Moves the sums of a block to the tree.
struct EndBlock<'a>(&'a mut Sums);

impl Kernel for EndBlock<'_> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Sums { accumulators, tree, .. } = self.0;
        tree.push(token.call_outlined(SumOfAccumulators(accumulators)));
        *accumulators = [[0.0; TILE]; ACCUMULATORS];
    }
}

/// Returns the sums, and resets them.
struct Take<'a>(&'a mut Sums);

impl Kernel for Take<'_> {
    type Output = [f64; TILE];
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> [f64; TILE] {
        let Sums { accumulators, tree, count } = self.0;
        let rest = token.call_outlined(SumOfAccumulators(accumulators));
        accumulators[..ACCUMULATORS.min(*count)].fill([0.0; TILE]);
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
