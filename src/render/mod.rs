//! From a validated mesh, charts and facts to the objects of a cluster. Pure: the same input gives the same bytes.
//!
//! The official charts are the only source of objects, but for the namespace, which no chart makes. Release names and
//! namespace are those of the official installation guides, `istio-base` and `istiod`; the label
//! `app.kubernetes.io/managed-by` says who really manages the objects, where Helm would say `Helm`. All other labels
//! stay as Helm writes them, so that selectors and other tools find what they expect.
//!
//! Charts are always rendered as for a first installation: what is planned must not depend on what is installed. The
//! one difference that makes in Istio's charts is a field that istiod takes over, see [`ownership`].

mod chart_objects;
mod error;
mod manifest_set;
mod object;
pub mod ownership;
mod scope;
mod unique;
mod values;

#[cfg(test)]
mod tests;

use helm_template::Chart;
use serde_json::{Value, json};

pub use error::RenderError;
pub use manifest_set::{Component, Manifest, ManifestSet, Stage};

use crate::mesh::{ChartName, ClusterFacts, ClusterName, ValidatedMesh, ValidatedPrimary};

/// The charts of one release.
#[derive(Clone, Copy)]
pub struct Charts<'a> {
    /// The chart `base`.
    pub base: &'a Chart,
    /// The chart `istiod`.
    pub istiod: &'a Chart,
}

impl<'a> Charts<'a> {
    fn get(self, name: ChartName) -> &'a Chart {
        match name {
            ChartName::Base => self.base,
            ChartName::Istiod => self.istiod,
        }
    }
}

/// Everything that a primary cluster of the mesh shall have.
///
/// # Errors
/// A chart does not render with its values, or renders what cannot be applied.
pub fn render(
    mesh: &ValidatedMesh,
    cluster: &ClusterName,
    primary: &ValidatedPrimary,
    charts: Charts<'_>,
    facts: &ClusterFacts,
) -> Result<ManifestSet, RenderError> {
    let mut set = ManifestSet::new(cluster.clone());
    set.push(Component::Namespace, namespace(mesh, primary))?;
    for chart in ChartName::ALL {
        let installation = chart_objects::Installation {
            cluster,
            name: chart,
            chart: charts.get(chart),
            values: values::compose(mesh, cluster, primary, chart),
            namespace: mesh.namespace(),
            facts,
        };
        for object in installation.objects()? {
            set.push(Component::Chart(chart), object)?;
        }
    }
    Ok(set)
}

/// Istio's namespace. Its label is the network of everything in the cluster that does not name another, which is how
/// istiod knows a cluster's network before any workload runs there.
fn namespace(mesh: &ValidatedMesh, primary: &ValidatedPrimary) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": mesh.namespace(),
            "labels": {"topology.istio.io/network": primary.network()},
        },
    })
}
