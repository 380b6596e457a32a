use std::collections::BTreeMap;
use std::time::Duration;

use futures::{StreamExt, stream};
use serde_json::Value;
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::change_set::{Action, Applied, Change, ChangeSet};
use crate::delete::{DeleteError, Propagation};
use crate::diff::{Compared, Comparing, Definitions, DiffError, definitions};
use crate::discovery::Resource;
use crate::engine::Engine;
use crate::inventory::{Entry, Inventory};
use crate::inventory_error::InventoryError;
use crate::live::Live;
use crate::manifest::Manifest;
use crate::object_id::ObjectId;
use crate::options::Policy;
use crate::request_error::RequestError;
use crate::stage::{Stage, StageReady};
use crate::wait::WaitError;
use crate::write::WriteError;

/// How often an object that others change at the same time is compared and written again.
const CONTENTION_ATTEMPTS: usize = 5;
/// How long an object that is on its way out, or is recreated, may take to go.
const GOING: Duration = Duration::from_mins(2);

/// What was done, and why it did not go on.
#[derive(Debug)]
pub struct Outcome<E> {
    /// What was done, in order.
    pub changes: ChangeSet<Applied>,
    /// Why it stopped; `None` if all was done.
    pub error: Option<E>,
}

impl<E> Default for Outcome<E> {
    fn default() -> Self {
        Self { changes: ChangeSet::default(), error: None }
    }
}

/// A set could not be applied completely.
#[derive(Debug, Error)]
pub enum ApplyError {
    /// The set could not be compared with the cluster. Nothing of this stage was written; `stage` is empty before the first one.
    #[error("cannot compare the manifests with the cluster")]
    Compare {
        /// Why.
        source: DiffError,
    },
    /// Objects that must not be written: not ours, fields of others, immutable fields. Nothing was written.
    #[error("{} cannot be applied: {}", count(objects.len()), refused(objects))]
    Refused {
        /// The objects, each with the reason as its action.
        objects: Vec<Change>,
    },
    /// Objects of a stage could not be written. The others of the same stage were.
    #[error("{} of stage {stage:?} could not be written: {}", count(failed.len()), causes(failed))]
    Write {
        /// The stage.
        stage: String,
        /// The objects and why.
        failed: Vec<(ObjectId, ObjectError)>,
    },
    /// A stage was written and did not become ready.
    #[error("stage {stage:?} did not become ready")]
    NotReady {
        /// The stage.
        stage: String,
        /// Why.
        source: WaitError,
    },
    /// What was made could not be recorded.
    #[error("cannot record what stage {stage:?} made")]
    Record {
        /// The stage.
        stage: String,
        /// Why.
        source: InventoryError,
    },
    /// The caller cancelled before this stage was written.
    #[error("cancelled before stage {stage:?}")]
    Cancelled {
        /// The stage.
        stage: String,
    },
}

/// One object could not be brought to what its manifest says.
#[derive(Debug, Error)]
pub enum ObjectError {
    /// It could not be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// It had to be compared again and could not be.
    #[error(transparent)]
    Compare(#[from] DiffError),
    /// It has to go first and did not.
    #[error(transparent)]
    Delete(#[from] DeleteError),
    /// It must not be written, as was found only now.
    #[error("{}", refusal(.0))]
    Refused(Change),
}

fn count(objects: usize) -> String {
    if objects == 1 { "1 object".to_owned() } else { format!("{objects} objects") }
}

/// Several causes cannot all be one error's source, so they stand in its text, each with its own causes.
fn causes(failed: &[(ObjectId, ObjectError)]) -> String {
    failed.iter().map(|(_, error)| chain(error)).collect::<Vec<_>>().join("; ")
}

fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

fn refused(changes: &[Change]) -> String {
    changes.iter().map(refusal).collect::<Vec<_>>().join("; ")
}

fn refusal(change: &Change) -> String {
    let id = &change.id;
    match &change.action {
        Action::Foreign { managers, owner: Some(owner) } => {
            format!("{id} exists and belongs to {owner:?} (field managers: {})", managers.join(", "))
        }
        Action::Foreign { managers, owner: None } => {
            format!("{id} exists and was made by others (field managers: {})", managers.join(", "))
        }
        Action::Conflict { conflicts, .. } => {
            let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            format!("{id} has fields of others: {}", conflicts.join("; "))
        }
        Action::Recreated { immutable, .. } => {
            let immutable: Vec<String> = immutable.iter().map(ToString::to_string).collect();
            format!(
                "{id} would have to be deleted and made again, because {} cannot change",
                immutable.join(", ")
            )
        }
        _ => id.to_string(),
    }
}

impl Engine {
    /// Applies stage after stage, each when the one before is as ready as it asks for.
    ///
    /// Before the first write everything that can be compared is: if an object must not be written (not ours, conflict, immutable
    /// field without permission to recreate), nothing is. Inside a stage objects are independent: one that fails does not stop the others, but no further
    /// stage begins. Every object is in the inventory before it is made, and its UID after its stage.
    pub async fn apply(
        &self,
        stages: &[Stage],
        inventory: &mut Inventory,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Outcome<ApplyError> {
        let mut outcome = Outcome::default();
        outcome.error =
            self.apply_stages(stages, inventory, policy, &mut outcome.changes, cancel).await.err();
        outcome
    }

    async fn apply_stages(
        &self,
        stages: &[Stage],
        inventory: &mut Inventory,
        policy: &Policy,
        changes: &mut ChangeSet<Applied>,
        cancel: &CancellationToken,
    ) -> Result<(), ApplyError> {
        let definitions = definitions(stages.iter().flat_map(|stage| &stage.manifests));
        let mut ready = self.preflight(stages, inventory, policy, &definitions, cancel).await?;
        self.record_missing(stages, inventory, cancel).await?;
        for stage in stages {
            if cancel.is_cancelled() {
                return Err(ApplyError::Cancelled { stage: stage.name.clone() });
            }
            let comparing = Comparing { inventory: Some(inventory), policy, definitions: &definitions };
            let compared = self.compare_stage(stage, &mut ready, &comparing, cancel).await?;
            let written = self.write_stage(&stage.manifests, compared, &comparing, cancel).await;
            self.conclude_stage(stage, written, inventory, changes, cancel).await?;
        }
        Ok(())
    }

    async fn preflight(
        &self,
        stages: &[Stage],
        inventory: &Inventory,
        policy: &Policy,
        definitions: &Definitions,
        cancel: &CancellationToken,
    ) -> Result<BTreeMap<ObjectId, Compared>, ApplyError> {
        let manifests: Vec<Manifest> = stages.iter().flat_map(|stage| stage.manifests.clone()).collect();
        let comparing = Comparing { inventory: Some(inventory), policy, definitions };
        let compared = self.compare_all(&manifests, &comparing, cancel).await;
        let compared = compared.map_err(|source| ApplyError::Compare { source })?;
        let refused: Vec<Change> = compared
            .iter()
            .filter(|compared| is_refused(&compared.change.action, policy))
            .map(|compared| compared.change.clone())
            .collect();
        if refused.is_empty() {
            Ok(compared.into_iter().map(|compared| (compared.change.id.clone(), compared)).collect())
        } else {
            Err(ApplyError::Refused { objects: refused })
        }
    }

    /// Records objects that the inventory was not claimed for, before any of them is made.
    async fn record_missing(
        &self,
        stages: &[Stage],
        inventory: &mut Inventory,
        cancel: &CancellationToken,
    ) -> Result<(), ApplyError> {
        let ids = stages.iter().flat_map(|stage| &stage.manifests).map(Manifest::id);
        let missing = ids.filter(|id| !inventory.entries().contains_key(id));
        let missing = missing.map(|id| (id.clone(), Some(Entry::default()))).collect();
        let recorded = self.record(inventory, &missing, cancel).await;
        recorded.map_err(|source| ApplyError::Record { stage: String::new(), source })
    }

    /// The comparisons of one stage. Objects whose kind, or whose version of it, was not there at first are compared now.
    async fn compare_stage(
        &self,
        stage: &Stage,
        ready: &mut BTreeMap<ObjectId, Compared>,
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<Vec<Compared>, ApplyError> {
        let is_late = |manifest: &&Manifest| {
            let compared = ready.get(manifest.id());
            let resource = compared.and_then(|compared| compared.resource.as_ref());
            resource.is_none_or(|resource| resource.version != manifest.version())
        };
        let late: Vec<Manifest> = stage.manifests.iter().filter(is_late).cloned().collect();
        if !late.is_empty() {
            let compare = |source| ApplyError::Compare { source };
            let discovered = self.rediscover(cancel).await;
            discovered.map_err(|source| compare(DiffError::Discover { source }))?;
            for compared in self.compare_all(&late, comparing, cancel).await.map_err(compare)? {
                ready.insert(compared.change.id.clone(), compared);
            }
        }
        Ok(stage.manifests.iter().filter_map(|manifest| ready.remove(manifest.id())).collect())
    }

    async fn write_stage(
        &self,
        manifests: &[Manifest],
        compared: Vec<Compared>,
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Vec<(ObjectId, Result<Written, ObjectError>)> {
        let writes = manifests.iter().zip(compared).map(|(manifest, compared)| async move {
            let written = self.write_object(manifest, compared, comparing, cancel).await;
            (manifest.id().clone(), written)
        });
        stream::iter(writes.collect::<Vec<_>>())
            .buffered(self.shared.options.concurrency.max(1))
            .collect()
            .await
    }

    /// Records what a stage made, also when part of it failed, and waits until it is ready.
    async fn conclude_stage(
        &self,
        stage: &Stage,
        written: Vec<(ObjectId, Result<Written, ObjectError>)>,
        inventory: &mut Inventory,
        changes: &mut ChangeSet<Applied>,
        cancel: &CancellationToken,
    ) -> Result<(), ApplyError> {
        let mut failed = Vec::new();
        let mut recorded: BTreeMap<ObjectId, Option<Entry>> = BTreeMap::new();
        for (id, written) in written {
            match written {
                Ok(Written { action, entry }) => {
                    recorded.insert(id.clone(), entry);
                    changes.push(Change { id, action });
                }
                Err(error) => failed.push((id, error)),
            }
        }
        let name = || stage.name.clone();
        let record = self.record(inventory, &recorded, cancel).await;
        if !failed.is_empty() {
            return Err(ApplyError::Write { stage: name(), failed });
        }
        record.map_err(|source| ApplyError::Record { stage: name(), source })?;
        if let StageReady::Within(timeout) = stage.ready {
            let ids = recorded.into_keys().collect();
            self.wait(&ids, timeout, cancel)
                .await
                .map_err(|source| ApplyError::NotReady { stage: name(), source })?;
        }
        Ok(())
    }

    async fn write_object(
        &self,
        manifest: &Manifest,
        mut compared: Compared,
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<Written, ObjectError> {
        for _ in 0..CONTENTION_ATTEMPTS {
            match self.write_compared(manifest, &compared, comparing.policy, cancel).await {
                Err(ObjectError::Write(WriteError::Request(RequestError::Conflict { .. }))) => {
                    let again = self.compare_all(std::slice::from_ref(manifest), comparing, cancel);
                    compared = again.await?.into_iter().next().unwrap_or(compared);
                }
                written => return written,
            }
        }
        Err(WriteError::Contended { id: manifest.id().clone() }.into())
    }

    async fn write_compared(
        &self,
        manifest: &Manifest,
        compared: &Compared,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Result<Written, ObjectError> {
        let (id, Change { action, .. }) = (manifest.id(), &compared.change);
        if is_refused(action, policy) {
            return Err(ObjectError::Refused(compared.change.clone()));
        }
        let Some(resource) = &compared.resource else {
            let api_version = manifest.api_version();
            return Err(DiffError::UnknownKind { id: id.clone(), api_version }.into());
        };
        let wanted = &compared.wanted;
        let written = match (&compared.live, action) {
            (Some(_), Action::Left) => return Ok(Written { action: Action::Left, entry: None }),
            (Some(live), Action::Unchanged) => live.clone(),
            (Some(live), Action::Recreated { .. }) => {
                self.request_deletion(resource, id, live.uid(), Propagation::Background, cancel)
                    .await
                    .map_err(WriteError::from)?;
                self.make(resource, id, Some(live.uid()), wanted, cancel).await?
            }
            (Some(live), _) => self.apply_over(resource, id, wanted, live, compared.force, cancel).await?,
            (None, _) => self.make(resource, id, compared.going.as_deref(), wanted, cancel).await?,
        };
        let uid = (!compared.is_shared).then(|| written.uid().to_owned());
        Ok(Written { action: action.clone(), entry: Some(Entry { uid }) })
    }

    /// Makes an object, after one of the same name that is on its way out is gone.
    async fn make(
        &self,
        resource: &Resource,
        id: &ObjectId,
        going: Option<&str>,
        wanted: &Value,
        cancel: &CancellationToken,
    ) -> Result<Live, ObjectError> {
        if let Some(uid) = going {
            let mut uids = BTreeMap::from([(id.clone(), uid.to_owned())]);
            self.until_gone(&mut uids, GOING, cancel).await?;
        }
        Ok(self.create(resource, id, wanted, cancel).await?)
    }
}

/// One object that was written, or found as wanted.
struct Written {
    action: Action,
    /// Absent if nothing of the object is ours; without a UID if the object itself is not.
    entry: Option<Entry>,
}

fn is_refused(action: &Action, policy: &Policy) -> bool {
    match action {
        Action::Foreign { .. } | Action::Conflict { .. } => true,
        Action::Recreated { .. } => !policy.recreate,
        _ => false,
    }
}
