//! The commands of the `lab` binary, which `cargo xtask lab` has too.
//!
//! A program that offers [`Command`] calls [`serve_if_asked`] first in `main`: `up` runs the same program again,
//! inside a jail, to be the lab.

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, Subcommand};

use crate::api_server::{self, ApiServer};
use crate::{jail, parts};

mod processes;
mod running;
mod serve;

use running::Running;
pub use serve::serve_if_asked;

#[derive(Parser)]
#[command(about = "Real Kubernetes clusters on one Linux machine without containers")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// What can be done with a lab by hand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start clusters and leave them running
    Up {
        /// Names of the clusters, which are also the contexts of the kubeconfig
        #[arg(default_values = ["east", "west"])]
        clusters: Vec<String>,
        /// Put all of them on one network, where every pod reaches every pod
        #[arg(long)]
        flat: bool,
        /// Give load balancers host names instead of addresses
        #[arg(long)]
        host_names: bool,
    },
    /// Stop the clusters and wait until nothing is left
    Down,
    /// Show the clusters' processes and their memory
    Status,
    /// Run a command in the clusters' network, with KUBECONFIG set and the lab's programs on PATH
    Exec {
        /// The command and its arguments
        #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Start one API server on loopback, print how to reach it, and stop it when standard input ends
    ApiServer {
        /// Also run the controllers
        #[arg(long)]
        controllers: bool,
    },
}

/// What can go wrong with a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server on loopback.
    #[error("cannot run an API server")]
    ApiServer(#[from] api_server::Error),
    /// The terminal, or the files that say what runs.
    #[error("cannot use the terminal or the lab's files")]
    Files(#[from] io::Error),
    /// The parts.
    #[error("cannot find the lab's parts")]
    Parts(#[from] parts::Error),
    /// The jail.
    #[error("cannot make a jail")]
    Jail(#[from] jail::Error),
    /// There is one already.
    #[error("a lab is running already (process {0}); `lab down` stops it")]
    AlreadyUp(u32),
    /// There is none.
    #[error("no lab is running; `lab up` starts one")]
    NotUp,
    /// It ended instead of becoming ready.
    #[error("the lab did not start:\n{log}")]
    DidNotStart {
        /// What it said.
        log: String,
    },
    /// Some of its processes survived.
    #[error("after its end the lab still has the processes {0:?}")]
    Left(Vec<u32>),
    /// The command could not be run.
    #[error("cannot run {}", command.display())]
    Exec {
        /// The command.
        command: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    if let Some(code) = serve_if_asked() {
        return code;
    }
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", crate::chain(&error));
            ExitCode::FAILURE
        }
    }
}

/// Carries out one command.
pub fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Up { clusters, flat, host_names } => up(&serve::Request { clusters, flat, host_names }),
        Command::Down => down(),
        Command::Status => status(),
        Command::Exec { command } => Err(exec(&command)),
        Command::ApiServer { controllers } => api_server(controllers),
    }
}

/// Starts clusters that stay when this process ends.
pub fn up(request: &serve::Request) -> Result<(), Error> {
    if let Some(running) = Running::find()? {
        return Err(Error::AlreadyUp(running.pid));
    }
    let started = Instant::now();
    writeln!(io::stderr(), "starting the clusters {}", request.clusters.join(", "))?;
    let running = serve::start(request)?;
    let seconds = started.elapsed().as_secs_f64();
    writeln!(
        io::stderr(),
        "ready in {seconds:.1} s (process {}); the kubeconfig inside is {}",
        running.pid,
        running.kubeconfig.display()
    )?;
    Ok(())
}

/// Stops the clusters and waits until nothing is left.
pub fn down() -> Result<(), Error> {
    Running::find()?.ok_or(Error::NotUp)?.stop()
}

/// Shows the processes of the clusters.
pub fn status() -> Result<(), Error> {
    let running = Running::find()?.ok_or(Error::NotUp)?;
    let mut out = io::stdout();
    writeln!(out, "lab {} with the clusters {}", running.pid, running.clusters.join(", "))?;
    writeln!(out, "{:>8} {:>9}  {:<12} PROGRAM", "PID", "MEMORY", "CLUSTER")?;
    let mut total = 0;
    for process in running.processes()? {
        total += process.memory_kib;
        let cluster = running.cluster_of(&process);
        let mib = process.memory_kib / 1024;
        writeln!(out, "{:>8} {mib:>5} MiB  {cluster:<12} {}", process.pid, process.program())?;
    }
    writeln!(out, "{:>8} {:>5} MiB", "", total / 1024)?;
    Ok(())
}

/// Replaces this process by a command among the clusters; returns only if that is impossible.
pub fn exec(command: &[OsString]) -> Error {
    let built = Running::find()
        .and_then(|running| running.ok_or(Error::NotUp))
        .and_then(|running| running.command(command));
    match built {
        Ok(mut built) => Error::Exec { command: "nsenter".into(), source: built.exec() },
        Err(error) => error,
    }
}

fn api_server(controllers: bool) -> Result<(), Error> {
    let server = ApiServer::start_with(&api_server::Options { controllers })?;
    let mut out = io::stdout();
    for component in server.components() {
        if let Some(pid) = component.pid() {
            writeln!(out, "pid {pid}")?;
        }
    }
    writeln!(out, "kubeconfig {}", server.kubeconfig().display())?;
    out.flush()?;
    io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}
