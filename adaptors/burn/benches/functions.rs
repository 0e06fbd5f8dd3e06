//! Times of burn's functions and of ours on tensors of 10^6 f32 on Flex, forward and with the backward pass: nanoseconds for
//! each number, the least of many repeats in which both take turns.

use std::hint::black_box;
use std::time::Instant;

use burn::nn::loss::CrossEntropyLossConfig;
use burn::tensor::{Device, Distribution, Int, Tensor, activation as of_burn};
use slopes_burn::slopes::activation::{AnyActivation, Gelu, SwiGlu};
use slopes_burn::{activate, cross_entropy, gated_packed, log_softmax, softmax};

const NUMBERS: usize = 1_000_000;
const REPEATS: usize = 60;

/// The least time of each function, in nanoseconds for each number.
fn times<T>(mut functions: [&mut dyn FnMut() -> T; 2]) -> [f64; 2] {
    let mut least = [f64::INFINITY; 2];
    for _ in 0..REPEATS {
        for (f, least) in functions.iter_mut().zip(&mut least) {
            let start = Instant::now();
            let y = f();
            *least = least.min(start.elapsed().as_nanos() as f64 / NUMBERS as f64);
            drop(black_box(y));
        }
    }
    least
}

type OnTensor<'a, const D: usize> = &'a dyn Fn(Tensor<2>) -> Tensor<D>;

fn report<const D: usize>(name: &str, x: &Tensor<2>, functions: [OnTensor<'_, D>; 2]) {
    let plain = x.clone().inner();
    let [burn, slopes] = functions;
    let [forward, forward_of_slopes] =
        times([&mut || burn(black_box(plain.clone())), &mut || slopes(black_box(plain.clone()))]);
    let gradient = |f: OnTensor<'_, D>| x.grad(&f(x.clone()).sum().backward());
    let [backward, backward_of_slopes] = times([&mut || gradient(burn), &mut || gradient(slopes)]);
    println!(
        "{name:<14} {forward:>7.2} {forward_of_slopes:>7.2} {:>6.1} x    {backward:>7.2} {backward_of_slopes:>7.2} {:>6.1} x",
        forward / forward_of_slopes,
        backward / backward_of_slopes
    );
}

fn main() {
    let device = Device::flex().autodiff();
    device.seed(1);
    let x = Tensor::<2>::random([1000, 1000], Distribution::Normal(0.0, 2.0), &device).require_grad();
    println!(
        "{:<14} {:>7} {:>7} {:>8}    {:>7} {:>7}   with the backward pass",
        "ns a number", "burn", "slopes", "", "burn", "slopes"
    );
    let elementwise: [(&str, OnTensor<'_, 2>); 6] = [
        ("gelu", &of_burn::gelu),
        ("gelu_tanh", &of_burn::gelu_approximate),
        ("silu", &of_burn::silu),
        ("tanh", &of_burn::tanh),
        ("sigmoid", &of_burn::sigmoid),
        ("relu", &of_burn::relu),
    ];
    for (name, of_burn) in elementwise {
        let f: AnyActivation = name.parse().expect("a name of slopes");
        report(name, &x, [of_burn, &|x| activate(x, f)]);
    }
    report("softmax", &x, [&|x| of_burn::softmax(x, 1), &|x| softmax(x, 1)]);
    report("log_softmax", &x, [&|x| of_burn::log_softmax(x, 1), &|x| log_softmax(x, 1)]);
    report("softmax, dim 0", &x, [&|x| of_burn::softmax(x, 0), &|x| softmax(x, 0)]);
    let swiglu: OnTensor<'_, 2> = &|x| of_burn::silu(x.clone().narrow(1, 0, 500)) * x.narrow(1, 500, 500);
    report("swiglu", &x, [swiglu, &|x| gated_packed(x, SwiGlu::default())]);
    let labels = |x: &Tensor<2>| Tensor::<1, Int>::arange(0..1000, &x.device());
    let loss = CrossEntropyLossConfig::new().init(&device);
    report("cross_entropy", &x, [&|x| loss.forward(x.clone(), labels(&x)), &|x| cross_entropy(x.clone(), labels(&x))]);
    report("gelu, x.t()", &x, [&|x| of_burn::gelu(x.transpose()), &|x| activate(x.transpose(), Gelu)]);
}
