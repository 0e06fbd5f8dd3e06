//! What is said: a table on standard output, and the curves as a picture.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use crate::common::figure::{self, BLUE, Curve, ORANGE, SeriesLabelPosition, bounds, decades, panel};
use crate::digits::task::Score;
use crate::digits::{TEST, TRAINING, VALIDATION};

/// The scores of an epoch.
pub struct Epoch {
    pub training: Score,
    pub validation: Score,
}

pub fn opening(out: &mut impl Write, network: &str) -> io::Result<()> {
    writeln!(out, "{network}; {TRAINING} images to learn from, {VALIDATION} to validate, {TEST} to test")?;
    writeln!(out, "epoch  training loss  training accuracy  validation loss  validation accuracy")
}

pub fn line(out: &mut impl Write, epoch: usize, Epoch { training, validation }: &Epoch) -> io::Result<()> {
    let losses = (training.loss(), validation.loss());
    let accuracies = (training.accuracy(), validation.accuracy());
    writeln!(out, "{epoch:5}  {:13.4}  {:15.2} %  {:15.4}  {:17.2} %", losses.0, accuracies.0, losses.1, accuracies.1)
}

pub fn closing(out: &mut impl Write, test: &Score) -> io::Result<()> {
    let (correct, count) = (test.correct, test.count);
    writeln!(out, "test loss {:.4}, test accuracy {:.2} % ({correct} of {count})", test.loss(), test.accuracy())
}

/// Draws loss and accuracy over the epochs.
pub fn draw(path: &Path, network: &str, history: &[Epoch]) -> Result<(), Box<dyn Error>> {
    figure::draw(path, &format!("Handwritten digits: {network}"), 2, |panels| {
        let losses = curves(history, |score| figure::cut(score.loss()));
        let upper = SeriesLabelPosition::UpperRight;
        panel(&panels[0], ("epoch", 1), "mean loss", decades(&losses), upper, &losses)?;

        let accuracies = curves(history, Score::accuracy);
        let (least, _) = bounds(&accuracies);
        let lower = SeriesLabelPosition::LowerRight;
        panel(&panels[1], ("epoch", 1), "accuracy, per cent", least - 0.5..100.5, lower, &accuracies)
    })
}

fn curves(history: &[Epoch], quantity: fn(&Score) -> f32) -> [Curve; 2] {
    let training = history.iter().map(|epoch| quantity(&epoch.training)).collect();
    let validation = history.iter().map(|epoch| quantity(&epoch.validation)).collect();
    [("training", BLUE, training), ("validation", ORANGE, validation)]
}
