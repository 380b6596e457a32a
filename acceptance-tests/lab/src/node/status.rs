//! A pod's status, as a kubelet reports it.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Container, Pod};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Phase, State, Termination};
use super::downward::Facts;

/// The status of a pod whose containers are in these states. `before` is the one reported last: what has not
/// changed keeps its time.
pub fn compose(facts: &Facts<'_>, states: &BTreeMap<String, State>, before: Option<&Value>) -> Value {
    let pod = facts.pod;
    let all = |containers: Option<&Vec<Container>>| -> Vec<Value> {
        let containers = containers.into_iter().flatten();
        containers.filter_map(|it| Some(container_status(it, states.get(&it.name)?))).collect()
    };
    let spec = pod.spec.as_ref();
    let start = before.and_then(|before| before.get("startTime")).cloned();
    json!({
        "phase": phase(pod, states),
        "conditions": conditions(pod, states, before),
        "hostIP": facts.node_address,
        "hostIPs": [{"ip": facts.node_address}],
        "podIP": facts.address,
        "podIPs": [{"ip": facts.address}],
        "startTime": start.unwrap_or_else(|| json!(Timestamp::now())),
        "initContainerStatuses": all(spec.and_then(|spec| spec.init_containers.as_ref())),
        "containerStatuses": all(spec.map(|spec| &spec.containers)),
    })
}

fn container_status(container: &Container, state: &State) -> Value {
    json!({
        "name": container.name,
        "image": container.image,
        "imageID": "",
        "containerID": state.pid.map_or_else(String::new, |pid| format!("lab://{pid}")),
        "ready": state.ready,
        "started": state.started,
        "restartCount": state.restarts,
        "state": match &state.phase {
            Phase::Waiting { reason, message } => json!({"waiting": {"reason": reason, "message": message}}),
            Phase::Running { since } => json!({"running": {"startedAt": since}}),
            Phase::Terminated(termination) => terminated(termination),
        },
        "lastState": state.last.as_ref().map_or_else(|| json!({}), terminated),
    })
}

fn terminated(termination: &Termination) -> Value {
    json!({"terminated": {
        "exitCode": termination.exit_code,
        "reason": if termination.exit_code == 0 { "Completed" } else { "Error" },
        "startedAt": termination.started_at,
        "finishedAt": termination.finished_at,
    }})
}

fn is_sidecar(container: &Container) -> bool {
    container.restart_policy.as_deref() == Some("Always")
}

/// Whether all init containers have done their part.
fn is_initialized(pod: &Pod, states: &BTreeMap<String, State>) -> bool {
    let init = pod.spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    init.into_iter().all(|container| {
        states.get(&container.name).is_some_and(|state| {
            if is_sidecar(container) { state.started || state.over } else { state.result() == Some(0) }
        })
    })
}

fn phase(pod: &Pod, states: &BTreeMap<String, State>) -> &'static str {
    let of = |container: &Container| states.get(&container.name);
    let spec = pod.spec.as_ref();
    let main: Vec<&State> = spec.iter().flat_map(|spec| &spec.containers).filter_map(of).collect();
    let init = spec.iter().flat_map(|spec| spec.init_containers.iter().flatten());
    let init_failed = init
        .into_iter()
        .filter(|it| !is_sidecar(it))
        .filter_map(of)
        .any(|it| it.result().is_some_and(|it| it != 0));
    if init_failed {
        return "Failed";
    }
    if main.iter().all(|state| state.over) {
        return if main.iter().all(|state| state.result() == Some(0)) { "Succeeded" } else { "Failed" };
    }
    let begun = |state: &&State| state.restarts > 0 || !matches!(state.phase, Phase::Waiting { .. });
    if is_initialized(pod, states) && main.iter().any(begun) { "Running" } else { "Pending" }
}

fn conditions(pod: &Pod, states: &BTreeMap<String, State>, before: Option<&Value>) -> Vec<Value> {
    let spec = pod.spec.as_ref();
    let counted = spec.iter().flat_map(|spec| {
        spec.containers.iter().chain(spec.init_containers.iter().flatten().filter(|it| is_sidecar(it)))
    });
    let unready: Vec<&str> = counted
        .into_iter()
        .filter(|container| !states.get(&container.name).is_some_and(|state| state.ready))
        .map(|container| container.name.as_str())
        .collect();
    let ready = unready.is_empty();
    let message = if ready { String::new() } else { format!("containers with unready status: {unready:?}") };
    let reason = if ready { "" } else { "ContainersNotReady" };
    let own = [
        ("PodReadyToStartContainers", true, "", ""),
        ("Initialized", is_initialized(pod, states), "", ""),
        ("ContainersReady", ready, reason, message.as_str()),
        ("Ready", ready, reason, message.as_str()),
    ];
    let scheduled = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let scheduled =
        scheduled.filter(|condition| condition.type_ == "PodScheduled").map(|condition| json!(condition));
    let own = own.map(|(kind, status, reason, message)| condition(kind, status, reason, message, before));
    scheduled.chain(own).collect()
}

fn condition(kind: &str, status: bool, reason: &str, message: &str, before: Option<&Value>) -> Value {
    let status = if status { "True" } else { "False" };
    let known = before.and_then(|before| before["conditions"].as_array()).into_iter().flatten();
    let since = known
        .into_iter()
        .find(|it| it["type"] == kind && it["status"] == status)
        .map(|it| it["lastTransitionTime"].clone());
    json!({
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastProbeTime": null,
        "lastTransitionTime": since.unwrap_or_else(|| json!(Timestamp::now())),
    })
}
