//! The one place where errors become Terraform diagnostics: what failed, in which cluster, on which object, why, and
//! what to do.

use std::error::Error as StdError;
use std::sync::Arc;

use tfplugin::{AttributePath, Diagnostic};

use crate::clusters::{self, SettingError};
use crate::documents::DocumentError;
use crate::mesh::{self, Violation};
use crate::observe::InstalledError;
use crate::rollout::{RolloutError, SharedMeshConfigError};

/// What is wrong with a setting of a provider's `cluster` block: a warning, since only whoever uses the cluster fails by it.
pub fn setting(error: &SettingError) -> Diagnostic {
    let block = AttributePath::new("cluster").key(&error.cluster);
    let path =
        error.setting.field.split('.').filter(|name| !name.is_empty()).fold(block, AttributePath::attribute);
    let detail = paragraphs(&[&chain(&error.problem), &error.way_out()]);
    Diagnostic::warning(capitalised(&error.to_string()), detail).at(path)
}

/// A cluster that could not be used. `path` is the place in the resource that names the cluster; faults of the provider
/// block have none, because a resource's diagnostics cannot point there.
pub fn cluster(error: &clusters::Error, path: Option<AttributePath>) -> Diagnostic {
    located(Diagnostic::error(capitalised(&error.to_string()), cluster_detail(error)), path)
}

/// A control plane that is not there, or cannot be read.
pub fn installed(error: &InstalledError, path: AttributePath) -> Diagnostic {
    let way_out = match error {
        InstalledError::Cluster(error) => return cluster(error, Some(path)),
        InstalledError::Absent { .. } => {
            "Name the namespace that Istio was installed in, and only clusters with a control plane of their own. What the same \
             configuration is yet to install is told by the attributes join and peer of its istio_mesh."
        }
        InstalledError::Values { .. } => {
            "The chart istiod writes them. If the control plane was installed in another way, it cannot be read."
        }
    };
    failure(capitalised(&error.to_string()), error, way_out, Some(path))
}

/// A document that an attribute takes and that cannot be read.
pub fn document(error: &DocumentError, path: AttributePath) -> Diagnostic {
    failure(format!("{path} cannot be read"), error, &error.way_out(), Some(path))
}

/// A document that a cluster holds and that cannot be read; `path` names the cluster.
pub fn page(summary: String, error: &DocumentError, path: AttributePath) -> Diagnostic {
    let way_out = match error {
        DocumentError::OtherFormat { .. } => error.way_out(),
        _ => "The resource istio_mesh writes it: apply in the workspace that manages the mesh. If none does any more, delete the \
              ConfigMap, and the mesh is read from its control planes alone."
            .to_owned(),
    };
    failure(summary, error, &way_out, Some(path))
}

/// The same as a warning: the operation goes on without the cluster. `consequence` says what that means.
pub fn cluster_skipped(
    error: &clusters::Error,
    path: Option<AttributePath>,
    consequence: &str,
) -> Diagnostic {
    let detail = paragraphs(&[consequence, &cluster_detail(error)]);
    located(Diagnostic::warning(capitalised(&error.to_string()), detail), path)
}

fn cluster_detail(error: &clusters::Error) -> String {
    paragraphs(&[&causes(error), &error.way_out()])
}

/// A rule that the declared mesh breaks.
pub fn violation(violation: &Violation) -> Diagnostic {
    let summary = match &violation.cluster {
        Some(cluster) => format!("Cluster {cluster:?}: {}", violation.cause),
        None => capitalised(&violation.cause),
    };
    let path = violation.field.steps().iter().fold(AttributePath::root(), |path, step| match step {
        mesh::Step::Attribute(name) => path.attribute(*name),
        mesh::Step::Key(label) => path.key(label),
    });
    let diagnostic = match violation.severity {
        mesh::Severity::Error => Diagnostic::error(summary, &violation.way_out),
        mesh::Severity::Warning => Diagnostic::warning(summary, &violation.way_out),
    };
    diagnostic.at(path)
}

/// Any error of the provider's own steps: `summary` names what failed and where, the detail is the chain of causes and
/// the way out.
pub fn failure(
    summary: impl Into<String>,
    error: &(dyn StdError + 'static),
    way_out: &str,
    path: Option<AttributePath>,
) -> Diagnostic {
    located(Diagnostic::error(summary, paragraphs(&[&chain(error), way_out])), path)
}

/// A rollout that stopped in one cluster.
pub fn rollout(cluster: &str, error: &RolloutError, path: Option<AttributePath>) -> Diagnostic {
    let summary = format!("Cluster {cluster:?}: {error}");
    let cause = match error {
        RolloutError::Apply(ssa::ApplyError::Write { failed, .. }) => {
            objects(failed.iter().map(|(id, error)| (id, error as &(dyn StdError + 'static))))
        }
        RolloutError::Delete(ssa::DeleteError::Request { failed })
        | RolloutError::Prune(ssa::DeleteError::Request { failed }) => {
            objects(failed.iter().map(|(id, error)| (id, error as &(dyn StdError + 'static))))
        }
        error => causes(error),
    };
    located(Diagnostic::error(summary, paragraphs(&[&cause, &rollout_way_out(error)])), path)
}

fn rollout_way_out(error: &RolloutError) -> String {
    use ssa::{ApplyError, DeleteError, InventoryError};
    match error {
        error if is_cancelled(error) => {
            "The run was cancelled. What was done so far is recorded in the cluster and in state. To go on, run terraform untaint if \
             this was the first apply, and apply again; to take it back, destroy."
        }
        RolloutError::Claim(InventoryError::AlreadyInstalled { .. }) => {
            "Another run has made the mesh in the meantime. Nothing was written in any cluster. Use the state that has it; if that \
             is lost, import the mesh: terraform import istio_mesh.NAME '<mesh_id>@<cluster>,…'."
        }
        RolloutError::Claim(InventoryError::OtherIdentity { identity, .. }) => {
            return format!(
                "The mesh with the identity {identity} is installed there, which this state does not know. Two states must not manage \
                 one mesh, so nothing was written in any cluster. Use the state that has it, destroy that mesh first, or choose \
                 another cluster or namespace. If its state is lost, import it: terraform import istio_mesh.NAME \
                 '<mesh_id>@<cluster>,…'."
            );
        }
        RolloutError::Claim(InventoryError::Held { .. }) => {
            "Another run is working on this mesh. Wait until it has ended; a run that was killed no longer stands in the \
             way once its claim has expired."
        }
        RolloutError::Apply(ApplyError::Refused { objects }) if objects.iter().all(is_to_be_recreated) => {
            "Nothing was written. Kubernetes does not let these fields of an existing object change: put back what sets them, or \
             delete the objects with kubectl and apply again; they are then created as configured."
        }
        RolloutError::Apply(ApplyError::Refused { .. }) => {
            "Nothing was written. Remove what others made (a Helm release or an istioctl installation in the same namespace, \
             for instance), or choose another namespace for the mesh. Definitions that an earlier mesh of another namespace left \
             behind can be deleted, or used as they are with crds = \"external\"."
        }
        RolloutError::Apply(ApplyError::NotReady { .. }) | RolloutError::Wait(_) => {
            "Everything up to here is applied and in state. Mend the cause; when the object has become ready, run \
             terraform untaint if this was the first apply, and apply again. Raise timeouts if it only needs longer."
        }
        RolloutError::Root(error) | RolloutError::Intermediate(error) => error.way_out(),
        // The second is what kube-proxy makes of a Service without endpoints.
        RolloutError::NotInjected { reason, .. }
            if reason.contains("no endpoints available") || reason.contains("connection refused") =>
        {
            "No pod of Deployment istiod is ready to fill it in. Look at the events of its pods and at the number of replicas, mend \
             the cause, and apply again."
        }
        RolloutError::NotInjected { .. } => {
            "The API server calls istiod's webhook for every new pod, from its own network to port 15017 of istiod's pods: \
             open the firewall between them (on EKS and private GKE clusters it is closed by default), and apply again. A label \
             istio-injection or istio.io/rev on the gateway's namespace can also keep the webhook from being called: remove it."
        }
        RolloutError::NoRoot | RolloutError::Links { .. } => {
            "Mend what the message about the other cluster says, and apply again."
        }
        RolloutError::SharedMeshConfig(SharedMeshConfigError::Compose(_)) => {
            "Nothing that istiod trusts was changed. Apply the resource that owns the record again, or the mesh if it is the mesh's \
             own, which restores it; delete a record that nobody owns any more."
        }
        RolloutError::SharedMeshConfig(SharedMeshConfigError::Absent | SharedMeshConfigError::Contended) => {
            "Check who else deletes or writes this ConfigMap in the mesh's namespace, and apply again."
        }
        RolloutError::RootAppeared | RolloutError::RootNotStored => {
            "Somebody else writes the Secret terraform-provider-istio-root, and no key is created or thrown away as long as that is so. \
             Find out who, and run the same command again."
        }
        RolloutError::OnlyCopy { .. } => {
            "A key that may be the only one of its root is not deleted. Back the Secret terraform-provider-istio-root of this cluster up, \
             then delete it and run the same command again."
        }
        RolloutError::NoToken { .. } => {
            "Look whether the cluster's controller manager runs its token controller, and apply again."
        }
        RolloutError::Delete(DeleteError::Stuck { .. }) | RolloutError::Prune(DeleteError::Stuck { .. }) => {
            "Let the controllers behind the finalizers finish or remove what blocks them, and run the same command again."
        }
        error if is_forbidden(error) => {
            "Grant the identity of the cluster block the verb and resource that the message names, and run the same \
             command again."
        }
        _ => "What was done so far is recorded in the cluster and in state; run the same command again to go on.",
    }
    .to_owned()
}

fn is_to_be_recreated(change: &ssa::Change) -> bool {
    matches!(change.action, ssa::Action::Recreated { .. })
}

/// One line an object, which names it once.
fn objects<'a>(failed: impl Iterator<Item = (&'a ssa::ObjectId, &'a (dyn StdError + 'static))>) -> String {
    let lines = failed.map(|(id, error)| {
        let (id, text) = (id.to_string(), plain_chain(error));
        if text.contains(&id) { capitalised(&text) } else { format!("{id}: {text}") }
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Whether the API server said no (403) anywhere below.
fn is_forbidden(error: &(dyn StdError + 'static)) -> bool {
    let status = error.downcast_ref::<Box<kube::core::Status>>().map(AsRef::as_ref);
    let status = status.or_else(|| error.downcast_ref::<kube::core::Status>());
    status.is_some_and(|status| status.code == 403)
        || error.source().is_some_and(is_forbidden)
        || of_objects(error).into_iter().any(is_forbidden)
}

fn is_cancelled(error: &(dyn StdError + 'static)) -> bool {
    matches!(error.downcast_ref(), Some(ssa::ApplyError::Cancelled { .. }))
        || matches!(error.downcast_ref(), Some(ssa::WaitError::Cancelled { .. }))
        || matches!(error.downcast_ref(), Some(ssa::DeleteError::Cancelled { .. }))
        || request(error).is_some_and(ssa::RequestError::is_cancelled)
        || error.source().is_some_and(is_cancelled)
        || of_objects(error).into_iter().any(is_cancelled)
}

/// What failed to be asked, if this is that. Several objects share the error of one list.
fn request<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a ssa::RequestError> {
    error.downcast_ref().or_else(|| error.downcast_ref::<Arc<ssa::RequestError>>().map(Arc::as_ref))
}

/// The errors of single objects, which an error of several holds beside its source.
fn of_objects<'a>(error: &'a (dyn StdError + 'static)) -> Vec<&'a (dyn StdError + 'static)> {
    fn each<E: StdError + 'static>(failed: &[(ssa::ObjectId, E)]) -> Vec<&(dyn StdError + 'static)> {
        failed.iter().map(|(_, error)| error as &(dyn StdError + 'static)).collect()
    }
    if let Some(ssa::ApplyError::Write { failed, .. }) = error.downcast_ref() {
        return each(failed);
    }
    match error.downcast_ref() {
        Some(ssa::DeleteError::Request { failed }) => each(failed),
        Some(ssa::DeleteError::Observe { failed }) => each(failed),
        _ => Vec::new(),
    }
}

fn located(diagnostic: Diagnostic, path: Option<AttributePath>) -> Diagnostic {
    match path {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

/// The error and its causes, beginning with a capital letter.
fn chain(error: &(dyn StdError + 'static)) -> String {
    capitalised(&plain_chain(error))
}

/// The error and its causes, separated by colons; a cause that the text before it already holds is left out.
fn plain_chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let next = error.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

/// The causes alone.
fn causes(error: &(dyn StdError + 'static)) -> String {
    error.source().map(chain).unwrap_or_default()
}

fn paragraphs(texts: &[&str]) -> String {
    let texts: Vec<String> =
        texts.iter().filter(|text| !text.is_empty()).map(|text| sentence(text)).collect();
    texts.join("\n\n")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '\n']) { text.to_owned() } else { format!("{text}.") }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("cannot apply the manifests")]
    struct Outer(#[source] Inner);

    #[derive(Debug, thiserror::Error)]
    #[error("not permitted to apply apps/Deployment/istio-system/istiod: no")]
    struct Inner(#[source] Innermost);

    #[derive(Debug, thiserror::Error)]
    #[error("no")]
    struct Innermost;

    #[test]
    fn a_chain_does_not_repeat_what_it_has_said() {
        assert_eq!(
            chain(&Outer(Inner(Innermost))),
            "Cannot apply the manifests: not permitted to apply apps/Deployment/istio-system/istiod: no"
        );
    }

    #[test]
    fn a_cancelled_run_is_told_wherever_it_stood() {
        let id = ssa::ObjectId::new("", "ConfigMap", "istio-system", "istio");
        let cancelled = || ssa::RequestError::Cancelled {
            verb: ssa::Verb::Get,
            target: Box::new(ssa::Target::Object(id.clone())),
        };
        let at_a_look = ssa::DiffError::Observe { id: id.clone(), source: cancelled().into() };
        let at_a_wait = ssa::WaitError::Observe { id: id.clone(), source: cancelled().into() };
        let unseen = ssa::DeleteError::Observe { failed: vec![(id.clone(), cancelled().into())] };
        let kept = ssa::DeleteError::Request { failed: vec![(id.clone(), cancelled())] };
        for error in [
            RolloutError::Apply(ssa::ApplyError::Compare { source: at_a_look }),
            RolloutError::Wait(at_a_wait),
            RolloutError::Delete(unseen),
            RolloutError::Prune(kept),
        ] {
            let way_out = rollout_way_out(&error);
            assert!(way_out.starts_with("The run was cancelled."), "{error:?}: {way_out}");
        }
    }

    #[test]
    fn paragraphs_end_as_sentences() {
        assert_eq!(paragraphs(&["one", "", "two."]), "one.\n\ntwo.");
    }
}
