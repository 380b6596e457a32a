//! What istiod runs although it is no longer told to.

use serde_json::Value;

use super::comparison::{ALIASES, LAID_OVER, PROVIDERS, compare, expected};
use super::path::ValuePath;

/// The settings with which istiod was run before, and still is: those of `running` that are neither `given` nor its defaults, and
/// defaults that nothing `given` stands in for, and that do not apply. What was given and is not run is a difference.
pub fn kept(defaults: &Value, given: &Value, running: &Value) -> Vec<ValuePath> {
    let complete = expected(defaults, given);
    let mut found = Vec::new();
    find_changed_defaults(&complete, given, running, &mut found);
    for (key, value) in running.as_object().into_iter().flatten() {
        let (path, wanted) = (ValuePath::default().key(key), complete.get(key));
        match (key.as_str(), value) {
            (PROVIDERS, Value::Array(providers)) => {
                find_providers(wanted, given.get(key), providers, &path, &mut found);
            }
            (ALIASES, Value::Array(aliases)) => {
                let wanted = wanted.and_then(Value::as_array);
                if !aliases.iter().all(|alias| wanted.is_some_and(|wanted| wanted.contains(alias))) {
                    found.push(path);
                }
            }
            _ => find_others(wanted, value, &path, &mut found),
        }
    }
    found.sort();
    found
}

/// Defaults that nothing stands in for; what providers are is found by their names.
fn find_changed_defaults(complete: &Value, given: &Value, running: &Value, found: &mut Vec<ValuePath>) {
    for (key, value) in complete.as_object().into_iter().flatten() {
        let path = ValuePath::default().key(key);
        match value {
            _ if [PROVIDERS, ALIASES].contains(&key.as_str()) => {}
            Value::Object(members) if LAID_OVER.contains(&key.as_str()) => {
                let rest = members.iter().filter(|(name, _)| given[key].get(name).is_none());
                rest.for_each(|(name, value)| compare(value, running[key].get(name), &path.key(name), found));
            }
            _ if given.get(key).is_none() => compare(value, running.get(key), &path, found),
            _ => {}
        }
    }
}

fn find_providers(
    complete: Option<&Value>,
    given: Option<&Value>,
    running: &[Value],
    path: &ValuePath,
    found: &mut Vec<ValuePath>,
) {
    let named = |all: Option<&'_ Value>, name: &Value| -> Option<Value> {
        all?.as_array()?.iter().find(|one| one["name"] == *name).cloned()
    };
    for (position, provider) in running.iter().enumerate() {
        let (path, name) = (path.item(position), &provider["name"]);
        let Some(wanted) = named(complete, name) else {
            found.push(path);
            continue;
        };
        find_others(Some(&wanted), provider, &path, found);
        if named(given, name).is_none() {
            compare(&wanted, Some(provider), &path, found);
        }
    }
}

/// What is in `running` only.
fn find_others(wanted: Option<&Value>, running: &Value, path: &ValuePath, found: &mut Vec<ValuePath>) {
    match (wanted, running) {
        (_, Value::Object(members)) => {
            for (key, value) in members {
                find_others(wanted.and_then(|wanted| wanted.get(key)), value, &path.key(key), found);
            }
        }
        (Some(Value::Array(items)), Value::Array(others)) if items.len() == others.len() => {
            for (position, (item, other)) in items.iter().zip(others).enumerate() {
                find_others(Some(item), other, &path.item(position), found);
            }
        }
        (None, _) => found.push(path.clone()),
        (Some(_), _) => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::{Document, defaults, read};
    use super::*;

    fn reading(value: &Value) -> Value {
        read(Document::MeshConfig, 31, value).value
    }

    /// What istiod keeps of a document that says `before` once it says `after`.
    fn kept_of(before: &Value, after: &Value) -> Vec<String> {
        let defaults = defaults(31).unwrap();
        let running = expected(&defaults, &reading(before));
        kept(&defaults, &reading(after), &running).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_setting_that_was_removed_and_is_still_run_is_kept() {
        let before = json!({
            "accessLogFile": "/dev/stdout",
            "trustDomainAliases": ["a", "b"],
            "defaultConfig": {"concurrency": 0, "proxyMetadata": {"A": "1", "B": "2"}},
            "defaultProviders": {"metrics": ["prometheus"]},
            "extensionProviders": [
                {"name": "otel", "opentelemetry": {"service": "a", "port": 4317}},
                {"name": "zipkin", "zipkin": {"service": "a", "port": 9411, "maxTagLength": 7}},
            ],
            "localityLbSetting": {"enabled": false, "failover": [{"from": "a", "to": "b"}]},
            "discoverySelectors": [{"matchLabels": {"a": "b"}}],
        });
        assert_eq!(kept_of(&before, &before), Vec::<String>::new());
        let after = json!({
            "trustDomainAliases": ["a"],
            "defaultConfig": {"proxyMetadata": {"A": "1"}},
            "extensionProviders": [{"name": "zipkin", "zipkin": {"service": "a", "port": 9411}}],
            "localityLbSetting": {"failover": [{"from": "a", "to": "b"}]},
        });
        assert_eq!(
            kept_of(&before, &after),
            [
                "accessLogFile",
                "defaultConfig.concurrency",
                "defaultConfig.proxyMetadata.B",
                "defaultProviders.metrics",
                "discoverySelectors",
                "extensionProviders[3]",
                "extensionProviders[4].zipkin.maxTagLength",
                "localityLbSetting.enabled",
                "trustDomainAliases",
            ]
        );
        let tracing = json!({"defaultConfig": {"tracingServiceName": "CANONICAL_NAME_ONLY"}});
        assert_eq!(
            kept_of(&tracing, &json!({})),
            ["defaultConfig.serviceCluster", "defaultConfig.tracingServiceName"]
        );
        assert_eq!(kept_of(&json!({}), &tracing), ["defaultConfig.serviceCluster"]);
    }

    #[test]
    fn a_setting_that_was_removed_and_is_the_default_is_not_kept() {
        let before = json!({
            "enableAutoMtls": true, "connectTimeout": "10s", "defaultConfig": {"statusPort": 15020},
            "extensionProviders": [{"name": "envoy", "envoyFileAccessLog": {"path": "/dev/stdout"}}],
        });
        assert_eq!(kept_of(&before, &json!({})), Vec::<String>::new());
    }

    #[test]
    fn a_default_that_does_not_apply_again_is_kept_out() {
        let before = json!({
            "enableTracing": false, "connectTimeout": "1s", "outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"},
            "defaultConfig": {"statusPort": 15021},
            "extensionProviders": [{"name": "envoy", "envoyFileAccessLog": {"path": "/dev/stderr"}}],
        });
        assert_eq!(
            kept_of(&before, &json!({})),
            [
                "connectTimeout",
                "defaultConfig.statusPort",
                "enableTracing",
                "extensionProviders[2].envoyFileAccessLog.path",
                "outboundTrafficPolicy.mode",
            ]
        );
        assert_eq!(kept_of(&before, &before), Vec::<String>::new());
    }
}
