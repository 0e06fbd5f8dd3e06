//! Kernels compiled as functions of this crate, not of every crate that uses it.
//!
//! A generic function is compiled where it is used, a function of known types where it is written. So code that is
//! generic over the element type calls a method of the element, of a trait that `concrete!` or `compile!` implements
//! for each type separately: `Gelu.forward_slice(&x, &mut y)` calls the function
//! `<f32 as Compute<Gelu, f32>>::forward_slice` of this crate.
//!
//! These traits are bounds of [`Element`](crate::Element)'s type `Kernels`: a function without compiled kernels cannot
//! be called. Without the feature `precompiled-f32` (f32, f16, bf16) or `precompiled-f64`, the same functions of those
//! types are `#[inline]`: each is compiled where it is used, if it is.

/// Declares functions that are generic over the element type and compiled for each: the methods of a trait of the
/// elements, in which `T` is the element.
macro_rules! concrete {
    (
        $(#[$doc:meta])*
        trait $Name:ident;
        $(fn $method:ident($($x:ident: $X:ty),*) $(-> $Y:ty)? $body:block)+
    ) => {
        $(#[$doc])*
        pub(crate) trait $Name<T: $crate::Element> {
            $(fn $method($($x: $X),*) $(-> $Y)?;)+
        }
        $crate::compiled::for_each_element! { $crate::compiled::concrete: @of
            $Name $(fn $method($($x: $X),*) $(-> $Y)? $body)+
        }
    };
    (
        @of [$T:ty, $feature:literal] $Name:ident
        $(fn $method:ident($($x:ident: $X:ty),*) $(-> $Y:ty)? $body:block)+
    ) => {
        const _: () = {
            type T = $T;
            impl $Name<T> for T {
                $(
                    #[cfg_attr(not(feature = $feature), inline)]
                    fn $method($($x: $X),*) $(-> $Y)? $body
                )+
            }
        };
    };
}
pub(crate) use concrete;

/// Calls a macro for every element type. The type comes first, in brackets, with the feature that compiles its kernels
/// with the crate.
macro_rules! for_each_element {
    ($then:path: @$rule:ident $($rest:tt)*) => {
        $then! { @$rule [f32, "precompiled-f32"] $($rest)* }
        $then! { @$rule [f64, "precompiled-f64"] $($rest)* }
        #[cfg(feature = "half")]
        $then! { @$rule [half::f16, "precompiled-f32"] $($rest)* }
        #[cfg(feature = "half")]
        $then! { @$rule [half::bf16, "precompiled-f32"] $($rest)* }
    };
}
pub(crate) use for_each_element;

/// Declares a trait whose methods compute functions `F` of elements `T`, given the methods of the trait that users
/// call. The type that implements it determines where the kernels are compiled.
macro_rules! declare_compute {
    ({ $(#[$doc:meta])* $vis:vis $Compute:ident } $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+) => {
        $(#[$doc])*
        $vis trait $Compute<F, T> {
            $(#[track_caller]
            fn $method(f: &F, $($x: $X),+) -> $Y;)+
        }
    };
}
pub(crate) use declare_compute;

/// Compiles the kernels of one function in this crate, for every element; each computes as [`Here`] does.
macro_rules! compile {
    ({ [$($generics:tt)*] $Compute:ident of $Name:ty } $($methods:tt)+) => {
        $crate::compiled::for_each_element! { $crate::compiled::compile:
            @of { [$($generics)*] $Compute of $Name } $($methods)+
        }
    };
    (@of [$T:ty, $feature:literal] { [$($generics:tt)*] $Compute:ident of $Name:ty } $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+) => {
        const _: () = {
            type T = $T;
            impl<$($generics)*> $Compute<$Name, T> for T {
                $(
                    #[track_caller]
                    #[cfg_attr(not(feature = $feature), inline)]
                    fn $method(f: &$Name, $($x: $X),+) -> $Y {
                        <$crate::compiled::Here as $Compute<$Name, T>>::$method(f, $($x),+)
                    }
                )+
            }
        };
    };
}
pub(crate) use compile;

/// Provides the methods of a trait for a function of the crate, by `T::Kernels` of the element.
macro_rules! provide {
    ({ $Compute:ident } $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+) => {
        $(
            #[track_caller]
            fn $method<T: $crate::Element>(&self, $($x: $X),+) -> $Y {
                <T::Kernels as $Compute<Self, T>>::$method(self, $($x),+)
            }
        )+
    };
}
pub(crate) use provide;

/// Implements a trait that only combines its supertraits, for one element.
macro_rules! implement_all {
    (@of [$T:ty, $feature:literal] $Name:ident) => {
        impl $Name<$T> for $T {}
    };
}
pub(crate) use implement_all;

/// Implements a trait that users call for the enum of its catalogue, by the function that was chosen at run time.
macro_rules! delegate {
    ({ $Trait:ident, $Any:ty $(, { $($extra:tt)* })? } $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+) => {
        impl<T: $crate::Element> $Trait<T> for $Any {
            fn spec(&self) -> &'static $crate::Spec {
                self.spec()
            }
            $($($extra)*)?
            $(
                #[track_caller]
                fn $method(&self, $($x: $X),+) -> $Y {
                    self.as_dyn::<T>().$method($($x),+)
                }
            )+
        }
    };
}
pub(crate) use delegate;

/// Implements a trait that users call for pointers to its implementors.
macro_rules! forward {
    ({ $Trait:ident for $Pointer:ty, { $($extra:tt)* } } $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+) => {
        impl<A: $Trait<T> + ?Sized, T: $crate::Element> $Trait<T> for $Pointer {
            fn spec(&self) -> &'static $crate::Spec {
                (**self).spec()
            }
            $($extra)*
            $(
                #[track_caller]
                fn $method(&self, $($x: $X),+) -> $Y {
                    (**self).$method($($x),+)
                }
            )+
        }
    };
}
pub(crate) use forward;

/// The place of kernels that are compiled where they are used: those of any formula.
#[doc(hidden)]
#[derive(Debug)]
pub struct Here;

/// Implements a trait that users call for a type, by the kernels of a place: [`Here`], or `T::Kernels` of the element.
#[doc(hidden)]
#[macro_export]
macro_rules! __implement {
    (
        { [$($generics:tt)*] $module:ident $Trait:ident $Compute:ident, $place:ty, $Name:ty, { $($extra:tt)* } }
        $($method:ident($($x:ident: $X:ty),+) -> $Y:ty;)+
    ) => {
        const _: () = {
            use $crate::$module::{$Compute as __Compute, $Trait as __Trait};
            impl<$($generics)* T: $crate::Element> __Trait<T> for $Name {
                $($extra)*
                $(
                    #[inline]
                    #[track_caller]
                    fn $method(&self, $($x: $X),+) -> $Y {
                        <$place as __Compute<$Name, T>>::$method(self, $($x),+)
                    }
                )+
            }
        };
    };
}

/// The method `spec` of a type that implements a formula.
#[doc(hidden)]
#[macro_export]
macro_rules! __spec {
    ([$($generics:tt)*], $Name:ty, $Formula:path) => {
        impl<$($generics)*> $Name {
            /// The specification of the function.
            #[must_use]
            #[allow(dead_code, reason = "not everyone asks")]
            pub const fn spec(&self) -> &'static $crate::Spec {
                <Self as $Formula>::SPEC
            }
        }
    };
}
