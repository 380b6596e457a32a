use acceptance_tests::{Fixture, Workspace};
use lab::cloud::LoadBalancers;
use serde_json::json;

use crate::comparison::Comparison;
use crate::other_workspace;
use crate::read::links;

const CLUSTERS: [&str; 2] = ["east", "west"];

pub fn clusters_on_two_networks_answer_each_other_through_gateways(fixture: &Fixture) {
    let mut comparison = Comparison::begin(fixture, [("east", "net-east"), ("west", "net-west")]);
    let workspace = fixture.example("multi-primary-multi-network");
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    for object in ["west//Secret/istio-system/istio-remote-secret-east", "east//Secret/istio-system/cacerts"]
    {
        assert!(plan.output.contains(&format!("+ \"{object}\"")), "{object} is missing in:\n{}", plan.output);
    }
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    comparison.remember_ours();
    assert_eq!(links(&workspace), json!({"east->west": "ready", "west->east": "ready"}));

    fixture.start_sample(&CLUSTERS);
    for cluster in CLUSTERS {
        fixture.settle(cluster, &CLUSTERS);
        fixture.assert_all_answer(cluster, &CLUSTERS);
        let endpoints = fixture.endpoints(cluster);
        let across = endpoints.iter().filter(|it| it.starts_with("172.30.0.") && it.ends_with(":15443"));
        assert_eq!((endpoints.len(), across.count()), (2, 1), "{endpoints:?}");
    }
    workspace.assert_no_changes();
    other_workspace::sees_the_same_mesh(fixture, &workspace);
    other_workspace::names_what_is_not_as_it_says(fixture);
    balancers_may_have_host_names(fixture, &workspace);
    let filled = [
        ("east", "terraform-provider-istio-root", "tls.key"),
        ("east", "cacerts", "ca-key.pem"),
        ("west", "cacerts", "ca-key.pem"),
        ("west", "istio-mesh-reader-token-1", "token"),
        ("east", "istio-remote-secret-west", "west"),
    ];
    fixture.assert_in_no_state_or_plan(&workspace, &filled);
    a_deleted_remote_secret_is_named_and_made_again(fixture, &workspace);
    an_edited_authority_is_restored(fixture, &workspace);
    the_root_is_never_made_a_second_time(fixture, &workspace);
    the_root_moves_with_its_key(fixture, &workspace);

    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
    for cluster in CLUSTERS {
        fixture.assert_only_crds_remain(cluster);
    }
    comparison.assert_official_commands_make_the_same();
}

/// As on AWS: istiod resolves the host names, and the gateways are found behind them.
fn balancers_may_have_host_names(fixture: &Fixture, workspace: &Workspace) {
    let host_name =
        |cluster: &str| format!("istio-eastwestgateway.istio-system.{cluster}.balancers.lab.example");
    for cluster in CLUSTERS {
        fixture.lab.cluster(cluster).set_load_balancers(LoadBalancers::HostName(1));
    }
    for cluster in CLUSTERS {
        let service = ["-n", "istio-system", "wait", "service/istio-eastwestgateway", "--timeout=60s"];
        let published =
            format!("--for=jsonpath={{.status.loadBalancer.ingress[0].hostname}}={}", host_name(cluster));
        fixture.kubectl(cluster, &[&service[..], &[&published]].concat());
    }
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!(links(workspace), json!({"east->west": "ready", "west->east": "ready"}));
    for cluster in CLUSTERS {
        let status = &workspace.resource("istio_mesh.shop")["status"]["clusters"][cluster];
        assert_eq!(status["gateway_addresses"], json!([host_name(cluster)]));
    }
    for (caller, other) in [("east", "west"), ("west", "east")] {
        let addresses = fixture.lab.names().get(&host_name(other)).expect("the host name of the balancer");
        fixture.settle(caller, &CLUSTERS);
        fixture.assert_all_answer(caller, &CLUSTERS);
        let endpoints = fixture.endpoints(caller);
        assert!(endpoints.contains(&format!("{}:15443", addresses[0])), "{endpoints:?}, not {addresses:?}");
    }
    for cluster in CLUSTERS {
        fixture.lab.cluster(cluster).set_load_balancers(LoadBalancers::Addresses(1));
    }
}

fn a_deleted_remote_secret_is_named_and_made_again(fixture: &Fixture, workspace: &Workspace) {
    let namespace = ["-n", "istio-system"];
    let delete = ["delete", "secret", "istio-remote-secret-west"];
    fixture.kubectl("east", &[&namespace[..], &delete].concat());
    fixture.settle("east", &["east"]);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(
        plan.output.contains("+ \"east//Secret/istio-system/istio-remote-secret-west\""),
        "{}",
        plan.output
    );
    assert_eq!(
        workspace.shown_plan()["prior_state"]["values"]["root_module"]["resources"][0]["values"]["status"]["links"]
            ["east->west"],
        "missing"
    );
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    fixture.settle("east", &CLUSTERS);
}

fn an_edited_authority_is_restored(fixture: &Fixture, workspace: &Workspace) {
    let patch = r#"{"data":{"ca-cert.pem":"bm90aGluZw=="}}"#;
    fixture.kubectl("west", &["-n", "istio-system", "patch", "secret", "cacerts", "-p", patch]);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(plan.output.contains("west//Secret/istio-system/cacerts"), "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    fixture.settle("west", &CLUSTERS);
}

fn the_root_is_never_made_a_second_time(fixture: &Fixture, workspace: &Workspace) {
    let secret = ["-n", "istio-system", "get", "secret", "terraform-provider-istio-root", "-o", "json"];
    let backup = fixture.kubectl("east", &secret);
    fixture.kubectl("east", &["-n", "istio-system", "delete", "secret", "terraform-provider-istio-root"]);
    workspace.plan().failed_with(&[
        "No cluster keeps the root of the mesh: Secret istio-system/terraform-provider-istio-root is gone",
        "Restore Secret istio-system/terraform-provider-istio-root in cluster \"east\" from a backup",
    ]);
    fixture.kubectl_with("east", &["apply", "-f", "-"], &backup);
    workspace.apply().succeeded();
    workspace.assert_no_changes();
}

/// Also when the move is interrupted before and after the other cluster has it: the root is carried from wherever it is, and its
/// intermediates stay.
fn the_root_moves_with_its_key(fixture: &Fixture, workspace: &Workspace) {
    let text = Fixture::example_text("multi-primary-multi-network");
    let moved = text.replace("key_cluster = \"east\"", "key_cluster = \"west\"");
    assert_ne!(moved, text);
    let secret = |cluster: &str, name: &str, file: &str| {
        let path = format!("jsonpath={{.data.{file}}}");
        let get = ["-n", "istio-system", "get", "secret", name, "--ignore-not-found", "-o", &path];
        fixture.kubectl(cluster, &get)
    };
    let root = |cluster: &str| secret(cluster, "terraform-provider-istio-root", "tls\\.key");
    let intermediates = || CLUSTERS.map(|cluster| secret(cluster, "cacerts", "ca-cert\\.pem"));
    let (key, signed) = (root("east"), intermediates());
    let istiod = |cluster: &str, arguments: &[&str]| {
        fixture.kubectl(cluster, &[&["-n", "istio-system"], arguments].concat());
    };
    // An object of somebody else's stops the apply in one cluster before its first write.
    let labelled = ["patch", "deploy", "istiod", "--type=merge", "--field-manager=argocd", "-p"];
    let stop = |cluster: &str| {
        istiod(
            cluster,
            &[&labelled[..], &[r#"{"metadata":{"labels":{"terraform-provider-istio/owner":"x"}}}"#]].concat(),
        );
    };
    let go_on =
        |cluster: &str| istiod(cluster, &["label", "deploy", "istiod", "terraform-provider-istio/owner-"]);

    workspace.configure(&moved);
    stop("west");
    assert_eq!(workspace.apply().code, 1);
    assert_eq!((root("east"), root("west")), (key.clone(), String::new()));
    go_on("west");
    stop("east");
    assert_eq!(workspace.apply().code, 1);
    assert_eq!(root("east"), key);
    go_on("east");
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!((root("east"), root("west")), (String::new(), key.clone()));
    assert_eq!(intermediates(), signed);

    workspace.configure(&text);
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!((root("east"), root("west")), (key, String::new()));
    assert_eq!(intermediates(), signed);
}
