//! What users of this field's tools met, as public bug reports tell it, on two clusters with real istiod and Envoy.
//!
//! * `webhooks`: the webhook of another controller that is not there yet.
//! * `edits`: fields that people, tools and the platform change.
//! * `nodes`: a `DaemonSet` whose pods do not start on every node.
//! * `settings`: settings of Istio that the rest of the mesh must follow.
//! * `namespaces`: labels and annotations of the mesh's namespaces.
//! * `gateways`: gateways of every type of Service.
//! * `links`: addresses at which control planes cannot read each other.
//! * `abandoned`: clusters that are gone.
//! * `connections`: fronts, proxies and certificates between the provider and a cluster.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod abandoned;
mod configuration;
mod connections;
mod edits;
mod envoy;
mod gateways;
mod links;
mod namespaces;
mod nodes;
mod settings;
mod webhooks;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    webhooks {
        a_webhook_of_another_controller_is_waited_for_and_named,
    }
    edits {
        what_others_change_is_taken_back_or_left_to_them,
    }
    nodes {
        pods_of_nodes_that_run_nothing_are_named_with_their_nodes,
    }
    settings {
        a_mesh_works_with_the_settings_that_it_follows,
    }
    gateways {
        a_gateway_is_found_by_every_address_that_its_service_can_have,
    }
    links {
        an_address_at_which_a_cluster_cannot_be_read_is_named,
    }
    abandoned {
        whatever_is_not_an_answer_of_the_right_cluster_is_abandoned,
    }
    connections {
        a_front_with_a_certificate_of_its_own_is_passed_or_named,
        the_proxy_of_the_environment_is_used_as_go_uses_it,
    }
};

fn main() -> ExitCode {
    run_on_lab(&Spec::isolated(&["east", "west"]), Definitions::Kept, &[Build::Normal], TESTS)
}
