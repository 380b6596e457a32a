//! Material that others made, with the real openssl.

use super::openssl::{INTERMEDIATE, Openssl};
use super::*;

fn clock() -> OffsetDateTime {
    OffsetDateTime::now_utc()
}

fn secret(openssl: &Openssl, files: [(&str, &[&str]); 4]) -> BTreeMap<String, Vec<u8>> {
    let content = |parts: &[&str]| parts.iter().flat_map(|part| openssl.read(part)).collect();
    files.map(|(name, parts)| (name.to_owned(), content(parts))).into()
}

fn istiods_files(openssl: &Openssl) -> BTreeMap<String, Vec<u8>> {
    secret(
        openssl,
        [
            (CA_CERT, &["ca.crt"]),
            (CA_KEY, &["ca.key"]),
            (CERT_CHAIN, &["ca.crt", "root.crt"]),
            (ROOT_CERT, &["root.crt"]),
        ],
    )
}

/// Issues an intermediate from the root in `root.crt` and the given key, and has openssl verify it.
fn issue_from(openssl: &Openssl, key: &str) -> Intermediate {
    let root = Root::parse(&openssl.read("root.crt"), &openssl.read(key), clock()).unwrap();
    let intermediate = root.issue(&IntermediateRequest { now: clock(), ..request("east") }).unwrap();
    openssl.write("made.crt", intermediate.certificate().pem());
    openssl.run("verify -x509_strict -CAfile root.crt made.crt");
    intermediate
}

#[test]
fn a_root_with_an_rsa_key_signs_whether_its_key_is_pkcs8_or_pkcs1() {
    let openssl = Openssl::new();
    openssl.run("genrsa -out root.key 2048");
    openssl.run("rsa -in root.key -traditional -out pkcs1.key");
    openssl.root("root", "/O=Corp/CN=Root");
    assert!(openssl.read("root.key").starts_with(b"-----BEGIN PRIVATE KEY"));
    assert!(openssl.read("pkcs1.key").starts_with(b"-----BEGIN RSA PRIVATE KEY"));
    for key in ["root.key", "pkcs1.key"] {
        let intermediate = issue_from(&openssl, key);
        assert_eq!(intermediate.root().key_type(), "rsa-2048");
        assert_eq!(intermediate.certificate().subject(), "O=Corp, CN=Intermediate CA, L=east");
    }
}

#[test]
fn a_root_with_an_ec_key_signs_whether_its_key_is_pkcs8_or_sec1() {
    for (curve, name) in [("prime256v1", "ecdsa-p256"), ("secp384r1", "ecdsa-p384")] {
        let openssl = Openssl::new();
        openssl.run(&format!("ecparam -name {curve} -genkey -noout -out root.key"));
        openssl.run("pkcs8 -topk8 -nocrypt -in root.key -out pkcs8.key");
        openssl.root("root", "/CN=Root");
        assert!(openssl.read("root.key").starts_with(b"-----BEGIN EC PRIVATE KEY"));
        for key in ["root.key", "pkcs8.key"] {
            assert_eq!(issue_from(&openssl, key).root().key_type(), name);
        }
    }
}

#[test]
fn names_as_active_directory_makes_them_are_kept_byte_for_byte() {
    for subject in ["/DC=example/DC=corp/OU=a/OU=b/CN=Root", "/O=Corp+OU=pki/CN=Root"] {
        let openssl = Openssl::new();
        openssl.run("ecparam -name prime256v1 -genkey -noout -out root.key");
        openssl.root("root", subject);
        issue_from(&openssl, "root.key");
        openssl.run("genrsa -out ca.key 2048");
        openssl.signed("ca", subject.replace("CN=Root", "CN=Below").as_str(), "root", INTERMEDIATE);
        Intermediate::parse(&istiods_files(&openssl), clock()).unwrap();
    }
}

#[test]
fn what_istios_makefile_makes_is_accepted_and_comes_back_as_it_was() {
    let openssl = Openssl::new();
    for name in ["root", "ca"] {
        openssl.run(&format!("genrsa -out {name}.key 2048"));
    }
    openssl.root("root", "/O=Istio/CN=Root");
    openssl.signed("ca", "/O=Istio/CN=Intermediate/L=east", "root", INTERMEDIATE);
    let files = istiods_files(&openssl);
    let parsed = Intermediate::parse(&files, clock()).unwrap();
    assert_eq!(data(&parsed), files);
    assert_eq!(parsed.certificate().key_type(), "rsa-2048");
}

#[test]
fn a_chain_of_three_authorities_is_accepted() {
    let openssl = Openssl::new();
    for name in ["root", "middle", "ca"] {
        openssl.run(&format!("ecparam -name secp384r1 -genkey -noout -out {name}.key"));
    }
    openssl.root("root", "/CN=Root");
    openssl.signed(
        "middle",
        "/CN=Middle",
        "root",
        "basicConstraints=critical,CA:true,pathlen:1\nsubjectKeyIdentifier=hash\nkeyUsage=keyCertSign\n",
    );
    openssl.signed("ca", "/CN=Issuing", "middle", INTERMEDIATE);
    let mut files = istiods_files(&openssl);
    let chain = |parts: &[&str]| parts.iter().flat_map(|part| openssl.read(part)).collect::<Vec<u8>>();
    for parts in
        [&["ca.crt", "middle.crt", "root.crt"][..], &["ca.crt", "middle.crt"], &["middle.crt", "ca.crt"]]
    {
        files.insert(CERT_CHAIN.to_owned(), chain(parts));
        Intermediate::parse(&files, clock()).unwrap();
    }
    files.insert(CERT_CHAIN.to_owned(), chain(&["ca.crt", "root.crt"]));
    let error = Intermediate::parse(&files, clock()).unwrap_err();
    assert!(matches!(error, TrustError::OtherRoot { .. }), "{error}");
}

#[test]
fn a_secret_as_cert_manager_makes_it_is_read_as_istiod_reads_it() {
    let openssl = Openssl::new();
    for name in ["root", "ca"] {
        openssl.run(&format!("ecparam -name prime256v1 -genkey -noout -out {name}.key"));
    }
    openssl.root("root", "/CN=Root");
    openssl.signed("ca", "/CN=Issuing", "root", INTERMEDIATE);
    let mut files = secret(
        &openssl,
        [
            ("tls.crt", &["ca.crt"]),
            ("tls.key", &["ca.key"]),
            ("ca.crt", &["root.crt"]),
            ("note", &["ca.crt"]),
        ],
    );
    let parsed = Intermediate::parse(&files, clock()).unwrap();
    assert_eq!(data(&parsed), istiods_files(&openssl));
    files.remove("ca.crt");
    let error = Intermediate::parse(&files, clock()).unwrap_err();
    assert_eq!(error.to_string(), "ca.crt is missing or empty; found note, tls.crt, tls.key");
}

#[test]
fn text_around_the_blocks_is_dropped() {
    let intermediate = root().issue(&request("east")).unwrap();
    let mut files = data(&intermediate);
    let plain = files.clone();
    for content in files.values_mut() {
        let text = String::from_utf8(content.clone()).unwrap();
        *content = format!("# from the vault\r\n{}\nend\n", text.replace('\n', "\r\n")).into_bytes();
    }
    assert_eq!(data(&Intermediate::parse(&files, now()).unwrap()), plain);
}

#[test]
fn an_authority_that_is_its_own_root_is_accepted() {
    let root = Authority::root("both");
    let parsed = Intermediate::parse(&root.data(&[&root], &[&root]), now()).unwrap();
    assert_eq!(parsed.root(), parsed.certificate());
}

#[test]
fn of_several_roots_the_one_that_the_chain_leads_to_is_known() {
    let (old, new) = (Authority::root("same name"), Authority::root("same name"));
    let ca = new.below("ca");
    let parsed = Intermediate::parse(&ca.data(&[&ca, &new], &[&old, &new]), now()).unwrap();
    assert_eq!(parsed.roots(), [old.certificate, new.certificate.clone()]);
    assert_eq!(*parsed.root(), new.certificate);
}

#[test]
fn a_root_above_the_trusted_one_does_no_harm() {
    let above = Authority::root("above");
    let trusted = above.below("trusted");
    let ca = trusted.below("ca");
    let parsed = Intermediate::parse(&ca.data(&[&ca, &trusted, &above], &[&trusted]), now()).unwrap();
    assert_eq!(*parsed.root(), trusted.certificate);
    assert!(!parsed.root().is_self_signed());
}

#[test]
fn an_expired_root_beside_the_right_one_does_no_harm() {
    let expired = Authority::new("old", None, ended);
    let root = Authority::root("new");
    let ca = root.below("ca");
    Intermediate::parse(&ca.data(&[&ca], &[&expired, &root]), now()).unwrap();
}
