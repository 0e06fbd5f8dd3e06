//! Clusters of [Ballista](ballista) 55 whose client, scheduler and executors know the functions of slopes.
//!
//! A function crosses from the client to the scheduler and the executors as its name, and its parameters as arguments of
//! SQL; so all three register the same functions, and no codec is needed. [`session_state`] is what they share.
//!
//! In one process:
//!
//! ```no_run
//! use ballista::prelude::SessionConfigExt;
//! use datafusion::prelude::{ParquetReadOptions, SessionConfig};
//!
//! # async fn run() -> datafusion::error::Result<()> {
//! let ctx = slopes_ballista::standalone(SessionConfig::new_with_ballista()).await?;
//! ctx.register_parquet("data", "data.parquet", ParquetReadOptions::default()).await?;
//! ctx.sql("SELECT mean_loss('bce_with_logits', z, label) FROM data").await?.show().await?;
//! # Ok(())
//! # }
//! ```
//!
//! In several: [`Cluster`] starts them on this machine.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{io, thread};

use ballista::prelude::{SessionConfigExt, SessionContextExt};
use ballista_core::registry::BallistaFunctionRegistry;
use ballista_executor::executor_process::{ExecutorProcessConfig, start_executor_process};
use ballista_scheduler::cluster::BallistaCluster;
use ballista_scheduler::config::SchedulerConfig;
use ballista_scheduler::scheduler_process::start_server;
use datafusion::error::Result;
use datafusion::execution::{SessionState, SessionStateBuilder};
use datafusion::prelude::{SessionConfig, SessionContext};

/// A state with DataFusion's functions and ours, for a client, a scheduler or an executor.
///
/// # Errors
/// If a function is refused.
pub fn session_state(config: SessionConfig) -> Result<SessionState> {
    let mut state = SessionStateBuilder::new().with_config(config).with_default_features().build();
    slopes_datafusion::register(&mut state)?;
    Ok(state)
}

/// A client of a scheduler and an executor in this process.
///
/// # Errors
/// If they do not start, or if a function is refused.
pub async fn standalone(config: SessionConfig) -> Result<SessionContext> {
    registered(SessionContext::standalone_with_state(session_state(config)?).await?)
}

/// The client with our functions: Ballista replaces those of its state by DataFusion's own.
fn registered(mut client: SessionContext) -> Result<SessionContext> {
    slopes_datafusion::register(&mut client)?;
    Ok(client)
}

/// Runs a scheduler on a port of this machine, until the process ends.
///
/// An executor that is silent for 6 seconds is taken for dead, and its work given to others.
///
/// # Errors
/// If the port is in use.
pub async fn run_scheduler(port: u16) -> ballista_core::error::Result<()> {
    let config = SchedulerConfig {
        bind_port: port,
        executor_timeout_seconds: 6,
        expire_dead_executor_interval_seconds: 1,
        override_session_builder: Some(Arc::new(session_state)),
        ..SchedulerConfig::default()
    };
    let cluster = BallistaCluster::new_from_config(&config).await?;
    start_server(cluster, SocketAddr::from((Ipv4Addr::LOCALHOST, port)), Arc::new(config)).await
}

/// Runs an executor of one core on two ports of this machine, until the process ends. Intermediate results are files in
/// `directory`.
///
/// # Errors
/// If no scheduler answers, or if a port is in use.
pub async fn run_executor(scheduler: u16, ports: [u16; 2], directory: &Path) -> ballista_core::error::Result<()> {
    let functions = session_state(SessionConfig::new_with_ballista())?;
    let config = ExecutorProcessConfig {
        port: ports[0],
        grpc_port: ports[1],
        scheduler_host: "127.0.0.1".into(),
        scheduler_port: scheduler,
        scheduler_connect_timeout_seconds: 30,
        vcores: 1,
        work_dir: Some(directory.display().to_string()),
        executor_heartbeat_interval_seconds: 1,
        override_function_registry: Some(Arc::new(BallistaFunctionRegistry::from(&functions))),
        ..ExecutorProcessConfig::default()
    };
    start_executor_process(Arc::new(config)).await
}

/// A scheduler and executors as processes of this machine; they end with it.
#[derive(Debug)]
pub struct Cluster {
    scheduler: Child,
    executors: Vec<Child>,
    port: u16,
}

impl Cluster {
    /// Starts the processes: `program` is the binary of this package. Intermediate results are files in `directory`.
    ///
    /// # Errors
    /// If a process does not start, or does not answer within a minute.
    pub fn start(program: &Path, executors: usize, directory: &Path) -> io::Result<Self> {
        let port = free_port()?;
        let scheduler = spawn(program, &["scheduler".to_owned(), port.to_string()])?;
        let mut cluster = Cluster { scheduler, executors: Vec::new(), port };
        wait_for(port)?;
        for i in 0..executors {
            let ports = [free_port()?, free_port()?];
            let directory: PathBuf = directory.join(format!("executor-{port}-{i}"));
            std::fs::create_dir_all(&directory)?;
            let numbers = [port, ports[0], ports[1]].map(|port| port.to_string());
            let arguments = [&["executor".to_owned()], &numbers[..], &[directory.display().to_string()]].concat();
            cluster.executors.push(spawn(program, &arguments)?);
            wait_for(ports[0])?;
        }
        Ok(cluster)
    }

    /// A client of the cluster. Stages have `partitions` tasks.
    ///
    /// # Errors
    /// If the state is refused.
    pub async fn client(&self, partitions: usize) -> Result<SessionContext> {
        let config = SessionConfig::new_with_ballista().with_target_partitions(partitions);
        let url = format!("df://127.0.0.1:{}", self.port);
        registered(SessionContext::remote_with_state(&url, session_state(config)?).await?)
    }

    /// Kills an executor.
    ///
    /// # Errors
    /// If it has ended already.
    pub fn kill_executor(&mut self, index: usize) -> io::Result<()> {
        self.executors[index].kill()?;
        self.executors[index].wait().map(|_| ())
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for process in self.executors.iter_mut().chain([&mut self.scheduler]) {
            // One that has ended is no matter.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn spawn(program: &Path, arguments: &[String]) -> io::Result<Child> {
    Command::new(program).args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).spawn()
}

fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn wait_for(port: u16) -> io::Result<()> {
    let start = Instant::now();
    loop {
        match TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            Ok(_) => return Ok(()),
            Err(error) if start.elapsed() > Duration::from_secs(60) => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}
