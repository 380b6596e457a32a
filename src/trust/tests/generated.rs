//! What is generated, judged by the real openssl and by reading it back.

use proptest::prelude::*;

use super::openssl::Openssl;
use super::*;

fn written(intermediate: &Intermediate) -> Openssl {
    let openssl = Openssl::new();
    for (name, content) in data(intermediate) {
        openssl.write(&name, content);
    }
    openssl
}

#[test]
fn openssl_accepts_a_generated_chain_and_what_it_signs_for_every_type_of_key() {
    for root_type in KeyType::ALL {
        for key_type in KeyType::ALL {
            let root = root_of(root_type);
            let intermediate = root.issue(&IntermediateRequest { key_type, ..request("east") }).unwrap();
            let openssl = written(&intermediate);
            let verify = format!("verify -x509_strict -attime {NOW} -CAfile root-cert.pem");
            openssl.run(&format!("{verify} root-cert.pem"));
            openssl.run(&format!("{verify} ca-cert.pem"));
            openssl.run("pkey -check -noout -in ca-key.pem");

            openssl.run("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out leaf.key");
            openssl.write("ca.crt", openssl.read(CA_CERT)).write("ca.key", openssl.read(CA_KEY));
            openssl.signed("leaf", "/", "ca", "subjectAltName=critical,URI:spiffe://a/ns/b/sa/c\nkeyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth\nauthorityKeyIdentifier=keyid\n");
            for purpose in ["sslserver", "sslclient"] {
                // The leaf's times are those of the machine's clock.
                let verify = "verify -no_check_time -CAfile root-cert.pem -untrusted cert-chain.pem";
                openssl.run(&format!("{verify} -purpose {purpose} leaf.crt"));
            }
        }
    }
}

#[test]
fn an_intermediate_has_the_content_that_istios_makefile_gives_it() {
    let root = root();
    let intermediate = root.issue(&IntermediateRequest { namespace: "mesh", ..request("east") }).unwrap();
    let openssl = written(&intermediate);
    let text = openssl.run("x509 -in ca-cert.pem -noout -text -certopt ext_parse");
    for part in [
        "Subject: O = Istio, CN = Intermediate CA, L = east",
        "Issuer: O = Istio, CN = Root CA",
        "X509v3 Basic Constraints: critical\n                CA:TRUE, pathlen:0",
        "X509v3 Key Usage: critical\n                Digital Signature, Certificate Sign, CRL Sign",
        "DNS:istiod.mesh.svc",
        "Not Before: Jan 15 07:55:00 2027 GMT",
        "Not After : Jan 14 08:00:00 2029 GMT",
        "Signature Algorithm: ecdsa-with-SHA256",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let root_text = openssl.run("x509 -in root-cert.pem -noout -text");
    let id_after = |text: &str, title: &str| {
        let mut lines = text.lines().skip_while(|line| !line.contains(title));
        lines.nth(1).unwrap().trim().trim_start_matches("keyid:").to_owned()
    };
    assert_eq!(id_after(&text, "Authority Key Identifier"), id_after(&root_text, "Subject Key Identifier"));
    assert!(root_text.contains("CA:TRUE\n") && !root_text.contains("pathlen"), "{root_text}");
}

#[test]
fn the_four_files_are_authority_key_chain_up_to_the_root_and_root() {
    let root = root();
    let intermediate = root.issue(&request("east")).unwrap();
    let files = intermediate.files();
    let text = |name| files[name].expose_secret();
    assert_eq!(files.keys().copied().collect::<Vec<_>>(), [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT]);
    assert_eq!(text(CERT_CHAIN), format!("{}{}", text(CA_CERT), text(ROOT_CERT)));
    assert_eq!(text(ROOT_CERT), root.certificate().pem());
    assert!(text(CA_KEY).starts_with("-----BEGIN PRIVATE KEY-----\n"));
    assert_eq!(intermediate.roots(), [root.certificate().clone()]);
}

#[test]
fn openssl_computes_the_same_fingerprint_and_end() {
    let root = root();
    let openssl = Openssl::new();
    openssl.write("root.crt", root.certificate().pem());
    let printed = openssl.run("x509 -in root.crt -noout -fingerprint -sha256 -enddate -dateopt iso_8601");
    let (fingerprint, end) = printed.split_once('\n').unwrap();
    let digest = fingerprint.split_once('=').unwrap().1.replace(':', "").to_lowercase();
    assert_eq!(root.certificate().fingerprint(), format!("sha256:{}", digest.trim()));
    assert_eq!(end.trim(), "notAfter=2037-01-12 08:00:00Z");
    assert_eq!(root.certificate().not_after_text(), "2037-01-12T08:00:00Z");
    assert_eq!(root.certificate().subject(), "O=Istio, CN=Root CA");
    assert_eq!(root.certificate().key_type(), "ecdsa-p256");
    assert!(root.certificate().is_self_signed());
}

#[test]
fn an_intermediate_never_outlives_its_root_and_says_so() {
    let root = root();
    let cut = root.issue(&IntermediateRequest { lifetime: Duration::days(9999), ..request("east") }).unwrap();
    assert!(cut.ends_with_root());
    assert_eq!(cut.certificate().not_after(), root.certificate().not_after());
    let whole = root.issue(&request("east")).unwrap();
    assert!(!whole.ends_with_root());
    assert_eq!(whole.certificate().not_after(), now() + Duration::days(730));
}

#[test]
fn an_end_is_near_at_a_tenth_of_the_validity_and_at_30_days_or_a_third_of_it() {
    for (days, far, near) in [(3650, 366, 364), (365, 38, 36), (90, 31, 29), (9, 4, 2), (9, 4, -1)] {
        let request = RootRequest {
            organization: "Istio",
            common_name: "Root CA",
            key_type: KeyType::EcdsaP256,
            now: now(),
            lifetime: Duration::days(days),
        };
        let root = Root::generate(&request).unwrap();
        let left = |days| root.certificate().not_after() - Duration::days(days);
        assert!(!root.certificate().is_near_its_end(left(far)), "{days} days, {far} left");
        assert!(root.certificate().is_near_its_end(left(near)), "{days} days, {near} left");
    }
}

#[test]
fn two_intermediates_differ_in_key_and_serial_number() {
    let root = root();
    let serial = |intermediate: &Intermediate| {
        let openssl = written(intermediate);
        openssl.run("x509 -in ca-cert.pem -noout -serial").trim().to_owned()
    };
    let (one, other) = (root.issue(&request("east")).unwrap(), root.issue(&request("east")).unwrap());
    assert_ne!(one.files()[CA_KEY].expose_secret(), other.files()[CA_KEY].expose_secret());
    assert_ne!(serial(&one), serial(&other));
    assert_eq!(serial(&one).len(), "serial=".len() + 40);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn what_is_generated_reads_back_as_it_was_asked_for(
        organization in "\\PC{0,64}",
        common_name in "\\PC{1,64}",
        cluster in "[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?",
        namespace in "[a-z]([a-z0-9-]{0,61}[a-z0-9])?",
        years in 1_i64..400,
        days in 1_i64..20_000,
        seconds in 0_i64..4_000_000_000,
        types in (prop::sample::select(&KeyType::ALL[..]), prop::sample::select(&KeyType::ALL[..])),
    ) {
        let now = OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let lifetime = Duration::days(365 * years);
        let (organization, common_name) = (organization.as_str(), common_name.as_str());
        let root = Root::generate(&RootRequest { organization, common_name, key_type: types.0, now, lifetime }).unwrap();
        let again = Root::parse(root.certificate().pem().as_bytes(), root.key().expose().as_bytes(), now).unwrap();
        prop_assert_eq!(again.certificate(), root.certificate());
        prop_assert_eq!(again.key().expose(), root.key().expose());

        let lifetime = Duration::days(days);
        let request = IntermediateRequest { cluster: &cluster, namespace: &namespace, key_type: types.1, now, lifetime };
        let intermediate = again.issue(&request).unwrap();
        let end = (now + lifetime).min(root.certificate().not_after());
        prop_assert_eq!(intermediate.certificate().not_after(), end);
        prop_assert_eq!(intermediate.certificate().key_type(), types.1.as_str());
        prop_assert_eq!(intermediate.ends_with_root(), end == root.certificate().not_after());
        let files = data(&intermediate);
        let read = Intermediate::parse(&files, now).unwrap();
        prop_assert_eq!(data(&read), files);
        prop_assert_eq!(read.root(), root.certificate());
    }
}
