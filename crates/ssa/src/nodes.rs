//! Pods on nodes that cannot run them: nobody can wait for these.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;
use crate::live::Live;
use crate::object_id::ObjectId;
use crate::observe::encode;
use crate::pods::{PODS, node_of, selector};
use crate::status::{State, Status, daemon_set_without};

/// How much longer than its own time to end a pod on a lost node is waited for.
const MARGIN: Duration = Duration::from_secs(10);
/// How long a pod may take to end that does not say so.
const GRACE: i64 = 30;

/// A pod that was not waited for, because its node does not run anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Excused {
    /// What was waited for otherwise.
    pub id: ObjectId,
    /// The pod.
    pub pod: String,
    /// The node.
    pub node: String,
    /// Whether the node still exists, and is not ready.
    pub is_there: bool,
}

impl fmt::Display for Excused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.is_there { "not ready" } else { "gone" };
        write!(f, "pod {} on node {}, which is {state}", self.pod, self.node)
    }
}

/// The nodes of a cluster, and whether each is ready.
pub(crate) type Nodes = BTreeMap<String, bool>;

impl Engine {
    /// The nodes; none if they cannot be read, as then nothing is known of any.
    pub(crate) async fn nodes(&self, cancel: &CancellationToken) -> Nodes {
        let nodes = self.list_core("Node", "", "", cancel).await;
        nodes.iter().map(|node| (name(node), is_ready(node.value()))).collect()
    }

    /// The pods without which a daemon set is ready, if it is ready without those on lost nodes.
    pub(crate) async fn excused(
        &self,
        id: &ObjectId,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Vec<Excused> {
        if (id.group.as_str(), id.kind.as_str()) != ("apps", "DaemonSet") {
            return Vec::new();
        }
        let (nodes, pods) = futures::join!(self.nodes(cancel), self.pods_of(id, live, cancel));
        let is_lacking =
            |pod: &&Live| pod.is_terminating() || Status::of(pod.value()).state != State::Current;
        let lost = on_lost_nodes(id, pods.iter().filter(is_lacking), &nodes);
        let count = lost.iter().map(|excused| &excused.node).collect::<BTreeSet<_>>().len();
        let without = daemon_set_without(live.value(), i64::try_from(count).unwrap_or(i64::MAX));
        if without.state == State::Current { lost } else { Vec::new() }
    }

    /// The pods that alone keep an object from going, if all of them are on lost nodes and have had the time to end.
    pub(crate) async fn left_behind(
        &self,
        id: &ObjectId,
        live: &Live,
        waited: Duration,
        cancel: &CancellationToken,
    ) -> Vec<Excused> {
        if !live.is_terminating() || !has_only_pods_left(id, live.value()) {
            return Vec::new();
        }
        let (nodes, pods) = futures::join!(self.nodes(cancel), self.pods_of(id, live, cancel));
        let has_ended = |pod: &Live| {
            let grace = pod.value()["metadata"]["deletionGracePeriodSeconds"].as_i64().unwrap_or(GRACE);
            let grace = Duration::from_secs(u64::try_from(grace).unwrap_or_default());
            pod.is_terminating() && pod.finalizers().is_empty() && waited >= grace + MARGIN
        };
        let lost = on_lost_nodes(id, pods.iter(), &nodes);
        if lost.len() == pods.len() && pods.iter().all(has_ended) { lost } else { Vec::new() }
    }

    /// The pods that an object waits for which is being deleted, with their nodes.
    pub(crate) async fn waited_for(
        &self,
        id: &ObjectId,
        live: &Live,
        cancel: &CancellationToken,
    ) -> Vec<String> {
        let (nodes, pods) = futures::join!(self.nodes(cancel), self.pods_of(id, live, cancel));
        let shown = pods.iter().take(PODS);
        shown.map(|pod| format!("pod {} on node {}", name(pod), node_of(pod.value(), &nodes))).collect()
    }

    /// The pods that a workload selects, or that are in a namespace.
    async fn pods_of(&self, id: &ObjectId, live: &Live, cancel: &CancellationToken) -> Vec<Live> {
        if id.kind == "Namespace" {
            return self.list_core("Pod", &id.name, "", cancel).await;
        }
        let Some(selector) = selector(id, live.value()) else { return Vec::new() };
        let query = format!("&labelSelector={}", encode(&selector));
        self.list_core("Pod", &id.namespace, &query, cancel).await
    }
}

/// Those of the pods whose node is not ready or gone. Where no node is known, none is lost.
fn on_lost_nodes<'a>(id: &ObjectId, pods: impl Iterator<Item = &'a Live>, nodes: &Nodes) -> Vec<Excused> {
    let lost = pods.filter_map(|pod| {
        let node = pod.value()["spec"]["nodeName"].as_str()?.to_owned();
        let is_there = match nodes.get(&node) {
            Some(true) => return None,
            found => found.is_some(),
        };
        Some(Excused { id: id.clone(), pod: name(pod), node, is_there })
    });
    if nodes.is_empty() { Vec::new() } else { lost.collect() }
}

/// Whether only pods can still hold an object that is being deleted: a workload that goes after its pods, or a namespace.
fn has_only_pods_left(id: &ObjectId, object: &Value) -> bool {
    if id.kind != "Namespace" {
        let finalizers = object["metadata"]["finalizers"].as_array();
        return id.group == "apps"
            && finalizers.is_some_and(|finalizers| {
                finalizers.iter().all(|finalizer| finalizer == "foregroundDeletion")
            });
    }
    let conditions = object["status"]["conditions"].as_array();
    let mut remaining = conditions.into_iter().flatten().filter(|condition| condition["status"] == "True");
    remaining.all(|condition| {
        let message = condition["message"].as_str().unwrap_or_default();
        let remains = message.split_once(": ").map_or("", |(_, remains)| remains);
        condition["type"] == "NamespaceContentRemaining"
            && remains.split(", ").all(|resource| resource.starts_with("pods. has "))
    })
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    conditions
        .into_iter()
        .flatten()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}

fn name(object: &Live) -> String {
    object.value()["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, node: &str) -> Live {
        Live::of(json!({"kind": "Pod", "metadata": {"name": name}, "spec": {"nodeName": node}}))
    }

    #[test]
    fn a_pod_is_lost_with_its_node_and_none_is_where_no_node_can_be_read() {
        let id = ObjectId::new("apps", "DaemonSet", "mesh", "cni");
        let pods = [pod("a", "good"), pod("b", "bad"), pod("c", "gone"), Live::of(json!({"spec": {}}))];
        let nodes = Nodes::from([("good".to_owned(), true), ("bad".to_owned(), false)]);
        let lost = on_lost_nodes(&id, pods.iter(), &nodes);
        let said: Vec<String> = lost.iter().map(ToString::to_string).collect();
        assert_eq!(said, ["pod b on node bad, which is not ready", "pod c on node gone, which is gone"]);
        assert!(on_lost_nodes(&id, pods.iter(), &Nodes::new()).is_empty());
    }

    #[test]
    fn only_a_namespace_with_nothing_but_pods_is_held_by_them() {
        let id = ObjectId::of_namespace("mesh");
        let namespace = |kind: &str, message: &str| {
            json!({"status": {"conditions": [
                {"type": kind, "status": "True", "message": message},
                {"type": "NamespaceDeletionContentFailure", "status": "False", "message": "fine"},
            ]}})
        };
        let remaining = "NamespaceContentRemaining";
        let says = |resources: &str| format!("Some resources are remaining: {resources}");
        assert!(has_only_pods_left(&id, &namespace(remaining, &says("pods. has 2 resource instances"))));
        let more = says("configmaps. has 1 resource instances, pods. has 2 resource instances");
        assert!(!has_only_pods_left(&id, &namespace(remaining, &more)));
        let finalizers = "NamespaceFinalizersRemaining";
        assert!(!has_only_pods_left(&id, &namespace(finalizers, &says("a in 1 resource instances"))));
    }

    #[test]
    fn a_workload_is_held_by_its_pods_if_nothing_else_holds_it() {
        let id = ObjectId::new("apps", "DaemonSet", "mesh", "cni");
        let held =
            |finalizers: Value| has_only_pods_left(&id, &json!({"metadata": {"finalizers": finalizers}}));
        assert!(held(json!(["foregroundDeletion"])));
        assert!(!held(json!(["foregroundDeletion", "example.com/other"])));
        assert!(!held(Value::Null));
    }
}
