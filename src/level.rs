//! The instruction sets that kernels are compiled for, and their detection.

use crate::error::UnsupportedLevelError;
use crate::simd::{FUSES_F32, HAS_F64};

/// An instruction set that kernels are compiled for.
///
/// The best one of the machine is detected at the first call and used from then on. All levels of a [`FmaFamily`] give
/// the same bits.
///
/// ```
/// use slopes::Level;
/// assert!(Level::available().any(|level| level == Level::current()));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum Level {
    /// One lane in plain Rust, and the instruction `vfma.f32` of microcontrollers. On x86, [`Level::Sse2`] takes its
    /// place, and in wasm with vectors [`Level::Simd128`]: four lanes of f32, with the same bits.
    Scalar = 1,
    /// x86 with SSE2, of 64 or 32 bits: 4 lanes of f32.
    Sse2 = 2,
    /// aarch64 with NEON: 4 lanes of f32.
    Neon = 3,
    /// x86 with AVX2, FMA and F16C: 8 lanes of f32.
    Avx2 = 4,
    /// x86 with AVX-512 F, BW, DQ and VL: 16 lanes of f32.
    Avx512 = 5,
    /// wasm with its 128-bit vectors: 4 lanes of f32. A module has them, or not, as it was compiled: with
    /// `-C target-feature=+simd128`.
    Simd128 = 6,
}

/// A family of levels that give the same bits.
///
/// ```
/// use slopes::{FmaFamily, Level};
/// assert_eq!(Level::Avx2.family(), Level::Neon.family());
/// assert_eq!(Level::Scalar.family(), FmaFamily::Unfused);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum FmaFamily {
    /// A multiply-add rounds once: AVX-512, AVX2, NEON.
    Fused,
    /// A multiply-add rounds twice, after the product and after the sum: SSE2, simd128 and plain Rust. Formulas that lose
    /// by it, such as that of GELU, compute f32 in f64.
    Unfused,
    /// As `Unfused`, but without f64: plain Rust on microcontrollers, whose f64 is made of routines. Only these formulas
    /// have other bits, and sums: of losses, which are exact, and hardly ever of rows.
    UnfusedF32,
    /// As `Fused` in f32, without f64, which does not fuse: microcontrollers with the instruction `vfma.f32` (Cortex-M4F).
    /// Only sums have other bits, as with `UnfusedF32`.
    FusedF32,
}

impl Level {
    const ALL: [Level; 6] = [Level::Scalar, Level::Sse2, Level::Simd128, Level::Neon, Level::Avx2, Level::Avx512];

    /// The level in use.
    #[must_use]
    #[inline]
    pub fn current() -> Level {
        selected::current()
    }

    /// The best level of this machine.
    #[must_use]
    pub fn detected() -> Level {
        selected::detected()
    }

    /// The lowest level of this machine: `Scalar`, but `Sse2` on x86 and `Simd128` in wasm with vectors. It does not
    /// fuse: its family is [`FmaFamily::Unfused`]. Microcontrollers have no other: [`FmaFamily::UnfusedF32`], or
    /// [`FmaFamily::FusedF32`].
    #[must_use]
    pub const fn lowest() -> Level {
        if cfg!(target_feature = "sse2") {
            Level::Sse2
        } else if cfg!(all(target_arch = "wasm32", target_feature = "simd128")) {
            Level::Simd128
        } else {
            Level::Scalar
        }
    }

    /// True if this machine has the level.
    #[must_use]
    pub fn is_available(self) -> bool {
        match self {
            Level::Scalar => Self::lowest() == Level::Scalar,
            Level::Neon | Level::Simd128 => Self::detected() == self,
            _ => cfg!(target_feature = "sse2") && self as u8 <= Self::detected() as u8,
        }
    }

    /// The levels of this machine, lowest first.
    pub fn available() -> impl Iterator<Item = Level> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }

    /// Makes all calls of this process use the level from now on: for tests and benchmarks, and with [`Level::lowest`]
    /// for bits that do not depend on the machine.
    ///
    /// # Errors
    /// If this machine does not have the level; nothing changes then.
    ///
    /// ```
    /// use slopes::Level;
    /// Level::lowest().set_global()?;
    /// assert_eq!(Level::current(), Level::lowest());
    /// Level::detected().set_global()?;
    /// # Ok::<(), slopes::UnsupportedLevelError>(())
    /// ```
    pub fn set_global(self) -> Result<(), UnsupportedLevelError> {
        if !self.is_available() {
            return Err(UnsupportedLevelError { level: self });
        }
        selected::set(self);
        Ok(())
    }

    /// The family of the level, which determines the bits.
    #[must_use]
    #[inline]
    pub const fn family(self) -> FmaFamily {
        match self {
            Level::Scalar if FUSES_F32 => FmaFamily::FusedF32,
            Level::Scalar | Level::Sse2 | Level::Simd128 if !HAS_F64 => FmaFamily::UnfusedF32,
            Level::Scalar | Level::Sse2 | Level::Simd128 => FmaFamily::Unfused,
            Level::Neon | Level::Avx2 | Level::Avx512 if !HAS_F64 => FmaFamily::FusedF32,
            Level::Neon | Level::Avx2 | Level::Avx512 => FmaFamily::Fused,
        }
    }
}

/// The level of machines that may have several.
#[cfg(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon")))]
mod selected {
    use core::sync::atomic::{AtomicU8, Ordering};

    use super::{Level, detect};

    /// The level in use; 0 until the first call. Every thread would store the same value, so relaxed ordering is enough.
    static CURRENT: AtomicU8 = AtomicU8::new(0);

    /// The best level of this machine, likewise: CPUID takes microseconds in a virtual machine.
    static DETECTED: AtomicU8 = AtomicU8::new(0);

    #[inline(always)]
    pub(super) fn current() -> Level {
        stored(&CURRENT).unwrap_or_else(first_use)
    }

    pub(super) fn detected() -> Level {
        stored(&DETECTED).unwrap_or_else(|| {
            let level = detect();
            DETECTED.store(level as u8, Ordering::Relaxed);
            level
        })
    }

    pub(super) fn set(level: Level) {
        CURRENT.store(level as u8, Ordering::Relaxed);
    }

    #[inline(always)]
    fn stored(level: &AtomicU8) -> Option<Level> {
        match level.load(Ordering::Relaxed) {
            1 => Some(Level::Scalar),
            2 => Some(Level::Sse2),
            3 => Some(Level::Neon),
            4 => Some(Level::Avx2),
            5 => Some(Level::Avx512),
            6 => Some(Level::Simd128),
            _ => None,
        }
    }

    #[cold]
    fn first_use() -> Level {
        let level = detected();
        set(level);
        level
    }
}

/// The only level. Such a machine need not have atomic operations.
#[cfg(not(any(target_feature = "sse2", all(target_arch = "aarch64", target_feature = "neon"))))]
mod selected {
    use super::Level;

    #[inline(always)]
    pub(super) fn current() -> Level {
        Level::lowest()
    }

    pub(super) fn detected() -> Level {
        Level::lowest()
    }

    pub(super) fn set(_: Level) {}
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
fn detect() -> Level {
    Level::Neon
}

#[cfg(target_feature = "sse2")]
fn detect() -> Level {
    use crate::simd::arch::{__cpuid, __cpuid_count, _xgetbv};

    #[target_feature(enable = "xsave")]
    unsafe fn enabled_by_system() -> u64 {
        // SAFETY: the caller has seen OSXSAVE.
        unsafe { _xgetbv(0) }
    }
    let has = |register: u32, bits: &[u32]| bits.iter().all(|bit| register >> bit & 1 == 1);

    // Miri interprets the kernels of one lane, which have the bits of SSE2.
    if cfg!(miri) {
        return Level::Sse2;
    }
    // SAFETY: every processor with SSE2 has CPUID, and leaf 7 is read only if leaf 0 reports it.
    #[allow(unused_unsafe, reason = "CPUID is safe in newer compilers, but not in the oldest supported one")]
    let (basic, extended) = unsafe {
        if __cpuid(0).eax < 7 {
            return Level::Sse2;
        }
        (__cpuid(1).ecx, __cpuid_count(7, 0).ebx)
    };
    let (fma, osxsave, avx, f16c) = (12, 27, 28, 29);
    let (avx2, avx512f, avx512dq, avx512bw, avx512vl) = (5, 16, 17, 30, 31);
    if !has(basic, &[fma, osxsave, avx, f16c]) || !has(extended, &[avx2]) {
        return Level::Sse2;
    }
    // SAFETY: OSXSAVE is set, so XGETBV exists.
    let saved = unsafe { enabled_by_system() };
    let (xmm_and_ymm, masks_and_zmm) = (0x06, 0xe0);
    if saved & xmm_and_ymm != xmm_and_ymm {
        Level::Sse2
    } else if saved & masks_and_zmm == masks_and_zmm && has(extended, &[avx512f, avx512dq, avx512bw, avx512vl]) {
        Level::Avx512
    } else {
        Level::Avx2
    }
}
