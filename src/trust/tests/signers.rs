//! What is told of an authority without its key.

use super::*;

/// The files of a Secret without its key.
fn public(mut data: BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    data.retain(|file, _| !file.contains("key"));
    data
}

#[test]
fn a_generated_intermediate_leads_to_its_root_without_its_key() {
    let root = root();
    let intermediate = root.issue(&request("east")).unwrap();
    let files = public(data(&intermediate));
    assert!(!files.contains_key(CA_KEY), "{:?}", files.keys());
    let signer = Signer::parse(&files).unwrap();
    assert_eq!(signer.leads_to(), root.certificate());
    assert_eq!(signer.certificate(), intermediate.certificate());
    assert_eq!(signer.roots(), std::slice::from_ref(root.certificate()));
    assert!(!signer.is_istiods_own());
}

#[test]
fn a_chain_of_several_leads_to_the_right_one_of_several_roots() {
    let (other, root) = (Authority::root("other"), Authority::root("root"));
    let middle = root.below("middle");
    let authority = middle.below("authority");
    let signer = Signer::parse(&public(authority.data(&[&authority, &middle], &[&other, &root]))).unwrap();
    assert_eq!(*signer.leads_to(), root.certificate);
    assert_eq!(signer.roots().len(), 2);
}

#[test]
fn the_files_that_cert_manager_writes_are_read_as_istiod_reads_them() {
    let root = Authority::root("root");
    let authority = root.below("authority");
    let pem = |authority: &Authority| authority.certificate.pem().into_bytes();
    let files = [("tls.crt", pem(&authority)), ("ca.crt", pem(&root)), ("tls.key", Vec::new())];
    let files = files.map(|(name, content)| (name.to_owned(), content)).into();
    let signer = Signer::parse(&public(files)).unwrap();
    assert_eq!((signer.certificate(), signer.leads_to()), (&authority.certificate, &root.certificate));
}

#[test]
fn what_istiod_made_for_itself_is_a_root_that_signs() {
    let root = Authority::root("own");
    let files = [(CA_CERT, root.certificate.pem()), ("istio-generated", String::new())];
    let files = files.map(|(name, content)| (name.to_owned(), content.into_bytes())).into();
    let signer = Signer::parse(&files).unwrap();
    assert!(signer.is_istiods_own());
    assert_eq!((signer.certificate(), signer.leads_to()), (&root.certificate, &root.certificate));
}

#[test]
fn a_signer_of_none_of_its_roots_is_refused() {
    let (root, other) = (Authority::root("root"), Authority::root("other"));
    let authority = root.below("authority");
    let error = Signer::parse(&public(authority.data(&[&authority], &[&other]))).unwrap_err();
    assert!(matches!(error, TrustError::OtherRoot { .. }), "{error}");
}

#[test]
fn an_intermediate_is_due_when_it_ends_soon_and_its_root_does_not() {
    let root = root();
    let intermediate = root.issue(&request("east")).unwrap();
    let signer = Signer::parse(&data(&intermediate)).unwrap();
    for (days, is_due) in [(0, false), (650, false), (700, true), (729, true)] {
        let then = now() + Duration::days(days);
        assert_eq!(signer.is_renewal_due(then), is_due, "{days}");
        assert_eq!(intermediate.is_renewal_due(then), is_due, "{days}");
    }
    // Another one would end with the root all the same.
    let last =
        root.issue(&IntermediateRequest { lifetime: Duration::days(9999), ..request("east") }).unwrap();
    assert!(!last.is_renewal_due(now() + Duration::days(3640)));
    assert!(!Signer::parse(&data(&last)).unwrap().is_renewal_due(now() + Duration::days(3640)));
}

#[test]
fn a_renewed_intermediate_has_the_bundle_of_the_one_before_byte_for_byte() {
    let root = root();
    let (one, next) = (root.issue(&request("east")).unwrap(), root.issue(&request("east")).unwrap());
    assert_eq!(data(&one)[ROOT_CERT], data(&next)[ROOT_CERT]);
    assert_ne!(data(&one)[CA_CERT], data(&next)[CA_CERT]);
}
