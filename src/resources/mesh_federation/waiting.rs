//! What an apply has made, observed until it is well.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use ssa::Progress;
use tfplugin::{Diagnostics, Field};

use super::apply::FederationChange;
use super::model::FederationModel;
use super::problems;
use super::status::{self, Observed, scope};
use crate::health;
use crate::lifecycle::{self, Change, ClusterPlan};

/// How long the last look may take after Ctrl-C.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// The state with what was observed. After an apply that has gone well so far, what is not as it should be gets the time that is left,
/// unless no time helps.
pub async fn with_status(
    change: &FederationChange<'_>,
    state: FederationModel,
    cluster_plans: &[ClusterPlan],
    unfinished: &BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) -> FederationModel {
    let Change { prior, planned, session, .. } = change;
    let began = Instant::now();
    let before = prior.map_or(Field::Null, |prior| prior.status.clone());
    let mut progress = Progress::begin(state.known_name());
    loop {
        let looks = cluster_plans.iter().map(async |cluster_plan| {
            let target = &cluster_plan.target;
            lifecycle::snapshot(target, &scope(&state, &target.name)).await
        });
        let look = async { status::observe(&state, &before, &join_all(looks).await).await };
        let stopped = async {
            session.cancel.cancelled().await;
            tokio::time::sleep(LAST_LOOK).await;
        };
        let Observed { status, warnings } = tokio::select! {
            biased;
            looked = look => looked,
            // What was last seen must do.
            () = stopped => status::observe(&state, &before, &[]).await,
        };
        // How the last apply ended, this one knows: what state says of the one before must not be waited for.
        let status = status.with_last_apply(Some(unfinished.is_empty()));
        let problems = status.problems();
        let left = session.deadline.saturating_duration_since(Instant::now());
        let goes_on = !diagnostics.has_errors() && !session.cancel.is_cancelled();
        if goes_on && health::is_waited_for(&problems, false, began.elapsed(), left) {
            let causes = problems.iter().map(|problem| format!("{}: {}", problem.place, problem.cause));
            progress.waits_for(&causes.collect::<Vec<_>>().join("; "));
            tokio::select! {
                () = session.cancel.cancelled() => {}
                () = tokio::time::sleep(health::pause(began.elapsed())) => {}
            }
            continue;
        }
        diagnostics.extend(warnings);
        if !diagnostics.has_errors() {
            diagnostics.extend(problems::in_the_end(problems, prior.is_none()));
        }
        // After an error nobody holds the plan to its word, and what is wrong must be seen.
        let promised = if diagnostics.has_errors() { &Field::Unknown } else { &planned.status };
        return FederationModel { status: Field::Known(lifecycle::kept_promise(promised, status)), ..state };
    }
}
