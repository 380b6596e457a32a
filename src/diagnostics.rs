//! The one place where errors become Terraform diagnostics: what failed, in which cluster, on which object, why, and
//! what to do.

mod admission;
mod chain;
mod federation;
mod objects;
mod rendering;
mod rollout_way_out;
mod violations;

use std::error::Error as StdError;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, FunctionError};

use self::chain::{capitalised, causes, chain, plain_chain};
pub use self::objects::{lines, not_ready};
pub use self::rendering::SECRET_DECIDES;
pub use self::violations::{MemberSyntax, field_path, violation};
use crate::clusters::{self, Reason, SettingError};
use crate::documents::DocumentError;
use crate::manifests::IgnoredFieldError;
use crate::observe::InstalledError;
use crate::render::RenderError;
use crate::rollout::{OwnerKind, RolloutError};

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
            "Set namespace to the one that Istio is installed in, and list only clusters that have their own control plane. For \
             a mesh managed in the same configuration, use the attributes join and peer of its istio_mesh instead."
        }
        InstalledError::NoRevision { .. } => "Set revision to one of these, or omit it if there is only one.",
        InstalledError::SeveralRevisions { .. } => "Set revision to the one to read.",
        InstalledError::Values { .. } => {
            "The chart istiod writes them. If the control plane was installed in another way, it cannot be read."
        }
    };
    let detail = paragraphs(&[&causes(error), way_out]);
    Diagnostic::error(capitalised(&error.to_string()), detail).at(path)
}

/// A document that an attribute takes and that cannot be read.
pub fn document(error: &DocumentError, path: AttributePath) -> Diagnostic {
    failure(format!("cannot read {path}"), error, &error.way_out(), Some(path))
}

/// A document that is an argument of a function. Terraform puts the text into a sentence of its own, before a full stop.
pub fn argument(error: &DocumentError, index: i64) -> FunctionError {
    let text = format!("{}. {}", plain_chain(error), error.way_out());
    FunctionError::new(text.trim_end_matches('.')).argument(index)
}

/// A document that a cluster holds and that cannot be read; `path` names the cluster.
pub fn page(summary: String, error: &DocumentError, path: AttributePath) -> Diagnostic {
    let way_out = match error {
        DocumentError::OtherFormat { .. } => error.way_out(),
        _ => "The resource istio_mesh writes it: apply in the workspace that manages the mesh. If no workspace manages it any \
              more, delete the ConfigMap; the mesh is then read from its control planes alone."
            .to_owned(),
    };
    failure(summary, error, &way_out, Some(path))
}

/// A cluster whose objects cannot be rendered.
pub fn rendering(summary: String, error: &RenderError, path: AttributePath) -> Diagnostic {
    failure(summary, error, &rendering::way_out(error), Some(path))
}

/// An entry of `ignored_fields` that names no field which others can decide.
pub fn ignored_field(error: &IgnoredFieldError, path: AttributePath) -> Diagnostic {
    let meant = |nearest: &Option<String>| {
        nearest.as_ref().map_or(String::new(), |nearest| format!("Did you mean {nearest:?}? "))
    };
    let way_out = match error {
        IgnoredFieldError::Key { .. } => {
            "Write the key as the plan shows it in manifests, such as \"east/apps/Deployment/istio-system/istiod\"; the group of \
             Kubernetes' core kinds is empty: \"east//Service/istio-system/istiod\"."
                .to_owned()
        }
        IgnoredFieldError::Path { reason, .. } => {
            format!("{}. Write the path as the plan shows it in manifests.", capitalised(reason))
        }
        IgnoredFieldError::Part { whole, .. } => format!("To ignore all of it, write {whole:?}."),
        IgnoredFieldError::Identity { .. } | IgnoredFieldError::Secret { .. } => "Remove the entry.".to_owned(),
        IgnoredFieldError::NoObject { nearest, .. } => format!(
            "{}Write the key as the plan shows it in manifests, with * for any characters of one of its five parts, or remove the entry.",
            meant(nearest)
        ),
        IgnoredFieldError::NoField { nearest, .. } => format!(
            "{}Only fields in manifests can be ignored; all others belong to whoever sets them. Write the path as the plan \
             shows it in manifests, or remove it.",
            meant(nearest)
        ),
    };
    Diagnostic::error(capitalised(&error.to_string()), way_out).at(path)
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

/// A cluster that a plan is going to forget, by the user's own word.
pub fn cluster_abandoned(
    error: &clusters::Error,
    path: Option<AttributePath>,
    consequence: &str,
) -> Diagnostic {
    let why = capitalised(&chain(error));
    let summary = format!("Cluster {:?} is abandoned", error.cluster());
    located(Diagnostic::warning(summary, paragraphs(&[&why, consequence])), path)
}

/// A cluster block without connection settings, beside others that have some.
pub fn from_environment(cluster: &str, variable: &str) -> Diagnostic {
    let detail = format!(
        "Its block has no connection settings, or only null ones, so the connection is taken from the environment variable {variable}. \
         If that is another cluster, set the block's connection settings or unset {variable}."
    );
    let summary = format!("Cluster {cluster:?} is the one that {variable} leads to");
    Diagnostic::warning(summary, detail).at(AttributePath::new("cluster").key(cluster))
}

fn cluster_detail(error: &clusters::Error) -> String {
    let cause = match error {
        // The error itself says it in its own words.
        clusters::Error::Unreachable { reason, .. } if !matches!(reason, Reason::Other | Reason::Tls) => {
            String::new()
        }
        error => causes(error),
    };
    paragraphs(&[&cause, &error.way_out()])
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

/// A rollout of a resource of this kind that stopped in one cluster.
pub fn rollout(
    cluster: &str,
    error: &RolloutError,
    kind: &OwnerKind,
    path: Option<AttributePath>,
) -> Diagnostic {
    let summary = format!("Cluster {cluster:?}: {error}");
    let cause = match error {
        RolloutError::Apply(error) | RolloutError::Foreign(error) => of_apply(error),
        RolloutError::Delete(error) | RolloutError::Prune(error) => of_delete(error),
        error => causes(error),
    };
    located(Diagnostic::error(summary, paragraphs(&[&cause, &rollout_way_out::of(error, kind)])), path)
}

/// Pods that were not waited for, in one cluster.
pub fn excused(cluster: &str, excused: &[ssa::Excused], path: AttributePath) -> Diagnostic {
    let nodes: std::collections::BTreeSet<&str> =
        excused.iter().map(|excused| excused.node.as_str()).collect();
    let nodes: Vec<&str> = nodes.into_iter().collect();
    let summary = format!("Cluster {cluster:?}: pods on nodes that are not ready were not waited for");
    let detail = format!(
        "{}\n\n\
         Everything else is done. Kubernetes starts or removes these pods when their nodes are ready again. If a node is permanently \
         gone, delete it: kubectl delete node {}.",
        objects::excused(excused),
        nodes.join(" ")
    );
    Diagnostic::warning(summary, detail).at(path)
}

fn of_apply(error: &ssa::ApplyError) -> String {
    match error {
        ssa::ApplyError::Refused { objects } => objects::refused(objects),
        ssa::ApplyError::Write { failed, .. } => objects::failed(failed.iter()),
        error => chain(error),
    }
}

fn of_delete(error: &ssa::DeleteError) -> String {
    match error {
        ssa::DeleteError::Request { failed } => objects::failed(failed.iter()),
        ssa::DeleteError::Observe { failed } => objects::failed(failed.iter()),
        ssa::DeleteError::Stuck { waited, objects } => {
            let stuck = objects.iter().map(|stuck| (stuck.id.clone(), held_by(stuck)));
            format!("Still there after {waited:.0?}:\n{}", objects::listed(stuck))
        }
        ssa::DeleteError::Cancelled { objects } => {
            let left = objects.iter().map(|id| (id.clone(), String::new()));
            format!("Possibly still there:\n{}", objects::listed(left))
        }
        error => chain(error),
    }
}

/// What keeps an object from going.
fn held_by(stuck: &ssa::Stuck) -> String {
    let finalizers =
        (!stuck.finalizers.is_empty()).then(|| format!("held by finalizers {}", stuck.finalizers.join(", ")));
    let pods = stuck.pods.iter().map(|pod| format!("waits for {pod}"));
    finalizers.into_iter().chain(pods).chain(stuck.conditions.iter().cloned()).collect::<Vec<_>>().join("; ")
}

/// The messages of a create that has failed and whose state is kept: Terraform marks the resource as tainted then, so that applying
/// again, which every way out ends with, would destroy what has been made.
pub fn of_tainted(messages: Diagnostics, resource_type: &str) -> Diagnostics {
    let taint = format!(
        "Terraform marks a resource whose creation has failed as tainted, and the next apply would destroy what exists and create it \
         again. To resume instead, run terraform untaint {resource_type}.<name> before you apply again."
    );
    let named = |message: Diagnostic| {
        let detail = paragraphs(&[&message.detail, &taint]);
        if message.is_error() { Diagnostic { detail, ..message } } else { message }
    };
    messages.into_iter().map(named).collect()
}

fn located(diagnostic: Diagnostic, path: Option<AttributePath>) -> Diagnostic {
    match path {
        Some(path) => diagnostic.at(path),
        None => diagnostic,
    }
}

fn paragraphs(texts: &[&str]) -> String {
    let texts: Vec<String> =
        texts.iter().filter(|text| !text.is_empty()).map(|text| sentence(text)).collect();
    texts.join("\n\n")
}

fn sentence(text: &str) -> String {
    if text.ends_with(['.', '!', '?', ':', '\n']) { text.to_owned() } else { format!("{text}.") }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let unwritten = ssa::ObjectError::Write(cancelled().into());
        let at_a_write =
            ssa::ApplyError::Write { stage: "a".to_owned(), failed: vec![(id.clone(), unwritten)] };
        for error in [
            RolloutError::Apply(ssa::ApplyError::Compare { source: at_a_look }),
            RolloutError::Apply(at_a_write),
            RolloutError::Wait(at_a_wait),
            RolloutError::Delete(unseen),
            RolloutError::Prune(kept),
        ] {
            let way_out = rollout_way_out::of(&error, &OwnerKind::Mesh);
            assert!(way_out.starts_with("The run was cancelled."), "{error:?}: {way_out}");
        }
    }

    #[test]
    fn what_another_state_has_is_called_by_its_own_name_with_a_way_out_that_fits() {
        let said = |kind: &OwnerKind, error: ssa::InventoryError| {
            rollout("east", &RolloutError::Claim(error), kind, None).detail
        };
        let other = || ssa::InventoryError::OtherIdentity {
            namespace: "istio-system".to_owned(),
            name: "a".to_owned(),
            identity: "0123".to_owned(),
        };
        let mesh = said(&OwnerKind::Mesh, other());
        assert!(mesh.contains("choose another cluster, or another namespace for the mesh."), "{mesh}");
        let remote = OwnerKind::RemoteCluster("edge".to_owned());
        let federation = OwnerKind::Federation("partners".to_owned());
        for (kind, elsewhere) in
            [(remote, "choose another cluster."), (federation, "choose another name for the federation.")]
        {
            let detail = said(&kind, other());
            assert!(detail.contains(&format!("The {} with the identity 0123", kind.noun())), "{detail}");
            assert!(detail.contains(&kind.import_command()) && detail.contains(elsewhere), "{detail}");
            assert!(!detail.contains("mesh with") && !detail.contains("istio_mesh."), "{detail}");
        }
    }

    #[test]
    fn paragraphs_end_as_sentences() {
        assert_eq!(paragraphs(&["one", "", "two."]), "one.\n\ntwo.");
    }

    #[test]
    fn every_error_of_a_failed_create_names_untaint_and_no_warning_does() {
        let messages: Diagnostics =
            [Diagnostic::error("a", "Apply again."), Diagnostic::warning("b", "c")].into_iter().collect();
        let named: Vec<Diagnostic> = of_tainted(messages, "istio_mesh").into_iter().collect();
        assert!(named[0].detail.starts_with("Apply again.\n\n"), "{:?}", named[0]);
        assert!(named[0].detail.contains("run terraform untaint istio_mesh.<name>"), "{:?}", named[0]);
        assert_eq!(named[1].detail, "c");
    }

    #[test]
    fn pods_of_lost_nodes_are_named_with_their_nodes() {
        let id = ssa::ObjectId::new("apps", "DaemonSet", "istio-system", "istio-cni-node");
        let lost = ssa::Excused {
            id,
            pod: "istio-cni-node-4dd9m".to_owned(),
            node: "n2".to_owned(),
            is_there: true,
        };
        let warning = excused("east", &[lost], AttributePath::new("primary").key("east"));
        assert!(!warning.is_error());
        let expected = "DaemonSet (apps):\n  istio-system/istio-cni-node: pod istio-cni-node-4dd9m on node n2, which is not ready\n\n";
        assert!(warning.detail.starts_with(expected), "{}", warning.detail);
        assert!(warning.detail.contains("kubectl delete node n2."), "{}", warning.detail);
    }

    #[test]
    fn no_way_out_of_its_own_names_untaint() {
        for error in [RolloutError::NoRoot, RolloutError::CompleteLate] {
            assert!(!rollout_way_out::of(&error, &OwnerKind::Mesh).contains("untaint"), "{error:?}");
        }
    }

    #[test]
    fn a_failure_elsewhere_does_not_have_this_cluster_applied_again() {
        let clusters = vec!["east".to_owned()];
        for error in [RolloutError::NoRoot, RolloutError::Links { clusters }] {
            assert!(!rollout_way_out::of(&error, &OwnerKind::Mesh).contains("apply again"), "{error:?}");
        }
    }
}
