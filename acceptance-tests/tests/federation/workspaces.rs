//! Two workspaces of two owners, with nothing but documents between them.

use acceptance_tests::{Fixture, Workspace};
use serde_json::{Value, json};

use super::meshes::{BANK_URL, SHOP_URL, status};

const SHOP: &str = "istio_mesh_federation.shop";
const BANK: &str = "istio_mesh_federation.bank";

pub fn two_workspaces_need_only_each_others_documents(fixture: &Fixture) {
    let (shop, bank) = (workspace(fixture, "shop"), workspace(fixture, "bank"));
    for workspace in [&shop, &bank] {
        workspace.apply().succeeded();
        workspace.assert_no_changes();
    }
    let awaited = |peer: &str| {
        let import = format!("{peer}-echo");
        json!({"peers": {peer: "awaited"}, "exports": {"echo": "awaited"}, "imports": {import: "awaited"}, "last_apply": "complete"})
    };
    assert_eq!(status(&shop, SHOP), awaited("bank"));
    assert_eq!(status(&bank, BANK), awaited("shop"));

    fixture.start_sample(&["east", "bank"]);
    let (of_shop, of_bank) = (document(&shop), document(&bank));
    hand_over(fixture, &bank, &of_shop);
    bank.apply().succeeded();
    hand_over(fixture, &shop, &of_bank);
    shop.apply().succeeded();
    for workspace in [&shop, &bank] {
        workspace.assert_well();
    }
    fixture.settle_at("east", BANK_URL, &["bank"]);
    fixture.settle_at("bank", SHOP_URL, &["east"]);

    refuses_what_is_not_the_banks(fixture, &shop, &of_bank, &of_shop);

    // A lost state is imported, and the document that follows is not older than the one before.
    shop.run(&["state", "rm", SHOP]).succeeded();
    shop.run(&["import", "-input=false", "-no-color", SHOP, "shop/partners@east"]).succeeded();
    shop.assert_well();
    let imported = document(&shop);
    assert!(imported["serial"].as_i64() > of_shop["serial"].as_i64(), "{imported}");
    hand_over(fixture, &bank, &imported);
    bank.apply().succeeded();
    bank.assert_well();

    fixture.end_sample(&["east"]);
    shop.destroy().succeeded();
    bank.assert_well();
    fixture.end_sample(&["bank"]);
    bank.destroy().succeeded();
}

/// Each document differs in one fact from that which is trusted.
fn refuses_what_is_not_the_banks(fixture: &Fixture, shop: &Workspace, of_bank: &Value, of_shop: &Value) {
    let refused = |change: &dyn Fn(&mut Value), said: &str| {
        let mut document = of_bank.clone();
        change(&mut document);
        hand_over(fixture, shop, &document);
        let plan = shop.plan();
        let text = plan.output.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(plan.code == 1 && text.contains(said), "{said} is not in\n{}", plan.output);
    };
    let root = &of_shop["root_certificates"];
    refused(&|it| it["root_certificates"] = root.clone(), "has the key of a root of this mesh");
    refused(&|it| it["trust_domain"] = json!("shop.example"), "trust domain");
    refused(&|it| it["trust_domain"] = json!("other.example"), "other.example");
    refused(&|it| it["serial"] = json!(0), "serial");
    refused(&|it| it["federation_gateways"]["bank"]["addresses"] = json!(["10.11.0.7"]), "10.11.0.7");
    hand_over(fixture, shop, of_bank);
    shop.assert_no_changes();
}

fn workspace(fixture: &Fixture, name: &str) -> Workspace {
    fixture.example(&format!("multi-mesh-two-workspaces/{name}"))
}

/// What the workspace puts out for the other one.
fn document(workspace: &Workspace) -> Value {
    let outputs = workspace.shown_state()["values"]["outputs"].clone();
    serde_json::from_str(outputs["peer_document"]["value"].as_str().expect("a text")).expect("JSON")
}

fn hand_over(fixture: &Fixture, workspace: &Workspace, document: &Value) {
    let mut variables = fixture.variables();
    variables["peer_document"] = json!(document.to_string());
    workspace.set_variables(&variables);
}
