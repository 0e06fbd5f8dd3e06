//! A microcontroller reads handwritten digits.
//!
//! The network of the `digits` example is trained on the desk and written as constants:
//! `cargo run --release --example digits -- --hidden 32 --activation silu --constants target/digits.rs`. This program reads
//! ten test images with it, one hidden layer of SiLU and a softmax, and prints what it has read, the bits of its outputs,
//! and how many instructions it took. On the desk it is a program that prints the same but for the instructions: `.ci/firmware`
//! runs both, the firmware on an emulated Cortex-M0 and Cortex-M4F, and compares them.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[path = "../../../target/digits.rs"]
mod digits;
#[cfg_attr(target_os = "none", path = "device.rs")]
#[cfg_attr(not(target_os = "none"), path = "desk.rs")]
mod machine;

use digits::{HIDDEN_BIAS, HIDDEN_WEIGHTS, IMAGES, LABELS, OUTPUT_BIAS, OUTPUT_WEIGHTS, PIXELS};
use slopes::Rows;
use slopes::activation::{Activation, RowActivation, Softmax, Swish};

/// A dense layer: weights and bias of each output.
fn layer<const N: usize, const M: usize>(x: &[f32; N], weights: &[[f32; N]; M], bias: &[f32; M]) -> [f32; M] {
    let mut y = *bias;
    for (y, weights) in y.iter_mut().zip(weights) {
        for (x, weight) in x.iter().zip(weights) {
            *y += x * weight;
        }
    }
    y
}

/// The probabilities of the ten digits.
#[inline(never)]
fn read(image: &[u8; PIXELS]) -> [f32; 10] {
    // Pixels from 0 (paper) to 16 (ink).
    let pixels = image.map(|pixel| f32::from(pixel) / 16.0);
    let mut hidden = layer(&pixels, &HIDDEN_WEIGHTS, &HIDDEN_BIAS);
    Swish::SILU.forward_in_place(&mut hidden);
    let mut y = layer(&hidden, &OUTPUT_WEIGHTS, &OUTPUT_BIAS);
    Softmax::DEFAULT.forward_in_place(&mut y, Rows::contiguous(10));
    y
}

#[cfg(not(target_os = "none"))]
fn main() {
    machine::choose_level();
    run();
}

/// What the program does, on the desk and on the device.
fn run() {
    for (image, label) in IMAGES.iter().zip(LABELS) {
        let (probabilities, instructions) = machine::counted(|| read(image));
        let mut digit = 0;
        for (i, p) in probabilities.iter().enumerate() {
            if *p > probabilities[digit] {
                digit = i;
            }
        }
        machine::print(format_args!("a {label} is read as {digit}:"));
        for p in probabilities {
            machine::print(format_args!(" {:08x}", p.to_bits()));
        }
        machine::print(format_args!("\n"));
        if let Some(instructions) = instructions {
            machine::print(format_args!("instructions: {instructions}\n"));
        }
    }
}
