//! What goes wrong with clusters without a control plane of their own.
//!
//! * `broken`, `leader`, `roots`: what is broken on purpose is named, and fixed.
//! * `conflicts`: a second workspace asks for what is taken; `races`: ten clusters join at once.
//! * `apart`: what another workspace needs is taken away, and API servers are.
//! * `interrupted`: runs are killed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod apart;
mod broken;
mod conflicts;
mod interrupted;
mod leader;
mod races;
mod roots;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, remote, tests};
use lab::Lab;

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    leader {
        a_cluster_that_nobody_leads_is_named_and_led_again,
    }
    roots {
        primaries_with_different_roots_are_named_and_agree_again,
    }
    conflicts {
        what_is_taken_is_refused_and_nothing_is_written,
    }
    interrupted {
        a_run_that_was_killed_is_taken_up,
    }
    broken {
        what_is_broken_is_named_and_fixed,
    }
    apart {
        neither_the_mesh_of_another_workspace_goes_nor_a_cluster_that_is_down_by_accident,
    }
};

fn main() -> ExitCode {
    run_on_lab(&remote::spec(), Definitions::Kept, &[Build::Normal], TESTS)
}
