//! cargo-deny over the project's dependencies: licences, bans, sources and known vulnerabilities.

use std::process::{Command, Stdio};

use lab::parts::{self, Part};

use crate::command;
use crate::error::Error;
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Licences, bans and sources need nothing from outside.
pub fn check(workspace: &Workspace) -> Result<Outcome, Error> {
    command::run(&mut cargo_deny(workspace, &["check", "licenses", "bans", "sources"])?)?;
    Ok(Outcome::Passed)
}

/// Advisories come from a git repository, which not every machine reaches: then this step says so.
pub fn check_advisories(workspace: &Workspace) -> Result<Outcome, Error> {
    let mut fetch = cargo_deny(workspace, &["fetch", "db"])?;
    let fetched = fetch.stdout(Stdio::null()).stderr(Stdio::null()).status();
    if !fetched.is_ok_and(|status| status.success()) {
        return Ok(Outcome::NotChecked("the advisory database cannot be reached from here".to_owned()));
    }
    command::run(&mut cargo_deny(workspace, &["check", "--disable-fetch", "advisories"])?)?;
    Ok(Outcome::Passed)
}

fn cargo_deny(workspace: &Workspace, arguments: &[&str]) -> Result<Command, Error> {
    let mut command = Command::new(parts::find(Part::CargoDeny)?);
    command.args(["--log-level", "warn"]).args(arguments).current_dir(&workspace.root);
    Ok(command)
}
