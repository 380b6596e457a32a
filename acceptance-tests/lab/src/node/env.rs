//! A container's environment, command and arguments.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{ConfigMap, Container, EnvVar, EnvVarSource, Secret};
use kube::runtime::reflector::ObjectRef;

use super::downward::Facts;
use super::stores::Stores;

/// Why a container cannot have its environment yet.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An object or a key in it is missing.
    #[error("{0} is not there")]
    Missing(String),
    /// The lab does not know how to get a value.
    #[error("the lab does not know the source of the variable {0}")]
    Unknown(String),
}

/// The variables of a container, on top of those in `given`; a variable may use those before it as `$(NAME)`.
pub fn variables(
    container: &Container,
    facts: &Facts<'_>,
    stores: &Stores,
    mut given: BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Error> {
    let namespace = facts.pod.metadata.namespace.as_deref().unwrap_or_default();
    for source in container.env_from.iter().flatten() {
        let prefix = source.prefix.as_deref().unwrap_or_default();
        let data = if let Some(it) = &source.config_map_ref {
            config_map(stores, namespace, &it.name, it.optional)?
        } else if let Some(it) = &source.secret_ref {
            secret(stores, namespace, &it.name, it.optional)?
        } else {
            BTreeMap::new()
        };
        given.extend(data.into_iter().map(|(key, value)| (format!("{prefix}{key}"), value)));
    }
    for variable in container.env.iter().flatten() {
        if let Some(value) = value(container, variable, facts, stores, namespace, &given)? {
            given.insert(variable.name.clone(), value);
        }
    }
    Ok(given)
}

fn value(
    container: &Container,
    variable: &EnvVar,
    facts: &Facts<'_>,
    stores: &Stores,
    namespace: &str,
    given: &BTreeMap<String, String>,
) -> Result<Option<String>, Error> {
    let Some(source) = &variable.value_from else {
        return Ok(Some(expand(variable.value.as_deref().unwrap_or_default(), given)));
    };
    let unknown = || Error::Unknown(variable.name.clone());
    match source {
        EnvVarSource { field_ref: Some(it), .. } => facts.field(&it.field_path).map(Some).ok_or_else(unknown),
        EnvVarSource { resource_field_ref: Some(it), .. } => {
            facts.resource(Some(&container.name), it).map(Some).ok_or_else(unknown)
        }
        EnvVarSource { config_map_key_ref: Some(it), .. } => {
            let data = config_map(stores, namespace, &it.name, it.optional)?;
            one(&data, &it.key, it.optional, "ConfigMap", &it.name)
        }
        EnvVarSource { secret_key_ref: Some(it), .. } => {
            let data = secret(stores, namespace, &it.name, it.optional)?;
            one(&data, &it.key, it.optional, "Secret", &it.name)
        }
        _ => Err(unknown()),
    }
}

fn one(
    data: &BTreeMap<String, String>,
    key: &str,
    optional: Option<bool>,
    kind: &str,
    name: &str,
) -> Result<Option<String>, Error> {
    match data.get(key) {
        Some(value) => Ok(Some(value.clone())),
        None if optional == Some(true) => Ok(None),
        None => Err(Error::Missing(format!("the key {key} of {kind} {name}"))),
    }
}

fn config_map(
    stores: &Stores,
    namespace: &str,
    name: &str,
    optional: Option<bool>,
) -> Result<BTreeMap<String, String>, Error> {
    match stores.config_maps.get(&ObjectRef::<ConfigMap>::new(name).within(namespace)) {
        Some(found) => Ok(found.data.clone().unwrap_or_default()),
        None if optional == Some(true) => Ok(BTreeMap::new()),
        None => Err(Error::Missing(format!("ConfigMap {name}"))),
    }
}

fn secret(
    stores: &Stores,
    namespace: &str,
    name: &str,
    optional: Option<bool>,
) -> Result<BTreeMap<String, String>, Error> {
    match stores.secrets.get(&ObjectRef::<Secret>::new(name).within(namespace)) {
        Some(found) => {
            let data = found.data.iter().flatten();
            Ok(data
                .map(|(key, value)| (key.clone(), String::from_utf8_lossy(&value.0).into_owned()))
                .collect())
        }
        None if optional == Some(true) => Ok(BTreeMap::new()),
        None => Err(Error::Missing(format!("Secret {name}"))),
    }
}

/// Replaces `$(NAME)` by the variable's value; `$$` is one `$`, and an unknown name stays as it is.
pub fn expand(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut expanded = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        expanded.push_str(&rest[..at]);
        rest = &rest[at..];
        let name = rest.strip_prefix("$(").and_then(|after| after.split_once(')'));
        if let Some(after) = rest.strip_prefix("$$") {
            expanded.push('$');
            rest = after;
        } else if let Some((value, after)) =
            name.and_then(|(name, after)| Some((variables.get(name)?, after)))
        {
            expanded.push_str(value);
            rest = after;
        } else {
            expanded.push('$');
            rest = &rest[1..];
        }
    }
    expanded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_to_variables_are_expanded_and_others_stay() {
        let variables = BTreeMap::from([("POD_NAME".to_owned(), "echo-1".to_owned())]);
        for (text, expected) in [
            ("$(POD_NAME).web", "echo-1.web"),
            ("$$(POD_NAME)", "$(POD_NAME)"),
            ("$(NOBODY) $5 $", "$(NOBODY) $5 $"),
            ("plain", "plain"),
        ] {
            assert_eq!(expand(text, &variables), expected);
        }
    }
}
