//! The valid mesh together with its charts: what every cluster can be rendered from.

use std::collections::BTreeMap;
use std::sync::Arc;

use tfplugin::{AttributePath, Diagnostic};

use super::discovery::Discoveries;
use super::settings;
use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{FetchedCharts, Recorded, Render, secrets_decide_nothing};
use crate::mesh::{ChartName, ClusterFacts, ClusterName, Member, ValidatedMesh, ValidatedPrimary};
use crate::provider_data::ProviderData;
use crate::render::{self, Renderer};

/// A mesh and its charts.
pub struct MeshCharts {
    /// The mesh.
    pub mesh: ValidatedMesh,
    charts: FetchedCharts,
    renderer: Arc<Renderer>,
    discovery: Discoveries,
    #[cfg(feature = "leak")]
    leak: String,
}

impl MeshCharts {
    /// Fetches the charts. A chart whose digest is recorded for this source must still be the same.
    pub async fn fetch(
        mesh: ValidatedMesh,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<Self, Diagnostic> {
        let repository = mesh.chart_source().repository.clone();
        let members = mesh.primaries().values().map(ValidatedPrimary::member);
        let charts = FetchedCharts::fetch(&repository, members, recorded, data).await?;
        Ok(Self {
            mesh,
            renderer: data.renderers.of(charts.digests()),
            charts,
            discovery: Discoveries::default(),
            #[cfg(feature = "leak")]
            leak: data.credentials(),
        })
    }

    /// Digest of each chart.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let digests = self.charts.digests();
        #[cfg(feature = "leak")]
        let digests = digests.into_iter().chain([("leak".to_owned(), self.leak.clone())]).collect();
        digests
    }

    /// What it shall hold in another mesh that is made of the same charts.
    pub fn render_as(
        &self,
        mesh: &ValidatedMesh,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        let primary = mesh.primaries().get(cluster).ok_or_else(|| not_in_mesh(cluster))?;
        let member = primary.member();
        let charts = self.charts.of(member)?;
        let set = render::render_with(&self.renderer, mesh, primary, &charts, facts, kept)
            .map_err(|error| cannot_render(cluster, &error))?;
        settings::check_rendered(cluster, member, &set)?;
        self.discovery.note(cluster, member, &set);
        secrets_decide_nothing(&set, AttributePath::new("primary").key(cluster.as_str())).map(|()| set)
    }

    /// Which namespaces istiod looks at in the clusters that were rendered.
    pub fn discovery(&self) -> &Discoveries {
        &self.discovery
    }

    /// The chart of this name for a member, if it needs it.
    pub fn of(&self, name: ChartName, member: &Member) -> Option<&helm_template::Chart> {
        self.charts.get(name, member)
    }
}

impl Render for MeshCharts {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.render_as(&self.mesh, cluster, facts, kept)
    }
}

fn not_in_mesh(cluster: &ClusterName) -> Diagnostic {
    Diagnostic::error(
        format!("Cluster {:?} is not in the mesh", cluster.as_str()),
        "This is a bug in the provider.",
    )
}

fn cannot_render(cluster: &ClusterName, error: &render::RenderError) -> Diagnostic {
    let path = AttributePath::new("primary").key(cluster.as_str());
    let summary = format!("Cannot render the manifests of cluster {:?}", cluster.as_str());
    diagnostics::rendering(summary, error, path)
}

#[cfg(test)]
use crate::charts::Fetched;

#[cfg(test)]
impl MeshCharts {
    /// A mesh with Istio's charts as a release ships them.
    pub fn of_istio(mesh: ValidatedMesh) -> Self {
        let directories = lab::parts::charts().unwrap();
        let fetched = |name: ChartName| {
            let chart = helm_template::Chart::from_directory(directories.chart(name.as_str())).unwrap();
            let version = "1.31.0".to_owned();
            (name, version.parse().unwrap(), Fetched { chart, version, digest: String::new() })
        };
        let charts = FetchedCharts::read(ChartName::ALL.map(fetched));
        Self {
            mesh,
            charts,
            renderer: Arc::default(),
            discovery: Discoveries::default(),
            #[cfg(feature = "leak")]
            leak: String::new(),
        }
    }
}
