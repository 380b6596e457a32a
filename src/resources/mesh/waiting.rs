//! What an apply has made, observed until it is well.

use std::time::Instant;

use tfplugin::{Diagnostics, Field};

use super::apply::MeshChange;
use super::model::MeshModel;
use super::status::{self, Observed};
use super::{documents, planned_status, problems};
use crate::clusters::Cluster;
use crate::lifecycle::Change;

/// The state with what was observed. After an apply that has gone well so far, what is not as it should be gets the time that is left,
/// unless no time helps.
pub async fn with_status(
    change: &MeshChange<'_>,
    state: MeshModel,
    clusters: &[Cluster],
    diagnostics: &mut Diagnostics,
) -> MeshModel {
    let Change { prior, planned, session, .. } = change;
    let began = Instant::now();
    let before = prior.map_or(&Field::Null, |prior| &prior.status);
    loop {
        let Observed { status, roots, awaits_roots, warnings } =
            status::observe(&state, before, clusters).await;
        let problems = status.problems();
        let left = session.deadline.saturating_duration_since(Instant::now());
        let waits = problems::is_waited_for(&problems, awaits_roots, began.elapsed(), left);
        if waits && !diagnostics.has_errors() && !session.cancel.is_cancelled() {
            tokio::select! {
                () = session.cancel.cancelled() => {}
                () = tokio::time::sleep(problems::pause(began.elapsed())) => {}
            }
            continue;
        }
        diagnostics.extend(warnings);
        if !diagnostics.has_errors() {
            diagnostics.extend(problems::in_the_end(problems, prior.is_none()));
        }
        let (join, peer) = documents::applied(planned, documents::observed(&state, &status, &roots));
        // After an error nobody holds the plan to its word, and what is wrong must be seen.
        let promised = if diagnostics.has_errors() { &Field::Unknown } else { &planned.status };
        let status = Field::Known(planned_status::applied(promised, status));
        return MeshModel { status, join, peer, ..state };
    }
}
