//! Types that are for memory alone: block by block widened, worked on in the type that is computed in, and rounded. So the
//! half types have no kernels of their own.

use super::map::GATHER_BLOCK;
use super::view::{Block, Dst, Src};
use crate::element::{Element, Lane};
use crate::simd::{Isa, Kernel, Lanes, Token, dispatch};
use crate::sum::BLOCK;

/// What is done with blocks in the type that is computed in, and their length. Behind a pointer, so that the loop over
/// blocks is compiled once for each count of slices, and not once for each function.
pub(super) trait Work<R, const IN: usize, const OUT: usize> {
    fn block(&mut self, inputs: [Src<R>; IN], outputs: [Dst<R>; OUT], len: usize);
}

/// Work on contiguous slices, `len` numbers each, block by block.
pub(super) fn through_real<T: Element, const IN: usize, const OUT: usize>(
    inputs: [Src<T>; IN],
    outputs: [Dst<T>; OUT],
    len: usize,
    work: &mut dyn Work<T::Real, IN, OUT>,
) {
    assert!(outputs.iter().all(|output| output.len == len && output.stride == 1));
    let mut widened = [const { Block::<T::Real, BLOCK>::new() }; IN];
    let mut made = [const { Block::<T::Real, BLOCK>::new() }; OUT];
    let mut done = 0;
    while done < len {
        let n = BLOCK.min(len - done);
        let inputs = core::array::from_fn(|k| widen(inputs[k].part(done, n), &mut widened[k]));
        // SAFETY: the work writes all of its outputs.
        let targets = made.each_mut().map(|block| unsafe { block.dst(n) });
        work.block(inputs, targets, n);
        for (block, output) in targets.iter().zip(outputs) {
            dispatch(Convert { from: block.src(), to: output.part(done, n) });
        }
        done += n;
    }
}

/// Numbers in a block, widened.
fn widen<'a, T: Element>(from: Src<'a, T>, block: &mut Block<T::Real, BLOCK>) -> Src<'a, T::Real> {
    // SAFETY: written by the conversion. The caller reads it while the block is there.
    let to = unsafe { block.dst(from.len) };
    dispatch(Convert { from: Src { repeats: false, ..from }, to });
    Src { repeats: from.repeats, ..to.src() }
}

/// Numbers of a type as another that is computed in the same.
pub(crate) fn convert<A: Element, B: Element<Real = A::Real>>(from: &[A], to: &mut [B]) {
    dispatch(Convert { from: Src::new(from), to: Dst::new(to) });
}

/// Numbers on their way from one type into another that is computed in the same.
struct Convert<'a, A, B> {
    from: Src<'a, A>,
    to: Dst<'a, B>,
}

impl<A: Element, B: Element<Real = A::Real>> Kernel for Convert<'_, A, B> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let (count, len) = (<Lane<A, I> as Lanes>::COUNT, self.to.len);
        assert!(self.from.len == len && self.from.stride == 1 && self.to.stride == 1);
        let mut done = 0;
        while done < len {
            let n = count.min(len - done);
            // SAFETY: both have n numbers from `done` on; the token proves the instructions.
            unsafe {
                let (from, to) = (self.from.from.wrapping_add(done), self.to.to.wrapping_add(done));
                if n == count {
                    B::store::<I>(A::load::<I>(from), to);
                } else {
                    B::store_partial::<I>(A::load_partial::<I>(from, n), to, n);
                }
            }
            done += n;
        }
    }
}

/// Numbers that may be strided, brought together in the type that is computed in.
pub(super) struct Gather<'a, T: Element> {
    pub(super) from: Src<'a, T>,
    pub(super) to: Dst<'a, T::Real>,
}

impl<T: Element> Kernel for Gather<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Self { mut from, to } = self;
        let mut block = Block::<T, GATHER_BLOCK>::new();
        if from.stride != 1 {
            // SAFETY: written by the copy.
            let numbers = unsafe { block.dst(from.len) };
            from.copy_to(numbers);
            from = numbers.src();
        }
        Convert { from, to }.run(token);
    }
}

/// Numbers of the type that is computed in, rounded to places that may be strided.
pub(super) struct Scatter<'a, T: Element> {
    pub(super) from: Src<'a, T::Real>,
    pub(super) to: Dst<'a, T>,
}

impl<T: Element> Kernel for Scatter<'_, T> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, token: Token<I>) {
        let Self { from, to } = self;
        if to.stride == 1 {
            return Convert { from, to }.run(token);
        }
        let mut block = Block::<T, GATHER_BLOCK>::new();
        // SAFETY: written by the conversion.
        let numbers = unsafe { block.dst(from.len) };
        Convert { from, to: numbers }.run(token);
        numbers.src().copy_to(to);
    }
}
