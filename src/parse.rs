//! Functions as text: a name, alone or with parameters as in `leaky_relu(slope=0.2)`.
//!
//! Names are compared without case and without separators.

use core::fmt;

use crate::declare::{MOST_PARAMETERS, Values};
use crate::error::{ParameterError, ParseError, ParseErrorKind, UnknownNameError};
use crate::names::{Names, eq_normalized};
use crate::spec::{ParameterKind, Spec};

/// The index of the name in the list.
pub(crate) fn find(name: &str, known: Names) -> Result<usize, UnknownNameError> {
    // Of a path, as `torch.nn.GELU`, the last part.
    let name = name.rsplit_once('.').map_or(name, |(_, last)| last);
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
            _ => write!(f, "{value}")?,
        }
    }
    f.write_str(if spec.parameters.is_empty() { "" } else { ")" })
}

/// The specification of a function, and its constructor from the values of its parameters.
pub(crate) type Maker<F> = (&'static Spec, fn(Values) -> Result<F, ParameterError>);

/// Reads `name`, `name(parameter=value, ...)` or `name(value, ...)`. Parameters that are not given have their defaults.
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

    let find_function =
        |requested| find(requested, names).map_err(|unknown| error(name, ParseErrorKind::UnknownName(unknown)));
    let mut function = find_function(name)?;
    if let Some((key, value)) = list.split_once('=')
        && let Some(chosen) = selected_by_option(makers[function].0.name(), key, value)
    {
        let chosen = chosen.map_err(|expected| syntax(value.trim_start(), expected))?;
        (function, list) = (find_function(chosen)?, "");
    }
    let (spec, make) = makers[function];
    let (function, parameters) = (spec.name(), spec.parameters);

    let mut values = [0.0; MOST_PARAMETERS];
    values[..parameters.len()].copy_from_slice(spec.defaults);
    let mut given = [None; MOST_PARAMETERS];
    let keyed = list.contains('=');
    let arguments = if list.is_empty() { None } else { Some(list.split(',')) };
    // PyTorch's modules print whether they work in place, which is no property of the function.
    let in_place = |argument: &&str| {
        argument.split_once('=').is_some_and(|(key, value)| {
            key.trim() == "inplace" && matches!(value.trim(), "True" | "true" | "False" | "false")
        })
    };
    for (i, argument) in arguments.into_iter().flatten().filter(|argument| !in_place(argument)).enumerate() {
        let argument = argument.trim();
        // Of more keys than there are parameters, one is unknown or given twice.
        if i >= parameters.len() && (parameters.is_empty() || !keyed) {
            return Err(error(argument, ParseErrorKind::TooManyValues { function, parameters }));
        }
        let (index, value) = match argument.split_once('=') {
            None if keyed => return Err(syntax(argument, "`parameter=value` like the other arguments")),
            None => (i, argument),
            Some((key, value)) => {
                let unknown = |name| error(argument, ParseErrorKind::UnknownParameter { function, name });
                (find(key.trim_end(), parameters).map_err(unknown)?, value.trim_start())
            }
        };
        if given[index].replace(argument).is_some() {
            return Err(error(argument, ParseErrorKind::DuplicateParameter { parameter: parameters[index][0] }));
        }
        values[index] = parse_value(spec.kinds[index], value).map_err(|expected| syntax(value, expected))?;
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

/// The function that a non-numeric option selects, or the expected values of the option; `None` if the function has no
/// such option. There is one: `GELU(approximate='tanh')`, as in PyTorch, or `approximate=True`, as in Keras.
fn selected_by_option(function: &str, key: &str, value: &str) -> Option<Result<&'static str, &'static str>> {
    if function != "gelu" || !eq_normalized(key.trim(), "approximate") {
        return None;
    }
    Some(match value.trim() {
        "'none'" | "\"none\"" | "none" | "False" | "false" => Ok("gelu"),
        "'tanh'" | "\"tanh\"" | "tanh" | "True" | "true" => Ok("gelu_tanh"),
        _ => Err("'none' or 'tanh'"),
    })
}
