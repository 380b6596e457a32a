//! The protocol without Terraform: handshake, enforced mTLS, lifecycle, malformed calls, and the end of the process.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod client;
mod support;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use client::calls::{Schemas, TYPE, configured, null, object, plan, summaries, text};
use client::identities::{ONE, OTHER};
use client::{COOKIE, Plugin};
use tfplugin::generated::tfplugin5::provider_client::ProviderClient;
use tfplugin::generated::tfplugin5::{self as wire, DynamicValue};
use tfplugin::{Type, Value};

#[tokio::test]
async fn only_the_owner_of_terraforms_certificate_gets_in() {
    let plugin = Plugin::start(Some(&ONE));
    assert_eq!((&*plugin.fields[0], &*plugin.fields[1], &*plugin.fields[2]), ("1", "5", "unix"));
    assert_eq!(plugin.fields[4], "grpc");
    let none = plugin.connect(None).await;
    let other = plugin.connect(Some(&OTHER)).await;
    let stolen = plugin.connect_with(&ONE, &OTHER).await;
    for (who, attempt) in [("no certificate", none), ("another one", other), ("a stolen one", stolen)] {
        // A client believes to be connected until it hears of the refusal.
        let refused = match attempt {
            Err(_) => true,
            Ok(channel) => {
                ProviderClient::new(channel).get_schema(wire::get_provider_schema::Request {}).await.is_err()
            }
        };
        assert!(refused, "{who} was let in");
    }
    let raw = tokio::net::UnixStream::connect(&plugin.socket).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut { raw }, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    Schemas::get(&mut plugin.provider(&ONE).await).await;
}

#[tokio::test]
async fn the_whole_life_of_a_server_by_raw_messages() {
    let plugin = Plugin::start(Some(&ONE));
    let directory = tempfile::tempdir().unwrap();
    let (mut provider, schemas) = configured(&plugin, &directory).await;
    let members = [("name", text("raw")), ("password_wo", text("secret"))];
    let planned = plan(&mut provider, &schemas, &members).await;
    assert_eq!(planned.diagnostics, []);
    let value =
        Value::from_msgpack(&planned.planned_state.as_ref().unwrap().msgpack, &schemas.server).unwrap();
    let Value::Map(attributes) = &value else { panic!("an object is planned") };
    assert_eq!((&attributes["address"], &attributes["password_wo"]), (&Value::Unknown, &Value::Null));

    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: Some(null()),
        planned_state: planned.planned_state,
        config: Some(schemas.server(&members)),
        ..Default::default()
    };
    let applied = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(applied.diagnostics, []);
    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: applied.new_state.clone(),
        ..Default::default()
    };
    let read = provider.read_resource(request).await.unwrap().into_inner();
    assert_eq!((read.diagnostics, &read.new_state), (Vec::new(), &applied.new_state));

    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: applied.new_state,
        planned_state: Some(null()),
        config: Some(null()),
        ..Default::default()
    };
    let gone = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!((gone.new_state, gone.diagnostics), (Some(null()), Vec::new()));
    assert!(!directory.path().join("raw.json").exists());
}

#[tokio::test]
async fn malformed_calls_get_messages_and_the_provider_goes_on() {
    let plugin = Plugin::start(Some(&ONE));
    let directory = tempfile::tempdir().unwrap();
    let mut provider = plugin.provider(&ONE).await;
    let schemas = Schemas::get(&mut provider).await;
    let early = plan(&mut provider, &schemas, &[("name", text("a"))]).await;
    assert_eq!(summaries(&early.diagnostics), ["Provider is not configured"]);
    let (mut provider, _) = configured(&plugin, &directory).await;

    let unknown_type = wire::read_resource::Request { type_name: "nothing".to_owned(), ..Default::default() };
    let answer = provider.read_resource(unknown_type).await.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Unknown resource type"]);

    // Nothing at all, half a value, a type within a type within a type …, a length that lies, and a wrong kind.
    let mut nested = vec![0x81, 0xa8];
    nested.extend(b"settings");
    for _ in 0..100_000 {
        nested.extend([0x92, 0xc4, 9]);
        nested.extend(br#""dynamic""#);
    }
    for msgpack in [vec![0x81], vec![0xdf, 0xff, 0xff, 0xff, 0xff], nested, vec![0xa1, b'x'], vec![0xc1]] {
        let request = wire::validate_resource_type_config::Request {
            type_name: TYPE.to_owned(),
            config: Some(DynamicValue { msgpack, json: Vec::new() }),
            client_capabilities: None,
        };
        let answer = provider.validate_resource_type_config(request).await.unwrap().into_inner();
        assert_eq!(summaries(&answer.diagnostics), ["Invalid value"]);
    }
    for json in ["{", "[]", r#"{"name":1}"#, &"[".repeat(100_000)] {
        let request = wire::upgrade_resource_state::Request {
            type_name: TYPE.to_owned(),
            version: 1,
            raw_state: Some(wire::RawState { json: json.as_bytes().to_vec(), ..Default::default() }),
        };
        let answer = provider.upgrade_resource_state(request).await.unwrap().into_inner();
        assert_eq!(summaries(&answer.diagnostics), ["State cannot be read"]);
    }
    let future = wire::upgrade_resource_state::Request {
        type_name: TYPE.to_owned(),
        version: 99,
        raw_state: Some(wire::RawState { json: b"{}".to_vec(), ..Default::default() }),
    };
    let answer = provider.upgrade_resource_state(future).await.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["State of a newer provider"]);

    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_private: b"not ours".to_vec(),
        ..Default::default()
    };
    let answer = provider.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Private state cannot be read"]);

    let missing = provider.validate_resource_type_config(wire::validate_resource_type_config::Request {
        type_name: TYPE.to_owned(),
        ..Default::default()
    });
    assert_eq!(summaries(&missing.await.unwrap().into_inner().diagnostics), ["Invalid value"]);
    assert_eq!(plan(&mut provider, &schemas, &[("name", text("a"))]).await.diagnostics, []);
}

#[tokio::test]
async fn an_error_inside_a_value_has_its_path() {
    use wire::attribute_path::step::Selector;
    let plugin = Plugin::start(Some(&ONE));
    let directory = tempfile::tempdir().unwrap();
    let (mut provider, schemas) = configured(&plugin, &directory).await;
    let disk = object(&[
        ("size", Value::Number(1.into())),
        ("mode", text("x")),
        ("id", Value::Null),
        ("options", Value::Null),
    ]);
    let ty = Type::object([(
        "a",
        Type::object([
            ("size", Type::Number),
            ("mode", Type::String),
            ("id", Type::String),
            ("options", Type::Dynamic),
        ]),
    )]);
    let disks = Value::Dynamic(Box::new(tfplugin::Dynamic { ty, value: object(&[("a", disk)]) }));
    let request = wire::validate_resource_type_config::Request {
        type_name: TYPE.to_owned(),
        config: Some(schemas.server(&[("name", text("a")), ("disk", disks)])),
        client_capabilities: None,
    };
    let answer = provider.validate_resource_type_config(request).await.unwrap().into_inner();
    let path = answer.diagnostics[0].attribute.clone().unwrap();
    let steps: Vec<_> = path.steps.into_iter().map(|step| step.selector.unwrap()).collect();
    assert_eq!(
        steps,
        [
            Selector::AttributeName("disk".to_owned()),
            Selector::ElementKeyString("a".to_owned()),
            Selector::AttributeName("mode".to_owned())
        ]
    );
}

#[tokio::test]
async fn a_stop_ends_work_within_two_seconds_and_its_answer_has_the_partial_state() {
    let plugin = Plugin::start(Some(&ONE));
    let directory = tempfile::tempdir().unwrap();
    let (mut provider, schemas) = configured(&plugin, &directory).await;
    let members = [("name", text("slow")), ("behaviour", text("slow"))];
    let planned = plan(&mut provider, &schemas, &members).await.planned_state;
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: Some(null()),
        planned_state: planned,
        config: Some(schemas.server(&members)),
        ..Default::default()
    };
    let mut second = provider.clone();
    let apply =
        tokio::spawn(async move { second.apply_resource_change(request).await.unwrap().into_inner() });
    while !directory.path().join("slow.json").exists() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // Ctrl-C reaches us, too, and must not end us.
    let signal = Command::new("kill").args(["-INT", &plugin.process.id().to_string()]).status().unwrap();
    assert!(signal.success());
    let stopped = Instant::now();
    assert_eq!(provider.stop(wire::stop::Request {}).await.unwrap().into_inner().error, "");
    let applied = apply.await.unwrap();
    assert!(stopped.elapsed() < Duration::from_secs(2));
    assert_eq!(summaries(&applied.diagnostics), ["Interrupted"]);
    let state = Value::from_msgpack(&applied.new_state.unwrap().msgpack, &schemas.server).unwrap();
    assert!(state.is_wholly_known());
    let Value::Map(attributes) = state else { panic!("the partial state is an object") };
    assert_eq!((&attributes["name"], &attributes["address"]), (&text("slow"), &Value::Null));
}

#[tokio::test]
async fn a_shutdown_ends_the_process_within_two_seconds_with_streams_open() {
    let mut plugin = Plugin::start(Some(&ONE));
    let channel = plugin.connect(Some(&ONE)).await.unwrap();
    let mut stream = client::stdio(channel.clone()).stream_stdio(()).await.unwrap().into_inner();
    let pending = tokio::time::timeout(Duration::from_millis(200), stream.message()).await;
    assert!(pending.is_err(), "the stream stays open and silent");
    let mut health = tonic_health::pb::health_client::HealthClient::new(channel.clone());
    let check = tonic_health::pb::HealthCheckRequest { service: "plugin".to_owned() };
    assert_eq!(health.check(check).await.unwrap().into_inner().status, 1);
    client::controller(channel).shutdown(tfplugin::generated::plugin::Empty {}).await.unwrap();
    assert!(plugin.wait(Duration::from_secs(2)).success());
    assert!(!plugin.socket.exists(), "the socket is removed");
}

#[tokio::test]
async fn calls_that_nothing_answers_are_unimplemented() {
    let plugin = Plugin::start(Some(&ONE));
    let channel = plugin.connect(Some(&ONE)).await.unwrap();
    let mut other =
        tfplugin::generated::tfplugin5::provisioner_client::ProvisionerClient::new(channel.clone());
    let call = other.stop(wire::stop::Request {}).await;
    assert_eq!(call.unwrap_err().code(), tonic::Code::Unimplemented);
    let mut raw = tonic::client::Grpc::new(channel);
    raw.ready().await.unwrap();
    let path = tonic::codegen::http::uri::PathAndQuery::from_static("/tfplugin5.Provider/Invented");
    let codec = tonic_prost::ProstCodec::<wire::stop::Request, wire::stop::Response>::default();
    let call = raw.unary(tonic::Request::new(wire::stop::Request {}), path, codec).await;
    assert_eq!(call.unwrap_err().code(), tonic::Code::Unimplemented);
}

#[test]
fn run_by_hand_it_says_what_it_is() {
    let output = Command::new(support::keeper()).env_remove(COOKIE.0).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("This program is a Terraform provider"));
}

#[test]
fn the_provider_ends_when_its_parent_is_killed() {
    let mut shell = Command::new("sh")
        .args(["-c", "\"$0\" & echo $!; wait", support::keeper().to_str().unwrap()])
        .env(COOKIE.0, COOKIE.1)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(shell.stdout.take().unwrap()));
    let both: Vec<String> = lines.by_ref().take(2).map(Result::unwrap).collect();
    let pid = both.iter().find(|line| line.bytes().all(|byte| byte.is_ascii_digit())).unwrap();
    // A process that has ended may wait for its new parent to notice (state Z).
    let alive = || {
        let stat =
            std::fs::read_to_string(std::path::Path::new("/proc").join(pid).join("stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with('Z'))
    };
    assert!(alive(), "{both:?}");
    shell.kill().unwrap();
    shell.wait().unwrap();
    let started = Instant::now();
    while alive() {
        assert!(started.elapsed() < Duration::from_secs(6), "the provider outlives its parent");
        std::thread::sleep(Duration::from_millis(50));
    }
}
