//! What istiod has written by itself goes with the mesh that it belongs to, and nothing else does.

#![cfg(test)]

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use istio_provider::clusters::{
    Cluster, ClusterBlock, Clusters, ConnectionConfig, ConnectionSettings, Environment, Limits,
};
use istio_provider::mesh::KeyType;
use istio_provider::rollout::{Engines, OWNER_LABEL, Owner, Removal, Session, holder, uninstall};
use istio_provider::trust::{Root, RootRequest};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams};
use kube::core::GroupVersionKind;
use kube::discovery;
use lab::api_server::{ApiServer, identity};
use serde_json::{Value, json};
use ssa::ObjectPattern;
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

const MESH: &str = "istio-system";
const OTHER: &str = "istio-other";
const APPS: &str = "apps";

/// A cluster of its own, with the mesh's namespace, another Istio's, and one of neither.
struct Scene {
    _server: ApiServer,
    cluster: Cluster,
    owner: Owner,
    ours: String,
    theirs: String,
}

fn root() -> String {
    let (now, lifetime) = (OffsetDateTime::now_utc(), time::Duration::days(10));
    let (organization, common_name, key_type) = ("Shop", "Root", KeyType::EcdsaP256);
    let root = Root::generate(&RootRequest { organization, common_name, key_type, now, lifetime });
    root.unwrap().certificate().pem()
}

fn named(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    let metadata = json!({"namespace": namespace, "name": name});
    json!({"apiVersion": api_version, "kind": kind, "metadata": metadata})
}

impl Scene {
    async fn new() -> Self {
        let server = ApiServer::start().unwrap();
        let connection = ConnectionConfig {
            host: Some(server.host().to_owned()),
            cluster_ca_certificate: Some(server.ca_pem().to_owned()),
            token: Some(server.token(identity::ADMIN).unwrap().into()),
            ..ConnectionConfig::default()
        };
        let block = ClusterBlock {
            connection: ConnectionSettings::Known(Box::new(connection)),
            ..ClusterBlock::default()
        };
        let blocks = BTreeMap::from([("east".to_owned(), block)]);
        let limits = Limits {
            connect: Duration::from_secs(5),
            response: Duration::from_secs(20),
            exec: Duration::from_secs(20),
            concurrency: 16,
        };
        let clusters = Clusters::new(blocks, Environment::default(), limits);
        let cluster = clusters.get("east").await.unwrap();
        let owner = Owner::mesh("0123456789abcdef0123456789abcdef");
        let scene = Self { _server: server, cluster, owner, ours: root(), theirs: root() };
        for namespace in [MESH, OTHER, APPS] {
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            scene.apply(object).await;
        }
        scene
    }

    async fn apply(&self, object: Value) {
        let (group, version) = object["apiVersion"].as_str().unwrap().split_once('/').unwrap_or(("", "v1"));
        let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
        let (resource, _) = discovery::pinned_kind(&self.cluster.client(), &kind).await.unwrap();
        let api: Api<DynamicObject> = match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.cluster.client(), namespace, &resource),
            None => Api::all_with(self.cluster.client(), &resource),
        };
        let name = object["metadata"]["name"].as_str().unwrap().to_owned();
        api.patch(&name, &PatchParams::apply("istiod"), &Patch::Apply(object)).await.unwrap();
    }

    /// A `ConfigMap` with a root, as istiod writes it.
    async fn copy(&self, namespace: &str, root: &str) {
        let mut copy = named("v1", "ConfigMap", namespace, "istio-ca-root-cert");
        copy["metadata"]["labels"] = json!({"istio.io/config": "true"});
        copy["data"] = json!({"root-cert.pem": root});
        self.apply(copy).await;
    }

    /// What istiod of the mesh has made, after its account, which bears `owner`.
    async fn written_by_istiod(&self, owner: Option<&Owner>) {
        let mut account = named("v1", "ServiceAccount", MESH, "istiod");
        if let Some(owner) = owner {
            account["metadata"]["labels"] = json!({OWNER_LABEL: owner.label()});
        }
        self.apply(account).await;
        self.copy(MESH, &self.ours).await;
        self.copy(APPS, &self.ours).await;
        let mut revoked = named("v1", "ConfigMap", APPS, "istio-ca-crl");
        revoked["metadata"]["labels"] = json!({"istio.io/config": "true"});
        self.apply(revoked).await;
        self.apply(named("v1", "ConfigMap", MESH, "istio-leader")).await;
        let lease = "istio-gateway-status-leader-default";
        self.apply(named("coordination.k8s.io/v1", "Lease", MESH, lease)).await;
        let mut own = named("v1", "Secret", MESH, "istio-ca-secret");
        own["stringData"] = json!({"ca-cert.pem": self.ours, "ca-key.pem": "a key"});
        self.apply(own).await;
    }

    /// An istiod, with a root that it made for itself.
    async fn installed(&self, namespace: &str, name: &str, root: &str) {
        let mut istiod = named("apps/v1", "Deployment", namespace, name);
        let labels = json!({"app": "istiod"});
        istiod["metadata"]["labels"] = labels.clone();
        let pod =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "d", "image": "d"}]}});
        istiod["spec"] = json!({"replicas": 0, "selector": {"matchLabels": labels}, "template": pod});
        self.apply(istiod).await;
        if namespace != MESH {
            let mut own = named("v1", "Secret", namespace, "istio-ca-secret");
            own["stringData"] = json!({"ca-cert.pem": root, "ca-key.pem": "a key"});
            self.apply(own).await;
        }
    }

    /// Takes the mesh away but for its own objects, which a cluster without controllers does not let go.
    async fn uninstall(&self) {
        let uid = self.cluster.uid().await.unwrap();
        let target = Engines::default().target(&self.cluster, &uid, &self.owner, MESH);
        let account = ssa::ObjectId::new("", "ServiceAccount", MESH, "istiod");
        let keep = vec![ObjectPattern::any()];
        let removal = Removal {
            target,
            known: BTreeMap::from([(account, 0)]),
            first: Vec::new(),
            keep: keep.clone(),
            keep_unfinished: keep,
            release: "1.31.0".to_owned(),
        };
        let cancel = CancellationToken::new();
        let deadline = Instant::now() + Duration::from_mins(1);
        let session = Session { holder: holder(), after: None, deadline, cancel: &cancel };
        for outcome in uninstall(vec![removal], &session).await {
            assert!(outcome.error.is_none(), "{:?}", outcome.error);
        }
    }

    /// Everything that istiod could have written: `<namespace>/<name>`.
    async fn left(&self) -> Vec<String> {
        let all = ListParams::default();
        let client = self.cluster.client();
        let config_maps = Api::<ConfigMap>::all(client.clone()).list(&all).await.unwrap();
        let secrets = Api::<Secret>::all(client.clone()).list(&all).await.unwrap();
        let leases = Api::<k8s_openapi::api::coordination::v1::Lease>::all(client).list(&all).await.unwrap();
        let metadata = config_maps.items.iter().map(|it| &it.metadata);
        let metadata = metadata.chain(secrets.items.iter().map(|it| &it.metadata));
        let metadata = metadata.chain(leases.items.iter().map(|it| &it.metadata));
        let name = |text: &Option<String>| text.clone().unwrap_or_default();
        let named = metadata.map(|it| format!("{}/{}", name(&it.namespace), name(&it.name)));
        let mut left: Vec<String> = named.filter(|name| name.contains("/istio-")).collect();
        left.sort();
        left
    }
}

#[tokio::test]
async fn all_of_it_goes_where_no_other_istio_is() {
    let scene = Scene::new().await;
    scene.written_by_istiod(Some(&scene.owner)).await;
    assert_eq!(scene.left().await.len(), 6);
    scene.uninstall().await;
    assert_eq!(scene.left().await, Vec::<String>::new());
}

#[tokio::test]
async fn what_another_istio_has_written_stays() {
    let scene = Scene::new().await;
    scene.installed(OTHER, "istiod", &scene.theirs).await;
    scene.copy(OTHER, &scene.theirs).await;
    scene.written_by_istiod(Some(&scene.owner)).await;
    scene.uninstall().await;
    let kept = ["apps/istio-ca-crl", "istio-other/istio-ca-root-cert", "istio-other/istio-ca-secret"];
    assert_eq!(scene.left().await, kept);
}

#[tokio::test]
async fn copies_of_a_root_that_another_istio_has_too_stay() {
    let scene = Scene::new().await;
    scene.installed(OTHER, "istiod", &scene.ours).await;
    scene.written_by_istiod(Some(&scene.owner)).await;
    scene.uninstall().await;
    let left = scene.left().await;
    for copy in ["apps/istio-ca-root-cert", "istio-system/istio-ca-root-cert"] {
        assert!(left.iter().any(|name| name == copy), "{copy} is missing in {left:?}");
    }
    assert!(!left.iter().any(|name| name == "istio-system/istio-ca-secret"), "{left:?}");
}

#[tokio::test]
async fn an_istiod_of_another_revision_keeps_everything_in_its_namespace() {
    let scene = Scene::new().await;
    scene.written_by_istiod(Some(&scene.owner)).await;
    scene.installed(MESH, "istiod-canary", &scene.ours).await;
    let before = scene.left().await;
    scene.uninstall().await;
    assert_eq!(scene.left().await, before);
}

#[tokio::test]
async fn nothing_goes_where_the_meshs_istiod_never_ran() {
    let scene = Scene::new().await;
    scene.written_by_istiod(None).await;
    let before = scene.left().await;
    scene.uninstall().await;
    assert_eq!(scene.left().await, before);
}

#[tokio::test]
async fn what_is_older_than_the_mesh_stays() {
    let scene = Scene::new().await;
    scene.apply(named("v1", "ConfigMap", MESH, "istio-ip-autoallocate")).await;
    // Times of creation are whole seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    scene.written_by_istiod(Some(&scene.owner)).await;
    scene.uninstall().await;
    assert_eq!(scene.left().await, ["istio-system/istio-ip-autoallocate"]);
}
