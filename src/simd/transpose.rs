//! The transposition of small blocks in registers, on x86-64.

use core::arch::x86_64::*;

use super::{read, write};

/// Copies four rows of four numbers to their transpose, in registers that every machine has.
/// # Safety
/// As [`Real::transpose`](super::Real::transpose).
#[inline(always)]
pub(super) unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let a: __m128 = read(from);
        let b: __m128 = read(from.wrapping_add(from_row));
        let c: __m128 = read(from.wrapping_add(2 * from_row));
        let d: __m128 = read(from.wrapping_add(3 * from_row));
        let (ab, cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        write(to, _mm_movelh_ps(ab, cd));
        write(to.wrapping_add(to_row), _mm_movehl_ps(cd, ab));
        let (ab, cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        write(to.wrapping_add(2 * to_row), _mm_movelh_ps(ab, cd));
        write(to.wrapping_add(3 * to_row), _mm_movehl_ps(cd, ab));
    }
}
