//! Whether istiod of one cluster has the addresses of another's gateway: exactly those at which it is found.
//!
//! istiod sends calls to a cluster to the addresses that the cluster's own Services have, and to those in `meshNetworks` only where
//! there are none (`pilot/pkg/xds/endpoints/ep_filters.go`). When a Service loses its last address, istiod keeps the former ones until
//! it restarts (`addOrUpdateService` in `pilot/pkg/serviceregistry/kube/controller/controller.go`).

use core::net::IpAddr;
use std::collections::BTreeSet;

use crate::observe::{KnownGateway, Replica};

/// An address and its port.
pub type Door = (String, i64);

/// The gateway of a cluster as istiod of another network shall know it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WantedGateway<'a> {
    /// The network of the cluster.
    pub network: &'a str,
    /// The cluster.
    pub cluster: &'a str,
    /// Where its Service is found; nowhere if its addresses are typed.
    pub found: BTreeSet<Door>,
    /// Where the user says that it is.
    pub typed: BTreeSet<Door>,
    /// The same of all clusters of the network.
    pub typed_of_network: BTreeSet<Door>,
}

/// What is not as it should be in what istiod knows of a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Misconception {
    /// Whether an address is missing.
    pub lacks: bool,
    /// Addresses that the cluster's Services are said to have, beside those of the gateway.
    pub others: BTreeSet<Door>,
    /// Whether `meshNetworks` is not the present one.
    pub has_former_networks: bool,
}

impl WantedGateway<'_> {
    /// Of what the pods of istiod say, everything that is wrong in one of them at least. One that does not say it is not judged.
    pub fn compare(&self, replicas: &[Replica]) -> Misconception {
        let mut wrong = Misconception::default();
        for known in replicas.iter().filter_map(|replica| replica.gateways.as_ref()) {
            let of = |cluster: &str| -> BTreeSet<Door> {
                let gateways = known.iter().filter(|it| it.network == self.network && it.cluster == cluster);
                gateways.map(|KnownGateway { address, port, .. }| (address.clone(), *port)).collect()
            };
            let (found, typed) = (of(self.cluster), of(""));
            wrong.lacks |= lacks(&found, &self.found) || lacks(&typed, &self.typed);
            wrong.others.extend(others(&found, &self.found));
            // What the user says of networks in values of the chart is not ours to judge.
            let is_ours = !self.typed_of_network.is_empty();
            wrong.has_former_networks |= is_ours && !others(&typed, &self.typed_of_network).is_empty();
        }
        wrong
    }
}

/// Whether istiod has not all of these. Of host names, it has what it has looked up, which nobody else knows.
fn lacks(known: &BTreeSet<Door>, wanted: &BTreeSet<Door>) -> bool {
    let (addresses, names): (BTreeSet<&Door>, BTreeSet<&Door>) =
        wanted.iter().partition(|door| is_address(door));
    let is_looked_up = known.iter().any(|door| !addresses.contains(door));
    !addresses.iter().all(|door| known.contains(*door)) || (!names.is_empty() && !is_looked_up)
}

/// What istiod has beside these. Where one of them is a host name, nobody can tell.
fn others(known: &BTreeSet<Door>, wanted: &BTreeSet<Door>) -> BTreeSet<Door> {
    if !wanted.iter().all(is_address) {
        return BTreeSet::new();
    }
    known.difference(wanted).cloned().collect()
}

fn is_address((address, _): &Door) -> bool {
    address.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn doors(doors: &[(&str, i64)]) -> BTreeSet<Door> {
        doors.iter().map(|(address, port)| ((*address).to_owned(), *port)).collect()
    }

    fn found(addresses: &[(&str, i64)]) -> WantedGateway<'static> {
        WantedGateway {
            network: "net-west",
            cluster: "west",
            found: doors(addresses),
            ..WantedGateway::default()
        }
    }

    fn typed(addresses: &[(&str, i64)]) -> WantedGateway<'static> {
        let typed = doors(addresses);
        WantedGateway { typed_of_network: typed.clone(), typed, ..found(&[]) }
    }

    /// A pod of istiod that knows these gateways of the network: cluster, address, port.
    fn replica(known: &[(&str, &str, i64)]) -> Replica {
        let gateways = known.iter().map(|(cluster, address, port)| KnownGateway {
            network: "net-west".to_owned(),
            cluster: (*cluster).to_owned(),
            address: (*address).to_owned(),
            port: *port,
        });
        let other = KnownGateway {
            network: "net-north".to_owned(),
            cluster: "north".to_owned(),
            address: "192.0.2.99".to_owned(),
            port: 15443,
        };
        Replica { gateways: Some(gateways.chain([other]).collect()), ..Replica::default() }
    }

    fn is_right(wanted: &WantedGateway<'_>, known: &[(&str, &str, i64)]) -> bool {
        wanted.compare(&[replica(known)]) == Misconception::default()
    }

    #[test]
    fn istiod_has_the_addresses_of_the_service_and_no_others() {
        let wanted = found(&[("192.0.2.1", 15443), ("192.0.2.2", 15443)]);
        let both = [("west", "192.0.2.1", 15443), ("west", "192.0.2.2", 15443)];
        assert!(is_right(&wanted, &both));
        assert!(wanted.compare(&[replica(&both[..1])]).lacks);
        let port = [("west", "192.0.2.1", 31443), both[1]];
        let wrong = wanted.compare(&[replica(&port)]);
        assert!(wrong.lacks && wrong.others == doors(&[("192.0.2.1", 31443)]));
        let former = [both[0], both[1], ("west", "192.0.2.9", 15443)];
        assert_eq!(
            wanted.compare(&[replica(&both), replica(&former)]).others,
            doors(&[("192.0.2.9", 15443)])
        );
    }

    #[test]
    fn typed_addresses_are_used_only_where_the_service_has_none() {
        let wanted = typed(&[("203.0.113.7", 31443)]);
        let told = ("", "203.0.113.7", 31443);
        assert!(is_right(&wanted, &[told]));
        let wrong = wanted.compare(&[replica(&[told, ("west", "192.0.2.1", 15443)])]);
        assert_eq!(wrong.others, doors(&[("192.0.2.1", 15443)]));
        assert!(wanted.compare(&[replica(&[])]).lacks);
        assert!(wanted.compare(&[replica(&[told, ("", "203.0.113.8", 31443)])]).has_former_networks);
    }

    #[test]
    fn another_cluster_of_the_network_may_have_typed_addresses_too() {
        let told = [("", "203.0.113.7", 31443), ("", "203.0.113.8", 31443)];
        let other = doors(&[("203.0.113.7", 31443), ("203.0.113.8", 31443)]);
        let wanted = WantedGateway { typed_of_network: other, ..typed(&[("203.0.113.7", 31443)]) };
        assert!(is_right(&wanted, &told));
    }

    #[test]
    fn what_a_host_name_leads_to_is_not_judged_but_it_must_lead_somewhere() {
        let wanted = found(&[("lb.example", 15443), ("192.0.2.1", 15443)]);
        assert!(is_right(&wanted, &[("west", "192.0.2.1", 15443), ("west", "198.51.100.3", 15443)]));
        assert!(wanted.compare(&[replica(&[("west", "192.0.2.1", 15443)])]).lacks);
        assert!(found(&[("lb.example", 15443)]).compare(&[replica(&[])]).lacks);
    }

    #[test]
    fn an_address_that_no_service_has_any_more_is_another() {
        let former = [("west", "192.0.2.1", 15443)];
        assert_eq!(found(&[]).compare(&[replica(&former)]).others, doors(&[("192.0.2.1", 15443)]));
        assert!(is_right(&found(&[]), &[("", "203.0.113.7", 31443)]), "of meshNetworks in the user's values");
    }

    #[test]
    fn an_istiod_that_cannot_say_it_is_not_judged() {
        assert_eq!(found(&[("192.0.2.1", 15443)]).compare(&[Replica::default()]), Misconception::default());
    }
}
