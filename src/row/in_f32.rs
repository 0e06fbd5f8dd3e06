//! Rows of f32 without f64, in one lane: for microcontrollers.

use crate::slice::{Dst, Src};

/// The largest number of a row, times the sign; NaN if an entry is NaN, -inf if there is none.
#[inline(always)]
pub(crate) fn largest(x: Src<f32>, sign: f32) -> f32 {
    let mut m = f32::NEG_INFINITY;
    for i in 0..x.len() {
        let x = x.get(i) * sign;
        if x > m || x.is_nan() {
            m = x;
        }
        // No number is above NaN.
        if m.is_nan() {
            break;
        }
    }
    m
}

/// The number of entries, as f32, that attain the infinite maximum m of a row.
#[inline(always)]
pub(crate) fn count(x: Src<f32>, sign: f32, m: f32) -> f32 {
    let mut count = 0.0;
    for i in 0..x.len() {
        count += if x.get(i) * sign == m { 1.0 } else { 0.0 };
    }
    count
}

/// Writes one number for the entries that attain the maximum m of a row, and another for the rest.
#[inline(always)]
pub(crate) fn write(x: Src<f32>, sign: f32, m: f32, y: Dst<f32>, [with, without]: [f32; 2]) {
    for i in 0..x.len() {
        y.set(i, if x.get(i) * sign == m { with } else { without });
    }
}
