//! Services of users.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;

use super::snapshot::Snapshot;
use crate::clusters::Error;

/// Which pods a Service selects, by their labels; `None` if there is no such Service.
///
/// # Errors
/// It cannot be read.
pub async fn selector(
    cluster: &Snapshot,
    namespace: &str,
    name: &str,
) -> Result<Option<BTreeMap<String, String>>, Error> {
    let service = cluster.get::<Service>(namespace, name).await?;
    Ok(service.map(|service| service.spec.and_then(|spec| spec.selector).unwrap_or_default()))
}
