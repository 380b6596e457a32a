//! Create and update: from the plan to clusters that hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use futures::future::{join_all, try_join_all};
use ssa::{Expect, Policy};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Outcome};
use tokio_util::sync::CancellationToken;

use super::api_servers::api_servers;
use super::authorities::{self, check_existing, check_given, is_missing};
use super::blueprint::Blueprint;
use super::book::{self, Character};
use super::declare::declare;
use super::documents;
use super::identity;
use super::model::MeshModel;
use super::place::primary;
use super::resume::{self, Found};
use super::roots::Inquiry;
use super::{remove, root_messages};
use crate::clusters::Cluster;
use crate::desired::ManifestSet;
use crate::diagnostics;
use crate::lifecycle::{
    self, ApiServers, ClusterPlan, Departure, Recorded, Removed, Seals, Secrets, digest_of, kept_secrets,
};
use crate::manifests::ObjectId;
use crate::mesh::{ClusterFacts, ClusterName, JOIN_PAGE_KEY, ValidatedMesh};
use crate::observe;
use crate::provider_data::ProviderData;
use crate::rollout::{
    self, Certificates, ClusterOutcome, Given, Installation, Owner, RolloutError, Session, Target, Unclosed,
};

/// What an apply is given.
pub struct Apply<'a> {
    /// The name of this run.
    pub holder: String,
    /// The run before, if state knows it.
    pub after: Option<String>,
    /// The state before; `None` for a create.
    pub prior: Option<&'a MeshModel>,
    /// What it says.
    pub recorded: Recorded,
    /// The configuration, wholly known.
    pub config: &'a MeshModel,
    /// The plan.
    pub planned: &'a MeshModel,
    /// What the resource remembers of secrets.
    pub secrets: &'a Secrets,
    /// The provider.
    pub data: &'a ProviderData,
    /// When the time that it may take is over.
    pub deadline: Instant,
    /// Cancelled by Ctrl-C.
    pub cancel: &'a CancellationToken,
}

/// Everything that an apply knows before its first write.
pub(super) struct Prepared {
    /// Whose objects are made.
    pub(super) owner: Owner,
    mesh: ValidatedMesh,
    settings: BTreeMap<String, String>,
    /// The clusters that the mesh leaves.
    leaving: Vec<Departure>,
    pub(super) cluster_plans: Vec<ClusterPlan>,
    pub(super) digests: BTreeMap<String, String>,
    pub(super) api_servers: ApiServers,
    /// What new certificates shall be, if the provider makes some.
    certificates: Option<Certificates>,
    /// What the user should know of the root.
    notices: Diagnostics,
}

impl Apply<'_> {
    /// Checks everything that can be checked before the first write, writes, waits, and returns what is there now, with what was
    /// filled into placeholders.
    pub async fn run(&self) -> (Outcome<MeshModel>, Option<Seals>) {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(diagnostics) => return (Outcome::failed(diagnostics), None),
        };
        let session = self.session();
        let installations = prepared
            .cluster_plans
            .iter()
            .map(|cluster_plan| self.installation(&prepared, cluster_plan))
            .collect();
        let mut outcomes = rollout::install(installations, &session).await;
        let mut diagnostics: Diagnostics = outcomes.iter().filter_map(failure).collect();
        diagnostics.extend(prepared.notices.iter().cloned());
        diagnostics.extend(outcomes.iter().filter_map(given_up));
        if self.prior.is_none() && outcomes.iter().all(|outcome| outcome.book.is_none()) {
            return (Outcome::failed(diagnostics), None);
        }
        let done: Vec<Done> = outcomes.iter().map(Done::of).collect();
        let rest = self.rest(&prepared, &done, &session, &mut diagnostics);
        let (state, seals) = rollout::holding(&mut outcomes, rest, self.cancel).await;
        diagnostics.extend(close(&mut outcomes, &seals, &state).await);
        (Outcome::new(state).with(diagnostics), Some(seals))
    }

    /// What follows when all clusters are as far as they come: those that the mesh leaves are emptied, and what there is now is
    /// looked at.
    async fn rest(
        &self,
        prepared: &Prepared,
        done: &[Done],
        session: &Session<'_>,
        diagnostics: &mut Diagnostics,
    ) -> (MeshModel, Seals) {
        let removed = if diagnostics.has_errors() {
            Removed::default()
        } else {
            let (removed, messages) = lifecycle::empty(&prepared.leaving, session, primary).await;
            diagnostics.extend(messages);
            removed
        };
        let (state, seals) = self.state(prepared, done, &removed, diagnostics).await;
        (self.with_status(state, &prepared.cluster_plans, diagnostics).await, seals)
    }

    fn session(&self) -> Session<'_> {
        Session {
            holder: self.holder.clone(),
            after: self.after.clone(),
            deadline: self.deadline,
            cancel: self.cancel,
        }
    }

    /// Everything up to the first write.
    async fn prepare(&self) -> Result<Prepared, Diagnostics> {
        let (mesh, _warnings) = declare(self.config)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        let planned = self.planned.recorded();
        let reading = mesh.primaries().keys().map(|name| self.facts(name, &planned));
        let facts = try_join_all(reading).await?;
        let api_servers = api_servers(&mesh, &BTreeSet::new(), self.data).await?;
        let root = check_given(self.config, &mesh)?;
        let clusters: Vec<Cluster> = facts.iter().map(|(cluster, _)| cluster.clone()).collect();
        check_existing(&mesh, &clusters, |cluster| Some(is_missing(cluster)), self.cancel).await?;
        let uids = facts.iter().map(|(_, facts)| facts.uid.clone()).collect();
        let given_root = root.as_ref().map(|root| root.certificate().fingerprint());
        let character = book::character(self.planned, given_root, uids);
        let owner = self.owner(&facts, &character).await?;
        let leaving = self.leaving(&facts).await?;
        let blueprint = Blueprint::fetch(mesh, &planned, self.data).await?;
        let targets = facts.iter().map(|(cluster, facts)| self.target(cluster, facts, &owner));
        let targets: Vec<Target> = targets.collect();
        let sets = blueprint.mesh.primaries().keys().zip(targets.iter().zip(&facts));
        let sets = sets.map(|(name, (target, (_, facts)))| async {
            let set = blueprint.render(name, facts)?;
            let digest = digest_of(&set);
            Ok::<_, Diagnostic>((self.with_kept_secrets(target, set).await?, digest))
        });
        let sets = try_join_all(sets).await?;
        let cluster_plans = targets.into_iter().zip(facts).zip(sets);
        let cluster_plans: Vec<ClusterPlan> = cluster_plans
            .map(|((target, (_, facts)), (set, digest))| ClusterPlan { target, facts, set, digest })
            .collect();
        self.check_objects(&cluster_plans)?;
        let (source, notices) = self.inquiry(&blueprint.mesh).settle(root).await?;
        let certificates = source.and_then(|source| Certificates::of(&blueprint.mesh, source));
        let digests = blueprint.digests();
        let settings = book::settings(&character, self.planned, &digests)?;
        let mesh = blueprint.mesh;
        Ok(Prepared {
            owner,
            mesh,
            settings,
            leaving,
            cluster_plans,
            digests,
            api_servers,
            certificates,
            notices,
        })
    }

    fn target(&self, cluster: &Cluster, facts: &ClusterFacts, owner: &Owner) -> Target {
        Target::new(cluster, &facts.uid, owner, &self.namespace())
    }

    /// Whose objects are made: the mesh's that state knows, if nobody else has come to one of its clusters; else that of a run that was killed while it made the very same mesh, else
    /// a new one.
    async fn owner(
        &self,
        facts: &[(Cluster, ClusterFacts)],
        character: &Character,
    ) -> Result<Owner, Diagnostic> {
        let nobody = Owner::mesh("");
        let reading = facts.iter().map(|(cluster, facts)| async {
            let target = self.target(cluster, facts, &nobody);
            let record = target.record(self.cancel).await;
            let record = record.map_err(|error| {
                diagnostics::rollout(cluster.name(), &error, Some(primary(cluster.name())))
            })?;
            Ok::<_, Diagnostic>(record.map(|record| (cluster.name().to_owned(), Found::of(&record))))
        });
        let records = try_join_all(reading).await?.into_iter().flatten().collect();
        if let Some(id) = &self.recorded.id {
            resume::is_known(id, &records, character).map_err(|refusal| *refusal)?;
            return Ok(self.recorded.owner());
        }
        let found = resume::identity(&records, character).map_err(|refusal| *refusal)?;
        Ok(Owner::mesh(&found.map_or_else(identity::draw, Ok)?))
    }

    /// What is to be done in the clusters that state knows and the plan has no more.
    ///
    /// # Errors
    /// Somebody depends on a control plane that would go. Nothing was written anywhere.
    async fn leaving(&self, facts: &[(Cluster, ClusterFacts)]) -> Result<Vec<Departure>, Diagnostics> {
        let is_kept = |uid: &String| facts.iter().any(|(_, facts)| facts.uid == *uid);
        let is_here = |label: &String| facts.iter().any(|(cluster, _)| cluster.name() == label);
        let left = self.recorded.cluster_uids.iter();
        let left = left.filter(|(label, uid)| !is_here(label) && !is_kept(uid));
        let labels: Vec<String> = left.map(|(label, _)| label.clone()).collect();
        let leave = self.prior.map(MeshModel::leave).unwrap_or_default();
        remove::prepare(&self.recorded, &leave, &labels, self.data, self.cancel).await
    }

    /// The set with what is in the cluster already where the plan says that it stays.
    async fn with_kept_secrets(&self, target: &Target, set: ManifestSet) -> Result<ManifestSet, Diagnostic> {
        let name = set.cluster().clone();
        let wanted = set.manifests().iter().filter(|manifest| !manifest.placeholders.is_empty());
        let wanted = wanted.map(|manifest| ObjectId::of(&name, &manifest.object));
        let live = kept_secrets::read(target, wanted, primary, self.cancel).await?;
        let planned = self.planned.manifests.as_known();
        set.try_map(|manifest| {
            if manifest.placeholders.is_empty() {
                return Ok(manifest);
            }
            let id = ObjectId::of(&name, &manifest.object);
            let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
            kept_secrets::fill(manifest, &id, fields, live.get(&id), &self.secrets.key)
        })
    }

    fn inquiry<'a>(&'a self, mesh: &'a ValidatedMesh) -> Inquiry<'a> {
        let Self { prior, recorded, secrets, data, .. } = self;
        Inquiry { mesh, prior: *prior, recorded, secrets, data }
    }

    /// The cluster, if it is the one that was planned for, and the facts that it is rendered with.
    async fn facts(
        &self,
        name: &ClusterName,
        planned: &Recorded,
    ) -> Result<(Cluster, ClusterFacts), Diagnostic> {
        let unusable = |error| diagnostics::cluster(&error, Some(primary(name.as_str())));
        let cluster = self.data.clusters.get(name.as_str()).await.map_err(unusable)?;
        let mut facts = observe::facts(&cluster).await.map_err(unusable)?;
        match (planned.cluster_uids.get(name.as_str()), self.recorded.cluster_uids.get(name.as_str())) {
            (Some(uid), _) => {
                cluster.check_uid(uid, &facts.uid).map_err(unusable)?;
                facts.uid.clone_from(uid);
            }
            // Planned when it was not known whether it would be replaced.
            (None, Some(uid)) => cluster.check_uid(uid, &facts.uid).map_err(unusable)?,
            (None, None) => {}
        }
        if let Some(version) = planned.kubernetes_versions.get(name.as_str()) {
            facts.kubernetes_version.clone_from(version);
        }
        Ok((cluster, facts))
    }

    /// The objects that were planned are the objects that are rendered now.
    fn check_objects(&self, cluster_plans: &[ClusterPlan]) -> Result<(), Diagnostic> {
        let Field::Known(planned) = &self.planned.manifests else { return Ok(()) };
        let rendered: BTreeSet<String> = cluster_plans
            .iter()
            .flat_map(|cluster_plan| cluster_plan.ids().map(|id| id.to_string()))
            .collect();
        let planned: BTreeSet<String> = planned.keys().cloned().collect();
        if planned == rendered { Ok(()) } else { Err(not_as_planned(&planned, &rendered)) }
    }

    fn installation(&self, prepared: &Prepared, cluster_plan: &ClusterPlan) -> Installation {
        let api_server = prepared.api_servers.get(cluster_plan.set.cluster()).cloned();
        let target = &cluster_plan.target;
        let label = cluster_plan.set.cluster().as_str();
        let known = self.recorded.objects_of(&target.uid);
        let known = known.keys().map(ObjectId::without_cluster).map(|id| (id.clone(), target.order(&id)));
        let primary = prepared.mesh.primaries().get(cluster_plan.set.cluster());
        Installation {
            target: target.clone(),
            set: cluster_plan.set.clone(),
            digest: cluster_plan.digest.clone(),
            settings: prepared.settings.clone(),
            known: known.collect(),
            release: primary.map(|primary| primary.member().version().to_string()).unwrap_or_default(),
            certificates: prepared.certificates.clone(),
            api_server: api_server.unwrap_or_default(),
            given: self.given(label),
            expect: if self.prior.is_some() { Expect::Any } else { Expect::Absent },
            policy: Policy { take_over: rollout::take_over(&cluster_plan.set), ..Policy::default() },
        }
    }

    /// What the configuration alone has, and no state or plan.
    fn given(&self, label: &str) -> Given {
        let secrets = self.config.image_pull_secret.as_known().into_iter().flatten();
        let contents = secrets.filter_map(|(name, secret)| {
            Some((name.clone(), secret.docker_config_json_wo.as_known()?.as_str().into()))
        });
        Given { pull_secrets: contents.collect(), key: authorities::key(self.config, label).map(Into::into) }
    }

    pub(super) fn namespace(&self) -> String {
        self.planned.namespace.as_known().cloned().unwrap_or_default()
    }
}

/// What became of one cluster, as far as state is made from it.
pub(super) struct Done {
    /// What the record has; `None` if nothing was written.
    pub(super) book: Option<BTreeSet<ssa::ObjectId>>,
    /// The objects that this run has applied.
    pub(super) applied: BTreeSet<ssa::ObjectId>,
}

impl Done {
    fn of(outcome: &ClusterOutcome) -> Self {
        let applied = outcome.applied().into_iter().cloned().collect();
        Self { book: outcome.book.clone(), applied }
    }
}

/// Closes the records of the clusters where all went well.
async fn close(outcomes: &mut [ClusterOutcome], seals: &Seals, state: &MeshModel) -> Diagnostics {
    let settings = BTreeMap::from([(book::ORIGINS.to_owned(), seals.origins())]);
    let page = match documents::page(state).map(|page| page.to_data()).transpose() {
        Ok(page) => page,
        Err(error) => return diagnostics::document(&error, AttributePath::new("join")).into(),
    };
    let (settings, page) = (&settings, page.as_ref());
    let closing = outcomes.iter_mut().map(|outcome| async move {
        let unclosed = outcome.unclosed.take()?;
        outcome.error = finish(unclosed, settings, page).await.err();
        failure(outcome)
    });
    join_all(closing).await.into_iter().flatten().collect()
}

/// Tells others how to join, and says that the mesh is complete.
async fn finish(
    unclosed: Unclosed,
    settings: &BTreeMap<String, String>,
    page: Option<&BTreeMap<String, String>>,
) -> Result<(), RolloutError> {
    if let Some(page) = page {
        unclosed.write_page(JOIN_PAGE_KEY, page, &CancellationToken::new()).await?;
    }
    unclosed.close(settings).await
}

fn given_up(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    outcome.given_up.as_ref().map(|given_up| root_messages::given_up(&outcome.cluster, given_up))
}

fn failure(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    outcome
        .error
        .as_ref()
        .map(|error| diagnostics::rollout(&outcome.cluster, error, Some(primary(&outcome.cluster))))
}

/// Objects of a plan and of its apply, by their keys in `manifests`, which begin with the cluster.
fn not_as_planned(planned: &BTreeSet<String>, rendered: &BTreeSet<String>) -> Diagnostic {
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
    Diagnostic::error("The objects of the mesh differ from those that were planned", detail)
}

fn still_unknown() -> Diagnostic {
    Diagnostic::error(
        "The configuration of the mesh is not known at apply",
        "This is a bug in Terraform or in the provider.",
    )
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
        let detail = not_as_planned(&planned, &rendered).detail;
        let expected = "Cluster \"east\":\n  ConfigMap/istio-system/c0\n  ConfigMap/istio-system/c1\n  \
                        ConfigMap/istio-system/c2\n  ConfigMap/istio-system/c3\n  ConfigMap/istio-system/c4\n  \
                        and 1 more\nCluster \"west\":\n  ConfigMap/istio-system/c0\n\n";
        assert!(detail.contains(expected), "{detail}");
    }
}
