//! Plans: a pure function of configuration, chart bytes, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{AttributePath, Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::declare::{declare, labels};
use super::managed::character;
use super::model::RemoteClusterModel;
use super::others;
use super::place::cluster;
use super::remote_charts::RemoteCharts;
use super::resource::RemoteClusterResource;
use super::{planned_status, problems, remove};
use crate::blocks::ignored_fields;
use crate::diagnostics;
use crate::lifecycle::{
    ApiServers, Flattened, Managed as _, Manifests, PlannedClusters, Recorded, Rendered, Secrets,
    api_server_addresses, draw, may_be_out_of_reach, pinned_digests, planned_manifests,
};
use crate::manifests::{IgnoredFields, secret_field};
use crate::mesh::{ClusterName, RemoteCluster, ValidatedRemote};
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
    // Once chosen, the primaries stay: the plan has them already.
    let declared = declare(&RemoteClusterModel { primaries: planned.primaries.clone(), ..config.clone() });
    let declared = match declared? {
        Field::Unknown if planned.primaries.is_unknown() => declare(config)?,
        declared => declared,
    };
    let labels = labels(&RemoteClusterModel { primaries: known_primaries(&planned), ..config.clone() });
    check_blocks(labels.as_ref(), &known, data)?;
    let Some(labels) = labels else { return Ok((unknown(planned), messages)) };
    let kind = RemoteClusterResource::KIND;
    let clusters = PlannedClusters::look(kind, &labels, known, data, &mut messages).await?;
    planned.cluster_uids = clusters.cluster_uids();
    planned.kubernetes_versions = clusters.kubernetes_versions();
    let Field::Known(remote) = declared else {
        let planned = RemoteClusterModel {
            manifests: Field::Unknown,
            chart_digests: Field::Unknown,
            status: Field::Unknown,
            ..planned
        };
        return Ok((planned, messages));
    };
    let inputs = Inputs { config, prior, clusters: &clusters, secrets, data, cancel };
    let source = inputs.source(remote, &mut messages).await?;
    let (manifests, is_open) = inputs.manifests(&source).await?;
    planned.chart_digests = pinned_digests(source.digests(), &clusters.recorded.chart_digests);
    planned.primaries =
        Field::Known(source.remote.serving().iter().map(|name| Field::Known(name.to_string())).collect());
    planned.manifests = manifests;
    planned.status = planned_status::planned(&planned, prior, &source.remote);
    if is_open {
        planned.manifests = Field::Unknown;
    }
    if data.refreshed.is_noted() {
        messages.extend(prior.and_then(|prior| problems::of_plan(prior, &planned)));
    }
    let leaving = clusters.leaving();
    messages.extend(remove::warnings(&leaving, prior, data).await);
    Ok((planned, messages))
}

/// The primaries of a plan that does not know them yet are those of the configuration.
fn known_primaries(planned: &RemoteClusterModel) -> Field<BTreeSet<Field<String>>> {
    if planned.primaries.is_unknown() { Field::Null } else { planned.primaries.clone() }
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
    /// The cluster beside the others of its mesh, and its charts.
    async fn source(
        &self,
        remote: RemoteCluster,
        messages: &mut Diagnostics,
    ) -> Result<RemoteCharts, Diagnostics> {
        let PlannedClusters { facts, reachable, recorded, .. } = self.clusters;
        let uids = facts.iter().filter_map(|(name, facts)| Some((name.as_str(), facts.get()?.uid.as_str())));
        others::check_primaries(&remote.mesh, uids)?;
        let (others, warnings) = others::members(reachable, &remote.mesh).await;
        messages.extend(warnings);
        let own = facts.iter().find(|(name, _)| name.as_str() == remote.name);
        let uid = own.and_then(|(_, facts)| Some(facts.get()?.uid.clone()));
        let id = recorded.id.as_deref().unwrap_or_default();
        // Its own record is not in its way.
        let others = others.into_iter().filter(|record| !is_own(record.id.as_str(), id)).collect();
        RemoteCharts::fetch(&RemoteCluster { others, uid, ..remote }, recorded, self.data).await
    }

    /// The objects, and whether there may be others.
    async fn manifests(&self, source: &RemoteCharts) -> Result<(Field<Manifests>, bool), Diagnostics> {
        let Self { config, clusters, secrets, data, cancel, .. } = *self;
        let before = &clusters.recorded.objects;
        let api_servers = api_servers(&source.remote, data).await?;
        let keeps_access = api_servers.is_empty() && may_be_out_of_reach(source.remote.member().name(), data);
        let (ignored, nothing) = (ignored_fields::read(&config.ignored_fields)?, IgnoredFields::default());
        let fields = ignored.as_ref().unwrap_or(&nothing);
        let refused = self.refuses_token();
        let flattened = Flattened::default();
        let drawn = draw(source, &clusters.facts, secrets, before, |id, manifest, keeping| {
            let mut rendered = Rendered::of(id, manifest, keeping, secrets, before, &api_servers, &flattened);
            for file in
                manifest.placeholders.keys().filter(|_| id.cluster != source.remote.member().name().as_str())
            {
                let field = secret_field(file);
                if refused {
                    rendered.placeholders.insert(field, None);
                } else if keeps_access {
                    let prior = before.get(id).and_then(|fields| fields.get(&field)).cloned();
                    rendered.placeholders.insert(field, prior);
                }
            }
            Some(rendered.without(fields, id))
        })?;
        if let Some(ignored) = &ignored {
            ignored_fields::check(ignored, &drawn)?;
        }
        let manifests = planned_manifests(drawn, before, data.plan_detail);
        let namespace = source.remote.identity().namespace().as_str();
        clusters.check_strangers(namespace, &character(config, BTreeSet::new()), cancel).await?;
        clusters.check_immutable(&manifests, &secrets.key, |id, _| cluster(&id.cluster), cancel).await?;
        Ok((manifests, ignored.is_none()))
    }

    /// Whether a primary has a token that the cluster no longer accepts.
    fn refuses_token(&self) -> bool {
        self.prior.is_some_and(problems::has_refused_token)
    }
}

/// Whether a record with this owner label is that of the resource with this identity.
pub fn is_own(label: &str, id: &str) -> bool {
    !label.is_empty() && id.starts_with(label)
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
