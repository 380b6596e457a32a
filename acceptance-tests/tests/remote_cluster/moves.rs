//! What remote clusters go through while calls run: ten a second from each cluster, from three seconds before to ten after, or with
//! `FULL_TRAFFIC=1` from ten before to thirty after. None fails, and no pod is restarted. Proxies do not try again, but where Istio itself would need it: istiod calls pods that have a proxy already as
//! soon as it reads a cluster, before the gateway there can get its certificate through the same istiod.

use std::time::Duration;

use acceptance_tests::{Fixture, Workspace, until};
use lab::sample;
use serde_json::{Value, json};

use acceptance_tests::remote::read::assert_ready;

/// How long calls run before and after a change.
const SAMPLE: [Duration; 2] = [Duration::from_secs(3), Duration::from_secs(10)];
const FULL: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(30)];
const BRANCH: &str = "istio_remote_cluster.remote[\"branch\"]";
const ALL: [&str; 4] = ["branch", "east", "edge", "west"];
const EDGE: &str = "istio_remote_cluster.remote[\"edge\"]";
/// Where istiod of the serving primaries elects who writes the copies of the mesh's root.
const ELECTION: &str = "configmap/istio-namespace-controller-election";

/// The example `mixed`, as far as it has come.
#[derive(Clone, Copy)]
struct Stage {
    has_west: bool,
    /// The primary that serves `branch`; `None` while that is no member.
    branch: Option<&'static str>,
    token: u32,
    /// Whether proxies try again, as they do by default.
    retries: bool,
}

impl Stage {
    fn text(self) -> String {
        let mut text = Fixture::example_text("mixed");
        let mut replace = |old: &str, new: &str| {
            assert!(text.contains(old), "the example has no {old}");
            text = text.replace(old, new);
        };
        if !self.has_west {
            replace("    west = { network = \"net-west\", pod_cidrs = [] }\n", "");
        }
        let branch = |primary: &str| {
            format!("    branch = {{ primary = {primary:?}, network = \"net-branch\", pod_cidrs = [] }}\n")
        };
        replace(&branch("west"), &self.branch.map(branch).unwrap_or_default());
        if !self.retries {
            let none = "  mesh_config = yamlencode({ defaultHttpRetryPolicy = { attempts = 0 } })\n\n";
            replace("  chart_source {", &format!("{none}  chart_source {{"));
        }
        let token = self.token;
        replace(
            "  primaries = [each.value.primary]\n",
            &format!(
                "  primaries = [each.value.primary]\n  force_destroy = true\n  reader_token_version = {token}\n"
            ),
        );
        text
    }
}

pub fn clusters_join_while_calls_run(fixture: &Fixture) {
    let first = Stage { has_west: false, branch: None, token: 1, retries: false };
    let moves = Moves::begin(fixture, first);
    let (two, three) = (["east", "edge"], ["east", "edge", "branch"]);
    fixture.start_sample(&two);
    moves.all_answer(&two);

    moves.start_before_the_mesh("branch");
    let branch = Stage { branch: Some("east"), ..first };
    moves.under_traffic(&two, branch);
    assert_ready(&moves.workspace, BRANCH, Some("ready"), &["east"]);
    moves.is_injected("branch");
    moves.all_answer(&three);

    // Its pods stay, with proxies that nobody serves.
    moves.applied(Stage { branch: None, retries: true, ..first });
    fixture.settle("east", &two);
    moves.under_traffic(&three, Stage { retries: true, ..branch });
    moves.applied(branch);
    moves.all_answer(&three);

    moves.start_before_the_mesh("west");
    moves.under_traffic(&three, Stage { has_west: true, ..branch });
    assert_ready(&moves.workspace, EDGE, None, &["east", "west"]);
    moves.is_injected("west");
    moves.all_answer(&ALL);
    moves.end();
}

pub fn tokens_and_primaries_change_while_calls_run(fixture: &Fixture) {
    let first = Stage { has_west: true, branch: Some("west"), token: 1, retries: false };
    let moves = Moves::begin(fixture, first);
    fixture.start_sample(&ALL);
    moves.all_answer(&ALL);

    let rotated = Stage { token: 2, ..first };
    moves.under_traffic(&ALL, rotated);
    moves.token_is("edge", 2);
    moves.token_is("branch", 2);

    moves.under_traffic(&ALL, Stage { branch: Some("east"), ..rotated });
    assert_ready(&moves.workspace, BRANCH, Some("ready"), &["east", "west"]);
    moves.is_led_by("branch", "east");
    moves.all_answer(&ALL);
    moves.end();
}

struct Moves<'a> {
    fixture: &'a Fixture<'a>,
    workspace: Workspace,
}

impl<'a> Moves<'a> {
    fn begin(fixture: &'a Fixture, first: Stage) -> Self {
        let workspace = fixture.example("mixed");
        workspace.configure(&first.text());
        workspace.apply().succeeded();
        Self { fixture, workspace }
    }

    fn end(self) {
        self.fixture.end_sample(&ALL);
        self.workspace.destroy().succeeded();
        for cluster in ALL {
            self.fixture.assert_only_crds_remain(cluster);
        }
    }

    fn applied(&self, stage: Stage) {
        self.workspace.configure(&stage.text());
        self.workspace.apply().succeeded();
        self.workspace.assert_well();
    }

    /// Applies this while calls run.
    #[track_caller]
    fn under_traffic(&self, callers: &[&str], stage: Stage) {
        let before = self.fixture.lives(callers);
        let is_full = std::env::var_os("FULL_TRAFFIC").is_some_and(|value| value == "1");
        let [earlier, later] = if is_full { FULL } else { SAMPLE };
        self.fixture.under_traffic(callers, || {
            std::thread::sleep(earlier);
            self.applied(stage);
            std::thread::sleep(later);
        });
        self.fixture.assert_alive(&before);
    }

    #[track_caller]
    fn all_answer(&self, clusters: &[&str]) {
        for caller in clusters {
            self.fixture.settle(caller, clusters);
        }
    }

    /// The service in a cluster that is not in the mesh yet.
    fn start_before_the_mesh(&self, cluster: &str) {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": sample::NAMESPACE}});
        for object in [namespace, sample::service("echo"), sample::deployment("echo", cluster)] {
            self.fixture.apply(cluster, &object);
        }
        let wait = ["-n", sample::NAMESPACE, "rollout", "status", "deploy/echo", "--timeout=60s"];
        self.fixture.kubectl(cluster, &wait);
    }

    /// The pods of the service get proxies.
    fn is_injected(&self, cluster: &str) {
        self.fixture.start_sample(&[cluster]);
        self.fixture.kubectl(cluster, &["-n", sample::NAMESPACE, "rollout", "restart", "deploy/echo"]);
    }

    /// The reader of the cluster has one token, this one.
    #[track_caller]
    fn token_is(&self, cluster: &str, version: u32) {
        let secrets = ["-n", "istio-system", "get", "secrets", "-o", "name"];
        let secrets = self.fixture.kubectl(cluster, &secrets);
        let tokens: Vec<&str> = secrets.lines().filter(|name| name.contains("reader-token")).collect();
        assert_eq!(tokens, [format!("secret/istio-mesh-reader-token-{version}")]);
    }

    /// A pod of istiod in `primary` leads `cluster`.
    #[track_caller]
    fn is_led_by(&self, cluster: &str, primary: &str) {
        let pods = ["-n", "istio-system", "get", "pods", "-l", "app=istiod", "-o", "name"];
        let pods = self.fixture.kubectl(primary, &pods);
        until("a leader of the primary", || {
            let lock = self.fixture.kubectl(cluster, &["-n", "istio-system", "get", ELECTION, "-o", "json"]);
            let lock: Value = serde_json::from_str(&lock).expect("JSON");
            let leader = &lock["metadata"]["annotations"]["control-plane.alpha.kubernetes.io/leader"];
            let leader: Value = serde_json::from_str(leader.as_str().unwrap_or_default()).unwrap_or_default();
            let holder = leader["holderIdentity"].as_str().unwrap_or_default().to_owned();
            !holder.is_empty() && pods.contains(&holder)
        });
    }
}
