//! Tensors on other backends than Flex: burn's own functions, where burn has the function.

use burn::backend::ops::FloatTensorOps;
use burn::backend::{Dispatch, DispatchTensor, TensorMetadata};
use burn::tensor::{Int, Shape, Tensor, activation as of_burn};
use slopes::activation::{AnyActivation, AnyGatedUnit, AnyRowActivation, Gelu, GeluTanh, Relu, Selu, Sigmoid, Swish};
use slopes::loss::{AnyRowLoss, SoftmaxCrossEntropy};

use crate::ops::{MeanLoss, Unary};

pub(crate) fn unary(x: DispatchTensor, f: Unary) -> DispatchTensor {
    let (mut shape, device) = (x.shape(), x.device());
    let y = match &f {
        Unary::Elementwise(f) => f.text.and_then(|f| elementwise(flat(x), f).map(Tensor::into_dispatch)),
        Unary::Along { f, dim } => {
            let x = reshaped(x, around(&shape, *dim));
            let over = |x: Tensor<3>, temperature: f64| if temperature == 1.0 { x } else { x / temperature };
            match f {
                AnyRowActivation::Softmax(f) => Some(of_burn::softmax(over(x, f.temperature), 1)),
                AnyRowActivation::Softmin(f) => Some(of_burn::softmin(over(x, f.temperature), 1)),
                AnyRowActivation::LogSoftmax(f) => Some(of_burn::log_softmax(over(x, f.temperature), 1)),
                _ => None,
            }
            .map(Tensor::into_dispatch)
        }
        Unary::Packed(f) => {
            let last = shape.num_dims() - 1;
            let half = shape[last] / 2;
            shape[last] = half;
            let x = reshaped(x, [shape.num_elements() / half.max(1), 2, half]);
            let [gate, up] = [0, 1].map(|part| flat(x.clone().narrow(1, part, 1).into_dispatch()));
            unit(gate, up, *f).map(Tensor::into_dispatch)
        }
    };
    made(y, shape, f.name(), &device)
}

pub(crate) fn gated(gate: DispatchTensor, up: DispatchTensor, f: AnyGatedUnit) -> DispatchTensor {
    let (shape, device) = (gate.shape(), gate.device());
    made(unit(flat(gate), flat(up), f).map(Tensor::into_dispatch), shape, f.spec().name(), &device)
}

/// The cross-entropy of labels, without options.
pub(crate) fn mean_loss(prediction: DispatchTensor, target: DispatchTensor, loss: MeanLoss) -> DispatchTensor {
    let device = prediction.device();
    let is_plain = loss.loss == AnyRowLoss::from(SoftmaxCrossEntropy::new()) && !target.dtype().is_float();
    let mean = is_plain.then(|| {
        let [before, classes, after] = around(&prediction.shape(), loss.dim);
        let logits = reshaped(prediction, [before, classes, after]);
        let labels = Tensor::<1, Int>::from_dispatch(target).reshape([before, 1, after]);
        of_burn::log_softmax(logits, 1).gather(1, labels).mean().neg().into_dispatch()
    });
    made(mean, Shape::from([1]), loss.name(), &device)
}

/// The result, or the panic that says what burn lacks.
fn made(
    y: Option<DispatchTensor>,
    shape: Shape,
    op: &str,
    device: &<DispatchTensor as TensorMetadata>::Device,
) -> DispatchTensor {
    match y {
        Some(y) => Dispatch::float_reshape(y, shape),
        None => panic!("{op}: burn has no such function for a tensor on {device:?}; slopes has it on Flex"),
    }
}

fn reshaped<const D: usize>(x: DispatchTensor, shape: [usize; D]) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::float_reshape(x, Shape::from(shape)))
}

fn flat(x: DispatchTensor) -> Tensor<1> {
    let len = x.shape().num_elements();
    reshaped(x, [len])
}

/// The numbers of entries before a dimension, in it and after it.
fn around(shape: &Shape, dim: usize) -> [usize; 3] {
    [shape[..dim].iter().product(), shape[dim], shape[dim + 1..].iter().product()]
}

fn elementwise(x: Tensor<1>, f: AnyActivation) -> Option<Tensor<1>> {
    use AnyActivation as Any;
    Some(match f {
        Any::Identity(_) => x,
        Any::Linear(f) => x * f.slope,
        Any::Relu(_) => of_burn::relu(x),
        Any::LeakyRelu(f) => of_burn::leaky_relu(x, f.slope),
        Any::PRelu(f) => of_burn::leaky_relu(x, f.slope),
        Any::Relu6(_) => of_burn::relu6(x),
        Any::HardTanh(f) => of_burn::hardtanh(x, f.low, f.high),
        Any::HardSigmoid(f) => of_burn::hard_sigmoid(x, 1.0 / (f.high - f.low), -f.low / (f.high - f.low)),
        Any::HardSwish(_) => of_burn::hard_swish(x),
        Any::Sigmoid(_) => of_burn::sigmoid(x),
        Any::LogSigmoid(_) => of_burn::log_sigmoid(x),
        Any::Softsign(_) => of_burn::softsign(x),
        Any::Tanh(_) => of_burn::tanh(x),
        Any::TanhShrink(_) => of_burn::tanhshrink(x),
        Any::Softplus(f) => of_burn::softplus(x, f.beta),
        Any::Swish(Swish { beta: 1.0 }) => of_burn::silu(x),
        Any::Swish(f) => x.clone() * of_burn::sigmoid(x * f.beta),
        Any::QuickGelu(_) => x.clone() * of_burn::sigmoid(x * 1.702),
        Any::Gelu(_) => of_burn::gelu(x),
        Any::GeluTanh(_) => of_burn::gelu_approximate(x),
        Any::Mish(_) => of_burn::mish(x),
        Any::Exp(_) => x.exp(),
        Any::Elu(f) => of_burn::elu(x, f.alpha),
        Any::Celu(f) => of_burn::celu(x, f.alpha),
        Any::Selu(f) if f == Selu::DEFAULT => of_burn::selu(x),
        Any::Relu2(_) => of_burn::relu(x).square(),
        Any::Threshold(f) => of_burn::threshold(x, f.theta, f.value),
        Any::HardShrink(f) => of_burn::hard_shrink(x, f.lambda),
        Any::SoftShrink(f) => of_burn::soft_shrink(x, f.lambda),
        Any::Shrink(f) => of_burn::shrink(x, f.lambda, f.bias),
        Any::Sine(_) => x.sin(),
        _ => return None,
    })
}

fn unit(gate: Tensor<1>, up: Tensor<1>, unit: AnyGatedUnit) -> Option<Tensor<1>> {
    use AnyGatedUnit as Any;
    let gate = match unit {
        Any::Glu(_) => elementwise(gate, Sigmoid.into()),
        Any::SwiGlu(f) => elementwise(gate, Swish { beta: f.beta }.into()),
        Any::GeGlu(_) => elementwise(gate, Gelu.into()),
        Any::GeGluTanh(_) => elementwise(gate, GeluTanh.into()),
        Any::ReGlu(_) => elementwise(gate, Relu.into()),
        Any::Bilinear(_) => Some(gate),
        _ => None,
    };
    gate.map(|gate| gate * up)
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use burn::tensor::{Device, TensorData};

    use super::*;
    use crate::{Activate, ops};

    fn sample(seed: usize) -> Tensor<3> {
        let number = |i: usize| ((i * 37 + seed * 11) % 129) as f32 / 16.0 - 4.0 + 0.015625;
        let data = TensorData::new((0..72).map(number).collect::<Vec<f32>>(), [3, 4, 6]);
        Tensor::from_data(data, &Device::flex().autodiff()).require_grad()
    }

    /// Asserts that a function here agrees with ours, both on Flex, values and gradients; or that it panics with the name
    /// of the function and the device, and then returns false.
    ///
    /// Numbers are up to 4, and exp(4) is 54.6. burn adds up terms of up to 54.6 with errors of some half units in the
    /// last place, and gradients are sums of up to 12 such terms: 512 units of 1.
    fn agrees(
        name: &str,
        ours: impl Fn(DispatchTensor) -> DispatchTensor,
        burns: impl Fn(DispatchTensor) -> DispatchTensor,
    ) -> bool {
        let run = |f: &dyn Fn(DispatchTensor) -> DispatchTensor| {
            let x = sample(0);
            let y = flat(f(x.clone().into_dispatch()));
            let gradient = x.grad(&y.clone().powi_scalar(2).sum().backward()).unwrap();
            [y.into_data(), gradient.into_data()].map(|x| x.try_to_vec::<f32>().unwrap())
        };
        let burns = match catch_unwind(AssertUnwindSafe(|| run(&burns))) {
            Ok(burns) => burns,
            Err(panic) => {
                let message = panic.downcast::<String>().unwrap();
                let start = format!("{name}: burn has no such function for a tensor on ");
                assert!(message.starts_with(&start) && message.contains("Flex"), "{message}");
                return false;
            }
        };
        for (ours, burns) in run(&ours).iter().zip(&burns) {
            assert_eq!(ours.len(), burns.len(), "{name}");
            for (ours, burns) in ours.iter().zip(burns) {
                let error = (ours - burns).abs();
                assert!(error <= 512.0 * f32::EPSILON * burns.abs().max(1.0), "{name}: {ours} and {burns}");
            }
        }
        true
    }

    #[test]
    fn burns_functions_are_ours() {
        let agrees_unary = |f: Unary| agrees(f.name(), |x| ops::unary(x, f.clone()), |x| unary(x, f.clone()));
        let elementwise = AnyActivation::all().filter(|f| agrees_unary(Unary::Elementwise(Activate::new(*f))));
        assert_eq!(elementwise.count(), 30);
        assert!(!agrees_unary(Unary::Elementwise(Activate::own(Gelu))));
        for dim in 0..3 {
            let along = AnyRowActivation::all().filter(|f| agrees_unary(Unary::Along { f: *f, dim }));
            assert_eq!(along.map(|f| f.spec().name()).collect::<Vec<_>>(), ["softmax", "softmin", "log_softmax"]);
        }
        let warm: AnyRowActivation = "softmax(temperature=2.5)".parse().unwrap();
        assert!(agrees_unary(Unary::Along { f: warm, dim: 1 }));

        let up = sample(1).into_dispatch();
        for f in AnyGatedUnit::all() {
            let is_known = f.spec().name() != "clamped_swiglu";
            assert_eq!(agrees_unary(Unary::Packed(f)), is_known);
            let with_up = |g: fn(DispatchTensor, DispatchTensor, AnyGatedUnit) -> DispatchTensor| {
                let up = up.clone();
                move |gate| g(gate, up.clone(), f)
            };
            assert_eq!(agrees(f.spec().name(), with_up(ops::gated), with_up(gated)), is_known);
        }

        let device = Device::flex().autodiff();
        let labels = Tensor::<2, Int>::full([3, 6], 2, &device).into_dispatch();
        let agrees_loss = |target: &DispatchTensor, loss: SoftmaxCrossEntropy<'static>| {
            let loss = MeanLoss { loss: loss.into(), dim: 1 };
            let ours = |x| ops::mean_loss(x, target.clone(), loss);
            agrees(loss.name(), ours, |x| mean_loss(x, target.clone(), loss))
        };
        let plain = SoftmaxCrossEntropy::new();
        assert!(agrees_loss(&labels, plain));
        assert!(!agrees_loss(&labels, plain.with_z_loss(0.5).unwrap()));
        assert!(!agrees_loss(&sample(1).inner().into_dispatch(), plain));
    }
}
