//! Which activation? Every one of the crate, tried on the same task.
//!
//! `cargo run --release --example choose_an_activation -- [--hidden N] [--epochs N] [--runs N] [--learning-rate F]
//! [--seed N] [--figure FILE]`
//!
//! A network with two hidden layers learns to read digits, several times from other weights, with each activation in
//! turn; weights have the activation's `gain`, so that no function has an advantage by its scale. The table that goes
//! to standard output is in the order of the validation loss, by which one chooses; the test accuracy is for the one
//! that was chosen. The times are of this machine: of the trainings, and of forward and backward of one number in a
//! slice of 4096.
//!
//! RReLU is there twice: `rrelu` has the mean slope always, `rrelu in training` draws a slope for each number and step,
//! and has the mean slope in evaluation.
//!
//! What to see: on so small a task most functions do alike, within a per cent or two, and one takes a cheap one. The
//! identity shows what a linear model can do. Sigmoids whose values have a mean far from 0 learn more slowly than tanh;
//! the binary step has no derivative, so that its hidden layers learn nothing; and exp, which grows faster than any
//! line, does not learn at the learning rate of the others: its loss may end as NaN. The accuracies are drawn to
//! target/choose_an_activation.svg.
//!
//! The same options give the same output, to the digit, but for the times.

mod common;
#[path = "common/digits/mod.rs"]
mod digits;

use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use plotters::prelude::{ChartBuilder, Color, Rectangle, Text, WHITE};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;
use slopes::activation::{Activation, AnyActivation, RRelu};

use common::command::{self, within};
use common::figure::{self, BLUE, ORANGE};
use common::learning::{half_cosine, progress};
use digits::network::{Network, Unit};
use digits::task::{Score, Task};
use digits::{Data, PIXELS, Set, TRAINING};

/// Every activation of the crate, tried on digits.
#[derive(Parser)]
#[command(name = "choose_an_activation")]
struct Options {
    /// Units of each of the two hidden layers
    #[arg(long, value_name = "N", default_value_t = 64, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1024_usize, "whole number"))]
    hidden: usize,
    /// Passes over the training images
    #[arg(long, value_name = "N", default_value_t = 10, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1000_usize, "whole number"))]
    epochs: usize,
    /// Trainings of each activation
    #[arg(long, value_name = "N", default_value_t = 3, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=100_usize, "whole number"))]
    runs: usize,
    /// Learning rate of the first step; it falls to 0 along half a cosine
    #[arg(long, value_name = "F", default_value_t = 0.01, allow_hyphen_values = true)]
    #[arg(value_parser = within(1e-6..=10.0_f32, "number"))]
    learning_rate: f32,
    /// Seed of the first weights and of the order of the images in the first training
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw the accuracies
    #[arg(long, value_name = "FILE", default_value = "target/choose_an_activation.svg")]
    figure: PathBuf,
}

const BATCH: usize = 16;

fn main() -> ExitCode {
    command::main(run)
}

/// What became of an activation: the means over its trainings.
struct Trial {
    name: String,
    gain: f64,
    validation: Score,
    test: Score,
    seconds: f64,
    nanoseconds: f64,
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let &Options { hidden, epochs, runs, .. } = options;
    let data = Set::read().standardized().split();
    let fixed = AnyActivation::all().map(|f| (f.spec().name().to_string(), Unit::Fixed(f)));
    let units: Vec<_> = fixed.chain([("rrelu in training".into(), Unit::Random(RRelu::DEFAULT))]).collect();

    let bar = progress(units.len() * runs, "trainings")?;
    let mut trials = Vec::with_capacity(units.len());
    for (name, unit) in units {
        let (mut validation, mut test, mut time) = (Score::default(), Score::default(), Duration::ZERO);
        for run in 0..runs as u64 {
            let start = Instant::now();
            let network = learn(unit, options, options.seed.wrapping_add(run), &data);
            time += start.elapsed();
            validation += network.score(&data.validation);
            test += network.score(&data.test);
            bar.inc(1);
        }
        let seconds = time.as_secs_f64() / runs as f64;
        trials.push(Trial { name, gain: unit.gain(), validation, test, seconds, nanoseconds: nanoseconds(unit) });
    }
    bar.finish_and_clear();
    // A loss that is not finite comes last.
    trials.sort_by(|a, b| a.validation.loss().total_cmp(&b.validation.loss()));

    let mut out = io::stdout().lock();
    writeln!(out, "{PIXELS} -> {hidden} -> {hidden} -> 10, {epochs} epochs, means of {runs} trainings")?;
    table(&mut out, &trials)?;
    draw(&options.figure, &trials)?;
    writeln!(out, "accuracies in {}", options.figure.display())?;
    Ok(())
}

fn learn(unit: Unit, options: &Options, seed: u64, data: &Data) -> Network {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(seed);
    let widths = [PIXELS, options.hidden, options.hidden];
    let deviation = |inputs: usize| unit.gain() / (inputs as f64).sqrt();
    let mut network = Network::new(Task::WhichDigit, &widths, unit, deviation, &mut rng);
    let mut order: Vec<usize> = (0..TRAINING).collect();
    let steps = options.epochs * TRAINING.div_ceil(BATCH);
    let mut step = 0;
    for _ in 0..options.epochs {
        order.shuffle(&mut rng);
        for indices in order.chunks(BATCH) {
            let rate = options.learning_rate * half_cosine(step as f32 / steps as f32);
            network.train(&data.training.select(indices), rate);
            step += 1;
        }
    }
    network
}

/// The shortest time of forward and backward that was seen, for one number.
fn nanoseconds(unit: Unit) -> f64 {
    const COUNT: usize = 4096;
    let x: Vec<f32> = (0..COUNT).map(|i| (i as f32 / COUNT as f32 - 0.5) * 8.0).collect();
    let (mut y, mut dx) = (vec![0.0; COUNT], vec![0.0; COUNT]);
    let times = (0..50).map(|_| {
        dx.fill(1.0);
        let start = Instant::now();
        match unit {
            Unit::Fixed(f) => {
                f.forward_slice(black_box(&x), &mut y);
                f.backward_in_place(black_box(&x), &mut dx);
            }
            Unit::Random(f) => {
                f.training(0).forward_slice(black_box(&x), &mut y, 0);
                f.training(0).backward_in_place(black_box(&x), &mut dx, 0);
            }
        }
        black_box((&y, &dx));
        start.elapsed()
    });
    times.min().expect("times").as_secs_f64() * 1e9 / COUNT as f64
}

fn table(out: &mut impl Write, trials: &[Trial]) -> io::Result<()> {
    writeln!(
        out,
        "{:18}{:>8}{:>17}{:>21}{:>15}{:>9}{:>11}",
        "activation", "gain", "validation loss", "validation accuracy", "test accuracy", "seconds", "ns/number"
    )?;
    for Trial { name, gain, validation, test, seconds, nanoseconds } in trials {
        let (loss, accuracies) = (validation.loss(), [validation, test].map(Score::accuracy));
        writeln!(
            out,
            "{name:18}{gain:8.4}{loss:17.4}{:19.2} %{:13.2} %{seconds:9.3}{nanoseconds:11.2}",
            accuracies[0], accuracies[1]
        )?;
    }
    Ok(())
}

/// Draws a bar for each activation.
fn draw(path: &Path, trials: &[Trial]) -> Result<(), Box<dyn Error>> {
    const ROW: u32 = 18;
    /// Where bars begin; there are none for what is below.
    const LEAST: f32 = 50.0;
    let count = trials.len() as f32;
    figure::draw_area(path, "Digits, by activation", ROW * trials.len() as u32 + 120, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .margin_right(24)
            .x_label_area_size(40)
            .y_label_area_size(150)
            .build_cartesian_2d(LEAST..100.0, count..0.0)?;
        chart
            .configure_mesh()
            .disable_y_mesh()
            .disable_y_axis()
            .light_line_style(WHITE)
            .x_desc("accuracy, per cent: validation (bar) and test (line)")
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 16))
            .draw()?;
        for (i, trial) in trials.iter().enumerate() {
            let (top, [validation, test]) =
                (i as f32, [&trial.validation, &trial.test].map(|score| score.accuracy().max(LEAST)));
            let bar = [(LEAST, top + 0.15), (validation, top + 0.85)];
            let line = [(test - 0.1, top + 0.05), (test + 0.1, top + 0.95)];
            chart.draw_series([Rectangle::new(bar, BLUE.filled())])?;
            chart.draw_series([Rectangle::new(line, ORANGE.filled())])?;
            let y = chart.plotting_area().map_coordinate(&(LEAST, top + 0.15)).1;
            let corner = area.get_pixel_range();
            area.draw(&Text::new(trial.name.clone(), (16, y - corner.1.start), ("sans-serif", 14)))?;
        }
        Ok(())
    })
}
