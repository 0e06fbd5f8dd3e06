//! Functions as text: a name, alone or with parameters as in `leaky_relu(slope=0.2)`.
//!
//! Names are compared without case and without separators.

use core::fmt;

use crate::declare::{MOST_PARAMETERS, Values};
use crate::error::{ParameterError, ParseError, ParseErrorKind, UnknownNameError};
use crate::names::{Names, eq_normalized};
use crate::options;
use crate::spec::{ParameterKind, Spec};

/// The last part of a path, as of `torch.nn.GELU`.
fn last_part(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, last)| last)
}

/// The index of the name in the list.
pub(crate) fn find(name: &str, known: Names) -> Result<usize, UnknownNameError> {
    let name = last_part(name);
    let has_name = |names: &&[&str]| names.iter().any(|known| eq_normalized(known, name));
    known.iter().position(has_name).ok_or_else(|| UnknownNameError::new(name, known))
}

/// Writes a function as text that [`parse`] reads, each value as the shortest decimal that is read as the same bits.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, spec: &Spec, values: Values) -> fmt::Result {
    f.write_str(spec.name())?;
    for (i, (names, value)) in spec.parameters.iter().zip(values).enumerate() {
        let before = if i == 0 { "(" } else { ", " };
        write!(f, "{before}{}=", names[0])?;
        match spec.kinds[i] {
            ParameterKind::Flag => write!(f, "{}", value == 1.0)?,
            ParameterKind::Optional if value.is_nan() => f.write_str("none")?,
            ParameterKind::Choice(names) => f.write_str(names[value as usize][0])?,
            _ => write!(f, "{value}")?,
        }
    }
    f.write_str(if spec.parameters.is_empty() { "" } else { ")" })
}

/// The specification of a function, and its constructor from the values of its parameters.
pub(crate) type Maker<F> = (&'static Spec, fn(Values) -> Result<F, ParameterError>);

/// Reads `name`, `name(parameter=value, ...)` or `name(value, ...)`, values before parameters with their names. Parameters
/// that are not given have their defaults; [`options`] of other projects are read too.
pub(crate) fn parse<F>(text: &str, names: Names, makers: &[Maker<F>]) -> Result<F, ParseError> {
    let at = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    let error = |part: &str, kind| ParseError { offset: at(part), kind };
    let syntax =
        |part: &str, expected| error(part, ParseErrorKind::Syntax { expected, found: text[at(part)..].chars().next() });

    let (name, list) = text.split_at(text.find(['(', ')']).unwrap_or(text.len()));
    let name = name.trim();
    let mut list = list.trim_end();
    if !list.is_empty() {
        let Some(open) = list.strip_prefix('(') else { return Err(syntax(list, "`(` before `)`")) };
        let Some((inside, after)) = open.split_once(')') else { return Err(syntax(&text[text.len()..], "`)`")) };
        if !after.is_empty() {
            return Err(syntax(after.trim_start(), "end of input after `)`"));
        }
        list = inside.trim();
    }

    // A comma may follow the last argument.
    if let Some(before) = list.strip_suffix(',').map(str::trim_end)
        && !before.is_empty()
    {
        list = before;
    }
    let arguments = || list.split(',').map(str::trim).filter(|_| !list.is_empty());
    let option =
        |argument, option, requirement| error(argument, ParseErrorKind::UnsupportedOption { option, requirement });

    let find_function =
        |requested| find(requested, names).map_err(|unknown| error(name, ParseErrorKind::UnknownName(unknown)));
    let mut index = find_function(name)?;
    let named = makers[index].0.name();
    let choice = |key: &str| options::choice(named, key.trim_end());
    let mut chosen = None;
    for argument in arguments() {
        let Some((key, value)) = argument.split_once('=') else { continue };
        let Some(choice) = choice(key) else { continue };
        if chosen.replace(choice.option).is_some() {
            return Err(error(argument, ParseErrorKind::DuplicateParameter { parameter: choice.option }));
        }
        let function = choice.function(value.trim_start());
        index = find_function(function.ok_or_else(|| option(argument, choice.option, choice.requirement))?)?;
    }
    let (spec, make) = makers[index];
    let (function, parameters) = (spec.name(), spec.parameters);

    let mut values = [0.0; MOST_PARAMETERS];
    values[..parameters.len()].copy_from_slice(spec.defaults);
    let mut given = [None; MOST_PARAMETERS];
    let mut keyed = false;
    for (i, argument) in arguments().enumerate() {
        let (index, value) = match argument.split_once('=') {
            None if keyed => return Err(syntax(argument, "`parameter=value`, as before it")),
            None if i >= parameters.len() => {
                return Err(error(argument, ParseErrorKind::TooManyValues { function, parameters }));
            }
            None if i >= options::values_without_names(function) => return Err(syntax(argument, "`parameter=value`")),
            None => (i, argument),
            Some((key, value)) => {
                keyed = true;
                let (key, value) = (key.trim_end(), value.trim_start());
                let neutral = options::neutral_option(function, key);
                if choice(key).is_some() || neutral.is_some_and(|neutral| (neutral.accepts)(value)) {
                    continue;
                }
                match find(key, parameters) {
                    Ok(index) => (index, value),
                    Err(name) => {
                        let unknown = || match parameters {
                            [] => ParseErrorKind::TooManyValues { function, parameters },
                            _ => ParseErrorKind::UnknownParameter { function, name },
                        };
                        let unsupported =
                            |neutral: &options::Neutral| option(argument, neutral.option, neutral.requirement);
                        return Err(neutral.map_or_else(|| error(argument, unknown()), unsupported));
                    }
                }
            }
        };
        if given[index].replace(argument).is_some() {
            return Err(error(argument, ParseErrorKind::DuplicateParameter { parameter: parameters[index][0] }));
        }
        values[index] = if let ParameterKind::Choice(names) = spec.kinds[index] {
            let unknown = |unknown| error(value, ParseErrorKind::UnknownName(unknown));
            find(value.trim_matches(['\'', '"']), names).map_err(unknown)? as f64
        } else {
            parse_value(spec.kinds[index], value).map_err(|expected| syntax(value, expected))?
        };
    }
    if let Some(required) = options::required(last_part(name))
        && parameters.iter().zip(given).any(|(names, given)| names[0] == required.parameter && given.is_none())
    {
        return Err(option(name, required.parameter, required.requirement));
    }
    make(values).map_err(|bad| {
        let index = parameters.iter().position(|names| names[0] == bad.parameter);
        error(index.and_then(|index| given[index]).unwrap_or(name), ParseErrorKind::Parameter(bad))
    })
}

/// The index of a parameter, by its name or one of its aliases.
pub(crate) fn parameter(spec: &Spec, name: &str) -> Result<usize, ParseErrorKind> {
    find(name, spec.parameters).map_err(|name| ParseErrorKind::UnknownParameter { function: spec.name(), name })
}

/// The value of a parameter, or what was expected.
fn parse_value(kind: ParameterKind, value: &str) -> Result<f64, &'static str> {
    match (kind, value) {
        (ParameterKind::Flag, "true" | "True" | "1") => Ok(1.0),
        (ParameterKind::Flag, "false" | "False" | "0") => Ok(0.0),
        (ParameterKind::Flag, _) => Err("`true` or `false`"),
        (ParameterKind::Optional, "none" | "None") => Ok(f64::NAN),
        _ => value.parse().map_err(|_| "a number"),
    }
}
