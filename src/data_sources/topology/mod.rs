//! `istio_mesh_topology`: the clusters of a mesh, their networks, gateways and links, as data and as pictures.
//!
//! | attribute | type | | known in a plan |
//! |---|---|---|---|
//! | `mesh` | dynamic: the attribute `join` of an `istio_mesh` | required | |
//! | `links` | map(string): `status.links` of it | optional | |
//! | `clusters` | map(object) | computed | where both arguments are known |
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
    clusters: Field<BTreeMap<String, ClusterModel>>,
    networks: Field<BTreeMap<String, Field<Vec<Field<String>>>>>,
    mermaid: Field<String>,
    svg: Field<String>,
}

/// One cluster.
#[derive(Clone, Debug, Model)]
pub struct ClusterModel {
    network: Field<String>,
    gateway_addresses: Field<Vec<Field<String>>>,
    serves_remote_clusters: Field<bool>,
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
        ];
        let cluster = Type::Object(members.map(|(name, ty)| (name.to_owned(), ty)).into());
        Schema::new(
            "The clusters of a mesh with their networks, gateways and links, as data and as diagrams for documentation. It \
             connects to no cluster: everything comes from the mesh's own attributes.",
        )
        .attribute("mesh", Attribute::dynamic(
            "The attribute `join` of an `istio_mesh`, or its JSON.",
        ).required())
        .attribute("links", Attribute::map(Type::String,
            "The attribute `status.links` of the same mesh. Without it every pair of clusters is drawn as linked.",
        ).optional())
        .attribute("clusters", Attribute::map(cluster,
            "Each cluster: its network, the addresses of its east-west gateway, and whether it serves remote clusters.",
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
    let clusters = mesh.clusters.as_known().into_iter().flatten();
    let clusters = clusters.map(|(name, model)| (name.clone(), cluster(model))).collect();
    let links = config.links.as_known().map(|links| {
        links.iter().filter_map(|(link, state)| Some((link.clone(), state.as_str()?.to_owned()))).collect()
    });
    Ok(Picture::new(mesh.mesh_id.into_known().unwrap_or_default(), clusters, links))
}

fn cluster(cluster: &JoinClusterModel) -> Cluster {
    let addresses = cluster.gateway_addresses.as_known().into_iter().flatten();
    Cluster {
        network: cluster.network.as_known().cloned().unwrap_or_default(),
        gateway_addresses: addresses.filter_map(|address| address.as_known().cloned()).collect(),
        serves_remote_clusters: cluster.serves_remote_clusters == Field::Known(true),
    }
}

fn nothing_to_draw() -> Diagnostic {
    let detail = "Pass the attribute join of an istio_mesh, such as mesh = istio_mesh.shop.join.";
    Diagnostic::error("mesh is null", detail).at(AttributePath::new("mesh"))
}

#[cfg(test)]
mod tests {
    use tfplugin::Value;

    use super::*;

    fn picture_of(document: &str) -> Result<Picture, Diagnostic> {
        let mesh = Dynamic { ty: Type::String, value: Value::String(document.to_owned()) };
        picture(&TopologyModel {
            mesh: Field::Known(mesh),
            links: Field::Null,
            clusters: Field::Null,
            networks: Field::Null,
            mermaid: Field::Null,
            svg: Field::Null,
        })
    }

    #[test]
    fn a_document_is_drawn_with_what_it_has() {
        let picture = picture_of(
            r#"{"format": 1, "mesh_id": "shop", "later": 1, "clusters": {
                "east": {"network": "n", "gateway_addresses": ["192.0.2.1"], "serves_remote_clusters": true}, "west": {}}}"#,
        )
        .unwrap();
        assert_eq!(picture.mesh_id, "shop");
        let east = Cluster {
            network: "n".to_owned(),
            gateway_addresses: vec!["192.0.2.1".to_owned()],
            serves_remote_clusters: true,
        };
        let clusters = [("east".to_owned(), east), ("west".to_owned(), Cluster::default())];
        assert_eq!(picture.clusters, clusters.into());
    }

    #[test]
    fn a_document_of_another_format_is_refused_at_the_argument() {
        let error = picture_of(r#"{"format": 2}"#).unwrap_err();
        assert_eq!(error.path, Some(AttributePath::new("mesh")));
        assert!(
            error.detail.contains("has format 2") && error.detail.contains("release"),
            "{}",
            error.detail
        );
    }
}
