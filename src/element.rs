//! The contents of slices: what a number in memory is, and how it comes into a register and back.

use core::fmt::{Debug, Display};

use crate::lanes::{Isa, Real, Register};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}
pub(crate) use sealed::Sealed;

/// A number that slices can hold: `f32` or `f64`.
///
/// It is a `num_traits::Float`, so that generic networks can be written over it. Sealed: the accuracy of every
/// function is proved for these types.
///
/// ```
/// use slopes::{Element, activation::{Activation, Relu}};
///
/// fn positive_part<T: Element>(x: T) -> T {
///     Relu.forward(x)
/// }
/// assert_eq!((positive_part(-1.0_f32), positive_part(2.0_f64)), (0.0, 2.0));
/// ```
pub trait Element: Sealed + num_traits::Float + Default + Debug + Display + Send + Sync + 'static {
    /// The type that is computed in.
    type Real: Real;

    /// `value`, rounded to this type.
    fn of(value: f64) -> Self;

    /// This number as an f64, exactly.
    fn wide(self) -> f64;

    /// # Safety
    /// As [`Register::load`].
    #[doc(hidden)]
    unsafe fn load<I: Isa>(from: *const Self) -> Lane<Self, I>;
    /// # Safety
    /// As [`Register::load_partial`].
    #[doc(hidden)]
    unsafe fn load_partial<I: Isa>(from: *const Self, n: usize) -> Lane<Self, I>;
    /// # Safety
    /// As [`Register::store`].
    #[doc(hidden)]
    unsafe fn store<I: Isa>(register: Lane<Self, I>, to: *mut Self);
    /// # Safety
    /// As [`Register::store_partial`].
    #[doc(hidden)]
    unsafe fn store_partial<I: Isa>(register: Lane<Self, I>, to: *mut Self, n: usize);
    /// # Safety
    /// As [`Register::stream`].
    #[doc(hidden)]
    unsafe fn stream<I: Isa>(register: Lane<Self, I>, to: *mut Self);
    /// As many numbers as an f64 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions of `I`.
    #[doc(hidden)]
    unsafe fn load_wide<I: Isa>(from: *const Self) -> I::F64;
}

/// The register that a slice of `T` is computed in.
pub type Lane<T, I> = <<T as Element>::Real as Real>::Lanes<I>;

/// An element that is computed in its own type: memory and register hold the same bits.
macro_rules! real_element {
    ($T:ident, $p:ident, $I:ident => $wide:expr) => {
        impl Element for $T {
            type Real = $T;
            #[inline(always)]
            fn of(value: f64) -> Self {
                <$T as Real>::of(value)
            }
            #[inline(always)]
            fn wide(self) -> f64 {
                Real::wide(self)
            }
            #[inline(always)]
            unsafe fn load<I: Isa>(from: *const Self) -> Lane<Self, I> {
                // SAFETY: the caller's.
                unsafe { Register::load(from) }
            }
            #[inline(always)]
            unsafe fn load_partial<I: Isa>(from: *const Self, n: usize) -> Lane<Self, I> {
                // SAFETY: the caller's.
                unsafe { Register::load_partial(from, n) }
            }
            #[inline(always)]
            unsafe fn store<I: Isa>(register: Lane<Self, I>, to: *mut Self) {
                // SAFETY: the caller's.
                unsafe { register.store(to) }
            }
            #[inline(always)]
            unsafe fn store_partial<I: Isa>(register: Lane<Self, I>, to: *mut Self, n: usize) {
                // SAFETY: the caller's.
                unsafe { register.store_partial(to, n) }
            }
            #[inline(always)]
            unsafe fn stream<I: Isa>(register: Lane<Self, I>, to: *mut Self) {
                // SAFETY: the caller's.
                unsafe { register.stream(to) }
            }
            #[inline(always)]
            unsafe fn load_wide<$I: Isa>($p: *const Self) -> $I::F64 {
                // SAFETY: the caller's.
                unsafe { $wide }
            }
        }
    };
}
real_element!(f32, p, I => I::widen(p));
real_element!(f64, p, I => Register::load(p));
