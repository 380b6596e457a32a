use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use super::model::ProviderModel;
use crate::charts::{ChartSource, Charts, Credentials};
use crate::clusters::Clusters;

/// What all resources share: the provider block as plain values.
#[derive(Debug)]
pub struct ProviderData {
    /// The clusters, by label.
    pub clusters: Clusters,
    /// Fetches charts.
    pub charts: Charts,
    /// How much a plan shows of objects that are yet to be created.
    pub plan_detail: PlanDetail,
    chart_credentials: BTreeMap<String, Credentials>,
}

/// How much a plan shows of objects that are yet to be created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlanDetail {
    /// Their names.
    #[default]
    Compact,
    /// Their fields, where the cluster's facts are known.
    Full,
}

impl ProviderData {
    pub(super) fn new(clusters: Clusters, charts: Charts, config: &ProviderModel) -> Self {
        let plan_detail = match config.plan_detail.as_str() {
            Some("full") => PlanDetail::Full,
            _ => PlanDetail::Compact,
        };
        Self { clusters, charts, plan_detail, chart_credentials: chart_credentials(config) }
    }

    /// The place with charts that a resource names, with the credentials for its host.
    pub fn chart_source(&self, repository: &str) -> ChartSource {
        let credentials = Url::parse(repository).ok().and_then(|url| {
            let host = url.host_str()?.to_owned();
            let with_port = url.port().map(|port| format!("{host}:{port}"));
            with_port
                .and_then(|host| self.chart_credentials.get(&host))
                .or_else(|| self.chart_credentials.get(&host))
        });
        ChartSource { repository: repository.to_owned(), credentials: credentials.cloned() }
    }
}

#[cfg(feature = "leak")]
impl ProviderData {
    /// Every credential of every cluster block.
    pub fn credentials(&self) -> String {
        use crate::clusters::{ConnectionSettings, ExposeSecret};
        let blocks = self.clusters.names().filter_map(|name| self.clusters.block(name));
        let known = blocks.filter_map(|block| match &block.connection {
            ConnectionSettings::Known(config) => Some([config.token.clone(), config.config_raw.clone()]),
            ConnectionSettings::NotYetKnown { .. } => None,
        });
        let credentials: Vec<_> = known.flatten().flatten().collect();
        credentials.iter().map(|credential| credential.expose_secret()).collect::<Vec<_>>().join(" ")
    }
}

/// By host name. Credentials that are not known before apply are none yet.
fn chart_credentials(config: &ProviderModel) -> BTreeMap<String, Credentials> {
    let registries = config.chart_registry.as_known().into_iter().flatten();
    let known = registries.filter_map(|(host, registry)| {
        let username = registry.username.as_known()?.clone();
        let password = SecretString::from(registry.password.as_known()?.clone());
        Some((host.clone(), Credentials { username, password }))
    });
    known.collect()
}
