//! How the control planes of other clusters reach an API server.

use std::collections::BTreeMap;

use super::elsewhere;
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
    /// What is refused is what a laptop's kubeconfig or a provider in a pod tends to have: plain HTTP, and addresses and names that
    /// mean another machine wherever they are used.
    pub fn unusable(url: &str) -> Option<String> {
        let Some((scheme, rest)) = url.split_once("://") else {
            return Some("it is not an https URL".to_owned());
        };
        if !scheme.eq_ignore_ascii_case("https") {
            return Some(format!("{scheme}:// is not https://"));
        }
        let authority = rest.split('/').next().unwrap_or_default();
        if authority.contains('@') {
            return Some("it contains a user name or password, which istiod does not use".to_owned());
        }
        if rest.contains(['?', '#']) {
            return Some("it has a query or a fragment".to_owned());
        }
        let Some((host, port)) = host_and_port(authority) else {
            return Some("it has no host".to_owned());
        };
        if port.is_some_and(|port| !port.parse::<u16>().is_ok_and(|port| port > 0)) {
            return Some(format!("{:?} is not a port", port.unwrap_or_default()));
        }
        elsewhere::unusable(host)
    }
}

/// The host and the port of `host`, `host:port` or `[address]:port`.
fn host_and_port(authority: &str) -> Option<(&str, Option<&str>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            (host, after.strip_prefix(':'))
        }
        None => match authority.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        },
    };
    (!host.is_empty()).then_some((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_that_only_this_machine_has_are_refused() {
        for url in [
            "https://127.0.0.1:6443",
            "https://127.1:6443",
            "https://localhost:6443",
            "https://LOCALHOST.:6443",
            "https://kind.localhost",
            "https://kind.localhost.",
            "https://[::1]:6443",
            "https://[::ffff:127.0.0.1]/",
            "https://0.0.0.0:6443",
            "https://[::]:6443",
            "https://169.254.1.1",
            "https://[fe80::1]:6443",
            "https://[fe80::1%25eth0]:6443",
            "https://[::ffff:169.254.1.1]",
            "https://224.0.0.1",
            "https://[ff02::1]",
            "https://255.255.255.255",
            "https://kubernetes",
            "https://kubernetes.default",
            "https://kubernetes.default.svc",
            "https://Kubernetes.Default.svc.:443",
            "https://kubernetes.default.svc.cluster.local",
            "https://kubernetes.default.svc.k8s.example",
            "https://api.kube-system.svc:443",
            "https://u:p@api.example",
            "https://api.example?a=b",
            "https://api.example:0",
            "https://api.example:65536",
            "https://api example",
            "https://.example",
            "http://10.0.0.1",
            "10.0.0.1:6443",
            "https://",
            "",
        ] {
            assert!(ApiServer::unusable(url).is_some(), "{url}");
        }
    }

    #[test]
    fn a_refusal_shows_no_password() {
        let reason = ApiServer::unusable("https://u:s3ntinel@api.example").unwrap();
        assert!(!reason.contains("s3ntinel"), "{reason}");
    }

    #[test]
    fn addresses_that_others_can_have_are_taken() {
        for url in [
            "https://10.0.0.1:6443",
            "https://api.example",
            "HTTPS://Api.Example.:443/",
            "https://east-control-plane:6443",
            "https://kubernetes.example",
            "https://api.svc.example",
            "https://[fd00::1]:6443/k8s/clusters/c-1",
        ] {
            assert_eq!(ApiServer::unusable(url), None, "{url}");
        }
    }
}
