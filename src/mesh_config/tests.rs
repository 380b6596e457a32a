use serde_json::{Value, json};

use super::*;

fn found(value: &Value) -> Vec<(String, Problem)> {
    let reading = read(Document::MeshConfig, 31, value);
    reading.findings.into_iter().map(|finding| (finding.path.to_string(), finding.problem)).collect()
}

fn only(value: &Value) -> (String, Problem) {
    let mut found = found(value);
    assert_eq!(found.len(), 1, "{value}: {found:?}");
    found.remove(0)
}

#[test]
fn what_istiod_takes_is_taken_in_every_notation() {
    for value in [
        json!(null),
        json!({}),
        json!({"trustDomain": "shop.example", "enableTracing": true, "accessLogEncoding": "JSON"}),
        json!({"trust_domain": "shop.example", "access_log_encoding": 1}),
        json!({"accessLogEncoding": 7}),
        json!({"connectTimeout": "1m30s", "dnsRefreshRate": "0.5s", "protocolDetectionTimeout": "0s"}),
        json!({"proxyListenPort": "15099"}),
        json!({"proxyListenPort": 15099.0}),
        json!({"accessLogFile": null, "defaultConfig": {"concurrency": null}}),
        json!({"defaultConfig": {"concurrency": 2, "proxyMetadata": {"A": "true"}}}),
        json!({"discoverySelectors": [{"matchLabels": {"a": "b"}}]}),
        json!({"extensionProviders": [{"name": "otel", "opentelemetry": {"service": "otel.example", "port": 4317}}]}),
        json!({"outboundTrafficPolicy": {"mode": "REGISTRY_ONLY"}}),
        json!({"meshMTLS": {"minProtocolVersion": "TLSV1_3"}}),
        json!({"localityLbSetting": {"enabled": false}}),
        json!({"defaultConfig": {"tracing": {"sampling": 50, "zipkin": {"address": "$(HOST_IP):9411"}}}}),
    ] {
        assert_eq!(found(&value), [], "{value}");
    }
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table")]
fn a_value_of_another_kind_is_named_with_the_way_out() {
    for (value, path, says, way_out) in [
        (
            json!({"defaultConfig": {"proxyMetadata": {"ISTIO_META_DNS_CAPTURE": true}}}),
            "defaultConfig.proxyMetadata.ISTIO_META_DNS_CAPTURE",
            "must be text, but is the bool true",
            "Write \"true\", in quotes.",
        ),
        (
            json!({"enableTracing": "yes"}),
            "enableTracing",
            "must be a bool",
            "Write true or false, without quotes.",
        ),
        (json!({"accessLogEncoding": "json"}), "accessLogEncoding", "one of TEXT, JSON", "Write \"JSON\"."),
        (
            json!({"accessLogEncoding": true}),
            "accessLogEncoding",
            "is the bool true",
            "one of \"TEXT\", \"JSON\"",
        ),
        (
            json!({"defaultConfig": {"concurrency": "two"}}),
            "defaultConfig.concurrency",
            "whole number",
            "Write a whole",
        ),
        (
            json!({"defaultConfig": {"statusPort": 15099.5}}),
            "defaultConfig.statusPort",
            "whole number",
            "Write a whole",
        ),
        (
            json!({"defaultConfig": {"statusPort": "015"}}),
            "defaultConfig.statusPort",
            "whole number",
            "Write a whole",
        ),
        (
            json!({"outboundTrafficPolicy": "REGISTRY_ONLY"}),
            "outboundTrafficPolicy",
            "must be a mapping",
            "{ mode = …",
        ),
        (json!({"connectTimeout": 5}), "connectTimeout", "must be a duration", "\"5s\" is in seconds"),
        (json!({"connectTimeout": "ten seconds"}), "connectTimeout", "must be a duration", "\"1m30s\""),
        (json!({"discoverySelectors": {"matchLabels": {}}}), "discoverySelectors", "must be a list", "[ … ]"),
        (json!({"trustDomainAliases": "a"}), "trustDomainAliases", "must be a list", "[ … ]"),
        (json!({"trustDomain": ["a"]}), "trustDomain", "must be text, but is a list", "text in quotes"),
        (json!({"trustDomain": 5}), "trustDomain", "but is the number 5", "Write \"5\", in quotes."),
        (
            json!({"accessLogFile": false}),
            "accessLogFile",
            "but is the bool false",
            "Write \"false\", in quotes.",
        ),
        (
            json!({"extensionProviders": [{"name": "a", "zipkin": {"service": "b", "port": "nine"}}]}),
            "extensionProviders[0].zipkin.port",
            "whole number from 0 to 4294967295",
            "Write a whole",
        ),
        (
            json!({"enablePrometheusMerge": "true"}),
            "enablePrometheusMerge",
            "must be a bool",
            "without quotes",
        ),
        (
            json!({"defaultConfig": ["a"]}),
            "defaultConfig",
            "must be a mapping, but is a list",
            "Write keys and values",
        ),
        (
            json!({"defaultConfig": {"proxyMetadata": ["a"]}}),
            "defaultConfig.proxyMetadata",
            "must be a mapping",
            "{ … }",
        ),
    ] {
        let (at, problem) = only(&value);
        assert_eq!(at, path);
        assert!(problem.to_string().contains(says), "{value}: {problem}");
        assert!(problem.way_out().contains(way_out), "{value}: {}", problem.way_out());
        assert!(!problem.is_warning());
    }
}

#[test]
fn a_null_that_keeps_no_default_is_refused() {
    for (value, path, becomes) in [
        (json!({"outboundTrafficPolicy": {"mode": null}}), "outboundTrafficPolicy.mode", "REGISTRY_ONLY"),
        (
            json!({"defaultConfig": {"proxyMetadata": {"A": null}}}),
            "defaultConfig.proxyMetadata.A",
            "an empty text",
        ),
        (json!({"caCertificates": [null]}), "caCertificates[0]", "an empty mapping"),
        (json!({"trustDomainAliases": [null]}), "trustDomainAliases[0]", "an empty text"),
        (json!({"localityLbSetting": {"enabled": null}}), "localityLbSetting.enabled", "not set"),
    ] {
        let found = found(&value);
        let wanted = (path.to_owned(), Problem::Null(becomes.to_owned()));
        assert!(found.contains(&wanted), "{value}: {found:?}");
    }
}

#[test]
fn what_istiod_ignores_or_takes_otherwise_is_a_warning() {
    let unknown = |nearest: Option<&str>| Problem::UnknownKey {
        document: "MeshConfig",
        minor: 31,
        nearest: nearest.map(str::to_owned),
    };
    for (value, path, problem) in [
        (json!({"accessLogFil": "a"}), "accessLogFil", unknown(Some("accessLogFile"))),
        (json!({"ofTheFuture": {"a": [1]}}), "ofTheFuture", unknown(None)),
        (
            json!({"defaultConfig": {"Concurrency": 2}}),
            "defaultConfig.Concurrency",
            unknown(Some("concurrency")),
        ),
        (
            json!({"trust_domain": "a", "trustDomain": "b"}),
            "trust_domain",
            Problem::TwoNames("trustDomain".to_owned()),
        ),
        (
            json!({"extensionProviders": [{"name": "a", "zipkin": {"service": "b", "port": 1}, "prometheus": {}}]}),
            "extensionProviders[0].zipkin",
            Problem::TwoOfOne("extensionProviders[0].prometheus".to_owned()),
        ),
        (
            json!({"default_config": {"concurrency": 2}}),
            "default_config",
            Problem::IgnoredName("defaultConfig"),
        ),
        (
            json!({"outboundTrafficPolicy": {}}),
            "outboundTrafficPolicy",
            Problem::LosesDefault { key: "mode", value: "REGISTRY_ONLY", default: "ALLOW_ANY" },
        ),
    ] {
        let (at, found) = only(&value);
        assert_eq!(at, path);
        let is_same = found.to_string() == problem.to_string() && found.way_out() == problem.way_out();
        assert!(is_same, "{value}: {found:?}");
        assert!(found.is_warning(), "{value}");
    }
}

#[test]
fn what_istiod_validates_is_refused() {
    for (value, path, rule) in [
        (json!({"trustDomain": ""}), "trustDomain", Invalid::TrustDomain),
        (json!({"trustDomain": "spiffe://a"}), "trustDomain", Invalid::TrustDomain),
        (json!({"trustDomainAliases": ["a", "b_c"]}), "trustDomainAliases[1]", Invalid::TrustDomain),
        (json!({"proxyListenPort": 0}), "proxyListenPort", Invalid::Port),
        (json!({"connectTimeout": "0s"}), "connectTimeout", Invalid::Milliseconds),
        (json!({"connectTimeout": "2h"}), "connectTimeout", Invalid::OverAnHour),
        (json!({"protocolDetectionTimeout": "1us"}), "protocolDetectionTimeout", Invalid::Milliseconds),
        (json!({"serviceSettings": [{"hosts": ["a_b"]}]}), "serviceSettings[0].hosts[0]", Invalid::Host),
        (json!({"meshMTLS": {"ecdhCurves": ["P-256"]}}), "meshMTLS.ecdhCurves", Invalid::Unsupported),
        (json!({"defaultConfig": {"statusPort": 0}}), "defaultConfig.statusPort", Invalid::Port),
        (
            json!({"defaultConfig": {"drainDuration": "0.5s"}}),
            "defaultConfig.drainDuration",
            Invalid::Seconds,
        ),
        (
            json!({"defaultConfig": {"discoveryAddress": "istiod"}}),
            "defaultConfig.discoveryAddress",
            Invalid::Address,
        ),
        (json!({"defaultConfig": {"serviceCluster": ""}}), "defaultConfig.serviceCluster", Invalid::Empty),
        (
            json!({"defaultConfig": {"tracing": {"zipkin": {}}}}),
            "defaultConfig.tracing.zipkin",
            Invalid::Missing("address"),
        ),
        (
            json!({"defaultConfig": {"privateKeyProvider": {}}}),
            "defaultConfig.privateKeyProvider",
            Invalid::NoProvider,
        ),
        (
            json!({"localityLbSetting": {"distribute": [{"from": "a", "to": {"b": 50}}]}}),
            "localityLbSetting.distribute[0].to",
            Invalid::Weights,
        ),
        (
            json!({"localityLbSetting": {"failover": [{"from": "a", "to": "a"}]}}),
            "localityLbSetting.failover[0]",
            Invalid::Failover,
        ),
        (
            json!({"discoverySelectors": [{"matchExpressions": [{"key": "a", "operator": "in"}]}]}),
            "discoverySelectors[0]",
            Invalid::Selector,
        ),
    ] {
        let (at, problem) = only(&value);
        assert_eq!((at.as_str(), problem), (path, Problem::Invalid(rule)), "{value}");
    }
}

#[test]
fn networks_and_proxies_are_documents_of_their_own() {
    let networks = |value: &Value| read(Document::MeshNetworks, 31, value).findings;
    let gateway = |address: &str, port: Value| json!({"networks": {"net": {"endpoints": [{"fromRegistry": "east"}], "gateways": [{"address": address, "port": port}]}}});
    assert_eq!(networks(&gateway("10.0.0.1", json!(15443))), []);
    assert_eq!(networks(&gateway("gateway.example", json!("15443"))), []);
    for bad in [gateway("10.0.0.1", json!(0)), gateway("a b", json!(1)), gateway("a", json!("x"))] {
        assert!(!networks(&bad).is_empty(), "{bad}");
    }
    let proxy = |value: &Value| read(Document::ProxyConfig, 31, value).findings;
    assert_eq!(proxy(&json!({"concurrency": 2, "statusPort": 0})), []);
    assert_eq!(proxy(&json!({"proxyMetadata": {"A": true}})).len(), 1);
}

#[test]
fn a_key_of_a_newer_release_is_unknown_to_an_older_one() {
    let value = json!({"zoneAwareLbSetting": {}});
    let known = |minor| read(Document::MeshConfig, minor, &value).findings.is_empty();
    assert!(known(31) && !known(29));
}
