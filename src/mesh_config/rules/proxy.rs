//! `ValidateMeshConfigProxyConfig`.

use super::names;
use super::node::Node;
use crate::mesh_config::finding::{Finding, Invalid};

/// Numbers of `ClientTLSSettings.TLSmode`.
const SIMPLE: i64 = 1;
const MUTUAL: i64 = 2;
/// How a credential is named that is in a ConfigMap, which only resources of its namespace may use.
const CONFIG_MAP: &str = "configmap://";
/// What istiod puts in place of this before it looks at the address.
const HOST_IP: (&str, &str) = ("$(HOST_IP)", "127.0.0.1");

pub(super) fn check(proxy: &Node<'_>, broken: &mut Vec<Finding>) {
    let mut value = |keys: &[&str], rule: fn(&Node<'_>) -> Option<Invalid>| {
        broken.extend(proxy.at(keys).and_then(|node| Some(node.breaks(rule(&node)?))));
    };
    for key in ["configPath", "binaryPath", "serviceCluster"] {
        value(&[key], |node| node.is_empty().then_some(Invalid::Empty));
    }
    value(&["discoveryAddress"], |node| names::address(node.text()));
    value(&["drainDuration"], |node| names::seconds(node.number()));
    for key in ["proxyAdminPort", "statusPort"] {
        value(&[key], |node| names::port(node.number()));
    }
    for key in ["statsdUdpAddress", "envoyMetricsServiceAddress"] {
        value(&[key], |node| optional_address(node.text()));
    }
    for key in ["envoyMetricsService", "envoyAccessLogService"] {
        value(&[key, "address"], |node| optional_address(node.text()));
    }
    value(&["controlPlaneAuthPolicy"], |node| {
        (!(0..=1).contains(&node.number())).then_some(Invalid::UnknownNumber)
    });
    if let Some(tracing) = proxy.get("tracing") {
        check_tracing(&tracing, broken);
    }
    if let Some(provider) = proxy.get("privateKeyProvider") {
        check_key_provider(&provider, broken);
    }
    if let Some(settings) = proxy.get("connectionSettings") {
        check_connections(&settings, broken);
    }
}

fn optional_address(text: &str) -> Option<Invalid> {
    if text.is_empty() { None } else { names::address(text) }
}

fn check_tracing(tracing: &Node<'_>, broken: &mut Vec<Finding>) {
    for tracer in ["zipkin", "datadog", "lightstep"].into_iter().filter_map(|name| tracing.get(name)) {
        let text = tracer.text_of("address").replacen(HOST_IP.0, HOST_IP.1, 1);
        match tracer.get("address") {
            None => broken.push(tracer.breaks(Invalid::Missing("address"))),
            Some(address) => broken.extend(names::address(&text).map(|rule| address.breaks(rule))),
        }
    }
    let lightstep = tracing.get("lightstep").filter(|tracer| tracer.text_of("accessToken").is_empty());
    broken.extend(lightstep.map(|tracer| tracer.breaks(Invalid::Missing("accessToken"))));
    if let Some(tls) = tracing.get("tlsSettings") {
        check_tls(&tls, broken);
    }
}

/// `ValidateTLS`.
fn check_tls(tls: &Node<'_>, broken: &mut Vec<Finding>) {
    let mode = tls.number_of("mode");
    let is_verified_by = |mode| mode == SIMPLE || mode == MUTUAL;
    let credential = tls.get("credentialName").filter(|name| !name.is_empty());
    if let Some(name) = credential.as_ref().filter(|name| name.text().starts_with(CONFIG_MAP)) {
        broken.push(name.breaks(Invalid::Unsupported));
    }
    if tls.is_true("insecureSkipVerify") && is_verified_by(mode) {
        let with_credential = mode == SIMPLE && credential.is_some();
        if with_credential || tls.has("caCertificates") || tls.has("subjectAltNames") {
            broken.push(tls.breaks(Invalid::Together("insecureSkipVerify")));
        }
    }
    if credential.is_some() && is_verified_by(mode) {
        for key in ["clientCertificate", "caCertificates", "privateKey", "caCrl"] {
            let given = tls.get(key).filter(|file| !file.is_empty());
            broken.extend(given.map(|file| file.breaks(Invalid::Together("credentialName"))));
        }
    } else if mode == MUTUAL {
        for key in ["clientCertificate", "privateKey"].into_iter().filter(|key| !tls.has(key)) {
            broken.push(tls.breaks(Invalid::Missing(key)));
        }
    }
}

fn check_key_provider(provider: &Node<'_>, broken: &mut Vec<Finding>) {
    let found = ["cryptomb", "qat"].into_iter().find_map(|name| provider.get(name));
    let Some(found) = found else {
        broken.push(provider.breaks(Invalid::NoProvider));
        return;
    };
    match found.get("pollDelay") {
        None => broken.push(found.breaks(Invalid::Missing("pollDelay"))),
        Some(delay) if delay.number() == 0 => broken.push(delay.breaks(Invalid::Empty)),
        Some(_) => {}
    }
}

/// The least of each setting (`validateConnectionSettings`).
const LEAST: [(&str, i64); 14] = [
    ("listenerPerConnectionBufferLimitBytes", 0),
    ("clusterPerConnectionBufferLimitBytes", 0),
    ("httpIdleTimeout", 0),
    ("httpMaxConnectionDuration", 0),
    ("httpDrainTimeout", 0),
    ("httpRequestTimeout", 0),
    ("httpRequestHeadersTimeout", 0),
    ("httpStreamIdleTimeout", 0),
    ("httpMaxStreamDuration", 0),
    ("httpMaxConcurrentStreams", 1),
    ("http2InitialStreamWindowSize", 65535),
    ("http2InitialConnectionWindowSize", 65535),
    ("listenerConnectionLimit", 1),
    ("globalDownstreamConnectionLimit", 1),
];

fn check_connections(settings: &Node<'_>, broken: &mut Vec<Finding>) {
    let given = LEAST.into_iter().filter_map(|(key, least)| Some((settings.get(key)?, least)));
    let less = given.filter(|(node, least)| node.number() < *least);
    broken.extend(less.map(|(node, least)| node.breaks(Invalid::Less(least))));
}
