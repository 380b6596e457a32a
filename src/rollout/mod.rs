//! Brings clusters to what they shall hold, and empties them again: stages in each cluster, all clusters at once, every
//! outcome collected.
#![allow(clippy::result_large_err, reason = "an error ends the rollout of a cluster; its size is paid once")]

mod access;
mod authority;
mod error;
mod exchange;
mod fill;
mod injection;
mod install;
mod leftovers;
mod promise;
mod remote_secrets;
mod take_over;
mod target;
mod uninstall;

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ssa::{Engine, Inventory};
use tokio_util::sync::CancellationToken;

pub use authority::Certificates;
pub use error::RolloutError;
pub use fill::Given;
pub use install::{Installation, install};
pub use take_over::take_over;
pub use target::{ClusterOutcome, Target, Unclosed};
pub use uninstall::{Removal, uninstall};

/// How long giving a claim back may take after a failure.
const RELEASE_TIME: Duration = Duration::from_secs(5);

/// A name that no other run has: only applies ask for it, plans never do.
fn holder() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("terraform-provider-istio-{}-{:x}", std::process::id(), now.as_nanos())
}

/// Gives a claim back after a failure, as well as that goes: one that is not given back expires.
async fn release(engine: &Engine, inventory: &mut Inventory) {
    // The run may have failed because it was cancelled; this is what the user still waits for.
    let uncancelled = CancellationToken::new();
    let released = tokio::time::timeout(RELEASE_TIME, engine.release(inventory, &uncancelled)).await;
    if !matches!(released, Ok(Ok(()))) {
        tracing::warn!("the claim on the record could not be given back and will expire");
    }
}
