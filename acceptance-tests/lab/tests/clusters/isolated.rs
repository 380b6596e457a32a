//! Clusters with a network each, without Istio.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::time::Duration;

use lab::Lab;
use lab::cloud::LoadBalancers;
use lab::probe::Pods;

use crate::labs::{self, Kind};
use crate::tools::{apply, eventually, kubectl, wait_for_pods};

crate::trials![
    a_deployment_of_an_unknown_image_becomes_ready,
    a_real_process_can_be_looked_into,
    a_pod_finds_its_configuration_and_sees_it_change,
    a_container_that_ends_is_started_again,
    an_image_that_cannot_be_pulled_keeps_its_pod_waiting,
    a_job_completes,
    names_of_services_resolve_in_pods,
    a_load_balancer_answers_from_the_other_cluster_and_moves,
    pods_of_isolated_networks_do_not_reach_each_other,
    a_cut_link_is_cut_until_it_is_healed,
    a_cluster_can_be_cut_from_the_outside,
    a_killed_api_server_comes_back_and_pods_stay,
];

/// An echo server and its Service in a namespace of its own.
fn echo(namespace: &str, cluster: &str) -> String {
    format!(
        r#"
apiVersion: v1
kind: Namespace
metadata: {{name: {namespace}}}
---
apiVersion: v1
kind: Service
metadata: {{name: echo, namespace: {namespace}}}
spec: {{selector: {{app: echo}}, ports: [{{name: http, port: 80, targetPort: 8080}}]}}
---
apiVersion: v1
kind: Pod
metadata: {{name: server, namespace: {namespace}, labels: {{app: echo}}}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: lab.example/istio/app:1
    args: [--port=8080, "--cluster={cluster}"]
    readinessProbe: {{httpGet: {{path: /, port: 8080}}, periodSeconds: 1}}
"#
    )
}

/// Starts [`echo`] and gives the pods of its namespace.
fn start_echo(lab: &Lab, cluster: &str, namespace: &str) -> Pods {
    apply(lab, cluster, &echo(namespace, cluster));
    wait_for_pods(lab, cluster, namespace, "app=echo");
    pods(lab, cluster, namespace)
}

/// Makes the Service of [`echo`] a load balancer.
fn balance(lab: &Lab, cluster: &str, namespace: &str) {
    let patch = r#"{"spec":{"type":"LoadBalancer"}}"#;
    kubectl(lab, cluster, &["-n", namespace, "patch", "service", "echo", "-p", patch]);
}

fn pods(lab: &Lab, cluster: &str, namespace: &str) -> Pods {
    let _inside = lab.runtime().enter();
    Pods::new(&lab.cluster(cluster).client().unwrap(), namespace)
}

fn field(lab: &Lab, cluster: &str, namespace: &str, object: &str, path: &str) -> String {
    kubectl(lab, cluster, &["-n", namespace, "get", object, "-o", &format!("jsonpath={{{path}}}")])
}

fn a_deployment_of_an_unknown_image_becomes_ready() {
    let lab = labs::get(Kind::Isolated);
    kubectl(&lab, "east", &["create", "deployment", "web", "--image=nginx", "--replicas=2"]);
    kubectl(&lab, "east", &["wait", "deployment/web", "--for=condition=Available", "--timeout=30s"]);
    assert_eq!(field(&lab, "east", "default", "deployment/web", ".status.readyReplicas"), "2");
    kubectl(&lab, "east", &["delete", "deployment", "web", "--timeout=30s"]);
    eventually("the pods go away", || {
        kubectl(&lab, "east", &["get", "pods", "-l", "app=web", "-o", "name"]).is_empty().then_some(())
    });
}

fn a_real_process_can_be_looked_into() {
    let lab = labs::get(Kind::Isolated);
    let pods = start_echo(&lab, "east", "looked-into");
    let hosts = lab.runtime().block_on(pods.exec("server", "app", &["cat", "/etc/hosts"])).unwrap();
    let address = field(&lab, "east", "looked-into", "pod/server", ".status.podIP");
    assert!(hosts.contains(&format!("{address} server\n")), "{hosts}");
    let answer = lab.runtime().block_on(pods.get("server", 8080, "/")).unwrap();
    assert!(answer.contains("Cluster=east") && answer.contains("Hostname=server"), "{answer}");
    let log = kubectl(&lab, "east", &["-n", "looked-into", "logs", "server"]);
    assert!(log.contains("HTTP"), "{log}");
    assert_eq!(log, lab.cluster("east").node().log("looked-into", "server", "app").unwrap());
}

fn a_pod_finds_its_configuration_and_sees_it_change() {
    let lab = labs::get(Kind::Isolated);
    apply(
        &lab,
        "east",
        r"
apiVersion: v1
kind: ConfigMap
metadata: {name: greeting}
data: {text: hello}
---
apiVersion: v1
kind: Pod
metadata: {name: configured, labels: {app: configured}}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: app
    image: lab.example/any
    command: [sh, -c, 'trap exit TERM; while :; do sleep 0.2; done']
    env:
    - {name: NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
    - {name: TEXT, valueFrom: {configMapKeyRef: {name: greeting, key: text}}}
    - {name: BOTH, value: $(NAME) says $(TEXT)}
    volumeMounts: [{name: greeting, mountPath: /etc/greeting}]
  volumes: [{name: greeting, configMap: {name: greeting}}]
",
    );
    wait_for_pods(&lab, "east", "default", "app=configured");
    let pods = pods(&lab, "east", "default");
    let exec = |command: &[&str]| lab.runtime().block_on(pods.exec("configured", "app", command)).unwrap();
    let pid = lab.cluster("east").node().pid("default", "configured", "app").unwrap();
    assert!(exec(&["cat", &format!("/proc/{pid}/environ")]).contains("BOTH=configured says hello\0"));
    assert_eq!(exec(&["cat", "/etc/greeting/text"]), "hello");
    let token = exec(&["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"]);
    assert_eq!(token.split('.').count(), 3, "a signed token");
    kubectl(&lab, "east", &["patch", "configmap", "greeting", "-p", r#"{"data":{"text":"good bye"}}"#]);
    eventually("the new text is there", || {
        (exec(&["cat", "/etc/greeting/text"]) == "good bye").then_some(())
    });
    kubectl(&lab, "east", &["delete", "pod", "configured", "--timeout=20s"]);
}

fn a_container_that_ends_is_started_again() {
    let lab = labs::get(Kind::Isolated);
    apply(
        &lab,
        "east",
        r"
apiVersion: v1
kind: Pod
metadata: {name: ending}
spec:
  containers: [{name: app, image: lab.example/any, command: [sh, -c, 'sleep 0.3; exit 3']}]
",
    );
    eventually("it was started again", || {
        let restarts =
            field(&lab, "east", "default", "pod/ending", ".status.containerStatuses[0].restartCount");
        restarts.parse::<u32>().is_ok_and(|count| count >= 2).then_some(())
    });
    let path = ".status.containerStatuses[0].lastState.terminated.exitCode";
    assert_eq!(field(&lab, "east", "default", "pod/ending", path), "3");
    kubectl(&lab, "east", &["delete", "pod", "ending", "--timeout=20s"]);
}

fn an_image_that_cannot_be_pulled_keeps_its_pod_waiting() {
    let lab = labs::get(Kind::Isolated);
    kubectl(&lab, "east", &["run", "stuck", "--image=unpullable.example/istio/proxyv2:1"]);
    let path = ".status.containerStatuses[0].state.waiting.reason";
    eventually("it waits", || {
        (field(&lab, "east", "default", "pod/stuck", path) == "ImagePullBackOff").then_some(())
    });
    assert_eq!(field(&lab, "east", "default", "pod/stuck", ".status.phase"), "Pending");
    kubectl(&lab, "east", &["delete", "pod", "stuck", "--timeout=20s"]);
}

fn a_job_completes() {
    let lab = labs::get(Kind::Isolated);
    kubectl(
        &lab,
        "east",
        &["create", "job", "real", "--image=lab.example/any", "--", "sh", "-c", "echo done"],
    );
    kubectl(&lab, "east", &["wait", "job/real", "--for=condition=Complete", "--timeout=30s"]);
    assert_eq!(kubectl(&lab, "east", &["logs", "job/real"]), "done\n");
    kubectl(&lab, "east", &["delete", "job", "real", "--timeout=20s"]);
}

fn names_of_services_resolve_in_pods() {
    let lab = labs::get(Kind::Isolated);
    let pods = start_echo(&lab, "east", "named");
    let address = field(&lab, "east", "named", "service/echo", ".spec.clusterIP");
    lab.names().set("api.lab.example", &["192.0.2.7".parse().unwrap()]);
    for (name, expected) in [
        ("echo", address.as_str()),
        ("echo.named", &address),
        ("echo.named.svc.cluster.local", &address),
        ("kubernetes.default", "10.111.0.1"),
        ("api.lab.example", "192.0.2.7"),
    ] {
        let found =
            lab.runtime().block_on(pods.exec("server", "app", &["getent", "ahostsv4", name])).unwrap();
        assert!(found.starts_with(&format!("{expected} ")), "{name} is {found}, not {expected}");
    }
    let none =
        lab.runtime().block_on(pods.exec("server", "app", &["getent", "ahostsv4", "nobody.named"])).unwrap();
    assert_eq!(none, "");
}

fn a_load_balancer_answers_from_the_other_cluster_and_moves() {
    let lab = labs::get(Kind::Isolated);
    start_echo(&lab, "east", "balanced");
    balance(&lab, "east", "balanced");
    let caller = start_echo(&lab, "west", "calling");
    let calls = |host: &str| {
        let answers = lab
            .runtime()
            .block_on(caller.call("server", &format!("http://{host}/"), 4))
            .expect("the client runs");
        (answers.clusters.get("east").copied() == Some(4)).then_some(()).ok_or(answers.output)
    };
    let ingress = |path: &str| field(&lab, "east", "balanced", "service/echo", path);
    let east = lab.cluster("east");

    let address = eventually("an address", || {
        Some(ingress(".status.loadBalancer.ingress[*].ip")).filter(|it| !it.is_empty())
    });
    eventually("answers from the address", || calls(&address).ok());
    east.renew_load_balancers();
    let renewed = eventually("another address", || {
        Some(ingress(".status.loadBalancer.ingress[*].ip")).filter(|it| !it.is_empty() && *it != address)
    });
    eventually("answers from the new address", || calls(&renewed).ok());
    eventually("the old address is silent", || calls(&address).is_err().then_some(()));

    east.set_load_balancers(LoadBalancers::Addresses(2));
    eventually("two addresses", || {
        let both = ingress(".status.loadBalancer.ingress[*].ip");
        (both.split(' ').count() == 2).then_some(())
    });

    east.set_load_balancers(LoadBalancers::HostName(2));
    let host = eventually("a host name", || {
        Some(ingress(".status.loadBalancer.ingress[*].hostname")).filter(|it| !it.is_empty())
    });
    assert_eq!(lab.names().get(&host).map(|addresses| addresses.len()), Some(2));
    eventually("answers from the host name", || calls(&host).ok());

    east.set_load_balancers(LoadBalancers::Pending);
    eventually("nothing", || ingress(".status.loadBalancer").replace("{}", "").is_empty().then_some(()));
    assert_eq!(lab.names().get(&host), None);
    east.set_load_balancers(LoadBalancers::Addresses(1));
    kubectl(&lab, "east", &["delete", "namespace", "balanced", "--timeout=30s"]);
    kubectl(&lab, "west", &["delete", "namespace", "calling", "--timeout=30s"]);
}

fn pods_of_isolated_networks_do_not_reach_each_other() {
    let lab = labs::get(Kind::Isolated);
    start_echo(&lab, "east", "apart");
    let west = start_echo(&lab, "west", "apart");
    let address = field(&lab, "east", "apart", "pod/server", ".status.podIP");
    let own = field(&lab, "west", "apart", "pod/server", ".status.podIP");
    let call = |address: &str| {
        lab.runtime()
            .block_on(west.call("server", &format!("http://{address}:8080/"), 1))
            .expect("the client runs")
    };
    assert_eq!(call(&own).clusters.len(), 1, "a pod reaches its own cluster");
    assert_eq!(call(&address).clusters.len(), 0, "a pod reaches the other network");
}

fn a_cut_link_is_cut_until_it_is_healed() {
    let lab = labs::get(Kind::Isolated);
    start_echo(&lab, "east", "linked");
    balance(&lab, "east", "linked");
    let west = start_echo(&lab, "west", "linked");
    let path = ".status.loadBalancer.ingress[0].ip";
    let address = eventually("an address", || {
        Some(field(&lab, "east", "linked", "service/echo", path)).filter(|it| !it.is_empty())
    });
    let reached = || {
        let answers = lab.runtime().block_on(west.call("server", &format!("http://{address}/"), 1));
        !answers.expect("the client runs").clusters.is_empty()
    };
    eventually("the link works", || reached().then_some(()));
    lab.cut("east", "west").unwrap();
    assert!(!reached(), "a cut link works");
    lab.heal("east", "west").unwrap();
    eventually("the healed link works", || reached().then_some(()));
}

fn a_cluster_can_be_cut_from_the_outside() {
    let lab = labs::get(Kind::Isolated);
    let west = lab.cluster("west");
    let resolved: Vec<SocketAddr> = "api.west.lab.example:6443".to_socket_addrs().unwrap().collect();
    assert_eq!(resolved, [SocketAddr::from((west.addresses().node(), 6443))]);
    let reached = || TcpStream::connect_timeout(&resolved[0], Duration::from_secs(1)).is_ok();
    assert!(reached());
    west.network().cut_outside(true).unwrap();
    assert!(!reached(), "a cut cluster is reached");
    west.network().cut_outside(false).unwrap();
    assert!(reached());
}

fn a_killed_api_server_comes_back_and_pods_stay() {
    let lab = labs::get(Kind::Isolated);
    let pods = start_echo(&lab, "east", "staying");
    let east = lab.cluster("east");
    let pid = east.node().pid("staying", "server", "app").unwrap();
    east.component("kube-apiserver").unwrap().kill();
    std::thread::sleep(Duration::from_millis(500));
    east.api_server().start_again().unwrap();
    assert_eq!(east.node().pid("staying", "server", "app"), Some(pid));
    eventually("it can be looked into again", || {
        lab.runtime()
            .block_on(pods.get("server", 8080, "/"))
            .ok()
            .filter(|answer| answer.contains("Cluster=east"))
    });
    kubectl(&lab, "east", &["create", "deployment", "after", "--image=nginx"]);
    kubectl(&lab, "east", &["wait", "deployment/after", "--for=condition=Available", "--timeout=30s"]);
}
