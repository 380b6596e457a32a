//! Lists of resources, message by message.

use std::sync::Arc;

use tokio::sync::mpsc::{self, Sender};

use super::answer::crash;
use super::service::Service;
use super::streaming::{Events, events, only};
use super::{convert, identity};
use crate::erased::{AnyIdentity, AnyList, AnyResource};
use crate::generated::tfplugin5 as wire;
use crate::list_resource::{Asked, FoundValue};
use crate::{Diagnostic, Diagnostics, Provider, Value, lifecycle, panics, planning};

type Event = wire::list_resource::Event;

impl<P: Provider> Service<P> {
    fn list_of(&self, type_name: &str) -> Result<&Arc<dyn AnyList<P::Data>>, Diagnostics> {
        self.registry.lists.get(type_name).ok_or_else(|| {
            let detail = format!("The provider {} has no list of {type_name:?}.", P::name());
            Diagnostic::error("Unknown list resource", detail).into()
        })
    }

    pub(super) fn validate_list(
        &self,
        request: wire::validate_list_resource_config::Request,
    ) -> Result<wire::validate_list_resource_config::Response, Diagnostics> {
        let list = self.list_of(&request.type_name)?;
        let config = convert::from_wire(&list.schema().block, request.config)?;
        let mut diagnostics = planning::validate(&list.schema().block, &config);
        diagnostics.extend(list.validate(config));
        Ok(wire::validate_list_resource_config::Response { diagnostics: convert::diagnostics(diagnostics) })
    }

    pub(super) async fn list(&self, request: wire::list_resource::Request) -> Events<Event> {
        match panics::catch(async { self.start_list(request) }).await {
            Ok(Ok(events)) => events,
            Ok(Err(diagnostics)) => only(messages(diagnostics)),
            Err(panic) => only(messages(crash(&panic).into())),
        }
    }

    fn start_list(&self, request: wire::list_resource::Request) -> Result<Events<Event>, Diagnostics> {
        let list = Arc::clone(self.list_of(&request.type_name)?);
        let find = Find {
            resource: Arc::clone(self.shared_resource(&request.type_name)?),
            identity: self.shared_identity(&request.type_name)?,
            include_resource: request.include_resource_object,
        };
        let config = convert::from_wire(&list.schema().block, request.config)?;
        let mut context = self.context(&[], None)?;
        context.cancellation = context.cancellation.child_token();
        let (sender, mut found) = mpsc::channel::<FoundValue>(1);
        // No limit at all is a limit of zero or less.
        let limit = usize::try_from(request.limit).ok().filter(|limit| *limit > 0).unwrap_or(usize::MAX);
        let asked = Asked { sender, limit, include_resources: request.include_resource_object };
        Ok(events(context.cancellation.clone(), move |output: Sender<Event>| async move {
            let work = panics::catch(list.list(config, asked, &context));
            let forward = async {
                while let Some(value) = found.recv().await {
                    let event = find.event(value).unwrap_or_else(messages);
                    if output.send(event).await.is_err() {
                        return;
                    }
                }
            };
            let (worked, ()) = futures::join!(work, forward);
            let diagnostics = worked.unwrap_or_else(|panic| crash(&panic).into());
            if !diagnostics.is_empty() {
                // Without a receiver the client has gone away.
                let _ = output.send(messages(diagnostics)).await;
            }
        }))
    }
}

/// What a find needs to become an event.
struct Find<D> {
    resource: Arc<dyn AnyResource<D>>,
    identity: Arc<dyn AnyIdentity<D>>,
    include_resource: bool,
}

impl<D> Find<D> {
    fn event(&self, found: FoundValue) -> Result<Event, Diagnostics> {
        let block = &self.resource.schema().block;
        let missing = self.include_resource && found.resource.is_none();
        if missing || !found.identity.is_wholly_known() || found.display_name.is_empty() {
            let detail = format!(
                "The list found {:?} without its name, its whole identity, or the state that was requested. This is a bug in the \
                 provider; please report it.",
                found.display_name
            );
            return Err(Diagnostic::error("Provider produced an invalid list", detail).into());
        }
        let object = found.resource.map(|state: Value| {
            lifecycle::found(block, state).and_then(|state| convert::to_wire(block, state))
        });
        Ok(Event {
            identity: Some(identity::to_wire(self.identity.schema(), &found.identity)?),
            display_name: found.display_name,
            resource_object: object.transpose()?,
            diagnostic: Vec::new(),
        })
    }
}

fn messages(diagnostics: Diagnostics) -> Event {
    Event { diagnostic: convert::diagnostics(diagnostics), ..Default::default() }
}
