//! Whether istiod looks at the namespaces that Istio and its gateways are in: `discoverySelectors` of the mesh configuration.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;
use tfplugin::{Diagnostic, Diagnostics};

use super::place::primary;
use super::settings::minor;
use crate::clusters::Cluster;
use crate::desired::{ManifestSet, object};
use crate::mesh::{ClusterName, Member};
use crate::mesh_config::{self, Document};
use crate::observe;

/// The label that Kubernetes gives every namespace.
const NAME_LABEL: &str = "kubernetes.io/metadata.name";

type Labels = BTreeMap<String, String>;

/// What decides it, of every cluster that was rendered.
#[derive(Debug, Default)]
pub struct Discoveries(Mutex<BTreeMap<ClusterName, Discovery>>);

/// What one cluster contributes.
#[derive(Clone, Debug, Default, PartialEq)]
struct Discovery {
    /// The selectors of its istiod, which are for the namespaces of all clusters.
    selectors: Vec<Value>,
    /// Its namespaces of Istio and of gateways, with the labels that they are known to have.
    namespaces: BTreeMap<String, Labels>,
}

/// A namespace of `cluster` that istiod of `reader` does not look at.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Unselected {
    reader: ClusterName,
    cluster: ClusterName,
    namespace: String,
}

impl Discoveries {
    /// Notes what a cluster is to hold.
    pub fn note(&self, cluster: &ClusterName, member: &Member, set: &ManifestSet) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        noted.insert(cluster.clone(), Discovery::of(member, set));
    }

    /// Refuses selectors that leave out a namespace which the mesh needs. Labels that somebody else has given it count: they are
    /// read where those of the plan are not enough.
    ///
    /// # Errors
    /// Every such namespace.
    pub async fn check(&self, reachable: &[Cluster]) -> Result<(), Diagnostics> {
        let noted = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut said = Diagnostics::new();
        for unselected in unselected(&noted) {
            let cluster = reachable.iter().find(|cluster| cluster.name() == unselected.cluster.as_str());
            // Of a cluster that is not there yet nothing is known.
            let Some(cluster) = cluster else { continue };
            let Ok(live) = observe::namespace_labels(cluster, &unselected.namespace).await else { continue };
            let known =
                noted.get(&unselected.cluster).and_then(|it| it.namespaces.get(&unselected.namespace));
            let labels = live.into_iter().chain(known.cloned().unwrap_or_default()).collect();
            let selectors = noted.get(&unselected.reader).map(|it| it.selectors.as_slice());
            if !selects(selectors.unwrap_or_default(), &labels) {
                said.push(unselected.said());
            }
        }
        said.into_result()
    }
}

impl Discovery {
    fn of(member: &Member, set: &ManifestSet) -> Self {
        let objects = || set.manifests().iter().map(|manifest| manifest.shown().as_ref());
        let is_config = |it: &&Value| object::kind(it) == "ConfigMap" && object::name(it) == "istio";
        let text = objects().find(is_config).and_then(|it| it.pointer("/data/mesh")).and_then(Value::as_str);
        let document = text
            .filter(|text| ["discoverySelectors", "discovery_selectors"].iter().any(|it| text.contains(it)));
        let value = document.and_then(|text| helm_template::yaml::parse(text).ok()).unwrap_or_default();
        let read = mesh_config::read(Document::MeshConfig, minor(member), &value).value;
        let selectors = read.get("discoverySelectors").and_then(Value::as_array).cloned().unwrap_or_default();
        let namespaces = objects().filter(|it| object::kind(it) == "Namespace");
        let namespaces = namespaces.map(|namespace| (object::name(namespace).to_owned(), labels(namespace)));
        Self { selectors, namespaces: namespaces.collect() }
    }
}

fn labels(namespace: &Value) -> Labels {
    let labels = namespace.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    labels.chain([(NAME_LABEL.to_owned(), object::name(namespace).to_owned())]).collect()
}

/// A selector that is none has been refused before.
fn selects(selectors: &[Value], labels: &Labels) -> bool {
    mesh_config::selects(selectors, labels).unwrap_or(true)
}

fn unselected(noted: &BTreeMap<ClusterName, Discovery>) -> Vec<Unselected> {
    let mut found = Vec::new();
    for (reader, Discovery { selectors, .. }) in noted {
        for (cluster, Discovery { namespaces, .. }) in noted {
            let others = namespaces.iter().filter(|(_, labels)| !selects(selectors, labels));
            found.extend(others.map(|(namespace, _)| Unselected {
                reader: reader.clone(),
                cluster: cluster.clone(),
                namespace: namespace.clone(),
            }));
        }
    }
    found
}

impl Unselected {
    fn said(&self) -> Diagnostic {
        let Self { reader, cluster, namespace } = self;
        let (reader, label) = (reader.as_str(), cluster.as_str());
        let summary = format!(
            "Cluster {reader:?}: discoverySelectors do not select the namespace {namespace} of cluster {label:?}"
        );
        let detail = format!(
            "istiod ignores a namespace that no selector selects: gateways there get no listeners and no root certificate, and \
             other networks do not find them. Add a selector by the namespace's name, {{ matchLabels = {{ {NAME_LABEL:?} = \
             {namespace:?} }} }}, or give the namespace in cluster {label:?} a label that is selected and plan again."
        );
        Diagnostic::error(summary, detail).at(primary(reader))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desired::Kept;
    use crate::mesh::ClusterFacts;
    use crate::resources::mesh::mesh_charts::MeshCharts;
    use crate::resources::mesh::model::MeshModel;
    use crate::resources::mesh::readings::readings;
    use crate::resources::mesh::readings::tests::{config, with_gateway};

    /// The namespaces that are not selected, as `reader: cluster/namespace`.
    fn unselected_by(mut config: MeshModel, selectors: &str) -> Vec<String> {
        config.mesh_config = format!("discoverySelectors: {selectors}").into();
        let mesh = readings(&config).unwrap().0.meshes.remove(0);
        let charts = MeshCharts::of_istio(mesh.clone());
        for cluster in mesh.primaries().keys() {
            let facts = ClusterFacts { uid: cluster.to_string(), kubernetes_version: "v1.36.3".to_owned() };
            charts.render_as(&mesh, cluster, &facts, &Kept::default()).unwrap();
        }
        let noted = charts.discovery().0.lock().unwrap().clone();
        let found = unselected(&noted);
        found.iter().map(|it| format!("{}: {}/{}", it.reader, it.cluster, it.namespace)).collect()
    }

    #[test]
    fn namespaces_that_no_selector_selects_are_found_for_every_reader() {
        let all = [
            "east: east/istio-system",
            "east: west/istio-system",
            "west: east/istio-system",
            "west: west/istio-system",
        ];
        assert_eq!(unselected_by(config(), "[{matchLabels: {mesh: shop}}]"), all);
        let expression =
            "[{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop]}]}]";
        assert_eq!(unselected_by(config(), expression), all);
    }

    #[test]
    fn a_namespace_is_selected_by_its_name_and_by_labels_that_it_gets() {
        for selectors in [
            "[]",
            "[{}]",
            "[{matchLabels: {kubernetes.io/metadata.name: istio-system}}, {matchLabels: {mesh: shop}}]",
            "[{matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, istio-system]}]}]",
            "[{matchExpressions: [{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}]}]",
            "[{matchExpressions: [{key: topology.istio.io/network, operator: Exists}]}]",
        ] {
            assert_eq!(unselected_by(config(), selectors), Vec::<String>::new(), "{selectors}");
        }
    }

    #[test]
    fn the_namespace_of_a_gateway_counts_too() {
        let config = with_gateway(|gateway| gateway.namespace = "gateways".into());
        let selectors = "[{matchLabels: {kubernetes.io/metadata.name: istio-system}}]";
        assert_eq!(unselected_by(config, selectors), ["east: west/gateways", "west: west/gateways"]);
    }

    #[test]
    fn the_message_has_both_ways_out() {
        let name = |label: &str| label.parse().unwrap();
        let unselected =
            Unselected { reader: name("east"), cluster: name("west"), namespace: "gateways".to_owned() };
        let said = unselected.said();
        assert_eq!(
            said.summary,
            "Cluster \"east\": discoverySelectors do not select the namespace gateways of cluster \"west\""
        );
        assert!(said.detail.contains("matchLabels = { \"kubernetes.io/metadata.name\" = \"gateways\" }"));
        assert!(said.detail.contains("give the namespace in cluster \"west\" a label"));
    }
}
