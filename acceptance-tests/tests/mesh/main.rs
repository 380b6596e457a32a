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
//!
//! The tests share two clusters and change them, so they run one after the other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod authorities;
mod failures;
mod fixture;
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
use std::sync::Arc;

use fixture::Fixture;
use lab::{Lab, Spec};
use libtest_mimic::{Arguments, Trial};

/// A test and its name.
type Test = (&'static str, fn(&Fixture));

const TESTS: &[Test] = &[
    ("a_mesh_is_installed_kept_and_destroyed", lifecycle::a_mesh_is_installed_kept_and_destroyed),
    (
        "drift_and_changed_values_show_exactly_their_fields",
        lifecycle::drift_and_changed_values_show_exactly_their_fields,
    ),
    ("a_namespace_that_was_there_before_stays", lifecycle::a_namespace_that_was_there_before_stays),
    ("a_renamed_cluster_keeps_its_objects", lifecycle::a_renamed_cluster_keeps_its_objects),
    ("a_reader_plans_and_an_administrator_applies", rights::a_reader_plans_and_an_administrator_applies),
    (
        "an_administrator_plans_and_an_installer_applies",
        rights::an_administrator_plans_and_an_installer_applies,
    ),
    (
        "an_authority_of_someone_else_is_checked_and_its_end_is_announced",
        authorities::an_authority_of_someone_else_is_checked_and_its_end_is_announced,
    ),
    (
        "istiod_makes_a_root_of_its_own_for_a_mesh_of_one_cluster",
        authorities::istiod_makes_a_root_of_its_own_for_a_mesh_of_one_cluster,
    ),
    ("an_intermediate_is_renewed_by_its_version", roots::an_intermediate_is_renewed_by_its_version),
    (
        "an_istiod_that_made_itself_a_root_is_brought_back",
        roots::an_istiod_that_made_itself_a_root_is_brought_back,
    ),
    ("no_change_of_mode_replaces_a_live_root", roots::no_change_of_mode_replaces_a_live_root),
    ("a_root_that_was_restored_is_accepted", roots::a_root_that_was_restored_is_accepted),
    ("what_istiod_wrote_goes_with_it", roots::what_istiod_wrote_goes_with_it),
    (
        "what_an_earlier_istiod_left_is_named_before_anything_is_written",
        roots::what_an_earlier_istiod_left_is_named_before_anything_is_written,
    ),
    (
        "an_authority_in_a_tls_secret_is_understood_everywhere",
        roots::an_authority_in_a_tls_secret_is_understood_everywhere,
    ),
    ("state_plan_and_logs_hold_no_credential", secrets::state_plan_and_logs_hold_no_credential),
    ("a_build_that_leaks_is_found_out", secrets::a_build_that_leaks_is_found_out),
    (
        "what_cannot_work_is_refused_also_when_the_apply_learns_of_it",
        refusals::what_cannot_work_is_refused_also_when_the_apply_learns_of_it,
    ),
    (
        "an_unknown_cluster_is_named_with_the_known_ones",
        failures::an_unknown_cluster_is_named_with_the_known_ones,
    ),
    ("invalid_yaml_is_named_with_its_line", failures::invalid_yaml_is_named_with_its_line),
    (
        "a_chart_that_does_not_render_names_its_template",
        failures::a_chart_that_does_not_render_names_its_template,
    ),
    ("a_missing_right_is_named_and_nothing_is_left", failures::a_missing_right_is_named_and_nothing_is_left),
    (
        "a_timeout_names_the_pod_and_destroy_leaves_nothing",
        failures::a_timeout_names_the_pod_and_destroy_leaves_nothing,
    ),
    ("ctrl_c_keeps_what_was_made", failures::ctrl_c_keeps_what_was_made),
    ("an_istio_made_by_helm_is_named_and_kept", others::an_istio_made_by_helm_is_named_and_kept),
    ("a_second_state_cannot_take_a_mesh", failures::a_second_state_cannot_take_a_mesh),
    (
        "an_unreachable_cluster_is_an_error_or_kept_or_abandoned",
        failures::an_unreachable_cluster_is_an_error_or_kept_or_abandoned,
    ),
    (
        "a_load_balancer_class_that_cannot_change_is_refused_by_the_plan",
        failures::a_load_balancer_class_that_cannot_change_is_refused_by_the_plan,
    ),
    ("a_mesh_comes_from_a_protected_registry", private::a_mesh_comes_from_a_protected_registry),
    ("a_mesh_comes_from_a_protected_repository", private::a_mesh_comes_from_a_protected_repository),
    ("a_pull_secret_is_there_before_the_first_pod", private::a_pull_secret_is_there_before_the_first_pod),
    ("init_takes_the_provider_from_a_mirror", plugin::init_takes_the_provider_from_a_mirror),
    (
        "a_cluster_that_is_not_known_yet_can_be_planned",
        plugin::a_cluster_that_is_not_known_yet_can_be_planned,
    ),
    (
        "a_create_whose_webhook_is_cut_off_names_the_port",
        plans::a_create_whose_webhook_is_cut_off_names_the_port,
    ),
    ("a_cluster_that_may_be_replaced_is_unknown", plans::a_cluster_that_may_be_replaced_is_unknown),
    (
        "cluster_blocks_that_are_not_known_yet_can_be_planned",
        plugin::cluster_blocks_that_are_not_known_yet_can_be_planned,
    ),
    ("a_full_plan_shows_the_fields_of_new_objects", plugin::a_full_plan_shows_the_fields_of_new_objects),
    // Last, because it looks at a mesh that has been there since the first test.
    ("nothing_changes_with_time", lifecycle::nothing_changes_with_time),
];

fn main() -> ExitCode {
    let mut arguments = Arguments::from_args();
    if arguments.list {
        return libtest_mimic::run(&arguments, trials(None)).exit_code();
    }
    // Built outside, where cargo finds its locks; a jail hides /run.
    fixture::build_providers();
    if let Err(error) = lab::jail::enter() {
        eprintln!("{}", lab::chain(&error));
        return ExitCode::FAILURE;
    }
    let lab = match Lab::start(&Spec::isolated(&["east", "west"])) {
        Ok(lab) => lab,
        Err(error) => {
            eprintln!("{}", lab::chain(&error));
            return ExitCode::FAILURE;
        }
    };
    arguments.test_threads = Some(1);
    libtest_mimic::run(&arguments, trials(Some(&Arc::new(Fixture::new(lab))))).exit_code()
}

fn trials(fixture: Option<&Arc<Fixture>>) -> Vec<Trial> {
    let trial = |(name, test): &Test| {
        let (fixture, test) = (fixture.cloned(), *test);
        Trial::test(*name, move || {
            test(fixture.as_deref().expect("a listed test is not run"));
            Ok(())
        })
    };
    TESTS.iter().map(trial).collect()
}
