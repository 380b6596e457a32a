//! From a cluster's label to a working client; every error names the cluster.
//!
//! A `cluster` block becomes a [`ClusterBlock`], all blocks together become [`Clusters`], and a label becomes a
//! [`Cluster`] the first time it is used. Nothing is connected to, no file read and no command run before that.

mod cluster;
mod connection;
mod credentials;
mod environment;
mod error;
mod exec;
mod failure;
mod invalid;
mod kubeconfig;
mod pem;
mod proxy;
mod rules;
mod scrub;
mod session;
mod settings;

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

pub use cluster::Cluster;
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
    entries: Arc<BTreeMap<String, Entry>>,
    environment: Arc<Environment>,
    limits: Limits,
}

#[derive(Debug)]
struct Entry {
    block: ClusterBlock,
    built: OnceCell<Cluster>,
}

impl Clusters {
    /// The clusters of `blocks`. What can be said without reading a file is checked at once: all that is wrong
    /// with any of them is returned together. `environment` stands in for a block that names nothing else.
    pub fn new(
        blocks: BTreeMap<String, ClusterBlock>,
        environment: Environment,
        limits: Limits,
    ) -> Result<Self, Vec<SettingError>> {
        let errors: Vec<_> = blocks
            .iter()
            .flat_map(|(name, block)| {
                violations(block, &environment).into_iter().map(|found| found.in_cluster(name))
            })
            .chain(sharing_the_environment(&blocks))
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let entries =
            blocks.into_iter().map(|(name, block)| (name, Entry { block, built: OnceCell::new() })).collect();
        Ok(Self { entries: Arc::new(entries), environment: Arc::new(environment), limits })
    }

    /// The labels, sorted.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// The block with this label.
    pub fn block(&self, name: &str) -> Option<&ClusterBlock> {
        self.entries.get(name).map(|entry| &entry.block)
    }

    /// The cluster with this label. Its client is built once, and again after an error.
    pub async fn get(&self, name: &str) -> Result<Cluster, Error> {
        let entry = self.entries.get(name).ok_or_else(|| Error::NoBlock {
            cluster: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })?;
        entry.built.get_or_try_init(|| async { self.build(name, &entry.block) }).await.cloned()
    }

    fn build(&self, name: &str, block: &ClusterBlock) -> Result<Cluster, Error> {
        let config = match &block.connection {
            ConnectionSettings::Known(config) => config,
            ConnectionSettings::NotYetKnown { attribute } => {
                let (cluster, attribute) = (name.to_owned(), attribute.clone());
                return Err(Error::NotYetKnown { cluster, attribute });
            }
        };
        let connection = if rules::names_nothing(config) {
            self.environment
                .connection()
                .and_then(|config| Connection::resolve(&config, &self.environment))
                .map_err(Invalid::blamed_on_variable)
        } else {
            Connection::resolve(config, &self.environment)
        };
        let connection = connection.map_err(|invalid| Error::Setting(Box::new(invalid.in_cluster(name))))?;
        Cluster::new(name, block, connection, self.limits)
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

/// Two blocks that both name nothing would be one cluster under two labels.
fn sharing_the_environment(blocks: &BTreeMap<String, ClusterBlock>) -> Vec<SettingError> {
    let mut unnamed = blocks.iter().filter(|(_, block)| {
        matches!(&block.connection, ConnectionSettings::Known(config) if rules::names_nothing(config))
    });
    let Some((first, _)) = unnamed.next() else { return Vec::new() };
    unnamed
        .map(|(name, _)| {
            Invalid::new("", Problem::SharedEnvironment { other: first.clone() }).in_cluster(name)
        })
        .collect()
}

#[cfg(test)]
mod tests;
