//! The names of the files, and how the data of a Secret `cacerts` is read.

use std::collections::BTreeMap;

use super::error::TrustError;

/// The certificate that signs workload certificates.
pub const CA_CERT: &str = "ca-cert.pem";
/// The key of [`CA_CERT`].
pub const CA_KEY: &str = "ca-key.pem";
/// The certificates that a workload presents after its own: [`CA_CERT`] first, up to the root.
pub const CERT_CHAIN: &str = "cert-chain.pem";
/// The roots that every workload trusts.
pub const ROOT_CERT: &str = "root-cert.pem";
/// Revocation lists, optional: one of every authority of the chain (Istio 1.27 and later).
pub const CA_CRL: &str = "ca-crl.pem";
/// The root's key, as Istio's own Makefile calls it (`tools/certs/Makefile.selfsigned.mk`); never part of `cacerts`.
pub const ROOT_KEY: &str = "root-key.pem";

/// What istiod adds to a Secret that it made for a self-signed root (`security/pkg/pki/ca/ca.go`, `BuildSecret`).
const MADE_BY_ISTIOD: &str = "istio-generated";

/// Which files of the data play which part. Istiod reads a Secret of type `kubernetes.io/tls`, as cert-manager makes
/// it, when it has `tls.crt` (`pilot/pkg/bootstrap/istio_ca.go`, `detectSigningCABundleAndCRL`).
pub(super) struct Files<'a> {
    pub certificate: (&'static str, &'a [u8]),
    pub key: (&'static str, &'a [u8]),
    pub chain: Vec<(&'static str, &'a [u8])>,
    pub roots: (&'static str, &'a [u8]),
    pub revocations: Option<(&'static str, &'a [u8])>,
}

impl<'a> Files<'a> {
    /// Every file must be there: istiod refuses to start with an incomplete set (since 1.26.1), and an empty file is
    /// no better. Further files are ignored, as istiod does.
    pub fn find(data: &'a BTreeMap<String, Vec<u8>>) -> Result<Self, TrustError> {
        if data.contains_key(MADE_BY_ISTIOD) {
            return Err(TrustError::MadeByIstiod);
        }
        let content = |file| data.get(file).map(Vec::as_slice).filter(|content| !content.is_empty());
        let named = |file: &'static str| {
            let present = || data.keys().filter(|key| content(key.as_str()).is_some()).cloned().collect();
            content(file)
                .map(|content| (file, content))
                .ok_or_else(|| TrustError::Missing { file, present: present() })
        };
        if data.contains_key("tls.crt") {
            let (certificate, roots) = (named("tls.crt")?, named("ca.crt")?);
            let chain = vec![certificate, roots];
            return Ok(Self { certificate, key: named("tls.key")?, chain, roots, revocations: None });
        }
        Ok(Self {
            certificate: named(CA_CERT)?,
            key: named(CA_KEY)?,
            chain: vec![named(CERT_CHAIN)?],
            roots: named(ROOT_CERT)?,
            revocations: content(CA_CRL).map(|content| (CA_CRL, content)),
        })
    }
}
