//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::api_servers::api_servers;
use super::authorities::{check_existing, check_given};
use super::blueprint::Blueprint;
use super::declare::declare;
use super::documents;
use super::field_maps::{self, Objects, Rendered, texts};
use super::fingerprint::Secrets;
use super::immutable;
use super::links;
use super::model::MeshModel;
use super::recorded::Recorded;
use super::seals::ApiServers;
use super::status;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::manifests::{ObjectId, flatten};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedMesh};
use crate::observe;
use crate::provider::ProviderData;
use crate::render::{Component, Hole, Manifest};

/// Rendered for when a cluster's own version is not known. Which objects there are does not depend on it (a test of
/// `render` holds that), and what they say is not shown.
const ANY_KUBERNETES: &str = "v1.36.0";

/// Facts about the clusters of a mesh as far as a plan knows them.
type Facts = BTreeMap<ClusterName, Option<ClusterFacts>>;

/// Fills the computed attributes of `planned`, which is the configuration with its defaults.
pub async fn plan(
    config: &MeshModel,
    prior: Option<&MeshModel>,
    mut planned: MeshModel,
    secrets: &Secrets,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<(MeshModel, Diagnostics), Diagnostics> {
    let (mesh, warnings) = declare(config)?;
    // What is accepted for good is said once, when the mesh is made.
    let mut messages = if prior.is_none() { warnings } else { Diagnostics::new() };
    let Field::Known(mesh) = mesh else {
        planned.manifests = Field::Unknown;
        planned.chart_digests = Field::Unknown;
        planned.cluster_uids = Field::Unknown;
        planned.kubernetes_versions = Field::Unknown;
        planned.status = Field::Unknown;
        (planned.join, planned.peer) = documents::planned(&planned, prior);
        return Ok((planned, messages));
    };
    let recorded = prior.map(Recorded::of).unwrap_or_default();
    check_blocks(&mesh, &recorded, data)?;
    let facts = facts(&mesh, &recorded, data, &mut messages).await?;
    check_identities(&facts)?;
    let api_servers = api_servers(&mesh, data).await?;
    check_given(config, &mesh, prior)?;
    let clusters = reachable(&facts, data).await;
    check_existing(&mesh, &clusters, |_| None, cancel).await?;
    let recorded = after_relabelling(recorded, &mesh, &facts);
    let blueprint = Blueprint::fetch(mesh, &recorded, data).await?;
    planned.chart_digests = texts(blueprint.digests());
    planned.cluster_uids = per_cluster(&facts, |facts| facts.uid.clone());
    planned.kubernetes_versions = per_cluster(&facts, |facts| facts.kubernetes_version.clone());
    let rendering = Rendering {
        blueprint: &blueprint,
        prior: &recorded.objects,
        secrets,
        api_servers: &api_servers,
        refused: &links::with_refused_token(prior),
    };
    let rendered = rendering.objects(&facts)?;
    planned.manifests = field_maps::plan(rendered, &recorded.objects, data.plan_detail);
    let namespace = blueprint.mesh.namespace().as_str();
    let owner = recorded.owner();
    immutable::check(
        &planned.manifests,
        &recorded.objects,
        &clusters,
        &owner,
        namespace,
        &secrets.key,
        cancel,
    )
    .await?;
    let is_unchanged = prior.is_some_and(|prior| is_same(prior, &planned));
    planned.status = status::planned(prior.filter(|_| is_unchanged));
    (planned.join, planned.peer) = documents::planned(&planned, prior);
    Ok((planned, messages))
}

/// The clusters that a plan can read.
async fn reachable(facts: &Facts, data: &ProviderData) -> Vec<Cluster> {
    let known = facts.iter().filter(|(_, facts)| facts.is_some());
    let clusters = join_all(known.map(|(name, _)| data.clusters.get(name.as_str()))).await;
    clusters.into_iter().filter_map(Result::ok).collect()
}

/// Whether the plan changes nothing in any cluster.
fn is_same(prior: &MeshModel, planned: &MeshModel) -> bool {
    prior.manifests == planned.manifests
        && prior.cluster_uids == planned.cluster_uids
        && prior.kubernetes_versions == planned.kubernetes_versions
}

/// One cluster under two labels would get two control planes in one namespace.
fn check_identities(facts: &Facts) -> Result<(), Diagnostic> {
    let mut labels: BTreeMap<&str, &ClusterName> = BTreeMap::new();
    for (name, facts) in facts {
        let Some(facts) = facts else { continue };
        if let Some(other) = labels.insert(&facts.uid, name) {
            let summary = format!("{:?} and {:?} are the same cluster", other.as_str(), name.as_str());
            let detail = format!(
                "Both have the identity {}. Remove one of the primary blocks, or correct the connection of one of the \
                 provider's cluster blocks.",
                facts.uid
            );
            return Err(Diagnostic::error(summary, detail).at(primary(name.as_str())));
        }
    }
    Ok(())
}

/// Every cluster of the mesh, before and after, needs a block in the provider.
fn check_blocks(mesh: &ValidatedMesh, recorded: &Recorded, data: &ProviderData) -> Result<(), Diagnostics> {
    let labels = mesh.primaries().keys().map(ClusterName::to_string);
    let mut missing: Diagnostics = labels
        .filter_map(|label| {
            no_block(&label, data).map(|error| diagnostics::cluster(&error, Some(primary(&label))))
        })
        .collect();
    let before = recorded.cluster_uids.keys();
    let left = before.filter(|label| !mesh.primaries().keys().any(|name| name.as_str() == *label));
    missing.extend(
        left.filter_map(|label| no_block(label, data)).map(|error| diagnostics::cluster(&error, None)),
    );
    missing.into_result()
}

fn no_block(label: &str, data: &ProviderData) -> Option<clusters::Error> {
    let known: Vec<String> = data.clusters.names().map(str::to_owned).collect();
    data.clusters
        .block(label)
        .is_none()
        .then(|| clusters::Error::NoBlock { cluster: label.to_owned(), known })
}

/// Where the resource names a cluster.
pub fn primary(label: &str) -> AttributePath {
    AttributePath::new("primary").key(label)
}

/// Recorded facts where there are some, else what the clusters say now; `None` for a cluster that is not known yet.
async fn facts(
    mesh: &ValidatedMesh,
    recorded: &Recorded,
    data: &ProviderData,
    messages: &mut Diagnostics,
) -> Result<Facts, Diagnostics> {
    let reading = mesh.primaries().keys().map(|name| async move {
        let recorded = recorded_facts(recorded, name.as_str());
        let facts = match recorded {
            Some(facts) => Ok(facts),
            None => observe_facts(data, name.as_str()).await,
        };
        (name.clone(), facts)
    });
    let mut facts = Facts::new();
    let mut errors = Diagnostics::new();
    for (name, read) in join_all(reading).await {
        let read = match read {
            Ok(read) => Some(read),
            Err(error @ clusters::Error::NotYetKnown { .. }) => {
                let consequence =
                    "The plan is made without the cluster: what depends on it is known after apply.";
                messages.push(diagnostics::cluster_skipped(
                    &error,
                    Some(primary(name.as_str())),
                    consequence,
                ));
                None
            }
            Err(error) => {
                errors.push(diagnostics::cluster(&error, Some(primary(name.as_str()))));
                None
            }
        };
        facts.insert(name, read);
    }
    errors.into_result().map(|()| facts)
}

fn recorded_facts(recorded: &Recorded, label: &str) -> Option<ClusterFacts> {
    let uid = recorded.cluster_uids.get(label)?.clone();
    let kubernetes_version = recorded.kubernetes_versions.get(label)?.clone();
    Some(ClusterFacts { uid, kubernetes_version })
}

async fn observe_facts(data: &ProviderData, label: &str) -> Result<ClusterFacts, clusters::Error> {
    observe::facts(&data.clusters.get(label).await?).await
}

/// A cluster that state knows by another label, which the mesh has no more, is the same cluster with a new name.
fn after_relabelling(mut recorded: Recorded, mesh: &ValidatedMesh, facts: &Facts) -> Recorded {
    for (name, facts) in facts {
        let Some(facts) = facts else { continue };
        let old = recorded.other_label(name.as_str(), &facts.uid);
        let old = old.filter(|old| !mesh.primaries().keys().any(|name| name.as_str() == old));
        if let Some(old) = old {
            recorded = recorded.relabelled(&old, name.as_str());
        }
    }
    recorded
}

fn per_cluster(
    facts: &Facts,
    value: impl Fn(&ClusterFacts) -> String,
) -> Field<BTreeMap<String, Field<String>>> {
    let values = facts.iter().map(|(name, facts)| {
        (name.to_string(), facts.as_ref().map_or(Field::Unknown, |facts| Field::Known(value(facts))))
    });
    Field::Known(values.collect())
}

/// What the objects of a plan are made from.
struct Rendering<'a> {
    blueprint: &'a Blueprint,
    prior: &'a Objects,
    secrets: &'a Secrets,
    api_servers: &'a ApiServers,
    /// The links (reader, read) that need another token.
    refused: &'a BTreeSet<(String, String)>,
}

impl Rendering<'_> {
    /// Every object, with its fields where the cluster's facts are known.
    fn objects(&self, facts: &Facts) -> Result<BTreeMap<ObjectId, Option<Rendered>>, Diagnostic> {
        let assumed = || ClusterFacts { uid: String::new(), kubernetes_version: ANY_KUBERNETES.to_owned() };
        let mut rendered = BTreeMap::new();
        for (name, facts) in facts {
            let set = self.blueprint.render(name, &facts.clone().unwrap_or_else(assumed))?;
            for manifest in set.manifests() {
                let id = ObjectId::of(name, &manifest.object);
                let object = if facts.is_some() { Some(self.object(&id, manifest)?) } else { None };
                rendered.insert(id, object);
            }
        }
        Ok(rendered)
    }

    fn object(&self, id: &ObjectId, manifest: &Manifest) -> Result<Rendered, Diagnostic> {
        let Secrets { key, seals } = self.secrets;
        let mut holes = seals.planned(id, manifest, self.prior, self.api_servers);
        if manifest.holes.values().any(|hole| self.is_refused(&id.cluster, hole)) {
            for value in holes.values_mut() {
                *value = None;
            }
        }
        let is_open = holes.values().any(Option::is_none);
        if is_open
            && manifest.component == Component::Root
            && seals.has(id)
            && self.has_workloads(&id.cluster)
        {
            return Err(root_is_gone(id));
        }
        Ok(Rendered { fields: flatten(&manifest.object, key), holes })
    }

    /// Whether anything of the mesh runs in the cluster. Where nothing does, a destroy that did not come to its end has deleted the
    /// root after that: Terraform plans before it destroys the rest, and only an apply may refuse to go on without the root.
    fn has_workloads(&self, cluster: &str) -> bool {
        self.prior.keys().any(|id| id.cluster == cluster && id.kind == "Deployment")
    }

    /// Whether what was filled in is a token that is no longer accepted.
    fn is_refused(&self, reader: &str, hole: &Hole) -> bool {
        matches!(hole, Hole::Access(read) if self.refused.contains(&(reader.to_owned(), read.to_string())))
    }
}

/// The Secret that keeps the root, which others still depend on, would be made anew with another root.
pub fn root_is_gone(id: &ObjectId) -> Diagnostic {
    let detail = "It kept the root certificate of the mesh and its key, and was deleted or changed by someone else. A new root \
                  would break every connection of the mesh, so none is made.\n\nRestore the Secret from a backup and plan again. \
                  If there is none, the mesh goes on until its intermediates expire, but no cluster can join it: make a new mesh \
                  and move the workloads.";
    Diagnostic::error(format!("{id} is no longer what the mesh was made with"), detail)
        .at(AttributePath::new("certificate_authority"))
}
