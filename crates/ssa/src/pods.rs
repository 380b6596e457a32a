//! Why a workload is not ready: its pods and their warning events.

use std::fmt;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::live::Live;
use crate::nodes::Nodes;
use crate::object_id::{GroupKind, ObjectId};
use crate::observe::encode;
use crate::status::{State, Status};

/// How many events of one object are told.
const EVENTS: usize = 3;
/// How many pods of one workload are told.
pub(crate) const PODS: usize = 3;

/// A pod that is not ready.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its name.
    pub name: String,
    /// Its node, if it has one, and whether that is not ready or gone.
    pub node: String,
    /// How far it is.
    pub status: String,
    /// What its containers wait for or ended with, one line each.
    pub containers: Vec<String>,
    /// Its last warning events, oldest first.
    pub events: Vec<String>,
}

impl fmt::Display for Pod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let node = if self.node.is_empty() { String::new() } else { format!(" on node {}", self.node) };
        write!(f, "{}{node}: {}", self.name, self.status)?;
        self.containers.iter().try_for_each(|container| write!(f, "\n    container {container}"))?;
        self.events.iter().try_for_each(|event| write!(f, "\n    event {event}"))
    }
}

impl Engine {
    /// The pods that a workload selects and that are not ready; none if they cannot be read, as this only helps to explain.
    pub(crate) async fn unready_pods(
        &self,
        id: &ObjectId,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Vec<Pod> {
        let Some(selector) = selector(id, live.value()) else { return Vec::new() };
        let query = format!("&labelSelector={}", encode(&selector));
        let mut unready = Vec::new();
        let (pods, nodes) =
            futures::join!(self.list_core("Pod", &id.namespace, &query, cancel), self.nodes(cancel));
        for live in pods {
            let status = Status::of(live.value());
            if status.state == State::Current || unready.len() == PODS {
                continue;
            }
            let name = live.value()["metadata"]["name"].as_str().unwrap_or_default();
            let pod = ObjectId::new("", "Pod", &id.namespace, name);
            unready.push(Pod {
                name: name.to_owned(),
                node: node_of(live.value(), &nodes),
                status: status.message,
                containers: containers(live.value()),
                events: self.warnings(&pod, &live, cancel).await,
            });
        }
        unready
    }

    /// The last warning events about an object; none if they cannot be read.
    pub(crate) async fn warnings(
        &self,
        id: &ObjectId,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Vec<String> {
        let selector = format!("involvedObject.uid={},type=Warning", live.uid());
        let namespace = if id.namespace.is_empty() { "default" } else { &id.namespace };
        let query = format!("&fieldSelector={}", encode(&selector));
        let mut events = self.list_core("Event", namespace, &query, cancel).await;
        events.sort_by(|left, right| time(left.value()).cmp(time(right.value())));
        let first = events.len().saturating_sub(EVENTS);
        events[first..].iter().map(|event| shown(event.value())).collect()
    }

    pub(crate) async fn list_core(
        &self,
        kind: &str,
        namespace: &str,
        query: &str,
        cancel: &CancellationToken,
    ) -> Vec<Live> {
        let kind = GroupKind { group: String::new(), kind: kind.to_owned() };
        let Ok(discovery) = self.discovery(cancel).await else { return Vec::new() };
        let Some(resource) = discovery.resource(&kind, None) else { return Vec::new() };
        self.list(resource, namespace, query, cancel).await.unwrap_or_default()
    }
}

/// The node of a pod, and what is wrong with it as far as that is known.
pub(crate) fn node_of(pod: &Value, nodes: &Nodes) -> String {
    let node = pod["spec"]["nodeName"].as_str().unwrap_or_default();
    match nodes.get(node) {
        Some(false) => format!("{node} (not ready)"),
        None if !node.is_empty() && !nodes.is_empty() => format!("{node} (gone)"),
        _ => node.to_owned(),
    }
}

/// The label selector of a workload, as a query writes it.
pub(crate) fn selector(id: &ObjectId, object: &Value) -> Option<String> {
    let labels = match (id.group.as_str(), id.kind.as_str()) {
        ("apps", _) | ("batch", "Job") => &object["spec"]["selector"]["matchLabels"],
        _ => return None,
    };
    let labels = labels.as_object().filter(|labels| !labels.is_empty())?;
    let labels = labels.iter().map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default()));
    Some(labels.collect::<Vec<_>>().join(","))
}

fn containers(pod: &Value) -> Vec<String> {
    let of = |field: &str| pod["status"][field].as_array().cloned().unwrap_or_default();
    of("initContainerStatuses").iter().chain(&of("containerStatuses")).filter_map(container).collect()
}

/// A container that waits or has ended with an error, with the reason.
fn container(status: &Value) -> Option<String> {
    let name = status["name"].as_str().unwrap_or_default();
    let state = |state: &Value, word: &str| {
        let reason = state["reason"].as_str()?;
        let message = state["message"].as_str().map(|message| format!(": {message}")).unwrap_or_default();
        Some(format!("{name} {word} ({reason}){message}"))
    };
    let (waiting, ended) = (&status["state"]["waiting"], &status["state"]["terminated"]);
    let last = &status["lastState"]["terminated"];
    state(waiting, "waits")
        .map(|text| match state(last, "ended before") {
            Some(before) => format!("{text}; {before}"),
            None => text,
        })
        .or_else(|| state(ended, "ended").filter(|_| ended["exitCode"] != 0))
}

fn time(event: &Value) -> &str {
    let text = |value: &'_ Value| value.as_str().is_some();
    [&event["lastTimestamp"], &event["eventTime"], &event["metadata"]["creationTimestamp"]]
        .into_iter()
        .find(|value| text(value))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn shown(event: &Value) -> String {
    let text = |name: &str| event[name].as_str().unwrap_or_default();
    format!("{}: {}", text("reason"), text("message"))
}
