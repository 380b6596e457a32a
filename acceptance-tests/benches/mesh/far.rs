//! A mesh of clusters on one network that are far from Terraform. Terraform alone is far away; the clusters are near each other.

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use acceptance_tests::Workspace;
use acceptance_tests::delay::relay;
use acceptance_tests::provider_binary::Build;
use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::{Cluster, Lab, Spec};

use crate::measure::time_of;

pub const ROUND_TRIP: Duration = Duration::from_millis(50);
/// Who creates: nobody else is in the audit log until there is a planner.
const CREATOR: &str = "creator";
/// Who plans: with the rights that a plan needs.
const PLANNER: &str = "planner";

/// How many clusters of each kind there are.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// With a control plane of their own.
    pub primaries: usize,
    /// Without one: the first primary serves them.
    pub remotes: usize,
}

impl Size {
    fn names(self) -> Vec<String> {
        let primaries = (1..=self.primaries).map(|number| format!("c{number}"));
        primaries.chain((1..=self.remotes).map(|number| format!("r{number}"))).collect()
    }
}

/// A mesh whose clusters are far from Terraform.
pub struct FarMesh {
    lab: Lab,
    /// What has created it.
    pub workspace: Workspace,
    /// How long that took.
    pub time: Duration,
    /// How many requests it took.
    pub requests: usize,
}

impl FarMesh {
    /// Creates one in new clusters. From then on, the workspace may only plan.
    pub fn create(size: &Size, build: Build) -> Self {
        let names = size.names();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let lab = Lab::start(&Spec::flat(&names)).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        let far = |cluster: &Cluster| {
            let server = SocketAddr::new(cluster.addresses().node().into(), 6443);
            relay(lab.runtime(), server, ROUND_TRIP)
        };
        let relays: Vec<SocketAddr> = lab.clusters().iter().map(far).collect();
        let workspace = Workspace::with_build(&configuration(&lab, &relays, size), build);
        identify(&lab, workspace.path(), CREATOR, &all_rights());
        let time = time_of(|| drop(workspace.apply().succeeded()));
        let requests = requests(&lab).into_iter().sum();
        identify(&lab, workspace.path(), PLANNER, &rights_of_a_plan());
        workspace.assert_no_changes();
        Self { lab, workspace, time, requests }
    }

    /// How many requests to each cluster a plan takes that changes nothing, and finds the provider's cache filled.
    pub fn requests_of_a_plan(&self) -> Vec<usize> {
        let before = requests(&self.lab);
        self.workspace.run(&["plan", "-input=false", "-no-color", "-detailed-exitcode"]).succeeded();
        requests(&self.lab).into_iter().zip(before).map(|(after, before)| after - before).collect()
    }

    /// How many objects a resource has.
    pub fn objects_of(&self, address: &str) -> usize {
        self.workspace.resource(address)["manifests"].as_object().map_or(0, serde_json::Map::len)
    }
}

/// How many requests to each cluster there have been.
fn requests(lab: &Lab) -> Vec<usize> {
    let of = |cluster: &Cluster| cluster.api_server().requests_of_identities().expect("the audit log");
    lab.clusters().iter().map(of).collect()
}

fn all_rights() -> [PolicyRule; 2] {
    let all = || vec!["*".to_owned()];
    [
        PolicyRule { api_groups: Some(all()), resources: Some(all()), verbs: all(), ..PolicyRule::default() },
        PolicyRule { non_resource_urls: Some(all()), verbs: all(), ..PolicyRule::default() },
    ]
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

/// Makes an identity, and writes its tokens into the files that the provider block names.
fn identify(lab: &Lab, folder: &Path, identity: &str, rules: &[PolicyRule]) {
    for cluster in lab.clusters() {
        let token = cluster.api_server().add_identity(identity, rules).expect("an identity");
        std::fs::write(folder.join(cluster.name()), token).expect("write a token");
    }
}

fn configuration(lab: &Lab, relays: &[SocketAddr], size: &Size) -> String {
    let (mut connections, mut primaries, mut remotes) = (String::new(), String::new(), String::new());
    let serves = if size.remotes > 0 { "    remote_control_plane {}\n" } else { "" };
    for (index, (cluster, relay)) in lab.clusters().iter().zip(relays).enumerate() {
        let (name, api) = (cluster.name(), cluster.api_server());
        let (url, ca, pods) = (api.host(), api.ca_pem(), cluster.addresses().pod_cidr());
        let place = format!(
            "    network = \"flat\"\n    pod_cidrs = [\"{pods}\"]\n    api_server {{\n      url = \"{url}\"\n      \
             cluster_ca_certificate = <<-PEM\n{ca}\nPEM\n    }}\n"
        );
        // Writing to a string cannot fail.
        let _ = write!(
            connections,
            "  cluster \"{name}\" {{\n    host = \"https://{relay}\"\n    token_file = \"${{path.module}}/{name}\"\n    \
             cluster_ca_certificate = <<-PEM\n{ca}\nPEM\n  }}\n"
        );
        let _ = if index < size.primaries {
            let serves = if index == 0 { serves } else { "" };
            write!(primaries, "  primary \"{name}\" {{\n{serves}{place}  }}\n")
        } else {
            write!(
                remotes,
                "resource \"istio_remote_cluster\" \"{name}\" {{\n    mesh = istio_mesh.shop.join\n    cluster = \"{name}\"\n\
                 {place}    timeouts {{\n      create = \"30m\"\n    }}\n}}\n"
            )
        };
    }
    let charts = lab::parts::charts().expect("the charts");
    format!(
        "terraform {{\n  required_providers {{\n    istio = {{\n      source = \"terraform-provider-istio/istio\"\n    }}\n  }}\n}}\n\
         provider \"istio\" {{\n{connections}}}\n\
         resource \"istio_mesh\" \"shop\" {{\n  mesh_id = \"shop\"\n  trust_domain = \"shop.example\"\n  version = \"{}\"\n  \
         chart_source {{\n    repository = \"{}\"\n  }}\n{primaries}  certificate_authority {{\n    key_cluster = \"c1\"\n  }}\n  \
         timeouts {{\n    create = \"30m\"\n  }}\n}}\n{remotes}",
        charts.version(),
        charts.directory().display()
    )
}
