//! Plans: a pure function of configuration, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{Diagnostics, Field, Severity};
use tokio_util::sync::CancellationToken;

use super::declare::{declare, labels, said, validate};
use super::managed::{Source, character};
use super::model::FederationModel;
use super::place::cluster;
use super::resource::FederationResource;
use super::{document, foreign_gateways, others, problems, status, trusted};
use crate::clusters::Cluster;
use crate::lifecycle::{
    ApiServers, Flattened, Managed as _, Manifests, PlannedClusters, Rendered, Secrets, abandoned, draw,
    planned_manifests,
};
use crate::mesh::Federation;
use crate::provider_data::ProviderData;

/// Fills the computed attributes of `planned`, which is the configuration with its defaults.
pub async fn plan(
    config: &FederationModel,
    prior: Option<&FederationModel>,
    mut planned: FederationModel,
    secrets: &Secrets,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<(FederationModel, Diagnostics), Diagnostics> {
    let mut messages = Diagnostics::new();
    planned.document = document::document(config, prior, Field::Unknown);
    let declared = declare(config, prior)?;
    let Some(labels) = labels(config) else { return Ok((unknown(planned), messages)) };
    let known = prior.map(FederationModel::recorded).unwrap_or_default();
    let kind = FederationResource::KIND;
    let clusters = PlannedClusters::look(kind, &labels, known, data, &mut messages).await?;
    planned.cluster_uids = clusters.cluster_uids();
    planned.kubernetes_versions = clusters.kubernetes_versions();
    let Field::Known(federation) = declared else {
        let (uids, versions) = (planned.cluster_uids.clone(), planned.kubernetes_versions.clone());
        return Ok((
            FederationModel { cluster_uids: uids, kubernetes_versions: versions, ..unknown(planned) },
            messages,
        ));
    };
    let valid = validate(&federation)?;
    messages.extend(said(valid.warnings()));
    let namespace = federation.mesh.namespace.clone();
    clusters.check_strangers(&namespace, &character(config, BTreeSet::new()), cancel).await?;
    messages.extend(in_the_way(&federation, &clusters).await);
    planned.trusted = trusted::recording(&federation, prior);
    planned.manifests = manifests(Source::of(valid)?, &clusters, secrets, data, cancel).await?;
    planned.status = status::planned(&planned, prior);
    if data.refreshed.is_noted() {
        messages.extend(prior.and_then(|prior| problems::of_plan(prior, &planned)));
    }
    messages.extend(abandoned(&clusters.leaving(), &clusters.recorded, data, kind.place).await);
    Ok((planned, messages))
}

/// The plan of a federation of which something is not known that its objects follow from.
fn unknown(planned: FederationModel) -> FederationModel {
    FederationModel {
        trusted: Field::Unknown,
        manifests: Field::Unknown,
        cluster_uids: Field::Unknown,
        kubernetes_versions: Field::Unknown,
        status: Field::Unknown,
        ..planned
    }
}

async fn in_the_way(federation: &Federation, clusters: &PlannedClusters) -> Diagnostics {
    let id = clusters.recorded.id.as_deref().unwrap_or_default();
    let (others, mut messages) = others::members(&clusters.reachable, &federation.mesh.namespace, id).await;
    let reachable: Vec<&Cluster> = clusters.reachable.iter().collect();
    let mut refusals = others::check(federation, others).err().unwrap_or_default();
    refusals.extend(foreign_gateways::check(federation, &reachable).await);
    messages.extend(refusals.into_iter().map(|refusal| match refusal.severity {
        Severity::Error => others::will_be_rejected(refusal),
        Severity::Warning => refusal,
    }));
    messages
}

async fn manifests(
    source: Source,
    clusters: &PlannedClusters,
    secrets: &Secrets,
    data: &ProviderData,
    cancel: &CancellationToken,
) -> Result<Field<Manifests>, Diagnostics> {
    let (before, nowhere) = (&clusters.recorded.objects, ApiServers::new());
    let flattened = Flattened::default();
    let drawn = draw(&source, &clusters.facts, secrets, before, |id, manifest, keeping| {
        Some(Rendered::of(id, manifest, keeping, secrets, before, &nowhere, &flattened))
    })?;
    let manifests = planned_manifests(drawn, before, data.plan_detail);
    clusters.check_immutable(&manifests, &secrets.key, |id, _| cluster(&id.cluster), cancel).await?;
    Ok(manifests)
}
