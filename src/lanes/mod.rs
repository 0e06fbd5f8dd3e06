//! Registers: some thirty operations, named once, with one table per instruction set.
//!
//! Every operation says what it does to NaN, to -0 and to rounding. Operations that say nothing round once, to
//! nearest, ties to even, and turn NaN into NaN. The table of an instruction set repeats exactly these meanings, so a
//! text over [`Lanes`] gives the same bits in every register that fuses, whatever its width, and the same bits in every
//! register that does not.
//!
//! A register is its own proof that its instructions exist: only a load makes one, loads are made in `dispatch.rs`
//! behind detection, and every other operation needs a register to start from.

#[cfg(all(target_arch = "aarch64", target_feature = "neon"))]
pub(crate) mod aarch64;
#[cfg(feature = "half")]
mod halves;
mod real;
mod scalar;
#[cfg(all(target_arch = "x86_64", target_feature = "sse2"))]
pub(crate) mod x86_64;

use core::ops::{Add, Div, Mul, Neg, Sub};

use crate::dispatch::Compiled;

pub use real::Real;
pub(crate) use scalar::{Scalar, Unfused};

/// A register of `COUNT` numbers of one type, and what a formula can do with it.
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
    /// The outcome of a comparison, lane by lane.
    type Mask: Copy;
    /// How many lanes there are.
    const COUNT: usize;
    /// Whether [`mul_add`](Lanes::mul_add) rounds once. If not, it rounds the product, then the sum.
    const FUSED: bool;

    /// `value` in every lane.
    fn fill(self, value: Self::Real) -> Self;

    /// `value`, rounded to the register's type, in every lane.
    #[inline(always)]
    fn splat(self, value: f64) -> Self {
        self.fill(Self::Real::of(value))
    }

    /// `self * b + c`: rounded once if [`FUSED`](Lanes::FUSED), else twice.
    fn mul_add(self, b: Self, c: Self) -> Self;

    /// The square root. The root of -0 is -0, of a negative number NaN.
    fn sqrt(self) -> Self;

    /// The magnitude: clears the sign bit, of NaN too.
    fn abs(self) -> Self;

    /// The magnitude of `self` with the sign bit of `sign`. Never rounds; NaN stays NaN.
    fn copysign(self, sign: Self) -> Self;

    /// `self` with its sign bit flipped where the sign bit of `sign` is set. Never rounds; NaN stays NaN.
    fn flip_sign(self, sign: Self) -> Self;

    /// `bound` where `bound < self`, else `self`: NaN stays NaN, and a zero that equals the bound keeps its sign.
    fn at_most(self, bound: Self) -> Self;

    /// `bound` where `bound > self`, else `self`: NaN stays NaN, and a zero that equals the bound keeps its sign.
    fn at_least(self, bound: Self) -> Self;

    /// `self < other`; false if either is NaN.
    fn lt(self, other: Self) -> Self::Mask;

    /// `self <= other`; false if either is NaN.
    fn le(self, other: Self) -> Self::Mask;

    /// `self == other`; false if either is NaN; -0 equals 0.
    fn equals(self, other: Self) -> Self::Mask;

    /// `self` where the mask is set, else `other`. Moves bits: never rounds, and NaN on the side not taken is harmless.
    fn select(self, mask: Self::Mask, other: Self) -> Self;

    /// Whether the mask is set in some lane. For ways that few lanes take: a lane's result may depend on itself alone, so
    /// whoever branches on this selects lane by lane in the branch, and changes no lane whose own mask is not set.
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
    fn any(mask: Self::Mask) -> bool;

    /// f of the numbers of each lane, by one call a lane: for ways that few lanes take, behind [`any`](Lanes::any).
    fn each(self, other: Self, f: fn(Self::Real, Self::Real) -> [Self::Real; 2]) -> [Self; 2];

    /// By the sign bit of `self`, so that -0 counts as negative: `negative` where it is set, else `positive`.
    fn select_negative(self, negative: Self, positive: Self) -> Self;

    /// Moves the low bits of the pattern into the exponent: 1.5 * 2^m + bias + n becomes 2^n (m: stored bits of the
    /// significand; 0 < bias + n < 2 bias + 1). No meaning for other numbers; never faults.
    fn to_power(self) -> Self;

    /// Moves the two lowest bits of the pattern to the top, and clears the others: 1.5 * 2^m + n becomes 0, 2, -0 or -2, for
    /// n = 0, 1, 2, 3 modulo 4.
    fn to_quadrant(self) -> Self;

    /// Of a positive normal number: (s, k) with `self` = s * 2^k, s in [sqrt(1/2), sqrt(2)), k a whole number. Exact.
    /// No meaning for other numbers; never faults.
    fn split(self) -> (Self, Self);

    /// `self * 2^n` for a whole n and `self` in [1/4, 4]: rounded once, gradual underflow and overflow included;
    /// -2b <= n <= 2b, b the largest exponent.
    #[inline(always)]
    fn scale(self, n: Self) -> Self {
        // Both factors are normal. The first product is exact because |n| / 2 stays far from the ends of the range.
        let magic = self.fill(Self::Real::WHOLE);
        let half = n.mul_add(self.splat(0.5), magic) - magic;
        let biased = magic + self.fill(Self::Real::BIAS);
        self * (half + biased).to_power() * (n - half + biased).to_power()
    }

    /// Two numbers of half the bits whose sum is `self`, which is below 2^(bias - 15).
    #[doc(hidden)]
    #[inline(always)]
    fn halves(self) -> (Self, Self) {
        let c = self * self.fill(Self::Real::SPLITTER);
        let high = c - (c - self);
        (high, self - high)
    }

    /// The error of the rounded product `p = self * b`: `self * b - p`, exactly, unless it underflows. Where products and
    /// sums do not fuse, 0 where the halves of `self` underflow, and NaN where those of `b` overflow, from 2^(bias/2) on.
    #[inline(always)]
    fn product_error(self, b: Self, p: Self) -> Self {
        if Self::FUSED {
            return self.mul_add(b, -p);
        }
        // Dekker 1971: halves of at most 12 (26) bits multiply exactly. The largest numbers must survive the splitting.
        const SHIFT: f64 = 1.0 / (1u64 << 28) as f64;
        let (ah, al) = (self * SHIFT).halves();
        let (bh, bl) = (b / SHIFT).halves();
        let error = al * bl + (al * bh + (ah * bl + (ah * bh - p)));
        let least = if size_of::<Self::Real>() == 4 { f32::MIN_POSITIVE as f64 } else { f64::MIN_POSITIVE };
        error.select(p.splat(least / SHIFT).le(self.abs()), p.splat(0.0))
    }
}

/// What the loops need beyond arithmetic: memory.
pub trait Register: Lanes {
    /// # Safety
    /// `from` is valid for reads of `COUNT` numbers, and the machine has the register's instructions.
    unsafe fn load(from: *const Self::Real) -> Self;
    /// The first `n` numbers, and zeros behind them.
    /// # Safety
    /// `from` is valid for reads of `n` < `COUNT` numbers, and the machine has the register's instructions.
    unsafe fn load_partial(from: *const Self::Real, n: usize) -> Self;
    /// # Safety
    /// `to` is valid for writes of `COUNT` numbers.
    unsafe fn store(self, to: *mut Self::Real);
    /// The first `n` numbers.
    /// # Safety
    /// `to` is valid for writes of `n` < `COUNT` numbers.
    unsafe fn store_partial(self, to: *mut Self::Real, n: usize);
    /// Past the caches, where the machine can; [`Isa::fence`] orders such stores.
    /// # Safety
    /// `to` is valid for writes of `COUNT` numbers and aligned to the register's size.
    unsafe fn stream(self, to: *mut Self::Real);
}

/// An instruction set: its registers, and what crosses from one to another.
pub trait Isa: Compiled + Copy + 'static {
    /// The register of f32.
    type F32: Register<Real = f32>;
    /// The register of f64.
    type F64: Register<Real = f64>;

    /// As many f32 as an f64 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions.
    unsafe fn widen(from: *const f32) -> Self::F64;

    /// As many f16 as an f32 register has lanes, widened exactly.
    /// # Safety
    /// `from` is valid for reads of that many numbers, and the machine has the instructions.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_f16(from: *const half::f16) -> Self::F32 {
        // SAFETY: the caller's.
        unsafe { halves::load(from, half::f16::to_f32_const) }
    }

    /// Rounds once, to nearest, ties to even, into the subnormals too; what is too large becomes infinite, and NaN a
    /// quiet NaN.
    /// # Safety
    /// `to` is valid for writes of as many numbers as the register has lanes.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_f16(register: Self::F32, to: *mut half::f16) {
        // SAFETY: the caller's.
        unsafe { halves::store(register, to, half::f16::from_f32_const) }
    }

    /// As [`load_f16`](Isa::load_f16).
    /// # Safety
    /// As there.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn load_bf16(from: *const half::bf16) -> Self::F32 {
        // SAFETY: the caller's.
        unsafe { halves::load(from, half::bf16::to_f32_const) }
    }

    /// As [`store_f16`](Isa::store_f16).
    /// # Safety
    /// As there.
    #[cfg(feature = "half")]
    #[inline(always)]
    unsafe fn store_bf16(register: Self::F32, to: *mut half::bf16) {
        // SAFETY: the caller's.
        unsafe { halves::store(register, to, half::bf16::from_f32_const) }
    }

    /// Asks for the line at `from`, which may lie outside every allocation.
    #[inline(always)]
    fn prefetch<T>(from: *const T) {
        let _ = from;
    }

    /// Orders streaming stores before what the program does next.
    /// # Safety
    /// The machine has the instructions.
    #[inline(always)]
    unsafe fn fence() {}
}

/// The operators of a register, from its table: with a register, and with a constant on the right.
macro_rules! operators {
    ($Name:ident: $($Trait:ident $method:ident ($a:ident, $b:ident) = $body:expr;)*) => { $(
        impl core::ops::$Trait for $Name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self.0, other.0);
                // SAFETY: the register proves that its instructions exist; this one touches no memory.
                #[allow(unused_unsafe, reason = "some of the tables need none")]
                Self(unsafe { $body })
            }
        }
        impl core::ops::$Trait<f64> for $Name {
            type Output = Self;
            #[inline(always)]
            fn $method(self, constant: f64) -> Self {
                core::ops::$Trait::$method(self, $crate::lanes::Lanes::splat(self, constant))
            }
        }
    )* };
}

/// A table "operation = instruction": the whole of one register. Rows are grouped by the number of registers they take.
macro_rules! table {
    (
        $(#[$doc:meta])*
        $Name:ident($Raw:ty) of $Real:ty, mask $Mask:ty, count $count:literal, fused $fused:literal;
        fill($v:ident) = $fill:expr;
        operators { $($operators:tt)* }
        one { $($one:ident($a1:ident) = $e1:expr;)* }
        two { $($two:ident($a2:ident, $b2:ident) = $e2:expr;)* }
        three { $($three:ident($a3:ident, $b3:ident, $c3:ident) = $e3:expr;)* }
        compare { $($compare:ident($a4:ident, $b4:ident) = $e4:expr;)* }
        select($m:ident, $yes:ident, $no:ident) = $select:expr;
        any($some:ident) = $any:expr;
        split($s:ident) = $split:expr;
        override { $($override:item)* }
        memory { $($memory:item)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $Name($Raw);

        $crate::lanes::operators! { $Name: $($operators)* }

        impl core::ops::Neg for $Name {
            type Output = Self;
            // As a subtraction, which the compiler takes for a negation and folds into the fused operations.
            #[inline(always)]
            fn neg(self) -> Self {
                $crate::lanes::Lanes::splat(self, -0.0) - self
            }
        }

        // SAFETY (every row): the register proves that its instructions exist; none of them touches memory but `each`, whose
        // blocks are as long as a register.
        #[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above, for the whole table")]
        impl $crate::lanes::Lanes for $Name {
            type Real = $Real;
            type Mask = $Mask;
            const COUNT: usize = $count;
            const FUSED: bool = $fused;
            #[inline(always)]
            fn fill(self, $v: $Real) -> Self { Self(unsafe { $fill }) }
            $(#[inline(always)]
            fn $one(self) -> Self { let $a1 = self.0; Self(unsafe { $e1 }) })*
            $(#[inline(always)]
            fn $two(self, other: Self) -> Self { let ($a2, $b2) = (self.0, other.0); Self(unsafe { $e2 }) })*
            $(#[inline(always)]
            fn $three(self, b: Self, c: Self) -> Self { let ($a3, $b3, $c3) = (self.0, b.0, c.0); Self(unsafe { $e3 }) })*
            $(#[inline(always)]
            fn $compare(self, other: Self) -> $Mask { let ($a4, $b4) = (self.0, other.0); unsafe { $e4 } })*
            #[inline(always)]
            fn select(self, $m: $Mask, other: Self) -> Self { let ($yes, $no) = (self.0, other.0); Self(unsafe { $select }) }
            #[inline(always)]
            fn any($some: $Mask) -> bool { #[allow(unused_unsafe, reason = "some of the tables need none")] unsafe { $any } }
            #[inline(always)]
            fn each(self, other: Self, f: fn($Real, $Real) -> [$Real; 2]) -> [Self; 2] {
                let (mut first, mut second) = ([0.0; $count], [0.0; $count]);
                unsafe {
                    $crate::lanes::Register::store(self, first.as_mut_ptr());
                    $crate::lanes::Register::store(other, second.as_mut_ptr());
                }
                for i in 0..$count {
                    [first[i], second[i]] = f(first[i], second[i]);
                }
                unsafe { [$crate::lanes::Register::load(first.as_ptr()), $crate::lanes::Register::load(second.as_ptr())] }
            }
            #[inline(always)]
            fn split(self) -> (Self, Self) { let $s = self.0; let (m, k) = unsafe { $split }; (Self(m), Self(k)) }
            $($override)*
        }

        impl $crate::lanes::Register for $Name {
            // What the instruction sets' own loads and stores are, but for the checks that those have with debug assertions.
            #[inline(always)]
            unsafe fn load(from: *const $Real) -> Self {
                // SAFETY: the caller vouches for as many numbers as there are lanes; no alignment is needed.
                Self(unsafe { core::ptr::read_unaligned(from.cast()) })
            }
            #[inline(always)]
            unsafe fn store(self, to: *mut $Real) {
                // SAFETY: as above.
                unsafe { core::ptr::write_unaligned(to.cast(), self.0) }
            }
            $($memory)*
        }
    };
}

#[allow(unused_imports, reason = "an architecture without a table uses neither")]
pub(crate) use {operators, table};

/// Partial loads and stores for registers without masks, through a padded block.
#[allow(unused_macros, reason = "x86-64 with masks alone would not need it")]
macro_rules! padded {
    () => {
        #[inline(always)]
        unsafe fn load_partial(from: *const Self::Real, n: usize) -> Self {
            let mut block = [0.0; <Self as $crate::lanes::Lanes>::COUNT];
            // SAFETY: the caller vouches for n numbers; the block has more.
            unsafe {
                core::ptr::copy_nonoverlapping(from, block.as_mut_ptr(), n);
                Self::load(block.as_ptr())
            }
        }
        #[inline(always)]
        unsafe fn store_partial(self, to: *mut Self::Real, n: usize) {
            let mut block = [0.0; <Self as $crate::lanes::Lanes>::COUNT];
            // SAFETY: as above.
            unsafe {
                self.store(block.as_mut_ptr());
                core::ptr::copy_nonoverlapping(block.as_ptr(), to, n);
            }
        }
    };
}
#[allow(unused_imports, reason = "as above")]
pub(crate) use padded;
