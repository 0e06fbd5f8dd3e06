//! The bits of DataFusion in a cluster: in one process, in several, and when an executor dies.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ballista::prelude::SessionConfigExt;
use datafusion::arrow::array::{ArrayRef, AsArray, Float32Array, Int32Array, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Float64Type};
use datafusion::error::Result;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::file::properties::WriterProperties;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};
use slopes_ballista::{Cluster, session_state, standalone};
use tempfile::TempDir;

const QUERIES: [&str; 3] = [
    "SELECT mean_loss('bce_with_logits', z, label), mean_loss('mse', sigmoid(z), label), \
     sum_loss('huber(delta=1.5)', z, label, w), count(*) FROM data",
    "SELECT g, mean_loss('huber(delta=1.5)', z, label), sum_loss('mse', leaky_relu(z, 0.2), label) FILTER (WHERE z > 0) \
     FROM data GROUP BY g ORDER BY g",
    "SELECT z, activate('softplus(beta=2)', z), loss('huber(delta=2)', z, label) FROM data WHERE g = 3 \
     ORDER BY z, label LIMIT 100",
];

/// A file of several groups of rows, so that partitions share it; some values are null.
fn data(directory: &Path, rows: usize) -> PathBuf {
    let path = directory.join("data.parquet");
    // Numbers of many magnitudes, by a linear congruence.
    let number = |i: usize, salt: u32| ((i as u32 ^ salt).wrapping_mul(2_654_435_761) >> 8) as f32 / (1 << 24) as f32;
    let z = (0..rows).map(|i| (i % 101 != 0).then(|| (number(i, 1) - 0.5) * (24.0 * number(i, 2)).exp2() / 4096.0));
    let label = (0..rows).map(|i| (i % 103 != 0).then(|| f32::from(u8::from(number(i, 3) > 0.5))));
    let columns: [(&str, ArrayRef); 4] = [
        ("z", Arc::new(Float32Array::from_iter(z))),
        ("label", Arc::new(Float32Array::from_iter(label))),
        ("w", Arc::new(Float32Array::from_iter_values((0..rows).map(|i| number(i, 4))))),
        ("g", Arc::new(Int32Array::from_iter_values((0..rows).map(|i| (i % 7) as i32)))),
    ];
    let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).unwrap();
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(rows / 16)).build();
    let mut writer = ArrowWriter::try_new(File::create(&path).unwrap(), batch.schema(), Some(properties)).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    path
}

/// The bits of all results of a query.
async fn bits(ctx: &SessionContext, query: &str) -> Result<Vec<Vec<Option<u64>>>> {
    let batches = ctx.sql(query).await?.collect().await?;
    let of_column = |i: usize| {
        let columns = batches.iter().map(|batch| cast(batch.column(i), &DataType::Float64).unwrap());
        columns
            .flat_map(|column| {
                column.as_primitive::<Float64Type>().iter().map(|x| x.map(f64::to_bits)).collect::<Vec<_>>()
            })
            .collect()
    };
    Ok((0..batches[0].num_columns()).map(of_column).collect())
}

async fn register(ctx: &SessionContext, data: &Path) {
    ctx.register_parquet("data", data.to_str().unwrap(), ParquetReadOptions::default()).await.unwrap();
}

/// The results of DataFusion alone, in one partition.
async fn expected(data: &Path) -> Vec<Vec<Vec<Option<u64>>>> {
    let state = session_state(SessionConfig::new().with_target_partitions(1)).unwrap();
    let ctx = SessionContext::new_with_state(state);
    register(&ctx, data).await;
    let mut all = Vec::new();
    for query in QUERIES {
        all.push(bits(&ctx, query).await.unwrap());
    }
    assert!(all[0].iter().all(|column| column[0].is_some()) && all[1][0].len() == 7 && all[2][0].len() == 100);
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_has_the_bits_of_datafusion() {
    let directory = TempDir::new().unwrap();
    let data = data(directory.path(), 100_000);
    let expected = expected(&data).await;
    for partitions in [1, 4] {
        let config = SessionConfig::new_with_ballista()
            .with_target_partitions(partitions)
            .with_ballista_standalone_parallelism(partitions);
        let ctx = standalone(config).await.unwrap();
        register(&ctx, &data).await;
        for (query, expected) in QUERIES.iter().zip(&expected) {
            assert_eq!(&bits(&ctx, query).await.unwrap(), expected, "{query}");
        }
    }
}

fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_slopes-ballista"))
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_have_the_bits_of_datafusion() {
    let directory = TempDir::new().unwrap();
    let data = data(directory.path(), 200_000);
    let expected = expected(&data).await;
    let cluster = Cluster::start(program(), 3, directory.path()).unwrap();
    let ctx = cluster.client(6).await.unwrap();
    register(&ctx, &data).await;
    for (query, expected) in QUERIES.iter().zip(&expected) {
        assert_eq!(&bits(&ctx, query).await.unwrap(), expected, "{query}");
    }
    let error = ctx.sql("SELECT huber(z, label, -1) FROM data").await.unwrap_err().to_string();
    assert!(error.contains("huber: argument 3: parameter delta = -1"), "{error}");
}

/// A query whose executor is killed at any moment has the right result or an error.
#[tokio::test(flavor = "multi_thread")]
async fn a_killed_executor_makes_no_wrong_number() {
    let directory = TempDir::new().unwrap();
    let data = data(directory.path(), 2_000_000);
    let expected = expected(&data).await;
    let mut outcomes = Vec::new();
    for part in [0.2, 0.5, 0.8] {
        let mut cluster = Cluster::start(program(), 3, directory.path()).unwrap();
        let ctx = cluster.client(12).await.unwrap();
        register(&ctx, &data).await;
        bits(&ctx, QUERIES[1]).await.unwrap();
        let start = Instant::now();
        assert_eq!(bits(&ctx, QUERIES[1]).await.unwrap(), expected[1]);
        let usual = start.elapsed();

        let query = tokio::spawn(async move { (bits(&ctx, QUERIES[1]).await, ctx) });
        tokio::time::sleep(usual.mul_f64(part)).await;
        let in_the_middle = !query.is_finished();
        cluster.kill_executor(1).unwrap();
        let (result, ctx) = tokio::time::timeout(Duration::from_secs(180), query).await.expect("an end").unwrap();
        match &result {
            Ok(bits) => assert_eq!(bits, &expected[1], "killed after {part} of the time"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        // The other executors go on.
        let after = tokio::time::timeout(Duration::from_secs(180), bits(&ctx, QUERIES[0])).await.expect("an end");
        match &after {
            Ok(bits) => assert_eq!(bits, &expected[0]),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
        outcomes.push((part, in_the_middle, result.err().map(|e| e.to_string()), after.err().map(|e| e.to_string())));
    }
    println!("{outcomes:#?}");
    assert!(outcomes.iter().any(|(_, in_the_middle, ..)| *in_the_middle), "no query was running: {outcomes:?}");
}
