//! What every resource does with manifest sets in clusters, whatever its model: what state records of them, what a plan shows, the way
//! from a plan to the clusters, what was filled into Secrets, the objects as they are now, and the way back from a lost state.

mod api_servers;
mod applied;
mod apply;
mod approved;
mod book;
mod change;
mod cluster_plan;
mod decided_by_secrets;
mod definitions;
mod dependents;
mod drawn;
mod drift;
mod facts;
mod fetched_charts;
mod field_maps;
mod identity;
mod immutable;
mod import;
mod keeping;
pub mod kept_secrets;
mod known_in_all;
mod leaving;
mod live_objects;
mod look;
mod managed;
mod of_shared;
mod place;
mod places;
mod plain;
mod promise;
mod reached;
mod recorded;
mod recorded_fingerprints;
mod refresh;
mod resume;
mod role;
mod secrets;
mod sensitive_fields;
mod side_by_side;
mod types;
mod verbs;
mod write_only;

pub use crate::manifests::IgnoredFields;
pub use api_servers::{api_server_addresses, may_be_out_of_reach};
pub use apply::{Applying, Located, Page};
pub use book::{Character, Remembered, settings};
pub use change::{Applied, Change};
pub use cluster_plan::ClusterPlan;
pub use decided_by_secrets::secrets_decide_nothing;
pub use definitions::{definitions, definitions_in_use};
pub use dependents::{in_the_way, members, will_be_rejected};
pub use drawn::{Drawn, Flattened, draw, unmatched};
pub use facts::{Facts, KnownFacts, PlannedClusters};
pub use fetched_charts::{FetchedCharts, pinned_digests};
pub use field_maps::{
    Manifests, Objects, Rendered, Texts, known_objects, known_texts, planned_manifests, state_manifests,
    texts,
};
pub use known_in_all::Common;
pub use leaving::{Departure, Everything, Leaves, Refusal, abandoned, prepare_leaving};
pub use live_objects::{cannot_read, read_objects};
pub use look::snapshot;
pub use managed::{Holdings, Kind, Managed, Render};
pub use place::Place;
pub use plain::planned_objects;
pub use promise::kept_promise;
pub use recorded::Recorded;
pub use recorded_fingerprints::{ApiServers, RecordedFingerprints};
pub use role::{Role, check_role};
pub use secrets::{Secrets, recorded_key};
pub use verbs::{ManagedResource, Report, Verbs};
pub use write_only::{Keeping, WriteOnlyRecord};
