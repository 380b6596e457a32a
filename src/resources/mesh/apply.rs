//! Create and update: from the plan to clusters that hold it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::future::{join_all, try_join_all};
use ssa::{Expect, ObjectPattern, Policy, StageReady, TakeOver};
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field, Outcome};
use tokio_util::sync::CancellationToken;

use super::blueprint::Blueprint;
use super::declare::declare;
use super::field_maps::{self, Objects, texts};
use super::model::MeshModel;
use super::plan::primary;
use super::read::read_objects;
use super::recorded::Recorded;
use super::remove;
use crate::clusters::Cluster;
use crate::diagnostics;
use crate::manifests::{FingerprintKey, ObjectId, flatten};
use crate::mesh::{ClusterFacts, ClusterName};
use crate::observe;
use crate::provider::ProviderData;
use crate::render::{ManifestSet, Stage};
use crate::rollout::{self, ClusterOutcome, Installation, Target};

/// How long custom resource definitions and namespaces may take to be served.
const SERVED: Duration = Duration::from_mins(1);

/// The field managers of people at a command line. What they changed is drift, which the plan has shown and the user has
/// approved to undo; what a controller owns is a conflict, and stays its own.
const BY_HAND: &str = "kubectl*";

/// What an apply is given.
pub struct Apply<'a> {
    /// The state before; `None` for a create.
    pub prior: Option<&'a MeshModel>,
    /// The configuration, wholly known.
    pub config: &'a MeshModel,
    /// The plan.
    pub planned: &'a MeshModel,
    /// The key of fingerprints.
    pub key: &'a FingerprintKey,
    /// The provider.
    pub data: &'a ProviderData,
    /// How long it may take.
    pub timeout: Duration,
    /// Cancelled by Ctrl-C.
    pub cancel: &'a CancellationToken,
}

/// One cluster of the mesh, and what it shall hold.
struct Site {
    cluster: Cluster,
    facts: ClusterFacts,
    set: ManifestSet,
}

impl Apply<'_> {
    /// Checks everything that can be checked before the first write, writes, waits, and returns what is there now.
    pub async fn run(&self) -> Outcome<MeshModel> {
        let (sites, digests) = match self.prepare().await {
            Ok(prepared) => prepared,
            Err(diagnostics) => return Outcome::failed(diagnostics),
        };
        let installations = match sites.iter().map(|site| self.installation(site)).collect() {
            Ok(installations) => installations,
            Err(diagnostic) => return Outcome::failed(diagnostic),
        };
        let outcomes = rollout::install(installations, self.timeout, self.cancel).await;
        if self.prior.is_none() && outcomes.iter().all(|outcome| !outcome.claimed) {
            return Outcome::failed(outcomes.iter().filter_map(failure).collect::<Diagnostics>());
        }
        let mut diagnostics: Diagnostics = outcomes.iter().filter_map(failure).collect();
        let removed =
            if diagnostics.has_errors() { BTreeSet::new() } else { self.remove_left(&mut diagnostics).await };
        let state = self.state(&sites, digests, &removed, &mut diagnostics).await;
        Outcome::new(state).with(diagnostics)
    }

    /// Everything up to the first write.
    async fn prepare(&self) -> Result<(Vec<Site>, BTreeMap<String, String>), Diagnostics> {
        let (mesh, _warnings) = declare(self.config)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        let planned = Recorded::of(self.planned);
        let reading = mesh.primaries().keys().map(|name| self.facts(name, &planned));
        let facts = try_join_all(reading).await?;
        let blueprint = Blueprint::fetch(mesh, &planned, self.data).await?;
        let mut sites = Vec::new();
        for (name, (cluster, facts)) in blueprint.mesh.primaries().keys().zip(facts) {
            let set = blueprint.render(name, &facts)?;
            sites.push(Site { cluster, facts, set });
        }
        self.check_objects(&sites)?;
        Ok((sites, blueprint.digests()))
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

    fn installation(&self, site: &Site) -> Result<Installation, Diagnostic> {
        let namespace = self.namespace();
        let stages = site.set.stages().map(|(stage, manifests)| {
            let objects = manifests.iter().map(|manifest| manifest.object.clone()).collect();
            let manifests = ssa::Manifest::parse_all(objects, &namespace)?;
            let ready = match stage {
                Stage::Definitions | Stage::Namespaces => StageReady::Within(SERVED),
                Stage::Workloads => StageReady::Within(self.timeout),
                Stage::Configuration | Stage::Admission => StageReady::Written,
            };
            Ok(ssa::Stage { name: stage.name().to_owned(), manifests, ready })
        });
        let stages = stages.collect::<Result<_, ssa::ManifestError>>().map_err(|error| {
            let summary =
                format!("Cluster {:?}: the charts rendered something that is no object", site.cluster.name());
            let way_out = "Look at the chart values that lead to it.";
            diagnostics::failure(summary, &error, way_out, Some(primary(site.cluster.name())))
        })?;
        Ok(Installation {
            target: Target::new(&site.cluster, &namespace),
            stages,
            expect: if self.is_known_to_state(site) { Expect::Any } else { Expect::Absent },
            policy: Policy {
                take_over: vec![TakeOver {
                    manager: BY_HAND.into(),
                    objects: ObjectPattern::any(),
                    fields: None,
                }],
                ..Policy::default()
            },
        })
    }

    /// Whether state says that the mesh is in this cluster, under whatever label.
    fn is_known_to_state(&self, site: &Site) -> bool {
        let recorded = self.prior.map(Recorded::of).unwrap_or_default();
        recorded.cluster_uids.values().any(|uid| *uid == site.facts.uid)
    }

    /// Empties the clusters that the mesh has left. Returns their labels, as far as that succeeded.
    async fn remove_left(&self, diagnostics: &mut Diagnostics) -> BTreeSet<String> {
        let recorded = self.prior.map(Recorded::of).unwrap_or_default();
        let planned = Recorded::of(self.planned);
        let kept: BTreeSet<&String> = planned.cluster_uids.values().collect();
        let labels = recorded
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
        sites: &[Site],
        digests: BTreeMap<String, String>,
        removed: &BTreeSet<String>,
        diagnostics: &mut Diagnostics,
    ) -> MeshModel {
        let mut objects = self.objects_elsewhere(sites, removed);
        for (site, live) in sites.iter().zip(join_all(sites.iter().map(|site| self.live(site))).await) {
            match live {
                Ok(live) => objects.extend(self.as_planned(live, diagnostics)),
                Err(warning) => {
                    diagnostics.push(warning);
                    objects.extend(site.rendered(self.key));
                }
            }
        }
        let elsewhere = |map: BTreeMap<String, String>| {
            map.into_iter()
                .filter(|(label, _)| objects.keys().any(|id| id.cluster == *label))
                .collect::<BTreeMap<_, _>>()
        };
        let recorded = self.prior.map(Recorded::of).unwrap_or_default();
        let mut uids = elsewhere(recorded.cluster_uids);
        let mut versions = elsewhere(recorded.kubernetes_versions);
        for site in sites {
            uids.insert(site.cluster.name().to_owned(), site.facts.uid.clone());
            versions.insert(site.cluster.name().to_owned(), site.facts.kubernetes_version.clone());
        }
        MeshModel {
            manifests: field_maps::state(objects),
            chart_digests: texts(digests),
            cluster_uids: texts(uids),
            kubernetes_versions: texts(versions),
            ..self.planned.clone()
        }
    }

    /// The objects in clusters that the mesh leaves and that could not be emptied.
    fn objects_elsewhere(&self, sites: &[Site], removed: &BTreeSet<String>) -> Objects {
        let Recorded { mut objects, cluster_uids, .. } = self.prior.map(Recorded::of).unwrap_or_default();
        let is_here = |id: &ObjectId| {
            let uid = cluster_uids.get(&id.cluster);
            sites.iter().any(|site| site.cluster.name() == id.cluster || Some(&site.facts.uid) == uid)
        };
        objects.retain(|id, _| !is_here(id) && !removed.contains(&id.cluster));
        objects
    }

    /// The live fields of what was rendered for a cluster, and of what is left there from before.
    async fn live(&self, site: &Site) -> Result<Objects, Diagnostic> {
        let wanted = site.rendered(self.key);
        // Reading goes on after Ctrl-C: what was made must be in state.
        read_objects(&site.cluster, &self.namespace(), &wanted, self.key, &CancellationToken::new()).await
    }

    fn as_planned(&self, live: Objects, diagnostics: &mut Diagnostics) -> Objects {
        let planned = Recorded::of(self.planned).objects;
        let failed = diagnostics.has_errors();
        let objects = live.into_iter().map(|(id, fields)| match planned.get(&id) {
            Some(planned) if *planned != fields && !failed => {
                diagnostics.push(differs(&id));
                (id, planned.clone())
            }
            _ => (id, fields),
        });
        objects.collect()
    }

    fn namespace(&self) -> String {
        self.planned.namespace.as_known().cloned().unwrap_or_default()
    }
}

impl Site {
    fn ids(&self) -> impl Iterator<Item = ObjectId> {
        self.set.manifests().iter().map(|manifest| ObjectId::of(self.set.cluster(), &manifest.object))
    }

    fn rendered(&self, key: &FingerprintKey) -> Objects {
        let manifests = self.set.manifests().iter();
        self.ids().zip(manifests.map(|manifest| flatten(&manifest.object, key))).collect()
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
