//! Who signs: an authority of someone else, one of istiod's own, and one that the provider makes and renews.

use acceptance_tests::authority::{Authority, Intermediate};
use acceptance_tests::{Fixture, Workspace};
use serde_json::Value;

use crate::configuration::mesh_of;

const CLUSTER: &str = "east";
const NAMESPACE: [&str; 2] = ["-n", "istio-system"];

pub fn an_authority_of_someone_else_is_checked_and_its_end_is_announced(fixture: &Fixture) {
    let workspace = fixture.workspace(CLUSTER, &with_mode("existing"));
    let missing = "Cluster \"east\": there is no Secret cacerts in the mesh's namespace";
    workspace.apply().failed_with(&[missing, "Create it first", "Nothing was written"]);

    fixture.kubectl(CLUSTER, &["create", "namespace", "istio-system"]);
    let authority = Authority::new();
    let ending = authority.ending_intermediate("east");
    write_secret(fixture, &authority, &Intermediate { key: authority.intermediate("other").key, ..ending });
    workspace.plan().failed_with(&[
        "Cluster \"east\": istiod could not use the Secret",
        "something else writes this Secret; correct it there",
    ]);

    write_secret(fixture, &authority, &authority.ending_intermediate("east"));
    let version = secret(fixture, "metadata.resourceVersion");
    let warning = "Cluster \"east\": its CA certificate expires at";
    let applied = workspace.apply().succeeded();
    let planned = workspace.plan();
    assert_eq!(planned.code, 0, "{}", planned.output);
    for output in [applied.output, planned.output] {
        let words = output.split_whitespace().collect::<Vec<_>>().join(" ");
        let help = "The tool that writes the Secret cacerts there must renew it.";
        assert!(words.contains(warning) && words.contains(help), "{output}");
    }
    let status = status(&workspace);
    let (root, intermediate) = (status["root_expires"].as_str(), status["authority_expires"].as_str());
    assert!(intermediate.is_some() && intermediate < root, "{status}");

    workspace.destroy().succeeded();
    assert_eq!(secret(fixture, "metadata.resourceVersion"), version);
    fixture.kubectl(CLUSTER, &["delete", "namespace", "istio-system"]);
}

pub fn istiod_makes_a_root_of_its_own_for_a_mesh_of_one_cluster(fixture: &Fixture) {
    let workspace = fixture.workspace(CLUSTER, &with_mode("self_signed"));
    workspace.apply().succeeded();
    workspace.assert_well();
    let status = status(&workspace);
    assert_eq!(status["authority_expires"], Value::Null);
    assert_eq!(status["root_fingerprints"].as_array().map(Vec::len), Some(1), "{status}");
    fixture.destroy(&workspace, CLUSTER);
}

fn with_mode(mode: &str) -> String {
    mesh_of(CLUSTER, &format!("  certificate_authority {{\n    mode = \"{mode}\"\n  }}"))
}

fn write_secret(fixture: &Fixture, authority: &Authority, intermediate: &Intermediate) {
    let root = authority.root();
    let files = [
        ("ca-cert.pem", intermediate.certificate.as_str()),
        ("ca-key.pem", &intermediate.key),
        ("cert-chain.pem", &intermediate.chain),
        ("root-cert.pem", &root),
    ];
    let literals: Vec<String> =
        files.iter().map(|(name, content)| format!("--from-literal={name}={content}")).collect();
    let delete = ["delete", "secret", "cacerts", "--ignore-not-found"];
    fixture.kubectl(CLUSTER, &[&NAMESPACE[..], &delete].concat());
    let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
    let create = [&NAMESPACE[..], &["create", "secret", "generic", "cacerts"], &literals].concat();
    fixture.kubectl(CLUSTER, &create);
}

/// A member of the Secret that istiod signs with.
fn secret(fixture: &Fixture, member: &str) -> String {
    let path = format!("jsonpath={{.{member}}}");
    fixture.kubectl(CLUSTER, &[&NAMESPACE[..], &["get", "secret", "cacerts", "-o", &path]].concat())
}

fn status(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["clusters"][CLUSTER].clone()
}
