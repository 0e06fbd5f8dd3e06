//! The images of digits: read, scaled, shuffled and split; what is asked of them, and the network that learns to
//! answer.

#![allow(dead_code, reason = "not every example needs all of it")]

pub mod network;
pub mod task;

use ndarray::{Array1, Array2, Axis};
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

/// Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak, CC BY 4.0: see data/README.md.
const CSV: &str = include_str!("../../data/optdigits.csv");
pub const SIDE: usize = 8;
pub const PIXELS: usize = SIDE * SIDE;
pub const DIGITS: usize = 10;
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
    /// Pixels from 0 (paper) to 1 (ink), and digits.
    pub fn read() -> Set {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for line in CSV.lines() {
            let mut numbers = line.split(',').map(|number| number.parse::<u8>().expect("the embedded data is numbers"));
            pixels.extend(numbers.by_ref().take(PIXELS).map(|pixel| f32::from(pixel) / INK));
            labels.extend(numbers.map(u32::from));
        }
        let images = Array2::from_shape_vec((labels.len(), PIXELS), pixels);
        Set { images: images.expect("a line of the embedded data is 64 pixels and a digit"), labels: labels.into() }
    }

    pub fn select(&self, indices: &[usize]) -> Set {
        Set { images: self.images.select(Axis(0), indices), labels: self.labels.select(Axis(0), indices) }
    }

    /// The parts of all images. The split is the same whatever the seed of a run, so that runs can be compared.
    pub fn split(&self) -> Data {
        let mut order: Vec<usize> = (0..self.labels.len()).collect();
        order.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(0));
        let (training, held_out) = order.split_at(TRAINING);
        let (validation, test) = held_out.split_at(VALIDATION);
        assert_eq!(test.len(), TEST);
        Data { training: self.select(training), validation: self.select(validation), test: self.select(test) }
    }

    /// The same images with pixels of mean 0 and variance 1, over all images and pixels.
    pub fn standardized(mut self) -> Set {
        let (mean, deviation) = (self.images.mean().expect("there are images"), self.images.std(0.0));
        self.images.mapv_inplace(|pixel| (pixel - mean) / deviation);
        self
    }
}
