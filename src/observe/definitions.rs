//! Whether custom resource definitions are used.

use futures::future::try_join_all;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, ListParams};

use crate::clusters::{Cluster, Error};

/// Those of the named custom resource definitions of which there is at least one resource, in any namespace. A
/// definition that does not exist is not used.
pub async fn definitions_in_use(
    cluster: &Cluster,
    names: impl IntoIterator<Item = &str>,
) -> Result<Vec<String>, Error> {
    let reads = names.into_iter().map(async |name| {
        let used = is_used(cluster, name).await?;
        Ok::<_, Error>(used.then(|| name.to_owned()))
    });
    Ok(try_join_all(reads).await?.into_iter().flatten().collect())
}

async fn is_used(cluster: &Cluster, name: &str) -> Result<bool, Error> {
    let definitions = Api::<CustomResourceDefinition>::all(cluster.client());
    let Some(definition) = definitions.get_opt(name).await.map_err(|error| cluster.error(error))? else {
        return Ok(false);
    };
    let Some(version) = definition.spec.versions.iter().find(|version| version.served) else {
        return Ok(false);
    };
    let resource = ApiResource {
        group: definition.spec.group.clone(),
        version: version.name.clone(),
        api_version: format!("{}/{}", definition.spec.group, version.name),
        kind: definition.spec.names.kind.clone(),
        plural: definition.spec.names.plural.clone(),
    };
    let resources = Api::<DynamicObject>::all_with(cluster.client(), &resource);
    match resources.list_metadata(&ListParams::default().limit(1)).await {
        Ok(list) => Ok(!list.items.is_empty()),
        // A definition that was never established serves nothing.
        Err(kube::Error::Api(status)) if status.is_not_found() => Ok(false),
        Err(error) => Err(cluster.error(error)),
    }
}
