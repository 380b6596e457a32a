//! A pod's network namespace: one address and a routed link, so that every packet passes the node's rules.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use super::addresses::{ClusterAddresses, NEXT_HOP};
use super::{Error, Namespace, ip, sysctl};

/// Hands out pod addresses; never the one just given back, as an old connection may still look for its owner.
#[derive(Debug)]
pub struct PodAddresses {
    addresses: ClusterAddresses,
    state: Mutex<Handed>,
}

#[derive(Debug, Default)]
struct Handed {
    last: u16,
    used: BTreeSet<u16>,
}

/// One pod's address, given back when this is dropped.
#[derive(Debug)]
pub struct PodAddress {
    owner: Arc<PodAddresses>,
    number: u16,
}

impl PodAddresses {
    /// The pod addresses of one cluster.
    pub fn new(addresses: ClusterAddresses) -> Arc<Self> {
        Arc::new(Self { addresses, state: Mutex::default() })
    }

    /// A free address.
    pub fn take(self: &Arc<Self>) -> Result<PodAddress, Error> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let last = state.last;
        let number = (last.saturating_add(1)..u16::MAX)
            .chain(1..=last)
            .find(|number| !state.used.contains(number))
            .ok_or_else(|| Error::Exhausted(self.addresses.pod_cidr()))?;
        state.last = number;
        state.used.insert(number);
        Ok(PodAddress { owner: Arc::clone(self), number })
    }
}

impl PodAddress {
    /// The address.
    pub fn address(&self) -> Ipv4Addr {
        self.owner.addresses.pod(self.number)
    }
}

impl Drop for PodAddress {
    fn drop(&mut self) {
        self.owner.state.lock().unwrap_or_else(PoisonError::into_inner).used.remove(&self.number);
    }
}

/// A pod's network namespace.
#[derive(Debug)]
pub struct PodNetwork {
    namespace: Namespace,
}

impl PodNetwork {
    /// Makes the namespace, its link to the node `node` and the pod's kernel parameters.
    pub fn create(
        node: &Namespace,
        address: Ipv4Addr,
        parameters: &[(String, String)],
    ) -> Result<Self, Error> {
        let [_, cluster, high, low] = address.octets();
        let name = format!("pod-{cluster}-{high}-{low}");
        let outer = format!("v{cluster}-{high}-{low}");
        let namespace = Namespace::new(&name)?;
        let act = format!("link the pod {address}");
        ip(
            &act,
            &node.path(),
            &format!(
                "link add {outer} type veth peer name eth0 netns {name}\n\
                 link set {outer} up\n\
                 route add {address}/32 dev {outer}\n"
            ),
        )?;
        ip(
            &act,
            &namespace.path(),
            &format!(
                "link set lo up\n\
                 address add {address}/32 dev eth0\n\
                 link set eth0 up\n\
                 route add {NEXT_HOP} dev eth0 scope link\n\
                 route add default via {NEXT_HOP} dev eth0\n"
            ),
        )?;
        sysctl(&namespace.path(), parameters)?;
        Ok(Self { namespace })
    }

    /// The namespace's file.
    pub fn path(&self) -> PathBuf {
        self.namespace.path()
    }
}
