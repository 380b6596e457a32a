//! `peer` follows from `join`, whoever reads it: so both are equal wherever `join` is.

use std::collections::BTreeMap;

use tfplugin::Field;

use super::model::{Gateways, JoinClusterModel, JoinModel, PeerGatewayModel, PeerModel, Texts};

/// What `join` gives another mesh to know: identity, roots and gateways, but for those of clusters that are being drained.
pub fn peer_of(join: &JoinModel) -> PeerModel {
    PeerModel {
        format: join.format,
        id: join.id.clone(),
        mesh_id: join.mesh_id.clone(),
        trust_domain: join.trust_domain.clone(),
        domain_suffix: join.domain_suffix.clone(),
        namespace: join.namespace.clone(),
        root_certificates: join.root_certificates.clone(),
        gateways: gateways(join, |cluster| (&cluster.gateway_addresses, cluster.gateway_port)),
        federation_gateways: gateways(join, |cluster| {
            (&cluster.federation_gateway_addresses, cluster.federation_gateway_port)
        }),
    }
}

/// The gateways of one kind. Which there are is unknown as long as it is for one cluster.
fn gateways(join: &JoinModel, of: impl Fn(&JoinClusterModel) -> (&Texts, Field<i64>)) -> Gateways {
    let Some(clusters) = join.clusters.as_known() else {
        return unknown_or_empty(join.clusters.is_unknown());
    };
    let mut gateways = BTreeMap::new();
    for (label, cluster) in clusters {
        let (addresses, port) = of(cluster);
        if port.is_null() || cluster.drain == Field::Known(true) {
            continue;
        }
        if port.is_unknown() || cluster.drain.is_unknown() {
            return Field::Unknown;
        }
        let gateway =
            PeerGatewayModel { network: cluster.network.clone(), addresses: addresses.clone(), port };
        gateways.insert(label.clone(), gateway);
    }
    Field::Known(gateways)
}

fn unknown_or_empty(is_unknown: bool) -> Gateways {
    if is_unknown { Field::Unknown } else { Field::Known(BTreeMap::new()) }
}
