//! The clusters that a refresh can read.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::channel::oneshot;
use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics};
use tokio::time::{Instant, timeout_at};

use super::place::Place;
use super::recorded::Recorded;
use crate::clusters::{self, OnUnreachable};
use crate::diagnostics;
use crate::mesh::ClusterFacts;
use crate::observe::{self, Namespaces, Objects, Snapshot};
use crate::provider_data::ProviderData;
use crate::rollout::Target;

/// What it means that a cluster is left out.
pub(super) const KEPT: &str =
    "State keeps what it has about this cluster; changes in the cluster are not detected.";

/// A cluster that answers, and what it says of itself.
pub struct Reached {
    /// The cluster.
    pub target: Target,
    /// What it says of itself.
    pub facts: ClusterFacts,
    /// Namespaces that were read on the way.
    pub(super) namespaces: Namespaces,
    /// What its status is judged by, once the refresh has read it.
    pub snapshot: Snapshot,
    /// How the refresh hands that over.
    pub(super) promise: oneshot::Sender<Arc<Objects>>,
}

/// Until when a refresh may read.
#[derive(Clone, Copy, Debug)]
pub struct ReadTime {
    /// What the configuration says.
    pub timeout: Duration,
    /// When that is over.
    pub deadline: Instant,
}

impl ReadTime {
    /// From now on.
    pub fn begin(timeout: Duration) -> Self {
        Self { timeout, deadline: Instant::now() + timeout }
    }

    /// What `reading` gives, or the error that it took too long.
    pub(super) async fn limit<T, E>(
        self,
        reading: impl Future<Output = Result<T, E>>,
        late: impl FnOnce(Diagnostic) -> E,
        label: &str,
        place: Place,
    ) -> Result<T, E> {
        let outcome = timeout_at(self.deadline, reading).await;
        outcome.unwrap_or_else(|_| Err(late(timed_out(label, self.timeout, place))))
    }
}

/// Why a cluster could not be read.
enum Skipped {
    /// State stays as it is, with a warning.
    Kept(Diagnostic),
    /// The refresh fails.
    Failed(Diagnostic),
}

/// The clusters of a resource that answer; a warning for each of those that may be left as they are.
///
/// # Errors
/// A cluster does not answer, or is another one.
pub async fn reach(
    recorded: &Recorded,
    data: &ProviderData,
    time: ReadTime,
    place: Place,
) -> Result<(Vec<Reached>, Diagnostics), Diagnostics> {
    let own = recorded.cluster_uids.keys().map(String::as_str);
    data.first_look.begin(&data.clusters, own, &recorded.namespace);
    let reaching = recorded.cluster_uids.iter().map(|(label, known)| async move {
        time.limit(reach_one(label, known, recorded, data, place), Skipped::Failed, label, place).await
    });
    let (mut reached, mut warnings, mut errors) = (Vec::new(), Diagnostics::new(), Diagnostics::new());
    for outcome in join_all(reaching).await {
        match outcome {
            Ok(cluster) => reached.push(cluster),
            Err(Skipped::Kept(warning)) => warnings.push(warning),
            Err(Skipped::Failed(error)) => errors.push(error),
        }
    }
    errors.into_result().map(|()| (reached, warnings))
}

async fn reach_one(
    label: &str,
    known: &str,
    recorded: &Recorded,
    data: &ProviderData,
    place: Place,
) -> Result<Reached, Skipped> {
    let unusable = |error| skipped(label, &error, data, place);
    let cluster = data.clusters.get(label).await.map_err(unusable)?;
    let own = recorded.objects.keys().filter(|id| id.cluster == label && id.kind == "Namespace");
    let own: BTreeSet<&str> = own.map(|id| id.name.as_str()).chain([recorded.namespace.as_str()]).collect();
    let found = observe::known_facts_with_namespaces(&cluster, own).await;
    let (facts, namespaces) = found.map_err(unusable)?;
    cluster.check_uid(known, &facts.uid).map_err(unusable)?;
    let target = data.engines.target(&cluster, &facts.uid, &recorded.owner(), &recorded.namespace);
    let (promise, snapshot) = Snapshot::promised(&cluster);
    let snapshot = snapshot.sharing(&data.answers);
    Ok(Reached { target, facts, namespaces, snapshot, promise })
}

fn skipped(label: &str, error: &clusters::Error, data: &ProviderData, place: Place) -> Skipped {
    let on_unreachable = data.clusters.block(label).map(|block| block.on_unreachable).unwrap_or_default();
    let is_kept = match error {
        clusters::Error::NotYetKnown { .. } => true,
        error => error.is_no_answer() && on_unreachable != OnUnreachable::Error,
    };
    if is_kept {
        Skipped::Kept(diagnostics::cluster_skipped(error, Some(place(label)), KEPT))
    } else {
        let mut failure = diagnostics::cluster(error, Some(place(label)));
        if error.is_no_answer() && !matches!(error, clusters::Error::AnotherCluster { .. }) {
            failure.detail.push_str(
                "\n\n\
                 To continue without the cluster, set on_unreachable in its cluster block: \"keep\" leaves state as it is, \
                 \"abandon\" declares the cluster permanently gone.",
            );
        }
        Skipped::Failed(failure)
    }
}

fn timed_out(label: &str, timeout: Duration, place: Place) -> Diagnostic {
    let summary = format!("Cluster {label:?}: reading took longer than {timeout:.0?}");
    let detail =
        "State is unchanged. Increase read in the timeouts block, or check what slows down the API server.";
    Diagnostic::error(summary, detail).at(place(label))
}
