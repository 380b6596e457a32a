//! The requests that change objects.

use http::{Method, StatusCode};
use kube::core::Status;
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::change_set::FieldConflict;
use crate::delete::Propagation;
use crate::discovery::Resource;
use crate::engine::Engine;
use crate::field_path::FieldPath;
use crate::immutable::{immutable_causes, server_path};
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::request::{Answer, Call};
use crate::request_error::{RequestError, Target, Verb};
use crate::wanted::Body;

const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// An object could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The request failed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Someone else made the object after it was seen to be absent. It was given back to them.
    #[error("{id} was created by {} in the meantime", managers.join(", "))]
    Appeared {
        /// The object.
        id: ObjectId,
        /// Its other field managers.
        managers: Vec<String>,
    },
    /// Others own fields that the manifest changes.
    #[error("other managers own fields of {id}: {}", shown(conflicts))]
    Conflict {
        /// The object.
        id: ObjectId,
        /// Managers, each with its fields.
        conflicts: Vec<FieldConflict>,
    },
    /// The server does not let these fields change.
    #[error("{id} would have to be deleted and recreated, because {} cannot change", paths(fields))]
    Immutable {
        /// The object.
        id: ObjectId,
        /// The fields, as the server names them.
        fields: Vec<FieldPath>,
        /// The answer.
        source: RequestError,
    },
    /// The object kept changing while it was being written.
    #[error("{id} kept being changed by something else while it was written")]
    Contended {
        /// The object.
        id: ObjectId,
    },
}

fn shown(conflicts: &[FieldConflict]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn paths(fields: &[FieldPath]) -> String {
    fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How one object is applied.
#[derive(Clone, Copy, Default)]
pub(crate) struct Manner {
    /// Whether fields are taken from others.
    pub force: bool,
    /// Whether the server only says what would come of it.
    pub dry_run: bool,
    /// Whether what is answered must not be repeated.
    pub is_confidential: bool,
}

impl Engine {
    /// Makes an object that was seen to be absent.
    ///
    /// Server-side apply has no "only if absent". The answer's code tells: 200 instead of 201 at the first attempt means that someone else
    /// made the object in between; then the fields just taken are given back. An object that only we have written is one of an earlier
    /// run of ours, whose request came late.
    pub(crate) async fn create(
        &self,
        resource: &Resource,
        id: &ObjectId,
        wanted: &Body,
        cancel: &CancellationToken,
    ) -> Result<Live, WriteError> {
        let manner = Manner { is_confidential: wanted.is_confidential, ..Manner::default() };
        let answer = self.send_apply(resource, id, wanted.json(), manner, cancel).await?;
        let live = Live::of(answer.content);
        let mut managers = live.managers();
        managers.retain(|manager| *manager != self.shared.options.field_manager);
        if answer.status == StatusCode::CREATED || answer.attempts > 1 || managers.is_empty() {
            return Ok(live);
        }
        self.give_back(resource, id, &live, cancel).await?;
        Err(WriteError::Appeared { id: id.clone(), managers })
    }

    /// Owns no field of a live object any more: those that are nobody else's go.
    pub(crate) async fn give_back(
        &self,
        resource: &Resource,
        id: &ObjectId,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Result<(), WriteError> {
        let nothing = json!({
            "apiVersion": resource.api_version(),
            "kind": id.kind,
            "metadata": {"name": id.name, "resourceVersion": live.resource_version()},
        });
        let nothing = nothing.to_string().into_bytes();
        self.send_apply(resource, id, nothing, Manner::default(), cancel).await.map(drop)
    }

    /// Applies over a live object. Taking fields from others holds only for the state that was compared.
    pub(crate) async fn apply_over(
        &self,
        resource: &Resource,
        id: &ObjectId,
        wanted: &Body,
        live: &Live,
        manner: Manner,
        cancel: &CancellationToken,
    ) -> Result<Live, WriteError> {
        let manner = Manner { is_confidential: wanted.is_confidential, ..manner };
        let body = wanted.json_over(live.uid(), manner.force.then(|| live.resource_version()));
        Ok(Live::of(self.send_apply(resource, id, body, manner, cancel).await?.content))
    }

    pub(crate) async fn send_apply(
        &self,
        resource: &Resource,
        id: &ObjectId,
        body: Vec<u8>,
        manner: Manner,
        cancel: &CancellationToken,
    ) -> Result<Answer<Value>, WriteError> {
        let Manner { force, dry_run, is_confidential } = manner;
        let manager = encode(&self.shared.options.field_manager);
        let dry_run = if dry_run { "&dryRun=All" } else { "" };
        let uri = format!("{}?fieldManager={manager}&force={force}{dry_run}", resource.path(id));
        let call = Call::new(Verb::Apply, Target::Object(id.clone()), Method::PATCH, uri, APPLY_PATCH, body);
        let call = call.confidential(is_confidential);
        self.send(&call, cancel).await.map_err(|error| write_error(id, error))
    }

    /// Asks for an object's deletion, if it is still the one with this UID. An object that is gone is no error.
    pub(crate) async fn request_deletion(
        &self,
        resource: &Resource,
        id: &ObjectId,
        uid: &str,
        propagation: Propagation,
        cancel: &CancellationToken,
    ) -> Result<(), RequestError> {
        let options = json!({
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "propagationPolicy": propagation.policy(),
            "preconditions": {"uid": uid},
        });
        let target = Target::Object(id.clone());
        let body = options.to_string().into_bytes();
        let call =
            Call::new(Verb::Delete, target, Method::DELETE, resource.path(id), "application/json", body);
        match self.read::<IgnoredAny>(&call, cancel).await {
            // Conflict: the name belongs to another object by now, so that ours is gone.
            Ok(_) | Err(RequestError::NotFound { .. } | RequestError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What the server's refusal of a write says about fields.
fn write_error(id: &ObjectId, error: RequestError) -> WriteError {
    match &error {
        RequestError::Conflict { source, .. } => {
            let conflicts = field_conflicts(source);
            if !conflicts.is_empty() {
                return WriteError::Conflict { id: id.clone(), conflicts };
            }
        }
        RequestError::Refused { source, .. } => {
            let fields = immutable_causes(source);
            if !fields.is_empty() {
                return WriteError::Immutable { id: id.clone(), fields, source: error };
            }
        }
        _ => {}
    }
    error.into()
}

/// Reads managers and fields out of the server's conflict (`FieldManagerConflict`).
fn field_conflicts(status: &Status) -> Vec<FieldConflict> {
    let mut conflicts: Vec<FieldConflict> = Vec::new();
    for cause in status.details.iter().flat_map(|details| &details.causes) {
        if cause.reason != "FieldManagerConflict" {
            continue;
        }
        let manager = cause.message.split('"').nth(1).unwrap_or(&cause.message).to_owned();
        let field = server_path(&cause.field);
        // Of a manager that updates, the server also says with which version: `conflict with "kubectl-edit" using apps/v1`.
        let applies = !cause.message.contains("\" using ");
        let is_its =
            |conflict: &&mut FieldConflict| conflict.manager == manager && conflict.applies == applies;
        match conflicts.iter_mut().find(is_its) {
            Some(conflict) => conflict.fields.push(field),
            None => conflicts.push(FieldConflict { manager, applies, fields: vec![field] }),
        }
    }
    conflicts.sort();
    conflicts
}
