//! The configuration that istiod runs beside the one that it was given (`ApplyMeshConfig` of `pkg/config/mesh`).

use serde_json::{Map, Value};

use super::path::ValuePath;

/// What istiod adds to instead of replacing: it is laid over what was there field by field.
pub(super) const LAID_OVER: [&str; 2] = ["defaultConfig", "defaultProviders"];
pub(super) const PROVIDERS: &str = "extensionProviders";
pub(super) const ALIASES: &str = "trustDomainAliases";
/// Two of which proxies have one: the later one replaces the other (`cluster_name` of `ProxyConfig`).
const NAMES: [&str; 2] = ["serviceCluster", "tracingServiceName"];

/// What istiod makes of two documents that were read, the one that it reads first and the one that it lays over it.
pub fn expected(first: &Value, second: &Value) -> Value {
    let mut expected = first.as_object().cloned().unwrap_or_default();
    for (key, value) in second.as_object().into_iter().flatten() {
        let before = expected.get(key);
        let value = match (before, value) {
            (Some(Value::Object(before)), Value::Object(after)) if LAID_OVER.contains(&key.as_str()) => {
                Value::Object(laid_over(before, after))
            }
            (Some(Value::Array(before)), Value::Array(after)) if key == ALIASES => {
                Value::Array(before.iter().chain(after).cloned().collect())
            }
            (Some(Value::Array(before)), Value::Array(after)) if key == PROVIDERS => {
                Value::Array(named_last(before, after))
            }
            _ => value.clone(),
        };
        expected.insert(key.clone(), value);
    }
    Value::Object(expected)
}

fn laid_over(before: &Map<String, Value>, after: &Map<String, Value>) -> Map<String, Value> {
    let mut all = before.clone();
    for (key, value) in after {
        if NAMES.contains(&key.as_str()) {
            all.retain(|other, _| !NAMES.contains(&other.as_str()));
        }
        let value = match (before.get(key), value) {
            (Some(Value::Object(before)), Value::Object(after)) if key == "proxyMetadata" => {
                Value::Object(laid_over(before, after))
            }
            _ => value.clone(),
        };
        all.insert(key.clone(), value);
    }
    all
}

fn named_last(before: &[Value], after: &[Value]) -> Vec<Value> {
    let is_replaced = |one: &&Value| !after.iter().any(|other| other["name"] == one["name"]);
    before.iter().filter(is_replaced).chain(after).cloned().collect()
}

/// The settings of `expected` that are not so in `running`, both as they were read. istiod's own defaults stand beside them.
pub fn differences(expected: &Value, running: &Value) -> Vec<ValuePath> {
    let mut found = Vec::new();
    for (key, value) in expected.as_object().into_iter().flatten() {
        let (path, other) = (ValuePath::default().key(key), running.get(key));
        match (key.as_str(), value) {
            (PROVIDERS, Value::Array(providers)) => {
                let others = other.and_then(Value::as_array);
                for (position, provider) in providers.iter().enumerate() {
                    let other = others.into_iter().flatten().find(|other| other["name"] == provider["name"]);
                    // By its position: its name may come from a sensitive document.
                    compare(provider, other, &path.item(position), &mut found);
                }
            }
            (ALIASES, Value::Array(aliases)) => {
                let others = other.and_then(Value::as_array);
                let has = |alias: &&Value| others.is_some_and(|others| others.contains(alias));
                if !aliases.iter().all(|alias| has(&alias)) {
                    found.push(path);
                }
            }
            _ => compare(value, other, &path, &mut found),
        }
    }
    found
}

pub(super) fn compare(wanted: &Value, running: Option<&Value>, path: &ValuePath, found: &mut Vec<ValuePath>) {
    match (wanted, running) {
        (Value::Object(members), _) => {
            for (key, value) in members {
                compare(value, running.and_then(|running| running.get(key)), &path.key(key), found);
            }
        }
        (Value::Array(items), Some(Value::Array(others))) if items.len() == others.len() => {
            for (position, (item, other)) in items.iter().zip(others).enumerate() {
                compare(item, Some(other), &path.item(position), found);
            }
        }
        (wanted, Some(running)) if is_same(wanted, running) => {}
        // A field that is zero is left out of what istiod prints.
        (wanted, None) if is_zero(wanted) => {}
        _ => found.push(path.clone()),
    }
}

fn is_same(one: &Value, other: &Value) -> bool {
    one == other || (one.is_number() && one.as_f64() == other.as_f64())
}

fn is_zero(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(members) => members.values().all(is_zero),
        Value::Bool(true) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Document, read};
    use super::*;

    fn reading(value: &Value) -> Value {
        read(Document::MeshConfig, 31, value).value
    }

    fn different(wanted: &Value, running: &Value) -> Vec<String> {
        differences(&reading(wanted), &reading(running)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_istiod_adds_is_no_difference_and_notation_neither() {
        let wanted = json!({
            "trustDomain": "shop.example",
            "enableTracing": false,
            "access_log_encoding": 1,
            "connectTimeout": "1m",
            "defaultConfig": {"concurrency": "0", "proxyMetadata": {"A": "true"}, "holdApplicationUntilProxyStarts": true},
            "extensionProviders": [{"name": "otel", "opentelemetry": {"service": "a", "port": 4317}}],
            "trustDomainAliases": ["b", "a"],
        });
        let running = json!({
            "trustDomain": "shop.example",
            "accessLogEncoding": "JSON",
            "connectTimeout": "60s",
            "ingressClass": "istio",
            "defaultConfig": {
                "concurrency": 0, "statusPort": 15020, "proxyMetadata": {"A": "true", "B": "1"},
                "holdApplicationUntilProxyStarts": true,
            },
            "extensionProviders": [
                {"name": "prometheus", "prometheus": {}},
                {"name": "otel", "opentelemetry": {"service": "a", "port": 4317}},
            ],
            "trustDomainAliases": ["a", "b", "c"],
        });
        assert_eq!(different(&wanted, &running), Vec::<String>::new());
    }

    #[test]
    fn every_other_setting_is_named_by_its_path() {
        let wanted = json!({
            "trustDomain": "shop.example",
            "accessLogFile": "/dev/stdout",
            "defaultConfig": {"proxyMetadata": {"A": "true"}},
            "discoverySelectors": [{"matchLabels": {"a": "b"}}],
            "extensionProviders": [{"name": "otel", "opentelemetry": {"service": "a", "port": 4317}}],
        });
        let running = json!({
            "trustDomain": "cluster.local",
            "defaultConfig": {"proxyMetadata": {"A": "false"}},
            "extensionProviders": [{"name": "otel", "opentelemetry": {"service": "a", "port": 4318}}],
        });
        assert_eq!(
            different(&wanted, &running),
            [
                "accessLogFile",
                "defaultConfig.proxyMetadata.A",
                "discoverySelectors",
                "extensionProviders[0].opentelemetry.port",
                "trustDomain",
            ]
        );
    }

    #[test]
    fn of_two_documents_the_second_counts_but_for_what_is_laid_over() {
        let first = json!({
            "trustDomain": "one", "rootNamespace": "a", "trustDomainAliases": ["x"],
            "defaultConfig": {"concurrency": 1, "proxyMetadata": {"A": "1"}},
            "extensionProviders": [{"name": "p", "zipkin": {"service": "a"}}],
        });
        let second = json!({
            "trustDomain": "two", "trustDomainAliases": ["y"],
            "defaultConfig": {"proxyMetadata": {"B": "2"}},
            "extensionProviders": [{"name": "q", "zipkin": {"service": "b"}}],
        });
        let expected = expected(&first, &second);
        assert_eq!(expected["trustDomain"], "two");
        assert_eq!(expected["rootNamespace"], "a");
        assert_eq!(expected["trustDomainAliases"], json!(["x", "y"]));
        assert_eq!(
            expected["defaultConfig"],
            json!({"concurrency": 1, "proxyMetadata": {"A": "1", "B": "2"}})
        );
        assert_eq!(expected["extensionProviders"].as_array().unwrap().len(), 2);
    }
}
