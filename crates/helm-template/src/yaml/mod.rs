//! YAML as Helm reads and writes it: `sigs.k8s.io/yaml` on top of go-yaml v2, that is YAML 1.1 (`yes` and `on` are booleans),
//! keys in natural order, lists not indented, lines folded at 80 columns.

mod emit;
mod error;
mod event;
mod head;
mod marshal;
mod parse;
pub(crate) mod pretty;
mod reader;
mod resolve;
mod scan;
mod sort;
mod stream;
mod tree;

pub use emit::emit;
pub use error::Error;
pub(crate) use head::{Head, mismatch, mismatch_of};
pub(crate) use marshal::marshal;
pub(crate) use parse::parse_value;
pub use parse::{parse, parse_documents};
pub(crate) use reader::refusal;
