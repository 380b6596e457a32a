//! `cargo install` of a crate at a version, with the dependencies of the crate's own lock file.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cache;
use super::command;
use super::error::Error;

pub(super) fn install(name: &str, version: &str, directory: &Path) -> Result<(), Error> {
    let installed = directory.join("installed");
    command::run(
        Command::new("cargo")
            .args(["install", "--quiet", "--locked", "--no-track", "--version", version])
            .arg("--root")
            .arg(&installed)
            .arg("--target-dir")
            .arg(directory.join("target"))
            .arg(name),
    )?;
    let program = installed.join("bin").join(name);
    fs::rename(&program, directory.join(name)).map_err(cache::failed("move", &program))?;
    cache::remove(&installed)?;
    cache::remove(&directory.join("target"))
}
