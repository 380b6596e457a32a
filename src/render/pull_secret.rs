//! The Secrets with which images are pulled, in Istio's namespace.

use serde_json::{Value, json};

use super::hole::Hole;
use super::manifest_set::Holes;
use super::object::managed;
use crate::mesh::ValidatedMesh;

/// The only key of such a Secret, as Kubernetes has it.
pub const CONTENT: &str = ".dockerconfigjson";

/// The Secrets with their content to be filled in.
pub(super) fn secrets(mesh: &ValidatedMesh) -> Vec<(Value, Holes)> {
    let secret = |(name, version): (&String, &i64)| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": mesh.namespace()},
            "type": "kubernetes.io/dockerconfigjson",
        }));
        let hole = Hole::PullSecret { name: name.clone(), version: *version };
        (object, Holes::from([(CONTENT.to_owned(), hole)]))
    };
    mesh.images().pull_secrets.iter().map(secret).collect()
}
