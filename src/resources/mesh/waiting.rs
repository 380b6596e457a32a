//! What an apply has made, observed until it is well.

use std::time::Instant;

use futures::future::join_all;
use tfplugin::{Diagnostics, Field};

use super::apply::MeshChange;
use super::model::{MeshModel, StatusModel};
use super::scope::scope;
use super::stale_gateways::Restarts;
use super::status::{self, Observed};
use super::{documents, planned_status, problems};
use crate::lifecycle::{self, Change, ClusterPlan};
use crate::observe::Snapshot;

/// The state with what was observed. After an apply that has gone well so far, what is not as it should be gets the time that is left,
/// unless no time helps.
pub async fn with_status(
    change: &MeshChange<'_>,
    state: MeshModel,
    cluster_plans: &[ClusterPlan],
    diagnostics: &mut Diagnostics,
) -> MeshModel {
    let Change { prior, planned, session, .. } = change;
    let began = Instant::now();
    let before = prior.map_or(&Field::Null, |prior| &prior.status);
    let mut seen: Option<Vec<Snapshot>> = None;
    let mut restarts = Restarts::of(*prior, planned);
    loop {
        let is_seen = seen.is_some();
        let looks = cluster_plans.iter().map(|cluster_plan| async {
            let target = &cluster_plan.target;
            lifecycle::snapshot(target, &scope(&state, &target.name)).await
        });
        let snapshots = match seen.take() {
            Some(seen) => seen.iter().map(Snapshot::again).collect(),
            None => join_all(looks).await,
        };
        let Observed { status, beside, awaits_roots, unasked, warnings } =
            status::observe(&state, before, &snapshots, true).await;
        let problems = status.problems();
        let left = session.deadline.saturating_duration_since(Instant::now());
        let waits = problems::is_waited_for(&problems, awaits_roots, began.elapsed(), left);
        let goes_on = !diagnostics.has_errors() && !session.cancel.is_cancelled();
        let made = if goes_on && !left.is_zero() {
            restarts.make(&status, &unasked, began.elapsed(), cluster_plans).await
        } else {
            Diagnostics::new()
        };
        let waits = (waits || !made.is_empty()) && goes_on && !made.has_errors();
        diagnostics.extend(made);
        if waits {
            // While only links are missing, only istiods have news.
            let others = StatusModel { links: Field::Null, ..status.clone() };
            let is_linking = !awaits_roots && others.problems().is_empty();
            seen = is_linking.then_some(snapshots);
            tokio::select! {
                () = session.cancel.cancelled() => {}
                () = tokio::time::sleep(problems::pause(began.elapsed())) => {}
            }
            continue;
        }
        if is_seen {
            // What is returned is what a refresh would find now.
            continue;
        }
        diagnostics.extend(warnings);
        if !diagnostics.has_errors() {
            diagnostics.extend(problems::in_the_end(problems, prior.is_none()));
        }
        let (join, peer) = documents::applied(planned, documents::observed(&state, &status, &beside));
        // After an error nobody holds the plan to its word, and what is wrong must be seen.
        let promised = if diagnostics.has_errors() { &Field::Unknown } else { &planned.status };
        let status = Field::Known(planned_status::applied(promised, status));
        return MeshModel { status, join, peer, ..state };
    }
}
