use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::object_id::{GroupKind, ObjectId};
use crate::scope::is_cluster_scoped;

/// One object as it shall be: what `kubectl apply` takes from one YAML document.
///
/// Members whose value is `null` are dropped, as the API server treats them as absent; only in custom resources some are not, those that their
/// schema says to be nullable, so there they stay until that is known. A Secret's `stringData` is
/// merged into `data`, as the API server stores it.
#[derive(Clone, PartialEq)]
pub struct Manifest {
    id: ObjectId,
    version: String,
    /// Shared, since stages and comparisons hold copies of manifests.
    value: Arc<Value>,
    is_confidential: bool,
}

/// Shows only the identity: a manifest may hold secrets.
impl std::fmt::Debug for Manifest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Manifest({} {})", self.version, self.id)
    }
}

/// A value is not a manifest.
#[derive(Debug, Error)]
pub enum ManifestError {
    /// `apiVersion`, `kind` or `metadata.name` is missing, empty or not a string.
    #[error("manifest {position} ({shown}) has no {field}")]
    Missing {
        /// Position in the list given, from 0.
        position: usize,
        /// What is known of its kind and name.
        shown: String,
        /// The field.
        field: &'static str,
    },
    /// `stringData` holds something else than strings.
    #[error("{id} has a stringData entry {key:?} that is not a string")]
    StringData {
        /// The Secret.
        id: ObjectId,
        /// The entry.
        key: String,
    },
    /// Two manifests have one identity.
    #[error("{id} appears twice")]
    Duplicate {
        /// The identity.
        id: ObjectId,
    },
}

impl Manifest {
    /// Parses one object; see [`Manifest::parse_all`].
    pub fn parse(value: Value, default_namespace: &str) -> Result<Self, ManifestError> {
        parse(0, value, default_namespace, &BTreeMap::new())
    }

    /// Parses the objects of a set and keeps their order. Lists (`kind: List`) are replaced by their items; empty documents are left out.
    ///
    /// An object without a namespace gets `default_namespace`, unless its kind is cluster-scoped: known for Kubernetes' own
    /// kinds, and for custom ones from the `CustomResourceDefinition`s of this set; every other kind counts as namespaced. A
    /// cluster-scoped object loses the namespace that its manifest may name, as with `kubectl`.
    pub fn parse_all(values: Vec<Value>, default_namespace: &str) -> Result<Vec<Self>, ManifestError> {
        let values: Vec<Value> =
            values.into_iter().flat_map(items).filter(|value| !value.is_null()).collect();
        let scopes = custom_scopes(&values);
        let mut seen = std::collections::BTreeSet::new();
        let mut manifests = Vec::with_capacity(values.len());
        for (position, value) in values.into_iter().enumerate() {
            let manifest = parse(position, value, default_namespace, &scopes)?;
            if !seen.insert(manifest.id.clone()) {
                return Err(ManifestError::Duplicate { id: manifest.id });
            }
            manifests.push(manifest);
        }
        Ok(manifests)
    }

    /// Its identity.
    pub fn id(&self) -> &ObjectId {
        &self.id
    }

    /// Version of its group, as in the `v1` of `apps/v1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// `apiVersion` as the API writes it.
    pub fn api_version(&self) -> String {
        if self.id.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.id.group, self.version)
        }
    }

    /// The same object, which holds secrets though it is no `Secret`: of what the API server answers, only words that cannot quote it are
    /// repeated, and no field of it is shown.
    #[must_use]
    pub fn confidential(self) -> Self {
        Self { is_confidential: true, ..self }
    }

    /// Whether it holds secrets though it is no `Secret`.
    pub fn is_confidential(&self) -> bool {
        self.is_confidential
    }

    /// The object.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The group and kind that a `CustomResourceDefinition` defines.
    pub fn defined_kind(&self) -> Option<GroupKind> {
        (self.id.kind == "CustomResourceDefinition").then(|| defined_kind(&self.value))?
    }
}

fn items(value: Value) -> Vec<Value> {
    let is_list =
        value["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) && value["items"].is_array();
    match value {
        Value::Object(mut list) if is_list => match list.remove("items") {
            Some(Value::Array(items)) => items,
            _ => Vec::new(),
        },
        value => vec![value],
    }
}

fn defined_kind(definition: &Value) -> Option<GroupKind> {
    let group = definition["spec"]["group"].as_str()?.to_owned();
    let kind = definition["spec"]["names"]["kind"].as_str()?.to_owned();
    Some(GroupKind { group, kind })
}

fn custom_scopes(values: &[Value]) -> BTreeMap<GroupKind, bool> {
    let definitions = values.iter().filter(|value| value["kind"] == "CustomResourceDefinition");
    definitions
        .filter_map(|value| Some((defined_kind(value)?, value["spec"]["scope"] == "Cluster")))
        .collect()
}

fn parse(
    position: usize,
    mut value: Value,
    default_namespace: &str,
    scopes: &BTreeMap<GroupKind, bool>,
) -> Result<Manifest, ManifestError> {
    if has_no_nulls(&value) {
        drop_nulls(&mut value);
    }
    let shown = format!("{} {}", text(&value["kind"]), text(&value["metadata"]["name"]));
    let missing = |field| ManifestError::Missing { position, shown: shown.clone(), field };
    let required = |value: &Value, field| match text(value) {
        "" => Err(missing(field)),
        text => Ok(text.to_owned()),
    };
    let api_version = required(&value["apiVersion"], "apiVersion")?;
    let kind = required(&value["kind"], "kind")?;
    let name = required(&value["metadata"]["name"], "metadata.name")?;
    let (group, version) = api_version.split_once('/').unwrap_or(("", &api_version));
    let kind = GroupKind { group: group.to_owned(), kind };
    let cluster_scoped = scopes.get(&kind).copied().unwrap_or_else(|| is_cluster_scoped(&kind));
    let namespace = set_namespace(&mut value, cluster_scoped, default_namespace);
    let id = ObjectId { group: kind.group, kind: kind.kind, namespace, name };
    if id.is_secret() {
        merge_string_data(&id, &mut value)?;
    }
    Ok(Manifest { id, version: version.to_owned(), value: Arc::new(value), is_confidential: false })
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn set_namespace(value: &mut Value, cluster_scoped: bool, default_namespace: &str) -> String {
    let Some(metadata) = value.get_mut("metadata").and_then(Value::as_object_mut) else {
        return String::new();
    };
    if cluster_scoped {
        metadata.remove("namespace");
        return String::new();
    }
    let given = metadata.get("namespace").map(text).unwrap_or_default();
    let namespace = if given.is_empty() { default_namespace } else { given }.to_owned();
    metadata.insert("namespace".to_owned(), Value::String(namespace.clone()));
    namespace
}

/// Whether an object is of a group of Kubernetes itself, where `null` means absent everywhere.
fn has_no_nulls(value: &Value) -> bool {
    let api_version = text(&value["apiVersion"]);
    let group = api_version.split_once('/').map_or("", |(group, _)| group);
    !group.contains('.') || group.ends_with(".k8s.io")
}

/// A null list item keeps its place: dropping it would change the others' positions.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

fn merge_string_data(id: &ObjectId, value: &mut Value) -> Result<(), ManifestError> {
    let Some(object) = value.as_object_mut() else { return Ok(()) };
    let Some(Value::Object(strings)) = object.remove("stringData") else { return Ok(()) };
    let data = object.entry("data").or_insert_with(|| Value::Object(Map::new()));
    let Some(data) = data.as_object_mut() else { return Ok(()) };
    for (key, text) in strings {
        let Value::String(text) = text else {
            return Err(ManifestError::StringData { id: id.clone(), key });
        };
        data.insert(key, Value::String(BASE64.encode(text)));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
