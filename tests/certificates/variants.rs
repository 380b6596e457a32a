//! Chains and keys of every kind that has been seen to matter, each with the kind that it is an example of.

use std::collections::BTreeMap;

use super::pki::{CA, Certificate, Files, P256, Pki, ROOT, ca_with, pair, root_with};

/// One Secret.
pub struct Variant {
    /// Kind and example.
    pub path: &'static str,
    pub files: Files,
    pub trust_domain: &'static str,
}

const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";
const P521: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-521";
const P224: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-224";
const SECP256K1: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:secp256k1";
const EXPLICIT: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit";
const ED25519: &str = "-algorithm ED25519";
const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
const RSA_1024: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:1024";
const ISTIOD: &str = "permitted;DNS:istiod.istio-system.svc,permitted;DNS:istiod-remote.istio-system.svc,\
                      permitted;DNS:istio-pilot.istio-system.svc";

pub fn all() -> Vec<Variant> {
    let mut variants = Vec::new();
    let mut add = |path, files| variants.push(Variant { path, files, trust_domain: "shop.example" });
    keys(&mut add);
    signatures(&mut add);
    identifiers(&mut add);
    names(&mut add);
    extensions(&mut add);
    paths(&mut add);
    texts(&mut add);
    for (path, trust_domain, constraint) in [
        ("names/below-the-permitted", "sub.shop.example", "permitted;URI:shop.example"),
        ("names/underscore", "my_shop.example", "permitted;URI:my_shop.example"),
        ("names/underscore-under-another-constraint", "my_shop.example", "excluded;URI:bank.example"),
        ("names/one-label", "shop", "permitted;URI:shop"),
        ("names/below-after-a-dot", "sub.shop.example", "permitted;URI:.shop.example"),
    ] {
        variants.push(Variant {
            path,
            files: ca_with(&format!("nameConstraints=critical,{constraint}\n")),
            trust_domain,
        });
    }
    variants
}

type Add<'a> = &'a mut dyn FnMut(&'static str, Files);

fn keys(add: Add<'_>) {
    for (path, root, ca) in [
        ("keys/p256", P256, P256),
        ("keys/rsa", RSA, RSA),
        ("keys/rsa-1024-root", RSA_1024, P256),
        ("keys/rsa-1024-authority", RSA, RSA_1024),
        ("keys/p384", P384, P384),
        ("keys/p521-root", P521, P256),
        ("keys/p521-authority", P256, P521),
        ("keys/ed25519", ED25519, ED25519),
        ("keys/p224-authority", P256, P224),
        ("keys/secp256k1-authority", P256, SECP256K1),
        ("keys/explicit-parameters", P256, EXPLICIT),
    ] {
        let signing = |key: &str| if key == ED25519 { "" } else { "-sha256" };
        let (root, ca) = (
            Certificate { key: root, signing: signing(root), ..Certificate::root() },
            Certificate { key: ca, signing: signing(root), ..Certificate::ca() },
        );
        add(path, pair(&root, &ca));
    }
    let pki = Pki::new();
    pki.root("root", &Certificate::root()).signed("ca", "root", &Certificate::ca());
    let plain = pki.files(&["ca.crt", "root.crt"], &["root.crt"]);
    let with_key =
        |key: Vec<u8>| Files::from([("ca-key.pem".to_owned(), key)]).into_iter().fold(plain.clone(), insert);
    pki.0.run("ecparam -name prime256v1 -out parameters");
    pki.0.run("ec -in ca.key -out sec1.key");
    pki.0.run("ec -in ca.key -aes128 -passout pass:x -out encrypted.key");
    pki.0.run("pkcs8 -topk8 -passout pass:x -in ca.key -out encrypted-pkcs8.key");
    pki.0.run(&format!("genpkey {P256} -out other.key"));
    add("keys/sec1", with_key(pki.text(&["sec1.key"])));
    add("keys/parameters-before", with_key(pki.text(&["parameters", "sec1.key"])));
    add("keys/parameters-after", with_key(pki.text(&["sec1.key", "parameters"])));
    add("keys/two-keys", with_key(pki.text(&["ca.key", "other.key"])));
    add("keys/another-key-first", with_key(pki.text(&["other.key", "ca.key"])));
    add("keys/encrypted-sec1", with_key(pki.text(&["encrypted.key"])));
    add("keys/encrypted-pkcs8", with_key(pki.text(&["encrypted-pkcs8.key"])));
    add("keys/other", with_key(pki.text(&["other.key"])));
}

fn insert(mut files: Files, (name, content): (String, Vec<u8>)) -> Files {
    files.insert(name, content);
    files
}

fn signatures(add: Add<'_>) {
    for (path, key, signing) in [
        ("signatures/p256-sha384", P256, "-sha384"),
        ("signatures/p256-sha512", P256, "-sha512"),
        ("signatures/p384-sha256", P384, "-sha256"),
        ("signatures/p384-sha512", P384, "-sha512"),
        ("signatures/p521-sha256", P521, "-sha256"),
        ("signatures/p521-sha384", P521, "-sha384"),
        ("signatures/p521-sha512", P521, "-sha512"),
        ("signatures/rsa-sha512", RSA, "-sha512"),
        ("signatures/rsa-1024-sha384", RSA_1024, "-sha384"),
        ("signatures/pss", RSA, "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32"),
        (
            "signatures/pss-with-maximal-salt",
            RSA,
            "-sha256 -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:-2",
        ),
        ("signatures/sha1", RSA, "-sha1"),
        ("signatures/sha224", P256, "-sha224"),
        ("signatures/sha3", RSA, "-sha3-256"),
    ] {
        let root = Certificate { key, ..Certificate::root() };
        add(path, pair(&root, &Certificate { signing, ..Certificate::ca() }));
    }
    let root = Certificate { key: RSA, signing: "-sha1", ..Certificate::root() };
    add("signatures/root-with-sha1", pair(&root, &Certificate::ca()));
}

fn identifiers(add: Add<'_>) {
    // The root is issued again, with the same key and another identifier or number; the authority names the former one.
    let reissued = |ca: &str, root: Certificate<'_>| {
        let pki = Pki::new();
        let ca = Certificate { extensions: ca.to_owned(), ..Certificate::ca() };
        pki.root("root", &Certificate::root()).signed("ca", "root", &ca);
        pki.root("new", &Certificate { key: "root.key", ..root });
        pki.files(&["ca.crt", "new.crt"], &["new.crt"])
    };
    let with_serial =
        CA.replace("authorityKeyIdentifier=keyid", "authorityKeyIdentifier=keyid,issuer:always");
    let other_id =
        || Certificate::root().but("subjectKeyIdentifier=hash", "subjectKeyIdentifier=01:02:03:04");
    let other_serial = || Certificate { serial: "9999", ..Certificate::root() };
    add("identifiers/another-key-identifier", reissued(CA, other_id()));
    add("identifiers/another-serial-number", reissued(&with_serial, other_serial()));
    add("identifiers/another-serial-number-that-nobody-names", reissued(CA, other_serial()));
    let none = CA.replace("authorityKeyIdentifier=keyid", "authorityKeyIdentifier=none");
    add("identifiers/another-key-identifier-that-nobody-names", reissued(&none, other_id()));
    add(
        "identifiers/issuer-and-serial-number",
        pair(&Certificate::root(), &Certificate { extensions: with_serial, ..Certificate::ca() }),
    );
    let bare = |text: &str| text.replace("subjectKeyIdentifier=hash\n", "");
    add(
        "identifiers/none",
        pair(
            &Certificate { extensions: bare(ROOT), ..Certificate::root() },
            &Certificate { extensions: bare(&none), ..Certificate::ca() },
        ),
    );
    let same = Certificate { subject: "/O=Corp/CN=Root", ..Certificate::ca() };
    add("identifiers/same-subject", pair(&Certificate::root(), &same));
    add(
        "identifiers/same-subject-without-identifier",
        pair(&Certificate::root(), &Certificate { extensions: none, ..same.clone() }),
    );
    add(
        "identifiers/empty-subject",
        pair(&Certificate::root(), &Certificate { subject: "/", ..Certificate::ca() }),
    );
    add(
        "identifiers/serial-zero",
        pair(&Certificate::root(), &Certificate { serial: "0", ..Certificate::ca() }),
    );
    let long = "0x7f0102030405060708090a0b0c0d0e0f1011121314";
    add(
        "identifiers/serial-of-21-octets",
        pair(&Certificate::root(), &Certificate { serial: long, ..Certificate::ca() }),
    );
    add(
        "identifiers/negative-serial-of-the-root",
        pair(&Certificate { serial: "-5", ..Certificate::root() }, &Certificate::ca()),
    );
    add(
        "identifiers/negative-serial",
        pair(&Certificate::root(), &Certificate { serial: "-5", ..Certificate::ca() }),
    );
}

fn names(add: Add<'_>) {
    for (path, constraints) in [
        ("names/permitted", "permitted;URI:shop.example"),
        ("names/permitted-in-capitals", "permitted;URI:Shop.Example"),
        ("names/another-is-permitted", "permitted;URI:bank.example"),
        ("names/one-of-two-is-permitted", "permitted;URI:bank.example,permitted;URI:shop.example"),
        ("names/excluded", "excluded;URI:shop.example"),
        ("names/another-is-excluded", "excluded;URI:bank.example"),
        ("names/only-below", "permitted;URI:.shop.example"),
        ("names/a-parent", "permitted;URI:example"),
        ("names/port", "permitted;URI:shop.example:443"),
        ("names/slash", "permitted;URI:shop.example/"),
        ("names/wildcard", "permitted;URI:*.shop.example"),
        ("names/address", "permitted;URI:10.0.0.1"),
        ("names/dot-at-the-end", "permitted;URI:shop.example."),
        ("names/other-dns", "permitted;DNS:shop.example"),
        ("names/dns-excluded", "excluded;DNS:svc"),
        ("names/dns-of-the-cluster", "permitted;DNS:svc"),
        ("names/one-dns-name", "permitted;DNS:istiod.istio-system.svc"),
        ("names/all-dns-names", ISTIOD),
        ("names/dns-with-a-dot-at-the-end", "permitted;DNS:svc."),
        ("names/email", "permitted;email:shop.example"),
        ("names/registered-identifier", "permitted;RID:1.2.3.4"),
    ] {
        add(path, ca_with(&format!("nameConstraints=critical,{constraints}\n")));
    }
    add(
        "names/of-the-root/another-is-permitted",
        root_with("nameConstraints=critical,permitted;URI:bank.example\n"),
    );
    add("names/of-the-root/permitted", root_with("nameConstraints=critical,permitted;URI:shop.example\n"));
    add(
        "names/of-the-root/dns-of-the-authority",
        root_with("nameConstraints=critical,permitted;DNS:shop.example\n"),
    );
    add(
        "names/of-the-root/registered-identifier",
        root_with("nameConstraints=critical,permitted;RID:1.2.3.4\n"),
    );
    let directory = |critical: &str, organization: &str| {
        root_with(&format!("nameConstraints={critical}permitted;dirName:dir\n[dir]\nO={organization}\n"))
    };
    add("names/of-the-root/subject", directory("", "Corp"));
    add("names/of-the-root/subject-in-capitals", directory("", "CORP"));
    add("names/of-the-root/another-subject", directory("", "Other"));
    add("names/of-the-root/subject-critical", directory("critical,", "Corp"));
    // Printed with the scheme, which is how people write a URI.
    add(
        "names/scheme",
        ca_with(
            "2.5.29.30=critical,ASN1:SEQUENCE:nc\n[nc]\np=IMPLICIT:0,SEQUENCE:trees\n[trees]\nt=SEQUENCE:tree\n[tree]\nb=IMPLICIT:6,IA5STRING:spiffe\\://shop.example\n",
        ),
    );
}

fn extensions(add: Add<'_>) {
    for (path, extensions) in [
        ("extensions/explicit-policy-0", "policyConstraints=critical,requireExplicitPolicy:0\n"),
        ("extensions/explicit-policy-1", "policyConstraints=critical,requireExplicitPolicy:1\n"),
        ("extensions/explicit-policy-2", "policyConstraints=critical,requireExplicitPolicy:2\n"),
        ("extensions/inhibit-policy-mapping", "policyConstraints=critical,inhibitPolicyMapping:0\n"),
        ("extensions/inhibit-any-policy", "inhibitAnyPolicy=critical,0\n"),
        ("extensions/policies", "certificatePolicies=critical,1.2.3.4\n"),
        ("extensions/revocation", "crlDistributionPoints=URI:http://shop.example/crl\n"),
        ("extensions/revocation-critical", "crlDistributionPoints=critical,URI:http://shop.example/crl\n"),
        ("extensions/unknown", "1.2.3.4=DER:0500\n"),
        ("extensions/unknown-critical", "1.2.3.4=critical,DER:0500\n"),
        ("extensions/netscape-critical", "nsCertType=critical,sslCA\n"),
        ("extensions/issuer-names-critical", "issuerAltName=critical,DNS:root.example\n"),
        ("extensions/server-and-client", "extendedKeyUsage=serverAuth,clientAuth\n"),
        ("extensions/server-only", "extendedKeyUsage=serverAuth\n"),
        ("extensions/any-purpose", "extendedKeyUsage=anyExtendedKeyUsage\n"),
    ] {
        add(path, ca_with(extensions));
    }
    for (path, extensions) in [
        ("extensions/of-the-root/explicit-policy-0", "policyConstraints=critical,requireExplicitPolicy:0\n"),
        (
            "extensions/of-the-root/revocation-critical",
            "crlDistributionPoints=critical,URI:http://shop.example/crl\n",
        ),
        ("extensions/of-the-root/unknown-critical", "1.2.3.4=critical,DER:0500\n"),
        ("extensions/of-the-root/server-only", "extendedKeyUsage=serverAuth\n"),
        ("extensions/of-the-root/client-only", "extendedKeyUsage=clientAuth\n"),
    ] {
        add(path, root_with(extensions));
    }
    let ca = Certificate::ca();
    add(
        "extensions/critical-subject-key-identifier",
        pair(
            &Certificate::root(),
            &ca.clone().but("subjectKeyIdentifier=hash", "subjectKeyIdentifier=critical,hash"),
        ),
    );
    // openssl does not make an authority's identifier critical by itself.
    let id = "2.5.29.35=critical,DER:3006800401020304\n";
    add(
        "extensions/critical-authority-key-identifier",
        pair(&Certificate::root(), &ca.clone().but("authorityKeyIdentifier=keyid\n", id)),
    );
    add("extensions/may-not-sign", pair(&Certificate::root(), &ca.clone().but(",keyCertSign", "")));
    add("extensions/no-authority", pair(&Certificate::root(), &ca.but("CA:true,pathlen:0", "CA:false")));
    add(
        "extensions/of-the-root/may-not-sign",
        pair(&Certificate::root().but("keyCertSign,", ""), &Certificate::ca()),
    );
    let nameless = Certificate::ca().but("authorityKeyIdentifier=keyid\n", "");
    let bare = Certificate { extensions: String::new(), ..Certificate::root() };
    add("extensions/of-the-root/none", pair(&bare, &nameless));
}

fn paths(add: Add<'_>) {
    let pki = Pki::new();
    let middle =
        Certificate { subject: "/O=Corp/CN=Middle", ..Certificate::ca().but("pathlen:0", "pathlen:1") };
    pki.root("root", &Certificate::root()).signed("middle", "root", &middle).signed(
        "ca",
        "middle",
        &Certificate::ca(),
    );
    pki.root("stranger", &Certificate { subject: "/CN=Stranger", ..Certificate::root() });
    pki.root("namesake", &Certificate::root());
    pki.root("expired", &Certificate { subject: "/CN=Expired", days: -1, ..Certificate::root() });
    pki.root("negative", &Certificate { subject: "/CN=Negative", serial: "-7", ..Certificate::root() });
    pki.signed("stray", "stranger", &Certificate { subject: "/CN=Stray", ..Certificate::ca() });
    let whole: &[&str] = &["ca.crt", "middle.crt", "root.crt"];
    for (path, chain, roots) in [
        ("paths/three", whole, &["root.crt"][..]),
        ("paths/without-the-root", &["ca.crt", "middle.crt"], &["root.crt"]),
        ("paths/backwards", &["root.crt", "middle.crt", "ca.crt"], &["root.crt"]),
        ("paths/gap", &["ca.crt", "root.crt"], &["root.crt"]),
        ("paths/without-the-authority", &["middle.crt", "root.crt"], &["root.crt"]),
        ("paths/trusted-in-between", whole, &["middle.crt"]),
        ("paths/another-root", whole, &["stranger.crt"]),
        ("paths/a-root-of-the-same-name", whole, &["namesake.crt"]),
        ("paths/two-roots-of-one-name", whole, &["namesake.crt", "root.crt"]),
        ("paths/an-expired-root-too", whole, &["expired.crt", "root.crt"]),
        ("paths/a-root-that-go-does-not-read-too", whole, &["root.crt", "negative.crt"]),
        ("paths/stray", &["ca.crt", "middle.crt", "stray.crt"], &["root.crt"]),
    ] {
        add(path, pki.files(chain, roots));
    }
    let of_tls =
        [("tls.crt", &["ca.crt", "middle.crt"][..]), ("tls.key", &["ca.key"]), ("ca.crt", &["root.crt"])];
    add("paths/tls-secret", of_tls.map(|(name, parts)| (name.to_owned(), pki.text(parts))).into());

    let root = |pathlen: &str| Certificate::root().but("CA:true", &format!("CA:true,pathlen:{pathlen}"));
    add("paths/no-room-below-the-root", pair(&root("0"), &Certificate::ca()));
    add("paths/room-below-the-root", pair(&root("1"), &Certificate::ca()));
    let same = Certificate { subject: "/O=Corp/CN=Root", ..Certificate::ca() };
    add("paths/no-room-below-a-root-of-the-same-name", pair(&root("0"), &same));
    add("paths/expired", pair(&Certificate::root(), &Certificate { days: -1, ..Certificate::ca() }));
    let own = Pki::new();
    own.root("ca", &Certificate::root());
    add("paths/its-own-root", own.files(&["ca.crt"], &["ca.crt"]));
    let small = Pki::new();
    small.root("root", &Certificate::root()).signed("middle", "root", &middle.but("pathlen:1", "pathlen:0"));
    small.signed("ca", "middle", &Certificate::ca());
    add("paths/no-room-in-between", small.files(&["ca.crt", "middle.crt"], &["root.crt"]));
}

fn texts(add: Add<'_>) {
    let plain = pair(&Certificate::root(), &Certificate::ca());
    let changed = |change: &dyn Fn(&str, &str) -> String| -> Files {
        let change = |(name, content): (&String, &Vec<u8>)| {
            (name.clone(), change(name, std::str::from_utf8(content).unwrap()).into_bytes())
        };
        plain.iter().map(change).collect::<BTreeMap<_, _>>()
    };
    let all = |change: &dyn Fn(&str) -> String| changed(&|_, text| change(text));
    let in_file = |file: &'static str, change: &dyn Fn(&str) -> String| {
        changed(&|name, text| if name == file { change(text) } else { text.to_owned() })
    };
    let indented = |text: &str| format!("  {}\n", text.trim_end().replace('\n', "\n  "));
    let one_line = |text: &str| text.replace('\n', "");
    let glued = |text: &str| {
        text.replace("-----END CERTIFICATE-----\n-----BEGIN", "-----END CERTIFICATE----------BEGIN")
    };
    add("texts/carriage-returns", all(&|text| text.replace('\n', "\r\n")));
    add("texts/spaces-at-ends", all(&|text| text.replace('\n', "  \n")));
    add("texts/text-around", all(&|text| format!("# from the vault: a note\n\n{text}\nend\n")));
    add("texts/no-line-feed-at-the-end", all(&|text| text.trim_end().to_owned()));
    add(
        "texts/body-indented",
        all(&|text| {
            text.lines()
                .map(|line| if line.starts_with('-') { format!("{line}\n") } else { format!("  {line}\n") })
                .collect()
        }),
    );
    add("texts/glued", in_file("cert-chain.pem", &glued));
    add("texts/indented-chain", in_file("cert-chain.pem", &indented));
    add("texts/indented-root", in_file("root-cert.pem", &indented));
    add("texts/indented-key", in_file("ca-key.pem", &indented));
    add("texts/mark-of-byte-order", in_file("ca-cert.pem", &|text| format!("\u{feff}{text}")));
    add("texts/mark-of-byte-order-in-the-key", in_file("ca-key.pem", &|text| format!("\u{feff}{text}")));
    add("texts/mark-of-byte-order-in-the-root", in_file("root-cert.pem", &|text| format!("\u{feff}{text}")));
    add("texts/one-line", in_file("root-cert.pem", &one_line));
    add("texts/one-line-key", in_file("ca-key.pem", &one_line));
    add("texts/carriage-returns-alone", in_file("cert-chain.pem", &|text| text.replace('\n', "\r")));
    add("texts/escaped-line-feeds", in_file("root-cert.pem", &|text| text.replace('\n', "\\n")));
    add("texts/text-before-in-the-line", in_file("ca-cert.pem", &|text| format!("certificate: {text}")));
    add(
        "texts/other-label",
        in_file("root-cert.pem", &|text| text.replace("CERTIFICATE", "TRUSTED CERTIFICATE")),
    );
    add("texts/dashes-missing", in_file("root-cert.pem", &|text| text.replace("-----END", "----END")));
    add("texts/empty", in_file("root-cert.pem", &|_| String::new()));
}
