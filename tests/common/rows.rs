//! Rows of the reference, and random ones.

use proptest::prelude::*;

use super::{Exact, Number, csv, from_hex, over_budget};

/// A row of the reference.
#[derive(Default)]
pub struct Row {
    pub x: Vec<f64>,
    pub dy: Vec<f64>,
    pub label: u32,
    pub softmax: Vec<Exact>,
    pub log_softmax: Vec<Exact>,
    pub softmax_vjp: Vec<Exact>,
    pub log_softmax_vjp: Vec<Exact>,
    pub cross_entropy: Vec<Exact>,
    pub gradient: Vec<Exact>,
}

impl Row {
    /// How far a logarithm of a share may be off, whatever it is itself: its rounding cannot be less than that of the
    /// largest number that is subtracted.
    pub fn involved<T: Number>(&self) -> f64 {
        T::unit() * largest(&self.x)
    }
}

/// The largest magnitude of the finite numbers.
pub fn largest(x: &[f64]) -> f64 {
    x.iter().filter(|x| x.is_finite()).fold(0.0, |a: f64, x| a.max(x.abs()))
}

pub fn rows() -> Vec<Row> {
    let header = "row,index,x_f64_bits,dy_f64_bits,softmax,log_softmax,softmax_vjp,log_softmax_vjp,label,cross_entropy,\
                  cross_entropy_gradient";
    let mut rows: Vec<Row> = Vec::new();
    for entry in csv(include_str!("../reference/rows.csv"), header) {
        if entry[1] == "0" {
            rows.push(Row { label: entry[8].parse().unwrap(), ..Row::default() });
        }
        let row = rows.last_mut().unwrap();
        row.x.push(from_hex(entry[2]));
        row.dy.push(from_hex(entry[3]));
        let exact = |column: usize| Exact::parse(entry[column]);
        row.softmax.push(exact(4));
        row.log_softmax.push(exact(5));
        row.softmax_vjp.push(exact(6));
        row.log_softmax_vjp.push(exact(7));
        row.cross_entropy.push(exact(9));
        row.gradient.push(exact(10));
    }
    assert_eq!(rows.len(), 64);
    rows
}

/// What is over budget of one row function; `floor` is absolute, of each entry.
pub fn check<T: Number>(
    label: &str,
    ulp: f64,
    floor: impl Fn(usize) -> f64,
    x: &[T],
    got: &[T],
    exact: &[Exact],
) -> Vec<String> {
    let one =
        |i: usize| over_budget(&format!("{label}, entry {i}"), ulp, |_| floor(i), &x[i..=i], &got[i..=i], |_| exact[i]);
    (0..x.len()).filter_map(one).collect()
}

/// Logits and a target distribution of the same length.
pub fn row_and_target() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
    (1..24_usize).prop_flat_map(|len| (prop::collection::vec(-20.0..20.0, len), prop::collection::vec(0.0..1.0, len)))
}
