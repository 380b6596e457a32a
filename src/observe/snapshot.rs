//! One cluster at one moment: what several questions are about is read once.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::{Arc, Mutex, PoisonError};

use futures::channel::oneshot;
use futures::future::{FutureExt as _, Shared};
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::ListParams;
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::sync::OnceCell;

use super::answers::Answers;
use crate::clusters::{Cluster, Error};
use crate::mesh::GatewayRole;

/// The label by which pods of istiod and of gateways are told apart, and its values for istiod, without and with a revision.
const ROLE: &str = "istio";
const ISTIOD: [&str; 2] = ["pilot", "istiod"];

/// One object, by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ObjectName {
    /// Its API group; empty for the core group.
    pub group: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; empty if it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// All objects of a kind in a namespace that bear a label.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Labelled {
    /// Their API group; empty for the core group.
    pub group: String,
    /// Their kind.
    pub kind: String,
    /// Their namespace.
    pub namespace: String,
    /// The label, as `key` or `key=value`.
    pub label: String,
}

/// What of a cluster is looked at anyway, so that it can be read together with whatever else of it is.
#[derive(Clone, Debug, Default)]
pub struct Scope {
    /// Single objects.
    pub objects: Vec<ObjectName>,
    /// Objects that are found by a label.
    pub labelled: Vec<Labelled>,
}

impl Scope {
    /// Adds an object of this kind.
    #[must_use]
    pub fn and<K: Resource<DynamicType = ()>>(mut self, namespace: &str, name: &str) -> Self {
        self.objects.push(object_name::<K>(namespace, name));
        self
    }

    /// Adds the objects of this kind with this label.
    #[must_use]
    pub fn and_labelled<K: Resource<DynamicType = ()>>(mut self, namespace: &str, label: &str) -> Self {
        self.labelled.push(labelled::<K>(namespace, label));
        self
    }
}

/// What was read of a [`Scope`]. What it says nothing about is asked for where it is needed.
#[derive(Debug, Default)]
pub struct Objects {
    objects: BTreeMap<ObjectName, Option<Value>>,
    labelled: BTreeMap<Labelled, Vec<Value>>,
}

impl Objects {
    /// Adds an object; `None` says that it does not exist.
    pub fn insert(&mut self, name: ObjectName, object: Option<Value>) {
        self.objects.insert(name, object);
    }

    /// Adds all objects with a label.
    pub fn insert_labelled(&mut self, label: Labelled, objects: Vec<Value>) {
        self.labelled.insert(label, objects);
    }
}

/// One cluster at one moment. Clones share what is read.
#[derive(Clone)]
pub struct Snapshot {
    cluster: Cluster,
    /// What somebody else reads, if anybody does.
    objects: Option<Shared<oneshot::Receiver<Arc<Objects>>>>,
    /// Pods of istiod and of gateways, by namespace.
    pods: Arc<Mutex<BTreeMap<String, PodsOnce>>>,
    /// What istiod has said to others, if that is good enough.
    answers: Option<Answers>,
}

/// Pods that are read when they are first asked for.
type PodsOnce = Arc<OnceCell<Vec<Pod>>>;

impl Snapshot {
    /// A snapshot whose objects are read when they are first asked for.
    pub fn of(cluster: &Cluster) -> Self {
        Self { cluster: cluster.clone(), objects: None, pods: Arc::default(), answers: None }
    }

    /// A snapshot for which somebody else reads the objects. If they drop the sender, each is asked for like the rest.
    pub fn promised(cluster: &Cluster) -> (oneshot::Sender<Arc<Objects>>, Self) {
        let (sender, receiver) = oneshot::channel();
        (sender, Self { objects: Some(receiver.shared()), ..Self::of(cluster) })
    }

    /// The same of a refresh, which shares what istiod says with those of other resources.
    #[must_use]
    pub fn sharing(self, answers: &Answers) -> Self {
        Self { answers: Some(answers.clone()), ..self }
    }

    /// What istiod has said to others, if that is good enough.
    pub(super) fn answers(&self) -> Option<&Answers> {
        self.answers.as_ref()
    }

    /// The same objects, with the pods as they are now.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { pods: Arc::default(), ..self.clone() }
    }

    /// Label of the cluster block.
    pub fn name(&self) -> &str {
        self.cluster.name()
    }

    /// The cluster.
    pub fn cluster(&self) -> &Cluster {
        &self.cluster
    }

    async fn objects(&self) -> Option<Arc<Objects>> {
        self.objects.clone()?.await.ok()
    }

    /// An object in a namespace; `None` if it does not exist.
    pub(super) async fn get<K>(&self, namespace: &str, name: &str) -> Result<Option<K>, Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        if let Some(object) = self.read(&object_name::<K>(namespace, name)).await {
            return Ok(object);
        }
        let api = Api::<K>::namespaced(self.cluster.client(), namespace);
        api.get_opt(name).await.map_err(|error| self.cluster.error(error))
    }

    /// A namespace; `None` if it does not exist.
    pub(super) async fn namespace(&self, name: &str) -> Result<Option<Namespace>, Error> {
        if let Some(namespace) = self.read(&object_name::<Namespace>("", name)).await {
            return Ok(namespace);
        }
        let api = Api::<Namespace>::all(self.cluster.client());
        api.get_opt(name).await.map_err(|error| self.cluster.error(error))
    }

    /// An object in a namespace as it was read with others; `None` if it was not, or does not exist.
    pub(super) async fn seen<K>(&self, namespace: &str, name: &str) -> Option<K>
    where
        K: Resource<DynamicType = ()> + DeserializeOwned,
    {
        self.read(&object_name::<K>(namespace, name)).await.flatten()
    }

    /// What was read of an object; `None` if nothing was.
    async fn read<K: DeserializeOwned>(&self, name: &ObjectName) -> Option<Option<K>> {
        match self.objects().await?.objects.get(name)? {
            Some(object) => Some(Some(K::deserialize(object).ok()?)),
            None => Some(None),
        }
    }

    /// The objects in a namespace with this label, as `key` or `key=value`.
    pub(super) async fn labelled<K>(&self, namespace: &str, label: &str) -> Result<Vec<K>, Error>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + DeserializeOwned,
    {
        if let Some(objects) = self.objects().await
            && let Some(found) = objects.labelled.get(&labelled::<K>(namespace, label))
            && let Ok(found) = found.iter().map(K::deserialize).collect()
        {
            return Ok(found);
        }
        let api = Api::<K>::namespaced(self.cluster.client(), namespace);
        let listed = api.list(&ListParams::default().labels(label)).await;
        Ok(listed.map_err(|error| self.cluster.error(error))?.items)
    }

    /// The pods of istiod and of gateways in a namespace: one LIST for all of them.
    pub(super) async fn pods(&self, namespace: &str) -> Result<Vec<Pod>, Error> {
        let cell = {
            let mut pods = self.pods.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(pods.entry(namespace.to_owned()).or_default())
        };
        let pods = cell.get_or_try_init(|| async {
            let roles = GatewayRole::ALL.map(GatewayRole::selector);
            let roles: Vec<&str> = ISTIOD.into_iter().chain(roles).collect();
            let labelled = ListParams::default().labels(&format!("{ROLE} in ({})", roles.join(",")));
            let listed = Api::<Pod>::namespaced(self.cluster.client(), namespace).list(&labelled).await;
            Ok::<_, Error>(listed.map_err(|error| self.cluster.error(error))?.items)
        });
        pods.await.cloned()
    }
}

fn object_name<K: Resource<DynamicType = ()>>(namespace: &str, name: &str) -> ObjectName {
    let (group, kind) = (K::group(&()).into_owned(), K::kind(&()).into_owned());
    ObjectName { group, kind, namespace: namespace.to_owned(), name: name.to_owned() }
}

fn labelled<K: Resource<DynamicType = ()>>(namespace: &str, label: &str) -> Labelled {
    let (group, kind) = (K::group(&()).into_owned(), K::kind(&()).into_owned());
    Labelled { group, kind, namespace: namespace.to_owned(), label: label.to_owned() }
}
