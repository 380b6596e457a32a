//! Create and update: from the plan to clusters that hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use futures::future::{join_all, try_join_all};
use serde_json::{Map, Value};
use ssa::{Expect, ObjectPattern, Policy, TakeOver};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Outcome};
use tokio_util::sync::CancellationToken;

use super::api_servers::api_servers;
use super::blueprint::Blueprint;
use super::declare::declare;
use super::field_maps::{self, Objects, texts};
use super::fingerprint::Secrets;
use super::model::MeshModel;
use super::plan::primary;
use super::read::read_objects;
use super::recorded::Recorded;
use super::seals::{ApiServers, Seals};
use super::site::Site;
use super::{kept_secrets, remove, status};
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::manifests::ObjectId;
use crate::mesh::{ClusterFacts, ClusterName, ValidatedMesh};
use crate::observe;
use crate::provider::ProviderData;
use crate::render::authority::ROOT_SECRET;
use crate::render::{Component, ManifestSet};
use crate::rollout::{self, Certificates, ClusterOutcome, Installation, Target};

/// The field managers of people at a command line. What they changed is drift, which the plan has shown and the user has
/// approved to undo; what a controller owns is a conflict, and stays its own.
const BY_HAND: &str = "kubectl*";

/// How long istiod may take to accept other clusters after everything is applied.
const SYNCED: Duration = Duration::from_secs(45);
/// Between two looks at istiod.
const PAUSE: Duration = Duration::from_secs(1);

/// What an apply is given.
pub struct Apply<'a> {
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
    /// Cancelled by Ctrl-C.
    pub cancel: &'a CancellationToken,
}

/// Everything that an apply knows before its first write.
struct Prepared {
    mesh: ValidatedMesh,
    sites: Vec<Site>,
    digests: BTreeMap<String, String>,
    api_servers: ApiServers,
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
        let outcomes = rollout::install(installations, self.timeout, self.cancel).await;
        let mut diagnostics: Diagnostics = outcomes.iter().filter_map(failure).collect();
        if self.prior.is_none() && outcomes.iter().all(|outcome| !outcome.claimed) {
            return (Outcome::failed(diagnostics), None);
        }
        let removed =
            if diagnostics.has_errors() { BTreeSet::new() } else { self.remove_left(&mut diagnostics).await };
        let (state, seals) = self.state(&prepared, &removed, &mut diagnostics).await;
        let state = self.with_status(state, &prepared.sites, &mut diagnostics).await;
        (Outcome::new(state).with(diagnostics), Some(seals))
    }

    /// Everything up to the first write.
    async fn prepare(&self) -> Result<Prepared, Diagnostics> {
        let (mesh, _warnings) = declare(self.config)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        let planned = Recorded::of(self.planned);
        let reading = mesh.primaries().keys().map(|name| self.facts(name, &planned));
        let facts = try_join_all(reading).await?;
        let api_servers = api_servers(&mesh, self.data).await?;
        let blueprint = Blueprint::fetch(mesh, &planned, self.data).await?;
        let mut sites = Vec::new();
        for (name, (cluster, facts)) in blueprint.mesh.primaries().keys().zip(facts) {
            let set = self.with_kept_secrets(&cluster, blueprint.render(name, &facts)?).await?;
            sites.push(Site { cluster, facts, set });
        }
        self.check_objects(&sites)?;
        let digests = blueprint.digests();
        Ok(Prepared { mesh: blueprint.mesh, sites, digests, api_servers })
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
        if let Some(uid) = planned.cluster_uids.get(name.as_str()) {
            cluster.check_uid(uid, &facts.uid).map_err(unusable)?;
            facts.uid.clone_from(uid);
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

    fn installation(&self, prepared: &Prepared, site: &Site) -> Installation {
        let api_server = prepared.api_servers.get(site.set.cluster()).cloned();
        Installation {
            target: Target::new(&site.cluster, &self.namespace()),
            set: site.set.clone(),
            certificates: Certificates::of(&prepared.mesh),
            api_server: api_server.unwrap_or_default(),
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

    /// What is there now. Planned values stand as they were planned; where the cluster differs, a warning says so.
    async fn state(
        &self,
        prepared: &Prepared,
        removed: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> (MeshModel, Seals) {
        let Prepared { sites, digests, api_servers, .. } = prepared;
        let mut objects = self.objects_elsewhere(sites, removed);
        let mut seals = self.secrets.seals.clone();
        for (site, live) in sites.iter().zip(join_all(sites.iter().map(|site| self.live(site))).await) {
            match live {
                Ok(live) => {
                    site.seal(&mut seals, &live, api_servers);
                    objects.extend(self.as_planned(live, diagnostics));
                }
                Err(warning) => {
                    diagnostics.push(warning);
                    objects.extend(site.rendered(&self.secrets.key));
                }
            }
        }
        seals.retain(&objects);
        let elsewhere = |map: &BTreeMap<String, String>| {
            let here = map.iter().filter(|(label, _)| objects.keys().any(|id| id.cluster == **label));
            here.map(|(label, value)| (label.clone(), value.clone())).collect::<BTreeMap<_, _>>()
        };
        let mut uids = elsewhere(&self.recorded.cluster_uids);
        let mut versions = elsewhere(&self.recorded.kubernetes_versions);
        for site in sites {
            uids.insert(site.cluster.name().to_owned(), site.facts.uid.clone());
            versions.insert(site.cluster.name().to_owned(), site.facts.kubernetes_version.clone());
        }
        let state = MeshModel {
            manifests: field_maps::state(objects),
            chart_digests: texts(digests.clone()),
            cluster_uids: texts(uids),
            kubernetes_versions: texts(versions),
            ..self.planned.clone()
        };
        (state, seals)
    }

    /// Observes what was made. After an apply that has gone well so far, what is not as it should be gets some time, and is an
    /// error then.
    async fn with_status(
        &self,
        state: MeshModel,
        sites: &[Site],
        diagnostics: &mut Diagnostics,
    ) -> MeshModel {
        let clusters: Vec<Cluster> = sites.iter().map(|site| site.cluster.clone()).collect();
        let began = Instant::now();
        loop {
            let (status, warnings) = status::observe(&state, &clusters).await;
            let problems = status.problems();
            let waits = !problems.is_empty()
                && !diagnostics.has_errors()
                && began.elapsed() < SYNCED
                && !self.cancel.is_cancelled();
            if waits {
                tokio::time::sleep(PAUSE).await;
                continue;
            }
            diagnostics.extend(warnings);
            if !diagnostics.has_errors() {
                diagnostics.extend(problems.into_iter().collect::<Diagnostics>());
            }
            let planned = self.planned.status.as_known().cloned();
            return MeshModel { status: Field::Known(planned.unwrap_or(status)), ..state };
        }
    }

    /// The objects in clusters that the mesh leaves and that could not be emptied.
    fn objects_elsewhere(&self, sites: &[Site], removed: &BTreeSet<String>) -> Objects {
        let Recorded { mut objects, cluster_uids, .. } = self.recorded.clone();
        let is_here = |id: &ObjectId| {
            let uid = cluster_uids.get(&id.cluster);
            sites.iter().any(|site| site.cluster.name() == id.cluster || Some(&site.facts.uid) == uid)
        };
        objects.retain(|id, _| !is_here(id) && !removed.contains(&id.cluster));
        objects
    }

    /// The live fields of what was rendered for a cluster, and of what is left there from before.
    async fn live(&self, site: &Site) -> Result<Objects, Diagnostic> {
        let wanted = site.wanted(&self.secrets.key);
        // Reading goes on after Ctrl-C: what was made must be in state.
        read_objects(&site.cluster, &self.namespace(), &wanted, &self.secrets.key, &CancellationToken::new())
            .await
    }

    fn as_planned(&self, live: Objects, diagnostics: &mut Diagnostics) -> Objects {
        let planned = Recorded::of(self.planned).objects;
        let failed = diagnostics.has_errors();
        let objects = live.into_iter().map(|(id, mut fields)| {
            let Some(planned) = planned.get(&id).filter(|_| !failed) else { return (id, fields) };
            let is_promised = |path: &String| planned.contains_key(path) || !self.is_open(&id, path);
            let promised = fields.iter().filter(|(path, _)| is_promised(path));
            if !promised.eq(planned.iter()) {
                diagnostics.push(differs(&id));
            }
            fields.retain(|path, _| self.is_open(&id, path));
            fields.extend(planned.clone());
            (id, fields)
        });
        objects.collect()
    }

    /// Whether the plan says of a field only that it will have a value.
    fn is_open(&self, id: &ObjectId, path: &str) -> bool {
        let planned = self.planned.manifests.as_known();
        let fields = planned.and_then(|planned| planned.get(&id.to_string())?.as_known());
        fields.and_then(|fields| fields.get(path)).is_some_and(Field::is_unknown)
    }

    fn namespace(&self) -> String {
        self.planned.namespace.as_known().cloned().unwrap_or_default()
    }
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

fn differs(id: &ObjectId) -> Diagnostic {
    let detail = "Something in the cluster, such as an admission webhook, changed the object while or after it was written. The \
                  next plan shows the fields.";
    Diagnostic::warning(format!("{id} is not as it was planned"), detail)
        .at(AttributePath::new("manifests").key(id.to_string()))
}
