//! The names that an authority may issue certificates for, as Go (istiod and the agents) and `BoringSSL` (Envoy) read them.
//!
//! webpki refuses every certificate with a URI as soon as an authority above it constrains URIs, even to the right ones, so this is
//! decided here. The two differ: Go takes hosts below a host that is permitted, `BoringSSL` is exact and wants valid host names.

mod boring;
mod go;

use core::net::IpAddr;

use x509_parser::extensions::GeneralSubtree;
use x509_parser::prelude::X509Certificate;

use super::facts::Facts;
use super::names::Name;

pub(super) use boring::{check as check_as_boring, is_host};
pub(super) use go::check as check_as_go;

/// The names of workloads and of istiod in one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Trust domain of the workloads: the host of their URIs, `spiffe://<trust domain>/ns/…`.
    pub trust_domain: &'a str,
    /// Istiod's namespace. Proxies and API servers know istiod by DNS names in it.
    pub namespace: &'a str,
    /// Further host names or IP addresses at which istiod is reached (`ISTIOD_CUSTOM_HOST`).
    pub hosts: &'a [&'a str],
}

/// The Services that istiod answers as (`getDNSNames` in `pilot/pkg/bootstrap/server.go`).
const ISTIOD: [&str; 3] = ["istiod", "istiod-remote", "istio-pilot"];

impl Names<'_> {
    /// Those in the certificate of a workload.
    pub(super) fn of_workload(&self) -> Vec<Name> {
        vec![Name::Uri(format!("spiffe://{}/ns/x/sa/y", self.trust_domain))]
    }

    /// Those in the certificate of istiod.
    pub(super) fn of_istiod(&self) -> Vec<Name> {
        let hosts = ISTIOD.iter().map(|service| format!("{service}.{}.svc", self.namespace));
        hosts.map(Name::Dns).chain(self.hosts.iter().map(|host| named(host))).collect()
    }
}

fn named(host: &str) -> Name {
    match host.parse() {
        Ok(IpAddr::V4(address)) => Name::Address(address.octets().to_vec()),
        Ok(IpAddr::V6(address)) => Name::Address(address.octets().to_vec()),
        Err(_) => Name::Dns(host.to_owned()),
    }
}

/// The constraints of one authority.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Constraints {
    permitted: Vec<Name>,
    excluded: Vec<Name>,
}

/// Why a name is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Forbidden {
    /// It is not permitted, or it is excluded.
    Name(String),
    /// Nothing can be said of this name where names of its form are constrained.
    NameSyntax(String),
    /// Nothing can be said of any name with this constraint.
    ConstraintSyntax(String),
}

impl Constraints {
    /// Those of a certificate; `None` if it has none.
    pub fn of(certificate: &X509Certificate<'_>) -> Result<Option<Self>, String> {
        let extension = certificate.name_constraints().map_err(|error| error.to_string())?;
        let Some(extension) = extension else { return Ok(None) };
        let names = |subtrees: &Option<Vec<GeneralSubtree<'_>>>| {
            subtrees.iter().flatten().map(|subtree| Name::of(&subtree.base)).collect()
        };
        let (permitted, excluded) = (&extension.value.permitted_subtrees, &extension.value.excluded_subtrees);
        Ok(Some(Self { permitted: names(permitted), excluded: names(excluded) }))
    }

    /// Whether any of them is about URIs.
    pub fn are_of_uris(&self) -> bool {
        self.permitted.iter().chain(&self.excluded).any(|name| matches!(name, Name::Uri(_)))
    }

    /// One of those of the name's form permits it, if there are any, and none excludes it.
    fn judge(
        &self,
        name: &Name,
        is_within: impl Fn(&Name, &Name) -> Result<bool, Forbidden>,
    ) -> Result<(), Forbidden> {
        let of_form = |base: &&Name| name.has_form_of(base);
        let mut permitted = None;
        for base in self.permitted.iter().filter(of_form) {
            if permitted != Some(true) {
                permitted = Some(is_within(name, base)?);
            }
        }
        if permitted == Some(false) {
            return Err(Forbidden::Name(shown(name)));
        }
        for base in self.excluded.iter().filter(of_form) {
            if is_within(name, base)? {
                return Err(Forbidden::Name(shown(name)));
            }
        }
        Ok(())
    }
}

/// A name for people: all workloads of a trust domain have the same fate.
fn shown(name: &Name) -> String {
    match name {
        Name::Uri(uri) => match uri.split_once("/ns/") {
            Some((workloads, _)) => format!("{workloads}/…"),
            None => uri.clone(),
        },
        Name::Dns(name) | Name::Email(name) => name.clone(),
        Name::Address(_) => "an IP address".to_owned(),
        Name::Directory(_) => "its own subject".to_owned(),
        Name::Other(_) => "a name of an unusual form".to_owned(),
    }
}

fn has_suffix(name: &str, suffix: &str) -> bool {
    let start = name.len().checked_sub(suffix.len());
    start.and_then(|start| name.get(start..)).is_some_and(|end| end.eq_ignore_ascii_case(suffix))
}

/// A DNS name, or one below it; after a dot, only names below.
fn is_below(name: &str, base: &str) -> bool {
    if base.is_empty() || base.starts_with('.') {
        return has_suffix(name, base);
    }
    let above = name.len().checked_sub(base.len());
    has_suffix(name, base) && above.is_some_and(|above| above == 0 || name[..above].ends_with('.'))
}

/// The names of a certificate that constraints are about, its subject apart.
fn alternative_names(facts: &Facts) -> impl Iterator<Item = &Name> {
    facts.alternative_names.iter().flatten()
}
