//! The shared mesh configuration as it is, beside the records that it is composed of.

use std::collections::BTreeMap;

use futures::future::try_join;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::ResourceExt as _;

use super::snapshot::{Scope, Snapshot};
use crate::clusters::Error;
use crate::mesh::SharedMeshConfig;

/// What a cluster has of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedMeshConfigRecords {
    /// The data of the ConfigMap that istiod reads; `None` if there is none.
    pub data: Option<BTreeMap<String, String>>,
    /// The text of each record, by the name of its ConfigMap.
    pub records: BTreeMap<String, String>,
}

/// What the control plane in `namespace` is told beside its own mesh configuration. Needs to get and list `ConfigMap`s there.
pub async fn shared_mesh_config(
    cluster: &Snapshot,
    namespace: &str,
) -> Result<SharedMeshConfigRecords, Error> {
    let live = cluster.get::<ConfigMap>(namespace, SharedMeshConfig::CONFIG_MAP);
    let label = label();
    let (live, records) = try_join(live, cluster.labelled::<ConfigMap>(namespace, &label)).await?;
    let is_there = |record: &ConfigMap| record.metadata.deletion_timestamp.is_none();
    let records = records.into_iter().filter(is_there).map(|record| {
        let text = record.data.as_ref().and_then(|data| data.get(SharedMeshConfig::KEY));
        (record.name_any(), text.cloned().unwrap_or_default())
    });
    Ok(SharedMeshConfigRecords {
        data: live.map(|live| live.data.unwrap_or_default()),
        records: records.collect(),
    })
}

/// Where the ConfigMap and its records are.
pub fn shared_mesh_config_scope(scope: Scope, namespace: &str) -> Scope {
    let scope = scope.and::<ConfigMap>(namespace, SharedMeshConfig::CONFIG_MAP);
    scope.and_labelled::<ConfigMap>(namespace, &label())
}

fn label() -> String {
    format!("{}={}", SharedMeshConfig::RECORD_LABEL, SharedMeshConfig::CONFIG_MAP)
}
