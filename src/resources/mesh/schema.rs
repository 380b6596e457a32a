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
        .block("chart_source", NestedBlock::single(chart_source()).min(1))
        .block("chart", NestedBlock::map(chart("in every cluster of the mesh")))
        .block("primary", NestedBlock::map(primary()))
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
        "Values for one of Istio's charts {scope}. The label is the chart's name, `base` or `istiod`."
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
         name of the cluster. Exactly one for now.",
    )
    .attribute("network", Attribute::string(
        "Network of the cluster's pods. Clusters whose pods reach each other directly share one (Istio's \
         `global.network`).",
    ).required())
    .attribute("version", Attribute::string("Release of the charts in this cluster, if it is not the mesh's.").optional())
    .block("chart", NestedBlock::map(chart("in this cluster")))
}
