//! What Istio's guides tell a person to type, with the real `helm`, `istioctl` and `kubectl`: "Install Multi-Primary" and
//! "Install Multi-Primary on different networks" in their Helm variant, each with "Plug in CA Certificates" before it, since
//! clusters of one mesh need one root.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use lab::parts::{self, Charts, Part};
use tempfile::TempDir;

use crate::authority::{Authority, Intermediate};

const NAMESPACE: &str = "istio-system";
const GATEWAY: &str = "istio-eastwestgateway";

/// `samples/multicluster/expose-services.yaml` of the release.
const EXPOSE_SERVICES: &str = "
apiVersion: networking.istio.io/v1
kind: Gateway
metadata:
  name: cross-network-gateway
spec:
  selector:
    istio: eastwestgateway
  servers:
    - port:
        number: 15443
        name: tls
        protocol: TLS
      tls:
        mode: AUTO_PASSTHROUGH
      hosts:
        - \"*.local\"
";

/// One cluster of the mesh.
struct Primary {
    name: String,
    network: String,
    intermediate: Intermediate,
}

/// A mesh to be made by hand. Its certificates are made with it, so that installing is nothing but the guide's commands.
pub struct Guide {
    kubeconfig: PathBuf,
    charts: Charts,
    primaries: Vec<Primary>,
    root: String,
    /// Where the programs keep their caches, and where their files are.
    home: TempDir,
}

impl Guide {
    /// Clusters, by their contexts in the kubeconfig, with their networks.
    pub fn new(kubeconfig: &Path, clusters: &[(&str, &str)]) -> Self {
        let authority = Authority::new();
        let primary = |(name, network): &(&str, &str)| Primary {
            name: (*name).to_owned(),
            network: (*network).to_owned(),
            intermediate: authority.intermediate(name),
        };
        Self {
            kubeconfig: kubeconfig.to_owned(),
            charts: parts::charts().expect("the charts"),
            primaries: clusters.iter().map(primary).collect(),
            root: authority.root(),
            home: TempDir::new().expect("make a directory"),
        }
    }

    /// Types everything, in all clusters at the same time, which is faster than the guides have it. `--wait` stands where the
    /// guides have one look whether pods run, before the gateway and at the end.
    pub fn install(&self, mesh_id: &str, trust_domain: &str) {
        thread::scope(|scope| {
            for primary in &self.primaries {
                scope.spawn(|| self.install_in(primary, mesh_id, trust_domain));
            }
        });
        thread::scope(|scope| {
            for read in &self.primaries {
                scope.spawn(|| self.enable_endpoint_discovery(read));
            }
        });
    }

    fn install_in(&self, primary: &Primary, mesh_id: &str, trust_domain: &str) {
        let Primary { name: cluster, network, .. } = primary;
        self.kubectl(cluster, &["create", "namespace", NAMESPACE], "");
        if self.has_several_networks() {
            let label = format!("topology.istio.io/network={network}");
            self.kubectl(cluster, &["label", "namespace", NAMESPACE, &label], "");
        }
        self.plug_in_certificates(primary);
        self.helm_install(cluster, "istio-base", "base", &[]);
        let identity = [
            format!("global.meshID={mesh_id}"),
            format!("global.multiCluster.clusterName={cluster}"),
            format!("global.network={network}"),
            // The guides keep the default; whose mesh has a trust domain of its own says so here.
            format!("meshConfig.trustDomain={trust_domain}"),
        ];
        self.helm_install(cluster, "istiod", "istiod", &identity);
        if self.has_several_networks() {
            let gateway = [format!("name={GATEWAY}"), format!("networkGateway={network}")];
            self.helm_install(cluster, GATEWAY, "gateway", &gateway);
            self.kubectl(cluster, &["apply", "-n", NAMESPACE, "-f", "-"], EXPOSE_SERVICES);
        }
    }

    fn has_several_networks(&self) -> bool {
        self.primaries.iter().any(|primary| primary.network != self.primaries[0].network)
    }

    fn plug_in_certificates(&self, primary: &Primary) {
        let directory = self.home.path().join(&primary.name);
        std::fs::create_dir_all(&directory).expect("make a directory");
        let Intermediate { certificate, key, chain } = &primary.intermediate;
        let files = [
            ("ca-cert.pem", certificate),
            ("ca-key.pem", key),
            ("cert-chain.pem", chain),
            ("root-cert.pem", &self.root),
        ];
        let mut arguments =
            ["create", "secret", "generic", "cacerts", "-n", NAMESPACE].map(str::to_owned).to_vec();
        for (name, content) in files {
            let path = directory.join(name);
            std::fs::write(&path, content).expect("write a certificate");
            arguments.push(format!("--from-file={}", path.display()));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.kubectl(&primary.name, &arguments, "");
    }

    fn helm_install(&self, cluster: &str, release: &str, chart: &str, settings: &[String]) {
        let chart = self.charts.chart(chart).display().to_string();
        let fixed = ["install", release, &chart, "-n", NAMESPACE, "--wait", "--timeout=5m"];
        let settings = settings.iter().flat_map(|setting| ["--set", setting]);
        let arguments: Vec<&str> = fixed.into_iter().chain(settings).collect();
        self.run(Part::Helm, "--kube-context", cluster, &arguments, "");
    }

    /// Lets all other clusters read this one.
    fn enable_endpoint_discovery(&self, read: &Primary) {
        let name = format!("--name={}", read.name);
        let secret = self.run(Part::Istioctl, "--context", &read.name, &["create-remote-secret", &name], "");
        for reader in self.primaries.iter().filter(|reader| reader.name != read.name) {
            self.kubectl(&reader.name, &["apply", "-f", "-"], &secret);
        }
    }

    /// Removes everything as the guides' "Cleanup" does, and the definitions, which Helm leaves.
    pub fn remove(&self) {
        thread::scope(|scope| {
            for Primary { name: cluster, .. } in &self.primaries {
                scope.spawn(|| self.remove_from(cluster));
            }
        });
    }

    fn remove_from(&self, cluster: &str) {
        let gateway = self.has_several_networks().then_some(GATEWAY);
        for release in gateway.into_iter().chain(["istiod", "istio-base"]) {
            self.run(Part::Helm, "--kube-context", cluster, &["uninstall", release, "-n", NAMESPACE], "");
        }
        self.kubectl(cluster, &["delete", "namespace", NAMESPACE], "");
        remove_definitions(&self.kubeconfig, cluster);
    }

    fn kubectl(&self, cluster: &str, arguments: &[&str], input: &str) -> String {
        self.run(Part::Kubectl, "--context", cluster, arguments, input)
    }

    fn run(&self, part: Part, context: &str, cluster: &str, arguments: &[&str], input: &str) -> String {
        let mut command =
            Command::new(parts::find(part).unwrap_or_else(|error| panic!("{}", lab::chain(&error))));
        command.args([context, cluster]).args(arguments);
        command.env("KUBECONFIG", &self.kubeconfig).env("HOME", self.home.path());
        output(&mut command, input)
    }
}

/// Deletes the definitions of Istio's resources with all that there is of them.
pub fn remove_definitions(kubeconfig: &Path, cluster: &str) {
    let kubectl = |arguments: &[&str]| {
        let mut command = Command::new(parts::find(Part::Kubectl).expect("kubectl"));
        command.arg("--kubeconfig").arg(kubeconfig).args(["--context", cluster]).args(arguments);
        output(&mut command, "")
    };
    let definitions = kubectl(&["get", "crd", "-o", "name"]);
    let definitions: Vec<&str> = definitions.lines().filter(|name| name.ends_with(".istio.io")).collect();
    if !definitions.is_empty() {
        kubectl(&[&["delete"], &definitions[..]].concat());
    }
}

/// Runs a program to its end and returns what it printed; panics with everything it said if it fails.
pub fn output(command: &mut Command, input: &str) -> String {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = child.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    // A program that ends before it has read everything says why on its standard error.
    let _ = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("wait for a program");
    if !output.status.success() {
        let mut story = format!("{command:?}: {}\n", output.status);
        for stream in [&output.stdout, &output.stderr] {
            // Writing to a string cannot fail.
            let _ = write!(story, "{}", String::from_utf8_lossy(stream));
        }
        panic!("{story}");
    }
    String::from_utf8(output.stdout).expect("the program prints text")
}
