//! What `istio_mesh` costs beside what people do without it, in one run:
//!
//! `cargo bench --workspace --bench mesh`, after `cargo xtask lab parts`, as root.
//!
//! * `create`: two primaries on two networks from nothing until everything is ready: the provider, `kubectl apply` of the same
//!   manifests in the same order, and the commands of Istio's guides.
//! * `plan`: a plan of them that changes nothing, beside `kubectl diff` of the same manifests.
//! * `scale`: the same plan of 2, 5 and 10 primaries, 50 ms away.
//! * `remotes`: the same plan of one primary with 2, 5, 10 and 20 remote clusters, and of one with one beside two primaries.
//! * `before`: plans and requests of this commit compared with those of an earlier one, and where the time of a plan goes.
//!
//! Prints the tables of `docs/benchmarks.md`. `create`, `plan`, `scale`, `remotes` or `before` behind `--` runs one part only; `BENCH_RUNS` says how
//! often each figure is taken (3), `BENCH_PRIMARIES` which sizes (`2,5,10`; `before` takes the last one), `BENCH_REMOTES` how many remote clusters
//! (`2,5,10,20`), `BENCH_BASELINE` which commit `before`
//! compares with, and `BENCH_BUILD=debug` takes the tests' build of the provider, to try this program out.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod before;
mod create;
mod far;
mod manifests;
mod measure;
mod plan;
mod profile;
mod remotes;
mod scale;

use std::env;

use acceptance_tests::provider_binary::{self, Build};

fn main() {
    let asked: Vec<String> = env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let is_asked = |part: &str| asked.is_empty() || asked.iter().any(|it| it == part);
    // Built outside, where cargo finds its locks; a jail hides /run.
    provider_binary::directory(build());
    if is_asked("before") {
        provider_binary::directory(Build::Baseline);
    }
    if let Err(error) = lab::jail::enter() {
        panic!("{}", lab::chain(&error));
    }
    println!("Load average at the beginning: {}", measure::load_average());
    if is_asked("create") || is_asked("plan") {
        create::tables(is_asked("create"), is_asked("plan"));
    }
    if is_asked("scale") {
        scale::table();
    }
    if is_asked("remotes") {
        remotes::table();
    }
    if is_asked("before") {
        before::tables();
    }
    println!("\nLoad average at the end: {}", measure::load_average());
}

/// The build that is measured.
fn build() -> Build {
    if env::var_os("BENCH_BUILD").is_some_and(|build| build == "debug") {
        Build::Normal
    } else {
        Build::Release
    }
}

/// How often each figure is taken; the median counts.
fn runs() -> usize {
    env::var("BENCH_RUNS").map_or(3, |runs| runs.parse().expect("BENCH_RUNS is a number"))
}
