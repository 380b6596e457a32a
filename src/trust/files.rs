//! The names of the files, and how the data of a Secret `cacerts` is read.

use std::collections::BTreeMap;

use super::error::TrustError;

pub use crate::mesh::well_known::{CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT};

/// Revocation lists, optional: one of every authority of the chain (Istio 1.27 and later).
pub const CA_CRL: &str = "ca-crl.pem";
/// The root's key, as Istio's own Makefile calls it (`tools/certs/Makefile.selfsigned.mk`); never part of `cacerts`.
pub const ROOT_KEY: &str = "root-key.pem";

/// The certificate and the key of an authority in a Secret of type `kubernetes.io/tls`, as cert-manager makes it.
const TLS_CERT: &str = "tls.crt";
const TLS_KEY: &str = "tls.key";
/// The root in such a Secret.
const TLS_ROOT: &str = "ca.crt";

/// What istiod adds to a Secret that it made for a self-signed root (`security/pkg/pki/ca/ca.go`, `BuildSecret`).
const MADE_BY_ISTIOD: &str = "istio-generated";

/// A file's name and content.
pub(super) type File<'a> = (&'static str, &'a [u8]);

/// Whether the data is that of a Secret that istiod itself made, for a root of its own.
pub(super) fn is_made_by_istiod(data: &BTreeMap<String, Vec<u8>>) -> bool {
    data.contains_key(MADE_BY_ISTIOD)
}

/// Which files of the data play which part, but for those that need no look at any other. Istiod reads a Secret of type
/// `kubernetes.io/tls` when it has `tls.crt` (`pilot/pkg/bootstrap/istio_ca.go`, `detectSigningCABundleAndCRL`).
pub(super) struct PublicFiles<'a> {
    pub certificate: File<'a>,
    pub chain: Vec<File<'a>>,
    pub roots: File<'a>,
}

impl<'a> PublicFiles<'a> {
    /// Every file must be there: istiod refuses to start with an incomplete set (since 1.26.1), and an empty file is
    /// no better. Further files are ignored, as istiod does.
    pub fn find(data: &'a BTreeMap<String, Vec<u8>>) -> Result<Self, TrustError> {
        if data.contains_key(TLS_CERT) {
            let (certificate, roots) = (named(data, TLS_CERT)?, named(data, TLS_ROOT)?);
            return Ok(Self { certificate, chain: vec![certificate, roots], roots });
        }
        Ok(Self {
            certificate: named(data, CA_CERT)?,
            chain: vec![named(data, CERT_CHAIN)?],
            roots: named(data, ROOT_CERT)?,
        })
    }
}

/// The same with the key and with what can be revoked.
pub(super) struct Files<'a> {
    pub public: PublicFiles<'a>,
    pub key: File<'a>,
    pub revocations: Option<File<'a>>,
}

impl<'a> Files<'a> {
    pub fn find(data: &'a BTreeMap<String, Vec<u8>>) -> Result<Self, TrustError> {
        if is_made_by_istiod(data) {
            return Err(TrustError::MadeByIstiod);
        }
        let public = PublicFiles::find(data)?;
        let is_tls = public.certificate.0 == TLS_CERT;
        let key = named(data, if is_tls { TLS_KEY } else { CA_KEY })?;
        let revocations = content(data, CA_CRL).filter(|_| !is_tls).map(|content| (CA_CRL, content));
        Ok(Self { public, key, revocations })
    }
}

fn content<'a>(data: &'a BTreeMap<String, Vec<u8>>, file: &str) -> Option<&'a [u8]> {
    data.get(file).map(Vec::as_slice).filter(|content| !content.is_empty())
}

fn named<'a>(data: &'a BTreeMap<String, Vec<u8>>, file: &'static str) -> Result<File<'a>, TrustError> {
    let present = || data.keys().filter(|key| content(data, key).is_some()).cloned().collect();
    content(data, file)
        .map(|content| (file, content))
        .ok_or_else(|| TrustError::Missing { file, present: present() })
}
