//! Gradient boosting: small trees, each of which corrects the sum of those before it. The crate's losses give it
//! gradient and curvature.
//!
//! `cargo run --release --example boosting -- [--loss NAME] [--rounds N] [--rate F] [--seed N] [--figure FILE]`
//!
//! 30 measurements of a tumour -> is it benign? Trees have two levels of questions ("is the largest radius below 16.8?")
//! and so four leaves. A sample's score is a constant plus the sum of the leaves that it falls into, times the learning
//! rate; tree.rs has the argument for where to split and what a leaf says, labels.rs what a loss takes a score for.
//!
//! 114 of 569 tumours are set aside to test. This is done five times over, at random; the table that goes to standard
//! output has the means of the five, and so have the curves in target/boosting.svg. With a loss that is a cross-entropy,
//! as the usual one, they are log-losses.
//!
//! The same options give the same output, to the digit.

#[path = "../common/mod.rs"]
mod common;
mod data;
mod ensemble;
mod labels;
mod report;
mod tree;

use std::error::Error;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

use common::command::{self, within};
use data::Data;
use labels::Labels;

/// Trees learn to tell benign tumours.
#[derive(Parser)]
#[command(name = "boosting")]
struct Options {
    /// Loss of a score, by name
    #[arg(long, value_name = "NAME", default_value = "binary_cross_entropy_with_logits", value_parser = Labels::of_loss)]
    loss: Labels,
    /// Trees
    #[arg(long, value_name = "N", default_value_t = 100, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=1000_usize, "whole number"))]
    rounds: usize,
    /// Learning rate: the part of a leaf that counts
    #[arg(long, value_name = "F", default_value_t = 0.2, allow_hyphen_values = true)]
    #[arg(value_parser = within(1e-3..=1.0_f64, "number"))]
    rate: f64,
    /// Seed of the five splits into training and test
    #[arg(long, value_name = "N", default_value_t = 1, allow_hyphen_values = true)]
    #[arg(value_parser = within(0..=u64::MAX, "whole number"))]
    seed: u64,
    /// Where to draw loss and accuracy
    #[arg(long, value_name = "FILE", default_value = "target/boosting.svg")]
    figure: PathBuf,
}

const SPLITS: usize = 5;

fn main() -> ExitCode {
    command::main(run)
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(options.seed);
    let histories: Vec<_> = (0..SPLITS)
        .map(|_| ensemble::learn(&Data::split(&mut rng), options.loss, options.rounds, options.rate))
        .collect();
    let mean = report::mean(&histories);

    let mut out = io::stdout().lock();
    report::table(&mut out, options.loss, &mean)?;
    report::accuracies(&mut out, &histories)?;
    report::draw(&options.figure, options.loss, &mean)?;
    writeln!(out, "curves in {}", options.figure.display())?;
    Ok(())
}
