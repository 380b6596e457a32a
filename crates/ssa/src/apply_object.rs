//! Brings one object to what its manifest says.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::change_set::{Action, Change};
use crate::delete::Propagation;
use crate::delete_error::DeleteError;
use crate::diff::{Compared, Comparing};
use crate::diff_error::DiffError;
use crate::discovery::Resource;
use crate::engine::Engine;
use crate::inventory::Entry;
use crate::live::Live;
use crate::manifest::Manifest;
use crate::object_id::ObjectId;
use crate::options::Policy;
use crate::request_error::RequestError;
use crate::wanted::Body;
use crate::write::{Manner, WriteError};

/// How often an object that others change at the same time is compared and written again.
const CONTENTION_ATTEMPTS: usize = 5;
/// How long an object that is on its way out, or is recreated, may take to go.
const GOING: Duration = Duration::from_mins(2);

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

/// One object that was written, or found as wanted.
pub(crate) struct Written {
    pub action: Action,
    /// Absent if nothing of the object is ours; without a UID if the object itself is not.
    pub entry: Option<Entry>,
}

/// Whether an object must not be written.
pub(crate) fn is_refused(action: &Action, policy: &Policy) -> bool {
    match action {
        Action::Foreign { .. } | Action::Conflict { .. } => true,
        Action::Recreated { .. } => !policy.recreate,
        _ => false,
    }
}

/// Why an object must not be written.
pub(crate) fn refusal(change: &Change) -> String {
    let id = &change.id;
    match &change.action {
        Action::Foreign { managers, owner: Some(owner) } => {
            format!("{id} exists and belongs to {owner:?} (field managers: {})", managers.join(", "))
        }
        Action::Foreign { managers, owner: None } => {
            format!("{id} exists and was created by something else (field managers: {})", managers.join(", "))
        }
        Action::Conflict { conflicts, .. } => {
            let conflicts: Vec<String> = conflicts.iter().map(ToString::to_string).collect();
            format!("{id} has fields of other managers: {}", conflicts.join("; "))
        }
        Action::Recreated { immutable, .. } => {
            let immutable: Vec<String> = immutable.iter().map(ToString::to_string).collect();
            format!(
                "{id} would have to be deleted and recreated, because {} cannot change",
                immutable.join(", ")
            )
        }
        _ => id.to_string(),
    }
}

impl Engine {
    pub(crate) async fn write_object(
        &self,
        manifest: &Manifest,
        mut compared: Compared,
        comparing: &Comparing<'_>,
        cancel: &CancellationToken,
    ) -> Result<Written, ObjectError> {
        for _ in 0..CONTENTION_ATTEMPTS {
            match self.write_compared(manifest, &compared, comparing.policy, cancel).await {
                Err(ObjectError::Write(WriteError::Request(RequestError::Conflict { .. }))) => {
                    let comparing = Comparing { absent: &BTreeSet::new(), ..*comparing };
                    let again = self.compare_all(std::slice::from_ref(manifest), &comparing, cancel);
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
        let (live, action) = match (&compared.live, action) {
            (Some(_), Action::Left) => return Ok(Written { action: Action::Left, entry: None }),
            (Some(live), Action::Unchanged) => (live.clone(), action.clone()),
            (Some(live), Action::Recreated { .. }) => {
                (self.recreate(resource, id, live, &compared.wanted, cancel).await?, action.clone())
            }
            (Some(live), action) => self.change(resource, id, live, compared, action, policy, cancel).await?,
            (None, _) => {
                let going = compared.going.as_deref();
                (self.make(resource, id, going, &compared.wanted, cancel).await?, action.clone())
            }
        };
        let uid = (!compared.is_shared).then(|| live.uid().to_owned());
        Ok(Written { action, entry: Some(Entry { uid, ..Entry::default() }) })
    }

    /// Applies over a live object; one that the server says to be immutable in what changes is made again if the policy says so.
    #[allow(clippy::too_many_arguments, reason = "one call, of one object with all that is known of it")]
    async fn change(
        &self,
        resource: &Resource,
        id: &ObjectId,
        live: &Live,
        compared: &Compared,
        action: &Action,
        policy: &Policy,
        cancel: &CancellationToken,
    ) -> Result<(Live, Action), ObjectError> {
        let succeeded;
        let live = if compared.succeeds {
            succeeded = self.succeed(resource, id, live, &policy.predecessors, cancel).await;
            &succeeded.map_err(WriteError::from)?
        } else {
            live
        };
        let manner = Manner { force: compared.force, ..Manner::default() };
        match self.apply_over(resource, id, &compared.wanted, live, manner, cancel).await {
            Err(WriteError::Immutable { fields: immutable, .. }) if policy.recreate => {
                let fields = match action {
                    Action::Changed { fields, .. } => fields.clone(),
                    _ => Vec::new(),
                };
                let made = self.recreate(resource, id, live, &compared.wanted, cancel).await?;
                Ok((made, Action::Recreated { immutable, fields }))
            }
            written => Ok((written?, action.clone())),
        }
    }

    /// Deletes an object and makes it again.
    async fn recreate(
        &self,
        resource: &Resource,
        id: &ObjectId,
        live: &Live,
        wanted: &Body,
        cancel: &CancellationToken,
    ) -> Result<Live, ObjectError> {
        let deleted = self.request_deletion(resource, id, live.uid(), Propagation::Background, cancel).await;
        deleted.map_err(WriteError::from)?;
        self.make(resource, id, Some(live.uid()), wanted, cancel).await
    }

    /// Makes an object, after one of the same name that is on its way out is gone.
    async fn make(
        &self,
        resource: &Resource,
        id: &ObjectId,
        going: Option<&str>,
        wanted: &Body,
        cancel: &CancellationToken,
    ) -> Result<Live, ObjectError> {
        if let Some(uid) = going {
            let mut uids = BTreeMap::from([(id.clone(), uid.to_owned())]);
            self.until_gone(&mut uids, GOING, None, cancel).await?;
        }
        Ok(self.create(resource, id, wanted, cancel).await?)
    }
}
