//! What every operation is given: the provider block as plain values.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::charts::Charts;
use crate::clusters::Clusters;
use crate::observe::{Answers, FirstLook};
use crate::render::Renderers;
use crate::rollout::Engines;

/// What all resources and data sources share.
#[derive(Debug)]
pub struct ProviderData {
    /// The clusters, by label.
    pub clusters: Clusters,
    /// Fetches charts.
    pub charts: Charts,
    /// Renders charts.
    pub renderers: Renderers,
    /// The apply engine of each cluster.
    pub engines: Engines,
    /// How much a plan shows of objects that are yet to be created.
    pub plan_detail: PlanDetail,
    /// What istiod has said to refreshes.
    pub answers: Answers,
    /// Whether clusters are being read of resources that are refreshed later.
    pub first_look: FirstLook,
    /// Whether this process has refreshed.
    pub refreshed: Refreshed,
}

impl ProviderData {
    /// What a provider block gives, and nothing seen yet.
    pub fn new(clusters: Clusters, charts: Charts, engines: Engines, plan_detail: PlanDetail) -> Self {
        let (renderers, answers) = (Renderers::default(), Answers::default());
        let (first_look, refreshed) = (FirstLook::default(), Refreshed::default());
        Self { clusters, charts, renderers, engines, plan_detail, answers, first_look, refreshed }
    }
}

/// Whether this process has refreshed a resource. Terraform plans again in the process that applies, which refreshes nothing: what
/// the plan has said of the state is not said a second time there, next to an apply that may just have mended it.
#[derive(Debug, Default)]
pub struct Refreshed(AtomicBool);

impl Refreshed {
    /// Notes that it has.
    pub fn note(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has.
    pub fn is_noted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
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
