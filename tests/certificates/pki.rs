//! Authorities as the program openssl makes them, of every kind.

use std::collections::BTreeMap;

use super::openssl::Openssl;

/// The data of a Secret.
pub type Files = BTreeMap<String, Vec<u8>>;

/// The extensions of a root.
pub const ROOT: &str =
    "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
/// The extensions of what istiod signs with, as Istio's Makefile has them.
pub const CA: &str = "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign\n\
                      subjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\nsubjectAltName=DNS:istiod.istio-system.svc\n";

/// How openssl makes one certificate.
#[derive(Clone)]
pub struct Certificate<'a> {
    /// What `openssl genpkey` is told, or the name of a file that is there.
    pub key: &'a str,
    pub subject: &'a str,
    pub extensions: String,
    /// The hash and what else is said of the signature.
    pub signing: &'a str,
    pub serial: &'a str,
    pub days: i32,
}

pub const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

impl Certificate<'_> {
    pub fn root() -> Self {
        Self {
            key: P256,
            subject: "/O=Corp/CN=Root",
            extensions: ROOT.to_owned(),
            signing: "-sha256",
            serial: "4660",
            days: 3650,
        }
    }

    pub fn ca() -> Self {
        Self {
            subject: "/O=Corp/CN=CA",
            extensions: CA.to_owned(),
            serial: "22136",
            days: 730,
            ..Self::root()
        }
    }

    pub fn with(mut self, extensions: &str) -> Self {
        self.extensions.push_str(extensions);
        self
    }

    /// With other text in its extensions.
    pub fn but(mut self, part: &str, other: &str) -> Self {
        assert!(self.extensions.contains(part), "{part}");
        self.extensions = self.extensions.replace(part, other);
        self
    }
}

/// A directory with keys and certificates, `NAME.key` and `NAME.crt`.
pub struct Pki(pub Openssl);

impl Pki {
    pub fn new() -> Self {
        let pki = Self(Openssl::new());
        pki.0.write("req.conf", "[req]\ndistinguished_name=dn\n[dn]\n");
        pki
    }

    fn key(&self, name: &str, key: &str) {
        if key.starts_with('-') {
            self.0.run(&format!("genpkey {key} -out {name}.key"));
        } else {
            self.0.write(&format!("{name}.key"), self.0.read(key));
        }
    }

    fn request(&self, name: &str, certificate: &Certificate<'_>) {
        self.key(name, certificate.key);
        self.0.write("extensions.conf", &certificate.extensions);
        let subject = certificate.subject;
        self.0.run(&format!("req -new -config req.conf -key {name}.key -subj {subject} -out {name}.csr"));
    }

    pub fn root(&self, name: &str, certificate: &Certificate<'_>) -> &Self {
        self.request(name, certificate);
        let Certificate { signing, serial, days, .. } = certificate;
        // Without extensions, a certificate is of version 1.
        let extensions = if certificate.extensions.is_empty() { "" } else { "-extfile extensions.conf" };
        self.0.run(&format!(
            "x509 -req {signing} -days {days} -set_serial {serial} -in {name}.csr -signkey {name}.key {extensions} -out {name}.crt"
        ));
        self
    }

    pub fn signed(&self, name: &str, issuer: &str, certificate: &Certificate<'_>) -> &Self {
        self.request(name, certificate);
        let Certificate { signing, serial, days, .. } = certificate;
        self.0.run(&format!(
            "x509 -req {signing} -days {days} -set_serial {serial} -in {name}.csr -CA {issuer}.crt -CAkey {issuer}.key -extfile \
             extensions.conf -out {name}.crt"
        ));
        self
    }

    pub fn text(&self, parts: &[&str]) -> Vec<u8> {
        parts.iter().flat_map(|part| self.0.read(part)).collect()
    }

    /// The data of a Secret with the authority `ca`, from these certificates.
    pub fn files(&self, chain: &[&str], roots: &[&str]) -> Files {
        [
            ("ca-cert.pem", self.text(&["ca.crt"])),
            ("ca-key.pem", self.text(&["ca.key"])),
            ("cert-chain.pem", self.text(chain)),
            ("root-cert.pem", self.text(roots)),
        ]
        .map(|(name, content)| (name.to_owned(), content))
        .into()
    }

    /// What openssl says of a chain, each way.
    pub fn verify(files: &Files, leaf: &str) -> Result<(), String> {
        let openssl = Openssl::new();
        let (first, rest) = leaf.split_at(leaf.find("-----END CERTIFICATE-----").unwrap_or_default() + 26);
        openssl.write("leaf.crt", first).write("chain.crt", rest);
        let roots = files.get("root-cert.pem").or_else(|| files.get("ca.crt")).unwrap();
        openssl.write("roots.crt", roots);
        for purpose in ["sslserver", "sslclient"] {
            let verify = format!(
                "verify -partial_chain -CAfile roots.crt -untrusted chain.crt -purpose {purpose} leaf.crt"
            );
            let (is_good, text) = openssl.try_run(&verify);
            if !is_good {
                return Err(text);
            }
        }
        Ok(())
    }
}

/// One root and one authority.
pub fn pair(root: &Certificate<'_>, ca: &Certificate<'_>) -> Files {
    let pki = Pki::new();
    pki.root("root", root).signed("ca", "root", ca);
    pki.files(&["ca.crt", "root.crt"], &["root.crt"])
}

/// One root, and one authority with these extensions in addition.
pub fn ca_with(extensions: &str) -> Files {
    pair(&Certificate::root(), &Certificate::ca().with(extensions))
}

/// The same of the root.
pub fn root_with(extensions: &str) -> Files {
    pair(&Certificate::root().with(extensions), &Certificate::ca())
}
