//! A network of burn learns to read handwritten digits, once with burn's gelu and cross-entropy and once with those of slopes,
//! from the same weights and with the same mini-batches.
//!
//! `cargo run --release --example digits -- [EPOCHS]`: 30 by default. 64 pixels -> 128 hidden units -> 10 logits, AdamW.
//! Prints the mean loss of every epoch, the accuracy on 359 images that were not learnt from, and the times.

use std::error::Error;
use std::time::Instant;

use burn::module::Module;
use burn::nn::loss::CrossEntropyLossConfig;
use burn::nn::{Linear, LinearConfig};
use burn::optim::{AdamWConfig, GradientsParams};
use burn::tensor::{Device, Int, Tensor, TensorData, activation as of_burn};
use rand::rngs::StdRng;
use rand::{SeedableRng, seq::SliceRandom};
use slopes_burn::slopes::activation::Gelu;
use slopes_burn::{activate, cross_entropy};

const CSV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/optdigits.csv");
const PIXELS: usize = 64;
const HIDDEN: usize = 128;
const DIGITS: usize = 10;
const TRAINING: usize = 1438;
const BATCH: usize = 16;

/// Pixels from 0 (paper) to 1 (ink), and what they show.
struct Images {
    pixels: Tensor<2>,
    digits: Tensor<1, Int>,
}

impl Images {
    fn read(device: &Device) -> Result<Images, Box<dyn Error>> {
        let text = std::fs::read_to_string(CSV).map_err(|error| format!("{CSV}: {error}"))?;
        let (mut pixels, mut digits) = (Vec::new(), Vec::new());
        for line in text.lines() {
            let numbers = line.split(',').map(str::parse::<i32>).collect::<Result<Vec<_>, _>>()?;
            pixels.extend(numbers[..PIXELS].iter().map(|pixel| *pixel as f32 / 16.0));
            digits.push(numbers[PIXELS]);
        }
        let count = digits.len();
        Ok(Images {
            pixels: Tensor::from_data(TensorData::new(pixels, [count, PIXELS]), device),
            digits: Tensor::from_data(TensorData::new(digits, [count]), device),
        })
    }

    fn select(&self, indices: &[i32]) -> Images {
        let indices = Tensor::<1, Int>::from_data(indices, &self.pixels.device());
        Images {
            pixels: self.pixels.clone().select(0, indices.clone()),
            digits: self.digits.clone().select(0, indices),
        }
    }
}

#[derive(Clone, Copy)]
struct Functions {
    name: &'static str,
    gelu: fn(Tensor<2>) -> Tensor<2>,
    cross_entropy: fn(Tensor<2>, Tensor<1, Int>) -> Tensor<1>,
}

const OF_BURN: Functions = Functions {
    name: "burn",
    gelu: of_burn::gelu,
    cross_entropy: |logits, digits| CrossEntropyLossConfig::new().init(&logits.device()).forward(logits, digits),
};
const OURS: Functions = Functions { name: "slopes", gelu: |x| activate(x, Gelu), cross_entropy };

#[derive(Module, Debug)]
struct Network {
    first: Linear,
    second: Linear,
}

impl Network {
    fn new(device: &Device) -> Network {
        Network {
            first: LinearConfig::new(PIXELS, HIDDEN).init(device),
            second: LinearConfig::new(HIDDEN, DIGITS).init(device),
        }
    }
    fn logits(&self, pixels: Tensor<2>, functions: Functions) -> Tensor<2> {
        self.second.forward((functions.gelu)(self.first.forward(pixels)))
    }
}

/// Learns, and returns the mean losses of the epochs and the accuracy.
fn learn(images: &Images, epochs: usize, functions: Functions) -> (Vec<f64>, f64) {
    let device = images.pixels.device();
    device.seed(1);
    let mut network = Network::new(&device);
    let mut rng = StdRng::seed_from_u64(1);
    let mut order: Vec<i32> = (0..images.digits.dims()[0] as i32).collect();
    order.shuffle(&mut rng);
    let (training, test) = order.split_at_mut(TRAINING);
    let test = images.select(test);

    let mut optimizer = AdamWConfig::new().init();
    let mut losses = Vec::new();
    for _ in 0..epochs {
        training.shuffle(&mut rng);
        let mut sum = 0.0;
        for batch in training.chunks(BATCH) {
            let Images { pixels, digits } = images.select(batch);
            let loss = (functions.cross_entropy)(network.logits(pixels, functions), digits);
            let gradients = GradientsParams::from_grads(loss.backward(), &network);
            network = optimizer.step(2e-3, network, gradients);
            sum += loss.into_scalar::<f64>() * batch.len() as f64;
        }
        losses.push(sum / TRAINING as f64);
    }
    let read = network.logits(test.pixels, functions).argmax(1).squeeze_dim::<1>(1);
    (losses, read.equal(test.digits).float().mean().into_scalar())
}

fn main() -> Result<(), Box<dyn Error>> {
    let epochs = std::env::args().nth(1).map_or(Ok(30), |text| text.parse())?;
    let images = Images::read(&Device::flex().autodiff())?;
    let mut columns = Vec::new();
    for functions in [OF_BURN, OURS] {
        let start = Instant::now();
        let (losses, accuracy) = learn(&images, epochs, functions);
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
