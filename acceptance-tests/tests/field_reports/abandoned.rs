//! Clusters that are gone: whatever is not an answer of the right cluster counts, of this cluster alone, and the plan says so.

use acceptance_tests::admin::Admin;
use acceptance_tests::mesh::{ADDRESS, Mesh, cluster_block, provider};
use acceptance_tests::{Fixture, Workspace};

use crate::configuration::{CLUSTERS, assert_says, said, workspace};

const ABANDONED: &str = "warning: Cluster \"west\" is abandoned";
const CONSEQUENCE: &str = "The cluster block has on_unreachable = \"abandon\": the apply deletes nothing there and removes from \
                           state what was created there";

/// What is said where another cluster answers.
const ANOTHER: &str = "UID";

/// A mesh of two clusters, of which `west` goes in one way or another.
struct Leaving<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
}

/// Settings of a cluster block, and what the plan says of them.
struct Gone {
    settings: String,
    why: &'static str,
}

pub fn whatever_is_not_an_answer_of_the_right_cluster_is_abandoned(fixture: &Fixture) {
    let mut workspace = workspace(fixture, &Mesh::of("shop", &CLUSTERS));
    workspace.apply().succeeded();
    // What leads to another cluster wherever a block says nothing.
    workspace.set("KUBE_CONFIG_PATH", &fixture.lab.kubeconfig().display().to_string());
    workspace.set("KUBE_CTX", "east");
    let leaving = Leaving { fixture, workspace };
    // A cluster that answers is not gone, whatever its block says.
    let text = leaving.destruction(&connected(fixture), "abandon");
    assert!(!text.contains("is abandoned"), "{text}");
    let ways = ways(fixture);
    for Gone { settings, why } in &ways {
        let text = leaving.destruction(settings, "abandon");
        assert_says(&text, &[ABANDONED, why, CONSEQUENCE]);
        assert!(!text.contains("Cluster \"east\" is abandoned"), "{text}");
    }
    for Gone { settings, why } in ways.iter().step_by(3) {
        // Where another cluster answers, the setting of the connection is more likely wrong.
        let way_out = if *why == ANOTHER { "recreated_from" } else { "on_unreachable" };
        leaving.configure(settings, "error");
        leaving.workspace.plan_with(&["-destroy"]).failed_with(&["Cluster \"west\"", way_out]);
    }
    leaving.leaves_alone(&ways[0].settings);
    leaving.is_forgotten(&ways[ways.len() - 1].settings);
}

/// A block that leads to `west`.
fn connected(fixture: &Fixture) -> String {
    context(fixture, "west")
}

/// A context of the lab's kubeconfig.
fn context(fixture: &Fixture, name: &str) -> String {
    let kubeconfig = fixture.lab.kubeconfig();
    format!("config_path = \"{}\"\n    config_context = \"{name}\"", kubeconfig.display())
}

/// What a cluster that is gone leaves behind in its block.
fn ways(fixture: &Fixture) -> Vec<Gone> {
    let [east, west] = CLUSTERS.map(|cluster| fixture.lab.cluster(cluster).api_server());
    let host = format!("host = {:?}\n    cluster_ca_certificate = {:?}", west.host(), west.ca_pem());
    let plugin =
        "exec {\n      api_version = \"client.authentication.k8s.io/v1\"\n      command = \"false\"\n    }";
    let gone = |settings: &str, why| Gone { settings: settings.to_owned(), why };
    vec![
        gone("host = \"\"\n    cluster_ca_certificate = \"\"", "host"),
        gone("host = null\n    token = null", "KUBE_CONFIG_PATH"),
        gone("config_path = \"gone\"", "config_path"),
        gone("config_raw = \"\"", "config_raw"),
        gone(&context(fixture, "gone"), "context"),
        gone(&format!("{host}\n    {plugin}"), "the credential plugin \"false\""),
        gone(&format!("{host}\n    token = \"nobody's\""), "does not accept"),
        gone("host = \"https://west.invalid\"", "cannot be reached"),
        gone(
            &format!("host = {:?}\n    cluster_ca_certificate = {:?}", west.host(), east.ca_pem()),
            "certificate",
        ),
        gone(&context(fixture, "east"), ANOTHER),
    ]
}

impl Leaving<'_> {
    fn configure(&self, settings: &str, on_unreachable: &str) {
        self.workspace
            .configure(&(self.provider(settings, on_unreachable) + &Mesh::of("shop", &CLUSTERS).hcl()));
    }

    fn provider(&self, settings: &str, on_unreachable: &str) -> String {
        let east = cluster_block(self.fixture.lab, "east", "east", "");
        let west =
            format!("  cluster \"west\" {{\n    {settings}\n    on_unreachable = {on_unreachable:?}\n  }}\n");
        provider(&(east + &west))
    }

    /// What the plan of a destroy says.
    #[track_caller]
    fn destruction(&self, settings: &str, on_unreachable: &str) -> String {
        self.configure(settings, on_unreachable);
        let plan = self.workspace.plan_with(&["-json", "-destroy"]);
        assert_eq!(plan.code, 2, "{settings}: {}", plan.output);
        said(&plan)
    }

    /// Also a cluster that leaves a mesh which stays.
    fn leaves_alone(&self, settings: &str) {
        let mesh = Mesh::of("shop", &["east"]).key_cluster("east").hcl();
        self.workspace.configure(&(self.provider(settings, "abandon") + &mesh));
        let plan = self.workspace.plan_with(&["-json"]);
        assert_eq!(plan.code, 2, "{}", plan.output);
        assert_says(&said(&plan), &[ABANDONED, CONSEQUENCE]);
    }

    /// The other cluster is emptied, and this one stays as it is.
    fn is_forgotten(&self, settings: &str) {
        let [east, west] = CLUSTERS.map(|cluster| Admin::of(self.fixture.lab, cluster));
        let before = west.settled();
        assert!(before.len() > 20, "{before:?}");
        self.configure(settings, "abandon");
        let destroyed = self.workspace.destroy().succeeded();
        assert!(destroyed.output.contains("Cluster \"west\" is abandoned"), "{}", destroyed.output);
        assert!(self.workspace.resource(ADDRESS).is_null());
        self.fixture.assert_only_crds_remain(east.cluster());
        assert_eq!(west.settled(), before);
    }
}
