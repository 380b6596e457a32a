//! How the control planes of other clusters reach an API server.

use core::net::IpAddr;
use std::collections::BTreeMap;

use super::names::ClusterName;

/// The address by which istiod of another cluster reads this one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServer {
    /// `https://…`.
    pub url: String,
    /// Certificates that sign the API server's, as PEM; without them istiod takes those of its image.
    pub cluster_ca_certificate: Option<String>,
    /// Name to expect in the API server's certificate instead of the URL's.
    pub tls_server_name: Option<String>,
}

/// The addresses of one API server: what most clusters use, and what single ones do, such as those behind another end of a VPN.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApiServerAddresses {
    /// What every cluster uses that is not named.
    pub usual: ApiServer,
    /// Reading cluster → what it uses.
    pub from: BTreeMap<ClusterName, ApiServer>,
}

impl ApiServerAddresses {
    /// What istiod of `reader` uses.
    pub fn seen_from(&self, reader: &ClusterName) -> &ApiServer {
        self.from.get(reader).unwrap_or(&self.usual)
    }
}

impl ApiServer {
    /// Why an istiod in another cluster cannot use the URL; `None` if nothing speaks against it.
    ///
    /// What is refused is what a laptop's kubeconfig tends to have: plain HTTP and addresses that mean another machine
    /// wherever they are used.
    pub fn unusable(url: &str) -> Option<String> {
        let Some(rest) = url.strip_prefix("https://") else {
            return Some(format!("{url:?} is not an https URL"));
        };
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let Some(host) = host(authority) else {
            return Some(format!("{url:?} has no host"));
        };
        let address = host.parse::<IpAddr>().ok();
        let is_loopback = address.is_some_and(|address| address.is_loopback() || is_mapped_loopback(address));
        if is_loopback || host == "localhost" || host.ends_with(".localhost") {
            return Some(format!("{host} is each machine's own address, so another cluster cannot reach it"));
        }
        if address.is_some_and(|address| address.is_unspecified()) {
            return Some(format!("{host} is the address of no machine"));
        }
        if matches!(address, Some(IpAddr::V4(address)) if address.is_link_local()) {
            return Some(format!("{host} is valid on one link only"));
        }
        None
    }
}

fn is_mapped_loopback(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.to_ipv4_mapped().is_some_and(|address| address.is_loopback()))
}

/// The host of `host`, `host:port` or `[address]:port`, in lower case.
fn host(authority: &str) -> Option<String> {
    let authority = authority.rsplit('@').next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => authority.split(':').next().unwrap_or_default(),
    };
    (!host.is_empty()).then(|| host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_this_machine_has_are_refused() {
        for url in [
            "https://127.0.0.1:6443",
            "https://localhost:6443",
            "https://kind.localhost",
            "https://[::1]:6443",
            "https://[::ffff:127.0.0.1]/",
            "https://0.0.0.0:6443",
            "https://169.254.1.1",
            "http://10.0.0.1",
            "10.0.0.1:6443",
            "https://",
        ] {
            assert!(ApiServer::unusable(url).is_some(), "{url}");
        }
    }

    #[test]
    fn addresses_that_others_can_have_are_taken() {
        for url in ["https://10.0.0.1:6443", "https://api.example", "https://[fd00::1]:6443/k8s/clusters/c-1"]
        {
            assert_eq!(ApiServer::unusable(url), None, "{url}");
        }
    }
}
