//! The verbs of a resource: what every resource does alike, and where it may do more.

use std::collections::BTreeMap;
use std::mem;
use std::time::Duration;

use futures::future::join;
use tfplugin::schema::IdentitySchema;
use tfplugin::{
    AttributePath, Create, Diagnostics, Field, Identified, Outcome, PlanCreate, PlanUpdate, Planned,
    Resource, Schema, Timeouts, Update, Validation,
};
use tokio_util::sync::CancellationToken;

use super::change::{Applied, Change, destroy, session};
use super::identity::{self, ResourceIdentity};
use super::import::{import_by_identity, import_by_name};
use super::leaving::{Departure, Everything, prepare_leaving};
use super::managed::Managed;
use super::plain;
use super::reached::{ReadTime, reach};
use super::recorded::Recorded;
use super::refresh::Refresh;
use super::secrets::{Secrets, recorded_key};
use crate::observe::{Scope, Snapshot};
use crate::provider_data::ProviderData;
use crate::rollout::{Given, OwnerKind};

const DEFAULT_READ: Duration = Duration::from_mins(5);
const DEFAULT_CHANGE: Duration = Duration::from_mins(20);

type Context = tfplugin::Context<ProviderData>;

/// What a resource makes of its refreshed state, once its objects are in it: by whether the last apply finished, for each cluster.
pub type Report<M> = Box<dyn FnOnce(M, &BTreeMap<String, bool>) -> (M, Diagnostics) + Send>;

/// What a resource does beyond its objects. A resource that is its objects and nothing else, whose configuration is known when it is
/// planned, says whose owner it is, and no more.
pub trait Verbs: Managed + Send + Sized + 'static {
    /// What kind of owner the name in an import makes it.
    fn owner_kind(name: &str) -> OwnerKind;

    /// How long its operations may take.
    fn timeouts(model: &Self::Model) -> Field<Timeouts> {
        let _ = model;
        Field::Null
    }

    /// Checks the configuration offline; values may be unknown.
    fn validate(config: &Self::Model) -> Diagnostics {
        let _ = config;
        Diagnostics::new()
    }

    /// The attributes whose change makes it another resource, beyond what the schema says.
    fn replaced_by(prior: &Self::Model, config: &Self::Model) -> Vec<AttributePath> {
        let _ = (prior, config);
        Vec::new()
    }

    /// What fills its placeholders at each apply.
    fn given(config: &Self::Model) -> Given {
        let _ = config;
        Given::default()
    }

    /// What the apply will do, as far as it is known.
    fn plan(
        config: &Self::Model,
        prior: Option<&Self::Model>,
        planned: Self::Model,
        secrets: &Secrets,
        context: &Context,
    ) -> impl Future<Output = Result<(Self::Model, Diagnostics), Diagnostics>> + Send {
        let _ = config;
        plain::plan::<Self>(prior, planned, secrets, context)
    }

    /// Creates or updates.
    fn apply(change: &Change<'_, Self>) -> impl Future<Output = Applied<Self>> + Send {
        plain::apply(change)
    }

    /// What a refresh looks at in the cluster with this label beyond the objects.
    fn refresh_scope(state: &Self::Model, label: &str) -> Scope {
        Self::scope(state, label)
    }

    /// Observes more than its objects while they are read.
    fn observe(
        state: &Self::Model,
        snapshots: &[Snapshot],
    ) -> impl Future<Output = Report<Self::Model>> + Send {
        let _ = (state, snapshots);
        async {
            Box::new(|state, _: &BTreeMap<String, bool>| (state, Diagnostics::new())) as Report<Self::Model>
        }
    }

    /// What a plan says of the destruction.
    fn plan_destroy(prior: &Self::Model, data: &ProviderData) -> impl Future<Output = Diagnostics> + Send {
        let _ = (prior, data);
        async { Diagnostics::new() }
    }

    /// Looks at the clusters with these labels, which it leaves, before anything is written anywhere.
    fn leave(
        prior: &Self::Model,
        recorded: &Recorded,
        labels: &[String],
        data: &ProviderData,
        cancel: &CancellationToken,
    ) -> impl Future<Output = Result<Vec<Departure>, Diagnostics>> + Send {
        let _ = (prior, cancel);
        async move {
            let everything = Everything { recorded, engines: &data.engines };
            prepare_leaving(recorded, labels, data, Self::KIND.place, &everything).await
        }
    }
}

/// The resource that Terraform sees of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct ManagedResource<R>(pub R);

impl<R: Verbs> Resource for ManagedResource<R> {
    type Data = ProviderData;
    type Model = R::Model;

    const TYPE: &'static str = R::KIND.resource_type;

    fn schema(&self) -> Schema {
        R::schema()
    }

    fn validate(&self, config: &R::Model, _validation: &Validation) -> Diagnostics {
        R::validate(config)
    }

    async fn plan_create(&self, plan: PlanCreate<R::Model>, context: &Context) -> Outcome<R::Model> {
        with_messages(planned::<R>(&plan.config, None, plan.planned, context).await)
    }

    async fn plan_update(&self, plan: PlanUpdate<R::Model>, context: &Context) -> Outcome<Planned<R::Model>> {
        let requires_replace = R::replaced_by(&plan.prior, &plan.config);
        if !requires_replace.is_empty() {
            return Outcome::new(Planned { state: plan.planned, requires_replace });
        }
        let planned = planned::<R>(&plan.config, Some(&plan.prior), plan.planned, context).await;
        with_messages(planned).map(Planned::from)
    }

    async fn plan_destroy(&self, prior: R::Model, context: &Context) -> Diagnostics {
        R::plan_destroy(&prior, context.data()).await
    }

    async fn create(&self, create: Create<R::Model>, context: &Context) -> Outcome<R::Model> {
        let timeout = R::timeouts(&create.planned).create_or(DEFAULT_CHANGE);
        applied::<R>(None, &create.config, &create.planned, timeout, context).await
    }

    async fn update(&self, update: Update<R::Model>, context: &Context) -> Outcome<R::Model> {
        let timeout = R::timeouts(&update.planned).update_or(DEFAULT_CHANGE);
        applied::<R>(Some(&update.prior), &update.config, &update.planned, timeout, context).await
    }

    async fn delete(&self, prior: R::Model, context: &Context) -> Outcome<()> {
        let recorded = R::recorded(&prior);
        let labels: Vec<String> = recorded.cluster_uids.keys().cloned().collect();
        match R::leave(&prior, &recorded, &labels, context.data(), context.cancellation()).await {
            Ok(departures) => {
                let session = session(R::timeouts(&prior).delete_or(DEFAULT_CHANGE), context);
                destroy(&departures, &session, R::KIND.place, context).await
            }
            Err(refusals) => Outcome::failed(refusals),
        }
    }

    /// It is never gone for sure: even without a single object of it, state still names its clusters.
    async fn read(&self, state: R::Model, context: &Context) -> Outcome<Option<R::Model>> {
        with_messages(refreshed::<R>(state, context).await).map(Some)
    }

    async fn import(&self, id: String, context: &Context) -> Outcome<R::Model> {
        import_by_name::<R>(&id, R::owner_kind, context).await.into()
    }
}

impl<R: Verbs> Identified for ManagedResource<R> {
    type Identity = ResourceIdentity;

    fn identity_schema(&self) -> IdentitySchema {
        identity::schema()
    }

    fn identity(&self, state: &R::Model, _context: &Context) -> ResourceIdentity {
        ResourceIdentity { id: R::id(state).clone() }
    }

    async fn import_by_identity(&self, identity: ResourceIdentity, context: &Context) -> Outcome<R::Model> {
        let id = identity.id.as_str().unwrap_or_default();
        import_by_identity::<R>(id, context).await.into()
    }
}

async fn planned<R: Verbs>(
    config: &R::Model,
    prior: Option<&R::Model>,
    planned: R::Model,
    context: &Context,
) -> Result<(R::Model, Diagnostics), Diagnostics> {
    let secrets = Secrets::recorded(context.private())?;
    R::plan(config, prior, planned, &secrets, context).await
}

async fn applied<R: Verbs>(
    prior: Option<&R::Model>,
    config: &R::Model,
    planned: &R::Model,
    timeout: Duration,
    context: &Context,
) -> Outcome<R::Model> {
    let secrets = match Secrets::recorded_or_drawn(context.private()) {
        Ok(secrets) => secrets,
        Err(error) => return Outcome::failed(error),
    };
    let change = Change::<R>::begin(prior, config, planned, &secrets, timeout, context);
    R::apply(&change).await.remembered(&change, context)
}

/// What state names, as it is now.
async fn refreshed<R: Verbs>(
    state: R::Model,
    context: &Context,
) -> Result<(R::Model, Diagnostics), Diagnostics> {
    let (data, cancel) = (context.data(), context.cancellation());
    data.refreshed.note();
    let key = recorded_key(context.private())?;
    let (recorded, time) = (R::recorded(&state), ReadTime::begin(R::timeouts(&state).read_or(DEFAULT_READ)));
    let (reached, mut messages) = reach(&recorded, data, time, R::KIND.place).await?;
    let snapshots: Vec<Snapshot> = reached.iter().map(|reached| reached.snapshot.clone()).collect();
    let scope = |label: &str| R::refresh_scope(&state, label);
    let (kind, ignored) = (R::KIND, R::ignored_fields(&state));
    let refresh = Refresh { key: &key, kind, ignored: &ignored, time, cancel, scope: &scope };
    let (objects, report) = join(refresh.objects(reached, recorded), R::observe(&state, &snapshots)).await;
    let (mut recorded, further) = objects?;
    messages.extend(further);
    let finished = mem::take(&mut recorded.finished);
    let (state, further) = report(R::with(state, recorded.into()), &finished);
    messages.extend(further);
    Ok((state, messages))
}

fn with_messages<T>(done: Result<(T, Diagnostics), Diagnostics>) -> Outcome<T> {
    done.map_or_else(Outcome::failed, |(value, messages)| Outcome::new(value).with(messages))
}
