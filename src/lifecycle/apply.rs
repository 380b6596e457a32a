//! Create and update: from the plan to clusters that hold it, whatever that is.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::{join_all, try_join_all};
use ssa::{Expect, Policy};
use tfplugin::{Diagnostic, Diagnostics, Outcome};
use tokio_util::sync::CancellationToken;

use super::applied::Done;
use super::approved::approved;
use super::book::{self, Character};
use super::change::{Applied, Change};
use super::cluster_plan::{ClusterPlan, digest_of};
use super::field_maps::Manifests;
use super::identity;
use super::leaving::{Departure, Removed, empty};
use super::managed::{Managed, Render};
use super::recorded::Recorded;
use super::recorded_fingerprints::{ApiServers, RecordedFingerprints};
use super::resume::{self, Found};
use super::sensitive_fields::{self, SENSITIVE_FIELDS};
use super::types::check_types;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::manifests::ObjectId;
use crate::mesh::{ClusterFacts, ClusterName};
use crate::observe;
use crate::rollout::{self, ClusterOutcome, Installation, Owner, RolloutError, Session, Target, Unclosed};

/// What a resource knows before its first write, and does in an apply beside what the lifecycle does for all.
pub trait Applying: Render {
    /// The resource.
    type Resource: Managed;

    /// What tells it from others.
    fn character(&self) -> &Character;

    /// Digest of each chart.
    fn chart_digests(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    /// The release of the charts in a cluster; empty without charts.
    fn release(&self, cluster: &ClusterName) -> String {
        let _ = cluster;
        String::new()
    }

    /// How the clusters reach each other, as far as Secrets tell them.
    fn api_servers(&self) -> ApiServers {
        ApiServers::new()
    }

    /// What is to be done in the clusters with these labels, which the resource leaves.
    ///
    /// # Errors
    /// Something depends on what would go. Nothing was written anywhere.
    fn leave(&self, labels: &[String]) -> impl Future<Output = Result<Vec<Departure>, Diagnostics>> + Send;

    /// Brings the clusters to what they shall hold, and says what the user should know of it.
    ///
    /// # Errors
    /// Nothing was written anywhere.
    fn install(
        &self,
        installations: Vec<Installation>,
        session: &Session<'_>,
    ) -> impl Future<Output = Result<(Vec<ClusterOutcome>, Diagnostics), Diagnostics>> + Send;

    /// Completes the state with what can only be observed. After an apply that has gone well so far, what is not as it should be may be
    /// waited for. `unfinished` are the clusters in which something was left undone.
    fn observe(
        &self,
        state: Model<Self>,
        cluster_plans: &[ClusterPlan],
        unfinished: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> impl Future<Output = Model<Self>> + Send {
        let _ = (cluster_plans, unfinished, diagnostics);
        async { state }
    }

    /// What is written beside each record for others to read.
    ///
    /// # Errors
    /// It has no form as text.
    fn page(&self, state: &Model<Self>) -> Result<Option<Page>, Diagnostic> {
        let _ = state;
        Ok(None)
    }
}

/// The model of the resource that is applied.
pub type Model<A> = <<A as Applying>::Resource as Managed>::Model;

/// A ConfigMap beside the record.
pub struct Page {
    /// The end of its name.
    pub key: &'static str,
    /// What it holds.
    pub data: BTreeMap<String, String>,
}

/// A cluster of the resource, and the facts that it is rendered with.
pub struct Located {
    /// Its label.
    pub name: ClusterName,
    /// The cluster.
    pub cluster: Cluster,
    /// Its facts.
    pub facts: ClusterFacts,
}

/// Everything that an apply knows before its first write.
struct Prepared {
    owner: Owner,
    settings: BTreeMap<String, String>,
    leaving: Vec<Departure>,
    cluster_plans: Vec<ClusterPlan>,
}

impl<R: Managed> Change<'_, R> {
    /// The clusters with these labels, if they are the ones that were planned for.
    ///
    /// # Errors
    /// A cluster cannot be read, or is another one.
    pub async fn locate(
        &self,
        labels: impl IntoIterator<Item = &ClusterName>,
    ) -> Result<Vec<Located>, Diagnostic> {
        let planned = R::recorded(self.planned);
        let locating = labels.into_iter().map(|name| async {
            let unusable = |error| diagnostics::cluster(&error, Some((R::KIND.place)(name.as_str())));
            let cluster = self.data.clusters.get(name.as_str()).await.map_err(unusable)?;
            let mut facts = observe::facts(&cluster).await.map_err(unusable)?;
            let label = name.as_str();
            match (planned.cluster_uids.get(label), self.recorded.cluster_uids.get(label)) {
                (Some(uid), _) => {
                    cluster.check_uid(uid, &facts.uid).map_err(unusable)?;
                    facts.uid.clone_from(uid);
                }
                // Planned when it was not known whether it would be replaced.
                (None, Some(uid)) => cluster.check_uid(uid, &facts.uid).map_err(unusable)?,
                (None, None) => {}
            }
            if let Some(version) = planned.kubernetes_versions.get(label) {
                facts.kubernetes_version.clone_from(version);
            }
            Ok(Located { name: name.clone(), cluster, facts })
        });
        try_join_all(locating).await
    }

    /// Checks everything that can be checked before the first write, writes, waits, and returns what is there now, with what was
    /// filled into placeholders.
    pub async fn run<A>(&self, located: Vec<Located>, applying: &A) -> Applied<R>
    where
        A: Applying<Resource = R>,
    {
        let prepared = match self.prepare(located, applying).await {
            Ok(prepared) => prepared,
            Err(diagnostics) => return Applied::nothing(diagnostics),
        };
        let cluster_plans = prepared.cluster_plans.iter();
        let installations = cluster_plans.map(|plan| self.installation(&prepared, plan, applying)).collect();
        let (mut outcomes, messages) = match applying.install(installations, &self.session).await {
            Ok(installed) => installed,
            Err(diagnostics) => return Applied::nothing(diagnostics),
        };
        let mut diagnostics = failures::<R>(&outcomes);
        diagnostics.extend(outcomes.iter().filter_map(excused::<R>));
        diagnostics.extend(messages);
        if self.prior.is_none() && outcomes.iter().all(|outcome| outcome.book.is_none()) {
            return Applied::nothing(diagnostics);
        }
        let done: Vec<Done> = outcomes.iter().map(Done::of).collect();
        let rest = self.rest(&prepared, &done, applying, &mut diagnostics);
        let (state, fingerprints) = rollout::holding(&mut outcomes, rest, self.session.cancel).await;
        diagnostics.extend(close(&mut outcomes, &fingerprints, applying, &state).await);
        Applied { outcome: Outcome::new(state).with(diagnostics), fingerprints: Some(fingerprints) }
    }

    /// What follows when all clusters are as far as they come: those that the resource leaves are emptied, and what there is now is
    /// looked at.
    async fn rest<A>(
        &self,
        prepared: &Prepared,
        done: &[Done],
        applying: &A,
        diagnostics: &mut Diagnostics,
    ) -> (R::Model, RecordedFingerprints)
    where
        A: Applying<Resource = R>,
    {
        let removed = if diagnostics.has_errors() {
            Removed::default()
        } else {
            let (removed, messages) = empty(&prepared.leaving, &self.session, R::KIND.place).await;
            diagnostics.extend(messages);
            removed
        };
        let Prepared { cluster_plans, owner, .. } = prepared;
        let (recorded, fingerprints) =
            self.state(cluster_plans, done, &removed, &applying.api_servers(), diagnostics).await;
        let recorded =
            Recorded { id: Some(owner.id().to_owned()), chart_digests: applying.chart_digests(), ..recorded };
        let state = R::with(self.planned.clone(), recorded.into());
        let unfinished = unfinished(cluster_plans, done);
        (applying.observe(state, cluster_plans, &unfinished, diagnostics).await, fingerprints)
    }

    /// Everything up to the first write.
    async fn prepare<A>(&self, located: Vec<Located>, applying: &A) -> Result<Prepared, Diagnostics>
    where
        A: Applying<Resource = R>,
    {
        let character = applying.character();
        let owner = self.owner(&located, character).await?;
        let leaving = applying.leave(&self.leaving(&located)).await?;
        let planning = located.into_iter().map(|located| async {
            let Located { name, cluster, facts } = located;
            let target = self.target(&cluster, &facts, &owner);
            let set = self.with_kept_values(&target, &name, &facts, applying).await?;
            let digest = digest_of(&set);
            let set = self.with_kept_secrets(&target, set).await?;
            let ignored = R::ignored_fields(self.planned);
            Ok::<_, Diagnostic>(ClusterPlan::new(target, facts, set, ignored, digest))
        });
        let cluster_plans = try_join_all(planning).await?;
        check_types(cluster_plans.iter().map(|plan| &plan.set))?;
        self.check_objects(&cluster_plans)?;
        let settings = book::settings::<R>(character, self.planned, &applying.chart_digests())?;
        Ok(Prepared { owner, settings, leaving, cluster_plans })
    }

    fn target(&self, cluster: &Cluster, facts: &ClusterFacts, owner: &Owner) -> Target {
        let target =
            self.data.engines.target(cluster, &facts.uid, owner, &R::recorded(self.planned).namespace);
        target.until(self.session.deadline)
    }

    /// Whose objects are made: the resource's that state knows, if nobody else has come to one of its clusters; else that of a run that
    /// was killed while it made the very same one, else a new one.
    async fn owner(&self, located: &[Located], character: &Character) -> Result<Owner, Diagnostic> {
        let kind = R::recorded(self.planned).kind;
        let nobody = Owner::new(kind.clone(), "");
        let reading = located.iter().map(|Located { cluster, facts, .. }| async {
            let record = self.target(cluster, facts, &nobody).record(self.session.cancel).await;
            let record = record.map_err(|error| {
                diagnostics::rollout(cluster.name(), &error, &kind, Some((R::KIND.place)(cluster.name())))
            })?;
            Ok::<_, Diagnostic>(record.map(|record| (cluster.name().to_owned(), Found::of(&record, R::KIND))))
        });
        let records = try_join_all(reading).await?.into_iter().flatten().collect();
        if let Some(id) = &self.recorded.id {
            resume::is_known(id, &records, character, R::KIND).map_err(|refusal| *refusal)?;
            return Ok(Owner::new(kind, id));
        }
        let found = resume::identity(&records, character, R::KIND).map_err(|refusal| *refusal)?;
        Ok(Owner::new(kind, &found.map_or_else(|| identity::draw(R::KIND), Ok)?))
    }

    /// The labels of the clusters that state knows and the plan has no more.
    fn leaving(&self, located: &[Located]) -> Vec<String> {
        let is_kept = |uid: &String| located.iter().any(|located| located.facts.uid == *uid);
        let is_here = |label: &String| located.iter().any(|located| located.name.as_str() == label);
        let left = self.recorded.cluster_uids.iter();
        let left = left.filter(|(label, uid)| !is_here(label) && !is_kept(uid));
        left.map(|(label, _)| label.clone()).collect()
    }

    /// The objects that were planned are the objects that are rendered now.
    fn check_objects(&self, cluster_plans: &[ClusterPlan]) -> Result<(), Diagnostic> {
        let Some(planned) = R::manifests(self.planned).as_known() else { return Ok(()) };
        let rendered = cluster_plans.iter().flat_map(|plan| plan.ids().map(|id| id.to_string())).collect();
        compare(planned, &rendered, R::KIND.noun)
    }

    fn installation(
        &self,
        prepared: &Prepared,
        cluster_plan: &ClusterPlan,
        applying: &impl Applying,
    ) -> Installation {
        let ClusterPlan { target, set, ignored, digest, .. } = cluster_plan;
        let prior = self.recorded.objects_of(&target.uid);
        let approved = approved(&prior, R::manifests(self.planned), set.cluster().as_str());
        let known = prior.keys().map(ObjectId::without_cluster).map(|id| (id.clone(), target.order(&id)));
        let sensitive = sensitive_fields::setting(set, &self.secrets.key);
        let sensitive = sensitive.map(|fields| (SENSITIVE_FIELDS.to_owned(), fields));
        Installation {
            target: target.clone(),
            set: set.clone(),
            digest: digest.clone(),
            settings: prepared.settings.clone().into_iter().chain(sensitive).collect(),
            known: known.collect(),
            release: applying.release(set.cluster()),
            expect: if self.prior.is_some() { Expect::Any } else { Expect::Absent },
            policy: Policy { approved, fields: ignored.rules(set.cluster().as_str()), ..Policy::default() },
        }
    }
}

/// The clusters whose records will not say that everything is done.
fn unfinished(cluster_plans: &[ClusterPlan], done: &[Done]) -> BTreeSet<String> {
    let plans = cluster_plans.iter().zip(done).filter(|(_, done)| !done.is_finished());
    plans.map(|(plan, _)| plan.target.name.clone()).collect()
}

/// Closes the records of the clusters where all went well.
async fn close<A: Applying>(
    outcomes: &mut [ClusterOutcome],
    fingerprints: &RecordedFingerprints,
    applying: &A,
    state: &Model<A>,
) -> Diagnostics {
    let settings = BTreeMap::from([(book::ORIGINS.to_owned(), fingerprints.origins())]);
    let page = match applying.page(state) {
        Ok(page) => page,
        Err(error) => return error.into(),
    };
    let (settings, page, write_only) = (&settings, page.as_ref(), &fingerprints.write_only);
    let closing = outcomes.iter_mut().map(|outcome| async move {
        let unclosed = outcome.unclosed.take()?;
        let mut settings = settings.clone();
        let kept = write_only.of_cluster(unclosed.uid());
        settings.extend(kept.map(|kept| (book::WRITE_ONLY.to_owned(), kept)));
        outcome.error = finish(unclosed, &settings, page).await.err();
        failure::<A::Resource>(outcome)
    });
    join_all(closing).await.into_iter().flatten().collect()
}

/// Tells others what they may know, and says that the set is complete.
async fn finish(
    unclosed: Unclosed,
    settings: &BTreeMap<String, String>,
    page: Option<&Page>,
) -> Result<(), RolloutError> {
    if let Some(page) = page {
        unclosed.write_page(page.key, &page.data, &CancellationToken::new()).await?;
    }
    unclosed.close(settings).await
}

/// What went wrong. That a cluster was left because of another one is said only where nothing else is.
fn failures<R: Managed>(outcomes: &[ClusterOutcome]) -> Diagnostics {
    let is_cause = |outcome: &&ClusterOutcome| outcome.error.as_ref().is_some_and(|it| !it.is_consequence());
    let causes: Diagnostics = outcomes.iter().filter(is_cause).filter_map(failure::<R>).collect();
    if causes.has_errors() { causes } else { outcomes.iter().filter_map(failure::<R>).collect() }
}

fn failure<R: Managed>(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    let ClusterOutcome { cluster, kind, error, .. } = outcome;
    error.as_ref().map(|error| diagnostics::rollout(cluster, error, kind, Some((R::KIND.place)(cluster))))
}

fn excused<R: Managed>(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    let ClusterOutcome { cluster, excused, .. } = outcome;
    (!excused.is_empty()).then(|| diagnostics::excused(cluster, excused, (R::KIND.place)(cluster)))
}

fn compare(planned: &Manifests, rendered: &BTreeSet<String>, noun: &str) -> Result<(), Diagnostic> {
    let planned: BTreeSet<String> = planned.keys().cloned().collect();
    if planned == *rendered { Ok(()) } else { Err(not_as_planned(&planned, rendered, noun)) }
}

/// Objects of a plan and of its apply, by their keys in `manifests`, which begin with the cluster.
fn not_as_planned(planned: &BTreeSet<String>, rendered: &BTreeSet<String>, noun: &str) -> Diagnostic {
    let mut clusters: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for key in planned.symmetric_difference(rendered) {
        let (cluster, object) = key.split_once('/').unwrap_or(("", key));
        clusters.entry(cluster).or_default().push(object.trim_start_matches('/'));
    }
    let groups = clusters.into_iter().map(|(cluster, objects)| {
        let lines = diagnostics::lines(objects);
        format!("Cluster {cluster:?}:\n  {}", lines.replace('\n', "\n  "))
    });
    let detail = format!(
        "These objects were planned but not rendered, or rendered but not planned:\n\n\
         {}\n\n\
         Nothing was written. Plan again.",
        groups.collect::<Vec<_>>().join("\n")
    );
    Diagnostic::error(format!("The objects of the {noun} differ from those that were planned"), detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_that_were_not_planned_are_listed_by_cluster_and_only_the_first_of_each() {
        let keys = |cluster: &str, numbers: std::ops::Range<u32>| -> BTreeSet<String> {
            numbers.map(|number| format!("{cluster}//ConfigMap/istio-system/c{number}")).collect()
        };
        let planned = keys("west", 0..2);
        let rendered = keys("east", 0..6).into_iter().chain(keys("west", 1..2)).collect();
        let detail = not_as_planned(&planned, &rendered, "mesh").detail;
        let expected = "Cluster \"east\":\n  ConfigMap/istio-system/c0\n  ConfigMap/istio-system/c1\n  \
                        ConfigMap/istio-system/c2\n  ConfigMap/istio-system/c3\n  ConfigMap/istio-system/c4\n  \
                        and 1 more\nCluster \"west\":\n  ConfigMap/istio-system/c0\n\n";
        assert!(detail.contains(expected), "{detail}");
    }
}
