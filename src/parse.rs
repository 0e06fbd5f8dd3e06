//! FloatMath by name, alone or with parameters as in `leaky_relu(slope=0.2)`, and what can be wrong with such a text.
//!
//! Names are compared without case, and without what separates words.

use core::fmt;

use crate::declare::{MOST_PARAMETERS, Values};
use crate::error::{ParameterError, ParseError, ParseErrorKind, UnknownNameError};
use crate::names::{Names, eq_normalized};
use crate::spec::Spec;

/// The place of the name in the list.
pub(crate) fn find(name: &str, known: Names) -> Result<usize, UnknownNameError> {
    let has_name = |names: &&[&str]| names.iter().any(|known| eq_normalized(known, name));
    known.iter().position(has_name).ok_or_else(|| UnknownNameError::new(name, known))
}

/// Writes what [`parse`] reads; of every value the shortest decimal that is read as the same bits.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, spec: &Spec, values: Values) -> fmt::Result {
    f.write_str(spec.name())?;
    for (i, (names, value)) in spec.parameters.iter().zip(values).enumerate() {
        let before = if i == 0 { "(" } else { ", " };
        write!(f, "{before}{}={value}", names[0])?;
    }
    f.write_str(if spec.parameters.is_empty() { "" } else { ")" })
}

/// A function's spec, and what makes it from the values of its parameters.
pub(crate) type Maker<F> = (&'static Spec, fn(Values) -> Result<F, ParameterError>);

/// Reads `name`, or `name(parameter=value, ...)`, or `name(value, ...)`; parameters that are not there are the usual ones.
pub(crate) fn parse<F>(text: &str, names: Names, makers: &[Maker<F>]) -> Result<F, ParseError> {
    let at = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    let error = |part: &str, problem| ParseError { at: at(part), problem };
    let syntax =
        |part: &str, expected| error(part, ParseErrorKind::Syntax { expected, found: text[at(part)..].chars().next() });

    let (name, list) = text.split_at(text.find(['(', ')']).unwrap_or(text.len()));
    let name = name.trim();
    let mut list = list.trim_end();
    if !list.is_empty() {
        let Some(open) = list.strip_prefix('(') else { return Err(syntax(list, "`(` before `)`")) };
        let Some((inside, after)) = open.split_once(')') else { return Err(syntax(&text[text.len()..], "`)`")) };
        if !after.is_empty() {
            return Err(syntax(after.trim_start(), "nothing behind `)`"));
        }
        list = inside.trim();
    }

    let find_function =
        |wanted| find(wanted, names).map_err(|unknown| error(name, ParseErrorKind::UnknownNameError(unknown)));
    let mut function = find_function(name)?;
    if let Some((key, value)) = list.split_once('=')
        && let Some(chosen) = option(makers[function].0.name(), key, value)
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
    for (i, argument) in arguments.into_iter().flatten().enumerate() {
        let argument = argument.trim();
        // Of more keys than there are parameters, one is unknown or given twice.
        if i >= parameters.len() && (parameters.is_empty() || !keyed) {
            return Err(error(argument, ParseErrorKind::TooManyValues { function, parameters }));
        }
        let (place, value) = match argument.split_once('=') {
            None if keyed => return Err(syntax(argument, "`parameter=value`, as the others are")),
            None => (i, argument),
            Some((key, value)) => {
                let unknown = |name| error(argument, ParseErrorKind::UnknownParameter { function, name });
                (find(key.trim_end(), parameters).map_err(unknown)?, value.trim_start())
            }
        };
        if given[place].replace(argument).is_some() {
            return Err(error(argument, ParseErrorKind::DuplicateParameter { parameter: parameters[place][0] }));
        }
        values[place] = value.parse().map_err(|_| syntax(value, "a number"))?;
    }
    make(values).map_err(|bad| {
        let place = parameters.iter().position(|names| names[0] == bad.parameter);
        error(place.and_then(|place| given[place]).unwrap_or(name), ParseErrorKind::Parameter(bad))
    })
}

/// The one option that is no number: `GELU(approximate='tanh')`, as PyTorch writes it, and `approximate=True`, as Keras
/// does, is another function. Its name, or what the option should have been; nothing where there is no such option.
fn option(function: &str, key: &str, value: &str) -> Option<Result<&'static str, &'static str>> {
    if function != "gelu" || !eq_normalized(key.trim(), "approximate") {
        return None;
    }
    Some(match value.trim() {
        "'none'" | "\"none\"" | "none" | "False" | "false" => Ok("gelu"),
        "'tanh'" | "\"tanh\"" | "tanh" | "True" | "true" => Ok("gelu_tanh"),
        _ => Err("'none' or 'tanh'"),
    })
}
