//! The end of whoever started us: a plugin that Terraform cannot reach any more must not go on.

use std::time::Duration;

/// How often to look.
const INTERVAL: Duration = Duration::from_millis(500);

/// Waits until the parent process is gone. (A signal on the parent's death would come when the *thread* that started
/// us ends, which Go gives no promise about; so we look who our parent is.)
#[cfg(unix)]
pub(super) async fn gone() {
    let parent = std::os::unix::process::parent_id();
    while std::os::unix::process::parent_id() == parent {
        tokio::time::sleep(INTERVAL).await;
    }
}

/// Never: go-plugin's job object ends us with the parent.
#[cfg(not(unix))]
pub(super) async fn gone() {
    let _ = INTERVAL;
    std::future::pending().await
}
