//! The pictures of functions of one number and of losses of pairs.

use slopes::activation::{Activation, gain};
use slopes::loss::Loss;
use slopes::{Element, Spec};

use crate::common::ORDERS;
use crate::curves::Curve;
use crate::errors::{measured, strips};
use crate::gallery::Thumbnail;
use crate::panel::Axes;
use crate::svg::{dot, figure, group, label, legend};

/// What a picture shows of a function.
struct Plot<'a> {
    spec: &'a Spec,
    /// What the function is of, in the description, and at the axis.
    argument: &'a str,
    axis: &'a str,
    /// What the errors are over.
    measured_over: &'a str,
    /// The value and the derivatives.
    f: [&'a dyn Fn(f64) -> f64; 3],
    x: [f64; 2],
    kinks: &'a [f64],
    limits: [[f64; 2]; 3],
    errors: [Vec<f64>; 3],
}

const TOP: f64 = 28.0;
const BOTTOM: f64 = 208.0;

impl Plot<'_> {
    fn html(&self) -> String {
        let axes = Axes { x: self.x, y: window(&self.f, self.x, self.kinks, self.spec), bottom: BOTTOM, top: TOP };
        let height = axes.y[1] - axes.y[0];
        let curves = self.f.map(|f| Curve::new(f, self.x, self.kinks, height));
        let mut lines = String::new();
        for order in (0..3).rev() {
            lines += &axes.line(&curves[order], order);
        }
        let mut has_kinks = false;
        for order in (0..3).rev() {
            lines += &axes.ends(&curves[order], self.f[order], order);
        }
        for &kink in self.kinks {
            let y = self.f[0](kink);
            if (axes.y[0]..=axes.y[1]).contains(&y) && curves[0].jumps.iter().all(|jump| jump.0 != kink) {
                let (x, y) = axes.place((kink, y));
                lines += &dot(x, y, true, 0);
                has_kinks = true;
            }
        }
        let limits = self.limits;
        let taken: Vec<f64> = axes.limits_to_mark(limits)[0].clone();
        let (strips, strips_height) = strips(BOTTOM + 44.0, self.measured_over, self.spec.f32, &self.errors);
        let names = ["value f", "derivative f&#8242;", "second derivative f&#8243;"];
        let body = [
            legend(&names, has_kinks, 14.0),
            axes.frame(self.axis, &taken),
            axes.limits(limits),
            group(&lines),
            strips,
        ];
        let title = format!("Plot of {}", self.spec.name());
        figure(BOTTOM + 44.0 + strips_height, &title, &self.description(&curves), &body.concat())
    }

    /// What the picture shows, in words.
    fn description(&self, curves: &[Curve; 3]) -> String {
        let [low, high] = self.x.map(label);
        let mut text = format!("Curves over {} from {low} to {high}.", self.argument);
        for (order, curve) in curves.iter().enumerate() {
            let [least, greatest] = curve.range().map(label);
            let name = ORDERS[order].replace('_', " ");
            text += &format!(" The {name} is from {least} to {greatest}");
            let limit = |x: f64| match x {
                f64::INFINITY => "infinity".into(),
                f64::NEG_INFINITY => "&#8722;infinity".into(),
                _ => label(x),
            };
            text += &match self.limits[order] {
                [left, right] if !left.is_nan() && !right.is_nan() => {
                    format!(", with limits {} and {}", limit(left), limit(right))
                }
                _ => String::new(),
            };
            text += &match curve.jumps.len() {
                0 => ".".into(),
                _ => {
                    let places: Vec<_> = curve.jumps.iter().map(|jump| label(jump.0)).collect();
                    format!("; it jumps at {}.", places.join(" and "))
                }
            };
        }
        if !self.kinks.is_empty() {
            let places: Vec<_> = self.kinks.iter().map(|&kink| label(kink)).collect();
            text += &format!(" Kinks at {}.", places.join(" and "));
        }
        let worst = self.errors.each_ref().map(|errors| format!("{:.2}", errors.iter().copied().fold(0.0, f64::max)));
        let bounds = self.spec.f32.ulp.map(label);
        text + &format!(
            " Below, the largest errors of a sample in f32: {}, {} and {} ulp; the bounds are {}, {} and {} ulp.",
            worst[0], worst[1], worst[2], bounds[0], bounds[1], bounds[2],
        )
    }
}

/// The lower and the upper edge: everything, but what is beyond the width of the picture.
fn window(f: &[&dyn Fn(f64) -> f64], x: [f64; 2], kinks: &[f64], spec: &Spec) -> [f64; 2] {
    let ranges: Vec<_> = f.iter().map(|f| Curve::new(f, x, kinks, f64::INFINITY).range()).collect();
    let [least, greatest] = spec.range;
    let is_bounded = greatest - least < 1e3;
    // A loss in per cent has large derivatives everywhere.
    let is_steep = x.iter().all(|&x| f[1](x).abs() >= 50.0);
    let scale = if is_steep { 100.0 } else { 1.0 };
    let most = 0.6 * ((x[1] - x[0]) / 2.0).max(4.0) * scale;
    let most = if is_bounded { most.max(greatest.abs()).max(least.abs()) } else { most };
    let low = ranges.iter().map(|range| range[0]).fold(0.0, f64::min).max(-most);
    let high = ranges.iter().map(|range| range[1]).fold(0.0, f64::max).min(most.max(ranges[0][0] + most / 2.0));
    // The curves are not at the frame, and one that is 0 is seen.
    let margin = 0.06 * (high - low);
    [low - margin, high + margin]
}

/// Half the width of the picture of an activation: its kinks are inside, and most of the way to its limits.
fn half_width(f: &dyn Activation<f64>, spec: &Spec) -> f64 {
    let is_near = |x: f64, limit: f64| {
        !limit.is_finite()
            || (f.forward(x) - limit).abs() <= 0.2 * (spec.range[1] - spec.range[0]).min(10.0 * limit.abs() + 1.0)
    };
    let fits = |width: &f64| {
        spec.kinks.iter().all(|kink| kink.abs() <= 0.7 * width)
            && is_near(-width, spec.limits[0][0])
            && is_near(*width, spec.limits[0][1])
    };
    [5.0, 10.0, 20.0, 50.0, 100.0].into_iter().find(fits).expect("a width")
}

/// The picture of an activation: `f` in f32, with its `reference`, and in f64; and its gain.
pub fn activation(f: &dyn Activation<f32>, reference: &dyn Activation<f64>, wide: &dyn Activation<f64>) -> String {
    fn three<T: Element>(f: &dyn Activation<T>, x: &[T]) -> [Vec<T>; 3] {
        let mut y = ORDERS.map(|_| vec![T::zero(); x.len()]);
        f.forward_slice(x, &mut y[0]);
        f.derivative_slice(x, &mut y[1]);
        f.second_derivative_slice(x, &mut y[2]);
        y
    }
    let spec = f.spec();
    let absolute = |order: usize, x: f64| spec.absolute_at(spec.f32, order, x);
    let errors = measured(&|x| three(f, x), &|x| three(reference, x), spec.f32, &absolute);
    let width = half_width(wide, spec);
    let plot = Plot {
        spec,
        argument: "x",
        axis: "x",
        measured_over: "x",
        f: [&|x| wide.forward(x), &|x| wide.derivative(x), &|x| wide.second_derivative(x)],
        x: [-width, width],
        kinks: spec.kinks,
        limits: spec.limits,
        errors,
    };
    format!("{}\n[Gain](crate::activation::gain): {:.6}\n", plot.html(), gain(wide))
}

/// The small picture of an activation.
pub fn small_activation(f: &dyn Activation<f64>) -> Thumbnail {
    let spec = f.spec();
    let width = half_width(f, spec);
    let (orders, x): ([&dyn Fn(f64) -> f64; 2], _) = ([&|x| f.forward(x), &|x| f.derivative(x)], [-width, width]);
    Thumbnail::new(spec.name(), orders, x, window(&orders, x, spec.kinks, spec), spec.kinks)
}

/// The axis of a loss of a residual begins with it.
const RESIDUAL: &str = "prediction &#8722; target";

/// The target in the picture of a loss, and what the axis says.
fn target(spec: &Spec) -> (f64, String) {
    let formula = spec.formulas[0];
    match spec.name() {
        "mape" => (1.0, "prediction &#8722; target, at target 1".into()),
        "hinge_embedding" => (-1.0, "prediction, at target &#8722;1".into()),
        "kl_divergence" | "kl_divergence_from_log" => (0.5, "prediction, at target 0.5".into()),
        "kl_divergence_of_logs" => (-1.0, "prediction, at target &#8722;1".into()),
        _ if formula.contains("prediction - target") => (0.0, "prediction &#8722; target".into()),
        _ if formula.contains("prediction * target") => (1.0, "margin: prediction &#215; target".into()),
        _ => (1.0, "prediction, at target 1".into()),
    }
}

/// A loss at one target, as functions of what the axis of its picture has.
struct AtTarget<'a> {
    loss: &'a dyn Loss<f64>,
    target: f64,
    /// The target if the axis has residuals, else 0.
    shift: f64,
    axis: String,
    kinks: Vec<f64>,
}

impl<'a> AtTarget<'a> {
    fn new(loss: &'a dyn Loss<f64>) -> Self {
        let spec = loss.spec();
        let (target, axis) = target(spec);
        // Kinks are at residuals and at margins.
        let sign = if spec.name() == "hinge_embedding" { -1.0 } else { 1.0 };
        let kinks = spec.kinks.iter().map(|&kink| sign * kink).collect();
        let shift = if axis.starts_with(RESIDUAL) { target } else { 0.0 };
        AtTarget { loss, target, shift, axis, kinks }
    }

    fn order(&self, order: usize) -> impl Fn(f64) -> f64 {
        move |x| {
            let (x, y) = (x + self.shift, self.target);
            match order {
                0 => self.loss.forward(x, y),
                1 => self.loss.derivative(x, y),
                _ => self.loss.second_derivative(x, y),
            }
        }
    }
}

/// The small picture of a loss of pairs.
pub fn small_loss(loss: &dyn Loss<f64>) -> Thumbnail {
    let at = AtTarget::new(loss);
    let (value, derivative) = (at.order(0), at.order(1));
    let (orders, x): ([&dyn Fn(f64) -> f64; 2], _) = ([&value, &derivative], domain(&value));
    Thumbnail::new(loss.spec().name(), orders, x, window(&orders, x, &at.kinks, loss.spec()), &at.kinks)
}

/// The picture of a loss of pairs, at one target.
pub fn loss(f: &dyn Loss<f32>, reference: &dyn Loss<f64>, wide: &dyn Loss<f64>) -> String {
    fn three<T: Element>(f: &dyn Loss<T>, x: &[T], target: T) -> [Vec<T>; 3] {
        let pairs = |order: fn(&dyn Loss<T>, T, T) -> T| x.iter().map(|&x| order(f, x, target)).collect();
        [
            pairs(|f, x, y| f.forward(x, y)),
            pairs(|f, x, y| f.derivative(x, y)),
            pairs(|f, x, y| f.second_derivative(x, y)),
        ]
    }
    let (spec, at) = (f.spec(), AtTarget::new(wide));
    // Residuals are rounded unless the target is 0, and at 1 many are rounded to the kinks of some losses.
    let measured_at = if at.axis.starts_with(RESIDUAL) { f64::from(0.3_f32) } else { at.target };
    let absolute = |order: usize, x: f64| spec.absolute_of_pair(spec.f32, order, x, measured_at);
    let in_f32 = |x: &[f32]| three(f, x, measured_at as f32);
    let errors = measured(&in_f32, &|x| three(reference, x, measured_at), spec.f32, &absolute);
    let (value, derivative, second) = (at.order(0), at.order(1), at.order(2));
    let orders: [&dyn Fn(f64) -> f64; 3] = [&value, &derivative, &second];
    let limits = [0, 1, 2].map(|order| {
        let [left, right] = spec.limits[order];
        // What is declared is of one target, which need not be that of the picture.
        let is_here = |limit: f64, x: f64| limit.is_infinite() || (orders[order](x) - limit).abs() < 1e-6;
        [if is_here(left, -1e12) { left } else { f64::NAN }, if is_here(right, 1e12) { right } else { f64::NAN }]
    });
    Plot {
        spec,
        argument: &at.axis,
        axis: &at.axis,
        measured_over: &format!("predictions at target {}", label(measured_at)),
        f: orders,
        x: domain(&value),
        kinks: &at.kinks,
        limits,
        errors,
    }
    .html()
}

/// The numbers from -4 to 4 that a loss takes.
fn domain(f: &dyn Fn(f64) -> f64) -> [f64; 2] {
    let takes = |x: f64| !f(x).is_nan();
    let numbers: Vec<f64> = (-64..=64).map(|i| f64::from(i) / 16.0).filter(|&x| takes(x)).collect();
    [numbers[0], numbers[numbers.len() - 1]]
}
