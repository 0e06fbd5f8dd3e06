//! Views of memory that kernels read and write: contiguous, strided, or one block again and again.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use crate::element::Element;
use crate::simd::MAX_LANES;

/// Memory that is read: numbers `stride` apart, or one block that is read again and again.
#[derive(Clone, Copy)]
pub(crate) struct Src<'a, T> {
    pub(super) from: *const T,
    pub(super) len: usize,
    pub(super) stride: usize,
    pub(super) repeats: bool,
    pub(super) lifetime: PhantomData<&'a [T]>,
}

/// Memory that is written, as [`Src`] is read.
///
/// The same numbers may be both: every loop loads from a place before it stores there, and no reference to the memory
/// exists meanwhile. The numbers are initialised.
#[derive(Clone, Copy)]
pub(crate) struct Dst<'a, T> {
    pub(super) to: *mut T,
    pub(super) len: usize,
    pub(super) stride: usize,
    pub(super) lifetime: PhantomData<&'a mut [T]>,
}

impl<'a, T> Src<'a, T> {
    #[inline(always)]
    pub(crate) fn new(slice: &'a [T]) -> Self {
        Src { from: slice.as_ptr(), len: slice.len(), stride: 1, repeats: false, lifetime: PhantomData }
    }

    /// `block` again and again: every register of a loop of any length.
    #[inline(always)]
    pub(crate) fn repeat(block: &'a [T; MAX_LANES]) -> Self {
        Src { repeats: true, ..Self::new(block) }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        if self.repeats {
            return self;
        }
        assert!(start <= self.len && len <= self.len - start);
        Src { from: self.from.wrapping_add(start * self.stride), len, ..self }
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(!self.repeats && self.stride == 1 && fits(start, stride, len, self.len));
        Src { from: self.from.wrapping_add(start), len, stride, ..self }
    }
}

impl<T: Copy> Src<'_, T> {
    /// Copies the numbers to others, as many.
    #[inline(always)]
    pub(super) fn copy_to(self, to: Dst<T>) {
        assert!(!self.repeats && self.len == to.len);
        let mut i = 0;
        while i < self.len {
            // SAFETY: within both.
            unsafe { *to.to.wrapping_add(i * to.stride) = *self.from.wrapping_add(i * self.stride) }
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

impl<'a, T: Element> Src<'a, T> {
    /// The same numbers in the type that they are computed in, if they are of that type.
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Src<'a, T::Real>> {
        if T::ROUNDS { None } else { Some(self.real()) }
    }

    /// The same numbers in the type that they are computed in, which they must be of.
    #[inline(always)]
    pub(super) fn real(self) -> Src<'a, T::Real> {
        assert!(!T::ROUNDS);
        let Src { from, len, stride, repeats, lifetime: _ } = self;
        Src { from: from.cast(), len, stride, repeats, lifetime: PhantomData }
    }
}

impl<'a, T: Copy> Dst<'a, T> {
    #[inline(always)]
    pub(crate) fn new(slice: &'a mut [T]) -> Self {
        Dst { to: slice.as_mut_ptr(), len: slice.len(), stride: 1, lifetime: PhantomData }
    }

    /// `len` contiguous numbers from `to` on.
    /// # Safety
    /// `to` is valid for writes of `len` numbers, and they are written before the view is read.
    #[inline(always)]
    pub(super) unsafe fn from_raw(to: *mut T, len: usize) -> Self {
        Dst { to, len, stride: 1, lifetime: PhantomData }
    }

    /// The same numbers, to be read.
    #[inline(always)]
    pub(crate) fn src(self) -> Src<'a, T> {
        Src { from: self.to, len: self.len, stride: self.stride, repeats: false, lifetime: PhantomData }
    }

    /// The numbers from `start` on, `len` of them.
    #[inline(always)]
    pub(crate) fn part(self, start: usize, len: usize) -> Self {
        assert!(start <= self.len && len <= self.len - start);
        Dst { to: self.to.wrapping_add(start * self.stride), len, ..self }
    }

    /// `len` of the numbers, `stride` apart, from `start` on.
    #[inline(always)]
    pub(crate) fn strided(self, start: usize, stride: usize, len: usize) -> Self {
        assert!(self.stride == 1 && fits(start, stride, len, self.len));
        Dst { to: self.to.wrapping_add(start), len, stride, ..self }
    }

    /// The same numbers in the type that they are computed in, if they are of that type.
    #[inline(always)]
    pub(crate) fn as_real(self) -> Option<Dst<'a, T::Real>>
    where
        T: Element,
    {
        if T::ROUNDS { None } else { Some(self.real()) }
    }

    /// The same numbers in the type that they are computed in, which they must be of.
    #[inline(always)]
    pub(super) fn real(self) -> Dst<'a, T::Real>
    where
        T: Element,
    {
        assert!(!T::ROUNDS);
        let Dst { to, len, stride, lifetime: _ } = self;
        Dst { to: to.cast(), len, stride, lifetime: PhantomData }
    }

    /// Writes one of the numbers.
    #[inline(always)]
    pub(crate) fn write(self, index: usize, value: T) {
        assert!(index < self.len);
        // SAFETY: within the slice.
        unsafe { *self.to.add(index * self.stride) = value }
    }
}

/// Whether `len` numbers, `stride` apart, from `start` on are among the first `count`.
#[inline(always)]
fn fits(start: usize, stride: usize, len: usize, count: usize) -> bool {
    let last = len.saturating_sub(1).checked_mul(stride).and_then(|way| start.checked_add(way));
    len == 0 || stride > 0 && last.is_some_and(|last| last < count)
}

/// Room for up to `N` numbers on the stack, of which no more are initialised than are asked for.
pub(crate) struct Workspace<T, const N: usize>([MaybeUninit<T>; N]);

impl<T: Element, const N: usize> Workspace<T, N> {
    #[inline(always)]
    pub(crate) fn new() -> Self {
        Workspace([const { MaybeUninit::uninit() }; N])
    }

    /// The first `len` numbers of it, all zero.
    #[inline(always)]
    pub(crate) fn zeros(&mut self, len: usize) -> Dst<'_, T> {
        let room = &mut self.0[..len];
        // Hidden from the compiler, which would call `memset`, for what is a few registers in a short row.
        let zero = core::hint::black_box(T::zero());
        for number in &mut *room {
            number.write(zero);
        }
        // SAFETY: `len` numbers, just written.
        unsafe { Dst::from_raw(room.as_mut_ptr().cast(), len) }
    }
}

/// As many numbers as a block holds, from the beginning of a cache line, not initialised.
#[repr(align(64))]
pub(super) struct Block<T, const N: usize>(MaybeUninit<[T; N]>);

impl<T: Copy, const N: usize> Block<T, N> {
    #[inline(always)]
    pub(super) const fn new() -> Self {
        Block(MaybeUninit::uninit())
    }

    /// The first `len` numbers, to be written before they are read.
    /// # Safety
    /// They are: whoever reads the view, or a view made of it, has seen all of what is read written. No view outlives the
    /// block.
    #[inline(always)]
    pub(super) unsafe fn dst<'b>(&mut self, len: usize) -> Dst<'b, T> {
        assert!(len <= N);
        // SAFETY: no more numbers than the block has; the caller vouches for the order.
        unsafe { Dst::from_raw(self.0.as_mut_ptr().cast(), len) }
    }
}
