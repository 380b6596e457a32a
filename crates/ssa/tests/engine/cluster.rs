//! One API server for all tests of this binary, a namespace for each test.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;
use std::time::Duration;

use lab::api_server::ApiServer;
use serde_json::{Value, json};
use ssa::{
    Adoption, Budgets, Claim, DeleteOptions, Engine, Expect, Inventory, InventoryRef, Manifest, ObjectId,
    Options, Owner, Policy, Stage, digest,
};
use tokio_util::sync::CancellationToken;

pub const MANAGER: &str = "engine-under-test";
/// Of every set: each has a namespace of its own.
pub const IDENTITY: &str = "set";
pub const OWNER_LABEL: &str = "set.example/name";

/// The server, with controllers, so that namespaces go and Deployments get their pods' sets.
pub fn server() -> &'static ApiServer {
    static SERVER: OnceLock<ApiServer> = OnceLock::new();
    SERVER.get_or_init(|| {
        ApiServer::with_controllers().unwrap_or_else(|error| panic!("no API server: {}", lab::chain(&error)))
    })
}

/// One test's part of the cluster.
pub struct Cluster {
    pub client: kube::Client,
    pub namespace: String,
    pub engine: Engine,
    pub cancel: CancellationToken,
}

pub fn options(owner: &str) -> Options {
    let owner = Owner { label: OWNER_LABEL.to_owned(), value: owner.to_owned() };
    let budgets = Budgets {
        request_timeout: Duration::from_mins(1),
        retry_time: Duration::from_mins(1),
        first_pause: Duration::from_millis(20),
        poll_interval: Duration::from_millis(100),
    };
    Options { budgets, ..Options::new(MANAGER, owner) }
}

impl Cluster {
    /// A namespace of its own, and an engine whose owner is named like it.
    pub async fn new(name: &str) -> Self {
        Self::with(name, |_| {}).await
    }

    pub async fn with(name: &str, change: impl FnOnce(&mut Options)) -> Self {
        let client = server().client().unwrap();
        let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        post(&client, "/api/v1/namespaces", &namespace).await;
        let mut options = options(name);
        change(&mut options);
        let engine = Engine::new(client.clone(), options);
        Self { client, namespace: name.to_owned(), engine, cancel: CancellationToken::new() }
    }

    pub fn manifest(&self, value: Value) -> Manifest {
        Manifest::parse(value, &self.namespace).unwrap()
    }

    pub fn config_map(&self, name: &str, data: &Value) -> Manifest {
        let metadata = json!({"name": name});
        self.manifest(json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}))
    }

    pub fn id(&self, kind: &str, name: &str) -> ObjectId {
        ObjectId::new("", kind, &self.namespace, name)
    }

    pub fn at(&self) -> InventoryRef {
        InventoryRef { namespace: self.namespace.clone(), name: "inventory".to_owned() }
    }

    pub async fn claim(&self, manifests: &[Manifest]) -> Inventory {
        let claim = claim_as("test", manifests);
        self.engine.claim(&self.at(), &claim, &stages(manifests), &self.cancel).await.unwrap()
    }

    /// Claims, applies in the default stages, prunes and completes; panics if anything fails.
    pub async fn converge(&self, manifests: &[Manifest]) -> Vec<ssa::Change> {
        self.converge_with(manifests, &Policy::default()).await
    }

    pub async fn converge_with(&self, manifests: &[Manifest], policy: &Policy) -> Vec<ssa::Change> {
        let mut inventory = self.claim(manifests).await;
        let stages = Stage::defaults(manifests.to_vec());
        let applied = self.engine.apply(&stages, &mut inventory, policy, &self.cancel).await;
        if let Some(error) = applied.error {
            panic!("{}", lab::chain(&error));
        }
        let keep: BTreeSet<ObjectId> = manifests.iter().map(|manifest| manifest.id().clone()).collect();
        let pruned = self.engine.prune(&mut inventory, &keep, &delete_options(), &self.cancel).await;
        if let Some(error) = pruned.error {
            panic!("{}", lab::chain(&error));
        }
        self.engine.complete(&mut inventory, &BTreeMap::new(), &self.cancel).await.unwrap();
        applied.changes.changes.into_iter().chain(pruned.changes.changes).collect()
    }

    /// The planned change of each manifest.
    pub async fn diff(&self, manifests: &[Manifest]) -> Vec<ssa::Action> {
        let planned = self.engine.diff(manifests, None, &Policy::default(), &self.cancel).await;
        planned
            .unwrap_or_else(|error| panic!("{}", lab::chain(&error)))
            .changes
            .into_iter()
            .map(|change| change.action)
            .collect()
    }

    /// The live object, as it is.
    pub async fn live(&self, id: &ObjectId) -> Option<Value> {
        let observed = self.engine.observe(&BTreeSet::from([id.clone()]), &self.cancel).await;
        match &observed[id] {
            ssa::Observation::Found(live) => Some(live.value().clone()),
            ssa::Observation::Absent => None,
            ssa::Observation::Unknown(error) => panic!("{}", lab::chain(&**error)),
        }
    }

    /// What another manager does with `kubectl edit`.
    pub async fn merge_patch(&self, path: &str, manager: &str, change: &Value) {
        let request = http::Request::patch(format!("{path}?fieldManager={manager}"))
            .header("content-type", "application/merge-patch+json")
            .body(change.to_string().into_bytes())
            .unwrap();
        self.client.request::<Value>(request).await.unwrap();
    }

    /// What another manager does to items of lists.
    pub async fn strategic_patch(&self, path: &str, manager: &str, change: &Value) {
        let request = http::Request::patch(format!("{path}?fieldManager={manager}"))
            .header("content-type", "application/strategic-merge-patch+json")
            .body(change.to_string().into_bytes())
            .unwrap();
        self.client.request::<Value>(request).await.unwrap();
    }

    /// What another manager does with `kubectl apply --server-side`.
    pub async fn apply_as(&self, path: &str, manager: &str, object: &Value) {
        let request = http::Request::patch(format!("{path}?fieldManager={manager}&force=true"))
            .header("content-type", "application/apply-patch+yaml")
            .body(object.to_string().into_bytes())
            .unwrap();
        self.client.request::<Value>(request).await.unwrap();
    }

    pub fn path(&self, rest: &str) -> String {
        format!("/api/v1/namespaces/{}/{rest}", self.namespace)
    }

    pub fn apps_path(&self, rest: &str) -> String {
        format!("/apis/apps/v1/namespaces/{}/{rest}", self.namespace)
    }
}

pub async fn post(client: &kube::Client, path: &str, object: &Value) -> Value {
    let body = object.to_string().into_bytes();
    let request = http::Request::post(path).header("content-type", "application/json").body(body).unwrap();
    client.request(request).await.unwrap()
}

pub async fn delete(client: &kube::Client, path: &str) {
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    client.request::<Value>(request).await.unwrap();
}

pub fn delete_options() -> DeleteOptions {
    DeleteOptions { timeout: Duration::from_secs(30), ..DeleteOptions::default() }
}

pub fn adopt(adoption: Adoption) -> Policy {
    Policy { adoption, ..Policy::default() }
}

/// The default stages.
pub fn stages(manifests: &[Manifest]) -> Vec<Stage> {
    Stage::defaults(manifests.to_vec())
}

/// A claim of one holder that lasts for the whole test and takes whatever the set has there.
pub fn claim_as(holder: &str, manifests: &[Manifest]) -> Claim {
    Claim {
        identity: IDENTITY.to_owned(),
        holder: holder.to_owned(),
        after: None,
        expiry: Duration::from_mins(5),
        expect: Expect::Any,
        digest: digest(manifests),
        settings: BTreeMap::new(),
        known: BTreeMap::new(),
    }
}
