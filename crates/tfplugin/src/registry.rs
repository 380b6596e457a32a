//! What a provider offers, by name.

use std::collections::BTreeMap;

use crate::erased::{AnyResource, Registered};
use crate::schema::SchemaError;
use crate::{Mismatch, Provider, Resource, Schema, TerraformValue};

/// What a provider offers: filled by [`Provider::register`].
pub struct Registry<P: Provider> {
    pub(crate) resources: BTreeMap<&'static str, Box<dyn AnyResource<P::Data>>>,
    doubled: Vec<&'static str>,
}

/// The provider contradicts itself: found when it starts.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// Terraform would refuse a schema.
    #[error("schema of {of}")]
    Schema {
        /// Whose schema.
        of: String,
        /// What is wrong with it.
        #[source]
        source: SchemaError,
    },
    /// A schema and its model do not agree.
    #[error("model of {of}")]
    Model {
        /// Whose model.
        of: String,
        /// What does not agree.
        #[source]
        source: Mismatch,
    },
    /// Two things have one name.
    #[error("{0} is registered twice")]
    Twice(&'static str),
}

impl<P: Provider> Registry<P> {
    /// Asks the provider what it offers, and checks all of it.
    pub(crate) fn of(provider: &P, schema: &Schema) -> Result<Self, RegistryError> {
        let mut registry = Self { resources: BTreeMap::new(), doubled: Vec::new() };
        provider.register(&mut registry);
        if let Some(name) = registry.doubled.first() {
            return Err(RegistryError::Twice(name));
        }
        check("the provider block", schema, P::Model::conforms(&schema.block.model_type()))?;
        for (name, resource) in &registry.resources {
            check(name, resource.schema(), resource.conforms())?;
        }
        Ok(registry)
    }

    /// Offers a managed resource.
    pub fn resource<R: Resource<Provider = P>>(&mut self, resource: R) -> &mut Self {
        if self.resources.insert(R::TYPE, Box::new(Registered::new(resource))).is_some() {
            self.doubled.push(R::TYPE);
        }
        self
    }
}

fn check(of: &str, schema: &Schema, model: Result<(), Mismatch>) -> Result<(), RegistryError> {
    schema.check().map_err(|source| RegistryError::Schema { of: of.to_owned(), source })?;
    model.map_err(|source| RegistryError::Model { of: of.to_owned(), source })
}

/// Checks schemas, models and names of everything a provider offers: for a test of the provider. `serve` does it, too.
pub fn check_provider<P: Provider>(provider: &P) -> Result<(), RegistryError> {
    Registry::of(provider, &provider.schema()).map(|_| ())
}
