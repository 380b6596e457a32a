//! Makes live Kubernetes objects equal a manifest set by server-side apply.
//!
//! ```text
//! observe   which objects are there                     get, list
//! diff      what an apply and a prune would change      get, list
//! rehearse  the same, and what the server would say to it   get, list, patch
//! claim     record who works and what will be made      the inventory, a ConfigMap
//! apply     stage after stage, each ready before the next
//! prune     delete what the set has no more
//! complete  the set is made
//! delete    everything that the inventory has
//! wait      until objects are ready, or say why not
//! ```
//! Every write is made by one field manager. Every object that is made bears one label; objects that do not are not ours. Every
//! error names the object, the verb and the cause, and every operation that stops half-way says what it did.

mod apply;
mod apply_object;
mod builtin_defaults;
mod cancelled;
mod change_set;
mod compare;
mod delete;
mod delete_error;
mod diff;
mod diff_error;
mod digest;
mod discovery;
mod discovery_cache;
mod document;
mod engine;
mod field_path;
mod field_set;
mod holding;
mod immutable;
mod inventory;
mod inventory_claim;
mod inventory_error;
mod inventory_record;
mod inventory_requests;
mod inventory_store;
mod kept_file;
mod live;
mod look;
mod manifest;
mod nodes;
mod object_id;
mod observe;
mod options;
mod owned;
mod page;
mod patience;
mod pods;
mod predecessor;
mod progress;
mod quantity;
mod redaction;
mod rehearse;
mod release;
mod request;
mod request_error;
mod rules;
mod same;
mod schema;
mod schema_cache;
mod schemas;
mod scope;
mod shown;
mod stage;
mod status;
mod typed;
mod wait;
mod wanted;
mod write;

pub use apply::{ApplyError, Outcome};
pub use apply_object::ObjectError;
pub use change_set::{Action, Applied, Change, ChangeSet, FieldChange, FieldConflict, FieldValue, Planned};
pub use delete::{DeleteOptions, Propagation};
pub use delete_error::{DeleteError, Stuck};
pub use diff::Preflight;
pub use diff_error::DiffError;
pub use digest::digest;
pub use discovery_cache::{DiscoveryCache, Server};
pub use engine::Engine;
pub use field_path::{FieldPath, FieldPathError, FieldPattern, PathElement, Scalar};
pub use immutable::immutable;
pub use inventory::{Claim, Entry, Expect, Holder, Inventory, InventoryRef, Phase};
pub use inventory_error::InventoryError;
pub use live::Live;
pub use look::{Keep, Look, Looked, Selection};
pub use manifest::{Manifest, ManifestError};
pub use nodes::Excused;
pub use object_id::{GroupKind, ObjectId, ObjectIdError};
pub use observe::{Observation, Observed};
pub use options::{Adoption, Budgets, Options, Owner, Policy, Reauthenticate};
pub use pods::Pod;
pub use predecessor::Predecessor;
pub use progress::Progress;
pub use quantity::is_same_quantity;
pub use rehearse::Rehearsal;
pub use release::Inherit;
pub use request_error::{RequestError, Target, Transport, Verb};
pub use rules::{Annotation, FieldRule, Glob, ObjectPattern, Ownership, ReadyRule, Rules, TakeOver};
pub use schema_cache::SchemaCache;
pub use scope::is_cluster_scoped;
pub use stage::{Stage, StageReady};
pub use status::{State, Status};
pub use wait::{NotReady, WaitError};
pub use write::WriteError;
