//! One cluster, then one more on another network, then one on the network of the first: with certificates of the user's own and a secret for pulling images.

use std::collections::BTreeMap;

use acceptance_tests::authority::{Authority, Intermediate};
use acceptance_tests::{Fixture, Workspace};
use serde_json::{Value, json};

use crate::read::{decoded, links};

/// All clusters. The one that joins last sorts before all others, and shares a network with `middle`.
const ALL: [&str; 3] = ["east", "middle", "west"];
const EXAMPLE: &str = "multi-primary-mixed";
const REGISTRY: &str = r#"{"auths":{"registry.example":{"auth":"c2VudGluZWw6cHVsbA=="}}}"#;

pub fn clusters_join_under_traffic(fixture: &Fixture) {
    let authority = Authority::new();
    let intermediates: BTreeMap<&str, Intermediate> =
        ALL.iter().map(|cluster| (*cluster, authority.intermediate(cluster))).collect();
    let workspace = fixture.example(EXAMPLE);
    let declare = |clusters: &[&str]| declare(fixture, &workspace, &authority, &intermediates, clusters);
    refuses_what_does_not_fit(&workspace, &declare, &intermediates);

    declare(&["middle"]);
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    fixture.start_sample(&["middle"]);
    fixture.settle("middle", &["middle"]);
    for (joining, present) in [("west", &["middle"][..]), ("east", &["middle", "west"])] {
        let all = [present, &[joining]].concat();
        declare(&all);
        joins(fixture, &workspace, joining, present);
        fixture.start_sample(&[joining]);
        for cluster in &all {
            fixture.settle(cluster, &all);
        }
    }
    let pairs = ALL.iter().flat_map(|one| ALL.iter().map(move |other| (one, other)));
    let pairs = pairs.filter(|(one, other)| one != other);
    let expected: BTreeMap<String, &str> =
        pairs.map(|(one, other)| (format!("{one}->{other}"), "ready")).collect();
    assert_eq!(links(&workspace), json!(expected));
    nothing_given_is_in_state_or_plan(&workspace, &intermediates);
    keys_and_pull_secret_are_in_the_clusters(fixture, &intermediates);

    fixture.end_sample(&ALL);
    workspace.destroy().succeeded();
    for cluster in ALL {
        fixture.assert_only_crds_remain(cluster);
    }
}

/// Applies while the clusters that are there go on calling: no call fails, and nothing of theirs changes.
fn joins(fixture: &Fixture, workspace: &Workspace, joining: &str, present: &[&str]) {
    let before: Vec<_> = present.iter().map(|cluster| versions(fixture, cluster)).collect();
    fixture.under_traffic(present, || drop(workspace.apply().succeeded()));
    workspace.assert_no_changes();
    for (cluster, before) in present.iter().zip(before) {
        only_what_links_was_added(cluster, joining, &before, &versions(fixture, cluster));
    }
}

/// Writes the variables of the example, and its text with these clusters only.
fn declare(
    fixture: &Fixture,
    workspace: &Workspace,
    authority: &Authority,
    intermediates: &BTreeMap<&str, Intermediate>,
    clusters: &[&str],
) -> Value {
    let is_left_out = |line: &str| {
        let mut others = ALL.iter().filter(|cluster| !clusters.contains(cluster));
        others.any(|other| line.trim_start().starts_with(other) && line.contains("pod_cidr"))
    };
    let text = Fixture::example_text(EXAMPLE);
    let lines: Vec<&str> = text.lines().filter(|line| !is_left_out(line)).collect();
    workspace.configure(&with_addresses_for_each_reader(fixture, &lines.join("\n")));
    let certificates = intermediates
        .iter()
        .map(|(name, it)| (*name, json!({"certificate": it.certificate, "chain": it.chain})));
    let mut variables = fixture.variables();
    variables["hub"] = json!("registry.example/mirror/istio");
    variables["registry_config"] = json!(REGISTRY);
    variables["certificates"] = json!(certificates.collect::<BTreeMap<_, _>>());
    variables["keys"] =
        json!(intermediates.iter().map(|(name, it)| (*name, &it.key)).collect::<BTreeMap<_, _>>());
    variables["root_certificate"] = json!(authority.root());
    workspace.set_variables(&variables);
    variables
}

/// The address that all would use is nobody's, and every reader is told another one: a link is ready only if it uses that.
fn with_addresses_for_each_reader(fixture: &Fixture, text: &str) -> String {
    let host = |cluster: &str| fixture.lab.cluster(cluster).api_server().host().to_owned();
    let hosts: BTreeMap<&str, String> = ALL.iter().map(|cluster| (*cluster, host(cluster))).collect();
    let block = format!(
        r#"
      api_server {{
        url = "https://192.0.2.1:6443"
        dynamic "from" {{
          for_each = setsubtract(keys(local.clusters), [primary.key])
          labels   = [from.key]
          content {{
            url = {}[primary.key]
          }}
        }}
      }}
      dynamic "east_west_gateway""#,
        json!(hosts)
    );
    let (before, after) = text.split_once("\n      dynamic \"east_west_gateway\"").expect("a gateway");
    format!("{before}{block}{after}")
}

/// Nothing of this can work, and all of it is refused before anything is written.
fn refuses_what_does_not_fit(
    workspace: &Workspace,
    declare: &impl Fn(&[&str]) -> Value,
    intermediates: &BTreeMap<&str, Intermediate>,
) {
    let mut swapped = declare(&["middle", "west"]);
    swapped["keys"]["west"] = json!(intermediates["middle"].key);
    workspace.set_variables(&swapped);
    workspace.plan().failed_with(&[
        "Cluster \"west\": istiod could not sign with the given certificate and key",
        "ca-key.pem for private_key_wo",
    ]);
    let other = Authority::new();
    let foreign = other.intermediate("west");
    let mut two_roots = declare(&["middle", "west"]);
    two_roots["certificates"]["west"]["certificate"] = json!(foreign.certificate);
    two_roots["certificates"]["west"]["chain"] = json!(foreign.chain);
    two_roots["keys"]["west"] = json!(foreign.key);
    workspace.set_variables(&two_roots);
    workspace.plan().failed_with(&[
        "Cluster \"west\": istiod could not sign with the given certificate and key",
        "root-cert.pem",
    ]);
    let mut no_credentials = declare(&["middle", "west"]);
    no_credentials["registry_config"] = json!("user:password");
    workspace.set_variables(&no_credentials);
    workspace.plan().failed_with(&["docker_config_json_wo", "a JSON document with a member auths"]);
}

/// Every object of Istio's namespace and of the sample, with its version.
fn versions(fixture: &Fixture, cluster: &str) -> BTreeMap<String, String> {
    let mut versions = BTreeMap::new();
    let kinds = "deployments,services,configmaps,secrets,serviceaccounts,pods,roles,rolebindings";
    for namespace in ["istio-system", lab::sample::NAMESPACE] {
        let objects = fixture.kubectl(cluster, &["-n", namespace, "get", kinds, "-o", "json"]);
        let objects: Value = serde_json::from_str(&objects).expect("JSON");
        for object in objects["items"].as_array().expect("a list") {
            let metadata = &object["metadata"];
            // Which istiod leads is written all the time.
            if metadata["annotations"]["control-plane.alpha.kubernetes.io/leader"].is_string() {
                continue;
            }
            let name = format!("{} {namespace}/{}", object["kind"], metadata["name"]).replace('"', "");
            versions.insert(name, metadata["resourceVersion"].to_string());
        }
    }
    versions
}

/// A cluster that is there already gets what links it to the new one, and nothing else.
#[track_caller]
fn only_what_links_was_added(
    cluster: &str,
    joining: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) {
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let links = [
        "eastwestgateway".to_owned(),
        "istio-mesh-reader".to_owned(),
        format!("istio-remote-secret-{joining}"),
    ];
    let unexpected: Vec<_> = added.filter(|name| !links.iter().any(|link| name.contains(link))).collect();
    assert!(unexpected.is_empty(), "{cluster}: {unexpected:?}");
    let changed = before.iter().filter(|(name, version)| after.get(*name) != Some(version));
    let changed: Vec<&String> = changed.map(|(name, _)| name).collect();
    let book =
        ["", ".join"].map(|page| format!("ConfigMap istio-system/terraform-provider-istio-mesh{page}"));
    assert_eq!(changed, book.iter().collect::<Vec<_>>(), "{cluster}");
}

fn nothing_given_is_in_state_or_plan(workspace: &Workspace, intermediates: &BTreeMap<&str, Intermediate>) {
    workspace.plan();
    let state = std::fs::read_to_string(workspace.path().join("terraform.tfstate")).expect("the state");
    let plan = workspace.shown_plan().to_string();
    let keys = intermediates.values().map(|it| it.key.lines().nth(1).expect("a line of the key"));
    for secret in keys.chain(["c2VudGluZWw6cHVsbA=="]) {
        assert!(!state.contains(secret) && !plan.contains(secret));
    }
}

fn keys_and_pull_secret_are_in_the_clusters(fixture: &Fixture, intermediates: &BTreeMap<&str, Intermediate>) {
    let read = |cluster: &str, secret: &str, path: &str| {
        let path = format!("jsonpath={{.data.{path}}}");
        let encoded = fixture.kubectl(cluster, &["-n", "istio-system", "get", "secret", secret, "-o", &path]);
        decoded(&encoded)
    };
    for cluster in ALL {
        assert_eq!(read(cluster, "cacerts", "ca-key\\.pem"), intermediates[cluster].key);
        assert_eq!(read(cluster, "registry", "\\.dockerconfigjson"), REGISTRY);
    }
}
