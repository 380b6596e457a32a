use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use crate::inventory_error::InventoryError;
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::request_error::RequestError;
use crate::write::WriteError;

/// Objects could not be deleted, or what was deleted could not be recorded. The inventory still has what is not known to be gone.
#[derive(Debug, Error)]
pub enum DeleteError {
    /// What kinds the cluster serves could not be read.
    #[error("cannot read which kinds the cluster serves")]
    Discover {
        /// Why.
        source: RequestError,
    },
    /// Objects could not be read. The others of the same rank were deleted.
    #[error("cannot check whether these are still there: {}", unseen(failed))]
    Observe {
        /// The objects and why.
        failed: Vec<(ObjectId, Arc<RequestError>)>,
    },
    /// The server did not take some deletions. The others of the same rank were asked for.
    #[error("cannot delete {}", ids(failed))]
    Request {
        /// The objects and why.
        failed: Vec<(ObjectId, RequestError)>,
    },
    /// The fields of an object that stays others' could not be given back.
    #[error("cannot release the fields of {id}")]
    GiveBack {
        /// The object.
        id: ObjectId,
        /// Why.
        source: WriteError,
    },
    /// Objects are still there after the time allowed.
    #[error("still there after {waited:.0?}: {}", stuck(objects))]
    Stuck {
        /// For how long they were waited for.
        waited: Duration,
        /// The objects, with what holds each.
        objects: Vec<Stuck>,
    },
    /// The caller cancelled.
    #[error("cancelled while {} are being deleted", list(objects))]
    Cancelled {
        /// The objects that are not known to be gone.
        objects: Vec<ObjectId>,
    },
    /// The inventory could not be written.
    #[error("cannot record what was deleted")]
    Record {
        /// Why.
        source: InventoryError,
    },
}

/// An object that does not go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// The object.
    pub id: ObjectId,
    /// Whether the server has accepted its deletion.
    pub is_terminating: bool,
    /// Its finalizers: who has to agree first.
    pub finalizers: Vec<String>,
    /// Pods that it waits for, with their nodes.
    pub pods: Vec<String>,
    /// What the object's conditions say about its deletion; for a namespace, what is left inside.
    pub conditions: Vec<String>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.id)?;
        if !self.finalizers.is_empty() {
            write!(f, " (held by finalizers {})", self.finalizers.join(", "))?;
        }
        self.pods.iter().try_for_each(|pod| write!(f, " (waits for {pod})"))?;
        self.conditions.iter().try_for_each(|condition| write!(f, " ({condition})"))
    }
}

fn ids(failed: &[(ObjectId, RequestError)]) -> String {
    failed.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ")
}

fn unseen(failed: &[(ObjectId, Arc<RequestError>)]) -> String {
    failed.iter().map(|(id, error)| format!("{id} ({error})")).collect::<Vec<_>>().join("; ")
}

fn stuck(objects: &[Stuck]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

fn list(objects: &[ObjectId]) -> String {
    objects.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

impl Stuck {
    pub(crate) fn of(id: &ObjectId, live: &Live) -> Self {
        let conditions = live.value()["status"]["conditions"].as_array().into_iter().flatten();
        let conditions =
            conditions.filter(|condition| id.kind == "Namespace" && condition["status"] == "True");
        Self {
            id: id.clone(),
            is_terminating: live.is_terminating(),
            finalizers: live.finalizers().into_iter().map(str::to_owned).collect(),
            pods: Vec::new(),
            conditions: conditions.map(shown_condition).collect(),
        }
    }
}

fn shown_condition(condition: &Value) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    format!("{}: {}", text("type"), text("message"))
}
