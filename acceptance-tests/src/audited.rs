//! Runs whose requests are in the clusters' audit logs, and how far such a run has come.

use std::path::Path;

use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::Lab;
use lab::api_server::AuditLog;
use lab::api_server::audit::{Object, Request};
use lab::connection::{Connection, write_kubeconfig};

use crate::mesh::provider;

/// Who makes the requests.
const IDENTITY: &str = "terraform";

/// A provider block with all clusters by their names, whose requests are in the audit logs.
pub fn audited_provider(lab: &Lab) -> String {
    let blocks = connections(lab).into_iter().map(|Connection { name, host, ca_pem, token }| {
        format!("  cluster {name:?} {{\n    host = {host:?}\n    token = {token:?}\n    cluster_ca_certificate = <<-PEM\n{ca_pem}\nPEM\n  }}\n")
    });
    provider(&blocks.collect::<String>())
}

/// Writes a kubeconfig with all clusters by their names; requests of its users are in the audit logs.
pub fn write_audited_kubeconfig(lab: &Lab, path: &Path) {
    write_kubeconfig(path, &connections(lab)).expect("write the kubeconfig");
}

fn connections(lab: &Lab) -> Vec<Connection> {
    let all = || Some(vec!["*".to_owned()]);
    let verbs = vec!["*".to_owned()];
    let rules = [
        PolicyRule { api_groups: all(), resources: all(), verbs: verbs.clone(), ..PolicyRule::default() },
        PolicyRule { non_resource_urls: all(), verbs, ..PolicyRule::default() },
    ];
    let connection = |cluster: &lab::Cluster| {
        let api = cluster.api_server();
        api.add_identity(IDENTITY, &rules).expect("make the identity");
        Connection {
            name: cluster.name().to_owned(),
            ..api.connection(IDENTITY).expect("the identity is there")
        }
    };
    lab.clusters().iter().map(connection).collect()
}

/// What a run has written, as the audit logs have it.
pub struct Writes {
    logs: Vec<(String, AuditLog)>,
    count: usize,
    last: String,
}

impl Writes {
    /// Counts from now on, in these clusters together.
    pub fn begin(lab: &Lab, clusters: &[&str]) -> Self {
        let logs = clusters.iter().map(|cluster| {
            let mut log = lab.cluster(cluster).api_server().audit();
            // What came before is not this run's.
            log.news().expect("read the audit log");
            ((*cluster).to_owned(), log)
        });
        Self { logs: logs.collect(), count: 0, last: String::new() }
    }

    /// Looks again, until it has seen `number` writes; whether it has.
    pub fn has_seen(&mut self, number: usize) -> bool {
        self.look(|count, _| count >= number) || self.count >= number
    }

    /// Looks again, until it has seen a write of this object; whether it has.
    pub fn has_seen_object(&mut self, resource: &str, name: &str) -> bool {
        self.look(|_, object| object.resource == resource && object.name == name)
    }

    /// Reads on until a write is the one that is looked for; whether it has come.
    fn look(&mut self, is_wanted: impl Fn(usize, &Object) -> bool) -> bool {
        for (cluster, log) in &mut self.logs {
            let news = log.news().expect("read the audit log").into_iter();
            for Request { verb, object, .. } in news.filter(Request::is_write) {
                self.count += 1;
                self.last =
                    format!("{cluster}: {verb} {} {}/{}", object.resource, object.namespace, object.name);
                if is_wanted(self.count, &object) {
                    return true;
                }
            }
        }
        false
    }

    /// How many writes it has seen.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The last write that it has seen.
    pub fn last(&self) -> &str {
        &self.last
    }
}
