use std::collections::BTreeMap;

use tfplugin::{AttributePath, Context, Diagnostics, Field, Timeouts};

use super::declare;
use super::model::FederationModel;
use super::{apply, plan, read, status};
use crate::lifecycle::{Applied, Change, Report, Secrets, Verbs};
use crate::observe::{Scope, Snapshot};
use crate::provider_data::ProviderData;
use crate::rollout::OwnerKind;

/// `istio_mesh_federation`.
#[derive(Clone, Copy, Debug, Default)]
pub struct FederationResource;

impl Verbs for FederationResource {
    /// An import names it `<mesh_id>/<name>`.
    fn owner_kind(name: &str) -> OwnerKind {
        OwnerKind::Federation(name.rsplit_once('/').map_or(name, |(_, name)| name).to_owned())
    }

    fn timeouts(model: &FederationModel) -> Field<Timeouts> {
        model.timeouts.clone()
    }

    /// What documents say is not judged here: a mocked provider makes them up.
    fn validate(config: &FederationModel) -> Diagnostics {
        declare::own(config).err().unwrap_or_default()
    }

    /// Another mesh, if both are known.
    fn replaced_by(prior: &FederationModel, config: &FederationModel) -> Vec<AttributePath> {
        let id = |model: &FederationModel| model.join().ok()?.into_known()?.id.into_known();
        let is_another = id(prior).is_some_and(|before| id(config).is_some_and(|now| now != before));
        is_another.then(|| AttributePath::new("mesh")).into_iter().collect()
    }

    async fn plan(
        config: &FederationModel,
        prior: Option<&FederationModel>,
        planned: FederationModel,
        secrets: &Secrets,
        context: &Context<ProviderData>,
    ) -> Result<(FederationModel, Diagnostics), Diagnostics> {
        plan::plan(config, prior, planned, secrets, context.data(), context.cancellation()).await
    }

    async fn apply(change: &Change<'_, Self>) -> Applied<Self> {
        apply::apply(change).await
    }

    fn refresh_scope(state: &FederationModel, label: &str) -> Scope {
        status::scope(state, label)
    }

    async fn observe(state: &FederationModel, snapshots: &[Snapshot]) -> Report<FederationModel> {
        let observed = status::observe(state, &state.status, snapshots).await;
        Box::new(|state, finished: &BTreeMap<String, bool>| read::with_observed(state, observed, finished))
    }
}
