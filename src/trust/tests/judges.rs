//! Authorities that only one of the two verifiers accepts, and those that both do although libraries do not.

use super::openssl::Openssl;
use super::*;

const ROOT: &str =
    "basicConstraints=critical,CA:true\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n";
const CA: &str = "basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n\
                  authorityKeyIdentifier=keyid\n";

/// An authority as openssl makes it.
#[derive(Clone)]
struct Made {
    keys: [&'static str; 2],
    subject: &'static str,
    root: String,
    ca: String,
    signing: &'static str,
}

fn made() -> Made {
    let p256 = "EC -pkeyopt ec_paramgen_curve:P-256";
    Made {
        keys: [p256, p256],
        subject: "/CN=CA",
        root: ROOT.to_owned(),
        ca: CA.to_owned(),
        signing: "-sha256",
    }
}

impl Made {
    fn with(extension: &str) -> Self {
        Self { ca: format!("{CA}{extension}\n"), ..made() }
    }

    fn under(extension: &str) -> Self {
        Self { root: format!("{ROOT}{extension}\n"), ..made() }
    }

    fn openssl(&self) -> Openssl {
        let openssl = Openssl::new();
        let Self { keys, subject, root, ca, signing } = self;
        openssl.write("req.conf", "[req]\ndistinguished_name=dn\n[dn]\n");
        openssl.write("root.ext", root).write("ca.ext", ca);
        for (name, key, subject) in [("root", keys[0], &"/CN=Root"), ("ca", keys[1], subject)] {
            openssl.run(&format!("genpkey -algorithm {key} -out {name}.key"));
            openssl
                .run(&format!("req -new -config req.conf -key {name}.key -subj {subject} -out {name}.csr"));
        }
        openssl.run("x509 -req -days 99 -in root.csr -signkey root.key -extfile root.ext -out root.crt");
        openssl.run(&format!(
            "x509 -req {signing} -days 9 -in ca.csr -CA root.crt -CAkey root.key -set_serial 7 -extfile ca.ext -out ca.crt"
        ));
        openssl
    }

    fn parse(&self) -> Result<Intermediate, TrustError> {
        parse(&self.openssl())
    }
}

fn parse(openssl: &Openssl) -> Result<Intermediate, TrustError> {
    let files = [
        (CA_CERT, openssl.read("ca.crt")),
        (CA_KEY, openssl.read("ca.key")),
        (CERT_CHAIN, [openssl.read("ca.crt"), openssl.read("root.crt")].concat()),
        (ROOT_CERT, openssl.read("root.crt")),
    ];
    let files = files.map(|(name, content)| (name.to_owned(), content)).into();
    Intermediate::parse(&files, OffsetDateTime::now_utc())
}

/// The message and its cause.
fn refused(result: Result<Intermediate, TrustError>) -> String {
    let error = result.unwrap_err();
    assert!(!error.way_out().is_empty());
    match std::error::Error::source(&error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}

#[test]
fn kinds_of_keys_and_signatures_that_only_others_compute_are_accepted() {
    let curve = |name: &'static str| match name {
        "P-384" => "EC -pkeyopt ec_paramgen_curve:P-384",
        "P-521" => "EC -pkeyopt ec_paramgen_curve:P-521",
        _ => "EC -pkeyopt ec_paramgen_curve:P-256",
    };
    for name in ["P-256", "P-384", "P-521"] {
        for signing in ["-sha256", "-sha384", "-sha512"] {
            Made { keys: [curve(name), curve("P-256")], signing, ..made() }.parse().unwrap();
        }
    }
    let small = "RSA -pkeyopt rsa_keygen_bits:1024";
    for keys in [[small, curve("P-256")], [curve("P-256"), small], [curve("P-256"), curve("P-521")]] {
        let parsed = Made { keys, ..made() }.parse().unwrap();
        assert!(parsed.root().is_self_signed());
    }
}

#[test]
fn what_cannot_be_checked_is_said_to_be_that() {
    let text =
        refused(Made { keys: ["EC -pkeyopt ec_paramgen_curve:P-224", made().keys[1]], ..made() }.parse());
    assert!(
        text.contains("this provider cannot check the signature of \"CN=CA\" (ECDSA on ecdsa-p224)"),
        "{text}"
    );
    let text = refused(Made { signing: "-sha224", ..made() }.parse());
    assert!(
        text.contains("istiod does not accept the signature of \"CN=CA\" (ECDSA with SHA-224)"),
        "{text}"
    );
}

#[test]
fn an_authority_of_the_same_name_as_its_root_is_accepted_if_it_names_the_roots_key() {
    let same = Made { subject: "/CN=Root", ..made() };
    assert!(!same.parse().unwrap().certificate().is_self_signed());
    let text = refused(
        Made { ca: CA.replace("authorityKeyIdentifier=keyid\n", "authorityKeyIdentifier=none\n"), ..same }
            .parse(),
    );
    assert!(text.contains("has the same name as its issuer and no authorityKeyIdentifier"), "{text}");
}

#[test]
fn a_root_that_was_issued_again_must_be_the_one_that_its_authorities_name() {
    for (ca, root) in [
        (CA.to_owned(), ROOT.replace("=hash", "=01:02:03:04")),
        (CA.replace("=keyid", "=keyid,issuer:always"), ROOT.to_owned()),
    ] {
        let openssl = Made { ca, ..made() }.openssl();
        parse(&openssl).unwrap();
        openssl.write("root.ext", root);
        openssl.run(
            "x509 -req -days 99 -in root.csr -signkey root.key -set_serial 8 -extfile root.ext -out root.crt",
        );
        let text = refused(parse(&openssl));
        assert!(text.contains("the authorityKeyIdentifier of \"CN=CA\" names another"), "{text}");
    }
}

#[test]
fn critical_extensions_are_refused_by_who_does_not_know_them() {
    let revocation = "crlDistributionPoints=critical,URI:http://a.example/crl";
    let text = refused(Made::with(revocation).parse());
    assert!(
        text.ends_with("Envoy does not know the critical extension crlDistributionPoints of \"CN=CA\""),
        "{text}"
    );
    // What it trusts, Envoy does not question.
    Made::under(revocation).parse().unwrap();
    for extension in
        ["1.2.3.4=critical,DER:0500", "nsCertType=critical,sslCA", "issuerAltName=critical,DNS:a.example"]
    {
        assert!(
            refused(Made::with(extension).parse()).contains("istiod does not know the critical extension"),
            "{extension}"
        );
        assert!(
            refused(Made::under(extension).parse()).contains("istiod does not know the critical extension"),
            "{extension}"
        );
    }
    let text = refused(Made::under("nameConstraints=critical,permitted;RID:1.2.3.4").parse());
    assert!(
        text.contains("istiod does not know the critical extension nameConstraints of \"CN=Root\""),
        "{text}"
    );
}

#[test]
fn policies_are_accepted_unless_workloads_would_need_one() {
    for extension in [
        "policyConstraints=critical,requireExplicitPolicy:2",
        "policyConstraints=critical,inhibitPolicyMapping:0",
        "inhibitAnyPolicy=critical,0",
        "certificatePolicies=critical,1.2.3.4",
    ] {
        Made::with(extension).parse().unwrap();
        Made::under(extension).parse().unwrap();
    }
    for count in [0, 1] {
        let text =
            refused(Made::with(&format!("policyConstraints=critical,requireExplicitPolicy:{count}")).parse());
        assert!(text.contains("require a certificate policy"), "{text}");
    }
}

#[test]
fn purposes_are_those_of_a_server_for_roots_and_both_for_what_proxies_present() {
    Made::under("extendedKeyUsage=serverAuth").parse().unwrap();
    let text = refused(Made::under("extendedKeyUsage=clientAuth").parse());
    assert!(
        text.ends_with(
            "the extendedKeyUsage of \"CN=Root\" lacks serverAuth, so istiod does not accept what it issues"
        ),
        "{text}"
    );
    for purposes in ["serverAuth", "anyExtendedKeyUsage"] {
        let text = refused(Made::with(&format!("extendedKeyUsage={purposes}")).parse());
        assert!(text.contains("so Envoy does not accept what it issues"), "{text}");
    }
}

#[test]
fn what_go_cannot_read_is_named() {
    for (extension, text) in [
        ("nameConstraints=critical,permitted;URI:shop.example.", "istiod does not read URI"),
        ("nameConstraints=critical,permitted;URI:10.0.0.1", "istiod does not read URI"),
        ("2.5.29.35=critical,DER:300680040102 0304", "its authorityKeyIdentifier is critical"),
    ] {
        let ca = CA.replace("authorityKeyIdentifier=keyid\n", "authorityKeyIdentifier=none\n");
        let extension = extension.replace(' ', "");
        let error = refused(Made { ca: format!("{ca}{extension}\n"), ..made() }.parse());
        assert!(
            error.contains(text) && error.contains("certificate 1 of ca-cert.pem cannot be used"),
            "{error}"
        );
    }
    let openssl = made().openssl();
    openssl.run(
        "x509 -req -days 99 -in root.csr -signkey root.key -set_serial -8 -extfile root.ext -out root.crt",
    );
    let text = refused(parse(&openssl));
    assert!(text.contains("its serial number is negative, which istiod does not accept"), "{text}");
}

#[test]
fn names_of_authorities_are_constrained_too() {
    let san = "subjectAltName=DNS:istiod.istio-system.svc\n";
    let root = |constraint: &str| format!("{ROOT}nameConstraints={constraint}\n[dir]\nCN=ca\n");
    let of = |constraint: &str| Made { ca: format!("{CA}{san}"), root: root(constraint), ..made() }.parse();
    let text = refused(of("critical,permitted;DNS:shop.example"));
    assert!(text.contains("do not allow istiod.istio-system.svc, a name of \"CN=CA\""), "{text}");
    of("permitted;dirName:dir").unwrap();
    let text = refused(Made { subject: "/CN=Other", root: root("permitted;dirName:dir"), ..made() }.parse());
    assert!(text.contains("do not allow its own subject, a name of \"CN=Other\""), "{text}");
}

#[test]
fn a_root_of_version_one_is_accepted() {
    let openssl = made().openssl();
    openssl.run("x509 -req -days 99 -in root.csr -signkey root.key -out root.crt");
    let ca = CA.replace("authorityKeyIdentifier=keyid\n", "");
    openssl.write("ca.ext", ca);
    openssl.run(
        "x509 -req -days 9 -in ca.csr -CA root.crt -CAkey root.key -set_serial 7 -extfile ca.ext -out ca.crt",
    );
    parse(&openssl).unwrap();
}
