//! Texts as Go's standard library reads them.

use core::net::{IpAddr, Ipv6Addr};

/// Host and port of `net.SplitHostPort`.
pub(super) fn host_and_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    if let Some(rest) = host.strip_prefix('[') {
        let host = rest.strip_suffix(']')?;
        return (!host.contains(['[', ']']) && !port.contains(['[', ']'])).then_some((host, port));
    }
    (!host.contains([':', '[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

/// Whether `netip.ParseAddr` takes it.
pub(super) fn is_ip_address(text: &str) -> bool {
    match text.split_once('%') {
        Some((address, zone)) => !zone.is_empty() && address.parse::<Ipv6Addr>().is_ok(),
        None => text.parse::<IpAddr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_split_as_go_does() {
        assert_eq!(host_and_port("a.example:80"), Some(("a.example", "80")));
        assert_eq!(host_and_port("[::1]:80"), Some(("::1", "80")));
        assert_eq!(host_and_port(":80"), Some(("", "80")));
        for text in ["a.example", "::1:80", "[::1]", "", "a[b]:80"] {
            assert_eq!(host_and_port(text), None, "{text:?}");
        }
    }
}
