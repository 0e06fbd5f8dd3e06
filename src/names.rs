//! Functions by name, alone or with parameters as in `leaky_relu(slope=0.2)`, and what can be wrong with such a text.
//!
//! Names are compared without case, and without what separates words.

use core::fmt;

use crate::facts::{BadParameter, Facts, MOST_PARAMETERS, Values};

/// Names of functions, or of the parameters of one: of each, the first is the one that is written.
pub(crate) type Names = &'static [&'static [&'static str]];

/// A name that no function has, or no parameter of one.
///
/// ```
/// let error = slopes::activation::by_name::<f32>("sigmod").err().unwrap();
/// assert_eq!((error.name(), error.nearest()), ("sigmod", "sigmoid"));
/// ```
#[derive(Clone, Copy)]
pub struct UnknownName {
    name: [u8; Self::SHOWN],
    len: usize,
    known: Names,
}

impl UnknownName {
    /// As much of an unknown name is shown.
    const SHOWN: usize = 40;

    fn new(name: &str, known: Names) -> Self {
        let len = (0..=Self::SHOWN.min(name.len())).rfind(|&i| name.is_char_boundary(i)).unwrap_or(0);
        let mut shown = [0; Self::SHOWN];
        shown[..len].copy_from_slice(&name.as_bytes()[..len]);
        UnknownName { name: shown, len, known }
    }

    /// The name that was asked for; of a long one, its beginning.
    pub fn name(&self) -> &str {
        core::str::from_utf8(&self.name[..self.len]).unwrap_or_default()
    }

    /// The known name with the fewest differences.
    pub fn nearest(&self) -> &'static str {
        let names = self.known.iter().copied().flatten();
        names.min_by_key(|known| distance(self.name(), known)).copied().unwrap_or_default()
    }
}

impl fmt::Display for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown name {:?}: did you mean {:?}? Known are ", self.name(), self.nearest())?;
        list(f, self.known)
    }
}

impl fmt::Debug for UnknownName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownName").field("name", &self.name()).field("nearest", &self.nearest()).finish()
    }
}

impl core::error::Error for UnknownName {}

/// A text that is no function: what is wrong with it, and where.
///
/// ```
/// use slopes::{Problem, activation::AnyActivation};
///
/// let error = "leaky_relu(slop=0.2)".parse::<AnyActivation>().unwrap_err();
/// assert_eq!(error.at, 11);
/// let Problem::UnknownParameter { function: "leaky_relu", name } = error.problem else { panic!() };
/// assert_eq!(name.nearest(), "slope");
///
/// let error = "leaky_relu(0.2".parse::<AnyActivation>().unwrap_err();
/// assert_eq!(error.to_string(), "at byte 14: expected `)`, found the end");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParseError {
    /// The byte of the text where the problem begins.
    pub at: usize,
    /// What is wrong.
    pub problem: Problem,
}

/// What is wrong with a text that is no function. See [`ParseError`].
///
/// ```
/// use slopes::{Problem, activation::AnyActivation};
/// let error = "softplus(beta=-1)".parse::<AnyActivation>().unwrap_err();
/// assert!(matches!(error.problem, Problem::BadParameter(bad) if bad.value == -1.0));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Problem {
    /// No function has the name.
    UnknownName(UnknownName),
    /// The function has no parameter of the name.
    UnknownParameter {
        /// The function.
        function: &'static str,
        /// The name that none of its parameters has.
        name: UnknownName,
    },
    /// There are more values than the function has parameters.
    TooMany {
        /// The function.
        function: &'static str,
        /// The parameters that it has, each with all its names.
        parameters: &'static [&'static [&'static str]],
    },
    /// The parameter has a value already.
    GivenTwice {
        /// The parameter.
        parameter: &'static str,
    },
    /// The function has no meaning for the parameter's value.
    BadParameter(BadParameter),
    /// The text has not the form `name(parameter=value, ...)` or `name(value, ...)`.
    Syntax {
        /// What the text should go on with.
        expected: &'static str,
        /// What it goes on with; nothing at its end.
        found: Option<char>,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: ", self.at)?;
        match self.problem {
            Problem::UnknownName(name) => name.fmt(f),
            Problem::UnknownParameter { function, name } => write!(f, "of {function}'s parameters: {name}"),
            Problem::TooMany { function, parameters: [] } => write!(f, "{function} has no parameters"),
            Problem::TooMany { function, parameters } => {
                write!(f, "too many values: the parameters of {function} are ")?;
                list(f, parameters)
            }
            Problem::GivenTwice { parameter } => write!(f, "parameter {parameter} is given twice"),
            Problem::BadParameter(bad) => bad.fmt(f),
            Problem::Syntax { expected, found: Some(found) } => write!(f, "expected {expected}, found {found:?}"),
            Problem::Syntax { expected, found: None } => write!(f, "expected {expected}, found the end"),
        }
    }
}

impl core::error::Error for ParseError {}

/// The first names.
fn list(f: &mut fmt::Formatter<'_>, names: Names) -> fmt::Result {
    names.iter().enumerate().try_for_each(|(i, names)| {
        let comma = if i == 0 { "" } else { ", " };
        write!(f, "{comma}{}", names[0])
    })
}

/// The place of the name in the list.
pub(crate) fn find(name: &str, known: Names) -> Result<usize, UnknownName> {
    let has_name = |names: &&[&str]| names.iter().any(|known| same(known, name));
    known.iter().position(has_name).ok_or_else(|| UnknownName::new(name, known))
}

/// Writes what [`parse`] reads; of every value the shortest decimal that is read as the same bits.
pub(crate) fn write(f: &mut fmt::Formatter<'_>, facts: &Facts, values: Values) -> fmt::Result {
    f.write_str(facts.name())?;
    for (i, (names, value)) in facts.parameters.iter().zip(values).enumerate() {
        let before = if i == 0 { "(" } else { ", " };
        write!(f, "{before}{}={value}", names[0])?;
    }
    f.write_str(if facts.parameters.is_empty() { "" } else { ")" })
}

/// A function's facts, and what makes it from the values of its parameters.
pub(crate) type Maker<F> = (&'static Facts, fn(Values) -> Result<F, BadParameter>);

/// Reads `name`, or `name(parameter=value, ...)`, or `name(value, ...)`; parameters that are not there are the usual ones.
pub(crate) fn parse<F>(text: &str, names: Names, makers: &[Maker<F>]) -> Result<F, ParseError> {
    let at = |part: &str| part.as_ptr().addr() - text.as_ptr().addr();
    let error = |part: &str, problem| ParseError { at: at(part), problem };
    let syntax =
        |part: &str, expected| error(part, Problem::Syntax { expected, found: text[at(part)..].chars().next() });

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

    let find_function = |wanted| find(wanted, names).map_err(|unknown| error(name, Problem::UnknownName(unknown)));
    let mut function = find_function(name)?;
    if let Some((key, value)) = list.split_once('=')
        && let Some(chosen) = option(makers[function].0.name(), key, value)
    {
        let chosen = chosen.map_err(|expected| syntax(value.trim_start(), expected))?;
        (function, list) = (find_function(chosen)?, "");
    }
    let (facts, make) = makers[function];
    let (function, parameters) = (facts.name(), facts.parameters);

    let mut values = [0.0; MOST_PARAMETERS];
    values[..parameters.len()].copy_from_slice(facts.usual);
    let mut given = [None; MOST_PARAMETERS];
    let keyed = list.contains('=');
    let arguments = if list.is_empty() { None } else { Some(list.split(',')) };
    for (i, argument) in arguments.into_iter().flatten().enumerate() {
        let argument = argument.trim();
        // Of more keys than there are parameters, one is unknown or given twice.
        if i >= parameters.len() && (parameters.is_empty() || !keyed) {
            return Err(error(argument, Problem::TooMany { function, parameters }));
        }
        let (place, value) = match argument.split_once('=') {
            None if keyed => return Err(syntax(argument, "`parameter=value`, as the others are")),
            None => (i, argument),
            Some((key, value)) => {
                let unknown = |name| error(argument, Problem::UnknownParameter { function, name });
                (find(key.trim_end(), parameters).map_err(unknown)?, value.trim_start())
            }
        };
        if given[place].replace(argument).is_some() {
            return Err(error(argument, Problem::GivenTwice { parameter: parameters[place][0] }));
        }
        values[place] = value.parse().map_err(|_| syntax(value, "a number"))?;
    }
    make(values).map_err(|bad| {
        let place = parameters.iter().position(|names| names[0] == bad.parameter);
        error(place.and_then(|place| given[place]).unwrap_or(name), Problem::BadParameter(bad))
    })
}

/// The one option that is no number: `GELU(approximate='tanh')`, as PyTorch writes it, and `approximate=True`, as Keras
/// does, is another function. Its name, or what the option should have been; nothing where there is no such option.
fn option(function: &str, key: &str, value: &str) -> Option<Result<&'static str, &'static str>> {
    if function != "gelu" || !same(key.trim(), "approximate") {
        return None;
    }
    Some(match value.trim() {
        "'none'" | "\"none\"" | "none" | "False" | "false" => Ok("gelu"),
        "'tanh'" | "\"tanh\"" | "tanh" | "True" | "true" => Ok("gelu_tanh"),
        _ => Err("'none' or 'tanh'"),
    })
}

fn same(a: &str, b: &str) -> bool {
    letters(a).eq(letters(b))
}

fn letters(name: &str) -> impl Iterator<Item = u8> {
    name.bytes().filter(|c| !matches!(c, b'_' | b'-' | b' ')).map(|c| c.to_ascii_lowercase())
}

/// Levenshtein's distance of the first letters of two names.
fn distance(a: &str, b: &str) -> usize {
    const LONGEST: usize = 48;
    let mut row: [usize; LONGEST + 1] = core::array::from_fn(|i| i);
    for (i, x) in letters(a).take(LONGEST).enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in letters(b).take(LONGEST).enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[letters(b).take(LONGEST).count()]
}
