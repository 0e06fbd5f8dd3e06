//! Queries over rows in memory, on one core: `taskset -c 1 cargo bench`. Prints the table of the README.
//! `cargo bench -- TEXT` times the queries that contain the text.
//!
//! Times are the least of many, of the queries in turn.

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use datafusion::arrow::array::{ArrayRef, Float32Array, Float64Array, Int32Array, RecordBatch};
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const ROWS: usize = 10_000_000;
const BATCH: usize = 8192;
const REPEATS: usize = 15;

/// The query, and the one that it is compared with.
const QUERIES: [(&str, &str); 12] = [
    ("avg(sigmoid(x))", "avg(1 / (1 + exp(-x)))"),
    ("avg(sigmoid(x))", "avg(CAST(1 AS FLOAT) / (CAST(1 AS FLOAT) + exp(-x)))"),
    ("avg(sigmoid(d))", "avg(1 / (1 + exp(-d)))"),
    ("avg(slopes_tanh(x))", "avg(tanh(x))"),
    ("avg(gelu(x))", "avg(x * 0.5 * (1 + tanh(0.7978845608 * (x + 0.044715 * x * x * x))))"),
    ("avg(mse(x, y))", "avg((x - y) * (x - y))"),
    ("mean_loss('mse', x, y)", "avg(x)"),
    ("mean_loss('huber(delta=2)', x, y)", "avg(x)"),
    ("mean_loss('bce_with_logits', x, y)", "avg(x)"),
    (
        "mean_loss('huber(delta=2)', x, y)",
        "avg(CASE WHEN abs(x - y) <= 2 THEN (x - y) * (x - y) / 2 ELSE 2 * abs(x - y) - 2 END)",
    ),
    ("mean_loss('huber(delta=2)', d, e)", "avg(d)"),
    ("mean_loss('huber(delta=2)', x, y, y)", "avg(x)"),
];

fn main() -> Result<(), Box<dyn Error>> {
    // Of one thread, as partitions are one: rows per second of a core.
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let mut ctx = SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1));
    slopes_datafusion::register(&mut ctx)?;
    let batches = batches()?;
    let table = MemTable::try_new(batches[0].schema(), vec![batches])?;
    ctx.register_table("t", Arc::new(table))?;

    let time = |query: &str| -> Result<Duration, Box<dyn Error>> {
        let start = Instant::now();
        runtime.block_on(async { ctx.sql(query).await?.collect().await })?;
        Ok(start.elapsed())
    };
    let text = std::env::args().skip(1).find(|text| !text.starts_with("--")).unwrap_or_default();
    println!("| query | ns per row | compared with | ns per row | ratio |\n|---|---|---|---|---|");
    for by in ["", " GROUP BY g"] {
        for (ours, other) in QUERIES {
            if !by.is_empty() && !ours.contains("loss(") {
                continue;
            }
            if !text.is_empty() && !format!("{ours}{by}").contains(&text) {
                continue;
            }
            let queries = [ours, other].map(|expression| format!("SELECT {expression} FROM t{by}"));
            let mut least = [Duration::MAX; 2];
            for _ in 0..REPEATS {
                for (query, least) in queries.iter().zip(&mut least) {
                    *least = time(query)?.min(*least);
                }
            }
            let [a, b] = least.map(|least| least.as_secs_f64() * 1e9 / ROWS as f64);
            println!("| `{ours}`{by} | {a:.2} | `{other}` | {b:.2} | {:.2} |", b / a);
        }
    }
    Ok(())
}

/// Columns x and y of Float32, d and e of Float64, groups g.
fn batches() -> Result<Vec<RecordBatch>, Box<dyn Error>> {
    let mut random = StdRng::seed_from_u64(1);
    let mut batch = |rows: usize| {
        let mut column = |low: f32, high: f32| (0..rows).map(|_| random.random_range(low..high)).collect::<Vec<f32>>();
        let (x, y) = (column(-6.0, 6.0), column(0.0, 1.0));
        let wide = |x: &[f32]| Arc::new(Float64Array::from_iter_values(x.iter().map(|x| f64::from(*x)))) as ArrayRef;
        let groups = Int32Array::from_iter_values((0..rows).map(|_| random.random_range(0..10)));
        RecordBatch::try_from_iter([
            ("d", wide(&x)),
            ("e", wide(&y)),
            ("x", Arc::new(Float32Array::from(x)) as ArrayRef),
            ("y", Arc::new(Float32Array::from(y)) as ArrayRef),
            ("g", Arc::new(groups) as ArrayRef),
        ])
    };
    Ok((0..ROWS).step_by(BATCH).map(|start| batch(BATCH.min(ROWS - start))).collect::<Result<_, _>>()?)
}
