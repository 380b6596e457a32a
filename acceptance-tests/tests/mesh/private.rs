//! Charts and images that are not for everybody.

use std::fs;
use std::process::{Child, Command, Stdio};

use acceptance_tests::mesh::{VERSION, charts};
use acceptance_tests::{Fixture, Workspace, until};
use lab::certificates::Authority;
use lab::chart_repository::ChartRepository;
use lab::parts::{self, Part};
use lab::registry::{Access, Registry};

use crate::configuration::mesh_of;
use crate::secrets;

const USER: &str = "puller";
const PASSWORD: &str = "planted-chart-passw0rd";

pub fn a_mesh_comes_from_a_protected_registry(fixture: &Fixture) {
    let authority = Authority::generate("private").expect("make an authority");
    let registry = Registry::start(&authority, Access::Basic(USER, PASSWORD))
        .unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    let archives = parts::charts().expect("Istio's charts");
    for chart in ["base", "istiod"] {
        let pushed = registry.push(&archives.archive(chart), "team/istio");
        pushed.unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
    }
    let source = format!("oci://{}/team/istio", registry.host());
    a_mesh_comes_from(fixture, &source, registry.host(), &authority);
}

pub fn a_mesh_comes_from_a_protected_repository(fixture: &Fixture) {
    let authority = Authority::generate("private").expect("make an authority");
    let directory = parts::charts().expect("Istio's charts").repository();
    let repository =
        ChartRepository::serve_encrypted(&directory, USER, PASSWORD, &authority).expect("serve the charts");
    a_mesh_comes_from(fixture, &repository.url(), &repository.host(), &authority);
}

/// Refused at plan without the authority and with a wrong password; with both right, planned, applied and kept, and the
/// password is nowhere.
fn a_mesh_comes_from(fixture: &Fixture, source: &str, host: &str, authority: &Authority) {
    let mesh = mesh_from(source, "  delete_crds = true");
    let mut workspace = fixture.workspace("east", "");
    let log = workspace.path().join("trace.log");
    workspace.set("TF_LOG", "TRACE");
    workspace.set("TF_LOG_PATH", &log.display().to_string());
    let password = workspace.path().join("chart-password");
    let configured = |block: &str| {
        let provider = fixture.provider("east", "east", "");
        format!(
            "{}{mesh}",
            provider.replacen("provider \"istio\" {\n", &format!("provider \"istio\" {{\n{block}"), 1)
        )
    };

    workspace.configure(&configured(&chart_registry(host, None)));
    fs::write(&password, PASSWORD).expect("write the password");
    let refused = workspace.plan().failed_with(&[
        "Cannot fetch chart",
        "is not signed by a trusted certificate authority",
        &format!("ca_certificate in a chart_registry \"{host}\" block"),
    ]);
    assert_shows_no_password(&refused.output);

    workspace.configure(&configured(&chart_registry(host, Some(authority))));
    fs::write(&password, format!("not-{PASSWORD}")).expect("write the password");
    let refused = workspace.plan().failed_with(&[
        &format!("rejected the user name and password of chart_registry \"{host}\" (HTTP 401)"),
        "Check username and password of the block",
    ]);
    assert_shows_no_password(&refused.output);

    fs::write(&password, PASSWORD).expect("write the password");
    assert_eq!(workspace.plan().code, 2);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    let digests = workspace.resource("istio_mesh.shop")["chart_digests"].clone();
    assert_eq!(digests[format!("istiod-{VERSION}")], digest_of("istiod"), "{digests}");
    let found = secrets::found(workspace.path(), &[PASSWORD]);
    assert!(found.is_empty(), "{found:?}");
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), std::collections::BTreeSet::new());
}

fn assert_shows_no_password(output: &str) {
    assert!(!output.contains(PASSWORD), "{output}");
}

fn chart_registry(host: &str, authority: Option<&Authority>) -> String {
    let ca = authority
        .map(|authority| format!("    ca_certificate = <<-PEM\n{}PEM\n", authority.pem()))
        .unwrap_or_default();
    format!(
        "  chart_registry \"{host}\" {{\n    username = \"{USER}\"\n    \
         password = file(\"${{path.module}}/chart-password\")\n{ca}  }}\n"
    )
}

/// What an index says of the chart's archive.
fn digest_of(chart: &str) -> String {
    let directory = parts::charts().expect("Istio's charts").repository();
    let index = fs::read_to_string(directory.join("index.yaml")).expect("read the index");
    let (_, entry) = index.split_once(&format!("  {chart}:\n")).expect("the chart's entry");
    let (_, rest) = entry.split_once("digest: ").expect("the chart's digest");
    format!("sha256:{}", rest.lines().next().expect("a digest"))
}

fn mesh_from(source: &str, extra: &str) -> String {
    mesh_of("east", extra).replacen(&charts(), source, 1)
}

pub fn a_pull_secret_is_there_before_the_first_pod(fixture: &Fixture) {
    let secret = "  delete_crds = true\n  image_pull_secret \"pull\" {\n    docker_config_json_wo = \
                  jsonencode({ auths = { \"registry.example\" = { auth = \"dXNlcjpwYXNzd29yZA==\" } } })\n  }\n";
    let workspace = fixture.workspace("east", &mesh_of("east", secret));
    let watch = Watch::start(fixture, "east", &workspace);
    workspace.apply().succeeded();
    until("the event of istiod's pod", || !watch.created().is_empty());
    let get =
        |arguments: &[&str]| fixture.kubectl("east", &[&["get", "-n", "istio-system"], arguments].concat());
    // A Secret's resource version is that of its last change, a pod's in the event of its creation that of this; both are
    // revisions of one etcd.
    let version = get(&["secret", "pull", "-o", "jsonpath={.metadata.resourceVersion}"]);
    let version: u64 = version.parse().expect("a resource version");
    let created = watch.created();
    assert!(created.iter().all(|pod| version < *pod), "the Secret at {version}, pods at {created:?}");
    let names =
        get(&["pods", "-l", "app=istiod", "-o", "jsonpath={.items[*].spec.imagePullSecrets[*].name}"]);
    assert_eq!(names, "pull");
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_eq!(fixture.remains("east"), std::collections::BTreeSet::new());
}

/// `kubectl get --watch` of the pods of a mesh, from before it is there.
struct Watch {
    kubectl: Child,
    output: std::path::PathBuf,
}

impl Watch {
    fn start(fixture: &Fixture, cluster: &str, workspace: &Workspace) -> Self {
        let output = workspace.path().join("pods.txt");
        let columns = r#"jsonpath={.type}{" "}{.object.metadata.namespace}{" "}{.object.metadata.resourceVersion}{" "}{.object.spec.nodeName}{"\n"}"#;
        let kubectl = Command::new(parts::find(Part::Kubectl).expect("kubectl"))
            .arg("--kubeconfig")
            .arg(fixture.lab.kubeconfig())
            .args([
                "--context",
                cluster,
                "get",
                "pods",
                "-A",
                "--watch",
                "--output-watch-events",
                "-o",
                columns,
            ])
            .stdin(Stdio::null())
            .stdout(fs::File::create(&output).expect("make the watch's file"))
            .spawn()
            .expect("run kubectl");
        Self { kubectl, output }
    }

    /// The resource versions at which pods of the mesh's namespace were created.
    fn created(&self) -> Vec<u64> {
        let text = fs::read_to_string(&self.output).expect("read what the watch saw");
        let added = text.lines().filter_map(|line| line.strip_prefix("ADDED istio-system "));
        let created = added.map(|pod| {
            let (version, node) = pod.split_once(' ').expect("two columns");
            // One that has a node was there before the watch.
            assert_eq!(node, "", "the watch began too late");
            version.parse().expect("a resource version")
        });
        created.collect()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}
