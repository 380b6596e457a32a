use serde_json::{Value, json};

use super::*;
use crate::mesh::ClusterName;

/// The fields as lines, in order.
fn lines(object: &Value) -> Vec<String> {
    fields(object).iter().map(|(path, text)| format!("{path} = {text}")).collect()
}

fn config_map(text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"mesh": text}})
}

#[test]
fn an_object_is_named_by_cluster_group_kind_namespace_and_name() {
    let cluster: ClusterName = "east".parse().unwrap();
    let deployment = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod", "namespace": "istio-system"},
    });
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}});
    for (object, text) in [
        (deployment, "east/apps/Deployment/istio-system/istiod"),
        (namespace, "east//Namespace//istio-system"),
    ] {
        let id = ObjectId::of(&cluster, &object);
        assert_eq!(id.to_string(), text);
        assert_eq!(text.parse::<ObjectId>().unwrap(), id);
    }
}

#[test]
fn a_text_that_names_no_object_is_refused() {
    for text in [
        "",
        "east",
        "east/apps/Deployment/ns",
        "east/apps/Deployment/ns/a/b",
        "/apps/Deployment/ns/a",
        "e/g//n/a",
    ] {
        assert!(text.parse::<ObjectId>().is_err(), "{text}");
    }
}

#[test]
fn members_are_joined_by_dots_and_awkward_names_are_quoted() {
    let object = json!({"apiVersion": "v1", "metadata": {"name": "left out", "labels": {
        "app": "a", "app.kubernetes.io/name": "b", "with \"quotes\"": "c", "": "d", "a: b": "e", "x[0]": "f",
    }}});
    assert_eq!(
        lines(&object),
        [
            "apiVersion = v1",
            "metadata.labels.app = a",
            "metadata.labels[\"\"] = d",
            "metadata.labels[\"a: b\"] = e",
            "metadata.labels[\"app.kubernetes.io/name\"] = b",
            "metadata.labels[\"with \\\"quotes\\\"\"] = c",
            "metadata.labels[\"x[0]\"] = f",
        ]
    );
}

#[test]
fn items_are_named_by_the_keys_that_kubernetes_gives_their_list() {
    let pod = json!({
        "tolerations": [{"key": "a"}],
        "containers": [{
            "name": "discovery",
            "args": ["discovery", "--domain"],
            "env": [{"name": "REVISION", "value": "default"}],
            "ports": [{"containerPort": 15010}, {"containerPort": 53, "protocol": "UDP"}],
            "volumeMounts": [{"name": "cacerts", "mountPath": "/etc/cacerts"}],
        }],
        "topologySpreadConstraints": [{"topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "maxSkew": 1}],
    });
    let deployment = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"finalizers": ["a/b"]}, "spec": pod});
    assert_eq!(
        lines(&deployment)[1..],
        [
            "metadata.finalizers[=a/b] = a/b",
            "spec.containers[name=discovery].args[0] = discovery",
            "spec.containers[name=discovery].args[1] = --domain",
            "spec.containers[name=discovery].env[name=REVISION].name = REVISION",
            "spec.containers[name=discovery].env[name=REVISION].value = default",
            "spec.containers[name=discovery].name = discovery",
            "spec.containers[name=discovery].ports[containerPort=15010,protocol=TCP].containerPort = 15010",
            "spec.containers[name=discovery].ports[containerPort=53,protocol=UDP].containerPort = 53",
            "spec.containers[name=discovery].ports[containerPort=53,protocol=UDP].protocol = UDP",
            "spec.containers[name=discovery].volumeMounts[mountPath=/etc/cacerts].mountPath = /etc/cacerts",
            "spec.containers[name=discovery].volumeMounts[mountPath=/etc/cacerts].name = cacerts",
            "spec.tolerations[0].key = a",
            "spec.topologySpreadConstraints[topologyKey=zone,whenUnsatisfiable=DoNotSchedule].maxSkew = 1",
            "spec.topologySpreadConstraints[topologyKey=zone,whenUnsatisfiable=DoNotSchedule].topologyKey = zone",
            "spec.topologySpreadConstraints[topologyKey=zone,whenUnsatisfiable=DoNotSchedule].whenUnsatisfiable = DoNotSchedule",
        ]
    );
}

#[test]
fn the_same_list_name_has_other_keys_in_other_kinds() {
    let service = json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 53}]}});
    assert_eq!(lines(&service)[1..], ["spec.ports[port=53,protocol=TCP].port = 53"]);
    let entry = json!({"apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "spec": {"ports": [{"name": "http"}]}});
    assert_eq!(lines(&entry)[1..], ["spec.ports[name=http].name = http"]);
    let policy =
        json!({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "ports": [{"port": 53}]});
    assert_eq!(lines(&policy)[1..], ["ports[0].port = 53"]);
}

#[test]
fn items_without_their_keys_or_with_equal_ones_are_named_by_position() {
    let object = |env: Value| json!({"apiVersion": "v1", "kind": "Pod", "env": env});
    assert_eq!(lines(&object(json!([{"value": "a"}])))[1..], ["env[0].value = a"]);
    assert_eq!(
        lines(&object(json!([{"name": "a"}, {"name": "a"}])))[1..],
        ["env[0].name = a", "env[1].name = a"]
    );
}

#[test]
fn a_key_that_could_be_mistaken_is_quoted() {
    let object =
        json!({"apiVersion": "v1", "kind": "Pod", "env": [{"name": "1"}, {"name": "a,b=c"}, {"name": 1}]});
    assert_eq!(
        lines(&object)[1..],
        ["env[name=\"1\"].name = 1", "env[name=\"a,b=c\"].name = a,b=c", "env[name=1].name = 1"]
    );
}

#[test]
fn empty_values_are_visible_and_nulls_are_absent() {
    let object = json!({
        "a": {}, "b": [], "c": "", "d": null, "e": {"f": null}, "g": [null, {"h": null}],
    });
    assert_eq!(lines(&object), ["a = {}", "b = []", "c = ", "e = {}", "g[0] = null", "g[1] = {}"]);
}

#[test]
fn strings_stand_as_they_are_in_kubernetes_fields() {
    let object = json!({"a": "true", "b": true, "c": 1.0, "d": 1.5, "e": "x\ny"});
    assert_eq!(lines(&object), ["a = true", "b = true", "c = 1", "d = 1.5", "e = x\ny"]);
}

#[test]
fn long_text_is_a_digest() {
    let limit = json!({"apiVersion": "v1", "a": "x".repeat(512)});
    assert_eq!(fields(&limit)["a"], "x".repeat(512));
    let longer = json!({"apiVersion": "v1", "a": "x".repeat(513)});
    let digest = &fields(&longer)["a"];
    assert!(digest.starts_with("sha256:") && digest.len() == 71, "{digest}");
}

#[test]
fn documents_in_config_maps_are_opened_up() {
    let yaml = "trustDomain: shop.example\ndefaultConfig:\n  proxyMetadata:\n    A: \"true\"\n    b.c: x\nproviders:\n- prometheus\n";
    assert_eq!(
        lines(&config_map(yaml))[1..],
        [
            "data.mesh: defaultConfig.proxyMetadata.A = \"true\"",
            "data.mesh: defaultConfig.proxyMetadata[\"b.c\"] = x",
            "data.mesh: providers[0] = prometheus",
            "data.mesh: trustDomain = shop.example",
        ]
    );
    assert_eq!(lines(&config_map("{\"a\": {}, \"b\": null}"))[1..], ["data.mesh: a = {}"]);
}

#[test]
fn a_string_in_a_document_is_told_from_other_values() {
    let text = "a: 'true'\nb: true\nc: '1'\nd: 1\ne: ''\nf: '{}'\ng: {}\nh: 'null'\ni: '\"x\"'\nj: 'sha256:x'\nk: 1.0\n";
    assert_eq!(
        lines(&config_map(text))[1..],
        [
            "data.mesh: a = \"true\"",
            "data.mesh: b = true",
            "data.mesh: c = \"1\"",
            "data.mesh: d = 1",
            "data.mesh: e = \"\"",
            "data.mesh: f = \"{}\"",
            "data.mesh: g = {}",
            "data.mesh: h = \"null\"",
            "data.mesh: i = \"\\\"x\\\"\"",
            "data.mesh: j = \"sha256:x\"",
            "data.mesh: k = 1",
        ]
    );
}

#[test]
fn text_that_is_no_mapping_stays_text() {
    for text in ["plain", "", "- a\n- b", "a: [", "key=value", "a: null", "a: 1\n---\nb: 2"] {
        assert_eq!(fields(&config_map(text))["data.mesh"], text);
    }
}

#[test]
fn values_of_a_secret_are_fingerprints_by_their_bytes() {
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "type": "Opaque",
        "data": {"a": "c2VjcmV0", "b": "c2VjcmV0\n"}, "stringData": {"c": "secret", "d": "other"}});
    let fields = fields(&secret);
    let fingerprint = &fields["data.a"];
    assert!(fingerprint.starts_with("hmac-sha256:") && fingerprint.len() == 76, "{fingerprint}");
    assert_eq!(&fields["data.b"], fingerprint);
    assert_eq!(&fields["data.c"], fingerprint);
    assert_ne!(&fields["data.d"], fingerprint);
    assert_eq!(fields["type"], "Opaque");
    assert_ne!(&flatten(&secret, &FingerprintKey::new([8; 32]))["data.a"], fingerprint);
}

#[test]
fn a_fingerprint_is_the_hmac_of_the_value() {
    // As Python's hmac module computes it.
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "value"}});
    assert_eq!(
        fields(&secret)["data.a"],
        "hmac-sha256:1a275ea7a06a1e32b3c9c5b10fe342f0c7d4645e291a201980cde3c5ff15cf73"
    );
}

#[test]
fn a_key_is_never_shown() {
    assert_eq!(format!("{:?}", key()), "FingerprintKey(redacted)");
}

#[test]
fn schemas_of_definitions_are_digests_by_version() {
    let crd = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "spec": {
        "group": "x.example",
        "versions": [{"name": "v1", "served": true, "schema": {"openAPIV3Schema": {"type": "object"}},
            "additionalPrinterColumns": [{"name": "Age"}], "subresources": {"status": {}}}]}});
    let fields = fields(&crd);
    let schema = &fields["spec.versions[name=v1].schema"];
    assert!(schema.starts_with("sha256:"), "{schema}");
    assert!(fields["spec.versions[name=v1].additionalPrinterColumns"].starts_with("sha256:"));
    assert_eq!(fields["spec.versions[name=v1].subresources.status"], "{}");
    assert_eq!(fields["spec.group"], "x.example");
    assert_eq!(fields.len(), 7, "{fields:#?}");
}

#[test]
fn what_istiod_writes_is_left_out() {
    let webhook = json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "webhooks": [{"name": "a.istio.io", "failurePolicy": "Ignore", "clientConfig": {"caBundle": "YQ=="}}]});
    assert_eq!(lines(&webhook)[1..], ["webhooks[name=a.istio.io].name = a.istio.io"]);
}
