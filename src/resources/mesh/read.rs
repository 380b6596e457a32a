//! Refresh: what state names, as it is now.

use std::time::Duration;

use futures::future::join;
use ssa::Inventory;
use tfplugin::{Diagnostic, Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::book::Character;
use super::documents;
use super::model::MeshModel;
use super::place::primary;
use super::problems;
use super::resume::{self, Found};
use super::status;
use crate::clusters::Cluster;
use crate::lifecycle::{ReadTime, Refresh, reach, state_manifests, texts};
use crate::manifests::FingerprintKey;
use crate::provider_data::ProviderData;
use crate::rollout::Target;

/// Brings `state` up to date.
pub async fn read(
    mut state: MeshModel,
    key: &FingerprintKey,
    data: &ProviderData,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(MeshModel, Diagnostics), Diagnostics> {
    let (recorded, time) = (state.recorded(), ReadTime::begin(timeout));
    let (reached, mut warnings) = reach(&recorded, data, time, primary).await?;
    let clusters: Vec<Cluster> = reached.iter().map(|reached| reached.target.cluster.clone()).collect();
    let refresh = Refresh { key, place: primary, time, cancel, may_be_ours };
    let (refreshed, observed) =
        join(refresh.objects(reached, recorded), status::observe(&state, &state.status, &clusters)).await;
    let (recorded, further) = refreshed?;
    warnings.extend(further);
    state.manifests = state_manifests(recorded.objects);
    state.cluster_uids = texts(recorded.cluster_uids);
    state.kubernetes_versions = texts(recorded.kubernetes_versions);
    warnings.extend(observed.warnings);
    warnings.extend(observed.status.problems().into_iter().map(problems::warning));
    (state.join, state.peer) = documents::observed(&state, &observed.status, &observed.roots);
    state.status = Field::Known(observed.status);
    Ok((state, warnings))
}

/// Whether this mesh may be in a cluster that its block says was recreated.
fn may_be_ours(target: &Target, record: Option<&Inventory>) -> Result<(), Diagnostic> {
    let records = record.map(|record| (target.name.clone(), Found::of(record))).into_iter().collect();
    resume::is_known(target.owner.id(), &records, &Character::default()).map_err(|refusal| *refusal)
}
