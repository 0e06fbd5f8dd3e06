//! Storage formats of numbers.
//!
//! f32 and f64 are computed in as they are stored. f16 and bf16 are for memory alone: their numbers are widened to f32,
//! block by block, and the results are rounded once. A view carries the format of its numbers, as it carries their
//! stride, so every kernel is compiled for f32 and f64 alone.

use super::map::GATHER_BLOCK;
use super::view::{Block, Dst, Src};
use crate::convert::{narrowed, widened};
use crate::element::Element;
use crate::simd::{Isa, Kernel, Real, Token, dispatch};
#[cfg(feature = "half")]
use crate::simd::{Lanes, MAX_LANES, Register};
use crate::sum::BLOCK;

/// The storage format of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// The type that is computed in.
    Real,
    #[cfg(feature = "half")]
    F16,
    #[cfg(feature = "half")]
    Bf16,
}

/// A type that is computed in, and its storage formats. A pointer is to numbers of the format, whatever its type.
pub trait Stored: Sized {
    /// True if some format of this type rounds.
    const NARROWS: bool;

    /// True if the format rounds.
    #[inline(always)]
    fn rounds(format: Format) -> bool {
        Self::NARROWS && format != Format::Real
    }

    /// The size of a number in bytes.
    #[inline(always)]
    fn bytes(format: Format) -> usize {
        if Self::rounds(format) { size_of::<u16>() } else { size_of::<Self>() }
    }

    /// Reads a number.
    /// # Safety
    /// `from` is valid for reads of a number.
    unsafe fn read(format: Format, from: *const Self) -> f64;

    /// Writes a number, rounded once.
    /// # Safety
    /// `to` is valid for writes of a number.
    unsafe fn write(format: Format, to: *mut Self, value: f64);

    /// Widens numbers of a format that rounds to this type.
    /// # Safety
    /// Both pointers are valid for `len` numbers, `to` of this type, and the machine has the instructions.
    unsafe fn widen<I: Isa>(format: Format, from: *const Self, to: *mut Self, len: usize);

    /// Narrows numbers of this type to a format that rounds.
    /// # Safety
    /// Both pointers are valid for `len` numbers, `from` of this type, and the machine has the instructions.
    unsafe fn narrow<I: Isa>(from: *const Self, format: Format, to: *mut Self, len: usize);
}

impl Stored for f64 {
    const NARROWS: bool = false;
    #[inline(always)]
    unsafe fn read(_: Format, from: *const Self) -> f64 {
        // SAFETY: guaranteed by the caller; no format of f64 rounds.
        unsafe { *from }
    }
    #[inline(always)]
    unsafe fn write(_: Format, to: *mut Self, value: f64) {
        // SAFETY: guaranteed by the caller; no format of f64 rounds.
        unsafe { *to = value }
    }
    #[inline(always)]
    unsafe fn widen<I: Isa>(_: Format, _: *const Self, _: *mut Self, _: usize) {}
    #[inline(always)]
    unsafe fn narrow<I: Isa>(_: *const Self, _: Format, _: *mut Self, _: usize) {}
}

impl Stored for f32 {
    const NARROWS: bool = cfg!(feature = "half");
    #[inline(always)]
    unsafe fn read(format: Format, from: *const Self) -> f64 {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match format {
                Format::Real => widened(*from),
                #[cfg(feature = "half")]
                _ => read_half(format, from.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn write(format: Format, to: *mut Self, value: f64) {
        // SAFETY: guaranteed by the caller.
        unsafe {
            match format {
                Format::Real => *to = narrowed(value),
                #[cfg(feature = "half")]
                _ => write_half(format, to.cast(), value),
            }
        }
    }
    #[inline(always)]
    #[cfg_attr(not(feature = "half"), allow(unused_variables, reason = "no format rounds"))]
    unsafe fn widen<I: Isa>(format: Format, from: *const Self, to: *mut Self, len: usize) {
        match format {
            Format::Real => {}
            // SAFETY: guaranteed by the caller.
            #[cfg(feature = "half")]
            Format::F16 => unsafe { widen::<half::f16, I>(from.cast(), to, len) },
            // SAFETY: guaranteed by the caller.
            #[cfg(feature = "half")]
            Format::Bf16 => unsafe { widen::<half::bf16, I>(from.cast(), to, len) },
        }
    }
    #[inline(always)]
    #[cfg_attr(not(feature = "half"), allow(unused_variables, reason = "no format rounds"))]
    unsafe fn narrow<I: Isa>(from: *const Self, format: Format, to: *mut Self, len: usize) {
        match format {
            Format::Real => {}
            // SAFETY: guaranteed by the caller.
            #[cfg(feature = "half")]
            Format::F16 => unsafe { narrow::<half::f16, I>(from, to.cast(), len) },
            // SAFETY: guaranteed by the caller.
            #[cfg(feature = "half")]
            Format::Bf16 => unsafe { narrow::<half::bf16, I>(from, to.cast(), len) },
        }
    }
}

/// Reads a number of 16 bits. A function of its own, as is `write_half`: conversions are long beside what surrounds
/// them.
/// # Safety
/// As [`Stored::read`].
#[cfg(feature = "half")]
#[inline(never)]
unsafe fn read_half(format: Format, from: *const u16) -> f64 {
    // SAFETY: guaranteed by the caller; every pattern is a number.
    let bits = unsafe { *from };
    if format == Format::F16 { half::f16::from_bits(bits).into_f64() } else { half::bf16::from_bits(bits).into_f64() }
}

/// Writes a number of 16 bits, rounded once.
/// # Safety
/// As [`Stored::write`].
#[cfg(feature = "half")]
#[inline(never)]
unsafe fn write_half(format: Format, to: *mut u16, value: f64) {
    let bits = if format == Format::F16 {
        half::f16::from_f64_rounded(value).to_bits()
    } else {
        half::bf16::from_f64_rounded(value).to_bits()
    };
    // SAFETY: guaranteed by the caller.
    unsafe { *to = bits }
}

/// A type of 16 bits that is computed in f32.
#[cfg(feature = "half")]
trait Half: Copy + Default {
    /// # Safety
    /// As [`Register::load`].
    unsafe fn load<I: Isa>(from: *const Self) -> I::F32;
    /// # Safety
    /// As [`Register::store`].
    unsafe fn store<I: Isa>(register: I::F32, to: *mut Self);
}

#[cfg(feature = "half")]
macro_rules! half {
    ($T:ident, $load:ident, $store:ident) => {
        impl Half for half::$T {
            #[inline(always)]
            unsafe fn load<I: Isa>(from: *const Self) -> I::F32 {
                // SAFETY: guaranteed by the caller.
                unsafe { I::$load(from) }
            }
            #[inline(always)]
            unsafe fn store<I: Isa>(register: I::F32, to: *mut Self) {
                // SAFETY: guaranteed by the caller.
                unsafe { I::$store(register, to) }
            }
        }
    };
}
#[cfg(feature = "half")]
half!(f16, load_f16, store_f16);
#[cfg(feature = "half")]
half!(bf16, load_bf16, store_bf16);

/// Widens numbers of 16 bits.
/// # Safety
/// As [`Stored::widen`].
#[cfg(feature = "half")]
#[inline(always)]
unsafe fn widen<H: Half, I: Isa>(from: *const H, to: *mut f32, len: usize) {
    let count = I::F32::COUNT;
    let mut done = 0_usize;
    // SAFETY: the loop stays within the numbers; a block has as many as any register. The caller guarantees the rest.
    unsafe {
        while len.wrapping_sub(done) >= count {
            H::load::<I>(from.wrapping_add(done)).store(to.wrapping_add(done));
            done = done.wrapping_add(count);
        }
        if done < len {
            let mut block = [H::default(); MAX_LANES];
            from.wrapping_add(done).copy_to_nonoverlapping(block.as_mut_ptr(), len - done);
            H::load::<I>(block.as_ptr()).store_partial(to.wrapping_add(done), len - done);
        }
    }
}

/// Narrows numbers to 16 bits.
/// # Safety
/// As [`Stored::narrow`].
#[cfg(feature = "half")]
#[inline(always)]
unsafe fn narrow<H: Half, I: Isa>(from: *const f32, to: *mut H, len: usize) {
    let count = I::F32::COUNT;
    let mut done = 0_usize;
    // SAFETY: as `widen`.
    unsafe {
        while len.wrapping_sub(done) >= count {
            H::store::<I>(I::F32::load(from.wrapping_add(done)), to.wrapping_add(done));
            done = done.wrapping_add(count);
        }
        if done < len {
            let mut block = [H::default(); MAX_LANES];
            H::store::<I>(I::F32::load_partial(from.wrapping_add(done), len - done), block.as_mut_ptr());
            to.wrapping_add(done).copy_from_nonoverlapping(block.as_ptr(), len - done);
        }
    }
}

/// Cuts the numbers of a contiguous slice of a format that rounds to the range from 0 to `end`, which the format holds.
/// NaN and -0 stay what they are.
#[cfg(feature = "half")]
#[inline(never)]
pub(super) fn cut<R: Real>(from: Src<R>, to: Dst<R>, end: f64) {
    assert!(from.len == to.len && from.stride == 1 && to.stride == 1 && !from.repeats && from.format == to.format);
    let bits = |x: f64| match from.format {
        Format::F16 => half::f16::from_f64(x).to_bits().cast_signed(),
        _ => half::bf16::from_f64(x).to_bits().cast_signed(),
    };
    let [end, infinity, minus_infinity] = [end, f64::INFINITY, f64::NEG_INFINITY].map(bits);
    dispatch(Cut { from: from.from.cast(), to: to.to.cast(), len: to.len, end, infinity, minus_infinity });
}

/// The kernel of [`cut`], on the bits as whole numbers. Negative numbers, -0 aside, are those from that of -inf down; NaN
/// is beyond the infinities. Limit: memory.
#[cfg(feature = "half")]
struct Cut {
    from: *const i16,
    to: *mut i16,
    len: usize,
    end: i16,
    infinity: i16,
    minus_infinity: i16,
}

#[cfg(feature = "half")]
impl Cut {
    #[inline(always)]
    fn of(&self, x: i16) -> i16 {
        let x = if x > i16::MIN && x <= self.minus_infinity { 0 } else { x };
        if x > self.end && x <= self.infinity { self.end } else { x }
    }
}

#[cfg(feature = "half")]
impl Kernel for Cut {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        // SAFETY: `cut` gives the pointers of views of `len` numbers of 16 bits. Two loops, because the compiler
        // vectorizes the second for views that do not overlap alone.
        unsafe {
            if core::ptr::eq(self.from, self.to) {
                for x in core::slice::from_raw_parts_mut(self.to, self.len) {
                    *x = self.of(*x);
                }
                return;
            }
            let mut i = 0_usize;
            while i < self.len {
                *self.to.wrapping_add(i) = self.of(*self.from.wrapping_add(i));
                i = i.wrapping_add(1);
            }
        }
    }
}

/// The conversion of numbers from one view to another. At least one of the two does not round.
pub(crate) struct Convert<'a, R> {
    pub(crate) from: Src<'a, R>,
    pub(crate) to: Dst<'a, R>,
}

impl<R: Real> Kernel for Convert<'_, R> {
    type Output = ();
    #[inline(always)]
    fn run<I: Isa>(self, _: Token<I>) {
        let Self { from, to } = self;
        let [reads, writes] = [from.format, to.format].map(R::rounds);
        assert!(from.len == to.len && !from.repeats && !(reads && writes));
        if reads == writes {
            return from.copy_to(to);
        }
        // Strided numbers go through a block.
        let contiguous = from.stride == 1 && to.stride == 1;
        let most = if contiguous { to.len } else { GATHER_BLOCK };
        let mut done = 0;
        while done < to.len {
            let n = most.min(to.len - done);
            let (from, to) = (from.part(done, n), to.part(done, n));
            let (mut read, mut written) = (Block::<R, GATHER_BLOCK>::new(), Block::<R, GATHER_BLOCK>::new());
            // SAFETY: both views have n numbers, and so has a block where it is used; each is written before it is
            // read. The token proves the instructions.
            unsafe {
                let mut source = from;
                if from.stride != 1 {
                    let copy = read.dst(n).with_format(from.format);
                    from.copy_to(copy);
                    source = copy.src();
                }
                let target = if to.stride == 1 { to } else { written.dst(n).with_format(to.format) };
                if reads {
                    R::widen::<I>(source.format, source.from, target.to, n);
                } else {
                    R::narrow::<I>(source.from, to.format, target.to, n);
                }
                if to.stride != 1 {
                    target.src().copy_to(to);
                }
            }
            done += n;
        }
    }
}

/// Converts numbers of a type to another that is computed in the same; one of the two is that type itself.
pub(crate) fn convert<A: Element, B: Element<Real = A::Real>>(from: &[A], to: &mut [B]) {
    copy(Src::new(from), Dst::new(to));
}

/// Copies the numbers of a view to another. At least one of the two does not round.
pub(crate) fn copy<R: Real>(from: Src<R>, to: Dst<R>) {
    dispatch(Convert { from, to });
}

impl<I: Isa> Token<I> {
    /// The numbers as a plain view: themselves, or a copy in `room`. Unchanged if they are not plain and do not fit
    /// there. Kernels that pass over a row several times gather it once.
    #[inline(always)]
    pub(crate) fn plain<'a, R: Real>(self, numbers: Src<'a, R>, room: Dst<'a, R>) -> Src<'a, R> {
        if let Some(plain) = numbers.as_plain() {
            return plain;
        }
        if numbers.len > room.len {
            return numbers;
        }
        let to = room.part(0, numbers.len);
        self.call_outlined(Convert { from: numbers, to });
        to.src()
    }
}

/// Work on blocks of the type that is computed in, with their length. Behind a pointer, so that the loop over blocks is
/// compiled once for each count of slices, not once for each function.
pub(super) trait Work<R, const IN: usize, const OUT: usize> {
    fn block(&mut self, inputs: [Src<R>; IN], outputs: [Dst<R>; OUT], len: usize);
}

/// Does the work on contiguous slices that round, `len` numbers each, block by block.
pub(super) fn through_real<R: Real, const IN: usize, const OUT: usize>(
    inputs: [Src<R>; IN],
    outputs: [Dst<R>; OUT],
    len: usize,
    work: &mut dyn Work<R, IN, OUT>,
) {
    assert!(outputs.iter().all(|output| output.len == len && output.stride == 1));
    let mut widened = [const { Block::<R, BLOCK>::new() }; IN];
    let mut made = [const { Block::<R, BLOCK>::new() }; OUT];
    let mut done = 0;
    while done < len {
        let n = BLOCK.min(len - done);
        let inputs = core::array::from_fn(|k| widened_part(inputs[k].part(done, n), &mut widened[k]));
        // SAFETY: the work writes all of its outputs before they are read.
        let targets = made.each_mut().map(|block| unsafe { block.dst(n) });
        work.block(inputs, targets, n);
        for (block, output) in targets.iter().zip(outputs) {
            dispatch(Convert { from: block.src(), to: output.part(done, n) });
        }
        done += n;
    }
}

/// Widens numbers into a block.
fn widened_part<'a, R: Real>(from: Src<'a, R>, block: &mut Block<R, BLOCK>) -> Src<'a, R> {
    // SAFETY: the conversion writes the numbers, and the caller reads them while the block exists.
    let to = unsafe { block.dst(from.len) };
    dispatch(Convert { from: Src { repeats: false, ..from }, to });
    Src { repeats: from.repeats, ..to.src() }
}
