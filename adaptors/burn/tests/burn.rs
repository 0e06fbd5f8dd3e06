//! Values and gradients against burn's own functions.

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{DType, Device, Int, Tensor, TensorData, activation as of_burn};
use slopes::activation::SwiGlu;
use slopes_burn::{Activate, cross_entropy, gated_packed, log_softmax, softmax};

const SHAPE: [usize; 3] = [3, 4, 6];
const DTYPES: [(DType, f64); 2] = [(DType::F32, f32::EPSILON as f64), (DType::F64, f64::EPSILON)];

fn flex() -> Device {
    Device::flex().autodiff()
}

/// Numbers from -8 to 8 in steps of 1/8, and 1/64 more: not at 0 and 3, where relu and hard sigmoid have kinks.
fn sample(seed: usize, device: &Device, dtype: DType) -> Tensor<3> {
    let number = |i: usize| ((i * 37 + seed * 11) % 129) as f64 / 8.0 - 8.0 + 0.015625;
    let data = TensorData::new((0..72).map(number).collect::<Vec<f64>>(), SHAPE).convert_dtype(dtype);
    Tensor::from_data(data, (device, dtype)).require_grad()
}

/// The largest |a - b|, as f64; an error if one is NaN.
fn difference<const D: usize>(a: &Tensor<D>, b: &Tensor<D>) -> f64 {
    let [a, b] = [a, b].map(|x| x.to_data_dtype(DType::F64).try_to_vec::<f64>().unwrap());
    assert_eq!(a.len(), b.len());
    a.iter().zip(&b).map(|(a, b)| (a - b).abs()).fold(0.0, |most, x| if x <= most { most } else { x })
}

/// The gradients of sum(dy y).
fn gradient<const D: usize>(y: Tensor<D>, dy: &Tensor<D>, x: &Tensor<3>) -> Tensor<3> {
    x.grad(&(y * dy.clone()).sum().backward()).unwrap()
}

/// burn's own functions and gradients, in f32 and f64. The tolerance is relative to what burn adds up: it computes gelu as
/// x (1 + erf) / 2, and its gradient as a sum of terms of up to 8, with errors of some units in the last place of those;
/// ours are smaller. With |x| <= 8, products of up to 64 in the gradients, and 8 roundings: 512 units.
#[test]
fn elementwise_of_burn() {
    type OfBurn = fn(Tensor<3>) -> Tensor<3>;
    let functions: [(&str, OfBurn); 12] = [
        ("gelu", of_burn::gelu),
        ("gelu_new", of_burn::gelu_approximate),
        ("silu", of_burn::silu),
        ("tanh", of_burn::tanh),
        ("sigmoid", of_burn::sigmoid),
        ("log_sigmoid", of_burn::log_sigmoid),
        ("relu", of_burn::relu),
        ("mish", of_burn::mish),
        ("softplus(beta=2)", |x| of_burn::softplus(x, 2.0)),
        // With a slope that f32 holds: burn rounds it to f32 in F64 too.
        ("hard_sigmoid(low=-4, high=4)", |x| of_burn::hard_sigmoid(x, 0.125, 0.5)),
        ("elu(alpha=0.5)", |x| of_burn::elu(x, 0.5)),
        ("leaky_relu(slope=0.25)", |x| of_burn::leaky_relu(x, 0.25)),
    ];
    for (dtype, epsilon) in DTYPES {
        let (x, dy) = (sample(0, &flex(), dtype), sample(1, &flex(), dtype).detach());
        for (text, of_burn) in functions {
            let f: Activate = text.parse().unwrap();
            let (ours, burns) = (f.forward(x.clone()), of_burn(x.clone()));
            let error = difference(&ours, &burns);
            assert!(error <= 64.0 * epsilon, "{text}: values differ by {error}");
            let error = difference(&gradient(ours, &dy, &x), &gradient(burns, &dy, &x));
            assert!(error <= 512.0 * epsilon, "{text}: gradients differ by {error}");
        }
    }
}

/// Rows of up to 6 numbers up to 8: burn's sums of 6 exponentials, a logarithm, and gradients that are sums of products of up
/// to 8; each rounding is at most 8 half units, and there are fewer than 32.
#[test]
fn softmax_swiglu_and_cross_entropy_of_burn() {
    for (dtype, epsilon) in DTYPES {
        let tolerance = 128.0 * epsilon;
        let (x, dy) = (sample(0, &flex(), dtype), sample(1, &flex(), dtype).detach());
        fn check<const D: usize>(
            tolerance: f64,
            x: &Tensor<3>,
            [ours, burns]: [Tensor<D>; 2],
            dy: &Tensor<D>,
            what: &str,
        ) {
            let error = difference(&ours, &burns);
            assert!(error <= tolerance, "{what}: values differ by {error}");
            let error = difference(&gradient(ours, dy, x), &gradient(burns, dy, x));
            assert!(error <= 8.0 * tolerance, "{what}: gradients differ by {error}");
        }
        for dim in 0..3 {
            let pair = [softmax(x.clone(), dim), of_burn::softmax(x.clone(), dim)];
            check(tolerance, &x, pair, &dy, "softmax");
            let pair = [log_softmax(x.clone(), dim), of_burn::log_softmax(x.clone(), dim)];
            check(tolerance, &x, pair, &dy, "log_softmax");
        }
        let [gate, up] = [0, 3].map(|start| x.clone().narrow(2, start, 3));
        let pair = [gated_packed(x.clone(), SwiGlu::default()), of_burn::silu(gate) * up];
        check(tolerance, &x, pair, &dy.clone().narrow(2, 0, 3).detach(), "swiglu");

        let flat = || x.clone().reshape([12, 6]);
        let labels = Tensor::<1, Int>::arange(0..12, &flex()) % 6;
        let of_burn = CrossEntropyLossConfig::new().init(&flex());
        let pair = [cross_entropy(flat(), labels.clone()), of_burn.forward(flat(), labels)];
        let two = Tensor::from_data(TensorData::new(vec![2.0_f64], [1]), (&flex(), dtype));
        check(tolerance, &x, pair, &two, "cross-entropy");
    }
}
