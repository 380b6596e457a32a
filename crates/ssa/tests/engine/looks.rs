//! What is kept from look to look, and when the server is asked all the same. The server is made for it, so that it can change what
//! it serves.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::extract::Request;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};
use ssa::{
    DiscoveryCache, Engine, GroupKind, Keep, Live, Look, ObjectId, Observation, Options, Selection, Server,
};
use tokio_util::sync::CancellationToken;

use crate::cluster::options;

const GROUP: &str = "shop.example";

/// Serves two gadgets in the namespace `web` and two shelves, unless it is told not to serve gadgets.
#[derive(Clone, Default)]
struct Shop {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    has_no_gadgets: bool,
    /// Paths, and whether only metadata were asked for.
    seen: Vec<(String, bool)>,
}

impl Shop {
    async fn open(&self) -> SocketAddr {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shop = self.clone();
        let answer = move |request: Request| {
            let answer = shop.answer(&request);
            async move { answer }
        };
        tokio::spawn(
            async move { axum::serve(listener, axum::Router::new().fallback(answer)).await.unwrap() },
        );
        address
    }

    fn answer(&self, request: &Request) -> Response {
        let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
        let of_metadata = accept.is_some_and(|accept| accept.contains("PartialObjectMetadataList"));
        let mut state = self.state.lock().unwrap();
        let path = request.uri().path().to_owned();
        state.seen.push((path.clone(), of_metadata));
        let list = |items: Vec<Value>| json!({"metadata": {}, "items": items}).to_string().into_response();
        match path.as_str() {
            "/api" => list(vec![]),
            "/apis" => list(vec![group(state.has_no_gadgets)]),
            "/apis/shop.example/v1/namespaces/web/gadgets" if !state.has_no_gadgets => {
                list(["a", "b"].map(gadget).into())
            }
            "/apis/shop.example/v1/shelves" => list(["a", "b"].map(|name| shelf(name, !of_metadata)).into()),
            "/apis/shop.example/v1/shelves/b" => shelf("b", true).to_string().into_response(),
            _ => {
                let status = json!({"kind": "Status", "code": 404, "details": {}}).to_string();
                (StatusCode::NOT_FOUND, status).into_response()
            }
        }
    }

    /// The paths that were asked for since the last call.
    fn seen(&self) -> Vec<String> {
        std::mem::take(&mut self.state.lock().unwrap().seen).into_iter().map(|(path, _)| path).collect()
    }

    fn stop_serving_gadgets(&self) {
        self.state.lock().unwrap().has_no_gadgets = true;
    }

    fn serve_gadgets(&self) {
        self.state.lock().unwrap().has_no_gadgets = false;
    }
}

fn group(has_no_gadgets: bool) -> Value {
    let resource = |plural: &str, kind: &str, scope: &str| json!({"resource": plural, "responseKind": {"kind": kind}, "scope": scope, "verbs": ["list"]});
    let mut resources = vec![resource("shelves", "Shelf", "Cluster")];
    if !has_no_gadgets {
        resources.push(resource("gadgets", "Gadget", "Namespaced"));
    }
    json!({"metadata": {"name": GROUP}, "versions": [{"version": "v1", "resources": resources}]})
}

fn gadget(name: &str) -> Value {
    json!({"metadata": {"name": name, "namespace": "web", "uid": name, "labels": {"colour": format!("{name}-ish")}}})
}

fn shelf(name: &str, is_whole: bool) -> Value {
    let mut shelf = json!({"metadata": {"name": name, "uid": name, "resourceVersion": "7"}});
    if is_whole {
        shelf["spec"] = json!({"boards": 3});
    }
    shelf
}

fn engine(address: SocketAddr, folder: &Path, version: &str) -> Engine {
    let mut config = kube::Config::new(format!("http://{address}").parse().unwrap());
    config.default_retry = false;
    let discovery = DiscoveryCache::in_folder(folder.to_owned());
    let options = Options { discovery, ..options("looks") };
    let engine = Engine::new(kube::Client::try_from(config).unwrap(), options);
    engine.identify(Server { cluster: "1".to_owned(), version: version.to_owned() });
    engine
}

fn gadgets() -> Look {
    let id = |name: &str| (ObjectId::new(GROUP, "Gadget", "web", name), None);
    Look { objects: ["a", "b"].map(id).into(), selections: Vec::new() }
}

/// How many of the objects exist, by what a look says.
async fn found(engine: &Engine, look: &Look) -> usize {
    let whole = |_: &ObjectId, live: Live| live;
    let looked = engine.look(look, &whole, &CancellationToken::new()).await;
    for observation in looked.objects.values() {
        assert!(!matches!(observation, Observation::Unknown(_)), "{observation:?}");
    }
    looked.objects.values().filter(|observation| observation.live().is_some()).count()
}

const DISCOVERY: [&str; 2] = ["/api", "/apis"];
const GADGETS: &str = "/apis/shop.example/v1/namespaces/web/gadgets";

fn sorted(mut paths: Vec<String>) -> Vec<String> {
    paths.sort();
    paths
}

#[tokio::test]
async fn what_a_server_serves_is_asked_once_for_each_of_its_versions() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let address = shop.open().await;
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 2);
    assert_eq!(sorted(shop.seen()), [DISCOVERY[0], DISCOVERY[1], GADGETS]);
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 2);
    assert_eq!(shop.seen(), [GADGETS]);
    assert_eq!(found(&engine(address, folder.path(), "v1.37.0"), &gadgets()).await, 2);
    assert_eq!(sorted(shop.seen()), [DISCOVERY[0], DISCOVERY[1], GADGETS]);
}

#[tokio::test]
async fn a_kind_that_is_missing_in_what_is_kept_is_looked_up_before_anybody_says_that_it_is() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let address = shop.open().await;
    shop.stop_serving_gadgets();
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 0);
    shop.serve_gadgets();
    shop.seen();
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 2);
    assert_eq!(sorted(shop.seen()), [DISCOVERY[0], DISCOVERY[1], GADGETS]);
}

#[tokio::test]
async fn a_kind_that_is_kept_and_no_longer_served_has_no_objects() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let address = shop.open().await;
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 2);
    shop.stop_serving_gadgets();
    shop.seen();
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 0);
    assert_eq!(sorted(shop.seen()), [DISCOVERY[0], DISCOVERY[1], GADGETS]);
    assert_eq!(found(&engine(address, folder.path(), "v1.36.3"), &gadgets()).await, 0);
    assert_eq!(sorted(shop.seen()), DISCOVERY, "what was found out is kept, and asked again");
}

#[tokio::test]
async fn a_cache_that_cannot_be_written_is_no_error() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let address = shop.open().await;
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    for _ in 0..2 {
        assert_eq!(found(&engine(address, &file.join("below"), "v1.36.3"), &gadgets()).await, 2);
        assert_eq!(sorted(shop.seen()), [DISCOVERY[0], DISCOVERY[1], GADGETS]);
    }
}

#[tokio::test]
async fn one_list_has_the_objects_that_are_found_by_a_label_too() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let engine = engine(shop.open().await, folder.path(), "v1.36.3");
    let selection = |values: &[&str]| Selection {
        kind: GroupKind { group: GROUP.to_owned(), kind: "Gadget".to_owned() },
        namespace: "web".to_owned(),
        label: "colour".to_owned(),
        values: values.iter().map(|value| (*value).to_owned()).collect(),
    };
    let look = Look { selections: vec![selection(&["b-ish"]), selection(&[])], ..gadgets() };
    let whole = |_: &ObjectId, live: Live| live;
    let looked = engine.look(&look, &whole, &CancellationToken::new()).await;
    assert_eq!(shop.seen().iter().filter(|path| *path == GADGETS).count(), 1);
    let names = |place: usize| -> Vec<String> {
        let found = looked.selected[place].as_ref().unwrap();
        found.iter().map(|live| live.value()["metadata"]["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!((names(0), names(1)), (vec!["b".to_owned()], vec!["a".to_owned(), "b".to_owned()]));
    assert_eq!(looked.objects.len(), 2);
}

/// Remembers how many boards shelves have.
#[derive(Default)]
struct Boards(Mutex<BTreeMap<String, i64>>);

impl Keep<i64> for Boards {
    fn keep(&self, _: &ObjectId, live: Live) -> i64 {
        let boards = live.value()["spec"]["boards"].as_i64().unwrap();
        self.0.lock().unwrap().insert(live.uid().to_owned(), boards);
        boards
    }

    fn may_recall(&self, kind: &GroupKind) -> bool {
        kind.kind == "Shelf" && !self.0.lock().unwrap().is_empty()
    }

    fn recall(&self, _: &ObjectId, metadata: &Live) -> Option<i64> {
        self.0.lock().unwrap().get(metadata.uid()).copied()
    }
}

#[tokio::test]
async fn of_what_is_known_by_its_metadata_nothing_else_is_read() {
    let (shop, folder) = (Shop::default(), tempfile::tempdir().unwrap());
    let engine = engine(shop.open().await, folder.path(), "v1.36.3");
    let id = |name: &str| (ObjectId::new(GROUP, "Shelf", "", name), None);
    let shelves = Look { objects: ["a", "b", "c"].map(id).into(), selections: Vec::new() };
    let boards = Boards::default();
    let look = async || {
        shop.seen();
        let looked = engine.look(&shelves, &boards, &CancellationToken::new()).await.objects;
        looked.into_values().map(|observation| observation.live().copied()).collect::<Vec<_>>()
    };
    let list = "/apis/shop.example/v1/shelves";
    assert_eq!(look().await, [Some(3), Some(3), None]);
    assert_eq!(shop.seen().iter().filter(|path| *path == list).count(), 1, "nothing is known yet");
    assert_eq!(look().await, [Some(3), Some(3), None]);
    assert_eq!(shop.seen(), [list]);
    boards.0.lock().unwrap().remove("b");
    assert_eq!(look().await, [Some(3), Some(3), None]);
    assert_eq!(shop.seen(), [list, "/apis/shop.example/v1/shelves/b"]);
}
