//! Clusters without a control plane of their own, by the examples as they are published, with traffic to prove it.
//!
//! `east` and `edge` are on one flat network, `west` and `branch` have one each: pods of other networks are truly not routable.
//! `broken` breaks them on purpose, `conflicts` has a second workspace ask for what is taken, `apart` takes away what another workspace
//! needs, and API servers, `races` has ten clusters join at once, `interrupted` kills runs, `moves` has clusters come and change hands while
//! calls run, `roles` makes a primary of one and back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod addresses;
mod apart;
mod broken;
mod conflicts;
mod elsewhere;
mod flat;
mod gateways;
mod host_name;
mod interrupted;
mod leader;
mod local_injector;
mod mixed;
mod moves;
mod proof;
mod races;
mod read;
mod roles;
mod roots;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{ClusterSpec, Lab, Spec};

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
    let clusters = [("east", "flat"), ("edge", "flat"), ("west", "west"), ("branch", "branch")];
    let clusters = clusters.map(|(name, network)| ClusterSpec::new(name, network));
    run_on_lab(&Spec::of(clusters.to_vec()), &[Build::Normal], TESTS)
}
