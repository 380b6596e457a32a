//! What tests read of a remote cluster and its Secrets.

use std::time::{Duration, Instant};

use crate::terraform::Message;
use crate::{Fixture, Workspace};
use lab::probe::Pods;
use lab::sample;
use serde_json::{Value, json};

/// How long whatever reads a cluster may take to notice.
const NOTICED: Duration = Duration::from_mins(1);

/// The status of the remote cluster at an address.
pub fn status(workspace: &Workspace, address: &str) -> Value {
    workspace.resource(address)["status"].clone()
}

/// The status of a remote cluster that works, with this gateway and these primaries.
#[track_caller]
pub fn assert_ready(workspace: &Workspace, address: &str, gateway: Option<&str>, primaries: &[&str]) {
    let resource = workspace.resource(address);
    let (cluster, status) = (resource["cluster"].as_str().expect("a label"), &resource["status"]);
    assert_eq!((&status["injection"], &status["last_apply"]), (&json!("ready"), &json!("complete")));
    assert_eq!(status["gateway"], json!(gateway), "{status:#}");
    let links = primaries
        .iter()
        .flat_map(|primary| [format!("{primary}->{cluster}"), format!("{cluster}->{primary}")]);
    let links: serde_json::Map<String, Value> = links.map(|link| (link, json!("ready"))).collect();
    assert_eq!(status["links"], Value::Object(links));
}

/// A member of the `status` of the remote cluster at an address, in a state of a plan.
pub fn planned_status(state: &Value, address: &str, path: &str) -> String {
    let resources = state["values"]["root_module"]["resources"].as_array().into_iter().flatten();
    let mut of_address = resources.filter(|resource| resource["address"] == address);
    let status = of_address.next().map(|resource| &resource["values"]["status"]).expect("the remote cluster");
    let found = path.split('.').fold(status, |value, member| &value[member]);
    found.as_str().unwrap_or_default().to_owned()
}

/// Plans until the injection of the remote cluster at an address is in this state; the warning that names the cause.
#[track_caller]
pub fn injection_is(workspace: &Workspace, address: &str, state: &str, cause: &str) -> Message {
    let began = Instant::now();
    loop {
        let run = workspace.plan_with(&["-json"]);
        let seen = planned_status(&workspace.shown_plan()["prior_state"], address, "injection");
        if seen == state {
            let message = run.messages().into_iter().find(|it| it.summary.ends_with(cause));
            return message.unwrap_or_else(|| panic!("{}", run.output));
        }
        assert!(began.elapsed() < NOTICED, "injection is {seen}:\n{}", run.output);
    }
}

/// A configuration with another line in the first resource of this type.
pub fn with_line(text: &str, kind: &str, line: &str) -> String {
    let begin = text.find(&format!("resource {kind:?} ")).expect("the resource");
    let end = begin + text[begin..].find('\n').expect("its first line") + 1;
    format!("{}  {line}\n{}", &text[..end], &text[end..])
}

/// Recreates pods of the sample.
#[track_caller]
pub fn restart_sample(fixture: &Fixture, cluster: &str, deployments: &[&str]) {
    let names: Vec<String> = deployments.iter().map(|name| format!("deploy/{name}")).collect();
    for verb in [&["restart"][..], &["status", "--timeout=120s"]] {
        for name in &names {
            let arguments = [&["-n", sample::NAMESPACE, "rollout"], verb, &[name.as_str()]].concat();
            fixture.kubectl(cluster, &arguments);
        }
    }
}

/// The certificate of the client in a cluster was issued by istiod of this primary, in this namespace.
#[track_caller]
pub fn signed_by(fixture: &Fixture, cluster: &str, primary: &str, namespace: &str) {
    let chain = fixture.lab.runtime().block_on(async {
        let pods = Pods::new(&fixture.lab.cluster(cluster).client().expect("a client"), sample::NAMESPACE);
        let client = pods.running("app=client").await.expect("the client");
        let command = ["pilot-agent", "request", "GET", "config_dump"];
        let dump = pods.exec(&client, "istio-proxy", &command).await.expect("the proxy's configuration");
        // What the command says beside it follows.
        let mut documents = serde_json::Deserializer::from_str(&dump).into_iter::<Value>();
        let dump = documents.next().expect("a document").expect("JSON");
        let configs = dump["configs"].as_array().into_iter().flatten();
        let mut secrets =
            configs.flat_map(|it| it["dynamic_active_secrets"].as_array().into_iter().flatten());
        let own = secrets.find(|secret| secret["name"] == "default").expect("the proxy's certificate");
        let path = "/secret/tls_certificate/certificate_chain/inline_bytes";
        decoded(own.pointer(path).and_then(Value::as_str).expect("a chain"))
    });
    let path = "jsonpath={.data.ca-cert\\.pem}";
    let signer = fixture.kubectl(primary, &["-n", namespace, "get", "secret", "cacerts", "-o", path]);
    let bare = |text: &str| text.split_whitespace().collect::<String>();
    assert!(bare(&chain).contains(&bare(&decoded(&signer))), "not signed by {primary}:\n{chain}");
}

/// A text of which this is base64.
fn decoded(text: &str) -> String {
    use base64::Engine as _;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    String::from_utf8(bytes).expect("a text")
}

/// Base64 of a text.
pub fn encoded(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
