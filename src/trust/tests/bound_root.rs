//! Roots of other meshes, bound to their trust domains: who accepts what is below them.

use rustls::pki_types::{CertificateDer, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, Error, KeyUsage, anchor_from_trusted_cert};

use super::openssl::Openssl;
use super::*;
use crate::mesh::{Namespace, TrustDomain};
use crate::trust::names::Name;
use crate::trust::path::Presented;
use crate::trust::rule::Rule;

const THEIRS: &str = "spiffe://bank.example/ns/billing/sa/payments";
const OURS: &str = "spiffe://shop.example/ns/web/sa/orders";
const ISTIOD: &str = "istiod.istio-system.svc";
/// How an intermediate names its issuer.
const IDENTIFIERS: [&str; 4] = [
    "authorityKeyIdentifier=keyid",
    "authorityKeyIdentifier=keyid,issuer:always",
    "authorityKeyIdentifier=issuer:always",
    "",
];

/// A trust domain and a namespace that a binding is about.
struct Peer(TrustDomain, Namespace);

fn peer(trust_domain: &str, namespace: &str) -> Peer {
    Peer(trust_domain.parse().unwrap(), namespace.parse().unwrap())
}

impl Peer {
    fn binding(&self) -> Binding<'_> {
        Binding { trust_domain: &self.0, namespace: &self.1 }
    }

    fn bind(&self, root: &Certificate) -> Result<Certificate, TrustError> {
        self.binding().bind("the document", root)
    }
}

fn bank() -> Peer {
    peer("bank.example", "istio-system")
}

fn read(openssl: &Openssl, file: &str) -> Certificate {
    Certificate::parse_all(file, &openssl.read(file)).unwrap().swap_remove(0)
}

/// The root and an intermediate of another mesh, as openssl makes them, with the root bound to `bank.example`.
struct Mesh {
    openssl: Openssl,
}

impl Mesh {
    fn new(root: &str, identifier: &str) -> Self {
        let openssl = Openssl::new();
        for name in ["root", "ca", "leaf"] {
            openssl.run(&format!("ecparam -genkey -name prime256v1 -noout -out {name}.key"));
        }
        openssl.write("dn.conf", "[req]\ndistinguished_name=dn\n[dn]\n").write("root.ext", root);
        openssl.run("req -new -config dn.conf -key root.key -subj /O=Bank/OU=a/OU=b/CN=Root -out root.csr");
        openssl.run("x509 -req -days 99 -in root.csr -signkey root.key -set_serial 0x8f01 -extfile root.ext -out root.crt");
        let extensions = format!(
            "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n\
             subjectAltName=DNS:{ISTIOD}\n{identifier}\n"
        );
        openssl.signed("ca", "/O=Bank/CN=CA", "root", &extensions);
        openssl.write("bound.crt", bank().bind(&read(&openssl, "root.crt")).unwrap().pem());
        Self { openssl }
    }

    /// A root as Istio's Makefile makes it.
    fn usual(identifier: &str) -> Self {
        Self::new(
            "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n",
            identifier,
        )
    }

    fn issue(&self, name: &str) {
        let extensions = format!("extendedKeyUsage=clientAuth,serverAuth\nsubjectAltName=critical,{name}\n");
        self.openssl.signed("leaf", "/O=leaf", "ca", &extensions);
    }

    /// Whether OpenSSL accepts a certificate for `name` with this certificate as the only one that it trusts; what it says.
    fn openssl(&self, anchor: &str, name: &str) -> (bool, String) {
        self.issue(name);
        self.openssl
            .try_run(&format!("verify -partial_chain -trusted {anchor}.crt -untrusted ca.crt leaf.crt"))
    }

    /// The same of webpki.
    fn webpki(&self, anchor: &str, name: &str) -> Result<(), Error> {
        self.issue(name);
        let der = |file: &str| read(&self.openssl, file).der().clone();
        let (anchor, ca, leaf) = (der(&format!("{anchor}.crt")), der("ca.crt"), der("leaf.crt"));
        let leaf: CertificateDer<'_> = leaf;
        EndEntityCert::try_from(&leaf)?
            .verify_for_usage(
                ALL_VERIFICATION_ALGS,
                &[anchor_from_trusted_cert(&anchor)?],
                &[ca],
                UnixTime::now(),
                KeyUsage::client_auth(),
                None,
                None,
            )
            .map(drop)
    }

    /// The same of Go and `BoringSSL`, as this module computes them.
    fn proxies(&self, anchor: &str, name: Name) -> Result<(), Rule> {
        let (anchor, ca) = (read(&self.openssl, &format!("{anchor}.crt")), read(&self.openssl, "ca.crt"));
        let presented = Presented {
            certificate: &ca,
            chain: std::slice::from_ref(&ca),
            roots: std::slice::from_ref(&anchor),
        };
        let istiod = vec![Name::Dns(ISTIOD.to_owned())];
        presented.check_names(vec![name], istiod, OffsetDateTime::now_utc())
    }
}

#[test]
fn a_bound_root_stands_for_its_own_trust_domain_and_for_no_other() {
    for identifier in IDENTIFIERS {
        let mesh = Mesh::usual(identifier);
        for name in [THEIRS, OURS] {
            let (is_accepted, text) = mesh.openssl("root", &format!("URI:{name}"));
            assert!(is_accepted, "{identifier}: {text}");
            mesh.proxies("root", Name::Uri(name.to_owned())).unwrap();
        }
        let (is_accepted, text) = mesh.openssl("bound", &format!("URI:{THEIRS}"));
        assert!(is_accepted, "{identifier}: {text}");
        mesh.proxies("bound", Name::Uri(THEIRS.to_owned())).unwrap();
        let (is_accepted, text) = mesh.openssl("bound", &format!("URI:{OURS}"));
        assert!(!is_accepted && text.contains("permitted subtree violation"), "{identifier}: {text}");
        let rule = mesh.proxies("bound", Name::Uri(OURS.to_owned())).unwrap_err();
        assert!(matches!(rule, Rule::Name { .. }), "{identifier}: {rule}");
    }
}

#[test]
fn a_bound_root_stands_for_nothing_below_its_trust_domain_in_the_eyes_of_proxies() {
    let mesh = Mesh::usual(IDENTIFIERS[0]);
    for host in ["sub.bank.example", "example", "bank.example.evil.example"] {
        let name = format!("URI:spiffe://{host}/ns/a/sa/b");
        assert!(mesh.openssl("root", &name).0, "{host}");
        assert!(!mesh.openssl("bound", &name).0, "{host}");
    }
}

#[test]
fn a_bound_root_stands_for_no_control_plane_but_its_own() {
    let mesh = Mesh::usual(IDENTIFIERS[0]);
    for (name, is_permitted) in [(ISTIOD, true), ("istiod.mesh.svc", false), ("orders.web.svc", false)] {
        let of_openssl = |anchor| mesh.openssl(anchor, &format!("DNS:{name}"));
        let of_webpki = |anchor| mesh.webpki(anchor, &format!("DNS:{name}"));
        assert!(of_openssl("root").0);
        assert_eq!(of_webpki("root"), Ok(()));
        let (is_accepted, text) = of_openssl("bound");
        assert_eq!(is_accepted, is_permitted, "{name}: {text}");
        let expected = if is_permitted { Ok(()) } else { Err(Error::NameConstraintViolation) };
        assert_eq!(of_webpki("bound"), expected, "{name}");
    }
}

#[test]
fn webpki_accepts_no_identity_below_a_bound_root_so_ambient_workloads_do_not_either() {
    for identifier in IDENTIFIERS {
        let mesh = Mesh::usual(identifier);
        let name = format!("URI:{THEIRS}");
        assert_eq!(mesh.webpki("root", &name), Ok(()), "{identifier}");
        assert_eq!(mesh.webpki("bound", &name), Err(Error::NameConstraintViolation), "{identifier}");
    }
}

#[test]
fn what_is_below_roots_of_every_form_is_accepted() {
    for (root, identifier) in [
        // Without an identifier, and with one that is not the digest of the key.
        ("basicConstraints=critical,CA:true\n", ""),
        ("basicConstraints=critical,CA:true\nsubjectKeyIdentifier=01:02:03:04\n", IDENTIFIERS[0]),
        ("basicConstraints=critical,CA:true\nsubjectKeyIdentifier=01:02:03:04\n", IDENTIFIERS[1]),
        ("basicConstraints=critical,CA:true,pathlen:1\nsubjectKeyIdentifier=hash\n", IDENTIFIERS[1]),
        ("basicConstraints=critical,CA:true,pathlen:300\nsubjectKeyIdentifier=hash\n", IDENTIFIERS[0]),
        // One that names itself.
        (
            "basicConstraints=critical,CA:true\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid,issuer\n",
            IDENTIFIERS[1],
        ),
    ] {
        let mesh = Mesh::new(root, identifier);
        for anchor in ["root", "bound"] {
            let (is_accepted, text) = mesh.openssl(anchor, &format!("URI:{THEIRS}"));
            assert!(is_accepted, "{anchor} {root}: {text}");
            mesh.proxies(anchor, Name::Uri(THEIRS.to_owned())).unwrap();
        }
        assert!(!mesh.openssl("bound", &format!("URI:{OURS}")).0, "{root}");
        let (root, bound) = (read(&mesh.openssl, "root.crt"), read(&mesh.openssl, "bound.crt"));
        assert_eq!(bound.facts().path_length, root.facts().path_length);
    }
}

#[test]
fn a_bound_root_has_everything_of_the_root_but_its_signature() {
    let mesh = Mesh::usual("");
    let (root, bound) = (read(&mesh.openssl, "root.crt"), read(&mesh.openssl, "bound.crt"));
    let (own, of_root) = (bound.facts(), root.facts());
    assert_eq!((&own.raw_subject, &own.raw_issuer), (&of_root.raw_subject, &of_root.raw_subject));
    assert_eq!((&own.serial, &own.key_id), (&of_root.serial, &of_root.key_id));
    assert_eq!((own.not_before, own.not_after), (of_root.not_before, of_root.not_after));
    assert_eq!(bound.key_fingerprint(), root.key_fingerprint());
    assert_ne!(bound.fingerprint(), root.fingerprint());
    assert!(!bound.is_self_signed() && bound.constrains_uris());
    let text = mesh.openssl.run("x509 -in bound.crt -noout -text");
    for expected in [
        "Signature Algorithm: ecdsa-with-SHA256",
        "X509v3 Name Constraints: critical",
        "URI:bank.example",
        "DNS:istiod.istio-system.svc",
        "X509v3 Basic Constraints: critical",
        "Certificate Sign, CRL Sign",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // What several resources have the mesh trust is composed of what can be read as an entry of a trust list.
    assert_eq!(anchors("record", bound.pem().as_bytes()).unwrap(), [bound]);
}

#[test]
fn roots_of_every_kind_of_key_are_bound() {
    for key in ["rsa:2048", "ed25519", "ec -pkeyopt ec_paramgen_curve:P-521"] {
        let openssl = Openssl::new();
        openssl.write("root.conf", "[req]\ndistinguished_name=dn\nx509_extensions=ca\n[dn]\n[ca]\nbasicConstraints=critical,CA:true\n");
        openssl.run(&format!("req -x509 -newkey {key} -nodes -keyout root.key -days 40000 -config root.conf -subj /CN=Root -out root.crt"));
        let root = read(&openssl, "root.crt");
        let bound = bank().bind(&root).unwrap();
        assert_eq!(bound.key_type(), root.key_type());
        assert!(bound.not_after().year() > 2050 && bound.not_after() == root.not_after());
    }
}

#[test]
fn what_is_not_a_root_is_not_bound() {
    let mesh = Mesh::usual(IDENTIFIERS[0]);
    mesh.issue("DNS:a.example");
    let bind = |file: &str| bank().bind(&read(&mesh.openssl, file)).unwrap_err().to_string();
    assert!(bind("leaf.crt").contains("in the document is not a CA certificate"), "{}", bind("leaf.crt"));
    assert!(
        bind("ca.crt").contains("in the document is not self-signed, so it is not a root"),
        "{}",
        bind("ca.crt")
    );
    assert!(bind("bound.crt").contains("is not self-signed"), "{}", bind("bound.crt"));
}

#[test]
fn a_trust_domain_that_is_not_a_host_name_to_envoy_is_refused() {
    let root = root();
    for trust_domain in ["10.0.0.1", "bank.1", "bank.0x1f"] {
        let error = peer(trust_domain, "istio-system").bind(root.certificate()).unwrap_err();
        assert!(error.to_string().contains("cannot be bound to the trust domain"), "{error}");
        assert_eq!(error.file(), Some("the document"));
        assert!(error.way_out().contains("the last is not a number"));
    }
    for trust_domain in ["bank", "bank.example", "1.bank"] {
        peer(trust_domain, "istio-system").bind(root.certificate()).unwrap();
    }
}

#[test]
fn the_same_facts_give_the_same_bytes_and_others_give_others() {
    let (root, other) = (Authority::root("root").certificate, Authority::root("root").certificate);
    let bound = bank().bind(&root).unwrap();
    assert_eq!(bank().bind(&root).unwrap(), bound);
    assert_ne!(bank().bind(&other).unwrap(), bound, "another key of the same name");
    assert_ne!(peer("shop.example", "istio-system").bind(&root).unwrap(), bound);
    assert_ne!(peer("bank.example", "mesh").bind(&root).unwrap(), bound);
}

/// A root of openssl's, to the byte.
const ROOT: &str = "-----BEGIN CERTIFICATE-----
MIIBgDCCASagAwIBAgIUS0jvXVTBMhLsK5HG94kNnKyQdhwwCgYIKoZIzj0EAwIw
HjENMAsGA1UECgwEQmFuazENMAsGA1UEAwwEUm9vdDAeFw0yNjEyMDExMTI0MTJa
Fw0zNjExMjgxMTI0MTJaMB4xDTALBgNVBAoMBEJhbmsxDTALBgNVBAMMBFJvb3Qw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHmpjv11zVzRWA6wgi6XYW4PMVsBkg
eAEjgEAck/pBEt50WFYZA/uH0RrZTmIhcQaBuG6ibPudHJIPyk4H3xKFo0IwQDAP
BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU/YpHJWR0
5t7Ximv8rixiIpC8uVowCgYIKoZIzj0EAwIDSAAwRQIgFxklhSBNZ6Fnst0X+v3G
rU1I5bfDo8p2N02BG97gKWQCIQDenn9jUM7V8sOsDIs2eZG14hf3g2T8WXuA9Fgf
rkZCtA==
-----END CERTIFICATE-----
";

/// The same bound to `bank.example`, as it was first made.
const BOUND: &str = "-----BEGIN CERTIFICATE-----
MIIBujCCAWGgAwIBAgIUS0jvXVTBMhLsK5HG94kNnKyQdhwwCgYIKoZIzj0EAwIw
HjENMAsGA1UECgwEQmFuazENMAsGA1UEAwwEUm9vdDAeFw0yNjEyMDExMTI0MTJa
Fw0zNjExMjgxMTI0MTJaMB4xDTALBgNVBAoMBEJhbmsxDTALBgNVBAMMBFJvb3Qw
WTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARHmpjv11zVzRWA6wgi6XYW4PMVsBkg
eAEjgEAck/pBEt50WFYZA/uH0RrZTmIhcQaBuG6ibPudHJIPyk4H3xKFo30wezAP
BgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQU/YpHJWR0
5t7Ximv8rixiIpC8uVowOQYDVR0eAQH/BC8wLaArMA6GDGJhbmsuZXhhbXBsZTAZ
ghdpc3Rpb2QuaXN0aW8tc3lzdGVtLnN2YzAKBggqhkjOPQQDAgNHADBEAiAyaDcl
8pK//AviE4g87vNGGT0GYADaehNbZ7K7IBwkzQIgcx5Hd8ojrFNjpLYesaQYmuYy
S48EwUzOknFbNJNMDXY=
-----END CERTIFICATE-----
";

#[test]
fn the_form_of_bound_roots_stays() {
    let root = Certificate::parse_all("root", ROOT.as_bytes()).unwrap().swap_remove(0);
    let bound = Certificate::parse_all("bound", BOUND.as_bytes()).unwrap().swap_remove(0);
    let made = bank().bind(&root).unwrap();
    assert_eq!(made.pem(), bound.pem(), "proxies of every federated mesh would get new certificates");
}
