//! What the golden files do not show: order, refusals, and that both sides fit.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::desired::{Stage, object};
use crate::mesh::Federation;

/// `shop`, which exports `orders` to `bank` and imports `payments` from it, with a change.
fn shop(change: impl FnOnce(&mut Value)) -> ValidatedFederation {
    let mut federation = json!({
        "name": "partners",
        "mesh": {
            "trust_domain": "shop.example", "namespace": "istio-system", "domain_suffix": "k8s.shop",
            "primaries": {"east": {"gateway": {"namespace": "istio-federation"}}, "west": {}},
        },
        "peer": {"bank": {"document": document("bank.example", "k8s.bank")}},
        "export": {"orders": {
            "to": ["bank"], "namespace": "web", "service": "orders", "selector": {"app": "orders"},
            "port": ports(), "identities": ["web/orders"], "allow": ["bank.example/ns/billing/sa/settlement"],
        }},
        "import": {"payments": {
            "from": "bank", "namespace": "billing", "service": "payments", "hostname": "payments.bank.mesh",
            "into": "web", "port": ports(), "identities": ["billing/payments"], "dns": "service",
        }},
    });
    change(&mut federation);
    serde_json::from_value::<Federation>(federation).unwrap().validate().unwrap()
}

fn document(trust_domain: &str, domain_suffix: &str) -> Value {
    json!({
        "trust_domain": trust_domain, "namespace": "istio-system", "domain_suffix": domain_suffix,
        "roots": [{"pem": "ROOT", "sha256": "sha256:root", "key": "sha256:key"}],
        "gateways": {"c1": {"addresses": ["192.0.2.1"], "port": 15443}},
    })
}

fn ports() -> Value {
    json!({"http": {"number": 8080, "protocol": "HTTP"}, "db": {"number": 5432, "protocol": "TCP"}})
}

fn set(federation: &ValidatedFederation, primary: &str) -> ManifestSet {
    let bound = [("sha256:root".to_owned(), "BOUND".to_owned())].into();
    render_federation(federation, &primary.parse().unwrap(), &bound).unwrap()
}

fn of_kind<'a>(set: &'a ManifestSet, kind: &str) -> Vec<&'a Value> {
    let objects = set.manifests().iter().map(|manifest| manifest.object.as_ref());
    objects.filter(|it| object::kind(it) == kind).collect()
}

#[test]
fn other_meshes_are_denied_first_and_what_is_imported_comes_last() {
    let stages = |primary: &str| {
        let set = set(&shop(|_| {}), primary);
        set.stages().map(|(stage, _)| stage).collect::<Vec<_>>()
    };
    let east = [Stage::Configuration, Stage::Policies, Stage::Trust, Stage::Exports, Stage::Imports];
    assert_eq!(stages("east"), east);
    assert_eq!(stages("west"), east.into_iter().filter(|it| *it != Stage::Exports).collect::<Vec<_>>());
}

#[test]
fn a_rule_comes_before_the_entry_that_it_is_for() {
    let set = set(&shop(|_| {}), "east");
    let imports = set.manifests().iter().filter(|it| it.stage == Stage::Imports);
    let kinds: Vec<&str> = imports.map(|it| object::kind(&it.object)).collect();
    let expected = ["DestinationRule", "ServiceEntry", "DestinationRule", "Service", "ServiceEntry"];
    assert_eq!(kinds, expected);
}

#[test]
fn a_root_that_is_not_bound_is_not_trusted_unless_its_user_says_so() {
    let east = "east".parse().unwrap();
    let error = render_federation(&shop(|_| {}), &east, &BoundRoots::new()).unwrap_err();
    assert!(error.to_string().contains("the root sha256:root of a peer has not been bound"), "{error}");
    let open = shop(|it| it["peer"]["bank"]["trust_binding"] = json!("none"));
    let set = render_federation(&open, &east, &BoundRoots::new()).unwrap();
    let trusted = of_kind(&set, "ConfigMap").into_iter().find(|it| it["data"]["mesh"].is_string()).unwrap();
    assert!(trusted["data"]["mesh"].as_str().unwrap().contains("\"pem\": \"ROOT\""));
}

#[test]
fn of_an_awaited_peer_there_is_nothing_but_records() {
    let set = set(&shop(|it| it["peer"]["bank"] = json!({})), "east");
    let kinds: Vec<&str> = set.manifests().iter().map(|it| object::kind(&it.object)).collect();
    assert_eq!(kinds, ["ConfigMap", "ConfigMap"]);
}

#[test]
fn policies_only_deny() {
    let set = set(&shop(|_| {}), "east");
    let policies = of_kind(&set, "AuthorizationPolicy");
    assert_eq!(policies.len(), 2);
    assert!(policies.iter().all(|policy| policy["spec"]["action"] == "DENY"));
}

#[test]
fn identities_are_pinned_wherever_an_import_is_called() {
    let set = set(&shop(|_| {}), "east");
    let pins = json!(["spiffe://bank.example/ns/billing/sa/payments"]);
    for entry in of_kind(&set, "ServiceEntry") {
        assert_eq!(entry["spec"]["subjectAltNames"], pins);
        for endpoint in entry["spec"]["endpoints"].as_array().unwrap() {
            assert_eq!(endpoint["labels"], json!({"security.istio.io/tlsMode": "istio"}));
        }
    }
    for rule in of_kind(&set, "DestinationRule") {
        let settings = rule["spec"]["trafficPolicy"]["portLevelSettings"].as_array().unwrap();
        assert_eq!(settings.len(), 2);
        assert!(
            settings
                .iter()
                .all(|it| it["tls"]["subjectAltNames"] == pins && it["tls"]["mode"] == "ISTIO_MUTUAL")
        );
    }
}

#[test]
fn an_importer_calls_by_the_server_names_that_the_exporter_does_not_deny() {
    // The other side: `bank` exports what `shop` imports.
    let bank = shop(|it| {
        it["mesh"] = json!({
            "trust_domain": "bank.example", "namespace": "istio-system", "domain_suffix": "k8s.bank",
            "primaries": {"c1": {"gateway": {"namespace": "istio-federation"}}},
        });
        it["peer"] = json!({"shop": {"document": document("shop.example", "k8s.shop")}});
        it["export"] = json!({"payments": {
            "to": ["shop"], "namespace": "billing", "service": "payments", "selector": {"app": "payments"},
            "port": ports(), "identities": ["billing/payments"], "allow": ["shop.example/ns/web/sa/checkout"],
        }});
        it["import"] = json!({});
    });
    let (importer, exporter) = (set(&shop(|_| {}), "east"), set(&bank, "c1"));
    let called: BTreeSet<&str> = of_kind(&importer, "DestinationRule")
        .into_iter()
        .flat_map(|rule| rule["spec"]["trafficPolicy"]["portLevelSettings"].as_array().unwrap())
        .map(|settings| settings["tls"]["sni"].as_str().unwrap())
        .collect();
    let policies = of_kind(&exporter, "AuthorizationPolicy");
    let rule = &policies.iter().find(|it| it["metadata"]["name"] == "federation-partners").unwrap()["spec"]["rules"]
        [0];
    let open: BTreeSet<&str> =
        rule["when"][0]["notValues"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    assert_eq!(called, open);
    assert_eq!(rule["from"][0]["source"]["principals"], json!(["shop.example/*"]));
    let hosts = &of_kind(&exporter, "Gateway")[0]["spec"]["servers"][0]["hosts"];
    assert_eq!(*hosts, json!(["billing/payments.billing.svc.k8s.bank"]));
}

#[test]
fn names_fit_into_kubernetes_and_no_two_federations_share_one() {
    let names = |federation: &str, share: &str| -> BTreeSet<String> {
        let federation = shop(|it| {
            it["name"] = json!(federation);
            for block in ["export", "import"] {
                let shared = it[block].as_object().unwrap().values().next().unwrap().clone();
                it[block] = json!({share: shared});
            }
        });
        let set = set(&federation, "east");
        let objects = set.manifests().iter().map(|it| &it.object).filter(|it| object::kind(it) != "Service");
        objects.map(|it| object::describe(it)).collect()
    };
    let longest = names(&"f".repeat(63), &"s".repeat(63));
    assert!(longest.iter().all(|name| name.rsplit('/').next().unwrap().len() <= 253), "{longest:?}");
    assert!(names("a-b", "c").is_disjoint(&names("a", "b-c")));
}
