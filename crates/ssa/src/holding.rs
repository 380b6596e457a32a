//! A claim on an inventory outlives work that takes longer than it lasts.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::inventory::Inventory;
use crate::inventory_error::InventoryError;

/// How many times a claim is renewed while it lasts, so that a renewal may fail.
const RENEWALS: u32 = 3;
/// A claim that lasts shorter is not renewed more often.
const SHORTEST: Duration = Duration::from_millis(100);

impl Engine {
    /// Runs `work` and renews the claim while it runs. Work ends where it is when another run has taken the inventory over.
    pub async fn holding<T>(
        &self,
        inventory: &mut Inventory,
        work: impl Future<Output = T> + Send,
        cancel: &CancellationToken,
    ) -> Result<T, InventoryError> {
        let mut work = Box::pin(work);
        let Some(claim) = &inventory.claim else { return Ok(work.await) };
        let interval = (claim.expiry / RENEWALS).max(SHORTEST);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Ok(done),
                () = tokio::time::sleep(interval) => {}
            }
            // What else hinders a renewal hinders the work too, and the work says what it is.
            if let Err(error @ InventoryError::Lost { .. }) = self.renew(inventory, cancel).await {
                return Err(error);
            }
        }
    }
}
