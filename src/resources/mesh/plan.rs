//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::ambient;
use super::api_servers::{api_servers, out_of_reach};
use super::authorities::{check_existing, check_given};
use super::consequences;
use super::documents;
use super::immutable;
use super::links;
use super::managed::character;
use super::mesh_charts::MeshCharts;
use super::model::MeshModel;
use super::numbers;
use super::place::primary;
use super::planned_status;
use super::problems;
use super::readings::{Readings, readings};
use super::rendering::Rendering;
use super::renewal;
use super::resource::MeshResource;
use super::roots::Inquiry;
use super::settings;
use crate::blocks::{ignored_fields, reader_token};
use crate::diagnostics;
use crate::lifecycle::{
    Common, KnownFacts, Managed as _, Manifests, PlannedClusters, Recorded, Role, Secrets, check_role,
    pinned_digests, planned_manifests,
};
use crate::manifests::IgnoredFields;
use crate::mesh::{ClusterName, ValidatedMesh};
use crate::provider_data::ProviderData;

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
    if prior.is_none_or(|prior| settings::are_changed(prior, config)) {
        messages.extend(readings.setting_warnings.clone());
    }
    let known = prior.map(MeshModel::recorded).unwrap_or_default();
    let labels = labels(config);
    check_blocks(labels.as_ref(), &known, data)?;
    let Some(labels) = labels else { return Ok((without_clusters(planned, prior), messages)) };
    let clusters =
        PlannedClusters::look(MeshResource::KIND, &labels, known.clone(), data, &mut messages).await?;
    planned.cluster_uids = clusters.cluster_uids();
    planned.kubernetes_versions = clusters.kubernetes_versions();
    let inputs = Inputs {
        config,
        prior,
        readings: &readings,
        known: &known,
        clusters: &clusters,
        secrets,
        data,
        cancel,
    };
    let before = &clusters.recorded.objects;
    let (objects, is_open) = match inputs.drawn(&mut planned, &mut messages).await? {
        Some(drawn) => (planned_manifests(drawn.objects, before, data.plan_detail), drawn.is_open),
        None => (Field::Unknown, true),
    };
    messages.extend(inputs.foresee(&objects).await?);
    // What was seen of a cluster says nothing of another one in its place, unless objects that stay prove that there is none.
    let are_all_known = || clusters.facts.values().all(|facts| facts.get().is_some());
    let seen = prior.filter(|_| objects.is_known() || are_all_known());
    planned.manifests = objects;
    planned.status = planned_status::planned(&planned, prior);
    (planned.join, planned.peer) = documents::planned(&planned, seen);
    if is_open {
        // Until here, what is known of single objects counts also where it is not known whether these are all.
        planned.manifests = Field::Unknown;
    }
    if data.refreshed.is_noted() {
        messages.extend(prior.and_then(|prior| problems::of_plan(prior, &planned)));
    }
    messages.extend(if let Some(prior) = prior {
        consequences::of_update(prior, &planned, &clusters, data).await
    } else {
        consequences::of_create(&planned, &clusters.reachable, &data.engines, cancel).await
    });
    Ok((planned, messages))
}

/// The plan of a mesh of which not even the clusters are known.
fn without_clusters(planned: MeshModel, prior: Option<&MeshModel>) -> MeshModel {
    let planned = MeshModel {
        manifests: Field::Unknown,
        chart_digests: Field::Unknown,
        cluster_uids: Field::Unknown,
        kubernetes_versions: Field::Unknown,
        status: Field::Unknown,
        ..planned
    };
    let (join, peer) = documents::planned(&planned, prior);
    MeshModel { join, peer, ..planned }
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
    /// What the state before says.
    known: &'a Recorded,
    clusters: &'a PlannedClusters,
    secrets: &'a Secrets,
    data: &'a ProviderData,
    cancel: &'a CancellationToken,
}

impl Inputs<'_> {
    /// The objects, and the digests of their charts; `None` if nothing can be said of any.
    async fn drawn(
        &self,
        planned: &mut MeshModel,
        messages: &mut Diagnostics,
    ) -> Result<Option<Common>, Diagnostics> {
        let Self { config, prior, readings, secrets, data, .. } = *self;
        let PlannedClusters { recorded, facts, reachable, .. } = self.clusters;
        let Some(mesh) = readings.meshes.first() else {
            planned.chart_digests = Field::Unknown;
            return Ok(None);
        };
        let besides = |is_meant: fn(&KnownFacts) -> bool| -> BTreeSet<String> {
            let meant = facts.iter().filter(|(_, facts)| is_meant(facts)).map(|(name, _)| name.to_string());
            readings.unknown_api_servers.iter().cloned().chain(meant).collect()
        };
        // Another cluster has another token, too, whatever its address is.
        let unknown = besides(|facts| *facts == KnownFacts::Unknown);
        // What a block leads to that is another cluster is no address of its own.
        let no_address = besides(|facts| !matches!(facts, KnownFacts::Known(_)));
        let api_servers = api_servers(mesh, &no_address, data).await?;
        let mut out_of_reach = out_of_reach(mesh, facts, data).await;
        out_of_reach.retain(|name| !unknown.contains(name.as_str()));
        if readings.knows_authority {
            check_given(config, mesh)?;
            check_existing(mesh, reachable, None, &data.engines, self.cancel).await?;
        }
        let (ignored, nothing) = (ignored_fields::read(&config.ignored_fields)?, IgnoredFields::default());
        let charts = MeshCharts::fetch(mesh.clone(), recorded, data).await?;
        settings::check_tables(&charts)?;
        planned.chart_digests = pinned_digests(charts.digests(), &recorded.chart_digests);
        let rendering = Rendering {
            charts: &charts,
            loose: &readings.loose,
            prior: &recorded.objects,
            secrets,
            api_servers: &api_servers,
            refused: &links::with_refused_token(prior),
            due: &renewal::due_for_renewal(prior),
            out_of_reach: &out_of_reach,
            ignored: ignored.as_ref().unwrap_or(&nothing),
        };
        let mut drawn = rendering.objects(&readings.meshes, facts)?;
        messages.extend(numbers::misprinted(&charts, mesh, facts));
        if readings.knows_authority {
            messages.extend(ambient::rejected_by_ztunnel(&charts, mesh, facts));
        }
        charts.discovery().check(reachable).await?;
        match &ignored {
            Some(ignored) if !drawn.is_open => ignored_fields::check(ignored, &drawn.objects)?,
            Some(_) => {}
            // Which fields manifests has depends on it.
            None => drawn.is_open = true,
        }
        Ok(Some(drawn).filter(|drawn| !drawn.objects.is_empty()))
    }

    /// What the apply would say of these objects before its first write.
    ///
    /// # Errors
    /// What it would refuse.
    async fn foresee(&self, objects: &Field<Manifests>) -> Result<Diagnostics, Diagnostics> {
        let Self { config, prior, readings, known, clusters, secrets, data, cancel } = *self;
        let Some(mesh) = readings.meshes.first() else { return Ok(Diagnostics::new()) };
        let character = character(config, None, BTreeSet::new());
        let namespace = mesh.namespace().as_str();
        clusters.check_strangers(namespace, &character, cancel).await?;
        let reading = (&data.engines, cancel);
        check_role(Role::Primary, clusters.joining(), namespace, primary, reading).await?;
        let mut messages = Diagnostics::new();
        messages.extend(prior.into_iter().flat_map(|prior| lossy_rotations(prior, config, mesh)));
        messages.extend(if readings.knows_authority {
            Inquiry { mesh, prior, recorded: known, secrets, data }.foresee(objects).await?
        } else {
            Diagnostics::new()
        });
        clusters.check_immutable(objects, &secrets.key, immutable::attribute, cancel).await?;
        Ok(messages)
    }
}

/// What a plan says of other tokens where istiod of a primary forgets a cluster meanwhile.
fn lossy_rotations(prior: &MeshModel, planned: &MeshModel, mesh: &ValidatedMesh) -> Vec<Diagnostic> {
    let is_rotated = |name: &&ClusterName| {
        let secret = |model: &MeshModel| model.reader_token_secret(name.as_str());
        prior.primary(name.as_str()).is_some() && secret(prior) != secret(planned)
    };
    let lossy = |name: &ClusterName| {
        let readers = mesh.readers_of(name).filter_map(|reader| {
            let primary = mesh.primaries().get(reader)?;
            Some((reader.as_str(), primary.member().version().as_str()))
        });
        reader_token::lossy(name.as_str(), readers, primary(name.as_str()))
    };
    mesh.primaries().keys().filter(is_rotated).filter_map(lossy).collect()
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
            data.clusters.missing(label).map(|error| diagnostics::cluster(&error, Some(primary(label))))
        })
        .collect();
    let left = recorded.cluster_uids.keys().filter(|label| !labels.contains(label.as_str()));
    missing.extend(
        left.filter_map(|label| data.clusters.missing(label)).map(|error| diagnostics::cluster(&error, None)),
    );
    missing.into_result()
}
