//! `istio_mesh` through the real `terraform`, on two real clusters with real istiod.
//!
//! * `lifecycle`: create, no-op, drift, change, destroy.
//! * `rights`: plan and apply under different identities.
//! * `failures`: every error names attribute, cluster, object, cause and way out; nothing is left behind.
//! * `authorities`: who signs, and until when.
//! * `roots`: what a root must survive, and what goes with it.
//! * `refusals`: what cannot work is not begun.
//! * `secrets`: no credential in state, plan or logs.
//! * `private`: charts and images that are not for everybody.
//! * `plans`: what is said of what is unknown, of what cannot work yet, and of who would be cut off.
//! * `plugin`: `terraform init` from a mirror, and what the plan of what does not exist yet says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod authorities;
mod configuration;
mod failures;
mod lifecycle;
mod others;
mod plans;
mod plugin;
mod private;
mod refusals;
mod rights;
mod roots;
mod secrets;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::{Fixture, tests};
use lab::{Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Fixture::of =>
    lifecycle {
        a_mesh_is_installed_kept_and_destroyed,
        drift_and_changed_values_show_exactly_their_fields,
        a_namespace_that_was_there_before_stays,
        a_renamed_cluster_keeps_its_objects,
    }
    rights {
        a_reader_plans_and_an_administrator_applies,
        an_administrator_plans_and_an_installer_applies,
    }
    authorities {
        an_authority_of_someone_else_is_checked_and_its_end_is_announced,
        istiod_makes_a_root_of_its_own_for_a_mesh_of_one_cluster,
    }
    roots {
        an_intermediate_is_renewed_by_its_version,
        an_istiod_that_made_itself_a_root_is_brought_back,
        no_change_of_mode_replaces_a_live_root,
        a_root_that_was_restored_is_accepted,
        what_istiod_wrote_goes_with_it,
        what_an_earlier_istiod_left_is_named_before_anything_is_written,
        an_authority_in_a_tls_secret_is_understood_everywhere,
    }
    secrets {
        state_plan_and_logs_hold_no_credential,
        a_build_that_leaks_is_found_out,
    }
    refusals {
        what_cannot_work_is_refused_also_when_the_apply_learns_of_it,
    }
    failures {
        an_unknown_cluster_is_named_with_the_known_ones,
        invalid_yaml_is_named_with_its_line,
        a_chart_that_does_not_render_names_its_template,
        a_missing_right_is_named_and_nothing_is_left,
        a_timeout_names_the_pod_and_destroy_leaves_nothing,
        ctrl_c_keeps_what_was_made,
        a_second_state_cannot_take_a_mesh,
        an_unreachable_cluster_is_an_error_or_kept_or_abandoned,
        a_load_balancer_class_that_cannot_change_is_refused_by_the_plan,
    }
    others {
        an_istio_made_by_helm_is_named_and_kept,
    }
    private {
        a_mesh_comes_from_a_protected_registry,
        a_mesh_comes_from_a_protected_repository,
        a_pull_secret_is_there_before_the_first_pod,
    }
    plugin {
        init_takes_the_provider_from_a_mirror,
        a_cluster_that_is_not_known_yet_can_be_planned,
        cluster_blocks_that_are_not_known_yet_can_be_planned,
        a_full_plan_shows_the_fields_of_new_objects,
    }
    plans {
        a_create_whose_webhook_is_cut_off_names_the_port,
        a_cluster_that_may_be_replaced_is_unknown,
    }
};

fn main() -> ExitCode {
    run_on_lab(
        &Spec::isolated(&["east", "west"]),
        Definitions::Removed,
        &[Build::Normal, Build::Leaking],
        TESTS,
    )
}
