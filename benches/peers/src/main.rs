//! The functions of this crate beside those of others, in one run.
//!
//! `taskset -c 1 cargo run --release --manifest-path benches/peers/Cargo.toml`
//!
//! Nanoseconds per f32, and in brackets how many times that of copying the array: minima of many repeats, in which all take
//! turns, so that noise meets all. rten-vecmath writes to a slice that is given, as this crate does; candle allocates its
//! result, which is a part of what its callers wait for.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Instant;

use candle_core::{Device, Tensor};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::ExtendInit;
use slopes::activation::{Activation, Elu, Exp, Gelu, LogSoftmax, RowActivation, Rows, Sigmoid, Softmax, Swish, Tanh};

const REPEATS: usize = 300;

/// The least nanoseconds of each piece of work, which take turns.
fn least<const N: usize>(mut work: [&mut dyn FnMut(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _ in 0..REPEATS {
        for (work, least) in work.iter_mut().zip(&mut least) {
            let start = Instant::now();
            work();
            *least = least.min(start.elapsed().as_nanos() as f64);
        }
    }
    least
}

/// Inputs in [-6, 6), from a multiplicative sequence.
fn inputs(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0).collect()
}

fn report(title: &str, len: usize, names: [&str; 4], times: [f64; 4]) {
    print!("{title:24}");
    for (name, time) in names.iter().zip(times) {
        print!("  {name} {:.3} ({:.2})", time / len as f64, time / times[0]);
    }
    println!();
}

const NAMES: [&str; 4] = ["copy", "slopes", "rten", "candle"];

/// Rows: softmax and its logarithm.
fn rows(len: usize, count: usize) -> candle_core::Result<()> {
    let (x, total, layout) = (inputs(len * count), len * count, Rows::contiguous(len));
    let tensor = Tensor::from_slice(&x, (count, len), &Device::Cpu)?;
    let [mut copied, mut ours, mut theirs] = [(); 3].map(|()| vec![0.0_f32; total]);
    let times = least([
        &mut || black_box(&mut copied).copy_from_slice(&x),
        &mut || Softmax::DEFAULT.forward(&x, layout, &mut ours),
        &mut || {
            theirs.clear();
            for x in x.chunks(len) {
                theirs.extend_init(|y| rten_vecmath::Softmax::new(x, &mut y[..len]).dispatch());
            }
        },
        &mut || drop(black_box(candle_nn::ops::softmax_last_dim(&tensor))),
    ]);
    report(&format!("softmax, rows of {len}"), total, NAMES, times);
    let times = least([
        &mut || black_box(&mut copied).copy_from_slice(&x),
        &mut || LogSoftmax::DEFAULT.forward(&x, layout, &mut ours),
        &mut || {
            theirs.clear();
            for x in x.chunks(len) {
                theirs.extend_init(|y| rten_vecmath::LogSoftmax::new(x, &mut y[..len]).dispatch());
            }
        },
        &mut || drop(black_box(candle_nn::ops::log_softmax(&tensor, 1))),
    ]);
    report(&format!("log_softmax, rows of {len}"), total, NAMES, times);
    Ok(())
}

/// What writes all of a place, and returns it.
type Unary = for<'a> fn(&[f32], &'a mut [MaybeUninit<f32>]) -> &'a [f32];

/// A function of one number, of 32 768 of them.
fn pointwise(
    f: &dyn Activation<f32>,
    rten: Unary,
    candle: &dyn Fn(&Tensor) -> candle_core::Result<Tensor>,
) -> candle_core::Result<()> {
    let x = inputs(1 << 15);
    let tensor = Tensor::from_slice(&x, x.len(), &Device::Cpu)?;
    let [mut copied, mut ours, mut theirs] = [(); 3].map(|()| vec![0.0_f32; x.len()]);
    let times = least([
        &mut || black_box(&mut copied).copy_from_slice(&x),
        &mut || f.forward_slice(&x, &mut ours),
        &mut || {
            theirs.clear();
            theirs.extend_init(|y| rten(&x, &mut y[..x.len()]));
        },
        &mut || drop(black_box(candle(&tensor))),
    ]);
    report(f.spec().name(), x.len(), NAMES, times);
    Ok(())
}

fn main() -> candle_core::Result<()> {
    pointwise(&Exp, |x, y| rten_vecmath::Exp {}.map(x, y), &|x| x.exp())?;
    pointwise(&Sigmoid, |x, y| rten_vecmath::Sigmoid {}.map(x, y), &candle_nn::ops::sigmoid)?;
    pointwise(&Tanh, |x, y| rten_vecmath::Tanh {}.map(x, y), &|x| x.tanh())?;
    pointwise(&Swish::SILU, |x, y| rten_vecmath::Silu {}.map(x, y), &|x| x.silu())?;
    pointwise(&Elu::DEFAULT, |x, y| rten_vecmath::Elu { alpha: 1.0 }.map(x, y), &|x| x.elu(1.0))?;
    pointwise(&Gelu, |x, y| rten_vecmath::Gelu {}.map(x, y), &|x| x.gelu_erf())?;
    rows(1024, 32)?;
    rows(32, 1024)?;
    rows(1 << 17, 1)
}
