//! A mesh that is nowhere where one looks first: in a namespace of its own, its gateways in yet another, one behind a load
//! balancer that has a host name, one at a port of a node, as it comes to be step by step: control planes use the addresses of a gateway
//! that the configuration says, and no others. Then one of the clusters leaves in two steps.

use acceptance_tests::{Fixture, Workspace};
use lab::cloud::LoadBalancers;
use serde_json::{Value, json};

use crate::read::links;

const CLUSTERS: [&str; 2] = ["east", "west"];
const NAMESPACE: &str = "mesh-system";
const GATEWAYS: &str = "gateways";
const HOST_NAME: &str = "istio-eastwestgateway.gateways.east.balancers.lab.example";
const NODE_PORT: u16 = 31443;

/// The address that nobody has.
const NOBODYS: &str = "192.0.2.1";

/// What the configuration says of `west`.
#[derive(Clone, Copy, PartialEq)]
enum West {
    /// Its gateway has a load balancer, but everybody is told another address, and `east` a third one.
    Redirected,
    /// Its gateway is where its load balancer is.
    Balanced,
    /// Its gateway is at a port of its node.
    Stays,
    Drained,
    Gone,
}

pub fn gateways_are_found_by_host_name_and_at_node_ports_and_a_cluster_leaves(fixture: &Fixture) {
    let lab = &fixture.lab;
    lab.cluster("east").set_load_balancers(LoadBalancers::HostName(1));
    let workspace = Workspace::new(&configuration(fixture, West::Redirected));
    workspace.set_variables(&fixture.variables());
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!(links(&workspace), json!({"east->west": "ready", "west->east": "ready"}));
    let node = lab.cluster("west").addresses().node().to_string();
    assert_eq!(gateway_addresses(&workspace, "east"), json!([HOST_NAME]));
    let mut told = [NOBODYS, node.as_str()];
    told.sort_unstable();
    assert_eq!(gateway_addresses(&workspace, "west"), json!(told));

    fixture.start_strict_sample(NAMESPACE, &CLUSTERS);
    uses_what_is_said_and_nothing_else(fixture, &workspace, &node);
    for (caller, door) in [("east", format!("{node}:{NODE_PORT}")), ("west", balancer_address(fixture))] {
        fixture.settle(caller, &CLUSTERS);
        fixture.assert_all_answer(caller, &CLUSTERS);
        let endpoints = fixture.endpoints(caller);
        assert!(endpoints.len() == 2 && endpoints.contains(&door), "{caller}: {endpoints:?}, not {door}");
    }
    workspace.assert_no_changes();
    west_is_drained_under_traffic(fixture, &workspace);
    west_is_removed(fixture, &workspace);

    fixture.end_sample(&["east"]);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
        for namespace in [NAMESPACE, GATEWAYS] {
            let found = fixture.kubectl(cluster, &["get", "ns", namespace, "--ignore-not-found"]);
            assert_eq!(found, "", "{cluster}");
        }
        lab.cluster(cluster).set_load_balancers(LoadBalancers::Addresses(1));
    }
}

/// What `east` calls is what the configuration says, whatever the Service has; also after the Service has lost its address, which istiod
/// does not forget by itself.
fn uses_what_is_said_and_nothing_else(fixture: &Fixture, workspace: &Workspace, node: &str) {
    fixture.settle("east", &CLUSTERS);
    let balancer = fixture.kubectl(
        "west",
        &[
            "-n",
            GATEWAYS,
            "get",
            "service",
            "istio-eastwestgateway",
            "-o",
            "jsonpath={.status.loadBalancer.ingress[0].ip}",
        ],
    );
    assert!(!balancer.is_empty() && balancer != node, "{balancer}");
    let calls = |door: String| {
        let endpoints = fixture.endpoints("east");
        assert!(endpoints.len() == 2 && endpoints.contains(&door), "{endpoints:?}, not {door}");
    };
    calls(format!("{node}:{NODE_PORT}"));
    workspace.configure(&configuration(fixture, West::Balanced));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!(gateway_addresses(workspace, "west"), json!([balancer]));
    fixture.settle("east", &CLUSTERS);
    calls(format!("{balancer}:15443"));
    workspace.configure(&configuration(fixture, West::Stays));
    let plan = workspace.plan();
    assert!(plan.output.contains("istiod of other clusters may be restarted"), "{}", plan.output);
    // Whether istiod has to be restarted depends on whether it sees its own configuration or the Service first.
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    assert_eq!(gateway_addresses(workspace, "west"), json!([node]));
}

/// No call fails while the other control plane lets go; after that `west` answers nobody but itself, and still calls `east`.
fn west_is_drained_under_traffic(fixture: &Fixture, workspace: &Workspace) {
    workspace.configure(&configuration(fixture, West::Drained));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    let secret = "\"east//Secret/mesh-system/istio-remote-secret-west\"";
    assert!(plan.output.contains(&format!("- {secret}")), "{}", plan.output);
    fixture.under_traffic(&["east"], || {
        workspace.apply_plan().succeeded();
        fixture.settle("east", &["east"]);
    });
    workspace.assert_no_changes();
    assert_eq!(links(workspace), json!({"east->west": "drained", "west->east": "ready"}));
    let doors = &workspace.resource("istio_mesh.shop")["peer"]["gateways"];
    assert_eq!(doors.as_object().expect("a map").keys().collect::<Vec<_>>(), ["east"]);
    let alone = fixture.call("east", 200);
    assert_eq!(alone.clusters, [("east".to_owned(), 200)].into(), "{:?}", alone.codes);
    fixture.assert_all_answer("west", &CLUSTERS);
}

/// While pods there still have proxies it stays, with a word on what to do; then it goes and the other serves on.
fn west_is_removed(fixture: &Fixture, workspace: &Workspace) {
    workspace.configure(&configuration(fixture, West::Gone));
    workspace
        .apply()
        .failed_with(&["Cluster \"west\": 2 pods still have proxies of the mesh", "drain = true"]);
    fixture.end_sample(&["west"]);
    fixture.under_traffic(&["east"], || drop(workspace.apply().succeeded()));
    workspace.assert_no_changes();
    assert_eq!(links(workspace), json!({}));
}

fn gateway_addresses(workspace: &Workspace, cluster: &str) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["clusters"][cluster]["gateway_addresses"].clone()
}

/// Where the host name of the balancer leads.
fn balancer_address(fixture: &Fixture) -> String {
    let addresses = fixture.lab.names().get(HOST_NAME).expect("the host name of the balancer");
    format!("{}:15443", addresses[0])
}

fn configuration(fixture: &Fixture, west: West) -> String {
    let node = fixture.lab.cluster("west").addresses().node();
    let gateway = match west {
        West::Redirected => format!(
            r#"node_port = {NODE_PORT}
      addresses = ["{NOBODYS}"]
      from "east" {{
        addresses    = ["{node}"]
        address_port = {NODE_PORT}
      }}"#
        ),
        West::Balanced => format!("node_port = {NODE_PORT}"),
        West::Stays | West::Drained | West::Gone => format!(
            r#"service_type = "NodePort"
      node_port    = {NODE_PORT}
      addresses    = ["{node}"]"#
        ),
    };
    let primary = format!(
        r#"
  primary "west" {{
    network = "net-west"
    drain   = {}
    east_west_gateway {{
      namespace = "{GATEWAYS}"
      {gateway}
    }}
  }}
"#,
        west == West::Drained
    );
    let primary = if west == West::Gone { "" } else { &primary };
    let text = Fixture::example_text("multi-primary-multi-network");
    let (before, after) = text.split_once("  primary \"east\"").expect("east");
    let (_, after) = after.split_once("  certificate_authority").expect("the authority");
    format!(
        r#"{before}  namespace   = "{NAMESPACE}"
  delete_crds = true

  primary "east" {{
    network = "net-east"
    east_west_gateway {{
      namespace = "{GATEWAYS}"
    }}
  }}
{primary}
  certificate_authority{after}"#
    )
}
