//! From empty clusters to a mesh: every run on new clusters, by turns.

use std::path::Path;
use std::time::Duration;

use acceptance_tests::Workspace;
use acceptance_tests::official::Guide;
use acceptance_tests::provider_binary::Build;
use lab::{Lab, Spec};
use serde_json::json;

use crate::manifests::Manifests;
use crate::measure::{median, seconds, time_of};
use crate::{build, plan, runs};

pub const CLUSTERS: [&str; 2] = ["east", "west"];
const NETWORKS: [(&str, &str); 2] = [("east", "net-east"), ("west", "net-west")];
const EXAMPLE: &str = "multi-primary-multi-network";

/// Prints what is asked for. The last mesh that the provider makes is the one that is planned.
pub fn tables(creates: bool, plans: bool) {
    let mut times: [Vec<Duration>; 3] = Default::default();
    if creates {
        let (_, manifests) = provider(build(), |_, _, _| ());
        for _ in 0..runs() {
            times[1].push(kubectl(&manifests));
            times[2].push(guide());
            times[0].push(provider(build(), |_, _, _| ()).0);
        }
        print(times);
    }
    if plans {
        provider(build(), plan::table);
    }
}

fn print(times: [Vec<Duration>; 3]) {
    let names = [
        "`terraform apply`, this provider",
        "`kubectl apply --server-side` of the same manifests in the same order",
        "`helm`, `istioctl` and `kubectl` by Istio's guides, both clusters at once",
    ];
    let all = times.clone();
    let medians = times.map(median);
    println!("\n### Create two primaries on two networks\n");
    println!("| | median | compared with `kubectl` | all |\n|---|--:|--:|---|");
    for ((name, time), all) in names.iter().zip(medians).zip(all) {
        let ratio = time.as_secs_f64() / medians[1].as_secs_f64();
        let all: Vec<String> = all.into_iter().map(seconds).collect();
        println!("| {name} | {} | {ratio:.2} | {} |", seconds(time), all.join(", "));
    }
}

fn lab() -> Lab {
    Lab::start(&Spec::isolated(&CLUSTERS)).unwrap_or_else(|error| panic!("{}", lab::chain(&error)))
}

/// Applies the published example, shows the mesh to `then`, and returns what it is made of.
pub fn provider(build: Build, then: impl FnOnce(&Lab, &Workspace, &Manifests)) -> (Duration, Manifests) {
    let lab = lab();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(EXAMPLE).join("main.tf");
    let workspace = Workspace::with_build(&std::fs::read_to_string(example).expect("the example"), build);
    let charts = lab::parts::charts().expect("the charts");
    workspace.set_variables(&json!({"kubeconfig": lab.kubeconfig(), "charts": charts.directory()}));
    let time = time_of(|| drop(workspace.apply().succeeded()));
    let manifests = Manifests::of(&lab, &workspace);
    workspace.assert_no_changes();
    then(&lab, &workspace, &manifests);
    (time, manifests)
}

fn kubectl(manifests: &Manifests) -> Duration {
    let lab = lab();
    time_of(|| manifests.apply(&lab))
}

fn guide() -> Duration {
    let lab = lab();
    // Certificates are made before: the provider makes its own, with a key of another kind.
    let guide = Guide::new(&lab.kubeconfig(), &NETWORKS);
    time_of(|| guide.install("shop", "shop.example"))
}
