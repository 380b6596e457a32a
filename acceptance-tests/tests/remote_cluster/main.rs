//! Clusters without a control plane of their own, by the examples as they are published, with traffic to prove it. What goes wrong with
//! them is in `remote_faults`.
//!
//! `moves` has clusters come and change hands while calls run, `roles` makes a primary of one and back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod addresses;
mod elsewhere;
mod flat;
mod gateways;
mod host_name;
mod local_injector;
mod mixed;
mod moves;
mod roles;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, remote, tests};
use lab::Lab;

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    flat {
        a_cluster_on_the_same_network_is_served_and_leaves,
    }
    gateways {
        a_cluster_on_another_network_is_served_through_gateways,
    }
    host_name {
        a_host_name_leads_to_the_control_plane_also_from_the_api_server,
    }
    local_injector {
        an_istiod_in_the_cluster_injects_and_the_primary_signs,
        a_host_name_of_a_load_balancer_needs_an_istiod_in_the_cluster,
    }
    addresses {
        proxies_find_istiod_at_any_of_its_addresses,
    }
    elsewhere {
        a_mesh_in_a_namespace_of_its_own_serves_a_cluster,
    }
    mixed {
        two_of_three_networks_are_served_and_a_cluster_leaves_with_its_primary_under_traffic,
    }
    moves {
        clusters_join_while_calls_run,
        tokens_and_primaries_change_while_calls_run,
    }
    roles {
        a_cluster_changes_its_role_in_two_applies_and_not_in_one,
    }
};

fn main() -> ExitCode {
    run_on_lab(&remote::spec(), Definitions::Kept, &[Build::Normal], TESTS)
}
