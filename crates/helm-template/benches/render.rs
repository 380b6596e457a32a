//! How long one rendering takes, in the process, for Istio's charts; beside it the helm process.
//!
//! `cargo bench -p helm-template`

// The figures are what a benchmark is for.
#![allow(clippy::print_stdout)]

use std::process::Command;
use std::time::{Duration, Instant};

use helm_template::{Capabilities, Chart, Options, Release, Values, render};
use lab::parts::{self, Part};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let helm = parts::find(Part::Helm)?;
    let charts = parts::charts()?;
    println!("{:<12} {:>12} {:>12} {:>8}", "chart", "here", "helm", "times");
    for name in ["istiod", "base", "gateway", "cni", "ztunnel"] {
        let directory = charts.chart(name);
        let chart = Chart::from_directory(&directory)?;
        let here = fastest(20, || {
            let values = Values::new();
            let release = Release::new("x", "istio-system");
            render(&chart, &values, &release, &Capabilities::new("v1.31.0"), &Options::default()).map(|_| ())
        })?;
        let process =
            fastest(5, || Command::new(&helm).args(["template", "x"]).arg(&directory).output().map(|_| ()))?;
        let factor = process.as_secs_f64() / here.as_secs_f64();
        println!("{name:<12} {here:>12.2?} {process:>12.2?} {factor:>8.1}");
    }
    Ok(())
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
