use std::fmt;
use std::str::FromStr;

use serde_json::Value;
use thiserror::Error;

use crate::mesh::ClusterName;

/// One object of one cluster. It has no API version, so that an object stays the same when its manifest moves to
/// another version of its group.
///
/// As text it is `cluster/group/Kind/namespace/name`; the group is empty for the core group, the namespace for objects
/// that are not in one: `east//Namespace//istio-system`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId {
    /// The cluster.
    pub cluster: String,
    /// The API group; empty for the core group.
    pub group: String,
    /// The kind, as in `kind: Deployment`.
    pub kind: String,
    /// The namespace; empty for an object that is not in one.
    pub namespace: String,
    /// `metadata.name`.
    pub name: String,
}

/// A text is not an [`ObjectId`].
#[derive(Debug, Error)]
#[error("{0:?} is not an object of the form cluster/group/Kind/namespace/name")]
pub struct ObjectIdError(String);

impl ObjectId {
    /// The id of an object; what it does not say is empty.
    pub fn of(cluster: &ClusterName, object: &Value) -> Self {
        let metadata = &object["metadata"];
        Self {
            cluster: cluster.to_string(),
            group: group(object).to_owned(),
            kind: text(&object["kind"]),
            namespace: text(&metadata["namespace"]),
            name: text(&metadata["name"]),
        }
    }

    /// An object in one cluster.
    pub fn in_cluster(cluster: &str, id: &ssa::ObjectId) -> Self {
        let ssa::ObjectId { group, kind, namespace, name } = id.clone();
        Self { cluster: cluster.to_owned(), group, kind, namespace, name }
    }

    /// The object without its cluster.
    pub fn without_cluster(&self) -> ssa::ObjectId {
        let Self { cluster: _, group, kind, namespace, name } = self.clone();
        ssa::ObjectId { group, kind, namespace, name }
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The API group of an object; the core group is empty.
pub(super) fn group(object: &Value) -> &str {
    let api_version = object["apiVersion"].as_str().unwrap_or_default();
    api_version.split_once('/').map_or("", |(group, _)| group)
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}/{}", self.cluster, self.group, self.kind, self.namespace, self.name)
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, ObjectIdError> {
        let parts: Vec<String> = text.split('/').map(str::to_owned).collect();
        match <[String; 5]>::try_from(parts) {
            Ok([cluster, group, kind, namespace, name])
                if [&cluster, &kind, &name].iter().all(|part| !part.is_empty()) =>
            {
                Ok(Self { cluster, group, kind, namespace, name })
            }
            _ => Err(ObjectIdError(text.to_owned())),
        }
    }
}
