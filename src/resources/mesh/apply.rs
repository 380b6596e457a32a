//! Create and update: from the plan to clusters that hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::{join_all, try_join_all};
use serde_json::{Map, Value};
use ssa::{Expect, ObjectPattern, Policy, TakeOver};
use tfplugin::{Diagnostic, Diagnostics, Field, Outcome};
use tokio_util::sync::CancellationToken;

use super::api_servers::api_servers;
use super::authorities::{self, check_existing, check_given, is_missing};
use super::blueprint::Blueprint;
use super::declare::declare;
use super::fingerprint::Secrets;
use super::model::MeshModel;
use super::plan::{primary, root_is_gone};
use super::recorded::Recorded;
use super::seals::{ApiServers, Seals};
use super::site::Site;
use super::{kept_secrets, remove};
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::manifests::ObjectId;
use crate::mesh::{ClusterFacts, ClusterName, ValidatedMesh};
use crate::observe;
use crate::provider::ProviderData;
use crate::render::authority::{INTERMEDIATE_SECRET, ROOT_SECRET};
use crate::render::{Component, Hole, Manifest, ManifestSet};
use crate::rollout::{self, Certificates, ClusterOutcome, Given, Installation, Target};
use crate::trust::Root;

/// The field managers of people at a command line. What they changed is drift, which the plan has shown and the user has
/// approved to undo; what a controller owns is a conflict, and stays its own.
const BY_HAND: &str = "kubectl*";

/// What an apply is given.
pub struct Apply<'a> {
    /// The identity of the mesh.
    pub id: String,
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
    /// How long it may take.
    pub timeout: Duration,
    /// When that will be over.
    pub deadline: Instant,
    /// Cancelled by Ctrl-C.
    pub cancel: &'a CancellationToken,
}

/// Everything that an apply knows before its first write.
pub(super) struct Prepared {
    mesh: ValidatedMesh,
    pub(super) sites: Vec<Site>,
    pub(super) digests: BTreeMap<String, String>,
    pub(super) api_servers: ApiServers,
    /// The root that the user gives.
    root: Option<Arc<Root>>,
}

impl Prepared {
    /// What new certificates shall be, if the provider makes some.
    fn certificates(&self) -> Option<Certificates> {
        let certificates = Certificates::of(&self.mesh)?;
        Some(match &self.root {
            Some(root) => certificates.signed_by(root.clone()),
            None => certificates,
        })
    }
}

impl Apply<'_> {
    /// Checks everything that can be checked before the first write, writes, waits, and returns what is there now, with what was
    /// filled into holes.
    pub async fn run(&self) -> (Outcome<MeshModel>, Option<Seals>) {
        let prepared = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(diagnostics) => return (Outcome::failed(diagnostics), None),
        };
        let installations = prepared.sites.iter().map(|site| self.installation(&prepared, site)).collect();
        let mut outcomes = rollout::install(installations, self.timeout, self.cancel).await;
        let mut diagnostics: Diagnostics = outcomes.iter().filter_map(failure).collect();
        if self.prior.is_none() && outcomes.iter().all(|outcome| !outcome.claimed) {
            return (Outcome::failed(diagnostics), None);
        }
        let removed =
            if diagnostics.has_errors() { BTreeSet::new() } else { self.remove_left(&mut diagnostics).await };
        let (state, seals) = self.state(&prepared, &removed, &mut diagnostics).await;
        let state = self.with_status(state, &prepared.sites, &mut diagnostics).await;
        diagnostics.extend(close(&mut outcomes).await);
        (Outcome::new(state).with(diagnostics), Some(seals))
    }

    /// Everything up to the first write.
    async fn prepare(&self) -> Result<Prepared, Diagnostics> {
        let (mesh, _warnings) = declare(self.config)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        let planned = Recorded::of(self.planned);
        let reading = mesh.primaries().keys().map(|name| self.facts(name, &planned));
        let facts = try_join_all(reading).await?;
        let api_servers = api_servers(&mesh, &BTreeSet::new(), self.data).await?;
        let root = check_given(self.config, &mesh, self.prior)?;
        let clusters: Vec<Cluster> = facts.iter().map(|(cluster, _)| cluster.clone()).collect();
        check_existing(&mesh, &clusters, |cluster| Some(is_missing(cluster)), self.cancel).await?;
        let blueprint = Blueprint::fetch(mesh, &planned, self.data).await?;
        let mut sites = Vec::new();
        for (name, (cluster, facts)) in blueprint.mesh.primaries().keys().zip(facts) {
            let set = self.with_kept_secrets(&cluster, blueprint.render(name, &facts)?).await?;
            sites.push(Site { cluster, facts, set });
        }
        self.check_objects(&sites)?;
        self.check_root(&sites)?;
        let digests = blueprint.digests();
        Ok(Prepared { mesh: blueprint.mesh, sites, digests, api_servers, root })
    }

    /// The set with what is in the cluster already where the plan says that it stays.
    async fn with_kept_secrets(
        &self,
        cluster: &Cluster,
        set: ManifestSet,
    ) -> Result<ManifestSet, Diagnostic> {
        let name = set.cluster().clone();
        let wanted = set.manifests().iter().filter(|manifest| !manifest.holes.is_empty());
        let wanted = wanted.map(|manifest| ObjectId::of(&name, &manifest.object));
        let carried = self.carried_root(&set).await?;
        let live = kept_secrets::read(cluster, &self.namespace(), wanted, self.cancel).await?;
        let planned = self.planned.manifests.as_known();
        set.try_map(|manifest| {
            if manifest.holes.is_empty() {
                return Ok(manifest);
            }
            if let Some(root) = carried.as_ref().filter(|_| manifest.component == Component::Root) {
                return Ok(manifest.filled(root));
            }
            let id = ObjectId::of(&name, &manifest.object);
            let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
            kept_secrets::fill(manifest, &id, fields, live.get(&id), &self.secrets.key)
        })
    }

    /// The root that another cluster has kept so far, if this set shall keep it from now on.
    async fn carried_root(&self, set: &ManifestSet) -> Result<Option<Map<String, Value>>, Diagnostic> {
        if !set.manifests().iter().any(|manifest| manifest.component == Component::Root) {
            return Ok(None);
        }
        let mut roots =
            self.recorded.objects.keys().filter(|id| id.kind == "Secret" && id.name == ROOT_SECRET);
        let Some(id) = roots.next().filter(|id| id.cluster != set.cluster().as_str()) else {
            return Ok(None);
        };
        let uid = self.recorded.cluster_uids.get(&id.cluster);
        if Recorded::of(self.planned).cluster_uids.get(set.cluster().as_str()) == uid {
            // The same cluster with a new label.
            return Ok(None);
        }
        let unusable = |error| diagnostics::cluster(&error, Some(primary(&id.cluster)));
        let cluster = self.data.clusters.get(&id.cluster).await.map_err(unusable)?;
        let mut live =
            kept_secrets::read(&cluster, &self.namespace(), [id.clone()].into_iter(), self.cancel).await?;
        live.remove(id).map(Some).ok_or_else(|| kept_secrets::is_gone(id))
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
    fn check_objects(&self, sites: &[Site]) -> Result<(), Diagnostic> {
        let Field::Known(planned) = &self.planned.manifests else { return Ok(()) };
        let rendered: BTreeSet<String> =
            sites.iter().flat_map(|site| site.ids().map(|id| id.to_string())).collect();
        let planned: BTreeSet<String> = planned.keys().cloned().collect();
        let differing: Vec<&str> = planned.symmetric_difference(&rendered).map(String::as_str).collect();
        if differing.is_empty() {
            return Ok(());
        }
        let detail = format!(
            "Plan again. Nothing was written. Planned or rendered, but not both: {}",
            differing.join(", ")
        );
        Err(Diagnostic::error("The objects of the mesh are no longer those that were planned", detail))
    }

    /// No root is made anew while an intermediate of the one before is in use.
    fn check_root(&self, sites: &[Site]) -> Result<(), Diagnostic> {
        let is_signed =
            self.recorded.objects.keys().any(|id| id.kind == "Secret" && id.name == INTERMEDIATE_SECRET);
        let made = sites.iter().flat_map(|site| site.ids().zip(site.set.manifests()));
        let is_root = |manifest: &Manifest| manifest.holes.values().any(|hole| matches!(hole, Hole::Root(_)));
        let mut made = made.filter(|(id, manifest)| is_root(manifest) && self.secrets.seals.has(id));
        match made.next() {
            Some((id, _)) if is_signed => Err(root_is_gone(&id)),
            _ => Ok(()),
        }
    }

    fn installation(&self, prepared: &Prepared, site: &Site) -> Installation {
        let api_server = prepared.api_servers.get(site.set.cluster()).cloned();
        Installation {
            target: Target::new(&site.cluster, &self.namespace()),
            set: site.set.clone(),
            certificates: prepared.certificates(),
            api_server: api_server.unwrap_or_default(),
            given: self.given(site),
            expect: if self.is_known_to_state(site) { Expect::Any } else { Expect::Absent },
            policy: Policy {
                take_over: vec![TakeOver {
                    manager: BY_HAND.into(),
                    objects: ObjectPattern::any(),
                    fields: None,
                }],
                ..Policy::default()
            },
        }
    }

    /// What the configuration alone has, and no state or plan.
    fn given(&self, site: &Site) -> Given {
        let secrets = self.config.image_pull_secret.as_known().into_iter().flatten();
        let contents = secrets.filter_map(|(name, secret)| {
            Some((name.clone(), secret.docker_config_json_wo.as_known()?.as_str().into()))
        });
        Given {
            pull_secrets: contents.collect(),
            key: authorities::key(self.config, site.cluster.name()).map(Into::into),
        }
    }

    /// Whether state says that the mesh is in this cluster, under whatever label.
    fn is_known_to_state(&self, site: &Site) -> bool {
        self.recorded.cluster_uids.values().any(|uid| *uid == site.facts.uid)
    }

    /// Empties the clusters that the mesh has left. Returns their labels, as far as that succeeded.
    async fn remove_left(&self, diagnostics: &mut Diagnostics) -> BTreeSet<String> {
        let planned = Recorded::of(self.planned);
        let kept: BTreeSet<&String> = planned.cluster_uids.values().collect();
        let labels = self
            .recorded
            .cluster_uids
            .iter()
            .filter(|(label, uid)| !planned.cluster_uids.contains_key(*label) && !kept.contains(*uid));
        let labels: Vec<String> = labels.map(|(label, _)| label.clone()).collect();
        let Some(prior) = self.prior else { return BTreeSet::new() };
        let (removed, messages) =
            remove::from_clusters(prior, &labels, self.data, self.timeout, self.cancel).await;
        diagnostics.extend(messages);
        removed
    }

    pub(super) fn namespace(&self) -> String {
        self.planned.namespace.as_known().cloned().unwrap_or_default()
    }
}

/// Closes the records of the clusters where all went well.
async fn close(outcomes: &mut [ClusterOutcome]) -> Diagnostics {
    let closing = outcomes.iter_mut().map(|outcome| async {
        outcome.error = outcome.unclosed.take()?.close().await.err();
        failure(outcome)
    });
    join_all(closing).await.into_iter().flatten().collect()
}

fn failure(outcome: &ClusterOutcome) -> Option<Diagnostic> {
    outcome
        .error
        .as_ref()
        .map(|error| diagnostics::rollout(&outcome.cluster, error, Some(primary(&outcome.cluster))))
}

fn still_unknown() -> Diagnostic {
    Diagnostic::error(
        "The configuration of the mesh is not known at apply",
        "This is a fault of Terraform or of the provider.",
    )
}
