//! Identities without their types.

use std::sync::Arc;

use futures::future::{BoxFuture, FutureExt};

use super::{Registered, model};
use crate::schema::IdentitySchema;
use crate::{Context, Diagnostics, Identified, Mismatch, Outcome, TerraformValue, Value};

/// The identity of a resource of a provider with the data `D`, by values instead of models.
pub(crate) trait AnyIdentity<D>: Send + Sync {
    fn schema(&self) -> &IdentitySchema;
    fn conforms(&self) -> Result<(), Mismatch>;
    fn of(&self, state: Value, context: &Context<D>) -> Result<Value, Diagnostics>;
    fn import<'a>(&'a self, identity: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>>;
    fn upgrade(&self, version: i64, identity: serde_json::Value) -> Result<serde_json::Value, Diagnostics>;
}

/// A resource with the schema of its identity, made once.
pub(crate) struct RegisteredIdentity<R> {
    pub(crate) registered: Arc<Registered<R>>,
    pub(crate) schema: IdentitySchema,
}

impl<R, D> AnyIdentity<D> for RegisteredIdentity<R>
where
    R: Identified<Data = D>,
    D: Send + Sync + 'static,
{
    fn schema(&self) -> &IdentitySchema {
        &self.schema
    }

    fn conforms(&self) -> Result<(), Mismatch> {
        R::Identity::conforms(&self.schema.object_type())
    }

    fn of(&self, state: Value, context: &Context<D>) -> Result<Value, Diagnostics> {
        let state = model(state)?;
        Ok(self.registered.resource.identity(&state, context).into_value())
    }

    fn import<'a>(&'a self, identity: Value, context: &'a Context<D>) -> BoxFuture<'a, Outcome<Value>> {
        let identity = match model(identity) {
            Ok(identity) => identity,
            Err(diagnostics) => return std::future::ready(Outcome::failed(diagnostics)).boxed(),
        };
        let imported = self.registered.resource.import_by_identity(identity, context);
        imported.map(|outcome| outcome.map(R::Model::into_value)).boxed()
    }

    fn upgrade(&self, version: i64, identity: serde_json::Value) -> Result<serde_json::Value, Diagnostics> {
        self.registered.resource.upgrade_identity(version, identity)
    }
}
