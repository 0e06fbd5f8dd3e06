//! Times of candle's functions and of ours on tensors of 10^6 f32, forward and with the backward pass: nanoseconds for each
//! number, the least of many repeats in which both take turns.

use std::hint::black_box;
use std::time::Instant;

use candle_core::{D, Device, Result, Tensor, Var};
use candle_nn::{loss, ops};
use slopes_candle::slopes::activation::{AnyActivation, SwiGlu};
use slopes_candle::{activate, cross_entropy, gated_packed, log_softmax, softmax};

const NUMBERS: usize = 1_000_000;
const REPEATS: usize = 60;

type OnTensor<'a> = &'a dyn Fn(&Tensor) -> Result<Tensor>;

/// The least time of each function, in nanoseconds for each number.
fn times(x: &Tensor, functions: [OnTensor<'_>; 2]) -> Result<[f64; 2]> {
    let mut least = [f64::INFINITY; 2];
    for _ in 0..REPEATS {
        for (f, least) in functions.iter().zip(&mut least) {
            let start = Instant::now();
            let y = f(black_box(x))?;
            *least = least.min(start.elapsed().as_nanos() as f64 / NUMBERS as f64);
            drop(black_box(y));
        }
    }
    Ok(least)
}

fn report(name: &str, x: &Var, candles: OnTensor<'_>, ours: OnTensor<'_>) -> Result<()> {
    let [candle, slopes] = times(&x.as_detached_tensor(), [candles, ours])?;
    let backward =
        |f: OnTensor<'_>, x: &Tensor| f(x)?.sum_all()?.backward()?.remove(x).map_or_else(|| x.detach().copy(), Ok);
    let (of_candles, of_ours) = (|x: &Tensor| backward(candles, x), |x: &Tensor| backward(ours, x));
    let [candle_backward, slopes_backward] = times(x, [&of_candles, &of_ours])?;
    println!(
        "{name:<14} {candle:>7.2} {slopes:>7.2} {:>6.1} x    {candle_backward:>7.2} {slopes_backward:>7.2} {:>6.1} x",
        candle / slopes,
        candle_backward / slopes_backward
    );
    Ok(())
}

fn main() -> Result<()> {
    let x = Var::randn(0.0_f32, 2.0, (1000, 1000), &Device::Cpu)?;
    let labels = Tensor::from_vec((0..1000_u32).collect(), 1000, &Device::Cpu)?;
    println!(
        "{:<14} {:>7} {:>7} {:>8}    {:>7} {:>7}   with the backward pass",
        "ns a number", "candle", "slopes", "", "candle", "slopes"
    );
    let elementwise: [(&str, OnTensor<'_>); 6] = [
        ("gelu", &Tensor::gelu_erf),
        ("gelu_tanh", &Tensor::gelu),
        ("silu", &Tensor::silu),
        ("tanh", &Tensor::tanh),
        ("sigmoid", &ops::sigmoid),
        ("relu", &Tensor::relu),
    ];
    for (name, candles) in elementwise {
        let f: AnyActivation = name.parse().map_err(candle_core::Error::wrap)?;
        report(name, &x, candles, &|x| activate(x, f))?;
    }
    report("softmax", &x, &|x| ops::softmax(x, D::Minus1), &|x| softmax(x, D::Minus1))?;
    report("log_softmax", &x, &|x| ops::log_softmax(x, D::Minus1), &|x| log_softmax(x, D::Minus1))?;
    report("softmax, dim 0", &x, &|x| ops::softmax(x, 0), &|x| softmax(x, 0))?;
    report("swiglu", &x, &ops::swiglu, &|x| gated_packed(x, SwiGlu::default()))?;
    report("cross_entropy", &x, &|x| loss::cross_entropy(x, &labels), &|x| cross_entropy(x, &labels))?;
    report("gelu, x.t()", &x, &|x| x.t()?.gelu_erf(), &|x| activate(&x.t()?, slopes_candle::slopes::activation::Gelu))
}
