//! Pairs of numbers, taken apart and put together.

use super::view::{Dst, Src};
use crate::element::Element;
use crate::simd::{Isa, Kernel, Token, dispatch};

/// Interleaved pairs, and slices of their first and of their second numbers.
struct Pairs<P, H> {
    pairs: P,
    halves: [H; 2],
}

impl<T: Element> Kernel for Pairs<Src<'_, T>, Dst<'_, T>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Pairs { pairs, halves: [first, second] } = self;
        assert!(first.len == second.len && pairs.len == 2 * first.len);
        assert!(first.stride == 1 && second.stride == 1 && pairs.stride == 1 && !pairs.repeats);
        for i in 0..first.len {
            // SAFETY: number i of len / 2, and its pair.
            unsafe {
                *first.to.wrapping_add(i) = *pairs.from.wrapping_add(2 * i);
                *second.to.wrapping_add(i) = *pairs.from.wrapping_add(2 * i + 1);
            }
        }
    }
}

impl<T: Element> Kernel for Pairs<Dst<'_, T>, Src<'_, T>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Pairs { pairs, halves: [first, second] } = self;
        assert!(first.len == second.len && pairs.len == 2 * first.len);
        assert!(first.stride == 1 && second.stride == 1 && pairs.stride == 1);
        assert!(!first.repeats && !second.repeats);
        for i in 0..first.len {
            // SAFETY: number i of len / 2, and its pair.
            unsafe {
                *pairs.to.wrapping_add(2 * i) = *first.from.wrapping_add(i);
                *pairs.to.wrapping_add(2 * i + 1) = *second.from.wrapping_add(i);
            }
        }
    }
}

/// The first and the second numbers of pairs.
pub(crate) fn deinterleave<T: Element>(pairs: Src<T>, halves: [Dst<T>; 2]) {
    dispatch(Pairs { pairs, halves });
}

/// Pairs of first and second numbers.
pub(crate) fn interleave<T: Element>(halves: [Src<T>; 2], pairs: Dst<T>) {
    dispatch(Pairs { pairs, halves });
}
