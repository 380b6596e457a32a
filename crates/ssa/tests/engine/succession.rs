//! The work of Helm and of kubectl's client-side apply is continued.

use serde_json::{Value, json};
use ssa::{Action, Adoption, FieldRule, ObjectPattern, Ownership, Policy, Predecessor};

use crate::cluster::{Cluster, MANAGER, post};

/// What `helm install` and `kubectl apply` leave: fields of an `Update` by their manager.
async fn made_by(cluster: &Cluster, manager: &str, object: &Value) {
    let kind = format!("{}s", object["kind"].as_str().unwrap().to_lowercase());
    post(&cluster.client, &format!("{}?fieldManager={manager}", cluster.path(&kind)), object).await;
}

fn continuing(predecessors: Vec<Predecessor>) -> Policy {
    Policy { adoption: Adoption::Unowned, predecessors, ..Policy::default() }
}

#[tokio::test]
async fn fields_that_helm_left_and_the_manifest_does_not_have_go() {
    let cluster = Cluster::new("helm-succession").await;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "settings", "labels": {"app.kubernetes.io/managed-by": "Helm"}},
        "data": {"same": "1", "changed": "1", "old": "1"},
    });
    made_by(&cluster, "helm", &theirs).await;
    let set = [cluster.config_map("settings", &json!({"same": "1", "changed": "2"}))];
    let policy = continuing(vec![Predecessor::helm()]);
    let planned = cluster.engine.diff(&set, None, &policy, &cluster.cancel).await.unwrap();
    let Action::Changed { fields, .. } = &planned.changes[0].action else { panic!("{planned:?}") };
    let paths: Vec<String> = fields.iter().map(|field| field.path.to_string()).collect();
    assert_eq!(
        paths,
        [
            "data.changed",
            "data.old",
            "metadata.labels[\"app.kubernetes.io/managed-by\"]",
            "metadata.labels[\"set.example/name\"]"
        ]
    );

    cluster.converge_with(&set, &policy).await;
    let live = cluster.live(set[0].id()).await.unwrap();
    assert_eq!(live["data"], json!({"same": "1", "changed": "2"}));
    let managers: Vec<&Value> =
        live["metadata"]["managedFields"].as_array().unwrap().iter().map(|entry| &entry["manager"]).collect();
    assert_eq!(managers, [MANAGER]);
    let planned = cluster.engine.diff(&set, None, &policy, &cluster.cancel).await.unwrap();
    assert_eq!(planned.changes[0].action, Action::Unchanged);
}

#[tokio::test]
async fn the_copy_that_kubectl_keeps_goes_too_and_is_masked_in_a_secret() {
    let cluster = Cluster::new("kubectl-succession").await;
    let copy = "kubectl.kubernetes.io/last-applied-configuration";
    let theirs = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "keys", "annotations": {copy: "{\"data\":{\"k\":\"planted\"}}"}},
        "data": {"k": "cGxhbnRlZA=="},
    });
    made_by(&cluster, "kubectl-client-side-apply", &theirs).await;
    let set = [cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "data": {"k": "cGxhbnRlZA=="},
    }))];
    let policy = continuing(Predecessor::kubectl());
    let planned = cluster.engine.diff(&set, None, &policy, &cluster.cancel).await.unwrap();
    let Action::Changed { fields, .. } = &planned.changes[0].action else { panic!("{planned:?}") };
    assert!(fields.iter().any(|field| field.path.to_string().contains("last-applied")), "{fields:?}");
    assert!(!format!("{planned:?}").contains("planted"), "{planned:?}");
    cluster.converge_with(&set, &policy).await;
    let live = cluster.live(set[0].id()).await.unwrap();
    assert!(live["metadata"]["annotations"].is_null(), "{live}");
}

#[tokio::test]
async fn what_a_third_manager_owns_stays_and_still_is_a_conflict() {
    let cluster = Cluster::with("third-manager", |options| {
        options.rules.fields.push(FieldRule {
            objects: ObjectPattern::kind("", "ConfigMap"),
            fields: "data.yielded".parse().unwrap(),
            ownership: Ownership::Yield,
        });
    })
    .await;
    let theirs = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"a": "1", "yielded": "1", "old": "1"},
    });
    made_by(&cluster, "helm", &theirs).await;
    let path = cluster.path("configmaps/settings");
    cluster
        .merge_patch(
            &path,
            "controller",
            &json!({"data": {"yielded": "theirs", "a": "theirs", "more": "theirs"}}),
        )
        .await;
    let with = |a: &str| [cluster.config_map("settings", &json!({"a": a, "yielded": "1"}))];
    let policy = continuing(vec![Predecessor::helm()]);
    let planned = cluster.engine.diff(&with("1"), None, &policy, &cluster.cancel).await.unwrap();
    let Action::Conflict { conflicts, .. } = &planned.changes[0].action else { panic!("{planned:?}") };
    assert_eq!(conflicts[0].to_string(), "\"controller\" owns data.a");

    cluster.converge_with(&with("theirs"), &policy).await;
    let live = cluster.live(with("theirs")[0].id()).await.unwrap();
    assert_eq!(live["data"], json!({"a": "theirs", "yielded": "theirs", "more": "theirs"}));
}
