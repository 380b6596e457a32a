//! Brings clusters to what they shall hold, and empties them again: stages in each cluster, all clusters at once, every
//! outcome collected.

mod error;
mod install;
mod target;
mod uninstall;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use error::RolloutError;
pub use install::{Installation, install};
pub use target::{ClusterOutcome, Target};
pub use uninstall::{Removal, uninstall};

/// How long giving a claim back may take after a failure.
const RELEASE_TIME: Duration = Duration::from_secs(5);

/// A name that no other run has: only applies ask for it, plans never do.
fn holder() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("terraform-provider-istio-{}-{:x}", std::process::id(), now.as_nanos())
}
