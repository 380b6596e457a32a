//! Before istiod of a newer minor release starts: whether remote clusters let it do there what that release needs.
//!
//! The role by which istiod reads a remote cluster was written by the last apply of that cluster, maybe in another workspace and by an
//! earlier release of the provider. Where one permission is missing, the new istiod never counts the cluster as read.

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics};

use super::model::MeshModel;
use super::place::primary;
use super::running_config::minor;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::mesh::well_known::remote_secret_name;
use crate::mesh::{Injector, MemberKind, MemberRecord, Permission, ValidatedMesh, permissions_of_release};
use crate::observe::{self, RemoteSecret, Snapshot};

/// Asks every remote cluster of these primaries, as istiod, if the release of the primary is a newer minor release than before. What
/// could not be asked is a warning: a cluster that is down does not hold up the others.
///
/// # Errors
/// A permission is missing. Nothing was written.
pub async fn check(
    prior: Option<&MeshModel>,
    mesh: &ValidatedMesh,
    primaries: &[Cluster],
) -> Result<Diagnostics, Diagnostics> {
    let newer = primaries.iter().filter_map(|cluster| {
        let before = prior.filter(|prior| prior.primary(cluster.name()).is_some())?;
        let (_, planned) = mesh.primaries().iter().find(|(name, _)| name.as_str() == cluster.name())?;
        let release = planned.member().version().minor().1;
        (minor(before, cluster.name()) < release).then_some((cluster, release))
    });
    let namespace = mesh.namespace().as_str();
    let asked = join_all(newer.map(|(cluster, release)| remotes(cluster, namespace, release))).await;
    let said: Diagnostics = asked.into_iter().flatten().collect();
    if said.has_errors() { Err(said) } else { Ok(said) }
}

/// What is to be said of the remote clusters that this primary reads.
async fn remotes(cluster: &Cluster, namespace: &str, release: u64) -> Vec<Diagnostic> {
    let unseen = |error: &clusters::Error| {
        let consequence =
            "Could not check whether remote clusters permit what the new release of istiod needs.";
        vec![diagnostics::cluster_skipped(error, Some(primary(cluster.name())), consequence)]
    };
    let members = match observe::members(cluster, namespace).await {
        Ok(members) => members,
        Err(error) => return unseen(&error),
    };
    let members: Vec<MemberRecord> =
        members.into_iter().flatten().filter(|it| it.kind == MemberKind::RemoteCluster).collect();
    if members.is_empty() {
        return Vec::new();
    }
    let secrets = match observe::remote_secrets(&Snapshot::of(cluster), namespace).await {
        Ok(secrets) => secrets,
        Err(error) => return unseen(&error),
    };
    let asked = members.iter().map(async |member| {
        let name = member.name.parse().ok()?;
        // A link without one is what status and plan name.
        let RemoteSecret::Usable(access) = secrets.get(&remote_secret_name(&name), &member.name) else {
            return None;
        };
        let injector = injector_by(member, cluster.name());
        let needed = permissions_of_release(namespace, release, injector);
        match access.not_permitted(&member.name, needed).await {
            Ok(denied) if denied.is_empty() => None,
            Ok(denied) => Some(refusal(cluster.name(), &member.name, release, &denied)),
            Err(error) => unseen(&error).pop(),
        }
    });
    join_all(asked).await.into_iter().flatten().collect()
}

/// A primary that does not serve a cluster writes nothing there, as in one that injects its own proxies.
fn injector_by(member: &MemberRecord, primary: &str) -> Injector {
    if member.primaries.contains(primary) { member.injector } else { Injector::Local }
}

fn refusal(label: &str, remote: &str, release: u64, denied: &[Permission]) -> Diagnostic {
    let noun = if denied.len() == 1 { "a permission" } else { "permissions" };
    let summary =
        format!("Cluster {remote:?} does not give istiod of {label:?} {noun} that release 1.{release} needs");
    let texts: Vec<String> = denied.iter().map(ToString::to_string).collect();
    let detail = format!(
        "{}\n\nThe account istio-mesh-reader of cluster {remote:?} was given its permissions by an earlier release of the provider, or \
         something else changed its ClusterRole. Without them, the new istiod does not read the cluster, or no longer serves it. Apply \
         the istio_remote_cluster of {remote:?} while version of the mesh is still as it was; that writes the role. Then change version. \
         Nothing was changed in any cluster.",
        diagnostics::lines(texts.iter().map(String::as_str))
    );
    Diagnostic::error(summary, detail).at(primary(label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_both_clusters_and_what_is_missing() {
        let denied = permissions_of_release("istio-system", 31, Injector::Local);
        let said = refusal("east", "edge", 32, &denied[..1]);
        let summary =
            "Cluster \"edge\" does not give istiod of \"east\" a permission that release 1.32 needs";
        assert_eq!(said.summary, summary);
        assert!(said.detail.starts_with("list namespaces\n\n"), "{}", said.detail);
    }

    #[test]
    fn a_primary_that_only_reads_a_cluster_needs_no_permission_to_write_there() {
        let mut member = MemberRecord::new(MemberKind::RemoteCluster, "edge");
        member.primaries.insert("east".to_owned());
        assert_eq!(injector_by(&member, "east"), Injector::Primary);
        assert_eq!(injector_by(&member, "west"), Injector::Local);
        member.injector = Injector::Local;
        assert_eq!(injector_by(&member, "east"), Injector::Local);
    }
}
