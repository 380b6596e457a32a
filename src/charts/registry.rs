//! What the user says about hosts with charts, and whom it is said to.

use std::collections::BTreeMap;

use reqwest::{Certificate, Client};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;
use url::{Host, Url};

use super::error::Error;
use super::http::{self, Http};

/// One `chart_registry` block: what a host with charts asks for.
#[derive(Clone, Debug, Default)]
pub struct Registry {
    /// The user's name; together with the password.
    pub username: Option<String>,
    /// The password or token.
    pub password: Option<SecretString>,
    /// Certificates of authorities that are trusted besides the system's, PEM.
    pub ca_certificate: Option<String>,
    /// Whether OCI charts of this host are fetched without TLS.
    pub plain_http: bool,
    /// An attribute whose value only apply makes known.
    pub not_yet_known: Option<&'static str>,
}

/// User name and password, shown to the host that they are for, and to whom it sends for tokens.
#[derive(Clone, Debug)]
pub(super) struct Credentials {
    pub username: String,
    pub password: SecretString,
}

/// The hosts that the user has described, and a client for all others.
#[derive(Clone, Debug)]
pub(super) struct Hosts {
    /// Trusts the system's authorities. A machine without any can still use charts from disk or with its own authority.
    client: Option<Client>,
    described: BTreeMap<String, Described>,
}

#[derive(Clone, Debug)]
enum Described {
    Known { client: Option<Client>, credentials: Option<Credentials>, plain_http: bool },
    NotYet { attribute: &'static str },
}

impl Hosts {
    /// By label: `host` or `host:port`.
    pub fn new(registries: BTreeMap<String, Registry>) -> Result<Self, Error> {
        let described = registries.into_iter().map(|(label, registry)| {
            let host = from_label(&label).ok_or_else(|| not_a_host(&label))?;
            let described = Described::of(registry, &label)?;
            Ok((host, described))
        });
        let described = described.collect::<Result<_, Error>>()?;
        Ok(Self { client: http::client(Vec::new()).ok(), described })
    }

    /// The host of `url`, with its credentials, unless those would be sent unencrypted.
    pub fn of(&self, url: &Url) -> Result<Http, Error> {
        let http = self.known(url)?;
        if http.credentials.is_some() && !is_private(url) {
            return Err(Error::Unencrypted { url: http::shown(url), host: http.host });
        }
        Ok(http)
    }

    /// The same host without credentials.
    pub fn for_everybody(&self, url: &Url) -> Result<Http, Error> {
        Ok(Http { credentials: None, ..self.known(url)? })
    }

    fn known(&self, url: &Url) -> Result<Http, Error> {
        let host = name(url);
        let (client, credentials, plain_http) = match self.described.get(&host) {
            Some(Described::Known { client, credentials, plain_http }) => {
                (client.as_ref(), credentials.clone(), *plain_http)
            }
            Some(Described::NotYet { attribute }) => return Err(Error::NotYetKnown { host, attribute }),
            None => (None, None, false),
        };
        let client = match client.or(self.client.as_ref()) {
            Some(client) => client.clone(),
            None => http::client(Vec::new())?,
        };
        Ok(Http { host, client, credentials, is_plain: plain_http })
    }
}

impl Described {
    fn of(registry: Registry, label: &str) -> Result<Self, Error> {
        if let Some(attribute) = registry.not_yet_known {
            return Ok(Self::NotYet { attribute });
        }
        let credentials = match (registry.username, registry.password) {
            (Some(username), Some(password)) => Some(Credentials { username, password }),
            (None, None) => None,
            _ => return Err(Error::HalfOfCredentials { label: label.to_owned() }),
        };
        let plain_http = registry.plain_http;
        if plain_http && credentials.is_some() && !is_loopback(label) {
            return Err(Error::CredentialsWithoutTls { label: label.to_owned() });
        }
        if plain_http && registry.ca_certificate.is_some() {
            return Err(Error::CertificatesWithoutTls { label: label.to_owned() });
        }
        let authorities = registry.ca_certificate.map(|pem| certificates(&pem, label)).transpose()?;
        let client = authorities.map(http::client).transpose()?;
        Ok(Self::Known { client, credentials, plain_http })
    }
}

fn not_a_host(label: &str) -> Error {
    // Who writes a whole URL may have written credentials, too.
    Error::NotAHost { label: label.rsplit('@').next().unwrap_or_default().to_owned() }
}

fn certificates(pem: &str, label: &str) -> Result<Vec<Certificate>, Error> {
    let unusable = || Error::NotCertificates { label: label.to_owned() };
    let sections: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let sections = sections.ok().filter(|sections| !sections.is_empty()).ok_or_else(unusable)?;
    let mut roots = RootCertStore::empty();
    let usable = sections.into_iter().map(|der| {
        roots.add(der.clone()).map_err(|_| unusable())?;
        Certificate::from_der(&der).map_err(|_| unusable())
    });
    usable.collect()
}

/// `host`, or `host:port` if the port is not the scheme's own.
fn name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// The same from the label of a block, which is that and nothing else.
fn from_label(label: &str) -> Option<String> {
    let url = Url::parse(&format!("https://{label}")).ok()?;
    let is_bare = url.path() == "/" && !label.contains(['/', '?', '#', '@']);
    is_bare.then(|| name(&url))
}

/// Whether nobody on the way can read what is sent to `url`.
pub(super) fn is_private(url: &Url) -> bool {
    url.scheme() == "https" || is_on_this_machine(url)
}

fn is_loopback(label: &str) -> bool {
    Url::parse(&format!("https://{label}")).is_ok_and(|url| is_on_this_machine(&url))
}

fn is_on_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(label: &str, registry: Registry) -> Result<Hosts, Error> {
        Hosts::new([(label.to_owned(), registry)].into())
    }

    fn credentials() -> Registry {
        Registry {
            username: Some("user".to_owned()),
            password: Some("s3ntinel".into()),
            ..Registry::default()
        }
    }

    #[test]
    fn credentials_are_for_the_host_and_port_of_their_label_only() {
        let hosts = hosts("Charts.example:8443", credentials()).unwrap();
        let has = |url: &str| hosts.of(&url.parse().unwrap()).unwrap().credentials.is_some();
        assert!(has("https://charts.example:8443/istio"));
        for other in ["https://charts.example/", "https://example:8443/", "https://x.charts.example:8443/"] {
            assert!(!has(other), "{other}");
        }
        assert!(!format!("{hosts:?}").contains("s3ntinel"));
    }

    #[test]
    fn the_port_of_https_may_be_written_or_not() {
        let hosts = hosts("charts.example:443", credentials()).unwrap();
        assert!(hosts.of(&"https://charts.example/".parse().unwrap()).unwrap().credentials.is_some());
    }

    #[test]
    fn a_label_that_is_no_host_is_refused() {
        for label in
            ["", "https://charts.example", "charts.example/istio", "u:s3ntinel@charts.example", "a b"]
        {
            assert!(matches!(hosts(label, credentials()).unwrap_err(), Error::NotAHost { .. }), "{label}");
        }
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let garbage = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for pem in ["", "ca.pem", garbage] {
            let registry = Registry { ca_certificate: Some(pem.to_owned()), ..Registry::default() };
            let error = hosts("charts.example", registry).unwrap_err();
            assert!(matches!(error, Error::NotCertificates { .. }), "{pem}: {error:?}");
        }
    }

    #[test]
    fn half_of_credentials_is_refused() {
        let registry = Registry { password: None, ..credentials() };
        let error = hosts("charts.example", registry).unwrap_err();
        assert!(matches!(error, Error::HalfOfCredentials { .. }), "{error:?}");
    }

    #[test]
    fn credentials_are_sent_unencrypted_to_this_machine_only() {
        for (label, url, is_sent) in [
            ("charts.example", "http://charts.example/", false),
            ("192.0.2.1:8080", "http://192.0.2.1:8080/", false),
            ("charts.example", "https://charts.example/", true),
            ("localhost:8080", "http://localhost:8080/", true),
            ("127.0.0.2:8080", "http://127.0.0.2:8080/", true),
            ("[::1]:8080", "http://[::1]:8080/", true),
        ] {
            let url = url.parse().unwrap();
            let hosts = hosts(label, credentials()).unwrap();
            assert_eq!(hosts.of(&url).is_ok(), is_sent, "{url}");
            assert!(hosts.for_everybody(&url).unwrap().credentials.is_none());
        }
    }

    #[test]
    fn a_registry_without_tls_has_neither_credentials_nor_certificates() {
        let plain = Registry { plain_http: true, ..credentials() };
        let error = hosts("registry.example:5000", plain.clone()).unwrap_err();
        assert!(matches!(error, Error::CredentialsWithoutTls { .. }), "{error:?}");
        assert!(hosts("localhost:5000", plain).is_ok());
        let ca = Registry { plain_http: true, ca_certificate: Some("x".to_owned()), ..Registry::default() };
        let error = hosts("registry.example:5000", ca).unwrap_err();
        assert!(matches!(error, Error::CertificatesWithoutTls { .. }), "{error:?}");
    }
}
