//! Schemas and the provider block.

use std::sync::{Arc, PoisonError};

use super::convert;
use super::service::{Configured, Service};
use crate::erased::model;
use crate::generated::tfplugin5 as wire;
use crate::registry::Registry;
use crate::{Diagnostics, Outcome, Provider, Setup, lifecycle, planning};

impl<P: Provider> Service<P> {
    pub(super) fn metadata(&self) -> wire::get_metadata::Response {
        use wire::get_metadata::{
            ActionMetadata, DataSourceMetadata, EphemeralResourceMetadata, FunctionMetadata,
            ListResourceMetadata, ResourceMetadata,
        };
        let Registry { resources, data_sources, ephemerals, functions, lists, actions, .. } = &self.registry;
        let named = |name: &&str| (*name).to_owned();
        wire::get_metadata::Response {
            server_capabilities: Some(capabilities()),
            diagnostics: Vec::new(),
            data_sources: data_sources
                .keys()
                .map(|name| DataSourceMetadata { type_name: named(name) })
                .collect(),
            resources: resources.keys().map(|name| ResourceMetadata { type_name: named(name) }).collect(),
            functions: functions.keys().map(|name| FunctionMetadata { name: named(name) }).collect(),
            ephemeral_resources: ephemerals
                .keys()
                .map(|name| EphemeralResourceMetadata { type_name: named(name) })
                .collect(),
            list_resources: lists
                .keys()
                .map(|name| ListResourceMetadata { type_name: named(name) })
                .collect(),
            actions: actions.keys().map(|name| ActionMetadata { type_name: named(name) }).collect(),
        }
    }

    pub(super) fn schemas(&self) -> wire::get_provider_schema::Response {
        let Registry { resources, data_sources, ephemerals, lists, actions, .. } = &self.registry;
        let named = |name: &str, schema| (name.to_owned(), convert::schema(schema));
        wire::get_provider_schema::Response {
            provider: Some(convert::schema(&self.schema)),
            resource_schemas: resources
                .iter()
                .map(|(name, resource)| named(name, resource.schema()))
                .collect(),
            data_source_schemas: data_sources
                .iter()
                .map(|(name, source)| named(name, source.schema()))
                .collect(),
            ephemeral_resource_schemas: ephemerals
                .iter()
                .map(|(name, ephemeral)| named(name, ephemeral.schema()))
                .collect(),
            list_resource_schemas: lists.iter().map(|(name, list)| named(name, list.schema())).collect(),
            action_schemas: actions
                .iter()
                .map(|(name, action)| {
                    let schema = Some(convert::schema(action.schema()));
                    ((*name).to_owned(), wire::ActionSchema { schema })
                })
                .collect(),
            functions: self.functions(),
            server_capabilities: Some(capabilities()),
            ..Default::default()
        }
    }

    pub(super) fn prepare_config(
        &self,
        request: wire::prepare_provider_config::Request,
    ) -> Result<wire::prepare_provider_config::Response, Diagnostics> {
        let block = &self.schema.block;
        let config = convert::from_wire(block, request.config.clone())?;
        let mut diagnostics = planning::validate(block, &config);
        match model(config) {
            Ok(config) => diagnostics.extend(self.provider.validate(&config)),
            Err(error) => diagnostics.extend(error),
        }
        Ok(wire::prepare_provider_config::Response {
            prepared_config: request.config,
            diagnostics: convert::diagnostics(diagnostics),
        })
    }

    pub(super) async fn configure_provider(
        &self,
        request: wire::configure::Request,
    ) -> Result<wire::configure::Response, Diagnostics> {
        let config = model(convert::from_wire(&self.schema.block, request.config)?)?;
        let setup = Setup {
            terraform_version: request.terraform_version.clone(),
            deferral_allowed: request.client_capabilities.is_some_and(|client| client.deferral_allowed),
            cancellation: self.cancellation(),
        };
        let Outcome { value, diagnostics, deferred } = self.provider.configure(config, &setup).await;
        let diagnostics = lifecycle::answered(value.is_some(), diagnostics, "configuration");
        convert::deferred(deferred, setup.deferral_allowed)?;
        if let Some(data) = value.filter(|_| !diagnostics.has_errors()) {
            let configured = Configured {
                data: Arc::new(data),
                terraform_version: request.terraform_version.into(),
                deferral: deferred,
            };
            *self.configured.write().unwrap_or_else(PoisonError::into_inner) = Some(configured);
        }
        Ok(wire::configure::Response { diagnostics: convert::diagnostics(diagnostics) })
    }
}

fn capabilities() -> wire::ServerCapabilities {
    wire::ServerCapabilities {
        plan_destroy: true,
        get_provider_schema_optional: true,
        move_resource_state: true,
        generate_resource_config: true,
    }
}
