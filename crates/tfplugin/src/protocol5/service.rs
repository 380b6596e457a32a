//! The provider service: who answers which call.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use super::answer::{answer, answer_or};
use super::convert;
use super::streaming::Events;
use super::turns::Turns;
use crate::erased::{AnyIdentity, AnyResource};
use crate::generated::tfplugin5::{self as wire, provider_server};
use crate::registry::{Registry, RegistryError};
use crate::stopping::Stopping;
use crate::{Context, Deferral, Diagnostic, Diagnostics, PrivateState, Provider, Schema};

/// A provider behind protocol 5.
pub(crate) struct Service<P: Provider> {
    pub(super) provider: P,
    pub(super) schema: Schema,
    pub(super) registry: Registry<P>,
    pub(super) configured: RwLock<Option<Configured<P::Data>>>,
    pub(super) stopping: Stopping,
    pub(super) turns: Turns,
}

/// What the last `Configure` made.
pub(super) struct Configured<D> {
    pub(super) data: Arc<D>,
    pub(super) terraform_version: Arc<str>,
    /// Why everything is put off, if it is.
    pub(super) deferral: Option<Deferral>,
}

impl<D> Clone for Configured<D> {
    fn clone(&self) -> Self {
        Self {
            data: Arc::clone(&self.data),
            terraform_version: Arc::clone(&self.terraform_version),
            deferral: self.deferral,
        }
    }
}

impl<P: Provider> Service<P> {
    pub(crate) fn new(provider: P, stopping: Stopping) -> Result<Self, RegistryError> {
        let schema = provider.schema();
        let registry = Registry::of(&provider, &schema)?;
        Ok(Self {
            provider,
            schema,
            registry,
            configured: RwLock::new(None),
            stopping,
            turns: Turns::default(),
        })
    }

    pub(super) fn resource(&self, type_name: &str) -> Result<&dyn AnyResource<P::Data>, Diagnostics> {
        self.shared_resource(type_name).map(|resource| &**resource)
    }

    pub(super) fn shared_resource(
        &self,
        type_name: &str,
    ) -> Result<&Arc<dyn AnyResource<P::Data>>, Diagnostics> {
        self.registry.resources.get(type_name).ok_or_else(|| {
            let detail = format!("The provider {} has no resource type {type_name:?}.", P::name());
            Diagnostic::error("Unknown resource type", detail).into()
        })
    }

    pub(super) fn shared_identity(
        &self,
        type_name: &str,
    ) -> Result<Arc<dyn AnyIdentity<P::Data>>, Diagnostics> {
        let identity = self.registry.identities.get(type_name).map(Arc::clone);
        identity.ok_or_else(|| super::identity::no_identity(type_name).into())
    }

    /// The context of an operation; an error before `Configure`.
    pub(super) fn context(
        &self,
        private: &[u8],
        client: Option<wire::ClientCapabilities>,
    ) -> Result<Context<P::Data>, Diagnostics> {
        let configured = self.configured.read().unwrap_or_else(PoisonError::into_inner).clone();
        let configured = configured.ok_or_else(|| {
            let detail =
                format!("An operation of the provider {} was requested before its configuration.", P::name());
            Diagnostic::error("Provider is not configured", detail)
        })?;
        let private = PrivateState::decode(private).map_err(|error| {
            let cause =
                std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
            Diagnostic::error("Private state cannot be read", format!("Could not {error}{cause}."))
        })?;
        Ok(Context {
            data: configured.data,
            cancellation: self.cancellation(),
            private,
            terraform_version: configured.terraform_version,
            deferral_allowed: client.is_some_and(|client| client.deferral_allowed),
            provider_deferral: configured.deferral,
        })
    }

    pub(super) fn cancellation(&self) -> CancellationToken {
        self.stopping.token()
    }
}

/// The identity of what an apply has left as it was; what was not there before has none.
fn kept_identity(request: &wire::apply_resource_change::Request) -> Option<wire::ResourceIdentityData> {
    let absent = request.prior_state.as_ref().is_none_or(convert::is_null);
    request.planned_identity.clone().filter(|_| !absent)
}

type Answered<T> = Result<Response<T>, Status>;

#[tonic::async_trait]
impl<P: Provider> provider_server::Provider for Service<P> {
    async fn get_metadata(
        &self,
        _: Request<wire::get_metadata::Request>,
    ) -> Answered<wire::get_metadata::Response> {
        Ok(Response::new(self.metadata()))
    }

    async fn get_schema(
        &self,
        _: Request<wire::get_provider_schema::Request>,
    ) -> Answered<wire::get_provider_schema::Response> {
        Ok(Response::new(self.schemas()))
    }

    async fn get_resource_identity_schemas(
        &self,
        _: Request<wire::get_resource_identity_schemas::Request>,
    ) -> Answered<wire::get_resource_identity_schemas::Response> {
        Ok(Response::new(wire::get_resource_identity_schemas::Response {
            identity_schemas: self.identity_schemas(),
            diagnostics: Vec::new(),
        }))
    }

    async fn prepare_provider_config(
        &self,
        request: Request<wire::prepare_provider_config::Request>,
    ) -> Answered<wire::prepare_provider_config::Response> {
        answer(async { self.prepare_config(request.into_inner()) }).await
    }

    async fn configure(
        &self,
        request: Request<wire::configure::Request>,
    ) -> Answered<wire::configure::Response> {
        answer(self.configure_provider(request.into_inner())).await
    }

    async fn validate_resource_type_config(
        &self,
        request: Request<wire::validate_resource_type_config::Request>,
    ) -> Answered<wire::validate_resource_type_config::Response> {
        answer(async { self.validate_resource(request.into_inner()) }).await
    }

    async fn upgrade_resource_state(
        &self,
        request: Request<wire::upgrade_resource_state::Request>,
    ) -> Answered<wire::upgrade_resource_state::Response> {
        answer(async { self.upgrade_state(request.into_inner()) }).await
    }

    async fn read_resource(
        &self,
        request: Request<wire::read_resource::Request>,
    ) -> Answered<wire::read_resource::Response> {
        let request = request.into_inner();
        let fallback = wire::read_resource::Response {
            new_state: request.current_state.clone(),
            private: request.private.clone(),
            new_identity: request.current_identity.clone(),
            ..Default::default()
        };
        answer_or(fallback, self.read(request)).await
    }

    async fn plan_resource_change(
        &self,
        request: Request<wire::plan_resource_change::Request>,
    ) -> Answered<wire::plan_resource_change::Response> {
        let request = request.into_inner();
        let fallback = wire::plan_resource_change::Response {
            planned_state: request.proposed_new_state.clone(),
            planned_private: request.prior_private.clone(),
            ..Default::default()
        };
        answer_or(fallback, self.plan(request)).await
    }

    async fn apply_resource_change(
        &self,
        request: Request<wire::apply_resource_change::Request>,
    ) -> Answered<wire::apply_resource_change::Response> {
        let request = request.into_inner();
        let fallback = wire::apply_resource_change::Response {
            new_state: request.prior_state.clone(),
            private: request.planned_private.clone(),
            new_identity: kept_identity(&request),
            ..Default::default()
        };
        answer_or(fallback, self.apply(request)).await
    }

    async fn import_resource_state(
        &self,
        request: Request<wire::import_resource_state::Request>,
    ) -> Answered<wire::import_resource_state::Response> {
        answer(self.import(request.into_inner())).await
    }

    async fn get_functions(
        &self,
        _: Request<wire::get_functions::Request>,
    ) -> Answered<wire::get_functions::Response> {
        Ok(Response::new(wire::get_functions::Response {
            functions: self.functions(),
            diagnostics: Vec::new(),
        }))
    }

    async fn stop(&self, _: Request<wire::stop::Request>) -> Answered<wire::stop::Response> {
        self.stopping.stop();
        Ok(Response::new(wire::stop::Response::default()))
    }

    async fn upgrade_resource_identity(
        &self,
        request: Request<wire::upgrade_resource_identity::Request>,
    ) -> Answered<wire::upgrade_resource_identity::Response> {
        answer(async { self.upgrade_identity(request.into_inner()) }).await
    }

    async fn move_resource_state(
        &self,
        request: Request<wire::move_resource_state::Request>,
    ) -> Answered<wire::move_resource_state::Response> {
        answer(async { self.move_state(request.into_inner()) }).await
    }

    async fn generate_resource_config(
        &self,
        request: Request<wire::generate_resource_config::Request>,
    ) -> Answered<wire::generate_resource_config::Response> {
        answer(async { self.generate_config(request.into_inner()) }).await
    }

    async fn validate_data_source_config(
        &self,
        request: Request<wire::validate_data_source_config::Request>,
    ) -> Answered<wire::validate_data_source_config::Response> {
        answer(async { self.validate_data_source(request.into_inner()) }).await
    }

    async fn read_data_source(
        &self,
        request: Request<wire::read_data_source::Request>,
    ) -> Answered<wire::read_data_source::Response> {
        answer(self.read_source(request.into_inner())).await
    }

    async fn validate_ephemeral_resource_config(
        &self,
        request: Request<wire::validate_ephemeral_resource_config::Request>,
    ) -> Answered<wire::validate_ephemeral_resource_config::Response> {
        answer(async { self.validate_ephemeral(request.into_inner()) }).await
    }

    async fn open_ephemeral_resource(
        &self,
        request: Request<wire::open_ephemeral_resource::Request>,
    ) -> Answered<wire::open_ephemeral_resource::Response> {
        answer(self.open(request.into_inner())).await
    }

    async fn renew_ephemeral_resource(
        &self,
        request: Request<wire::renew_ephemeral_resource::Request>,
    ) -> Answered<wire::renew_ephemeral_resource::Response> {
        answer(self.renew(request.into_inner())).await
    }

    async fn close_ephemeral_resource(
        &self,
        request: Request<wire::close_ephemeral_resource::Request>,
    ) -> Answered<wire::close_ephemeral_resource::Response> {
        answer(self.close(request.into_inner())).await
    }

    type ListResourceStream = Events<wire::list_resource::Event>;

    async fn list_resource(
        &self,
        request: Request<wire::list_resource::Request>,
    ) -> Answered<Self::ListResourceStream> {
        Ok(Response::new(self.list(request.into_inner()).await))
    }

    async fn validate_list_resource_config(
        &self,
        request: Request<wire::validate_list_resource_config::Request>,
    ) -> Answered<wire::validate_list_resource_config::Response> {
        answer(async { self.validate_list(request.into_inner()) }).await
    }

    async fn call_function(
        &self,
        request: Request<wire::call_function::Request>,
    ) -> Answered<wire::call_function::Response> {
        Ok(Response::new(self.call(request.into_inner()).await))
    }

    async fn validate_action_config(
        &self,
        request: Request<wire::validate_action_config::Request>,
    ) -> Answered<wire::validate_action_config::Response> {
        answer(async { self.validate_action(request.into_inner()) }).await
    }

    async fn plan_action(
        &self,
        request: Request<wire::plan_action::Request>,
    ) -> Answered<wire::plan_action::Response> {
        answer(self.plan_an_action(request.into_inner())).await
    }

    type InvokeActionStream = Events<wire::invoke_action::Event>;

    async fn invoke_action(
        &self,
        request: Request<wire::invoke_action::Request>,
    ) -> Answered<Self::InvokeActionStream> {
        Ok(Response::new(self.invoke(request.into_inner()).await))
    }
}
