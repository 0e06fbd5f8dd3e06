//! Registers: some thirty operations, named once, and one table of instructions per instruction set.
//!
//! Every operation says what it does to NaN, to -0 and to rounding. Operations that do not say round once, to nearest,
//! ties to even, and turn NaN into NaN. The table of an instruction set has exactly these meanings, so a function over
//! [`Lanes`] gives the same bits in every register that fuses, whatever its width, and the same bits in every register
//! that does not.
//!
//! A register proves that its instructions exist. Only loads make a register from none; they are made in `slice/` and
//! here, by kernels that [`dispatch`] enters after detection. Every other operation needs a register to start from.
//!
//! A [`Kernel`] is work that any instruction set can do. Each instruction set turns it into a function that is compiled
//! with its own `#[target_feature]`, declared beside its table.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
mod aarch64;
mod dispatch;
#[cfg(feature = "half")]
mod half_types;
mod real;
mod scalar;
mod several;
#[cfg(any(
    target_feature = "sse2",
    all(target_arch = "wasm32", target_feature = "simd128"),
    all(target_arch = "aarch64", target_feature = "neon")
))]
mod table;
#[cfg(any(target_feature = "sse2", all(target_arch = "wasm32", target_feature = "simd128")))]
mod transpose;
#[cfg(all(
    target_arch = "arm",
    any(slopes_vfma, all(target_os = "none", target_abi = "eabihf", not(target_has_atomic = "64")))
))]
mod vfma;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm;
mod wide;
#[cfg(target_feature = "sse2")]
mod x86;

// Firmware and kernels (uefi, none) are compiled for software floating point, which rounds as f32 and f64 do.
#[cfg(all(target_arch = "x86", not(any(target_feature = "sse2", target_os = "uefi", target_os = "none"))))]
compile_error!(
    "x86 without SSE2 computes in x87 registers, which have more bits than f32 and f64: results would not have the bits \
     of other machines, nor keep the error bounds. Compile for i686, or with `-C target-feature=+sse2`."
);

#[cfg(all(target_arch = "x86", target_feature = "sse2"))]
pub(crate) use core::arch::x86 as arch;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) use core::arch::x86_64 as arch;
use core::marker::PhantomData;
use core::ops::{Add, Div, Mul, Neg, Sub};

pub(crate) use dispatch::{dispatch, dispatch_scalar, fence, prefetch};
pub use real::Real;
#[cfg(not(all(
    target_arch = "arm",
    any(slopes_vfma, all(target_os = "none", target_abi = "eabihf", not(target_has_atomic = "64")))
)))]
use scalar::Unfused as OneLane;
pub(crate) use several::Several;
#[cfg(all(
    target_arch = "arm",
    any(slopes_vfma, all(target_os = "none", target_abi = "eabihf", not(target_has_atomic = "64")))
))]
use vfma::Vfma as OneLane;
pub(crate) use wide::in_f64;

use crate::element::Element as _;

/// The most lanes of a register, in elements of the narrowest type.
pub(crate) const MAX_LANES: usize = 32;

/// A register of `COUNT` numbers of one type, with the operations that formulas use.
///
/// Formulas are written over this trait. Constants are written as `f64` literals (`x * 0.5`) and are rounded once to
/// the register's type.
///
/// ```
/// use slopes::Lanes;
///
/// /// |x| where x is below `bound`, else `bound`; NaN stays NaN.
/// fn capped<L: Lanes>(x: L, bound: f64) -> L {
///     x.abs().at_most(x.splat(bound))
/// }
/// ```
pub trait Lanes:
    Copy
    + Neg<Output = Self>
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Add<f64, Output = Self>
    + Sub<f64, Output = Self>
    + Mul<f64, Output = Self>
    + Div<f64, Output = Self>
{
    /// The type of one lane: `f32` or `f64`.
    type Real: Real;
    /// The result of a comparison, lane by lane.
    type Mask: Copy;
    /// The registers in which numbers of f32 are computed in f64, where products and sums do not fuse; else this one.
    #[doc(hidden)]
    type Wide: Lanes<Real = Self::Real>;
    /// The number of lanes.
    const COUNT: usize;
    /// True if [`mul_add`](Lanes::mul_add) rounds once, or is of f32 in registers of f64, where a rounded product has lost
    /// nothing that counts. If not, it rounds the product, then the sum.
    const FUSED: bool;

    /// The same numbers in the registers of f64.
    #[doc(hidden)]
    fn widen(self) -> Self::Wide;

    /// Numbers in the registers of f64, rounded.
    #[doc(hidden)]
    fn narrow(wide: Self::Wide) -> Self;

    /// A register with `value` in every lane.
    #[must_use]
    fn fill(self, value: Self::Real) -> Self;

    /// A register with `value`, rounded to the register's type, in every lane.
    #[must_use]
    #[inline(always)]
    fn splat(self, value: f64) -> Self {
        self.fill(Self::Real::from_f64_rounded(value))
    }

    /// `self * b + c`: rounded once if [`FUSED`](Lanes::FUSED), else twice.
    #[must_use]
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// The square root. The root of -0 is -0, of a negative number NaN.
    #[must_use]
    fn sqrt(self) -> Self;

    /// The absolute value: clears the sign bit, of NaN too.
    #[must_use]
    fn abs(self) -> Self;

    /// The absolute value of `self` with the sign bit of `sign`. Never rounds; NaN stays NaN.
    #[must_use]
    fn copysign(self, sign: Self) -> Self;

    /// `self` with its sign bit flipped where the sign bit of `sign` is set. Never rounds; NaN stays NaN.
    #[must_use]
    fn xor_sign(self, sign: Self) -> Self;

    /// `bound` where `bound < self`, else `self`: NaN stays NaN, and a zero that equals the bound keeps its sign.
    #[must_use]
    fn at_most(self, bound: Self) -> Self;

    /// `bound` where `bound > self`, else `self`: NaN stays NaN, and a zero that equals the bound keeps its sign.
    #[must_use]
    fn at_least(self, bound: Self) -> Self;

    /// `self < other`; false if either is NaN.
    #[must_use]
    fn lt(self, other: Self) -> Self::Mask;

    /// `self <= other`; false if either is NaN.
    #[must_use]
    fn le(self, other: Self) -> Self::Mask;

    /// `self == other`; false if either is NaN; -0 equals 0.
    #[must_use]
    fn equals(self, other: Self) -> Self::Mask;

    /// `self` where the mask is set, else `other`. Moves bits: never rounds, and a NaN in a lane not chosen is
    /// harmless.
    #[must_use]
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// True if the mask is set in some lane: for branches that few lanes need. The result of a lane may depend on that
    /// lane alone, so the branch must select lane by lane, and change no lane whose own mask is not set.
    ///
    /// ```
    /// use slopes::Lanes;
    ///
    /// /// The reciprocal, with the largest numbers in place of infinities.
    /// fn capped<L: Lanes>(x: L) -> L {
    ///     let (y, zero) = (x.splat(1.0) / x, x.splat(0.0));
    ///     let infinite = x.equals(zero);
    ///     if !L::any(infinite) {
    ///         return y;
    ///     }
    ///     x.splat(3e38).copysign(x).select(infinite, y)
    /// }
    /// ```
    #[must_use]
    fn any(mask: Self::Mask) -> bool;

    /// Applies f to the numbers of each lane, one call per lane: for branches that few lanes need, behind
    /// [`any`](Lanes::any).
    #[must_use]
    fn map_lanes(self, other: Self, f: impl Fn(Self::Real, Self::Real) -> [Self::Real; 2]) -> [Self; 2];

    /// `negative` where the sign bit of `self` is set, else `positive`; -0 counts as negative.
    #[must_use]
    fn select_negative(self, negative: Self, positive: Self) -> Self;

    /// 1.5 * 2^m, m the stored bits of the significand: adding and subtracting it rounds to a whole number.
    #[must_use]
    #[doc(hidden)]
    #[inline(always)]
    fn round_magic(self) -> Self {
        self.fill(Self::Real::ROUND_MAGIC)
    }

    /// 1.5 * 2^m + bias: adding a whole number n to it, and [`to_power`](Lanes::to_power), gives 2^n.
    #[must_use]
    #[doc(hidden)]
    #[inline(always)]
    fn power_magic(self) -> Self {
        self.round_magic() + self.fill(Self::Real::BIAS)
    }

    /// The power of two whose biased exponent is in the low bits: 1.5 * 2^m + bias + n becomes 2^n (m: stored bits of
    /// the significand; 0 < bias + n < 2 bias + 1). Meaningless for other numbers; never faults.
    #[must_use]
    fn to_power(self) -> Self;

    /// The quadrant in the two lowest bits, moved to the top, all other bits cleared: 1.5 * 2^m + n becomes 0, 2, -0 or
    /// -2 for n = 0, 1, 2, 3 modulo 4.
    #[must_use]
    fn to_quadrant(self) -> Self;

    /// The number in the table at n, for `self` = 1.5 * 2^m + n, n a whole number from 0 to 7. Some number of the table, or
    /// NaN, for NaN; meaningless for others; never faults.
    #[must_use]
    #[inline(always)]
    fn look_up(self, table: &'static [Self::Real; 8]) -> Self {
        let n = self - self.round_magic();
        let mut found = self.fill(table[0]);
        let mut i = 1;
        while i < 8 {
            found = found.select(n.lt(self.splat(i as f64)), self.fill(table[i]));
            i += 1;
        }
        found
    }

    /// The significand and exponent (s, k) of a positive normal number: `self` = s * 2^k, s in [sqrt(1/2), sqrt(2)), k
    /// a whole number. Exact. Meaningless for other numbers; never faults.
    #[must_use]
    fn frexp(self) -> (Self, Self);

    /// `self * 2^n` for a whole n and `self` in [1/4, 4], rounded once, with gradual underflow and overflow; -2b <= n
    /// <= 2b, b the largest exponent.
    #[must_use]
    #[inline(always)]
    fn ldexp(self, n: Self) -> Self {
        // Both factors are normal, or 0 where the result is. The first product is exact because |n| / 2 stays far from
        // the ends of the range.
        let (magic, biased) = (self.round_magic(), self.power_magic());
        let half = n.mul_add(self.splat(0.5), magic) - magic;
        self * (half + biased).to_power() * (n - half + biased).to_power()
    }

    /// Two numbers of half the bits whose sum is `self`, for |`self`| below 2^(bias - 15).
    #[doc(hidden)]
    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        let c = self * self.fill(Self::Real::SPLITTER);
        let high = c - (c - self);
        (high, self - high)
    }

    /// The error term of the rounded product `p = self * b`: `self * b - p`, exactly, unless it underflows. Where
    /// products and sums do not fuse, it is 0 where the halves of `self` underflow, and NaN where those of `b`
    /// overflow, from 2^(bias/2) on.
    #[must_use]
    #[inline(always)]
    fn mul_error(self, b: Self, p: Self) -> Self {
        if Self::FUSED {
            self.mul_add(b, -p)
        } else if const { without_f64::<Self::Real>() && Self::COUNT == 1 } {
            dekker_outlined(self, b, p)
        } else {
            dekker(self, b, p)
        }
    }
}

/// The error term of the product p = a b (Dekker 1971): halves of at most 12 (26) bits multiply exactly. The scaling keeps
/// the largest numbers finite as they are split.
#[inline(always)]
fn dekker<L: Lanes>(a: L, b: L, p: L) -> L {
    const SHIFT: f64 = 1.0 / (1u64 << 28) as f64;
    let (ah, al) = (a * SHIFT).halves();
    let (bh, bl) = (b / SHIFT).halves();
    let error = al * bl + (al * bh + (ah * bl + (ah * bh - p)));
    let least = if size_of::<L::Real>() == 4 { f32::MIN_POSITIVE as f64 } else { f64::MIN_POSITIVE };
    error.select(p.splat(least / SHIFT).le(a.abs()), p.splat(0.0))
}

/// As [`dekker`], in one lane: on microcontrollers each of its steps may be a call.
#[inline(never)]
fn dekker_outlined<L: Lanes>(a: L, b: L, p: L) -> L {
    dekker(a, b, p)
}

/// True if the machine has arithmetic of f64, not routines in its place: all but microcontrollers, as far as the name of
/// the target tells. The flag is for tests: it makes any machine one without.
pub(crate) const HAS_F64: bool = !cfg!(slopes_without_f64)
    && cfg!(any(
        target_arch = "x86",
        target_arch = "x86_64",
        target_arch = "aarch64",
        target_arch = "arm64ec",
        target_arch = "wasm32",
        target_arch = "wasm64",
        target_arch = "riscv64",
        target_arch = "loongarch64",
        target_arch = "powerpc",
        target_arch = "powerpc64",
        target_arch = "s390x",
        target_arch = "sparc64",
        target_arch = "mips",
        target_arch = "mips64",
        all(target_arch = "arm", not(target_os = "none")),
    ));

/// The length of a block on the stack, from whose length no result follows: less on microcontrollers, where the stack may have
/// no more than a few kB.
pub(crate) const fn block_on_stack(len: usize) -> usize {
    if HAS_F64 { len } else { 2 * MAX_LANES }
}

/// True if one lane of f32 fuses, and one of f64 does not, by the instruction `vfma.f32`: on the microcontrollers of the
/// profile M with a unit for floating point (Cortex-M4F, M7F, M33F and later), as far as the target tells. Stable Rust does
/// not show the features of arm; but without an operating system, arguments in floating-point registers (`eabihf`) mean the
/// unit, and the profiles A and R, whose older units lack the instruction, have atomic operations of 64 bits. The flag is for
/// tests on other arm machines that have it.
pub(crate) const FUSES_F32: bool = <OneLane as scalar::Fuse>::FUSED[0];

/// True if rows of this type are computed without f64, one by one: f32, on machines that have no more.
#[inline(always)]
pub(crate) const fn without_f64<R>() -> bool {
    !HAS_F64 && size_of::<R>() == size_of::<f32>()
}

/// True if formulas that ask for f64 are computed in it, in place of these registers.
#[inline(always)]
pub(crate) const fn widens<L: Lanes>() -> bool {
    HAS_F64 && !L::FUSED
}

/// A register that is loaded and stored.
pub trait Register: Lanes {
    /// Loads `COUNT` numbers.
    /// # Safety
    /// `from` is valid for reads of `COUNT` numbers, and the machine has the register's instructions.
    unsafe fn load(from: *const Self::Real) -> Self;
    /// Loads the first `n` numbers, and zeros behind them.
    /// # Safety
    /// `from` is valid for reads of `n` < `COUNT` numbers, and the machine has the register's instructions.
    unsafe fn load_partial(from: *const Self::Real, n: usize) -> Self;
    /// Stores `COUNT` numbers.
    /// # Safety
    /// `to` is valid for writes of `COUNT` numbers.
    unsafe fn store(self, to: *mut Self::Real);
    /// Stores the first `n` numbers.
    /// # Safety
    /// `to` is valid for writes of `n` < `COUNT` numbers.
    unsafe fn store_partial(self, to: *mut Self::Real, n: usize);
    /// Stores `COUNT` numbers past the caches, where the machine can; [`fence`] orders such stores.
    /// # Safety
    /// `to` is valid for writes of `COUNT` numbers and aligned to the register's size.
    unsafe fn stream(self, to: *mut Self::Real);
}

/// Work that can be done by any instruction set.
pub trait Kernel: Sized {
    type Output;
    fn run<I: Isa>(self, token: Token<I>) -> Self::Output;
}

/// Proof that the machine has the instructions of `I`: made only after detection.
#[derive(Clone, Copy, Debug)]
pub struct Token<I>(PhantomData<I>);

impl<I: Isa> Token<I> {
    /// Calls a kernel as a function of its own: for rare work, or work that a long kernel needs in several places.
    #[inline(always)]
    pub(crate) fn call_outlined<K: Kernel>(self, kernel: K) -> K::Output {
        // SAFETY: the token proves the instructions.
        unsafe { I::call(kernel) }
    }
}

/// Declares the entry of kernels to an instruction set: a function that is compiled for it, as a method of the kernel.
///
/// It is a provided method of a trait on the kernel's type, not a function of the instruction set. So the compiler puts
/// it into the codegen unit of the module of the kernel's type (of a tuple, of its first part), and the kernels of a
/// crate are compiled in parallel, not one after the other in the module of their instruction set.
macro_rules! entry {
    ($(#[$attribute:meta])+ $Entry:ident: $call:ident of $Isa:ty) => {
        pub trait $Entry: $crate::simd::Kernel {
            /// # Safety
            /// The machine has the instructions.
            $(#[$attribute])+
            unsafe fn $call(self) -> Self::Output {
                self.run($crate::simd::Token::<$Isa>(core::marker::PhantomData))
            }
        }
        impl<K: $crate::simd::Kernel> $Entry for K {}
    };
}
pub(crate) use entry;

/// An instruction set: its registers, and the conversions between them.
pub trait Isa: Copy + 'static {
    /// The register of f32.
    type F32: Register<Real = f32>;
    /// The register of f64.
    type F64: Register<Real = f64>;

    /// Runs the kernel as a function that is compiled for these instructions.
    /// # Safety
    /// The machine has these instructions.
    unsafe fn call<K: Kernel>(kernel: K) -> K::Output;

    /// Loads as many f32 as an f64 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions.
    unsafe fn widen(from: *const f32) -> Self::F64;

    /// Loads as many f16 as an f32 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_f16(from: *const half::f16) -> Self::F32 {
        // SAFETY: guaranteed by the caller.
        unsafe { half_types::load(from, half::f16::to_f32_const) }
    }

    /// Stores a register as f16, rounded once, to nearest, ties to even, into the subnormals too. Too large numbers
    /// become infinite, and NaN a quiet NaN.
    /// # Safety
    /// `to` is valid for writes of as many numbers as the register has lanes.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_f16(register: Self::F32, to: *mut half::f16) {
        // SAFETY: guaranteed by the caller.
        unsafe { half_types::store(register, to, half::f16::from_f32_const) }
    }

    /// Loads as many bf16 as an f32 register has lanes, widened exactly.
    /// # Safety
    /// As [`load_f16`](Isa::load_f16).
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_bf16(from: *const half::bf16) -> Self::F32 {
        // SAFETY: guaranteed by the caller.
        unsafe { half_types::load(from, half::bf16::to_f32_const) }
    }

    /// Stores a register as bf16, rounded as by [`store_f16`](Isa::store_f16).
    /// # Safety
    /// As [`store_f16`](Isa::store_f16).
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_bf16(register: Self::F32, to: *mut half::bf16) {
        // SAFETY: guaranteed by the caller.
        unsafe { half_types::store(register, to, half::bf16::from_f32_const) }
    }
}
