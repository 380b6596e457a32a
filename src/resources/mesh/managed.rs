//! What the lifecycle knows of a mesh.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostics, Field, Schema};

use super::declare::{declare, still_unknown};
use super::mesh_charts::MeshCharts;
use super::model::MeshModel;
use super::place::primary;
use super::resource::MeshResource;
use super::schema;
use super::scope::scope;
use crate::blocks::ignored_fields;
use crate::lifecycle::{Character, Holdings, Kind, Managed, Manifests, Recorded};
use crate::manifests::IgnoredFields;
use crate::mesh::DEFAULT_TRUST_DOMAIN;
use crate::observe::Scope;
use crate::provider_data::ProviderData;

const MESH_ID: &str = "mesh_id";
const TRUST_DOMAIN: &str = "trust_domain";
const ROOT: &str = "root";

impl Managed for MeshResource {
    type Model = MeshModel;
    type Source = MeshCharts;

    const KIND: Kind = Kind {
        resource_type: "istio_mesh",
        noun: "mesh",
        traits: &[MESH_ID, TRUST_DOMAIN, ROOT],
        example: "shop",
        place: primary,
    };

    fn schema() -> Schema {
        schema::schema()
    }

    fn id(model: &MeshModel) -> &Field<String> {
        &model.id
    }

    fn manifests(model: &MeshModel) -> &Field<Manifests> {
        &model.manifests
    }

    fn recorded(model: &MeshModel) -> Recorded {
        model.recorded()
    }

    fn with(model: MeshModel, holdings: Holdings) -> MeshModel {
        let Holdings { id, manifests, chart_digests, cluster_uids, kubernetes_versions } = holdings;
        MeshModel { id, manifests, chart_digests, cluster_uids, kubernetes_versions, ..model }
    }

    fn scope(model: &MeshModel, label: &str) -> Scope {
        scope(model, label)
    }

    fn traits(model: &MeshModel) -> BTreeMap<&'static str, String> {
        let trust_domain = model.trust_domain.as_str().unwrap_or(DEFAULT_TRUST_DOMAIN);
        let mesh_id = model.mesh_id.as_str().unwrap_or_default();
        [(MESH_ID, mesh_id.to_owned()), (TRUST_DOMAIN, trust_domain.to_owned()), (ROOT, String::new())].into()
    }

    fn ignored_fields(model: &MeshModel) -> IgnoredFields {
        ignored_fields::read(&model.ignored_fields).ok().flatten().unwrap_or_default()
    }

    fn labels(model: &MeshModel) -> BTreeSet<String> {
        model.primary.as_known().into_iter().flatten().map(|(label, _)| label.clone()).collect()
    }

    async fn source(
        model: &MeshModel,
        recorded: &Recorded,
        data: &ProviderData,
    ) -> Result<MeshCharts, Diagnostics> {
        let (mesh, _warnings) = declare(model)?;
        let Field::Known(mesh) = mesh else { return Err(still_unknown().into()) };
        Ok(MeshCharts::fetch(mesh, recorded, data).await?)
    }
}

/// What tells the planned mesh from others. `root` is the fingerprint of the root that the user gives.
pub fn character(planned: &MeshModel, root: Option<String>, clusters: BTreeSet<String>) -> Character {
    let mut traits = MeshResource::traits(planned);
    traits.extend(root.map(|root| (ROOT, root)));
    Character { traits, clusters }
}

#[cfg(test)]
mod tests {
    use tfplugin::TerraformValue as _;

    use super::*;
    use crate::lifecycle::{Remembered, settings};

    #[test]
    fn a_record_remembers_the_configuration_and_no_secrets() {
        let empty = MeshModel::from_value(schema::schema().empty()).unwrap();
        let planned = MeshModel { id: "5".into(), mesh_id: "shop".into(), version: "1.31.0".into(), ..empty };
        let clusters = BTreeSet::from(["u1".to_owned(), "u2".to_owned()]);
        let character = character(&planned, None, clusters);
        let digests = BTreeMap::from([("base-1.31.0".to_owned(), "sha256:1".to_owned())]);
        let settings = settings::<MeshResource>(&character, &planned, &digests).unwrap();
        let remembered = Remembered::read(&settings, MeshResource::KIND);
        assert_eq!(remembered.character, character);
        assert_eq!(remembered.character.traits[TRUST_DOMAIN], "cluster.local");
        assert_eq!(remembered.chart_digests, digests);
        assert_eq!(remembered.origins, None);
        let configuration = remembered.configuration::<MeshResource>().unwrap();
        assert_eq!(configuration.mesh_id.as_str(), Some("shop"));
        assert_eq!(configuration.version.as_str(), Some("1.31.0"));
        assert!(configuration.id.is_null(), "what the provider sets is not configuration");
    }
}
