//! Lists and actions without their types.

use futures::future::{BoxFuture, FutureExt};

use super::{Registered, model};
use crate::list_resource::Asked;
use crate::{
    Action, Context, Diagnostics, ListResource, Listing, Mismatch, Outcome, Progress, Resource, Schema,
    TerraformValue, Value,
};

/// A list of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyList<D>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn validate(&self, config: Value) -> Diagnostics;
    fn list<'a>(&'a self, config: Value, asked: Asked, context: &'a Context<D>)
    -> BoxFuture<'a, Diagnostics>;
}

/// An action of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyAction<D>: Send + Sync {
    fn schema(&self) -> &Schema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn validate(&self, config: Value) -> Diagnostics;
    fn plan<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<()>>;
    fn invoke<'a>(
        &'a self,
        config: Value,
        progress: &'a Progress,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Diagnostics>;
}

impl<L, D> AnyList<D> for Registered<L>
where
    L: ListResource,
    L::Resource: Resource<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        L::Model::conforms(&self.schema.block.model_type())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        model(config).map_or_else(|diagnostics| diagnostics, |config| self.resource.validate(&config))
    }

    fn list<'a>(
        &'a self,
        config: Value,
        asked: Asked,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Diagnostics> {
        match model(config) {
            Ok(config) => async move {
                let listing = Listing::new(asked);
                self.resource.list(config, &listing, context).await
            }
            .boxed(),
            Err(diagnostics) => std::future::ready(diagnostics).boxed(),
        }
    }
}

impl<A, D> AnyAction<D> for Registered<A>
where
    A: Action<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &Schema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        A::Model::conforms(&self.schema.block.model_type())
    }

    fn validate(&self, config: Value) -> Diagnostics {
        model(config).map_or_else(|diagnostics| diagnostics, |config| self.resource.validate(&config))
    }

    fn plan<'a>(&'a self, config: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<()>> {
        match model(config) {
            Ok(config) => self.resource.plan(config, context).boxed(),
            Err(diagnostics) => std::future::ready(Outcome::failed(diagnostics)).boxed(),
        }
    }

    fn invoke<'a>(
        &'a self,
        config: Value,
        progress: &'a Progress,
        context: &'a Context<D>,
    ) -> BoxFuture<'a, Diagnostics> {
        match model(config) {
            Ok(config) => self.resource.invoke(config, progress, context).boxed(),
            Err(diagnostics) => std::future::ready(diagnostics).boxed(),
        }
    }
}
