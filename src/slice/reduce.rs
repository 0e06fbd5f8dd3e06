//! Sums and maxima of numbers, and sums of the outputs of maps.
//!
//! Sums are made in f64: of a block by [`ACCUMULATORS`] interleaved accumulators, and of the blocks by a tree. So they
//! depend on the length alone, not on the registers.

use super::exact::add_exactly;
use super::format::{Convert, Work, through_real};
use super::map::{Dispatched, GATHER_BLOCK, Map, Plan, Sweep, load_at, rounds};
use super::stream::{self, PREFETCH_CHUNK, STREAM_BYTES};
use super::view::{Block, Dst, Src};
use crate::element::Element;
use crate::exact_sum::ExactSum;
use crate::simd::{Isa, Kernel, Lanes, MAX_LANES, Real, Register, Token, dispatch, without_f64};
use crate::sum::{ACCUMULATORS, BLOCK, PairwiseSum, pairwise};

/// Maps slices; the first output is summed, the others are stored. Of a format that rounds, each block is a leaf of the
/// sum's tree.
///
/// # Panics
/// If a slice does not have `len` numbers.
#[inline(always)]
pub(crate) fn map_and_sum<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize, const KEPT: usize>(
    map: M,
    inputs: [Src<R>; IN],
    kept: [Dst<R>; KEPT],
    len: usize,
) -> f64 {
    if const { without_f64::<R>() } {
        sum_exactly(inputs, kept, len, &Dispatched(map))
    } else if rounds(&inputs) {
        sum_widened(inputs, kept, len, &Dispatched(map))
    } else {
        sum_blocks(inputs, kept, len, &Dispatched(map))
    }
}

/// The sum without f64, of R = f32.
fn sum_exactly<R: Real, const IN: usize, const OUT: usize, const KEPT: usize>(
    inputs: [Src<R>; IN],
    kept: [Dst<R>; KEPT],
    len: usize,
    sweep: &dyn Sweep<R, IN, OUT>,
) -> f64 {
    let mut exact = Exact { sweep, sum: ExactSum::new() };
    if rounds(&inputs) {
        through_real(inputs, kept, len, &mut exact);
    } else {
        exact.block(inputs, kept, len);
    }
    exact.sum.value()
}

/// The work of [`sum_exactly`].
struct Exact<'a, R, const IN: usize, const OUT: usize> {
    sweep: &'a dyn Sweep<R, IN, OUT>,
    sum: ExactSum<f32>,
}

impl<R: Real, const IN: usize, const OUT: usize, const KEPT: usize> Work<R, IN, KEPT> for Exact<'_, R, IN, OUT> {
    /// Through a block that is small: so is the stack of a microcontroller.
    fn block(&mut self, inputs: [Src<R>; IN], kept: [Dst<R>; KEPT], len: usize) {
        const { assert!(KEPT + 1 == OUT) };
        let plan = Plan::new(inputs, kept, len);
        let mut block = Block::<R, { 2 * MAX_LANES }>::new();
        let mut done = 0;
        while done < len {
            let n = (2 * MAX_LANES).min(len - done);
            // SAFETY: the map writes the block before it is summed.
            let summed = unsafe { block.dst(n) };
            let part = plan.rest(done).first(n);
            let mut to = [summed.to; OUT];
            to[1..].copy_from_slice(&part.to);
            self.sweep.sweep(&Plan { from: part.from, steps: part.steps, to, len: n, stream: false, room: true });
            add_exactly(&mut self.sum, summed.src().of_f32());
            done += n;
        }
    }
}

/// The sum over slices of a format that rounds.
fn sum_widened<R: Real, const IN: usize, const OUT: usize, const KEPT: usize>(
    inputs: [Src<R>; IN],
    kept: [Dst<R>; KEPT],
    len: usize,
    sweep: &dyn Sweep<R, IN, OUT>,
) -> f64 {
    let mut blocks = Blocks { sweep, tree: PairwiseSum::new() };
    through_real(inputs, kept, len, &mut blocks);
    blocks.tree.sum()
}

/// The work of a sum on blocks of widened numbers.
struct Blocks<'a, R, const IN: usize, const OUT: usize> {
    sweep: &'a dyn Sweep<R, IN, OUT>,
    tree: PairwiseSum,
}

impl<R: Real, const IN: usize, const OUT: usize, const KEPT: usize> Work<R, IN, KEPT> for Blocks<'_, R, IN, OUT> {
    fn block(&mut self, inputs: [Src<R>; IN], kept: [Dst<R>; KEPT], len: usize) {
        self.tree.push(sum_blocks(inputs, kept, len, self.sweep));
    }
}

/// The sum of the first output of a map. It goes through a block: it is added right after it is written, from the first
/// cache. Beyond the caches nothing is loaded meanwhile, so every part of a block prefetches what comes after it.
fn sum_blocks<R: Real, const IN: usize, const OUT: usize, const KEPT: usize>(
    inputs: [Src<R>; IN],
    kept: [Dst<R>; KEPT],
    len: usize,
    sweep: &dyn Sweep<R, IN, OUT>,
) -> f64 {
    const { assert!(KEPT + 1 == OUT) };
    let kept_plan = Plan::new(inputs, kept, len);
    // In 128 bits, so that no length overflows.
    let cached = len as u128 * ((IN + KEPT) * size_of::<R>()) as u128 <= STREAM_BYTES as u128;
    let chunk = if cached { BLOCK } else { PREFETCH_CHUNK };
    // So that the whole registers of a part end within the block.
    const { assert!(BLOCK.is_multiple_of(PREFETCH_CHUNK) && PREFETCH_CHUNK.is_multiple_of(MAX_LANES)) };
    let mut block = Block::<R, BLOCK>::new();
    let mut tree = PairwiseSum::new();
    let mut done = 0;
    while done < len {
        let n = BLOCK.min(len - done);
        // SAFETY: the loop below writes all of the block before it is summed.
        let summed = unsafe { block.dst(n) };
        let mut at = 0;
        while at < n {
            let step = chunk.min(n - at);
            let part = kept_plan.rest(done + at).first(step);
            let mut to = [summed.part(at, step).to; OUT];
            let mut k = 0;
            while k < KEPT {
                to[k + 1] = part.to[k];
                k += 1;
            }
            let part = Plan { from: part.from, steps: part.steps, to, len: step, stream: false, room: true };
            if chunk < BLOCK {
                stream::prefetch_ahead(&part);
            }
            sweep.sweep(&part);
            at += step;
        }
        tree.push(dispatch(SumBlock(summed.src())));
        done += n;
    }
    tree.sum()
}

/// The sum of numbers.
struct Sum<'a, R>(Src<'a, R>);

impl<R: Real> Kernel for Sum<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        token.sum_of(Identity, [self.0], self.0.len)
    }
}

/// The identity map.
#[derive(Clone, Copy)]
struct Identity;

impl Map<1, 1> for Identity {
    #[inline(always)]
    fn apply<L: Lanes>(self, x: [L; 1]) -> [L; 1] {
        x
    }
}

/// The sum of the numbers of a slice.
pub(crate) fn sum<T: Element>(numbers: &[T]) -> f64 {
    dispatch(Sum(Src::new(numbers)))
}

/// The sum of a block that a map has written in whole registers, as a function of its own: compiled once, not once for
/// each function that is mapped.
struct SumBlock<'a, R>(Src<'a, R>);

impl<R: Real> Kernel for SumBlock<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) -> f64 {
        // SAFETY: guaranteed by who makes a `SumBlock`.
        unsafe { token.sum_registers(self.0, true) }
    }
}

impl<I: Isa> Token<I> {
    /// The sum of the output of a map; the inputs may be strided.
    #[inline(always)]
    pub(crate) fn sum_of<R: Real, M: Map<IN, 1>, const IN: usize>(
        self,
        map: M,
        inputs: [Src<R>; IN],
        len: usize,
    ) -> f64 {
        self.sum_of_kept(map, inputs, None, len)
    }

    /// The sum of the output of a map, stored in `place` if there is one, which does not round; the inputs may be
    /// strided.
    #[inline(always)]
    pub(crate) fn sum_of_kept<R: Real, M: Map<IN, 1>, const IN: usize>(
        self,
        map: M,
        inputs: [Src<R>; IN],
        place: Option<Dst<R>>,
        len: usize,
    ) -> f64 {
        let mut block = Block::<R, BLOCK>::new();
        let mut tree = PairwiseSum::new();
        let mut done = 0;
        while done < len {
            let n = BLOCK.min(len - done);
            let place = place.map(|place| place.part(done, n));
            let summed = match place {
                Some(place) if place.stride == 1 => place,
                // SAFETY: the map writes the block before it is summed.
                _ => unsafe { block.dst(n) },
            };
            let mut inputs = inputs;
            let mut k = 0;
            while k < IN {
                inputs[k] = inputs[k].part(done, n);
                k += 1;
            }
            self.map(map, inputs, [summed]);
            if let Some(place) = place.filter(|place| place.stride != 1) {
                summed.src().copy_to(place);
            }
            tree.push(self.sum_block(summed.src()));
            done += n;
        }
        tree.sum()
    }

    /// The sum of at most BLOCK numbers: number i goes to accumulator i mod 16, and the accumulators are added
    /// pairwise.
    #[inline(always)]
    pub(crate) fn sum_block<R: Real>(self, numbers: Src<R>) -> f64 {
        // SAFETY: no more is read than the numbers.
        unsafe { self.sum_registers(numbers, false) }
    }

    /// The sum of a block.
    /// # Safety
    /// If there is `room`, the numbers go on to the end of their last register.
    #[inline(always)]
    unsafe fn sum_registers<R: Real>(self, numbers: Src<R>, room: bool) -> f64 {
        assert!(numbers.is_plain() && !numbers.repeats);
        let mut sums = Accumulators::<I>::new();
        let mut done = 0_usize;
        // SAFETY: the loop stays within the numbers, and the token proves the instructions. The rest is read as the
        // caller guarantees.
        unsafe {
            while numbers.len.wrapping_sub(done) >= ACCUMULATORS {
                sums.add(numbers.from.wrapping_add(done));
                done = done.wrapping_add(ACCUMULATORS);
            }
            if done < numbers.len {
                let (from, n) = (numbers.from.wrapping_add(done), numbers.len.wrapping_sub(done));
                if room {
                    sums.add_first(from, n);
                } else {
                    sums.add_partial(from, n);
                }
            }
        }
        sums.total()
    }

    /// Adds number i to sum i.
    #[inline(always)]
    pub(crate) fn add<R: Real>(self, numbers: Src<R>, sums: &mut [f64]) {
        let (count, len) = (<I::F64 as Lanes>::COUNT, numbers.len);
        let sums = &mut sums[..len];
        assert!(numbers.is_plain());
        let mut i = 0_usize;
        // SAFETY: the loop stays within both, and the token proves the instructions.
        unsafe {
            while len.wrapping_sub(i) >= count {
                let sum = sums.as_mut_ptr().wrapping_add(i);
                (I::F64::load(sum) + R::load_wide::<I>(numbers.from.wrapping_add(i))).store(sum);
                i += count;
            }
            while i < len {
                sums[i] += (*numbers.from.wrapping_add(i)).into_f64();
                i += 1;
            }
        }
    }

    /// The sum of numbers, which may be strided, as a function of its own.
    #[inline(always)]
    pub(crate) fn sum<R: Real>(self, numbers: Src<R>) -> f64 {
        self.call_outlined(Sum(numbers))
    }

    /// The largest of the numbers times `sign`, 1 or -1, ignoring NaN; -inf if there is none.
    #[inline(always)]
    pub(crate) fn max<R: Real>(self, numbers: Src<R>, sign: f64) -> R {
        if sign < 0.0 { self.max_of(Negative, [numbers]) } else { self.max_of(Identity, [numbers]) }
    }

    /// The largest output of a map, ignoring NaN; -inf if there is none.
    #[inline(always)]
    pub(crate) fn max_of<R: Real, M: Map<IN, 1>, const IN: usize>(self, map: M, inputs: [Src<R>; IN]) -> R {
        let count = <R::Lanes<I> as Lanes>::COUNT;
        let (step, len) = (R::STEP, inputs[0].len);
        let mut gathered = [const { Block::<R, GATHER_BLOCK>::new() }; IN];
        let mut block = len;
        let mut k = 0;
        while k < IN {
            assert!(inputs[k].len == len && !inputs[k].repeats);
            block = if inputs[k].is_plain() { block } else { GATHER_BLOCK };
            k += 1;
        }
        // SAFETY: the step has twice MAX_LANES numbers. Loads stay within the numbers or the blocks, which are written
        // first. The token proves the instructions.
        let largest = unsafe {
            let lowest: R::Lanes<I> = Register::load(step.as_ptr().wrapping_add(MAX_LANES));
            // Four chains, because a maximum takes longer than a load. In one lane it may be a branch, and one chain has fewer
            // that are mispredicted.
            let mut largest = [lowest; 4];
            let mut done = 0;
            while done < len {
                let n = block.min(len - done);
                let mut from = [core::ptr::null(); IN];
                let mut k = 0;
                while k < IN {
                    let part = inputs[k].part(done, n);
                    from[k] = part.from;
                    if !part.is_plain() {
                        let to = gathered[k].dst(n);
                        self.call_outlined(Convert { from: part, to });
                        from[k] = to.to;
                    }
                    k += 1;
                }
                done += n;
                let mut i = 0_usize;
                while const { <R::Lanes<I> as Lanes>::COUNT > 1 } && n.wrapping_sub(i) >= 4 * count {
                    let mut chain = 0;
                    while chain < 4 {
                        let [x] = map.apply(load_at::<R, R::Lanes<I>, IN>(&from, i));
                        largest[chain] = largest[chain].at_least(x);
                        i = i.wrapping_add(count);
                        chain += 1;
                    }
                }
                while n.wrapping_sub(i) >= count {
                    let [x] = map.apply(load_at::<R, R::Lanes<I>, IN>(&from, i));
                    largest[0] = largest[0].at_least(x);
                    i = i.wrapping_add(count);
                }
                if i < n {
                    let mut x = [lowest; IN];
                    let mut k = 0;
                    while k < IN {
                        x[k] = Register::load_partial(from[k].wrapping_add(i), n - i);
                        k += 1;
                    }
                    let [x] = map.apply(x);
                    // -inf in the lanes that have no number.
                    let hidden: R::Lanes<I> = Register::load(step.as_ptr().wrapping_add(MAX_LANES - (n - i)));
                    largest[1] = largest[1].at_least(x + hidden);
                }
            }
            let [a, b, c, d] = largest;
            a.at_least(b).at_least(c.at_least(d))
        };
        largest_lane::<R, I>(largest)
    }
}

/// The largest lane of a register.
#[inline(always)]
pub(super) fn largest_lane<R: Real, I: Isa>(register: R::Lanes<I>) -> R {
    let mut lanes = [R::zero(); MAX_LANES];
    // SAFETY: the lanes have at least COUNT numbers.
    unsafe { register.store(lanes.as_mut_ptr()) }
    let mut half = <R::Lanes<I> as Lanes>::COUNT / 2;
    while half > 0 {
        let mut i = 0;
        while i < half {
            lanes[i] = if lanes[i + half] > lanes[i] { lanes[i + half] } else { lanes[i] };
            i += 1;
        }
        half /= 2;
    }
    lanes[0]
}

/// The map -x.
#[derive(Clone, Copy)]
struct Negative;

impl Map<1, 1> for Negative {
    #[inline(always)]
    fn apply<L: Lanes>(self, [x]: [L; 1]) -> [L; 1] {
        [-x]
    }
}

/// The accumulators of a sum, in registers.
struct Accumulators<I: Isa>([I::F64; ACCUMULATORS]);

impl<I: Isa> Accumulators<I> {
    const COUNT: usize = <I::F64 as Lanes>::COUNT;

    #[inline(always)]
    fn new() -> Self {
        const { assert!(ACCUMULATORS.is_multiple_of(Self::COUNT)) };
        let zeros = [0.0; ACCUMULATORS];
        // SAFETY: there are as many zeros as a register has lanes. Accumulators are made in methods of a token alone.
        Accumulators([unsafe { I::F64::load(zeros.as_ptr()) }; ACCUMULATORS])
    }

    /// Adds a number to each accumulator.
    /// # Safety
    /// `from` is valid for reads of ACCUMULATORS numbers.
    #[inline(always)]
    unsafe fn add<R: Real>(&mut self, from: *const R) {
        let mut i = 0;
        while i < ACCUMULATORS / Self::COUNT {
            // SAFETY: guaranteed by the caller.
            self.0[i] = self.0[i] + unsafe { R::load_wide::<I>(from.wrapping_add(i * Self::COUNT)) };
            i += 1;
        }
    }

    /// Adds a number to each of the first `n` accumulators.
    /// # Safety
    /// `from` is valid for reads of `n` < ACCUMULATORS numbers, and of those behind them in the same register.
    #[inline(always)]
    unsafe fn add_first<R: Real>(&mut self, from: *const R, n: usize) {
        const INDICES: &[f64; ACCUMULATORS] =
            &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0, 15.0];
        let mut i = 0;
        while i < ACCUMULATORS / Self::COUNT {
            let first = i * Self::COUNT;
            if first < n {
                // SAFETY: guaranteed by the caller; there are as many indices as accumulators.
                unsafe {
                    let x = R::load_wide::<I>(from.wrapping_add(first));
                    let within = I::F64::load(INDICES.as_ptr().wrapping_add(first)).lt(x.fill(n as f64));
                    self.0[i] = self.0[i] + x.select(within, x.fill(0.0));
                }
            }
            i += 1;
        }
    }

    /// Adds a number to each of the first `n` accumulators.
    /// # Safety
    /// `from` is valid for reads of `n` < ACCUMULATORS numbers.
    #[inline(always)]
    unsafe fn add_partial<R: Real>(&mut self, from: *const R, n: usize) {
        let count = <R::Lanes<I> as Lanes>::COUNT;
        const { assert!(ACCUMULATORS.is_multiple_of(<R::Lanes<I> as Lanes>::COUNT)) };
        if const { <R::Lanes<I> as Lanes>::COUNT == 1 } {
            // SAFETY: guaranteed by the caller.
            return unsafe { self.add_ones(from, n) };
        }
        let mut rest = [R::zero(); ACCUMULATORS];
        let mut i = 0;
        // SAFETY: guaranteed by the caller; `rest` has ACCUMULATORS numbers.
        unsafe {
            while i < n {
                let part: R::Lanes<I> = if n - i < count {
                    Register::load_partial(from.wrapping_add(i), n - i)
                } else {
                    Register::load(from.wrapping_add(i))
                };
                part.store(rest.as_mut_ptr().wrapping_add(i));
                i += count;
            }
            self.add(rest.as_ptr());
        }
    }

    /// As [`add_partial`](Self::add_partial), for registers of one lane.
    /// # Safety
    /// `from` is valid for reads of `n` < ACCUMULATORS numbers.
    #[inline(always)]
    unsafe fn add_ones<R: Real>(&mut self, from: *const R, n: usize) {
        let mut i = 0;
        // To the last accumulator, so that the loop is unrolled and they stay in registers.
        while i < ACCUMULATORS {
            if i < n {
                // SAFETY: guaranteed by the caller.
                self.0[i] = self.0[i] + unsafe { R::load_wide::<I>(from.wrapping_add(i)) };
            }
            i += 1;
        }
    }

    #[inline(always)]
    fn total(self) -> f64 {
        let mut sums = [0.0; ACCUMULATORS];
        let mut i = 0;
        while i < ACCUMULATORS / Self::COUNT {
            // SAFETY: the accumulators of a register are within the sums.
            unsafe { self.0[i].store(sums.as_mut_ptr().wrapping_add(i * Self::COUNT)) }
            i += 1;
        }
        *pairwise(&mut sums)
    }
}
