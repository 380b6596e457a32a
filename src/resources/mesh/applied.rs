//! What an apply returns: what is there now.

use std::collections::BTreeMap;
use std::time::Instant;

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::apply::{Apply, Done, Prepared};
use super::documents;
use super::model::{MeshModel, StatusModel};
use super::place::primary;
use super::planned_status;
use super::problems;
use super::scope::scope;
use super::status::{self, Observed};
use crate::lifecycle::{
    self, ClusterPlan, Objects, Recorded, Removed, Seals, read_objects, state_manifests, texts,
};
use crate::manifests::ObjectId;
use crate::mesh::ClusterFacts;
use crate::observe::Snapshot;

impl Apply<'_> {
    /// What is there now. After an apply without errors planned values stand as they were planned, and where a cluster differs, a
    /// warning says so; after an apply with errors, state is what the records say. A cluster in which nothing was written stays as
    /// state knew it, and one that state did not know contributes nothing.
    pub(super) async fn state(
        &self,
        prepared: &Prepared,
        done: &[Done],
        removed: &Removed,
        diagnostics: &mut Diagnostics,
    ) -> (MeshModel, Seals) {
        let Prepared { cluster_plans, digests, api_servers, owner, .. } = prepared;
        let mut state = self.elsewhere(cluster_plans, removed);
        let mut seals = self.secrets.seals.clone();
        let looks = cluster_plans.iter().zip(done).map(|(cluster_plan, done)| self.live(cluster_plan, done));
        for ((cluster_plan, done), live) in cluster_plans.iter().zip(done).zip(join_all(looks).await) {
            let before = self.recorded.objects_of(&cluster_plan.target.uid);
            let objects = match live {
                None => before,
                Some(Ok(live)) => {
                    let applied = done.applied.iter().collect();
                    cluster_plan.seal(&mut seals, &live, &applied, api_servers);
                    self.as_planned(live, diagnostics)
                }
                Some(Err(warning)) => {
                    diagnostics.push(warning);
                    if done.applied.is_empty() { before } else { cluster_plan.rendered(&self.secrets.key) }
                }
            };
            if done.book.is_some() {
                state.insert(cluster_plan.set.cluster().as_str(), &cluster_plan.facts);
            } else {
                self.keep(&mut state, &cluster_plan.target.uid);
            }
            state.objects.extend(objects);
        }
        seals.retain(&state.objects);
        let state = MeshModel {
            id: Field::Known(owner.id().to_owned()),
            manifests: state_manifests(state.objects),
            chart_digests: texts(digests.clone()),
            cluster_uids: texts(state.uids),
            kubernetes_versions: texts(state.versions),
            ..self.planned.clone()
        };
        (state, seals)
    }

    /// Observes what was made. After an apply that has gone well so far, what is not as it should be gets the time that is left,
    /// unless no time helps.
    pub(super) async fn with_status(
        &self,
        state: MeshModel,
        cluster_plans: &[ClusterPlan],
        diagnostics: &mut Diagnostics,
    ) -> MeshModel {
        let began = Instant::now();
        let before = self.prior.map_or(&Field::Null, |prior| &prior.status);
        let mut seen: Option<Vec<Snapshot>> = None;
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
            let Observed { status, roots, awaits_roots, warnings } =
                status::observe(&state, before, &snapshots).await;
            let problems = status.problems();
            let left = self.deadline.saturating_duration_since(Instant::now());
            let waits = problems::is_waited_for(&problems, awaits_roots, began.elapsed(), left);
            let waits = waits && !diagnostics.has_errors() && !self.cancel.is_cancelled();
            if waits {
                // While only links are missing, only istiods have news.
                let others = StatusModel { links: Field::Null, ..status.clone() };
                let is_linking = !awaits_roots && others.problems().is_empty();
                seen = is_linking.then_some(snapshots);
                tokio::select! {
                    () = self.cancel.cancelled() => {}
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
                diagnostics.extend(problems::in_the_end(problems, self.prior.is_none()));
            }
            let observed = documents::observed(&state, &status, &roots);
            let (join, peer) = documents::applied(self.planned, observed);
            // After an error nobody holds the plan to its word, and what is wrong must be seen.
            let promised = if diagnostics.has_errors() { &Field::Unknown } else { &self.planned.status };
            let status = Field::Known(planned_status::applied(promised, status));
            return MeshModel { status, join, peer, ..state };
        }
    }

    /// What state knows of clusters that the mesh leaves and that could not be emptied.
    fn elsewhere(&self, cluster_plans: &[ClusterPlan], removed: &Removed) -> Known {
        let mut known = Known::default();
        let is_here = |uid: &String| cluster_plans.iter().any(|cluster_plan| cluster_plan.target.uid == *uid);
        let left = self.recorded.cluster_uids.iter();
        for (label, uid) in left.filter(|(label, uid)| !is_here(uid) && !removed.gone.contains(*label)) {
            if cluster_plans.iter().any(|cluster_plan| cluster_plan.set.cluster().as_str() == label) {
                // The block says that this cluster is gone and that another has its label.
                continue;
            }
            self.keep(&mut known, uid);
            let there = self.recorded.objects_of(uid).into_iter();
            known.objects.extend(there.filter(|(id, _)| removed.is_left(id)));
        }
        known
    }

    /// Keeps what state knows of the cluster with this UID beside its objects.
    fn keep(&self, known: &mut Known, uid: &str) {
        let Recorded { cluster_uids, kubernetes_versions, .. } = &self.recorded;
        for (label, _) in cluster_uids.iter().filter(|(_, known)| *known == uid) {
            known.uids.insert(label.clone(), uid.to_owned());
            let version = kubernetes_versions.get(label).cloned().unwrap_or_default();
            known.versions.insert(label.clone(), version);
        }
    }

    /// The live fields of everything that the record has in a cluster; `None` if nothing was written there.
    async fn live(&self, cluster_plan: &ClusterPlan, done: &Done) -> Option<Result<Objects, Diagnostic>> {
        let before = self.recorded.objects_of(&cluster_plan.target.uid);
        let wanted = cluster_plan.book(done.book.as_ref()?, &before, &self.secrets.key);
        // Reading goes on after Ctrl-C: what was made must be in state.
        Some(
            read_objects(
                &cluster_plan.target,
                &wanted,
                &self.secrets.key,
                primary,
                &CancellationToken::new(),
            )
            .await,
        )
    }

    fn as_planned(&self, live: Objects, diagnostics: &mut Diagnostics) -> Objects {
        let planned = self.planned.recorded().objects;
        let failed = diagnostics.has_errors();
        let objects = live.into_iter().map(|(id, mut fields)| {
            let Some(planned) = planned.get(&id).filter(|_| !failed) else { return (id, fields) };
            let is_promised = |path: &String| planned.contains_key(path) || !self.is_open(&id, path);
            let promised = fields.iter().filter(|(path, _)| is_promised(path));
            if !promised.eq(planned.iter()) {
                diagnostics.push(differs(&id));
            }
            fields.retain(|path, _| self.is_open(&id, path));
            fields.extend(planned.clone());
            (id, fields)
        });
        objects.collect()
    }

    /// Whether the plan says of a field only that it will have a value.
    fn is_open(&self, id: &ObjectId, path: &str) -> bool {
        let planned = self.planned.manifests.as_known();
        let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
        fields.and_then(|fields| fields.get(path)).is_some_and(Field::is_unknown)
    }
}

/// What state will know of clusters.
#[derive(Default)]
struct Known {
    objects: Objects,
    uids: BTreeMap<String, String>,
    versions: BTreeMap<String, String>,
}

impl Known {
    fn insert(&mut self, label: &str, facts: &ClusterFacts) {
        self.uids.insert(label.to_owned(), facts.uid.clone());
        self.versions.insert(label.to_owned(), facts.kubernetes_version.clone());
    }
}

fn differs(id: &ObjectId) -> Diagnostic {
    let detail = "Something in the cluster, such as an admission webhook, changed the object while or after it was written. The \
                  next plan shows the fields.";
    Diagnostic::warning(format!("{id} differs from the plan"), detail)
        .at(AttributePath::new("manifests").key(id.to_string()))
}
