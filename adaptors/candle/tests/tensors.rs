//! Tensors of every dtype and layout have the bits of slopes' slices, forward, backward and in place; candle's own functions
//! are within their error; what does not fit is an error.

use candle_core::{D, DType, Device, Error, IndexOp, Result, Tensor, Var, WithDType};
use half::{bf16, f16};
use slopes::activation::GatedUnit;
use slopes::activation::{
    Activation, AnyActivation, AnyGatedUnit, AnyRowActivation, Gelu, GluLayout, LogSoftmax, Relu, RowActivation,
    Softmax, SwiGlu,
};
use slopes::loss::{AnyRowLoss, RowLoss, SoftmaxCrossEntropy, Targets};
use slopes::{Element, Rows};
use slopes_candle::{
    Activate, activate, activate_along, activate_along_inplace, activate_inplace, cross_entropy, gated, gated_packed,
    log_softmax, mean_loss, softmax,
};

const SHAPE: (usize, usize, usize) = (3, 4, 6);
const CPU: &Device = &Device::Cpu;

/// Numbers from -8 to 8 that f16 and bf16 hold: multiples of 1/8 of at most 7 bits.
fn sample<T: Element + WithDType>(seed: usize) -> Tensor {
    let number = |i: usize| T::from_f64_rounded(((i * 37 + seed * 11) % 129) as f64 / 8.0 - 8.0);
    Tensor::from_vec((0..72).map(number).collect(), SHAPE, CPU).unwrap()
}

/// The numbers of a tensor in logical order.
fn numbers<T: WithDType>(x: &Tensor) -> Vec<T> {
    x.flatten_all().unwrap().to_vec1().unwrap()
}

/// The same shape and numbers, in other layouts: transposed in memory, a part of a larger tensor.
fn layouts(x: &Tensor) -> Vec<Tensor> {
    let transposed = |a, b| x.transpose(a, b).unwrap().contiguous().unwrap().transpose(a, b).unwrap();
    let part = |dim| {
        let larger = Tensor::cat(&[x, x, x], dim).unwrap().contiguous().unwrap();
        larger.narrow(dim, x.dim(dim).unwrap(), x.dim(dim).unwrap()).unwrap()
    };
    vec![x.clone(), transposed(0, 2), transposed(1, 2), transposed(0, 1), part(0), part(1), part(2)]
}

/// Asserts that the numbers are the same, NaN included: those of f16 and bf16 as f64, which is exact.
#[track_caller]
fn assert_same<T: Element + WithDType>(x: &Tensor, expected: &[T], what: &str) {
    assert_eq!(x.dtype(), T::DTYPE, "{what}");
    assert!(x.is_contiguous(), "{what}");
    let bits = |x: &T| x.into_f64().to_bits();
    let (x, expected): (Vec<u64>, Vec<u64>) =
        (numbers::<T>(x).iter().map(bits).collect(), expected.iter().map(bits).collect());
    assert_eq!(x, expected, "{what}");
}

/// Asserts that gradients are the same. candle adds them to zeros, which makes -0 to 0, and which flushes subnormal bf16 on
/// machines with AVX-512's conversion of them.
#[track_caller]
fn assert_gradient<T: Element + WithDType>(x: &Tensor, expected: &[T], what: &str) {
    let is_subnormal = |x: T| T::DTYPE == DType::BF16 && x.into_f64().abs() < f64::from(f32::MIN_POSITIVE);
    let added = |x: T| if is_subnormal(x) { T::from_f64_rounded(0.0) } else { x + T::from_f64_rounded(0.0) };
    let [x_added, expected] = [&numbers::<T>(x)[..], expected].map(|x| x.iter().map(|x| added(*x)).collect::<Vec<T>>());
    assert_same(&Tensor::from_vec(x_added, x.shape(), CPU).unwrap(), &expected, what);
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
fn gradients<const N: usize>(y: &Tensor, dy: &Tensor, variables: [&Tensor; N]) -> [Tensor; N] {
    let store = (y * dy).unwrap().sum_all().unwrap().backward().unwrap();
    variables.map(|x| store.get(x).unwrap().contiguous().unwrap())
}

#[test]
fn elementwise() {
    fn check<T: Element + WithDType>() {
        let (x, dy) = (sample::<T>(0), sample::<T>(1));
        for f in AnyActivation::all() {
            let (x_numbers, dy_numbers) = (numbers::<T>(&x), numbers::<T>(&dy));
            let (mut y, mut dx) = (x_numbers.clone(), x_numbers.clone());
            f.forward_slice(&x_numbers, &mut y);
            f.backward_slice(&x_numbers, &dy_numbers, &mut dx);
            for x in layouts(&x) {
                let x = Var::from_tensor(&x).unwrap();
                let made = activate(&x, f).unwrap();
                assert_same::<T>(&made, &y, f.spec().name());
                assert_gradient::<T>(&gradients(&made, &dy, [&x])[0], &dx, f.spec().name());
            }
        }
    }
    for_each_dtype!(check);
}

/// A variable's storage is contiguous: of other layouts, the gradient passes through what made them.
#[test]
fn gradients_through_layouts() {
    let x = Var::from_tensor(&sample::<f32>(0)).unwrap();
    let dy = sample::<f32>(1);
    let of = |f: &dyn Fn(&Tensor) -> Result<Tensor>| {
        let y = f(&x).unwrap();
        let store = y.sum_all().unwrap().backward().unwrap();
        numbers::<f32>(store.get(&x).unwrap())
    };
    let dy_of = |y: &Tensor| dy.transpose(0, 2).unwrap().broadcast_mul(y);
    let expected = of(&|x| dy_of(&activate(&x.transpose(0, 2)?.contiguous()?, Gelu)?));
    assert_eq!(of(&|x| dy_of(&activate(&x.transpose(0, 2)?, Gelu)?)), expected);

    // The gradient of a sum is broadcast; so is an input here, whose gradient is a sum.
    let (row, rows) = (Var::new(&[-1.0_f32, 0.5, 2.0], CPU).unwrap(), (4, 3));
    let y = activate(&row.broadcast_as(rows).unwrap(), Gelu).unwrap();
    let store = y.sum_all().unwrap().backward().unwrap();
    let expected: Vec<f32> = [-1.0_f32, 0.5, 2.0].map(|x| 4.0 * Gelu.derivative(x)).to_vec();
    assert_eq!(store.get(&row).unwrap().to_vec1::<f32>().unwrap(), expected);
    for i in 0..4 {
        let expected = [-1.0_f32, 0.5, 2.0].map(|x| Gelu.forward(x));
        assert_eq!(y.i(i).unwrap().to_vec1::<f32>().unwrap(), expected);
    }
}

#[test]
fn along_dimensions() {
    fn check<T: Element + WithDType>() {
        let (x, dy) = (sample::<T>(0), sample::<T>(1));
        let (x_numbers, dy_numbers) = (numbers::<T>(&x), numbers::<T>(&dy));
        for f in AnyRowActivation::all() {
            for dim in 0..3 {
                let rows = Rows::along(x.dims(), dim);
                let (mut y, mut dx) = (x_numbers.clone(), x_numbers.clone());
                f.forward(&x_numbers, rows, &mut y);
                if T::DTYPE.size_in_bytes() == 2 {
                    f.backward(&x_numbers, &dy_numbers, rows, &mut dx);
                } else {
                    f.backward_from_output(&y, &dy_numbers, rows, &mut dx);
                }
                for x in layouts(&x) {
                    assert_same::<T>(&activate_along(&x, dim, f).unwrap(), &y, f.spec().name());
                    let x = Var::from_tensor(&x).unwrap();
                    let made = activate_along(&x, dim, f).unwrap();
                    assert_gradient::<T>(&gradients(&made, &dy, [&x])[0], &dx, f.spec().name());
                }
            }
        }
    }
    for_each_dtype!(check);
}

#[test]
fn gated_units() {
    fn check<T: Element + WithDType>() {
        let (gate, up, dy) = (sample::<T>(0), sample::<T>(1), sample::<T>(2));
        let [gates, ups, dys] = [&gate, &up, &dy].map(|x| numbers::<T>(x));
        let packed = Tensor::cat(&[&gate, &up], 2).unwrap();
        for unit in AnyGatedUnit::all() {
            let name = unit.spec().name();
            let (mut y, mut d_gate, mut d_up) = (gates.clone(), gates.clone(), gates.clone());
            unit.forward_slice(&gates, &ups, &mut y);
            unit.backward_slice(&gates, &ups, &dys, &mut d_gate, &mut d_up);
            for (gate, up) in layouts(&gate).iter().zip(layouts(&up).iter().rev()) {
                assert_same::<T>(&gated(gate, up, unit).unwrap(), &y, name);
                let (gate, up) = (Var::from_tensor(gate).unwrap(), Var::from_tensor(up).unwrap());
                let [in_gate, in_up] = gradients(&gated(&gate, &up, unit).unwrap(), &dy, [&gate, &up]);
                assert_gradient::<T>(&in_gate, &d_gate, name);
                assert_gradient::<T>(&in_up, &d_up, name);
            }
            let mut dx = numbers::<T>(&packed);
            unit.backward_packed(&numbers::<T>(&packed), GluLayout::GateFirst { row: 12 }, &dys, &mut dx);
            for x in layouts(&packed) {
                assert_same::<T>(&gated_packed(&x, unit).unwrap(), &y, name);
                let x = Var::from_tensor(&x).unwrap();
                assert_gradient::<T>(&gradients(&gated_packed(&x, unit).unwrap(), &dy, [&x])[0], &dx, name);
            }
        }
    }
    for_each_dtype!(check);
}

#[test]
fn losses() {
    fn check<T: Element + WithDType>() {
        // Probabilities, so that every loss is finite.
        let prediction = activate_along(&sample::<T>(0), 1, Softmax::new()).unwrap();
        let probabilities = activate_along(&sample::<T>(1), 1, Softmax::new()).unwrap();
        let labels: Vec<i64> = (0..18).map(|row| row % 4).collect();
        let rows = Rows::along(prediction.dims(), 1);
        let label_dtypes = [DType::U8, DType::U32, DType::I32, DType::I64];
        let labelled: Vec<Tensor> = {
            let labels = Tensor::from_vec(labels.clone(), (3, 6), CPU).unwrap();
            let transposed = labels.t().unwrap().contiguous().unwrap().t().unwrap();
            label_dtypes.iter().map(|dtype| transposed.to_dtype(*dtype).unwrap()).chain([transposed.clone()]).collect()
        };
        let numbers_of_y = numbers::<T>(&probabilities);
        for loss in AnyRowLoss::all() {
            let name = loss.spec().name();
            let takes_probabilities = !["multi_margin", "categorical_hinge"].contains(&name);
            let by_labels = (Targets::labels(&labels), labelled.clone());
            let by_probabilities = (Targets::Probabilities(&numbers_of_y), layouts(&probabilities));
            for (target, tensors) in [by_labels, by_probabilities] {
                let labelled = matches!(target, Targets::Labels(_));
                if !labelled && !takes_probabilities {
                    assert!(mean_loss(&prediction, &tensors[0], 1, loss).is_err(), "{name}");
                    continue;
                }
                let x = numbers::<T>(&prediction);
                let (mean, mut gradient) = (loss.mean(&x, target, rows).unwrap(), x.clone());
                let scale = 3.0 / RowLoss::<T>::total_weight(&loss, target, rows).unwrap();
                loss.gradient(&x, target, rows, scale, &mut gradient).unwrap();
                for (prediction, target) in layouts(&prediction).iter().zip(tensors.iter().cycle()) {
                    let made = mean_loss(prediction, target, 1, loss).unwrap();
                    assert_same::<T>(&made, &[T::from_f64_rounded(mean)], name);
                    let x = Var::from_tensor(prediction).unwrap();
                    let made = (mean_loss(&x, target, 1, loss).unwrap() * 3.0).unwrap();
                    let store = made.backward().unwrap();
                    assert_gradient::<T>(store.get(&x).unwrap(), &gradient, name);
                }
            }
        }
    }
    for_each_dtype!(check);
}

#[test]
fn in_place() {
    fn check<T: Element + WithDType>() {
        let whole = |x: &Tensor| x.copy().unwrap();
        let f: AnyActivation = "leaky_relu(slope=0.25)".parse().unwrap();
        // A view of the tensor, and the same view of what it was.
        let views: [fn(&Tensor) -> Tensor; 5] = [
            |x| x.clone(),
            |x| x.transpose(0, 2).unwrap(),
            |x| x.narrow(1, 1, 2).unwrap(),
            |x| x.narrow(2, 1, 4).unwrap().transpose(0, 1).unwrap(),
            |x| x.i(1).unwrap().t().unwrap(),
        ];
        for view in views {
            let (x, before) = (whole(&sample::<T>(0)), sample::<T>(0));
            activate_inplace(&view(&x), f).unwrap();
            assert_same::<T>(&view(&x).contiguous().unwrap(), &numbers(&activate(&view(&before), f).unwrap()), "view");
            // What is not part of the view is what it was.
            let (sum, sum_before) = (numbers::<T>(&x), numbers::<T>(&before));
            let changed = sum.iter().zip(&sum_before).filter(|(x, before)| x != before).count();
            let negative = numbers::<T>(&view(&before)).iter().filter(|x| x.into_f64() < 0.0).count();
            assert_eq!(changed, negative);

            let x = whole(&before);
            activate_along_inplace(&view(&x), D::Minus1, Softmax::new()).unwrap();
            let expected = softmax(&view(&before), D::Minus1).unwrap();
            assert_same::<T>(&view(&x).contiguous().unwrap(), &numbers(&expected), "softmax");
        }
    }
    for_each_dtype!(check);
}

/// The largest |a - b|.
fn difference(a: &Tensor, b: &Tensor) -> f64 {
    let [a, b] = [a, b].map(|x| numbers::<f64>(&x.to_dtype(DType::F64).unwrap()));
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

/// candle's own functions and gradients, in f32 and f64. The tolerance is relative to what candle adds up: it computes
/// gelu as x (1 + erf) / 2, and its gradient as a sum of terms of up to 8, with errors of some units in the last place of
/// those; ours are smaller. With |x| <= 8, products of up to 64 in the gradients, and 8 roundings: 512 units.
#[test]
fn elementwise_of_candle() {
    type OfCandle = fn(&Tensor) -> Result<Tensor>;
    let functions: [(&str, OfCandle); 11] = [
        ("gelu", Tensor::gelu_erf),
        ("gelu_new", Tensor::gelu),
        ("silu", Tensor::silu),
        ("tanh", Tensor::tanh),
        ("sigmoid", candle_nn::ops::sigmoid),
        ("relu", Tensor::relu),
        ("relu2", |x| x.relu()?.sqr()),
        ("mish", candle_nn::ops::mish),
        ("hard_sigmoid", candle_nn::ops::hard_sigmoid),
        ("elu(alpha=0.5)", |x| x.elu(0.5)),
        ("leaky_relu(slope=0.25)", |x| candle_nn::ops::leaky_relu(x, 0.25)),
    ];
    for (dtype, epsilon) in [(DType::F32, f64::from(f32::EPSILON)), (DType::F64, f64::EPSILON)] {
        // Not at 0 and 3, where relu and hard sigmoid have kinks: candle's derivatives there are its own.
        let x = (sample::<f32>(0).to_dtype(dtype).unwrap() + 0.015625).unwrap();
        let (x, dy) = (Var::from_tensor(&x).unwrap(), sample::<f32>(1).to_dtype(dtype).unwrap());
        for (text, of_candle) in functions {
            // The constants of candle's gradients of gelu have 6 digits, in f64 too: sqrt(2 / pi) is 4.4e-7 off, and so is the
            // argument of tanh, up to 3 times, where the gradient of up to 8 times as much is not constant.
            let constants = if text.starts_with("gelu") { 2e-5 } else { 0.0 };
            let f: Activate = text.parse().unwrap();
            let (ours, candles) = (candle_core::Module::forward(&f, &x).unwrap(), of_candle(&x).unwrap());
            let error = difference(&ours, &candles);
            assert!(error <= 64.0 * epsilon, "{text}: values differ by {error}");
            let ([ours], [candles]) = (gradients(&ours, &dy, [&x]), gradients(&candles, &dy, [&x]));
            let error = difference(&ours, &candles);
            assert!(error <= 512.0 * epsilon + constants, "{text}: gradients differ by {error}");
        }
    }
}

/// Rows of up to 6 numbers up to 8: candle's sums of 6 exponentials, a logarithm, and gradients that are sums of products of
/// up to 8; each rounding is at most 8 half units, and there are fewer than 32.
#[test]
fn softmax_swiglu_and_cross_entropy_of_candle() {
    for (dtype, epsilon) in [(DType::F32, f64::from(f32::EPSILON)), (DType::F64, f64::EPSILON)] {
        let tolerance = 128.0 * epsilon;
        let x = Var::from_tensor(&sample::<f32>(0).to_dtype(dtype).unwrap()).unwrap();
        let dy = sample::<f32>(1).to_dtype(dtype).unwrap();
        let check = |ours: Tensor, candles: Tensor, dy: &Tensor, what: &str| {
            let error = difference(&ours, &candles);
            assert!(error <= tolerance, "{what}: values differ by {error}");
            let ([ours], [candles]) = (gradients(&ours, dy, [&x]), gradients(&candles, dy, [&x]));
            let error = difference(&ours, &candles);
            assert!(error <= 8.0 * tolerance, "{what}: gradients differ by {error}");
        };
        for dim in 0..3 {
            check(softmax(&x, dim).unwrap(), candle_nn::ops::softmax(&x, dim).unwrap(), &dy, "softmax");
            check(log_softmax(&x, dim).unwrap(), candle_nn::ops::log_softmax(&x, dim).unwrap(), &dy, "log_softmax");
        }
        let half = dy.narrow(2, 0, 3).unwrap();
        check(gated_packed(&x, SwiGlu::default()).unwrap(), candle_nn::ops::swiglu(&x).unwrap(), &half, "swiglu");

        let flat = x.reshape((12, 6)).unwrap();
        let labels = Tensor::from_vec((0..12_u32).map(|row| row % 6).collect(), 12, CPU).unwrap();
        let ours = cross_entropy(&flat, &labels).unwrap();
        let candles = candle_nn::loss::cross_entropy(&flat, &labels).unwrap();
        check(ours, candles, &Tensor::new(2.0, CPU).unwrap().to_dtype(dtype).unwrap(), "cross-entropy");
    }
}

#[test]
fn rows_that_a_mask_hides_are_zero() {
    let x = Tensor::new(&[[f32::NEG_INFINITY, f32::NEG_INFINITY], [0.0, f32::NEG_INFINITY]], CPU).unwrap();
    assert_eq!(softmax(&x, 1).unwrap().to_vec2::<f32>().unwrap(), [[0.0, 0.0], [1.0, 0.0]]);
}

/// p = exp(-10) / 1024 is less than a unit of f16, and 1024 times as much is 760 units: within 1/1000 if it is rounded once.
#[test]
fn a_scaled_loss_keeps_small_gradients_of_f16() {
    let logits: Vec<f16> = [0.0, -10.0].map(f16::from_f32).repeat(1024);
    let logits = Var::from_tensor(&Tensor::from_vec(logits, (1024, 2), CPU).unwrap()).unwrap();
    let labels = Tensor::zeros(1024, DType::U32, CPU).unwrap();
    let loss = (cross_entropy(&logits, &labels).unwrap() * 1024.0).unwrap();
    let gradient = numbers::<f16>(loss.backward().unwrap().get(&logits).unwrap());
    let p = (-10.0_f64).exp() / (1.0 + (-10.0_f64).exp());
    assert!((gradient[1].to_f64() / p - 1.0).abs() < 1e-3);
}

#[test]
fn means_of_nothing_have_no_gradient() {
    let logits = Var::new(&[[1.0_f32, 2.0]], CPU).unwrap();
    let loss = SoftmaxCrossEntropy::new().with_ignore_label(-1);
    let mean = mean_loss(&logits, &Tensor::new(&[-1_i64], CPU).unwrap(), 1, loss).unwrap();
    assert!(mean.to_scalar::<f32>().unwrap().is_nan());
    assert_eq!(numbers::<f32>(mean.backward().unwrap().get(&logits).unwrap()), [0.0; 2]);
}

#[test]
fn empty_and_scalar() {
    let empty = Tensor::zeros((2, 0), DType::F32, CPU).unwrap();
    assert_eq!(activate(&empty, Gelu).unwrap().dims(), [2, 0]);
    assert_eq!(softmax(&empty, 0).unwrap().dims(), [2, 0]);
    assert_eq!(softmax(&empty, 1).unwrap().dims(), [2, 0]);
    assert_eq!(gated(&empty, &empty, SwiGlu::default()).unwrap().dims(), [2, 0]);
    assert_eq!(gated_packed(&empty, SwiGlu::default()).unwrap().dims(), [2, 0]);
    // Rows of no classes, which have no labels.
    let labels = Tensor::new(&[-1_i64, -1], CPU).unwrap();
    assert!(mean_loss(&empty, &labels, 1, SoftmaxCrossEntropy::new().with_ignore_label(-1)).is_err());
    let scalar = Tensor::new(-1.0_f64, CPU).unwrap();
    assert_eq!(activate(&scalar, Relu).unwrap().to_scalar::<f64>().unwrap(), 0.0);
    assert!(matches!(root(softmax(&scalar, 0)), Error::DimOutOfRange { .. }));
}

/// The error without its backtrace.
fn root<T>(result: Result<T>) -> Error {
    match result.err().unwrap() {
        Error::WithBacktrace { inner, .. } => *inner,
        error => error,
    }
}

#[test]
fn errors() {
    let (x, long) = (sample::<f32>(0), Tensor::zeros((2, 3), DType::U32, CPU).unwrap());
    let message = |result: Result<Tensor>| root(result).to_string();
    assert_eq!(message(activate(&long, Gelu)), "unsupported dtype U32 for op gelu");
    assert_eq!(message(softmax(&long, 0)), "unsupported dtype U32 for op softmax");
    assert_eq!(message(gated(&long, &long, SwiGlu::default())), "unsupported dtype U32 for op swiglu");
    assert!(matches!(root(softmax(&x, 3)), Error::DimOutOfRange { dim: 3, op: "softmax", .. }));
    assert!(matches!(root(activate_inplace(&long, Gelu)), Error::UnsupportedDTypeForOp(DType::U32, "gelu")));

    let short = x.narrow(0, 0, 2).unwrap();
    assert!(matches!(root(gated(&x, &short, SwiGlu::default())), Error::ShapeMismatchBinaryOp { op: "swiglu", .. }));
    let f64s = sample::<f64>(0);
    assert!(matches!(root(gated(&x, &f64s, SwiGlu::default())), Error::DTypeMismatchBinaryOp { .. }));
    let odd = x.narrow(2, 0, 5).unwrap();
    assert_eq!(message(gated_packed(&odd, SwiGlu::default())), "swiglu: the last dimension of [3, 4, 5] is not even");

    let labels = |n: u32| Tensor::full(n, (3, 4), CPU).unwrap();
    assert!(cross_entropy(&x, &labels(5)).is_ok());
    assert_eq!(message(cross_entropy(&x, &labels(6))), "label 6 of row 0 is out of range for 6 classes");
    let wrong = cross_entropy(&x, &labels(0).t().unwrap());
    assert!(matches!(root(wrong), Error::ShapeMismatchBinaryOp { op: "softmax_cross_entropy", .. }));
    assert!(matches!(root(cross_entropy(&x, &f64s)), Error::DTypeMismatchBinaryOp { .. }));
    assert!(matches!(root(cross_entropy(&x, &short)), Error::ShapeMismatchBinaryOp { .. }));
    assert!(matches!(root(mean_loss(&x, &labels(0), 3, SoftmaxCrossEntropy::new())), Error::DimOutOfRange { .. }));
    let weighted = SoftmaxCrossEntropy::new().with_class_weights(&[1.0, 2.0]).unwrap();
    let message_of_weights = message(mean_loss(&x, &labels(0), 2, weighted));
    assert_eq!(message_of_weights, "softmax_cross_entropy: 2 class weights for 6 classes");

    let broadcast = x.i((0, 0, 0)).unwrap().broadcast_as((2, 2)).unwrap();
    assert!(root(activate_inplace(&broadcast, Gelu)).to_string().contains("zero-stride"));
    let unknown = "gelo".parse::<Activate>().err().unwrap().to_string();
    assert!(unknown.contains("gelu"), "{unknown}");
}

/// 2^17 numbers and more are computed on several threads, with the bits of one.
#[test]
fn many_numbers() {
    let n = (1 << 17) + 3;
    let x: Vec<f32> = (0..n).map(|i| (i % 4001) as f32 / 500.0 - 4.0).collect();
    let (tensor, mut y) = (Tensor::from_slice(&x, (n, 1), CPU).unwrap(), x.clone());
    Gelu.forward_slice(&x, &mut y);
    assert_same::<f32>(&activate(&tensor, Gelu).unwrap(), &y, "gelu");
    LogSoftmax::new().forward(&x, Rows::contiguous(n), &mut y);
    assert_same::<f32>(&log_softmax(&tensor, 0).unwrap(), &y, "log_softmax");
}
