use std::collections::BTreeMap;

use secrecy::SecretString;

use super::model::ProviderModel;
use crate::clusters::Clusters;

/// What all resources share: the provider block as plain values.
#[derive(Debug)]
pub struct ProviderData {
    /// The clusters, by label.
    pub clusters: Clusters,
    /// How much a plan shows of objects that are yet to be created.
    pub plan_detail: PlanDetail,
    /// Credentials of chart repositories by host name; `None` while they are not known.
    pub chart_credentials: BTreeMap<String, Option<ChartCredentials>>,
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

/// Credentials of one chart repository.
#[derive(Clone, Debug)]
pub struct ChartCredentials {
    /// User name.
    pub username: String,
    /// Password or token.
    pub password: SecretString,
}

impl ProviderData {
    pub(super) fn new(clusters: Clusters, config: &ProviderModel) -> Self {
        let plan_detail = match config.plan_detail.as_str() {
            Some("full") => PlanDetail::Full,
            _ => PlanDetail::Compact,
        };
        let registries = config.chart_registry.as_known().into_iter().flatten();
        let chart_credentials = registries
            .map(|(host, registry)| {
                let credentials = registry.username.as_known().zip(registry.password.as_known());
                let credentials = credentials.map(|(username, password)| ChartCredentials {
                    username: username.clone(),
                    password: SecretString::from(password.clone()),
                });
                (host.clone(), credentials)
            })
            .collect();
        Self { clusters, plan_detail, chart_credentials }
    }
}
