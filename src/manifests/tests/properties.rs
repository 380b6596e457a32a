use std::collections::BTreeSet;

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

/// Names that the notation has to keep apart, and names that have rules of their own.
const NAMES: [&str; 24] = [
    "",
    "a",
    "b",
    "a.b",
    "a/b",
    "a b",
    "a: b",
    "a[0]",
    "]",
    "\"",
    "\\",
    "ä",
    "0",
    "=",
    "env",
    "ports",
    "name",
    "containers",
    "selector",
    "finalizers",
    "annotations",
    "limits",
    "protocol",
    "containerPort",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        any::<i16>().prop_map(|quarters| Value::from(f64::from(quarters) / 4.0)),
        prop::sample::select(
            &["", "x", "true", "1", "{}", "[]", "null", "a: b", "a:\n  b: 1", "100m", "sha256:x"][..]
        )
        .prop_map(Value::from),
        "[ -~ä\n]{0,12}".prop_map(Value::from),
        "y{600}".prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 48, 6, |inner| {
        prop_oneof![prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from), object_of(inner),]
    })
}

fn object_of(member: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let members = prop::collection::vec((prop::sample::select(&NAMES[..]), member), 0..6);
    members.prop_map(|members| {
        Value::Object(
            members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>(),
        )
    })
}

const KINDS: [(&str, &str); 5] = [
    ("apps/v1", "Deployment"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("networking.istio.io/v1", "Sidecar"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
];

/// Objects of kinds with and without rules of their own.
fn object() -> impl Strategy<Value = Value> {
    (prop::sample::select(&KINDS[..]), object_of(value()), object_of(scalar()), object_of(value())).prop_map(
        |((api_version, kind), metadata, data, spec)| {
            json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "data": data, "spec": spec})
        },
    )
}

/// Adds what an API server or another client would add: members of objects that are not one value as a whole.
fn with_additions(value: &Value, name: &str) -> Value {
    match value {
        Value::Object(members) if name != "selector" => {
            let mut members: Map<String, Value> =
                members.iter().map(|(name, member)| (name.clone(), with_additions(member, name))).collect();
            members.insert("added".to_owned(), json!({"by": "another"}));
            Value::Object(members)
        }
        Value::Array(items) => items
            .iter()
            .map(|item| if is_empty(item) { item.clone() } else { with_additions(item, "") })
            .collect(),
        other => other.clone(),
    }
}

fn is_empty(value: &Value) -> bool {
    value.as_object().is_some_and(|members| members.values().all(Value::is_null))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_untouched_object_reads_back_as_it_was_written(object in object()) {
        let prior = fields(&object);
        prop_assert_eq!(read(&object, &prior), prior);
    }

    #[test]
    fn additions_of_others_change_nothing(object in object()) {
        let prior = fields(&object);
        prop_assert_eq!(read(&with_additions(&object, ""), &prior), prior);
    }

    #[test]
    fn every_path_leads_to_its_value(object in object()) {
        for (path, text) in fields(&object) {
            let (outer, inner) = split_document(&path);
            let outer: ssa::FieldPath = outer.parse().unwrap();
            let found = outer.find(&object);
            if object["kind"] == "Secret" && path.starts_with("data") {
                continue;
            }
            let found = match inner {
                Some(inner) => {
                    let document = helm_template::yaml::parse(found.unwrap().as_str().unwrap()).unwrap();
                    inner.parse::<ssa::FieldPath>().unwrap().find(&document).cloned()
                }
                None => found.cloned(),
            };
            let found = found.unwrap();
            let is_summary = text.starts_with("sha256:") && !text.ends_with(":x") || matches!(text.as_str(), "{}" | "[]");
            prop_assert!(is_summary || means(&found, &text), "{} = {} but is {}", path, text, found);
        }
    }

    #[test]
    fn a_removed_member_removes_its_fields_and_no_others(object in object(), choice in any::<prop::sample::Index>()) {
        let prior = fields(&object);
        let spec = object["spec"].as_object().unwrap();
        prop_assume!(!spec.is_empty());
        let names: Vec<&String> = spec.keys().collect();
        let name = (*choice.get(&names)).clone();
        let mut live = object.clone();
        live["spec"].as_object_mut().unwrap().remove(&name);
        live["spec"]["kept"] = json!("so that the parent is there");
        let read: BTreeSet<String> = read(&live, &prior).into_keys().collect();
        let without: BTreeSet<String> = fields(&live).into_keys().filter(|path| path != "spec.kept").collect();
        let dropped = prior.keys().filter(|path| !without.contains(*path) && read.contains(*path));
        for path in dropped {
            prop_assert!(matches!(prior[path].as_str(), "" | "[]" | "{}"), "{path} = {}", prior[path]);
        }
        prop_assert!(without.is_subset(&read));
    }
}

/// The field's path, and the path in the document that is its text.
fn split_document(path: &str) -> (&str, Option<&str>) {
    let mut quoted = false;
    let mut escaped = false;
    for (position, c) in path.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            ':' if !quoted && path[position..].starts_with(": ") => {
                return (&path[..position], Some(&path[position + 2..]));
            }
            _ => {}
        }
    }
    (path, None)
}

/// Whether a scalar is what a text says.
fn means(found: &Value, text: &str) -> bool {
    match found {
        Value::String(string) => {
            string == text || serde_json::from_str::<String>(text).is_ok_and(|text| text == *string)
        }
        Value::Number(number) => text.parse::<f64>().ok() == number.as_f64(),
        other => serde_json::from_str::<Value>(text).is_ok_and(|value| value == *other),
    }
}
