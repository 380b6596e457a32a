//! What can be told of an authority without its key.

use std::collections::BTreeMap;

use time::OffsetDateTime;

use super::certificate::Certificate;
use super::encoding::{Notation, Source};
use super::error::TrustError;
use super::files::{CA_CERT, CERT_CHAIN, File, PublicFiles, ROOT_CERT, is_made_by_istiod};
use super::intermediate::is_signed;

/// The certificates of an authority as they are in its files.
pub(super) struct Certificates {
    pub certificate: Certificate,
    pub chain: Vec<Certificate>,
    pub roots: Vec<Certificate>,
}

impl Certificates {
    pub fn parse(files: &PublicFiles<'_>, notation: Notation) -> Result<Self, TrustError> {
        let parse = |(file, content): File<'_>| Certificate::parse(Source { file, notation }, content);
        let mut certificates = parse(files.certificate)?;
        let mut chain = Vec::new();
        for file in &files.chain {
            chain.extend(parse(*file)?);
        }
        let roots = parse(files.roots)?;
        // The first is the authority's own; cert-manager lets the chain follow, which istiod reads as such.
        Ok(Self { certificate: certificates.swap_remove(0), chain, roots })
    }
}

/// Which certificate signs in a cluster, and to which root it leads. Nothing says that the files are complete, or that proxies
/// would accept them: that takes the key, and [`Intermediate::parse`](super::Intermediate::parse).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signer {
    certificate: Certificate,
    root: Certificate,
    roots: Vec<Certificate>,
    is_istiods_own: bool,
}

impl Signer {
    /// Reads the data of a Secret `cacerts`, as istiod would; the key need not be there.
    pub fn parse(data: &BTreeMap<String, Vec<u8>>) -> Result<Self, TrustError> {
        if is_made_by_istiod(data) {
            let certificate = data.get(CA_CERT).map(Vec::as_slice).unwrap_or_default();
            return Ok(Self { is_istiods_own: true, ..Self::root(first(CA_CERT, certificate)?) });
        }
        let files = PublicFiles::find(data)?;
        let file = (files.certificate.0, files.roots.0);
        Self::new(Certificates::parse(&files, Notation::Any)?, file)
    }

    /// That istiod reads the certificates as they are written: [`Self::parse`] reads more, to tell whose they are.
    pub fn check_notation(data: &BTreeMap<String, Vec<u8>>) -> Result<(), TrustError> {
        if is_made_by_istiod(data) {
            return Ok(());
        }
        Certificates::parse(&PublicFiles::find(data)?, Notation::Go).map(drop)
    }

    /// The same as [`Self::parse`] of single texts, as PEM.
    pub fn of(certificate: &str, chain: &str, roots: &str) -> Result<Self, TrustError> {
        let files = PublicFiles {
            certificate: (CA_CERT, certificate.as_bytes()),
            chain: vec![(CERT_CHAIN, chain.as_bytes())],
            roots: (ROOT_CERT, roots.as_bytes()),
        };
        Self::new(Certificates::parse(&files, Notation::Any)?, (CA_CERT, ROOT_CERT))
    }

    /// A root that signs by itself, or whose intermediates do: all that matters is that nothing else is trusted.
    pub fn root(root: Certificate) -> Self {
        Self { certificate: root.clone(), roots: vec![root.clone()], root, is_istiods_own: false }
    }

    /// One that needs no files.
    #[cfg(test)]
    pub(super) fn of_certificates(
        certificate: Certificate,
        root: Certificate,
        roots: Vec<Certificate>,
    ) -> Self {
        Self { certificate, root, roots, is_istiods_own: false }
    }

    fn new(certificates: Certificates, files: (&'static str, &'static str)) -> Result<Self, TrustError> {
        let Certificates { certificate, chain, roots } = certificates;
        match leads_to(&certificate, &chain, &roots).cloned() {
            Some(root) => Ok(Self { certificate, root, roots, is_istiods_own: false }),
            None => Err(TrustError::OtherRoot {
                certificate: files.0,
                subject: certificate.subject().to_owned(),
                file: files.1,
                roots: roots.iter().map(Certificate::fingerprint).collect(),
            }),
        }
    }

    /// The certificate that signs workload certificates.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The root that it leads to.
    pub fn leads_to(&self) -> &Certificate {
        &self.root
    }

    /// All roots that the workloads of the cluster trust.
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// Whether istiod made it for itself (`USE_CACERTS_FOR_SELF_SIGNED_CA`).
    pub fn is_istiods_own(&self) -> bool {
        self.is_istiods_own
    }

    /// Whether little time is left to it, and another one of the same root would live longer.
    pub fn is_renewal_due(&self, now: OffsetDateTime) -> bool {
        self.certificate.not_after() < self.root.not_after() && self.certificate.is_near_its_end(now)
    }
}

fn first(file: &str, content: &[u8]) -> Result<Certificate, TrustError> {
    Ok(Certificate::parse_all(file, content)?.swap_remove(0))
}

/// The one of `roots` that the certificate leads to.
fn leads_to<'a>(
    certificate: &'a Certificate,
    chain: &'a [Certificate],
    roots: &'a [Certificate],
) -> Option<&'a Certificate> {
    let mut link = certificate;
    // Each step goes to another certificate of the chain, so that more steps only go in circles.
    for _ in 0..=chain.len() {
        let signed = |issuer: &&Certificate| *issuer != link && is_signed(link, issuer);
        let root = roots.iter().find(|root| *root == link || signed(root));
        if root.is_some() {
            return root;
        }
        link = chain.iter().find(signed)?;
    }
    None
}
