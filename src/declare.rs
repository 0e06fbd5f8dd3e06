//! The macros that functions are declared with.

use crate::error::ParameterError;

/// A declaration with more does not compile.
pub(crate) const MOST_PARAMETERS: usize = 4;

/// The values of a function's parameters, and zeros behind them.
pub(crate) type Values = [f64; MOST_PARAMETERS];

/// A function's parameters in the order of its fields.
pub(crate) trait Parameters: Sized {
    fn values(&self) -> Values;
    fn checked(values: Values) -> Result<Self, ParameterError>;
}

/// Declares a function: its type, its parameters with their usual values and what they must be, its spec, and, if they
/// are written here, its formula's methods. The page in the documentation and the tests read the same tokens.
///
/// A parameter may have more names for [`parse`](crate::parse::parse), and what it must be may depend on the others:
/// `a ("alpha") = 1.0, |a| a > 0.0 => "must be positive"; ... } also a, |this| this.a <= this.b => "must not exceed b";`
macro_rules! declare {
    (
        $module:literal, $Trait:literal, $Formula:ident, $call:literal, $floor_of:literal;
        $(#[$doc:meta])*
        $Name:ident $({
            $($(#[$field_doc:meta])* $field:ident $(($($alias:literal),+))? = $usual:literal, $check:expr => $wanted:literal;)+
        } $(also $blamed:ident, $also:expr => $also_wanted:literal;)*)?
        names $names:expr;
        formula $f:literal, $df:literal, $ddf:literal;
        source $source:literal;
        limits $limits:expr;
        $(kinks $kinks:expr;)?
        $(roots $roots:expr;)?
        range $range:expr, monotone $monotone:literal, $parity:ident;
        f32 $ulp32:expr $(, floor $floor32:expr)?;
        f64 $ulp64:expr $(, floor $floor64:expr)?;
        $(bound $bound:literal;)?
        $(in $arguments:tt $(, constant $constant:expr;)? $(, one_minimum $one_minimum:literal;)? $($method:ident $body:block)+)?
    ) => {
        $crate::declare::declare! { @type
            [
                $(#[$doc])*
                ///
                #[doc = concat!(
                    "- value: `", $f, "`\n- slope: `", $df, "`\n- curvature: `", $ddf, "`\n",
                    "- worst error of the three, in ulp, over all f32: ", stringify!($ulp32),
                    $(", or beside a root ", stringify!($floor32), " * 2^-24", $floor_of, ",",)? "; f64: ", stringify!($ulp64),
                    $(", or beside a root ", stringify!($floor64), " * 2^-53", $floor_of,)?
                    $("\n- curvature bound: ", $bound,)?
                    $("\n- kinks: `", stringify!($kinks), "`",)? "\n- source: ", $source, "\n- names: `", stringify!($names), "`",
                    "\n\n```\nuse slopes::", $module, "::{", $Trait, ", ", stringify!($Name), "};\n",
                    "let value = ", stringify!($Name), "::DEFAULT.", $call, ";\nassert!(value.is_finite());\n```",
                )]
            ]
            $module $Name $({
                $($(#[$field_doc])* $field $(($($alias),+))? = $usual, $check => $wanted;)+
            } $(also $blamed, $also => $also_wanted;)*)?
        }

        impl $Name {
            /// The specification, which [`spec`](Self::spec) gives too.
            pub const SPEC: &'static $crate::spec::Spec = &$crate::spec::Spec {
                names: &$names,
                parameters: &[$($(&[stringify!($field) $($(, $alias)+)?]),+)?],
                defaults: &[$($($usual),+)?],
                formulas: [$f, $df, $ddf],
                source: $source,
                limits: $limits,
                kinks: $crate::spec::kinks(&[$(&$kinks)?]),
                roots: $crate::spec::roots(&[$($roots)?]),
                range: $range,
                monotone: $monotone,
                parity: $crate::spec::Parity::$parity,
                f32: $crate::spec::ErrorBound::new($ulp32, &[$($floor32)?]),
                f64: $crate::spec::ErrorBound::new($ulp64, &[$($floor64)?]),
            };
        }

        impl $Name {
            /// The specification of the function: its formula, source, limits, kinks, error bounds.
            pub const fn spec(&self) -> &'static $crate::Spec {
                Self::SPEC
            }
        }

        $(impl $Formula for $Name {
            const SPEC: &'static $crate::Spec = $Name::SPEC;
            $(const ONE_MINIMUM: bool = $one_minimum;)?
            $(fn constant(self, mean: f64) -> Option<f64> {
                let constant: fn(Self, f64) -> f64 = $constant;
                Some(constant(self, mean))
            })?
            $($crate::declare::method! { $method $arguments $body })+
        })?
    };
    (@type [$(#[$attribute:meta])*] $module:literal $Name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq)]
        pub struct $Name;

        impl $Name {
            /// The function; it has no parameters.
            pub const DEFAULT: Self = Self;
            pub(crate) const DEFAULT_IN_F32: Self = Self;
        }

        impl $crate::declare::Parameters for $Name {
            fn values(&self) -> $crate::declare::Values {
                Default::default()
            }
            fn checked(_: $crate::declare::Values) -> Result<Self, $crate::ParameterError> {
                Ok(Self)
            }
        }
    };
    (
        @type [$(#[$attribute:meta])*]
        $module:literal $Name:ident {
            $($(#[$field_doc:meta])* $field:ident $(($($alias:literal),+))? = $usual:literal, $check:expr => $wanted:literal;)+
        } $(also $blamed:ident, $also:expr => $also_wanted:literal;)*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            $(
                $(#[$field_doc])*
                $(#[doc = concat!("\nIn text also:" $(, " `", $alias, "`")+, ".")])?
                pub $field: f64,
            )+
        }

        impl $Name {
            /// The usual parameters.
            pub const DEFAULT: Self = Self { $($field: $usual),+ };
            pub(crate) const DEFAULT_IN_F32: Self = Self { $($field: $usual as f32 as f64),+ };

            /// With the parameters as a type holds them: for what is computed from them in f64.
            #[inline(always)]
            #[allow(dead_code, reason = "few formulas compute with parameters alone")]
            pub(crate) fn rounded_to<R: $crate::Real>(self) -> Self {
                Self { $($field: R::from_f64_rounded(self.$field).into_f64()),+ }
            }

            /// With every parameter checked. The fields are public, and what is written there is not.
            ///
            /// # Errors
            #[doc = concat!("If a parameter is not what it must be:", $(" `", stringify!($field), "` ", $wanted, ".",)+)]
            $(#[doc = concat!("`", stringify!($blamed), "` ", $also_wanted, ".")])*
            #[doc = concat!(
                "\n```\nuse slopes::", $module, "::", stringify!($Name), ";\n",
                "assert!(", stringify!($Name), "::new(", $("f64::NAN, /* ", stringify!($field), " */ ",)+ ").is_err());\n```",
            )]
            pub fn new($($field: f64),+) -> Result<Self, $crate::ParameterError> {
                $(
                    let is_valid: fn(f64) -> bool = $check;
                    if !is_valid($field) {
                        let (parameter, value) = (stringify!($field), $field);
                        return Err($crate::ParameterError { parameter, value, requirement: $wanted });
                    }
                )+
                let this = Self { $($field),+ };
                $(
                    let is_valid: fn(&Self) -> bool = $also;
                    if !is_valid(&this) {
                        let (parameter, value) = (stringify!($blamed), this.$blamed);
                        return Err($crate::ParameterError { parameter, value, requirement: $also_wanted });
                    }
                )*
                Ok(this)
            }
        }

        impl $crate::declare::Parameters for $Name {
            fn values(&self) -> $crate::declare::Values {
                let mut values = $crate::declare::Values::default();
                let [$($field,)+ ..] = &mut values;
                $(*$field = self.$field;)+
                values
            }
            fn checked([$($field,)+ ..]: $crate::declare::Values) -> Result<Self, $crate::ParameterError> {
                Self::new($($field),+)
            }
        }

        impl Default for $Name {
            fn default() -> Self {
                Self::DEFAULT
            }
        }
    };
}
pub(crate) use declare;

/// One method of a formula.
macro_rules! method {
    ($method:ident ($this:ident $(, $x:ident)+) $body:block) => {
        #[inline(always)]
        fn $method<L: $crate::Lanes>($this $(, $x: L)+) -> L $body
    };
}
pub(crate) use method;

/// The list is the export: what it names is public, compiled for every element type, in `all`, in `by_name`, and a variant
/// of the enum, which computes through the tables of methods that `all` has too.
macro_rules! catalogue {
    (
        $(#[$doc:meta])*
        $Any:ident of $Trait:ident by $Compute:ident, $methods:ident!, $implement:ident!;
        $($module:ident: $($Name:ident),+;)+
    ) => {
        $(pub use $module::{$($Name),+};)+

        const NAMES: $crate::names::Names = &[$($($Name::SPEC.names),+),+];

        /// Of every function, in f64 and with its usual parameters as an f32 holds them: what the f32 kernels compute
        /// is measured against these.
        #[doc(hidden)]
        #[cfg_attr(not(feature = "precompiled-f64"), inline)]
        pub fn references() -> &'static [&'static dyn $Trait<f64>] {
            &[$($(&$Name::DEFAULT_IN_F32),+),+]
        }

        $($(
            $crate::$methods! { $crate::compiled::compile: { [] $Compute of $Name } }
            $crate::$implement! { @in T::Kernels, [], $Name }
        )+)+
        $crate::$implement! { @any $Any }

        /// The kernels of every function, and the tables of their methods.
        #[doc(hidden)]
        pub trait Kernels<T>: $($($Compute<$Name, T> +)+)+ {
            fn all() -> &'static [&'static dyn $Trait<T>];
            fn of(any: &$Any) -> &dyn $Trait<T>;
        }

        $crate::compiled::for_each_element! { $crate::declare::catalogue: @tables $Any of $Trait; $($module: $($Name),+;)+ }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub enum $Any {
            $($(
                #[doc = concat!("The function [`", stringify!($Name), "`].")]
                $Name($Name),
            )+)+
        }

        impl $Any {
            /// What the function declares about itself, at its usual parameters.
            pub fn spec(&self) -> &'static $crate::Spec {
                match self {
                    $($(Self::$Name(_) => $Name::SPEC,)+)+
                }
            }
        }

        $($(impl From<$Name> for $Any {
            fn from(f: $Name) -> Self {
                Self::$Name(f)
            }
        })+)+

        impl $Any {
            fn values(&self) -> $crate::declare::Values {
                match self {
                    $($(Self::$Name(f) => $crate::declare::Parameters::values(f),)+)+
                }
            }
        }

        /// The same function, with the same bits in every parameter.
        impl PartialEq for $Any {
            fn eq(&self, other: &Self) -> bool {
                let [a, b] = [self, other].map(|any| any.values().map(f64::to_bits));
                core::mem::discriminant(self) == core::mem::discriminant(other) && a == b
            }
        }

        impl Eq for $Any {}

        impl core::hash::Hash for $Any {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                core::mem::discriminant(self).hash(state);
                self.values().map(f64::to_bits).hash(state);
            }
        }

        impl core::fmt::Display for $Any {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::parse::write(f, self.spec(), self.values())
            }
        }

        impl core::str::FromStr for $Any {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, $crate::ParseError> {
                $crate::parse::parse(text, NAMES, &[$($(
                    ($Name::SPEC, |values| <$Name as $crate::declare::Parameters>::checked(values).map(Self::$Name)),
                )+)+])
            }
        }
    };
    (@tables [$T:ty, $feature:literal] $Any:ident of $Trait:ident; $($module:ident: $($Name:ident),+;)+) => {
        impl Kernels<$T> for $T {
            #[cfg_attr(not(feature = $feature), inline)]
            fn all() -> &'static [&'static dyn $Trait<$T>] {
                &[$($(&$Name::DEFAULT),+),+]
            }
            #[cfg_attr(not(feature = $feature), inline)]
            fn of(any: &$Any) -> &dyn $Trait<$T> {
                match any {
                    $($($Any::$Name(f) => f,)+)+
                }
            }
        }
    };
}
pub(crate) use catalogue;
