//! The demo's mesh as a picture, drawn by the provider's own data source.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::command;
use crate::error::{Error, file_error};

/// Prints the topology as text, and writes it as an image. `terraform` makes a command for the folder.
pub fn show(folder: &Path, terraform: impl Fn(&[&str]) -> Result<Command, Error>) -> Result<(), Error> {
    let output = |name| command::output(&mut terraform(&["output", "-raw", name])?);
    let (mermaid, svg) = (output("mermaid")?, output("svg")?);
    let path = folder.join("topology.svg");
    fs::write(&path, svg).map_err(file_error("write", &path))?;
    eprintln!(
        "\nThe topology, as an image in {}:\n\n{}",
        path.display(),
        String::from_utf8_lossy(&mermaid).trim_end()
    );
    Ok(())
}
