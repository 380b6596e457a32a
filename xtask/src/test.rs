//! `cargo xtask test`: everything that CI checks, with all its set-up.

use std::path::Path;
use std::process::Command;

use lab::parts::{self, Part};

use crate::command;
use crate::error::Error;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;
use crate::{dependencies, descriptors, docs, hcl, suite};

/// The lab's own Go program.
const KUBELETD: &str = "acceptance-tests/lab/tools/kubeletd";

/// Runs every step, the tests last, and prints how long each took.
pub fn run(workspace: &Workspace) -> Result<(), Error> {
    let mut steps = Steps::default();
    steps.run("parts", prepare);
    steps.run("format", || cargo(workspace, &["fmt", "--all", "--check"]));
    steps.run("lints", || {
        cargo(workspace, &["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"])
    });
    steps.run("dependencies", || dependencies::check(workspace));
    steps.run("advisories", || dependencies::check_advisories(workspace));
    steps.run("rustdoc", || rustdoc(workspace));
    steps.run("descriptors", || descriptors::check(workspace).map(|()| Outcome::Passed));
    steps.run("documentation", || docs::check(workspace).map(|()| Outcome::Passed));
    steps.run("configuration in pages", || hcl::check(workspace).map(|()| Outcome::Passed));
    steps.run("kubeletd", || kubeletd(&workspace.root.join(KUBELETD)));
    steps.run("tests", || suite::run(workspace));
    steps.finish()
}

fn prepare() -> Result<Outcome, Error> {
    parts::machine::prepare()?;
    parts::machine::check_room(&std::env::current_dir().unwrap_or_default())?;
    parts::ensure(&[Part::DEFAULT, &[Part::CargoDeny]].concat())?;
    Ok(Outcome::Passed)
}

fn cargo(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome, Error> {
    command::run(&mut workspace.cargo(arguments))?;
    Ok(Outcome::Passed)
}

fn rustdoc(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut doc = workspace.cargo(&["doc", "--quiet", "--workspace", "--no-deps"]);
    command::run(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(Outcome::Passed)
}

fn kubeletd(folder: &Path) -> Result<Outcome, Error> {
    let go = |arguments: &[&str]| {
        let mut go = Command::new("go");
        go.args(arguments).current_dir(folder).envs([("CGO_ENABLED", "0"), ("GOWORK", "off")]);
        go
    };
    let mut gofmt = Command::new("gofmt");
    let unformatted = command::output(gofmt.args(["-l", "."]).current_dir(folder))?;
    if !unformatted.is_empty() {
        let status = format!("not formatted: {}", String::from_utf8_lossy(&unformatted).trim());
        return Err(Error::Failed { command: command::line(&gofmt), status });
    }
    command::run(&mut go(&["vet", "."]))?;
    command::run(&mut go(&["test", "."]))?;
    Ok(Outcome::Passed)
}
