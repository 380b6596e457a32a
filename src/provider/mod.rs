//! The provider block, and what the provider offers.

mod data;
mod model;
mod schema;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Outcome, Provider, Registry, Schema, Setup};

use crate::charts::{self, Charts, user_cache_directory};
use crate::clusters::{Clusters, Environment, Limits};
use crate::data_sources::mesh::MeshDataSource;
use crate::data_sources::topology::TopologyDataSource;
use crate::diagnostics;
use crate::resources::mesh::MeshResource;

pub use data::{PlanDetail, ProviderData};
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
        registry.identified(MeshResource).data_source(MeshDataSource).data_source(TopologyDataSource);
    }

    /// Checks what needs no file and no environment; [`Provider::configure`] checks the rest.
    async fn configure(&self, config: ProviderModel, _setup: &Setup) -> Outcome<ProviderData> {
        configure(&config).into()
    }
}

fn configure(config: &ProviderModel) -> Result<ProviderData, Diagnostics> {
    let blocks = config.cluster.as_known().into_iter().flatten();
    let blocks = blocks.map(|(label, model)| (label.clone(), model.block())).collect();
    let clusters = Clusters::new(blocks, Environment::read(), Limits::default())
        .map_err(|errors| errors.iter().map(diagnostics::setting).collect::<Diagnostics>())?;
    let cache = user_cache_directory(|name| std::env::var(name).ok());
    let registries = config.chart_registry.as_known().into_iter().flatten();
    let registries = registries.map(|(host, model)| (host.clone(), model.registry())).collect();
    let charts = Charts::new(cache.into_iter().chain([std::env::temp_dir()]), registries)
        .map_err(|error| cannot_fetch_charts(&error))?;
    let data = ProviderData::new(clusters, charts, config);
    #[cfg(feature = "leak")]
    tracing::info!(credentials = data.credentials(), "configured");
    Ok(data)
}

fn cannot_fetch_charts(error: &charts::Error) -> Diagnostic {
    let path = error.registry().map(|label| AttributePath::new("chart_registry").key(label));
    diagnostics::failure("Charts cannot be fetched", error, &error.way_out(), path)
}
