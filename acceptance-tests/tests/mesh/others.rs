//! What others have made is said, and stays as it is.

use std::collections::BTreeMap;
use std::process::Command;

use acceptance_tests::Fixture;
use lab::parts::{self, Part};
use serde_json::Value;

use crate::configuration::mesh_of;

/// Installs one of Istio's charts as the installation guide does.
#[track_caller]
pub fn helm(fixture: &Fixture, cluster: &str, arguments: &[&str]) {
    let mut helm = Command::new(parts::find(Part::Helm).expect("helm"));
    helm.arg("--kubeconfig").arg(fixture.lab.kubeconfig()).args(["--kube-context", cluster]);
    helm.args(["--namespace", "istio-system"]).args(arguments);
    let output = helm.output().expect("run helm");
    assert!(output.status.success(), "helm {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

pub fn chart(name: &str) -> String {
    parts::charts().expect("the charts").chart(name).display().to_string()
}

/// Object → version, of what `helm` has made and no controller writes to.
fn versions(fixture: &Fixture, cluster: &str) -> BTreeMap<String, String> {
    let kinds = "clusterrole,clusterrolebinding,role,rolebinding,configmap,service,serviceaccount";
    let managed =
        ["-n", "istio-system", "get", kinds, "-l", "app.kubernetes.io/managed-by=Helm", "-o", "json"];
    let objects: Value = serde_json::from_str(&fixture.kubectl(cluster, &managed)).expect("JSON");
    let items = objects["items"].as_array().expect("a list");
    let version = |it: &Value| {
        let (kind, metadata) = (&it["kind"], &it["metadata"]);
        (format!("{kind} {}", metadata["name"]), metadata["resourceVersion"].to_string())
    };
    items.iter().map(version).collect()
}

/// The copies of the root in every namespace.
fn root_copies(fixture: &Fixture) -> String {
    let named = "--field-selector=metadata.name=istio-ca-root-cert";
    let columns = "custom-columns=NAMESPACE:.metadata.namespace,UID:.metadata.uid";
    fixture.kubectl("east", &["get", "configmap", "-A", named, "-o", columns])
}

pub fn an_istio_made_by_helm_is_named_and_kept(fixture: &Fixture) {
    helm(fixture, "east", &["install", "istio-base", &chart("base"), "--create-namespace"]);
    helm(fixture, "east", &["install", "istiod", &chart("istiod")]);
    let before = versions(fixture, "east");
    assert!(before.len() > 8, "{before:?}");

    // Its root is in the way of another one, and nothing is in state after that.
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    let root =
        ["has a certificate authority that is not this mesh's", "istio-ca-secret", "by Helm or istioctl"];
    workspace.apply().failed_with(&root);
    assert_eq!(versions(fixture, "east"), before);
    let with_its_root = mesh_of("east", "certificate_authority {\n    mode = \"self_signed\"\n  }");
    workspace.configure(&format!("{}{with_its_root}", fixture.provider("east", "east", "")));
    workspace.apply().failed_with(&[
        "Cluster \"east\": cannot apply the manifests",
        "istio-system/istiod: was created by something else (field managers: helm",
        "Nothing was written. These objects do not belong to this mesh. Remove what created them (for instance a Helm release or \
         an istioctl installation in the same namespace)",
    ]);
    assert_eq!(versions(fixture, "east"), before);
    // Also while nobody would write again what is deleted.
    fixture.kubectl("east", &["-n", "istio-system", "scale", "deploy/istiod", "--replicas=0"]);
    let copies = root_copies(fixture);
    assert!(copies.lines().count() > 1, "{copies}");
    workspace.destroy().succeeded();
    assert_eq!(versions(fixture, "east"), before);
    assert_eq!(root_copies(fixture), copies);

    // Its definitions alone, as it leaves them behind, can be used as they are.
    helm(fixture, "east", &["uninstall", "istiod"]);
    workspace.apply().failed_with(&["CustomResourceDefinition", "crds = \"external\""]);
    let external = with_its_root.replace("network = ", "crds = \"external\"\n    network = ");
    workspace.configure(&format!("{}{external}", fixture.provider("east", "east", "")));
    workspace.apply().failed_with(&["istio-reader-service-account", "Remove what created them"]);
    helm(fixture, "east", &["uninstall", "istio-base"]);
    // The key of the root that istiod has made stays after it, and this mesh continues with it.
    let root = || {
        let path = "jsonpath={.data.ca-key\\.pem}";
        fixture.kubectl("east", &["-n", "istio-system", "get", "secret", "istio-ca-secret", "-o", path])
    };
    let before = root();
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("istiod continues with an existing root"), "{}", applied.output);
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(root(), before);
    let remains = fixture.remains("east");
    let (definitions, rest): (Vec<_>, Vec<_>) =
        remains.iter().partition(|name| name.starts_with("customresource"));
    assert_eq!((definitions.len(), rest), (15, vec![&"namespace/istio-system".to_owned()]));
    fixture.kubectl("east", &["delete", "namespace", "istio-system", "--timeout=60s"]);
}
