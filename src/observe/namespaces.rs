//! What a cluster is, and some of its namespaces: they come with one request, since its identity is one of them.

use std::collections::BTreeMap;

use futures::future::try_join;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde::Deserialize;
use serde_json::Value;

use super::{facts, kubernetes_version, retried};
use crate::clusters::{Cluster, Error};
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
