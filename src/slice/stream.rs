//! Arrays that are larger than the caches: stores that pass them, and loads that are asked for ahead.

use super::map::{Plan, Sweep};
use super::view::{Dst, Src};
use crate::simd::{Real, fence, prefetch};

/// Stores pass the caches when inputs and outputs together exceed this many bytes: then an ordinary store would read
/// from memory, for nothing, every line that it is about to overwrite.
pub(super) const STREAM_BYTES: usize = 64 << 20;

/// The bytes of a cache line.
const LINE: usize = 64;

/// Then loads are asked for so many bytes ahead: a kernel that computes as long as memory takes leaves no room to wait.
pub(super) const PREFETCH_BYTES: usize = 1024;

/// Beyond the caches, sums go in parts of as many numbers, and each part asks for what comes after it.
pub(super) const PREFETCH_CHUNK: usize = 128;

/// How many bytes ahead that is.
const PREFETCH_BYTES_SUM: usize = 4096;

/// How far the one output is from the next cache line, if it is so long that stores should pass the caches.
#[inline(always)]
pub(super) fn start<T, const IN: usize, const OUT: usize>(
    inputs: &[Src<T>; IN],
    outputs: &[Dst<T>; OUT],
) -> Option<usize> {
    let [output] = outputs.as_slice() else { return None };
    // In 128 bits, which no length overflows.
    let bytes = output.len as u128 * ((IN + 1) * size_of::<T>()) as u128;
    if bytes <= STREAM_BYTES as u128 { None } else { aligned_start(inputs, output) }
}

#[cold]
fn aligned_start<T, const IN: usize>(inputs: &[Src<T>; IN], output: &Dst<T>) -> Option<usize> {
    let in_place = inputs.iter().any(|input| input.from == output.to.cast_const());
    let start = output.to.align_offset(LINE);
    (!in_place && start < output.len).then_some(start)
}

/// The loop of a plan whose output begins a cache line after `head` numbers.
#[cold]
pub(super) fn past_caches<R: Real, const IN: usize, const OUT: usize>(
    plan: Plan<R, IN, OUT>,
    head: usize,
    sweep: &dyn Sweep<R, IN, OUT>,
) {
    sweep.sweep(&plan.first(head));
    sweep.sweep(&Plan { stream: true, ..plan.rest(head) });
    fence();
}

/// Asks for what comes after the chunks that are next.
#[inline(never)]
pub(super) fn prefetch_ahead<R: Real, const IN: usize, const OUT: usize>(plan: &Plan<R, IN, OUT>) {
    for (from, _) in plan.from.iter().zip(plan.steps).filter(|(_, step)| *step > 0) {
        for line in (0..PREFETCH_CHUNK * size_of::<R>()).step_by(LINE) {
            prefetch(from.cast::<u8>().wrapping_add(PREFETCH_BYTES_SUM + line));
        }
    }
}
