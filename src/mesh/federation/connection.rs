//! How connections to gateways of other meshes are looked after.
//!
//! A gateway that takes connections and never answers, or a network that drops packets, shows itself to nobody: Istio sets no
//! time-out on routes, and TCP gives up after many minutes.

use serde::Deserialize;

use super::super::rules;
use super::super::violation::{FieldPath, Violations};

/// What is declared of it; nothing of it has been checked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DeclaredConnection {
    /// How long a connection may take to be made.
    pub connect_timeout: Option<String>,
    /// How long a connection may be silent before the other side is probed.
    pub keepalive_time: Option<String>,
    /// How long each probe is waited for.
    pub keepalive_interval: Option<String>,
    /// How many probes may fail.
    pub keepalive_probes: Option<i64>,
    /// How many connections in a row may fail before a gateway is left alone.
    pub failures: Option<i64>,
    /// For how long it is, the first time.
    pub ejection_time: Option<String>,
}

/// The same with defaults; durations as Istio writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// How long a connection may take to be made.
    pub connect_timeout: String,
    /// How long a connection may be silent before the other side is probed.
    pub keepalive_time: String,
    /// How long each probe is waited for.
    pub keepalive_interval: String,
    /// How many probes may fail.
    pub keepalive_probes: u32,
    /// How many connections in a row may fail before a gateway is left alone.
    pub failures: u32,
    /// For how long it is, the first time.
    pub ejection_time: String,
}

impl DeclaredConnection {
    pub(super) fn read(&self, field: &FieldPath, found: &mut Violations) -> Option<Connection> {
        let field = field.then("connection");
        let mut duration = |attribute, text: &Option<String>, default: &str| {
            let text = text.as_deref().unwrap_or(default);
            found.take(rules::duration(text, &field.then(attribute)))
        };
        let connect_timeout = duration("connect_timeout", &self.connect_timeout, "5s");
        let keepalive_time = duration("keepalive_time", &self.keepalive_time, "30s");
        let keepalive_interval = duration("keepalive_interval", &self.keepalive_interval, "10s");
        let ejection_time = duration("ejection_time", &self.ejection_time, "15s");
        let mut count = |attribute, number: Option<i64>, default| {
            found.take(rules::count(number.unwrap_or(default), &field.then(attribute)))
        };
        let keepalive_probes = count("keepalive_probes", self.keepalive_probes, 3);
        let failures = count("failures", self.failures, 5);
        Some(Connection {
            connect_timeout: connect_timeout?,
            keepalive_time: keepalive_time?,
            keepalive_interval: keepalive_interval?,
            keepalive_probes: keepalive_probes?,
            failures: failures?,
            ejection_time: ejection_time?,
        })
    }
}
