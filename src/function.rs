//! The macros that declare functions of rows and of several numbers: page, specification, type.

/// Declares a function: its specification, then its type. The page and the tests read the same tokens.
///
/// ```text
/// /// The first paragraph of the page.
/// names ["softmax"];
/// "value": "exp(x_i) / sum_j exp(x_j)", f32 2.0, f64 2.0;
/// "gradient": "y_i (dy_i - sum_j y_j dy_j)", f32 2.0 or 17.0, f64 2.0 or 17.0, of "y_i max |dy|";
/// source "J. Bridle, 1990";
/// range [0.0, 1.0];
///
/// /// The rest of the page.
/// Softmax { temperature ("t") = 1.0, with_temperature, temperature; }
/// ```
///
/// The bound of the value is 2 ulp; that of the gradient 2 ulp, or 17 units of 2^-24 (f64: 2^-53) of y_i max |dy|. An
/// option has aliases, a [`kind`](crate::declare::field) (`squared: flag = false`), a default, a method, and the name of
/// its check in `check.rs`.
///
/// The type is `Name;` without options, `Name { .. }` with a method for each option, `Name new of "module" { .. }` with a
/// constructor that takes all parameters, as of [`declare!`](crate::declare::declare), or written out as a `struct`.
macro_rules! function {
    (
        $(#[$head:meta])*
        names [$name:literal $(, $alias_of:literal)* $(,)?];
        $($label:literal: $formula:literal, f32 $ulp32:literal $(or $absolute32:literal)?,
            f64 $ulp64:literal $(or $absolute64:literal)? $(, of $of:literal)?;)+
        source $source:literal;
        range $range:expr;
        $($type:tt)+
    ) => {
        $crate::function::typed! {
            [
                $(#[$head])*
                #[doc(alias = $name)]
                $(#[doc(alias = $alias_of)])*
                ///
                #[cfg_attr(doc, doc = include_str!(concat!(
                    env!("CARGO_MANIFEST_DIR"), "/doc/plots/row/", $name, ".html",
                )))]
                ///
                #[doc = concat!(
                    "\n",
                    $(
                        "- ", $label, ": `", $formula, "`; largest error in f32 `", stringify!($ulp32), "` ulp",
                        $(" or `", stringify!($absolute32), " * 2^-24`",)?
                        ", in f64 `", stringify!($ulp64), "` ulp",
                        $(" or `", stringify!($absolute64), " * 2^-53`",)?
                        $(", the absolute ones times `", $of, "`",)?
                        "\n",
                    )+
                    "- range: `", stringify!($range), "`\n- source: ", $source, "\n- names: `", $name, "`" $(, " `", $alias_of, "`")*, "\n",
                )]
            ]
            {
                [$([$formula, $ulp32 $(or $absolute32)?])+]
                $crate::spec::Spec::of_outputs(&[$name $(, $alias_of)*], &[$($crate::spec::Output {
                    label: $label,
                    formula: $formula,
                    f32: &[$ulp32 $(, $absolute32)?],
                    f64: &[$ulp64 $(, $absolute64)?],
                    absolute_of: &[$($of)?],
                }),+], $source, $range)
            }
            $($type)+
        }
    };
}
pub(crate) use function;

/// The type of a function, with its attributes and its specification without parameters: see [`function!`].
macro_rules! typed {
    ([$($attributes:tt)*] $spec:tt $(#[$tail:meta])* $Name:ident;) => {
        $crate::declare::declare! { @type [$($attributes)* $(#[$tail])*] "" $Name }
        $crate::function::specified! { $Name [] $spec }
    };
    (
        [$($attributes:tt)*] $spec:tt $(#[$tail:meta])*
        $Name:ident $(<$lifetime:lifetime> weighing $classes:ident ($letter:literal), $with_classes:ident)? {
            $(
                $(#[$doc:meta])*
                $field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr, $with:ident $(, $check:ident)?;
            )*
        }
    ) => {
        $crate::function::options! {
            [$($attributes)* $(#[$tail])*]
            $Name $(<$lifetime> weighing $classes ($letter), $with_classes)? {
                $($(#[$doc])* $field $(($($alias),+))? $(: $kind)? = $default, $with $(, $check)?;)*
            }
        }
        $crate::function::specified! {
            $Name [$($lifetime)?] $spec $($field $(($($alias),+))? $(: $kind)? = $default;)*
        }
    };
    (
        [$($attributes:tt)*] $spec:tt $(#[$tail:meta])*
        $Name:ident new of $module:literal {
            $($(#[$doc:meta])* $field:ident $(($($alias:literal),+))? = $default:expr, $check:expr => $requirement:literal;)+
        }
    ) => {
        $crate::declare::declare! { @type [$($attributes)* $(#[$tail])*] $module $Name {
            $($(#[$doc])* $field $(($($alias),+))? = $default, $check => $requirement;)+
        } }
        $crate::function::specified! { $Name [] $spec $($field $(($($alias),+))? = $default;)+ }
    };
    (
        [$($attributes:tt)*] $spec:tt $(#[$tail:meta])*
        pub struct $Name:ident { $($fields:tt)* }
        parameters { $($field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr;)* }
    ) => {
        $($attributes)*
        $(#[$tail])*
        pub struct $Name { $($fields)* }

        $crate::function::specified! { $Name [] $spec $($field $(($($alias),+))? $(: $kind)? = $default;)* }
    };
}
pub(crate) use typed;

/// The constant and the method of a type that give its specification, with its parameters, and its row in a table.
macro_rules! specified {
    (
        $Name:ident [$($lifetime:lifetime)?]
        {
            [
                [$value:literal, $ulp:literal $(or $absolute:literal)?]
                $([$_formula:literal, $ulps:literal $(or $absolutes:literal)?])*
            ]
            $($spec:tt)*
        }
        $($field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr;)*
    ) => {
        impl $(<$lifetime>)? $Name $(<$lifetime>)? {
            /// The specification of the function, as from [`spec`](Self::spec).
            pub const SPEC: &'static $crate::Spec = &$crate::Spec {
                parameters: &[$(&[stringify!($field) $($(, $alias)+)?]),*],
                defaults: &[$($crate::declare::field!(value $($kind)?; $default)),*],
                kinds: &[$($crate::declare::field!(kind $($kind)?)),*],
                ..$($spec)*
            };

            /// The specification of the function: its formulas, source, error bounds.
            #[must_use]
            pub const fn spec(&self) -> &'static $crate::Spec {
                Self::SPEC
            }
        }

        /// The row of the function in the table on its module's page.
        macro_rules! $Name {
            () => {
                concat!(
                    "| [`", stringify!($Name), "`] | ", $value, " | ",
                    $("`", stringify!($field), " = ", $crate::declare::field!(text $($kind)?; $default), "`<br>",)*
                    " | ", $ulp $(, "&nbsp;or&nbsp;", $absolute)?
                    $(, ", ", $ulps $(, "&nbsp;or&nbsp;", $absolutes)?)*, " |\n",
                )
            };
        }
    };
}
pub(crate) use specified;

/// A type with options: `new` has their defaults, and a method for each checks and sets it.
///
/// A type that is `weighing` borrows a weight for each class, which is no parameter: a text cannot hold it.
macro_rules! options {
    (
        [$($attributes:tt)*]
        $Name:ident $(<$lifetime:lifetime> weighing $classes:ident ($letter:literal), $with_classes:ident)? {
            $(
                $(#[$doc:meta])*
                $field:ident $(($($alias:literal),+))? $(: $kind:ident)? = $default:expr, $with:ident $(, $check:ident)?;
            )*
        }
    ) => {
        $($attributes)*
        #[derive(Clone, Copy, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $Name $(<$lifetime>)? {
            $(
                #[doc = concat!(
                    "The weight ", $letter, " of each class, finite and not negative; `None` (the default) for 1. ",
                    "It is no part of the text of a loss.",
                )]
                pub $classes: Option<&$lifetime [f64]>,
            )?
            $(
                $(#[$doc])*
                $(#[doc = concat!("\nAlso read as:" $(, " `", $alias, "`")+, ".")] $(#[doc(alias = $alias)])+)?
                pub $field: $crate::declare::field!(type $($kind)?),
            )*
        }

        impl $(<$lifetime>)? Default for $Name $(<$lifetime>)? {
            fn default() -> Self {
                Self::new()
            }
        }

        impl $(<$lifetime>)? $Name $(<$lifetime>)? {
            /// The defaults of all options.
            pub const DEFAULT: Self = Self::new();

            /// The defaults of all options.
            #[must_use]
            pub const fn new() -> Self {
                $Name { $($classes: None,)? $($field: $default),* }
            }

            $(
                #[doc = concat!("Sets `", stringify!($classes), "`.")]
                ///
                /// # Errors
                /// If a weight is out of range; the error states the range.
                pub const fn $with_classes(mut self, $classes: &$lifetime [f64]) -> Result<Self, $crate::ParameterError> {
                    if let Err(error) = $crate::check::all_non_negative(stringify!($classes), $classes) {
                        return Err(error);
                    }
                    self.$classes = Some($classes);
                    Ok(self)
                }
            )?

            $($crate::function::option! { $field [$($kind)?] $with $($check)? })*
        }

        impl $(<$lifetime>)? $crate::declare::Parameters for $Name $(<$lifetime>)? {
            fn values(&self) -> $crate::declare::Values {
                let mut values = $crate::declare::Values::default();
                let [$($field,)* ..] = &mut values;
                $(*$field = $crate::declare::Parameter::value(self.$field);)*
                values
            }
            fn with_values(
                #[allow(unused_mut, reason = "not all functions have options")] mut self,
                [$($field,)* ..]: $crate::declare::Values,
            ) -> Result<Self, $crate::ParameterError> {
                $(
                    $($crate::check::$check(stringify!($field), $field)?;)?
                    self.$field = $crate::declare::Parameter::checked(stringify!($field), $field)?;
                )*
                Ok(self)
            }
            $(
                fn borrowed(&self) -> Option<&[f64]> {
                    self.$classes
                }
            )?
        }
    };
}
pub(crate) use options;

/// The method that sets an option; with the name of a check, it may fail.
macro_rules! option {
    ($field:ident [$($kind:ident)?] $with:ident) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        #[must_use]
        pub const fn $with(mut self, $field: $crate::declare::field!(given $($kind)?)) -> Self {
            self.$field = $crate::declare::field!(wrap $($kind)?; $field);
            self
        }
    };
    ($field:ident [] $with:ident $check:ident) => {
        #[doc = concat!("Sets `", stringify!($field), "`.")]
        ///
        /// # Errors
        /// If the value is out of range; the error states the range.
        pub const fn $with(mut self, $field: f64) -> Result<Self, $crate::ParameterError> {
            if let Err(error) = $crate::check::$check(stringify!($field), $field) {
                return Err(error);
            }
            self.$field = $field;
            Ok(self)
        }
    };
}
pub(crate) use option;
