//! Addresses and names that mean another machine wherever they are used.

use core::net::IpAddr;

/// Why an IP address or a host name is of no use in another cluster or on another network; `None` if nothing speaks against it.
pub fn unusable(host: &str) -> Option<String> {
    let bare = host.split_once('%').map_or(host, |(address, _zone)| address);
    match bare.parse::<IpAddr>() {
        Ok(address) => unusable_address(address.to_canonical()),
        Err(_) => unusable_name(&host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase()),
    }
}

fn unusable_address(address: IpAddr) -> Option<String> {
    let is_on_one_link = match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    };
    let is_on_no_machine = match address {
        IpAddr::V4(address) => address.octets()[0] == 0 || address.octets()[0] >= 240,
        IpAddr::V6(address) => address.is_unspecified(),
    };
    if address.is_loopback() {
        return Some(format!(
            "{address} always refers to the local machine, so another cluster cannot reach it"
        ));
    }
    if is_on_one_link {
        return Some(format!("{address} is a link-local address"));
    }
    if is_on_no_machine || address.is_multicast() {
        return Some(format!("{address} is not the address of a machine"));
    }
    None
}

/// `host` is in lower case, without the dot at the end.
fn unusable_name(host: &str) -> Option<String> {
    let is_letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_.".contains(c);
    // What ends in a number is an address to whoever resolves it, as in `127.1`.
    let is_number = |label: &str| label.starts_with("0x") || label.chars().all(|c| c.is_ascii_digit());
    if !host.chars().all(is_letter)
        || host.split('.').any(str::is_empty)
        || host.rsplit('.').next().is_some_and(is_number)
    {
        return Some(format!("{host:?} is neither an IP address nor a host name"));
    }
    if host == "localhost" || host.ends_with(".localhost") {
        return Some(format!(
            "{host} always refers to the local machine, so another cluster cannot reach it"
        ));
    }
    let is_of_the_cluster = ["kubernetes", "kubernetes.default"].contains(&host)
        || host.starts_with("kubernetes.default.svc.")
        || host.rsplit('.').next() == Some("svc")
        || host.ends_with(".svc.cluster.local");
    if is_of_the_cluster {
        return Some(format!("{host} is the name of a Service, which each cluster resolves to its own"));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_machine_or_cluster_has_for_itself_is_refused() {
        for host in [
            "127.0.0.1",
            "::1",
            "::ffff:127.0.0.1",
            "0.0.0.0",
            "::",
            "169.254.1.1",
            "fe80::1%eth0",
            "224.0.0.1",
            "ff02::1",
            "255.255.255.255",
            "localhost",
            "LOCALHOST.",
            "kind.localhost",
            "kubernetes.default.svc",
            "gateway.mesh.svc.cluster.local.",
            "127.1",
            "0x7f000001",
            "a b",
            "a..b",
            "",
        ] {
            assert!(unusable(host).is_some(), "{host}");
        }
    }

    #[test]
    fn what_others_can_have_is_taken() {
        for host in ["10.0.0.1", "fd00::1", "gateway.example", "Gateway.Example.", "node-1", "svc.example"] {
            assert_eq!(unusable(host), None, "{host}");
        }
    }
}
