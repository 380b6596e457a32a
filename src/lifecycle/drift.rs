//! Fields that are not what was written, and who has changed them, as far as the cluster says.

use std::collections::BTreeMap;

use ssa::{Engine, Live};
use tfplugin::{AttributePath, Diagnostic};

use super::place::Place;
use crate::diagnostics;
use crate::manifests::{Fields, ObjectId, field_path};

/// Longer values are not shown.
const SHOWN: usize = 60;

/// A field that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// Its path.
    pub path: String,
    /// What was written; `None` if nothing.
    pub written: Option<String>,
    /// What is there; `None` if nothing is.
    pub live: Option<String>,
    /// The other field managers that own it, or, of a field that is gone, those of the object, the latest first.
    pub managers: Vec<String>,
}

impl Drift {
    /// Every field of `asked` that is not so in `read`, which is what was read of `live`, and every field that was added.
    pub(super) fn of(engine: &Engine, live: &Live, asked: &Fields, read: &Fields) -> Vec<Self> {
        if asked == read {
            return Vec::new();
        }
        let changed =
            asked.iter().filter(|(path, text)| read.get(*path) != Some(*text)).map(|(path, _)| path);
        let added = read.keys().filter(|path| !asked.contains_key(*path));
        let drift = changed.chain(added).map(|path| {
            let owners =
                || field_path(path).map(|path| engine.owners_beside(live, &path)).unwrap_or_default();
            let is_there = read.contains_key(path);
            Self {
                path: path.clone(),
                written: asked.get(path).cloned(),
                live: read.get(path).cloned(),
                managers: if is_there { owners() } else { engine.managers_beside(live) },
            }
        });
        drift.collect()
    }

    /// In one line.
    fn line(&self, is_secret: bool) -> String {
        let Self { path, written, live, managers } = self;
        let shown = |text: &Option<String>| match text {
            Some(text) if is_secret || text.len() > SHOWN => None,
            Some(text) => Some(format!("{text:?}")),
            None => Some("not set".to_owned()),
        };
        let change = match (shown(written), shown(live), live) {
            (_, _, None) => "removed".to_owned(),
            (Some(written), Some(live), _) => format!("{live} in place of {written}"),
            _ => "changed".to_owned(),
        };
        let quoted: Vec<String> = managers.iter().map(|manager| format!("{manager:?}")).collect();
        let by = match (quoted.as_slice(), live) {
            ([], None) => String::new(),
            (managers, None) => format!(" (other field managers of the object: {})", managers.join(", ")),
            ([], Some(_)) => {
                ", by no field manager: an admission webhook or policy, or a subresource".to_owned()
            }
            (managers, Some(_)) => format!(", by {}", managers.join(", ")),
        };
        format!("{path}: {change}{by}")
    }
}

/// What others have changed in one cluster since the last apply.
pub(super) fn seen(label: &str, drift: &BTreeMap<ObjectId, Vec<Drift>>, place: Place) -> Option<Diagnostic> {
    if drift.is_empty() {
        return None;
    }
    let summary = format!("Cluster {label:?}: other tools changed fields that the last apply had set");
    let detail = format!(
        "{}\n\n\
         A plan that shows these fields restores them, whoever changed them. To keep a change, set the same value in the \
         configuration; if something in the cluster always decides the field, list it in ignored_fields.",
        listed(drift)
    );
    Some(Diagnostic::warning(summary, detail).at(place(label)))
}

/// An object that an apply has written and that differs from its plan.
pub(super) fn differs(id: &ObjectId, drift: &[Drift]) -> Diagnostic {
    let lines = diagnostics::lines(
        drift
            .iter()
            .map(|drift| drift.line(id.kind == "Secret"))
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str),
    );
    let detail = format!(
        "{lines}\n\n\
         Something in the cluster changed these fields while or after they were written, and the next plan shows them again. If \
         the platform always decides them, set the same values in the configuration, or list the fields in ignored_fields: {{ \
         \"{id}\" = [\"{}\"] }}.",
        drift.first().map(|drift| drift.path.replace('"', "\\\"")).unwrap_or_default()
    );
    Diagnostic::warning(format!("{id} differs from the plan"), detail)
        .at(AttributePath::new("manifests").key(id.to_string()))
}

/// Objects, each with its fields.
fn listed(drift: &BTreeMap<ObjectId, Vec<Drift>>) -> String {
    let lines = drift.iter().flat_map(|(id, fields)| {
        let object = id.to_string();
        fields.iter().map(move |field| format!("{object}: {}", field.line(id.kind == "Secret")))
    });
    diagnostics::lines(lines.collect::<Vec<_>>().iter().map(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drift(written: Option<&str>, live: Option<&str>, managers: &[&str]) -> Drift {
        Drift {
            path: "spec.cpu".to_owned(),
            written: written.map(str::to_owned),
            live: live.map(str::to_owned),
            managers: managers.iter().map(|manager| (*manager).to_owned()).collect(),
        }
    }

    #[test]
    fn a_line_names_the_field_both_values_and_who_has_changed_it() {
        assert_eq!(
            drift(Some("500m"), Some("750m"), &["k9s"]).line(false),
            "spec.cpu: \"750m\" in place of \"500m\", by \"k9s\""
        );
        assert_eq!(
            drift(Some("500m"), None, &["HashiCorp"]).line(false),
            "spec.cpu: removed (other field managers of the object: \"HashiCorp\")"
        );
        let webhook = drift(Some("500m"), Some("750m"), &[]).line(false);
        assert!(webhook.contains("an admission webhook or policy"), "{webhook}");
        assert_eq!(drift(Some("a"), Some("b"), &["k9s"]).line(true), "spec.cpu: changed, by \"k9s\"");
        assert_eq!(
            drift(None, Some("b"), &["k9s"]).line(false),
            "spec.cpu: \"b\" in place of not set, by \"k9s\""
        );
    }

    #[test]
    fn an_object_that_a_platform_rewrites_names_the_entry_that_accepts_it() {
        let id: ObjectId = "east/apps/Deployment/istio-system/istiod".parse().unwrap();
        let warning = differs(&id, &[drift(Some("500m"), Some("750m"), &[])]);
        let entry = "ignored_fields: { \"east/apps/Deployment/istio-system/istiod\" = [\"spec.cpu\"] }";
        assert!(warning.detail.contains(entry), "{}", warning.detail);
        assert!(!warning.is_error());
    }

    #[test]
    fn what_was_changed_since_the_last_apply_is_listed_by_object() {
        let id: ObjectId = "east//Namespace//istio-system".parse().unwrap();
        let place: Place = |label| AttributePath::new("primary").key(label);
        let warning =
            seen("east", &[(id, vec![drift(Some("net"), None, &["HashiCorp"])])].into(), place).unwrap();
        assert!(
            warning.detail.starts_with("east//Namespace//istio-system: spec.cpu: removed"),
            "{}",
            warning.detail
        );
        assert_eq!(seen("east", &BTreeMap::new(), place), None);
    }
}
