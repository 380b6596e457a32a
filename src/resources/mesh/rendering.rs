//! The objects of a plan.

use std::collections::BTreeSet;

use tfplugin::Diagnostic;

use super::mesh_charts::MeshCharts;
use super::renewal;
use crate::blocks::Loose;
use crate::desired::{Component, Kept, Manifest, ManifestSet, Placeholder};
use crate::health::Link;
use crate::lifecycle::{
    ApiServers, Common, Drawn, Facts, Flattened, Keeping, Objects, Render, Rendered, Secrets, draw,
};
use crate::manifests::{IgnoredFields, ObjectId, secret_field};
use crate::mesh::{ClusterFacts, ClusterName, ValidatedMesh};

/// What the objects of a plan are made from.
pub struct Rendering<'a> {
    /// The charts.
    pub charts: &'a MeshCharts,
    /// Objects of which nothing can be said.
    pub loose: &'a [Loose],
    /// What state says.
    pub prior: &'a Objects,
    /// What the resource remembers of secrets.
    pub secrets: &'a Secrets,
    /// How the clusters reach each other.
    pub api_servers: &'a ApiServers,
    /// The links (reader, read) that need another token.
    pub refused: &'a BTreeSet<Link>,
    /// The clusters whose intermediate is to be renewed.
    pub due: &'a BTreeSet<String>,
    /// The clusters whose address is not to be had.
    pub out_of_reach: &'a BTreeSet<ClusterName>,
    /// The fields that are left to others.
    pub ignored: &'a IgnoredFields,
}

impl Rendering<'_> {
    /// What is the same in all of `meshes`, which are one mesh with every stand-in for what is unknown of it.
    ///
    /// # Errors
    /// What fails in each of them, and does not for want of unknown values.
    pub fn objects(&self, meshes: &[ValidatedMesh], facts: &Facts) -> Result<Common, Diagnostic> {
        let flattened = Flattened::default();
        Common::of(meshes, !self.loose.is_empty(), |mesh| self.of_mesh(mesh, facts, &flattened))
    }

    fn of_mesh(
        &self,
        mesh: &ValidatedMesh,
        facts: &Facts,
        flattened: &Flattened,
    ) -> Result<Drawn, Diagnostic> {
        let source = Reading { charts: self.charts, mesh };
        draw(&source, facts, self.secrets, self.prior, |id, manifest, keeping| {
            let is_unknown = manifest.sensitive.as_ref().is_some_and(|sensitive| sensitive.is_unknown);
            let is_known = !is_unknown && !self.is_loose(&id.cluster, manifest.component);
            is_known.then(|| self.object(id, manifest, keeping, flattened))
        })
    }

    fn is_loose(&self, cluster: &str, component: Component) -> bool {
        let Component::Chart(chart) = component else { return false };
        self.loose.iter().any(|loose| loose.has(cluster, chart))
    }

    fn object(
        &self,
        id: &ObjectId,
        manifest: &Manifest,
        keeping: &Keeping,
        flattened: &Flattened,
    ) -> Rendered {
        let Self { secrets, prior, api_servers, .. } = *self;
        let mut rendered = Rendered::of(id, manifest, keeping, secrets, prior, api_servers, flattened);
        let placeholders = &mut rendered.placeholders;
        for (file, placeholder) in &manifest.placeholders {
            let field = secret_field(file);
            if matches!(placeholder, Placeholder::Access { cluster, .. } if self.out_of_reach.contains(cluster))
            {
                let prior = self.prior.get(id).and_then(|fields| fields.get(&field)).cloned();
                placeholders.insert(field.clone(), prior);
            }
            if self.is_refused(&id.cluster, placeholder)
                || renewal::is_renewed(self.due, &id.cluster, placeholder)
            {
                placeholders.insert(field, None);
            }
        }
        rendered.without(self.ignored, id)
    }

    /// Whether what was filled in is a token that is no longer accepted.
    fn is_refused(&self, reader: &str, placeholder: &Placeholder) -> bool {
        let Placeholder::Access { cluster: read, .. } = placeholder else { return false };
        self.refused.iter().any(|link| link.reader.as_str() == reader && link.read == *read)
    }
}

/// One reading of a configuration in which something is unknown, with the charts of all of them.
struct Reading<'a> {
    charts: &'a MeshCharts,
    mesh: &'a ValidatedMesh,
}

impl Render for Reading<'_> {
    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.charts.render_as(self.mesh, cluster, facts, kept)
    }
}

#[cfg(test)]
mod tests {
    use tfplugin::Field;

    use super::*;
    use crate::blocks::ChartModel;
    use crate::lifecycle::{KnownFacts, RecordedFingerprints};
    use crate::manifests::FingerprintKey;
    use crate::resources::mesh::model::MeshModel;
    use crate::resources::mesh::readings::readings;
    use crate::resources::mesh::readings::tests::{with_gateway, with_west};

    /// What a plan of this configuration draws with Istio's charts, without a state before.
    fn drawn_of(config: &MeshModel) -> Common {
        let readings = readings(config).unwrap().0;
        let charts = MeshCharts::of_istio(readings.meshes[0].clone());
        let facts = |label: &str| {
            let facts = ClusterFacts { uid: label.to_owned(), kubernetes_version: "v1.36.3".to_owned() };
            (label.parse().unwrap(), KnownFacts::Known(facts))
        };
        let secrets =
            Secrets { key: FingerprintKey::new([0; 32]), fingerprints: RecordedFingerprints::default() };
        let rendering = Rendering {
            charts: &charts,
            loose: &readings.loose,
            prior: &Objects::new(),
            secrets: &secrets,
            api_servers: &ApiServers::new(),
            refused: &BTreeSet::new(),
            due: &BTreeSet::new(),
            out_of_reach: &BTreeSet::new(),
            ignored: &IgnoredFields::default(),
        };
        rendering.objects(&readings.meshes, &["east", "west"].map(facts).into()).unwrap()
    }

    fn unknown(drawn: &Common) -> Vec<String> {
        let unknown = drawn.objects.iter().filter(|(_, object)| object.is_none());
        unknown.map(|(id, _)| id.to_string()).collect()
    }

    #[test]
    fn one_unknown_annotation_makes_one_service_unknown() {
        let drawn = drawn_of(&with_gateway(|gateway| {
            gateway.service_annotations = Field::Known([("eip".to_owned(), Field::Unknown)].into());
        }));
        assert!(!drawn.is_open);
        assert_eq!(unknown(&drawn), ["west//Service/istio-system/istio-eastwestgateway"]);
        assert!(drawn.objects.len() > 80, "{}", drawn.objects.len());
    }

    #[test]
    fn an_unknown_number_of_replicas_decides_whether_there_is_an_autoscaler() {
        let drawn = drawn_of(&with_gateway(|gateway| gateway.replicas = Field::Unknown));
        assert!(drawn.is_open);
        let all = ["apps/Deployment", "autoscaling/HorizontalPodAutoscaler"];
        assert_eq!(
            unknown(&drawn),
            all.map(|kind| format!("west/{kind}/istio-system/istio-eastwestgateway"))
        );
    }

    #[test]
    fn unknown_values_of_a_chart_leave_all_other_objects_known() {
        let drawn = drawn_of(&with_west(|west| {
            let chart = ChartModel { values: Field::Unknown, ..ChartModel::default() };
            west.chart = Field::Known([("istiod".to_owned(), chart)].into());
        }));
        assert!(drawn.is_open);
        let unknown = unknown(&drawn);
        assert!(unknown.contains(&"west/apps/Deployment/istio-system/istiod".to_owned()), "{unknown:?}");
        let others = ["cacerts", "istio-eastwestgateway", "east/", "CustomResourceDefinition"];
        assert!(unknown.iter().all(|id| !others.iter().any(|other| id.contains(other))), "{unknown:?}");
    }

    #[test]
    fn an_unknown_network_leaves_what_does_not_name_it() {
        let drawn = drawn_of(&with_west(|west| west.network = Field::Unknown));
        assert!(drawn.is_open, "the gateways are opened only between networks");
        let unknown = unknown(&drawn);
        assert!(unknown.contains(&"west/apps/Deployment/istio-system/istio-eastwestgateway".to_owned()));
        assert!(unknown.iter().all(|id| !id.contains("/Secret/")), "{unknown:?}");
        assert!(!unknown.contains(&"east/apps/Deployment/istio-system/istiod".to_owned()), "{unknown:?}");
    }
}

#[cfg(test)]
mod secrets;
