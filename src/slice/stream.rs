//! Arrays larger than the caches: stores past the caches, and prefetched loads.

use super::map::{Plan, Sweep};
use super::view::{Dst, Src};
use crate::simd::{Real, fence, prefetch};

/// The size of inputs and outputs together, in bytes, beyond which stores pass the caches: an ordinary store would
/// first read from memory, in vain, every line that it is about to overwrite.
pub(super) const STREAM_BYTES: u64 = 64 << 20;

/// The size of a cache line in bytes.
const LINE: usize = 64;

/// The prefetch distance of maps beyond the caches, in bytes: a kernel that computes as long as memory takes leaves no
/// time to wait.
pub(super) const PREFETCH_BYTES: usize = 1024;

/// The numbers in a part of a sum beyond the caches; each part prefetches what comes after it.
pub(super) const PREFETCH_CHUNK: usize = 128;

/// The prefetch distance of such sums, in bytes.
const PREFETCH_BYTES_SUM: usize = 4096;

/// The distance of the only output from the next cache line, if it is so long that stores should pass the caches.
#[inline(always)]
pub(super) fn start<T, const IN: usize, const OUT: usize>(
    inputs: &[Src<T>; IN],
    outputs: &[Dst<T>; OUT],
) -> Option<usize> {
    let [output] = outputs.as_slice() else { return None };
    // In 128 bits, so that no length overflows.
    let bytes = output.len as u128 * ((IN + 1) * size_of::<T>()) as u128;
    if bytes <= STREAM_BYTES as u128 { None } else { aligned_start(inputs, output) }
}

#[cold]
fn aligned_start<T, const IN: usize>(inputs: &[Src<T>; IN], output: &Dst<T>) -> Option<usize> {
    let in_place = inputs.iter().any(|input| input.from == output.to.cast_const());
    let start = output.to.align_offset(LINE);
    (!in_place && start < output.len).then_some(start)
}

/// Runs the loop of a plan with stores past the caches; its output reaches a cache line after `head` numbers.
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

/// Prefetches the inputs `PREFETCH_BYTES_SUM` ahead, as much as a part of a sum takes.
#[inline(never)]
pub(super) fn prefetch_ahead<R: Real, const IN: usize, const OUT: usize>(plan: &Plan<R, IN, OUT>) {
    for (from, _) in plan.from.iter().zip(plan.steps).filter(|(_, step)| *step > 0) {
        for line in (0..PREFETCH_CHUNK * size_of::<R>()).step_by(LINE) {
            prefetch(from.cast::<u8>().wrapping_add(PREFETCH_BYTES_SUM + line));
        }
    }
}
