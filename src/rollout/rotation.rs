//! The exchange of the token by which other clusters read one: the former token works until every istiod that reads the cluster has done
//! so with the next one. Kubernetes refuses a token as soon as its Secret is deleted.

use std::time::{Duration, Instant};

use ssa::Progress;
use tokio_util::sync::CancellationToken;

use super::RolloutError;
use super::run::Run;
use super::target::Target;
use crate::desired::{Component, ManifestSet, object};
use crate::mesh::ClusterName;
use crate::mesh::well_known::READER_TOKEN_PREFIX;
use crate::observe::{self, Replica, Snapshot};

/// How long istiod may take to notice a remote secret that has changed. Until then it says that it has read the cluster, with the former
/// token.
const NOTICED: Duration = Duration::from_secs(5);
/// How long it may then take to read the cluster: it gives up after half a minute, and tries on.
const READ: Duration = Duration::from_mins(2);
const PAUSE: Duration = Duration::from_secs(1);

/// The Secret with the token by which others shall read the cluster of this set.
pub(super) fn token_secret(set: &ManifestSet) -> Option<&str> {
    let is_token = |object: &serde_json::Value| object::kind(object) == "Secret";
    let mut tokens = set.manifests().iter().filter(|it| it.component == Component::Reader);
    tokens.find(|it| is_token(&it.object))?.object["metadata"]["name"].as_str()
}

/// Whether another token than the one that others shall read the cluster with is on record.
pub(super) fn is_under_way(run: &Run<'_>) -> bool {
    let Some(wanted) = token_secret(&run.installation.set) else { return false };
    let mut secrets = run.inventory.entries().keys().filter(|id| id.kind == "Secret");
    secrets.any(|id| id.name.starts_with(READER_TOKEN_PREFIX) && id.name != wanted)
}

/// Waits until every istiod in `target` has read these clusters, with the tokens that were written into its remote secrets just now.
pub(super) async fn are_read(
    target: &Target,
    clusters: &[ClusterName],
    left: Duration,
    cancel: &CancellationToken,
) -> Result<(), RolloutError> {
    if clusters.is_empty() {
        return Ok(());
    }
    let (began, mut pause) = (Instant::now(), NOTICED);
    let mut progress = Progress::begin(target.cluster.name());
    loop {
        tokio::select! {
            () = cancel.cancelled() => return Err(RolloutError::Cancelled),
            () = tokio::time::sleep(pause) => pause = PAUSE,
        }
        let Some(reason) = unread(target, clusters).await else { return Ok(()) };
        if began.elapsed() >= READ.min(left) {
            return Err(RolloutError::NotReadAgain { waited: began.elapsed(), reason });
        }
        progress.waits_for(&reason);
    }
}

/// Which cluster istiod has not read.
async fn unread(target: &Target, clusters: &[ClusterName]) -> Option<String> {
    let snapshot = Snapshot::of(&target.cluster);
    match observe::replicas(&snapshot, &target.inventory.namespace).await {
        Ok(Ok(replicas)) => behind(clusters, &replicas),
        Ok(Err(reason)) => Some(format!("istiod could not be queried: {reason}")),
        Err(error) => Some(error.to_string()),
    }
}

/// Which cluster a pod of istiod has not read. Without a pod, nobody uses a former token.
fn behind(clusters: &[ClusterName], replicas: &[Replica]) -> Option<String> {
    let said = clusters.iter().flat_map(|cluster| {
        replicas.iter().map(move |replica| (cluster, replica.clusters.get(cluster.as_str())))
    });
    let mut unread = said.filter(|(_, said)| said.is_none_or(|said| said != "synced"));
    unread.next().map(|(cluster, said)| {
        let said = said.map_or("unknown to it", String::as_str);
        format!("istiod has not read {:?} with the next token yet ({said})", cluster.as_str())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replica(clusters: &[(&str, &str)]) -> Replica {
        let clusters = clusters.iter().map(|(name, said)| ((*name).to_owned(), (*said).to_owned()));
        Replica { clusters: clusters.collect(), ..Replica::default() }
    }

    #[test]
    fn every_pod_of_istiod_has_to_have_read_every_cluster() {
        let clusters: Vec<ClusterName> = ["edge", "branch"].map(|name| name.parse().unwrap()).into();
        let both = replica(&[("edge", "synced"), ("branch", "synced"), ("west", "timeout")]);
        assert_eq!(behind(&clusters, std::slice::from_ref(&both)), None);
        assert_eq!(behind(&clusters, &[]), None);
        for other in [replica(&[("edge", "synced"), ("branch", "syncing")]), replica(&[("edge", "synced")])] {
            let said = behind(&clusters, &[both.clone(), other]).expect("one is behind");
            assert!(said.contains("\"branch\""), "{said}");
        }
    }
}
