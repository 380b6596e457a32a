//! `istio_mesh`, read: the facts of a mesh that another workspace, or another tool, has installed.
//!
//! | attribute | type | |
//! |---|---|---|
//! | `clusters` | list(string): labels of the provider block | required |
//! | `namespace` | string | optional, `istio-system` |
//! | `chart_repository` | string: handed on in `join` | optional |
//! | `mesh_id`, `trust_domain`, `version`, `hub`, `image_variant`, `platform` | string | computed |
//! | `cluster_uids`, `kubernetes_versions` | map(string) | computed |
//! | `join`, `peer` | object, as those of the resource | computed |
//!
//! Read whenever Terraform plans, unless an argument is not yet known.

mod member;

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use tfplugin::schema::{Attribute, Schema};
use tfplugin::{AttributePath, Context, DataSource, Diagnostic, Diagnostics, Field, Model, Outcome, Type};

use crate::documents::{self, FORMAT, JoinModel, PeerModel};
use crate::mesh::DEFAULT_NAMESPACE;
use crate::provider::{IstioProvider, ProviderData};
use member::Member;

/// The data source.
#[derive(Clone, Copy, Debug)]
pub struct MeshDataSource;

/// Configuration and result.
#[derive(Clone, Debug, Model)]
pub struct MeshModel {
    clusters: Field<BTreeSet<Field<String>>>,
    namespace: Field<String>,
    chart_repository: Field<String>,
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
    type Provider = IstioProvider;
    type Model = MeshModel;

    const TYPE: &'static str = "istio_mesh";

    fn schema(&self) -> Schema {
        let text = |description: &str| Attribute::string(description).computed();
        let texts = |description: &str| Attribute::map(Type::String, description).computed();
        Schema::new(
            "A mesh that another workspace manages, or that helm or istioctl has installed, read from its control planes. What \
             the same configuration makes is told by the attributes of its resource `istio_mesh`.\n\n\
             It needs the rights to get the namespace `kube-system`, to get ConfigMaps in the mesh's namespace, and to list \
             Services in all namespaces.",
        )
        .attribute("clusters", Attribute::set(Type::String,
            "The clusters with a control plane of the mesh, by their labels in the provider block. Each label must be the name \
             that Istio has for the cluster. `join` and `peer` tell of these clusters only.",
        ).required())
        .attribute("namespace", Attribute::string(
            "Namespace of the control planes, `istio-system` by default.",
        ).optional())
        .attribute("chart_repository", Attribute::string(
            "Where clusters that join the mesh get Istio's charts from; no control plane can tell. It is handed on in `join`.",
        ).optional())
        .attribute("mesh_id", text("Identity of the mesh."))
        .attribute("trust_domain", text("Trust domain of its identities."))
        .attribute("version", text("Release of its control planes; where they differ, the lowest."))
        .attribute("hub", text("Registry and path that Istio's images are pulled from."))
        .attribute("image_variant", text("Variant of Istio's images, if it is not the usual one."))
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
        let reads = labels.iter().map(|label| member::read(label, namespace, context.data(), at()));
        let (mut members, mut errors) = (Vec::new(), Diagnostics::new());
        for read in join_all(reads).await {
            match read {
                Ok(member) => members.push(member),
                Err(error) => errors.push(error),
            }
        }
        errors.extend(disagreement(&members));
        match errors.into_result() {
            Ok(()) => described(config, &members).into(),
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
fn described(config: MeshModel, members: &[Member]) -> Result<MeshModel, Diagnostic> {
    let Some(any) = members.first() else {
        let detail = "Name at least one cluster of the provider block that has a control plane of the mesh.";
        return Err(Diagnostic::error("clusters names no cluster", detail).at(at()));
    };
    let known = |text: &String| Field::Known(text.clone());
    let given = |text: &Option<String>| text.as_ref().map_or(Field::Null, known);
    let of_each = |fact: fn(&Member) -> &String| {
        Field::Known(members.iter().map(|member| (member.label.clone(), known(fact(member)))).collect())
    };
    let bundle = documents::bundle(members.iter().filter_map(|member| member.roots.as_ref()));
    let join = JoinModel {
        format: Field::Known(FORMAT),
        mesh_id: known(&any.installed.mesh_id),
        trust_domain: known(&any.trust_domain),
        namespace: Field::Known(config.namespace.as_str().unwrap_or(DEFAULT_NAMESPACE).to_owned()),
        version: member::lowest_version(members).map_or(Field::Null, Field::Known),
        chart_repository: config.chart_repository.clone(),
        hub: given(&any.installed.hub),
        image_variant: given(&any.installed.image_variant),
        platform: given(&any.installed.platform),
        root_certificates: bundle.map_or(Field::Null, Field::Known),
        clusters: Field::Known(
            members.iter().map(|member| (member.label.clone(), member.described())).collect(),
        ),
    };
    let model = MeshModel {
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
    let (join, peer) = documents::with_peer(join, |_| false);
    Ok(MeshModel { join, peer, ..model })
}
