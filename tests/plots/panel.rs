//! Axes with curves, ticks, limits and kinks.

use crate::curves::{Curve, clipped, simplified};
use crate::svg::{PathData, WIDTH, dot, label, line_style, short, text};

/// The left and the right edge of axes; beside them are the numbers.
pub const EDGES: [f64; 2] = [40.0, WIDTH - 40.0];

/// How far a line may be from the curve, in units.
const TOLERANCE: f64 = 0.12;

/// Axes: the numbers at their edges, and where the lower and the upper one is in the picture.
pub struct Axes {
    pub x: [f64; 2],
    pub y: [f64; 2],
    pub bottom: f64,
    pub top: f64,
}

/// A step between ticks for at most `most` of them: 1, 2 or 5 times a power of ten.
fn step(low: f64, high: f64, most: f64) -> f64 {
    let steps =
        (-6..9).flat_map(|n| [1.0, 2.0, 5.0].map(|m| if n < 0 { m / TENS[-n as usize] } else { m * TENS[n as usize] }));
    steps.into_iter().find(|step| (high - low) / step <= most).expect("a step")
}

const TENS: [f64; 9] = [1.0, 10.0, 100.0, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8];

impl Axes {
    pub fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        let share = |value: f64, [low, high]: [f64; 2]| (value - low) / (high - low);
        (EDGES[0] + (EDGES[1] - EDGES[0]) * share(x, self.x), self.bottom + (self.top - self.bottom) * share(y, self.y))
    }

    fn shows(&self, y: f64) -> bool {
        (self.y[0]..=self.y[1]).contains(&y)
    }

    /// The frame, the lines at 0 and the ticks, but none beside a number of `taken` on the left edge.
    pub fn frame(&self, x_label: &str, taken: &[f64]) -> String {
        let ([left, right], bottom, top) = (EDGES, self.bottom, self.top);
        let mut lines = PathData::default();
        let mut texts = String::new();
        let (width, height) = (right - left, bottom - top);
        let mut ticks = String::new();
        let by = step(self.x[0], self.x[1], 8.0);
        let mut i = (self.x[0] / by).ceil();
        while i * by <= self.x[1] + by * 1e-9 {
            let (x, _) = self.place((i * by, 0.0));
            ticks += &format!("M{} {}v4", short(x), short(bottom));
            texts += &text(x, bottom + 15.0, "middle", &label(i * by));
            i += 1.0;
        }
        let by = step(self.y[0], self.y[1], 5.0);
        let mut i = (self.y[0] / by).ceil();
        while i * by <= self.y[1] + by * 1e-9 {
            let (_, y) = self.place((0.0, i * by));
            ticks += &format!("M{} {}h-4", short(left), short(y));
            if taken.iter().all(|&other| (self.place((0.0, other)).1 - y).abs() >= 11.0) {
                texts += &text(left - 7.0, y + 4.0, "end", &label(i * by));
            }
            i += 1.0;
        }
        if self.x[0] < 0.0 && self.x[1] > 0.0 {
            let (x, _) = self.place((0.0, 0.0));
            lines.move_to(x, top);
            lines.line_to(x, bottom);
        }
        if self.y[0] < 0.0 && self.y[1] > 0.0 {
            let (_, y) = self.place((0.0, 0.0));
            lines.move_to(left, y);
            lines.line_to(right, y);
        }
        texts += &text((left + right) / 2.0, bottom + 30.0, "middle", x_label);
        format!(
            "<g fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".45\">\n\
             <path stroke-width=\".8\" d=\"M{0} {1}h{2}v{3}h-{2}z{ticks}\"/>\n\
             <path transform=\"scale(.1)\" stroke-width=\"6\" d=\"{4}\"/>\n</g>\n{texts}",
            short(left),
            short(top),
            short(width),
            short(height),
            lines.data(),
        )
    }

    /// The curve in the window.
    pub fn line(&self, curve: &Curve, style: usize) -> String {
        let mut path = PathData::default();
        for piece in &curve.pieces {
            for part in clipped(piece, self.y) {
                let places: Vec<_> = part.iter().map(|&point| self.place(point)).collect();
                path.polyline(&simplified(&places, TOLERANCE));
            }
        }
        if path.is_empty() {
            return String::new();
        }
        format!("<path style=\"{}\" d=\"{}\"/>\n", line_style(style), path.data())
    }

    /// The ends of the curve at its jumps: filled where its value is, else open.
    pub fn ends(&self, curve: &Curve, f: &dyn Fn(f64) -> f64, style: usize) -> String {
        let mut dots = String::new();
        for &(x, sides) in &curve.jumps {
            let value = f(x);
            for side in sides.into_iter().filter(|&side| self.shows(side) && (side - value).abs() > 1e-6) {
                let (x, y) = self.place((x, side));
                dots += &dot(x, y, false, style);
            }
            if self.shows(value) {
                let (x, y) = self.place((x, value));
                dots += &dot(x, y, true, style);
            }
        }
        dots
    }

    /// The finite limits that the window shows, each with its number outside of its edge.
    pub fn limits(&self, limits: [[f64; 2]; 3]) -> String {
        let mut lines = PathData::default();
        let mut texts = String::new();
        for (side, limits) in self.limits_to_mark(limits).into_iter().enumerate() {
            for limit in limits {
                let (_, y) = self.place((0.0, limit));
                let (from, to) = (EDGES[side], (EDGES[0] + EDGES[1]) / 2.0);
                lines.move_to(from, y);
                lines.line_to(to, y);
                let (x, anchor) = if side == 0 { (from - 7.0, "end") } else { (from + 5.0, "start") };
                texts += &text(x, y + 4.0, anchor, &label(limit));
            }
        }
        if lines.is_empty() {
            return String::new();
        }
        format!(
            "<path transform=\"scale(.1)\" fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".6\" stroke-width=\"8\" \
             stroke-dasharray=\"20 30\" d=\"{}\"/>\n{texts}",
            lines.data(),
        )
    }

    /// The limits on either side that have a line: not zeros, and none whose number would be on that of another.
    pub fn limits_to_mark(&self, limits: [[f64; 2]; 3]) -> [Vec<f64>; 2] {
        [0, 1].map(|side| {
            let mut marked: Vec<f64> = vec![];
            for limit in limits.map(|limits| limits[side]) {
                let is_far = |other: &f64| (self.place((0.0, *other)).1 - self.place((0.0, limit)).1).abs() >= 11.0;
                if limit != 0.0 && self.shows(limit) && marked.iter().all(is_far) && is_far(&0.0) {
                    marked.push(limit);
                }
            }
            marked
        })
    }
}
