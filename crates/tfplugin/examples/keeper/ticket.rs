//! The ephemeral resource `keeper_ticket`: a file that exists while Terraform runs.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{Diagnostic, Diagnostics, EphemeralContext, EphemeralResource, Field, Model, Opened, Outcome};

use crate::Directory;

/// The ephemeral resource.
pub struct Ticket;

/// Configuration and result.
#[derive(Model)]
pub struct TicketModel {
    holder: Field<String>,
    secret: Field<String>,
}

impl EphemeralResource for Ticket {
    type Data = Directory;
    type Model = TicketModel;

    const TYPE: &'static str = "keeper_ticket";

    fn schema(&self) -> Schema {
        Schema::new("A ticket.")
            .attribute("holder", Attribute::string("Whose ticket.").required())
            .attribute("secret", Attribute::string("What the ticket says.").computed().sensitive())
    }

    async fn open(
        &self,
        mut config: TicketModel,
        context: &EphemeralContext<Self>,
    ) -> Outcome<Opened<TicketModel>> {
        let opened = || -> Result<Opened<TicketModel>, Diagnostic> {
            let path = context.data().path()?.join("ticket");
            write(&path, "open")?;
            context.private().set("path", &path).map_err(|error| private(&error))?;
            let holder = config.holder.as_str().unwrap_or_default();
            config.secret = Field::Known(format!("ticket-of-{holder}"));
            Ok(Opened { result: config, renew_at: Some(SystemTime::now() + Duration::from_secs(1)) })
        };
        Outcome::from(opened())
    }

    async fn renew(&self, context: &EphemeralContext<Self>) -> Outcome<Option<SystemTime>> {
        let renewed = ticket(context).and_then(|path| write(&path, "renewed"));
        Outcome::from(renewed.map(|()| Some(SystemTime::now() + Duration::from_secs(1))))
    }

    async fn close(&self, context: &EphemeralContext<Self>) -> Diagnostics {
        let closed = ticket(context).and_then(|path| write(&path, "closed"));
        closed.err().into_iter().collect()
    }
}

fn ticket(context: &EphemeralContext<Ticket>) -> Result<PathBuf, Diagnostic> {
    let path = context.private().get("path").map_err(|error| private(&error))?;
    path.ok_or_else(|| Diagnostic::error("No ticket", "The ticket was never opened."))
}

/// Adds a line to the ticket.
fn write(path: &PathBuf, line: &str) -> Result<(), Diagnostic> {
    let before = std::fs::read_to_string(path).unwrap_or_default();
    std::fs::write(path, format!("{before}{line}\n"))
        .map_err(|error| Diagnostic::error("Could not write a ticket", error.to_string()))
}

fn private(error: &tfplugin::PrivateStateError) -> Diagnostic {
    Diagnostic::error("Private state", error.to_string())
}
