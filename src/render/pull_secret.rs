//! The Secrets with which images are pulled, in every namespace of the mesh.

use serde_json::{Value, json};

use super::gateway;
use crate::desired::object::managed;
use crate::desired::{Placeholder, Placeholders};
use crate::mesh::well_known::PULL_SECRET_KEY;
use crate::mesh::{Member, MeshIdentity, Namespace};

/// The Secrets with their content to be filled in.
pub(super) fn secrets(identity: &MeshIdentity, member: &Member) -> Vec<(Value, Placeholders)> {
    let secret = |namespace: &Namespace, name: &String, version: &i64| {
        let object = managed(json!({
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": name, "namespace": namespace},
            "type": "kubernetes.io/dockerconfigjson",
        }));
        let placeholder = Placeholder::PullSecret { name: name.clone(), version: *version };
        (object, Placeholders::from([(PULL_SECRET_KEY.to_owned(), placeholder)]))
    };
    let namespaces = [identity.namespace()].into_iter().chain(gateway::own_namespaces(identity, member));
    let each = namespaces.flat_map(|namespace| {
        identity.images().pull_secrets.iter().map(move |(name, version)| secret(namespace, name, version))
    });
    each.collect()
}
