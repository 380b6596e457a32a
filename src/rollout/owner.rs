//! Who owns what the provider makes in a cluster: one resource of one state.

use std::fmt;

use crate::mesh::MESH_INVENTORY;
pub use crate::mesh::well_known::OWNER_LABEL;

/// The annotation of what outlives its owner: the release of Istio's charts that it comes from.
pub const RELEASE_ANNOTATION: &str = "terraform-provider-istio/release";
/// How much of the identity is in the label.
const LABEL_DIGITS: usize = 16;
/// How the names of the inventories of remote clusters and of federations begin.
const REMOTE_PREFIX: &str = "terraform-provider-istio-remote-";
const FEDERATION_PREFIX: &str = "terraform-provider-istio-federation-";

/// A resource that owns objects: it writes to, prunes and deletes only what bears its label, and keeps an inventory of that in
/// every cluster where it has something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    kind: OwnerKind,
    id: String,
}

/// What kind of resource owns objects, with the name that is its own in a primary cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum OwnerKind {
    /// `istio_mesh`. A namespace has at most one.
    #[default]
    Mesh,
    /// `istio_remote_cluster`, by the cluster's label.
    RemoteCluster(String),
    /// `istio_mesh_federation`, by its name.
    Federation(String),
}

impl Owner {
    /// The resource of this kind with this identity (the attribute `id`).
    pub fn new(kind: OwnerKind, id: &str) -> Self {
        Self { kind, id: id.to_owned() }
    }

    /// The mesh with this identity.
    pub fn mesh(id: &str) -> Self {
        Self::new(OwnerKind::Mesh, id)
    }

    /// What kind of resource it is.
    pub fn kind(&self) -> &OwnerKind {
        &self.kind
    }

    /// Its identity.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The value of [`OWNER_LABEL`].
    pub fn label(&self) -> String {
        self.id.chars().take(LABEL_DIGITS).collect()
    }

    /// The name of its inventory's ConfigMap.
    pub fn inventory(&self) -> String {
        match &self.kind {
            OwnerKind::Mesh => MESH_INVENTORY.to_owned(),
            OwnerKind::RemoteCluster(label) => format!("{REMOTE_PREFIX}{label}"),
            OwnerKind::Federation(name) => format!("{FEDERATION_PREFIX}{name}"),
        }
    }
}

impl OwnerKind {
    /// Of what kind the owner is whose inventory has this name; `None` if it is no name of an inventory.
    pub fn of_inventory(name: &str) -> Option<Self> {
        if name == MESH_INVENTORY {
            return Some(Self::Mesh);
        }
        let remote = name.strip_prefix(REMOTE_PREFIX).map(|label| Self::RemoteCluster(label.to_owned()));
        remote.or_else(|| Some(Self::Federation(name.strip_prefix(FEDERATION_PREFIX)?.to_owned())))
    }

    /// The noun for one of them.
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::RemoteCluster(_) => "remote cluster",
            Self::Federation(_) => "federation",
        }
    }

    /// The command that imports one of them, with what is the user's to fill in.
    pub fn import_command(&self) -> String {
        let id = match self {
            Self::Mesh => "<mesh_id>@<cluster>,…".to_owned(),
            Self::RemoteCluster(name) | Self::Federation(name) => format!("<mesh_id>/{name}@<primary>"),
        };
        format!("terraform import {self}.NAME '{id}'")
    }

    /// What may be chosen otherwise where another one is in the way.
    pub fn elsewhere(&self) -> &'static str {
        match self {
            Self::Mesh => "another cluster, or another namespace for the mesh",
            Self::RemoteCluster(_) => "another cluster",
            Self::Federation(_) => "another name for the federation",
        }
    }
}

impl fmt::Display for OwnerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mesh => "istio_mesh",
            Self::RemoteCluster(_) => "istio_remote_cluster",
            Self::Federation(_) => "istio_mesh_federation",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_resource_has_a_label_and_an_inventory_of_its_own() {
        let mesh = Owner::mesh("0123456789abcdef0123456789abcdef");
        assert_eq!(mesh.label(), "0123456789abcdef");
        assert_eq!(mesh.inventory(), "terraform-provider-istio-mesh");
        for kind in [OwnerKind::Mesh, OwnerKind::RemoteCluster("a".into()), OwnerKind::Federation("a".into())]
        {
            let inventory = Owner::new(kind.clone(), "1").inventory();
            assert_eq!(OwnerKind::of_inventory(&inventory), Some(kind));
        }
        assert_eq!(OwnerKind::of_inventory("terraform-provider-istio-member-edge"), None);
        let remote = Owner::new(OwnerKind::RemoteCluster("edge".to_owned()), "1");
        assert_eq!(remote.inventory(), "terraform-provider-istio-remote-edge");
        let federation = Owner::new(OwnerKind::Federation("partners".to_owned()), "2");
        assert_eq!(federation.inventory(), "terraform-provider-istio-federation-partners");
    }

    #[test]
    fn every_resource_is_called_and_imported_by_its_own_name() {
        let remote = OwnerKind::RemoteCluster("edge".to_owned());
        let federation = OwnerKind::Federation("partners".to_owned());
        assert_eq!(
            [OwnerKind::Mesh, remote, federation].map(|kind| (kind.noun(), kind.import_command())),
            [
                ("mesh", "terraform import istio_mesh.NAME '<mesh_id>@<cluster>,…'".to_owned()),
                (
                    "remote cluster",
                    "terraform import istio_remote_cluster.NAME '<mesh_id>/edge@<primary>'".to_owned()
                ),
                (
                    "federation",
                    "terraform import istio_mesh_federation.NAME '<mesh_id>/partners@<primary>'".to_owned()
                ),
            ]
        );
    }
}
