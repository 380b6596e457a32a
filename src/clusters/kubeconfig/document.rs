//! What a kubeconfig says, read by client-go's rules (`tools/clientcmd/api/v1`): the first document of the YAML, an empty text is
//! absent, and what client-go does not decode is refused.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde_json::Value;

use super::field::Fields;
use crate::clusters::invalid::Problem;

/// A kubeconfig, or several merged.
#[derive(Default)]
pub(super) struct Kubeconfig {
    pub current_context: Option<String>,
    pub clusters: Entries<Cluster>,
    pub users: Entries<User>,
    pub contexts: Entries<Context>,
}

/// Named entries in the order of the file.
pub(super) type Entries<T> = Vec<(String, T)>;

/// An entry of `clusters`.
#[derive(Clone, Default)]
pub(super) struct Cluster {
    pub server: Option<String>,
    pub tls_server_name: Option<String>,
    pub insecure: bool,
    pub certificate_authority: Option<PathBuf>,
    pub certificate_authority_data: Option<Vec<u8>>,
    pub proxy_url: Option<String>,
    /// What the credential plugin is to be told besides.
    pub exec_extension: Option<Value>,
}

/// An entry of `contexts`.
#[derive(Clone, Default)]
pub(super) struct Context {
    pub cluster: Option<String>,
    pub user: Option<String>,
}

/// An entry of `users`.
#[derive(Clone, Default)]
pub(super) struct User {
    pub client_certificate: Option<PathBuf>,
    pub client_certificate_data: Option<Vec<u8>>,
    pub client_key: Option<PathBuf>,
    pub client_key_data: Option<SecretString>,
    pub token: Option<SecretString>,
    pub token_file: Option<PathBuf>,
    pub username: Option<String>,
    pub password: Option<SecretString>,
    pub impersonate: Option<String>,
    pub impersonate_uid: Option<String>,
    pub impersonate_groups: Vec<String>,
    pub impersonate_extra: BTreeMap<String, Vec<String>>,
    pub has_auth_provider: bool,
    pub exec: Option<Exec>,
}

/// A user's credential plugin.
#[derive(Clone, Default)]
pub(in crate::clusters) struct Exec {
    pub api_version: Option<String>,
    pub command: Option<String>,
    pub args: Vec<String>,
    pub env: Vec<(Option<String>, SecretString)>,
    pub provides_cluster_info: bool,
    pub interactive_mode: Option<String>,
}

/// The name under which a cluster's extensions are meant for credential plugins.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

impl Kubeconfig {
    /// Reads `text`. Files that it names are relative to `folder`, or to wherever the provider runs. `origin` is what errors call it.
    pub fn parse(text: &str, folder: Option<&Path>, origin: &str) -> Result<Self, Problem> {
        let document = helm_template::yaml::parse(text)
            .map_err(|error| Problem::NotKubeconfig { origin: origin.to_owned(), line: line(&error) })?;
        Self::of_document(&document, folder).map_err(|problem| Problem::InKubeconfig {
            origin: origin.to_owned(),
            problem: Box::new(problem),
        })
    }

    fn of_document(document: &Value, folder: Option<&Path>) -> Result<Self, Problem> {
        let fields = Fields::of_document(document)?;
        check_kind(&fields)?;
        fields.mapping("preferences")?.boolean("colors")?;
        extension(&fields)?;
        extension(&fields.mapping("preferences")?)?;
        Ok(Self {
            current_context: fields.text("current-context")?,
            clusters: entries(&fields, "clusters", "cluster", |fields| Cluster::read(fields, folder))?,
            users: entries(&fields, "users", "user", |fields| User::read(fields, folder))?,
            contexts: entries(&fields, "contexts", "context", Context::read)?,
        })
    }

    /// Reads a file; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, Problem> {
        let text = match fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(source) if source.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(Problem::ReadFile { path: path.into(), source }),
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Self::parse(&text, folder, &path.display().to_string()).map(Some)
    }

    /// Adds what `other` has and this one does not.
    pub fn merge(&mut self, other: Self) {
        self.current_context = self.current_context.take().or(other.current_context);
        add(&mut self.clusters, other.clusters);
        add(&mut self.users, other.users);
        add(&mut self.contexts, other.contexts);
    }
}

fn add<T>(entries: &mut Entries<T>, others: Entries<T>) {
    for (name, value) in others {
        if entries.iter().all(|(known, _)| *known != name) {
            entries.push((name, value));
        }
    }
}

fn line(error: &helm_template::yaml::Error) -> Option<usize> {
    match error {
        helm_template::yaml::Error::Syntax { line, .. } => *line,
        helm_template::yaml::Error::NotJson(_) => None,
    }
}

/// A kind and version that are not written are the right ones.
fn check_kind(fields: &Fields<'_>) -> Result<(), Problem> {
    for (field, wanted) in [("apiVersion", "v1"), ("kind", "Config")] {
        if fields.text(field)?.is_some_and(|found| found != wanted) {
            return Err(Problem::NotOfKind { field, wanted });
        }
    }
    Ok(())
}

fn entries<'a, T>(
    fields: &Fields<'a>,
    list: &str,
    kind: &'static str,
    read: impl Fn(&Fields<'a>) -> Result<T, Problem>,
) -> Result<Entries<T>, Problem> {
    let mut found: Entries<T> = Vec::new();
    for entry in fields.mappings(list)? {
        let name = entry.text("name")?.unwrap_or_default();
        let value = read(&entry.mapping(kind)?)?;
        if found.iter().any(|(known, _)| *known == name) {
            return Err(Problem::Twice { kind, name });
        }
        found.push((name, value));
    }
    Ok(found)
}

/// What credential plugins are to be told, among the extensions of an entry.
fn extension(fields: &Fields<'_>) -> Result<Option<Value>, Problem> {
    let mut found = None;
    for extension in fields.mappings("extensions")? {
        if extension.text("name")?.as_deref() == Some(EXEC_EXTENSION) {
            found = Some(extension.value("extension").clone());
        }
    }
    Ok(found)
}

fn path(fields: &Fields<'_>, key: &str, folder: Option<&Path>) -> Result<Option<PathBuf>, Problem> {
    let path = fields.text(key)?.map(PathBuf::from);
    Ok(path.map(|path| folder.map_or(path.clone(), |folder| folder.join(path))))
}

fn secret(fields: &Fields<'_>, key: &str) -> Result<Option<SecretString>, Problem> {
    fields.text(key).map(|text| text.map(SecretString::from))
}

impl Cluster {
    fn read(fields: &Fields<'_>, folder: Option<&Path>) -> Result<Self, Problem> {
        fields.boolean("disable-compression")?;
        Ok(Self {
            server: fields.text("server")?,
            tls_server_name: fields.text("tls-server-name")?,
            insecure: fields.boolean("insecure-skip-tls-verify")?,
            certificate_authority: path(fields, "certificate-authority", folder)?,
            certificate_authority_data: fields.data("certificate-authority-data")?,
            proxy_url: fields.text("proxy-url")?,
            exec_extension: extension(fields)?,
        })
    }
}

impl Context {
    fn read(fields: &Fields<'_>) -> Result<Self, Problem> {
        fields.text("namespace")?;
        extension(fields)?;
        Ok(Self { cluster: fields.text("cluster")?, user: fields.text("user")? })
    }
}

impl User {
    fn read(fields: &Fields<'_>, folder: Option<&Path>) -> Result<Self, Problem> {
        extension(fields)?;
        let extra = fields.mapping("as-user-extra")?;
        let extra = extra.keys().map(|name| Ok((name.clone(), extra.texts(name)?)));
        let key = fields.data("client-key-data")?;
        let provider = fields.optional_mapping("auth-provider")?;
        if let Some(provider) = &provider {
            provider.text("name")?;
            let config = provider.mapping("config")?;
            config.keys().try_for_each(|name| config.text(name).map(drop))?;
        }
        Ok(Self {
            client_certificate: path(fields, "client-certificate", folder)?,
            client_certificate_data: fields.data("client-certificate-data")?,
            client_key: path(fields, "client-key", folder)?,
            client_key_data: key.map(|key| String::from_utf8_lossy(&key).into_owned().into()),
            token: secret(fields, "token")?,
            token_file: path(fields, "tokenFile", folder)?,
            username: fields.text("username")?,
            password: secret(fields, "password")?,
            impersonate: fields.text("as")?,
            impersonate_uid: fields.text("as-uid")?,
            impersonate_groups: fields.texts("as-groups")?,
            impersonate_extra: extra.collect::<Result<_, Problem>>()?,
            has_auth_provider: provider.is_some(),
            exec: fields.optional_mapping("exec")?.map(|exec| Exec::read(&exec, folder)).transpose()?,
        })
    }
}

impl Exec {
    fn read(fields: &Fields<'_>, folder: Option<&Path>) -> Result<Self, Problem> {
        fields.text("installHint")?;
        let env = fields.mappings("env")?.into_iter();
        let env = env
            .map(|variable| Ok((variable.text("name")?, variable.text("value")?.unwrap_or_default().into())));
        // A command with a slash is a file like all others that a kubeconfig names; one without is looked for in PATH.
        let command = fields.text("command")?.map(|command| match folder {
            Some(folder) if command.contains('/') => folder.join(command).to_string_lossy().into_owned(),
            _ => command,
        });
        Ok(Self {
            api_version: fields.text("apiVersion")?,
            command,
            args: fields.texts("args")?,
            env: env.collect::<Result<_, Problem>>()?,
            provides_cluster_info: fields.boolean("provideClusterInfo")?,
            interactive_mode: fields.text("interactiveMode")?,
        })
    }
}
