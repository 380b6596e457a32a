//! The names that an authority may issue certificates for, and those that a mesh needs.
//!
//! webpki refuses every certificate with a URI as soon as an authority above it constrains URIs, even to the right ones, so this is
//! decided here: what both `BoringSSL` (Envoy) and Go (istiod and the agents) accept.

use x509_parser::extensions::{GeneralName, GeneralSubtree};
use x509_parser::prelude::{X509Certificate, X509Error};

/// The names of workloads and of istiod in one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Trust domain of the workloads: the host of their URIs, `spiffe://<trust domain>/ns/…`.
    pub trust_domain: &'a str,
    /// Istiod's namespace. Proxies and API servers know istiod by DNS names in it.
    pub namespace: &'a str,
}

/// The Services that istiod answers as (`getDNSNames` in `pilot/pkg/bootstrap/server.go`).
const ISTIOD: [&str; 3] = ["istiod", "istiod-remote", "istio-pilot"];

/// The constraints of one authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Constraints {
    uris: Subtrees,
    dns_names: Subtrees,
}

/// The constraints of one form of names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Subtrees {
    permitted: Vec<String>,
    excluded: Vec<String>,
}

impl Constraints {
    pub fn of(certificate: &X509Certificate<'_>) -> Result<Self, X509Error> {
        let Some(extension) = certificate.name_constraints()? else { return Ok(Self::default()) };
        let mut constraints = Self::default();
        for subtree in extension.value.permitted_subtrees.iter().flatten() {
            constraints.add(subtree, |subtrees| &mut subtrees.permitted);
        }
        for subtree in extension.value.excluded_subtrees.iter().flatten() {
            constraints.add(subtree, |subtrees| &mut subtrees.excluded);
        }
        Ok(constraints)
    }

    fn add(&mut self, subtree: &GeneralSubtree<'_>, list: impl Fn(&mut Subtrees) -> &mut Vec<String>) {
        match subtree.base {
            GeneralName::URI(host) => list(&mut self.uris).push(host.to_ascii_lowercase()),
            GeneralName::DNSName(name) => list(&mut self.dns_names).push(name.to_ascii_lowercase()),
            // Neither workloads nor istiod have names of other forms.
            _ => {}
        }
    }

    /// The first of the names that it does not allow.
    pub fn forbidden(&self, names: &Names<'_>) -> Option<String> {
        let host = names.trust_domain.to_ascii_lowercase();
        if !self.uris.allow(&host, is_uri_host_below) {
            return Some(format!("spiffe://{}/…", names.trust_domain));
        }
        let hosts = ISTIOD.iter().map(|service| format!("{service}.{}.svc", names.namespace));
        hosts.into_iter().find(|host| !self.dns_names.allow(host, is_below))
    }
}

impl Subtrees {
    fn allow(&self, name: &str, is_permitted: impl Fn(&str, &str) -> bool) -> bool {
        (self.permitted.is_empty() || self.permitted.iter().any(|base| is_permitted(name, base)))
            && !self.excluded.iter().any(|base| is_below(name, base))
    }
}

/// RFC 5280, 4.2.1.10, of URIs, as `BoringSSL` keeps it: the host itself, or, after a dot, hosts below. Go takes more.
fn is_uri_host_below(host: &str, base: &str) -> bool {
    if base.starts_with('.') { host.ends_with(base) } else { host == base }
}

/// The same of DNS names, which is also how Go reads URIs: the name itself and those below.
fn is_below(name: &str, base: &str) -> bool {
    let base = base.trim_start_matches('.');
    base.is_empty() || name == base || name.strip_suffix(base).is_some_and(|above| above.ends_with('.'))
}
