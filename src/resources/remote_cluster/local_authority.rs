//! What istiod of a cluster signs with that injects its own proxies: checked, or the root of it found, before anything is written.

use std::sync::Arc;

use tfplugin::{AttributePath, Diagnostic};

use super::place::cluster as place;
use crate::clusters::Cluster;
use crate::desired::ManifestSet;
use crate::diagnostics;
use crate::mesh::well_known::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::mesh::{LocalAuthority, ValidatedRemote};
use crate::provider_data::ProviderData;
use crate::rollout::{self, OwnerKind};
use crate::trust::{Certificate, ROOT_CERT, Root};

/// Where none of the provider's makes it, it is there already, and of the mesh's root.
///
/// # Errors
/// There is none, or workloads would not trust it.
pub async fn check_existing(
    remote: &ValidatedRemote,
    cluster: &Cluster,
    roots: &str,
) -> Result<(), Diagnostic> {
    if remote.local_authority() != Some(&LocalAuthority::Existing) {
        return Ok(());
    }
    let kept = rollout::kept_intermediate(cluster, remote.identity().namespace().as_str()).await;
    let kept = kept.map_err(|error| failed(cluster.name(), &error))?;
    let kept = kept.ok_or_else(|| is_missing(cluster.name()))?;
    let roots = roots_in(roots);
    if roots.is_empty() || roots.contains(kept.root()) { Ok(()) } else { Err(is_of_another(cluster.name())) }
}

/// The root of the mesh with its key, where the cluster lacks an intermediate of it.
///
/// # Errors
/// It is not where the mesh's document says.
pub async fn root(
    remote: &ValidatedRemote,
    set: &ManifestSet,
    roots: &str,
    data: &ProviderData,
) -> Result<Option<Arc<Root>>, Diagnostic> {
    let Some(LocalAuthority::Issued(keeper)) = remote.local_authority() else { return Ok(None) };
    if rollout::wanted_version(set).is_none() {
        return Ok(None);
    }
    let keeper = keeper.as_str();
    let mesh = || AttributePath::new("mesh");
    let cluster = data.clusters.get(keeper).await;
    let cluster = cluster.map_err(|error| diagnostics::cluster(&error, Some(mesh())))?;
    let kept = rollout::kept_root(&cluster, remote.identity().namespace().as_str()).await;
    let kept = kept.map_err(|error| diagnostics::rollout(keeper, &error, &OwnerKind::Mesh, Some(mesh())))?;
    let roots = roots_in(roots);
    let is_of_the_mesh = |root: &Root| roots.is_empty() || roots.contains(root.certificate());
    kept.filter(is_of_the_mesh).map(|root| Some(Arc::new(root))).ok_or_else(|| no_root(keeper))
}

fn roots_in(roots: &str) -> Vec<Certificate> {
    Certificate::parse_all(ROOT_CERT, roots.as_bytes()).unwrap_or_default()
}

fn failed(label: &str, error: &rollout::RolloutError) -> Diagnostic {
    diagnostics::rollout(label, error, &OwnerKind::RemoteCluster(label.to_owned()), Some(place(label)))
}

/// How else the cluster's proxies can be injected.
const OTHERWISE: &str = "or set injector = \"primary\". Nothing was written.";

fn is_missing(label: &str) -> Diagnostic {
    let summary =
        format!("Cluster {label:?}: there is no Secret {INTERMEDIATE_SECRET} in the mesh's namespace");
    let detail = format!(
        "With injector = \"local\", istiod in this cluster needs a certificate of the mesh's root, which the provider can only issue \
         where a cluster keeps the root's key (mode = \"generated\" without root_certificate). Create the Secret first, with an \
         intermediate certificate of the same root and its key, as for the primaries, {OTHERWISE}"
    );
    Diagnostic::error(summary, detail).at(AttributePath::new("injector"))
}

fn is_of_another(label: &str) -> Diagnostic {
    let summary =
        format!("Cluster {label:?}: the Secret {INTERMEDIATE_SECRET} is of another root than the mesh's");
    let detail = format!(
        "istiod in this cluster would tell proxies to trust its own root, so they would reject istiod of the primaries. Replace the \
         Secret by one with an intermediate certificate of the mesh's root, {OTHERWISE}"
    );
    Diagnostic::error(summary, detail).at(AttributePath::new("injector"))
}

fn no_root(keeper: &str) -> Diagnostic {
    let summary = format!("Cluster {keeper:?} does not keep the key of the mesh's root");
    let detail = format!(
        "The mesh's document says that the Secret {ROOT_SECRET} in its namespace does. With injector = \"local\", istiod in the remote \
         cluster needs a certificate of that root. Apply the mesh first, so that its document is up to date, {OTHERWISE}"
    );
    Diagnostic::error(summary, detail).at(AttributePath::new("mesh"))
}
