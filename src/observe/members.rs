//! Which resources depend on a mesh, as they have recorded themselves.

use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::ListParams;
use kube::{Api, ResourceExt};

use crate::clusters::{Cluster, Error};
use crate::mesh::well_known::OWNER_LABEL;
use crate::mesh::{MEMBER_KEY, MEMBER_LABEL, MemberRecord};

/// The dependents of the mesh in `namespace` of this primary, in the order of their names. Needs the right to list `ConfigMap`s there.
///
/// # Errors
/// The records cannot be listed. One that cannot be read is taken for a dependent of which only the name is known: it must not
/// vanish because somebody has damaged it.
pub async fn members(cluster: &Cluster, namespace: &str) -> Result<Vec<Result<MemberRecord, String>>, Error> {
    let labelled = ListParams::default().labels(MEMBER_LABEL);
    let records = Api::<ConfigMap>::namespaced(cluster.client(), namespace).list(&labelled).await;
    let records = records.map_err(|error| cluster.error(error))?;
    let mut members: Vec<_> = records.items.iter().map(member).collect();
    members.sort_by_key(|member| match member {
        Ok(record) => record.name.clone(),
        Err(name) => name.clone(),
    });
    Ok(members)
}

fn member(config_map: &ConfigMap) -> Result<MemberRecord, String> {
    let text = config_map.data.as_ref().and_then(|data| data.get(MEMBER_KEY));
    let record = text.and_then(|text| serde_json::from_str(text).ok());
    let record: MemberRecord = record.ok_or_else(|| config_map.name_any())?;
    let id = config_map.labels().get(OWNER_LABEL).cloned().unwrap_or(record.id);
    Ok(MemberRecord { id, ..record })
}
