//! A scheduler, an executor, or a measurement of a cluster of them.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Parser;
use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::Int64Type;
use datafusion::prelude::{ParquetReadOptions, SessionContext};
use slopes_ballista::{Cluster, run_executor, run_scheduler};

#[derive(Parser)]
#[command(about = "A cluster of Ballista with the functions of slopes.")]
enum Options {
    /// Runs a scheduler.
    Scheduler {
        /// Its port.
        port: u16,
    },
    /// Runs an executor of one core.
    Executor {
        /// The port of the scheduler.
        scheduler: u16,
        /// The port for results.
        port: u16,
        /// The port for tasks.
        grpc_port: u16,
        /// The directory of its intermediate results.
        directory: PathBuf,
    },
    /// Starts clusters of 1, 2, ... executors, and prints the rows per second of a query.
    Measure {
        /// A Parquet file, as the example `score` makes it.
        data: PathBuf,
        /// The most executors.
        #[arg(long, default_value_t = 3)]
        executors: usize,
    },
}

const QUERY: &str = "SELECT count(*), mean_loss('bce_with_logits', z, label), mean_loss('mse', sigmoid(z), label), \
    mean_loss('huber(delta=1.5)', prediction, target) FROM data";

/// Tasks of a stage: several an executor, so that none waits for long.
const PARTITIONS: usize = 12;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    match Options::parse() {
        Options::Scheduler { port } => Ok(run_scheduler(port).await?),
        Options::Executor { scheduler, port, grpc_port, directory } => {
            Ok(run_executor(scheduler, [port, grpc_port], &directory).await?)
        }
        Options::Measure { data, executors } => measure(&data, executors).await,
    }
}

async fn measure(data: &Path, executors: usize) -> Result<(), Box<dyn Error>> {
    let directory = std::env::temp_dir().join(format!("slopes-ballista-{}", std::process::id()));
    println!("| executors | rows per second |\n|---|---|");
    for executors in 1..=executors {
        let cluster = Cluster::start(&std::env::current_exe()?, executors, &directory)?;
        let ctx = cluster.client(PARTITIONS).await?;
        let (rows, least) = least_time(&ctx, data).await?;
        println!("| {executors} | {:.3e} |", rows as f64 / least.as_secs_f64());
    }
    std::fs::remove_dir_all(directory)?;
    Ok(())
}

async fn least_time(ctx: &SessionContext, data: &Path) -> Result<(i64, Duration), Box<dyn Error>> {
    let path = data.canonicalize()?;
    ctx.register_parquet("data", path.to_str().ok_or("the path is no UTF-8")?, ParquetReadOptions::default()).await?;
    let (mut rows, mut least) = (0, Duration::MAX);
    for _ in 0..7 {
        let start = Instant::now();
        let batches = ctx.sql(QUERY).await?.collect().await?;
        least = least.min(start.elapsed());
        rows = batches[0].column(0).as_primitive::<Int64Type>().value(0);
    }
    Ok((rows, least))
}
