//! What makes a Service of another mesh one of this: where it is, and how it is called.

use core::net::IpAddr;
use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::name_of_share;
use crate::desired::object::managed;
use crate::mesh::{
    Connection, DnsMode, Import, Namespace, Peer, PeerFacts, ServicePort, ValidatedFederation, Visibility,
    WorkloadIdentity,
};

/// By this label of endpoints, proxies know that they take Istio's mutual TLS (`security.istio.io/tlsMode`); without it, they are
/// called in plain text whatever the rule says of the host.
const TLS_MODE: (&str, &str) = ("security.istio.io/tlsMode", "istio");
/// How many calls share one connection: more gateways and pods get some, and fewer wait for one that answers no more.
const STREAMS: u32 = 100;
/// How long a connection without calls is kept: gateways move.
const IDLE: &str = "5m";
/// How often it is looked at which gateways fail.
const INTERVAL: &str = "5s";

/// One import of a known mesh.
struct Known<'a> {
    federation: &'a ValidatedFederation,
    import: &'a Import,
    peer: &'a Peer,
    facts: &'a PeerFacts,
}

/// The objects of all imports. A rule comes before what it is for, so no call is ever without it; the identities are in both, since a
/// rule of somebody else's can hide ours (`pilot/pkg/model/push_context.go` looks in the caller's namespace first), and without any, every
/// identity of every trusted root would do.
pub(super) fn objects(federation: &ValidatedFederation) -> Vec<Value> {
    let of_import = |(import, peer, facts)| Known { federation, import, peer, facts }.objects();
    federation.known_imports().flat_map(of_import).collect()
}

impl Known<'_> {
    fn objects(&self) -> Vec<Value> {
        let Import { name, hostname, addresses, .. } = self.import;
        let name = name_of_share(self.federation, name);
        let mut objects = vec![self.rule(&name, hostname), self.entry(&name, hostname, addresses)];
        if self.import.dns == DnsMode::Service {
            let name = format!("{name}.service");
            let host = self.import.local_host(&self.federation.own().domain_suffix);
            let mut entry = self.entry(&name, &host, &BTreeSet::new());
            // Its address is the Service's.
            entry["metadata"]["labels"]["networking.istio.io/enable-autoallocate-ip"] = json!("false");
            objects.extend([self.rule(&name, &host), self.service(), entry]);
        }
        objects
    }

    fn metadata(&self, name: &str) -> Value {
        json!({"name": name, "namespace": self.import.into})
    }

    /// Who sees it, as Istio writes it; an empty list would be for all.
    fn export_to(&self) -> Vec<&str> {
        match &self.import.visibility {
            Visibility::Own => vec!["."],
            Visibility::All => vec!["*"],
            Visibility::Namespaces(namespaces) => namespaces.iter().map(Namespace::as_str).collect(),
        }
    }

    fn pins(&self) -> Vec<String> {
        self.import.identities.iter().map(WorkloadIdentity::spiffe_id).collect()
    }

    /// Where the Service is.
    fn entry(&self, name: &str, host: &str, addresses: &BTreeSet<IpAddr>) -> Value {
        let gateways = self.facts.gateways.values();
        let is_address = |text: &String| text.parse::<IpAddr>().is_ok();
        let are_addresses = gateways.flat_map(|gateway| &gateway.addresses).all(is_address);
        let port = |port: &ServicePort| json!({"number": port.number, "name": port.name, "protocol": port.protocol.name()});
        let mut entry = managed(json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "ServiceEntry",
            "metadata": self.metadata(name),
            "spec": {
                "hosts": [host],
                "exportTo": self.export_to(),
                "location": "MESH_INTERNAL",
                "resolution": if are_addresses { "STATIC" } else { "DNS" },
                "ports": self.import.ports.iter().map(port).collect::<Vec<_>>(),
                "endpoints": self.endpoints(),
                "subjectAltNames": self.pins(),
            },
        }));
        if !addresses.is_empty() {
            entry["spec"]["addresses"] = json!(addresses);
        }
        entry
    }

    /// The gateways of the other mesh, each address once.
    fn endpoints(&self) -> Vec<Value> {
        let mut known = BTreeSet::new();
        let mut endpoints = Vec::new();
        for gateway in self.facts.gateways.values() {
            for address in gateway.addresses.iter().filter(|address| known.insert((*address, gateway.port))) {
                let port = |port: &ServicePort| (port.name.to_string(), json!(gateway.port));
                let ports: Map<String, Value> = self.import.ports.iter().map(port).collect();
                let mut endpoint = json!({
                    "address": address,
                    "ports": ports,
                    "network": self.peer.network(),
                    "labels": {TLS_MODE.0: TLS_MODE.1},
                });
                if let Some(locality) = &gateway.locality {
                    endpoint["locality"] = json!(locality);
                }
                endpoints.push(endpoint);
            }
        }
        endpoints
    }

    /// How the Service is called. A port's settings replace those of the host, so each has all of them.
    fn rule(&self, name: &str, host: &str) -> Value {
        managed(json!({
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": self.metadata(name),
            "spec": {
                "host": host,
                "exportTo": self.export_to(),
                "trafficPolicy": {
                    "portLevelSettings": self.import.ports.iter().map(|port| self.settings(port)).collect::<Vec<_>>(),
                },
            },
        }))
    }

    fn settings(&self, port: &ServicePort) -> Value {
        let mut settings = json!({
            "port": {"number": port.number},
            "tls": {
                "mode": "ISTIO_MUTUAL",
                "sni": self.import.server_name(port, &self.facts.domain_suffix),
                "subjectAltNames": self.pins(),
            },
            "connectionPool": pool(&self.import.connection),
            "outlierDetection": ejection(&self.import.connection),
        });
        // Callers prefer gateways near to them, and go on to others when those fail.
        if self.facts.gateways.values().any(|gateway| gateway.locality.is_some()) {
            settings["loadBalancer"] = json!({"localityLbSetting": {"enabled": true}});
        }
        settings
    }

    /// The Service of Kubernetes. It has no pods: proxies know its endpoints from the entry of its name in its namespace.
    fn service(&self) -> Value {
        let port = |port: &ServicePort| {
            json!({
                "name": port.name,
                "port": port.number,
                "protocol": "TCP",
                "appProtocol": port.protocol.name().to_ascii_lowercase(),
            })
        };
        let mut service = managed(json!({
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": self.metadata(self.import.name.as_str()),
            "spec": {"ports": self.import.ports.iter().map(port).collect::<Vec<_>>()},
        }));
        service["metadata"]["annotations"] =
            json!({"networking.istio.io/exportTo": self.export_to().join(",")});
        service
    }
}

fn pool(connection: &Connection) -> Value {
    json!({
        "tcp": {
            "connectTimeout": connection.connect_timeout,
            "tcpKeepalive": {
                "time": connection.keepalive_time,
                "interval": connection.keepalive_interval,
                "probes": connection.keepalive_probes,
            },
        },
        "http": {"maxConcurrentStreams": STREAMS, "idleTimeout": IDLE},
    })
}

/// A gateway whose connections fail is left alone for a while, the last one too. What the Service answers, errors among it, says nothing
/// of the gateway that it came through, so only failures to connect count.
fn ejection(connection: &Connection) -> Value {
    json!({
        "splitExternalLocalOriginErrors": true,
        "consecutiveLocalOriginFailures": connection.failures,
        "consecutiveGatewayErrors": 0,
        "consecutive5xxErrors": 0,
        "interval": INTERVAL,
        "baseEjectionTime": connection.ejection_time,
        "maxEjectionPercent": 100,
    })
}
