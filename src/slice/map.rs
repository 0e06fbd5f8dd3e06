//! Maps: functions of so many numbers with so many results, applied at every index of slices.
//!
//! Loops count by wrapping operations: a program may be built with overflow checks and the standard library's
//! assertions, as a dev build is, and they would be a third of a short loop.

use super::format::{Convert, Work, through_real};
use super::reduce::largest_lane;
use super::stream::{self, PREFETCH_BYTES};
use super::view::{Block, Dst, Src};
use crate::simd::{Isa, Kernel, Lanes, Real, Register, Several, Token, block_on_stack, dispatch, prefetch};

/// A function from `IN` registers to `OUT` registers.
pub(crate) trait Map<const IN: usize, const OUT: usize>: Copy {
    /// The end of a map that cuts x to the range from 0 to there. Formats that round are cut by their bits.
    #[cfg_attr(not(feature = "half"), allow(dead_code, reason = "no format rounds"))]
    const CUTS_AT: Option<f64> = None;

    /// True if long slices of f32 are mapped two registers at a time, where registers are long: then the map is compiled
    /// three times, not once.
    const IN_TWOS: bool = false;

    fn apply<L: Lanes>(self, inputs: [L; IN]) -> [L; OUT];
}

/// The contiguous numbers that the loop of a map reads and writes.
///
/// Passed by reference: a copy would have to wait for the stores.
#[derive(Clone, Copy)]
pub(crate) struct Plan<R, const IN: usize, const OUT: usize> {
    pub(super) from: [*const R; IN],
    /// The step of each input per number: 1, or 0 for a block that repeats.
    pub(super) steps: [usize; IN],
    pub(super) to: [*mut R; OUT],
    pub(super) len: usize,
    /// True if the output, which then begins at a cache line, is stored past the caches.
    pub(super) stream: bool,
    /// True if the first output has room for whole registers; what is written behind `len` has no meaning.
    pub(super) room: bool,
}

impl<R: Real, const IN: usize, const OUT: usize> Plan<R, IN, OUT> {
    /// The plan for all numbers of the views.
    ///
    /// Written in loops that the compiler unrolls: arrays of views that are made by closures are copied through memory,
    /// which takes longer than the kernel does for a short slice.
    ///
    /// # Panics
    /// If a view is not plain, or neither repeats nor has `len` numbers.
    #[inline(always)]
    pub(super) fn new(inputs: [Src<R>; IN], outputs: [Dst<R>; OUT], len: usize) -> Self {
        let Some(plan) = contiguous(&inputs, &outputs, len) else { panic!("the views of a plan are plain") };
        plan
    }

    /// The plan for the first `len` numbers.
    #[inline(always)]
    pub(super) fn first(self, len: usize) -> Self {
        assert!(len <= self.len);
        Plan { len, ..self }
    }

    /// The plan for the numbers from `done` on.
    #[inline(always)]
    pub(super) fn rest(mut self, done: usize) -> Self {
        assert!(done <= self.len);
        for k in 0..IN {
            self.from[k] = self.from[k].wrapping_add(done * self.steps[k]);
        }
        for k in 0..OUT {
            self.to[k] = self.to[k].wrapping_add(done);
        }
        self.len -= done;
        self
    }
}

/// The loop of a map over slices: no other code is compiled for each function and instruction set.
///
/// A tuple that begins with the map, for the sake of its codegen unit (see `simd::entry`).
impl<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for (M, &Plan<R, IN, OUT>) {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        token.map_contiguous(self.0, self.1);
    }
}

/// Loads the next register of each input. `inline`, not `inline(always)`: the compiler then simplifies it once, before
/// it inlines it, which saves a third of the time that a loop takes to compile.
/// # Safety
/// Each input has a register's numbers, and the machine has its instructions.
#[inline]
unsafe fn load<R: Real, L: Register<Real = R>, const IN: usize>(
    from: &mut [*const R; IN],
    steps: &[usize; IN],
) -> [L; IN] {
    // SAFETY: guaranteed by the caller.
    let mut loaded = [unsafe { L::load(from[0]) }; IN];
    let mut k = 0;
    while k < IN {
        // SAFETY: guaranteed by the caller.
        loaded[k] = unsafe { L::load(from[k]) };
        from[k] = from[k].wrapping_add(steps[k].wrapping_mul(L::COUNT));
        k += 1;
    }
    loaded
}

/// Loads a register of each input.
/// # Safety
/// Each input has a register's numbers from `at` on, and the machine has its instructions.
#[inline(always)]
pub(super) unsafe fn load_at<R: Real, L: Register<Real = R>, const IN: usize>(
    from: &[*const R; IN],
    at: usize,
) -> [L; IN] {
    // SAFETY: guaranteed by the caller.
    let mut loaded = [unsafe { L::load(from[0].wrapping_add(at)) }; IN];
    let mut k = 1;
    while k < IN {
        // SAFETY: guaranteed by the caller.
        loaded[k] = unsafe { L::load(from[k].wrapping_add(at)) };
        k += 1;
    }
    loaded
}

/// Loads the next two registers of each input.
/// # Safety
/// As [`load`], for two registers.
#[inline(always)]
unsafe fn load_two<R: Real, L: Register<Real = R>, const IN: usize>(
    from: &mut [*const R; IN],
    steps: &[usize; IN],
) -> [Several<L, 2>; IN] {
    // SAFETY: guaranteed by the caller.
    let [first, second] = unsafe { [load::<R, L, IN>(from, steps), load::<R, L, IN>(from, steps)] };
    let mut both = [Several([first[0], second[0]]); IN];
    let mut k = 1;
    while k < IN {
        both[k] = Several([first[k], second[k]]);
        k += 1;
    }
    both
}

/// Stores two registers to each output.
/// # Safety
/// As [`store`], for two registers.
#[inline(always)]
unsafe fn store_two<R: Real, L: Register<Real = R>, const OUT: usize>(
    registers: [Several<L, 2>; OUT],
    to: &[*mut R; OUT],
    at: usize,
) {
    let mut k = 0;
    while k < OUT {
        let to = to[k].wrapping_add(at);
        // SAFETY: guaranteed by the caller.
        unsafe {
            registers[k].0[0].store(to);
            registers[k].0[1].store(to.wrapping_add(L::COUNT));
        }
        k += 1;
    }
}

/// Loads the last `left` numbers of each input, with zeros behind them. Always inlined, as below: the instructions of
/// partial loads and stores are too many otherwise.
/// # Safety
/// Each input has `left` numbers, less than a register, and the machine has its instructions.
#[inline(always)]
unsafe fn load_last<R: Real, L: Register<Real = R>, const IN: usize>(from: &[*const R; IN], left: usize) -> [L; IN] {
    // SAFETY: guaranteed by the caller.
    let mut loaded = [unsafe { L::load_partial(from[0], left) }; IN];
    let mut k = 1;
    while k < IN {
        // SAFETY: guaranteed by the caller.
        loaded[k] = unsafe { L::load_partial(from[k], left) };
        k += 1;
    }
    loaded
}

/// Stores a register to each output.
/// # Safety
/// Each output has a register's numbers from `at` on.
#[inline]
unsafe fn store<R: Real, L: Register<Real = R>, const OUT: usize>(registers: [L; OUT], to: &[*mut R; OUT], at: usize) {
    let mut k = 0;
    while k < OUT {
        // SAFETY: guaranteed by the caller.
        unsafe { registers[k].store(to[k].wrapping_add(at)) }
        k += 1;
    }
}

/// Stores the last `left` numbers to each output.
/// # Safety
/// Each output has `left` numbers from `at` on, 0 < `left` <= COUNT, the first a register's if it has `room`.
#[inline(always)]
unsafe fn store_last<R: Real, L: Register<Real = R>, const OUT: usize>(
    registers: [L; OUT],
    to: &[*mut R; OUT],
    at: usize,
    left: usize,
    room: bool,
) {
    let mut k = 0;
    while k < OUT {
        let to = to[k].wrapping_add(at);
        // SAFETY: guaranteed by the caller.
        unsafe {
            if left == L::COUNT || room && k == 0 {
                registers[k].store(to);
            } else {
                registers[k].store_partial(to, left);
            }
        }
        k += 1;
    }
}

/// The loop of a map, behind a pointer: the code around it is compiled once for each count of slices, not once for each
/// function. (Not a closure, whose own pointers would be a tenth of the code to compile.)
pub(super) trait Sweep<R, const IN: usize, const OUT: usize> {
    fn sweep(&self, plan: &Plan<R, IN, OUT>);
}

/// The loop for the instruction set that has been entered.
struct Entered<M, I>(M, Token<I>);

impl<R: Real, M: Map<IN, OUT>, I: Isa, const IN: usize, const OUT: usize> Sweep<R, IN, OUT> for Entered<M, I> {
    fn sweep(&self, plan: &Plan<R, IN, OUT>) {
        self.1.call_outlined((self.0, plan));
    }
}

/// The loop for the current level.
pub(super) struct Dispatched<M>(pub(super) M);

impl<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Sweep<R, IN, OUT> for Dispatched<M> {
    fn sweep(&self, plan: &Plan<R, IN, OUT>) {
        dispatch((self.0, plan));
    }
}

/// Maps slices to slices.
///
/// # Panics
/// If they are not equally long.
#[inline(always)]
pub(crate) fn map<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [Src<R>; IN],
    outputs: [Dst<R>; OUT],
) {
    if rounds(&inputs) {
        #[cfg(feature = "half")]
        if let Some(end) = M::CUTS_AT {
            return super::format::cut(inputs[0], outputs[0], end);
        }
        map_widened(map, inputs, outputs);
    } else {
        let (plan, start) = plan(inputs, outputs);
        match start {
            None => dispatch((map, &plan)),
            Some(head) => stream::past_caches(plan, head, &Dispatched(map)),
        }
    }
}

/// Maps slices of a format that rounds. A function of its own, which the half types share.
#[inline(never)]
fn map_widened<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [Src<R>; IN],
    outputs: [Dst<R>; OUT],
) {
    through_real(inputs, outputs, outputs[0].len, &mut Blocks(&Dispatched(map)));
}

/// True if the slices of a map, of which these are the inputs, have a format that rounds.
#[inline(always)]
pub(super) fn rounds<R: Real, const IN: usize>(inputs: &[Src<R>; IN]) -> bool {
    R::rounds(inputs[0].format)
}

/// The plan of slices that do not round, and the index from which stores should pass the caches.
#[inline(always)]
fn plan<R: Real, const IN: usize, const OUT: usize>(
    inputs: [Src<R>; IN],
    outputs: [Dst<R>; OUT],
) -> (Plan<R, IN, OUT>, Option<usize>) {
    (Plan::new(inputs, outputs, outputs[0].len), stream::start(&inputs, &outputs))
}

/// The work of a map on blocks of widened numbers.
struct Blocks<'a, R, const IN: usize, const OUT: usize>(&'a dyn Sweep<R, IN, OUT>);

impl<R: Real, const IN: usize, const OUT: usize> Work<R, IN, OUT> for Blocks<'_, R, IN, OUT> {
    fn block(&mut self, inputs: [Src<R>; IN], outputs: [Dst<R>; OUT], len: usize) {
        self.0.sweep(&Plan::new(inputs, outputs, len));
    }
}

/// The length of the blocks that numbers are gathered into, and scattered from, if they are strided or of a format that
/// rounds.
pub(super) const GATHER_BLOCK: usize = block_on_stack(256);

/// The loop of a map over numbers that are strided or of a format that rounds, through blocks of the type that is
/// computed in. A function of its own, once for each count of views.
struct Gathered<'a, R, const IN: usize, const OUT: usize> {
    inputs: [Src<'a, R>; IN],
    outputs: [Dst<'a, R>; OUT],
    len: usize,
    sweep: &'a dyn Sweep<R, IN, OUT>,
}

impl<R: Real, const IN: usize, const OUT: usize> Kernel for Gathered<'_, R, IN, OUT> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Self { inputs, outputs, len, sweep } = self;
        let mut gathered = [const { Block::<R, GATHER_BLOCK>::new() }; IN];
        let mut scattered = [const { Block::<R, GATHER_BLOCK>::new() }; OUT];
        let mut done = 0;
        while done < len {
            let n = GATHER_BLOCK.min(len - done);
            let mut plan = Plan {
                from: [core::ptr::null(); IN],
                steps: [0; IN],
                to: [core::ptr::null_mut(); OUT],
                len: n,
                stream: false,
                room: false,
            };
            for k in 0..IN {
                let from = inputs[k].part(done, n);
                plan.steps[k] = usize::from(!from.repeats);
                plan.from[k] = from.from;
                if !from.is_plain() {
                    // SAFETY: written right here, as many numbers as are read: a block that repeats is shorter than
                    // this block.
                    let block = unsafe { gathered[k].dst(from.len) };
                    token.call_outlined(Convert { from: Src { repeats: false, ..from }, to: block });
                    plan.from[k] = block.to;
                }
            }
            for k in 0..OUT {
                let to = outputs[k].part(done, n);
                // SAFETY: the loop writes the block before it is scattered.
                plan.to[k] = if to.is_plain() { to.to } else { unsafe { scattered[k].dst(n) }.to };
            }
            sweep.sweep(&plan);
            for k in 0..OUT {
                let to = outputs[k].part(done, n);
                if !to.is_plain() {
                    // SAFETY: the loop has written the block.
                    let block = unsafe { scattered[k].dst(n) };
                    token.call_outlined(Convert { from: block.src(), to });
                }
            }
            done += n;
        }
    }
}

/// Maps as parts of kernels.
impl<I: Isa> Token<I> {
    /// Maps contiguous numbers. The function is inlined once, so the same loop takes whole registers and what is left.
    #[inline(always)]
    fn map_contiguous<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
        self,
        map: M,
        plan: &Plan<R, IN, OUT>,
    ) {
        let count = <R::Lanes<I> as Lanes>::COUNT;
        let &Plan { mut from, steps, to, len, stream, room } = plan;
        if len == 0 {
            return;
        }
        // Where the last register begins if it is whole: one counter for both ends of the loop.
        let whole = len.cast_signed().wrapping_sub(count.cast_signed());
        let mut at = 0_isize;
        // SAFETY: the plan has been made of slices of `len` numbers, and of blocks of at least `count` that repeat: no
        // more than the numbers that are left are read and written. The token proves the instructions.
        unsafe {
            // It leaves a number at least to the loop below.
            if const { M::IN_TWOS && size_of::<R>() == 4 && <R::Lanes<I> as Lanes>::COUNT >= 8 } && !stream {
                while at < whole.wrapping_sub(count.cast_signed()) {
                    let results = map.apply(load_two::<R, R::Lanes<I>, IN>(&mut from, &steps));
                    store_two(results, &to, at.cast_unsigned());
                    at = at.wrapping_add(2 * count.cast_signed());
                }
            }
            loop {
                let inputs = if at > whole {
                    load_last::<R, R::Lanes<I>, IN>(&from, len.wrapping_sub(at.cast_unsigned()))
                } else {
                    load::<R, R::Lanes<I>, IN>(&mut from, &steps)
                };
                let results = map.apply(inputs);
                if at >= whole {
                    let left = len.wrapping_sub(at.cast_unsigned());
                    return store_last(results, &to, at.cast_unsigned(), left, room);
                }
                // Hidden from the compiler, which would make a second loop with a second copy of the function.
                if const { OUT == 1 } && stream && core::hint::black_box(true) {
                    prefetch(from[0].wrapping_add(PREFETCH_BYTES / size_of::<R>()));
                    results[0].stream(to[0].wrapping_add(at.cast_unsigned()));
                } else {
                    store(results, &to, at.cast_unsigned());
                }
                at = at.wrapping_add(count.cast_signed());
            }
        }
    }

    /// Maps numbers of any stride and format; those that are contiguous and do not round, as a part of the kernel.
    #[inline(always)]
    pub(crate) fn map<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
        self,
        map: M,
        inputs: [Src<R>; IN],
        outputs: [Dst<R>; OUT],
    ) {
        let len = outputs[0].len;
        match contiguous(&inputs, &outputs, len) {
            Some(plan) => self.map_contiguous(map, &plan),
            None => self.call_outlined(Gathered { inputs, outputs, len, sweep: &Entered(map, self) }),
        }
    }

    /// Maps a short contiguous row. The remainder has a copy of the function of its own here: beside so few numbers,
    /// the way through a block would be long.
    #[inline(always)]
    pub(crate) fn map_short<R: Real, M: Map<IN, 1>, const IN: usize>(self, map: M, from: [Src<R>; IN], to: Dst<R>) {
        self.map_short_and_compare::<R, M, IN, false>(map, from, to);
    }

    /// As [`map_short`](Token::map_short); returns whether a number of the first input is at least `least`, which is
    /// above 0.
    #[inline(always)]
    pub(crate) fn map_short_and_find<R: Real, M: Map<IN, 1>, const IN: usize>(
        self,
        map: M,
        from: [Src<R>; IN],
        to: Dst<R>,
        least: R,
    ) -> bool {
        self.map_short_and_compare::<R, M, IN, true>(map, from, to) >= least
    }

    #[inline(always)]
    fn map_short_and_compare<R: Real, M: Map<IN, 1>, const IN: usize, const COMPARE: bool>(
        self,
        map: M,
        from: [Src<R>; IN],
        to: Dst<R>,
    ) -> R {
        let (count, len) = (<R::Lanes<I> as Lanes>::COUNT, to.len);
        let mut pointers = [core::ptr::null(); IN];
        let mut k = 0;
        while k < IN {
            assert!(from[k].len == len && from[k].is_plain() && !from[k].repeats && to.is_plain());
            pointers[k] = from[k].from;
            k += 1;
        }
        let mut i = 0_usize;
        // SAFETY: the loop stays within all views, and the token proves the instructions.
        unsafe {
            // Zeros.
            let mut largest: R::Lanes<I> = Register::load(R::STEP.as_ptr());
            while len.wrapping_sub(i) >= count {
                let x: [R::Lanes<I>; IN] = load_at(&pointers, i);
                if COMPARE {
                    largest = largest.at_least(x[0]);
                }
                let [y] = map.apply(x);
                y.store(to.to.wrapping_add(i));
                i = i.wrapping_add(count);
            }
            if i < len {
                k = 0;
                while k < IN {
                    pointers[k] = pointers[k].wrapping_add(i);
                    k += 1;
                }
                let x = load_last::<R, R::Lanes<I>, IN>(&pointers, len.wrapping_sub(i));
                if COMPARE {
                    largest = largest.at_least(x[0]);
                }
                let [y] = map.apply(x);
                y.store_partial(to.to.wrapping_add(i), len - i);
            }
            if COMPARE { largest_lane::<R, I>(largest) } else { R::zero() }
        }
    }
}

/// The plan of views that are all plain; `None` if one is not.
///
/// # Panics
/// If a view neither repeats nor has `len` numbers.
#[inline(always)]
fn contiguous<R: Real, const IN: usize, const OUT: usize>(
    inputs: &[Src<R>; IN],
    outputs: &[Dst<R>; OUT],
    len: usize,
) -> Option<Plan<R, IN, OUT>> {
    let mut plain = true;
    let (mut from, mut steps) = ([core::ptr::null(); IN], [0; IN]);
    let mut to = [core::ptr::null_mut(); OUT];
    for k in 0..IN {
        assert!(inputs[k].repeats || inputs[k].len == len);
        plain &= inputs[k].is_plain();
        (from[k], steps[k]) = (inputs[k].from, usize::from(!inputs[k].repeats));
    }
    for k in 0..OUT {
        assert!(outputs[k].len == len);
        plain &= outputs[k].is_plain();
        to[k] = outputs[k].to;
    }
    plain.then_some(Plan { from, steps, to, len, stream: false, room: false })
}

#[cfg(test)]
mod tests {
    use super::Plan;
    use crate::element::Element;
    use crate::slice::{Dst, Src};

    /// A block that repeats is at its place for the rest of the numbers too. Past its end, a short way on, it would have the
    /// same numbers for a register that is not the widest.
    #[test]
    fn the_rest_of_a_plan_has_the_same_block() {
        let (x, mut y) = ([1.0_f64; 40], [0.0; 40]);
        let plan = Plan::new([Src::new(&x), Src::repeat(f64::ONES)], [Dst::new(&mut y)], 40).rest(7);
        assert_eq!(plan.from, [x[7..].as_ptr(), f64::ONES.as_ptr()]);
        assert_eq!((plan.to, plan.len), ([y[7..].as_mut_ptr()], 33));
    }
}
