//! Both directions at once, one mesh with two primaries.

use acceptance_tests::remote::proof::identities;
use acceptance_tests::{Fixture, Workspace};
use lab::sample;
use serde_json::json;

use super::meshes::{BANK_URL, CLUSTERS, SHOP, SHOP_URL, federated_as, ready, status, without_federations};

const SHOP_SIDE: &str = "istio_mesh_federation.shop";
const BANK_SIDE: &str = "istio_mesh_federation.bank";

pub fn meshes_use_each_others_services_and_nothing_else(fixture: &Fixture) {
    let workspace = with_one_primary(fixture);
    // A primary joins the federated mesh.
    fixture.kubectl("west", &["create", "namespace", sample::NAMESPACE]);
    workspace.configure(&Fixture::example_text("multi-mesh"));
    fixture.under_traffic_at(&[("east", BANK_URL), ("bank", SHOP_URL)], || {
        workspace.apply().succeeded();
    });
    fixture.start_sample(&["west"]);
    assert_eq!(status(&workspace, SHOP_SIDE), ready("bank", "bank-echo"));
    assert_eq!(status(&workspace, BANK_SIDE), ready("shop", "shop-echo"));
    workspace.assert_well();

    for caller in SHOP {
        let answers = fixture.settle_at(caller, BANK_URL, &["bank"]);
        let client = identities(&answers.output, "URI=");
        assert_eq!(client, ["spiffe://shop.example/ns/sample/sa/default"].into(), "{}", answers.output);
        let server = identities(&answers.output, "By=");
        assert_eq!(server, ["spiffe://bank.example/ns/sample/sa/default"].into(), "{}", answers.output);
        let answers = fixture.call_at(caller, BANK_URL, 100);
        assert_eq!(answers.codes, [("200".to_owned(), 100)].into(), "{caller}: {}", answers.output);
    }
    fixture.settle_at("bank", SHOP_URL, &SHOP);
    let answers = fixture.call_at("bank", SHOP_URL, 100);
    assert_eq!(answers.codes, [("200".to_owned(), 100)].into(), "{}", answers.output);
    for cluster in CLUSTERS {
        let own: &[&str] = if cluster == "bank" { &["bank"] } else { &SHOP };
        fixture.settle(cluster, own);
    }

    workspace.configure(&without_federations());
    workspace.apply().succeeded();
    for cluster in CLUSTERS {
        let trusted = fixture.kubectl(
            cluster,
            &["-n", "istio-system", "get", "configmap", "shared-mesh-config", "-o", "jsonpath={.data.mesh}"],
        );
        let trusted: serde_json::Value = serde_json::from_str(&trusted).unwrap();
        assert_eq!(trusted["caCertificates"], json!(null), "{cluster}");
        let kinds = "authorizationpolicy,serviceentry,gateways.networking.istio.io,destinationrule,configmap";
        let left = fixture.kubectl(cluster, &["get", kinds, "-A", "-o", "name"]);
        let left: Vec<&str> = left.lines().filter(|name| name.contains("federation")).collect();
        assert!(left.is_empty(), "{cluster}: {left:?}");
    }
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
}

/// Both meshes with their federations, the shop with its first primary only.
fn with_one_primary(fixture: &Fixture) -> Workspace {
    let example = Fixture::example_text("multi-mesh");
    let begin = example.find("  primary \"west\"").expect("the second primary");
    let end = begin + example[begin..].find("\n  }\n").expect("its end") + 5;
    let workspace =
        federated_as(fixture, &(example[..begin].to_owned() + &example[end..]), &["east", "bank"]);
    fixture.settle_at("east", BANK_URL, &["bank"]);
    fixture.settle_at("bank", SHOP_URL, &["east"]);
    workspace
}
