//! Two spirals, one within the other: two classes that no straight line separates, how a model of them learns, and a
//! picture of what it has learnt.

use std::error::Error;
use std::f32::consts::PI;
use std::io::Write;
use std::path::Path;

use plotters::prelude::*;
use rand::{Rng, RngExt};
use slopes::activation::{Activation, Sigmoid};
use slopes::loss::{BinaryCrossEntropyWithLogits, Loss};

use crate::common::command::within;
use crate::common::figure::{self, BLUE, ORANGE};
use crate::common::learning::{half_cosine, progress};

/// How often a spiral goes round.
const TURNS: f32 = 1.25;
const NOISE: f32 = 0.04;
/// The picture is of x and y from -EDGE to EDGE.
const EDGE: f32 = 1.2;

/// Points, x and y in turn, and their labels: 1 for the one spiral, 0 for the other.
pub struct Points {
    pub xy: Vec<f32>,
    pub labels: Vec<f32>,
}

impl Points {
    /// So many points, half of them on each spiral.
    pub fn new(count: usize, rng: &mut impl Rng) -> Points {
        let (mut xy, mut labels) = (Vec::new(), Vec::new());
        for i in 0..count {
            let label = (i % 2) as f32;
            // The square root spreads the points evenly over the length of the spiral.
            let radius = 0.15 + 0.85 * rng.random_range(0.0..1.0_f32).sqrt();
            let angle = 2.0 * PI * TURNS * radius + PI * label;
            xy.extend([angle.cos(), angle.sin()].map(|part| radius * part + rng.random_range(-NOISE..NOISE)));
            labels.push(label);
        }
        Points { xy, labels }
    }
}

/// The options of learning.
#[derive(clap::Args)]
pub struct Learning {
    /// Steps of Adam on all points
    #[arg(long, value_name = "N", default_value_t = 1000, allow_hyphen_values = true)]
    #[arg(value_parser = within(1..=100_000_usize, "whole number"))]
    steps: usize,
    /// Learning rate of the first step; it falls to 0 along half a cosine
    #[arg(long, value_name = "F", default_value_t = 0.03, allow_hyphen_values = true)]
    #[arg(value_parser = within(1e-6..=1.0_f32, "number"))]
    rate: f32,
}

/// A model with a logit for each point: positive for label 1.
pub trait Model {
    fn logits(&self, xy: &[f32]) -> Vec<f32>;

    /// The logits, and the gradient in each of the parameters of what has the gradient `d_logits` in the logits.
    fn gradients(&self, xy: &[f32], d_logits: impl FnOnce(&[f32]) -> Vec<f32>) -> Vec<Vec<f32>>;

    fn parameters(&mut self) -> Vec<&mut [f32]>;
}

/// A logit: the weighted sum of the values of some units, and a bias.
pub struct Sum {
    /// The weights, then the bias.
    pub weights: Vec<f32>,
}

impl Sum {
    pub fn units(&self) -> usize {
        self.weights.len() - 1
    }

    /// A logit for each row of values.
    pub fn logits(&self, values: &[f32]) -> Vec<f32> {
        let (bias, weights) = self.weights.split_last().expect("a bias");
        let rows = values.chunks_exact(weights.len());
        rows.map(|row| bias + row.iter().zip(weights).map(|(y, weight)| y * weight).sum::<f32>()).collect()
    }

    /// The gradients in the weights and in the values.
    pub fn backward(&self, values: &[f32], d_logits: &[f32]) -> [Vec<f32>; 2] {
        let units = self.units();
        let (mut d_weights, mut d_values) = (vec![0.0; self.weights.len()], Vec::with_capacity(values.len()));
        for (row, d_logit) in values.chunks_exact(units).zip(d_logits) {
            for (sum, y) in d_weights.iter_mut().zip(row.iter().chain([&1.0])) {
                *sum += d_logit * y;
            }
            d_values.extend(self.weights[..units].iter().map(|weight| d_logit * weight));
        }
        [d_weights, d_values]
    }
}

/// The loss, and the part of the points told right.
pub struct Score {
    pub loss: f64,
    pub accuracy: f64,
}

pub fn score(model: &impl Model, points: &Points) -> Score {
    let logits = model.logits(&points.xy);
    let right = logits.iter().zip(&points.labels).filter(|(logit, label)| (**logit > 0.0) == (**label > 0.5)).count();
    let loss = BinaryCrossEntropyWithLogits::DEFAULT.mean(&logits, &points.labels);
    Score { loss, accuracy: right as f64 / logits.len() as f64 }
}

/// Steps of Adam (arXiv:1412.6980) on all points of the training set, and a table of the scores.
pub fn learn(
    out: &mut impl Write,
    title: &str,
    model: &mut impl Model,
    [training, test]: [&Points; 2],
    &Learning { steps, rate }: &Learning,
) -> Result<(), Box<dyn Error>> {
    writeln!(out, "{title}; {} points to learn from, {} to test", training.labels.len(), test.labels.len())?;
    writeln!(out, "  step  training loss  training accuracy  test loss  test accuracy")?;
    let mut line = |step: usize, [training, test]: [Score; 2]| {
        let accuracies = [&training, &test].map(|score| 100.0 * score.accuracy);
        let (losses, [of_training, of_test]) = ((training.loss, test.loss), accuracies);
        writeln!(out, "{step:6}  {:13.4}  {of_training:15.2} %  {:9.4}  {of_test:11.2} %", losses.0, losses.1)
    };
    let scores = |model: &_| [training, test].map(|points| score(model, points));
    line(0, scores(model))?;

    let mut moments: Vec<_> = model.parameters().iter().map(|part| vec![[0.0; 2]; part.len()]).collect();
    let bar = progress(steps, "steps")?;
    for step in 1..=steps {
        let gradients = model.gradients(&training.xy, |logits| {
            let mut d_logits = vec![0.0; logits.len()];
            BinaryCrossEntropyWithLogits::DEFAULT.mean_with_gradient(logits, &training.labels, &mut d_logits);
            d_logits
        });
        let rate = rate * half_cosine((step - 1) as f32 / steps as f32);
        let [first, second] = [0.9_f32, 0.999].map(|decay| 1.0 - decay.powi(step as i32));
        for ((part, gradient), moments) in model.parameters().into_iter().zip(gradients).zip(&mut moments) {
            for ((parameter, gradient), [mean, square]) in part.iter_mut().zip(gradient).zip(moments) {
                *mean += 0.1 * (gradient - *mean);
                *square += 0.001 * (gradient * gradient - *square);
                *parameter -= rate * (*mean / first) / ((*square / second).sqrt() + 1e-8);
            }
        }
        bar.inc(1);
        if step % steps.div_ceil(10) == 0 || step == steps {
            bar.suspend(|| line(step, scores(model)))?;
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Draws the points, and where the model says which label with which probability.
pub fn draw(
    path: &Path,
    title: &str,
    model: &impl Model,
    points: &Points,
    marks: &[(f32, f32)],
) -> Result<(), Box<dyn Error>> {
    const CELLS: usize = 120;
    /// As many shades as a probability has.
    const SHADES: f32 = 8.0;
    let side = 2.0 * EDGE / CELLS as f32;
    let corner = |cell: usize| -EDGE + side * cell as f32;
    figure::draw_area(path, title, 780, |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(64)
            .build_cartesian_2d(-EDGE..EDGE, -EDGE..EDGE)?;
        for row in 0..CELLS {
            let y = corner(row);
            let centres: Vec<f32> = (0..CELLS).flat_map(|cell| [corner(cell) + side / 2.0, y + side / 2.0]).collect();
            let mut shades = model.logits(&centres);
            Sigmoid.forward_in_place(&mut shades);
            shades.iter_mut().for_each(|p| *p = (*p * SHADES).round() / SHADES);
            // Cells of the same shade that are side by side are one rectangle.
            let mut start = 0;
            for run in shades.chunk_by(|a, b| a == b) {
                let (left, right) = (corner(start), corner(start + run.len()));
                start += run.len();
                let corners = [(left, y), (right, y + side)];
                chart.draw_series([Rectangle::new(corners, shade(run[0]).filled())])?;
            }
        }
        chart
            .configure_mesh()
            .disable_mesh()
            .x_desc("x")
            .y_desc("y")
            .label_style(("sans-serif", 14))
            .axis_desc_style(("sans-serif", 16))
            .draw()?;
        for (name, label, color) in [("label 1", 1.0, ORANGE), ("label 0", 0.0, BLUE)] {
            let of_label = points.xy.chunks_exact(2).zip(&points.labels).filter(|(_, of)| **of == label);
            chart
                .draw_series(of_label.map(|(xy, _)| Circle::new((xy[0], xy[1]), 3, color.filled())))?
                .label(name)
                .legend(move |(x, y)| Circle::new((x + 10, y), 3, color.filled()));
        }
        if !marks.is_empty() {
            chart
                .draw_series(marks.iter().map(|&place| Cross::new(place, 4, BLACK.stroke_width(2))))?
                .label("centres")
                .legend(|(x, y)| Cross::new((x + 10, y), 4, BLACK.stroke_width(2)));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperRight)
            .label_font(("sans-serif", 14))
            .background_style(WHITE)
            .border_style(BLACK)
            .draw()?;
        Ok(())
    })
}

/// From pale blue at 0 over white to pale orange at 1.
fn shade(probability: f32) -> RGBColor {
    let strength = (2.0 * probability - 1.0).abs() * 0.6;
    let RGBColor(r, g, b) = if probability < 0.5 { BLUE } else { ORANGE };
    let [r, g, b] = [r, g, b].map(|part| (255.0 - strength * (255.0 - f32::from(part))) as u8);
    RGBColor(r, g, b)
}
