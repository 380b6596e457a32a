use k8s_openapi::jiff::Timestamp;
use thiserror::Error;

use crate::object_id::ObjectId;
use crate::request_error::RequestError;
use crate::write::WriteError;

/// An inventory could not be read, claimed or written.
#[derive(Debug, Error)]
pub enum InventoryError {
    /// The ConfigMap or one of its shards could not be read.
    #[error("cannot read the inventory {namespace}/{name}")]
    Read {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// Why.
        source: RequestError,
    },
    /// The ConfigMap or one of its shards could not be written.
    #[error("cannot write the inventory {namespace}/{name}")]
    Write {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// Why.
        source: RequestError,
    },
    /// The ConfigMap's content is not an inventory.
    #[error("the ConfigMap {namespace}/{name} is not a readable inventory: {reason}")]
    Malformed {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// Which part, and why.
        reason: String,
    },
    /// The inventory is of a set with another identity.
    #[error("the inventory {namespace}/{name} belongs to {identity:?}")]
    OtherIdentity {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// Whose it is.
        identity: String,
    },
    /// Another run works with the inventory.
    #[error("{holder:?} is working with the inventory {namespace}/{name} until {expires}")]
    Held {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// The other run.
        holder: String,
        /// End of its claim unless renewed.
        expires: Timestamp,
    },
    /// The set exists already, although nothing was expected: it was complete once, or its run gave it back with an error.
    #[error("the inventory {namespace}/{name} says that this set is already installed")]
    AlreadyInstalled {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// Digest of the set that is installed.
        digest: String,
    },
    /// Another run took the inventory over, or it was deleted, while we were working.
    #[error("the inventory {namespace}/{name} was taken over while this run was working")]
    Lost {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
        /// The run that has it now, if any.
        holder: Option<String>,
    },
    /// The inventory was only read, or given back: only a run that claimed it may write.
    #[error("the inventory {namespace}/{name} is not claimed")]
    NotClaimed {
        /// Namespace of the ConfigMap.
        namespace: String,
        /// Name of the ConfigMap.
        name: String,
    },
    /// The namespace that the inventory is kept in does not exist and is not part of the set.
    #[error("the namespace {namespace} for the inventory does not exist and is not part of the set")]
    NoNamespace {
        /// The namespace.
        namespace: String,
    },
    /// The namespace that the inventory is kept in could not be made.
    #[error("cannot create the namespace for the inventory, {id}")]
    Namespace {
        /// The namespace.
        id: ObjectId,
        /// Why.
        source: Box<WriteError>,
    },
}
