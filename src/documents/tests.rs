use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::json;
use tfplugin::{Dynamic, Field, TerraformValue as _, Type, Value};

use super::*;

mod peer;
mod text;

/// Documents as releases have written them.
const JOIN: &str = include_str!("../../tests/documents/format-1/join-full.json");
const LEAST_JOIN: &str = include_str!("../../tests/documents/format-1/join-minimal.json");
const PEER: &str = include_str!("../../tests/documents/format-1/peer-full.json");
const LEAST_PEER: &str = include_str!("../../tests/documents/format-1/peer-minimal.json");
const DOCUMENT: &str = include_str!("../../tests/documents/format-1/document-full.json");

fn known<T>(value: impl Into<T>) -> Field<T> {
    Field::Known(value.into())
}

/// The attribute that a user has written as this text.
fn text(json: &str) -> Field<Dynamic> {
    Field::Known(Dynamic { ty: Type::String, value: Value::String(json.to_owned()) })
}

/// The attribute that holds this value. Nothing reads its type.
fn dynamic(value: Value) -> Field<Dynamic> {
    Field::Known(Dynamic { ty: Type::Dynamic, value })
}

fn read<D: Document>(json: &str) -> D {
    decode(&text(json)).unwrap().into_known().unwrap()
}

fn refused<D: Document>(json: &str) -> DocumentError {
    decode::<D>(&text(json)).err().unwrap()
}

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn a_full_document_of_format_1_is_read_and_written_with_every_member() {
    let join: JoinModel = read(JOIN);
    let data = Page { join: join.clone(), ..Page::default() }.to_data().unwrap();
    assert_eq!(json(&data["join"]), json(JOIN));
    let document = read::<PeerDocumentModel>(DOCUMENT).into_value().to_json(&peer_document_type()).unwrap();
    assert_eq!(json(&String::from_utf8(document).unwrap()), json(DOCUMENT));
    let cluster = &join.clusters.as_known().unwrap()["east"];
    assert_eq!(cluster.istiod_addresses, texts(["istiod.east.shop.example".to_owned()]));
    assert_eq!(cluster.istiod_webhook_port, Field::Known(15017));
    assert_eq!(join.key_cluster, known("east"));
}

#[test]
fn peer_is_what_join_gives_another_mesh_to_know() {
    let (_, peer) = with_peer(read(JOIN));
    let peer = peer.into_known().unwrap();
    assert_eq!(PeerDocumentModel::from(peer.clone()), read(PEER));
    let written = peer.into_value().to_json(&schema::peer_type()).unwrap();
    assert_eq!(json(&String::from_utf8(written).unwrap()), json(PEER));
}

#[test]
fn the_least_document_has_only_nulls() {
    let join: JoinModel = read(LEAST_JOIN);
    assert_eq!(join, JoinModel { format: Field::Known(1), ..JoinModel::default() });
    let peer: PeerDocumentModel = read(LEAST_PEER);
    assert_eq!(peer, PeerDocumentModel { format: Field::Known(1), ..PeerDocumentModel::default() });
}

#[test]
fn members_that_are_missing_are_null_and_others_are_ignored() {
    let join: JoinModel =
        read(r#"{"format": 1, "later": {"a": [1, {}]}, "clusters": {"east": {"network": "n", "new": 7}}}"#);
    let cluster = JoinClusterModel { network: known("n"), ..JoinClusterModel::default() };
    assert_eq!(join.clusters, Field::Known([("east".to_owned(), cluster)].into()));
}

#[test]
fn a_document_of_another_format_is_refused_with_its_format_and_the_way_out() {
    for (text, found) in [(r#"{"format": 2}"#, "2"), (r#"{"format": 0, "clusters": {}}"#, "0")] {
        let error = refused::<JoinModel>(text);
        assert_eq!(
            error.to_string(),
            format!("join has format {found}, but this release of the provider reads format 1")
        );
        assert!(error.way_out().contains("release of the provider"), "{}", error.way_out());
    }
}

#[test]
fn what_is_not_a_document_is_refused() {
    for (text, found) in [
        ("[]", "it is a list"),
        ("7", "it is a number"),
        ("null", "it is null"),
        ("{}", "it has no number format"),
        (r#"{"format": "1"}"#, "it has no number format"),
    ] {
        let error = refused::<JoinModel>(text);
        assert_eq!(error.to_string(), format!("not the attribute join of an istio_mesh: {found}"));
        assert!(error.way_out().contains("istio_mesh.shop.join"));
        let error = refused::<PeerDocumentModel>(text);
        let origin = "the attribute peer of an istio_mesh or document of an istio_mesh_federation";
        assert_eq!(error.to_string(), format!("not {origin}: {found}"));
        assert!(error.way_out().contains("istio_mesh.bank.peer"));
    }
    assert!(matches!(refused::<JoinModel>("{"), DocumentError::Json { document: "join", .. }));
}

#[test]
fn a_member_of_another_type_is_named() {
    for (text, path) in [
        (r#"{"format": 1, "mesh_id": 7}"#, "mesh_id: a value of type string is needed, found a number"),
        (
            r#"{"format": 1, "clusters": {"east": {"gateway_addresses": ["a", {}]}}}"#,
            "clusters[\"east\"].gateway_addresses[1]: a value of type string is needed, found an object",
        ),
        (
            r#"{"format": 1, "clusters": {"east": {"gateway_port": 0.5}}}"#,
            "clusters[\"east\"].gateway_port: a whole number of at most 64 bits is needed",
        ),
    ] {
        let DocumentError::Member { source, .. } = refused::<JoinModel>(text) else { panic!("{text}") };
        assert_eq!(source.to_string(), path);
    }
}

#[test]
fn unknown_members_stay_unknown_and_a_document_can_be_unknown_or_null() {
    let value = Value::Map(BTreeMap::from([
        ("format".to_owned(), Value::Number(1.into())),
        ("id".to_owned(), Value::Unknown),
        ("clusters".to_owned(), Value::Map([("east".to_owned(), Value::Unknown)].into())),
    ]));
    let join: JoinModel = decode(&dynamic(value)).unwrap().into_known().unwrap();
    assert_eq!(join.id, Field::Unknown);
    assert_eq!(join.mesh_id, Field::Null);
    let east = &join.clusters.as_known().unwrap()["east"];
    assert_eq!((east.uid.is_unknown(), east.gateway_port), (true, Field::Unknown));
    for (input, document) in [
        (Field::Null, Field::Null),
        (Field::Unknown, Field::Unknown),
        (dynamic(Value::Null), Field::Null),
        (dynamic(Value::Unknown), Field::Unknown),
    ] {
        assert_eq!(decode::<JoinModel>(&input).unwrap(), document);
    }
}

#[test]
fn a_document_whose_format_is_not_known_yet_is_read_as_far_as_it_goes() {
    let value = Value::Map([("format".to_owned(), Value::Unknown)].into());
    let join: JoinModel = decode(&dynamic(value)).unwrap().into_known().unwrap();
    assert_eq!(join.format, Field::Unknown);
}

#[test]
fn a_value_with_a_type_of_its_own_inside_is_read_like_any_other() {
    let network = Dynamic { ty: Type::String, value: Value::String("n".to_owned()) };
    let cluster = Value::Map([("network".to_owned(), Value::Dynamic(Box::new(network)))].into());
    let value = Value::Map(BTreeMap::from([
        ("format".to_owned(), Value::Number(1.into())),
        ("clusters".to_owned(), Value::Map([("east".to_owned(), cluster)].into())),
    ]));
    let join: JoinModel = decode(&dynamic(value)).unwrap().into_known().unwrap();
    assert_eq!(join.clusters.as_known().unwrap()["east"].network, known("n"));
}

/// The page of this document.
fn page(join: JoinModel) -> Page {
    let services = BTreeMap::from([("gateway_addresses".to_owned(), "istio-system/gateway".to_owned())]);
    Page { join, services: [("east".to_owned(), services)].into() }
}

fn from_page(text: &str) -> Result<JoinModel, DocumentError> {
    Page::from_data(&[("join".to_owned(), text.to_owned())].into()).map(|page| page.join)
}

#[test]
fn a_page_has_the_same_bytes_whatever_the_order_it_was_read_in() {
    let join = JoinModel {
        clusters: Field::Known([("east".to_owned(), JoinClusterModel::default())].into()),
        ..read(LEAST_JOIN)
    };
    let data = page(join).to_data().unwrap();
    assert!(data["join"].starts_with(
        r#"{"certificate_authority_mode":null,"chart_repository":null,"clusters":{"east":{"drain""#
    ));
    assert_eq!(data["services"], r#"{"east":{"gateway_addresses":"istio-system/gateway"}}"#);
    let bytes = |text: &str| page(from_page(text).unwrap()).to_data().unwrap();
    let one = bytes(r#"{"format": 1, "id": "a", "clusters": {"east": {"uid": "u"}, "west": {}}}"#);
    assert_eq!(bytes(r#"{"clusters": {"west": {}, "east": {"uid": "u"}}, "id": "a", "format": 1}"#), one);
}

#[test]
fn a_page_without_services_or_with_other_ones_is_still_read() {
    let mut data = page(read(JOIN)).to_data().unwrap();
    assert_eq!(Page::from_data(&data).unwrap(), page(read(JOIN)));
    for services in ["", "7", r#"{"east": ["a"]}"#] {
        data.insert("services".to_owned(), services.to_owned());
        assert_eq!(Page::from_data(&data).unwrap(), Page { services: Services::new(), ..page(read(JOIN)) });
    }
}

#[test]
fn what_is_not_known_yet_has_no_page() {
    let join = JoinModel { id: Field::Unknown, ..read(LEAST_JOIN) };
    let error = page(join).to_data().unwrap_err();
    assert!(matches!(error, DocumentError::Unknown { .. }), "{error}");
}

#[test]
fn a_page_is_refused_where_it_is_not_a_document() {
    for text in ["", "null", "\"{}\"", "{\"format\":1", "{\"format\":3}"] {
        assert!(from_page(text).is_err(), "{text}");
    }
    assert!(Page::from_data(&BTreeMap::new()).is_err());
}

#[test]
fn a_set_becomes_a_sorted_list_that_is_unknown_as_long_as_an_element_is() {
    let set = |items: &[Field<String>]| sorted(&Field::Known(items.iter().cloned().collect()));
    let both = texts(["a".to_owned(), "b".to_owned()]);
    assert_eq!(set(&[known("b"), known("a"), Field::Null, known("b")]), both);
    assert_eq!(set(&[known("b"), Field::Unknown]), Field::Unknown);
    assert_eq!(sorted(&Field::Null), Field::Null);
    assert_eq!(sorted(&Field::Unknown), Field::Unknown);
}

#[test]
fn which_gateways_there_are_is_unknown_as_long_as_it_is_for_one() {
    let gateways = |cluster: JoinClusterModel| {
        let join =
            JoinModel { clusters: Field::Known([("east".to_owned(), cluster)].into()), ..read(LEAST_JOIN) };
        with_peer(join).1.into_known().unwrap().gateways
    };
    let open = JoinClusterModel { gateway_port: Field::Known(15443), ..JoinClusterModel::default() };
    assert_eq!(gateways(open.clone()).as_known().unwrap().len(), 1);
    assert_eq!(
        gateways(JoinClusterModel { drain: Field::Known(true), ..open.clone() }),
        known(BTreeMap::new())
    );
    assert_eq!(gateways(JoinClusterModel { drain: Field::Unknown, ..open }), Field::Unknown);
    let maybe = JoinClusterModel { gateway_port: Field::Unknown, ..JoinClusterModel::default() };
    assert_eq!(gateways(maybe), Field::Unknown);
    let join = JoinModel { clusters: Field::Unknown, ..read(LEAST_JOIN) };
    assert_eq!(with_peer(join).1.into_known().unwrap().gateways, Field::Unknown);
}

#[test]
fn every_member_with_addresses_can_be_reached_by_its_name() {
    let mut cluster = JoinClusterModel::default();
    for member in cluster.clone().addresses().map(|(member, _)| member) {
        *cluster.addresses_mut(member).unwrap() = texts([member.to_owned()]);
    }
    assert!(
        cluster.addresses().iter().all(|(member, addresses)| **addresses == texts([(*member).to_owned()]))
    );
    let Type::Object(members) = JoinModel::ty() else { panic!() };
    let Type::Map(cluster) = &members["clusters"] else { panic!() };
    let Type::Object(members) = &**cluster else { panic!() };
    let names = members.keys().filter(|name| name.ends_with("_addresses"));
    assert_eq!(names.count(), JoinClusterModel::default().addresses().len());
}

/// Any value of the type; with `unknowns`, also such as a plan has.
fn value_of(ty: &Type, unknowns: bool) -> BoxedStrategy<Value> {
    let some = match ty {
        Type::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        Type::Number => any::<i64>().prop_map(|number| Value::Number(number.into())).boxed(),
        Type::List(element) => {
            prop::collection::vec(value_of(element, unknowns), 0..3).prop_map(Value::List).boxed()
        }
        Type::Map(element) => prop::collection::btree_map("[ -~]{0,4}", value_of(element, unknowns), 0..3)
            .prop_map(Value::Map)
            .boxed(),
        Type::Object(attributes) => {
            let members = attributes.iter().map(|(name, ty)| (Just(name.clone()), value_of(ty, unknowns)));
            let members = members.collect::<Vec<_>>();
            return members.prop_map(|members| Value::Map(members.into_iter().collect())).boxed();
        }
        _ => "[ -~äé\n]{0,8}".prop_map(Value::String).boxed(),
    };
    if unknowns {
        prop_oneof![6 => some, 1 => Just(Value::Null), 1 => Just(Value::Unknown)].boxed()
    } else {
        prop_oneof![6 => some, 1 => Just(Value::Null)].boxed()
    }
}

/// Any document of this format.
fn document<D: Document + std::fmt::Debug>(unknowns: bool) -> impl Strategy<Value = Value> {
    value_of(&D::ty(), unknowns).prop_map(|value| {
        let Value::Map(mut members) = value else { return value };
        members.insert("format".to_owned(), Value::Number(FORMAT.into()));
        Value::Map(members)
    })
}

/// Names that documents have.
const NAMES: [&str; 13] = [
    "format",
    "id",
    "clusters",
    "gateways",
    "east",
    "gateway_addresses",
    "gateway_port",
    "cni",
    "exports",
    "ports",
    "serial",
    "trust_domain",
    "",
];

/// Any JSON, with the names that documents have.
fn any_json() -> impl Strategy<Value = serde_json::Value> {
    let scalar = prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        prop::sample::select(&[0, 1, 2, -1][..]).prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        "[ -~]{0,6}".prop_map(|value| json!(value)),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        let members = (prop::sample::select(&NAMES[..]).prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(serde_json::Value::Array),
            prop::collection::vec(members, 0..6).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_page_that_is_written_is_read_as_it_was(value in document::<JoinModel>(false)) {
        let join = JoinModel::from_value(value).unwrap();
        let page = page(join);
        prop_assert_eq!(Page::from_data(&page.to_data().unwrap()).unwrap(), page);
    }

    #[test]
    fn a_join_that_is_passed_on_is_read_as_it_was(value in document::<JoinModel>(true)) {
        let join = JoinModel::from_value(value).unwrap();
        prop_assert_eq!(decode(&dynamic(join.clone().into_value())).unwrap(), Field::Known(join));
    }

    #[test]
    fn a_peer_that_is_passed_on_is_read_as_it_was(value in document::<PeerDocumentModel>(true)) {
        let peer = PeerDocumentModel::from_value(value).unwrap();
        prop_assert_eq!(decode(&dynamic(peer.clone().into_value())).unwrap(), Field::Known(peer));
    }

    #[test]
    fn no_json_makes_the_reader_panic(json in any_json()) {
        let text = json.to_string();
        let join = decode::<JoinModel>(&self::text(&text));
        prop_assert_eq!(join.is_ok(), from_page(&text).is_ok());
        let _ = decode::<PeerDocumentModel>(&self::text(&text));
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "\\PC{0,40}") {
        let _ = from_page(&text);
    }
}
