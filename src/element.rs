//! The element types of slices, and the types that they are computed in.

use core::fmt::{Debug, Display};

use crate::convert::{narrowed, widened};
use crate::exact_sum::ExactSumKernels;
use crate::simd::{MAX_LANES, Real};
use crate::slice::Format;
use crate::{activation, loss};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
    #[cfg(feature = "half")]
    impl Sealed for half::f16 {}
    #[cfg(feature = "half")]
    impl Sealed for half::bf16 {}
}
pub(crate) use sealed::Sealed;

/// A number that slices can hold: `f32`, `f64`, and with the feature `half` also `half::f16` and `half::bf16`.
///
/// It is a `num_traits::Float`, so that generic networks can be written over it. Sealed: the accuracy of every function
/// is verified for these types.
///
/// The half types are for memory alone. A load widens them to f32, exactly. A store rounds the f32 result once, to
/// nearest, ties to even: within 0.502 ulp of the exact result, subnormals kept. Sums add the f32 results before they
/// are rounded.
///
/// ```
/// use slopes::{Element, activation::{Activation, Relu}};
///
/// fn positive_part<T: Element>(x: T) -> T {
///     Relu.forward(x)
/// }
/// assert_eq!((positive_part(-1.0_f32), positive_part(2.0_f64)), (0.0, 2.0));
/// ```
#[cfg_attr(
    feature = "half",
    doc = r#"
```
use half::f16;
use slopes::activation::{Activation, Sigmoid};

let x = [f16::ZERO, f16::from_f32(-20.0), f16::INFINITY];
let mut y = [f16::NAN; 3];
Sigmoid.forward_slice(&x, &mut y);
// e^-20 is 0.035 of the smallest f16.
assert_eq!(y, [f16::from_f32(0.5), f16::ZERO, f16::ONE]);
```
"#
)]
pub trait Element: Sealed + num_traits::Float + Default + Debug + Display + Send + Sync + 'static {
    /// The type that is computed in.
    type Real: Real;

    /// The type that has the compiled kernels of the crate's own functions: this type itself. Not given by
    /// supertraits, because their functions would be this type's too.
    #[doc(hidden)]
    #[allow(private_bounds, reason = "only the crate's own generic code calls them")]
    type Kernels: ExactSumKernels<Self>
        + activation::Kernels<Self>
        + activation::RowKernels<Self>
        + loss::Kernels<Self>
        + loss::RowKernels<Self>;

    /// The format in which this type stores numbers of [`Real`](Element::Real).
    #[doc(hidden)]
    const FORMAT: Format;

    /// 1 as often as any register has lanes. In the program's data: a block that has just been written on the stack
    /// would have to reach the cache before a register of it could be loaded.
    #[doc(hidden)]
    const ONES: &'static [Self; MAX_LANES];

    /// Rounds `value` to this type.
    #[must_use]
    fn from_f64_rounded(value: f64) -> Self;

    /// Converts this number to f64, exactly.
    #[must_use]
    fn into_f64(self) -> f64;

    /// Converts this number to [`Real`](Element::Real), exactly.
    #[must_use]
    #[doc(hidden)]
    fn into_real(self) -> Self::Real;

    /// Rounds a computed number to this type.
    #[must_use]
    #[doc(hidden)]
    fn from_real(real: Self::Real) -> Self;
}

/// Numbers that begin at a cache line.
#[repr(align(64))]
struct CacheLine<T>([T; MAX_LANES]);

/// The type that an element is computed in.
pub(crate) type RealOf<T> = <T as Element>::Real;

/// Implements an element that is computed in its own type: memory and register hold the same bits.
macro_rules! real_element {
    ($T:ident, |$value:ident| $rounded:expr, $wide:expr) => {
        impl Element for $T {
            type Real = $T;
            type Kernels = Self;
            const FORMAT: Format = Format::Real;
            const ONES: &'static [Self; MAX_LANES] = &const { CacheLine([1.0; MAX_LANES]) }.0;
            #[inline(always)]
            fn from_f64_rounded($value: f64) -> Self {
                $rounded
            }
            #[inline(always)]
            fn into_f64(self) -> f64 {
                let $value = self;
                $wide
            }
            #[inline(always)]
            fn into_real(self) -> Self {
                self
            }
            #[inline(always)]
            fn from_real(real: Self) -> Self {
                real
            }
        }
    };
}
real_element!(f32, |value| narrowed(value), widened(value));
real_element!(f64, |value| value, value);

/// Implements an element that is computed in f32.
#[cfg(feature = "half")]
macro_rules! half_element {
    ($T:ident, $Format:ident) => {
        // Here too, for docs.rs, which says from it that the implementation needs the feature.
        #[cfg(feature = "half")]
        impl Element for half::$T {
            type Real = f32;
            type Kernels = Self;
            const FORMAT: Format = Format::$Format;
            const ONES: &'static [Self; MAX_LANES] = &const { CacheLine([Self::ONE; MAX_LANES]) }.0;
            #[inline(always)]
            fn from_f64_rounded(value: f64) -> Self {
                Self::from_f32_const(rounded_to_odd(value))
            }
            #[inline(always)]
            fn into_f64(self) -> f64 {
                self.to_f32_const().into()
            }
            #[inline(always)]
            fn into_real(self) -> f32 {
                self.to_f32_const()
            }
            #[inline(always)]
            fn from_real(real: f32) -> Self {
                Self::from_f32_const(real)
            }
        }
    };
}
#[cfg(feature = "half")]
half_element!(f16, F16);
#[cfg(feature = "half")]
half_element!(bf16, Bf16);

/// `value` rounded to odd: itself if an f32 holds it, else its odd neighbour. The result lies on the same side as
/// `value` of every number of fewer bits, and of every tie between two of them. So rounding it again gives what
/// rounding `value` once would. (S. Boldo, G. Melquiond, Emulation of FMA and correctly rounded sums, 2008.)
#[cfg(feature = "half")]
#[inline(always)]
fn rounded_to_odd(value: f64) -> f32 {
    let nearest = value as f32;
    if f64::from(nearest) == value {
        return nearest;
    }
    let away = f64::from(nearest).abs() > value.abs();
    f32::from_bits((nearest.to_bits() - u32::from(away)) | 1)
}
