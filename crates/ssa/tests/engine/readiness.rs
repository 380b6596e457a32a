//! When objects are ready.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use ssa::{ObjectPattern, ReadyRule, State, Status, WaitError};

use crate::cluster::{Cluster, server};

/// Kinds of Kubernetes itself that say by their status whether they are ready, or may say that they are not.
const TOLD_BY_STATUS: &[&str] = &[
    "APIService",
    "CertificateSigningRequest",
    "CustomResourceDefinition",
    "DaemonSet",
    "Deployment",
    "FlowSchema",
    "Job",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "Pod",
    "ReplicaSet",
    "ReplicationController",
    "Service",
    "StatefulSet",
    "VolumeAttachment",
];

/// Kinds of Kubernetes itself that are ready as soon as they exist, unless a `Ready`, `Reconciling` or `Stalled` condition or an
/// `observedGeneration` says otherwise.
const READY_BY_EXISTENCE: &[&str] = &[
    "Binding",
    "CSIDriver",
    "CSINode",
    "CSIStorageCapacity",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterTrustBundle",
    "ComponentStatus",
    "ConfigMap",
    "ControllerRevision",
    "CronJob",
    "DeviceClass",
    "DeviceTaintRule",
    "EndpointSlice",
    "Endpoints",
    "Event",
    "HorizontalPodAutoscaler",
    "IPAddress",
    "Ingress",
    "IngressClass",
    "Lease",
    "LimitRange",
    "LocalSubjectAccessReview",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "NetworkPolicy",
    "PodCertificateRequest",
    "PodDisruptionBudget",
    "PodTemplate",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "ResourceClaim",
    "ResourceClaimTemplate",
    "ResourceQuota",
    "ResourceSlice",
    "Role",
    "RoleBinding",
    "RuntimeClass",
    "Secret",
    "SelfSubjectAccessReview",
    "SelfSubjectReview",
    "SelfSubjectRulesReview",
    "ServiceAccount",
    "ServiceCIDR",
    "StorageClass",
    "StorageVersionMigration",
    "SubjectAccessReview",
    "TokenReview",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttributesClass",
];

#[tokio::test]
async fn every_kind_that_the_server_itself_offers_has_a_rule_that_is_known() {
    let client = server().client().unwrap();
    let mut kinds = BTreeSet::new();
    for path in ["/api", "/apis"] {
        let request = http::Request::get(path)
            .header("accept", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
            .body(Vec::new())
            .unwrap();
        let groups: Value = client.request(request).await.unwrap();
        for group in groups["items"].as_array().unwrap() {
            let name = group["metadata"]["name"].as_str().unwrap_or_default();
            if name.contains('.') && !name.ends_with(".k8s.io") {
                continue;
            }
            for version in group["versions"].as_array().unwrap() {
                for resource in version["resources"].as_array().unwrap() {
                    let kind = resource["responseKind"]["kind"].as_str().unwrap().to_owned();
                    kinds.insert((name.to_owned(), version["version"].as_str().unwrap().to_owned(), kind));
                }
            }
        }
    }
    assert!(kinds.len() > 40, "{kinds:?}");
    let (told, existing): (Vec<_>, Vec<_>) =
        kinds.iter().partition(|(_, _, kind)| TOLD_BY_STATUS.contains(&kind.as_str()));
    assert!(told.iter().all(|(_, _, kind)| !READY_BY_EXISTENCE.contains(&kind.as_str())), "in both lists");
    let unlisted: Vec<_> =
        existing.iter().filter(|(_, _, kind)| !READY_BY_EXISTENCE.contains(&kind.as_str())).collect();
    assert!(unlisted.is_empty(), "in no list: {unlisted:?}");
    for (group, version, kind) in existing {
        let api_version = if group.is_empty() { version.clone() } else { format!("{group}/{version}") };
        let fresh =
            json!({"apiVersion": api_version, "kind": kind, "metadata": {"name": "a", "generation": 1}});
        assert_eq!(Status::of(&fresh).state, State::Current, "{api_version} {kind}");
    }
}

#[tokio::test]
async fn a_custom_kind_is_ready_by_the_condition_that_the_caller_names() {
    let cluster = Cluster::with("named-condition", |options| {
        options.rules.ready.push(ReadyRule {
            objects: ObjectPattern::kind("", "Namespace"),
            condition: "Programmed".to_owned(),
        });
    })
    .await;
    let ids = BTreeSet::from([ssa::ObjectId::of_namespace("named-condition")]);
    let waited = cluster.engine.wait(&ids, Duration::from_millis(100), &cluster.cancel).await;
    let Err(error @ WaitError::NotReady { .. }) = waited else { panic!("{waited:?}") };
    assert!(error.to_string().contains("it has no condition Programmed yet"), "{error}");
    let condition = json!({"type": "Programmed", "status": "True", "reason": "Done", "message": "", "lastTransitionTime": "2026-01-01T00:00:00Z"});
    let request = http::Request::patch("/api/v1/namespaces/named-condition/status")
        .header("content-type", "application/merge-patch+json")
        .body(json!({"status": {"conditions": [condition]}}).to_string().into_bytes())
        .unwrap();
    cluster.client.request::<Value>(request).await.unwrap();
    cluster.engine.wait(&ids, Duration::from_secs(5), &cluster.cancel).await.unwrap();
}

#[tokio::test]
async fn a_load_balancer_is_waited_for_until_it_has_its_address() {
    let cluster = Cluster::new("balancer-address").await;
    let set = [cluster.manifest(json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"},
        "spec": {"type": "LoadBalancer", "ports": [{"port": 80}]},
    }))];
    cluster.converge(&set).await;
    let ids = BTreeSet::from([set[0].id().clone()]);
    let waited = cluster.engine.wait(&ids, Duration::from_millis(100), &cluster.cancel).await;
    assert!(waited.unwrap_err().to_string().contains("its load balancer has no address yet"));
    let patch = json!({"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}});
    let request = http::Request::patch(cluster.path("services/web/status"))
        .header("content-type", "application/merge-patch+json")
        .body(patch.to_string().into_bytes())
        .unwrap();
    cluster.client.request::<Value>(request).await.unwrap();
    cluster.engine.wait(&ids, Duration::from_secs(5), &cluster.cancel).await.unwrap();
}

#[tokio::test]
async fn what_holds_a_workload_is_told_with_the_last_warning_events_of_its_pods() {
    let cluster = Cluster::new("warning-events").await;
    let set = [cluster.manifest(json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": "web:1"}]}},
        },
    }))];
    cluster.converge(&set).await;
    let pod = loop {
        let request = http::Request::get(cluster.path("pods")).body(Vec::new()).unwrap();
        let pods: Value = cluster.client.request(request).await.unwrap();
        if let Some(pod) = pods["items"].as_array().unwrap().first() {
            break pod.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let event = json!({
        "apiVersion": "v1", "kind": "Event", "metadata": {"name": "told", "namespace": cluster.namespace},
        "type": "Warning", "reason": "FailedScheduling", "message": "no node has enough memory",
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": pod["metadata"]["name"], "namespace": cluster.namespace, "uid": pod["metadata"]["uid"]},
    });
    crate::cluster::post(&cluster.client, &cluster.path("events"), &event).await;
    let ids = BTreeSet::from([set[0].id().clone()]);
    let text =
        cluster.engine.wait(&ids, Duration::from_millis(50), &cluster.cancel).await.unwrap_err().to_string();
    assert!(text.contains("event FailedScheduling: no node has enough memory"), "{text}");
    assert!(text.contains("condition Available=False"), "{text}");
}
