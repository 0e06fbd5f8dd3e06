//! The scalar functions.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, PrimitiveArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion_common::{Result, ScalarValue, exec_err, internal_err};
use datafusion_expr::interval_arithmetic::Interval;
use datafusion_expr::sort_properties::{ExprProperties, SortProperties};
use datafusion_expr::{ColumnarValue, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDFImpl, Signature, Volatility};
use slopes::Element;
use slopes::activation::AnyActivation;

use crate::arrays::{self, Float, by_float, owned};
use crate::facts;
use crate::function::{AnyFunction, Arguments};

/// A function of slopes as one of SQL.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Function {
    name: String,
    arguments: Arguments,
    signature: Signature,
}

impl Function {
    pub(crate) fn new(name: String, arguments: Arguments) -> Self {
        Function { name, arguments, signature: Signature::user_defined(Volatility::Immutable) }
    }

    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let texts = [("activate", Arguments::ActivationAsText), ("loss", Arguments::LossAsText)];
        let named = AnyFunction::all().map(|f| Self::new(f.sql_name(), Arguments::Of(f)));
        named.chain(texts.map(|(name, arguments)| Self::new(name.to_owned(), arguments)))
    }

    pub(crate) fn renamed(self, name: String) -> Self {
        Function { name, ..self }
    }

    pub(crate) fn usage(&self) -> String {
        self.arguments.usage(&self.name)
    }

    /// The activation of a call, from what is known of its arguments: literals are intervals of one value.
    fn activation<'a>(&self, range: impl Fn(usize) -> &'a Interval, arguments: usize) -> Option<AnyActivation> {
        let literals = (0..arguments).filter(|i| !self.arguments.is_column(*i));
        let literal = |i: usize| {
            let (lower, upper) = (range(i).lower(), range(i).upper());
            (lower == upper && !lower.is_null()).then(|| (i, lower.clone()))
        };
        let literals: Vec<_> = literals.map(literal).collect::<Option<_>>()?;
        let column = range(self.arguments.first_column()).data_type();
        match self.arguments.resolve(&self.name, &literals, &column) {
            Ok(AnyFunction::Elementwise(f)) => Some(f),
            _ => None,
        }
    }

    fn keeps_order(&self, inputs: &[ExprProperties]) -> bool {
        self.activation(|i| &inputs[i].range, inputs.len()).is_some_and(|f| facts::keeps_order(&f))
    }
}

impl ScalarUDFImpl for Function {
    fn name(&self) -> &str {
        &self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        self.arguments.coerce(&self.name, types)
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        let mut types = self.coerce_types(types)?;
        Ok(types.swap_remove(self.arguments.first_column()))
    }

    /// Parameters that are literals are checked here, before the query runs.
    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef> {
        let types: Vec<_> = args.arg_fields.iter().map(|field| field.data_type().clone()).collect();
        let data_type = self.return_type(&types)?;
        let literals = args.scalar_arguments.iter().enumerate().filter(|(i, _)| !self.arguments.is_column(*i));
        let literals: Option<Vec<_>> = literals.map(|(i, literal)| Some((i, (*literal)?.clone()))).collect();
        if let Some(literals) = literals
            && literals.iter().all(|(_, literal)| !literal.is_null())
        {
            self.arguments.resolve(&self.name, &literals, &data_type)?;
        }
        // A list may hold a null.
        let nullable = data_type.is_nested() || args.arg_fields.iter().any(|field| field.is_nullable());
        Ok(Arc::new(Field::new(&self.name, data_type, nullable)))
    }

    fn is_strict(&self) -> bool {
        true
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let (mut columns, mut literals) = (Vec::new(), Vec::new());
        let all_scalar = args.args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_)));
        for (i, arg) in args.args.into_iter().enumerate() {
            match arg {
                ColumnarValue::Scalar(null) if null.is_null() => {
                    return Ok(ColumnarValue::Scalar(ScalarValue::try_from(args.return_field.data_type())?));
                }
                column if self.arguments.is_column(i) => {
                    columns.push(column.into_array(if all_scalar { 1 } else { args.number_rows })?);
                }
                ColumnarValue::Scalar(literal) => literals.push((i, literal)),
                ColumnarValue::Array(column) => {
                    let (name, found) = (&self.name, column.data_type());
                    return exec_err!("{name}: argument {} is a column of type {found}, and must be a literal", i + 1);
                }
            }
        }
        let f = self.arguments.resolve(&self.name, &literals, columns[0].data_type())?;
        let y = self.compute(f, columns)?;
        Ok(if all_scalar {
            ColumnarValue::Scalar(ScalarValue::try_from_array(&y, 0)?)
        } else {
            ColumnarValue::Array(y)
        })
    }

    fn output_ordering(&self, inputs: &[ExprProperties]) -> Result<SortProperties> {
        if inputs.iter().all(|input| input.sort_properties == SortProperties::Singleton) {
            return Ok(SortProperties::Singleton);
        }
        let column = inputs[self.arguments.first_column()].sort_properties;
        Ok(if self.keeps_order(inputs) { column } else { SortProperties::Unordered })
    }

    fn preserves_lex_ordering(&self, inputs: &[ExprProperties]) -> Result<bool> {
        Ok(self.keeps_order(inputs))
    }

    fn evaluate_bounds(&self, inputs: &[&Interval]) -> Result<Interval> {
        match self.activation(|i| inputs[i], inputs.len()) {
            Some(f) => facts::bounds(&f, inputs[self.arguments.first_column()]),
            None => Interval::make_unbounded(&DataType::Null),
        }
    }
}

impl Function {
    fn compute(&self, f: AnyFunction, mut columns: Vec<ArrayRef>) -> Result<ArrayRef> {
        let first = columns.swap_remove(0);
        let data_type = first.data_type().clone();
        let unexpected = || internal_err!("{}: a column of type {data_type} was not coerced", self.name);
        Ok(match f {
            AnyFunction::Elementwise(f) => {
                by_float!(data_type, T => Arc::new(with_signs_of_nan(owned::<T>(first), f)), _ => return unexpected())
            }
            AnyFunction::OfRows(f) => arrays::activate_rows(first, f)?,
            AnyFunction::OfPairs(f) => by_float!(
                data_type,
                T => Arc::new(arrays::losses::<T>(first.as_primitive(), columns[0].as_primitive(), f)?),
                _ => return unexpected()
            ),
        })
    }
}

/// The values of an activation; of one that keeps the order, NaN for NaN of the same sign, as SQL sorts NaN by its sign:
/// before all numbers or after them.
fn with_signs_of_nan<T: Float>(x: PrimitiveArray<T>, f: AnyActivation) -> PrimitiveArray<T> {
    // In chunks, whose loops have no branch, so that the compiler vectorizes them.
    let has_nan = |chunk: &[T::Native]| chunk.iter().fold(false, |found, x| found | is_nan(*x));
    if !f.is_monotone() || !x.values().chunks(1024).any(has_nan) {
        return arrays::activate(x, f);
    }
    let y = arrays::activate(x.clone(), f);
    let values = x.values().iter().zip(y.values()).map(|(x, y)| if is_nan(*x) { *x } else { *y });
    PrimitiveArray::new(values.collect(), x.nulls().cloned())
}

fn is_nan<E: Element>(x: E) -> bool {
    x.is_nan()
}
