//! The engine beside `kubectl` and fluxcd/pkg/ssa: wall time, peak memory and requests by verb, in one run on real API servers.
//!
//! `cargo build --release -p ssa --example apply && cargo bench -p ssa --bench peers`
//!
//! Needs the lab's parts, `flux-ssa` among them. Every program works on API servers of its own: on one directly, for time and memory, and on one
//! behind a proxy that counts. Prints the tables of `BENCHMARKS.md`.
#![allow(clippy::cast_precision_loss, clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[allow(dead_code, reason = "the tests use more of it")]
#[path = "../../tests/engine/http_proxy.rs"]
mod http_proxy;
mod program;
mod run;
mod set;

use std::path::Path;

use lab::api_server::ApiServer;
use serde_json::json;
use tempfile::TempDir;

use http_proxy::HttpProxy;
use program::{PROGRAMS, Program, Step};
use run::Run;
use set::Set;

/// How often each step that can be repeated is; the median counts.
const REPETITIONS: usize = 5;

#[tokio::main]
async fn main() {
    for set in [set::mesh(), set::config_maps()] {
        println!("\n### {}: {} objects\n", set.name, set.objects);
        println!("| step | program | time | peak memory | requests | by verb |\n|---|---|--:|--:|--:|---|");
        let mut rows = Vec::new();
        for program in PROGRAMS {
            rows.extend(measure(program, &set).await);
        }
        rows.sort_by_key(|(step, _)| *step);
        for (_, row) in &rows {
            println!("{row}");
        }
    }
}

/// A row of the table for each step.
async fn measure(program: &Program, set: &Set) -> Vec<(Step, String)> {
    let (timed, counted) = (ApiServer::start().unwrap(), ApiServer::start().unwrap());
    let proxy = HttpProxy::start(counted.client().unwrap(), None).await;
    let folder = tempfile::tempdir().unwrap();
    let proxied = kubeconfig(&folder, &format!("http://{}", proxy.address()));
    let (timed_cache, counted_cache) = (folder.path().join("timed"), folder.path().join("counted"));
    let mut rows = Vec::new();
    for step in Step::ALL.into_iter().filter(|step| program.does(*step)) {
        if step.is_cold() {
            remove(&timed_cache);
            remove(&counted_cache);
        }
        let files = if step.changes() { &set.changed } else { &set.unchanged };
        let files = files.path();
        let mut runs = Vec::new();
        for _ in 0..if step.can_be_repeated() { REPETITIONS } else { 1 } {
            if step.is_cold() {
                remove(&timed_cache);
            }
            runs.push(program.run(step, &timed.kubeconfig(), &timed_cache, files).await);
        }
        proxy.take_counts();
        program.run(step, &proxied, &counted_cache, files).await;
        let counts = proxy.take_counts();
        let sum: usize = counts.values().sum();
        let verbs: Vec<String> = counts.iter().map(|(verb, count)| format!("{count} {verb}")).collect();
        let Run { time, memory } = Run::median(runs);
        let row = format!(
            "| {} | {} | {:.2} s | {:.0} MiB | {sum} | {} |",
            step.name(),
            program.name,
            time.as_secs_f64(),
            memory as f64 / 1024.0,
            verbs.join(", ")
        );
        rows.push((step, row));
    }
    rows
}

fn remove(folder: &Path) {
    let _ = std::fs::remove_dir_all(folder);
}

fn kubeconfig(folder: &TempDir, server: &str) -> std::path::PathBuf {
    let path = folder.path().join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "counted",
        "clusters": [{"name": "counted", "cluster": {"server": server}}],
        "users": [{"name": "counted", "user": {}}],
        "contexts": [{"name": "counted", "context": {"cluster": "counted", "user": "counted"}}],
    });
    std::fs::write(&path, config.to_string()).unwrap();
    path
}
