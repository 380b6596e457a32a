//! The tests: one `cargo test` a target, in lanes side by side, since those of clusters wait longer than they compute.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::panic::resume_unwind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use crate::command;
use crate::error::{Error, file_error};
use crate::steps::Outcome;
use crate::workspace::Workspace;

/// The targets that run whole clusters with Istio: two lanes of about the same length, no more than two labs at a time, since
/// more would slow each other's clusters down until what they wait for comes too late.
const LABS: [&[&str]; 2] = [
    &["clusters", "mesh", "book", "remote_cluster"],
    &["multi_primary", "entrances", "kills", "objects", "field_reports"],
];

/// What `cargo test` is told of a target.
type Target = Vec<String>;

/// Builds all tests, runs them and prints what each target printed, whole, when it ends.
pub fn run(workspace: &Workspace) -> Result<Outcome, Error> {
    command::run(&mut workspace.cargo(&["test", "--workspace", "--no-run", "--quiet"]))?;
    let names = thread::scope(|scope| {
        let lanes = lanes(&workspace.test_targets).into_iter();
        let lanes: Vec<_> = lanes.map(|lane| scope.spawn(move || failing(workspace, &lane))).collect();
        lanes.into_iter().flat_map(|lane| lane.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    let names: Vec<String> = names;
    if names.is_empty() { Ok(Outcome::Passed) } else { Err(Error::Tests { names }) }
}

/// The targets with a lab, and all others.
fn lanes(names: &[String]) -> Vec<Vec<Target>> {
    let test = |name: &String| vec!["--test".to_owned(), name.clone()];
    let lab = |lane: &[&str]| names.iter().filter(|name| lane.contains(&name.as_str())).map(test).collect();
    let has_no_lab = |name: &&String| !LABS.iter().any(|lane| lane.contains(&name.as_str()));
    let units = ["--lib", "--bins", "--doc"].map(|kind| vec![kind.to_owned()]);
    let others = names.iter().filter(has_no_lab).map(test).chain(units).collect();
    LABS.iter().map(|lane| lab(lane)).chain([others]).collect()
}

/// Runs these targets one after the other; what failed.
fn failing(workspace: &Workspace, targets: &[Target]) -> Vec<String> {
    let failed = targets.iter().filter(|target| match test(workspace, target) {
        Ok(()) => false,
        Err(error) => {
            eprintln!("{}", lab::chain(&error));
            true
        }
    });
    failed.map(|target| target.join(" ")).collect()
}

/// Runs one target and prints its output in one piece.
fn test(workspace: &Workspace, target: &Target) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_runs_once_and_labs_in_lanes_of_their_own() {
        let names =
            ["book", "charts", "clusters", "engine", "kills", "mesh", "multi_primary"].map(str::to_owned);
        let shown = |lane: Vec<Target>| lane.iter().map(|target| target.join(" ")).collect::<Vec<_>>();
        let lanes: Vec<_> = lanes(&names).into_iter().map(shown).collect();
        assert_eq!(lanes[0], ["--test book", "--test clusters", "--test mesh"]);
        assert_eq!(lanes[1], ["--test kills", "--test multi_primary"]);
        assert_eq!(lanes[2], ["--test charts", "--test engine", "--lib", "--bins", "--doc"]);
    }
}
