//! What to do about a rollout that stopped.

use std::error::Error as StdError;

use super::admission;
use super::chain::{of_objects, status_of};
use super::objects;
use crate::rollout::{OwnerKind, RolloutError, SharedMeshConfigError};

/// What to do about it, of a resource of this kind.
pub(super) fn of(error: &RolloutError, kind: &OwnerKind) -> String {
    use ssa::{ApplyError, DeleteError};
    if let RolloutError::Apply(ApplyError::Write { failed, .. }) = error
        && let Some(way_out) = objects::way_out_of_failures(failed, kind)
    {
        return way_out;
    }
    if !is_cancelled(error)
        && let Some(way_out) = admission::way_out(error)
    {
        return way_out;
    }
    if let Some(way_out) = of_another_cluster(error) {
        return way_out.to_owned();
    }
    match error {
        error if is_cancelled(error) => {
            "The run was cancelled. What was done so far is recorded in the cluster and in state. To resume, apply again; to \
             undo it, destroy."
        }
        RolloutError::Claim(error) if let Some(way_out) = way_out_of_claim(error, kind) => return way_out,
        RolloutError::Apply(ApplyError::Refused { objects })
        | RolloutError::Foreign(ApplyError::Refused { objects }) => {
            return format!("Nothing was written. {}", objects::way_out(objects, kind));
        }
        RolloutError::Apply(ApplyError::NotReady { .. }) | RolloutError::Wait(_) => {
            "Everything before this point is applied and in state. Fix the cause, and apply again when the object is ready. If \
             it only needs more time, increase timeouts."
        }
        RolloutError::Root(error) | RolloutError::Intermediate(error) => error.way_out(),
        RolloutError::UnusableAuthority(_) => {
            "Something else writes this Secret. Nothing was written; correct the Secret there."
        }
        RolloutError::NotInjected { is_elsewhere: true, .. } => admission::INJECTED_FROM_ELSEWHERE,
        RolloutError::NotInjected { reason, .. } => admission::way_out_of_injection(reason),
        RolloutError::GatewayDenied { .. } => {
            "The policy or quota that the message names denies the gateway's pods in its namespace. Change it, or the values of \
             the gateway, and apply again."
        }
        RolloutError::InTheWay { way_out, .. } => return way_out.clone(),
        RolloutError::AdmissionLate => {
            "Another run holds the Lease terraform-provider-istio-admission in the mesh's namespace again and again. Find out what \
             runs there, and apply again."
        }
        RolloutError::NotAcknowledged { .. } => {
            "Nobody else is trusted yet: other meshes are trusted once every proxy denies what is not exported to them. Find out why these \
             proxies accept no configuration (istioctl proxy-status), restart or delete their pods, and apply again."
        }
        RolloutError::NotReadAgain { .. } => {
            "The former token still works and is kept. Find the cause in the log of istiod; querying istiod requires permission to create \
             pods/portforward in the mesh's namespace. Then apply again; that deletes the former token."
        }
        RolloutError::SharedMeshConfig(SharedMeshConfigError::Compose(_)) => {
            "What istiod trusts was not changed. To restore the record, apply the resource that owns it again, or the mesh if \
             the record is the mesh's own; delete a record that no longer has an owner."
        }
        RolloutError::SharedMeshConfig(SharedMeshConfigError::Absent | SharedMeshConfigError::Contended) => {
            "Find out what else deletes or writes this ConfigMap in the mesh's namespace, stop it, and apply again."
        }
        RolloutError::RootAppeared | RolloutError::RootNotStored => {
            "Something else writes the Secret terraform-provider-istio-root, and no key is created or deleted while it does. \
             Find out what writes it, and run the same command again."
        }
        RolloutError::OnlyCopy { .. } => {
            "A key that may be the only copy is not deleted. Back up the Secret terraform-provider-istio-root of this cluster, \
             then delete it and run the same command again."
        }
        RolloutError::NoToken { .. } => {
            "Check that the cluster's kube-controller-manager runs the token controller, and apply again."
        }
        RolloutError::Delete(DeleteError::Stuck { .. }) | RolloutError::Prune(DeleteError::Stuck { .. }) => {
            "Let the controllers behind the finalizers finish or remove what blocks them, and run the same command again. Pods of a \
             node that is permanently gone go with it: kubectl delete node <name>."
        }
        error if is_forbidden(error) => {
            "Grant the identity of the cluster block the permission that the message names, and run the same command again."
        }
        _ => "What was done so far is recorded in the cluster and in state; run the same command again to resume.",
    }
    .to_owned()
}

/// Where another cluster of the run is to blame.
fn of_another_cluster(error: &RolloutError) -> Option<&'static str> {
    match error {
        RolloutError::NotAdmitted
        | RolloutError::NotServed
        | RolloutError::NotJoined
        | RolloutError::TokenInUse => {
            Some("First fix the error reported for the other cluster, then apply again.")
        }
        RolloutError::NoRoot | RolloutError::Links { .. } => Some(
            "Everything in this cluster that does not depend on another one is applied. First fix the error reported for the \
             other cluster; if that cluster does not belong to this mesh, remove its primary block.",
        ),
        _ => None,
    }
}

/// Of records that another run, or another state, has.
fn way_out_of_claim(error: &ssa::InventoryError, kind: &OwnerKind) -> Option<String> {
    use ssa::InventoryError;
    let (noun, import) = (kind.noun(), kind.import_command());
    Some(match error {
        InventoryError::AlreadyInstalled { .. } => format!(
            "Another run has created the {noun} in the meantime. Nothing was written to any cluster. Use the state that has it; if that \
             state is lost, import the {noun}: {import}."
        ),
        InventoryError::OtherIdentity { identity, .. } => format!(
            "The {noun} with the identity {identity} is installed there, but it is not in this state. Two states must not manage one \
             {noun}, so nothing was written to any cluster. Use the state that has it, destroy that {noun} first, or choose {}. If its \
             state is lost, import it: {import}.",
            kind.elsewhere()
        ),
        InventoryError::Held { .. } => format!(
            "Another run is working on this {noun}. Wait until it ends; if it was killed, wait until its claim expires."
        ),
        _ => return None,
    })
}

/// Whether the API server said no (403) anywhere below.
fn is_forbidden(error: &(dyn StdError + 'static)) -> bool {
    status_of(error).is_some_and(|status| status.code == 403)
        || error.source().is_some_and(is_forbidden)
        || of_objects(error).into_iter().any(is_forbidden)
}

fn is_cancelled(error: &RolloutError) -> bool {
    match error {
        RolloutError::Claim(error)
        | RolloutError::Page(error)
        | RolloutError::Complete(error)
        | RolloutError::Record(error) => error.is_cancelled(),
        RolloutError::Owned(error) => error.is_cancelled(),
        RolloutError::Apply(error) => error.is_cancelled(),
        RolloutError::Prune(error) | RolloutError::Delete(error) => error.is_cancelled(),
        RolloutError::Wait(error) => error.is_cancelled(),
        RolloutError::Compare(error) => error.is_cancelled(),
        RolloutError::Cancelled => true,
        _ => false,
    }
}
