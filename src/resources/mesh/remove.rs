//! Emptying clusters: at destroy, and when a mesh leaves one.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use ssa::ObjectPattern;
use tfplugin::{Diagnostic, Diagnostics};
use tokio_util::sync::CancellationToken;

use super::dependents;
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
    let (cluster, uid) = match identified(label, recorded, data).await {
        Ok(Some(found)) => found,
        Ok(None) => {
            let warning = Diagnostic::warning(
                format!("Cluster {label:?} is not the cluster recorded in state"),
                "Its cluster block sets recreated_from, so what was in the former cluster is gone with it.",
            );
            return Ok(Departure::Forget(label.to_owned(), warning));
        }
        Err(error) => return Ok(unidentified(label, &error, data)),
    };
    match removal(&cluster, &uid, recorded, cancel).await {
        Ok(removal) => {
            let warnings = check_dependents(&removal.target, recorded).await?;
            Ok(Departure::Empty(Box::new(removal), warnings))
        }
        Err(error) => Ok(Departure::Keep(diagnostics::cluster(&error, Some(primary(label))))),
    }
}

/// The cluster that state knows by this label; `None` if it is another one, by the user's own word.
async fn identified(
    label: &str,
    recorded: &Recorded,
    data: &ProviderData,
) -> Result<Option<(Cluster, String)>, clusters::Error> {
    let cluster = data.clusters.get(label).await?;
    let live = cluster.uid().await?;
    let known = recorded.cluster_uids.get(label).map(String::as_str).unwrap_or_default();
    cluster.check_uid(known, &live)?;
    Ok((known == live).then_some((cluster, live)))
}

/// What becomes of a cluster that is not to be found.
fn unidentified(label: &str, error: &clusters::Error, data: &ProviderData) -> Departure {
    let on_unreachable = data.clusters.block(label).map(|block| block.on_unreachable).unwrap_or_default();
    if !error.is_no_answer() {
        return Departure::Keep(diagnostics::cluster(error, Some(primary(label))));
    }
    if on_unreachable == OnUnreachable::Abandon {
        let consequence = "The cluster block has on_unreachable = \"abandon\": what the mesh created there is removed from state.";
        let warning = diagnostics::cluster_skipped(error, Some(primary(label)), consequence);
        return Departure::Forget(label.to_owned(), warning);
    }
    let mut refusal = diagnostics::cluster(error, Some(primary(label)));
    if !matches!(error, clusters::Error::AnotherCluster { .. }) {
        refusal.detail.push_str(
            "\n\n\
             If the cluster is permanently gone, set on_unreachable = \"abandon\" in its cluster block and run the same command \
             again.",
        );
    }
    Departure::Keep(refusal)
}

/// What to remove from the cluster.
async fn removal(
    cluster: &Cluster,
    uid: &str,
    recorded: &Recorded,
    cancel: &CancellationToken,
) -> Result<Removal, clusters::Error> {
    let label = cluster.name();
    let target = Target::new(cluster, uid, &recorded.owner(), &recorded.namespace);
    let known = recorded.known(label, &target);
    let (keep, keep_unfinished) = if recorded.deletes_crds {
        (Vec::new(), Vec::new())
    } else {
        let recorded = target.record(cancel).await.ok().flatten();
        let recorded = recorded.iter().flat_map(|record| record.entries().keys());
        (vec![definitions()], in_use(cluster, known.keys().chain(recorded)).await?)
    };
    let release = recorded.releases.get(label).or(recorded.releases.values().next());
    let release = release.cloned().unwrap_or_default();
    Ok(Removal { target, known, keep, keep_unfinished, release })
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
    match dependents::check(cluster, recorded).await {
        Ok(unseen) => warnings.extend(unseen),
        Err(refusal) => refusals.push(refusal),
    }
    refusals.into_result().map(|()| warnings)
}

fn unseen(label: &str, error: &clusters::Error, what: &str) -> Diagnostic {
    diagnostics::cluster_skipped(error, Some(primary(label)), &format!("Could not check whether {what}."))
}

fn has_members(label: &str, members: &[Result<MemberRecord, String>]) -> Diagnostic {
    let lines = members.iter().map(|member| match member {
        Ok(record) => format!("  {} {:?}", record.kind.resource(), record.name),
        Err(config_map) => format!("  the unreadable record in ConfigMap {config_map}"),
    });
    let lines: Vec<String> = lines.collect();
    let detail = format!(
        "{}\n\n\
         They are served by this control plane or exchange services with it. Destroy them, or move them to other primaries, in \
         an earlier apply; in the same configuration, Terraform does so by itself when their blocks are removed together with \
         the mesh's. Nothing was changed in any cluster.",
        diagnostics::lines(lines.iter().map(String::as_str))
    );
    let count = members.len();
    let noun = if count == 1 { "resource depends" } else { "resources depend" };
    Diagnostic::error(format!("Cluster {label:?}: {count} {noun} on its control plane"), detail)
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
            assert!(matches!(unidentified("east", &error, &data), Departure::Forget(..)), "{error}");
        }
        let attribute = "host".to_owned();
        let unknown = clusters::Error::NotYetKnown { cluster: "east".to_owned(), attribute };
        assert!(matches!(unidentified("east", &unknown, &data), Departure::Keep(_)));
    }

    #[test]
    fn a_cluster_that_is_not_abandoned_stays_in_state_and_the_message_says_how_to_abandon_it() {
        for on_unreachable in [OnUnreachable::Error, OnUnreachable::Keep] {
            let data = provider(on_unreachable);
            let Departure::Keep(refusal) = unidentified("east", &unauthorized(), &data) else { panic!() };
            assert!(refusal.detail.contains("on_unreachable = \"abandon\""), "{}", refusal.detail);
            let Departure::Keep(refusal) = unidentified("east", &another(), &data) else { panic!() };
            assert!(!refusal.detail.contains("abandon"), "{}", refusal.detail);
        }
    }
}
