//! Refresh: what a mesh says of itself beyond its objects.

use std::collections::BTreeMap;

use tfplugin::{Diagnostics, Field};

use super::documents;
use super::model::MeshModel;
use super::problems;
use super::status::{self, Observed};
use crate::observe::Snapshot;

/// Observes a mesh that nothing has been applied to.
pub async fn observe(state: &MeshModel, snapshots: &[Snapshot]) -> Observed {
    status::observe(state, &state.status, snapshots, false).await
}

/// The state with what was observed, and what is wrong with it.
pub fn with_observed(
    mut state: MeshModel,
    observed: Observed,
    finished: &BTreeMap<String, bool>,
) -> (MeshModel, Diagnostics) {
    let mut warnings = observed.warnings;
    let status = observed.status.with_last_apply(|label| finished.get(label).copied());
    warnings.extend(status.problems().into_iter().map(problems::warning));
    (state.join, state.peer) = documents::observed(&state, &status, &observed.beside);
    state.status = Field::Known(status);
    (state, warnings)
}
