//! One lane in plain Rust: the portable instruction set, and the one of every scalar call.
//!
//! It fuses or not, as the wide registers of the machine do, so that a scalar call gives the bits of the slice.

use core::marker::PhantomData;
use core::ops::{Add, Div, Mul, Neg, Sub};

use super::wide::{Wide, wide};
use super::{Isa, Kernel, Lanes, Register, entry};

/// The multiply-add of one lane.
pub trait Fuse: Copy + 'static {
    /// True if the product is not rounded, of f32 and of f64.
    const FUSED: [bool; 2];
    /// a * b + c.
    /// # Safety
    /// The machine has the instruction.
    unsafe fn f32(a: f32, b: f32, c: f32) -> f32;
    /// a * b + c.
    /// # Safety
    /// The machine has the instruction.
    unsafe fn f64(a: f64, b: f64, c: f64) -> f64;
    /// Runs the kernel as a function that is compiled for the instruction.
    /// # Safety
    /// The machine has the instruction.
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output;
}

/// Multiply-add that rounds the product, then the sum.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(target_arch = "arm", allow(dead_code, reason = "some microcontrollers fuse, and have no other level"))]
pub struct Unfused;

impl Fuse for Unfused {
    const FUSED: [bool; 2] = [false; 2];
    #[inline(always)]
    unsafe fn f32(a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }
    #[inline(always)]
    unsafe fn f64(a: f64, b: f64, c: f64) -> f64 {
        a * b + c
    }
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: plain Rust needs no instruction of its own.
        unsafe { kernel.call_unfused() }
    }
}

entry! {
    // Not inlined, as the entries with target features are not: otherwise all of its callers would contain the kernel.
    #[inline(never)]
    CallUnfused: call_unfused of Scalar<Unfused>
}

/// The instruction set of one lane.
#[derive(Clone, Copy, Debug)]
pub struct Scalar<F>(PhantomData<F>);

impl<F: Fuse> Isa for Scalar<F> {
    type F32 = One<f32, F>;
    type F64 = One<f64, F>;
    #[inline(always)]
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output {
        // SAFETY: guaranteed by the caller.
        unsafe { F::call(kernel) }
    }
    #[inline(always)]
    unsafe fn widen(from: *const f32) -> Self::F64 {
        // SAFETY: the caller guarantees one number.
        One(f64::from(unsafe { *from }), PhantomData)
    }
}

/// A register of one lane.
#[derive(Clone, Copy, Debug)]
pub struct One<T, F>(T, PhantomData<F>);

macro_rules! one {
    ($Real:ident, $Bits:ident, $Signed:ident, $mantissa:literal, $root_half:expr, { $($wide:tt)* }) => {
        one! { @operator $Real, Add, add, + }
        one! { @operator $Real, Sub, sub, - }
        one! { @operator $Real, Mul, mul, * }
        one! { @operator $Real, Div, div, / }

        impl<F: Fuse> Neg for One<$Real, F> {
            type Output = Self;
            #[inline(always)]
            fn neg(self) -> Self {
                Self(-self.0, PhantomData)
            }
        }

        impl<F: Fuse> Lanes for One<$Real, F> {
            type Real = $Real;
            type Mask = bool;
            const COUNT: usize = 1;
            const FUSED: bool = F::FUSED[if size_of::<$Real>() == 4 { 0 } else { 1 }];
            wide! { $($wide)* }
            #[inline(always)]
            fn fill(self, value: $Real) -> Self {
                Self(value, PhantomData)
            }
            #[inline(always)]
            fn mul_add(self, b: Self, c: Self) -> Self {
                // SAFETY: a register exists, so its instructions do.
                self.fill(unsafe { F::$Real(self.0, b.0, c.0) })
            }
            #[inline(always)]
            fn sqrt(self) -> Self {
                self.fill(num_traits::Float::sqrt(self.0))
            }
            #[inline(always)]
            fn abs(self) -> Self {
                self.fill(self.0.abs())
            }
            #[inline(always)]
            fn copysign(self, sign: Self) -> Self {
                self.fill(self.0.copysign(sign.0))
            }
            #[inline(always)]
            fn xor_sign(self, sign: Self) -> Self {
                const SIGN: $Bits = 1 << ($Bits::BITS - 1);
                self.fill($Real::from_bits(self.0.to_bits() ^ (sign.0.to_bits() & SIGN)))
            }
            #[inline(always)]
            fn at_most(self, bound: Self) -> Self {
                if bound.0 < self.0 { bound } else { self }
            }
            #[inline(always)]
            fn at_least(self, bound: Self) -> Self {
                if bound.0 > self.0 { bound } else { self }
            }
            #[inline(always)]
            fn lt(self, other: Self) -> bool {
                self.0 < other.0
            }
            #[inline(always)]
            fn le(self, other: Self) -> bool {
                self.0 <= other.0
            }
            #[inline(always)]
            fn equals(self, other: Self) -> bool {
                self.0 == other.0
            }
            #[inline(always)]
            fn select(self, mask: bool, other: Self) -> Self {
                if mask { self } else { other }
            }
            #[inline(always)]
            fn any(mask: bool) -> bool {
                mask
            }
            #[inline(always)]
            fn map_lanes(self, other: Self, f: impl Fn($Real, $Real) -> [$Real; 2]) -> [Self; 2] {
                let [first, second] = f(self.0, other.0);
                [self.fill(first), self.fill(second)]
            }
            #[inline(always)]
            fn select_negative(self, negative: Self, positive: Self) -> Self {
                if self.0.is_sign_negative() { negative } else { positive }
            }
            #[inline(always)]
            fn to_power(self) -> Self {
                self.fill($Real::from_bits(self.0.to_bits() << $mantissa))
            }
            #[inline(always)]
            fn to_quadrant(self) -> Self {
                self.fill($Real::from_bits(self.0.to_bits() << ($Bits::BITS - 2)))
            }
            #[inline(always)]
            fn look_up(self, table: &'static [$Real; 8]) -> Self {
                self.fill(table[(self.0.to_bits() & 7) as usize])
            }
            #[inline(always)]
            fn frexp(self) -> (Self, Self) {
                const ROOT_HALF: $Bits = $root_half;
                const ONE: $Bits = (1.0 as $Real).to_bits();
                let shifted = self.0.to_bits().wrapping_add(ONE - ROOT_HALF);
                let significand = (shifted & ($Bits::MAX >> ($Bits::BITS - $mantissa))) + ROOT_HALF;
                let exponent = (shifted >> $mantissa) as $Signed - (ONE >> $mantissa) as $Signed;
                (self.fill($Real::from_bits(significand)), self.fill(exponent as $Real))
            }
        }

        impl<F: Fuse> Register for One<$Real, F> {
            #[inline(always)]
            unsafe fn load(from: *const $Real) -> Self {
                // SAFETY: the caller guarantees one number.
                Self(unsafe { *from }, PhantomData)
            }
            #[inline(always)]
            unsafe fn load_partial(_: *const $Real, _: usize) -> Self {
                Self(0.0, PhantomData)
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $Real) {
                // SAFETY: the caller guarantees one number.
                unsafe { *to = self.0 }
            }
            #[inline(always)]
            unsafe fn store_partial(self, _: *mut $Real, _: usize) {}
            #[inline(always)]
            unsafe fn stream(self, to: *mut $Real) {
                // SAFETY: the caller guarantees one number.
                unsafe { self.store(to) }
            }
        }
    };
    (@operator $Real:ident, $Trait:ident, $method:ident, $op:tt) => {
        impl<F: Fuse> $Trait for One<$Real, F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                Self(self.0 $op other.0, PhantomData)
            }
        }
        impl<F: Fuse> $Trait<f64> for One<$Real, F> {
            type Output = Self;
            #[inline(always)]
            fn $method(self, constant: f64) -> Self {
                self $op self.splat(constant)
            }
        }
    };
}
one!(f32, u32, i32, 23, 0x3f35_04f3, {
    Wide<One<f64, F>, 1>, |one| Wide([One(f64::from(one.0), PhantomData)]), |wide| One(wide.0[0].0 as f32, PhantomData)
});
one!(f64, u64, i64, 52, 0x3fe6_a09e_667f_3bcd, {});
