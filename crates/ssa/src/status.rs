//! Whether an object has become what its spec says: the rules of `kstatus` (sigs.k8s.io/cli-utils/pkg/kstatus), as functions of
//! the live object alone.

use serde_json::Value;

use crate::object_id::GroupKind;

/// Kinds of Kubernetes' own that have no status: their objects are all that they can be once they are written.
const WITHOUT_STATUS: [(&str, &str); 18] = [
    ("", "ConfigMap"),
    ("", "Endpoints"),
    ("", "LimitRange"),
    ("", "Secret"),
    ("", "ServiceAccount"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicy"),
    ("admissionregistration.k8s.io", "MutatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
    ("admissionregistration.k8s.io", "ValidatingAdmissionPolicyBinding"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("coordination.k8s.io", "Lease"),
    ("discovery.k8s.io", "EndpointSlice"),
    ("networking.k8s.io", "NetworkPolicy"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
    ("scheduling.k8s.io", "PriorityClass"),
];

/// How far an object is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// In one word.
    pub state: State,
    /// Why, for people.
    pub message: String,
}

/// How far an object is, in kstatus' words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is as its spec says.
    Current,
    /// It is on the way.
    InProgress,
    /// It says itself that it will not get there.
    Failed,
    /// It is being deleted.
    Terminating,
    /// It does not exist.
    NotFound,
}

impl Status {
    pub(crate) fn current() -> Self {
        Self { state: State::Current, message: String::new() }
    }

    fn in_progress(message: impl Into<String>) -> Self {
        Self { state: State::InProgress, message: message.into() }
    }

    fn failed(message: impl Into<String>) -> Self {
        Self { state: State::Failed, message: message.into() }
    }

    /// The status of an object that is not there.
    pub fn not_found() -> Self {
        Self { state: State::NotFound, message: "it does not exist".to_owned() }
    }

    /// Whether objects of a kind have a status that can be waited for. Those of all others are ready once they are written.
    pub fn is_of_kind(kind: &GroupKind) -> bool {
        !WITHOUT_STATUS.contains(&(kind.group.as_str(), kind.kind.as_str()))
    }

    /// Ready once the object has a condition of this type with status `True`, about its latest generation if the condition says which.
    pub fn of_condition(object: &Value, condition: &str) -> Self {
        let is_old = find(object, condition).is_some_and(|condition| {
            number(&condition["observedGeneration"]) < number(&object["metadata"]["generation"])
                && condition.get("observedGeneration").is_some()
        });
        if is(object, condition, "True") && !is_old {
            Self::current()
        } else if is_old {
            Self::in_progress(UNSEEN_CHANGE)
        } else {
            Self::in_progress(reason(object, condition))
        }
    }

    /// The status of a live object.
    pub fn of(object: &Value) -> Self {
        if object["metadata"].get("deletionTimestamp").is_some() {
            return Self { state: State::Terminating, message: "it is being deleted".to_owned() };
        }
        if let Some(observed) = number(&object["status"]["observedGeneration"])
            && Some(observed) < number(&object["metadata"]["generation"])
        {
            return Self::in_progress(UNSEEN_CHANGE);
        }
        if is(object, "Stalled", "True") {
            return Self::failed(reason(object, "Stalled"));
        }
        if is(object, "Reconciling", "True") {
            return Self::in_progress(reason(object, "Reconciling"));
        }
        let group = object["apiVersion"]
            .as_str()
            .and_then(|version| version.split_once('/'))
            .map_or("", |(group, _)| group);
        of_kind(group, object["kind"].as_str().unwrap_or_default(), object)
    }
}

fn of_kind(group: &str, kind: &str, object: &Value) -> Status {
    match (group, kind) {
        ("apps", "Deployment") => deployment(object),
        ("apps", "ReplicaSet") | ("", "ReplicationController") => replica_set(object),
        ("apps", "DaemonSet") => daemon_set(object),
        ("apps", "StatefulSet") => stateful_set(object),
        ("batch", "Job") => job(object),
        ("", "Pod") => pod(object),
        ("", "Service") => service(object),
        ("", "PersistentVolumeClaim") => phase(object, "Bound"),
        ("", "PersistentVolume") => volume(object),
        ("", "Namespace") => phase(object, "Active"),
        ("apiextensions.k8s.io", "CustomResourceDefinition") => definition(object),
        ("apiregistration.k8s.io", "APIService") => Status::of_condition(object, "Available"),
        ("gateway.networking.k8s.io", "Gateway") => Status::of_condition(object, "Programmed"),
        ("storage.k8s.io", "VolumeAttachment") => attachment(object),
        ("certificates.k8s.io", "CertificateSigningRequest") if is(object, "Failed", "True") => {
            Status::failed(reason(object, "Failed"))
        }
        ("flowcontrol.apiserver.k8s.io", "FlowSchema") if is(object, "Dangling", "True") => {
            Status::in_progress(reason(object, "Dangling"))
        }
        ("policy", "PodDisruptionBudget") | ("batch", "CronJob") => Status::current(),
        _ => custom(object),
    }
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64()
}

fn count(object: &Value, field: &str) -> i64 {
    number(&object["status"][field]).unwrap_or(0)
}

fn find<'a>(object: &'a Value, kind: &str) -> Option<&'a Value> {
    object["status"]["conditions"].as_array()?.iter().find(|condition| condition["type"] == kind)
}

fn is(object: &Value, kind: &str, status: &str) -> bool {
    find(object, kind).is_some_and(|condition| condition["status"] == status)
}

/// What a condition says, or that it is not there.
fn reason(object: &Value, kind: &str) -> String {
    match find(object, kind) {
        Some(condition) => shown(condition),
        None => format!("it has no condition {kind} yet"),
    }
}

/// A condition in one line.
pub(crate) fn shown(condition: &Value) -> String {
    let text = |name: &str| condition[name].as_str().unwrap_or_default();
    let head = format!("{}={}", text("type"), text("status"));
    match (text("reason"), text("message")) {
        ("", "") => head,
        (reason, "") => format!("{head} ({reason})"),
        ("", message) => format!("{head}: {message}"),
        (reason, message) => format!("{head} ({reason}): {message}"),
    }
}

fn phase(object: &Value, wanted: &str) -> Status {
    match object["status"]["phase"].as_str() {
        Some(phase) if phase == wanted => Status::current(),
        Some(phase) => Status::in_progress(format!("its phase is {phase}")),
        None => Status::in_progress("it has no phase yet"),
    }
}

fn volume(object: &Value) -> Status {
    match object["status"]["phase"].as_str() {
        Some("Available" | "Bound" | "Released") => Status::current(),
        Some("Failed") => {
            Status::failed(object["status"]["message"].as_str().unwrap_or("its phase is Failed"))
        }
        _ => phase(object, "Available"),
    }
}

fn attachment(object: &Value) -> Status {
    let status = &object["status"];
    if status["attached"] == true {
        return Status::current();
    }
    let error = status["attachError"]["message"].as_str();
    Status::in_progress(error.unwrap_or("the volume is not attached yet"))
}

/// Kinds without rules of their own: those that have a `Ready` condition (in Kubernetes' convention) mean it.
fn custom(object: &Value) -> Status {
    match find(object, "Ready") {
        Some(_) => Status::of_condition(object, "Ready"),
        None => Status::current(),
    }
}

fn replicas(object: &Value) -> i64 {
    number(&object["spec"]["replicas"]).unwrap_or(1)
}

fn has_seen(object: &Value) -> bool {
    object["status"].get("observedGeneration").is_some()
}

const UNSEEN_CHANGE: &str = "its controller has not seen the latest change";
const UNSEEN: &str = "its controller has not seen it yet";

fn deployment(object: &Value) -> Status {
    if find(object, "Progressing")
        .is_some_and(|progressing| progressing["reason"] == "ProgressDeadlineExceeded")
    {
        return Status::failed(reason(object, "Progressing"));
    }
    let wanted = replicas(object);
    let (total, updated) = (count(object, "replicas"), count(object, "updatedReplicas"));
    let (available, ready) = (count(object, "availableReplicas"), count(object, "readyReplicas"));
    if !has_seen(object) {
        Status::in_progress(UNSEEN)
    } else if updated < wanted {
        Status::in_progress(format!("{updated} of {wanted} replicas are updated"))
    } else if total > updated {
        Status::in_progress(format!("{} old replicas are still there", total - updated))
    } else if ready < wanted {
        Status::in_progress(format!("{ready} of {wanted} replicas are ready"))
    } else if available < wanted {
        Status::in_progress(format!("{available} of {wanted} replicas are available"))
    } else if is(object, "Available", "False") {
        Status::in_progress(reason(object, "Available"))
    } else {
        Status::current()
    }
}

fn replica_set(object: &Value) -> Status {
    let wanted = replicas(object);
    let (total, ready) = (count(object, "replicas"), count(object, "readyReplicas"));
    let available = count(object, "availableReplicas");
    if is(object, "ReplicaFailure", "True") {
        Status::in_progress(reason(object, "ReplicaFailure"))
    } else if !has_seen(object) {
        Status::in_progress(UNSEEN)
    } else if total != wanted {
        Status::in_progress(format!("there are {total} of {wanted} replicas"))
    } else if ready < wanted || available < wanted {
        Status::in_progress(format!("{} of {wanted} replicas are available", ready.min(available)))
    } else {
        Status::current()
    }
}

/// As Helm 4 counts (`pkg/kube/ready.go`): all pods are updated, and so many may be unavailable as an update lets be (`maxUnavailable`);
/// but not all of them.
fn daemon_set(object: &Value) -> Status {
    daemon_set_without(object, 0)
}

/// The same of a daemon set on so many nodes fewer: those that cannot run anything.
pub(crate) fn daemon_set_without(object: &Value, nodes: i64) -> Status {
    let all = count(object, "desiredNumberScheduled");
    let wanted = all - nodes;
    let (updated, available) = (count(object, "updatedNumberScheduled"), count(object, "numberAvailable"));
    let available = available.min(count(object, "numberReady"));
    let is_on_delete = object["spec"]["updateStrategy"]["type"] == "OnDelete";
    let needed = (all - unavailable_at_most(object, all).max(nodes)).max(wanted.min(1));
    if !has_seen(object) {
        Status::in_progress(UNSEEN)
    } else if updated < wanted && !is_on_delete {
        Status::in_progress(format!("{updated} of {all} pods are updated"))
    } else if available < needed || (all > 0 && wanted <= 0) {
        Status::in_progress(format!("{available} of {all} pods are available"))
    } else {
        Status::current()
    }
}

/// How many pods an update lets be unavailable: a number, or a percentage that is rounded up.
fn unavailable_at_most(object: &Value, all: i64) -> i64 {
    let at_most = &object["spec"]["updateStrategy"]["rollingUpdate"]["maxUnavailable"];
    let percent = || at_most.as_str()?.strip_suffix('%')?.parse::<i64>().ok();
    at_most.as_i64().or_else(|| percent().map(|percent| (all * percent + 99) / 100)).unwrap_or(0).max(0)
}

fn stateful_set(object: &Value) -> Status {
    let wanted = replicas(object);
    let (total, ready, updated) =
        (count(object, "replicas"), count(object, "readyReplicas"), count(object, "updatedReplicas"));
    let strategy = &object["spec"]["updateStrategy"];
    let partition = number(&strategy["rollingUpdate"]["partition"]).unwrap_or(0);
    let to_update = (wanted - partition).max(0);
    if strategy["type"] == "OnDelete" {
        Status::current()
    } else if !has_seen(object) {
        Status::in_progress(UNSEEN)
    } else if total < wanted || ready < wanted {
        Status::in_progress(format!("{ready} of {wanted} replicas are ready"))
    } else if total > wanted {
        Status::in_progress(format!("{} surplus replicas are still there", total - wanted))
    } else if updated < to_update {
        Status::in_progress(format!("{updated} of {to_update} replicas are updated"))
    } else {
        Status::current()
    }
}

/// As in kstatus, a job that runs is as its spec says; whether it succeeds is another question, unless it says that it failed.
fn job(object: &Value) -> Status {
    if is(object, "Failed", "True") {
        Status::failed(reason(object, "Failed"))
    } else if is(object, "Complete", "True")
        || object["spec"]["suspend"] == true
        || object["status"].get("startTime").is_some()
    {
        Status::current()
    } else {
        Status::in_progress("it has not started")
    }
}

fn pod(object: &Value) -> Status {
    match object["status"]["phase"].as_str() {
        Some("Succeeded") => Status::current(),
        Some("Failed") => {
            Status::failed(object["status"]["message"].as_str().unwrap_or("its containers failed"))
        }
        Some("Running") if crash_loop(object).is_some() => {
            Status::failed(crash_loop(object).unwrap_or_default())
        }
        _ => Status::of_condition(object, "Ready"),
    }
}

/// The container that the kubelet has given up restarting at once, with what it says.
fn crash_loop(pod: &Value) -> Option<String> {
    let containers = pod["status"]["containerStatuses"].as_array()?;
    let waiting = |container: &&Value| container["state"]["waiting"]["reason"] == "CrashLoopBackOff";
    let container = containers.iter().find(waiting)?;
    let message = container["state"]["waiting"]["message"].as_str().unwrap_or("CrashLoopBackOff");
    Some(format!("its container {} keeps ending: {message}", container["name"].as_str()?))
}

/// As kstatus, and as Helm (`serviceReady` of `pkg/kube/ready.go`) where the Service has addresses of its own: no load balancer has to
/// come then.
fn service(object: &Value) -> Status {
    let spec = &object["spec"];
    let is_addressed = |list: &Value| list.as_array().is_some_and(|list| !list.is_empty());
    let has_cluster_ip = spec["clusterIP"].as_str().is_some_and(|address| !address.is_empty());
    if spec["type"] == "ExternalName" || spec["type"] != "LoadBalancer" && has_cluster_ip {
        Status::current()
    } else if !has_cluster_ip {
        Status::in_progress("it has no cluster address yet")
    } else if is_addressed(&spec["externalIPs"]) || is_addressed(&object["status"]["loadBalancer"]["ingress"])
    {
        Status::current()
    } else {
        Status::in_progress("its load balancer has no address yet")
    }
}

fn definition(object: &Value) -> Status {
    if is(object, "NamesAccepted", "False")
        && find(object, "NamesAccepted").is_some_and(|names| names["reason"] != "NotAccepted")
    {
        Status::failed(reason(object, "NamesAccepted"))
    } else {
        Status::of_condition(object, "Established")
    }
}

#[cfg(test)]
mod tests;
