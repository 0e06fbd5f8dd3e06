//! With which weights a network begins: why not with zeros, and why neither with small nor with large ones.
//!
//! `cargo run --release --example initialization -- [--activation NAME] [--epochs N] [--seed N] [--figure FILE]`
//!
//! Zeros, or any other constant: units of a layer that begin alike receive the same gradient and remain alike. A layer
//! of 64 is then one unit, written 64 times. Random weights break the symmetry; the first table counts the units that
//! differ after a few epochs on digits.
//!
//! The scale: z = sum_i w_i a_i over n inputs has the variance n Var(w) E a^2. Weights that are too small shrink the
//! signal in each layer until nothing is left of it; weights that are too large let it explode, or drive sigmoids to
//! where their slope is 0. It stays as it is with Var(w) = gain^2 / n, gain = 1 / sqrt(E f(z)^2) for a standard normal
//! z: the second table has the mean square of z by depth for an activation of your choice, the third with the `gain` of
//! each.
//!
//! Source: X. Glorot, Y. Bengio, Understanding the difficulty of training deep feedforward neural networks, 2010; K. He
//! et al., Delving Deep into Rectifiers, arXiv:1502.01852. Tables go to standard output, the curves to
//! target/initialization.svg, where 1e-6 stands for anything less.
//!
//! The same options give the same output, to the digit.

mod common;
#[path = "common/digits/mod.rs"]
mod digits;

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use ndarray::{Array2, Axis};
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use slopes::activation::{AnyActivation, Tanh, gain};
use slopes::ndarray::ActivationExt;

use common::command::{self, within};
use common::figure::{self, COLORS, Curve, SeriesLabelPosition, decades, panel};
use common::learning::progress;
use digits::network::{Linear, Network, Unit};
use digits::task::Task;
use digits::{Data, PIXELS, Set, TRAINING};

/// With which weights a network begins.
#[derive(Parser)]
#[command(name = "initialization")]
struct Options {
    /// Activation of the hidden units, as "elu" or "elu(alpha=0.5)"
    #[arg(long, value_name = "NAME", default_value_t = Tanh.into())]
    activation: AnyActivation,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = 5, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1000_usize, "whole number"))]
    epochs: usize,
    /// Seed of the first weights and of the order of the images
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw the mean square by depth
    #[arg(long, value_name = "FILE", default_value = "target/initialization.svg")]
    figure: PathBuf,
}

const WIDTH: usize = 64;
const BATCH: usize = 16;
const LEARNING_RATE: f32 = 0.02;

/// Of the networks without an end.
const DEPTH: usize = 30;
const BROAD: usize = 256;
const SAMPLES: usize = 64;
/// With their gain as the scale of weights.
const ACTIVATIONS: [&str; 8] = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "swish", "gelu"];

fn main() -> ExitCode {
    command::main(run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let activation = options.activation;
    let data = Set::read().standardized().split();
    let mut out = io::stdout().lock();
    symmetry(&mut out, options, &data)?;

    let gain = gain(&activation);
    let scales = [
        ("a tenth of the gain", 0.1 * gain),
        ("half of the gain", 0.5 * gain),
        ("gain", gain),
        ("twice the gain", 2.0 * gain),
    ];
    let of_scales: Vec<Curve> = scales
        .iter()
        .zip(COLORS)
        .map(|(&(name, scale), color)| (name, color, mean_squares(activation, scale, options.seed)))
        .collect();
    writeln!(out, "\nmean square of z by depth: {activation}, whose gain is {gain:.4}, in layers of {BROAD}")?;
    by_depth(&mut out, &of_scales)?;

    let of_activations: Vec<Curve> = ACTIVATIONS
        .iter()
        .zip(COLORS)
        .map(|(&name, color)| {
            let activation: AnyActivation = name.parse().expect("an activation of the crate");
            (name, color, mean_squares(activation, slopes::activation::gain(&activation), options.seed))
        })
        .collect();
    writeln!(out, "\nmean square of z by depth: weights with the gain of each activation")?;
    by_depth(&mut out, &of_activations)?;

    draw(&options.figure, &format!("{activation}: mean square"), &of_scales, &of_activations)?;
    writeln!(out, "curves in {}", options.figure.display())?;
    Ok(())
}

/// How many units are different, and what they have learnt, by how they began.
fn symmetry(out: &mut impl Write, options: &Options, data: &Data) -> Result<(), Box<dyn Error>> {
    let unit = Unit::Fixed(options.activation);
    let starts = [("all 0", Some(0.0)), ("all 0.1", Some(0.1)), ("random", None)];
    writeln!(out, "two layers of {WIDTH} units, {}, after {} epochs on digits", options.activation, options.epochs)?;
    writeln!(out, "{:10}{:>18}{:>18}{:>16}", "weights", "different units", "in layer 2", "test accuracy")?;
    let bar = progress(starts.len() * options.epochs, "epochs")?;
    for (name, constant) in starts {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
        let deviation = |inputs: usize| unit.gain() / (inputs as f64).sqrt();
        let mut network = Network::new(Task::WhichDigit, &[PIXELS, WIDTH, WIDTH], unit, deviation, &mut rng);
        if let Some(constant) = constant {
            network.layers_mut().iter_mut().for_each(|layer| layer.weights.fill(constant));
        }
        let mut order: Vec<usize> = (0..TRAINING).collect();
        for _ in 0..options.epochs {
            order.shuffle(&mut rng);
            for indices in order.chunks(BATCH) {
                network.train(&data.training.select(indices), LEARNING_RATE);
            }
            bar.inc(1);
        }
        let [first, second] = [0, 1].map(|layer| different(&network.layers()[layer].weights));
        let accuracy = network.score(&data.test).accuracy();
        bar.suspend(|| writeln!(out, "{name:10}{first:18}{second:18}{accuracy:14.2} %"))?;
    }
    bar.finish_and_clear();
    Ok(())
}

/// How many columns of weights, which are those of a unit, differ from all others: those that are equal but for
/// rounding, in a matrix product that may sum them in another order, are the same.
fn different(weights: &Array2<f32>) -> usize {
    let rounded = |&weight: &f32| (weight * 1e3).round() as i64;
    let columns = weights.axis_iter(Axis(1)).map(|column| column.iter().map(rounded).collect::<Vec<_>>());
    columns.collect::<BTreeSet<_>>().len()
}

/// The mean square of z in each layer, for standard normal inputs and weights with the standard deviation scale /
/// sqrt(n).
fn mean_squares(activation: AnyActivation, scale: f64, seed: u64) -> Vec<f32> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    // The sum of 12 uniform numbers, less 6, is nearly normal.
    let mut normal = || (0..12).map(|_| rng.random_range(-0.5..0.5_f32)).sum::<f32>();
    let mut z = Array2::from_shape_simple_fn((SAMPLES, BROAD), &mut normal);
    let mut found = Vec::with_capacity(DEPTH);
    for _ in 0..DEPTH {
        found.push((z.iter().map(|&z| f64::from(z) * f64::from(z)).sum::<f64>() / z.len() as f64) as f32);
        let layer = Linear::new(BROAD, BROAD, scale / (BROAD as f64).sqrt(), &mut rng);
        z = layer.forward(&z.activated(&activation));
    }
    found
}

fn by_depth(out: &mut impl Write, curves: &[Curve]) -> io::Result<()> {
    let depths = [1, 2, 3, 5, 10, 20, DEPTH];
    write!(out, "{:20}", "layer")?;
    for depth in depths {
        write!(out, "{depth:>10}")?;
    }
    writeln!(out)?;
    for (name, _, values) in curves {
        write!(out, "{name:20}")?;
        for depth in depths {
            let value = values[depth - 1];
            match value {
                0.01..1000.0 => write!(out, "{value:10.3}")?,
                _ => write!(out, "{value:10.0e}")?,
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn draw(path: &Path, quantity: &str, of_scales: &[Curve], of_activations: &[Curve]) -> Result<(), Box<dyn Error>> {
    let shown = |curves: &[Curve]| -> Vec<Curve> {
        let cut = |values: &[f32]| values.iter().copied().map(figure::cut).collect();
        curves.iter().map(|(name, color, values)| (*name, *color, cut(values))).collect()
    };
    figure::draw(path, "What is left of the signal, by depth", 2, |panels| {
        let panels = panels.iter().zip([
            (quantity, shown(of_scales), SeriesLabelPosition::MiddleRight),
            ("mean square, with gain", shown(of_activations), SeriesLabelPosition::UpperLeft),
        ]);
        for (area, (quantity, curves, legend)) in panels {
            panel(area, ("layer", 1), quantity, decades(&curves), legend, &curves)?;
        }
        Ok(())
    })
}
