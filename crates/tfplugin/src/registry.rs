//! What a provider offers, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::erased::{
    AnyAction, AnyDataSource, AnyEphemeral, AnyIdentity, AnyList, AnyResource, Registered, RegisteredIdentity,
};
use crate::schema::SchemaError;
use crate::{
    Action, Arguments, DataSource, EphemeralResource, Function, FunctionError, Identified, ListResource,
    Mismatch, Provider, Resource, Schema, Signature, TerraformValue, Value,
};

/// What a provider offers: filled by [`Provider::register`].
pub struct Registry<P: Provider> {
    pub(crate) resources: BTreeMap<&'static str, Arc<dyn AnyResource<P::Data>>>,
    pub(crate) identities: BTreeMap<&'static str, Arc<dyn AnyIdentity<P::Data>>>,
    pub(crate) lists: BTreeMap<&'static str, Arc<dyn AnyList<P::Data>>>,
    pub(crate) actions: BTreeMap<&'static str, Arc<dyn AnyAction<P::Data>>>,
    pub(crate) data_sources: BTreeMap<&'static str, Box<dyn AnyDataSource<P::Data>>>,
    pub(crate) ephemerals: BTreeMap<&'static str, Box<dyn AnyEphemeral<P::Data>>>,
    pub(crate) functions: BTreeMap<&'static str, RegisteredFunction>,
    doubled: Vec<&'static str>,
}

/// A function with its signature, made once.
pub(crate) struct RegisteredFunction {
    pub(crate) function: Box<dyn AnyFunction>,
    pub(crate) signature: Signature,
}

/// A function, whatever its type.
pub(crate) trait AnyFunction: Send + Sync {
    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError>;
}

impl<F: Function> AnyFunction for F {
    fn call(&self, arguments: Arguments) -> Result<Value, FunctionError> {
        Function::call(self, arguments)
    }
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
    /// What a list finds has no identity to tell it by.
    #[error("the list of {0} finds resources without an identity: register {0} as identified")]
    NoIdentity(&'static str),
    /// Terraform would refuse a function.
    #[error("function {name}: {problem}")]
    Function {
        /// The function.
        name: &'static str,
        /// The broken rule.
        problem: String,
    },
    /// Two things have one name.
    #[error("{0} is registered twice")]
    Twice(&'static str),
}

impl<P: Provider> Registry<P> {
    /// Asks the provider what it offers, and checks all of it.
    pub(crate) fn of(provider: &P, schema: &Schema) -> Result<Self, RegistryError> {
        let mut registry = Self {
            resources: BTreeMap::new(),
            identities: BTreeMap::new(),
            lists: BTreeMap::new(),
            actions: BTreeMap::new(),
            data_sources: BTreeMap::new(),
            ephemerals: BTreeMap::new(),
            functions: BTreeMap::new(),
            doubled: Vec::new(),
        };
        provider.register(&mut registry);
        if let Some(name) = registry.doubled.first() {
            return Err(RegistryError::Twice(name));
        }
        check("the provider block", schema, P::Model::conforms(&schema.block.model_type()))?;
        registry.check_all()?;
        Ok(registry)
    }

    fn check_all(&self) -> Result<(), RegistryError> {
        for (name, resource) in &self.resources {
            check(name, resource.schema(), resource.conforms())?;
        }
        for (name, identity) in &self.identities {
            let of = format!("identity of {name}");
            agree(&of, identity.schema().check(), identity.conforms())?;
        }
        for (name, source) in &self.data_sources {
            check(&format!("data source {name}"), source.schema(), source.conforms())?;
        }
        for (name, ephemeral) in &self.ephemerals {
            check(&format!("ephemeral resource {name}"), ephemeral.schema(), ephemeral.conforms())?;
        }
        for (name, list) in &self.lists {
            agree(&format!("list of {name}"), list.schema().check_configuration_only(), list.conforms())?;
            if !self.identities.contains_key(name) {
                return Err(RegistryError::NoIdentity(name));
            }
        }
        for (name, action) in &self.actions {
            agree(&format!("action {name}"), action.schema().check_configuration_only(), action.conforms())?;
        }
        for (name, function) in &self.functions {
            let checked = function.signature.check();
            checked.map_err(|problem| RegistryError::Function { name, problem })?;
        }
        Ok(())
    }

    /// Offers a managed resource.
    pub fn resource<R: Resource<Data = P::Data>>(&mut self, resource: R) -> &mut Self {
        let schema = resource.schema();
        let known = self.resources.insert(R::TYPE, Arc::new(Registered { resource, schema })).is_some();
        self.once(R::TYPE, known)
    }

    /// Offers a managed resource with its identity.
    pub fn identified<R: Identified<Data = P::Data>>(&mut self, resource: R) -> &mut Self {
        let (schema, identity) = (resource.schema(), resource.identity_schema());
        let registered = Arc::new(Registered { resource, schema });
        let known = self.resources.insert(R::TYPE, Arc::clone(&registered) as _).is_some();
        self.identities.insert(R::TYPE, Arc::new(RegisteredIdentity { registered, schema: identity }));
        self.once(R::TYPE, known)
    }

    /// Offers a list of the resources of a type, which must be [`identified`](Self::identified).
    pub fn list_resource<L>(&mut self, list: L) -> &mut Self
    where
        L: ListResource,
        L::Resource: Resource<Data = P::Data>,
    {
        let schema = list.schema();
        let name = <L::Resource as Resource>::TYPE;
        let known = self.lists.insert(name, Arc::new(Registered { resource: list, schema })).is_some();
        self.once(name, known)
    }

    /// Offers an action.
    pub fn action<A: Action<Data = P::Data>>(&mut self, action: A) -> &mut Self {
        let schema = action.schema();
        let known = self.actions.insert(A::TYPE, Arc::new(Registered { resource: action, schema })).is_some();
        self.once(A::TYPE, known)
    }

    /// Offers a data source.
    pub fn data_source<S: DataSource<Data = P::Data>>(&mut self, source: S) -> &mut Self {
        let schema = source.schema();
        let known =
            self.data_sources.insert(S::TYPE, Box::new(Registered { resource: source, schema })).is_some();
        self.once(S::TYPE, known)
    }

    /// Offers an ephemeral resource.
    pub fn ephemeral<E: EphemeralResource<Data = P::Data>>(&mut self, ephemeral: E) -> &mut Self {
        let schema = ephemeral.schema();
        let known =
            self.ephemerals.insert(E::TYPE, Box::new(Registered { resource: ephemeral, schema })).is_some();
        self.once(E::TYPE, known)
    }

    /// Offers a function.
    pub fn function<F: Function>(&mut self, function: F) -> &mut Self {
        let signature = function.signature();
        let registered = RegisteredFunction { function: Box::new(function), signature };
        let known = self.functions.insert(F::NAME, registered).is_some();
        self.once(F::NAME, known)
    }

    fn once(&mut self, name: &'static str, known: bool) -> &mut Self {
        if known {
            self.doubled.push(name);
        }
        self
    }
}

fn check(of: &str, schema: &Schema, model: Result<(), Mismatch>) -> Result<(), RegistryError> {
    agree(of, schema.check(), model)
}

fn agree(
    of: &str,
    schema: Result<(), SchemaError>,
    model: Result<(), Mismatch>,
) -> Result<(), RegistryError> {
    schema.map_err(|source| RegistryError::Schema { of: of.to_owned(), source })?;
    model.map_err(|source| RegistryError::Model { of: of.to_owned(), source })
}

/// Checks schemas, models and names of everything a provider offers: for a test of the provider. `serve` does it, too.
pub fn check_provider<P: Provider>(provider: &P) -> Result<(), RegistryError> {
    Registry::of(provider, &provider.schema()).map(|_| ())
}
