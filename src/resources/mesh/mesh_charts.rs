//! The valid mesh together with its charts: what every cluster can be rendered from.

use std::collections::BTreeMap;

use futures::future::try_join_all;
use tfplugin::{AttributePath, Diagnostic};

use super::discovery::Discoveries;
use super::settings;
use crate::charts::{self, Fetched};
use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{Recorded, Render};
use crate::manifests::{self, FingerprintKey, ObjectId};
use crate::mesh::{ChartName, ChartVersion, ClusterFacts, ClusterName, Member, ValidatedMesh};
use crate::provider_data::ProviderData;
use crate::render::{self, Renderer};

/// A mesh and its charts.
pub struct MeshCharts {
    /// The mesh.
    pub mesh: ValidatedMesh,
    charts: BTreeMap<String, Fetched>,
    renderer: Renderer,
    discovery: Discoveries,
    #[cfg(feature = "leak")]
    leak: String,
}

/// The key of a chart in `chart_digests`.
pub fn chart_key(chart: ChartName, version: &str) -> String {
    format!("{chart}-{version}")
}

impl MeshCharts {
    /// Fetches the charts. A chart whose digest is recorded for this source must still be the same.
    pub async fn fetch(
        mesh: ValidatedMesh,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<Self, Diagnostic> {
        let repository = mesh.chart_source().repository.clone();
        let is_pinned = recorded.repository.as_deref() == Some(repository.as_str());
        let wanted = mesh.primaries().values().flat_map(|primary| {
            let (member, version) = (primary.member(), primary.member().version());
            member.charts().map(|chart| (chart_key(chart, version.as_str()), (chart, version.clone())))
        });
        let wanted: BTreeMap<_, _> = wanted.collect();
        let fetches = wanted.into_iter().map(|(key, (chart, version))| {
            let pin = recorded.chart_digests.get(&key).filter(|_| is_pinned);
            let repository = &repository;
            async move {
                let fetched =
                    data.charts.fetch(repository, chart.as_str(), &version, pin.map(String::as_str)).await;
                fetched.map(|fetched| (key, fetched)).map_err(|error| cannot_fetch(chart, &version, &error))
            }
        });
        let charts = try_join_all(fetches).await?.into_iter().collect();
        Ok(Self {
            mesh,
            charts,
            renderer: Renderer::default(),
            discovery: Discoveries::default(),
            #[cfg(feature = "leak")]
            leak: data.credentials(),
        })
    }

    /// Digest of each chart.
    pub fn digests(&self) -> BTreeMap<String, String> {
        let digests = self.charts.iter().map(|(key, fetched)| (key.clone(), fetched.digest.clone()));
        #[cfg(feature = "leak")]
        let digests = digests.chain([("leak".to_owned(), self.leak.clone())]);
        digests.collect()
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
        let charts = member.charts().map(|name| Ok((name, self.chart(name, member)?)));
        let charts = charts.collect::<Result<_, Diagnostic>>()?;
        let set = render::render_with(&self.renderer, mesh, primary, &charts, facts, kept)
            .map_err(|error| cannot_render(cluster, &error))?;
        settings::check_rendered(cluster, member, &set)?;
        self.discovery.note(cluster, member, &set);
        secrets_decide_nothing(&set).map(|()| set)
    }

    /// Which namespaces istiod looks at in the clusters that were rendered.
    pub fn discovery(&self) -> &Discoveries {
        &self.discovery
    }

    /// The chart of this name for a member, if it needs it.
    pub fn of(&self, name: ChartName, member: &Member) -> Option<&helm_template::Chart> {
        let fetched = self.charts.get(&chart_key(name, member.version().as_str()));
        fetched.map(|fetched| &fetched.chart)
    }

    fn chart(&self, name: ChartName, member: &Member) -> Result<&helm_template::Chart, Diagnostic> {
        let key = chart_key(name, member.version().as_str());
        let fetched = self.charts.get(&key).map(|fetched| &fetched.chart);
        fetched.ok_or_else(|| {
            Diagnostic::error(format!("Chart {key} was not fetched"), "This is a bug in the provider.")
        })
    }
}

impl Render for MeshCharts {
    fn render(&self, cluster: &ClusterName, facts: &ClusterFacts) -> Result<ManifestSet, Diagnostic> {
        self.render_keeping(cluster, facts, &Kept::default())
    }

    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.render_as(&self.mesh, cluster, facts, kept)
    }
}

/// Which fields an object has must not depend on a secret: a plan shows them.
fn secrets_decide_nothing(set: &ManifestSet) -> Result<(), Diagnostic> {
    // Only names of fields are compared.
    let key = FingerprintKey::new([0; 32]);
    for manifest in set.manifests() {
        let Some(fields) = manifests::decided_by_secrets(manifest, &key) else { continue };
        let id = ObjectId::of(set.cluster(), manifest.shown());
        let fields = if fields.is_empty() {
            "It has fields that it does not have with another value.".to_owned()
        } else {
            format!(
                "With another value it does not have:\n\n{}",
                diagnostics::lines(fields.iter().map(String::as_str))
            )
        };
        let summary =
            format!("Cluster {:?}: a secret decides which fields {} {} has", id.cluster, id.kind, id.name);
        let path = AttributePath::new("primary").key(set.cluster().as_str());
        return Err(
            Diagnostic::error(summary, format!("{fields}\n\n{}", diagnostics::SECRET_DECIDES)).at(path)
        );
    }
    Ok(())
}

fn not_in_mesh(cluster: &ClusterName) -> Diagnostic {
    Diagnostic::error(
        format!("Cluster {:?} is not in the mesh", cluster.as_str()),
        "This is a bug in the provider.",
    )
}

fn cannot_fetch(chart: ChartName, version: &ChartVersion, error: &charts::Error) -> Diagnostic {
    let path = AttributePath::new("chart_source").attribute("repository");
    let summary = format!("Cannot fetch chart {chart} {version}");
    diagnostics::failure(summary, error, &error.way_out(), Some(path))
}

fn cannot_render(cluster: &ClusterName, error: &render::RenderError) -> Diagnostic {
    let path = AttributePath::new("primary").key(cluster.as_str());
    let summary = format!("Cannot render the manifests of cluster {:?}", cluster.as_str());
    diagnostics::rendering(summary, error, path)
}

#[cfg(test)]
impl MeshCharts {
    /// A mesh with Istio's charts as a release ships them.
    pub fn of_istio(mesh: ValidatedMesh) -> Self {
        let directories = lab::parts::charts().unwrap();
        let fetched = |name: ChartName| {
            let chart = helm_template::Chart::from_directory(directories.chart(name.as_str())).unwrap();
            let version = "1.31.0".to_owned();
            (chart_key(name, &version), Fetched { chart, version, digest: String::new() })
        };
        let charts = ChartName::ALL.map(fetched).into();
        Self {
            mesh,
            charts,
            renderer: Renderer::default(),
            discovery: Discoveries::default(),
            #[cfg(feature = "leak")]
            leak: String::new(),
        }
    }
}
