//! The clusters, the examples and the calls.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use acceptance_tests::Workspace;
use acceptance_tests::comparison::Objects;
use acceptance_tests::official;
use lab::Lab;
use lab::parts::{self, Part};
use lab::probe::{Answers, Pods};
use lab::sample;
use serde_json::{Value, json};

/// How long the mesh may take until all calls are answered as they should be.
const SETTLED: Duration = Duration::from_secs(90);

pub struct Fixture {
    pub lab: Lab,
    /// Cluster → what was there before any test.
    fresh: BTreeMap<String, Objects>,
    /// Example → cluster → what its apply has made.
    made: [(&'static str, OnceLock<BTreeMap<String, Objects>>); 2],
}

impl Fixture {
    pub fn new(lab: Lab) -> Self {
        let read = |cluster: &lab::Cluster| {
            (cluster.name().to_owned(), Objects::read(&lab.kubeconfig(), cluster.name()))
        };
        let fresh = lab.clusters().iter().map(read).collect();
        let made = ["multi-primary-flat", "multi-primary-multi-network"].map(|name| (name, OnceLock::new()));
        Self { lab, fresh, made }
    }

    /// Everything in a cluster that was not there before any test.
    pub fn objects(&self, cluster: &str) -> Objects {
        Objects::read(&self.lab.kubeconfig(), cluster).since(&self.fresh[cluster])
    }

    /// Keeps what an example has made in these clusters for the comparison.
    pub fn remember(&self, example: &str, clusters: &[&str]) {
        let objects = clusters.iter().map(|cluster| ((*cluster).to_owned(), self.objects(cluster)));
        self.made(example).set(objects.collect()).expect("an example is remembered once");
    }

    /// What [`Fixture::remember`] has kept.
    pub fn remembered(&self, example: &str, cluster: &str) -> &Objects {
        let made = self.made(example).get().unwrap_or_else(|| panic!("run the test of {example} too"));
        &made[cluster]
    }

    fn made(&self, example: &str) -> &OnceLock<BTreeMap<String, Objects>> {
        let found = self.made.iter().find(|(name, _)| *name == example);
        &found.unwrap_or_else(|| panic!("{example} is not compared")).1
    }

    /// A workspace with an example and the variables that it asks for.
    pub fn example(&self, name: &str) -> Workspace {
        let workspace = Workspace::new(&Self::example_text(name));
        workspace.set_variables(&self.variables());
        workspace
    }

    /// The configuration of an example.
    pub fn example_text(name: &str) -> String {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples").join(name);
        std::fs::read_to_string(folder.join("main.tf")).expect("read the example")
    }

    /// The variables that every example asks for.
    pub fn variables(&self) -> Value {
        let charts = parts::charts().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        json!({"kubeconfig": self.lab.kubeconfig(), "charts": charts.directory()})
    }

    /// The lab's kubeconfig with another entry for one cluster and its user, in a file of the workspace.
    pub fn changed_kubeconfig(
        &self,
        workspace: &Workspace,
        cluster: &str,
        change: impl FnOnce(&mut Value),
    ) -> PathBuf {
        let view = self.kubectl(cluster, &["config", "view", "--raw", "--minify", "-o", "json"], "");
        let mut own: Value = serde_json::from_str(&view).expect("a kubeconfig");
        change(&mut own);
        let mut all: Value =
            serde_json::from_str(&self.kubectl(cluster, &["config", "view", "--raw", "-o", "json"], ""))
                .expect("a kubeconfig");
        for list in ["clusters", "users", "contexts"] {
            let entries = all[list].as_array_mut().expect("a list");
            entries.retain(|entry| entry["name"] != own[list][0]["name"]);
            entries.push(own[list][0].clone());
        }
        let path = workspace.path().join("kubeconfig");
        std::fs::write(&path, all.to_string()).expect("write the kubeconfig");
        path
    }

    /// Runs `kubectl` against a cluster with `input`; panics if it fails.
    #[track_caller]
    pub fn kubectl(&self, cluster: &str, arguments: &[&str], input: &str) -> String {
        let mut kubectl = Command::new(parts::find(Part::Kubectl).expect("kubectl"));
        kubectl.arg("--kubeconfig").arg(self.lab.kubeconfig()).args(["--context", cluster]).args(arguments);
        official::output(&mut kubectl, input)
    }

    /// Starts the sample in these clusters, where the mesh in `istio-system` allows only mutual TLS.
    pub fn start_sample(&self, clusters: &[&str]) {
        self.start_strict_sample("istio-system", clusters);
    }

    /// Starts the sample in these clusters, where the mesh in `namespace` allows only mutual TLS.
    pub fn start_strict_sample(&self, namespace: &str, clusters: &[&str]) {
        let strict = json!({
            "apiVersion": "security.istio.io/v1", "kind": "PeerAuthentication",
            "metadata": {"name": "default", "namespace": namespace}, "spec": {"mtls": {"mode": "STRICT"}},
        });
        for cluster in clusters {
            self.kubectl(cluster, &["apply", "-f", "-"], &strict.to_string());
            self.kubectl(cluster, &["apply", "-f", "-"], &sample::manifests(cluster).to_string());
        }
        for cluster in clusters {
            let wait = [
                "-n",
                sample::NAMESPACE,
                "rollout",
                "status",
                "deploy/echo",
                "deploy/client",
                "--timeout=120s",
            ];
            self.kubectl(cluster, &wait, "");
        }
    }

    /// Removes the sample.
    pub fn end_sample(&self, clusters: &[&str]) {
        for cluster in clusters {
            self.kubectl(cluster, &["delete", "namespace", sample::NAMESPACE, "--timeout=120s"], "");
        }
    }

    /// Calls the service from the client of a cluster.
    pub fn call(&self, cluster: &str, count: usize) -> Answers {
        self.lab.runtime().block_on(async {
            let pods = Pods::new(&self.lab.cluster(cluster).client().unwrap(), sample::NAMESPACE);
            let client = pods.running("app=client").await.unwrap();
            pods.call(&client, sample::URL, count).await.unwrap()
        })
    }

    /// Calls the service from the clients of these clusters all the time while `work` goes on: no call may fail.
    #[track_caller]
    pub fn under_traffic(&self, callers: &[&str], work: impl FnOnce()) {
        let goes_on = AtomicBool::new(true);
        let call = |cluster: &str| {
            let mut answers = Vec::new();
            while goes_on.load(Ordering::Relaxed) {
                answers.push(self.call(cluster, 20));
            }
            answers
        };
        std::thread::scope(|scope| {
            let calls: Vec<_> = callers.iter().map(|cluster| scope.spawn(|| call(cluster))).collect();
            // A failure must end the calls too, or nobody would ever hear of it.
            let worked = catch_unwind(AssertUnwindSafe(work));
            goes_on.store(false, Ordering::Relaxed);
            let answers: Vec<_> = calls.into_iter().map(|calls| calls.join().expect("the calls")).collect();
            worked.unwrap_or_else(|failure| resume_unwind(failure));
            for (caller, answers) in callers.iter().zip(answers) {
                let failed: Vec<_> = answers.iter().filter(|it| it.codes.get("200") != Some(&20)).collect();
                assert!(!answers.is_empty() && failed.is_empty(), "calls from {caller}: {failed:?}");
            }
        });
    }

    /// Calls until all answers come, from exactly these clusters.
    #[track_caller]
    pub fn settle(&self, caller: &str, expected: &[&str]) {
        let began = Instant::now();
        loop {
            let answers = self.call(caller, 20);
            let from: BTreeSet<&str> = answers.clusters.keys().map(String::as_str).collect();
            if answers.codes.get("200") == Some(&20) && from == expected.iter().copied().collect() {
                return;
            }
            assert!(began.elapsed() < SETTLED, "calls from {caller}: {answers:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// 200 calls from a cluster, all answered, by each of the two clusters about equally often.
    #[track_caller]
    pub fn assert_both_answer(&self, caller: &str, clusters: [&str; 2]) {
        let answers = self.call(caller, 200);
        assert_eq!(answers.codes.get("200"), Some(&200), "{answers:?}");
        for cluster in clusters {
            let count = answers.clusters.get(cluster).copied().unwrap_or_default();
            assert!((60..=140).contains(&count), "{cluster} answered {count} of 200 calls from {caller}");
        }
    }

    /// The addresses that the client's proxy calls the service at.
    pub fn endpoints(&self, cluster: &str) -> Vec<String> {
        self.lab.runtime().block_on(async {
            let pods = Pods::new(&self.lab.cluster(cluster).client().unwrap(), sample::NAMESPACE);
            let client = pods.running("app=client").await.unwrap();
            assert_eq!(pods.rejected(&client).await.unwrap(), 0, "a configuration was rejected");
            pods.endpoints(&client, sample::PROXY_CLUSTER).await.unwrap()
        })
    }

    /// Names of everything in the cluster that looks like a part of a mesh, but for the definitions.
    pub fn remains(&self, cluster: &str) -> BTreeSet<String> {
        let kinds =
            "clusterrole,clusterrolebinding,mutatingwebhookconfiguration,validatingwebhookconfiguration,ns";
        let all = self.kubectl(cluster, &["get", kinds, "-o", "name"], "");
        all.lines().filter(|name| name.contains("istio")).map(str::to_owned).collect()
    }
}

/// The states of the links in the status of a workspace's mesh.
pub fn links(workspace: &Workspace) -> Value {
    workspace.resource("istio_mesh.shop")["status"]["links"].clone()
}

/// Text out of base64.
pub fn decoded(encoded: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(encoded).expect("base64");
    String::from_utf8(bytes).expect("text")
}

/// Base64 of a text.
pub fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
