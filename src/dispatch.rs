//! Which instructions a machine has, and the loops that use them.
//!
//! The only `#[target_feature]` functions of the crate are here, and the only loops over slices that touch pointers.

use core::fmt;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::sync::atomic::{AtomicU8, Ordering};

use crate::element::{Element, Lane};
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
use crate::lanes::aarch64::{FusedScalar, Neon};
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
use crate::lanes::x86_64::{Avx2, Avx512, FusedScalar, Sse2};
use crate::lanes::{Isa, Lanes, Real, Register, Scalar, Unfused};
use crate::sum::{BLOCK, STRANDS, Tree, pairwise};

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
///
/// ```
/// use slopes::{Family, Level};
/// assert_eq!(Level::Avx2.family(), Level::Neon.family());
/// assert_eq!(Level::Scalar.family(), Family::Unfused);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Family {
    /// Multiplication and addition round once: AVX-512, AVX2, NEON.
    Fused,
    /// They round one after the other: SSE2 and plain Rust.
    Unfused,
}

/// The machine lacks the level that was asked for.
///
/// ```
/// use slopes::{Level, UnsupportedLevel};
/// let other = if cfg!(target_arch = "aarch64") { Level::Avx2 } else { Level::Neon };
/// assert_eq!(other.select(), Err(UnsupportedLevel { level: other }));
/// ```
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

/// The proof that the machine has the instructions of `I`: only this file makes one, after detection.
#[derive(Clone, Copy, Debug)]
pub struct Pass<I>(PhantomData<I>);

/// Work that can be done by any instruction set.
pub trait Kernel: Sized {
    type Output;
    fn run<I: Isa>(self, pass: Pass<I>) -> Self::Output;
}

impl<I: Isa> Pass<I> {
    /// The map of one number.
    #[inline(always)]
    pub(crate) fn map_one<M: Map<1, 1>>(self, map: M, x: f64) -> f64 {
        let mut y = [0.0];
        self.map(map, [Source::new(&[x])], [Target::new(&mut y)]);
        y[0]
    }

    /// A kernel as a function of its own, with the instructions of this pass: what is rare, or wanted in several places of
    /// a long text.
    #[inline(always)]
    pub(crate) fn apart<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the pass proves the instructions.
        unsafe { I::call(kernel) }
    }
}

/// An instruction set that there are functions for.
pub trait Compiled: Sized {
    /// The kernel as a function that is compiled for these instructions.
    /// # Safety
    /// The machine has them.
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output;
}

macro_rules! compiled {
    ($($(#[$attribute:meta])+ $Isa:ty;)+) => {
        $(impl Compiled for $Isa {
            $(#[$attribute])+
            unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
                kernel.run(Pass::<$Isa>(PhantomData))
            }
        })+
    };
}
compiled! {
    // A function of its own, as those with instructions of their own are: its callers would all hold its text.
    #[inline(never)]
    Scalar<Unfused>;
}
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
compiled! {
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
    Avx512;
    #[target_feature(enable = "avx2,fma,f16c")]
    Avx2;
    #[target_feature(enable = "sse2")]
    Sse2;
    #[target_feature(enable = "avx2,fma,f16c")]
    FusedScalar;
}
#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
compiled! {
    #[target_feature(enable = "neon")]
    Neon;
    #[target_feature(enable = "neon")]
    FusedScalar;
}

/// Runs a kernel with the registers of the current level.
#[inline(always)]
pub(crate) fn wide<K: Kernel>(kernel: K) -> K::Output {
    match Level::current() {
        // SAFETY: `current` gives a level only after `detect` or `select` has seen that the machine has it.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Avx512 => unsafe { Avx512::call(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Avx2 => unsafe { Avx2::call(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
        Level::Sse2 => unsafe { Sse2::call(kernel) },
        // SAFETY: as above.
        #[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
        Level::Neon => unsafe { Neon::call(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { Scalar::<Unfused>::call(kernel) },
    }
}

/// Runs a kernel with one lane that gives the bits of the current level.
#[inline(always)]
fn single<K: Kernel>(kernel: K) -> K::Output {
    match Level::current().family() {
        #[cfg(any(
            all(target_arch = "x86_64", target_feature = "sse2"),
            all(target_arch = "aarch64", target_feature = "neon"),
        ))]
        // SAFETY: a fusing level is current, so the machine fuses.
        Family::Fused => unsafe { FusedScalar::call(kernel) },
        // SAFETY: plain Rust needs no instruction of its own.
        _ => unsafe { Scalar::<Unfused>::call(kernel) },
    }
}

/// A text over registers: `IN` of them go in, `OUT` come out.
pub(crate) trait Map<const IN: usize, const OUT: usize>: Copy {
    fn apply<L: Lanes>(self, inputs: [L; IN]) -> [L; OUT];
}

/// Memory that is read: numbers one behind the other or `stride` apart, or one block that is read again and again.
#[derive(Clone, Copy)]
pub(crate) struct Source<'a, T> {
    from: *const T,
    len: usize,
    stride: usize,
    repeats: bool,
    lifetime: PhantomData<&'a [T]>,
}

/// Memory that is written.
///
/// A target may be a source too, of the same numbers: every loop loads from a place before it stores there, and no
/// reference to the memory exists meanwhile.
#[derive(Clone, Copy)]
pub(crate) struct Target<'a, T> {
    to: *mut T,
    len: usize,
    stride: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

impl<'a, T> Source<'a, T> {
    #[inline(always)]
    pub(crate) fn new(slice: &'a [T]) -> Self {
        Source { from: slice.as_ptr(), len: slice.len(), stride: 1, repeats: false, lifetime: PhantomData }
    }

    /// `block` again and again: every register of a loop of any length.
    #[inline(always)]
    pub(crate) fn repeat(block: &'a [T; WIDEST]) -> Self {
        Source { repeats: true, ..Self::new(block) }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        if self.repeats {
            return self;
        }
        assert!(start <= self.len && len <= self.len - start);
        Source { from: self.from.wrapping_add(start * self.stride), len, ..self }
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn every(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(self.stride == 1 && fits(start, stride, len, self.len));
        Source { from: self.from.wrapping_add(start), len, stride, ..self }
    }
}

impl<T: Copy> Source<'_, T> {
    /// Copies the numbers to others, as many.
    #[inline(always)]
    fn copy_to(self, to: Target<T>) {
        assert!(self.len == to.len);
        let mut i = 0;
        while i < self.len {
            // SAFETY: within both.
            unsafe { *to.to.add(i * to.stride) = *self.from.add(i * self.stride) }
            i += 1;
        }
    }

    /// One of the numbers.
    #[inline(always)]
    pub(crate) fn read(self, index: usize) -> T {
        assert!(index < self.len);
        // SAFETY: within the slice.
        unsafe { *self.from.add(index * self.stride) }
    }
}

impl<'a, T: Element> Source<'a, T> {
    /// The same numbers in the type that they are computed in, if they are of that type.
    #[inline(always)]
    pub(crate) fn unrounded(self) -> Option<Source<'a, T::Real>> {
        let Source { from, len, stride, repeats, lifetime: _ } = self;
        (!T::ROUNDS).then_some(Source { from: from.cast(), len, stride, repeats, lifetime: PhantomData })
    }
}

impl<'a, T: Copy> Target<'a, T> {
    #[inline(always)]
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Target::place(slice.as_mut_ptr(), slice.len())
    }

    /// Numbers one behind the other, if there are any yet.
    #[inline(always)]
    fn place(to: *mut T, len: usize) -> Self {
        Target { to, len, stride: 1, lifetime: PhantomData }
    }

    /// The same numbers, to be read.
    #[inline(always)]
    pub(crate) fn source(self) -> Source<'a, T> {
        Source { from: self.to, len: self.len, stride: self.stride, repeats: false, lifetime: PhantomData }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        Target { to: self.to.wrapping_add(start * self.stride), len, ..self }
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn every(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(self.stride == 1 && fits(start, stride, len, self.len));
        Target { to: self.to.wrapping_add(start), len, stride, ..self }
    }

    /// The same numbers in the type that they are computed in, if they are of that type.
    #[inline(always)]
    pub(crate) fn unrounded(self) -> Option<Target<'a, T::Real>>
    where
        T: Element,
    {
        let Target { to, len, stride, lifetime: _ } = self;
        (!T::ROUNDS).then_some(Target { to: to.cast(), len, stride, lifetime: PhantomData })
    }

    /// One of the numbers.
    #[inline(always)]
    pub(crate) fn write(self, index: usize, value: T) {
        assert!(index < self.len);
        // SAFETY: within the slice.
        unsafe { *self.to.add(index * self.stride) = value }
    }
}

/// Room for numbers that are written before they are read: nothing is spent on it in advance.
pub(crate) struct Scratch<R, const N: usize>([MaybeUninit<R>; N]);

impl<R: Copy, const N: usize> Scratch<R, N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Scratch([const { MaybeUninit::uninit() }; N])
    }

    #[inline(always)]
    pub(crate) fn target(&mut self) -> Target<'_, R> {
        Target::place(self.0.as_mut_ptr().cast(), N)
    }
}

/// Whether `len` numbers, `stride` apart, from `start` on are among the first `count`.
#[inline(always)]
fn fits(start: usize, stride: usize, len: usize, count: usize) -> bool {
    let last = len.saturating_sub(1).checked_mul(stride).and_then(|way| start.checked_add(way));
    len == 0 || last.is_some_and(|last| last < count)
}

/// The widest register, in elements of the narrowest type.
pub(crate) const WIDEST: usize = 32;

/// Numbers that lie apart are brought together, so many at a time.
const GATHERED: usize = 256;

/// A walk through slices, of which the first outputs are to be summed: they stay in the type that is computed in.
///
/// What is done here rather than in [`Pass::walk`] is compiled once for each count of slices, not once for each function
/// that is mapped and each instruction set. It is read where it was made, by reference: a copy would wait for the stores.
struct Walk<'a, T: Element, const IN: usize, const SUMMED: usize, const KEPT: usize> {
    from: [*const T; IN],
    /// 0 for a block that repeats.
    moves: [usize; IN],
    to_sum: [*mut T::Real; SUMMED],
    to_keep: [*mut T; KEPT],
    len: usize,
    /// How many numbers come after those.
    rest: usize,
    /// Whether what is kept, one slice from the beginning of a line on, passes the caches.
    stream: bool,
    lifetime: PhantomData<&'a mut [T]>,
}

impl<'a, T: Element, const IN: usize, const SUMMED: usize, const KEPT: usize> Walk<'a, T, IN, SUMMED, KEPT> {
    /// Through slices of `len` numbers, one behind the other.
    fn new(
        inputs: [Source<'a, T>; IN],
        summed: [Target<'a, T::Real>; SUMMED],
        kept: [Target<'a, T>; KEPT],
        len: usize,
    ) -> Self {
        assert!(inputs.iter().all(|source| source.repeats || (source.len == len && source.stride == 1)));
        assert!(summed.iter().all(|target| target.len == len && target.stride == 1));
        assert!(kept.iter().all(|target| target.len == len && target.stride == 1));
        Self::through(inputs, summed, kept, len)
    }

    /// Through slices that the caller has seen to be such.
    #[inline(always)]
    fn through(
        inputs: [Source<'a, T>; IN],
        summed: [Target<'a, T::Real>; SUMMED],
        kept: [Target<'a, T>; KEPT],
        len: usize,
    ) -> Self {
        let (mut from, mut moves) = ([core::ptr::null(); IN], [0; IN]);
        let mut k = 0;
        while k < IN {
            (from[k], moves[k]) = (inputs[k].from, usize::from(!inputs[k].repeats));
            k += 1;
        }
        let mut to_sum = [core::ptr::null_mut(); SUMMED];
        let mut k = 0;
        while k < SUMMED {
            to_sum[k] = summed[k].to;
            k += 1;
        }
        let mut to_keep = [core::ptr::null_mut(); KEPT];
        let mut k = 0;
        while k < KEPT {
            to_keep[k] = kept[k].to;
            k += 1;
        }
        Walk { from, moves, to_sum, to_keep, len, rest: 0, stream: false, lifetime: PhantomData }
    }

    /// What is kept, one slice, passes the caches; its first `head` numbers come before the first line.
    #[cold]
    fn past_caches(&mut self, head: usize) {
        if head == 0 {
            self.stream = true;
        } else {
            (self.len, self.rest) = (head, self.len - head);
        }
    }

    /// Goes on to what passes the caches.
    #[cold]
    fn go_on(&mut self) {
        let done = self.len;
        self.from.iter_mut().zip(self.moves).for_each(|(from, moves)| *from = from.wrapping_add(done * moves));
        self.to_sum.iter_mut().for_each(|to| *to = to.wrapping_add(done));
        self.to_keep.iter_mut().for_each(|to| *to = to.wrapping_add(done));
        (self.len, self.rest, self.stream) = (self.rest, 0, true);
    }
}

impl<I: Isa> Pass<I> {
    /// The map of slices into others.
    ///
    /// The text of a function stands once in the program: in a loop over whole registers that asks nothing. What fills
    /// no register goes through that loop in blocks on the stack.
    #[inline(always)]
    fn walk<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize, const SUMMED: usize, const KEPT: usize>(
        self,
        map: M,
        walk: &Walk<T, IN, SUMMED, KEPT>,
    ) {
        const { assert!(SUMMED + KEPT == OUT) };
        let count = <Lane<T, I> as Lanes>::COUNT;
        let mut input_blocks = [const { MaybeUninit::<[T; WIDEST]>::uninit() }; IN];
        let mut summed_blocks = [const { MaybeUninit::<[T::Real; WIDEST]>::uninit() }; SUMMED];
        let mut kept_blocks = [const { MaybeUninit::<[T; WIDEST]>::uninit() }; KEPT];
        let &Walk { mut from, moves, mut to_sum, mut to_keep, len, stream, .. } = walk;
        let mut registers = len / count;
        let mut part = 0;
        // SAFETY: every slice has `len` numbers, and a block that repeats has WIDEST >= count of them: the pointers stay
        // within, and so do the parts that go to and from the blocks. The loop takes `registers` times `count` numbers,
        // which the slices or the blocks have. The pass proves the instructions.
        unsafe {
            loop {
                let mut at = 0;
                while registers > 0 {
                    let mut loaded = [T::load::<I>(from[0]); IN];
                    let mut k = 0;
                    while k < IN {
                        loaded[k] = T::load::<I>(from[k]);
                        from[k] = from[k].wrapping_add(moves[k] * count);
                        k += 1;
                    }
                    let results = map.apply(loaded);
                    let mut k = 0;
                    while k < SUMMED {
                        results[k].store(to_sum[k].wrapping_add(at));
                        k += 1;
                    }
                    let mut k = 0;
                    while k < KEPT {
                        let to = to_keep[k].wrapping_add(at);
                        // Hidden from the compiler, which would make a second loop, with a second text.
                        if const { KEPT == 1 } && stream && core::hint::black_box(part == 0) {
                            I::prefetch(from[0].wrapping_add(AHEAD / size_of::<T>()));
                            T::stream::<I>(results[SUMMED + k], to);
                        } else {
                            T::store::<I>(results[SUMMED + k], to);
                        }
                        k += 1;
                    }
                    at += count;
                    registers -= 1;
                }
                if part > 0 {
                    break;
                }
                part = len % count;
                if part == 0 {
                    return;
                }
                let mut k = 0;
                while k < IN {
                    let block = input_blocks[k].as_mut_ptr().cast();
                    T::store::<I>(T::load_partial::<I>(from[k], part), block);
                    from[k] = block;
                    k += 1;
                }
                let mut k = 0;
                while k < SUMMED {
                    to_sum[k] = summed_blocks[k].as_mut_ptr().cast();
                    k += 1;
                }
                let mut k = 0;
                while k < KEPT {
                    to_keep[k] = kept_blocks[k].as_mut_ptr().cast();
                    k += 1;
                }
                registers = 1;
            }
            let done = len - part;
            let mut k = 0;
            while k < SUMMED {
                let register: Lane<T, I> = Register::load(to_sum[k]);
                register.store_partial(walk.to_sum[k].wrapping_add(done), part);
                k += 1;
            }
            let mut k = 0;
            while k < KEPT {
                T::store_partial::<I>(T::load::<I>(to_keep[k]), walk.to_keep[k].wrapping_add(done), part);
                k += 1;
            }
        }
    }

    /// [`walk`](Pass::walk) through numbers that may be strided: those are gathered into blocks, and scattered from them.
    #[inline(always)]
    fn stroll<
        T: Element,
        M: Map<IN, OUT>,
        const IN: usize,
        const OUT: usize,
        const SUMMED: usize,
        const KEPT: usize,
    >(
        self,
        map: M,
        inputs: [Source<T>; IN],
        summed: [Target<T::Real>; SUMMED],
        kept: [Target<T>; KEPT],
        len: usize,
        stream: bool,
    ) {
        let mut gathered = [const { MaybeUninit::<[T; GATHERED]>::uninit() }; IN];
        let mut scattered = [const { MaybeUninit::<[T; GATHERED]>::uninit() }; KEPT];
        let mut strided = false;
        let mut k = 0;
        while k < IN {
            strided |= inputs[k].stride != 1;
            k += 1;
        }
        let mut k = 0;
        while k < KEPT {
            strided |= kept[k].stride != 1;
            k += 1;
        }
        let block = if strided { GATHERED } else { len };
        let mut done = 0;
        while done < len {
            let n = block.min(len - done);
            let (mut from, mut sums, mut to) = (inputs, summed, kept);
            let mut k = 0;
            while k < IN {
                from[k] = from[k].part(done, n);
                if from[k].stride != 1 {
                    let place = Target::place(gathered[k].as_mut_ptr().cast(), n);
                    from[k].copy_to(place);
                    from[k] = place.source();
                }
                k += 1;
            }
            let mut k = 0;
            while k < SUMMED {
                assert!(sums[k].stride == 1);
                sums[k] = sums[k].part(done, n);
                k += 1;
            }
            let mut k = 0;
            while k < KEPT {
                to[k] = to[k].part(done, n);
                if to[k].stride != 1 {
                    to[k] = Target::place(scattered[k].as_mut_ptr().cast(), n);
                }
                k += 1;
            }
            let mut walk = Walk::through(from, sums, to, n);
            walk.stream = stream;
            self.walk(map, &walk);
            let mut k = 0;
            while k < KEPT {
                if kept[k].stride != 1 {
                    to[k].source().copy_to(kept[k].part(done, n));
                }
                k += 1;
            }
            done += n;
        }
    }

    /// The map of numbers into others.
    #[inline(always)]
    pub(crate) fn map<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
        self,
        map: M,
        inputs: [Source<T>; IN],
        outputs: [Target<T>; OUT],
    ) {
        self.stroll(map, inputs, [], outputs, outputs[0].len, false);
    }

    /// The map of numbers into others of the type that is computed in: not yet rounded.
    #[inline(always)]
    pub(crate) fn map_unrounded<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
        self,
        map: M,
        inputs: [Source<T>; IN],
        outputs: [Target<T::Real>; OUT],
    ) {
        self.stroll(map, inputs, outputs, [], outputs[0].len, false);
    }

    /// The sum of the map of numbers.
    #[inline(always)]
    pub(crate) fn sum_of<T: Element, M: Map<IN, 1>, const IN: usize>(
        self,
        map: M,
        inputs: [Source<T>; IN],
        len: usize,
    ) -> f64 {
        self.map_and_sum(map, inputs, [], len)
    }

    /// The map of numbers: its first output is summed, the others are kept.
    #[inline(always)]
    pub(crate) fn map_and_sum<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize, const KEPT: usize>(
        self,
        map: M,
        inputs: [Source<T>; IN],
        kept: [Target<T>; KEPT],
        len: usize,
    ) -> f64 {
        self.map_and_sum_at::<T, M, IN, OUT, KEPT, true>(map, inputs, None, kept, len, Reach::Caches)
    }

    /// The map of numbers, which are in the caches or beyond: its first output is summed, and kept if it has a place; the
    /// others are kept.
    ///
    /// What is summed goes through a block, or through its own place: it is added right after it is written, from the first
    /// cache. Beyond the caches nothing is loaded meanwhile; so every part of a block asks for what comes after it.
    ///
    /// Only if they may be `STRIDED`, is there code for numbers that lie apart.
    #[inline(always)]
    pub(crate) fn map_and_sum_at<
        T: Element,
        M: Map<IN, OUT>,
        const IN: usize,
        const OUT: usize,
        const KEPT: usize,
        const STRIDED: bool,
    >(
        self,
        map: M,
        inputs: [Source<T>; IN],
        place: Option<Target<T::Real>>,
        kept: [Target<T>; KEPT],
        len: usize,
        reach: Reach,
    ) -> f64 {
        let (part, stream, head) = match reach {
            Reach::Caches => (BLOCK, false, 0),
            Reach::Memory { stream_after: None } => (PART, false, 0),
            Reach::Memory { stream_after: Some(head) } => (PART, true, head % <Lane<T, I> as Lanes>::COUNT),
        };
        let mut k = 0;
        while k < IN {
            assert!(STRIDED || inputs[k].stride == 1);
            k += 1;
        }
        let mut k = 0;
        while k < KEPT {
            assert!(STRIDED || kept[k].stride == 1);
            k += 1;
        }
        let mut block = Scratch::<T::Real, BLOCK>::new();
        let mut tree = Tree::new();
        let mut done = 0;
        while done < len {
            let n = BLOCK.min(len - done);
            let place = place.map(|place| place.part(done, n));
            let summed = match place {
                Some(place) if place.stride == 1 => place,
                _ => block.target().part(0, n),
            };
            let mut at = 0;
            while at < n {
                // What fills no register goes first, so that what follows is aligned to registers.
                let step = if at < head { head } else { part }.min(n - at);
                let (mut inputs, mut kept) = (inputs, kept);
                let mut k = 0;
                while k < IN {
                    inputs[k] = inputs[k].part(done + at, step);
                    k += 1;
                }
                let mut k = 0;
                while k < KEPT {
                    kept[k] = kept[k].part(done + at, step);
                    k += 1;
                }
                if part < BLOCK {
                    ask_ahead::<I, T, IN>(inputs);
                }
                let summed = [summed.part(at, step)];
                if const { STRIDED } {
                    self.stroll(map, inputs, summed, kept, step, stream);
                } else {
                    let mut walk = Walk::through(inputs, summed, kept, step);
                    walk.stream = stream;
                    self.walk(map, &walk);
                }
                at += step;
            }
            if let Some(place) = place.filter(|place| place.stride != 1) {
                summed.source().copy_to(place);
            }
            tree.push(self.apart(BlockSum(summed.source())));
            done += n;
        }
        if stream {
            // SAFETY: the pass proves the instructions.
            unsafe { I::fence() }
        }
        tree.sum()
    }

    /// The map of a short row of numbers that lie one behind the other. What fills no register has a text of its own here:
    /// beside so few numbers, its way through a block would be long.
    #[inline(always)]
    pub(crate) fn map_short<R: Real, M: Map<IN, 1>, const IN: usize>(
        self,
        map: M,
        from: [Source<R>; IN],
        to: Target<R>,
    ) {
        let (count, len) = (<R::Lanes<I> as Lanes>::COUNT, to.len);
        let mut k = 0;
        while k < IN {
            assert!(from[k].len == len && from[k].stride == 1 && to.stride == 1);
            k += 1;
        }
        let mut i = 0;
        // SAFETY: the walk stays within all, and the pass proves the instructions.
        unsafe {
            while len - i >= count {
                let mut x = [R::Lanes::<I>::load(from[0].from.add(i)); IN];
                let mut k = 1;
                while k < IN {
                    x[k] = R::Lanes::<I>::load(from[k].from.add(i));
                    k += 1;
                }
                let [y] = map.apply(x);
                y.store(to.to.add(i));
                i += count;
            }
            if i < len {
                let mut x = [R::Lanes::<I>::load_partial(from[0].from.add(i), len - i); IN];
                let mut k = 1;
                while k < IN {
                    x[k] = R::Lanes::<I>::load_partial(from[k].from.add(i), len - i);
                    k += 1;
                }
                let [y] = map.apply(x);
                y.store_partial(to.to.add(i), len - i);
            }
        }
    }

    /// The sum of at most BLOCK numbers: number i goes to strand i mod 16, and the strands are added pairwise.
    #[inline(always)]
    pub(crate) fn sum_block<R: Real>(self, numbers: Source<R>) -> f64 {
        let mut sums = Strands::<I>::new();
        let mut done = 0;
        // SAFETY: the walk stays within the numbers, and the pass proves the instructions.
        unsafe {
            while numbers.len - done >= STRANDS {
                sums.add(numbers.from.add(done));
                done += STRANDS;
            }
            if done < numbers.len {
                sums.add_partial(numbers.from.add(done), numbers.len - done);
            }
        }
        sums.total()
    }

    /// Adds each number to a sum of its own.
    #[inline(always)]
    pub(crate) fn add<R: Real>(self, numbers: Source<R>, sums: &mut [f64]) {
        let (count, len) = (<I::F64 as Lanes>::COUNT, numbers.len);
        let sums = &mut sums[..len];
        assert!(numbers.stride == 1);
        let mut i = 0;
        // SAFETY: the walk stays within both, and the pass proves the instructions.
        unsafe {
            while len - i >= count {
                let sum = sums.as_mut_ptr().add(i);
                (I::F64::load(sum) + R::load_wide::<I>(numbers.from.add(i))).store(sum);
                i += count;
            }
            while i < len {
                sums[i] += Real::wide(*numbers.from.add(i));
                i += 1;
            }
        }
    }

    /// The largest of the numbers times `sign`, 1 or -1, that is no NaN; -inf if there is none.
    #[inline(always)]
    pub(crate) fn max<T: Element>(self, numbers: Source<T>, sign: T::Real) -> T::Real {
        let count = <Lane<T, I> as Lanes>::COUNT;
        let step = T::Real::STEP;
        let mut gathered = MaybeUninit::<[T; GATHERED]>::uninit();
        let mut lanes = [step[0]; WIDEST];
        // SAFETY: the lanes have at least COUNT numbers, and the step twice WIDEST. Loads stay within the numbers or the
        // block. The pass proves the instructions.
        unsafe {
            let lowest: Lane<T, I> = Register::load(step.as_ptr().add(WIDEST));
            let sign = lowest.fill(sign);
            // Four chains, because a maximum takes longer than a load.
            let mut largest = [lowest; 4];
            let block = if numbers.stride == 1 { numbers.len } else { GATHERED };
            let mut done = 0;
            while done < numbers.len {
                let part = numbers.part(done, block.min(numbers.len - done));
                let (mut from, n) = (part.from, part.len);
                done += n;
                if numbers.stride != 1 {
                    let to = gathered.as_mut_ptr().cast::<T>();
                    part.copy_to(Target::place(to, n));
                    from = to;
                }
                let mut i = 0;
                while n - i >= 4 * count {
                    let mut k = 0;
                    while k < 4 {
                        largest[k] = largest[k].at_least(T::load::<I>(from.add(i + k * count)) * sign);
                        k += 1;
                    }
                    i += 4 * count;
                }
                while n - i >= count {
                    largest[0] = largest[0].at_least(T::load::<I>(from.add(i)) * sign);
                    i += count;
                }
                if i < n {
                    // -inf in the lanes that have no number.
                    let hidden: Lane<T, I> = Register::load(step.as_ptr().add(WIDEST - (n - i)));
                    largest[1] = largest[1].at_least(T::load_partial::<I>(from.add(i), n - i) * sign + hidden);
                }
            }
            let [a, b, c, d] = largest;
            a.at_least(b).at_least(c.at_least(d)).store(lanes.as_mut_ptr());
        }
        let mut half = count / 2;
        while half > 0 {
            let mut i = 0;
            while i < half {
                lanes[i] = if lanes[i + half] > lanes[i] { lanes[i + half] } else { lanes[i] };
                i += 1;
            }
            half /= 2;
        }
        lanes[0]
    }
}

/// The sum of a block, as a function of its own: not once for each function that is mapped.
struct BlockSum<'a, R>(Source<'a, R>);

impl<R: Real> Kernel for BlockSum<'_, R> {
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) -> f64 {
        pass.sum_block(self.0)
    }
}

/// The strands of a sum, in registers.
struct Strands<I: Isa>([I::F64; STRANDS]);

impl<I: Isa> Strands<I> {
    const COUNT: usize = <I::F64 as Lanes>::COUNT;

    #[inline(always)]
    fn new() -> Self {
        const { assert!(STRANDS.is_multiple_of(Self::COUNT)) };
        let zeros = [0.0; STRANDS];
        // SAFETY: as many zeros as a register has lanes. Whoever names the instruction set has a pass.
        Strands([unsafe { I::F64::load(zeros.as_ptr()) }; STRANDS])
    }

    /// Adds a number to each strand.
    /// # Safety
    /// `from` is valid for reads of STRANDS numbers.
    #[inline(always)]
    unsafe fn add<R: Real>(&mut self, from: *const R) {
        let mut i = 0;
        while i < STRANDS / Self::COUNT {
            // SAFETY: the caller's.
            self.0[i] = self.0[i] + unsafe { R::load_wide::<I>(from.add(i * Self::COUNT)) };
            i += 1;
        }
    }

    /// Adds a number to each of the first `n` strands.
    /// # Safety
    /// `from` is valid for reads of `n` < STRANDS numbers.
    #[inline(always)]
    unsafe fn add_partial<R: Real>(&mut self, from: *const R, n: usize) {
        let count = <R::Lanes<I> as Lanes>::COUNT;
        const { assert!(STRANDS.is_multiple_of(<R::Lanes<I> as Lanes>::COUNT)) };
        let mut rest = [R::zero(); STRANDS];
        let mut i = 0;
        // SAFETY: the caller's; the rest has STRANDS numbers.
        unsafe {
            while i < n {
                let part: R::Lanes<I> = if n - i < count {
                    Register::load_partial(from.add(i), n - i)
                } else {
                    Register::load(from.add(i))
                };
                part.store(rest.as_mut_ptr().add(i));
                i += count;
            }
            self.add(rest.as_ptr());
        }
    }

    #[inline(always)]
    fn total(self) -> f64 {
        let mut strands = [0.0; STRANDS];
        let mut i = 0;
        while i < STRANDS / Self::COUNT {
            // SAFETY: within the strands.
            unsafe { self.0[i].store(strands.as_mut_ptr().add(i * Self::COUNT)) }
            i += 1;
        }
        *pairwise(&mut strands)
    }
}

/// A map over whole slices.
struct Slices<'a, T: Element, M, const IN: usize, const OUT: usize> {
    map: M,
    walk: &'a Walk<'a, T, IN, 0, OUT>,
}

impl<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for Slices<'_, T, M, IN, OUT> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) {
        pass.walk(self.map, self.walk);
        if self.walk.stream {
            // SAFETY: the pass proves the instructions.
            unsafe { I::fence() }
        }
    }
}

/// The map of slices into others.
#[inline(always)]
pub(crate) fn map<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [Source<T>; IN],
    outputs: [Target<T>; OUT],
) {
    let len = outputs[0].len;
    if T::ROUNDS {
        return through_real(inputs, outputs, len, &mut |inputs, outputs, len| {
            wide(Slices { map, walk: &Walk::new(inputs, [], outputs, len) });
        });
    }
    let mut walk = Walk::new(inputs, [], outputs, len);
    if let Some(head) = stream_after(inputs, outputs) {
        walk.past_caches(head);
    }
    loop {
        wide(Slices { map, walk: &walk });
        if walk.rest == 0 {
            break;
        }
        walk.go_on();
    }
}

/// What is done with blocks, and their length.
type Work<'a, R, const IN: usize, const OUT: usize> = &'a mut dyn FnMut([Source<R>; IN], [Target<R>; OUT], usize);

/// A type that is for memory alone: block by block widened, worked on in the type that is computed in, and rounded. So the
/// half types have no kernels of their own; nor, behind a pointer, a loop for each function.
fn through_real<T: Element, const IN: usize, const OUT: usize>(
    inputs: [Source<T>; IN],
    outputs: [Target<T>; OUT],
    len: usize,
    work: Work<T::Real, IN, OUT>,
) {
    let mut widened = [const { MaybeUninit::<Block<T::Real>>::uninit() }; IN];
    let mut made = [const { MaybeUninit::<Block<T::Real>>::uninit() }; OUT];
    let mut done = 0;
    while done < len {
        let n = BLOCK.min(len - done);
        let inputs = widen(inputs, &mut widened, done, n);
        let targets = blocks(&mut made, n);
        work(inputs, targets, n);
        narrow(targets, outputs, done, n);
        done += n;
    }
}

/// A map whose first output is summed, the others kept.
struct MapAndSum<'a, T, M, const IN: usize, const OUT: usize, const KEPT: usize> {
    map: M,
    inputs: [Source<'a, T>; IN],
    kept: [Target<'a, T>; KEPT],
    len: usize,
    reach: Reach,
}

impl<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize, const KEPT: usize> Kernel
    for MapAndSum<'_, T, M, IN, OUT, KEPT>
{
    type Output = f64;
    #[inline(always)]
    fn run<I: Isa>(self, pass: Pass<I>) -> f64 {
        let MapAndSum { map, inputs, kept, len, reach } = self;
        pass.map_and_sum_at::<T, M, IN, OUT, KEPT, false>(map, inputs, None, kept, len, reach)
    }
}

/// The map of slices: its first output is summed, the others are kept. A block of `through_real` is a leaf of the sum's
/// tree.
#[inline(always)]
pub(crate) fn map_and_sum<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize, const KEPT: usize>(
    map: M,
    inputs: [Source<T>; IN],
    kept: [Target<T>; KEPT],
    len: usize,
) -> f64 {
    if !T::ROUNDS {
        let bytes = len.saturating_mul((IN + KEPT) * size_of::<T>());
        let beyond = Reach::Memory { stream_after: stream_after(inputs, kept) };
        let reach = if bytes <= STREAM_BYTES { Reach::Caches } else { beyond };
        return wide(MapAndSum { map, inputs, kept, len, reach });
    }
    let mut tree = Tree::new();
    through_real(inputs, kept, len, &mut |inputs, kept, len| {
        tree.push(wide(MapAndSum { map, inputs, kept, len, reach: Reach::Caches }));
    });
    tree.sum()
}

/// The parts of the sources, widened into blocks.
fn widen<'a, T: Element, const IN: usize>(
    inputs: [Source<'a, T>; IN],
    blocks: &'a mut [MaybeUninit<Block<T::Real>>; IN],
    done: usize,
    n: usize,
) -> [Source<'a, T::Real>; IN] {
    core::array::from_fn(|k| {
        let from = inputs[k].part(done, n);
        let to = Target::place(blocks[k].as_mut_ptr().cast::<T::Real>(), from.len);
        wide(Convert { from, to });
        Source { repeats: from.repeats, ..to.source() }
    })
}

/// The beginnings of blocks.
fn blocks<'a, R: Real, const OUT: usize>(
    blocks: &'a mut [MaybeUninit<Block<R>>; OUT],
    n: usize,
) -> [Target<'a, R>; OUT] {
    core::array::from_fn(|k| Target::place(blocks[k].as_mut_ptr().cast::<R>(), n))
}

/// What blocks hold, rounded into the parts of the targets.
fn narrow<T: Element, const OUT: usize>(
    blocks: [Target<T::Real>; OUT],
    outputs: [Target<T>; OUT],
    done: usize,
    n: usize,
) {
    for (block, output) in blocks.iter().zip(outputs) {
        wide(Convert { from: block.source(), to: output.part(done, n) });
    }
}

/// Numbers of a type as another that is computed in the same.
pub(crate) fn convert<A: Element, B: Element<Real = A::Real>>(from: &[A], to: &mut [B]) {
    wide(Convert { from: Source::new(from), to: Target::new(to) });
}

/// Numbers on their way from one type into another that is computed in the same.
struct Convert<'a, A, B> {
    from: Source<'a, A>,
    to: Target<'a, B>,
}

impl<A: Element, B: Element<Real = A::Real>> Kernel for Convert<'_, A, B> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Pass<I>) {
        let (count, len) = (<Lane<A, I> as Lanes>::COUNT, self.to.len);
        assert!(self.from.len == len);
        let mut done = 0;
        while done < len {
            let n = count.min(len - done);
            // SAFETY: both have n numbers from `done` on; the pass proves the instructions.
            unsafe {
                let (from, to) = (self.from.from.add(done), self.to.to.add(done));
                if n == count {
                    B::store::<I>(A::load::<I>(from), to);
                } else {
                    B::store_partial::<I>(A::load_partial::<I>(from, n), to, n);
                }
            }
            done += n;
        }
    }
}

/// Pairs of numbers, and their first and second numbers apart.
struct Pairs<A, B> {
    pairs: A,
    apart: [B; 2],
}

impl<T: Element> Kernel for Pairs<Source<'_, T>, Target<'_, T>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Pass<I>) {
        let Pairs { pairs: Source { from, len, .. }, apart: [first, second] } = self;
        assert!(first.len == second.len && len == 2 * first.len);
        for i in 0..first.len {
            // SAFETY: number i of len / 2, and its pair.
            unsafe {
                *first.to.add(i) = *from.add(2 * i);
                *second.to.add(i) = *from.add(2 * i + 1);
            }
        }
    }
}

impl<T: Element> Kernel for Pairs<Target<'_, T>, Source<'_, T>> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Pass<I>) {
        let Pairs { pairs: Target { to, len, .. }, apart: [first, second] } = self;
        assert!(first.len == second.len && len == 2 * first.len);
        for i in 0..first.len {
            // SAFETY: number i of len / 2, and its pair.
            unsafe {
                *to.add(2 * i) = *first.from.add(i);
                *to.add(2 * i + 1) = *second.from.add(i);
            }
        }
    }
}

/// The first and the second numbers of pairs.
pub(crate) fn unzip<T: Element>(pairs: Source<T>, apart: [Target<T>; 2]) {
    wide(Pairs { pairs, apart });
}

/// Pairs of first and second numbers.
pub(crate) fn zip<T: Element>(apart: [Source<T>; 2], pairs: Target<T>) {
    wide(Pairs { pairs, apart });
}

/// Stores pass the caches when inputs and outputs together exceed this many bytes: then an ordinary store would read
/// from memory, for nothing, every line that it is about to overwrite.
const STREAM_BYTES: usize = 64 << 20;

/// The bytes of a cache line.
const LINE: usize = 64;

/// Then loads are asked for so many bytes ahead: a kernel that computes as long as memory takes leaves no room to wait.
const AHEAD: usize = 1024;

/// Sums of what is not in the caches go in parts of a block.
const PART: usize = 128;

/// Then loads are asked for so many bytes ahead.
const FAR_AHEAD: usize = 4096;

/// Where the numbers of a sum are.
#[derive(Clone, Copy)]
pub(crate) enum Reach {
    /// In the caches, if anywhere near.
    Caches,
    /// Beyond them; stores pass them too from so many elements on, where the output is aligned.
    Memory { stream_after: Option<usize> },
}

/// Asks for what comes after the parts that are next.
#[inline(never)]
fn ask_ahead<I: Isa, T: Copy, const IN: usize>(inputs: [Source<T>; IN]) {
    for input in inputs.iter().filter(|input| !input.repeats) {
        for line in (0..PART * size_of::<T>()).step_by(LINE) {
            I::prefetch(input.from.cast::<u8>().wrapping_add(FAR_AHEAD + line));
        }
    }
}

/// How far the one output is from the next line, if it is so long that stores should pass the caches.
#[inline(always)]
fn stream_after<T: Element, const IN: usize, const OUT: usize>(
    inputs: [Source<T>; IN],
    outputs: [Target<T>; OUT],
) -> Option<usize> {
    let [output] = *outputs.first_chunk::<1>()?;
    let in_place = inputs.iter().any(|input| input.from == output.to.cast_const());
    let bytes = output.len.saturating_mul((IN + OUT) * size_of::<T>());
    if OUT != 1 || in_place || bytes <= STREAM_BYTES {
        return None;
    }
    Some(output.to.align_offset(LINE)).filter(|&n| n < output.len)
}

/// Numbers of a block, from the beginning of a line.
#[repr(align(64))]
struct Block<T>(#[allow(dead_code, reason = "only ever a place")] [T; BLOCK]);

/// A map of single numbers.
struct Numbers<R, M, const IN: usize, const OUT: usize> {
    map: M,
    inputs: [R; IN],
}

impl<R: Real, M: Map<IN, OUT>, const IN: usize, const OUT: usize> Kernel for Numbers<R, M, IN, OUT> {
    type Output = [R; OUT];

    #[inline(always)]
    fn run<I: Isa>(self, _: Pass<I>) -> [R; OUT] {
        assert!(<R::Lanes<I> as Lanes>::COUNT == 1);
        let mut outputs = [R::zero(); OUT];
        // SAFETY: one lane is loaded from and stored to one number; the pass proves the instructions.
        unsafe {
            let mut registers = [R::Lanes::<I>::load(&raw const self.inputs[0]); IN];
            let mut i = 1;
            while i < IN {
                registers[i] = R::Lanes::<I>::load(&raw const self.inputs[i]);
                i += 1;
            }
            let results = self.map.apply(registers);
            let mut i = 0;
            while i < OUT {
                results[i].store(&raw mut outputs[i]);
                i += 1;
            }
        }
        outputs
    }
}

/// The map of single numbers. Elements that are computed in one type share its code.
#[inline(always)]
pub(crate) fn numbers<T: Element, M: Map<IN, OUT>, const IN: usize, const OUT: usize>(
    map: M,
    inputs: [T; IN],
) -> [T; OUT] {
    let mut reals = [<T::Real as Real>::of(0.0); IN];
    let mut k = 0;
    while k < IN {
        reals[k] = <T::Real as Real>::of(inputs[k].wide());
        k += 1;
    }
    let results = single(Numbers { map, inputs: reals });
    let mut outputs = [T::of(0.0); OUT];
    let mut k = 0;
    while k < OUT {
        outputs[k] = T::of(Real::wide(results[k]));
        k += 1;
    }
    outputs
}
