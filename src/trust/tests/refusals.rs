//! Every refusal, by what it says.

use rcgen::{ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};

use super::openssl::Openssl;
use super::*;

fn refused(files: &BTreeMap<String, Vec<u8>>) -> TrustError {
    refused_at(files, now())
}

fn refused_at(files: &BTreeMap<String, Vec<u8>>, now: OffsetDateTime) -> TrustError {
    let error = Intermediate::parse(files, now).unwrap_err();
    assert!(!error.way_out().is_empty());
    error
}

fn good() -> BTreeMap<String, Vec<u8>> {
    data(&root().issue(&request("east")).unwrap())
}

fn with(file: &str, content: impl Into<Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    let mut files = good();
    files.insert(file.to_owned(), content.into());
    files
}

#[test]
fn a_missing_or_empty_file_is_named() {
    for file in [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT] {
        let mut files = good();
        files.remove(file);
        let present: Vec<_> = files.keys().cloned().collect();
        let expected = format!("{file} is missing or empty; found {}", present.join(", "));
        assert_eq!(refused(&files).to_string(), expected);
        files.insert(file.to_owned(), Vec::new());
        assert_eq!(refused(&files).to_string(), expected);
    }
    let nothing = refused(&BTreeMap::new()).to_string();
    assert_eq!(nothing, "ca-cert.pem is missing or empty; found nothing else");
}

#[test]
fn a_secret_that_istiod_made_is_refused() {
    assert!(matches!(refused(&with("istio-generated", "")), TrustError::MadeByIstiod));
}

#[test]
fn what_is_no_pem_is_named() {
    for file in [CA_CERT, CA_KEY, CERT_CHAIN, ROOT_CERT, CA_CRL] {
        let expected = format!("{file} has no PEM text");
        assert_eq!(refused(&with(file, "not PEM")).to_string(), expected);
        assert_eq!(refused(&with(file, [0xff, 0xfe])).to_string(), expected);
    }
}

#[test]
fn one_bad_certificate_of_a_list_is_enough() {
    let good = Authority::root("good").certificate.pem();
    let bad = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n";
    for file in [CA_CERT, CERT_CHAIN, ROOT_CERT] {
        let error = refused(&with(file, format!("{good}{bad}")));
        assert!(error.to_string().starts_with(&format!("certificate 2 of {file} cannot be used")), "{error}");
        assert_eq!(error.file(), Some(file));
        let cut = bad.replace("-----BEGIN CERTIFICATE-----\n", "");
        let error = refused(&with(file, format!("{good}{cut}")));
        let expected = format!("{file} has a PEM block whose BEGIN or END line is damaged or missing");
        assert_eq!(error.to_string(), expected);
    }
}

#[test]
fn a_private_key_among_certificates_is_refused() {
    let root = Authority::root("root");
    let ca = root.below("ca");
    let mut files = ca.data(&[&ca], &[&root]);
    files.get_mut(ROOT_CERT).unwrap().extend(root.key.expose().as_bytes());
    let error = refused(&files);
    assert!(error.to_string().starts_with("root-cert.pem has a PEM block \"PRIVATE KEY\""), "{error}");
    assert!(error.way_out().contains("disclosed"));
}

#[test]
fn the_key_must_be_that_of_the_certificate() {
    let other = Authority::root("other");
    let error = refused(&with(CA_KEY, other.key.expose()));
    assert_eq!(
        error.to_string(),
        "the private key in ca-key.pem is not that of the certificate in ca-cert.pem"
    );
}

#[test]
fn keys_that_istiod_cannot_read_are_refused() {
    let openssl = Openssl::new();
    openssl.run("ecparam -name prime256v1 -genkey -out parameters.key");
    openssl.run("ecparam -name prime256v1 -genkey -noout -out plain.key");
    openssl.run("pkcs8 -topk8 -passout pass:x -in plain.key -out pkcs8.key");
    openssl.run("ec -aes128 -passout pass:x -in plain.key -out sec1.key");
    let text = |file: &str| refused(&with(CA_KEY, openssl.read(file))).to_string();
    assert_eq!(
        text("parameters.key"),
        "ca-key.pem has a PEM block \"EC PARAMETERS\" (or one with headers) where only \"PRIVATE KEY\" can be used"
    );
    for file in ["pkcs8.key", "sec1.key"] {
        assert_eq!(text(file), "the private key in ca-key.pem is encrypted");
    }
}

#[test]
fn kinds_of_keys_that_cannot_be_used_are_refused() {
    let openssl = Openssl::new();
    openssl.run("ecparam -name secp224r1 -genkey -noout -out p224.key");
    openssl.run("ecparam -name secp256k1 -genkey -noout -out k256.key");
    openssl.run("genpkey -algorithm ED448 -out ed448.key");
    for file in ["p224.key", "k256.key", "ed448.key"] {
        let error = refused(&with(CA_KEY, openssl.read(file)));
        let expected = "this provider cannot use the private key in ca-key.pem: ";
        assert!(error.to_string().starts_with(expected), "{file}: {error}");
        assert!(error.to_string().contains("ECDSA on P-256, P-384 or P-521"), "{error}");
    }
}

#[test]
fn a_certificate_that_is_no_authority_is_refused() {
    let root = Authority::root("root");
    let leaf = Authority::new("leaf", Some(&root), |parameters| parameters.is_ca = IsCa::NoCa);
    let error = refused(&leaf.data(&[&leaf], &[&root]));
    assert_eq!(
        error.to_string(),
        "certificate \"CN=leaf\" in ca-cert.pem is not a CA certificate: its basicConstraints lack CA:true"
    );
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&ca], &[&root, &leaf]));
    assert!(matches!(&error, TrustError::NotAnAuthority { file, .. } if file == ROOT_CERT), "{error}");
}

#[test]
fn an_authority_that_may_not_sign_certificates_is_refused() {
    let root = Authority::root("root");
    let ca = Authority::new("ca", Some(&root), |parameters| {
        parameters.key_usages = vec![KeyUsagePurpose::CrlSign];
    });
    let error = refused(&ca.data(&[&ca], &[&root]));
    assert!(matches!(&error, TrustError::MayNotSign { file, .. } if file == CA_CERT), "{error}");
}

#[test]
fn what_is_not_valid_now_is_refused_with_its_times() {
    let files = good();
    let expired = refused_at(&files, now() + Duration::days(731));
    assert_eq!(
        expired.to_string(),
        "certificate \"O=Istio, CN=Intermediate CA, L=east\" in ca-cert.pem expired at 2029-01-14T08:00:00Z"
    );
    let early = refused_at(&files, now() - Duration::minutes(6));
    assert_eq!(
        early.to_string(),
        "certificate \"O=Istio, CN=Intermediate CA, L=east\" in ca-cert.pem is valid from 2027-01-15T07:55:00Z; now it \
         is 2027-01-15T07:54:00Z"
    );
    let root = Authority::new("root", None, ended);
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&ca, &root], &[&root]));
    assert_eq!(error.to_string(), "certificate \"CN=root\" in root-cert.pem expired at 2027-01-14T08:00:00Z");
}

#[test]
fn an_expired_authority_in_between_is_refused() {
    let root = Authority::root("root");
    let middle = Authority::new("middle", Some(&root), ended);
    let ca = middle.below("ca");
    let error = refused(&ca.data(&[&ca, &middle], &[&root]));
    assert_eq!(error.way_out(), "Replace the CA of the chain that is not valid now.");
}

#[test]
fn a_chain_that_leads_to_another_root_is_refused_with_the_roots_that_there_are() {
    let (root, other) = (Authority::root("root"), Authority::root("root"));
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&ca, &root], &[&other]));
    assert_eq!(
        error.to_string(),
        format!(
            "the certificate \"CN=ca\" of ca-cert.pem leads to none of the roots in root-cert.pem: {}",
            other.certificate.fingerprint()
        )
    );
}

#[test]
fn a_chain_without_the_authority_itself_is_refused_though_istiod_would_start() {
    let root = Authority::root("root");
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&root], &[&root]));
    assert_eq!(
        error.to_string(),
        "cert-chain.pem does not have the certificate \"CN=ca\" of ca-cert.pem, so proxies could not present it"
    );
}

#[test]
fn a_certificate_of_the_chain_that_belongs_to_nothing_is_refused() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger").below("stray"));
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&ca, &stranger], &[&root]));
    assert_eq!(
        error.to_string(),
        "certificate \"CN=stray\" in cert-chain.pem was not signed by any other certificate of the files"
    );
}

#[test]
fn path_lengths_that_leave_no_room_for_workloads_issuer_are_refused_though_istiod_would_start() {
    let no_room = |parameters: &mut CertificateParams| {
        parameters.is_ca = IsCa::Ca(rcgen::BasicConstraints::Constrained(0));
    };
    let root = Authority::new("root", None, no_room);
    let ca = root.below("ca");
    let error = refused(&ca.data(&[&ca, &root], &[&root]));
    assert!(matches!(&error, TrustError::NoRoomBelow { file, .. } if *file == ROOT_CERT), "{error}");
    let error =
        Root::parse(root.certificate.pem().as_bytes(), root.key.expose().as_bytes(), now()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "root \"CN=root\" in root-cert.pem has a pathlen too small for the 1 CAs between it and workloads"
    );

    let root = Authority::root("root");
    let middle = Authority::new("middle", Some(&root), no_room);
    let ca = middle.below("ca");
    let error = refused(&ca.data(&[&ca, &middle], &[&root]));
    assert!(error.way_out().contains("larger pathlen"), "{error}: {}", error.way_out());
}

#[test]
fn an_authority_for_servers_alone_is_refused() {
    let root = Authority::root("root");
    let ca = Authority::new("ca", Some(&root), |parameters| {
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    });
    let error = refused(&ca.data(&[&ca, &root], &[&root]));
    assert!(error.way_out().contains("serverAuth and clientAuth"), "{error}: {}", error.way_out());
}

#[test]
fn a_root_must_be_one_self_signed_certificate_with_its_key() {
    let root = Authority::root("root");
    let ca = root.below("ca");
    let parse = |certificate: &str, key: &PrivateKey| {
        Root::parse(certificate.as_bytes(), key.expose().as_bytes(), now()).unwrap_err().to_string()
    };
    let (root_pem, ca_pem) = (root.certificate.pem(), ca.certificate.pem());
    assert_eq!(
        parse(&ca_pem, &ca.key),
        "certificate \"CN=ca\" in root-cert.pem is not self-signed, so it is not a root"
    );
    assert_eq!(
        parse(&format!("{ca_pem}{root_pem}"), &root.key),
        "root-cert.pem has 2 certificates; it must be the root's alone"
    );
    assert_eq!(
        parse(&root_pem, &ca.key),
        "the private key in root-key.pem is not that of the certificate in root-cert.pem"
    );
    let key = root.key.expose().as_bytes();
    let error = Root::parse(root_pem.as_bytes(), key, now() + Duration::days(101)).unwrap_err();
    assert!(error.to_string().contains("expired at"), "{error}");
    let error = Root::parse(root_pem.as_bytes(), b"", now()).unwrap_err();
    assert_eq!(error.to_string(), "root-key.pem has no PEM text");
}

#[test]
fn a_root_that_has_ended_issues_nothing() {
    let late = IntermediateRequest { now: now() + Duration::days(4000), ..request("east") };
    assert!(matches!(root().issue(&late), Err(TrustError::Expired { .. })));
}

#[test]
fn lifetimes_that_no_certificate_can_have_are_refused() {
    for days in [0, -1, 9999 * 366] {
        let lifetime = Duration::days(days);
        let error = root().issue(&IntermediateRequest { lifetime, ..request("east") }).unwrap_err();
        assert_eq!(error.to_string(), format!("a certificate cannot be valid for {days} days"));
    }
}
