//! The certificates of one cluster, all from one authority of its own.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, date_time_ymd,
};

/// What can go wrong with certificates.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A key or certificate could not be made.
    #[error("cannot make the certificate of {name}")]
    Make {
        /// The certificate's subject.
        name: String,
        /// What the library says.
        source: rcgen::Error,
    },
    /// A file could not be written or read.
    #[error("cannot keep {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system answered.
        source: io::Error,
    },
}

/// A certificate and its private key, both PEM.
#[derive(Clone)]
pub struct Certificate {
    /// The certificate.
    pub certificate: String,
    /// Its private key (PKCS #8).
    pub key: String,
}

/// A certificate authority.
pub struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// Makes an authority with a new key.
    pub fn generate(name: &str) -> Result<Self, Error> {
        let failed = |source| Error::Make { name: name.to_owned(), source };
        let key = KeyPair::generate().map_err(failed)?;
        let params = authority(name);
        let pem = params.self_signed(&key).map_err(failed)?.pem();
        Ok(Self { pem, issuer: Issuer::new(params, key) })
    }

    /// The authority that was made with `name`, from its certificate and key.
    pub fn load(name: &str, files: Certificate) -> Result<Self, Error> {
        let key =
            KeyPair::from_pem(&files.key).map_err(|source| Error::Make { name: name.to_owned(), source })?;
        Ok(Self { pem: files.certificate, issuer: Issuer::new(authority(name), key) })
    }

    /// The authority's certificate, PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The authority's certificate and key.
    pub fn files(&self) -> Certificate {
        Certificate { certificate: self.pem.clone(), key: self.issuer.key().serialize_pem() }
    }

    /// A certificate for a server with these host names and addresses.
    pub fn server(&self, name: &str, hosts: &[&str], addresses: &[IpAddr]) -> Result<Certificate, Error> {
        let failed = |source| Error::Make { name: name.to_owned(), source };
        let mut params = subject(name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        for host in hosts {
            params.subject_alt_names.push(SanType::DnsName((*host).try_into().map_err(failed)?));
        }
        params.subject_alt_names.extend(addresses.iter().copied().map(SanType::IpAddress));
        self.sign(name, &params)
    }

    /// A client certificate: Kubernetes takes the common name as the user and the organization as its group.
    pub fn client(&self, user: &str, group: Option<&str>) -> Result<Certificate, Error> {
        let mut params = subject(user);
        if let Some(group) = group {
            params.distinguished_name.push(DnType::OrganizationName, group);
        }
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.sign(user, &params)
    }

    fn sign(&self, name: &str, params: &CertificateParams) -> Result<Certificate, Error> {
        let failed = |source| Error::Make { name: name.to_owned(), source };
        let key = KeyPair::generate().map_err(failed)?;
        let certificate = params.signed_by(&key, &self.issuer).map_err(failed)?;
        Ok(Certificate { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

impl Certificate {
    /// Writes `<name>.crt` and `<name>.key` into `directory` and returns their paths.
    pub fn write(&self, directory: &Path, name: &str) -> Result<(PathBuf, PathBuf), Error> {
        let certificate = directory.join(format!("{name}.crt"));
        let key = directory.join(format!("{name}.key"));
        write(&certificate, &self.certificate)?;
        write(&key, &self.key)?;
        Ok((certificate, key))
    }

    /// Reads what [`write`](Self::write) wrote.
    pub fn read(directory: &Path, name: &str) -> Result<Self, Error> {
        let read = |extension: &str| {
            let path = directory.join(format!("{name}.{extension}"));
            fs::read_to_string(&path).map_err(|source| Error::File { path, source })
        };
        Ok(Self { certificate: read("crt")?, key: read("key")? })
    }
}

/// Writes a new key pair, as service account tokens are signed with, as `<name>.key` (PKCS #8) and `<name>.pub`.
pub fn write_key_pair(directory: &Path, name: &str) -> Result<(), Error> {
    let key = KeyPair::generate().map_err(|source| Error::Make { name: name.to_owned(), source })?;
    write(&directory.join(format!("{name}.key")), &key.serialize_pem())?;
    write(&directory.join(format!("{name}.pub")), &key.public_key_pem())
}

/// Writes a file, naming it in the error.
pub fn write(path: &Path, content: &str) -> Result<(), Error> {
    fs::write(path, content).map_err(|source| Error::File { path: path.to_owned(), source })
}

fn authority(name: &str) -> CertificateParams {
    let mut params = subject(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages =
        vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign, KeyUsagePurpose::DigitalSignature];
    params
}

fn subject(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2049, 12, 31);
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
