use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The east-west gateway of one cluster: where traffic of other networks comes in.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EastWestGateway {
    /// Where it lives, if not in the mesh's namespace.
    pub namespace: Option<String>,
    /// `spec.type` of its Service.
    pub service_type: Option<String>,
    /// Annotations of its Service: what a cloud's load balancer controller reads.
    pub service_annotations: BTreeMap<String, String>,
    /// `spec.loadBalancerClass` of its Service.
    pub load_balancer_class: Option<String>,
    /// `spec.loadBalancerSourceRanges` of its Service.
    pub load_balancer_source_ranges: BTreeSet<String>,
    /// Port of its Service for calls between networks, 15443 if there is none.
    pub port: Option<i64>,
    /// Port of every node that leads to `port`; Kubernetes chooses one if there is none.
    pub node_port: Option<i64>,
    /// Where other networks find it, if not at the addresses that its Service has.
    pub addresses: BTreeSet<String>,
    /// Port at these addresses, see [`address_port`](Self::address_port).
    pub address_port: Option<i64>,
    /// Primary that calls it → where that finds it, if not where the others do.
    pub from: BTreeMap<String, CallerAddresses>,
    /// What its pods ask for and may not exceed: `requests` and `limits`, quantities by resource.
    pub resources: Resources,
    /// Number of pods; without it the chart's autoscaler decides.
    pub replicas: Option<i64>,
    /// Helm values of the chart, over all others.
    pub values: Value,
}

/// Where one primary finds a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CallerAddresses {
    /// Its addresses.
    pub addresses: BTreeSet<String>,
    /// Port at these addresses; the one that the others use if there is none.
    pub address_port: Option<i64>,
}

/// Typed addresses of a gateway, with their port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The addresses.
    pub addresses: &'a BTreeSet<String>,
    /// The port of all of them.
    pub port: i64,
}

/// Resources of a container, as Kubernetes writes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Resources {
    /// What it asks for.
    pub requests: BTreeMap<String, String>,
    /// What it may not exceed.
    pub limits: BTreeMap<String, String>,
}

impl EastWestGateway {
    /// The port that istiod assumes for calls between networks unless it is told another.
    pub const DEFAULT_PORT: i64 = 15443;
    /// The label by which istiod knows the network of a namespace, and the gateways of a network
    /// (`pilot/pkg/serviceregistry/kube/controller/network.go`).
    pub const NETWORK_LABEL: &str = "topology.istio.io/network";
    /// The label by which a gateway's Service tells another port.
    pub const PORT_LABEL: &str = "networking.istio.io/gatewayPort";
    /// The name of its Service's port for such calls.
    pub const PORT_NAME: &str = "tls";
    /// By this annotation of a Service of type `NodePort`, istiod takes the external addresses of the nodes with these labels, a
    /// JSON object (`pilot/pkg/serviceregistry/kube/controller/util.go`).
    pub const NODE_SELECTOR: &str = "traffic.istio.io/nodeSelector";
    /// The labels by which its pods are found: the chart's, of its release name without `istio-`.
    pub const PODS: &str = "istio=eastwestgateway";
    /// What the chart writes where istiod's injector writes an image.
    pub const PLACEHOLDER_IMAGE: &str = "auto";

    /// The port of its Service for calls between networks.
    pub fn service_port(&self) -> i64 {
        self.port.unwrap_or(Self::DEFAULT_PORT)
    }

    /// The port at typed addresses: what is said, else that of the nodes where the Service is only there, else that of the
    /// Service.
    pub fn address_port(&self) -> i64 {
        let node_port = self.node_port.filter(|_| self.is_at_nodes());
        self.address_port.or(node_port).unwrap_or_else(|| self.service_port())
    }

    /// Whether the user says where it is. Then its Service says nothing of that: istiod would use only what the Service says
    /// (`GatewaysForNetworkAndCluster` in `pilot/pkg/model/network.go`).
    pub fn is_typed(&self) -> bool {
        !self.addresses.is_empty() || !self.from.is_empty()
    }

    /// Where the user says that control plane `reader` finds it; no addresses if nothing is said for that one.
    pub fn seen_from(&self, reader: &str) -> Place<'_> {
        match self.from.get(reader) {
            Some(CallerAddresses { addresses, address_port }) => {
                Place { addresses, port: address_port.unwrap_or_else(|| self.address_port()) }
            }
            None => Place { addresses: &self.addresses, port: self.address_port() },
        }
    }

    /// Whether its Service is found at nodes only, where Kubernetes chooses the ports that nobody has.
    pub fn is_at_nodes(&self) -> bool {
        self.service_type.as_deref() == Some(NODE_PORT)
    }
}

/// Istio's `meshNetworks` of control plane `reader` for the gateways (cluster, network, gateway) whose addresses are typed; null if there
/// are none.
pub(super) fn static_networks<'a>(
    reader: &str,
    gateways: impl Iterator<Item = (&'a str, &'a str, &'a EastWestGateway)>,
) -> Value {
    let mut networks = Map::new();
    for (cluster, network, gateway) in gateways {
        let Place { addresses, port } = gateway.seen_from(reader);
        if addresses.is_empty() {
            continue;
        }
        let entry = networks.entry(network).or_insert_with(|| json!({"endpoints": [], "gateways": []}));
        let endpoint = json!({"fromRegistry": cluster});
        let doors = addresses.iter().map(|address| json!({"address": address, "port": port}));
        for (list, items) in [("endpoints", vec![endpoint]), ("gateways", doors.collect())] {
            if let Some(list) = entry[list].as_array_mut() {
                list.extend(items);
            }
        }
    }
    if networks.is_empty() { Value::Null } else { Value::Object(networks) }
}

/// The type of a Service with a load balancer, which the chart takes if nothing else is said.
pub(super) const LOAD_BALANCER: &str = "LoadBalancer";
/// The type of a Service that is found at the addresses of nodes.
pub(super) const NODE_PORT: &str = "NodePort";
/// The type of a Service that is found inside its cluster only.
pub(super) const CLUSTER_IP: &str = "ClusterIP";
/// What the type of a gateway's Service can be.
pub(super) const SERVICE_TYPES: [&str; 3] = [LOAD_BALANCER, NODE_PORT, CLUSTER_IP];
