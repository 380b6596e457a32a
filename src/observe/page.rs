//! What a mesh of ours has written down for other workspaces.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use kube::Api;

use crate::clusters::{Cluster, Error};
use crate::mesh::JOIN_PAGE;

/// The data of the page in `namespace`, the control plane's; `None` if the mesh there is not one of ours. Needs to get `ConfigMap`s
/// in it.
pub async fn join_page(
    cluster: &Cluster,
    namespace: &str,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    let read = Api::<ConfigMap>::namespaced(cluster.client(), namespace).get_opt(JOIN_PAGE).await;
    let page = read.map_err(|error| cluster.error(error))?;
    Ok(page.map(|page| page.data.unwrap_or_default()))
}
