//! Where others come into a mesh, and whom it trusts: the blocks `federation_gateway` and `remote_control_plane` and the shared mesh
//! configuration, by the examples as they are published, on one cluster with a real istiod.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod entrance;
mod federation;
mod lasting;
mod remote;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    federation {
        a_mesh_is_ready_for_others_and_trusts_whom_the_records_name,
    }
    remote {
        istiod_answers_at_a_load_balancer_of_its_own_by_its_host_name,
    }
    lasting {
        nothing_changes_with_time,
    }
};

fn main() -> ExitCode {
    run_on_lab(&Spec::flat(&["east"]), Definitions::Kept, &[Build::Normal], TESTS)
}
