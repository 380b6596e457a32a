//! The rules that a mesh and its members keep, a function each. What is broken is a value: how to write it otherwise depends on who
//! has read the declaration.

mod api_server;
mod authority;
mod callers;
mod domain;
mod entrances;
mod federation;
mod gateway;
mod images;
mod mesh;
mod names;
mod namespace_metadata;
mod refused_values;
mod remote;
mod service;
mod topology;
mod values;

pub use api_server::ApiServerRule;
pub use authority::{AuthorityRule, DEFAULT_INTERMEDIATE_DAYS};
pub use callers::CallerRule;
pub use entrances::EntranceRule;
pub use federation::{PeerRule, ShareRule};
pub use gateway::GatewayRule;
pub use images::ImageRule;
pub use mesh::MeshRule;
pub use remote::RemoteRule;
pub use topology::TopologyRule;
pub use values::{OtherRole, ValueRule};

pub(super) use api_server::api_server;
pub(super) use authority::authority;
pub(super) use callers::callers;
pub(super) use domain::domains_are_alike;
pub(super) use entrances::{
    federation_gateway_is_apart, federation_has_a_trust_domain, remote_control_plane,
};
pub(super) use federation::{
    allowed, count, dns_mode, duration, federation, identities, import_addresses, port_number, protocol,
    tls_mode, trust_binding,
};
pub(super) use gateway::{gateways, gateways_are_told_apart};
pub(super) use images::images;
pub(super) use mesh::{
    ca_certificates, has_chart_source, manages_crds, namespace_is_not_kubernetes_own, reader_token_version,
    trust_domain_is_its_own,
};
pub(super) use names::{charts, document, name};
pub(super) use namespace_metadata::namespace_metadata;
pub(super) use refused_values::{OF_NO_PRIMARY, OF_NO_REMOTE, of_no_local_injector};
pub(super) use remote::{
    discovery, is_in_one_mesh_once, is_no_primary, is_not_annotated, local_authority, release_fits,
    secrets_are_those_of_the_mesh, serving, usual_release,
};
pub(super) use topology::{
    has_a_primary, networks_have_gateways, ranges_are_apart, releases_are_close, somebody_stays,
};
pub(super) use values::{DECISIVE_VALUES, DISCOVERY_ADDRESS, host_names_are_resolved, values_fit};
#[cfg(test)]
pub(super) use values::{OF_NAMES, Refused};
