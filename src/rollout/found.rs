//! Inventories that nobody has named: what an import looks for.

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ssa::Inventory;
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::engines::Engines;
use super::owner::Owner;
use crate::clusters::Cluster;

/// The inventories of this kind of owner in a cluster, each with its namespace. Needs the right to list `ConfigMap`s in all
/// namespaces; without it only the `usual` namespace is looked at.
///
/// # Errors
/// One of them cannot be read.
pub async fn inventories(
    engines: &Engines,
    cluster: &Cluster,
    owner: &Owner,
    usual: &str,
    cancel: &CancellationToken,
) -> Result<Vec<(String, Inventory)>, RolloutError> {
    let named = ListParams::default().fields(&format!("metadata.name={}", owner.inventory()));
    let namespaces: Vec<String> = match Api::<ConfigMap>::all(cluster.client()).list_metadata(&named).await {
        Ok(found) => found.items.iter().filter_map(ResourceExt::namespace).collect(),
        Err(kube::Error::Api(status)) if status.is_forbidden() => vec![usual.to_owned()],
        Err(error) => return Err(RolloutError::Search(cluster.error(error))),
    };
    let reads = namespaces.into_iter().map(|namespace| async {
        let record = engines.target(cluster, "", owner, &namespace).record(cancel).await?;
        Ok::<_, RolloutError>(record.map(|record| (namespace, record)))
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}
