//! The error of f32 over the line of its numbers: for each few binades the largest of a sample.

use slopes::ErrorBound;

use crate::common::{Exact, Number, Random, SLACK};
use crate::panel::EDGES;
use crate::svg::{COLOURS, PathData, group, label, text};

/// The exponents of f32, 0 to 254 in its bits, are cut into intervals of this many, for either sign.
const BINADES: u32 = 5;
const INTERVALS: u32 = 255 / BINADES;
/// Numbers of an interval that are tried.
const SAMPLES: usize = 4096;

/// The orders in labels.
pub const SYMBOLS: [&str; 3] = ["f", "f&#8242;", "f&#8243;"];

/// Numbers on the line, and their labels.
const TICKS: [(f32, &str); 7] = [
    (-1e20, "&#8722;10&#178;&#8304;"),
    (-1.0, "&#8722;1"),
    (-1e-20, "&#8722;10&#8315;&#178;&#8304;"),
    (0.0, "0"),
    (1e-20, "10&#8315;&#178;&#8304;"),
    (1.0, "1"),
    (1e20, "10&#178;&#8304;"),
];

/// The height of a strip, and the distance from the top of one to that of the next.
const HEIGHT: f64 = 24.0;
const PITCH: f64 = 31.0;

/// For each interval from the most negative numbers to the largest: numbers in it, ascending in magnitude.
fn intervals() -> impl Iterator<Item = Vec<f32>> {
    let of = |negative: bool, i: u32| {
        let mut random = Random(u64::from(i));
        let (first, count) = ((i * BINADES) << 23, u64::from(BINADES << 23));
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
            let (worst, i) = (0..x.len()).map(|i| (error(i), i)).max_by(|a, b| a.0.total_cmp(&b.0)).expect("samples");
            assert!(
                worst <= bounds.ulp[order] + SLACK,
                "order {order}: {worst} ulp at {:e}: {:e}, not {:e}",
                x[i],
                got[order][i],
                exact[order][i],
            );
            largest[order].push(worst);
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

/// The strips from `top` down, one for each order that is not exact, and the height of them all.
pub fn strips(top: f64, over: &str, bounds: ErrorBound, errors: &[Vec<f64>; 3]) -> (String, f64) {
    let (exact, rounded): (Vec<usize>, Vec<usize>) = (0..3).partition(|&order| bounds.ulp[order] == 0.0);
    let exact: Vec<_> = exact.into_iter().map(|order| SYMBOLS[order]).collect();
    let exact = match exact[..] {
        [] => String::new(),
        [one] => format!("{one} is exact in f32"),
        [one, two] => format!("{one} and {two} are exact in f32"),
        _ => "f, f&#8242; and f&#8243; are exact in f32".into(),
    };
    if rounded.is_empty() {
        return (text(4.0, top + 10.0, "start", &exact), 18.0);
    }
    let mut body = text(4.0, top + 10.0, "start", &format!("f32 errors over {over}, and bounds, in ulp"));
    let [left, right] = EDGES.map(|edge| (edge * 10.0) as i64);
    let (mut lines, mut frames) = (String::new(), String::new());
    let mut base = top + 20.0 - (PITCH - HEIGHT);
    for order in rounded {
        base += PITCH;
        let bound = bounds.ulp[order];
        lines += &area(&errors[order], base, (HEIGHT - 4.0) / bound, order);
        frames += &format!("M{left} {}H{right}", tenths(base));
        let y = base - HEIGHT + 4.0;
        lines += &format!(
            "<path stroke=\"currentColor\" stroke-width=\"9\" stroke-dasharray=\"40 30\" d=\"M{left} {}H{right}\"/>\n",
            tenths(y),
        );
        body += &text(EDGES[0] - 7.0, base - 7.0, "end", SYMBOLS[order]);
        body += &text(EDGES[1] + 5.0, y + 4.0, "start", &label(bound));
    }
    for (x, label) in TICKS {
        let x = place(x);
        frames += &format!("M{} {}v40", tenths(x), tenths(base));
        body += &text(x, base + 15.0, "middle", label);
    }
    let frame = format!("<path stroke=\"currentColor\" stroke-opacity=\".45\" stroke-width=\"8\" d=\"{frames}\"/>\n");
    let mut height = base + 20.0 - top;
    if !exact.is_empty() {
        height += 16.0;
        body += &text(4.0, base + 32.0, "start", &exact);
    }
    (format!("{}{body}", group(&(lines + &frame))), height)
}

/// The errors as steps of an area above `base`, `unit` high for one ulp.
fn area(errors: &[f64], base: f64, unit: f64, colour: usize) -> String {
    let [left, right] = EDGES;
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
    format!("<path style=\"fill:{}\" fill-opacity=\".7\" d=\"{}\"/>\n", COLOURS[colour], area.data())
}

fn tenths(x: f64) -> i64 {
    (x * 10.0).round() as i64
}
