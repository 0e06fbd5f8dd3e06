//! The functions of slopes over Arrow arrays: what the SQL functions compute with, for programs that have arrays at hand.
//!
//! ```
//! use arrow::array::Float32Array;
//! use slopes::activation::Relu;
//! use slopes_datafusion::arrays::activate;
//!
//! let x = Float32Array::from(vec![Some(-1.0), None, Some(2.0)]);
//! assert_eq!(activate(x, Relu), Float32Array::from(vec![Some(0.0), None, Some(2.0)]));
//! ```

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, FixedSizeListArray, GenericListArray, OffsetSizeTrait, PrimitiveArray,
};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Float16Type, Float32Type, Float64Type};
use arrow::error::ArrowError;
use slopes::activation::{Activation, AnyActivation, AnyRowActivation, RowActivation};
use slopes::loss::{AnyLoss, Loss};
use slopes::{Element, Rows};

/// Arrow's types of floating-point numbers: Float16, Float32 and Float64.
pub trait Float: ArrowPrimitiveType<Native: Element> + sealed::Sealed {}
impl Float for Float16Type {}
impl Float for Float32Type {}
impl Float for Float64Type {}

mod sealed {
    use arrow::datatypes::{Float16Type, Float32Type, Float64Type};

    pub trait Sealed {}
    impl Sealed for Float16Type {}
    impl Sealed for Float32Type {}
    impl Sealed for Float64Type {}
}

/// Runs the body with the type that `DataType` names, or the last arm if it is no floating-point type.
macro_rules! by_float {
    ($data_type:expr, $T:ident => $body:expr, _ => $otherwise:expr) => {
        match $data_type {
            arrow::datatypes::DataType::Float16 => {
                type $T = arrow::datatypes::Float16Type;
                $body
            }
            arrow::datatypes::DataType::Float32 => {
                type $T = arrow::datatypes::Float32Type;
                $body
            }
            arrow::datatypes::DataType::Float64 => {
                type $T = arrow::datatypes::Float64Type;
                $body
            }
            _ => $otherwise,
        }
    };
}
pub(crate) use by_float;

/// The values y = f(x). Nulls stay null.
///
/// The buffer of x becomes that of y if nothing else holds it, so pass x itself where it is not needed any more.
///
/// ```
/// use arrow::array::Float64Array;
/// use slopes::activation::LeakyRelu;
/// use slopes_datafusion::arrays::activate;
///
/// let x = Float64Array::from(vec![-2.0, 3.0]);
/// let buffer = x.values().as_ptr();
/// let y = activate(x, LeakyRelu { slope: 0.5 });
/// assert_eq!(y, Float64Array::from(vec![-1.0, 3.0]));
/// assert_eq!(y.values().as_ptr(), buffer);
/// ```
pub fn activate<T: Float>(x: PrimitiveArray<T>, f: impl Into<AnyActivation>) -> PrimitiveArray<T> {
    let f = f.into();
    map_values(x, |x| f.forward_in_place(x), |x, y| f.forward_slice(x, y))
}

/// The values of an activation of rows, such as softmax: each list is a row. x is a `FixedSizeList`, a `List` or a
/// `LargeList` of floating-point numbers; the result has its type.
///
/// Null lists stay null; a list that contains a null becomes null. An empty list stays empty. As by [`activate`], the
/// buffer of a fixed-size list is reused if nothing else holds it.
///
/// ```
/// use std::sync::Arc;
/// use arrow::array::{ArrayRef, AsArray, FixedSizeListArray};
/// use arrow::datatypes::Float32Type;
/// use slopes::activation::Softmax;
/// use slopes_datafusion::arrays::activate_rows;
///
/// let rows = vec![Some(vec![Some(1.0), Some(1.0)]), None, Some(vec![None, Some(1.0)])];
/// let x: ArrayRef = Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 2));
/// let y = activate_rows(x, Softmax::new())?;
/// let expected = vec![Some(vec![Some(0.5), Some(0.5)]), None, None];
/// assert_eq!(*y.as_fixed_size_list(), FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(expected, 2));
/// # Ok::<(), arrow::error::ArrowError>(())
/// ```
///
/// # Errors
/// If x has another type.
pub fn activate_rows(x: ArrayRef, f: impl Into<AnyRowActivation>) -> Result<ArrayRef, ArrowError> {
    let f = f.into();
    let data_type = x.data_type().clone();
    let unsupported = || {
        let message =
            format!("{}: rows of type {data_type}, and must be lists of floating-point numbers", f.spec().name());
        Err(ArrowError::InvalidArgumentError(message))
    };
    match &data_type {
        DataType::FixedSizeList(field, _) => {
            by_float!(field.data_type(), T => fixed_rows::<T>(x, f), _ => unsupported())
        }
        DataType::List(field) => {
            by_float!(field.data_type(), T => rows::<T, i32>(x.as_list(), f), _ => unsupported())
        }
        DataType::LargeList(field) => {
            by_float!(field.data_type(), T => rows::<T, i64>(x.as_list(), f), _ => unsupported())
        }
        _ => unsupported(),
    }
}

/// The losses of pairs: null where the prediction or the target is null.
///
/// ```
/// use arrow::array::Float32Array;
/// use slopes::loss::Huber;
/// use slopes_datafusion::arrays::losses;
///
/// let prediction = Float32Array::from(vec![Some(3.0), Some(1.0), None]);
/// let target = Float32Array::from(vec![0.0, 1.0, 1.0]);
/// let expected = Float32Array::from(vec![Some(2.5), Some(0.0), None]);
/// assert_eq!(losses(&prediction, &target, Huber::DEFAULT)?, expected);
/// # Ok::<(), arrow::error::ArrowError>(())
/// ```
///
/// # Errors
/// If the lengths differ.
pub fn losses<T: Float>(
    prediction: &PrimitiveArray<T>,
    target: &PrimitiveArray<T>,
    loss: impl Into<AnyLoss>,
) -> Result<PrimitiveArray<T>, ArrowError> {
    let loss = loss.into();
    let (predictions, targets) = (prediction.len(), target.len());
    if predictions != targets {
        let name = Loss::<f32>::spec(&loss).name();
        let message = format!("{name}: {predictions} predictions and {targets} targets");
        return Err(ArrowError::InvalidArgumentError(message));
    }
    let mut values = vec![T::Native::default(); predictions];
    loss.forward_slice(prediction.values(), target.values(), &mut values);
    Ok(PrimitiveArray::new(values.into(), NullBuffer::union(prediction.nulls(), target.nulls())))
}

/// Computes all values, those under nulls too, which are numbers of any kind: in place if the buffer is not shared.
fn map_values<T: Float>(
    x: PrimitiveArray<T>,
    in_place: impl FnOnce(&mut [T::Native]),
    copy: impl FnOnce(&[T::Native], &mut [T::Native]),
) -> PrimitiveArray<T> {
    let (len, (data_type, values, nulls)) = (x.len(), x.into_parts());
    let buffer = match values.into_inner().into_mutable() {
        Ok(mut values) => {
            in_place(values.typed_data_mut());
            Buffer::from(values)
        }
        Err(shared) => {
            let mut y = vec![T::Native::default(); len];
            copy(shared.typed_data(), &mut y);
            Buffer::from(y)
        }
    };
    PrimitiveArray::new(ScalarBuffer::new(buffer, 0, len), nulls).with_data_type(data_type)
}

/// The array itself, if this was its only owner.
pub(crate) fn owned<T: Float>(x: ArrayRef) -> PrimitiveArray<T> {
    x.as_primitive().clone()
}

fn fixed_rows<T: Float>(x: ArrayRef, f: AnyRowActivation) -> Result<ArrayRef, ArrowError> {
    let list = x.as_fixed_size_list().clone();
    drop(x);
    let count = list.len();
    let (field, size, values, nulls) = list.into_parts();
    let len = size as usize;
    let nulls = without_rows_of_nulls(nulls, &values, count, |row| row * len..(row + 1) * len);
    let values = owned::<T>(values);
    let y = match len {
        0 => values,
        _ => {
            let rows = Rows::contiguous(len);
            map_values(values, |x| f.forward_in_place(x, rows), |x, y| f.forward(x, rows, y))
        }
    };
    let y = PrimitiveArray::<T>::new(y.values().clone(), None);
    Ok(Arc::new(FixedSizeListArray::try_new_with_length(field, size, Arc::new(y), nulls, count)?))
}

fn rows<T: Float, O: OffsetSizeTrait>(x: &GenericListArray<O>, f: AnyRowActivation) -> Result<ArrayRef, ArrowError> {
    let (DataType::List(field) | DataType::LargeList(field)) = x.data_type() else {
        unreachable!("a list of either size")
    };
    let values = x.values().as_primitive::<T>();
    let offsets: &OffsetBuffer<O> = x.offsets();
    let range = |row: usize| offsets[row].as_usize()..offsets[row + 1].as_usize();
    let mut y = vec![T::Native::default(); values.len()];
    // Rows of one length that follow each other are computed together.
    let mut row = 0;
    while row < x.len() {
        let len = range(row).len();
        let end = (row + 1..x.len()).find(|&next| range(next).len() != len).unwrap_or(x.len());
        if len > 0 {
            let run = range(row).start..range(end - 1).end;
            f.forward(&values.values()[run.clone()], Rows::contiguous(len), &mut y[run]);
        }
        row = end;
    }
    let nulls = without_rows_of_nulls(x.nulls().cloned(), x.values(), x.len(), range);
    let y = PrimitiveArray::<T>::new(y.into(), None);
    Ok(Arc::new(GenericListArray::try_new(field.clone(), offsets.clone(), Arc::new(y), nulls)?))
}

/// The nulls of rows, where a row that contains a null is one too.
fn without_rows_of_nulls(
    nulls: Option<NullBuffer>,
    values: &ArrayRef,
    count: usize,
    range: impl Fn(usize) -> std::ops::Range<usize>,
) -> Option<NullBuffer> {
    let Some(elements) = values.nulls() else { return nulls };
    let whole = NullBuffer::from_iter((0..count).map(|row| range(row).all(|i| elements.is_valid(i))));
    NullBuffer::union(nulls.as_ref(), Some(&whole))
}
