//! Functions in configuration files and on the wire (feature `serde`).
//!
//! The enums of functions are texts: [`text!`] implements them by their `Display` and `FromStr`. A function of a known type
//! is a map of its parameters, or its name if it has none: [`function!`] implements it by its specification.
//!
//! The macros are expanded elsewhere: their `cfg` is there for docs.rs, which says from it what needs the feature.

use core::fmt;
use core::marker::PhantomData;
use core::str::FromStr;

use serde_core::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde_core::ser::{Serialize, SerializeStruct, Serializer};

use crate::declare::{MOST_PARAMETERS, Parameters, Values};
use crate::error::{ParseError, ParseErrorKind};
use crate::names::Names;
use crate::parse::{self, Maker};
use crate::spec::{ParameterKind, Spec};

/// Implements `Serialize` and `Deserialize` for the enum of a catalogue, by its text.
macro_rules! text {
    ([$($lifetime:lifetime)?] $Any:ident) => {
        /// Writes the text of the function.
        ///
        /// # Errors
        /// If the function borrows weights of classes, which are no part of its text.
        #[cfg(feature = "serde")]
        impl $(<$lifetime>)? serde_core::Serialize for $Any $(<$lifetime>)? {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::serde::not_borrowed(self.borrowed())?;
                serializer.collect_str(self)
            }
        }

        /// Parses the text of a function, as [`from_str`](core::str::FromStr::from_str) does, with the same errors.
        #[cfg(feature = "serde")]
        impl<'de $(, $lifetime)?> serde_core::Deserialize<'de> for $Any $(<$lifetime>)? {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::serde::read_text(deserializer)
            }
        }
    };
}
pub(crate) use text;

/// Implements `Serialize` and `Deserialize` for a function of a known type.
macro_rules! function {
    ($Name:ident [$($lifetime:lifetime)?]) => {
        /// Writes a map of the parameters; of a function that has none, its name.
        ///
        /// # Errors
        /// If the function borrows weights of classes, which are no parameter.
        #[cfg(feature = "serde")]
        impl $(<$lifetime>)? serde_core::Serialize for $Name $(<$lifetime>)? {
            fn serialize<S: serde_core::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $crate::serde::write(serializer, stringify!($Name), $Name::SPEC, self)
            }
        }

        /// Reads a map of the parameters, by their names or aliases; those that are not given have their defaults. Of a
        /// function that has none, reads a name.
        ///
        /// # Errors
        /// If a parameter is unknown, given twice, or out of its domain, as from the constructor; or if the name is that
        /// of another function.
        #[cfg(feature = "serde")]
        impl<'de $(, $lifetime)?> serde_core::Deserialize<'de> for $Name $(<$lifetime>)? {
            fn deserialize<D: serde_core::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                const NAMES: [&str; $Name::SPEC.parameters.len()] = $crate::serde::first_names($Name::SPEC);
                $crate::serde::read(
                    deserializer,
                    stringify!($Name),
                    &NAMES,
                    const { &[$Name::SPEC.names] },
                    ($Name::SPEC, |values| $crate::declare::Parameters::with_values($Name::DEFAULT, values)),
                )
            }
        }
    };
}
pub(crate) use function;

/// The names of the parameters of a function, without aliases.
pub(crate) const fn first_names<const N: usize>(spec: &Spec) -> [&'static str; N] {
    let (mut names, mut i) = ([""; N], 0);
    while i < N {
        names[i] = spec.parameters[i][0];
        i += 1;
    }
    names
}

/// An error if there are weights of classes.
pub(crate) fn not_borrowed<E: serde_core::ser::Error>(weights: Option<&[f64]>) -> Result<(), E> {
    match weights {
        None => Ok(()),
        Some(_) => Err(E::custom("weights of classes are borrowed and cannot be serialized; store them by themselves")),
    }
}

/// Writes a map of parameters, or a name.
pub(crate) fn write<S: Serializer>(
    serializer: S,
    name: &'static str,
    spec: &'static Spec,
    function: &impl Parameters,
) -> Result<S::Ok, S::Error> {
    not_borrowed(function.borrowed())?;
    if spec.parameters.is_empty() {
        return serializer.serialize_str(spec.name());
    }
    let mut map = serializer.serialize_struct(name, spec.parameters.len())?;
    for ((names, kind), value) in spec.parameters.iter().zip(spec.kinds).zip(function.values()) {
        match kind {
            ParameterKind::Flag => map.serialize_field(names[0], &(value == 1.0))?,
            ParameterKind::Optional => map.serialize_field(names[0], &(!value.is_nan()).then_some(Number(value)))?,
            ParameterKind::Choice(choices) => map.serialize_field(names[0], choices[value as usize][0])?,
            _ => map.serialize_field(names[0], &Number(value))?,
        }
    }
    map.end()
}

/// A number, which in a text is written as an integer if it is one, and as a text if it is infinite: JSON has no infinities.
struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = self.0;
        if !serializer.is_human_readable() {
            return serializer.serialize_f64(value);
        }
        // All integers up to 2^53 are f64.
        let integer = value as i64;
        if integer.unsigned_abs() <= 1 << 53 && (integer as f64).to_bits() == value.to_bits() {
            serializer.serialize_i64(integer)
        } else if value.is_finite() {
            serializer.serialize_f64(value)
        } else {
            serializer.collect_str(&value)
        }
    }
}

/// Reads a text that is parsed.
pub(crate) fn read_text<'de, F: FromStr<Err = ParseError>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<F, D::Error> {
    struct Text<F>(PhantomData<F>);
    impl<F: FromStr<Err = ParseError>> Visitor<'_> for Text<F> {
        type Value = F;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of a function, with its parameters as in \"leaky_relu(slope=0.2)\"")
        }
        fn visit_str<E: serde_core::de::Error>(self, text: &str) -> Result<F, E> {
            text.parse().map_err(E::custom)
        }
    }
    deserializer.deserialize_str(Text(PhantomData))
}

/// Reads a map of parameters, or a name.
pub(crate) fn read<'de, F, D: Deserializer<'de>>(
    deserializer: D,
    name: &'static str,
    parameters: &'static [&'static str],
    names: Names,
    maker: Maker<F>,
) -> Result<F, D::Error> {
    if parameters.is_empty() {
        return deserializer.deserialize_str(Name { names, maker });
    }
    let (spec, make) = maker;
    let values = deserializer.deserialize_struct(name, parameters, Map(spec))?;
    make(values).map_err(D::Error::custom)
}

/// The name of a function without parameters.
struct Name<F> {
    names: Names,
    maker: Maker<F>,
}

impl<F> Visitor<'_> for Name<F> {
    type Value = F;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name {:?}", self.maker.0.name())
    }
    fn visit_str<E: serde_core::de::Error>(self, text: &str) -> Result<F, E> {
        parse::parse(text, self.names, &[self.maker]).map_err(E::custom)
    }
}

/// The parameters of a function.
struct Map(&'static Spec);

impl Map {
    fn defaults(&self) -> Values {
        let mut values = [0.0; MOST_PARAMETERS];
        values[..self.0.defaults.len()].copy_from_slice(self.0.defaults);
        values
    }
}

impl<'de> Visitor<'de> for Map {
    type Value = Values;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the parameters of {}", self.0.name())
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Values, A::Error> {
        let mut values = self.defaults();
        let mut given = [false; MOST_PARAMETERS];
        while let Some(index) = map.next_key_seed(Key(self.0))? {
            if core::mem::replace(&mut given[index], true) {
                let parameter = self.0.parameters[index][0];
                return Err(A::Error::custom(ParseErrorKind::DuplicateParameter { parameter }));
            }
            values[index] = map.next_value_seed(Value(self.0.kinds[index]))?;
        }
        Ok(values)
    }
    // Formats without names write the values one after the other.
    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Values, A::Error> {
        let mut values = self.defaults();
        for (i, kind) in self.0.kinds.iter().enumerate() {
            values[i] = sequence.next_element_seed(Value(*kind))?.ok_or_else(|| A::Error::invalid_length(i, &self))?;
        }
        Ok(values)
    }
}

/// The name of a parameter, which is read as its index.
struct Key(&'static Spec);

impl<'de> DeserializeSeed<'de> for Key {
    type Value = usize;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<usize, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for Key {
    type Value = usize;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a parameter of {}", self.0.name())
    }
    fn visit_str<E: serde_core::de::Error>(self, name: &str) -> Result<usize, E> {
        parse::parameter(self.0, name).map_err(E::custom)
    }
}

/// The value of a parameter.
struct Value(ParameterKind);

impl<'de> DeserializeSeed<'de> for Value {
    type Value = f64;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        match self.0 {
            ParameterKind::Flag => deserializer.deserialize_bool(self),
            ParameterKind::Optional => deserializer.deserialize_option(self),
            ParameterKind::Choice(_) => deserializer.deserialize_str(self),
            // Texts may have integers, and infinities as texts.
            _ if deserializer.is_human_readable() => deserializer.deserialize_any(self),
            _ => deserializer.deserialize_f64(self),
        }
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = f64;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            ParameterKind::Flag => "true or false",
            ParameterKind::Optional => "a number or nothing",
            ParameterKind::Choice(_) => "the name of a choice",
            _ => "a number",
        })
    }
    fn visit_bool<E: serde_core::de::Error>(self, value: bool) -> Result<f64, E> {
        match self.0 {
            ParameterKind::Flag => Ok(f64::from(u8::from(value))),
            _ => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }
    fn visit_f64<E: serde_core::de::Error>(self, value: f64) -> Result<f64, E> {
        Ok(value)
    }
    fn visit_i64<E: serde_core::de::Error>(self, value: i64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_u64<E: serde_core::de::Error>(self, value: u64) -> Result<f64, E> {
        Ok(value as f64)
    }
    fn visit_str<E: serde_core::de::Error>(self, value: &str) -> Result<f64, E> {
        match self.0 {
            ParameterKind::Choice(names) => parse::find(value, names).map(|index| index as f64).map_err(E::custom),
            _ => value.parse().map_err(|_| E::invalid_value(Unexpected::Str(value), &self)),
        }
    }
    fn visit_none<E: serde_core::de::Error>(self) -> Result<f64, E> {
        self.visit_unit()
    }
    fn visit_unit<E: serde_core::de::Error>(self) -> Result<f64, E> {
        match self.0 {
            ParameterKind::Optional => Ok(f64::NAN),
            _ => Err(E::invalid_type(Unexpected::Unit, &self)),
        }
    }
    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<f64, D::Error> {
        Value(ParameterKind::Number).deserialize(deserializer)
    }
}
