//! What the record in each cluster remembers of a resource beside its objects: enough to recognise it, and to import it when its
//! state is lost. No secrets: whoever may read `ConfigMap`s can read it.

use std::collections::{BTreeMap, BTreeSet};

use tfplugin::{Diagnostic, TerraformValue as _};

use super::managed::{Kind, Managed};
use crate::diagnostics;

const CLUSTERS: &str = "clusters";
const CONFIGURATION: &str = "configuration";
const CHART_DIGESTS: &str = "chart_digests";
/// What every placeholder was last filled from; written when a run has ended well.
pub(super) const ORIGINS: &str = "origins";
/// What the cluster keeps of write-only documents, without their content; written when a run has ended well.
pub(super) const WRITE_ONLY: &str = "write_only";

/// What tells one resource from another of its type that wants the same clusters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Character {
    /// The settings that [`Kind::traits`] names; empty where there is none.
    pub traits: BTreeMap<&'static str, String>,
    /// UIDs of the clusters.
    pub clusters: BTreeSet<String>,
}

/// What a record says of the resource that it belongs to.
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

/// What the records of a resource shall remember.
///
/// # Errors
/// The configuration has no form as JSON.
pub fn settings<R: Managed>(
    character: &Character,
    planned: &R::Model,
    chart_digests: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, String>, Diagnostic> {
    let configuration = R::schema().settings_to_json(planned.clone().into_value());
    let configuration = configuration.map_err(|error| {
        let way_out = "This is a bug in the provider. Nothing was written.";
        let summary = format!("Cannot record the configuration of the {}", R::KIND.noun);
        diagnostics::failure(summary, &error, way_out, None)
    })?;
    let Character { traits, clusters } = character.clone();
    let settings = [
        (CLUSTERS, clusters.into_iter().collect::<Vec<_>>().join("\n")),
        (CONFIGURATION, configuration),
        (CHART_DIGESTS, lines(chart_digests)),
    ];
    Ok(traits.into_iter().chain(settings).map(|(key, value)| (key.to_owned(), value)).collect())
}

impl Character {
    /// The name of the resource, as the user has it in the configuration.
    pub fn name(&self, kind: Kind) -> &str {
        kind.traits.first().and_then(|name| self.traits.get(name)).map(String::as_str).unwrap_or_default()
    }
}

impl Remembered {
    /// What these settings say. What a damaged record lacks is empty.
    pub fn read(settings: &BTreeMap<String, String>, kind: Kind) -> Self {
        let text = |key: &str| settings.get(key).cloned().unwrap_or_default();
        let pairs = text(CHART_DIGESTS);
        let pairs = pairs.lines().filter_map(|line| line.split_once(' '));
        Self {
            character: Character {
                traits: kind.traits.iter().map(|key| (*key, text(key))).collect(),
                clusters: text(CLUSTERS).lines().map(str::to_owned).collect(),
            },
            configuration: text(CONFIGURATION),
            chart_digests: pairs.map(|(chart, digest)| (chart.to_owned(), digest.to_owned())).collect(),
            origins: settings.get(ORIGINS).cloned(),
        }
    }

    /// The configuration that was last applied, as a state in which nothing else is known.
    ///
    /// # Errors
    /// It was written by a newer provider, or somebody has changed it.
    pub fn configuration<R: Managed>(&self) -> Result<R::Model, tfplugin::ValueError> {
        R::Model::from_value(R::schema().settings_from_json(&self.configuration)?)
    }

    /// The labels that the resource's clusters had in its configuration.
    pub fn labels<R: Managed>(&self) -> BTreeSet<String> {
        self.configuration::<R>().map(|model| R::labels(&model)).unwrap_or_default()
    }
}

fn lines(map: &BTreeMap<String, String>) -> String {
    map.iter().map(|(key, value)| format!("{key} {value}")).collect::<Vec<_>>().join("\n")
}

/// The command by which the resource of this name is imported. The address is the user's to fill in.
pub fn import_command(kind: Kind, name: &str, labels: &BTreeSet<String>) -> String {
    let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
    format!("terraform import {}.NAME '{name}@{}'", kind.resource_type, labels.join(","))
}

/// The resource that an import names: its name, and the labels of its clusters.
pub(super) fn parse_import_id(id: &str) -> Option<(String, BTreeSet<String>)> {
    let (name, labels) = id.split_once('@')?;
    let labels: BTreeSet<String> = labels.split(',').map(|label| label.trim().to_owned()).collect();
    let is_whole = !name.is_empty() && labels.iter().all(|label| !label.is_empty());
    is_whole.then(|| (name.to_owned(), labels))
}

#[cfg(test)]
mod tests {
    use tfplugin::AttributePath;

    use super::*;

    const KIND: Kind = Kind {
        resource_type: "istio_mesh",
        noun: "mesh",
        traits: &["mesh_id"],
        example: "shop",
        place: |_| AttributePath::root(),
    };

    #[test]
    fn an_import_names_the_resource_and_the_labels_of_its_clusters() {
        let labels = BTreeSet::from(["east".to_owned(), "west".to_owned()]);
        assert_eq!(parse_import_id("shop@east, west"), Some(("shop".to_owned(), labels.clone())));
        assert_eq!(
            import_command(KIND, "shop", &labels),
            "terraform import istio_mesh.NAME 'shop@east,west'"
        );
        for wrong in ["shop", "@east", "shop@", "shop@east,,west"] {
            assert_eq!(parse_import_id(wrong), None, "{wrong}");
        }
    }
}
