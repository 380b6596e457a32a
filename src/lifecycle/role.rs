//! A cluster is a primary of a mesh, or it is served by primaries. Either needs the mesh's namespace, webhook and Service of istiod for
//! itself, and in one apply the former go before the latter come: pods would start without a proxy meanwhile, so it takes two.

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use crate::clusters::Cluster;
use crate::rollout::{Engines, Owner, OwnerKind};

/// What a cluster is to a mesh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It has a control plane.
    Primary,
    /// Primaries serve it.
    Remote,
}

impl Role {
    /// The inventory that a cluster with this label has in the other role.
    fn other(self, label: &str) -> Owner {
        match self {
            Self::Primary => Owner::new(OwnerKind::RemoteCluster(label.to_owned()), ""),
            Self::Remote => Owner::mesh(""),
        }
    }

    /// What is said of a cluster that is to have this role and has the other one.
    fn refusal(self, label: &str, path: AttributePath) -> Diagnostic {
        let (is, leaves, needs, joins) = match self {
            Self::Primary => (
                "a remote cluster of a mesh",
                "the istio_remote_cluster",
                "its primary block",
                "Add the primary block",
            ),
            Self::Remote => (
                "a primary of a mesh",
                "its primary block from the istio_mesh",
                "its istio_remote_cluster",
                "Add the istio_remote_cluster",
            ),
        };
        let detail = format!(
            "A cluster changes its role in two applies. In one, pods would start without a proxy after the former webhook is deleted and \
             before the new one exists. Nothing was written to any cluster.\n\n\
             1. Remove {leaves}, leave out {needs}, and apply. The cluster leaves the mesh, which is rejected as long as its pods have \
             proxies of the mesh: move these workloads first.\n\
             2. {joins}, and apply again."
        );
        Diagnostic::error(format!("Cluster {label:?} is {is}"), detail).at(path)
    }
}

/// Whether clusters that are to have this role from now on have the other one, in the mesh's `namespace`. What cannot be read is the
/// matter of the apply, which claims a record in each before it writes.
///
/// # Errors
/// Some have.
pub async fn check_role<'a>(
    role: Role,
    clusters: impl Iterator<Item = &'a Cluster>,
    namespace: &str,
    place: fn(&str) -> AttributePath,
    (engines, cancel): (&Engines, &CancellationToken),
) -> Result<(), Diagnostics> {
    let looks = clusters.map(|cluster| async move {
        let label = cluster.name();
        let target = engines.target(cluster, "", &role.other(label), namespace);
        target.record(cancel).await.ok().flatten()?;
        Some(role.refusal(label, place(label)))
    });
    join_all(looks).await.into_iter().flatten().collect::<Diagnostics>().into_result()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_from_one_role_to_the_other_name_what_goes_first() {
        let said = |role: Role| role.refusal("west", AttributePath::root());
        let to_remote = said(Role::Remote);
        assert_eq!(to_remote.summary, "Cluster \"west\" is a primary of a mesh");
        let steps = [
            "1. Remove its primary block from the istio_mesh",
            "2. Add the istio_remote_cluster, and apply again.",
        ];
        assert!(steps.iter().all(|step| to_remote.detail.contains(step)), "{}", to_remote.detail);
        let to_primary = said(Role::Primary);
        assert_eq!(to_primary.summary, "Cluster \"west\" is a remote cluster of a mesh");
        let steps = ["1. Remove the istio_remote_cluster", "2. Add the primary block, and apply again."];
        assert!(steps.iter().all(|step| to_primary.detail.contains(step)), "{}", to_primary.detail);
    }

    #[test]
    fn each_role_is_known_by_the_inventory_of_the_other() {
        assert_eq!(Role::Remote.other("west").inventory(), "terraform-provider-istio-mesh");
        assert_eq!(Role::Primary.other("west").inventory(), "terraform-provider-istio-remote-west");
    }
}
