//! Certificates of a mesh that its user brings, made by the real `openssl`.

use std::fs;
use std::process::Command;

use tempfile::TempDir;

/// A root that signs intermediates.
pub struct Authority {
    directory: TempDir,
}

/// What one cluster signs with, as PEM.
pub struct Intermediate {
    /// The certificate.
    pub certificate: String,
    /// Its key.
    pub key: String,
    /// The certificate and its root.
    pub chain: String,
}

impl Authority {
    /// A new root.
    pub fn new() -> Self {
        let authority = Self { directory: TempDir::new().expect("make a directory") };
        authority.openssl(
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /O=Shop/CN=Root \
             -keyout root.key -out root.crt -addext keyUsage=critical,keyCertSign",
        );
        authority
    }

    /// The root's certificate.
    pub fn root(&self) -> String {
        self.read("root.crt")
    }

    /// A new intermediate for a cluster.
    pub fn intermediate(&self, cluster: &str) -> Intermediate {
        fs::write(
            self.directory.path().join("extensions"),
            "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign\n",
        )
        .expect("write the extensions");
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=Shop/CN=Intermediate/L={cluster} \
             -keyout {cluster}.key -out {cluster}.csr"
        ));
        self.openssl(&format!(
            "x509 -req -in {cluster}.csr -CA root.crt -CAkey root.key -CAcreateserial -days 20 -extfile extensions \
             -out {cluster}.crt"
        ));
        let certificate = self.read(&format!("{cluster}.crt"));
        let chain = format!("{certificate}{}", self.root());
        Intermediate { certificate, key: self.read(&format!("{cluster}.key")), chain }
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).expect("read what openssl wrote")
    }

    fn openssl(&self, arguments: &str) {
        let mut openssl = Command::new("openssl");
        let output = openssl.args(arguments.split_whitespace()).current_dir(self.directory.path()).output();
        let output = output.expect("run openssl");
        assert!(output.status.success(), "openssl {arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}
