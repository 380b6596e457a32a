//! How long an apply that has applied everything waits for what may pass.

use core::time::Duration;

use super::finding::{Class, Finding};

/// How long istiod may take to write the roots that it trusts: that it has not is no problem by itself.
const ROOTS: Duration = Duration::from_secs(45);
/// Between the first looks of an apply that waits, and between the last ones.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Whether an apply looks again: `since` it has applied everything this much time has passed, and this much is `left`. What may pass
/// is waited for until no time is left; what is decided ends the wait.
pub fn is_waited_for(problems: &[Finding], awaits_roots: bool, since: Duration, left: Duration) -> bool {
    let is_decided =
        problems.iter().any(|problem| problem.class == Class::Broken && since >= problem.settles);
    let is_open = !problems.is_empty() || (awaits_roots && since < ROOTS);
    is_open && !is_decided && !left.is_zero()
}

/// How long an apply that waits pauses before its next look.
pub fn pause(since: Duration) -> Duration {
    let [first, last] = PAUSES;
    (since / 10).clamp(first, last)
}

/// Whether a create that these problems are left of has succeeded nevertheless: an error would have Terraform destroy the mesh and
/// create it again.
pub fn is_complete(problems: &[Finding]) -> bool {
    problems.iter().all(|problem| problem.class == Class::Open)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::health::LinkState::{Ready, Syncing, TokenRefused, UntrustedCertificate};
    use crate::health::{AuthorityState, ClusterStates, ControlPlaneState, LinkState, findings};

    fn found(states: &[LinkState]) -> Vec<Finding> {
        let link = "east->west".parse().unwrap();
        states.iter().filter_map(|state| state.finding(&link)).collect()
    }

    #[test]
    fn an_apply_waits_for_what_may_pass_until_no_time_is_left() {
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        assert!(is_waited_for(&found(&[Syncing]), false, hour, minute));
        assert!(!is_waited_for(&found(&[Syncing]), false, hour, Duration::ZERO));
        assert!(!is_waited_for(&found(&[Ready]), false, Duration::ZERO, hour));
        assert!(is_waited_for(&found(&[Ready]), true, Duration::ZERO, hour));
        assert!(!is_waited_for(&found(&[Ready]), true, minute, hour));
    }

    #[test]
    fn a_verdict_ends_the_wait_once_what_was_written_has_settled() {
        let second = Duration::from_secs(1);
        assert!(is_waited_for(&found(&[UntrustedCertificate]), false, second, second));
        assert!(!is_waited_for(&found(&[UntrustedCertificate]), false, second * 5, second));
        assert!(!is_waited_for(&found(&[Syncing, TokenRefused]), false, second * 5, second));
    }

    #[test]
    fn istiod_has_a_minute_to_run_what_was_written_and_its_secret_has_not() {
        let problems =
            |states: ClusterStates| findings(&[("east".parse().unwrap(), states)].into(), &BTreeMap::new());
        let second = Duration::from_secs(1);
        for state in [ControlPlaneState::OtherTrustDomain, ControlPlaneState::OtherConfiguration] {
            let other = problems(ClusterStates { control_plane: Some(state), ..ClusterStates::default() });
            assert!(is_waited_for(&other, false, second * 59, second), "{state}");
            assert!(!is_waited_for(&other, false, second * 60, second), "{state}");
        }
        let authority = Some(AuthorityState::Unusable);
        let unusable = problems(ClusterStates { authority, ..ClusterStates::default() });
        assert!(is_waited_for(&unusable, false, second * 4, second));
        assert!(!is_waited_for(&unusable, false, second * 5, second));
    }

    #[test]
    fn looks_become_rarer() {
        assert_eq!(pause(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(pause(Duration::from_mins(10)), Duration::from_secs(5));
    }
}
