//! A Terraform provider framework: go-plugin handshake, tfplugin5, values, schema and resource traits.
//!
//! A provider is a type that implements [`Provider`], and `main` hands it to [`serve`]:
//!
//! ```no_run
//! use tfplugin::schema::{Attribute, Schema};
//! use tfplugin::{
//!     Context, Create, Diagnostic, Field, Model, Outcome, Provider, Registry, Resource, ResourceContext, Setup, Update,
//! };
//!
//! struct Notes;
//!
//! /// The provider block: what the user writes, with the three states of [`Field`].
//! #[derive(Model)]
//! struct NotesModel {
//!     directory: Field<String>,
//! }
//!
//! impl Provider for Notes {
//!     type Model = NotesModel;
//!     type Data = Option<String>;
//!     const ADDRESS: &'static str = "registry.terraform.io/example/notes";
//!     const LOG_TARGETS: &'static [&'static str] = &["notes"];
//!
//!     fn schema(&self) -> Schema {
//!         Schema::new("Keeps notes.").attribute("directory", Attribute::string("Where.").required())
//!     }
//!
//!     fn register(&self, registry: &mut Registry<Self>) {
//!         registry.resource(Note);
//!     }
//!
//!     // The directory may be unknown while Terraform plans: keep that, do not fail.
//!     async fn configure(&self, config: NotesModel, _: &Setup) -> Outcome<Option<String>> {
//!         Outcome::new(config.directory.into_known())
//!     }
//! }
//!
//! struct Note;
//!
//! /// Configuration, plan and state of the resource.
//! #[derive(Clone, Model)]
//! struct NoteModel {
//!     name: Field<String>,
//!     text: Field<String>,
//!     path: Field<String>,
//! }
//!
//! impl Note {
//!     fn write(model: NoteModel, directory: Option<&str>) -> Result<NoteModel, Diagnostic> {
//!         let directory = directory.ok_or_else(|| Diagnostic::error("No directory", "It is not known yet."))?;
//!         let path = format!("{directory}/{}", model.name.as_str().unwrap_or_default());
//!         std::fs::write(&path, model.text.as_str().unwrap_or_default())
//!             .map_err(|error| Diagnostic::error("Could not write the note", format!("{path}: {error}.")))?;
//!         Ok(NoteModel { path: path.into(), ..model })
//!     }
//! }
//!
//! impl Resource for Note {
//!     type Data = Option<String>;
//!     type Model = NoteModel;
//!     const TYPE: &'static str = "notes_note";
//!
//!     fn schema(&self) -> Schema {
//!         Schema::new("A note.")
//!             .attribute("name", Attribute::string("Its name.").required().requires_replace())
//!             .attribute("text", Attribute::string("What it says.").default("".to_owned()))
//!             .attribute("path", Attribute::string("Where it is.").computed().keep_prior())
//!     }
//!
//!     async fn create(&self, create: Create<NoteModel>, context: &ResourceContext<Self>) -> Outcome<NoteModel> {
//!         Note::write(create.planned, context.data().as_deref()).into()
//!     }
//!
//!     async fn update(&self, update: Update<NoteModel>, context: &ResourceContext<Self>) -> Outcome<NoteModel> {
//!         Note::write(update.planned, context.data().as_deref()).into()
//!     }
//!
//!     async fn read(&self, state: NoteModel, _: &Context<Option<String>>) -> Outcome<Option<NoteModel>> {
//!         let text = state.path.as_str().and_then(|path| std::fs::read_to_string(path).ok());
//!         Outcome::new(text.map(|text| NoteModel { text: text.into(), ..state }))
//!     }
//!
//!     async fn delete(&self, prior: NoteModel, _: &ResourceContext<Self>) -> Outcome<()> {
//!         let _ = prior.path.as_str().map(std::fs::remove_file);
//!         Outcome::new(())
//!     }
//! }
//!
//! fn main() -> std::process::ExitCode {
//!     tfplugin::serve(Notes)
//! }
//! ```
//!
//! # What the framework does
//!
//! * **Values** are decoded against the schema; every error has the path of the attribute ([`ValueError`]). Models are
//!   structs with [`Field`]s; [`Model`] derives the mapping, and the provider refuses to start when schema and model do
//!   not agree ([`check_provider`] does the same in a test).
//! * **Plans** start from the configuration: defaults, kept prior values and "known after apply" fill what the
//!   configuration leaves null. [`Resource::plan_create`] and [`Resource::plan_update`] then change what they know better.
//! * **Terraform's consistency rules** are checked before Terraform does it, in debug builds; the message names rule and
//!   attribute.
//! * **Failures** keep what was made: [`Outcome::partial`].
//! * **Ctrl-C** cancels [`Context::cancellation`]; the answer still counts.
//! * **A panic** becomes a message for the user, with its place.
//! * **The connection** is open to the Terraform that has started the process, and to nobody else.
//!
//! # What a provider can offer
//!
//! | offer | trait | register with | client |
//! |---|---|---|---|
//! | managed resource | [`Resource`] | [`Registry::resource`] | any |
//! | resource with an identity | [`Identified`] | [`Registry::identified`] | Terraform 1.12, OpenTofu 1.12 |
//! | list of what exists (`terraform query`) | [`ListResource`] | [`Registry::list_resource`] | Terraform 1.14 |
//! | action | [`Action`] | [`Registry::action`] | Terraform 1.14 |
//! | data source | [`DataSource`] | [`Registry::data_source`] | any |
//! | ephemeral resource | [`EphemeralResource`] | [`Registry::ephemeral`] | Terraform 1.10, OpenTofu 1.11 |
//! | function | [`Function`] | [`Registry::function`] | Terraform 1.8, OpenTofu 1.7 |
//!
//! An older client never asks for what it does not know, so one provider serves them all. Deferral
//! ([`Outcome::deferred`]) and write-only attributes are allowed by some clients only; they say so in the call.
//!
//! A resource moves ([`Resource::move_from`]), upgrades its state ([`Resource::upgrade`]), is imported by id
//! ([`Resource::import`]) or by identity ([`Identified::import_by_identity`]), and says what configuration Terraform
//! writes for what it imports ([`Resource::generate_config`]).
//!
//! # An action, step by step
//!
//! An action has a `config` block as its model. It reports how far it is, looks at the cancellation between its steps,
//! and ends with messages: none is success.
//!
//! ```
//! use tfplugin::schema::{Attribute, Schema};
//! use tfplugin::{Action, ActionContext, Diagnostic, Diagnostics, Field, Model, Progress};
//! # use tfplugin::{Outcome, Provider, Registry, Setup};
//! # struct Notes;
//! # #[derive(Model)]
//! # struct NotesModel { directory: Field<String> }
//! # impl Provider for Notes {
//! #     type Model = NotesModel;
//! #     type Data = Option<String>;
//! #     const ADDRESS: &'static str = "registry.terraform.io/example/notes";
//! #     const LOG_TARGETS: &'static [&'static str] = &["notes"];
//! #     fn schema(&self) -> Schema {
//! #         Schema::new("").attribute("directory", Attribute::string("Where.").required())
//! #     }
//! #     fn register(&self, registry: &mut Registry<Self>) { registry.action(Shred); }
//! #     async fn configure(&self, config: NotesModel, _: &Setup) -> Outcome<Option<String>> {
//! #         Outcome::new(config.directory.into_known())
//! #     }
//! # }
//!
//! struct Shred;
//!
//! #[derive(Model)]
//! struct ShredModel {
//!     names: Field<Vec<String>>,
//! }
//!
//! impl Action for Shred {
//!     type Data = Option<String>;
//!     type Model = ShredModel;
//!     const TYPE: &'static str = "notes_shred";
//!
//!     fn schema(&self) -> Schema {
//!         let names = Attribute::list(tfplugin::Type::String, "Which notes.").required();
//!         Schema::new("Shreds notes.").attribute("names", names)
//!     }
//!
//!     async fn invoke(
//!         &self,
//!         config: ShredModel,
//!         progress: &Progress,
//!         context: &ActionContext<Self>,
//!     ) -> Diagnostics {
//!         for name in config.names.into_known().unwrap_or_default() {
//!             if context.cancellation().is_cancelled() {
//!                 return Diagnostic::error("Interrupted", format!("{name:?} and those after it are left.")).into();
//!             }
//!             progress.report(format!("shredding {name}")).await;
//!         }
//!         Diagnostics::new()
//!     }
//! }
//!
//! // In a test of the provider: schemas, models and names agree.
//! tfplugin::check_provider(&Notes).unwrap();
//! ```
//!
//! # Tests
//!
//! Beside [`check_provider`], run the provider under the real Terraform: `dev_overrides` in its CLI configuration, or
//! `--debug` and `TF_REATTACH_PROVIDERS`. The crate's own tests do both with `examples/keeper`, which has every feature.

extern crate self as tfplugin;

mod action;
mod context;
mod data_source;
mod diagnostics;
mod ephemeral;
mod erased;
mod field;
mod function;
#[doc(hidden)]
pub mod generated;
mod identified;
mod lifecycle;
mod list_resource;
mod outcome;
mod panics;
mod path;
mod planning;
mod plugin;
mod protocol5;
mod provider;
mod registry;
mod resource;
mod rules;
pub mod schema;
mod stopping;
mod timeouts;
#[doc(hidden)]
pub mod value;

pub use action::{Action, ActionContext, Progress};
pub use context::{Context, PrivateState, PrivateStateError, Validation};
pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{EphemeralContext, EphemeralResource, Opened};
pub use field::{Field, StillUnknown};
pub use function::{Arguments, Function, FunctionError, Parameter, Signature};
pub use identified::Identified;
pub use list_resource::{Found, ListResource, Listing};
pub use outcome::{Deferral, Outcome};
pub use path::{AttributePath, Step};
pub use plugin::serve;
pub use provider::{Provider, Setup};
pub use registry::{Registry, RegistryError, check_provider};
pub use resource::{Create, MoveSource, PlanCreate, PlanUpdate, Planned, Resource, ResourceContext, Update};
pub use schema::Schema;
pub use tfplugin_derive::Model;
pub use timeouts::{ParseTimeoutError, Timeout, Timeouts};
pub use value::{
    Dynamic, Mismatch, Number, ParseNumberError, ParseTypeError, TerraformValue, Type, Value, ValueError,
};
