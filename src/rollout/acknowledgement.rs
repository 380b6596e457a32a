//! Policies count once proxies have accepted them: until then, whoever is trusted may call.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ssa::Progress;

use super::RolloutError;
use super::target::Target;
use crate::observe::{self, Proxies};

/// Between two questions.
const PAUSE: Duration = Duration::from_millis(500);
/// How long istiod may take to send a change, where it cannot be asked: it collects changes for ten seconds at most
/// (`PILOT_DEBOUNCE_MAX`).
const SENDS: Duration = Duration::from_secs(12);
/// So many proxies are named.
const NAMED: usize = 5;

/// What proxies had before a change of policies that concern all of them.
pub(super) struct Acknowledgement<'a> {
    target: &'a Target,
    /// `None` if istiod cannot be asked.
    before: Option<Proxies>,
}

impl<'a> Acknowledgement<'a> {
    /// Asks istiod before the change.
    pub(super) async fn begin(target: &'a Target) -> Result<Self, RolloutError> {
        Ok(Self { target, before: proxies(target).await? })
    }

    /// The same if nothing was changed: what counts is that proxies have accepted what they were sent.
    pub(super) fn of_nothing_new(self) -> Self {
        Self { before: self.before.map(|_| Proxies::new()), ..self }
    }

    /// Waits until every proxy that was connected before the change, and still is, has been sent another configuration and has accepted it.
    pub(super) async fn wait(self, left: Duration) -> Result<(), RolloutError> {
        let Some(before) = &self.before else {
            tracing::warn!(
                cluster = self.target.name,
                "istiod cannot be asked whether proxies have accepted the policies"
            );
            tokio::time::sleep(SENDS.min(left)).await;
            return Ok(());
        };
        let (began, mut progress) = (Instant::now(), Progress::begin(&self.target.name));
        loop {
            let Some(now) = proxies(self.target).await? else { return Ok(()) };
            let open = open(before, &now);
            if open.is_empty() {
                return Ok(());
            }
            let waited = began.elapsed();
            let count = open.len();
            if waited >= left {
                let proxies = open.into_iter().take(NAMED).map(str::to_owned).collect();
                return Err(RolloutError::NotAcknowledged { count, proxies, waited });
            }
            progress.waits_for(&format!("{count} proxies have not accepted the authorization policies yet"));
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn proxies(target: &Target) -> Result<Option<Proxies>, RolloutError> {
    let asked = observe::listeners(&target.cluster, &target.inventory.namespace).await;
    Ok(asked.map_err(RolloutError::Acknowledgement)?.ok())
}

/// Those that may not have the change yet. One that has connected since has got everything.
fn open<'a>(before: &Proxies, now: &'a Proxies) -> BTreeSet<&'a str> {
    let is_open = |(name, now): &(&String, &observe::Listeners)| {
        before.get(*name).is_some_and(|before| before.sent == now.sent) || now.sent != now.accepted
    };
    now.iter().filter(is_open).map(|(name, _)| name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::Listeners;

    fn proxies(proxies: &[(&str, &str, &str)]) -> Proxies {
        let listeners =
            |sent: &str, accepted: &str| Listeners { sent: sent.to_owned(), accepted: accepted.to_owned() };
        proxies.iter().map(|(name, sent, accepted)| ((*name).to_owned(), listeners(sent, accepted))).collect()
    }

    #[test]
    fn a_proxy_has_a_change_when_it_has_accepted_something_newer() {
        let before = proxies(&[("a", "1", "1"), ("b", "1", "1"), ("c", "1", "1"), ("gone", "1", "1")]);
        let now = proxies(&[("a", "1", "1"), ("b", "2", "1"), ("c", "2", "2"), ("new", "2", "2")]);
        assert_eq!(open(&before, &now), ["a", "b"].into());
        assert_eq!(open(&Proxies::new(), &proxies(&[("new", "2", "")])), ["new"].into());
    }
}
