//! Several objects in one message: grouped by kind, one a line, the first of each kind.

use std::collections::BTreeMap;
use std::error::Error as StdError;

use ssa::{Action, Change, Excused, FieldConflict, ObjectError, ObjectId, WriteError};
use tfplugin::{AttributePath, Diagnostic};

use super::chain::plain_chain;
use crate::rollout::OwnerKind;

/// How many of a kind, or of a list, are named.
const SHOWN: usize = 5;
/// Parts of Kubernetes that fill in and scale what others create: none of them has made an object.
const KUBERNETES_OWN: &str = "kube-";

/// Names, one a line: the first, and how many there are more.
pub fn lines<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(str::to_owned).collect();
    shortened(names).join("\n")
}

/// Why a plan that changes no object is not empty: `lines` say what refresh has found of `whole`, such as `mesh`, that is not good.
pub fn not_ready<'a>(whole: &str, lines: impl IntoIterator<Item = &'a str>) -> Diagnostic {
    let detail = format!(
        "The plan changes no object. It changes status, because this was found:\n\n\
         {}\n\n\
         An apply looks again. It waits until timeouts end where that can help, and fails at once where it cannot. The warnings of the \
         refresh show how to fix each.",
        self::lines(lines)
    );
    Diagnostic::warning(format!("The {whole} is not ready"), detail).at(AttributePath::new("status"))
}

/// Objects with what is to say of each.
pub(super) fn listed(objects: impl IntoIterator<Item = (ObjectId, String)>) -> String {
    let mut kinds: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (id, said) in objects {
        let kind = if id.group.is_empty() { id.kind.clone() } else { format!("{} ({})", id.kind, id.group) };
        let said = said.replace(&id.to_string(), "it");
        let name = if id.namespace.is_empty() { id.name } else { format!("{}/{}", id.namespace, id.name) };
        let line = if said.is_empty() { name } else { format!("{name}: {said}") };
        kinds.entry(kind).or_default().push(line);
    }
    let groups = kinds.into_iter().flat_map(|(kind, lines)| {
        std::iter::once(format!("{kind}:"))
            .chain(shortened(lines).into_iter().map(|line| format!("  {line}")))
    });
    groups.collect::<Vec<_>>().join("\n")
}

fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(SHOWN);
    lines.truncate(SHOWN);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

/// Objects that failed, each with its error and its causes.
pub(super) fn failed<'a, E: StdError + 'static>(objects: impl Iterator<Item = &'a (ObjectId, E)>) -> String {
    listed(objects.map(|(id, error)| (id.clone(), plain_chain(error))))
}

/// Objects that must not be written, each with the reason.
pub(super) fn refused(changes: &[Change]) -> String {
    listed(changes.iter().map(|change| (change.id.clone(), reason(&change.action))))
}

fn reason(action: &Action) -> String {
    let joined = |parts: &mut dyn Iterator<Item = String>| parts.collect::<Vec<_>>().join(", ");
    match action {
        Action::Foreign { owner: Some(owner), .. } => format!("belongs to {owner:?}"),
        Action::Foreign { managers, owner: None } => {
            let makers = managers.iter().filter(|manager| !manager.starts_with(KUBERNETES_OWN));
            match joined(&mut makers.cloned()) {
                makers if makers.is_empty() => "was created by something else".to_owned(),
                makers => format!("was created by something else (field managers: {makers})"),
            }
        }
        Action::Conflict { conflicts, .. } => {
            conflicts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
        }
        Action::Recreated { immutable, .. } => {
            let fields = joined(&mut immutable.iter().map(ToString::to_string));
            format!("{fields} cannot change while the object exists")
        }
        _ => String::new(),
    }
}

/// Objects that were not waited for as a whole, each with the pods that lack.
pub(super) fn excused(excused: &[Excused]) -> String {
    listed(excused.iter().map(|excused| (excused.id.clone(), excused.to_string())))
}

/// What to do about objects that a resource of this kind must not write: each kind of reason has its own way out.
pub(super) fn way_out(changes: &[Change], kind: &OwnerKind) -> String {
    let foreign = || changes.iter().filter(|change| matches!(change.action, Action::Foreign { .. }));
    let has_definitions = foreign().any(|change| change.id.kind == "CustomResourceDefinition");
    let conflicts: Vec<&FieldConflict> = changes.iter().flat_map(conflicts).collect();
    let has_immutable = changes.iter().any(|change| matches!(change.action, Action::Recreated { .. }));
    let ways = [
        (foreign().next().is_some(), of_others(kind)),
        (has_definitions, OTHERS_DEFINITIONS.to_owned()),
        (conflicts.iter().any(|conflict| !conflict.applies), EDITED.to_owned()),
        (conflicts.iter().any(|conflict| conflict.applies), fields_of_others(kind)),
        (has_immutable, IMMUTABLE.to_owned()),
    ];
    let ways = ways.into_iter().filter(|(applies, _)| *applies).map(|(_, way)| way);
    ways.collect::<Vec<_>>().join(" ")
}

fn conflicts(change: &Change) -> &[FieldConflict] {
    match &change.action {
        Action::Conflict { conflicts, .. } => conflicts,
        _ => &[],
    }
}

fn of_others(kind: &OwnerKind) -> String {
    format!(
        "These objects do not belong to this {}. Remove what created them (for instance a Helm release or an istioctl installation in \
         the same namespace), or choose {}.",
        kind.noun(),
        kind.elsewhere()
    )
}

fn fields_of_others(kind: &OwnerKind) -> String {
    format!(
        "Another field manager applies the fields that its line names, and will apply them again. The plan did not show that this {} \
         sets them differently. Decide which of the two sets them: remove the field from what that manager applies; or list it in \
         ignored_fields; or set the same value in both. Then plan again.",
        kind.noun()
    )
}

const OTHERS_DEFINITIONS: &str = "To use CRDs that something else installs, set crds = \"external\".";
const EDITED: &str = "Another tool changed the fields that its line names, and the plan did not show that: the change was made after the \
                      plan, or the plan was made without a refresh. Plan again: the plan shows the fields, and its apply restores \
                      them, whoever changed them. To keep the change, set the same value in the configuration, or list the field in \
                      ignored_fields.";
const IMMUTABLE: &str = "Kubernetes does not let these fields of an existing object change: undo the change; or delete the object with kubectl, which \
     interrupts whatever uses it, and apply again: it is then created as configured.";

/// What to do about objects that could not be written, where that is not merely to apply again.
pub(super) fn way_out_of_failures(failed: &[(ObjectId, ObjectError)], kind: &OwnerKind) -> Option<String> {
    let refused = failed.iter().filter_map(|(_, error)| match error {
        ObjectError::Refused(change) => Some(change.clone()),
        _ => None,
    });
    let refused: Vec<Change> = refused.collect();
    let of_server = failed.iter().filter_map(|(_, error)| match error {
        ObjectError::Write(WriteError::Conflict { conflicts, .. }) => {
            let is_applied = conflicts.iter().any(|conflict| conflict.applies);
            Some(if is_applied { fields_of_others(kind) } else { EDITED.to_owned() })
        }
        ObjectError::Write(WriteError::Immutable { .. }) => Some(IMMUTABLE.to_owned()),
        ObjectError::Write(WriteError::Appeared { .. }) => Some(of_others(kind)),
        _ => None,
    });
    let mut ways = vec![way_out(&refused, kind)];
    ways.extend(of_server);
    ways.retain(|way| !way.is_empty());
    ways.dedup();
    (!ways.is_empty()).then(|| ways.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(kind: &str, name: &str) -> ObjectId {
        ObjectId::new("", kind, "istio-system", name)
    }

    fn change(kind: &str, action: Action) -> Change {
        Change { id: id(kind, "istiod"), action }
    }

    fn label_of_another(applies: bool) -> Change {
        let conflict = FieldConflict {
            manager: "argocd".to_owned(),
            applies,
            fields: vec!["metadata.labels.release".parse().unwrap()],
        };
        change("Deployment", Action::Conflict { conflicts: vec![conflict], fields: Vec::new() })
    }

    #[test]
    fn many_objects_are_listed_by_kind_and_only_the_first_of_each() {
        let secrets = (0..12).map(|number| (id("Secret", &format!("s{number}")), String::new()));
        let listed = listed(secrets.chain([(id("ConfigMap", "c"), "no".to_owned())]));
        let expected = "ConfigMap:\n  istio-system/c: no\nSecret:\n  istio-system/s0\n  istio-system/s1\n  istio-system/s2\n  \
                        istio-system/s3\n  istio-system/s4\n  and 7 more";
        assert_eq!(listed, expected);
    }

    #[test]
    fn a_line_names_its_object_once() {
        let id = ObjectId::new("apps", "Deployment", "istio-system", "istiod");
        let said = listed([(id.clone(), format!("not permitted to apply {id}"))]);
        assert_eq!(said, "Deployment (apps):\n  istio-system/istiod: not permitted to apply it");
    }

    #[test]
    fn one_field_of_another_manager_is_named_and_nobody_is_told_to_remove_anything_else() {
        let changes = [label_of_another(true)];
        assert_eq!(
            refused(&changes),
            "Deployment:\n  istio-system/istiod: \"argocd\" owns metadata.labels.release"
        );
        let way_out = way_out(&changes, &OwnerKind::Mesh);
        assert!(way_out.contains("remove the field from what that manager applies"), "{way_out}");
        for other in ["Helm", "namespace", "external"] {
            assert!(!way_out.contains(other), "{way_out}");
        }
    }

    #[test]
    fn an_edit_that_the_plan_did_not_show_only_needs_another_plan() {
        let way_out = way_out(&[label_of_another(false)], &OwnerKind::Mesh);
        assert!(way_out.contains("Plan again: the plan shows the fields"), "{way_out}");
        assert!(way_out.contains("ignored_fields"), "{way_out}");
        for other in ["Helm", "namespace", "applies the fields"] {
            assert!(!way_out.contains(other), "{way_out}");
        }
    }

    #[test]
    fn what_others_made_has_its_own_way_out() {
        let managers = vec!["helm".to_owned(), "kube-apiserver".to_owned()];
        let foreign = |kind| change(kind, Action::Foreign { managers: managers.clone(), owner: None });
        let deployment = [foreign("Deployment")];
        assert!(refused(&deployment).ends_with("was created by something else (field managers: helm)"));
        assert!(way_out(&deployment, &OwnerKind::Mesh).contains("a Helm release"));
        assert!(!way_out(&deployment, &OwnerKind::Mesh).contains("external"));
        let federation = OwnerKind::Federation("partners".to_owned());
        let of_federation = way_out(&deployment, &federation);
        assert!(
            of_federation.starts_with("These objects do not belong to this federation."),
            "{of_federation}"
        );
        assert!(of_federation.ends_with("or choose another name for the federation."), "{of_federation}");
        assert!(
            way_out(&[foreign("CustomResourceDefinition")], &OwnerKind::Mesh).contains("crds = \"external\"")
        );
    }

    #[test]
    fn a_field_that_cannot_change_is_not_tried_again_in_vain() {
        let immutable = vec!["spec.loadBalancerClass".parse().unwrap()];
        let failed = [(
            id("Service", "gateway"),
            ObjectError::Refused(change("Service", Action::Recreated { immutable, fields: Vec::new() })),
        )];
        let way_out = way_out_of_failures(&failed, &OwnerKind::Mesh).unwrap();
        assert!(way_out.contains("undo the change") && way_out.contains("delete the object"), "{way_out}");
    }
}
