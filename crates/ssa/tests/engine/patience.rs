//! What is waited for, and what ends at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use ssa::{InventoryRef, Manifest, ObjectPattern, Policy, Predecessor, Stage};

use crate::cluster::{Cluster, MANAGER, claim_as, delete, post, stages};

const WEBHOOKS: &str = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations";

/// A cluster whose requests are repeated for no longer than it says, unless they are waited for.
async fn hasty(name: &str) -> Cluster {
    Cluster::with(name, |options| options.budgets.retry_time = Duration::from_millis(300)).await
}

fn service(cluster: &Cluster, annotations: &Value) -> Manifest {
    cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "annotations": annotations},
        "spec": {"ports": [{"name": "http", "port": 80}]},
    }))
}

/// A webhook of another controller, of which not even the Service is there.
async fn webhook_without_endpoints(cluster: &Cluster) -> String {
    let namespace = &cluster.namespace;
    let webhook = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": namespace},
        "webhooks": [{
            "name": "services.controller.example", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "failurePolicy": "Fail", "timeoutSeconds": 1,
            "clientConfig": {"service": {"namespace": namespace, "name": "controller"}},
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"], "resources": ["services"]}],
        }],
    });
    post(&cluster.client, WEBHOOKS, &webhook).await;
    let path = format!("{WEBHOOKS}/{namespace}");
    // The API server calls it from a moment after that.
    let probe = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"generateName": "probe-"}, "spec": {"ports": [{"port": 1}]}});
    let services = format!("{}?dryRun=All", cluster.path("services"));
    loop {
        let body = probe.to_string().into_bytes();
        let request =
            http::Request::post(&services).header("content-type", "application/json").body(body).unwrap();
        if cluster.client.request::<Value>(request).await.is_err() {
            return path;
        }
    }
}

#[tokio::test]
async fn a_webhook_of_others_that_is_not_up_yet_is_waited_for_until_the_deadline() {
    let mut cluster = hasty("webhook-late").await;
    let path = webhook_without_endpoints(&cluster).await;
    let set = [service(&cluster, &json!({}))];
    let mut inventory = cluster.claim(&set).await;
    let (stages, policy) = (stages(&set), Policy::default());
    let applied = cluster.engine.apply(&stages, &mut inventory, &policy, &cluster.cancel).await;
    let error = lab::chain(&applied.error.unwrap());
    assert!(error.contains("failed calling webhook \"services.controller.example\""), "{error}");

    cluster.engine = cluster.engine.until(Instant::now() + Duration::from_mins(1));
    let client = cluster.client.clone();
    let mended = tokio::spawn(async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        delete(&client, &path).await;
    });
    cluster.converge(&set).await;
    mended.await.unwrap();
    assert!(cluster.live(set[0].id()).await.is_some());
}

#[tokio::test]
async fn what_no_repetition_changes_ends_at_once_also_where_the_server_calls_it_its_own_fault() {
    let mut cluster = hasty("verdicts").await;
    cluster.engine = cluster.engine.until(Instant::now() + Duration::from_mins(1));
    let set = [service(&cluster, &json!({"example.com/cost": 4711}))];
    let mut inventory = cluster.claim(&set).await;
    let began = Instant::now();
    let (stages, policy) = (stages(&set), Policy::default());
    let applied = cluster.engine.apply(&stages, &mut inventory, &policy, &cluster.cancel).await;
    let error = lab::chain(&applied.error.unwrap());
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(error.contains("expected string"), "{error}");
}

#[tokio::test]
async fn a_namespace_has_its_labels_from_the_beginning_and_loses_them_with_the_manifest() {
    let cluster = Cluster::new("labelled").await;
    let at = InventoryRef { namespace: "labelled-home".to_owned(), name: "inventory".to_owned() };
    let namespace = |labels: &Value| {
        [cluster.manifest(json!({
            "apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "labelled-home", "labels": labels},
        }))]
    };
    let set = namespace(&json!({"team": "platform", "stays": "1"}));
    let claim = claim_as("test", &set);
    let mut inventory = cluster.engine.claim(&at, &claim, &stages(&set), &cluster.cancel).await.unwrap();
    let labels = async || cluster.live(set[0].id()).await.unwrap()["metadata"]["labels"].clone();
    assert_eq!(labels().await["team"], "platform");

    let creation = Predecessor { manager: MANAGER.into(), objects: ObjectPattern::kind("", "Namespace") };
    let policy = Policy { predecessors: vec![creation], ..Policy::default() };
    let smaller = Stage::defaults(namespace(&json!({"stays": "1"})).to_vec());
    let applied = cluster.engine.apply(&smaller, &mut inventory, &policy, &cluster.cancel).await;
    assert!(applied.error.is_none(), "{:?}", applied.error);
    let labels = labels().await;
    assert!(labels.get("team").is_none() && labels["stays"] == "1", "{labels}");
}
