//! From a validated mesh, charts and facts to the objects of a cluster. Pure: the same input gives the same bytes.
//!
//! The official charts are the only source of objects, but for namespaces, which no chart makes. Release names and
//! namespace are those of the official installation guides, `istio-base` and `istiod`; the label
//! `app.kubernetes.io/managed-by` says who really manages the objects, where Helm would say `Helm`. All other labels
//! stay as Helm writes them, so that selectors and other tools find what they expect.
//!
//! Charts are always rendered as for a first installation: what is planned must not depend on what is installed. The
//! one difference that makes in Istio's charts is a field that istiod takes over, see [`ownership`](crate::desired::ownership).

mod authority;
mod chart_objects;
mod error;
mod federation;
mod gateway;
mod link;
mod of_chart;
mod pull_secret;
mod reader;
mod remote;
mod remote_control_plane;
mod renderer;
mod sensitive;
mod shared_mesh_config;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use helm_template::Chart;
use serde_json::{Value, json};

pub use error::RenderError;
pub use federation::{BoundRoots, render_federation};
pub use remote::{render_beside, render_remote};
pub use renderer::{Renderer, Renderers};
pub use sensitive::values_with_stand_ins;

use of_chart::OfChart;

use crate::desired::{Component, Kept, ManifestSet, Placeholders};
use crate::mesh::{
    ChartName, ClusterFacts, EastWestGateway, GatewayRole, Member, MeshIdentity, ValidatedMesh,
    ValidatedPrimary,
};

/// The charts of one release: those that the cluster needs.
pub type Charts<'a> = BTreeMap<ChartName, &'a Chart>;

/// Everything that a primary cluster of the mesh shall have.
///
/// # Errors
/// A chart does not render with its values, or renders what cannot be applied.
pub fn render(
    mesh: &ValidatedMesh,
    primary: &ValidatedPrimary,
    charts: &Charts<'_>,
    facts: &ClusterFacts,
) -> Result<ManifestSet, RenderError> {
    render_with(&Renderer::default(), mesh, primary, charts, facts, &Kept::default())
}

/// The same for one of many clusters; `kept` is what stays of its write-only documents.
///
/// # Errors
/// As for one.
pub fn render_with(
    renderer: &Renderer,
    mesh: &ValidatedMesh,
    primary: &ValidatedPrimary,
    charts: &Charts<'_>,
    facts: &ClusterFacts,
    kept: &Kept,
) -> Result<ManifestSet, RenderError> {
    let (identity, member) = (mesh.identity(), primary.member());
    let cluster = member.name();
    let mut set = ManifestSet::new(cluster.clone());
    set.push(Component::Namespace, namespace(identity, member), Placeholders::new())?;
    for namespace in gateway::own_namespaces(identity, member) {
        let namespace = with_metadata(gateway::namespace(namespace), identity);
        set.push(Component::Namespace, namespace, Placeholders::new())?;
    }
    for (component, secret, placeholders) in authority::secrets(identity, mesh.authority(), cluster) {
        set.push(component, secret, placeholders)?;
    }
    for (secret, placeholders) in pull_secret::secrets(identity, member) {
        set.push(Component::PullSecret, secret, placeholders)?;
    }
    let derived = primary.derived_values(identity);
    for release in member.releases() {
        let Some(&chart) = charts.get(&release.chart()) else { continue };
        let of_chart = OfChart { renderer, identity, member, release, chart, derived: &derived, facts, kept };
        of_chart.push_into(&mut set)?;
    }
    for object in shared_mesh_config::objects(identity, &set) {
        set.push(Component::SharedMeshConfig, object, Placeholders::new())?;
    }
    // A drained cluster keeps its own, so that nobody who has yet to let go of it is locked out, and draining can be taken back.
    if mesh.primaries().len() > 1 {
        for object in reader::objects(identity, member, reader::Rights::Read) {
            set.push(Component::Reader, object, Placeholders::new())?;
        }
    }
    let east_west = member.gateway(GatewayRole::EastWest);
    if let Some(gateway) = east_west.filter(|_| identity.has_open_gateways()) {
        set.push(Component::Exposure, gateway::exposure(identity, gateway), Placeholders::new())?;
    }
    for object in remote_control_plane::objects(identity, member, primary.remote_control_plane()) {
        set.push(Component::Exposure, object, Placeholders::new())?;
    }
    let read = mesh.read_by(cluster).map(|read| {
        let comment = mesh.primaries().get(read).and_then(|read| read.member().reader_token_comment());
        (read, comment.unwrap_or_default())
    });
    for (secret, placeholders) in link::secrets(identity, read) {
        set.push(Component::Link, secret, placeholders)?;
    }
    Ok(set)
}

/// Istio's namespace. Where calls of other networks come in, its label is the network of everything in the cluster that does not name another,
/// which is how istiod knows a cluster's network before any workload runs there; elsewhere, Istio's guide has no label.
fn namespace(identity: &MeshIdentity, member: &Member) -> Value {
    let mut namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": identity.namespace()},
    });
    if identity.has_open_gateways() {
        namespace["metadata"]["labels"] = json!({EastWestGateway::NETWORK_LABEL: member.network()});
    }
    with_metadata(namespace, identity)
}

/// A namespace with the labels and annotations that the user wants in all of the mesh's.
fn with_metadata(mut namespace: Value, identity: &MeshIdentity) -> Value {
    let wanted = [("labels", identity.namespace_labels()), ("annotations", identity.namespace_annotations())];
    for (name, entries) in wanted {
        for (key, value) in entries {
            namespace["metadata"][name][key] = Value::from(value.as_str());
        }
    }
    namespace
}
