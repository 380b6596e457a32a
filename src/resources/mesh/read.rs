//! Refresh: what state names, as it is now.

use std::time::Duration;

use futures::future::join;
use tfplugin::{Diagnostics, Field};
use tokio_util::sync::CancellationToken;

use super::documents;
use super::model::MeshModel;
use super::place::primary;
use super::problems;
use super::resource::MeshResource;
use super::scope::scope;
use super::status;
use crate::lifecycle::{Managed as _, ReadTime, Refresh, reach, state_manifests, texts};
use crate::manifests::FingerprintKey;
use crate::observe::{self, Snapshot};
use crate::provider_data::ProviderData;

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
    let snapshots: Vec<Snapshot> = reached.iter().map(|reached| reached.snapshot.clone()).collect();
    let namespace = recorded.namespace.clone();
    let scope = |label: &str| observe::leader_scope(scope(&state, label), &namespace);
    let (kind, ignored) = (MeshResource::KIND, MeshResource::ignored_fields(&state));
    let refresh = Refresh { key, kind, ignored: &ignored, time, cancel, scope: &scope };
    let (refreshed, observed) =
        join(refresh.objects(reached, recorded), status::observe(&state, &state.status, &snapshots, false))
            .await;
    let (recorded, further) = refreshed?;
    warnings.extend(further);
    state.manifests = state_manifests(recorded.objects);
    state.cluster_uids = texts(recorded.cluster_uids);
    state.kubernetes_versions = texts(recorded.kubernetes_versions);
    warnings.extend(observed.warnings);
    let status = observed.status.with_last_apply(|label| recorded.finished.get(label).copied());
    warnings.extend(status.problems().into_iter().map(problems::warning));
    (state.join, state.peer) = documents::observed(&state, &status, &observed.beside);
    state.status = Field::Known(status);
    Ok((state, warnings))
}
