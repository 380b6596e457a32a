//! Envoy in front of an API server: the endpoint of a cloud with a certificate and identities of its own, and a proxy on the way.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use lab::api_server::{ApiServer, identity};
use lab::certificates::Authority;
use lab::component::Component;
use lab::net::addresses::OUTSIDE;
use lab::parts::{self, Part};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Where the front is, in the range that pods of all clusters reach, and where it is with the certificate of an authority.
const FRONT: u16 = 7443;
const AUTHORITY: u16 = 7444;
/// Where the proxy is.
const PROXY: u16 = 7128;
const ADMIN: u16 = 7900;
const STARTED: Duration = Duration::from_secs(20);

/// A front and a proxy for one API server. The front has a certificate of another authority than the cluster's, and at a second port
/// the certificate of an authority as its own.
pub struct Envoy {
    directory: TempDir,
    process: Component,
}

impl Envoy {
    /// Starts both. The front lets nobody through but the administrator, by the token; it knows no service accounts.
    pub fn before(api_server: &ApiServer) -> Self {
        let directory = TempDir::new().expect("make a directory");
        self_signed_authority(directory.path());
        let authority = Authority::generate("front").expect("an authority");
        let front = authority.server("front", &[], &[OUTSIDE.into()]).expect("a certificate");
        let write =
            |name: &str, text: &str| std::fs::write(directory.path().join(name), text).expect("write a file");
        write("front-ca.crt", authority.pem());
        write("front.crt", &front.certificate);
        write("front.key", &front.key);
        write("api-ca.pem", api_server.ca_pem());
        write("envoy.json", &bootstrap(directory.path(), api_server).to_string());
        let arguments = [
            "--config-path",
            &path(directory.path(), "envoy.json"),
            "--disable-hot-restart",
            "--concurrency",
            "1",
        ];
        let program = parts::find(Part::Envoy).unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        let process = Component::new(
            "envoy",
            &program,
            arguments.map(str::to_owned).to_vec(),
            directory.path().join("envoy.log"),
        );
        process.start().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
        let envoy = Self { directory, process };
        envoy.wait();
        envoy
    }

    /// The URL of the front.
    pub fn front() -> String {
        format!("https://{OUTSIDE}:{FRONT}")
    }

    /// The URL of the front with the certificate of an authority.
    pub fn authority() -> String {
        format!("https://{OUTSIDE}:{AUTHORITY}")
    }

    /// The URL of the proxy.
    pub fn proxy() -> String {
        format!("http://{OUTSIDE}:{PROXY}")
    }

    /// The certificate of the authority that has signed the front's.
    pub fn ca_pem(&self) -> String {
        std::fs::read_to_string(self.ca_file()).expect("read the certificate")
    }

    /// The file with that.
    pub fn ca_file(&self) -> String {
        path(self.directory.path(), "front-ca.crt")
    }

    /// The certificate of the authority that the front presents as its own at the second port.
    pub fn own_pem(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("authority.crt")).expect("read the certificate")
    }

    /// How many tunnels the proxy has made so far.
    pub fn tunnels() -> u64 {
        let mut admin = TcpStream::connect((OUTSIDE, ADMIN)).expect("reach Envoy");
        admin
            .write_all(b"GET /stats?filter=^http.proxy.downstream_rq_total$ HTTP/1.1\r\nHost: envoy\r\nConnection: close\r\n\r\n")
            .expect("ask Envoy");
        let mut answer = String::new();
        admin.read_to_string(&mut answer).expect("hear Envoy");
        let count = answer.lines().find_map(|line| line.strip_prefix("http.proxy.downstream_rq_total: "));
        count.and_then(|count| count.trim().parse().ok()).unwrap_or_else(|| panic!("{answer}"))
    }

    fn wait(&self) {
        let began = Instant::now();
        while TcpStream::connect((OUTSIDE, FRONT)).is_err() {
            self.process.check().unwrap_or_else(|error| panic!("{}", lab::chain(&error)));
            assert!(began.elapsed() < STARTED, "{}", self.process.log_tail(20));
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

fn path(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

/// As some clusters have it: the certificate that the server presents is that of its authority.
fn self_signed_authority(directory: &Path) {
    let names = format!("subjectAltName=IP:{OUTSIDE}");
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "30",
        ])
        .args(["-subj", "/CN=front", "-keyout", "authority.key", "-out", "authority.crt"])
        .args(["-addext", &names, "-addext", "keyUsage=critical,digitalSignature,keyCertSign"])
        .current_dir(directory)
        .output()
        .expect("run openssl");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let text = Command::new("openssl")
        .args(["x509", "-noout", "-text", "-in", "authority.crt"])
        .current_dir(directory)
        .output();
    assert!(String::from_utf8_lossy(&text.expect("run openssl").stdout).contains("CA:TRUE"));
}

fn bootstrap(directory: &Path, api_server: &ApiServer) -> Value {
    let token = api_server.token(identity::ADMIN).expect("a token");
    let known = json!([{"name": "authorization", "string_match": {"exact": format!("Bearer {token}")}}]);
    let front = json!([
        {"match": {"prefix": "/", "headers": known}, "route": {"cluster": "api", "timeout": "0s"}},
        {"match": {"prefix": "/"}, "direct_response": {"status": 401, "body": {"inline_string": "log in first"}}},
    ]);
    let proxy = json!([{
        "match": {"connect_matcher": {}},
        "route": {"cluster": "raw-api", "timeout": "0s", "upgrade_configs": [{"upgrade_type": "CONNECT", "connect_config": {}}]},
    }]);
    let upstream_tls = json!({
        "name": "tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            "common_tls_context": {"validation_context": {"trusted_ca": {"filename": path(directory, "api-ca.pem")}}},
        },
    });
    json!({
        "admin": {"address": address(&OUTSIDE.to_string(), ADMIN)},
        "static_resources": {
            "listeners": [
                listener("proxy", PROXY, "CONNECT", &proxy, &Value::Null),
                listener("front", FRONT, "websocket", &front, &tls(directory, "front")),
                listener("authority", AUTHORITY, "websocket", &front, &tls(directory, "authority")),
            ],
            "clusters": [cluster("api", api_server, &upstream_tls), cluster("raw-api", api_server, &Value::Null)],
        },
    })
}

/// TLS with one of the certificates.
fn tls(directory: &Path, name: &str) -> Value {
    let certificate = json!({
        "certificate_chain": {"filename": path(directory, &format!("{name}.crt"))},
        "private_key": {"filename": path(directory, &format!("{name}.key"))},
    });
    json!({
        "name": "tls",
        "typed_config": {
            "@type": "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
            "common_tls_context": {"tls_certificates": [certificate]},
        },
    })
}

fn listener(name: &str, port: u16, upgrade: &str, routes: &Value, tls: &Value) -> Value {
    let manager = json!({
        "@type": "type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": name,
        "codec_type": "HTTP1",
        "upgrade_configs": [{"upgrade_type": upgrade}],
        "http_filters": [{
            "name": "router",
            "typed_config": {"@type": "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router"},
        }],
        "route_config": {"virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}]},
    });
    let mut chain = json!({"filters": [{"name": "http", "typed_config": manager}]});
    if !tls.is_null() {
        chain["transport_socket"] = tls.clone();
    }
    json!({"name": name, "address": address(&OUTSIDE.to_string(), port), "filter_chains": [chain]})
}

fn cluster(name: &str, api_server: &ApiServer, tls: &Value) -> Value {
    let (host, port) = api_server.host().trim_start_matches("https://").rsplit_once(':').expect("a port");
    let endpoint = json!({"endpoint": {"address": address(host, port.parse().expect("a number"))}});
    let mut cluster = json!({
        "name": name, "type": "STATIC", "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    });
    if !tls.is_null() {
        cluster["transport_socket"] = tls.clone();
    }
    cluster
}

fn address(host: &str, port: u16) -> Value {
    json!({"socket_address": {"address": host, "port_value": port}})
}
