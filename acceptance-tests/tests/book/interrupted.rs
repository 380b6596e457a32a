//! Runs that end early, and what the next one makes of it.

use acceptance_tests::admin::Admin;
use acceptance_tests::authority::Authority;
use acceptance_tests::book::{INVENTORY, OWNER, is_ours};
use acceptance_tests::hold::{Hold, Writes};
use acceptance_tests::mesh::Mesh;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clusters::{Clusters, ROOT, SYSTEM, Stop, path_of, secret};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
const VIRTUAL_SERVICES: &str = "/apis/networking.istio.io/v1/namespaces/default/virtualservices";
/// A change of the record that says that a mesh is whole.
const CLOSES: &str = "!('phase' in object.data && object.data['phase'] == 'complete')";

/// What stops a move of the key from one cluster to another.
type Interruption = for<'a> fn(from: &'a Admin<'a>, to: &'a Admin<'a>) -> Held<'a>;

enum Held<'a> {
    Stop(Stop<'a>),
    Hold(Hold<'a>),
}

impl Held<'_> {
    fn end(self) {
        match self {
            Self::Stop(stop) => drop(stop),
            Self::Hold(hold) => hold.end(),
        }
    }
}

fn held<'a>(admin: &'a Admin<'a>, operations: &[&str], resource: &str, name: &str, unless: &str) -> Held<'a> {
    let writes = Writes { operations, group: "", resource, name, unless };
    Held::Hold(Hold::of(admin, "interruption", &writes))
}

/// In the order of a run.
const INTERRUPTIONS: [(&str, Interruption); 6] = [
    ("before the first write in the old cluster", |from, _| Held::Stop(Stop::of(from))),
    ("before the first write in the new cluster", |_, to| Held::Stop(Stop::of(to))),
    ("before the key is stored in the new cluster", |_, to| held(to, &["CREATE"], "secrets", ROOT, "false")),
    ("before the key is deleted in the old cluster", |from, _| {
        held(from, &["DELETE"], "secrets", ROOT, "false")
    }),
    ("before the record of the new cluster is closed", |_, to| {
        held(to, &["UPDATE"], "configmaps", INVENTORY, CLOSES)
    }),
    ("before the record of the old cluster is closed", |from, _| {
        held(from, &["UPDATE"], "configmaps", INVENTORY, CLOSES)
    }),
];

pub fn a_root_stays_the_same_wherever_the_move_of_its_key_is_interrupted(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east", "west"]);
    let workspace = clusters.applied(&shop);
    let root = secret(&clusters.east, ROOT);
    let authorities = clusters.admins().map(|admin| secret(admin, "cacerts"));
    let [mut from, mut to] = clusters.admins();
    for (moment, interrupt) in INTERRUPTIONS {
        clusters.configure(&workspace, &shop.clone().key_cluster(to.cluster()));
        let held = interrupt(from, to);
        let run = workspace.apply();
        assert_eq!(run.code, 1, "{moment}: the run was not interrupted:\n{}", run.story());
        held.end();
        workspace.apply().succeeded();
        assert_eq!(secret(to, ROOT), root, "{moment}: the root is another one");
        let left = from.get(&path_of("secrets", SYSTEM, ROOT));
        assert!(left.is_none(), "{moment}: the key is still in its old cluster");
        assert_eq!(clusters.admins().map(|admin| secret(admin, "cacerts")), authorities, "{moment}");
        workspace.assert_no_changes();
        std::mem::swap(&mut from, &mut to);
    }
}

pub fn a_destroy_after_a_failed_change_of_crds_keeps_all_definitions(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east"]);
    let workspace = clusters.applied(&shop);
    let strangers = clusters.east.create(VIRTUAL_SERVICES, &virtual_service());
    clusters.configure(&workspace, &shop.primaries("crds = \"external\""));
    let refusal = Stop::of(&clusters.east);
    assert_eq!(workspace.apply().code, 1, "the apply was not stopped");
    drop(refusal);
    let before = definitions(&clusters.east);
    assert!(before.len() > 10, "{before:#?}");
    workspace.destroy().succeeded();
    let after = definitions(&clusters.east);
    let uids = |all: &[Value]| all.iter().map(|it| it["metadata"]["uid"].clone()).collect::<Vec<_>>();
    assert_eq!(uids(&after), uids(&before), "definitions were deleted");
    let path = format!("{VIRTUAL_SERVICES}/strangers");
    let kept = clusters.east.get(&path).expect("the stranger's VirtualService is there");
    assert_eq!(kept["metadata"]["uid"], strangers["metadata"]["uid"]);
    // What stays is nobody's: the next mesh may take it, and whoever looks sees no owner that is gone.
    for definition in &after {
        let metadata = &definition["metadata"];
        let is_held = metadata["managedFields"].as_array().expect("a list").iter().any(is_ours);
        assert!(metadata["labels"][OWNER].is_null() && !is_held, "{metadata:#}");
    }
}

pub fn an_edited_secret_is_repaired_also_after_an_apply_that_failed(clusters: &Clusters) {
    // What istiod makes of the edits takes its time, and is not what this is about.
    let shop = Mesh::of("shop", &["east", "west"]).with("timeouts {\n    update = \"30s\"\n  }");
    let workspace = clusters.applied(&shop);
    let links = "istio-remote-secret-west";
    let (remote, authority) = (secret(&clusters.east, links), secret(&clusters.east, "cacerts"));
    let foreign = Authority::new();
    edit_remote_secret(&clusters.east, links, &remote, &foreign);
    edit_authority(&clusters.east, &foreign);
    assert_eq!(workspace.plan().code, 2, "the edits are drift");
    let refusal = Stop::of(&clusters.east);
    assert_eq!(workspace.apply().code, 1, "the apply was not stopped");
    drop(refusal);
    let plan = workspace.plan();
    for secret in [links, "cacerts"] {
        let line = format!("east//Secret/{SYSTEM}/{secret}");
        assert!(plan.output.contains(&line), "the plan does not repair {secret}:\n{}", plan.output);
    }
    // Whether every proxy is content is another matter: istiod has read the foreign authority.
    workspace.apply();
    assert_eq!(secret(&clusters.east, links), remote);
    let repaired = secret(&clusters.east, "cacerts");
    assert_eq!(repaired["root-cert.pem"], authority["root-cert.pem"], "another root signs");
    assert_ne!(repaired["ca-cert.pem"], json!(STANDARD.encode(foreign.intermediate("east").certificate)));
    let plan = workspace.plan();
    assert!(!plan.output.contains("//Secret/"), "{}", plan.output);
}

/// Someone puts another certificate authority into the remote secret.
fn edit_remote_secret(admin: &Admin, name: &str, data: &Value, foreign: &Authority) {
    let text = STANDARD.decode(data["west"].as_str().expect("a kubeconfig")).expect("base64");
    let mut kubeconfig: Value = serde_saphyr::from_slice(&text).expect("a kubeconfig");
    kubeconfig["clusters"][0]["cluster"]["certificate-authority-data"] =
        json!(STANDARD.encode(foreign.root()));
    let edited = json!({"data": {"west": STANDARD.encode(kubeconfig.to_string())}});
    admin.merge(&path_of("secrets", SYSTEM, name), "kubectl-edit", &edited);
}

/// Someone lets another authority sign.
fn edit_authority(admin: &Admin, foreign: &Authority) {
    let intermediate = foreign.intermediate("east");
    let files = [
        ("ca-cert.pem", intermediate.certificate),
        ("ca-key.pem", intermediate.key),
        ("cert-chain.pem", intermediate.chain),
        ("root-cert.pem", foreign.root()),
    ];
    let data: Value =
        files.into_iter().map(|(name, text)| (name.to_owned(), json!(STANDARD.encode(text)))).collect();
    admin.merge(&path_of("secrets", SYSTEM, "cacerts"), "kubectl-edit", &json!({"data": data}));
}

fn definitions(admin: &Admin) -> Vec<Value> {
    let list = admin.get(DEFINITIONS).expect("every cluster has definitions");
    list["items"].as_array().expect("a list").clone()
}

fn virtual_service() -> Value {
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": {"name": "strangers"},
        "spec": {"hosts": ["strangers.example"],
                 "http": [{"route": [{"destination": {"host": "strangers.default.svc.cluster.local"}}]}]},
    })
}
