//! Interleaved pairs of numbers: splitting and joining them.

use super::view::{Dst, Src};
use crate::simd::{Isa, Kernel, Real, Token, dispatch};

/// Interleaved pairs, and slices of their first and of their second numbers.
struct Pairs<P, H> {
    pairs: P,
    halves: [H; 2],
}

impl<R: Real> Kernel for Pairs<Src<'_, R>, Dst<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Pairs { pairs, halves: [first, second] } = self;
        assert!(first.len == second.len && pairs.len == 2 * first.len);
        assert!(first.stride == 1 && second.stride == 1 && pairs.stride == 1 && !pairs.repeats);
        assert!(first.format == pairs.format && second.format == pairs.format);
        // SAFETY: the lengths and the formats match.
        unsafe {
            if R::rounds(pairs.format) {
                take_apart::<u16>(pairs.from.cast(), [first.to.cast(), second.to.cast()], first.len);
            } else {
                take_apart(pairs.from, [first.to, second.to], first.len);
            }
        }
    }
}

impl<R: Real> Kernel for Pairs<Dst<'_, R>, Src<'_, R>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Pairs { pairs, halves: [first, second] } = self;
        assert!(first.len == second.len && pairs.len == 2 * first.len);
        assert!(first.stride == 1 && second.stride == 1 && pairs.stride == 1);
        assert!(first.format == pairs.format && second.format == pairs.format);
        assert!(!first.repeats && !second.repeats);
        // SAFETY: the lengths and the formats match.
        unsafe {
            if R::rounds(pairs.format) {
                put_together::<u16>([first.from.cast(), second.from.cast()], pairs.to.cast(), first.len);
            } else {
                put_together([first.from, second.from], pairs.to, first.len);
            }
        }
    }
}

/// Copies the first and the second numbers of pairs to slices.
/// # Safety
/// The pointers are valid for `len` pairs, and for `len` numbers each.
#[inline(always)]
unsafe fn take_apart<N: Copy>(pairs: *const N, [first, second]: [*mut N; 2], len: usize) {
    for i in 0..len {
        // SAFETY: number i of len, and its pair.
        unsafe {
            *first.wrapping_add(i) = *pairs.wrapping_add(2 * i);
            *second.wrapping_add(i) = *pairs.wrapping_add(2 * i + 1);
        }
    }
}

/// Copies first and second numbers from slices to pairs.
/// # Safety
/// As [`take_apart`].
#[inline(always)]
unsafe fn put_together<N: Copy>([first, second]: [*const N; 2], pairs: *mut N, len: usize) {
    for i in 0..len {
        // SAFETY: number i of len, and its pair.
        unsafe {
            *pairs.wrapping_add(2 * i) = *first.wrapping_add(i);
            *pairs.wrapping_add(2 * i + 1) = *second.wrapping_add(i);
        }
    }
}

/// Splits interleaved pairs into their first and their second numbers.
pub(crate) fn deinterleave<R: Real>(pairs: Src<R>, halves: [Dst<R>; 2]) {
    dispatch(Pairs { pairs, halves });
}

/// Joins first and second numbers to interleaved pairs.
pub(crate) fn interleave<R: Real>(halves: [Src<R>; 2], pairs: Dst<R>) {
    dispatch(Pairs { pairs, halves });
}
