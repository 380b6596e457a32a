//! What an operation knows besides its values.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::Deferral;

/// What every operation of a configured provider is given.
#[derive(Debug)]
pub struct Context<D> {
    pub(crate) data: Arc<D>,
    pub(crate) cancellation: CancellationToken,
    pub(crate) private: PrivateState,
    pub(crate) terraform_version: Arc<str>,
    pub(crate) deferral_allowed: bool,
    /// Why `configure` has put everything off, if it has.
    pub(crate) provider_deferral: Option<Deferral>,
}

impl<D> Context<D> {
    /// What [`Provider::configure`](crate::Provider::configure) made.
    pub fn data(&self) -> &Arc<D> {
        &self.data
    }

    /// Cancelled when the user presses Ctrl-C. Look at it between steps, and return the partial state then: Terraform
    /// waits for the answer and keeps it.
    pub fn cancellation(&self) -> &CancellationToken {
        &self.cancellation
    }

    /// What the provider keeps beside the state of this resource; Terraform never shows it.
    pub fn private(&self) -> &PrivateState {
        &self.private
    }

    /// The version of Terraform or OpenTofu, such as `1.11.4`.
    pub fn terraform_version(&self) -> &str {
        &self.terraform_version
    }

    /// Whether the client understands [`Outcome::deferred`](crate::Outcome::deferred).
    pub fn deferral_allowed(&self) -> bool {
        self.deferral_allowed
    }

    /// Why this operation is put off without asking the provider: `configure` has said so, and the client allows it.
    pub(crate) fn deferral(&self) -> Option<Deferral> {
        self.provider_deferral.filter(|_| self.deferral_allowed)
    }
}

/// What a validation is given. The provider may not be configured yet.
#[derive(Clone, Debug)]
pub struct Validation {
    pub(crate) write_only_allowed: bool,
}

impl Validation {
    /// Whether the client supports write-only attributes (Terraform 1.11 and later).
    pub fn write_only_allowed(&self) -> bool {
        self.write_only_allowed
    }
}

/// Named values beside the state of a resource.
///
/// What a plan sets reaches the apply since Terraform 1.16 only; what read and apply set is there from then on.
#[derive(Debug, Default)]
pub struct PrivateState(Mutex<BTreeMap<String, serde_json::Value>>);

/// A private value cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum PrivateStateError {
    /// The bytes in state are not ours.
    #[error("decode the private state of the resource")]
    Decode(#[source] serde_json::Error),
    /// The value under this key is of another type.
    #[error("decode the private value {0:?}")]
    Value(String, #[source] serde_json::Error),
    /// The value for this key has no JSON form.
    #[error("encode the private value {0:?}")]
    Encode(String, #[source] serde_json::Error),
}

impl PrivateState {
    /// Reads what [`PrivateState::encode`] wrote; nothing for nothing.
    pub(crate) fn decode(bytes: &[u8]) -> Result<Self, PrivateStateError> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(bytes)
            .map(|values| Self(Mutex::new(values)))
            .map_err(PrivateStateError::Decode)
    }

    /// The bytes that Terraform keeps; empty when there is nothing.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let values = self.lock();
        if values.is_empty() { Vec::new() } else { serde_json::json!(*values).to_string().into_bytes() }
    }

    /// The value under `key`, if there is one.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, PrivateStateError> {
        let value = self.lock().get(key).cloned();
        value
            .map(|value| {
                serde_json::from_value(value).map_err(|error| PrivateStateError::Value(key.to_owned(), error))
            })
            .transpose()
    }

    /// Puts a value under `key`.
    pub fn set<T: Serialize>(&self, key: &str, value: &T) -> Result<(), PrivateStateError> {
        let value =
            serde_json::to_value(value).map_err(|error| PrivateStateError::Encode(key.to_owned(), error))?;
        self.lock().insert(key.to_owned(), value);
        Ok(())
    }

    /// Forgets the value under `key`.
    pub fn remove(&self, key: &str) {
        self.lock().remove(key);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, serde_json::Value>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_values_survive_their_bytes() {
        let private = PrivateState::decode(b"").unwrap();
        assert_eq!(private.encode(), b"");
        private.set("uid", &"a-b".to_owned()).unwrap();
        private.set("gone", &1).unwrap();
        private.remove("gone");
        let again = PrivateState::decode(&private.encode()).unwrap();
        assert_eq!(again.get::<String>("uid").unwrap().as_deref(), Some("a-b"));
        assert_eq!(again.get::<String>("gone").unwrap(), None);
    }

    #[test]
    fn foreign_bytes_and_types_are_errors() {
        assert!(PrivateState::decode(b"\x81").is_err());
        let private = PrivateState::default();
        private.set("n", &1).unwrap();
        assert_eq!(private.get::<String>("n").unwrap_err().to_string(), r#"decode the private value "n""#);
    }
}
