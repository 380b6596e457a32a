//! Refresh: the objects and field paths that state names, as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use ssa::Observation;
use tfplugin::{Diagnostic, Diagnostics, Field, Severity};
use tokio_util::sync::CancellationToken;

use super::field_maps::{self, Objects, texts};

use super::documents;
use super::model::MeshModel;
use super::plan::primary;
use super::recorded::Recorded;
use super::status;
use crate::clusters::{self, Cluster, WhenUnreachable};
use crate::diagnostics;
use crate::manifests::{FingerprintKey, ObjectId, read_back};
use crate::mesh::ClusterFacts;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::Target;

/// What a refresh found in one cluster.
struct Reading {
    cluster: Cluster,
    facts: ClusterFacts,
    objects: Objects,
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
    let labels: Vec<String> = recorded.cluster_uids.keys().cloned().collect();
    let readings = labels.iter().map(|label| {
        let reading = read_cluster(label, &namespace, &recorded, key, data, cancel);
        async move {
            let late = || Unread::Failed(timed_out(label, timeout));
            tokio::time::timeout(timeout, reading).await.unwrap_or_else(|_| Err(late()))
        }
    });
    let readings = join_all(readings).await;
    let (mut warnings, mut errors) = (Diagnostics::new(), Diagnostics::new());
    let mut clusters = Vec::new();
    for (label, reading) in labels.iter().zip(readings) {
        match reading {
            Ok(Reading { cluster, facts, objects }) => {
                clusters.push(cluster);
                recorded.objects.retain(|id, _| id.cluster != *label);
                recorded.objects.extend(objects);
                recorded.cluster_uids.insert(label.clone(), facts.uid);
                recorded.kubernetes_versions.insert(label.clone(), facts.kubernetes_version);
            }
            Err(Unread::Kept(warning)) => warnings.push(warning),
            Err(Unread::Failed(error)) => errors.push(error),
        }
    }
    errors.into_result()?;
    state.manifests = field_maps::state(recorded.objects);
    state.cluster_uids = texts(recorded.cluster_uids);
    state.kubernetes_versions = texts(recorded.kubernetes_versions);
    let observed = status::observe(&state, &clusters).await;
    warnings.extend(observed.warnings);
    let warning = |problem| Diagnostic { severity: Severity::Warning, ..problem };
    warnings.extend(observed.status.problems().into_iter().map(warning));
    (state.join, state.peer) = documents::observed(&state, &observed.status, &observed.roots);
    state.status = Field::Known(observed.status);
    Ok((state, warnings))
}

async fn read_cluster(
    label: &str,
    namespace: &str,
    recorded: &Recorded,
    key: &FingerprintKey,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Reading, Unread> {
    let unusable = |error| unread(label, &error, data);
    let cluster = data.clusters.get(label).await.map_err(unusable)?;
    let facts = observe::facts(&cluster).await.map_err(unusable)?;
    let known = recorded.cluster_uids.get(label).map(String::as_str).unwrap_or_default();
    cluster.check_uid(known, &facts.uid).map_err(unusable)?;
    if known != facts.uid {
        // The block says that the cluster of before is gone, and everything in it with it.
        return Ok(Reading { cluster, facts, objects: Objects::new() });
    }
    let wanted = recorded.objects.iter().filter(|(id, _)| id.cluster == label);
    let wanted: Objects = wanted.map(|(id, fields)| (id.clone(), fields.clone())).collect();
    let objects = read_objects(&cluster, namespace, &wanted, key, cancel).await;
    objects.map(|objects| Reading { cluster, facts, objects }).map_err(Unread::Failed)
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
