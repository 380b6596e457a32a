//! The world outside a chart, as far as the caller lets templates see it.

use std::net::IpAddr;
use std::time::SystemTime;

pub use crate::golang::time::Zone;

/// Answers what templates may ask about the world outside the chart.
///
/// Every method refuses by default, and a template that needs the answer fails: rendering depends on nothing but its
/// inputs unless the caller says otherwise.
pub trait Source: Sync {
    /// The time that `now` and `ago` see.
    fn now(&self) -> Option<SystemTime> {
        None
    }

    /// The rules of a time zone at an instant (seconds since 1970): its abbreviation and offset. `Local` is the zone of `now`
    /// and `date`.
    ///
    /// By default only universal time is known, and it is the local time.
    fn zone(&self, name: &str, _seconds: i64) -> Option<Zone> {
        universal(name)
    }

    /// As many random bytes for `randAlphaNum`, `uuidv4` and the like.
    fn random(&self, _count: usize) -> Option<Vec<u8>> {
        None
    }

    /// A private key in PEM for `genPrivateKey`; `kind` is `rsa`, `dsa`, `ecdsa` or `ed25519`.
    fn private_key(&self, _kind: &str) -> Option<String> {
        None
    }

    /// A certificate with its key for `genCA` and the like; the inner error is what the template reports.
    fn certificate(&self, _request: &CertificateRequest) -> Option<Result<Certificate, String>> {
        None
    }

    /// The object, or the list if `name` is empty, that `lookup` finds in the cluster; an empty object where there is none.
    ///
    /// `helm template` answers every lookup with an empty object, and so does the default.
    fn lookup(&self, _api_version: &str, _kind: &str, _namespace: &str, _name: &str) -> serde_json::Value {
        serde_json::Value::Object(serde_json::Map::new())
    }
}

/// The certificate that a template asks for.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct CertificateRequest {
    /// The subject's common name.
    pub common_name: String,
    /// Addresses that it is valid for.
    pub ip_addresses: Vec<IpAddr>,
    /// Names that it is valid for.
    pub dns_names: Vec<String>,
    /// For how many days from now on.
    pub days_valid: i64,
    /// Whether it may sign others.
    pub is_authority: bool,
    /// The private key in PEM that it is for; a new one if there is none.
    pub key: Option<String>,
    /// Who signs it; itself if there is none.
    pub signer: Option<Certificate>,
}

impl std::fmt::Debug for CertificateRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CertificateRequest")
            .field("common_name", &self.common_name)
            .field("ip_addresses", &self.ip_addresses)
            .field("dns_names", &self.dns_names)
            .field("days_valid", &self.days_valid)
            .field("is_authority", &self.is_authority)
            .field("signer", &self.signer)
            .finish_non_exhaustive()
    }
}

/// A certificate with its key, both in PEM.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate").field("certificate", &self.certificate).finish_non_exhaustive()
    }
}

pub(crate) fn universal(name: &str) -> Option<Zone> {
    matches!(name, "" | "UTC" | "Local").then(Zone::utc)
}
