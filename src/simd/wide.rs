//! f32 computed in f64, for machines whose products and sums do not fuse.
//!
//! An f64 holds the product of two f32 exactly, so the steps by which a formula regains what f32 would lose cost one
//! operation in f64, where f32 alone takes up to seventeen. A formula gives these registers the path of those that fuse.
//! What it rounds is 2^-29 of an f32's last place, and the result is rounded once, into the subnormal numbers too.

use super::{Lanes, several};

/// Numbers of f32 in `N` registers of f64.
#[derive(Clone, Copy)]
pub struct Wide<V, const N: usize>(pub(super) [V; N]);

/// The registers that those of a type are widened to, and how: by default, themselves.
macro_rules! wide {
    () => {
        $crate::simd::wide::wide! { Self, |register| register, |wide| wide }
    };
    ($Wide:ty, |$register:ident| $widen:expr, |$wide:ident| $narrow:expr) => {
        type Wide = $Wide;
        #[inline(always)]
        fn widen(self) -> $Wide {
            let $register = self;
            $widen
        }
        #[inline(always)]
        fn narrow($wide: $Wide) -> Self {
            $narrow
        }
    };
}
pub(crate) use wide;

/// A function that is a method of a formula, in the registers that the formula asks for by its `IN_F64`, of which `$order`
/// is that of the method.
macro_rules! in_f64 {
    ($(#[$doc:meta])* $function:ident of $Formula:ident: $method:ident($($x:ident),+), $order:literal) => {
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $function<F: $Formula, L: Lanes>(formula: F, $($x: L),+) -> L {
            if const { F::IN_F64[$order] && $crate::simd::widens::<L>() } {
                L::narrow(formula.$method($($x.widen()),+))
            } else {
                formula.$method($($x),+)
            }
        }
    };
}
pub(crate) use in_f64;

several::operators! { Wide<V: Lanes<Real = f64>, N> }

impl<V: Lanes<Real = f64>, const N: usize> Lanes for Wide<V, N> {
    type Real = f32;
    type Mask = [V::Mask; N];
    const COUNT: usize = N * V::COUNT;
    const FUSED: bool = true;

    /// Constants are rounded to f32, as their low parts are made for.
    #[inline(always)]
    fn fill(self, value: f32) -> Self {
        Wide([self.0[0].fill(f64::from(value)); N])
    }

    several::methods! {}

    #[inline(always)]
    fn round_magic(self) -> Self {
        Wide([self.0[0].round_magic(); N])
    }
    #[inline(always)]
    fn power_magic(self) -> Self {
        Wide([self.0[0].power_magic(); N])
    }
    #[inline(always)]
    fn map_lanes(mut self, mut other: Self, f: impl Fn(f32, f32) -> [f32; 2]) -> [Self; 2] {
        let mut i = 0;
        while i < N {
            [self.0[i], other.0[i]] = self.0[i].map_lanes(other.0[i], |a, b| f(a as f32, b as f32).map(f64::from));
            i += 1;
        }
        [self, other]
    }
    /// In one step: 2^n is a normal number of f64.
    #[inline(always)]
    fn ldexp(self, n: Self) -> Self {
        self * (n + self.power_magic()).to_power()
    }
    wide! {}
}
