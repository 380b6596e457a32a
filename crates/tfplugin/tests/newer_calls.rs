//! The protocol without Terraform: identity, lists, actions, generated configuration and deferral, which no Terraform
//! of before 1.12 asks for; and whatever else `protocol.rs` does not call.
#![allow(clippy::unwrap_used, clippy::panic)]
#![cfg(unix)]

mod client;
mod support;

use std::time::{Duration, Instant};

use client::Plugin;
use client::calls::{
    Provider, Schemas, TYPE, configure, configured, null, object, packed, plan, summaries, text,
};
use client::identities::ONE;
use tempfile::TempDir;
use tfplugin::generated::tfplugin5::{self as wire, DynamicValue};
use tfplugin::{Type, Value};
use tonic::Streaming;

const DEFERRAL: wire::ClientCapabilities =
    wire::ClientCapabilities { deferral_allowed: true, write_only_attributes_allowed: true };

/// A provider of its own for each test.
async fn started() -> (Plugin, TempDir, Provider, Schemas) {
    let plugin = Plugin::start(Some(&ONE));
    let directory = tempfile::tempdir().unwrap();
    let (provider, schemas) = configured(&plugin, &directory).await;
    (plugin, directory, provider, schemas)
}

fn identity_type() -> Type {
    Type::object([("name", Type::String)])
}

fn identity(name: &str) -> wire::ResourceIdentityData {
    let data = packed(&object(&[("name", text(name))]), &identity_type());
    wire::ResourceIdentityData { identity_data: Some(data) }
}

/// Creates a server; the plan's identity, and the answer of the apply.
async fn created(
    provider: &mut Provider,
    schemas: &Schemas,
    name: &str,
) -> (Option<wire::ResourceIdentityData>, wire::apply_resource_change::Response) {
    let members = [("name", text(name))];
    let planned = plan(provider, schemas, &members).await;
    assert_eq!(planned.diagnostics, []);
    let request = wire::apply_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: Some(null()),
        planned_state: planned.planned_state,
        config: Some(schemas.server(&members)),
        planned_identity: planned.planned_identity.clone(),
        ..Default::default()
    };
    let applied = provider.apply_resource_change(request).await.unwrap().into_inner();
    assert_eq!(applied.diagnostics, []);
    (planned.planned_identity, applied)
}

async fn all<T>(mut stream: Streaming<T>) -> Vec<T> {
    let mut events = Vec::new();
    while let Some(event) = stream.message().await.unwrap() {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn metadata_and_schemas_name_everything_that_is_offered() {
    let (_plugin, _directory, mut provider, _) = started().await;
    let metadata = provider.get_metadata(wire::get_metadata::Request {}).await.unwrap().into_inner();
    assert!(metadata.resources.iter().any(|resource| resource.type_name == TYPE));
    assert_eq!(metadata.data_sources[0].type_name, TYPE);
    assert_eq!(metadata.list_resources[0].type_name, TYPE);
    assert_eq!(metadata.ephemeral_resources[0].type_name, "keeper_ticket");
    assert_eq!(metadata.actions[0].type_name, "keeper_ring");
    assert_eq!(metadata.functions.len(), 2);
    let schemas = provider.get_schema(wire::get_provider_schema::Request {}).await.unwrap().into_inner();
    assert!(schemas.list_resource_schemas.contains_key(TYPE));
    assert!(schemas.action_schemas["keeper_ring"].schema.is_some());
    assert!(schemas.server_capabilities.unwrap().generate_resource_config);
    let request = wire::get_resource_identity_schemas::Request {};
    let identities = provider.get_resource_identity_schemas(request).await.unwrap().into_inner();
    let schema = &identities.identity_schemas[TYPE];
    assert_eq!((schema.version, &*schema.identity_attributes[0].name), (1, "name"));
    assert!(schema.identity_attributes[0].required_for_import);
    let functions = provider.get_functions(wire::get_functions::Request {}).await.unwrap().into_inner();
    assert!(functions.functions["label"].variadic_parameter.is_some());
}

#[tokio::test]
async fn an_identity_goes_with_the_resource_and_never_changes() {
    let (_plugin, _directory, mut provider, schemas) = started().await;
    let (planned, applied) = created(&mut provider, &schemas, "one").await;
    assert_eq!((planned, applied.new_identity), (Some(identity("one")), Some(identity("one"))));
    let read = |current: Option<wire::ResourceIdentityData>| wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: applied.new_state.clone(),
        current_identity: current,
        ..Default::default()
    };
    // State of a release without identity has none yet.
    for known in [None, Some(identity("one"))] {
        let answer = provider.read_resource(read(known)).await.unwrap().into_inner();
        assert_eq!((answer.diagnostics, answer.new_identity), (Vec::new(), Some(identity("one"))));
    }
    let answer = provider.read_resource(read(Some(identity("two")))).await.unwrap().into_inner();
    assert!(answer.diagnostics[0].detail.contains("never changes"), "{:?}", answer.diagnostics);
    assert_eq!(answer.new_identity, Some(identity("two")), "what was known stays as it was");

    // A replacement has another identity; core asks first for the change, then for the new resource.
    for prior_state in [applied.new_state, Some(null())] {
        let config = schemas.server(&[("name", text("three"))]);
        let request = wire::plan_resource_change::Request {
            type_name: TYPE.to_owned(),
            prior_state,
            proposed_new_state: Some(config.clone()),
            config: Some(config),
            prior_identity: Some(identity("one")),
            ..Default::default()
        };
        let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
        assert_eq!((planned.diagnostics, planned.planned_identity), (Vec::new(), Some(identity("three"))));
    }
}

#[tokio::test]
async fn an_identity_is_imported_and_upgraded() {
    let (_plugin, _directory, mut provider, schemas) = started().await;
    let request = wire::import_resource_state::Request {
        type_name: TYPE.to_owned(),
        identity: Some(identity("one")),
        ..Default::default()
    };
    let answer = provider.import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    let imported = &answer.imported_resources[0];
    assert_eq!(imported.identity, Some(identity("one")));
    let state = Value::from_msgpack(&imported.state.as_ref().unwrap().msgpack, &schemas.server).unwrap();
    assert!(matches!(state, Value::Map(members) if members["name"] == text("one")));

    let upgrade = |version, json: &str| wire::upgrade_resource_identity::Request {
        type_name: TYPE.to_owned(),
        version,
        raw_identity: Some(wire::RawState { json: json.as_bytes().to_vec(), ..Default::default() }),
    };
    for (version, json) in [(0, r#"{"title":"one"}"#), (1, r#"{"name":"one","gone":[1]}"#)] {
        let answer = provider.upgrade_resource_identity(upgrade(version, json)).await.unwrap().into_inner();
        assert_eq!((answer.diagnostics, answer.upgraded_identity), (Vec::new(), Some(identity("one"))));
    }
    for (version, json, summary) in [
        (1, "{", "Identity cannot be read"),
        (1, r#"{"name":[]}"#, "Identity cannot be read"),
        (9, "{}", "Identity of a newer provider"),
    ] {
        let answer = provider.upgrade_resource_identity(upgrade(version, json)).await.unwrap().into_inner();
        assert_eq!(summaries(&answer.diagnostics), [summary]);
    }
    let broken = wire::ResourceIdentityData {
        identity_data: Some(DynamicValue { msgpack: vec![0x81], json: Vec::new() }),
    };
    let request = wire::import_resource_state::Request {
        type_name: TYPE.to_owned(),
        identity: Some(broken),
        ..Default::default()
    };
    let answer = provider.import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Invalid identity"]);
}

fn listing(prefix: Value, limit: i64, include_resource_object: bool) -> wire::list_resource::Request {
    let config = packed(&object(&[("prefix", prefix)]), &Type::object([("prefix", Type::String)]));
    wire::list_resource::Request {
        type_name: TYPE.to_owned(),
        config: Some(config),
        include_resource_object,
        limit,
    }
}

#[tokio::test]
async fn a_list_streams_what_exists_up_to_its_limit() {
    let (_plugin, _directory, mut provider, schemas) = started().await;
    for name in ["a1", "a2", "b1", "warn"] {
        created(&mut provider, &schemas, name).await;
    }
    let names = |events: &[wire::list_resource::Event]| {
        events.iter().map(|event| event.display_name.clone()).collect::<Vec<_>>()
    };
    let found = all(provider.list_resource(listing(Value::Null, 0, false)).await.unwrap().into_inner()).await;
    assert_eq!(names(&found), ["a1", "a2", "b1", "warn"]);
    assert!(found.iter().all(|event| event.resource_object.is_none() && event.diagnostic.is_empty()));
    assert_eq!(found[1].identity, Some(identity("a2")));
    let found = all(provider.list_resource(listing(text("a"), 1, true)).await.unwrap().into_inner()).await;
    assert_eq!(names(&found), ["a1"]);
    let object = found[0].resource_object.clone().unwrap();
    let state = Value::from_msgpack(&object.msgpack, &schemas.server).unwrap();
    assert!(matches!(state, Value::Map(members) if members["address"] == text("a1.example")));
    let found =
        all(provider.list_resource(listing(text("warn"), 9, false)).await.unwrap().into_inner()).await;
    assert_eq!((found.len(), summaries(&found[1].diagnostic)), (2, vec!["Nothing more"]));
    // A client that leaves in the middle harms nobody.
    let mut left = provider.list_resource(listing(Value::Null, 100, false)).await.unwrap().into_inner();
    left.message().await.unwrap().unwrap();
    drop(left);
    all(provider.list_resource(listing(Value::Null, 0, false)).await.unwrap().into_inner()).await;
}

#[tokio::test]
async fn a_list_that_fails_says_so_in_its_stream() {
    let (_plugin, directory, mut provider, _) = started().await;
    let mut validate = async |prefix: &str| {
        let request = wire::validate_list_resource_config::Request {
            type_name: TYPE.to_owned(),
            config: listing(text(prefix), 0, false).config,
            ..Default::default()
        };
        provider.validate_list_resource_config(request).await.unwrap().into_inner().diagnostics
    };
    assert_eq!(validate("a").await, []);
    assert_eq!(summaries(&validate("a/").await), ["Invalid prefix"]);
    assert_eq!(summaries(&validate("panic").await), ["The provider has crashed"]);
    std::fs::remove_dir_all(directory.path()).unwrap();
    let nothing = wire::list_resource::Request { type_name: "nothing".to_owned(), ..Default::default() };
    let broken = wire::list_resource::Request {
        config: Some(DynamicValue { msgpack: vec![0xc1], json: Vec::new() }),
        ..listing(Value::Null, 0, false)
    };
    for (request, summary) in [
        (listing(Value::Null, 0, false), "Could not list"),
        (nothing, "Unknown list resource"),
        (broken, "Invalid value"),
    ] {
        let events = all(provider.list_resource(request).await.unwrap().into_inner()).await;
        assert_eq!((events.len(), summaries(&events[0].diagnostic)), (1, vec![summary]));
    }
}

fn ring(server: Value, times: i64, behaviour: &str) -> DynamicValue {
    let ty = Type::object([("server", Type::String), ("times", Type::Number), ("behaviour", Type::String)]);
    let members =
        [("server", server), ("times", Value::Number(times.into())), ("behaviour", text(behaviour))];
    packed(&object(&members), &ty)
}

fn invocation(config: DynamicValue) -> wire::invoke_action::Request {
    wire::invoke_action::Request {
        action_type: "keeper_ring".to_owned(),
        config: Some(config),
        client_capabilities: None,
    }
}

/// What an action reported, and the messages with which it ended.
fn told(events: Vec<wire::invoke_action::Event>) -> (Vec<String>, Vec<String>) {
    use wire::invoke_action::event::Type as Event;
    let (mut reports, mut messages) = (Vec::new(), Vec::new());
    let count = events.len();
    for (index, event) in events.into_iter().enumerate() {
        match event.r#type.unwrap() {
            Event::Progress(progress) => reports.push(progress.message),
            Event::Completed(completed) => {
                assert_eq!(index + 1, count, "nothing follows the end");
                messages = summaries(&completed.diagnostics).into_iter().map(str::to_owned).collect();
            }
        }
    }
    (reports, messages)
}

#[tokio::test]
async fn an_action_is_checked_planned_and_streams_its_progress() {
    let (_plugin, directory, mut provider, _) = started().await;
    let validate = |config| wire::validate_action_config::Request {
        action_type: "keeper_ring".to_owned(),
        config: Some(config),
    };
    let checked = provider.validate_action_config(validate(ring(text(""), 200, ""))).await.unwrap();
    assert_eq!(summaries(&checked.into_inner().diagnostics), ["Invalid value", "No server"]);
    let checked = provider.validate_action_config(validate(ring(Value::Unknown, 2, ""))).await.unwrap();
    assert_eq!(checked.into_inner().diagnostics, []);

    let planning = |behaviour| wire::plan_action::Request {
        action_type: "keeper_ring".to_owned(),
        config: Some(ring(Value::Unknown, 2, behaviour)),
        client_capabilities: None,
    };
    assert_eq!(provider.plan_action(planning("")).await.unwrap().into_inner().diagnostics, []);
    let refused = provider.plan_action(planning("refuse")).await.unwrap().into_inner();
    assert_eq!(summaries(&refused.diagnostics), ["Not today"]);

    let events = provider.invoke_action(invocation(ring(text("one"), 2, ""))).await.unwrap().into_inner();
    let (reports, messages) = told(all(events).await);
    assert_eq!((reports.len(), &*reports[1], messages.len()), (2, "ring 2 of 2 at one", 0));
    assert_eq!(std::fs::read_to_string(directory.path().join("bell")).unwrap(), "one 1\none 2\n");

    let unknown = wire::invoke_action::Request { action_type: "nothing".to_owned(), ..Default::default() };
    let broken = invocation(DynamicValue { msgpack: vec![0x91], json: Vec::new() });
    for (request, summary) in [
        (unknown, "Unknown action"),
        (broken, "Invalid value"),
        (invocation(ring(text("one"), 1, "panic")), "The provider has crashed"),
    ] {
        let events = provider.invoke_action(request).await.unwrap().into_inner();
        assert_eq!(told(all(events).await), (Vec::new(), vec![summary.to_owned()]));
    }
}

#[tokio::test]
async fn a_stop_ends_an_action_and_its_stream_tells_why() {
    let (_plugin, _directory, mut provider, _) = started().await;
    let request = invocation(ring(text("one"), 60, "slow"));
    let mut events = provider.invoke_action(request).await.unwrap().into_inner();
    events.message().await.unwrap().unwrap();
    let stopped = Instant::now();
    provider.stop(wire::stop::Request {}).await.unwrap();
    let (_, messages) = told(all(events).await);
    assert_eq!(messages, ["Interrupted"]);
    assert!(stopped.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn an_action_without_a_listener_is_told_to_stop() {
    let (_plugin, directory, mut provider, _) = started().await;
    let request = invocation(ring(text("one"), 60, "slow"));
    let mut events = provider.invoke_action(request).await.unwrap().into_inner();
    events.message().await.unwrap().unwrap();
    drop(events);
    let rings = || std::fs::read_to_string(directory.path().join("bell")).unwrap_or_default();
    tokio::time::sleep(Duration::from_millis(500)).await;
    let heard = rings();
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(rings(), heard);
}

#[tokio::test]
async fn the_configuration_of_a_state_has_what_a_user_would_write() {
    let (_plugin, _directory, mut provider, schemas) = started().await;
    let (_, applied) = created(&mut provider, &schemas, "one").await;
    let request =
        wire::generate_resource_config::Request { type_name: TYPE.to_owned(), state: applied.new_state };
    let answer = provider.generate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(answer.diagnostics, []);
    assert_eq!(answer.config, Some(schemas.server(&[("name", text("one"))])));
    let request =
        wire::generate_resource_config::Request { type_name: TYPE.to_owned(), ..Default::default() };
    let answer = provider.generate_resource_config(request).await.unwrap().into_inner();
    assert_eq!(summaries(&answer.diagnostics), ["Invalid value"], "there is no state to make it of");
}

#[tokio::test]
async fn everything_is_put_off_while_the_provider_block_is_unknown() {
    use wire::deferred::Reason::ProviderConfigUnknown;
    let (_plugin, _directory, mut provider, schemas) = started().await;
    assert_eq!(configure(&mut provider, &schemas, Value::Unknown, Some(DEFERRAL)).await, []);
    let reason = |deferred: Option<wire::Deferred>| deferred.unwrap().reason();
    let config = schemas.server(&[("name", text("one"))]);
    let request = wire::plan_resource_change::Request {
        type_name: TYPE.to_owned(),
        prior_state: Some(null()),
        proposed_new_state: Some(config.clone()),
        config: Some(config.clone()),
        client_capabilities: Some(DEFERRAL),
        ..Default::default()
    };
    let planned = provider.plan_resource_change(request).await.unwrap().into_inner();
    assert_eq!((reason(planned.deferred), planned.diagnostics), (ProviderConfigUnknown, Vec::new()));
    let state = Value::from_msgpack(&planned.planned_state.unwrap().msgpack, &schemas.server).unwrap();
    assert!(matches!(state, Value::Map(members) if members["address"] == Value::Unknown));

    let request = wire::read_resource::Request {
        type_name: TYPE.to_owned(),
        current_state: Some(config.clone()),
        client_capabilities: Some(DEFERRAL),
        ..Default::default()
    };
    let read = provider.read_resource(request).await.unwrap().into_inner();
    assert_eq!((reason(read.deferred), read.new_state), (ProviderConfigUnknown, Some(config)));
    let request = wire::import_resource_state::Request {
        type_name: TYPE.to_owned(),
        id: "one".to_owned(),
        client_capabilities: Some(DEFERRAL),
        ..Default::default()
    };
    let imported = provider.import_resource_state(request).await.unwrap().into_inner();
    assert_eq!(reason(imported.deferred), ProviderConfigUnknown);
    let request = wire::read_data_source::Request {
        type_name: TYPE.to_owned(),
        config: Some(lookup("one")),
        client_capabilities: Some(DEFERRAL),
        ..Default::default()
    };
    let read = provider.read_data_source(request).await.unwrap().into_inner();
    assert_eq!((reason(read.deferred), read.diagnostics), (ProviderConfigUnknown, Vec::new()));
    let request = wire::open_ephemeral_resource::Request {
        type_name: "keeper_ticket".to_owned(),
        config: Some(ticket("me")),
        client_capabilities: Some(DEFERRAL),
    };
    let opened = provider.open_ephemeral_resource(request).await.unwrap().into_inner();
    assert_eq!((reason(opened.deferred), opened.diagnostics), (ProviderConfigUnknown, Vec::new()));
    let request = wire::plan_action::Request {
        action_type: "keeper_ring".to_owned(),
        config: Some(ring(text("one"), 1, "")),
        client_capabilities: Some(DEFERRAL),
    };
    let planned = provider.plan_action(request).await.unwrap().into_inner();
    assert_eq!((reason(planned.deferred), planned.diagnostics), (ProviderConfigUnknown, Vec::new()));
}

fn lookup(name: &str) -> DynamicValue {
    let ty = Type::object([("name", Type::String), ("kind", Type::String), ("address", Type::String)]);
    packed(&object(&[("name", text(name)), ("kind", Value::Null), ("address", Value::Null)]), &ty)
}

fn ticket(holder: &str) -> DynamicValue {
    let ty = Type::object([("holder", Type::String), ("secret", Type::String)]);
    packed(&object(&[("holder", text(holder)), ("secret", Value::Null)]), &ty)
}

#[tokio::test]
async fn the_other_calls_answer_without_terraform_too() {
    let (_plugin, directory, mut provider, schemas) = started().await;
    let provider_config =
        packed(&object(&[("directory", text("relative")), ("token", Value::Null)]), &schemas.provider);
    let request = wire::prepare_provider_config::Request { config: Some(provider_config.clone()) };
    let prepared = provider.prepare_provider_config(request).await.unwrap().into_inner();
    assert_eq!(summaries(&prepared.diagnostics), ["Invalid directory"]);
    assert_eq!(prepared.prepared_config, Some(provider_config));

    let request = wire::validate_data_source_config::Request {
        type_name: TYPE.to_owned(),
        config: Some(lookup("one")),
    };
    assert_eq!(provider.validate_data_source_config(request).await.unwrap().into_inner().diagnostics, []);

    let request = wire::validate_ephemeral_resource_config::Request {
        type_name: "keeper_ticket".to_owned(),
        config: Some(ticket("me")),
    };
    let checked = provider.validate_ephemeral_resource_config(request).await.unwrap().into_inner();
    assert_eq!(checked.diagnostics, []);
    let request = wire::open_ephemeral_resource::Request {
        type_name: "keeper_ticket".to_owned(),
        config: Some(ticket("me")),
        client_capabilities: None,
    };
    let opened = provider.open_ephemeral_resource(request).await.unwrap().into_inner();
    assert!(opened.diagnostics.is_empty() && opened.renew_at.is_some());
    let request = wire::renew_ephemeral_resource::Request {
        type_name: "keeper_ticket".to_owned(),
        private: opened.private.clone(),
    };
    let renewed = provider.renew_ephemeral_resource(request).await.unwrap().into_inner();
    assert!(renewed.diagnostics.is_empty() && renewed.renew_at.is_some());
    for _ in 0..2 {
        let request = wire::close_ephemeral_resource::Request {
            type_name: "keeper_ticket".to_owned(),
            private: renewed.private.clone(),
        };
        assert_eq!(provider.close_ephemeral_resource(request).await.unwrap().into_inner().diagnostics, []);
    }
    let lines = std::fs::read_to_string(directory.path().join("ticket")).unwrap();
    assert_eq!(lines, "open\nrenewed\nclosed\nclosed\n");

    let request = wire::move_resource_state::Request {
        source_provider_address: "terraform.io/builtin/terraform".to_owned(),
        source_type_name: "terraform_data".to_owned(),
        source_state: Some(wire::RawState {
            json: br#"{"input":{"value":"one","type":"string"}}"#.to_vec(),
            ..Default::default()
        }),
        target_type_name: TYPE.to_owned(),
        ..Default::default()
    };
    let moved = provider.move_resource_state(request.clone()).await.unwrap().into_inner();
    assert_eq!((moved.diagnostics, moved.target_private), (Vec::new(), Vec::new()));
    let foreign = wire::move_resource_state::Request { source_type_name: "other".to_owned(), ..request };
    let moved = provider.move_resource_state(foreign).await.unwrap().into_inner();
    assert_eq!(summaries(&moved.diagnostics), ["Move is not supported"]);
}

#[tokio::test]
async fn private_state_moves_with_a_resource_of_the_same_provider_only() {
    let (_plugin, _directory, mut provider, _) = started().await;
    let mut kept = async |provider_address: &str, type_name: &str, json: &[u8]| {
        let request = wire::move_resource_state::Request {
            source_provider_address: provider_address.to_owned(),
            source_type_name: type_name.to_owned(),
            source_state: Some(wire::RawState { json: json.to_vec(), ..Default::default() }),
            source_private: b"{\"uid\":\"7\"}".to_vec(),
            target_type_name: TYPE.to_owned(),
            ..Default::default()
        };
        let moved = provider.move_resource_state(request).await.unwrap().into_inner();
        assert_eq!(moved.diagnostics, []);
        String::from_utf8(moved.target_private).unwrap()
    };
    let machine = br#"{"title":"one"}"#;
    for registry in ["registry.terraform.io", "registry.opentofu.org"] {
        let own = kept(&format!("{registry}/example/keeper"), "keeper_machine", machine).await;
        assert_eq!(own, r#"{"uid":"7"}"#);
    }
    let data = br#"{"input":{"value":"one","type":"string"}}"#;
    assert_eq!(kept("terraform.io/builtin/terraform", "terraform_data", data).await, "");
}

#[tokio::test]
async fn a_function_is_called_only_with_arguments_that_it_takes() {
    let (_plugin, _directory, mut provider, _) = started().await;
    let mut call = async |name: &str, arguments: &[Value]| {
        let arguments = arguments.iter().map(|argument| packed(argument, &Type::String)).collect();
        let request = wire::call_function::Request { name: name.to_owned(), arguments };
        let answer = provider.call_function(request).await.unwrap().into_inner();
        let result = answer.result.map(|value| Value::from_msgpack(&value.msgpack, &Type::String).unwrap());
        (result, answer.error.map(|error| (error.text, error.function_argument)))
    };
    assert_eq!(call("label", &[text("-"), text("a"), text("b")]).await, (Some(text("a-b")), None));
    assert_eq!(call("label", &[text("-"), Value::Unknown]).await, (Some(Value::Unknown), None));
    let (_, error) = call("label", &[text("-"), Value::Null]).await;
    assert_eq!(error, Some(("the argument must not be null".to_owned(), Some(1))));
    let (_, error) = call("label", &[]).await;
    assert_eq!(error, Some(("1 arguments are needed".to_owned(), None)));
    let (_, error) = call("crash", &[text("too many")]).await;
    assert_eq!(error, Some(("there are more arguments than parameters".to_owned(), Some(0))));
    let (_, error) = call("crash", &[]).await;
    assert!(error.unwrap().0.contains("asked to crash at"));
    let (_, error) = call("nothing", &[]).await;
    assert!(error.unwrap().0.contains("has no function"));
}
