use std::time::Duration;

use tfplugin::schema::IdentitySchema;
use tfplugin::{
    Create, Diagnostics, Identified, Outcome, PlanCreate, PlanUpdate, Planned, Resource, ResourceContext,
    Schema, Update, Validation,
};

use super::declare::declare;
use super::identity::{self, MeshIdentity};
use super::model::MeshModel;
use super::place::primary;
use super::{apply, consequences, plan, read, remove, schema};
use crate::blocks::ignored_fields;
use crate::lifecycle::{self, Change, Secrets, import_by_identity, import_by_name, recorded_key};
use crate::provider_data::ProviderData;
use crate::rollout::OwnerKind;

const DEFAULT_READ: Duration = Duration::from_mins(5);
const DEFAULT_CHANGE: Duration = Duration::from_mins(20);

/// `istio_mesh`.
#[derive(Clone, Copy, Debug, Default)]
pub struct MeshResource;

impl Resource for MeshResource {
    type Data = ProviderData;
    type Model = MeshModel;

    const TYPE: &'static str = "istio_mesh";

    fn schema(&self) -> Schema {
        schema::schema()
    }

    fn validate(&self, config: &MeshModel, _validation: &Validation) -> Diagnostics {
        let mut errors = declare(config).err().unwrap_or_default();
        errors.extend(ignored_fields::read(&config.ignored_fields).err().unwrap_or_default());
        errors
    }

    async fn plan_create(
        &self,
        plan: PlanCreate<MeshModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<MeshModel> {
        match planned(&plan.config, None, plan.planned, context).await {
            Ok((planned, messages)) => Outcome::new(planned).with(messages),
            Err(errors) => Outcome::failed(errors),
        }
    }

    async fn plan_update(
        &self,
        plan: PlanUpdate<MeshModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<Planned<MeshModel>> {
        match planned(&plan.config, Some(&plan.prior), plan.planned, context).await {
            Ok((planned, messages)) => Outcome::new(planned.into()).with(messages),
            Err(errors) => Outcome::failed(errors),
        }
    }

    async fn plan_destroy(&self, prior: MeshModel, context: &ResourceContext<Self>) -> Diagnostics {
        consequences::of_destroy(&prior, context.data()).await
    }

    async fn create(&self, create: Create<MeshModel>, context: &ResourceContext<Self>) -> Outcome<MeshModel> {
        let timeout = create.planned.timeouts.create_or(DEFAULT_CHANGE);
        apply(None, &create.config, &create.planned, timeout, context).await
    }

    async fn update(&self, update: Update<MeshModel>, context: &ResourceContext<Self>) -> Outcome<MeshModel> {
        let timeout = update.planned.timeouts.update_or(DEFAULT_CHANGE);
        apply(Some(&update.prior), &update.config, &update.planned, timeout, context).await
    }

    async fn delete(&self, prior: MeshModel, context: &ResourceContext<Self>) -> Outcome<()> {
        let recorded = prior.recorded();
        let labels: Vec<String> = recorded.cluster_uids.keys().cloned().collect();
        let cancel = context.cancellation();
        let departures = remove::prepare(&recorded, &prior.leave(), &labels, context.data(), cancel).await;
        match departures {
            Ok(departures) => {
                let session = lifecycle::session(prior.timeouts.delete_or(DEFAULT_CHANGE), context);
                lifecycle::destroy(&departures, &session, primary, context).await
            }
            Err(refusals) => Outcome::failed(refusals),
        }
    }

    async fn import(&self, id: String, context: &ResourceContext<Self>) -> Outcome<MeshModel> {
        import_by_name::<Self>(&id, |_| OwnerKind::Mesh, context).await.into()
    }

    /// A mesh is never gone for sure: even without a single object of it, state still names its clusters.
    async fn read(&self, state: MeshModel, context: &ResourceContext<Self>) -> Outcome<Option<MeshModel>> {
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

impl Identified for MeshResource {
    type Identity = MeshIdentity;

    fn identity_schema(&self) -> IdentitySchema {
        identity::schema()
    }

    fn identity(&self, state: &MeshModel, _context: &ResourceContext<Self>) -> MeshIdentity {
        MeshIdentity { id: state.id.clone() }
    }

    async fn import_by_identity(
        &self,
        identity: MeshIdentity,
        context: &ResourceContext<Self>,
    ) -> Outcome<MeshModel> {
        let id = identity.id.as_str().unwrap_or_default();
        import_by_identity::<Self>(id, context).await.into()
    }
}

async fn planned(
    config: &MeshModel,
    prior: Option<&MeshModel>,
    planned: MeshModel,
    context: &ResourceContext<MeshResource>,
) -> Result<(MeshModel, Diagnostics), Diagnostics> {
    let secrets = Secrets::recorded(context.private())?;
    plan::plan(config, prior, planned, &secrets, context.data(), context.cancellation()).await
}

async fn apply(
    prior: Option<&MeshModel>,
    config: &MeshModel,
    planned: &MeshModel,
    timeout: Duration,
    context: &ResourceContext<MeshResource>,
) -> Outcome<MeshModel> {
    let secrets = match Secrets::recorded_or_drawn(context.private()) {
        Ok(secrets) => secrets,
        Err(error) => return Outcome::failed(error),
    };
    let change = Change::begin(prior, config, planned, &secrets, timeout, context);
    apply::apply(&change).await.remembered(&change, context)
}
