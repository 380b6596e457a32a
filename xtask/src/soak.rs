//! `cargo xtask soak`: runs of the provider killed at many moments, which the suite has no time for.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::command;
use crate::error::{Error, file_error};
use crate::workspace::Workspace;

/// What is killed, and where that is written down.
#[derive(Args)]
pub struct Arguments {
    /// How often to kill each of create, update and destroy: in three of four cases Terraform and the provider, otherwise the
    /// provider alone
    #[arg(long, default_value_t = 40)]
    kills: usize,
    /// Seed of the random moments: the same seed gives the same moments
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which verbs of a mesh to kill: create, update, destroy (default: all); those of a remote cluster and of a federation are killed in turn
    #[arg(long)]
    only: Option<String>,
    /// Log file, to which one line per kill is appended
    #[arg(long, default_value = "target/soak.log")]
    log: PathBuf,
}

/// The test targets in which runs are killed, and the tests of them.
const KILLS: [(&str, &[&str]); 3] = [
    ("kills", &[]),
    ("remote_faults", &["a_run_that_was_killed_is_taken_up"]),
    ("federation", &["a_run_that_was_killed_is_taken_up"]),
];

/// Runs the tests that kill runs with these numbers.
pub fn run(workspace: &Workspace, arguments: &Arguments) -> Result<(), Error> {
    let log = workspace.root.join(&arguments.log);
    if let Some(folder) = log.parent() {
        std::fs::create_dir_all(folder).map_err(file_error("make", folder))?;
    }
    let outcomes = KILLS.map(|(target, tests)| {
        let only = arguments.only.as_deref().filter(|_| tests.is_empty());
        let mut cargo = workspace.cargo(&["test", "--workspace", "--test", target, "--"]);
        cargo.args(only).args(tests).args(["--nocapture"]).envs(environment(arguments, &log));
        command::run(&mut cargo)
    });
    eprintln!("{}", log.display());
    outcomes.into_iter().collect()
}

fn environment(arguments: &Arguments, log: &Path) -> [(&'static str, String); 3] {
    [
        ("KILLS", arguments.kills.to_string()),
        ("KILLS_SEED", arguments.seed.to_string()),
        ("KILLS_LOG", log.display().to_string()),
    ]
}
