//! Values of a wrong type. That the API server agrees is in `tests/manifests_on_an_api_server.rs`.

use serde_json::{Value, json};

use crate::manifests::{Mistyped, Schemas, mistyped};

/// What is found in an object: `field: is -> takes`.
fn found(object: &Value) -> Vec<String> {
    let found = mistyped(object).into_iter();
    found.map(|Mistyped { field, is, takes }| format!("{field}: {is} -> {takes}")).collect()
}

fn of_kind(version: &str, kind: &str, rest: &Value) -> Value {
    let mut object = json!({"apiVersion": version, "kind": kind, "metadata": {"name": "a"}});
    object.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    object
}

fn deployment(template: &Value) -> Value {
    of_kind("apps/v1", "Deployment", &json!({"spec": {"template": template}}))
}

fn pod(spec: &Value) -> Value {
    deployment(&json!({"spec": spec}))
}

#[test]
fn texts_by_name_take_texts_only() {
    for (object, expected) in [
        (
            of_kind("v1", "Service", &json!({"metadata": {"annotations": {"example.com/cost": 4711}}})),
            "metadata.annotations[\"example.com/cost\"]: a number -> a string",
        ),
        (
            of_kind("v1", "Namespace", &json!({"metadata": {"labels": {"a": false}}})),
            "metadata.labels.a: a bool -> a string",
        ),
        (
            deployment(&json!({"metadata": {"annotations": {"example.com/scrape": true}}})),
            "spec.template.metadata.annotations[\"example.com/scrape\"]: a bool -> a string",
        ),
        (
            of_kind(
                "apps/v1",
                "DaemonSet",
                &json!({"spec": {"template": {"metadata": {"labels": {"a": 1.5}}}}}),
            ),
            "spec.template.metadata.labels.a: a number -> a string",
        ),
        (
            of_kind("apps/v1", "Deployment", &json!({"spec": {"selector": {"matchLabels": {"a": 1}}}})),
            "spec.selector.matchLabels.a: a number -> a string",
        ),
        (
            pod(&json!({"nodeSelector": {"gpu": true}})),
            "spec.template.spec.nodeSelector.gpu: a bool -> a string",
        ),
        (of_kind("v1", "ConfigMap", &json!({"data": {"a": 5}})), "data.a: a number -> a string"),
        (of_kind("v1", "Secret", &json!({"data": {"a": 5}})), "data.a: a number -> a string"),
        (of_kind("v1", "Secret", &json!({"stringData": {"a": 5}})), "stringData.a: a number -> a string"),
        (
            of_kind("v1", "Service", &json!({"spec": {"selector": {"a": 5}}})),
            "spec.selector.a: a number -> a string",
        ),
        (of_kind("v1", "ConfigMap", &json!({"data": {"a": {"b": "c"}}})), "data.a: a mapping -> a string"),
        (
            of_kind("networking.istio.io/v1", "Gateway", &json!({"metadata": {"annotations": {"a": 1}}})),
            "metadata.annotations.a: a number -> a string",
        ),
        (
            of_kind(
                "apiextensions.k8s.io/v1",
                "CustomResourceDefinition",
                &json!({"metadata": {"labels": {"a": 1}}, "spec": {"group": 5}}),
            ),
            "metadata.labels.a: a number -> a string",
        ),
    ] {
        assert_eq!(found(&object), [expected]);
    }
}

#[test]
fn fields_take_their_type_only() {
    let container = |member: Value| {
        let mut container = json!({"name": "c"});
        container.as_object_mut().unwrap().extend(member.as_object().unwrap().clone());
        pod(&json!({"containers": [container]}))
    };
    let at = "spec.template.spec.containers[name=c]";
    for (object, expected) in [
        (
            container(json!({"env": [{"name": "A", "value": 5}]})),
            format!("{at}.env[name=A].value: a number -> a string"),
        ),
        (container(json!({"args": ["a", 5]})), format!("{at}.args[1]: a number -> a string")),
        (container(json!({"args": "a"})), format!("{at}.args: a string -> a list")),
        (container(json!({"tty": "true"})), format!("{at}.tty: a string -> a bool")),
        (
            container(json!({"ports": [{"containerPort": "80"}]})),
            format!("{at}.ports[containerPort=\"80\",protocol=TCP].containerPort: a string -> an integer"),
        ),
        (
            container(json!({"resources": {"limits": {"cpu": true}}})),
            format!("{at}.resources.limits.cpu: a bool -> a number or a string"),
        ),
        (container(json!({"resources": "none"})), format!("{at}.resources: a string -> a mapping")),
        (
            pod(&json!({"tolerations": [{"value": true}]})),
            "spec.template.spec.tolerations[0].value: a bool -> a string".to_owned(),
        ),
        (
            pod(&json!({"priorityClassName": 5})),
            "spec.template.spec.priorityClassName: a number -> a string".to_owned(),
        ),
        (
            of_kind("apps/v1", "Deployment", &json!({"spec": {"replicas": 1.5}})),
            "spec.replicas: a number -> an integer".to_owned(),
        ),
        (
            of_kind("v1", "Service", &json!({"spec": {"loadBalancerClass": 5}})),
            "spec.loadBalancerClass: a number -> a string".to_owned(),
        ),
    ] {
        assert_eq!(found(&object), [expected]);
    }
}

#[test]
fn every_value_is_found_at_once() {
    let mut object = deployment(&json!({
        "metadata": {"annotations": {"a": 1, "b": true, "c": "d"}},
        "spec": {
            "containers": [{"name": "c", "env": [{"name": "A", "value": 5}, {"name": "B", "value": false}]}],
            "nodeSelector": {"e": 1},
        },
    }));
    object["metadata"]["annotations"] = json!({"f": 1});
    assert_eq!(found(&object).len(), 6, "{:?}", found(&object));
}

#[test]
fn what_kubernetes_takes_in_several_types_is_right() {
    for object in [
        of_kind("v1", "Service", &json!({"metadata": {"annotations": {"a": null, "b": "5"}}})),
        of_kind("v1", "Service", &json!({"metadata": {"annotations": null}})),
        of_kind(
            "v1",
            "Service",
            &json!({"spec": {"ports": [{"port": 80, "targetPort": "http"}, {"port": 81.0, "targetPort": 8081}]}}),
        ),
        pod(
            &json!({"containers": [{"name": "c", "resources": {"limits": {"cpu": 1, "memory": 0.5, "a": "1Gi"}}}]}),
        ),
        of_kind(
            "apps/v1",
            "Deployment",
            &json!({"spec": {"strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 1.0}}}}),
        ),
        of_kind("v1", "Secret", &json!({"data": {"a": "YQ==\nYQ=="}})),
        of_kind(
            "v1",
            "Namespace",
            &json!({"metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"}, "more": 5}),
        ),
        of_kind("example.com/v1", "Other", &json!({"spec": {"a": 5}})),
        json!({"kind": "Other"}),
    ] {
        assert_eq!(found(&object), [""; 0]);
    }
}

#[test]
fn a_custom_resource_has_the_types_of_its_definition() {
    let schema = json!({"type": "object", "properties": {"spec": {"type": "object", "properties": {
        "port": {"anyOf": [{"type": "integer"}, {"type": "string"}], "x-kubernetes-int-or-string": true},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
        "hosts": {"type": "array", "items": {"type": "string"}},
    }}}});
    let definition = json!({
        "kind": "CustomResourceDefinition",
        "spec": {
            "group": "example.com", "names": {"kind": "Sample"},
            "versions": [{"name": "v1", "schema": {"openAPIV3Schema": schema}}],
        },
    });
    let schemas = Schemas::of([&definition].into_iter());
    let found = |version: &str, spec: &Value| -> Vec<String> {
        let found = schemas.mistyped(&of_kind(version, "Sample", &json!({"spec": spec}))).into_iter();
        found.map(|Mistyped { field, is, takes }| format!("{field}: {is} -> {takes}")).collect()
    };
    let fits = json!({
        "port": "http", "labels": {"a": "b"}, "free": {"a": [1, "b"]}, "hosts": ["a"], "unknown": 1, "null": null,
    });
    assert_eq!(found("example.com/v1", &fits), Vec::<String>::new());
    let wrong = json!({"port": 1.5, "labels": {"a": 5}, "free": "a", "hosts": ["a", {}]});
    assert_eq!(
        found("example.com/v1", &wrong),
        [
            "spec.free: a string -> a mapping",
            "spec.hosts[1]: a mapping -> a string",
            "spec.labels.a: a number -> a string",
            "spec.port: a number -> a number or a string",
        ]
    );
    assert_eq!(found("example.com/v2", &wrong), Vec::<String>::new(), "of another version nothing is known");
}
