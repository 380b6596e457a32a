use std::fmt;
use std::time::Duration;

use kube::core::Status;
use thiserror::Error;

use crate::object_id::{GroupKind, ObjectId};

/// What a request does, in the API's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Reads one object, or a document of the server.
    Get,
    /// Reads the objects of one kind.
    List,
    /// Creates an object.
    Create,
    /// Replaces an object.
    Update,
    /// Server-side apply.
    Apply,
    /// Changes single fields.
    Patch,
    /// Deletes an object.
    Delete,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Apply => "apply",
            Self::Patch => "patch",
            Self::Delete => "delete",
        })
    }
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One object.
    Object(ObjectId),
    /// The objects of one kind, in one namespace or (empty) all of them.
    Kind(GroupKind, String),
    /// A document of the server, by its path: discovery or a schema.
    Document(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Object(id) => id.fmt(f),
            Self::Kind(kind, namespace) if namespace.is_empty() => write!(f, "{kind} in all namespaces"),
            Self::Kind(kind, namespace) => write!(f, "{kind} in namespace {namespace}"),
            Self::Document(path) => f.write_str(path),
        }
    }
}

/// A request did not succeed. The message names verb and object; the cause is the source.
#[derive(Debug, Error)]
pub enum RequestError {
    /// The credentials are not valid (401), also after getting fresh ones where that was possible.
    #[error("the server does not accept the credentials to {verb} {target}")]
    Unauthorized {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// The answer.
        source: Box<Status>,
    },
    /// Fresh credentials could not be got.
    #[error("cannot get fresh credentials to {verb} {target}")]
    Reauthenticate {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// Why.
        source: Box<kube::Error>,
    },
    /// RBAC or another authorizer says no (403).
    #[error("not permitted to {verb} {target}")]
    Forbidden {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// The answer.
        source: Box<Status>,
    },
    /// There is no such object (404).
    #[error("cannot {verb} {target}: it does not exist")]
    NotFound {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// The answer.
        source: Box<Status>,
    },
    /// The object changed in between, exists already, or fields belong to others (409).
    #[error("cannot {verb} {target}: conflict")]
    Conflict {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// The answer.
        source: Box<Status>,
    },
    /// The server refuses what was sent: invalid (422), malformed (400), denied by admission, gone (410) and all other 4xx.
    #[error("the server rejects the request to {verb} {target}")]
    Refused {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// The answer.
        source: Box<Status>,
    },
    /// The server answered with 429 or 5xx until the time for retries was used up.
    #[error("cannot {verb} {target} after {attempts} attempts in {elapsed:.0?}")]
    Unavailable {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// How often it was tried.
        attempts: u32,
        /// For how long.
        elapsed: Duration,
        /// The last answer.
        source: Box<Status>,
    },
    /// No complete answer came until the time for retries was used up.
    #[error("cannot reach the server to {verb} {target} after {attempts} attempts in {elapsed:.0?}")]
    Unreachable {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// How often it was tried.
        attempts: u32,
        /// For how long.
        elapsed: Duration,
        /// The last failure.
        source: Transport,
    },
    /// The answer is not what the API promises.
    #[error("cannot read the server's response to {verb} {target}")]
    Malformed {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
        /// Why.
        source: serde_json::Error,
    },
    /// The caller cancelled.
    #[error("cancelled before the end of {verb} {target}")]
    Cancelled {
        /// What was asked for.
        verb: Verb,
        /// Of what.
        target: Box<Target>,
    },
}

/// Why no answer came.
#[derive(Debug, Error)]
pub enum Transport {
    /// Connecting, TLS or the exchange failed.
    #[error("the request failed in transit")]
    Failed(#[source] Box<kube::Error>),
    /// The answer did not come in time.
    #[error("no response within {0:?}")]
    TimedOut(Duration),
    /// The request cannot be written as HTTP.
    #[error("the request is not valid HTTP")]
    Http(#[from] http::Error),
}

impl Transport {
    /// Whether the same request may get an answer later.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Failed(error) => !matches!(**error, kube::Error::Auth(_)),
            Self::TimedOut(_) => true,
            Self::Http(_) => false,
        }
    }
}

impl RequestError {
    /// What was asked for, and of what.
    pub fn subject(&self) -> (Verb, &Target) {
        match self {
            Self::Unauthorized { verb, target, .. }
            | Self::Reauthenticate { verb, target, .. }
            | Self::Forbidden { verb, target, .. }
            | Self::NotFound { verb, target, .. }
            | Self::Conflict { verb, target, .. }
            | Self::Refused { verb, target, .. }
            | Self::Unavailable { verb, target, .. }
            | Self::Unreachable { verb, target, .. }
            | Self::Malformed { verb, target, .. }
            | Self::Cancelled { verb, target } => (*verb, target),
        }
    }

    /// What the server answered, if it did.
    pub fn status(&self) -> Option<&Status> {
        match self {
            Self::Unauthorized { source, .. }
            | Self::Forbidden { source, .. }
            | Self::NotFound { source, .. }
            | Self::Conflict { source, .. }
            | Self::Refused { source, .. }
            | Self::Unavailable { source, .. } => Some(source),
            _ => None,
        }
    }

    /// Whether there is no such object.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether the server does not serve the kind at all: only what says that an object does not exist names it.
    pub(crate) fn is_of_unserved_kind(&self) -> bool {
        let Self::NotFound { source, .. } = self else { return false };
        source.details.as_ref().is_none_or(|details| details.name.is_empty())
    }

    /// Whether the right to do it is missing.
    pub fn is_forbidden(&self) -> bool {
        matches!(self, Self::Forbidden { .. })
    }

    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled { .. })
    }
}
