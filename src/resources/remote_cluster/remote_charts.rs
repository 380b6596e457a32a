//! The valid cluster together with its charts: what it and every primary can be rendered from.

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic, Diagnostics};

use super::declare::told;
use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{FetchedCharts, Recorded, Render, secrets_decide_nothing};
use crate::mesh::{ClusterFacts, ClusterName, RemoteCluster, ValidatedRemote};
use crate::provider_data::ProviderData;
use crate::render::{self, Renderer};

/// A cluster and its charts.
pub struct RemoteCharts {
    /// The cluster.
    pub remote: ValidatedRemote,
    charts: FetchedCharts,
    renderer: Renderer,
}

impl RemoteCharts {
    /// Checks the cluster and fetches its charts. A chart whose digest is recorded for this source must still be the same.
    ///
    /// # Errors
    /// Every rule that is broken, or a chart that cannot be fetched.
    pub async fn fetch(
        remote: &RemoteCluster,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<Self, Diagnostics> {
        let remote = remote.validate().map_err(|violations| told(&remote.name, &violations))?;
        let repository = remote.chart_source().repository.clone();
        let members = [remote.member()].into_iter();
        let charts = FetchedCharts::fetch(&repository, members, recorded, data).await?;
        Ok(Self { remote, charts, renderer: Renderer::default() })
    }

    /// Digest of each chart.
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.charts.digests()
    }
}

impl Render for RemoteCharts {
    fn render(&self, cluster: &ClusterName, facts: &ClusterFacts) -> Result<ManifestSet, Diagnostic> {
        self.render_keeping(cluster, facts, &Kept::default())
    }

    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        let Self { remote, charts, renderer } = self;
        let rendered = if cluster == remote.member().name() {
            render::render_remote(renderer, remote, &charts.of(remote.member())?, facts, kept)
        } else {
            render::render_beside(remote, cluster)
        };
        let path = || AttributePath::new("cluster");
        let set = rendered.map_err(|error| {
            let summary = format!("Cannot render the manifests of cluster {:?}", cluster.as_str());
            diagnostics::rendering(summary, &error, path())
        })?;
        secrets_decide_nothing(&set, path()).map(|()| set)
    }
}
