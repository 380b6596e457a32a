//! What the server would say to a plan, and immutable fields that only it knows.

use serde_json::{Value, json};
use ssa::{Action, Manifest, ObjectError, Policy, Stage, WriteError};

use crate::cluster::{Cluster, post};

fn volume_claim(cluster: &Cluster, storage: &str) -> Manifest {
    cluster.manifest(json!({
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": storage}}},
    }))
}

#[tokio::test]
async fn the_plan_is_the_same_and_what_the_server_refuses_is_named_without_a_write() {
    let cluster = Cluster::new("rehearsal").await;
    let good = cluster.config_map("good", &json!({"a": "1"}));
    let bad = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "bad"}, "spec": {"ports": [{"port": 99_999}]},
    }));
    let home = cluster
        .manifest(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rehearsal-new"}}));
    let inside = cluster.manifest(json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "inside", "namespace": "rehearsal-new"},
    }));
    let set = [good.clone(), bad.clone(), home, inside];
    let rehearsal = cluster.engine.rehearse(&set, None, &Policy::default(), &cluster.cancel).await.unwrap();
    let planned = cluster.engine.diff(&set, None, &Policy::default(), &cluster.cancel).await.unwrap();
    assert_eq!(rehearsal.changes, planned);
    assert_eq!(rehearsal.objections.len(), 1, "{:?}", rehearsal.objections);
    let (id, objection) = &rehearsal.objections[0];
    assert_eq!(id, bad.id());
    assert!(lab::chain(objection).contains("spec.ports[0].port"), "{}", lab::chain(objection));
    assert!(cluster.live(good.id()).await.is_none());
}

#[tokio::test]
async fn a_conflict_is_confirmed_by_the_server() {
    let cluster = Cluster::new("rehearsed-conflict").await;
    let set = [cluster.config_map("settings", &json!({"a": "ours"}))];
    cluster.converge(&set).await;
    let theirs = json!({"data": {"a": "theirs"}});
    cluster.merge_patch(&cluster.path("configmaps/settings"), "kubectl-edit", &theirs).await;
    let rehearsal = cluster.engine.rehearse(&set, None, &Policy::default(), &cluster.cancel).await.unwrap();
    let Action::Conflict { conflicts, .. } = &rehearsal.changes.changes[0].action else {
        panic!("{rehearsal:?}")
    };
    let WriteError::Conflict { conflicts: said, .. } = &rehearsal.objections[0].1 else {
        panic!("{rehearsal:?}")
    };
    assert_eq!(said, conflicts);
}

#[tokio::test]
async fn an_immutable_field_that_only_the_server_knows_is_named_and_recreated_on_request() {
    let cluster = Cluster::new("rehearsed-immutable").await;
    let set = |storage: &str| [volume_claim(&cluster, storage)];
    cluster.converge(&set("2Gi")).await;
    let uid = cluster.live(set("2Gi")[0].id()).await.unwrap()["metadata"]["uid"].clone();
    let smaller = set("1Gi");
    let rehearsal =
        cluster.engine.rehearse(&smaller, None, &Policy::default(), &cluster.cancel).await.unwrap();
    let (_, objection) = &rehearsal.objections[0];
    let WriteError::Immutable { fields, .. } = objection else { panic!("{objection:?}") };
    assert_eq!(fields[0].to_string(), "spec");

    let mut inventory = cluster.claim(&smaller).await;
    let stages = Stage::defaults(smaller.to_vec());
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let Some(ssa::ApplyError::Write { failed, .. }) = &applied.error else { panic!("{:?}", applied.error) };
    assert!(matches!(failed[0].1, ObjectError::Write(WriteError::Immutable { .. })), "{failed:?}");

    // The protecting finalizer is taken off by a controller that does not run here.
    let path = cluster.path("persistentvolumeclaims/data");
    cluster.merge_patch(&path, "hand", &json!({"metadata": {"finalizers": null}})).await;
    let changes = cluster.converge_with(&smaller, &Policy { recreate: true, ..Policy::default() }).await;
    assert!(matches!(changes[0].action, Action::Recreated { .. }), "{changes:?}");
    let live = cluster.live(smaller[0].id()).await.unwrap();
    assert_ne!(live["metadata"]["uid"], uid);
    assert_eq!(live["spec"]["resources"]["requests"]["storage"], "1Gi");
}

#[tokio::test]
async fn a_webhook_that_cannot_be_called_is_named_with_the_object() {
    let cluster = Cluster::with("webhook-away", |options| {
        options.budgets.retry_time = std::time::Duration::from_millis(300);
    })
    .await;
    let registration = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "webhook-away"},
        "webhooks": [{
            "name": "away.example.com", "admissionReviewVersions": ["v1"], "sideEffects": "None", "failurePolicy": "Fail",
            "clientConfig": {"url": "https://127.0.0.1:1/away"},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "webhook-away"}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["secrets"]}],
        }],
    });
    let collection = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations";
    post(&cluster.client, collection, &registration).await;
    let secret =
        cluster.manifest(json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}}));
    let mut inventory = cluster.claim(std::slice::from_ref(&secret)).await;
    // The server takes a moment to know its webhooks.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let stages = Stage::defaults(vec![secret.clone()]);
    let applied = cluster.engine.apply(&stages, &mut inventory, &Policy::default(), &cluster.cancel).await;
    let request = http::Request::delete(format!("{collection}/webhook-away")).body(Vec::new()).unwrap();
    cluster.client.request::<Value>(request).await.unwrap();
    let text = lab::chain(&applied.error.unwrap());
    assert!(text.contains("/Secret/webhook-away/keys"), "{text}");
    assert!(text.contains("failed calling webhook \"away.example.com\""), "{text}");
}
