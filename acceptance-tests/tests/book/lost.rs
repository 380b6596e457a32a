//! Inventory and state are lost: people tidy up namespaces, and state files with them.

use std::collections::BTreeSet;

use acceptance_tests::Workspace;
use acceptance_tests::admin::Admin;
use acceptance_tests::book::{INVENTORY, JOIN, OWNER, Record, owner, owners};
use acceptance_tests::mesh::{ADDRESS, Mesh};

use crate::clusters::{Clusters, SYSTEM, assert_same, fails, identity, labels, mesh, path_of};

const SCALER: &str = "/apis/autoscaling/v2/namespaces/istio-system/horizontalpodautoscalers/istiod";

pub fn an_inventory_that_was_deleted_is_written_anew_and_forgets_nothing(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east"]);
    let workspace = clusters.applied(&shop);
    let east = &clusters.east;
    let before = east.owned();
    delete_record(east);
    let plan = workspace.plan();
    assert_ne!(plan.code, 1, "{}", plan.output);
    assert_same(&without_record(before), &without_record(east.owned()), "a plan changed");
    assert!(east.get(SCALER).is_some());

    // Something leaves the set while nothing is written down of it.
    clusters.configure(&workspace, &shop.istiod("{ autoscaleEnabled = false }"));
    workspace.apply().succeeded();
    assert!(east.get(SCALER).is_none(), "what has left the mesh is still there");
    let record = Record::read(east, SYSTEM).expect("the record is written anew");
    assert_eq!((record.name(), record.phase()), (INVENTORY, "complete"));
    workspace.assert_no_changes();
    workspace.destroy().succeeded();
    assert_only_definitions(east);
}

pub fn a_destroy_without_an_inventory_leaves_nothing(clusters: &Clusters) {
    let workspace = clusters.applied(&Mesh::of("shop", &["east"]));
    delete_record(&clusters.east);
    workspace.destroy().succeeded();
    assert_only_definitions(&clusters.east);
}

pub fn a_mesh_without_its_state_is_imported(clusters: &Clusters) {
    let shop = Mesh::of("shop", &["east", "west"]);
    let workspace = clusters.applied(&shop);
    let id = identity(&workspace);
    let before = clusters.settled();

    forget(&workspace);
    fails(&workspace, &[&id, "terraform import", "shop@east,west"]);
    for wrong in ["shop", "shop@nowhere", "other@east,west", "shop@"] {
        let run = workspace.run(&["import", "-input=false", "-no-color", ADDRESS, wrong]);
        assert!(run.code == 1 && run.output.contains("Error: "), "{wrong}: {}", run.story());
        assert!(mesh(&workspace).is_null(), "{wrong}: {}", run.story());
    }
    let import = ["import", "-input=false", "-no-color", ADDRESS, "shop@east,west"];
    workspace.run(&import).succeeded();
    assert_eq!((identity(&workspace), labels(&workspace)), (id.clone(), vec!["east".into(), "west".into()]));
    workspace.assert_no_changes();

    forget(&workspace);
    let block = format!("import {{\n  to = {ADDRESS}\n  identity = {{\n    id = {id:?}\n  }}\n}}\n");
    workspace.configure(&(clusters.provider() + &shop.hcl() + &block));
    let applied = workspace.apply().succeeded();
    assert!(applied.output.contains("1 imported, 0 added, 0 changed, 0 destroyed"), "{}", applied.output);
    assert_eq!(identity(&workspace), id);
    clusters.configure(&workspace, &shop);
    workspace.assert_no_changes();
    for (before, admin) in before.iter().zip(clusters.admins()) {
        assert_same(before, &admin.settled(), "imports changed");
    }
    is_written_down(clusters, &id);
    workspace.destroy().succeeded();
    for admin in clusters.admins() {
        assert_only_definitions(admin);
    }
}

/// A create that is killed when the record of one cluster is closed and that of the other is not, and its state with it.
pub fn what_a_killed_create_has_left_open_is_imported_and_closed_by_the_next_apply(clusters: &Clusters) {
    let workspace = clusters.applied(&Mesh::of("shop", &["east", "west"]));
    let id = identity(&workspace);
    let before = clusters.settled();
    Record::read(&clusters.west, SYSTEM).expect("a mesh has a record").reopen(&clusters.west);
    forget(&workspace);
    fails(&workspace, &[&id, "terraform import", "shop@east,west"]);

    let import = ["import", "-input=false", "-no-color", ADDRESS, "shop@east,west"];
    workspace.run(&import).succeeded();
    assert_eq!(identity(&workspace), id);
    assert_eq!(Record::read(&clusters.west, SYSTEM).unwrap().phase(), "creating", "an import changed it");
    let plan = workspace.plan();
    assert_eq!(plan.code, 2, "a plan of a mesh that is not complete: {}", plan.output);
    assert!(plan.output.contains("Cluster \"west\": the last apply did not finish"), "{}", plan.output);
    assert!(!plan.output.contains("Cluster \"east\": the last apply did not finish"), "{}", plan.output);
    workspace.apply().succeeded();
    is_written_down(clusters, &id);
    workspace.assert_no_changes();
    for (before, admin) in before.iter().zip(clusters.admins()) {
        assert_same(before, &admin.settled(), "closing the record changed");
    }
    workspace.destroy().succeeded();
    for admin in clusters.admins() {
        assert_only_definitions(admin);
    }
}

/// Everything bears the mesh's identity, and the book and the page for those who join are where they belong.
fn is_written_down(clusters: &Clusters, id: &str) {
    for admin in clusters.admins() {
        let record = Record::read(admin, SYSTEM).expect("a mesh has a record");
        assert_eq!((record.name(), record.phase()), (INVENTORY, "complete"));
        assert_eq!(record.owner(), Some(owner(id).as_str()));
        assert_eq!(owners(admin), BTreeSet::from([owner(id)]), "{}", admin.cluster());
        let join = admin.get(&path_of("configmaps", SYSTEM, JOIN));
        assert!(join.is_some_and(|join| join["metadata"]["labels"][OWNER] == owner(id)));
    }
}

fn delete_record(admin: &Admin) {
    Record::read(admin, SYSTEM).expect("a mesh has a record").delete(admin);
}

fn without_record(mut objects: acceptance_tests::admin::Objects) -> acceptance_tests::admin::Objects {
    objects.retain(|name, object| {
        object["status"] = serde_json::Value::Null;
        object["metadata"]["resourceVersion"] = serde_json::Value::Null;
        !name.contains(INVENTORY)
    });
    objects
}

/// As if the state file were lost.
fn forget(workspace: &Workspace) {
    for file in ["terraform.tfstate", "terraform.tfstate.backup"] {
        let path = workspace.path().join(file);
        assert!(!path.exists() || std::fs::remove_file(&path).is_ok(), "{}", path.display());
    }
}

/// The mesh is gone, but for Istio's definitions, which stay and are nobody's.
#[track_caller]
fn assert_only_definitions(admin: &Admin) {
    let remains = admin.remains();
    let is_definition = |name: &&String| name.starts_with("CustomResourceDefinition ");
    let left: Vec<_> = remains.iter().filter(|name| !is_definition(name)).collect();
    assert!(left.is_empty(), "{}: {left:#?}", admin.cluster());
    assert!(admin.owned().is_empty(), "{}: {:#?}", admin.cluster(), admin.owned().keys());
}
