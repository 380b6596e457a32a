//! How long one rendering takes, in the process, for Istio's charts; beside it Helm's own library in its process, and the
//! `helm` process.
//!
//! `cargo bench -p helm-template`, after `cargo xtask lab parts charts helm helmlib`. `BENCHMARKS.md` holds the figures.

// The figures are what a benchmark is for.
#![allow(clippy::print_stdout)]

use std::error::Error;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use helm_template::{Capabilities, Chart, Options, Release, Values, render};
use lab::parts::{self, Part};

const CHARTS: [&str; 5] = ["istiod", "base", "gateway", "cni", "ztunnel"];

fn main() -> Result<(), Box<dyn Error>> {
    let charts = parts::charts()?;
    let directories: Vec<PathBuf> = CHARTS.iter().map(|name| charts.chart(name)).collect();
    let helm = parts::find(Part::Helm)?;
    let library = library(&directories)?;
    println!("| chart | here | helm's library | times | helm process | times |");
    println!("|---|---|---|---|---|---|");
    for ((name, directory), library) in CHARTS.iter().zip(&directories).zip(library) {
        let chart = Chart::from_directory(directory)?;
        let here = fastest(200, || {
            let values = Values::new();
            let release = Release::new("x", "istio-system");
            render(&chart, &values, &release, &Capabilities::new("v1.31.0"), &Options::default()).map(|_| ())
        })?;
        let process =
            fastest(10, || Command::new(&helm).args(["template", "x"]).arg(directory).output().map(|_| ()))?;
        let times = |other: Duration| other.as_secs_f64() / here.as_secs_f64();
        println!(
            "| {name} | {here:.2?} | {library:.2?} | {:.1} | {process:.2?} | {:.1} |",
            times(library),
            times(process)
        );
    }
    Ok(())
}

/// The fastest rendering of each chart by Helm's library.
fn library(directories: &[PathBuf]) -> Result<Vec<Duration>, Box<dyn Error>> {
    let output = Command::new(parts::find(Part::Helmlib)?).arg("20").args(directories).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let text = String::from_utf8(output.stdout)?;
    let mut fastest = Vec::new();
    for line in text.lines() {
        fastest.push(Duration::from_nanos(line.split(' ').next().unwrap_or_default().parse()?));
    }
    Ok(fastest)
}

/// The shortest of several runs: what the work takes when nothing else is in the way.
fn fastest<E>(runs: usize, mut work: impl FnMut() -> Result<(), E>) -> Result<Duration, E> {
    let mut best = Duration::MAX;
    for _ in 0..runs {
        let start = Instant::now();
        work()?;
        best = best.min(start.elapsed());
    }
    Ok(best)
}
