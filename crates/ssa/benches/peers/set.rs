//! The sets of objects.

use std::process::Command;

use lab::parts::{self, Part};
use serde_json::{Value, json};
use tempfile::TempDir;

pub struct Set {
    pub name: &'static str,
    pub objects: usize,
    pub unchanged: TempDir,
    /// The same with one object in ten changed.
    pub changed: TempDir,
}

/// Istio's base, istiod and gateway charts as Helm renders them, with the namespace.
pub fn mesh() -> Set {
    let mut objects =
        vec![json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}})];
    for chart in ["base", "istiod", "gateway"] {
        let rendered = Command::new(parts::find(Part::Helm).unwrap())
            .args(["template", chart, "--namespace", "istio-system", "--include-crds"])
            .arg(parts::charts().unwrap().chart(chart))
            .output()
            .unwrap();
        assert!(rendered.status.success(), "{}", String::from_utf8_lossy(&rendered.stderr));
        let mut options = serde_saphyr::Options::default();
        options.budget = None;
        let text = String::from_utf8(rendered.stdout).unwrap();
        let documents: Vec<Value> = serde_saphyr::from_str_multiple_with_options(&text, options).unwrap();
        objects.extend(documents.into_iter().filter(Value::is_object));
    }
    set("base, istiod and gateway", objects)
}

/// A thousand small objects of one kind.
pub fn config_maps() -> Set {
    let config_map = |number: u32| {
        json!({
            "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": format!("part-{number}"), "namespace": "default"},
            "data": {"key": format!("value {number}"), "long": "x".repeat(200)},
        })
    };
    set("ConfigMaps", (0..1000).map(config_map).collect())
}

fn set(name: &'static str, objects: Vec<Value>) -> Set {
    let count = objects.len();
    let unchanged = folder(&objects);
    let mut changed = objects;
    for object in changed.iter_mut().step_by(10) {
        object["metadata"]["annotations"]["example.com/changed"] = json!("yes");
    }
    Set { name, objects: count, unchanged, changed: folder(&changed) }
}

fn folder(objects: &[Value]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    std::fs::write(folder.path().join("set.json"), list.to_string()).unwrap();
    folder
}
