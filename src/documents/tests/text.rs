//! Peer documents as JSON, also such as nobody should have written.

use super::peer::changed;
use super::*;

fn written(text: &str) -> String {
    PeerDocumentModel::from_text(text).unwrap().to_text().unwrap()
}

/// What is wrong with the text as JSON.
fn not_json(text: &str) -> String {
    match PeerDocumentModel::from_text(text).unwrap_err() {
        DocumentError::Json { source, .. } => source.to_string(),
        other => panic!("{other}"),
    }
}

#[test]
fn a_document_has_the_same_bytes_whatever_the_order_it_was_read_in() {
    let one = written(DOCUMENT);
    assert!(
        one.starts_with(
            r#"{"domain_suffix":"cluster.local","exports":{"orders":{"gateways":["east"],"host":"#
        ),
        "{one}"
    );
    assert!(!one.contains('\n'));
    assert_eq!(json(&one), json(DOCUMENT));
    let mut shuffled =
        changed("/exports/orders/identities", Some(json!(["web/orders-batch", "web/orders", "web/orders"])));
    shuffled["exports"]["orders"]["ports"].as_array_mut().unwrap().reverse();
    shuffled["federation_gateways"]["west"]["addresses"].as_array_mut().unwrap().reverse();
    assert_ne!(shuffled, json(DOCUMENT));
    assert_eq!(written(&serde_json::to_string_pretty(&shuffled).unwrap()), one);
    assert_eq!(written(&one), one);
}

#[test]
fn text_around_roots_and_roots_that_are_given_twice_are_left_out() {
    let root = json(DOCUMENT)["root_certificates"].as_str().unwrap().to_owned();
    let twice = changed("/root_certificates", Some(json!(format!("# ours\r\n{root}\n{root}# the end"))));
    assert_eq!(written(&twice.to_string()), written(DOCUMENT));
}

#[test]
fn a_member_that_is_given_twice_is_named() {
    let twice = |from: &str, to: &str| {
        assert!(DOCUMENT.contains(from), "{from}");
        not_json(&DOCUMENT.replacen(from, &format!("{to}{from}"), 1))
    };
    let found = twice("\"serial\": 7", "\"serial\": 8, ");
    assert!(found.starts_with("serial is given twice at line "), "{found}");
    let found = twice("\"host\":", "\"host\": \"a\", ");
    assert!(found.starts_with("exports[\"orders\"].host is given twice"), "{found}");
    let found = twice("\"number\": 9090", "\"number\": 1, ");
    assert!(found.starts_with("exports[\"orders\"].ports[1].number is given twice"), "{found}");
    let found = twice("\"west\":", "\"west\": {}, ");
    assert!(found.starts_with("federation_gateways[\"west\"] is given twice"), "{found}");
    // Names that documents do not have are quoted: they may be anything.
    let found = twice("\"serial\": 7", "\"\\u001b[2J\": 1, \"\\u001b[2J\": 2, ");
    assert!(found.starts_with("[\"\\u{1b}[2J\"] is given twice"), "{found}");
    let found = twice("\"serial\": 7", "\"seri\\u0061l\": 8, ");
    assert!(found.starts_with("serial is given twice"), "{found}");
}

#[test]
fn a_text_is_one_object_and_nothing_else() {
    for text in [
        format!("{DOCUMENT}{{}}"),
        format!("{DOCUMENT},"),
        format!("\u{feff}{DOCUMENT}"),
        format!("// ours\n{DOCUMENT}"),
        DOCUMENT.replacen("7,", "7,,", 1),
        DOCUMENT.replacen("7,", "07,", 1),
        DOCUMENT.replacen("7,", "NaN,", 1),
        DOCUMENT.replacen("7,", "1e999,", 1),
        DOCUMENT.replacen("\"web\"", "\"\\ud800\"", 1),
        DOCUMENT.trim_end().trim_end_matches('}').to_owned(),
        String::new(),
    ] {
        not_json(&text);
    }
    for text in
        ["null", "[]", "7", "\"{}\"", "{}", r#"{"format": "1"}"#, r#"{"format": 1.5}"#, r#"{"format": 2}"#]
    {
        assert!(PeerDocumentModel::from_text(text).is_err(), "{text}");
    }
    written(&DOCUMENT.replacen("7,", "7.0,", 1));
}

#[test]
fn members_of_later_releases_are_ignored() {
    assert_eq!(
        written(&changed("/later", Some(json!({"a": [1, {"b": null}]}))).to_string()),
        written(DOCUMENT)
    );
    let text = changed("/exports/orders/later", Some(json!("a"))).to_string();
    assert_eq!(written(&text), written(DOCUMENT));
}

#[test]
fn a_member_of_another_type_is_named_before_anything_is_checked() {
    let text = changed("/exports/orders/ports/0/number", Some(json!("8080"))).to_string();
    let DocumentError::Member { source, .. } = PeerDocumentModel::from_text(&text).unwrap_err() else {
        panic!()
    };
    assert_eq!(source.path.to_string(), "exports[\"orders\"].ports[0].number");
}

#[test]
fn depth_names_and_size_are_bounded() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let found = not_json(&DOCUMENT.replacen("\"serial\": 7", &format!("\"a\": {deep}"), 1));
    assert!(found.contains("recursion limit"), "{found}");
    let name = "n".repeat(254);
    let found = not_json(&DOCUMENT.replacen("\"west\":", &format!("\"{name}\":"), 1));
    assert!(found.starts_with("a name in federation_gateways has more than 253 characters"), "{found}");
    let long = format!("{DOCUMENT}{}", " ".repeat((1 << 20) - DOCUMENT.len()));
    assert_eq!(written(&long), written(DOCUMENT));
    let error = PeerDocumentModel::from_text(&format!("{long} ")).unwrap_err();
    assert!(matches!(error, DocumentError::TooLong { length: 1_048_577, .. }), "{error}");
}

#[test]
fn a_document_that_is_too_long_has_no_text() {
    let mut document: PeerDocumentModel = read(DOCUMENT);
    let orders = document.exports.as_known().unwrap()["orders"].clone();
    let identities = texts((0..200).map(|index| format!("web/orders-{index}")));
    let orders = ExportModel { identities, ..orders };
    document.exports = Field::Known((0..1000).map(|index| (format!("e{index}"), orders.clone())).collect());
    let error = document.to_text().unwrap_err();
    assert!(matches!(error, DocumentError::TooLong { .. }), "{error}");
}

#[test]
fn what_is_not_known_yet_has_no_text() {
    let document = PeerDocumentModel { serial: Field::Unknown, ..read(DOCUMENT) };
    let error = document.to_text().unwrap_err();
    let DocumentError::Unknown { source, .. } = error else { panic!("{error}") };
    assert_eq!(source.path.to_string(), "serial");
}

/// The name of a cluster, an export, a Service and so on.
fn label() -> impl Strategy<Value = String> {
    "[a-z]([a-z0-9-]{0,5}[a-z0-9])?"
}

fn gateways() -> impl Strategy<Value = Gateways> {
    let address =
        prop_oneof!["[1-9][0-9]\\.[0-9]\\.[0-9]\\.[0-9]", "2001:db8::[1-9a-f]", "[a-z]{1,4}\\.example",];
    let gateway = (label(), prop::collection::vec(address, 0..3), 1..=65535_i64);
    let gateway = gateway.prop_map(|(network, addresses, port)| PeerGatewayModel {
        network: known(network),
        addresses: texts(addresses),
        port: Field::Known(port),
    });
    prop::collection::btree_map(label(), gateway, 0..3).prop_map(Field::Known)
}

fn export() -> impl Strategy<Value = ExportModel> {
    let protocol = prop::sample::select(&rules::PROTOCOLS[..]);
    let ports = prop::collection::btree_map(1..=65535_i64, protocol, 1..4);
    let identities = prop::collection::vec((label(), label()), 1..3);
    let gateways = prop::option::of(prop::collection::vec(label(), 0..3));
    (label(), label(), ports, identities, gateways).prop_map(
        |(namespace, service, ports, identities, gateways)| {
            let ports = ports.into_iter().map(|(number, protocol)| ExportPortModel {
                name: known(format!("p{number}")),
                number: Field::Known(number),
                protocol: known(protocol),
            });
            ExportModel {
                host: known(format!("{service}.{namespace}.svc.cluster.local")),
                namespace: known(namespace),
                service: known(service),
                ports: Field::Known(ports.collect()),
                identities: texts(
                    identities.into_iter().map(|(namespace, account)| format!("{namespace}/{account}")),
                ),
                gateways: gateways.map_or(Field::Null, texts),
                tls: texts(["end_to_end".to_owned()]),
            }
        },
    )
}

/// Any document that can be used.
fn usable() -> impl Strategy<Value = PeerDocumentModel> {
    let exports = prop::option::of(prop::collection::btree_map(label(), export(), 0..4));
    (gateways(), gateways(), prop::option::of(0..1_i64 << 53), exports).prop_map(
        |(gateways, federation_gateways, serial, exports)| PeerDocumentModel {
            gateways,
            federation_gateways,
            serial: serial.into(),
            exports: exports.into(),
            ..read(DOCUMENT)
        },
    )
}

/// A document with a part replaced, removed or repeated.
fn damaged() -> impl Strategy<Value = String> {
    let bytes = DOCUMENT.len();
    let part = prop_oneof!["[ -~]{0,6}", Just(String::new()), Just("{}".to_owned()), Just("null".to_owned())];
    let damage = (0..bytes, 0..40_usize, part, any::<bool>());
    prop::collection::vec(damage, 1..4).prop_map(|damages| {
        let mut text = DOCUMENT.to_owned();
        for (at, length, part, is_doubled) in damages {
            let at = at.min(text.len());
            let end = (at + length).min(text.len());
            let kept = if is_doubled { text[at..end].to_owned() } else { String::new() };
            text.replace_range(at..end, &format!("{kept}{part}{kept}"));
        }
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_document_that_is_written_is_read_as_it_was(document in usable()) {
        let text = document.clone().to_text().unwrap();
        prop_assert_eq!(PeerDocumentModel::from_text(&text).unwrap(), document);
    }

    #[test]
    fn what_is_read_is_written_and_read_again_as_it_was(text in damaged()) {
        if let Ok(document) = PeerDocumentModel::from_text(&text) {
            let written = document.clone().to_text().unwrap();
            prop_assert_eq!(PeerDocumentModel::from_text(&written).unwrap(), document);
        }
    }

    #[test]
    fn no_text_makes_the_reader_of_documents_panic(text in "\\PC{0,40}", json in any_json()) {
        let _ = PeerDocumentModel::from_text(&text);
        let _ = PeerDocumentModel::from_text(&json.to_string());
        for pointer in ["/root_certificates", "/exports/orders", "/gateways/east", "/exports/orders/ports/0"] {
            let _ = PeerDocumentModel::from_text(&changed(pointer, Some(json.clone())).to_string());
        }
    }
}
