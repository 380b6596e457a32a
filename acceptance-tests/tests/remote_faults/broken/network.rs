use std::time::{Duration, Instant};

use acceptance_tests::until;
use lab::sample;

use super::patient::{ADDRESS, Cause, Patient, message};
use super::permissions::{self, ROLE};

/// Enough to apply, too short to wait for what will not come.
const SHORT: &str = "  timeouts {\n    create = \"20s\"\n    update = \"15s\"\n  }";
/// Where nobody is.
const NOBODYS: &str = "172.30.0.99";
const FAILS: &str = "fails with this message";
/// What may pass is waited for.
const WAITS: &str = "waits, then fails with this message";

/// The address is declared by hand, and wrong: the first pod that the cluster has istiod inject is not.
pub fn an_address_leads_nowhere(patient: &mut Patient) {
    let right = patient.text.clone();
    let block = format!("remote_control_plane {{\n      hostname = {NOBODYS:?}\n    }}");
    patient.text = right.replace("remote_control_plane {}", &block);
    assert_ne!(patient.text, right);
    patient.configure(SHORT);
    let run = patient.workspace.apply_with_messages();
    let said = message(&run, "Cluster \"branch\": istiod's webhook did not inject", "error");
    assert!(said.detail.contains("correct hostname"), "{said:?}");
    patient.row("Wrong `hostname` in a `remote_control_plane` block", "only an apply sees it", &said, FAILS);
    patient.text = right;
    patient.workspace.configure(&patient.text);
    patient.workspace.run(&["untaint", ADDRESS]).succeeded();
    patient.workspace.apply().succeeded();
    patient.workspace.assert_well();
}

/// Neither Kubernetes nor istiod knows of calls, so nothing says that none gets through.
pub fn gateways_are_kept_apart(patient: &mut Patient) {
    let network = patient.fixture.lab.cluster("east").network();
    let url = sample::url("only-branch");
    network.close_to_pods(15443, true).expect("close the port");
    until("a call that fails", || !patient.fixture.call_at("east", &url, 5).codes.contains_key("200"));
    patient.workspace.assert_well();
    network.close_to_pods(15443, false).expect("open the port");
    patient.fixture.settle_at("east", &url, &["branch"]);
    patient.silent_row(
        "A firewall between the pods of one network and port 15443 of the gateway of another",
        "unchanged",
        "Nothing: neither Kubernetes nor istiod shows it. Calls end with a timeout or 503, and `cx_connect_fail` of the gateway's \
         address grows in `kubectl exec <pod> -c istio-proxy -- pilot-agent request GET clusters`. Open the firewall.",
        "changes nothing",
    );
}

pub fn the_api_server_is_kept_from_the_webhook(patient: &mut Patient) {
    let network = patient.fixture.lab.cluster("branch").network();
    network.close_to_api_server(15017, true).expect("close the port");
    patient.configure(&format!("{SHORT}\n  namespace_labels = {{\n    team = \"edge\"\n  }}"));
    let run = patient.workspace.apply_with_messages();
    let said = message(&run, "Cluster \"branch\": istiod's webhook did not inject", "error");
    assert!(said.detail.contains("Open the firewall"), "{said:?}");
    let cause = "A firewall between the API server and port 15017 of istiod";
    patient.row(cause, "only an apply sees it", &said, FAILS);
    network.close_to_api_server(15017, false).expect("open the port");
    patient.workspace.configure(&patient.text);
    patient.workspace.apply().succeeded();
    patient.workspace.assert_well();
}

/// istiod waits half a minute for a cluster that it cannot read, and starts without it.
pub fn istiod_starts_while_the_cluster_is_cut_off(patient: &mut Patient) {
    let fixture = patient.fixture;
    let network = fixture.lab.cluster("branch").network();
    let role = patient.object("branch", &ROLE);
    permissions::replace(patient, &permissions::without(&role, "nodes", "watch"));
    fixture.lab.cut("east", "branch").expect("cut the link");
    network.close_to_pods(15012, true).expect("close the port");
    let began = Instant::now();
    patient.scale_istiod(0);
    patient.scale_istiod(1);
    assert!(began.elapsed() > Duration::from_secs(30), "istiod has not waited: {:?}", began.elapsed());
    let link = "links.east->branch";
    patient.notes(&Cause {
        name: "The reader may no longer watch nodes, and istiod has started since",
        status: (link, "reader_forbidden"),
        planned: "",
        apply: super::FIXES,
    });
    permissions::replace(patient, role["rules"].as_array().expect("rules"));
    patient.notes(&Cause {
        name: "A firewall between istiod and the remote cluster's API server when istiod starts",
        status: (link, "timeout"),
        planned: "",
        apply: WAITS,
    });
    fixture.lab.heal("east", "branch").expect("heal the link");
    patient.notes(&Cause {
        name: "A firewall between the remote cluster's pods and port 15012 of istiod",
        status: ("injection", "not_connected"),
        planned: "",
        apply: WAITS,
    });
    network.close_to_pods(15012, false).expect("open the port");
    until("a plan without changes", || patient.workspace.plan().code == 0);
    patient.workspace.assert_well();
}
