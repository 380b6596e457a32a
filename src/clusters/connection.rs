//! Settings, decoded and checked, as what a client is built from.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use http::header::USER_AGENT;
use http::{HeaderValue, Uri};
use kube::config::{AuthInfo, Config};
use rustls::pki_types::ServerName;

use super::credentials::Credentials;
use super::environment::Environment;
use super::invalid::{Invalid, Problem};
use super::kubeconfig;
use super::no_proxy::ascii;
use super::pem::{self, Identity};
use super::proxy::Proxy;
use super::settings::ConnectionConfig;
use crate::mesh::ApiServer;

/// What the API server's audit log calls the provider.
const PRODUCT: &str = concat!("terraform-provider-istio/", env!("CARGO_PKG_VERSION"));

/// An API server and how to be let in.
#[derive(Debug)]
pub(super) struct Connection {
    pub server: Uri,
    /// DER certificates that may sign the server's; `None` leaves it to the system's trust store.
    pub roots: Option<Vec<Vec<u8>>>,
    pub insecure: bool,
    pub tls_server_name: Option<String>,
    pub proxy: Option<Proxy>,
    /// Client certificate that the settings give; an exec plugin may give another.
    pub identity: Option<Identity>,
    /// A kubeconfig user's `as…` fields, nothing else.
    pub impersonation: AuthInfo,
    pub credentials: Credentials,
}

impl Connection {
    /// What `config`, which keeps to [`super::rules`], describes. Reads the kubeconfig if there is one.
    pub fn resolve(config: &ConnectionConfig, environment: &Environment) -> Result<Self, Invalid> {
        let mut connection = if let Some(host) = &config.host {
            Self::inline(host, config, environment)?
        } else {
            kubeconfig::connection(config, environment)?
        };
        if let Some(name) = &config.tls_server_name {
            connection.tls_server_name =
                Some(server_name(name).map_err(|problem| Invalid::new("tls_server_name", problem))?);
        }
        if config.insecure == Some(true) {
            connection.insecure = true;
            connection.roots = None;
        }
        if let Some(url) = &config.proxy_url {
            connection.proxy =
                Some(Proxy::from_setting(url).map_err(|problem| Invalid::new("proxy_url", problem))?);
        } else if connection.proxy.is_none() {
            connection.proxy = Proxy::from_environment(environment, &connection.server)?;
        }
        // A kubeconfig's are refused or left out already.
        let has_credentials = !matches!(connection.credentials, Credentials::None);
        if has_credentials && connection.is_plain_http() && !connection.is_on_this_machine() {
            return Err(Invalid::new("host", Problem::PlainHttp { has_scheme: true }));
        }
        Ok(connection)
    }

    fn inline(host: &str, config: &ConnectionConfig, environment: &Environment) -> Result<Self, Invalid> {
        let identity = match (&config.client_certificate, &config.client_key) {
            (Some(certificate), Some(key)) => Some(Identity::new(certificate, key)?),
            _ => None,
        };
        let roots = config.cluster_ca_certificate.as_deref().map(pem::certificates).transpose();
        Ok(Self {
            server: server(host).map_err(|problem| Invalid::new("host", problem))?,
            roots: roots.map_err(|problem| Invalid::new("cluster_ca_certificate", problem))?,
            insecure: false,
            tls_server_name: None,
            proxy: None,
            identity,
            impersonation: AuthInfo::default(),
            credentials: Credentials::from_settings(config, environment)?,
        })
    }

    /// Whether the server is spoken to without TLS.
    pub fn is_plain_http(&self) -> bool {
        self.server.scheme_str() == Some("http")
    }

    /// Whether what is sent does not leave this machine.
    pub fn is_on_this_machine(&self) -> bool {
        let host = self.server.host().unwrap_or_default().trim_matches(['[', ']']);
        let is_loopback = host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        (host == "localhost" || is_loopback) && self.proxy.is_none()
    }

    /// What kube knows of the connection: the URL, headers that every request has, and whom to trust.
    pub fn kube_config(&self) -> Config {
        let mut config = Config::new(self.server.clone());
        config.root_cert.clone_from(&self.roots);
        config.accept_invalid_certs = self.insecure;
        config.auth_info = self.impersonation.clone();
        config.headers = vec![(USER_AGENT, HeaderValue::from_static(PRODUCT))];
        config
    }

    /// What others have to know to go there too.
    pub fn api_server(&self) -> ApiServer {
        let roots = self.roots.as_ref().map(|roots| roots.iter().map(|der| pem::text_of(der)).collect());
        ApiServer {
            url: self.host(),
            cluster_ca_certificate: roots,
            tls_server_name: self.tls_server_name.clone(),
        }
    }

    /// The server's URL as errors show it.
    pub fn host(&self) -> String {
        self.server.to_string().trim_end_matches('/').to_owned()
    }
}

/// The URL that `host` stands for. The clouds' modules put it out with and without a scheme.
pub(super) fn server(host: &str) -> Result<Uri, Problem> {
    let host = host.trim();
    server_url(&if host.contains("://") { host.to_owned() } else { format!("https://{host}") })
}

/// The URL that a kubeconfig's `server` stands for. To client-go one without a scheme means plain HTTP, and may have no path.
pub(super) fn kubeconfig_server(server: &str) -> Result<Uri, Problem> {
    if server.contains("://") {
        return server_url(server);
    }
    let url = server_url(&format!("http://{server}"))?;
    if url.path() != "/" {
        return Err(Problem::NotServerUrl { reason: "it has no scheme" });
    }
    Ok(url)
}

fn server_url(url: &str) -> Result<Uri, Problem> {
    let invalid = |reason| Problem::NotServerUrl { reason };
    let uri: Uri = with_ascii_host(url).parse().map_err(|_| invalid("it cannot be parsed"))?;
    if !matches!(uri.scheme_str(), Some("https" | "http")) {
        return Err(invalid("its scheme is neither https nor http"));
    }
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(invalid("it contains credentials"));
    }
    if uri.host().is_none_or(str::is_empty) {
        return Err(invalid("it has no host"));
    }
    if uri.query().is_some() {
        return Err(invalid("it has a query"));
    }
    Ok(uri)
}

/// The URL with its host as DNS has it.
fn with_ascii_host(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://").filter(|_| !url.is_ascii()) else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#', ':']).unwrap_or(rest.len());
    let (host, rest) = rest.split_at(end);
    format!("{scheme}://{}{rest}", ascii(host))
}

/// A name that a certificate can have.
///
/// # Errors
/// What is neither a DNS name nor an IP address.
pub fn server_name(name: &str) -> Result<String, Problem> {
    ServerName::try_from(name).map_err(|_| Problem::NotServerName)?;
    Ok(name.to_owned())
}

/// `path` with a leading `~` replaced by the home directory, as in every other provider's `config_path`.
pub(super) fn expand(path: &str, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix('~'), home) {
        (Some(""), Some(home)) => home.to_owned(),
        (Some(rest), Some(home)) if rest.starts_with('/') => home.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_taken_with_and_without_scheme_port_and_path() {
        for (host, url) in [
            ("api.example", "https://api.example/"),
            ("10.0.0.1:6443", "https://10.0.0.1:6443/"),
            ("[fd00::1]:6443", "https://[fd00::1]:6443/"),
            ("https://api.example", "https://api.example/"),
            ("http://127.0.0.1:8001", "http://127.0.0.1:8001/"),
            ("https://rancher.example/k8s/clusters/c-1", "https://rancher.example/k8s/clusters/c-1"),
        ] {
            assert_eq!(server(host).unwrap().to_string(), url);
        }
    }

    #[test]
    fn a_host_that_is_no_server_url_is_refused_without_showing_credentials() {
        for host in
            ["ftp://api", "https://u:s3ntinel@api", "https://", "a b", "https://api?token=s3ntinel", ""]
        {
            let problem = server(host).unwrap_err();
            assert!(matches!(problem, Problem::NotServerUrl { .. }), "{host}: {problem:?}");
            assert!(!format!("{problem} {problem:?}").contains("s3ntinel"));
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory() {
        let home = Path::new("/home/u");
        assert_eq!(expand("~/.kube/config", Some(home)), Path::new("/home/u/.kube/config"));
        assert_eq!(expand("~other/x", Some(home)), Path::new("~other/x"));
        assert_eq!(expand("/a/~", Some(home)), Path::new("/a/~"));
        assert_eq!(expand("~/x", None), Path::new("~/x"));
    }
}
