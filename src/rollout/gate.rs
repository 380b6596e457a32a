//! A point that no cluster passes before all of them have come to it, or have ended before it.

use tokio::sync::watch;

/// The point.
pub(super) struct Gate(watch::Sender<usize>);

impl Gate {
    /// One for so many clusters.
    pub(super) fn of(clusters: usize) -> Self {
        Self(watch::Sender::new(clusters))
    }

    /// One cluster on its way.
    pub(super) fn visitor(&self) -> Visitor<'_> {
        Visitor(self)
    }
}

/// A cluster on its way to a gate. One that is dropped keeps nobody waiting.
pub(super) struct Visitor<'a>(&'a Gate);

impl Visitor<'_> {
    /// Waits for all others.
    pub(super) async fn pass(self) {
        let mut left = self.0.0.subscribe();
        drop(self);
        // The gate outlives its visitors.
        let _ = left.wait_for(|left| *left == 0).await;
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        self.0.0.send_modify(|left| *left = left.saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn nobody_passes_before_all_have_come_or_ended() {
        let gate = Gate::of(3);
        let (first, second, third) = (gate.visitor(), gate.visitor(), gate.visitor());
        let mut passing = Box::pin(first.pass());
        assert_eq!(passing.as_mut().now_or_never(), None);
        drop(second);
        assert_eq!(passing.as_mut().now_or_never(), None);
        third.pass().await;
        passing.await;
    }
}
