use std::time::Duration;

use tfplugin::schema::IdentitySchema;
use tfplugin::{
    AttributePath, Create, Diagnostics, Field, Identified, Outcome, PlanCreate, PlanUpdate, Planned,
    Resource, ResourceContext, Schema, Update, Validation,
};

use super::declare;
use super::identity::{self, RemoteClusterIdentity};
use super::model::RemoteClusterModel;
use super::place::cluster;
use super::{apply, plan, read, remove, schema};
use crate::blocks::{StandIn, ignored_fields};
use crate::lifecycle::{self, Change, Secrets, import_by_identity, import_by_name, recorded_key};
use crate::provider_data::ProviderData;
use crate::rollout::OwnerKind;

const DEFAULT_READ: Duration = Duration::from_mins(5);
const DEFAULT_CHANGE: Duration = Duration::from_mins(20);

/// `istio_remote_cluster`.
#[derive(Clone, Copy, Debug, Default)]
pub struct RemoteClusterResource;

impl Resource for RemoteClusterResource {
    type Data = ProviderData;
    type Model = RemoteClusterModel;

    const TYPE: &'static str = "istio_remote_cluster";

    fn schema(&self) -> Schema {
        schema::schema()
    }

    /// What the document of the mesh says is not judged here: a mocked provider makes it up.
    fn validate(&self, config: &RemoteClusterModel, _validation: &Validation) -> Diagnostics {
        let mut errors = declare::own(config, StandIn::default()).err().unwrap_or_default();
        errors.extend(ignored_fields::read(&config.ignored_fields).err().unwrap_or_default());
        errors
    }

    async fn plan_create(
        &self,
        plan: PlanCreate<RemoteClusterModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<RemoteClusterModel> {
        match planned(&plan.config, None, plan.planned, context).await {
            Ok((planned, messages)) => Outcome::new(planned).with(messages),
            Err(errors) => Outcome::failed(errors),
        }
    }

    async fn plan_update(
        &self,
        plan: PlanUpdate<RemoteClusterModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<Planned<RemoteClusterModel>> {
        if is_another_mesh(&plan.prior, &plan.config) {
            let requires_replace = vec![AttributePath::new("mesh")];
            return Outcome::new(Planned { state: plan.planned, requires_replace });
        }
        match planned(&plan.config, Some(&plan.prior), plan.planned, context).await {
            Ok((planned, messages)) => Outcome::new(planned.into()).with(messages),
            Err(errors) => Outcome::failed(errors),
        }
    }

    async fn plan_destroy(&self, prior: RemoteClusterModel, context: &ResourceContext<Self>) -> Diagnostics {
        let recorded = prior.recorded();
        let labels: Vec<&str> = recorded.cluster_uids.keys().map(String::as_str).collect();
        remove::warnings(&labels, Some(&prior), context.data()).await
    }

    async fn create(
        &self,
        create: Create<RemoteClusterModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<RemoteClusterModel> {
        let timeout = create.planned.timeouts.create_or(DEFAULT_CHANGE);
        apply(None, &create.config, &create.planned, timeout, context).await
    }

    async fn update(
        &self,
        update: Update<RemoteClusterModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<RemoteClusterModel> {
        let timeout = update.planned.timeouts.update_or(DEFAULT_CHANGE);
        apply(Some(&update.prior), &update.config, &update.planned, timeout, context).await
    }

    async fn delete(&self, prior: RemoteClusterModel, context: &ResourceContext<Self>) -> Outcome<()> {
        let labels: Vec<String> = prior.recorded().cluster_uids.keys().cloned().collect();
        match remove::prepare(&prior, &labels, context.data(), context.cancellation()).await {
            Ok(departures) => {
                let session = lifecycle::session(prior.timeouts.delete_or(DEFAULT_CHANGE), context);
                lifecycle::destroy(&departures, &session, cluster, context).await
            }
            Err(refusals) => Outcome::failed(refusals),
        }
    }

    async fn import(&self, id: String, context: &ResourceContext<Self>) -> Outcome<RemoteClusterModel> {
        import_by_name::<Self>(&id, owner_kind, context).await.into()
    }

    async fn read(
        &self,
        state: RemoteClusterModel,
        context: &ResourceContext<Self>,
    ) -> Outcome<Option<RemoteClusterModel>> {
        context.data().refreshed.note();
        let timeout = state.timeouts.read_or(DEFAULT_READ);
        let key = match recorded_key(context.private()) {
            Ok(key) => key,
            Err(error) => return Outcome::failed(error),
        };
        match read::read(state, &key, context.data(), timeout, context.cancellation()).await {
            Ok((state, warnings)) => Outcome::new(Some(state)).with(warnings),
            Err(errors) => Outcome::failed(errors),
        }
    }
}

impl Identified for RemoteClusterResource {
    type Identity = RemoteClusterIdentity;

    fn identity_schema(&self) -> IdentitySchema {
        identity::schema()
    }

    fn identity(
        &self,
        state: &RemoteClusterModel,
        _context: &ResourceContext<Self>,
    ) -> RemoteClusterIdentity {
        RemoteClusterIdentity { id: state.id.clone() }
    }

    async fn import_by_identity(
        &self,
        identity: RemoteClusterIdentity,
        context: &ResourceContext<Self>,
    ) -> Outcome<RemoteClusterModel> {
        let id = identity.id.as_str().unwrap_or_default();
        import_by_identity::<Self>(id, context).await.into()
    }
}

/// The kind of the owner that an import names, `<mesh_id>/<cluster>`.
fn owner_kind(name: &str) -> OwnerKind {
    OwnerKind::RemoteCluster(name.rsplit_once('/').map_or(name, |(_, cluster)| cluster).to_owned())
}

/// Whether both meshes are known, and are two.
fn is_another_mesh(prior: &RemoteClusterModel, config: &RemoteClusterModel) -> bool {
    let id = |model: &RemoteClusterModel| -> Option<String> {
        let join = model.join().ok().and_then(Field::into_known)?;
        join.id.into_known()
    };
    let before = id(prior);
    before.is_some_and(|before| id(config).is_some_and(|now| now != before))
}

async fn planned(
    config: &RemoteClusterModel,
    prior: Option<&RemoteClusterModel>,
    planned: RemoteClusterModel,
    context: &ResourceContext<RemoteClusterResource>,
) -> Result<(RemoteClusterModel, Diagnostics), Diagnostics> {
    let secrets = Secrets::recorded(context.private())?;
    plan::plan(config, prior, planned, &secrets, context.data(), context.cancellation()).await
}

async fn apply(
    prior: Option<&RemoteClusterModel>,
    config: &RemoteClusterModel,
    planned: &RemoteClusterModel,
    timeout: Duration,
    context: &ResourceContext<RemoteClusterResource>,
) -> Outcome<RemoteClusterModel> {
    let secrets = match Secrets::recorded_or_drawn(context.private()) {
        Ok(secrets) => secrets,
        Err(error) => return Outcome::failed(error),
    };
    let change = Change::begin(prior, config, planned, &secrets, timeout, context);
    apply::apply(&change).await.remembered(&change, context)
}
