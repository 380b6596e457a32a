//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::api_servers::api_servers;
use super::authorities::{check_existing, check_given};
use super::blueprint::Blueprint;
use super::consequences;
use super::documents;
use super::facts::{Facts, after_relabelling, check_identities, facts, per_cluster, reachable};
use super::field_maps::{self, texts};
use super::fingerprint::Secrets;
use super::links;
use super::model::{Manifests, MeshModel};
use super::readings::{Readings, readings};
use super::recorded::Recorded;
use super::rendering::{Drawn, Rendering};
use super::status;
use crate::clusters;
use crate::diagnostics;
use crate::documents::{JoinModel, PeerModel};
use crate::manifests::ObjectId;
use crate::mesh::ClusterName;
use crate::provider::ProviderData;

/// Fills the computed attributes of `planned`, which is the configuration with its defaults.
pub async fn plan(
    config: &MeshModel,
    prior: Option<&MeshModel>,
    mut planned: MeshModel,
    secrets: &Secrets,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<(MeshModel, Diagnostics), Diagnostics> {
    let (readings, warnings) = readings(config)?;
    // What is accepted for good is said once, when the mesh is made.
    let mut messages = if prior.is_none() { warnings } else { Diagnostics::new() };
    let recorded = prior.map(Recorded::of).unwrap_or_default();
    let labels = labels(config);
    check_blocks(labels.as_ref(), &recorded, data)?;
    let Some(labels) = labels else { return Ok((without_clusters(planned), messages)) };
    let facts = facts(&labels, &recorded, data, &mut messages).await?;
    check_identities(&facts)?;
    let recorded = after_relabelling(recorded, &facts);
    planned.cluster_uids = per_cluster(&facts, |facts| facts.uid.clone());
    planned.kubernetes_versions = per_cluster(&facts, |facts| facts.kubernetes_version.clone());
    let inputs =
        Inputs { config, prior, readings: &readings, recorded: &recorded, facts: &facts, secrets, data };
    let (objects, is_open) = match inputs.drawn(&mut planned, cancel).await? {
        Some(drawn) => (field_maps::plan(drawn.objects, &recorded.objects, data.plan_detail), drawn.is_open),
        None => (Field::Unknown, true),
    };
    (planned.join, planned.peer) = documents(&planned, objects.clone(), prior);
    planned.manifests = if is_open { Field::Unknown } else { objects };
    let is_unchanged = prior.is_some_and(|prior| is_same(prior, &planned));
    planned.status = status::planned(prior.filter(|_| is_unchanged));
    messages.extend(if let Some(prior) = prior {
        consequences::of_update(prior, &planned, &recorded, &facts, data).await
    } else {
        consequences::of_create(&planned, &facts, data, cancel).await
    });
    Ok((planned, messages))
}

/// The plan of a mesh of which not even the clusters are known.
fn without_clusters(planned: MeshModel) -> MeshModel {
    MeshModel {
        manifests: Field::Unknown,
        chart_digests: Field::Unknown,
        cluster_uids: Field::Unknown,
        kubernetes_versions: Field::Unknown,
        status: Field::Unknown,
        join: Field::Unknown,
        peer: Field::Unknown,
        ..planned
    }
}

/// The clusters of the mesh; `None` if it is not known which there are. A label that is no name has been refused already.
fn labels(config: &MeshModel) -> Option<BTreeSet<ClusterName>> {
    match &config.primary {
        Field::Known(primaries) => Some(primaries.keys().filter_map(|label| label.parse().ok()).collect()),
        Field::Null => Some(BTreeSet::new()),
        Field::Unknown => None,
    }
}

/// What the objects of a plan follow from.
struct Inputs<'a> {
    config: &'a MeshModel,
    prior: Option<&'a MeshModel>,
    readings: &'a Readings,
    recorded: &'a Recorded,
    facts: &'a Facts,
    secrets: &'a Secrets,
    data: &'a ProviderData,
}

impl Inputs<'_> {
    /// The objects, and the digests of their charts; `None` if it is not known which charts there are.
    async fn drawn(
        &self,
        planned: &mut MeshModel,
        cancel: &CancellationToken,
    ) -> Result<Option<Drawn>, Diagnostics> {
        let Self { config, prior, readings, recorded, facts, secrets, data } = *self;
        let Some(mesh) = readings.meshes.first() else {
            planned.chart_digests = Field::Unknown;
            return Ok(None);
        };
        // Another cluster has another token, too, whatever its address is.
        let replaced = facts.iter().filter(|(_, facts)| facts.is_none()).map(|(name, _)| name.to_string());
        let unknown = readings.unknown_api_servers.iter().cloned().chain(replaced).collect();
        let api_servers = api_servers(mesh, &unknown, data).await?;
        if readings.knows_authority {
            check_given(config, mesh, prior)?;
            check_existing(mesh, &reachable(facts, data).await, |_| None, cancel).await?;
        }
        let blueprint = Blueprint::fetch(mesh.clone(), recorded, data).await?;
        planned.chart_digests = texts(blueprint.digests());
        let rendering = Rendering {
            blueprint: &blueprint,
            loose: &readings.loose,
            prior: &recorded.objects,
            secrets,
            api_servers: &api_servers,
            refused: &links::with_refused_token(prior),
        };
        Ok(Some(rendering.objects(&readings.meshes, facts)?))
    }
}

/// Both documents, by what the plan knows of every object, also where it does not know whether these are all.
fn documents(
    planned: &MeshModel,
    objects: Field<Manifests>,
    prior: Option<&MeshModel>,
) -> (Field<JoinModel>, Field<PeerModel>) {
    let (join, peer) = documents::planned(&MeshModel { manifests: objects, ..planned.clone() }, prior);
    let primaries = || planned.primary.as_known().into_iter().flatten().map(|(_, primary)| primary);
    if primaries().any(|primary| primary.east_west_gateway.is_unknown()) {
        return (Field::Unknown, Field::Unknown);
    }
    if primaries().any(|primary| primary.drain.is_unknown()) { (join, Field::Unknown) } else { (join, peer) }
}

/// Whether the plan changes nothing in any cluster.
fn is_same(prior: &MeshModel, planned: &MeshModel) -> bool {
    prior.manifests == planned.manifests
        && prior.cluster_uids == planned.cluster_uids
        && prior.kubernetes_versions == planned.kubernetes_versions
}

/// Every cluster of the mesh, before and after, needs a block in the provider. Of a mesh whose clusters are not known, those of
/// before may stay.
fn check_blocks(
    labels: Option<&BTreeSet<ClusterName>>,
    recorded: &Recorded,
    data: &ProviderData,
) -> Result<(), Diagnostics> {
    let labels: BTreeSet<&str> = labels.into_iter().flatten().map(ClusterName::as_str).collect();
    let mut missing: Diagnostics = labels
        .iter()
        .filter_map(|label| {
            no_block(label, data).map(|error| diagnostics::cluster(&error, Some(primary(label))))
        })
        .collect();
    let left = recorded.cluster_uids.keys().filter(|label| !labels.contains(label.as_str()));
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

/// The Secret that keeps the root, which others still depend on, would be made anew with another root.
pub fn root_is_gone(id: &ObjectId) -> Diagnostic {
    let detail = "It kept the root certificate of the mesh and its key, and was deleted or changed by someone else. A new root \
                  would break every connection of the mesh, so none is made.\n\nRestore the Secret from a backup and plan again. \
                  If there is none, the mesh goes on until its intermediates expire, but no cluster can join it: make a new mesh \
                  and move the workloads.";
    Diagnostic::error(format!("{id} is no longer what the mesh was made with"), detail)
        .at(AttributePath::new("certificate_authority"))
}
