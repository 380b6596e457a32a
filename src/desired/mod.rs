//! What a cluster must hold: objects in the order of their creation, with placeholders for what earlier stages produce. Rendering
//! makes it, a rollout applies it, and a plan shows it; nothing here reads a chart or a cluster.

pub(crate) mod list_type;
mod manifest;
pub(crate) mod object;
pub mod ownership;
mod placeholder;
pub(crate) mod scope;
mod sensitive;
mod set;
mod stage;
mod unique;

pub use manifest::{Manifest, Placeholders};
pub use placeholder::Placeholder;
pub use sensitive::{Kept, Sensitive, StandIns, Varied, WriteOnly, common};
pub use set::{ManifestSet, SetError};
pub use stage::{Component, Stage};
