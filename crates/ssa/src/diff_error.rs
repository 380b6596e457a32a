use std::sync::Arc;

use thiserror::Error;

use crate::object_id::ObjectId;
use crate::request_error::RequestError;

/// A manifest set could not be compared with the cluster.
#[derive(Debug, Error)]
pub enum DiffError {
    /// What kinds the cluster serves could not be read.
    #[error("cannot read which kinds the cluster serves")]
    Discover {
        /// Why.
        source: RequestError,
    },
    /// The schema of a kind could not be read.
    #[error("cannot read the schema of {api_version} {kind}")]
    Schema {
        /// Group and version.
        api_version: String,
        /// Kind.
        kind: String,
        /// Why.
        source: RequestError,
    },
    /// A live object could not be read.
    #[error("cannot read the live object of {id}")]
    Observe {
        /// The object.
        id: ObjectId,
        /// Why.
        source: Arc<RequestError>,
    },
    /// The cluster does not serve the kind in this version, and the set does not define it.
    #[error("the cluster does not serve {api_version} {} and the manifests do not define it", id.kind)]
    UnknownKind {
        /// The object.
        id: ObjectId,
        /// Group and version of its manifest.
        api_version: String,
    },
    /// A cluster-scoped kind's manifest counts as namespaced or the reverse.
    #[error("{id} must {}have a namespace", if *namespaced { "" } else { "not " })]
    Scope {
        /// The object.
        id: ObjectId,
        /// Whether the kind is namespaced in this cluster.
        namespaced: bool,
    },
}
