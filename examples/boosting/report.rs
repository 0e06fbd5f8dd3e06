//! What is said: a table on standard output, and the curves as a picture.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use crate::common::figure::{self, BLUE, Curve, ORANGE, SeriesLabelPosition, bounds, decades, panel};
use crate::data::{TEST, TRAINING};
use crate::ensemble::{Round, Score};
use crate::labels::Labels;

/// So many lines a table has, more or less.
const LINES: usize = 20;

/// The means of several histories, round by round.
pub fn mean(histories: &[Vec<Round>]) -> Vec<Round> {
    let of = |round: usize, part: fn(&Round) -> Score| {
        let mean = |quantity: fn(Score) -> f64| {
            histories.iter().map(|history| quantity(part(&history[round]))).sum::<f64>() / histories.len() as f64
        };
        Score { loss: mean(|score| score.loss), accuracy: mean(|score| score.accuracy) }
    };
    let rounds = 0..histories[0].len();
    rounds
        .map(|round| Round { training: of(round, |round| round.training), test: of(round, |round| round.test) })
        .collect()
}

pub fn table(out: &mut impl Write, labels: Labels, history: &[Round]) -> io::Result<()> {
    let (name, quantity) = (labels.loss.spec().name(), labels.quantity());
    writeln!(out, "{name}; {TRAINING} tumours to learn from, {TEST} to test, means of {} splits", crate::SPLITS)?;
    let headings = [("training", quantity), ("training", "accuracy"), ("test", quantity), ("test", "accuracy")];
    let headings = headings.map(|(set, quantity)| format!("{set} {quantity}"));
    writeln!(out, "round  {:>17}  {:>17}  {:>17}  {:>17}", headings[0], headings[1], headings[2], headings[3])?;
    let last = history.len() - 1;
    for round in (0..last).step_by(last.div_ceil(LINES)).chain([last]) {
        let Round { training, test } = history[round];
        let accuracies = (percent(training.accuracy), percent(test.accuracy));
        writeln!(
            out,
            "{round:5}  {:17.4}  {:15.2} %  {:17.4}  {:15.2} %",
            training.loss, accuracies.0, test.loss, accuracies.1
        )?;
    }
    Ok(())
}

/// The test accuracy of each split, and their mean.
pub fn accuracies(out: &mut impl Write, histories: &[Vec<Round>]) -> io::Result<()> {
    let last = histories[0].len() - 1;
    let each: Vec<f64> = histories.iter().map(|history| percent(history[last].test.accuracy)).collect();
    for (split, accuracy) in (1..).zip(&each) {
        writeln!(out, "split {split}: test accuracy {accuracy:.2} %")?;
    }
    writeln!(out, "mean test accuracy {:.2} %", each.iter().sum::<f64>() / each.len() as f64)
}

fn percent(part: f64) -> f64 {
    100.0 * part
}

/// Draws loss and accuracy over the rounds.
pub fn draw(path: &Path, labels: Labels, history: &[Round]) -> Result<(), Box<dyn Error>> {
    let name = labels.loss.spec().name();
    figure::draw(path, &format!("Boosting by {name}"), 2, |panels| {
        let losses = curves(history, |score| figure::cut(score.loss as f32));
        let upper = SeriesLabelPosition::UpperRight;
        panel(&panels[0], ("round", 0), &format!("mean {}", labels.quantity()), decades(&losses), upper, &losses)?;

        let accuracies = curves(history, |score| percent(score.accuracy) as f32);
        let (least, _) = bounds(&accuracies);
        let lower = SeriesLabelPosition::LowerRight;
        panel(&panels[1], ("round", 0), "accuracy, per cent", least - 0.5..100.5, lower, &accuracies)
    })
}

fn curves(history: &[Round], quantity: fn(&Score) -> f32) -> [Curve; 2] {
    let training = history.iter().map(|round| quantity(&round.training)).collect();
    let test = history.iter().map(|round| quantity(&round.test)).collect();
    [("training", BLUE, training), ("test", ORANGE, test)]
}
