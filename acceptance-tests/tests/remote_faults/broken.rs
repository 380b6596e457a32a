//! What serves a remote cluster is broken on purpose: what `status` says, what the plan warns of, and what fixes it. What Terraform says
//! goes into the guide "When something breaks".
//!
//! What hides something else is broken after it, so that each is seen by itself and one apply fixes all of them.
//!
//! * `objects`: what others have changed, of which the next apply restores everything.
//! * `permissions`: what istiod may no longer do, verb by verb.
//! * `network`: what no apply changes.
//! * `patient`: the mesh.

mod network;
mod objects;
mod patient;
mod permissions;

use acceptance_tests::Fixture;

use acceptance_tests::remote::proof;
use patient::{CLUSTERS, Patient};

/// What the next apply does.
const FIXES: &str = "fixes it";

pub fn what_is_broken_is_named_and_fixed(fixture: &Fixture) {
    let mut patient = Patient::of(fixture);
    network::an_address_leads_nowhere(&mut patient);
    proof::the_mesh_answers(fixture, &CLUSTERS, &["branch"]);
    objects::others_write_while_no_istiod_leads(&mut patient);
    objects::others_changed_what_istiod_needs(&mut patient);
    objects::others_write_while_istiod_leads(&mut patient);
    network::gateways_are_kept_apart(&mut patient);
    objects::the_remote_secret_is_deleted(&mut patient);
    network::the_api_server_is_kept_from_the_webhook(&mut patient);
    network::istiod_starts_while_the_cluster_is_cut_off(&mut patient);
    patient.works();
    patient.ends();
}
