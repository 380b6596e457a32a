//! One mesh over two clusters, by the examples as they are published, with traffic to prove it, and beside what Istio's guides
//! tell to type.
//!
//! `east` and `middle` are on one flat network, `west` is on another: the pod networks are truly not routable.
//! `causes` breaks them on purpose, `faults` interrupts Terraform and its provider.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod causes;
mod comparison;
mod elsewhere;
mod faults;
mod flat;
mod mixed;
mod other_workspace;
mod read;
mod two_networks;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{ClusterSpec, Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    flat {
        clusters_on_one_network_answer_each_other_directly,
    }
    two_networks {
        clusters_on_two_networks_answer_each_other_through_gateways,
    }
    elsewhere {
        gateways_are_found_by_host_name_and_at_node_ports_and_a_cluster_leaves,
    }
    mixed {
        clusters_join_under_traffic,
    }
    causes {
        every_cause_is_named_with_its_way_out,
    }
    faults {
        interrupted_runs_are_taken_up,
    }
};

fn main() -> ExitCode {
    let clusters = [("east", "flat"), ("middle", "flat"), ("west", "apart")];
    let clusters = clusters.map(|(name, network)| ClusterSpec::new(name, network));
    run_on_lab(&Spec::of(clusters.to_vec()), Definitions::Kept, &[Build::Normal], TESTS)
}
