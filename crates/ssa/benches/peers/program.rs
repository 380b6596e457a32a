//! The programs, and how each is told what to do.

use std::path::{Path, PathBuf};

use lab::parts::{self, Part};
use tokio::process::Command;

use crate::run::{self, Run};

/// What a program is asked to do, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// Make the set on an empty server.
    Create,
    /// Say that nothing changes, with nothing read before.
    DiffCold,
    /// Say that nothing changes, with what an earlier process has kept.
    DiffWarm,
    /// Apply the unchanged set.
    ApplyUnchanged,
    /// Apply the set with one object in ten changed.
    ApplyChanged,
}

impl Step {
    pub const ALL: [Self; 5] =
        [Self::Create, Self::DiffCold, Self::DiffWarm, Self::ApplyUnchanged, Self::ApplyChanged];

    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create all",
            Self::DiffCold => "no-op diff, cold",
            Self::DiffWarm => "no-op diff, warm",
            Self::ApplyUnchanged => "no-op apply",
            Self::ApplyChanged => "apply, a tenth changed",
        }
    }

    pub fn is_cold(self) -> bool {
        matches!(self, Self::Create | Self::DiffCold)
    }

    pub fn changes(self) -> bool {
        self == Self::ApplyChanged
    }

    pub fn can_be_repeated(self) -> bool {
        matches!(self, Self::DiffCold | Self::DiffWarm | Self::ApplyUnchanged)
    }

    fn is_diff(self) -> bool {
        matches!(self, Self::DiffCold | Self::DiffWarm)
    }
}

pub struct Program {
    pub name: &'static str,
    keeps_schemas: bool,
    command: fn(Step, &Path, &Path, &Path) -> Command,
}

pub const PROGRAMS: &[Program] = &[
    Program { name: "ssa", keeps_schemas: true, command: ours },
    Program { name: "kubectl --server-side", keeps_schemas: true, command: kubectl },
    Program { name: "fluxcd/pkg/ssa", keeps_schemas: false, command: flux },
];

impl Program {
    pub fn does(&self, step: Step) -> bool {
        self.keeps_schemas || step != Step::DiffWarm
    }

    pub async fn run(&self, step: Step, kubeconfig: &Path, cache: &Path, folder: &Path) -> Run {
        run::measured((self.command)(step, kubeconfig, cache, folder), self.name).await
    }
}

fn ours(step: Step, kubeconfig: &Path, cache: &Path, folder: &Path) -> Command {
    let bench = std::env::current_exe().unwrap();
    let example: PathBuf = bench.parent().unwrap().parent().unwrap().join("examples/apply");
    assert!(example.is_file(), "cargo build --release -p ssa --example apply");
    let mut command = Command::new(example);
    command.arg("--kubeconfig").arg(kubeconfig).args(["--inventory", "bench"]);
    command.arg("--schema-cache").arg(cache);
    if step.is_diff() {
        command.arg("--dry-run");
    }
    command.arg(folder);
    command
}

fn kubectl(step: Step, kubeconfig: &Path, cache: &Path, folder: &Path) -> Command {
    let mut command = Command::new(parts::find(Part::Kubectl).unwrap());
    command.arg(if step.is_diff() { "diff" } else { "apply" });
    command.args(["--server-side", "--force-conflicts"]);
    command.arg("--kubeconfig").arg(kubeconfig).arg("--cache-dir").arg(cache).arg("-f").arg(folder);
    command
}

fn flux(step: Step, kubeconfig: &Path, _: &Path, folder: &Path) -> Command {
    let mut command = Command::new(parts::find(Part::FluxSsa).unwrap());
    command
        .arg("--kubeconfig")
        .arg(kubeconfig)
        .arg(if step.is_diff() { "diff" } else { "apply" })
        .arg(folder);
    command
}
