//! The rules of labels and annotations of namespaces.

use std::collections::BTreeMap;

use super::super::gateway::EastWestGateway;
use super::super::violation::{FieldPath, Violation};
use super::MeshRule;

/// The longest name in a key, and the longest value of a label.
const LONGEST: usize = 63;
/// The longest prefix of a key, a DNS name.
const LONGEST_PREFIX: usize = 253;
/// Labels that Kubernetes writes itself.
const KUBERNETES_OWN: &str = "kubernetes.io/metadata.name";
/// The prefix of what the provider writes.
const OWN: &str = "terraform-provider-istio/";
/// By which istiod's webhook chooses namespaces.
const INJECTION: [&str; 2] = ["istio-injection", "istio.io/rev"];

/// Labels and annotations are what Kubernetes takes, and none of them is set by Istio, Kubernetes or the provider.
pub(in crate::mesh) fn namespace_metadata(
    labels: &BTreeMap<String, String>,
    annotations: &BTreeMap<String, String>,
) -> Vec<Violation> {
    let label = |key: &String| FieldPath::attribute("namespace_labels").key(key);
    let annotation = |key: &String| FieldPath::attribute("namespace_annotations").key(key);
    let of_labels = labels
        .iter()
        .filter_map(|(key, value)| label_rule(key, value).map(|rule| Violation::of_mesh(label(key), rule)));
    let wrong_keys = annotations.keys().filter(|key| !is_key(key) || key.starts_with(OWN));
    let of_annotations =
        wrong_keys.map(|key| Violation::of_mesh(annotation(key), MeshRule::MetadataKey(key.clone())));
    of_labels.chain(of_annotations).collect()
}

fn label_rule(key: &str, value: &str) -> Option<MeshRule> {
    let reserved = |by| Some(MeshRule::ReservedLabel { key: key.to_owned(), by });
    match key {
        KUBERNETES_OWN => reserved("Kubernetes"),
        EastWestGateway::NETWORK_LABEL => reserved("the provider, from network of the cluster's block"),
        key if key.starts_with(OWN) => reserved("the provider"),
        key if INJECTION.contains(&key) => Some(MeshRule::InjectionLabel(key.to_owned())),
        key if !is_key(key) => Some(MeshRule::MetadataKey(key.to_owned())),
        _ if !is_label_value(value) => {
            Some(MeshRule::LabelValue { key: key.to_owned(), value: value.to_owned() })
        }
        _ => None,
    }
}

/// `IsQualifiedName` in `k8s.io/apimachinery/pkg/util/validation`: a name, and before it a DNS name if there is a slash.
fn is_key(key: &str) -> bool {
    match key.split_once('/') {
        None => is_name(key),
        Some((prefix, name)) => {
            prefix.len() <= LONGEST_PREFIX && prefix.split('.').all(is_dns_label) && is_name(name)
        }
    }
}

fn is_name(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LONGEST
        && is_end(text.chars().next())
        && is_end(text.chars().last())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
}

fn is_dns_label(text: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    text.starts_with(is_letter) && text.ends_with(is_letter) && text.chars().all(|c| is_letter(c) || c == '-')
}

fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_name(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_are_what_kubernetes_takes() {
        let long = "a".repeat(64);
        for key in ["team", "pod-security.kubernetes.io/enforce", "example.com/a_b.c", "A"] {
            assert!(is_key(key), "{key}");
        }
        for key in ["", "-a", "a/", "/a", "a/b/c", "Example.com/a", "a b", long.as_str()] {
            assert!(!is_key(key), "{key}");
        }
        assert!(is_label_value("") && is_label_value("Restricted_1.2") && !is_label_value("a b"));
    }

    #[test]
    fn labels_that_others_set_are_refused() {
        let rule = |key: &str| label_rule(key, "x");
        for key in
            ["kubernetes.io/metadata.name", "topology.istio.io/network", "terraform-provider-istio/owner"]
        {
            assert!(matches!(rule(key), Some(MeshRule::ReservedLabel { .. })), "{key}");
        }
        for key in ["istio-injection", "istio.io/rev"] {
            assert!(matches!(rule(key), Some(MeshRule::InjectionLabel(_))), "{key}");
        }
        assert_eq!(rule("team"), None);
        assert_eq!(
            label_rule("team", "a b"),
            Some(MeshRule::LabelValue { key: "team".to_owned(), value: "a b".to_owned() })
        );
    }

    #[test]
    fn a_violation_names_the_entry() {
        let labels = BTreeMap::from([("istio-injection".to_owned(), "disabled".to_owned())]);
        let annotations = BTreeMap::from([("a b".to_owned(), String::new())]);
        let fields: Vec<String> = namespace_metadata(&labels, &annotations)
            .iter()
            .map(|violation| violation.field.to_string())
            .collect();
        assert_eq!(fields, ["namespace_labels[\"istio-injection\"]", "namespace_annotations[\"a b\"]"]);
    }
}
