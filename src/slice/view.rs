//! Views of memory that kernels read and write: contiguous, strided, or one block again and again.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::format::Format;
use crate::element::Element;
use crate::simd::{MAX_LANES, Real};

/// Memory that is read: numbers `stride` apart, or one block that is read again and again. They are computed in `R`, and
/// stored in a format of it.
#[derive(Clone, Copy)]
pub(crate) struct Src<'a, R> {
    pub(super) from: *const R,
    pub(super) len: usize,
    pub(super) stride: usize,
    pub(super) format: Format,
    pub(super) repeats: bool,
    pub(super) lifetime: PhantomData<&'a [R]>,
}

/// Memory that is written, as [`Src`] is read.
///
/// The same numbers may be both: every loop loads from a place before it stores there, and no reference to the memory
/// exists meanwhile. The numbers are initialised.
#[derive(Clone, Copy)]
pub(crate) struct Dst<'a, R> {
    pub(super) to: *mut R,
    pub(super) len: usize,
    pub(super) stride: usize,
    pub(super) format: Format,
    pub(super) lifetime: PhantomData<&'a mut [R]>,
}

impl<'a, R: Real> Src<'a, R> {
    #[inline(always)]
    pub(crate) fn new<T: Element<Real = R>>(slice: &'a [T]) -> Self {
        let (from, len) = (slice.as_ptr().cast(), slice.len());
        Src { from, len, stride: 1, format: T::FORMAT, repeats: false, lifetime: PhantomData }
    }

    /// `block` again and again: every register of a loop of any length.
    #[inline(always)]
    pub(crate) fn repeat<T: Element<Real = R>>(block: &'a [T; MAX_LANES]) -> Self {
        Src { repeats: true, ..Self::new(block) }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        if self.repeats {
            return self;
        }
        assert!(start <= self.len && len <= self.len - start);
        Src { from: self.at(start * self.stride), len, ..self }
    }

    /// How many numbers there are.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(!self.repeats && self.stride == 1 && fits(start, stride, len, self.len));
        Src { from: self.at(start), len, stride, ..self }
    }

    /// The place of a number, counted without the stride.
    #[inline(always)]
    fn at(self, index: usize) -> *const R {
        self.from.wrapping_byte_add(index.wrapping_mul(R::bytes(self.format)))
    }

    /// Whether the numbers are contiguous and stored as they are computed in.
    #[inline(always)]
    pub(crate) fn is_plain(self) -> bool {
        self.stride == 1 && !R::rounds(self.format)
    }

    /// The same numbers, if they are contiguous and stored as they are computed in: then the compiler knows it too.
    #[inline(always)]
    pub(crate) fn as_plain(self) -> Option<Self> {
        self.is_plain().then_some(Src { stride: 1, format: Format::Real, ..self })
    }

    /// As [`Dst::as_real`].
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Self> {
        (!R::rounds(self.format)).then_some(Src { format: Format::Real, ..self })
    }

    /// Copies the numbers to others, as many, of the same format.
    #[inline(always)]
    pub(super) fn copy_to(self, to: Dst<R>) {
        assert!(!self.repeats && self.len == to.len && self.format == to.format);
        let mut i = 0;
        while i < self.len {
            let (from, to) = (self.at(i * self.stride), to.at(i * to.stride));
            // SAFETY: within both.
            unsafe {
                if R::rounds(self.format) {
                    *to.cast::<u16>() = *from.cast::<u16>();
                } else {
                    *to = *from;
                }
            }
            i += 1;
        }
    }

    /// One of the numbers.
    #[inline(always)]
    pub(crate) fn read(self, index: usize) -> f64 {
        assert!(index < self.len);
        // SAFETY: within the slice.
        unsafe { R::read(self.format, self.at(index * self.stride)) }
    }
}

impl<'a, R: Real> Dst<'a, R> {
    #[inline(always)]
    pub(crate) fn new<T: Element<Real = R>>(slice: &'a mut [T]) -> Self {
        let (to, len) = (slice.as_mut_ptr().cast(), slice.len());
        Dst { to, len, stride: 1, format: T::FORMAT, lifetime: PhantomData }
    }

    /// `len` contiguous numbers from `to` on.
    /// # Safety
    /// `to` is valid for writes of `len` numbers, and they are written before the view is read.
    #[inline(always)]
    pub(super) unsafe fn from_raw(to: *mut R, len: usize) -> Self {
        Dst { to, len, stride: 1, format: Format::Real, lifetime: PhantomData }
    }

    /// The same memory, for as many numbers of a format, which is no wider.
    #[inline(always)]
    pub(crate) fn with_format(self, format: Format) -> Self {
        assert!(self.stride == 1 && R::bytes(format) <= R::bytes(self.format));
        Dst { format, ..self }
    }

    /// The same numbers, to be read.
    #[inline(always)]
    pub(crate) fn src(self) -> Src<'a, R> {
        let Dst { to, len, stride, format, lifetime: _ } = self;
        Src { from: to, len, stride, format, repeats: false, lifetime: PhantomData }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        Dst { to: self.at(start * self.stride), len, ..self }
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(self.stride == 1 && fits(start, stride, len, self.len));
        Dst { to: self.at(start), len, stride, ..self }
    }

    /// The place of a number, counted without the stride.
    #[inline(always)]
    fn at(self, index: usize) -> *mut R {
        self.to.wrapping_byte_add(index.wrapping_mul(R::bytes(self.format)))
    }

    /// How many numbers there are.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// How the numbers are stored.
    #[inline(always)]
    pub(crate) fn format(self) -> Format {
        self.format
    }

    /// Whether what is written is rounded.
    #[inline(always)]
    pub(crate) fn rounds(self) -> bool {
        R::rounds(self.format)
    }

    /// As [`Src::is_plain`].
    #[inline(always)]
    pub(crate) fn is_plain(self) -> bool {
        self.stride == 1 && !R::rounds(self.format)
    }

    /// The same numbers, if they are stored as they are computed in: then the compiler knows it too.
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Self> {
        (!R::rounds(self.format)).then_some(Dst { format: Format::Real, ..self })
    }

    /// Writes one of the numbers, rounded once.
    #[inline(always)]
    pub(crate) fn write(self, index: usize, value: f64) {
        assert!(index < self.len);
        // SAFETY: within the slice.
        unsafe { R::write(self.format, self.at(index * self.stride), value) }
    }
}

/// Whether `len` numbers, `stride` apart, from `start` on are among the first `count`.
#[inline(always)]
fn fits(start: usize, stride: usize, len: usize, count: usize) -> bool {
    let last = len.saturating_sub(1).checked_mul(stride).and_then(|way| start.checked_add(way));
    len == 0 || stride > 0 && last.is_some_and(|last| last < count)
}

/// Room for up to `N` numbers on the stack, of which no more are initialised than are asked for.
pub(crate) struct Workspace<R, const N: usize>([MaybeUninit<R>; N]);

impl<R: Real, const N: usize> Workspace<R, N> {
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Workspace([const { MaybeUninit::uninit() }; N])
    }

    /// The first `len` numbers of it, all zero.
    #[inline(always)]
    pub(crate) fn zeros(&mut self, len: usize) -> Dst<'_, R> {
        let room = &mut self.0[..len];
        // Hidden from the compiler, which would call `memset`, for what is a few registers in a short row.
        let zero = core::hint::black_box(R::zero());
        for number in &mut *room {
            number.write(zero);
        }
        // SAFETY: `len` numbers, just written.
        unsafe { Dst::from_raw(room.as_mut_ptr().cast(), len) }
    }
}

/// As many numbers as a block holds, from the beginning of a cache line, not initialised.
#[repr(align(64))]
pub(super) struct Block<R, const N: usize>(MaybeUninit<[R; N]>);

impl<R: Real, const N: usize> Block<R, N> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Block(MaybeUninit::uninit())
    }

    /// The first `len` numbers, to be written before they are read.
    /// # Safety
    /// They are: whoever reads the view, or a view made of it, has seen all of what is read written. No view outlives the
    /// block.
    #[inline(always)]
    pub(super) unsafe fn dst<'b>(&mut self, len: usize) -> Dst<'b, R> {
        assert!(len <= N);
        // SAFETY: no more numbers than the block has; the caller vouches for the order.
        unsafe { Dst::from_raw(self.0.as_mut_ptr().cast(), len) }
    }
}
