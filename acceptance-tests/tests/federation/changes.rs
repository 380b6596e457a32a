//! What changes while calls run: nothing that does not concern a call makes it fail.

use acceptance_tests::Fixture;
use acceptance_tests::authority::Authority;
use serde_json::{Value, json};

use super::meshes::{BANK_URL, CLUSTERS, SHOP, SHOP_URL, federated, status};

const CALLERS: [(&str, &str); 2] = [("east", BANK_URL), ("bank", SHOP_URL)];
const MESH_CONFIG: [&str; 5] = ["-n", "istio-system", "get", "configmap", "istio"];

pub fn calls_go_on_while_other_federations_come_and_go(fixture: &Fixture) {
    let workspace = federated(fixture);
    let example = Fixture::example_text("multi-mesh");
    for (caller, url) in CALLERS {
        fixture.settle_at(caller, url, if caller == "bank" { &SHOP } else { &["bank"] });
    }
    let lives = fixture.lives(&CLUSTERS);
    let (post, news) = (document("post"), document("news"));
    fixture.under_traffic_at(&CALLERS, || {
        workspace.configure(&(example.clone() + &federation(&[("post", &post)])));
        workspace.apply().succeeded();
        assert_eq!(trusted(fixture), ["post.example", "shop.example"]);
        assert_eq!(status(&workspace, "istio_mesh_federation.more")["peers"], json!({"post": "ready"}));
        workspace.assert_well();

        // One goes and another one comes in the same apply.
        workspace.configure(&(example.clone() + &federation(&[("news", &news)])));
        workspace.apply().succeeded();
        assert_eq!(trusted(fixture), ["news.example", "shop.example"]);
        workspace.configure(&example);
        workspace.apply().succeeded();
        assert_eq!(trusted(fixture), ["shop.example"]);

        // A ConfigMap that istiod cannot read takes nothing away from the federation.
        let config = fixture.kubectl("bank", &[&MESH_CONFIG[..], &["-o", "json"]].concat());
        let mut config: Value = serde_json::from_str(&config).expect("JSON");
        let good = config["data"]["mesh"].clone();
        for text in [&json!("defaultConfig:\n  proxyMetadata: {X: true}\n"), &good] {
            config["data"]["mesh"] = text.clone();
            config["metadata"].as_object_mut().expect("metadata").remove("resourceVersion");
            fixture.kubectl_with("bank", &["replace", "-f", "-"], &config.to_string());
            std::thread::sleep(std::time::Duration::from_secs(5));
        }
    });
    fixture.assert_alive(&lives);
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
}

/// What a mesh of this name says of itself.
fn document(name: &str) -> Value {
    json!({
        "format": 1, "mesh_id": name, "trust_domain": format!("{name}.example"), "namespace": "istio-system",
        "root_certificates": Authority::new().root(),
        "federation_gateways": {name: {"network": "net", "addresses": ["198.51.100.7"], "port": 15443}},
    })
}

/// Another federation of the bank, with these peers.
fn federation(peers: &[(&str, &Value)]) -> String {
    let peer = |(name, document): &(&str, &Value)| {
        format!("  peer {name:?} {{\n    document = jsondecode({:?})\n  }}\n", document.to_string())
    };
    let peers: String = peers.iter().map(peer).collect();
    format!(
        "\nresource \"istio_mesh_federation\" \"more\" {{\n  name = \"more\"\n  mesh = istio_mesh.bank.join\n{peers}}}\n"
    )
}

/// The trust domains that the bank trusts beside its own, sorted.
fn trusted(fixture: &Fixture) -> Vec<String> {
    let shared =
        ["-n", "istio-system", "get", "configmap", "shared-mesh-config", "-o", "jsonpath={.data.mesh}"];
    let config: Value = serde_json::from_str(&fixture.kubectl("bank", &shared)).expect("JSON");
    let entries = config["caCertificates"].as_array().into_iter().flatten();
    let mut domains: Vec<String> =
        entries.filter_map(|entry| entry["trustDomains"][0].as_str().map(str::to_owned)).collect();
    domains.sort();
    domains
}
