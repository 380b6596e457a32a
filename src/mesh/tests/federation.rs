//! The rules of a federation, each seen to refuse and to accept.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

fn texts(texts: &[&str]) -> BTreeSet<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn http(number: i64) -> BTreeMap<String, DeclaredPort> {
    [("http".to_owned(), DeclaredPort { number, protocol: "HTTP".to_owned() })].into()
}

fn root(name: &str) -> PeerRoot {
    PeerRoot { pem: name.to_owned(), sha256: format!("sha256:{name}"), key: format!("key of {name}") }
}

/// `shop` exports `orders` to `bank` and imports `payments` from it.
fn partners() -> Federation {
    let gateway =
        FederationGateway { namespace: "istio-federation".to_owned(), ..FederationGateway::default() };
    let east = FederatedPrimary {
        network: "net-east".to_owned(),
        pod_cidrs: texts(&["10.11.0.0/16"]),
        service_cidrs: texts(&["10.96.0.0/12"]),
        gateway: Some(gateway),
    };
    Federation {
        name: "partners".to_owned(),
        mesh: FederatedMesh {
            mesh_id: "shop".to_owned(),
            trust_domain: "shop.example".to_owned(),
            further_trust_domains: texts(&["old.shop.example"]),
            namespace: "istio-system".to_owned(),
            root_keys: texts(&["key of shop"]),
            gateway_addresses: texts(&["198.51.100.1", "lb.shop.example"]),
            primaries: [("east".to_owned(), east)].into(),
            ..FederatedMesh::default()
        },
        peers: [("bank".to_owned(), DeclaredPeer { document: Some(bank()), ..DeclaredPeer::default() })]
            .into(),
        exports: [("orders".to_owned(), orders())].into(),
        imports: [("payments".to_owned(), payments())].into(),
        others: Vec::new(),
    }
}

fn bank() -> PeerDocument {
    let gateway = PeerGateway { addresses: texts(&["192.0.2.1"]), port: 15443, ..PeerGateway::default() };
    PeerDocument {
        mesh_id: "bank".to_owned(),
        trust_domain: "bank.example".to_owned(),
        namespace: "istio-system".to_owned(),
        serial: Some(7),
        roots: vec![root("bank")],
        gateways: [("c1".to_owned(), gateway)].into(),
        ..PeerDocument::default()
    }
}

fn orders() -> DeclaredExport {
    DeclaredExport {
        to: texts(&["bank"]),
        namespace: "web".to_owned(),
        service: "orders".to_owned(),
        selector: [("app".to_owned(), "orders".to_owned())].into(),
        ports: http(8080),
        identities: texts(&["web/orders"]),
        allow: texts(&["bank.example/ns/billing/sa/settlement"]),
    }
}

fn payments() -> DeclaredImport {
    DeclaredImport {
        from: "bank".to_owned(),
        namespace: "billing".to_owned(),
        service: "payments".to_owned(),
        hostname: "payments.bank.mesh".to_owned(),
        into: "web".to_owned(),
        identities: texts(&["billing/payments"]),
        ports: http(8080),
        ..DeclaredImport::default()
    }
}

/// Another mesh, which differs from `bank` in everything.
fn post() -> PeerDocument {
    let gateway = PeerGateway { addresses: texts(&["192.0.2.9"]), port: 15443, ..PeerGateway::default() };
    PeerDocument {
        mesh_id: "post".to_owned(),
        trust_domain: "post.example".to_owned(),
        roots: vec![root("post")],
        gateways: [("c1".to_owned(), gateway)].into(),
        ..bank()
    }
}

fn with_document(change: impl FnOnce(&mut PeerDocument)) -> Federation {
    with_peer(|peer| change(peer.document.as_mut().unwrap()))
}

fn with_peer(change: impl FnOnce(&mut DeclaredPeer)) -> Federation {
    let mut federation = partners();
    change(federation.peers.get_mut("bank").unwrap());
    federation
}

fn with_export(change: impl FnOnce(&mut DeclaredExport)) -> Federation {
    let mut federation = partners();
    change(federation.exports.get_mut("orders").unwrap());
    federation
}

fn with_import(change: impl FnOnce(&mut DeclaredImport)) -> Federation {
    let mut federation = partners();
    change(federation.imports.get_mut("payments").unwrap());
    federation
}

/// `partners` with the peer `post`, too.
fn with_post(document: PeerDocument) -> Federation {
    let mut federation = partners();
    let post = DeclaredPeer { document: Some(document), ..DeclaredPeer::default() };
    federation.peers.insert("post".to_owned(), post);
    federation
}

fn with_other(name: &str, record: FederationRecord) -> Federation {
    let record = MemberRecord { federation: Some(record), ..MemberRecord::new(MemberKind::Federation, name) };
    Federation { others: vec![record], ..partners() }
}

#[track_caller]
fn accepted(federation: &Federation) -> ValidatedFederation {
    let valid = federation.validate().unwrap_or_else(|found| panic!("{found:#?}"));
    assert_eq!(valid.warnings(), []);
    valid
}

/// The one thing that is wrong.
#[track_caller]
fn refused(federation: &Federation) -> String {
    let violations = federation.validate().unwrap_err();
    assert_eq!(violations.len(), 1, "{violations:#?}");
    assert_eq!(violations[0].severity(), Severity::Error);
    violations[0].to_string()
}

#[track_caller]
fn assert_refused(federation: &Federation, field: &str, text: &str) {
    let violation = refused(federation);
    assert!(violation.starts_with(&format!("{field}: ")) && violation.contains(text), "{violation}");
}

const DOCUMENT: &str = "peer[\"bank\"].document";

#[test]
fn a_federation_that_keeps_every_rule_is_accepted() {
    let valid = accepted(&partners());
    let [export] = valid.exports() else { panic!("{valid:?}") };
    assert_eq!(export.host("cluster.local"), "orders.web.svc.cluster.local");
    assert_eq!(export.server_names("k8s.shop"), ["outbound_.8080_._.orders.web.svc.k8s.shop"]);
    let [import] = valid.imports() else { panic!("{valid:?}") };
    let identities: Vec<String> = import.identities.iter().map(WorkloadIdentity::spiffe_id).collect();
    assert_eq!(identities, ["spiffe://bank.example/ns/billing/sa/payments"]);
    assert_eq!(import.addresses, [virtual_address("payments.bank.mesh").into()].into());
    let record = valid.record().federation.unwrap();
    assert_eq!(record.peers["bank"].root_keys, texts(&["key of bank"]));
    assert_eq!(record.exports["web/orders"], orders().selector);
    assert_eq!(record.imports["payments.bank.mesh"].len(), 1);
}

#[test]
fn a_peer_without_a_document_is_awaited() {
    let valid = accepted(&with_peer(|peer| peer.document = None));
    assert_eq!(valid.known_peers().count(), 0);
    assert_eq!((valid.open_exports().count(), valid.known_imports().count()), (0, 0));
    assert!(valid.record().federation.unwrap().peers.is_empty());
}

#[test]
fn a_federation_has_a_name_of_its_own() {
    assert_refused(&with_other("partners", FederationRecord::default()), "name", "another federation");
    accepted(&with_other("others", FederationRecord::default()));
    let cluster = MemberRecord::new(MemberKind::RemoteCluster, "partners");
    accepted(&Federation { others: vec![cluster], ..partners() });
    let long = Federation { name: "P".to_owned(), ..partners() };
    assert_refused(&long, "name", "is not a federation name");
}

#[test]
fn no_mesh_of_a_federation_has_the_default_trust_domain() {
    let mut own = partners();
    own.mesh.trust_domain = "cluster.local".to_owned();
    own.exports.clear();
    assert_refused(&own, "mesh", "\"cluster.local\" cannot be federated");
    let mut theirs = with_document(|bank| bank.trust_domain = "cluster.local".to_owned());
    theirs.exports.clear();
    assert_refused(&theirs, DOCUMENT, "\"cluster.local\" cannot be federated");
}

#[test]
fn trust_domains_are_host_names() {
    for trust_domain in ["10.0.0.1", "bank.0x1f"] {
        let mut federation = with_document(|bank| bank.trust_domain = trust_domain.to_owned());
        federation.exports.clear();
        assert_refused(&federation, DOCUMENT, "as a host name");
    }
    for trust_domain in ["my_bank.example", "bank.example.", "Bank.example", ""] {
        let mut federation = with_document(|bank| bank.trust_domain = trust_domain.to_owned());
        federation.exports.clear();
        assert_refused(&federation, DOCUMENT, "is not a trust domain");
    }
}

#[test]
fn names_of_services_end_in_a_domain() {
    let of = |domain: &str| with_document(|bank| bank.domain_suffix = Some(domain.to_owned()));
    accepted(&of("k8s.bank"));
    for domain in ["", "k8s bank", ".bank", "K8S"] {
        assert_refused(&of(domain), DOCUMENT, "is not a domain");
    }
}

#[test]
fn trust_domains_of_all_federations_differ() {
    for own in ["shop.example", "old.shop.example"] {
        let mut federation = with_document(|bank| bank.trust_domain = own.to_owned());
        federation.exports.clear();
        assert_refused(&federation, DOCUMENT, "is also one of this mesh");
    }
    accepted(&with_post(post()));
    let same = with_post(PeerDocument { trust_domain: "bank.example".to_owned(), ..post() });
    let violations = same.validate().unwrap_err();
    assert_eq!(violations.len(), 2, "each of the two: {violations:?}");
    assert!(violations[0].to_string().contains("also that of peer \"post\""));
    let trusted = |trust_domain: &str| {
        let peer = TrustedPeer { trust_domain: trust_domain.to_owned(), ..TrustedPeer::default() };
        FederationRecord { peers: [("b".to_owned(), peer)].into(), ..FederationRecord::default() }
    };
    let text = "also that of peer \"b\" of federation \"others\"";
    assert_refused(&with_other("others", trusted("bank.example")), DOCUMENT, text);
    accepted(&with_other("others", trusted("post.example")));
}

#[test]
fn equal_mesh_ids_are_only_worth_a_warning() {
    let valid = with_document(|bank| bank.mesh_id = "shop".to_owned()).validate().unwrap();
    let [warning] = valid.warnings() else { panic!("{valid:?}") };
    assert_eq!(warning.severity(), Severity::Warning);
}

#[test]
fn the_network_of_a_peer_is_none_of_the_mesh() {
    let mut of_primary = partners();
    of_primary.mesh.primaries.get_mut("east").unwrap().network = "federation-bank".to_owned();
    assert_refused(&of_primary, "peer[\"bank\"]", "\"federation-bank\"");
    let remote = |network: &str| MemberRecord {
        network: network.to_owned(),
        ..MemberRecord::new(MemberKind::RemoteCluster, "edge")
    };
    let of_remote = |network| Federation { others: vec![remote(network)], ..partners() };
    assert_refused(&of_remote("federation-bank"), "peer[\"bank\"]", "\"federation-bank\"");
    accepted(&of_remote("federation-post"));
}

#[test]
fn a_peer_has_roots_and_none_of_them_is_of_another_mesh() {
    assert_refused(&with_document(|bank| bank.roots.clear()), DOCUMENT, "has no root certificate");
    assert_refused(&with_document(|bank| bank.roots.push(root("shop"))), DOCUMENT, "a root of this mesh");
    accepted(&with_document(|bank| bank.roots.push(root("bank-2"))));
    let same = with_post(PeerDocument { roots: vec![root("post"), root("bank")], ..post() });
    assert!(same.validate().unwrap_err()[0].to_string().contains("a root of peer \"post\""));
    let trusted = |key: &str| {
        let peer = TrustedPeer { trust_domain: "b".to_owned(), root_keys: texts(&[key]) };
        FederationRecord { peers: [("b".to_owned(), peer)].into(), ..FederationRecord::default() }
    };
    assert_refused(&with_other("others", trusted("key of bank")), DOCUMENT, "of federation \"others\"");
    accepted(&with_other("others", trusted("key of post")));
}

#[test]
fn what_was_first_trusted_stays_unless_its_user_names_something_else() {
    let recorded = |trust_domain: &str, roots: &[&str], serial| {
        Some(RecordedPeer { trust_domain: trust_domain.to_owned(), roots: texts(roots), serial })
    };
    let known = |recorded| with_peer(|bank| bank.recorded = recorded);
    accepted(&known(recorded("bank.example", &["sha256:bank"], Some(7))));
    accepted(&known(recorded("bank.example", &["sha256:bank"], None)));
    assert_refused(&known(recorded("b.example", &["sha256:bank"], None)), DOCUMENT, "was \"b.example\"");
    assert_refused(&known(recorded("bank.example", &["sha256:other"], None)), DOCUMENT, "have changed");
    let both = ["sha256:bank", "sha256:bank-2"];
    assert_refused(&known(recorded("bank.example", &both, None)), DOCUMENT, "have changed");
    let newer = known(recorded("bank.example", &["sha256:bank"], Some(8)));
    assert_refused(&newer, DOCUMENT, "has the serial 7, which is older than the recorded 8");

    let named = |names: &[&str]| {
        let mut federation = known(recorded("bank.example", &["sha256:other"], None));
        federation.peers.get_mut("bank").unwrap().root_sha256 = texts(names);
        federation
    };
    accepted(&named(&["sha256:bank", "sha256:bank-2"]));
    accepted(&named(&["BA:NK"]));
    assert_refused(&named(&["sha256:other"]), DOCUMENT, "sha256:bank, which is not in root_sha256");
}

#[test]
fn a_mesh_with_revocation_lists_is_not_federated() {
    let mut federation = partners();
    federation.mesh.has_revocation_lists = true;
    assert_refused(&federation, "mesh", "ca-crl.pem");
    federation.peers.get_mut("bank").unwrap().document = None;
    accepted(&federation);
}

#[test]
fn bindings_and_modes_have_names() {
    for binding in ["none", "name_constraints"] {
        accepted(&with_peer(|peer| peer.trust_binding = Some(binding.to_owned())));
    }
    let other = with_peer(|peer| peer.trust_binding = Some("full".to_owned()));
    assert_refused(&other, "peer[\"bank\"].trust_binding", "\"full\" is not a valid trust_binding");
    accepted(&with_peer(|peer| peer.tls = Some("end_to_end".to_owned())));
    for (tls, text) in [("gateway", "not supported"), ("mutual", "not a valid value")] {
        assert_refused(&with_peer(|peer| peer.tls = Some(tls.to_owned())), "peer[\"bank\"].tls", text);
    }
}

#[test]
fn the_gateways_of_a_peer_are_outside_of_the_mesh() {
    let at = |address: &str| {
        with_document(|bank| bank.gateways.get_mut("c1").unwrap().addresses = texts(&[address]))
    };
    for (address, text) in [
        ("10.11.3.4", "is in 10.11.0.0/16"),
        ("::ffff:10.11.3.4", "is in 10.11.0.0/16"),
        ("10.96.0.1", "is in 10.96.0.0/12"),
        ("198.51.100.1", "is that of a gateway of this mesh"),
        ("::ffff:198.51.100.1", "is that of a gateway of this mesh"),
        ("LB.shop.example.", "is that of a gateway of this mesh"),
        ("127.0.0.1", "local machine"),
        ("gateway.mesh.svc.cluster.local", "name of a Service"),
        ("https://lb", "neither an IP address nor a host name"),
    ] {
        assert_refused(&at(address), DOCUMENT, text);
    }
    for address in ["10.12.0.1", "2001:db8::1", "lb.example"] {
        accepted(&at(address));
    }
    let remote = MemberRecord {
        pod_cidrs: texts(&["10.12.0.0/16"]),
        ..MemberRecord::new(MemberKind::RemoteCluster, "edge")
    };
    let joined = Federation { others: vec![remote], ..at("10.12.0.1") };
    assert_refused(&joined, DOCUMENT, "is in 10.12.0.0/16");
}

#[test]
fn a_gateway_has_a_port() {
    for port in [0, -1, 65536] {
        let federation = with_document(|bank| bank.gateways.get_mut("c1").unwrap().port = port);
        assert_refused(&federation, DOCUMENT, &format!("has the port {port}"));
    }
    accepted(&with_document(|bank| bank.gateways.get_mut("c1").unwrap().port = 65535));
}

#[test]
fn whatever_is_shared_has_a_gateway() {
    let mut closed = with_document(|bank| bank.gateways.clear());
    assert_refused(&closed, "import[\"payments\"].from", "has no address of a federation gateway");
    closed.imports.clear();
    accepted(&closed);
    let mut own = partners();
    own.mesh.primaries.get_mut("east").unwrap().gateway = None;
    assert_refused(&own, "export[\"orders\"]", "No primary of the mesh has a federation gateway");
    own.exports.clear();
    accepted(&own);
}

#[test]
fn exports_and_imports_are_of_peers_that_there_are() {
    let to = |peers: &[&str]| with_export(|export| export.to = texts(peers));
    assert_refused(&to(&["bank", "bnak"]), "export[\"orders\"].to", "no peer \"bnak\"; it has bank.");
    assert_refused(&to(&[]), "export[\"orders\"].to", "is for no peer");
    let from = with_import(|import| import.from = "bnak".to_owned());
    assert_refused(&from, "import[\"payments\"].from", "no peer \"bnak\"; it has bank.");
}

#[test]
fn who_serves_is_pinned_by_identities_of_its_own_trust_domain() {
    for text in [
        "billing/payments",
        "bank.example/ns/billing/sa/payments",
        "spiffe://bank.example/ns/billing/sa/payments",
    ] {
        accepted(&with_import(|import| import.identities = texts(&[text])));
    }
    let import = |names: &[&str]| with_import(|import| import.identities = texts(names));
    let field = "import[\"payments\"].identities";
    assert_refused(&import(&[]), field, "accept any");
    assert_refused(&import(&["*"]), field, "is not the identity of a workload");
    assert_refused(
        &import(&["shop.example/ns/billing/sa/payments"]),
        field,
        "not of the trust domain bank.example",
    );
    let export = |names: &[&str]| with_export(|export| export.identities = texts(names));
    let field = "export[\"orders\"].identities";
    assert_refused(&export(&[]), field, "accept any");
    assert_refused(
        &export(&["bank.example/ns/web/sa/orders"]),
        field,
        "not of the trust domain shop.example",
    );
    accepted(&export(&["web/orders", "web/orders-canary"]));
}

#[test]
fn who_may_call_is_of_a_peer_for_which_the_export_is() {
    let allow = |names: &[&str]| with_export(|export| export.allow = texts(names));
    let field = "export[\"orders\"].allow";
    assert_refused(&allow(&[]), field, "No identity is allowed");
    assert_refused(&allow(&["billing/settlement"]), field, "has no trust domain");
    assert_refused(&allow(&["bank.example/*"]), field, "is not the identity of a workload");
    assert_refused(&allow(&["shop.example/ns/a/sa/b"]), field, "not of the trust domain bank.example");
    let of_post = "post.example/ns/parcels/sa/labels";
    let mut both = with_post(post());
    both.exports.get_mut("orders").unwrap().allow.insert(of_post.to_owned());
    assert_refused(&both, field, "not of the trust domain bank.example");
    both.exports.get_mut("orders").unwrap().to.insert("post".to_owned());
    accepted(&both);
    // Which trust domain an awaited peer has is not known.
    both.peers.get_mut("post").unwrap().document = None;
    accepted(&both);
}

#[test]
fn a_service_and_its_pods_are_exported_once() {
    let with_second = |change: fn(&mut DeclaredExport)| {
        let mut second = DeclaredExport { service: "orders-admin".to_owned(), ..orders() };
        change(&mut second);
        let mut federation = partners();
        federation.exports.insert("second".to_owned(), second);
        federation
    };
    accepted(&with_second(|_| {}));
    let other_caller = |second: &mut DeclaredExport| second.allow = texts(&["bank.example/ns/a/sa/admin"]);
    let shared = with_second(other_caller).validate().unwrap_err();
    assert_eq!(shared.len(), 2, "each of the two: {shared:?}");
    assert!(shared[0].to_string().contains("also exported as \"second\""), "{}", shared[0]);
    accepted(&with_second(|second| {
        second.allow = texts(&["bank.example/ns/a/sa/admin"]);
        second.selector = [("app".to_owned(), "admin".to_owned())].into();
    }));
    let twice = with_second(|second| second.service = "orders".to_owned()).validate().unwrap_err();
    assert!(
        twice[0].to_string().contains("web/orders is also exported by export \"second\""),
        "{}",
        twice[0]
    );

    let exports = |service: &str, app: &str| FederationRecord {
        exports: [(service.to_owned(), [("app".to_owned(), app.to_owned())].into())].into(),
        ..FederationRecord::default()
    };
    let field = "export[\"orders\"].service";
    assert_refused(&with_other("others", exports("web/orders", "x")), field, "by federation \"others\"");
    assert_refused(&with_other("others", exports("web/admin", "orders")), field, "web/admin of federation");
    accepted(&with_other("others", exports("shop/orders", "orders")));
    assert_refused(&with_export(|export| export.selector.clear()), field, "has no selector");
}

#[test]
fn ports_are_numbers_with_a_protocol_that_passes_gateways() {
    let port = |number, protocol: &str| {
        let protocol = protocol.to_owned();
        with_import(|import| import.ports = [("web".to_owned(), DeclaredPort { number, protocol })].into())
    };
    for protocol in Protocol::ALL {
        accepted(&port(1, protocol.name()));
    }
    let field = "import[\"payments\"].port[\"web\"]";
    for number in [0, 65536, -1] {
        assert_refused(&port(number, "HTTP"), &format!("{field}.number"), "is not a port number");
    }
    for protocol in ["UDP", "http", ""] {
        assert_refused(&port(80, protocol), &format!("{field}.protocol"), "HTTP, HTTP2, GRPC");
    }
    let none = with_export(|export| export.ports.clear());
    assert_refused(&none, "export[\"orders\"].port", "has no port");
    let twice = with_import(|import| {
        import.ports.insert("http-2".to_owned(), import.ports["http"].clone());
    });
    assert_refused(&twice, "import[\"payments\"].port", "The port 8080 has several names");
}

#[test]
fn the_name_of_an_import_is_of_nothing_else() {
    let named = |hostname: &str| with_import(|import| import.hostname = hostname.to_owned());
    let field = "import[\"payments\"].hostname";
    for (hostname, text) in [
        ("payments", "is not a host name"),
        ("*.bank.mesh", "is not a host name"),
        ("Payments.bank.mesh", "is not a host name"),
        ("192.0.2.1", "is not a host name"),
        ("payments.billing.svc.cluster.local", "is a name of Services of this mesh"),
        ("payments.bank.local", "is below local"),
    ] {
        assert_refused(&named(hostname), field, text);
    }
    for hostname in ["payments.bank.example", "payments.svc.bank", "paymentslocal.x", "xlocal.notlocal"] {
        accepted(&named(hostname));
    }
    let mut other_domain = named("payments.bank.k8s.shop");
    accepted(&other_domain);
    other_domain.mesh.domain_suffix = Some("k8s.shop".to_owned());
    assert_refused(&other_domain, field, "is below k8s.shop");

    let mut twice = partners();
    let addresses = texts(&["198.18.0.1"]);
    twice.imports.insert("again".to_owned(), DeclaredImport { addresses, ..payments() });
    assert!(twice.validate().unwrap_err()[0].to_string().contains("also the name of import \"payments\""));
    let imports = |name: &str, address: &str| FederationRecord {
        imports: [(name.to_owned(), texts(&[address]))].into(),
        ..FederationRecord::default()
    };
    assert_refused(&with_other("others", imports("payments.bank.mesh", "")), field, "federation \"others\"");
    accepted(&with_other("others", imports("payments.post.mesh", "198.18.0.1")));
    let own = virtual_address("payments.bank.mesh").to_string();
    let text = format!("{own} is also an address of an import of federation \"others\"");
    assert_refused(&with_other("others", imports("x.y", &own)), "import[\"payments\"].addresses", &text);
}

#[test]
fn the_addresses_of_an_import_are_of_no_machine() {
    let at = |address: &str| with_import(|import| import.addresses = texts(&[address]));
    let field = "import[\"payments\"].addresses";
    for (address, text) in [
        ("10.11.0.1", "a range of pods or Services of this mesh"),
        ("240.240.0.1", "istiod assigns addresses of 240.240.0.0/16"),
        ("2001:2::1", "istiod assigns addresses of 2001:2::/48"),
        ("payments", "it is not an IP address"),
    ] {
        assert_refused(&at(address), field, text);
    }
    accepted(&at("198.18.0.1"));
    accepted(&at("fd00::1"));
    let mut two = at("198.18.0.1");
    let hostname = "refunds.bank.mesh".to_owned();
    two.imports.insert("refunds".to_owned(), DeclaredImport { hostname, ..two.imports["payments"].clone() });
    assert!(two.validate().unwrap_err()[0].to_string().contains("is also an address of import"));
}

#[test]
fn an_address_follows_from_the_name_and_is_none_of_istiods() {
    let range: Cidr = "240.248.0.0/13".parse().unwrap();
    let names: Vec<String> = (0..100).map(|number| format!("payments-{number}.bank.mesh")).collect();
    let addresses: BTreeSet<_> = names.iter().map(|name| virtual_address(name)).collect();
    assert_eq!(addresses.len(), 100, "no two of them are one");
    assert!(addresses.iter().all(|address| range.contains((*address).into())));
    assert_eq!(virtual_address("payments.bank.mesh").to_string(), "240.248.88.197");
}

#[test]
fn settings_of_an_import_are_read() {
    for dns in ["capture", "service"] {
        accepted(&with_import(|import| import.dns = Some(dns.to_owned())));
    }
    let other = with_import(|import| import.dns = Some("hosts".to_owned()));
    assert_refused(&other, "import[\"payments\"].dns", "not a valid value of dns");
    for (text, is_right) in [
        ("1ms", true),
        ("90s", true),
        ("2h", true),
        ("0s", false),
        ("5", false),
        ("-1s", false),
        ("+1s", false),
        ("1m30s", false),
        ("", false),
    ] {
        let federation = with_import(|import| import.connection.connect_timeout = Some(text.to_owned()));
        if is_right {
            accepted(&federation);
        } else {
            assert_refused(
                &federation,
                "import[\"payments\"].connection.connect_timeout",
                "is not a duration",
            );
        }
    }
    for failures in [0, 101] {
        let federation = with_import(|import| import.connection.failures = Some(failures));
        assert_refused(&federation, "import[\"payments\"].connection.failures", "not a number from 1 to 100");
    }
    let seen = |names: &[&str]| with_import(|import| import.visible_to = texts(names));
    let visibility = |federation: &Federation| accepted(federation).imports()[0].visibility.clone();
    assert_eq!(visibility(&seen(&[])), Visibility::Own);
    assert_eq!(visibility(&seen(&["*", "web"])), Visibility::All);
    assert!(matches!(visibility(&seen(&["web"])), Visibility::Namespaces(_)));
    assert_refused(&seen(&["."]), "import[\"payments\"].visible_to", "is not a namespace name");
}

#[test]
fn a_peer_has_a_network_of_its_own_however_long_its_name_is() {
    let peer = |name: &str| {
        let mut federation = partners();
        federation.peers.insert(name.to_owned(), DeclaredPeer::default());
        let valid = accepted(&federation);
        valid.peers().iter().find(|peer| peer.name.as_str() == name).unwrap().network()
    };
    let (one, other) = (peer(&format!("{}-1", "b".repeat(61))), peer(&format!("{}-2", "b".repeat(61))));
    assert!(one != other && one.parse::<Network>().is_ok() && other.parse::<Network>().is_ok());
    assert_eq!(peer("post"), "federation-post");
}
