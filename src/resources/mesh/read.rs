//! Refresh: the objects and field paths that state names, as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::{join, join_all};
use futures::{StreamExt as _, stream};
use ssa::Observation;
use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::documents;
use super::field_maps::{self, Objects, texts};
use super::model::MeshModel;
use super::plan::primary;
use super::problems::Problem;
use super::recorded::Recorded;
use super::status;
use crate::clusters::{self, Cluster, WhenUnreachable};
use crate::diagnostics;
use crate::manifests::{FingerprintKey, ObjectId, read_back};
use crate::mesh::ClusterFacts;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::Target;

/// Of so many clusters the whole objects are in memory at the same time; what is kept of them is far smaller.
const READ_AT_ONCE: usize = 4;

/// A cluster that answers, and what it says of itself.
struct Met {
    cluster: Cluster,
    facts: ClusterFacts,
}

/// Why a cluster could not be read.
enum Unread {
    /// State stays as it is, with a warning.
    Kept(Diagnostic),
    /// The refresh fails.
    Failed(Diagnostic),
}

/// Brings `state` up to date.
pub async fn read(
    mut state: MeshModel,
    key: &FingerprintKey,
    data: &ProviderData,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(MeshModel, Diagnostics), Diagnostics> {
    let mut recorded = Recorded::of(&state);
    let namespace = state.namespace.as_known().cloned().unwrap_or_default();
    let deadline = Instant::now() + timeout;
    let (met, mut warnings) = meet_all(&recorded, data, deadline, timeout).await?;
    let clusters: Vec<Cluster> = met.iter().map(|met| met.cluster.clone()).collect();
    let readings = met.iter().map(|met| {
        let objects = recorded_objects(met, &namespace, &recorded, key, cancel);
        async move {
            let late = |_| Err(timed_out(met.cluster.name(), timeout));
            timeout_at(deadline, objects).await.unwrap_or_else(late)
        }
    });
    let readings = stream::iter(readings.collect::<Vec<_>>()).buffered(READ_AT_ONCE).collect::<Vec<_>>();
    let (readings, observed) = join(readings, status::observe(&state, &state.status, &clusters)).await;
    let mut errors = Diagnostics::new();
    for (Met { cluster, facts }, objects) in met.into_iter().zip(readings) {
        match objects {
            Ok(objects) => {
                let label = cluster.name().to_owned();
                recorded.objects.retain(|id, _| id.cluster != label);
                recorded.objects.extend(objects);
                recorded.cluster_uids.insert(label.clone(), facts.uid);
                recorded.kubernetes_versions.insert(label, facts.kubernetes_version);
            }
            Err(error) => errors.push(error),
        }
    }
    errors.into_result()?;
    state.manifests = field_maps::state(recorded.objects);
    state.cluster_uids = texts(recorded.cluster_uids);
    state.kubernetes_versions = texts(recorded.kubernetes_versions);
    warnings.extend(observed.warnings);
    warnings.extend(observed.status.problems().into_iter().map(Problem::warning));
    (state.join, state.peer) = documents::observed(&state, &observed.status, &observed.roots);
    state.status = Field::Known(observed.status);
    Ok((state, warnings))
}

/// The clusters of the mesh that answer; a warning for each of those that may be left as they are.
async fn meet_all(
    recorded: &Recorded,
    data: &ProviderData,
    deadline: Instant,
    timeout: Duration,
) -> Result<(Vec<Met>, Diagnostics), Diagnostics> {
    let meetings = recorded.cluster_uids.iter().map(|(label, known)| async move {
        let late = |_| Err(Unread::Failed(timed_out(label, timeout)));
        timeout_at(deadline, meet(label, known, data)).await.unwrap_or_else(late)
    });
    let (mut met, mut warnings, mut errors) = (Vec::new(), Diagnostics::new(), Diagnostics::new());
    for meeting in join_all(meetings).await {
        match meeting {
            Ok(cluster) => met.push(cluster),
            Err(Unread::Kept(warning)) => warnings.push(warning),
            Err(Unread::Failed(error)) => errors.push(error),
        }
    }
    errors.into_result().map(|()| (met, warnings))
}

async fn meet(label: &str, known: &str, data: &ProviderData) -> Result<Met, Unread> {
    let unusable = |error| unread(label, &error, data);
    let cluster = data.clusters.get(label).await.map_err(unusable)?;
    let facts = observe::facts(&cluster).await.map_err(unusable)?;
    cluster.check_uid(known, &facts.uid).map_err(unusable)?;
    Ok(Met { cluster, facts })
}

/// The objects that state knows in this cluster, as they are now.
async fn recorded_objects(
    met: &Met,
    namespace: &str,
    recorded: &Recorded,
    key: &FingerprintKey,
    cancel: &CancellationToken,
) -> Result<Objects, Diagnostic> {
    let label = met.cluster.name();
    if recorded.cluster_uids.get(label) != Some(&met.facts.uid) {
        // The block says that the cluster of before is gone, and everything in it with it.
        return Ok(Objects::new());
    }
    let wanted = recorded.objects.iter().filter(|(id, _)| id.cluster == label);
    let wanted: Objects = wanted.map(|(id, fields)| (id.clone(), fields.clone())).collect();
    read_objects(&met.cluster, namespace, &wanted, key, cancel).await
}

/// The live fields of those of `wanted` that exist.
pub async fn read_objects(
    cluster: &Cluster,
    namespace: &str,
    wanted: &Objects,
    key: &FingerprintKey,
    cancel: &CancellationToken,
) -> Result<Objects, Diagnostic> {
    let ids: BTreeMap<ssa::ObjectId, &ObjectId> = wanted.keys().map(|id| (kubernetes_id(id), id)).collect();
    let asked: BTreeSet<ssa::ObjectId> = ids.keys().cloned().collect();
    let mut objects = Objects::new();
    for (asked, observation) in Target::new(cluster, namespace).engine.observe(&asked, cancel).await {
        let Some((id, fields)) = ids.get(&asked).and_then(|id| wanted.get_key_value(*id)) else { continue };
        match observation {
            Observation::Found(live) => {
                objects.insert(id.clone(), read_back(live.value(), fields, key));
            }
            Observation::Absent => {}
            Observation::Unknown(error) => return Err(cannot_read(cluster.name(), &asked, &error)),
        }
    }
    Ok(objects)
}

/// The id without the cluster.
pub fn kubernetes_id(id: &ObjectId) -> ssa::ObjectId {
    ssa::ObjectId {
        group: id.group.clone(),
        kind: id.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    }
}

fn unread(label: &str, error: &clusters::Error, data: &ProviderData) -> Unread {
    let when_unreachable = data.clusters.block(label).map(|block| block.unreachable).unwrap_or_default();
    let is_kept = match error {
        clusters::Error::NotYetKnown { .. } => true,
        error => error.is_unreachable() && when_unreachable != WhenUnreachable::Error,
    };
    if is_kept {
        let consequence = "State keeps what it says about this cluster; changes in it are not seen.";
        Unread::Kept(diagnostics::cluster_skipped(error, Some(primary(label)), consequence))
    } else {
        Unread::Failed(diagnostics::cluster(error, Some(primary(label))))
    }
}

pub fn cannot_read(label: &str, id: &ssa::ObjectId, error: &ssa::RequestError) -> Diagnostic {
    let summary = format!("Cluster {label:?}: cannot read {id}");
    let way_out = if error.is_forbidden() {
        "Grant the identity of the cluster block get and list on this kind: refresh and plan need nothing more."
    } else {
        "State is unchanged; run the same command again."
    };
    diagnostics::failure(summary, error, way_out, Some(primary(label)))
}

fn timed_out(label: &str, timeout: Duration) -> Diagnostic {
    let summary = format!("Cluster {label:?}: reading took longer than {timeout:.0?}");
    let detail =
        "State is unchanged. Raise read in the timeouts block, or look at what slows the API server down.";
    Diagnostic::error(summary, detail).at(primary(label))
}
