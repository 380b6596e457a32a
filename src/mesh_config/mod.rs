//! Istio's mesh configuration as istiod reads it: `MeshConfig`, `MeshNetworks` and `ProxyConfig`.
//!
//! For one value of the wrong kind istiod drops the whole document, logs one line and runs with what it had before or with its own
//! defaults. So a document is read here first, by the same rules (`pkg/config/mesh` and `pkg/util/protomarshal` of Istio, `jsonpb` of
//! `github.com/golang/protobuf`, `pkg/config/validation/agent`), over the protocol buffer descriptors of each minor release.
//! What istiod refuses is an error here; what it accepts and ignores, or takes otherwise than it looks, is a warning.
//!
//! Pure: a value in, findings out, each with its full path.

mod comparison;
mod defaults;
mod document;
mod finding;
mod go_text;
mod kept;
mod nearest;
mod path;
mod reader;
mod rules;
mod scalar;
mod selectors;
mod trust_domain;

#[cfg(test)]
mod tests;

pub use comparison::{differences, expected};
pub use defaults::defaults;
pub use document::Document;
pub use finding::{Finding, Invalid, Kind, Problem, Wanted};
pub use kept::kept;
pub use path::ValuePath;
pub use reader::{Reading, read};
pub use selectors::{InvalidSelector, selects};
pub use trust_domain::trust_domain;
