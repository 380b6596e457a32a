//! Many primaries, far away: whole clusters with a real istiod each, on one network, every one of which reads all others.
//! Terraform alone is far away; the clusters are near each other.

use std::env;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use acceptance_tests::Workspace;
use acceptance_tests::delay::relay;
use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::api_server::identity;
use lab::{Cluster, Lab, Spec};

use crate::measure::{megabytes, seconds, time_of};
use crate::{build, plan};

const ROUND_TRIP: Duration = Duration::from_millis(50);
/// Who plans: with the rights that a plan needs, and nothing else of whom is in the audit log.
const PLANNER: &str = "planner";

/// Prints the table.
pub fn table() {
    println!("\n### A plan of many primaries that changes nothing, {} ms away\n", ROUND_TRIP.as_millis());
    println!(
        "| primaries | remote secrets | objects | requests | a primary | time, median | peak memory | create |\n\
         |--:|--:|--:|--:|--:|--:|--:|--:|"
    );
    let sizes = env::var("BENCH_PRIMARIES").unwrap_or_else(|_| "2,5,10".to_owned());
    for size in sizes.split(',') {
        row(size.trim().parse().expect("BENCH_PRIMARIES are numbers"));
    }
}

fn row(size: usize) {
    let names: Vec<String> = (1..=size).map(|number| format!("c{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let lab = Lab::start(&Spec::flat(&names)).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    let far = |cluster: &Cluster| {
        let server = SocketAddr::new(cluster.addresses().node().into(), 6443);
        relay(lab.runtime(), server, ROUND_TRIP)
    };
    let relays: Vec<SocketAddr> = lab.clusters().iter().map(far).collect();
    let workspace = Workspace::with_build(&configuration(&lab, &relays), build());
    identify(&lab, workspace.path(), identity::ADMIN);
    let created = time_of(|| drop(workspace.apply().succeeded()));
    workspace.assert_no_changes();

    for cluster in lab.clusters() {
        cluster.api_server().add_identity(PLANNER, &rights_of_a_plan()).expect("an identity");
    }
    identify(&lab, workspace.path(), PLANNER);
    let requests = || -> usize {
        let of = |cluster: &Cluster| cluster.api_server().requests_of_identities().expect("the audit log");
        lab.clusters().iter().map(of).sum()
    };
    let before = requests();
    workspace.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]).succeeded();
    let requests = requests() - before;
    let (time, peak) = (plan::plans(&workspace, || ()), plan::peak(&workspace, || ()));
    let objects =
        workspace.resource("istio_mesh.shop")["manifests"].as_object().map_or(0, serde_json::Map::len);
    println!(
        "| {size} | {} | {objects} | {requests} | {} | {} | {} | {} |",
        size * (size - 1),
        requests / size,
        seconds(time),
        megabytes(peak),
        seconds(created)
    );
}

/// Reading, and a look into istiod.
fn rights_of_a_plan() -> [PolicyRule; 2] {
    let rule = |group: &str, resource: &str, verbs: &[&str]| PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(vec![resource.to_owned()]),
        verbs: verbs.iter().map(|verb| (*verb).to_owned()).collect(),
        ..PolicyRule::default()
    };
    [rule("*", "*", &["get", "list"]), rule("", "pods/portforward", &["create", "get"])]
}

/// Writes the tokens that the provider block names.
fn identify(lab: &Lab, folder: &Path, identity: &str) {
    for cluster in lab.clusters() {
        let token = cluster.api_server().token(identity).expect("the identity's token");
        std::fs::write(folder.join(cluster.name()), token).expect("write a token");
    }
}

fn configuration(lab: &Lab, relays: &[SocketAddr]) -> String {
    let (mut connections, mut primaries) = (String::new(), String::new());
    for (cluster, relay) in lab.clusters().iter().zip(relays) {
        let (name, api) = (cluster.name(), cluster.api_server());
        let (url, ca, pods) = (api.host(), api.ca_pem(), cluster.addresses().pod_cidr());
        // Writing to a string cannot fail.
        let _ = write!(
            connections,
            "  cluster \"{name}\" {{\n    host = \"https://{relay}\"\n    token_file = \"${{path.module}}/{name}\"\n    \
             cluster_ca_certificate = <<-PEM\n{ca}\nPEM\n  }}\n"
        );
        let _ = write!(
            primaries,
            "  primary \"{name}\" {{\n    network = \"flat\"\n    pod_cidrs = [\"{pods}\"]\n    api_server {{\n      \
             url = \"{url}\"\n      cluster_ca_certificate = <<-PEM\n{ca}\nPEM\n    }}\n  }}\n"
        );
    }
    let charts = lab::parts::charts().expect("the charts");
    format!(
        "terraform {{\n  required_providers {{\n    istio = {{\n      source = \"terraform-provider-istio/istio\"\n    }}\n  }}\n}}\n\
         provider \"istio\" {{\n{connections}}}\n\
         resource \"istio_mesh\" \"shop\" {{\n  mesh_id = \"shop\"\n  trust_domain = \"shop.example\"\n  version = \"{}\"\n  \
         chart_source {{\n    repository = \"{}\"\n  }}\n{primaries}  certificate_authority {{\n    key_cluster = \"c1\"\n  }}\n  \
         timeouts {{\n    create = \"30m\"\n  }}\n}}\n",
        charts.version(),
        charts.directory().display()
    )
}
