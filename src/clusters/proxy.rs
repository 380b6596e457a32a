//! Which proxy, if any, a cluster is reached through.

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::{ExposeSecret, SecretString};

use super::environment::Environment;
use super::invalid::{Invalid, Problem, Setting};

/// A proxy that requests can go through. Its URL may carry a password.
#[derive(Clone)]
pub(super) struct Proxy(pub Uri);

impl Proxy {
    /// The proxy that a setting names.
    pub fn from_setting(url: &SecretString) -> Result<Self, Problem> {
        let invalid = |reason| Problem::NotProxyUrl { reason };
        let uri: Uri = url.expose_secret().parse().map_err(|_| invalid("it cannot be parsed"))?;
        match uri.scheme_str() {
            Some("http" | "socks5") => {}
            // TLS to the proxy would be checked against the cluster's own certificate authority.
            Some("https") => return Err(invalid("TLS to the proxy itself is not supported")),
            Some(_) => return Err(invalid("its scheme is neither http nor socks5")),
            None => return Err(invalid("it has no scheme")),
        }
        Ok(Self(uri))
    }

    /// The proxy that the environment names for `server`, by the rules of Go's `ProxyFromEnvironment`:
    /// never for this machine itself, and not where `NO_PROXY` forbids it.
    pub fn from_environment(environment: &Environment, server: &Uri) -> Result<Option<Self>, Invalid> {
        let names = match server.scheme_str() {
            Some("http") => ["HTTP_PROXY", "http_proxy"],
            _ => ["HTTPS_PROXY", "https_proxy"],
        };
        let Some((variable, url)) = environment.first(names) else { return Ok(None) };
        let exempt = environment.first(["NO_PROXY", "no_proxy"]).map_or("", |(_, list)| list.expose_secret());
        if is_this_machine(server) || is_exempt(exempt, server) {
            return Ok(None);
        }
        let url = url.expose_secret();
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        Self::from_setting(&with_scheme.into()).map(Some).map_err(|problem| Invalid {
            setting: Setting { field: "proxy_url", variable: Some(variable) },
            problem,
        })
    }
}

/// The URL may hold a password.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.0.host().unwrap_or_default())
    }
}

fn is_exempt(no_proxy: &str, server: &Uri) -> bool {
    // The matcher decides whether some proxy would be used, so any will do to ask it.
    Matcher::builder().all("http://proxy.invalid").no(no_proxy).build().intercept(server).is_none()
}

fn is_this_machine(server: &Uri) -> bool {
    let host = server.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(variables: &'static [(&str, &str)], server: &str) -> Option<String> {
        let environment = Environment::from_variables(None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        });
        Proxy::from_environment(&environment, &server.parse().unwrap())
            .unwrap()
            .map(|proxy| proxy.0.to_string())
    }

    #[test]
    fn the_environment_names_the_proxy_of_the_servers_scheme() {
        let variables = &[("HTTPS_PROXY", "http://proxy:3128"), ("http_proxy", "plain:80")];
        assert_eq!(chosen(variables, "https://api.example").as_deref(), Some("http://proxy:3128/"));
        assert_eq!(chosen(variables, "http://api.example").as_deref(), Some("http://plain:80/"));
    }

    #[test]
    fn no_proxy_exempts_domains_addresses_and_this_machine() {
        let variables = &[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "corp.example,10.0.0.0/8")];
        for direct in
            ["https://api.corp.example", "https://10.1.2.3:6443", "https://127.0.0.1:6443", "https://[::1]"]
        {
            assert_eq!(chosen(variables, direct), None, "{direct}");
        }
        assert!(chosen(variables, "https://api.elsewhere.example").is_some());
    }

    #[test]
    fn a_proxy_with_another_scheme_is_refused_without_showing_its_password() {
        for url in ["https://u:s3ntinel@proxy:3128", "ftp://u:s3ntinel@proxy", "proxy:3128"] {
            let problem = Proxy::from_setting(&url.into()).unwrap_err();
            assert!(matches!(problem, Problem::NotProxyUrl { .. }), "{problem:?}");
            assert!(!format!("{problem:?} {problem}").contains("s3ntinel"));
        }
    }

    #[test]
    fn debug_output_shows_no_password() {
        let proxy = Proxy::from_setting(&"http://u:s3ntinel@proxy:3128".into()).unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy)");
    }
}
