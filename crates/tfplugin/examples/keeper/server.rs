//! The resource `keeper_server`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tfplugin::schema::{IdentityAttribute, IdentitySchema, Schema};
use tfplugin::{
    AttributePath, Create, Diagnostic, Diagnostics, Field, Identified, Model, MoveSource, Outcome,
    PlanCreate, PlanUpdate, Planned, Resource, ResourceContext, Type, Update, Validation,
};

use crate::Directory;
use crate::journal::Entry;
use crate::model::{ServerModel, empty, manifests, schema};

/// The resource.
pub struct Server;

impl Resource for Server {
    type Data = Directory;
    type Model = ServerModel;

    const TYPE: &'static str = "keeper_server";

    fn schema(&self) -> Schema {
        schema()
    }

    fn validate(&self, config: &ServerModel, validation: &Validation) -> Diagnostics {
        if config.password_wo.is_known() && !validation.write_only_allowed() {
            return Diagnostic::error("Write-only values need Terraform 1.11", "")
                .at(AttributePath::new("password_wo"))
                .into();
        }
        Diagnostics::new()
    }

    async fn plan_create(
        &self,
        plan: PlanCreate<ServerModel>,
        _: &ResourceContext<Self>,
    ) -> Outcome<ServerModel> {
        let mut planned = plan.planned;
        planned.manifests = manifests(&planned);
        Outcome::new(planned)
    }

    async fn plan_update(
        &self,
        plan: PlanUpdate<ServerModel>,
        _: &ResourceContext<Self>,
    ) -> Outcome<Planned<ServerModel>> {
        let mut planned = plan.planned;
        planned.manifests = manifests(&planned);
        Outcome::new(planned.into())
    }

    async fn create(
        &self,
        create: Create<ServerModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<ServerModel> {
        let path = match file(context, &create.planned) {
            Ok(path) => path,
            Err(error) => return Outcome::failed(error),
        };
        let _entry = entry("create", &path);
        let password = create.config.password_wo.clone();
        let mut state = filled(create.planned, 1);
        if let Err(error) = write(&path, &state, &password) {
            return Outcome::failed(error);
        }
        let patience = state.timeouts.create_or(Duration::from_mins(1));
        match state.behaviour.as_str() {
            Some("panic") => crash(),
            Some("slow") => {
                tokio::select! {
                    () = context.cancellation().cancelled() => {}
                    () = tokio::time::sleep(patience) => {}
                }
                // The second file was not reached: the state says so, and the error why.
                state.address = Field::Unknown;
                return Outcome::partial(
                    state,
                    Diagnostic::error("Interrupted", "The server is not complete."),
                );
            }
            Some("patient") => tokio::time::sleep(Duration::from_secs(3)).await,
            Some("lie") => state.size = Field::Known(99),
            _ => {}
        }
        Outcome::new(state)
    }

    async fn update(
        &self,
        update: Update<ServerModel>,
        context: &ResourceContext<Self>,
    ) -> Outcome<ServerModel> {
        let path = match file(context, &update.planned) {
            Ok(path) => path,
            Err(error) => return Outcome::failed(error),
        };
        let _entry = entry("update", &path);
        let state = filled(update.planned, update.prior.revision.into_known().unwrap_or(0) + 1);
        if state.behaviour.as_str() == Some("fail update") {
            return Outcome::failed(Diagnostic::error("Update failed", "As it was asked to."));
        }
        Outcome::from(write(&path, &state, &update.config.password_wo).map(|()| state))
    }

    async fn delete(&self, prior: ServerModel, context: &ResourceContext<Self>) -> Outcome<()> {
        let removed = file(context, &prior).and_then(|path| {
            let _entry = entry("delete", &path);
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    Err(io_error("remove", &path, &error))
                }
                _ => Ok(()),
            }
        });
        Outcome::from(removed)
    }

    async fn read(
        &self,
        mut state: ServerModel,
        context: &ResourceContext<Self>,
    ) -> Outcome<Option<ServerModel>> {
        let path = match file(context, &state) {
            Ok(path) => path,
            Err(error) => return Outcome::failed(error),
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => Outcome::from(live(&mut state, &path, &text).map(|()| Some(state))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Outcome::new(None),
            Err(error) => Outcome::failed(io_error("read", &path, &error)),
        }
    }

    async fn import(&self, id: String, context: &ResourceContext<Self>) -> Outcome<ServerModel> {
        let _ = context;
        Outcome::new(ServerModel { name: id.into(), ..empty() })
    }

    /// Version 0 called the name `title`.
    fn upgrade(&self, version: i64, mut state: Json) -> Result<Json, Diagnostics> {
        if version == 0 {
            state["name"] = state["title"].take();
        }
        Ok(state)
    }

    /// A `terraform_data` whose input was the name becomes a server, and so does a `keeper_machine`, as servers were
    /// called once.
    fn move_from(&self, source: MoveSource) -> Option<Result<ServerModel, Diagnostics>> {
        let name = match (&*source.provider, &*source.type_name) {
            ("terraform.io/builtin/terraform", "terraform_data") => &source.state["input"]["value"],
            (_, "keeper_machine") => &source.state["title"],
            _ => return None,
        };
        Some(match name.as_str() {
            Some(name) => Ok(ServerModel { name: name.into(), ..empty() }),
            None => Err(Diagnostic::error("Nothing to move", "The name of the source is no text.").into()),
        })
    }
}

/// What identifies a server: its name, which is the file's.
#[derive(Clone, Debug, Model)]
pub struct ServerIdentity {
    pub name: Field<String>,
}

impl Identified for Server {
    type Identity = ServerIdentity;

    fn identity_schema(&self) -> IdentitySchema {
        IdentitySchema::new()
            .version(1)
            .attribute("name", IdentityAttribute::required(Type::String, "Its name."))
    }

    fn identity(&self, state: &ServerModel, _: &ResourceContext<Self>) -> ServerIdentity {
        ServerIdentity { name: state.name.clone() }
    }

    async fn import_by_identity(
        &self,
        identity: ServerIdentity,
        _: &ResourceContext<Self>,
    ) -> Outcome<ServerModel> {
        Outcome::new(ServerModel { name: identity.name, ..empty() })
    }

    /// Version 0 called the name `title`.
    fn upgrade_identity(&self, version: i64, mut identity: Json) -> Result<Json, Diagnostics> {
        if version == 0 {
            identity["name"] = identity["title"].take();
        }
        Ok(identity)
    }
}

impl Server {
    /// The state of a server that exists.
    pub fn found(name: &str, context: &ResourceContext<Self>) -> Option<ServerModel> {
        let mut state = ServerModel { name: name.into(), ..empty() };
        let path = file(context, &state).ok()?;
        let text = std::fs::read_to_string(&path).ok()?;
        live(&mut state, &path, &text).ok().map(|()| state)
    }
}

/// Reads what a file says into the state.
fn live(state: &mut ServerModel, path: &Path, text: &str) -> Result<(), Diagnostic> {
    let live: Json = serde_json::from_str(text)
        .map_err(|_| Diagnostic::error("Broken file", path.display().to_string()))?;
    state.size = live["size"].as_i64().into();
    state.revision = live["revision"].as_i64().into();
    state.address = live["address"].as_str().map(str::to_owned).into();
    state.manifests = manifests(state);
    Ok(())
}

#[allow(clippy::panic, reason = "a test looks at what becomes of it")]
fn crash() {
    panic!("asked to crash")
}

fn file(context: &ResourceContext<Server>, model: &ServerModel) -> Result<PathBuf, Diagnostic> {
    let name = model.name.as_str().unwrap_or_default();
    Ok(context.data().path()?.join(format!("{name}.json")))
}

/// The line in the journal for what is done to a server.
fn entry(verb: &str, file: &Path) -> Entry {
    let name = file.file_stem().unwrap_or_default().to_string_lossy();
    Entry::begin(file.parent().unwrap_or(file), format!("{verb} server {name}"))
}

fn io_error(act: &str, path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("Could not {act} a file"), format!("{}: {error}.", path.display()))
}

/// The state that the plan becomes.
fn filled(planned: ServerModel, revision: i64) -> ServerModel {
    let mut state = planned;
    let name = state.name.as_str().unwrap_or_default().to_owned();
    state.address = Field::Known(format!("{name}.example"));
    state.revision = Field::Known(revision);
    state.manifests = manifests(&state);
    if let Field::Known(disks) = &mut state.disk {
        for (label, disk) in disks {
            disk.id = Field::Known(format!("{name}-{label}"));
        }
    }
    state
}

fn write(path: &Path, state: &ServerModel, password: &Field<String>) -> Result<(), Diagnostic> {
    let file = json!({
        "size": state.size.as_known(),
        "revision": state.revision.as_known(),
        "address": state.address.as_known(),
        "password": password.as_known(),
    });
    std::fs::write(path, file.to_string()).map_err(|error| io_error("write", path, &error))
}
