//! Brings clusters to what they shall hold, and empties them again: stages in each cluster, all clusters at once, every
//! outcome collected.
#![allow(clippy::result_large_err, reason = "an error ends the rollout of a cluster; its size is paid once")]

mod access;
mod acknowledgement;
mod admission;
mod authority;
mod composition;
mod definitions;
mod engines;
mod error;
mod exchange;
mod federation;
mod fill;
mod found;
mod gate;
mod injection;
mod installation;
mod leftovers;
mod objects;
mod own_root;
mod owner;
mod primary;
mod promise;
mod remote;
mod remote_secrets;
mod restart;
mod rotation;
mod run;
mod session;
pub mod shared_mesh_config;
mod target;
mod uninstall;
mod validators;

pub use authority::{Certificates, RootSource, kept_intermediate, kept_root, wanted_version};
pub use composition::CompositionError;
pub use definitions::Definitions;
pub use engines::Engines;
pub use error::RolloutError;
pub use federation::{Federating, federate};
pub use fill::Given;
pub use found::{identified, inventories};
pub use installation::Installation;
pub use objects::install_objects;
pub use own_root::GivenUp;
pub use owner::{OWNER_LABEL, Owner, OwnerKind};
pub use primary::{Primary, install};
pub use remote::{Joining, Reading, join};
pub use restart::restart_istiod;
pub use session::{Session, holder};
pub use shared_mesh_config::SharedMeshConfigError;
pub use target::{ClusterOutcome, Target, Unclosed, holding};
pub use uninstall::{Removal, uninstall};
