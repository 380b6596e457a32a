//! The end of whoever started us: a plugin that Terraform cannot reach any more must not go on.

use std::time::Duration;

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(500);

/// Whoever has started this process.
///
/// (A signal on the parent's death would come when the *thread* that started us ends, which Go gives no promise about;
/// so we look who our parent is.)
#[derive(Clone, Copy, Debug)]
pub(super) struct Parent {
    #[cfg(unix)]
    id: u32,
}

impl Parent {
    /// The parent of now: to be asked before the handshake, after which it may go at any time.
    #[cfg(unix)]
    pub(super) fn of_this_process() -> Self {
        Self { id: std::os::unix::process::parent_id() }
    }

    /// Waits until the parent process is gone.
    #[cfg(unix)]
    pub(super) async fn gone(self) {
        while std::os::unix::process::parent_id() == self.id {
            tokio::time::sleep(INTERVAL).await;
        }
    }

    /// The parent of now.
    #[cfg(not(unix))]
    pub(super) fn of_this_process() -> Self {
        Self {}
    }

    /// Never: go-plugin's job object ends us with the parent.
    #[cfg(not(unix))]
    pub(super) async fn gone(self) {
        let _ = INTERVAL;
        std::future::pending().await
    }
}
