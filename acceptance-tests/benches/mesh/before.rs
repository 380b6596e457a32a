//! This commit compared with an earlier one: what their plans take, and how many requests they send.

use std::time::Duration;

use acceptance_tests::Workspace;
use acceptance_tests::provider_binary::{BASELINE, Build, baseline_commit};

use crate::far::{FarMesh, Size};
use crate::measure::{Spread, megabytes, seconds};
use crate::profile::Profile;
use crate::{build, create, plan, scale};

/// What one build was found to take.
struct Figures {
    near: Plans,
    far: Plans,
    /// Requests of a plan of the far mesh.
    plan_requests: usize,
    /// Requests that it took to create it.
    create_requests: usize,
    profiles: [Profile; 2],
}

/// What plans of a mesh take that change nothing.
struct Plans {
    times: Spread<Duration>,
    peaks: Spread<u64>,
}

/// Prints the tables.
pub fn tables() {
    let size = scale::sizes().into_iter().next_back().expect("a size");
    let [before, now] = [Build::Baseline, build()].map(|build| figures(size, build));
    let baseline = baseline_commit();
    println!("\n### Compared with commit {baseline}\n");
    println!("| | {baseline} | now | ratio | goal |\n|---|--:|--:|--:|--:|");
    let far = format!("plan of {size} primaries 50 ms away that changes nothing");
    let near = "plan of two primaries that changes nothing, warm";
    for (name, before, now, goals) in
        [(near, &before.near, &now.near, [0.7, 0.85]), (&far, &before.far, &now.far, [0.5, 0.6])]
    {
        let times = [before.times, now.times];
        let ratio = times[1].median.as_secs_f64() / times[0].median.as_secs_f64();
        row(&format!("{name}: time"), times.map(|times| times.shown(seconds)), ratio, goals[0]);
        let peaks = [before.peaks, now.peaks];
        let ratio = ratio_of(peaks.map(|peaks| peaks.median));
        row(&format!("{name}: memory"), peaks.map(|peaks| peaks.shown(megabytes)), ratio, goals[1]);
    }
    for (name, requests, goal) in [
        ("requests of that plan, a primary", [before.plan_requests, now.plan_requests], 16.0 / 27.0),
        ("requests of its create, a primary", [before.create_requests, now.create_requests], 0.75),
    ] {
        let requests = requests.map(|requests| requests / size);
        let ratio = ratio_of(requests.map(|requests| requests as u64));
        row(name, requests.map(|requests| requests.to_string()), ratio, goal);
    }
    println!("\n### Where the time of these plans goes\n");
    println!("{}", Profile::HEAD);
    for (build, figures) in [(baseline.as_str(), &before), ("now", &now)] {
        for (name, profile) in [near, far.as_str()].into_iter().zip(&figures.profiles) {
            println!("{}", profile.row(&format!("{name}, {build}")));
        }
    }
    let empty = Workspace::with_build("", crate::build());
    let floor = Spread::of(plan::plans(&empty, || ())).shown(seconds);
    println!("\nThe floor, a plan of an empty configuration: {floor}.");
}

fn row(name: &str, [before, now]: [String; 2], ratio: f64, goal: f64) {
    let met = if ratio <= goal { "met" } else { "missed" };
    // The goals are those against that one commit.
    let goal = if baseline_commit() == BASELINE { format!("{goal:.2}: {met}") } else { "—".to_owned() };
    println!("| {name} | {before} | {now} | {ratio:.2} | {goal} |");
}

#[allow(clippy::cast_precision_loss, reason = "a ratio is shown with two digits")]
fn ratio_of([before, now]: [u64; 2]) -> f64 {
    now as f64 / before as f64
}

/// A mesh for each figure in new clusters, since both builds would have it in the same namespace.
fn figures(size: usize, build: Build) -> Figures {
    let mut near = None;
    create::provider(build, |_, workspace, _| {
        near = Some((plans(workspace, build), Profile::of(workspace)));
    });
    let (near, near_profile) = near.expect("a mesh was shown");
    let mesh = FarMesh::create(&Size { primaries: size, remotes: 0 }, build);
    let plan_requests = mesh.requests_of_a_plan().into_iter().sum();
    let far = plans(&mesh.workspace, build);
    let profiles = [near_profile, Profile::of(&mesh.workspace)];
    Figures { near, far, plan_requests, create_requests: mesh.requests, profiles }
}

fn plans(workspace: &Workspace, build: Build) -> Plans {
    // The first one fills the provider's cache.
    plan::plans(workspace, || ());
    Plans {
        times: Spread::of(plan::plans(workspace, || ())),
        peaks: Spread::of(plan::peaks(workspace, build, || ())),
    }
}
