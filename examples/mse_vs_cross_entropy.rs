//! Why a classifier is taught by cross-entropy: one neuron, one input, and a bad start.
//!
//! `cargo run --release --example mse_vs_cross_entropy -- [--epochs N] [--rate F] [--figure FILE]`
//!
//! The input is 1 and the output a should become 1, but weight and bias are -2, so that z = -4 and a = s(z) = 0.018. The
//! neuron learns by gradient descent on the loss C, and the chain rule tells how fast:
//!
//! - mean squared error, C = (a - 1)^2 / 2: dC/dz = (a - 1) s'(z), and s'(-4) = 0.018, just where the neuron is most
//!   wrong. It hardly learns.
//! - cross-entropy, C = -ln a: dC/da = -1/a, whose product with s'(z) = a (1 - a) is dC/dz = a - 1. The slope of the
//!   sigmoid has cancelled: the larger the error, the faster it learns.
//!
//! A softmax with two outputs behaves alike, with the likelihood loss in the place of cross-entropy; a linear neuron,
//! a = z, has no slope to lose, and learns by mean squared error as fast as any.
//!
//! Source: M. Nielsen, Neural Networks and Deep Learning, 2015, chapter 3. A table goes to standard output, the curves to
//! target/mse_vs_cross_entropy.svg.

mod common;

use std::error::Error;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use slopes::activation::{Activation, RowActivation, Rows, Sigmoid, Softmax};
use slopes::loss::{BinaryCrossEntropyWithLogits, HalfSquared, Loss, RowLoss, SoftmaxCrossEntropy, Targets};

use common::command::{self, within};
use common::figure::{self, BLUE, Curve, ORANGE, SeriesLabelPosition, panel};

/// Why a classifier is taught by cross-entropy.
#[derive(Parser)]
#[command(name = "mse_vs_cross_entropy")]
struct Options {
    /// Steps of gradient descent
    #[arg(long, value_name = "N", default_value_t = 300, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=10_000_usize, "whole number"))]
    epochs: usize,
    /// Learning rate. Above 1 the linear neuron would step farther beyond its target than it was from it
    #[arg(long, value_name = "F", default_value_t = 0.15, allow_hyphen_values = true)]
    #[arg(value_parser = within(1e-6..=1.0_f64, "number"))]
    rate: f64,
    /// Where to draw the learning curves
    #[arg(long, value_name = "FILE", default_value = "target/mse_vs_cross_entropy.svg")]
    figure: PathBuf,
}

fn main() -> ExitCode {
    command::main(run)
}

/// The input of every neuron.
const X: f64 = 1.0;
/// Weight and bias of the sigmoid, and of the linear neuron, before they learn.
const START: f64 = -2.0;
/// How much of the right output counts as learnt.
const LEARNT: f64 = 0.9;

/// From the weighted inputs z, of which the first belongs to the right output: that output, the loss, and the loss's
/// gradient in z.
type Lesson = fn(z: &[f64], dz: &mut [f64]) -> (f64, f64);

/// C = (s(z) - 1)^2 / 2. Half the square, so that its slope a - 1 is that which cross-entropy has in z.
fn sigmoid_with_mse(z: &[f64], dz: &mut [f64]) -> (f64, f64) {
    let mut a = [0.0];
    Sigmoid.forward_slice(z, &mut a);
    let loss = HalfSquared.sum_with_gradient(&a, &[1.0], 1.0, dz);
    Sigmoid.backward_in_place(z, dz);
    (a[0], loss)
}

/// C = -ln s(z). The crate has sigmoid and cross-entropy as one function of z: its derivative is a - 1 to the last digit,
/// where the product of both slopes would be 0 times infinity in the end.
fn sigmoid_with_cross_entropy(z: &[f64], dz: &mut [f64]) -> (f64, f64) {
    let loss = BinaryCrossEntropyWithLogits::DEFAULT.sum_with_gradient(z, &[1.0], 1.0, dz);
    (Sigmoid.forward(z[0]), loss)
}

/// C = ((a_1 - 1)^2 + a_2^2) / 2. Every a depends on every z: backward is the product with a Jacobian.
fn softmax_with_mse(z: &[f64], dz: &mut [f64]) -> (f64, f64) {
    let row = Rows::contiguous(2);
    let (mut a, mut da) = ([0.0; 2], [0.0; 2]);
    Softmax::default().forward(z, row, &mut a);
    let loss = HalfSquared.sum_with_gradient(&a, &[1.0, 0.0], 1.0, &mut da);
    Softmax::default().backward(z, &da, row, dz);
    (a[0], loss)
}

/// C = -ln a_1, the negative logarithm of the likelihood. Softmax and logarithm are one function of z, too.
fn softmax_with_likelihood(z: &[f64], dz: &mut [f64]) -> (f64, f64) {
    let row = Rows::contiguous(2);
    let mut a = [0.0; 2];
    Softmax::default().forward(z, row, &mut a);
    let loss = SoftmaxCrossEntropy::default().sum_with_gradient(z, Targets::labels(&[0]), row, 1.0, dz);
    (a[0], loss.expect("of two classes, the label names the first"))
}

/// C = (z - 1)^2 / 2.
fn linear_with_mse(z: &[f64], dz: &mut [f64]) -> (f64, f64) {
    (z[0], HalfSquared.sum_with_gradient(z, &[1.0], 1.0, dz))
}

/// Where the neuron is after so many epochs. The gradient is that in z of the right output, and so that in its bias; as the
/// input is 1, also that in its weight.
struct Epoch {
    output: f64,
    loss: f64,
    gradient: f64,
}

/// Gradient descent; weights and biases begin with the same values, one for each output.
fn learn(lesson: Lesson, start: &[f64], epochs: usize, rate: f64) -> Vec<Epoch> {
    let (mut weights, mut biases) = (start.to_vec(), start.to_vec());
    let mut dz = vec![0.0; start.len()];
    let mut history = Vec::with_capacity(epochs + 1);
    for _ in 0..=epochs {
        let z: Vec<f64> = weights.iter().zip(&biases).map(|(weight, bias)| weight * X + bias).collect();
        let (output, loss) = lesson(&z, &mut dz);
        history.push(Epoch { output, loss, gradient: dz[0] });
        for ((weight, bias), dz) in weights.iter_mut().zip(&mut biases).zip(&dz) {
            *weight -= rate * dz * X;
            *bias -= rate * dz;
        }
    }
    history
}

/// How one neuron, or one row of them, learns by each of its losses.
struct Comparison {
    title: &'static str,
    histories: Vec<(&'static str, Vec<Epoch>)>,
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let compare = |title, start: &[f64], lessons: &[(&'static str, Lesson)]| {
        let learn = |lesson| learn(lesson, start, options.epochs, options.rate);
        Comparison { title, histories: lessons.iter().map(|&(name, lesson)| (name, learn(lesson))).collect() }
    };
    // The softmax of -2 and 2 is the sigmoid of their difference, -4: it begins as wrong.
    let comparisons = [
        compare("sigmoid", &[START], &[("MSE", sigmoid_with_mse), ("cross-entropy", sigmoid_with_cross_entropy)]),
        compare(
            "softmax",
            &[START / 2.0, -START / 2.0],
            &[("MSE", softmax_with_mse), ("likelihood", softmax_with_likelihood)],
        ),
        compare("linear", &[START], &[("MSE", linear_with_mse)]),
    ];

    let mut out = io::stdout().lock();
    writeln!(out, "one input, the right output is 1; learning rate {}", options.rate)?;
    for comparison in &comparisons {
        table(&mut out, comparison)?;
    }
    writeln!(out)?;
    why(&mut out, &comparisons[0])?;
    draw(&options.figure, &comparisons)?;
    writeln!(out, "curves in {}", options.figure.display())?;
    Ok(())
}

/// Output, loss and gradient after some epochs: 0, 1, 2, 5, 10, 20, 50 ..., and the last.
fn table(out: &mut impl Write, Comparison { title, histories }: &Comparison) -> io::Result<()> {
    let last = histories[0].1.len() - 1;
    let decades = (0..).map(|exponent| 10_usize.pow(exponent));
    let rounds = decades.flat_map(|decade| [1, 2, 5].map(|digit| digit * decade)).take_while(|&epoch| epoch < last);

    write!(out, "\n{title:7}")?;
    for (name, _) in histories {
        write!(out, "  {:-^30}", format!(" {name} "))?;
    }
    write!(out, "\n{:>7}", "epoch")?;
    for _ in histories {
        write!(out, "  {:>10}{:>10}{:>10}", "output", "loss", "gradient")?;
    }
    writeln!(out)?;
    for epoch in [0].into_iter().chain(rounds).chain([last]) {
        write!(out, "{epoch:7}")?;
        for (_, history) in histories {
            let Epoch { output, loss, gradient } = &history[epoch];
            write!(out, "  {output:10.4}{loss:10.4}{gradient:10.4}")?;
        }
        writeln!(out)?;
    }
    for (name, history) in histories {
        match history.iter().position(|epoch| epoch.output >= LEARNT) {
            Some(epoch) => writeln!(out, "{name}: output {LEARNT} after {epoch} epochs")?,
            None => writeln!(out, "{name}: output {LEARNT} not within {last} epochs")?,
        }
    }
    Ok(())
}

/// What is between the first steps of the sigmoid.
fn why(out: &mut impl Write, sigmoid: &Comparison) -> io::Result<()> {
    let [mse, cross_entropy] = [0, 1].map(|loss| sigmoid.histories[loss].1[0].gradient);
    let slope = Sigmoid.derivative(START * X + START);
    writeln!(out, "first gradient by cross-entropy over that by MSE: {:.4}", cross_entropy / mse)?;
    writeln!(out, "1 / s'(z): {:.4}", 1.0 / slope)
}

/// Draws what is left of the first loss, so that losses of different size begin at the same height.
fn draw(path: &Path, comparisons: &[Comparison]) -> Result<(), Box<dyn Error>> {
    figure::draw(path, "Learning from a bad start", comparisons.len(), |panels| {
        for (area, Comparison { title, histories }) in panels.iter().zip(comparisons) {
            let left = |history: &[Epoch]| history.iter().map(|epoch| (epoch.loss / history[0].loss) as f32).collect();
            let colors = [ORANGE, BLUE];
            let curves: Vec<Curve> =
                histories.iter().zip(colors).map(|((name, history), color)| (*name, color, left(history))).collect();
            let quantity = format!("{title}: share of the first loss");
            panel(area, ("epoch", 0), &quantity, 0.0..1.05_f32, SeriesLabelPosition::UpperRight, &curves)?;
        }
        Ok(())
    })
}
