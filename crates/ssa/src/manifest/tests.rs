use serde_json::{Value, json};

use super::{Manifest, ManifestError};

fn ids(values: Vec<Value>) -> Vec<String> {
    Manifest::parse_all(values, "home").unwrap().iter().map(|manifest| manifest.id().to_string()).collect()
}

fn object(api_version: &str, kind: &str, name: &str) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": name}})
}

#[test]
fn namespaces_are_filled_in_where_the_kind_has_one() {
    let definition = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": {"name": "globals.a.example"},
        "spec": {"group": "a.example", "scope": "Cluster", "names": {"kind": "Global"}},
    });
    let mut role = object("rbac.authorization.k8s.io/v1", "ClusterRole", "reader");
    role["metadata"]["namespace"] = json!("ignored");
    let values = vec![
        object("v1", "ConfigMap", "settings"),
        role,
        object("a.example/v1", "Global", "one"),
        object("a.example/v1", "Local", "two"),
        definition,
    ];
    assert_eq!(
        ids(values),
        [
            "/ConfigMap/home/settings",
            "rbac.authorization.k8s.io/ClusterRole//reader",
            "a.example/Global//one",
            "a.example/Local/home/two",
            "apiextensions.k8s.io/CustomResourceDefinition//globals.a.example",
        ]
    );
}

#[test]
fn lists_are_opened_and_empty_documents_left_out() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [object("v1", "Secret", "a"), object("v1", "Secret", "b")]});
    assert_eq!(ids(vec![Value::Null, list]), ["/Secret/home/a", "/Secret/home/b"]);
}

#[test]
fn nulls_are_dropped_and_string_data_becomes_data() {
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "annotations": null},
        "data": {"a": "eA=="}, "stringData": {"b": "y"},
    });
    let manifest = Manifest::parse(secret, "home").unwrap();
    let expected = json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "namespace": "home"},
        "data": {"a": "eA==", "b": "eQ=="},
    });
    assert_eq!(*manifest.value(), expected);
    assert_eq!(format!("{manifest:?}"), "Manifest(v1 /Secret/home/keys)");
}

#[test]
fn what_is_no_manifest_is_named_with_what_it_lacks() {
    let nameless = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {}});
    let error = Manifest::parse_all(vec![object("v1", "Secret", "a"), nameless], "home").unwrap_err();
    assert_eq!(error.to_string(), "manifest 1 (ConfigMap ) has no metadata.name");
    let twice = vec![object("v1", "Secret", "a"), object("v1", "Secret", "a")];
    assert!(matches!(Manifest::parse_all(twice, "home"), Err(ManifestError::Duplicate { .. })));
}

#[test]
fn a_digest_depends_on_content_and_not_on_order() {
    let (a, b) = (object("v1", "ConfigMap", "a"), object("v1", "ConfigMap", "b"));
    let digest = |values: Vec<Value>| crate::digest(&Manifest::parse_all(values, "home").unwrap());
    assert_eq!(digest(vec![a.clone(), b.clone()]), digest(vec![b, a.clone()]));
    let mut changed = a.clone();
    changed["data"] = json!({"x": "1"});
    assert_ne!(digest(vec![a]), digest(vec![changed]));
}
