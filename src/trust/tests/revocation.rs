//! `ca-crl.pem`.

use rcgen::{
    CertificateRevocationListParams, Issuer, KeyIdMethod, RevocationReason, RevokedCertParams, SerialNumber,
};

use super::*;

/// A list of `issuer`, valid for a day, with the certificates that it revokes.
fn list(issuer: &Authority, revoked: &[&Authority]) -> String {
    use x509_parser::prelude::{FromDer as _, X509Certificate};
    let serial = |authority: &&Authority| {
        let (_, parsed) = X509Certificate::from_der(authority.certificate.der()).unwrap();
        SerialNumber::from_slice(parsed.raw_serial())
    };
    let parameters = CertificateRevocationListParams {
        this_update: now() - Duration::hours(1),
        next_update: now() + Duration::days(1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked
            .iter()
            .map(|authority| RevokedCertParams {
                serial_number: serial(authority),
                revocation_time: now() - Duration::hours(2),
                reason_code: Some(RevocationReason::KeyCompromise),
                invalidity_date: None,
            })
            .collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let mut issued_by = CertificateParams::default();
    let name = issuer.certificate.subject().trim_start_matches("CN=");
    issued_by.distinguished_name = issue::name([(DnType::CommonName, name)]);
    let issuer = Issuer::from_params(&issued_by, &issuer.key);
    encoding::encode("X509 CRL", parameters.signed_by(&issuer).unwrap().der())
}

fn parse(
    lists: &[String],
    now: OffsetDateTime,
    files: &BTreeMap<String, Vec<u8>>,
) -> Result<Intermediate, TrustError> {
    let mut files = files.clone();
    files.insert(CA_CRL.to_owned(), lists.concat().into_bytes());
    Intermediate::parse(&files, now)
}

#[test]
fn every_authority_of_the_chain_needs_a_current_list_and_none_may_be_revoked() {
    let root = Authority::root("root");
    let ca = root.below("ca");
    let files = ca.data(&[&ca, &root], &[&root]);
    let (of_root, of_ca) = (list(&root, &[]), list(&ca, &[]));

    let parsed = parse(&[of_root.clone(), of_ca.clone()], now(), &files).unwrap();
    assert_eq!(data(&parsed)[CA_CRL], [of_root.clone(), of_ca.clone()].concat().into_bytes());

    let refused = [
        (vec![of_root.clone()], now()),
        (vec![of_ca.clone()], now()),
        (vec![of_root, of_ca.clone()], now() + Duration::days(2)),
        (vec![list(&root, &[&ca]), of_ca], now()),
    ];
    for (lists, now) in refused {
        let error = parse(&lists, now, &files).unwrap_err();
        assert!(matches!(error, TrustError::Revocation { .. }), "{error}");
        assert_eq!(error.file(), Some(CA_CRL));
    }
}
