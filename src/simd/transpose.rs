//! The transposition of small blocks in registers, on x86 and in wasm.

#[cfg(target_arch = "wasm32")]
use core::arch::wasm32::{i32x4_shuffle, v128 as Register};

#[cfg(not(target_arch = "wasm32"))]
use super::arch::{__m128 as Register, _mm_movehl_ps, _mm_movelh_ps, _mm_unpackhi_ps, _mm_unpacklo_ps};
use super::table::{read, write};

/// Copies four rows of four numbers to their transpose, in registers that every machine has.
/// # Safety
/// As [`Real::transpose`](super::Real::transpose).
#[inline(always)]
pub(super) unsafe fn transpose(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    // SAFETY: guaranteed by the caller.
    unsafe {
        let a: Register = read(from);
        let b: Register = read(from.wrapping_add(from_row));
        let c: Register = read(from.wrapping_add(2 * from_row));
        let d: Register = read(from.wrapping_add(3 * from_row));
        let [a, b, c, d] = columns(a, b, c, d);
        write(to, a);
        write(to.wrapping_add(to_row), b);
        write(to.wrapping_add(2 * to_row), c);
        write(to.wrapping_add(3 * to_row), d);
    }
}

#[cfg(not(target_arch = "wasm32"))]
#[inline(always)]
fn columns(a: Register, b: Register, c: Register, d: Register) -> [Register; 4] {
    // SAFETY: every machine that this is compiled for has SSE2.
    unsafe {
        let (low_ab, low_cd) = (_mm_unpacklo_ps(a, b), _mm_unpacklo_ps(c, d));
        let (high_ab, high_cd) = (_mm_unpackhi_ps(a, b), _mm_unpackhi_ps(c, d));
        [
            _mm_movelh_ps(low_ab, low_cd),
            _mm_movehl_ps(low_cd, low_ab),
            _mm_movelh_ps(high_ab, high_cd),
            _mm_movehl_ps(high_cd, high_ab),
        ]
    }
}

#[cfg(target_arch = "wasm32")]
#[inline(always)]
fn columns(a: Register, b: Register, c: Register, d: Register) -> [Register; 4] {
    let (low_ab, low_cd) = (i32x4_shuffle::<0, 4, 1, 5>(a, b), i32x4_shuffle::<0, 4, 1, 5>(c, d));
    let (high_ab, high_cd) = (i32x4_shuffle::<2, 6, 3, 7>(a, b), i32x4_shuffle::<2, 6, 3, 7>(c, d));
    [
        i32x4_shuffle::<0, 1, 4, 5>(low_ab, low_cd),
        i32x4_shuffle::<2, 3, 6, 7>(low_ab, low_cd),
        i32x4_shuffle::<0, 1, 4, 5>(high_ab, high_cd),
        i32x4_shuffle::<2, 3, 6, 7>(high_ab, high_cd),
    ]
}
