//! Envoy as a lone process: a proxy of every case calls itself with mutual TLS.
//!
//! A case has two listeners on sockets in a directory. The first hands a connection on to the second, with the certificate of the
//! case's workload and the roots of the case; the second wants such a certificate, presents the same, and sends back what it gets. So a
//! word that comes back says that both sides accepted the certificate, one as a client's and one as a server's.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use lab::parts::{Part, find};
use serde_json::{Value, json};
use tempfile::TempDir;

/// What is sent.
const WORD: &[u8; 8] = b"accepted";
/// The name of the case that every run has at its end, without TLS.
const LAST: usize = usize::MAX;
const PATIENCE: Duration = Duration::from_secs(30);

/// What a workload has.
pub struct Workload {
    /// Its own certificate and what it presents after it.
    pub chain: String,
    pub key: String,
    /// What it trusts.
    pub roots: String,
    /// Its identity.
    pub uri: String,
}

pub struct Envoy {
    directory: TempDir,
    process: Child,
}

impl Envoy {
    /// One process for all cases. A case whose certificates Envoy does not load has no listener.
    pub fn start(cases: &[Workload]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mut listeners = Vec::new();
        let mut clusters = Vec::new();
        for (number, case) in cases.iter().enumerate() {
            listeners.push(server(directory.path(), number, Some(tls(case, true))));
            listeners.push(client(directory.path(), number));
            clusters.push(cluster(directory.path(), number, &tls(case, false)));
        }
        listeners.push(server(directory.path(), LAST, None));
        write(&path("listeners.json"), &json!({"version_info": "1", "resources": listeners}));
        write(&path("clusters.json"), &json!({"version_info": "1", "resources": clusters}));
        let file =
            |name: &str| json!({"resource_api_version": "V3", "path_config_source": {"path": path(name)}});
        let bootstrap = json!({
            "node": {"id": "certificates", "cluster": "certificates"},
            "dynamic_resources": {"lds_config": file("listeners.json"), "cds_config": file("clusters.json")},
        });
        write(&path("envoy.json"), &bootstrap);
        let log = fs::File::create(path("envoy.log")).unwrap();
        let process = Command::new(find(Part::Envoy).unwrap_or_else(|error| panic!("{error}")))
            .arg("--config-path")
            .arg(path("envoy.json"))
            .args(["--disable-hot-restart", "--concurrency", "1", "--log-level", "warning"])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut envoy = Self { directory, process };
        envoy.wait();
        envoy
    }

    /// `Ok` if the case's workload accepts its like, or else what Envoy says.
    pub fn judge(&self, number: usize) -> Result<(), String> {
        let Ok(mut socket) = UnixStream::connect(socket(self.directory.path(), "client", number)) else {
            return Err("Envoy does not load the certificates".to_owned());
        };
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut word = [0; WORD.len()];
        let answered = socket.write_all(WORD).and_then(|()| socket.read_exact(&mut word));
        match answered {
            Ok(()) if word == *WORD => Ok(()),
            answered => Err(self.reasons(number).unwrap_or_else(|| format!("{answered:?} {word:?}"))),
        }
    }

    /// What both sides say.
    fn reasons(&self, number: usize) -> Option<String> {
        let deadline = Instant::now() + Duration::from_secs(3);
        let path = self.directory.path().join(format!("reason-{number}"));
        while Instant::now() < deadline {
            let text = fs::read_to_string(&path).unwrap_or_default();
            let reasons: Vec<&str> =
                text.lines().filter(|line| line.contains("CERTIFICATE_VERIFY_FAILED")).collect();
            if !reasons.is_empty() {
                return Some(reasons.join("; "));
            }
            thread::sleep(Duration::from_millis(20));
        }
        fs::read_to_string(&path).ok().filter(|text| !text.is_empty())
    }

    /// Listeners are made in their order, so the last one says that all others have had their turn.
    fn wait(&mut self) {
        let deadline = Instant::now() + PATIENCE;
        while UnixStream::connect(socket(self.directory.path(), "server", LAST)).is_err() {
            let log = || fs::read_to_string(self.directory.path().join("envoy.log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "Envoy does not listen: {}", log());
            let ended = self.process.try_wait().unwrap();
            assert!(ended.is_none(), "Envoy has ended: {}", log());
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Envoy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn write(path: &Path, content: &Value) {
    fs::write(path, content.to_string()).unwrap();
}

fn socket(directory: &Path, side: &str, number: usize) -> PathBuf {
    directory.join(format!("{side}-{number}"))
}

fn address(directory: &Path, side: &str, number: usize) -> Value {
    json!({"pipe": {"path": socket(directory, side, number)}})
}

fn log(directory: &Path, number: usize, format: &str) -> Value {
    json!([{
        "name": "file",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog",
            "path": directory.join(format!("reason-{number}")),
            "log_format": {"text_format_source": {"inline_string": format!("{format}\n")}},
        },
    }])
}

fn server(directory: &Path, number: usize, tls: Option<Value>) -> Value {
    let mut chain = json!({"filters": [{
        "name": "echo",
        "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo"},
    }]});
    if let Some(tls) = tls {
        chain["transport_socket"] = tls;
    }
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": format!("server-{number}"),
        "address": address(directory, "server", number),
        "filter_chains": [chain],
        "access_log": log(directory, number, "server: %DOWNSTREAM_TRANSPORT_FAILURE_REASON%"),
    })
}

fn client(directory: &Path, number: usize) -> Value {
    json!({
        "@type": "type.googleapis.com/envoy.config.listener.v3.Listener",
        "name": format!("client-{number}"),
        "address": address(directory, "client", number),
        "filter_chains": [{"filters": [{
            "name": "proxy",
            "typed_config": {
                "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                "stat_prefix": "proxy",
                "cluster": format!("case-{number}"),
                "access_log": log(directory, number, "client: %UPSTREAM_TRANSPORT_FAILURE_REASON%"),
            },
        }]}],
    })
}

fn cluster(directory: &Path, number: usize, tls: &Value) -> Value {
    let name = format!("case-{number}");
    json!({
        "@type": "type.googleapis.com/envoy.config.cluster.v3.Cluster",
        "name": name,
        "type": "STATIC",
        "connect_timeout": "10s",
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address(directory, "server", number)}}]}],
        },
        "transport_socket": tls,
    })
}

/// As proxies of Istio have it: their own certificate, the roots, and whom they expect.
fn tls(case: &Workload, is_server: bool) -> Value {
    let common = json!({
        "tls_certificates": [{
            "certificate_chain": {"inline_string": case.chain},
            "private_key": {"inline_string": case.key},
        }],
        "validation_context": {
            "trusted_ca": {"inline_string": case.roots},
            "match_typed_subject_alt_names": [{"san_type": "URI", "matcher": {"exact": case.uri}}],
        },
    });
    let side = if is_server { "Downstream" } else { "Upstream" };
    let mut config = json!({
        "@type": format!("type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.{side}TlsContext"),
        "common_tls_context": common,
    });
    if is_server {
        config["require_client_certificate"] = json!(true);
    }
    json!({"name": "tls", "typed_config": config})
}
