//! Curves of a function: where it is smooth, where it jumps, and what of it a window shows.

/// Intervals that a curve is first cut into.
const STEPS: usize = 480;

/// A function on an interval: pieces without jumps, each a list of points.
pub struct Curve {
    pub pieces: Vec<Vec<(f64, f64)>>,
    /// Where it jumps: the place, and the values on either side.
    pub jumps: Vec<(f64, [f64; 2])>,
}

impl Curve {
    /// The curve of `f` from `low` to `high`, where it is a number; `height` is what a change is small beside.
    pub fn new(f: &dyn Fn(f64) -> f64, [low, high]: [f64; 2], kinks: &[f64], height: f64) -> Curve {
        let mut places: Vec<f64> = (0..=STEPS).map(|i| low + (high - low) * i as f64 / STEPS as f64).collect();
        places.extend(kinks.iter().flat_map(|&kink| [kink.next_down(), kink, kink.next_up()]));
        places.retain(|x| (low..=high).contains(x));
        places.sort_by(f64::total_cmp);
        let mut curve = Curve { pieces: vec![vec![]], jumps: vec![] };
        let mut last: Option<(f64, f64)> = None;
        for x in places {
            let y = f(x);
            if !y.is_finite() {
                last = None;
                curve.pieces.push(vec![]);
                continue;
            }
            if let Some((x0, y0)) = last
                && (y - y0).abs() > 0.01 * height
                && let Some([a, b]) = jump(f, (x0, y0), (x, y), 0.01 * height)
            {
                curve.piece().push(a);
                curve.pieces.push(vec![b]);
                // Functions jump at numbers of few bits. Between one and its neighbours there is a jump, or there are
                // two, which are the same to the eye.
                let at = (b.0 * 64.0).round() / 64.0;
                let at = if (at - b.0).abs() < 1e-9 { at } else { b.0 };
                match curve.jumps.last_mut() {
                    Some((place, [_, after])) if *place == at => *after = b.1,
                    _ => curve.jumps.push((at, [a.1, b.1])),
                }
            }
            curve.piece().push((x, y));
            last = Some((x, y));
        }
        curve.pieces.retain(|piece| piece.len() > 1);
        curve
    }

    fn piece(&mut self) -> &mut Vec<(f64, f64)> {
        self.pieces.last_mut().expect("there is a first one")
    }

    /// The least and the greatest value.
    pub fn range(&self) -> [f64; 2] {
        let values = self.pieces.iter().flatten().map(|point| point.1);
        values.fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], y| [low.min(y), high.max(y)])
    }
}

/// The two sides of a jump of more than `least` between two points, if there is one.
fn jump(f: &dyn Fn(f64) -> f64, mut a: (f64, f64), mut b: (f64, f64), least: f64) -> Option<[(f64, f64); 2]> {
    for _ in 0..60 {
        let x = a.0 + (b.0 - a.0) / 2.0;
        let middle = (x, f(x));
        if (middle.1 - a.1).abs() > (b.1 - middle.1).abs() {
            b = middle;
        } else {
            a = middle;
        }
        if (b.1 - a.1).abs() <= least {
            return None;
        }
    }
    Some([a, b])
}

/// The parts of a line of points whose second coordinates are from `low` to `high`.
pub fn clipped(points: &[(f64, f64)], [low, high]: [f64; 2]) -> Vec<Vec<(f64, f64)>> {
    let inside = |y: f64| (low..=high).contains(&y);
    let mut parts: Vec<Vec<(f64, f64)>> = vec![];
    let mut is_open = false;
    for pair in points.windows(2) {
        let [(x0, y0), (x1, y1)] = [pair[0], pair[1]];
        let at = |y: f64| (x0 + (x1 - x0) * (y - y0) / (y1 - y0), y);
        let (from, to) = match (inside(y0), inside(y1)) {
            (true, true) => (pair[0], pair[1]),
            (true, false) => (pair[0], at(if y1 > high { high } else { low })),
            (false, true) => (at(if y0 > high { high } else { low }), pair[1]),
            (false, false) if y0.max(y1) > high && y0.min(y1) < low => {
                (at(if y0 > high { high } else { low }), at(if y1 > high { high } else { low }))
            }
            (false, false) => {
                is_open = false;
                continue;
            }
        };
        if !is_open {
            parts.push(vec![from]);
        }
        parts.last_mut().expect("one is open").push(to);
        is_open = inside(y1);
    }
    parts
}

/// The points without those that are within `tolerance` of the line between their neighbours (Douglas and Peucker).
pub fn simplified(points: &[(f64, f64)], tolerance: f64) -> Vec<(f64, f64)> {
    let [first, .., last] = points else { return points.to_vec() };
    let (dx, dy) = (last.0 - first.0, last.1 - first.1);
    let length = (dx * dx + dy * dy).sqrt();
    let distance = |point: &(f64, f64)| {
        let (x, y) = (point.0 - first.0, point.1 - first.1);
        if length == 0.0 { (x * x + y * y).sqrt() } else { (x * dy - y * dx).abs() / length }
    };
    let (mut worst, mut index) = (0.0, 0);
    for (i, point) in points.iter().enumerate() {
        if distance(point) > worst {
            (worst, index) = (distance(point), i);
        }
    }
    if worst <= tolerance {
        return vec![*first, *last];
    }
    let mut simple = simplified(&points[..=index], tolerance);
    simple.pop();
    simple.extend(simplified(&points[index..], tolerance));
    simple
}
