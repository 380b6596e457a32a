//! Data sources, message by message.

use super::convert;
use super::service::Service;
use crate::erased::AnyDataSource;
use crate::generated::tfplugin5 as wire;
use crate::{Diagnostic, Diagnostics, Outcome, Provider, Value, lifecycle, planning};

impl<P: Provider> Service<P> {
    fn data_source(&self, type_name: &str) -> Result<&dyn AnyDataSource<P::Data>, Diagnostics> {
        self.registry.data_sources.get(type_name).map(|source| &**source).ok_or_else(|| {
            let detail = format!("The provider {} has no data source {type_name:?}.", P::name());
            Diagnostic::error("Unknown data source", detail).into()
        })
    }

    pub(super) fn validate_data_source(
        &self,
        request: wire::validate_data_source_config::Request,
    ) -> Result<wire::validate_data_source_config::Response, Diagnostics> {
        let source = self.data_source(&request.type_name)?;
        let config = convert::from_wire(&source.schema().block, request.config)?;
        let mut diagnostics = planning::validate(&source.schema().block, &config);
        diagnostics.extend(source.validate(config));
        Ok(wire::validate_data_source_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    pub(super) async fn read_source(
        &self,
        request: wire::read_data_source::Request,
    ) -> Result<wire::read_data_source::Response, Diagnostics> {
        let source = self.data_source(&request.type_name)?;
        let context = self.context(&[], request.client_capabilities)?;
        let block = &source.schema().block;
        let config = convert::from_wire(block, request.config)?;
        let outcome = match context.deferral() {
            Some(reason) => Outcome::deferred(planning::planned(block, &config, None), reason),
            None => source.read(lifecycle::with_defaults(block, &config), &context).await,
        };
        let Outcome { value, diagnostics, deferred } = outcome;
        let diagnostics = lifecycle::answered(value.is_some(), diagnostics, "read");
        let deferred = convert::deferred(deferred, context.deferral_allowed)?;
        let state = match value {
            Some(state) if deferred.is_none() => lifecycle::checked(block, &config, state, "data source")?,
            Some(state) => state,
            None => Value::Null,
        };
        Ok(wire::read_data_source::Response {
            state: Some(convert::to_wire(block, state)?),
            diagnostics: convert::diagnostics(diagnostics),
            deferred,
        })
    }
}
