//! What is said: a table on standard output, and the curves as a picture.

use std::error::Error;
use std::io::{self, Write};
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

use crate::data::{TEST, TRAINING, VALIDATION};
use crate::task::Score;

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
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let picture = SVGBackend::new(path, (800, 800)).into_drawing_area();
    picture.fill(&WHITE)?;
    let title = format!("Handwritten digits: {network}");
    let (upper, lower) = picture.margin(8, 0, 0, 0).titled(&title, ("sans-serif", 24))?.split_vertically(380);

    // A logarithmic axis has no place for zero, nor a picture for what went astray.
    let losses = curves(history, |score| score.loss().clamp(1e-6, 1e6));
    let (least, greatest) = bounds(&losses);
    let decades = 10_f32.powf(least.log10().floor()) / 1.3..10_f32.powf(greatest.log10().floor() + 1.0);
    panel(&upper, "mean loss", decades.log_scale(), SeriesLabelPosition::UpperRight, &losses)?;

    let accuracies = curves(history, Score::accuracy);
    let (least, _) = bounds(&accuracies);
    panel(&lower, "accuracy, per cent", least - 0.5..100.5, SeriesLabelPosition::LowerRight, &accuracies)?;
    picture.present()?;
    Ok(())
}

/// A curve, its name and its colour.
type Curve = (&'static str, RGBColor, Vec<f32>);

fn curves(history: &[Epoch], quantity: fn(&Score) -> f32) -> [Curve; 2] {
    let training = history.iter().map(|epoch| quantity(&epoch.training)).collect();
    let validation = history.iter().map(|epoch| quantity(&epoch.validation)).collect();
    [("training", RGBColor(31, 119, 180), training), ("validation", RGBColor(214, 96, 20), validation)]
}

fn bounds(curves: &[Curve]) -> (f32, f32) {
    let values = curves.iter().flat_map(|(_, _, values)| values);
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, greatest), &value| (least.min(value), greatest.max(value)))
}

/// Curves over the epochs.
fn panel<Y>(
    area: &DrawingArea<SVGBackend, Shift>,
    quantity: &str,
    range: Y,
    legend: SeriesLabelPosition,
    curves: &[Curve],
) -> Result<(), Box<dyn Error>>
where
    Y: AsRangedCoord<Value = f32>,
    Y::CoordDescType: ValueFormatter<f32>,
{
    let epochs = curves[0].2.len();
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0..epochs, range)?;
    chart
        .configure_mesh()
        .x_desc("epoch")
        .y_desc(quantity)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .light_line_style(WHITE)
        .y_labels(6)
        .draw()?;
    for (name, color, values) in curves {
        let points = (1..).zip(values.iter().copied());
        chart.draw_series(points.clone().map(|point| Circle::new(point, 3, color.filled())))?;
        chart
            .draw_series(LineSeries::new(points, color.stroke_width(2)))?
            .label(*name)
            .legend(|(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2)));
    }
    chart
        .configure_series_labels()
        .position(legend)
        .label_font(("sans-serif", 14))
        .background_style(WHITE)
        .border_style(BLACK)
        .draw()?;
    Ok(())
}
