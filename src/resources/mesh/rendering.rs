//! The objects of a plan.

use std::collections::BTreeSet;

use tfplugin::Diagnostic;

use super::mesh_charts::MeshCharts;
use super::renewal;
use crate::blocks::Loose;
use crate::desired::{Component, Kept, Manifest, ManifestSet, Placeholder};
use crate::health::Link;
use crate::lifecycle::{
    ApiServers, Drawn, Facts, Flattened, Keeping, Objects, Render, Rendered, Secrets, draw,
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

/// Every object that a plan knows of, with its fields where they are known.
#[derive(Debug, Default, PartialEq)]
pub struct Common {
    /// The objects.
    pub objects: Drawn,
    /// Whether there may be others, or some of these may not be.
    pub is_open: bool,
}

impl Rendering<'_> {
    /// What is the same in all of `meshes`, which are one mesh with every stand-in for what is unknown of it.
    ///
    /// # Errors
    /// What fails in each of them, and does not for want of unknown values.
    pub fn objects(&self, meshes: &[ValidatedMesh], facts: &Facts) -> Result<Common, Diagnostic> {
        let mut drawn = Vec::new();
        let mut failed = None;
        let flattened = Flattened::default();
        for mesh in meshes {
            match self.of_mesh(mesh, facts, &flattened) {
                Ok(objects) => drawn.push(objects),
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        match failed {
            Some(error) if drawn.is_empty() && self.loose.is_empty() => Err(error),
            // What one stand-in alone renders says nothing about the others.
            Some(_) if drawn.len() < 2 => Ok(Common { is_open: true, ..Common::default() }),
            _ => {
                let common = common(drawn);
                Ok(Common { is_open: common.is_open || !self.loose.is_empty(), ..common })
            }
        }
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
    fn render(&self, cluster: &ClusterName, facts: &ClusterFacts) -> Result<ManifestSet, Diagnostic> {
        self.charts.render_as(self.mesh, cluster, facts, &Kept::default())
    }

    fn render_keeping(
        &self,
        cluster: &ClusterName,
        facts: &ClusterFacts,
        kept: &Kept,
    ) -> Result<ManifestSet, Diagnostic> {
        self.charts.render_as(self.mesh, cluster, facts, kept)
    }
}

/// What all of them have alike: an object that one of them renders otherwise is unknown.
fn common(drawn: Vec<Drawn>) -> Common {
    let mut all = drawn.into_iter();
    let mut common = Common { objects: all.next().unwrap_or_default(), is_open: false };
    for mut other in all {
        common.is_open |= !other.keys().eq(common.objects.keys());
        for (id, known) in &mut common.objects {
            let object = other.remove(id).flatten();
            *known = known.take().filter(|known| Some(known) == object.as_ref());
        }
        common.objects.extend(other.into_keys().map(|id| (id, None)));
    }
    common
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

    fn drawn(objects: &[(&str, &str)]) -> Drawn {
        let objects = objects.iter().map(|(name, value)| {
            let id = format!("east//Service/istio-system/{name}").parse().unwrap();
            let fields = [("spec.type".to_owned(), (*value).to_owned())].into();
            (id, Some(Rendered { fields, ..Rendered::default() }))
        });
        objects.collect()
    }

    fn known(drawn: &Common) -> Vec<&str> {
        let known = drawn.objects.iter().filter(|(_, object)| object.is_some());
        known.map(|(id, _)| id.name.as_str()).collect()
    }

    #[test]
    fn what_is_drawn_once_is_known() {
        let one = common(vec![drawn(&[("a", "1"), ("b", "1")])]);
        assert_eq!(known(&one), ["a", "b"]);
        assert!(!one.is_open);
    }

    #[test]
    fn an_object_that_depends_on_what_is_unknown_is_unknown_and_no_other() {
        let common = common(vec![drawn(&[("a", "1"), ("b", "1")]), drawn(&[("a", "1"), ("b", "2")])]);
        assert_eq!(known(&common), ["a"]);
        assert_eq!(common.objects.len(), 2);
        assert!(!common.is_open);
    }

    #[test]
    fn objects_that_may_or_may_not_be_leave_the_set_open() {
        let with = || drawn(&[("a", "1"), ("b", "1")]);
        for order in [vec![with(), drawn(&[("a", "1")])], vec![drawn(&[("a", "1")]), with()]] {
            let common = common(order);
            assert!(common.is_open);
            assert_eq!(known(&common), ["a"]);
        }
    }

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
