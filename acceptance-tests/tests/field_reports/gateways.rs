//! Gateways as istiod sees them: whatever the type of their Service is, `status` names the addresses that istiod has, and a change is over
//! when istiod has taken it.

use std::collections::BTreeSet;

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::{Fixture, Workspace};
use lab::cloud::LoadBalancers;
use lab::probe::Pods;
use serde_json::{Value, json};

use crate::configuration::{CLUSTERS, SYSTEM, assert_says, configure, planned, refreshed, status, workspace};

const NODE_PORT: u16 = 31443;
const PORT: u16 = 15443;
/// Where `status` has the state of the gateway, and its addresses.
const STATE: &str = "/clusters/west/gateway";
const ADDRESSES: &str = "/clusters/west/gateway_addresses";
/// The port where istiod answers questions.
const DEBUG_PORT: u16 = 8080;

/// A gateway in `west`, and who calls it from `east`.
struct Called<'a> {
    fixture: &'a Fixture<'a>,
    west: &'a Admin<'a>,
    workspace: Workspace,
}

pub fn a_gateway_is_found_by_every_address_that_its_service_can_have(fixture: &Fixture) {
    let (lab, west) = (fixture.lab, Admin::of(fixture.lab, "west"));
    let addresses = lab.cluster("west").addresses();
    let (node, further) =
        (addresses.node().to_string(), addresses.load_balancers().last().expect("an address"));
    lab.cluster("west").network().set_address(further, true).expect("give the node an address");
    let external = json!({"type": "ExternalIP", "address": node});
    set_addresses(&west, std::slice::from_ref(&external));
    let workspace = workspace(fixture, &mesh(AT_NODES));
    workspace.apply().succeeded();
    fixture.start_sample(&CLUSTERS);
    let called = Called { fixture, west: &west, workspace };
    called.is_at(&node, NODE_PORT);
    called.has_lost_its_nodes(&external);

    // Nobody here makes load balancers, and nobody waits for one.
    lab.cluster("west").set_load_balancers(LoadBalancers::Pending);
    for kind in ["LoadBalancer", "ClusterIP"] {
        let values = format!(
            "values = yamlencode({{ service = {{ type = {kind:?}, externalIPs = [\"{further}\"] }} }})"
        );
        called.becomes(&values);
        called.is_at(&further.to_string(), PORT);
    }
    // istiod keeps what a Service has lost until it starts again.
    let typed =
        format!("service_type = \"NodePort\"\n      node_port = {NODE_PORT}\n      addresses = [{node:?}]");
    let text = called.becomes(&typed);
    assert_says(
        &text,
        &["Cluster \"west\": istiod of other clusters may be restarted", "the control planes of \"east\""],
    );
    called.is_at(&node, NODE_PORT);

    lab.cluster("west").set_load_balancers(LoadBalancers::Addresses(1));
    called.becomes("");
    let balancer =
        west.get(&service()).expect("a Service")["status"]["loadBalancer"]["ingress"][0]["ip"].clone();
    called.is_at(balancer.as_str().expect("an address"), PORT);
    lab.cluster("west").network().set_address(further, false).expect("take the node's address away");
}

/// At a port of every node that has an address outside.
const AT_NODES: &str = "service_type = \"NodePort\"
      node_port = 31443
      service_annotations = { \"traffic.istio.io/nodeSelector\" = \"{}\" }";

fn mesh(gateway: &str) -> Mesh {
    let mesh = Mesh::of("shop", &CLUSTERS).apart().with("timeouts {\n    update = \"60s\"\n  }");
    let mesh = mesh.primary("east", "east_west_gateway {}");
    mesh.primary("west", &format!("east_west_gateway {{\n      {gateway}\n    }}"))
}

fn service() -> String {
    format!("/api/v1/namespaces/{SYSTEM}/services/istio-eastwestgateway")
}

/// The addresses of the node of a cluster, beside those inside.
fn set_addresses(admin: &Admin, external: &[Value]) {
    let path = format!("/api/v1/nodes/{}", admin.cluster());
    let node = admin.get(&path).expect("a node");
    let inside = node["status"]["addresses"].as_array().into_iter().flatten();
    let inside = inside.filter(|it| it["type"] != "ExternalIP").cloned();
    let all: Vec<Value> = inside.chain(external.iter().cloned()).collect();
    admin.merge(&format!("{path}/status"), "cloud", &json!({"status": {"addresses": all}}));
}

impl Called<'_> {
    /// Applies another gateway; what the plan says.
    #[track_caller]
    fn becomes(&self, gateway: &str) -> String {
        configure(self.fixture, &self.workspace, &mesh(gateway));
        let text = planned(&self.workspace);
        self.workspace.apply_plan().succeeded();
        text
    }

    /// `status` and istiod of `east` have this address and no other, and calls get there.
    #[track_caller]
    fn is_at(&self, address: &str, port: u16) {
        self.workspace.assert_well();
        assert_eq!(status(&self.workspace, STATE), "ready");
        assert_eq!(status(&self.workspace, ADDRESSES), json!([address]));
        assert_eq!(self.known(), [format!("{address}:{port}")].into());
        self.fixture.settle("east", &CLUSTERS);
        let endpoints = self.fixture.endpoints("east");
        let door = format!("{address}:{port}");
        assert!(endpoints.len() == 2 && endpoints.contains(&door), "{endpoints:?}, not {door}");
    }

    /// A node that has no address outside any more is named, and the way out is not a load balancer.
    fn has_lost_its_nodes(&self, external: &Value) {
        set_addresses(self.west, &[]);
        let text = planned(&self.workspace);
        assert_eq!(refreshed(&self.workspace, STATE), "no_node");
        assert_says(
            &text,
            &[
                "Cluster \"west\": its east-west gateway has no address",
                "traffic.istio.io/nodeSelector",
                "address of type ExternalIP",
            ],
        );
        assert!(!text.contains("load balancer"), "{text}");
        set_addresses(self.west, std::slice::from_ref(external));
        self.workspace.apply().succeeded();
    }

    /// Where istiod of `east` sends calls to the network of `west`.
    fn known(&self) -> BTreeSet<String> {
        let lab = self.fixture.lab;
        let answer = lab.runtime().block_on(async {
            let pods = Pods::new(&lab.cluster("east").client().unwrap(), SYSTEM);
            let istiod = pods.running("app=istiod").await.unwrap();
            pods.get(&istiod, DEBUG_PORT, "/debug/networkz").await.unwrap()
        });
        let gateways: Vec<Value> = serde_json::from_str(&answer).expect("JSON");
        let of_west = gateways.iter().filter(|it| it["Network"] == "net-west");
        of_west.map(|it| format!("{}:{}", it["Addr"].as_str().unwrap_or_default(), it["Port"])).collect()
    }
}
