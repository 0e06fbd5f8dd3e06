//! PyTorch's cases.

use super::{at_every_level, none};
use serde_json::Value as Json;
use slopes::activation::Rows;

/// What a case is one of.
#[derive(Clone, Copy, PartialEq)]
pub enum Kind {
    /// An activation of one number.
    Activation,
    /// An activation of rows.
    Rows,
    Loss,
}

fn kind(case: &Json) -> Kind {
    match case["name"].as_str().unwrap() {
        "softmax" | "log_softmax" | "softmin" | "glu" => Kind::Rows,
        "prelu" => Kind::Activation,
        _ if case["inputs"].as_object().unwrap().len() == 1 => Kind::Activation,
        _ => Kind::Loss,
    }
}

/// All cases of a kind.
pub fn cases(wanted: Kind) -> impl Iterator<Item = Json> {
    let lines = include_str!("../reference/pytorch.jsonl").lines();
    lines.map(|line| serde_json::from_str(line).unwrap()).filter(move |case| kind(case) == wanted)
}

pub fn numbers(json: &Json) -> Vec<f64> {
    json["data"].as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

pub fn shape(json: &Json) -> Vec<usize> {
    json["shape"].as_array().unwrap().iter().map(|len| len.as_u64().unwrap() as usize).collect()
}

/// The rows of a case, along its axis or the last one.
pub fn rows(case: &Json) -> Rows {
    let shape = shape(&case["inputs"]["prediction"]);
    Rows::along(&shape, case["options"]["axis"].as_u64().map_or(shape.len() - 1, |axis| axis as usize))
}

/// Each number to 1e-13 of itself, and to some ulp of the largest one, which PyTorch's own f64 kernels are off; what others
/// left when they cancelled, to what they are rounded to. Gradients of a softmax cancel in PyTorch, not here. PyTorch adds 1e-12 to the squared lengths of a cosine embedding,
/// which are above 3.4 here: that moves each of 5 cosines by 3e-13 at most.
fn agrees(name: &str, got: &[f64], pytorch: &[f64]) -> bool {
    let largest = pytorch.iter().fold(0.0, |a: f64, x| a.max(x.abs()));
    let most = 16.0 * f64::EPSILON * largest.max(1.0);
    let (rounded, most) = match name {
        "cosine_embedding" => (1.5e-12, 1.5e-12),
        "softmax" | "softmin" => (most, most),
        _ => (2.0 * f64::EPSILON * largest, most),
    };
    let close = |(a, b): (&f64, &f64)| (a - b).abs() <= rounded.max(1e-13 * b.abs()).min(most);
    got.len() == pytorch.len() && got.iter().zip(pytorch).all(close)
}

/// Fails unless what `run` returns agrees with PyTorch, output and gradient of every case of a kind, of which there are
/// so many.
pub fn agree(wanted: Kind, count: usize, run: fn(&Json) -> (Vec<f64>, Vec<f64>)) {
    let mut failures = Vec::new();
    at_every_level(|level| {
        let mut ran = 0;
        for case in cases(wanted) {
            let name = case["name"].as_str().unwrap();
            ran += 1;
            let (output, gradient) = run(&case);
            for (what, got) in [("output", output), ("gradient", gradient)] {
                let pytorch = numbers(&case[what]);
                if !agrees(name, &got, &pytorch) {
                    let case = format!("{name} {} {level:?}", case["options"]);
                    failures.push(format!("the {what} of {case}: {got:?}\n  PyTorch has {pytorch:?}"));
                }
            }
        }
        assert_eq!(ran, count, "cases that were compared");
    });
    none(&failures);
}
