//! A Terraform provider framework: go-plugin handshake, tfplugin5, values, schema and resource traits.

extern crate self as tfplugin;

mod context;
mod diagnostics;
mod erased;
mod field;
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
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use field::{Field, StillUnknown};
pub use outcome::{Deferral, Outcome};
pub use path::{AttributePath, Step};
pub use provider::{Provider, Setup};
pub use plugin::serve;
pub use registry::{Registry, RegistryError, check_provider};
pub use resource::{Create, PlanCreate, PlanUpdate, Planned, Resource, ResourceContext, Update};
pub use schema::Schema;
pub use tfplugin_derive::Model;
pub use timeouts::{ParseTimeoutError, Timeout, Timeouts};
pub use value::{
    Dynamic, Mismatch, Number, ParseNumberError, ParseTypeError, TerraformValue, Type, Value, ValueError,
};
