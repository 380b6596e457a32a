//! Terraform and its provider, killed at moments that are chosen by what the run has done, never by the clock. After each of them the
//! next step that the guide documents ends well, nothing is left behind and nothing of anybody else is touched.
//!
//! `cargo xtask soak` asks for many moments; the suite runs a few. Remote clusters are killed where they are tested, in `remote_cluster`.
//!
//! * `verbs`: what is killed.
//! * `victim`: one mesh, its clusters as they were before each run, and what must hold afterwards.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod strangers;
mod verbs;
mod victim;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Test, run_in_jail};
use acceptance_tests::tests;

const TESTS: &[Test<fn()>] = tests! {
    verbs {
        a_create_that_was_killed_is_taken_up,
        an_update_that_was_killed_is_taken_up,
        a_destroy_that_was_killed_is_taken_up,
    }
};

fn main() -> ExitCode {
    run_in_jail(&[Build::Normal], TESTS)
}
