//! `tests/golden/<topology>/mesh.yaml`, `remote.yaml` for a cluster that joins a mesh, or `federation.yaml` → the objects of every
//! cluster, as a plan shows them.
//!
//! `UPDATE_GOLDEN=1` writes what is rendered; the difference is for review.

#![cfg(test)]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use helm_template::Chart;
use istio_provider::desired::{Component, Kept, ManifestSet};
use istio_provider::manifests::{FingerprintKey, ObjectId, flatten, secret_field};
use istio_provider::mesh::{
    ChartName, ClusterFacts, Federation, Mesh, RemoteCluster, ValidatedFederation, ValidatedMesh,
    ValidatedPrimary, ValidatedRemote,
};
use istio_provider::render::{Renderer, render, render_beside, render_federation, render_remote};
use lab::parts::{self, Part};
use serde::de::DeserializeOwned;
use serde_json::Value;

static CHARTS: LazyLock<BTreeMap<ChartName, Chart>> = LazyLock::new(|| {
    let charts = parts::charts().unwrap();
    let chart = |name: ChartName| (name, Chart::from_directory(charts.chart(name.as_str())).unwrap());
    ChartName::ALL.map(chart).into()
});

fn facts() -> ClusterFacts {
    ClusterFacts {
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        kubernetes_version: "v1.36.3".to_owned(),
    }
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn read<T: DeserializeOwned>(file: &Path) -> T {
    let text = fs::read_to_string(file).unwrap();
    serde_json::from_value(helm_template::yaml::parse(&text).unwrap()).unwrap()
}

fn mesh(topology: &Path) -> ValidatedMesh {
    read::<Mesh>(&topology.join("mesh.yaml")).validate().unwrap()
}

fn remote(topology: &Path) -> ValidatedRemote {
    read::<RemoteCluster>(&topology.join("remote.yaml")).validate().unwrap()
}

fn sets(topology: &Path) -> Vec<ManifestSet> {
    if topology.join("mesh.yaml").is_file() {
        rendered(&mesh(topology))
    } else if topology.join("federation.yaml").is_file() {
        rendered_federation(&read::<Federation>(&topology.join("federation.yaml")).validate().unwrap())
    } else {
        rendered_remote(&remote(topology))
    }
}

fn rendered_remote(remote: &ValidatedRemote) -> Vec<ManifestSet> {
    let charts = remote.member().charts().map(|name| (name, &CHARTS[&name])).collect();
    let own = render_remote(&Renderer::default(), remote, &charts, &facts(), &Kept::default()).unwrap();
    let beside = remote.readers().iter().map(|primary| render_beside(remote, primary).unwrap());
    [own].into_iter().chain(beside).collect()
}

fn rendered_federation(federation: &ValidatedFederation) -> Vec<ManifestSet> {
    let roots = federation.known_peers().flat_map(|(_, facts)| facts.roots.keys());
    let bound = roots.map(|root| (root.clone(), format!("cross-certificate of {root}\n"))).collect();
    let render = |primary| render_federation(federation, primary, &bound).unwrap();
    federation.own().primaries.keys().map(render).collect()
}

fn rendered(mesh: &ValidatedMesh) -> Vec<ManifestSet> {
    let render = |primary: &ValidatedPrimary| {
        let charts = primary.member().charts().map(|name| (name, &CHARTS[&name])).collect();
        render(mesh, primary, &charts, &facts()).unwrap()
    };
    mesh.primaries().values().map(render).collect()
}

/// File name → content, one file an object.
fn files(set: &ManifestSet) -> BTreeMap<String, String> {
    let key = FingerprintKey::new([0; 32]);
    let mut files = BTreeMap::new();
    for manifest in set.manifests() {
        let id = ObjectId::of(set.cluster(), &manifest.object);
        let mut text = format!("# {id}, {:?}\n", manifest.stage);
        for (path, value) in flatten(&manifest.object, &key) {
            writeln!(text, "{path} = {}", value.replace('\n', "\\n")).unwrap();
        }
        for (key, placeholder) in &manifest.placeholders {
            writeln!(text, "{} is filled with {placeholder:?}", secret_field(key)).unwrap();
        }
        let parts = [id.kind.as_str(), &id.namespace, &id.name];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let name = format!("{}/{}.txt", id.cluster, parts.join("."));
        assert_eq!(files.insert(name, text), None, "{id} and another object have one file");
    }
    files
}

/// Every file in the directories of clusters.
fn expected(topology: &Path) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for cluster in
        fs::read_dir(topology).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        for file in fs::read_dir(cluster).unwrap().map(|entry| entry.unwrap().path()) {
            let name = file.strip_prefix(topology).unwrap().to_str().unwrap().to_owned();
            files.insert(name, fs::read_to_string(file).unwrap());
        }
    }
    files
}

fn write(topology: &Path, files: &BTreeMap<String, String>) {
    for name in expected(topology).keys().filter(|name| !files.contains_key(*name)) {
        fs::remove_file(topology.join(name)).unwrap();
    }
    for (name, text) in files {
        let path = topology.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

#[test]
fn every_topology_renders_as_recorded() {
    let topologies: Vec<PathBuf> =
        fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(topologies.len() >= 3, "{topologies:?}");
    let mut changed = Vec::new();
    for topology in topologies {
        let files = sets(&topology).iter().flat_map(files).collect();
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            write(&topology, &files);
        }
        let expected = expected(&topology);
        let names = files.keys().chain(expected.keys());
        let differing = names.filter(|name| files.get(*name) != expected.get(*name));
        changed.extend(differing.map(|name| topology.join(name).display().to_string()));
    }
    changed.sort();
    changed.dedup();
    assert!(
        changed.is_empty(),
        "rendered otherwise than recorded (UPDATE_GOLDEN=1 records):\n{}",
        changed.join("\n")
    );
}

/// The objects that Helm itself renders, by kind and name.
fn helm_template(release: &str, chart: &str, settings: &[&str]) -> BTreeMap<String, Value> {
    let mut command = Command::new(parts::find(Part::Helm).unwrap());
    command.args(["template", release]).arg(parts::charts().unwrap().chart(chart));
    command.args(["--namespace", "istio-system", "--kube-version", "v1.36.3"]);
    for setting in settings {
        command.args(["--set-string", setting]);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let documents = helm_template::yaml::parse_documents(&String::from_utf8(output.stdout).unwrap()).unwrap();
    documents
        .into_iter()
        .filter(|document| !document.is_null())
        .map(|object| (name(&object), object))
        .collect()
}

fn name(object: &Value) -> String {
    format!("{} {}", object["kind"], object["metadata"]["name"])
}

/// The one label that we write otherwise than the charts.
fn with_our_label(mut object: Value) -> Value {
    for labels in ["/metadata/labels", "/spec/template/metadata/labels"] {
        let label = object.pointer_mut(&format!("{labels}/app.kubernetes.io~1managed-by"));
        if let Some(label) = label {
            *label = Value::from("terraform-provider-istio");
        }
    }
    object
}

#[test]
fn a_primary_has_what_the_official_commands_install() {
    let mut helm = helm_template("istio-base", "base", &["global.istioNamespace=istio-system"]);
    helm.extend(helm_template(
        "istiod",
        "istiod",
        &[
            "global.meshID=shop",
            "global.multiCluster.clusterName=east",
            "global.network=net-east",
            "global.istioNamespace=istio-system",
            "meshConfig.trustDomain=shop.example",
            "env.ISTIO_MULTIROOT_MESH=true",
            "env.SHARED_MESH_CONFIG=shared-mesh-config",
            "meshConfig.defaultConfig.proxyMetadata.ISTIO_META_DNS_CAPTURE=true",
            "meshConfig.defaultConfig.proxyMetadata.PROXY_CONFIG_XDS_AGENT=true",
        ],
    ));
    let sets = rendered(&mesh(&golden().join("one-primary")));
    let of_charts =
        sets[0].manifests().iter().filter(|manifest| matches!(manifest.component, Component::Chart(_)));
    let objects = of_charts.map(|manifest| (name(&manifest.object), Value::clone(&manifest.object)));
    let ours: BTreeMap<String, Value> = objects.collect();
    assert_eq!(ours.keys().collect::<Vec<_>>(), helm.keys().collect::<Vec<_>>());
    for (name, object) in helm {
        assert_eq!(ours[&name], with_our_label(object), "{name}");
    }
}

const READER: &str = "istiod of the primaries reads the cluster by an account with fewer rights";
const CONFIG_CLUSTER: &str =
    "global.configCluster: no istiod reads its configuration from this cluster, or runs in it";

/// What differs from what the guide "Install Primary-Remote on different networks" installs into the remote cluster, and why.
const UNLIKE_THE_GUIDE: &[(&str, &str, &str)] = &[
    ("ClusterRole", "istio-reader-clusterrole-istio-system", READER),
    ("ClusterRole", "istiod-clusterrole-istio-system", CONFIG_CLUSTER),
    ("ClusterRole", "istiod-gateway-controller-istio-system", CONFIG_CLUSTER),
    ("ClusterRoleBinding", "istio-reader-clusterrole-istio-system", READER),
    ("ClusterRoleBinding", "istiod-clusterrole-istio-system", CONFIG_CLUSTER),
    ("ClusterRoleBinding", "istiod-gateway-controller-istio-system", CONFIG_CLUSTER),
    ("ConfigMap", "values", "the values of both"),
    ("Role", "istiod", CONFIG_CLUSTER),
    ("RoleBinding", "istiod", CONFIG_CLUSTER),
    ("ServiceAccount", "istio-reader-service-account", READER),
    ("ServiceAccount", "istiod", CONFIG_CLUSTER),
    ("ValidatingWebhookConfiguration", "istio-validator-istio-system", CONFIG_CLUSTER),
];

#[test]
fn a_remote_cluster_has_what_the_official_commands_install() {
    let mut helm = helm_template("istio-base", "base", &["profile=remote"]);
    helm.extend(helm_template(
        "istiod",
        "istiod",
        &[
            "profile=remote",
            "global.meshID=shop",
            "global.multiCluster.clusterName=edge",
            "global.network=net-edge",
            "istiodRemote.injectionPath=/inject/cluster/edge/net/net-edge",
            "global.configCluster=true",
            "global.remotePilotAddress=192.0.2.1",
        ],
    ));
    let sets = rendered_remote(&remote(&golden().join("remote-on-a-network-of-its-own")));
    let of_charts = sets[0].manifests().iter().filter(|manifest| {
        matches!(manifest.component, Component::Chart(ChartName::Base | ChartName::Istiod))
    });
    let objects = of_charts.map(|manifest| (name(&manifest.object), Value::clone(&manifest.object)));
    let ours: BTreeMap<String, Value> = objects.collect();
    let mut differing = Vec::new();
    for name in helm.keys().chain(ours.keys()).collect::<BTreeSet<_>>() {
        if ours.get(name) != helm.get(name).cloned().map(with_our_label).as_ref() {
            differing.push(name.as_str());
        }
    }
    let expected = UNLIKE_THE_GUIDE.iter().map(|(kind, name, _)| format!("{kind:?} {name:?}"));
    assert_eq!(differing, expected.collect::<Vec<_>>(), "{UNLIKE_THE_GUIDE:?}");
}
