use std::fmt;
use std::marker::PhantomData;

use serde_json::Value;

use crate::field_path::FieldPath;
use crate::object_id::ObjectId;

/// State of a [`ChangeSet`] that says what an apply would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Planned;

/// State of a [`ChangeSet`] that says what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied;

/// What happens, or happened, to each object, in the order in which it does.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeSet<S> {
    /// One entry an object.
    pub changes: Vec<Change>,
    state: PhantomData<S>,
}

impl<S> ChangeSet<S> {
    /// A set of these changes.
    pub fn new(changes: Vec<Change>) -> Self {
        Self { changes, state: PhantomData }
    }

    /// The change of one object.
    pub fn get(&self, id: &ObjectId) -> Option<&Change> {
        self.changes.iter().find(|change| change.id == *id)
    }

    /// Whether nothing needs to be written.
    pub fn is_unchanged(&self) -> bool {
        self.changes.iter().all(|change| matches!(change.action, Action::Unchanged | Action::Left))
    }

    /// Adds one change at the end.
    pub fn push(&mut self, change: Change) {
        self.changes.push(change);
    }
}

impl<S> Default for ChangeSet<S> {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

/// What happens, or happened, to one object.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The object.
    pub id: ObjectId,
    /// What is done to it.
    pub action: Action,
}

/// What is done to an object.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// It does not exist and is made.
    Created,
    /// It exists and is written.
    Changed {
        /// The fields whose value changes, sorted by path. Empty when only ownership does.
        fields: Vec<FieldChange>,
        /// Fields that keep their value and become ours.
        acquired: Vec<FieldPath>,
    },
    /// It is as wanted; nothing is written.
    Unchanged,
    /// It exists, is not ours, and a rule says to leave it so.
    Left,
    /// It has to be deleted and made again, because immutable fields change.
    Recreated {
        /// The immutable fields that change.
        immutable: Vec<FieldPath>,
        /// All fields that change.
        fields: Vec<FieldChange>,
    },
    /// It is deleted.
    Deleted,
    /// Others own fields that the manifest wants to change. Apply refuses it unless the fields are given to take over.
    Conflict {
        /// Managers, sorted, each with its fields.
        conflicts: Vec<FieldConflict>,
        /// All fields that would change.
        fields: Vec<FieldChange>,
    },
    /// It exists, and is not ours: apply refuses it.
    Foreign {
        /// Its field managers, sorted.
        managers: Vec<String>,
        /// The value of its owner label, if it has one.
        owner: Option<String>,
    },
}

/// One field that changes.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldChange {
    /// Where it is.
    pub path: FieldPath,
    /// The live value; `None` if the field is absent.
    pub before: Option<FieldValue>,
    /// The value after the change; `None` if the field will be absent.
    pub after: Option<FieldValue>,
}

/// A value that may be shown, or the fact that it may not.
#[derive(Clone, Debug, PartialEq)]
pub enum FieldValue {
    /// May be shown.
    Plain(Value),
    /// Data of a Secret, or a field of another object that holds secrets.
    Masked,
}

impl fmt::Display for FieldValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(value) => write!(f, "{value}"),
            Self::Masked => f.write_str("(sensitive)"),
        }
    }
}

/// Fields that a manifest wants to change and another manager owns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldConflict {
    /// The other field manager.
    pub manager: String,
    /// Whether it applies (server-side apply), and so sets its fields again each time that it does.
    pub applies: bool,
    /// Its fields, sorted.
    pub fields: Vec<FieldPath>,
}

impl fmt::Display for FieldConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<String> = self.fields.iter().map(ToString::to_string).collect();
        write!(f, "{:?} owns {}", self.manager, fields.join(", "))
    }
}
