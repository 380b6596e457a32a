//! `join` and `peer`: what a mesh hands to clusters that join it and to other meshes. No secret is in them.

mod model;
mod schema;

use std::collections::BTreeMap;

use tfplugin::Field;

use crate::trust::Certificate;

pub use model::{JoinClusterModel, JoinModel, PeerGatewayModel, PeerModel};
pub use schema::{join, peer};

/// The format of both documents.
pub const FORMAT: i64 = 1;

/// Another mesh sees of this one its roots and its doors. The gateway of a cluster that is `drained` is none.
pub fn with_peer(join: JoinModel, is_drained: impl Fn(&str) -> bool) -> (Field<JoinModel>, Field<PeerModel>) {
    let clusters = join.clusters.as_known().into_iter().flatten();
    let is_door =
        |label: &str, cluster: &JoinClusterModel| !cluster.gateway_port.is_null() && !is_drained(label);
    let gateways = clusters.filter(|(label, cluster)| is_door(label, cluster)).map(|(label, cluster)| {
        let gateway = PeerGatewayModel {
            network: cluster.network.clone(),
            addresses: cluster.gateway_addresses.clone(),
            port: cluster.gateway_port,
        };
        (label.clone(), gateway)
    });
    let peer = PeerModel {
        format: Field::Known(FORMAT),
        mesh_id: join.mesh_id.clone(),
        trust_domain: join.trust_domain.clone(),
        root_certificates: join.root_certificates.clone(),
        gateways: Field::Known(gateways.collect()),
    };
    (Field::Known(join), Field::Known(peer))
}

/// All roots as one text, each once, in an order of their own; `None` if there are none.
pub fn bundle<'a>(roots: impl Iterator<Item = &'a String>) -> Option<String> {
    let certificates =
        roots.flat_map(|text| Certificate::parse_all("root-cert.pem", text.as_bytes()).unwrap_or_default());
    let by_fingerprint: BTreeMap<String, String> =
        certificates.map(|certificate| (certificate.fingerprint(), certificate.pem())).collect();
    (!by_fingerprint.is_empty()).then(|| by_fingerprint.into_values().collect())
}
