//! From a cluster's label to a working client; every error names the cluster.
//!
//! A `cluster` block becomes a [`ClusterBlock`], all blocks together become [`Clusters`], and a label becomes a
//! [`Cluster`] the first time it is used. Nothing is connected to, no file read and no command run before that.

mod cluster;
mod connection;
mod credentials;
mod environment;
mod error;
mod error_response;
mod exec;
mod failure;
mod invalid;
mod kubeconfig;
mod no_proxy;
mod pem;
mod proxy;
mod rules;
mod scrub;
mod session;
mod settings;
mod tls;
mod transport;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use cluster::{Ahead, Cluster};
pub use connection::server_name;
pub use credentials::CredentialsError;
pub use environment::Environment;
pub use error::Error;
pub use exec::ExecError;
pub use failure::{Failure, Reason};
pub use invalid::{Problem, Setting, SettingError};
pub use pem::authorities;
pub use secrecy::{ExposeSecret, SecretString};
pub use settings::{ClusterBlock, ConnectionConfig, ConnectionSettings, ExecConfig, Limits, OnUnreachable};

use connection::Connection;
use invalid::Invalid;

/// The clusters of one provider block, by label. Clones share clients.
#[derive(Clone, Debug)]
pub struct Clusters {
    /// `None` while the labels themselves are not known: the blocks are `dynamic` over what only an apply makes known.
    entries: Option<Arc<BTreeMap<String, Entry>>>,
    environment: Arc<Environment>,
    limits: Limits,
}

#[derive(Debug)]
struct Entry {
    block: ClusterBlock,
    /// Another block that leaves everything to the environment, too.
    twin: Option<String>,
    built: OnceCell<Cluster>,
}

impl Clusters {
    /// The clusters of `blocks`. `environment` stands in for a block that names nothing else.
    pub fn new(blocks: BTreeMap<String, ClusterBlock>, environment: Environment, limits: Limits) -> Self {
        let twins = sharing_the_environment(&blocks);
        let entries = blocks.into_iter().map(|(name, block)| {
            let twin = twins.get(&name).cloned();
            (name, Entry { block, twin, built: OnceCell::new() })
        });
        let entries = Some(Arc::new(entries.collect()));
        Self { entries, environment: Arc::new(environment), limits }
    }

    /// Clusters whose labels are not known yet.
    pub fn not_yet_known() -> Self {
        Self { entries: None, environment: Arc::default(), limits: Limits::default() }
    }

    /// All that is wrong with any of the blocks, as far as it can be said without reading a file. A cluster whose block is wrong
    /// cannot be used; the others can.
    pub fn violations(&self) -> Vec<SettingError> {
        self.entries().flat_map(|(name, entry)| self.violations_of(name, entry)).collect()
    }

    /// The blocks that leave everything to the environment while others do not, with the variable that names their API server: it may
    /// be null settings that say nothing, and another cluster that is meant.
    pub fn from_environment(&self) -> Vec<(&str, &'static str)> {
        let is_unnamed = |entry: &Entry| matches!(&entry.block.connection, ConnectionSettings::Known(config) if rules::names_nothing(config));
        let Some(variable) = self.environment.whereabouts() else { return Vec::new() };
        if self.entries().all(|(_, entry)| is_unnamed(entry)) {
            return Vec::new();
        }
        let unnamed = self.entries().filter(|(_, entry)| is_unnamed(entry));
        unnamed.map(|(name, _)| (name.as_str(), variable)).collect()
    }

    /// The labels that are known, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries().map(|(name, _)| name.as_str())
    }

    /// The block with this label.
    pub fn block(&self, name: &str) -> Option<&ClusterBlock> {
        self.entries.as_ref()?.get(name).map(|entry| &entry.block)
    }

    /// Why no cluster can have this label; `None` if there is a block with it, or may be one.
    pub fn missing(&self, name: &str) -> Option<Error> {
        let is_missing = self.entries.as_ref().is_some_and(|entries| !entries.contains_key(name));
        is_missing.then(|| Error::NoBlock {
            cluster: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// The cluster with this label. Its client is built once, and again after an error.
    pub async fn get(&self, name: &str) -> Result<Cluster, Error> {
        if let Some(missing) = self.missing(name) {
            return Err(missing);
        }
        let entry = self.entries.as_ref().and_then(|entries| entries.get(name));
        let entry = entry.ok_or_else(|| Error::NotYetKnown {
            cluster: name.to_owned(),
            attribute: "block in the provider".to_owned(),
        })?;
        entry.built.get_or_try_init(|| async { self.build(name, entry) }).await.cloned()
    }

    fn entries(&self) -> impl Iterator<Item = (&String, &Entry)> {
        self.entries.iter().flat_map(|entries| entries.iter())
    }

    fn violations_of(&self, name: &str, entry: &Entry) -> Vec<SettingError> {
        let twin = entry.twin.clone().map(|other| Invalid::new("", Problem::SharedEnvironment { other }));
        let found = violations(&entry.block, &self.environment).into_iter().chain(twin);
        found.map(|invalid| invalid.in_cluster(name)).collect()
    }

    fn build(&self, name: &str, entry: &Entry) -> Result<Cluster, Error> {
        let block = &entry.block;
        if let Some(error) = self.violations_of(name, entry).into_iter().next() {
            return Err(Error::Setting(Box::new(error)));
        }
        let config = match &block.connection {
            ConnectionSettings::Known(config) => config,
            ConnectionSettings::NotYetKnown { attribute } => {
                let (cluster, attribute) = (name.to_owned(), attribute.clone());
                return Err(Error::NotYetKnown { cluster, attribute });
            }
        };
        let from_environment = rules::names_nothing(config);
        let connection = if from_environment {
            self.environment
                .connection()
                .and_then(|config| Connection::resolve(&config, &self.environment))
                .map_err(Invalid::blamed_on_variable)
        } else {
            Connection::resolve(config, &self.environment)
        };
        let connection = connection.map_err(|invalid| Error::Setting(Box::new(invalid.in_cluster(name))))?;
        let variable = self.environment.whereabouts().filter(|_| from_environment);
        Ok(Cluster::new(name, block, connection, self.limits)?.named_by_variable(variable))
    }
}

/// What is wrong with the block's connection, as far as no file needs to be read.
fn violations(block: &ClusterBlock, environment: &Environment) -> Vec<Invalid> {
    let ConnectionSettings::Known(config) = &block.connection else { return Vec::new() };
    if !rules::names_nothing(config) {
        return without_files(config, environment);
    }
    match environment.connection() {
        Ok(config) if rules::names_nothing(&config) => vec![Invalid::new("", Problem::NoServer)],
        Ok(config) => {
            without_files(&config, environment).into_iter().map(Invalid::blamed_on_variable).collect()
        }
        Err(invalid) => vec![invalid],
    }
}

fn without_files(config: &ConnectionConfig, environment: &Environment) -> Vec<Invalid> {
    let found = rules::violations(config);
    if found.is_empty() && config.host.is_some() {
        return Connection::resolve(config, environment).err().into_iter().collect();
    }
    found
}

/// Two blocks that both name nothing would be one cluster under two labels: each but the first, with the first.
fn sharing_the_environment(blocks: &BTreeMap<String, ClusterBlock>) -> BTreeMap<String, String> {
    let mut unnamed = blocks.iter().filter(|(_, block)| {
        matches!(&block.connection, ConnectionSettings::Known(config) if rules::names_nothing(config))
    });
    let Some((first, _)) = unnamed.next() else { return BTreeMap::new() };
    unnamed.map(|(name, _)| (name.clone(), first.clone())).collect()
}

#[cfg(test)]
mod tests;
