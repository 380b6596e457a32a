//! The key of the fingerprints that stand for secret values in `manifests`: drawn when the resource is created, kept
//! in its private state.

use tfplugin::{Diagnostic, PrivateState};

use super::recorded_fingerprints::RecordedFingerprints;
use crate::diagnostics;
use crate::manifests::FingerprintKey;

/// Its name in the private state.
const PRIVATE_NAME: &str = "fingerprint_key";
/// Stands in until a resource has a key: a plan shows no secret value of an object that is yet to be created.
const NONE_YET: [u8; 32] = [0; 32];

/// What a resource remembers of secrets without knowing them.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The key of their fingerprints.
    pub key: FingerprintKey,
    /// What was filled into placeholders.
    pub fingerprints: RecordedFingerprints,
}

impl Secrets {
    /// What the resource remembers.
    pub fn recorded(private: &PrivateState) -> Result<Self, Diagnostic> {
        Ok(Self { key: recorded_key(private)?, fingerprints: RecordedFingerprints::recorded(private)? })
    }

    /// The same for an apply, which draws a key if there is none. Plans never draw: they must be repeatable.
    pub fn recorded_or_drawn(private: &PrivateState) -> Result<Self, Diagnostic> {
        Ok(Self { key: recorded_or_drawn(private)?, fingerprints: RecordedFingerprints::recorded(private)? })
    }
}

/// The key that the resource has.
pub fn recorded_key(private: &PrivateState) -> Result<FingerprintKey, Diagnostic> {
    Ok(FingerprintKey::new(stored(private)?.unwrap_or(NONE_YET)))
}

fn recorded_or_drawn(private: &PrivateState) -> Result<FingerprintKey, Diagnostic> {
    if let Some(bytes) = stored(private)? {
        return Ok(FingerprintKey::new(bytes));
    }
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| unusable(&error))?;
    private.set(PRIVATE_NAME, &bytes).map_err(|error| unusable(&error))?;
    Ok(FingerprintKey::new(bytes))
}

fn stored(private: &PrivateState) -> Result<Option<[u8; 32]>, Diagnostic> {
    private.get(PRIVATE_NAME).map_err(|error| unusable(&error))
}

fn unusable(error: &(dyn std::error::Error + 'static)) -> Diagnostic {
    let way_out = "It is stored in the private state of the resource; restore the state from a backup.";
    diagnostics::failure("The key of the fingerprints of secret values cannot be used", error, way_out, None)
}
