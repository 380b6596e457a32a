//! The tasks of this project: `cargo xtask <task>`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use lab::parts::{self, Part};

#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Real clusters on this machine.
    #[command(subcommand)]
    Lab(Lab),
}

#[derive(Subcommand)]
enum Lab {
    /// Build the real programs that the lab runs into its cache.
    Parts {
        /// Only these parts, by name (default: all that the tests use).
        names: Vec<String>,
    },
}

fn main() -> ExitCode {
    let Arguments { task: Task::Lab(Lab::Parts { names }) } = Arguments::parse();
    let wanted: Vec<Part> = if names.is_empty() {
        Part::DEFAULT.to_vec()
    } else {
        Part::ALL.iter().copied().filter(|part| names.iter().any(|name| name == part.file_name())).collect()
    };
    match parts::machine::prepare().and_then(|()| parts::ensure(&wanted)) {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}", lab::chain(&error));
            ExitCode::FAILURE
        }
    }
}
