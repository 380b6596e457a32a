//! Refresh: the objects and field paths that state names, as they are now.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::{join, join_all};
use futures::{StreamExt as _, stream};
use ssa::Observation;
use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::book::Character;
use super::documents;
use super::field_maps::{self, Objects, texts};
use super::model::MeshModel;
use super::plan::primary;
use super::problems::Problem;
use super::recorded::Recorded;
use super::resume::{self, Found};
use super::status;
use crate::clusters::{self, Cluster, OnUnreachable};
use crate::diagnostics;
use crate::manifests::{Fields, FingerprintKey, ObjectId, flatten, read_back};
use crate::mesh::ClusterFacts;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::Target;

/// Of so many clusters the whole objects are in memory at the same time; what is kept of them is far smaller.
const READ_AT_ONCE: usize = 4;

/// A cluster that answers, and what it says of itself.
struct Met {
    target: Target,
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
    let deadline = Instant::now() + timeout;
    let (met, mut warnings) = meet_all(&recorded, data, deadline, timeout).await?;
    let clusters: Vec<Cluster> = met.iter().map(|met| met.target.cluster.clone()).collect();
    let readings = met.iter().map(|met| {
        let objects = booked_objects(met, &recorded, key, cancel);
        async move {
            let late = |_| Err(timed_out(&met.target.name, timeout));
            timeout_at(deadline, objects).await.unwrap_or_else(late)
        }
    });
    let readings = stream::iter(readings.collect::<Vec<_>>()).buffered(READ_AT_ONCE).collect::<Vec<_>>();
    let (readings, observed) = join(readings, status::observe(&state, &state.status, &clusters)).await;
    let mut errors = Diagnostics::new();
    for (Met { target, facts }, objects) in met.into_iter().zip(readings) {
        match objects {
            Ok((objects, warning)) => {
                warnings.extend(warning);
                let label = target.name;
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
        timeout_at(deadline, meet(label, known, recorded, data)).await.unwrap_or_else(late)
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

async fn meet(label: &str, known: &str, recorded: &Recorded, data: &ProviderData) -> Result<Met, Unread> {
    let unusable = |error| unread(label, &error, data);
    let cluster = data.clusters.get(label).await.map_err(unusable)?;
    let facts = observe::facts(&cluster).await.map_err(unusable)?;
    cluster.check_uid(known, &facts.uid).map_err(unusable)?;
    let target = Target::new(&cluster, &facts.uid, &recorded.owner(), &recorded.namespace);
    Ok(Met { target, facts })
}

/// The objects that state or the record knows in this cluster, as they are now, and what is wrong with the record.
async fn booked_objects(
    met: &Met,
    recorded: &Recorded,
    key: &FingerprintKey,
    cancel: &CancellationToken,
) -> Result<(Objects, Option<Diagnostic>), Diagnostic> {
    let Met { target, facts } = met;
    if recorded.cluster_uids.get(&target.name) != Some(&facts.uid) {
        // The block says that the cluster of before is gone, and everything in it with it. That is believed unless somebody else
        // has a mesh in this one: then the block names the wrong cluster, and state must not forget the right one.
        let record = target
            .record(cancel)
            .await
            .map_err(|error| diagnostics::rollout(&target.name, &error, Some(primary(&target.name))))?;
        let records = record.iter().map(|record| (target.name.clone(), Found::of(record))).collect();
        resume::is_known(target.owner.id(), &records, &Character::default()).map_err(|refusal| *refusal)?;
        return Ok((Objects::new(), None));
    }
    let wanted = recorded.objects.iter().filter(|(id, _)| id.cluster == target.name);
    let wanted: Objects = wanted.map(|(id, fields)| (id.clone(), fields.clone())).collect();
    let (objects, record) = join(read_objects(target, &wanted, key, cancel), target.record(cancel)).await;
    let mut objects = objects?;
    let record =
        record.map_err(|error| diagnostics::rollout(&target.name, &error, Some(primary(&target.name))))?;
    let warning = record_warning(target, record.as_ref(), &objects);
    let record = record.filter(|record| record.identity() == target.owner.id());
    let further = record.iter().flat_map(|record| record.entries().keys());
    let further = further.map(|id| cluster_id(&target.name, id)).filter(|id| !wanted.contains_key(id));
    let further: Objects = further.map(|id| (id, Fields::new())).collect();
    objects.extend(read_objects(target, &further, key, cancel).await?);
    Ok((objects, warning))
}

/// What is wrong with the record of a cluster in which there are objects of the mesh.
fn record_warning(target: &Target, record: Option<&ssa::Inventory>, objects: &Objects) -> Option<Diagnostic> {
    let ssa::InventoryRef { namespace, name } = &target.inventory;
    let label = &target.name;
    let (summary, detail) = match record {
        None if objects.is_empty() => return None,
        None => (
            format!("Cluster {label:?}: the inventory {namespace}/{name} is missing"),
            "The ConfigMap in which the provider records what it has created in the cluster was deleted. The next apply that \
             changes something, or a destroy, recreates it from state and from the owner labels of the objects.",
        ),
        Some(record) if record.identity() == target.owner.id() => return None,
        Some(_) => (
            format!("Cluster {label:?}: the inventory {namespace}/{name} belongs to another mesh"),
            "Only objects with this mesh's owner label are read, and nothing of the other mesh is changed or deleted. To remove \
             this mesh from the cluster, remove its primary block and apply.",
        ),
    };
    Some(Diagnostic::warning(summary, detail).at(primary(label)))
}

/// The live fields of those of `wanted` that exist and are not another owner's. Of an object without any fields those are read that
/// the provider has applied.
pub async fn read_objects(
    target: &Target,
    wanted: &Objects,
    key: &FingerprintKey,
    cancel: &CancellationToken,
) -> Result<Objects, Diagnostic> {
    let ids: BTreeMap<ssa::ObjectId, &ObjectId> = wanted.keys().map(|id| (kubernetes_id(id), id)).collect();
    let asked: BTreeSet<ssa::ObjectId> = ids.keys().cloned().collect();
    let mut objects = Objects::new();
    for (asked, observation) in target.engine.observe(&asked, cancel).await {
        let Some((id, fields)) = ids.get(&asked).and_then(|id| wanted.get_key_value(*id)) else { continue };
        match observation {
            Observation::Found(live) if target.engine.is_foreign(&live) => {}
            Observation::Found(live) if fields.is_empty() => {
                objects.insert(id.clone(), flatten(&target.engine.own_fields(&live), key));
            }
            Observation::Found(live) => {
                objects.insert(id.clone(), read_back(live.value(), fields, key));
            }
            Observation::Absent => {}
            Observation::Unknown(error) => return Err(cannot_read(&target.name, &asked, &error)),
        }
    }
    Ok(objects)
}

/// The id in one cluster.
pub fn cluster_id(cluster: &str, id: &ssa::ObjectId) -> ObjectId {
    ObjectId {
        cluster: cluster.to_owned(),
        group: id.group.clone(),
        kind: id.kind.clone(),
        namespace: id.namespace.clone(),
        name: id.name.clone(),
    }
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
    let on_unreachable = data.clusters.block(label).map(|block| block.on_unreachable).unwrap_or_default();
    let is_kept = match error {
        clusters::Error::NotYetKnown { .. } => true,
        error => error.is_no_answer() && on_unreachable != OnUnreachable::Error,
    };
    if is_kept {
        let consequence =
            "State keeps what it has about this cluster; changes in the cluster are not detected.";
        Unread::Kept(diagnostics::cluster_skipped(error, Some(primary(label)), consequence))
    } else {
        let mut failure = diagnostics::cluster(error, Some(primary(label)));
        if error.is_no_answer() && !matches!(error, clusters::Error::AnotherCluster { .. }) {
            failure.detail.push_str(
                "\n\n\
                 To continue without the cluster, set on_unreachable in its cluster block: \"keep\" leaves state as it is, \
                 \"abandon\" declares the cluster permanently gone.",
            );
        }
        Unread::Failed(failure)
    }
}

pub fn cannot_read(label: &str, id: &ssa::ObjectId, error: &ssa::RequestError) -> Diagnostic {
    let summary = format!("Cluster {label:?}: cannot read {id}");
    let way_out = if error.is_forbidden() {
        "Grant the identity of the cluster block get and list on this kind: refresh and plan need no other permission."
    } else {
        "State is unchanged; run the same command again."
    };
    diagnostics::failure(summary, error, way_out, Some(primary(label)))
}

fn timed_out(label: &str, timeout: Duration) -> Diagnostic {
    let summary = format!("Cluster {label:?}: reading took longer than {timeout:.0?}");
    let detail =
        "State is unchanged. Increase read in the timeouts block, or check what slows down the API server.";
    Diagnostic::error(summary, detail).at(primary(label))
}
