//! A microcontroller reads handwritten digits, and learns.
//!
//! The network of the `digits` example is trained on the desk and written as constants:
//! `cargo run --release --example digits -- --hidden 32 --activation silu --constants target/digits.rs`. This program reads
//! ten test images with it, one hidden layer of SiLU and a softmax, and prints what it has read, the bits of its outputs,
//! and how many instructions it took. Then it trains the output layer on these images, as a device adapts to its owner, and
//! prints the bits of the cross-entropy of each image before its step. On the desk it is a program that prints the same but for
//! the instructions: `.ci/firmware` runs both, the firmware on an emulated Cortex-M0 and Cortex-M4F, and compares them.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[path = "../../../target/digits.rs"]
mod digits;
#[cfg_attr(target_os = "none", path = "device.rs")]
#[cfg_attr(not(target_os = "none"), path = "desk.rs")]
mod machine;

use digits::{HIDDEN_BIAS, HIDDEN_WEIGHTS, IMAGES, LABELS, OUTPUT_BIAS, OUTPUT_WEIGHTS, PIXELS};
use slopes::Rows;
use slopes::activation::{Activation, RowActivation, Softmax, Swish};
use slopes::loss::{RowLoss, SoftmaxCrossEntropy, TargetError, Targets};

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

/// The outputs of the hidden layer.
fn hidden(image: &[u8; PIXELS]) -> [f32; HIDDEN_BIAS.len()] {
    // Pixels from 0 (paper) to 16 (ink).
    let pixels = image.map(|pixel| f32::from(pixel) / 16.0);
    let mut hidden = layer(&pixels, &HIDDEN_WEIGHTS, &HIDDEN_BIAS);
    Swish::SILU.forward_in_place(&mut hidden);
    hidden
}

/// The probabilities of the ten digits.
#[inline(never)]
fn read(image: &[u8; PIXELS]) -> [f32; 10] {
    let mut y = layer(&hidden(image), &OUTPUT_WEIGHTS, &OUTPUT_BIAS);
    Softmax::DEFAULT.forward_in_place(&mut y, Rows::contiguous(10));
    y
}

/// The cross-entropy of the logits y, and its gradient in them.
#[inline(never)]
fn cross_entropy(y: &[f32; 10], label: u32) -> Result<(f64, [f32; 10]), TargetError> {
    let mut gradient = [0.0; 10];
    let target = Targets::labels(core::slice::from_ref(&label));
    let loss = SoftmaxCrossEntropy::new().sum_with_gradient(y, target, Rows::contiguous(10), 1.0, &mut gradient)?;
    Ok((loss, gradient))
}

/// Trains the output layer: a step of gradient descent for each image.
fn learn() -> Result<(), TargetError> {
    const RATE: f32 = 0.125;
    let (mut weights, mut bias) = (OUTPUT_WEIGHTS, OUTPUT_BIAS);
    for (image, label) in IMAGES.iter().zip(LABELS) {
        let hidden = hidden(image);
        let y = layer(&hidden, &weights, &bias);
        let (made, instructions) = machine::counted(|| cross_entropy(&y, label));
        let (loss, gradient) = made?;
        machine::print(format_args!("cross-entropy of a {label}: {:016x}\n", loss.to_bits()));
        for ((weights, bias), g) in weights.iter_mut().zip(&mut bias).zip(gradient) {
            weights.iter_mut().zip(hidden).for_each(|(weight, x)| *weight -= RATE * g * x);
            *bias -= RATE * g;
        }
        if let Some(instructions) = instructions {
            machine::print(format_args!("cross-entropy and gradient, instructions: {instructions}\n"));
        }
    }
    Ok(())
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
    if let Err(error) = learn() {
        machine::print(format_args!("{error}\n"));
    }
}
