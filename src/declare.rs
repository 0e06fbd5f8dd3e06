//! The macros that declare functions, and the catalogue of all of them.

use crate::convert::is_nan;
use crate::error::ParameterError;

/// The largest number of parameters of a function. A declaration with more does not compile.
pub(crate) const MOST_PARAMETERS: usize = 4;

/// The values of the parameters of a function, padded with zeros.
pub(crate) type Values = [f64; MOST_PARAMETERS];

/// The parameters of a function, in the order of its fields.
pub(crate) trait Parameters: Sized {
    fn values(&self) -> Values;
    /// The function with these values, checked, and what it borrows.
    fn with_values(self, values: Values) -> Result<Self, ParameterError>;
    /// The weights of classes that the function borrows. They are no parameter: a text cannot hold them.
    fn borrowed(&self) -> Option<&[f64]> {
        None
    }
}

/// A restriction of error bounds, for functions with parameters.
macro_rules! of_defaults {
    () => {
        ""
    };
    ($($field:ident)+) => {
        ", with default parameters,"
    };
}
pub(crate) use of_defaults;

/// What a declaration says, or what is so if it says nothing.
macro_rules! or {
    ($default:expr) => {
        $default
    };
    ($default:expr, $declared:expr) => {
        $declared
    };
}
pub(crate) use or;

/// Declares a function: its type, its parameters with their defaults and requirements, its specification, and
/// optionally the methods of its formula. The documentation page and the tests read the same tokens.
///
/// A parameter may have aliases for [`parse`](crate::parse::parse), and a requirement may depend on other parameters:
/// `a ("alpha") = 1.0, |a| a > 0.0 => "must be positive"; ... } also a, |this| this.a <= this.b => "must not exceed b";`
///
/// `example [x] = [value, derivative];` is the example of the page, with the default parameters: numbers from the formula
/// of the reference, `tests/reference/generate.py`, or from paper, not from the kernel. Below 16 in magnitude, 1e-14
/// is more than 5 ulp.
macro_rules! declare {
    (
        $module:literal, $Trait:literal, $Formula:ident, $floor_of:literal;
        $(#[$doc:meta])*
        $Name:ident $({
            $($(#[$field_doc:meta])* $field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr, $check:expr => $requirement:literal;)+
        } $(also $blamed:ident, $also:expr => $also_requirement:literal;)*)?
        names [$name:literal $(, $alias_of:literal)* $(,)?];
        formula $f:literal, $df:literal, $d2f:literal;
        source $source:literal;
        example [$at:literal $(, $target:literal)?] = [$value:literal, $derivative:literal];
        limits $limits:expr;
        $(kinks $kinks:expr;)?
        $(roots $roots:expr;)?
        range $range:expr, monotone $monotone:literal, $parity:ident;
        f32 $ulp32:tt $(, floor $floor32:expr)?;
        f64 $ulp64:expr $(, floor $floor64:expr)?;
        $(in_f64 $in_f64:expr;)?
        $(bound $bound:literal;)?
        $(in $arguments:tt $(, cuts_at $end:tt)? $(, exact_gain $gain:expr;)? $(, constant $constant:expr;)? $(, one_minimum $one_minimum:literal;)? $($method:ident $body:block)+)?
    ) => {
        $crate::declare::declare! { @type
            [
                $(#[$doc])*
                #[doc(alias = $name)]
                $(#[doc(alias = $alias_of)])*
                ///
                #[cfg_attr(doc, doc = include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/doc/plots/", $module, "/", $name, ".html",
                )))]
                ///
                #[doc = concat!(
                    "- value: `", $f, "`\n- derivative: `", $df, "`\n- second derivative: `", $d2f, "`\n",
                    "- limits of the three at -inf and +inf: `", stringify!($limits), "`\n",
                    "- error bounds of the three", $crate::declare::of_defaults!($($($field)+)?), " in f32: `", stringify!($ulp32), "` ulp",
                    $(", near a zero `", stringify!($floor32), " * 2^-24", $floor_of, "` if that is larger",)?
                    "; in f64: `", stringify!($ulp64), "` ulp",
                    $(", near a zero `", stringify!($floor64), " * 2^-53", $floor_of, "` if that is larger",)?
                    $("\n- Hessian bound: ", $bound,)?
                    $("\n- kinks: `", stringify!($kinks), "`",)?
                    "\n- source: ", $source, "\n- names: `", $name, "`" $(, " `", $alias_of, "`")*,
                    "\n\n```\nuse slopes::", $module, "::{", $Trait, ", ", stringify!($Name), "};\n",
                    "let f = ", stringify!($Name), "::DEFAULT;\n",
                    "assert!((f.forward(", stringify!($at), "_f64", $(", ", stringify!($target),)? ") - ", stringify!($value),
                    ").abs() < 1e-14);\n",
                    "assert!((f.derivative(", stringify!($at), "_f64", $(", ", stringify!($target),)? ") - ", stringify!($derivative),
                    ").abs() < 1e-14);\n```",
                )]
            ]
            $module $Name $({
                $($(#[$field_doc])* $field $(($($alias),+))? $(: $kind)? = $default, $check => $requirement;)+
            } $(also $blamed, $also => $also_requirement;)*)?
        }

        impl $Name {
            /// The specification of the function, as from [`spec`](Self::spec).
            pub const SPEC: &'static $crate::spec::Spec = &$crate::spec::Spec {
                names: &[$name $(, $alias_of)*],
                parameters: &[$($(&[stringify!($field) $($(, $alias)+)?]),+)?],
                defaults: &[$($($crate::declare::field!(value $($kind)?; $default)),+)?],
                kinds: &[$($($crate::declare::field!(kind $($kind)?)),+)?],
                outputs: $crate::spec::ORDERS,
                formulas: [$f, $df, $d2f],
                source: $source,
                limits: $limits,
                kinks: $crate::spec::kinks(&[$(&$kinks)?]),
                roots: $crate::spec::roots(&[$($roots)?]),
                range: $range,
                monotone: $monotone,
                parity: $crate::spec::Parity::$parity,
                f32: $crate::spec::ErrorBound::declared($ulp32, &[$($floor32)?]),
                f64: $crate::spec::ErrorBound::declared($ulp64, &[$($floor64)?]),
                absolute_of: [""; 3],
            };

            /// Which of value and derivatives are computed in f64, where numbers of f32 do not fuse.
            pub(crate) const IN_F64: [bool; 3] = $crate::declare::or!([false; 3] $(, $in_f64)?);
        }

        /// The row of the function in the table on its module's page.
        macro_rules! $Name {
            () => {
                concat!(
                    "| [`", stringify!($Name), "`] | ", $f, " | ",
                    $($("`", stringify!($field), " = ", $crate::declare::field!(text $($kind)?; $default), "`<br>",)+)?
                    " | ", $crate::declare::unbroken!($ulp32), " |\n",
                )
            };
        }

        impl $Name {
            /// The specification of the function: its formula, source, limits, kinks, error bounds.
            #[must_use]
            pub const fn spec(&self) -> &'static $crate::Spec {
                Self::SPEC
            }
        }

        $(impl $Formula for $Name {
            const SPEC: &'static $crate::Spec = $Name::SPEC;
            const IN_F64: [bool; 3] = $Name::IN_F64;
            $(const CUTS_AT: Option<f64> = Some($end);)?
            $(const ONE_MINIMUM: bool = $one_minimum;)?
            $(fn exact_gain(self) -> Option<f64> {
                let gain: fn(Self) -> f64 = $gain;
                Some(gain(self))
            })?
            $(fn constant(self, mean: f64) -> Option<f64> {
                let constant: fn(Self, f64) -> f64 = $constant;
                Some(constant(self, mean))
            })?
            $($crate::declare::method! { $method $arguments $body })+
        })?
    };
    (@type [$(#[$attribute:meta])*] $module:literal $Name:ident) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct $Name;

        impl $Name {
            /// The function, which has no parameters.
            pub const DEFAULT: Self = Self;
            #[allow(dead_code, reason = "for the references of functions of one number and losses of pairs")]
            pub(crate) const DEFAULT_IN_F32: Self = Self;
        }

        impl $crate::declare::Parameters for $Name {
            fn values(&self) -> $crate::declare::Values {
                Default::default()
            }
            fn with_values(self, _: $crate::declare::Values) -> Result<Self, $crate::ParameterError> {
                Ok(self)
            }
        }
    };
    (
        @type [$(#[$attribute:meta])*]
        $module:literal $Name:ident {
            $($(#[$field_doc:meta])* $field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr, $check:expr => $requirement:literal;)+
        } $(also $blamed:ident, $also:expr => $also_requirement:literal;)*
    ) => {
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub struct $Name {
            $(
                $(#[$field_doc])*
                $(#[doc = concat!("\nAlso read as:" $(, " `", $alias, "`")+, ".")] $(#[doc(alias = $alias)])+)?
                pub $field: $crate::declare::field!(type $($kind)?),
            )+
        }

        impl $Name {
            /// The default parameters.
            pub const DEFAULT: Self = Self { $($field: $default),+ };
            #[allow(dead_code, reason = "for the references of functions of one number and losses of pairs")]
            #[allow(clippy::excessive_precision, reason = "the defaults are f64")]
            pub(crate) const DEFAULT_IN_F32: Self = Self { $($field: $crate::declare::field!(in_f32 $($kind)?; $default)),+ };

            /// The parameters rounded to a type, for constants that are computed from them in f64.
            #[inline(always)]
            #[allow(dead_code, reason = "few formulas have constants computed from parameters")]
            pub(crate) fn rounded_to<R: $crate::Real>(self) -> Self {
                Self { $($field: $crate::declare::Parameter::rounded_to::<R>(self.$field)),+ }
            }

            /// The function with these parameters, checked. Fields that are set directly are not checked.
            ///
            /// # Errors
            #[doc = concat!("If a parameter is out of its domain, as it is or rounded to f32:", $(" `", stringify!($field), "` ", $requirement, ".",)+)]
            $(#[doc = concat!("`", stringify!($blamed), "` ", $also_requirement, ".")])*
            #[doc = concat!(
                "\n```\nuse slopes::", $module, "::", stringify!($Name), ";\n",
                "assert_eq!(", stringify!($Name), "::new(", $(stringify!($default), ", ",)+ ").unwrap(), ", stringify!($Name), "::DEFAULT);\n```",
            )]
            pub fn new($($field: $crate::declare::field!(type $($kind)?)),+) -> Result<Self, $crate::ParameterError> {
                // f32, f16 and bf16 are computed with parameters that are rounded to f32: those must be in the domain too.
                $(
                    let is_valid: fn($crate::declare::field!(type $($kind)?)) -> bool = $check;
                    if !is_valid($field) || !is_valid($crate::declare::Parameter::rounded_to::<f32>($field)) {
                        let requirement = if is_valid($field) { concat!($requirement, ", in f32 too") } else { $requirement };
                        let (parameter, value) = (stringify!($field), $crate::declare::Parameter::value($field));
                        return Err($crate::ParameterError { parameter, value, requirement });
                    }
                )+
                let this = Self { $($field),+ };
                $(
                    let is_valid: fn(&Self) -> bool = $also;
                    if !is_valid(&this) || !is_valid(&this.rounded_to::<f32>()) {
                        let requirement =
                            if is_valid(&this) { concat!($also_requirement, ", in f32 too") } else { $also_requirement };
                        let (parameter, value) = (stringify!($blamed), $crate::declare::Parameter::value(this.$blamed));
                        return Err($crate::ParameterError { parameter, value, requirement });
                    }
                )*
                Ok(this)
            }
        }

        impl $crate::declare::Parameters for $Name {
            fn values(&self) -> $crate::declare::Values {
                let mut values = $crate::declare::Values::default();
                let [$($field,)+ ..] = &mut values;
                $(*$field = $crate::declare::Parameter::value(self.$field);)+
                values
            }
            fn with_values(self, [$($field,)+ ..]: $crate::declare::Values) -> Result<Self, $crate::ParameterError> {
                Self::new($($crate::declare::Parameter::checked(stringify!($field), $field)?),+)
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

/// The numbers of an array as a text that is not broken into lines.
macro_rules! unbroken {
    ([$first:literal $(, $more:literal)*]) => { concat!($first $(, ",&nbsp;", $more)*) };
}
pub(crate) use unbroken;

/// The type of a parameter, and constants of it: f64, `flag` for bool, `optional` for `Option<f64>`, `label` for
/// `Option<i64>`, `masked` for `FullyMasked`. `given` is the type that a method `with_..` takes, `text` the default in tables.
macro_rules! field {
    (type) => { f64 };
    (type flag) => { bool };
    (type optional) => { Option<f64> };
    (type label) => { Option<i64> };
    (type masked) => { $crate::row::FullyMasked };
    (given label) => { i64 };
    (given $($kind:ident)?) => { $crate::declare::field!(type $($kind)?) };
    (wrap label; $given:expr) => { Some($given) };
    (wrap $($kind:ident)?; $given:expr) => { $given };
    (in_f32; $default:expr) => { $default as f32 as f64 };
    (in_f32 $kind:ident; $default:expr) => { $default };
    (value; $default:expr) => { $default };
    (value flag; $default:expr) => { if $default { 1.0 } else { 0.0 } };
    (value optional; $default:expr) => {{
        let default: Option<f64> = $default;
        match default {
            Some(value) => value,
            None => f64::NAN,
        }
    }};
    (value label; $default:expr) => {{
        let default: Option<i64> = $default;
        match default {
            Some(label) => label as f64,
            None => f64::NAN,
        }
    }};
    (value masked; $default:expr) => {{
        assert!($default as u8 == 0, "tables have the text of this default");
        0.0
    }};
    (text masked; $default:expr) => { "zero" };
    (text $($kind:ident)?; $default:expr) => { stringify!($default) };
    (kind) => { $crate::spec::ParameterKind::Number };
    (kind flag) => { $crate::spec::ParameterKind::Flag };
    (kind optional) => { $crate::spec::ParameterKind::Optional };
    (kind label) => { $crate::spec::ParameterKind::Optional };
    (kind masked) => { $crate::spec::ParameterKind::Choice($crate::row::FullyMasked::NAMES) };
}
pub(crate) use field;

/// The type of a parameter, with its conversions to and from f64: a flag is 0 or 1, `None` is NaN, a choice its index.
pub(crate) trait Parameter: Copy {
    fn of(value: f64) -> Self;
    fn value(self) -> f64;
    /// What a value of the type must be.
    const REQUIREMENT: &'static str = "";
    /// The parameter of this value, or an error if the type has no such value.
    fn checked(parameter: &'static str, value: f64) -> Result<Self, ParameterError> {
        let this = Self::of(value);
        if this.value() == value || value.is_nan() && this.value().is_nan() {
            return Ok(this);
        }
        Err(ParameterError { parameter, value, requirement: Self::REQUIREMENT })
    }
    /// The parameter rounded to a type, for constants that are computed from it in f64.
    #[inline(always)]
    fn rounded_to<R: crate::Real>(self) -> Self {
        Self::of(R::from_f64_rounded(self.value()).into_f64())
    }
}

impl Parameter for f64 {
    #[inline(always)]
    fn of(value: f64) -> Self {
        value
    }
    #[inline(always)]
    fn value(self) -> f64 {
        self
    }
}

impl Parameter for bool {
    const REQUIREMENT: &'static str = "must be 0 or 1";
    #[inline(always)]
    fn of(value: f64) -> Self {
        value == 1.0
    }
    #[inline(always)]
    fn value(self) -> f64 {
        f64::from(u8::from(self))
    }
}

impl Parameter for Option<f64> {
    #[inline(always)]
    fn of(value: f64) -> Self {
        if is_nan(value) { None } else { Some(value) }
    }
    #[inline(always)]
    fn value(self) -> f64 {
        self.unwrap_or(f64::NAN)
    }
}

impl Parameter for Option<i64> {
    const REQUIREMENT: &'static str = "must be an integer";
    fn of(value: f64) -> Self {
        if value.is_nan() { None } else { Some(value as i64) }
    }
    fn value(self) -> f64 {
        self.map_or(f64::NAN, |label| label as f64)
    }
}

/// One method of a formula.
macro_rules! method {
    ($method:ident ($this:ident $(, $x:ident)+) $body:block) => {
        #[inline(always)]
        fn $method<L: $crate::Lanes>($this $(, $x: L)+) -> L $body
    };
}
pub(crate) use method;

/// Declares the catalogue of functions. Each function in the list is made public, compiled for every element type,
/// listed in `all` and `by_name`, and a variant of the enum, which computes through the method tables that `all` uses.
macro_rules! catalogue {
    (
        $(#[$doc:meta])*
        $Any:ident of $path:literal, $Trait:ident by $Compute:ident, $methods:ident!, $implement:ident!;
        $($module:ident: $($Name:ident),+;)+
    ) => {
        $(pub use $module::{$($Name),+};)+

        /// Every function in f64, with its default parameters rounded to f32: the references for the errors of the f32
        /// kernels.
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

        /// The kernels of every function, and their method tables.
        #[doc(hidden)]
        pub trait Kernels<T>: $($($Compute<$Name, T> +)+)+ {
            fn all() -> &'static [&'static dyn $Trait<T>];
            fn of(any: &$Any) -> &dyn $Trait<T>;
        }

        $crate::compiled::for_each_element! { $crate::declare::catalogue: @tables $Any of $Trait; $($module: $($Name),+;)+ }

        $crate::any::any! {
            $(#[$doc])*
            $Any [] of $path in elementwise_table; $($($Name),+),+
        }

        impl $Any {
            /// The function, as a trait object of its compiled methods.
            fn as_dyn<T: $crate::Element>(&self) -> &dyn $Trait<T> {
                <T::Kernels as Kernels<T>>::of(self)
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
