//! Material for the tests, made by the module itself or by the real openssl.

mod bound_root;
mod clusters;
mod constraints;
mod damage;
mod disclosure;
mod generated;
mod given;
mod hostile;
mod judges;
mod notation;
mod openssl;
mod refusals;
mod revocation;
mod signers;
mod succession;

use std::collections::BTreeMap;

use rcgen::{CertificateParams, DnType};
use secrecy::ExposeSecret as _;
use time::{Duration, OffsetDateTime};

use super::certificate::Certificate;
use super::key::PrivateKey;
use super::*;
use crate::mesh::KeyType;

/// 2027-01-15T08:00:00Z.
const NOW: i64 = 1_800_000_000;

fn now() -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(NOW).unwrap()
}

fn root_of(key_type: KeyType) -> Root {
    let (organization, common_name) = ("Istio", "Root CA");
    let lifetime = Duration::days(3650);
    Root::generate(&RootRequest { organization, common_name, key_type, now: now(), lifetime }).unwrap()
}

fn root() -> Root {
    root_of(KeyType::EcdsaP256)
}

fn request(cluster: &str) -> IntermediateRequest<'_> {
    let (namespace, key_type) = ("istio-system", KeyType::EcdsaP256);
    IntermediateRequest { cluster, namespace, key_type, now: now(), lifetime: Duration::days(730) }
}

/// The data of the Secret.
fn data(intermediate: &Intermediate) -> BTreeMap<String, Vec<u8>> {
    let files = intermediate.files();
    files.iter().map(|(name, text)| ((*name).to_owned(), text.expose_secret().as_bytes().to_vec())).collect()
}

/// Lets a certificate end yesterday.
fn ended(parameters: &mut CertificateParams) {
    parameters.not_before = now() - Duration::days(2);
    parameters.not_after = now() - Duration::days(1);
}

/// An authority of any kind, also of those that nobody should make.
#[derive(Clone)]
struct Authority {
    certificate: Certificate,
    key: PrivateKey,
}

impl Authority {
    fn new(name: &str, issuer: Option<&Self>, tweak: impl FnOnce(&mut CertificateParams)) -> Self {
        let key = PrivateKey::generate(KeyType::EcdsaP256).unwrap();
        let name = issue::name([(DnType::CommonName, name)]);
        let mut parameters = issue::authority(name, None, now(), Duration::days(100)).unwrap();
        tweak(&mut parameters);
        let der = match issuer {
            None => issue::self_signed(&parameters, &key),
            Some(issuer) => issue::signed(parameters, &key, &issuer.certificate, &issuer.key),
        };
        Self { certificate: Certificate::made("test", der.unwrap()).unwrap(), key }
    }

    fn root(name: &str) -> Self {
        Self::new(name, None, |_| {})
    }

    fn below(&self, name: &str) -> Self {
        Self::new(name, Some(self), |_| {})
    }

    /// The data of a Secret with this authority.
    fn data(&self, chain: &[&Self], roots: &[&Self]) -> BTreeMap<String, Vec<u8>> {
        let pem = |all: &[&Self]| all.iter().map(|one| one.certificate.pem()).collect::<String>();
        [
            (CA_CERT, pem(&[self])),
            (CA_KEY, self.key.expose().to_owned()),
            (CERT_CHAIN, pem(chain)),
            (ROOT_CERT, pem(roots)),
        ]
        .map(|(name, text)| (name.to_owned(), text.into_bytes()))
        .into()
    }
}
