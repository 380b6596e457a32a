//! The schema of the documents.

use tfplugin::Type;
use tfplugin::schema::Attribute;

/// What a cluster needs to join the mesh.
pub fn join() -> Attribute {
    Attribute::new(join_type(),
        "Everything that a cluster needs to join the mesh, and the input of `istio_mesh_topology`. It contains no secrets. \
         `format` is 1; `id` is the identity of the `istio_mesh`; `mesh_id`, `trust_domain`, `trust_domain_aliases`, `domain_suffix` (end of the names \
         of Services, `cluster.local` unless the values of chart `istiod` have another `global.proxy.clusterDomain`), \
         `namespace`, `root_namespace` (whose policies apply to the whole mesh) and `version` are those of the mesh; `chart_repository`, `hub`, `image_variant`, `platform`, \
         `image_pull_secrets` (names of the Secrets) and `cni` describe what is installed; `certificate_authority_mode`, \
         `key_cluster` (the cluster with the Secret of the root, null if none has it) and `root_certificates` (PEM) describe who \
         signs. `clusters` has for each primary `uid` (of its namespace `kube-system`), `version`, `revision` (null: reserved), \
         `network`, `pod_cidrs`, `service_cidrs`, `drain`, `serves_remote_clusters`, `istiod_hostname` (as configured), `istiod_addresses` with `istiod_port` (for \
         proxies) and `istiod_webhook_port` (for API servers), where clusters without a control plane reach istiod, \
         `gateway_addresses` with `gateway_port` of its east-west gateway, and `federation_gateway_addresses` with \
         `federation_gateway_port` and `federation_gateway_namespace` of its federation gateway. A missing gateway has no addresses and no port. Lists are sorted.",
    ).computed()
}

/// The type of [`join`].
pub(super) fn join_type() -> Type {
    let cluster = Type::object([
        ("uid", Type::String),
        ("version", Type::String),
        ("revision", Type::String),
        ("network", Type::String),
        ("pod_cidrs", texts()),
        ("service_cidrs", texts()),
        ("drain", Type::Bool),
        ("serves_remote_clusters", Type::Bool),
        ("istiod_hostname", Type::String),
        ("istiod_addresses", texts()),
        ("istiod_port", Type::Number),
        ("istiod_webhook_port", Type::Number),
        ("gateway_addresses", texts()),
        ("gateway_port", Type::Number),
        ("federation_gateway_addresses", texts()),
        ("federation_gateway_port", Type::Number),
        ("federation_gateway_namespace", Type::String),
    ]);
    Type::object([
        ("format", Type::Number),
        ("id", Type::String),
        ("mesh_id", Type::String),
        ("trust_domain", Type::String),
        ("trust_domain_aliases", texts()),
        ("domain_suffix", Type::String),
        ("namespace", Type::String),
        ("root_namespace", Type::String),
        ("version", Type::String),
        ("chart_repository", Type::String),
        ("hub", Type::String),
        ("image_variant", Type::String),
        ("platform", Type::String),
        ("image_pull_secrets", texts()),
        ("cni", Type::Bool),
        ("certificate_authority_mode", Type::String),
        ("key_cluster", Type::String),
        ("root_certificates", Type::String),
        ("clusters", Type::map(cluster)),
    ])
}

/// What another mesh needs to know of this one.
pub fn peer() -> Attribute {
    Attribute::new(peer_type(),
        "What another mesh needs to federate with this one. It contains no secrets, so it can be passed to another organisation. \
         `format` is 1; `id` is the identity of the `istio_mesh`; `mesh_id`, `trust_domain`, `domain_suffix` and `namespace` are \
         those of the mesh; `root_certificates` (PEM) are what its proxies trust. `gateways` and `federation_gateways` have the \
         `network`, `addresses` and `port` of the east-west and the federation gateway of each primary that has one and is not \
         being drained. Lists are sorted.",
    ).computed()
}

/// The type of [`peer`].
pub(super) fn peer_type() -> Type {
    Type::object(peer_members())
}

fn peer_members() -> [(&'static str, Type); 9] {
    let gateways = || {
        Type::map(Type::object([("network", Type::String), ("addresses", texts()), ("port", Type::Number)]))
    };
    [
        ("format", Type::Number),
        ("id", Type::String),
        ("mesh_id", Type::String),
        ("trust_domain", Type::String),
        ("domain_suffix", Type::String),
        ("namespace", Type::String),
        ("root_certificates", Type::String),
        ("gateways", gateways()),
        ("federation_gateways", gateways()),
    ]
}

/// What each member of a peer document is: `peer`, and what a federation adds.
pub const PEER_DOCUMENT_MEMBERS: &str = "`format` is 1; `id` is the identity of the `istio_mesh`; `mesh_id`, `trust_domain`, `domain_suffix` and `namespace` are those \
     of the mesh; `root_certificates` (PEM) are what its proxies trust. `gateways` and `federation_gateways` have for each \
     primary with such a gateway its `network`, `addresses` and `port`. `serial` grows with each change of the document. \
     `exports` has for each exported Service, by the name of the export, its `namespace` and `service`, `host` (the name under \
     which the gateways route to it), `ports` (`name`, `number` and Istio's `protocol`), `identities` of the pods that serve it (as \
     `<namespace>/<service account>`, in the trust domain of the document), `gateways` (the names of the `federation_gateways` \
     that lead to it; null for all of them) and `tls` (where TLS can end: `end_to_end` at the pods, `gateway` at the gateways). \
     `serial` and `exports` are null in the attribute `peer` of an `istio_mesh`. Lists are sorted.";

/// What another mesh needs to know of this one, with what a federation exports to it.
pub fn peer_document() -> Attribute {
    let description = format!(
        "What another mesh needs to use the exports: the attribute `peer` of the mesh, with `serial` and `exports` added. It \
         contains no secrets, so it can be passed to another organisation. {PEER_DOCUMENT_MEMBERS}"
    );
    Attribute::new(peer_document_type(), description).computed()
}

/// The type of [`peer_document`].
pub fn peer_document_type() -> Type {
    let port = Type::object([("name", Type::String), ("number", Type::Number), ("protocol", Type::String)]);
    let export = Type::object([
        ("namespace", Type::String),
        ("service", Type::String),
        ("host", Type::String),
        ("ports", Type::list(port)),
        ("identities", texts()),
        ("gateways", texts()),
        ("tls", texts()),
    ]);
    let added = [("serial", Type::Number), ("exports", Type::map(export))];
    Type::object(peer_members().into_iter().chain(added))
}

fn texts() -> Type {
    Type::list(Type::String)
}
