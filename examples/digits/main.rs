//! A network learns to read handwritten digits: the crate's activations and losses at work on real data.
//!
//! `cargo run --release --example digits -- [--activation NAME] [--hidden N] [--epochs N] [--batch N]
//! [--learning-rate F] [--seed N] [--figure FILE] [--constants FILE] [--binary]`
//!
//! 64 pixels -> 128 hidden units -> 10 logits, softmax cross-entropy, mini-batches, stochastic gradient descent with
//! momentum; common/digits/network.rs has the forward and the backward pass. A line per epoch goes to standard output: the training
//! figures are means over the epoch's mini-batches, each taken before it is learnt from. The curves go to
//! target/digits.svg.
//!
//! With `--binary` it is the textbook's first network, asked "is it a zero?": 10 x 10 pixels -> 128 hidden units,
//! sigmoid -> 1 logit, sigmoid with binary cross-entropy.
//!
//! With `--constants FILE`, the trained network and ten test images are written as constants of a Rust program: that of
//! examples/firmware, which reads them on a microcontroller.
//!
//! The same options give the same output, to the digit.

#[path = "../common/mod.rs"]
mod common;
mod constants;
#[path = "../common/digits/mod.rs"]
mod digits;
mod report;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use ndarray::{Array2, s};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use slopes::activation::AnyActivation;

use common::command::{self, within};
use common::learning::{half_cosine, progress};
use digits::network::{Network, Unit};
use digits::task::{Score, Task};
use digits::{SIDE, Set, TRAINING};
use report::Epoch;

/// A network learns to read handwritten digits.
#[derive(Parser)]
#[command(name = "digits")]
struct Options {
    /// Activation of the hidden units, as "elu" or "elu(alpha=0.5)" [default: relu, with --binary sigmoid]
    #[arg(long, value_name = "NAME")]
    activation: Option<AnyActivation>,
    /// Hidden units
    #[arg(long, value_name = "N", default_value_t = 128, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=4096_usize, "whole number"))]
    hidden: usize,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = 30, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=10_000_usize, "whole number"))]
    epochs: usize,
    /// Images in a mini-batch
    #[arg(long, value_name = "N", default_value_t = 16, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=TRAINING, "whole number"))]
    batch: usize,
    /// Learning rate of the first step; it falls to 0 along half a cosine
    #[arg(long, value_name = "F", default_value_t = 0.1, allow_hyphen_values = true)]
    #[arg(value_parser = within(1e-6..=10.0_f32, "number"))]
    learning_rate: f32,
    /// Seed of the first weights and of the order of the images
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw loss and accuracy
    #[arg(long, value_name = "FILE", default_value = "target/digits.svg")]
    figure: PathBuf,
    /// Where to write the network and some images, as constants of a Rust program
    #[arg(long, value_name = "FILE")]
    constants: Option<PathBuf>,
    /// Ask "is it a zero?" instead of "which digit is it?"
    #[arg(long)]
    binary: bool,
}

fn main() -> ExitCode {
    command::main(run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let task = if options.binary { Task::IsZero } else { Task::WhichDigit };
    let usual = if options.binary { slopes::activation::Sigmoid.into() } else { slopes::activation::Relu.into() };
    let activation = options.activation.unwrap_or(usual);
    let &Options { hidden, epochs, batch, .. } = options;

    let digits = Set::read();
    let data = if options.binary { zeros(&digits).split() } else { digits.split() };
    let pixels = data.training.images.ncols();
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let mut network = Network::new(task, &[pixels, hidden], Unit::Fixed(activation), he, &mut rng);
    let title = format!("{pixels} -> {hidden} {activation} -> {}", task.logits());

    let mut out = io::stdout().lock();
    report::opening(&mut out, &title)?;
    let mut order: Vec<usize> = (0..TRAINING).collect();
    let steps = epochs * TRAINING.div_ceil(batch);
    let bar = progress(steps, "mini-batches")?;
    let mut history = Vec::with_capacity(epochs);
    let mut step = 0;
    for epoch in 1..=epochs {
        order.shuffle(&mut rng);
        let mut training = Score::default();
        for indices in order.chunks(batch) {
            let rate = options.learning_rate * half_cosine(step as f32 / steps as f32);
            training += network.train(&data.training.select(indices), rate);
            step += 1;
            bar.inc(1);
        }
        let scores = Epoch { training, validation: network.score(&data.validation) };
        bar.suspend(|| report::line(&mut out, epoch, &scores))?;
        if !scores.training.loss().is_finite() || !scores.validation.loss().is_finite() {
            bar.finish_and_clear();
            return Err("the loss is no longer finite: a smaller --learning-rate may help".into());
        }
        history.push(scores);
    }
    bar.finish_and_clear();
    report::closing(&mut out, &network.score(&data.test))?;

    if let Some(file) = &options.constants {
        std::fs::write(file, constants::source(network.layers(), &data.test)?)?;
        writeln!(out, "constants in {}", file.display())?;
    }
    report::draw(&options.figure, &title, &history)?;
    writeln!(out, "curves in {}", options.figure.display())?;
    Ok(())
}

/// The standard deviation of the weights of He et al. (arXiv:1502.01852).
fn he(inputs: usize) -> f64 {
    (2.0 / inputs as f64).sqrt()
}

/// The same images in a frame of paper, 10 x 10 pixels, labelled 1 for a zero and 0 for another digit.
fn zeros(digits: &Set) -> Set {
    const FRAMED: usize = SIDE + 2;
    let mut images = Array2::zeros((digits.labels.len(), FRAMED * FRAMED));
    for y in 0..SIDE {
        let start = (y + 1) * FRAMED + 1;
        let row = digits.images.slice(s![.., y * SIDE..(y + 1) * SIDE]);
        images.slice_mut(s![.., start..start + SIDE]).assign(&row);
    }
    Set { images, labels: digits.labels.mapv(|digit| u32::from(digit == 0)) }
}
