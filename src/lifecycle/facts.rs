//! What a plan knows of the clusters of a resource.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::book::Character;
use super::field_maps::Texts;
use super::managed::Kind;
use super::reached::KEPT;
use super::recorded::Recorded;
use super::resume::{self, Found};
use crate::clusters::{self, Cluster, ClusterBlock, OnUnreachable};
use crate::diagnostics;
use crate::mesh::{ClusterFacts, ClusterName};
use crate::observe;
use crate::provider_data::ProviderData;
use crate::rollout::Engines;

/// What is known of each cluster.
pub type Facts = BTreeMap<ClusterName, KnownFacts>;

/// What a plan knows of one cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KnownFacts {
    /// Its facts.
    Known(ClusterFacts),
    /// What state says of it: another one answers in its place, which the plan must not look at. Its block says that it may be out of reach.
    Elsewhere(ClusterFacts),
    /// Nothing: it may be another cluster when the plan is applied.
    Unknown,
}

impl KnownFacts {
    /// The facts, if there are any.
    pub fn get(&self) -> Option<&ClusterFacts> {
        match self {
            Self::Known(facts) | Self::Elsewhere(facts) => Some(facts),
            Self::Unknown => None,
        }
    }
}

/// The clusters of a resource, as a plan knows them.
pub struct PlannedClusters {
    /// What state says, with the labels of now.
    pub recorded: Recorded,
    /// The facts of each cluster.
    pub facts: Facts,
    /// The clusters that the plan can read.
    pub reachable: Vec<Cluster>,
    pub(super) kind: Kind,
    pub(super) engines: Engines,
}

impl PlannedClusters {
    /// Looks at the clusters with these labels. `known` is what state says.
    ///
    /// Recorded facts count where there are some, else what the clusters say now. A cluster that may be another one when the plan is
    /// applied is unknown also where state knows one of that label: its API server is not known yet, or its block says that it was
    /// recreated.
    ///
    /// # Errors
    /// A cluster cannot be read, or two labels are one cluster.
    pub async fn look(
        kind: Kind,
        labels: &BTreeSet<ClusterName>,
        known: Recorded,
        data: &ProviderData,
        messages: &mut Diagnostics,
    ) -> Result<Self, Diagnostics> {
        let facts = facts(kind, labels, &known, data, messages).await?;
        check_identities(&facts, kind)?;
        let reachable = reachable(&facts, data).await;
        Ok(Self {
            recorded: after_relabelling(known, &facts),
            facts,
            reachable,
            kind,
            engines: data.engines.clone(),
        })
    }

    /// The planned UID of each cluster.
    pub fn cluster_uids(&self) -> Texts {
        per_cluster(&self.facts, &self.recorded.cluster_uids)
    }

    /// The planned version of each cluster.
    pub fn kubernetes_versions(&self) -> Texts {
        per_cluster(&self.facts, &self.recorded.kubernetes_versions)
    }

    /// The labels of the clusters that the resource leaves, once clusters with a new label have it.
    pub fn leaving(&self) -> Vec<&str> {
        let labels = self.recorded.cluster_uids.keys().map(String::as_str);
        labels.filter(|label| !has_label(&self.facts, label)).collect()
    }

    /// The clusters that the resource shall have from now on, as far as the plan can read them.
    pub fn joining(&self) -> impl Iterator<Item = &Cluster> {
        let known = &self.recorded.cluster_uids;
        self.reachable.iter().filter(|cluster| !known.contains_key(cluster.name()))
    }

    /// Whether a cluster that the resource shall have from now on has another one of its type already.
    ///
    /// # Errors
    /// It has.
    pub async fn check_strangers(
        &self,
        namespace: &str,
        character: &Character,
        cancel: &CancellationToken,
    ) -> Result<(), Diagnostic> {
        let Some(id) = &self.recorded.id else { return Ok(()) };
        let owner = self.recorded.owner();
        let reads = self.joining().map(|cluster| async {
            // What cannot be read is the apply's matter, which claims every record before it writes.
            let target = self.engines.target(cluster, "", &owner, namespace);
            let record = target.record(cancel).await.ok().flatten()?;
            Some((cluster.name().to_owned(), Found::of(&record, self.kind)))
        });
        let records = join_all(reads).await.into_iter().flatten().collect();
        resume::is_known(id, &records, character, self.kind).map_err(|refusal| *refusal)
    }
}

async fn facts(
    kind: Kind,
    labels: &BTreeSet<ClusterName>,
    recorded: &Recorded,
    data: &ProviderData,
    messages: &mut Diagnostics,
) -> Result<Facts, Diagnostics> {
    let reading = labels.iter().map(|name| async move {
        let label = name.as_str();
        let facts = match recorded_facts(recorded, label) {
            Some(known) => match successor(kind, label, &known.uid, data.clusters.block(label)) {
                Some(warning) => Err(Unknown::MayBeReplaced(warning)),
                None => match still_is(data, label, &known).await {
                    Ok(()) => Ok(known),
                    Err(error) if is_left_out(data.clusters.block(label)) => {
                        Err(Unknown::Elsewhere(known, error))
                    }
                    Err(error) => Err(Unknown::Unread(error)),
                },
            },
            None => observe_facts(data, label).await.map_err(Unknown::Unread),
        };
        (name.clone(), facts)
    });
    let mut facts = Facts::new();
    let mut errors = Diagnostics::new();
    for (name, read) in join_all(reading).await {
        let at = Some((kind.place)(name.as_str()));
        let read = match read {
            Ok(read) => KnownFacts::Known(read),
            Err(Unknown::MayBeReplaced(warning)) => {
                messages.push(warning);
                KnownFacts::Unknown
            }
            Err(Unknown::Unread(error @ clusters::Error::NotYetKnown { .. })) => {
                let consequence =
                    "The plan does not include the cluster: what depends on it is known after apply.";
                messages.push(diagnostics::cluster_skipped(&error, at, consequence));
                KnownFacts::Unknown
            }
            Err(Unknown::Elsewhere(known, error)) => {
                // Refresh says it, too.
                if !data.refreshed.is_noted() {
                    messages.push(diagnostics::cluster_skipped(&error, at, KEPT));
                }
                KnownFacts::Elsewhere(known)
            }
            // Terraform plans a tainted resource as a new one also before it destroys it.
            Err(Unknown::Unread(error)) if is_gone(&error, data.clusters.block(name.as_str())) => {
                let consequence = "Its cluster block declares it permanently gone, so the plan does not include it. To create something \
                                   in it fails when the plan is applied.";
                messages.push(diagnostics::cluster_skipped(&error, at, consequence));
                KnownFacts::Unknown
            }
            Err(Unknown::Unread(error)) => {
                errors.push(diagnostics::cluster(&error, at));
                KnownFacts::Unknown
            }
        };
        facts.insert(name, read);
    }
    errors.into_result().map(|()| facts)
}

/// Whether a cluster that does not answer is said to be gone for good.
fn is_gone(error: &clusters::Error, block: Option<&ClusterBlock>) -> bool {
    error.is_no_answer() && block.is_some_and(|block| block.on_unreachable == OnUnreachable::Abandon)
}

/// Why the facts of a cluster are not known.
enum Unknown {
    MayBeReplaced(Diagnostic),
    /// Another cluster answers, and the user has said what that means.
    Elsewhere(ClusterFacts, clusters::Error),
    Unread(clusters::Error),
}

fn recorded_facts(recorded: &Recorded, label: &str) -> Option<ClusterFacts> {
    let uid = recorded.cluster_uids.get(label)?.clone();
    let kubernetes_version = recorded.kubernetes_versions.get(label)?.clone();
    Some(ClusterFacts { uid, kubernetes_version })
}

/// Why another cluster may be found under this label than the one with this UID: what the plan says of it.
fn successor(kind: Kind, label: &str, uid: &str, block: Option<&ClusterBlock>) -> Option<Diagnostic> {
    let block = block?;
    // Before the rest: once it is replaced inside a run, Terraform plans again with the new host.
    if block.recreated_from.as_deref() == Some(uid) {
        return Some(is_replaced(kind, label, uid));
    }
    block.connection.unknown_whereabouts().map(|setting| may_be_replaced(kind, label, uid, setting))
}

/// Whether a plan goes on without a cluster that is not to be found, as a refresh does.
fn is_left_out(block: Option<&ClusterBlock>) -> bool {
    block.is_some_and(|block| block.on_unreachable != OnUnreachable::Error)
}

/// Whether the cluster behind a label is still the one that state knows, if it answers. Refresh has asked already, but where a cluster
/// was replaced inside the run, only this second plan can see it: it would change nothing, and then no apply follows that could refuse.
async fn still_is(data: &ProviderData, label: &str, known: &ClusterFacts) -> Result<(), clusters::Error> {
    let Ok(cluster) = data.clusters.get(label).await else { return Ok(()) };
    let Ok(live) = observe::known_facts(&cluster).await else { return Ok(()) };
    cluster.check_uid(&known.uid, &live.uid)
}

async fn observe_facts(data: &ProviderData, label: &str) -> Result<ClusterFacts, clusters::Error> {
    observe::known_facts(&data.clusters.get(label).await?).await
}

fn may_be_replaced(kind: Kind, label: &str, uid: &str, setting: &str) -> Diagnostic {
    let noun = kind.noun;
    let detail = format!(
        "State has the UID {uid} for this cluster. Its {setting} is known only after apply, for example because the cluster is \
         recreated in the same run, so its objects, UID and version and the status of the {noun} are known after apply as \
         well.\n\n\
         If the cluster is replaced, set recreated_from = {uid:?} in its cluster block of the provider: the same apply then \
         installs the {noun} in the new cluster. Without it, an apply that finds another cluster fails before it writes anything. \
         If the cluster stays, nothing needs to be done."
    );
    Diagnostic::warning(format!("Cluster {label:?} may be about to be replaced"), detail)
        .at((kind.place)(label))
}

fn is_replaced(kind: Kind, label: &str, uid: &str) -> Diagnostic {
    let noun = kind.noun;
    let detail = format!(
        "Its block in the provider has recreated_from = {uid:?}, which is the UID in state. The apply checks whether another \
         cluster has taken its place, and then installs the {noun} there, so the cluster's objects, UID and version and the status \
         of the {noun} are known after apply."
    );
    Diagnostic::warning(format!("Cluster {label:?} is about to be replaced"), detail).at((kind.place)(label))
}

/// The clusters that a plan can read.
async fn reachable(facts: &Facts, data: &ProviderData) -> Vec<Cluster> {
    let known = facts.iter().filter(|(_, facts)| matches!(facts, KnownFacts::Known(_)));
    let clusters = join_all(known.map(|(name, _)| data.clusters.get(name.as_str()))).await;
    clusters.into_iter().filter_map(Result::ok).collect()
}

/// One cluster under two labels would get everything twice.
fn check_identities(facts: &Facts, kind: Kind) -> Result<(), Diagnostic> {
    let mut labels: BTreeMap<&str, &ClusterName> = BTreeMap::new();
    for (name, facts) in facts {
        let Some(facts) = facts.get() else { continue };
        if let Some(other) = labels.insert(&facts.uid, name) {
            let summary = format!("{:?} and {:?} are the same cluster", other.as_str(), name.as_str());
            let detail = format!(
                "Both have the identity {}. Remove one of them from the configuration, or correct the connection of one of the \
                 provider's cluster blocks.",
                facts.uid
            );
            return Err(Diagnostic::error(summary, detail).at((kind.place)(name.as_str())));
        }
    }
    Ok(())
}

/// A cluster that state knows by another label, which the resource has no more, is the same cluster with a new name.
fn after_relabelling(mut recorded: Recorded, facts: &Facts) -> Recorded {
    for (name, known) in facts {
        let Some(known) = known.get() else { continue };
        let old = recorded.other_label(name.as_str(), &known.uid);
        if let Some(old) = old.filter(|old| !has_label(facts, old)) {
            recorded = recorded.relabelled(&old, name.as_str());
        }
    }
    recorded
}

fn has_label(facts: &Facts, label: &str) -> bool {
    facts.keys().any(|name| name.as_str() == label)
}

/// A pin of each cluster: what is recorded. Terraform plans again before it applies, and what a cluster says of itself may be
/// something else by then; so what no apply has seen is not promised.
fn per_cluster(facts: &Facts, recorded: &BTreeMap<String, String>) -> Texts {
    let values = facts.iter().map(|(name, facts)| {
        let recorded = recorded.get(name.as_str()).filter(|_| facts.get().is_some()).cloned();
        (name.to_string(), recorded.map_or(Field::Unknown, Field::Known))
    });
    Field::Known(values.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clusters::ConnectionSettings;

    const KIND: Kind = Kind {
        resource_type: "istio_mesh",
        noun: "mesh",
        traits: &["mesh_id"],
        example: "shop",
        place: |label| tfplugin::AttributePath::new("primary").key(label),
    };

    fn facts(clusters: &[(&str, Option<&str>)]) -> Facts {
        let facts = clusters.iter().map(|(label, uid)| {
            let facts =
                uid.map(|uid| ClusterFacts { uid: uid.to_owned(), kubernetes_version: "v1".to_owned() });
            (label.parse().unwrap(), facts.map_or(KnownFacts::Unknown, KnownFacts::Known))
        });
        facts.collect()
    }

    fn recorded(clusters: &[(&str, &str)]) -> Recorded {
        let uids = clusters.iter().map(|(label, uid)| ((*label).to_owned(), (*uid).to_owned()));
        Recorded { cluster_uids: uids.collect(), ..Recorded::default() }
    }

    #[test]
    fn a_cluster_with_a_new_label_does_not_leave() {
        let facts = facts(&[("east", Some("1")), ("occident", Some("2"))]);
        let recorded = after_relabelling(recorded(&[("east", "1"), ("west", "2"), ("north", "3")]), &facts);
        let clusters = PlannedClusters {
            recorded,
            facts,
            reachable: Vec::new(),
            kind: KIND,
            engines: Engines::default(),
        };
        assert_eq!(clusters.leaving(), ["north"]);
    }

    #[test]
    fn what_may_be_another_cluster_is_unknown_and_so_is_what_no_apply_has_seen() {
        let facts = facts(&[("east", Some("1")), ("west", None), ("north", Some("3"))]);
        let recorded = recorded(&[("east", "1"), ("west", "2")]);
        let uids = per_cluster(&facts, &recorded.cluster_uids).into_known().unwrap();
        assert_eq!(uids["east"], Field::from("1"));
        assert!(uids["west"].is_unknown(), "it may be replaced");
        assert!(uids["north"].is_unknown(), "no apply has seen it");
    }

    #[test]
    fn a_cluster_that_may_be_replaced_is_announced_with_the_way_to_let_it() {
        let unknown = |attribute: &str| ClusterBlock {
            connection: ConnectionSettings::NotYetKnown { attribute: attribute.to_owned() },
            ..ClusterBlock::default()
        };
        let warning = successor(KIND, "west", "1234", Some(&unknown("host"))).unwrap();
        assert!(!warning.is_error());
        assert!(warning.detail.contains("set recreated_from = \"1234\""), "{}", warning.detail);
        assert_eq!(successor(KIND, "west", "1234", Some(&unknown("token"))), None);
        assert_eq!(successor(KIND, "west", "1234", Some(&ClusterBlock::default())), None);
    }

    #[test]
    fn a_cluster_that_was_recreated_is_unknown_also_when_its_host_has_become_known() {
        let block =
            |uid: &str| ClusterBlock { recreated_from: Some(uid.to_owned()), ..ClusterBlock::default() };
        let warning = successor(KIND, "west", "1234", Some(&block("1234"))).unwrap();
        assert_eq!(warning.summary, "Cluster \"west\" is about to be replaced");
        assert_eq!(
            successor(KIND, "west", "5678", Some(&block("1234"))),
            None,
            "state has the new one already"
        );
    }

    #[test]
    fn two_labels_of_one_cluster_are_refused() {
        assert!(check_identities(&facts(&[("east", Some("1")), ("west", Some("1"))]), KIND).is_err());
        assert!(check_identities(&facts(&[("east", Some("1")), ("west", None)]), KIND).is_ok());
    }
}
