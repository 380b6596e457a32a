//! A provider on this framework beside one on terraform-plugin-framework, in one run: start to handshake, memory at the
//! handshake, plans of 1, 100 and 1,000 resources with the real Terraform, size of the program.
//!
//! `cargo build --release -p tfplugin --example minimal && cargo bench -p tfplugin --bench peer`, after
//! `cargo xtask lab parts terraform plugin-peer`. `BENCHMARKS.md` holds the figures and says what each of them is.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/client/identities.rs"]
mod identities;

mod figures;
mod handshake;
mod process;
mod workspace;

use std::path::{Path, PathBuf};

use lab::parts::{self, Part};

use figures::{Compared, median, mib, milliseconds, smallest};
use handshake::Started;
use workspace::{Planned, Workspace};

/// How often each program is started.
const STARTS: usize = 41;

/// Resources of a plan, how often it is made for the time, and how often for the memory.
const PLANS: [(usize, usize, usize); 3] = [(1, 11, 5), (100, 9, 3), (1000, 5, 3)];

fn main() {
    let programs = [ours(), parts::find(Part::PluginPeer).unwrap_or_else(|error| panic!("{error}"))];
    println!("Load average: {}", load_average());
    println!("\n| | tfplugin | terraform-plugin-framework | ratio |\n|---|--:|--:|--:|");
    for row in starts(&programs).into_iter().chain([sizes(&programs)]) {
        println!("{row}");
    }
    for (resources, for_time, for_memory) in PLANS {
        for row in plans(&programs, resources, for_time, for_memory) {
            println!("{row}");
        }
    }
    println!("\nLoad average: {}", load_average());
}

/// The example `minimal`, which cargo puts beside the directory of this program.
fn ours() -> PathBuf {
    let bench = std::env::current_exe().unwrap();
    let example = bench.parent().unwrap().parent().unwrap().join("examples/minimal");
    assert!(example.is_file(), "cargo build --release -p tfplugin --example minimal");
    example
}

fn load_average() -> String {
    std::fs::read_to_string("/proc/loadavg").unwrap().trim().to_owned()
}

fn sizes(programs: &[PathBuf; 2]) -> Compared {
    let size = |path: &Path| path.metadata().unwrap().len();
    Compared::new("size of the program", [size(&programs[0]), size(&programs[1])], mib)
}

/// Starts both programs by turns.
fn starts(programs: &[PathBuf; 2]) -> Vec<Compared> {
    let mut runs: [Vec<Started>; 2] = [Vec::new(), Vec::new()];
    for _ in 0..STARTS {
        for (program, runs) in programs.iter().zip(&mut runs) {
            runs.push(handshake::start(program));
        }
    }
    let of = |name: &str, figure: fn(&[Started]) -> u64, shown: fn(u64) -> String| {
        Compared::new(name, [figure(&runs[0]), figure(&runs[1])], shown)
    };
    vec![
        of(
            "start to handshake, median",
            |runs| median(runs.iter().map(|run| run.microseconds)),
            milliseconds,
        ),
        of(
            "start to handshake, fastest",
            |runs| smallest(runs.iter().map(|run| run.microseconds)),
            milliseconds,
        ),
        of("resident memory after the handshake", |runs| median(runs.iter().map(|run| run.resident)), mib),
        of("of it, share of the process", |runs| median(runs.iter().map(|run| run.proportional)), mib),
    ]
}

/// Plans with both programs by turns: first everything is to be made, then everything is as it should be.
fn plans(programs: &[PathBuf; 2], resources: usize, for_time: usize, for_memory: usize) -> Vec<Compared> {
    let workspaces = programs.each_ref().map(|program| Workspace::new(program, resources));
    let mut rows = Vec::new();
    for (planned, what) in [(Planned::Changes, "create"), (Planned::Nothing, "no change")] {
        if planned == Planned::Nothing {
            workspaces.iter().for_each(Workspace::apply);
        }
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..for_time {
            for (workspace, times) in workspaces.iter().zip(&mut times) {
                times.push(workspace.time_of_plan(planned));
            }
        }
        let usages = workspaces
            .each_ref()
            .map(|workspace| (0..for_memory).map(|_| workspace.usage_of_plan(planned)).collect::<Vec<_>>());
        let name = format!("plan of {resources}, {what}");
        let times = times.map(|times| median(times.into_iter()));
        rows.push(Compared::new(format!("{name}: time, median"), times, milliseconds));
        let peaks = usages.each_ref().map(|usages| median(usages.iter().map(|usage| usage.peak)));
        rows.push(Compared::new(format!("{name}: peak memory of the provider"), peaks, mib));
        let busy = usages.each_ref().map(|usages| median(usages.iter().map(|usage| usage.busy)));
        rows.push(Compared::new(format!("{name}: processor time of the provider"), busy, milliseconds));
    }
    rows
}
