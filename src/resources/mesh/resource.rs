use std::time::{Duration, Instant};

use tfplugin::schema::IdentitySchema;
use tfplugin::{
    Create, Diagnostic, Diagnostics, Identified, Outcome, PlanCreate, PlanUpdate, Planned, Resource,
    ResourceContext, Schema, Update, Validation,
};

use super::apply::Apply;
use super::declare::declare;
use super::identity::{self, MeshIdentity};
use super::import;
use super::model::MeshModel;
use super::place::primary;
use super::{consequences, plan, read, remove, schema};
use crate::diagnostics;
use crate::lifecycle::{self, Secrets, recorded_key};
use crate::provider_data::ProviderData;
use crate::rollout::{self, Session};

/// The name in private state of the run that last wrote it.
const LAST_RUN: &str = "run";
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
        declare(config).err().unwrap_or_default()
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
        let outcome = apply(None, &create.config, &create.planned, timeout, context).await;
        with_the_way_out_of_taint(outcome)
    }

    async fn update(&self, update: Update<MeshModel>, context: &ResourceContext<Self>) -> Outcome<MeshModel> {
        let timeout = update.planned.timeouts.update_or(DEFAULT_CHANGE);
        apply(Some(&update.prior), &update.config, &update.planned, timeout, context).await
    }

    async fn delete(&self, prior: MeshModel, context: &ResourceContext<Self>) -> Outcome<()> {
        let timeout = prior.timeouts.delete_or(DEFAULT_CHANGE);
        let recorded = prior.recorded();
        let labels: Vec<String> = recorded.cluster_uids.keys().cloned().collect();
        let cancel = context.cancellation();
        let departures =
            match remove::prepare(&recorded, &prior.leave(), &labels, context.data(), cancel).await {
                Ok(departures) => departures,
                Err(refusals) => return Outcome::failed(refusals),
            };
        let (holder, after) = (rollout::holder(), last_run(context));
        let session = Session { holder: holder.clone(), after, deadline: Instant::now() + timeout, cancel };
        let (_, diagnostics) = lifecycle::empty(&departures, &session, primary).await;
        if let Err(error) = remember_run(context, &holder) {
            return Outcome::failed(error);
        }
        if diagnostics.has_errors() {
            Outcome::failed(diagnostics)
        } else {
            Outcome::new(()).with(diagnostics)
        }
    }

    async fn import(&self, id: String, context: &ResourceContext<Self>) -> Outcome<MeshModel> {
        import::by_name(&id, context).await.into()
    }

    /// A mesh is never gone for sure: even without a single object of it, state still names its clusters.
    async fn read(&self, state: MeshModel, context: &ResourceContext<Self>) -> Outcome<Option<MeshModel>> {
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
        import::by_identity(identity.id.as_str().unwrap_or_default(), context).await.into()
    }
}

/// What a failed create has made is kept, and Terraform marks it as tainted.
fn with_the_way_out_of_taint(outcome: Outcome<MeshModel>) -> Outcome<MeshModel> {
    match outcome.into_parts() {
        (Some(state), messages) => {
            Outcome::new(state).with(diagnostics::of_tainted(messages, MeshResource::TYPE))
        }
        (None, messages) => Outcome::failed(messages),
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
    let (data, cancel) = (context.data(), context.cancellation());
    let recorded = prior.map(MeshModel::recorded).unwrap_or_default();
    let deadline = Instant::now() + timeout;
    let (holder, after) = (rollout::holder(), last_run(context));
    let secrets = &secrets;
    let apply = Apply {
        holder: holder.clone(),
        after,
        prior,
        recorded,
        config,
        planned,
        secrets,
        data,
        deadline,
        cancel,
    };
    let (outcome, seals) = apply.run().await;
    if let Err(error) = remember_run(context, &holder) {
        return outcome.with([error]);
    }
    match seals.map(|seals| seals.record(context.private())) {
        Some(Err(error)) => outcome.with([error]),
        _ => outcome,
    }
}

/// The run that state was last written by, if it is known: it is over, whatever its claims say.
fn last_run(context: &ResourceContext<MeshResource>) -> Option<String> {
    context.private().get(LAST_RUN).ok().flatten()
}

fn remember_run(context: &ResourceContext<MeshResource>, holder: &str) -> Result<(), Diagnostic> {
    context.private().set(LAST_RUN, &holder).map_err(|error| {
        let way_out =
            "This is a bug in the provider. What was done is recorded in the clusters and in state.";
        crate::diagnostics::failure("Cannot store the name of this run", &error, way_out, None)
    })
}
