//! Connections out of kubeconfigs.

use std::fs;
use std::path::PathBuf;

use kube::config::{AuthInfo, Cluster, Context, ExecAuthCluster, Kubeconfig, KubeconfigError};
use secrecy::ExposeSecret;

use super::connection::{self, Connection};
use super::credentials::{Credentials, basic, bearer};
use super::environment::Environment;
use super::exec::ExecPlugin;
use super::invalid::{Invalid, Problem};
use super::pem::{self, Identity};
use super::proxy::Proxy;
use super::settings::ConnectionConfig;

/// The connection that the kubeconfig of `config` gives in the chosen context.
pub(super) fn connection(
    config: &ConnectionConfig,
    environment: &Environment,
) -> Result<Connection, Invalid> {
    let (field, kubeconfig) = load(config, environment)?;
    let entries = Entries::choose(&kubeconfig, config)?;
    entries.connection().map_err(|problem| Invalid::new(field, problem))
}

fn load(config: &ConnectionConfig, environment: &Environment) -> Result<(&'static str, Kubeconfig), Invalid> {
    if let Some(raw) = &config.config_raw {
        let kubeconfig = Kubeconfig::from_yaml(raw.expose_secret())
            .map_err(|error| Invalid::new("config_raw", unreadable("the text".to_owned(), error)))?;
        return Ok(("config_raw", kubeconfig));
    }
    let (field, paths) = match &config.config_path {
        Some(path) => ("config_path", std::slice::from_ref(path)),
        None => ("config_paths", config.config_paths.as_slice()),
    };
    let mut merged = Kubeconfig::default();
    for path in paths {
        let path = connection::expand(path, environment.home.as_deref());
        let invalid = |error| Invalid::new(field, unreadable(path.display().to_string(), error));
        merged = Kubeconfig::read_from(&path).and_then(|next| merged.merge(next)).map_err(invalid)?;
    }
    Ok((field, merged))
}

/// The parser's words would quote the text, which may hold secrets.
fn unreadable(origin: String, error: KubeconfigError) -> Problem {
    match error {
        KubeconfigError::ReadConfig(source, path) => Problem::ReadFile { path, source },
        KubeconfigError::Parse(error) => Problem::NotKubeconfig {
            origin,
            place: error.location().map(|location| (location.line(), location.column())),
        },
        _ => Problem::NotKubeconfig { origin, place: None },
    }
}

/// The entries of a kubeconfig that make one connection.
struct Entries {
    cluster_name: String,
    cluster: Cluster,
    user_name: String,
    user: AuthInfo,
}

impl Entries {
    fn choose(kubeconfig: &Kubeconfig, config: &ConnectionConfig) -> Result<Self, Invalid> {
        let context = context(kubeconfig, config)?;
        let cluster_name =
            config.config_context_cluster.clone().or_else(|| context.as_ref().map(|c| c.cluster.clone()));
        let user_name = config.config_context_auth_info.clone().or_else(|| context.and_then(|c| c.user));
        let clusters = kubeconfig.clusters.iter().map(|named| (named.name.as_str(), named.cluster.as_ref()));
        let users = kubeconfig.auth_infos.iter().map(|named| (named.name.as_str(), named.auth_info.as_ref()));
        let cluster_name = cluster_name.unwrap_or_default();
        let cluster = entry("cluster", &cluster_name, clusters)
            .map_err(|problem| Invalid::new("config_context_cluster", problem))?;
        let user = match user_name.as_deref() {
            // Like client-go: a context without a user is an anonymous one.
            None | Some("") => AuthInfo::default(),
            Some(name) => entry("user", name, users)
                .map_err(|problem| Invalid::new("config_context_auth_info", problem))?,
        };
        Ok(Self { cluster_name, cluster, user_name: user_name.unwrap_or_default(), user })
    }

    fn connection(&self) -> Result<Connection, Problem> {
        let cluster = &self.cluster;
        let insecure = cluster.insecure_skip_tls_verify.unwrap_or(false);
        let server = cluster.server.as_deref().unwrap_or_default();
        let authority = data_or_file(
            cluster.certificate_authority_data.as_deref(),
            cluster.certificate_authority.as_deref(),
        )
        .and_then(|bundle| bundle.map(|bundle| pem::certificates(&bundle)).transpose())
        .map_err(|problem| self.in_cluster("certificate-authority", problem))?;
        let tls_server_name = cluster.tls_server_name.as_deref().map(connection::server_name).transpose();
        let proxy = cluster.proxy_url.as_deref().filter(|url| !url.is_empty());
        Ok(Connection {
            server: connection::server(server).map_err(|problem| self.in_cluster("server", problem))?,
            roots: authority.filter(|_| !insecure),
            insecure,
            tls_server_name: tls_server_name
                .map_err(|problem| self.in_cluster("tls-server-name", problem))?,
            proxy: proxy
                .map(|url| Proxy::from_setting(&url.into()))
                .transpose()
                .map_err(|problem| self.in_cluster("proxy-url", problem))?,
            identity: self.identity()?,
            impersonation: impersonation(&self.user),
            credentials: self.credentials()?,
        })
    }

    fn identity(&self) -> Result<Option<Identity>, Problem> {
        let user = &self.user;
        let certificate =
            data_or_file(user.client_certificate_data.as_deref(), user.client_certificate.as_deref())
                .map_err(|problem| self.in_user("client-certificate", problem))?;
        let key_data = user.client_key_data.as_ref().map(ExposeSecret::expose_secret);
        let key = data_or_file(key_data, user.client_key.as_deref())
            .map_err(|problem| self.in_user("client-key", problem))?;
        match (certificate, key) {
            (None, None) => Ok(None),
            (Some(certificate), Some(key)) => Identity::new(&certificate, &key.into())
                .map(Some)
                .map_err(|invalid| self.in_user("client-certificate or client-key", invalid.problem)),
            (Some(_), None) => {
                Err(self.in_user("client-certificate", Problem::Needs { other: "client-key" }))
            }
            (None, Some(_)) => {
                Err(self.in_user("client-key", Problem::Needs { other: "client-certificate" }))
            }
        }
    }

    /// In client-go's order: a token file is newer than a token that was written next to it.
    fn credentials(&self) -> Result<Credentials, Problem> {
        let user = &self.user;
        let header = |field, header: Option<_>, from| {
            header
                .map(|authorization| Credentials::Fixed { authorization, from })
                .ok_or_else(|| self.in_user(field, Problem::NotHeader))
        };
        if user.auth_provider.is_some() {
            return Err(self.in_user("auth-provider", Problem::AuthProvider));
        }
        if let Some(path) = &user.token_file {
            return Ok(Credentials::TokenFile(PathBuf::from(path)));
        }
        if let Some(token) = &user.token {
            return header("token", bearer(token.expose_secret()), "token of the kubeconfig's user");
        }
        if let (Some(username), Some(password)) = (&user.username, &user.password) {
            return header("password", basic(username, password), "password of the kubeconfig's user");
        }
        let Some(exec) = &user.exec else { return Ok(Credentials::None) };
        let cluster = if exec.provide_cluster_info {
            // The certificate authority has been read before, so this cannot fail on it.
            ExecAuthCluster::try_from(&self.cluster).ok()
        } else {
            None
        };
        let plugin =
            ExecPlugin::from_kubeconfig(exec, cluster).map_err(|problem| self.in_user("exec", problem))?;
        Ok(Credentials::Exec(plugin))
    }

    fn in_cluster(&self, field: &'static str, problem: Problem) -> Problem {
        in_entry("cluster", &self.cluster_name, field, problem)
    }

    fn in_user(&self, field: &'static str, problem: Problem) -> Problem {
        in_entry("user", &self.user_name, field, problem)
    }
}

fn in_entry(kind: &'static str, name: &str, field: &'static str, problem: Problem) -> Problem {
    Problem::Entry { kind, name: name.to_owned(), field, problem: Box::new(problem) }
}

/// The chosen context; none is needed where cluster and user are named one by one.
fn context(kubeconfig: &Kubeconfig, config: &ConnectionConfig) -> Result<Option<Context>, Invalid> {
    let contexts = kubeconfig.contexts.iter().map(|named| (named.name.as_str(), named.context.as_ref()));
    let current = kubeconfig.current_context.as_deref().filter(|name| !name.is_empty());
    let at_context = |problem| Invalid::new("config_context", problem);
    match config.config_context.as_deref().or(current) {
        Some(name) => entry("context", name, contexts).map(Some).map_err(at_context),
        None if config.config_context_cluster.is_some() => Ok(None),
        None => {
            let known = contexts.map(|(name, _)| name.to_owned()).collect();
            Err(at_context(Problem::NoCurrentContext { known }))
        }
    }
}

fn entry<'a, T: Clone + 'a>(
    kind: &'static str,
    wanted: &str,
    entries: impl Iterator<Item = (&'a str, Option<&'a T>)>,
) -> Result<T, Problem> {
    let mut known = Vec::new();
    for (name, value) in entries {
        match value {
            Some(value) if name == wanted => return Ok(value.clone()),
            _ => known.push(name.to_owned()),
        }
    }
    Err(Problem::NoEntry { kind, name: wanted.to_owned(), known })
}

/// Inline data wins over a file, as in client-go.
fn data_or_file(data: Option<&str>, file: Option<&str>) -> Result<Option<String>, Problem> {
    match (data, file) {
        (Some(data), _) if !data.is_empty() => Ok(Some(data.to_owned())),
        (_, Some(path)) if !path.is_empty() => fs::read_to_string(path)
            .map(Some)
            .map_err(|source| Problem::ReadFile { path: path.into(), source }),
        _ => Ok(None),
    }
}

fn impersonation(user: &AuthInfo) -> AuthInfo {
    AuthInfo {
        impersonate: user.impersonate.clone(),
        impersonate_uid: user.impersonate_uid.clone(),
        impersonate_groups: user.impersonate_groups.clone(),
        impersonate_user_extra: user.impersonate_user_extra.clone(),
        ..AuthInfo::default()
    }
}

#[cfg(test)]
#[path = "kubeconfig/tests.rs"]
mod tests;
