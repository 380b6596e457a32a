//! The real openssl in a folder of its own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;

pub struct Openssl(TempDir);

impl Openssl {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.0.path().join(file)
    }

    pub fn write(&self, file: &str, content: impl AsRef<[u8]>) -> &Self {
        fs::write(self.path(file), content).unwrap();
        self
    }

    pub fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.path(file)).unwrap()
    }

    /// Runs `openssl` with these arguments, which must not have spaces, and gives what it prints.
    pub fn run(&self, arguments: &str) -> String {
        let (succeeded, text) = self.try_run(arguments);
        assert!(succeeded, "openssl {arguments}: {text}");
        text
    }

    pub fn try_run(&self, arguments: &str) -> (bool, String) {
        let output = Command::new("openssl")
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .output()
            .expect("these tests need the program openssl");
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).into_owned())
    }

    /// A self-signed root `NAME.crt` for `NAME.key`.
    pub fn root(&self, name: &str, subject: &str) {
        self.write("root.conf", "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n");
        self.run(&format!(
            "req -x509 -new -sha256 -days 3650 -config root.conf -key {name}.key -subj {subject} -out {name}.crt"
        ));
    }

    /// `NAME.crt` for `NAME.key`, signed by `ISSUER`; `extensions` as openssl's configuration has them.
    pub fn signed(&self, name: &str, subject: &str, issuer: &str, extensions: &str) {
        self.write("req.conf", "[req]\ndistinguished_name=dn\n[dn]\n");
        self.write("extensions.conf", extensions);
        self.run(&format!(
            "req -new -sha256 -config req.conf -key {name}.key -subj {subject} -out {name}.csr"
        ));
        self.run(&format!(
            "x509 -req -sha256 -days 730 -in {name}.csr -CA {issuer}.crt -CAkey {issuer}.key -CAcreateserial \
             -extfile extensions.conf -out {name}.crt"
        ));
    }
}

/// The extensions of an intermediate as Istio's Makefile has them.
pub const INTERMEDIATE: &str = "subjectKeyIdentifier=hash\nbasicConstraints=critical,CA:true,pathlen:0\n\
    keyUsage=critical,digitalSignature,nonRepudiation,keyEncipherment,keyCertSign\nsubjectAltName=DNS:istiod.istio-system.svc\n";
