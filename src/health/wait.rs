//! How long an apply that has applied everything waits for what may pass.

use core::time::Duration;

use super::finding::{Class, Finding, Part, Place};

/// How long API servers and istiod may take to act upon what was just written: before that, no fault is a verdict.
const SETTLES: Duration = Duration::from_secs(5);
/// How long istiod may take to run a configuration that was just written: where it reads a file, kubelet renews that once a minute.
const RELOADS: Duration = Duration::from_mins(1);
/// How long istiod may take to write the roots that it trusts: that it has not is no problem by itself.
const ROOTS: Duration = Duration::from_secs(45);
/// Between the first looks of an apply that waits, and between the last ones.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(5)];

/// Whether an apply looks again: `since` it has applied everything this much time has passed, and this much is `left`. What may pass
/// is waited for until no time is left; what is decided ends the wait.
pub fn is_waited_for(problems: &[Finding], awaits_roots: bool, since: Duration, left: Duration) -> bool {
    let is_decided =
        problems.iter().any(|problem| problem.class == Class::Broken && since >= settles(&problem.place));
    let is_open = !problems.is_empty() || (awaits_roots && since < ROOTS);
    is_open && !is_decided && !left.is_zero()
}

fn settles(place: &Place) -> Duration {
    match place {
        Place::Cluster(_, Part::ControlPlane) => RELOADS,
        _ => SETTLES,
    }
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
    use super::*;
    use crate::health::LinkState;
    use crate::health::LinkState::{Ready, Syncing, TokenRefused, UntrustedCertificate};

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
    fn istiod_has_a_minute_to_run_what_was_written() {
        let place = Place::Cluster("east".parse().unwrap(), Part::ControlPlane);
        let (cause, remedy) = (String::new(), String::new());
        let other = [Finding { place, class: Class::Broken, cause, remedy }];
        let second = Duration::from_secs(1);
        assert!(is_waited_for(&other, false, second * 59, second));
        assert!(!is_waited_for(&other, false, second * 60, second));
    }

    #[test]
    fn looks_become_rarer() {
        assert_eq!(pause(Duration::ZERO), Duration::from_secs(1));
        assert_eq!(pause(Duration::from_mins(10)), Duration::from_secs(5));
    }
}
