use proptest::prelude::*;
use serde_json::{Value, json};

use super::{FieldPath, FieldPattern, PathElement, Scalar};

fn path(text: &str) -> FieldPath {
    text.parse().unwrap()
}

#[test]
fn a_path_is_written_as_it_is_read() {
    for text in [
        "spec.template.spec.containers[name=discovery].image",
        "metadata.labels[\"app.kubernetes.io/name\"]",
        "spec.ports[port=80,protocol=TCP].nodePort",
        "metadata.finalizers[=\"\"]",
        "metadata.finalizers[=kubernetes]",
        "rules[3].verbs",
        "data[\"a]b\"][\"c\\\"d\"]",
        "items[name=\"80\"]",
    ] {
        assert_eq!(path(text).to_string(), text);
    }
}

#[test]
fn a_text_that_is_no_path_is_refused_with_the_reason() {
    for (text, reason) in [
        (".spec", "it starts with a dot"),
        ("spec..a", "a member's name is empty"),
        ("spec[a", "a bracket is not closed"),
        ("spec[0]a", "a dot is missing after a bracket"),
        ("spec[a]", "a list key has no value"),
    ] {
        let error = text.parse::<FieldPath>().unwrap_err().to_string();
        assert!(error.ends_with(reason), "{error}");
    }
}

#[test]
fn a_path_finds_keyed_items_also_where_the_protocol_is_left_to_its_default() {
    let object = json!({"ports": [{"port": 80, "protocol": "UDP", "name": "a"}, {"port": 80, "name": "b"}], "set": ["x"]});
    assert_eq!(path("ports[port=80,protocol=TCP].name").find(&object), Some(&json!("b")));
    assert_eq!(path("ports[port=80,protocol=UDP].name").find(&object), Some(&json!("a")));
    assert_eq!(path("ports[1].port").find(&object), Some(&json!(80)));
    assert_eq!(path("set[=x]").find(&object), Some(&json!("x")));
    assert_eq!(path("set[=y]").find(&object), None);
}

#[test]
fn a_pattern_covers_the_fields_that_it_names_and_all_below() {
    let covers = |pattern: &str, text: &str| pattern.parse::<FieldPattern>().unwrap().covers(&path(text));
    assert!(covers("webhooks[*].clientConfig.caBundle", "webhooks[name=a.b].clientConfig.caBundle"));
    assert!(!covers("webhooks[*].clientConfig.caBundle", "webhooks[name=a.b].clientConfig"));
    assert!(covers("metadata.annotations.*", "metadata.annotations[\"a.b/c\"]"));
    assert!(covers(
        "metadata.annotations[\"cloud.example/*\"]",
        "metadata.annotations[\"cloud.example/lb\"]"
    ));
    assert!(!covers("metadata.annotations[\"cloud.example/*\"]", "metadata.annotations.other"));
    assert!(covers("spec", "spec.replicas"));
    assert!(covers("ports[port=80]", "ports[port=80].name"));
    assert!(!covers("ports[*]", "ports"));
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".*".prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::from)
    ]
}

fn element() -> impl Strategy<Value = PathElement> {
    let keys = prop::collection::btree_map("[a-zA-Z]{1,6}", scalar(), 1..3);
    prop_oneof![
        ".+".prop_map(PathElement::Field),
        (0..100_usize).prop_map(PathElement::Index),
        scalar().prop_map(|value| PathElement::Item(Scalar::of(&value))),
        keys.prop_map(|keys| {
            PathElement::Key(keys.into_iter().map(|(name, value)| (name, Scalar::of(&value))).collect())
        }),
    ]
}

proptest! {
    #[test]
    fn every_path_survives_its_own_text(elements in prop::collection::vec(element(), 0..5)) {
        let path = FieldPath::from_elements(elements);
        prop_assert_eq!(path.to_string().parse::<FieldPath>().unwrap(), path);
    }
}
