//! Inventories that nobody has named: what an import looks for.

use futures::future::try_join_all;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt};
use ssa::Inventory;
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::engines::Engines;
use super::owner::{OWNER_LABEL, Owner, OwnerKind};
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
    let found = listed(cluster, &named).await?;
    let namespaces = match found {
        Some(found) => found.into_iter().map(|(namespace, _)| namespace).collect(),
        None => vec![usual.to_owned()],
    };
    let reads = namespaces.into_iter().map(|namespace| async {
        let record = engines.target(cluster, "", owner, &namespace).record(cancel).await?;
        Ok::<_, RolloutError>(record.map(|record| (namespace, record)))
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// The inventories of the owner with this identity, whatever kind it is of, each with its kind and namespace. Needs the same right;
/// without it only a mesh in the `usual` namespace is found.
///
/// # Errors
/// One of them cannot be read.
pub async fn identified(
    engines: &Engines,
    cluster: &Cluster,
    id: &str,
    usual: &str,
    cancel: &CancellationToken,
) -> Result<Vec<(OwnerKind, String, Inventory)>, RolloutError> {
    let label = Owner::mesh(id).label();
    let labelled = ListParams::default().labels(&format!("{OWNER_LABEL}={label}"));
    let found = listed(cluster, &labelled).await?;
    let found = found.unwrap_or_else(|| vec![(usual.to_owned(), Owner::mesh(id).inventory())]);
    let inventories = found.into_iter().filter_map(|(namespace, name)| {
        let kind = OwnerKind::of_inventory(&name)?;
        Some((kind, namespace))
    });
    let reads = inventories.map(|(kind, namespace)| async {
        let owner = Owner::new(kind.clone(), id);
        let record = engines.target(cluster, "", &owner, &namespace).record(cancel).await?;
        let record = record.filter(|record| record.identity() == id);
        Ok::<_, RolloutError>(record.map(|record| (kind, namespace, record)))
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

/// The namespaces and names of `ConfigMap`s; `None` if they may not be listed.
async fn listed(
    cluster: &Cluster,
    wanted: &ListParams,
) -> Result<Option<Vec<(String, String)>>, RolloutError> {
    match Api::<ConfigMap>::all(cluster.client()).list_metadata(wanted).await {
        Ok(found) => {
            let found = found.items.iter().filter_map(|item| Some((item.namespace()?, item.name_any())));
            Ok(Some(found.collect()))
        }
        Err(kube::Error::Api(status)) if status.is_forbidden() => Ok(None),
        Err(error) => Err(RolloutError::Search(cluster.error(error))),
    }
}
