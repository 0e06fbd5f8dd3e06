//! Random weights.

use std::f64::consts::TAU;

use candle_core::{Device, Result, Tensor};

/// Normal random numbers from a seed: Box and Muller's, of SplitMix64's.
pub struct Normal(pub u64);

impl Normal {
    /// A number from 0 to 1, but not 0.
    pub fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (((z ^ (z >> 31)) >> 11) as f64 + 1.0) / (1_u64 << 53) as f64
    }

    /// A matrix of numbers of mean 0.
    pub fn tensor(&mut self, deviation: f64, rows: usize, columns: usize) -> Result<Tensor> {
        let mut number = || deviation * (-2.0 * self.uniform().ln()).sqrt() * (TAU * self.uniform()).cos();
        let numbers: Vec<f32> = (0..rows * columns).map(|_| number() as f32).collect();
        Tensor::from_vec(numbers, (rows, columns), &Device::Cpu)
    }
}
