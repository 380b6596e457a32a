//! The files of one control plane: certificates, keys, tokens and kubeconfigs, all in one directory.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::Addresses;
use crate::api_server::identity;
use crate::certificates::{self, Authority, Certificate};
use crate::connection::{self, Connection, write_kubeconfig};

/// What can go wrong with the files.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A certificate could not be made or kept.
    #[error("cannot make the certificates of cluster {cluster}")]
    Certificates {
        /// The cluster.
        cluster: String,
        /// What went wrong.
        source: certificates::Error,
    },
    /// A kubeconfig could not be written.
    #[error("cannot write the kubeconfigs of cluster {cluster}")]
    Kubeconfig {
        /// The cluster.
        cluster: String,
        /// What went wrong.
        source: connection::Error,
    },
    /// The policy of the audit log could not be written.
    #[error("cannot write the audit policy of cluster {cluster}")]
    Audit {
        /// The cluster.
        cluster: String,
        /// What the system answered.
        source: std::io::Error,
    },
    /// The tokens could not be made, written or read.
    #[error("cannot keep the tokens of cluster {cluster}")]
    Tokens {
        /// The cluster.
        cluster: String,
        /// What the system answered.
        source: std::io::Error,
    },
}

/// The names by which pods call their API server.
const SERVICE_NAMES: [&str; 5] = [
    "localhost",
    "kubernetes",
    "kubernetes.default",
    "kubernetes.default.svc",
    "kubernetes.default.svc.cluster.local",
];

/// What the API server writes into its audit log.
pub(super) const AUDIT_POLICY: &str = "audit-policy.json";
/// Requests, one JSON object a line.
pub(crate) const AUDIT_LOG: &str = "audit.log";

/// Only requests of identities on request are written down: nothing of the cluster's own uses them.
fn audit_policy() -> serde_json::Value {
    serde_json::json!({
        "apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
        "rules": [{"level": "Metadata", "userGroups": [identity::GROUP]}, {"level": "None"}],
    })
}

/// The files of one control plane.
pub struct Files {
    directory: PathBuf,
    authority: Authority,
    identities: Vec<Connection>,
}

impl Files {
    /// Makes certificates, keys and tokens in `directory`; `names` are further host names of the API server.
    pub fn create(
        directory: &Path,
        cluster: &str,
        addresses: &Addresses,
        names: &[&str],
    ) -> Result<Self, Error> {
        let authority = make_certificates(directory, cluster, addresses, names)
            .map_err(|source| Error::Certificates { cluster: cluster.to_owned(), source })?;
        let identities = make_tokens(directory, &addresses.url(), authority.pem())
            .map_err(|source| Error::Tokens { cluster: cluster.to_owned(), source })?;
        let files = Self { directory: directory.to_owned(), authority, identities };
        files.write_audit_policy(cluster)?;
        write_kubeconfig(&files.path("admin.kubeconfig"), &files.identities)
            .map_err(|source| Error::Kubeconfig { cluster: cluster.to_owned(), source })?;
        Ok(files)
    }

    /// The files that [`create`](Self::create) made in `directory`, at the same addresses.
    pub fn load(directory: &Path, cluster: &str, addresses: &Addresses) -> Result<Self, Error> {
        let authority = Certificate::read(directory, "ca")
            .and_then(|files| Authority::load(&authority_name(cluster), files))
            .map_err(|source| Error::Certificates { cluster: cluster.to_owned(), source })?;
        let tokens = fs::read_to_string(directory.join("tokens.csv"))
            .map_err(|source| Error::Tokens { cluster: cluster.to_owned(), source })?;
        let identities = tokens
            .lines()
            .filter_map(|line| line.split_once(','))
            .map(|(token, rest)| Connection {
                name: rest.split(',').next().unwrap_or_default().to_owned(),
                host: addresses.url(),
                ca_pem: authority.pem().to_owned(),
                token: token.to_owned(),
            })
            .collect();
        let files = Self { directory: directory.to_owned(), authority, identities };
        files.write_audit_policy(cluster)?;
        Ok(files)
    }

    fn write_audit_policy(&self, cluster: &str) -> Result<(), Error> {
        fs::write(self.path(AUDIT_POLICY), audit_policy().to_string())
            .map_err(|source| Error::Audit { cluster: cluster.to_owned(), source })
    }

    /// A file by name.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// The authority that signed the certificates.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Who may come with a static token.
    pub fn identities(&self) -> &[Connection] {
        &self.identities
    }
}

fn authority_name(cluster: &str) -> String {
    format!("{cluster} lab authority")
}

fn make_certificates(
    directory: &Path,
    cluster: &str,
    addresses: &Addresses,
    names: &[&str],
) -> Result<Authority, certificates::Error> {
    let authority = Authority::generate(&authority_name(cluster))?;
    authority.files().write(directory, "ca")?;
    let names: Vec<&str> = SERVICE_NAMES.iter().chain(names).copied().collect();
    let own = [addresses.host, std::net::Ipv4Addr::LOCALHOST.into(), addresses.kubernetes_service.into()];
    authority.server("kube-apiserver", &names, &own)?.write(directory, "apiserver")?;
    authority.server("kubelet", &[], &[addresses.host])?.write(directory, "kubelet")?;
    authority.client("kube-apiserver", Some("system:masters"))?.write(directory, "kubelet-client")?;
    certificates::write_key_pair(directory, "service-account")?;
    Ok(authority)
}

/// Writes who may come with a static token: `token,user,uid,"groups"`.
fn make_tokens(directory: &Path, url: &str, ca_pem: &str) -> std::io::Result<Vec<Connection>> {
    let mut connections = Vec::new();
    let mut lines = Vec::new();
    for name in [identity::ADMIN, identity::READER] {
        let token = random_token()?;
        let groups = if name == identity::ADMIN { ",\"system:masters\"" } else { "" };
        lines.push(format!("{token},{name},{name}{groups}\n"));
        connections.push(Connection {
            name: name.to_owned(),
            host: url.to_owned(),
            ca_pem: ca_pem.to_owned(),
            token,
        });
    }
    fs::write(directory.join("tokens.csv"), lines.concat())?;
    Ok(connections)
}

fn random_token() -> std::io::Result<String> {
    let mut bytes = [0_u8; 16];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}
