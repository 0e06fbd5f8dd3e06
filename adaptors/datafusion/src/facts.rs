//! What the optimizer may know of an activation, from its specification: that it keeps the order, and its range.
//!
//! Specifications are those of default parameters, so nothing is said of a function with others.

use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::interval_arithmetic::Interval;
use slopes::activation::{Activation, AnyActivation};

/// The specification, if it is of these parameters.
fn has_default_parameters(f: &AnyActivation) -> bool {
    AnyActivation::by_name(f.spec().name()).is_ok_and(|default| default == *f)
}

/// Whether sorted arguments have sorted values, in the total order that SQL sorts by: -0 before 0.
///
/// Relu is not: 0 for negative arguments, and -0 at -0. Zeros of different sign are the only equal numbers whose order
/// matters, and a monotone function has them beside 0. NaN is the caller's concern.
pub(crate) fn keeps_order(f: &AnyActivation) -> bool {
    let around_zero = [-1.0, -f64::MIN_POSITIVE, -0.0, 0.0, f64::MIN_POSITIVE, 1.0].map(|x: f64| f.forward(x));
    f.spec().monotone && has_default_parameters(f) && around_zero.is_sorted_by(|a, b| a.total_cmp(b).is_le())
}

/// The interval of the values, of a column in the interval `x`.
pub(crate) fn bounds(f: &AnyActivation, x: &Interval) -> Result<Interval> {
    let data_type = x.data_type();
    if !has_default_parameters(f) {
        return Interval::make_unbounded(&data_type);
    }
    let spec = f.spec();
    let [low, high] = spec.range;
    match data_type {
        DataType::Float32 => {
            // An end that is no f32 is rounded itself, and the values beside it come with their error, of either side.
            let end = |end: f64, outward: f64| {
                let allowed = end.abs() * f64::exp2(-24.0) * (1.0 + 2.0 * spec.f32.ulp[0]);
                if f64::from(end as f32) == end { end as f32 } else { (end + outward * allowed) as f32 }
            };
            let (mut low, mut high) = (end(low, -1.0), end(high, 1.0));
            if let (true, ScalarValue::Float32(Some(least))) = (spec.monotone, x.lower()) {
                low = low.max(f.forward(*least));
            }
            if let (true, ScalarValue::Float32(Some(greatest))) = (spec.monotone, x.upper()) {
                high = high.min(f.forward(*greatest));
            }
            Interval::try_new(ScalarValue::Float32(finite(low)), ScalarValue::Float32(finite(high)))
        }
        DataType::Float64 => {
            let (mut low, mut high) = (low, high);
            if let (true, ScalarValue::Float64(Some(least))) = (spec.monotone, x.lower()) {
                low = low.max(f.forward(*least));
            }
            if let (true, ScalarValue::Float64(Some(greatest))) = (spec.monotone, x.upper()) {
                high = high.min(f.forward(*greatest));
            }
            Interval::try_new(ScalarValue::Float64(finite(low)), ScalarValue::Float64(finite(high)))
        }
        _ => Interval::make_unbounded(&data_type),
    }
}

/// An open end is null.
fn finite<T: Into<f64> + Copy>(end: T) -> Option<T> {
    end.into().is_finite().then_some(end)
}
