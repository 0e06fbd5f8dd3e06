//! The floating-point types that kernels compute in: f32 and f64.

use super::{Isa, Register};
use crate::element::Element;
use crate::exact_sum::Summable;
use crate::math;
use crate::slice::Stored;

/// The type of a lane: `f32` or `f64`.
///
/// Sealed: the accuracy of kernels is verified for these two.
///
/// ```
/// use slopes::{Element, Real};
/// fn rounding_error<R: Real>(x: f64) -> f64 {
///     R::from_f64_rounded(x).into_f64() - x
/// }
/// assert_eq!(rounding_error::<f32>(0.1), f64::from(0.1_f32) - 0.1);
/// ```
pub trait Real: Element<Real = Self> + Stored + Summable + math::Constants {
    /// The register of this type in an instruction set.
    #[doc(hidden)]
    type Lanes<I: Isa>: Register<Real = Self>;

    /// 1.5 * 2^m, m the stored bits of the significand: adding and subtracting it rounds to a whole number.
    const ROUND_MAGIC: Self;
    /// The exponent's bias: 127 or 1023.
    const BIAS: Self;
    /// 2^12 + 1 or 2^27 + 1: splits a significand into halves (Dekker).
    const SPLITTER: Self;
    /// The largest finite number.
    const MAX: Self;
    /// As many zeros as the widest register may have lanes, then as many -inf.
    #[doc(hidden)]
    const STEP: &'static [Self; 64];

    /// Loads as many numbers as an f64 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions of `I`.
    #[doc(hidden)]
    unsafe fn load_wide<I: Isa>(from: *const Self) -> I::F64;

    /// A number that the type holds exactly.
    #[doc(hidden)]
    fn from_i32(n: i32) -> Self;

    /// The number, rounded once.
    #[doc(hidden)]
    fn from_u64(n: u64) -> Self;

    /// Copies four rows of four numbers, `from_row` apart, to their transpose, whose rows are `to_row` apart.
    /// # Safety
    /// `from` is valid for reads, and `to` for writes, of these numbers, which are not the same.
    #[doc(hidden)]
    #[inline(always)]
    unsafe fn transpose(from: *const Self, from_row: usize, to: *mut Self, to_row: usize) {
        let mut i = 0;
        while i < 4 {
            let mut k = 0;
            while k < 4 {
                // SAFETY: guaranteed by the caller.
                unsafe { *to.wrapping_add(k * to_row + i) = *from.wrapping_add(i * from_row + k) }
                k += 1;
            }
            i += 1;
        }
    }
}

macro_rules! real {
    ($Real:ty, $Register:ident, $whole:expr, $bias:expr, $splitter:expr, |$I:ident, $p:ident| $wide:expr, { $($transpose:item)? }) => {
        impl Real for $Real {
            type Lanes<I: Isa> = I::$Register;
            const ROUND_MAGIC: Self = $whole;
            const BIAS: Self = $bias;
            const SPLITTER: Self = $splitter;
            const MAX: Self = <$Real>::MAX;
            const STEP: &'static [Self; 64] = &{
                let mut step = [0.0; 64];
                let mut i = 32;
                while i < 64 {
                    step[i] = <$Real>::NEG_INFINITY;
                    i += 1;
                }
                step
            };
            #[inline(always)]
            fn from_i32(n: i32) -> Self {
                n as Self
            }
            #[inline(always)]
            fn from_u64(n: u64) -> Self {
                n as Self
            }
            #[inline(always)]
            unsafe fn load_wide<$I: Isa>($p: *const Self) -> $I::F64 {
                // SAFETY: guaranteed by the caller.
                unsafe { $wide }
            }
            $($transpose)?
        }
    };
}
real!(f32, F32, 12_582_912.0, 127.0, 4097.0, |I, p| I::widen(p), {
    #[cfg(any(target_feature = "sse2", all(target_arch = "wasm32", target_feature = "simd128")))]
    #[inline(always)]
    unsafe fn transpose(from: *const Self, from_row: usize, to: *mut Self, to_row: usize) {
        // SAFETY: guaranteed by the caller.
        unsafe { super::transpose::transpose(from, from_row, to, to_row) }
    }
});
real!(f64, F64, 6_755_399_441_055_744.0, 1023.0, 134_217_729.0, |I, p| Register::load(p), {});
