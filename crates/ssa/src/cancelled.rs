//! Which errors say only that the caller cancelled. Several objects may share one error, and an error that stands for another hides it
//! from whoever walks the causes; so each says it of itself.

use crate::apply::ApplyError;
use crate::apply_object::ObjectError;
use crate::delete_error::DeleteError;
use crate::diff_error::DiffError;
use crate::inventory_error::InventoryError;
use crate::wait::WaitError;
use crate::write::WriteError;

impl ApplyError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled { .. } => true,
            Self::Compare { source } => source.is_cancelled(),
            Self::Write { failed, .. } => failed.iter().any(|(_, error)| error.is_cancelled()),
            Self::NotReady { source, .. } => source.is_cancelled(),
            Self::Record { source, .. } => source.is_cancelled(),
            Self::Refused { .. } => false,
        }
    }
}

impl ObjectError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Write(error) => error.is_cancelled(),
            Self::Compare(error) => error.is_cancelled(),
            Self::Delete(error) => error.is_cancelled(),
            Self::Refused(_) => false,
        }
    }
}

impl WriteError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Request(error) if error.is_cancelled())
    }
}

impl DiffError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Discover { source } | Self::Schema { source, .. } => source.is_cancelled(),
            Self::Observe { source, .. } => source.is_cancelled(),
            Self::UnknownKind { .. } | Self::Scope { .. } => false,
        }
    }
}

impl WaitError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled { .. } => true,
            Self::Observe { source, .. } => source.is_cancelled(),
            Self::NotReady { .. } => false,
        }
    }
}

impl DeleteError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Cancelled { .. } => true,
            Self::Discover { source } => source.is_cancelled(),
            Self::Observe { failed } => failed.iter().any(|(_, error)| error.is_cancelled()),
            Self::Request { failed } => failed.iter().any(|(_, error)| error.is_cancelled()),
            Self::GiveBack { source, .. } => source.is_cancelled(),
            Self::Record { source } => source.is_cancelled(),
            Self::Stuck { .. } => false,
        }
    }
}

impl InventoryError {
    /// Whether the caller cancelled.
    pub fn is_cancelled(&self) -> bool {
        match self {
            Self::Read { source, .. } | Self::Write { source, .. } => source.is_cancelled(),
            Self::Namespace { source, .. } => source.is_cancelled(),
            Self::Malformed { .. }
            | Self::OtherIdentity { .. }
            | Self::Held { .. }
            | Self::AlreadyInstalled { .. }
            | Self::Lost { .. }
            | Self::NotClaimed { .. }
            | Self::NoNamespace { .. } => false,
        }
    }
}
