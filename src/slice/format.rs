//! The formats of numbers in memory.
//!
//! f32 and f64 are computed as they are stored. f16 and bf16 are for memory alone: their numbers are widened to f32, block
//! by block, and what is made of them is rounded once. A view carries the format of its numbers, as it carries their
//! stride, so every kernel is compiled for f32 and f64 alone.

use super::map::GATHER_BLOCK;
use super::view::{Block, Dst, Src};
use crate::element::Element;
use crate::simd::{Isa, Kernel, Real, Token, dispatch};
#[cfg(feature = "half")]
use crate::simd::{Lanes, MAX_LANES, Register};
use crate::sum::BLOCK;

/// How the numbers of a view are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As they are computed in.
    Real,
    #[cfg(feature = "half")]
    F16,
    #[cfg(feature = "half")]
    Bf16,
}

/// A type that is computed in, as it meets memory. A pointer is to numbers of the format, whatever its type.
pub trait Stored: Sized {
    /// Whether the format may be one that rounds.
    const NARROWS: bool;

    /// Whether a format rounds.
    #[inline(always)]
    fn rounds(format: Format) -> bool {
        Self::NARROWS && format != Format::Real
    }

    /// The bytes of a number.
    #[inline(always)]
    fn bytes(format: Format) -> usize {
        if Self::rounds(format) { size_of::<u16>() } else { size_of::<Self>() }
    }

    /// # Safety
    /// `from` is valid for reads of a number.
    unsafe fn read(format: Format, from: *const Self) -> f64;

    /// Rounds once.
    /// # Safety
    /// `to` is valid for writes of a number.
    unsafe fn write(format: Format, to: *mut Self, value: f64);

    /// Numbers of a format that rounds, in this type.
    /// # Safety
    /// Both pointers are valid for `len` numbers, `to` of this type, and the machine has the instructions.
    unsafe fn widen<I: Isa>(format: Format, from: *const Self, to: *mut Self, len: usize);

    /// Numbers of this type, in a format that rounds.
    /// # Safety
    /// Both pointers are valid for `len` numbers, `from` of this type, and the machine has the instructions.
    unsafe fn narrow<I: Isa>(from: *const Self, format: Format, to: *mut Self, len: usize);
}

impl Stored for f64 {
    const NARROWS: bool = false;
    #[inline(always)]
    unsafe fn read(_: Format, from: *const Self) -> f64 {
        // SAFETY: the caller's; no format of f64 rounds.
        unsafe { *from }
    }
    #[inline(always)]
    unsafe fn write(_: Format, to: *mut Self, value: f64) {
        // SAFETY: the caller's; no format of f64 rounds.
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
        // SAFETY: the caller's.
        unsafe {
            match format {
                Format::Real => (*from).into(),
                #[cfg(feature = "half")]
                _ => read_half(format, from.cast()),
            }
        }
    }
    #[inline(always)]
    unsafe fn write(format: Format, to: *mut Self, value: f64) {
        // SAFETY: the caller's.
        unsafe {
            match format {
                Format::Real => *to = value as f32,
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
            // SAFETY: the caller's.
            #[cfg(feature = "half")]
            Format::F16 => unsafe { widen::<half::f16, I>(from.cast(), to, len) },
            // SAFETY: the caller's.
            #[cfg(feature = "half")]
            Format::Bf16 => unsafe { widen::<half::bf16, I>(from.cast(), to, len) },
        }
    }
    #[inline(always)]
    #[cfg_attr(not(feature = "half"), allow(unused_variables, reason = "no format rounds"))]
    unsafe fn narrow<I: Isa>(from: *const Self, format: Format, to: *mut Self, len: usize) {
        match format {
            Format::Real => {}
            // SAFETY: the caller's.
            #[cfg(feature = "half")]
            Format::F16 => unsafe { narrow::<half::f16, I>(from, to.cast(), len) },
            // SAFETY: the caller's.
            #[cfg(feature = "half")]
            Format::Bf16 => unsafe { narrow::<half::bf16, I>(from, to.cast(), len) },
        }
    }
}

/// A number of 16 bits. A function of its own, as is the next: conversions are long beside what surrounds them.
/// # Safety
/// As [`Stored::read`].
#[cfg(feature = "half")]
#[inline(never)]
unsafe fn read_half(format: Format, from: *const u16) -> f64 {
    // SAFETY: the caller's; every pattern is a number.
    let bits = unsafe { *from };
    if format == Format::F16 { half::f16::from_bits(bits).into_f64() } else { half::bf16::from_bits(bits).into_f64() }
}

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
    // SAFETY: the caller's.
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
                // SAFETY: the caller's.
                unsafe { I::$load(from) }
            }
            #[inline(always)]
            unsafe fn store<I: Isa>(register: I::F32, to: *mut Self) {
                // SAFETY: the caller's.
                unsafe { I::$store(register, to) }
            }
        }
    };
}
#[cfg(feature = "half")]
half!(f16, load_f16, store_f16);
#[cfg(feature = "half")]
half!(bf16, load_bf16, store_bf16);

/// # Safety
/// As [`Stored::widen`].
#[cfg(feature = "half")]
#[inline(always)]
unsafe fn widen<H: Half, I: Isa>(from: *const H, to: *mut f32, len: usize) {
    let count = I::F32::COUNT;
    let mut done = 0_usize;
    // SAFETY: the loop stays within the numbers; a block has as many as any register. The rest is the caller's.
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

/// Numbers on their way from one view to another, of which one at least is in the type that is computed in.
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
        // What is strided goes through a block.
        let contiguous = from.stride == 1 && to.stride == 1;
        let most = if contiguous { to.len } else { GATHER_BLOCK };
        let mut done = 0;
        while done < to.len {
            let n = most.min(to.len - done);
            let (from, to) = (from.part(done, n), to.part(done, n));
            let (mut read, mut written) = (Block::<R, GATHER_BLOCK>::new(), Block::<R, GATHER_BLOCK>::new());
            // SAFETY: both views have n numbers, and so has a block where it is used; each is written before it is read. The
            // token proves the instructions.
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

/// Numbers of a type as another that is computed in the same, one of them that one.
pub(crate) fn convert<A: Element, B: Element<Real = A::Real>>(from: &[A], to: &mut [B]) {
    copy(Src::new(from), Dst::new(to));
}

/// Numbers as those of another view, one of them in the type that is computed in.
pub(crate) fn copy<R: Real>(from: Src<R>, to: Dst<R>) {
    dispatch(Convert { from, to });
}

impl<I: Isa> Token<I> {
    /// Numbers as they are, if they are contiguous and in the type that is computed in, or more than there is room for;
    /// else a copy of them that is. What goes over a row several times gathers it once.
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

/// What is done with blocks in the type that is computed in, and their length. Behind a pointer, so that the loop over
/// blocks is compiled once for each count of slices, and not once for each function.
pub(super) trait Work<R, const IN: usize, const OUT: usize> {
    fn block(&mut self, inputs: [Src<R>; IN], outputs: [Dst<R>; OUT], len: usize);
}

/// Work on contiguous slices that round, `len` numbers each, block by block.
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
        // SAFETY: the work writes all of its outputs.
        let targets = made.each_mut().map(|block| unsafe { block.dst(n) });
        work.block(inputs, targets, n);
        for (block, output) in targets.iter().zip(outputs) {
            dispatch(Convert { from: block.src(), to: output.part(done, n) });
        }
        done += n;
    }
}

/// Numbers in a block, widened.
fn widened_part<'a, R: Real>(from: Src<'a, R>, block: &mut Block<R, BLOCK>) -> Src<'a, R> {
    // SAFETY: written by the conversion. The caller reads it while the block is there.
    let to = unsafe { block.dst(from.len) };
    dispatch(Convert { from: Src { repeats: false, ..from }, to });
    Src { repeats: from.repeats, ..to.src() }
}
