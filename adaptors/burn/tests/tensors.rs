//! Tensors of every dtype and layout have the bits of slopes' slices, forward and backward; burn's own functions, on Flex and
//! on another backend, are within their error; memory that nobody else has is overwritten; what does not fit panics.

use std::panic::catch_unwind;

use burn::backend::Flex;
use burn::tensor::{DType, Device, Int, Tensor, TensorData, bf16, f16};
use slopes::activation::{
    Activation, AnyActivation, AnyGatedUnit, AnyRowActivation, GatedUnit, Gelu, GluLayout, LogSoftmax, Relu,
    RowActivation, Softmax, SwiGlu,
};
use slopes::loss::{AnyRowLoss, RowLoss, SoftmaxCrossEntropy, Targets};
use slopes::{Element, Rows};
use slopes_burn::{
    Activate, activate, activate_along, cross_entropy, gated, gated_packed, log_softmax, mean_loss, softmax,
};

const SHAPE: [usize; 3] = [3, 4, 6];

trait Float: Element + burn::tensor::Element {}
impl<T: Element + burn::tensor::Element> Float for T {}

fn device() -> Device {
    Device::flex().autodiff()
}

fn tensor<T: Float, const D: usize>(numbers: Vec<T>, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(numbers, shape), (&device(), <T as burn::tensor::Element>::dtype()))
}

/// Numbers from -8 to 8 that f16 and bf16 hold: multiples of 1/8 of at most 7 bits.
fn sample<T: Float>(seed: usize) -> Tensor<3> {
    let number = |i: usize| T::from_f64_rounded(((i * 37 + seed * 11) % 129) as f64 / 8.0 - 8.0);
    tensor((0..72).map(number).collect(), SHAPE)
}

/// The numbers of a tensor in logical order.
fn numbers<T: burn::tensor::Element, const D: usize>(x: &Tensor<D>) -> Vec<T> {
    x.to_data().try_to_vec().unwrap()
}

/// A tensor without a history, contiguous in memory.
fn fresh<const D: usize>(x: Tensor<D>) -> Tensor<D> {
    let dtype = x.dtype();
    Tensor::from_data(x.into_data(), (&device(), dtype))
}

type View = fn(Tensor<3>) -> Tensor<3>;

/// The same numbers as views of variables: transposed in memory, flipped, a part of a larger tensor.
fn layouts(x: &Tensor<3>) -> Vec<(Tensor<3>, View)> {
    fn middle(x: Tensor<3>, dim: usize) -> Tensor<3> {
        let third = x.dims()[dim] / 3;
        x.narrow(dim, third, third)
    }
    let turned: [View; 5] =
        [|x| x, |x| x.swap_dims(0, 2), |x| x.swap_dims(1, 2), |x| x.swap_dims(0, 1), |x| x.flip([0, 2])];
    let parts: [View; 3] = [|x| middle(x, 0), |x| middle(x, 1), |x| middle(x, 2)];
    let turned = turned.into_iter().map(|view| (fresh(view(x.clone())).require_grad(), view));
    let larger = |dim: usize| fresh(Tensor::cat(vec![x.clone(), x.clone(), x.clone()], dim)).require_grad();
    turned.chain(parts.into_iter().enumerate().map(|(dim, view)| (larger(dim), view))).collect()
}

/// Asserts that the numbers are the same, NaN included: those of f16 and bf16 as f64, which is exact.
#[track_caller]
fn assert_same<T: Float, const D: usize>(x: &Tensor<D>, expected: &[T], what: &str) {
    assert_eq!(x.dtype(), <T as burn::tensor::Element>::dtype(), "{what}");
    let bits = |x: &T| x.into_f64().to_bits();
    let (x, expected): (Vec<u64>, Vec<u64>) =
        (numbers::<T, D>(x).iter().map(bits).collect(), expected.iter().map(bits).collect());
    assert_eq!(x, expected, "{what}");
}

macro_rules! for_each_dtype {
    ($check:ident) => {
        $check::<f32>();
        $check::<f64>();
        $check::<f16>();
        $check::<bf16>();
    };
}

/// The gradients of sum(dy y) in some variables: dy reaches the functions as it is.
fn gradients<const D: usize, const E: usize, const N: usize>(
    y: Tensor<D>,
    dy: &Tensor<D>,
    variables: [&Tensor<E>; N],
) -> [Tensor<E>; N] {
    let gradients = (y * dy.clone()).sum().backward();
    variables.map(|x| x.grad(&gradients).unwrap())
}

#[test]
fn elementwise() {
    fn check<T: Float>() {
        let (x, dy) = (sample::<T>(0), sample::<T>(1));
        for f in AnyActivation::all() {
            let (x_numbers, dy_numbers) = (numbers::<T, 3>(&x), numbers::<T, 3>(&dy));
            let (mut y, mut dx) = (x_numbers.clone(), x_numbers.clone());
            f.forward_slice(&x_numbers, &mut y);
            f.backward_slice(&x_numbers, &dy_numbers, &mut dx);
            for (x, view) in layouts(&x) {
                let made = activate(view(x.clone()), f);
                assert_same::<T, 3>(&made, &y, f.spec().name());
                assert_same::<T, 3>(&view(gradients(made, &dy, [&x])[0].clone()), &dx, f.spec().name());
            }
        }
    }
    for_each_dtype!(check);
}

/// A sum's gradient is broadcast, and so is an input here, whose gradient is a sum.
#[test]
fn broadcast() {
    let row = tensor(vec![-1.0_f32, 0.5, 2.0], [1, 3]).require_grad();
    let y = activate(row.clone().expand([4, 3]), Gelu);
    let expected: Vec<f32> = [-1.0_f32, 0.5, 2.0].map(|x| Gelu.forward(x)).repeat(4);
    assert_eq!(numbers::<f32, 2>(&y), expected);
    let expected = [-1.0_f32, 0.5, 2.0].map(|x| 4.0 * Gelu.derivative(x));
    assert_eq!(numbers::<f32, 2>(&row.grad(&y.sum().backward()).unwrap()), expected);
}

#[test]
fn along_dimensions() {
    fn check<T: Float>() {
        let (x, dy) = (sample::<T>(0), sample::<T>(1));
        let (x_numbers, dy_numbers) = (numbers::<T, 3>(&x), numbers::<T, 3>(&dy));
        for f in AnyRowActivation::all() {
            for dim in 0..3 {
                let rows = Rows::along(&SHAPE, dim);
                let (mut y, mut dx) = (x_numbers.clone(), x_numbers.clone());
                f.forward(&x_numbers, rows, &mut y);
                if size_of::<T>() == 2 {
                    f.backward(&x_numbers, &dy_numbers, rows, &mut dx);
                } else {
                    f.backward_from_output(&y, &dy_numbers, rows, &mut dx);
                }
                for (x, view) in layouts(&x) {
                    let made = activate_along(view(x.clone()), dim, f);
                    assert_same::<T, 3>(&made, &y, f.spec().name());
                    assert_same::<T, 3>(&view(gradients(made, &dy, [&x])[0].clone()), &dx, f.spec().name());
                }
            }
        }
    }
    for_each_dtype!(check);
}

#[test]
fn gated_units() {
    fn check<T: Float>() {
        let (gate, up, dy) = (sample::<T>(0), sample::<T>(1), sample::<T>(2));
        let [gates, ups, dys] = [&gate, &up, &dy].map(numbers::<T, 3>);
        let packed = fresh(Tensor::cat(vec![gate.clone(), up.clone()], 2));
        for unit in AnyGatedUnit::all() {
            let name = unit.spec().name();
            let (mut y, mut d_gate, mut d_up) = (gates.clone(), gates.clone(), gates.clone());
            unit.forward_slice(&gates, &ups, &mut y);
            unit.backward_slice(&gates, &ups, &dys, &mut d_gate, &mut d_up);
            for ((gate, of_gate), (up, of_up)) in layouts(&gate).into_iter().zip(layouts(&up).into_iter().rev()) {
                let made = gated(of_gate(gate.clone()), of_up(up.clone()), unit);
                assert_same::<T, 3>(&made, &y, name);
                let [in_gate, in_up] = gradients(made, &dy, [&gate, &up]);
                assert_same::<T, 3>(&of_gate(in_gate), &d_gate, name);
                assert_same::<T, 3>(&of_up(in_up), &d_up, name);
            }
            let mut dx = numbers::<T, 3>(&packed);
            unit.backward_packed(&numbers::<T, 3>(&packed), GluLayout::GateFirst { row: 12 }, &dys, &mut dx);
            for (x, view) in layouts(&packed) {
                let made = gated_packed(view(x.clone()), unit);
                assert_same::<T, 3>(&made, &y, name);
                assert_same::<T, 3>(&view(gradients(made, &dy, [&x])[0].clone()), &dx, name);
            }
        }
    }
    for_each_dtype!(check);
}

#[test]
fn losses() {
    fn check<T: Float>() {
        // Probabilities, so that every loss is finite.
        let prediction = fresh(softmax(sample::<T>(0), 1));
        let probabilities = fresh(softmax(sample::<T>(1), 1));
        let (rows, x) = (Rows::along(&SHAPE, 1), numbers::<T, 3>(&prediction));
        let labels: Vec<i64> = (0..18).map(|row| row % 4).collect();
        let transposed = {
            let transposed = (0..18).map(|i| labels[i % 3 * 6 + i / 3]).collect();
            Tensor::<2, Int>::from_data(TensorData::new::<i64, _>(transposed, [6, 3]), &device()).transpose()
        };
        let dtypes = [DType::U8, DType::U16, DType::U32, DType::U64, DType::I8, DType::I16, DType::I32, DType::I64];
        let numbers_of_y = numbers::<T, 3>(&probabilities);
        for loss in AnyRowLoss::all() {
            let name = loss.spec().name();
            let expected = |target| {
                let (mean, mut gradient) = (loss.mean(&x, target, rows).unwrap(), x.clone());
                let scale = 3.0 / RowLoss::<T>::total_weight(&loss, target, rows).unwrap();
                loss.gradient(&x, target, rows, scale, &mut gradient).unwrap();
                (T::from_f64_rounded(mean), gradient)
            };
            let of_labels = expected(Targets::labels(&labels));
            for ((x, view), dtype) in layouts(&prediction).into_iter().zip(dtypes) {
                let made = mean_loss(view(x.clone()), transposed.clone().cast(dtype), 1, loss);
                assert_same::<T, 1>(&made, &[of_labels.0], name);
                let gradient = x.grad(&(made * 3.0).backward()).unwrap();
                assert_same::<T, 3>(&view(gradient), &of_labels.1, name);
            }
            if ["multi_margin", "categorical_hinge"].contains(&name) {
                continue;
            }
            let of_probabilities = expected(Targets::Probabilities(&numbers_of_y));
            for ((x, view), (y, of_y)) in
                layouts(&prediction).into_iter().zip(layouts(&probabilities).into_iter().rev())
            {
                let made = mean_loss(view(x.clone()), of_y(y.clone()), 1, loss);
                assert_same::<T, 1>(&made, &[of_probabilities.0], name);
                let gradients = (made * 3.0).backward();
                assert_same::<T, 3>(&view(x.grad(&gradients).unwrap()), &of_probabilities.1, name);
                assert!(y.grad(&gradients).is_none(), "{name}");
            }
        }
    }
    for_each_dtype!(check);
}

/// The address of a tensor's memory, on Flex without autodiff.
fn address<const D: usize>(x: &Tensor<D>) -> *const u8 {
    x.clone().try_into_primitive::<Flex>().unwrap().bytes().as_ptr()
}

#[test]
fn memory_that_nobody_else_has_is_overwritten() {
    type OfTensor = fn(Tensor<3>) -> Tensor<3>;
    let x = || sample::<f32>(0).inner();
    let same = |a: &Tensor<3>, b: &Tensor<3>| assert_eq!(numbers::<f32, 3>(a), numbers::<f32, 3>(b));
    let gate: OfTensor = |x| gated(x, sample::<f32>(1).inner(), SwiGlu::default());
    let functions: [OfTensor; 3] = [|x| activate(x, Gelu), |x| softmax(x, 1), gate];
    // All of the memory, and for functions of any shape a part of it, or all in another order.
    let views: [(OfTensor, usize); 3] = [(|x| x, 3), (|x| x.narrow(0, 1, 2), 2), (|x| x.swap_dims(0, 2), 1)];
    for (view, count) in views {
        for f in &functions[..count] {
            let kept = view(x());
            let expected = f(kept.clone());
            same(&kept, &view(x()));
            assert_ne!(address(&expected), address(&kept));

            let given = view(x());
            let before = address(&given);
            let y = f(given);
            assert_eq!(address(&y), before);
            same(&y, &expected);
        }
    }
    // A graph that reads x in its backward pass has its memory.
    let (x, dy) = (sample::<f32>(0).require_grad(), sample::<f32>(1));
    let y = activate(x.clone() * 1.0, Relu);
    let expected: Vec<f32> = numbers(&(dy.clone() * x.clone().greater_elem(0.0).float()));
    assert_eq!(numbers::<f32, 3>(&gradients(y, &dy, [&x])[0]), expected);
}

/// With checkpointing, outputs are computed again in the backward pass: the bits are the same.
#[test]
fn checkpointing() {
    let run = |device: Device| {
        let [x, w] = [0, 1].map(|seed| Tensor::<3>::from_data(sample::<f32>(seed).into_data(), &device).require_grad());
        let hidden = activate(activate(x.clone() * w.clone(), Gelu), Relu);
        let hidden = gated(hidden.clone().tanh(), hidden, SwiGlu::default());
        let y = softmax(activate(hidden, Gelu), 2) * w.clone();
        let gradients = y.sum().backward();
        [&x, &w].map(|x| numbers::<f32, 3>(&x.grad(&gradients).unwrap()))
    };
    assert_eq!(run(device().gradient_checkpointing()), run(device()));
}

/// Tensors without a graph are constants among those with one.
#[test]
fn constants() {
    let (gate, up, dy) = (sample::<f32>(0).require_grad(), sample::<f32>(1).require_grad(), sample::<f32>(2));
    let [d_gate, d_up] = gradients(gated(gate.clone(), up.clone(), SwiGlu::default()), &dy, [&gate, &up]);
    let y = gated(gate.clone(), up.clone().inner(), SwiGlu::default());
    assert_eq!(numbers::<f32, 3>(&gradients(y, &dy, [&gate])[0]), numbers::<f32, 3>(&d_gate));
    let y = gated(gate.inner(), up.clone(), SwiGlu::default());
    assert_eq!(numbers::<f32, 3>(&gradients(y, &dy, [&up])[0]), numbers::<f32, 3>(&d_up));
    assert!(!activate(sample::<f32>(0), Gelu).is_tracked());
}

#[test]
fn ranks() {
    let x: Vec<f32> = numbers(&sample::<f32>(0));
    let mut y = x.clone();
    Softmax::new().forward(&x, Rows::contiguous(6), &mut y);
    assert_eq!(
        numbers::<f32, 1>(&activate(tensor(x.clone(), [72]), Relu)),
        x.iter().map(|x| x.max(0.0)).collect::<Vec<_>>()
    );
    assert_eq!(numbers::<f32, 5>(&softmax(tensor(x.clone(), [1, 3, 2, 2, 6]), -1)), y);
    assert_eq!(numbers::<f32, 6>(&softmax(tensor(x.clone(), [3, 2, 2, 6, 1, 1]), 3)), y);
    assert_eq!(numbers::<f32, 1>(&softmax(tensor(x[..6].to_vec(), [6]), 0)), y[..6]);
}

#[test]
fn empty() {
    let empty = tensor::<f32, 2>(Vec::new(), [2, 0]).require_grad();
    assert_eq!(activate(empty.clone(), Gelu).dims(), [2, 0]);
    assert_eq!(softmax(empty.clone(), 0).dims(), [2, 0]);
    assert_eq!(softmax(empty.clone(), 1).dims(), [2, 0]);
    assert_eq!(gated_packed(empty.clone(), SwiGlu::default()).dims(), [2, 0]);
    let y = gated(empty.clone(), empty.clone(), SwiGlu::default());
    assert_eq!(empty.grad(&y.sum().backward()).unwrap().dims(), [2, 0]);
    let none = Tensor::<1, Int>::from_data(TensorData::new(Vec::<i64>::new(), [0]), &device());
    assert!(cross_entropy(tensor::<f32, 2>(Vec::new(), [0, 2]), none).into_scalar::<f32>().is_nan());
}

#[test]
fn rows_that_a_mask_hides_are_zero() {
    let x = tensor(vec![f32::NEG_INFINITY, f32::NEG_INFINITY, 0.0, f32::NEG_INFINITY], [2, 2]);
    assert_eq!(numbers::<f32, 2>(&softmax(x, 1)), [0.0, 0.0, 1.0, 0.0]);
}

/// p = exp(-10) / 1024 is less than a unit of f16, and 1024 times as much is 760 units: within 1/1000 if it is rounded once.
#[test]
fn a_scaled_loss_keeps_small_gradients_of_f16() {
    let logits = tensor([0.0, -10.0].map(f16::from_f32).repeat(1024), [1024, 2]).require_grad();
    let loss = cross_entropy(logits.clone(), Tensor::<1, Int>::zeros([1024], &device())) * 1024.0;
    let gradient: Vec<f16> = numbers(&logits.grad(&loss.backward()).unwrap());
    let p = (-10.0_f64).exp() / (1.0 + (-10.0_f64).exp());
    assert!((gradient[1].to_f64() / p - 1.0).abs() < 1e-3);
}

#[test]
fn means_of_nothing_have_no_gradient() {
    let logits = tensor(vec![1.0_f32, 2.0], [1, 2]).require_grad();
    let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
    let mean = mean_loss(logits.clone(), Tensor::<1, Int>::from_data([-1], &device()), 1, loss);
    let gradient = logits.grad(&mean.backward()).unwrap();
    assert!(mean.into_scalar::<f32>().is_nan());
    assert_eq!(numbers::<f32, 2>(&gradient), [0.0; 2]);
}

/// 2^17 numbers and more are computed on several threads, with the bits of one.
#[test]
fn many_numbers() {
    let n = (1 << 17) + 3;
    let x: Vec<f32> = (0..n).map(|i| (i % 4001) as f32 / 500.0 - 4.0).collect();
    let (made, mut y) = (tensor(x.clone(), [n, 1]), x.clone());
    Gelu.forward_slice(&x, &mut y);
    assert_same::<f32, 2>(&activate(made.clone(), Gelu), &y, "gelu");
    LogSoftmax::new().forward(&x, Rows::contiguous(n), &mut y);
    assert_same::<f32, 2>(&log_softmax(made, 0), &y, "log_softmax");
}

/// The message of the panic of a function.
fn message<T>(f: impl FnOnce() -> T + std::panic::UnwindSafe) -> String {
    let panic = catch_unwind(f).err().expect("a panic");
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap()
}

#[test]
fn panics() {
    let x = || sample::<f32>(0);
    let labels = |n: i64| Tensor::<2, Int>::full([3, 4], n, &device());
    assert!(message(|| softmax(x(), 3)).contains('3'));
    let unit = SwiGlu::default();
    let shapes = message(|| gated(x(), x().narrow(0, 0, 2), unit));
    assert_eq!(shapes, "swiglu: shapes differ: [3, 4, 6] and [2, 4, 6]");
    assert_eq!(message(|| gated(x(), sample::<f64>(0), unit)), "swiglu: dtypes differ: F32 and F64");
    let odd = message(|| gated_packed(x().narrow(2, 0, 5), unit));
    assert_eq!(odd, "swiglu: the last dimension of [3, 4, 5] is not even");

    assert!(catch_unwind(|| cross_entropy(x(), labels(5))).is_ok());
    let out_of_range = message(|| cross_entropy(x(), labels(6)));
    assert_eq!(out_of_range, "softmax_cross_entropy: label 6 of row 0 is out of range for 6 classes");
    let transposed = message(|| cross_entropy(x(), labels(0).transpose()));
    assert!(transposed.starts_with("softmax_cross_entropy: shapes of the target differ"), "{transposed}");
    assert!(message(|| cross_entropy(x(), sample::<f64>(0))).contains("dtypes differ"));
    assert!(message(|| cross_entropy(x(), x().narrow(0, 0, 2))).contains("shapes of the target differ"));
    assert!(message(|| cross_entropy(x(), labels(0).greater_elem(0))).contains("the target is Bool"));
    let hinge: AnyRowLoss = "multi_margin".parse().unwrap();
    assert!(message(|| mean_loss(x(), x(), 2, hinge)).contains("the target is F32, not labels"));
    let weighted = SoftmaxCrossEntropy::new().with_class_weights(&[1.0, 2.0]).unwrap();
    let weights = message(|| mean_loss(x(), labels(0), 2, weighted));
    assert_eq!(weights, "softmax_cross_entropy: 2 class weights for 6 classes");
    let none = message(|| cross_entropy(tensor::<f32, 2>(Vec::new(), [2, 0]), Tensor::<1, Int>::zeros([2], &device())));
    assert_eq!(none, "softmax_cross_entropy: labels of 0 classes");
    assert!("gelo".parse::<Activate>().err().unwrap().to_string().contains("gelu"));
}
