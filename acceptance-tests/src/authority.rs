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

    /// The root's key.
    pub fn root_key(&self) -> String {
        self.read("root.key")
    }

    /// A new intermediate for a cluster.
    pub fn intermediate(&self, cluster: &str) -> Intermediate {
        self.signed(
            cluster,
            "x509 -req -CA root.crt -CAkey root.key -CAcreateserial -days 20 -extfile extensions",
        )
    }

    /// One that was made years ago and ends in 20 days.
    pub fn ending_intermediate(&self, cluster: &str) -> Intermediate {
        let configuration = "[ca]\ndefault_ca = ca\ndatabase = issued\nnew_certs_dir = .\nrand_serial = yes\n\
                             default_md = sha256\npolicy = any\nunique_subject = no\n\
                             [any]\norganizationName = optional\ncommonName = optional\nlocalityName = optional\n";
        self.write("ca.conf", configuration);
        self.write("issued", "");
        let sign = "ca -batch -notext -config ca.conf -cert root.crt -keyfile root.key -extfile extensions \
                    -startdate 20200101000000Z -days 20";
        self.signed(cluster, sign)
    }

    /// `sign` is what `openssl` is told but for the files that it reads and writes.
    fn signed(&self, cluster: &str, sign: &str) -> Intermediate {
        self.write(
            "extensions",
            "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,digitalSignature,keyCertSign\n",
        );
        self.openssl(&format!(
            "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /O=Shop/CN=Intermediate/L={cluster} \
             -keyout {cluster}.key -out {cluster}.csr"
        ));
        self.openssl(&format!("{sign} -in {cluster}.csr -out {cluster}.crt"));
        let certificate = self.read(&format!("{cluster}.crt"));
        let chain = format!("{certificate}{}", self.root());
        Intermediate { certificate, key: self.read(&format!("{cluster}.key")), chain }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.directory.path().join(name), text).expect("write what openssl reads");
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
