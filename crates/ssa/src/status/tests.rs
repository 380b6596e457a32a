use serde_json::{Value, json};

use super::{State, Status, WITHOUT_STATUS};
use crate::object_id::GroupKind;

fn state(object: &Value) -> State {
    Status::of(object).state
}

fn with_status(api_version: &str, kind: &str, spec: &Value, status: &Value) -> Value {
    json!({"apiVersion": api_version, "kind": kind, "metadata": {"generation": 2}, "spec": spec, "status": status})
}

#[test]
fn an_object_on_its_way_out_is_terminating_whatever_its_status_says() {
    let object = json!({"kind": "Namespace", "metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}, "status": {"phase": "Active"}});
    assert_eq!(state(&object), State::Terminating);
}

#[test]
fn a_status_of_an_older_generation_says_nothing() {
    let ready = json!({"observedGeneration": 1, "conditions": [{"type": "Ready", "status": "True"}]});
    assert_eq!(state(&with_status("a.example/v1", "Thing", &json!({}), &ready)), State::InProgress);
}

#[test]
fn a_custom_resource_is_as_its_ready_condition_says_and_current_without_one() {
    let ready = |status: &str| {
        let conditions = json!({"conditions": [{"type": "Ready", "status": status, "reason": "Because", "message": "of it"}]});
        Status::of(&with_status("a.example/v1", "Thing", &json!({}), &conditions))
    };
    assert_eq!(ready("True").state, State::Current);
    assert_eq!(ready("False").state, State::InProgress);
    assert_eq!(ready("False").message, "Ready=False (Because): of it");
    assert_eq!(state(&with_status("a.example/v1", "Thing", &json!({}), &json!({}))), State::Current);
    let stalled = json!({"conditions": [{"type": "Stalled", "status": "True"}]});
    assert_eq!(state(&with_status("a.example/v1", "Thing", &json!({}), &stalled)), State::Failed);
}

#[test]
fn a_deployment_is_current_when_all_new_replicas_are_available_and_no_old_one_is_left() {
    let deployment =
        |status: Value| Status::of(&with_status("apps/v1", "Deployment", &json!({"replicas": 2}), &status));
    let counts = |total: i64, updated: i64, ready: i64, available: i64| {
        deployment(
            json!({"observedGeneration": 2, "replicas": total, "updatedReplicas": updated, "readyReplicas": ready,
            "availableReplicas": available, "conditions": [{"type": "Available", "status": "True"}]}),
        )
    };
    assert_eq!(counts(2, 2, 2, 2).state, State::Current);
    assert_eq!(counts(2, 1, 2, 2).message, "1 of 2 replicas are updated");
    assert_eq!(counts(3, 2, 2, 2).message, "1 old replicas are still there");
    assert_eq!(counts(2, 2, 1, 1).message, "1 of 2 replicas are ready");
    assert_eq!(counts(2, 2, 2, 1).message, "1 of 2 replicas are available");
    assert_eq!(deployment(json!({})).state, State::InProgress);
    let exceeded = json!({"conditions": [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}]});
    assert_eq!(deployment(exceeded).state, State::Failed);
}

#[test]
fn a_load_balancer_is_current_when_it_has_an_address() {
    let service = |spec: Value, status: Value| state(&with_status("v1", "Service", &spec, &status));
    let balancer = json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1"});
    assert_eq!(service(balancer.clone(), json!({"loadBalancer": {}})), State::InProgress);
    let host = json!({"loadBalancer": {"ingress": [{"hostname": "lb.example"}]}});
    assert_eq!(service(balancer, host), State::Current);
    let external =
        |addresses: Value| json!({"type": "LoadBalancer", "clusterIP": "10.0.0.1", "externalIPs": addresses});
    assert_eq!(service(external(json!(["192.0.2.7"])), json!({"loadBalancer": {}})), State::Current);
    assert_eq!(service(external(json!([])), json!({"loadBalancer": {}})), State::InProgress);
    assert_eq!(service(json!({"type": "ClusterIP", "clusterIP": "None"}), json!({})), State::Current);
    assert_eq!(service(json!({"type": "ClusterIP"}), json!({})), State::InProgress);
    assert_eq!(service(json!({"type": "ExternalName"}), json!({})), State::Current);
}

/// `apiVersion`, kind, spec and status of generation 2 as JSON, and the state.
const CASES: &[(&str, &str, &str, &str, State)] = &[
    (
        "apps/v1",
        "DaemonSet",
        "{}",
        r#"{"observedGeneration": 2, "desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberAvailable": 1, "numberReady": 1}"#,
        State::Current,
    ),
    (
        "apps/v1",
        "DaemonSet",
        "{}",
        r#"{"observedGeneration": 2, "desiredNumberScheduled": 2, "updatedNumberScheduled": 2, "numberAvailable": 1, "numberReady": 1}"#,
        State::InProgress,
    ),
    (
        "apps/v1",
        "StatefulSet",
        r#"{"replicas": 1}"#,
        r#"{"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 1}"#,
        State::Current,
    ),
    (
        "apps/v1",
        "StatefulSet",
        r#"{"replicas": 1}"#,
        r#"{"observedGeneration": 2, "replicas": 1, "readyReplicas": 1, "updatedReplicas": 0}"#,
        State::InProgress,
    ),
    (
        "apps/v1",
        "ReplicaSet",
        r#"{"replicas": 1}"#,
        r#"{"observedGeneration": 2, "replicas": 1}"#,
        State::InProgress,
    ),
    ("batch/v1", "Job", "{}", r#"{"startTime": "2026-01-01T00:00:00Z"}"#, State::Current),
    ("batch/v1", "Job", "{}", "{}", State::InProgress),
    ("batch/v1", "Job", "{}", r#"{"conditions": [{"type": "Failed", "status": "True"}]}"#, State::Failed),
    (
        "v1",
        "Pod",
        "{}",
        r#"{"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}"#,
        State::Current,
    ),
    ("v1", "Pod", "{}", r#"{"phase": "Failed"}"#, State::Failed),
    ("v1", "Pod", "{}", r#"{"phase": "Pending"}"#, State::InProgress),
    ("v1", "PersistentVolumeClaim", "{}", r#"{"phase": "Pending"}"#, State::InProgress),
    ("v1", "Namespace", "{}", r#"{"phase": "Active"}"#, State::Current),
    ("v1", "ConfigMap", "{}", "{}", State::Current),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "{}", "{}", State::InProgress),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "{}",
        r#"{"conditions": [{"type": "Established", "status": "True"}]}"#,
        State::Current,
    ),
    (
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "{}",
        r#"{"conditions": [{"type": "NamesAccepted", "status": "False", "reason": "ListKindConflict"}]}"#,
        State::Failed,
    ),
    (
        "apiregistration.k8s.io/v1",
        "APIService",
        "{}",
        r#"{"conditions": [{"type": "Available", "status": "False"}]}"#,
        State::InProgress,
    ),
    ("policy/v1", "PodDisruptionBudget", "{}", r#"{"observedGeneration": 2}"#, State::Current),
];

#[test]
fn the_other_kinds_with_rules_follow_their_own_status() {
    for (api_version, kind, spec, status, expected) in CASES {
        let json = |text: &str| serde_json::from_str(text).unwrap();
        let object = with_status(api_version, kind, &json(spec), &json(status));
        assert_eq!(state(&object), *expected, "{kind} {status}");
    }
}

fn daemon_set(max_unavailable: &Value, [all, updated, ready]: [i64; 3]) -> Value {
    let spec = json!({"updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": max_unavailable}}});
    let status = json!({
        "observedGeneration": 2, "desiredNumberScheduled": all, "updatedNumberScheduled": updated,
        "numberAvailable": ready, "numberReady": ready,
    });
    with_status("apps/v1", "DaemonSet", &spec, &status)
}

#[test]
fn a_daemon_set_may_lack_as_many_pods_as_an_update_may_but_never_all() {
    for (max_unavailable, counts, expected) in [
        (json!(1), [2, 2, 1], State::Current),
        (json!(1), [3, 3, 1], State::InProgress),
        (json!(1), [2, 1, 2], State::InProgress),
        (json!("34%"), [3, 3, 1], State::Current),
        (json!("10%"), [20, 20, 18], State::Current),
        (json!("10%"), [20, 20, 17], State::InProgress),
        (json!(0), [2, 2, 1], State::InProgress),
        (json!(1), [1, 1, 0], State::InProgress),
        (json!("100%"), [3, 3, 0], State::InProgress),
        (json!(1), [0, 0, 0], State::Current),
    ] {
        assert_eq!(state(&daemon_set(&max_unavailable, counts)), expected, "{max_unavailable} {counts:?}");
    }
}

#[test]
fn a_daemon_set_does_not_need_pods_on_nodes_that_cannot_run_any() {
    let state = |counts, nodes| super::daemon_set_without(&daemon_set(&json!(1), counts), nodes).state;
    assert_eq!(state([2, 1, 1], 0), State::InProgress);
    assert_eq!(state([2, 1, 1], 1), State::Current);
    assert_eq!(state([4, 2, 2], 1), State::InProgress, "a pod on a good node is not updated");
    assert_eq!(state([4, 2, 2], 2), State::Current);
    assert_eq!(state([1, 0, 0], 1), State::InProgress, "it runs nowhere");
}

#[test]
fn a_kind_without_a_status_is_ready_once_it_is_written() {
    let kind = |group: &str, kind: &str| GroupKind { group: group.to_owned(), kind: kind.to_owned() };
    for (group, name) in WITHOUT_STATUS {
        assert!(!Status::is_of_kind(&kind(group, name)), "{group} {name}");
        let api_version = if group.is_empty() { "v1".to_owned() } else { format!("{group}/v1") };
        let object = json!({"apiVersion": api_version, "kind": name, "metadata": {"generation": 2}});
        assert_eq!(state(&object), State::Current, "{group} {name}");
    }
    for (group, name) in [("apps", "Deployment"), ("", "Service"), ("networking.istio.io", "Gateway")] {
        assert!(Status::is_of_kind(&kind(group, name)), "{group} {name}");
    }
}
