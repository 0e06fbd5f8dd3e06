//! Scores a model by SQL over a Parquet file: log-loss, Brier score, calibration, Huber loss by group.
//!
//! `cargo run --release --example score -- DATA.parquet [--rows N]`
//!
//! Makes the file if it does not exist: logits z and labels of a classifier, predictions and targets of a regression, and
//! groups. The classifier is too sure of itself, as networks are: its log-odds are 1.4 times the true ones. Draws the
//! calibration beside the data.

use std::error::Error;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, Int32Array, RecordBatch};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::arrow::util::pretty::pretty_format_batches;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use indicatif::{ProgressBar, ProgressStyle};
use plotters::prelude::*;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution, StandardNormal, StudentT};

#[derive(Parser)]
#[command(about = "Scores a model by SQL over a Parquet file, which is made if it does not exist.")]
struct Options {
    /// The Parquet file.
    data: PathBuf,
    /// The rows of a new file.
    #[arg(long, default_value_t = 10_000_000)]
    rows: usize,
    /// The seed of a new file.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// The rows that are made and written at a time.
const BATCH: usize = 1 << 16;

const GROUPS: i32 = 8;

const OF_ALL: &str = "SELECT count(*) AS rows, mean_loss('bce_with_logits', z, label) AS log_loss, \
    mean_loss('mse', sigmoid(z), label) AS brier_score, mean_loss('huber(delta=1.5)', prediction, target) AS huber FROM data";

const CALIBRATION: &str = "SELECT CAST(least(floor(10 * sigmoid(z)), 9) AS INT) AS bin, count(*) AS rows, \
    avg(sigmoid(z)) AS predicted, avg(label) AS observed, mean_loss('bce_with_logits', z, label) AS log_loss \
    FROM data GROUP BY bin ORDER BY bin";

const BY_GROUP: &str = "SELECT \"group\", count(*) AS rows, mean_loss('huber(delta=1.5)', prediction, target) AS huber, \
    mean_loss('mae', prediction, target) AS mae FROM data GROUP BY \"group\" ORDER BY \"group\"";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    if !options.data.exists() {
        make(&options)?;
    }
    let mut ctx = SessionContext::new();
    slopes_datafusion::register(&mut ctx)?;
    let path = options.data.to_str().ok_or("the path is no UTF-8")?;
    ctx.register_parquet("data", path, ParquetReadOptions::default()).await?;

    let mut results = Vec::new();
    for (title, query) in
        [("All rows", OF_ALL), ("By predicted probability, in ten bins", CALIBRATION), ("By group", BY_GROUP)]
    {
        let start = Instant::now();
        results.push(ctx.sql(query).await?.collect().await?);
        println!("{title}: {:.2?}\n{}", start.elapsed(), pretty_format_batches(results.last().ok_or("no result")?)?);
    }
    let picture = options.data.with_extension("svg");
    draw(&picture, &points(&results[1]))?;
    println!("calibration: {}", picture.display());
    match peak_memory() {
        Some(kilobytes) => println!("peak memory: {} MB", kilobytes / 1000),
        None => println!("peak memory: unknown on this system"),
    }
    Ok(())
}

/// Writes the file by batches, under another name until it is whole.
fn make(options: &Options) -> Result<(), Box<dyn Error>> {
    let part = options.data.with_extension("part");
    let mut random = StdRng::seed_from_u64(options.seed);
    let bar = ProgressBar::new(options.rows as u64);
    bar.set_style(ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} rows, {eta}")?);
    let mut writer = None;
    for start in (0..options.rows).step_by(BATCH) {
        let batch = batch(&mut random, BATCH.min(options.rows - start))?;
        let writer = match &mut writer {
            Some(writer) => writer,
            None => writer.insert(ArrowWriter::try_new(File::create(&part)?, batch.schema(), None)?),
        };
        writer.write(&batch)?;
        bar.inc(batch.num_rows() as u64);
    }
    writer.ok_or("--rows must be positive")?.close()?;
    fs::rename(part, &options.data)?;
    bar.finish();
    Ok(())
}

fn batch(random: &mut StdRng, rows: usize) -> Result<RecordBatch, Box<dyn Error>> {
    let errors = StudentT::new(3.0_f32)?;
    let (mut z, mut label) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let (mut prediction, mut target) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
    let mut group = Vec::with_capacity(rows);
    for _ in 0..rows {
        let normal: f32 = StandardNormal.sample(random);
        let log_odds = 1.5 * normal - 0.5;
        z.push(1.4 * log_odds);
        label.push(f32::from(u8::from(random.random::<f32>() < 1.0 / (1.0 + (-log_odds).exp()))));
        // The errors grow with the group.
        let of: i32 = random.random_range(0..GROUPS);
        let value: f32 = StandardNormal.sample(random);
        prediction.push(10.0 * value);
        target.push(10.0 * value + (0.5 + 0.25 * of as f32) * errors.sample(random));
        group.push(of);
    }
    let float = |x: Vec<f32>| Arc::new(Float32Array::from(x)) as ArrayRef;
    Ok(RecordBatch::try_from_iter([
        ("z", float(z)),
        ("label", float(label)),
        ("prediction", float(prediction)),
        ("target", float(target)),
        ("group", Arc::new(Int32Array::from(group)) as ArrayRef),
    ])?)
}

/// The mean predicted probability and the share of the label 1, of each bin.
fn points(calibration: &[RecordBatch]) -> Vec<(f64, f64)> {
    let column = |batch: &RecordBatch, name: &str| {
        let column = batch.column_by_name(name).map(|column| column.as_primitive::<Float64Type>().values().to_vec());
        column.unwrap_or_default()
    };
    let of_batch = |batch| column(batch, "predicted").into_iter().zip(column(batch, "observed"));
    calibration.iter().flat_map(of_batch).collect()
}

fn draw(path: &Path, points: &[(f64, f64)]) -> Result<(), Box<dyn Error>> {
    let area = SVGBackend::new(path, (480, 480)).into_drawing_area();
    area.fill(&WHITE)?;
    let mut chart = ChartBuilder::on(&area)
        .caption("Calibration", ("sans-serif", 20))
        .margin(12)
        .x_label_area_size(36)
        .y_label_area_size(44)
        .build_cartesian_2d(0.0..1.0, 0.0..1.0)?;
    chart
        .configure_mesh()
        .light_line_style(TRANSPARENT)
        .x_desc("mean predicted probability")
        .y_desc("share of label 1")
        .draw()?;
    chart.draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.4)))?;
    chart.draw_series(LineSeries::new(points.iter().copied(), &BLUE))?;
    chart.draw_series(points.iter().map(|point| Circle::new(*point, 4, BLUE.filled())))?;
    area.present()?;
    Ok(())
}

/// The most memory that the process has held, in kB, as Linux counts it.
fn peak_memory() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok())
}
