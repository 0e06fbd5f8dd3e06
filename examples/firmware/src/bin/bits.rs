//! Hashes of what every activation, activation of rows and loss in f32 gives for some numbers: on a device the same as on the
//! desk, compiled without f64.

#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg_attr(target_os = "none", path = "../device.rs")]
#[cfg_attr(not(target_os = "none"), path = "../desk.rs")]
#[allow(dead_code, reason = "nothing is counted here")]
mod machine;

use slopes::Rows;
use slopes::activation::{self, AnyRowActivation, LogSumExp, RowActivation};
use slopes::loss::{self, AnyRowLoss, RowLoss, Targets};

const LEN: usize = 10;

/// FNV-1a with 64 bits.
struct Hash(u64);

impl Hash {
    fn add(&mut self, bits: u64) {
        for byte in bits.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    /// All NaN are one.
    fn number(&mut self, x: f32) {
        self.add(u64::from(if x.is_nan() { f32::NAN } else { x }.to_bits()));
    }

    fn print(self, name: &str) {
        machine::print(format_args!("{name}: {:016x}\n", self.0));
    }
}

/// Numbers of every magnitude, and every other one between -16 and 16.
fn numbers() -> impl Iterator<Item = f32> {
    let mut state = 1_u64;
    (0..1000).map(move |i| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bits = (state >> 32) as u32;
        if i % 2 == 0 { f32::from_bits(bits) } else { (bits >> 8) as f32 / 524_288.0 - 16.0 }
    })
}

/// The next numbers of a row.
fn row(numbers: &mut impl Iterator<Item = f32>) -> Option<[f32; LEN]> {
    let mut row = [0.0; LEN];
    for x in &mut row {
        *x = numbers.next()?;
    }
    Some(row)
}

fn run() {
    let start = || Hash(0xcbf2_9ce4_8422_2325);
    for f in activation::all::<f32>() {
        let mut hash = start();
        for x in numbers() {
            for y in [f.forward(x), f.derivative(x), f.second_derivative(x)] {
                hash.number(y);
            }
        }
        hash.print(f.spec().name());
    }
    for f in loss::all::<f32>() {
        let mut hash = start();
        let mut from = numbers();
        while let (Some(x), Some(y)) = (row(&mut from), row(&mut from)) {
            // Targets that are likely in the domain.
            let t = y.map(|y| if y.abs() < 16.0 { (y.abs() / 8.0).min(1.0) } else { y });
            for (x, t) in x.into_iter().zip(t) {
                for y in [f.forward(x, t), f.derivative(x, t), f.second_derivative(x, t), f.hessian_bound(x, t)] {
                    hash.number(y);
                }
            }
            let sum = f.sum(&x, &t);
            hash.add(if sum.is_nan() { 0 } else { sum.to_bits() });
        }
        hash.print(f.spec().name());
    }
    for f in AnyRowActivation::all() {
        let (mut hash, rows) = (start(), Rows::contiguous(LEN));
        let mut from = numbers().map(|x| if x.abs() < 16.0 { x } else { 0.0 });
        while let (Some(x), Some(dy)) = (row(&mut from), row(&mut from)) {
            let (mut y, mut dx) = ([0.0; LEN], [0.0; LEN]);
            f.forward(&x, rows, &mut y);
            f.backward(&x, &dy, rows, &mut dx);
            y.into_iter().chain(dx).for_each(|y| hash.number(y));
        }
        hash.print(RowActivation::<f32>::spec(&f).name());
    }
    let (mut hash, rows, mut from) = (start(), Rows::contiguous(LEN), numbers());
    while let (Some(x), Some(dy)) = (row(&mut from), from.next()) {
        let (mut y, mut dx) = ([0.0], [0.0; LEN]);
        LogSumExp.forward(&x, rows, &mut y);
        LogSumExp.backward(&x, &[dy], rows, &mut dx);
        y.into_iter().chain(dx).for_each(|y| hash.number(y));
    }
    hash.print("log_sum_exp");
    for f in AnyRowLoss::all() {
        let (mut hash, rows, mut from) = (start(), Rows::contiguous(LEN), numbers());
        while let (Some(x), Some(y)) = (row(&mut from), row(&mut from)) {
            let probability = |x: f32| if x.abs() < 16.0 { x.abs() / 16.0 } else { 0.0 };
            let (p, y, label) = (x.map(probability), y.map(probability), [(x[0].to_bits() % 10) as u8]);
            let targets = [Targets::labels(&label), Targets::Probabilities(&y)];
            // The margins take labels alone.
            let takes_labels = matches!(f, AnyRowLoss::MultiMargin(_) | AnyRowLoss::CategoricalHinge(_));
            for (x, target) in [x, p].iter().flat_map(|x| targets.map(|target| (x, target))) {
                if takes_labels && matches!(target, Targets::Probabilities(_)) {
                    continue;
                }
                let (mut gradient, mut bound) = ([0.0; LEN], [0.0; LEN]);
                let sum = f.sum(x, target, rows).unwrap_or(f64::NAN);
                hash.add(if sum.is_nan() { 0 } else { sum.to_bits() });
                let done = f.gradient_with_hessian_bound(x, target, rows, 0.75, &mut gradient, &mut bound);
                hash.add(u64::from(done.is_ok()));
                gradient.into_iter().chain(bound).for_each(|y| hash.number(y));
            }
        }
        hash.print(RowLoss::<f32>::spec(&f).name());
    }
}

#[cfg(not(target_os = "none"))]
fn main() {
    machine::choose_level();
    run();
}
