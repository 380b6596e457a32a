use std::time::{Duration, Instant};

/// How often the log says that something is still waited for.
const INTERVAL: Duration = Duration::from_secs(30);

/// Says in the log what is waited for: each time that it changes, and every 30 seconds.
#[derive(Debug)]
pub struct Progress {
    cluster: String,
    began: Instant,
    said: Option<(Instant, String)>,
}

impl Progress {
    /// A wait that begins now, in this cluster.
    pub fn begin(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), began: Instant::now(), said: None }
    }

    /// Says that this is waited for, if that is news. Returns whether it was said.
    pub fn waits_for(&mut self, what: &str) -> bool {
        let is_known = |(when, said): &(Instant, String)| said == what && when.elapsed() < INTERVAL;
        if self.said.as_ref().is_some_and(is_known) {
            return false;
        }
        let waited = self.began.elapsed();
        tracing::info!(cluster = self.cluster, ?waited, "waiting: {what}");
        self.said = Some((Instant::now(), what.to_owned()));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_logged_when_it_changes() {
        let mut progress = Progress::begin("east");
        assert!(progress.waits_for("a"));
        assert!(!progress.waits_for("a"));
        assert!(progress.waits_for("b"));
        assert!(progress.waits_for("a"));
    }
}
