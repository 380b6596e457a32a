//! The authority of one cluster: the content of its Secret `cacerts`.

use std::collections::BTreeMap;

use rcgen::{CertificateParams, DnType, SanType};
use secrecy::SecretString;
use time::{Duration, OffsetDateTime};

use super::certificate::Certificate;
use super::constraints::Names;
use super::encoding::{self, Notation, REVOCATION_LIST, Source};
use super::error::TrustError;
use super::files::{CA_CERT, CA_CRL, CA_KEY, CERT_CHAIN, Files, ROOT_CERT};
use super::issue;
use super::key::PrivateKey;
use super::path::{self, Presented, Unpassed};
use super::root::Root;
use super::rule::Rule;
use super::signature::Signature;
use super::signer::Certificates;
use crate::mesh::KeyType;

/// An authority that istiod can sign workload certificates with, and whose certificates proxies accept.
#[derive(Clone, Debug)]
pub struct Intermediate {
    certificate: Certificate,
    key: PrivateKey,
    chain: Vec<Certificate>,
    roots: Vec<Certificate>,
    /// The place in `roots` of the one that the chain leads to.
    root: usize,
    revocations: Vec<Vec<u8>>,
}

/// What a new intermediate shall be.
#[derive(Clone, Debug)]
pub struct IntermediateRequest<'a> {
    /// The cluster, `L` of its name: tells the intermediates of a mesh apart.
    pub cluster: &'a str,
    /// Istiod's namespace, for the name `istiod.<namespace>.svc`.
    pub namespace: &'a str,
    /// Kind of its key.
    pub key_type: KeyType,
    /// When it is made. It is valid from a few minutes before, for clocks that are late.
    pub now: OffsetDateTime,
    /// How long it is valid from `now`, but never longer than the root: see [`Intermediate::ends_with_root`]. Istio's
    /// Makefile takes 730 days.
    pub lifetime: Duration,
}

impl Root {
    /// Makes the authority of one cluster: a new key, and a certificate like that of Istio's Makefile
    /// (`tools/certs/common.mk`), signed by this root.
    pub fn issue(&self, request: &IntermediateRequest<'_>) -> Result<Intermediate, TrustError> {
        let root = self.certificate();
        root.check_validity(ROOT_CERT, request.now)?;
        let parameters = intermediate_parameters(root, request)?;
        let key = PrivateKey::generate(request.key_type)?;
        let der = issue::signed(parameters, &key, root, self.key())?;
        let certificate = Certificate::made(CA_CERT, der)?;
        let unchecked = Intermediate {
            chain: vec![certificate.clone(), root.clone()],
            certificate,
            key,
            roots: vec![root.clone()],
            root: 0,
            revocations: Vec::new(),
        };
        unchecked.checked(&FileNames::OF_ISTIOD, request.now)
    }
}

fn intermediate_parameters(
    root: &Certificate,
    request: &IntermediateRequest<'_>,
) -> Result<CertificateParams, TrustError> {
    let name = issue::name([
        (DnType::OrganizationName, root.organization().unwrap_or("Istio")),
        (DnType::CommonName, "Intermediate CA"),
        (DnType::LocalityName, request.cluster),
    ]);
    let mut parameters = issue::authority(name, Some(0), request.now, request.lifetime)?;
    parameters.not_after = parameters.not_after.min(root.not_after());
    let host = format!("istiod.{}.svc", request.namespace);
    let host = host.try_into().map_err(|source| TrustError::Make { what: "the name of istiod", source })?;
    parameters.subject_alt_names = vec![SanType::DnsName(host)];
    Ok(parameters)
}

impl Intermediate {
    /// Reads the data of a Secret `cacerts`: the four files that istiod knows, `ca-crl.pem` if it is there, or
    /// `tls.crt`, `tls.key` and `ca.crt`. Checks that istiod can read each of them in full, that they fit together, and
    /// that proxies would accept what istiod signs with them at `now`.
    pub fn parse(data: &BTreeMap<String, Vec<u8>>, now: OffsetDateTime) -> Result<Self, TrustError> {
        Self::read(data, Notation::Go, now)
    }

    /// The same of texts that [`Self::files`] writes again for istiod, so that they may be written as people do.
    pub fn given(data: &BTreeMap<String, Vec<u8>>, now: OffsetDateTime) -> Result<Self, TrustError> {
        Self::read(data, Notation::Any, now)
    }

    fn read(
        data: &BTreeMap<String, Vec<u8>>,
        notation: Notation,
        now: OffsetDateTime,
    ) -> Result<Self, TrustError> {
        let files = Files::find(data)?;
        let Certificates { certificate, chain, roots } = Certificates::parse(&files.public, notation)?;
        let revocations = match files.revocations {
            Some((file, content)) => encoding::contents(Source { file, notation }, content, REVOCATION_LIST)?,
            None => Vec::new(),
        };
        let key = PrivateKey::parse(Source { file: files.key.0, notation }, files.key.1)?;
        let names = FileNames {
            certificate: files.public.certificate.0,
            key: files.key.0,
            chain: files.public.chain[0].0,
            roots: files.public.roots.0,
        };
        Self { certificate, key, chain, roots, root: 0, revocations }.checked(&names, now)
    }

    fn checked(mut self, names: &FileNames, now: OffsetDateTime) -> Result<Self, TrustError> {
        self.certificate.check_authority(names.certificate)?;
        self.certificate.check_validity(names.certificate, now)?;
        self.certificate.check_key(names.certificate, &self.key, names.key)?;
        for root in &self.roots {
            root.check_authority(names.roots)?;
        }
        self.check_chain(names)?;
        self.root = self.find_root(names, now)?;
        Ok(self)
    }

    /// Every certificate of the chain has its issuer in the files, and the authority is one of them.
    fn check_chain(&self, names: &FileNames) -> Result<(), TrustError> {
        let known = || self.chain.iter().chain(&self.roots);
        if !known().any(|certificate| *certificate == self.certificate) {
            let subject = self.certificate.subject().to_owned();
            return Err(TrustError::NotInChain {
                file: names.chain,
                certificate: names.certificate,
                subject,
            });
        }
        let is_stray = |certificate: &&Certificate| {
            !self.roots.contains(*certificate) && !known().any(|issuer| is_signed(certificate, issuer))
        };
        // That of the authority itself is about the root rather than about the chain.
        match self.chain.iter().filter(|link| **link != self.certificate).find(is_stray) {
            Some(stray) => Err(TrustError::Stray { file: names.chain, subject: stray.subject().to_owned() }),
            None => Ok(()),
        }
    }

    fn find_root(&self, names: &FileNames, now: OffsetDateTime) -> Result<usize, TrustError> {
        let presented = self.presented();
        let root = presented.root(now).map_err(|rule| self.refusal(names, now, rule))?;
        path::check_revocation(&presented, &self.key, &self.revocations, now).map_err(
            |error| match error {
                Unpassed::Probe(error) => error,
                Unpassed::Rule(source) => TrustError::Revocation { file: CA_CRL, source },
            },
        )?;
        Ok(root)
    }

    fn presented(&self) -> Presented<'_> {
        Presented { certificate: &self.certificate, chain: &self.chain, roots: &self.roots }
    }

    fn refusal(&self, names: &FileNames, now: OffsetDateTime, rule: Rule) -> TrustError {
        let subject = self.certificate.subject().to_owned();
        match rule {
            Rule::PathLength { subject, below }
                if self.roots.iter().any(|root| root.subject() == subject) =>
            {
                TrustError::NoRoomBelow { file: names.roots, subject, below }
            }
            // The latter if there is a root of the right name with another key.
            Rule::NoIssuer { .. } | Rule::Signature { .. } => {
                // A root that is not valid is none, so that may be all that is wrong.
                let invalid = self.roots.iter().find_map(|root| root.check_validity(names.roots, now).err());
                invalid.unwrap_or_else(|| TrustError::OtherRoot {
                    certificate: names.certificate,
                    subject,
                    file: names.roots,
                    roots: self.roots.iter().map(Certificate::fingerprint).collect(),
                })
            }
            Rule::NotValid { .. } => {
                let of_root = |root: &Certificate| {
                    is_signed(&self.certificate, root).then(|| root.check_validity(names.roots, now).err())?
                };
                let invalid = self.roots.iter().find_map(of_root);
                invalid.unwrap_or_else(|| self.refused(names, rule))
            }
            rule => self.refused(names, rule),
        }
    }

    fn refused(&self, names: &FileNames, source: Rule) -> TrustError {
        let subject = self.certificate.subject().to_owned();
        TrustError::Refused { file: names.chain, roots: names.roots, subject, source: Box::new(source) }
    }

    /// That what it issues for the workloads and istiod of a mesh would be accepted, as far as name constraints say.
    pub fn check_names(&self, names: &Names<'_>, now: OffsetDateTime) -> Result<(), TrustError> {
        let verdict = self.presented().check_names(names.of_workload(), names.of_istiod(), now);
        verdict.map_err(|rule| match rule {
            Rule::Name { subject, name, .. } => {
                let file = if subject == self.certificate.subject() {
                    CA_CERT
                } else if self.roots.iter().any(|root| root.subject() == subject) {
                    ROOT_CERT
                } else {
                    CERT_CHAIN
                };
                TrustError::NameForbidden { file: file.to_owned(), subject, name }
            }
            rule => self.refused(&FileNames::OF_ISTIOD, rule),
        })
    }

    /// The files of the Secret: [`CA_CERT`], [`CA_KEY`], [`CERT_CHAIN`], [`ROOT_CERT`], and [`CA_CRL`] if it was given.
    /// They hold the same certificates and key as what was parsed, without the text around them.
    pub fn files(&self) -> BTreeMap<&'static str, SecretString> {
        let all =
            |certificates: &[Certificate]| certificates.iter().map(Certificate::pem).collect::<String>();
        let mut files = BTreeMap::from([
            (CA_CERT, self.certificate.pem().into()),
            (CA_KEY, self.key.text().clone()),
            (CERT_CHAIN, all(&self.chain).into()),
            (ROOT_CERT, all(&self.roots).into()),
        ]);
        if !self.revocations.is_empty() {
            let lists: String =
                self.revocations.iter().map(|list| encoding::encode(REVOCATION_LIST, list)).collect();
            files.insert(CA_CRL, lists.into());
        }
        files
    }

    /// The certificate that signs workload certificates.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// All roots that the workloads of the cluster trust, in the order of `root-cert.pem`.
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// The root that this authority leads to: the one that other clusters must trust.
    pub fn root(&self) -> &Certificate {
        &self.roots[self.root]
    }

    /// Whether it ends when its root does: it was asked to live longer, or exactly as long.
    pub fn ends_with_root(&self) -> bool {
        self.certificate.not_after() >= self.root().not_after()
    }

    /// Whether little time is left to it, and another one of the same root would live longer.
    pub fn is_renewal_due(&self, now: OffsetDateTime) -> bool {
        !self.ends_with_root() && self.certificate.is_near_its_end(now)
    }
}

/// Whether one was signed with the key of the other, as far as that can be checked.
pub(super) fn is_signed(certificate: &Certificate, issuer: &Certificate) -> bool {
    matches!(certificate.signed_by(issuer), Signature::Good | Signature::Unchecked(_))
}

/// What the files are called in errors.
struct FileNames {
    certificate: &'static str,
    key: &'static str,
    chain: &'static str,
    roots: &'static str,
}

impl FileNames {
    const OF_ISTIOD: Self = Self { certificate: CA_CERT, key: CA_KEY, chain: CERT_CHAIN, roots: ROOT_CERT };
}
