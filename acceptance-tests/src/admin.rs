//! A cluster as its administrator sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use http::{Method, Request};
use kube::Client;
use lab::Lab;
use lab::parts::{self, Part};
use serde_json::{Value, json};

use crate::official;

/// Where objects are that a mesh is made of, whoever has made them.
const COLLECTIONS: [&str; 18] = [
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
    "/api/v1/namespaces",
    "/api/v1/serviceaccounts",
    "/api/v1/secrets",
    "/api/v1/configmaps",
    "/api/v1/services",
    "/apis/apps/v1/deployments",
    "/apis/apps/v1/daemonsets",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/rbac.authorization.k8s.io/v1/roles",
    "/apis/rbac.authorization.k8s.io/v1/rolebindings",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    // Not there without Istio's definitions.
    "/apis/networking.istio.io/v1/gateways",
    "/apis/networking.istio.io/v1alpha3/envoyfilters",
];
/// The namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];
/// How every label of the provider begins.
const LABELS: &str = "terraform-provider-istio/";

/// Objects by `Kind namespace/name`.
pub type Objects = BTreeMap<String, Value>;

/// Who may do everything in one cluster.
pub struct Admin<'a> {
    lab: &'a Lab,
    cluster: &'a str,
    client: Client,
}

impl<'a> Admin<'a> {
    /// The administrator of a cluster.
    pub fn of(lab: &'a Lab, cluster: &'a str) -> Self {
        let client = lab.runtime().block_on(async { lab.cluster(cluster).client() });
        Self { lab, cluster, client: client.unwrap_or_else(|error| panic!("{}", lab::chain(&error))) }
    }

    /// The cluster's name.
    pub fn cluster(&self) -> &'a str {
        self.cluster
    }

    /// What identifies the cluster.
    pub fn uid(&self) -> String {
        let namespace = self.get("/api/v1/namespaces/kube-system").expect("every cluster has it");
        namespace["metadata"]["uid"].as_str().expect("every object has one").to_owned()
    }

    /// What is at a path; `None` if nothing is.
    #[track_caller]
    pub fn get(&self, path: &str) -> Option<Value> {
        self.request(&Method::GET, path, "application/json", &Value::Null)
    }

    /// Makes an object in a collection.
    #[track_caller]
    pub fn create(&self, collection: &str, object: &Value) -> Value {
        let created = self.request(&Method::POST, collection, "application/json", object);
        created.unwrap_or_else(|| panic!("{}: there is no {collection}", self.cluster))
    }

    /// Makes an object, or the objects of a list one after the other, or changes them to this. `kubectl apply` would first have the
    /// server compose the description of all that it serves, which costs more than everything else that a test does there.
    #[track_caller]
    pub fn apply(&self, object: &Value) {
        if let Some(items) = object["items"].as_array() {
            return items.iter().for_each(|item| self.apply(item));
        }
        let path = format!("{}?fieldManager=test&force=true", path(object));
        let applied = self.request(&Method::PATCH, &path, "application/apply-patch+yaml", object);
        assert!(applied.is_some(), "{}: there is no {path}", self.cluster);
    }

    /// Changes what is at a path, as `manager`.
    #[track_caller]
    pub fn merge(&self, path: &str, manager: &str, change: &Value) -> Value {
        let path = format!("{path}?fieldManager={manager}");
        let merged = self.request(&Method::PATCH, &path, "application/merge-patch+json", change);
        merged.unwrap_or_else(|| panic!("{}: there is no {path}", self.cluster))
    }

    /// Deletes what is at a path, if anything is.
    #[track_caller]
    pub fn delete(&self, path: &str) {
        self.request(&Method::DELETE, path, "application/json", &Value::Null);
    }

    /// What an API server answers, unless that is that there is no such thing.
    #[track_caller]
    fn request(&self, method: &Method, path: &str, content: &str, body: &Value) -> Option<Value> {
        let answer = self.try_request(method, path, content, body);
        answer.unwrap_or_else(|error| panic!("{}: {method} {path}: {error}", self.cluster))
    }

    /// The same; refusals are for the caller.
    pub(crate) fn try_request(
        &self,
        method: &Method,
        path: &str,
        content: &str,
        body: &Value,
    ) -> Result<Option<Value>, kube::Error> {
        let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let request = Request::builder().method(method).uri(path).header("content-type", content).body(bytes);
        let request = request.expect("a request");
        match self.lab.runtime().block_on(self.client.request(request)) {
            Ok(answer) => Ok(Some(answer)),
            Err(kube::Error::Api(status)) if status.code == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Runs `kubectl`; panics if it fails.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, "")
    }

    /// Runs `kubectl` with this input; panics if it fails.
    #[track_caller]
    pub fn kubectl_with(&self, arguments: &[&str], input: &str) -> String {
        let mut kubectl = Command::new(parts::find(Part::Kubectl).expect("kubectl"));
        kubectl.arg("--kubeconfig").arg(self.lab.kubeconfig()).args(["--context", self.cluster]);
        official::output(kubectl.args(arguments), input)
    }

    /// Every object of the kinds that a mesh has, whoever has made it.
    pub fn everything(&self) -> Objects {
        let lists = COLLECTIONS.iter().filter_map(|path| self.get(path));
        let objects = lists.flat_map(|mut list| {
            let kind = list["kind"].as_str().unwrap_or_default().trim_end_matches("List").to_owned();
            let Value::Array(items) = list["items"].take() else {
                panic!("{} lists no {kind}", self.cluster)
            };
            items.into_iter().map(move |item| (name(&kind, &item), item))
        });
        objects.collect()
    }

    /// Every object that bears a label of the provider.
    pub fn owned(&self) -> Objects {
        let mut objects = self.everything();
        objects.retain(|_, object| is_owned(object));
        objects
    }

    /// The same without what servers write at any time: what must be equal where nobody has changed anything.
    pub fn settled(&self) -> Objects {
        let objects = self.owned().into_iter();
        objects.map(|(name, object)| (name, without_what_servers_write(object))).collect()
    }

    /// What a mesh, or a test, has left in a cluster that had none; nothing if it is as clean as a new one.
    pub fn remains(&self) -> BTreeSet<String> {
        self.everything().into_iter().filter(is_left).map(|(name, _)| name).collect()
    }
}

/// Where an object is whose kind has a regular plural.
fn path(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (version, kind) = (text(&object["apiVersion"]), text(&object["kind"]).to_lowercase());
    let root = if version.contains('/') { "apis" } else { "api" };
    let metadata = &object["metadata"];
    let within = metadata["namespace"].as_str().map(|it| format!("namespaces/{it}/")).unwrap_or_default();
    format!("/{root}/{version}/{within}{kind}s/{}", text(&metadata["name"]))
}

/// `Kind namespace/name`, or `Kind name`.
fn name(kind: &str, object: &Value) -> String {
    let metadata = &object["metadata"];
    let name = metadata["name"].as_str().unwrap_or_default();
    match metadata["namespace"].as_str() {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

/// Whether an object bears a label of the provider.
pub fn is_owned(object: &Value) -> bool {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    labels.into_iter().any(|(label, _)| label.starts_with(LABELS))
}

fn is_left((name, object): &(String, Value)) -> bool {
    let is_new = |namespace: &str| !NAMESPACES.contains(&namespace);
    let namespace = object["metadata"]["namespace"].as_str();
    is_owned(object)
        || name.contains("istio")
        || name.strip_prefix("Namespace ").is_some_and(is_new)
        || namespace.is_some_and(is_new)
}

fn without_what_servers_write(mut object: Value) -> Value {
    object["status"] = Value::Null;
    for field in ["resourceVersion", "generation", "managedFields"] {
        object["metadata"][field] = json!(null);
    }
    // istiod writes both when it is ready to answer, which may be after the end of an apply.
    for webhook in object["webhooks"].as_array_mut().into_iter().flatten() {
        webhook["failurePolicy"] = Value::Null;
        webhook["clientConfig"]["caBundle"] = Value::Null;
    }
    object
}
