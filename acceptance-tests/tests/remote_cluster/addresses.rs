//! istiod of the primary has two addresses: proxies try another one when one does not answer, the webhook is called at the first.

use acceptance_tests::{Fixture, Workspace};
use lab::cloud::LoadBalancers;
use lab::sample;
use serde_json::{Value, json};

use acceptance_tests::remote::proof;
use acceptance_tests::remote::read::{assert_ready, restart_sample};

const EXAMPLE: &str = "primary-remote-flat";
const ADDRESS: &str = "istio_remote_cluster.edge";
const CLUSTERS: [&str; 2] = ["east", "edge"];
/// The address that nobody has. It is sorted behind those of the lab.
const NOBODYS: &str = "192.0.2.1";

pub fn proxies_find_istiod_at_any_of_its_addresses(fixture: &Fixture) {
    fixture.lab.cluster("east").set_load_balancers(LoadBalancers::Addresses(2));
    let workspace = fixture.example(EXAMPLE);
    workspace.apply().succeeded();
    workspace.assert_well();
    assert_ready(&workspace, ADDRESS, None, &["east"]);
    let addresses = istiod_addresses(&workspace);
    let [first, second] = addresses.as_slice() else { panic!("{addresses:?}") };
    assert_eq!(
        slice(fixture, "istiod"),
        (vec![first.clone()], vec!["tcp-istiod".into(), "tcp-webhook".into()])
    );
    let further = (vec![second.clone()], vec!["tcp-istiod".into()]);
    assert_eq!(slice(fixture, "istiod-further-addresses"), further, "an API server tries one address alone");
    proof::the_mesh_answers(fixture, &CLUSTERS, &["edge"]);

    // By hand, one that does not answer in place of the second.
    let by_hand = format!(
        "mesh = merge(istio_mesh.shop.join, {{ clusters = {{ east = merge(istio_mesh.shop.join.clusters.east, {{ istiod_addresses = \
         [{first:?}, {NOBODYS:?}] }}) }} }})"
    );
    let text = Fixture::example_text(EXAMPLE);
    let by_hand = text.replace("mesh      = istio_mesh.shop.join", &by_hand);
    assert_ne!(by_hand, text);
    workspace.configure(&by_hand);
    workspace.apply().succeeded();
    workspace.assert_well();
    workspace.assert_no_changes();
    assert_eq!(slice(fixture, "istiod-further-addresses").0, [NOBODYS]);
    fixture.kubectl("edge", &["-n", sample::NAMESPACE, "scale", "deploy/echo", "--replicas=4"]);
    restart_sample(fixture, "edge", &["client", "echo", "only-edge"]);
    for caller in CLUSTERS {
        fixture.settle(caller, &CLUSTERS);
        fixture.settle_at(caller, &sample::url("only-edge"), &["edge"]);
    }

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
    fixture.lab.cluster("east").set_load_balancers(LoadBalancers::Addresses(1));
}

fn istiod_addresses(workspace: &Workspace) -> Vec<String> {
    let addresses =
        workspace.resource("istio_mesh.shop")["join"]["clusters"]["east"]["istiod_addresses"].clone();
    serde_json::from_value(addresses).expect("addresses")
}

/// The addresses and the names of ports of an `EndpointSlice`.
fn slice(fixture: &Fixture, name: &str) -> (Vec<String>, Vec<String>) {
    let get = ["-n", "istio-system", "get", "endpointslice", name, "-o", "json"];
    let slice: Value = serde_json::from_str(&fixture.kubectl("edge", &get)).expect("JSON");
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let addresses = list(&slice["endpoints"]).into_iter().flat_map(|endpoint| list(&endpoint["addresses"]));
    let texts = |values: Vec<Value>| serde_json::from_value::<Vec<String>>(json!(values)).expect("texts");
    let mut ports = texts(list(&slice["ports"]).into_iter().map(|port| port["name"].clone()).collect());
    ports.sort_unstable();
    (texts(addresses.collect()), ports)
}
