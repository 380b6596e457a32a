//! Who owns what in a cluster: what state, inventory and labels say, and what becomes of them when runs are interrupted, when two
//! workspaces meet, and when people edit and delete what is there.
//!
//! * `seizing`: another workspace's mesh.
//! * `interrupted`: runs that end early, and the runs after them.
//! * `lost`: inventory and state deleted.
//! * `replaced`: destroy and create in one run.
//! * `trust`: changes of who signs.
//! * `uninstalling`: the order of a destroy.
//! * `promised`: saved plans, and clusters that are replaced after the plan.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod clusters;
mod interrupted;
mod lost;
mod promised;
mod replaced;
mod seizing;
mod trust;
mod uninstalling;

use std::process::ExitCode;

use acceptance_tests::provider_binary::Build;
use acceptance_tests::suite::{Definitions, Test, run_on_lab};
use acceptance_tests::tests;
use clusters::Clusters;
use lab::{Lab, Spec};

const TESTS: &[Test<fn(&Lab)>] = tests! { Clusters::of =>
    seizing {
        a_mesh_of_someone_else_is_not_seized_by_the_create_of_two_clusters,
        a_mesh_of_someone_else_is_not_seized_by_a_cluster_that_is_added,
        a_mesh_of_someone_else_is_not_seized_by_recreated_from,
        of_two_workspaces_that_create_at_once_one_wins_and_the_other_touches_nothing,
    }
    interrupted {
        a_root_stays_the_same_wherever_the_move_of_its_key_is_interrupted,
        a_destroy_after_a_failed_change_of_crds_keeps_all_definitions,
        an_edited_secret_is_repaired_also_after_an_apply_that_failed,
    }
    lost {
        an_inventory_that_was_deleted_is_written_anew_and_forgets_nothing,
        a_destroy_without_an_inventory_leaves_nothing,
        a_mesh_without_its_state_is_imported,
        what_a_killed_create_has_left_open_is_imported_and_closed_by_the_next_apply,
    }
    replaced {
        a_tainted_mesh_is_made_anew_with_an_identity_of_its_own,
        a_mesh_moves_to_another_namespace,
        a_dependent_that_is_created_before_it_is_destroyed_is_named,
    }
    trust {
        no_change_of_mode_replaces_the_root_of_a_mesh_that_is_in_use,
    }
    uninstalling {
        a_control_plane_stays_until_the_load_balancer_is_gone,
    }
    promised {
        a_cluster_that_is_replaced_in_the_run_is_filled_only_if_the_user_says_so,
        a_chart_that_changed_since_the_plan_is_named,
    }
};

fn main() -> ExitCode {
    run_on_lab(&Spec::flat(&["east", "west"]), Definitions::Removed, &[Build::Normal], TESTS)
}
