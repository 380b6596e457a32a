//! Who signs may change as long as the root stays: a mesh that is in use keeps it.

use acceptance_tests::admin::Admin;
use acceptance_tests::authority::{Authority, Intermediate};
use acceptance_tests::mesh::Mesh;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::clusters::{Clusters, SYSTEM};

/// Who signs in a mesh of one cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    /// The provider, and a Secret keeps the root's key.
    Generated,
    /// The provider, with a root of the user's.
    UsersRoot,
    Given,
    /// Whoever has written `cacerts`.
    Existing,
    SelfSigned,
}

const MODES: [Mode; 5] = [Mode::Generated, Mode::UsersRoot, Mode::Given, Mode::Existing, Mode::SelfSigned];

pub fn no_change_of_mode_replaces_the_root_of_a_mesh_that_is_in_use(clusters: &Clusters) {
    let [east, west] = clusters.admins();
    let lanes = [
        (east, &[Mode::Given, Mode::UsersRoot][..]),
        (west, &[Mode::SelfSigned, Mode::Existing, Mode::Generated]),
    ];
    let failures: Vec<String> = std::thread::scope(|scope| {
        let lane = |(admin, modes)| scope.spawn(move || changes(clusters, admin, modes));
        let lanes: Vec<_> = lanes.into_iter().map(lane).collect();
        lanes.into_iter().flat_map(|lane| lane.join().expect("a lane")).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

/// What is wrong with changes from each of these modes to every other one that has another root.
fn changes(clusters: &Clusters, admin: &Admin, modes: &[Mode]) -> Vec<String> {
    let mut failures = Vec::new();
    for from in modes {
        let (own, other) = (Authority::new(), Authority::new());
        let shop = || Mesh::of("shop", &[admin.cluster()]);
        if *from == Mode::Existing {
            write_authority(admin, &own);
        }
        let workspace = clusters
            .applied(&shop().authority(&block(*from, admin.cluster(), &own)).with("delete_crds = true"));
        let before = admin.settled();
        for to in MODES.into_iter().filter(|to| to != from && *to != Mode::Existing) {
            clusters.configure(
                &workspace,
                &shop().authority(&block(to, admin.cluster(), &other)).with("delete_crds = true"),
            );
            // Whether the plan can say it or the apply has to: nothing is written.
            let run = workspace.apply();
            let is_refused =
                run.code == 1 && run.output.contains("root") && !run.output.contains("bug in the provider");
            let differs = |name: &&String| before.get(*name) != admin.settled().get(*name);
            let changed: Vec<_> = before.keys().filter(differs).collect();
            if !is_refused || !changed.is_empty() {
                failures.push(format!("{from:?} -> {to:?} changed {changed:?}:\n{}", run.story()));
                // What comes after it would begin with another root.
                return failures;
            }
        }
        clusters.configure(
            &workspace,
            &shop().authority(&block(*from, admin.cluster(), &own)).with("delete_crds = true"),
        );
        workspace.destroy().succeeded();
        if *from == Mode::Existing {
            admin.kubectl(&["delete", "namespace", SYSTEM]);
        }
    }
    failures
}

fn block(mode: Mode, cluster: &str, authority: &Authority) -> String {
    let heredoc = |name: &str, pem: &str| format!("{name} = <<-PEM\n{pem}PEM\n");
    match mode {
        Mode::Generated => format!("key_cluster = {cluster:?}"),
        Mode::UsersRoot => {
            heredoc("root_certificate", &authority.root()) + &heredoc("root_key_wo", &authority.root_key())
        }
        Mode::Given => {
            let Intermediate { certificate, key, chain } = authority.intermediate(cluster);
            let files = heredoc("certificate", &certificate)
                + &heredoc("private_key_wo", &key)
                + &heredoc("certificate_chain", &chain)
                + &heredoc("root_certificates", &authority.root());
            format!("mode = \"given\"\ngiven {cluster:?} {{\n{files}}}")
        }
        Mode::Existing => "mode = \"existing\"".to_owned(),
        Mode::SelfSigned => "mode = \"self_signed\"".to_owned(),
    }
}

/// Someone else writes what istiod signs with.
fn write_authority(admin: &Admin, authority: &Authority) {
    admin.create(
        "/api/v1/namespaces",
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SYSTEM}}),
    );
    let Intermediate { certificate, key, chain } = authority.intermediate(admin.cluster());
    let files = [
        ("ca-cert.pem", certificate),
        ("ca-key.pem", key),
        ("cert-chain.pem", chain),
        ("root-cert.pem", authority.root()),
    ];
    let data: Value =
        files.into_iter().map(|(name, text)| (name.to_owned(), json!(STANDARD.encode(text)))).collect();
    let secret = json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts"}, "data": data});
    admin.create(&format!("/api/v1/namespaces/{SYSTEM}/secrets"), &secret);
}
