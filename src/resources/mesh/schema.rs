//! The schema of `istio_mesh`; its descriptions are the registry's documentation.

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
use tfplugin::{Timeouts, Type};

/// Where Istio lives unless the user says otherwise, as in Istio's own documentation.
pub const DEFAULT_NAMESPACE: &str = "istio-system";

/// The schema, in the order of the table in the module's documentation.
pub fn schema() -> Schema {
    inputs()
        .attribute("manifests", manifests())
        .attribute("chart_digests", chart_digests())
        .attribute("cluster_uids", cluster_uids())
        .attribute("kubernetes_versions", kubernetes_versions())
        .attribute("status", status())
        .block("chart_source", NestedBlock::single(chart_source()).min(1))
        .block("chart", NestedBlock::map(chart("in every cluster of the mesh")))
        .block("primary", NestedBlock::map(primary()))
        .block("certificate_authority", NestedBlock::single(certificate_authority()))
        .block("timeouts", Timeouts::block())
}

fn inputs() -> Schema {
    Schema::new(
        "The control planes of one Istio mesh. The official Helm charts are rendered inside the provider; the plan lists \
         every field of every object that will change, and an apply ends when the control planes are ready.\n\n\
         A failed create keeps what it has made in state and marks the resource tainted; `terraform destroy` removes all \
         of it, and `terraform untaint` followed by another apply goes on where it stopped.",
    )
    .attribute("mesh_id", Attribute::string(
        "Identity of the mesh, the same in all of its clusters (Istio's `global.meshID`). Lower-case letters, digits, `-` \
         and `.`.",
    ).required())
    .attribute("trust_domain", Attribute::string(
        "Trust domain of the mesh's identities, `spiffe://<trust_domain>/ns/…`. Istio's own default is `cluster.local`, \
         with which a mesh can never be federated: choose a name of your own, such as `shop.example`, before the first \
         workload.",
    ).optional())
    .attribute("version", Attribute::string(
        "Release of Istio's charts, exactly as the repository names it, such as `1.31.0`. A `primary` may override it.",
    ).required())
    .attribute("namespace", Attribute::string(
        "Namespace of the control planes, the same in every cluster because istiod looks for its own namespace's name in \
         each. Created when missing; removed at destroy only if the provider created it. A change replaces the mesh.",
    ).default(DEFAULT_NAMESPACE.to_owned()).requires_replace())
    .attribute("mesh_config", Attribute::string(
        "Istio's [`MeshConfig`](https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/) as YAML, merged into \
         the chart's own; write it with `yamlencode`. `trustDomain` comes from `trust_domain`.",
    ).optional())
    .attribute("delete_crds", Attribute::bool(
        "Whether destroy also deletes Istio's custom resource definitions, and with them **every** Istio resource in the \
         cluster, whoever made it. Without it they stay, as with Helm; the definitions of a mesh whose creation never \
         finished go in any case while no resource of their kinds exists. Set it and apply before you destroy.",
    ).optional())
}

fn manifests() -> Attribute {
    Attribute::map(Type::map(Type::String),
        "Every object of the mesh, `\"<cluster>/<group>/<Kind>/<namespace>/<name>\"`, with every field that the provider \
         sets in it, field path to value. Terraform shows changes and drift here field by field. Long texts and custom \
         resource definitions appear as digests, data of Secrets as a keyed fingerprint. The fields of objects that are \
         yet to be created are `(known after apply)` unless the provider's `plan_detail` is `full`.",
    ).computed()
}

fn chart_digests() -> Attribute {
    Attribute::map(Type::String,
        "Digest of each chart, `\"<chart>-<version>\"` to `sha256:…`: of the archive, or of names and contents of a \
         directory. Pinned until source or version changes: a chart that changed in between is refused before anything \
         is written.",
    ).computed()
}

fn cluster_uids() -> Attribute {
    Attribute::map(Type::String,
        "Identity of each cluster: the UID of its `kube-system` namespace. A cluster with another identity behind the \
         same label is never touched; see `recreated_from` of the provider's `cluster` block.",
    ).computed()
}

fn kubernetes_versions() -> Attribute {
    Attribute::map(
        Type::String,
        "Version of each cluster's API server when it was last read. The charts are rendered for it.",
    )
    .computed()
}

fn chart_source() -> Block {
    Block::new("Where Istio's charts come from.").attribute("repository", Attribute::string(
        "An HTTP(S) chart repository, such as the one that Istio's Helm documentation names; a directory that holds the \
         charts as directories or `.tgz` files; or, where a mesh needs only that chart, one `.tgz`. Credentials belong \
         into a `chart_registry` block of the provider.",
    ).required())
}

fn chart(scope: &str) -> Block {
    Block::new(format!(
        "Values for one of Istio's charts {scope}. The label is the chart's name: `base`, `istiod`, or `gateway` for the \
         east-west gateways."
    ))
    .attribute("values", Attribute::string(
        "Helm values as YAML; write them with `yamlencode`. They override the chart's own, and a primary's override the \
         mesh's. What the mesh decides (mesh ID, cluster name, network, trust domain, namespace) cannot be set to \
         something else here.",
    ).required())
}

fn primary() -> Block {
    Block::new(
        "A cluster with a control plane of its own. The label is the cluster's in the provider block, and Istio's \
         name of the cluster. The order of the blocks means nothing. All primaries read each other's API server, and pods \
         on different networks reach each other through `east_west_gateway`s.",
    )
    .attribute("network", Attribute::string(
        "Network of the cluster's pods. Clusters whose pods reach each other directly share one (Istio's \
         `global.network`).",
    ).required())
    .attribute("version", Attribute::string("Release of the charts in this cluster, if it is not the mesh's.").optional())
    .attribute("pod_cidrs", Attribute::list(Type::String,
        "Addresses of the cluster's pods, such as `[\"10.8.0.0/16\"]`. Clusters of one network with overlapping ranges are \
         refused, because an address there must mean one pod.",
    ).optional())
    .block("chart", NestedBlock::map(chart("in this cluster")))
    .block("east_west_gateway", NestedBlock::single(east_west_gateway()))
    .block("api_server", NestedBlock::single(api_server()))
}

fn east_west_gateway() -> Block {
    Block::new(
        "The gateway through which pods of other networks reach this cluster (port 15443). A mesh of several networks needs \
         one in each; in a mesh of one network it is installed and left closed.",
    )
    .attribute("service_type", Attribute::string(
        "Type of its Service: `LoadBalancer` (the chart's default), `NodePort` or `ClusterIP`.",
    ).optional())
    .attribute("service_annotations", Attribute::map(Type::String,
        "Annotations of its Service, which a cloud's load balancer controller reads: for an internal load balancer \
         `service.beta.kubernetes.io/aws-load-balancer-scheme = \"internal\"`, \
         `networking.gke.io/load-balancer-type = \"Internal\"` or \
         `service.beta.kubernetes.io/azure-load-balancer-internal = \"true\"`. It must work on layer 4.",
    ).optional())
    .attribute("load_balancer_class", Attribute::string("`loadBalancerClass` of its Service.").optional())
    .attribute("source_ranges", Attribute::list(Type::String,
        "Addresses from which its load balancer takes connections, in CIDR notation: those of the other networks' nodes or \
         NAT gateways.",
    ).optional())
    .attribute("replicas", Attribute::number(
        "Number of its pods. Without it the chart's HorizontalPodAutoscaler decides, 1 to 5.",
    ).optional())
    .attribute("values", Attribute::string(
        "Helm values of the chart `gateway` as YAML, over everything else that is set for it.",
    ).optional())
}

fn api_server() -> Block {
    Block::new(
        "How the control planes of the other primaries reach this cluster's API server. Without it they use the host and the \
         certificates of the provider's `cluster` block.",
    )
    .attribute("url", Attribute::string(
        "URL that works from inside the other clusters, `https://…`. Addresses that mean another machine there, such as \
         `127.0.0.1`, are refused.",
    ).optional())
    .attribute("cluster_ca_certificate", Attribute::string(
        "Certificates that sign the API server's, as PEM.",
    ).optional())
    .attribute("tls_server_name", Attribute::string(
        "Name to expect in the API server's certificate, if it is not the URL's.",
    ).optional())
}

fn certificate_authority() -> Block {
    Block::new(
        "Who signs the identities of the workloads. Changing the root of a mesh that is in use breaks every connection until \
         all proxies have the new one.",
    )
    .attribute("mode", Attribute::string(
        "`generated` (default): the provider makes one root and an intermediate for each cluster, in which the key of the \
         root never leaves the provider's process but for a Secret of `key_cluster`. `self_signed`: istiod makes a root of \
         its own, which only a mesh of one primary can have and keep.",
    ).optional())
    .attribute("key_cluster", Attribute::string(
        "Label of the primary whose Secret `terraform-provider-istio-root`, in the mesh's namespace, keeps the key of the \
         root. Needed when there are several primaries. Back that Secret up: without it no cluster can join. Whoever may read \
         Secrets in this cluster can sign for the whole mesh, and that includes the istiod of every other primary, which no \
         release of Istio lets read a cluster without its Secrets.",
    ).optional())
    .attribute("root_lifetime_days", Attribute::number("How long a new root is valid, 3650 days by default.").optional())
    .attribute("intermediate_lifetime_days", Attribute::number(
        "How long a new intermediate is valid, 730 days by default.",
    ).optional())
    .attribute("key_type", Attribute::string(
        "Kind of the keys of new certificates, `ecdsa-p256` (default) or `ecdsa-p384`.",
    ).optional())
}

fn status() -> Attribute {
    let texts = || Type::List(Box::new(Type::String));
    let cluster = Type::Object(
        [
            ("control_plane".to_owned(), Type::String),
            ("root_fingerprints".to_owned(), texts()),
            ("root_expires".to_owned(), Type::String),
            ("gateway_addresses".to_owned(), texts()),
        ]
        .into(),
    );
    let status = Type::Object(
        [
            ("clusters".to_owned(), Type::Map(Box::new(cluster))),
            ("links".to_owned(), Type::Map(Box::new(Type::String))),
        ]
        .into(),
    );
    Attribute::new(status,
        "What the mesh was last seen to be. `clusters`: `control_plane` (`ready`, `not_ready` or `unknown`), \
         `root_fingerprints` and `root_expires` of the roots that its proxies trust, `gateway_addresses`. `links`, \
         `\"<cluster>-><other>\"`: whether calls from a cluster reach the other: `ready`, `missing` (istiod does not know \
         the other cluster), `syncing`, `timeout` (istiod cannot read its API server), `no_gateway_address`, \
         `roots_differ` or `unknown`. Asking istiod takes the right `create pods/portforward`; without it the last known \
         value stays.",
    ).computed()
}
