//! What the user says about hosts with charts, and whom it is said to.

use std::collections::BTreeMap;

use reqwest::{Certificate, Client};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use secrecy::SecretString;
use url::Url;

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
    Known { client: Option<Client>, credentials: Option<Credentials> },
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

    /// The host of `url`.
    pub fn of(&self, url: &Url) -> Result<Http, Error> {
        let host = name(url);
        let (client, credentials) = match self.described.get(&host) {
            Some(Described::Known { client, credentials }) => (client.as_ref(), credentials.clone()),
            Some(Described::NotYet { attribute }) => return Err(Error::NotYetKnown { host, attribute }),
            None => (None, None),
        };
        let client = match client.or(self.client.as_ref()) {
            Some(client) => client.clone(),
            None => http::client(Vec::new())?,
        };
        Ok(Http { host, client, credentials })
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
        let authorities = registry.ca_certificate.map(|pem| certificates(&pem, label)).transpose()?;
        let client = authorities.map(http::client).transpose()?;
        Ok(Self::Known { client, credentials })
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
}
