//! Emptying clusters: at destroy, and when a resource leaves one.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics};

use super::place::Place;
use super::recorded::Recorded;
use crate::clusters::{self, Cluster, OnUnreachable};
use crate::diagnostics;
use crate::manifests::ObjectId;
use crate::provider_data::ProviderData;
use crate::rollout::{self, Engines, Removal, Session};

/// What is to be done in one cluster that a resource leaves.
pub enum Departure {
    /// Empty it, and say this.
    Empty(Box<Removal>, Diagnostics),
    /// Forget it: what was there is gone for good, by the user's own word.
    Forget(String, Diagnostic),
    /// It cannot be reached, and stays in state.
    Keep(Diagnostic),
}

/// What became of the clusters that a resource leaves.
#[derive(Default)]
pub struct Removed {
    /// Labels of those that hold nothing of it any more.
    pub gone: BTreeSet<String>,
    /// What the records of the others still have, as far as they were opened.
    books: BTreeMap<String, BTreeSet<ssa::ObjectId>>,
}

impl Removed {
    /// Whether an object may still be there.
    pub fn is_left(&self, id: &ObjectId) -> bool {
        self.books.get(&id.cluster).is_none_or(|book| book.contains(&id.without_cluster()))
    }
}

/// A resource that leaves clusters.
pub trait Leaves: Sync {
    /// What is to be removed from a cluster with this UID, and what the user should know of it.
    fn removal(
        &self,
        cluster: &Cluster,
        uid: &str,
    ) -> impl Future<Output = Result<(Removal, Diagnostics), Refusal>> + Send;
}

/// Leaves a cluster with everything that the resource has there: nothing depends on it.
pub struct Everything<'a> {
    /// What state says.
    pub recorded: &'a Recorded,
    /// What reads and writes the clusters.
    pub engines: &'a Engines,
}

impl Leaves for Everything<'_> {
    async fn removal(&self, cluster: &Cluster, uid: &str) -> Result<(Removal, Diagnostics), Refusal> {
        let Self { recorded, engines } = self;
        let target = engines.target(cluster, uid, &recorded.owner(), &recorded.namespace);
        let known = recorded.known(cluster.name(), &target);
        let (first, keep, keep_unfinished) = (Vec::new(), Vec::new(), Vec::new());
        let removal = Removal { target, known, first, keep, keep_unfinished, release: String::new() };
        Ok((removal, Diagnostics::new()))
    }
}

/// Why a cluster cannot be left.
pub enum Refusal {
    /// It cannot be read, and stays in state.
    Unreadable(clusters::Error),
    /// Something depends on what would go: nothing is written in any cluster.
    InUse(Diagnostics),
}

impl From<clusters::Error> for Refusal {
    fn from(error: clusters::Error) -> Self {
        Self::Unreadable(error)
    }
}

/// Looks at the clusters with these labels before anything is written anywhere.
///
/// # Errors
/// Something depends on what would go.
pub async fn prepare_leaving(
    recorded: &Recorded,
    labels: &[String],
    data: &ProviderData,
    place: Place,
    resource: &impl Leaves,
) -> Result<Vec<Departure>, Diagnostics> {
    let looks = labels.iter().map(|label| departure(label, recorded, data, place, resource));
    let (mut ready, mut refusals) = (Vec::new(), Diagnostics::new());
    for departure in join_all(looks).await {
        match departure {
            Ok(departure) => ready.push(departure),
            Err(refused) => refusals.extend(refused),
        }
    }
    refusals.into_result().map(|()| ready)
}

/// Deletes what a resource has made in these clusters.
pub async fn empty(departures: &[Departure], session: &Session<'_>, place: Place) -> (Removed, Diagnostics) {
    let (mut removed, mut diagnostics) = (Removed::default(), Diagnostics::new());
    let mut removals = Vec::new();
    for departure in departures {
        match departure {
            Departure::Empty(removal, warnings) => {
                let removal = removal.as_ref().clone();
                let target = removal.target.until(session.deadline);
                removals.push(Removal { target, ..removal });
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
        if !outcome.excused.is_empty() {
            diagnostics.push(diagnostics::excused(&label, &outcome.excused, place(&label)));
        }
        match &outcome.error {
            None => drop(removed.gone.insert(label)),
            Some(error) => {
                diagnostics.push(diagnostics::rollout(&label, error, &outcome.kind, Some(place(&label))));
                removed.books.extend(outcome.book.map(|book| (label, book)));
            }
        }
    }
    (removed, diagnostics)
}

/// What a plan says of clusters with these labels that the apply forgets, because they are declared gone and nothing answers that is
/// the cluster in state. Only what is declared gone is looked at.
pub async fn abandoned(
    labels: &[&str],
    recorded: &Recorded,
    data: &ProviderData,
    place: Place,
) -> Diagnostics {
    let is_declared = |label: &&&str| {
        data.clusters.block(label).is_some_and(|block| block.on_unreachable == OnUnreachable::Abandon)
    };
    let looks = labels.iter().filter(is_declared).map(async |label| {
        let error = identified(label, recorded, data).await.err()?;
        let consequence = "The cluster block has on_unreachable = \"abandon\": the apply deletes nothing there and removes from state what was \
                           created there.";
        error.is_no_answer().then(|| diagnostics::cluster_abandoned(&error, Some(place(label)), consequence))
    });
    join_all(looks).await.into_iter().flatten().collect()
}

async fn departure(
    label: &str,
    recorded: &Recorded,
    data: &ProviderData,
    place: Place,
    resource: &impl Leaves,
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
        Err(error) => return Ok(unidentified(label, &error, data, place)),
    };
    match resource.removal(&cluster, &uid).await {
        Ok((removal, warnings)) => Ok(Departure::Empty(Box::new(removal), warnings)),
        Err(Refusal::Unreadable(error)) => {
            Ok(Departure::Keep(diagnostics::cluster(&error, Some(place(label)))))
        }
        Err(Refusal::InUse(refusals)) => Err(refusals),
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
fn unidentified(label: &str, error: &clusters::Error, data: &ProviderData, place: Place) -> Departure {
    let on_unreachable = data.clusters.block(label).map(|block| block.on_unreachable).unwrap_or_default();
    if !error.is_no_answer() {
        return Departure::Keep(diagnostics::cluster(error, Some(place(label))));
    }
    if on_unreachable == OnUnreachable::Abandon {
        let consequence = "The cluster block has on_unreachable = \"abandon\": what was created there is removed from state.";
        let warning = diagnostics::cluster_skipped(error, Some(place(label)), consequence);
        return Departure::Forget(label.to_owned(), warning);
    }
    let mut refusal = diagnostics::cluster(error, Some(place(label)));
    if !matches!(error, clusters::Error::AnotherCluster { .. }) {
        refusal.detail.push_str(
            "\n\n\
             If the cluster is permanently gone, set on_unreachable = \"abandon\" in its cluster block and run the same command \
             again.",
        );
    }
    Departure::Keep(refusal)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tfplugin::AttributePath;

    use super::*;
    use crate::charts::Charts;
    use crate::clusters::{ClusterBlock, Clusters, Environment, Limits};
    use crate::provider_data::PlanDetail;

    fn place(label: &str) -> AttributePath {
        AttributePath::new("primary").key(label)
    }

    fn provider(on_unreachable: OnUnreachable) -> ProviderData {
        let block = ClusterBlock { on_unreachable, ..ClusterBlock::default() };
        let blocks = BTreeMap::from([("east".to_owned(), block)]);
        let clusters = Clusters::new(blocks, Environment::default(), Limits::default());
        let charts = Charts::new([], BTreeMap::new()).unwrap();
        ProviderData::new(clusters, charts, Engines::default(), PlanDetail::Compact)
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
            from_variable: None,
        }
    }

    #[tokio::test]
    async fn an_abandoned_cluster_is_forgotten_whatever_answers_in_its_place() {
        let data = provider(OnUnreachable::Abandon);
        // The block names nothing, as that of a cluster whose data source is gone.
        let setting = data.clusters.get("east").await.unwrap_err();
        for error in [setting, unauthorized(), another()] {
            assert!(matches!(unidentified("east", &error, &data, place), Departure::Forget(..)), "{error}");
        }
        let attribute = "host".to_owned();
        let unknown = clusters::Error::NotYetKnown { cluster: "east".to_owned(), attribute };
        assert!(matches!(unidentified("east", &unknown, &data, place), Departure::Keep(_)));
    }

    #[tokio::test]
    async fn a_plan_says_which_cluster_is_abandoned() {
        let recorded = Recorded {
            cluster_uids: BTreeMap::from([("east".to_owned(), "uid".to_owned())]),
            ..Recorded::default()
        };
        let said = abandoned(&["east"], &recorded, &provider(OnUnreachable::Abandon), place).await;
        let said: Vec<_> = said.into_iter().collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!(said[0].summary, "Cluster \"east\" is abandoned");
        assert!(said[0].detail.contains("removes from state"), "{}", said[0].detail);
        assert!(said[0].detail.contains("no API server is configured"), "{}", said[0].detail);
        let none = abandoned(&["east"], &recorded, &provider(OnUnreachable::Keep), place).await;
        assert_eq!(none.into_iter().count(), 0);
    }

    #[test]
    fn a_cluster_that_is_not_abandoned_stays_in_state_and_the_message_says_how_to_abandon_it() {
        for on_unreachable in [OnUnreachable::Error, OnUnreachable::Keep] {
            let data = provider(on_unreachable);
            let Departure::Keep(refusal) = unidentified("east", &unauthorized(), &data, place) else {
                panic!()
            };
            assert!(refusal.detail.contains("on_unreachable = \"abandon\""), "{}", refusal.detail);
            let Departure::Keep(refusal) = unidentified("east", &another(), &data, place) else { panic!() };
            assert!(!refusal.detail.contains("abandon"), "{}", refusal.detail);
        }
    }
}
