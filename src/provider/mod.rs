//! The provider block, and what the provider offers.

mod model;
mod schema;

use std::collections::BTreeMap;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Outcome, Provider, Registry, Schema, Setup};

use crate::charts::{self, Charts, user_cache_directory};
use crate::clusters::{Clusters, Environment, Limits};
use crate::data_sources::mesh::MeshDataSource;
use crate::data_sources::topology::TopologyDataSource;
use crate::diagnostics;
use crate::functions::peer_document_decode::PeerDocumentDecode;
use crate::functions::peer_document_encode::PeerDocumentEncode;
use crate::lifecycle::ManagedResource;
use crate::provider_data::ProviderData;
use crate::resources::mesh::MeshResource;
use crate::resources::mesh_federation::FederationResource;
use crate::resources::remote_cluster::RemoteClusterResource;
use crate::rollout::Engines;

pub use model::{ChartRegistryModel, ClusterModel, ExecModel, ProviderModel};

/// The provider.
#[derive(Clone, Copy, Debug, Default)]
pub struct IstioProvider;

impl Provider for IstioProvider {
    type Model = ProviderModel;
    type Data = ProviderData;

    const ADDRESS: &'static str = "registry.terraform.io/terraform-provider-istio/istio";
    const LOG_TARGETS: &'static [&'static str] = &["istio_provider", "ssa", "helm_template", "tfplugin"];

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn register(&self, registry: &mut Registry<Self>) {
        registry
            .identified(ManagedResource(MeshResource))
            .identified(ManagedResource(RemoteClusterResource))
            .identified(ManagedResource(FederationResource))
            .data_source(MeshDataSource)
            .data_source(TopologyDataSource)
            .function(PeerDocumentDecode)
            .function(PeerDocumentEncode);
    }

    async fn configure(&self, config: ProviderModel, _setup: &Setup) -> Outcome<ProviderData> {
        match configure(&config) {
            Ok(data) => {
                let violations = data.clusters.violations();
                let unnamed = data.clusters.from_environment().into_iter();
                let unnamed =
                    unnamed.map(|(cluster, variable)| diagnostics::from_environment(cluster, variable));
                let warnings =
                    violations.iter().map(diagnostics::setting).chain(unnamed).collect::<Diagnostics>();
                Outcome::new(data).with(warnings)
            }
            Err(errors) => Outcome::failed(errors),
        }
    }
}

fn configure(config: &ProviderModel) -> Result<ProviderData, Diagnostics> {
    let clusters = clusters(&config.cluster, Environment::read());
    let cache = user_cache_directory(|name| std::env::var(name).ok());
    let registries = config.chart_registry.as_known().into_iter().flatten();
    let registries = registries.map(|(host, model)| (host.clone(), model.registry())).collect();
    let chart_caches = cache.iter().map(|cache| cache.join("charts")).chain([std::env::temp_dir()]);
    let charts = Charts::new(chart_caches, registries).map_err(|error| cannot_fetch_charts(&error))?;
    // Not in a directory for everybody: unlike a chart, what an API server says of itself has no digest that it is known by.
    let engines = cache.map(|cache| Engines::in_folder(&cache.join("api-servers"))).unwrap_or_default();
    let data = ProviderData::new(clusters, charts, engines, config.plan_detail());
    #[cfg(feature = "leak")]
    tracing::info!(credentials = data.credentials(), "configured");
    Ok(data)
}

/// The clusters of these blocks. What is wrong with one of them is an error of whoever uses that cluster.
fn clusters(blocks: &Field<BTreeMap<String, ClusterModel>>, environment: Environment) -> Clusters {
    if blocks.is_unknown() {
        return Clusters::not_yet_known();
    }
    let blocks = blocks.as_known().into_iter().flatten();
    let blocks = blocks.map(|(label, model)| (label.clone(), model.block())).collect();
    Clusters::new(blocks, environment, Limits::default())
}

fn cannot_fetch_charts(error: &charts::Error) -> Diagnostic {
    let path = error.registry().map(|label| AttributePath::new("chart_registry").key(label));
    diagnostics::failure("Cannot fetch charts", error, &error.way_out(), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(host: &str) -> ClusterModel {
        ClusterModel { host: host.into(), ..ClusterModel::default() }
    }

    #[tokio::test]
    async fn one_wrong_block_is_a_warning_with_its_path() {
        let blocks =
            BTreeMap::from([("east".to_owned(), block("")), ("west".to_owned(), block("west.example"))]);
        let clusters = clusters(&Field::Known(blocks), Environment::default());
        clusters.get("west").await.unwrap();
        let warnings: Vec<_> = clusters.violations().iter().map(diagnostics::setting).collect();
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].severity, tfplugin::Severity::Warning);
        assert_eq!(warnings[0].path.as_ref().unwrap().to_string(), "cluster[\"east\"].host");
    }

    #[tokio::test]
    async fn blocks_that_are_not_known_yet_are_clusters_that_are_not_known_yet() {
        let error = clusters(&Field::Unknown, Environment::default()).get("east").await.unwrap_err();
        assert!(matches!(error, crate::clusters::Error::NotYetKnown { .. }), "{error}");
        let error = clusters(&Field::Null, Environment::default()).get("east").await.unwrap_err();
        assert!(matches!(error, crate::clusters::Error::NoBlock { .. }), "{error}");
    }
}
