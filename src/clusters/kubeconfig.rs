//! Connections out of kubeconfigs, as client-go makes them (`tools/clientcmd`): what it refuses is refused.
//!
//! Three things differ on purpose. A user that the context names and the kubeconfig lacks is an error rather than nobody; credentials
//! for a server that is spoken to without TLS are an error rather than left out, except on this machine; and a URL may not contain
//! credentials.

mod document;
mod field;

use std::fs;
use std::path::Path;

use kube::config::{AuthInfo, ExecAuthCluster};
use secrecy::ExposeSecret;

use super::connection::{self, Connection};
use super::credentials::{Credentials, basic, bearer};
use super::environment::Environment;
use super::exec::ExecPlugin;
use super::invalid::{Invalid, Problem};
use super::pem::{self, Identity};
use super::proxy::Proxy;
use super::settings::ConnectionConfig;
pub(super) use document::Exec;
use document::{Cluster, Context, Kubeconfig, User};

/// The connection that the kubeconfig of `config` gives in the chosen context.
pub(super) fn connection(
    config: &ConnectionConfig,
    environment: &Environment,
) -> Result<Connection, Invalid> {
    let (field, kubeconfig) = load(config, environment)?;
    let mut entries = Entries::choose(&kubeconfig, config)?;
    if config.insecure == Some(true) {
        // The setting takes the place of whatever the kubeconfig says of the server's certificate, as kubectl's flag does.
        entries.cluster = Cluster {
            insecure: true,
            certificate_authority: None,
            certificate_authority_data: None,
            ..entries.cluster
        };
    }
    entries.connection().map_err(|problem| Invalid::new(field, problem))
}

fn load(config: &ConnectionConfig, environment: &Environment) -> Result<(&'static str, Kubeconfig), Invalid> {
    if let Some(raw) = &config.config_raw {
        let kubeconfig = Kubeconfig::parse(raw.expose_secret(), None, "the text")
            .map_err(|problem| Invalid::new("config_raw", problem))?;
        return Ok(("config_raw", kubeconfig));
    }
    let (field, paths) = match &config.config_path {
        Some(path) => ("config_path", std::slice::from_ref(path)),
        None => ("config_paths", config.config_paths.as_slice()),
    };
    let paths: Vec<_> =
        paths.iter().map(|path| connection::expand(path, environment.home.as_deref())).collect();
    let mut merged: Option<Kubeconfig> = None;
    for path in &paths {
        if let Some(next) = Kubeconfig::read(path).map_err(|problem| Invalid::new(field, problem))? {
            merged.get_or_insert_default().merge(next);
        }
    }
    let merged = merged.ok_or_else(|| Invalid::new(field, Problem::NoFile { paths }))?;
    Ok((field, merged))
}

/// The entries of a kubeconfig that make one connection.
struct Entries {
    cluster_name: String,
    cluster: Cluster,
    user_name: String,
    user: User,
}

impl Entries {
    fn choose(kubeconfig: &Kubeconfig, config: &ConnectionConfig) -> Result<Self, Invalid> {
        let context = context(kubeconfig, config)?;
        let cluster_name = config.config_context_cluster.clone().or(context.cluster).unwrap_or_default();
        let user_name = config.config_context_auth_info.clone().or(context.user).unwrap_or_default();
        let cluster = entry("cluster", &cluster_name, &kubeconfig.clusters)
            .map_err(|problem| Invalid::new("config_context_cluster", problem))?;
        let user = match entry("user", &user_name, &kubeconfig.users) {
            // A context without a user is an anonymous one.
            Err(_) if user_name.is_empty() => User::default(),
            user => user.map_err(|problem| Invalid::new("config_context_auth_info", problem))?,
        };
        Ok(Self { cluster_name, cluster, user_name, user })
    }

    fn connection(&self) -> Result<Connection, Problem> {
        let cluster = &self.cluster;
        self.check_pairs()?;
        let server = connection::kubeconfig_server(cluster.server.as_deref().unwrap_or_default())
            .map_err(|problem| self.in_cluster("server", problem))?;
        let proxy = cluster.proxy_url.as_deref().map(Proxy::from_kubeconfig).transpose();
        let name = cluster.tls_server_name.as_deref().map(connection::server_name).transpose();
        let authority_is = |problem| self.in_cluster("certificate-authority", problem);
        let authority = authority(cluster).map_err(authority_is)?;
        let mut connection = Connection {
            server,
            roots: None,
            insecure: cluster.insecure,
            tls_server_name: name.map_err(|problem| self.in_cluster("tls-server-name", problem))?,
            proxy: proxy.map_err(|problem| self.in_cluster("proxy-url", problem))?,
            identity: None,
            impersonation: impersonation(&self.user),
            credentials: self.credentials(authority.clone())?,
        };
        if connection.is_plain_http() {
            self.leave_out_credentials(&mut connection)?;
        } else {
            connection.roots = authority.as_deref().map(pem::pool).transpose().map_err(authority_is)?;
            connection.identity = self.identity()?;
        }
        Ok(connection)
    }

    /// client-go sends no credentials without TLS, and so presents the caller as nobody. That is said, except of a server on this
    /// machine, `kubectl proxy` for example, which needs none.
    fn leave_out_credentials(&self, connection: &mut Connection) -> Result<(), Problem> {
        let has_credentials = !matches!(connection.credentials, Credentials::None);
        if has_credentials && !connection.is_on_this_machine() {
            let has_scheme = self.cluster.server.as_deref().is_some_and(|url| url.contains("://"));
            return Err(self.in_cluster("server", Problem::PlainHttp { has_scheme }));
        }
        connection.credentials = Credentials::None;
        Ok(())
    }

    /// What client-go refuses of a cluster and a user, whatever else they say.
    fn check_pairs(&self) -> Result<(), Problem> {
        let (cluster, user) = (&self.cluster, &self.user);
        let has_authority =
            cluster.certificate_authority.is_some() || cluster.certificate_authority_data.is_some();
        let has_certificate = user.client_certificate.is_some() || user.client_certificate_data.is_some();
        let is_basic = user.username.is_some() || user.password.is_some();
        let of_cluster = [
            (
                "certificate-authority",
                cluster.certificate_authority.is_some() && cluster.certificate_authority_data.is_some(),
                "certificate-authority-data",
            ),
            ("insecure-skip-tls-verify", cluster.insecure && has_authority, "certificate-authority"),
        ];
        let of_user = [
            ("username", is_basic && user.token.is_some(), "token"),
            ("username", is_basic && user.token_file.is_some(), "tokenFile"),
            (
                "client-certificate",
                user.client_certificate.is_some() && user.client_certificate_data.is_some(),
                "client-certificate-data",
            ),
            (
                "client-key",
                has_certificate && user.client_key.is_some() && user.client_key_data.is_some(),
                "client-key-data",
            ),
        ];
        let found = |&(field, is_found, other): &(&'static str, bool, &'static str)| {
            is_found.then_some((field, Problem::Contradicts { other }))
        };
        if let Some((field, problem)) = of_cluster.iter().find_map(found) {
            return Err(self.in_cluster(field, problem));
        }
        if let Some((field, problem)) = of_user.iter().find_map(found) {
            return Err(self.in_user(field, problem));
        }
        let of_others = [
            ("as-uid", user.impersonate_uid.is_some()),
            ("as-groups", !user.impersonate_groups.is_empty()),
            ("as-user-extra", !user.impersonate_extra.is_empty()),
        ];
        let alone = of_others.into_iter().find(|(_, is_set)| *is_set && user.impersonate.is_none());
        match alone {
            Some((field, _)) => Err(self.in_user(field, Problem::Needs { other: "as" })),
            None => Ok(()),
        }
    }

    /// A key without a certificate is passed over.
    fn identity(&self) -> Result<Option<Identity>, Problem> {
        let user = &self.user;
        let certificate =
            data_or_file(user.client_certificate_data.as_deref(), user.client_certificate.as_deref())
                .map_err(|problem| self.in_user("client-certificate", problem))?;
        let Some(certificate) = certificate else { return Ok(None) };
        let key_data = user.client_key_data.as_ref().map(|key| key.expose_secret().as_bytes());
        let key = data_or_file(key_data, user.client_key.as_deref())
            .map_err(|problem| self.in_user("client-key", problem))?
            .ok_or_else(|| self.in_user("client-certificate", Problem::Needs { other: "client-key" }))?;
        Identity::of_pem(&certificate, &key.into())
            .map(Some)
            .map_err(|invalid| self.in_user("client-certificate or client-key", invalid.problem))
    }

    /// In client-go's order: a token file is newer than a token that was written next to it.
    fn credentials(&self, authority: Option<String>) -> Result<Credentials, Problem> {
        let user = &self.user;
        if user.has_auth_provider {
            return Err(self.in_user("auth-provider", Problem::AuthProvider));
        }
        let exec = user.exec.as_ref().map(|exec| self.plugin(exec, authority)).transpose();
        let exec = exec.map_err(|problem| self.in_user("exec", problem))?;
        let header = |field, header: Option<_>| header.ok_or_else(|| self.in_user(field, Problem::NotHeader));
        let token = user.token.as_ref().map(|token| header("token", bearer(token.expose_secret())));
        let token = token.transpose()?;
        if let Some(path) = &user.token_file {
            return Ok(Credentials::TokenFile { path: path.clone(), otherwise: token });
        }
        if let Some(authorization) = token {
            return Ok(Credentials::Fixed { authorization, from: "token of the kubeconfig's user" });
        }
        if user.username.is_some() || user.password.is_some() {
            let username = user.username.as_deref().unwrap_or_default();
            let password = user.password.clone().unwrap_or_default();
            let authorization = header("password", basic(username, &password))?;
            return Ok(Credentials::Fixed { authorization, from: "password of the kubeconfig's user" });
        }
        Ok(exec.map_or(Credentials::None, Credentials::Exec))
    }

    fn plugin(&self, exec: &Exec, authority: Option<String>) -> Result<ExecPlugin, Problem> {
        let cluster = &self.cluster;
        let told = exec.provides_cluster_info.then(|| ExecAuthCluster {
            server: cluster.server.clone(),
            insecure_skip_tls_verify: cluster.insecure.then_some(true),
            certificate_authority_data: authority.map(String::into_bytes),
            proxy_url: cluster.proxy_url.clone(),
            tls_server_name: cluster.tls_server_name.clone(),
            config: cluster.exec_extension.clone(),
        });
        ExecPlugin::from_kubeconfig(exec, told)
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

/// The chosen context; none is needed where a cluster is named by itself.
fn context(kubeconfig: &Kubeconfig, config: &ConnectionConfig) -> Result<Context, Invalid> {
    let at_context = |problem| Invalid::new("config_context", problem);
    match config.config_context.as_deref().or(kubeconfig.current_context.as_deref()) {
        Some(name) => entry("context", name, &kubeconfig.contexts).map_err(at_context),
        None if config.config_context_cluster.is_some() => Ok(Context::default()),
        None => {
            let known = kubeconfig.contexts.iter().map(|(name, _)| name.clone()).collect();
            Err(at_context(Problem::NoCurrentContext { known }))
        }
    }
}

fn entry<T: Clone>(kind: &'static str, wanted: &str, entries: &document::Entries<T>) -> Result<T, Problem> {
    let found = entries.iter().find(|(name, _)| name == wanted);
    found.map(|(_, value)| value.clone()).ok_or_else(|| Problem::NoEntry {
        kind,
        name: wanted.to_owned(),
        known: entries.iter().map(|(name, _)| name.clone()).collect(),
    })
}

fn authority(cluster: &Cluster) -> Result<Option<String>, Problem> {
    data_or_file(cluster.certificate_authority_data.as_deref(), cluster.certificate_authority.as_deref())
}

/// What is written in the kubeconfig itself, else what the file says. An empty file says nothing.
fn data_or_file(data: Option<&[u8]>, file: Option<&Path>) -> Result<Option<String>, Problem> {
    let bytes = match (data, file) {
        (Some(data), _) => data.to_vec(),
        (None, Some(path)) => {
            fs::read(path).map_err(|source| Problem::ReadFile { path: path.into(), source })?
        }
        (None, None) => return Ok(None),
    };
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()).filter(|text| !text.is_empty()))
}

fn impersonation(user: &User) -> AuthInfo {
    let groups = Some(user.impersonate_groups.clone()).filter(|groups| !groups.is_empty());
    let extra = user.impersonate_extra.clone().into_iter().collect();
    AuthInfo {
        impersonate: user.impersonate.clone(),
        impersonate_uid: user.impersonate_uid.clone(),
        impersonate_groups: groups,
        impersonate_user_extra: Some(extra).filter(|_| !user.impersonate_extra.is_empty()),
        ..AuthInfo::default()
    }
}

#[cfg(test)]
#[path = "kubeconfig/tests/client_go.rs"]
mod client_go;
#[cfg(test)]
#[path = "kubeconfig/tests.rs"]
mod tests;
