//! The root of a mesh: nothing replaces it, what is lost can be given back, and what istiod made of its own accord goes with it.

use acceptance_tests::authority::Authority;
use acceptance_tests::{Fixture, Workspace, until};
use serde_json::{Value, json};

use crate::configuration::mesh_of;

const CLUSTER: &str = "east";
const NAMESPACE: [&str; 2] = ["-n", "istio-system"];
const ROOT: &str = "terraform-provider-istio-root";

/// The clusters' intermediates are made anew by the same root, without a restart.
pub fn an_intermediate_is_renewed_by_its_version(fixture: &Fixture) {
    let workspace = fixture.workspace(CLUSTER, &with_authority(""));
    workspace.apply().succeeded();
    let (before, roots) =
        (file(fixture, "cacerts", "ca-cert.pem"), file(fixture, "cacerts", "root-cert.pem"));
    let root = file(fixture, ROOT, "tls.crt");

    configure(fixture, &workspace, &with_authority("intermediate_version = 1"));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    let changes = &workspace.shown_plan()["resource_changes"][0]["change"];
    let unknown = &changes["after_unknown"]["manifests"]["east//Secret/istio-system/cacerts"];
    assert_eq!(
        *unknown,
        json!({"data[\"ca-cert.pem\"]": true, "data[\"ca-key.pem\"]": true, "data[\"cert-chain.pem\"]": true}),
        "{}",
        plan.output
    );
    assert_eq!(changes["after_unknown"]["join"]["root_certificates"], Value::Null, "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    assert_ne!(file(fixture, "cacerts", "ca-cert.pem"), before);
    assert_eq!(file(fixture, "cacerts", "root-cert.pem"), roots);
    assert_eq!(file(fixture, ROOT, "tls.crt"), root);
    until("taking up the new intermediate", || {
        kubectl(fixture, &["logs", "deploy/istiod"]).contains("newly added intermediate CA")
    });
    fixture.destroy(&workspace, CLUSTER);
}

/// Finding 26: what a deleted Secret `cacerts` leads to is undone.
pub fn an_istiod_that_made_itself_a_root_is_brought_back(fixture: &Fixture) {
    let workspace = fixture.workspace(CLUSTER, &with_authority(""));
    workspace.apply().succeeded();
    let fingerprints = status(&workspace)["root_fingerprints"].clone();
    let roots = file(fixture, "cacerts", "root-cert.pem");

    kubectl(fixture, &["delete", "secret", "cacerts"]);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(plan.output.contains("the Secret cacerts is missing"), "{}", plan.output);
    kubectl(fixture, &["rollout", "restart", "deploy/istiod"]);
    kubectl(fixture, &["rollout", "status", "deploy/istiod", "--timeout=90s"]);
    until("a root of istiod's own", || exists(fixture, "secret", "istio-ca-secret"));

    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("istiod signed with another root than the mesh's"), "{}", applied.output);
    workspace.assert_well();
    workspace.assert_no_changes();
    assert!(!exists(fixture, "secret", "istio-ca-secret"));
    assert_eq!(file(fixture, "cacerts", "root-cert.pem"), roots);
    assert_eq!(status(&workspace)["root_fingerprints"], fingerprints);
    fixture.destroy(&workspace, CLUSTER);
}

/// Finding 8 and its siblings.
pub fn no_change_of_mode_replaces_a_live_root(fixture: &Fixture) {
    let (authority, other) = (Authority::new(), Authority::new());
    let changes = "the root of a mesh that is in use would change";
    let workspace = fixture.workspace(CLUSTER, &given(&authority));
    workspace.apply().succeeded();
    let before = file(fixture, "cacerts", "ca-cert.pem");
    for next in [with_authority(""), users(&other), given(&other)] {
        configure(fixture, &workspace, &next);
        workspace.plan().failed_with(&[changes, "mode = \"given\""]);
    }
    assert_eq!(file(fixture, "cacerts", "ca-cert.pem"), before);

    // The same root in the hands of someone else is none.
    configure(fixture, &workspace, &users(&authority));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    // An intermediate that is good stays, whoever signed it with that root.
    assert_eq!(file(fixture, "cacerts", "ca-cert.pem"), before);
    configure(fixture, &workspace, &with_authority(""));
    workspace.plan().failed_with(&[changes, "root_certificate and root_key_wo"]);
    configure(fixture, &workspace, &given(&authority));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    fixture.destroy(&workspace, CLUSTER);

    let workspace = fixture.workspace(CLUSTER, &with_authority("mode = \"self_signed\""));
    workspace.apply().succeeded();
    configure(fixture, &workspace, &with_authority(""));
    workspace.plan().failed_with(&[changes, "mode = \"self_signed\""]);
    configure(fixture, &workspace, &with_authority("mode = \"self_signed\""));
    fixture.destroy(&workspace, CLUSTER);

    let workspace = fixture.workspace(CLUSTER, &with_authority(""));
    workspace.apply().succeeded();
    let root = file(fixture, ROOT, "tls.key");
    configure(fixture, &workspace, &given(&other));
    workspace.plan().failed_with(&[changes, "mode = \"generated\""]);
    // What is there is used as it is, and the only copy of the key stays.
    configure(fixture, &workspace, &with_authority("mode = \"existing\""));
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("keeps the key of the mesh's root"), "{}", applied.output);
    assert_eq!(file(fixture, ROOT, "tls.key"), root);
    configure(fixture, &workspace, &with_authority("mode = \"self_signed\""));
    workspace.plan().failed_with(&["istiod would not create its own root", "mode = \"existing\""]);
    configure(fixture, &workspace, &with_authority("mode = \"existing\""));
    fixture.destroy(&workspace, CLUSTER);
}

/// Finding 15: also when a refresh has seen it missing.
pub fn a_root_that_was_restored_is_accepted(fixture: &Fixture) {
    let workspace = fixture.workspace(CLUSTER, &with_authority(""));
    workspace.apply().succeeded();
    let backup = kubectl(fixture, &["get", "secret", ROOT, "-o", "json"]);
    kubectl(fixture, &["delete", "secret", ROOT]);
    let gone = ["No cluster keeps the root of the mesh", "from a backup", "root_certificate and root_key_wo"];
    workspace.plan().failed_with(&gone);
    workspace.run(&["apply", "-refresh-only", "-auto-approve", "-input=false"]).succeeded();
    workspace.apply().failed_with(&gone);

    let file_name = workspace.path().join("backup.json");
    std::fs::write(&file_name, &backup).expect("write the backup");
    kubectl(fixture, &["apply", "-f", &file_name.display().to_string()]);
    workspace.apply().succeeded();
    workspace.assert_no_changes();

    // With its key alone.
    let root: Value = serde_json::from_str(&backup).expect("a Secret");
    kubectl(fixture, &["delete", "secret", ROOT]);
    let text = |name: &str| {
        use base64::Engine as _;
        let decoded =
            base64::engine::general_purpose::STANDARD.decode(root["data"][name].as_str().expect("a file"));
        String::from_utf8(decoded.expect("base64")).expect("text")
    };
    configure(fixture, &workspace, &users_root(&text("tls.crt"), &text("tls.key")));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    fixture.destroy(&workspace, CLUSTER);
}

/// Findings 5 and 20: in a namespace that stays nothing stays that the mesh's istiod has written; what was there before does.
pub fn what_istiod_wrote_goes_with_it(fixture: &Fixture) {
    fixture.kubectl(CLUSTER, &["create", "namespace", "istio-system"]);
    fixture.kubectl(CLUSTER, &["create", "namespace", "bystander"]);
    kubectl(fixture, &["create", "configmap", "istio-leader"]);
    // Whatever is as old as the account of istiod is taken for its own.
    std::thread::sleep(std::time::Duration::from_secs(2));
    let before = left(fixture);
    let workspace = fixture.workspace(CLUSTER, &with_authority("mode = \"self_signed\""));
    workspace.apply().succeeded();
    assert!(exists(fixture, "secret", "istio-ca-secret"));
    until("leases", || exists(fixture, "lease", "istio-gateway-status-leader-default"));
    workspace.destroy().succeeded();
    assert_eq!(left(fixture), before);
    fixture.kubectl(CLUSTER, &["delete", "namespace", "istio-system", "bystander"]);
}

pub fn what_an_earlier_istiod_left_is_named_before_anything_is_written(fixture: &Fixture) {
    fixture.kubectl(CLUSTER, &["create", "namespace", "istio-system"]);
    let own = format!("--from-literal=ca-cert.pem={}", Authority::new().root());
    kubectl(fixture, &["create", "secret", "generic", "istio-ca-secret", &own]);
    let workspace = fixture.workspace(CLUSTER, &with_authority(""));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    let texts = [
        "Cluster \"east\" has a certificate authority that is not this mesh's",
        "an istiod created there for itself",
        "delete secret istio-ca-secret",
    ];
    // Terraform breaks lines.
    let said = plan.output.split_whitespace().collect::<Vec<_>>().join(" ");
    for text in texts {
        assert!(said.contains(text), "{text} is missing in:\n{}", plan.output);
    }
    workspace.apply_plan().failed_with(&[&texts[..], &["Nothing was written"]].concat());
    assert!(!exists(fixture, "configmap", "terraform-provider-istio-mesh"));
    kubectl(fixture, &["delete", "secret", "istio-ca-secret"]);
    workspace.apply().succeeded();
    workspace.destroy().succeeded();
    fixture.kubectl(CLUSTER, &["delete", "namespace", "istio-system"]);
}

/// Finding 22: as cert-manager writes it.
pub fn an_authority_in_a_tls_secret_is_understood_everywhere(fixture: &Fixture) {
    fixture.kubectl(CLUSTER, &["create", "namespace", "istio-system"]);
    let authority = Authority::new();
    let ending = authority.ending_intermediate(CLUSTER);
    let literals =
        [("tls.crt", &ending.certificate), ("tls.key", &ending.key), ("ca.crt", &authority.root())]
            .map(|(name, content)| format!("--from-literal={name}={content}"));
    let literals: Vec<&str> = literals.iter().map(String::as_str).collect();
    kubectl(fixture, &[&["create", "secret", "generic", "cacerts"], &literals[..]].concat());
    let workspace = fixture.workspace(CLUSTER, &with_authority("mode = \"existing\""));
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("its CA certificate expires at"), "{}", applied.output);
    let status = status(&workspace);
    assert!(status["authority_expires"].is_string() && status["authority"] == "ready", "{status}");
    workspace.destroy().succeeded();
    let remains = fixture.remains(CLUSTER);
    assert!(!remains.iter().any(|name| name.contains("istio-ca-root-cert")), "{remains:?}");
    fixture.kubectl(CLUSTER, &["delete", "namespace", "istio-system"]);
}

fn with_authority(attributes: &str) -> String {
    mesh_of(CLUSTER, &format!("  certificate_authority {{\n    {attributes}\n  }}"))
}

fn given(authority: &Authority) -> String {
    let intermediate = authority.intermediate(CLUSTER);
    let text = |text: &str| json!(text).to_string();
    with_authority(&format!(
        "mode = \"given\"\n    given \"{CLUSTER}\" {{\n      certificate = {}\n      private_key_wo = {}\n      \
         certificate_chain = {}\n      root_certificates = {}\n    }}",
        text(&intermediate.certificate),
        text(&intermediate.key),
        text(&intermediate.chain),
        text(&authority.root())
    ))
}

fn users(authority: &Authority) -> String {
    users_root(&authority.root(), &authority.root_key())
}

fn users_root(certificate: &str, key: &str) -> String {
    with_authority(&format!("root_certificate = {}\n    root_key_wo = {}", json!(certificate), json!(key)))
}

fn configure(fixture: &Fixture, workspace: &Workspace, mesh: &str) {
    workspace.configure(&format!("{}{mesh}", fixture.provider(CLUSTER, CLUSTER, "")));
}

fn kubectl(fixture: &Fixture, arguments: &[&str]) -> String {
    fixture.kubectl(CLUSTER, &[&NAMESPACE[..], arguments].concat())
}

fn file(fixture: &Fixture, secret: &str, name: &str) -> String {
    let path = format!("jsonpath={{.data.{}}}", name.replace('.', "\\."));
    kubectl(fixture, &["get", "secret", secret, "-o", &path])
}

fn exists(fixture: &Fixture, kind: &str, name: &str) -> bool {
    !kubectl(fixture, &["get", kind, name, "--ignore-not-found", "-o", "name"]).is_empty()
}

/// Everything in the mesh's namespace and the copies in all others.
fn left(fixture: &Fixture) -> Vec<String> {
    let own = kubectl(fixture, &["get", "secret,configmap,lease,serviceaccount", "-o", "name"]);
    let copies = fixture.kubectl(CLUSTER, &["get", "configmap", "-A", "-l", "istio.io/config", "-o", "name"]);
    own.lines().chain(copies.lines()).map(str::to_owned).collect()
}

fn status(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["clusters"][CLUSTER].clone()
}
