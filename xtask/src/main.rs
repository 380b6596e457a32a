//! The tasks of this project: `cargo xtask <task>`.

mod calls;
mod command;
mod demo;
mod dependencies;
mod descriptors;
mod docs;
mod error;
mod hcl;
mod interrupt;
mod lab_parts;
mod package;
mod picture;
mod scenario;
mod soak;
mod steps;
mod suite;
mod terraform;
mod test;
mod tree;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use error::Error;
use scenario::Scenario;
use workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of this project")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install Istio into two local clusters with the real terraform, and wait for Ctrl-C
    Demo {
        /// What to show
        #[arg(value_enum, default_value_t = Scenario::MultiPrimary, conflicts_with = "down")]
        scenario: Scenario,
        /// Leave the clusters running
        #[arg(long)]
        detach: bool,
        /// Take down what an earlier demo left running
        #[arg(long, conflicts_with = "detach")]
        down: bool,
    },
    /// Run every check and every test, including the set-up that they need
    Test,
    /// Kill Terraform and the provider at many moments of every verb, and check that the next step recovers
    Soak(soak::Arguments),
    /// Write docs/ from the provider's schema, templates/ and examples/
    Docs {
        /// Only report pages that are out of date, and configuration in pages that Terraform rejects
        #[arg(long)]
        check: bool,
    },
    /// Write the descriptors of `src/mesh_config` from the Go module that describes Istio's mesh configuration
    Descriptors {
        /// Only report files that differ from what the module says
        #[arg(long)]
        check: bool,
    },
    /// Build the files of a release
    Package,
    /// Manage real clusters on this machine, and the programs that they consist of
    Lab {
        #[command(subcommand)]
        command: Lab,
    },
}

#[derive(Subcommand)]
enum Lab {
    /// Build the real programs that the lab runs into its cache
    Parts {
        /// Only these parts (default: all that the tests use)
        names: Vec<String>,
    },
    #[command(flatten)]
    Clusters(lab::cli::Command),
}

fn main() -> ExitCode {
    // `lab up` and `demo` start this program again to be the lab.
    if let Some(code) = lab::cli::serve_if_asked() {
        return code;
    }
    match run(Arguments::parse().task) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", lab::chain(&error));
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> Result<(), Error> {
    match task {
        Task::Demo { down: true, .. } => demo::down(&Workspace::find()?),
        Task::Demo { scenario, detach, .. } => demo::run(&Workspace::find()?, scenario, detach),
        Task::Test => test::run(&Workspace::find()?),
        Task::Soak(arguments) => soak::run(&Workspace::find()?, &arguments),
        Task::Docs { check: false } => docs::write(&Workspace::find()?),
        Task::Docs { check: true } => {
            let workspace = Workspace::find()?;
            docs::check(&workspace)?;
            hcl::check(&workspace)
        }
        Task::Descriptors { check: false } => descriptors::write(&Workspace::find()?),
        Task::Descriptors { check: true } => descriptors::check(&Workspace::find()?),
        Task::Package => package::run(&Workspace::find()?),
        Task::Lab { command: Lab::Parts { names } } => lab_parts::make(&names),
        Task::Lab { command: Lab::Clusters(command) } => Ok(lab::cli::run(command)?),
    }
}
