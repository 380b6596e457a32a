//! The life of a resource, message by message.

use super::service::Service;
use super::{convert, identity};
use crate::generated::tfplugin5 as wire;
use crate::lifecycle::ImportBy;
use crate::{Context, Diagnostic, Diagnostics, MoveSource, Provider, Validation, Value, lifecycle};

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
        let state = outcome.value.unwrap_or(Value::Null);
        let new_identity = if outcome.diagnostics.has_errors() || deferred.is_some() {
            request.current_identity
        } else {
            self.identity_of(&request.type_name, &state, request.current_identity, &context)?
        };
        Ok(wire::read_resource::Response {
            new_state: Some(convert::to_wire(block, state)?),
            diagnostics: convert::diagnostics(outcome.diagnostics),
            private: context.private.encode(),
            deferred,
            new_identity,
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
        let is_new = prior.is_null();
        let outcome = lifecycle::plan(resource, prior, config, &context).await;
        let deferred = convert::deferred(outcome.deferred, context.deferral_allowed)?;
        let Some(planned) = outcome.value else {
            return Err(outcome.diagnostics);
        };
        let change = Change { is_new, is_replaced: !planned.requires_replace.is_empty() };
        let planned_identity = self.planned_identity(
            &request.type_name,
            &planned.state,
            request.prior_identity,
            change,
            &context,
        )?;
        Ok(wire::plan_resource_change::Response {
            planned_state: Some(convert::to_wire(block, planned.state)?),
            requires_replace: planned.requires_replace.iter().map(convert::path).collect(),
            planned_private: context.private.encode(),
            diagnostics: convert::diagnostics(outcome.diagnostics),
            deferred,
            planned_identity,
            legacy_type_system: false,
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
        let is_new = prior.is_null();
        let (state, mut diagnostics) = lifecycle::apply(resource, prior, planned, config, &context).await;
        // The identity of a plan that was not carried out may be that of a state that never was.
        let before = request.planned_identity.filter(|_| !(is_new && diagnostics.has_errors()));
        let new_identity =
            self.identity_of(&request.type_name, &state, before, &context).unwrap_or_else(|wrong| {
                // The state counts all the same: it was made.
                diagnostics.extend(wrong);
                None
            });
        let private = if state == Value::Null { Vec::new() } else { context.private.encode() };
        self.turns.next(is_new && state != Value::Null && diagnostics.has_errors()).await;
        Ok(wire::apply_resource_change::Response {
            new_state: Some(convert::to_wire(block, state)?),
            private,
            diagnostics: convert::diagnostics(diagnostics),
            new_identity,
            legacy_type_system: false,
        })
    }

    pub(super) async fn import(
        &self,
        request: wire::import_resource_state::Request,
    ) -> Result<wire::import_resource_state::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let context = self.context(&[], request.client_capabilities)?;
        let given = match self.identity(&request.type_name) {
            Some(identity) => identity::from_wire(identity.schema(), request.identity.clone())?
                .map(|given| ImportBy::Identity(identity, given)),
            None if request.identity.is_some() => {
                return Err(identity::no_identity(&request.type_name).into());
            }
            None => None,
        };
        let by = given.unwrap_or(ImportBy::Id(request.id));
        let outcome = lifecycle::import(resource, by, &context).await;
        let deferred = convert::deferred(outcome.deferred, context.deferral_allowed)?;
        let Some(state) = outcome.value else {
            return Err(outcome.diagnostics);
        };
        let identity = self.identity_of(&request.type_name, &state, request.identity, &context)?;
        let imported = wire::import_resource_state::ImportedResource {
            type_name: request.type_name,
            state: Some(convert::to_wire(&resource.schema().block, state)?),
            private: context.private.encode(),
            identity,
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
            identity: request.source_identity.and_then(|raw| serde_json::from_slice(&raw.json).ok()),
        };
        let is_own = is_same_provider(&source.provider, P::ADDRESS);
        let state = lifecycle::move_from(resource, source)?;
        Ok(wire::move_resource_state::Response {
            target_state: Some(convert::to_wire(&resource.schema().block, state)?),
            // What another provider keeps beside its state means nothing here.
            target_private: if is_own { request.source_private } else { Vec::new() },
            ..Default::default()
        })
    }

    pub(super) fn generate_config(
        &self,
        request: wire::generate_resource_config::Request,
    ) -> Result<wire::generate_resource_config::Response, Diagnostics> {
        let resource = self.resource(&request.type_name)?;
        let block = &resource.schema().block;
        let state = convert::from_wire(block, request.state)?;
        let config = lifecycle::generate_config(resource, state)?;
        Ok(wire::generate_resource_config::Response {
            config: Some(convert::to_wire(block, config)?),
            diagnostics: Vec::new(),
        })
    }

    /// The identity of a state that is there; `before` is what was known of it.
    fn identity_of(
        &self,
        type_name: &str,
        state: &Value,
        before: Option<wire::ResourceIdentityData>,
        context: &Context<P::Data>,
    ) -> Result<Option<wire::ResourceIdentityData>, Diagnostics> {
        let Some(identity) = self.identity(type_name) else {
            return Ok(None);
        };
        let before = identity::from_wire(identity.schema(), before)?;
        let now = lifecycle::identity::of_state(identity, state, before, context)?;
        now.map(|now| identity::to_wire(identity.schema(), &now)).transpose()
    }

    fn planned_identity(
        &self,
        type_name: &str,
        planned: &Value,
        before: Option<wire::ResourceIdentityData>,
        change: Change,
        context: &Context<P::Data>,
    ) -> Result<Option<wire::ResourceIdentityData>, Diagnostics> {
        let Some(identity) = self.identity(type_name) else {
            return Ok(None);
        };
        // When it replaces, core asks a second time for the new resource, and names the identity of the old one.
        let before = if change.is_new { None } else { identity::from_wire(identity.schema(), before)? };
        let planned = lifecycle::identity::planned(identity, planned, before, change.is_replaced, context)?;
        // Terraform (1.16 still) cannot show a plan as JSON when an identity in it is not known. The apply will tell it.
        let known = planned.filter(Value::is_wholly_known);
        known.map(|known| identity::to_wire(identity.schema(), &known)).transpose()
    }
}

/// Whether two addresses name one provider, from whatever registry it comes.
fn is_same_provider(one: &str, other: &str) -> bool {
    let [one, other] = [one, other].map(|address| address.split_once('/').map(|(_registry, name)| name));
    one == other
}

/// What a plan does to the identity.
#[derive(Clone, Copy)]
struct Change {
    is_new: bool,
    is_replaced: bool,
}
