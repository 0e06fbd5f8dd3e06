//! Functions chosen at run time: the enum of each catalogue, and the names of it.

/// Declares the enum of a catalogue: a function with its parameters, as a value that is written as text and parsed.
///
/// The lifetime is `['a]` if functions of the catalogue borrow, else `[]`.
macro_rules! any {
    (
        $(#[$doc:meta])*
        $Any:ident $lifetime:tt of $module:literal in $table:ident;
        $($Name:ident $(<$borrowed:lifetime>)?),+ $(,)?
    ) => {
        $crate::any::names! { CATALOGUE: $module, stringify!($Any), in $table; $($Name),+ }

        $crate::any::any! { @enum $lifetime $(#[$doc])* $Any of $module; $($Name($Name $(<$borrowed>)?),)+ }

        $($crate::any::any! { @from $lifetime $Any, $Name($Name $(<$borrowed>)?) })+

        #[cfg(feature = "serde")]
        $crate::serde::text! { $lifetime $Any }
        $(
            #[cfg(feature = "serde")]
            $crate::serde::function! { $Name [$($borrowed)?] }
        )+
    };
    (@from [$($lifetime:lifetime)?] $Any:ident, $Name:ident($Type:ty)) => {
        impl $(<$lifetime>)? From<$Type> for $Any $(<$lifetime>)? {
            fn from(f: $Type) -> Self {
                Self::$Name(f)
            }
        }
    };
    (
        @enum [$($lifetime:lifetime)?] $(#[$doc:meta])* $Any:ident of $module:literal; $($Name:ident($Type:ty),)+
    ) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        #[non_exhaustive]
        pub enum $Any $(<$lifetime>)? {
            $(
                #[doc = concat!("The function [`", stringify!($Name), "`].")]
                $Name($Type),
            )+
        }

        impl $(<$lifetime>)? $Any $(<$lifetime>)? {
            /// Every function of the catalogue, with its default parameters.
            #[doc = concat!(
                "\n```\nuse slopes::", $module, "::", stringify!($Any), ";\n\n",
                "for f in ", stringify!($Any), "::all() {\n",
                "    assert_eq!(f.to_string().parse::<", stringify!($Any), ">().unwrap(), f);\n}\n```",
            )]
            pub fn all() -> impl Iterator<Item = Self> {
                [$(Self::$Name($Name::DEFAULT)),+].into_iter()
            }

            /// The function with a name or alias, with its default parameters. Case, `_`, `-` and spaces are ignored.
            ///
            /// # Errors
            /// If no function of the catalogue has the name; the error has the nearest name, and the function of
            /// another catalogue that has the name.
            #[doc = concat!(
                "\n```\nuse slopes::", $module, "::", stringify!($Any), ";\n\n",
                "for f in ", stringify!($Any), "::all() {\n",
                "    assert_eq!(", stringify!($Any), "::by_name(f.spec().name()).unwrap(), f);\n}\n```",
            )]
            pub fn by_name(name: &str) -> Result<Self, $crate::UnknownNameError> {
                let all = [$(Self::$Name($Name::DEFAULT)),+];
                $crate::parse::find(name, CATALOGUE.names).map(|index| all[index])
            }

            /// The specification of the function, for its default parameters.
            #[must_use]
            pub const fn spec(&self) -> &'static $crate::Spec {
                match self {
                    $(Self::$Name(_) => $Name::SPEC,)+
                }
            }

            /// The parameters and their values: 0 or 1 for a flag, NaN for an absent number, an index for a choice.
            pub fn parameters(&self) -> impl Iterator<Item = (&'static str, f64)> {
                self.spec().parameters.iter().map(|names| names[0]).zip(self.values())
            }

            /// The value of a parameter, by its name or one of its aliases; `None` if the function has no such
            /// parameter.
            #[must_use]
            pub fn parameter(&self, name: &str) -> Option<f64> {
                $crate::parse::parameter(self.spec(), name).ok().map(|index| self.values()[index])
            }

            /// Replaces the value of a parameter, by its name or one of its aliases.
            ///
            /// # Errors
            /// If the function has no parameter of that name, or if the value is out of its domain; the function does
            /// not change then.
            pub fn set_parameter(&mut self, name: &str, value: f64) -> Result<(), $crate::ParseErrorKind> {
                let index = $crate::parse::parameter(self.spec(), name)?;
                let mut values = self.values();
                values[index] = value;
                *self = match *self {
                    $(Self::$Name(f) => Self::$Name($crate::declare::Parameters::with_values(f, values)?),)+
                };
                Ok(())
            }

            fn values(&self) -> $crate::declare::Values {
                match self {
                    $(Self::$Name(f) => $crate::declare::Parameters::values(f),)+
                }
            }

            fn borrowed(&self) -> Option<&[f64]> {
                match self {
                    $(Self::$Name(f) => $crate::declare::Parameters::borrowed(f),)+
                }
            }

            /// The bits of the parameters, and of what is borrowed.
            fn bits(&self) -> ([u64; $crate::declare::MOST_PARAMETERS], Option<impl Iterator<Item = u64>>) {
                let borrowed = self.borrowed().map(|numbers| numbers.iter().map(|x| x.to_bits()));
                (self.values().map(f64::to_bits), borrowed)
            }
        }

        /// Equal if the function is the same, with the same bits in every parameter.
        impl $(<$lifetime>)? PartialEq for $Any $(<$lifetime>)? {
            fn eq(&self, other: &Self) -> bool {
                let ((values, borrowed), (other_values, other_borrowed)) = (self.bits(), other.bits());
                let same = match (borrowed, other_borrowed) {
                    (Some(a), Some(b)) => a.eq(b),
                    (a, b) => a.is_none() && b.is_none(),
                };
                core::mem::discriminant(self) == core::mem::discriminant(other) && values == other_values && same
            }
        }

        impl $(<$lifetime>)? Eq for $Any $(<$lifetime>)? {}

        impl $(<$lifetime>)? core::hash::Hash for $Any $(<$lifetime>)? {
            fn hash<H: core::hash::Hasher>(&self, state: &mut H) {
                core::mem::discriminant(self).hash(state);
                let (values, borrowed) = self.bits();
                values.hash(state);
                borrowed.into_iter().flatten().for_each(|bits| bits.hash(state));
            }
        }

        impl $(<$lifetime>)? core::fmt::Display for $Any $(<$lifetime>)? {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::parse::write(f, self.spec(), self.values())
            }
        }

        impl $(<$lifetime>)? core::str::FromStr for $Any $(<$lifetime>)? {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, $crate::ParseError> {
                $crate::parse::parse(text, CATALOGUE.names, &[$(
                    ($Name::SPEC, |values| {
                        $crate::declare::Parameters::with_values($Name::DEFAULT, values).map(Self::$Name)
                    }),
                )+])
            }
        }
    };
}
pub(crate) use any;

/// The names of a catalogue: those of its functions, and their paths; and the table of them. `$any` is the enum that has
/// them, or "".
macro_rules! names {
    ($CATALOGUE:ident: $module:literal, $any:expr, in $table:ident; $($Name:ident),+ $(,)?) => {
        /// The table of the functions, for the page of a module that has `$table` in scope, and its rows.
        pub(crate) mod $table {
            $(pub(crate) use $Name;)+

            macro_rules! table {
                () => {
                    concat!(
                        "| function | value | parameters, with defaults | f32 error bounds |\n|---|---|---|---|\n",
                        $($table::$Name!()),+
                    )
                };
            }
            pub(crate) use table;
        }

        pub(crate) const $CATALOGUE: $crate::names::Catalogue = $crate::names::Catalogue {
            module: $module,
            any: $any,
            paths: &[$(concat!($module, "::", stringify!($Name))),+],
            names: &[$($Name::SPEC.names),+],
        };
    };
}
pub(crate) use names;

/// The text of a function that is in no enum, because it shares no trait with others.
macro_rules! text {
    ($Name:ident) => {
        #[cfg(feature = "serde")]
        $crate::serde::function! { $Name [] }

        impl core::fmt::Display for $Name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                $crate::parse::write(f, Self::SPEC, $crate::declare::Parameters::values(self))
            }
        }

        impl core::str::FromStr for $Name {
            type Err = $crate::ParseError;
            fn from_str(text: &str) -> Result<Self, $crate::ParseError> {
                $crate::parse::parse(
                    text,
                    const { &[$Name::SPEC.names] },
                    &[(Self::SPEC, |values| $crate::declare::Parameters::with_values(Self::DEFAULT, values))],
                )
            }
        }
    };
}
pub(crate) use text;

/// The trait object of an enum's function, by which [`delegate!`](crate::compiled::delegate) computes.
macro_rules! object {
    ([$($lifetime:lifetime)?] $Any:ident, $Trait:ident; $($Name:ident),+) => {
        impl $(<$lifetime>)? $Any $(<$lifetime>)? {
            fn as_dyn<T: $crate::Element>(&self) -> &dyn $Trait<T> {
                match self {
                    $(Self::$Name(f) => f,)+
                }
            }
        }
    };
}
pub(crate) use object;
