//! The schema of `istio_mesh`; its descriptions are the registry's documentation.

use super::{authority_block, observed_schema};
use crate::blocks::ignored_fields::{self, IGNORED_FIELDS};
use crate::blocks::installation::with_installation;
use crate::blocks::reader_token::{self, READER_TOKEN_VERSION};
use crate::blocks::{api_server, chart, gateway, image_pull_secret, remote_control_plane, sensitive};
use crate::documents;
use crate::mesh::{DEFAULT_NAMESPACE, GatewayRole};

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
use tfplugin::{Timeouts, Type};

/// The schema, in the order of the table in the module's documentation.
pub fn schema() -> Schema {
    let inputs = sensitive::attributes(sensitive::MESH_CONFIG)
        .into_iter()
        .fold(inputs(), |schema, (name, attribute)| schema.attribute(name, attribute));
    with_installation(inputs)
        .attribute("status", observed_schema::status())
        .attribute("join", documents::join())
        .attribute("peer", documents::peer())
        .block("chart_source", NestedBlock::single(chart::source_block()))
        .block("chart", NestedBlock::map(chart::block("in every cluster of the mesh")))
        .block("image_pull_secret", NestedBlock::map(image_pull_secret::block()))
        .block("cni", NestedBlock::single(cni()))
        .block("primary", NestedBlock::map(primary()))
        .block("certificate_authority", NestedBlock::single(authority_block::block()))
        .block("timeouts", Timeouts::block())
}

fn inputs() -> Schema {
    Schema::new(
        "The control planes of one Istio mesh. The official Helm charts are rendered inside the provider; the plan lists every \
         field of every object that will change, and an apply ends when the control planes are ready.\n\n\
         A failed create keeps what it has created in state and marks the resource as tainted; `terraform destroy` removes all \
         of it, and `terraform untaint` followed by another apply resumes where it stopped.",
    )
    .attribute("mesh_id", Attribute::string(
        "Identity of the mesh, the same in all of its clusters (Istio's `global.meshID`). Letters, digits, `-`, `_` \
         and `.`, at most 63 characters.",
    ).required())
    .attribute("trust_domain", Attribute::string(
        "Trust domain of the mesh's identities, `spiffe://<trust_domain>/ns/…`. Istio's own default is `cluster.local`, with \
         which a mesh can never be federated: choose your own name, such as `shop.example`, before you deploy the first \
         workload.",
    ).optional())
    .attribute("version", Attribute::string(
        "Release of Istio's charts, exactly as the repository names it, such as `1.31.0`. A `primary` may override it.",
    ).required())
    .attribute("namespace", Attribute::string(
        "Namespace of the control planes, the same in every cluster because istiod looks for its own namespace's name in each. \
         Created if it does not exist; removed at destroy only if the provider created it. A change replaces the mesh.",
    ).default(DEFAULT_NAMESPACE.to_owned()).requires_replace())
    .attribute("namespace_labels", Attribute::map(Type::String,
        "Labels of the namespaces of the mesh in every cluster: `namespace`, and those of gateways in a namespace of their own, such \
         as `{ team = \"platform\", \"pod-security.kubernetes.io/enforce\" = \"privileged\" }`. A namespace that the provider creates has \
         them from the beginning, so that admission policies that require them admit it. On a namespace that already exists, they \
         are set too, and removed at destroy; if another tool manages its labels, leave them to that tool.",
    ).optional())
    .attribute("namespace_annotations", Attribute::map(Type::String,
        "Annotations of the same namespaces, under the same conditions.",
    ).optional())
    .attribute("mesh_config", Attribute::string(
        "Istio's [`MeshConfig`](https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/) as YAML, merged into the \
         chart's own; write it with `yamlencode`. `trustDomain` comes from `trust_domain`. A plan reads it as \
         istiod does and rejects what istiod would drop, with the path and what to write instead; keys that the release of Istio does \
         not have are warnings. It is stored in state and in the \
         inventory ConfigMap in each cluster, so do not put secrets in it: `sensitive_mesh_config` is for these.\n\n\
         `caCertificates` is merged with what federations add: all of it is in the ConfigMap `shared-mesh-config`, which istiod \
         reads in addition to its own (`SHARED_MESH_CONFIG`). Changes take effect at once, and every proxy of the mesh requests \
         a new certificate.\n\n\
         Three settings are enabled from the start, because they take effect only in proxies that start later: \
         `ISTIO_MULTIROOT_MESH` of istiod and `PROXY_CONFIG_XDS_AGENT` of proxies, which are required to rotate roots and to \
         trust other meshes, and `ISTIO_META_DNS_CAPTURE` of proxies, with which names of imported services resolve. To turn one \
         off, set it to `\"false\"`: the first with `chart \"istiod\"` and `values = yamlencode({ env = { ISTIO_MULTIROOT_MESH = \
         \"false\" } })`, the others here, under `defaultConfig.proxyMetadata`.",
    ).optional())
    .attribute("hub", Attribute::string(
        "Registry and path that Istio's images are pulled from, in place of the chart's own, such as \
         `registry.example/mirror/istio`. It is the same for control planes, gateways, sidecars and the CNI plugin.",
    ).optional())
    .attribute("image_variant", Attribute::string(
        "Variant of Istio's images, such as `distroless` or `debug`.",
    ).optional())
    .attribute("platform", Attribute::string(
        "Kind of Kubernetes that the charts adapt to: `gke`, `k3d`, `k3s`, `microk8s`, `minikube` or `openshift` in release \
         1.31. Omit it for others.",
    ).optional())
    .attribute("delete_crds", Attribute::bool(
        "Whether destroy also deletes Istio's custom resource definitions (CRDs), and with them **every** Istio resource in the \
         cluster, whoever created it. Without it they stay, as with Helm; the CRDs of a mesh whose creation never finished are \
         always deleted as long as no resource of their kinds exists. Set it and apply before you destroy.",
    ).optional())
    .attribute("force_destroy", Attribute::bool(
        "Whether a control plane may be removed although pods in its cluster still have proxies of the mesh. Without it, the \
         removal is rejected: proxies whose control plane is gone keep their last configuration until their certificates expire, \
         a day at most, and then lose every connection. Set it and apply before you destroy.",
    ).optional())
    .attribute(IGNORED_FIELDS, ignored_fields::attribute())
}

fn cni() -> Block {
    Block::new(
        "Istio's CNI plugin, which redirects the traffic of pods, so that pods do not need the `NET_ADMIN` capability: required \
         by a restricted Pod Security level and by OpenShift. Its values are those of `chart \"cni\"`. Running pods do not \
         change until they are restarted.",
    )
}

fn primary() -> Block {
    Block::new(
        "A cluster with its own control plane. The label is that of the cluster's block in the provider, and Istio's name of the \
         cluster. The order of the blocks does not matter. All primaries read each other's API server, and pods on different \
         networks reach each other through `east_west_gateway`s.",
    )
    .attribute("network", Attribute::string(
        "Network of the cluster's pods. Clusters whose pods reach each other directly share one (Istio's \
         `global.network`).",
    ).required())
    .attribute("version", Attribute::string(
        "Release of the charts in this cluster, if it is not the mesh's: at most one minor release apart from that of any other \
         cluster.",
    ).optional())
    .attribute("pod_cidrs", Attribute::set(Type::String,
        "Addresses of the cluster's pods, such as `[\"10.8.0.0/16\"]`. Clusters of one network with overlapping ranges are \
         rejected, because each address must identify exactly one pod.",
    ).optional())
    .attribute("service_cidrs", Attribute::set(Type::String,
        "Addresses of the cluster's Services, such as `[\"10.96.0.0/12\"]`. They may be those of another cluster's Services, but \
         a range that contains pods of the same network is rejected: calls to these pods would be treated as calls to Services.",
    ).optional())
    .attribute("crds", Attribute::string(
        "Who installs Istio's custom resource definitions: `managed` (default), the mesh; or `external`, another tool, which \
         keeps them at the release of the charts. After a change to `external`, the mesh no longer tracks them and deletes none.",
    ).optional())
    .attribute("drain", Attribute::bool(
        "Whether to drain the cluster before removing it from the mesh, `false` by default. With `true`, an apply removes it \
         from what the other control planes read (their remote secrets for it) and from `peer`, so that no other cluster sends \
         it new calls. Its own control plane stays, serves the workloads that are still there, and still knows the other \
         clusters; `status` shows `drained` for the links to it. Then move these workloads, remove the block and apply again: \
         that uninstalls the control plane. The service must also run in another cluster, and a mesh needs a primary that is not \
         drained.",
    ).optional())
    .attribute(READER_TOKEN_VERSION, reader_token::attribute())
    .block("chart", NestedBlock::map(chart::block("in this cluster")))
    .block("east_west_gateway", NestedBlock::single(gateway::block(GatewayRole::EastWest)))
    .block("federation_gateway", NestedBlock::single(gateway::block(GatewayRole::Federation)))
    .block("remote_control_plane", NestedBlock::single(remote_control_plane::block()))
    .block("api_server", NestedBlock::single(api_server::block()))
}
