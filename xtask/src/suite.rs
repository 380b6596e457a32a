//! The tests: one `cargo test` a target and several of them side by side, since most wait for clusters longer than
//! they compute.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::command;
use crate::error::{Error, file_error};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// Targets at the same time. Two keep two processors busy, the third fills the time in which they wait.
const SIDE_BY_SIDE: usize = 3;

/// The targets that take longest; they start first, so that none of them is left alone at the end.
const LONG: [&str; 5] = ["mesh", "clusters", "engine", "multi_primary", "terraform"];

/// Builds all tests, runs them and prints what each target printed, whole, when it ends.
pub fn run(workspace: &Workspace) -> Result<Outcome, Error> {
    command::run(&mut workspace.cargo(&["test", "--workspace", "--no-run", "--quiet"]))?;
    let queue = Mutex::new(in_order(&workspace.test_targets));
    let failed = Mutex::new(Vec::new());
    let next = || lock(&queue).pop_front();
    let work = || {
        while let Some(target) = next() {
            if let Err(error) = test(workspace, &target) {
                eprintln!("{}", lab::chain(&error));
                lock(&failed).push(target.join(" "));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE {
            scope.spawn(work);
        }
    });
    let names = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if names.is_empty() { Ok(Outcome::Passed) } else { Err(Error::Tests { names }) }
}

/// What `cargo test` is told of each target, the longest first.
fn in_order(names: &[String]) -> VecDeque<Vec<String>> {
    let is_long = |name: &&String| LONG.contains(&name.as_str());
    let long =
        LONG.iter().filter(|long| names.iter().any(|name| name == *long)).map(|long| (*long).to_owned());
    let others = names.iter().filter(|name| !is_long(name)).cloned();
    let tests = long.chain(others).map(|name| vec!["--test".to_owned(), name]);
    tests.chain(["--lib", "--bins", "--doc"].map(|kind| vec![kind.to_owned()])).collect()
}

/// Runs one target and prints its output in one piece.
fn test(workspace: &Workspace, target: &[String]) -> Result<(), Error> {
    let path = Path::new("a temporary file");
    let mut output = tempfile::tempfile().map_err(file_error("create", path))?;
    let copy = || output.try_clone().map(Stdio::from).map_err(file_error("share", path));
    let mut cargo = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    cargo.args(target).stdin(Stdio::null()).stdout(copy()?).stderr(copy()?);
    let started = Instant::now();
    let outcome = command::quietly(&mut cargo);
    let took = started.elapsed();
    print(&cargo, &mut output).map_err(file_error("copy", path))?;
    eprintln!("{} took {:.1} s", target.join(" "), took.as_secs_f64());
    outcome
}

fn print(cargo: &Command, output: &mut File) -> io::Result<()> {
    let mut text = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut text)?;
    let mut screen = io::stderr().lock();
    writeln!(screen, "\n$ {}", command::line(cargo))?;
    screen.write_all(&text)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_runs_once_and_the_long_ones_first() {
        let names = ["charts", "engine", "values", "mesh"].map(str::to_owned);
        let order: Vec<String> = in_order(&names).into_iter().map(|target| target.join(" ")).collect();
        let expected =
            ["--test mesh", "--test engine", "--test charts", "--test values", "--lib", "--bins", "--doc"];
        assert_eq!(order, expected);
    }
}
