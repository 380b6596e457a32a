//! Ctrl-C: Terraform asks for work under way to be cancelled.

use std::sync::{Arc, Mutex, PoisonError};

use tokio_util::sync::CancellationToken;

/// What `Stop` cancels.
#[derive(Clone, Debug)]
pub(crate) struct Stopping {
    token: Arc<Mutex<CancellationToken>>,
    /// In debug mode one process serves many runs: a stop ends the work of one of them only.
    many_runs: bool,
}

impl Stopping {
    pub(crate) fn new(many_runs: bool) -> Self {
        Self { token: Arc::default(), many_runs }
    }

    /// The token of an operation that begins now.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Cancels what is under way, and, unless there are many runs, whatever begins later.
    pub(crate) fn stop(&self) {
        let mut token = self.token.lock().unwrap_or_else(PoisonError::into_inner);
        token.cancel();
        if self.many_runs {
            *token = CancellationToken::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stop_cancels_later_work_unless_there_are_many_runs() {
        for many_runs in [false, true] {
            let stopping = Stopping::new(many_runs);
            let under_way = stopping.token();
            stopping.stop();
            assert!(under_way.is_cancelled());
            assert_eq!(stopping.token().is_cancelled(), !many_runs);
        }
    }
}
