//! Independent meshes use each other's Services, by the example as it is published: two meshes with roots and trust domains of their own,
//! whose pod networks are not routable.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod both_ways;
mod callers;
mod changes;
mod interrupted;
mod meshes;
mod remotes;
mod workspaces;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{ClusterSpec, Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    both_ways {
        meshes_use_each_others_services_and_nothing_else,
    }
    callers {
        whoever_is_not_allowed_is_denied_and_nothing_else_is_open,
    }
    changes {
        calls_go_on_while_other_federations_come_and_go,
    }
    remotes {
        what_runs_in_a_remote_cluster_is_exported_and_calls_imports,
    }
    interrupted {
        a_run_that_was_killed_is_taken_up,
    }
    workspaces {
        two_workspaces_need_only_each_others_documents,
    }
};

fn main() -> ExitCode {
    let clusters = ["east", "west", "bank"].map(|name| ClusterSpec::new(name, name));
    run_on_lab(&Spec::of(clusters.to_vec()), Definitions::Kept, &[Build::Normal], TESTS)
}
