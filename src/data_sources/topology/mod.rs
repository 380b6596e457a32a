//! `istio_mesh_topology`: the clusters of a mesh, their networks, gateways and links, as data and as pictures.
//!
//! | attribute | type | | known in a plan |
//! |---|---|---|---|
//! | `mesh` | dynamic: the attribute `join` of an `istio_mesh` | required | |
//! | `links` | map(string): `status.links` of it | optional | |
//! | `remotes` | map(object): the clusters that its control planes serve | optional | |
//! | `clusters` | map(object) | computed | where all arguments are known |
//! | `networks` | map(list(string)): network to clusters | computed | likewise |
//! | `mermaid`, `svg` | string | computed | likewise |

mod mermaid;
mod picture;
mod svg;

use std::collections::BTreeMap;

use tfplugin::schema::{Attribute, Schema};
use tfplugin::{AttributePath, Context, DataSource, Diagnostic, Dynamic, Field, Model, Outcome, Type};

use crate::diagnostics;
use crate::documents::{self, JoinClusterModel, JoinModel};
use crate::provider_data::ProviderData;
use picture::{Cluster, Picture};

/// The data source.
#[derive(Clone, Copy, Debug)]
pub struct TopologyDataSource;

/// Configuration and result.
#[derive(Clone, Debug, Model)]
pub struct TopologyModel {
    mesh: Field<Dynamic>,
    links: Field<BTreeMap<String, Field<String>>>,
    remotes: Field<BTreeMap<String, RemoteModel>>,
    clusters: Field<BTreeMap<String, ClusterModel>>,
    networks: Field<BTreeMap<String, Field<Vec<Field<String>>>>>,
    mermaid: Field<String>,
    svg: Field<String>,
}

/// A cluster that control planes of the mesh serve.
#[derive(Clone, Debug, Model)]
pub struct RemoteModel {
    network: Field<String>,
    primaries: Field<Vec<Field<String>>>,
    gateway_addresses: Field<Vec<Field<String>>>,
}

/// One cluster.
#[derive(Clone, Debug, Model)]
pub struct ClusterModel {
    network: Field<String>,
    gateway_addresses: Field<Vec<Field<String>>>,
    serves_remote_clusters: Field<bool>,
    served_by: Field<Vec<Field<String>>>,
}

impl DataSource for TopologyDataSource {
    type Data = ProviderData;
    type Model = TopologyModel;

    const TYPE: &'static str = "istio_mesh_topology";

    fn schema(&self) -> Schema {
        let texts = Type::List(Box::new(Type::String));
        let members = [
            ("network", Type::String),
            ("gateway_addresses", texts.clone()),
            ("serves_remote_clusters", Type::Bool),
            ("served_by", texts.clone()),
        ];
        let cluster = Type::object(members);
        let members =
            [("network", Type::String), ("primaries", texts.clone()), ("gateway_addresses", texts.clone())];
        let remote = Type::object(members);
        Schema::new(
            "The clusters of a mesh with their networks, gateways and links, as data and as diagrams for documentation. It \
             connects to no cluster: everything comes from the mesh's own attributes.",
        )
        .attribute("mesh", Attribute::dynamic(
            "The attribute `join` of an `istio_mesh`, or its JSON.",
        ).required())
        .attribute("links", Attribute::map(Type::String,
            "The attribute `status.links` of the same mesh, merged with those of its remote clusters. Without it every primary is \
             drawn as linked to every other cluster.",
        ).optional())
        .attribute("remotes", Attribute::map(remote,
            "The clusters of the mesh without a control plane, by their names: `network` and `primaries` of each \
             `istio_remote_cluster`, and `gateway_addresses` of its `status`.",
        ).optional())
        .attribute("clusters", Attribute::map(cluster,
            "Each cluster: its network, the addresses of its east-west gateway, whether it serves remote clusters, and the \
             primaries that serve it (`served_by`; empty for a primary).",
        ).computed())
        .attribute("networks", Attribute::map(texts, "Each network with the names of its clusters.").computed())
        .attribute("mermaid", Attribute::string(
            "The topology as a [Mermaid](https://mermaid.js.org) flowchart, which many documentation tools render.",
        ).computed())
        .attribute("svg", Attribute::string("The topology as an SVG image.").computed())
    }

    async fn read(
        &self,
        mut config: TopologyModel,
        _context: &Context<ProviderData>,
    ) -> Outcome<TopologyModel> {
        let picture = match picture(&config) {
            Ok(picture) => picture,
            Err(error) => return Outcome::failed(error),
        };
        let texts = |list: &[String]| list.iter().cloned().map(Field::Known).collect::<Vec<_>>();
        let clusters = picture.clusters.iter().map(|(name, cluster)| {
            let model = ClusterModel {
                network: Field::Known(cluster.network.clone()),
                gateway_addresses: Field::Known(texts(&cluster.gateway_addresses)),
                serves_remote_clusters: Field::Known(cluster.serves_remote_clusters),
                served_by: Field::Known(texts(&cluster.served_by)),
            };
            (name.clone(), model)
        });
        config.clusters = Field::Known(clusters.collect());
        let networks = picture.networks().into_iter();
        config.networks =
            Field::Known(networks.map(|(network, names)| (network, Field::Known(texts(&names)))).collect());
        config.mermaid = Field::Known(mermaid::draw(&picture));
        config.svg = Field::Known(svg::draw(&picture));
        Outcome::new(config)
    }
}

/// What the document does not say is taken as empty.
fn picture(config: &TopologyModel) -> Result<Picture, Diagnostic> {
    let mesh = documents::decode::<JoinModel>(&config.mesh);
    let mesh = mesh.map_err(|error| diagnostics::document(&error, AttributePath::new("mesh")))?;
    let Field::Known(mesh) = mesh else { return Err(nothing_to_draw()) };
    let primaries = mesh.clusters.as_known().into_iter().flatten();
    let primaries: BTreeMap<String, Cluster> =
        primaries.map(|(name, model)| (name.clone(), primary(model))).collect();
    let mut clusters = primaries.clone();
    for (name, model) in config.remotes.as_known().into_iter().flatten() {
        clusters.insert(name.clone(), remote(name, model, &primaries)?);
    }
    let links = config.links.as_known().map(|links| {
        links.iter().filter_map(|(link, state)| Some((link.clone(), state.as_str()?.to_owned()))).collect()
    });
    Ok(Picture::new(mesh.mesh_id.into_known().unwrap_or_default(), clusters, links))
}

fn primary(cluster: &JoinClusterModel) -> Cluster {
    Cluster {
        network: cluster.network.as_known().cloned().unwrap_or_default(),
        gateway_addresses: known(&cluster.gateway_addresses),
        serves_remote_clusters: cluster.serves_remote_clusters == Field::Known(true),
        served_by: Vec::new(),
    }
}

/// A remote cluster that is drawn beside its primaries, which must be those of the mesh.
fn remote(
    name: &str,
    remote: &RemoteModel,
    primaries: &BTreeMap<String, Cluster>,
) -> Result<Cluster, Diagnostic> {
    let refused = |summary: String, member: Option<&str>| {
        let path = AttributePath::new("remotes").key(name);
        let path = member.into_iter().fold(path, AttributePath::attribute);
        let choices = primaries.keys().cloned().collect::<Vec<_>>().join(", ");
        Diagnostic::error(summary, format!("The mesh has these primaries: {choices}.")).at(path)
    };
    if primaries.contains_key(name) {
        return Err(refused(format!("Cluster {name:?} is a primary of the mesh"), None));
    }
    let served_by = known(&remote.primaries);
    if let Some(unknown) = served_by.iter().find(|primary| !primaries.contains_key(*primary)) {
        let summary =
            format!("Cluster {name:?} is served by {unknown:?}, which is not a primary of the mesh");
        return Err(refused(summary, Some("primaries")));
    }
    Ok(Cluster {
        network: remote.network.as_known().cloned().unwrap_or_default(),
        gateway_addresses: known(&remote.gateway_addresses),
        serves_remote_clusters: false,
        served_by,
    })
}

fn known(texts: &Field<Vec<Field<String>>>) -> Vec<String> {
    texts.as_known().into_iter().flatten().filter_map(|text| text.as_known().cloned()).collect()
}

fn nothing_to_draw() -> Diagnostic {
    let detail = "Pass the attribute join of an istio_mesh, such as mesh = istio_mesh.shop.join.";
    Diagnostic::error("mesh is null", detail).at(AttributePath::new("mesh"))
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::*;

    fn picture_of(document: &str, remotes: &[(&str, RemoteModel)]) -> Result<Picture, Diagnostic> {
        let mesh = Dynamic { ty: Type::String, value: Value::String(document.to_owned()) };
        let remotes = remotes.iter().map(|(name, remote)| ((*name).to_owned(), remote.clone()));
        picture(&TopologyModel {
            mesh: Field::Known(mesh),
            links: Field::Null,
            remotes: Field::Known(remotes.collect()),
            clusters: Field::Null,
            networks: Field::Null,
            mermaid: Field::Null,
            svg: Field::Null,
        })
    }

    fn served_by(primary: &str) -> RemoteModel {
        RemoteModel {
            network: Field::Known("m".to_owned()),
            primaries: Field::Known(vec![Field::Known(primary.to_owned())]),
            gateway_addresses: Field::Null,
        }
    }

    #[test]
    fn a_document_is_drawn_with_what_it_has() {
        let picture = picture_of(
            r#"{"format": 1, "mesh_id": "shop", "later": 1, "clusters": {
                "east": {"network": "n", "gateway_addresses": ["192.0.2.1"], "serves_remote_clusters": true}, "west": {}}}"#,
            &[("edge", served_by("east"))],
        )
        .unwrap();
        assert_eq!(picture.mesh_id, "shop");
        let east = Cluster {
            network: "n".to_owned(),
            gateway_addresses: vec!["192.0.2.1".to_owned()],
            serves_remote_clusters: true,
            served_by: Vec::new(),
        };
        let edge =
            Cluster { network: "m".to_owned(), served_by: vec!["east".to_owned()], ..Cluster::default() };
        let clusters =
            [("east".to_owned(), east), ("edge".to_owned(), edge), ("west".to_owned(), Cluster::default())];
        assert_eq!(picture.clusters, clusters.into());
    }

    #[test]
    fn a_document_of_another_format_is_refused_at_the_argument() {
        let error = picture_of(r#"{"format": 2}"#, &[]).unwrap_err();
        assert_eq!(error.path, Some(AttributePath::new("mesh")));
        assert!(
            error.detail.contains("has format 2") && error.detail.contains("release"),
            "{}",
            error.detail
        );
    }

    #[test]
    fn a_remote_cluster_is_no_primary_and_is_served_by_one() {
        let document = r#"{"format": 1, "clusters": {"east": {}, "west": {}}}"#;
        let error = picture_of(document, &[("west", served_by("east"))]).unwrap_err();
        assert_eq!(error.summary, "Cluster \"west\" is a primary of the mesh");
        assert_eq!(error.path, Some(AttributePath::new("remotes").key("west")));
        let error = picture_of(document, &[("edge", served_by("north"))]).unwrap_err();
        let summary = "Cluster \"edge\" is served by \"north\", which is not a primary of the mesh";
        assert_eq!(error.summary, summary);
        assert_eq!(error.detail, "The mesh has these primaries: east, west.");
        assert_eq!(error.path, Some(AttributePath::new("remotes").key("edge").attribute("primaries")));
    }
}
