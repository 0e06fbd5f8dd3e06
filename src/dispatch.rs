//! Which instructions a machine has, and the loops that use them.
//!
//! The only `#[target_feature]` functions of the crate are here, and the only loops over slices that touch pointers.

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::element::{Element, Lane};
use crate::lanes::{Isa, Lanes, Scalar, Unfused};

/// An instruction set that the kernels are built for.
///
/// The best one that the machine has is found at the first call and used from then on. All levels of a [`Family`]
/// give the same bits.
///
/// ```
/// use slopes::Level;
/// println!("{:?} of {:?}", Level::current(), Level::available().collect::<Vec<_>>());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
#[repr(u8)]
pub enum Level {
    /// One lane in plain Rust. Everywhere.
    Scalar = 1,
    /// x86-64 as it was in 2003: 4 lanes of f32.
    Sse2 = 2,
    /// aarch64: 4 lanes of f32.
    Neon = 3,
    /// x86-64 with AVX2, FMA and F16C: 8 lanes of f32.
    Avx2 = 4,
    /// x86-64 with AVX-512 F, BW, DQ and VL: 16 lanes of f32.
    Avx512 = 5,
}

/// Levels that give the same bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Family {
    /// Multiplication and addition round once: AVX-512, AVX2, NEON.
    Fused,
    /// They round one after the other: SSE2 and plain Rust.
    Unfused,
}

/// The machine lacks the level that was asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnsupportedLevel {
    /// The level that was asked for.
    pub level: Level,
}

impl fmt::Display for UnsupportedLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this machine has no {:?}; it has", self.level)?;
        Level::available().enumerate().try_for_each(|(i, level)| {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma} {level:?}")
        })
    }
}

impl core::error::Error for UnsupportedLevel {}

/// The level in use; 0 until the first call. Every thread would write the same value, so relaxed order is enough.
static CURRENT: AtomicU8 = AtomicU8::new(0);

impl Level {
    const ALL: [Level; 5] = [Level::Scalar, Level::Sse2, Level::Neon, Level::Avx2, Level::Avx512];

    /// The level that calls use now.
    #[inline(always)]
    pub fn current() -> Level {
        let level = CURRENT.load(Ordering::Relaxed);
        match Self::ALL.get(usize::from(level).wrapping_sub(1)) {
            Some(&level) => level,
            None => Self::first_use(),
        }
    }

    #[cold]
    fn first_use() -> Level {
        let level = Self::detected();
        CURRENT.store(level as u8, Ordering::Relaxed);
        level
    }

    /// The best level that this machine has.
    pub fn detected() -> Level {
        detect()
    }

    /// Whether this machine has the level.
    pub fn is_available(self) -> bool {
        match self {
            Level::Scalar => true,
            Level::Neon => detect() == Level::Neon,
            _ => cfg!(target_arch = "x86_64") && self <= detect(),
        }
    }

    /// The levels that this machine has, lowest first.
    pub fn available() -> impl Iterator<Item = Level> {
        Self::ALL.into_iter().filter(|level| level.is_available())
    }

    /// Makes every call of this process use the level from now on: for tests and benchmarks, and for bits that must
    /// not depend on the machine (every machine has [`Level::Scalar`]).
    ///
    /// # Errors
    /// If this machine has no such level; nothing changes then.
    ///
    /// ```
    /// use slopes::Level;
    /// Level::Scalar.select()?;
    /// assert_eq!(Level::current(), Level::Scalar);
    /// Level::detected().select()?;
    /// # Ok::<(), slopes::UnsupportedLevel>(())
    /// ```
    pub fn select(self) -> Result<(), UnsupportedLevel> {
        if !self.is_available() {
            return Err(UnsupportedLevel { level: self });
        }
        CURRENT.store(self as u8, Ordering::Relaxed);
        Ok(())
    }

    /// The family whose bits the level gives.
    pub fn family(self) -> Family {
        match self {
            Level::Scalar | Level::Sse2 => Family::Unfused,
            Level::Neon | Level::Avx2 | Level::Avx512 => Family::Fused,
        }
    }
}

#[cfg(not(any(
    all(target_arch = "x86_64", target_feature = "sse2"),
    all(target_arch = "aarch64", target_feature = "neon")
)))]
fn detect() -> Level {
    Level::Scalar
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
fn detect() -> Level {
    Level::Neon
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
fn detect() -> Level {
    use core::arch::x86_64::{__cpuid, __cpuid_count, _xgetbv};

    #[target_feature(enable = "xsave")]
    unsafe fn enabled_by_system() -> u64 {
        // SAFETY: the caller has seen OSXSAVE.
        unsafe { _xgetbv(0) }
    }
    let has = |register: u32, bits: &[u32]| bits.iter().all(|bit| register >> bit & 1 == 1);

    // SAFETY: every x86-64 processor has CPUID, and leaf 7 is asked only where leaf 0 names it.
    #[allow(unused_unsafe, reason = "newer compilers hold CPUID safe; the oldest supported one does not")]
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

/// Work that can be done by any instruction set.
pub(crate) trait Kernel: Sized {
    type Output;
    /// # Safety
    /// The machine has the instructions of `I`.
    unsafe fn run<I: Isa>(self) -> Self::Output;
}

/// Runs a kernel with the registers of the current level.
#[inline(always)]
pub(crate) fn wide<K: Kernel>(kernel: K) -> K::Output {
    match Level::current() {
        // SAFETY: `current` gives a level only after `detect` or `select` has seen that the machine has it.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Avx512 => unsafe { x86_64::avx512(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Avx2 => unsafe { x86_64::avx2(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Sse2 => unsafe { x86_64::sse2(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Level::Neon => unsafe { aarch64::neon(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { portable(kernel) },
    }
}

/// Runs a kernel with one lane that gives the bits of the current level.
#[inline(always)]
pub(crate) fn single<K: Kernel>(kernel: K) -> K::Output {
    match Level::current().family() {
        // SAFETY: a fusing level is current, so the machine fuses.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Family::Fused => unsafe { x86_64::fused(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Family::Fused => unsafe { aarch64::fused(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { portable(kernel) },
    }
}

/// Plain Rust. A function of its own, so that scalar calls and slices share one body.
unsafe fn portable<K: Kernel>(kernel: K) -> K::Output {
    // SAFETY: plain Rust needs no instruction of its own.
    unsafe { kernel.run::<Scalar<Unfused>>() }
}

#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
mod x86_64 {
    use super::Kernel;
    use crate::lanes::x86_64::{Avx2, Avx512, FusedScalar, Sse2};

    // SAFETY (all four): the features of the function are those of the instruction set; the caller has detected them.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
    pub(super) unsafe fn avx512<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Avx512>() }
    }
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn avx2<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Avx2>() }
    }
    #[target_feature(enable = "sse2")]
    pub(super) unsafe fn sse2<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Sse2>() }
    }
    #[target_feature(enable = "avx2,fma,f16c")]
    pub(super) unsafe fn fused<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<FusedScalar>() }
    }
}

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64 {
    use super::Kernel;
    use crate::lanes::aarch64::{FusedScalar, Neon};

    // SAFETY (both): the feature of the function is that of the instruction set; the caller has detected it.
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn neon<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<Neon>() }
    }
    #[target_feature(enable = "neon")]
    pub(super) unsafe fn fused<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: as above.
        unsafe { kernel.run::<FusedScalar>() }
    }
}

/// A text over registers: `IN` of them go in, `OUT` come out.
pub(crate) trait Map<const IN: usize, const OUT: usize>: Copy {
    fn apply<L: Lanes>(self, inputs: [L; IN]) -> [L; OUT];
}

/// A slice that is read, or one block of it that is read again and again.
struct Source<T> {
    from: *const T,
    /// 1, or 0 for a block that is read again.
    step: usize,
}

impl<T> Clone for Source<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Source<T> {}

impl<T> Source<T> {
    fn slice(slice: &[T]) -> Self {
        Source { from: slice.as_ptr(), step: 1 }
    }
}

/// The widest register, in elements of the narrowest type.
const WIDEST: usize = 32;

/// A map over whole slices.
struct Slices<T, M, const IN: usize, const OUT: usize> {
    map: M,
    len: usize,
    inputs: [Source<T>; IN],
    outputs: [*mut T; OUT],
    /// How many elements to go before the output is aligned to the widest register, and stores can pass the caches.
    stream_after: Option<usize>,
}

impl<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for Slices<T, M, IN, OUT> {
    type Output = ();

    /// One loop for whole registers and for the tail, so that the text of a function stands once in the program.
    #[inline(always)]
    unsafe fn run<I: Isa>(self) {
        let count = <Lane<T, I> as Lanes>::COUNT;
        let stream = self.stream_after.is_some();
        let mut turn = self.stream_after.map_or(count, |n| if n % count == 0 { count } else { n % count });
        let mut done = 0;
        while done < self.len {
            let n = turn.min(self.len - done);
            turn = count;
            // SAFETY: done + n <= len, and every slice has len elements (a repeated block has WIDEST).
            unsafe {
                let inputs = self.inputs.map(|source| {
                    let from = source.from.wrapping_add(done * source.step);
                    if n == count { T::load::<I>(from) } else { T::load_partial::<I>(from, n) }
                });
                let outputs = self.map.apply(inputs);
                let mut i = 0;
                while i < OUT {
                    let to = self.outputs[i].add(done);
                    if n < count {
                        T::store_partial::<I>(outputs[i], to, n);
                    } else if stream {
                        T::stream::<I>(outputs[i], to);
                    } else {
                        T::store::<I>(outputs[i], to);
                    }
                    i += 1;
                }
            }
            done += n;
        }
        if stream {
            // SAFETY: the machine has the instructions of I.
            unsafe { I::fence() }
        }
    }
}

/// A map of single numbers.
struct Numbers<T, M, const IN: usize> {
    map: M,
    inputs: [T; IN],
}

impl<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for (Numbers<T, M, IN>, [T; OUT]) {
    type Output = [T; OUT];

    #[inline(always)]
    unsafe fn run<I: Isa>(self) -> [T; OUT] {
        let (numbers, mut outputs) = self;
        // SAFETY: one lane is loaded from and stored to one number.
        unsafe {
            let registers = numbers.map.apply(numbers.inputs.map(|x| T::load::<I>(&raw const x)));
            for (register, output) in registers.into_iter().zip(&mut outputs) {
                T::store::<I>(register, output);
            }
        }
        outputs
    }
}

/// The map of single numbers.
#[inline(always)]
pub(crate) fn numbers<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [T; IN],
) -> [T; OUT] {
    single((Numbers { map, inputs }, [T::zero(); OUT]))
}

/// Stores pass the caches when inputs and outputs together exceed this many bytes: then an ordinary store would read
/// from memory, for nothing, every line that it is about to overwrite.
const STREAM_BYTES: usize = 64 << 20;

/// The map of slices into others. The caller has compared the lengths.
#[inline(always)]
pub(crate) fn slices<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [&[T]; IN],
    outputs: [&mut [T]; OUT],
) {
    let len = outputs[0].len();
    let bytes = len * (IN + OUT) * size_of::<T>();
    let aligned = outputs[0].as_ptr().align_offset(WIDEST * 2);
    let stream = OUT == 1 && bytes > STREAM_BYTES && aligned < len;
    wide(Slices {
        map,
        len,
        inputs: inputs.map(Source::slice),
        outputs: outputs.map(|slice| {
            assert!(slice.len() == len);
            slice.as_mut_ptr()
        }),
        stream_after: stream.then_some(aligned),
    });
}

/// The map of slices into the last of them.
#[inline(always)]
pub(crate) fn in_place<T: Element, M: Map<IN, 1>, const IN: usize, const OTHERS: usize>(
    map: M,
    others: [&[T]; OTHERS],
    last: &mut [T],
) {
    const { assert!(IN == OTHERS + 1) };
    let pointer = last.as_mut_ptr();
    let mut inputs = [Source { from: pointer.cast_const(), step: 1 }; IN];
    for (input, other) in inputs.iter_mut().zip(others) {
        assert!(other.len() == last.len());
        *input = Source::slice(other);
    }
    wide(Slices { map, len: last.len(), inputs, outputs: [pointer], stream_after: None });
}

/// The map of a slice and of ones: a slope alone is a gradient of ones, so that both share a kernel.
#[inline(always)]
pub(crate) fn with_ones<T: Element, M: Map<2, 1>>(map: M, input: &[T], output: &mut [T]) {
    let ones = [T::one(); WIDEST];
    assert!(input.len() == output.len());
    wide(Slices {
        map,
        len: input.len(),
        inputs: [Source::slice(input), Source { from: ones.as_ptr(), step: 0 }],
        outputs: [output.as_mut_ptr()],
        stream_after: None,
    });
}
