//! The resource `keeper_guest`: lives on a server, and is told of every change of it.

use std::path::PathBuf;
use std::time::Duration;

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{
    Create, Diagnostic, Field, Model, Outcome, PlanCreate, PlanUpdate, Planned, Resource, ResourceContext,
    Update,
};

use crate::Directory;
use crate::journal::Entry;

/// How long each act takes, so that two at the same time are seen to be.
const ACT: Duration = Duration::from_millis(300);

/// The resource.
pub struct Guest;

/// Configuration, plan and state.
#[derive(Clone, Model)]
pub struct GuestModel {
    name: Field<String>,
    server: Field<String>,
}

impl Resource for Guest {
    type Data = Directory;
    type Model = GuestModel;

    const TYPE: &'static str = "keeper_guest";

    fn schema(&self) -> Schema {
        Schema::new("A guest of a server.")
            .attribute("name", Attribute::string("Its name.").required().requires_replace())
            .attribute(
                "server",
                Attribute::string("Where it lives: anything that changes with it.").required(),
            )
    }

    async fn plan_create(
        &self,
        plan: PlanCreate<GuestModel>,
        _: &ResourceContext<Self>,
    ) -> Outcome<GuestModel> {
        Outcome::new(plan.planned)
    }

    async fn plan_update(
        &self,
        plan: PlanUpdate<GuestModel>,
        _: &ResourceContext<Self>,
    ) -> Outcome<Planned<GuestModel>> {
        Outcome::new(plan.planned.into())
    }

    async fn create(
        &self,
        create: Create<GuestModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<GuestModel> {
        write("create", create.planned, context).await
    }

    async fn update(
        &self,
        update: Update<GuestModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<GuestModel> {
        write("update", update.planned, context).await
    }

    async fn delete(&self, prior: GuestModel, context: &ResourceContext<Self>) -> Outcome<()> {
        Outcome::from(act("delete", &prior, context, std::fs::remove_file).await)
    }

    async fn read(&self, state: GuestModel, context: &ResourceContext<Self>) -> Outcome<Option<GuestModel>> {
        let path = match file(&state, context) {
            Ok(path) => path,
            Err(error) => return Outcome::failed(error),
        };
        Outcome::new(path.exists().then_some(state))
    }
}

async fn write(verb: &str, planned: GuestModel, context: &ResourceContext<Guest>) -> Outcome<GuestModel> {
    let server = planned.server.as_str().unwrap_or_default().to_owned();
    let written = act(verb, &planned, context, |path| std::fs::write(path, server)).await;
    Outcome::from(written.map(|()| planned))
}

async fn act(
    verb: &str,
    model: &GuestModel,
    context: &ResourceContext<Guest>,
    work: impl FnOnce(PathBuf) -> std::io::Result<()>,
) -> Result<(), Diagnostic> {
    let name = model.name.as_str().unwrap_or_default();
    let _entry = Entry::begin(context.data().path()?, format!("{verb} guest {name}"));
    tokio::time::sleep(ACT).await;
    let path = file(model, context)?;
    let place = path.display().to_string();
    work(path)
        .map_err(|error| Diagnostic::error(format!("Could not {verb} a guest"), format!("{place}: {error}.")))
}

fn file(model: &GuestModel, context: &ResourceContext<Guest>) -> Result<PathBuf, Diagnostic> {
    Ok(context.data().path()?.join(format!("{}.guest", model.name.as_str().unwrap_or_default())))
}
