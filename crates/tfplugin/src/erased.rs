//! What a provider offers without its types: values in, values out.

mod identity;
mod streaming;

use std::time::SystemTime;

use futures::future::{BoxFuture, FutureExt};

use crate::resource::{Create, MoveSource, PlanCreate, PlanUpdate, Planned, Resource, Update};
use crate::{
    Context, DataSource, Diagnostics, EphemeralResource, Mismatch, Opened, Outcome, Schema, TerraformValue,
    Validation, Value,
};

pub(crate) use identity::{AnyIdentity, RegisteredIdentity};
pub(crate) use streaming::{AnyAction, AnyList};

/// A resource of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyResource<D>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn validate(&self, config: Value, validation: &Validation) -> Diagnostics;
    fn plan_create<'a>(
        &'a self,
        plan: PlanCreate<Value>,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Outcome<Value>>;
    fn plan_update<'a>(
        &'a self,
        plan: PlanUpdate<Value>,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Outcome<Planned<Value>>>;
    fn plan_destroy<'a>(&'a self, prior: Value, context: &'a Context<D>) -> BoxFuture<'a, Diagnostics>;
    fn create<'a>(&'a self, create: Create<Value>, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>>;
    fn update<'a>(&'a self, update: Update<Value>, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>>;
    fn delete<'a>(&'a self, prior: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<()>>;
    fn read<'a>(&'a self, state: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Option<Value>>>;
    fn import<'a>(&'a self, id: String, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>>;
    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics>;
    fn move_from(&self, source: MoveSource) -> Option<Result<Value, Diagnostics>>;
    fn generate_config(&self, config: Value) -> Result<Value, Diagnostics>;
}

/// A data source of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyDataSource<D>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn validate(&self, config: Value) -> Diagnostics;
    fn read<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>>;
}

/// An ephemeral resource of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyEphemeral<D>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn validate(&self, config: Value) -> Diagnostics;
    fn open<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Opened<Value>>>;
    fn renew<'a>(&'a self, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Option<SystemTime>>>;
    fn close<'a>(&'a self, context: &'a Context<D>) -> BoxFuture<'a, Diagnostics>;
}

/// A resource, or the like, with its schema, made once.
pub(crate) struct Registered<R> {
    pub(crate) resource: R,
    pub(crate) schema: Schema,
}

pub(crate) fn model<M: TerraformValue>(value: Value) -> Result<M, Diagnostics> {
    M::from_value(value).map_err(|error| crate::Diagnostic::from(error).into())
}

/// Reads models and goes on, or fails with what cannot be read.
macro_rules! models {
    ($($name:ident = $value:expr),+ $(,)?) => {
        $(let $name = match model($value) {
            Ok(model) => model,
            Err(diagnostics) => return std::future::ready(Outcome::failed(diagnostics)).boxed(),
        };)+
    };
}

impl<R, D> AnyResource<D> for Registered<R>
where
    R: Resource<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        R::Model::conforms(&self.schema.block.model_type())
    }

    fn validate(&self, config: Value, validation: &Validation) -> Diagnostics {
        match model(config) {
            Ok(config) => self.resource.validate(&config, validation),
            Err(diagnostics) => diagnostics,
        }
    }

    fn plan_create<'a>(
        &'a self,
        plan: PlanCreate<Value>,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Outcome<Value>> {
        models!(config = plan.config, planned = plan.planned);
        let planned = self.resource.plan_create(PlanCreate { config, planned }, context);
        planned.map(|outcome| outcome.map(R::Model::into_value)).boxed()
    }

    fn plan_update<'a>(
        &'a self,
        plan: PlanUpdate<Value>,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Outcome<Planned<Value>>> {
        models!(prior = plan.prior, config = plan.config, planned = plan.planned);
        let planned = self.resource.plan_update(PlanUpdate { prior, config, planned }, context);
        let into_values = |planned: Planned<R::Model>| Planned {
            state: planned.state.into_value(),
            requires_replace: planned.requires_replace,
        };
        planned.map(move |outcome| outcome.map(into_values)).boxed()
    }

    fn plan_destroy<'a>(&'a self, prior: Value, context: &'a Context<D>) -> BoxFuture<'a, Diagnostics> {
        match model(prior) {
            Ok(prior) => self.resource.plan_destroy(prior, context).boxed(),
            Err(diagnostics) => std::future::ready(diagnostics).boxed(),
        }
    }

    fn create<'a>(&'a self, create: Create<Value>, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>> {
        models!(config = create.config, planned = create.planned);
        let created = self.resource.create(Create { config, planned }, context);
        created.map(|outcome| outcome.map(R::Model::into_value)).boxed()
    }

    fn update<'a>(&'a self, update: Update<Value>, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>> {
        models!(prior = update.prior, config = update.config, planned = update.planned);
        let updated = self.resource.update(Update { prior, config, planned }, context);
        updated.map(|outcome| outcome.map(R::Model::into_value)).boxed()
    }

    fn delete<'a>(&'a self, prior: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<()>> {
        models!(prior = prior);
        self.resource.delete(prior, context).boxed()
    }

    fn read<'a>(&'a self, state: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Option<Value>>> {
        models!(state = state);
        let read = self.resource.read(state, context);
        read.map(|outcome| outcome.map(|state| state.map(R::Model::into_value))).boxed()
    }

    fn import<'a>(&'a self, id: String, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>> {
        self.resource.import(id, context).map(|outcome| outcome.map(R::Model::into_value)).boxed()
    }

    fn upgrade(&self, version: i64, state: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.resource.upgrade(version, state)
    }

    fn move_from(&self, source: MoveSource) -> Option<Result<Value, Diagnostics>> {
        self.resource.move_from(source).map(|moved| moved.map(R::Model::into_value))
    }

    fn generate_config(&self, config: Value) -> Result<Value, Diagnostics> {
        self.resource.generate_config(model(config)?).map(R::Model::into_value)
    }
}

impl<S, D> AnyDataSource<D> for Registered<S>
where
    S: DataSource<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        S::Model::conforms(&self.schema.block.model_type())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        model(config).map_or_else(|diagnostics| diagnostics, |config| self.resource.validate(&config))
    }

    fn read<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>> {
        models!(config = config);
        self.resource.read(config, context).map(|outcome| outcome.map(S::Model::into_value)).boxed()
    }
}

impl<E, D> AnyEphemeral<D> for Registered<E>
where
    E: EphemeralResource<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        E::Model::conforms(&self.schema.block.model_type())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        model(config).map_or_else(|diagnostics| diagnostics, |config| self.resource.validate(&config))
    }

    fn open<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Opened<Value>>> {
        models!(config = config);
        let into_value = |opened: Opened<E::Model>| Opened {
            result: opened.result.into_value(),
            renew_at: opened.renew_at,
        };
        self.resource.open(config, context).map(move |outcome| outcome.map(into_value)).boxed()
    }

    fn renew<'a>(&'a self, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Option<SystemTime>>> {
        self.resource.renew(context).boxed()
    }

    fn close<'a>(&'a self, context: &'a Context<D>) -> BoxFuture<'a, Diagnostics> {
        self.resource.close(context).boxed()
    }
}
