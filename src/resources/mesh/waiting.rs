//! What an apply has made, observed until it is well.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use futures::future::join_all;
use ssa::Progress;
use tfplugin::{Diagnostics, Field};

use super::apply::MeshChange;
use super::model::{MeshModel, StatusModel};
use super::scope::scope;
use super::stale_gateways::Restarts;
use super::status::{self, Observed};
use super::{documents, links, problems};
use crate::health::Finding;
use crate::lifecycle::{self, Change, ClusterPlan};
use crate::observe::Snapshot;

/// How long the last look may take after Ctrl-C.
const LAST_LOOK: Duration = Duration::from_secs(2);

/// The state with what was observed. After an apply that has gone well so far, what is not as it should be gets the time that is left,
/// unless no time helps.
pub async fn with_status(
    change: &MeshChange<'_>,
    state: MeshModel,
    cluster_plans: &[ClusterPlan],
    unfinished: &BTreeSet<String>,
    diagnostics: &mut Diagnostics,
) -> MeshModel {
    let Change { prior, planned, session, .. } = change;
    let began = Instant::now();
    let before = prior.map_or(Field::Null, |prior| links::heard_before(prior, &state));
    let mut seen: Option<Vec<Snapshot>> = None;
    let mut is_first = true;
    let mut restarts = Restarts::of(*prior, planned);
    let mut progress = Progress::begin("all");
    loop {
        let is_seen = seen.is_some();
        let looks = cluster_plans.iter().map(|cluster_plan| async {
            let target = &cluster_plan.target;
            match cluster_plan.seen.get().filter(|_| is_first) {
                Some(seen) => seen.clone(),
                None => lifecycle::snapshot(target, &scope(&state, &target.name)).await,
            }
        });
        let look = async {
            let snapshots = match seen.take() {
                Some(seen) => seen.iter().map(Snapshot::again).collect(),
                None => join_all(looks).await,
            };
            let observed = status::observe(&state, &before, &snapshots, true).await;
            (observed, snapshots)
        };
        let stopped = async {
            session.cancel.cancelled().await;
            tokio::time::sleep(LAST_LOOK).await;
        };
        let (Observed { status, beside, awaits_roots, unasked, warnings }, snapshots) = tokio::select! {
            biased;
            looked = look => looked,
            // What was last seen must do.
            () = stopped => (status::observe(&state, &before, &[], true).await, Vec::new()),
        };
        is_first = false;
        let problems = status.problems();
        let is_finished = |label: &str| Some(!unfinished.contains(label));
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
            progress.waits_for(&awaited(&problems));
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
        let status = lifecycle::kept_promise(promised, status.with_last_apply(is_finished));
        let status = Field::Known(status);
        return MeshModel { status, join, peer, ..state };
    }
}

/// What is waited for, for the log.
fn awaited(problems: &[Finding]) -> String {
    let causes = problems.iter().map(|problem| format!("{}: {}", problem.place, problem.cause));
    let causes: Vec<String> = causes.collect();
    if causes.is_empty() { "istiod has yet to publish its roots".to_owned() } else { causes.join("; ") }
}
