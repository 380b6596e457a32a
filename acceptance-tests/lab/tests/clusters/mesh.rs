//! One mesh over two isolated clusters, installed by the real helm from Istio's charts.

use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lab::certificates::Authority;
use lab::parts;
use lab::probe::{self, Answers, Pods};
use lab::sample;
use lab::{Lab, Spec};
use serde_json::json;

use crate::labs::{self, Kind};
use crate::tools::{apply, eventually, helm, kubectl, wait_for_pods};

crate::trials![
    istiod_from_the_official_charts_becomes_ready,
    a_service_of_two_clusters_answers_from_both,
    no_proxy_has_rejected_its_configuration,
    nothing_comes_over_a_cut_link,
    a_warm_start_answers_from_both_clusters,
];

const CLUSTERS: [&str; 2] = ["east", "west"];

/// Installs Istio in both clusters with one root, connects them, and starts the sample.
pub fn install(lab: &Lab) {
    let started = std::time::Instant::now();
    let root = Authority::generate("mesh root").unwrap();
    thread::scope(|scope| {
        for cluster in CLUSTERS {
            let root = &root;
            scope.spawn(move || install_in(lab, cluster, root));
        }
    });
    for (from, to) in [("east", "west"), ("west", "east")] {
        apply(lab, to, &remote_secret(lab, from));
    }
    for cluster in CLUSTERS {
        for app in ["app=echo", "app=client"] {
            wait_for_pods(lab, cluster, "sample", app);
        }
    }
    eprintln!("mesh and sample ready in {:.1} s", started.elapsed().as_secs_f64());
}

fn install_in(lab: &Lab, cluster: &str, root: &Authority) {
    apply(lab, cluster, &preparations(cluster, root));
    let charts = parts::charts().unwrap();
    let chart = |name: &str| charts.chart(name).display().to_string();
    let release = |name: &str, chart: &str, values: &str| {
        let fixed = ["-n", "istio-system", "upgrade", "--install", name, chart, "--wait", "--timeout", "5m"];
        helm(lab, cluster, &[&fixed[..], &["--set", values]].concat());
    };
    release("istio-base", &chart("base"), "global.istioNamespace=istio-system");
    let identity =
        format!("global.meshID=lab,global.multiCluster.clusterName={cluster},global.network=net-{cluster}");
    release("istiod", &chart("istiod"), &identity);
    release("eastwest", &chart("gateway"), &format!("networkGateway=net-{cluster}"));
    apply(lab, cluster, &exposure());
    apply(lab, cluster, &sample::manifests(cluster).to_string());
}

/// The namespace, and istiod's authority: the mesh's root itself.
fn preparations(cluster: &str, root: &Authority) -> String {
    let files = root.files();
    let encode = |text: &str| STANDARD.encode(text);
    json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": "istio-system", "labels": {"topology.istio.io/network": format!("net-{cluster}")}}},
        {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "cacerts", "namespace": "istio-system"}, "data": {
            "ca-cert.pem": encode(&files.certificate),
            "ca-key.pem": encode(&files.key),
            "root-cert.pem": encode(&files.certificate),
            "cert-chain.pem": encode(&files.certificate),
        }},
    ]})
    .to_string()
}

/// The east-west gateway's configuration.
fn exposure() -> String {
    json!({"apiVersion": "networking.istio.io/v1", "kind": "Gateway",
        "metadata": {"name": "cross-network", "namespace": "istio-system"},
        "spec": {"selector": {"istio": "eastwest"}, "servers": [{
            "port": {"number": 15443, "name": "tls", "protocol": "TLS"},
            "tls": {"mode": "AUTO_PASSTHROUGH"}, "hosts": ["*.local"]}]}})
    .to_string()
}

/// What lets the other istiod read this cluster.
fn remote_secret(lab: &Lab, cluster: &str) -> String {
    let connection = lab.cluster(cluster).api_server().connection("admin").unwrap();
    let kubeconfig = lab::connection::kubeconfig(&[connection]).to_string();
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {
        "name": format!("istio-remote-secret-{cluster}"), "namespace": "istio-system",
        "labels": {"istio/multiCluster": "true"}, "annotations": {"networking.istio.io/cluster": cluster},
    }, "stringData": {cluster: kubeconfig}})
    .to_string()
}

async fn call(lab: &Lab, cluster: &str, count: usize) -> Result<Answers, probe::Error> {
    let pods = Pods::new(&lab.cluster(cluster).client().unwrap(), "sample");
    let client = pods.running("app=client").await?;
    pods.call(&client, sample::URL, count).await
}

/// Waits until calls from both clusters are answered by exactly these.
fn wait_for_answers(lab: &Lab, caller: &str, expected: &[&str]) {
    eventually(&format!("calls from {caller} are answered by {expected:?}"), || {
        // After a warm start there is no client at first.
        let answers = lab.runtime().block_on(call(lab, caller, 20)).ok()?;
        let all = answers.codes.get("200") == Some(&20);
        (all && answers.clusters.keys().map(String::as_str).eq(expected.iter().copied())).then_some(())
    });
}

fn istiod_from_the_official_charts_becomes_ready() {
    let lab = labs::get(Kind::Mesh);
    for cluster in CLUSTERS {
        let ready =
            ["-n", "istio-system", "get", "deployment", "istiod", "-o", "jsonpath={.status.readyReplicas}"];
        assert_eq!(kubectl(&lab, cluster, &ready), "1");
        let synced = lab.runtime().block_on(async {
            let pods = Pods::new(&lab.cluster(cluster).client().unwrap(), "istio-system");
            let istiod = pods.running("app=istiod").await.unwrap();
            pods.get(&istiod, 8080, "/debug/clusterz").await.unwrap()
        });
        assert_eq!(synced.matches("\"synced\"").count(), 2, "{synced}");
    }
}

fn a_service_of_two_clusters_answers_from_both() {
    let lab = labs::get(Kind::Mesh);
    for cluster in CLUSTERS {
        wait_for_answers(&lab, cluster, &CLUSTERS);
    }
    let endpoints = lab.runtime().block_on(async {
        let pods = Pods::new(&lab.cluster("east").client().unwrap(), "sample");
        let client = pods.running("app=client").await.unwrap();
        pods.endpoints(&client, sample::PROXY_CLUSTER).await.unwrap()
    });
    let across = endpoints.iter().filter(|it| it.starts_with("172.30.0.2") && it.ends_with(":15443"));
    assert_eq!((endpoints.len(), across.count()), (2, 1), "{endpoints:?}");
}

fn no_proxy_has_rejected_its_configuration() {
    let lab = labs::get(Kind::Mesh);
    for cluster in CLUSTERS {
        for (namespace, labels) in
            [("sample", "app=client"), ("sample", "app=echo"), ("istio-system", "istio=eastwest")]
        {
            let rejected = lab.runtime().block_on(async {
                let pods = Pods::new(&lab.cluster(cluster).client().unwrap(), namespace);
                let pod = pods.running(labels).await.unwrap();
                pods.rejected(&pod).await.unwrap()
            });
            assert_eq!(rejected, 0, "{cluster}: {labels}");
        }
    }
}

fn nothing_comes_over_a_cut_link() {
    let lab = labs::get(Kind::Mesh);
    lab.cut("east", "west").unwrap();
    // Calls on connections that were open before hang until they time out: nobody tells the proxy.
    let answers = lab.runtime().block_on(call(&lab, "east", 6)).unwrap();
    assert_eq!(answers.clusters.get("west"), None, "{}", answers.output);
    lab.heal("east", "west").unwrap();
    wait_for_answers(&lab, "east", &CLUSTERS);
}

fn a_warm_start_answers_from_both_clusters() {
    labs::end();
    let started = std::time::Instant::now();
    let start = || {
        Lab::start_prepared(&Spec::isolated(&CLUSTERS), "two isolated clusters with the sample", |lab| {
            install(lab);
            Ok::<(), lab::Error>(())
        })
        .unwrap_or_else(|error| panic!("{}", lab::chain(&error)))
    };
    drop(start());
    eprintln!("a prepared lab in {:.1} s", started.elapsed().as_secs_f64());
    let started = std::time::Instant::now();
    let warm = start();
    for cluster in CLUSTERS {
        wait_for_answers(&warm, cluster, &CLUSTERS);
    }
    eprintln!("warm start to answers from both in {:.1} s", started.elapsed().as_secs_f64());
}
