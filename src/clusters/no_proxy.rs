//! Where `NO_PROXY` forbids a proxy, by the rules of Go's `golang.org/x/net/http/httpproxy`.

use std::net::IpAddr;

use ipnet::IpNet;
use url::Host;

/// A server as the rules see it.
struct Server<'a> {
    host: &'a str,
    port: &'a str,
    address: Option<IpAddr>,
}

/// Whether the server at `host` and `port` is reached directly. This machine always is.
pub(super) fn is_exempt(no_proxy: &str, host: &str, port: u16) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host == "localhost" {
        return true;
    }
    let address = host.parse::<IpAddr>().ok().map(|address| address.to_canonical());
    if address.is_some_and(|address| address.is_loopback()) {
        return true;
    }
    let (host, port) = (host.to_lowercase(), port.to_string());
    let server = Server { host: &host, port: &port, address };
    no_proxy.split(',').any(|entry| matches(&entry.trim().to_lowercase(), &server))
}

fn matches(entry: &str, server: &Server<'_>) -> bool {
    if entry == "*" {
        return true;
    }
    if let Some(network) = network(entry) {
        return server.address.is_some_and(|address| network.contains(&address));
    }
    let (host, port) = host_and_port(entry);
    let is_port = port.is_empty() || port == server.port;
    if let Ok(address) = host.parse::<IpAddr>() {
        return is_port && server.address == Some(address.to_canonical());
    }
    is_port && server.address.is_none() && !host.is_empty() && is_domain(host, server.host)
}

/// `name` is the domain and everything below it; `.name` and `*.name` are only what is below it.
fn is_domain(pattern: &str, host: &str) -> bool {
    let pattern = pattern.strip_prefix('*').filter(|rest| rest.starts_with('.')).unwrap_or(pattern);
    let (below, name) = match pattern.strip_prefix('.') {
        Some(name) => (true, ascii(name)),
        None => (false, ascii(pattern)),
    };
    let is_below = host.strip_suffix(name.as_str()).is_some_and(|rest| rest.ends_with('.'));
    is_below || (!below && host == name)
}

/// An address in front of `/` and a length, of IPv4 in the form of IPv6, too.
fn network(entry: &str) -> Option<IpNet> {
    let network: IpNet = entry.parse().ok()?;
    match network.network() {
        IpAddr::V6(address) if network.prefix_len() >= 96 => {
            let mapped = address.to_ipv4_mapped().map(IpAddr::V4);
            mapped.map_or(Some(network), |mapped| IpNet::new(mapped, network.prefix_len() - 96).ok())
        }
        _ => Some(network),
    }
}

/// Go's `net.SplitHostPort`; what it refuses is a host without a port.
fn host_and_port(entry: &str) -> (&str, &str) {
    let split = match entry.strip_prefix('[') {
        Some(rest) => rest.split_once("]:"),
        None => entry.rsplit_once(':').filter(|(host, _)| !host.contains(':')),
    };
    split.unwrap_or((entry, ""))
}

/// A name in the form that DNS has, or the name itself if it has none.
pub(super) fn ascii(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    match Host::parse(name) {
        Ok(Host::Domain(domain)) => domain,
        _ => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_all(no_proxy: &str, port: u16, direct: &[&str], proxied: &[&str]) {
        for host in direct {
            assert!(is_exempt(no_proxy, host, port), "{no_proxy}: {host}:{port} is proxied");
        }
        for host in proxied {
            assert!(!is_exempt(no_proxy, host, port), "{no_proxy}: {host}:{port} is not proxied");
        }
    }

    #[test]
    fn this_machine_is_never_proxied() {
        let this = ["localhost", "127.0.0.1", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"];
        assert_all("", 443, &this, &["localhost.example", "10.0.0.1"]);
    }

    #[test]
    fn a_domain_exempts_itself_and_what_is_below_it() {
        assert_all(
            "corp.example",
            443,
            &["corp.example", "api.corp.example", "API.Corp.Example", "a.b.corp.example"],
            &["acorp.example", "example", "corp.example.org", "corp.example."],
        );
        for below in [".corp.example", "*.corp.example"] {
            assert_all(
                below,
                443,
                &["api.corp.example", "a.b.corp.example"],
                &["corp.example", "acorp.example"],
            );
        }
        assert_all("*corp.example", 443, &[], &["corp.example", "acorp.example"]);
    }

    #[test]
    fn entries_are_trimmed_and_of_any_case_and_empty_ones_exempt_nothing() {
        assert_all(" , corp.example ,OTHER.example", 443, &["corp.example", "other.example"], &["a.example"]);
        assert_all("a.example corp.example", 443, &[], &["corp.example", "a.example"]);
    }

    #[test]
    fn a_port_restricts_an_entry() {
        assert_all("api.corp.example:6443", 6443, &["api.corp.example", "x.api.corp.example"], &[]);
        assert_all("api.corp.example:6443,10.0.0.5:6443", 443, &[], &["api.corp.example", "10.0.0.5"]);
        assert_all("*.corp.example:6443", 6443, &["api.corp.example"], &["corp.example"]);
        assert_all(
            "10.0.0.5:6443,[fd00::1]:6443",
            6443,
            &["10.0.0.5", "[fd00::1]"],
            &["10.0.0.6", "[fd00::2]"],
        );
        assert_all(":6443", 6443, &[], &["corp.example", "10.0.0.5"]);
    }

    #[test]
    fn addresses_and_networks_exempt_addresses_only() {
        assert_all(
            "10.0.0.0/8,fd00::/8",
            443,
            &["10.1.2.3", "[fd00::1]"],
            &["11.0.0.1", "[fe80::1]", "10.example"],
        );
        assert_all("10.0.0.5,fd00::1", 443, &["10.0.0.5", "[fd00::1]", "[::ffff:10.0.0.5]"], &["10.0.0.6"]);
        assert_all("::ffff:10.0.0.0/104", 443, &["10.1.2.3"], &["11.0.0.1"]);
        assert_all("10.0", 443, &[], &["10.0.0.5"]);
    }

    #[test]
    fn an_asterisk_alone_exempts_everything() {
        assert_all("a.example,*", 443, &["b.example", "10.0.0.1"], &[]);
    }

    #[test]
    fn names_beyond_ascii_are_compared_as_dns_has_them() {
        assert_all(
            "bücher.example",
            443,
            &["xn--bcher-kva.example", "a.xn--bcher-kva.example"],
            &["b.example"],
        );
    }
}
