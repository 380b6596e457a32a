//! A cluster's node: a network namespace on the bridge.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use super::addresses::{BRIDGE, ClusterAddresses, DNS, NEXT_HOP, OUTSIDE, WAN_PREFIX};
use super::{Error, Namespace, ip, nft, outside, sysctl};

/// The table with the node's own rules: masquerading and cut links.
const TABLE: &str = "lab";
/// The node's link to the bridge.
const UPLINK: &str = "eth0";

/// A cluster's node in the network.
#[derive(Debug)]
pub struct NodeNetwork {
    namespace: Namespace,
    addresses: ClusterAddresses,
}

impl NodeNetwork {
    /// Makes the namespace, its link and its routes; the pods of `neighbours` are reachable directly.
    pub fn create(
        name: &str,
        addresses: ClusterAddresses,
        neighbours: &[ClusterAddresses],
    ) -> Result<Self, Error> {
        let namespace = Namespace::new(name)?;
        let node = addresses.node();
        let outer = outer(addresses);
        ip(
            &format!("link {name} to the bridge"),
            &outside(),
            &format!(
                "link add {outer} type veth peer name {UPLINK} netns {name}\n\
                 link set {outer} master {BRIDGE} up\n"
            ),
        )?;
        // Without a route for the Service range the API server's calls of webhooks end before kube-proxy's rules.
        ip(
            &format!("configure the node of {name}"),
            &namespace.path(),
            &format!(
                "link set lo up\n\
                 address add {DNS}/32 dev lo\n\
                 address add {NEXT_HOP}/32 dev lo\n\
                 address add {node}/{WAN_PREFIX} dev {UPLINK}\n\
                 link set {UPLINK} up\n\
                 route add {} dev {UPLINK} src {node}\n",
                addresses.service_cidr()
            ),
        )?;
        sysctl(&namespace.path(), &[("net.ipv4.ip_forward".to_owned(), "1".to_owned())])?;
        let network = Self { namespace, addresses };
        for neighbour in neighbours {
            network.set_route(*neighbour, true)?;
        }
        network.masquerade(neighbours)?;
        Ok(network)
    }

    /// The namespace's file.
    pub fn path(&self) -> PathBuf {
        self.namespace.path()
    }

    /// The namespace.
    pub fn namespace(&self) -> &Namespace {
        &self.namespace
    }

    /// The cluster's addresses.
    pub fn addresses(&self) -> ClusterAddresses {
        self.addresses
    }

    /// Makes the pods of another cluster reachable directly, or no longer.
    fn set_route(&self, other: ClusterAddresses, present: bool) -> Result<(), Error> {
        let verb = if present { "replace" } else { "delete" };
        let line = format!("route {verb} {} via {} dev {UPLINK}\n", other.pod_cidr(), other.node());
        ip("route to the pods of another cluster", &self.path(), &line)
    }

    /// Pods leave with the node's address, except to pods that are reachable directly.
    fn masquerade(&self, neighbours: &[ClusterAddresses]) -> Result<(), Error> {
        let mut direct = vec![self.addresses.pod_cidr(), self.addresses.service_cidr()];
        direct.extend(neighbours.iter().map(|it| it.pod_cidr()));
        let script = format!(
            "table ip {TABLE} {{
                 set cut {{ type ipv4_addr; flags interval; }}
                 set closed {{ type inet_service; }}
                 set barred {{ type inet_service; }}
                 chain outgoing {{ type nat hook postrouting priority srcnat;
                     ip saddr {} ip daddr != {{ {} }} oifname {UPLINK} masquerade
                 }}
                 chain incoming {{ type filter hook prerouting priority raw; ip saddr @cut drop; }}
                 chain sent {{ type filter hook output priority raw; ip daddr @cut drop; }}
                 chain forwarded {{ type filter hook forward priority filter;
                     ip daddr @cut drop
                     oifname {UPLINK} tcp dport @barred drop
                 }}
                 chain called {{ type filter hook output priority filter; tcp dport @closed drop; }}
             }}\n",
            self.addresses.pod_cidr(),
            direct.join(", ")
        );
        nft("configure the node's rules", &self.path(), &script)
    }

    /// Cuts the link to another cluster, or heals it: no packet goes either way.
    pub fn cut_cluster(&self, other: ClusterAddresses, cut: bool) -> Result<(), Error> {
        self.set_cut(&format!("{}, {}", other.public_range(), other.pod_cidr()), cut)
    }

    /// Cuts the link to everything outside the clusters (tests, terraform), or heals it.
    pub fn cut_outside(&self, cut: bool) -> Result<(), Error> {
        self.set_cut(&OUTSIDE.to_string(), cut)
    }

    /// Closes a port of the cluster's pods for its API server, as a cloud's firewall between control plane and nodes does, or
    /// opens it.
    pub fn close_to_api_server(&self, port: u16, closed: bool) -> Result<(), Error> {
        self.set("closed", &port.to_string(), closed)
    }

    /// Closes a port of all other clusters for this cluster's pods, as a firewall between networks does, or opens it.
    pub fn close_to_pods(&self, port: u16, closed: bool) -> Result<(), Error> {
        self.set("barred", &port.to_string(), closed)
    }

    fn set_cut(&self, elements: &str, cut: bool) -> Result<(), Error> {
        self.set("cut", elements, cut)
    }

    fn set(&self, set: &str, elements: &str, present: bool) -> Result<(), Error> {
        let verb = if present { "add" } else { "delete" };
        nft(
            "cut or heal a link",
            &self.path(),
            &format!("{verb} element ip {TABLE} {set} {{ {elements} }}\n"),
        )
    }

    /// Gives the node a further address on the bridge, or takes it away.
    pub fn set_address(&self, address: Ipv4Addr, present: bool) -> Result<(), Error> {
        let verb = if present { "replace" } else { "delete" };
        let line = format!("address {verb} {address}/32 dev {UPLINK}\n");
        ip("move a load balancer's address", &self.path(), &line)
    }
}

/// The name of the node's link at the bridge.
fn outer(addresses: ClusterAddresses) -> String {
    format!("up-{}", addresses.node().octets()[3])
}

impl Drop for NodeNetwork {
    fn drop(&mut self) {
        // The kernel would remove it some time after the namespace; its name must be free at once.
        let _ = ip("remove a node's link", &outside(), &format!("link delete {}\n", outer(self.addresses)));
    }
}
