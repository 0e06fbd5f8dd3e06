//! The same bits for any layout.

use std::fmt::Debug;

use ndarray::{ArrayBase, ArrayD, ArrayRef, Axis, Data, Dimension, Ix2, Ix3, IxDyn};
use proptest::prelude::*;
use slopes::activation::{Activation, AnyActivation, AnyRowActivation, LogSumExp, RowActivation};
use slopes::loss::{AnyLoss, Loss, RowLoss, SoftmaxCrossEntropy, Targets, Total};
use slopes::ndarray::{ActivationExt, LossExt, RowActivationExt, RowLossExt};
use slopes::{Element, Rows};

use crate::{GAP, Layout, layouts, numbers};

fn config() -> ProptestConfig {
    ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() }
}

fn flat<T: Copy, D: Dimension>(x: &ArrayRef<T, D>) -> Vec<T> {
    x.iter().copied().collect()
}

fn bits<T: Element>(numbers: impl IntoIterator<Item = T>) -> Vec<u64> {
    numbers.into_iter().map(|x| x.into_f64().to_bits()).collect()
}

/// The numbers of rows along an axis, one row after the other; and what puts such numbers into logical order.
fn rows<T: Copy>(x: &ArrayD<T>, axis: usize) -> Vec<T> {
    let mut order: Vec<_> = (0..x.ndim()).filter(|i| *i != axis).collect();
    order.push(axis);
    x.view().permuted_axes(order).iter().copied().collect()
}

fn check_bits<T: Element, S: Data<Elem = T>, D: Dimension>(
    what: &dyn Debug,
    found: &ArrayBase<S, D>,
    shape: &[usize],
    expected: &[T],
) {
    assert_eq!(found.shape(), shape, "{what:?}");
    assert_eq!(bits(found.iter().copied()), bits(expected.iter().copied()), "{what:?}");
}

/// Numbers outside of a view are not written.
struct Framed {
    array: ArrayD<f32>,
}

impl Framed {
    fn new(layout: &Layout, numbers: &[f32]) -> Self {
        Framed { array: layout.of(numbers.iter().copied(), GAP as f32) }
    }
    fn change(mut self, change: impl FnOnce(&mut ArrayD<f32>)) -> Vec<f32> {
        let inside = self.array.len();
        change(&mut self.array);
        let result = flat(&self.array);
        let (memory, _) = self.array.into_raw_vec_and_offset();
        let gaps = memory.iter().filter(|x| **x == GAP as f32).count();
        assert_eq!(gaps + inside, memory.len(), "a number outside of the array was written");
        result
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn elementwise([x, y, dy] in layouts(), f in 0..4_usize, seed in any::<u64>()) {
        let f = ["relu", "gelu", "leaky_relu(slope=0.2)", "swish"][f].parse::<AnyActivation>().unwrap();
        let (numbers_x, numbers_dy) = (numbers(seed, &x.shape), numbers(!seed, &x.shape));
        let gap = GAP as f32;
        let (array_x, array_dy) = (x.of(numbers_x.clone(), gap), dy.of(numbers_dy.clone(), gap));
        let same_dy = x.of(numbers_dy.clone(), gap);

        let mut expected = vec![0.0; numbers_x.len()];
        f.forward_slice(&numbers_x, &mut expected);
        let found = array_x.activated(&f);
        check_bits(&x, &found, &x.shape, &expected);
        if array_x.as_slice_memory_order().is_some() && !array_x.is_empty() {
            let strides = |x: &ArrayD<f32>| {
                x.strides().iter().zip(x.shape()).filter(|(_, len)| **len > 1).map(|(stride, _)| *stride).collect::<Vec<_>>()
            };
            prop_assert_eq!(strides(&found), strides(&array_x));
        }
        if let Ok(x) = array_x.view().into_dimensionality::<Ix2>() {
            check_bits(&x, &x.activated(&f), x.shape(), &expected);
        }
        if let Ok(x) = array_x.view().into_dimensionality::<Ix3>() {
            check_bits(&x, &x.activated(&f), x.shape(), &expected);
        }
        prop_assert_eq!(bits(Framed::new(&x, &numbers_x).change(|x| x.activate_inplace(&f))), bits(expected.clone()));
        let written = Framed::new(&y, &numbers_dy).change(|y| array_x.activate_into(&f, y));
        prop_assert_eq!(bits(written), bits(expected.clone()));

        f.derivative_slice(&numbers_x, &mut expected);
        check_bits(&x, &array_x.derivative(&f), &x.shape, &expected);

        f.backward_slice(&numbers_x, &numbers_dy, &mut expected);
        for array_dy in [&array_dy, &same_dy] {
            check_bits(&[&x, &dy], &array_dy.backward(&f, &array_x), &x.shape, &expected);
        }
        let sent_back = Framed::new(&dy, &numbers_dy).change(|dy| dy.backward_inplace(&f, &array_x));
        prop_assert_eq!(bits(sent_back), bits(expected));
    }

    #[test]
    fn of_rows([x, dy, other] in layouts(), f in 0..5_usize, axis in 0..4_usize, seed in any::<u64>()) {
        let axis = axis % x.shape.len().max(1);
        if x.shape.is_empty() {
            return Ok(());
        }
        let f = AnyRowActivation::all().nth(f).unwrap();
        let gap = GAP as f32;
        let (array_x, array_dy) = (x.of(numbers(seed, &x.shape), gap), dy.of(numbers(!seed, &x.shape), gap));
        let (row_x, row_dy, along) = (rows(&array_x, axis), rows(&array_dy, axis), Rows::contiguous(x.shape[axis]));

        let mut expected = vec![0.0; row_x.len()];
        f.forward(&row_x, along, &mut expected);
        let y = array_x.activated_axis(Axis(axis), &f);
        prop_assert_eq!(y.shape(), array_x.shape());
        prop_assert_eq!(bits(rows(&y, axis)), bits(expected.clone()));
        if let Ok(x) = array_x.view().into_dimensionality::<Ix2>() {
            prop_assert_eq!(x.activated_axis(Axis(axis), &f).into_dyn(), &y);
        }
        let in_place = Framed::new(&x, &flat(&array_x)).change(|x| x.activate_axis_inplace(Axis(axis), &f));
        prop_assert_eq!(bits(in_place), bits(flat(&y)));

        let mut sent_back = vec![0.0; row_x.len()];
        f.backward(&row_x, &row_dy, along, &mut sent_back);
        prop_assert_eq!(bits(rows(&array_dy.backward_axis(Axis(axis), &f, &array_x), axis)), bits(sent_back.clone()));

        f.backward_from_output(&expected, &row_dy, along, &mut sent_back);
        for y in [y.clone(), other.of(flat(&y), gap)] {
            let found = array_dy.backward_axis_from_output(Axis(axis), &f, &y);
            prop_assert_eq!(bits(rows(&found, axis)), bits(sent_back.clone()));
        }

        let y = array_x.log_sum_exp(Axis(axis));
        let mut expected = vec![0.0; y.len()];
        LogSumExp.forward(&row_x, along, &mut expected);
        prop_assert_eq!(bits(flat(&y)), bits(expected));
    }

    #[test]
    fn losses([p, t, _] in layouts(), loss in 0..3_usize, seed in any::<u64>()) {
        let loss = ["mse", "huber(delta=2)", "log_cosh"][loss].parse::<AnyLoss>().unwrap();
        let (numbers_p, numbers_t) = (numbers(seed, &p.shape), numbers(!seed, &p.shape));
        let gap = GAP as f32;
        let (array_p, array_t) = (p.of(numbers_p.clone(), gap), t.of(numbers_t.clone(), gap));
        let weights: Vec<f64> = (0..numbers_p.len()).map(|i| (i % 5) as f64).collect();
        let weighted = loss.weighted(&weights);
        for loss in [&loss as &dyn Loss<f32>, &weighted] {
            let mut expected = vec![0.0; numbers_p.len()];
            loss.forward_slice(&numbers_p, &numbers_t, &mut expected);
            check_bits(&p, &array_p.losses(loss, &array_t), &p.shape, &expected);

            loss.gradient(&numbers_p, &numbers_t, 0.3, &mut expected);
            check_bits(&p, &array_p.loss_gradient(loss, &array_t, 0.3), &p.shape, &expected);

            let total = loss.total_with_gradient(&numbers_p, &numbers_t, &mut expected);
            let (found, gradient) = array_p.total_loss_with_gradient(loss, &array_t);
            check_bits(&p, &gradient, &p.shape, &expected);
            let (mean, gradient) = array_p.mean_loss_with_gradient(loss, &array_t);
            check_bits(&p, &gradient, &p.shape, &expected);
            for found in [found, array_p.total_loss(loss, &array_t)] {
                prop_assert_eq!((found.sum.to_bits(), found.weight), (total.sum.to_bits(), total.weight));
            }
            for mean in [mean, array_p.mean_loss(loss, &array_t)] {
                prop_assert_eq!(mean.to_bits(), total.mean().to_bits());
            }
        }
    }

    #[test]
    fn losses_of_rows([p, t, _] in layouts(), axis in 0..4_usize, reversed in any::<bool>(), seed in any::<u64>()) {
        let axis = axis % p.shape.len().max(1);
        if p.shape.is_empty() || p.shape[axis] == 0 {
            return Ok(());
        }
        let gap = GAP as f32;
        let array_p = p.of(numbers(seed, &p.shape), gap);
        let array_t = t.of(numbers(!seed, &p.shape).iter().map(|x| x.abs()), gap);
        let (classes, row_p, row_t) = (p.shape[axis], rows(&array_p, axis), rows(&array_t, axis));
        let along = Rows::contiguous(classes);
        let count = row_p.len() / classes;
        let labels: Vec<i64> = (0..count).map(|i| (i * 7 % (classes + 1)) as i64 - 1).collect();
        let shape: Vec<_> = (0..p.shape.len()).filter(|i| *i != axis).map(|i| p.shape[i]).collect();
        let mut array_labels = ArrayD::from_shape_vec(shape.clone(), labels.clone()).unwrap();
        if reversed && !shape.is_empty() {
            // The same labels, last in memory first.
            array_labels.invert_axis(Axis(0));
            array_labels = ArrayD::from_shape_vec(shape.clone(), flat(&array_labels)).unwrap();
            array_labels.invert_axis(Axis(0));
        }
        let weights: Vec<f64> = (0..count).map(|i| (i % 3) as f64 + 0.5).collect();
        let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
        let weighted = loss.weighted(&weights);
        for loss in [&loss as &dyn RowLoss<f32>, &weighted] {
            let check = |target: Targets<'_, f32>, found: (ArrayD<f32>, Total, ArrayD<f32>, f64)| {
                let (losses, total, gradient, mean) = found;
                let (mut expected, mut expected_gradient) = (vec![0.0; count], vec![0.0; row_p.len()]);
                loss.forward(&row_p, target, along, &mut expected).unwrap();
                let expected_total = loss.total_with_gradient(&row_p, target, along, &mut expected_gradient).unwrap();
                check_bits(&p, &losses, &shape, &expected);
                assert_eq!(bits(rows(&gradient, axis)), bits(expected_gradient));
                assert_eq!((total.sum.to_bits(), total.weight), (expected_total.sum.to_bits(), expected_total.weight));
                assert_eq!(mean.to_bits(), expected_total.mean().to_bits());
            };
            macro_rules! found {
                ($p:expr, $target:expr) => {{
                    let (p, target, axis) = ($p, $target, Axis(axis));
                    let losses = p.losses_axis(axis, loss, target).unwrap().into_dyn();
                    let (total, gradient) = p.total_loss_axis_with_gradient(axis, loss, target).unwrap();
                    let mean = p.mean_loss_axis(axis, loss, target).unwrap();
                    (losses, total, gradient.into_dyn(), mean)
                }};
            }
            check(Targets::labels(&labels), found!(&array_p, &array_labels));
            check(Targets::Probabilities(&row_t), found!(&array_p, &array_t));
            if let Ok(p) = array_p.view().into_dimensionality::<Ix2>() {
                check(Targets::labels(&labels), found!(&p, &array_labels.view().into_dimensionality().unwrap()));
                check(Targets::Probabilities(&row_t), found!(&p, &array_t.view().into_dimensionality::<Ix2>().unwrap()));
            }
        }
        // A reference without a size to dereference from.
        let target: &ArrayRef<i64, IxDyn> = &array_labels;
        prop_assert!(array_p.mean_loss_axis(Axis(axis), &loss, target).is_ok());
    }
}
