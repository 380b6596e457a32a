use acceptance_tests::admin::Admin;
use acceptance_tests::audited::Writes;
use acceptance_tests::book::{Record, owner, owners};
use serde_json::{Value, json};

use crate::set::{ADDRESS, Clusters, NAMESPACE, SECRET, Set, assert_nothing_is_left, path_of, text, value};

/// The Secret's value, as Kubernetes has it.
const VALUE: &str = "c2VudGluZWwtb2YtdGhlLXNlY3JldA==";

pub fn objects_are_planned_applied_and_destroyed(clusters: &Clusters) {
    let workspace = clusters.workspace(&Set::pair());
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "{}", plan.output);
    assert!(plan.output.contains("east//ConfigMap/objects/one"), "{}", plan.output);
    workspace.apply_plan().succeeded();
    workspace.assert_no_changes();
    for admin in clusters.admins() {
        assert_eq!((text(admin, "one"), value(admin)), (json!("1"), json!(VALUE)));
    }
    let state = workspace.state_text();
    assert!(!state.contains(SECRET) && !state.contains(VALUE), "{state}");

    let more = Set { texts: [("one", "first"), ("two", "2")].into(), version: 2, ..Set::pair() };
    clusters.configure(&workspace, &more);
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!((text(&clusters.west, "one"), text(&clusters.west, "two")), (json!("first"), json!("2")));
    clusters.configure(&workspace, &Set::pair());
    workspace.apply().succeeded();
    assert!(text(&clusters.west, "two").is_null(), "what has left the set is still there");
    workspace.destroy().succeeded();
    clusters.admins().into_iter().for_each(assert_nothing_is_left);
}

pub fn drift_is_planned_and_repaired(clusters: &Clusters) {
    let workspace = clusters.applied(&Set::pair());
    let edited = |admin: &Admin, path: &str, data: Value| {
        admin.merge(path, "kubectl-edit", &json!({"data": data}));
    };
    let edits: [&dyn Fn(&Admin); 3] = [
        &|admin| edited(admin, &path_of("configmaps", "one"), json!({"text": "2"})),
        &|admin| edited(admin, &path_of("secrets", "secret"), json!({"value": "Mg=="})),
        &|admin| admin.delete(&path_of("secrets", "secret")),
    ];
    for edit in edits {
        edit(&clusters.west);
        assert_eq!(workspace.plan().code, 2, "nothing is to be repaired");
        workspace.apply_plan().succeeded();
        assert_eq!((text(&clusters.west, "one"), value(&clusters.west)), (json!("1"), json!(VALUE)));
        workspace.assert_no_changes();
    }
    workspace.destroy().succeeded();
}

pub fn a_cluster_comes_and_another_one_goes(clusters: &Clusters) {
    let only = |cluster| Set { clusters: vec![cluster], ..Set::pair() };
    let workspace = clusters.applied(&only("east"));
    clusters.configure(&workspace, &Set::pair());
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_eq!(text(&clusters.west, "one"), json!("1"));
    clusters.configure(&workspace, &only("west"));
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    assert_nothing_is_left(&clusters.east);
    workspace.destroy().succeeded();
    assert_nothing_is_left(&clusters.west);
}

pub fn a_create_that_was_killed_is_taken_up(clusters: &Clusters) {
    let workspace = clusters.workspace(&Set::pair());
    let mut writes = Writes::begin(clusters.lab, &["east", "west"]);
    let mut run = workspace.start_apply();
    while !writes.has_seen_object("configmaps", "one") {
        assert!(!run.has_ended(), "the run was over before");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    for process in run.process().provider().into_iter().chain([run.process()]) {
        process.signal("-KILL");
    }
    assert_ne!(run.finished().code, 0);
    let made = clusters.east.owned();
    for admin in clusters.admins() {
        Record::read(admin, NAMESPACE).expect("a run that writes has a record").expire(admin);
    }
    workspace.apply().succeeded();
    workspace.assert_no_changes();
    let id = workspace.resource(ADDRESS)["id"].as_str().expect("it has an identity").to_owned();
    for admin in clusters.admins() {
        assert_eq!(owners(admin), [owner(&id)].into());
        assert_eq!(Record::read(admin, NAMESPACE).expect("a record").phase(), "complete");
    }
    for (name, object) in clusters.east.owned() {
        let before = made.get(&name).map_or(&object["metadata"]["uid"], |before| &before["metadata"]["uid"]);
        assert_eq!(&object["metadata"]["uid"], before, "{name} was made anew");
    }
    workspace.destroy().succeeded();
    clusters.admins().into_iter().for_each(assert_nothing_is_left);
}

pub fn objects_without_their_state_are_imported(clusters: &Clusters) {
    let workspace = clusters.applied(&Set::pair());
    let id = workspace.resource(ADDRESS)["id"].clone();
    for file in ["terraform.tfstate", "terraform.tfstate.backup"] {
        let path = workspace.path().join(file);
        assert!(!path.exists() || std::fs::remove_file(&path).is_ok());
    }
    workspace.apply().failed_with(&["terraform import", "istio_test_objects.NAME", "pair@east,west"]);
    let import = ["import", "-input=false", "-no-color", ADDRESS, "pair@east,west"];
    workspace.run(&import).succeeded();
    assert_eq!(workspace.resource(ADDRESS)["id"], id);
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    clusters.admins().into_iter().for_each(assert_nothing_is_left);
}

pub fn objects_of_another_workspace_are_refused(clusters: &Clusters) {
    let workspace = clusters.applied(&Set::pair());
    let before = clusters.admins().map(Admin::settled);
    let other = clusters.workspace(&Set { texts: [("one", "other")].into(), ..Set::pair() });
    other.apply().failed_with(&["is not in this state", "nothing was written", "pair@east,west"]);
    assert!(other.resource(ADDRESS).is_null());
    for (before, admin) in before.iter().zip(clusters.admins()) {
        assert_eq!(before, &admin.settled(), "{}: something was touched", admin.cluster());
    }
    workspace.destroy().succeeded();
}
