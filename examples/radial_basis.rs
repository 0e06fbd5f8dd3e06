//! Radial basis functions learn two spirals: a Gaussian about each centre, and a sum of them.
//!
//! `cargo run --release --example radial_basis -- [--centres N] [--sigma F] [--steps N] [--rate F] [--seed N]
//! [--figure FILE]`
//!
//! A unit is near 1 close to its centre and near 0 far from it, so that it says something of its surroundings alone,
//! where a unit of a dense layer divides the whole plane. The centres begin at points of the training set; they, the
//! width sigma of all Gaussians and the weights of the sum are learnt by gradient descent, for which the layer has a
//! backward method each. Far from all centres the logit is its bias: the model says nothing where it has seen nothing.
//!
//! Source: D. Broomhead, D. Lowe, Multivariable Functional Interpolation and Adaptive Networks, 1988. A table goes to
//! standard output, the points, the centres and where the model says what to target/radial_basis.svg.
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
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use slopes::activation::{RadialBasis, Rows};

use common::command::{self, within};
use spirals::{Learning, Model, Points, Sum};

/// Radial basis functions learn two spirals.
#[derive(Parser)]
#[command(name = "radial_basis")]
struct Options {
    /// Centres, which begin at as many points of the training set
    #[arg(long, value_name = "N", default_value_t = 40, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=TRAINING, "whole number"))]
    centres: usize,
    /// Standard deviation of the Gaussians before it is learnt
    #[arg(long, value_name = "F", default_value_t = 0.3, allow_hyphen_values = true)]
    #[arg(value_parser = within(0.01..=10.0_f32, "number"))]
    sigma: f32,
    #[command(flatten)]
    learning: Learning,
    /// Seed of the points
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw points, centres and regions
    #[arg(long, value_name = "FILE", default_value = "target/radial_basis.svg")]
    figure: PathBuf,
}

const TRAINING: usize = 400;
/// A point is a row of two numbers.
const POINT: Rows = Rows::contiguous(2);

fn main() -> ExitCode {
    command::main(run)
}

/// x, y -> a Gaussian for each centre -> logit.
struct Gaussians {
    centres: Vec<f32>,
    output: Sum,
    sigma: [f32; 1],
}

impl Gaussians {
    fn basis(&self) -> RadialBasis {
        // A width has no sign, and a step must not lead to none.
        RadialBasis { sigma: f64::from(self.sigma[0].abs().max(1e-3)) }
    }

    fn values(&self, xy: &[f32]) -> Vec<f32> {
        let mut y = vec![0.0; xy.len() / 2 * self.output.units()];
        self.basis().forward(xy, &self.centres, POINT, &mut y);
        y
    }
}

impl Model for Gaussians {
    fn logits(&self, xy: &[f32]) -> Vec<f32> {
        self.output.logits(&self.values(xy))
    }

    fn gradients(&self, xy: &[f32], d_logits: impl FnOnce(&[f32]) -> Vec<f32>) -> Vec<Vec<f32>> {
        let y = self.values(xy);
        let [d_output, dy] = self.output.backward(&y, &d_logits(&self.output.logits(&y)));
        let (basis, mut d_centres) = (self.basis(), vec![0.0; self.centres.len()]);
        basis.backward_centres(xy, &self.centres, POINT, &y, &dy, &mut d_centres);
        let d_sigma = basis.backward_sigma(xy, &self.centres, POINT, &y, &dy);
        vec![d_centres, d_output, vec![d_sigma as f32]]
    }

    fn parameters(&mut self) -> Vec<&mut [f32]> {
        vec![&mut self.centres, &mut self.output.weights, &mut self.sigma]
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let &Options { centres, sigma, .. } = options;
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let (points, test) = (Points::new(TRAINING, &mut rng), Points::new(1000, &mut rng));
    let mut model = Gaussians {
        centres: points.xy[..2 * centres].to_vec(),
        output: Sum { weights: vec![0.0; centres + 1] },
        sigma: [sigma],
    };
    let title = format!("Two spirals by {centres} Gaussians");

    let mut out = io::stdout().lock();
    spirals::learn(&mut out, &title, &mut model, [&points, &test], &options.learning)?;
    writeln!(out, "sigma {sigma} has become {:.3}", model.basis().sigma)?;
    let marks: Vec<(f32, f32)> = model.centres.chunks_exact(2).map(|centre| (centre[0], centre[1])).collect();
    spirals::draw(&options.figure, &title, &model, &points, &marks)?;
    writeln!(out, "regions in {}", options.figure.display())?;
    Ok(())
}
