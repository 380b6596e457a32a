//! A cluster without a control plane of its own takes part: what runs only there is exported, and what is imported can be called there.

use acceptance_tests::Fixture;
use lab::sample;

use super::meshes::{BANK_URL, CLUSTERS, SHOP_URL, federated_as};

const REMOTE: &str = "resource \"istio_remote_cluster\" \"west\" {\n  mesh    = istio_mesh.shop.join\n  cluster = \"west\"\n  network = \
                      \"net-west\"\n  east_west_gateway {}\n}\n\n";

pub fn what_runs_in_a_remote_cluster_is_exported_and_calls_imports(fixture: &Fixture) {
    let example = Fixture::example_text("multi-mesh");
    let begin = example.find("  primary \"west\"").expect("the second primary");
    let end = begin + example[begin..].find("\n  }\n").expect("its end") + 5;
    let served = (example[..begin].to_owned() + &example[end..])
        .replacen("    east_west_gateway {}\n", "    remote_control_plane {}\n    east_west_gateway {}\n", 1)
        .replacen("# The side of the shop.", &format!("{REMOTE}# The side of the shop."), 1);
    let workspace = federated_as(fixture, &served, &CLUSTERS);
    let echo = ["-n", sample::NAMESPACE, "scale", "deploy/echo", "--replicas=0"];
    fixture.kubectl("east", &echo);
    fixture.settle_at("bank", SHOP_URL, &["west"]);
    let answers = fixture.call_at("bank", SHOP_URL, 100);
    assert_eq!(answers.codes, [("200".to_owned(), 100)].into(), "{}", answers.output);
    for caller in ["east", "west"] {
        fixture.settle_at(caller, BANK_URL, &["bank"]);
    }
    workspace.assert_well();
    fixture.end_sample(&CLUSTERS);
    workspace.destroy().succeeded();
}
