//! What joins the clusters: a bridge in the jail's own network namespace.

use std::net::Ipv4Addr;

use super::addresses::{BRIDGE, OUTSIDE, WAN_PREFIX};
use super::{Error, ip, nft, outside, sysctl};

/// The table that turns traffic to a load balancer with a host name to the node port, as clouds do.
const BALANCERS: &str = "lab-balancers";

/// The bridge; it ends when this is dropped.
#[derive(Debug)]
pub struct Wan(());

impl Wan {
    /// Makes the bridge.
    pub fn create() -> Result<Self, Error> {
        let links = format!(
            "link add {BRIDGE} type bridge\n\
         address add {OUTSIDE}/{WAN_PREFIX} dev {BRIDGE}\n\
         link set {BRIDGE} up\n"
        );
        ip("make the bridge between the clusters", &outside(), &links)?;
        sysctl(&outside(), &[("net.ipv4.ip_forward".to_owned(), "1".to_owned())])?;
        forward(&[])?;
        Ok(Self(()))
    }
}

impl Drop for Wan {
    fn drop(&mut self) {
        // The end of the jail removes it too.
        let _ = ip("remove the bridge", &outside(), &format!("link delete {BRIDGE}\n"));
    }
}

/// One port of a load balancer that stands outside its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forward {
    /// The load balancer's address.
    pub address: Ipv4Addr,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// The port it listens on.
    pub port: u16,
    /// The cluster's node.
    pub node: Ipv4Addr,
    /// The port of the node that leads to the Service.
    pub node_port: u16,
}

/// Gives the outside an address, or takes it away.
pub fn set_address(address: Ipv4Addr, present: bool) -> Result<(), Error> {
    let verb = if present { "replace" } else { "delete" };
    ip("move a load balancer's address", &outside(), &format!("address {verb} {address}/32 dev {BRIDGE}\n"))
}

/// Makes the load balancers outside forward exactly this.
pub fn forward(forwards: &[Forward]) -> Result<(), Error> {
    nft("configure load balancers", &outside(), &balancers(forwards))
}

fn balancers(forwards: &[Forward]) -> String {
    use std::fmt::Write as _;

    let mut rules = String::new();
    for it in forwards {
        let Forward { address, protocol, port, node, node_port } = it;
        // Writing to a String cannot fail.
        let _ = writeln!(rules, "ip daddr {address} {protocol} dport {port} dnat to {node}:{node_port}");
    }
    format!(
        "table ip {BALANCERS} {{}}
         delete table ip {BALANCERS}
         table ip {BALANCERS} {{
             chain incoming {{ type nat hook prerouting priority dstnat;
                 {rules}
             }}
             chain own {{ type nat hook output priority -100;
                 {rules}
             }}
             chain outgoing {{ type nat hook postrouting priority srcnat;
                 ct status dnat masquerade
             }}
         }}\n"
    )
}
