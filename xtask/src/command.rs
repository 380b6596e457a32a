//! Runs programs, visibly.

use std::process::{Command, ExitStatus};

use crate::error::Error;

/// Runs a program with this task's own standard streams, after printing its command line.
pub fn run(command: &mut Command) -> Result<(), Error> {
    eprintln!("$ {}", line(command));
    quietly(command)
}

/// Runs a program without a word.
pub fn quietly(command: &mut Command) -> Result<(), Error> {
    let status = command.status().map_err(|source| Error::Start { command: line(command), source })?;
    succeeded(command, status)
}

/// Runs a program and returns what it printed on standard output. Its standard error is shown if it fails.
pub fn output(command: &mut Command) -> Result<Vec<u8>, Error> {
    let output = command.output().map_err(|source| Error::Start { command: line(command), source })?;
    if !output.status.success() {
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
    }
    succeeded(command, output.status)?;
    Ok(output.stdout)
}

/// The command line for people.
pub fn line(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy());
    std::iter::once(command.get_program().to_string_lossy()).chain(arguments).collect::<Vec<_>>().join(" ")
}

fn succeeded(command: &Command, status: ExitStatus) -> Result<(), Error> {
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed { command: line(command), status: status.to_string() })
    }
}
