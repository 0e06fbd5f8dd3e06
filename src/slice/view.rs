//! Views of memory that kernels read and write: contiguous, strided, or one block that repeats.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::format::{Format, Stored};
use crate::element::Element;
use crate::simd::{MAX_LANES, Real};

/// A view of memory to read: numbers `stride` apart, or one block that repeats. They are computed in `R`, and stored in
/// a format of it.
#[derive(Clone, Copy)]
pub(crate) struct Src<'a, R> {
    pub(super) from: *const R,
    pub(super) len: usize,
    pub(super) stride: usize,
    pub(super) format: Format,
    pub(super) repeats: bool,
    pub(super) lifetime: PhantomData<&'a [R]>,
}

/// A view of memory to write, with the fields of [`Src`].
///
/// The same numbers may be in both: every loop loads from a place before it stores there, and no reference to the
/// memory exists meanwhile. The numbers are initialised.
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

    /// The same view of numbers that are computed in f32.
    #[inline(always)]
    pub(crate) fn of_f32(self) -> Src<'a, f32> {
        assert!(size_of::<R>() == size_of::<f32>());
        let Src { from, len, stride, format, repeats, lifetime: _ } = self;
        Src { from: from.cast(), len, stride, format, repeats, lifetime: PhantomData }
    }

    /// A view that repeats `block`: every register of a loop of any length is the block, the last one its beginning.
    #[inline(always)]
    pub(crate) fn repeat<T: Element<Real = R>>(block: &'a [T; MAX_LANES]) -> Self {
        Src { repeats: true, ..Self::new(block) }
    }

    /// The `len` numbers from `start` on.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        if self.repeats {
            return self;
        }
        assert!(start <= self.len && len <= self.len - start);
        Src { from: self.at(start * self.stride), len, ..self }
    }

    /// The number of numbers.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The `len` numbers from `start` on that are `stride` apart.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(!self.repeats && self.stride == 1 && fits(start, stride, len, self.len));
        Src { from: self.at(start), len, stride, ..self }
    }

    /// The place of number `index` of a plain view in a line of `line` numbers in memory.
    #[inline(always)]
    pub(crate) fn misaligned(self, index: usize, line: usize) -> usize {
        self.at(index).addr() / size_of::<R>() % line
    }

    /// The address of a number, counted without the stride.
    #[inline(always)]
    fn at(self, index: usize) -> *const R {
        self.from.wrapping_byte_add(index.wrapping_mul(R::bytes(self.format)))
    }

    /// True if the view is plain: contiguous, and stored as it is computed in.
    #[inline(always)]
    pub(crate) fn is_plain(self) -> bool {
        self.stride == 1 && !R::rounds(self.format)
    }

    /// The same view if it is plain, with fields from which the compiler knows that too.
    #[inline(always)]
    pub(crate) fn as_plain(self) -> Option<Self> {
        self.is_plain().then_some(Src { stride: 1, format: Format::Real, ..self })
    }

    /// The same view if it does not round, with a format from which the compiler knows that too.
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Self> {
        (!R::rounds(self.format)).then_some(Src { format: Format::Real, ..self })
    }

    /// Copies the numbers to a view of the same length and format.
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

    /// Reads all numbers. Where they are plain, in a loop that the compiler vectorizes.
    #[inline(always)]
    pub(crate) fn read_all(self, numbers: &mut [f64]) {
        assert!(numbers.len() == self.len && !self.repeats);
        match self.as_plain() {
            Some(plain) => {
                for (i, number) in numbers.iter_mut().enumerate() {
                    // SAFETY: within the view, and aligned, because it is plain.
                    *number = unsafe { *plain.from.wrapping_add(i) }.into_f64();
                }
            }
            None => (0..self.len).for_each(|i| numbers[i] = self.read(i)),
        }
    }

    /// Number `index` of a view that does not round.
    #[inline(always)]
    pub(super) fn number(self, index: usize) -> R {
        assert!(index < self.len && !R::rounds(self.format));
        // SAFETY: within the view, and aligned, because the format does not round.
        unsafe { *self.at(index * self.stride) }
    }

    /// Reads number `index`.
    #[inline(always)]
    pub(crate) fn read(self, index: usize) -> f64 {
        assert!(index < self.len);
        // SAFETY: within the view.
        unsafe { R::read(self.format, self.at(index * self.stride)) }
    }
}

impl<'a> Src<'a, f32> {
    /// Number `index`, as f32.
    #[inline(always)]
    pub(crate) fn get(self, index: usize) -> f32 {
        if <f32 as Stored>::rounds(self.format) {
            return self.read(index) as f32;
        }
        self.number(index)
    }
}

impl<'a> Dst<'a, f32> {
    /// Writes number `index`, rounded once.
    #[inline(always)]
    pub(crate) fn set(self, index: usize, value: f32) {
        if <f32 as Stored>::rounds(self.format) {
            return self.write(index, value.into());
        }
        assert!(index < self.len);
        // SAFETY: as above.
        unsafe { *self.at(index * self.stride) = value }
    }
}

impl<'a, R: Real> Dst<'a, R> {
    /// The same view of numbers that are computed in f32.
    #[inline(always)]
    pub(crate) fn of_f32(self) -> Dst<'a, f32> {
        assert!(size_of::<R>() == size_of::<f32>());
        let Dst { to, len, stride, format, lifetime: _ } = self;
        Dst { to: to.cast(), len, stride, format, lifetime: PhantomData }
    }

    #[inline(always)]
    pub(crate) fn new<T: Element<Real = R>>(slice: &'a mut [T]) -> Self {
        let (to, len) = (slice.as_mut_ptr().cast(), slice.len());
        Dst { to, len, stride: 1, format: T::FORMAT, lifetime: PhantomData }
    }

    /// A view of `len` contiguous numbers from `to` on.
    /// # Safety
    /// `to` is valid for writes of `len` numbers, and they are written before the view is read.
    #[inline(always)]
    pub(super) unsafe fn from_raw(to: *mut R, len: usize) -> Self {
        Dst { to, len, stride: 1, format: Format::Real, lifetime: PhantomData }
    }

    /// A view of the same memory, for as many numbers of a format that is no wider.
    #[inline(always)]
    pub(crate) fn with_format(self, format: Format) -> Self {
        assert!(self.stride == 1 && R::bytes(format) <= R::bytes(self.format));
        Dst { format, ..self }
    }

    /// A view of the same numbers to read.
    #[inline(always)]
    pub(crate) fn src(self) -> Src<'a, R> {
        let Dst { to, len, stride, format, lifetime: _ } = self;
        Src { from: to, len, stride, format, repeats: false, lifetime: PhantomData }
    }

    /// The `len` numbers from `start` on.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        Dst { to: self.at(start * self.stride), len, ..self }
    }

    /// The `len` numbers from `start` on that are `stride` apart.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(self.stride == 1 && fits(start, stride, len, self.len));
        Dst { to: self.at(start), len, stride, ..self }
    }

    /// The address of a number, counted without the stride.
    #[inline(always)]
    fn at(self, index: usize) -> *mut R {
        self.to.wrapping_byte_add(index.wrapping_mul(R::bytes(self.format)))
    }

    /// The number of numbers.
    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// The storage format of the numbers.
    #[inline(always)]
    pub(crate) fn format(self) -> Format {
        self.format
    }

    /// True if writing rounds.
    #[inline(always)]
    pub(crate) fn rounds(self) -> bool {
        R::rounds(self.format)
    }

    /// True if the view is plain, as [`Src::is_plain`].
    #[inline(always)]
    pub(crate) fn is_plain(self) -> bool {
        self.stride == 1 && !R::rounds(self.format)
    }

    /// The same view if it does not round, with a format from which the compiler knows that too.
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Self> {
        (!R::rounds(self.format)).then_some(Dst { format: Format::Real, ..self })
    }

    /// Writes all numbers times a factor, rounded to the type of the computation. Where they are plain, in a loop that the
    /// compiler vectorizes.
    #[inline(always)]
    pub(crate) fn write_all(self, factor: f64, numbers: &[f64]) {
        assert!(numbers.len() == self.len);
        if self.is_plain() {
            for (i, number) in numbers.iter().enumerate() {
                // SAFETY: within the view, and aligned, because it is plain.
                unsafe { *self.to.wrapping_add(i) = R::from_f64_rounded(factor * number) }
            }
        } else {
            for (i, number) in numbers.iter().enumerate() {
                self.write(i, R::from_f64_rounded(factor * number).into_f64());
            }
        }
    }

    /// Writes the same number everywhere.
    #[inline(always)]
    pub(crate) fn fill(self, value: f64) {
        if self.is_plain() {
            let value = R::from_f64_rounded(value);
            for i in 0..self.len {
                // SAFETY: within the view, and aligned, because it is plain.
                unsafe { *self.to.wrapping_add(i) = value }
            }
        } else {
            (0..self.len).for_each(|i| self.write(i, value));
        }
    }

    /// Writes number `index`, rounded once.
    #[inline(always)]
    pub(crate) fn write(self, index: usize, value: f64) {
        assert!(index < self.len);
        // SAFETY: within the view.
        unsafe { R::write(self.format, self.at(index * self.stride), value) }
    }
}

/// True if `len` numbers from `start` on, `stride` apart, are among the first `count`.
#[inline(always)]
fn fits(start: usize, stride: usize, len: usize, count: usize) -> bool {
    let last = len.saturating_sub(1).checked_mul(stride).and_then(|way| start.checked_add(way));
    len == 0 || stride > 0 && last.is_some_and(|last| last < count)
}

/// Space for up to `N` numbers on the stack, of which only those that are asked for are initialised.
pub(crate) struct Workspace<R, const N: usize>([MaybeUninit<R>; N]);

impl<R: Real, const N: usize> Workspace<R, N> {
    #[inline(always)]
    pub(crate) const fn new() -> Self {
        Workspace([const { MaybeUninit::uninit() }; N])
    }

    /// The first `len` numbers, set to 0.
    #[inline(always)]
    pub(crate) fn zeros(&mut self, len: usize) -> Dst<'_, R> {
        let room = &mut self.0[..len];
        // Hidden from the compiler, which would call `memset` for the few registers of a short row.
        let zero = core::hint::black_box(R::zero());
        for number in &mut *room {
            number.write(zero);
        }
        // SAFETY: `len` numbers, just written.
        unsafe { Dst::from_raw(room.as_mut_ptr().cast(), len) }
    }
}

/// An uninitialised block of `N` numbers that begins at a cache line.
#[repr(align(64))]
pub(super) struct Block<R, const N: usize>(MaybeUninit<[R; N]>);

impl<R: Real, const N: usize> Block<R, N> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Block(MaybeUninit::uninit())
    }

    /// The first `len` numbers, to be written before they are read.
    /// # Safety
    /// Whatever is read through the view, or through a view made of it, has been written before. No view outlives the
    /// block.
    #[inline(always)]
    pub(super) unsafe fn dst<'b>(&mut self, len: usize) -> Dst<'b, R> {
        assert!(len <= N);
        // SAFETY: no more numbers than the block has; the caller guarantees the order.
        unsafe { Dst::from_raw(self.0.as_mut_ptr().cast(), len) }
    }
}
