//! Addresses at which control planes cannot read each other: fronts with identities of their own, and addresses where nothing answers. No
//! apply is green with one, whoever may ask istiod.

use std::path::Path;
use std::time::{Duration, Instant};

use acceptance_tests::mesh::{ADDRESS, Mesh, provider};
use acceptance_tests::{Fixture, Workspace};
use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::api_server::identity;
use serde_json::json;

use crate::configuration::{CLUSTERS, assert_says, refreshed, said, status, workspace};
use crate::envoy::Envoy;

/// Where nothing answers.
const NOWHERE: &str = "https://172.30.0.1:9";
const LINK: &str = "/links/east->west";
/// A verdict comes long before this, and the default timeout long after.
const AT_ONCE: Duration = Duration::from_mins(2);

/// A mesh whose `west` is behind a front.
struct Fronted<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
}

pub fn an_address_at_which_a_cluster_cannot_be_read_is_named(fixture: &Fixture) {
    let api_server = fixture.lab.cluster("west").api_server();
    let envoy = Envoy::before(api_server);
    let mut workspace = workspace(fixture, &Mesh::of("shop", &CLUSTERS));
    workspace.set("SSL_CERT_FILE", &envoy.ca_file());
    fixture.identify(&workspace, "west", identity::ADMIN);
    let fronted = Fronted { fixture, workspace };
    let (ca, front_ca) = (api_server.ca_pem(), envoy.ca_pem());

    let everybody = fixture.lab.kubeconfig();
    fronted.configure(&everybody, &format!("cluster_ca_certificate = {front_ca:?}"));
    let began = Instant::now();
    fronted.workspace.apply().failed_with(&[
        "Link \"east\" -> \"west\": the address of \"west\" does not accept the token of istiod of \"east\"",
        "a proxy or endpoint in front of the API server does not take service account tokens",
        "Set url in the api_server block of \"west\" to an address that does (GKE: enable Kubernetes tokens on the DNS endpoint; \
         Rancher: the authorized cluster endpoint)",
    ]);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    assert_eq!(status(&fronted.workspace, LINK), "token_not_accepted");

    let direct = |url: &str| format!("url = {url:?}\n      cluster_ca_certificate = {ca:?}");
    fronted.configure(&everybody, &direct(api_server.host()));
    fronted.workspace.run(&["untaint", ADDRESS]).succeeded();
    fronted.workspace.apply().succeeded();
    fronted.workspace.assert_well();
    assert_eq!(status(&fronted.workspace, LINK), "ready");
    fronted.is_tried_from_here(&direct);
    fronted.configure(&everybody, &direct(api_server.host()));
    fronted.workspace.apply().succeeded();
    fronted.workspace.assert_well();
}

impl Fronted<'_> {
    /// `east` by this kubeconfig, `west` by its front, and what the control planes are told of `west`.
    fn configure(&self, kubeconfig: &Path, api_server: &str) {
        let blocks = format!(
            "  cluster \"east\" {{\n    config_path = \"{}\"\n    config_context = \"east\"\n  }}\n  cluster \"west\" {{\n    \
             host = {:?}\n    token_file = \"${{path.module}}/token\"\n  }}\n",
            kubeconfig.display(),
            Envoy::front()
        );
        let mesh = Mesh::of("shop", &CLUSTERS).with("timeouts {\n    update = \"20s\"\n  }");
        let mesh = mesh.primary("west", &format!("api_server {{\n      {api_server}\n    }}"));
        self.workspace.configure(&(provider(&blocks) + &mesh.hcl()));
    }

    /// Whoever may not ask istiod of `east` tries what its remote secret says.
    fn is_tried_from_here(&self, direct: &impl Fn(&str) -> String) {
        let api_server = self.fixture.lab.cluster("east").api_server();
        let token =
            api_server.add_identity("without-pods-portforward", &without_portforward()).expect("an identity");
        let kubeconfig = self.fixture.changed_kubeconfig(&self.workspace, "east", |kubeconfig| {
            kubeconfig["users"][0]["user"] = json!({"token": token});
        });
        self.configure(&kubeconfig, &direct(NOWHERE));
        self.workspace.apply().failed_with(&[
            "Cluster \"east\"",
            "could not query istiod",
            "Link \"east\" -> \"west\": nothing responds at the address at which istiod of \"east\" reads \"west\"",
            "Check url in the api_server block of \"west\"",
        ]);
        assert_eq!(status(&self.workspace, LINK), "unreachable");
        let plan = self.workspace.plan_with(&["-json"]);
        assert_eq!(plan.code, 2, "{}", plan.output);
        assert_says(&said(&plan), &["Link \"east\" -> \"west\": nothing responds at the address"]);
        assert_eq!(refreshed(&self.workspace, LINK), "unreachable");
    }
}

/// All that a mesh needs, but the right to ask istiod.
fn without_portforward() -> Vec<PolicyRule> {
    let texts = |texts: &[&str]| Some(texts.iter().map(|it| (*it).to_owned()).collect());
    let all = |groups: &[&str], resources: &[&str]| PolicyRule {
        api_groups: texts(groups),
        resources: texts(resources),
        verbs: vec!["*".to_owned()],
        ..PolicyRule::default()
    };
    let core = [
        "namespaces",
        "configmaps",
        "secrets",
        "services",
        "serviceaccounts",
        "serviceaccounts/token",
        "pods",
        "nodes",
        "events",
        "endpoints",
    ];
    let groups = [
        "apps",
        "autoscaling",
        "policy",
        "rbac.authorization.k8s.io",
        "admissionregistration.k8s.io",
        "apiextensions.k8s.io",
        "networking.istio.io",
        "security.istio.io",
        "telemetry.istio.io",
        "extensions.istio.io",
        "networking.k8s.io",
        "discovery.k8s.io",
        "coordination.k8s.io",
        "authentication.k8s.io",
        "authorization.k8s.io",
        "gateway.networking.k8s.io",
        "certificates.k8s.io",
    ];
    vec![all(&[""], &core), all(&groups, &["*"])]
}
