//! The error of f32 over the line of its numbers: for each few binades the largest of a sample.

use slopes::ErrorBound;

use crate::common::{Exact, Number, Random};
use crate::panel::EDGES;
use crate::svg::{COLOURS, PathData, group, label, short, text};

/// The exponents of f32, 0 to 254 in its bits, are cut into intervals of this many, for either sign.
const BINADES: u32 = 5;
const INTERVALS: u32 = 255 / BINADES;
/// Numbers of an interval that are tried.
const SAMPLES: usize = 4096;

/// The height of a strip, and the distance from the top of one to that of the next.
const HEIGHT: f64 = 24.0;
const PITCH: f64 = 31.0;

/// For each interval from the most negative numbers to the largest: numbers in it, ascending in magnitude.
fn intervals() -> impl Iterator<Item = Vec<f32>> {
    let of = |negative: bool, i: u32| {
        let mut random = Random(u64::from(i));
        let (first, count) = (i * BINADES << 23, u64::from(BINADES << 23));
        let sign = if negative { 1 << 31 } else { 0 };
        (0..SAMPLES).map(|_| f32::from_bits(sign | (first + (random.next() % count) as u32))).collect()
    };
    let negative = (0..INTERVALS).rev().map(move |i| of(true, i));
    negative.chain((0..INTERVALS).map(move |i| of(false, i)))
}

/// The three outputs of a function for slices of its argument.
pub type Outputs<'a, T> = &'a dyn Fn(&[T]) -> [Vec<T>; 3];

/// The largest errors of three orders in each interval, in ulp; where an absolute bound holds and the error is within it
/// but not within the relative bound, that share of the relative bound.
pub fn measured(
    narrow: Outputs<'_, f32>,
    exact: Outputs<'_, f64>,
    bounds: ErrorBound,
    absolute: &dyn Fn(usize, f64) -> f64,
) -> [Vec<f64>; 3] {
    let mut largest: [Vec<f64>; 3] = Default::default();
    for x in intervals() {
        let wide: Vec<f64> = x.iter().map(|&x| x.into()).collect();
        let (got, exact) = (narrow(&x), exact(&wide));
        for order in 0..3 {
            let error = |i: usize| {
                let distance = Exact::from(exact[order][i]).distance(got[order][i]);
                let floor = absolute(order, wide[i]) * f32::unit();
                if distance.ulp > bounds.ulp[order] && distance.absolute <= floor {
                    return bounds.ulp[order] * distance.absolute / floor;
                }
                distance.ulp
            };
            largest[order].push((0..x.len()).map(error).fold(0.0, f64::max));
        }
    }
    largest
}

/// Where a number of f32 is on the line of its bits, from the left edge of the axes to the right one.
fn place(x: f32) -> f64 {
    let share = f64::from(x.abs().to_bits()) / f64::from(255_u32 << 23);
    let [left, right] = EDGES;
    (left + right) / 2.0 + (right - left) / 2.0 * if x < 0.0 { -share } else { share }
}

/// The three strips from `top` down, and the height of them.
pub fn strips(top: f64, argument: &str, bounds: ErrorBound, errors: &[Vec<f64>; 3]) -> (String, f64) {
    let [left, right] = EDGES;
    let mut body = text(left, top + 10.0, "start", &format!(
        "largest errors in f32 over all {argument}, and their bounds, in ulp"
    ));
    let mut lines = String::new();
    let mut frames = String::new();
    for (order, errors) in errors.iter().enumerate() {
        let base = top + 20.0 + PITCH * order as f64 + HEIGHT;
        let bound = bounds.ulp[order];
        // The bound has the same height in each strip.
        let unit = if bound == 0.0 { 0.0 } else { (HEIGHT - 4.0) / bound };
        let mut area = PathData::default();
        area.move_to(left, base);
        let width = (right - left) / errors.len() as f64;
        let mut last = 0.0;
        for (i, &error) in errors.iter().enumerate() {
            let height = (error * unit).min(HEIGHT);
            if (height - last).abs() >= 0.05 {
                area.line_to(left + width * i as f64, base - last);
                area.line_to(left + width * i as f64, base - height);
                last = height;
            }
        }
        area.line_to(right, base - last);
        area.line_to(right, base);
        lines += &format!("<path style=\"fill:{}\" fill-opacity=\".7\" d=\"{}\"/>\n", COLOURS[order], area.data());
        frames += &format!("M{} {}h{}", short(left), short(base), short(right - left));
        body += &text(left - 7.0, base - 7.0, "end", ["f", "f&#8242;", "f&#8243;"][order]);
        if bound == 0.0 {
            body += &text(right + 5.0, base - 7.0, "start", "exact");
        } else {
            let y = base - HEIGHT + 4.0;
            lines += &format!(
                "<path stroke=\"currentColor\" stroke-width=\"9\" stroke-dasharray=\"40 30\" d=\"M{} {}h{}\"/>\n",
                (left * 10.0) as i64,
                (y * 10.0).round() as i64,
                ((right - left) * 10.0) as i64,
            );
            body += &text(right + 5.0, y + 4.0, "start", &label(bound));
        }
    }
    let bottom = top + 20.0 + PITCH * 2.0 + HEIGHT;
    let ticks = [
        (-1e20, "&#8722;10&#8314;&#178;&#8304;"),
        (-1.0, "&#8722;1"),
        (-1e-20, "&#8722;10&#8315;&#178;&#8304;"),
        (0.0, "0"),
        (1e-20, "10&#8315;&#178;&#8304;"),
        (1.0, "1"),
        (1e20, "10&#178;&#8304;"),
    ];
    for (x, label) in ticks {
        let x = place(x);
        frames += &format!("M{} {}v4", short(x), short(bottom));
        body += &text(x, bottom + 15.0, "middle", &label.replace("&#8314;", ""));
    }
    let frame = format!("<path fill=\"none\" stroke=\"currentColor\" stroke-opacity=\".45\" stroke-width=\".8\" d=\"{frames}\"/>\n");
    (format!("{frame}{}{body}", group(&lines)), bottom + 20.0 - top)
}
