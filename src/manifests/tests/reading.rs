use serde_json::{Value, json};

use super::*;

/// What refresh shows after someone made `live` of `applied`.
fn drift(applied: &Value, live: &Value) -> Vec<String> {
    let prior = fields(applied);
    changes(&prior, &read(live, &prior))
}

const NONE: [&str; 0] = [];

fn deployment(pod: Value) -> Value {
    let mut object = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod"}});
    object["spec"]["template"]["spec"] = pod;
    object
}

fn config_map(key: &str, text: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {key: text}})
}

fn crd(version: Value) -> Value {
    let mut object = json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"});
    object["spec"]["versions"] = Value::from(vec![version]);
    object
}

#[test]
fn defaults_and_additions_of_others_are_not_seen() {
    let applied = deployment(json!({"containers": [{"name": "a", "image": "x", "resources": {}}]}));
    let live = json!({"apiVersion": "apps/v1", "kind": "Deployment", "status": {"replicas": 1},
        "metadata": {"name": "istiod", "uid": "u", "labels": {"added": "x"}},
        "spec": {"replicas": 1, "template": {"spec": {"dnsPolicy": "ClusterFirst", "containers": [
            {"name": "sidecar"},
            {"name": "a", "image": "x", "imagePullPolicy": "Always", "resources": {"limits": {"cpu": "1"}}}]}}}});
    assert_eq!(drift(&applied, &live), NONE);
}

#[test]
fn a_changed_field_is_reported_as_exactly_that_field() {
    let applied =
        deployment(json!({"containers": [{"name": "a", "image": "x"}, {"name": "b", "image": "x"}]}));
    let live = deployment(json!({"containers": [{"name": "b", "image": "y"}, {"name": "a", "image": "x"}]}));
    assert_eq!(drift(&applied, &live), ["spec.template.spec.containers[name=b].image: x -> y"]);
}

#[test]
fn a_removed_field_disappears() {
    let applied = deployment(json!({"containers": [{"name": "a", "env": [{"name": "A", "value": ""}]}]}));
    let live = deployment(json!({"containers": [{"name": "a"}]}));
    assert_eq!(
        drift(&applied, &live),
        [
            "spec.template.spec.containers[name=a].env[name=A].name: A -> -",
            "spec.template.spec.containers[name=a].env[name=A].value:  -> -",
        ]
    );
}

#[test]
fn values_that_mean_the_same_keep_the_prior_text() {
    let resources = |cpu: &str, memory: &str| {
        deployment(
            json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu, "memory": memory}}}]}),
        )
    };
    assert_eq!(drift(&resources("1000m", "2048Mi"), &resources("1", "2Gi")), NONE);
    assert_eq!(
        drift(&resources("1000m", "2048Mi"), &resources("2", "2Gi")),
        ["spec.template.spec.containers[name=a].resources.limits.cpu: 1000m -> 2"]
    );
}

#[test]
fn only_quantities_are_compared_as_such() {
    let labels =
        |value: &str| json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {"a": value}}});
    assert_eq!(drift(&labels("1k"), &labels("1000")), ["metadata.labels.a: 1k -> 1000"]);
}

#[test]
fn an_int_or_string_means_the_same_in_both_forms() {
    let service = |port: Value| json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 443, "targetPort": port}]}});
    assert_eq!(drift(&service(json!("15017")), &service(json!(15017))), NONE);
    assert_eq!(
        drift(&service(json!(15017)), &service(json!("https"))),
        ["spec.ports[port=443,protocol=TCP].targetPort: 15017 -> https"]
    );
}

#[test]
fn base64_means_its_bytes() {
    let bundle = |text: &str| json!({"apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService", "spec": {"caBundle": text}});
    assert_eq!(drift(&bundle("YWJj\nZA==\n"), &bundle("YWJjZA==")), NONE);
    let secret = |text: &str| json!({"apiVersion": "v1", "kind": "Secret", "data": {"a": text}});
    assert_eq!(drift(&secret("YWJj\nZA=="), &secret("YWJjZA==")), NONE);
    assert_eq!(drift(&secret("YWJj"), &secret("YWJk")).len(), 1);
}

#[test]
fn what_the_api_server_does_not_store_is_not_missing() {
    let applied = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "annotations": {}, "labels": {"a": "b"}},
        "spec": {"minReadySeconds": 0, "paused": false, "template": {"spec": {
            "hostNetwork": false, "nodeSelector": {}, "tolerations": [], "serviceAccountName": "",
            "containers": [{"name": "a", "command": [], "env": [{"name": "A", "value": ""}],
                "volumeMounts": [{"mountPath": "/a", "readOnly": false}],
                "readinessProbe": {"initialDelaySeconds": 0, "periodSeconds": 3}}]}}}});
    let live = json!({"apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": "a", "labels": {"a": "b"}},
        "spec": {"replicas": 1, "template": {"spec": {
            "dnsPolicy": "ClusterFirst",
            "containers": [{"name": "a", "env": [{"name": "A"}], "volumeMounts": [{"mountPath": "/a"}],
                "readinessProbe": {"periodSeconds": 3}}]}}}});
    assert_eq!(drift(&applied, &live), NONE);
}

#[test]
fn a_setting_that_is_false_is_missing_when_it_is_gone() {
    let container =
        |context: Value| deployment(json!({"containers": [{"name": "a", "securityContext": context}]}));
    assert_eq!(
        drift(
            &container(json!({"allowPrivilegeEscalation": false, "runAsUser": 0})),
            &container(json!({"privileged": false}))
        ),
        [
            "spec.template.spec.containers[name=a].securityContext.allowPrivilegeEscalation: false -> -",
            "spec.template.spec.containers[name=a].securityContext.runAsUser: 0 -> -",
        ]
    );
}

#[test]
fn custom_resources_keep_what_is_empty() {
    let sidecar =
        |spec: Value| json!({"apiVersion": "networking.istio.io/v1", "kind": "Sidecar", "spec": spec});
    let applied = sidecar(json!({"a": "", "labels": {}, "paused": false, "b": "x"}));
    assert_eq!(drift(&applied, &sidecar(json!({"b": "x"}))).len(), 3);
}

#[test]
fn an_item_that_others_add_to_an_atomic_list_is_a_change_of_ours() {
    let args = |args: &[&str]| deployment(json!({"containers": [{"name": "a", "args": args}]}));
    assert_eq!(
        drift(&args(&["x"]), &args(&["x", "y"])),
        ["spec.template.spec.containers[name=a].args[1]: - -> y"]
    );
    assert_eq!(
        drift(&args(&[]), &args(&["x"])),
        [
            "spec.template.spec.containers[name=a].args: [] -> -",
            "spec.template.spec.containers[name=a].args[0]: - -> x"
        ]
    );
    assert_eq!(
        drift(&args(&["x", "y"]), &args(&["x"])),
        ["spec.template.spec.containers[name=a].args[1]: y -> -"]
    );
}

#[test]
fn defaults_inside_the_items_of_an_atomic_list_are_not_seen() {
    let rules = |rule: Value| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "webhooks": [{"name": "a", "rules": [rule]}]})
    };
    let applied = rules(json!({"resources": ["pods"]}));
    assert_eq!(drift(&applied, &rules(json!({"resources": ["pods"], "scope": "*"}))), NONE);
}

#[test]
fn a_selector_belongs_to_whoever_wrote_it_as_a_whole() {
    let webhook = |selector: Value| {
        json!({"apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
            "webhooks": [{"name": "a", "namespaceSelector": selector}]})
    };
    let applied = json!({"matchLabels": {"istio-injection": "enabled"}});
    let live = json!({"matchLabels": {"istio-injection": "enabled", "x": "y"},
        "matchExpressions": [{"key": "control-plane", "operator": "DoesNotExist"}]});
    assert_eq!(
        drift(&webhook(applied.clone()), &webhook(live)),
        [
            "webhooks[name=a].namespaceSelector.matchExpressions[0].key: - -> control-plane",
            "webhooks[name=a].namespaceSelector.matchExpressions[0].operator: - -> DoesNotExist",
            "webhooks[name=a].namespaceSelector.matchLabels.x: - -> y",
        ]
    );
    assert_eq!(
        drift(&webhook(json!({})), &webhook(applied)),
        [
            "webhooks[name=a].namespaceSelector: {} -> -",
            "webhooks[name=a].namespaceSelector.matchLabels.istio-injection: - -> enabled",
        ]
    );
}

#[test]
fn a_version_that_others_add_to_a_definition_is_a_change_of_ours() {
    let mut live = crd(json!({"name": "v1"}));
    let prior = fields(&live);
    live["spec"]["versions"].as_array_mut().unwrap().push(json!({"name": "v2", "served": true}));
    assert_eq!(
        changes(&prior, &read(&live, &prior)),
        ["spec.versions[name=v2].name: - -> v2", "spec.versions[name=v2].served: - -> true"]
    );
}

#[test]
fn a_document_is_compared_by_meaning() {
    let applied = config_map("values", "a: 1.0\nb:\n  c: [x, z]\n");
    assert_eq!(
        drift(&applied, &config_map("values", "{\"b\": {\"c\": [\"x\",\"z\"]}, \"a\": 1, \"d\": null}")),
        NONE
    );
}

#[test]
fn an_addition_to_a_document_of_ours_is_seen() {
    let applied = config_map("values", "a: 1\ne: {}\n");
    assert_eq!(
        drift(&applied, &config_map("values", "a: 2\nb:\n- c\ne:\n  f: 1\n")),
        [
            "data.values: a: 1 -> 2",
            "data.values: b[0]: - -> c",
            "data.values: e: {} -> -",
            "data.values: e.f: - -> 1",
        ]
    );
}

#[test]
fn an_empty_value_that_is_removed_from_a_document_is_seen() {
    let applied = config_map("values", "a: 1\nb: []\nc: ''\nlabels: {}\n");
    assert_eq!(
        drift(&applied, &config_map("values", "a: 1\n")),
        ["data.values: b: [] -> -", "data.values: c: \"\" -> -", "data.values: labels: {} -> -"]
    );
}

#[test]
fn a_trust_list_in_the_meshs_own_configuration_is_seen() {
    let applied = config_map("mesh", "trustDomain: shop.example\n");
    let live = config_map("mesh", "trustDomain: shop.example\ncaCertificates:\n- pem: x\n");
    assert_eq!(drift(&applied, &live), ["data.mesh: caCertificates[0].pem: - -> x"]);
    let edited = config_map("mesh", "trustDomain: other.example\n");
    assert_eq!(drift(&applied, &edited), ["data.mesh: trustDomain: shop.example -> other.example"]);
}

#[test]
fn a_document_that_is_none_any_more_has_none_of_its_fields() {
    let applied = config_map("values", "a: 1\n");
    assert_eq!(drift(&applied, &config_map("values", "a: [")), ["data.values: a: 1 -> -"]);
}

#[test]
fn another_version_of_the_api_is_no_drift() {
    let applied = json!({"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler"});
    let live = json!({"apiVersion": "autoscaling/v1", "kind": "HorizontalPodAutoscaler"});
    assert_eq!(drift(&applied, &live), NONE);
}

#[test]
fn a_schema_means_the_same_after_the_api_server_has_stored_it() {
    let applied =
        crd(json!({"name": "v1", "additionalPrinterColumns": [{"name": "Age", "priority": 0, "format": ""}],
        "schema": {"openAPIV3Schema": {"type": "object", "nullable": false, "required": [], "properties": {
            "default": {"type": "integer", "default": 0, "maximum": 1.0, "description": ""},
            "enum": {"type": "string", "enum": ["", "a"], "x-kubernetes-validations": []},
            "empty": {"type": "object", "properties": {}}}}}}));
    let live = crd(json!({"name": "v1", "served": true, "additionalPrinterColumns": [{"name": "Age"}],
        "schema": {"openAPIV3Schema": {"type": "object", "properties": {
            "default": {"type": "integer", "default": 0, "maximum": 1},
            "enum": {"type": "string", "enum": ["", "a"]},
            "empty": {"type": "object"}}}}}));
    assert_eq!(drift(&applied, &live), NONE);
}

#[test]
fn a_schema_that_is_changed_is_seen() {
    let schema = |property: Value| {
        crd(json!({"name": "v1", "schema": {"openAPIV3Schema": {"properties": {"a": property}}}}))
    };
    let applied = json!({"type": "string", "enum": ["", "a"]});
    for live in [
        json!({"type": "integer", "enum": ["", "a"]}),
        json!({"type": "string", "enum": ["a"]}),
        json!({"type": "string", "enum": ["", "a"], "default": false}),
        json!({"type": "string", "enum": ["", "a"], "nullable": true}),
        json!({"type": "string", "enum": ["", "a"], "not": {}}),
    ] {
        assert_eq!(drift(&schema(applied.clone()), &schema(live)).len(), 1);
    }
}

#[test]
fn a_plan_keeps_the_words_of_what_it_does_not_change() {
    let limits = |cpu: &str, memory: &str| {
        fields(&deployment(
            json!({"containers": [{"name": "a", "resources": {"limits": {"cpu": cpu, "memory": memory}}}]}),
        ))
    };
    let planned = keep_wording(&limits("1", "1Gi"), limits("1000m", "2048Mi"));
    assert_eq!(
        changes(&limits("1", "1Gi"), &planned),
        ["spec.template.spec.containers[name=a].resources.limits.memory: 1Gi -> 2048Mi"]
    );
}
