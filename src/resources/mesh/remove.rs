//! Emptying clusters: at destroy, and when a mesh leaves one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::join_all;
use ssa::ObjectPattern;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::model::MeshModel;
use super::plan::primary;
use super::recorded::Recorded;
use crate::clusters::{self, Cluster, OnUnreachable};
use crate::diagnostics;
use crate::observe;
use crate::provider::ProviderData;
use crate::rollout::{self, Removal, Target};

/// How many pods an error names.
const SHOWN: usize = 10;

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
    let recorded = Recorded::of(prior);
    let cluster = match identified(label, &recorded, data).await {
        Ok(Some(cluster)) => cluster,
        Ok(None) => {
            return Way::Forget(Diagnostic::warning(
                format!("Cluster {label:?} is another one than state knows"),
                "Its block says so in recreated_from, so what was in the old cluster is gone with it.",
            ));
        }
        Err(error) => return unidentified(label, &error, data),
    };
    match removal(&cluster, prior, &recorded).await {
        Ok(removal) => match check_dependents(&removal.target, prior).await {
            Ok(warning) => Way::Empty(Box::new(removal), warning),
            Err(refusal) => Way::Keep(refusal),
        },
        Err(error) => Way::Keep(diagnostics::cluster(&error, Some(primary(label)))),
    }
}

/// The cluster that state knows by this label; `None` if it is another one, by the user's own word.
async fn identified(
    label: &str,
    recorded: &Recorded,
    data: &ProviderData,
) -> Result<Option<Cluster>, clusters::Error> {
    let cluster = data.clusters.get(label).await?;
    let live = cluster.uid().await?;
    let known = recorded.cluster_uids.get(label).map(String::as_str).unwrap_or_default();
    cluster.check_uid(known, &live)?;
    Ok((known == live).then_some(cluster))
}

/// What becomes of a cluster that is not to be found.
fn unidentified(label: &str, error: &clusters::Error, data: &ProviderData) -> Way {
    let on_unreachable = data.clusters.block(label).map(|block| block.on_unreachable).unwrap_or_default();
    if !error.is_no_answer() {
        return Way::Keep(diagnostics::cluster(error, Some(primary(label))));
    }
    if on_unreachable == OnUnreachable::Abandon {
        let consequence =
            "The cluster block says on_unreachable = \"abandon\": what the mesh made there is forgotten.";
        return Way::Forget(diagnostics::cluster_skipped(error, Some(primary(label)), consequence));
    }
    let mut refusal = diagnostics::cluster(error, Some(primary(label)));
    if !matches!(error, clusters::Error::AnotherCluster { .. }) {
        refusal.detail.push_str(
            "\n\nIf the cluster is gone for good, set on_unreachable = \"abandon\" in its cluster block and run the same \
             command again.",
        );
    }
    Way::Keep(refusal)
}

/// What to remove from the cluster.
async fn removal(
    cluster: &Cluster,
    prior: &MeshModel,
    recorded: &Recorded,
) -> Result<Removal, clusters::Error> {
    let namespace = prior.namespace.as_known().cloned().unwrap_or_default();
    let deletes_crds = prior.delete_crds.as_known().copied().unwrap_or_default();
    let definitions = definitions(recorded, cluster.name());
    let keep = if deletes_crds { Vec::new() } else { definitions.values().cloned().collect() };
    let keep_unfinished = if deletes_crds { Vec::new() } else { in_use(cluster, &definitions).await? };
    Ok(Removal { target: Target::new(cluster, &namespace), keep, keep_unfinished })
}

/// Whether somebody still needs the cluster's control plane: then it must stay. What cannot be seen is a warning.
async fn check_dependents(target: &Target, prior: &MeshModel) -> Result<Option<Diagnostic>, Diagnostic> {
    if prior.force_destroy.as_known().copied().unwrap_or_default() {
        return Ok(None);
    }
    let cluster = &target.cluster;
    let namespace = &target.inventory.namespace;
    // State knows it also of a cluster that the configuration of before had no more.
    let recorded = Recorded::of(prior);
    let gateway_namespace = recorded.gateway_namespace(cluster.name()).unwrap_or(namespace);
    match observe::proxies(cluster, namespace, gateway_namespace).await {
        Ok(pods) if pods.is_empty() => Ok(None),
        Ok(pods) => Err(still_used(cluster.name(), &pods)),
        Err(error) => {
            let consequence = "Whether pods in it still have proxies of the mesh could not be seen.";
            Ok(Some(diagnostics::cluster_skipped(&error, Some(primary(cluster.name())), consequence)))
        }
    }
}

fn still_used(label: &str, pods: &BTreeSet<String>) -> Diagnostic {
    let shown: Vec<&str> = pods.iter().take(SHOWN).map(String::as_str).collect();
    let more = pods.len().saturating_sub(SHOWN);
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let detail = format!(
        "{}{more}.\n\nRemove these workloads, or take injection away from them (the label istio-injection or istio.io/rev of their \
         namespace) and restart them; then run the same command again. While they move, the others need not call into the cluster: \
         write its primary block with drain = true, apply, move them, then remove the block and apply again. To take the control plane from under them, set \
         force_destroy = true and apply before. Nothing was deleted in this cluster.",
        shown.join(", ")
    );
    let noun = if pods.len() == 1 { "pod still has a proxy" } else { "pods still have proxies" };
    Diagnostic::error(format!("Cluster {label:?}: {} {noun} of the mesh", pods.len()), detail)
        .at(primary(label))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::charts::Charts;
    use crate::clusters::{ClusterBlock, Clusters, Environment, Limits};
    use crate::provider::PlanDetail;

    fn provider(on_unreachable: OnUnreachable) -> ProviderData {
        let block = ClusterBlock { on_unreachable, ..ClusterBlock::default() };
        let blocks = BTreeMap::from([("east".to_owned(), block)]);
        ProviderData {
            clusters: Clusters::new(blocks, Environment::default(), Limits::default()),
            charts: Charts::new([], BTreeMap::new()).unwrap(),
            plan_detail: PlanDetail::Compact,
        }
    }

    fn unauthorized() -> clusters::Error {
        let (cluster, host) = ("east".to_owned(), "https://east.example".to_owned());
        clusters::Error::Unauthorized { cluster, host, credentials: "the token".to_owned() }
    }

    fn another() -> clusters::Error {
        clusters::Error::AnotherCluster {
            cluster: "east".to_owned(),
            host: "https://east.example".to_owned(),
            recorded: "old".to_owned(),
            live: "new".to_owned(),
        }
    }

    #[tokio::test]
    async fn an_abandoned_cluster_is_forgotten_whatever_answers_in_its_place() {
        let data = provider(OnUnreachable::Abandon);
        // The block names nothing, as that of a cluster whose data source is gone.
        let setting = data.clusters.get("east").await.unwrap_err();
        for error in [setting, unauthorized(), another()] {
            assert!(matches!(unidentified("east", &error, &data), Way::Forget(_)), "{error}");
        }
        let attribute = "host".to_owned();
        let unknown = clusters::Error::NotYetKnown { cluster: "east".to_owned(), attribute };
        assert!(matches!(unidentified("east", &unknown, &data), Way::Keep(_)));
    }

    #[test]
    fn a_cluster_that_is_not_abandoned_stays_in_state_and_the_message_says_how_to_abandon_it() {
        for on_unreachable in [OnUnreachable::Error, OnUnreachable::Keep] {
            let data = provider(on_unreachable);
            let Way::Keep(refusal) = unidentified("east", &unauthorized(), &data) else { panic!() };
            assert!(refusal.detail.contains("on_unreachable = \"abandon\""), "{}", refusal.detail);
            let Way::Keep(refusal) = unidentified("east", &another(), &data) else { panic!() };
            assert!(!refusal.detail.contains("abandon"), "{}", refusal.detail);
        }
    }
}
