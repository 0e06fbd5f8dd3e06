//! The course of learning: rates and progress.

use std::error::Error;

use indicatif::{ProgressBar, ProgressStyle};

/// From 1 at 0 down to 0 at 1.
pub fn half_cosine(t: f32) -> f32 {
    0.5 + 0.5 * (std::f32::consts::PI * t).cos()
}

/// A progress bar of so many steps, on standard error.
pub fn progress(steps: usize, unit: &str) -> Result<ProgressBar, Box<dyn Error>> {
    let style = ProgressStyle::with_template(&format!("{{bar:40}} {{pos}} of {{len}} {unit}, {{eta}} left"))?;
    Ok(ProgressBar::new(steps as u64).with_style(style))
}
