//! Emptying clusters: at destroy, and when a mesh leaves one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use ssa::ObjectPattern;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::dependents;
use super::model::MeshModel;
use super::plan::primary;
use super::recorded::Recorded;
use crate::clusters::{self, Cluster, WhenUnreachable};
use crate::diagnostics;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::{self, Removal, Target};

/// What to do with one cluster.
enum Way {
    /// Empty it, and say this.
    Empty(Box<Removal>, Option<Diagnostic>),
    /// Forget it: its block says that it is gone for good.
    Forget(Diagnostic),
    /// Keep it in state.
    Keep(Diagnostic),
}

/// Deletes what the mesh has made in the clusters with these labels. Returns the labels of those that hold nothing of it
/// any more.
pub async fn from_clusters(
    prior: &MeshModel,
    labels: &[String],
    data: &ProviderData,
    timeout: Duration,
    cancel: &CancellationToken,
) -> (BTreeSet<String>, Diagnostics) {
    let mut diagnostics = Diagnostics::new();
    let mut gone = BTreeSet::new();
    let mut removals = Vec::new();
    let ways = join_all(labels.iter().map(|label| way(label, prior, data))).await;
    for (label, way) in labels.iter().zip(ways) {
        match way {
            Way::Empty(removal, warning) => {
                removals.push(*removal);
                diagnostics.extend(warning);
            }
            Way::Keep(error) => diagnostics.push(error),
            Way::Forget(warning) => {
                diagnostics.push(warning);
                gone.insert(label.clone());
            }
        }
    }
    for outcome in rollout::uninstall(removals, timeout, cancel).await {
        match &outcome.error {
            None => drop(gone.insert(outcome.cluster)),
            Some(error) => {
                diagnostics.push(diagnostics::rollout(
                    &outcome.cluster,
                    error,
                    Some(primary(&outcome.cluster)),
                ));
            }
        }
    }
    (gone, diagnostics)
}

async fn way(label: &str, prior: &MeshModel, data: &ProviderData) -> Way {
    match removal(label, prior, data).await {
        Ok(Some(removal)) => match dependents::check(&removal.target.cluster, prior).await {
            Ok(warning) => Way::Empty(Box::new(removal), warning),
            Err(refusal) => Way::Keep(refusal),
        },
        Ok(None) => Way::Forget(Diagnostic::warning(
            format!("Cluster {label:?} is another one than state knows"),
            "Its block says so in recreated_from, so what was in the old cluster is gone with it.",
        )),
        Err(error) => {
            let block = data.clusters.block(label);
            let is_abandoned = block.is_some_and(|block| block.unreachable == WhenUnreachable::Abandon);
            if is_abandoned && error.is_unreachable() {
                let consequence = "The cluster block says unreachable = \"abandon\": what the mesh made there is forgotten.";
                Way::Forget(diagnostics::cluster_skipped(&error, Some(primary(label)), consequence))
            } else {
                Way::Keep(diagnostics::cluster(&error, Some(primary(label))))
            }
        }
    }
}

/// What to remove from the cluster; `None` if it is not the cluster that state knows, by the user's own word.
async fn removal(
    label: &str,
    prior: &MeshModel,
    data: &ProviderData,
) -> Result<Option<Removal>, clusters::Error> {
    let recorded = Recorded::of(prior);
    let cluster = data.clusters.get(label).await?;
    let live = cluster.uid().await?;
    let known = recorded.cluster_uids.get(label).map(String::as_str).unwrap_or_default();
    cluster.check_uid(known, &live)?;
    if known != live {
        return Ok(None);
    }
    let namespace = prior.namespace.as_known().cloned().unwrap_or_default();
    let deletes_crds = prior.delete_crds.as_known().copied().unwrap_or_default();
    let definitions = definitions(&recorded, label);
    let keep = if deletes_crds { Vec::new() } else { definitions.values().cloned().collect() };
    let keep_unfinished = if deletes_crds { Vec::new() } else { in_use(&cluster, &definitions).await? };
    Ok(Some(Removal { target: Target::new(&cluster, &namespace), keep, keep_unfinished }))
}

/// The custom resource definitions of the mesh in this cluster.
fn definitions(recorded: &Recorded, label: &str) -> BTreeMap<String, ObjectPattern> {
    let definitions =
        recorded.objects.keys().filter(|id| id.cluster == label && id.kind == "CustomResourceDefinition");
    definitions.map(|id| (id.name.clone(), ObjectPattern::object(&super::read::kubernetes_id(id)))).collect()
}

/// Those of the definitions of which there are resources: deleting the definition would delete them, whoever made them.
async fn in_use(
    cluster: &Cluster,
    definitions: &BTreeMap<String, ObjectPattern>,
) -> Result<Vec<ObjectPattern>, clusters::Error> {
    let used = observe::definitions_in_use(cluster, definitions.keys().map(String::as_str)).await?;
    Ok(used.iter().filter_map(|name| definitions.get(name).cloned()).collect())
}
