//! A function of slopes in a call of SQL: which arguments it has, of which types, and which function their values make.

use std::fmt;

use arrow::datatypes::{DataType, Field};
use datafusion_common::{Result, ScalarValue, exec_err, plan_err};
use slopes::activation::{AnyActivation, AnyRowActivation};
use slopes::loss::AnyLoss;
use slopes::{ParameterKind, ParseError, ParseErrorKind, Spec};

/// A function of one of the three catalogues that SQL has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AnyFunction {
    Elementwise(AnyActivation),
    OfRows(AnyRowActivation),
    OfPairs(AnyLoss),
}

impl AnyFunction {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let activations = AnyActivation::all().map(Self::Elementwise);
        activations.chain(AnyRowActivation::all().map(Self::OfRows)).chain(AnyLoss::all().map(Self::OfPairs))
    }

    pub(crate) fn spec(&self) -> &'static Spec {
        match self {
            Self::Elementwise(f) => f.spec(),
            Self::OfRows(f) => f.spec(),
            Self::OfPairs(f) => f.spec(),
        }
    }

    /// The name in SQL: that of slopes; of a loss whose name an activation has too, with `_loss` behind it.
    pub(crate) fn sql_name(&self) -> String {
        let name = self.spec().name();
        match self {
            Self::OfPairs(_) if AnyActivation::all().any(|f| f.spec().name() == name) => format!("{name}_loss"),
            _ => name.to_owned(),
        }
    }

    /// The names of the columns among the arguments.
    pub(crate) fn columns(&self) -> &'static [&'static str] {
        match self {
            Self::OfPairs(_) => PAIR,
            _ => &["x"],
        }
    }

    /// The function of the same catalogue that a text names.
    fn parse_like(&self, text: &str) -> Result<Self, ParseError> {
        Ok(match self {
            Self::Elementwise(_) => Self::Elementwise(text.parse()?),
            Self::OfRows(_) => Self::OfRows(text.parse()?),
            Self::OfPairs(_) => Self::OfPairs(text.parse()?),
        })
    }
}

pub(crate) const PAIR: &[&str] = &["prediction", "target"];

/// The arguments of a function of SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Arguments {
    /// Columns, then parameters of the function, all or the first ones.
    Of(AnyFunction),
    /// The text of an activation, elementwise or of rows, and a column.
    ActivationAsText,
    /// The text of a loss, predictions and targets.
    LossAsText,
}

impl Arguments {
    /// The position of the first column.
    pub(crate) fn first_column(self) -> usize {
        match self {
            Self::Of(_) => 0,
            Self::ActivationAsText | Self::LossAsText => 1,
        }
    }

    pub(crate) fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Of(f) => f.columns(),
            Self::ActivationAsText => &["x"],
            Self::LossAsText => PAIR,
        }
    }

    pub(crate) fn is_column(self, position: usize) -> bool {
        (self.first_column()..self.first_column() + self.columns().len()).contains(&position)
    }

    fn parameters(self) -> &'static [&'static [&'static str]] {
        match self {
            Self::Of(f) => f.spec().parameters,
            _ => &[],
        }
    }

    /// The name of an argument.
    fn label(self, position: usize) -> &'static str {
        match position.checked_sub(self.first_column()) {
            None => "the text of the function",
            Some(column) if column < self.columns().len() => self.columns()[column],
            Some(after) => self.parameters()[after - self.columns().len()][0],
        }
    }

    /// The types that arguments are cast to.
    pub(crate) fn coerce(self, function: &str, types: &[DataType]) -> Result<Vec<DataType>> {
        let least = self.first_column() + self.columns().len();
        let most = least + self.parameters().len();
        if !(least..=most).contains(&types.len()) {
            return plan_err!("{function} has {} arguments, and must be {}", types.len(), self.usage(function));
        }
        let mut coerced = types.to_vec();
        for (i, found) in types.iter().enumerate() {
            let wanted = if self.is_column(i) {
                match self {
                    Self::Of(AnyFunction::OfRows(_)) => list(found).map_err(|()| "a list of numbers"),
                    Self::ActivationAsText => {
                        float(found).or_else(|()| list(found)).map_err(|()| "a number or a list of them")
                    }
                    _ => float(found).map_err(|()| "a number"),
                }
            } else {
                self.literal_type(i, found)
            };
            coerced[i] = match wanted {
                Ok(wanted) => wanted,
                Err(wanted) => {
                    return plan_err!(
                        "{function}: argument {} ({}) is of type {found}, and must be {wanted}",
                        i + 1,
                        self.label(i)
                    );
                }
            };
        }
        if let (Self::Of(AnyFunction::OfPairs(_)) | Self::LossAsText, first) = (self, self.first_column()) {
            let of_pair = pair_type(&coerced[first], &coerced[first + 1]);
            coerced[first..first + 2].fill(of_pair);
        }
        Ok(coerced)
    }

    fn literal_type(self, position: usize, found: &DataType) -> Result<DataType, &'static str> {
        let Self::Of(f) = self else { return text(found) };
        match f.spec().kinds[position - f.columns().len()] {
            ParameterKind::Flag if matches!(found, DataType::Boolean | DataType::Null) => Ok(DataType::Boolean),
            ParameterKind::Flag => Err("true or false"),
            ParameterKind::Choice(_) => text(found),
            _ => float(found).map(|_| DataType::Float64).map_err(|()| "a number"),
        }
    }

    /// How the function is called: `huber(prediction, target[, delta])`.
    pub(crate) fn usage(self, function: &str) -> String {
        let text = ["text"];
        let given: Vec<&str> = text[..self.first_column()].iter().chain(self.columns()).copied().collect();
        let optional = self.parameters().iter().map(|names| format!("[, {}]", names[0]));
        format!("{function}({}{})", given.join(", "), optional.collect::<String>())
    }

    /// The function that the literals among the arguments make; `literals` has them by position, without the columns.
    /// None of them is null. `column` is the type of the first column.
    pub(crate) fn resolve(
        self,
        function: &str,
        literals: &[(usize, ScalarValue)],
        column: &DataType,
    ) -> Result<AnyFunction> {
        let Self::Of(f) = self else {
            let [(position, literal)] = literals else { return exec_err!("{function}: argument 1 must be a text") };
            let Some(Some(text)) = literal.try_as_str() else {
                return exec_err!("{function}: argument 1 is of type {}, and must be a text", literal.data_type());
            };
            let parsed = match self {
                Self::LossAsText => text.parse().map(AnyFunction::OfPairs),
                _ if list(column).is_ok() => text.parse().map(AnyFunction::OfRows),
                _ => text.parse().map(AnyFunction::Elementwise),
            };
            return match parsed {
                Ok(f) => Ok(f),
                Err(error) => plan_err!("{function}: argument {} {text:?} {error}", position + 1),
            };
        };
        if literals.is_empty() {
            return Ok(f);
        }
        let spec = f.spec();
        let mut arguments = Vec::new();
        for (position, literal) in literals {
            let index = position - f.columns().len();
            arguments.push(format!("{}={}", spec.parameters[index][0], Value(spec.kinds[index], literal)));
        }
        let text = format!("{}({})", spec.name(), arguments.join(", "));
        f.parse_like(&text).or_else(|error| match error.kind {
            ParseErrorKind::Parameter(bad) => {
                let index = spec.parameters.iter().position(|names| names[0] == bad.parameter).unwrap_or(0);
                plan_err!("{function}: argument {}: {bad}", f.columns().len() + index + 1)
            }
            kind => plan_err!("{function}: {kind} in {text:?}"),
        })
    }
}

/// The value of a parameter, as the parser of slopes reads it.
struct Value<'a>(ParameterKind, &'a ScalarValue);

impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Value(kind, literal) = self;
        if let Some(Some(text)) = literal.try_as_str() {
            return f.write_str(text);
        }
        match (kind, literal.cast_to(&DataType::Float64)) {
            // The shortest decimal that is read as the same bits.
            (ParameterKind::Number | ParameterKind::Optional, Ok(ScalarValue::Float64(Some(value)))) => {
                write!(f, "{value}")
            }
            _ => write!(f, "{literal}"),
        }
    }
}

fn text(found: &DataType) -> Result<DataType, &'static str> {
    match found {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View | DataType::Null => Ok(DataType::Utf8View),
        DataType::Dictionary(_, value) => text(value),
        _ => Err("a text"),
    }
}

/// The floating-point type that a type of numbers is computed in: itself, or Float64 for integers and decimals.
pub(crate) fn float(found: &DataType) -> Result<DataType, ()> {
    match found {
        DataType::Float16 | DataType::Float32 | DataType::Float64 => Ok(found.clone()),
        DataType::Null => Ok(DataType::Float64),
        DataType::Dictionary(_, value) => float(value),
        _ if found.is_numeric() => Ok(DataType::Float64),
        _ => Err(()),
    }
}

/// The type of a list of numbers, as one of floating-point numbers.
fn list(found: &DataType) -> Result<DataType, ()> {
    let of = |field: &Field| Ok(std::sync::Arc::new(field.clone().with_data_type(float(field.data_type())?)));
    Ok(match found {
        DataType::FixedSizeList(field, size) => DataType::FixedSizeList(of(field)?, *size),
        DataType::List(field) => DataType::List(of(field)?),
        DataType::LargeList(field) => DataType::LargeList(of(field)?),
        _ => return Err(()),
    })
}

/// The type that the losses of a pair are computed in, from those of its columns by [`float`]. Float16 is too coarse for
/// a loss.
pub(crate) fn pair_type(prediction: &DataType, target: &DataType) -> DataType {
    match (prediction, target) {
        (DataType::Float64, _) | (_, DataType::Float64) => DataType::Float64,
        _ => DataType::Float32,
    }
}
