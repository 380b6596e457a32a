//! Custom resource definitions outlive the resource that has made them: with them, all resources of their kinds would go, whoever made
//! them.

use std::collections::BTreeMap;

use ssa::ObjectPattern;

use crate::clusters::{self, Cluster};
use crate::observe;

/// All custom resource definitions.
pub fn definitions() -> ObjectPattern {
    ObjectPattern::kind("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// Those of these definitions of which there are resources.
///
/// # Errors
/// The cluster cannot be asked.
pub async fn definitions_in_use(
    cluster: &Cluster,
    ids: impl Iterator<Item = &ssa::ObjectId>,
) -> Result<Vec<ObjectPattern>, clusters::Error> {
    let known: BTreeMap<&str, &ssa::ObjectId> =
        ids.filter(|id| definitions().matches(id)).map(|id| (id.name.as_str(), id)).collect();
    let used = observe::definitions_in_use(cluster, known.keys().copied()).await?;
    Ok(used.iter().filter_map(|name| known.get(name.as_str())).map(|id| ObjectPattern::object(id)).collect())
}
