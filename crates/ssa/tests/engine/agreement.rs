//! The client's own comparison agrees with the server's dry-run.
//!
//! Each object of the usual kinds is applied, then changed at random many times. For every change the engine says which fields it
//! would change, and the server says it with `dryRun=All`; what one sees and the other does not is an error.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::Rng;
use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};
use ssa::{Action, FieldPath, Manifest, PathElement, Policy};

use crate::cluster::{Cluster, MANAGER, OWNER_LABEL};

/// Changes tried for each object.
const CHANGES: usize = 240;

#[tokio::test]
async fn the_comparison_agrees_with_the_servers_dry_run_over_random_changes() {
    let cluster = Cluster::new("agreement").await;
    let text = include_str!("usual-kinds.json").replace("usual-kinds", "agreement");
    let set = Manifest::parse_all(serde_json::from_str(&text).unwrap(), &cluster.namespace).unwrap();
    cluster.converge(&set).await;

    let each = set.iter().enumerate().map(|(seed, manifest)| try_changes(&cluster, manifest, seed));
    let (mut accepted, mut disagreements) = (0, Vec::new());
    for (valid, found) in futures::future::join_all(each).await {
        accepted += valid;
        disagreements.extend(found);
    }
    assert!(disagreements.is_empty(), "{} of {accepted}:\n{}", disagreements.len(), disagreements.join("\n"));
    assert!(accepted >= 2000, "only {accepted} changes were valid");
}

/// How many random changes of one object the server accepts, and what engine and server disagree about.
async fn try_changes(cluster: &Cluster, manifest: &Manifest, seed: usize) -> (usize, Vec<String>) {
    let mut random = TestRng::from_seed(RngAlgorithm::ChaCha, &[u8::try_from(seed).unwrap(); 32]);
    let (mut accepted, mut disagreements) = (0, Vec::new());
    for _ in 0..CHANGES {
        let mut value = manifest.value().clone();
        for _ in 0..=below(&mut random, 2) {
            mutate(&mut value, &mut random);
        }
        let Ok(changed) = Manifest::parse(value, &cluster.namespace) else { continue };
        let live = cluster.live(manifest.id()).await.unwrap();
        let Some(after) = dry_run(cluster, &changed, &live).await else { continue };
        let one = std::slice::from_ref(&changed);
        let planned = cluster.engine.diff(one, None, &Policy::default(), &cluster.cancel).await.unwrap();
        accepted += 1;
        let manifests = [manifest, &changed];
        if let Some(disagreement) = disagreement(&planned.changes[0].action, manifests, &live, &after) {
            disagreements.push(format!("{}: {disagreement}", manifest.id()));
        }
    }
    (accepted, disagreements)
}

/// What the server says, `None` if it refuses the change.
async fn dry_run(cluster: &Cluster, manifest: &Manifest, live: &Value) -> Option<Value> {
    let mut wanted = manifest.value().clone();
    wanted["metadata"]["labels"][OWNER_LABEL] = json!(cluster.namespace);
    let path = path(live);
    let request = http::Request::patch(format!("{path}?fieldManager={MANAGER}&dryRun=All&force=true"))
        .header("content-type", "application/apply-patch+yaml")
        .body(wanted.to_string().into_bytes())
        .unwrap();
    cluster.client.request::<Value>(request).await.ok()
}

fn path(live: &Value) -> String {
    let api_version = live["apiVersion"].as_str().unwrap();
    let root = if api_version.contains('/') { "apis" } else { "api" };
    let kind = live["kind"].as_str().unwrap().to_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if kind.ends_with("ss") => format!("{kind}es"),
        None => format!("{kind}s"),
    };
    let name = live["metadata"]["name"].as_str().unwrap();
    match live["metadata"]["namespace"].as_str() {
        Some(namespace) => format!("/{root}/{api_version}/namespaces/{namespace}/{plural}/{name}"),
        None => format!("/{root}/{api_version}/{plural}/{name}"),
    }
}

/// Where engine and server differ: each must say of every field that changes that it, something above it or something below it does.
/// Fields that neither manifest names are the server's own consequences.
fn disagreement(
    action: &Action,
    [before, changed]: [&Manifest; 2],
    live: &Value,
    after: &Value,
) -> Option<String> {
    let fields = match action {
        Action::Unchanged => &Vec::new(),
        Action::Changed { fields, .. }
        | Action::Recreated { fields, .. }
        | Action::Conflict { fields, .. } => fields,
        other => return Some(format!("{other:?}")),
    };
    let ours: Vec<Vec<String>> = fields.iter().map(|field| names(&field.path)).collect();
    let theirs = differing(&strip(live), &strip(after), false, &[]);
    let theirs_with_order = differing(&strip(live), &strip(after), true, &[]);
    let related = |left: &[String], right: &[String]| left.starts_with(right) || right.starts_with(left);
    let is_named =
        |path: &[String]| [before, changed].iter().any(|manifest| find(manifest.value(), path).is_some());
    let unseen_by_us =
        theirs.iter().find(|path| is_named(path) && !ours.iter().any(|ours| related(ours, path)));
    let unseen_by_server =
        ours.iter().find(|path| !theirs_with_order.iter().any(|theirs| related(theirs, path)));
    match (unseen_by_us, unseen_by_server) {
        (None, None) => None,
        (server, engine) => Some(format!(
            "only the server changes {server:?}, only the engine {engine:?}, for {}",
            changed.value()
        )),
    }
}

/// A path with the items of keyed lists as `key=value`; the path ends where a position would come.
fn names(path: &FieldPath) -> Vec<String> {
    let name = |element: &PathElement| match element {
        PathElement::Field(name) => Some(name.clone()),
        PathElement::Key(keys) => {
            let keys: Vec<String> =
                keys.iter().map(|(name, value)| format!("{name}={}", value.value())).collect();
            Some(keys.join(","))
        }
        _ => None,
    };
    path.elements().iter().map_while(name).collect()
}

fn find<'a>(value: &'a Value, path: &[String]) -> Option<&'a Value> {
    let Some((name, rest)) = path.split_first() else { return Some(value) };
    let below = match value {
        Value::Object(members) => members.get(name)?,
        Value::Array(items) => keyed(items)?.into_iter().find(|(key, _)| key == name)?.1,
        _ => return None,
    };
    find(below, rest)
}

/// The items of a list by their keys, if its items have such.
fn keyed(items: &[Value]) -> Option<BTreeMap<String, &Value>> {
    let key = |item: &Value| {
        let member = |name: &str| item.get(name).map(|value| format!("{name}={value}"));
        let protocol = || member("protocol").unwrap_or_else(|| "protocol=\"TCP\"".to_owned());
        let port =
            member("containerPort").or_else(|| member("port")).map(|port| format!("{port},{}", protocol()));
        member("mountPath").or(port).or_else(|| member("name"))
    };
    let keyed: BTreeMap<String, &Value> =
        items.iter().map(|item| Some((key(item)?, item))).collect::<Option<_>>()?;
    (keyed.len() == items.len()).then_some(keyed)
}

/// The object without what every write changes.
fn strip(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object["metadata"].as_object_mut() {
        for name in ["managedFields", "generation", "resourceVersion"] {
            metadata.remove(name);
        }
    }
    object
}

/// The fields that differ, in the form of [`names`]. The order of items that have keys counts only `with_order`.
fn differing(left: &Value, right: &Value, with_order: bool, at: &[String]) -> Vec<Vec<String>> {
    let below = |name: &String, left: Option<&Value>, right: Option<&Value>| {
        let at = [at, std::slice::from_ref(name)].concat();
        differing(left.unwrap_or(&Value::Null), right.unwrap_or(&Value::Null), with_order, &at)
    };
    match (left, right) {
        (left, right) if left == right => Vec::new(),
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
            names.into_iter().flat_map(|name| below(name, left.get(name), right.get(name))).collect()
        }
        (Value::Array(left), Value::Array(right)) => match (keyed(left), keyed(right)) {
            (Some(left), Some(right)) if !with_order => {
                let keys: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
                keys.into_iter()
                    .flat_map(|key| below(key, left.get(key).copied(), right.get(key).copied()))
                    .collect()
            }
            _ => vec![at.to_vec()],
        },
        _ => vec![at.to_vec()],
    }
}

/// Changes one place of a value: removes it, doubles it, or gives it another value.
fn mutate(value: &mut Value, random: &mut TestRng) {
    let mut places = Vec::new();
    collect(value, String::new(), &mut places);
    places.retain(|place| {
        !matches!(
            place.as_str(),
            "/apiVersion" | "/kind" | "/metadata" | "/metadata/name" | "/metadata/namespace"
        )
    });
    if places.is_empty() {
        return;
    }
    let place = places[below(random, places.len())].clone();
    let (above, last) = place.rsplit_once('/').unwrap();
    let last = last.replace("~1", "/").replace("~0", "~");
    if below(random, 3) == 0 {
        match value.pointer_mut(above) {
            Some(Value::Object(members)) => drop(members.remove(&last)),
            Some(Value::Array(items)) => drop(items.remove(last.parse().unwrap())),
            _ => {}
        }
        return;
    }
    let Some(place) = value.pointer_mut(&place) else { return };
    *place = match &*place {
        Value::Bool(flag) => json!(!flag),
        Value::Number(number) => json!(number.as_i64().unwrap_or(0) + 1),
        Value::String(text) => other_text(text, random),
        Value::Array(items) => {
            let mut items = items.clone();
            items.reverse();
            Value::Array(items)
        }
        // Types without members are published like those that take any member, so that only the server knows what it drops there.
        Value::Object(members) if members.is_empty() => Value::Object(members.clone()),
        Value::Object(members) => {
            let mut members = members.clone();
            members.insert(format!("extra-{}", random.next_u32() % 4), json!("added"));
            Value::Object(members)
        }
        Value::Null => Value::Null,
    };
}

fn other_text(text: &str, random: &mut TestRng) -> Value {
    let choices = match text {
        "TCP" => ["UDP", "SCTP", "TCP"],
        "Ignore" => ["Fail", "Ignore", "Fail"],
        "Exists" => ["Equal", "Exists", "Exists"],
        "1Gi" | "1024Mi" => ["1Gi", "2048Mi", "0.5Gi"],
        "ClusterIP" | "LoadBalancer" => ["NodePort", "ClusterIP", "LoadBalancer"],
        _ => return json!(format!("{text}-{}", random.next_u32() % 3)),
    };
    json!(choices[below(random, 3)])
}

fn collect(value: &Value, at: String, places: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                collect(member, format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), places);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{at}/{index}"), places);
            }
        }
        _ => {}
    }
    if !at.is_empty() {
        places.push(at);
    }
}

fn below(random: &mut TestRng, limit: usize) -> usize {
    random.next_u32() as usize % limit
}
