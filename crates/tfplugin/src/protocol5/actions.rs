//! Actions, message by message.

use std::sync::Arc;

use tokio::sync::mpsc::{self, Sender};

use super::answer::crash;
use super::convert;
use super::service::Service;
use super::streaming::{Events, events, only};
use crate::erased::AnyAction;
use crate::generated::tfplugin5 as wire;
use crate::generated::tfplugin5::invoke_action::event::{Completed, Progress as Report, Type as EventType};
use crate::{Diagnostic, Diagnostics, Outcome, Progress, Provider, lifecycle, panics, planning};

type Event = wire::invoke_action::Event;

impl<P: Provider> Service<P> {
    fn action(&self, name: &str) -> Result<&Arc<dyn AnyAction<P::Data>>, Diagnostics> {
        self.registry.actions.get(name).ok_or_else(|| {
            let detail = format!("The provider {} has no action {name:?}.", P::name());
            Diagnostic::error("Unknown action", detail).into()
        })
    }

    pub(super) fn validate_action(
        &self,
        request: wire::validate_action_config::Request,
    ) -> Result<wire::validate_action_config::Response, Diagnostics> {
        let action = self.action(&request.action_type)?;
        let config = convert::from_wire(&action.schema().block, request.config)?;
        let mut diagnostics = planning::validate(&action.schema().block, &config);
        diagnostics.extend(action.validate(config));
        Ok(wire::validate_action_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    pub(super) async fn plan_an_action(
        &self,
        request: wire::plan_action::Request,
    ) -> Result<wire::plan_action::Response, Diagnostics> {
        let action = self.action(&request.action_type)?;
        let context = self.context(&[], request.client_capabilities)?;
        let config = convert::from_wire(&action.schema().block, request.config)?;
        let outcome = match context.deferral() {
            Some(reason) => Outcome::deferred((), reason),
            None => action.plan(config, &context).await,
        };
        let Outcome { value, diagnostics, deferred } = outcome;
        let diagnostics = lifecycle::answered(value.is_some(), diagnostics, "plan");
        Ok(wire::plan_action::Response {
            diagnostics: convert::diagnostics(diagnostics),
            deferred: convert::deferred(deferred, context.deferral_allowed)?,
        })
    }

    pub(super) async fn invoke(&self, request: wire::invoke_action::Request) -> Events<Event> {
        match panics::catch(async { self.start_action(request) }).await {
            Ok(Ok(events)) => events,
            Ok(Err(diagnostics)) => only(completed(diagnostics)),
            Err(panic) => only(completed(crash(&panic).into())),
        }
    }

    fn start_action(&self, request: wire::invoke_action::Request) -> Result<Events<Event>, Diagnostics> {
        let action = Arc::clone(self.action(&request.action_type)?);
        let config = convert::from_wire(&action.schema().block, request.config)?;
        let mut context = self.context(&[], request.client_capabilities)?;
        context.cancellation = context.cancellation.child_token();
        Ok(events(context.cancellation.clone(), move |output: Sender<Event>| async move {
            let (sender, mut reports) = mpsc::channel(1);
            let work = async {
                let progress = Progress(sender);
                panics::catch(action.invoke(config, &progress, &context)).await
            };
            // Who does not listen misses the reports, not the end of the work.
            let forward = async {
                while let Some(message) = reports.recv().await {
                    let report = Event { r#type: Some(EventType::Progress(Report { message })) };
                    let _ = output.send(report).await;
                }
            };
            let (worked, ()) = futures::join!(work, forward);
            let diagnostics = worked.unwrap_or_else(|panic| crash(&panic).into());
            let _ = output.send(completed(diagnostics)).await;
        }))
    }
}

fn completed(diagnostics: Diagnostics) -> Event {
    let completed = Completed { diagnostics: convert::diagnostics(diagnostics) };
    Event { r#type: Some(EventType::Completed(completed)) }
}
