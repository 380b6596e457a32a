use acceptance_tests::Fixture;
use serde_json::{Value, json};

use crate::entrance::{answers, example, istiod_runs_with, status};

/// A root as `openssl` makes it.
fn root() -> String {
    let directory = tempfile::tempdir().unwrap();
    let (key, certificate) = (directory.path().join("key.pem"), directory.path().join("cert.pem"));
    let mut openssl = std::process::Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl.args(["-subj", "/O=bank.example/CN=Root CA", "-days", "30", "-keyout"]).arg(&key);
    acceptance_tests::official::output(openssl.arg("-out").arg(&certificate), "");
    std::fs::read_to_string(certificate).unwrap()
}

/// The trust domains that a mesh configuration accepts besides its own.
fn trusted(mesh: &Value) -> Vec<&str> {
    let entries = mesh["caCertificates"].as_array().into_iter().flatten();
    entries
        .flat_map(|entry| entry["trustDomains"].as_array().into_iter().flatten())
        .filter_map(Value::as_str)
        .collect()
}

/// A record as a federation will write it.
fn record(name: &str, trust_domain: &str) -> String {
    let document = json!({"caCertificates": [{"pem": root(), "trustDomains": [trust_domain]}]});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {
            "name": name, "namespace": "istio-system",
            "labels": {"terraform-provider-istio/record-of": "shared-mesh-config"},
        },
        "data": {"mesh": document.to_string()},
    })
    .to_string()
}

pub fn a_mesh_is_ready_for_others_and_trusts_whom_the_records_name(fixture: &Fixture) {
    let workspace = example(fixture, "federation-gateway", &json!({}));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    workspace.assert_well();

    let seen = status(&workspace);
    assert_eq!(
        (&seen["federation_gateway"], &seen["shared_mesh_config"]),
        (&json!("ready"), &json!("ready"))
    );
    let peer = workspace.resource("istio_mesh.shop")["peer"].clone();
    let gateway = &peer["federation_gateways"]["east"];
    assert_eq!(gateway["addresses"], seen["federation_gateway_addresses"]);
    assert_eq!(gateway["port"], 15443);
    assert_eq!(peer["gateways"], json!({}));
    let address = format!("{}:15443", gateway["addresses"][0].as_str().unwrap());
    assert!(!answers(&address, "outbound_.443_._.kubernetes.default.svc.cluster.local"), "it is closed");

    let mesh = istiod_runs_with(fixture, |mesh| mesh["trustDomain"] == "shop.example");
    assert_eq!(trusted(&mesh), [""; 0]);
    let metadata = &mesh["defaultConfig"]["proxyMetadata"];
    assert_eq!(
        (&metadata["ISTIO_META_DNS_CAPTURE"], &metadata["PROXY_CONFIG_XDS_AGENT"]),
        (&json!("true"), &json!("true"))
    );

    // Another resource adds its record: the next apply composes.
    fixture.kubectl_with("east", &["apply", "-f", "-"], &record("federation-bank", "bank.example"));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(
        plan.output.contains("the shared mesh configuration does not match its records"),
        "{}",
        plan.output
    );
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    istiod_runs_with(fixture, |mesh| trusted(mesh) == ["bank.example"]);

    // istiod cannot read its own configuration, and still knows who the mesh is and whom it trusts.
    let broken = json!({"data": {"mesh": "trustDomain: shop.example\nenableTracing: \"yes\"\n"}}).to_string();
    fixture.kubectl("east", &["-n", "istio-system", "patch", "cm", "istio", "--type=merge", "-p", &broken]);
    let mesh = istiod_runs_with(fixture, |mesh| mesh["defaultConfig"].get("proxyMetadata").is_none());
    assert_eq!((&mesh["trustDomain"], trusted(&mesh)), (&json!("shop.example"), vec!["bank.example"]));
    workspace.apply().succeeded();
    istiod_runs_with(fixture, |mesh| {
        mesh["defaultConfig"]["proxyMetadata"]["PROXY_CONFIG_XDS_AGENT"] == "true"
    });

    // Someone else's edits are seen and taken back.
    let emptied = json!({"data": {"mesh": "", "meshNetworks": "networks: {}"}}).to_string();
    fixture.kubectl(
        "east",
        &["-n", "istio-system", "patch", "cm", "shared-mesh-config", "--type=merge", "-p", &emptied],
    );
    istiod_runs_with(fixture, |mesh| trusted(mesh).is_empty());
    workspace.apply().succeeded();
    istiod_runs_with(fixture, |mesh| trusted(mesh) == ["bank.example"]);
    let data = fixture.kubectl(
        "east",
        &["-n", "istio-system", "get", "cm", "shared-mesh-config", "-o", "jsonpath={.data}"],
    );
    assert!(!data.contains("meshNetworks"), "{data}");
    let added = json!({"data": {"mesh": "trustDomain: shop.example\ncaCertificates: []\n"}}).to_string();
    fixture.kubectl("east", &["-n", "istio-system", "patch", "cm", "istio", "--type=merge", "-p", &added]);
    let plan = workspace.plan();
    assert!(plan.output.contains("data.mesh: caCertificates"), "{}", plan.output);
    workspace.apply().succeeded();
    workspace.assert_no_changes();

    workspace.destroy().succeeded();
    fixture.assert_only_crds_remain("east");
}
