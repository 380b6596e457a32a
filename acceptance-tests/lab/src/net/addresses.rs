//! The addresses of the lab: the same in every jail.

use std::net::Ipv4Addr;

/// The bridge that joins all clusters, in the jail's own network namespace.
pub const BRIDGE: &str = "labwan";
/// The jail's own address on it: where tests, terraform and the load balancers with host names are.
pub const OUTSIDE: Ipv4Addr = Ipv4Addr::new(172, 30, 0, 1);
/// The range that joins all clusters.
pub const WAN_PREFIX: u8 = 24;
/// Where a node's pods find the DNS server.
pub const DNS: Ipv4Addr = Ipv4Addr::new(169, 254, 20, 10);
/// The next hop of a pod's default route: every node has this address too.
pub const NEXT_HOP: Ipv4Addr = Ipv4Addr::new(169, 254, 1, 1);
/// How many clusters a lab can have.
pub const MAX_CLUSTERS: u8 = 24;

/// The addresses of one cluster, by its number (1 to [`MAX_CLUSTERS`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClusterAddresses {
    number: u8,
}

impl ClusterAddresses {
    /// The addresses of the cluster with this number.
    pub fn new(number: u8) -> Self {
        Self { number }
    }

    /// The node: where the API server listens on port 6443.
    pub fn node(self) -> Ipv4Addr {
        Ipv4Addr::new(172, 30, 0, self.number * 10)
    }

    /// The addresses that load balancers can have.
    pub fn load_balancers(self) -> impl Iterator<Item = Ipv4Addr> {
        (1..10).map(move |last| Ipv4Addr::new(172, 30, 0, self.number * 10 + last))
    }

    /// The range of the node and its load balancers, for packet filters.
    pub fn public_range(self) -> String {
        format!("172.30.0.{}-172.30.0.{}", self.number * 10, self.number * 10 + 9)
    }

    /// The range of pod addresses.
    pub fn pod_cidr(self) -> String {
        format!("10.{}.0.0/16", 10 + self.number)
    }

    /// The pod address with this number.
    pub fn pod(self, number: u16) -> Ipv4Addr {
        let [high, low] = number.to_be_bytes();
        Ipv4Addr::new(10, 10 + self.number, high, low)
    }

    /// The range of Service addresses.
    pub fn service_cidr(self) -> String {
        format!("10.{}.0.0/16", 110 + self.number)
    }

    /// The API server's Service.
    pub fn kubernetes_service(self) -> Ipv4Addr {
        Ipv4Addr::new(10, 110 + self.number, 0, 1)
    }
}
