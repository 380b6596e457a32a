//! Managed resources.

use std::future::Future;

use crate::schema::Schema;
use crate::{AttributePath, Context, Diagnostic, Diagnostics, Outcome, TerraformValue, Validation};

/// The context of a resource's operations.
pub type ResourceContext<R> = Context<<R as Resource>::Data>;

/// A managed resource.
///
/// One model stands for configuration, plan and state. Which of its fields may be unknown where:
/// configuration and plan any, state none.
///
/// The framework does what the schema says before it asks: planned values start from the configuration, then defaults,
/// kept prior values and "known after apply" fill what the *configuration* leaves null. (Core's own proposal is not
/// used: it copies prior computed values in MAP blocks, so that a removed attribute would keep its old value.)
/// Write-only attributes are taken out of every plan and state.
pub trait Resource: Send + Sync + 'static {
    /// What operations are given: [`Provider::Data`](crate::Provider::Data) of the provider that offers it.
    type Data: Send + Sync + 'static;
    /// Configuration, plan and state.
    type Model: TerraformValue + Clone + Send + Sync;

    /// The type name, such as `aws_instance`.
    const TYPE: &'static str;

    /// What may stand in the block.
    fn schema(&self) -> Schema;

    /// Checks the configuration beyond what the schema says. Runs early and often: pure, offline, with values that
    /// may be unknown, and maybe before the provider is configured.
    fn validate(&self, config: &Self::Model, validation: &Validation) -> Diagnostics {
        let _ = (config, validation);
        Diagnostics::new()
    }

    /// Plans a new resource: changes computed values of `plan.planned` and returns it.
    ///
    /// Must depend on nothing but its arguments, since Terraform plans again before it applies.
    fn plan_create(
        &self,
        plan: PlanCreate<Self::Model>,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send {
        let _ = context;
        async move { Outcome::new(plan.planned) }
    }

    /// Plans a change: changes computed values of `plan.planned` and returns it. A plan equal to the prior state is no
    /// change at all.
    fn plan_update(
        &self,
        plan: PlanUpdate<Self::Model>,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Planned<Self::Model>>> + Send {
        let _ = context;
        async move { Outcome::new(plan.planned.into()) }
    }

    /// Plans the end of a resource: an error refuses it, a warning informs.
    fn plan_destroy(
        &self,
        prior: Self::Model,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Diagnostics> + Send {
        let _ = (prior, context);
        async { Diagnostics::new() }
    }

    /// Creates. The state must equal the plan wherever the plan is known. After a failure, `Outcome::partial` keeps
    /// what was made; Terraform then marks the resource tainted.
    fn create(
        &self,
        create: Create<Self::Model>,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Changes in place. The state must equal the plan wherever the plan is known. After a failure without a value the
    /// state stays as it was.
    fn update(
        &self,
        update: Update<Self::Model>,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send;

    /// Deletes; what is gone already is a success. After a failure the state stays as it was.
    fn delete(
        &self,
        prior: Self::Model,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<()>> + Send;

    /// Reads the real thing into the state; `None` says that it is gone for sure. What cannot be reached is an error.
    fn read(
        &self,
        state: Self::Model,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Option<Self::Model>>> + Send;

    /// Makes a first state of an id, for `terraform import`; a read follows.
    fn import(
        &self,
        id: String,
        context: &ResourceContext<Self>,
    ) -> impl Future<Output = Outcome<Self::Model>> + Send {
        let _ = context;
        async move {
            let detail = format!("Resources of type {} cannot be imported (id {id:?}).", Self::TYPE);
            Outcome::failed(Diagnostic::error("Import is not supported", detail))
        }
    }

    /// Brings the JSON of a state with an older schema version into the present shape; offline. Attributes that the
    /// schema no longer has may stay, missing ones become null: the framework drops and adds them, also in states of
    /// the present version.
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        let _ = version;
        Ok(state)
    }

    /// Makes state of the state of another resource type, for a `moved` block; offline. `None` when this type does not
    /// know the source. A read follows. [`Context::private`] values come along from a type of the same provider.
    fn move_from(&self, source: MoveSource) -> Option<Result<Self::Model, Diagnostics>> {
        let _ = source;
        None
    }

    /// Improves the configuration that Terraform writes for an imported resource (1.14 and later); offline. `config` is
    /// the state without what the user cannot set, and without deprecated attributes and values that are defaults.
    fn generate_config(&self, config: Self::Model) -> Result<Self::Model, Diagnostics> {
        Ok(config)
    }
}

/// Where a `moved` block takes its state from. No `Debug`: the state may hold secrets.
#[derive(Clone)]
pub struct MoveSource {
    /// The provider, such as `registry.terraform.io/hashicorp/helm`.
    pub provider: String,
    /// The resource type.
    pub type_name: String,
    /// The version of that type's schema.
    pub schema_version: i64,
    /// The saved state.
    pub state: serde_json::Value,
    /// The saved identity, if the resource had one (Terraform 1.12 and later).
    pub identity: Option<serde_json::Value>,
}

/// What [`Resource::plan_create`] is given.
#[derive(Clone, Debug)]
pub struct PlanCreate<M> {
    /// What the user wrote, write-only values included.
    pub config: M,
    /// The plan as the schema alone makes it: configuration, defaults, and unknown where computed.
    pub planned: M,
}

/// What [`Resource::plan_update`] is given.
#[derive(Clone, Debug)]
pub struct PlanUpdate<M> {
    /// The state before.
    pub prior: M,
    /// What the user wrote, write-only values included.
    pub config: M,
    /// The plan as the schema alone makes it: configuration, defaults, kept prior values. When nothing differs from
    /// `prior`, computed values are the prior ones; else those without `keep_prior` are unknown.
    pub planned: M,
}

/// A planned change.
#[derive(Clone, Debug)]
pub struct Planned<M> {
    /// The state that the apply will make, as far as it is known.
    pub state: M,
    /// Attributes whose change replaces the resource, beyond what the schema says.
    pub requires_replace: Vec<AttributePath>,
}

impl<M> From<M> for Planned<M> {
    fn from(state: M) -> Self {
        Self { state, requires_replace: Vec::new() }
    }
}

/// What [`Resource::create`] is given.
#[derive(Clone, Debug)]
pub struct Create<M> {
    /// What the user wrote, write-only values included; wholly known.
    pub config: M,
    /// What was planned; what is unknown here is to be found out.
    pub planned: M,
}

/// What [`Resource::update`] is given.
#[derive(Clone, Debug)]
pub struct Update<M> {
    /// The state before.
    pub prior: M,
    /// What the user wrote, write-only values included; wholly known.
    pub config: M,
    /// What was planned; what is unknown here is to be found out.
    pub planned: M,
}
