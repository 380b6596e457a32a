//! Who may call what: each refusal is first seen to pass with the one fact changed.

use std::thread::sleep;
use std::time::{Duration, Instant};

use acceptance_tests::Fixture;
use lab::probe::{Answers, Pods};
use lab::sample;
use serde_json::{Value, json};

use super::meshes::{BANK_URL, CLUSTERS, federated, start_client};

const HIDDEN_URL: &str = "http://hidden.bank.mesh:5000/";
/// How long proxies may take to have what an apply has written.
const SETTLED: Duration = Duration::from_mins(1);

pub fn whoever_is_not_allowed_is_denied_and_nothing_else_is_open(fixture: &Fixture) {
    let workspace = federated(fixture);
    let example = Fixture::example_text("multi-mesh");
    fixture.settle_at("east", BANK_URL, &["bank"]);

    // Another caller of the same mesh.
    start_client(fixture, "east", "other");
    settle(fixture, "other", BANK_URL, "403");
    let client = "allow      = [\"shop.example/ns/sample/sa/default\"]";
    let both = client.replace('[', "[\"shop.example/ns/sample/sa/other\", ");
    assert_eq!(example.matches(client).count(), 1, "the bank's export");
    workspace.configure(&example.replace(client, &both));
    workspace.apply().succeeded();
    settle(fixture, "other", BANK_URL, "200");
    workspace.configure(&example);
    workspace.apply().succeeded();
    settle(fixture, "other", BANK_URL, "403");
    fixture.settle_at("east", BANK_URL, &["bank"]);

    // A Service that is not exported, by whoever knows how.
    fixture.start_in_one("hidden", "bank", &["bank"]);
    fixture.settle_at("bank", &sample::url("hidden"), &["bank"]);
    let gateway =
        workspace.resource("istio_mesh.bank")["peer"]["federation_gateways"]["bank"]["addresses"][0].clone();
    fixture.kubectl_with("east", &["apply", "-f", "-"], &by_hand(&gateway).to_string());
    settle(fixture, "client", HIDDEN_URL, "503");
    let (echo, rest) =
        (example.find("  export \"echo\"").unwrap(), example.rfind("  export \"echo\"").unwrap());
    assert!(rest > echo, "the bank's export is the last one");
    let mut export = example[rest..rest + example[rest..].find("\n  }\n").unwrap() + 5].to_owned();
    export = export.replace("export \"echo\"", "export \"hidden\"").replace("= \"echo\"", "= \"hidden\"");
    workspace.configure(&format!("{}{export}{}", &example[..rest], &example[rest..]));
    workspace.apply().succeeded();
    settle(fixture, "client", HIDDEN_URL, "200");
    workspace.configure(&example);
    workspace.apply().succeeded();
    settle(fixture, "client", HIDDEN_URL, "503");
    fixture.settle_at("bank", &sample::url("hidden"), &["bank"]);

    // A Gateway of somebody else that opens the bank's gateway, too.
    fixture.apply("bank", &tenants_gateway());
    let plan = workspace.plan();
    let said = "Cluster \"bank\": something else opens the federation gateway";
    assert!(plan.output.contains(said) && plan.output.contains("sample/tenant"), "{}", plan.output);
    workspace.configure(&example.replace(client, &both));
    let apply = workspace.apply();
    assert!(apply.code == 1 && apply.output.contains(said), "{}", apply.output);
    fixture.kubectl("bank", &["-n", sample::NAMESPACE, "delete", "gateways.networking.istio.io", "tenant"]);
    workspace.configure(&example);
    workspace.assert_well();

    // Pods that do not have the identity that is pinned.
    let pinned = "into       = \"sample\"\n    identities = [\"sample/default\"]";
    assert_eq!(example.matches(pinned).count(), 1, "the shop's import");
    workspace.configure(&example.replace(pinned, &pinned.replace("sample/default", "sample/other")));
    workspace.apply().succeeded();
    settle(fixture, "client", BANK_URL, "503");
    workspace.configure(&example);
    workspace.apply().succeeded();
    fixture.settle_at("east", BANK_URL, &["bank"]);

    fixture.kubectl("east", &["-n", sample::NAMESPACE, "delete", "serviceentry,destinationrule", "by-hand"]);
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
}

/// What calls a Service that nobody has exported.
fn by_hand(gateway: &Value) -> Value {
    let metadata = json!({"name": "by-hand", "namespace": sample::NAMESPACE});
    let endpoint = json!({
        "address": gateway, "ports": {"http": 15443}, "network": "federation-bank",
        "labels": {"security.istio.io/tlsMode": "istio"},
    });
    let entry = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "ServiceEntry", "metadata": metadata,
        "spec": {
            "hosts": ["hidden.bank.mesh"], "location": "MESH_INTERNAL", "resolution": "STATIC",
            "ports": [{"number": 5000, "name": "http", "protocol": "HTTP"}], "endpoints": [endpoint],
        },
    });
    let tls = json!({"mode": "ISTIO_MUTUAL", "sni": "outbound_.5000_._.hidden.sample.svc.cluster.local"});
    let rule = json!({
        "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": metadata,
        "spec": {"host": "hidden.bank.mesh", "trafficPolicy": {
            "tls": tls, "connectionPool": {"http": {"maxRequestsPerConnection": 1}},
        }},
    });
    json!({"apiVersion": "v1", "kind": "List", "items": [entry, rule]})
}

/// A Gateway in the namespace of a tenant, for the pods of the federation gateway.
fn tenants_gateway() -> Value {
    let port = json!({"number": 15443, "name": "tls", "protocol": "TLS"});
    json!({
        "apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": {"name": "tenant", "namespace": sample::NAMESPACE},
        "spec": {"selector": {"istio": "federationgateway"}, "servers": [{
            "port": port, "tls": {"mode": "AUTO_PASSTHROUGH"}, "hosts": ["hidden.sample.svc.cluster.local"],
        }]},
    })
}

/// Calls a URL from the pods of this application in `east` until all answers have this status.
#[track_caller]
fn settle(fixture: &Fixture, application: &str, url: &str, code: &str) {
    let began = Instant::now();
    loop {
        let answers = call(fixture, application, url);
        if answers.codes.get(code) == Some(&20) {
            return;
        }
        assert!(began.elapsed() < SETTLED, "{application} calls {url}: {answers:?}");
        sleep(Duration::from_millis(500));
    }
}

fn call(fixture: &Fixture, application: &str, url: &str) -> Answers {
    fixture.lab.runtime().block_on(async {
        let pods = Pods::new(&fixture.lab.cluster("east").client().unwrap(), sample::NAMESPACE);
        let pod = pods.running(&format!("app={application}")).await.unwrap();
        pods.call(&pod, url, 20).await.unwrap()
    })
}
