//! Plans: a pure function of configuration, recorded facts and prior state.

use std::collections::BTreeSet;

use tfplugin::{Diagnostics, Field, Severity};
use tokio_util::sync::CancellationToken;

use super::declare::{declare, labels, said, validate};
use super::managed::{Source, character};
use super::model::FederationModel;
use super::resource::FederationResource;
use super::{document, foreign_gateways, others, problems, status, trusted};
use crate::clusters::Cluster;
use crate::lifecycle::{
    Managed as _, PlannedClusters, Secrets, abandoned, members, planned_objects, will_be_rejected,
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
    let Some(labels) = labels(config) else {
        planned.cluster_uids = Field::Unknown;
        planned.kubernetes_versions = Field::Unknown;
        return Ok((unknown(planned), messages));
    };
    let known = prior.map(FederationModel::recorded).unwrap_or_default();
    let kind = FederationResource::KIND;
    let clusters = PlannedClusters::look(kind, &labels, known, data, &mut messages).await?;
    planned.cluster_uids = clusters.cluster_uids();
    planned.kubernetes_versions = clusters.kubernetes_versions();
    let Field::Known(federation) = declared else { return Ok((unknown(planned), messages)) };
    let valid = validate(&federation)?;
    messages.extend(said(valid.warnings()));
    let namespace = federation.mesh.namespace.clone();
    clusters.check_strangers(&namespace, &character(config, BTreeSet::new()), cancel).await?;
    messages.extend(in_the_way(&federation, &clusters).await);
    planned.trusted = trusted::recording(&federation, prior);
    let source = Source::of(valid)?;
    let reading = (data, cancel);
    planned.manifests =
        planned_objects::<FederationResource>(&planned, &source, &clusters, secrets, reading).await?;
    planned.status = status::planned(&planned, prior);
    if data.refreshed.is_noted() {
        messages.extend(prior.and_then(|prior| problems::of_plan(prior, &planned)));
    }
    messages.extend(abandoned(&clusters.leaving(), &clusters.recorded, data, kind.place).await);
    Ok((planned, messages))
}

/// The plan of a federation of which something is not known that its objects follow from.
fn unknown(planned: FederationModel) -> FederationModel {
    FederationModel { trusted: Field::Unknown, manifests: Field::Unknown, status: Field::Unknown, ..planned }
}

async fn in_the_way(federation: &Federation, clusters: &PlannedClusters) -> Diagnostics {
    let id = clusters.recorded.id.as_deref().unwrap_or_default();
    let consequence = "Whether another federation of the mesh is in the way is checked by the apply.";
    let namespace = &federation.mesh.namespace;
    let (others, mut messages) = members(clusters.reachable.iter(), namespace, consequence).await;
    let reachable: Vec<&Cluster> = clusters.reachable.iter().collect();
    let mut refusals = others::check(federation, others, id).err().unwrap_or_default();
    refusals.extend(foreign_gateways::check(federation, &reachable).await);
    messages.extend(refusals.into_iter().map(|refusal| match refusal.severity {
        Severity::Error => will_be_rejected(refusal),
        Severity::Warning => refusal,
    }));
    messages
}
