//! What states a mesh and its parts can be in, which of two is worse, what each is called in `status`, and what to do about it.
//! Pure: judged over what was observed and plain arguments, whatever resource has asked.

mod authority;
mod control_plane;
mod federation;
mod finding;
mod gateway;
mod injection;
mod known_gateway;
mod last_apply;
mod link;
mod remote_control_plane;
mod shared_mesh_config;
mod state;
mod wait;

pub use authority::{AuthorityState, Expiring, roots, signer};
pub use control_plane::{ControlPlaneState, RunningConfiguration};
pub use federation::{ExportState, ImportState, PeerState};
pub use finding::{Class, ClusterStates, Finding, Part, Place, findings, findings_of_federation};
pub use gateway::{EastWest, GatewayState};
pub use injection::{InjectionState, WantedServing};
pub use known_gateway::{Door, Misconception, WantedGateway};
pub use last_apply::LastApplyState;
pub use link::{Held, Link, LinkState, Side, Verdict, judged, obstacle};
pub use remote_control_plane::RemoteControlPlaneState;
pub use shared_mesh_config::SharedMeshConfigState;
pub use state::State;
pub use wait::{is_complete, is_waited_for, pause};
