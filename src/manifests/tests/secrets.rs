//! Fields whose values are secrets, read back without knowing these.

use serde_json::{Value, json};

use super::super::digest::{FingerprintKey, fingerprint};
use super::super::{Fields, read_back};

fn key() -> FingerprintKey {
    FingerprintKey::new([7; 32])
}

fn of(text: &str) -> String {
    fingerprint(&key(), text.as_bytes())
}

fn prior(fields: &[(&str, &str)]) -> Fields {
    fields.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

fn deployment(env: &Value) -> Value {
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod"},
           "spec": {"template": {"spec": {"containers": [{"name": "discovery", "env": env}]}}}})
}

const LICENSE: &str = "spec.template.spec.containers[name=discovery].env[name=LICENSE].value";

#[test]
fn a_secret_is_compared_by_what_stands_for_it() {
    let prior = prior(&[(LICENSE, &of("planted"))]);
    let live = deployment(&json!([{"name": "LICENSE", "value": "planted"}]));
    assert_eq!(read_back(&live, &prior, &key()), prior);
    let edited = read_back(&deployment(&json!([{"name": "LICENSE", "value": "edited"}])), &prior, &key());
    assert_eq!(edited[LICENSE], of("edited"));
}

#[test]
fn an_empty_secret_that_the_api_server_leaves_out_is_still_there() {
    let name = "spec.template.spec.containers[name=discovery].env[name=LICENSE].name";
    let prior = prior(&[(name, "LICENSE"), (LICENSE, &of(""))]);
    assert_eq!(read_back(&deployment(&json!([{"name": "LICENSE"}])), &prior, &key()), prior);
}

#[test]
fn a_secret_that_somebody_has_moved_inside_a_document_is_not_shown() {
    let prior =
        prior(&[("data.mesh: providers[0].key", &of("planted")), ("data.mesh: providers[0].name", "a")]);
    let live = json!({"kind": "ConfigMap", "metadata": {"name": "istio"},
                      "data": {"mesh": "providers:\n- name: new\n- name: a\n  key: planted\n"}});
    let read = read_back(&live, &prior, &key());
    assert!(!format!("{read:?}").contains("planted"), "{read:?}");
    assert_eq!(read["data.mesh: providers[1].key"], of("planted"));
}

#[test]
fn a_plain_text_that_looks_like_a_fingerprint_is_not_taken_for_one() {
    let text = of("x");
    let live = deployment(&json!([{"name": "LICENSE", "value": text}]));
    let fields = super::super::flatten(&live, &key());
    assert!(fields[LICENSE].starts_with("sha256:"), "{}", fields[LICENSE]);
    assert_eq!(read_back(&live, &fields, &key()), fields);
}
