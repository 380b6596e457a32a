//! Refresh: what a federation says of itself beyond its objects.

use std::collections::BTreeMap;

use tfplugin::{Diagnostics, Field};
use time::OffsetDateTime;

use super::declare::declare;
use super::document::{document, first_serial};
use super::model::FederationModel;
use super::problems::warning;
use super::status::Observed;
use super::trusted::recording;

/// The state with what was observed, and what is wrong with it.
pub fn with_observed(
    mut state: FederationModel,
    observed: Observed,
    finished: &BTreeMap<String, bool>,
) -> (FederationModel, Diagnostics) {
    let mut warnings = observed.warnings;
    let is_finished = (!finished.is_empty()).then(|| finished.values().all(|it| *it));
    let status = observed.status.with_last_apply(is_finished);
    warnings.extend(status.problems().into_iter().map(warning));
    state.status = Field::Known(status);
    (restored(state, OffsetDateTime::now_utc()), warnings)
}

/// What an import does not bring back, since only state has it.
fn restored(state: FederationModel, now: OffsetDateTime) -> FederationModel {
    if !state.document.is_null() {
        return state;
    }
    let document = document(&state, None, first_serial(now));
    let declared = declare(&state, None).ok().and_then(Field::into_known);
    let trusted = declared.map_or(Field::Null, |federation| recording(&federation, None));
    FederationModel { document, trusted, ..state }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;
    use crate::resources::mesh_federation::tests::{bank, config, root};

    #[test]
    fn an_imported_federation_has_a_document_that_is_newer_than_any_before() {
        let (own, theirs) = (root(), root());
        let imported = config(&own, bank(&theirs));
        let now = OffsetDateTime::UNIX_EPOCH + Duration::days(20_000);
        let state = restored(imported.clone(), now);
        let serial = |model: &FederationModel| model.document.as_known().unwrap().serial;
        assert_eq!(serial(&state), Field::Known(1_728_000_000));
        assert!(state.trusted.as_known().unwrap().contains_key("bank"));
        // The plan after it changes nothing, and the next refresh neither.
        assert_eq!(document(&imported, Some(&state), Field::Unknown), state.document);
        let later = restored(state.clone(), now + Duration::days(1));
        assert_eq!(serial(&later), serial(&state));
    }
}
