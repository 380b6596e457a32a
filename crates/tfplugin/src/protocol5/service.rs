//! The provider service: who answers which call.

use std::sync::{Arc, PoisonError, RwLock};

use tokio_util::sync::CancellationToken;
use tonic::codegen::tokio_stream::Stream;
use tonic::{Request, Response, Status};

use super::answer::{answer, answer_or};
use crate::erased::AnyResource;
use crate::generated::tfplugin5::{self as wire, provider_server};
use crate::registry::{Registry, RegistryError};
use crate::stopping::Stopping;
use crate::{Context, Diagnostic, Diagnostics, PrivateState, Provider, Schema};

/// A provider behind protocol 5.
pub(crate) struct Service<P: Provider> {
    pub(super) provider: P,
    pub(super) schema: Schema,
    pub(super) registry: Registry<P>,
    pub(super) configured: RwLock<Option<Configured<P::Data>>>,
    pub(super) stopping: Stopping,
}

/// What the last `Configure` made.
pub(super) struct Configured<D> {
    pub(super) data: Arc<D>,
    pub(super) terraform_version: Arc<str>,
}

impl<D> Clone for Configured<D> {
    fn clone(&self) -> Self {
        Self { data: Arc::clone(&self.data), terraform_version: Arc::clone(&self.terraform_version) }
    }
}

impl<P: Provider> Service<P> {
    pub(crate) fn new(provider: P, stopping: Stopping) -> Result<Self, RegistryError> {
        let schema = provider.schema();
        let registry = Registry::of(&provider, &schema)?;
        Ok(Self { provider, schema, registry, configured: RwLock::new(None), stopping })
    }

    pub(super) fn resource(&self, type_name: &str) -> Result<&dyn AnyResource<P::Data>, Diagnostics> {
        self.registry.resources.get(type_name).map(|resource| &**resource).ok_or_else(|| {
            let detail = format!("The provider {} has no resource type {type_name:?}.", P::name());
            Diagnostic::error("Unknown resource type", detail).into()
        })
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
                format!("An operation of the provider {} was asked for before its configuration.", P::name());
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
        })
    }

    pub(super) fn cancellation(&self) -> CancellationToken {
        self.stopping.token()
    }
}

/// A stream of events that this release has no source for.
type NoEvents<T> = Box<dyn Stream<Item = Result<T, Status>> + Send + Unpin>;

fn not_offered<T>(what: &str) -> Result<Response<T>, Status> {
    Err(Status::unimplemented(format!("this provider offers no {what}")))
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
        Ok(Response::new(wire::get_resource_identity_schemas::Response::default()))
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
        _: Request<wire::upgrade_resource_identity::Request>,
    ) -> Answered<wire::upgrade_resource_identity::Response> {
        not_offered("resource identity")
    }

    async fn move_resource_state(
        &self,
        request: Request<wire::move_resource_state::Request>,
    ) -> Answered<wire::move_resource_state::Response> {
        answer(async { self.move_state(request.into_inner()) }).await
    }

    async fn generate_resource_config(
        &self,
        _: Request<wire::generate_resource_config::Request>,
    ) -> Answered<wire::generate_resource_config::Response> {
        not_offered("generated configuration")
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

    type ListResourceStream = NoEvents<wire::list_resource::Event>;

    async fn list_resource(
        &self,
        _: Request<wire::list_resource::Request>,
    ) -> Answered<Self::ListResourceStream> {
        not_offered("list resource")
    }

    async fn validate_list_resource_config(
        &self,
        _: Request<wire::validate_list_resource_config::Request>,
    ) -> Answered<wire::validate_list_resource_config::Response> {
        not_offered("list resource")
    }

    async fn call_function(
        &self,
        request: Request<wire::call_function::Request>,
    ) -> Answered<wire::call_function::Response> {
        Ok(Response::new(self.call(request.into_inner()).await))
    }

    async fn validate_action_config(
        &self,
        _: Request<wire::validate_action_config::Request>,
    ) -> Answered<wire::validate_action_config::Response> {
        not_offered("action")
    }

    async fn plan_action(
        &self,
        _: Request<wire::plan_action::Request>,
    ) -> Answered<wire::plan_action::Response> {
        not_offered("action")
    }

    type InvokeActionStream = NoEvents<wire::invoke_action::Event>;

    async fn invoke_action(
        &self,
        _: Request<wire::invoke_action::Request>,
    ) -> Answered<Self::InvokeActionStream> {
        not_offered("action")
    }
}
