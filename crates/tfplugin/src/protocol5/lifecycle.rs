//! The life of a resource, message by message.

use super::convert;
use super::service::Service;
use crate::generated::tfplugin5 as wire;
use crate::{Diagnostic, Diagnostics, MoveSource, Provider, Validation, Value, lifecycle};

impl<P: Provider> Service<P> {
    pub(super) fn validate_resource(
        &self,
        request: wire::validate_resource_type_config::Request,
    ) -> Result<wire::validate_resource_type_config::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let config = convert::from_wire(&resource.schema().block, request.config)?;
        let client = request.client_capabilities.unwrap_or_default();
        let validation = Validation { write_only_allowed: client.write_only_attributes_allowed };
        let diagnostics = lifecycle::validate(resource, config, &validation);
        Ok(wire::validate_resource_type_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    pub(super) fn upgrade_state(
        &self,
        request: wire::upgrade_resource_state::Request,
    ) -> Result<wire::upgrade_resource_state::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let raw = request.raw_state.unwrap_or_default();
        if raw.json.is_empty() && !raw.flatmap.is_empty() {
            let detail =
                "The state was written by Terraform 0.11 or earlier. Apply it once with Terraform 0.12.";
            return Err(Diagnostic::error("State of an old Terraform", detail).into());
        }
        let block = &resource.schema().block;
        let state = if raw.json.is_empty() {
            Value::Null
        } else {
            lifecycle::upgrade(resource, request.version, &raw.json)?
        };
        Ok(wire::upgrade_resource_state::Response {
            upgraded_state: Some(convert::to_wire(block, state)?),
            diagnostics: Vec::new(),
        })
    }

    pub(super) async fn read(
        &self,
        request: wire::read_resource::Request,
    ) -> Result<wire::read_resource::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let context = self.context(&request.private, request.client_capabilities)?;
        let block = &resource.schema().block;
        let state = convert::from_wire(block, request.current_state.clone())?;
        if state == Value::Null {
            return Ok(wire::read_resource::Response {
                new_state: request.current_state,
                ..Default::default()
            });
        }
        let outcome = lifecycle::read(resource, state, &context).await;
        let deferred = convert::deferred(outcome.deferred, context.deferral_allowed)?;
        Ok(wire::read_resource::Response {
            new_state: Some(convert::to_wire(block, outcome.value.unwrap_or(Value::Null))?),
            diagnostics: convert::diagnostics(outcome.diagnostics),
            private: context.private.encode(),
            deferred,
            ..Default::default()
        })
    }

    pub(super) async fn plan(
        &self,
        request: wire::plan_resource_change::Request,
    ) -> Result<wire::plan_resource_change::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let context = self.context(&request.prior_private, request.client_capabilities)?;
        let block = &resource.schema().block;
        let prior = convert::from_wire(block, request.prior_state)?;
        let proposed = convert::from_wire(block, request.proposed_new_state)?;
        // A destroy is a null proposal; its configuration may still be there (`terraform destroy`).
        let config =
            if proposed == Value::Null { proposed } else { convert::from_wire(block, request.config)? };
        let outcome = lifecycle::plan(resource, prior, config, &context).await;
        let deferred = convert::deferred(outcome.deferred, context.deferral_allowed)?;
        let Some(planned) = outcome.value else {
            return Err(outcome.diagnostics);
        };
        Ok(wire::plan_resource_change::Response {
            planned_state: Some(convert::to_wire(block, planned.state)?),
            requires_replace: planned.requires_replace.iter().map(convert::path).collect(),
            planned_private: context.private.encode(),
            diagnostics: convert::diagnostics(outcome.diagnostics),
            deferred,
            ..Default::default()
        })
    }

    pub(super) async fn apply(
        &self,
        request: wire::apply_resource_change::Request,
    ) -> Result<wire::apply_resource_change::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let context = self.context(&request.planned_private, None)?;
        let block = &resource.schema().block;
        let prior = convert::from_wire(block, request.prior_state)?;
        let planned = convert::from_wire(block, request.planned_state)?;
        let config = convert::from_wire(block, request.config)?;
        let (state, diagnostics) = lifecycle::apply(resource, prior, planned, config, &context).await;
        let private = if state == Value::Null { Vec::new() } else { context.private.encode() };
        Ok(wire::apply_resource_change::Response {
            new_state: Some(convert::to_wire(block, state)?),
            private,
            diagnostics: convert::diagnostics(diagnostics),
            ..Default::default()
        })
    }

    pub(super) async fn import(
        &self,
        request: wire::import_resource_state::Request,
    ) -> Result<wire::import_resource_state::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let context = self.context(&[], request.client_capabilities)?;
        let outcome = lifecycle::import(resource, request.id, &context).await;
        let deferred = convert::deferred(outcome.deferred, context.deferral_allowed)?;
        let Some(state) = outcome.value else {
            return Err(outcome.diagnostics);
        };
        let imported = wire::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(convert::to_wire(&resource.schema().block, state)?),
            private: context.private.encode(),
            identity: None,
        };
        Ok(wire::import_resource_state::Response {
            imported_resources: vec![imported],
            diagnostics: convert::diagnostics(outcome.diagnostics),
            deferred,
        })
    }

    pub(super) fn move_state(
        &self,
        request: wire::move_resource_state::Request,
    ) -> Result<wire::move_resource_state::Response, Diagnostics> {
        let resource = self.resource(&request.target_type_name)?;
        let json = request.source_state.unwrap_or_default().json;
        let state = serde_json::from_slice(&json).map_err(|error| {
            Diagnostic::error("State cannot be read", format!("The state to move is malformed: {error}."))
        })?;
        let source = MoveSource {
            provider: request.source_provider_address,
            type_name: request.source_type_name,
            schema_version: request.source_schema_version,
            state,
        };
        let state = lifecycle::move_from(resource, source)?;
        Ok(wire::move_resource_state::Response {
            target_state: Some(convert::to_wire(&resource.schema().block, state)?),
            ..Default::default()
        })
    }
}
