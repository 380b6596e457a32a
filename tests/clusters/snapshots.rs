//! What is asked of a cluster that several questions are about. The server is made for it and writes down the paths.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use istio_provider::clusters::{Cluster, ConnectionConfig};
use istio_provider::mesh::GatewayRole;
use istio_provider::observe::{self, GatewayPods, ObjectName, Objects, Scope, Snapshot};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::east;

const MESH: &str = "istio-system";
const SERVICES: &str = "/api/v1/namespaces/istio-system/services/istio-eastwestgateway";
const NAMESPACE: &str = "/api/v1/namespaces/istio-system";
const PODS: &str = "/api/v1/namespaces/istio-system/pods";

/// Serves these documents; everything else is not there, and lists of namespaces are not permitted unless there is one.
#[derive(Clone)]
struct Server {
    documents: Arc<BTreeMap<String, Value>>,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn with(documents: &[(&str, Value)]) -> (Self, Cluster) {
        let documents = documents.iter().map(|(path, document)| ((*path).to_owned(), document.clone()));
        let server = Self { documents: Arc::new(documents.collect()), seen: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("http://{}", listener.local_addr().unwrap());
        let answering = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let server = answering.clone();
                tokio::spawn(async move { server.answer(stream).await });
            }
        });
        let config =
            ConnectionConfig { host: Some(host), token: Some("t".into()), ..ConnectionConfig::default() };
        (server, east(config).await)
    }

    async fn answer(&self, mut stream: TcpStream) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let path = head.split(' ').nth(1).unwrap().split('?').next().unwrap().to_owned();
        self.seen.lock().unwrap().push(path.clone());
        let status = |code: u16, name: &str| json!({"kind": "Status", "status": "Failure", "code": code, "message": "no", "details": {"name": name}});
        let (code, body) = match self.documents.get(&path) {
            Some(document) => (200, document.clone()),
            None if path == "/api/v1/namespaces" => (403, status(403, "")),
            None => (404, status(404, &path)),
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {code} X\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The paths that were asked for since the last call, sorted.
    fn seen(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.sort();
        seen
    }
}

fn named(name: &str) -> Value {
    json!({"metadata": {"name": name, "uid": format!("uid-of-{name}")}})
}

fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": "v1.36.3", "gitCommit": "", "gitTreeState": "",
           "buildDate": "", "goVersion": "", "compiler": "", "platform": ""})
}

#[tokio::test]
async fn the_identity_of_a_cluster_brings_the_namespaces_that_are_asked_for() {
    let list = json!({"items": [named("kube-system"), named(MESH)]});
    let (server, cluster) = Server::with(&[("/api/v1/namespaces", list), ("/version", version())]).await;
    let (facts, namespaces) = observe::known_facts_with_namespaces(&cluster, [MESH, "other"]).await.unwrap();
    assert_eq!((facts.uid.as_str(), facts.kubernetes_version.as_str()), ("uid-of-kube-system", "v1.36.3"));
    let mesh = namespaces[MESH].as_ref().unwrap();
    assert_eq!((mesh["kind"].as_str(), mesh["apiVersion"].as_str()), (Some("Namespace"), Some("v1")));
    assert_eq!(namespaces["other"], None);
    assert_eq!(server.seen(), ["/api/v1/namespaces", "/version"]);
    let (again, namespaces) = observe::known_facts_with_namespaces(&cluster, [MESH]).await.unwrap();
    assert_eq!(again, facts);
    assert!(namespaces.is_empty(), "they are read where they are needed");
    assert_eq!(server.seen(), [""; 0]);
}

#[tokio::test]
async fn who_may_not_list_namespaces_reads_the_one_that_is_the_identity() {
    let kube_system = ("/api/v1/namespaces/kube-system", named("kube-system"));
    let (server, cluster) = Server::with(&[kube_system, ("/version", version())]).await;
    let (facts, namespaces) = observe::known_facts_with_namespaces(&cluster, [MESH]).await.unwrap();
    assert_eq!(facts.uid, "uid-of-kube-system");
    assert!(namespaces.is_empty());
    assert!(server.seen().contains(&"/api/v1/namespaces/kube-system".to_owned()));
}

fn service() -> Value {
    json!({"metadata": {"name": "istio-eastwestgateway", "labels": {"topology.istio.io/network": "net"}}, "spec": {}})
}

fn pods() -> Value {
    let pod = |role: &str, ready: &str| {
        let conditions = json!([{"type": "Ready", "status": ready}]);
        json!({"metadata": {"name": role, "labels": {"istio": role}}, "status": {"conditions": conditions}})
    };
    json!({"metadata": {}, "items": [pod("eastwestgateway", "False"), pod("pilot", "True")]})
}

async fn gateway(snapshot: &Snapshot) -> observe::Gateway {
    observe::gateway(snapshot, GatewayRole::EastWest, MESH, MESH).await.unwrap().unwrap()
}

#[tokio::test]
async fn pods_are_read_once_whoever_asks_and_again_when_they_may_have_changed() {
    let documents = [(SERVICES, service()), (NAMESPACE, named(MESH)), (PODS, pods())];
    let (server, cluster) = Server::with(&documents).await;
    let snapshot = Snapshot::of(&cluster);
    assert_eq!(gateway(&snapshot).await.pods, GatewayPods::NotReady);
    assert_eq!(server.seen(), [NAMESPACE, PODS, SERVICES]);
    gateway(&snapshot).await;
    assert!(!server.seen().contains(&PODS.to_owned()));
    gateway(&snapshot.again()).await;
    assert!(server.seen().contains(&PODS.to_owned()));
}

fn name(group: &str, kind: &str, namespace: &str, name: &str) -> ObjectName {
    let [group, kind, namespace, name] = [group, kind, namespace, name].map(str::to_owned);
    ObjectName { group, kind, namespace, name }
}

fn deployment(ready: i32) -> Value {
    let status =
        json!({"observedGeneration": 1, "replicas": 1, "readyReplicas": ready, "updatedReplicas": 1});
    let spec = json!({"replicas": 1, "selector": {}, "template": {}});
    json!({"metadata": {"generation": 1}, "spec": spec, "status": status})
}

fn objects(ready: i32) -> Arc<Objects> {
    let mut objects = Objects::default();
    objects.insert(name("", "Service", MESH, "istio-eastwestgateway"), Some(service()));
    objects.insert(name("", "Namespace", "", MESH), Some(named(MESH)));
    objects.insert(name("apps", "Deployment", MESH, "istio-eastwestgateway"), Some(deployment(ready)));
    Arc::new(objects)
}

#[tokio::test]
async fn what_somebody_else_has_read_is_not_asked_for_and_the_pods_only_if_their_deployment_lacks_some() {
    let (server, cluster) = Server::with(&[(PODS, pods())]).await;
    for (ready, state, asked) in [(1, GatewayPods::Ready, &[][..]), (0, GatewayPods::NotReady, &[PODS])] {
        let (promise, snapshot) = Snapshot::promised(&cluster);
        promise.send(objects(ready)).unwrap();
        assert_eq!(gateway(&snapshot).await.pods, state);
        assert_eq!(server.seen(), asked);
    }
}

#[tokio::test]
async fn a_promise_that_is_not_kept_costs_requests_and_nothing_else() {
    let documents = [(SERVICES, service()), (NAMESPACE, named(MESH)), (PODS, pods())];
    let (server, cluster) = Server::with(&documents).await;
    let (promise, snapshot) = Snapshot::promised(&cluster);
    drop(promise);
    assert_eq!(gateway(&snapshot).await.network.as_deref(), Some("net"));
    assert_eq!(server.seen(), [NAMESPACE, PODS, SERVICES]);
}

#[tokio::test]
async fn the_only_istiod_is_known_by_its_election() {
    let (server, cluster) = Server::with(&[(PODS, pods())]).await;
    let holder = json!({"holderIdentity": "istiod-5d4f8-x"}).to_string();
    let election = json!({"metadata": {"annotations": {"control-plane.alpha.kubernetes.io/leader": holder}}});
    for (ready, asked) in [(1, &[][..]), (0, &[PODS])] {
        let mut objects = Objects::default();
        let scope = observe::control_plane_scope(Scope::default(), MESH, MESH);
        scope.objects.into_iter().for_each(|name| objects.insert(name, None));
        objects.insert(name("apps", "Deployment", MESH, "istiod"), Some(deployment(ready)));
        objects.insert(name("", "ConfigMap", MESH, "istio-leader"), Some(election.clone()));
        let (promise, snapshot) = Snapshot::promised(&cluster);
        promise.send(Arc::new(objects)).unwrap();
        let control_plane = observe::control_plane(&snapshot, MESH, MESH, false).await.unwrap();
        assert_eq!(control_plane.is_running(), ready == 1);
        assert_eq!(server.seen(), asked);
    }
}
