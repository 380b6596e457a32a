//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::declare::{Readings, labels, readings, told};
use super::managed::character;
use super::model::RemoteClusterModel;
use super::others;
use super::place::cluster;
use super::remote_charts::RemoteCharts;
use super::rendering::{Access, Reading, is_unknown};
use super::resource::RemoteClusterResource;
use super::{consequences, planned_status, problems, remove, serving, settings};
use crate::blocks::{ignored_fields, reader_token};
use crate::diagnostics;
use crate::lifecycle::{
    ApiServers, Common, Flattened, Managed as _, Manifests, PlannedClusters, Recorded, Rendered, Role,
    Secrets, api_server_addresses, check_role, draw, may_be_out_of_reach, members, pinned_digests,
    planned_manifests, will_be_rejected,
};
use crate::manifests::IgnoredFields;
use crate::mesh::{ClusterName, RemoteCluster, ValidatedRemote, Violation, said_by_all};
use crate::provider_data::ProviderData;

/// Fills the computed attributes of `planned`, which is the configuration with its defaults.
pub async fn plan(
    config: &RemoteClusterModel,
    prior: Option<&RemoteClusterModel>,
    mut planned: RemoteClusterModel,
    secrets: &Secrets,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<(RemoteClusterModel, Diagnostics), Diagnostics> {
    let mut messages = Diagnostics::new();
    let known = prior.map(RemoteClusterModel::recorded).unwrap_or_default();
    let config = &RemoteClusterModel { primaries: chosen(config, &planned), ..config.clone() };
    let readings = readings(config)?;
    let labels = labels(config);
    check_blocks(labels.as_ref(), &known, data)?;
    let Some(labels) = labels else { return Ok((unknown(planned), messages)) };
    let kind = RemoteClusterResource::KIND;
    let clusters = PlannedClusters::look(kind, &labels, known, data, &mut messages).await?;
    if let Field::Known(namespace) = planned.namespace() {
        let joins = clusters.joining().filter(|it| it.name() == planned.label());
        check_role(Role::Remote, joins, &namespace, cluster, (&data.engines, cancel)).await?;
    }
    planned.cluster_uids = clusters.cluster_uids();
    planned.kubernetes_versions = clusters.kubernetes_versions();
    let inputs = Inputs { config, prior, clusters: &clusters, secrets, data, cancel };
    let remotes = inputs.remotes(&readings, &mut messages).await?;
    let Some(remote) = remotes.first() else {
        let planned = RemoteClusterModel {
            manifests: Field::Unknown,
            chart_digests: Field::Unknown,
            status: Field::Unknown,
            ..planned
        };
        return Ok((planned, messages));
    };
    let ignored_settings = settings::check(remote)?;
    let source = RemoteCharts::fetch(remote.clone(), &clusters.recorded, data).await?;
    let (manifests, is_open) = inputs.manifests(&source, &remotes, &readings).await?;
    planned.chart_digests = pinned_digests(source.digests(), &clusters.recorded.chart_digests);
    planned.primaries =
        Field::Known(remote.serving().iter().map(|name| Field::Known(name.to_string())).collect());
    // What is known of single objects counts for the status also where it is not known whether these are all.
    planned.manifests = manifests;
    planned.status = planned_status::planned(&planned, prior, remote);
    if is_open {
        planned.manifests = Field::Unknown;
    }
    if prior.is_none_or(|prior| prior.manifests != planned.manifests) {
        messages.extend(ignored_settings);
    }
    if data.refreshed.is_noted() {
        messages.extend(prior.and_then(|prior| problems::of_plan(prior, &planned)));
    }
    messages.extend(prior.and_then(|prior| consequences::of_injector(prior, &planned)));
    if prior.is_none_or(|prior| prior.primaries != planned.primaries) {
        messages.extend(serving::different_resources(remote, &clusters.reachable).await);
    }
    if let Some(prior) = prior {
        messages.extend(consequences::of_network(prior, &planned, &clusters.reachable).await);
    }
    messages.extend(prior.and_then(|prior| lossy_rotation(prior, &planned, remote)));
    let leaving = clusters.leaving();
    messages.extend(remove::warnings(&leaving, prior, data).await);
    Ok((planned, messages))
}

/// The primaries that are chosen by the configuration or, once and for all, by the first plan; none as long as there is only one to choose.
fn chosen(config: &RemoteClusterModel, planned: &RemoteClusterModel) -> Field<BTreeSet<Field<String>>> {
    if planned.primaries.is_unknown() { config.primaries.clone() } else { planned.primaries.clone() }
}

/// The plan of a cluster of which not even the primaries are known.
fn unknown(planned: RemoteClusterModel) -> RemoteClusterModel {
    RemoteClusterModel {
        manifests: Field::Unknown,
        chart_digests: Field::Unknown,
        cluster_uids: Field::Unknown,
        kubernetes_versions: Field::Unknown,
        status: Field::Unknown,
        ..planned
    }
}

/// What the objects of a plan follow from.
struct Inputs<'a> {
    config: &'a RemoteClusterModel,
    prior: Option<&'a RemoteClusterModel>,
    clusters: &'a PlannedClusters,
    secrets: &'a Secrets,
    data: &'a ProviderData,
    cancel: &'a CancellationToken,
}

impl Inputs<'_> {
    /// The cluster beside the others of its mesh, once with every stand-in for what is unknown; none if that decides too much.
    async fn remotes(
        &self,
        readings: &Readings,
        messages: &mut Diagnostics,
    ) -> Result<Vec<ValidatedRemote>, Diagnostics> {
        let PlannedClusters { facts, reachable, recorded, .. } = self.clusters;
        let Some(RemoteCluster { name, mesh, .. }) = readings.remotes.first() else { return Ok(Vec::new()) };
        let uids = facts.iter().filter_map(|(name, facts)| Some((name.as_str(), facts.get()?.uid.as_str())));
        others::check_primaries(mesh, uids)?;
        let primaries = reachable.iter().filter(|cluster| mesh.primaries.contains_key(cluster.name()));
        let consequence = "Whether another cluster of the mesh is in the way is checked by the apply.";
        let (others, warnings) = members(primaries, &mesh.namespace, consequence).await;
        messages.extend(warnings);
        let own = facts.iter().find(|(label, _)| label.as_str() == name);
        let uid = own.and_then(|(_, facts)| Some(facts.get()?.uid.clone()));
        let id = recorded.id.as_deref().unwrap_or_default();
        // Its own record is not in its way.
        let others = others.into_iter().filter(|record| !record.is_of(id)).collect();
        let alone = |remote: &RemoteCluster| RemoteCluster { uid: uid.clone(), ..remote.clone() }.validate();
        let checked: Vec<_> = readings.remotes.iter().map(alone).collect();
        let refused = checked.iter().filter_map(|checked| checked.as_ref().err().map(Vec::as_slice));
        let refused: Vec<&[Violation]> = refused.collect();
        if refused.len() == checked.len() {
            told(name, &said_by_all(refused.into_iter())).into_result()?;
        }
        let is_known = checked.len() == 1;
        let valid: Vec<_> = checked.into_iter().filter_map(Result::ok).collect();
        // One stand-in alone that is not refused says nothing.
        let valid = if is_known || valid.len() > 1 { valid } else { Vec::new() };
        if let Some(remote) = valid.first() {
            let in_the_way = remote.check_beside(others).err().unwrap_or_default();
            messages.extend(told(name, &in_the_way).into_iter().map(will_be_rejected));
        }
        Ok(valid)
    }

    /// The objects, and whether there may be others.
    async fn manifests(
        &self,
        source: &RemoteCharts,
        remotes: &[ValidatedRemote],
        readings: &Readings,
    ) -> Result<(Field<Manifests>, bool), Diagnostics> {
        let Self { config, clusters, secrets, data, cancel, .. } = *self;
        let before = &clusters.recorded.objects;
        let own = source.remote.member().name();
        let api_servers = if readings.knows_api_server {
            api_servers(&source.remote, data).await?
        } else {
            ApiServers::new()
        };
        let keeps_access =
            readings.knows_api_server && api_servers.is_empty() && may_be_out_of_reach(own, data);
        let (ignored, nothing) = (ignored_fields::read(&config.ignored_fields)?, IgnoredFields::default());
        let access = Access {
            own,
            is_renewed: self.prior.is_some_and(problems::asks_again),
            renews_authority: self.prior.is_some_and(problems::renews_authority),
            is_kept: keeps_access,
            before,
        };
        let flattened = Flattened::default();
        let common = Common::of(remotes, !readings.loose.is_empty(), |remote| {
            let reading = Reading { source, remote };
            draw(&reading, &clusters.facts, secrets, before, |id, manifest, keeping| {
                if is_unknown(&readings.loose, id, manifest) {
                    return None;
                }
                let mut rendered =
                    Rendered::of(id, manifest, keeping, secrets, before, &api_servers, &flattened);
                access.correct(&mut rendered, id, manifest);
                Some(rendered.without(ignored.as_ref().unwrap_or(&nothing), id))
            })
        })?;
        if let Some(ignored) = ignored.as_ref().filter(|_| !common.is_open) {
            ignored_fields::check(ignored, &common.objects)?;
        }
        let manifests = planned_manifests(common.objects, before, data.plan_detail);
        let namespace = source.remote.identity().namespace().as_str();
        clusters.check_strangers(namespace, &character(config, BTreeSet::new()), cancel).await?;
        clusters.check_immutable(&manifests, &secrets.key, |id, _| cluster(&id.cluster), cancel).await?;
        Ok((manifests, common.is_open || ignored.is_none()))
    }
}

/// What a plan says of another token where istiod of a primary forgets the cluster meanwhile.
fn lossy_rotation(
    prior: &RemoteClusterModel,
    planned: &RemoteClusterModel,
    remote: &ValidatedRemote,
) -> Option<Diagnostic> {
    if prior.reader_token_secret() == planned.reader_token_secret() {
        return None;
    }
    let readers = remote.readers().iter().filter_map(|reader| {
        Some((reader.as_str(), remote.primaries().get(reader.as_str())?.version.as_str()))
    });
    reader_token::lossy(planned.label(), readers, AttributePath::root())
}

/// How the primaries reach the cluster's API server; empty while that is not known.
pub async fn api_servers(remote: &ValidatedRemote, data: &ProviderData) -> Result<ApiServers, Diagnostic> {
    let readers: Vec<&ClusterName> = remote.readers().iter().collect();
    let member = remote.member();
    let addresses = api_server_addresses(member, &readers, &AttributePath::root(), data).await?;
    Ok(addresses.map(|addresses| (member.name().clone(), addresses)).into_iter().collect())
}

/// Every cluster, before and after, needs a block in the provider.
fn check_blocks(
    labels: Option<&BTreeSet<ClusterName>>,
    recorded: &Recorded,
    data: &ProviderData,
) -> Result<(), Diagnostics> {
    let labels = labels.into_iter().flatten().map(ClusterName::as_str);
    let labels: BTreeSet<&str> = labels.chain(recorded.cluster_uids.keys().map(String::as_str)).collect();
    let missing = labels.into_iter().filter_map(|label| data.clusters.missing(label));
    let missing = missing.map(|error| diagnostics::cluster(&error, Some(AttributePath::new("mesh"))));
    missing.collect::<Diagnostics>().into_result()
}
