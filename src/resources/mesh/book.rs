//! What the record in each cluster remembers of the mesh beside its objects: enough to recognise it, and to import it when its
//! state is lost. No secrets: whoever may read `ConfigMap`s can read it.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostic, Field, TerraformValue as _};

use super::model::MeshModel;
use super::schema;
use crate::diagnostics;

const MESH_ID: &str = "mesh_id";
const TRUST_DOMAIN: &str = "trust_domain";
const CLUSTERS: &str = "clusters";
const ROOT: &str = "root";
const CONFIGURATION: &str = "configuration";
const CHART_DIGESTS: &str = "chart_digests";
/// What every placeholder was last filled from; written when a run has ended well.
pub const ORIGINS: &str = "origins";

/// What tells one mesh from another that wants the same clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Character {
    /// `mesh_id`.
    pub mesh_id: String,
    /// `trust_domain`, with its default.
    pub trust_domain: String,
    /// Fingerprint of the root that the user gives, empty if there is none.
    pub root: String,
    /// UIDs of the clusters.
    pub clusters: BTreeSet<String>,
}

/// What a record says of the mesh that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// What tells it from others.
    pub character: Character,
    configuration: String,
    /// Digest of each chart.
    pub chart_digests: BTreeMap<String, String>,
    /// What every placeholder was last filled from; `None` if the last run did not end well.
    pub origins: Option<String>,
}

/// What the records of a mesh shall remember.
///
/// # Errors
/// The configuration has no form as JSON.
pub fn settings(
    character: &Character,
    planned: &MeshModel,
    chart_digests: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Diagnostic> {
    let configuration = schema::schema().settings_to_json(planned.clone().into_value());
    let configuration = configuration.map_err(|error| {
        let way_out = "This is a bug in the provider. Nothing was written.";
        diagnostics::failure("Cannot record the configuration of the mesh", &error, way_out, None)
    })?;
    let Character { mesh_id, trust_domain, root, clusters } = character.clone();
    let settings = [
        (MESH_ID, mesh_id),
        (TRUST_DOMAIN, trust_domain),
        (ROOT, root),
        (CLUSTERS, clusters.into_iter().collect::<Vec<_>>().join("\n")),
        (CONFIGURATION, configuration),
        (CHART_DIGESTS, lines(chart_digests)),
    ];
    Ok(settings.map(|(key, value)| (key.to_owned(), value)).into())
}

impl Remembered {
    /// What these settings say. What a damaged record lacks is empty.
    pub fn read(settings: &BTreeMap<String, String>) -> Self {
        let text = |key: &str| settings.get(key).cloned().unwrap_or_default();
        let pairs = text(CHART_DIGESTS);
        let pairs = pairs.lines().filter_map(|line| line.split_once(' '));
        Self {
            character: Character {
                mesh_id: text(MESH_ID),
                trust_domain: text(TRUST_DOMAIN),
                root: text(ROOT),
                clusters: text(CLUSTERS).lines().map(str::to_owned).collect(),
            },
            configuration: text(CONFIGURATION),
            chart_digests: pairs.map(|(chart, digest)| (chart.to_owned(), digest.to_owned())).collect(),
            origins: settings.get(ORIGINS).cloned(),
        }
    }

    /// The configuration that the mesh was last applied with, as a state in which nothing else is known.
    ///
    /// # Errors
    /// It was written by a newer provider, or somebody has changed it.
    pub fn configuration(&self) -> Result<MeshModel, tfplugin::ValueError> {
        MeshModel::from_value(schema::schema().settings_from_json(&self.configuration)?)
    }

    /// The labels that the mesh's clusters had in its configuration.
    pub fn labels(&self) -> BTreeSet<String> {
        let primaries = self.configuration().ok().and_then(|model| model.primary.into_known());
        primaries.unwrap_or_default().into_keys().collect()
    }
}

fn lines(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join("\n")
}

/// The command by which the resource is imported that a record belongs to. The address is the user's to fill in.
pub fn import_command(mesh_id: &str, labels: &BTreeSet<String>) -> String {
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    format!("terraform import istio_mesh.NAME '{}'", import_id(mesh_id, &labels))
}

/// How an import names a mesh.
fn import_id(mesh_id: &str, labels: &[&str]) -> String {
    format!("{mesh_id}@{}", labels.join(","))
}

/// The mesh that an import names: its mesh ID, and the labels of its clusters.
pub fn parse_import_id(id: &str) -> Option<(String, BTreeSet<String>)> {
    let (mesh_id, labels) = id.split_once('@')?;
    let labels: BTreeSet<String> = labels.split(',').map(|label| label.trim().to_owned()).collect();
    let is_whole = !mesh_id.is_empty() && labels.iter().all(|label| !label.is_empty());
    is_whole.then(|| (mesh_id.to_owned(), labels))
}

/// What tells the planned mesh from others.
pub fn character(planned: &MeshModel, root: Option<String>, clusters: BTreeSet<String>) -> Character {
    let text = |field: &Field<String>| field.as_known().cloned();
    Character {
        mesh_id: text(&planned.mesh_id).unwrap_or_default(),
        trust_domain: text(&planned.trust_domain)
            .unwrap_or_else(|| crate::mesh::DEFAULT_TRUST_DOMAIN.to_owned()),
        root: root.unwrap_or_default(),
        clusters,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn empty() -> MeshModel {
        MeshModel::from_value(schema::schema().empty()).unwrap()
    }

    #[test]
    fn an_import_names_the_mesh_and_the_labels_of_its_clusters() {
        let labels = BTreeSet::from(["east".to_owned(), "west".to_owned()]);
        assert_eq!(parse_import_id("shop@east, west"), Some(("shop".to_owned(), labels.clone())));
        assert_eq!(import_command("shop", &labels), "terraform import istio_mesh.NAME 'shop@east,west'");
        for wrong in ["shop", "@east", "shop@", "shop@east,,west"] {
            assert_eq!(parse_import_id(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_record_remembers_the_configuration_and_no_secrets() {
        let planned =
            MeshModel { id: "5".into(), mesh_id: "shop".into(), version: "1.31.0".into(), ..empty() };
        let clusters = BTreeSet::from(["u1".to_owned(), "u2".to_owned()]);
        let character = character(&planned, None, clusters);
        let digests = BTreeMap::from([("base-1.31.0".to_owned(), "sha256:1".to_owned())]);
        let settings = settings(&character, &planned, &digests).unwrap();
        let remembered = Remembered::read(&settings);
        assert_eq!(remembered.character, character);
        assert_eq!(remembered.character.trust_domain, "cluster.local");
        assert_eq!(remembered.chart_digests, digests);
        assert_eq!(remembered.origins, None);
        let configuration = remembered.configuration().unwrap();
        assert_eq!(configuration.mesh_id.as_str(), Some("shop"));
        assert_eq!(configuration.version.as_str(), Some("1.31.0"));
        assert!(configuration.id.is_null(), "what the provider sets is not configuration");
    }
}
