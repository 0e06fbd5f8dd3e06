//! Macros that write an instruction set as tables "operation = instruction", and what all tables load and store by.

/// A value at any address, aligned or not. A place, because the library's unaligned reads and writes check their
/// pointers where assertions are on, as in a dev build: a program that is not optimised would run optimised kernels
/// three times slower.
#[derive(Clone, Copy)]
#[repr(C, packed)]
struct Unaligned<V>(V);

/// Reads a value at any address.
/// # Safety
/// `from` is valid for reads of as many bytes as a `V` has; every pattern of them is a `V`.
#[inline(always)]
pub(crate) unsafe fn read<T, V: Copy>(from: *const T) -> V {
    // SAFETY: guaranteed by the caller; no alignment is needed.
    unsafe { (*from.cast::<Unaligned<V>>()).0 }
}

/// Writes a value at any address.
/// # Safety
/// `to` is valid for writes of as many bytes as a `V` has.
#[inline(always)]
pub(crate) unsafe fn write<T, V: Copy>(to: *mut T, value: V) {
    // SAFETY: guaranteed by the caller; no alignment is needed.
    unsafe { (*to.cast::<Unaligned<V>>()).0 = value }
}

/// The operators of a register, from its table: with a register, or a constant, on the right.
macro_rules! operators {
    ($Name:ident: $($Trait:ident $method:ident ($a:ident, $b:ident) = $body:expr;)*) => { $(
        impl core::ops::$Trait for $Name {
            type Output = Self;
            #[inline]
            fn $method(self, other: Self) -> Self {
                let ($a, $b) = (self.0, other.0);
                // SAFETY: the register proves that its instructions exist; this one touches no memory.
                #[allow(unused_unsafe, reason = "some of the tables need none")]
                Self(unsafe { $body })
            }
        }
        impl core::ops::$Trait<f64> for $Name {
            type Output = Self;
            #[inline]
            fn $method(self, constant: f64) -> Self {
                core::ops::$Trait::$method(self, $crate::simd::Lanes::splat(self, constant))
            }
        }
    )* };
}

/// A register as a table "operation = instruction". Rows are grouped by the number of registers they take.
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
        $(wide $Wide:ty: widen($w:ident) = $widen:expr, narrow($n:ident) = $narrow:expr;)?
        override { $($override:item)* }
        memory { $($memory:item)* }
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy)]
        pub struct $Name($Raw);

        $crate::simd::table::operators! { $Name: $($operators)* }

        impl core::ops::Neg for $Name {
            type Output = Self;
            // A subtraction from -0, which the compiler recognises as a negation and folds into fused operations.
            #[inline]
            fn neg(self) -> Self {
                $crate::simd::Lanes::splat(self, -0.0) - self
            }
        }

        // SAFETY (every row): the register proves that its instructions exist. No row touches memory but `map_lanes`,
        // whose blocks are as long as a register.
        #[allow(clippy::undocumented_unsafe_blocks, reason = "said once, above, for the whole table")]
        #[allow(unused_unsafe, reason = "some of the tables need none")]
        impl $crate::simd::Lanes for $Name {
            type Real = $Real;
            type Mask = $Mask;
            const COUNT: usize = $count;
            const FUSED: bool = $fused;
            #[inline]
            fn fill(self, $v: $Real) -> Self { Self(unsafe { $fill }) }
            // Always inlined, as some of them have several instructions.
            $(#[inline(always)]
            fn $one(self) -> Self { let $a1 = self.0; Self(unsafe { $e1 }) })*
            $(#[inline]
            fn $two(self, other: Self) -> Self { let ($a2, $b2) = (self.0, other.0); Self(unsafe { $e2 }) })*
            $(#[inline]
            fn $three(self, b: Self, c: Self) -> Self { let ($a3, $b3, $c3) = (self.0, b.0, c.0); Self(unsafe { $e3 }) })*
            $(#[inline]
            fn $compare(self, other: Self) -> $Mask { let ($a4, $b4) = (self.0, other.0); unsafe { $e4 } })*
            #[inline]
            fn select(self, $m: $Mask, other: Self) -> Self { let ($yes, $no) = (self.0, other.0); Self(unsafe { $select }) }
            #[inline]
            fn any($some: $Mask) -> bool { unsafe { $any } }
            #[inline]
            fn map_lanes(self, other: Self, f: impl Fn($Real, $Real) -> [$Real; 2]) -> [Self; 2] {
                let (mut first, mut second) = ([0.0; $count], [0.0; $count]);
                unsafe {
                    $crate::simd::Register::store(self, first.as_mut_ptr());
                    $crate::simd::Register::store(other, second.as_mut_ptr());
                }
                for i in 0..$count {
                    [first[i], second[i]] = f(first[i], second[i]);
                }
                unsafe { [$crate::simd::Register::load(first.as_ptr()), $crate::simd::Register::load(second.as_ptr())] }
            }
            // As above.
            #[inline(always)]
            fn frexp(self) -> (Self, Self) { let $s = self.0; let (m, k) = unsafe { $split }; (Self(m), Self(k)) }
            $crate::simd::wide::wide! { $(
                $Wide, |register| { let $w = register.0; $crate::simd::wide::Wide(unsafe { $widen }) },
                |wide| { let $n = wide.0; Self(unsafe { $narrow }) }
            )? }
            $($override)*
        }

        impl $crate::simd::Register for $Name {
            #[inline]
            unsafe fn load(from: *const $Real) -> Self {
                // SAFETY: the caller guarantees as many numbers as there are lanes; no alignment is needed.
                Self(unsafe { $crate::simd::table::read(from) })
            }
            #[inline]
            unsafe fn store(self, to: *mut $Real) {
                // SAFETY: as above.
                unsafe { $crate::simd::table::write(to, self.0) }
            }
            $($memory)*
        }
    };
}

pub(crate) use {operators, table};
