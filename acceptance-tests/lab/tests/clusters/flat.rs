//! Clusters on one network.

use lab::probe::Pods;

use crate::labs::{self, Kind};
use crate::tools::{apply, kubectl, wait_for_pods};

crate::trials![a_new_lab_knows_nothing_of_the_one_before, pods_of_a_flat_network_reach_each_other];

fn a_new_lab_knows_nothing_of_the_one_before() {
    let lab = labs::get(Kind::Isolated);
    kubectl(&lab, "east", &["create", "configmap", "before"]);
    drop(lab);
    let lab = labs::get(Kind::Flat);
    let known = kubectl(&lab, "east", &["get", "configmaps", "-o", "name"]);
    assert!(!known.contains("configmap/before"), "{known}");
}

fn pods_of_a_flat_network_reach_each_other() {
    let lab = labs::get(Kind::Flat);
    for cluster in ["east", "west"] {
        apply(
            &lab,
            cluster,
            &format!(
                r#"
apiVersion: v1
kind: Pod
metadata: {{name: echo, labels: {{app: echo}}}}
spec:
  containers:
  - name: app
    image: lab.example/istio/app:1
    args: [--port=8080, "--cluster={cluster}"]
    readinessProbe: {{httpGet: {{path: /, port: 8080}}, periodSeconds: 1}}
"#
            ),
        );
    }
    for cluster in ["east", "west"] {
        wait_for_pods(&lab, cluster, "default", "app=echo");
    }
    for (caller, called) in [("east", "west"), ("west", "east")] {
        let address = kubectl(&lab, called, &["get", "pod", "echo", "-o", "jsonpath={.status.podIP}"]);
        let answers = lab.runtime().block_on(async {
            let pods = Pods::new(&lab.cluster(caller).client().unwrap(), "default");
            pods.call("echo", &format!("http://{address}:8080/"), 3).await.unwrap()
        });
        assert_eq!(answers.clusters.get(called), Some(&3), "{}", answers.output);
    }
}
