//! What an apply returns: what is there now.

use std::collections::BTreeSet;
use std::time::Instant;

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::change::Change;
use super::cluster_plan::ClusterPlan;
use super::drift::{self, Drift};
use super::field_maps::Objects;
use super::leaving::Removed;
use super::live_objects::ReadObjects;
use super::look::look_beside;
use super::managed::Managed;
use super::recorded::Recorded;
use super::recorded_fingerprints::{ApiServers, RecordedFingerprints};
use crate::manifests::ObjectId;
use crate::mesh::ClusterFacts;
use crate::rollout::ClusterOutcome;

/// What became of one cluster, as far as state is made from it.
pub(super) struct Done {
    /// What the record has; `None` if nothing was written.
    book: Option<BTreeSet<ssa::ObjectId>>,
    /// The objects that this run has applied.
    applied: BTreeSet<ssa::ObjectId>,
    is_finished: bool,
}

impl Done {
    pub(super) fn of(outcome: &ClusterOutcome) -> Self {
        let applied = outcome.applied().into_iter().cloned().collect();
        Self { book: outcome.book.clone(), applied, is_finished: outcome.error.is_none() }
    }
}

impl Done {
    /// Whether everything was done in the cluster.
    pub(super) fn is_finished(&self) -> bool {
        self.is_finished
    }
}

impl<R: Managed> Change<'_, R> {
    /// What is there now. After an apply without errors planned values stand as they were planned, and where a cluster differs, a
    /// warning says so; after an apply with errors, state is what the records say. A cluster in which nothing was written stays as
    /// state knew it, and one that state did not know contributes nothing.
    pub(super) async fn state(
        &self,
        cluster_plans: &[ClusterPlan],
        done: &[Done],
        removed: &Removed,
        api_servers: &ApiServers,
        diagnostics: &mut Diagnostics,
    ) -> (Recorded, RecordedFingerprints) {
        let mut state = self.elsewhere(cluster_plans, removed);
        let mut fingerprints = self.secrets.fingerprints.clone();
        let looks = cluster_plans.iter().zip(done).map(|(cluster_plan, done)| self.live(cluster_plan, done));
        for ((cluster_plan, done), live) in cluster_plans.iter().zip(done).zip(join_all(looks).await) {
            let before = self.recorded.objects_of(&cluster_plan.target.uid);
            let objects = match live {
                None => before,
                Some(Ok(read)) => {
                    let applied = done.applied.iter().collect();
                    let key = &self.secrets.key;
                    cluster_plan.note_filled(&mut fingerprints, &read.objects, &applied, api_servers, key);
                    self.as_planned(read, diagnostics)
                }
                Some(Err(warning)) => {
                    diagnostics.push(warning);
                    if done.applied.is_empty() { before } else { cluster_plan.rendered(&self.secrets.key) }
                }
            };
            if done.book.is_some() {
                state.note(cluster_plan.set.cluster().as_str(), &cluster_plan.facts);
            } else {
                self.keep(&mut state, &cluster_plan.target.uid);
            }
            state.objects.extend(objects);
        }
        fingerprints.retain(&state.objects);
        fingerprints.write_only.retain(state.cluster_uids.values());
        (state, fingerprints)
    }

    /// What state knows of clusters that the resource leaves and that could not be emptied.
    fn elsewhere(&self, cluster_plans: &[ClusterPlan], removed: &Removed) -> Recorded {
        let mut state = R::recorded(self.planned).without_clusters();
        let is_here = |uid: &String| cluster_plans.iter().any(|cluster_plan| cluster_plan.target.uid == *uid);
        let left = self.recorded.cluster_uids.iter();
        for (label, uid) in left.filter(|(label, uid)| !is_here(uid) && !removed.gone.contains(*label)) {
            if cluster_plans.iter().any(|cluster_plan| cluster_plan.set.cluster().as_str() == label) {
                // The block says that this cluster is gone and that another has its label.
                continue;
            }
            self.keep(&mut state, uid);
            let there = self.recorded.objects_of(uid).into_iter();
            state.objects.extend(there.filter(|(id, _)| removed.is_left(id)));
        }
        state
    }

    /// Keeps what state knows of the cluster with this UID beside its objects.
    fn keep(&self, state: &mut Recorded, uid: &str) {
        let Recorded { cluster_uids, kubernetes_versions, .. } = &self.recorded;
        for (label, _) in cluster_uids.iter().filter(|(_, known)| *known == uid) {
            let kubernetes_version = kubernetes_versions.get(label).cloned().unwrap_or_default();
            state.note(label, &ClusterFacts { uid: uid.to_owned(), kubernetes_version });
        }
    }

    /// The live fields of everything that the record has in a cluster; `None` if nothing was written there. What else its status is judged
    /// by is read with them.
    async fn live(&self, cluster_plan: &ClusterPlan, done: &Done) -> Option<Result<ReadObjects, Diagnostic>> {
        let before = self.recorded.objects_of(&cluster_plan.target.uid);
        let key = &self.secrets.key;
        let wanted = cluster_plan.book(done.book.as_ref()?, &before, key);
        // Reading goes on after Ctrl-C: what was made must be in state.
        let uncancelled = CancellationToken::new();
        let mut target = cluster_plan.target.clone();
        if self.session.cancel.is_cancelled() {
            target = target.until(Instant::now());
        }
        let scope = R::scope(self.planned, &target.name);
        let (objects, seen) = look_beside(&target, &wanted, &scope, (key, R::KIND.place), &uncancelled).await;
        // Nobody else sets it.
        let _ = cluster_plan.seen.set(seen);
        Some(objects)
    }

    fn as_planned(&self, read: ReadObjects, diagnostics: &mut Diagnostics) -> Objects {
        let ReadObjects { objects: live, drift } = read;
        let planned = R::recorded(self.planned).objects;
        let failed = diagnostics.has_errors();
        let objects = live.into_iter().map(|(id, mut fields)| {
            let Some(planned) = planned.get(&id).filter(|_| !failed) else { return (id, fields) };
            let is_promised = |path: &String| planned.contains_key(path) || !self.is_open(&id, path);
            let is_broken = |drift: &&Drift| {
                let planned = planned.get(&drift.path);
                is_promised(&drift.path) && drift.live.as_ref() != planned
            };
            let broken = drift.get(&id).into_iter().flatten().filter(is_broken);
            let broken: Vec<Drift> = broken
                .map(|drift| Drift { written: planned.get(&drift.path).cloned(), ..drift.clone() })
                .collect();
            if !broken.is_empty() {
                diagnostics.push(drift::differs(&id, &broken));
            }
            fields.retain(|path, _| self.is_open(&id, path));
            fields.extend(planned.clone());
            (id, fields)
        });
        objects.collect()
    }

    /// Whether the plan says of a field only that it will have a value.
    fn is_open(&self, id: &ObjectId, path: &str) -> bool {
        let planned = R::manifests(self.planned).as_known();
        let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
        fields.and_then(|fields| fields.get(path)).is_some_and(Field::is_unknown)
    }
}
