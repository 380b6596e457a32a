//! Emptying clusters: at destroy, and when a mesh leaves one.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use ssa::ObjectPattern;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::plan::primary;
use super::read::kubernetes_id;
use super::recorded::Recorded;
use crate::clusters::{self, Cluster, OnUnreachable};
use crate::diagnostics;
use crate::manifests::ObjectId;
use crate::mesh::MemberRecord;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::{self, Removal, Session, Target};

/// How many pods an error names.
const SHOWN: usize = 10;

/// What is to be done in one cluster that the mesh leaves.
pub enum Departure {
    /// Empty it, and say this.
    Empty(Box<Removal>, Diagnostics),
    /// Forget it: what was there is gone for good, by the user's own word.
    Forget(String, Diagnostic),
    /// It cannot be reached, and stays in state.
    Keep(Diagnostic),
}

/// What became of the clusters that the mesh leaves.
#[derive(Default)]
pub struct Removed {
    /// Labels of those that hold nothing of the mesh any more.
    pub gone: BTreeSet<String>,
    /// What the records of the others still have, as far as they were opened.
    books: BTreeMap<String, BTreeSet<ssa::ObjectId>>,
}

impl Removed {
    /// Whether an object may still be there.
    pub fn is_left(&self, id: &ObjectId) -> bool {
        self.books.get(&id.cluster).is_none_or(|book| book.contains(&kubernetes_id(id)))
    }
}

/// Looks at the clusters with these labels before anything is written anywhere.
///
/// # Errors
/// Something depends on a control plane that would go.
pub async fn prepare(
    recorded: &Recorded,
    labels: &[String],
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Vec<Departure>, Diagnostics> {
    let departures = join_all(labels.iter().map(|label| departure(label, recorded, data, cancel))).await;
    let (mut ready, mut refusals) = (Vec::new(), Diagnostics::new());
    for departure in departures {
        match departure {
            Ok(departure) => ready.push(departure),
            Err(refused) => refusals.extend(refused),
        }
    }
    refusals.into_result().map(|()| ready)
}

/// Deletes what the mesh has made in these clusters.
pub async fn empty(departures: &[Departure], session: &Session<'_>) -> (Removed, Diagnostics) {
    let (mut removed, mut diagnostics) = (Removed::default(), Diagnostics::new());
    let mut removals = Vec::new();
    for departure in departures {
        match departure {
            Departure::Empty(removal, warnings) => {
                removals.push(removal.as_ref().clone());
                diagnostics.extend(warnings.clone());
            }
            Departure::Keep(error) => diagnostics.push(error.clone()),
            Departure::Forget(label, warning) => {
                diagnostics.push(warning.clone());
                removed.gone.insert(label.clone());
            }
        }
    }
    for outcome in rollout::uninstall(removals, session).await {
        let label = outcome.cluster;
        match &outcome.error {
            None => drop(removed.gone.insert(label)),
            Some(error) => {
                diagnostics.push(diagnostics::rollout(&label, error, Some(primary(&label))));
                removed.books.extend(outcome.book.map(|book| (label, book)));
            }
        }
    }
    (removed, diagnostics)
}

async fn departure(
    label: &str,
    recorded: &Recorded,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Departure, Diagnostics> {
    match removal(label, recorded, data, cancel).await {
        Ok(Some(removal)) => {
            let warnings = check_dependents(&removal.target, recorded).await?;
            Ok(Departure::Empty(Box::new(removal), warnings))
        }
        Ok(None) => {
            let warning = Diagnostic::warning(
                format!("Cluster {label:?} is another one than state knows"),
                "Its block says so in recreated_from, so what was in the old cluster is gone with it.",
            );
            Ok(Departure::Forget(label.to_owned(), warning))
        }
        Err(error) => {
            let block = data.clusters.block(label);
            let is_abandoned = block.is_some_and(|block| block.on_unreachable == OnUnreachable::Abandon);
            if is_abandoned && error.is_unreachable() {
                let consequence = "The cluster block says on_unreachable = \"abandon\": what the mesh made there is forgotten.";
                let warning = diagnostics::cluster_skipped(&error, Some(primary(label)), consequence);
                Ok(Departure::Forget(label.to_owned(), warning))
            } else {
                Ok(Departure::Keep(diagnostics::cluster(&error, Some(primary(label)))))
            }
        }
    }
}

/// What to remove from the cluster; `None` if it is not the cluster that state knows, by the user's own word.
async fn removal(
    label: &str,
    recorded: &Recorded,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Option<Removal>, clusters::Error> {
    let cluster = data.clusters.get(label).await?;
    let live = cluster.uid().await?;
    let known = recorded.cluster_uids.get(label).map(String::as_str).unwrap_or_default();
    cluster.check_uid(known, &live)?;
    if known != live {
        return Ok(None);
    }
    let target = Target::new(&cluster, &live, &recorded.owner(), &recorded.namespace);
    let known = recorded.known(label, &target);
    let (keep, keep_unfinished) = if recorded.deletes_crds {
        (Vec::new(), Vec::new())
    } else {
        let recorded = target.record(cancel).await.ok().flatten();
        let recorded = recorded.iter().flat_map(|record| record.entries().keys());
        (vec![definitions()], in_use(&cluster, known.keys().chain(recorded)).await?)
    };
    let release = recorded.releases.get(label).or(recorded.releases.values().next());
    let release = release.cloned().unwrap_or_default();
    Ok(Some(Removal { target, known, keep, keep_unfinished, release }))
}

/// Whether somebody still needs the cluster's control plane: then it must stay. What cannot be seen is a warning.
async fn check_dependents(target: &Target, recorded: &Recorded) -> Result<Diagnostics, Diagnostics> {
    let (cluster, namespace) = (&target.cluster, &target.inventory.namespace);
    let (mut refusals, mut warnings) = (Diagnostics::new(), Diagnostics::new());
    match observe::members(cluster, namespace).await {
        Ok(members) if members.is_empty() => {}
        Ok(members) => refusals.push(has_members(cluster.name(), &members)),
        Err(error) => warnings.push(unseen(
            cluster.name(),
            &error,
            "resources that depend on the mesh are recorded there",
        )),
    }
    if !recorded.is_forced {
        // State knows it also of a cluster that the configuration of before had no more.
        let gateway_namespace = recorded.gateway_namespace(cluster.name()).unwrap_or(namespace);
        match observe::proxies(cluster, namespace, gateway_namespace).await {
            Ok(pods) if pods.is_empty() => {}
            Ok(pods) => refusals.push(still_used(cluster.name(), &pods)),
            Err(error) => {
                warnings.push(unseen(cluster.name(), &error, "pods in it still have proxies of the mesh"))
            }
        }
    }
    refusals.into_result().map(|()| warnings)
}

fn unseen(label: &str, error: &clusters::Error, what: &str) -> Diagnostic {
    diagnostics::cluster_skipped(error, Some(primary(label)), &format!("Whether {what} could not be seen."))
}

fn has_members(label: &str, members: &[Result<MemberRecord, String>]) -> Diagnostic {
    let lines = members.iter().map(|member| match member {
        Ok(record) => format!("  {} {:?}", record.kind.resource(), record.name),
        Err(config_map) => format!("  the unreadable record in ConfigMap {config_map}"),
    });
    let detail = format!(
        "{}\n\nThey are served by this control plane or exchange services with it. Destroy them, or move them to other primaries, in an \
         apply before this one; in the same configuration that happens by itself when their blocks go together with the mesh's. \
         Nothing was changed in any cluster.",
        lines.collect::<Vec<_>>().join("\n")
    );
    let count = members.len();
    let noun = if count == 1 { "resource depends" } else { "resources depend" };
    Diagnostic::error(format!("Cluster {label:?}: {count} {noun} on its control plane"), detail)
        .at(primary(label))
}

fn still_used(label: &str, pods: &BTreeSet<String>) -> Diagnostic {
    let shown: Vec<&str> = pods.iter().take(SHOWN).map(String::as_str).collect();
    let more = pods.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let detail = format!(
        "{}{more}.\n\nRemove these workloads, or take injection away from them (the label istio-injection or istio.io/rev of their \
         namespace) and restart them; then run the same command again. While they move, the others need not call into the cluster: \
         write its primary block with drain = true, apply, move them, then remove the block and apply again. To take the control plane from under them, set \
         force_destroy = true and apply before. Nothing was changed in any cluster.",
        shown.join(", ")
    );
    let noun = if pods.len() == 1 { "pod still has a proxy" } else { "pods still have proxies" };
    Diagnostic::error(format!("Cluster {label:?}: {} {noun} of the mesh", pods.len()), detail)
        .at(primary(label))
}

/// All custom resource definitions.
fn definitions() -> ObjectPattern {
    ObjectPattern::kind("apiextensions.k8s.io", "CustomResourceDefinition")
}

/// Those of the definitions of which there are resources: deleting the definition would delete them, whoever made them.
async fn in_use(
    cluster: &Cluster,
    ids: impl Iterator<Item = &ssa::ObjectId>,
) -> Result<Vec<ObjectPattern>, clusters::Error> {
    let known: BTreeMap<&str, &ssa::ObjectId> =
        ids.filter(|id| definitions().matches(id)).map(|id| (id.name.as_str(), id)).collect();
    let used = observe::definitions_in_use(cluster, known.keys().copied()).await?;
    Ok(used.iter().filter_map(|name| known.get(name.as_str())).map(|id| ObjectPattern::object(id)).collect())
}
