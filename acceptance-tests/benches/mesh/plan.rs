//! A plan that changes nothing.

use std::process::Child;
use std::time::Duration;

use acceptance_tests::Workspace;
use acceptance_tests::provider_binary::{self, Build};
use lab::Lab;
use lab::parts::{self, Part};
use tempfile::TempDir;

use crate::create::CLUSTERS;
use crate::manifests::{Manifests, command};
use crate::measure::{Spread, megabytes, peak_of, seconds, start, time_of};
use crate::{build, runs};

/// Prints the table for the mesh of the workspace.
pub fn table(lab: &Lab, workspace: &Workspace, manifests: &Manifests) {
    println!("\n### A plan of two primaries on two networks that changes nothing\n");
    println!("| | time, median and range | peak memory of the largest process |\n|---|--:|--:|");
    let row = |name: &str, times: Vec<Duration>, peaks: Option<Vec<u64>>| {
        let peak = peaks.map_or_else(|| "—".to_owned(), |peaks| Spread::of(peaks).shown(megabytes));
        println!("| {name} | {} | {peak} |", Spread::of(times).shown(seconds));
    };
    let cold = || forget(workspace);
    row(
        "`terraform plan`, cold: nothing in the provider's cache",
        plans(workspace, cold),
        Some(peaks(workspace, build(), cold)),
    );
    row("`terraform plan`, warm", plans(workspace, || ()), Some(peaks(workspace, build(), || ())));
    let empty = Workspace::with_build("", build());
    row("`terraform plan` of an empty configuration, without a provider", plans(&empty, || ()), None);
    for is_cold in [true, false] {
        let home = TempDir::new().expect("make a directory");
        let prepare = || {
            if is_cold {
                remove(home.path());
            }
        };
        let (times, peaks) = kubectl_diff(lab, manifests, &home, prepare);
        let name = if is_cold { "cold" } else { "warm" };
        row(
            &format!("`kubectl diff --server-side` of the same manifests, both clusters at once, {name}"),
            times,
            Some(peaks),
        );
    }
}

/// Removes what the provider has kept on disk: charts and schemas of API servers.
fn forget(workspace: &Workspace) {
    remove(&workspace.path().join("cache"));
}

fn remove(folder: &std::path::Path) {
    if folder.exists() {
        std::fs::remove_dir_all(folder).expect("empty a cache");
    }
}

/// The times of plans.
pub fn plans(workspace: &Workspace, prepare: impl Fn()) -> Vec<Duration> {
    let time = || {
        prepare();
        time_of(|| assert!(start(&mut planning(workspace)).wait().expect("wait for terraform").success()))
    };
    (0..runs()).map(|_| time()).collect()
}

/// The most memory of a process of the provider in each of some plans.
pub fn peaks(workspace: &Workspace, build: Build, prepare: impl Fn()) -> Vec<u64> {
    let provider = provider_binary::directory(build).join("terraform-provider-istio");
    let peak = || {
        prepare();
        peak_of(start(&mut planning(workspace)), &provider, &[0])
    };
    (0..runs()).map(|_| peak()).collect()
}

pub fn planning(workspace: &Workspace) -> std::process::Command {
    workspace.command(&["plan", "-input=false", "-no-color", "-detailed-exitcode"])
}

fn kubectl_diff(
    lab: &Lab,
    manifests: &Manifests,
    home: &TempDir,
    prepare: impl Fn(),
) -> (Vec<Duration>, Vec<u64>) {
    // 0: nothing differs; 1: something does, as the provider's own label on fields that kubectl would own.
    const ACCEPTED: [i32; 2] = [0, 1];
    let begin = || {
        CLUSTERS.map(|cluster| {
            let folder = manifests.folder(cluster).display().to_string();
            let arguments = ["diff", "--server-side", "--force-conflicts", "-f", &folder];
            start(&mut command(lab, cluster, home.path(), &arguments))
        })
    };
    let finish = |child: &mut Child| {
        let code = child.wait().expect("wait for kubectl").code().unwrap_or(-1);
        assert!(ACCEPTED.contains(&code), "kubectl diff ended with {code}");
    };
    let kubectl = parts::find(Part::Kubectl).expect("kubectl");
    let (mut times, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..runs() {
        prepare();
        times.push(time_of(|| begin().iter_mut().for_each(finish)));
        prepare();
        let [first, mut second] = begin();
        peaks.push(peak_of(first, &kubectl, &ACCEPTED));
        finish(&mut second);
    }
    (times, peaks)
}
