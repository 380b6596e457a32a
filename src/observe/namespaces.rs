//! What a cluster is, and some of its namespaces: they come with one request, since its identity is one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use futures::future::try_join;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde::Deserialize;
use serde_json::Value;

use super::{facts, kubernetes_version, retried};
use crate::clusters::{Ahead, Cluster, Clusters, Error};
use crate::mesh::ClusterFacts;

/// The label that the API server puts on every namespace: its name.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";
/// The namespace whose UID is the cluster's identity.
const IDENTITY: &str = "kube-system";

/// Namespaces by their names; `None` for one that does not exist.
pub type Namespaces = BTreeMap<String, Option<Value>>;

#[derive(Deserialize)]
struct List {
    items: Vec<Value>,
}

/// The facts of a cluster as this process has read them first, like [`known_facts`](super::known_facts), and the namespaces with these
/// names if they came with them. Without the permission to list namespaces, or if the facts are known already, none do.
pub async fn known_facts_with_namespaces<'a>(
    cluster: &Cluster,
    names: impl IntoIterator<Item = &'a str>,
) -> Result<(ClusterFacts, Namespaces), Error> {
    let mut namespaces = Namespaces::new();
    let names: Vec<&str> = names.into_iter().collect();
    let facts = cluster.facts_once(|| async {
        let is_complete = |ahead: &Ahead| names.iter().all(|name| ahead.namespaces.contains_key(*name));
        if let Some(ahead) = cluster.take_ahead().filter(is_complete) {
            namespaces = ahead.namespaces;
            return Ok(ahead.facts);
        }
        let reads = try_join(retried(|| listed(cluster, &names)), retried(|| kubernetes_version(cluster)));
        match reads.await {
            Ok((Some((uid, found)), kubernetes_version)) => {
                namespaces = found;
                Ok(ClusterFacts { uid, kubernetes_version })
            }
            Ok((None, _)) | Err(Error::Forbidden { .. }) => facts(cluster).await,
            Err(error) => Err(error),
        }
    });
    Ok((facts.await?, namespaces))
}

/// Reads the same before anybody needs it, once, and connects to the cluster on the way. Whoever needs it and finds nothing reads it, and
/// says what is wrong.
async fn read_ahead(cluster: &Cluster, namespace: &str) -> Option<()> {
    let names = [namespace];
    let reads = try_join(listed(cluster, &names), kubernetes_version(cluster));
    let (listed, kubernetes_version) = reads.await.ok()?;
    let (uid, namespaces) = listed?;
    cluster.note_ahead(Ahead { facts: ClusterFacts { uid, kubernetes_version }, namespaces });
    Some(())
}

/// The first look at clusters that other resources are in.
#[derive(Debug, Default)]
pub struct FirstLook(AtomicBool);

impl FirstLook {
    /// Begins to read what all clusters say of themselves but those with the labels `read`, which are being read, and the namespace of a
    /// mesh in them; once in a process. Terraform refreshes resources one after the other that refer to each other, and a new connection
    /// takes longer than anything else. A cluster whose requests run a command is left alone: maybe nobody needs it.
    pub fn begin<'a>(&self, clusters: &Clusters, read: impl IntoIterator<Item = &'a str>, namespace: &str) {
        if self.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let read: BTreeSet<&str> = read.into_iter().collect();
        for label in clusters.names().filter(|label| !read.contains(label)) {
            let (clusters, label, namespace) = (clusters.clone(), label.to_owned(), namespace.to_owned());
            tokio::spawn(async move {
                let cluster = clusters.get(&label).await.ok().filter(|cluster| !cluster.runs_command())?;
                read_ahead(&cluster, &namespace).await
            });
        }
    }
}

/// The identity of the cluster, and the namespaces with these names; `None` if the answer has no identity.
async fn listed(cluster: &Cluster, names: &[&str]) -> Result<Option<(String, Namespaces)>, Error> {
    let selector = format!("{NAME_LABEL} in ({})", [names, &[IDENTITY]].concat().join(","));
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("labelSelector", &selector).finish();
    let request = http::Request::get(format!("/api/v1/namespaces?{query}")).body(Vec::new());
    let request = request.map_err(|error| cluster.error(kube::Error::HttpError(error)))?;
    let List { items } = cluster.client().request(request).await.map_err(|error| cluster.error(error))?;
    let mut namespaces: Namespaces = names.iter().map(|name| ((*name).to_owned(), None)).collect();
    let mut uid = None;
    for mut item in items {
        let Some(name) = item["metadata"]["name"].as_str().map(str::to_owned) else { continue };
        if name == IDENTITY {
            uid = item["metadata"]["uid"].as_str().map(str::to_owned);
        }
        if let Some(place) = namespaces.get_mut(&name) {
            // The items of a list do not repeat the list's kind.
            item["apiVersion"] = Value::from("v1");
            item["kind"] = Value::from("Namespace");
            *place = Some(item);
        }
    }
    Ok(uid.map(|uid| (uid, namespaces)))
}

/// The labels of a namespace; none if it does not exist.
pub async fn namespace_labels(cluster: &Cluster, name: &str) -> Result<BTreeMap<String, String>, Error> {
    let namespace = Api::<Namespace>::all(cluster.client()).get_metadata_opt(name).await;
    let namespace = namespace.map_err(|error| cluster.error(error))?;
    Ok(namespace.and_then(|namespace| namespace.metadata.labels).unwrap_or_default())
}
