//! What every resource does with manifest sets in clusters, whatever its model: what state records of them, what a plan shows, what was
//! filled into Secrets, and the objects as they are now.

mod cluster_plan;
mod field_maps;
pub mod kept_secrets;
mod leaving;
mod live_objects;
mod look;
mod place;
mod reached;
mod recorded;
mod refresh;
mod seals;
mod secrets;

pub use cluster_plan::{ClusterPlan, digest_of};
pub use field_maps::{
    Manifests, Objects, Rendered, known_objects, known_texts, planned_manifests, state_manifests, texts,
};
pub use leaving::{Departure, Leaves, Refusal, Removed, empty, prepare_leaving};
pub use live_objects::{cannot_read, read_objects};
pub use look::snapshot;
pub use place::Place;
pub use reached::{Reached, ReadTime, reach};
pub use recorded::Recorded;
pub use refresh::Refresh;
pub use seals::{ApiServers, Seals};
pub use secrets::{Secrets, recorded_key};
