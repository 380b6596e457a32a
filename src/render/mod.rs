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
mod gateway;
mod link;
mod pull_secret;
mod reader;
mod remote_control_plane;
mod renderer;
mod shared_mesh_config;
mod values;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use helm_template::Chart;
use serde_json::{Value, json};

pub use error::RenderError;
pub use renderer::Renderer;

use crate::desired::{Component, ManifestSet, Placeholders, scope};
use crate::mesh::{
    ChartName, ClusterFacts, ClusterName, EastWestGateway, GatewayRole, ValidatedMesh, ValidatedPrimary,
};

/// The charts of one release: those that the cluster needs.
pub type Charts<'a> = BTreeMap<ChartName, &'a Chart>;

/// Everything that a primary cluster of the mesh shall have.
///
/// # Errors
/// A chart does not render with its values, or renders what cannot be applied.
pub fn render(
    mesh: &ValidatedMesh,
    cluster: &ClusterName,
    primary: &ValidatedPrimary,
    charts: &Charts<'_>,
    facts: &ClusterFacts,
) -> Result<ManifestSet, RenderError> {
    render_with(&Renderer::default(), mesh, cluster, primary, charts, facts)
}

/// The same for one of many clusters.
///
/// # Errors
/// As for one.
pub fn render_with(
    renderer: &Renderer,
    mesh: &ValidatedMesh,
    cluster: &ClusterName,
    primary: &ValidatedPrimary,
    charts: &Charts<'_>,
    facts: &ClusterFacts,
) -> Result<ManifestSet, RenderError> {
    let mut set = ManifestSet::new(cluster.clone());
    set.push(Component::Namespace, namespace(mesh, primary), Placeholders::new())?;
    for namespace in gateway::own_namespaces(mesh, primary) {
        set.push(Component::Namespace, gateway::namespace(namespace), Placeholders::new())?;
    }
    for (component, secret, placeholders) in authority::secrets(mesh, cluster) {
        set.push(component, secret, placeholders)?;
    }
    for (secret, placeholders) in pull_secret::secrets(mesh, primary) {
        set.push(Component::PullSecret, secret, placeholders)?;
    }
    for release in primary.releases() {
        let Some(&chart) = charts.get(&release.chart()) else { continue };
        let gateway = values::gateway(primary, release);
        let installation = chart_objects::Installation {
            cluster,
            release,
            chart,
            values: values::compose(mesh, cluster, primary, release),
            namespace: gateway.map_or(mesh.namespace(), |gateway| &gateway.namespace),
            facts,
        };
        let is_ours = |object: &Arc<Value>| primary.manages_crds() || !scope::is_definition(object);
        for mut object in renderer.objects(&installation)?.into_iter().filter(is_ours) {
            if let Some(gateway) = gateway {
                gateway::choose_node_port(Arc::make_mut(&mut object), &gateway.settings);
            }
            set.push(Component::Chart(release.chart()), object, Placeholders::new())?;
        }
    }
    for object in shared_mesh_config::objects(mesh, &set) {
        set.push(Component::SharedMeshConfig, object, Placeholders::new())?;
    }
    for object in reader::objects(mesh, cluster) {
        set.push(Component::Reader, object, Placeholders::new())?;
    }
    let east_west = primary.gateway(GatewayRole::EastWest);
    if let Some(gateway) = east_west.filter(|_| mesh.has_several_networks()) {
        set.push(Component::Exposure, gateway::exposure(gateway), Placeholders::new())?;
    }
    for object in remote_control_plane::objects(mesh, primary) {
        set.push(Component::Exposure, object, Placeholders::new())?;
    }
    for (secret, placeholders) in link::secrets(mesh, cluster) {
        set.push(Component::Link, secret, placeholders)?;
    }
    Ok(set)
}

/// Istio's namespace. With several networks, its label is the network of everything in the cluster that does not name another,
/// which is how istiod knows a cluster's network before any workload runs there; with one, Istio's guide has no label.
fn namespace(mesh: &ValidatedMesh, primary: &ValidatedPrimary) -> Value {
    let mut namespace = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": mesh.namespace()},
    });
    if mesh.has_several_networks() {
        namespace["metadata"]["labels"] = json!({EastWestGateway::NETWORK_LABEL: primary.network()});
    }
    namespace
}
