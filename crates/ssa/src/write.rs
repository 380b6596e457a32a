//! The requests that change objects.

use http::{Method, StatusCode};
use serde_json::{Value, json};
use thiserror::Error;
use tokio_util::sync::CancellationToken;

use crate::change_set::FieldConflict;
use crate::delete::Propagation;
use crate::discovery::Resource;
use crate::engine::Engine;
use crate::field_path::FieldPath;
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::request::{Answer, Call, parse};
use crate::request_error::{RequestError, Target, Verb};

const APPLY_PATCH: &str = "application/apply-patch+yaml";

/// An object could not be written.
#[derive(Debug, Error)]
pub enum WriteError {
    /// The request failed.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Someone else made the object after it was seen to be absent. It was given back to them.
    #[error("{id} was made by {} in the meantime", managers.join(", "))]
    Appeared {
        /// The object.
        id: ObjectId,
        /// Its other field managers.
        managers: Vec<String>,
    },
    /// Others own fields that the manifest changes.
    #[error("others own fields of {id}: {}", shown(conflicts))]
    Conflict {
        /// The object.
        id: ObjectId,
        /// Managers, each with its fields.
        conflicts: Vec<FieldConflict>,
    },
    /// The object kept changing while it was being written.
    #[error("{id} kept being changed by others while it was written")]
    Contended {
        /// The object.
        id: ObjectId,
    },
}

fn shown(conflicts: &[FieldConflict]) -> String {
    conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Engine {
    /// Makes an object that was seen to be absent.
    ///
    /// Server-side apply has no "only if absent". The answer's code tells: 200 instead of 201 at the first attempt means that someone else
    /// made the object in between; then the fields just taken are given back.
    pub(crate) async fn create(
        &self,
        resource: &Resource,
        id: &ObjectId,
        wanted: &Value,
        cancel: &CancellationToken,
    ) -> Result<Live, WriteError> {
        let (answer, live) = self.send_apply(resource, id, wanted, false, cancel).await?;
        if answer.status == StatusCode::CREATED || answer.attempts > 1 {
            return Ok(live);
        }
        self.give_back(resource, id, &live, cancel).await?;
        let mut managers = live.managers();
        managers.retain(|manager| *manager != self.shared.options.field_manager);
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
        self.send_apply(resource, id, &nothing, false, cancel).await.map(drop)
    }

    /// Applies over a live object. Taking fields from others (`force`) holds only for the state that was compared.
    pub(crate) async fn apply_over(
        &self,
        resource: &Resource,
        id: &ObjectId,
        wanted: &Value,
        live: &Live,
        force: bool,
        cancel: &CancellationToken,
    ) -> Result<Live, WriteError> {
        let mut wanted = wanted.clone();
        wanted["metadata"]["uid"] = Value::String(live.uid().to_owned());
        if force {
            wanted["metadata"]["resourceVersion"] = Value::String(live.resource_version().to_owned());
        }
        Ok(self.send_apply(resource, id, &wanted, force, cancel).await?.1)
    }

    async fn send_apply(
        &self,
        resource: &Resource,
        id: &ObjectId,
        wanted: &Value,
        force: bool,
        cancel: &CancellationToken,
    ) -> Result<(Answer, Live), WriteError> {
        let manager = encode(&self.shared.options.field_manager);
        let uri = format!("{}?fieldManager={manager}&force={force}", resource.path(id));
        let body = wanted.to_string().into_bytes();
        let call = Call::new(Verb::Apply, Target::Object(id.clone()), Method::PATCH, uri, APPLY_PATCH, body);
        let answer = self.send(&call, cancel).await.map_err(|error| field_conflict(id, error))?;
        let live = Live::new(parse(&call, &answer.body)?);
        Ok((answer, live))
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
        match self.send(&call, cancel).await {
            // Conflict: the name belongs to another object by now, so that ours is gone.
            Ok(_) | Err(RequestError::NotFound { .. } | RequestError::Conflict { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// Reads managers and fields out of the server's conflict (`FieldManagerConflict`).
fn field_conflict(id: &ObjectId, error: RequestError) -> WriteError {
    let RequestError::Conflict { source, .. } = &error else { return error.into() };
    let mut conflicts: Vec<FieldConflict> = Vec::new();
    for cause in source.details.iter().flat_map(|details| &details.causes) {
        if cause.reason != "FieldManagerConflict" {
            continue;
        }
        let manager = cause.message.split('"').nth(1).unwrap_or(&cause.message).to_owned();
        let field: FieldPath = server_path(&cause.field);
        match conflicts.iter_mut().find(|conflict| conflict.manager == manager) {
            Some(conflict) => conflict.fields.push(field),
            None => conflicts.push(FieldConflict { manager, fields: vec![field] }),
        }
    }
    if conflicts.is_empty() {
        return error.into();
    }
    conflicts.sort();
    WriteError::Conflict { id: id.clone(), conflicts }
}

/// The server writes `.spec.containers[name="a"].image`; what cannot be read is kept as one member.
fn server_path(text: &str) -> FieldPath {
    let trimmed = text.trim_start_matches('.');
    trimmed.parse().unwrap_or_else(|_| FieldPath::root().field(trimmed))
}
