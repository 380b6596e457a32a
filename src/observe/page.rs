//! What a mesh of ours has written down for other workspaces.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::clusters::{Cluster, Error};
use crate::mesh::{JOIN_PAGE, JOIN_PAGE_KEY};

/// The text of the page in `namespace`, the control plane's; `None` if the mesh there is not one of ours. Needs to get `ConfigMap`s
/// in it.
pub async fn join_page(cluster: &Cluster, namespace: &str) -> Result<Option<String>, Error> {
    let read = Api::<ConfigMap>::namespaced(cluster.client(), namespace).get_opt(JOIN_PAGE).await;
    let page = read.map_err(|error| cluster.error(error))?;
    Ok(page.map(|page| page.data.and_then(|mut data| data.remove(JOIN_PAGE_KEY)).unwrap_or_default()))
}
