//! What a primary of a mesh has of one of its federations. There are no charts in it.

mod exports;
mod imports;
mod policies;
mod trust;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::error::RenderError;
use crate::desired::object::managed;
use crate::desired::{Component, ManifestSet, Placeholders};
use crate::mesh::well_known::FEDERATION_PREFIX;
use crate::mesh::{ClusterName, MEMBER_KEY, MEMBER_LABEL, MemberKind, ShareName, ValidatedFederation};

/// The cross-certificates that stand for the roots of peers whose trust is bound: fingerprint of a root → PEM.
pub type BoundRoots = BTreeMap<String, String>;

/// Everything that a primary shall have of a federation: its record, what denies other meshes, whom the mesh trusts, what is exported
/// and what is imported, in this order. Of a peer that is awaited there is nothing.
///
/// # Errors
/// A root of a peer is in none of `bound`.
pub fn render_federation(
    federation: &ValidatedFederation,
    primary: &ClusterName,
    bound: &BoundRoots,
) -> Result<ManifestSet, RenderError> {
    let mut set = ManifestSet::new(primary.clone());
    set.push(Component::Federation, record(federation), Placeholders::new())?;
    for policy in policies::objects(federation) {
        set.push(Component::Policy, policy, Placeholders::new())?;
    }
    let unbound = |root: &str| RenderError::Unbound { cluster: primary.clone(), root: root.to_owned() };
    let trusted = trust::record(federation, bound).map_err(unbound)?;
    set.push(Component::Trust, trusted, Placeholders::new())?;
    if let Some(Some(gateway)) = federation.own().primaries.get(primary) {
        for object in exports::objects(federation, gateway) {
            set.push(Component::Export, object, Placeholders::new())?;
        }
    }
    for object in imports::objects(federation) {
        set.push(Component::Import, object, Placeholders::new())?;
    }
    Ok(set)
}

/// What others check against. A cluster that joined has no dot in its name.
fn record(federation: &ValidatedFederation) -> Value {
    let data = BTreeMap::from([(MEMBER_KEY, federation.record().to_text())]);
    managed(json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": format!("terraform-provider-istio-member-federation.{}", federation.name()),
            "namespace": federation.own().namespace,
            "labels": {MEMBER_LABEL: MemberKind::Federation.label()},
        },
        "data": data,
    }))
}

/// The name of what a federation has once.
fn name_of(federation: &ValidatedFederation) -> String {
    format!("{FEDERATION_PREFIX}{}", federation.name())
}

/// The name of what belongs to one of its exports or imports.
fn name_of_share(federation: &ValidatedFederation, share: &ShareName) -> String {
    format!("{}.{share}", name_of(federation))
}
