//! Values of rendered objects that have another type than their field: said by the plan, of all objects at once, since the API server
//! would reject each of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tfplugin::Diagnostic;

use crate::desired::{Component, Manifest, ManifestSet, object};
use crate::diagnostics;
use crate::manifests::{Mistyped, Schemas};

/// Looks at clusters, also at several at the same time.
#[derive(Default)]
pub(super) struct TypeCheck {
    /// What was found, and in which clusters.
    found: Mutex<BTreeMap<Found, BTreeSet<String>>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Found {
    /// What renders the object and which it is.
    object: String,
    mistyped: Mistyped,
}

/// Looks at the objects of an apply: at what the plan could not see, since a value was not known yet.
pub(super) fn check_types<'a>(sets: impl Iterator<Item = &'a ManifestSet>) -> Result<(), Diagnostic> {
    let types = TypeCheck::default();
    sets.for_each(|set| types.look(set));
    types.into_result()
}

impl TypeCheck {
    /// Looks at the objects of one cluster.
    pub(super) fn look(&self, set: &ManifestSet) {
        let schemas = Schemas::of(set.manifests().iter().map(|manifest| &*manifest.object));
        let here = set.manifests().iter().flat_map(|manifest| {
            let mistyped = schemas.mistyped(&common(manifest)).into_iter();
            mistyped.map(move |mistyped| Found { object: describe(manifest), mistyped })
        });
        let here: Vec<Found> = here.collect();
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for one in here {
            found.entry(one).or_default().insert(format!("{:?}", set.cluster().as_str()));
        }
    }

    /// Refuses what the API server would reject.
    ///
    /// # Errors
    /// Everything that was found.
    pub(super) fn into_result(self) -> Result<(), Diagnostic> {
        let found = self.found.into_inner().unwrap_or_else(PoisonError::into_inner);
        let clusters: BTreeSet<&String> = found.values().flatten().collect();
        if clusters.is_empty() {
            return Ok(());
        }
        let noun = if clusters.len() == 1 { "Cluster" } else { "Clusters" };
        let (what, verb) = if found.len() == 1 { ("field", "has") } else { ("fields", "have") };
        let count = found.len();
        let summary =
            format!("{noun} {}: {count} {what} {verb} a value of the wrong type", joined(&clusters));
        let lines = found.iter().map(|(Found { object, mistyped }, here)| {
            let Mistyped { field, is, takes } = mistyped;
            let place =
                if here.len() == clusters.len() { String::new() } else { format!("{}: ", joined(here)) };
            format!("{place}{object}: {field} is {is}, not {takes}: {}", mistyped.remedy())
        });
        let lines: Vec<String> = lines.collect();
        let detail = format!(
            "The API server would reject these objects:\n\n{}\n\n\
             Charts pass the values of a configuration on as they are. Correct them in the values of the chart: in yamlencode(…), \
             \"4711\" and \"true\" in quotes are strings, which annotations and labels need; 4711 and true are not.",
            diagnostics::lines(lines.iter().map(String::as_str))
        );
        Err(Diagnostic::error(summary, detail))
    }
}

/// The object without what depends on secrets, whose type is that of a stand-in where the secret is not read yet: of these fields, the
/// API server alone says what it rejects.
fn common(manifest: &Manifest) -> Cow<'_, Value> {
    match &manifest.sensitive {
        None => Cow::Borrowed(&manifest.object),
        Some(sensitive) => Cow::Owned(sensitive.common()),
    }
}

fn describe(manifest: &Manifest) -> String {
    let described = object::describe(manifest.shown());
    match manifest.component {
        Component::Chart(chart) => format!("chart {chart}, {described}"),
        _ => described,
    }
}

fn joined(names: &BTreeSet<impl AsRef<str> + Ord>) -> String {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    names.join(", ")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::desired::{Placeholders, Sensitive, Varied};
    use crate::mesh::ChartName;

    fn set(cluster: &str, objects: Vec<Value>) -> ManifestSet {
        let mut set = ManifestSet::new(cluster.parse().unwrap());
        for object in objects {
            set.push(Component::Chart(ChartName::Gateway), object, Placeholders::new()).unwrap();
        }
        set
    }

    fn service(name: &str, annotations: &Value) -> Value {
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name, "namespace": "a", "annotations": annotations}})
    }

    fn refusal(sets: &[ManifestSet]) -> Diagnostic {
        let check = TypeCheck::default();
        for set in sets {
            check.look(set);
        }
        check.into_result().unwrap_err()
    }

    #[test]
    fn what_fits_is_not_mentioned() {
        let check = TypeCheck::default();
        check.look(&set("east", vec![service("b", &json!({"example.com/cost": "4711"}))]));
        assert!(check.into_result().is_ok());
    }

    #[test]
    fn a_value_is_named_with_cluster_chart_object_field_and_remedy() {
        let said = refusal(&[set("east", vec![service("b", &json!({"example.com/cost": 4711}))])]);
        assert_eq!(said.summary, "Cluster \"east\": 1 field has a value of the wrong type");
        let line = "\nchart gateway, Service a/b: metadata.annotations[\"example.com/cost\"] is a number, not a string: put it in quotes\n";
        assert!(said.detail.contains(line), "{}", said.detail);
        assert!(said.is_error());
    }

    #[test]
    fn a_custom_resource_has_the_types_of_the_definition_beside_it() {
        let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
            "servers": {"type": "array", "items": {"type": "object", "properties": {"port": {"type": "integer"}}}},
        }}}});
        let names = json!({"kind": "Gateway", "plural": "gateways"});
        let versions = json!([{"name": "v1", "schema": {"openAPIV3Schema": schema}}]);
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "gateways.networking.istio.io"},
            "spec": {"group": "networking.istio.io", "names": names, "versions": versions},
        });
        let gateway = json!({
            "apiVersion": "networking.istio.io/v1", "kind": "Gateway", "metadata": {"name": "b", "namespace": "a"},
            "spec": {"servers": [{"port": 1}, {"port": "15443"}]},
        });
        let said = refusal(&[set("east", vec![definition, gateway.clone()])]);
        let line = "\nchart gateway, Gateway a/b: spec.servers[1].port is a string, not an integer: write it without quotes\n";
        assert!(said.detail.contains(line), "{}", said.detail);
        let without = TypeCheck::default();
        without.look(&set("east", vec![gateway]));
        assert!(without.into_result().is_ok(), "nothing is known of it");
    }

    #[test]
    fn a_field_that_depends_on_a_secret_is_left_to_the_api_server_and_the_others_are_not() {
        let object = |secret: &str| {
            let mut object = service("b", &json!({"a": 1}));
            object["spec"] = json!({"ports": [{"port": secret}]});
            Arc::new(object)
        };
        let varied = Varied { document: "mesh".to_owned(), version: None, object: object("sensitive-b-1") };
        let sensitive = Sensitive {
            shown: object("sensitive-a-1"),
            varied: vec![varied],
            without_write_only: None,
            is_unknown: false,
        };
        let mut secret = set("east", Vec::new());
        let component = Component::Chart(ChartName::Gateway);
        secret
            .push_sensitive(component, object("planted"), Placeholders::new(), Some(Arc::new(sensitive)))
            .unwrap();
        let said = refusal(&[secret]);
        assert_eq!(said.summary, "Cluster \"east\": 1 field has a value of the wrong type");
        assert!(said.detail.contains("metadata.annotations.a is a number"), "{}", said.detail);
    }

    #[test]
    fn clusters_that_have_the_same_share_a_line() {
        let both = service("b", &json!({"a": true}));
        let one = service("c", &json!({"a": true}));
        let said = refusal(&[set("east", vec![both.clone()]), set("west", vec![both, one])]);
        assert_eq!(said.summary, "Clusters \"east\", \"west\": 2 fields have a value of the wrong type");
        let lines = "\nchart gateway, Service a/b: metadata.annotations.a is a bool, not a string: put it in quotes\n\
                     \"west\": chart gateway, Service a/c: metadata.annotations.a is a bool";
        assert!(said.detail.contains(lines), "{}", said.detail);
    }

    #[test]
    fn no_value_is_shown_and_the_first_five_are_listed() {
        let annotations = ["a", "b", "c", "d", "e", "f", "g"].map(|name| (name.to_owned(), json!(4_711_222)));
        let annotations = Value::Object(annotations.into_iter().collect());
        let said = refusal(&[set("east", vec![service("b", &annotations)])]);
        assert!(
            said.detail.contains("annotations.e is") && said.detail.contains("\nand 2 more\n"),
            "{}",
            said.detail
        );
        assert!(
            !said.detail.contains("annotations.f") && !said.detail.contains("4711222"),
            "{}",
            said.detail
        );
    }
}
