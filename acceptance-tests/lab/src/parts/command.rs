//! Runs a program of the machine: quiet while it works, with its last lines when it fails.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::error::Error;

/// How often a long command says that it is still at work.
const SIGN_OF_LIFE: Duration = Duration::from_mins(1);

/// How much of a failed command's output an error shows, in lines.
const SHOWN_LINES: usize = 30;

/// Runs `command` to its end. What it prints is kept for the error.
pub fn run(command: &mut Command) -> Result<(), Error> {
    let mut output = tempfile::tempfile().map_err(|source| start_error(command, source))?;
    let copy = |file: &File| file.try_clone().map(Stdio::from);
    let (stdout, stderr) = copy(&output)
        .and_then(|out| Ok((out, copy(&output)?)))
        .map_err(|source| start_error(command, source))?;
    let child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn();
    let mut child = child.map_err(|source| start_error(command, source))?;
    let started = Instant::now();
    let mut next_sign = SIGN_OF_LIFE;
    loop {
        if let Some(status) = child.try_wait().map_err(|source| start_error(command, source))? {
            return succeeded(command, status, &mut output);
        }
        if started.elapsed() >= next_sign {
            eprintln!("    … {} still at work after {} s", name(command), started.elapsed().as_secs());
            next_sign += SIGN_OF_LIFE;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// Runs `command` to its end and returns what it printed on its standard output.
pub fn output(command: &mut Command) -> Result<String, Error> {
    let result = command.stdin(Stdio::null()).output().map_err(|source| start_error(command, source))?;
    if result.status.success() {
        Ok(String::from_utf8_lossy(&result.stdout).into_owned())
    } else {
        Err(failed(command, result.status, &String::from_utf8_lossy(&result.stderr)))
    }
}

fn succeeded(command: &Command, status: ExitStatus, output: &mut File) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    let mut bytes = Vec::new();
    let read = output.seek(SeekFrom::Start(0)).and_then(|_| output.read_to_end(&mut bytes));
    read.map_err(|source| start_error(command, source))?;
    Err(failed(command, status, &String::from_utf8_lossy(&bytes)))
}

fn failed(command: &Command, status: ExitStatus, output: &str) -> Error {
    let lines: Vec<&str> = output.lines().collect();
    let shown = lines.len().saturating_sub(SHOWN_LINES);
    Error::Failed { command: line(command), status: status.to_string(), output: lines[shown..].join("\n") }
}

fn start_error(command: &Command, source: std::io::Error) -> Error {
    Error::Start { program: name(command), source }
}

fn name(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}

fn line(command: &Command) -> String {
    let arguments = command.get_args().map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name(command)).chain(arguments).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_command_is_shown_with_its_last_lines() {
        let error = run(Command::new("sh").args(["-c", "seq 100; echo wrong >&2; exit 3"])).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("sh -c") && text.contains("exit status: 3"), "{text}");
        assert!(text.ends_with("100\nwrong") && !text.contains("\n50\n"), "{text}");
    }

    #[test]
    fn a_command_that_does_not_exist_is_named() {
        let error = run(&mut Command::new("no-such-program")).unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-program`");
    }

    #[test]
    fn the_standard_output_of_a_command_is_returned() {
        assert_eq!(output(Command::new("sh").args(["-c", "echo out; echo err >&2"])).unwrap(), "out\n");
    }
}
