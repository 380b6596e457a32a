//! The commands of the `lab` binary, which `cargo xtask lab` uses too.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::api_server::{self, ApiServer};

#[derive(Parser)]
#[command(about = "Real Kubernetes clusters on one Linux machine without containers")]
struct Arguments {
    #[command(subcommand)]
    command: Subcommands,
}

#[derive(Subcommand)]
enum Subcommands {
    /// Start one API server on loopback, say how to reach it, and stop it when standard input ends
    ApiServer {
        /// Run the controllers too
        #[arg(long)]
        controllers: bool,
    },
}

/// What can go wrong with a command.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The API server.
    #[error(transparent)]
    ApiServer(#[from] api_server::Error),
    /// Standard input or output.
    #[error("cannot use the terminal")]
    Terminal(#[from] io::Error),
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Subcommands::ApiServer { controllers } => api_server(controllers),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "{}", crate::chain(&error));
            ExitCode::FAILURE
        }
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
