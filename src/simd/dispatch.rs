//! The ways into a kernel: with the registers of the current level, or with one lane.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use super::aarch64::{FusedScalar, Neon};
use super::scalar::Scalar;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
use super::wasm::Simd128;
#[cfg(target_feature = "sse2")]
use super::x86::{Avx2, Avx512, FusedScalar, Sse2};
use super::{Isa, Kernel, OneLane};
#[cfg(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon")))]
use crate::level::{FmaFamily, Level};

/// Runs a kernel with the registers of the current level.
#[cfg(target_feature = "sse2")]
#[inline(always)]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match Level::current() {
        // SAFETY: `current` returns a level only after detection, or `set_global`, has seen that the machine has it.
        Level::Avx512 => unsafe { Avx512::call(kernel) },
        // SAFETY: as above.
        Level::Avx2 => unsafe { Avx2::call(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ if cfg!(miri) => unsafe { Scalar::<OneLane>::call(kernel) },
        // SAFETY: the target has SSE2. One lane of plain Rust would give the same bits, so no scalar kernels are
        // compiled here.
        _ => unsafe { Sse2::call(kernel) },
    }
}

/// Runs a kernel with the registers of the current level.
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
#[inline(always)]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    match Level::current() {
        // SAFETY: the target has NEON.
        Level::Neon => unsafe { Neon::call(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { Scalar::<OneLane>::call(kernel) },
    }
}

/// Runs a kernel with the registers of simd128: a module that has any of its instructions runs only where all are.
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
#[inline(always)]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: the target has simd128.
    unsafe { Simd128::call(kernel) }
}

/// Runs a kernel with the registers of the current level, which is the only one.
#[cfg(not(any(
    target_feature = "sse2",
    all(target_arch = "wasm32", target_feature = "simd128"),
    all(target_arch = "aarch64", target_feature = "neon")
)))]
#[inline(always)]
pub(crate) fn dispatch<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: plain Rust needs no instruction of its own, or the target has the one that it names.
    unsafe { Scalar::<OneLane>::call(kernel) }
}

/// Runs a kernel with one lane, for the bits of the current level.
#[cfg(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon")))]
#[inline(always)]
pub(crate) fn dispatch_scalar<K: Kernel>(kernel: K) -> K::Output {
    match Level::current().family() {
        // SAFETY: a level that fuses is current, so the machine has its fused multiply-add.
        FmaFamily::Fused | FmaFamily::FusedF32 => unsafe { FusedScalar::call(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { Scalar::<OneLane>::call(kernel) },
    }
}

/// Runs a kernel with one lane, for the bits of the current level, which is the only one.
#[cfg(not(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon"))))]
#[inline(always)]
pub(crate) fn dispatch_scalar<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: as above.
    unsafe { Scalar::<OneLane>::call(kernel) }
}

/// Prefetches the cache line at `from`, which may lie outside every allocation.
#[inline(always)]
pub(crate) fn prefetch<T>(from: *const T) {
    #[cfg(all(target_feature = "sse2", not(miri)))]
    // SAFETY: every machine with SSE2 has the instruction, and it never faults.
    unsafe {
        use super::arch::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(from.cast());
    }
    #[cfg(not(all(target_feature = "sse2", not(miri))))]
    let _ = from;
}

/// Orders stores past the caches before what the program does next.
#[inline(always)]
pub(crate) fn fence() {
    #[cfg(all(target_feature = "sse2", not(miri)))]
    // SAFETY: every machine with SSE2 has the instruction.
    unsafe {
        super::arch::_mm_sfence();
    }
}
