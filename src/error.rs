//! What can be wrong with a parameter, a kernel, a name, a label, a level.

use core::fmt;

use crate::level::Level;
use crate::names::{Names, distance, list};

/// A parameter that its function has no meaning for.
///
/// ```
/// use slopes::activation::Softplus;
/// let error = Softplus::new(-1.0).unwrap_err();
/// assert_eq!(error.to_string(), "parameter beta = -1 must be positive and finite");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ParameterError {
    /// The parameter's name.
    pub parameter: &'static str,
    /// The value that was given.
    pub value: f64,
    /// What it must be, as a phrase: "must be positive".
    pub requirement: &'static str,
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} = {} {}", self.parameter, self.value, self.requirement)
    }
}

impl core::error::Error for ParameterError {}

/// A name that no function has, or no parameter of one.
///
/// ```
/// let error = slopes::activation::by_name::<f32>("sigmod").err().unwrap();
/// assert_eq!((error.name(), error.nearest()), ("sigmod", "sigmoid"));
/// ```
#[derive(Clone, Copy)]
pub struct UnknownNameError {
    name: [u8; Self::SHOWN],
    len: usize,
    known: Names,
}

impl UnknownNameError {
    /// As much of an unknown name is shown.
    const SHOWN: usize = 40;

    pub(crate) fn new(name: &str, known: Names) -> Self {
        let len = (0..=Self::SHOWN.min(name.len())).rfind(|&i| name.is_char_boundary(i)).unwrap_or(0);
        let mut shown = [0; Self::SHOWN];
        shown[..len].copy_from_slice(&name.as_bytes()[..len]);
        UnknownNameError { name: shown, len, known }
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

impl fmt::Display for UnknownNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown name {:?}: did you mean {:?}? Known are ", self.name(), self.nearest())?;
        list(f, self.known)
    }
}

impl fmt::Debug for UnknownNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownNameError").field("name", &self.name()).field("nearest", &self.nearest()).finish()
    }
}

impl core::error::Error for UnknownNameError {}

/// A text that is no function: what is wrong with it, and where.
///
/// ```
/// use slopes::{ParseErrorKind, activation::AnyActivation};
///
/// let error = "leaky_relu(slop=0.2)".parse::<AnyActivation>().unwrap_err();
/// assert_eq!(error.at, 11);
/// let ParseErrorKind::UnknownParameter { function: "leaky_relu", name } = error.problem else { panic!() };
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
    pub problem: ParseErrorKind,
}

/// What is wrong with a text that is no function. See [`ParseError`].
///
/// ```
/// use slopes::{ParseErrorKind, activation::AnyActivation};
/// let error = "softplus(beta=-1)".parse::<AnyActivation>().unwrap_err();
/// assert!(matches!(error.problem, ParseErrorKind::Parameter(bad) if bad.value == -1.0));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// No function has the name.
    UnknownNameError(UnknownNameError),
    /// The function has no parameter of the name.
    UnknownParameter {
        /// The function.
        function: &'static str,
        /// The name that none of its parameters has.
        name: UnknownNameError,
    },
    /// There are more values than the function has parameters.
    TooManyValues {
        /// The function.
        function: &'static str,
        /// The parameters that it has, each with all its names.
        parameters: &'static [&'static [&'static str]],
    },
    /// The parameter has a value already.
    DuplicateParameter {
        /// The parameter.
        parameter: &'static str,
    },
    /// The function has no meaning for the parameter's value.
    Parameter(ParameterError),
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
            ParseErrorKind::UnknownNameError(name) => name.fmt(f),
            ParseErrorKind::UnknownParameter { function, name } => write!(f, "of {function}'s parameters: {name}"),
            ParseErrorKind::TooManyValues { function, parameters: [] } => write!(f, "{function} has no parameters"),
            ParseErrorKind::TooManyValues { function, parameters } => {
                write!(f, "too many values: the parameters of {function} are ")?;
                list(f, parameters)
            }
            ParseErrorKind::DuplicateParameter { parameter } => write!(f, "parameter {parameter} is given twice"),
            ParseErrorKind::Parameter(bad) => bad.fmt(f),
            ParseErrorKind::Syntax { expected, found: Some(found) } => {
                write!(f, "expected {expected}, found {found:?}")
            }
            ParseErrorKind::Syntax { expected, found: None } => write!(f, "expected {expected}, found the end"),
        }
    }
}

impl core::error::Error for ParseError {}

/// A label that names no class.
///
/// ```
/// use slopes::{activation::Rows, loss::{RowLoss, SoftmaxCrossEntropy, Targets}};
/// let loss = SoftmaxCrossEntropy::default();
/// let error = loss.sum(&[0.0_f32; 4], Targets::labels(&[1, 2]), Rows::contiguous(2)).unwrap_err();
/// assert_eq!(error.to_string(), "label 2 of row 1 names none of 2 classes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TargetError {
    /// The row of the label.
    pub row: usize,
    /// The label.
    pub label: i128,
    /// How many classes there are: labels are below it.
    pub classes: usize,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label {} of row {} names none of {} classes", self.label, self.row, self.classes)
    }
}

impl core::error::Error for TargetError {}

/// The machine lacks the level that was asked for.
///
/// ```
/// use slopes::{Level, UnsupportedLevelError};
/// let other = if cfg!(target_arch = "aarch64") { Level::Avx2 } else { Level::Neon };
/// assert_eq!(other.set_global(), Err(UnsupportedLevelError { level: other }));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnsupportedLevelError {
    /// The level that was asked for.
    pub level: Level,
}

impl fmt::Display for UnsupportedLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this machine has no {:?}; it has", self.level)?;
        Level::available().enumerate().try_for_each(|(i, level)| {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma} {level:?}")
        })
    }
}

impl core::error::Error for UnsupportedLevelError {}
