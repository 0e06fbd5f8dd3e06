//! A maxout layer learns two spirals: units that learn their activation, too.
//!
//! `cargo run --release --example maxout_layer -- [--units N] [--pieces N] [--steps N] [--rate F] [--seed N]
//! [--figure FILE]`
//!
//! A unit is the maximum of several linear functions of x and y, and so a convex function that is linear in pieces. The
//! logit is a sum of units with weights of either sign, and a difference of two convex functions may be any function:
//! enough pieces are enough for all (I. Goodfellow et al., Maxout Networks, arXiv:1302.4389, theorem 4.3), as `--units
//! 2 --pieces 30` shows. With one piece the whole is a straight line, whatever the number of units, and no line parts
//! the spirals.
//!
//! Forward gives the index of the piece that was largest, and backward needs that alone: the gradient goes to this
//! piece. A table goes to standard output, the points and where the model says what to target/maxout_layer.svg.
//!
//! The same options give the same output, to the digit.

mod common;
#[path = "common/spirals.rs"]
mod spirals;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};
use slopes::activation::MaxoutLayer;

use common::command::{self, within};
use spirals::{Learning, Model, Points, Sum};

/// A maxout layer learns two spirals.
#[derive(Parser)]
#[command(name = "maxout_layer")]
struct Options {
    /// Units of the layer
    #[arg(long, value_name = "N", default_value_t = 24, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1024_usize, "whole number"))]
    units: usize,
    /// Linear pieces of a unit
    #[arg(long, value_name = "N", default_value_t = 4, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=64_usize, "whole number"))]
    pieces: usize,
    #[command(flatten)]
    learning: Learning,
    /// Seed of the points and of the first weights
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw points and regions
    #[arg(long, value_name = "FILE", default_value = "target/maxout_layer.svg")]
    figure: PathBuf,
}

fn main() -> ExitCode {
    command::main(run)
}

/// x, y -> units of maxout -> logit.
struct Maxouts {
    pieces: usize,
    /// Of the pieces.
    weights: Vec<f32>,
    biases: Vec<f32>,
    output: Sum,
}

impl Maxouts {
    fn new(units: usize, pieces: usize, rng: &mut impl Rng) -> Maxouts {
        let mut uniform = |count: usize, limit: f32| (0..count).map(|_| rng.random_range(-limit..limit)).collect();
        let (weights, biases) = (uniform(2 * units * pieces, 2.0), uniform(units * pieces, 1.0));
        Maxouts { pieces, weights, biases, output: Sum { weights: uniform(units + 1, 1.0 / (units as f32).sqrt()) } }
    }

    fn layer(&self) -> MaxoutLayer<'_, f32> {
        MaxoutLayer::new(&self.weights, &self.biases, self.pieces)
    }

    /// The values of the units, and the pieces that they are of.
    fn hidden(&self, xy: &[f32]) -> (Vec<f32>, Vec<u32>) {
        let count = xy.len() / 2 * self.output.units();
        let (mut y, mut indices) = (vec![0.0; count], vec![0; count]);
        self.layer().forward(xy, &mut y, &mut indices);
        (y, indices)
    }
}

impl Model for Maxouts {
    fn logits(&self, xy: &[f32]) -> Vec<f32> {
        self.output.logits(&self.hidden(xy).0)
    }

    fn gradients(&self, xy: &[f32], d_logits: impl FnOnce(&[f32]) -> Vec<f32>) -> Vec<Vec<f32>> {
        let (y, indices) = self.hidden(xy);
        let [d_output, dy] = self.output.backward(&y, &d_logits(&self.output.logits(&y)));
        let (mut d_weights, mut d_biases) = (vec![0.0; self.weights.len()], vec![0.0; self.biases.len()]);
        self.layer().backward_parameters(xy, &indices, &dy, &mut d_weights, &mut d_biases);
        vec![d_weights, d_biases, d_output]
    }

    fn parameters(&mut self) -> Vec<&mut [f32]> {
        vec![&mut self.weights, &mut self.biases, &mut self.output.weights]
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let &Options { units, pieces, .. } = options;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let (points, test) = (Points::new(400, &mut rng), Points::new(1000, &mut rng));
    let mut model = Maxouts::new(units, pieces, &mut rng);
    let title = format!("Two spirals by {units} maxout units of {pieces} pieces");

    let mut out = io::stdout().lock();
    spirals::learn(&mut out, &title, &mut model, [&points, &test], &options.learning)?;
    spirals::draw(&options.figure, &title, &model, &points, &[])?;
    writeln!(out, "regions in {}", options.figure.display())?;
    Ok(())
}
