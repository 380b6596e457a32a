//! A resource of the tests, `istio_test_objects`, that has nothing but what `lifecycle` does for every resource: it plans, applies,
//! drifts, is killed, imported and destroyed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod set;
mod verbs;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::tests;
use lab::{Lab, Spec};
use set::Clusters;

const TESTS: &[Test<fn(&Lab)>] = tests! { Clusters::of =>
    verbs {
        objects_are_planned_applied_and_destroyed,
        drift_is_planned_and_repaired,
        a_cluster_comes_and_another_one_goes,
        a_create_that_was_killed_is_taken_up,
        objects_without_their_state_are_imported,
        objects_of_another_workspace_are_refused,
    }
};

fn main() -> ExitCode {
    run_on_lab(&Spec::flat(&["east", "west"]), Definitions::Removed, &[Build::Objects], TESTS)
}
