//! Gateways of other networks that are found by host name.

use core::net::IpAddr;

use serde_json::Value;

use super::chart::ChartName;
use super::declared::{Mesh, Primary};
use super::gateway::EastWestGateway;
use super::validate::Check;

/// Where the values of the istiod chart say whether istiod looks host names of gateways up (Istio, "pilot-discovery").
const RESOLVES: [&str; 2] = ["env", "RESOLVE_HOSTNAME_GATEWAYS"];

impl Check {
    /// istiod leaves out the gateways that it has no IP address of, and with them all that runs behind them.
    pub(super) fn host_names_are_resolved(&mut self, mesh: &Mesh, label: &str, primary: &Primary) {
        let others = mesh.primaries.values().filter(|other| other.network != primary.network);
        if !others.filter_map(|other| other.east_west_gateway.as_ref()).any(may_have_host_name) {
            return;
        }
        for given in mesh.given_values(label, primary).iter().filter(|it| it.chart == ChartName::Istiod) {
            for (path, _) in given.find(&RESOLVES).filter(|(_, value)| is_false(value)) {
                let cause = format!(
                    "{path} is false, so this control plane would ignore gateways of other networks that have a host name \
                     and no IP address."
                );
                let way_out = format!("Remove {path}, or set addresses of the gateways to IP addresses.");
                self.error(given.field.clone(), Some(label), cause, &way_out);
            }
        }
    }
}

/// What its load balancer has is not known before it is there.
fn may_have_host_name(gateway: &EastWestGateway) -> bool {
    let is_name = |address: &String| address.parse::<IpAddr>().is_err();
    gateway.addresses.is_empty() || gateway.addresses.iter().any(is_name)
}

/// As Go's `strconv.ParseBool` reads the text that the chart writes.
fn is_false(value: &Value) -> bool {
    match value {
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_i64() == Some(0),
        Value::String(text) => ["0", "f", "F", "false", "False", "FALSE"].contains(&text.as_str()),
        _ => false,
    }
}
