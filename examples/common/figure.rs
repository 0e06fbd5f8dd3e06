//! Pictures.

use std::error::Error;
use std::path::Path;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{AsRangedCoord, ValueFormatter};
use plotters::prelude::*;

pub use plotters::prelude::{IntoLogRange, SeriesLabelPosition};

pub const BLUE: RGBColor = RGBColor(31, 119, 180);
pub const ORANGE: RGBColor = RGBColor(214, 96, 20);

/// Colours of curves, in their order.
pub const COLORS: [RGBColor; 8] = [
    BLUE,
    ORANGE,
    RGBColor(44, 140, 44),
    RGBColor(190, 40, 40),
    RGBColor(128, 90, 180),
    RGBColor(120, 80, 70),
    RGBColor(200, 80, 170),
    RGBColor(90, 90, 90),
];

/// A part of a picture.
pub type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;

/// A curve: its name, its colour, and its values, one a step.
pub type Curve = (&'static str, RGBColor, Vec<f32>);

/// Draws panels of the same height, one below the other.
pub fn draw(
    path: &Path,
    title: &str,
    count: usize,
    panels: impl FnOnce(&[Area]) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    draw_area(path, title, 390 * count as u32, |area| panels(&area.split_evenly((count, 1))))
}

/// Draws what has such a height.
pub fn draw_area(
    path: &Path,
    title: &str,
    height: u32,
    content: impl FnOnce(&Area) -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let draw = || -> Result<(), Box<dyn Error>> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let picture = SVGBackend::new(path, (800, 20 + height)).into_drawing_area();
        picture.fill(&WHITE)?;
        content(&picture.margin(8, 0, 0, 0).titled(title, ("sans-serif", 24))?)?;
        picture.present()?;
        Ok(())
    };
    draw().map_err(|error| format!("cannot draw {}: {error}", path.display()).into())
}

/// Whole decades around the values of the curves. A logarithmic axis has no place for zero, nor a picture for what went
/// astray: see [`cut`].
pub fn decades(curves: &[Curve]) -> LogCoord<f32> {
    let (least, greatest) = bounds(curves);
    (10_f32.powf(least.log10().floor()) / 1.3..10_f32.powf(greatest.log10().floor() + 1.0)).log_scale().into()
}

/// The nearest value that a logarithmic axis shows.
pub fn cut(value: f32) -> f32 {
    value.clamp(1e-6, 1e6)
}

/// The least and the greatest value.
pub fn bounds(curves: &[Curve]) -> (f32, f32) {
    let values = curves.iter().flat_map(|(_, _, values)| values);
    values.fold((f32::INFINITY, f32::NEG_INFINITY), |(least, greatest), &value| (least.min(value), greatest.max(value)))
}

/// Curves over the steps, the first of which has the number `first`.
pub fn panel<Y>(
    area: &Area,
    (step, first): (&str, usize),
    quantity: &str,
    range: Y,
    legend: SeriesLabelPosition,
    curves: &[Curve],
) -> Result<(), Box<dyn Error>>
where
    Y: AsRangedCoord<Value = f32>,
    Y::CoordDescType: ValueFormatter<f32>,
{
    let steps = curves[0].2.len();
    let mut chart = ChartBuilder::on(area)
        .margin(12)
        .x_label_area_size(40)
        .y_label_area_size(64)
        .build_cartesian_2d(0..first + steps - 1, range)?;
    chart
        .configure_mesh()
        .x_desc(step)
        .y_desc(quantity)
        .label_style(("sans-serif", 14))
        .axis_desc_style(("sans-serif", 16))
        .light_line_style(WHITE)
        .y_labels(6)
        .draw()?;
    for (name, color, values) in curves {
        let points = (first..).zip(values.iter().copied());
        // Where there are few of them, the points themselves.
        if steps <= 50 {
            chart.draw_series(points.clone().map(|point| Circle::new(point, 3, color.filled())))?;
        }
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
