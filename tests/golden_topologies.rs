//! `tests/golden/<topology>/mesh.yaml` → the objects of every cluster, as a plan shows them.
//!
//! `UPDATE_GOLDEN=1` writes what is rendered; the difference is for review.

#![cfg(test)]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use helm_template::Chart;
use istio_provider::desired::{Component, ManifestSet};
use istio_provider::manifests::{FingerprintKey, ObjectId, flatten, secret_field};
use istio_provider::mesh::{ChartName, ClusterFacts, Mesh, ValidatedMesh, ValidatedPrimary};
use istio_provider::render::render;
use lab::parts::{self, Part};
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

fn mesh(topology: &Path) -> ValidatedMesh {
    let text = fs::read_to_string(topology.join("mesh.yaml")).unwrap();
    let document = helm_template::yaml::parse(&text).unwrap();
    let mesh: Mesh = serde_json::from_value(document).unwrap();
    mesh.validate().unwrap()
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
        let files = rendered(&mesh(&topology)).iter().flat_map(files).collect();
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
