//! The environment variables that a connection may come from, read once at the edge of the program.

use std::collections::BTreeMap;
use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};

use super::invalid::{Invalid, Problem};
use super::settings::ConnectionConfig;

/// Setting → variable, as the kubernetes provider has them.
const VARIABLES: [(&str, &str); 13] = [
    ("host", "KUBE_HOST"),
    ("cluster_ca_certificate", "KUBE_CLUSTER_CA_CERT_DATA"),
    ("insecure", "KUBE_INSECURE"),
    ("token", "KUBE_TOKEN"),
    ("client_certificate", "KUBE_CLIENT_CERT_DATA"),
    ("client_key", "KUBE_CLIENT_KEY_DATA"),
    ("config_path", "KUBE_CONFIG_PATH"),
    ("config_paths", "KUBE_CONFIG_PATHS"),
    ("config_context", "KUBE_CTX"),
    ("config_context_cluster", "KUBE_CTX_CLUSTER"),
    ("config_context_auth_info", "KUBE_CTX_AUTH_INFO"),
    ("proxy_url", "KUBE_PROXY_URL"),
    ("tls_server_name", "KUBE_TLS_SERVER_NAME"),
];

/// Go's default transport, hence every other Kubernetes client, obeys these.
const PROXY_VARIABLES: [&str; 7] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy", CGI];

/// Set in a CGI program, where `HTTP_PROXY` is a header of whoever sent the request.
pub(super) const CGI: &str = "REQUEST_METHOD";

/// The variables that were set, to something other than nothing. Values may be secrets.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    values: BTreeMap<&'static str, SecretString>,
    /// What `~` stands for.
    pub(super) home: Option<PathBuf>,
}

impl Environment {
    /// The environment of this process.
    pub fn read() -> Self {
        Self::from_variables(std::env::home_dir(), |name| std::env::var(name).ok())
    }

    /// An environment in which `lookup` gives the variables' values.
    pub fn from_variables(home: Option<PathBuf>, lookup: impl Fn(&str) -> Option<String>) -> Self {
        let names = VARIABLES.iter().map(|(_, variable)| *variable).chain(PROXY_VARIABLES);
        let values = names
            .filter_map(|name| Some((name, lookup(name).filter(|value| !value.is_empty())?)))
            .map(|(name, value)| (name, SecretString::from(value)))
            .collect();
        Self { values, home }
    }

    /// The connection that the variables describe, for a cluster block that names nothing itself.
    pub(super) fn connection(&self) -> Result<ConnectionConfig, Invalid> {
        Ok(ConnectionConfig {
            host: self.text("host"),
            cluster_ca_certificate: self.text("cluster_ca_certificate"),
            insecure: self.text("insecure").map(|text| boolean(&text)).transpose()?,
            token: self.secret("token"),
            token_file: None,
            client_certificate: self.text("client_certificate"),
            client_key: self.secret("client_key"),
            exec: None,
            config_path: self.text("config_path"),
            config_paths: self.text("config_paths").map(|list| split_paths(&list)).unwrap_or_default(),
            config_raw: None,
            config_context: self.text("config_context"),
            config_context_cluster: self.text("config_context_cluster"),
            config_context_auth_info: self.text("config_context_auth_info"),
            proxy_url: self.secret("proxy_url"),
            tls_server_name: self.text("tls_server_name"),
        })
    }

    /// The variable that says where the API server is.
    pub(super) fn whereabouts(&self) -> Option<&'static str> {
        let settings = ["host", "config_path", "config_paths"].into_iter();
        settings.filter_map(variable).find(|variable| self.values.contains_key(variable))
    }

    /// The first of the named variables that is set.
    pub(super) fn first(&self, names: [&'static str; 2]) -> Option<(&'static str, &SecretString)> {
        names.into_iter().find_map(|name| Some((name, self.values.get(name)?)))
    }

    fn secret(&self, setting: &str) -> Option<SecretString> {
        self.values.get(variable(setting)?).cloned()
    }

    fn text(&self, setting: &str) -> Option<String> {
        self.secret(setting).map(|value| value.expose_secret().to_owned())
    }
}

/// The variable that gives `setting` its default.
pub(super) fn variable(setting: &str) -> Option<&'static str> {
    VARIABLES.iter().find(|(name, _)| *name == setting).map(|(_, variable)| *variable)
}

/// The texts that Go's `strconv.ParseBool` takes, because the kubernetes provider uses it.
fn boolean(text: &str) -> Result<bool, Invalid> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err(Invalid::new("insecure", Problem::NotBoolean).blamed_on_variable()),
    }
}

fn split_paths(list: &str) -> Vec<String> {
    std::env::split_paths(list)
        .filter(|path| !path.as_os_str().is_empty())
        .map(|path| path.to_string_lossy().into_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        let pairs: BTreeMap<String, String> =
            pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Environment::from_variables(None, move |name| pairs.get(name).cloned())
    }

    #[test]
    fn variables_of_the_kubernetes_provider_make_a_connection() {
        let config = environment(&[
            ("KUBE_HOST", "https://api.example"),
            ("KUBE_TOKEN", "t0ken"),
            ("KUBE_INSECURE", "true"),
            ("KUBE_CONFIG_PATHS", "/a:/b"),
        ])
        .connection()
        .unwrap();
        assert_eq!(config.host.as_deref(), Some("https://api.example"));
        assert_eq!(config.token.unwrap().expose_secret(), "t0ken");
        assert_eq!(config.insecure, Some(true));
        assert_eq!(config.config_paths, ["/a", "/b"]);
    }

    #[test]
    fn an_empty_variable_is_not_set() {
        assert!(environment(&[("KUBE_TOKEN", "")]).connection().unwrap().token.is_none());
    }

    #[test]
    fn a_boolean_that_go_would_not_parse_is_refused() {
        let invalid = environment(&[("KUBE_INSECURE", "yes")]).connection().unwrap_err();
        assert_eq!(invalid.setting.to_string(), "insecure (environment variable KUBE_INSECURE)");
    }

    #[test]
    fn debug_output_shows_no_value() {
        let shown = format!("{:?}", environment(&[("KUBE_TOKEN", "s3ntinel")]));
        assert!(shown.contains("KUBE_TOKEN") && !shown.contains("s3ntinel"), "{shown}");
    }
}
