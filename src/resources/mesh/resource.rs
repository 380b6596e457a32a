use std::collections::BTreeMap;

use tfplugin::{Context, Diagnostics, Field, Timeouts};
use tokio_util::sync::CancellationToken;

use super::declare::declare;
use super::model::MeshModel;
use super::scope::scope;
use super::{apply, consequences, plan, read, remove};
use crate::blocks::ignored_fields;
use crate::lifecycle::{Applied, Change, Departure, Recorded, Report, Secrets, Verbs};
use crate::observe::{self, Scope, Snapshot};
use crate::provider_data::ProviderData;
use crate::rollout::OwnerKind;

/// `istio_mesh`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeshResource;

impl Verbs for MeshResource {
    fn owner_kind(_name: &str) -> OwnerKind {
        OwnerKind::Mesh
    }

    fn timeouts(model: &MeshModel) -> Field<Timeouts> {
        model.timeouts.clone()
    }

    fn validate(config: &MeshModel) -> Diagnostics {
        let mut errors = declare(config).err().unwrap_or_default();
        errors.extend(ignored_fields::read(&config.ignored_fields).err().unwrap_or_default());
        errors
    }

    async fn plan(
        config: &MeshModel,
        prior: Option<&MeshModel>,
        planned: MeshModel,
        secrets: &Secrets,
        context: &Context<ProviderData>,
    ) -> Result<(MeshModel, Diagnostics), Diagnostics> {
        plan::plan(config, prior, planned, secrets, context.data(), context.cancellation()).await
    }

    async fn apply(change: &Change<'_, Self>) -> Applied<Self> {
        apply::apply(change).await
    }

    fn refresh_scope(state: &MeshModel, label: &str) -> Scope {
        observe::leader_scope(scope(state, label), state.namespace.as_str().unwrap_or_default())
    }

    async fn observe(state: &MeshModel, snapshots: &[Snapshot]) -> Report<MeshModel> {
        let observed = read::observe(state, snapshots).await;
        Box::new(|state, finished: &BTreeMap<String, bool>| read::with_observed(state, observed, finished))
    }

    async fn plan_destroy(prior: &MeshModel, data: &ProviderData) -> Diagnostics {
        consequences::of_destroy(prior, data).await
    }

    async fn leave(
        prior: &MeshModel,
        recorded: &Recorded,
        labels: &[String],
        data: &ProviderData,
        cancel: &CancellationToken,
    ) -> Result<Vec<Departure>, Diagnostics> {
        remove::prepare(recorded, &prior.leave(), labels, data, cancel).await
    }
}
