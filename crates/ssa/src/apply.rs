use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::apply_object::{ObjectError, Written, is_refused, refusal};
use crate::change_set::{Applied, Change, ChangeSet};
use crate::diff::{Compared, Comparing, Preflight, definitions};
use crate::diff_error::DiffError;
use crate::engine::Engine;
use crate::inventory::{Entry, Inventory};
use crate::inventory_error::InventoryError;
use crate::manifest::Manifest;
use crate::nodes::Excused;
use crate::object_id::ObjectId;
use crate::options::Policy;
use crate::request_error::RequestError;
use crate::stage::{Stage, StageReady};
use crate::wait::WaitError;

/// What was done, and why it did not go on.
#[derive(Debug)]
pub struct Outcome<E> {
    /// What was done, in order.
    pub changes: ChangeSet<Applied>,
    /// Pods that were not waited for.
    pub excused: Vec<Excused>,
    /// Why it stopped; `None` if all was done.
    pub error: Option<E>,
}

impl<E> Default for Outcome<E> {
    fn default() -> Self {
        Self { changes: ChangeSet::default(), excused: Vec::new(), error: None }
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
    /// Objects that must not be written: not ours, fields of others, immutable fields. Nothing was written, or, where the policy says to skip
    /// them, all others were.
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
    /// What was made, or (without a stage) what will be made next, could not be recorded.
    #[error("cannot record {}", recorded(stage))]
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

fn recorded(stage: &str) -> String {
    if stage.is_empty() {
        "what will be created next".to_owned()
    } else {
        format!("what stage {stage:?} created")
    }
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

/// How long discovery may take to list the kind of an established definition.
const LISTED: Duration = Duration::from_secs(10);

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
        self.apply_after(&Preflight::default(), stages, inventory, policy, cancel).await
    }

    /// The same, of stages that a preflight of this run has looked at: what was not there then is made without another look.
    pub async fn apply_after(
        &self,
        preflight: &Preflight,
        stages: &[Stage],
        inventory: &mut Inventory,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Outcome<ApplyError> {
        let mut outcome = Outcome::default();
        let (changes, absent) = (&mut outcome.changes, &preflight.absent);
        outcome.error = self.apply_stages(stages, inventory, (policy, absent), changes, cancel).await.err();
        outcome
    }

    async fn apply_stages(
        &self,
        stages: &[Stage],
        inventory: &mut Inventory,
        (policy, absent): (&Policy, &BTreeSet<ObjectId>),
        changes: &mut ChangeSet<Applied>,
        cancel: &CancellationToken,
    ) -> Result<(), ApplyError> {
        let definitions = definitions(stages.iter().flat_map(|stage| &stage.manifests));
        let comparing = Comparing { inventory: Some(inventory), policy, definitions: &definitions, absent };
        let mut ready = self.compare_stages(stages, &comparing, cancel).await?;
        self.record_missing(stages, inventory, cancel).await?;
        let mut skipped = Vec::new();
        for stage in stages {
            if cancel.is_cancelled() {
                return Err(ApplyError::Cancelled { stage: stage.name.clone() });
            }
            let before = inventory.clone();
            let comparing = Comparing { inventory: Some(&before), policy, definitions: &definitions, absent };
            let mut compared = self.compare_stage(stage, &mut ready, &comparing, cancel).await?;
            if policy.skip_refused {
                skipped.extend(take_refused(&mut compared, policy));
            }
            let writing = self.write_stage(stage, compared, &comparing, cancel);
            let written = self.holding(inventory, writing, cancel).await;
            let written =
                written.map_err(|source| ApplyError::Record { stage: stage.name.clone(), source })?;
            self.conclude_stage(stage, written, inventory, changes, cancel).await?;
        }
        if skipped.is_empty() { Ok(()) } else { Err(ApplyError::Refused { objects: skipped }) }
    }

    async fn compare_stages(
        &self,
        stages: &[Stage],
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<BTreeMap<ObjectId, Compared>, ApplyError> {
        let policy = comparing.policy;
        let manifests: Vec<Manifest> = stages.iter().flat_map(|stage| stage.manifests.clone()).collect();
        let compared = self.compare_all(&manifests, comparing, cancel).await;
        let compared = compared.map_err(|source| ApplyError::Compare { source })?;
        let refused: Vec<Change> = compared
            .iter()
            .filter(|compared| is_refused(&compared.change.action, policy))
            .map(|compared| compared.change.clone())
            .collect();
        if refused.is_empty() || policy.skip_refused {
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
        let objects = stages
            .iter()
            .flat_map(|stage| stage.manifests.iter().map(|manifest| (manifest.id(), stage.order)));
        let missing = objects.filter(|(id, _)| !inventory.entries().contains_key(id));
        let missing = missing.map(|(id, order)| (id.clone(), Some(Entry { uid: None, order }))).collect();
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
            let discovered = self.until_served(&late, comparing, cancel).await;
            discovered.map_err(|source| compare(DiffError::Discover { source }))?;
            for compared in self.compare_all(&late, comparing, cancel).await.map_err(compare)? {
                ready.insert(compared.change.id.clone(), compared);
            }
        }
        Ok(stage.manifests.iter().filter_map(|manifest| ready.remove(manifest.id())).collect())
    }

    /// Reads what the cluster serves until the kinds that the set defines are among it: a definition is established a moment
    /// before discovery lists its kind.
    async fn until_served(
        &self,
        manifests: &[Manifest],
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<(), RequestError> {
        let began = Instant::now();
        for looks in 0.. {
            let discovery = self.rediscover(cancel).await?;
            let is_served = |manifest: &Manifest| {
                let kind = manifest.id().group_kind();
                !comparing.definitions.contains_key(&kind)
                    || discovery.resource(&kind, Some(manifest.version())).is_some()
            };
            if manifests.iter().all(is_served) || began.elapsed() >= LISTED {
                break;
            }
            self.pause(looks, cancel).await;
        }
        Ok(())
    }

    async fn write_stage(
        &self,
        stage: &Stage,
        compared: Vec<Compared>,
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Vec<(ObjectId, Result<Written, ObjectError>)> {
        let manifests: BTreeMap<&ObjectId, &Manifest> =
            stage.manifests.iter().map(|manifest| (manifest.id(), manifest)).collect();
        let writes = compared.into_iter().filter_map(|compared| {
            let manifest = *manifests.get(&compared.change.id)?;
            Some(async move {
                let written = self.write_object(manifest, compared, comparing, cancel).await;
                (manifest.id().clone(), written)
            })
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
                    let entry = entry.map(|entry| Entry { order: stage.order, ..entry });
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
            let waited = self.holding(inventory, self.wait(&ids, timeout, cancel), cancel).await;
            let waited = waited.map_err(|source| ApplyError::Record { stage: name(), source })?;
            waited.map_err(|source| ApplyError::NotReady { stage: name(), source })?;
        }
        Ok(())
    }
}

/// Takes the objects that must not be written out of a stage.
fn take_refused(compared: &mut Vec<Compared>, policy: &Policy) -> Vec<Change> {
    let is_refused = |compared: &mut Compared| is_refused(&compared.change.action, policy);
    compared.extract_if(.., is_refused).map(|compared| compared.change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_lost_between_two_stages_names_no_empty_stage() {
        let text = |stage: &str| {
            let (namespace, name) = ("a".to_owned(), "b".to_owned());
            let source = InventoryError::NotClaimed { namespace, name };
            ApplyError::Record { stage: stage.to_owned(), source }.to_string()
        };
        assert_eq!(text(""), "cannot record what will be created next");
        assert_eq!(text("webhooks"), "cannot record what stage \"webhooks\" created");
    }
}
