//! Terraform and its provider, killed while a federation comes, while it is changed and while it goes. `cargo xtask soak` asks for many
//! moments.

use acceptance_tests::Fixture;
use acceptance_tests::admin::Admin;
use acceptance_tests::book::Record;
use acceptance_tests::kills::{Dependent, Verb};
use lab::sample;

use super::meshes::{SHOP, status, without_federations};

const ADDRESS: &str = "istio_mesh_federation.shop";
const INVENTORY: &str = "terraform-provider-istio-federation-partners";
/// How often each verb is killed in the suite.
const KILLS: usize = 2;

pub fn a_run_that_was_killed_is_taken_up(fixture: &Fixture) {
    let example = Fixture::example_text("multi-mesh");
    let (made, _) = example.split_once("# The side of the bank.").expect("the side of the bank");
    let changed = made
        .replace("sa/default\"]", "sa/other\"]")
        .replace("hostname   = \"echo.bank.mesh\"", "hostname   = \"shop.bank.mesh\"");
    let workspace = fixture.example("multi-mesh");
    for cluster in SHOP {
        fixture.kubectl(cluster, &["create", "namespace", sample::NAMESPACE]);
        fixture.kubectl_with(cluster, &["apply", "-f", "-"], &sample::service("echo").to_string());
    }
    let is_as_wanted = |verb| {
        for cluster in SHOP {
            let records = Record::read_all(&Admin::of(fixture.lab, cluster), "istio-system");
            let own = records.iter().find(|record| record.name() == INVENTORY);
            assert_eq!(
                own.map(|record| record.phase().to_owned()),
                (verb != Verb::Destroy).then(|| "complete".to_owned())
            );
        }
        if verb != Verb::Destroy {
            assert_eq!(status(&workspace, ADDRESS)["peers"]["bank"], "ready");
        }
    };
    let victim = Dependent {
        fixture,
        workspace: &workspace,
        noun: "federation",
        address: ADDRESS,
        inventory: INVENTORY,
        clusters: &SHOP,
        configurations: [without_federations(), made.to_owned(), changed],
        is_as_wanted: &is_as_wanted,
    };
    victim.is_killed(KILLS);
    workspace.destroy().succeeded();
}
