//! `join` and `peer`: what a remote cluster and another mesh need to know, made from the configuration and what was observed.

use std::collections::BTreeMap;

use tfplugin::Field;

use super::model::{MeshModel, PrimaryModel, StatusModel};
use crate::documents::{FORMAT, JoinClusterModel, JoinModel, PeerModel, bundle, with_peer};
use crate::mesh::{DEFAULT_TRUST_DOMAIN, EAST_WEST_GATEWAY, EastWestGateway};
use crate::render::authority::INTERMEDIATE_SECRET;

/// Both documents as far as a plan knows them: addresses and roots stay as they are where nothing that they depend on changes.
pub fn planned(planned: &MeshModel, prior: Option<&MeshModel>) -> (Field<JoinModel>, Field<PeerModel>) {
    let before = prior.and_then(|prior| prior.join.as_known());
    let roots = before.filter(|_| keeps_its_roots(planned, prior)).map(|join| join.root_certificates.clone());
    // An apply that failed before a control plane ran has seen no roots; the next one will.
    let roots = roots.filter(|roots| !roots.is_null()).unwrap_or(Field::Unknown);
    let join = join(planned, roots, |label, primary| {
        let Field::Known(gateway) = &primary.east_west_gateway else { return none() };
        let was = prior.and_then(|prior| prior.primary.as_known()?.get(label)?.east_west_gateway.as_known());
        let keeps = was.is_some_and(|was| was.addresses == gateway.addresses)
            && is_unchanged(planned, prior, &service_id(planned, label));
        let before = before.and_then(|join| join.clusters.as_known()?.get(label));
        let kept = before.filter(|_| keeps).map(|cluster| cluster.gateway_addresses.clone());
        kept.unwrap_or(Field::Unknown)
    });
    with_peer(join, |label| planned.is_drained(label))
}

/// Both documents as the mesh was just observed. What was not seen stays as `state` has it.
pub fn observed(
    state: &MeshModel,
    status: &StatusModel,
    roots: &BTreeMap<String, String>,
) -> (Field<JoinModel>, Field<PeerModel>) {
    let before = state.join.as_known();
    let bundle = bundle(roots.values()).or_else(|| before?.root_certificates.as_known().cloned());
    let join = join(state, bundle.map_or(Field::Null, Field::Known), |label, _| {
        let seen = status.clusters.as_known().and_then(|clusters| clusters.get(label));
        seen.map_or_else(none, |cluster| cluster.gateway_addresses.clone())
    });
    with_peer(join, |label| state.is_drained(label))
}

/// What an apply returns: the plan's word where it has given one.
pub fn applied(
    planned: &MeshModel,
    observed: (Field<JoinModel>, Field<PeerModel>),
) -> (Field<JoinModel>, Field<PeerModel>) {
    let (Some(promised), Field::Known(mut join)) = (planned.join.as_known(), observed.0.clone()) else {
        return observed;
    };
    if !promised.root_certificates.is_unknown() {
        join.root_certificates = promised.root_certificates.clone();
    }
    if let (Some(promised), Field::Known(clusters)) = (promised.clusters.as_known(), &mut join.clusters) {
        for (label, cluster) in clusters {
            let promised = promised.get(label).map(|cluster| &cluster.gateway_addresses);
            if let Some(promised) = promised.filter(|promised| !promised.is_unknown()) {
                cluster.gateway_addresses = promised.clone();
            }
        }
    }
    with_peer(join, |label| planned.is_drained(label))
}

fn join(
    mesh: &MeshModel,
    root_certificates: Field<String>,
    addresses: impl Fn(&str, &PrimaryModel) -> Field<Vec<Field<String>>>,
) -> JoinModel {
    let source = mesh.chart_source.as_known();
    let clusters = mesh.primary.as_known().into_iter().flatten().map(|(label, primary)| {
        let cluster = JoinClusterModel {
            network: primary.network.clone(),
            serves_remote_clusters: or(&primary.serve_remote_clusters, false),
            gateway_addresses: addresses(label, primary),
            gateway_port: primary.east_west_gateway.as_known().map_or(Field::Null, port),
        };
        (label.clone(), cluster)
    });
    JoinModel {
        format: Field::Known(FORMAT),
        mesh_id: mesh.mesh_id.clone(),
        trust_domain: or(&mesh.trust_domain, DEFAULT_TRUST_DOMAIN.to_owned()),
        namespace: mesh.namespace.clone(),
        version: mesh.version.clone(),
        chart_repository: source.map_or(Field::Unknown, |source| source.repository.clone()),
        hub: mesh.hub.clone(),
        image_variant: mesh.image_variant.clone(),
        platform: mesh.platform.clone(),
        root_certificates,
        clusters: Field::Known(clusters.collect()),
    }
}

/// The port at which other networks find a gateway.
fn port(gateway: &super::model::GatewayModel) -> Field<i64> {
    let has_addresses = gateway.addresses.as_known().is_some_and(|addresses| !addresses.is_empty());
    let service_port = or(&gateway.port, EastWestGateway::DEFAULT_PORT);
    if gateway.addresses.is_unknown() {
        return Field::Unknown;
    }
    if !has_addresses {
        return service_port;
    }
    if gateway.service_type.is_unknown() && gateway.address_port.is_null() {
        return Field::Unknown;
    }
    let is_at_nodes = gateway.service_type.as_str() == Some("NodePort");
    let node_port = if is_at_nodes { gateway.node_port } else { Field::Null };
    let ports = [gateway.address_port, node_port];
    ports.into_iter().find(|port| !port.is_null()).unwrap_or(service_port)
}

fn none() -> Field<Vec<Field<String>>> {
    Field::Known(Vec::new())
}

fn or<T: Clone>(field: &Field<T>, default: T) -> Field<T> {
    if field.is_null() { Field::Known(default) } else { field.clone() }
}

fn service_id(mesh: &MeshModel, label: &str) -> String {
    format!("{label}//Service/{}/{EAST_WEST_GATEWAY}", mesh.gateway_namespace(label))
}

/// Whether the plan leaves an object as it is.
fn is_unchanged(planned: &MeshModel, prior: Option<&MeshModel>, id: &str) -> bool {
    let of = |model: &MeshModel| model.manifests.as_known()?.get(id).cloned();
    let before = prior.and_then(of);
    before.is_some() && before == of(planned)
}

/// Whether no cluster gets another root, nor one its first.
fn keeps_its_roots(planned: &MeshModel, prior: Option<&MeshModel>) -> bool {
    let Some(objects) = planned.manifests.as_known() else { return false };
    let suffix = format!("/{INTERMEDIATE_SECRET}");
    objects.keys().filter(|id| id.ends_with(&suffix)).all(|id| is_unchanged(planned, prior, id))
}
