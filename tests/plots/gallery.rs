//! The galleries of the README: every function of a catalogue in small, as a file that follows the colours of the page.

use crate::curves::{Curve, clipped, simplified};
use crate::svg::{PathData, short};

const COLUMNS: usize = 8;
const CELL: [f64; 2] = [105.0, 122.0];
/// The axes of a cell, below at most three lines of text.
const LEFT: f64 = 5.0;
const RIGHT: f64 = 100.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 112.0;
/// The letters of a line.
const LETTERS: usize = 15;

/// A function in a cell: its name, its lines.
pub struct Thumbnail {
    name: &'static str,
    zeros: PathData,
    value: PathData,
    derivative: PathData,
}

impl Thumbnail {
    pub fn new(
        name: &'static str,
        orders: [&dyn Fn(f64) -> f64; 2],
        x: [f64; 2],
        y: [f64; 2],
        kinks: &[f64],
    ) -> Thumbnail {
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        let place =
            |(px, py): (f64, f64)| (LEFT + (RIGHT - LEFT) * share(px, x), BOTTOM + (TOP - BOTTOM) * share(py, y));
        let [value, derivative] = orders.map(|f| {
            let mut path = PathData::default();
            for piece in Curve::new(f, x, kinks, y[1] - y[0]).pieces {
                for part in clipped(&piece, y) {
                    let places: Vec<_> = part.iter().map(|&point| place(point)).collect();
                    path.polyline(&simplified(&places, 0.15));
                }
            }
            path
        });
        let mut zeros = PathData::default();
        if x[0] < 0.0 {
            zeros.polyline(&[place((0.0, y[1])), place((0.0, y[0]))]);
        }
        zeros.polyline(&[place((x[0], 0.0)), place((x[1], 0.0))]);
        Thumbnail { name, zeros, value, derivative }
    }
}

/// A file with the functions, the value solid and the derivative dashed.
pub fn svg(title: &str, all: impl Iterator<Item = Thumbnail>) -> String {
    let all: Vec<_> = all.collect();
    let width = CELL[0] * COLUMNS as f64;
    let height = CELL[1] * all.len().div_ceil(COLUMNS) as f64;
    let names: Vec<_> = all.iter().map(|f| f.name).collect();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"t d\">\n<title id=\"t\">{title}: value (solid) and derivative (dashed)</title>\n\
         <desc id=\"d\">{}</desc>\n<style>\n\
         text{{font:11px sans-serif;text-anchor:middle;fill:#1f2328}}\n\
         path{{fill:none;stroke-linejoin:round}}\n\
         .z{{stroke:#8c959f;stroke-width:6}}\n.f{{stroke:#1f2328;stroke-width:18}}\n\
         .d{{stroke:#0969da;stroke-width:15;stroke-dasharray:55 35}}\n\
         @media(prefers-color-scheme:dark){{text{{fill:#e6edf3}}.f{{stroke:#e6edf3}}.d{{stroke:#4493f8}}}}\n</style>\n",
        names.join(", "),
    );
    for (i, f) in all.iter().enumerate() {
        let (x, y) = (CELL[0] * (i % COLUMNS) as f64, CELL[1] * (i / COLUMNS) as f64);
        text += &format!("<g transform=\"translate({} {})\">", short(x), short(y));
        let lines = lines(f.name);
        for (line, y) in lines.iter().rev().zip([34, 22, 10]) {
            text += &format!("<text x=\"52\" y=\"{y}\">{line}</text>");
        }
        text += "<g transform=\"scale(.1)\">\n";
        for (class, path) in [("z", &f.zeros), ("d", &f.derivative), ("f", &f.value)] {
            if !path.is_empty() {
                text += &format!("<path class=\"{class}\" d=\"{}\"/>\n", path.data());
            }
        }
        text += "</g></g>\n";
    }
    text + "</svg>\n"
}

/// The name in lines that end after a word.
fn lines(name: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in name.split_inclusive('_') {
        match lines.last_mut() {
            Some(line) if line.is_empty() || line.len() + word.len() <= LETTERS => *line += word,
            _ => lines.push(word.into()),
        }
    }
    lines
}
