//! The images: read, scaled, shuffled and split.

use ndarray::{Array1, Array2, Axis, s};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use crate::task::Task;

/// Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, CC BY 4.0: see data/README.md.
const CSV: &str = include_str!("../data/optdigits.csv");
const SIDE: usize = 8;
const INK: f32 = 16.0;

pub const TRAINING: usize = 1257;
pub const VALIDATION: usize = 270;
pub const TEST: usize = 270;

/// Images, one a row, and what they show.
pub struct Set {
    pub images: Array2<f32>,
    pub labels: Array1<u32>,
}

pub struct Data {
    pub training: Set,
    pub validation: Set,
    pub test: Set,
}

impl Set {
    pub fn select(&self, indices: &[usize]) -> Set {
        Set { images: self.images.select(Axis(0), indices), labels: self.labels.select(Axis(0), indices) }
    }
}

impl Data {
    /// The images of a task. The split is the same whatever the seed of a run, so that runs can be compared.
    pub fn new(task: Task) -> Data {
        let all = match task {
            Task::WhichDigit => read(),
            Task::IsZero => zeros(&read()),
        };
        let mut order: Vec<usize> = (0..all.labels.len()).collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(0));
        let (training, held_out) = order.split_at(TRAINING);
        let (validation, test) = held_out.split_at(VALIDATION);
        assert_eq!(test.len(), TEST);
        Data { training: all.select(training), validation: all.select(validation), test: all.select(test) }
    }
}

/// Pixels from 0 (paper) to 1 (ink), and digits.
fn read() -> Set {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for line in CSV.lines() {
        let mut numbers = line.split(',').map(|number| number.parse::<u8>().expect("the embedded data is numbers"));
        pixels.extend(numbers.by_ref().take(SIDE * SIDE).map(|pixel| f32::from(pixel) / INK));
        labels.extend(numbers.map(u32::from));
    }
    let images = Array2::from_shape_vec((labels.len(), SIDE * SIDE), pixels);
    Set { images: images.expect("a line of the embedded data is 64 pixels and a digit"), labels: labels.into() }
}

/// The same images in a frame of paper, 10 x 10 pixels, labelled 1 for a zero and 0 for another digit.
fn zeros(digits: &Set) -> Set {
    const FRAMED: usize = SIDE + 2;
    let mut images = Array2::zeros((digits.labels.len(), FRAMED * FRAMED));
    for y in 0..SIDE {
        let start = (y + 1) * FRAMED + 1;
        let row = digits.images.slice(s![.., y * SIDE..(y + 1) * SIDE]);
        images.slice_mut(s![.., start..start + SIDE]).assign(&row);
    }
    Set { images, labels: digits.labels.mapv(|digit| u32::from(digit == 0)) }
}
