//! f16 and bf16 in memory, for instruction sets without conversions: lane by lane, through a block of f32.

use super::{MAX_LANES, Register};

/// Loads and widens numbers of 16 bits.
/// # Safety
/// As [`Register::load`].
#[inline(never)]
pub(super) unsafe fn load<H: Copy, R: Register<Real = f32>>(from: *const H, widen: impl Fn(H) -> f32) -> R {
    let mut block = [0.0; MAX_LANES];
    for (i, wide) in block.iter_mut().enumerate().take(R::COUNT) {
        // SAFETY: the caller guarantees COUNT numbers.
        *wide = widen(unsafe { *from.add(i) });
    }
    // SAFETY: the block has as many numbers as any register; the caller guarantees the instructions.
    unsafe { R::load(block.as_ptr()) }
}

/// Narrows and stores numbers of 16 bits.
/// # Safety
/// As [`Register::store`].
#[inline(never)]
pub(super) unsafe fn store<H, R: Register<Real = f32>>(register: R, to: *mut H, narrow: impl Fn(f32) -> H) {
    let mut block = [0.0; MAX_LANES];
    // SAFETY: the block has as many numbers as any register.
    unsafe { register.store(block.as_mut_ptr()) };
    for (i, wide) in block.iter().enumerate().take(R::COUNT) {
        // SAFETY: the caller guarantees COUNT numbers.
        unsafe { *to.add(i) = narrow(*wide) };
    }
}
