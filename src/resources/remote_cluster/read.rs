//! Refresh: what a remote cluster says of itself beyond its objects.

use std::collections::BTreeMap;

use tfplugin::{Diagnostics, Field};

use super::model::RemoteClusterModel;
use super::problems;
use super::status::{self, Observed};
use crate::observe::Snapshot;

/// Observes a remote cluster.
pub async fn observe(state: &RemoteClusterModel, snapshots: &[Snapshot]) -> Observed {
    status::observe(state, &state.status, snapshots).await
}

/// The state with what was observed, and what is wrong with it.
pub fn with_observed(
    mut state: RemoteClusterModel,
    observed: Observed,
    finished: &BTreeMap<String, bool>,
) -> (RemoteClusterModel, Diagnostics) {
    let mut warnings = observed.warnings;
    let is_finished = (!finished.is_empty()).then(|| finished.values().all(|it| *it));
    let status = observed.status.with_last_apply(is_finished);
    warnings.extend(status.problems(state.label()).into_iter().map(problems::warning));
    state.status = Field::Known(status);
    (state, warnings)
}
