//! Kernels over arrays: bits against the slices of slopes, nulls, slices of arrays, reuse of buffers.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, FixedSizeListArray, Float32Array, Float64Array, LargeListArray, ListArray,
    PrimitiveArray, StringArray,
};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::{DataType, Field, Float16Type, Float32Type, Float64Type};
use slopes::Rows;
use slopes::activation::{Activation, AnyActivation, AnyRowActivation, Gelu, RowActivation, Softmax};
use slopes::loss::{AnyLoss, Loss, Mse};
use slopes_datafusion::arrays::{Float, activate, activate_rows, losses};
use slopes_datafusion::slopes;

use crate::common::{all_kinds, bits, column_of, numbers};

fn same_bits(got: &dyn Array, expected: &dyn Array, what: &dyn std::fmt::Display) {
    assert_eq!(got.data_type(), expected.data_type(), "{what}");
    assert_eq!(bits(&numbers(got)), bits(&numbers(expected)), "{what}");
}

fn activations_have_the_bits_of_slices<T: Float>() {
    let x = column_of(&T::DATA_TYPE, &all_kinds(1000));
    let x: PrimitiveArray<T> = x.as_primitive().clone();
    for f in AnyActivation::all() {
        let mut y = vec![T::Native::default(); x.len()];
        f.forward_slice(x.values(), &mut y);
        let expected = PrimitiveArray::<T>::new(y.into(), x.nulls().cloned());
        // Shared, so copied; a part of an array; alone, so in place.
        same_bits(&activate(x.clone(), f), &expected, &f);
        same_bits(&activate(x.slice(3, 500), f), &expected.slice(3, 500), &f);
        let alone = PrimitiveArray::<T>::new(x.values().to_vec().into(), x.nulls().cloned());
        let buffer = alone.values().as_ptr();
        let y = activate(alone, f);
        assert_eq!(y.values().as_ptr(), buffer, "{f} did not reuse the buffer");
        same_bits(&y, &expected, &f);
    }
    assert_eq!(activate(PrimitiveArray::<T>::new_null(0), Gelu).len(), 0);
}

#[test]
fn activations_of_f16_have_the_bits_of_slices() {
    activations_have_the_bits_of_slices::<Float16Type>();
}

#[test]
fn activations_of_f32_have_the_bits_of_slices() {
    activations_have_the_bits_of_slices::<Float32Type>();
}

#[test]
fn activations_of_f64_have_the_bits_of_slices() {
    activations_have_the_bits_of_slices::<Float64Type>();
}

#[test]
fn a_shared_array_is_left_alone() {
    let x = Float32Array::from(vec![-1.0, 2.0]);
    let other = x.clone();
    activate(x, slopes::activation::Relu);
    assert_eq!(other, Float32Array::from(vec![-1.0, 2.0]));
}

#[test]
fn losses_have_the_bits_of_slices() {
    let x = all_kinds(300);
    let pairs: Vec<(f64, f64)> = x.iter().flat_map(|p| [0.0, 1.0, -2.5, 0.25].map(|t| (*p, t))).collect();
    let (prediction, target): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    let p = column_of(&DataType::Float32, &prediction);
    let t = Float32Array::from_iter(target.iter().enumerate().map(|(i, t)| (i % 11 != 3).then_some(*t as f32)));
    let p = p.as_primitive::<Float32Type>();
    for loss in AnyLoss::all() {
        let mut expected = vec![0.0; p.len()];
        loss.forward_slice(p.values(), t.values(), &mut expected);
        let expected = Float32Array::new(expected.into(), NullBuffer::union(p.nulls(), t.nulls()));
        same_bits(&losses(p, &t, loss).unwrap(), &expected, &loss);
        same_bits(&losses(&p.slice(1, 99), &t.slice(1, 99), loss).unwrap(), &expected.slice(1, 99), &loss);
    }
    let error = losses(p, &t.slice(0, 2), Mse).unwrap_err().to_string();
    assert!(error.ends_with(&format!("mse: {} predictions and 2 targets", p.len())), "{error}");
}

/// Rows of three, of which the second is null, and the fourth has a null.
fn some_rows() -> Vec<Option<Vec<Option<f32>>>> {
    let row = |x: [f32; 3]| Some(x.map(Some).to_vec());
    vec![row([1.0, 2.0, -3.0]), None, row([0.5; 3]), Some(vec![Some(1.0), None, Some(2.0)]), row([9.0, -80.0, 8.5])]
}

#[test]
fn activations_of_rows_have_the_bits_of_slices() {
    for f in AnyRowActivation::all() {
        let expected: Vec<_> = some_rows()
            .into_iter()
            .map(|row| {
                let mut row: Vec<f32> = row?.into_iter().collect::<Option<_>>()?;
                f.forward_in_place(&mut row, Rows::contiguous(3));
                Some(row.into_iter().map(Some).collect::<Vec<_>>())
            })
            .collect();
        let fixed = |rows| Arc::new(FixedSizeListArray::from_iter_primitive::<Float32Type, _, _>(rows, 3)) as ArrayRef;
        let list = |rows| Arc::new(ListArray::from_iter_primitive::<Float32Type, _, _>(rows)) as ArrayRef;
        let large = |rows| Arc::new(LargeListArray::from_iter_primitive::<Float32Type, _, _>(rows)) as ArrayRef;
        for of in [&fixed as &dyn Fn(_) -> ArrayRef, &list, &large] {
            let (x, y) = (of(some_rows()), of(expected.clone()));
            assert_eq!(&activate_rows(x.clone(), f).unwrap(), &y, "{f}");
            assert_eq!(&activate_rows(x.slice(2, 3), f).unwrap(), &y.slice(2, 3), "{f}");
            assert_eq!(activate_rows(x.slice(2, 0), f).unwrap().len(), 0, "{f}");
        }
    }
}

#[test]
fn lists_of_different_lengths_are_rows() {
    let rows = [vec![1.0, 1.0], vec![], vec![3.0], vec![0.0, 0.0], vec![5.0; 4], vec![-1.0; 4]];
    let of = |rows: &[Vec<f64>]| {
        let rows = rows.iter().map(|row| Some(row.iter().copied().map(Some).collect::<Vec<_>>()));
        Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(rows)) as ArrayRef
    };
    let expected = rows.clone().map(|row| vec![1.0 / row.len() as f64; row.len()]);
    assert_eq!(&activate_rows(of(&rows), Softmax::new()).unwrap(), &of(&expected));
}

#[test]
fn the_buffer_of_rows_is_reused() {
    let field = Arc::new(Field::new_list_field(DataType::Float64, true));
    let values = Arc::new(Float64Array::from(vec![1.0, 1.0, 2.0, 2.0]));
    let buffer = values.values().as_ptr();
    let x: ArrayRef = Arc::new(FixedSizeListArray::new(field, 2, values, None));
    let y = activate_rows(x, Softmax::new()).unwrap();
    let values = y.as_fixed_size_list().values().as_primitive::<Float64Type>().clone();
    assert_eq!((values.values().as_ptr(), &values.values()[..]), (buffer, &[0.5; 4][..]));
}

#[test]
fn other_types_are_errors() {
    let x: ArrayRef = Arc::new(StringArray::from(vec!["1"]));
    let error = activate_rows(x, Softmax::new()).unwrap_err().to_string();
    assert!(error.ends_with("softmax: rows of type Utf8, and must be lists of floating-point numbers"), "{error}");
}
