use std::collections::BTreeMap;

use tfplugin::{Dynamic, Field, TerraformValue, Type};
use time::{Duration, OffsetDateTime};

use super::declare::{declare, validate};
use super::document::document;
use super::model::{
    ExportBlockModel, FederationModel, ImportBlockModel, PeerBlockModel, PortModel, TrustedModel,
};
use super::trusted::recording;
use crate::documents::{
    ExportModel, ExportPortModel, JoinClusterModel, JoinModel, PeerDocumentModel, PeerGatewayModel, texts,
};
use crate::mesh::{Federation, KeyType};
use crate::trust::{Certificate, Root, RootRequest};

pub fn root() -> Certificate {
    let request = RootRequest {
        organization: "Mesh",
        common_name: "Root",
        key_type: KeyType::EcdsaP256,
        now: OffsetDateTime::UNIX_EPOCH,
        lifetime: Duration::days(1),
    };
    Root::generate(&request).unwrap().certificate().clone()
}

fn dynamic(document: impl TerraformValue) -> Field<Dynamic> {
    Field::Known(Dynamic { ty: Type::Dynamic, value: document.into_value() })
}

fn list(items: &[&str]) -> Field<Vec<Field<String>>> {
    texts(items.iter().map(|&text| text.to_owned()))
}

fn set(items: &[&str]) -> super::model::TextSet {
    Field::Known(items.iter().map(|&text| text.into()).collect())
}

fn map<T>(name: &str, value: T) -> Field<BTreeMap<String, T>> {
    Field::Known([(name.to_owned(), value)].into())
}

fn join(root: &Certificate) -> JoinModel {
    let east = JoinClusterModel {
        network: "net-east".into(),
        drain: Field::Known(false),
        gateway_addresses: list(&[]),
        istiod_addresses: list(&[]),
        federation_gateway_addresses: list(&["192.0.2.1"]),
        federation_gateway_port: Field::Known(15443),
        federation_gateway_namespace: "istio-system-federation".into(),
        ..JoinClusterModel::default()
    };
    JoinModel {
        format: Field::Known(1),
        mesh_id: "shop".into(),
        trust_domain: "shop.example".into(),
        namespace: "istio-system".into(),
        root_certificates: root.pem().as_str().into(),
        clusters: map("east", east),
        ..JoinModel::default()
    }
}

pub fn bank(root: &Certificate) -> PeerDocumentModel {
    let port = ExportPortModel { name: "http".into(), number: Field::Known(8080), protocol: "HTTP".into() };
    let payments = ExportModel {
        namespace: "billing".into(),
        service: "payments".into(),
        host: "payments.billing.svc.cluster.local".into(),
        ports: Field::Known(vec![port]),
        identities: list(&["billing/payments"]),
        ..ExportModel::default()
    };
    let gateway = PeerGatewayModel {
        network: "net-bank".into(),
        addresses: list(&["198.51.100.1"]),
        port: Field::Known(15443),
    };
    PeerDocumentModel {
        format: Field::Known(1),
        mesh_id: "bank".into(),
        trust_domain: "bank.example".into(),
        namespace: "istio-system".into(),
        root_certificates: root.pem().as_str().into(),
        federation_gateways: map("bank", gateway),
        serial: Field::Known(3),
        exports: map("payments", payments),
        ..PeerDocumentModel::default()
    }
}

pub fn config(own: &Certificate, peer: PeerDocumentModel) -> FederationModel {
    let port = PortModel { number: Field::Known(8080), protocol: "HTTP".into() };
    let orders = ExportBlockModel {
        to: set(&["bank"]),
        namespace: "web".into(),
        service: "orders".into(),
        selector: map("app", "orders".into()),
        identities: set(&["shop.example/ns/web/sa/orders"]),
        allow: set(&["bank.example/ns/billing/sa/settlement"]),
        port: map("http", port),
    };
    let payments = ImportBlockModel {
        from: "bank".into(),
        namespace: "billing".into(),
        service: "payments".into(),
        hostname: "payments.bank.mesh".into(),
        into: "web".into(),
        ..ImportBlockModel::default()
    };
    FederationModel {
        name: "partners".into(),
        mesh: dynamic(join(own)),
        peer: map("bank", PeerBlockModel { document: dynamic(peer), ..PeerBlockModel::default() }),
        export: map("orders", orders),
        import: map("payments", payments),
        ..FederationModel::default()
    }
}

fn declared(config: &FederationModel, prior: Option<&FederationModel>) -> Federation {
    declare(config, prior).unwrap().into_known().expect("all is known")
}

#[test]
fn what_an_import_does_not_say_the_peers_export_does() {
    let (own, theirs) = (root(), root());
    let federation = declared(&config(&own, bank(&theirs)), None);
    let import = &federation.imports["payments"];
    assert_eq!((import.ports["http"].number, import.ports["http"].protocol.as_str()), (8080, "HTTP"));
    assert_eq!(import.identities, ["billing/payments".to_owned()].into());
    validate(&federation).unwrap();

    let mut given = config(&own, bank(&theirs));
    given.import.as_known_mut().unwrap().get_mut("payments").unwrap().identities = set(&["billing/other"]);
    assert_eq!(declared(&given, None).imports["payments"].identities, ["billing/other".to_owned()].into());
}

#[test]
fn nothing_is_declared_as_long_as_something_is_unknown() {
    let (own, theirs) = (root(), root());
    let known = config(&own, bank(&theirs));
    let with = |change: &dyn Fn(&mut FederationModel)| {
        let mut config = known.clone();
        change(&mut config);
        declare(&config, None).unwrap()
    };
    let join = |change: &dyn Fn(&mut JoinModel)| {
        let mut join = join(&own);
        change(&mut join);
        dynamic(join)
    };
    let peer = |change: &dyn Fn(&mut PeerDocumentModel)| {
        let mut document = bank(&theirs);
        change(&mut document);
        map("bank", PeerBlockModel { document: dynamic(document), ..PeerBlockModel::default() })
    };
    assert!(with(&|_| ()).is_known());
    assert!(with(&|it| it.mesh = Field::Unknown).is_unknown());
    assert!(with(&|it| it.mesh = join(&|join| join.root_certificates = Field::Unknown)).is_unknown());
    assert!(with(&|it| it.mesh = join(&|join| join.trust_domain_aliases = Field::Unknown)).is_unknown());
    assert!(with(&|it| it.peer = peer(&|it| it.root_certificates = Field::Unknown)).is_unknown());
    assert!(with(&|it| it.peer = peer(&|it| it.federation_gateways = Field::Unknown)).is_unknown());
    assert!(with(&|it| it.peer = peer(&|it| it.serial = Field::Unknown)).is_unknown());
    assert!(with(&|it| it.export = Field::Unknown).is_unknown());
    // What the mesh has not told anybody does not matter.
    assert!(with(&|it| it.mesh = join(&|join| join.version = Field::Unknown)).is_known());
}

#[test]
fn a_peer_is_recorded_once_it_is_known_and_compared_from_then_on() {
    let (own, theirs) = (root(), root());
    let first = config(&own, bank(&theirs));
    let trusted = recording(&declared(&first, None), None);
    let recorded = TrustedModel {
        trust_domain: "bank.example".into(),
        root_sha256: list(&[&theirs.fingerprint()]),
        serial: Field::Known(3),
    };
    assert_eq!(trusted, map("bank", recorded));
    let prior = FederationModel { trusted, ..first.clone() };
    validate(&declared(&first, Some(&prior))).unwrap();

    let older = config(&own, PeerDocumentModel { serial: Field::Known(2), ..bank(&theirs) });
    assert!(validate(&declared(&older, Some(&prior))).is_err());
    let other = config(&own, bank(&root()));
    assert!(validate(&declared(&other, Some(&prior))).is_err());

    // While the document is awaited again, what was recorded stays.
    let awaited = FederationModel { peer: map("bank", PeerBlockModel::default()), ..first };
    assert_eq!(recording(&declared(&awaited, Some(&prior)), Some(&prior)), prior.trusted);
}

#[test]
fn the_serial_grows_with_each_change_of_the_document_and_not_otherwise() {
    let (own, theirs) = (root(), root());
    let first = config(&own, bank(&theirs));
    let of = |config: &FederationModel, before: Option<&FederationModel>| {
        document(config, before, Field::Known(7)).into_known().expect("known")
    };
    let written = of(&first, None);
    assert_eq!(written.serial, Field::Known(7));
    let prior = FederationModel { document: Field::Known(written.clone()), ..first.clone() };
    assert_eq!(of(&first, Some(&prior)), written);

    let mut changed = first.clone();
    changed.export.as_known_mut().unwrap().get_mut("orders").unwrap().namespace = "shop".into();
    let next = of(&changed, Some(&prior));
    assert_eq!(next.serial, Field::Known(8));
    assert_eq!(next.exports.as_known().unwrap()["orders"].host, "orders.shop.svc.cluster.local".into());

    changed.export.as_known_mut().unwrap().get_mut("orders").unwrap().namespace = Field::Unknown;
    assert_eq!(of(&changed, Some(&prior)).serial, Field::Unknown);
}

#[test]
fn the_document_is_one_that_others_can_use() {
    let (own, theirs) = (root(), root());
    let written = document(&config(&own, bank(&theirs)), None, Field::Known(1)).into_known().expect("known");
    let export = &written.exports.as_known().unwrap()["orders"];
    assert_eq!(export.identities, list(&["web/orders"]), "in the trust domain of the document");
    let text = written.clone().to_text().unwrap();
    assert_eq!(PeerDocumentModel::from_text(&text).unwrap(), written.checked().unwrap());
}
