//! What opens a federation gateway.

use serde_json::{Value, json};

use crate::desired::object::managed;
use crate::mesh::{EastWestGateway, Export, OwnGateway, ValidatedFederation};

/// A Gateway for each export: its calls reach the Service that their server name is of, still encrypted.
pub(super) fn objects(federation: &ValidatedFederation, gateway: &OwnGateway) -> Vec<Value> {
    federation.open_exports().map(|export| opening(federation, export, gateway)).collect()
}

/// The host is one of one namespace: another namespace could have a `ServiceEntry` of the same name.
fn opening(federation: &ValidatedFederation, export: &Export, gateway: &OwnGateway) -> Value {
    let host = export.host(&federation.own().domain_suffix);
    managed(json!({
        "apiVersion": "networking.istio.io/v1",
        "kind": "Gateway",
        "metadata": {"name": federation.gateway_name(&export.name), "namespace": gateway.namespace},
        "spec": {
            "selector": gateway.labels,
            "servers": [{
                "port": {"number": EastWestGateway::DEFAULT_PORT, "name": EastWestGateway::PORT_NAME, "protocol": "TLS"},
                "tls": {"mode": "AUTO_PASSTHROUGH"},
                "hosts": [format!("{}/{host}", export.namespace)],
            }],
        },
    }))
}
