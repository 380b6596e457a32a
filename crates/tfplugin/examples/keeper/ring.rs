//! The action `keeper_ring`: rings a bell as often as it is told, and writes down each ring.

use std::fmt::Write as _;
use std::time::Duration;

use tfplugin::schema::{Attribute, Schema, between};
use tfplugin::{Action, ActionContext, Diagnostic, Diagnostics, Field, Model, Outcome, Progress};

use crate::Directory;

/// The action.
pub struct Ring;

/// What to ring.
#[derive(Model)]
pub struct RingModel {
    server: Field<String>,
    times: Field<i64>,
    behaviour: Field<String>,
}

impl Action for Ring {
    type Data = Directory;
    type Model = RingModel;

    const TYPE: &'static str = "keeper_ring";

    fn schema(&self) -> Schema {
        Schema::new("Rings a bell.")
            .attribute("server", Attribute::string("At whose door.").required())
            .attribute("times", Attribute::number("How often.").optional().validator(between(1, 100)))
            .attribute("behaviour", Attribute::string("How it fails, for tests.").optional())
    }

    fn validate(&self, config: &RingModel) -> Diagnostics {
        match config.server.as_str() {
            Some("") => Diagnostic::error("No server", "The server needs a name.").into(),
            _ => Diagnostics::new(),
        }
    }

    async fn plan(&self, config: RingModel, _: &ActionContext<Self>) -> Outcome<()> {
        if config.behaviour.as_str() == Some("refuse") {
            return Outcome::failed(Diagnostic::error("Not today", "As it was asked to."));
        }
        Outcome::new(())
    }

    async fn invoke(
        &self,
        config: RingModel,
        progress: &Progress,
        context: &ActionContext<Self>,
    ) -> Diagnostics {
        assert_ne!(config.behaviour.as_str(), Some("panic"), "asked to crash");
        let path = match context.data().path() {
            Ok(directory) => directory.join("bell"),
            Err(error) => return error.into(),
        };
        let (server, times) =
            (config.server.as_str().unwrap_or_default(), config.times.into_known().unwrap_or(1));
        let mut rung = std::fs::read_to_string(&path).unwrap_or_default();
        for time in 1..=times {
            progress.report(format!("ring {time} of {times} at {server}")).await;
            // Writing to a string cannot fail.
            let _ = writeln!(rung, "{server} {time}");
            if let Err(error) = std::fs::write(&path, &rung) {
                return Diagnostic::error("Could not ring", format!("{}: {error}.", path.display())).into();
            }
            let pause =
                Duration::from_millis(if config.behaviour.as_str() == Some("slow") { 1000 } else { 1 });
            tokio::select! {
                () = context.cancellation().cancelled() => {
                    return Diagnostic::error("Interrupted", format!("It rang {time} of {times} times.")).into();
                }
                () = tokio::time::sleep(pause) => {}
            }
        }
        Diagnostics::new()
    }
}
