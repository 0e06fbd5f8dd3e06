//! A network of candle learns to read handwritten digits, once with candle's gelu and cross-entropy and once with those of
//! slopes, from the same weights and with the same mini-batches.
//!
//! `cargo run --release --example digits -- [EPOCHS]`: 30 by default. 64 pixels -> 128 hidden units -> 10 logits, AdamW.
//! Prints the mean loss of every epoch, the accuracy on 359 images that were not learnt from, and the times.

#[path = "common/normal.rs"]
mod normal;

use std::error::Error;
use std::time::Instant;

use candle_core::{D, DType, Device, Result, Tensor, Var};
use candle_nn::{AdamW, Optimizer, ParamsAdamW, loss};
use slopes_candle::slopes::activation::Gelu;
use slopes_candle::{activate, cross_entropy};

use normal::Normal;

const CSV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/optdigits.csv");
const PIXELS: usize = 64;
const HIDDEN: usize = 128;
const DIGITS: usize = 10;
const TRAINING: usize = 1438;
const BATCH: usize = 16;

/// Pixels from 0 (paper) to 1 (ink), and what they show.
struct Images {
    pixels: Tensor,
    digits: Tensor,
}

impl Images {
    fn read() -> std::result::Result<Images, Box<dyn Error>> {
        let text = std::fs::read_to_string(CSV).map_err(|error| format!("{CSV}: {error}"))?;
        let (mut pixels, mut digits) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let numbers = line.split(',').map(str::parse::<u32>).collect::<std::result::Result<Vec<_>, _>>()?;
            pixels.extend(numbers[..PIXELS].iter().map(|pixel| *pixel as f32 / 16.0));
            digits.push(numbers[PIXELS]);
        }
        let pixels = Tensor::from_vec(pixels, (digits.len(), PIXELS), &Device::Cpu)?;
        Ok(Images { pixels, digits: Tensor::new(digits, &Device::Cpu)? })
    }
    fn select(&self, indices: &[u32]) -> Result<Images> {
        let indices = Tensor::new(indices, &Device::Cpu)?;
        Ok(Images { pixels: self.pixels.index_select(&indices, 0)?, digits: self.digits.index_select(&indices, 0)? })
    }
}

#[derive(Clone, Copy)]
struct Functions {
    name: &'static str,
    gelu: fn(&Tensor) -> Result<Tensor>,
    cross_entropy: fn(&Tensor, &Tensor) -> Result<Tensor>,
}

struct Network {
    weights: [Var; 4],
}

impl Network {
    fn new(normal: &mut Normal) -> Result<Network> {
        let (first, second) = (normal.tensor(0.15, PIXELS, HIDDEN)?, normal.tensor(0.1, HIDDEN, DIGITS)?);
        let zeros = |n| Var::zeros((1, n), DType::F32, &Device::Cpu);
        Ok(Network { weights: [Var::from_tensor(&first)?, zeros(HIDDEN)?, Var::from_tensor(&second)?, zeros(DIGITS)?] })
    }
    fn logits(&self, pixels: &Tensor, functions: Functions) -> Result<Tensor> {
        let [first, first_bias, second, second_bias] = &self.weights;
        let hidden = (functions.gelu)(&pixels.matmul(first)?.broadcast_add(first_bias)?)?;
        hidden.matmul(second)?.broadcast_add(second_bias)
    }
}

/// Learns, and returns the mean losses of the epochs and the accuracy.
fn learn(images: &Images, epochs: usize, functions: Functions) -> Result<(Vec<f64>, f64)> {
    let mut normal = Normal(1);
    let network = Network::new(&mut normal)?;
    let mut order: Vec<u32> = (0..images.digits.dim(0)? as u32).collect();
    let mut shuffle = |order: &mut [u32]| {
        for i in (1..order.len()).rev() {
            order.swap(i, ((normal.uniform() * (i + 1) as f64) as usize).min(i));
        }
    };
    shuffle(&mut order);
    let (training, test) = order.split_at_mut(TRAINING);
    let test = images.select(test)?;

    let mut optimizer = AdamW::new(network.weights.to_vec(), ParamsAdamW { lr: 2e-3, ..ParamsAdamW::default() })?;
    let mut losses = Vec::new();
    for _ in 0..epochs {
        shuffle(training);
        let mut sum = 0.0;
        for batch in training.chunks(BATCH) {
            let Images { pixels, digits } = images.select(batch)?;
            let loss = (functions.cross_entropy)(&network.logits(&pixels, functions)?, &digits)?;
            optimizer.backward_step(&loss)?;
            sum += f64::from(loss.to_scalar::<f32>()?) * batch.len() as f64;
        }
        losses.push(sum / TRAINING as f64);
    }
    let read = network.logits(&test.pixels, functions)?.argmax(D::Minus1)?;
    let accuracy = read.eq(&test.digits)?.to_dtype(DType::F64)?.mean_all()?.to_scalar()?;
    Ok((losses, accuracy))
}

fn main() -> std::result::Result<(), Box<dyn Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(30), |text| text.parse())?;
    let images = Images::read()?;
    let candles = Functions { name: "candle", gelu: Tensor::gelu_erf, cross_entropy: loss::cross_entropy };
    let ours = Functions { name: "slopes", gelu: |x| activate(x, Gelu), cross_entropy };
    let mut columns = Vec::new();
    for functions in [candles, ours] {
        let start = Instant::now();
        let (losses, accuracy) = learn(&images, epochs, functions)?;
        columns.push((functions.name, losses, accuracy, start.elapsed().as_secs_f64()));
    }
    println!("epoch      {:>12}{:>12}", columns[0].0, columns[1].0);
    for epoch in 0..epochs {
        println!("{:<11}{:>12.6}{:>12.6}", epoch + 1, columns[0].1[epoch], columns[1].1[epoch]);
    }
    println!("accuracy   {:>11.2}%{:>11.2}%", 100.0 * columns[0].2, 100.0 * columns[1].2);
    println!("time       {:>10.2} s{:>10.2} s", columns[0].3, columns[1].3);
    Ok(())
}
