use tokio::sync::watch;

/// A value that one cluster's rollout makes and others wait for.
#[derive(Clone, Debug)]
pub(super) struct Promise<T>(watch::Sender<State<T>>);

#[derive(Clone, Debug)]
enum State<T> {
    Open,
    Kept(T),
    Broken,
}

impl<T: Clone> Promise<T> {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::Open))
    }

    pub(super) fn keep(&self, value: T) {
        self.0.send_replace(State::Kept(value));
    }

    /// Says that the value will not come, unless it is there already.
    pub(super) fn give_up(&self) {
        self.0.send_if_modified(|state| {
            let is_open = matches!(state, State::Open);
            if is_open {
                *state = State::Broken;
            }
            is_open
        });
    }

    /// The value; `None` if it will not come.
    pub(super) async fn wait(&self) -> Option<T> {
        let mut receiver = self.0.subscribe();
        let state = receiver.wait_for(|state| !matches!(state, State::Open)).await.ok()?;
        match &*state {
            State::Kept(value) => Some(value.clone()),
            State::Open | State::Broken => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn who_waits_gets_the_value_whenever_it_comes() {
        let promise = Promise::new();
        let (waited, ()) = tokio::join!(promise.wait(), async { promise.keep(7) });
        assert_eq!(waited, Some(7));
        promise.give_up();
        assert_eq!(promise.wait().await, Some(7));
    }

    #[tokio::test]
    async fn who_waits_for_a_broken_promise_gets_nothing() {
        let promise = Promise::<u8>::new();
        promise.give_up();
        assert_eq!(promise.wait().await, None);
    }
}
