//! Why deep networks of sigmoids learn slowly, and what helps: the gradient by layer.
//!
//! `cargo run --release --example vanishing_gradient -- [--weight F] [--epochs N] [--seed N] [--figure FILE]`
//!
//! First, four layers of one neuron, a = s(w a' + b), a' being the output of the layer before. By the chain rule, the
//! gradient of the output in the bias of a layer is s'(z) there, times the w s'(z) of every layer after it. s' is at
//! most 1/4: unless weights are large, each layer takes three quarters of the gradient and more. It may grow, too:
//! s'(z) is 1/4 where the bias keeps z at 0, and then a weight above 4 makes the gradient larger from layer to layer.
//! Either way it is a product of as many factors as there are layers, and layers learn at speeds that have nothing to
//! do with each other.
//!
//! Then, ten layers of 64 units that read digits: the norm of the gradient in the weights of each layer, before
//! anything is learnt, by activation. Weights have the `gain` of the activation, so that the signal does not die on its
//! way forward; the gradient may still do so on its way back. With residual connections, where a layer adds to its
//! input, y = x + f(W x + b), the gradient also has a way around each layer. The last columns are what has been learnt
//! after a few epochs.
//!
//! Source: S. Hochreiter, Untersuchungen zu dynamischen neuronalen Netzen, 1991; M. Nielsen, Neural Networks and Deep
//! Learning, 2015, chapter 5; K. He et al., Deep Residual Learning for Image Recognition, arXiv:1512.03385. Tables go
//! to standard output, the curves to target/vanishing_gradient.svg.
//!
//! The same options give the same output, to the digit.

mod common;
#[path = "common/digits/mod.rs"]
mod digits;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use slopes::activation::{Activation, AnyActivation, Sigmoid};

use common::command::{self, within};
use common::figure::{self, COLORS, Curve, SeriesLabelPosition, decades, panel};
use common::learning::{half_cosine, progress};
use digits::network::{Network, Unit};
use digits::task::{Score, Task};
use digits::{Data, PIXELS, Set, TRAINING};

/// The gradient by layer.
#[derive(Parser)]
#[command(name = "vanishing_gradient")]
struct Options {
    /// Weight of each of the four neurons
    #[arg(long, value_name = "F", default_value_t = 1.0, allow_hyphen_values = true)]
    #[arg(value_parser = within(-1000.0..=1000.0_f64, "number"))]
    weight: f64,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = 3, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1000_usize, "whole number"))]
    epochs: usize,
    /// Seed of the first weights and of the order of the images
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw the gradient by layer
    #[arg(long, value_name = "FILE", default_value = "target/vanishing_gradient.svg")]
    figure: PathBuf,
}

const ACTIVATIONS: [&str; 8] = ["sigmoid", "tanh", "relu", "leaky_relu", "elu", "swish", "mish", "gelu"];
const LAYERS: usize = 10;
const WIDTH: usize = 64;
const BATCH: usize = 16;
const LEARNING_RATE: f32 = 0.01;

fn main() -> ExitCode {
    command::main(run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut out = io::stdout().lock();
    let weight = options.weight;
    chain(&mut out, &format!("four sigmoids, weights {weight}, biases 0"), weight, |_| 0.0)?;
    writeln!(out)?;
    chain(&mut out, "four sigmoids, weights 100, biases that keep z at 0", 100.0, |a| -100.0 * a)?;

    let data = Set::read().standardized().split();
    let activations = ACTIVATIONS.map(|name| name.parse().expect("an activation of the crate"));
    let bar = progress(2 * ACTIVATIONS.len(), "networks")?;
    let learn = |residual| {
        activations.map(|activation| {
            let history = Learning::new(activation, residual, options, &data);
            bar.inc(1);
            history
        })
    };
    let both = [("plain", learn(false)), ("residual", learn(true))];
    bar.finish_and_clear();
    for (name, learning) in &both {
        writeln!(out)?;
        table(&mut out, name, options.epochs, learning)?;
    }
    draw(&options.figure, &both)?;
    writeln!(out, "curves in {}", options.figure.display())?;
    Ok(())
}

/// The chain rule, along four neurons with an input of 1/2: in the end, the gradients of the output in the biases.
fn chain(out: &mut impl Write, title: &str, weight: f64, bias: impl Fn(f64) -> f64) -> io::Result<()> {
    let mut a = 0.5;
    let mut neurons = Vec::new();
    for _ in 0..4 {
        let z = weight * a + bias(a);
        a = Sigmoid.forward(z);
        neurons.push((z, a, Sigmoid.derivative(z)));
    }
    writeln!(out, "{title}")?;
    writeln!(out, "{:>5}{:>10}{:>10}{:>10}{:>12}{:>16}", "layer", "z", "a", "s'(z)", "w s'(z)", "d output / d b")?;
    for (i, (z, a, slope)) in neurons.iter().enumerate() {
        let later: f64 = neurons[i + 1..].iter().map(|(_, _, slope)| weight * slope).product();
        let (layer, factor, gradient) = (i + 1, weight * slope, slope * later);
        writeln!(out, "{layer:5}{z:10.4}{a:10.4}{slope:10.4}{factor:12.4}{gradient:16.4e}")?;
    }
    Ok(())
}

/// A network before it learns, and after.
struct Learning {
    name: &'static str,
    /// Of the gradient in the weights of each hidden layer, over all training images, before the first step.
    norms: Vec<f64>,
    training: Score,
    test: Score,
}

impl Learning {
    fn new(activation: AnyActivation, residual: bool, options: &Options, data: &Data) -> Learning {
        let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
        let unit = Unit::Fixed(activation);
        let widths = [&[PIXELS][..], &[WIDTH; LAYERS]].concat();
        // A layer beside a connection adds its own: in so many layers the mean square grows with their number, not
        // exponentially.
        let share = if residual { (LAYERS as f64).sqrt().recip() } else { 1.0 };
        let deviation = |inputs: usize| share * unit.gain() / (inputs as f64).sqrt();
        let mut network = Network::new(Task::WhichDigit, &widths, unit, deviation, &mut rng).with_residual(residual);
        let (_, gradients) = network.gradients(&data.training);
        let norms = gradients[..LAYERS].iter().map(|gradient| gradient.norm()).collect();

        let mut order: Vec<usize> = (0..TRAINING).collect();
        let steps = options.epochs * TRAINING.div_ceil(BATCH);
        let mut step = 0;
        let mut training = Score::default();
        for _ in 0..options.epochs {
            order.shuffle(&mut rng);
            training = Score::default();
            for indices in order.chunks(BATCH) {
                let rate = LEARNING_RATE * half_cosine(step as f32 / steps as f32);
                training += network.train(&data.training.select(indices), rate);
                step += 1;
            }
        }
        Learning { name: activation.spec().name(), norms, training, test: network.score(&data.test) }
    }
}

/// The norms by layer, what the first is of the last, and what has been learnt.
fn table(out: &mut impl Write, name: &str, epochs: usize, learning: &[Learning]) -> io::Result<()> {
    writeln!(
        out,
        "{name}: norm of the gradient in the weights of {LAYERS} layers of {WIDTH}, and after {epochs} epochs"
    )?;
    write!(out, "{:10}", "layer")?;
    for layer in (1..=LAYERS).step_by(3) {
        write!(out, "{layer:>10}")?;
    }
    writeln!(out, "{:>14}{:>16}{:>16}", "first : last", "training loss", "test accuracy")?;
    for Learning { name, norms, training, test } in learning {
        write!(out, "{name:10}")?;
        for norm in norms.iter().step_by(3) {
            write!(out, "{norm:10.1e}")?;
        }
        let ratio = norms[0] / norms[LAYERS - 1];
        writeln!(out, "{ratio:14.1e}{:16.4}{:14.2} %", training.loss(), test.accuracy())?;
    }
    Ok(())
}

fn draw(path: &Path, both: &[(&str, [Learning; 8]); 2]) -> Result<(), Box<dyn Error>> {
    figure::draw(path, "Gradient in the weights, by layer", both.len(), |panels| {
        let curve = |(learning, color): (&Learning, _)| -> Curve {
            (learning.name, color, learning.norms.iter().map(|&norm| figure::cut(norm as f32)).collect())
        };
        let curves = both.each_ref().map(|(_, learning)| learning.iter().zip(COLORS).map(curve).collect::<Vec<_>>());
        for ((area, (name, _)), of_network) in panels.iter().zip(both).zip(&curves) {
            let quantity = format!("{name}: norm of the gradient");
            // On the same scale, to be compared.
            let scale = decades(&curves.concat());
            panel(area, ("layer", 1), &quantity, scale, SeriesLabelPosition::LowerRight, of_network)?;
        }
        Ok(())
    })
}
