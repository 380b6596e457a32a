//! The order in which Terraform gets the answers to applies.
//!
//! Terraform 1.16 writes the state of a create that failed three times: as tainted, without a status, and as tainted again
//! (`managedResourceExecute` in `internal/terraform/node_resource_apply_instance.go`, seen in 1.16.4). If another answer has it save its
//! state in between, it cannot write what has no status, and ends: state then lacks what was made since it was saved last. Many
//! resources that wait for the same thing fail at the same time, so their answers leave one after the other.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

/// How long Terraform has for the state of a create that failed, before it gets another answer. It copies and encodes it for some
/// milliseconds.
const PAUSE: Duration = Duration::from_millis(200);

/// Whose turn it is to answer.
#[derive(Default)]
pub(super) struct Turns(Arc<Mutex<()>>);

impl Turns {
    /// Waits until Terraform can take another answer. `is_failed_create`: whether this one has state and an error.
    pub(super) async fn next(&self, is_failed_create: bool) {
        let turn = Arc::clone(&self.0).lock_owned().await;
        if is_failed_create {
            tokio::spawn(async move {
                sleep(PAUSE).await;
                drop(turn);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use futures::future::join_all;

    use super::*;

    #[tokio::test]
    async fn each_failed_create_leaves_terraform_time_before_the_next_answer() {
        let turns = Turns::default();
        let began = Instant::now();
        join_all([true, true, false].map(|is_failed_create| turns.next(is_failed_create))).await;
        assert!(began.elapsed() >= 2 * PAUSE, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn no_other_answer_delays_the_next_one() {
        let turns = Turns::default();
        for _ in 0..3 {
            turns.next(false).await;
        }
        assert!(turns.0.try_lock().is_ok());
    }
}
