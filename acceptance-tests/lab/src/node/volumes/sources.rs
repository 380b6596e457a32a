//! What is in a volume.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{
    ConfigMap, DownwardAPIVolumeFile, KeyToPath, ProjectedVolumeSource, Secret, Volume, VolumeProjection,
};
use kube::runtime::reflector::ObjectRef;

use super::Files;
use super::tokens::Tokens;
use crate::node::downward::Facts;
use crate::node::kubelet::Context;

/// Why the content of a volume cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An object or a key in it is missing.
    #[error("{0} is not there")]
    Missing(String),
    /// A token was refused.
    #[error("the API server gave no token")]
    Token(#[from] Box<kube::Error>),
    /// The lab has no such volumes.
    #[error("the lab does not know this kind of volume")]
    Unknown,
}

/// The files of a volume; nothing if it is a directory for the pod to write to.
pub async fn files(
    context: &Context,
    facts: &Facts<'_>,
    volume: &Volume,
    tokens: &Tokens,
) -> Result<Option<Files>, Error> {
    let namespace = facts.pod.metadata.namespace.as_deref().unwrap_or_default();
    if volume.empty_dir.is_some() || volume.host_path.is_some() || volume.persistent_volume_claim.is_some() {
        return Ok(None);
    }
    if let Some(it) = &volume.config_map {
        return config_map(context, namespace, &it.name, it.items.as_deref(), it.optional).map(Some);
    }
    if let Some(it) = &volume.secret {
        let name = it.secret_name.as_deref().unwrap_or_default();
        return secret(context, namespace, name, it.items.as_deref(), it.optional).map(Some);
    }
    if let Some(it) = &volume.downward_api {
        return downward(facts, it.items.as_deref().unwrap_or_default()).map(Some);
    }
    if let Some(it) = &volume.projected {
        return projected(context, facts, namespace, it, tokens).await.map(Some);
    }
    Err(Error::Unknown)
}

async fn projected(
    context: &Context,
    facts: &Facts<'_>,
    namespace: &str,
    volume: &ProjectedVolumeSource,
    tokens: &Tokens,
) -> Result<Files, Error> {
    let mut files = Files::new();
    for source in volume.sources.iter().flatten() {
        match source {
            VolumeProjection { service_account_token: Some(it), .. } => {
                let token = tokens.get(context, facts, it).await.map_err(Box::new)?;
                files.insert(it.path.clone(), token.into_bytes());
            }
            VolumeProjection { config_map: Some(it), .. } => {
                files.extend(config_map(context, namespace, &it.name, it.items.as_deref(), it.optional)?);
            }
            VolumeProjection { secret: Some(it), .. } => {
                files.extend(secret(context, namespace, &it.name, it.items.as_deref(), it.optional)?);
            }
            VolumeProjection { downward_api: Some(it), .. } => {
                files.extend(downward(facts, it.items.as_deref().unwrap_or_default())?);
            }
            _ => return Err(Error::Unknown),
        }
    }
    Ok(files)
}

fn config_map(
    context: &Context,
    namespace: &str,
    name: &str,
    items: Option<&[KeyToPath]>,
    optional: Option<bool>,
) -> Result<Files, Error> {
    let found = context.stores.config_maps.get(&ObjectRef::<ConfigMap>::new(name).within(namespace));
    let data = found.map(|found| {
        let text = found.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone().into_bytes()));
        let binary = found.binary_data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone()));
        text.chain(binary).collect()
    });
    select(data, items, optional == Some(true), &format!("ConfigMap {name}"))
}

fn secret(
    context: &Context,
    namespace: &str,
    name: &str,
    items: Option<&[KeyToPath]>,
    optional: Option<bool>,
) -> Result<Files, Error> {
    let found = context.stores.secrets.get(&ObjectRef::<Secret>::new(name).within(namespace));
    let data = found.map(|found| {
        found.data.iter().flatten().map(|(key, value)| (key.clone(), value.0.clone())).collect()
    });
    select(data, items, optional == Some(true), &format!("Secret {name}"))
}

/// All keys under their own names, or the chosen ones under the paths chosen for them.
fn select(
    data: Option<BTreeMap<String, Vec<u8>>>,
    items: Option<&[KeyToPath]>,
    optional: bool,
    name: &str,
) -> Result<Files, Error> {
    let Some(mut data) = data else {
        return if optional { Ok(Files::new()) } else { Err(Error::Missing(name.to_owned())) };
    };
    let Some(items) = items else { return Ok(data) };
    let mut files = Files::new();
    for item in items {
        match data.remove(&item.key) {
            Some(content) => {
                files.insert(item.path.clone(), content);
            }
            None if optional => {}
            None => return Err(Error::Missing(format!("the key {} of {name}", item.key))),
        }
    }
    Ok(files)
}

fn downward(facts: &Facts<'_>, items: &[DownwardAPIVolumeFile]) -> Result<Files, Error> {
    let mut files = Files::new();
    for item in items {
        let value = match (&item.field_ref, &item.resource_field_ref) {
            (Some(field), _) => facts.field(&field.field_path),
            (None, Some(resource)) => facts.resource(None, resource),
            (None, None) => None,
        };
        files.insert(item.path.clone(), value.ok_or(Error::Unknown)?.into_bytes());
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chosen_keys_come_under_their_paths_and_a_missing_one_is_named() {
        let data = BTreeMap::from([("ca.crt".to_owned(), vec![1]), ("other".to_owned(), vec![2])]);
        let item = |key: &str| KeyToPath { key: key.to_owned(), path: "root.pem".to_owned(), mode: None };
        let files = select(Some(data.clone()), Some(&[item("ca.crt")]), false, "ConfigMap roots").unwrap();
        assert_eq!(files, Files::from([("root.pem".to_owned(), vec![1])]));
        let missing = select(Some(data), Some(&[item("none")]), false, "ConfigMap roots").unwrap_err();
        assert_eq!(missing.to_string(), "the key none of ConfigMap roots is not there");
        assert!(select(None, None, true, "Secret cacerts").unwrap().is_empty());
        assert!(select(None, None, false, "Secret cacerts").is_err());
    }
}
