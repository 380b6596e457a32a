//! What of a cluster the status of a mesh is judged by.

use super::entrances;
use super::model::MeshModel;
use crate::observe::{self, Scope};

/// Everything of the cluster with this label that one LIST a kind has.
pub fn scope(state: &MeshModel, label: &str) -> Scope {
    let namespace = state.namespace.as_str().unwrap_or_default();
    let scope = Scope::default();
    let scope = observe::control_plane_scope(scope, namespace, state.gateway_namespace(label));
    let scope = entrances::scope(scope, state, label);
    let has_links = state.primary.as_known().is_some_and(|primaries| primaries.len() > 1);
    if !has_links {
        return scope;
    }
    observe::remote_access_scope(scope, namespace, &state.reader_token_secret(label))
}
