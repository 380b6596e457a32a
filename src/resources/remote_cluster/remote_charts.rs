//! The valid cluster together with its charts: what it and every primary can be rendered from.

use std::collections::BTreeMap;
use std::sync::Arc;

use tfplugin::{AttributePath, Diagnostic};

use crate::desired::{Kept, ManifestSet};
use crate::diagnostics;
use crate::lifecycle::{FetchedCharts, Recorded, Render, secrets_decide_nothing};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedRemote};
use crate::provider_data::ProviderData;
use crate::render::{self, Renderer};

/// A cluster and its charts.
pub struct RemoteCharts {
    /// The cluster.
    pub remote: ValidatedRemote,
    charts: FetchedCharts,
    renderer: Arc<Renderer>,
}

impl RemoteCharts {
    /// Fetches the charts. One whose digest is recorded for this source must still be the same.
    ///
    /// # Errors
    /// A chart cannot be fetched, or has changed.
    pub async fn fetch(
        remote: ValidatedRemote,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<Self, Diagnostic> {
        let repository = remote.chart_source().repository.clone();
        let members = [remote.member()].into_iter();
        let charts = FetchedCharts::fetch(&repository, members, recorded, data).await?;
        let renderer = data.renderers.of(charts.digests());
        Ok(Self { remote, charts, renderer })
    }

    /// Digest of each chart.
    pub fn digests(&self) -> BTreeMap<String, String> {
        self.charts.digests()
    }

    /// What this cluster shall hold in another reading of the configuration, with the same charts.
    pub fn render_as(
        &self,
        remote: &ValidatedRemote,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        let Self { charts, renderer, .. } = self;
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

impl Render for RemoteCharts {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.render_as(&self.remote, cluster, facts, kept)
    }
}
