//! Blocks and attributes of the configuration that several resources share, one file each: schema, model and reading. They know no
//! resource's model.

pub mod api_server;
pub mod chart;
mod federation_gateway;
pub mod gateway;
pub mod ignored_fields;
pub mod image_pull_secret;
pub mod installation;
mod load_balancer;
mod reader;
pub mod reader_token;
pub mod remote_control_plane;
pub mod remote_gateway;
pub mod sensitive;
mod stand_in;
mod state_word;

pub use api_server::{AddressModel, ApiServerModel};
pub use chart::{ChartModel, ChartSourceModel};
pub use federation_gateway::FederationGatewayModel;
pub use gateway::{CallerModel, GatewayModel, ResourcesModel};
pub use ignored_fields::IgnoredFieldsModel;
pub use image_pull_secret::ImagePullSecretModel;
pub use installation::Installation;
pub use reader::{Notes, Reader};
pub use remote_control_plane::RemoteControlPlaneModel;
pub use remote_gateway::RemoteGatewayModel;
pub use stand_in::{Loose, StandIn};
pub use state_word::{good, state_of, word};
