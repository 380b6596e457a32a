//! Refresh: what state names, as it is now.

use std::time::Duration;

use futures::future::join;
use tfplugin::{Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::model::RemoteClusterModel;
use super::place::cluster;
use super::problems;
use super::resource::RemoteClusterResource;
use super::status::{self, scope};
use crate::lifecycle::{Managed as _, ReadTime, Refresh, reach, state_manifests, texts};
use crate::manifests::FingerprintKey;
use crate::observe::{self, Snapshot};
use crate::provider_data::ProviderData;

/// Brings `state` up to date.
pub async fn read(
    mut state: RemoteClusterModel,
    key: &FingerprintKey,
    data: &ProviderData,
    timeout: Duration,
    cancel: &CancellationToken,
) -> Result<(RemoteClusterModel, Diagnostics), Diagnostics> {
    let (recorded, time) = (state.recorded(), ReadTime::begin(timeout));
    let (reached, mut warnings) = reach(&recorded, data, time, cluster).await?;
    let snapshots: Vec<Snapshot> = reached.iter().map(|reached| reached.snapshot.clone()).collect();
    let namespace = recorded.namespace.clone();
    let scope = |label: &str| observe::leader_scope(scope(&state, label), &namespace);
    let (kind, ignored) = (RemoteClusterResource::KIND, RemoteClusterResource::ignored_fields(&state));
    let refresh = Refresh { key, kind, ignored: &ignored, time, cancel, scope: &scope };
    let observing = status::observe(&state, &state.status, &snapshots);
    let (refreshed, observed) = join(refresh.objects(reached, recorded), observing).await;
    let (recorded, further) = refreshed?;
    warnings.extend(further);
    state.manifests = state_manifests(recorded.objects);
    state.cluster_uids = texts(recorded.cluster_uids);
    state.kubernetes_versions = texts(recorded.kubernetes_versions);
    warnings.extend(observed.warnings);
    let is_finished = (!recorded.finished.is_empty()).then(|| recorded.finished.values().all(|it| *it));
    let status = observed.status.with_last_apply(is_finished);
    warnings.extend(status.problems(state.label()).into_iter().map(problems::warning));
    state.status = Field::Known(status);
    Ok((state, warnings))
}
