//! `istio_mesh`, read: the facts of a mesh that another workspace, or another tool, has installed.
//!
//! | attribute | type | |
//! |---|---|---|
//! | `clusters` | set(string): labels of the provider block | required |
//! | `namespace` | string | optional, `istio-system` |
//! | `revision` | string: of the control planes | optional: that without a revision, else the only one |
//! | `chart_repository` | string: handed on in `join` | optional |
//! | `id`, `mesh_id`, `trust_domain`, `version`, `hub`, `image_variant`, `platform` | string | computed, as in `join` |
//! | `cluster_uids`, `kubernetes_versions` | map(string) | computed |
//! | `join`, `peer` | object, as those of the resource | computed |
//!
//! Read whenever Terraform plans, unless an argument is not yet known.
//!
//! A mesh that the resource `istio_mesh` has installed has a page in each primary, a `ConfigMap` that holds `join` and the names of
//! the Services whose addresses are in it. With it, `join` and `peer` are equal to the resource's attributes, also for clusters that
//! are not named here; addresses and roots are as the clusters have them now, which is what a refresh of the resource finds. Of any
//! other mesh the control planes tell this much:
//!
//! | member of `join` | read from |
//! |---|---|
//! | `mesh_id`, `hub`, `image_variant`, `platform`, `image_pull_secrets`, `cni`, `domain_suffix` | values in `ConfigMap` `istio-sidecar-injector` of the first cluster; the mesh ID is the trust domain if there is none |
//! | `trust_domain` | `ConfigMap` `istio`, else that of `SHARED_MESH_CONFIG` |
//! | `namespace`, `chart_repository` | the arguments |
//! | `version` | the lowest of the clusters' |
//! | `root_certificates` | `ConfigMap` `istio-ca-root-cert` |
//! | `id`, `certificate_authority_mode`, `key_cluster` | nothing: null |
//! | `clusters.uid` | namespace `kube-system` |
//! | `clusters.version`, `.network`, `.serves_remote_clusters` | `ConfigMap` `istio-sidecar-injector` |
//! | `clusters.gateway_addresses`, `.gateway_port` | Services with the label `topology.istio.io/network`, else `meshNetworks` |
//! | `clusters.revision`, `.pod_cidrs`, `.service_cidrs`, `.drain`, `.istiod_…`, `.federation_gateway_…` | nothing: null |

mod book;
mod member;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::{AttributePath, Context, DataSource, Diagnostic, Diagnostics, Field, Model, Outcome, Type};

use crate::documents::{self, FORMAT, JoinModel, PeerModel};
use crate::mesh::DEFAULT_NAMESPACE;
use crate::provider_data::ProviderData;
use member::{Member, Wanted};

/// The data source.
#[derive(Clone, Copy, Debug)]
pub struct MeshDataSource;

/// Configuration and result.
#[derive(Clone, Debug, Model)]
pub struct MeshModel {
    clusters: Field<BTreeSet<Field<String>>>,
    namespace: Field<String>,
    revision: Field<String>,
    chart_repository: Field<String>,
    id: Field<String>,
    mesh_id: Field<String>,
    trust_domain: Field<String>,
    version: Field<String>,
    hub: Field<String>,
    image_variant: Field<String>,
    platform: Field<String>,
    cluster_uids: Field<BTreeMap<String, Field<String>>>,
    kubernetes_versions: Field<BTreeMap<String, Field<String>>>,
    join: Field<JoinModel>,
    peer: Field<PeerModel>,
}

impl DataSource for MeshDataSource {
    type Data = ProviderData;
    type Model = MeshModel;

    const TYPE: &'static str = "istio_mesh";

    fn schema(&self) -> Schema {
        let text = |description: &str| Attribute::string(description).computed();
        let texts = |description: &str| Attribute::map(Type::String, description).computed();
        Schema::new(
            "A mesh that another workspace manages, or that helm or istioctl has installed, read from its clusters. For a mesh \
             managed in this configuration, use the attributes of its resource `istio_mesh` instead.\n\n\
             The resource `istio_mesh` records its mesh in each primary, in the ConfigMap `terraform-provider-istio-mesh.join`: \
             for such a mesh, `join` and `peer` are equal to the attributes of the resource. For other meshes, only what control \
             planes record is known, and these members of `join` are null: `id`, `chart_repository` (unless it is given here), \
             `certificate_authority_mode`, `key_cluster`, and of each cluster `revision`, `pod_cidrs`, `service_cidrs`, `drain`, \
             `istiod_addresses`, `istiod_port`, `istiod_webhook_port`, `federation_gateway_addresses` and \
             `federation_gateway_port`; in `peer`: `id`.\n\n\
             Requires permission to get the namespace `kube-system`, to get ConfigMaps in the mesh's namespace (and to list them, to find \
             a control plane with a revision), and to list \
             Services in all namespaces; for a mesh that an `istio_mesh` manages, also to get the Services of its gateways, and \
             to list nodes if a gateway is reached at nodes.",
        )
        .attribute("clusters", Attribute::set(Type::String,
            "Clusters to read, by their labels in the provider block. Each must have a control plane of the mesh, and its label \
             must be Istio's name of the cluster; a single cluster that was installed without a name can have any label. For a mesh that an `istio_mesh` manages, one is enough: addresses are then \
             current for the clusters listed here, and roots if all are listed. For other meshes, `join` and `peer` cover only \
             these clusters.",
        ).required())
        .attribute("namespace", Attribute::string(
            "Namespace of the control planes, `istio-system` by default.",
        ).optional())
        .attribute("revision", Attribute::string(
            "Revision of the control planes, as in their label `istio.io/rev`; `default` is the one without a revision. Needed only \
             if a cluster has several revisions and none of them is the default.",
        ).optional())
        .attribute("chart_repository", Attribute::string(
            "Chart source for clusters that join the mesh, passed on in `join`. Defaults to that of the `istio_mesh` that \
             manages the mesh; control planes do not record it.",
        ).optional())
        .attribute("id", text("Identity of the `istio_mesh` that manages the mesh; null if none does."))
        .attribute("mesh_id", text("Istio's ID of the mesh; the trust domain if none is set."))
        .attribute("trust_domain", text("Trust domain of its identities."))
        .attribute("version", text(
            "Release of the mesh as set in its `istio_mesh`; for other meshes, the lowest release of its control planes.",
        ))
        .attribute("hub", text(
            "Registry and path that Istio's images are pulled from; null if an `istio_mesh` leaves it to the charts.",
        ))
        .attribute("image_variant", text("Variant of Istio's images, if it is not the default."))
        .attribute("platform", text("Kind of Kubernetes that the charts were adapted to, if any."))
        .attribute("cluster_uids", texts("Identity of each cluster: the UID of its `kube-system` namespace."))
        .attribute("kubernetes_versions", texts("Version of each cluster's API server."))
        .attribute("join", documents::join())
        .attribute("peer", documents::peer())
    }

    async fn read(&self, config: MeshModel, context: &Context<ProviderData>) -> Outcome<MeshModel> {
        let labels: Vec<&str> =
            config.clusters.as_known().into_iter().flatten().filter_map(Field::as_str).collect();
        let namespace = config.namespace.as_str().unwrap_or(DEFAULT_NAMESPACE);
        let (revision, is_alone) = (config.revision.as_str(), labels.len() == 1);
        let reads = labels.iter().map(|label| {
            let wanted = Wanted { label, namespace, revision, is_alone };
            member::read(wanted, context.data(), at())
        });
        let (mut members, mut errors) = (Vec::new(), Diagnostics::new());
        for read in join_all(reads).await {
            match read {
                Ok(member) => members.push(member),
                Err(error) => errors.push(error),
            }
        }
        match errors.into_result() {
            Ok(()) => described(config, &members),
            Err(errors) => Outcome::failed(errors),
        }
    }
}

/// The place of all labels in the configuration: elements of a set have no place of their own.
fn at() -> AttributePath {
    AttributePath::new("clusters")
}

/// An error for the first cluster that is of another mesh than the one before it.
fn disagreement(members: &[Member]) -> Option<Diagnostic> {
    let mut different = members.windows(2).filter_map(|pair| {
        let [one, other] = pair else { return None };
        let (summary, detail) = one.difference(other)?;
        Some(Diagnostic::error(summary, detail).at(at()))
    });
    different.next()
}

/// The configuration with everything that was read.
fn described(config: MeshModel, members: &[Member]) -> Outcome<MeshModel> {
    let Some(any) = members.first() else {
        let detail = "List at least one cluster of the provider block that has a control plane of the mesh.";
        let error = Diagnostic::error("clusters is empty", detail);
        return Outcome::failed(error.at(at()));
    };
    let page = match book::page(members) {
        Ok(page) => page,
        Err(error) => return Outcome::failed(error.at(at())),
    };
    if let Some(error) = disagreement(members) {
        return Outcome::failed(error);
    }
    let (mut join, warning) = match page {
        Some((page, warning)) => (book::refreshed(page, members), warning),
        None => (observed(&config, any, members), None),
    };
    if !config.chart_repository.is_null() {
        join.chart_repository = config.chart_repository.clone();
    }
    let of_each = |fact: fn(&Member) -> &String| {
        let facts = members.iter().map(|member| (member.label.clone(), Field::Known(fact(member).clone())));
        Field::Known(facts.collect())
    };
    let model = MeshModel {
        id: join.id.clone(),
        mesh_id: join.mesh_id.clone(),
        trust_domain: join.trust_domain.clone(),
        version: join.version.clone(),
        hub: join.hub.clone(),
        image_variant: join.image_variant.clone(),
        platform: join.platform.clone(),
        cluster_uids: of_each(|member| &member.facts.uid),
        kubernetes_versions: of_each(|member| &member.facts.kubernetes_version),
        ..config
    };
    let (join, peer) = documents::with_peer(join);
    Outcome::new(MeshModel { join, peer, ..model }).with(warning)
}

/// What control planes tell of a mesh that nothing is written down about.
fn observed(config: &MeshModel, any: &Member, members: &[Member]) -> JoinModel {
    let bundle = documents::bundle(members.iter().filter_map(|member| member.roots.as_ref()));
    let clusters = members.iter().map(|member| (member.label.clone(), member.described()));
    JoinModel {
        format: Field::Known(FORMAT),
        mesh_id: Field::Known(any.mesh_id().to_owned()),
        trust_domain: Field::Known(any.trust_domain.clone()),
        domain_suffix: Field::Known(any.installed.domain_suffix.clone()),
        namespace: config.namespace.clone().or(DEFAULT_NAMESPACE.to_owned()),
        version: member::lowest_version(members).into(),
        hub: any.installed.hub.clone().into(),
        image_variant: any.installed.image_variant.clone().into(),
        platform: any.installed.platform.clone().into(),
        image_pull_secrets: documents::texts(any.installed.image_pull_secrets.iter().cloned()),
        cni: Field::Known(any.installed.has_cni),
        root_certificates: bundle.into(),
        clusters: Field::Known(clusters.collect()),
        ..JoinModel::default()
    }
}
