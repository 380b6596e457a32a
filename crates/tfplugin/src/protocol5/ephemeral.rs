//! Ephemeral resources, message by message.

use std::time::SystemTime;

use super::convert;
use super::service::Service;
use crate::erased::AnyEphemeral;
use crate::generated::tfplugin5 as wire;
use crate::{Diagnostic, Diagnostics, Outcome, Provider, lifecycle, planning};

impl<P: Provider> Service<P> {
    fn ephemeral(&self, type_name: &str) -> Result<&dyn AnyEphemeral<P::Data>, Diagnostics> {
        self.registry.ephemerals.get(type_name).map(|ephemeral| &**ephemeral).ok_or_else(|| {
            let detail = format!("The provider {} has no ephemeral resource {type_name:?}.", P::name());
            Diagnostic::error("Unknown ephemeral resource", detail).into()
        })
    }

    pub(super) fn validate_ephemeral(
        &self,
        request: wire::validate_ephemeral_resource_config::Request,
    ) -> Result<wire::validate_ephemeral_resource_config::Response, Diagnostics> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let config = convert::from_wire(&ephemeral.schema().block, request.config)?;
        let mut diagnostics = planning::validate(&ephemeral.schema().block, &config);
        diagnostics.extend(ephemeral.validate(config));
        Ok(wire::validate_ephemeral_resource_config::Response {
            diagnostics: convert::diagnostics(diagnostics),
        })
    }

    pub(super) async fn open(
        &self,
        request: wire::open_ephemeral_resource::Request,
    ) -> Result<wire::open_ephemeral_resource::Response, Diagnostics> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let context = self.context(&[], request.client_capabilities)?;
        let block = &ephemeral.schema().block;
        let config = convert::from_wire(block, request.config)?;
        let outcome = match context.deferral() {
            Some(reason) => Outcome::deferred(planning::planned(block, &config, None).into(), reason),
            None => ephemeral.open(lifecycle::with_defaults(block, &config), &context).await,
        };
        let Outcome { value, diagnostics, deferred } = outcome;
        let diagnostics = lifecycle::answered(value.is_some(), diagnostics, "open");
        let deferred = convert::deferred(deferred, context.deferral_allowed)?;
        let Some(opened) = value else {
            return Err(diagnostics);
        };
        let result = match deferred {
            Some(_) => opened.result,
            None => lifecycle::checked(block, &config, opened.result, "ephemeral resource")?,
        };
        Ok(wire::open_ephemeral_resource::Response {
            diagnostics: convert::diagnostics(diagnostics),
            renew_at: opened.renew_at.map(timestamp),
            result: Some(convert::to_wire(block, result)?),
            private: Some(context.private.encode()),
            deferred,
        })
    }

    pub(super) async fn renew(
        &self,
        request: wire::renew_ephemeral_resource::Request,
    ) -> Result<wire::renew_ephemeral_resource::Response, Diagnostics> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let context = self.context(&request.private.unwrap_or_default(), None)?;
        let Outcome { value, diagnostics, .. } = ephemeral.renew(&context).await;
        let diagnostics = lifecycle::answered(value.is_some(), diagnostics, "renewal");
        Ok(wire::renew_ephemeral_resource::Response {
            diagnostics: convert::diagnostics(diagnostics),
            renew_at: value.flatten().map(timestamp),
            private: Some(context.private.encode()),
        })
    }

    pub(super) async fn close(
        &self,
        request: wire::close_ephemeral_resource::Request,
    ) -> Result<wire::close_ephemeral_resource::Response, Diagnostics> {
        let ephemeral = self.ephemeral(&request.type_name)?;
        let context = self.context(&request.private.unwrap_or_default(), None)?;
        let diagnostics = ephemeral.close(&context).await;
        Ok(wire::close_ephemeral_resource::Response { diagnostics: convert::diagnostics(diagnostics) })
    }
}

fn timestamp(time: SystemTime) -> prost_types::Timestamp {
    time.into()
}
