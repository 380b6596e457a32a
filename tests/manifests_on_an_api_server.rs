//! Manifests that a real API server has stored read back as they were written, and only real changes are seen; and what is refused for the
//! type of a value, it rejects as well.

#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use helm_template::Chart;
use istio_provider::manifests::{Fields, FingerprintKey, Schemas, flatten, mistyped, read_back};
use istio_provider::mesh::{ChartName, ClusterFacts, Mesh};
use istio_provider::render::render;
use kube::api::{Api, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use kube::{Client, discovery};
use lab::api_server::ApiServer;
use serde_json::{Value, json};

const OURS: &str = "terraform-provider-istio";

fn key() -> FingerprintKey {
    FingerprintKey::new([1; 32])
}

/// The objects of a golden topology, in the order in which they are made.
fn objects(topology: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(topology).join("mesh.yaml");
    let document = helm_template::yaml::parse(&fs::read_to_string(path).unwrap()).unwrap();
    let mesh = serde_json::from_value::<Mesh>(document).unwrap().validate().unwrap();
    let charts = lab::parts::charts().unwrap();
    let chart = |name| Chart::from_directory(charts.chart(name)).unwrap();
    let (base, istiod) = (chart("base"), chart("istiod"));
    let charts = [(ChartName::Base, &base), (ChartName::Istiod, &istiod)].into();
    let facts = ClusterFacts { uid: String::new(), kubernetes_version: "v1.36.3".to_owned() };
    let primary = mesh.primaries().values().next().unwrap();
    let set = render(&mesh, primary, &charts, &facts).unwrap();
    // What is filled in during an apply cannot be applied as it is.
    let whole = set.manifests().iter().filter(|manifest| manifest.placeholders.is_empty());
    whole.map(|manifest| Value::clone(&manifest.object)).collect()
}

/// The objects of a file beside the tests.
fn written(file: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/manifests").join(file);
    helm_template::yaml::parse_documents(&fs::read_to_string(path).unwrap()).unwrap()
}

/// A cluster, as a client of Kubernetes sees it.
struct Cluster {
    server: ApiServer,
    client: Client,
}

impl Cluster {
    fn start() -> Self {
        let server = ApiServer::start().unwrap();
        let client = server.client().unwrap();
        Self { server, client }
    }

    async fn api(&self, object: &Value) -> Api<DynamicObject> {
        let (group, version) = object["apiVersion"]
            .as_str()
            .unwrap()
            .split_once('/')
            .unwrap_or(("", object["apiVersion"].as_str().unwrap()));
        let kind = GroupVersionKind::gvk(group, version, object["kind"].as_str().unwrap());
        let (resource, _) = discovery::pinned_kind(&self.client, &kind).await.unwrap();
        match object["metadata"]["namespace"].as_str() {
            Some(namespace) => Api::namespaced_with(self.client.clone(), namespace, &resource),
            None => Api::all_with(self.client.clone(), &resource),
        }
    }

    async fn apply(&self, object: &Value) {
        self.try_to_apply(object).await.unwrap();
    }

    async fn try_to_apply(&self, object: &Value) -> kube::Result<DynamicObject> {
        let params = PatchParams::apply(OURS);
        self.api(object).await.patch(name(object), &params, &Patch::Apply(object)).await
    }

    async fn live(&self, object: &Value) -> Value {
        serde_json::to_value(self.api(object).await.get(name(object)).await.unwrap()).unwrap()
    }

    /// Waits until objects of this CRD can be applied.
    async fn established(&self, definition: &Value) {
        let is_established = |live: &Value| {
            let conditions = live["status"]["conditions"].as_array().into_iter().flatten();
            let mut established = conditions.filter(|condition| condition["type"] == "Established");
            established.any(|condition| condition["status"] == "True")
        };
        for _ in 0..100 {
            if is_established(&self.live(definition).await) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        panic!("{} is not established", name(definition));
    }

    /// Changes the object as another client does.
    async fn update(&self, object: &Value, manager: &str, change: impl FnOnce(&mut Value)) {
        let mut live = self.live(object).await;
        change(&mut live);
        let live: DynamicObject = serde_json::from_value(live).unwrap();
        let params = PostParams { field_manager: Some(manager.to_owned()), ..PostParams::default() };
        self.api(object).await.replace(name(object), &params, &live).await.unwrap();
    }

    /// What refresh would show of the object: `path: written -> live`.
    async fn drift(&self, object: &Value) -> Vec<String> {
        let written = flatten(object, &key());
        changes(&written, &read_back(&self.live(object).await, &written, &key()))
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap()
}

fn find<'a>(objects: &'a [Value], kind: &str, wanted: &str) -> &'a Value {
    objects.iter().find(|object| object["kind"] == kind && name(object) == wanted).unwrap()
}

fn changes(written: &Fields, live: &Fields) -> Vec<String> {
    let paths: BTreeSet<&String> = written.keys().chain(live.keys()).collect();
    let text = |fields: &Fields, path: &String| fields.get(path).cloned().unwrap_or_else(|| "-".to_owned());
    let paths = paths.into_iter().filter(|path| written.get(*path) != live.get(*path));
    paths.map(|path| format!("{path}: {} -> {}", text(written, path), text(live, path))).collect()
}

const NONE: [&str; 0] = [];

#[tokio::test]
async fn every_object_of_a_mesh_reads_back_as_it_was_applied() {
    let cluster = Cluster::start();
    for topology in ["one-primary", "one-primary-in-a-namespace-of-its-own", "one-primary-with-values"] {
        let objects = objects(topology);
        assert!(objects.len() > 30, "{topology}: {} objects", objects.len());
        for object in &objects {
            cluster.apply(object).await;
        }
        for object in &objects {
            assert_eq!(cluster.drift(object).await, NONE, "{topology}: {} {}", object["kind"], name(object));
        }
    }
}

#[tokio::test]
async fn what_istiod_writes_is_no_drift() {
    let cluster = Cluster::start();
    let objects = objects("one-primary");
    let kinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];
    for object in objects.iter().filter(|object| kinds.contains(&object["kind"].as_str().unwrap())) {
        cluster.apply(object).await;
        cluster
            .update(object, "pilot-discovery", |live| {
                for webhook in live["webhooks"].as_array_mut().unwrap() {
                    webhook["clientConfig"]["caBundle"] = json!(CA_BUNDLE);
                    webhook["failurePolicy"] = json!("Fail");
                }
            })
            .await;
        assert_eq!(cluster.live(object).await["webhooks"][0]["clientConfig"]["caBundle"], CA_BUNDLE);
        assert_eq!(cluster.drift(object).await, NONE);
    }
}

/// Base64 of a certificate's frame; the API server does not look inside when the webhook is a service.
const CA_BUNDLE: &str = "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCi0tLS0tRU5EIENFUlRJRklDQVRFLS0tLS0K";

#[tokio::test]
async fn an_edit_by_hand_is_seen_as_exactly_the_edited_fields() {
    let cluster = Cluster::start();
    let objects = objects("one-primary");
    for object in &objects {
        cluster.apply(object).await;
    }
    let deployment = find(&objects, "Deployment", "istiod");
    cluster
        .update(deployment, "kubectl-edit", |live| {
            let container = &mut live["spec"]["template"]["spec"]["containers"][0];
            container["image"] = json!("example/pilot:edited");
            container["args"].as_array_mut().unwrap().push(json!("--added"));
            container["resources"]["requests"]["memory"] = json!("2048Mi");
            live["metadata"]["annotations"] = json!({"note": "not ours"});
        })
        .await;
    assert_eq!(
        cluster.drift(deployment).await,
        [
            "spec.template.spec.containers[name=discovery].args[7]: - -> --added",
            "spec.template.spec.containers[name=discovery].image: docker.io/istio/pilot:1.31.0 -> example/pilot:edited",
        ]
    );
    let configuration = find(&objects, "ConfigMap", "istio");
    cluster
        .update(configuration, "kubectl-edit", |live| {
            let text = live["data"]["mesh"].as_str().unwrap().replace("shop.example", "other.example");
            live["data"]["mesh"] = json!(format!("# edited\n{text}"));
        })
        .await;
    assert_eq!(cluster.drift(configuration).await, ["data.mesh: trustDomain: shop.example -> other.example"]);
    let definition = find(&objects, "CustomResourceDefinition", "gateways.networking.istio.io");
    cluster
        .update(definition, "kubectl-edit", |live| {
            live["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"] = json!("edited");
        })
        .await;
    let drift = cluster.drift(definition).await;
    assert!(drift.len() == 1 && drift[0].starts_with("spec.versions[name=v1].schema: sha256:"), "{drift:?}");
}

#[tokio::test]
async fn what_the_api_server_leaves_out_or_rewrites_is_no_drift() {
    let cluster = Cluster::start();
    for object in written("stored_otherwise.yaml") {
        cluster.apply(&object).await;
        assert_eq!(cluster.drift(&object).await, NONE, "{}", object["kind"]);
    }
}

#[tokio::test]
async fn a_restarted_api_server_says_the_same() {
    let cluster = Cluster::start();
    let objects = objects("one-primary");
    let definition = find(&objects, "CustomResourceDefinition", "virtualservices.networking.istio.io");
    cluster.apply(definition).await;
    cluster.server.stop();
    cluster.server.start_again().unwrap();
    assert_eq!(cluster.drift(definition).await, NONE);
}

#[tokio::test]
async fn the_api_server_too_refuses_an_item_that_is_there_twice() {
    let cluster = Cluster::start();
    let objects = objects("one-primary");
    cluster.apply(find(&objects, "Namespace", "istio-system")).await;
    let mut deployment = find(&objects, "Deployment", "istiod").clone();
    let container = &mut deployment["spec"]["template"]["spec"]["containers"][0];
    container["env"].as_array_mut().unwrap().push(json!({"name": "CLUSTER_ID", "value": "other"}));
    let error = cluster.try_to_apply(&deployment).await.unwrap_err().to_string();
    assert!(error.contains("duplicate entries for key [name=\"CLUSTER_ID\"]"), "{error}");
}

/// How the API server says that a value has the wrong type.
const TYPE_ERRORS: [&str; 5] =
    ["expected", "cannot unmarshal", "cannot convert", "unable to convert", "must be of type"];

#[tokio::test]
async fn the_api_server_too_rejects_values_of_another_type() {
    let cluster = Cluster::start();
    for object in &written("mistyped.yaml") {
        let found = mistyped(object);
        assert_eq!(found.len(), 1, "{found:?} in {object}");
        let error = cluster.try_to_apply(object).await.expect_err(&object.to_string()).to_string();
        assert!(TYPE_ERRORS.iter().any(|word| error.contains(word)), "{error} of {object}");
    }
    for object in &written("several_types.yaml") {
        assert_eq!(mistyped(object), [], "{object}");
        cluster.apply(object).await;
    }
}

#[tokio::test]
async fn the_api_server_too_rejects_custom_resources_with_values_of_another_type() {
    let cluster = Cluster::start();
    let objects = objects("one-primary");
    let schemas = Schemas::of(objects.iter());
    let definitions: Vec<&Value> =
        objects.iter().filter(|object| object["kind"] == "CustomResourceDefinition").collect();
    for definition in &definitions {
        cluster.apply(definition).await;
    }
    for definition in &definitions {
        cluster.established(definition).await;
    }
    for object in &written("mistyped_custom.yaml") {
        let found = schemas.mistyped(object);
        assert_eq!(found.len(), 1, "{found:?} in {object}");
        let error = cluster.try_to_apply(object).await.expect_err(&object.to_string()).to_string();
        assert!(TYPE_ERRORS.iter().any(|word| error.contains(word)), "{error} of {object}");
    }
    for object in &written("several_custom_types.yaml") {
        assert_eq!(schemas.mistyped(object), [], "{object}");
        cluster.apply(object).await;
    }
}

#[test]
fn no_custom_resource_of_a_mesh_has_a_value_of_another_type() {
    for topology in ["one-primary", "one-primary-in-a-namespace-of-its-own", "one-primary-with-values"] {
        let objects = objects(topology);
        let schemas = Schemas::of(objects.iter());
        for object in &objects {
            assert_eq!(schemas.mistyped(object), [], "{object}");
        }
    }
}
