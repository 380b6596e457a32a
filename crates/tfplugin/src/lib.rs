//! A Terraform provider framework: go-plugin handshake, tfplugin5, values, schema and resource traits.

extern crate self as tfplugin;

mod context;
mod data_source;
mod diagnostics;
mod ephemeral;
mod erased;
mod field;
mod function;
#[doc(hidden)]
pub mod generated;
mod lifecycle;
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

pub use context::{Context, PrivateState, PrivateStateError, Validation};
pub use data_source::DataSource;
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use ephemeral::{EphemeralContext, EphemeralResource, Opened};
pub use field::{Field, StillUnknown};
pub use function::{Arguments, Function, FunctionError, Parameter, Signature};
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
