//! The values of a chart: what the mesh needs < what its user wants < what the mesh is.

use helm_template::Values;
use serde_json::{Map, Value, json};

use super::gateway;
use crate::mesh::{
    ChartName, ChartRelease, DerivedValue, EastWestGateway, Layer, Member, MemberGateway, MeshIdentity,
};

/// The values of one installation of a chart in one cluster, each layer over the one before, as with Helm's `-f a -f b`:
///
/// 1. settings of ours that a user may turn off, and what the block of a gateway says,
/// 2. values for all clusters, and `mesh_config` as `meshConfig` of istiod,
/// 3. values for this cluster,
/// 4. the names that make the cluster a part of its mesh.
///
/// Documents with secrets are laid over the document of their layer. A null in a layer stays: it removes the chart's own default. A
/// large integer stays an integer, unlike in a file for Helm, whose templates print it as a power of ten.
pub(super) fn compose(
    identity: &MeshIdentity,
    member: &Member,
    release: ChartRelease,
    derived: &[DerivedValue],
    sensitive: &[(Layer, Value)],
) -> Values {
    // A null says what a user may not set, not what is set.
    let is_set = |derived: &&DerivedValue| derived.release == release && !derived.value.is_null();
    let derived = derived.iter().filter(is_set);
    let chart = release.chart();
    let settings = gateway(member, release).map(|gateway| &gateway.settings);
    let ours = [defaults(chart), block(release, settings)];
    let users = shown(identity, member, release).into_iter().flat_map(|(layer, document)| {
        let over = sensitive.iter().filter(move |(over, _)| *over == layer);
        [document].into_iter().chain(over.map(|(_, document)| document.clone()))
    });
    let layers = ours.into_iter().chain(users);
    let layers = layers.chain(derived.map(|derived| nested(&derived.path, derived.value.clone())));
    layers.fold(Values::new(), |values, layer| values.merge(Values::from_map_with_integers(document(layer))))
}

/// The user's documents that are shown, in the order in which they are merged.
pub(super) fn shown(identity: &MeshIdentity, member: &Member, release: ChartRelease) -> Vec<(Layer, Value)> {
    let chart = release.chart();
    let mut documents = vec![
        (Layer::Mesh, identity.chart_values(chart).clone()),
        (Layer::MeshConfig, mesh_config(identity, chart)),
        (Layer::Member, member.chart_values(chart).clone()),
    ];
    if let ChartRelease::Gateway(role) = release {
        let gateway = gateway(member, release).map(|gateway| gateway.settings.values.clone());
        documents.push((Layer::Gateway(role), gateway.unwrap_or_default()));
    }
    documents
}

/// The gateway that a release installs.
pub(super) fn gateway(member: &Member, release: ChartRelease) -> Option<&MemberGateway> {
    match release {
        ChartRelease::Gateway(role) => member.gateway(role),
        ChartRelease::Base | ChartRelease::Istiod | ChartRelease::Cni => None,
    }
}

fn block(release: ChartRelease, settings: Option<&EastWestGateway>) -> Value {
    match (release, settings) {
        (ChartRelease::Gateway(role), Some(settings)) => gateway::values(role, settings),
        _ => Value::Null,
    }
}

/// The settings of proxies take effect only in those that start after they are made. With all three from the beginning, a root can
/// be rotated, another mesh can be trusted and its services can be called by name later without a restart of every workload.
fn defaults(chart: ChartName) -> Value {
    match chart {
        ChartName::Base | ChartName::Cni | ChartName::Gateway => Value::Null,
        ChartName::Istiod => json!({
            // The top level, because the chart merges `pilot` over it: users may write either.
            "env": {"ISTIO_MULTIROOT_MESH": "true"},
            "meshConfig": {"defaultConfig": {"proxyMetadata": {
                "ISTIO_META_DNS_CAPTURE": "true",
                "PROXY_CONFIG_XDS_AGENT": "true",
            }}},
        }),
    }
}

fn mesh_config(identity: &MeshIdentity, chart: ChartName) -> Value {
    match identity.mesh_config() {
        config @ Value::Object(_) if chart == ChartName::Istiod => json!({"meshConfig": config}),
        _ => Value::Null,
    }
}

/// `value` at the end of a path of mappings.
fn nested(path: &[&str], value: Value) -> Value {
    path.iter().rev().fold(value, |value, key| json!({*key: value}))
}

/// The members of a document; an empty one, which is null, has none.
fn document(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}
