use acceptance_tests::Fixture;
use k8s_openapi::api::rbac::v1::PolicyRule;
use lab::api_server::identity;

use crate::configuration::mesh_of;

pub fn a_reader_plans_and_an_administrator_applies(fixture: &Fixture) {
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    fixture.identify(&workspace, "east", identity::READER);
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    fixture.identify(&workspace, "east", identity::ADMIN);
    workspace.apply_plan().succeeded();
    fixture.identify(&workspace, "east", identity::READER);
    workspace.assert_no_changes();
    fixture.identify(&workspace, "east", identity::ADMIN);
    fixture.destroy(&workspace, "east");
}

pub fn an_administrator_plans_and_an_installer_applies(fixture: &Fixture) {
    let rules = [PolicyRule {
        api_groups: Some(vec!["*".to_owned()]),
        resources: Some(vec!["*".to_owned()]),
        verbs: vec!["*".to_owned()],
        ..PolicyRule::default()
    }];
    fixture.lab.cluster("east").api_server().add_identity("installer", &rules).expect("make the installer");
    let workspace = fixture.workspace("east", &mesh_of("east", ""));
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    fixture.identify(&workspace, "east", "installer");
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    fixture.destroy(&workspace, "east");
}
