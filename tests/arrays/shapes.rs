//! Shapes: those that differ, those without numbers, broadcast arrays, and every element type.

use std::panic::{AssertUnwindSafe, catch_unwind};

use half::{bf16, f16};
use ndarray::{Array, Array1, Array2, Array3, Axis, Ix0, arr0, arr1, arr2, s};
use slopes::Parallel;
use slopes::activation::{Activation, Gelu, Relu, Softmax};
use slopes::loss::{CategoricalHinge, Mse, RowLoss, SoftmaxCrossEntropy};
use slopes::prelude::*;

fn message<R>(call: impl FnOnce() -> R) -> String {
    let error = catch_unwind(AssertUnwindSafe(call)).err().expect("a panic");
    error.downcast_ref::<String>().cloned().unwrap_or_else(|| error.downcast_ref::<&str>().unwrap().to_string())
}

#[test]
fn messages_name_both_shapes() {
    let (x, y, rows) = (Array2::<f32>::zeros((2, 3)), Array2::<f32>::zeros((3, 2)), SoftmaxCrossEntropy::new());
    let labels = |n: usize| Array1::<usize>::zeros(n);
    for (message, expected) in [
        (
            message(|| x.activate_into(&Relu, &mut y.clone())),
            "activate_into: shapes differ: x has [2, 3], y has [3, 2]",
        ),
        (message(|| x.backward(&Relu, &y)), "backward: shapes differ: x has [3, 2], dy has [2, 3]"),
        (
            message(|| x.clone().backward_inplace(&Relu, &y)),
            "backward_inplace: shapes differ: x has [3, 2], dy has [2, 3]",
        ),
        (
            message(|| x.backward_axis(Axis(0), &Softmax::new(), &y)),
            "backward_axis: shapes differ: x has [3, 2], dy has [2, 3]",
        ),
        (
            message(|| x.backward_axis_from_output(Axis(0), &Softmax::new(), &y)),
            "backward_axis_from_output: shapes differ: y has [3, 2], dy has [2, 3]",
        ),
        (message(|| x.mean_loss(&Mse, &y)), "total_loss: shapes differ: prediction has [2, 3], target has [3, 2]"),
        (message(|| x.losses(&Mse, &y)), "losses: shapes differ: prediction has [2, 3], target has [3, 2]"),
        (
            message(|| x.loss_gradient(&Mse, &y, 1.0)),
            "loss_gradient: shapes differ: prediction has [2, 3], target has [3, 2]",
        ),
        (
            message(|| x.losses_axis(Axis(1), &rows, &labels(3))),
            "losses_axis: shapes differ: prediction has [2, 3] without axis 1, labels have [3]",
        ),
        (
            message(|| x.mean_loss_axis(Axis(0), &rows, &y)),
            "total_loss_axis: shapes differ: prediction has [2, 3], probabilities has [3, 2]",
        ),
        (message(|| x.softmax(Axis(2))), "axis 2 is out of range for an array of 2 axes"),
        (message(|| x.log_sum_exp(Axis(2))), "axis 2 is out of range for an array of 2 axes"),
        (message(|| x.mean_loss_axis(Axis(2), &rows, &labels(3))), "axis 2 is out of range for an array of 2 axes"),
        (
            message(|| Array::<f32, _>::zeros([].as_slice()).softmax(Axis(0))),
            "axis 0 is out of range for an array of 0 axes",
        ),
    ] {
        assert_eq!(message, expected);
    }
    // Labels only.
    assert!(message(|| x.mean_loss_axis(Axis(0), &CategoricalHinge, &x)).contains("labels"));
    let error = x.mean_loss_axis(Axis(1), &rows, &arr1(&[0, 3])).unwrap_err();
    assert_eq!(error.to_string(), "label 3 of row 1 is out of range for 3 classes");
}

#[test]
fn a_number_and_no_numbers() {
    assert_eq!(arr0(-2.0_f64).activated(&Relu), arr0(0.0));
    assert_eq!(arr0(2.0_f64).backward(&Relu, &arr0(-2.0)), arr0(0.0));
    assert_eq!(arr0(2.0_f64).mean_loss_with_gradient(&Mse, &arr0(1.0)), (1.0, arr0(2.0)));
    let mut x: Array<f64, Ix0> = arr0(-2.0);
    x.activate_inplace(&Relu);
    assert_eq!(x, arr0(0.0));
    // A label of one row.
    let loss = SoftmaxCrossEntropy::new();
    assert_eq!(arr1(&[0.0_f64, 0.0]).mean_loss_axis(Axis(0), &loss, &arr0(1)).unwrap(), 2.0_f64.ln());

    for shape in [(0, 3, 2), (2, 0, 3), (3, 2, 0)] {
        let whole = Array3::<f32>::ones((3, 3, 3));
        for mut x in [Array3::zeros(shape), whole.slice(s![..shape.0, ..shape.1;-1, ..shape.2]).to_owned()] {
            let view = whole.slice(s![..shape.0;-1, ..shape.1, ..shape.2]);
            for x in [x.view(), x.view().reversed_axes().reversed_axes(), view] {
                assert_eq!(x.activated(&Gelu).dim(), shape);
                assert_eq!(x.backward(&Gelu, &x).dim(), shape);
                assert_eq!(x.softmax(Axis(1)).dim(), shape);
                assert_eq!(x.backward_axis(Axis(1), &Softmax::new(), &x).dim(), shape);
                assert!(x.mean_loss(&Mse, &x).is_nan() && x.losses(&Mse, &x).is_empty());
                let y = x.log_sum_exp(Axis(1));
                assert_eq!(y.dim(), (shape.0, shape.2));
                assert!(y.iter().all(|y| *y == f32::NEG_INFINITY), "rows without numbers");
                let labels = Array2::<u8>::zeros((shape.0, shape.2));
                if shape.1 > 0 {
                    let (total, gradient) = x.total_loss_axis_with_gradient(Axis(1), &loss, &labels).unwrap();
                    assert_eq!((total.sum, total.weight, gradient.dim()), (0.0, 0.0, shape));
                }
            }
            x.activate_inplace(&Gelu);
            x.activate_axis_inplace(Axis(2), &Softmax::new());
        }
    }
}

/// A row that is repeated has a stride of 0.
#[test]
fn broadcast_arrays() {
    let row = arr1(&[-1.0_f64, 2.0, 3.0]);
    let x = row.broadcast((2, 3)).unwrap();
    assert_eq!(x.activated(&Relu), arr2(&[[0.0, 2.0, 3.0], [0.0, 2.0, 3.0]]));
    assert_eq!(Array2::ones((2, 3)).backward(&Relu, &x), arr2(&[[0.0, 1.0, 1.0], [0.0, 1.0, 1.0]]));
    assert_eq!(x.backward(&Relu, &Array2::ones((2, 3))), x);
    assert_eq!(x.softmax(Axis(0)), Array2::from_elem((2, 3), 0.5));
    assert_eq!(Array2::zeros((2, 3)).mean_loss(&Mse, &x), 14.0 / 3.0);
    let labels = arr0(1).broadcast(2).unwrap().to_owned();
    let repeated = arr0(1);
    let repeated = repeated.broadcast(2).unwrap();
    let loss = SoftmaxCrossEntropy::new();
    assert_eq!(x.mean_loss_axis(Axis(1), &loss, &labels), x.mean_loss_axis(Axis(1), &loss, &repeated));
}

/// Every element type; labels of every type; a function that is chosen at run time, and one on several threads.
#[test]
fn every_type() {
    fn check<T: Element>()
    where
        Array1<T>: slopes::ndarray::RowTargets<T, ndarray::Ix1>,
    {
        let [zero, one, half] = [0.0, 1.0, 0.5].map(T::from_f64_rounded);
        let x = arr1(&[-one, one]);
        assert_eq!(x.activated(&Relu), arr1(&[zero, one]));
        assert_eq!(arr1(&[one, one]).softmax(Axis(0)), arr1(&[half, half]));
        let loss = SoftmaxCrossEntropy::new();
        let by_label = |target: f64| (target - 2.0_f64.ln()).abs() < 1e-6;
        let zeros = arr1(&[zero, zero]);
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_u8)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_u16)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_u32)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_u64)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_usize)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_i32)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr0(1_i64)).unwrap()));
        assert!(by_label(zeros.mean_loss_axis(Axis(0), &loss, &arr1(&[half, half])).unwrap()));
    }
    check::<f32>();
    check::<f64>();
    check::<f16>();
    check::<bf16>();

    let x = Array2::from_shape_fn((700, 300), |(i, j)| (i as f32 - j as f32) / 100.0);
    let chosen: &dyn Activation<f32> = &Gelu;
    for x in [x.view(), x.t()] {
        assert_eq!(x.activated(&Parallel(Gelu)), x.activated(chosen));
        assert_eq!(x.activated_axis(Axis(1), &Parallel(Softmax::new())), x.softmax(Axis(1)));
        let y = x.t();
        let (target, loss) = (y.t(), SoftmaxCrossEntropy::new());
        assert_eq!(x.mean_loss(&Parallel(Mse), &target).to_bits(), x.mean_loss(&Mse, &target).to_bits());
        let labels = Array1::from_shape_fn(x.nrows(), |i| i % 7);
        let chosen: &dyn RowLoss<f32> = &loss;
        assert_eq!(x.mean_loss_axis(Axis(1), &Parallel(loss), &labels), x.mean_loss_axis(Axis(1), chosen, &labels));
    }
}
