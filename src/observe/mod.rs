//! What rendering needs to know of clusters, read from them as plain values.

mod answers;
mod authority;
mod control_plane;
mod debug;
mod definitions;
mod gateway;
mod installed;
mod istio_resources;
mod istiods;
mod labelled_gateways;
mod listeners;
mod members;
mod namespaces;
mod page;
mod pods;
mod proxies;
mod reader;
mod remote_access;
mod selecting_gateways;
mod served;
mod services;
mod shared_mesh_config;
mod snapshot;

use std::collections::BTreeMap;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use futures::future::{join_all, try_join};

use crate::clusters::{Cluster, Clusters, Error, Reason};
use crate::mesh::ClusterFacts;

pub use answers::Answers;
pub use authority::{
    CertificateFiles, HeldCertificates, authority, authority_scope, certificates, certificates_scope, roots,
};
pub use control_plane::{
    ControlPlane, KnownGateway, Replica, RunningMeshConfig, control_plane, control_plane_scope, leader_scope,
    replicas,
};
pub use definitions::definitions_in_use;
pub use gateway::{
    AddressSource, Gateway, GatewayPods, gateway, gateway_scope, load_balancer, load_balancer_scope,
    service_addresses,
};
pub use installed::{Installed, InstalledError, installed};
pub use istio_resources::istio_resources;
pub use istiods::{mesh_configs, trusted_certificates};
pub use labelled_gateways::{NetworkGateway, labelled_gateways};
pub use listeners::{Listeners, Proxies, listeners};
pub use members::members;
pub use namespaces::{FirstLook, Namespaces, known_facts_with_namespaces, namespace_labels};
pub use page::join_page;
pub use proxies::{ControlPlaneName, Workload, proxies};
pub use reader::Forbidden;
pub use remote_access::{
    Refusal, RemoteAccess, RemoteSecret, RemoteSecrets, remote_access_scope, remote_secrets, token,
};
pub use selecting_gateways::selecting_gateways;
pub use served::{Served, served, served_scope};
pub use services::selector;
pub use shared_mesh_config::{SharedMeshConfigRecords, shared_mesh_config, shared_mesh_config_scope};
pub use snapshot::{Labelled, ObjectName, Objects, Scope, Snapshot};

/// How often a read is tried again when the server or the connection to it fails for a moment.
const AGAIN: usize = 2;
/// Before the second attempt; the third one waits twice as long.
const DELAY: Duration = Duration::from_millis(500);

/// The facts of one cluster as they are now. Needs the rights to get the namespace `kube-system` and `/version`; every
/// authenticated user has the second.
pub async fn facts(cluster: &Cluster) -> Result<ClusterFacts, Error> {
    let (uid, kubernetes_version) =
        try_join(retried(|| cluster.uid()), retried(|| kubernetes_version(cluster))).await?;
    let facts = ClusterFacts { uid, kubernetes_version };
    cluster.note_facts(&facts);
    Ok(facts)
}

/// The facts of one cluster as this process has read them first: one plan sees one cluster, whatever of it is in there. Before it
/// writes, an apply asks for the [`facts`] of now.
pub async fn known_facts(cluster: &Cluster) -> Result<ClusterFacts, Error> {
    cluster.facts_once(|| facts(cluster)).await
}

/// The facts of the clusters with these labels, all read at the same time. One that fails leaves the others be.
pub async fn facts_of(
    clusters: &Clusters,
    names: impl IntoIterator<Item = &str>,
) -> BTreeMap<String, Result<ClusterFacts, Error>> {
    let reads = names.into_iter().map(async |name| {
        let facts = match clusters.get(name).await {
            Ok(cluster) => facts(&cluster).await,
            Err(error) => Err(error),
        };
        (name.to_owned(), facts)
    });
    join_all(reads).await.into_iter().collect()
}

async fn kubernetes_version(cluster: &Cluster) -> Result<String, Error> {
    let version = cluster.client().apiserver_version().await.map_err(|error| cluster.error(error))?;
    Ok(version.git_version)
}

async fn retried<T, R: Future<Output = Result<T, Error>>>(read: impl Fn() -> R) -> Result<T, Error> {
    let pauses = ExponentialBuilder::new().with_min_delay(DELAY).with_max_times(AGAIN);
    read.retry(pauses)
        .when(is_passing)
        .notify(|error, _| tracing::debug!(%error, "reading a cluster's facts again"))
        .await
}

fn is_passing(error: &Error) -> bool {
    matches!(
        error,
        Error::Server { code: 429 | 500..=599, .. }
            | Error::Unreachable { reason: Reason::ConnectionLost, .. }
    )
}
