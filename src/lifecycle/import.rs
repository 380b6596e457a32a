//! Import: from the records in the clusters to the state of a resource whose state is lost.
//!
//! A record remembers the configuration, so that the state is what the last apply has left and the next plan shows what the
//! configuration says otherwise, if anything. The set is rendered once to know which fields of the objects are the resource's.

use std::collections::BTreeSet;

use futures::future::{join_all, try_join_all};
use ssa::Inventory;
use tfplugin::{Diagnostic, Diagnostics};

use super::book::{self, Remembered};
use super::cluster_plan::{ClusterPlan, digest_of};
use super::field_maps::Objects;
use super::live_objects::read_objects;
use super::managed::{Kind, Managed, Render};
use super::recorded::Recorded;
use super::recorded_fingerprints::RecordedFingerprints;
use super::secrets::Secrets;
use super::sensitive_fields;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::manifests::IgnoredFields;
use crate::mesh::{ClusterFacts, ClusterName, DEFAULT_NAMESPACE};
use crate::observe;
use crate::provider_data::ProviderData;
use crate::rollout::{self, Engines, Owner, OwnerKind};

type Context = tfplugin::Context<ProviderData>;

/// One cluster in which there is a record of the resource.
struct Member {
    cluster: Cluster,
    facts: ClusterFacts,
    namespace: String,
    record: Inventory,
}

/// The resource that `<name>@<label>[,<label>…]` names. `kind` is what its name makes of it.
///
/// # Errors
/// The text is none of that form, a cluster has no such resource, or the clusters have several.
pub async fn import_by_name<R: Managed>(
    id: &str,
    kind: fn(&str) -> OwnerKind,
    context: &Context,
) -> Result<R::Model, Diagnostics> {
    let Some((name, labels)) = book::parse_import_id(id) else {
        return Err(not_a_name(id, R::KIND).into());
    };
    let kind = kind(&name);
    let reads = labels.iter().map(|label| async {
        let found = members(label, &kind, context).await.map_err(|error| unsearched(label, &error, &kind))?;
        let is_meant = |member: &Member| member.remembered(R::KIND).character.name(R::KIND) == name;
        let all: Vec<String> = found.iter().map(|member| member.shown(R::KIND)).collect();
        let mut meant: Vec<Member> = found.into_iter().filter(is_meant).collect();
        match (meant.pop(), meant.is_empty()) {
            (Some(member), true) => Ok(member),
            (Some(_), false) => Err(are_several(label, &name, &all, R::KIND)),
            (None, _) => Err(is_nowhere(label, &name, &all, R::KIND)),
        }
    });
    let members = try_join_all(reads).await?;
    let members = with_recorded::<R>(members, &kind, context).await?;
    whole::<R>(members, kind, context).await
}

/// The resource with this identity, in whichever of the provider's clusters it is.
///
/// # Errors
/// None of the clusters that answer has it.
pub async fn import_by_identity<R: Managed>(id: &str, context: &Context) -> Result<R::Model, Diagnostics> {
    let labels: Vec<String> = context.data().clusters.names().map(str::to_owned).collect();
    let reads = labels.iter().map(|label| async move { (label, identified::<R>(label, id, context).await) });
    let (mut found, mut unread, mut kind) = (Vec::new(), Vec::new(), None);
    for (label, members) in join_all(reads).await {
        match members {
            Ok(members) => {
                for (of, member) in members {
                    kind = Some(of);
                    found.push(member);
                }
            }
            Err(_) => unread.push(label.clone()),
        }
    }
    let Some(kind) = kind else { return Err(is_unidentified(id, &unread, R::KIND).into()) };
    whole::<R>(found, kind, context).await
}

/// The record of the resource with this identity in one cluster, if there is one.
async fn identified<R: Managed>(
    label: &str,
    id: &str,
    context: &Context,
) -> Result<Vec<(OwnerKind, Member)>, ImportError> {
    let cluster = context.data().clusters.get(label).await?;
    let facts = observe::known_facts(&cluster).await?;
    let engines = &context.data().engines;
    let found = rollout::identified(engines, &cluster, id, DEFAULT_NAMESPACE, context.cancellation()).await?;
    let is_wanted = |kind: &OwnerKind| kind.to_string() == R::KIND.resource_type;
    let found = found.into_iter().filter(|(kind, ..)| is_wanted(kind)).map(|(kind, namespace, record)| {
        (kind, Member { cluster: cluster.clone(), facts: facts.clone(), namespace, record })
    });
    Ok(found.collect())
}

/// The same with the other clusters that the record has, as far as the provider has blocks for them.
async fn with_recorded<R: Managed>(
    mut members: Vec<Member>,
    kind: &OwnerKind,
    context: &Context,
) -> Result<Vec<Member>, Diagnostics> {
    let Some(first) = members.first() else { return Ok(members) };
    let id = first.record.identity().to_owned();
    let is_there = |label: &String| members.iter().any(|member| member.cluster.name() == label);
    let further = first.remembered(R::KIND).labels::<R>();
    let further: Vec<String> = further.into_iter().filter(|label| !is_there(label)).collect();
    let known = further.iter().filter(|label| context.data().clusters.missing(label).is_none());
    let reads = known.map(|label| async {
        let found =
            self::members(label, kind, context).await.map_err(|error| unsearched(label, &error, kind))?;
        Ok::<_, Diagnostic>(found.into_iter().find(|member| member.record.identity() == id))
    });
    members.extend(try_join_all(reads).await?.into_iter().flatten());
    Ok(members)
}

/// The records of resources of this kind in one cluster.
async fn members(label: &str, kind: &OwnerKind, context: &Context) -> Result<Vec<Member>, ImportError> {
    let cluster = context.data().clusters.get(label).await?;
    let facts = observe::known_facts(&cluster).await?;
    let owner = Owner::new(kind.clone(), "");
    let engines = &context.data().engines;
    let cancel = context.cancellation();
    let found = rollout::inventories(engines, &cluster, &owner, DEFAULT_NAMESPACE, cancel).await?;
    let member =
        |(namespace, record)| Member { cluster: cluster.clone(), facts: facts.clone(), namespace, record };
    Ok(found.into_iter().map(member).collect())
}

impl Member {
    fn remembered(&self, kind: Kind) -> Remembered {
        Remembered::read(self.record.settings(), kind)
    }

    /// What the cluster holds by the recorded configuration.
    fn plan(
        &self,
        recorded: &Recorded,
        source: &impl Render,
        ignored: IgnoredFields,
        engines: &Engines,
    ) -> Result<ClusterPlan, Diagnostic> {
        let Self { cluster, facts, .. } = self;
        let name: ClusterName = cluster.name().parse().map_err(|_| not_a_label(cluster.name()))?;
        let set = source.render(&name, facts)?;
        let target = engines.target(cluster, &facts.uid, &recorded.owner(), &recorded.namespace);
        let (facts, digest) = (facts.clone(), digest_of(&set));
        Ok(ClusterPlan::new(target, facts, set, ignored, digest))
    }

    fn shown(&self, kind: Kind) -> String {
        let remembered = self.remembered(kind);
        let (name, identity) = (remembered.character.name(kind), self.record.identity());
        format!("{name:?} in namespace {} with the identity {identity}", self.namespace)
    }
}

/// Why a cluster could not be searched.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// It cannot be reached.
    #[error(transparent)]
    Cluster(#[from] clusters::Error),
    /// Its records cannot be read.
    #[error(transparent)]
    Record(#[from] rollout::RolloutError),
}

/// The state of the resource whose records these are.
async fn whole<R: Managed>(
    members: Vec<Member>,
    kind: OwnerKind,
    context: &Context,
) -> Result<R::Model, Diagnostics> {
    let Some(first) = members.first() else { return Err(empty(R::KIND).into()) };
    let id = first.record.identity();
    if let Some(other) = members.iter().find(|member| member.record.identity() != id) {
        return Err(differ(first, other, R::KIND).into());
    }
    let remembered = first.remembered(R::KIND);
    let labels = remembered.labels::<R>();
    let is_found = |label: &str| members.iter().any(|member| member.cluster.name() == label);
    let missing: Vec<&str> = labels.iter().map(String::as_str).filter(|label| !is_found(label)).collect();
    if !missing.is_empty() {
        return Err(is_larger(remembered.character.name(R::KIND), &labels, &missing, R::KIND).into());
    }
    let configuration =
        remembered.configuration::<R>().map_err(|error| unreadable(first, &error, R::KIND))?;
    let mut recorded = Recorded {
        kind,
        id: Some(id.to_owned()),
        namespace: first.namespace.clone(),
        chart_digests: remembered.chart_digests.clone(),
        ..Recorded::default()
    };
    for member in &members {
        recorded.note(member.cluster.name(), &member.facts);
    }
    let state = R::with(configuration, recorded.into());
    let recorded = R::recorded(&state);
    let secrets = Secrets::recorded_or_drawn(context.private())?;
    let source = R::source(&state, &recorded, context.data()).await?;
    let is_recorded = |member: &&Member| labels.contains(member.cluster.name());
    let reads = members.iter().filter(is_recorded).map(|member| async {
        let plan = member.plan(&recorded, &source, R::ignored_fields(&state), &context.data().engines)?;
        let mut wanted = plan.wanted(&secrets.key);
        // The record has no sensitive setting, so what depends on one is not rendered.
        sensitive_fields::ask_for(&mut wanted, &sensitive_fields::of_settings(member.record.settings()));
        read_objects(&plan.target, &wanted, &secrets.key, R::KIND.place, context.cancellation()).await
    });
    let objects: Objects = try_join_all(reads).await?.into_iter().flatten().collect();
    let mut fingerprints =
        RecordedFingerprints::of_origins(&remembered.origins.unwrap_or_default(), &objects);
    for member in &members {
        let Some(kept) = member.record.settings().get(book::WRITE_ONLY) else { continue };
        let label = member.cluster.name();
        let there = objects.iter().filter(|(id, _)| id.cluster == label);
        let there = there.map(|(id, fields)| (id.clone(), fields.clone())).collect();
        fingerprints.write_only.take_back(&member.facts.uid, kept, &there);
    }
    fingerprints.record(context.private())?;
    Ok(R::with(state, Recorded { objects, ..recorded }.into()))
}

fn unsearched(label: &str, error: &ImportError, kind: &OwnerKind) -> Diagnostic {
    match error {
        ImportError::Cluster(error) => diagnostics::cluster(error, None),
        ImportError::Record(error) => diagnostics::rollout(label, error, kind, None),
    }
}

fn not_a_name(id: &str, kind: Kind) -> Diagnostic {
    let (noun, name) = (kind.noun, kind.traits.first().copied().unwrap_or("name"));
    let detail = format!(
        "A {noun} is imported by its {name} and the labels of clusters in the provider block that it is in, such as {}@east; one is \
         enough, if the provider has blocks for all of them. Or by an import block with identity = {{ id = \"…\" }}.",
        kind.example
    );
    Diagnostic::error(format!("{id:?} is not a valid import ID"), detail)
}

fn not_a_label(label: &str) -> Diagnostic {
    Diagnostic::error(
        format!("Cluster {label:?} has no valid label"),
        "Correct the label of the provider's cluster block.",
    )
}

fn is_unidentified(id: &str, unread: &[String], kind: Kind) -> Diagnostic {
    let unread = if unread.is_empty() {
        String::new()
    } else {
        format!(" These clusters could not be read: {}.", unread.join(", "))
    };
    let detail = format!(
        "No cluster block of the provider leads to a cluster with an inventory of this identity.{unread}"
    );
    Diagnostic::error(format!("There is no {} with the identity {id:?}", kind.noun), detail)
}

fn is_nowhere(label: &str, name: &str, found: &[String], kind: Kind) -> Diagnostic {
    let noun = kind.noun;
    let found = if found.is_empty() {
        format!(
            "No namespace of the cluster has an inventory of this provider. A {noun} installed by helm, istioctl or another tool \
             cannot be imported."
        )
    } else {
        format!("It has {}.", found.join("; "))
    };
    Diagnostic::error(format!("Cluster {label:?} has no {noun} {name:?} of this provider"), found)
}

fn are_several(label: &str, name: &str, found: &[String], kind: Kind) -> Diagnostic {
    let noun = kind.noun;
    let detail = format!(
        "It has {}. Import one of them by its identity, with an import block and identity = {{ id = \"…\" }}.",
        found.join("; ")
    );
    Diagnostic::error(format!("Cluster {label:?} has several of the {noun} {name:?}"), detail)
}

fn differ(one: &Member, other: &Member, kind: Kind) -> Diagnostic {
    let noun = kind.noun;
    let detail = format!(
        "{:?} has {}; {:?} has {}. List only clusters of one {noun}.",
        one.cluster.name(),
        one.shown(kind),
        other.cluster.name(),
        other.shown(kind)
    );
    Diagnostic::error(format!("The clusters do not belong to one {noun}"), detail)
}

fn is_larger(name: &str, labels: &BTreeSet<String>, missing: &[&str], kind: Kind) -> Diagnostic {
    let detail = format!(
        "Its record names further clusters: {}. Add a cluster block with that label to the provider for each of them, and import \
         all of them:\n\n  {}",
        missing.join(", "),
        book::import_command(kind, name, labels),
    );
    Diagnostic::error(format!("The {} has more clusters than the import names", kind.noun), detail)
}

fn unreadable(member: &Member, error: &tfplugin::ValueError, kind: Kind) -> Diagnostic {
    let way_out = "It was written by a newer release of the provider, or it was changed outside the provider. Use that release.";
    let (label, noun) = (member.cluster.name(), kind.noun);
    let summary = format!("Cluster {label:?}: the recorded configuration of the {noun} cannot be read");
    diagnostics::failure(summary, error, way_out, None)
}

fn empty(kind: Kind) -> Diagnostic {
    Diagnostic::error(
        format!("The record of the {} is empty", kind.noun),
        "It was changed outside the provider. Nothing was imported.",
    )
}
