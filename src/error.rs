//! Errors: of parameters, names, texts, labels and levels.

use core::fmt;

use crate::level::Level;
use crate::names::{Names, distance, elsewhere, list, meanings};

/// A parameter that is out of its domain.
///
/// ```
/// use slopes::activation::Softplus;
/// let error = Softplus::new(-1.0).unwrap_err();
/// assert_eq!(error.to_string(), "parameter beta = -1 must be from 1e-15 to 1e15");
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct ParameterError {
    /// The name of the parameter.
    pub parameter: &'static str,
    /// Its value.
    pub value: f64,
    /// The requirement that the value does not meet, as a phrase: "must be positive".
    pub requirement: &'static str,
}

impl ParameterError {
    /// An error of a function of one's own: the parameter, its value, and its requirement, such as "must be positive".
    #[must_use]
    pub const fn new(parameter: &'static str, value: f64, requirement: &'static str) -> Self {
        ParameterError { parameter, value, requirement }
    }
}

impl fmt::Display for ParameterError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "parameter {} = {} {}", self.parameter, self.value, self.requirement)
    }
}

impl core::error::Error for ParameterError {}

/// An unknown name of a function or of a parameter.
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
    /// The number of bytes of an unknown name that are kept.
    const SHOWN: usize = 40;

    pub(crate) fn new(name: &str, known: Names) -> Self {
        let len = (0..=Self::SHOWN.min(name.len())).rfind(|&i| name.is_char_boundary(i)).unwrap_or(0);
        let mut shown = [0; Self::SHOWN];
        shown[..len].copy_from_slice(&name.as_bytes()[..len]);
        UnknownNameError { name: shown, len, known }
    }

    /// The unknown name; of a long one, its beginning.
    #[must_use]
    pub fn name(&self) -> &str {
        core::str::from_utf8(&self.name[..self.len]).unwrap_or_default()
    }

    /// The path of a function of another catalogue that has the name: of rows, of pairs, of several numbers.
    ///
    /// ```
    /// let error = slopes::activation::by_name::<f32>("softmax").err().unwrap();
    /// assert_eq!(error.elsewhere(), Some("activation::Softmax"));
    /// ```
    #[must_use]
    pub fn elsewhere(&self) -> Option<&'static str> {
        elsewhere(self.name(), self.known).map(|(path, _)| path)
    }

    /// The known name with the smallest edit distance, or the name that it is an alias of.
    #[must_use]
    pub fn nearest(&self) -> &'static str {
        let away = |names: &[&str]| names.iter().map(|known| distance(self.name(), known)).min();
        self.known.iter().min_by_key(|names| away(names)).map_or("", |names| names[0])
    }

    /// Whether the nearest name may be meant: fewer than half of the letters differ.
    fn is_near(&self) -> bool {
        let away = self.known.iter().copied().flatten().map(|known| distance(self.name(), known)).min();
        away.is_some_and(|away| 2 * away < self.name().len())
    }
}

impl fmt::Display for UnknownNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(meanings) = meanings(self.name()) {
            return write!(f, "the name {:?} is ambiguous: {meanings}", self.name());
        }
        match elsewhere(self.name(), self.known) {
            Some((path, catalogue)) => {
                write!(f, "{:?} is slopes::{path}", self.name())?;
                match catalogue.any {
                    "" => f.write_str(", a type of its own")?,
                    any => write!(f, ", a function of {any}")?,
                }
                f.write_str(". Known names: ")?;
            }
            None if self.is_near() => {
                write!(f, "unknown name {:?}: did you mean {:?}? Known names: ", self.name(), self.nearest())?;
            }
            None => write!(f, "unknown name {:?}. Known names: ", self.name())?,
        }
        list(f, self.known)
    }
}

impl fmt::Debug for UnknownNameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UnknownNameError").field("name", &self.name()).field("nearest", &self.nearest()).finish()
    }
}

impl core::error::Error for UnknownNameError {}

/// An error in the text of a function, with its position.
///
/// ```
/// use slopes::{ParseErrorKind, activation::AnyActivation};
///
/// let error = "leaky_relu(slop=0.2)".parse::<AnyActivation>().unwrap_err();
/// assert_eq!(error.offset, 11);
/// let ParseErrorKind::UnknownParameter { function: "leaky_relu", name } = error.kind else { panic!() };
/// assert_eq!(name.nearest(), "slope");
///
/// let error = "leaky_relu(0.2".parse::<AnyActivation>().unwrap_err();
/// assert_eq!(error.to_string(), "at byte 14: expected `)`, found end of input");
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ParseError {
    /// The byte of the text where the error begins.
    pub offset: usize,
    /// The kind of the error.
    pub kind: ParseErrorKind,
}

/// The kind of a [`ParseError`].
///
/// ```
/// use slopes::{ParseErrorKind, activation::AnyActivation};
/// let error = "softplus(beta=-1)".parse::<AnyActivation>().unwrap_err();
/// assert!(matches!(error.kind, ParseErrorKind::Parameter(bad) if bad.value == -1.0));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// An unknown name of a function.
    UnknownName(UnknownNameError),
    /// An unknown name of a parameter.
    UnknownParameter {
        /// The function.
        function: &'static str,
        /// The unknown name, with the parameters of the function.
        name: UnknownNameError,
    },
    /// More values than the function has parameters.
    TooManyValues {
        /// The function.
        function: &'static str,
        /// The parameters of the function: for each its name, then its aliases.
        parameters: &'static [&'static [&'static str]],
    },
    /// A parameter that is given twice.
    DuplicateParameter {
        /// The parameter.
        parameter: &'static str,
    },
    /// A parameter that is out of its domain.
    Parameter(ParameterError),
    /// An option of another project, with a value that makes a function which this crate does not have, or that chooses
    /// what a method of a loss does.
    UnsupportedOption {
        /// The option.
        option: &'static str,
        /// The requirement that its value does not meet, as a phrase: "must be 'mean'".
        requirement: &'static str,
    },
    /// A text that is not of the form `name`, `name(parameter=value, ...)` or `name(value, ...)`.
    Syntax {
        /// The expected continuation of the text.
        expected: &'static str,
        /// The next character, or `None` at the end of the text.
        found: Option<char>,
    },
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at byte {}: {}", self.offset, self.kind)
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            ParseErrorKind::UnknownName(name) => name.fmt(f),
            ParseErrorKind::UnknownParameter { function, name: unknown } => {
                let (name, nearest) = (unknown.name(), unknown.nearest());
                write!(f, "{function} has no parameter {name:?}")?;
                if unknown.is_near() {
                    write!(f, ": did you mean {nearest:?}")?;
                }
                f.write_str(if unknown.is_near() { "? Known parameters: " } else { ". Known parameters: " })?;
                list(f, unknown.known)
            }
            ParseErrorKind::TooManyValues { function, parameters: [] } => write!(f, "{function} has no parameters"),
            ParseErrorKind::TooManyValues { function, parameters } => {
                write!(f, "too many values: the parameters of {function} are ")?;
                list(f, parameters)
            }
            ParseErrorKind::DuplicateParameter { parameter } => write!(f, "parameter {parameter} is given twice"),
            ParseErrorKind::Parameter(bad) => bad.fmt(f),
            ParseErrorKind::UnsupportedOption { option, requirement } => write!(f, "option {option} {requirement}"),
            ParseErrorKind::Syntax { expected, found: Some(found) } => {
                write!(f, "expected {expected}, found {found:?}")
            }
            ParseErrorKind::Syntax { expected, found: None } => write!(f, "expected {expected}, found end of input"),
        }
    }
}

impl core::error::Error for ParseError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.kind)
    }
}

impl core::error::Error for ParseErrorKind {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            ParseErrorKind::UnknownName(name) | ParseErrorKind::UnknownParameter { name, .. } => Some(name),
            ParseErrorKind::Parameter(error) => Some(error),
            _ => None,
        }
    }
}

impl From<ParameterError> for ParseErrorKind {
    fn from(error: ParameterError) -> Self {
        ParseErrorKind::Parameter(error)
    }
}

/// A label that is out of range.
///
/// ```
/// use slopes::{activation::Rows, loss::{RowLoss, SoftmaxCrossEntropy, Targets}};
/// let loss = SoftmaxCrossEntropy::default();
/// let error = loss.sum(&[0.0_f32; 4], Targets::labels(&[1, 2]), Rows::contiguous(2)).unwrap_err();
/// assert_eq!(error.to_string(), "label 2 of row 1 is out of range for 2 classes");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TargetError {
    /// The index of the row.
    pub row: usize,
    /// The label.
    pub label: i128,
    /// The number of classes. Labels are from 0 to `classes - 1`.
    pub classes: usize,
}

impl fmt::Display for TargetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "label {} of row {} is out of range for {} classes", self.label, self.row, self.classes)
    }
}

impl core::error::Error for TargetError {}

/// A level that is not available on this machine.
///
/// ```
/// use slopes::Level;
/// let other = if cfg!(target_arch = "aarch64") { Level::Avx2 } else { Level::Neon };
/// assert_eq!(other.set_global().unwrap_err().level, other);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct UnsupportedLevelError {
    /// The requested level.
    pub level: Level,
}

impl fmt::Display for UnsupportedLevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "level {:?} is not available on this machine, which has", self.level)?;
        Level::available().enumerate().try_for_each(|(i, level)| {
            let comma = if i == 0 { "" } else { "," };
            write!(f, "{comma} {level:?}")
        })
    }
}

impl core::error::Error for UnsupportedLevelError {}
