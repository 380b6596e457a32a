//! The tests: one `cargo test` a target, in lanes side by side, since those of clusters wait longer than they compute.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;
use std::{iter, thread, vec};

use crate::command;
use crate::error::{Error, file_error};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The targets that run whole clusters with Istio, the longest first.
const LABS: [&str; 11] = [
    "remote_cluster",
    "remote_faults",
    "mesh",
    "multi_primary",
    "field_reports",
    "kills",
    "book",
    "entrances",
    "federation",
    "clusters",
    "objects",
];
/// So many labs begin at once. The targets without a lab compute, in a lane of their own; when they are done, that takes labs, too.
/// No more at a time, since more would slow each other's clusters down until what they wait for comes too late.
const LABS_AT_ONCE: usize = 2;

/// No more lines of a failure are printed a second time.
const FAILURE_LINES: usize = 120;

/// What `cargo test` is told of a target.
type Target = Vec<String>;

/// Targets that are yet to run.
type Queue = Mutex<vec::IntoIter<Target>>;

/// A target that failed.
struct Failure {
    name: String,
    /// What is known of why.
    told: String,
}

/// Builds all tests, runs them and prints what each target printed, whole, when it ends.
pub fn run(workspace: &Workspace) -> Result<Outcome, Error> {
    command::run(&mut workspace.cargo(&["test", "--workspace", "--no-run", "--quiet"]))?;
    let (labs, others) = targets(&workspace.test_targets);
    let (labs, others) = (Mutex::new(labs.into_iter()), Mutex::new(others.into_iter()));
    let failed = thread::scope(|scope| {
        let lanes = iter::repeat_n(vec![&labs], LABS_AT_ONCE).chain([vec![&others, &labs]]);
        let run = |lane: Vec<&Queue>| {
            lane.into_iter().flat_map(|queue| failing(workspace, queue)).collect::<Vec<_>>()
        };
        let lanes: Vec<_> = lanes.map(|lane| scope.spawn(move || run(lane))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let failed: Vec<Failure> = failed;
    // Once more at the end, where whoever has only the last lines of a log finds it.
    for failure in &failed {
        eprintln!("\n{} failed\n{}", failure.name, failure.told);
    }
    let names: Vec<String> = failed.into_iter().map(|failure| failure.name).collect();
    if names.is_empty() { Ok(Outcome::Passed) } else { Err(Error::Tests { names }) }
}

/// The targets with a lab, in their order, and all others.
fn targets(names: &[String]) -> (Vec<Target>, Vec<Target>) {
    let test = |name: &str| vec!["--test".to_owned(), name.to_owned()];
    let labs = LABS.into_iter().filter(|lab| names.iter().any(|name| name == lab)).map(test).collect();
    let others = names.iter().map(String::as_str).filter(|name| !LABS.contains(name)).map(test);
    let units = ["--lib", "--bins", "--doc"].map(|kind| vec![kind.to_owned()]);
    (labs, others.chain(units).collect())
}

/// Runs targets one after the other until none is left; what failed.
fn failing(workspace: &Workspace, targets: &Queue) -> Vec<Failure> {
    let next = || targets.lock().unwrap_or_else(PoisonError::into_inner).next();
    let failed = iter::from_fn(next).filter_map(|target| match test(workspace, &target) {
        Ok(None) => None,
        Ok(Some(told)) => Some(Failure { name: target.join(" "), told }),
        Err(error) => Some(Failure { name: target.join(" "), told: lab::chain(&error) }),
    });
    failed.collect()
}

/// Runs one target and prints its output in one piece; if it failed, what it told of that.
fn test(workspace: &Workspace, target: &Target) -> Result<Option<String>, Error> {
    let path = Path::new("a temporary file");
    let mut output = tempfile::tempfile().map_err(file_error("create", path))?;
    let copy = || output.try_clone().map(Stdio::from).map_err(file_error("share", path));
    let mut cargo = workspace.cargo(&["test", "--workspace", "--no-fail-fast"]);
    cargo.args(target).stdin(Stdio::null()).stdout(copy()?).stderr(copy()?);
    let started = Instant::now();
    let outcome = command::quietly(&mut cargo);
    let took = started.elapsed();
    let text = print(&cargo, &mut output).map_err(file_error("copy", path))?;
    eprintln!("{} took {:.1} s", target.join(" "), took.as_secs_f64());
    Ok(outcome.err().map(|error| format!("{}\n{}", failures(&text), lab::chain(&error))))
}

fn print(cargo: &Command, output: &mut File) -> io::Result<String> {
    let mut bytes = Vec::new();
    output.rewind()?;
    output.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut screen = io::stderr().lock();
    writeln!(screen, "\n$ {}", command::line(cargo))?;
    screen.write_all(text.as_bytes())?;
    Ok(text)
}

/// What a test program says of its failures, of which it prints the names last; without that its last lines.
fn failures(output: &str) -> String {
    let from = output.find("\nfailures:\n").map_or(0, |at| at + 1);
    let lines: Vec<&str> = output[from..].lines().collect();
    lines[lines.len().saturating_sub(FAILURE_LINES)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_runs_once_and_labs_in_lanes_of_their_own() {
        let names =
            ["book", "charts", "clusters", "engine", "kills", "mesh", "multi_primary"].map(str::to_owned);
        let shown = |targets: Vec<Target>| targets.iter().map(|it| it.join(" ")).collect::<Vec<_>>();
        let (labs, others) = targets(&names);
        let expected = ["mesh", "multi_primary", "kills", "book", "clusters"];
        assert_eq!(shown(labs), expected.map(|name| format!("--test {name}")));
        assert_eq!(shown(others), ["--test charts", "--test engine", "--lib", "--bins", "--doc"]);
    }

    #[test]
    fn of_a_failure_only_what_tells_why_is_printed_again() {
        let output =
            "running 2 tests\ntest a ... ok\ntest b ... FAILED\n\nfailures:\n\n---- b ----\nit broke\n";
        assert_eq!(failures(output), "failures:\n\n---- b ----\nit broke");
        let killed = "running 2 tests\n".to_owned() + &"line\n".repeat(FAILURE_LINES);
        assert_eq!(failures(&killed).lines().count(), FAILURE_LINES);
    }
}
