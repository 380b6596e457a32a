//! What a peer document may say.

use super::*;

/// The full document with another value at this place (RFC 6901); without one, the place is removed.
pub(super) fn changed(pointer: &str, value: Option<serde_json::Value>) -> serde_json::Value {
    let mut document = json(DOCUMENT);
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match (parent, value) {
        (serde_json::Value::Object(members), Some(value)) => {
            members.insert(name.to_owned(), value);
        }
        (serde_json::Value::Object(members), None) => {
            members.remove(name).unwrap();
        }
        (parent, value) => *parent.pointer_mut(&format!("/{name}")).unwrap() = value.unwrap(),
    }
    document
}

fn checked(pointer: &str, value: serde_json::Value) -> Result<PeerDocumentModel, DocumentError> {
    PeerDocumentModel::from_text(&changed(pointer, Some(value)).to_string())
}

/// The path and the cause of the error.
fn unusable(result: Result<PeerDocumentModel, DocumentError>) -> (String, String) {
    let error = result.unwrap_err();
    assert!(error.way_out().ends_with('.'), "{}", error.way_out());
    let DocumentError::Unusable { path, source, .. } = error else { panic!("{error}") };
    (path.to_string(), source.to_string())
}

fn root(common_name: &str) -> String {
    let now = time::OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
    let request = crate::trust::RootRequest {
        organization: "Bank",
        common_name,
        key_type: crate::mesh::KeyType::EcdsaP256,
        now,
        lifetime: time::Duration::days(3650),
    };
    crate::trust::Root::generate(&request).unwrap().certificate().pem()
}

#[test]
fn a_document_that_a_federation_writes_can_be_used_as_it_is() {
    let document = PeerDocumentModel::from_text(DOCUMENT).unwrap();
    assert_eq!(document, read(DOCUMENT));
    let orders = &document.exports.as_known().unwrap()["orders"];
    assert_eq!(orders.host, known("orders.web.svc.cluster.local"));
    assert_eq!(orders.ports.as_known().unwrap()[1].protocol, known("GRPC"));
    assert_eq!(document.serial, Field::Known(7));
}

#[test]
fn the_peer_of_a_mesh_can_be_used_without_exports_and_serial() {
    let mut members = json(DOCUMENT);
    for member in ["exports", "serial"] {
        members.as_object_mut().unwrap().remove(member).unwrap();
    }
    let document = PeerDocumentModel::from_text(&members.to_string()).unwrap();
    assert_eq!((&document.serial, &document.exports), (&Field::Null, &Field::Null));
    let least = json!({
        "format": 1, "trust_domain": "shop.example", "root_certificates": members["root_certificates"],
    });
    PeerDocumentModel::from_text(&least.to_string()).unwrap();
}

#[test]
fn what_nobody_can_do_without_must_be_there() {
    for (pointer, path) in [
        ("/trust_domain", "trust_domain"),
        ("/root_certificates", "root_certificates"),
        ("/exports/orders/namespace", "exports[\"orders\"].namespace"),
        ("/exports/orders/service", "exports[\"orders\"].service"),
        ("/exports/orders/host", "exports[\"orders\"].host"),
        ("/exports/orders/ports", "exports[\"orders\"].ports"),
        ("/exports/orders/identities", "exports[\"orders\"].identities"),
        ("/exports/orders/ports/0/name", "exports[\"orders\"].ports[0].name"),
        ("/exports/orders/ports/0/number", "exports[\"orders\"].ports[0].number"),
        ("/exports/orders/ports/0/protocol", "exports[\"orders\"].ports[0].protocol"),
    ] {
        let missing = PeerDocumentModel::from_text(&changed(pointer, None).to_string());
        assert_eq!(unusable(missing), (path.to_owned(), "it is missing".to_owned()));
        assert_eq!(unusable(checked(pointer, json!(null))).0, path);
    }
    for pointer in ["/exports/orders/ports", "/exports/orders/identities"] {
        assert_eq!(unusable(checked(pointer, json!([]))).1, "it is missing", "{pointer}");
    }
}

#[test]
fn a_trust_domain_is_one_to_which_roots_can_be_bound() {
    for domain in ["bank.example", "bank", "1.bank-2.example"] {
        assert!(checked("/trust_domain", json!(domain)).is_ok(), "{domain}");
    }
    for (domain, cause) in [
        ("cluster.local", "\"cluster.local\" is Istio's default"),
        ("10.0.0.1", "\"10.0.0.1\" is an IP address"),
        ("bank.example.", "\"bank.example.\" is not a trust domain"),
        ("Bank.example", "\"Bank.example\" is not a trust domain"),
        ("my_bank.example", "\"my_bank.example\" is not a trust domain"),
        ("spiffe://bank.example", "is not a trust domain"),
        ("bank.example/ns/a", "is not a trust domain"),
        ("*", "is not a trust domain"),
        ("", "is not a trust domain"),
    ] {
        let (path, found) = unusable(checked("/trust_domain", json!(domain)));
        assert_eq!(path, "trust_domain");
        assert!(found.contains(cause), "{domain}: {found}");
    }
}

#[test]
fn each_root_is_read_and_must_be_an_authority() {
    let (one, two) = (root("One"), root("Two"));
    assert!(checked("/root_certificates", json!(format!("{one}{two}"))).is_ok());
    let leaf = rcgen::generate_simple_self_signed(["bank.example".to_owned()]).unwrap().cert.pem();
    let damaged = one.replacen("MI", "AA", 1);
    for (text, cause) in [
        (String::new(), "has no PEM text"),
        ("MIIB".to_owned(), "has no PEM text"),
        (one.replace("-----END", "----END"), "PEM block"),
        (format!("{two}{damaged}"), "certificate 2 of the bundle cannot be used"),
        (format!("{one}{leaf}"), "is not a CA certificate"),
        (one.replace("CERTIFICATE", "PRIVATE KEY"), "\"PRIVATE KEY\""),
    ] {
        let error = checked("/root_certificates", json!(text)).unwrap_err();
        let DocumentError::Unusable { source, path, .. } = &error else { panic!("{error}") };
        let MemberError::Roots(source) = &**source else { panic!("{source}") };
        assert_eq!(path.to_string(), "root_certificates");
        assert!(source.to_string().contains(cause), "{source}");
        assert_eq!(error.way_out(), source.way_out());
    }
}

#[test]
fn roots_are_bounded_in_number_and_size() {
    let one = root("One");
    let (_, cause) = unusable(checked("/root_certificates", json!(one.repeat(17))));
    assert_eq!(cause, "it has 17 entries, and 16 are allowed");
    assert!(checked("/root_certificates", json!(one.repeat(16))).is_ok());
    let (_, cause) = unusable(checked("/root_certificates", json!(format!("{one}{}", " ".repeat(1 << 16)))));
    assert_eq!(cause, "it has more than 65536 characters");
}

#[test]
fn an_address_means_the_same_machine_everywhere() {
    let pointer = "/federation_gateways/east/addresses";
    for address in ["203.0.113.9", "10.0.0.1", "2001:db8::1", "gateway.bank.example", "a1-b2.elb.example"] {
        assert!(checked(pointer, json!([address])).is_ok(), "{address}");
    }
    for address in [
        "",
        "127.0.0.1",
        "::1",
        "::ffff:127.0.0.1",
        "0.0.0.0",
        "169.254.169.254",
        "fe80::1",
        "fe80::1%eth0",
        "224.0.0.1",
        "localhost",
        "kubernetes.default.svc",
        "127.1",
        "0x7f000001",
        "203.0.113.9:443",
        "https://bank.example",
        "Bank.example",
        "bank.example.",
        "*.bank.example",
        "a b",
        "a\nb",
    ] {
        let (path, _) = unusable(checked(pointer, json!(["203.0.113.9", address])));
        assert_eq!(path, "federation_gateways[\"east\"].addresses[1]", "{address}");
    }
}

#[test]
fn numbers_have_a_range() {
    for (pointer, path) in [
        ("/gateways/east/port", "gateways[\"east\"].port"),
        ("/exports/orders/ports/0/number", "exports[\"orders\"].ports[0].number"),
    ] {
        assert!(checked(pointer, json!(1)).is_ok() && checked(pointer, json!(65535)).is_ok());
        for number in [0, -1, 65536] {
            let found = unusable(checked(pointer, json!(number)));
            assert_eq!(found, (path.to_owned(), format!("{number} is not between 1 and 65535")));
        }
    }
    assert!(checked("/serial", json!(9_007_199_254_740_991_i64)).is_ok());
    assert_eq!(unusable(checked("/serial", json!(9_007_199_254_740_992_i64))).0, "serial");
    assert_eq!(unusable(checked("/serial", json!(-1))).0, "serial");
}

#[test]
fn names_have_the_form_that_their_place_needs() {
    for (pointer, path, good, bad) in [
        ("/id", "id", "0".repeat(32), "A".repeat(32)),
        ("/mesh_id", "mesh_id", "Mesh_1".to_owned(), "a b".to_owned()),
        ("/domain_suffix", "domain_suffix", "corp.example".to_owned(), "corp..example".to_owned()),
        ("/namespace", "namespace", "istio".to_owned(), "istio.system".to_owned()),
        ("/gateways/east/network", "gateways[\"east\"].network", "n".to_owned(), "n/1".to_owned()),
        ("/exports/orders/namespace", "exports[\"orders\"].namespace", "a".to_owned(), "A".to_owned()),
        ("/exports/orders/service", "exports[\"orders\"].service", "a".to_owned(), "a.b".to_owned()),
        ("/exports/orders/host", "exports[\"orders\"].host", "a.b".to_owned(), "*.b".to_owned()),
        (
            "/exports/orders/ports/0/name",
            "exports[\"orders\"].ports[0].name",
            "a".to_owned(),
            "a_b".to_owned(),
        ),
        (
            "/exports/orders/ports/0/protocol",
            "exports[\"orders\"].ports[0].protocol",
            "TCP".to_owned(),
            "UDP".to_owned(),
        ),
    ] {
        assert!(checked(pointer, json!(good)).is_ok(), "{pointer}");
        assert_eq!(unusable(checked(pointer, json!(bad))).0, path);
        let (found, cause) = unusable(checked(pointer, json!("a".repeat(5000))));
        assert_eq!((found.as_str(), cause.len() < 100), (path, true), "{cause}");
    }
    for (pointer, path, good, bad) in [
        ("/exports/orders/identities", "identities", "web/a.b", "web"),
        ("/exports/orders/identities", "identities", "web/a", "bank.example/ns/web/sa/a"),
        ("/exports/orders/identities", "identities", "web/a", "spiffe://bank.example/ns/web/sa/a"),
        ("/exports/orders/identities", "identities", "web/a", "*"),
        ("/exports/orders/gateways", "gateways", "west", "West"),
        ("/exports/orders/tls", "tls", "a_later_one", "end-to-end"),
    ] {
        assert!(checked(pointer, json!([good])).is_ok(), "{pointer}");
        assert_eq!(unusable(checked(pointer, json!([bad]))).0, format!("exports[\"orders\"].{path}[0]"));
    }
}

#[test]
fn names_of_entries_are_checked_and_counted() {
    let gateway = json!({"network": "n"});
    let (path, cause) = unusable(checked("/gateways/A b", gateway.clone()));
    assert_eq!(path, "gateways");
    assert!(cause.starts_with("\"A b\" is not a cluster name"), "{cause}");
    assert_eq!(unusable(checked("/exports/a.b", json!({}))).0, "exports");
    let many: serde_json::Map<_, _> = (0..1001).map(|index| (format!("c{index}"), gateway.clone())).collect();
    assert_eq!(unusable(checked("/gateways", json!(many))).1, "it has 1001 entries, and 1000 are allowed");
    let many: Vec<String> = (0..1001).map(|index| format!("a/b{index}")).collect();
    assert_eq!(
        unusable(checked("/exports/orders/identities", json!(many))).0,
        "exports[\"orders\"].identities"
    );
}

#[test]
fn two_ports_have_neither_name_nor_number_in_common() {
    let port = |name: &str, number: i64| json!({"name": name, "number": number, "protocol": "TCP"});
    let pointer = "/exports/orders/ports";
    assert!(checked(pointer, json!([port("a", 1), port("b", 2)])).is_ok());
    let (path, cause) = unusable(checked(pointer, json!([port("a", 1), port("a", 2)])));
    assert_eq!((path.as_str(), cause.as_str()), ("exports[\"orders\"].ports[1].name", "a is given twice"));
    let (path, cause) = unusable(checked(pointer, json!([port("a", 1), port("b", 1)])));
    assert_eq!((path.as_str(), cause.as_str()), ("exports[\"orders\"].ports[1].number", "1 is given twice"));
}

#[test]
fn what_is_not_known_yet_is_not_judged() {
    let mut document: PeerDocumentModel = read(DOCUMENT);
    document.trust_domain = Field::Unknown;
    document.root_certificates = Field::Unknown;
    document.exports.as_known_mut().unwrap().get_mut("orders").unwrap().identities = Field::Unknown;
    assert_eq!(document.clone().checked().unwrap(), document);
    document.trust_domain = known("cluster.local");
    assert_eq!(unusable(document.checked()).0, "trust_domain");
}
