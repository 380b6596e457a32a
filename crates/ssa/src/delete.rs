use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use tokio_util::sync::CancellationToken;

use crate::apply::Outcome;
use crate::change_set::{Action, Applied, Change, ChangeSet};
use crate::delete_error::{DeleteError, Stuck};
use crate::discovery::Discovery;
use crate::engine::Engine;
use crate::inventory::Inventory;
use crate::live::Live;
use crate::nodes::Excused;
use crate::object_id::ObjectId;
use crate::observe::Observation;
use crate::progress::Progress;
use crate::request_error::RequestError;
use crate::rules::{Annotation, ObjectPattern};

/// Pause before the second look while waiting; it doubles up to the interval of the budgets.
const FIRST_LOOK: Duration = Duration::from_millis(25);
/// After how long each time it is asked which nodes are lost.
const NODES_EVERY: Duration = Duration::from_secs(10);

/// How objects are deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeleteOptions {
    /// What happens to the objects that depend on them.
    pub propagation: Propagation,
    /// How long all of it may take until the objects are gone.
    pub timeout: Duration,
    /// Objects that stay although the inventory has them: they are forgotten and belong to nobody from then on.
    pub keep: Vec<ObjectPattern>,
    /// The annotation by which the next owner of what stays will know of which version it is.
    pub version: Option<Annotation>,
}

impl Default for DeleteOptions {
    fn default() -> Self {
        Self {
            propagation: Propagation::Background,
            timeout: Duration::from_mins(5),
            keep: Vec::new(),
            version: None,
        }
    }
}

/// Kubernetes' `propagationPolicy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagation {
    /// Dependents are deleted after the object is gone.
    Background,
    /// The object goes after its dependents.
    Foreground,
    /// Dependents stay.
    Orphan,
}

impl Propagation {
    pub(crate) fn policy(self) -> &'static str {
        match self {
            Self::Background => "Background",
            Self::Foreground => "Foreground",
            Self::Orphan => "Orphan",
        }
    }
}

/// Objects that are to be deleted.
#[derive(Default)]
struct Ours {
    /// Those that are there, with their UIDs.
    left: BTreeMap<ObjectId, String>,
    /// Those that could not be read.
    unseen: Vec<(ObjectId, Arc<RequestError>)>,
}

/// One deletion, from its first object to its last.
struct Deletion<'a> {
    options: &'a DeleteOptions,
    began: Instant,
    changes: ChangeSet<Applied>,
    /// Pods that were not waited for.
    excused: Vec<Excused>,
    cancel: &'a CancellationToken,
}

impl<'a> Deletion<'a> {
    fn new(options: &'a DeleteOptions, cancel: &'a CancellationToken) -> Self {
        Self { options, began: Instant::now(), changes: ChangeSet::default(), excused: Vec::new(), cancel }
    }

    fn left(&self) -> Duration {
        self.options.timeout.saturating_sub(self.began.elapsed())
    }
}

impl Engine {
    /// Deletes what the inventory has and `keep` has not, in reverse order of the stages that made it, and forgets each object
    /// once it is known to be gone.
    ///
    /// An object that is not ours (another owner's label, or none and another UID than recorded) is left and forgotten.
    pub async fn prune(
        &self,
        inventory: &mut Inventory,
        keep: &BTreeSet<ObjectId>,
        options: &DeleteOptions,
        cancel: &CancellationToken,
    ) -> Outcome<DeleteError> {
        let surplus = inventory.entries().keys().filter(|id| !keep.contains(id)).cloned().collect();
        let mut deletion = Deletion::new(options, cancel);
        let error = self.delete_stages(inventory, surplus, &mut deletion).await.err();
        Outcome { changes: deletion.changes, excused: deletion.excused, error }
    }

    /// Deletes everything that the inventory has, like [`Engine::prune`], and then the inventory itself. If the inventory lies in a namespace of
    /// the set, that namespace goes last and takes the inventory along.
    pub async fn delete(
        &self,
        inventory: &mut Inventory,
        options: &DeleteOptions,
        cancel: &CancellationToken,
    ) -> Outcome<DeleteError> {
        let mut deletion = Deletion::new(options, cancel);
        let error = self.delete_all(inventory, &mut deletion).await.err();
        Outcome { changes: deletion.changes, excused: deletion.excused, error }
    }

    async fn delete_all(
        &self,
        inventory: &mut Inventory,
        deletion: &mut Deletion<'_>,
    ) -> Result<(), DeleteError> {
        let record = |source| DeleteError::Record { source };
        let cancel = deletion.cancel;
        self.mark_deleting(inventory, cancel).await.map_err(record)?;
        let home = ObjectId::of_namespace(&inventory.at().namespace);
        let others = inventory.entries().keys().filter(|id| **id != home).cloned().collect();
        self.delete_stages(inventory, others, deletion).await?;
        let home: BTreeSet<ObjectId> = inventory.entries().keys().cloned().collect();
        let Ours { mut left, unseen } = self.ours(&home, inventory, deletion).await?;
        if !unseen.is_empty() {
            return Err(DeleteError::Observe { failed: unseen });
        }
        if left.is_empty() {
            return self.delete_inventory(inventory, cancel).await.map_err(record);
        }
        self.delete_stage(&mut left, deletion).await
    }

    async fn delete_stages(
        &self,
        inventory: &mut Inventory,
        surplus: BTreeSet<ObjectId>,
        deletion: &mut Deletion<'_>,
    ) -> Result<(), DeleteError> {
        let cancel = deletion.cancel;
        let mut stages: BTreeMap<u16, BTreeSet<ObjectId>> = BTreeMap::new();
        for id in surplus {
            let order = inventory.entries().get(&id).map(|entry| entry.order).unwrap_or_default();
            stages.entry(order).or_default().insert(id);
        }
        for ids in stages.into_values().rev() {
            let Ours { mut left, unseen } = self.ours(&ids, inventory, deletion).await?;
            let deleting = self.delete_stage(&mut left, deletion);
            let deleted = self.holding(inventory, deleting, cancel).await;
            let is_there =
                |id: &ObjectId| left.contains_key(id) || unseen.iter().any(|(unseen, _)| unseen == id);
            let forgotten = ids.into_iter().filter(|id| !is_there(id)).map(|id| (id, None)).collect();
            let recorded = self.record(inventory, &forgotten, cancel).await;
            deleted.map_err(|source| DeleteError::Record { source })??;
            recorded.map_err(|source| DeleteError::Record { source })?;
            if !unseen.is_empty() {
                return Err(DeleteError::Observe { failed: unseen });
            }
        }
        Ok(())
    }

    /// Those that exist, are ours and are to go. The others are reported as left.
    async fn ours(
        &self,
        ids: &BTreeSet<ObjectId>,
        inventory: &Inventory,
        deletion: &mut Deletion<'_>,
    ) -> Result<Ours, DeleteError> {
        let Deletion { options, cancel, .. } = *deletion;
        let mut ours = Ours::default();
        for (id, observation) in self.observe(ids, cancel).await {
            let live = match observation {
                Observation::Absent => continue,
                Observation::Found(live) => live,
                Observation::Unknown(source) => {
                    ours.unseen.push((id, source));
                    continue;
                }
            };
            let is_kept = options.keep.iter().any(|objects| objects.matches(&id))
                || self.shared.options.rules.keeps(&live);
            let is_ours = self.is_ours(&live, &id, Some(inventory));
            if is_ours && !is_kept {
                ours.left.insert(id, live.uid().to_owned());
                continue;
            }
            if is_ours {
                self.give_up(&id, options.version.as_ref(), cancel).await?;
            } else if self.is_shared(&live, &id, Some(inventory)) {
                self.leave(&id, &live, cancel).await?;
            }
            deletion.changes.push(Change { id, action: Action::Left });
        }
        Ok(ours)
    }

    /// Gives our fields of a shared object back.
    async fn leave(&self, id: &ObjectId, live: &Live, cancel: &CancellationToken) -> Result<(), DeleteError> {
        let discovery = self.discovery(cancel).await.map_err(|source| DeleteError::Discover { source })?;
        let Some(resource) = discovery.resource(&id.group_kind(), None) else { return Ok(()) };
        let given_back = self.give_back(resource, id, live, cancel).await;
        given_back.map_err(|source| DeleteError::GiveBack { id: id.clone(), source })
    }

    /// Gives up an object of ours that stays as it is.
    async fn give_up(
        &self,
        id: &ObjectId,
        version: Option<&Annotation>,
        cancel: &CancellationToken,
    ) -> Result<(), DeleteError> {
        let discovery = self.discovery(cancel).await.map_err(|source| DeleteError::Discover { source })?;
        let Some(resource) = discovery.resource(&id.group_kind(), None) else { return Ok(()) };
        let released = self.release_object(resource, id, version, cancel).await;
        released.map_err(|source| DeleteError::GiveBack { id: id.clone(), source: source.into() })
    }

    /// Deletes these objects and takes those that are gone out of `left`.
    async fn delete_stage(
        &self,
        left: &mut BTreeMap<ObjectId, String>,
        deletion: &mut Deletion<'_>,
    ) -> Result<(), DeleteError> {
        let Deletion { options, cancel, .. } = *deletion;
        if left.is_empty() {
            return Ok(());
        }
        let discovery = self.discovery(cancel).await.map_err(|source| DeleteError::Discover { source })?;
        let failed = self.request_deletions(left, &discovery, options, cancel).await;
        let mut asked = left.clone();
        asked.retain(|id, _| !failed.iter().any(|(failed, _)| failed == id));
        let all: Vec<ObjectId> = asked.keys().cloned().collect();
        let time = deletion.left();
        let gone = self.until_gone(&mut asked, time, Some(&mut deletion.excused), cancel).await;
        for id in all.into_iter().filter(|id| !asked.contains_key(id)) {
            left.remove(&id);
            deletion.changes.push(Change { id, action: Action::Deleted });
        }
        if failed.is_empty() { gone } else { Err(DeleteError::Request { failed }) }
    }

    async fn request_deletions(
        &self,
        ours: &BTreeMap<ObjectId, String>,
        discovery: &Discovery,
        options: &DeleteOptions,
        cancel: &CancellationToken,
    ) -> Vec<(ObjectId, RequestError)> {
        let requests = ours.iter().map(|(id, uid)| async move {
            let resource = discovery.resource(&id.group_kind(), None)?;
            let asked = self.request_deletion(resource, id, uid, options.propagation, cancel).await;
            asked.err().map(|error| (id.clone(), error))
        });
        let concurrency = self.shared.options.concurrency.max(1);
        stream::iter(requests.collect::<Vec<_>>())
            .buffered(concurrency)
            .filter_map(futures::future::ready)
            .collect()
            .await
    }

    /// Looks until none of these objects (by UID) is there any more, and takes each that is gone out of `left`. With `excused`, an object
    /// that only waits for pods of lost nodes counts as gone: Kubernetes deletes it when the nodes come back, or are deleted.
    pub(crate) async fn until_gone(
        &self,
        left: &mut BTreeMap<ObjectId, String>,
        timeout: Duration,
        mut excused: Option<&mut Vec<Excused>>,
        cancel: &CancellationToken,
    ) -> Result<(), DeleteError> {
        let began = Instant::now();
        let mut asked_at = Duration::ZERO;
        let mut progress = Progress::begin(&self.shared.options.cluster);
        for looks in 0.. {
            let ids = left.keys().cloned().collect();
            let mut there: BTreeMap<ObjectId, Live> = BTreeMap::new();
            let mut unseen = Vec::new();
            for (id, observation) in self.observe(&ids, cancel).await {
                match observation {
                    Observation::Found(live) if left.get(&id).is_some_and(|uid| uid == live.uid()) => {
                        there.insert(id, live);
                    }
                    Observation::Unknown(source) if !source.is_cancelled() => unseen.push((id, source)),
                    Observation::Unknown(_) => {}
                    Observation::Found(_) | Observation::Absent => drop(left.remove(&id)),
                }
            }
            if let Some(excused) = &mut excused
                && began.elapsed() >= asked_at + NODES_EVERY
            {
                asked_at = began.elapsed();
                for (id, live) in &there {
                    let pods = self.left_behind(id, live, asked_at, cancel).await;
                    if !pods.is_empty() {
                        left.remove(id);
                        excused.extend(pods);
                    }
                }
            }
            if left.is_empty() {
                return Ok(());
            }
            if !unseen.is_empty() {
                return Err(DeleteError::Observe { failed: unseen });
            }
            if cancel.is_cancelled() {
                return Err(DeleteError::Cancelled { objects: left.keys().cloned().collect() });
            }
            if began.elapsed() >= timeout {
                let waited = began.elapsed();
                there.retain(|id, _| left.contains_key(id));
                return Err(DeleteError::Stuck { waited, objects: self.stuck(&there, cancel).await });
            }
            let stuck = there.iter().map(|(id, live)| Stuck::of(id, live).to_string());
            progress.waits_for(&format!("{} is being deleted", stuck.collect::<Vec<_>>().join(", ")));
            self.pause(looks, cancel).await;
        }
        Ok(())
    }

    /// The objects that do not go, with what holds each.
    async fn stuck(&self, there: &BTreeMap<ObjectId, Live>, cancel: &CancellationToken) -> Vec<Stuck> {
        let mut stuck = Vec::new();
        for (id, live) in there {
            let pods = self.waited_for(id, live, cancel).await;
            stuck.push(Stuck { pods, ..Stuck::of(id, live) });
        }
        stuck
    }

    /// Waits until it is time to look again, the first times soon, or the caller cancels.
    pub(crate) async fn pause(&self, looks: u32, cancel: &CancellationToken) {
        let soon = FIRST_LOOK.saturating_mul(1 << looks.min(16));
        let interval = self.shared.options.budgets.poll_interval.min(soon);
        tokio::select! {
            () = cancel.cancelled() => {}
            () = tokio::time::sleep(interval) => {}
        }
    }
}
