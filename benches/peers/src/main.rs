//! The functions of this crate beside those of others, in one run.
//!
//! `taskset -c 1 cargo run --release --manifest-path benches/peers/Cargo.toml [TEXT ...]`: the rows whose titles have all
//! the texts.
//!
//! Each number is nanoseconds per element, and in brackets how many times that of the fastest other crate or loop: minima
//! of repeats in which all take turns, so that noise meets all. Before a row is timed, its results are compared: a peer
//! that computes another function is an error. `std` is the formula over the standard library's functions. Ours and `std`
//! write to a slice that is given; burn (its backend Flex), candle and rten return memory of their own, as their callers
//! get it. `python.py` prints the same rows for PyTorch and ONNX Runtime.

use std::hint::black_box;
use std::mem::MaybeUninit;
use std::time::Instant;

use burn::tensor::{self as burn_tensor, TensorData, activation as burn_activation};
use candle_core::{Device, Tensor, Var, WithDType};
use half::{bf16, f16};
use rten_simd::{SimdOp, SimdUnaryOp};
use rten_vecmath::ExtendInit;
use slopes::Element;
use slopes::activation::{
    Activation, Elu, Exp, Gelu, GeluTanh, HardSwish, LogSoftmax, Mish, Relu, RowActivation, Rows, Sigmoid, Softmax,
    Softplus, Swish, Tanh,
};
use slopes::loss::{BinaryCrossEntropyWithLogits, Loss, Mse, RowLoss, SoftmaxCrossEntropy, Targets};

type Result<T> = candle_core::Result<T>;

/// A peer: its name, and its work. It leaves its results in the vector if they are `wanted`; else it may drop them.
type Peer<'a, T> = (&'static str, Box<dyn FnMut(&mut Vec<T>, bool) -> Result<()> + 'a>);

/// Computes the rows that are asked for.
struct Table {
    texts: Vec<String>,
}

impl Table {
    /// Prints a row: ours is the first of the peers. `tolerance` is the largest difference of two results, relative to the
    /// larger of 1 and the magnitude of ours.
    fn row<T: Element>(&self, title: &str, len: usize, tolerance: f64, mut peers: Vec<Peer<'_, T>>) -> Result<()> {
        if !self.texts.iter().all(|text| title.contains(text)) {
            return Ok(());
        }
        let mut results = vec![vec![T::zero(); len]; peers.len()];
        for ((_, work), result) in peers.iter_mut().zip(&mut results) {
            work(result, true)?;
        }
        for ((name, _), result) in peers.iter().zip(&results) {
            for (ours, theirs) in results[0].iter().zip(result) {
                let (ours, theirs) = (ours.into_f64(), theirs.into_f64());
                let near = (ours - theirs).abs() <= tolerance * ours.abs().max(1.0);
                assert!(near, "{title}: {ours} of slopes, {theirs} of {name}");
            }
        }
        let (calls, repeats) = ((4096 / len).clamp(1, 200), if len > 1 << 20 { 5 } else { 100 });
        let mut least = vec![f64::INFINITY; peers.len()];
        for _ in 0..repeats {
            for (((_, work), result), least) in peers.iter_mut().zip(&mut results).zip(&mut least) {
                let start = Instant::now();
                for _ in 0..calls {
                    work(black_box(result), false)?;
                }
                *least = least.min(start.elapsed().as_nanos() as f64 / (calls * len) as f64);
            }
        }
        let fastest = least[1..].iter().copied().fold(f64::INFINITY, f64::min);
        print!("{title:44}");
        for ((name, _), time) in peers.iter().zip(least) {
            print!("  {name} {time:8.3} ({:5.2})", time / fastest);
        }
        println!();
        Ok(())
    }
}

/// Results of f32 functions between -6 and 6: a few units in the last place of each.
const F32: f64 = 4e-6;

/// Results that were rounded to a half type: a unit in the last place of bf16, which has 8 bits.
const HALF: f64 = 1.0 / 128.0;

/// Inputs in [-6, 6), from a multiplicative sequence.
fn inputs(len: usize) -> Vec<f32> {
    (0..len).map(|i| (i.wrapping_mul(0x9e37_79b9) % 4096) as f32 * (12.0 / 4096.0) - 6.0).collect()
}

/// A tensor of candle, as a peer.
fn candle<'a, T: WithDType>(f: impl Fn() -> Result<Tensor> + 'a) -> Peer<'a, T> {
    let work = move |result: &mut Vec<T>, wanted: bool| {
        let y = black_box(f()?);
        if wanted {
            *result = y.flatten_all()?.to_vec1()?;
        }
        Ok(())
    };
    ("candle", Box::new(work))
}

/// A tensor of burn of D dimensions.
type Burn<const D: usize> = burn_tensor::Tensor<D>;

fn burn_tensor<const D: usize>(x: &[f32], shape: [usize; D]) -> Burn<D> {
    Burn::from_data(TensorData::new(x.to_vec(), shape), &Default::default())
}

/// A function of burn, as a peer.
fn burn<'a, const D: usize>(f: impl Fn(Burn<D>) -> Burn<D> + 'a, x: &Burn<D>) -> Peer<'a, f32> {
    let x = x.clone();
    let work = move |result: &mut Vec<f32>, wanted: bool| {
        let y = black_box(f(x.clone()));
        if wanted {
            *result = y.into_data().try_to_vec().expect("f32");
        }
        Ok(())
    };
    ("burn", Box::new(work))
}

/// What writes to the slice that is given, as a peer.
fn writing<'a, T>(name: &'static str, f: impl Fn(&mut [T]) + 'a) -> Peer<'a, T> {
    (name, Box::new(move |result: &mut Vec<T>, _| Ok(f(result))))
}

/// What writes all of a place, and returns it.
type Unary = for<'a> fn(&[f32], &'a mut [MaybeUninit<f32>]) -> &'a [f32];

/// An activation of rten, as a peer.
fn rten(f: Unary, x: &[f32]) -> Peer<'_, f32> {
    let work = move |result: &mut Vec<f32>, _| {
        result.clear();
        result.extend_init(|y| f(x, &mut y[..x.len()]));
        Ok(())
    };
    ("rten", Box::new(work))
}

/// An activation, and what others have for it.
struct Function<'a> {
    ours: &'a dyn Activation<f32>,
    std: fn(f32) -> f32,
    /// The derivative, over the standard library.
    derivative: fn(f32) -> f32,
    rten: Option<Unary>,
    candle: Option<fn(&Tensor) -> Result<Tensor>>,
    burn: Option<fn(Burn<1>) -> Burn<1>>,
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// erf, as `std` has none: libm's.
fn normal(x: f32) -> f32 {
    0.5 * (1.0 + libm::erff(x * core::f32::consts::FRAC_1_SQRT_2))
}

fn gelu_tanh_argument(x: f32) -> f32 {
    0.797_884_6 * (x + 0.044_715 * x * x * x)
}

fn gelu_tanh(x: f32) -> f32 {
    0.5 * x * (1.0 + gelu_tanh_argument(x).tanh())
}

fn functions() -> Vec<Function<'static>> {
    const SOFTPLUS: &Softplus = &Softplus::DEFAULT;
    vec![
        Function {
            ours: &Relu,
            std: |x| x.max(0.0),
            derivative: |x| if x > 0.0 { 1.0 } else { 0.0 },
            rten: None,
            candle: Some(|x| x.relu()),
            burn: Some(burn_activation::relu),
        },
        Function {
            ours: &Exp,
            std: f32::exp,
            derivative: f32::exp,
            rten: Some(|x, y| rten_vecmath::Exp {}.map(x, y)),
            candle: Some(|x| x.exp()),
            burn: Some(Burn::exp),
        },
        Function {
            ours: &Sigmoid,
            std: sigmoid,
            derivative: |x| sigmoid(x) * sigmoid(-x),
            rten: Some(|x, y| rten_vecmath::Sigmoid {}.map(x, y)),
            candle: Some(candle_nn::ops::sigmoid),
            burn: Some(burn_activation::sigmoid),
        },
        Function {
            ours: &Tanh,
            std: f32::tanh,
            derivative: |x| 1.0 - x.tanh().powi(2),
            rten: Some(|x, y| rten_vecmath::Tanh {}.map(x, y)),
            candle: Some(|x| x.tanh()),
            burn: Some(burn_activation::tanh),
        },
        Function {
            ours: &Swish::SILU,
            std: |x| x * sigmoid(x),
            derivative: |x| sigmoid(x) * (1.0 + x * sigmoid(-x)),
            rten: Some(|x, y| rten_vecmath::Silu {}.map(x, y)),
            candle: Some(|x| x.silu()),
            burn: Some(burn_activation::silu),
        },
        Function {
            ours: &Gelu,
            std: |x| x * normal(x),
            derivative: |x| normal(x) + x * 0.398_942_3 * (-0.5 * x * x).exp(),
            rten: Some(|x, y| rten_vecmath::Gelu {}.map(x, y)),
            candle: Some(|x| x.gelu_erf()),
            burn: Some(burn_activation::gelu),
        },
        Function {
            ours: &GeluTanh,
            std: gelu_tanh,
            derivative: |x| {
                let tanh = gelu_tanh_argument(x).tanh();
                let rate = 0.797_884_6 * (1.0 + 3.0 * 0.044_715 * x * x);
                0.5 * (1.0 + tanh) + 0.5 * x * (1.0 - tanh * tanh) * rate
            },
            rten: None,
            candle: Some(|x| x.gelu()),
            burn: Some(burn_activation::gelu_approximate),
        },
        Function {
            ours: SOFTPLUS,
            std: |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
            derivative: sigmoid,
            rten: None,
            candle: None,
            burn: Some(|x| burn_activation::softplus(x, 1.0)),
        },
        Function {
            ours: &Mish,
            std: |x| x * (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh(),
            derivative: |x| {
                let tanh = (x.max(0.0) + (-x.abs()).exp().ln_1p()).tanh();
                tanh + x * (1.0 - tanh * tanh) * sigmoid(x)
            },
            rten: None,
            candle: Some(|x| candle_nn::ops::mish(x)),
            burn: Some(burn_activation::mish),
        },
        Function {
            ours: &Elu::DEFAULT,
            std: |x| if x > 0.0 { x } else { x.exp_m1() },
            derivative: |x| if x > 0.0 { 1.0 } else { x.exp() },
            rten: Some(|x, y| rten_vecmath::Elu { alpha: 1.0 }.map(x, y)),
            candle: Some(|x| x.elu(1.0)),
            burn: Some(|x| burn_activation::elu(x, 1.0)),
        },
        Function {
            ours: &HardSwish,
            std: |x| x * (x + 3.0).clamp(0.0, 6.0) / 6.0,
            derivative: |x| {
                if x <= -3.0 {
                    0.0
                } else if x >= 3.0 {
                    1.0
                } else {
                    (2.0 * x + 3.0) / 6.0
                }
            },
            rten: None,
            candle: None,
            burn: Some(burn_activation::hard_swish),
        },
    ]
}

impl Function<'_> {
    fn rows(&self, table: &Table, len: usize) -> Result<()> {
        let (name, x) = (self.ours.spec().name(), inputs(len));
        let (tensor, std) = (&Tensor::from_slice(&x, len, &Device::Cpu)?, self.std);
        let mut peers = vec![
            writing("slopes", |y| self.ours.forward_slice(&x, y)),
            writing("std", |y| y.iter_mut().zip(&x).for_each(|(y, x)| *y = std(*x))),
        ];
        peers.extend(self.rten.map(|f| rten(f, &x)));
        peers.extend(self.candle.map(|f| candle(move || f(tensor))));
        peers.extend(self.burn.map(|f| burn(f, &burn_tensor(&x, [len]))));
        table.row(&format!("{name} forward, {len} f32"), len, F32, peers)?;

        let (dy, derivative) = (vec![1.5_f32; len], self.derivative);
        let var = &Var::from_slice(&x, len, &Device::Cpu)?;
        let upstream = &Tensor::from_slice(&dy, len, &Device::Cpu)?;
        let mut peers = vec![
            writing("slopes", |dx| self.ours.backward_slice(&x, &dy, dx)),
            writing("std", |dx| {
                dx.iter_mut().zip(x.iter().zip(&dy)).for_each(|(dx, (x, dy))| *dx = dy * derivative(*x));
            }),
        ];
        // Forward and backward: candle's backward pass needs the graph.
        peers.extend(self.candle.map(|f| candle(move || gradient(&(f(var)? * upstream)?, var))));
        table.row(&format!("{name} backward, {len} f32"), len, 4.0 * F32, peers)
    }

    fn halves<T: Element + WithDType>(&self, ours: &dyn Activation<T>, table: &Table, len: usize) -> Result<()> {
        let x: Vec<T> = inputs(len).into_iter().map(|x| <T as Element>::from_f64_rounded(x.into())).collect();
        let (tensor, std) = (&Tensor::from_slice(&x, len, &Device::Cpu)?, self.std);
        let mut peers = vec![
            writing("slopes", |y| ours.forward_slice(&x, y)),
            writing("std", |y: &mut [T]| {
                for (y, x) in y.iter_mut().zip(&x) {
                    *y = <T as Element>::from_f64_rounded(std(x.into_f64() as f32).into());
                }
            }),
        ];
        peers.extend(self.candle.map(|f| candle(move || f(tensor))));
        table.row(&format!("{} forward, {len} {:?}", self.ours.spec().name(), T::DTYPE), len, HALF, peers)
    }
}

/// The gradient of the sum of y in x.
fn gradient(y: &Tensor, x: &Var) -> Result<Tensor> {
    let gradients = y.sum_all()?.backward()?;
    gradients.get(x).cloned().ok_or_else(|| candle_core::Error::Msg("no gradient".into()))
}

/// The softmax of a row over the standard library.
fn softmax(x: &[f32], y: &mut [f32]) {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for (y, x) in y.iter_mut().zip(x) {
        *y = (x - largest).exp();
        sum += *y;
    }
    y.iter_mut().for_each(|y| *y /= sum);
}

fn log_softmax(x: &[f32], y: &mut [f32]) {
    let largest = x.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let sum: f32 = x.iter().map(|x| (x - largest).exp()).sum();
    let rest = largest + sum.ln();
    y.iter_mut().zip(x).for_each(|(y, x)| *y = x - rest);
}

/// Functions of rows of `len` numbers.
fn rows(table: &Table, len: usize) -> Result<()> {
    let (count, layout) = ((1 << 15) / len, Rows::contiguous(len));
    let (total, x) = (count * len, inputs(count * len));
    let tensor = Tensor::from_slice(&x, (count, len), &Device::Cpu)?;
    let matrix = burn_tensor(&x, [count, len]);
    let of_rows = |f: fn(&[f32], &mut [f32]), y: &mut [f32]| {
        y.chunks_mut(len).zip(x.chunks(len)).for_each(|(y, x)| f(x, y));
    };
    let theirs = |f: for<'a> fn(&[f32], &'a mut [MaybeUninit<f32>]) -> &'a mut [f32]| -> Peer<'_, f32> {
        let x = &x;
        let work = move |result: &mut Vec<f32>, _| {
            result.clear();
            for x in x.chunks(len) {
                result.extend_init(|y| f(x, &mut y[..len]));
            }
            Ok(())
        };
        ("rten", Box::new(work))
    };
    table.row(
        &format!("softmax forward, rows of {len}"),
        total,
        F32,
        vec![
            writing("slopes", |y| Softmax::DEFAULT.forward(&x, layout, y)),
            writing("std", |y| of_rows(softmax, y)),
            theirs(|x, y| rten_vecmath::Softmax::new(x, y).dispatch()),
            candle(|| candle_nn::ops::softmax_last_dim(&tensor)),
            burn(|x| burn_activation::softmax(x, 1), &matrix),
        ],
    )?;
    table.row(
        &format!("log_softmax forward, rows of {len}"),
        total,
        F32,
        vec![
            writing("slopes", |y| LogSoftmax::DEFAULT.forward(&x, layout, y)),
            writing("std", |y| of_rows(log_softmax, y)),
            theirs(|x, y| rten_vecmath::LogSoftmax::new(x, y).dispatch()),
            candle(|| candle_nn::ops::log_softmax(&tensor, 1)),
            burn(|x| burn_activation::log_softmax(x, 1), &matrix),
        ],
    )?;
    let mut s = vec![0.0_f32; total];
    Softmax::DEFAULT.forward(&x, layout, &mut s);
    let dy: Vec<f32> = (0..total).map(|i| (i % 7) as f32 - 3.0).collect();
    table.row(
        &format!("softmax backward from its output, rows of {len}"),
        total,
        F32,
        vec![
            writing("slopes", |dx| Softmax::DEFAULT.backward_from_output(&s, &dy, layout, dx)),
            writing("std", |dx: &mut [f32]| {
                for ((dx, s), dy) in dx.chunks_mut(len).zip(s.chunks(len)).zip(dy.chunks(len)) {
                    let mean: f32 = s.iter().zip(dy).map(|(s, dy)| s * dy).sum();
                    dx.iter_mut().zip(s.iter().zip(dy)).for_each(|(dx, (s, dy))| *dx = s * (dy - mean));
                }
            }),
        ],
    )?;

    let labels: Vec<u32> = (0..count).map(|i| (i * 7 % len) as u32).collect();
    let var = Var::from_slice(&x, (count, len), &Device::Cpu)?;
    let classes = Tensor::from_slice(&labels, count, &Device::Cpu)?;
    let loss = SoftmaxCrossEntropy::default();
    table.row(
        &format!("cross-entropy with gradient, rows of {len}"),
        total,
        F32,
        vec![
            writing("slopes", |dz| {
                let loss = loss.sum_with_gradient(&x, Targets::labels(&labels), layout, 1.0, dz);
                _ = black_box(loss.expect("labels in range"));
            }),
            writing("std", |dz: &mut [f32]| {
                let mut sum = 0.0;
                for ((dz, z), label) in dz.chunks_mut(len).zip(x.chunks(len)).zip(&labels) {
                    softmax(z, dz);
                    sum -= dz[*label as usize].ln();
                    dz[*label as usize] -= 1.0;
                }
                black_box(sum);
            }),
            candle(|| {
                let mean = candle_nn::loss::cross_entropy(&var, &classes)?;
                gradient(&(mean * count as f64)?, &var)
            }),
        ],
    )
}

/// Losses of pairs, with their gradients.
fn losses(table: &Table, len: usize) -> Result<()> {
    let x = inputs(len);
    let y: Vec<f32> = x.iter().rev().map(|x| sigmoid(*x)).collect();
    let var = Var::from_slice(&x, len, &Device::Cpu)?;
    let target = Tensor::from_slice(&y, len, &Device::Cpu)?;
    let std = |out: &mut [f32], f: fn(f32, f32) -> [f32; 2]| {
        let mut sum = 0.0_f32;
        for (out, (x, y)) in out.iter_mut().zip(x.iter().zip(&y)) {
            let [loss, derivative] = f(*x, *y);
            sum += loss;
            *out = derivative;
        }
        black_box(sum);
    };
    let ours = |loss: &dyn Loss<f32>, out: &mut [f32]| _ = black_box(loss.sum_with_gradient(&x, &y, 1.0, out));
    table.row(
        &format!("mse with gradient, {len} f32"),
        len,
        F32,
        vec![
            writing("slopes", |out| ours(&Mse, out)),
            writing("std", |out| std(out, |x, y| [(x - y) * (x - y), 2.0 * (x - y)])),
            candle(|| gradient(&(candle_nn::loss::mse(&var, &target)? * len as f64)?, &var)),
        ],
    )?;
    table.row(
        &format!("bce with logits with gradient, {len} f32"),
        len,
        F32,
        vec![
            writing("slopes", |out| ours(&BinaryCrossEntropyWithLogits::DEFAULT, out)),
            writing("std", |out| {
                std(out, |x, y| [x.max(0.0) - x * y + (-x.abs()).exp().ln_1p(), sigmoid(x) - y]);
            }),
            candle(|| {
                let mean = candle_nn::loss::binary_cross_entropy_with_logit(&var, &target)?;
                gradient(&(mean * len as f64)?, &var)
            }),
        ],
    )
}

fn main() -> Result<()> {
    let table = Table { texts: std::env::args().skip(1).collect() };
    let functions = functions();
    for len in [1, 16, 1024, 1 << 15, 1 << 24] {
        for function in &functions {
            function.rows(&table, len)?;
        }
    }
    for name in ["relu", "sigmoid", "gelu"] {
        let function = functions.iter().find(|f| f.ours.spec().name() == name).expect("a function of the table");
        let f = slopes::activation::by_name::<f16>(name).expect("a name");
        function.halves::<f16>(f, &table, 1 << 15)?;
        let f = slopes::activation::by_name::<bf16>(name).expect("a name");
        function.halves::<bf16>(f, &table, 1 << 15)?;
    }
    for len in [2, 10, 32, 1000] {
        rows(&table, len)?;
    }
    for len in [1, 16, 1024, 1 << 15, 1 << 24] {
        losses(&table, len)?;
    }
    Ok(())
}
