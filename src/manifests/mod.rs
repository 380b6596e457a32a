//! What a plan shows of Kubernetes objects: object id → field path → value, all of it text.
//!
//! [`flatten`] turns a manifest into exactly its leaf fields. [`read_back`] answers the inverse question at refresh,
//! when neither configuration nor charts are at hand: what do the fields that state names say in the live object now?
//! Defaults and additions of the API server and of others are therefore never seen, and a live value that means the
//! same as the recorded text keeps that text.
//!
//! # Notation
//! * Members are joined by dots; a name that is not made of letters, digits, `-`, `_` and `$` is quoted as JSON:
//!   `metadata.labels["app.kubernetes.io/name"]`.
//! * Items of lists that Kubernetes keys are named by their keys, `containers[name=discovery]`, those of sets by their
//!   value, `finalizers[=foregroundDeletion]`, all others by their position, `args[0]`.
//! * YAML and JSON inside a `ConfigMap` is opened up behind a colon: `data.mesh: trustDomain`.
//! * Strings stand as they are. Inside opened documents, where no schema tells text from number, a string that could be
//!   mistaken for another JSON value is quoted: `"true"`.
//! * `{}` and `[]` are empty; a null is the same as an absent member and is left out.
//! * What depends on documents with secrets is `hmac-sha256:` and a keyed fingerprint, in every kind of object.
//! * Long text and the schemas of custom resource definitions are `sha256:` and a digest, values of a Secret
//!   `hmac-sha256:` and a keyed fingerprint.
//!
//! Fields that [`crate::desired::ownership`] gives to others are left out.

mod definition;
mod digest;
mod document;
mod field_path;
mod flatten;
mod ignored;
mod item_path;
mod leaf;
mod meaning;
mod mistyped;
mod nearest;
mod object_id;
mod path;
mod place;
mod read_back;
mod search;
mod sensitive;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

pub use digest::{FingerprintKey, digest, hidden_text, is_fingerprint, some_fingerprint};
pub use field_path::field_path;
pub use flatten::{Reading, flatten, whole_texts};
pub use ignored::{IgnoredFieldError, IgnoredFields};
pub use meaning::keep_wording;
pub use mistyped::{Mistyped, Schemas, Type, mistyped};
pub use object_id::{ObjectId, ObjectIdError};
pub use read_back::{read_back, read_back_with};
pub use search::fields_with;
pub use sensitive::{SensitiveField, Shown, decided_by_secrets, show};

/// The path of an entry of a Secret's data.
pub fn secret_field(key: &str) -> String {
    path::Path::root().field("data").field(key).to_string()
}

/// The leaf fields of one object: path → value, in the notation of this [module](self).
pub type Fields = BTreeMap<String, String>;
