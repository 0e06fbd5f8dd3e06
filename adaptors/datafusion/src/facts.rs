//! What the optimizer may know of an activation with its parameters: that it keeps the order, and its range.

use arrow::datatypes::DataType;
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::interval_arithmetic::Interval;
use slopes::activation::{Activation, AnyActivation};

/// Whether sorted arguments have sorted values, in the total order that SQL sorts by: -0 before 0.
///
/// Relu is not: 0 for negative arguments, and -0 at -0. Zeros of different sign are the only equal numbers whose order
/// matters, and a monotone function has them beside 0. NaN is the caller's concern.
pub(crate) fn keeps_order(f: &AnyActivation) -> bool {
    let around_zero = [-1.0, -f64::MIN_POSITIVE, -0.0, 0.0, f64::MIN_POSITIVE, 1.0].map(|x: f64| f.forward(x));
    f.is_monotone() && around_zero.is_sorted_by(|a, b| a.total_cmp(b).is_le())
}

/// The interval of the values, of a column in the interval `x`.
pub(crate) fn bounds(f: &AnyActivation, x: &Interval) -> Result<Interval> {
    let data_type = x.data_type();
    match data_type {
        DataType::Float32 => {
            let [low, high] = widened(f.range(), f64::exp2(-24.0), f.spec().f32.ulp[0]);
            let (mut low, mut high) = (low as f32, high as f32);
            if let (true, ScalarValue::Float32(Some(least))) = (f.is_monotone(), x.lower()) {
                low = low.max(f.forward(*least));
            }
            if let (true, ScalarValue::Float32(Some(greatest))) = (f.is_monotone(), x.upper()) {
                high = high.min(f.forward(*greatest));
            }
            Interval::try_new(ScalarValue::Float32(finite(low)), ScalarValue::Float32(finite(high)))
        }
        DataType::Float64 => {
            let [mut low, mut high] = widened(f.range(), f64::exp2(-53.0), f.spec().f64.ulp[0]);
            if let (true, ScalarValue::Float64(Some(least))) = (f.is_monotone(), x.lower()) {
                low = low.max(f.forward(*least));
            }
            if let (true, ScalarValue::Float64(Some(greatest))) = (f.is_monotone(), x.upper()) {
                high = high.min(f.forward(*greatest));
            }
            Interval::try_new(ScalarValue::Float64(finite(low)), ScalarValue::Float64(finite(high)))
        }
        _ => Interval::make_unbounded(&data_type),
    }
}

/// A range with what rounding may put beyond its ends, in a type with this unit of rounding. An end that is an f32 is not
/// passed: values are rounded, and rounding keeps the order. To another, values come with their error, parameters are
/// rounded, two of which make an end at the most, and so is the end.
fn widened([low, high]: [f64; 2], unit: f64, ulp: f64) -> [f64; 2] {
    let allowed = |end: f64| if f64::from(end as f32) == end { 0.0 } else { end.abs() * unit * (4.0 + 2.0 * ulp) };
    [low - allowed(low), high + allowed(high)]
}

/// An open end is null.
fn finite<T: Into<f64> + Copy>(end: T) -> Option<T> {
    end.into().is_finite().then_some(end)
}
