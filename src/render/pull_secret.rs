//! The Secrets with which images are pulled, in every namespace of the mesh.

use serde_json::{Value, json};

use super::gateway;
use super::hole::Hole;
use super::manifest_set::Holes;
use super::object::managed;
use crate::mesh::{Namespace, ValidatedMesh, ValidatedPrimary};

/// The only key of such a Secret, as Kubernetes has it.
pub const CONTENT: &str = ".dockerconfigjson";

/// The Secrets with their content to be filled in.
pub(super) fn secrets(mesh: &ValidatedMesh, primary: &ValidatedPrimary) -> Vec<(Value, Holes)> {
    let secret = |namespace: &Namespace, name: &String, version: &i64| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "type": "kubernetes.io/dockerconfigjson",
        }));
        let hole = Hole::PullSecret { name: name.clone(), version: *version };
        (object, Holes::from([(CONTENT.to_owned(), hole)]))
    };
    let namespaces = [mesh.namespace()].into_iter().chain(gateway::own_namespaces(mesh, primary));
    let each = namespaces.flat_map(|namespace| {
        mesh.images().pull_secrets.iter().map(move |(name, version)| secret(namespace, name, version))
    });
    each.collect()
}
