//! What is between the provider and an API server: fronts with certificates and identities of their own, and proxies.

use acceptance_tests::fixture::provider_block;
use acceptance_tests::mesh::Mesh;
use acceptance_tests::{Fixture, Workspace};
use lab::api_server::identity;
use lab::cluster::api_host_name;

use crate::configuration::planned;
use crate::envoy::Envoy;

/// A workspace with a mesh in `east`, behind this host.
fn workspace(fixture: &Fixture, host: &str, ca_pem: &str) -> Workspace {
    let mesh = Mesh::of("shop", &["east"]).hcl();
    let workspace = Workspace::new(&(provider_block("east", host, ca_pem, "") + &mesh));
    fixture.identify(&workspace, "east", identity::ADMIN);
    workspace
}

pub fn a_front_with_a_certificate_of_its_own_is_passed_or_named(fixture: &Fixture) {
    let api_server = fixture.lab.cluster("east").api_server();
    let envoy = Envoy::before(api_server);
    let mesh = Mesh::of("shop", &["east"]).hcl();
    let mut workspace = workspace(fixture, &Envoy::authority(), &envoy.own_pem());
    let behind = |host: &str, ca_pem: &str| provider_block("east", host, ca_pem, "") + &mesh;
    // The certificate of an authority that the server presents as its own: as the given one, and beside another one.
    planned(&workspace);
    workspace.configure(&behind(&Envoy::authority(), api_server.ca_pem()));
    workspace.plan().failed_with(&["Cluster \"east\"", "it presents a CA certificate as its own"]);

    // The authority of the cluster says nothing about the front.
    workspace.configure(&behind(&Envoy::front(), api_server.ca_pem()));
    workspace.plan().failed_with(&[
        "Cluster \"east\"",
        "cannot be reached",
        "a proxy with a publicly signed certificate, omit cluster_ca_certificate",
    ]);
    workspace.configure(&without_authority(&behind(&Envoy::front(), "")));
    workspace.set("SSL_CERT_FILE", &envoy.ca_file());
    planned(&workspace);

    // It has identities of its own.
    std::fs::write(workspace.path().join("token"), "nobody's").expect("write the token");
    workspace.plan().failed_with(&["Cluster \"east\"", "does not accept"]);
}

/// The same without the attribute in the cluster block, where it has no certificate.
fn without_authority(configuration: &str) -> String {
    let (before, after) = configuration.split_once("    cluster_ca_certificate = ").expect("the attribute");
    let (_, after) = after.split_once("\nPEM\n").expect("its end");
    format!("{before}{after}")
}

pub fn the_proxy_of_the_environment_is_used_as_go_uses_it(fixture: &Fixture) {
    let api_server = fixture.lab.cluster("east").api_server();
    let _envoy = Envoy::before(api_server);
    let by_name = format!("https://{}:6443", api_host_name("east"));
    let mut workspace = workspace(fixture, &by_name, api_server.ca_pem());
    workspace.set("HTTPS_PROXY", &Envoy::proxy());
    let through = |workspace: &Workspace| {
        let before = Envoy::tunnels();
        planned(workspace);
        Envoy::tunnels() - before
    };
    assert!(through(&workspace) > 0);
    let address = api_server.host().trim_start_matches("https://");
    let name = api_host_name("east");
    let exempt = ["*.lab.example", ".lab.example", "lab.example", &format!("{name}:6443")];
    let other = ["*.other.example", address, &format!("{name}:443"), "ab.example"];
    for (no_proxy, is_direct) in exempt.iter().map(|it| (it, true)).chain(other.iter().map(|it| (it, false)))
    {
        workspace.set("NO_PROXY", no_proxy);
        assert_eq!(through(&workspace) == 0, is_direct, "{no_proxy}");
    }
    // What the block says counts, whatever the environment exempts.
    workspace.set("NO_PROXY", "*");
    assert_eq!(through(&workspace), 0);
    let extra = format!("    proxy_url = {:?}", Envoy::proxy());
    let mesh = Mesh::of("shop", &["east"]).hcl();
    workspace.configure(&(provider_block("east", &by_name, api_server.ca_pem(), &extra) + &mesh));
    assert!(through(&workspace) > 0);
}
