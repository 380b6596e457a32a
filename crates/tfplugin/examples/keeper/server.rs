//! The resource `keeper_server`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value as Json, json};
use tfplugin::schema::{Attribute, Block, NestedBlock, Schema, between, not_empty, one_of};
use tfplugin::{
    AttributePath, Create, Diagnostic, Diagnostics, Dynamic, Field, Model, MoveSource, Outcome, PlanCreate,
    PlanUpdate, Planned, Resource, ResourceContext, Timeouts, Type, Update, Validation,
};

use crate::Keeper;

/// The resource.
pub struct Server;

/// Configuration, plan and state.
#[derive(Clone, Model)]
pub struct ServerModel {
    name: Field<String>,
    size: Field<i64>,
    load: Field<f64>,
    tags: Field<BTreeMap<String, String>>,
    zones: Field<BTreeSet<String>>,
    settings: Field<Dynamic>,
    password_wo: Field<String>,
    password_version: Field<i64>,
    behaviour: Field<String>,
    address: Field<String>,
    revision: Field<i64>,
    manifests: Field<Manifests>,
    owner: Field<Owner>,
    limits: Field<Limits>,
    disk: Field<BTreeMap<String, Disk>>,
    rule: Field<Vec<Rule>>,
    port: Field<Vec<Port>>,
    timeouts: Field<Timeouts>,
}

/// File → key → value: each leaf is known or not by itself.
type Manifests = BTreeMap<String, Field<BTreeMap<String, Field<String>>>>;

/// A SINGLE block.
#[derive(Clone, Debug, Model)]
struct Owner {
    name: Field<String>,
}

/// A GROUP block.
#[derive(Clone, Debug, Model)]
struct Limits {
    memory: Field<i64>,
}

/// A MAP block with a `dynamic` attribute, which Terraform core sends as an object.
#[derive(Clone, Debug, Model)]
struct Disk {
    size: Field<i64>,
    mode: Field<String>,
    id: Field<String>,
    options: Field<Dynamic>,
}

/// A LIST block with a block in it.
#[derive(Clone, Debug, Model)]
struct Rule {
    action: Field<String>,
    from: Field<Vec<Source>>,
}

/// A block in a block.
#[derive(Clone, Debug, Model)]
struct Source {
    cidr: Field<String>,
}

/// A SET block.
#[derive(Clone, Debug, Model)]
struct Port {
    number: Field<i64>,
    protocol: Field<String>,
}

impl Resource for Server {
    type Provider = Keeper;
    type Model = ServerModel;

    const TYPE: &'static str = "keeper_server";

    fn schema(&self) -> Schema {
        let number = |text: &str| Attribute::number(text);
        let text = |text: &str| Attribute::string(text);
        Schema::new("A server.")
            .version(1)
            .attribute("name", text("Its name.").required().requires_replace().validator(not_empty()))
            .attribute("size", number("Its size.").default(10_i64).validator(between(1, 1000)))
            .attribute("load", number("Its load.").optional())
            .attribute("tags", Attribute::map(Type::String, "Free text by name.").optional())
            .attribute("zones", Attribute::set(Type::String, "Where it may stand.").optional())
            .attribute("settings", Attribute::dynamic("Anything.").optional())
            .attribute("password_wo", text("A secret that state never holds.").optional().write_only())
            .attribute("password_version", number("Raise it to send the secret again.").optional())
            .attribute("behaviour", text("How it fails, for tests.").optional())
            .attribute("address", text("Where it answers.").computed().keep_prior())
            .attribute("revision", number("How often it was written.").computed())
            .attribute("manifests", Attribute::map(Type::map(Type::String), "What is written.").computed())
            .block("owner", NestedBlock::single(owner_block()))
            .block("limits", NestedBlock::group(limits_block()))
            .block("disk", NestedBlock::map(disk_block()))
            .block("rule", NestedBlock::list(rule_block()).max(5))
            .block("port", NestedBlock::set(port_block()))
            .block("timeouts", Timeouts::block())
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
        let state = filled(update.planned, update.prior.revision.into_known().unwrap_or(0) + 1);
        if state.behaviour.as_str() == Some("fail update") {
            return Outcome::failed(Diagnostic::error("Update failed", "As it was asked to."));
        }
        Outcome::from(write(&path, &state, &update.config.password_wo).map(|()| state))
    }

    async fn delete(&self, prior: ServerModel, context: &ResourceContext<Self>) -> Outcome<()> {
        let removed = file(context, &prior).and_then(|path| match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("remove", &path, &error))
            }
            _ => Ok(()),
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
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Outcome::new(None),
            Err(error) => return Outcome::failed(io_error("read", &path, &error)),
        };
        let Ok(live) = serde_json::from_str::<Json>(&text) else {
            return Outcome::failed(Diagnostic::error("Broken file", path.display().to_string()));
        };
        state.size = live["size"].as_i64().into();
        state.revision = live["revision"].as_i64().into();
        state.address = live["address"].as_str().map(str::to_owned).into();
        state.manifests = manifests(&state);
        Outcome::new(Some(state))
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

    /// A `terraform_data` whose input was the name becomes a server.
    fn move_from(&self, source: MoveSource) -> Option<Result<ServerModel, Diagnostics>> {
        let known =
            source.provider == "terraform.io/builtin/terraform" && source.type_name == "terraform_data";
        known.then(|| match source.state["input"]["value"].as_str() {
            Some(name) => Ok(ServerModel { name: name.into(), ..empty() }),
            None => {
                Err(Diagnostic::error("Nothing to move", "The input of the terraform_data is no text.")
                    .into())
            }
        })
    }
}

#[allow(clippy::panic, reason = "a test looks at what becomes of it")]
fn crash() {
    panic!("asked to crash")
}

fn owner_block() -> Block {
    Block::new("Who pays.").attribute("name", Attribute::string("A name.").required())
}

fn limits_block() -> Block {
    Block::new("Limits.").attribute("memory", Attribute::number("In MiB.").optional())
}

fn disk_block() -> Block {
    Block::new("A disk by its name.")
        .attribute("size", Attribute::number("In GiB.").default(5_i64))
        .attribute("mode", Attribute::string("How.").optional().validator(one_of(["ro", "rw"])))
        .attribute("id", Attribute::string("Its identifier.").computed().keep_prior())
        .attribute("options", Attribute::dynamic("Anything.").optional())
}

fn rule_block() -> Block {
    let source = Block::new("A source.").attribute("cidr", Attribute::string("A network.").required());
    Block::new("A rule; the order counts.")
        .attribute("action", Attribute::string("What to do.").required())
        .block("from", NestedBlock::list(source))
}

fn port_block() -> Block {
    Block::new("An open port.")
        .attribute("number", Attribute::number("Which.").required())
        .attribute("protocol", Attribute::string("TCP or UDP.").default("tcp".to_owned()))
}

fn file(context: &ResourceContext<Server>, model: &ServerModel) -> Result<PathBuf, Diagnostic> {
    let name = model.name.as_str().unwrap_or_default();
    Ok(context.data().path()?.join(format!("{name}.json")))
}

fn io_error(act: &str, path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("Could not {act} a file"), format!("{}: {error}.", path.display()))
}

/// What the plan can say of the files: a leaf is unknown where its input is.
fn manifests(model: &ServerModel) -> Field<Manifests> {
    let leaves = BTreeMap::from([
        ("name".to_owned(), model.name.clone()),
        ("size".to_owned(), model.size.as_ref().map(ToString::to_string)),
    ]);
    Field::Known(BTreeMap::from([("main.json".to_owned(), Field::Known(leaves))]))
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

/// A state in which nothing is set.
fn empty() -> ServerModel {
    ServerModel {
        name: Field::Null,
        size: Field::Null,
        load: Field::Null,
        tags: Field::Null,
        zones: Field::Null,
        settings: Field::Null,
        password_wo: Field::Null,
        password_version: Field::Null,
        behaviour: Field::Null,
        address: Field::Null,
        revision: Field::Null,
        manifests: Field::Null,
        owner: Field::Null,
        limits: Field::Known(Limits { memory: Field::Null }),
        disk: Field::Known(BTreeMap::new()),
        rule: Field::Known(Vec::new()),
        port: Field::Known(Vec::new()),
        timeouts: Field::Null,
    }
}
