//! The schema of `istio_mesh`; its descriptions are the registry's documentation.

use super::{gateway_block, observed_schema, remote_control_plane_block};
use crate::documents;
use crate::mesh::{DEFAULT_NAMESPACE, GatewayRole, OFFICIAL_CHARTS};

use tfplugin::schema::{Attribute, Block, NestedBlock, Schema};
use tfplugin::{Timeouts, Type};

/// The schema, in the order of the table in the module's documentation.
pub fn schema() -> Schema {
    inputs()
        .attribute("id", id())
        .attribute("manifests", manifests())
        .attribute("chart_digests", chart_digests())
        .attribute("cluster_uids", cluster_uids())
        .attribute("kubernetes_versions", kubernetes_versions())
        .attribute("status", observed_schema::status())
        .attribute("join", documents::join())
        .attribute("peer", documents::peer())
        .block("chart_source", NestedBlock::single(chart_source()))
        .block("chart", NestedBlock::map(chart("in every cluster of the mesh")))
        .block("image_pull_secret", NestedBlock::map(image_pull_secret()))
        .block("cni", NestedBlock::single(cni()))
        .block("primary", NestedBlock::map(primary()))
        .block("certificate_authority", NestedBlock::single(certificate_authority()))
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
    .attribute("mesh_config", Attribute::string(
        "Istio's [`MeshConfig`](https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/) as YAML, merged into the \
         chart's own; write it with `yamlencode`. `trustDomain` comes from `trust_domain`. It is stored in state and in the \
         inventory ConfigMap in each cluster, so do not put secrets in it.\n\n\
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
}

fn id() -> Attribute {
    Attribute::string(
        "Identity of this resource, generated when it is created and never changed. It is written into every cluster's inventory \
         and, shortened, into the owner label of every object, so that two states never manage one mesh. It is not part of any \
         object's name.",
    )
    .computed()
    .keep_prior()
}

fn manifests() -> Attribute {
    Attribute::map(Type::map(Type::String),
        "Every object of the mesh, `\"<cluster>/<group>/<Kind>/<namespace>/<name>\"`, with every field that the provider sets in \
         it, field path to value. Terraform shows changes and drift here field by field. Long texts and CRDs appear as digests, \
         data of Secrets as keyed fingerprints. The fields of objects that are yet to be created are `(known after apply)` \
         unless the provider's `plan_detail` is `full`.",
    ).computed()
}

fn chart_digests() -> Attribute {
    Attribute::map(Type::String,
        "Digest of each chart, `\"<chart>-<version>\"` to `sha256:…`: of the archive, or of the file names and contents of a \
         directory. Pinned until source or version changes: a chart that changed in between is rejected before anything is \
         written.",
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
    Block::new("Where Istio's charts come from.").attribute("repository", Attribute::string(format!(
        "An HTTP(S) chart repository, by default Istio's own, `{OFFICIAL_CHARTS}`; a path in an OCI registry, such as \
         `oci://registry.example/istio`, to which the charts were pushed with `helm push`; a directory that contains the charts \
         as directories or `.tgz` files; or, where a mesh needs only that chart, one `.tgz`. Put credentials and a private CA \
         certificate in a `chart_registry` block of the provider.",
    )).optional())
}

fn chart(scope: &str) -> Block {
    Block::new(format!(
        "Values for one of Istio's charts {scope}. The label is the chart's name: `base`, `istiod`, `cni`, or `gateway` for \
         east-west and federation gateways."
    ))
    .attribute("values", Attribute::string(
        "Helm values as YAML; write them with `yamlencode`. They override the chart's own, and a primary's override the mesh's. \
         What the mesh sets (mesh ID, cluster name, network, trust domain, namespace) cannot be overridden here, and neither can \
         revisions. They are stored in state and in the inventory ConfigMap in each cluster, so do not put secrets in them.",
    ).required())
}

fn image_pull_secret() -> Block {
    Block::new(
        "Credentials for pulling Istio's images. The label is the name of the Secret that is created in the mesh's namespace of \
         every cluster, before the first pod; control planes, gateways and the CNI plugin use it. Sidecars refer to it too: each \
         namespace whose pods have sidecars needs its own Secret of this name.",
    )
    .attribute("docker_config_json_wo", Attribute::string(
        "Contents of a Docker `config.json`, such as `jsonencode({ auths = { \"registry.example\" = { auth = … } } })`. It is \
         stored neither in state nor in a plan.",
    ).required().write_only().sensitive().validate(is_docker_config))
    .attribute("docker_config_json_wo_version", Attribute::number(
        "Version of the content (default `0`). Increment it to apply new content: a change of the content alone is not detected.",
    ).optional())
}

/// As Kubernetes asks of a Secret of type `kubernetes.io/dockerconfigjson`.
fn is_docker_config(value: &tfplugin::Value) -> Result<(), String> {
    let tfplugin::Value::String(text) = value else { return Ok(()) };
    let is_config =
        serde_json::from_str::<serde_json::Value>(text).is_ok_and(|config| config["auths"].is_object());
    if is_config { Ok(()) } else { Err("a JSON document with a member auths".to_owned()) }
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
    .block("chart", NestedBlock::map(chart("in this cluster")))
    .block("east_west_gateway", NestedBlock::single(gateway_block::block(GatewayRole::EastWest)))
    .block("federation_gateway", NestedBlock::single(gateway_block::block(GatewayRole::Federation)))
    .block("remote_control_plane", NestedBlock::single(remote_control_plane_block::block()))
    .block("api_server", NestedBlock::single(api_server()))
}

fn api_server() -> Block {
    address(
        "How the control planes of the other primaries reach this cluster's API server. Without it they use the host and the \
         certificates of the provider's `cluster` block.",
    )
    .block("from", NestedBlock::map(address(
        "How the primary with this label reaches it, if not as the others do: for example, from the other end of a peering or a \
         VPN. Omitted attributes are as for the others.",
    )))
}

fn address(description: &str) -> Block {
    Block::new(description)
    .attribute("url", Attribute::string(
        "URL reachable from inside the other clusters, `https://…`. Addresses that refer to another machine there, such as \
         `127.0.0.1` or `kubernetes.default.svc`, are rejected.",
    ).optional())
    .attribute("cluster_ca_certificate", Attribute::string(
        "CA certificates that verify the API server's, as PEM or base64 of PEM.",
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
        "`generated` (default): the provider creates one root and an intermediate per cluster; the root key is stored only in a \
         Secret in `key_cluster`, or comes from `root_key_wo` at each apply. `given`: certificate and key of every cluster come \
         from its `given` block. `existing`: another tool, such as cert-manager, writes the Secret `cacerts` of every cluster; \
         it is checked and never changed. `self_signed`: istiod creates its own root, which only a mesh of one primary can have \
         and keep.",
    ).optional())
    .attribute("key_cluster", Attribute::string(
        "Label of the primary whose Secret `terraform-provider-istio-root`, in the mesh's namespace, keeps the key of the root. \
         Required when there are several primaries. Back up that Secret: without it, no cluster can join. Anyone with permission \
         to read Secrets in this cluster can sign for the whole mesh, and that includes the istiod of every other primary, \
         because Istio requires access to all Secrets of a cluster that it reads.",
    ).optional())
    .attribute("root_lifetime_days", Attribute::number("How long a new root is valid, 3650 days by default.").optional())
    .attribute("intermediate_lifetime_days", Attribute::number(
        "How long a new intermediate is valid, 730 days by default. When a tenth of that is left (and at least 30 days, or a \
         third of a shorter time), refresh shows it in `status`, and the next apply renews the intermediate by itself.",
    ).optional())
    .attribute("intermediate_version", Attribute::number(
        "Version of the intermediates (default `0`). Increment it to renew those of all clusters: the same root signs new ones, \
         and istiod picks them up without a restart. Do not delete the Secret `cacerts` for that: an istiod that starts without \
         it creates its own root.",
    ).optional())
    .attribute("key_type", Attribute::string(
        "Type of the keys of new certificates, `ecdsa-p256` (default) or `ecdsa-p384`.",
    ).optional())
    .attribute("root_certificate", Attribute::string(
        "With mode `generated`: your own root, as PEM, that signs the intermediates. The key is then not stored in any cluster.",
    ).optional())
    .attribute("root_key_wo", Attribute::string(
        "Key of `root_certificate`, as PEM without a password. Each plan and apply needs it; it is stored neither in state nor \
         in a plan.",
    ).optional().write_only().sensitive())
    .attribute("root_key_wo_version", Attribute::number(
        "Version of the key (default `0`). Increment it to apply a new key.",
    ).optional())
    .block("given", NestedBlock::map(given_authority()))
}

fn given_authority() -> Block {
    Block::new(
        "With mode `given`: what istiod of one cluster signs with, the files of Istio's guide *Plug in CA Certificates*. The \
         label is the primary's. All clusters must lead to one root, and certificate, key, chain and root must fit together; a \
         plan rejects what istiod would reject.",
    )
    .attribute("certificate", Attribute::string(
        "Certificate that signs the workloads' own, as PEM (`ca-cert.pem`).",
    ).required())
    .attribute("private_key_wo", Attribute::string(
        "Its key, as PEM without a password (`ca-key.pem`). It is stored neither in state nor in a plan.",
    ).required().write_only().sensitive())
    .attribute("private_key_wo_version", Attribute::number(
        "Version of the key (default `0`). Increment it to apply a new key: a change of the key alone is not detected.",
    ).optional())
    .attribute("certificate_chain", Attribute::string(
        "`certificate`, any intermediates, then the root, as PEM (`cert-chain.pem`).",
    ).required())
    .attribute("root_certificates", Attribute::string(
        "Roots that all workloads trust, as PEM (`root-cert.pem`).",
    ).required())
}
