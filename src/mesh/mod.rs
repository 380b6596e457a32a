//! The mesh as a value: what the user declares, the rules that it must keep, and the value that has kept them.
//!
//! [`Mesh`] is what is written down, as text. [`Mesh::validate`] turns it into a [`ValidatedMesh`], whose names are
//! types of their own, or says everything that is wrong with it at once. What all its clusters have alike is a
//! [`MeshIdentity`], what every one of them has for itself a [`Member`], with or without a control plane; the rules are functions
//! over both. Nothing here knows a cluster, a chart's content or how a declaration is written; [`ClusterFacts`] is the one value that is
//! read from a cluster, and it is plain.

mod api_server;
mod authority;
mod chart;
mod cidr;
mod declared;
mod derived;
pub mod elsewhere;
mod facts;
mod federation;
mod gateway;
mod given;
mod identity;
mod images;
mod injector;
mod member;
mod member_record;
mod names;
mod reader;
mod release;
mod remote;
mod remote_control_plane;
mod rules;
mod sensitive;
mod settings;
mod shared_mesh_config;
mod validate;
mod validated;
mod violation;
pub mod well_known;

#[cfg(test)]
mod tests;

pub use api_server::{ApiServer, ApiServerAddresses};
pub use authority::{Authority, AuthorityMode, GivenAuthority, KeyType, RootKeeper};
pub use chart::ChartName;
pub use cidr::Cidr;
pub use declared::{CertificateAuthority, ChartSource, DeclaredAddress, DeclaredApiServer, Mesh, Primary};
pub use derived::{DerivedValue, EAST_WEST_GATEWAY, Origin};
pub use facts::ClusterFacts;
pub use federation::{
    Connection, DeclaredConnection, DeclaredExport, DeclaredImport, DeclaredPeer, DeclaredPort, DnsMode,
    Export, FederatedMesh, FederatedPrimary, Federation, FederationGateway, FederationRecord, Import,
    OwnGateway, OwnMesh, Peer, PeerDocument, PeerFacts, PeerGateway, PeerRoot, Protocol, RecordedPeer,
    ServiceAccount, ServicePort, TlsMode, TrustBinding, TrustedPeer, ValidatedFederation, Visibility,
    WorkloadIdentity, virtual_address,
};
pub use gateway::{CallerAddresses, EastWestGateway, Place, Resources};
pub use identity::MeshIdentity;
pub use images::Images;
pub use injector::{Injector, LocalAuthority};
pub use member::{DeclaredMember, FIRST_TOKEN, Member, MemberGateway};
pub use member_record::{MEMBER_FORMAT, MEMBER_KEY, MEMBER_LABEL, MemberKind, MemberRecord};
pub use names::{
    ChartVersion, ClusterName, DEFAULT_NAMESPACE, DEFAULT_TRUST_DOMAIN, FederationName, InvalidName, MeshId,
    Namespace, Network, OFFICIAL_CHARTS, PeerName, ServiceName, ShareName, TrustDomain, is_dns_label,
    is_dns_subdomain,
};
pub use reader::{
    Permission, SERVED_CONFIG_MAPS, TOKEN_REVIEW, injection_webhook, permissions_of_release,
    reader_cluster_role, serving_permissions,
};
pub use release::{ChartRelease, FEDERATION_GATEWAY, GatewayRole};
pub use remote::{Discovery, JoinedMesh, JoinedPrimary, RemoteCluster, ValidatedRemote};
pub use remote_control_plane::RemoteControlPlane;
pub use rules::{
    ApiServerRule, AuthorityRule, CallerRule, DEFAULT_INTERMEDIATE_DAYS, EntranceRule, GatewayRule,
    ImageRule, MeshRule, OtherRole, PeerRule, RemoteRule, ShareRule, TopologyRule, ValueRule,
};
pub use sensitive::{Layer, SensitiveDocument, sensitive_documents};
pub use settings::{Setting, SettingKind};
pub use shared_mesh_config::{CaCertificate, SharedMeshConfig};
pub use validated::{ValidatedMesh, ValidatedPrimary};
pub use violation::{FieldPath, Rule, Severity, Step, Violation, said_by_all};
pub use well_known::{
    DEFAULT_DOMAIN_SUFFIX, ISTIOD_PORT, ISTIOD_WEBHOOK_PORT, JOIN_PAGE, JOIN_PAGE_KEY, MESH_INVENTORY,
};
