//! Which proxy, if any, a cluster is reached through.

use http::Uri;
use http::uri::{Authority, PathAndQuery, Scheme};
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret, SecretString};

use super::environment::{CGI, Environment};
use super::invalid::{Invalid, Problem, Setting};
use super::no_proxy;

/// How a proxy is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Protocol {
    /// `CONNECT` over plain HTTP.
    Http,
    /// `CONNECT` over TLS.
    Https,
    /// SOCKS 5. Names are resolved by the proxy, with `socks5` and `socks5h` alike, as Go does it.
    Socks,
}

/// A proxy that requests can go through.
#[derive(Clone)]
pub(super) struct Proxy {
    pub protocol: Protocol,
    /// Its address with a port, without credentials.
    pub address: Uri,
    /// User name and password.
    pub login: Option<(String, SecretString)>,
}

/// Scheme, protocol and the port without which a URL means this one.
const SCHEMES: [(&str, Protocol, u16); 4] = [
    ("http", Protocol::Http, 80),
    ("https", Protocol::Https, 443),
    ("socks5", Protocol::Socks, 1080),
    ("socks5h", Protocol::Socks, 1080),
];

impl Proxy {
    /// The proxy that a setting names.
    pub fn from_setting(url: &SecretString) -> Result<Self, Problem> {
        let invalid = |reason| Problem::NotProxyUrl { reason };
        let url = url.expose_secret();
        let uri: Uri = url.parse().map_err(|_| invalid("it cannot be parsed"))?;
        // Of `name:port` nothing but an authority is left.
        let scheme = uri.scheme_str().ok_or_else(|| invalid("it has no scheme"))?;
        let (_, protocol, port) = SCHEMES
            .into_iter()
            .find(|(known, ..)| *known == scheme)
            .ok_or_else(|| invalid("its scheme is none of http, https, socks5 and socks5h"))?;
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(|| invalid("it has no host"))?;
        let authority: Authority = format!("{host}:{}", uri.port_u16().unwrap_or(port))
            .parse()
            .map_err(|_| invalid("its host cannot be parsed"))?;
        let connected = if protocol == Protocol::Https { Scheme::HTTPS } else { Scheme::HTTP };
        let address = Uri::builder()
            .scheme(connected)
            .authority(authority)
            .path_and_query(PathAndQuery::from_static("/"))
            .build()
            .map_err(|_| invalid("it cannot be parsed"))?;
        Ok(Self { protocol, address, login: uri.authority().and_then(login) })
    }

    /// The proxy that a kubeconfig's `proxy-url` names.
    pub fn from_kubeconfig(url: &str) -> Result<Self, Problem> {
        if url.starts_with("socks5h:") {
            return Err(Problem::NotProxyUrl { reason: "kubectl does not know the scheme socks5h" });
        }
        Self::from_setting(&url.into())
    }

    /// The proxy that the environment names for `server`, by the rules of Go's `ProxyFromEnvironment`:
    /// never for this machine itself, and not where `NO_PROXY` forbids it.
    pub fn from_environment(environment: &Environment, server: &Uri) -> Result<Option<Self>, Invalid> {
        let is_plain = server.scheme_str() == Some("http");
        let names = if is_plain { ["HTTP_PROXY", "http_proxy"] } else { ["HTTPS_PROXY", "https_proxy"] };
        let Some((variable, url)) = environment.first(names) else { return Ok(None) };
        let at_variable =
            |problem| Invalid { setting: Setting { field: "proxy_url", variable: Some(variable) }, problem };
        if is_plain && environment.first([CGI, CGI]).is_some() {
            return Err(at_variable(Problem::ProxyInCgi));
        }
        let exempt = environment.first(["NO_PROXY", "no_proxy"]).map_or("", |(_, list)| list.expose_secret());
        let port = server.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
        if no_proxy::is_exempt(exempt, server.host().unwrap_or_default(), port) {
            return Ok(None);
        }
        let url = url.expose_secret();
        let with_scheme = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        Self::from_setting(&with_scheme.into()).map(Some).map_err(at_variable)
    }
}

/// What stands in front of `@`, without the escapes of URLs.
fn login(authority: &Authority) -> Option<(String, SecretString)> {
    let (login, _) = authority.as_str().rsplit_once('@')?;
    let (username, password) = login.split_once(':').unwrap_or((login, ""));
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((decoded(username), decoded(password).into()))
}

/// The password is a secret.
impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Proxy({})", self.address.host().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &'static [(&str, &str)]) -> Environment {
        Environment::from_variables(None, |name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    fn chosen(variables: &'static [(&str, &str)], server: &str) -> Option<String> {
        Proxy::from_environment(&environment(variables), &server.parse().unwrap())
            .unwrap()
            .map(|proxy| proxy.address.to_string())
    }

    #[test]
    fn the_environment_names_the_proxy_of_the_servers_scheme() {
        let variables = &[("HTTPS_PROXY", "http://proxy:3128"), ("http_proxy", "plain")];
        assert_eq!(chosen(variables, "https://api.example").as_deref(), Some("http://proxy:3128/"));
        assert_eq!(chosen(variables, "http://api.example").as_deref(), Some("http://plain:80/"));
        let both = &[("HTTPS_PROXY", "http://upper"), ("https_proxy", "http://lower")];
        assert_eq!(chosen(both, "https://api.example").as_deref(), Some("http://upper:80/"));
    }

    #[test]
    fn no_proxy_exempts_servers_by_name_address_and_port() {
        let variables =
            &[("HTTPS_PROXY", "http://proxy:3128"), ("no_proxy", "*.corp.example:6443,10.0.0.0/8")];
        for direct in
            ["https://api.corp.example:6443", "https://10.1.2.3:6443", "https://[::1]", "https://localhost:1"]
        {
            assert_eq!(chosen(variables, direct), None, "{direct}");
        }
        for proxied in ["https://api.elsewhere.example", "https://api.corp.example"] {
            assert!(chosen(variables, proxied).is_some(), "{proxied}");
        }
        let default_port = &[("HTTPS_PROXY", "http://proxy:3128"), ("NO_PROXY", "api.example:443")];
        assert_eq!(chosen(default_port, "https://api.example"), None);
    }

    #[test]
    fn a_cgi_program_does_not_take_its_callers_proxy() {
        let variables =
            &[("HTTP_PROXY", "http://proxy"), ("HTTPS_PROXY", "http://proxy"), ("REQUEST_METHOD", "GET")];
        let environment = environment(variables);
        let invalid =
            Proxy::from_environment(&environment, &"http://api.example".parse().unwrap()).unwrap_err();
        assert!(matches!(invalid.problem, Problem::ProxyInCgi), "{invalid:?}");
        assert!(chosen(variables, "https://api.example").is_some());
    }

    #[test]
    fn every_scheme_that_go_knows_has_its_port_and_its_login() {
        for (url, protocol, address) in [
            ("http://u%40x:p%3Aw@proxy:3128", Protocol::Http, "http://proxy:3128/"),
            ("https://u%40x:p%3Aw@proxy", Protocol::Https, "https://proxy:443/"),
            ("socks5://u%40x:p%3Aw@[fd00::1]", Protocol::Socks, "http://[fd00::1]:1080/"),
            ("socks5h://u%40x:p%3Aw@proxy:9", Protocol::Socks, "http://proxy:9/"),
        ] {
            let proxy = Proxy::from_setting(&url.into()).unwrap();
            assert_eq!((proxy.protocol, proxy.address.to_string().as_str()), (protocol, address));
            let (username, password) = proxy.login.unwrap();
            assert_eq!((username.as_str(), password.expose_secret()), ("u@x", "p:w"), "{url}");
        }
    }

    #[test]
    fn a_proxy_with_another_scheme_is_refused_without_showing_its_password() {
        for url in ["ftp://u:s3ntinel@proxy", "proxy:3128", "http://"] {
            let problem = Proxy::from_setting(&url.into()).unwrap_err();
            assert!(matches!(problem, Problem::NotProxyUrl { .. }), "{problem:?}");
            assert!(!format!("{problem:?} {problem}").contains("s3ntinel"));
        }
        Proxy::from_kubeconfig("socks5h://proxy").unwrap_err();
    }

    #[test]
    fn debug_output_shows_no_password() {
        let proxy = Proxy::from_setting(&"http://u:s3ntinel@proxy:3128".into()).unwrap();
        assert_eq!(format!("{proxy:?}"), "Proxy(proxy)");
    }
}
