//! What two ways of installing the same thing leave in a cluster, compared field by field.
//!
//! * [`Objects`]: everything in a cluster, without what its servers write.
//! * [`Differences`]: which fields may differ, and why.

mod differences;
mod documents;
mod fields;
mod objects;

pub use differences::{Differences, Found};
pub use objects::Objects;
