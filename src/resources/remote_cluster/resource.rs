use std::collections::BTreeMap;

use tfplugin::{AttributePath, Context, Diagnostics, Field, Timeouts};
use tokio_util::sync::CancellationToken;

use super::declare;
use super::model::RemoteClusterModel;
use super::status::scope;
use super::{apply, plan, read, remove};
use crate::blocks::{StandIn, ignored_fields};
use crate::lifecycle::{Applied, Change, Departure, Recorded, Report, Secrets, Verbs};
use crate::observe::{self, Scope, Snapshot};
use crate::provider_data::ProviderData;
use crate::rollout::OwnerKind;

/// `istio_remote_cluster`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoteClusterResource;

impl Verbs for RemoteClusterResource {
    /// An import names it `<mesh_id>/<cluster>`.
    fn owner_kind(name: &str) -> OwnerKind {
        OwnerKind::RemoteCluster(name.rsplit_once('/').map_or(name, |(_, cluster)| cluster).to_owned())
    }

    fn timeouts(model: &RemoteClusterModel) -> Field<Timeouts> {
        model.timeouts.clone()
    }

    /// What the document of the mesh says is not judged here: a mocked provider makes it up.
    fn validate(config: &RemoteClusterModel) -> Diagnostics {
        let mut errors = declare::own(config, StandIn::default()).err().unwrap_or_default();
        errors.extend(ignored_fields::read(&config.ignored_fields).err().unwrap_or_default());
        errors
    }

    /// Another mesh, if both are known.
    fn replaced_by(prior: &RemoteClusterModel, config: &RemoteClusterModel) -> Vec<AttributePath> {
        let id = |model: &RemoteClusterModel| model.join().ok()?.into_known()?.id.into_known();
        let is_another = id(prior).is_some_and(|before| id(config).is_some_and(|now| now != before));
        is_another.then(|| AttributePath::new("mesh")).into_iter().collect()
    }

    async fn plan(
        config: &RemoteClusterModel,
        prior: Option<&RemoteClusterModel>,
        planned: RemoteClusterModel,
        secrets: &Secrets,
        context: &Context<ProviderData>,
    ) -> Result<(RemoteClusterModel, Diagnostics), Diagnostics> {
        plan::plan(config, prior, planned, secrets, context.data(), context.cancellation()).await
    }

    async fn apply(change: &Change<'_, Self>) -> Applied<Self> {
        apply::apply(change).await
    }

    fn refresh_scope(state: &RemoteClusterModel, label: &str) -> Scope {
        observe::leader_scope(scope(state, label), &state.namespace().into_known().unwrap_or_default())
    }

    async fn observe(state: &RemoteClusterModel, snapshots: &[Snapshot]) -> Report<RemoteClusterModel> {
        let observed = read::observe(state, snapshots).await;
        Box::new(|state, finished: &BTreeMap<String, bool>| read::with_observed(state, observed, finished))
    }

    async fn plan_destroy(prior: &RemoteClusterModel, data: &ProviderData) -> Diagnostics {
        let recorded = prior.recorded();
        let labels: Vec<&str> = recorded.cluster_uids.keys().map(String::as_str).collect();
        remove::warnings(&labels, Some(prior), data).await
    }

    async fn leave(
        prior: &RemoteClusterModel,
        _recorded: &Recorded,
        labels: &[String],
        data: &ProviderData,
        cancel: &CancellationToken,
    ) -> Result<Vec<Departure>, Diagnostics> {
        remove::prepare(prior, labels, data, cancel).await
    }
}
