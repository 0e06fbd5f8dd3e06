//! A trained network as the source of a Rust program.

use std::fmt::{self, Write};

use ndarray::{ArrayView1, ArrayView2};

use crate::digits::Set;
use crate::digits::network::Linear;

/// The images that are written with the network.
const IMAGES: usize = 10;

/// The constants: the weights of each output, the biases, and the first images of a set with their labels.
pub fn source(layers: &[Linear], set: &Set) -> Result<String, fmt::Error> {
    let mut out = String::from("// Made by the digits example of slopes.\n");
    for (name, layer) in ["HIDDEN", "OUTPUT"].iter().zip(layers) {
        matrix(&mut out, &format!("{name}_WEIGHTS"), "f32", layer.weights.t())?;
        row(&mut out, &format!("{name}_BIAS"), "f32", layer.bias.view())?;
    }
    let images = set.images.slice(ndarray::s![..IMAGES, ..]);
    writeln!(out, "pub const PIXELS: usize = {};", images.ncols())?;
    // Pixels are sixteenths.
    matrix(&mut out, "IMAGES", "u8", images.mapv(|pixel| pixel * 16.0).view())?;
    row(&mut out, "LABELS", "u32", set.labels.slice(ndarray::s![..IMAGES]))?;
    Ok(out)
}

fn matrix(out: &mut String, name: &str, of: &str, rows: ArrayView2<f32>) -> fmt::Result {
    writeln!(out, "pub static {name}: [[{of}; {}]; {}] = [", rows.ncols(), rows.nrows())?;
    for row in rows.rows() {
        writeln!(out, "    [{}],", numbers(of, row.iter()))?;
    }
    writeln!(out, "];")
}

fn row<T: fmt::Display>(out: &mut String, name: &str, of: &str, row: ArrayView1<T>) -> fmt::Result {
    writeln!(out, "pub static {name}: [{of}; {}] = [{}];", row.len(), numbers(of, row.iter()))
}

/// Numbers, each as many digits as tell it from its neighbours.
fn numbers<T: fmt::Display>(of: &str, row: impl Iterator<Item = T>) -> String {
    row.map(|number| format!("{number}_{of}")).collect::<Vec<_>>().join(", ")
}
