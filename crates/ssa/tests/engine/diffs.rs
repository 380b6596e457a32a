//! The client's own comparison against objects that a real server has defaulted and stored.

use serde_json::{Value, json};
use ssa::{Action, FieldValue, Manifest};

use crate::cluster::Cluster;

fn paths(action: &Action) -> Vec<String> {
    match action {
        Action::Changed { fields, .. }
        | Action::Conflict { fields, .. }
        | Action::Recreated { fields, .. } => fields.iter().map(|field| field.path.to_string()).collect(),
        Action::Unchanged => Vec::new(),
        other => panic!("{other:?}"),
    }
}

/// Applies `first` and says which fields `second` would change.
async fn changed(cluster: &Cluster, first: &Value, second: &Value) -> Vec<String> {
    let (first, second) = (cluster.manifest(first.clone()), cluster.manifest(second.clone()));
    cluster.converge(std::slice::from_ref(&first)).await;
    assert_eq!(cluster.diff(&[first]).await, [Action::Unchanged]);
    paths(&cluster.diff(&[second]).await[0])
}

fn with(base: &Value, pointer: &str, value: Value) -> Value {
    let mut changed = base.clone();
    *changed.pointer_mut(pointer).unwrap() = value;
    changed
}

fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "annotations": {}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": {"app": "web"}, "annotations": {"a.example/b": "1"}},
                "spec": {
                    "hostNetwork": false,
                    "tolerations": [{"key": "a", "operator": "Exists"}],
                    "volumes": [
                        {"name": "empty", "emptyDir": {}},
                        {"name": "token", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "audience": "a"}}]}},
                        {"name": "settings", "configMap": {"name": "settings", "optional": true}},
                    ],
                    "containers": [{
                        "name": "main", "image": "web:1", "args": ["a", "b"],
                        "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP", "name": "dns"}],
                        "env": [
                            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                            {"name": "EMPTY", "value": ""},
                        ],
                        "readinessProbe": {"httpGet": {"path": "/ready", "port": 80}},
                        "resources": {"requests": {"cpu": "1000m", "memory": "0.5Gi"}, "limits": {"cpu": 2}},
                        "volumeMounts": [{"name": "empty", "mountPath": "/x", "subPath": ""}],
                    }],
                },
            },
        },
    })
}

#[tokio::test]
async fn defaults_quantities_and_empty_values_are_no_changes() {
    let cluster = Cluster::new("no-changes").await;
    let main = "/spec/template/spec/containers/0";
    let other = with(&deployment(), &format!("{main}/resources/requests/cpu"), json!("1"));
    let other = with(&other, &format!("{main}/resources/limits/cpu"), json!("2000m"));
    assert_eq!(changed(&cluster, &deployment(), &other).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_changed_item_of_a_keyed_list_is_named_by_its_key() {
    let cluster = Cluster::new("keyed-list").await;
    let ports = json!([{"containerPort": 80, "protocol": "UDP", "name": "dns"}, {"containerPort": 80, "name": "http"}]);
    let other = with(&deployment(), "/spec/template/spec/containers/0/ports", ports);
    let expected = "spec.template.spec.containers[name=main].ports[containerPort=80,protocol=TCP].name";
    assert_eq!(changed(&cluster, &deployment(), &other).await, [expected]);
}

#[tokio::test]
async fn an_atomic_list_is_one_field() {
    let cluster = Cluster::new("atomic-list").await;
    let other = with(&deployment(), "/spec/template/spec/containers/0/args", json!(["a", "c"]));
    assert_eq!(
        changed(&cluster, &deployment(), &other).await,
        ["spec.template.spec.containers[name=main].args"]
    );
}

#[tokio::test]
async fn a_field_that_leaves_the_manifest_is_removed_and_one_with_its_default_is_not() {
    let cluster = Cluster::new("field-removed").await;
    let mut first = deployment();
    first["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] = json!(30);
    first["spec"]["minReadySeconds"] = json!(5);
    let mut second = deployment();
    second["spec"]["template"]["metadata"]["annotations"] = json!({});
    let expected = ["spec.minReadySeconds", "spec.template.metadata.annotations[\"a.example/b\"]"];
    assert_eq!(changed(&cluster, &first, &second).await, expected);

    let second = cluster.manifest(second);
    cluster.converge(std::slice::from_ref(&second)).await;
    assert_eq!(cluster.diff(std::slice::from_ref(&second)).await, [Action::Unchanged]);
    let live = cluster.live(second.id()).await.unwrap();
    assert!(live["spec"].get("minReadySeconds").is_none());
}

#[tokio::test]
async fn a_list_item_that_leaves_the_manifest_is_removed_with_all_its_fields() {
    let cluster = Cluster::new("item-removed").await;
    let mut second = deployment();
    second["spec"]["template"]["spec"]["containers"][0]["env"].as_array_mut().unwrap().remove(0);
    let changed = changed(&cluster, &deployment(), &second).await;
    let item = "spec.template.spec.containers[name=main].env[name=POD]";
    assert_eq!(changed, [format!("{item}.name"), format!("{item}.valueFrom.fieldRef")]);
}

#[tokio::test]
async fn fields_that_others_add_are_not_ours_to_compare() {
    let cluster = Cluster::new("added-by-others").await;
    let set = [cluster.manifest(deployment())];
    cluster.converge(&set).await;
    let theirs = json!({
        "metadata": {"annotations": {"theirs.example/a": "1"}},
        "spec": {"template": {"spec": {"priorityClassName": "", "nodeSelector": {"a": "b"}}}},
    });
    cluster.merge_patch(&cluster.apps_path("deployments/web"), "their-tool", &theirs).await;
    assert_eq!(cluster.diff(&set).await, [Action::Unchanged]);
}

#[tokio::test]
async fn secret_data_is_masked_and_string_data_is_compared_as_data() {
    let cluster = Cluster::new("secret-masked").await;
    let secret = |password: &str| {
        cluster.manifest(json!({
            "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys", "labels": {"a": password}},
            "stringData": {"password": password},
        }))
    };
    cluster.converge(&[secret("planted-one")]).await;
    assert_eq!(cluster.diff(&[secret("planted-one")]).await, [Action::Unchanged]);
    let actions = cluster.diff(&[secret("planted-two")]).await;
    let Action::Changed { fields, .. } = &actions[0] else { panic!("{actions:?}") };
    assert_eq!(fields[0].path.to_string(), "data.password");
    assert_eq!((&fields[0].before, &fields[0].after), (&Some(FieldValue::Masked), &Some(FieldValue::Masked)));
    assert_eq!(fields[1].after, Some(FieldValue::Plain(json!("planted-two"))), "only data is masked");
}

#[tokio::test]
async fn every_kind_of_a_usual_installation_is_unchanged_after_it_was_applied() {
    let cluster = Cluster::new("usual-kinds").await;
    let values: Vec<Value> = serde_json::from_str(include_str!("usual-kinds.json")).unwrap();
    let set = Manifest::parse_all(values, &cluster.namespace).unwrap();
    cluster.converge(&set).await;
    let actions = cluster.diff(&set).await;
    for (manifest, action) in set.iter().zip(actions) {
        assert_eq!(action, Action::Unchanged, "{}", manifest.id());
    }
}
