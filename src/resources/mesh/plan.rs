//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::api_servers::{api_servers, out_of_reach};
use super::authorities::{check_existing, check_given};
use super::authority_state;
use super::blueprint::Blueprint;
use super::declare::declare;
use super::documents;
use super::field_maps::{self, Objects, Rendered};
use super::fingerprint::Secrets;
use super::immutable;
use super::links;
use super::model::MeshModel;
use super::recorded::Recorded;
use super::roots::Inquiry;
use super::seals::ApiServers;
use super::status;
use crate::clusters::{self, Cluster};
use crate::diagnostics;
use crate::manifests::{ObjectId, flatten, secret_field};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedMesh};
use crate::observe;
use crate::provider::ProviderData;
use crate::render::{Hole, Manifest};

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
    let out_of_reach = out_of_reach(&mesh, data).await;
    check_given(config, &mesh)?;
    let clusters = reachable(&facts, data).await;
    check_existing(&mesh, &clusters, |_| None, cancel).await?;
    let recorded = after_relabelling(recorded, &mesh, &facts);
    let blueprint = Blueprint::fetch(mesh, &recorded, data).await?;
    planned.chart_digests = pinned(blueprint.digests(), &recorded.chart_digests);
    planned.cluster_uids = per_cluster(&facts, &recorded.cluster_uids);
    planned.kubernetes_versions = per_cluster(&facts, &recorded.kubernetes_versions);
    let rendering = Rendering {
        blueprint: &blueprint,
        prior: &recorded.objects,
        secrets,
        api_servers: &api_servers,
        refused: &links::with_refused_token(prior),
        due: &authority_state::due_for_renewal(prior),
        out_of_reach: &out_of_reach,
    };
    let rendered = rendering.objects(&facts)?;
    planned.manifests = field_maps::plan(rendered, &recorded.objects, data.plan_detail);
    let known = prior.map(Recorded::of).unwrap_or_default();
    let inquiry = Inquiry { mesh: &blueprint.mesh, prior, recorded: &known, secrets, data };
    messages.extend(inquiry.foresee(&planned.manifests).await?);
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
            data.clusters.missing(&label).map(|error| diagnostics::cluster(&error, Some(primary(&label))))
        })
        .collect();
    let before = recorded.cluster_uids.keys();
    let left = before.filter(|label| !mesh.primaries().keys().any(|name| name.as_str() == *label));
    missing.extend(
        left.filter_map(|label| data.clusters.missing(label)).map(|error| diagnostics::cluster(&error, None)),
    );
    missing.into_result()
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

/// A pin of each cluster: what is recorded. Terraform plans again before it applies, and what a cluster says of itself may be
/// something else by then; so what no apply has seen is not promised.
fn per_cluster(facts: &Facts, recorded: &BTreeMap<String, String>) -> Field<BTreeMap<String, Field<String>>> {
    let values = facts.keys().map(|name| {
        let recorded = recorded.get(name.as_str()).cloned();
        (name.to_string(), recorded.map_or(Field::Unknown, Field::Known))
    });
    Field::Known(values.collect())
}

/// The digests that are recorded; a chart that is fetched for the first time may be another one at apply.
fn pinned(
    fetched: BTreeMap<String, String>,
    recorded: &BTreeMap<String, String>,
) -> Field<BTreeMap<String, Field<String>>> {
    let digests = fetched.into_iter().map(|(chart, digest)| {
        let is_recorded = recorded.get(&chart) == Some(&digest);
        (chart, if is_recorded { Field::Known(digest) } else { Field::Unknown })
    });
    Field::Known(digests.collect())
}

/// What the objects of a plan are made from.
struct Rendering<'a> {
    blueprint: &'a Blueprint,
    prior: &'a Objects,
    secrets: &'a Secrets,
    api_servers: &'a ApiServers,
    /// The links (reader, read) that need another token.
    refused: &'a BTreeSet<(String, String)>,
    /// The clusters whose intermediate is to be renewed.
    due: &'a BTreeSet<String>,
    /// The clusters whose address is not to be had.
    out_of_reach: &'a BTreeSet<ClusterName>,
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
                let object = if facts.is_some() { Some(self.object(&id, manifest)) } else { None };
                rendered.insert(id, object);
            }
        }
        Ok(rendered)
    }

    fn object(&self, id: &ObjectId, manifest: &Manifest) -> Rendered {
        let Secrets { key, seals } = self.secrets;
        let mut holes = seals.planned(id, manifest, self.prior, self.api_servers);
        for (file, hole) in &manifest.holes {
            let field = secret_field(file);
            if matches!(hole, Hole::Access(read) if self.out_of_reach.contains(read)) {
                let prior = self.prior.get(id).and_then(|fields| fields.get(&field)).cloned();
                holes.insert(field.clone(), prior);
            }
            if self.is_refused(&id.cluster, hole) || authority_state::is_renewed(self.due, &id.cluster, hole)
            {
                holes.insert(field, None);
            }
        }
        Rendered { fields: flatten(&manifest.object, key), holes }
    }

    /// Whether what was filled in is a token that is no longer accepted.
    fn is_refused(&self, reader: &str, hole: &Hole) -> bool {
        matches!(hole, Hole::Access(read) if self.refused.contains(&(reader.to_owned(), read.to_string())))
    }
}
